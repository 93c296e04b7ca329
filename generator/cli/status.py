"""status: the state of all companies in the cluster, by their Applications."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from generator.cli.options import root_of, table
from generator.findings.finding import EnvironmentProblem, Exit

if TYPE_CHECKING:
    from generator.debug.fleet import State


@click.command(epilog="Example: tenantry status; tenantry status --ring general --watch --timeout 1800")
@click.argument("name", required=False)
@click.option("--ring", help="The companies of one ring alone.")
@click.option("--watch", is_flag=True, help="Look again until all are Synced and Healthy.")
@click.option("--timeout", type=click.IntRange(min=1), default=1800, show_default=True, help="Seconds of --watch.")
@click.option("--context", default="", help="Context of the kubeconfig; the current one when left out.")
@click.option("--all", "everybody", is_flag=True, help="List those that are well, too.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="Form of it."
)
@click.pass_obj
def status(  # what click hands over
    directory: Path,
    name: str | None,
    ring: str | None,
    watch: bool,
    timeout: int,
    context: str,
    everybody: bool,
    form: str,
) -> Exit:
    """Say which companies are as git says and run, and what is the matter with the others: all, a ring's, or NAME.

    It reads Applications and ApplicationSets by kubectl, and changes nothing. The exit code is 0 when all are Synced
    and Healthy and no set is frozen, 1 when not (with --watch: not within --timeout), 4 without a cluster.
    """
    import time

    from generator import pipeline
    from generator.cli.options import unknown
    from generator.cli.render import known
    from generator.debug import fleet
    from generator.git.snapshot import Snapshot

    valid, _ = pipeline.validated(Snapshot.of_work_tree(root_of(directory)))
    rings = [ring.name for ring in valid.platform.rings]
    if ring is not None and ring not in rings:
        raise unknown("ring", ring, rings, param_hint="--ring")
    known((name,) if name else (), tuple(tenant.name for tenant in valid.tenants))
    companies = {
        tenant.name: (tenant.ring.name, tenant.plan)
        for tenant in valid.tenants
        if name in (None, tenant.name) and ring in (None, tenant.ring.name)
    }
    until, last = time.monotonic() + timeout, ""
    while True:
        found = fleet.states(_get("applications", context, valid.platform.argocd.namespace), companies)
        frozen = tuple(fleet.frozen(_get("applicationsets", context, valid.platform.argocd.namespace)))
        good = not frozen and all(state.is_well for state in found)
        said = "; ".join([fleet.summary(found), *frozen])
        if watch and said != last:
            click.echo(said, err=True)
            last = said
        if good or not watch or time.monotonic() >= until:
            break
        time.sleep(_EVERY)
    _show(found, form, everybody=everybody or name is not None)
    if not watch:
        click.echo(said, err=True)
    return Exit.FINE if good else Exit.REFUSED


_EVERY: Final = 5
"""Seconds between two looks."""


def _show(found: "tuple[State, ...]", form: str, *, everybody: bool) -> None:
    shown = [state for state in found if everybody or form == "json" or not state.is_well]
    rows: list[Mapping[str, Any]] = [
        {
            "company": state.company,
            "ring": state.ring,
            "plan": state.plan,
            "sync": state.sync,
            "health": state.health,
            "commit": state.revision,
            "said": state.said,
        }
        for state in shown
    ]
    table(rows, form)


def _get(kind: str, context: str, namespace: str) -> tuple[Mapping[str, Any], ...]:
    """Return the objects of a kind that we made, or say that there is no cluster.

    Raises:
        EnvironmentProblem: There is no kubectl, or it could not read them.
    """
    from urllib.parse import quote

    from generator.kube import kubectl
    from generator.kube.tenant_names import TENANT_LABEL

    # the server's own text: kubectl would take a thousand Applications apart and write them again, for seconds
    chosen = f"?labelSelector={quote(TENANT_LABEL, safe='')}" if kind == "applications" else ""
    address = f"/apis/argoproj.io/v1alpha1/namespaces/{namespace}/{kind}{chosen}"
    before = ("--context", context) if context else ()
    command = (*before, "get", f"--raw={address}", "--request-timeout=60s")
    answer = kubectl.read(command, "or ask on a machine that has it")
    if answer.error:
        fact = f"{kind} of namespace {namespace} cannot be read: {answer.error}"
        raise EnvironmentProblem(fact, "docs/guides/status.md")
    return answer.objects


COMMANDS: Final = (status,)
