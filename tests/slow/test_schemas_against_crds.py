"""Our closed schemas against the custom resource definitions: whatever ours accept, the API server accepts.

Compared field by field: a field exists with that type, a value is allowed, nothing that is required may be left out.
The CRDs' CEL rules are not compared; the tests on a real control plane see those.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.slow.builds import ROOT

pytestmark = pytest.mark.slow

Schema = Mapping[str, Any]

KINDS: Final = {
    "argoproj.io/application.json": ("github.com/argoproj/argo-cd/v3", "manifests/crds/application-crd.yaml"),
    "argoproj.io/applicationset.json": ("github.com/argoproj/argo-cd/v3", "manifests/crds/applicationset-crd.yaml"),
    "argoproj.io/appproject.json": ("github.com/argoproj/argo-cd/v3", "manifests/crds/appproject-crd.yaml"),
    "external-secrets.io/externalsecret.json": (
        "github.com/external-secrets/external-secrets",
        "config/crds/bases/external-secrets.io_externalsecrets.yaml",
    ),
    "external-secrets.io/secretstore.json": (
        "github.com/external-secrets/external-secrets",
        "config/crds/bases/external-secrets.io_secretstores.yaml",
    ),
    "gateway.networking.k8s.io/httproute.json": (
        "sigs.k8s.io/gateway-api",
        "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
    ),
}
"""Our schema -> the module, and the file in it."""

TYPES: Final = {str: "string", bool: "boolean", int: "integer", dict: "object", list: "array"}


@pytest.fixture(scope="module")
def modules() -> Mapping[str, Path]:
    """The folder of each module that tools/oracle/crds/go.mod names."""
    if not shutil.which("go"):
        pytest.skip("go is missing, which downloads the definitions")
    downloaded = subprocess.run(
        ("go", "mod", "download", "-json"), cwd=ROOT / "tools/oracle/crds", check=True, capture_output=True, text=True
    )
    decoder, text, folders = json.JSONDecoder(), downloaded.stdout.strip(), {}
    while text:
        module, end = decoder.raw_decode(text)
        folders[module["Path"]] = Path(module["Dir"])
        text = text[end:].strip()
    return folders


def _both(modules: Mapping[str, Path], kind: str) -> tuple[Schema, Schema]:
    """Return our schema of a kind and that of its definition."""
    ours = json.loads((ROOT / "generator/schemas" / kind).read_text(encoding="utf-8"))
    module, path = KINDS[kind]
    definition = yaml.safe_load((modules[module] / path).read_text(encoding="utf-8"))
    group, _, version = ours["properties"]["apiVersion"]["const"].partition("/")
    assert (definition["spec"]["group"], definition["spec"]["names"]["kind"]) == (group, ours["title"])
    (crd,) = (
        item["schema"]["openAPIV3Schema"]
        for item in definition["spec"]["versions"]
        if item["name"] == version and item["served"]
    )
    return ours, crd


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_cluster_fills_in_our_schema_says(modules: Mapping[str, Path], kind: str) -> None:
    """Every default of a definition is in our schema, or its field is required: what git leaves out is known."""
    ours, crd = _both(modules, kind)
    assert list(_undeclared(ours, crd, ours["$defs"], "")) == []


def _undeclared(ours: Schema, crd: Schema, defs: Schema, where: str) -> Iterator[str]:
    """Yield each default, and each key of a list, that the definition has and ours has not."""
    ours = _resolved(ours, defs)
    for branch in ours.get("anyOf", ()):
        yield from _undeclared(branch, crd, defs, where)
    keys = "x-kubernetes-list-map-keys"
    if crd.get(keys) != ours.get(keys):
        yield f"{where}: {keys} is {crd.get(keys)}"
    properties = ours.get("properties", {})
    for name, field in crd.get("properties", {}).items() if ours.get("type") == "object" else ():
        known = _resolved(properties.get(name, {}), defs)
        if "default" in field and name not in ours.get("required", ()) and known.get("default") != field["default"]:
            yield f"{where}.{name}: the default is {field['default']}"
        if name in properties:
            yield from _undeclared(known, field, defs, f"{where}.{name}")
    if "items" in ours:
        yield from _undeclared(ours["items"], crd.get("items", {}), defs, f"{where}[]")


def _resolved(schema: Schema, defs: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    return {**defs[schema["$ref"].removeprefix("#/$defs/")], **{k: v for k, v in schema.items() if k != "$ref"}}


@pytest.mark.parametrize("kind", KINDS)
def test_what_our_schema_accepts_the_crd_accepts(modules: Mapping[str, Path], kind: str) -> None:
    """Every field, type, value and bound of ours lies within the definition of the version that we emit."""
    ours, crd = _both(modules, kind)
    assert list(_beyond({**ours, "properties": _without_metadata(ours)}, crd, ours["$defs"], "")) == []


def _without_metadata(ours: Schema) -> Schema:
    """Leave out what every kind has: definitions say nothing of it."""
    return {key: field for key, field in ours["properties"].items() if key != "metadata"}


def _beyond(ours: Schema, crd: Schema, defs: Schema, where: str) -> Iterator[str]:
    """Yield each point in which our schema accepts what the definition refuses."""
    ours = _resolved(ours, defs)
    if "anyOf" in ours and "type" not in ours:  # beside a type it only narrows what the rest accepts
        for branch in ours["anyOf"]:
            yield from _beyond(branch, crd, defs, where)
        return
    if "const" in ours or "enum" in ours:
        for value in ours.get("enum", [ours.get("const")]):
            yield from _value_beyond(value, crd, where)
        return
    if ours["type"] != crd["type"]:
        yield f"{where}: {ours['type']} instead of {crd['type']}"
    elif ours["type"] == "object":
        yield from _object_beyond(ours, crd, defs, where)
    elif ours["type"] == "array":
        yield from _bounds_beyond(ours, crd, ("minItems", "maxItems"), where)
        yield from _beyond(ours["items"], crd["items"], defs, f"{where}[]")
    elif ours["type"] == "string":
        yield from _string_beyond(ours, crd, where)
    else:
        yield from _bounds_beyond(ours, crd, ("minimum", "maximum"), where)


def _value_beyond(value: Any, crd: Schema, where: str) -> Iterator[str]:
    right = TYPES[type(value)] == crd["type"] and value in crd.get("enum", [value])
    if not right or not re.search(crd.get("pattern", ""), str(value)):
        yield f"{where}: {value!r} is not allowed"
    elif isinstance(value, str) and not crd.get("minLength", 0) <= len(value) <= crd.get("maxLength", len(value)):
        yield f"{where}: {value!r} has a wrong length"


def _object_beyond(ours: Schema, crd: Schema, defs: Schema, where: str) -> Iterator[str]:
    properties, required = ours.get("properties", {}), ours.get("required", ())
    if crd.get("x-kubernetes-preserve-unknown-fields"):
        return
    for name in set(crd.get("required", ())) - set(required):
        yield f"{where}: {name} may be missing"
    if len(required) < crd.get("minProperties", 0) or len(properties) > crd.get("maxProperties", len(properties)):
        yield f"{where}: a wrong number of fields"
    for name, field in properties.items():
        known = crd.get("properties", {}).get(name, crd.get("additionalProperties"))
        if known:
            yield from _beyond(field, known, defs, f"{where}.{name}")
        else:
            yield f"{where}: {name} is unknown"
    if ours["additionalProperties"]:
        yield from _beyond(ours["additionalProperties"], crd["additionalProperties"], defs, f"{where}.*")


def _string_beyond(ours: Schema, crd: Schema, where: str) -> Iterator[str]:
    if "enum" in crd:
        yield f"{where}: any text instead of one of {crd['enum']}"
    ours = {**ours, "minLength": ours.get("minLength", 0 if re.search(ours.get("pattern", ""), "") else 1)}
    yield from _bounds_beyond(ours, crd, ("minLength", "maxLength"), where)
    if "pattern" in crd and ours.get("pattern") != crd["pattern"]:
        if "pattern" not in ours:
            yield f"{where}: any text instead of {crd['pattern']}"
        else:
            yield from _pattern_beyond(ours["pattern"], ours.get("maxLength", 64), crd["pattern"], where)


def _pattern_beyond(ours: str, longest: int, crd: str, where: str) -> Iterator[str]:
    found: list[str] = []

    @given(st.from_regex(ours, fullmatch=True).filter(lambda text: len(text) <= longest))
    @settings(max_examples=200, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    def look(text: str) -> None:
        if not re.search(crd, text):
            found.append(text)

    look()
    yield from (f"{where}: {text!r} does not match {crd}" for text in found[:1])


def _bounds_beyond(ours: Schema, crd: Schema, names: tuple[str, str], where: str) -> Iterator[str]:
    low, high = names
    if ours.get(low, float("-inf")) < crd.get(low, float("-inf")):
        yield f"{where}: {low} below {crd[low]}"
    if ours.get(high, float("inf")) > crd.get(high, float("inf")):
        yield f"{where}: {high} above {crd[high]}"


def test_the_comparison_finds_what_is_beyond() -> None:
    """Each kind of difference is seen, or the test above would be silent for the wrong reason."""
    crd = {
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "enum": ["x"]},
            "b": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 3},
            "c": {"type": "array", "maxItems": 2, "items": {"type": "integer", "maximum": 5}},
        },
    }
    free = {"type": "string"}
    ours = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "a": free,
            "b": {"type": "string", "pattern": "^[a-z0-9]+$"},
            "c": {"type": "array", "items": {"type": "integer"}},
            "d": free,
        },
    }
    assert [item.split(":")[0] for item in _beyond(ours, crd, {}, "")] == ["", ".a", ".b", ".b", ".c", ".c[]", ""]
    assert list(_beyond({"enum": ["x", "y", 1]}, crd["properties"]["a"], {}, ".a")) == [  # type: ignore[index]
        ".a: 'y' is not allowed",
        ".a: 1 is not allowed",
    ]
