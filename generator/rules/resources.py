"""K8S: containers, limits and autoscalers agree with each other."""

from collections.abc import Iterator

from generator.findings import sources
from generator.findings.finding import Found
from generator.kube.lenient import Object, mapping, mappings, spec_of, whole
from generator.kube.pods import pod_spec
from generator.proofs.limits import CONTAINER, Limit, inconsistencies, read_limit, refusals, refused_claim
from generator.render.rendered import Rendered, identity
from generator.rules.podsecurity import all_containers
from generator.rules.relations import autoscalers
from generator.rules.rule import Per, rule


@rule(
    "K8S003",
    per=Per.CLASS,
    title="every container says what it requests and what it may use",
    why="With a quota a pod without them is refused, and the quota proof knows nothing of it.",
    fix="Set requests and limits of what the quota counts.",
    source=sources.RESOURCES,
    behind=("quota",),
)
def containers_say_what_they_take(rendered: Rendered) -> Iterator[Found]:
    """Every container requests and bounds CPU and memory, and whatever else of the kind the quota counts."""
    counted = {key for quota in rendered.of_kind("ResourceQuota") for key in mapping(spec_of(quota).get("hard"))}
    wanted = {(side, resource) for side in ("requests", "limits") for resource in ("cpu", "memory")}
    wanted |= {(side, "ephemeral-storage") for side in ("requests", "limits") if f"{side}.ephemeral-storage" in counted}
    for workload in rendered.workloads:
        for container in all_containers(mapping(pod_spec(workload))):
            resources = mapping(container.get("resources"))
            for side, resource in sorted(wanted):
                if resource not in mapping(resources.get(side)):
                    yield rendered.found(workload, f"container {container.get('name')} has no {side}.{resource}")


def _limits(rendered: Rendered) -> list[Limit]:
    limits = []
    for limit_range in rendered.of_kind("LimitRange"):
        for item in mappings(spec_of(limit_range).get("limits")):
            try:
                limits.append(read_limit(item))
            except ValueError:
                continue  # K8S001 says so
    return limits


@rule(
    "K8S004",
    per=Per.SIZES,
    title="every container, pod and volume fits the LimitRange",
    why="Pods outside it are refused; their Deployment only shows fewer replicas.",
    fix="Change the resources or the LimitRange in base/.",
    source=sources.LIMITS,
    behind=("quota",),
)
def pods_and_volumes_fit_the_limit_range(rendered: Rendered) -> Iterator[Found]:
    """With the defaults filled in, admission refuses no container, pod or claim."""
    limits = _limits(rendered)
    for obj in rendered.objects:
        try:
            if obj["kind"] == "PersistentVolumeClaim":
                for why in refused_claim(spec_of(obj), limits):
                    yield rendered.found(obj, f"it {why}")
            elif (spec := pod_spec(obj)) is not None:
                for what, why in refusals(spec, limits):
                    yield rendered.found(obj, f"{what} {why}")
        except ValueError:
            continue  # K8S001 says so


@rule(
    "K8S013",
    per=Per.CLASS,
    title="one LimitRange, consistent, with a default for what the quota counts",
    why="With two the default is undefined; a bad default makes pods invalid that say nothing themselves.",
    fix="Fix base/guard/core/ceilings.yaml.",
    source=sources.LIMITS,
    behind=("quota",),
)
def the_limit_range_is_sound(rendered: Rendered) -> Iterator[Found]:
    """There is one LimitRange, what it fills in passes it, and it fills in what the quota demands."""
    ranges = list(rendered.of_kind("LimitRange"))
    for entry in ranges[1:]:
        fact = f"this is a second LimitRange beside {ranges[0]['metadata']['name']}: which default wins is undefined"
        yield rendered.found(entry, fact)
    for entry in ranges:
        for item in mappings(spec_of(entry).get("limits")):
            try:
                limit = read_limit(item)
            except ValueError:
                continue  # K8S001 says so
            yield from (rendered.found(entry, fact) for fact in inconsistencies(limit))
    filled = [entry for entry in _limits(rendered) if entry.type == CONTAINER]
    for quota in rendered.of_kind("ResourceQuota"):
        for key in mapping(spec_of(quota).get("hard")):
            side, _, resource = str(key).partition(".")
            if resource in ("cpu", "memory", "ephemeral-storage") and not any(
                resource in (entry.default if side == "limits" else entry.default_request) for entry in filled
            ):
                fact = f"it counts {key}, and no LimitRange gives it to a container that says nothing"
                yield rendered.found(quota, fact, "a pod without it would be refused")


@rule(
    "K8S005",
    per=Per.SIZES,
    title="an autoscaler can do its work",
    why="Without a target, a metric or requests it does nothing; two on one workload fight.",
    fix="Fix what is named.",
    source="https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/",
)
def autoscalers_can_work(rendered: Rendered) -> Iterator[Found]:
    """An autoscaler has a target of its own in the render, a metric that can be measured, and bounds in order."""
    workloads = {
        (workload["apiVersion"], workload["kind"], workload["metadata"]["name"]): workload
        for workload in rendered.workloads
    }
    for same in autoscalers(rendered).values():
        for other in same[1:]:
            yield rendered.found(other, f"{identity(same[0])} scales the same target already")
    for scaler in rendered.of_kind("HorizontalPodAutoscaler"):
        spec = spec_of(scaler)
        if scaler["apiVersion"] != "autoscaling/v2":
            yield rendered.found(scaler, f"it is {scaler['apiVersion']}: write autoscaling/v2")
        ref = mapping(spec.get("scaleTargetRef"))
        target = workloads.get((str(ref.get("apiVersion")), str(ref.get("kind")), str(ref.get("name"))))
        if target is None:
            yield rendered.found(scaler, f"there is no {ref.get('apiVersion')} {ref.get('kind')} {ref.get('name')}")
        least, most = whole(spec.get("minReplicas"), 1), whole(spec.get("maxReplicas"), 1)
        if least > most:
            yield rendered.found(scaler, f"minReplicas {least} is more than maxReplicas {most}")
        if least < 1:
            yield rendered.found(scaler, "minReplicas 0 switches it off")
        metrics = list(mappings(spec.get("metrics")))
        if not metrics:
            yield rendered.found(scaler, "it has no metric: write out which load it follows")
        for metric in metrics if target else ():
            yield from _unmeasurable(rendered, scaler, metric, mapping(pod_spec(target or {"kind": ""})))


def _unmeasurable(rendered: Rendered, obj: Object, metric: Object, spec: Object) -> Iterator[Found]:
    source = mapping(metric.get("resource") or metric.get("containerResource"))
    if mapping(source.get("target")).get("type") != "Utilization":
        return
    for container in mappings(spec.get("containers")):
        if "containerResource" in metric and container.get("name") != source.get("container"):
            continue
        resource = str(source.get("name"))
        if resource not in mapping(mapping(container.get("resources")).get("requests")):
            fact = f"it follows the use of {resource}, which container {container.get('name')} does not request"
            yield rendered.found(obj, fact)
