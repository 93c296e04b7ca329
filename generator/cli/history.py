"""history: what companies had and when, from git alone, and the days of a month for an invoice."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from generator.cli.options import Day, root_of, table
from generator.findings.finding import Exit, TenantryError

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from generator.history.events import Event


@click.command(epilog="Example: tenantry history company-001; tenantry history --month 2026-11 --format csv > days.csv")
@click.argument("name", required=False)
@click.option("--month", metavar="YYYY-MM", help="Count the days of a month on each plan and add-on.")
@click.option("--time-zone", default="UTC", show_default=True, help="Where the days of --month end.")
@click.option("--after", "cursor", metavar="ID", help="Only events behind this one: the id of the last that was read.")
@click.option("--limit", type=click.IntRange(min=1), help="No more events than this.")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "jsonl"]), default="table", show_default=True, help="Form."
)
@click.option(
    "--today", metavar="YYYY-MM-DD", type=Day(), help="The day of --month that is not over; today there when left out."
)
@click.pass_obj
def history(
    directory: Path,
    name: str | None,
    month: str | None,
    time_zone: str,
    cursor: str | None,
    limit: int | None,
    form: str,
    today: "date | None",
) -> Exit:
    """Tell every change of plan, state, ring, size and add-on of all companies, or of NAME, as git knows it.

    A change counts from the commit that brought it to the main branch. With --month: the days of each company on each
    plan and add-on; a day counts for what holds when it ends, and only when it is over.
    """
    from datetime import datetime

    from generator import pipeline
    from generator.git import door
    from generator.git.snapshot import Snapshot
    from generator.history import walk
    from generator.history.events import events

    if month and (cursor or limit):
        raise click.UsageError("--month counts days: leave --after and --limit out")
    root = root_of(directory)
    repository = door.open_repository(root)
    platform = pipeline.validated_platform(Snapshot.of_work_tree(root))
    commits = walk.line(repository, walk.branch(repository, platform.branch))
    every = tuple(events(commits))
    if name is not None and all(event.company != name for event in every):
        raise TenantryError(f"git knows no company {name!r}", "tenantry list shows those that are there")
    if month:
        zone = _zone(time_zone)
        own = tuple(event for event in every if name in (None, event.company))
        return _days(own, _first(month), zone, today or datetime.now(zone).date(), form)
    return _events(every, name, cursor, limit, form)


def _events(every: "tuple[Event, ...]", name: str | None, cursor: str | None, limit: int | None, form: str) -> Exit:
    from generator.history import forms
    from generator.history.events import CursorError, behind

    try:
        found = [event for event in behind(every, cursor) if name in (None, event.company)]
    except CursorError:
        fact = f"no event of this branch has the id {cursor!r}: its history was written again, or it is of another one"
        raise TenantryError(fact, "read all events, without --after, and compare them with what was read") from None
    rows = [forms.event(event) for event in found[:limit]]
    if form == "csv":
        click.echo(forms.as_csv(rows, forms.EVENT), nl=False)
    elif form == "jsonl":
        click.echo(forms.as_lines(rows), nl=False)
    else:
        table([forms.in_short(row) for row in rows], "table")
    return Exit.FINE


def _days(found: "tuple[Event, ...]", month: "date", zone: "ZoneInfo", today: "date", form: str) -> Exit:
    from generator.history import forms
    from generator.history.months import days

    text = f"{month:%Y-%m}"
    rows = [forms.days(spell, text, zone.key) for spell in days(found, month, zone, today)]
    if form == "csv":
        click.echo(forms.as_csv(rows, forms.DAYS), nl=False)
    elif form == "jsonl":
        click.echo(forms.as_lines(rows), nl=False)
    else:
        table(rows, "table")
    return Exit.FINE


def _first(month: str) -> "date":
    from datetime import date

    match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", month)
    if not match or match[1] == "0000":
        raise click.BadParameter(f"{month!r} is not a month such as 2026-11", param_hint="--month")
    return date(int(match[1]), int(match[2]), 1)


def _zone(name: str) -> "ZoneInfo":
    from generator.reading.time_zones import zone_of

    zone = zone_of(name)
    if zone is None:
        fact = f"there is no time zone {name!r}; one is Europe/Berlin"
        raise click.BadParameter(fact, param_hint="--time-zone")
    return zone


COMMANDS: Final = (history,)
