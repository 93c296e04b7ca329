"""explain: how a tenant's numbers came about, or what a rule says; and doctor, which looks at the machine."""

from pathlib import Path
from typing import Final

import click

from generator.cli.options import root_of, table, unknown
from generator.findings.finding import Exit


@click.command(epilog="Example: tenantry explain company-001; tenantry explain TEN013")
@click.argument("subject", metavar="NAME|RULE")
@click.pass_obj
def explain(directory: Path, subject: str) -> Exit:
    """Say how each number of the tenant NAME came about and where its inputs stand, or what RULE demands and why."""
    from generator.rules.every import RULES

    if subject.upper() in RULES:
        rule = RULES[subject.upper()]
        click.echo(f"{rule.id} ({rule.severity}): {rule.title}\n")
        click.echo(f"why:    {rule.why}\nfix:    {rule.fix}\nsource: {rule.source}")
        if rule.firm:
            click.echo(f"firm:   platform.yaml cannot weaken it: {rule.firm}")
        if rule.lifted_by_approval:
            click.echo("lifted: by an approval of the change, see docs/guides/approve-a-change.md")
        return Exit.FINE
    if subject.isupper():  # no tenant's name is
        raise unknown("rule", subject, RULES, param_hint="RULE")
    return _numbers(directory, subject)


def _numbers(directory: Path, name: str) -> Exit:
    from generator import layout, pipeline
    from generator.cli.render import known
    from generator.generate.explain import derivations, edges
    from generator.git.snapshot import Snapshot

    result = pipeline.composed(Snapshot.of_work_tree(root_of(directory)))
    known((name,), tuple(tenant.name for tenant in result.fleet.tenants))
    tenant = next(item for item in result.fleet.tenants if item.name == name)
    platform = result.fleet.platform
    release = layout.release(tenant.ring.release)
    click.echo(f"{name} ({tenant.display_name}): plan {tenant.plan}, ring {tenant.ring.name} on {release}")
    for derivation in derivations(tenant, platform, result.sizes[name]):
        click.echo(f"\n{derivation.name} = {derivation.value}: {derivation.because}")
        for what, where in derivation.inputs:
            click.echo(f"  {what}: {where}" if where else f"  {what}")
    click.echo("\nwhat the quota has no room for at the maximum, and how long that takes (docs/concepts/plans.md):")
    for edge in edges(result.sizes[name]):
        click.echo(f"  {edge}")
    return Exit.FINE


@click.command(epilog="Example: tenantry doctor")
@click.pass_obj
def doctor(directory: Path) -> Exit:
    """Look at what tenantry needs on this machine and say what was found."""
    import platform
    import shutil
    import subprocess
    import sys

    from generator import __version__
    from generator.findings.finding import TenantryError
    from generator.kube import kustomize

    rows = [
        {"what": "tenantry", "found": __version__, "where": str(Path(__file__).parent.parent)},
        {"what": "python", "found": platform.python_version(), "where": sys.executable},
    ]
    problems = []
    git = shutil.which("git")
    if git:
        version = subprocess.run([git, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
        rows.append({"what": "git", "found": version.strip().removeprefix("git version "), "where": git})
    else:
        rows.append({"what": "git", "found": "missing", "where": ""})
        problems.append(("there is no git", "install git 2.30 or newer"))
    try:
        rows.append({"what": "kustomize", "found": kustomize.VERSION, "where": kustomize.kustomize()})
    except TenantryError as error:
        rows.append({"what": "kustomize", "found": "unusable", "where": ", ".join(kustomize.candidates())})
        problems.append((error.fact, error.hint))
    try:
        rows.append({"what": "repository", "found": "found", "where": str(root_of(directory))})
    except TenantryError as error:
        rows.append({"what": "repository", "found": "missing", "where": ""})
        problems.append((error.fact, error.hint))
    table(rows, "table")
    for fact, hint in problems:
        click.echo(f"error: {fact}\n  hint: {hint}", err=True)
    return Exit.ENVIRONMENT if problems else Exit.FINE


COMMANDS: Final = (explain, doctor)
