"""Objects of manifests as kustomize prints and people write them: what they hold, and where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from generator.findings.finding import Place, TenantryError
from generator.reading.yaml_reader import explained, place_of


class _PrintedLoader(yaml.CSafeLoader):
    """Reads `=` and `<<` as the strings that Go means by them; PyYAML makes them types of their own, and stumbles."""


_AS_TEXT: Final[Any] = yaml.CSafeLoader.construct_yaml_str
_PrintedLoader.add_constructor("tag:yaml.org,2002:value", _AS_TEXT)
_PrintedLoader.add_constructor("tag:yaml.org,2002:merge", _AS_TEXT)


def read_objects(text: str) -> list[Any]:
    """Parse the documents that kustomize printed; empty documents are left out."""
    return [data for data in yaml.load_all(text, Loader=_PrintedLoader) if data is not None]


def objects_or_none(text: str) -> list[Any]:
    """Parse the documents of a manifest as `read_objects` does; none where it is not YAML."""
    try:
        return read_objects(text)
    except yaml.YAMLError:
        return []


def scalars(text: str) -> list[str]:
    """Return every scalar of a text as it is meant; nothing when it is no YAML, which whoever reads it says."""
    try:
        events = list(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return []
    return [event.value for event in events if isinstance(event, yaml.ScalarEvent)]


@dataclass(frozen=True, slots=True)
class Described:
    """A Kubernetes object as a person wrote it.

    Attributes:
        kind: Its kind.
        name: Its metadata.name.
        node: The object itself.
    """

    kind: str
    name: str
    node: yaml.Node

    @property
    def line(self) -> int:
        """Its first line, from 1."""
        return self.node.start_mark.line + 1


def described(file: str, raw: bytes) -> tuple[Described, ...]:
    """Return each Kubernetes object in a hand-written file that has a kind and a name.

    Args:
        file: Path from the repository's root, for errors.
        raw: What the file holds.

    Raises:
        TenantryError: It is not YAML.
    """
    found = []
    try:
        for node in yaml.compose_all(raw.decode(), Loader=yaml.CSafeLoader):
            top = _children(node)
            kind, name = _text(top.get("kind")), _text(_children(top.get("metadata")).get("name"))
            if kind is not None and name is not None:
                found.append(Described(kind, name, node))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        place, problem = explained(file, error)
        raise TenantryError(f"{place}: this is not YAML: {problem}") from None
    return tuple(found)


def field_of(
    objects: Iterable[Described], file: str, kind: str, name: str, path: Sequence[str]
) -> tuple[Place, str | None]:
    """Find a field of a Kubernetes object in a hand-written file.

    Args:
        objects: Those of the file, see `described`.
        file: Path from the repository's root.
        kind: Of the object; its first document counts.
        name: Its metadata.name.
        path: The field's keys.

    Returns:
        Where its value stands, and the value where it is a scalar; else the place of the deepest part of the path.
    """
    for item in objects:
        if (item.kind, item.name) != (kind, name):
            continue
        value: yaml.Node | None = item.node
        for step in path:
            found, value = value, _children(value).get(step)
            if value is None:
                return place_of(file, found or item.node), None
        return place_of(file, value or item.node), _text(value)
    return Place(file), None


def part_of(objects: Iterable[Described], file: str, line: int, path: Sequence[str | int], rendered: Any) -> Place:
    """Return where a part of a rendered object is written; where a patch added it, what it was added to.

    An entry of a list is looked for by its name, because a patch may have moved it.

    Args:
        objects: Those of the file, see `described`.
        file: Path from the repository's root.
        line: The first line of the object in it.
        path: Keys and indices in the rendered object.
        rendered: The rendered object.
    """
    node = next((item.node for item in objects if item.line == line), None)
    if node is None:
        return Place(file, line, 1)
    for step in path:
        inner = _children(node).get(step) if isinstance(step, str) else _entry(node, rendered, step)
        if inner is None:
            break
        node, rendered = inner, _below(rendered, step)
    return place_of(file, node)


def _below(rendered: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return rendered[step] if isinstance(rendered, list) else None
    return rendered.get(step) if isinstance(rendered, dict) else None


def _entry(node: yaml.Node, rendered: Any, index: int) -> yaml.Node | None:
    """Return the entry of a list that was rendered at an index."""
    if not isinstance(node, yaml.SequenceNode) or not isinstance(rendered, list):
        return None
    names = [_name(item) for item in rendered]
    if names[index] is not None:
        number = names[: index + 1].count(names[index])  # two entries of one name are a case of their own
        same = [item for item in node.value if _text(_children(item).get("name")) == names[index]]
        return same[number - 1] if number <= len(same) else None
    return node.value[index] if index < len(node.value) else None


def _name(item: Any) -> str | None:
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) else None


def _text(node: yaml.Node | None) -> str | None:
    return node.value if isinstance(node, yaml.ScalarNode) else None


def _children(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
