"""Whether pods find a place on nodes. Pure.

Kubernetes places one pod at a time, on the node with the largest free share, and never moves it again. So a sum that is
small enough is not enough: each node may be left with a rest that is smaller than the next pod. How large that rest may
be follows from the pods alone. Where all are of one size there is none. Where they are not, a pod that finds no place
has found on every node less than itself free. So a fleet fits in any order where the other pods are too few to leave so
little on every node. That is a proof. It is also said to fit where each node is taken to be smaller by the largest pod,
less the step in which sizes differ, and by the place of one pod, and the fleet fits such nodes from its largest pod to
its smallest; and the nodes as they are in five other orders. That is none: where two of CPU, memory and places run out
together on all nodes, an order that came about by chance may leave a pod without a place. What neither shows does not
fit, which is cautious by about a pod a node, as large as the largest in CPU and in memory, where nodes are alike.
`tests/cluster/test_capacity.py` holds both answers against the real scheduler.

What only the scheduler knows is left out: affinities, taints and topology that a pod demands. `base/` has none that
binds (`whenUnsatisfiable: ScheduleAnyway`).

Source: https://kubernetes.io/docs/reference/scheduling/config/ (NodeResourcesFit, LeastAllocated).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
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

Order = Callable[[PodSize], tuple[float, float]]
"""What sizes of pods are sorted by."""


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
    without = placed(_less_a_pod(free, companies), companies.pods)[1]
    return left + (without or max(placed(free, companies.pods, order)[1] for order in _orders(free)))


def _always_fits(size: PodSize, free: Free, companies: Load) -> bool:
    """Return whether the other pods of companies, wherever they are, leave room for one of this size on some node."""
    others = {(*other, 1): pods - (other == size) for other, pods in companies.pods.items() if pods}
    steps = [gcd(*amounts) for amounts in zip(*others, strict=True)]
    fill: Counter[_Filled] = Counter()
    for alike in free:
        amounts = zip((alike.cpu, alike.memory, alike.pods), (*size, 1), steps, strict=True)
        fill[tuple(_fewest_that_leave_less(*three) for three in amounts)] += alike.number
    units = [unit for unit in fill if 0 not in unit]
    return _are_too_few_by_amounts(others, fill) or any(_are_too_few_by_shares(others, fill, unit) for unit in units)


_Filled = tuple[int | None, ...]
"""The least CPU, memory and places that fill a node; None for what can never be too little."""


def _fewest_that_leave_less(amount: int, wanted: int, step: int) -> int | None:
    """Return what pods must take of an amount, in steps, that less than is wanted is left; None if that is nothing."""
    return max(0, ((amount - wanted) // step + 1) * step) if wanted else None


def _are_too_few_by_amounts(others: Mapping[tuple[int, int, int], int], fill: Mapping[_Filled, int]) -> bool:
    """Return whether pods cannot fill all nodes, though each counted with all of its three amounts."""
    filled = 0
    for index in range(3):
        rest = sum(amounts[index] * pods for amounts, pods in others.items())
        needed = [(least, number) for unit, number in fill.items() if (least := unit[index]) is not None]
        for least, number in sorted(needed):
            full = min(number, rest // least) if least else number
            rest -= full * least
            filled += full
    return filled < sum(fill.values())


def _are_too_few_by_shares(
    others: Mapping[tuple[int, int, int], int], fill: Mapping[_Filled, int], unit: _Filled
) -> bool:
    """Return whether pods cannot fill all nodes, each counted with one amount: that of which it takes the most.

    A node is full by one of the three, so its pods take at least one whole of that.

    Args:
        others: The pods, by what each takes of the three amounts.
        fill: What fills a node, and how many such nodes there are.
        unit: What counts as one whole of each amount.
    """

    def shares(amounts: Sequence[int | None]) -> list[Fraction]:
        both = zip(amounts, unit, strict=True)
        return [Fraction(amount, whole) for amount, whole in both if amount is not None and whole]

    counted = sum(pods * max(shares(amounts)) for amounts, pods in others.items())
    return counted < sum(number * min(shares(least)) for least, number in fill.items())


def _orders(free: Free) -> Iterable[Order]:
    """Return orders in which pods of several sizes leave much where one amount is free and the other is not."""
    cpu, memory = _largest(free)
    return (
        lambda size: (size[0], size[1]),
        lambda size: (size[1], size[0]),
        lambda size: (-size[0], -size[1]),
        lambda size: (-size[1], -size[0]),
        lambda size: (max(size[0] / cpu, size[1] / memory), 0),
    )


def _less_a_pod(free: Free, companies: Load) -> Free:
    sizes = [size for size, pods in companies.pods.items() if pods]
    if len(sizes) <= 1:
        return free
    cpu, memory = (max(amounts) - gcd(*amounts) for amounts in zip(*sizes, strict=True))
    return tuple(
        replace(alike, cpu=alike.cpu - cpu, memory=alike.memory - memory, pods=alike.pods - 1) for alike in free
    )


def placed(free: Free, pods: Mapping[PodSize, int], order: Order | None = None) -> tuple[Free, int]:
    """Place pods, each where the largest share is free; return what is free then, and who waits.

    Args:
        free: The nodes.
        pods: How many pods there are of each size.
        order: What sizes are sorted by; the largest comes first when None.
    """
    cpu, memory = _largest(free)
    order = order or (lambda size: (-max(size[0] / cpu, size[1] / memory), 0))
    left = 0
    for size in sorted(pods, key=lambda size: (order(size), -size[0], -size[1])):
        free, over = _spread(free, size, pods[size])
        left += over
    return free, left


def _largest(free: Free) -> tuple[int, int]:
    return max((alike.whole_cpu for alike in free), default=1), max((alike.whole_memory for alike in free), default=1)


def _spread(free: Free, size: PodSize, pods: int) -> tuple[Free, int]:
    """Place equal pods one after the other, worked out at once: all nodes end with about the same share free."""
    room = [alike.holds(size) for alike in free]
    fitting = min(pods, _number(free, room))
    if not fitting:
        return free, pods
    turns = [
        (alike.free() - alike.costs(size), alike.costs(size), most) for alike, most in zip(free, room, strict=True)
    ]
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
