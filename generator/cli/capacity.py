"""capacity: whether the companies fit the nodes, what is left, and what would be if."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from generator.cli.options import root_of, table
from generator.findings.finding import Exit, Refused

if TYPE_CHECKING:
    from generator.git.snapshot import Snapshot
    from generator.pipeline import Composed


@click.command(epilog="Example: tenantry capacity; tenantry capacity --what-if plan=gold:+10,nodes=6")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--what-if", "what_if", metavar="CHANGES", help="Answer for plan=PLAN:+N or :-N, nodes=N or POOL:N.")
@click.option("--envelope", is_flag=True, help="Show the tested limits, the one that the fleet meets first on top.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of it."
)
@click.pass_obj
def capacity(directory: Path, names: tuple[str, ...], what_if: str | None, envelope: bool, form: str) -> Exit:
    """Say whether the companies fit the nodes of platform.yaml, and what is left there.

    Three levels are told, of all companies and of each NAME: the pods that always run, every autoscaler at its
    maximum, and the quota. What always runs, and a roll-out of a ring, must find a place on the nodes: the exit code is
    1 when it does not, or when more is sold than allowedOvercommit. The other levels inform.
    """
    from generator import pipeline
    from generator.git.snapshot import Snapshot

    snapshot = Snapshot.of_work_tree(root_of(directory))
    composed = pipeline.composed(snapshot)
    if envelope:
        if names or what_if is not None:
            raise click.UsageError("--envelope is about the fleet as it is: leave NAME and --what-if out")
        return _envelope(snapshot, composed, form)
    return _room(composed, names, what_if, form)


def _room(composed: "Composed", names: tuple[str, ...], what_if: str | None, form: str) -> Exit:
    import json

    from generator.capacity import load, room, words
    from generator.capacity import what_if as otherwise
    from generator.cli.render import known

    platform, tenants = composed.fleet.platform, composed.fleet.tenants
    known(names, tuple(tenant.name for tenant in tenants))
    companies, nodes, asked = load.of_fleet(composed.fleet, composed.sizes), platform.nodes, None
    workloads = composed.releases[platform.default_ring.pair].workloads(())
    if what_if is not None:
        try:
            asked = otherwise.read(what_if, platform)
            companies = otherwise.companies(asked, composed.fleet, composed.sizes, workloads)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--what-if") from None
        nodes = otherwise.nodes(asked, nodes) if nodes else None
    answer = room.room(nodes, companies) if nodes else None
    more = otherwise.more_of_each_plan(platform, nodes, companies, workloads) if nodes else {}
    wanted = [tenant.name for tenant in tenants if form == "json" or tenant.name in names]
    each = {name: load.of_company(composed.sizes[name]) for name in wanted}
    if form == "json":
        click.echo(json.dumps(words.as_data(companies, each, answer, more), ensure_ascii=False, indent=2))
    else:
        if asked:
            click.echo(f"what if: {'; '.join(otherwise.said(asked))}\n")
        rows = {f"all {companies.number}": companies.levels, **each}
        table([words.levels_of(name, levels) for name, levels in rows.items()], "table")
        click.echo()
        for line in words.verdicts(answer) if answer else (_NO_NODES,):
            click.echo(line)
        if more:
            click.echo(
                f"more companies that fit, of one plan alone: {', '.join(map(words.more_text, more, more.values()))}"
            )
    return Exit.REFUSED if answer and not answer.is_good else Exit.FINE


_NO_NODES: Final = (
    "platform.yaml declares no nodes, so nothing is fitted: declare them, for example\n"
    '  nodes: [{pool: tenants, count: 5, cpu: "16", memory: 64Gi}]'
)


def _envelope(snapshot: "Snapshot", composed: "Composed", form: str) -> Exit:
    from generator.capacity import load
    from generator.capacity.envelope import bounds
    from generator.review.verify import gather

    gathered = gather(snapshot, composed.fleet)
    if gathered.findings:
        raise Refused(gathered.findings)
    companies = load.of_fleet(composed.fleet, composed.sizes)
    rows: list[Mapping[str, Any]] = [
        {
            "limit": bound.name,
            "tested": bound.limit,
            "used": bound.used,
            "companies": bound.companies if form == "json" else bound.companies or "any number",
            "source": bound.source,
        }
        for bound in bounds(composed.fleet.platform, gathered.repository.each(), companies)
    ]
    table(rows, "json" if form == "json" else "table")
    return Exit.FINE


COMMANDS: Final = (capacity,)
