"""What policies open beyond the tenant itself: only peers that platform.yaml declares, each on its ports.

A peer that nobody declared is a program that no proof knows, and a pod that reaches it is bounded by nothing that
stands in git. So the peers are a closed list, and each policy is held to it, whether or not its pods run today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from generator.kube.tenant_names import NAME_LABEL
from generator.reachability.peers import Place, peers_of
from generator.reachability.policy import Direction, Operator, Peer, Policy, Requirement, Rule, Selector
from generator.reachability.promises import REACHED_PORT, Calls
from generator.reachability.ranges import EVERY_PACKET, NOTHING, Ranges, network, packets, union
from generator.reachability.space import Space

PROTOCOL = "TCP"
"""Of a port that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Whom policies may let out to, or in.

    Attributes:
        name: Where platform.yaml has it, below `network` or at its add-on.
        direction: Egress for a destination, Ingress for a source.
        namespace: Of its pods; empty where it is addresses.
        labels: Of its pods.
        addresses: Where it is, if it has no namespace.
        numbered: Its ports by number.
        named: Its ports by protocol and name.
        workload: The only one whose pods may; empty for all.
    """

    name: str
    direction: Direction
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    addresses: Ranges = NOTHING
    numbered: Ranges = NOTHING
    named: frozenset[tuple[str, str]] = frozenset()
    workload: str = ""

    def covers(self, peer: Peer) -> bool:
        """Whether an item of `from` or `to` is this peer, or a part of it."""
        if peer.block is not None:
            return not self.namespace and not peer.block - self.addresses
        if peer.namespaces is None or not self.namespace:
            return False
        return _demands(peer.namespaces, {NAME_LABEL: self.namespace}) and _demands(peer.pods, self.labels)

    def is_like(self, peer: Peer) -> bool:
        """Whether an item of `from` or `to` has its namespace or its labels, and so was meant to be this."""
        if peer.namespaces is None or not self.namespace:
            return False
        return _demands(peer.namespaces, {NAME_LABEL: self.namespace}) or _demands(peer.pods, self.labels)

    @property
    def described(self) -> str:
        """Its namespace and labels, as platform.yaml writes them."""
        labels = ", ".join(f"{key}: {value}" for key, value in sorted(self.labels.items()))
        return f"{{namespace: {self.namespace}, labels: {{{labels}}}}}"


def _demands(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Say whether a selector asks for each of these labels, whatever else it asks for."""
    wanted = (Requirement(key, Operator.IN, frozenset([value])) for key, value in labels.items())
    return all(requirement in selector.requirements for requirement in wanted)


@dataclass(frozen=True, slots=True)
class Undeclared:
    """A peer of a policy that platform.yaml does not declare so.

    Attributes:
        place: Where it stands.
        fact: What is wrong with it.
        way: What to write instead.
    """

    place: Place
    fact: str
    way: str


def find_undeclared(space: Space, declared: Sequence[Declared], calls: Iterable[Calls]) -> Iterator[Undeclared]:
    """Yield each peer outside the tenant that nobody declared, or not for these ports or these pods.

    Args:
        space: The tenant.
        declared: What platform.yaml declares under `network`.
        calls: What the tenant's add-ons reach.
    """
    known = (*declared, *(_reached(call) for call in calls if call.reaches))
    for policy, place, rule, peer in peers_of(space):
        if peer is None or _is_own(peer, policy):
            continue
        here = [one for one in known if one.direction is place.direction and one.covers(peer)]
        pods = [pod for pod in space.pods if policy.pods.may_match(pod.labels)]
        theirs = [one for one in here if not one.workload or _only(policy, pods, one.workload)]
        if not here:
            alike = [one for one in known if one.direction is place.direction and one.is_like(peer)]
            way = " or ".join(f"name {one.name} as it is declared, {one.described}" for one in alike)
            yield Undeclared(place, "is no peer that platform.yaml declares", way or "name one that is")
        elif not theirs:
            owners = " and ".join(sorted({one.workload for one in here}))
            fact = f"is declared for pods of {owners} alone, and the policy selects others as well"
            yield Undeclared(place, fact, f"select pods of {owners} alone")
        elif not _have_ports(theirs, rule, pods):
            names = " and ".join(sorted({one.name for one in theirs}))
            yield Undeclared(
                place, f"opens ports that platform.yaml does not declare of {names}", "open those that it does"
            )


def find_unused(spaces: Iterable[Space], declared: Sequence[Declared]) -> list[Declared]:
    """Return what is declared and opened by no policy.

    Args:
        spaces: Tenants that have every policy that there is.
        declared: What platform.yaml declares under `network`.
    """
    peers = [(place.direction, peer) for space in spaces for _, place, _, peer in peers_of(space) if peer is not None]
    return [one for one in declared if not any(way is one.direction and one.covers(peer) for way, peer in peers)]


def _have_ports(peers: Sequence[Declared], rule: Rule, pods: Iterable[Any]) -> bool:
    """Say whether a rule opens no port but theirs; the name of a source's port stands for those that pods call so."""
    numbered = union(one.numbered for one in peers)
    named = frozenset(port for one in peers for port in one.named)
    if peers[0].direction is Direction.INGRESS:
        numbered = union((numbered, *(pod.resolve(port) for pod in pods for port in named)))
    return not rule.numbered - numbered and (numbered == EVERY_PACKET or named.issuperset(rule.named))


def _is_own(peer: Peer, policy: Policy) -> bool:
    """Say whether a peer is pods of the policy's own namespace."""
    if peer.block is not None:
        return False
    return peer.namespaces is None or _demands(peer.namespaces, {NAME_LABEL: policy.namespace})


def _only(policy: Policy, pods: Iterable[Any], workload: str) -> bool:
    return bool(policy.pods.requirements) and all(pod.name.partition("/")[2] == workload for pod in pods)


def _reached(call: Calls) -> Declared:
    return Declared(
        name=f"what {call.workload} reaches",
        direction=Direction.EGRESS,
        addresses=union(map(network, call.reaches)),
        numbered=packets(PROTOCOL, REACHED_PORT, REACHED_PORT),
        workload=call.workload,
    )


def read_declared(manifest: Mapping[str, Any]) -> tuple[Declared, ...]:
    """Read the peers of `network` of platform.yaml, which its schema has checked, with its defaults.

    The gateway and the ingress controller may ask any port of a company: routes say which, and rules say what those
    may be. Prometheus may ask those that are called `metrics`.

    Raises:
        ValueError: A port or a CIDR is none; the text says which.
    """
    out, into = Direction.EGRESS, Direction.INGRESS
    dns = {"ports": ["53/TCP", "53/UDP", "dns-tcp/TCP", "dns/UDP"]}
    found = [
        _declared("dns", out, manifest["dns"] | dns),
        _declared("dns.nodeLocal", out, {"cidrs": manifest["dns"].get("nodeLocal", ())} | dns),
        _declared("collector", out, manifest["collector"]),
        _declared("prometheus", into, manifest["prometheus"] | {"ports": ["metrics"]}),
    ]
    found += [_declared(name, into, manifest[name] | {"ports": None}) for name in ("gateway", "ingress")]
    for key, direction in (("destinations", out), ("sources", into)):
        found += [_declared(f"{key}.{name}", direction, data) for name, data in manifest.get(key, {}).items()]
    return tuple(found)


def _declared(name: str, direction: Direction, data: Mapping[str, Any]) -> Declared:
    ports = [] if data["ports"] is None else [read_port(port) for port in data["ports"]]
    return Declared(
        name=name,
        direction=direction,
        namespace=data.get("namespace", ""),
        labels=data.get("labels", {}),
        addresses=union(map(network, data.get("cidrs", ()))),
        numbered=EVERY_PACKET if data["ports"] is None else union(p for p in ports if isinstance(p, Ranges)),
        named=frozenset(port for port in ports if not isinstance(port, Ranges)),
    )


def read_port(port: int | str) -> Ranges | tuple[str, str]:
    """Read a port as platform.yaml has it: `25`, `53/UDP`, `metrics`.

    Raises:
        ValueError: The number is beyond 1 to 65535.
    """
    text, _, protocol = str(port).partition("/")
    if text.isdecimal():
        return packets(protocol or PROTOCOL, int(text), int(text))
    return protocol or PROTOCOL, text
