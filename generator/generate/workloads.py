"""Reading rendered workloads as the arithmetic sees them: how many pods, how large, and how they are replaced. Pure.

What cannot be counted is told by name, with a way out: a kind without a formula, a container without a size, an
autoscaler that may let all of its pods go at once. Without these numbers there is no quota that fits.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from generator.fleet.model import Resources
from generator.generate.headroom import (
    NEVER,
    Motion,
    Once,
    Ordered,
    Policy,
    Recreating,
    Replacing,
    Rolling,
    ScaleDown,
    Workload,
)
from generator.kube import pods
from generator.kube.lenient import Object, mapping, mappings, sequence, string, whole

DEFAULT_GRACE: Final = 30
"""`terminationGracePeriodSeconds` where none is written."""

DEFAULT_STEP: Final = "25%"
"""`maxSurge` and `maxUnavailable` where none is written."""

DEFAULT_WINDOW: Final = 300
"""`scaleDown.stabilizationWindowSeconds` where none is written."""

LONGEST_WINDOW: Final = 3600
"""What the API server accepts there at most."""

_FOUR: Final = tuple((side, resource) for side in ("requests", "limits") for resource in ("cpu", "memory"))
_STEP: Final = re.compile("[0-9]{1,9}%")
_STRATEGY: Final[tuple[str, ...]] = ("spec", "strategy", "rollingUpdate")
_SCALE_DOWN: Final[tuple[str, ...]] = ("spec", "behavior", "scaleDown")
_EXAMPLE: Final = "[{type: Pods, value: 1, periodSeconds: 180}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What keeps a workload from being counted.

    Attributes:
        obj: The object to change.
        path: The field in it, or the deepest part of its path that is there.
        fact: What is the case.
        hint: The way out.
    """

    obj: Object
    path: tuple[str, ...]
    fact: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A workload that can be counted.

    Attributes:
        workload: As the arithmetic sees it, without places.
        obj: The object.
        fields: The fields that were read, by the names of `Workload.places`: object and path.
    """

    workload: Workload
    obj: Object
    fields: Mapping[str, tuple[Object, tuple[str, ...]]]


class _UncountedError(Exception):
    """Raised inside this module with what keeps one workload from being counted."""

    def __init__(self, obj: Object, path: tuple[str, ...], fact: str, hint: str) -> None:
        super().__init__(fact)
        self.problem = Problem(obj=obj, path=path, fact=fact, hint=hint)


def read(objects: Iterable[Object]) -> tuple[tuple[Counted, ...], tuple[Problem, ...]]:
    """Read every workload of a render.

    Args:
        objects: The render of one tenant.

    Returns:
        Those that can be counted, and what keeps the others from it.
    """
    every = tuple(objects)
    scalers = _scalers(every)
    counted: list[Counted] = []
    problems: list[Problem] = []
    for item in every:
        if pods.pod_template(item) is None:
            continue
        try:
            _alone(item, counted)
            counted.append(_read(item, scalers.get((item["kind"], item["metadata"]["name"]), ())))
        except _UncountedError as error:
            problems.append(error.problem)
    return tuple(counted), tuple(problems)


def unscaled(counted: Iterable[Counted], sold: Collection[str]) -> Iterator[Problem]:
    """Yield the workloads that are sold as so many pods, and that nothing scales: what is sold is never used.

    Args:
        counted: The workloads of a render.
        sold: Names of those that a plan or an add-on is filled with.
    """
    for item in counted:
        if item.workload.name in sold and "scaleDown" not in item.fields:
            fact = "no HorizontalPodAutoscaler scales it, so what is sold is never used"
            hint = f"add one to base/, with spec.behavior.scaleDown.policies: {_EXAMPLE}"
            yield Problem(obj=item.obj, path=("spec",), fact=fact, hint=hint)


def _alone(obj: Object, counted: Iterable[Counted]) -> None:
    """Insist that no workload has the name of another: what a plan is counted in is found by its name."""
    name = obj["metadata"]["name"]
    other = next((known.obj["kind"] for known in counted if known.workload.name == name), None)
    if other:
        fact = f"a {other} is called {name} as well: which of the two a plan is counted in is not known"
        raise _UncountedError(obj, ("metadata", "name"), fact, "give it another name")


def _scalers(objects: Iterable[Object]) -> Mapping[tuple[str, str], list[Object]]:
    found: dict[tuple[str, str], list[Object]] = defaultdict(list)
    for obj in objects:
        if obj["kind"] == "HorizontalPodAutoscaler":
            target = mapping(mapping(obj.get("spec")).get("scaleTargetRef"))
            found[string(target.get("kind")), string(target.get("name"))].append(obj)
    return found


def _read(obj: Object, scalers: Iterable[Object]) -> Counted:
    spec = mapping(obj.get("spec"))
    template = pods.spec_path(obj["kind"])
    motion, replicas, count = _motion(obj, spec)
    pod = pods.pod_spec(obj) or {}
    grace = max(1, whole(pod.get("terminationGracePeriodSeconds"), DEFAULT_GRACE))
    scaler = _only(obj, tuple(scalers))
    least = most = replicas
    scale_down = NEVER
    fields = {
        "pod": (obj, (*template, "containers")),
        "grace": (obj, (*template, "terminationGracePeriodSeconds")),
        "replicas": (obj, count),
        "ready": (obj, ("spec", "minReadySeconds")),
        "surge": (obj, (*_STRATEGY, "maxSurge")),
        "unavailable": (obj, (*_STRATEGY, "maxUnavailable")),
    }
    if scaler is not None:
        bounds = mapping(scaler.get("spec"))
        least, most = whole(bounds.get("minReplicas"), 1), max(replicas, whole(bounds.get("maxReplicas"), 1))
        scale_down = _scale_down(scaler, grace)
        fields |= {"replicas": (scaler, ("spec", "maxReplicas")), "scaleDown": (scaler, _SCALE_DOWN)}
    workload = Workload(
        kind=obj["kind"],
        name=obj["metadata"]["name"],
        pod=_size(obj, template, pod),
        motion=motion,
        grace=grace,
        least=least,
        most=most,
        scale_down=scale_down,
    )
    return Counted(workload=workload, obj=obj, fields=fields)


def _motion(obj: Object, spec: Object) -> tuple[Motion, int, tuple[str, ...]]:
    """Return how the pods of a workload are replaced, how many it wants by itself, and the field that says so."""
    match obj["kind"]:
        case "Deployment":
            return _of_a_deployment(obj, spec), whole(spec.get("replicas"), 1), ("spec", "replicas")
        case "StatefulSet":
            return Ordered(), whole(spec.get("replicas"), 1), ("spec", "replicas")
        case "Job":
            return Once(), _parallel(spec), ("spec", "parallelism")
        case "CronJob":
            job = mapping(mapping(spec.get("jobTemplate")).get("spec"))
            return _of_a_cron_job(obj, spec), _parallel(job), ("spec", "jobTemplate", "spec", "parallelism")
        case kind:
            hint = "run its pods by a Deployment, StatefulSet, Job or CronJob"
            raise _UncountedError(obj, ("kind",), f"how many pods a {kind} runs at once is not known", hint)


def _of_a_deployment(obj: Object, spec: Object) -> Motion:
    strategy = mapping(spec.get("strategy"))
    if strategy.get("type") == "Recreate":
        return Recreating()
    rolling = mapping(strategy.get("rollingUpdate"))
    surge, unavailable = (_step(obj, rolling, key) for key in ("maxSurge", "maxUnavailable"))
    return Rolling(surge=surge, unavailable=unavailable, ready=max(0, whole(spec.get("minReadySeconds"), 0)))


def _step(obj: Object, rolling: Object, key: str) -> int | str:
    value: int | str = rolling.get(key, DEFAULT_STEP)
    if whole(value, -1) < 0 and not _STEP.fullmatch(string(value)):
        fact = f"{key} is {value!r}, no number and no percentage"
        raise _UncountedError(obj, (*_STRATEGY, key), fact, f"write {key}: 1, say")
    return value


def _parallel(job: Object) -> int:
    """Return how many pods a Job runs at once: no more than it still has to complete."""
    parallel = whole(job.get("parallelism"), 1)
    return min(parallel, whole(job.get("completions"), parallel))


def _of_a_cron_job(obj: Object, spec: Object) -> Motion:
    match spec.get("concurrencyPolicy", "Allow"):
        case "Forbid":
            return Once()
        case "Replace":
            return Replacing()
        case policy:
            fact = f"concurrencyPolicy is {policy}: how many of its runs overlap is not known"
            raise _UncountedError(obj, ("spec", "concurrencyPolicy"), fact, "write concurrencyPolicy: Forbid")


# --- autoscalers


def _only(obj: Object, scalers: tuple[Object, ...]) -> Object | None:
    if len(scalers) > 1:
        names = " and ".join(scaler["metadata"]["name"] for scaler in scalers)
        fact = f"{names} scale the same {obj['kind']}: how fast its pods go is not known"
        raise _UncountedError(scalers[1], ("spec", "scaleTargetRef"), fact, "keep one of them")
    return scalers[0] if scalers else None


def _scale_down(scaler: Object, grace: int) -> ScaleDown:
    rules = mapping(mapping(mapping(scaler.get("spec")).get("behavior")).get("scaleDown"))
    window = whole(rules.get("stabilizationWindowSeconds"), DEFAULT_WINDOW)
    match rules.get("selectPolicy", "Max"):
        case "Disabled":
            return ScaleDown(policies=(), select="Disabled", window=window)
        case "Max" | "Min" as select:
            pass
        case other:
            path = (*_SCALE_DOWN, "selectPolicy")
            raise _UncountedError(scaler, path, f"selectPolicy is {other!r}", "write Max, Min or Disabled")
    policies = sequence(rules.get("policies"))
    if not policies:
        fact = "it has no scale-down policy, so it may let all pods but minReplicas go at once"
        raise _UncountedError(scaler, _SCALE_DOWN, fact, f"write spec.behavior.scaleDown.policies: {_EXAMPLE}")
    read_policies = tuple(_policy(scaler, mapping(policy)) for policy in policies)
    needed = max(grace, *(policy.period for policy in read_policies))
    if window < needed:
        path = (*_SCALE_DOWN, "stabilizationWindowSeconds")
        fact = f"it remembers for {window} s that it has wanted more pods, and may let these go while others still end"
        hint = f"write stabilizationWindowSeconds: {needed}, no less than a pod's grace and each periodSeconds"
        too_long = f"shorten terminationGracePeriodSeconds to {LONGEST_WINDOW} at most"
        raise _UncountedError(scaler, path, fact, hint if needed <= LONGEST_WINDOW else too_long)
    return ScaleDown(policies=read_policies, select=select, window=window)


def _policy(scaler: Object, policy: Object) -> Policy:
    kind, value, period = policy.get("type"), whole(policy.get("value"), 0), whole(policy.get("periodSeconds"), 0)
    if kind not in ("Pods", "Percent") or value < 1 or period < 1:
        fact = "a scale-down policy has no type, value or periodSeconds that can be read"
        raise _UncountedError(scaler, (*_SCALE_DOWN, "policies"), fact, f"write it as in {_EXAMPLE}")
    return Policy(kind=kind, value=value, period=period)


# --- the size of a pod


def _size(obj: Object, template: tuple[str, ...], pod: Object) -> Resources:
    if not list(mappings(pod.get("containers"))):
        raise _UncountedError(obj, template, "it has no pod template that can be read", "write its containers")
    if pod.get("runtimeClassName") and "overhead" not in pod:
        path = (*template, "runtimeClassName")
        fact = f"what the RuntimeClass {pod['runtimeClassName']} adds to a pod is not known"
        raise _UncountedError(obj, path, fact, "write its overhead.podFixed as the pod's overhead")
    whole_pod = mapping(pod.get("resources"))
    if not all(mapping(whole_pod.get(side)).get(resource) for side, resource in _FOUR):
        for missing in _sizeless(pod):
            hint = "set requests and limits of cpu and memory"
            raise _UncountedError(obj, (*template, "containers"), missing, hint)
    try:
        takes = {f"{side}_{resource}": pods.takes(pod, side, resource) for side, resource in _FOUR}
    except ValueError as error:
        raise _UncountedError(obj, (*template, "containers"), str(error), "write a quantity such as 250m") from None
    if pod.get("overhead") and not pod.get("runtimeClassName"):
        fact = "its pods have the overhead of a RuntimeClass and name none, so the API server refuses them"
        raise _UncountedError(obj, (*template, "overhead"), fact, "take it out, or write runtimeClassName")
    return Resources(**takes)


def _sizeless(pod: Object) -> Iterator[str]:
    """Yield which containers lack one of the four amounts; the API server would fill in what nobody here sees."""
    for container in pods.containers(pod):
        resources = mapping(container.get("resources"))
        lacking = [f"{side}.{resource}" for side, resource in _FOUR if not mapping(resources.get(side)).get(resource)]
        if lacking:
            yield f"container {container.get('name')} has no {' and no '.join(lacking)}"
