"""due: what tenant files say of days that have come."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from generator.cli.options import format_option, report, root_of, today_option
from generator.findings.finding import Exit

if TYPE_CHECKING:
    from datetime import date


@click.command(epilog="Example: tenantry due --today 2026-12-31")
@format_option
@today_option
@click.pass_obj
def due(directory: Path, form: str, today: "date") -> Exit:
    """List what is due by what tenant files say of days, each with the command that does it.

    verify and check warn of the same. Here it is an error, so that a pipeline that runs daily shows it. stderr says
    when the companies that leave can be purged, as many a day as budget.purgesPerDay allows.
    """
    from generator import pipeline
    from generator.findings.finding import Severity, in_order
    from generator.fleet import days
    from generator.git.snapshot import Snapshot

    fleet, _ = pipeline.validated(Snapshot.of_work_tree(root_of(directory)))
    for day, tenant in days.purges(fleet, today):
        click.echo(f"  {day}: {tenant.name} can be purged", err=True)
    found = [problem.with_severity(Severity.ERROR) for problem in days.due(fleet, today)]
    return report(in_order(found), form, {"tenants": len(fleet.tenants)})


COMMANDS: Final = (due,)
