"""Time zones: the same names and the same days on every machine."""

import zoneinfo
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from generator.reading.time_zones import zone_of

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "name",
    [
        *("localtime", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin"),  # names of a machine
        *("europe/berlin", "Europe/Berlin ", "Europe", "../zoneinfo/UTC", "/etc/localtime", ""),
        *("tzdata.zi", "zone.tab", "__init__.py"),  # files beside the zones
        "Factory",  # nobody knows the time there
    ],
)
def test_what_is_no_place_with_a_time_is_none(name: str) -> None:
    """Whatever the machine has of that name."""
    assert zone_of(name) is None


def test_what_a_machine_has_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zone of its own, under a name that the database has and under one that it has not."""
    (tmp_path / "Asia").mkdir()
    utc = zone_of("UTC")
    assert utc is not None
    (tmp_path / "Asia/Seoul").write_bytes(b"TZif is another")
    (tmp_path / "Here").write_bytes(b"TZif is another")
    monkeypatch.setattr(zoneinfo, "TZPATH", (str(tmp_path),))

    seoul = zone_of("Asia/Seoul")

    assert seoul is not None
    assert datetime(2026, 11, 27, tzinfo=seoul).utcoffset() == 9 * HOUR
    assert zone_of("Here") is None


def test_a_zone_is_itself() -> None:
    """Two companies in one place have equal windows."""
    assert zone_of("Europe/Berlin") is zone_of("Europe/Berlin")
    assert str(zone_of("Europe/Berlin")) == "Europe/Berlin"
