"""What must work: the connections that a tenant requires, and whether its policies allow them.

Isolation alone is easily had by denying everything. The positive list is read off the render, so that it
follows from what is there: what an HTTPRoute or Ingress sends its requests to must be reachable by who sends
them, a port called `metrics` by Prometheus, a collector named in the environment by the pod that names it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from generator.kube.lenient import mapping, mappings, string, whole
from generator.kube.tenant_names import NAME_LABEL
from generator.reachability.policy import Direction, Endpoint, Grant, allowed, grants
from generator.reachability.ranges import by_protocol, network, packets
from generator.reachability.space import Space, object_name, pod_templates

Objects = Sequence[Mapping[str, Any]]

REACHED_PORT = 443
"""On which an add-on reaches what lies outside the cluster."""

_DNS_PORT = 53
_COLLECTOR_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The pods outside the tenants that may talk with them; `network` of `platform.yaml`.

    Attributes:
        dns: The cluster's name servers.
        node_dns: CIDRs of the name server's cache on each node (NodeLocal DNSCache); none without it.
        gateway: What forwards the requests of HTTPRoutes.
        ingress: What forwards the requests of Ingresses.
        prometheus: What scrapes ports called `metrics`.
        collector: What takes traces.
    """

    dns: Endpoint
    node_dns: tuple[str, ...]
    gateway: Endpoint
    ingress: Endpoint
    prometheus: Endpoint
    collector: Endpoint

    def pods(self) -> tuple[Endpoint, ...]:
        """All of them that are pods."""
        return self.dns, self.gateway, self.ingress, self.prometheus, self.collector


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What the pods of a workload open connections to, as platform.yaml declares it.

    Attributes:
        workload: Its name.
        services: Services of the same tenant, where they are rendered.
        reaches: CIDRs outside the cluster.
    """

    workload: str
    services: tuple[str, ...]
    reaches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """One connection that must be allowed.

    Attributes:
        name: What for: `dns`, `web`, `metrics`, `call`, `model`, `traces`.
        source, destination: The ends; an end that is addresses means every one of them.
        protocol, port: Of the destination.
    """

    name: str
    source: Endpoint
    destination: Endpoint
    protocol: str
    port: int

    def __str__(self) -> str:
        return f"{self.source.name} -> {self.destination.name} {self.protocol} {self.port}"


@dataclass(frozen=True, slots=True)
class Promise:
    """An expected connection, and what the policies say.

    Attributes:
        expected: The connection.
        refused_by: The directions in which it is not allowed: Egress at the source, Ingress at the target.
        allowed_by: The tenant's rules that allow it, where they do.
    """

    expected: Expected
    refused_by: tuple[Direction, ...]
    allowed_by: tuple[Grant, ...]

    @property
    def kept(self) -> bool:
        """Whether the connection is allowed at both ends."""
        return not self.refused_by


def read_neighbours(manifest: Mapping[str, Any]) -> Neighbours:
    """Read `network` of `platform.yaml`, which its schema has checked.

    Args:
        manifest: `dns`, `gateway`, `ingress`, `prometheus` and `collector`, each with the `namespace` and the
            `labels` of the pods in question; `dns` with `nodeLocal`, a list of CIDRs, as well.
    """
    return Neighbours(
        node_dns=tuple(manifest["dns"].get("nodeLocal", ())),
        **{name: _neighbour(name, manifest[name]) for name in ("dns", "gateway", "ingress", "prometheus", "collector")},
    )


def _neighbour(name: str, manifest: Mapping[str, Any]) -> Endpoint:
    namespace = manifest["namespace"]
    return Endpoint(name, namespace, {NAME_LABEL: namespace}, labels=manifest["labels"])


def expectations(
    space: Space, objects: Objects, neighbours: Neighbours, calls: Sequence[Calls] = ()
) -> tuple[Expected, ...]:
    """The positive list of a tenant.

    Args:
        space: The tenant.
        objects: What it was read from.
        neighbours: Who is there outside.
        calls: What the tenant's add-ons call and reach.

    Returns:
        - `dns`: every pod to the name servers and to their cache on the node, over UDP and TCP;
        - `web`: gateway to every pod behind a route, ingress controller to every pod behind an Ingress;
        - `metrics`: Prometheus to every TCP port called `metrics`;
        - `call`: an add-on to every pod of the Services that it calls;
        - `reach`: an add-on to every address that it reaches;
        - `traces`: every pod that names a collector in its environment to the collector, on the port named.
    """
    found = (
        *_dns(space, neighbours),
        *_web(space, objects, neighbours),
        *_metrics(space, neighbours),
        *_calls(space, objects, calls),
        *_reached(space, calls),
        *_traces(space, objects, neighbours),
    )
    # Two routes to one port expect the same connection.
    return tuple({(each.name, str(each)): each for each in found}.values())


def check(space: Space, expected: Iterable[Expected]) -> tuple[Promise, ...]:
    """Ask the tenant's policies for each expected connection, at whichever ends are the tenant's."""
    return tuple(_check(space, each) for each in expected)


def _check(space: Space, expected: Expected) -> Promise:
    wanted = packets(expected.protocol, expected.port, expected.port)
    ends = [
        (direction, subject, other)
        for source in _pieces(space, expected.source)
        for destination in _pieces(space, expected.destination)
        for direction, subject, other in (
            (Direction.EGRESS, source, destination),
            (Direction.INGRESS, destination, source),
        )
    ]
    refusing = [
        direction for direction, subject, other in ends if wanted - allowed(space.policies, direction, subject, other)
    ]
    found = (
        grant
        for direction, subject, other in ends
        if subject.namespace == space.namespace
        for grant in grants(space.policies, direction, subject, other, wanted)
    )
    return Promise(expected, tuple(dict.fromkeys(refusing)), () if refusing else tuple(dict.fromkeys(found)))


def _pieces(space: Space, end: Endpoint) -> list[Endpoint]:
    """Addresses in pieces that no `ipBlock` of the tenant cuts: each is allowed wholly or not at all."""
    if end.namespace is not None:
        return [end]
    blocks = (peer.block for peer in space.peers() if peer.block is not None)
    return [replace(end, addresses=piece) for piece in end.addresses.split(blocks)]


def _dns(space: Space, neighbours: Neighbours) -> Iterator[Expected]:
    caches = (Endpoint(cidr, addresses=network(cidr)) for cidr in neighbours.node_dns)
    servers = (neighbours.dns, *caches)
    for pod in space.pods:
        for server in servers:
            for protocol in ("UDP", "TCP"):
                yield Expected("dns", pod, server, protocol, _DNS_PORT)


def _web(space: Space, objects: Objects, neighbours: Neighbours) -> Iterator[Expected]:
    forwarders = {"HTTPRoute": neighbours.gateway, "Ingress": neighbours.ingress}
    for manifest in objects:
        source = forwarders.get(str(manifest.get("kind")))
        if source is not None:
            for service, port in _backends(mapping(manifest.get("spec"))):
                for pod, protocol, number in _targets(space, objects, service, port):
                    yield Expected("web", source, pod, protocol, number)


def _backends(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Name and port of every Service that an HTTPRoute or an Ingress sends requests to."""
    for rule in mappings(spec.get("rules")):
        for reference in mappings(rule.get("backendRefs")):
            if (reference.get("kind") or "Service") == "Service":
                yield string(reference.get("name")), reference.get("port")
        for path in mappings(mapping(rule.get("http")).get("paths")):
            yield from _ingress_backend(mapping(path.get("backend")))
    yield from _ingress_backend(mapping(spec.get("defaultBackend")))


def _ingress_backend(backend: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if service := mapping(backend.get("service")):
        port = mapping(service.get("port"))
        yield string(service.get("name")), port.get("name") or port.get("number")


def _targets(space: Space, objects: Objects, service: str, port: Any) -> Iterator[tuple[Endpoint, str, int]]:
    """What is behind one port of a Service, or behind all of them: pod, protocol and container port."""
    for manifest in objects:
        if (manifest.get("kind"), manifest["metadata"]["name"]) != ("Service", service):
            continue
        spec = mapping(manifest.get("spec"))
        selector = mapping(spec.get("selector"))
        for pod in space.pods:
            if not selector or any((pod.labels or {}).get(key) != value for key, value in selector.items()):
                continue
            for entry in mappings(spec.get("ports")):
                if port in (None, entry.get("port"), entry.get("name")):
                    protocol = string(entry.get("protocol")) or "TCP"
                    target = entry.get("targetPort", entry.get("port"))
                    numbers = _numbers(pod, protocol, target) if isinstance(target, str) else (whole(target, 0),)
                    yield from ((pod, protocol, number) for number in numbers if _is_port(protocol, number))


def _is_port(protocol: str, number: int) -> bool:
    """Whether Kubernetes takes it for one; another leads nowhere."""
    with contextlib.suppress(ValueError):
        return bool(packets(protocol, number, number))
    return False


def _metrics(space: Space, neighbours: Neighbours) -> Iterator[Expected]:
    for pod in space.pods:
        for number in _numbers(pod, "TCP", "metrics"):
            yield Expected("metrics", neighbours.prometheus, pod, "TCP", number)


def _numbers(pod: Endpoint, protocol: str, name: str) -> Iterator[int]:
    """The container ports of that name."""
    for _, spans in by_protocol(pod.resolve((protocol, name))):
        for first, last in spans:
            yield from range(first, last + 1)


def _callers(space: Space, calls: Iterable[Calls]) -> Iterator[tuple[Endpoint, Calls]]:
    for call in calls:
        yield from ((pod, call) for pod in space.pods if pod.name.partition("/")[2] == call.workload)


def _calls(space: Space, objects: Objects, calls: Iterable[Calls]) -> Iterator[Expected]:
    for pod, call in _callers(space, calls):
        for service in call.services:
            for target, protocol, number in _targets(space, objects, service, None):
                yield Expected("call", pod, target, protocol, number)


def _reached(space: Space, calls: Iterable[Calls]) -> Iterator[Expected]:
    for pod, call in _callers(space, calls):
        for cidr in call.reaches:
            yield Expected("reach", pod, Endpoint(cidr, addresses=network(cidr)), "TCP", REACHED_PORT)


def _traces(space: Space, objects: Objects, neighbours: Neighbours) -> Iterator[Expected]:
    pods = {pod.name: pod for pod in space.pods}
    for manifest, template in pod_templates(objects):
        for container in mappings(template["spec"].get("containers")):
            for variable in mappings(container.get("env")):
                if variable.get("name") in _COLLECTOR_VARIABLES and (port := _port_of(string(variable.get("value")))):
                    yield Expected("traces", pods[object_name(manifest)], neighbours.collector, "TCP", port)


def _port_of(address: str) -> int:
    """The port that an address asks for; 0 when it is no address."""
    with contextlib.suppress(ValueError):
        url = urlsplit(address)
        return (url.port or (443 if url.scheme == "https" else 80)) if address else 0
    return 0
