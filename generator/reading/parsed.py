"""One file as it was read, and what parsing it gives: each way of parsing is done once, when it is first asked for.

Equal files of two states are one: a commit and the one before it have nearly all of base/ in common.
"""

from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from generator.findings.finding import Finding
from generator.once import Worked, once
from generator.reading import yaml_objects, yaml_reader
from generator.reading.yaml_objects import Described
from generator.reading.yaml_reader import Document


@dataclass(frozen=True, eq=False)
class Parsed:
    """A file and what was parsed of it.

    Attributes:
        file: Path from the repository's root, for places.
        raw: What it holds.
        worked: What was parsed so far.
    """

    file: str
    raw: bytes
    worked: Worked = field(default_factory=dict, init=False, repr=False)


_IN_USE: Final[WeakValueDictionary[tuple[str, bytes], Parsed]] = WeakValueDictionary()
"""What somebody holds, which is a snapshot; it goes with the last who does."""


def of(file: str, raw: bytes) -> Parsed:
    """Return the one record of a file with this content.

    Args:
        file: Path from the repository's root.
        raw: What it holds.
    """
    found = _IN_USE.get((file, raw))
    if found is None:
        found = _IN_USE[file, raw] = Parsed(file, raw)
    return found


@once
def document(parsed: Parsed) -> tuple[Document | None, tuple[Finding, ...]]:
    """Read it as one strict document, see `yaml_reader.read`."""
    return yaml_reader.read(parsed.file, parsed.raw)


@once
def bounded(parsed: Parsed) -> tuple[Finding, ...]:
    """Say why it must not be parsed as a whole, see `yaml_reader.bounded`."""
    return yaml_reader.bounded(parsed.file, parsed.raw)


@once
def objects(parsed: Parsed) -> tuple[Described, ...]:
    """Return the Kubernetes objects in it, see `yaml_objects.described`.

    Raises:
        TenantryError: It is not YAML.
    """
    return yaml_objects.described(parsed.file, parsed.raw)
