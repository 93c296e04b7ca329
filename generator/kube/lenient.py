"""Reading objects that may be anything: people write base/, and kustomize prints what Kubernetes would refuse.

A value of another form than it should have counts as missing. The schema rule (K8S001) says what is wrong with it; no
other reader has to, and none may stumble over it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Object = Mapping[str, Any]
"""Something as Kubernetes keeps it, with its kind and metadata where it is well formed."""


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a value that should be a mapping, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def group_of(obj: Object) -> str:
    """Return the API group of an object; empty for that of Pods and Services."""
    return string(obj.get("apiVersion")).rpartition("/")[0]


def spec_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the spec of an object, or an empty one."""
    return mapping(obj.get("spec"))


def sequence(value: Any) -> list[Any]:
    """Return a value that should be a list, or an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the mappings in a value that should be a list of them."""
    return (item for item in sequence(value) if isinstance(item, Mapping))


def strings(value: Any) -> Iterator[str]:
    """Yield the texts in a value that should be a list of them."""
    return (item for item in sequence(value) if isinstance(item, str))


def string(value: Any) -> str:
    """Return a value that should be a text, or an empty one."""
    return value if isinstance(value, str) else ""


def whole(value: Any, default: int) -> int:
    """Return a value that should be a whole number, or a default when it is missing or none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default
