"""What may be promoted, by a made clock and a made history: batches, windows, and what a later ring may never run."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator import rules
from generator.fleet.model import Fleet, Platform, Tenant
from generator.fleet.platform import platform_of
from generator.fleet.rings import Freeze, Move, Ring, share_of
from generator.fleet.validate import tenant_of
from generator.fleet.windows import DAYS, Window
from generator.history.rings import Known, Moment, known
from generator.lifecycle import promotion
from generator.reading import yaml_reader
from generator.reading.yaml_reader import Document
from tests.harness import ROOT

START: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)


def _platform() -> Platform:
    document, _ = yaml_reader.read("platform.yaml", (ROOT / "platform.yaml").read_bytes())
    assert document is not None
    found = platform_of(document, rules.known, [])
    assert found is not None
    return found


PLATFORM: Final = _platform()


def with_rings(*rings: Ring) -> Platform:
    """Return a platform with these rings."""
    return replace(PLATFORM, rings=rings)


def company(platform: Platform, name: str, **keys: Any) -> Tenant:
    """Return a company of the smallest plan."""
    return tenant_of(Document("", "", {"name": name, "plan": "bronze", **keys}), platform)


def companies(platform: Platform, names: Sequence[str], **keys: Any) -> tuple[Tenant, ...]:
    """Return companies that are alike."""
    return tuple(company(platform, name, **keys) for name in names)


NAMES: Final = [f"company-{number:03}" for number in range(1, 501)]


# --- batches and pins


def test_a_move_by_batches_moves_each_company_once() -> None:
    """Four runs of a quarter each, by a hash of the name that is not that of the shards; then the ring is through."""
    ring = Ring(name="general", release="1", batch=25)
    platform = with_rings(ring)
    on_two: list[set[str]] = []
    for _ in range(4):
        fleet = companies(platform, NAMES)
        ring = promotion.moved(ring, "2", fleet)
        platform = with_rings(ring)
        on_two.append({one.name for one in companies(platform, NAMES) if one.ring.release == "2"})

    assert ring == Ring(name="general", release="2", batch=25)
    assert all(before < after for before, after in pairwise(on_two))
    assert [round(len(names) / 5) for names in on_two] == pytest.approx([25, 50, 75, 100], abs=5)


def test_without_batches_and_windows_a_ring_moves_at_once() -> None:
    """One commit, and nothing is left behind of the move."""
    assert promotion.moved(Ring(name="r", release="1"), "2", ()) == Ring(name="r", release="2")


def test_a_rollback_takes_everybody_back_at_once() -> None:
    """Those that have moved, those that wait, and those whose turn it was not."""
    ring = Ring(name="r", release="1", next=Move(release="2", share=50, waiting=("company-001",)))

    assert promotion.moved(ring, "1", companies(with_rings(ring), NAMES)) == Ring(name="r", release="1")


def test_a_pinned_company_stays() -> None:
    """Whatever its ring does; its window has no say in that."""
    platform = with_rings(Ring(name="r", release="2"))
    pin = {"release": "1", "until": "2027-01-31", "reason": "an audit"}
    pinned = company(platform, "company-001", pin=pin, maintenance=SUNDAY)

    assert (pinned.ring.release, pinned.ring.name) == ("1", "r")
    moving = promotion.moved(platform.rings[0], "3", [pinned])
    assert moving == Ring(name="r", release="3")
    assert company(with_rings(moving), "company-001", pin=pin).ring.release == "1"


# --- windows

SUNDAY: Final = {"days": ["sun"], "from": "02:00", "for": "3h", "timeZone": "Asia/Tokyo"}


def test_who_waits_stays_until_the_window_is_open_long_enough() -> None:
    """Saturday 17:00 in UTC is Sunday 02:00 in Tokyo; a roll-out of an hour begins two hours later at the latest."""
    ring = promotion.moved(
        Ring(name="r", release="1"), "2", [company(with_rings(Ring(name="r", release="1")), "a-1", maintenance=SUNDAY)]
    )
    assert ring.next == Move(release="2", share=100, waiting=("a-1",))
    waiting = company(with_rings(ring), "a-1", maintenance=SUNDAY)
    assert waiting.ring.release == "1"

    opens = datetime(2026, 11, 7, 17, tzinfo=UTC)
    moves = [
        minutes for minutes in range(-60, 240, 30) if promotion.may_move(waiting, opens + minutes * HOUR / 60, HOUR)
    ]

    assert moves == [0, 30, 60, 90, 120]
    assert promotion.without_ready(ring, ["a-1"]) == Ring(name="r", release="2")


@pytest.mark.parametrize(
    ("day", "opens", "utc", "hours"),
    [
        (datetime(2027, 3, 28, tzinfo=UTC), "02:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC), 3),
        (datetime(2026, 10, 25, tzinfo=UTC), "02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 3),
        (datetime(2026, 7, 5, tzinfo=UTC), "23:00", datetime(2026, 7, 5, 21, tzinfo=UTC), 3),
    ],
    ids=["a time that summer time passes over", "a time that comes twice", "over midnight"],
)
def test_a_window_keeps_summer_time(day: datetime, opens: str, utc: datetime, hours: int) -> None:
    """It opens by the clock on the wall, and is as long as it says."""
    del day
    maintenance = {"days": ["sun"], "from": opens, "for": f"{hours}h", "timeZone": "Europe/Berlin"}
    window = company(PLATFORM, "a-1", maintenance=maintenance).window
    assert window is not None

    assert window.open_until(utc - timedelta(seconds=1)) is None
    assert window.open_until(utc) == utc + hours * HOUR
    assert window.open_until(utc + hours * HOUR) is None


ZONES: Final = (
    *("Pacific/Auckland", "Australia/Adelaide", "Asia/Tokyo", "Asia/Kathmandu", "Asia/Kolkata", "Europe/Berlin"),
    *("UTC", "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu"),
)


def test_200_companies_in_12_time_zones_each_move_inside_their_own_window() -> None:
    """A clock that looks every quarter of an hour, over a week: each moves once, and its roll-out ends inside."""
    ring = Ring(name="r", release="1")
    windows = {
        name: {
            "days": [DAYS[number % 7]],
            "from": f"{number % 24:02}:00",
            "for": f"{2 + number % 4}h",
            "timeZone": ZONES[number % 12],
        }
        for number, name in enumerate(NAMES[:200])
    }

    def fleet(ring: Ring) -> tuple[Tenant, ...]:
        return tuple(company(with_rings(ring), name, maintenance=window) for name, window in windows.items())

    takes = timedelta(minutes=50)
    ring = promotion.moved(ring, "2", fleet(ring))
    assert ring.next is not None
    assert len(ring.next.waiting) == 200
    moved: dict[str, datetime] = {}
    waiting = fleet(ring)
    for quarter in range(8 * 24 * 4):
        now = START + quarter * HOUR / 4
        ready = [one.name for one in waiting if promotion.may_move(one, now, takes)]
        if ready:
            ring = promotion.without_ready(ring, ready)
            moved |= dict.fromkeys(ready, now)
            waiting = tuple(one for one in waiting if one.name not in moved)
        if ring.next is None:
            break

    assert ring == Ring(name="r", release="2")
    assert len(moved) == 200
    for number, (name, window) in enumerate(windows.items()):
        # by hand, not by the code that is tried: the day and the hour on the wall of the company
        local = moved[name].astimezone(ZoneInfo(str(window["timeZone"])))
        since = (local.hour - number % 24) * 60 + local.minute
        day = local.weekday()
        if since < 0:
            since, day = since + 24 * 60, (day - 1) % 7
        assert DAYS[day] == window["days"][0], name
        assert since + 50 <= (2 + number % 4) * 60, name


def test_a_company_without_its_window_moves_with_the_next_look() -> None:
    """Who waits and has no window any more waits for nothing."""
    assert promotion.may_move(company(PLATFORM, "a-1"), START, HOUR)


# --- what speaks against it

PILOT: Final = Ring(name="pilot", release="2", soak=72 * HOUR)
GENERAL: Final = Ring(name="general", release="1")


Facts = list[tuple[str, str]]
"""What speaks against a promotion, each with what to do instead."""


def facts(
    platform: Platform, ring: Ring, release: str, moments: Sequence[Moment], now: datetime
) -> list[tuple[str, str]]:
    """Return what speaks against a promotion, and the way out."""
    told = known(moments)
    return [(one.fact, one.way) for one in promotion.against(platform, ring, release, told, now)]


def at(hours: float, *rings: Ring) -> Moment:
    """Return a commit with these rings, so many hours after the start."""
    return Moment(time=START + hours * HOUR, rings={ring.name: promotion.state_of(ring) for ring in rings})


def test_a_ring_may_follow_when_the_one_before_has_soaked() -> None:
    """Not before; the moment from which it may is named."""
    before = [at(0, replace(PILOT, release="1"), GENERAL), at(10, PILOT, GENERAL)]
    platform = with_rings(PILOT, GENERAL)

    assert facts(platform, GENERAL, "2", before, START + 82 * HOUR) == []
    assert facts(platform, GENERAL, "2", before, START + 81 * HOUR) == [
        (
            "ring pilot is on 2 for 71 h, and a release soaks there for 72 h",
            "wait until 2026-11-05T19:00Z",
        )
    ]


def test_a_ring_does_not_overtake_the_one_before() -> None:
    """Nor while that one is still on its way there."""
    platform = with_rings(PILOT, GENERAL)

    assert facts(platform, GENERAL, "3", [at(0, PILOT, GENERAL)], START + 99 * HOUR) == [
        (
            "ring pilot is on 2: ring general would overtake it",
            "promote that one first: tenantry promote pilot 3",
        )
    ]
    moving = replace(PILOT, next=Move(release="3", share=50))
    ((fact, _),) = facts(with_rings(moving, GENERAL), GENERAL, "3", [at(0, moving, GENERAL)], START + 99 * HOUR)
    assert fact == "ring pilot is on 2, on its way to 3: ring general would overtake it"


def test_a_release_that_the_ring_before_never_ran_does_not_pass() -> None:
    """Also when that one is on a later release."""
    pilot = replace(PILOT, release="4")
    moments = [at(0, replace(PILOT, release="2"), GENERAL), at(1, pilot, GENERAL)]

    assert facts(with_rings(pilot, GENERAL), GENERAL, "3", moments, START + 99 * HOUR) == [
        (
            "ring pilot was never on 3, as far as git knows",
            "commit what was promoted; or take what it is on: tenantry promote general 4",
        )
    ]


def test_a_release_that_left_before_its_soak_was_over_does_not_pass() -> None:
    """Time does not run for a release that nobody runs."""
    pilot = replace(PILOT, release="3")
    moments = [at(0, PILOT, GENERAL), at(5, pilot, GENERAL)]

    assert facts(with_rings(pilot, GENERAL), GENERAL, "2", moments, START + 99 * HOUR) == [
        ("ring pilot was on 2 for 5 h, and a release soaks there for 72 h", "let it soak in pilot")
    ]


def test_a_ring_on_edge_has_tried_what_edge_was_equal_to() -> None:
    """As long as it was; the next edit of base/edge is something else."""
    edge = Ring(name="development", release="edge", soak=24 * HOUR)
    moments = [
        Moment(time=START, rings={"development": ("edge", "", 0), "pilot": ("1", "", 0)}),
        Moment(time=START + 2 * HOUR, rings={"development": ("edge", "", 0), "pilot": ("1", "", 0)}, equals=("2",)),
        Moment(time=START + 27 * HOUR, rings={"development": ("edge", "", 0), "pilot": ("1", "", 0)}),
    ]
    pilot = replace(PILOT, release="1")
    platform = with_rings(edge, pilot)

    assert facts(platform, pilot, "2", moments, START + 99 * HOUR) == []
    assert facts(platform, pilot, "2", moments[:2], START + 12 * HOUR) == [
        ("ring development is on 2 for 10 h, and a release soaks there for 24 h", "wait until 2026-11-03T11:00Z")
    ]


def test_a_batch_soaks_before_the_next() -> None:
    """By the ring's own soak, since the last one moved."""
    ring = Ring(name="general", release="1", batch=25, soak=4 * HOUR, next=Move(release="2", share=25))
    pilot = replace(PILOT, soak=timedelta())
    moments = [at(0, pilot, GENERAL), at(6, pilot, ring)]

    assert facts(with_rings(pilot, ring), ring, "2", moments, START + 7 * HOUR) == [
        ("the last batch of ring general moved 1 h ago, and soaks for 4 h", "wait until 2026-11-02T19:00Z")
    ]
    assert facts(with_rings(pilot, ring), ring, "2", moments, START + 10 * HOUR) == []


def test_a_freeze_holds_what_goes_onward_and_no_rollback() -> None:
    """On its last day too; without a last day, one command ends it."""
    freeze = Freeze(since=START.date(), until=START.date(), reason="the end of the year")
    platform = replace(with_rings(PILOT), freezes=(freeze,))
    moments = [at(0, replace(PILOT, release="1")), at(1, PILOT)]

    assert facts(platform, PILOT, "3", moments, START) == [
        ("no release moves until 2026-11-02: the end of the year", "wait")
    ]
    assert facts(platform, PILOT, "1", moments, START) == []
    assert facts(platform, PILOT, "3", moments, START + 24 * HOUR) == []
    stopped = replace(platform, freezes=(replace(freeze, until=None),))
    assert facts(stopped, PILOT, "3", moments, START + 999 * HOUR) == [
        (
            "no release moves until further notice: the end of the year",
            "let it go on when all is well: tenantry promote --go",
        )
    ]


def test_a_rollback_goes_where_the_ring_or_the_one_before_has_been() -> None:
    """To nothing that neither has tried."""
    general = replace(GENERAL, release="4")
    pilot = replace(PILOT, release="4")
    moments = [at(0, replace(pilot, release="2"), replace(general, release="1")), at(1, pilot, general)]
    platform = with_rings(pilot, general)

    assert facts(platform, general, "1", moments, START + HOUR) == []
    assert facts(platform, general, "2", moments, START + HOUR) == []
    assert facts(platform, general, "3", moments, START + HOUR) == [
        ("neither ring general nor ring pilot was ever on 3", "go back to what ring general was on before")
    ]


@pytest.mark.parametrize(
    ("rings", "ring", "releases", "target"),
    [
        ((PILOT, GENERAL), GENERAL, ("1", "2", "3"), "2"),
        ((PILOT, GENERAL), PILOT, ("1", "2", "3"), "3"),
        ((PILOT, GENERAL), PILOT, ("1", "2"), None),
        ((PILOT, replace(GENERAL, release="2")), replace(GENERAL, release="2"), ("1", "2", "3"), None),
        ((replace(PILOT, release="edge"), GENERAL), GENERAL, ("1", "2", "3"), "3"),
        ((PILOT, GENERAL), replace(GENERAL, next=Move(release="2", share=9)), ("1", "2", "3"), "2"),
    ],
)
def test_what_comes_next(rings: tuple[Ring, ...], ring: Ring, releases: tuple[str, ...], target: str | None) -> None:
    """What the ring before is on; of the first, and behind one on edge, the newest; and an open move goes on."""
    assert promotion.following(with_rings(*rings), ring, releases) == target


def test_who_tells_of_a_release_by_its_health() -> None:
    """The companies of the ring before, and those of its own that moved already; not who is pinned or paused."""
    general = replace(GENERAL, next=Move(release="2", share=50))
    platform = with_rings(PILOT, general)
    pin = {"release": "1", "until": "2027-01-31", "reason": "an audit"}
    tenants = (
        company(platform, "pilot-1", ring="pilot"),
        company(platform, "pilot-2", ring="pilot", pin=pin),
        company(platform, "pilot-3", ring="pilot", paused={"until": "2027-01-31", "reason": "by hand"}),
        *companies(platform, NAMES[:20]),
    )
    fleet = Fleet(platform=platform, tenants=tenants)

    names = [one.name for one in promotion.who_tried(fleet, general, "2")]

    assert names == ["pilot-1", *(name for name in NAMES[:20] if share_of(name) < 50)]


# --- no later ring runs what an earlier one never ran

RELEASES: Final = ("1", "2", "3", "4")
STEPS: Final = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(RELEASES),
        st.sampled_from([1, 12, 30]),
        st.sampled_from([False] * 7 + [True]),
    ),
    min_size=2,
    max_size=25,
)


@example([(0, "3", 1, False), (1, "2", 30, False)], 100)  # a ring before that is further on, and never was on it
@example([(0, "3", 1, False), (1, "3", 30, False), (1, "2", 1, False)], 100)  # back to what nobody tried
@settings(max_examples=100)
@given(STEPS, st.sampled_from([25, 50, 100, 100]))
def test_a_later_ring_runs_nothing_that_an_earlier_one_never_ran(steps: list[Any], batch: int) -> None:
    """Unless a reason is in git, by whatever promotions, batches and rollbacks, whoever asks for what and when."""
    rings = [Ring(name=name, release="1", soak=24 * HOUR, batch=batch) for name in ("first", "second", "third")]
    now = START
    moments = [Moment(time=now, rings={ring.name: promotion.state_of(ring) for ring in rings})]
    ran: dict[int, set[str]] = defaultdict(lambda: {"1"})
    with_reason: set[str] = set()
    for place, release, hours, has_reason in steps:
        now += hours * HOUR
        ring = rings[place]
        if ring.next and release not in (ring.release, ring.next.release):
            continue
        spoken = list(promotion.against(with_rings(*rings), ring, release, known(moments), now))
        if spoken and not has_reason:
            continue
        if spoken:
            with_reason.add(release)
        rings[place] = promotion.moved(ring, release, ())
        moments.append(Moment(time=now, rings={one.name: promotion.state_of(one) for one in rings}))
        for number, one in enumerate(rings):
            ran[number] |= {one.release, *([one.next.release] if one.next else [])}
        for later, earlier in ((1, 0), (2, 0), (2, 1)):
            assert ran[later] - ran[earlier] <= with_reason


def test_the_history_of_rings_is_that_of_the_moments() -> None:
    """A stay ends with the commit that moves the ring; what a ring comes back to is another stay."""
    told: Known = known(_of_two_rings())

    assert [
        (one.release, one.since.hour, one.until and one.until.hour) for one in told.stays if one.ring == "pilot"
    ] == [
        ("1", 9, 11),
        ("2", 11, 12),
        ("1", 12, None),
    ]
    assert told.changed == {"pilot": START + 3 * HOUR, "general": START}
    assert told.last_stay("pilot", "3") is None


def _of_two_rings() -> Iterator[Moment]:
    for hours, release in ((0, "1"), (2, "2"), (3, "1"), (4, "1")):
        yield at(hours, replace(PILOT, release=release), GENERAL)


def test_a_window_is_read_as_it_is_written() -> None:
    """Days in their order, whatever order they are written in."""
    keys = {**SUNDAY, "days": ["sun", "wed"]}
    window = company(PLATFORM, "a-1", maintenance=keys).window

    assert window is not None
    assert isinstance(window, Window)
    assert (window.days, window.opens.isoformat(), window.length, window.zone.key) == (
        (2, 6),
        "02:00:00",
        3 * HOUR,
        "Asia/Tokyo",
    )
