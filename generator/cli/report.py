"""report: the fleet on one page, for people who would rather look than read."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from generator.cli.options import refusal, root_of, sample_of, today_option
from generator.cli.render import with_generated_files
from generator.findings.finding import Exit, Refused, TenantryError
from generator.findings.words import plural

if TYPE_CHECKING:
    from datetime import date

    from generator.git.snapshot import Snapshot
    from generator.report.page import Facts


@click.command(epilog="Example: tenantry report fleet.html")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@today_option
@click.pass_obj
def report(directory: Path, file: Path, today: "date") -> Exit:
    """Write the fleet as one HTML page to FILE: its companies, capacity, cost, findings, proofs, rings and what is due.

    The page needs no network and no other file. It tells what git says, not what runs at this moment: `tenantry status`
    does. The exit code is 0 when the page was written, whatever it tells; verify says whether there are errors.
    """
    from generator.findings.formats import counted
    from generator.generate.write import replace
    from generator.git.snapshot import Snapshot
    from generator.report.page import BEGIN, page

    root = root_of(directory)
    target = directory / file
    if target.exists() and not _begins(target, BEGIN):
        raise TenantryError(f"{file} is there and is no page of tenantry report", "name another file, or remove it")
    try:
        facts = _facts(root, Snapshot.of_work_tree(root), today)
    except Refused as refused:
        return refusal(refused, "text")
    replace(target, page(facts).encode())
    click.echo(f"wrote {file}: {plural(len(facts.fleet.tenants), 'tenant')}, {counted(facts.findings)}", err=True)
    return Exit.FINE


def _begins(path: Path, text: str) -> bool:
    with path.open("rb") as opened:
        return opened.read(len(text)) == text.encode()


def _facts(root: Path, snapshot: "Snapshot", today: "date") -> "Facts":
    """Look at everything that the page tells.

    Raises:
        Refused: The input has errors, so there is nothing to show.
    """
    from generator import __version__, pipeline
    from generator.capacity import what_if
    from generator.capacity.load import of_fleet
    from generator.capacity.room import room
    from generator.cost.bill import bill
    from generator.findings.finding import in_order
    from generator.fleet import days
    from generator.git import ancestry
    from generator.git.inspection import problems
    from generator.report.page import Facts
    from generator.review.verify import due_on, verify

    composed = pipeline.composed(snapshot)
    fleet, platform = composed.fleet, composed.fleet.platform
    verified = verify(with_generated_files(snapshot, fleet), fleet, sample=sample_of(root))
    due = in_order(due_on(snapshot, fleet, today))
    companies = of_fleet(fleet, composed.sizes)
    workloads = composed.releases[platform.default_ring.pair].workloads(())
    nodes = platform.nodes
    return Facts(
        fleet=fleet,
        sizes=composed.sizes,
        verified=verified,
        findings=in_order([*composed.findings, *problems(snapshot), *due, *verified.findings]),
        due=due,
        purges=tuple(days.purges(fleet, today)),
        room=room(nodes, companies) if nodes else None,
        more=what_if.more_of_each_plan(platform, nodes, companies, workloads) if nodes else {},
        bill=bill(fleet, composed.sizes, platform.prices) if platform.prices else None,
        commit=ancestry.head(root),
        today=today,
        version=__version__,
    )


COMMANDS: Final = (report,)
