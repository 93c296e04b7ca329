"""Why a company has not the release that its ring goes to, by what git says of rings, pins and freezes. Pure."""

from collections.abc import Iterator
from datetime import date

from generator import layout
from generator.debug.causes import Cause
from generator.fleet.model import Platform, Tenant
from generator.fleet.rings import Ring, order


def held(tenant: Tenant, platform: Platform, today: date) -> Iterator[Cause]:
    """Yield what keeps the company on the release that it runs; nothing of it is wrong.

    Args:
        tenant: The company.
        platform: The rings, and the days on which nothing moves.
        today: The day, in UTC.
    """
    ring = platform.ring(tenant.ring.name)
    goes_to = _goes_to(platform, ring)
    if tenant.ring.release == goes_to:
        return
    if pin := tenant.pin:
        seen = f"it is pinned to release {pin.release} until {pin.until}: {pin.reason}"
        yield _held(seen, f"tenantry set {tenant.name} pin.release= pin.until= pin.reason=")
        return
    yield from (_held(freeze.fact, freeze.way) for freeze in platform.freezes if freeze.holds(today))
    if ring.next and tenant.name in ring.next.waiting:
        when = f", while its window is open: {tenant.window.words}" if tenant.window else ""
        seen = f"ring {ring.name} moves to release {goes_to}, and it waits for its maintenance window"
        yield _held(seen, f"tenantry promote --due{when}")
    elif ring.next:
        seen = f"ring {ring.name} moves to release {goes_to} in batches, {ring.next.share} % of it so far"
        yield _held(seen, f"tenantry promote {ring.name}")


def _goes_to(platform: Platform, ring: Ring) -> str:
    """Return the release that a ring moves to, or is on; or that of the ring before, when that one is further."""
    if ring.next:
        return ring.next.release
    place = platform.rings.index(ring)
    before = platform.rings[place - 1].release if place else ring.release
    return before if before != layout.EDGE and order(before) > order(ring.release) else ring.release


def _held(seen: str, way: str) -> Cause:
    return Cause(name="promotion held", seen=seen, next=way, is_wrong=False)
