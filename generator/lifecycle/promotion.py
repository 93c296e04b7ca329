"""What may be promoted: where a ring goes, what speaks against it, and what becomes of it. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from generator import layout
from generator.fleet.model import Fleet, Platform, Tenant
from generator.fleet.rings import Move, Ring, order, share_of
from generator.fleet.states import STATES
from generator.history.rings import Known, State

ALL: Final = 100


@dataclass(frozen=True, slots=True)
class Against:
    """What speaks against a promotion; a reason lifts it.

    Attributes:
        fact: What is the case.
        way: What to do instead of giving a reason.
    """

    fact: str
    way: str


def is_onward(ring: Ring, release: str) -> bool:
    """Say whether a release is later than what a ring is on; else going there is a rollback."""
    return order(release) > order(ring.release)


def following(platform: Platform, ring: Ring, releases: Sequence[str]) -> str | None:
    """Return where a ring goes next: on with its move, or to what the ring before it is on; None for nowhere.

    Args:
        platform: The rings.
        ring: Which.
        releases: Numbers of all releases, in their order.
    """
    if ring.next:
        return ring.next.release
    before = ring_before(platform, ring)
    newest = releases[-1] if releases else None
    target = newest if before is None or before.release == layout.EDGE else before.release
    return target if target is not None and is_onward(ring, target) else None


def ring_before(platform: Platform, ring: Ring) -> Ring | None:
    """Return the ring that gets releases before a ring; None for the first."""
    place = [item.name for item in platform.rings].index(ring.name)
    return platform.rings[place - 1] if place else None


def state_of(ring: Ring) -> State:
    """Return a ring as git's history tells of it."""
    return (ring.release, ring.next.release, ring.next.share) if ring.next else (ring.release, "", 0)


# --- what speaks against it


def against(platform: Platform, ring: Ring, release: str, known: Known, now: datetime) -> Iterator[Against]:
    """Yield what speaks against moving a ring to a release, but for the health of companies.

    Args:
        platform: The rings and the days on which nothing moves.
        ring: Which.
        release: Where to.
        known: What git knows.
        now: The moment.
    """
    before = ring_before(platform, ring)
    if not is_onward(ring, release):
        yield from _of_a_rollback(before, ring, release, known)
        return
    yield from of_freezes(platform, now)
    yield from _of_going_back(before, ring, release, known)
    yield from _of_a_batch(ring, known, now)
    if before is not None:
        yield from _of_the_ring_before(before, ring, release, known, now)


def of_freezes(platform: Platform, now: datetime) -> Iterator[Against]:
    """Yield the freezes that hold at a moment."""
    for freeze in platform.freezes:
        if freeze.holds(now.date()):
            yield Against(freeze.fact, freeze.way)


def _of_a_rollback(before: Ring | None, ring: Ring, release: str, known: Known) -> Iterator[Against]:
    """A ring goes back to what it ran itself, or to what the ring before it ran."""
    names = [ring.name, *([before.name] if before else [])]
    if before is not None and not any(known.last_stay(name, release) for name in names):
        fact = f"neither ring {ring.name} nor ring {before.name} was ever on {release}"
        yield Against(fact, f"go back to what ring {ring.name} was on before")


def _of_going_back(before: Ring | None, ring: Ring, release: str, known: Known) -> Iterator[Against]:
    """What a ring was taken back from is not tried as if nothing had been."""
    for one in filter(None, (before, ring)):
        if (one.name, release) in known.left:
            way = "freeze what is put right: tenantry release"
            yield Against(f"ring {one.name} went back from {release}", way)


def _of_a_batch(ring: Ring, known: Known, now: datetime) -> Iterator[Against]:
    if ring.next is None or not ring.soak:
        return
    since = known.changed.get(ring.name, now)
    if now - since < ring.soak:
        fact = f"the last batch of ring {ring.name} moved {_ago(now - since)} ago, and soaks for {in_hours(ring.soak)}"
        yield Against(fact, f"wait until {_when(since + ring.soak)}")


def _of_the_ring_before(before: Ring, ring: Ring, release: str, known: Known, now: datetime) -> Iterator[Against]:
    if order(release) > order(before.release):
        moving = f", on its way to {before.next.release}" if before.next else ""
        fact = f"ring {before.name} is on {before.release}{moving}: ring {ring.name} would overtake it"
        yield Against(fact, f"promote that one first: tenantry promote {before.name} {release}")
        return
    stay = known.last_stay(before.name, release)
    if stay is None:
        fact = f"ring {before.name} was never on {release}, as far as git knows"
        way = f"commit what was promoted; or take what it is on: tenantry promote {ring.name} {before.release}"
        yield Against(fact, way)
        return
    soaked = (stay.until or now) - stay.since
    if soaked < before.soak:
        held = "is" if stay.until is None else "was"
        fact = f"ring {before.name} {held} on {release} for {_ago(soaked)}, and a release soaks there for"
        wait = (
            f"wait until {_when(stay.since + before.soak)}" if stay.until is None else f"let it soak in {before.name}"
        )
        yield Against(f"{fact} {in_hours(before.soak)}", wait)


def _ago(time: timedelta) -> str:
    hours, rest = divmod(time, timedelta(hours=1))
    return f"{hours} h" if hours else f"{rest // timedelta(minutes=1)} min"


def in_hours(time: timedelta) -> str:
    """Write a time as people read it, such as `72 h`."""
    return f"{time // timedelta(hours=1)} h"


def _when(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%MZ")


# --- what becomes of it


def moved(ring: Ring, release: str, companies: Iterable[Tenant], *, at_once: bool = False) -> Ring:
    """Return a ring after a promotion, a further batch of one, or a rollback.

    A rollback moves all companies at once, in no window: it is an emergency.

    Args:
        ring: Which.
        release: Where to.
        companies: The companies of the ring.
        at_once: Whether all move now, without batches and windows.
    """
    if at_once or not is_onward(ring, release):
        return replace(ring, release=release, next=None)
    companies = tuple(companies)
    reached = ring.next.share if ring.next else 0
    share = _next_share([tenant for tenant in companies if tenant.pin is None], reached, ring.batch)
    waiting = [*(ring.next.waiting if ring.next else ()), *_waiting(companies, reached, share)]
    return settled(replace(ring, next=Move(release=release, share=share, waiting=tuple(sorted(set(waiting))))))


def _next_share(companies: Collection[Tenant], reached: int, batch: int) -> int:
    """Return how far the next batch goes: over those that nobody is in, who would soak for nothing."""
    share = min(ALL, reached + batch)
    while companies and share < ALL and not any(reached <= share_of(tenant.name) < share for tenant in companies):
        share = min(ALL, share + batch)
    return share


def _waiting(companies: Iterable[Tenant], reached: int, share: int) -> Iterator[str]:
    for tenant in companies:
        if tenant.window and tenant.pin is None and reached <= share_of(tenant.name) < share:
            yield tenant.name


def settled(ring: Ring) -> Ring:
    """Return a ring that has moved all of its companies as one that does not move any more."""
    if ring.next and ring.next.share == ALL and not ring.next.waiting:
        return replace(ring, release=ring.next.release, next=None)
    return ring


def companies_of(fleet: Fleet, ring: Ring) -> tuple[Tenant, ...]:
    """Return the companies of a ring, pinned ones too."""
    return tuple(tenant for tenant in fleet.tenants if tenant.ring.name == ring.name)


def who_tried(fleet: Fleet, ring: Ring, release: str) -> tuple[Tenant, ...]:
    """Return the companies whose health tells of a release: those of the ring before, and those that moved already.

    A company of which nothing runs is healthy whatever the release.
    """
    before = ring_before(fleet.platform, ring)
    tried = {(ring.name, release), *([(before.name, before.release)] if before else [])}
    running = (tenant for tenant in fleet.tenants if STATES[tenant.state].runs)
    free = (tenant for tenant in running if tenant.pin is None and tenant.paused is None)
    return tuple(tenant for tenant in free if (tenant.ring.name, tenant.ring.release) in tried)


def without_ready(ring: Ring, ready: Iterable[str]) -> Ring:
    """Return a ring in which companies wait no more, because their window is open or they have none."""
    assert ring.next is not None
    gone = frozenset(ready)
    waiting = tuple(name for name in ring.next.waiting if name not in gone)
    return settled(replace(ring, next=replace(ring.next, waiting=waiting)))


def may_move(tenant: Tenant, now: datetime, takes: timedelta) -> bool:
    """Say whether a company that waits moves now: its window is open for as long as a roll-out takes, or it has none.

    Args:
        tenant: The company.
        now: The moment.
        takes: How long a roll-out of its pods takes at worst.
    """
    if tenant.window is None:
        return True
    end = tenant.window.open_until(now)
    return end is not None and end - now >= takes
