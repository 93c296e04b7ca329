"""Fleets to look at: this repository's own companies, and any number like them, without a file for each."""

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from generator import pipeline
from generator.capacity import what_if
from generator.capacity.load import of_fleet
from generator.capacity.room import room
from generator.cost.bill import bill
from generator.fleet.infrastructure import Nodes
from generator.fleet.model import Tenant
from generator.git.snapshot import Snapshot
from generator.report.page import Facts
from generator.review.verify import Verified, verify
from tests.harness import ROOT

TODAY = date(2026, 11, 26)


@cache
def looked_at() -> tuple[pipeline.Composed, Verified]:
    """Look at this repository's companies once."""
    snapshot = Snapshot.of_work_tree(ROOT)
    composed = pipeline.composed(snapshot)
    return composed, verify(snapshot, composed.fleet, sample=0)


def facts(number: int = 6, **others: Any) -> Facts:
    """Return what the page tells of so many companies: this repository's own, over and over under other names.

    Args:
        number: How many.
        others: Fields of the facts that are otherwise.
    """
    composed, verified = looked_at()
    own = composed.fleet.tenants
    sizes = {}
    tenants = []
    for index in range(number):
        like = own[index % len(own)]
        tenant = like if index < len(own) else _another(like, f"company-{index + 1:05}")
        tenants.append(tenant)
        sizes[tenant.name] = composed.sizes[like.name]
    platform = composed.fleet.platform
    nodes = platform.nodes and _enough(platform.nodes, number)
    argocd = replace(platform.argocd, url="https://argocd.example.com")
    platform = replace(platform, nodes=nodes, argocd=argocd)
    fleet = replace(composed.fleet, platform=platform, tenants=tuple(tenants))
    companies = of_fleet(fleet, sizes)
    workloads = composed.releases[platform.default_ring.pair].workloads(())
    assert nodes is not None
    assert platform.prices is not None
    known = Facts(
        fleet=fleet,
        sizes=sizes,
        verified=verified if number == len(own) else _as_of(verified, number, len(own)),
        findings=verified.findings,
        due=(),
        purges=(),
        room=room(nodes, companies),
        more=what_if.more_of_each_plan(platform, nodes, companies, workloads),
        bill=bill(fleet, sizes, platform.prices),
        commit="",
        today=TODAY,
        version="0",
    )
    return replace(known, **others)


def _another(like: Tenant, name: str) -> Tenant:
    host = like.hosts[0].replace(like.name, name, 1)
    display = f"{like.display_name} {name[-5:]}" if like.display_name != like.name else name
    return replace(like, name=name, display_name=display, hosts=(host, *like.hosts[1:]))


def _enough(nodes: Nodes, number: int) -> Nodes:
    """Return as many nodes as so many companies need, and some."""
    pool = nodes.pools[0]
    most = max(pool.most, number // 12)
    return replace(nodes, pools=(replace(pool, least=most, most=most), *nodes.pools[1:]))


def _as_of(verified: Verified, number: int, own: int) -> Verified:
    counts = {"tenants": number, "pairs": number * (number - 1)}
    return replace(
        verified,
        tenants=number,
        objects=verified.objects * number // own,
        proofs=tuple(replace(proof, proved=counts[proof.unit], of=counts[proof.unit]) for proof in verified.proofs),
    )
