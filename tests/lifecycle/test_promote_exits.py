"""More of the verb `promote` over a real repository: what stands in git, and moments that are none."""

from pathlib import Path

import pytest

from tests.harness import Repository
from tests.lifecycle.test_promote import WINDOW, committed, here, promote, refused, rings, start

__all__ = ["here", "start"]


def test_the_reason_to_move_companies_in_a_freeze_stands_in_git(here: Repository) -> None:
    """At the ring; and what it lifts is said."""
    here.tenant("pilot-1", ring="pilot", maintenance=WINDOW)
    committed(here, 1)
    promote(here, "pilot", "2", day=2)
    promote(here, "--stop", "--reason", "the disk is full", day=2)

    done = here.run("promote", "--due", "--reason", "they insist on it", "--now", "2026-11-07T17:00:00Z")

    assert done.exit == 0
    assert done.stderr.startswith("although no release moves until further notice: the disk is full\n")
    assert '- {name: pilot, release: "2", soak: 1d, reason: they insist on it}' in rings(here)


def test_a_stop_holds_from_the_moment_on(here: Repository) -> None:
    """The day in Tokyo is the next one already; a freeze is meant in UTC."""
    done = here.run("promote", "--stop", "--reason", "the disk is full", "--now", "2026-11-03T00:30:00+09:00")

    assert done.exit == 0
    assert '- {from: "2026-11-02", reason: "the disk is full"}' in here.read("platform.yaml")
    assert "no release moves until further notice" in refused(here, "pilot", "2", day=2)


@pytest.mark.slow
def test_a_ring_on_the_live_guard_stays_there_when_all_move(here: Repository) -> None:
    """It has all that a frozen one could bring."""
    assert here.run("release", "--guard").exit == 0
    assert refused(here, "--guard", "--all", "1") == (
        "error: guard 1 is there already, or what is live\n  hint: nothing is to be promoted\n"
    )
    promote(here, "--guard", "general", "1")
    here.edit("base/guard/core/ceilings.yaml", 'count/jobs.batch: "', 'count/jobs.batch: "1')
    assert here.run("release", "--guard").exit == 0

    promote(here, "--guard", "--all", "2")

    assert rings(here).splitlines()[1:] == [
        '- {name: pilot, release: "1", soak: 1d}  # those who like to be first',
        '- {name: general, release: "1", batch: 50, guard: "2"}',
    ]


def test_a_ring_that_nobody_is_on_gets_somebody(here: Repository) -> None:
    """The command that is named brings a company there."""
    for number in (1, 2):
        here.tenant(f"pilot-{number}")
    committed(here, 1)
    promote(here, "pilot", "2", day=2)
    committed(here, 2)

    assert (
        "no company that runs has tried 2 on ring pilot\n  hint: put one on it: tenantry set NAME ring=pilot;"
        in refused(here, "general", day=4)
    )
    assert here.run("set", "company-001", "ring=pilot").exit == 0
    committed(here, 4)
    assert "nobody has looked whether the 1 company on 2 are healthy" in refused(here, "general", day=5)


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "9000-01-01T00:00:00Z", "2026-11-01T10:00"]
)
def test_a_moment_that_no_calendar_holds_is_a_usage_error(here: Repository, moment: str, tmp_path: Path) -> None:
    """And no bug."""
    del tmp_path
    assert here.run("promote", "pilot", "2", "--now", moment).exit == 2
