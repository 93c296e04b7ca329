"""debug: look into one company in its cluster, by kubectl."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from generator.cli.options import root_of, today_option
from generator.debug.commands import QUESTIONS
from generator.findings.finding import EnvironmentProblem, Exit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from generator.debug.causes import Seen
    from generator.debug.commands import Command, Target
    from generator.fleet.model import Platform, Tenant

_WAY: Final = "or see what would run: --print"


@click.command(epilog="Example: tenantry debug company-056; tenantry debug company-056 logs --since 10m --print")
@click.argument("name")
@click.argument("question", required=False, type=click.Choice(list(QUESTIONS)))
@click.option("--service", help="One of its services alone: the service, or an add-on's workload.")
@click.option("--since", default="1h", show_default=True, help="How far back logs go.")
@click.option("--context", default="", help="Context of the kubeconfig; the current one when left out.")
@click.option("--print", "only_print", is_flag=True, help="Print the commands and run none.")
@click.option("--break-glass", "reason", metavar="REASON", help="Why somebody may open a shell; for exec alone.")
@click.option("--pod", default="", help="The pod of exec; any of the service when left out.")
@click.option("--image", default="", help="Of a debugging container that exec puts beside a pod, which --pod names.")
@today_option
@click.pass_obj
def debug(  # what click hands over
    directory: Path,
    name: str,
    question: str | None,
    service: str | None,
    since: str,
    context: str,
    only_print: bool,
    reason: str | None,
    pod: str,
    image: str,
    today: "date",
) -> Exit:
    """Look into the company NAME in its cluster; without a question, say what is wrong with it and what to do.

    Every command is printed on stderr before it runs, and reads; exec alone opens a shell. The exit code is 1 when
    something is wrong, and 4 when there is no kubectl or no cluster.
    """
    from generator import layout, pipeline
    from generator.cli.render import known
    from generator.debug import commands
    from generator.git.snapshot import Snapshot

    _refuse_bad_use(question, reason, pod, image)
    composed = pipeline.composed(Snapshot.of_work_tree(root_of(directory)))
    known((name,), tuple(tenant.name for tenant in composed.fleet.tenants))
    platform = composed.fleet.platform
    running = {scaling.workload.name: scaling.workload for scaling in composed.sizes[name].scalings}
    if service is not None and service not in running:
        from generator.cli.options import unknown

        raise unknown("service", service, running, param_hint="--service")
    wanted = [workload for key, workload in running.items() if service in (None, key)]
    target = commands.Target(
        company=name,
        workloads=[f"{workload.kind.lower()}/{workload.name}" for workload in wanted],
        exposure=platform.exposure,
        application_set=f"tenants-{layout.shard_of(name, platform.argocd.shards)}",
        context=context,
        gateway=_gateway(platform),
    )
    if question is None:
        tenant = next(tenant for tenant in composed.fleet.tenants if tenant.name == name)
        return _diagnose(target, platform, tenant, today, only_print=only_print)
    if question == commands.EXEC:
        click.echo(f"break glass: {reason}", err=True)
        return _run([commands.shell(target, pod, image)], only_print=only_print)
    return _run(commands.commands(target, question, since=since), only_print=only_print)


def _gateway(platform: "Platform") -> tuple[str, str] | None:
    """Return namespace and name of the Gateway that platform.yaml names."""
    said = [platform.cluster.declared.get(f"gateway.{key}") for key in ("namespace", "name")]
    return (said[0][0], said[1][0]) if said[0] and said[1] else None


def _refuse_bad_use(question: str | None, reason: str | None, pod: str, image: str) -> None:
    if question == "exec":
        if reason is None or not reason.strip():
            words = "a shell sees what the pod sees, the customer's files too: say why, --break-glass REASON"
            raise click.UsageError(words)
        if image and not pod:
            raise click.UsageError("--image puts a container beside one pod: name it with --pod")
    elif reason is not None or pod or image:
        raise click.UsageError("--break-glass, --pod and --image are for exec alone")


def _run(commands: "tuple[Command, ...] | list[Command]", *, only_print: bool) -> Exit:
    import shlex
    import subprocess

    from generator.kube import kubectl

    end = Exit.FINE
    for command in commands:
        if only_print:
            click.echo(shlex.join(command))
            continue
        click.echo(f"$ {shlex.join(command)}", err=True)
        done = subprocess.run([kubectl.path(_WAY), *command[1:]], check=False)  # noqa: S603 -- found on PATH
        end = end if done.returncode == 0 else Exit.ENVIRONMENT
    return end


def _diagnose(target: "Target", platform: "Platform", tenant: "Tenant", today: "date", *, only_print: bool) -> Exit:
    from generator.debug import commands
    from generator.debug.causes import causes, summary
    from generator.debug.held import held

    looks = commands.looks(target, platform.argocd.namespace)
    if only_print:
        return _run(list(looks.values()), only_print=True)
    seen = _look(target.company, looks, next(iter(platform.cluster.declared.get("gateway.listener", ())), ""))
    click.echo(target.company)
    for line in summary(seen):
        click.echo(f"  {line}")
    found = (*causes(seen), *held(tenant, platform, today))
    for cause in found:
        click.echo(f"\n{cause.name}: {cause.seen}\n  next: {cause.next}")
    is_wrong = any(cause.is_wrong for cause in found)
    if not is_wrong:
        click.echo("\nnothing that is known by name is wrong")
    click.echo()
    for link, url in platform.argocd.links.items():
        click.echo(f"{link}: {url.replace('{tenant}', target.company)}")
    return Exit.REFUSED if is_wrong else Exit.FINE


def _look(company: str, looks: "Mapping[str, Command]", listener: str) -> "Seen":
    """Read what a diagnosis needs; what may not be read is told, and nothing at all is no cluster."""
    from generator.debug.causes import Seen
    from generator.kube import kubectl

    answers = {what: kubectl.read([*command[1:], "--request-timeout=10s"], _WAY) for what, command in looks.items()}
    objects = {what: answer.objects for what, answer in answers.items() if not answer.error}
    unseen = {
        what: answer.error
        for what, answer in answers.items()
        if answer.error and (what not in ("application", "set", "gateway") or "NotFound" not in answer.error)
    }
    application = next(iter(objects.get("application", ())), None)
    if unseen.keys() >= looks.keys() - {"gateway"}:
        raise EnvironmentProblem(
            f"nothing could be read: {next(iter(unseen.values()))}", "look at: kubectl cluster-info"
        )
    return Seen(company=company, application=application, objects=objects, unseen=unseen, listener=listener)


COMMANDS: Final = (debug,)
