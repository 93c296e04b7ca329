"""A generated attack: every field of Kubernetes' schemas that the model does not list, and hostile values."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from generator.kube import schemas
from generator.kube.lenient import mapping
from generator.model.fields import EVERY, Field, Node, kinds, steps
from generator.model.holds import unmodelled
from tests.model.scene import allowed_fields, company, put

VERSION: Final = company().platform.cluster.kubernetes
DECLARED: Final = company().platform.cluster.declared
KINDS: Final = sorted(kinds())
OF_THE_WHOLE: Final = ("apiVersion", "kind")
VALUES: Final[Mapping[str, Any]] = {"boolean": True, "integer": 7, "number": 7, "array": ["x"], "object": {"x": "x"}}
ANY: Final = "any.key/at-all"
"""A key where any may stand."""

HOSTILE: Final = (
    "hostile",
    "",
    "*",
    "0",
    0,
    -1,
    1 << 31,
    True,
    False,
    0.5,
    "system:masters",
    "https://evil.example.net",
)


def fields_of(
    schema: Mapping[str, Any], defs: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every field of a schema with a value of its type; `any.key/at-all` where any key may stand."""
    schema = {**mapping(defs.get(str(schema.get("$ref", "")).rpartition("/")[2])), **schema}
    if path:
        kind = schema.get("type", "string")
        yield path, VALUES.get(kind if isinstance(kind, str) else kind[0], "x")
    for key, inner in mapping(schema.get("properties")).items():
        yield from fields_of(inner, defs, (*path, key))
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from fields_of(schema["additionalProperties"], defs, (*path, ANY))
    if isinstance(schema.get("items"), Mapping):
        yield from fields_of(schema["items"], defs, (*path, EVERY))


def listed(root: Node, path: tuple[str, ...]) -> bool:
    """Say whether the model lists a field, or something below it."""
    node: Node | None = root
    for step in path:
        node = node.step(step) if node is not None else None
    return node is not None and not (node.known is not None and node.known.refused and not node.below)


def written_as(path: tuple[str, ...]) -> str:
    """Write a path as the model does."""
    return "".join("[]" if step == EVERY else f".[{step}]" for step in path).removeprefix(".")


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_a_field_that_is_not_listed_is_refused(api_version: str, kind: str) -> None:
    """Whatever the API server takes: where the model has no line, there is a finding at the field or above it."""
    schema = schemas.schema(VERSION, api_version, kind)
    assert schema is not None
    passed, tried = [], 0
    for path, value in fields_of(schema, mapping(schema.get("$defs")), ()):
        if path[0] in OF_THE_WHOLE or listed(kinds()[api_version, kind].root, path):
            continue
        tried += 1
        obj: dict[str, Any] = {"apiVersion": api_version, "kind": kind}
        where = put(obj, Field(path=written_as(path)), value)
        found = [part.path for part in unmodelled(obj, DECLARED, {}) if part.value is not None]
        if not any(where[: len(at)] == at for at in found):
            passed.append(written_as(path))
    assert passed == []
    assert tried


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_a_value_that_is_not_listed_is_refused(api_version: str, kind: str) -> None:
    """Of a field whose values matter to nobody but the model, each other one is refused."""
    passed = []
    for one in allowed_fields(kinds()[api_version, kind]):
        allowed = DECLARED[one.source] if one.source else one.only
        for hostile in HOSTILE if allowed else ():
            if any(hostile == value and type(hostile) is type(value) for value in allowed or ()):
                continue
            obj: dict[str, Any] = {"apiVersion": api_version, "kind": kind}
            where = put(obj, one, hostile)
            if where not in [part.path for part in unmodelled(obj, DECLARED, {})]:
                passed.append(f"{one.path}: {hostile!r}")
    assert passed == []


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_what_is_not_of_the_form_of_a_value_is_refused(api_version: str, kind: str) -> None:
    """A mapping or list where one value stands has parts that nobody knows."""
    passed = []
    for one in allowed_fields(kinds()[api_version, kind]):
        obj: dict[str, Any] = {"apiVersion": api_version, "kind": kind}
        where = put(obj, one, {"hostile": "x"})
        found = [part.path for part in unmodelled(obj, DECLARED, {})]
        if not any(where[: len(at)] == at or at[: len(where)] == where for at in found):
            passed.append(one.path)
    assert passed == []


def test_a_kind_that_is_not_listed_is_refused() -> None:
    """Whatever else there is in Kubernetes, and kinds that nobody has heard of."""
    for api_version, kind in (
        ("v1", "Pod"),
        ("apps/v1", "DaemonSet"),
        ("v1", "Secret"),
        ("example.com/v1", "Thing"),
        ("apps/v1beta1", "Deployment"),
    ):
        (found,) = unmodelled({"apiVersion": api_version, "kind": kind, "metadata": {}}, DECLARED, {})
        assert found.fact == f"{api_version} {kind} is no kind that a company may have"
        assert not found.acceptable


def test_no_path_of_the_model_is_beyond_kubernetes() -> None:
    """A line that no schema has would be a line that nobody can use."""
    for (api_version, kind), known in kinds().items():
        schema = schemas.schema(VERSION, api_version, kind)
        assert schema is not None
        there = {path for path, _ in fields_of(schema, mapping(schema.get("$defs")), ())}
        for one in known.fields:
            path = tuple(steps(one.path))
            assert one.refused or any(fits(path, other) for other in there), f"{kind} {one.path}"


def fits(path: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Say whether a path of the model is one of a schema."""
    steps_of_both = zip(path, other, strict=False)
    return len(path) == len(other) and all(its in (step, ANY) for step, its in steps_of_both)
