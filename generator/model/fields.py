"""The closed model as people write it, in `kinds/` and `parts/`, and the tree that objects are held against.

A line of `fields` is a path and what is known of it. In a path `[]` is every entry of a list, `{a,b}` is one of the
two, and a key with dots stands in brackets, where `*` is any text. What is known is one of:

- `modelled`: the rules that read it;
- `inert`: why it cannot matter, in words;
- `refused`: why it is not allowed, for fields that people ask for, and which `proofs` it would take away. What is not
  listed at all is refused as well, with fewer words;
- `part` or `parts`: files of `parts/` that say what may stand below.

And of its value: `only` these, what `matches` an expression, or what platform.yaml declares (`from`); `required` when
it may not be missing; `otherwise`, why another value is refused. `example` is a value that is allowed, for tests.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any, Final

from generator.reading.yaml_objects import read_objects

PROOFS: Final = ("isolation", "quota", "escape")
"""What a field that is not understood can take away."""

EVERY: Final = "[]"
"""The step to every entry of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What is known of one field.

    Attributes:
        path: As it is written, with the file's alternatives written out.
        modelled: Ids of rules that read it.
        inert: Why it cannot matter, or empty.
        refused: Why it is not allowed, or empty.
        proofs: Which proofs it would take away, for one that is refused.
        only: The values that it may have, or None for any.
        matches: An expression for its values, or empty.
        source: Which declarations of platform.yaml it may have as its value, or empty.
        required: Whether it must be there.
        otherwise: Why another value is refused, or empty.
        example: A value that is allowed.
    """

    path: str
    modelled: tuple[str, ...] = ()
    inert: str = ""
    refused: str = ""
    proofs: tuple[str, ...] = PROOFS
    only: tuple[Any, ...] | None = None
    matches: str = ""
    source: str = ""
    required: bool = False
    otherwise: str = ""
    example: Any = None


@dataclass(slots=True)
class Node:
    """A place in the tree of a kind.

    Attributes:
        known: What is known of the value that stands here; None where only what is below it is known. Where both are
            there, it says why anything else below it is refused.
        below: What may stand below, by key; `EVERY` for the entries of a list.
        patterns: The same for keys of a form, the longest form first.
    """

    known: Field | None = None
    below: dict[str, "Node"] = field(default_factory=dict)
    patterns: dict[str, "Node"] = field(default_factory=dict)

    def step(self, key: str) -> "Node | None":
        """Return what is known of a key, or None when it is not listed."""
        if key in self.below:
            return self.below[key]
        fitting = (pattern for pattern in self.patterns if re.fullmatch(pattern.replace("*", ".*"), key))
        return self.patterns.get(max(fitting, key=len, default=""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What may stand in an object of one kind.

    Attributes:
        api_version: As an object writes it.
        name: The kind.
        about: What it is for.
        fields: Everything that is known, in the order of the file.
        root: The same as a tree.
    """

    api_version: str
    name: str
    about: str
    fields: tuple[Field, ...]
    root: Node


@cache
def kinds() -> Mapping[tuple[str, str], Kind]:
    """Return every kind that may stand in a company's namespace, by apiVersion and kind."""
    folder = resources.files("generator").joinpath("model/kinds")
    found = (_kind(file.read_text(encoding="utf-8")) for file in sorted(folder.iterdir(), key=lambda file: file.name))
    return {(kind.api_version, kind.name): kind for kind in found}


def _kind(text: str) -> Kind:
    data = _read(text)
    fields = tuple(_written_out(data["fields"]))
    root = Node()
    for entry in fields:
        node = root
        for step in steps(entry.path):
            into = node.patterns if "*" in step else node.below
            node = into.setdefault(step, Node())
        node.known = entry
    about = text.partition("\n")[0].removeprefix("# ")
    return Kind(api_version=data["apiVersion"], name=data["kind"], about=about, fields=fields, root=root)


def _read(text: str) -> Any:
    (data,) = read_objects(text)
    return data


@cache
def _part(name: str) -> tuple[Field, ...]:
    file = resources.files("generator").joinpath(f"model/parts/{name}.yaml")
    return tuple(_written_out(_read(file.read_text(encoding="utf-8"))["fields"]))


def _written_out(lines: Mapping[str, Any]) -> Iterator[Field]:
    """Yield every field of a file and of the parts that it names; a later one takes an earlier one's place."""
    for written, known in lines.items():
        parts = known.get("parts", [known["part"]] if "part" in known else [])
        for path in _alternatives(written):
            for below in (below for part in parts for below in _part(part)):
                yield replace(below, path=f"{path}.{below.path}")
            if not parts:
                yield _field(path, known)


def _field(path: str, known: Mapping[str, Any]) -> Field:
    one = Field(
        path=path,
        modelled=tuple(known.get("modelled", ())),
        inert=known.get("inert", ""),
        refused=known.get("refused", ""),
        only=tuple(known["only"]) if "only" in known else None,
        matches=known.get("matches", ""),
        source=known.get("from", ""),
        required=known.get("required", False),
        otherwise=known.get("otherwise", ""),
        example=known.get("example", known.get("only", [None])[-1]),
    )
    return replace(one, proofs=tuple(known["proofs"])) if "proofs" in known else one


_CHOICE: Final = re.compile(r"\{([^{}]*)\}")


def _alternatives(path: str) -> Iterator[str]:
    match = _CHOICE.search(path)
    if match is None:
        yield path
        return
    for choice in match[1].split(","):
        yield from _alternatives(path[: match.start()] + choice.strip() + path[match.end() :])


_STEP: Final = re.compile(r"\[([^]]*)\]|([^.[\]]+)")


def steps(path: str) -> list[str]:
    """Split a path: `spec.ports[].name`, `metadata.labels.[a.b/c]`."""
    return [match[2] or match[1] or EVERY for match in _STEP.finditer(path)]
