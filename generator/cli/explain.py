"""explain: how a tenant's numbers came about, or what a rule says."""

import re
from pathlib import Path
from typing import Final

import click

from generator.cli.options import root_of, unknown
from generator.findings.finding import Exit

_LIKE_A_RULE: Final = re.compile("[A-Za-z][A-Za-z0-9]{2}[0-9]{3}")
"""What may be the id of a rule: what checks them is imported for nothing else."""


@click.command(epilog="Example: tenantry explain company-001; tenantry explain TEN013")
@click.argument("subject", metavar="NAME|RULE")
@click.pass_obj
def explain(directory: Path, subject: str) -> Exit:
    """Say how each number of the tenant NAME came about and where its inputs stand, or what RULE demands and why."""
    from generator.rules import known

    if not (subject.isupper() or _LIKE_A_RULE.fullmatch(subject)):
        return _numbers(directory, subject)
    rules = known()
    if rule := rules.get(subject.upper()):
        click.echo(f"{rule.id} ({rule.severity}): {rule.title}\n")
        click.echo(f"why:    {rule.why}\nfix:    {rule.fix}\nsource: {rule.source}")
        if rule.firm:
            click.echo(f"firm:   platform.yaml cannot weaken it: {rule.firm}")
        if rule.lifted_by_approval:
            click.echo("lifted: by an approval of the change, see docs/guides/approve-a-change.md")
        return Exit.FINE
    if subject.isupper():  # no tenant's name is
        raise unknown("rule", subject, rules, param_hint="RULE")
    return _numbers(directory, subject)


def _numbers(directory: Path, name: str) -> Exit:
    from generator import layout, pipeline
    from generator.cli.render import known
    from generator.generate.explain import derivations, edges
    from generator.generate.releases import folders_of
    from generator.git.snapshot import Snapshot

    snapshot = Snapshot.of_work_tree(root_of(directory), layout.of_one(name))
    fleet = pipeline.validated_for(snapshot, name)
    known((name,), tuple(tenant.name for tenant in fleet.tenants))
    tenant = next(item for item in fleet.tenants if item.name == name)
    platform = fleet.platform
    size = pipeline.size_of(snapshot, fleet, tenant)
    guard, release = folders_of(tenant.ring.pair)
    click.echo(f"{name} ({tenant.display_name}): plan {tenant.plan}, ring {tenant.ring.name} on {release} and {guard}")
    for derivation in derivations(tenant, platform, size):
        click.echo(f"\n{derivation.name} = {derivation.value}: {derivation.because}")
        for what, where in derivation.inputs:
            click.echo(f"  {what}: {where}" if where else f"  {what}")
    click.echo("\nwhat the quota has no room for at the maximum, and how long that takes (docs/concepts/plans.md):")
    for edge in edges(size):
        click.echo(f"  {edge}")
    return Exit.FINE


COMMANDS: Final = (explain,)
