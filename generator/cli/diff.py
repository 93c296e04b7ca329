"""diff: what a change does to the rendered manifests of every tenant, and what Argo CD will make of it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from generator.cli.options import root_of
from generator.diff import FORMATS
from generator.findings.finding import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command(epilog="Example: tenantry diff; tenantry diff origin/main HEAD --format markdown > comment.md")
@click.argument("base", required=False)
@click.argument("head", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Form of the difference.",
)
@click.pass_obj
def diff(directory: Path, base: str | None, head: str | None, form: str) -> Exit:
    """Show what differs between the renders of two states, and what Argo CD will do about it.

    BASE and HEAD are commits. HEAD is the work tree when left out, BASE the commit at which HEAD left the main branch.
    Both are rendered from their tenant files, platform.yaml and base/; your files and your index are not touched.

    Equal changes are shown once, with the tenants that they hit. What is deleted or cannot be applied comes first.
    The exit code is 0 whatever differs; `tenantry check` says what may not be.
    """
    from generator.diff.compare import compare
    from generator.diff.formats import show, text
    from generator.diff.report import report

    difference = compare(root_of(directory), base, head)
    if form == "text":
        colour = False if os.environ.get("NO_COLOR") else None
        for line, style in text(report(difference)):
            click.echo(click.style(line, **_STYLES[style]) if style else line, color=colour)
    else:
        click.echo(show(difference, form), nl=False)
    return Exit.FINE


_STYLES: Final["Mapping[str, Mapping[str, Any]]"] = {
    "heading": {"bold": True},
    "grave": {"bold": True, "fg": "red"},
    "gone": {"fg": "red"},
    "new": {"fg": "green"},
    "faint": {"dim": True},
}


COMMANDS: Final = (diff,)
