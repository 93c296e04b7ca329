"""A tenant's rendered objects as the evaluator needs them: its namespace, its pods, its policies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from generator.kube.lenient import mapping, mappings, string, whole
from generator.kube.pods import TEMPLATES
from generator.kube.tenant_names import NAME_LABEL
from generator.reachability.policy import (
    Direction,
    Endpoint,
    Peer,
    Policy,
    Rule,
    Selector,
    UnreadableError,
    read_policy,
)
from generator.reachability.ranges import EVERY_ADDRESS, NOTHING, Ranges, network, packets, union

STRANGER = "any other pod"
"""Stands for every pod that git does not know: a Job's, a certificate solver's, one started by hand."""


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
        return union(network(cidr) for cidr in (*self.nodes, *self.pods, *self.services))

    def areas(self) -> Iterator[tuple[str, str]]:
        """Every declared network with the name of its area."""
        for area in ("nodes", "pods", "services", "api", "metadata"):
            for cidr in getattr(self, area):
                yield area, cidr


@dataclass(frozen=True, slots=True)
class Space:
    """One tenant, or several that differ in nothing but their name.

    Attributes:
        namespace: Its namespace, which is its name. If it stands for several tenants, a name that occurs
            nowhere else, in the place of theirs.
        labels: All labels of the namespace.
        pods: An endpoint for each pod template of the render, in the order of their names. Their `addresses`
            are empty: what an `ipBlock` reaches is decided by whoever asks.
        policies: Its NetworkPolicies, in the order of their names.
        members: The names of the tenants that it stands for; its own for one.
    """

    namespace: str
    labels: Mapping[str, str]
    pods: tuple[Endpoint, ...]
    policies: tuple[Policy, ...]
    members: tuple[str, ...]

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

    def renamed(self, name: str, members: tuple[str, ...]) -> Space:
        """The same with another name, wherever the present one occurs: in labels and in selectors."""
        if name == self.namespace:
            return replace(self, members=members)
        renaming = _Renaming(self.namespace, name)
        labels = renaming.labels(self.labels)
        return Space(
            namespace=name,
            labels=labels,
            pods=tuple(
                replace(
                    pod,
                    namespace=name,
                    namespace_labels=labels,
                    labels=None if pod.labels is None else renaming.labels(pod.labels),
                )
                for pod in self.pods
            ),
            policies=tuple(
                Policy(
                    namespace=name,
                    name=policy.name,
                    pods=renaming.selector(policy.pods),
                    ingress=None if policy.ingress is None else tuple(map(renaming.rule, policy.ingress)),
                    egress=None if policy.egress is None else tuple(map(renaming.rule, policy.egress)),
                )
                for policy in self.policies
            ),
            members=members,
        )


@dataclass(frozen=True, slots=True)
class _Renaming:
    """One name in the place of another, in whatever holds label values."""

    old: str
    new: str

    def labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        return {key: value.replace(self.old, self.new) for key, value in labels.items()}

    def selector(self, selector: Selector) -> Selector:
        if not any(self.old in value for each in selector.requirements for value in each.values):
            return selector
        return Selector(
            tuple(
                replace(each, values=frozenset(value.replace(self.old, self.new) for value in each.values))
                for each in selector.requirements
            )
        )

    def rule(self, rule: Rule) -> Rule:
        return replace(rule, peers=tuple(map(self.peer, rule.peers)))

    def peer(self, peer: Peer) -> Peer:
        namespaces = None if peer.namespaces is None else self.selector(peer.namespaces)
        return replace(peer, namespaces=namespaces, pods=self.selector(peer.pods))


def read_space(objects: Sequence[Mapping[str, Any]], members: Sequence[str] = ()) -> Space:
    """Read one tenant's rendered objects.

    Args:
        objects: The whole render of one tenant; exactly one Namespace, and everything else in it.
        members: If the render stands for several tenants, under a name that occurs nowhere else: their names.

    Raises:
        UnreadableError: No or several namespaces, a pod or policy of another namespace, or a policy that
            Kubernetes would refuse; the message begins with the object.
    """
    namespaces = [each for each in objects if each.get("kind") == "Namespace"]
    if len(namespaces) != 1:
        raise UnreadableError(f"a tenant has one Namespace, not {len(namespaces)}")
    metadata = namespaces[0]["metadata"]
    name: str = metadata["name"]
    labels = {**_labels(metadata), NAME_LABEL: name}
    return Space(
        namespace=name,
        labels=labels,
        pods=tuple(sorted(_pods(objects, name, labels), key=lambda pod: pod.name)),
        policies=tuple(sorted(_policies(objects, name), key=lambda policy: policy.name)),
        members=tuple(members) or (name,),
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
    """Every object that makes pods, with its pod template; one without makes none, for Kubernetes refuses it."""
    for manifest in objects:
        path = TEMPLATES.get(str(manifest.get("kind")))
        if path is not None:
            template: Any = manifest
            for step in path:
                template = mapping(template).get(step)
            if isinstance(mapping(template).get("spec"), Mapping):
                yield manifest, template


def object_name(manifest: Mapping[str, Any]) -> str:
    """`Deployment/wiki`, as an endpoint of its pods is called."""
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
            labels=_labels(mapping(template.get("metadata"))),
            ports=_named_ports(template["spec"]),
            host_network=template["spec"].get("hostNetwork") is True,
        )


def _labels(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {key: value for key, value in mapping(metadata.get("labels")).items() if isinstance(value, str)}


def _named_ports(spec: Mapping[str, Any]) -> dict[tuple[str, str], Ranges]:
    """The numbers behind (protocol, name), also of sidecars: init containers that always restart."""
    sidecars = (each for each in mappings(spec.get("initContainers")) if each.get("restartPolicy") == "Always")
    found: dict[tuple[str, str], Ranges] = {}
    for container in (*mappings(spec.get("containers")), *sidecars):
        for port in mappings(container.get("ports")):
            key = (string(port.get("protocol")) or "TCP", string(port.get("name")))
            number = whole(port.get("containerPort"), 0)
            if key[1]:
                with contextlib.suppress(ValueError):  # no port at all: Kubernetes refuses the pod
                    found[key] = found.get(key, NOTHING) | packets(key[0], number, number)
    return found


def _check_namespace(manifest: Mapping[str, Any], namespace: str) -> None:
    metadata = manifest["metadata"]
    if metadata.get("namespace") != namespace:
        raise UnreadableError(
            f"{object_name(manifest)}: of namespace {metadata.get('namespace')!r}, not of the tenant's {namespace!r}"
        )
