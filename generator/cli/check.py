"""check: everything that a pull request must pass."""

from pathlib import Path
from typing import Any, Final

import click

from generator.cli.options import format_option, refusal, report, root_of, turn_of, weakened
from generator.findings import Exit, Refused


@click.command(epilog="Example: tenantry check --base origin/main --format github")
@click.option("--base", metavar="REF", help="What the change is to be merged into; the tree alone when left out.")
@format_option
@click.pass_obj
def check(directory: Path, base: str | None, form: str) -> Exit:
    """Run everything that a pull request must pass.

    That is verify, whether generated files are current, and with --base the rules on two commits: tenants that the
    change touches are verified in full and a sample of the others, unless platform.yaml or base/ changed. Every
    tenant whose file changed is compared with a build of its own.
    """
    from generator.check import check as run
    from generator.findings import in_order
    from generator.formats import plural
    from generator.history import uncommitted

    try:
        root = root_of(directory)
        done = run(root, base, turn=turn_of(root))
    except Refused as refused:
        return refusal(refused, form)
    summary: dict[str, Any] = {
        "tenants": done.tenants,
        "objects": done.objects,
        "rules": done.rules,
        "weakened": dict(done.weakened),
    }
    said = f", {done.objects} objects, {done.rules} rules{weakened(done.weakened, done.platform)}"
    if done.impact:
        summary["change"] = {
            "digest": done.impact.digest,
            "tenants": list(done.impact.tenants),
            "removed": list(done.impact.removed),
            "removals": [{"tenant": tenant, "object": name} for tenant, name in done.impact.removals],
        }
        said += f"; the change touches {plural(len(done.impact.tenants), 'tenant')} of {done.impact.fleet}"
    code = report(in_order(done.findings), form, {**summary, "said": said})
    if not done.impact:
        click.echo("no history was looked at: what a change may not do needs --base REF", err=True)
    elif left_out := uncommitted(root):
        first, *others = left_out
        more = f" and {len(others)} more" if others else ""
        click.echo(f"not looked at, because it is not committed: {first}{more}", err=True)
    return code


COMMANDS: Final = (check,)
