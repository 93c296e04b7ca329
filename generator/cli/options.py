"""What several verbs share: the root, the choice of a format, and the end of a run."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from generator.findings.finding import Exit, Finding, Refused
from generator.findings.formats import FORMATS
from generator.findings.words import did_you_mean

if TYPE_CHECKING:
    from datetime import date, datetime

    from generator.fleet.model import Accepted, Weakened

Command = TypeVar("Command", bound=Callable[..., Any])


def root_of(directory: Path) -> Path:
    """Return the repository's root for the folder that -C names."""
    from generator.fleet.load import find_root

    return find_root(directory)


def sample_of(root: Path) -> int:
    """Return a number that chooses a sample: another one each commit, the same in every run of one; 0 without git."""
    from generator.git import ancestry

    return int(ancestry.head(root) or "0", 16)


def unknown(what: str, name: str, choices: Iterable[str], *, param_hint: str) -> click.BadParameter:
    """Make the usage error for a name that is none of the choices, with the nearest one when there is one."""
    hint = did_you_mean(name, choices)
    return click.BadParameter("; ".join(filter(None, [f"there is no {what} {name!r}", hint])), param_hint=param_hint)


def format_option(command: Command) -> Command:
    """Add --format for findings."""
    option = click.option(
        "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="Form of the findings."
    )
    return option(command)


class Day(click.ParamType["date"]):
    """A day such as 2026-12-31."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "date":
        """Read the text."""
        from datetime import date

        if isinstance(value, date):
            return value
        match = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", str(value))
        try:
            return date(*map(int, match.groups() if match else ()))
        except (TypeError, ValueError):
            self.fail(f"{value!r} is not a day such as 2026-12-31", param, ctx)


def today_option(command: Command) -> Command:
    """Add --today."""
    words = "The day that counts for what ends on a day; today, as UTC has it, when left out."
    return click.option("--today", metavar="YYYY-MM-DD", type=Day(), default=_today, help=words)(command)


class Moment(click.ParamType["datetime"]):
    """A moment such as 2026-12-31T23:00:00Z, with its offset from UTC; what comes out of it is in UTC."""

    name = "moment"
    _YEARS = range(1970, 9000)  # days before and behind it are there as well

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "datetime":
        """Read the text."""
        from datetime import UTC, datetime

        if isinstance(value, datetime):
            return value
        try:
            read = datetime.fromisoformat(str(value))
        except ValueError:
            read = None
        if read is None or read.tzinfo is None or read.year not in self._YEARS:
            self.fail(f"{value!r} is not a moment such as 2026-12-31T23:00:00Z", param, ctx)
        return read.astimezone(UTC)


def now_option(command: Command) -> Command:
    """Add --now."""
    words = "The moment that counts for soaks, windows and freezes; now, when left out."
    return click.option("--now", metavar="MOMENT", type=Moment(), default=_now, help=words)(command)


def _now() -> "datetime":
    from datetime import UTC, datetime

    return datetime.now(tz=UTC)


def _today() -> "date":
    from datetime import UTC, datetime

    return datetime.now(tz=UTC).date()


def report(findings: Sequence[Finding], form: str, summary: Mapping[str, Any]) -> Exit:
    """Print findings to stdout and their summary to stderr, and say how the run ends.

    Args:
        findings: In the order in which they are shown.
        form: One of `FORMATS`.
        summary: Counts of the run; `tenants` is always there, `said` and `proof` hold words for the summary line.
    """
    from generator.findings.formats import counted, show
    from generator.findings.words import plural
    from generator.rules.every import RULES

    said, proof = summary.get("said", ""), summary.get("proof", "")
    data = {key: value for key, value in summary.items() if key not in ("said", "proof")}
    click.echo(show(findings, form, data, RULES), nl=False)
    click.echo(f"{plural(summary['tenants'], 'tenant')}{said}: {counted(findings)}{proof}", err=True)
    for entry in summary.get("accepted", ()):
        until = f", until {entry['until']}" if entry["until"] else ""
        click.echo(f"accepted: {entry['field']}, by {entry['by']}{until}: {entry['reason']}", err=True)
    return Exit.REFUSED if any(found.refuses for found in findings) else Exit.FINE


def weakened(counts: Mapping[str, int], rules: "Mapping[str, Weakened]") -> str:
    """Say which rules platform.yaml weakened, and how many findings that met; nothing when it weakened none."""
    from generator.findings.words import plural

    said = [f"{rule} {rules[rule].severity}: {plural(count, 'finding')}" for rule, count in counts.items()]
    return f" ({len(said)} weakened: {', '.join(said)})" if said else ""


def not_proved(withheld: Mapping[str, Sequence[str]]) -> list[str]:
    """Say which proofs say nothing here, each with why."""
    return [f"{proof} ({'; '.join(reasons)})" for proof, reasons in withheld.items()]


def accepted(entries: "Iterable[Accepted]") -> list[dict[str, Any]]:
    """Return what platform.yaml accepts, as data: what, which proofs that takes away, why and by whom."""
    return [
        {
            "field": str(entry),
            "proofs": list(entry.proofs),
            "reason": entry.reason,
            "by": entry.by,
            "until": entry.until,
        }
        for entry in entries
    ]


def refusal(refused: Refused, form: str) -> Exit:
    """Print why the input was refused, in the form that was asked for, and say how the run ends."""
    from generator.findings.formats import counted, show
    from generator.rules.every import RULES

    click.echo(show(refused.findings, form, {}, RULES), nl=False)
    click.echo(f"{counted(refused.findings)}; nothing could be rendered", err=True)
    return Exit.REFUSED


def table(rows: Sequence[Mapping[str, Any]], form: str) -> None:
    """Print rows as a table with a heading of their keys, or as JSON."""
    if form == "json":
        import json

        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=2))
    elif rows:
        from tabulate import tabulate

        headings = [key.upper() for key in rows[0]]
        click.echo(
            tabulate(
                [list(map(_cell, row.values())) for row in rows], headings, tablefmt="plain", disable_numparse=True
            )
        )


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
