"""What in base/ could tell one company from another, and so give two of a class different renders. Pure.

Companies that differ in name and hosts alone are built and judged once (`generator.render.classes`). That is right as
long as kustomize takes a name and a host for opaque texts. It does, but where a kustomization picks by what a text
says: a selector of labels, a name that is an expression, an entry of a list by `[key=value]`, a text that is split. So
such a pick is refused wherever what it looks at could hold a name or a host. Where it picks by a text as it stands,
only the company that is called so could be picked, and that one is always compared with its own build: `words`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from generator.kube import tenant_names
from generator.kube.lenient import mapping, mappings, strings
from generator.reading import yaml_objects
from generator.reading.schema import Path

FACTS: Final = "TenantFacts"
_IDENTITY: Final = re.compile(r"spec\.(?:name|host|hosts(?:\..*)?)")
"""Facts that are a company's own: the data sheet has its name and its hosts there."""

_LITERAL: Final = re.compile(r"\^?(?:[A-Za-z0-9_./-]|\[\.\])*\$?")
"""What is no expression, although kustomize reads it as one; its `.` is seen to by KUS019 and by `words`."""

_OPAQUE: Final = re.compile(r"[a-z0-9.-]*", re.IGNORECASE)
"""What names and hosts are made of: a text that is split elsewhere keeps them whole."""

_OF_ADDONS: Final = "--"
"""Stands in no name, and before the host of an add-on."""

_STEP: Final = re.compile(r"\[([^\]]*(?:\[\.\][^\]]*)*)\]|((?:\\.|[^.\[\]])+)")


@dataclass(frozen=True, slots=True)
class Branch:
    """A place where a release picks by what could be a name or a host.

    Attributes:
        folder: The folder of the kustomization.
        path: Where in it.
        fact: What it does.
        hint: What to write instead.
    """

    folder: str
    path: Path
    fact: str
    hint: str


def branches(kustomizations: Mapping[str, Any]) -> Iterator[Branch]:
    """Yield every place where a release could tell companies apart.

    Args:
        kustomizations: What each kustomization of the release holds, by folder.
    """
    written = tuple(_written(kustomizations))
    for folder, data in kustomizations.items():
        for path, selector in _selectors(data):
            for where, fact, hint in _of_selector(selector):
                yield Branch(folder, (*path, *where), fact, hint)
        for index, image in enumerate(mappings(mapping(data).get("images"))):
            if not _LITERAL.fullmatch(name := str(image.get("name", "")).replace(":", "/")):
                yield Branch(folder, ("images", index, "name"), f"{name!r} is an expression", _AS_IT_STANDS)
        for index, replacement in enumerate(mappings(mapping(data).get("replacements"))):
            for where, fact, hint in _of_replacement((folder, index), replacement, written):
                yield Branch(folder, ("replacements", index, *where), fact, hint)


_AS_IT_STANDS: Final = "write the name as it stands, in an entry of its own for each"
_Found = tuple[Path, str, str]


def _selectors(data: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every selector of objects, with where it stands."""
    for index, patch in enumerate(mappings(mapping(data).get("patches"))):
        yield ("patches", index, "target"), mapping(patch.get("target"))
    for index, replacement in enumerate(mappings(mapping(data).get("replacements"))):
        yield ("replacements", index, "source"), mapping(replacement.get("source"))
        for number, target in enumerate(mappings(replacement.get("targets"))):
            where: Path = ("replacements", index, "targets", number)
            yield (*where, "select"), mapping(target.get("select"))
            for place, reject in enumerate(mappings(target.get("reject"))):
                yield (*where, "reject", place), reject


def _of_selector(selector: Mapping[str, Any]) -> Iterator[_Found]:
    for key in ("labelSelector", "annotationSelector"):
        if key in selector:
            what = "labels" if key == "labelSelector" else "annotations"
            yield (key,), f"it selects by {what}, which may hold a company's name", "select by kind and name"
    for key in ("group", "version", "kind", "name", "namespace"):
        if key in selector and not _LITERAL.fullmatch(str(selector[key])):
            yield (key,), f"{selector[key]!r} is an expression, which may match a company's name", _AS_IT_STANDS


# --- replacements


@dataclass(frozen=True, slots=True)
class _Written:
    """A field that may hold a name or a host, because a replacement writes one there; an empty kind or name is any.

    Attributes:
        by: The replacement: folder and index.
        kind: Of the object.
        name: Of the object.
        key: The last key of the field's path.
    """

    by: tuple[str, int]
    kind: str
    name: str
    key: str

    def is_in(self, select: Mapping[str, Any], key: str) -> bool:
        """Say whether a selector may choose this object, and the key is this field's."""
        same = (not mine or not theirs or mine == theirs for mine, theirs in self._pairs(select))
        return key == self.key and all(same)

    def _pairs(self, select: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        yield self.kind, str(select.get("kind", ""))
        yield self.name, str(select.get("name", "")).strip("^$")


def _written(kustomizations: Mapping[str, Any]) -> Iterator[_Written]:
    for folder, data in kustomizations.items():
        for index, replacement in enumerate(mappings(mapping(data).get("replacements"))):
            source = mapping(replacement.get("source"))
            for target in mappings(replacement.get("targets")) if _may_hold_identity(source) else ():
                # what is copied from another object may be a whole part of it, in which names stand anywhere
                select = mapping(target.get("select")) if _is_identity(source) else {}
                kind, name = str(select.get("kind", "")), str(select.get("name", "")).strip("^$")
                for field in strings(target.get("fieldPaths")):
                    yield _Written((folder, index), kind, name, _key(field))


def _of_replacement(
    by: tuple[str, int], replacement: Mapping[str, Any], written: Sequence[_Written]
) -> Iterator[_Found]:
    source = mapping(replacement.get("source"))
    delimiter = mapping(source.get("options")).get("delimiter")
    if delimiter is not None and _may_hold_identity(source) and (_is_identity(source) or _splits(delimiter)):
        fact = f"{source.get('fieldPath', 'metadata.name')} is split at {delimiter!r}, and may hold a company's name"
        yield ("source", "options", "delimiter"), fact, "write what is needed of it into base/, or carry it whole"
    if source.get("kind") != FACTS:
        yield from _of_path(("source", "fieldPath"), source, source.get("fieldPath"), written)
    others = [item for item in written if item.by != by]
    for number, target in enumerate(mappings(replacement.get("targets"))):
        select = mapping(target.get("select"))
        delimiter = mapping(target.get("options")).get("delimiter")
        for place, field in enumerate(strings(target.get("fieldPaths"))):
            yield from _of_path(("targets", number, "fieldPaths", place), select, field, written)
            twice = any(item.is_in(select, _key(field)) for item in others)
            if delimiter is not None and _splits(delimiter) and (twice or delimiter != _OF_ADDONS):
                fact = f"{field} is split at {delimiter!r}, which a company's name or host may have"
                hint = "write it between characters that no name has, as : and /, by one replacement alone"
                yield ("targets", number, "options", "delimiter"), fact, hint


def _of_path(where: Path, select: Mapping[str, Any], field: Any, written: Sequence[_Written]) -> Iterator[_Found]:
    """Say of each entry of a list that is picked by its value that this may be a company's name."""
    for match in _STEP.finditer(field if isinstance(field, str) else ""):
        key, equals, wanted = (match[1] or "").partition("=")
        if equals and not _LITERAL.fullmatch(wanted):
            yield where, f"[{match[1]}] picks by an expression, which may match a company's name", _AS_IT_STANDS
        elif equals and any(item.is_in(select, key) for item in written):
            fact = f"[{match[1]}] picks by {key}, which is written from a fact of the company"
            yield where, fact, "pick by another key, or by the entry's number"


def _is_identity(source: Mapping[str, Any]) -> bool:
    return source.get("kind") == FACTS and _IDENTITY.fullmatch(str(source.get("fieldPath"))) is not None


def _may_hold_identity(source: Mapping[str, Any]) -> bool:
    """Say whether a source is a name or a host, or an object into which one may have been written."""
    return bool(source) and (source.get("kind") != FACTS or _is_identity(source))


def _splits(delimiter: Any) -> bool:
    """Say whether a text is split where a name or a host may have such characters."""
    return _OPAQUE.fullmatch(str(delimiter)) is not None


def _key(field: str) -> str:
    """Return the last key of a field path: of `spec.hostnames.0` and `subjects.*.name`, `hostnames` and `name`."""
    steps = [match[1] or match[2] for match in _STEP.finditer(field)]
    keys = [step for step in steps if step != "*" and not step.isdecimal() and "=" not in step]
    return keys[-1] if keys else ""


# --- words


def words(texts: Iterable[str]) -> frozenset[str]:
    """Return every text in files of base/ that may be a company's name or host: who is called so is in no class.

    Args:
        texts: What the files hold.
    """
    found: set[str] = set()
    pending = list(texts)
    while pending:
        text = pending.pop()
        for spelt in (text, text.replace(".", "-")):  # in an expression, `.` is any character
            for token in tenant_names.TOKEN.findall(spelt):
                found.add(token)
        for host in tenant_names.hosts_in(text):
            labels = host.split(".")
            zones = (".".join(labels[start:]) for start in range(len(labels)))
            found.update(part for zone in zones for part in (zone, zone.rpartition(_OF_ADDONS)[2]))
        if "\\" in text:  # a text in double quotes may say it otherwise
            pending += [scalar for scalar in yaml_objects.scalars(text) if scalar != text]
    return frozenset(found)
