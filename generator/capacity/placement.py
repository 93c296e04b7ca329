"""Whether pods find a place on nodes. Pure.

Kubernetes places one pod at a time, on the node with the largest free share, and never moves it again. So a sum that is
small enough is not enough: each node may be left with a rest that is smaller than the next pod. How large that rest may
be follows from the pods alone. Where all are of one size there is none. Where they are not, a pod that finds no place
has found on every node less than itself free. So a fleet fits in any order where the other pods are too few to leave so
little on every node. It also does where each node is taken to be smaller by the largest pod, less the step in which
sizes differ, and by the place of one pod, and the fleet fits such nodes from its largest pod to its smallest. What
neither shows does not fit, which is cautious by about a pod a node, as large as the largest in CPU and in memory.
`tests/cluster/test_capacity.py` holds both answers against the real scheduler.

What only the scheduler knows is left out: affinities, taints and topology that a pod demands. `base/` has none that
binds (`whenUnsatisfiable: ScheduleAnyway`).

Source: https://kubernetes.io/docs/reference/scheduling/config/ (NodeResourcesFit, LeastAllocated).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, gcd
from typing import Final

from generator.capacity.load import Load, PodSize
from generator.fleet.infrastructure import NodePool, Nodes

_ROUNDS: Final = 64
"""Halvings of a share: more than a float can tell apart."""

_OF_PLACES: Final = 1e-6
"""How much the places of a node weigh beside its CPU and memory: they only order pods that request nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Nodes on which equal amounts are free.

    Attributes:
        number: How many nodes.
        pool: Their pool.
        zone: Their zone; empty when none are told.
        cpu, memory, pods: What each has free: millicores, bytes and places.
        whole_cpu, whole_memory, whole_pods: What each has when it is empty.
    """

    number: int
    pool: str
    zone: str
    cpu: int
    memory: int
    pods: int
    whole_cpu: int
    whole_memory: int
    whole_pods: int

    def holds(self, size: PodSize) -> int:
        """Return how many more pods of a size fit each of these nodes."""
        cpu, memory = size
        room = [self.pods, *([self.cpu // cpu] if cpu else []), *([self.memory // memory] if memory else [])]
        return max(0, min(room))

    def with_pods(self, size: PodSize, pods: int, number: int) -> "Alike":
        """Return some of these nodes with more pods on each."""
        cpu, memory = self.cpu - size[0] * pods, self.memory - size[1] * pods
        return replace(self, number=number, cpu=cpu, memory=memory, pods=self.pods - pods)

    def free(self) -> float:
        """Return the share that is free, as the scheduler weighs it."""
        return self._share(self.cpu, self.memory, self.pods)

    def costs(self, size: PodSize) -> float:
        """Return the share that one pod takes; more than nothing."""
        return self._share(*size, 1)

    def _share(self, cpu: int, memory: int, pods: int) -> float:
        parts = (cpu / max(1, self.whole_cpu), memory / max(1, self.whole_memory), pods * _OF_PLACES)
        return sum(parts)


Free = tuple[Alike, ...]


def nodes_of(nodes: Nodes, counts: Mapping[str, int] | None = None) -> Free:
    """Return the empty nodes: as many as there may be, with what runs on each of them taken off.

    Args:
        nodes: What platform.yaml declares.
        counts: Other numbers of nodes, by pool.
    """
    counts = counts or {}
    return tuple(
        alike for pool in nodes.pools for alike in _pool(pool, nodes, counts.get(pool.name, pool.most)) if alike.number
    )


def _pool(pool: NodePool, nodes: Nodes, count: int) -> Iterable[Alike]:
    zones = pool.zones or ("",)
    each, more = divmod(count, len(zones))
    cpu, memory = pool.cpu - nodes.on_each.cpu, pool.memory - nodes.on_each.memory
    for index, zone in enumerate(zones):
        yield Alike(
            number=each + (index < more),
            pool=pool.name,
            zone=zone,
            cpu=cpu,
            memory=memory,
            pods=pool.pods - nodes.on_each.pods,
            whole_cpu=pool.cpu,
            whole_memory=pool.memory,
            whole_pods=pool.pods,
        )


def unplaced(empty: Free, platform: Load, companies: Load) -> int:
    """Return how many pods of companies find no place; 0 when all do, whatever their order.

    Args:
        empty: The nodes.
        platform: What the platform runs there before them; what finds no place of it counts as well.
        companies: Pods of companies.
    """
    free, left = placed(empty, platform.pods)
    if all(_always_fits(size, free, companies) for size, pods in companies.pods.items() if pods):
        return left
    return left + placed(_less_a_pod(free, companies), companies.pods)[1]


def _always_fits(size: PodSize, free: Free, companies: Load) -> bool:
    """Return whether the other pods of companies, wherever they are, leave room for one of this size on some node."""
    cpu, memory = size
    steps = [gcd(*amounts) for amounts in zip(*(other for other, pods in companies.pods.items() if pods), strict=True)]
    full = (
        _most_full(companies.cpu - cpu, cpu, steps[0], [(alike.cpu, alike.number) for alike in free]),
        _most_full(companies.memory - memory, memory, steps[1], [(alike.memory, alike.number) for alike in free]),
        _most_full(companies.count - 1, 1, 1, [(alike.pods, alike.number) for alike in free]),
    )
    return sum(full) < sum(alike.number for alike in free)


def _most_full(others: int, wanted: int, step: int, free: Iterable[tuple[int, int]]) -> int:
    """Return on how many nodes the others can leave less than is wanted, of an amount that they take in steps.

    Args:
        others: What the others take together.
        wanted: What must not be left; 0 is left always.
        step: What each amount is a multiple of.
        free: What is free on a node, and on how many nodes.
    """
    found = 0
    for amount, number in sorted(free) if wanted else ():
        needed = max(0, ((amount - wanted) // step + 1) * step)  # the fewest steps that leave less
        filled = min(number, others // needed) if needed else number
        others -= filled * needed
        found += filled
    return found


def _less_a_pod(free: Free, companies: Load) -> Free:
    sizes = [size for size, pods in companies.pods.items() if pods]
    if len(sizes) <= 1:
        return free
    cpu, memory = (max(amounts) - gcd(*amounts) for amounts in zip(*sizes, strict=True))
    return tuple(
        replace(alike, cpu=alike.cpu - cpu, memory=alike.memory - memory, pods=alike.pods - 1) for alike in free
    )


def placed(free: Free, pods: Mapping[PodSize, int]) -> tuple[Free, int]:
    """Place pods, the largest first, each where the largest share is free; return what is free then, and who waits."""
    cpu = max((alike.whole_cpu for alike in free), default=1)
    memory = max((alike.whole_memory for alike in free), default=1)
    left = 0
    for size in sorted(pods, key=lambda size: (max(size[0] / cpu, size[1] / memory), size), reverse=True):
        free, over = _spread(free, size, pods[size])
        left += over
    return free, left


def _spread(free: Free, size: PodSize, pods: int) -> tuple[Free, int]:
    """Place equal pods one after the other, worked out at once: all nodes end with about the same share free."""
    room = [alike.holds(size) for alike in free]
    fitting = min(pods, _number(free, room))
    if not fitting:
        return free, pods
    turns = [(alike.free(), alike.costs(size), most) for alike, most in zip(free, room, strict=True)]
    enough, too_few = min(share - cost * most for share, cost, most in turns), max(share for share, _, _ in turns)
    for _ in range(_ROUNDS):
        middle = (enough + too_few) / 2
        if _number(free, _until(turns, middle)) >= fitting:
            enough = middle
        else:
            too_few = middle
    chosen, without_the_last = (_until(turns, share) for share in (enough, too_few))
    surplus = _number(free, chosen) - fitting
    found: list[Alike] = []
    for alike, number, less in zip(free, chosen, without_the_last, strict=True):
        fewer = min(surplus, alike.number) if less < number else 0  # of those whose turn comes at the same time
        surplus -= fewer
        found += [alike.with_pods(size, number, alike.number - fewer)] if alike.number > fewer else []
        found += [alike.with_pods(size, number - 1, fewer)] if fewer else []
    return tuple(found), pods - fitting


def _until(turns: Iterable[tuple[float, float, int]], share: float) -> list[int]:
    """Return how many pods each node gets until no more than a share of it is free.

    Args:
        turns: Of each node the share that is free, what one pod takes of it, and how many fit.
        share: Where to end.
    """
    return [min(most, max(0, ceil((free - share) / cost))) for free, cost, most in turns]


def _number(free: Free, each: Sequence[int]) -> int:
    return sum(alike.number * pods for alike, pods in zip(free, each, strict=True))
