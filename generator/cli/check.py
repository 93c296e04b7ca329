"""check: everything that a pull request must pass; and the approval of one that it refuses."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from generator.cli.options import (
    accepted,
    format_option,
    not_proved,
    refusal,
    report,
    root_of,
    sample_of,
    today_option,
    weakened,
)
from generator.findings.finding import Exit, Refused

if TYPE_CHECKING:
    from datetime import date

    from generator.review.check import Checked


@click.command(epilog="Example: tenantry check --base origin/main --format github")
@click.option("--base", metavar="REF", help="What the change is to be merged into; the tree alone when left out.")
@click.option("--approve", metavar="REASON", help="Write the approval of a change that only an approval lets pass.")
@click.option(
    "--approvals-only",
    is_flag=True,
    help="Say only what an approval lifts. A change of tenantry itself is judged so by the tenantry before it, and in "
    "full by its own.",
)
@today_option
@format_option
@click.pass_obj
def check(
    directory: Path, base: str | None, approve: str | None, approvals_only: bool, today: "date", form: str
) -> Exit:
    """Run everything that a pull request must pass.

    That is verify, whether generated files are current, and with --base the rules on two commits: tenants that the
    change touches are verified in full and a sample of the others, unless platform.yaml or base/ changed. Every
    tenant whose file changed is compared with a build of its own. Where the change edits single companies, base/ by
    itself and the generated files of all others are looked at only when something is wrong.

    A change is judged by the budget, the weakened rules, the retired names and the approvals that stand before it.
    Errors that are on main already are shown and do not count. --approve writes approvals/DIGEST.yaml for the change,
    which counts once it is merged before it, by a pull request of its own.
    """
    from generator.findings.finding import in_order
    from generator.review.approvals import is_about_approvals
    from generator.review.check import check as run

    _refuse_bad_use(base, approve, approvals_only)
    try:
        root = root_of(directory)
        done = run(root, base, sample=sample_of(root), today=today)
    except Refused as refused:
        return refusal(refused, form)
    shown = [found for found in done.findings if not approvals_only or is_about_approvals(found)]
    end = report(in_order(shown), form, _summary(done))
    for line in done.impact.capacity if done.impact else ():
        click.echo(f"nodes: {line}", err=True)
    _say_what_was_left_out(root, done)
    if approve is None:
        return end
    from generator.review.approve import approve as write

    file = write(root, done, approve, today)
    branch = f"approve-{Path(file).stem[:10]}"
    for line in (
        f"{file} approves this change once it stands on main. Bring it there by a pull request of its own:",
        f"  git switch --create {branch} {base}",
        f'  git add {file} && git commit --message "Approve a change" && git push --set-upstream origin {branch}',
        f"and once that is merged, bring it into this change: git switch - && git fetch && git merge {base}",
    ):
        click.echo(line, err=True)
    return Exit.FINE


def _refuse_bad_use(base: str | None, approve: str | None, approvals_only: bool) -> None:
    if base is not None and not base.strip():
        raise click.BadParameter("it is empty: name a commit, for example origin/main", param_hint="--base")
    if approvals_only and base is None:
        raise click.UsageError("--approvals-only needs --base: what the change is to be merged into")
    if approve is None:
        return
    if approvals_only:
        raise click.UsageError("--approve needs all findings: leave --approvals-only out")
    if base is None:
        raise click.UsageError("--approve needs --base: what the change is to be merged into")
    if not approve.strip():
        raise click.BadParameter("it is empty: say why the change may pass", param_hint="--approve")


def _say_what_was_left_out(root: Path, done: "Checked") -> None:
    from generator.git.trees import uncommitted

    if not done.impact:
        click.echo("no history was looked at: what a change may not do needs --base REF", err=True)
    elif left_out := uncommitted(root):
        first, *others = left_out
        more = f" and {len(others)} more" if others else ""
        click.echo(f"not looked at, because it is not committed: {first}{more}", err=True)


def _summary(done: "Checked") -> dict[str, Any]:
    from generator.findings.words import plural

    summary: dict[str, Any] = {
        "tenants": done.tenants,
        "objects": done.objects,
        "rules": done.rules,
        "weakened": dict(done.weakened),
        "accepted": accepted(done.accepted),
        "notProved": [*not_proved(done.withheld), *done.beside],
        "said": f", {done.objects} objects, {done.rules} rules{weakened(done.weakened, done.weights)}",
        "proof": "".join(f"; not proved: {proof}" for proof in (*not_proved(done.withheld), *done.beside)),
    }
    if done.impact:
        summary["change"] = {
            "digest": done.impact.digest,
            "tenants": list(done.impact.tenants),
            "removed": list(done.impact.removed),
            "removals": [{"tenant": tenant, "object": name} for tenant, name in done.impact.removals],
            "capacity": list(done.impact.capacity),
        }
        summary["said"] += f"; the change touches {plural(len(done.impact.tenants), 'tenant')} of {done.impact.fleet}"
    return summary


COMMANDS: Final = (check,)
