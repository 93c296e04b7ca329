"""IO in: what companies that are not there would get, so that base/ is judged before anybody has it."""

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from generator import layout
from generator.findings.finding import Refused, TenantryError
from generator.fleet.model import Exposure, Fleet, Tenant
from generator.fleet.rings import Pair
from generator.fleet.states import ACTIVE
from generator.fleet.validate import tenant_of
from generator.generate.compose import compose
from generator.generate.releases import Release, components_in, read_release
from generator.generate.size import size
from generator.git.snapshot import Snapshot
from generator.reading.yaml_reader import Document
from generator.render.base_probe import NAME
from generator.render.rendered import Rendered
from generator.render.tenants import render


def newcomers(snapshot: Snapshot, fleet: Fleet) -> Iterator[Rendered]:
    """Yield, of each release that a ring names, a company with every add-on for each exposure that the release has.

    That of platform.yaml is passed over where companies have every add-on already. What is wrong with a release as a
    whole is said where it is read, and is passed over here.

    Args:
        snapshot: The repository.
        fleet: All input.
    """
    running: dict[Pair, set[str]] = {}
    for tenant in fleet.tenants:
        if tenant.state == ACTIVE:
            running.setdefault(tenant.ring.pair, set()).update(tenant.addons)
    for pair in dict.fromkeys(pair for ring in fleet.platform.rings for pair in ring.pairs):
        for exposure in get_args(Exposure):
            is_chosen = exposure == fleet.platform.exposure
            if is_chosen and pair in running and running[pair].issuperset(fleet.platform.addons):
                continue
            if not is_chosen and exposure not in components_in(snapshot, layout.release(pair.release)):
                continue
            exposed = dataclasses.replace(fleet.platform, exposure=exposure)
            try:
                release = read_release(snapshot, pair, exposed)
                if not is_chosen or pair not in running or not running[pair].issuperset(release.addons):
                    yield from _rendered(snapshot, dataclasses.replace(fleet, platform=exposed), release)
            except (Refused, TenantryError):
                continue


def _rendered(snapshot: Snapshot, fleet: Fleet, release: Release) -> Iterator[Rendered]:
    """Yield the render of a company with every add-on of a release, on the smallest plan that holds them."""
    for plan in fleet.platform.plans:
        tenant = _with_every_addon(fleet, release, plan)
        numbers, problems = size(tenant, fleet.platform, release.workloads(tenant.addons))
        if not problems:
            break
    else:
        return
    alone = dataclasses.replace(fleet, tenants=(tenant,), departed=())
    tree = compose(alone, {NAME: numbers}, {release.pair: release})
    own = {path: text for path, text in tree.items() if layout.tenant_of(path) == NAME}
    together = dataclasses.replace(fleet, tenants=(*fleet.tenants, tenant))
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:  # kustomize reads what stands on the disk
        there = snapshot.copy_to(Path(temporary).resolve(), (layout.BASE,)).with_generated(own)
        yield from (item for item in render(there, together, [tenant], sample=None) if isinstance(item, Rendered))


def _with_every_addon(fleet: Fleet, release: Release, plan: str) -> Tenant:
    data = {"name": NAME, "plan": plan, "addons": list(release.addons)}
    tenant = tenant_of(Document("", "", data), fleet.platform)
    ring = dataclasses.replace(tenant.ring, release=release.pair.release, guard=release.pair.guard)
    return dataclasses.replace(tenant, ring=ring)
