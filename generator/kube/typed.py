"""The parts of an object with the types of its schema, so that a check is about a type and not about kinds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator.kube import schemas
from generator.kube.lenient import mapping
from generator.reading.schema import Path

QUANTITY: Final = "Quantity"
_PREFIXES: Final = ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.apimachinery.pkg.api.resource.")


@dataclass(frozen=True, slots=True)
class Typed:
    """A value inside an object.

    Attributes:
        path: Where it stands.
        type: The name of its type (`core.v1.Container`, `Quantity`), or empty where it has none of its own.
        schema: What the schema says of it.
        value: The value.
    """

    path: Path
    type: str
    schema: Mapping[str, Any]
    value: Any


def parts(version: str, obj: Mapping[str, Any]) -> Iterator[Typed]:
    """Yield every value of an object that its schema knows, from the top down; nothing of an unknown kind.

    Args:
        version: Minor version of Kubernetes.
        obj: The object.
    """
    schema = schema_of(version, obj)
    if schema is not None:
        yield from _walk(schema, mapping(schema.get("$defs")), obj, ())


def schema_of(version: str, obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of an object's kind, or None; the arguments are those of `parts`."""
    return schemas.schema(version, str(obj.get("apiVersion")), str(obj.get("kind")))


def is_of_kubernetes(schema: Mapping[str, Any]) -> bool:
    """Say whether a schema is one of Kubernetes' own, and none of a custom resource."""
    return any(name.startswith("io.k8s.") for name in mapping(schema.get("$defs")))


def _walk(schema: Mapping[str, Any], defs: Mapping[str, Any], value: Any, path: Path) -> Iterator[Typed]:
    name = ""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        schema = {**mapping(defs.get(name)), **schema}
    yield Typed(path, _short(name), schema, value)
    if isinstance(value, Mapping):
        properties, others = mapping(schema.get("properties")), mapping(schema.get("additionalProperties"))
        for key, inner in value.items():
            known = properties.get(key, others)
            if known:
                yield from _walk(known, defs, inner, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(mapping(schema.get("items")), defs, item, (*path, index))


def _short(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name
