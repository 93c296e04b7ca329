"""Peers that are wider or narrower than can be meant: addresses of the cluster itself, and pods that are not there.

Isolation and the positive list can both hold while a peer is wrong. These checks look at each peer by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.reachability.policy import Direction, Peer, Policy, Rule
from generator.reachability.ranges import EVERY_ADDRESS, network
from generator.reachability.space import Addresses, Space


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
        return f"{rule}.{self._list}[{self.peer}]"

    @property
    def path(self) -> tuple[str | int, ...]:
        """The keys and indices that lead there, below the policy's `spec`."""
        peer = () if self.peer is None else (self._list, self.peer)
        return self.direction.lower(), self.rule, *peer

    @property
    def _list(self) -> str:
        return "from" if self.direction is Direction.INGRESS else "to"


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


def find_intrusions(space: Space, addresses: Addresses) -> tuple[Intrusion, ...]:
    """Every address range allowed by a tenant's policies that shares an address with the cluster's own.

    A rule without peers allows every address, and counts; so do two halves of the whole. Ports do not excuse.
    """
    everywhere = Peer(block=EVERY_ADDRESS, text="everywhere")
    return tuple(
        Intrusion(place, found.text, area, text)
        for _, place, _, peer in peers_of(space)
        for found in (peer or everywhere,)
        if found.block is not None
        for area, text in addresses.areas()
        if found.block.meets(network(text))
    )


def find_dead_peers(space: Space) -> tuple[Place, ...]:
    """Every peer in the tenant's own namespace that selects none of its pods.

    Beside an item that selects a namespace it is mostly one item that was meant and two that were written.
    """
    return tuple(
        place
        for _, place, _, peer in peers_of(space)
        if peer is not None
        and peer.block is None
        and peer.namespaces is None
        and not any(peer.pods.may_match(pod.labels) for pod in space.pods)
    )


def peers_of(space: Space) -> Iterator[tuple[Policy, Place, Rule, Peer | None]]:
    """Every peer with its policy, place and rule, and None for each rule without peers."""
    for policy in space.policies:
        for direction in Direction:
            for index, rule in enumerate(policy.rules(direction) or ()):
                if not rule.peers:
                    yield policy, Place(policy.name, direction, index, None), rule, None
                for number, peer in enumerate(rule.peers):
                    yield policy, Place(policy.name, direction, index, number), rule, peer
