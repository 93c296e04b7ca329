"""What git leaves out of a custom resource and the cluster fills in: each default of each definition."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

import pytest

from generator.kube import schemas
from generator.kube.lenient import mapping
from generator.reading.schema import Path
from generator.rules.defaults import defaults_left_out

VERSION: Final = "1.36"
KINDS: Final = (
    ("external-secrets.io/v1", "ExternalSecret"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
)
WITHOUT: Final = (
    ("argoproj.io/v1alpha1", "Application"),
    ("argoproj.io/v1alpha1", "ApplicationSet"),
    ("argoproj.io/v1alpha1", "AppProject"),
    ("external-secrets.io/v1", "SecretStore"),
)
"""Kinds whose definitions fill in nothing that we let be left out."""


def _defaults(schema: Mapping[str, Any], defs: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield where a schema has a default, with it; every list has one entry."""
    schema = {**mapping(defs.get(str(schema.get("$ref", "")).rpartition("/")[2])), **schema}
    if "default" in schema:
        yield path, schema["default"]
    for key, inner in mapping(schema.get("properties")).items():
        yield from _defaults(inner, defs, (*path, key))
    if isinstance(schema.get("items"), Mapping):
        yield from _defaults(schema["items"], defs, (*path, 0))


def defaults_of(api_version: str, kind: str) -> list[tuple[Path, Any]]:
    """Return every default of a kind."""
    schema = schemas.schema(VERSION, api_version, kind)
    assert schema is not None
    return list(_defaults(schema, mapping(schema.get("$defs"))))


def _around(path: Path) -> dict[str, Any]:
    """Return an object that holds what stands around a path, and nothing at it."""
    whole: dict[str, Any] = {}
    at: Any = whole
    for step, following in pairwise(path):
        inner: Any = [] if following == 0 else {}
        at.append(inner) if isinstance(at, list) else at.update({step: inner})
        at = inner
    if isinstance(at, list):
        at.append({})
    return whole


@pytest.mark.parametrize(
    ("api_version", "kind", "path", "value"),
    [(*kind, path, value) for kind in KINDS for path, value in defaults_of(*kind)],
    ids=lambda item: ".".join(map(str, item)) if isinstance(item, tuple) else None,
)
def test_a_default_that_is_left_out_is_named(api_version: str, kind: str, path: Path, value: Any) -> None:
    """With its place and what the cluster writes there; and it is not when it is written."""
    left_out = {"apiVersion": api_version, "kind": kind, **_around(path)}
    assert path in [where for where, _, _ in defaults_left_out(VERSION, left_out)]

    written = {"apiVersion": api_version, "kind": kind, **_around(path)}
    at: Any = written
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert path not in [where for where, _, _ in defaults_left_out(VERSION, written)]


@pytest.mark.parametrize(("api_version", "kind"), WITHOUT)
def test_a_kind_without_defaults_is_known(api_version: str, kind: str) -> None:
    """Whoever adds one to a schema adds it above as well."""
    assert defaults_of(api_version, kind) == []


def test_defaults_are_many() -> None:
    """Ten of each kind at least, or seven where there are no more."""
    assert [len(defaults_of(*kind)) for kind in KINDS] == [14, 7]
