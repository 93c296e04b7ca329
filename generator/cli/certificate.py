"""certificate: what was erased of a company that is gone, what was not, and what nobody can attest."""

from pathlib import Path
from typing import Final

import click

from generator.cli.options import root_of
from generator.findings.finding import Exit, TenantryError


@click.command(epilog="Example: tenantry certificate company-001 > company-001.md")
@click.argument("name")
@click.option(
    "--format", "form", type=click.Choice(["page", "json"]), default="page", show_default=True, help="Form of it."
)
@click.pass_obj
def certificate(directory: Path, name: str, form: str) -> Exit:
    """Print what the tombstone of the company NAME says: who erased it and when, by which commits, and what remains.

    It says what it cannot attest as well: nothing here looks into backups, logs or the secret store.
    """
    import json

    from generator import pipeline
    from generator.fleet.states import next_states
    from generator.git.snapshot import Snapshot
    from generator.lifecycle import certificate as written

    fleet, _ = pipeline.validated(Snapshot.of_work_tree(root_of(directory)))
    tenant = next((tenant for tenant in (*fleet.tenants, *fleet.departed) if tenant.name == name), None)
    if tenant is None:
        raise TenantryError(f"there is no tenant {name!r}", "see `tenantry list`")
    if tenant.tombstone is None:
        ways = "; ".join(f"tenantry set {name} state={state}" for state in next_states(tenant.state))
        raise TenantryError(f"{name} is {tenant.state}, and has no tombstone", f"from {tenant.state} there is: {ways}")
    data = written.data_of(tenant, tenant.tombstone)
    click.echo(written.page(data), nl=False) if form == "page" else click.echo(
        json.dumps(data, ensure_ascii=False, indent=2)
    )
    return Exit.FINE


COMMANDS: Final = (certificate,)
