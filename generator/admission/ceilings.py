"""ResourceQuotas, LimitRanges, ConfigMaps, roles and their bindings.

Source: pkg/apis/core/validation and pkg/apis/rbac/validation of k8s.io/kubernetes.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.admission import claims, forms
from generator.admission.problem import Part, Problem
from generator.admission.ranges import check_needed, check_words
from generator.kube.lenient import mapping, sequence, string
from generator.reading.schema import Path

# --- quotas

_COUNTED: Final = frozenset(
    "configmaps persistentvolumeclaims pods replicationcontrollers resourcequotas secrets services"
    " services.loadbalancers services.nodeports".split()
)
_AMOUNTS: Final = frozenset(
    f"{side}{resource}" for side in ("", "limits.", "requests.") for resource in ("cpu", "memory", "ephemeral-storage")
) | {"requests.storage"}


def check_quota(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a ResourceQuota."""
    yield from _check_scopes(part)
    for resource, text in mapping(part.data.get("hard")).items():
        if fact := _quota_problem(resource):
            yield part.problem(fact, "hard", resource)
        value = claims.amount_of(text)
        counted = resource in _COUNTED or claims.is_a_count(resource)
        if counted and value is not None and value != value.to_integral_value():
            yield part.problem(f"{resource} is a count, and {text} is not whole", "hard", resource)


_SCOPES: Final = (
    "BestEffort",
    "CrossNamespacePodAffinity",
    "NotBestEffort",
    "NotTerminating",
    "PriorityClass",
    "Terminating",
    "VolumeAttributesClass",
)
_OPERATORS: Final = ("DoesNotExist", "Exists", "In", "NotIn")
_OF_PODS: Final = frozenset(
    {"pods"} | {f"{side}{resource}" for side in ("", "limits.", "requests.") for resource in ("cpu", "memory")}
)
_COUNTED_IN_A_SCOPE: Final[Mapping[str, frozenset[str]]] = {
    "BestEffort": frozenset({"pods"}),
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
"""What a quota of a scope may count of Kubernetes' own; of every other scope it is what pods use."""


def _check_scopes(part: Part) -> Iterator[Problem]:
    scopes: list[tuple[Path, str]] = [
        (("scopes", number), string(scope)) for number, scope in enumerate(sequence(part.data.get("scopes")))
    ]
    for number, item in enumerate(sequence(mapping(part.data.get("scopeSelector")).get("matchExpressions"))):
        path: Path = ("scopeSelector", "matchExpressions", number)
        asked = part.below(mapping(item), *path)
        scopes.append(((*path, "scopeName"), string(asked.data.get("scopeName"))))
        yield from _check_scope_operator(asked)
    for path, scope in scopes:
        if scope not in _SCOPES:
            yield part.problem(f"{scope!r} is not one of {', '.join(_SCOPES)}", *path)
            continue
        allowed = _COUNTED_IN_A_SCOPE.get(scope, _OF_PODS)
        for resource in sorted((mapping(part.data.get("hard")).keys() & (_COUNTED | _AMOUNTS)) - allowed):
            yield part.problem(f"a quota of the scope {scope} does not count {resource}", *path)
    names = {scope for _, scope in scopes}
    for one, other in (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")):
        if {one, other} <= names:
            yield part.problem(f"the scopes {one} and {other} exclude each other")


def _check_scope_operator(part: Part) -> Iterator[Problem]:
    operator, values = part.data.get("operator"), sequence(part.data.get("values"))
    yield from check_words(part, {"operator": _OPERATORS})
    if operator in ("In", "NotIn") and not values:
        yield part.problem(f"{operator} needs values")
    elif operator in ("DoesNotExist", "Exists") and values:
        yield part.problem(f"{operator} takes no values", "values", hint="remove them")
    if part.data.get("scopeName") not in ("PriorityClass", "VolumeAttributesClass") and operator != "Exists":
        yield part.problem("the operator of such a scope is Exists", "operator")


def _quota_problem(resource: str) -> str:
    if resource in _COUNTED or resource in _AMOUNTS:
        return ""
    if resource.startswith(("hugepages-", "requests.hugepages-")):
        return ""
    if "/" in resource and not forms.key_problem(resource):
        return ""
    return f"{forms.short(resource)} is not a resource that a quota counts, such as limits.cpu or count/jobs.batch"


# --- limits

_OF_A_CONTAINER: Final = ("default", "defaultRequest", "max", "maxLimitRequestRatio", "min")
_DEFAULTS: Final = ("defaultRequest", "default")
_TYPES: Final = ("Container", "PersistentVolumeClaim", "Pod")


def check_limits(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a LimitRange."""
    seen: set[str] = set()
    for number, item in enumerate(sequence(part.data.get("limits"))):
        limit = part.below(mapping(item), "limits", number)
        kind = string(limit.data.get("type"))
        if kind in seen:
            yield limit.problem(f"a second limit of type {kind}", "type", hint="keep one of the two")
        seen.add(kind)
        if kind not in _TYPES and ("/" not in kind or forms.key_problem(kind)):
            yield limit.problem(f"{kind!r} is not one of {', '.join(_TYPES)}", "type")
        yield from _check_limit(limit, kind)


def _check_limit(part: Part, kind: str) -> Iterator[Problem]:
    sides = {side: mapping(part.data.get(side)) for side in _OF_A_CONTAINER}
    if kind == "Pod":
        for side in ("default", "defaultRequest"):
            if sides[side]:
                yield part.problem(f"a limit of type Pod has no {side}", side, hint="remove it")
    if kind == "PersistentVolumeClaim" and "storage" not in sides["min"] and "storage" not in sides["max"]:
        yield part.problem("a limit of claims needs min.storage or max.storage")
    for side, amounts in sides.items():
        for resource in amounts:
            fact = claims.resource_problem(resource) if kind in ("Container", "Pod") else _limit_problem(resource)
            if fact:
                yield part.problem(fact, side, resource)
    order = (
        ("min", "defaultRequest"),
        ("min", "default"),
        ("min", "max"),
        ("defaultRequest", "default"),
        ("defaultRequest", "max"),
        ("default", "max"),
    )
    for low, high in order:
        for resource, text in sides[low].items():
            other = sides[high].get(resource)
            least, most = claims.amount_of(text), claims.amount_of(other) if other is not None else None
            if least is not None and most is not None and least > most:
                yield part.problem(f"{low} {text} is more than {high} {other}", low, resource)
            elif (low, high) == _DEFAULTS and most not in (None, least) and not claims.may_be_overcommitted(resource):
                yield part.problem(f"{low} {text} of {resource} is not {high} {other}", low, resource)
    yield from _check_ratio(part, sides)


def _limit_problem(resource: str) -> str:
    return "" if resource == "storage" else _quota_problem(resource)


def _check_ratio(part: Part, sides: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    for resource, text in sides["maxLimitRequestRatio"].items():
        ratio = claims.amount_of(text)
        if ratio is not None and ratio < 1:
            yield part.problem(f"a ratio of {text} is less than 1", "maxLimitRequestRatio", resource)
        low, high = (claims.amount_of(sides[side].get(resource)) for side in ("min", "max"))
        if ratio is not None and low and high and ratio > high / low:
            fact = f"the ratio {text} is more than max {sides['max'][resource]} by min {sides['min'][resource]}"
            yield part.problem(fact, "maxLimitRequestRatio", resource)


# --- ConfigMaps

_MIB: Final = 1 << 20


def check_config_map(whole: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what is wrong with a ConfigMap."""
    part = Part((), whole, whole)
    data, binary = mapping(whole.get("data")), mapping(whole.get("binaryData"))
    size = 0
    for field, values in (("data", data), ("binaryData", binary)):
        for key, value in values.items():
            if not forms.CONFIG_KEY.fits(key):
                yield part.problem(forms.CONFIG_KEY.said_of(str(key)), field, key)
            size += len(str(value).encode()) if field == "data" else _decoded_size(value)
            if field == "binaryData" and _decoded_size(value) < 0:
                yield part.problem("it is not base64", field, key)
    for key in data.keys() & binary.keys():
        yield part.problem(f"data and binaryData both hold {key}", "binaryData", key, hint="keep one of the two")
    if size > _MIB:
        yield part.problem(f"{size} bytes of data, and 1 MiB is the most")


def _decoded_size(value: Any) -> int:
    try:
        return len(base64.b64decode(str(value).replace("\n", "").replace("\r", ""), validate=True))
    except binascii.Error:
        return -1


# --- roles

_RBAC: Final = "rbac.authorization.k8s.io"


def check_role(whole: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what is wrong with a Role or a ClusterRole."""
    for number, item in enumerate(sequence(whole.get("rules"))):
        rule = Part(("rules", number), mapping(item), whole)
        yield from check_needed(rule, "verbs")
        if rule.data.get("nonResourceURLs") and whole.get("kind") == "ClusterRole":
            if any(rule.data.get(field) for field in ("apiGroups", "resources", "resourceNames")):
                hint = "write a rule of its own for them"
                yield rule.problem("a rule is of resources or of URLs, not of both", "nonResourceURLs", hint=hint)
        elif rule.data.get("nonResourceURLs"):
            yield rule.problem(
                "a Role is of a namespace, and has no nonResourceURLs", "nonResourceURLs", hint="remove them"
            )
        else:
            yield from check_needed(rule, "apiGroups", "resources")


def check_cluster_role(whole: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what is wrong with a ClusterRole."""
    yield from check_role(whole)
    if whole.get("aggregationRule") is not None:
        yield from check_needed(
            Part(("aggregationRule",), mapping(whole["aggregationRule"]), whole), "clusterRoleSelectors"
        )


def check_binding(whole: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what is wrong with a RoleBinding or a ClusterRoleBinding."""
    role = Part(("roleRef",), mapping(whole.get("roleRef")), whole)
    if role.data.get("apiGroup") not in (_RBAC, None, ""):
        yield role.problem(f"{role.data['apiGroup']!r} is not {_RBAC}", "apiGroup")
    kinds = ("ClusterRole",) if whole.get("kind") == "ClusterRoleBinding" else ("ClusterRole", "Role")
    if role.data.get("kind") not in kinds:
        yield role.problem(f"{role.data.get('kind')!r} is not one of {', '.join(kinds)}", "kind")
    yield from check_needed(role, "name")
    yield from forms.SEGMENT.check(role, "name") if role.data.get("name") else ()
    for number, item in enumerate(sequence(whole.get("subjects"))):
        yield from _check_subject(Part(("subjects", number), mapping(item), whole))


def _check_subject(part: Part) -> Iterator[Problem]:
    kind = part.data.get("kind")
    yield from check_needed(part, "name")
    if kind not in ("Group", "ServiceAccount", "User"):
        yield part.problem(f"{kind!r} is not one of Group, ServiceAccount, User", "kind")
        return
    group = "" if kind == "ServiceAccount" else _RBAC
    if part.data.get("apiGroup", group) not in (group, ""):
        yield part.problem(f"the apiGroup of a {kind} is {group or 'empty'}", "apiGroup")
    if kind == "ServiceAccount":
        yield from forms.DNS_NAME.check(part, "name") if part.data.get("name") else ()
        yield from check_needed(part, "namespace") if part.whole.get("kind") == "ClusterRoleBinding" else ()
