"""Objects that are nearly right: those of the example repository, each changed in a few places by what schemas say.

A change takes a field away, adds one that the schema knows, puts a value of another kind of the same type in the place
of one, or says an entry of a list twice. Most values are of the kind that the field could have; some are out of bounds,
misspelt or of another form.
"""

import copy
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

from generator.kube import typed
from generator.kube.lenient import mapping
from generator.kube.typed import Typed

_TEXTS: Final = (
    "a", "files", "fileserver", "http", "example.com/a", "a.b", "A", "a_b", "-a", "a-", "", "a" * 64, "a" * 254, "8080",
    "a--b", "1a", "a b", "a/b/c", "..", "../a", "/a", "/a//b", "TCP", "UDP", "Always", "Never", "OnFailure", "Recreate",
    "RollingUpdate", "Exists", "In", "NotIn", "NoExecute", "10.0.0.1", "10.0.0.0/8", "10.0.0.0/33", "::1", "fd00::/8",
    "*.example.com", "25%", "0%", "101%", "None", "ClientIP", "metadata.name", "metadata.labels['a']", "status.podIP",
    "limits.cpu", "requests.memory", "kubernetes.io/hostname", "Localhost", "RuntimeDefault", "ClusterFirst", "Pods",
    "Utilization", "AverageValue", "Value", "Max", "Disabled", "Prefix", "ReadWriteMany", "ReadWriteOncePod", "Block",
    "Container", "Pod", "PersistentVolumeClaim", "Deployment", "Service", "User", "ServiceAccount", "a:b", "a=b",
    "User-Agent", "NET_ADMIN", "CAP_SYS_ADMIN", "cpu", "memory", "Honor", "DoNotSchedule", "ScheduleAnyway", "HTTPS",
)  # fmt: skip
_NUMBERS: Final = (
    0,
    1,
    2,
    3,
    5,
    30,
    60,
    80,
    100,
    101,
    125,
    511,
    512,
    600,
    601,
    3600,
    3601,
    8080,
    65535,
    65536,
    -1,
    1 << 31,
)
_QUANTITIES: Final = (
    "0",
    "1",
    "2",
    "10",
    "100m",
    "125m",
    "250m",
    "500m",
    "1500m",
    "64Mi",
    "128Mi",
    "256Mi",
    "512Mi",
    "1Gi",
    "1k",
)
_KEYS: Final = (
    "cpu", "memory", "ephemeral-storage", "storage", "hugepages-2Mi", "example.com/gpu", "a", "A_b", "a/b", "a b", "",
    "pods", "limits.cpu", "requests.storage", "count/secrets", "count/jobs.batch", "services.nodeports", "secrets",
    "app.kubernetes.io/name", "a" * 64, "a.yaml", "..a", "requests.cpu", "x/y/z",
)  # fmt: skip
_OF_METADATA: Final = frozenset({"annotations", "finalizers", "labels", "name"})
"""What people write of an object's metadata; that ours refuses the rest, which the cluster writes, has its own test."""

_MOST: Final = 3
"""Changes of one object: with more, hardly any is accepted."""


def mutated(dice: random.Random, version: str, good: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of an object with up to three changes.

    Args:
        dice: Chooses them.
        version: Minor version of Kubernetes, whose schemas say what there is.
        good: The object.
    """
    one: dict[str, Any] = copy.deepcopy(dict(good))
    for _ in range(dice.choice((1, 1, 1, 2, _MOST))):
        found = [part for part in typed.parts(version, one) if not _is_fixed(part)]
        _change(dice, version, one, dice.choice(found))
    return one


def _is_fixed(part: Typed) -> bool:
    """Say whether a change here would make another kind of object, or one that the generator never makes."""
    return not part.path or part.path[0] in ("apiVersion", "kind", "status") or part.path == ("metadata", "namespace")


def _change(dice: random.Random, version: str, one: dict[str, Any], part: Typed) -> None:
    holder: Any = one
    for step in part.path[:-1]:
        holder = holder[step]
    last = part.path[-1]
    how = dice.random()
    if isinstance(part.value, dict) and (how < 0.75 or part.path == ("metadata",)):
        _add(dice, version, one, part)
    elif isinstance(part.value, list) and how < 0.5:
        part.value.append(copy.deepcopy(dice.choice(part.value)) if part.value and dice.random() < 0.5 else None)
        if part.value[-1] is None:
            part.value[-1] = _value(dice, mapping(part.schema.get("items")), _defs(version, one), 3)
    elif how < 0.2 and part.path != ("metadata", "name"):
        del holder[last]
    else:
        holder[last] = _value(dice, part.schema, _defs(version, one), 3)


def _defs(version: str, one: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(typed.schema_of(version, one)).get("$defs"))


def _add(dice: random.Random, version: str, one: Mapping[str, Any], part: Typed) -> None:
    """Add a field that the schema knows and the object lacks, or a key where any may stand."""
    properties = mapping(part.schema.get("properties"))
    written = _OF_METADATA if part.path[-1:] == ("metadata",) else properties.keys()
    missing = sorted((properties.keys() & written) - part.value.keys() - {"namespace", "status"})
    others = part.schema.get("additionalProperties")
    if missing:
        key = dice.choice(missing)
        part.value[key] = _value(dice, properties[key], _defs(version, one), 3)
    elif isinstance(others, Mapping):
        part.value[dice.choice(_KEYS)] = _value(dice, others, _defs(version, one), 2)


def _value(dice: random.Random, schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int) -> Any:
    """Return a value of the type that a schema names."""
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    schema = {**mapping(defs.get(name)), **schema}
    if name.endswith("Quantity"):
        return dice.choice(_QUANTITIES)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return dice.choice([*schema["enum"], "x"] if dice.random() < 0.2 else schema["enum"])
    kinds: Sequence[str] = schema["type"] if isinstance(schema.get("type"), list) else [schema.get("type", "object")]
    match dice.choice(kinds):
        case "object":
            return _object(dice, schema, defs, depth)
        case "array":
            return [
                _value(dice, mapping(schema.get("items")), defs, depth - 1) for _ in range(dice.choice((0, 1, 1, 2)))
            ]
        case "boolean":
            return dice.random() < 0.5
        case "integer" | "number":
            return dice.choice(_NUMBERS)
        case _:
            return dice.choice(_TEXTS)


def _object(dice: random.Random, schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties = mapping(schema.get("properties"))
    if not properties:
        others = mapping(schema.get("additionalProperties"))
        keys = [dice.choice(_KEYS) for _ in range(dice.choice((0, 1, 1, 2)))]
        return {key: _value(dice, others, defs, depth - 1) for key in keys} if others else {}
    often = 0.6 if len(properties) < 6 else 0.15
    chosen = [key for key in properties if key in schema.get("required", ()) or (depth > 0 and dice.random() < often)]
    return {key: _value(dice, properties[key], defs, depth - 1) for key in chosen}
