"""The proof that no pod of a tenant reaches a pod of another: exact, for every port, linear in the tenants.

The claim for an ordered pair (a, b): for no pod p of a, no pod q of b and no packet do a's policies let
it out of p towards q and b's policies let it into q from p.

Pods are those of the render and, for each namespace, the *stranger* (`space.STRANGER`): a pod of any
labels. Every selector that could match it does, and only a policy with an empty podSelector isolates it.
It stands for whatever git does not know, it shows a label that anybody could forge as the way in that it
is, and it makes the proof independent of the labels that controllers add to pods.

Why classes are enough
    A policy sees a foreign pod through its selectors, and a selector only asks whether the value of a label
    is in a set. (It also sees where the ports lie that it mentions by name; the view below holds them.) So
    two tenants look alike to a policy if they differ just in labels whose keys it does not mention, or in
    values that it does not mention. Hence the *view* that neighbours have of a tenant (`views.Vocabulary`):
    labels with keys that some foreign-facing selector mentions (one with a namespaceSelector: others stay at
    home), where a value

    - is kept if it is mentioned and several tenants hold it (`plan: silver`);
    - is replaced by one that nobody can write, if nobody mentions it or this tenant alone holds it (its
      name).

    The second replacement is wrong for one kind of onlooker only: a tenant that mentions the very value
    that was replaced, which is to say a tenant whose policy names another. Such pairs, in both
    directions, are taken out of the classes and evaluated with the real labels (`views.naming_pairs`).
    For every other onlooker the value was one that it does not mention, and still is, so no selector
    answers differently. Names need no treatment of their own: a tenant's name is a value that it holds
    alone, and its own policies that mention it face no other tenant. A tenant whose name is a value that
    others hold (`silver`) is covered by the same words.

Why it is linear
    Each Space is evaluated once against each view, and there are as many views as there are kinds of
    tenants, not as many as tenants. The outcome, its *effect*, is the packets let through at its own end,
    for each of its pods and each pod of each view. Spaces with equal view and effects form a group, and
    two groups leak if the effects of both ends share a packet. In a sound fleet no group lets anything
    in, and there is nothing left to pair. A pair of tenants that name each other costs one evaluation.

    A Space may stand for many tenants that differ in their name alone (`Space.members`). If a member's
    name occurs nowhere but in its own objects, no selector tells it from its fellows, and all that was
    said of one Space holds for each of them; a member of whom that is not true gets a Space of its own
    first (`views.take_apart`).

Every pod may be anywhere in the addresses of pods, Services and nodes: an `ipBlock` that touches these is
taken to match it (`Addresses.of_pods`). As the two ends of a connection have addresses of their own, the
worst case of each end can be taken alone.

What it rests on: the API server (it alone writes `kubernetes.io/metadata.name`), that nobody changes the
labels of a Namespace (checked with the roles), and the network plugin (`LEFT_TO_THE_PLUGIN`). Only direct
connections count: that a neighbour outside, such as the gateway, forwards nothing from one tenant to
another is the neighbour's part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.reachability.policy import Direction, Endpoint, Grant, allowed, connection, grants
from generator.reachability.ranges import NOTHING, Ranges, describe_packets
from generator.reachability.space import Addresses, Space
from generator.reachability.views import View, Vocabulary, faces, naming_pairs, sole_holders, take_apart, vocabulary

LEFT_TO_THE_PLUGIN = (
    "enforcement by the network plugin",
    "traffic between a pod and the node that it runs on",
    "pods on the host network",
    "protocols other than TCP, UDP and SCTP",
    "whether an ipBlock is compared with an address before or after it is rewritten",
    "connections that were open before a policy changed",
)
"""What no text of a policy can prove, because Kubernetes leaves it to whoever implements policies."""

_BOTH = (Direction.EGRESS, Direction.INGRESS)


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


def prove_isolation(spaces: Iterable[Space], addresses: Addresses) -> Isolation:
    """Prove for every ordered pair of tenants that no pod of the first reaches a pod of the second.

    Args:
        spaces: All tenants, each once, by itself or among the members of a Space that stands for several.
        addresses: Where pods, Services and nodes are.

    Returns:
        The number of pairs, of those proved, and the counterexamples, those of most pairs first.

    Raises:
        ValueError: Two tenants have one name.
    """
    fleet = take_apart(list(spaces))
    names = [name for space in fleet for name in space.members]
    if len(set(names)) != len(names):
        raise ValueError("two tenants have one name")
    holders = sole_holders(fleet)
    apart = frozenset(naming_pairs(fleet, holders))
    anywhere = addresses.of_pods()
    groups = _groups(fleet, vocabulary(fleet, holders), anywhere)
    leaks = [*_leaks_of_groups(fleet, groups, apart, anywhere), *_leaks_of_pairs(fleet, apart, anywhere)]
    pairs = len(names) * (len(names) - 1)
    leaking = {(leak.sources, leak.destinations): leak.pairs for leak in leaks}
    return Isolation(
        pairs=pairs,
        proved=pairs - sum(leaking.values()),
        leaks=tuple(sorted(leaks, key=lambda leak: (-leak.pairs, leak.source, leak.destination))),
    )


# Packets that one end lets through, by (view, own pod, pod of the view), where there are any.
_Effect = tuple[tuple[tuple[int, int, int], Ranges], ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """What tenants that can stand for each other have in common: the view of them, and their effects."""

    view: int
    egress: _Effect
    ingress: _Effect


def _groups(fleet: Sequence[Space], seen: Vocabulary, anywhere: Ranges) -> dict[_Group, list[int]]:
    """The Spaces, by index, in groups."""
    views: dict[View, list[int]] = defaultdict(list)
    for index, space in enumerate(fleet):
        views[seen.view(space)].append(index)
    others = [faces(view, anywhere) for view in views]
    groups: dict[_Group, list[int]] = defaultdict(list)
    for view, members in enumerate(views.values()):
        for index in members:
            egress, ingress = (_effect(fleet[index], each, others) for each in _BOTH)
            groups[_Group(view, egress, ingress)].append(index)
    return groups


def _effect(space: Space, direction: Direction, views: Sequence[Sequence[Endpoint]]) -> _Effect:
    own = (*space.pods, space.stranger())
    found = (
        ((view, own_pod, pod), allowed(space.policies, direction, subject, other))
        for view, pods in enumerate(views)
        for own_pod, subject in enumerate(own)
        for pod, other in enumerate(pods)
    )
    return tuple((place, chosen) for place, chosen in found if chosen)


def _leaks_of_groups(
    fleet: Sequence[Space],
    groups: Mapping[_Group, Sequence[int]],
    apart: frozenset[tuple[int, int]],
    anywhere: Ranges,
) -> Iterator[Leak]:
    """The leaks between tenants that do not name each other, one for each two groups and two pods."""
    size = {group: sum(len(fleet[i].members) for i in spaces) for group, spaces in groups.items()}
    group_of = {index: group for group, spaces in groups.items() for index in spaces}
    named: Counter[tuple[int, _Group]] = Counter()
    for a, b in apart:  # both ways, so one count serves sources and destinations
        named[a, group_of[b]] += len(fleet[b].members)

    def partners(index: int, group: _Group) -> int:
        """How many tenants of a group one is judged with here: not itself, nor who names it."""
        return size[group] - (group_of[index] == group) - named[index, group]

    def concerned(members: Sequence[int], group: _Group) -> tuple[str, ...]:
        return tuple(name for i in members if partners(i, group) for name in fleet[i].members)

    doors = [(group, dict(group.ingress)) for group in groups if group.ingress]
    for out in groups:
        for into, ingress in doors:
            pods = [
                (own_pod, pod)
                for (view, own_pod, pod), outgoing in out.egress
                if view == into.view and outgoing.meets(ingress.get((out.view, pod, own_pod), NOTHING))
            ]
            pairs = sum(len(fleet[i].members) * partners(i, into) for i in groups[out]) if pods else 0
            if pairs:
                source, target = _example(fleet, groups[out], groups[into], apart)
                sources, destinations = concerned(groups[out], into), concerned(groups[into], out)
                for own_pod, pod in pods:
                    leak = _leak(source, target, own_pod, pod, anywhere)
                    yield replace(leak, pairs=pairs, sources=sources, destinations=destinations)


def _example(
    fleet: Sequence[Space],
    sources: Sequence[int],
    targets: Sequence[int],
    apart: frozenset[tuple[int, int]],
) -> tuple[Space, Space]:
    """Two different tenants of two groups that do not name each other, under their own names."""
    for a in sources:
        for b in targets:
            if (a, b) not in apart and (a != b or len(fleet[a].members) > 1):
                source, target = fleet[a].members[0], fleet[b].members[-1]
                return fleet[a].renamed(source, (source,)), fleet[b].renamed(target, (target,))
    raise AssertionError("a pair was counted that is not there")


def _leaks_of_pairs(fleet: Sequence[Space], apart: frozenset[tuple[int, int]], anywhere: Ranges) -> Iterator[Leak]:
    """The leaks between tenants of which one names the other."""
    for a, b in sorted(apart):
        source, target = (fleet[i].renamed(fleet[i].members[0], fleet[i].members) for i in (a, b))
        for own_pod in range(len(source.pods) + 1):
            for pod in range(len(target.pods) + 1):
                leak = _leak(source, target, own_pod, pod, anywhere)
                if leak.packets:
                    yield leak


def _leak(source: Space, target: Space, own_pod: int, pod: int, anywhere: Ranges) -> Leak:
    """What two pods of two Spaces exchange, perhaps nothing, with the evidence of both ends."""
    a, b = source.endpoints(anywhere)[own_pod], target.endpoints(anywhere)[pod]
    passing = connection(a, b, source.policies, target.policies)
    return Leak(
        pairs=len(source.members) * len(target.members),
        source=source.namespace,
        destination=target.namespace,
        source_pod=a.name,
        destination_pod=b.name,
        packets=passing,
        egress=grants(source.policies, Direction.EGRESS, a, b, passing),
        ingress=grants(target.policies, Direction.INGRESS, b, a, passing),
        sources=source.members,
        destinations=target.members,
    )
