"""What speaks against a promotion beside the order of rings: what a ring went back from, and what nobody has seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from generator import rules
from generator.fleet.model import Fleet, Platform, Tenant
from generator.fleet.platform import platform_of
from generator.fleet.rings import Move, Ring, share_of
from generator.fleet.validate import tenant_of
from generator.history.rings import Moment, known
from generator.lifecycle import health, promotion
from generator.reading import yaml_reader
from generator.reading.yaml_reader import Document
from tests.harness import ROOT
from tests.lifecycle.standing_in import Prometheus

START: Final = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
PILOT: Final = Ring(name="pilot", release="2")
GENERAL: Final = Ring(name="general", release="1", batch=10)


def platform(*rings: Ring) -> Platform:
    """Return this repository's platform with other rings."""
    document, _ = yaml_reader.read("platform.yaml", (ROOT / "platform.yaml").read_bytes())
    assert document is not None
    found = platform_of(document, rules.known, [])
    assert found is not None
    return replace(found, rings=rings)


def company(of: Platform, name: str, **keys: object) -> Tenant:
    """Return a company on Bronze."""
    return tenant_of(Document("", "", {"name": name, "plan": "bronze", **keys}), of)


def facts(release: str, *steps: tuple[Ring, Ring]) -> list[str]:
    """Return what speaks against moving general to a release after a line of commits, an hour each."""
    moments = [
        Moment(time=START + number * HOUR, rings={ring.name: promotion.state_of(ring) for ring in rings})
        for number, rings in enumerate(steps)
    ]
    _, general = steps[-1]
    told = promotion.against(platform(*steps[-1]), general, release, known(moments), START + 99 * HOUR)
    return [one.fact for one in told]


def test_a_release_that_the_ring_before_went_back_from_does_not_pass() -> None:
    """Also when that one is on a later release since, and however long it had soaked."""
    gone_on = replace(PILOT, release="4")
    three = replace(PILOT, release="3")

    assert facts("3", (three, GENERAL), (PILOT, GENERAL), (gone_on, GENERAL)) == ["ring pilot went back from 3"]
    assert facts("3", (three, GENERAL), (gone_on, GENERAL)) == []
    assert facts("3", (three, GENERAL), (PILOT, GENERAL), (three, GENERAL)) == []


def test_a_ring_does_not_go_again_where_it_came_back_from() -> None:
    """Whether all of its companies had moved or a batch, and until somebody has brought it there with a reason."""
    there, amid = replace(GENERAL, release="2"), replace(GENERAL, next=Move(release="2", share=10))

    for moved in (there, amid):
        assert facts("2", (PILOT, GENERAL), (PILOT, moved), (PILOT, GENERAL)) == ["ring general went back from 2"]
        assert facts("2", (PILOT, GENERAL), (PILOT, moved), (PILOT, GENERAL), (PILOT, amid)) == []


def test_an_old_file_with_another_kind_of_release_is_passed_over() -> None:
    """What stands in history cannot be taken out."""
    moments = [Moment(time=START, rings={"r": (release, "", 0)}) for release in ("2", "v1", "3", "edge", "1")]

    assert known(moments).left == {("r", "2")}


def test_a_batch_that_nobody_is_in_is_passed_over() -> None:
    """It would soak for nothing, and nobody could tell of it; a pinned company moves in none."""
    late = next(name for name in (f"company-{number:03}" for number in range(50)) if 40 <= share_of(name) < 50)
    early = next(name for name in (f"company-{number:03}" for number in range(90)) if share_of(name) < 10)
    of = platform(PILOT, GENERAL)
    pin = {"release": "1", "until": "2027-01-31", "reason": "an audit"}
    fleet = (company(of, late), company(of, early, pin=pin))

    first = promotion.moved(GENERAL, "2", fleet)

    assert first.next == Move(release="2", share=50)
    assert promotion.moved(first, "2", fleet) == replace(GENERAL, release="2")


def test_a_company_of_which_nothing_runs_tells_of_no_release() -> None:
    """Argo CD calls it healthy, whatever the release."""
    of = platform(PILOT, GENERAL)
    tenants = (
        company(of, "pilot-1", ring="pilot", state="suspended"),
        company(of, "pilot-2", ring="pilot"),
    )

    told = promotion.who_tried(Fleet(platform=of, tenants=tenants), GENERAL, "2")

    assert [one.name for one in told] == ["pilot-2"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Prometheus([], times=144), ("", 2)),
        (Prometheus([], times=143), ("", 2)),  # started again in between
        (
            Prometheus([], times=142),
            ("Prometheus knows no company for all of the time, and the longest for 23:40:00", 0),
        ),
        (Prometheus(["pilot-1"]), ("pilot-1 was Degraded", 2)),
        (Prometheus([], behind=("pilot-2",)), ("pilot-2 is OutOfSync, Healthy now", 2)),
        (Prometheus([], known=("pilot-1",)), ("Prometheus knows nothing of pilot-2", 1)),
    ],
)
def test_prometheus_has_seen_companies_for_all_of_the_soak(asked: Prometheus, said: tuple[str, int]) -> None:
    """In each ten minutes of it, and what the release has not reached is not well."""
    with asked as url:
        assert health.throughout(url, ["pilot-1", "pilot-2"], 24 * HOUR) == said
