"""schema: print the schemas that editors take."""

from typing import Final

import click


@click.command(epilog="Example: tenantry schema tenant > tenant.schema.json")
@click.argument("name", type=click.Choice(["tenant", "platform", "approval"]))
def schema(name: str) -> None:
    """Print the JSON Schema of a tenant file, of platform.yaml or of an approval.

    It is the package's own; tenants/tenant.schema.json, written by generate, holds this platform's plans besides.
    """
    import json

    from generator.reading.schema import package_schema

    click.echo(json.dumps(package_schema(name), ensure_ascii=False, indent=2))


COMMANDS: Final = (schema,)
