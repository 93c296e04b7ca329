"""The only door to kustomize: the pinned binary, real builds, several at once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from generator import yamlio
from generator.findings import EnvironmentProblem

VERSION: Final = "v5.8.1"
"""The kustomize that Argo CD 3.3.1 to 3.5 bundles (K15); 5.8.0 loses namespaces."""

VARIABLE: Final = "TENANTRY_KUSTOMIZE"
_RELEASE: Final = f"https://github.com/kubernetes-sigs/kustomize/releases/tag/kustomize%2F{VERSION}"
_CHECKOUT: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Built:
    """What kustomize made of one folder.

    Attributes:
        objects: The objects, in kustomize's order; empty when the build failed.
        error: What kustomize said when it failed, or empty.
        text: The objects as kustomize printed them.
    """

    objects: tuple[dict[str, Any], ...]
    error: str = ""
    text: str = ""


def candidates() -> Iterator[str]:
    """Yield where kustomize is looked for, first to last: the variable, the set-up's own, PATH."""
    if chosen := os.environ.get(VARIABLE):
        yield chosen
        return
    beside = Path(sys.executable).with_name("kustomize")
    if beside.is_file():
        yield str(beside)
    if found := shutil.which("kustomize"):
        yield found


@cache
def kustomize() -> str:
    """Return the path of the pinned kustomize.

    Raises:
        EnvironmentProblem: There is none, or the first one found has another version.
    """
    for binary in candidates():
        version = version_of(binary)
        if version != VERSION:
            fact = f"{binary} is kustomize {version}, and tenantry renders with {VERSION} alone"
            raise EnvironmentProblem(fact, _way())
        return binary
    raise EnvironmentProblem("there is no kustomize", _way())


def _way() -> str:
    """Say how to get the pinned kustomize; what was not installed from a checkout cannot set itself up."""
    setup = f"run `make setup` in {_CHECKOUT}, or " if (_CHECKOUT / "tools/setup.py").is_file() else ""
    return (
        f"{setup}put kustomize {VERSION} on PATH or name it in {VARIABLE}: {_RELEASE}"
        " (`tenantry explain KUS009` says why)"
    )


def version_of(binary: str) -> str:
    """Ask a kustomize for its version, for example `v5.8.1`.

    Raises:
        EnvironmentProblem: It cannot be run.
    """
    try:
        answer = subprocess.run([binary, "version"], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentProblem(f"{binary} cannot be run as kustomize: {error}", _way()) from None
    return answer.stdout.strip()


def text(folder: Path) -> tuple[str, str]:
    """Run `kustomize build` on a folder.

    Returns:
        What it printed, and what it said when it failed; one of the two is empty.
    """
    command = [kustomize(), "build", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)  # noqa: S603
    if done.returncode:
        return "", done.stderr.strip().removeprefix("Error: ") or f"kustomize ended with {done.returncode}"
    return done.stdout, ""


def texts(folders: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Build many folders, as many at once as there are processors; the results come in the order of the folders."""
    kustomize()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        yield from pool.map(text, folders)


def build_all(folders: Iterable[Path]) -> Iterator[Built]:
    """Build many folders as `texts` does, and parse the objects.

    Every object of a build that went well has an apiVersion, a kind and a name: kustomize takes numbers for them.
    """
    for printed, error in texts(folders):
        objects = tuple(yamlio.read_objects(printed))
        if said := error or next(filter(None, map(_nameless, objects)), ""):
            yield Built((), said)
        else:
            yield Built(objects, "", printed)


def _nameless(one: Mapping[str, Any]) -> str:
    """Say what an object lacks to be called by its name, or nothing."""
    metadata = one["metadata"]
    head = {"apiVersion": one.get("apiVersion"), "kind": one["kind"], "metadata.name": metadata["name"]}
    if metadata.get("namespace") is not None:
        head["metadata.namespace"] = metadata["namespace"]
    wrong = next((key for key, value in head.items() if not isinstance(value, str)), None)
    if wrong is None:
        return ""
    value = "missing" if head[wrong] is None else f"{head[wrong]!r}, not a text"
    return f"{wrong} of {one['kind']}/{metadata['name']} is {value}"
