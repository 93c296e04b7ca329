"""What a tenant's neighbours can tell about it: the equivalence classes behind the proof of isolation.

The argument for them is in `generator.reachability.proof`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.reachability.policy import Direction, Endpoint
from generator.reachability.ranges import Ranges
from generator.reachability.space import Space

UNMENTIONED = "\0"
"""Stands for any label value that no selector asks for; no label and no selector can hold it."""

# A label as a foreign selector sees it: (of the namespace rather than of a pod, key, value).
Label = tuple[bool, str, str]
PodView = tuple[frozenset[tuple[str, str]] | None, frozenset[tuple[tuple[str, str], Ranges]] | None]
View = tuple[frozenset[tuple[str, str]], tuple[PodView, ...]]


def labels_of(space: Space) -> Iterator[Label]:
    """Every label of a tenant's namespace and of its pods."""
    yield from ((True, key, value) for key, value in space.labels.items())
    for pod in space.pods:
        yield from ((False, key, value) for key, value in (pod.labels or {}).items())


def mentions_of(space: Space) -> Iterator[Label]:
    """Every label value that a tenant's policies ask of pods of other namespaces."""
    for peer in space.peers():
        if peer.namespaces is None:
            continue
        for of_namespace, selector in ((True, peer.namespaces), (False, peer.pods)):
            for requirement in selector.requirements:
                # Exists and DoesNotExist ask for no value, but for the key: the empty text stands for it.
                for value in requirement.values or ("",):
                    yield of_namespace, requirement.key, value


def take_apart(spaces: Sequence[Space]) -> list[Space]:
    """The same tenants, so that the name of one who shares a Space occurs in its own objects alone.

    A tenant whose name is also something else gets a Space of its own: one whose name another's labels or
    selectors hold, or its own in another place. So does everyone of a Space in which the name is
    only a part of some value. Those that still share one get a name that nobody can have.
    """
    values = [frozenset(values_of(space)) for space in spaces]
    constants = frozenset(
        value for space, own in zip(spaces, values, strict=True) for value in own if value != space.namespace
    )
    found: list[Space] = []
    for index, (space, own) in enumerate(zip(spaces, values, strict=True)):
        if len(space.members) == 1:
            found.append(space.renamed(space.members[0], space.members))
            continue
        embedded = any(space.namespace in value and value != space.namespace for value in own)
        represents = tuple(name for name in space.members if not embedded and name not in constants)
        found += [space.renamed(name, (name,)) for name in space.members if embedded or name in constants]
        if represents:
            found.append(space.renamed(f"{UNMENTIONED}{index}", represents))
    return found


def values_of(space: Space) -> Iterator[str]:
    """Every label value of a tenant, and every one that any of its selectors asks for."""
    yield from (value for _, _, value in labels_of(space))
    selectors = [policy.pods for policy in space.policies]
    for peer in space.peers():
        selectors += [peer.pods, *([] if peer.namespaces is None else [peer.namespaces])]
    for selector in selectors:
        for requirement in selector.requirements:
            yield from requirement.values


def sole_holders(spaces: Sequence[Space]) -> dict[Label, int]:
    """The labels that a tenant, or each of several alike, holds alone, with the index of its Space."""
    holders: dict[Label, int] = {}
    shared: set[Label] = set()
    for index, space in enumerate(spaces):
        for label in labels_of(space):
            alone = len(space.members) == 1 or label[2] == space.namespace
            if not alone or holders.setdefault(label, index) != index:
                shared.add(label)
    return {label: holder for label, holder in holders.items() if label not in shared}


def naming_pairs(spaces: Sequence[Space], holders: Mapping[Label, int]) -> Iterator[tuple[int, int]]:
    """The ordered pairs of Spaces, by index, of which one mentions a label that the other alone holds."""
    for index, space in enumerate(spaces):
        for label in frozenset(mentions_of(space)):
            holder = holders.get(label, index)
            if holder != index:
                yield index, holder
                yield holder, index


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the policies of a fleet can tell apart in a pod of another tenant.

    Attributes:
        keys: Label keys that they mention, with whether of the namespace.
        kept: Labels of which the value is mentioned, and not held by one tenant alone.
        ports: (protocol, name) of the ports that they mention by name.
    """

    keys: frozenset[tuple[bool, str]]
    kept: frozenset[Label]
    ports: frozenset[tuple[str, str]]

    def view(self, space: Space) -> View:
        """A tenant, its stranger last, as every other sees it that does not name it."""
        pods = (*space.pods, space.stranger())
        return self._labels(space.labels, of_namespace=True), tuple(self._pod(pod) for pod in pods)

    def _pod(self, pod: Endpoint) -> PodView:
        labels = None if pod.labels is None else self._labels(pod.labels, of_namespace=False)
        if pod.ports is None:
            return labels, None
        ports = frozenset((name, numbers) for name, numbers in pod.ports.items() if name in self.ports)
        return labels, ports

    def _labels(self, labels: Mapping[str, str], *, of_namespace: bool) -> frozenset[tuple[str, str]]:
        return frozenset(
            (key, value if (of_namespace, key, value) in self.kept else UNMENTIONED)
            for key, value in labels.items()
            if (of_namespace, key) in self.keys
        )


def vocabulary(spaces: Iterable[Space], holders: Mapping[Label, int]) -> Vocabulary:
    """Gather what the policies of a fleet mention."""
    mentions: set[Label] = set()
    ports: set[tuple[str, str]] = set()
    for space in spaces:
        mentions.update(mentions_of(space))
        for policy in space.policies:
            for direction in Direction:
                for rule in policy.rules(direction) or ():
                    ports.update(rule.named)
    return Vocabulary(
        keys=frozenset((of_namespace, key) for of_namespace, key, _ in mentions),
        kept=frozenset(label for label in mentions if label not in holders),
        ports=frozenset(ports),
    )


def faces(view: View, addresses: Ranges) -> tuple[Endpoint, ...]:
    """A view as endpoints, in a namespace that is nobody's."""
    namespace_labels, pods = view
    return tuple(
        Endpoint(
            name="a foreign pod",
            namespace=UNMENTIONED,
            namespace_labels=dict(namespace_labels),
            labels=None if labels is None else dict(labels),
            ports=None if ports is None else dict(ports),
            addresses=addresses,
        )
        for labels, ports in pods
    )
