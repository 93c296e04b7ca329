"""generate: write overlays and Argo CD entries, or say which of them are stale."""

from pathlib import Path
from typing import Final

import click

from generator.cli.options import root_of
from generator.findings.finding import Exit, Refused


@click.command(epilog="Example: tenantry generate --check")
@click.option("--check", is_flag=True, help="Write nothing; exit 3 and name each file that is stale.")
@click.pass_obj
def generate(directory: Path, check: bool) -> Exit:
    """Write the overlays, entries and projects of all tenants, and what they share.

    Only files that differ are written. A tenant file that is gone is an error, and nothing is removed because of it;
    one that was lost before, and is gone from the last commit as well, is a warning.
    """
    from generator import layout, pipeline
    from generator.findings.formats import text
    from generator.findings.words import plural
    from generator.fleet import lost
    from generator.git.inspection import problems
    from generator.git.snapshot import Snapshot

    root = root_of(directory)
    snapshot = Snapshot.of_work_tree(root)
    # what stands where generate writes is replaced, or named by the writing
    if wrong := [found for found in problems(snapshot) if not layout.is_where_generate_writes(found.place.file)]:
        raise Refused(wrong)
    result = pipeline.composed(snapshot)
    policy = lost.in_work_tree(root, committed=result.fleet.platform.publishing == "committed")
    if check:
        differences = pipeline.differences(snapshot, result)
        changes, found = differences.changes, policy(differences.lost)
        if any(problem.refuses for problem in found):
            raise Refused([*result.findings, *found])
    else:
        changes, found = pipeline.write(root, snapshot, result, policy)
    click.echo(text((*result.findings, *found)), nl=False, err=True)
    click.echo("".join(f"{change.kind:>7} {change.file}\n" for change in changes), nl=False)
    files = plural(len(result.tree), "file")
    tenants = plural(len(result.fleet.tenants), "tenant")
    if not check:
        click.echo(f"{tenants}, {files}: {len(changes)} changed", err=True)
        return Exit.FINE
    click.echo(f"{tenants}, {files}: {len(changes)} stale", err=True)
    if not changes:
        return Exit.FINE
    click.echo("  hint: run `tenantry generate` and commit the result", err=True)
    return Exit.STALE


COMMANDS: Final = (generate,)
