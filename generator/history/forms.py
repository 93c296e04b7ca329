"""The forms of events and of days: data for people, CSV and lines of JSON. Pure."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any

from generator.history.events import Event
from generator.history.months import Days

Row = Mapping[str, Any]

EVENT: Sequence[str] = ("id", "time", "company", "what", "before", "after", "commit", "author", "approver", "reverts")
DAYS: Sequence[str] = ("company", "what", "name", "state", "days", "of", "month", "timeZone")


def event(one: Event) -> Row:
    """Return an event as a row."""
    time = one.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = (
        one.id,
        time,
        one.company,
        one.what,
        one.before,
        one.after,
        one.commit,
        one.author,
        one.approver,
        one.reverts,
    )
    return dict(zip(EVENT, values, strict=True))


def in_short(row: Row) -> Row:
    """Return an event as a line for people."""
    change = f"{row['before'] or '-'} -> {row['after'] or '-'}" if row["before"] or row["after"] else ""
    return {
        "time": row["time"],
        "company": row["company"],
        "what": row["what"],
        "change": change,
        "commit": row["commit"][:10],
        "author": row["author"],
        "approver": row["approver"],
    }


def days(span: Days, month: str, zone: str) -> Row:
    """Return days as a row."""
    values = (span.company, span.what, span.name, span.state, span.days, span.of, month, zone)
    return dict(zip(DAYS, values, strict=True))


def as_csv(rows: Iterable[Row], heading: Sequence[str]) -> str:
    """Write rows as CSV (RFC 4180), with a heading; a text that a spreadsheet would compute is kept from it."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(heading)
    writer.writerows([[_inert(row[key]) for key in heading] for row in rows])
    return written.getvalue()


def _inert(value: Any) -> Any:
    """A cell that starts like a formula gets a quote before it: https://owasp.org/www-community/attacks/CSV_Injection."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def as_lines(rows: Iterable[Row]) -> str:
    """Write rows as JSON, one a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
