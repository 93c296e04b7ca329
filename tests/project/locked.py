"""What requirements.lock holds, read for the tests of it."""

import importlib.metadata
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.harness import ROOT

LOCK: Final = ROOT / "requirements.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One package of the lock.

    Attributes:
        head: Its requirement as the lock writes it, with extras and marker.
        hashes: The lines with its hashes.
        name: Its name, in the normal form.
        extras: The extras that come with it.
        version: Its version.
        here: Whether it is for this Python on this machine, so that `make setup` installs it.
    """

    head: str
    hashes: str
    name: str
    extras: frozenset[str]
    version: str
    here: bool


def locked() -> Iterator[Locked]:
    """Yield the packages of the lock."""
    block = re.compile(
        r"^(?P<head>(?P<name>[a-z0-9-]+)(?:\[(?P<extras>[\w,-]+)\])?==(?P<version>\S+)(?: ; (?P<marker>.+))?) \\\n"
        r"(?P<hashes>(?:    --hash=.+\n)+)",
        re.MULTILINE,
    )
    for found in block.finditer(LOCK.read_text()):
        yield Locked(
            head=found["head"],
            hashes=found["hashes"],
            name=found["name"],
            extras=frozenset((found["extras"] or "").split(",")) - {""},
            version=found["version"],
            here=not found["marker"] or Marker(found["marker"]).evaluate(),
        )


def required(name: str, extras: frozenset[str] = frozenset()) -> Iterator[Requirement]:
    """Yield what an installed package requires on this machine, with these extras of it."""
    for text in importlib.metadata.requires(name) or ():
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield requirement


def at_run_time() -> list[Locked]:
    """Return the packages of the lock that the program itself needs on this machine, in the lock's order."""
    needed: set[str] = set()
    waiting: list[tuple[str, frozenset[str]]] = [("tenantry", frozenset())]
    while waiting:
        for requirement in required(*waiting.pop()):
            name = canonicalize_name(requirement.name)
            if name not in needed:
                needed.add(name)
                waiting.append((name, frozenset(requirement.extras)))
    return [package for package in locked() if package.name in needed]
