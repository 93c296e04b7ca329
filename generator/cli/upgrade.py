"""upgrade: bring a repository to the layout that this version reads."""

from pathlib import Path
from typing import Final

import click

from generator.cli.options import root_of
from generator.findings.finding import Exit


@click.command(epilog="Example: tenantry upgrade --dry-run")
@click.option("--dry-run", is_flag=True, help="Say what would be rewritten, and write nothing.")
@click.pass_obj
def upgrade(directory: Path, dry_run: bool) -> Exit:
    """Rewrite platform.yaml, tenants/ and base/ of an earlier layout; comments stay.

    The result is validated, and rendered beside what is published, before anything is written. A work tree with
    changes that are not committed is refused, so that `git restore . && git clean -fd base` takes all of it back.
    """
    from generator.findings.finding import TenantryError
    from generator.findings.words import plural
    from generator.lifecycle import upgrade as upgrades

    root = root_of(directory)
    done = upgrades.upgrade(root)
    if done is None:
        click.echo("the layout is that of today: nothing to upgrade", err=True)
        return Exit.FINE
    for path, text in sorted(done.changed.items()):
        click.echo(f"{_word(root / path, text):>7} {path}")
    click.echo(f"steps: {', '.join(done.steps)}", err=True)
    if done.restarted:
        name, obj = done.restarted[0]
        raise TenantryError(f"{obj} of {name} would restart its pods; nothing was written", "report this as a bug")
    companies = f"{done.compared} {'company' if done.compared == 1 else 'companies'}"
    click.echo(f"no pod template changes, in {companies}: one of each choice of plan and add-ons", err=True)
    if dry_run:
        return Exit.FINE
    upgrades.write(root, done)
    click.echo(
        f"{plural(len(done.changed), 'file')} rewritten; take it back: git restore . && git clean -fd base\n"
        "  next: commit it on a branch. It touches every company: where the budget asks for an approval,\n"
        "  tenantry check --base origin/main --approve REASON writes the file to merge first",
        err=True,
    )
    return Exit.FINE


def _word(file: Path, text: str | None) -> str:
    """Say what becomes of a file."""
    if text is None:
        return "remove"
    return "change" if file.exists() else "create"


COMMANDS: Final = (upgrade,)
