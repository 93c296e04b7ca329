"""Objects of manifests as kustomize prints and people write them: what they hold, and where."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import yaml

from generator.findings.finding import Place, TenantryError
from generator.reading.yaml_reader import KEPT_FILES, explained, place_of


class _PrintedLoader(yaml.CSafeLoader):
    """Reads `=` and `<<` as the strings that Go means by them; PyYAML makes them types of their own, and stumbles."""


_AS_TEXT: Final[Any] = yaml.CSafeLoader.construct_yaml_str
_PrintedLoader.add_constructor("tag:yaml.org,2002:value", _AS_TEXT)
_PrintedLoader.add_constructor("tag:yaml.org,2002:merge", _AS_TEXT)


def read_objects(text: str) -> list[Any]:
    """Parse the documents that kustomize printed; empty documents are left out."""
    return [data for data in yaml.load_all(text, Loader=_PrintedLoader) if data is not None]


@lru_cache(KEPT_FILES)
def objects_in(file: str, raw: bytes) -> tuple[tuple[str, str, int], ...]:
    """Return kind, metadata.name and first line of each Kubernetes object in a hand-written file.

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
            kind, name = top.get("kind"), _children(top.get("metadata")).get("name")
            if isinstance(kind, yaml.ScalarNode) and isinstance(name, yaml.ScalarNode):
                found.append((kind.value, name.value, node.start_mark.line + 1))
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        place, problem = explained(file, error)
        raise TenantryError(f"{place}: this is not YAML: {problem}") from None
    return tuple(found)


def field_in(file: str, raw: bytes, kind: str, name: str, path: Sequence[str]) -> tuple[Place, str | None]:
    """Find a field of a Kubernetes object in a hand-written file that `objects_in` has read.

    Args:
        file: Path from the repository's root.
        raw: What the file holds.
        kind: Of the object; its first document counts.
        name: Its metadata.name.
        path: The field's keys.

    Returns:
        Where its value stands, and the value where it is a scalar; else the place of the deepest part of the path.
    """
    for node in _objects(raw):
        top = _children(node)
        if (_text(top.get("kind")), _text(_children(top.get("metadata")).get("name"))) != (kind, name):
            continue
        value: yaml.Node | None = node
        for step in path:
            found, value = value, _children(value).get(step)
            if value is None:
                return place_of(file, found or node), None
        return place_of(file, value or node), _text(value)
    return Place(file), None


@lru_cache(maxsize=8)
def _objects(raw: bytes) -> tuple[yaml.Node, ...]:
    return tuple(yaml.compose_all(raw.decode(), Loader=yaml.CSafeLoader))


def _text(node: yaml.Node | None) -> str | None:
    return node.value if isinstance(node, yaml.ScalarNode) else None


def _children(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
