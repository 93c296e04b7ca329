"""JSON Schema: one validator decides (jsonschema-rs), and its refusals get words, places and hints."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final, Protocol

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind as Kind

from generator.findings.finding import Finding, Found, Place
from generator.findings.table import TABLE
from generator.findings.words import did_you_mean

Path = tuple[str | int, ...]
RuleOf = Callable[[Path, str], str]

_TYPE_WORDS: Final = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


@cache
def package_schema(name: str) -> Mapping[str, Any]:
    """Return one of the package's own schemas by its path in generator/schemas; treat it as read-only."""
    text = resources.files("generator").joinpath(f"schemas/{name}.schema.json").read_text(encoding="utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def tenant_schema(
    plans: Sequence[str], addons: Sequence[str], rings: Sequence[str], claims: Sequence[str]
) -> dict[str, Any]:
    """Return the tenant schema of one platform: the package's, with this platform's plans, add-ons and rings.

    Args:
        plans: Their names.
        addons: Their names.
        rings: Their names.
        claims: Those of add-ons, which a company keeps when it drops one.
    """
    schema: dict[str, Any] = copy.deepcopy(dict(package_schema("tenant")))
    schema["properties"]["plan"]["enum"] = list(plans)
    schema["properties"]["plan"]["examples"] = [plans[-1]]
    before = schema["properties"]["quotaFrom"]["properties"]["plan"]
    before["enum"] = list(plans)
    before["examples"] = [plans[-1]]
    schema["properties"]["quotaFrom"]["examples"][0]["plan"] = plans[-1]
    schema["properties"]["ring"] |= {"enum": list(rings), "examples": [rings[0]]}
    for key, names in (("addons", addons), ("kept", claims)):
        listed = schema["properties"][key]
        listed["examples"] = [list(names[:1])]
        if names:
            listed["items"]["enum"] = list(names)
        else:
            listed["maxItems"] = 0
    schema["x-refused"] = {
        name: {"why": "add-ons stand in a list", "instead": f"write addons: [{name}]"} for name in addons
    }
    for example in schema["examples"]:
        example["plan"] = plans[-1]
        example["addons"] = list(addons[:1])
    return schema


def with_defaults(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any] | None = None) -> Any:
    """Return a valid value with the schema's defaults filled in, at every depth; the value itself stays as it is."""
    root = schema if root is None else root
    schema = _resolved(schema, root)
    if isinstance(value, list):
        return [with_defaults(schema.get("items", {}), item, root) for item in value]
    if not isinstance(value, Mapping):
        return value
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties")
    others = others if isinstance(others, Mapping) else {}  # true and false say nothing of defaults
    filled = {
        key: copy.deepcopy(_resolved(one, root)["default"])
        for key, one in properties.items()
        if key not in value and "default" in _resolved(one, root)
    } | dict(value)
    return {key: with_defaults(properties.get(key, others), item, root) for key, item in filled.items()}


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    target = _at(root, schema["$ref"].removeprefix("#/").split("/"))
    return {**target, **schema}


def _at(schema: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        schema = schema[step]
    return schema


class Placed(Protocol):
    """Data that knows where each part of it stands: a parsed file, or an object that came of one."""

    @property
    def data(self) -> Any:
        """The value."""

    def place(self, path: Path = (), *, key: bool = False) -> Place:
        """Return where the value at `path` stands, or with `key` where its key does."""


class Checker:
    """A compiled schema that says in words what it refuses.

    Args:
        schema: A JSON Schema of draft 2020-12.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._validator = jsonschema_rs.Draft202012Validator(dict(schema))

    def check(self, document: Placed, rule_of: RuleOf) -> list[Finding]:
        """Return everything that the schema refuses in a document; nothing when it is valid.

        Args:
            document: The document.
            rule_of: Chooses the rule that a refusal breaks, from the path in the document and the schema's keyword.
        """
        return [
            TABLE[rule_of(tuple(error.instance_path), error.kind.name)].finding(found)
            for error, found in self._refused(document)
        ]

    def accepts(self, value: Any) -> bool:
        """Say whether a value is valid."""
        return bool(self._validator.is_valid(value))

    def refusals(self, document: Placed) -> list[Found]:
        """Return everything that the schema refuses, for a rule that says so."""
        return [found for _, found in self._refused(document)]

    def _refused(self, document: Placed) -> list[tuple[jsonschema_rs.ValidationError, Found]]:
        if self._validator.is_valid(document.data):
            return []
        errors = list(self._validator.iter_errors(document.data))
        mistyped = {tuple(error.instance_path) for error in errors if isinstance(error.kind, Kind.Type)}
        return [
            (error, found)
            for error in errors
            if not (isinstance(error.kind, Kind.Enum) and tuple(error.instance_path) in mistyped)
            for found in self._in_words(error, document)
        ]

    def _in_words(self, error: jsonschema_rs.ValidationError, document: Placed) -> Iterator[Found]:
        path: Path = tuple(error.instance_path)
        where = dotted(path)
        value: Any = error.instance
        schema = _at(self._schema, error.schema_path[:-1])
        place = document.place(path)
        match error.kind:
            case Kind.AdditionalProperties(unexpected=unexpected):
                for key in unexpected:
                    yield Found(document.place((*path, key), key=True), *_unexpected(path, key, schema))
            case Kind.PropertyNames(error=inner):
                form = _at(self._schema, inner.schema_path[:-1]).get("x-form", "")
                yield Found(
                    document.place((*path, str(inner.instance)), key=True),
                    f"the key {_short(inner.instance)} is not {form}",
                )
            case Kind.Required(property=missing):
                yield Found(place, f"the key `{dotted((*path, missing))}` is missing")
            case Kind.Enum(options=options):
                choices = [str(option) for option in options]
                yield Found(
                    place,
                    f"{where}: {_short(value)} is not one of {', '.join(choices)}",
                    did_you_mean(value, choices) or schema.get("x-otherwise", ""),
                )
            case Kind.Constant(expected_value=expected):
                yield Found(place, f"{where}: {_short(value)} is not {expected!r}")
            case Kind.Type(types=types):
                expected = " or ".join(_TYPE_WORDS[kind] for kind in types)
                yield Found(place, f"{where}: expected {expected}, got {_got(value)}", _type_hint(types, value))
            case Kind.Pattern():
                example = next(iter(schema.get("examples", ())), "")
                hint = f"for example {example}" if isinstance(example, str) and example else ""
                yield Found(
                    place,
                    f"{where}: {_short(value)} is not {schema.get('x-form', 'of the form that it needs')}",
                    hint,
                )
            case Kind.MaxLength(limit=limit):
                fact = f"{where}: {len(value)} characters, {len(value) - limit} more than the {limit} allowed"
                yield Found(place, fact)
            case Kind.MinLength(limit=limit):
                yield Found(place, f"{where}: {len(value)} characters, {_at_least(limit)}")
            case Kind.Minimum(limit=limit):
                yield Found(place, f"{where}: {value} is less than {limit}")
            case Kind.Maximum(limit=limit):
                yield Found(place, f"{where}: {value} is more than {limit}")
            case Kind.MinItems(limit=limit) | Kind.MinProperties(limit=limit):
                yield Found(place, f"{where}: {len(value)} {_members(value)}, {_at_least(limit)}")
            case Kind.MaxItems(limit=limit) | Kind.MaxProperties(limit=limit):
                fact = f"{where}: {len(value)} {_members(value)}, {len(value) - limit} more than the {limit} allowed"
                yield Found(place, fact)
            case Kind.Contains() if "x-otherwise" in schema:
                yield Found(place, f"{where}: {schema['x-otherwise']}")
            case Kind.UniqueItems():
                yield Found(place, f"{where}: the same item stands here twice", "keep one of the two")
            case _:
                yield Found(place, f"{where}: {error.message}")


def _unexpected(path: Path, key: str, schema: Mapping[str, Any]) -> tuple[str, str]:
    """Say that a key is refused, and what to write in its place: its own words stand under x-refused."""
    name = _cut(dotted((*path, key)))
    if (words := schema.get("x-refused", {}).get(key)) is not None:
        return f"`{name}` is not used here: {words['why']}", words["instead"]
    return f"unknown key `{name}`", did_you_mean(key, schema.get("properties", {}))


def dotted(path: Sequence[str | int]) -> str:
    """Write a path as people read it: `hosts[0]`, `overrides.minReplicas`; the empty path is `the file`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the file"


_LONGEST: Final = 60


def _short(value: Any) -> str:
    return repr(_cut(value)) if isinstance(value, str) else _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _members(value: Any) -> str:
    return "items" if isinstance(value, list) else "keys"


def _at_least(limit: int) -> str:
    return f"at least {limit} {'is' if limit == 1 else 'are'} needed"


def _got(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return f"{json.dumps(value)}, which is {'a boolean' if isinstance(value, bool) else 'a number'}"
    if isinstance(value, str):
        return f"the string {_short(value)}"
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, dict) else "nothing"


def _type_hint(types: Sequence[str], value: Any) -> str:
    if "string" in types and isinstance(value, bool | int | float):
        return "quote it"
    if isinstance(value, str) and not {"array", "object"} & set(types):
        return f"write {' or '.join(_TYPE_WORDS[kind] for kind in types)} without quotes"
    return ""
