"""Move rings to releases: edits of platform.yaml, ready to be committed. What git and a cluster know comes in here."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from generator import layout, pipeline
from generator.capacity import load
from generator.findings.finding import TenantryError
from generator.fleet.model import Fleet, Tenant
from generator.fleet.rings import Pair, Ring
from generator.generate import frozen, rollout
from generator.generate.releases import read_release
from generator.generate.size import size
from generator.git import ancestry, door
from generator.git.snapshot import Snapshot
from generator.history import rings as history
from generator.history.rings import Known
from generator.lifecycle import health, promotion
from generator.lifecycle.promotion import Against
from generator.reading import yaml_writer
from generator.reading.yaml_editor import edited_below, in_one_line, in_one_mapping, quoted_if_needed, without

NOTHING: Known = Known(stays=(), states={}, changed={})
"""What is known where there is no commit yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """By what the health of companies is known; at most one of the two is given.

    Attributes:
        prometheus: Address of Prometheus, or empty.
        kubeconfig: How to reach the cluster; None when nobody looks there.
    """

    prometheus: str = ""
    kubeconfig: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """A promotion that may be written.

    Attributes:
        text: platform.yaml after it.
        rings: The rings that it changes, as they are then.
        lines: What it does, in words.
        subject: Of the commit.
        lifted: What spoke against it, where a reason was given.
    """

    text: str
    rings: tuple[Ring, ...]
    lines: tuple[str, ...]
    subject: str = ""
    lifted: tuple[Against, ...] = ()


class Promotions:
    """What may be promoted in a repository.

    Args:
        snapshot: The repository.
        now: The moment.
    """

    def __init__(self, snapshot: Snapshot, now: datetime) -> None:
        self._snapshot = snapshot
        self._now = now.astimezone(UTC)

    @cached_property
    def fleet(self) -> Fleet:
        """All input."""
        return pipeline.validated(self._snapshot)[0]

    @cached_property
    def releases(self) -> tuple[str, ...]:
        """Numbers of all releases."""
        return frozen.numbers(self._snapshot, layout.RELEASES)

    @cached_property
    def known(self) -> Known:
        """What git knows of the rings."""
        head = ancestry.head(self._snapshot.home)
        return history.read(door.open_repository(self._snapshot.home), head) if head else NOTHING

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """Yield each ring for people: what it is on and since when, and what its next promotion would move."""
        for ring in self.fleet.platform.rings:
            companies = promotion.companies_of(self.fleet, ring)
            changed = self.known.changed.get(ring.name)
            is_committed = self.known.states.get(ring.name) == promotion.state_of(ring)
            yield {
                "ring": ring.name,
                "release": f"{ring.release} -> {ring.next.release}, {ring.next.share} %" if ring.next else ring.release,
                "guard": ring.guard,
                "companies": len(companies),
                "since": changed.strftime("%Y-%m-%dT%H:%MZ") if changed and is_committed else "not committed",
                "waiting": len(ring.next.waiting) if ring.next else 0,
                "next": self._next_in_words(ring, companies),
            }

    def _next_in_words(self, ring: Ring, companies: Sequence[Tenant]) -> str:
        target = promotion.following(self.fleet.platform, ring, self.releases)
        if target is None:
            return ""
        after = promotion.moved(ring, target, companies)
        moving = [
            company
            for company in companies
            if after.for_company(company.name, company.pin).release != company.ring.release
        ]
        waiting = len(after.next.waiting) - (len(ring.next.waiting) if ring.next else 0) if after.next else 0
        later = f", {waiting} in their windows" if waiting > 0 else ""
        return f"{target}: {_companies(len(moving))}{later}{self._surge(moving, target)}"

    def _surge(self, moving: Sequence[Tenant], target: str) -> str:
        """Say how many pods the roll-out adds at most, over all that move."""
        if not moving:
            return ""
        release = read_release(self._snapshot, Pair(target, moving[0].ring.guard), self.fleet.platform)
        sizes = (size(company, self.fleet.platform, release.workloads(company.addons))[0] for company in moving)
        return f", {sum(load.of_company(numbers).surge.count for numbers in sizes)} pods more in the roll-out"

    # --- one ring

    def promote(self, name: str, release: str | None, looked: Looked, reason: str) -> Promoted:
        """Return a promotion of a ring, a further batch of one, or a rollback.

        Args:
            name: The ring.
            release: Where to; what comes next for it when None.
            looked: By what the health of the companies is known that run the release already.
            reason: Why it is moved although something speaks against it; empty for none.

        Raises:
            TenantryError: There is nothing to promote, or something speaks against it and no reason is given.
            EnvironmentProblem: The cluster or Prometheus does not answer.
        """
        platform = self.fleet.platform
        ring = platform.ring(name)
        target = release or promotion.following(platform, ring, self.releases)
        if target is None:
            fact, way = (
                f"nothing comes next for ring {name}, which is on {ring.release}",
                "tenantry release freezes more",
            )
            raise TenantryError(fact, f"{way}; tenantry promote lists the rings")
        self._must_be_there(target)
        _must_be_free(ring, target)
        spoken = [*promotion.against(platform, ring, target, self.known, self._now)]
        seen = ""
        if promotion.is_onward(ring, target):
            spoken = [*self._uncommitted(ring), *spoken]
            seen, ill = self._health(ring, target, looked)
            spoken += ill
        if spoken and not reason:
            raise _refused(f"ring {name} does not move to {target}", spoken, _command(name, release))
        after = promotion.moved(ring, target, promotion.companies_of(self.fleet, ring))
        after = replace(after, reason=reason if spoken else "", seen=seen)
        is_back = ring.release != layout.EDGE and not promotion.is_onward(ring, target)
        words = f"Take ring {name} back to" if is_back else f"Promote ring {name} to"
        return self._promoted([after], f"{words} release {target}", lifted=tuple(spoken))

    def _must_be_there(self, release: str) -> None:
        folder = layout.release(release)
        if not any(self._snapshot.under(folder)):
            newest = f"the newest is {self.releases[-1]}" if self.releases else "tenantry release freezes the first"
            raise TenantryError(f"there is no {folder}", self._snapshot.way_back(folder) or newest)

    def _uncommitted(self, ring: Ring) -> Iterator[Against]:
        """Yield that a promotion before this one is not committed: since when a ring is on a release, commits tell."""
        before = promotion.ring_before(self.fleet.platform, ring)
        for version in filter(None, (before, ring)):
            if self.known.states and self.known.states.get(version.name) != promotion.state_of(version):
                yield Against(
                    f"ring {version.name} is not as the last commit has it", "commit the last promotion first"
                )

    def _health(self, ring: Ring, release: str, looked: Looked) -> tuple[str, list[Against]]:
        """Return how companies were seen to be healthy, and what speaks against it."""
        before = promotion.ring_before(self.fleet.platform, ring)
        if before is None and ring.next is None:
            return "", []
        names = [tenant.name for tenant in promotion.who_tried(self.fleet, ring, release)]
        if not names:
            if before is None:
                return "", []  # of the batches before none runs, so there is nothing to be seen
            way = f"put one on it: tenantry set NAME ring={before.name}"
            return "", [Against(f"no company that runs has tried {release} on ring {before.name}", way)]
        if looked.prometheus:
            time = (before or ring).soak
            ill, whole = health.throughout(looked.prometheus, names, time)
            return _seen(whole, f"throughout {promotion.in_hours(time)}", "Prometheus", ill)
        if looked.kubeconfig:
            ill = health.now_in_cluster(looked.kubeconfig, self.fleet.platform.argocd.namespace, names)
            return _seen(len(names), "now", "the cluster", ill)
        fact = f"nobody has looked whether the {_companies(len(names))} on {release} are healthy"
        return "", [Against(fact, "let it look: --prometheus URL or --kubeconfig FILE")]

    # --- all rings

    def promote_all(self, release: str, reason: str) -> Promoted:
        """Return what moves every ring at once, but those on edge: no batch, no window, no soak.

        Raises:
            TenantryError: There is nothing to promote.
        """
        self._must_be_there(release)
        rings = [ring for ring in self.fleet.platform.rings if ring.release not in (layout.EDGE, release) or ring.next]
        after = [replace(promotion.moved(ring, release, (), at_once=True), reason=reason, seen="") for ring in rings]
        if not after:
            there = release if release == layout.EDGE else f"{release} or on {layout.EDGE}"
            raise TenantryError(f"every ring is on {there}", "nothing is to be promoted")
        return self._promoted(after, f"Promote every ring to release {release}")

    def promote_guard(self, name: str | None, guard: str, reason: str) -> Promoted:
        """Return what moves a ring to a guard, or every ring that names a frozen one; a ring on `live` has all already.

        It restarts nothing, so it takes no batch and no window, and no freeze holds it.

        Raises:
            TenantryError: There is no such guard, or nothing is to be promoted.
        """
        if not any(self._snapshot.under(layout.guard(guard))):
            way = self._snapshot.way_back(layout.guard(guard)) or "tenantry release --guard freezes one"
            raise TenantryError(f"there is no {layout.guard(guard)}", way)
        rings = [
            ring for ring in self.fleet.platform.rings if name == ring.name or (not name and ring.guard != layout.LIVE)
        ]
        chosen = [ring for ring in rings if ring.guard != guard]
        if not chosen:
            live = "" if name or guard == layout.LIVE else f", or what is {layout.LIVE}"
            raise TenantryError(f"guard {guard} is there already{live}", "nothing is to be promoted")
        moved = [replace(ring, guard=guard, reason=reason or ring.reason) for ring in chosen]
        lines = tuple(f"ring {ring.name} to guard {guard}: every company has it" for ring in moved)
        subject = f"Promote {f'ring {name}' if name else 'every ring'} to guard {guard}"
        return replace(self._promoted(moved, subject), lines=lines)

    # --- windows

    def due(self, reason: str) -> Promoted:
        """Return what moves the companies that wait and whose window is open, and completes what has moved all.

        A freeze holds it, unless there is a reason, which then stands at each ring that moves on.
        """
        held = [*promotion.of_freezes(self.fleet.platform, self._now)]
        if held and not reason:
            return Promoted(text=self._text, rings=(), lines=(f"{held[0].fact}: nobody moves",))
        after, lines = [], []
        tenants = {tenant.name: tenant for tenant in self.fleet.tenants}
        for ring in self.fleet.platform.rings:
            if ring.next is None:
                continue
            ready = [name for name in ring.next.waiting if self._moves(tenants.get(name), ring)]
            moved = promotion.without_ready(ring, ready)
            if moved != ring:
                after.append(replace(moved, reason=reason) if held else moved)
                lines += [f"move {name} to release {ring.next.release}" for name in ready if name in tenants]
        done = self._promoted(after, "Move companies in their windows", lifted=tuple(held) if after else ())
        return replace(done, lines=(*lines, *(line for line in done.lines if line.endswith("is on it"))))

    def _moves(self, tenant: Tenant | None, ring: Ring) -> bool:
        if tenant is None or tenant.ring.name != ring.name or tenant.pin or tenant.window is None:
            return True
        if tenant.window.open_until(self._now) is None:
            return False
        assert ring.next is not None
        release = read_release(self._snapshot, Pair(ring.next.release, ring.guard), self.fleet.platform)
        numbers, _ = size(tenant, self.fleet.platform, release.workloads(tenant.addons))
        return promotion.may_move(tenant, self._now, rollout.longest(numbers))

    # --- the file

    @property
    def _text(self) -> str:
        return self.fleet.platform.document.text

    def _promoted(self, after: Sequence[Ring], subject: str, lifted: tuple[Against, ...] = ()) -> Promoted:
        text = with_rings(self._text, after) if after else self._text
        pipeline.validated_platform(self._snapshot, {layout.PLATFORM: text.encode(errors="surrogateescape")})
        lines = tuple(map(in_words, after))
        return Promoted(text=text, rings=tuple(after), lines=lines, subject=subject, lifted=lifted)


def _must_be_free(ring: Ring, release: str) -> None:
    """Insist that a ring can go there from where it is.

    Raises:
        TenantryError: It is there, or on its way elsewhere.
    """
    if ring.next and release not in (ring.release, ring.next.release):
        fact = f"ring {ring.name} is on its way from {ring.release} to {ring.next.release}"
        name = ring.name
        raise TenantryError(fact, f"go on: tenantry promote {name}; or back: tenantry promote {name} {ring.release}")
    if not ring.next and ring.release == release:
        raise TenantryError(f"ring {ring.name} is on {release} already", "nothing is to be promoted")
    if ring.next and release == ring.next.release and ring.next.share == promotion.ALL:
        fact = f"ring {ring.name} moves to {release}, and {_companies(len(ring.next.waiting))} wait for their windows"
        raise TenantryError(fact, "they move by themselves: tenantry promote --due")


def _refused(what: str, spoken: Iterable[Against], command: str) -> TenantryError:
    every = list(spoken)
    ways = "; ".join(dict.fromkeys(refusal.way for refusal in every))
    facts = "; ".join(refusal.fact for refusal in every)
    return TenantryError(f"{what}: {facts}", f"{ways}; or say why it moves all the same: {command} --reason WHY")


def _command(name: str, release: str | None) -> str:
    return " ".join(filter(None, ("tenantry promote", name, release)))


def _companies(number: int) -> str:
    return "1 company" if number == 1 else f"{number} companies"


def _seen(number: int, when: str, by: str, ill: str) -> tuple[str, list[Against]]:
    if ill:
        return "", [Against(f"not all companies are healthy: {ill}", "tenantry debug NAME says why")]
    return f"{_companies(number)} healthy {when}, by {by}", []


def in_words(ring: Ring) -> str:
    """Say in one line where a ring is after a promotion."""
    if ring.next is None:
        return f"ring {ring.name} to release {ring.release}, guard {ring.guard}: every company is on it"
    waiting = f"; {len(ring.next.waiting)} wait for their windows" if ring.next.waiting else ""
    return f"ring {ring.name} to release {ring.next.release}, {ring.next.share} % of its companies{waiting}"


def with_rings(text: str, rings: Iterable[Ring]) -> str:
    """Return platform.yaml with other rings; comments and order stay."""
    by_name = {ring.name: ring for ring in rings}

    def change(listed: Any) -> None:
        for item in listed:
            if (ring := by_name.get(item["name"])) is None:
                continue
            item["release"] = quoted_if_needed(ring.release)
            if ring.guard != item.get("guard", layout.LIVE):
                item["guard"] = quoted_if_needed(ring.guard)
            for key, value in (("next", _next(ring)), ("reason", ring.reason), ("seen", ring.seen)):
                if value:
                    item[key] = quoted_if_needed(value) if isinstance(value, str) else value
                else:
                    item.pop(key, None)

    # a comment behind a ring would be left where it stood when the line was longer
    return _COMMENT.sub(r"\1  #", edited_below(text, "rings", change))


_COMMENT = re.compile(r"^(- \{name: .*\}) +#", re.MULTILINE)


def _next(ring: Ring) -> dict[str, Any] | None:
    if ring.next is None:
        return None
    items: dict[str, Any] = {"release": quoted_if_needed(ring.next.release), "share": ring.next.share}
    if ring.next.waiting:
        items["waiting"] = in_one_line([quoted_if_needed(name) for name in ring.next.waiting])
    return in_one_mapping(items)


# --- all promotions stop, and go on


def stopped(snapshot: Snapshot, today: date, reason: str) -> str:
    """Return platform.yaml with a freeze that has no last day.

    Raises:
        Refused: platform.yaml would have errors.
    """
    text = pipeline.validated_platform(snapshot).document.text
    entry = in_one_mapping({"from": quoted_if_needed(str(today)), "reason": quoted_if_needed(reason)})
    if "freezes" in pipeline.validated_platform(snapshot).document.data:
        text = edited_below(text, "freezes", lambda freezes: freezes.append(entry))
    else:
        written = f'- {{from: "{today}", reason: {yaml_writer.scalar(reason)}}}'
        heading = "freezes:                                  # let it go on: tenantry promote --go"
        text = f"{text.rstrip()}\n\n{heading}\n{written}\n"
    return _valid(snapshot, text)


def going_on(snapshot: Snapshot) -> str:
    """Return platform.yaml without the freezes that have no last day.

    Raises:
        TenantryError: There is none.
    """
    document = pipeline.validated_platform(snapshot).document
    keeps = ["until" in freeze for freeze in document.data.get("freezes", ())]
    if all(keeps):
        raise TenantryError("nothing is stopped", "a freeze with a last day is taken out of platform.yaml by hand")
    text = without(document.text, {("freezes",): keeps})
    return _valid(snapshot, text if any(keeps) else f"{text.rstrip()}\n")


def _valid(snapshot: Snapshot, text: str) -> str:
    """Return a text of platform.yaml that has no errors.

    Raises:
        Refused: It has some.
    """
    pipeline.validated_platform(snapshot, {layout.PLATFORM: text.encode(errors="surrogateescape")})
    return text
