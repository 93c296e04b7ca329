"""A fleet as it would be: more companies of a plan, or fewer, and other numbers of nodes. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from generator.capacity.load import Companies, of_company, of_tenants
from generator.capacity.room import how_many_more
from generator.findings.words import did_you_mean
from generator.fleet.infrastructure import Nodes
from generator.fleet.model import Fleet, Overrides, Platform, Tenant
from generator.generate.headroom import Workload
from generator.generate.size import Size, size

_PART: Final = re.compile(r"(plan|nodes)=(?:([a-z][-a-z0-9]*):)?([+-]?)([0-9]{1,6})")
_FORM: Final = (
    "write plan=PLAN:+10 or plan=PLAN:-10 for companies, nodes=6 or nodes=POOL:+1 for nodes, with commas between"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What would be otherwise.

    Attributes:
        plans: How many companies come to each plan, or leave it.
        nodes: How many nodes each pool would have.
    """

    plans: Mapping[str, int] = field(default_factory=dict)
    nodes: Mapping[str, int] = field(default_factory=dict)


def read(text: str, platform: Platform) -> WhatIf:
    """Read for example `plan=gold:+10,nodes=6`.

    Raises:
        ValueError: It is of another form, or names what platform.yaml does not declare; the words say which.
    """
    plans: dict[str, int] = {}
    pools = {pool.name: pool.most for pool in platform.nodes.pools} if platform.nodes else {}
    nodes: dict[str, int] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None or (match[1] == "plan" and not (match[2] and match[3])):
            raise ValueError(f"{part!r} cannot be read: {_FORM}")
        number = int(f"{match[3]}{match[4]}")
        if match[1] == "plan":
            _known("plan", match[2], platform.plans)
            plans[match[2]] = plans.get(match[2], 0) + number
            continue
        if not pools:
            raise ValueError("platform.yaml declares no nodes: declare `nodes` first")
        pool = match[2] or next(iter(pools))
        _known("pool", pool, pools)
        nodes[pool] = pools[pool] + number if match[3] else number
        if nodes[pool] < 0:
            raise ValueError(f"{part!r}: pool {pool} has {pools[pool]} nodes")
    return WhatIf(plans=plans, nodes=nodes)


def _known(what: str, name: str, choices: Mapping[str, object]) -> None:
    if name not in choices:
        hint = did_you_mean(name, choices) or f"there are {', '.join(choices)}"
        raise ValueError(f"there is no {what} {name!r}; {hint}")


def companies(what: WhatIf, fleet: Fleet, sizes: Mapping[str, Size], workloads: Mapping[str, Workload]) -> Companies:
    """Return what the companies would put on the nodes.

    Args:
        what: What would be otherwise. Companies that come have no add-on and are on the last ring; those that leave
            are the last of their plan by name.
        fleet: The companies that are there.
        sizes: Their numbers.
        workloads: What a company without add-ons runs on the last ring.

    Raises:
        ValueError: More would leave a plan than are on it.
    """
    stay: list[Tenant] = list(fleet.tenants)
    for plan, number in what.plans.items():
        if number < 0:
            of_plan = [tenant for tenant in stay if tenant.plan == plan]
            if len(of_plan) < -number:
                raise ValueError(f"{-number} companies cannot leave plan {plan}: it has {len(of_plan)}")
            leaving = {tenant.name for tenant in of_plan[number:]}
            stay = [tenant for tenant in stay if tenant.name not in leaving]
    found = of_tenants((tenant, sizes[tenant.name]) for tenant in stay)
    for plan, number in what.plans.items():
        if number > 0:
            one = of_company(of_plan_alone(plan, fleet.platform, workloads))
            found = found.plus(one, fleet.platform.default_ring.name, number)
    return found


def nodes(what: WhatIf, declared: Nodes) -> Nodes:
    """Return the nodes that there would be."""
    return replace(
        declared,
        pools=tuple(
            replace(pool, least=what.nodes[pool.name], most=what.nodes[pool.name]) if pool.name in what.nodes else pool
            for pool in declared.pools
        ),
    )


def of_plan_alone(plan: str, platform: Platform, workloads: Mapping[str, Workload]) -> Size:
    """Return the numbers of a company of a plan that has nothing else: no add-on, no override, the plan's storage."""
    sold = platform.plans[plan]
    tenant = Tenant(
        name=plan,
        display_name=plan,
        plan=plan,
        addons=(),
        ring=platform.default_ring,
        hosts=(f"{plan}.{platform.domain}",),
        storage=sold.storage,
        storage_class=platform.storage_class,
        overrides=Overrides(),
        document=platform.document,
    )
    return size(tenant, platform, workloads)[0]


def more_of_each_plan(
    platform: Platform, nodes: Nodes, companies: Companies, workloads: Mapping[str, Workload]
) -> dict[str, int | None]:
    """Return how many more companies of each plan alone fit; None for more than a cluster is tested with.

    Args:
        platform: The provider's numbers.
        nodes: The nodes.
        companies: Those that are there.
        workloads: What a company without add-ons runs on the last ring.
    """
    ring = platform.default_ring.name
    return {
        plan: how_many_more(nodes, companies, of_company(of_plan_alone(plan, platform, workloads)), ring)
        for plan in platform.plans
    }


def said(what: WhatIf) -> Sequence[str]:
    """Say what would be otherwise, in words."""
    moves = [f"{abs(number)} {'more' if number > 0 else 'fewer'} of {plan}" for plan, number in what.plans.items()]
    return (*moves, *(f"{number} nodes of pool {pool}" for pool, number in what.nodes.items()))
