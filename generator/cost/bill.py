"""What a year costs, split so that the parts are the whole. Pure; money is exact until it is shown.

Nodes are split in three. What a company's pods request for certain is its own part: its share of that resource of the
nodes (CPU, memory or places for pods) of which the fleet takes the largest share. What the platform's own pods request
of it is shared by all companies alike. The rest is idle: it is there for what was sold, so it is shared in proportion
to what each company's quota may request. Volumes, copies of them, traffic and tokens are each company's own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from generator.capacity.load import Levels, Load, of_company, of_fleet
from generator.capacity.placement import nodes_of
from generator.capacity.room import Room, of_platform, room
from generator.fleet.infrastructure import Nodes, Prices, Usage
from generator.fleet.model import Fleet, Platform, Tenant
from generator.generate.size import Size

MONTHS: Final = 12
_GI: Final = 1024**3

PARTS: Final = ("own", "shared", "idle", "storage", "backup", "egress", "tokens")
"""What a company's cost is made of: attributes of `Share`."""

Resource = Literal["CPU", "memory", "places for pods"]
RESOURCES: Final[tuple[Resource, ...]] = ("CPU", "memory", "places for pods")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one company costs a year, and what it pays.

    Attributes:
        name: The company.
        plan: Its plan.
        own: Its part of the nodes: what its pods request for certain.
        shared: Its part of what the platform's pods take.
        idle: Its part of what nothing requests.
        storage, backup, egress, tokens: What it uses of each.
        pays: What it pays; None where its plan, or an add-on of it, has no price.
    """

    name: str
    plan: str
    own: Fraction
    shared: Fraction
    idle: Fraction
    storage: Fraction
    backup: Fraction
    egress: Fraction
    tokens: Fraction
    pays: Fraction | None

    @property
    def costs(self) -> Fraction:
        """All of it."""
        return sum((getattr(self, part) for part in PARTS), Fraction())

    @property
    def margin(self) -> Fraction | None:
        """What is left of what it pays; None where that is not told."""
        return None if self.pays is None else self.pays - self.costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a year costs.

    Attributes:
        currency: Of all amounts.
        companies: Each company.
        nodes: What all nodes cost, for companies and the platform.
        counted: How many nodes of each pool are paid.
        own_nodes: What a node for each company would cost instead; None when its price is not told.
        resource: What the nodes are split by; of which the fleet takes the largest share.
        used: What share of the nodes companies request for certain, and what share the platform, by resource.
        nobodys: What nodes cost while there is no company to share it.
        left_out: What is not in the sum because its price is not told.
    """

    currency: str
    companies: tuple[Share, ...]
    nodes: Fraction
    counted: Mapping[str, int]
    own_nodes: Fraction | None
    resource: Resource
    used: Mapping[Resource, tuple[Fraction, Fraction]]
    nobodys: Fraction
    left_out: tuple[str, ...]

    @property
    def costs(self) -> Fraction:
        """All of it, which is what the companies cost together."""
        return sum((share.costs for share in self.companies), self.nobodys)

    @property
    def saved(self) -> Fraction | None:
        """What share of the cost of a node for each company is saved; None when that is not told."""
        return None if not self.own_nodes else 1 - self.nodes / self.own_nodes


def bill(fleet: Fleet, sizes: Mapping[str, Size], prices: Prices) -> Bill:
    """Work out what a year costs.

    Args:
        fleet: The companies.
        sizes: Their numbers.
        prices: What the provider pays.
    """
    nodes = fleet.platform.nodes
    answer = room(nodes, of_fleet(fleet, sizes)) if nodes else None
    counted = _counted(answer) if answer else {}
    paid = MONTHS * sum((prices.nodes.get(pool, Fraction()) * number for pool, number in counted.items()), Fraction())
    each = {tenant.name: of_company(sizes[tenant.name]) for tenant in fleet.tenants}
    used = _used(nodes, counted, each) if nodes else dict.fromkeys(RESOURCES, (Fraction(), Fraction()))
    resource = max(RESOURCES, key=lambda name: sum(used[name]))
    parts = _Parts(each, resource, paid, used[resource])
    shares = tuple(_share(tenant, fleet.platform, sizes[tenant.name], prices, parts) for tenant in fleet.tenants)
    return Bill(
        currency=prices.currency,
        companies=shares,
        nodes=paid,
        counted=counted,
        own_nodes=None if prices.own_node is None else prices.own_node * MONTHS * len(fleet.tenants),
        resource=resource,
        used=used,
        nobodys=Fraction() if shares else paid,
        left_out=tuple(_left_out(fleet.platform, prices)),
    )


def _counted(answer: Room) -> dict[str, int]:
    """Return how many nodes of each pool are paid: all, or of one that is scaled, those that are needed."""
    found = {}
    for pool in answer.nodes.pools:
        needed = answer.needed if pool is answer.growing else None
        wanted = pool.most if needed is None else max(pool.least, min(pool.most, needed))
        found[pool.name] = pool.most if pool.least == pool.most else wanted
    return found


def _of(load: Load, resource: Resource) -> int:
    return {"CPU": load.cpu, "memory": load.memory, "places for pods": load.count}[resource]


def _used(
    nodes: Nodes, counted: Mapping[str, int], each: Mapping[str, Levels]
) -> dict[Resource, tuple[Fraction, Fraction]]:
    """Return which share of each resource companies request for certain, and which the platform."""
    free, everywhere = nodes_of(nodes, counted), of_platform(nodes)
    number = sum(alike.number for alike in free)
    has = {
        "CPU": sum(alike.whole_cpu * alike.number for alike in free),
        "memory": sum(alike.whole_memory * alike.number for alike in free),
        "places for pods": sum(alike.whole_pods * alike.number for alike in free),
    }
    on_each = {"CPU": nodes.on_each.cpu, "memory": nodes.on_each.memory, "places for pods": nodes.on_each.pods}
    found: dict[Resource, tuple[Fraction, Fraction]] = {}
    for resource in RESOURCES:
        whole = max(1, has[resource])
        companies = sum(_of(levels.guaranteed, resource) for levels in each.values())
        platform = on_each[resource] * number + _of(everywhere, resource)
        found[resource] = (Fraction(companies, whole), Fraction(platform, whole))
    return found


class _Parts:
    """How the nodes are split over companies.

    Args:
        each: What each company puts on the nodes, by name.
        resource: What they are split by.
        paid: What the nodes cost.
        used: Which share of them companies and the platform take.
    """

    def __init__(
        self, each: Mapping[str, Levels], resource: Resource, paid: Fraction, used: tuple[Fraction, Fraction]
    ) -> None:
        self._each, self._resource = each, resource
        # where more is requested than is paid for, nothing is idle and what is paid is shared
        companies, platform = (share / max(Fraction(1), sum(used)) for share in used)
        self._own, self._shared = paid * companies, paid * platform
        self._idle = paid - self._own - self._shared
        self._takes = sum(_of(levels.guaranteed, resource) for levels in each.values())
        self._sold = sum(levels.sold.requests_cpu for levels in each.values())

    def of(self, name: str) -> tuple[Fraction, Fraction, Fraction]:
        """Return a company's own part, its part of what the platform takes, and its part of what is idle."""
        levels, number = self._each[name], len(self._each)
        takes = _of(levels.guaranteed, self._resource)
        own = Fraction(takes, self._takes) if self._takes else Fraction(1, number)
        idle = Fraction(levels.sold.requests_cpu, self._sold) if self._sold else Fraction(1, number)
        return self._own * own, self._shared / number, self._idle * idle


def _share(tenant: Tenant, platform: Platform, numbers: Size, prices: Prices, parts: _Parts) -> Share:
    own, shared, idle = parts.of(tenant.name)
    gi = Fraction(numbers.storage_in_all, _GI)
    sold = [platform.plans[tenant.plan].price, *(platform.addons[name].price for name in tenant.addons)]
    priced = [price for price in sold if price is not None]
    return Share(
        name=tenant.name,
        plan=tenant.plan,
        own=own,
        shared=shared,
        idle=idle,
        storage=gi * (prices.storage or 0) * MONTHS,
        backup=gi * (prices.backup or 0) * MONTHS,
        egress=_usage(prices.egress, tenant),
        tokens=_usage(prices.tokens, tenant),
        pays=sum(priced, Fraction()) * MONTHS if len(priced) == len(sold) else None,
    )


def _usage(usage: Usage | None, tenant: Tenant) -> Fraction:
    if usage is None or (usage.addon and usage.addon not in tenant.addons):
        return Fraction()
    return usage.price * usage.units * MONTHS


def _left_out(platform: Platform, prices: Prices) -> Iterator[str]:
    """Name what has no price, so that nobody takes the sum for all there is."""
    if platform.nodes is None:
        yield "nodes: none are declared"
    for pool in platform.nodes.pools if platform.nodes else ():
        if pool.name not in prices.nodes:
            yield f"nodes of pool {pool.name}: prices.nodes.{pool.name}"
    keys = {
        "a node for each company": ("ownNode", prices.own_node),
        "storage": ("storage", prices.storage),
        "backup": ("backup", prices.backup),
        "egress": ("egress", prices.egress),
        "tokens": ("tokens", prices.tokens),
    }
    yield from (f"{words}: prices.{key}" for words, (key, price) in keys.items() if price is None)
    for sold, kind in ((platform.plans, "plan"), (platform.addons, "add-on")):
        for name, one in sold.items():
            if one.price is None:
                yield f"what {kind} {name} brings: {kind.replace('-', '')}s.{name}.price"
    yield "control planes, people, taxes and discounts: nothing declares them"
