"""What the nodes answer: whether the companies fit, what a lost node leaves, how many more there may be. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from generator.capacity.load import LEVELS, Companies, Level, Levels, Load, total
from generator.capacity.placement import Free, nodes_of, unplaced
from generator.fleet.infrastructure import NodePool, Nodes

MOST_NODES: Final = 5000
"""Nodes of a cluster that Kubernetes is tested with: https://kubernetes.io/docs/setup/best-practices/cluster-large/"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What is left without some nodes.

    Attributes:
        name: What is lost, in words.
        unplaced: How many of the pods that always run find no place then.
    """

    name: str
    unplaced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the nodes answer for one fleet.

    Attributes:
        nodes: What platform.yaml declares.
        companies: What the fleet puts on them.
        unplaced: How many pods find no place, at each level; of the guaranteed one with the surge of the ring whose
            roll-out needs most.
        ring: That ring; empty without companies.
        needed: Nodes of the pool that grows that hold the guaranteed level and the surge, beside all other pools; None
            when no number of them does.
        available_cpu, available_memory: Millicores and bytes that all nodes have for companies.
        places: Pods that all nodes have place for.
        lost: What the largest node and each zone leave, where there are several.
    """

    nodes: Nodes
    companies: Companies
    unplaced: Mapping[Level, int]
    ring: str
    needed: int | None
    available_cpu: int
    available_memory: int
    places: int
    lost: tuple[Lost, ...]

    @property
    def fits(self) -> bool:
        """Whether all that always runs, and a roll-out of any ring, finds a place."""
        return not self.unplaced["guaranteed"]

    @property
    def overcommit(self) -> tuple[float, float]:
        """How many times what the nodes have is sold: CPU and memory."""
        sold = self.companies.levels.sold
        return (
            _ratio(sold.requests_cpu, self.available_cpu),
            _ratio(sold.requests_memory, self.available_memory),
        )

    @property
    def is_oversold(self) -> bool:
        """Whether more is sold than platform.yaml allows."""
        allowed = self.nodes.allowed_overcommit
        return allowed is not None and max(self.overcommit) > allowed

    @property
    def is_good(self) -> bool:
        """Whether all fits that must, and no more is sold than may be."""
        return self.fits and not self.is_oversold

    @property
    def growing(self) -> NodePool:
        """The pool that grows."""
        return self.nodes.pools[0]


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole > 0 else (0.0 if not part else float("inf"))


def room(nodes: Nodes, companies: Companies) -> Room:
    """Fit a fleet on the nodes and answer.

    Args:
        nodes: What platform.yaml declares.
        companies: What the fleet puts on them.
    """
    free, platform = nodes_of(nodes), of_platform(nodes)
    wanted = {ring: companies.levels.guaranteed + surge for ring, surge in (companies.surges or {"": Load()}).items()}
    over = {ring: unplaced(free, platform, load) for ring, load in wanted.items()}
    # of rings that all fit, the one that puts most on the nodes
    ring = max(wanted, key=lambda name: (over[name], wanted[name].cpu, wanted[name].memory, name))
    unplaced_at = {level: unplaced(free, platform, companies.levels.at(level)) for level in LEVELS}
    unplaced_at["guaranteed"] = over[ring]
    return Room(
        nodes=nodes,
        companies=companies,
        unplaced=unplaced_at,
        ring=ring,
        needed=_needed(nodes, platform, wanted[ring]),
        available_cpu=sum(alike.number * alike.cpu for alike in free) - platform.cpu,
        available_memory=sum(alike.number * alike.memory for alike in free) - platform.memory,
        places=sum(alike.number * alike.pods for alike in free) - platform.count,
        lost=tuple(_lost(free, platform, companies.levels.guaranteed)),
    )


def of_platform(nodes: Nodes) -> Load:
    """Return the pods of the platform that run somewhere."""
    return total(Load({(group.cpu, group.memory): group.pods}) for group in nodes.in_all.values())


def fits(nodes: Nodes, companies: Companies) -> bool:
    """Say whether a fleet fits: what always runs, and a roll-out of any ring."""
    free, platform = nodes_of(nodes), of_platform(nodes)
    surges = companies.surges.values() or (Load(),)
    return not any(unplaced(free, platform, companies.levels.guaranteed + surge) for surge in surges)


def _needed(nodes: Nodes, platform: Load, load: Load) -> int | None:
    """Return the least number of nodes of the growing pool that holds a load, beside all other pools."""
    pool = nodes.pools[0].name

    def holds(number: int) -> bool:
        return not unplaced(nodes_of(nodes, {pool: number}), platform, load)

    return least(holds, MOST_NODES)


def least(holds: Callable[[int], bool], most: int) -> int | None:
    """Return the least number from 0 to `most` that holds, or None; what holds with a number holds with any larger."""
    high = 1
    while not holds(high):
        if high >= most:
            return None
        high = min(2 * high, most)
    low = -1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def how_many_more(nodes: Nodes, companies: Companies, levels: Levels, ring: str) -> int | None:
    """Return how many more companies of one kind fit; None for more than a cluster is tested with.

    Args:
        nodes: The nodes.
        companies: Those that are there.
        levels: What one more puts on the nodes.
        ring: The ring that it comes to.
    """
    first_too_many = least(lambda number: not fits(nodes, companies.plus(levels, ring, number)), MOST_NAMESPACES)
    return None if first_too_many is None else max(0, first_too_many - 1)


MOST_NAMESPACES: Final = 10_000
"""Namespaces of a cluster that Kubernetes is tested with: see MOST_NODES."""


def _lost(free: Free, platform: Load, guaranteed: Load) -> Iterator[Lost]:
    """Say what is left when a node dies, or a zone: what always runs must come back on the others."""
    if sum(alike.number for alike in free) > 1:
        largest = max(free, key=lambda alike: (alike.cpu, alike.memory, alike.pods))
        rest = tuple(_without(free, largest.pool, largest.zone, 1))
        yield Lost(name=f"a node of pool {largest.pool}", unplaced=unplaced(rest, platform, guaranteed))
    zones = sorted({alike.zone for alike in free if alike.zone})
    if len(zones) > 1:
        for zone in zones:
            rest = tuple(alike for alike in free if alike.zone != zone)
            yield Lost(name=f"zone {zone}", unplaced=unplaced(rest, platform, guaranteed))


def _without(free: Free, pool: str, zone: str, number: int) -> Free:
    found = []
    for alike in free:
        gone = number if (alike.pool, alike.zone) == (pool, zone) else 0
        if alike.number > gone:
            found.append(replace(alike, number=alike.number - gone))
    return tuple(found)
