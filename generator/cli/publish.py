"""publish: put generated files on the branch that Argo CD follows."""

import re
from pathlib import Path
from typing import Any, Final

import click

from generator.cli.options import root_of
from generator.findings.finding import Exit

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType[float]):
    """A time such as 30s, 5m or 1h, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the text."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"([0-9]+)([smh])", str(value))
        if match is None:
            self.fail(f"{value!r} is not a time such as 30s, 5m or 1h", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


@click.command(epilog="Example: tenantry publish --retry-for 10m")
@click.option("--remote", default="origin", show_default=True, help="Name of the git remote.")
@click.option(
    "--retry-for", type=Duration(), default="5m", show_default=True, help="How long a rejected push is tried again."
)
@click.option("--author", metavar="'NAME <ADDRESS>'", default="", help="Author of the commit; git's own when left out.")
@click.option("--date", metavar="DATE", default="", help="Author date of the commit; now when left out.")
@click.option("--dry-run", is_flag=True, help="Generate and verify, and say what would be pushed.")
@click.pass_obj
def publish(directory: Path, remote: str, retry_for: float, author: str, date: str, dry_run: bool) -> Exit:
    """Generate from the fetched head of the main branch, verify what changed, and push one commit.

    A company whose tenant file is gone stays as it was published, all others are published, and the exit code is 1.
    Your index and files are never touched. When the branch moves meanwhile, the run starts again from its new head.
    Linux and macOS; there is no lock for Windows.
    """
    from generator.findings.formats import text
    from generator.publish.publish import Order
    from generator.publish.publish import publish as run

    order = Order(remote=remote, retry_for=retry_for, author=author, date=date, dry_run=dry_run)
    done = run(root_of(directory), order, lambda step: click.echo(f"  {step}", err=True))
    for change in done.changes:
        click.echo(f"{change.kind:>7} {change.file}")
    if done.commit:
        click.echo(f"pushed {done.commit[:10]} to {done.branch}, from {done.source[:10]}", err=True)
    else:
        click.echo(f"nothing pushed to {done.branch}: {done.reason}", err=True)
    click.echo(text(done.kept), nl=False, err=True)
    return Exit.REFUSED if done.kept else Exit.FINE


COMMANDS: Final = (publish,)
