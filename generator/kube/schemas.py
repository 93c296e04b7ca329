"""The strict schemas of every kind that a tenant may have: those of Kubernetes, from kubernetes-validate, and our own.

Each schema is compiled once, when its first object comes. The files of kubernetes-validate describe what the API server
accepts without a warning, and are tightened here in what they leave open: nothing that we render is null, a quantity
is one, words are those of the API, and what makes pods says which.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from generator.reading.schema import Checker

_QUANTITY: Final = {
    "type": ["string", "number"],
    "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$",
    "x-form": "a quantity such as 250m, 2 or 512Mi",
}
_INSTEAD: Final[Mapping[str, Mapping[str, Any]]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": _QUANTITY,
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
}
_PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
_WORDS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("apps.v1.DeploymentStrategy", "type"): ("Recreate", "RollingUpdate"),
    ("autoscaling.v2.MetricSpec", "type"): ("ContainerResource", "External", "Object", "Pods", "Resource"),
    ("autoscaling.v2.MetricTarget", "type"): ("AverageValue", "Utilization", "Value"),
    ("core.v1.Container", "imagePullPolicy"): ("Always", "IfNotPresent", "Never"),
    ("core.v1.ContainerPort", "protocol"): _PROTOCOLS,
    ("core.v1.PersistentVolumeClaimSpec", "accessModes"): (
        "ReadOnlyMany",
        "ReadWriteMany",
        "ReadWriteOnce",
        "ReadWriteOncePod",
    ),
    ("core.v1.PersistentVolumeClaimSpec", "volumeMode"): ("Block", "Filesystem"),
    ("core.v1.ServicePort", "protocol"): _PROTOCOLS,
    ("core.v1.ServiceSpec", "type"): ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort"),
    ("core.v1.TopologySpreadConstraint", "whenUnsatisfiable"): ("DoNotSchedule", "ScheduleAnyway"),
    ("networking.v1.HTTPIngressPath", "pathType"): ("Exact", "ImplementationSpecific", "Prefix"),
    ("networking.v1.NetworkPolicyPort", "protocol"): _PROTOCOLS,
    ("networking.v1.NetworkPolicySpec", "policyTypes"): ("Egress", "Ingress"),
    ("policy.v1.PodDisruptionBudgetSpec", "unhealthyPodEvictionPolicy"): ("AlwaysAllow", "IfHealthyBudget"),
}
"""Words that the API server accepts and the schemas of Kubernetes do not list: type and field."""

_BITS: Final[Mapping[str, int]] = {"int32": 32, "int64": 64}
"""Whole numbers are read into that many bits, and a larger one is no number for Go."""

_NEEDED: Final[Mapping[str, str]] = {"batch.v1.JobTemplateSpec": "spec", "core.v1.PodTemplateSpec": "spec"}
"""Fields that the API server demands and the schemas of Kubernetes do not: by type."""


@cache
def is_known_version(version: str) -> bool:
    """Say whether there are schemas of a minor version of Kubernetes, such as `1.36`."""
    return _folder(version).is_dir()


@cache
def checker(version: str, api_version: str, kind: str) -> Checker | None:
    """Return the compiled schema of a kind, or None when it is not known in that version.

    Args:
        version: Minor version of Kubernetes.
        api_version: As an object writes it.
        kind: As an object writes it.
    """
    found = schema(version, api_version, kind)
    return Checker(found) if found else None


@cache
def schema(version: str, api_version: str, kind: str) -> dict[str, Any] | None:
    """Return the schema of a kind, with everything that it refers to, or None; the arguments are those of `checker`."""
    group, slash, _ = api_version.partition("/")
    ours = _of_ours(group, kind) if slash else None
    return ours or _of_kubernetes(version, api_version, kind)


def api_versions(version: str, group: str, kind: str) -> tuple[str, ...]:
    """Return every apiVersion that has a kind in a version of Kubernetes, sorted.

    Args:
        version: Minor version of Kubernetes.
        group: The group of its API; empty for the first of all.
        kind: As an object writes it.
    """
    names = (file.name for file in _folder(version).iterdir() if file.name.startswith(f"{kind.lower()}-"))
    asked = {name.removesuffix(".json").rpartition("-")[2] for name in names}
    found = (f"{group}/{item}" if group else item for item in asked)
    return tuple(sorted(item for item in found if schema(version, item, kind)))


def _of_ours(group: str, kind: str) -> dict[str, Any] | None:
    file = resources.files("generator").joinpath(f"schemas/{group}/{kind.lower()}.json")
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


@cache
def _folder(version: str) -> Path:
    """Return the folder of a version's schemas; the package is not imported, which takes longer than reading them."""
    spec = find_spec("kubernetes_validate")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0], f"kubernetes-json-schema/v{version}.0-local-strict")


def _of_kubernetes(version: str, api_version: str, kind: str) -> dict[str, Any] | None:
    group, slash, name = api_version.partition("/")
    # the files name a group by its first part alone; which group is meant stands inside, as the enum of apiVersion
    short = f"{group.partition('.')[0]}-{name}" if slash else api_version
    file = _folder(version).joinpath(f"{kind.lower()}-{short}.json")
    if not file.is_file():
        return None
    schema = json.loads(file.read_text(encoding="utf-8"))
    if api_version not in schema["properties"]["apiVersion"].get("enum", ()):
        return None
    used: dict[str, Any] = {}
    closed: dict[str, Any] = _closed(schema, _definitions(version), used)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **closed, "$defs": used}


@cache
def _definitions(version: str) -> Mapping[str, Any]:
    text = _folder(version).joinpath("_definitions.json").read_text(encoding="utf-8")
    definitions: Mapping[str, Any] = json.loads(text)["$defs"]
    return definitions


_DEFAULT: Final = re.compile(r"[Dd]efaults? (?:is|to) ([^.]{1,80})")


@cache
def changed_defaults(now: str, following: str, type: str) -> Mapping[str, tuple[str, str]]:  # noqa: A002 -- its name
    """Return the fields of a type of which two versions say another default, each with the two.

    The schemas carry no defaults of Kubernetes' own kinds: what their descriptions say is compared, by its first word,
    because the others are explanation. Kubernetes changes no default within a version of an API
    (https://github.com/kubernetes/community/blob/main/contributors/devel/sig-architecture/api_changes.md), so this
    seldom finds anything; 1.30 to 1.37 differ in none.

    Args:
        now: Minor version of Kubernetes.
        following: Another one.
        type: Such as `core.v1.PodSpec`.
    """
    before, after = (_said_defaults(version, f"io.k8s.api.{type}") for version in (now, following))
    return {
        field: (before[field], after[field]) for field in before if after.get(field, before[field]) != before[field]
    }


def _said_defaults(version: str, name: str) -> dict[str, str]:
    properties = _definitions(version).get(name, {}).get("properties", {})
    said = {field: _DEFAULT.search(str(one.get("description"))) for field, one in properties.items()}
    return {field: found[1].split()[0].strip("\"'`,;") for field, found in said.items() if found}


_LEFT_OUT: Final = ("description", "$id", "properties")


def _closed(schema: Any, definitions: Mapping[str, Any], used: dict[str, Any]) -> Any:
    """Return a schema that stands alone: its references lead into `used`, which is filled with what they need."""
    if isinstance(schema, list):
        return [_closed(item, definitions, used) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in used:
            used[name] = {}
            given = _INSTEAD.get(name) or _tightened(name, definitions[name])
            used[name] = _closed(given, definitions, used)
        return {"$ref": f"#/$defs/{name}"}
    result = {key: _closed(value, definitions, used) for key, value in schema.items() if key not in _LEFT_OUT}
    if isinstance(fields := schema.get("properties"), Mapping):  # their names may be those of keywords
        result["properties"] = {field: _closed(one, definitions, used) for field, one in fields.items()}
    if isinstance(schema.get("type"), list) and "null" in schema["type"]:
        others = [item for item in schema["type"] if item != "null"]
        result["type"] = others[0] if len(others) == 1 else others
    if result.get("format") in _BITS and result.get("type") == "integer":
        most = 1 << (_BITS[result["format"]] - 1)
        result |= {"minimum": -most, "maximum": most - 1}
    return result


def _tightened(name: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = name.removeprefix("io.k8s.api.")
    if kind in _NEEDED:
        definition = {**definition, "required": [*definition.get("required", ()), _NEEDED[kind]]}
    fields = definition.get("properties", ())  # an old version may lack one
    words = {field: values for (one, field), values in _WORDS.items() if one == kind and field in fields}
    if not words:
        return definition
    properties = dict(definition["properties"])
    for field, values in words.items():
        one = properties[field]
        is_list = "items" in one
        properties[field] = (
            {**one, "items": {"type": "string", "enum": list(values)}} if is_list else {**one, "enum": list(values)}
        )
    return {**definition, "properties": properties}
