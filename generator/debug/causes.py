"""What the objects of one company say is wrong, each cause by its name and with the next step. Pure.

A cause is told by what Kubernetes and Argo CD write into status, conditions and events. Nothing is guessed: what none
of these says is no cause, and what could not be read is told as not seen.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from generator.kube.lenient import Object, mapping, mappings, spec_of, string, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that is wrong.

    Attributes:
        name: What it is called, for example `quota full`.
        seen: Which object says so, and in which words.
        next: What to do; a command where there is one.
        is_wrong: Whether it is; what somebody wants to be so is told as well.
    """

    name: str
    seen: str
    next: str
    is_wrong: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The objects of one company, as far as they could be read.

    Attributes:
        company: Whose.
        application: Its Application; None when there is none.
        objects: What else was read, by `commands.SEEN` and `routes`.
        unseen: What could not be read, with what kubectl said.
        listener: The listener of the Gateway that its routes name; empty for any.
    """

    company: str
    application: Object | None
    objects: Mapping[str, Sequence[Object]]
    unseen: Mapping[str, str]
    listener: str = ""

    def of(self, what: str) -> Iterator[Object]:
        """Yield the objects of one kind."""
        yield from self.objects.get(what, ())


def causes(seen: Seen) -> tuple[Cause, ...]:
    """Return everything that is wrong, the most probable cause of all else first; each once."""
    found = [cause for look in _LOOKS for cause in look(seen)]
    return tuple({(cause.name, cause.seen): cause for cause in found}.values())


# --- Argo CD


def _of_the_set(seen: Seen) -> Iterator[Cause]:
    for application_set in seen.of("set"):
        for condition in _conditions(application_set):
            if condition.get("type") == "ErrorOccurred" and condition.get("status") == "True":
                yield Cause(
                    name="set frozen",
                    seen=f"{_name(application_set)}: {string(condition.get('message'))}",
                    next="docs/guides/stuck.md: one bad entry keeps every company of the set as it is",
                )


def _of_the_application(seen: Seen) -> Iterator[Cause]:
    application = seen.application
    if application is None:
        if "application" not in seen.unseen:
            yield Cause(
                name="no Application",
                seen=f"Argo CD has no Application {seen.company}",
                next="docs/guides/stuck.md: a set that is frozen, or a shard that waits for the project, makes none",
            )
        return
    status = mapping(application.get("status"))
    operation = mapping(status.get("operationState"))
    said = [string(condition.get("message")) for condition in (*mappings(status.get("conditions")), operation)]
    said += [
        string(resource.get("message"))
        for resource in mappings(mapping(operation.get("syncResult")).get("resources"))
        if resource.get("status") == "SyncFailed"
    ]
    for message in said:
        if "project" in message and ("not permitted" in message or "is not allowed" in message):
            yield Cause(
                name="project refuses", seen=message, next=f"tenantry verify {seen.company}, then tenantry generate"
            )
        elif "references project" in message and "does not exist" in message:
            yield Cause(
                name="shard waits for a project",
                seen=message,
                next="wait for the shard's Application to sync; then docs/guides/stuck.md",
            )
        elif f'namespaces "{seen.company}" not found' in message:
            yield Cause(
                name="namespace deleted",
                seen=message,
                next="docs/guides/restore-a-company.md: Argo CD tries a part alone, and the volume is released",
            )
    if string(operation.get("phase")) in ("Failed", "Error"):
        yield Cause(
            name="sync failed",
            seen=string(operation.get("message")) or "the last sync failed",
            next=f"tenantry verify {seen.company}; after the fix: argocd app sync {seen.company}",
        )
    automated = mapping(mapping(spec_of(application).get("syncPolicy")).get("automated"))
    if automated.get("enabled") is False:
        yield Cause(
            name="paused",
            seen="automated sync is switched off",
            next=f"argocd app diff {seen.company}, then sync by hand",
        )


# --- what keeps pods from being made


_REFUSALS: Final = (
    ("quota full", "exceeded quota", "tenantry debug {company} quota; a larger plan: tenantry set {company} plan=PLAN"),
    (
        "policy denies",
        "violates PodSecurity|ValidatingAdmissionPolicy|denied the request|denied request",
        "fix the pod template in base/, and tenantry verify {company}",
    ),
)


def _refused(seen: Seen) -> Iterator[Cause]:
    said = [string(event.get("message")) for event in seen.of("events") if _still_refuses(event)]
    for workload in seen.of("workloads"):
        said += [
            string(condition.get("message"))
            for condition in _conditions(workload)
            if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True"
        ]
    for message in said:
        for name, words, step in _REFUSALS:
            if re.search(words, message):
                yield Cause(name=name, seen=message, next=step.format(company=seen.company))


def _still_refuses(event: Object) -> bool:
    """Say whether an event that no pod was made counts: it outlives its cause by an hour.

    Of a ReplicaSet it does not: the condition of its Deployment says the same, and goes with the cause.
    """
    return event.get("reason") == "FailedCreate" and mapping(event.get("involvedObject")).get("kind") != "ReplicaSet"


def _by_hand(seen: Seen) -> Iterator[Cause]:
    for workload in seen.of("workloads"):
        if spec_of(workload).get("replicas") == 0:
            name = _name(workload)
            yield Cause(
                name="scaled to zero by hand",
                seen=f"{name} wants 0 pods; Argo CD calls that Synced and Healthy, as an autoscaler owns the number",
                next=f"kubectl --namespace {seen.company} scale {name} --replicas=1",
            )


# --- pods


_WAITING: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(
        ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"),
        ("image missing", "look at the image and its digest in base/, and whether the nodes may pull it"),
    ),
    "CreateContainerConfigError": ("secret not there", "tenantry debug {company} secrets"),
    "CrashLoopBackOff": ("keeps ending", "tenantry debug {company} logs"),
}


def _pods(seen: Seen) -> Iterator[Cause]:
    for pod in seen.of("pods"):
        status = mapping(pod.get("status"))
        yield from _of_containers(seen, pod, status)
        conditions = {string(condition.get("type")): condition for condition in _conditions(pod)}
        placed, disrupted = conditions.get("PodScheduled", {}), conditions.get("DisruptionTarget", {})
        waits_for_a_volume = "unbound immediate PersistentVolumeClaims" in string(placed.get("message"))
        if placed.get("reason") == "Unschedulable" and not waits_for_a_volume:  # the claim says so itself
            yield Cause(
                name="no place on the nodes",
                seen=f"{_name(pod)}: {string(placed.get('message'))}",
                next="tenantry capacity",
            )
        reasons = {string(disrupted.get("reason")), string(status.get("reason"))}
        if "EvictionByEvictionAPI" in reasons:
            yield Cause(name="drained", seen=f"{_name(pod)} was evicted", next="wait: its successor comes elsewhere")
        if reasons & {"NodeLost", "DeletionByTaintManager", "TerminationByKubelet", "NodeShutdown"}:
            node = string(spec_of(pod).get("nodeName"))
            yield Cause(
                name="node gone",
                seen=f"{_name(pod)} was on {node or 'a node'}, which is gone",
                next="wait half a minute for its successor; then tenantry debug " + seen.company,
            )


def _of_containers(seen: Seen, pod: Object, status: Object) -> Iterator[Cause]:
    for key in ("initContainerStatuses", "containerStatuses"):
        for container in mappings(status.get(key)):
            waiting = mapping(mapping(container.get("state")).get("waiting"))
            where = f"{_name(pod)}, container {string(container.get('name'))}"
            if known := _WAITING.get(string(waiting.get("reason"))):
                said = string(waiting.get("message")) or string(waiting.get("reason"))
                yield Cause(name=known[0], seen=f"{where}: {said}", next=known[1].format(company=seen.company))
            ended = mapping(mapping(container.get("lastState")).get("terminated"))
            if ended.get("reason") == "OOMKilled":
                times = whole(container.get("restartCount"), 0)
                yield Cause(
                    name="out of memory",
                    seen=f"{where} was killed for its memory, restarted {times} times",
                    next="raise the memory of the container in base/: it goes through the rings",
                )


_EVENTS: Final = (
    ("probe failing", "Unhealthy", "", "tenantry debug {company} logs"),
    ("secret not there", "FailedMount", 'secret ".+" not found', "tenantry debug {company} secrets"),
)


def _events(seen: Seen) -> Iterator[Cause]:
    ready = {string(mapping(pod.get("metadata")).get("name")) for pod in seen.of("pods") if _is_ready(pod)}
    there = {string(mapping(pod.get("metadata")).get("name")) for pod in seen.of("pods")}
    for event in seen.of("events"):
        about = string(mapping(event.get("involvedObject")).get("name"))
        if about in ready or about not in there:
            continue  # an event outlives what it is about by an hour
        for name, reason, words, step in _EVENTS:
            message = string(event.get("message"))
            if event.get("reason") == reason and re.search(words, message):
                yield Cause(name=name, seen=f"Pod/{about}: {message}", next=step.format(company=seen.company))


# --- what else a company has


def _claims(seen: Seen) -> Iterator[Cause]:
    for claim in seen.of("claims"):
        if mapping(claim.get("status")).get("phase") == "Pending":
            storage_class = string(spec_of(claim).get("storageClassName"))
            yield Cause(
                name="claim pending",
                seen=f"{_name(claim)} has no volume of class {storage_class or '(none)'}",
                next=f"kubectl --namespace {seen.company} describe {_name(claim)}",
            )


def _autoscalers(seen: Seen) -> Iterator[Cause]:
    for scaler in seen.of("autoscalers"):
        for condition in _conditions(scaler):
            if condition.get("type") == "ScalingActive" and str(condition.get("reason")).startswith("FailedGet"):
                yield Cause(
                    name="autoscaler without metrics",
                    seen=f"{_name(scaler)}: {string(condition.get('message'))}",
                    next="kubectl get apiservices v1beta1.metrics.k8s.io",
                )


def _secrets(seen: Seen) -> Iterator[Cause]:
    for secret in seen.of("secrets"):
        for condition in _conditions(secret):
            if condition.get("type") == "Ready" and condition.get("status") == "False":
                yield Cause(
                    name="secret not there",
                    seen=f"{_name(secret)}: {string(condition.get('message'))}",
                    next="docs/guides/first-credentials.md",
                )


def _budgets(seen: Seen) -> Iterator[Cause]:
    for budget in seen.of("budgets"):
        status = mapping(budget.get("status"))
        if whole(status.get("expectedPods"), 0) and not whole(status.get("disruptionsAllowed"), 1):
            healthy, wanted = whole(status.get("currentHealthy"), 0), whole(status.get("desiredHealthy"), 0)
            yield Cause(
                name="budget blocks a drain",
                seen=f"{_name(budget)} lets no pod go: {healthy} are healthy, {wanted} must be",
                next=f"tenantry debug {seen.company} pods: what is not ready, and why",
            )


def _routes(seen: Seen) -> Iterator[Cause]:
    for route in seen.of("routes"):
        for parent in mappings(mapping(route.get("status")).get("parents")):
            for condition in mappings(parent.get("conditions")):
                if condition.get("type") in ("Accepted", "ResolvedRefs") and condition.get("status") == "False":
                    yield Cause(
                        name="route not accepted",
                        seen=f"{_name(route)}: {string(condition.get('reason'))}: {string(condition.get('message'))}",
                        next=f"tenantry debug {seen.company} routes",
                    )
        if route.get("kind") == "HTTPRoute" and not list(mappings(mapping(route.get("status")).get("parents"))):
            yield Cause(
                name="nobody took the route",
                seen=f"{_name(route)} has no status: no controller answers for its Gateway",
                next=f"tenantry debug {seen.company} routes",
            )


def _listeners(seen: Seen) -> Iterator[Cause]:
    for gateway in seen.of("gateway"):
        namespace = string(mapping(gateway.get("metadata")).get("namespace"))
        step = f"kubectl --namespace {namespace} describe {_GATEWAYS}/{_name(gateway).partition('/')[2]}"
        for listener in mappings(mapping(gateway.get("status")).get("listeners")):
            name = string(listener.get("name"))
            if seen.listener not in ("", name):
                continue
            for condition in mappings(listener.get("conditions")):
                cause = _OF_A_LISTENER.get((string(condition.get("type")), string(condition.get("reason"))))
                cause = cause or _OF_A_LISTENER.get((string(condition.get("type")), ""))
                if cause and condition.get("status") == "False":
                    said = f"{string(condition.get('reason'))}: {string(condition.get('message'))}"
                    yield Cause(name=cause, seen=f"{_name(gateway)}, listener {name}: {said}", next=step)


_GATEWAYS: Final = "gateways.gateway.networking.k8s.io"
_OF_A_LISTENER: Final = {
    ("ResolvedRefs", "InvalidCertificateRef"): "certificate not ready",
    ("Programmed", ""): "listener not programmed",
}
"""What a condition of a listener that is not true is called, by its type and reason; without a reason, for any."""


def _certificates(seen: Seen) -> Iterator[Cause]:
    for certificate in seen.of("certificates"):
        for condition in _conditions(certificate):
            if condition.get("type") == "Ready" and condition.get("status") == "False":
                said = f"{string(condition.get('reason'))}: {string(condition.get('message'))}"
                name = _name(certificate).partition("/")[2]
                yield Cause(
                    name="certificate not ready",
                    seen=f"{_name(certificate)}: {said}",
                    next=f"kubectl --namespace {seen.company} describe certificates.cert-manager.io/{name}",
                )


_LOOKS: Final[tuple[Callable[[Seen], Iterator[Cause]], ...]] = (
    _of_the_set,
    _of_the_application,
    _refused,
    _by_hand,
    _claims,
    _secrets,
    _pods,
    _events,
    _autoscalers,
    _routes,
    _listeners,
    _certificates,
    _budgets,
)


# --- one screen


def summary(seen: Seen) -> Iterator[str]:
    """Yield one line for each part of a company: its Application, pods, quota, autoscalers, and its last events."""
    if seen.application is not None:
        status = mapping(seen.application.get("status"))
        sync, health = (string(mapping(status.get(key)).get("status")) or "unknown" for key in ("sync", "health"))
        revision = string(mapping(status.get("sync")).get("revision"))[:10] or "no commit"
        yield f"Application: {sync}, {health}, at {revision}"
    if "pods" not in seen.unseen:
        yield _of_all_pods(list(seen.of("pods")))
    for scaler in seen.of("autoscalers"):
        spec, scaled = spec_of(scaler), mapping(scaler.get("status"))
        bounds = f"{whole(spec.get('minReplicas'), 1)} to {whole(spec.get('maxReplicas'), 0)}"
        now, wanted = (whole(scaled.get(key), 0) for key in ("currentReplicas", "desiredReplicas"))
        yield f"{_name(scaler)}: {now} pods, wants {wanted}, of {bounds}"
    for quota in seen.of("quotas"):
        hard, used = (mapping(mapping(quota.get("status")).get(key)) for key in ("hard", "used"))
        parts = [f"{key} {used.get(key, 0)} of {hard[key]}" for key in _SHOWN if key in hard]
        yield f"{_name(quota)}: {', '.join(parts)}"
    for event in sorted(seen.of("events"), key=_when)[-_LAST:]:
        about = mapping(event.get("involvedObject"))
        whose = f"{string(about.get('kind'))}/{string(about.get('name'))}"
        yield f"event: {string(event.get('reason'))} {whose}: {string(event.get('message'))}"
    yield from (f"not seen: {what}: {why}" for what, why in seen.unseen.items())


_SHOWN: Final = ("requests.cpu", "limits.memory", "pods")
_LAST: Final = 3


def _of_all_pods(pods: Sequence[Object]) -> str:
    statuses = [status for pod in pods for status in mappings(mapping(pod.get("status")).get("containerStatuses"))]
    restarts = sum(whole(status.get("restartCount"), 0) for status in statuses)
    return f"pods: {sum(map(_is_ready, pods))} of {len(pods)} ready, {restarts} restarts"


def _is_ready(pod: Object) -> bool:
    return any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in _conditions(pod))


def _when(event: Object) -> str:
    times = (
        event.get("lastTimestamp"),
        event.get("eventTime"),
        mapping(event.get("metadata")).get("creationTimestamp"),
    )
    return next((string(time) for time in times if time), "")


def _conditions(obj: Object) -> Iterator[Object]:
    return mappings(mapping(obj.get("status")).get("conditions"))


def _name(obj: Object) -> str:
    return f"{string(obj.get('kind'))}/{string(mapping(obj.get('metadata')).get('name'))}"
