"""Our closed schemas against the definitions of the real modules, as the API server reads them: CEL rules and all."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cluster.cluster import Cluster

Schema = Mapping[str, Any]

_SCHEMAS = Path(__file__).parents[2] / "generator" / "schemas"
_KINDS = sorted(path.relative_to(_SCHEMAS).as_posix() for path in _SCHEMAS.glob("*/*.json"))

# Names and labels are Kubernetes' own matter; what is in question is what the definitions say.
_METADATA = {"name": "from-our-schema", "namespace": "default"}


@pytest.mark.claim("what our schemas accept, the definitions of Argo CD, the Gateway API and External Secrets accept")
@pytest.mark.parametrize("kind", _KINDS)
def test_what_our_schema_accepts_the_api_server_accepts(cluster: Cluster, kind: str) -> None:
    """Fifty objects that our schema allows, invented, each tried on the API server with strict validation."""
    schema = json.loads((_SCHEMAS / kind).read_text(encoding="utf-8"))
    schema["required"].remove("metadata")
    del schema["properties"]["metadata"]

    @settings(max_examples=50, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(_shaped_by(schema, schema["$defs"]).filter(_allowed_by(schema)))
    def check(body: dict[str, object]) -> None:
        cluster.kube.try_to_create({**body, "metadata": _METADATA})

    check()


def _shaped_by(schema: Schema, definitions: Schema) -> st.SearchStrategy[Any]:
    """Return nearly what a schema allows, by the few words of JSON Schema that ours use; all their objects are closed.

    What binds several fields together (`oneOf`, `if`, `anyOf` beside a type) is left to the filter.
    """
    if "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema and "type" not in schema:
        return st.one_of([_shaped_by(branch, definitions) for branch in schema["anyOf"]])
    match schema["type"]:
        case "object":
            return _object_shaped_by(schema, definitions)
        case "array":
            return _array_shaped_by(schema, _shaped_by(schema["items"], definitions))
        case "string":
            return _text_shaped_by(schema)
        case "boolean":
            return st.booleans()
        case _:
            return st.integers(schema["minimum"], schema.get("maximum"))


def _object_shaped_by(schema: Schema, definitions: Schema) -> st.SearchStrategy[Any]:
    if schema["additionalProperties"]:
        return st.dictionaries(
            st.text(min_size=1, max_size=9), _shaped_by(schema["additionalProperties"], definitions), max_size=2
        )
    fields = {key: _shaped_by(field, definitions) for key, field in schema["properties"].items()}
    required = {key: fields[key] for key in schema.get("required", ())}
    return st.fixed_dictionaries(required, optional={key: fields[key] for key in fields.keys() - required.keys()})


def _array_shaped_by(schema: Schema, item: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return short lists, and the longest allowed, of one item again and again where that is allowed.

    Items are told apart by the keys that the schema names: rule K8S016 holds objects to them.
    """
    least = schema.get("minItems", 0)
    most = schema.get("maxItems", least + 2)
    if keys := schema.get("x-kubernetes-list-map-keys"):
        unique = partial(_values_of, keys)
        return st.lists(item, min_size=least, max_size=min(most, least + 1), unique_by=unique)
    if schema.get("uniqueItems"):
        return st.lists(item, min_size=least, max_size=min(most, least + 1), unique_by=repr)
    return st.lists(item, min_size=least, max_size=min(most, least + 1)) | item.map(lambda one: [one] * most)


def _values_of(keys: Sequence[str], item: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(item.get(key) for key in keys)


def _text_shaped_by(schema: Schema) -> st.SearchStrategy[str]:
    if "pattern" not in schema:
        return st.text(min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 60))
    pattern: str = schema["pattern"]
    return st.from_regex(pattern).filter(_allowed_by(schema))


def _allowed_by(schema: Schema) -> Callable[[object], bool]:
    return jsonschema_rs.Draft202012Validator(dict(schema)).is_valid
