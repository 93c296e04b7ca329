"""How many days of a month each company had a plan and add-ons: what an invoice needs. Pure.

A day counts for what holds when it ends, at midnight of the stated time zone, so each day counts once and a company
that comes and goes within a day has none. A day that is not over yet does not count.
"""

import calendar
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from generator.history.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """How long a company had something in a month.

    Attributes:
        company: Whose.
        what: `plan` or `addon`.
        name: Of the plan or the add-on.
        state: The company's state meanwhile.
        days: How many days.
        of: How many days the month has.
    """

    company: str
    what: str
    name: str
    state: str
    days: int
    of: int


@dataclass(slots=True)
class _Has:
    """What a company has at some moment."""

    plan: str
    state: str
    addons: frozenset[str]


def days(events: Iterable[Event], month: date, zone: ZoneInfo, today: date) -> tuple[Days, ...]:
    """Return the days of a month, by company, plan and add-ons.

    Args:
        events: All events from the first on.
        month: Any day of the month.
        zone: Where days end.
        today: The day there that is not over.
    """
    length = calendar.monthrange(month.year, month.month)[1]
    whole = [month.replace(day=1) + timedelta(days=number) for number in range(length)]
    counted: Counter[tuple[str, str, str, str]] = Counter()
    has: dict[str, _Has] = {}
    coming = iter(events)
    following = next(coming, None)
    for day in whole:
        if day >= today:
            break
        end = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
        while following is not None and following.time < end:
            _apply(has, following)
            following = next(coming, None)
        counted.update(_of_a_day(has))
    return tuple(
        Days(company=company, what=what, name=name, state=state, days=number, of=length)
        for (company, what, name, state), number in sorted(counted.items(), key=_order)
    )


def _order(one: tuple[tuple[str, str, str, str], int]) -> tuple[str, bool, str, str]:
    (company, what, name, state), _ = one
    return company, what != "plan", name, state


def _of_a_day(has: dict[str, _Has]) -> Iterator[tuple[str, str, str, str]]:
    for company, one in has.items():
        yield company, "plan", one.plan, one.state
        yield from ((company, "addon", addon, one.state) for addon in one.addons)


def _apply(has: dict[str, _Has], event: Event) -> None:
    match event.what:
        case "added":
            has[event.company] = _Has(plan="", state="", addons=frozenset())
        case "removed":
            has.pop(event.company, None)
        case "plan":
            has[event.company].plan = event.after
        case "state":
            has[event.company].state = event.after
        case "addon":
            one = has[event.company]
            one.addons = one.addons - {event.before} | ({event.after} if event.after else frozenset())
        case _:
            pass
