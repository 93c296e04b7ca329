"""Rings: which release of base/ a company runs, and when it may get another. Pure."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

from generator import layout


class Pair(NamedTuple):
    """A release of base/ and the guard that stands before it: what an overlay is built of."""

    release: str
    guard: str


def order(release: str) -> float:
    """Return which of two releases is the later one: nothing is later than edge."""
    return float("inf") if release == layout.EDGE else int(release)


def share_of(company: str) -> int:
    """Return the turn of a company in a move by batches: 0 to 99, the same for ever, and unlike its shard."""
    digest = hashlib.sha256(f"turn of {company}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move of a ring to another release that has not reached all of its tenants.

    Attributes:
        release: Where to.
        share: Per cent of the tenants that move, see `share_of`.
        waiting: Names of those that wait for their maintenance window although it is their turn.
    """

    release: str
    share: int
    waiting: tuple[str, ...] = ()

    def has_reached(self, company: str) -> bool:
        """Say whether a tenant runs the new release."""
        return share_of(company) < self.share and company not in self.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """The release that a tenant stays on, whatever its ring does.

    Attributes:
        release: `edge`, or the number of a frozen release.
        until: The last day of it; what follows is asked by `tenantry due`.
        reason: Why.
    """

    release: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A stage of the roll-out: what the tenants on it run, and what guards them.

    Attributes:
        name: As in platform.yaml.
        release: `edge`, or the number of a frozen release.
        guard: `live`, or the number of a frozen guard.
        soak: How long a release runs on what moved last before more is moved: the next batch, or the next ring.
        batch: Per cent of the tenants that move at once.
        next: The move that it is in; None for none.
        reason: Why it was moved although something spoke against it; empty when nothing did.
        seen: How the tenants before it were seen to be healthy; empty when nobody looked.
    """

    name: str
    release: str
    guard: str = layout.LIVE
    soak: timedelta = timedelta()
    batch: int = 100
    next: Move | None = None
    reason: str = ""
    seen: str = ""

    @property
    def pair(self) -> Pair:
        """The two together."""
        return Pair(self.release, self.guard)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """What its tenants run: two releases, while it moves."""
        return (self.pair, Pair(self.next.release, self.guard)) if self.next else (self.pair,)

    def for_company(self, company: str, pin: Pin | None = None) -> "Ring":
        """Return what a tenant on the ring runs: its pin, or the release that the ring's move has brought it to."""
        if pin:
            return replace(self, release=pin.release, next=None)
        if self.next and self.next.has_reached(company):
            return replace(self, release=self.next.release, next=None)
        return replace(self, next=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """Nothing that git says reaches the tenant's namespace.

    Attributes:
        until: The last day of it; what follows is asked by `tenantry due`.
        reason: Why.
    """

    until: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Days on which no release moves.

    Attributes:
        since: The first day, in UTC.
        until: The last day; None for as long as it stands there.
        reason: Why.
    """

    since: date
    until: date | None
    reason: str

    @property
    def fact(self) -> str:
        """What it means, for whoever wants to promote."""
        until = f"until {self.until}" if self.until else "until further notice"
        return f"no release moves {until}: {self.reason}"

    @property
    def way(self) -> str:
        """What to do about it."""
        return "wait" if self.until else "let it go on when all is well: tenantry promote --go"

    def holds(self, day: date) -> bool:
        """Say whether a day is one of them."""
        return self.since <= day and (self.until is None or day <= self.until)
