"""cost: what the fleet costs a year by declared prices, and what each plan and company brings."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from generator.cli.options import root_of, table
from generator.findings.finding import Exit, TenantryError

if TYPE_CHECKING:
    from generator.pipeline import Composed


@click.command(epilog="Example: tenantry cost; tenantry cost company-001 --format json; tenantry cost --scenario seed")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--scenario", type=click.Choice(["seed"]), help="Work out known figures, and say what each holds for.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of it."
)
@click.pass_obj
def cost(directory: Path, names: tuple[str, ...], scenario: str | None, form: str) -> Exit:
    """Say what a year costs by the prices of platform.yaml: in all, by plan, and for each NAME, with the margin.

    Nodes are split into what each company requests, what the platform takes and what is idle; the parts are the whole.
    What has no price is named as left out.
    """
    from generator import pipeline
    from generator.git.snapshot import Snapshot

    snapshot = Snapshot.of_work_tree(root_of(directory))
    if scenario:
        from generator.cost.scenario import seed

        if names or form != "text":
            raise click.UsageError("--scenario is told as text, and of no company: leave NAME and --format out")
        for line in seed(pipeline.validated_platform(snapshot)):
            click.echo(line)
        return Exit.FINE
    return _bill(pipeline.composed(snapshot), names, form)


def _bill(composed: "Composed", names: tuple[str, ...], form: str) -> Exit:
    import json

    from generator.cli.render import known
    from generator.cost import words
    from generator.cost.bill import bill

    fleet = composed.fleet
    known(names, tuple(tenant.name for tenant in fleet.tenants))
    if fleet.platform.prices is None:
        hint = "declare them, for example prices: {nodes: {tenants: 300}, storage: 0.08}"
        raise TenantryError("platform.yaml declares no prices, so nothing can be counted", hint)
    found = bill(fleet, composed.sizes, fleet.platform.prices)
    if form == "json":
        click.echo(json.dumps(words.as_data(found), ensure_ascii=False, indent=2))
        return Exit.FINE
    table(list(words.rows(found, names)), "table")
    click.echo()
    for line in words.sentences(found):
        click.echo(line)
    click.echo()
    table(words.ISOLATION, "table")
    return Exit.FINE


COMMANDS: Final = (cost,)
