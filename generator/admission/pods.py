"""The spec of a pod: what holds its containers together.

Source: ValidatePodSpec of k8s.io/kubernetes/pkg/apis/core/validation.
"""

import posixpath
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from generator.admission import claims, containers, forms, metadata, placement, volumes
from generator.admission.claims import amount_of, check_amounts, resource_problem
from generator.admission.problem import Part, Problem
from generator.admission.ranges import MOST, check_bounds, check_needed, check_unique, check_words
from generator.kube.lenient import mapping, mappings, sequence, string
from generator.kube.pods import is_sidecar
from generator.reading.schema import Path

_WORDS: Final = {
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "preemptionPolicy": ("Never", "PreemptLowerPriority"),
    "restartPolicy": ("Always", "Never", "OnFailure"),
}
_NOT_UNDERSTOOD: Final = ("hostnameOverride", "resourceClaims", "schedulingGroup")
"""Fields of the newest versions whose checks depend on gates of the cluster."""

_CONTAINERS: Final = ("initContainers", "containers")
_MOST_SERVERS: Final = 3
_MOST_DOMAINS: Final = 32
_MOST_OF_DOMAINS: Final = 2048


def check_pod(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a pod."""
    spec = part.data
    yield from _check_volumes_and_mounts(part)
    yield from _check_containers(part)
    yield from _named_of_containers(part)
    yield from check_words(part, _WORDS)
    yield from check_bounds(part, {"activeDeadlineSeconds": (1, MOST)})
    for field in ("serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"):
        yield from forms.DNS_NAME.check(part, field) if spec.get(field) else ()
    for field in ("hostname", "subdomain"):
        yield from forms.DNS_LABEL.check(part, field) if spec.get(field) else ()
    for field in _NOT_UNDERSTOOD:
        if field in spec:
            yield part.problem("tenantry does not know what the API server checks of it", field, hint="remove it")
    if "os" in spec:
        yield from _check_system(part.below(mapping(spec["os"]), "os"))
    if spec.get("ephemeralContainers"):
        yield part.problem("a template has no ephemeral containers", "ephemeralContainers", hint="remove them")
    if spec.get("serviceAccount", spec.get("serviceAccountName")) != spec.get("serviceAccountName"):
        hint = "write serviceAccountName, and remove it"
        yield part.problem("nobody reads this old name of serviceAccountName", "serviceAccount", hint=hint)
    yield from _check_host_ports(part)
    for field in ("hostIPC", "hostNetwork", "hostPID"):
        if spec.get(field) and spec.get("hostUsers") is False:
            yield part.problem(f"a pod has {field} or hostUsers: false", field, hint="keep one of the two")
    if spec.get("hostPID") and spec.get("shareProcessNamespace"):
        yield part.problem("a pod has hostPID or shareProcessNamespace", "shareProcessNamespace")
    yield from metadata.check_labels(part, "nodeSelector")
    yield from _check_names(part)
    yield from _check_dns(part)
    yield from placement.check_placement(part)
    yield from _check_security(part)
    yield from _check_amounts(part)


def _check_system(part: Part) -> Iterator[Problem]:
    yield from check_needed(part, "name")
    name = part.data.get("name")
    if name and name != "linux":
        yield part.problem("tenantry knows pods of Linux alone", "name", hint="write linux")


def _check_names(part: Part) -> Iterator[Problem]:
    for number, item in enumerate(sequence(part.data.get("readinessGates"))):
        if fact := forms.key_problem(string(mapping(item).get("conditionType"))):
            yield part.problem(fact, "readinessGates", number, "conditionType")
    for number, item in enumerate(sequence(part.data.get("schedulingGates"))):
        if fact := forms.key_problem(string(mapping(item).get("name"))):
            yield part.problem(fact, "schedulingGates", number, "name")
    for number, item in enumerate(sequence(part.data.get("hostAliases"))):
        alias = part.below(mapping(item), "hostAliases", number)
        if fact := forms.address(alias.data.get("ip")):
            yield alias.problem(fact, "ip")
        for place, name in enumerate(sequence(alias.data.get("hostnames"))):
            if not forms.DNS_NAME.fits(name):
                yield alias.problem(forms.DNS_NAME.said_of(str(name)), "hostnames", place)


def _check_dns(part: Part) -> Iterator[Problem]:
    dns = part.below(mapping(part.data.get("dnsConfig")), "dnsConfig")
    servers, searches = sequence(dns.data.get("nameservers")), sequence(dns.data.get("searches"))
    if part.data.get("dnsPolicy") == "None" and not servers:
        yield part.problem("dnsPolicy None needs a nameserver", "dnsPolicy", hint="write dnsConfig.nameservers")
    if len(servers) > _MOST_SERVERS:
        yield dns.problem(f"{len(servers)} nameservers, and {_MOST_SERVERS} is the most", "nameservers")
    if len(searches) > _MOST_DOMAINS or len(" ".join(map(str, searches))) > _MOST_OF_DOMAINS:
        fact = f"more than {_MOST_DOMAINS} domains, or {_MOST_OF_DOMAINS} characters of them"
        yield dns.problem(fact, "searches")
    for number, server in enumerate(servers):
        if fact := forms.address(server):
            yield dns.problem(fact, "nameservers", number)
    for number, search in enumerate(searches):
        name = str(search)[:-1] if str(search).endswith(".") and search != "." else str(search)
        if name != "." and not forms.DNS_NAME.fits(name.replace("_", "-")):
            yield dns.problem(forms.DNS_NAME.said_of(str(search)), "searches", number)
    for number, item in enumerate(sequence(dns.data.get("options"))):
        yield from check_needed(dns.below(mapping(item), "options", number), "name")


# --- containers


def _check_containers(part: Part) -> Iterator[Problem]:
    names: set[str] = set()
    if not sequence(part.data.get("containers")):
        yield part.problem("a pod needs a container")
    for key in _CONTAINERS:
        for number, item in enumerate(sequence(part.data.get(key))):
            container = part.below(mapping(item), key, number)
            name = string(container.data.get("name"))
            if name in names and key == "containers":
                yield container.problem(f"an init container is called {name} as well", "name", hint="rename one")
            yield from containers.check_container(container, part.data)
            if key == "initContainers":
                names.add(name)
                yield from containers.check_init_container(container)
            for field in ("restartPolicy", "restartPolicyRules"):
                if field in container.data and (key == "containers" or field == "restartPolicyRules"):
                    yield container.problem(f"only an init container has a {field} here", field, hint="remove it")


def _check_host_ports(part: Part) -> Iterator[Problem]:
    taken: list[tuple[Any, ...]] = []
    for number, item in enumerate(sequence(part.data.get("containers"))):
        for place, port in enumerate(mappings(mapping(item).get("ports"))):
            host = (port.get("hostPort"), port.get("hostIP", ""), port.get("protocol", "TCP"))
            if host[0] and host in taken:
                steps = ("containers", number, "ports", place, "hostPort")
                yield part.problem(f"a second port has hostPort {host[0]}", *steps, hint="write another number")
            taken.append(host)


def _check_volumes_and_mounts(part: Part) -> Iterator[Problem]:
    given = list(mappings(part.data.get("volumes")))
    templates = claims.of_templates(part.whole)
    names = templates | {string(volume.get("name")) for volume in given}
    claimed = templates | {
        string(volume.get("name")) for volume in given if {"persistentVolumeClaim", "ephemeral"} & volume.keys()
    }
    for number, volume in enumerate(sequence(part.data.get("volumes"))):
        yield from volumes.check_volume(part.below(mapping(volume), "volumes", number))
    for key in _CONTAINERS:
        for number, item in enumerate(sequence(part.data.get(key))):
            container = part.below(mapping(item), key, number)
            for place, mount in enumerate(sequence(container.data.get("volumeMounts"))):
                inner = container.below(mapping(mount), "volumeMounts", place)
                yield from volumes.check_mount(inner, names)
                if inner.data.get("mountPropagation") == "Bidirectional" and not _is_privileged(container.data):
                    yield inner.problem("Bidirectional needs a privileged container", "mountPropagation")
            if part.data.get("hostUsers") is False and container.data.get("volumeDevices"):
                fact = "a pod with hostUsers: false has no devices"
                yield container.problem(fact, "volumeDevices", hint="mount the volume")
            for place, device in enumerate(sequence(container.data.get("volumeDevices"))):
                yield from volumes.check_device(container.below(mapping(device), "volumeDevices", place), claimed)
            yield from _mounted_and_attached(container)
            yield from _mounted_twice(container)


_VARIABLE_OF: Final = re.compile(r"\$\(([^)]+)\)")


def _named_of_containers(part: Part) -> Iterator[Problem]:
    """Say which containers and variables are named that are not there; the kubelet would not start the pod."""
    there = [string(container.get("name")) for key in _CONTAINERS for container in mappings(part.data.get(key))]
    for path, name in _container_names(part):
        if name and name not in there:
            hint = f"its containers are {', '.join(there)}"
            yield part.problem(f"there is no container {name} in this pod", *path, hint=hint)
    for key in _CONTAINERS:
        for number, item in enumerate(sequence(part.data.get(key))):
            known = {string(variable.get("name")) for variable in mappings(mapping(item).get("env"))}
            for place, mount in enumerate(sequence(mapping(item).get("volumeMounts"))):
                for variable in _VARIABLE_OF.findall(string(mapping(mount).get("subPathExpr"))):
                    if variable not in known and not mapping(item).get("envFrom"):
                        steps = (key, number, "volumeMounts", place, "subPathExpr")
                        yield part.problem(f"the container has no variable {variable}", *steps, hint="add it to env")


def _container_names(part: Part) -> Iterator[tuple[Path, str]]:
    """Yield the containers that files of the downward API name, with where."""
    for number, volume in enumerate(sequence(part.data.get("volumes"))):
        files: list[tuple[Path, Any]] = [(("volumes", number, "downwardAPI"), mapping(volume).get("downwardAPI"))]
        for place, source in enumerate(sequence(mapping(mapping(volume).get("projected")).get("sources"))):
            steps: Path = ("volumes", number, "projected", "sources", place, "downwardAPI")
            files.append((steps, mapping(source).get("downwardAPI")))
        for path, held in files:
            for place, item in enumerate(sequence(mapping(held).get("items"))):
                name = string(mapping(mapping(item).get("resourceFieldRef")).get("containerName"))
                yield (*path, "items", place, "resourceFieldRef", "containerName"), name


def _mounted_and_attached(part: Part) -> Iterator[Problem]:
    mounts = list(mappings(part.data.get("volumeMounts")))
    names, paths = [mount.get("name") for mount in mounts], [mount.get("mountPath") for mount in mounts]
    for number, device in enumerate(sequence(part.data.get("volumeDevices"))):
        if mapping(device).get("name") in names or mapping(device).get("devicePath") in paths:
            fact = "a volume is mounted or a device, and this one is both"
            yield part.problem(fact, "volumeDevices", number, hint="keep one of the two")


def _mounted_twice(part: Part) -> Iterator[Problem]:
    """Say which mounts lie over another one of the same folder; two of one spelling share their key: K8S016."""
    seen: dict[str, str] = {}
    for number, mount in enumerate(sequence(part.data.get("volumeMounts"))):
        path = string(mapping(mount).get("mountPath"))
        folder = posixpath.normpath(f"/{path.lstrip('/')}")
        if seen.setdefault(folder, path) != path:
            fact = f"it hides what is mounted at {seen[folder]}, the same folder"
            yield part.problem(fact, "volumeMounts", number, "mountPath", hint="mount it at another path")


def _is_privileged(container: Any) -> bool:
    return bool(mapping(mapping(container).get("securityContext")).get("privileged"))


# --- security and amounts


def _check_security(part: Part) -> Iterator[Problem]:
    context = part.below(mapping(part.data.get("securityContext")), "securityContext")
    yield from containers.check_identity(context)
    for number, group in enumerate(sequence(context.data.get("supplementalGroups"))):
        if isinstance(group, int) and not 0 <= group <= MOST:
            yield context.problem(f"{group} is not between 0 and {MOST}", "supplementalGroups", number)
    words = {
        "fsGroupChangePolicy": ("Always", "OnRootMismatch"),
        "supplementalGroupsPolicy": ("Merge", "Strict"),
        "seLinuxChangePolicy": ("MountOption", "Recursive"),
    }
    yield from check_words(context, words)
    yield from check_unique(context, "sysctls", "name", what="sysctl")
    for number, item in enumerate(sequence(context.data.get("sysctls"))):
        name = string(mapping(item).get("name"))
        if not placement.SYSCTL.fits(name):
            yield context.problem(placement.SYSCTL.said_of(name), "sysctls", number, "name")


def _check_amounts(part: Part) -> Iterator[Problem]:
    pod = part.below(mapping(part.data.get("resources")), "resources")
    yield from check_amounts(pod, pod=True)
    for resource in mapping(part.data.get("overhead")):
        if fact := resource_problem(resource):
            yield part.problem(fact, "overhead", resource)
    inner = list(mappings(part.data.get("containers")))
    for resource in mapping(pod.data.get("requests")):
        total = _asked_at_once(part, resource)
        given = amount_of(pod.data["requests"][resource])
        if given is not None and total > given:
            fact = f"its containers request {total:f} together, and the pod {pod.data['requests'][resource]}"
            yield pod.problem(fact, "requests", resource, hint="raise it, or lower those of the containers")
    for resource, text in mapping(pod.data.get("limits")).items():
        most = amount_of(text)
        for number, container in enumerate(inner):
            own = amount_of(mapping(mapping(container.get("resources")).get("limits")).get(resource))
            if own is not None and most is not None and own > most:
                fact = f"it is more than the limit {text} of its pod"
                yield part.problem(fact, "containers", number, "resources", "limits", resource)


_NOTHING: Final = Decimal(0)


def _asked_at_once(part: Part, resource: str) -> Decimal:
    """Return the most that the containers of a pod request at one time: those that start it, or those that stay."""
    staying, most = _NOTHING, _NOTHING
    for container in mappings(part.data.get("initContainers")):
        own = _asked(container, resource)
        if is_sidecar(container):
            staying += own
        most = max(most, staying if is_sidecar(container) else staying + own)
    return max(most, sum((_asked(container, resource) for container in mappings(part.data.get("containers"))), staying))


def _asked(container: Any, resource: str) -> Decimal:
    resources = mapping(mapping(container).get("resources"))
    value = mapping(resources.get("requests")).get(resource, mapping(resources.get("limits")).get(resource))
    return amount_of(value) or _NOTHING
