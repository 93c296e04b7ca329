"""What a change does to the room on the nodes. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from generator.capacity.load import of_company, of_tenants
from generator.capacity.room import Room, room
from generator.fleet.model import Fleet, Tenant
from generator.generate.size import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The nodes' answers before and after a change.

    Attributes:
        before: Before it; None when platform.yaml declared no nodes then.
        after: After it.
        grown: The tenants that come, or always run more after it, sorted by name.
    """

    before: Room | None
    after: Room
    grown: tuple[Tenant, ...]

    @property
    def is_worse(self) -> bool:
        """Whether fewer of the pods that must find a place find one."""
        if self.before is None:
            return bool(self.grown)
        return self.after.unplaced["guaranteed"] > self.before.unplaced["guaranteed"]

    @property
    def sells_more(self) -> bool:
        """Whether more of the nodes is sold after it."""
        if self.before is None:
            return bool(self.grown)
        return max(self.after.overcommit) > max(self.before.overcommit)


def shift(
    before: tuple[Fleet, Mapping[str, Size]], after: tuple[Fleet, Mapping[str, Size]], touched: Collection[str]
) -> Shift | None:
    """Compare the room on the nodes before and after a change.

    Args:
        before: The companies, as far as the change may touch them, and their numbers.
        after: All companies, and their numbers.
        touched: Names of the companies that the change touches; all others are before as they are after.

    Returns:
        The two answers; None when no nodes are declared after the change.
    """
    (fleet_before, sizes_before), (fleet_after, sizes_after) = before, after
    if (nodes := fleet_after.platform.nodes) is None:
        return None
    had = {tenant.name: (tenant, sizes_before[tenant.name]) for tenant in fleet_before.tenants}
    has = {tenant.name: (tenant, sizes_after[tenant.name]) for tenant in fleet_after.tenants}
    same = {name: pair for name, pair in has.items() if name not in had and name not in touched}
    nodes_before = fleet_before.platform.nodes
    return Shift(
        before=room(nodes_before, of_tenants({**had, **same}.values())) if nodes_before else None,
        after=room(nodes, of_tenants(has.values())),
        grown=tuple(has[name][0] for name in sorted(touched) if name in has and _grows(had.get(name), has[name])),
    )


def _grows(before: tuple[Tenant, Size] | None, after: tuple[Tenant, Size]) -> bool:
    """Say whether a company is new, runs more than before, or is sold more."""
    if before is None:
        return True
    was, now = of_company(before[1]), of_company(after[1])
    more = (
        (now.guaranteed + now.surge).cpu - (was.guaranteed + was.surge).cpu,
        (now.guaranteed + now.surge).memory - (was.guaranteed + was.surge).memory,
        (now.guaranteed + now.surge).count - (was.guaranteed + was.surge).count,
        now.sold.requests_cpu - was.sold.requests_cpu,
        now.sold.requests_memory - was.sold.requests_memory,
    )
    return max(more) > 0
