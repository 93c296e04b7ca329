"""What companies put on the nodes, at three levels, in pods of the size that base/ gives them. Pure.

- guaranteed: the pods that always run.
- maximum: those of every autoscaler at its most.
- quota: those that the quota has room for, a roll-out at the maximum and the reserve included.

A roll-out of a ring puts the surge of each of its companies on top of the guaranteed level, all at once: Argo CD brings
a release to all of them within minutes. Pods that are still ending are not waited for: where they are in the way, a
roll-out is slower and never stuck, because they go.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from generator.fleet.model import Fleet, Resources, Tenant
from generator.generate.headroom import Rolling, Workload
from generator.generate.size import SPARE_PODS, Size

PodSize = tuple[int, int]
"""What one pod requests: millicores and bytes."""

Level = Literal["guaranteed", "maximum", "quota"]
LEVELS: Final[tuple[Level, ...]] = ("guaranteed", "maximum", "quota")


@dataclass(frozen=True, slots=True)
class Load:
    """Pods, by what each requests.

    Attributes:
        pods: How many pods there are of each size.
    """

    pods: Mapping[PodSize, int] = field(default_factory=dict)

    def __add__(self, other: "Load") -> "Load":
        return total((self, other))

    def __mul__(self, times: int) -> "Load":
        return Load({size: pods * times for size, pods in self.pods.items()})

    @property
    def count(self) -> int:
        """Pods in all."""
        return sum(self.pods.values())

    @property
    def cpu(self) -> int:
        """Millicores that they request together."""
        return sum(cpu * pods for (cpu, _), pods in self.pods.items())

    @property
    def memory(self) -> int:
        """Bytes that they request together."""
        return sum(memory * pods for (_, memory), pods in self.pods.items())


def total(loads: Iterable[Load]) -> Load:
    """Add loads up."""
    pods: Counter[PodSize] = Counter()
    for load in loads:
        pods.update(load.pods)
    return Load(pods)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """What one company, or several, put on the nodes.

    Attributes:
        guaranteed, maximum, quota: See the head of this module.
        surge: What a roll-out adds to the guaranteed level.
        sold: What the quota admits; no less than the pods of that level, because a plan may hold a part of a pod.
    """

    guaranteed: Load
    maximum: Load
    quota: Load
    surge: Load
    sold: Resources

    def at(self, level: Level) -> Load:
        """Return one of the three levels."""
        return {"guaranteed": self.guaranteed, "maximum": self.maximum, "quota": self.quota}[level]

    def requested(self, level: Level) -> tuple[int, int, int]:
        """Return the millicores, bytes and pods of a level; of the quota all that was sold, also a part of a pod."""
        load = self.at(level)
        if level == "quota":
            return self.sold.requests_cpu, self.sold.requests_memory, load.count
        return load.cpu, load.memory, load.count


def of_company(numbers: Size) -> Levels:
    """Return what a company of these numbers puts on the nodes: the larger, while it keeps the quota of a plan."""
    both = list(zip(numbers.scalings, (numbers.kept or numbers).scalings, strict=True))
    wanted = [(now.workload, now.min_replicas, max(now.max_replicas, was.max_replicas)) for now, was in both]
    wanted += [(other, other.least, other.most) for other in numbers.others]
    at_once = [(now.workload, max(now.sold_at_once, was.sold_at_once)) for now, was in both]
    at_once += [(other, other.at_once(other.most, other.least)) for other in numbers.others]
    reserve = numbers.reserve
    spare = Load({(reserve.requests_cpu // SPARE_PODS, reserve.requests_memory // SPARE_PODS): SPARE_PODS})
    return Levels(
        guaranteed=_of((workload, least) for workload, least, _ in wanted),
        maximum=_of((workload, most) for workload, _, most in wanted),
        quota=_of(at_once) + spare,
        surge=_of((workload, _surge(workload, least)) for workload, least, _ in wanted),
        sold=numbers.quota,
    )


def _of(workloads: Iterable[tuple[Workload, int]]) -> Load:
    return total(
        Load({(workload.pod.requests_cpu, workload.pod.requests_memory): pods}) for workload, pods in workloads if pods
    )


def _surge(workload: Workload, pods: int) -> int:
    return workload.motion.step(pods)[0] if isinstance(workload.motion, Rolling) and pods else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Companies:
    """What all companies put on the nodes.

    Attributes:
        number: How many they are.
        levels: Together; their surge is never that of all at once.
        surges: What a roll-out of each ring adds to the guaranteed level, by the ring's name.
    """

    number: int
    levels: Levels
    surges: Mapping[str, Load]

    def plus(self, levels: Levels, ring: str, times: int) -> "Companies":
        """Return them with more companies of one kind, or with fewer when `times` is negative."""
        return Companies(
            number=self.number + times,
            levels=together([self.levels, *_times(levels, times)]),
            surges={**self.surges, ring: self.surges.get(ring, Load()) + levels.surge * times},
        )


def _times(levels: Levels, times: int) -> Iterable[Levels]:
    return (
        Levels(
            guaranteed=levels.guaranteed * times,
            maximum=levels.maximum * times,
            quota=levels.quota * times,
            surge=levels.surge * times,
            sold=levels.sold * times,
        ),
    )


def together(several: Iterable[Levels]) -> Levels:
    """Add the levels of several companies up."""
    levels = tuple(several)
    return Levels(
        guaranteed=total(each.guaranteed for each in levels),
        maximum=total(each.maximum for each in levels),
        quota=total(each.quota for each in levels),
        surge=total(each.surge for each in levels),
        sold=sum((each.sold for each in levels), Resources()),
    )


def of_fleet(fleet: Fleet, sizes: Mapping[str, Size]) -> Companies:
    """Return what all companies put on the nodes."""
    return of_tenants((tenant, sizes[tenant.name]) for tenant in fleet.tenants)


def of_tenants(tenants: Iterable[tuple[Tenant, Size]]) -> Companies:
    """Return what some companies put on the nodes."""
    kept = list(tenants)
    sizes = {id(numbers): numbers for _, numbers in kept}  # tenants of one kind have one record of numbers
    alike = Counter((id(numbers), tenant.ring.name) for tenant, numbers in kept)
    of_kinds = {key: of_company(numbers) for key, numbers in sizes.items()}
    surges: dict[str, list[Load]] = {}
    for (key, ring), number in alike.items():
        surges.setdefault(ring, []).append(of_kinds[key].surge * number)
    return Companies(
        number=len(kept),
        levels=together(each for (key, _), number in alike.items() for each in _times(of_kinds[key], number)),
        surges={ring: total(loads) for ring, loads in surges.items()},
    )
