"""promote: move rings to releases."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from generator import layout
from generator.cli.options import now_option, root_of, table, unknown
from generator.findings.finding import Exit

if TYPE_CHECKING:
    from datetime import datetime

    from generator.git.snapshot import Snapshot
    from generator.lifecycle.promote import Promoted


@click.command(
    epilog="Example: tenantry promote; tenantry promote pilot 13 --prometheus https://prometheus.example.com"
)
@click.argument("ring", required=False)
@click.argument("release", metavar="[N]", required=False)
@click.option("--reason", default="", metavar="TEXT", help="Why, although something speaks against it; stands in git.")
@click.option("--prometheus", default="", metavar="URL", help="See throughout the soak whether companies were healthy.")
@click.option(
    "--kubeconfig",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="See in the cluster whether companies are healthy now; kubectl reads it.",
)
@click.option("--all", "everybody", is_flag=True, help="Move every ring at once: tenantry promote --all N.")
@click.option("--guard", "of_guard", is_flag=True, help="Move to a guard: N is the number of one, or live.")
@click.option("--due", is_flag=True, help="Move the companies that wait and whose maintenance window is open.")
@click.option("--stop", is_flag=True, help="Stop every promotion, until --go.")
@click.option("--go", is_flag=True, help="Let promotions go on that were stopped.")
@now_option
@click.pass_obj
def promote(
    directory: Path,
    ring: str | None,
    release: str | None,
    reason: str,
    prometheus: str,
    kubeconfig: Path | None,
    everybody: bool,
    of_guard: bool,
    due: bool,
    stop: bool,
    go: bool,
    now: "datetime",
) -> Exit:
    """List the rings, or move RING to release N: without N to what comes next for it. A lower N is the rollback.

    It edits platform.yaml, for a commit of yours. It refuses to overtake the ring before, to skip its soak, and to
    pass one that is not healthy, unless --reason says why. A ring with `batch` moves so many per cent of its companies
    with each run; a company with a maintenance window waits for it, and --due moves it.
    """
    from generator.git.snapshot import Snapshot
    from generator.lifecycle.promote import Looked, Promotions

    root = root_of(directory)
    if everybody and ring is not None and release is None:
        ring, release = None, ring
    _refuse_bad_use(
        ring,
        release,
        reason,
        everybody=everybody,
        of_guard=of_guard,
        alone=(due, stop, go),
        looks=(prometheus, kubeconfig),
    )
    snapshot = Snapshot.of_work_tree(root)
    if stop or go:
        return _stop_or_go(root, snapshot, now, reason if stop else "")
    promotions = Promotions(snapshot, now)
    if due:
        return _written(root, snapshot, promotions.due(reason))
    if everybody or ring is not None:
        rings = [item.name for item in promotions.fleet.platform.rings]
        if ring is not None and ring not in rings:
            raise unknown("ring", ring, rings, param_hint="RING")
        if of_guard:
            done = promotions.promote_guard(ring, release or layout.LIVE, reason)
        elif ring is None:
            done = promotions.promote_all(release or "", reason)
        else:
            done = promotions.promote(ring, release, Looked(prometheus=prometheus, kubeconfig=kubeconfig), reason)
        return _written(root, snapshot, done)
    table(list(promotions.rows()), "table")
    return Exit.FINE


def _refuse_bad_use(
    ring: str | None,
    release: str | None,
    reason: str,
    *,
    everybody: bool,
    of_guard: bool,
    alone: tuple[bool, ...],
    looks: tuple[str, Path | None],
) -> None:
    import re

    if sum(alone) > 1 or (any(alone) and (ring or everybody or of_guard or any(looks))):
        raise click.UsageError("--due, --stop and --go stand alone")
    if all(looks):
        raise click.UsageError("--prometheus says more than --kubeconfig: give one of them")
    if everybody and (ring is not None or release is None):
        raise click.UsageError("--all moves every ring to one release: tenantry promote --all N")
    if of_guard and not everybody and ring is None:
        raise click.UsageError("--guard needs a ring, or --all")
    if everybody and not of_guard and not reason:
        raise click.UsageError("--all skips every soak: say why with --reason")
    if alone[1] and not reason:
        raise click.UsageError("--stop needs a --reason, for whoever is refused")
    if reason and not (len(reason.strip()) >= _LEAST and reason.isprintable()):
        raise click.BadParameter("write a sentence, in one line", param_hint="--reason")
    word = layout.LIVE if of_guard else layout.EDGE
    if release is not None and not re.fullmatch(rf"{word}|[1-9][0-9]{{0,8}}", release):
        raise click.BadParameter(f"{release!r} is neither {word} nor a number", param_hint="N")


_LEAST: Final = 3
"""Letters of a reason, as platform.yaml's schema demands them."""


def _written(root: Path, snapshot: "Snapshot", done: "Promoted") -> Exit:
    from generator import layout
    from generator.lifecycle import edit

    for finding in done.lifted:
        click.echo(f"although {finding.fact}", err=True)
    for line in done.lines:
        click.echo(line)
    if not done.rings:
        click.echo("nothing is due" if not done.lines else "nothing was written", err=True)
        return Exit.FINE
    edit.write(root, layout.PLATFORM, done.text)
    click.echo(f"changed {layout.PLATFORM}", err=True)
    click.echo(_next(snapshot, done.subject), err=True)
    return Exit.FINE


def _next(snapshot: "Snapshot", subject: str) -> str:
    """Say what to do after platform.yaml was written."""
    from generator import pipeline

    generate = "tenantry generate && " if pipeline.validated_platform(snapshot).publishing == "committed" else ""
    return f'  next: {generate}git add --all && git commit --message "{subject}"'


def _stop_or_go(root: Path, snapshot: "Snapshot", now: "datetime", reason: str) -> Exit:
    from generator import layout
    from generator.lifecycle import edit, promote

    text = promote.stopped(snapshot, now.date(), reason) if reason else promote.going_on(snapshot)
    edit.write(root, layout.PLATFORM, text)
    click.echo(f"changed {layout.PLATFORM}: {'no release moves' if reason else 'releases move again'}", err=True)
    return Exit.FINE


COMMANDS: Final = (promote,)
