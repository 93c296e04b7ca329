"""K8S: selectors select, references lead somewhere, ports are there."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from generator.findings.finding import Found
from generator.kube.lenient import Object, mapping, mappings, spec_of, string, strings
from generator.kube.pods import pod_spec
from generator.render.rendered import Rendered, identity
from generator.rules.podsecurity import all_containers
from generator.rules.relations import selected_by
from generator.rules.rule import Per, rule

_SELECTING: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


@rule(
    "K8S002",
    per=Per.CLASS,
    title="a selector selects the pods that it is meant for",
    why="A Service without pods answers nobody, a policy without pods guards nothing, a Deployment is refused.",
    fix="Use the labels of the pod template.",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/",
)
def selectors_select(rendered: Rendered) -> Iterator[Found]:
    """Every selector selects pods of the render, and a workload's no other's; that it selects its own K8S015 says."""
    workloads = rendered.workloads
    for obj in rendered.objects:
        spec = spec_of(obj)
        if obj["kind"] in _SELECTING:
            yield from _own_pods(rendered, obj, workloads)
        elif obj["kind"] == "Service" and spec.get("selector"):
            yield from _pods_of_service(rendered, obj, workloads)
        elif obj["kind"] == "PodDisruptionBudget" and not selected_by(spec.get("selector"), workloads):
            yield rendered.found(obj, "its selector selects no pod")
        elif (
            obj["kind"] == "NetworkPolicy"
            and spec.get("podSelector")
            and not selected_by(spec["podSelector"], workloads)
        ):
            yield rendered.found(obj, "its podSelector selects no pod: it guards nothing")


def _pods_of_service(rendered: Rendered, service: Object, workloads: Sequence[Object]) -> Iterator[Found]:
    """A Service selects pods; one that is called as a workload those of this one: add-ons call it by that name."""
    selected = selected_by({"matchLabels": spec_of(service)["selector"]}, workloads)
    name = service["metadata"]["name"]
    if not selected:
        yield rendered.found(service, "its selector selects no pod")
    elif any(workload["metadata"]["name"] == name for workload in workloads):
        for other in selected:
            if other["metadata"]["name"] != name:
                fact = f"it is called as {name}, and its selector selects the pods of {identity(other)}"
                yield rendered.found(service, fact, f"select the pods of {name} alone, or call it otherwise")


def _own_pods(rendered: Rendered, obj: Object, workloads: Sequence[Object]) -> Iterator[Found]:
    selected = selected_by(spec_of(obj).get("selector"), workloads)
    for other in selected:
        if other is not obj:
            yield rendered.found(obj, f"its selector selects the pods of {identity(other)} as well")
    for spread in mappings(mapping(pod_spec(obj)).get("topologySpreadConstraints")):
        if not selected_by(spread.get("labelSelector"), [obj]):
            yield rendered.found(obj, f"its spread over {spread.get('topologyKey')} does not count its own pods")


@rule(
    "K8S012",
    per=Per.CLASS,
    title="what is referred to is there",
    why="A pod that waits for a Secret that nobody makes never starts; a route without its Service answers 500.",
    fix="Add the object or fix the name.",
    source="https://kubernetes.io/docs/concepts/configuration/secret/",
)
def references_lead_somewhere(rendered: Rendered) -> Iterator[Found]:
    """What pods, routes, bindings and ExternalSecrets name is in the render, or made by something in it."""
    keys = _keys(rendered)
    for obj in rendered.objects:
        for kind, name, key in _references(obj):
            if (kind, name) not in keys:
                yield rendered.found(obj, f"there is no {kind} {name}")
            elif key and key not in keys[kind, name] and _ANY not in keys[kind, name]:
                yield rendered.found(obj, f"the {kind} {name} has no key {key}")


_ANY: Final = "*"
"""Among the keys of a Secret that takes whatever the store has."""


def _keys(rendered: Rendered) -> dict[tuple[str, str], set[str]]:
    """Return what can be referred to, by kind and name, with its keys; a Secret is what an ExternalSecret makes."""
    keys = {(obj["kind"], obj["metadata"]["name"]): set(mapping(obj.get("data"))) for obj in rendered.objects}
    for external_secret in rendered.of_kind("ExternalSecret"):
        target = str(mapping(spec_of(external_secret).get("target")).get("name", external_secret["metadata"]["name"]))
        read = {str(item.get("secretKey")) for item in mappings(spec_of(external_secret).get("data"))}
        read |= {_ANY for _ in mappings(spec_of(external_secret).get("dataFrom"))}
        written = mapping(mapping(mapping(spec_of(external_secret).get("target")).get("template")).get("data"))
        keys["Secret", target] = set(written) or read  # a template's keys stand in the place of those that are read
    return keys


def _references(obj: Object) -> Iterator[tuple[str, str, str]]:
    """Yield kind, name and key, or no key, of everything in the namespace that an object requires."""
    spec = spec_of(obj)
    match obj["kind"]:
        case "RoleBinding":
            role = mapping(obj.get("roleRef"))
            yield str(role.get("kind")), str(role.get("name")), ""
        case "ExternalSecret":
            store = mapping(spec.get("secretStoreRef"))
            yield str(store.get("kind")), str(store.get("name")), ""
        case "HTTPRoute":
            for item in mappings(spec.get("rules")):
                yield from (("Service", str(to.get("name")), "") for to in mappings(item.get("backendRefs")))
        case "Ingress":
            yield from (("Service", str(service.get("name")), "") for service in _ingress_services(spec))
        case "HorizontalPodAutoscaler":
            for metric in mappings(spec.get("metrics")):
                if described := mapping(mapping(metric.get("object")).get("describedObject")):
                    yield str(described.get("kind")), str(described.get("name")), ""
        case _:
            if spec.get("serviceName") and obj["kind"] == "StatefulSet":
                yield "Service", str(spec["serviceName"]), ""
            yield from _pod_references(mapping(pod_spec(obj)))


def _ingress_services(spec: Object) -> Iterator[Object]:
    backends = [
        path.get("backend")
        for item in mappings(spec.get("rules"))
        for path in mappings(mapping(item.get("http")).get("paths"))
    ]
    for backend in (*backends, spec.get("defaultBackend")):
        if service := mapping(mapping(backend).get("service")):
            yield service


@references_lead_somewhere.also(Per.CLASS)
def files_that_are_named_are_mounted(rendered: Rendered) -> Iterator[Found]:
    """A file below a mount that a container is told of, or a part of it that it mounts, is a key of what is mounted."""
    keys = _keys(rendered)
    for obj in rendered.workloads:
        spec = mapping(pod_spec(obj))
        files = {volume.get("name"): _files(volume, keys) for volume in mappings(spec.get("volumes"))}
        for container in all_containers(spec):
            paths = [path for word in _words(container) for path in _PATH.findall(word)]
            for mount in mappings(container.get("volumeMounts")):
                has = files.get(mount.get("name"), set())
                for file in _told(paths, mount):
                    if has and not has & {file, _ANY}:
                        fact = f"container {container.get('name')} is told of {file} in the volume {mount.get('name')}"
                        there = ", ".join(sorted(has))
                        yield rendered.found(obj, f"{fact}, and there is no such file", f"it has {there}")


_ACTION: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_KEY: Final = re.compile(r'(?<![\w.")$])\.([A-Za-z_]\w*)|index\s+\.\s+"([^"]+)"')
_BLOCK: Final = re.compile(r"\b(range|with|define|template|block)\b")
"""Within them a dot is something else."""


@references_lead_somewhere.also(Per.CLASS)
def templates_use_keys_that_are_read(rendered: Rendered) -> Iterator[Found]:
    """What the template of an ExternalSecret writes is made of keys that it reads; else no Secret is ever made."""
    for external_secret in rendered.of_kind("ExternalSecret"):
        spec = spec_of(external_secret)
        read = {str(item.get("secretKey")) for item in mappings(spec.get("data"))}
        written = mapping(mapping(mapping(spec.get("target")).get("template")).get("data"))
        for name, text in written.items() if not spec.get("dataFrom") else ():
            actions = _ACTION.findall(str(text)) if not _BLOCK.search(str(text)) else []
            used = [plain or quoted for action in actions for plain, quoted in _KEY.findall(action)]
            for key in sorted(set(used) - read):
                where = ("spec", "target", "template", "data", name)
                fact = f"it is made of the key {key}, which nothing is read into"
                yield rendered.found_at(external_secret, where, fact, f"it reads {', '.join(sorted(read))}")


def _files(volume: Object, keys: Mapping[tuple[str, str], set[str]]) -> set[str]:
    """Return the files that a volume has by the keys of a ConfigMap or Secret; nothing of any other, or of none."""
    found: set[str] = set()
    sources = [volume, *mappings(mapping(volume.get("projected")).get("sources"))]
    for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        for source in (mapping(one.get(field)) for one in sources):
            name = str(source.get("secretName", source.get("name")))
            named = {string(item.get("path")).partition("/")[0] for item in mappings(source.get("items"))}
            found |= (named or keys.get((kind, name), set())) if source else set()
    return found


_PATH: Final = re.compile(r"/[\w./-]+")


def _words(container: Object) -> Iterator[str]:
    """Yield the words and variables that a container is started with."""
    yield from strings(container.get("command"))
    yield from strings(container.get("args"))
    yield from strings([variable.get("value") for variable in mappings(container.get("env"))])


def _told(paths: Sequence[str], mount: Object) -> Iterator[str]:
    """Yield the files of a mount that paths name, or the part of it that alone is mounted."""
    home = string(mount.get("mountPath")).rstrip("/") + "/"
    if part := string(mount.get("subPath")):
        yield part.partition("/")[0]
        return
    yield from (path.removeprefix(home).partition("/")[0] for path in paths if path.startswith(home) and path != home)


def _pod_references(spec: Object) -> Iterator[tuple[str, str, str]]:
    if "serviceAccountName" in spec:
        yield "ServiceAccount", str(spec["serviceAccountName"]), ""
    yield from (("Secret", str(secret.get("name")), "") for secret in mappings(spec.get("imagePullSecrets")))
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


@rule(
    "K8S014",
    per=Per.CLASS,
    title="a port that is named is a port of the pods",
    why="A Service, route or policy that names another lets nothing through, in silence.",
    fix="Use the name of a container's port.",
    source="https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports",
)
def ports_are_there(rendered: Rendered) -> Iterator[Found]:
    """Every port that a Service, a route, a probe or a policy names is one of the pods or Services that it means."""
    workloads = rendered.workloads
    services = rendered.named("Service")
    for obj in workloads:
        yield from _ports_of_one_name(rendered, obj)
    for obj in rendered.objects:
        spec = spec_of(obj)
        match obj["kind"]:
            case "Service":
                pods = selected_by({"matchLabels": spec.get("selector")}, workloads) if spec.get("selector") else []
                for port in mappings(spec.get("ports")):
                    wanted = port.get("targetPort", port.get("port"))
                    yield from _port(rendered, obj, "targetPort", wanted, _protocol(port), pods)
            case "HTTPRoute":
                for item in mappings(spec.get("rules")):
                    for to in mappings(item.get("backendRefs")):
                        yield from _service_port(rendered, obj, services.get(str(to.get("name"))), to.get("port"))
            case "Ingress":
                for service in _ingress_services(spec):
                    port = mapping(service.get("port"))
                    wanted = port.get("name", port.get("number"))
                    yield from _service_port(rendered, obj, services.get(str(service.get("name"))), wanted)
            case "NetworkPolicy":
                yield from _policy_ports(rendered, obj, workloads)
            case _:
                yield from _probe_ports(rendered, obj)


def _protocol(port: Object) -> str:
    return string(port.get("protocol")) or "TCP"


def _ports_of_one_name(rendered: Rendered, workload: Object) -> Iterator[Found]:
    """Yield the containers that give their ports names of other containers' ports."""
    numbers: dict[str, Any] = {}
    for container in all_containers(mapping(pod_spec(workload))):
        for port in mappings(container.get("ports")):
            name, number = string(port.get("name")), port.get("containerPort")
            if name and numbers.setdefault(name, number) != number:
                fact = f"container {container.get('name')} calls its port {number} {name}, as port {numbers[name]} is"
                hint = "call it otherwise: a Service leads to the first of the two, and a policy may open both"
                yield rendered.found(workload, fact, hint)


def _ports(workload: Object) -> dict[Any, list[str]]:
    """Return the protocols of each container port, by its name and by its number."""
    protocols = defaultdict(list)
    for container in all_containers(mapping(pod_spec(workload))):
        for port in mappings(container.get("ports")):
            for key in ("name", "containerPort"):
                protocols[port.get(key)].append(_protocol(port))
    return protocols


def _port(
    rendered: Rendered, obj: Object, what: str, wanted: Any, protocol: str, pods: Sequence[Object]
) -> Iterator[Found]:
    for pod in pods:
        there = _ports(pod).get(wanted)
        if there is None:
            yield rendered.found(obj, f"{what} {wanted} is no port of {identity(pod)}")
        elif protocol not in there:
            fact = f"{what} {wanted} is {' and '.join(there)} in {identity(pod)}, not {protocol}"
            yield rendered.found(obj, fact, "write the protocol of the container's port")


def _service_port(rendered: Rendered, obj: Object, service: Object | None, wanted: Any) -> Iterator[Found]:
    if service is None:
        return  # K8S012 says so
    ports = [port for port in mappings(spec_of(service).get("ports")) if wanted in (port.get("name"), port.get("port"))]
    if not ports:
        yield rendered.found(obj, f"port {wanted} is no port of {identity(service)}")
    elif all(_protocol(port) != "TCP" for port in ports):
        fact = f"port {wanted} of {identity(service)} is {_protocol(ports[0])}, and requests come by TCP"
        yield rendered.found(obj, fact, "write protocol: TCP there")


def _policy_ports(rendered: Rendered, obj: Object, workloads: Sequence[Object]) -> Iterator[Found]:
    """A named port is one of the pods that are reached; a policy for every pod means those that have it."""
    spec = spec_of(obj)
    for item in mappings(spec.get("ingress")):
        for port in mappings(item.get("ports")):
            if isinstance(port.get("port"), str) and spec.get("podSelector"):
                pods = selected_by(spec["podSelector"], workloads)
                yield from _port(rendered, obj, "ingress port", port["port"], _protocol(port), pods)
    for item in mappings(spec.get("egress")):
        for port in mappings(item.get("ports")):
            for peer in mappings(item.get("to")):
                at_home = peer.get("podSelector") and "namespaceSelector" not in peer
                if isinstance(port.get("port"), str) and at_home:
                    pods = selected_by(peer["podSelector"], workloads)
                    yield from _port(rendered, obj, "egress port", port["port"], _protocol(port), pods)


def _probe_ports(rendered: Rendered, obj: Object) -> Iterator[Found]:
    for container in all_containers(mapping(pod_spec(obj))):
        names = [port.get("name") for port in mappings(container.get("ports"))]
        asks = {**container, **mapping(container.get("lifecycle"))}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe", "postStart", "preStop"):
            for how in ("httpGet", "tcpSocket"):
                port = mapping(mapping(asks.get(probe)).get(how)).get("port")
                if isinstance(port, str) and port not in names:
                    yield rendered.found(obj, f"{probe} port {port} is no port of container {container.get('name')}")
