"""One tenant's connections as a table: who reaches whom, on which ports, by which rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.kube.tenant_names import NAME_LABEL
from generator.reachability.policy import Direction, Endpoint, Grant, allowed, grants
from generator.reachability.promises import Neighbours
from generator.reachability.ranges import EVERY_ADDRESS, Ranges, by_protocol, describe_ports, network, union
from generator.reachability.space import Addresses, Space

_NOBODY = "\0"
"""A name that no namespace has and no selector can hold."""


@dataclass(frozen=True, slots=True)
class Row:
    """Connections from one endpoint to another in one protocol.

    Attributes:
        source, destination: `Deployment/wiki`, `gateway`, `any pod of another tenant`,
            `203.0.113.0/24`.
        protocol: TCP, UDP or SCTP; empty in a row that says that nothing passes.
        ports: Of the destination: `53`, `80, 8000-8080`, `all`; `none` if nothing passes.
        allowed_by: The tenant's rules that let it pass.
        refused_by: The tenant's ends that do not: Egress, Ingress.
    """

    source: str
    destination: str
    protocol: str
    ports: str
    allowed_by: tuple[Grant, ...] = ()
    refused_by: tuple[Direction, ...] = ()


def matrix(space: Space, neighbours: Neighbours, addresses: Addresses) -> tuple[Row, ...]:
    """Every connection to and from each pod of a tenant's render.

    The other ends are the tenant's own pods, the declared neighbours, a tenant of the same labels but another
    name, a namespace that has nothing but its name, the addresses of each `ipBlock`, and all other addresses.
    The latter are taken as outside the cluster. A policy that names another tenant shows in the proof, not
    here.

    Returns:
        A row for each pair of ends and protocol with what passes, and one for each pair between which nothing
        does.
    """
    others = (*neighbours.pods(), *_foreign_pods(space, addresses), *_outside(space, neighbours))
    pairs = [(a, b) for a in space.pods for b in space.pods]
    pairs += [pair for pod in space.pods for other in others for pair in ((pod, other), (other, pod))]
    return tuple(row for source, destination in pairs for row in _rows(space, source, destination))


def _foreign_pods(space: Space, addresses: Addresses) -> Iterator[Endpoint]:
    """Any pod of a tenant like this one, and of a namespace that no policy can name."""
    twin = {key: _NOBODY if value == space.namespace else value for key, value in space.labels.items()}
    for name, labels in (("another tenant", twin), ("any other namespace", {NAME_LABEL: _NOBODY})):
        yield Endpoint(name, _NOBODY, labels, labels=None, ports=None, addresses=addresses.of_pods())


def _outside(space: Space, neighbours: Neighbours) -> Iterator[Endpoint]:
    """The addresses that the policies speak of, and the rest of them all."""
    blocks = {peer.text: peer.block for peer in space.peers() if peer.block is not None}
    blocks.update({cidr: network(cidr) for cidr in neighbours.node_dns})
    for text, block in blocks.items():
        yield Endpoint(text, addresses=block)
    yield Endpoint("any other address", addresses=EVERY_ADDRESS - union(blocks.values()))


def _rows(space: Space, source: Endpoint, destination: Endpoint) -> Iterator[Row]:
    ends = ((Direction.EGRESS, source, destination), (Direction.INGRESS, destination, source))
    outgoing, incoming = (allowed(space.policies, *end) for end in ends)
    passing = outgoing & incoming
    for protocol, spans in by_protocol(passing):
        ports = describe_ports(spans)
        yield Row(source.name, destination.name, protocol, ports, tuple(_grants(space, ends, passing)))
    if not passing:
        refused = tuple(
            direction for (direction, *_), chosen in zip(ends, (outgoing, incoming), strict=True) if not chosen
        )
        yield Row(source.name, destination.name, "", "none", refused_by=refused)


def _grants(space: Space, ends: tuple[tuple[Direction, Endpoint, Endpoint], ...], passing: Ranges) -> Iterator[Grant]:
    for direction, subject, other in ends:
        if subject.namespace == space.namespace:
            yield from grants(space.policies, direction, subject, other, passing)
