"""verify: render tenants and hold them to every rule and proof."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from generator.cli.options import (
    accepted,
    format_option,
    not_proved,
    refusal,
    report,
    root_of,
    sample_of,
    today_option,
    weakened,
)
from generator.cli.render import known, with_generated_files
from generator.findings.finding import Exit, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from generator.findings.finding import Finding
    from generator.fleet.model import Fleet
    from generator.git.snapshot import Snapshot
    from generator.proofs.summary import Proved


@click.command(epilog="Example: tenantry verify company-001 --format sarif > tenantry.sarif")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--reachability", metavar="NAME", help="Print who reaches whom in the tenant NAME instead.")
@click.option("--strict", is_flag=True, help="Fail as well when a field is accepted or a rule is weakened.")
@click.option("--direct", is_flag=True, help="Build and judge every tenant by itself, not by class.")
@format_option
@today_option
@click.pass_obj
def verify(
    directory: Path,
    names: tuple[str, ...],
    reachability: str | None,
    strict: bool,
    direct: bool,
    form: str,
    today: "date",
) -> Exit:
    """Render the tenants NAME, or all, from the committed files and run every rule on the objects.

    What generate would write is not looked at: `tenantry generate --check` says whether the files are current.
    Of companies that are not among the tenants NAME it is only read what none may share: names and hosts; and base/ is
    judged by what these tenants have of it, not by itself.
    Tenants that differ in name and hosts alone are rendered once, and one of them is compared with a build of its own:
    another one at each commit, the same one in every run of a commit. --direct takes no such short cut, and finds the
    same: it is slow, and for whoever does not believe it.
    """
    from generator import pipeline
    from generator.findings.finding import in_order
    from generator.git.inspection import problems
    from generator.git.snapshot import Snapshot
    from generator.proofs.summary import LEFT_TO_THE_PLUGIN
    from generator.review.verify import due_on
    from generator.review.verify import verify as check

    root = root_of(directory)
    wrong: tuple[Finding, ...] = ()
    try:
        if named := names if reachability is None else (reachability,):
            snapshot, fleet, warnings = pipeline.taken_among(root, named)
            wrong = problems(snapshot)
        else:
            snapshot = Snapshot.of_work_tree(root)
            wrong = problems(snapshot)
            fleet, warnings = pipeline.validated(snapshot)
        snapshot = with_generated_files(snapshot, fleet)
        if reachability is not None:
            return _reachability(snapshot, fleet, reachability, form)
        wanted = known(names, tuple(tenant.name for tenant in fleet.tenants))
        done = check(snapshot, fleet, wanted, sample=sample_of(root), direct=direct, of_base=not names)
    except Refused as refused:
        return refusal(Refused([*refused.findings, *wrong]), form)
    proved = [proof for proof in done.proofs if proof.name not in done.withheld]
    unproved = [*not_proved(done.withheld), *done.beside, *LEFT_TO_THE_PLUGIN]
    summary = {
        "tenants": done.tenants,
        "objects": done.objects,
        "rules": done.rules,
        "weakened": dict(done.weakened),
        "proved": {proof.name: {"proved": proof.proved, "of": proof.of, "unit": proof.unit} for proof in proved},
        "notProved": unproved,
        "accepted": accepted(done.accepted),
        "proof": f"; {_proved(proved)}not proved: {', '.join(unproved)}",
        "said": f", {done.objects} objects, {done.rules} rules{weakened(done.weakened, fleet.platform.rules)}",
    }
    end = report(in_order([*warnings, *wrong, *due_on(snapshot, fleet, today), *done.findings]), form, summary)
    if strict and end is Exit.FINE and (done.accepted or done.weakened):
        click.echo("--strict: what is accepted or weakened is not proved", err=True)
        return Exit.REFUSED
    return end


def _reachability(snapshot: "Snapshot", fleet: "Fleet", name: str, form: str) -> Exit:
    """Print the matrix of one tenant: a row for each pair of ends."""
    from generator.cli.options import table
    from generator.findings.finding import Finding, TenantryError
    from generator.reachability.matrix import matrix
    from generator.reachability.space import read_space
    from generator.render.tenants import render

    if form not in ("text", "json"):
        raise click.BadParameter("--reachability is printed as text or json", param_hint="--format")
    known((name,), tuple(tenant.name for tenant in fleet.tenants))
    tenant = next(item for item in fleet.tenants if item.name == name)
    for item in render(snapshot, fleet, [tenant]):
        if isinstance(item, Finding):
            raise TenantryError(f"{item.place}: {item.fact}", item.hint)
        cluster = fleet.platform.cluster
        rows = [
            {
                "source": row.source,
                "destination": row.destination,
                "protocol": row.protocol,
                "ports": row.ports,
                "allowed by": [str(grant) for grant in row.allowed_by],
                "refused by": [str(direction) for direction in row.refused_by],
            }
            for row in matrix(read_space(item.objects), cluster.neighbours, cluster.addresses)
        ]
        table(rows, "json" if form == "json" else "table")
    return Exit.FINE


def _proved(proofs: "Sequence[Proved]") -> str:
    """Say in numbers what was proved; pairs are named, tenants go without saying."""
    said = [f"{proof.name} {proof.proved}/{proof.of}{' pairs' if proof.unit == 'pairs' else ''}" for proof in proofs]
    return f"proved: {', '.join(said)}; " if said else ""


COMMANDS: Final = (verify,)
