"""release: freeze what runs, or what guards, as the next release."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from generator.cli.options import root_of
from generator.findings.finding import Exit

if TYPE_CHECKING:
    from generator.git.snapshot import Snapshot


@click.command(epilog='Example: tenantry release --notes "the server 0.48" && tenantry promote pilot')
@click.option("--notes", default="", metavar="TEXT", help="What is new in it; stands in the release's record.")
@click.option("--guard", "of_guard", is_flag=True, help="Freeze base/guard as the next of base/guards.")
@click.option("--prune", is_flag=True, help="Remove the releases and guards that nobody needs.")
@click.pass_obj
def release(directory: Path, notes: str, of_guard: bool, prune: bool) -> Exit:
    """Freeze base/edge as the next of base/releases, for rings to be moved to.

    A release is never edited: its digest stands beside it, and verify holds the folder to that. What could not be
    taken out later is refused before: errors, images without a digest where platform.yaml demands one (imageDigests),
    and fields that differ from the release before and that the API server does not change.

    --prune keeps what a ring or a company names, the newest, and what each ring was on last, for it to go back.
    """
    from generator.git.snapshot import Snapshot
    from generator.lifecycle import release as releases

    root = root_of(directory)
    snapshot = Snapshot.of_work_tree(root)
    if prune:
        if notes or of_guard:
            raise click.UsageError("--prune freezes nothing: leave --notes and --guard out")
        return _prune(root, snapshot)
    if not notes.isprintable():
        raise click.BadParameter("write one line", param_hint="--notes")
    copy = releases.next_release(snapshot, of_guard=of_guard, notes=notes)
    releases.write(root, copy)
    click.echo(releases.said_of(copy), err=True)
    option = "--guard " if of_guard else ""
    click.echo(f"  next: commit it; then tenantry promote {option}RING {copy.number}", err=True)
    return Exit.FINE


def _prune(root: Path, snapshot: "Snapshot") -> Exit:
    from generator.lifecycle import release as releases

    unused = releases.unused(snapshot)
    back = releases.ways_back(snapshot) if unused else {}
    for folder in (folder for folder in unused if folder in back):
        click.echo(f"   keep {folder}: ring {back[folder]} was on it before, and may go back", err=True)
    unused = tuple(folder for folder in unused if folder not in back)
    folders = tuple(folder for folder in unused if releases.is_held(snapshot, folder))
    releases.remove(root, folders)
    for folder in (folder for folder in unused if folder not in folders):
        click.echo(f"   keep {folder}: the last commit does not hold it as it is; commit it first", err=True)
    for folder in folders:
        click.echo(f" remove {folder}")
    if folders:
        click.echo("  one comes back, as long as git has it: git checkout COMMIT -- FOLDER FOLDER.yaml", err=True)
    elif not unused:
        click.echo("every release is used, a way back, or the newest: nothing to remove", err=True)
    return Exit.FINE


COMMANDS: Final = (release,)
