"""How wide a tenant's policies are written: addresses of the cluster, namespaces and pods that are not named.

Isolation and the positive list can both hold while a peer is wider than anybody meant. These checks look at
each peer by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from generator.reachability.policy import Direction, Operator, Peer, Selector
from generator.reachability.ranges import EVERY_ADDRESS, network
from generator.reachability.space import NAME_LABEL, Addresses, Space


@dataclass(frozen=True, slots=True)
class Place:
    """Where a peer stands in a policy.

    Attributes:
        policy: Name of the policy.
        direction: Which section.
        rule: Index in the section.
        peer: Index in the rule; None for a rule without peers.
    """

    policy: str
    direction: Direction
    rule: int
    peer: int | None

    def __str__(self) -> str:
        rule = f"NetworkPolicy/{self.policy} {self.direction.lower()}[{self.rule}]"
        if self.peer is None:
            return rule
        return f"{rule}.{'from' if self.direction is Direction.INGRESS else 'to'}[{self.peer}]"


@dataclass(frozen=True, slots=True)
class Intrusion:
    """A peer that covers addresses of the cluster itself.

    Attributes:
        place: Where it stands.
        block: The `ipBlock` as written; `everywhere` for a rule without peers.
        area: Which addresses of `platform.yaml`: `metadata`.
        network: The CIDR there.
    """

    place: Place
    block: str
    area: str
    network: str


@dataclass(frozen=True, slots=True)
class Looseness:
    """A peer that is wider, or narrower, than can be meant.

    Attributes:
        place: Where it stands.
        fact: What it does: `takes in every namespace`.
    """

    place: Place
    fact: str


def find_intrusions(space: Space, addresses: Addresses) -> tuple[Intrusion, ...]:
    """Every address range allowed by a tenant's policies that shares an address with the cluster's own.

    A rule without peers allows every address, and counts; so do two halves of the whole. Ports do not excuse.
    """
    everywhere = Peer(block=EVERY_ADDRESS, text="everywhere")
    return tuple(
        Intrusion(place, found.text, area, text)
        for place, peer in _peers(space)
        for found in (peer or everywhere,)
        if found.block is not None
        for area, text in addresses.areas()
        if found.block.meets(network(text))
    )


def find_looseness(space: Space) -> tuple[Looseness, ...]:
    """Every peer that names no namespace by its name, no pod by a label, nobody at all, or everybody."""
    return tuple(
        Looseness(place, fact) for place, peer in _peers(space) if (fact := _looseness(space, peer)) is not None
    )


def find_named_tenants(space: Space, tenants: Collection[str]) -> tuple[tuple[Place, str], ...]:
    """Every peer that asks for the name of another tenant in a label of the namespace, with that name."""
    return tuple(
        (place, value)
        for place, peer in _peers(space)
        if peer is not None and peer.namespaces is not None
        for requirement in peer.namespaces.requirements
        for value in sorted(requirement.values)
        if value in tenants and value != space.namespace
    )


def _peers(space: Space) -> Iterator[tuple[Place, Peer | None]]:
    """Every peer with its place, and None for each rule without peers."""
    for policy in space.policies:
        for direction in Direction:
            for index, rule in enumerate(policy.rules(direction) or ()):
                if not rule.peers:
                    yield Place(policy.name, direction, index, None), None
                for number, peer in enumerate(rule.peers):
                    yield Place(policy.name, direction, index, number), peer


def _looseness(space: Space, peer: Peer | None) -> str | None:
    fact = None
    if peer is None:
        fact = "allows everybody, inside the cluster and outside"
    elif peer.block is not None:
        pass  # find_intrusions judges addresses
    elif peer.namespaces is None:
        if not any(peer.pods.may_match(pod.labels) for pod in space.pods):
            fact = "matches no pod of the tenant"
    elif not peer.namespaces.requirements:
        fact = "takes in every namespace"
    elif not any(each.key == NAME_LABEL and each.operator is Operator.IN for each in peer.namespaces.requirements):
        fact = f"does not say which namespace by {NAME_LABEL}"
    elif not _asks_for_something(peer.pods):
        fact = "takes in every pod of the namespace"
    return fact


def _asks_for_something(selector: Selector) -> bool:
    """Whether a pod needs any label at all to be selected."""
    return any(each.operator in {Operator.IN, Operator.EXISTS} for each in selector.requirements)
