"""due: what tenant files, and what the platform accepts, say of days that have come."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from generator.cli.options import format_option, report, root_of, today_option
from generator.findings.finding import Exit

if TYPE_CHECKING:
    from datetime import date

    from generator.fleet.model import Fleet
    from generator.git.snapshot import Snapshot


@click.command(epilog="Example: tenantry due --today 2026-12-31")
@format_option
@click.option("--edit", is_flag=True, help="Make the edits of tenant files that do what is due.")
@today_option
@click.pass_obj
def due(directory: Path, form: str, edit: bool, today: "date") -> Exit:
    """List what is due by what tenant files say of days, each with the command that does it.

    verify and check warn of the same. Here it is an error, so that a pipeline that runs daily shows it. stderr says
    when the companies that leave can be purged, as many a day as budget.purgesPerDay allows.

    --edit suspends a company whose trial has ended, and takes out a pin and a pause that are over: these are listed as
    warnings. What somebody has to see in the cluster, to decide or to back up first stays an error.
    """
    from generator import pipeline
    from generator.findings.finding import Severity, in_order
    from generator.fleet import days
    from generator.git.snapshot import Snapshot
    from generator.rules.closed_world import accepted_until

    root = root_of(directory)
    snapshot = Snapshot.of_work_tree(root)
    fleet, _ = pipeline.validated(snapshot)
    for day, tenant in days.purges(fleet, today):
        click.echo(f"  {day}: {tenant.name} can be purged", err=True)
    edited = _edit(root, snapshot, fleet, today) if edit else frozenset()
    done = [item.finding for item in days.due(fleet, today) if item.edit and item.tenant.document.file in edited]
    left = [found for found in days.warnings(fleet, today) if found not in done]
    left += accepted_until(fleet.platform, today)
    errors = [found.with_severity(Severity.ERROR) for found in left]
    return report(in_order([*done, *errors]), form, {"tenants": len(fleet.tenants)})


def _edit(root: Path, snapshot: "Snapshot", fleet: "Fleet", today: "date") -> frozenset[str]:
    """Write the tenant files in which an edit does what is due, and return their paths."""
    from generator.lifecycle import edit, settle

    written = set()
    for one in list(settle.settled(snapshot, fleet, today)):
        if one.text is None:
            click.echo(f"unchanged {one.file}: {one.why}", err=True)
            continue
        edit.write(root, one.file, one.text)
        click.echo(f"changed {one.file}", err=True)
        written.add(one.file)
    return frozenset(written)


COMMANDS: Final = (due,)
