"""One tenant's rendered objects as the evaluator needs them: its namespace, its pods, its policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from generator.reachability.policy import Direction, Endpoint, Peer, Policy, UnreadableError, read_policy
from generator.reachability.ranges import EVERY_ADDRESS, NOTHING, Ranges, network, packets, union

NAME_LABEL = "kubernetes.io/metadata.name"
"""The API server sets it on every namespace, and nobody can set it otherwise."""

STRANGER = "any other pod"
"""Stands for every pod that git does not know: a Job's, a certificate solver's, one started by hand."""

_POD_TEMPLATES = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses of the cluster, from `platform.yaml`, as CIDRs.

    An area that is left empty is not known, so that every `ipBlock` is taken to meet it where it matters.
    """

    nodes: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    api: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()

    def of_pods(self) -> Ranges:
        """Where a connection to or from a pod may appear: at the pod, a Service in front of it, or a node.

        Kubernetes leaves open whether addresses are rewritten before or after policies are applied.
        """
        if not (self.nodes and self.pods and self.services):
            return EVERY_ADDRESS
        return union(network(text) for text in (*self.nodes, *self.pods, *self.services))

    def areas(self) -> Iterator[tuple[str, str]]:
        """Every declared network with the name of its area."""
        for area in ("nodes", "pods", "services", "api", "metadata"):
            for text in getattr(self, area):
                yield area, text


@dataclass(frozen=True, slots=True)
class Space:
    """One tenant.

    Attributes:
        namespace: Its namespace, which is its name.
        pods: An endpoint for each pod template of the render, in the order of their names. Their `addresses`
            are empty: what an `ipBlock` reaches is decided by whoever asks.
        policies: Its NetworkPolicies, in the order of their names.
        labels: All labels of the namespace.
        objects: The objects that all this was read from.
    """

    namespace: str
    labels: Mapping[str, str]
    pods: tuple[Endpoint, ...]
    policies: tuple[Policy, ...]
    objects: Sequence[Mapping[str, Any]] = field(default=(), repr=False, compare=False)

    def peers(self) -> Iterator[Peer]:
        """Every peer of every rule."""
        for policy in self.policies:
            for direction in Direction:
                for rule in policy.rules(direction) or ():
                    yield from rule.peers

    def stranger(self) -> Endpoint:
        """A pod of this namespace with any labels and any ports."""
        return Endpoint(STRANGER, self.namespace, self.labels, labels=None, ports=None)

    def endpoints(self, addresses: Ranges) -> tuple[Endpoint, ...]:
        """The pods of the render and the stranger, each to be found anywhere in `addresses`."""
        return tuple(replace(pod, addresses=addresses) for pod in (*self.pods, self.stranger()))


def read_space(objects: Sequence[Mapping[str, Any]]) -> Space:
    """Read one tenant's rendered objects.

    Args:
        objects: The whole render of one tenant; exactly one Namespace, and everything else in it.

    Raises:
        UnreadableError: No or several namespaces, a pod or policy of another namespace, or a policy that
            Kubernetes would refuse; the message begins with the object.
    """
    namespaces = [each for each in objects if each.get("kind") == "Namespace"]
    if len(namespaces) != 1:
        raise UnreadableError(f"a tenant has one Namespace, not {len(namespaces)}")
    metadata = namespaces[0]["metadata"]
    name: str = metadata["name"]
    labels = {**(metadata.get("labels") or {}), NAME_LABEL: name}
    return Space(
        namespace=name,
        labels=labels,
        pods=tuple(sorted(_pods(objects, name, labels), key=lambda pod: pod.name)),
        policies=tuple(sorted(_policies(objects, name), key=lambda policy: policy.name)),
        objects=objects,
    )


def _policies(objects: Iterable[Mapping[str, Any]], namespace: str) -> Iterator[Policy]:
    for manifest in objects:
        if manifest.get("kind") == "NetworkPolicy":
            _check_namespace(manifest, namespace)
            try:
                yield read_policy(manifest)
            except UnreadableError as error:
                raise UnreadableError(f"{object_name(manifest)}: {error}") from None


def pod_templates(
    objects: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Every object that makes pods, with its pod template."""
    for manifest in objects:
        path = _POD_TEMPLATES.get(str(manifest.get("kind")))
        if path is not None:
            template: Any = manifest
            for step in path:
                template = template[step]
            yield manifest, template


def object_name(manifest: Mapping[str, Any]) -> str:
    """`Deployment/fileserver`, as an endpoint of its pods is called."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def _pods(
    objects: Iterable[Mapping[str, Any]], namespace: str, namespace_labels: Mapping[str, str]
) -> Iterator[Endpoint]:
    for manifest, template in pod_templates(objects):
        _check_namespace(manifest, namespace)
        yield Endpoint(
            name=object_name(manifest),
            namespace=namespace,
            namespace_labels=namespace_labels,
            labels=(template.get("metadata") or {}).get("labels") or {},
            ports=_named_ports(template["spec"]),
            host_network=template["spec"].get("hostNetwork") is True,
        )


def _named_ports(spec: Mapping[str, Any]) -> dict[tuple[str, str], Ranges]:
    """The numbers behind (protocol, name), also of sidecars: init containers that always restart."""
    sidecars = (each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always")
    found: dict[tuple[str, str], Ranges] = {}
    for container in (*spec["containers"], *sidecars):
        for port in container.get("ports") or ():
            if name := port.get("name"):
                protocol, number = port.get("protocol") or "TCP", port["containerPort"]
                key = (protocol, name)
                found[key] = found.get(key, NOTHING) | packets(protocol, number, number)
    return found


def _check_namespace(manifest: Mapping[str, Any], namespace: str) -> None:
    metadata = manifest["metadata"]
    if metadata.get("namespace") != namespace:
        raise UnreadableError(
            f"{object_name(manifest)}: of namespace {metadata.get('namespace')!r}, not of the tenant's {namespace!r}"
        )
