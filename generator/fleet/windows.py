"""When the release of a company may move: hours of a day of the week, where the company is. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A maintenance window.

    Attributes:
        days: On which days of the week it opens, 0 for Monday.
        opens: At which time of the day.
        length: For how long, as a clock runs that no summer time moves.
        zone: Where the day and the time are meant.
    """

    days: tuple[int, ...]
    opens: time
    length: timedelta
    zone: ZoneInfo

    @property
    def words(self) -> str:
        """It for people, such as `sun 02:00 for 3 h, Asia/Tokyo`."""
        days = ", ".join(DAYS[day] for day in self.days)
        return f"{days} {self.opens:%H:%M} for {self.length // timedelta(hours=1)} h, {self.zone.key}"

    def open_until(self, now: datetime) -> datetime | None:
        """Return when the window that is open at a moment closes, in UTC; None when it is shut.

        One that opens before another closes goes on for that one.

        A time that summer time passes over is read as the offset before it has it, and of one that comes twice the
        first counts: PEP 495, fold=0.

        Args:
            now: With its offset from UTC.
        """
        until: datetime | None = None
        for start, end in self._around(now):
            if start <= now < end or (until and start <= until):
                until = end
        return until

    def _around(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the windows of the days around a moment, the earliest first: each as its start and its end in UTC."""
        today = now.astimezone(self.zone).date()
        for number in range(-2, 2):
            day = today + timedelta(days=number)
            if day.weekday() in self.days:
                start = datetime.combine(day, self.opens, tzinfo=self.zone).astimezone(UTC)
                yield start, start + self.length


def hours(text: str) -> timedelta:
    """Read a time such as `3h` or `2d`."""
    return timedelta(hours=int(text[:-1]) * (24 if text.endswith("d") else 1))
