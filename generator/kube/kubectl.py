"""The one door to kubectl, which alone knows how a kubeconfig logs in: found on PATH, asked within a bound of time."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from generator.findings.finding import EnvironmentProblem

_SECONDS: Final = 60
"""How long an answer may take; a server that is not there is waited for as long by kubectl itself, again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What kubectl read.

    Attributes:
        objects: The objects.
        error: Why there are none, in kubectl's own words; else empty.
    """

    objects: tuple[Mapping[str, Any], ...] = ()
    error: str = ""


def path(way: str) -> str:
    """Return where kubectl is.

    Args:
        way: What else one can do.

    Raises:
        EnvironmentProblem: It is not on PATH.
    """
    found = shutil.which("kubectl")
    if found is None:
        raise EnvironmentProblem("there is no kubectl", f"install it, {way}")
    return found


def read(arguments: Sequence[str], way: str) -> Answer:
    """Run a `get` that prints JSON, and return the objects; one that was asked for by name is a list of one.

    Args:
        arguments: Those of kubectl, its own name left out.
        way: What one can do where there is no kubectl.

    Raises:
        EnvironmentProblem: There is no kubectl.
    """
    command = [path(way), *arguments]
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=_SECONDS)  # noqa: S603 -- found on PATH
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            return Answer(error=lines[-1] if lines else f"it ended with {done.returncode} and said nothing")
        data = json.loads(done.stdout)
        return Answer(objects=tuple(data.get("items", [data])))
    except subprocess.TimeoutExpired:
        return Answer(error=f"no answer within {_SECONDS} s")
    except (ValueError, AttributeError, TypeError):
        return Answer(error="what it printed is no list of objects")
