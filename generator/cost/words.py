"""What a bill says: tables, sentences and data. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from generator.cost.bill import PARTS, Bill, Share
from generator.findings.words import plural


def row(name: str, shares: Iterable[Share]) -> Mapping[str, Any]:
    """Return one line: a company, a plan or all of them, for a year."""
    several = tuple(shares)
    parts = {part: sum((getattr(share, part) for share in several), Fraction()) for part in PARTS}
    costs = sum(parts.values(), Fraction())
    pays = [share.pays for share in several if share.pays is not None]
    told = len(pays) == len(several)
    revenue = sum(pays, Fraction())
    return {
        "of": name,
        **{part: money(amount) for part, amount in parts.items()},
        "costs": money(costs),
        "brings": money(revenue) if told else "not told",
        "margin": f"{money(revenue - costs)} ({_share_of(revenue - costs, revenue)})" if told else "not told",
    }


def rows(bill: Bill, names: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield a line for all companies, for each plan in use, and for each company that is asked for."""
    yield row(f"all {len(bill.companies)}", bill.companies)
    for plan in dict.fromkeys(share.plan for share in bill.companies):
        of_plan = [share for share in bill.companies if share.plan == plan]
        yield row(f"{plan}, {len(of_plan)}", of_plan)
    asked = frozenset(names)
    yield from (row(share.name, [share]) for share in bill.companies if share.name in asked)


def sentences(bill: Bill) -> Iterator[str]:
    """Say what the table does not: nodes against nodes of their own, how they are used and split, what is left out."""
    counted = " and ".join(f"{plural(number, 'node')} of pool {pool}" for pool, number in bill.counted.items())
    yield f"all amounts are {bill.currency} a year"
    yield f"namespace isolation: {counted or 'no node'}: {money(bill.nodes)}"
    if bill.own_nodes is not None and bill.saved is not None:
        part = _share_of(abs(bill.own_nodes - bill.nodes), bill.own_nodes)
        yield (
            f"node isolation: a node for each of {len(bill.companies)}: {money(bill.own_nodes)}, of which namespaces"
            f" {'save' if bill.saved >= 0 else 'cost more by'} {part}"
        )
    for resource, (companies, platform) in bill.used.items():
        split = ", by which the nodes are split" if resource == bill.resource else ""
        idle = 1 - companies - platform
        yield (
            f"{resource} of the nodes: companies request {_per_cent(companies)} for certain, the platform"
            f" {_per_cent(platform)}, {_per_cent(idle)} is idle{split}"
        )
    yield "own: what a company requests for certain; shared: the platform's, alike; idle: by what quotas may request"
    if bill.nobodys:
        yield f"there is no company to share {money(bill.nobodys)}"
    yield "left out: " + "; ".join(bill.left_out)


ISOLATION: Final = (
    {
        "isolation": "namespace",
        "own of each company": "pods, quota, network policies, access",
        "shared": "kernel, nodes, API server, DNS, gateway",
        "against": "mistakes and noisy neighbours; not a hole in the kernel",
    },
    {
        "isolation": "virtual cluster",
        "own of each company": "an API server besides",
        "shared": "kernel, nodes",
        "against": "what a company's own controllers and definitions do",
    },
    {
        "isolation": "node",
        "own of each company": "a kernel besides",
        "shared": "API server, DNS, gateway",
        "against": "a hole in the kernel; idle CPU is each company's own",
    },
    {
        "isolation": "cluster",
        "own of each company": "everything",
        "shared": "git, Argo CD, people",
        "against": "a hole in Kubernetes; a control plane for each",
    },
)
"""How strong each way to keep companies apart is."""


def money(amount: Fraction) -> str:
    """Write an amount with two decimals, rounded half to even."""
    return f"{_decimal(amount, 2):,.2f}"


def _decimal(amount: Fraction, digits: int) -> Decimal:
    return Decimal(round(amount * 10**digits)).scaleb(-digits)


def _per_cent(share: Fraction) -> str:
    return f"{_decimal(share * 100, 1):.1f} %"


def _share_of(part: Fraction, whole: Fraction) -> str:
    return _per_cent(part / whole) if whole else "-"


def as_data(bill: Bill) -> dict[str, Any]:
    """Return all of it as data; amounts are texts with as many decimals as they have, four at most."""
    return {
        "version": 1,
        "currency": bill.currency,
        "perYear": _exact(bill.costs),
        "nodes": {"costs": _exact(bill.nodes), "counted": dict(bill.counted), "splitBy": bill.resource},
        "nodeIsolation": None if bill.own_nodes is None else _exact(bill.own_nodes),
        "used": {name: {"companies": float(a), "platform": float(b)} for name, (a, b) in bill.used.items()},
        "companies": [
            {"name": share.name, "plan": share.plan}
            | {part: _exact(getattr(share, part)) for part in PARTS}
            | {"costs": _exact(share.costs), "brings": None if share.pays is None else _exact(share.pays)}
            | {"margin": None if share.margin is None else _exact(share.margin)}
            for share in bill.companies
        ],
        "leftOut": list(bill.left_out),
    }


def _exact(amount: Fraction) -> str:
    return f"{_decimal(amount, 4):.4f}".rstrip("0").rstrip(".")
