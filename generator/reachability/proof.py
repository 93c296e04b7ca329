"""The proof that no pod of a tenant reaches a pod of another: exact, for every port, linear in the tenants.

The claim for an ordered pair (a, b): for no pod p of a, no pod q of b and no packet do a's policies let it
out of p towards q and b's policies let it into q from p. Pods are those of the render and, for each
namespace, the stranger (`space.STRANGER`): a pod of any labels, on which every selector that could match
does, and which only a policy with an empty podSelector isolates. It stands for whatever git does not know,
and it also makes the proof independent of the labels that controllers add to pods.

Why classes are enough
    A policy sees a foreign pod only through its selectors, and a selector only asks whether a label's value
    is in a set. So two tenants look alike to a policy if they differ just in values that the policy does not
    mention, or in labels whose keys it does not mention. Hence the *view* of a tenant that its neighbours
    share: labels reduced to keys mentioned by some foreign-facing selector (one with a namespaceSelector:
    others stay at home), and a value

    - kept, if it is mentioned and several tenants hold it (`plan: silver`);
    - replaced by a value that nobody writes, if nobody mentions it, or if this tenant alone holds it (its
      name).

    The second replacement is wrong only for a tenant that mentions that very value: a policy that names
    another tenant. Such ordered pairs, in both directions, are taken out of the classes and evaluated one by
    one with the real labels (`_named_pairs`). For every other pair the value is one that the policy does not
    mention, before as after, so nothing changes. Names need no special treatment: a tenant's name is a value
    that it holds alone, in its `kubernetes.io/metadata.name` and in its tenant label, and its own policies
    naming itself face no other. A tenant whose name equals a value that others hold (`silver`) is covered by
    the same words.

Why it is linear
    Each tenant's policies are evaluated once against each view. There are as many views as there are
    different kinds of tenants (with and without an add-on), not as many as tenants. The outcome, its
    *effect*, is the packets let through at its own end for each pod of each view. Tenants with equal view and
    effect form a group, and a pair of groups leaks if the effects of both ends share a packet. In a sound
    fleet no group lets any packet in, so there is nothing left to pair. Naming pairs cost one evaluation for
    each value mentioned.

Every pod of every tenant may be anywhere in the addresses of pods, Services and nodes: an `ipBlock` that
touches these is taken to match each pod (`Addresses.of_pods`), and as the two ends of a pair have addresses
of their own, the worst case of each end can be taken alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.reachability.policy import Direction, Endpoint, Grant, Peer, allowed, connection, grants
from generator.reachability.ranges import EVERY_ADDRESS, NOTHING, Ranges, describe_packets, network
from generator.reachability.space import Addresses, Space

_UNMENTIONED = "\0"
"""A label value that no selector can hold."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Connections from some tenants to others that policies allow.

    Attributes:
        pairs: How many ordered pairs of tenants it stands for.
        source, destination: One such pair, as an example.
        source_pod, destination_pod: Which pods.
        packets: What passes.
        egress, ingress: What lets it out at the source and in at the target.
        sources, destinations: All tenants concerned at each end.
    """

    pairs: int
    source: str
    destination: str
    source_pod: str
    destination_pod: str
    packets: Ranges
    egress: tuple[Grant, ...]
    ingress: tuple[Grant, ...]
    sources: tuple[str, ...]
    destinations: tuple[str, ...]

    def __str__(self) -> str:
        more = f" (an example of {self.pairs} pairs)" if self.pairs > 1 else ""
        return (
            f"{self.source} {self.source_pod} reaches {self.destination} {self.destination_pod} "
            f"on {describe_packets(self.packets)}{more}"
        )


@dataclass(frozen=True, slots=True)
class Isolation:
    """What was proved.

    Attributes:
        pairs: Ordered pairs of different tenants.
        proved: How many of them cannot connect.
        leaks: Counterexamples; for one pair of tenants there may be one for each pair of pods.
    """

    pairs: int
    proved: int
    leaks: tuple[Leak, ...]


@dataclass(frozen=True, slots=True)
class Intrusion:
    """A peer of a policy that covers addresses of the cluster itself.

    Attributes:
        policy, direction, rule: Where it stands.
        block: The `ipBlock` as written; `everywhere` for a rule without peers.
        area, network: What it covers: `metadata`, `169.254.169.254/32`.
    """

    policy: str
    direction: Direction
    rule: int
    block: str
    area: str
    network: str


def prove_isolation(spaces: Sequence[Space], addresses: Addresses) -> Isolation:
    """Prove for every ordered pair of tenants that no pod of the first reaches a pod of the second.

    Args:
        spaces: All tenants, each with a namespace of its own.
        addresses: Where pods, Services and nodes are.

    Returns:
        The number of pairs, of those proved, and the counterexamples, those of most pairs first.
    """
    fleet = {space.namespace: _Member(space, space.endpoints(addresses.of_pods())) for space in spaces}
    if len(fleet) != len(spaces):
        raise ValueError("two tenants have the same namespace")
    holders = _sole_holders(spaces)
    named = frozenset(_named_pairs(spaces, holders))
    leaks = [*_leaks_of_groups(_groups(fleet, holders), named, fleet), *_leaks_of_pairs(named, fleet)]
    pairs = len(spaces) * (len(spaces) - 1)
    leaking = {(leak.sources, leak.destinations): leak.pairs for leak in leaks}
    return Isolation(
        pairs=pairs,
        proved=pairs - sum(leaking.values()),
        leaks=tuple(sorted(leaks, key=lambda leak: (-leak.pairs, leak.source, leak.destination))),
    )


def find_intrusions(space: Space, addresses: Addresses) -> tuple[Intrusion, ...]:
    """Every address range allowed by a tenant's policies that shares an address with the cluster's own.

    A rule without peers allows every address, and counts; so do two halves of the whole. Ports do not excuse.
    """
    return tuple(
        Intrusion(policy.name, direction, index, peer.text, area, text)
        for policy in space.policies
        for direction in Direction
        for index, rule in enumerate(policy.rules(direction) or ())
        for peer in rule.peers or (Peer(block=EVERY_ADDRESS, text="everywhere"),)
        if peer.block is not None
        for area, text in addresses.areas()
        if peer.block.meets(network(text))
    )


# A label as a foreign selector sees it: (of the namespace rather than of a pod, key, value).
_Label = tuple[bool, str, str]
_PodView = tuple[frozenset[tuple[str, str]] | None, frozenset[tuple[tuple[str, str], Ranges]] | None, bool]
_View = tuple[frozenset[tuple[str, str]], tuple[_PodView, ...]]


@dataclass(frozen=True, slots=True)
class _Member:
    """A tenant with its pods, the stranger last, at their addresses."""

    space: Space
    ends: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a tenant's policies let through at its own end: packets by (view, own pod, pod of the view)."""

    packets: tuple[tuple[tuple[int, int, int], Ranges], ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """What tenants that can stand for each other have in common: the view of them, and their effects."""

    view: int
    egress: _Effect
    ingress: _Effect


def _groups(fleet: Mapping[str, _Member], holders: Mapping[_Label, str]) -> dict[_Group, tuple[str, ...]]:
    """The tenants by group."""
    seen = _Vocabulary.of([member.space for member in fleet.values()], holders)
    views: dict[_View, list[str]] = defaultdict(list)
    for name, member in fleet.items():
        views[seen.view(member)].append(name)
    faces = [_faces(view, fleet[names[0]]) for view, names in views.items()]
    groups: dict[_Group, list[str]] = defaultdict(list)
    for index, names in enumerate(views.values()):
        for name in names:
            effects = (_effect(fleet[name], direction, faces) for direction in (Direction.EGRESS, Direction.INGRESS))
            groups[_Group(index, *effects)].append(name)
    return {group: tuple(names) for group, names in groups.items()}


def _effect(member: _Member, direction: Direction, faces: Sequence[Sequence[Endpoint]]) -> _Effect:
    found = (
        ((view, own, other), allowed(member.space.policies, direction, pod, face))
        for view, pods in enumerate(faces)
        for own, pod in enumerate(member.ends)
        for other, face in enumerate(pods)
    )
    return _Effect(tuple((key, chosen) for key, chosen in found if chosen))


def _leaks_of_groups(
    groups: Mapping[_Group, tuple[str, ...]], named: frozenset[tuple[str, str]], fleet: Mapping[str, _Member]
) -> Iterator[Leak]:
    """The leaks between tenants that do not name each other, an example for each pair of groups and pods."""
    group_of = {name: group for group, names in groups.items() for name in names}
    apart = Counter((group_of[source], group_of[destination]) for source, destination in named)
    doors = [(group, dict(group.ingress.packets)) for group in groups if group.ingress.packets]
    for source in groups:
        for target, ingress in doors:
            same = len(groups[source]) if source == target else 0
            pairs = len(groups[source]) * len(groups[target]) - same - apart[source, target]
            if not pairs:
                continue
            for (view, own, other), outgoing in source.egress.packets:
                if view == target.view and outgoing & ingress.get((source.view, other, own), NOTHING):
                    example = next(
                        (a, b) for a in groups[source] for b in groups[target] if a != b and (a, b) not in named
                    )
                    leak = _leak(fleet[example[0]], fleet[example[1]], own, other)
                    yield replace(leak, pairs=pairs, sources=groups[source], destinations=groups[target])


def _leaks_of_pairs(named: frozenset[tuple[str, str]], fleet: Mapping[str, _Member]) -> Iterator[Leak]:
    """The leaks between tenants of which one names the other, each pair by itself."""
    for source, destination in sorted(named):
        for own in range(len(fleet[source].ends)):
            for other in range(len(fleet[destination].ends)):
                leak = _leak(fleet[source], fleet[destination], own, other)
                if leak.packets:
                    yield leak


def _leak(source: _Member, destination: _Member, own: int, other: int) -> Leak:
    """What two pods of two tenants exchange, perhaps nothing, with the evidence of both ends."""
    out, into = source.space.policies, destination.space.policies
    a, b = source.ends[own], destination.ends[other]
    passing = connection(a, b, out, into)
    return Leak(
        pairs=1,
        source=source.space.namespace,
        destination=destination.space.namespace,
        source_pod=a.name,
        destination_pod=b.name,
        packets=passing,
        egress=grants(out, Direction.EGRESS, a, b, passing),
        ingress=grants(into, Direction.INGRESS, b, a, passing),
        sources=(source.space.namespace,),
        destinations=(destination.space.namespace,),
    )


def _mentions(space: Space) -> Iterator[_Label]:
    """Every label value that the tenant's policies ask of pods of other namespaces."""
    for peer in space.peers():
        if peer.namespaces is None:
            continue
        for of_namespace, selector in ((True, peer.namespaces), (False, peer.pods)):
            for requirement in selector.requirements:
                # Exists and DoesNotExist ask for no value, but their key matters: the empty text stands for
                # it.
                for value in requirement.values or ("",):
                    yield of_namespace, requirement.key, value


def _labels(space: Space) -> Iterator[_Label]:
    """Every label of the tenant's namespace and of its pods."""
    yield from ((True, key, value) for key, value in space.labels.items())
    for pod in space.pods:
        yield from ((False, key, value) for key, value in (pod.labels or {}).items())


def _sole_holders(spaces: Iterable[Space]) -> dict[_Label, str]:
    """The labels that one tenant alone holds, with that tenant."""
    holders: dict[_Label, str] = {}
    shared: set[_Label] = set()
    for space in spaces:
        for label in _labels(space):
            if holders.setdefault(label, space.namespace) != space.namespace:
                shared.add(label)
    return {label: holder for label, holder in holders.items() if label not in shared}


def _named_pairs(spaces: Iterable[Space], holders: Mapping[_Label, str]) -> Iterator[tuple[str, str]]:
    """The ordered pairs of tenants of which one mentions a label value that the other alone holds."""
    for space in spaces:
        for label in frozenset(_mentions(space)):
            holder = holders.get(label, space.namespace)
            if holder != space.namespace:
                yield space.namespace, holder
                yield holder, space.namespace


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """What the fleet's policies can tell apart in a foreign pod.

    Attributes:
        keys: Label keys that they mention, with whether of the namespace.
        kept: Labels of which the value is mentioned and held by several tenants.
        ports: (protocol, name) of the ports that they mention by name.
    """

    keys: frozenset[tuple[bool, str]]
    kept: frozenset[_Label]
    ports: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, spaces: Sequence[Space], holders: Mapping[_Label, str]) -> _Vocabulary:
        mentions = frozenset(label for space in spaces for label in _mentions(space))
        rules = (
            rule
            for space in spaces
            for policy in space.policies
            for direction in Direction
            for rule in policy.rules(direction) or ()
        )
        return cls(
            keys=frozenset((of_namespace, key) for of_namespace, key, _ in mentions),
            kept=frozenset(label for label in mentions if label not in holders),
            ports=frozenset(port for rule in rules for port in rule.named),
        )

    def view(self, member: _Member) -> _View:
        """A tenant as every other that does not name it sees it."""
        return self._labels(member.space.labels, of_namespace=True), tuple(self._pod(pod) for pod in member.ends)

    def _pod(self, pod: Endpoint) -> _PodView:
        ports = None if pod.ports is None else frozenset((k, v) for k, v in pod.ports.items() if k in self.ports)
        labels = None if pod.labels is None else self._labels(pod.labels, of_namespace=False)
        return labels, ports, pod.host_network

    def _labels(self, labels: Mapping[str, str], *, of_namespace: bool) -> frozenset[tuple[str, str]]:
        return frozenset(
            (key, value if (of_namespace, key, value) in self.kept else _UNMENTIONED)
            for key, value in labels.items()
            if (of_namespace, key) in self.keys
        )


def _faces(view: _View, example: _Member) -> tuple[Endpoint, ...]:
    """A view as endpoints, in a namespace that is nobody's."""
    namespace_labels, pods = view
    return tuple(
        Endpoint(
            name=pod.name,
            namespace=_UNMENTIONED,
            namespace_labels=dict(namespace_labels),
            labels=None if labels is None else dict(labels),
            ports=None if ports is None else dict(ports),
            addresses=pod.addresses,
            host_network=host_network,
        )
        for pod, (labels, ports, host_network) in zip(example.ends, pods, strict=True)
    )
