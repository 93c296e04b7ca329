"""K8S: what the API server would refuse after the merge, and what it accepts but would not do what it is for."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from generator.findings.catalog import finding
from generator.findings.finding import Finding, Place
from generator.generate.size import FILESERVER
from generator.kube import schemas
from generator.kube.lenient import mapping, mappings, string, strings, whole
from generator.kube.pods import pod_spec, pod_template
from generator.proofs.limits import CONTAINER, Limit, inconsistencies, read_limit, refusals, refused_claim
from generator.reachability.policy import Selector, UnreadableError, read_selector
from generator.render.rendered import Base, Object, Rendered, identity
from generator.rules.podsecurity import all_containers
from generator.rules.registry import base_rule, class_rule

_SELECTING: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


def _spec(one: Object) -> Object:
    return mapping(one.get("spec"))


def _labels(workload: Object) -> dict[str, str]:
    labels = mapping(mapping(mapping(pod_template(workload)).get("metadata")).get("labels"))
    return {str(key): str(value) for key, value in labels.items()}


def _workloads(rendered: Rendered) -> list[Object]:
    return [one for one in rendered.objects if pod_spec(one) is not None]


def _selected(selector: Any, workloads: Sequence[Object]) -> list[Object]:
    """Return the workloads whose pods a label selector selects; one that cannot be read selects nothing."""
    try:
        read: Selector = read_selector(selector)
    except UnreadableError:
        return []
    return [one for one in workloads if read.may_match(_labels(one))]


def _named(rendered: Rendered, kind: str) -> dict[str, Object]:
    return {one["metadata"]["name"]: one for one in rendered.of_kind(kind)}


def _autoscalers(rendered: Rendered) -> dict[tuple[str, str], list[Object]]:
    """Return the HorizontalPodAutoscalers by kind and name of what they scale."""
    by_target: dict[tuple[str, str], list[Object]] = defaultdict(list)
    for one in rendered.of_kind("HorizontalPodAutoscaler"):
        target = mapping(_spec(one).get("scaleTargetRef"))
        by_target[str(target.get("kind")), str(target.get("name"))].append(one)
    return by_target


def _replicas(rendered: Rendered, workload: Object) -> tuple[int, int]:
    """Return how many replicas a workload has at least and at most."""
    scalers = _autoscalers(rendered).get((workload["kind"], workload["metadata"]["name"]), [])
    own = whole(_spec(workload).get("replicas"), 1)
    least = [whole(_spec(one).get("minReplicas"), 1) for one in scalers] or [own]
    most = [whole(_spec(one).get("maxReplicas"), 1) for one in scalers] or [own]
    return min(least), max(most)


# --- schemas


@dataclass(frozen=True, slots=True)
class _Printed:
    """An object as a schema looks at it: all of it stands where the object is written."""

    data: Object
    where: Place

    def place(self, path: Sequence[str | int] = (), *, key: bool = False) -> Place:
        del path, key
        return self.where


@base_rule("K8S001")
def the_version_is_known(base: Base) -> Iterator[Finding]:
    """There are schemas of the cluster's version of Kubernetes."""
    cluster = base.platform.cluster
    if not schemas.is_known_version(cluster.kubernetes):
        place = base.platform.document.place(("clusters", cluster.name, "kubernetes"))
        fact = f"there are no schemas of Kubernetes {cluster.kubernetes}: nothing can be held against it"
        yield finding("K8S001", place, fact, "install a kubernetes-validate that has them")


@class_rule("K8S001")
def objects_follow_their_schemas(rendered: Rendered) -> Iterator[Finding]:
    """Every object is valid for the strict schema of its kind."""
    version = rendered.platform.cluster.kubernetes
    if not schemas.is_known_version(version):
        return
    for one in rendered.objects:
        checker = schemas.checker(version, one["apiVersion"], one["kind"])
        if checker is None:
            fact = f"{one['apiVersion']} {one['kind']} is no kind of Kubernetes {version}, and none that tenantry knows"
            yield rendered.found("K8S001", one, fact)
            continue
        for found in checker.check(_Printed(one, rendered.place(one))):
            yield replace(found, object=identity(one))


# --- selectors, references, ports


@class_rule("K8S002")
def selectors_select(rendered: Rendered) -> Iterator[Finding]:
    """Every selector selects pods of the render, and a workload's selector exactly its own."""
    workloads = _workloads(rendered)
    for one in rendered.objects:
        spec = _spec(one)
        if one["kind"] in _SELECTING:
            yield from _own_pods(rendered, one, workloads)
        elif one["kind"] == "Service" and spec.get("selector"):
            if not _selected({"matchLabels": spec["selector"]}, workloads):
                yield rendered.found("K8S002", one, "its selector selects no pod")
        elif one["kind"] == "PodDisruptionBudget" and not _selected(spec.get("selector"), workloads):
            yield rendered.found("K8S002", one, "its selector selects no pod")
        elif (
            one["kind"] == "NetworkPolicy" and spec.get("podSelector") and not _selected(spec["podSelector"], workloads)
        ):
            yield rendered.found("K8S002", one, "its podSelector selects no pod: it guards nothing")


def _own_pods(rendered: Rendered, one: Object, workloads: Sequence[Object]) -> Iterator[Finding]:
    selected = _selected(_spec(one).get("selector"), workloads)
    if not any(other is one for other in selected):
        yield rendered.found("K8S002", one, "its selector does not select its own pods")
    for other in selected:
        if other is not one:
            yield rendered.found("K8S002", one, f"its selector selects the pods of {identity(other)} as well")
    for spread in mappings(mapping(pod_spec(one)).get("topologySpreadConstraints")):
        if not _selected(spread.get("labelSelector"), [one]):
            yield rendered.found(
                "K8S002", one, f"its spread over {spread.get('topologyKey')} does not count its own pods"
            )


@class_rule("K8S012")
def references_lead_somewhere(rendered: Rendered) -> Iterator[Finding]:
    """What pods, routes, bindings and ExternalSecrets name is in the render, or made by something in it."""
    keys = _keys(rendered)
    for one in rendered.objects:
        for kind, name, key in _references(one):
            if (kind, name) not in keys:
                yield rendered.found("K8S012", one, f"there is no {kind} {name}")
            elif key and key not in keys[kind, name]:
                yield rendered.found("K8S012", one, f"the {kind} {name} has no key {key}")


def _keys(rendered: Rendered) -> dict[tuple[str, str], set[str]]:
    """Return what can be referred to, by kind and name, with its keys; a Secret is what an ExternalSecret makes."""
    keys = {(one["kind"], one["metadata"]["name"]): set(mapping(one.get("data"))) for one in rendered.objects}
    for one in rendered.of_kind("ExternalSecret"):
        target = str(mapping(_spec(one).get("target")).get("name", one["metadata"]["name"]))
        keys["Secret", target] = {str(item.get("secretKey")) for item in mappings(_spec(one).get("data"))}
    return keys


def _references(one: Object) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and key, or no key, of everything in the namespace that an object cannot do without."""
    spec = _spec(one)
    match one["kind"]:
        case "RoleBinding":
            role = mapping(one.get("roleRef"))
            yield str(role.get("kind")), str(role.get("name")), ""
        case "ExternalSecret":
            store = mapping(spec.get("secretStoreRef"))
            yield str(store.get("kind")), str(store.get("name")), ""
        case "HTTPRoute":
            for rule in mappings(spec.get("rules")):
                yield from (("Service", str(to.get("name")), "") for to in mappings(rule.get("backendRefs")))
        case "Ingress":
            yield from (("Service", str(service.get("name")), "") for service in _ingress_services(spec))
        case _:
            yield from _pod_references(mapping(pod_spec(one)))


def _ingress_services(spec: Object) -> Iterator[Object]:
    backends = [
        path.get("backend")
        for rule in mappings(spec.get("rules"))
        for path in mappings(mapping(rule.get("http")).get("paths"))
    ]
    for backend in (*backends, spec.get("defaultBackend")):
        if service := mapping(mapping(backend).get("service")):
            yield service


def _pod_references(spec: Object) -> Iterator[tuple[str, str, str]]:
    if "serviceAccountName" in spec:
        yield "ServiceAccount", str(spec["serviceAccountName"]), ""
    yield from (("Secret", str(one.get("name")), "") for one in mappings(spec.get("imagePullSecrets")))
    for volume in mappings(spec.get("volumes")):
        yield from _volume_references(volume)
        for source in mappings(mapping(volume.get("projected")).get("sources")):
            yield from _volume_references(source)
    for container in all_containers(spec):
        for source in mappings(container.get("envFrom")):
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if (found := mapping(source.get(field))) and not found.get("optional"):
                    yield kind, str(found.get("name")), ""
        for variable in mappings(container.get("env")):
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                found = mapping(mapping(variable.get("valueFrom")).get(field))
                if found and not found.get("optional"):
                    yield kind, str(found.get("name")), str(found.get("key"))


def _volume_references(volume: Object) -> Iterator[tuple[str, str, str]]:
    if claim := mapping(volume.get("persistentVolumeClaim")):
        yield "PersistentVolumeClaim", str(claim.get("claimName")), ""
    for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        source = mapping(volume.get(field))
        if source and not source.get("optional"):
            name = str(source.get("secretName", source.get("name")))
            items = [str(item.get("key")) for item in mappings(source.get("items"))]
            yield from ((kind, name, key) for key in items or [""])


@class_rule("K8S014")
def ports_are_there(rendered: Rendered) -> Iterator[Finding]:
    """Every port that a Service, a route, a probe or a policy names is one of the pods or Services that it means."""
    workloads = _workloads(rendered)
    services = _named(rendered, "Service")
    for one in rendered.objects:
        spec = _spec(one)
        match one["kind"]:
            case "Service":
                pods = _selected({"matchLabels": spec.get("selector")}, workloads) if spec.get("selector") else []
                for port in mappings(spec.get("ports")):
                    yield from _port(rendered, one, "targetPort", port.get("targetPort", port.get("port")), pods)
            case "HTTPRoute":
                for rule in mappings(spec.get("rules")):
                    for to in mappings(rule.get("backendRefs")):
                        yield from _service_port(rendered, one, services.get(str(to.get("name"))), to.get("port"))
            case "Ingress":
                for service in _ingress_services(spec):
                    port = mapping(service.get("port"))
                    wanted = port.get("name", port.get("number"))
                    yield from _service_port(rendered, one, services.get(str(service.get("name"))), wanted)
            case "NetworkPolicy":
                yield from _policy_ports(rendered, one, workloads)
            case _:
                yield from _probe_ports(rendered, one)


def _ports(workload: Object) -> list[Any]:
    ports = [port for one in all_containers(mapping(pod_spec(workload))) for port in mappings(one.get("ports"))]
    return [port.get(key) for port in ports for key in ("name", "containerPort")]


def _port(rendered: Rendered, one: Object, what: str, wanted: Any, pods: Sequence[Object]) -> Iterator[Finding]:
    for pod in pods:
        if wanted not in _ports(pod):
            yield rendered.found("K8S014", one, f"{what} {wanted} is no port of {identity(pod)}")


def _service_port(rendered: Rendered, one: Object, service: Object | None, wanted: Any) -> Iterator[Finding]:
    if service is None:
        return  # K8S012 says so
    if wanted not in [port.get(key) for port in mappings(_spec(service).get("ports")) for key in ("name", "port")]:
        yield rendered.found("K8S014", one, f"port {wanted} is no port of {identity(service)}")


def _policy_ports(rendered: Rendered, one: Object, workloads: Sequence[Object]) -> Iterator[Finding]:
    """A named port is one of the pods that are reached; a policy for every pod means those that have it."""
    spec = _spec(one)
    for rule in mappings(spec.get("ingress")):
        for port in mappings(rule.get("ports")):
            if isinstance(port.get("port"), str) and spec.get("podSelector"):
                yield from _port(rendered, one, "ingress port", port["port"], _selected(spec["podSelector"], workloads))
    for rule in mappings(spec.get("egress")):
        for port in mappings(rule.get("ports")):
            for peer in mappings(rule.get("to")):
                at_home = peer.get("podSelector") and "namespaceSelector" not in peer
                if isinstance(port.get("port"), str) and at_home:
                    pods = _selected(peer["podSelector"], workloads)
                    yield from _port(rendered, one, "egress port", port["port"], pods)


def _probe_ports(rendered: Rendered, one: Object) -> Iterator[Finding]:
    for container in all_containers(mapping(pod_spec(one))):
        names = [port.get("name") for port in mappings(container.get("ports"))]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            for how in ("httpGet", "tcpSocket"):
                port = mapping(mapping(container.get(probe)).get(how)).get("port")
                if isinstance(port, str) and port not in names:
                    yield rendered.found(
                        "K8S014", one, f"{probe} port {port} is no port of container {container.get('name')}"
                    )


# --- resources


@class_rule("K8S003")
def containers_say_what_they_take(rendered: Rendered) -> Iterator[Finding]:
    """Every container requests and bounds CPU and memory, and whatever else of the kind the quota counts."""
    counted = {key for one in rendered.of_kind("ResourceQuota") for key in mapping(_spec(one).get("hard"))}
    wanted = {(side, resource) for side in ("requests", "limits") for resource in ("cpu", "memory")}
    wanted |= {(side, "ephemeral-storage") for side in ("requests", "limits") if f"{side}.ephemeral-storage" in counted}
    for one in _workloads(rendered):
        for container in all_containers(mapping(pod_spec(one))):
            resources = mapping(container.get("resources"))
            for side, resource in sorted(wanted):
                if resource not in mapping(resources.get(side)):
                    yield rendered.found("K8S003", one, f"container {container.get('name')} has no {side}.{resource}")


def _limits(rendered: Rendered) -> list[Limit]:
    limits = []
    for one in rendered.of_kind("LimitRange"):
        for item in mappings(_spec(one).get("limits")):
            try:
                limits.append(read_limit(item))
            except ValueError:
                continue  # K8S001 says so
    return limits


@class_rule("K8S004")
def pods_and_volumes_fit_the_limit_range(rendered: Rendered) -> Iterator[Finding]:
    """With the defaults filled in, admission refuses no container, pod or claim."""
    limits = _limits(rendered)
    for one in rendered.objects:
        try:
            if one["kind"] == "PersistentVolumeClaim":
                for why in refused_claim(_spec(one), limits):
                    yield rendered.found("K8S004", one, f"it {why}")
            elif (spec := pod_spec(one)) is not None:
                for what, why in refusals(spec, limits):
                    yield rendered.found("K8S004", one, f"{what} {why}")
        except ValueError:
            continue  # K8S001 says so


@class_rule("K8S013")
def the_limit_range_is_sound(rendered: Rendered) -> Iterator[Finding]:
    """There is one LimitRange, what it fills in passes it, and it fills in what the quota demands (R2, R3)."""
    ranges = list(rendered.of_kind("LimitRange"))
    for one in ranges[1:]:
        fact = f"this is a second LimitRange beside {ranges[0]['metadata']['name']}: which default wins is undefined"
        yield rendered.found("K8S013", one, fact)
    for one in ranges:
        for item in mappings(_spec(one).get("limits")):
            try:
                limit = read_limit(item)
            except ValueError:
                continue  # K8S001 says so
            yield from (rendered.found("K8S013", one, fact) for fact in inconsistencies(limit))
    filled = [one for one in _limits(rendered) if one.type == CONTAINER]
    for quota in rendered.of_kind("ResourceQuota"):
        for key in mapping(_spec(quota).get("hard")):
            side, _, resource = str(key).partition(".")
            if resource in ("cpu", "memory", "ephemeral-storage") and not any(
                resource in (one.default if side == "limits" else one.default_request) for one in filled
            ):
                fact = f"it counts {key}, and no LimitRange gives it to a container that says nothing"
                yield rendered.found("K8S013", quota, fact, "a pod without it would be refused")


@class_rule("K8S005")
def autoscalers_can_work(rendered: Rendered) -> Iterator[Finding]:
    """An autoscaler has a target of its own in the render, a metric that can be measured, and bounds in order."""
    workloads = {(one["apiVersion"], one["kind"], one["metadata"]["name"]): one for one in _workloads(rendered)}
    for same in _autoscalers(rendered).values():
        for other in same[1:]:
            yield rendered.found("K8S005", other, f"{identity(same[0])} scales the same target already")
    for one in rendered.of_kind("HorizontalPodAutoscaler"):
        spec = _spec(one)
        if one["apiVersion"] != "autoscaling/v2":
            yield rendered.found("K8S005", one, f"it is {one['apiVersion']}: write autoscaling/v2")
        ref = mapping(spec.get("scaleTargetRef"))
        target = workloads.get((str(ref.get("apiVersion")), str(ref.get("kind")), str(ref.get("name"))))
        if target is None:
            yield rendered.found(
                "K8S005", one, f"there is no {ref.get('apiVersion')} {ref.get('kind')} {ref.get('name')}"
            )
        least, most = whole(spec.get("minReplicas"), 1), whole(spec.get("maxReplicas"), 1)
        if least > most:
            yield rendered.found("K8S005", one, f"minReplicas {least} is more than maxReplicas {most}")
        if least < 1:
            yield rendered.found("K8S005", one, "minReplicas 0 switches it off")
        metrics = list(mappings(spec.get("metrics")))
        if not metrics:
            yield rendered.found("K8S005", one, "it has no metric: write out which load it follows")
        for metric in metrics if target else ():
            yield from _unmeasurable(rendered, one, metric, mapping(pod_spec(target or {"kind": ""})))


def _unmeasurable(rendered: Rendered, one: Object, metric: Object, spec: Object) -> Iterator[Finding]:
    source = mapping(metric.get("resource") or metric.get("containerResource"))
    if mapping(source.get("target")).get("type") != "Utilization":
        return
    for container in mappings(spec.get("containers")):
        if "containerResource" in metric and container.get("name") != source.get("container"):
            continue
        resource = str(source.get("name"))
        if resource not in mapping(mapping(container.get("resources")).get("requests")):
            fact = f"it follows the use of {resource}, which container {container.get('name')} does not request"
            yield rendered.found("K8S005", one, fact)


# --- volumes, disruptions, probes


@class_rule("K8S006")
def shared_volumes_can_be_shared(rendered: Rendered) -> Iterator[Finding]:
    """A volume for one node or one pod is not mounted where two pods can be at once (W1)."""
    claims = _named(rendered, "PersistentVolumeClaim")
    for one in _workloads(rendered):
        mounted = [
            string(mapping(volume.get("persistentVolumeClaim")).get("claimName"))
            for volume in mappings(mapping(pod_spec(one)).get("volumes"))
        ]
        for claim in (claims[name] for name in mounted if name in claims):
            modes = list(strings(_spec(claim).get("accessModes")))
            if {"ReadWriteMany", "ReadOnlyMany"} & set(modes):
                continue
            _, most = _replicas(rendered, one)
            what = f"the volume {claim['metadata']['name']} is {', '.join(modes)}"
            if most > 1:
                yield rendered.found("K8S006", one, f"{what}, and there may be {most} pods")
            elif one["kind"] == "Deployment" and mapping(_spec(one).get("strategy")).get("type") != "Recreate":
                yield rendered.found(
                    "K8S006", one, f"{what}, and a roll-out starts the new pod before the old one ends"
                )


@class_rule("K8S007")
def no_replica_has_a_volume_of_its_own(rendered: Rendered) -> Iterator[Finding]:
    """A StatefulSet that makes a volume for each replica has one replica (W2)."""
    for one in rendered.of_kind("StatefulSet"):
        _, most = _replicas(rendered, one)
        if _spec(one).get("volumeClaimTemplates") and most > 1:
            yield rendered.found("K8S007", one, f"each of up to {most} replicas would have a volume of its own")


@class_rule("K8S008")
def nodes_can_be_drained(rendered: Rendered) -> Iterator[Finding]:
    """A PodDisruptionBudget lets at least one pod go while there are as few as there may be (R12)."""
    workloads = _workloads(rendered)
    for one in rendered.of_kind("PodDisruptionBudget"):
        for workload in _selected(_spec(one).get("selector"), workloads):
            least, _ = _replicas(rendered, workload)
            may_go = _disruptions(_spec(one), least)
            if may_go is not None and may_go < 1:
                fact = f"at {least} of {identity(workload)} it lets no pod go: a drain waits for ever"
                yield rendered.found("K8S008", one, fact)


def _disruptions(spec: Object, replicas: int) -> int | None:
    """Return how many pods may go; Kubernetes rounds percentages up, in both fields."""
    if "maxUnavailable" in spec:
        return _of(spec["maxUnavailable"], replicas)
    return replicas - _of(spec["minAvailable"], replicas) if "minAvailable" in spec else None


def _of(value: Any, replicas: int) -> int:
    percent = str(value).removesuffix("%")
    if percent.isdecimal() and str(value).endswith("%"):
        return math.ceil(replicas * int(percent) / 100)
    return whole(value, 1)


@class_rule("K8S009")
def a_promise_needs_two_pods(rendered: Rendered) -> Iterator[Finding]:
    """A plan that promises availability has two file servers at all times."""
    plan = rendered.platform.plans[rendered.tenant.plan]
    for one in rendered.of_kind("Deployment"):
        least, _ = _replicas(rendered, one)
        if one["metadata"]["name"] == FILESERVER and plan.availability and least < 2:  # noqa: PLR2004 -- one and another
            fact = f"plan {plan.name} promises {plan.availability}, and {least} pod may be all there is"
            yield rendered.found("K8S009", one, fact, f"raise minReplicas of plan {plan.name}")


@class_rule("K8S011")
def pods_are_probed_and_spread(rendered: Rendered) -> Iterator[Finding]:
    """Containers of a Deployment are probed, and its pods are spread over nodes."""
    for one in rendered.of_kind("Deployment"):
        spec = mapping(pod_spec(one))
        for container in mappings(spec.get("containers")):
            for probe in ("readinessProbe", "livenessProbe"):
                if not container.get(probe):
                    yield rendered.found("K8S011", one, f"container {container.get('name')} has no {probe}")
        keys = [spread.get("topologyKey") for spread in mappings(spec.get("topologySpreadConstraints"))]
        if "kubernetes.io/hostname" not in keys:
            yield rendered.found("K8S011", one, "its pods are not spread over nodes")
