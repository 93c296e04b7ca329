"""render: print or write what kustomize makes of tenants."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from generator.cli.options import root_of, unknown
from generator.findings.finding import Exit

if TYPE_CHECKING:
    from generator.fleet.model import Fleet
    from generator.git.snapshot import Snapshot


@click.command(epilog="Example: tenantry render company-001 | less")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one file a tenant into DIR.",
)
@click.pass_obj
def render(directory: Path, names: tuple[str, ...], output: Path | None) -> Exit:
    """Build the committed overlays of the tenants NAME, or of all, with kustomize."""
    from generator import layout, pipeline
    from generator.findings.finding import TenantryError
    from generator.git.snapshot import Snapshot
    from generator.kube import kustomize
    from generator.kube.kustomization import gate_of

    root = root_of(directory)
    output = output and directory / output
    alone = len(names) == 1 and output is None
    snapshot = Snapshot.of_work_tree(root, layout.of_one(names[0]) if alone else ())
    fleet = pipeline.validated_for(snapshot, names[0]) if alone else pipeline.validated(snapshot)[0]
    snapshot = with_generated_files(snapshot, fleet)
    wanted = known(names, tuple(tenant.name for tenant in fleet.tenants))
    gate = gate_of(snapshot)
    texts = kustomize.texts([gate.open(layout.overlay(name)) for name in wanted])
    for name, (text, error) in zip(wanted, texts, strict=True):
        if error:
            raise TenantryError(
                f"{layout.kustomization(name)}: kustomize refuses it: {error}", "run `tenantry generate`"
            )
        if output is None:
            click.echo(f"---\n{text}" if len(wanted) > 1 else text, nl=False)
        else:
            output.mkdir(parents=True, exist_ok=True)
            (output / f"{name}.yaml").write_text(text, encoding="utf-8")
    if output is not None:
        click.echo(f"rendered {len(wanted)} of {len(fleet.tenants)} tenants into {output}", err=True)
    return Exit.FINE


def with_generated_files(snapshot: "Snapshot", fleet: "Fleet") -> "Snapshot":
    """Take generated files as well that git ignores, where they are published on a branch of their own."""
    return snapshot.with_generated_files() if fleet.platform.publishing == "branch" else snapshot


def known(names: tuple[str, ...], all_names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tenants that were asked for, all when none was named.

    Raises:
        click.BadParameter: There is no such tenant.
    """
    for name in names:
        if name not in all_names:
            raise unknown("tenant", name, all_names, param_hint="NAME")
    return names or all_names


COMMANDS: Final = (render,)
