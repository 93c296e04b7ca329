"""Time zones by their names, from the package tzdata alone: the same names and the same days on every machine.

A machine has names of its own (`localtime`, `posixrules`), and tables of the day on which it was last updated.
"""

from datetime import datetime
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

_UNKNOWN: Final = "-00"
"""What a zone calls its time when nobody knows the time there: https://www.rfc-editor.org/rfc/rfc3339#section-4.3"""

_LATE: Final = datetime(9999, 1, 1)  # noqa: DTZ001 -- a time on the wall: what it is called there is asked


@cache
def zone_of(name: str) -> ZoneInfo | None:
    """Return a time zone by its name in the IANA database; None for what is no place with a time."""
    if name not in _names():
        return None
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        zone = ZoneInfo.from_file(file, key=name)
    return None if zone.tzname(_LATE) == _UNKNOWN else zone


@cache
def _names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
