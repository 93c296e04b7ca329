"""What makes and scales pods: Deployments, ReplicaSets, autoscalers, disruption budgets.

Source: pkg/apis/apps/validation, pkg/apis/autoscaling/validation and pkg/apis/policy/validation of k8s.io/kubernetes.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.admission import forms, metadata
from generator.admission.claims import amount_of, resource_problem
from generator.admission.problem import Part, Problem
from generator.admission.ranges import MOST, check_bounds, check_needed, check_one_of, check_words
from generator.kube.lenient import mapping, sequence, string, whole

_PERCENT: Final = re.compile("([0-9]+)%")
DEADLINE: Final = 600
"""Seconds that the API server fills in as progressDeadlineSeconds."""


def check_deployment(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a Deployment."""
    counts = ("minReadySeconds", "progressDeadlineSeconds", "replicas", "revisionHistoryLimit")
    yield from check_bounds(part, dict.fromkeys(counts, (0, MOST)))
    ready = whole(part.data.get("minReadySeconds"), 0)
    deadline = whole(part.data.get("progressDeadlineSeconds"), DEADLINE)
    if deadline <= ready:
        said = "progressDeadlineSeconds" if "progressDeadlineSeconds" in part.data else "minReadySeconds"
        default = "" if "progressDeadlineSeconds" in part.data else " (the default)"
        fact = f"progressDeadlineSeconds {deadline}{default} is not more than minReadySeconds {ready}"
        yield part.problem(fact, said, hint=f"write more than {ready} as progressDeadlineSeconds")
    yield from _check_strategy(part.below(mapping(part.data.get("strategy")), "strategy"))
    yield from check_template(part)


def check_template(part: Part) -> Iterator[Problem]:
    """Say what a Deployment or a ReplicaSet demands of its pods and their selector."""
    selector = mapping(part.data.get("selector"))
    labels = mapping(mapping(mapping(part.data.get("template")).get("metadata")).get("labels"))
    if not (mapping(selector.get("matchLabels")) or sequence(selector.get("matchExpressions"))):
        yield part.problem("an empty selector would take every pod", "selector", hint="name labels of the template")
    elif missed := metadata.unmatched(selector, labels):
        hint = "write the same label into both"
        yield part.problem(f"it asks for {missed}, and its own pods are others", "selector", hint=hint)
    spec = mapping(mapping(part.data.get("template")).get("spec"))
    if spec.get("restartPolicy", "Always") != "Always":
        fact = f"the restartPolicy of such pods is Always, and {spec['restartPolicy']} is that of a Job"
        yield part.problem(fact, "template", "spec", "restartPolicy", hint="remove it")
    if spec.get("activeDeadlineSeconds") is not None:
        fact = "such pods have no activeDeadlineSeconds: a Job has"
        yield part.problem(fact, "template", "spec", "activeDeadlineSeconds", hint="remove it")


def _check_strategy(part: Part) -> Iterator[Problem]:
    rolling = part.data.get("rollingUpdate")
    if part.data.get("type") == "Recreate":
        if rolling is not None:
            hint = "remove it, or write type RollingUpdate; a patch removes it with op: remove"
            yield part.problem("it stands beside type Recreate", "rollingUpdate", hint=hint)
        return
    inner = part.below(mapping(rolling), "rollingUpdate")
    for field in ("maxSurge", "maxUnavailable"):
        yield from check_count(inner, field, most=100 if field == "maxUnavailable" else None)
    if _is_nothing(inner.data.get("maxSurge")) and _is_nothing(inner.data.get("maxUnavailable")):
        fact = "with maxSurge 0 and maxUnavailable 0 no pod may ever be replaced"
        yield inner.problem(fact, "maxSurge", hint="write 1 as one of the two")


def _is_nothing(value: Any) -> bool:
    return value in (0, "0%") and value is not False


def check_count(part: Part, field: str, *, most: int | None = None) -> Iterator[Problem]:
    """Say that a field is no count and no percentage of pods.

    Args:
        part: What has the field.
        field: Its name.
        most: The largest percentage, where there is one.
    """
    value = part.data.get(field)
    if isinstance(value, str):
        percent = _PERCENT.fullmatch(value)
        if percent is None:
            yield part.problem(
                f"{forms.short(value)} is neither a number nor a percentage", field, hint="write 1 or 25%"
            )
        elif most is not None and int(percent[1]) > most:
            yield part.problem(f"{value} is more than {most}%", field)
    else:
        yield from check_bounds(part, {field: (0, MOST)})


# --- autoscalers

METRICS: Final[Mapping[str, str]] = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "ContainerResource": ("averageUtilization", "averageValue"),
    "External": ("averageValue", "value"),
    "Object": ("averageValue", "value"),
    "Pods": ("averageValue",),
    "Resource": ("averageUtilization", "averageValue"),
}
"""What the target of a metric says, by the metric's type."""

_HOUR: Final = 3600
_HALF_AN_HOUR: Final = 1800


def check_autoscaler(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a HorizontalPodAutoscaler."""
    least, most = part.data.get("minReplicas", 1), part.data.get("maxReplicas")
    yield from check_bounds(part, {"minReplicas": (1, MOST), "maxReplicas": (1, MOST)})
    if isinstance(least, int) and isinstance(most, int) and most < least:
        yield part.problem(f"maxReplicas {most} is less than minReplicas {least}", "maxReplicas")
    target = part.below(mapping(part.data.get("scaleTargetRef")), "scaleTargetRef")
    yield from check_needed(target, "kind", "name")
    for field in ("kind", "name"):
        yield from forms.SEGMENT.check(target, field) if target.data.get(field) else ()
    version = string(target.data.get("apiVersion"))
    if version.count("/") != 1 or version.startswith("/"):
        yield target.problem(f"{forms.short(version)} is not the API of a group, such as apps/v1", "apiVersion")
    for number, item in enumerate(sequence(part.data.get("metrics"))):
        yield from _check_metric(part.below(mapping(item), "metrics", number))
    behavior = mapping(part.data.get("behavior"))
    for way in ("scaleUp", "scaleDown"):
        if way in behavior:
            yield from _check_behavior(part.below(mapping(behavior[way]), "behavior", way))


def _check_behavior(part: Part) -> Iterator[Problem]:
    yield from check_bounds(part, {"stabilizationWindowSeconds": (0, _HOUR)})
    yield from check_words(part, {"selectPolicy": ("Disabled", "Max", "Min")})
    if "policies" in part.data and not sequence(part.data["policies"]):
        yield part.problem("it needs a policy", "policies", hint="remove the field for the default policies")
    for number, item in enumerate(sequence(part.data.get("policies"))):
        policy = part.below(mapping(item), "policies", number)
        yield from check_words(policy, {"type": ("Percent", "Pods")})
        yield from check_bounds(policy, {"value": (1, MOST), "periodSeconds": (1, _HALF_AN_HOUR)})


def _check_metric(part: Part) -> Iterator[Problem]:
    kind = string(part.data.get("type"))
    own = METRICS.get(kind)
    if own is None:
        return  # the schema says so
    for field in sorted(part.data.keys() - {"type", own}):
        yield part.problem(f"a metric of type {kind} has no {field}", field, hint="remove it, or fix the type")
    if own not in part.data:
        yield part.problem(f"a metric of type {kind} needs `{own}`")
        return
    source = part.below(mapping(part.data[own]), own)
    if "Resource" in kind:
        yield from check_needed(source, "name")
    if kind == "ContainerResource":
        yield from check_needed(source, "container")
        yield from forms.DNS_LABEL.check(source, "container") if source.data.get("container") else ()
        if source.data.get("name") and (fact := resource_problem(string(source.data["name"]))):
            yield source.problem(fact, "name")
    if "metric" in source.data:
        metric = source.below(mapping(source.data["metric"]), "metric")
        yield from check_needed(metric, "name")
        yield from forms.SEGMENT.check(metric, "name") if metric.data.get("name") else ()
    if kind == "Object":
        described = source.below(mapping(source.data.get("describedObject")), "describedObject")
        yield from check_needed(described, "kind", "name")
        for field in ("kind", "name"):
            yield from forms.SEGMENT.check(described, field) if described.data.get(field) else ()
    yield from _check_target(source.below(mapping(source.data.get("target")), "target"), kind)


def _check_target(part: Part, kind: str) -> Iterator[Problem]:
    wanted = VALUES[kind]
    given = [field for field in wanted if part.data.get(field) is not None]
    if not given:
        yield part.problem(f"a metric of type {kind} needs {' or '.join(wanted)}")
    elif len(given) > 1 and kind != "Object":
        yield part.problem(f"{' and '.join(given)}: a target has one of them", given[1], hint="keep one of the two")
    yield from check_bounds(part, {"averageUtilization": (1, MOST)})
    for field in ("averageValue", "value"):
        amount = amount_of(part.data[field]) if part.data.get(field) is not None else None
        if amount is not None and amount <= 0:
            yield part.problem("a target is more than 0", field)


# --- budgets


def check_budget(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a PodDisruptionBudget."""
    yield from check_one_of(part, "what a budget keeps", ("maxUnavailable", "minAvailable"), needed=False)
    for field in ("maxUnavailable", "minAvailable"):
        yield from check_count(part, field, most=100)
