"""K8S: volumes can be shared, nodes drained, pods probed."""

import math
from collections.abc import Iterator
from typing import Any, Final

from generator.findings.finding import Found, Severity
from generator.kube.lenient import Object, mapping, mappings, spec_of, string, strings, whole
from generator.kube.pods import pod_spec, spec_path
from generator.reading.schema import Path
from generator.render.rendered import Rendered, identity
from generator.rules.relations import autoscalers, selected_by
from generator.rules.rule import Per, rule


def _replicas(rendered: Rendered, workload: Object) -> tuple[int, int]:
    """Return how many replicas a workload has at least and at most."""
    scalers = autoscalers(rendered).get((workload["kind"], workload["metadata"]["name"]), [])
    own = whole(spec_of(workload).get("replicas"), 1)
    least = [whole(spec_of(scaler).get("minReplicas"), 1) for scaler in scalers] or [own]
    most = [whole(spec_of(scaler).get("maxReplicas"), 1) for scaler in scalers] or [own]
    return min(least), max(most)


@rule(
    "K8S006",
    per=Per.SIZES,
    title="pods that share a volume may share it",
    why="A ReadWriteOnce volume keeps the second pod, or the new one of a roll-out, from ever starting.",
    fix="Use ReadWriteMany, or one replica and strategy Recreate.",
    source="https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes",
)
def shared_volumes_can_be_shared(rendered: Rendered) -> Iterator[Found]:
    """A volume for one node or one pod is not mounted where two pods can be at once."""
    claims = rendered.named("PersistentVolumeClaim")
    for workload in rendered.workloads:
        mounted = [
            string(mapping(volume.get("persistentVolumeClaim")).get("claimName"))
            for volume in mappings(mapping(pod_spec(workload)).get("volumes"))
        ]
        for claim in (claims[name] for name in mounted if name in claims):
            modes = list(strings(spec_of(claim).get("accessModes")))
            if {"ReadWriteMany", "ReadOnlyMany"} & set(modes):
                continue
            _, most = _replicas(rendered, workload)
            what = f"the volume {claim['metadata']['name']} is {', '.join(modes)}"
            if most > 1:
                yield rendered.found(workload, f"{what}, and there may be {most} pods")
            elif (
                workload["kind"] == "Deployment"
                and mapping(spec_of(workload).get("strategy")).get("type") != "Recreate"
            ):
                yield rendered.found(workload, f"{what}, and a roll-out starts the new pod before the old one ends")


_DEAD: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
"""The taints of a node that does not answer; Kubernetes puts both, with NoExecute."""

_BY_ITSELF: Final = 300
"""For how many seconds a pod tolerates them that says nothing."""


@rule(
    "K8S029",
    per=Per.CLASS,
    title="pods leave a node that is dead",
    why="Without seconds they stay bound to it for ever: nothing takes their place, and the company waits.",
    fix="Write tolerationSeconds of at most 300, which is what Kubernetes waits where nothing is said.",
    source="https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions",
)
def pods_leave_dead_nodes(rendered: Rendered) -> Iterator[Found]:
    """No toleration keeps a pod on a dead node for longer than it would be kept without one."""
    for workload in rendered.workloads:
        for index, one in enumerate(mappings(mapping(pod_spec(workload)).get("tolerations"))):
            is_of_dead = one.get("key") in _DEAD or not one.get("key")
            if not is_of_dead or one.get("effect", "NoExecute") != "NoExecute":
                continue
            seconds = one.get("tolerationSeconds")
            if seconds is None or whole(seconds, 0) > _BY_ITSELF:
                kept = f"for {seconds} s" if seconds is not None else "for ever"
                fact = f"a pod stays {kept} on a node that is dead, and without this for {_BY_ITSELF} s"
                path: Path = (*spec_path(workload["kind"]), "tolerations", index)
                yield rendered.found_at(workload, path, fact, "write tolerationSeconds: 30")


@rule(
    "K8S030",
    per=Per.CLASS,
    title="a pod does not walk through its volume when it starts",
    why="With an fsGroup the node hands every file to the group at each start, which of a million takes an hour.",
    fix="Write `fsGroupChangePolicy: OnRootMismatch` beside `fsGroup`.",
    source="https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#configure-volume-permission-and-ownership-change-policy-for-pods",
)
def volumes_are_not_walked_through(rendered: Rendered) -> Iterator[Found]:
    """A pod that gives its claims a group does so once, and not whenever it starts."""
    for workload in rendered.workloads:
        spec = mapping(pod_spec(workload))
        context = mapping(spec.get("securityContext"))
        claims = any("persistentVolumeClaim" in volume for volume in mappings(spec.get("volumes")))
        if claims and "fsGroup" in context and context.get("fsGroupChangePolicy") != "OnRootMismatch":
            path = (*spec_path(workload["kind"]), "securityContext")
            key = ("fsGroupChangePolicy",) if "fsGroupChangePolicy" in context else ()
            fact = "each start of a pod hands all files of the volume to the fsGroup"
            yield rendered.found_at(workload, (*path, *key), fact, "write fsGroupChangePolicy: OnRootMismatch")


@rule(
    "K8S007",
    per=Per.CLASS,
    title="no StatefulSet makes volumes of its own",
    why="No guard of base/guard is on them, no quota of an add-on counts them, and each replica would have another.",
    fix="Write a PersistentVolumeClaim into base/guard, and let the pods mount it.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/",
)
def no_replica_has_a_volume_of_its_own(rendered: Rendered) -> Iterator[Found]:
    """A StatefulSet mounts claims that are objects, as any other workload does."""
    for stateful_set in rendered.of_kind("StatefulSet"):
        for template in mappings(spec_of(stateful_set).get("volumeClaimTemplates")):
            name = string(mapping(template.get("metadata")).get("name"))
            fact = f"volumeClaimTemplates makes volumes {name} that nothing guards, one for each replica"
            hint = "write a PersistentVolumeClaim into base/guard, and name it under volumes of the pods"
            yield rendered.found(stateful_set, fact, hint)


@rule(
    "K8S008",
    per=Per.SIZES,
    title="a disruption budget lets a node be drained",
    why="At the least number of pods none may go: a drain waits for ever.",
    fix="Use maxUnavailable: 1.",
    source="https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
)
def nodes_can_be_drained(rendered: Rendered) -> Iterator[Found]:
    """A PodDisruptionBudget lets at least one pod go while there are as few as there may be."""
    workloads = rendered.workloads
    for budget in rendered.of_kind("PodDisruptionBudget"):
        for workload in selected_by(spec_of(budget).get("selector"), workloads):
            least, _ = _replicas(rendered, workload)
            may_go = _disruptions(spec_of(budget), least)
            if may_go < 1:
                fact = f"at {least} of {identity(workload)} it lets no pod go: a drain waits for ever"
                yield rendered.found(budget, fact)


def _disruptions(spec: Object, replicas: int) -> int:
    """Return how many pods may go; Kubernetes rounds percentages up, and counts none where both fields are left out."""
    if "maxUnavailable" in spec:
        return _of(spec["maxUnavailable"], replicas)
    return replicas - _of(spec["minAvailable"], replicas) if "minAvailable" in spec else 0


def _of(value: Any, replicas: int) -> int:
    percent = str(value).removesuffix("%")
    if percent.isdecimal() and str(value).endswith("%"):
        return math.ceil(replicas * int(percent) / 100)
    return whole(value, 1)


@rule(
    "K8S009",
    per=Per.SIZES,
    severity=Severity.WARNING,
    title="a plan that promises availability always runs two pods",
    why="While one pod moves or restarts, nobody answers.",
    fix="Raise minReplicas of the plan, or promise nothing.",
    source="https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
)
def a_promise_needs_two_pods(rendered: Rendered) -> Iterator[Found]:
    """A plan that promises availability has two pods of the service at all times."""
    plan = rendered.platform.plans[rendered.tenant.plan]
    for deployment in rendered.of_kind("Deployment"):
        least, _ = _replicas(rendered, deployment)
        if deployment["metadata"]["name"] == rendered.platform.service and plan.availability and least < 2:  # noqa: PLR2004 -- one and another
            fact = f"plan {plan.name} promises {plan.availability}, and {least} pod may be all there is"
            yield rendered.found(deployment, fact, f"raise minReplicas of plan {plan.name}")


@rule(
    "K8S011",
    per=Per.CLASS,
    severity=Severity.WARNING,
    title="containers are probed and pods are spread",
    why="A pod that hangs keeps its traffic; pods on one node go down together.",
    fix="Add the probes or topologySpreadConstraints.",
    source="https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
)
def pods_are_probed_and_spread(rendered: Rendered) -> Iterator[Found]:
    """Containers of a Deployment are probed, and its pods are spread over nodes."""
    for deployment in rendered.of_kind("Deployment"):
        spec = mapping(pod_spec(deployment))
        for container in mappings(spec.get("containers")):
            for probe in ("readinessProbe", "livenessProbe"):
                if not container.get(probe):
                    yield rendered.found(deployment, f"container {container.get('name')} has no {probe}")
        keys = [spread.get("topologyKey") for spread in mappings(spec.get("topologySpreadConstraints"))]
        if "kubernetes.io/hostname" not in keys:
            yield rendered.found(deployment, "its pods are not spread over nodes")
