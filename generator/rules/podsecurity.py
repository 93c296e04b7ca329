"""The restricted profile of the Pod Security Standards, read statically from a pod template.

The Namespace's labels make the API server refuse such a pod, but a Deployment that asks for one is accepted and only
never gets it: so it is said here, before the merge. Source: the checks of kubernetes/pod-security-admission, whose
words for the fields are used, and https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.kube.lenient import mapping, mappings, sequence

_VOLUMES: Final = frozenset(
    "configMap downwardAPI emptyDir projected secret csi persistentVolumeClaim ephemeral image".split()
)
_SECCOMP: Final = ("RuntimeDefault", "Localhost")
_SELINUX: Final = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_SYSCTLS: Final = frozenset(
    "kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.ip_unprivileged_port_start net.ipv4.tcp_syncookies "
    "net.ipv4.ping_group_range net.ipv4.ip_local_reserved_ports net.ipv4.tcp_keepalive_time "
    "net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes "
    "net.ipv4.tcp_rmem net.ipv4.tcp_wmem".split()
)
_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_APPARMOR_PROFILES: Final = re.compile(r"(runtime/default|localhost/.*)?")


def all_containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the init containers, containers and ephemeral containers of a pod spec."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from mappings(spec.get(key))


def violations(template: Mapping[str, Any]) -> Iterator[str]:
    """Say what the restricted profile, and a read-only root filesystem besides, refuse in a pod template.

    Fields that reach for the node (host namespaces, hostPath, hostPort) are `reaches_for_the_node`'s.

    Args:
        template: Metadata and spec of the pod.
    """
    yield from _of_the_profile(template)
    for container in all_containers(mapping(template.get("spec"))):
        if mapping(container.get("securityContext")).get("readOnlyRootFilesystem") is not True:
            yield f"container {container.get('name')}: readOnlyRootFilesystem is not true"


def refused(template: Mapping[str, Any]) -> Iterator[str]:
    """Say why the API server refuses a pod where the restricted profile is enforced.

    Args:
        template: Metadata and spec of the pod.
    """
    yield from _of_the_profile(template)
    yield from _of_the_host(mapping(template.get("spec")))


def _of_the_profile(template: Mapping[str, Any]) -> Iterator[str]:
    spec = mapping(template.get("spec"))
    context = mapping(spec.get("securityContext"))
    yield from _either(context, "securityContext.")
    for sysctl in mappings(context.get("sysctls")):
        if str(sysctl.get("name")) not in _SYSCTLS:
            yield f"securityContext.sysctls holds {sysctl.get('name')}"
    for volume in mappings(spec.get("volumes")):
        for kind in sorted(volume.keys() - {"name", "hostPath"} - _VOLUMES):
            yield f"volume {volume.get('name')} is of the kind {kind}"
    for key, value in mapping(mapping(template.get("metadata")).get("annotations")).items():
        if key.startswith(_APPARMOR) and not _APPARMOR_PROFILES.fullmatch(str(value)):
            yield f"annotation {key} is {value}"
    for container in all_containers(spec):
        name = f"container {container.get('name')}: "
        yield from (f"{name}{fact}" for fact in _of_container(container, context))


def _either(context: Mapping[str, Any], where: str) -> Iterator[str]:
    """Say what is refused where it stands, in the pod's security context as in a container's."""
    if context.get("runAsUser") == 0:
        yield f"{where}runAsUser is 0"
    if context.get("runAsNonRoot") is False:
        yield f"{where}runAsNonRoot is false"
    seccomp = mapping(context.get("seccompProfile")).get("type", "RuntimeDefault")
    if seccomp not in _SECCOMP:
        yield f"{where}seccompProfile.type is {seccomp}"
    if mapping(context.get("windowsOptions")).get("hostProcess"):
        yield f"{where}windowsOptions.hostProcess is true"
    labels = mapping(context.get("seLinuxOptions"))
    if labels.get("type", "") not in _SELINUX:
        yield f"{where}seLinuxOptions.type is {labels['type']}"
    yield from (f"{where}seLinuxOptions.{key} is set" for key in ("user", "role") if labels.get(key))
    if mapping(context.get("appArmorProfile")).get("type") == "Unconfined":
        yield f"{where}appArmorProfile.type is Unconfined"


def _of_container(container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    own = mapping(container.get("securityContext"))
    yield from _either(own, "")
    if own.get("privileged"):
        yield "privileged is true"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if own.get("runAsNonRoot") is None and pod.get("runAsNonRoot") is None:
        yield "runAsNonRoot is not set"
    if not own.get("seccompProfile") and not pod.get("seccompProfile"):
        yield "seccompProfile is not set"
    if own.get("procMount", "Default") != "Default":
        yield f"procMount is {own['procMount']}"
    capabilities = mapping(own.get("capabilities"))
    if "ALL" not in sequence(capabilities.get("drop")):
        yield "capabilities.drop lacks ALL"
    for added in sequence(capabilities.get("add")):
        if added != "NET_BIND_SERVICE":
            yield f"capabilities.add holds {added}"
    for probe in (*_PROBES, "postStart", "preStop"):
        handlers = mapping(container if probe in _PROBES else container.get("lifecycle")).get(probe)
        for kind in ("httpGet", "tcpSocket"):
            if mapping(mapping(handlers).get(kind)).get("host"):
                yield f"{probe}.{kind} names a host of its own"


def reaches_for_the_node(spec: Mapping[str, Any]) -> Iterator[str]:
    """Say how a pod would reach for the node that it runs on, or for nodes that are not for it.

    Args:
        spec: The pod's spec.
    """
    yield from _of_the_host(spec)
    if spec.get("nodeName"):
        yield f"nodeName is {spec['nodeName']}: the scheduler is passed over"
    if str(spec.get("priorityClassName", "")).startswith("system-"):
        yield f"priorityClassName is {spec['priorityClassName']}: other companies' pods would give way"
    for toleration in mappings(spec.get("tolerations")):
        key = str(toleration.get("key") or "")
        if not key:
            yield "a toleration without a key tolerates every taint"
        elif key.startswith("node-role.kubernetes.io/"):
            yield f"the taint {key} is tolerated"


def _of_the_host(spec: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{key} is true" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key))
    for volume in mappings(spec.get("volumes")):
        if "hostPath" in volume:
            yield f"volume {volume.get('name')} is the node's {mapping(volume['hostPath']).get('path')}"
    for container in all_containers(spec):
        for port in mappings(container.get("ports")):
            if port.get("hostPort"):
                yield f"container {container.get('name')} takes port {port['hostPort']} of the node"
