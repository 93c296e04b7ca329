"""add, set and list: the tenant files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from generator.cli.options import root_of, table, today_option
from generator.findings.finding import Exit

if TYPE_CHECKING:
    from datetime import date

    from generator.git.snapshot import Snapshot


@click.command(
    epilog='Example: tenantry add company-101 --plan silver --addon search --display-name "株式会社サンプル"'
)
@click.argument("name")
@click.option("--plan", required=True, help="A plan of platform.yaml.")
@click.option("--addon", "addons", multiple=True, metavar="ADDON", help="An add-on of platform.yaml; once for each.")
@click.option("--display-name", metavar="TEXT", help="The company's name as people write it.")
@click.option("--dry-run", is_flag=True, help="Print the file instead of writing it.")
@click.pass_obj
def add(
    directory: Path, name: str, plan: str, addons: tuple[str, ...], display_name: str | None, dry_run: bool
) -> Exit:
    """Add the tenant NAME as tenants/NAME.yaml.

    The file is checked with all others before it is written. Run generate afterwards.
    """
    from generator import layout
    from generator.git.snapshot import Snapshot
    from generator.lifecycle import edit

    root = root_of(directory)
    snapshot = Snapshot.of_work_tree(root, layout.of_one(name))
    file, text = edit.new_tenant(snapshot, name, plan=plan, addons=addons, display_name=display_name)
    if dry_run:
        click.echo(text, nl=False)
        return Exit.FINE
    edit.write(root, file, text)
    click.echo(f"created {file}", err=True)
    click.echo(_next(snapshot, file), err=True)
    return Exit.FINE


@click.command("set", epilog="Example: tenantry set company-101 plan=gold overrides.minReplicas=2")
@click.argument("name", metavar="[NAME]")
@click.argument("assignments", nargs=-1, metavar="KEY=VALUE...")
@click.option("--all", "everybody", is_flag=True, help="Change every tenant; NAME is left out.")
@click.option("--dry-run", is_flag=True, help="Print the file instead of writing it.")
@click.option("--complete", is_flag=True, help="Make the second step of a change to a smaller plan.")
@click.option(
    "--kubeconfig",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="See in the cluster whether the step before is through; kubectl reads it.",
)
@click.option("--confirmed-by", metavar="NAME", help="Who saw that the step before is through; stands in the file.")
@today_option
@click.pass_obj
def set_(
    directory: Path,
    name: str,
    assignments: tuple[str, ...],
    everybody: bool,
    dry_run: bool,
    complete: bool,
    kubeconfig: Path | None,
    confirmed_by: str | None,
    today: "date",
) -> Exit:
    """Change keys of the tenant NAME, or of all; comments and order stay.

    KEY is a key of the tenant file, with dots into mappings. Lists are written with commas; KEY+=VALUE adds to a list,
    KEY-=VALUE takes out of it, and KEY?=VALUE writes a key that is not there yet. An empty VALUE removes the key. The
    result is checked before it is written.

    A smaller plan keeps the quota of the plan before (quotaFrom), so that nothing that runs is refused. When fewer pods
    run, --complete takes that out: seen in the cluster with --kubeconfig, or said by somebody with --confirmed-by.

    state=suspended, retiring, purging, deleting and retired lead a company out, state=active brings it back; each is
    refused until what it demands is the case. deleting and retired need --kubeconfig or --confirmed-by.
    """
    from generator import layout, pipeline
    from generator.git.snapshot import Snapshot
    from generator.lifecycle import edit, keeping, life, plans

    root = root_of(directory)
    snapshot = Snapshot.of_work_tree(root, () if everybody else layout.of_one(name))
    if everybody:
        if complete or kubeconfig or confirmed_by:
            raise click.UsageError("--complete is for one tenant")
        changes = _changes((name, *assignments))
        if "state" in changes:
            raise click.UsageError("a state is set of one tenant at a time")
        return _set_all(root, edit.changed_tenants(snapshot, changes), dry_run=dry_run)
    changes = _changes(assignments)
    _refuse_bad_use(assignments, complete, kubeconfig, confirmed_by, moves="state" in changes)
    if "state" in changes:
        witness = life.Witness(kubeconfig=kubeconfig, name=confirmed_by or "")
        file, before, after = life.changed(snapshot, name, changes, witness, today)
    elif complete:
        why = _confirmed(snapshot, name, kubeconfig, confirmed_by)
        file, before, after = plans.completed(snapshot, name, why, today)
    else:
        file, before, after = plans.changed(snapshot, name, changes, today)
    if dry_run:
        click.echo(after, nl=False)
    elif before == after:
        click.echo(f"{file} is unchanged", err=True)
    else:
        edit.write(root, file, after)
        click.echo(f"changed {file}", err=True)
        if "\nquotaFrom:" in after and "\nquotaFrom:" not in before:
            then = f"tenantry set {name} --complete"
            click.echo(f"  its quota stays as large as before, until fewer pods run; then: {then}", err=True)
        for claim in keeping.let_go(before, after, pipeline.validated_platform(snapshot)):
            click.echo(f"  needs an approval; after the merge: kubectl -n {name} delete pvc {claim}", err=True)
        click.echo(_next(snapshot, file), err=True)
    return Exit.FINE


def _refuse_bad_use(
    assignments: tuple[str, ...], complete: bool, kubeconfig: Path | None, confirmed_by: str | None, *, moves: bool
) -> None:
    if complete and assignments:
        raise click.UsageError("--complete changes nothing else: leave KEY=VALUE out")
    if not complete and not assignments:
        raise click.UsageError("Missing argument 'KEY=VALUE...'.")
    if complete and (kubeconfig is None) == (confirmed_by is None):
        raise click.UsageError("--complete needs to know that fewer pods run: --kubeconfig FILE or --confirmed-by NAME")
    if not (complete or moves) and (kubeconfig or confirmed_by):
        raise click.UsageError("--kubeconfig and --confirmed-by belong to --complete and to state=...")
    if kubeconfig is not None and confirmed_by is not None:
        raise click.UsageError("the cluster says it, or somebody does: --kubeconfig FILE or --confirmed-by NAME")
    if confirmed_by is not None and not (confirmed_by.strip() and confirmed_by.isprintable()):
        raise click.BadParameter("write a name, in one line", param_hint="--confirmed-by")


def _changes(assignments: tuple[str, ...]) -> dict[str, str]:
    changes: dict[str, str] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise click.BadParameter(f"{assignment!r} is not KEY=VALUE", param_hint="KEY=VALUE")
        changes[key] = value
    return changes


def _confirmed(snapshot: "Snapshot", name: str, kubeconfig: Path | None, confirmed_by: str | None) -> str:
    """Return who says that fewer pods run, in words.

    Raises:
        TenantryError: The cluster shows that they do not, or nothing is to be confirmed.
    """
    from generator.findings.finding import TenantryError
    from generator.lifecycle import plans, seen

    _, numbers = plans.open_change(snapshot, name)
    if kubeconfig is None:
        return f"confirmed by {confirmed_by}"
    service = numbers.service.workload.name
    waits = list(seen.not_through(seen.in_namespace(kubeconfig, name), service, numbers))
    if waits:
        raise TenantryError(f"{name} is not through: {'; '.join(waits)}", "wait, and try again")
    return "seen in the cluster"


def _set_all(root: Path, changed: tuple[tuple[str, str], ...], *, dry_run: bool) -> Exit:
    """Write the tenant files that become others, and say how many these are."""
    from generator.findings.words import plural
    from generator.lifecycle import edit

    for file, text in changed:
        click.echo(f" change {file}")
        if not dry_run:
            edit.write(root, file, text)
    click.echo(f"{plural(len(changed), 'file')} {'would be ' if dry_run else ''}changed", err=True)
    return Exit.FINE


def _next(snapshot: "Snapshot", file: str) -> str:
    """Say what to do after a tenant file was written."""
    from generator import pipeline

    if pipeline.validated_platform(snapshot).publishing == "committed":
        return "  next: tenantry generate && tenantry verify"
    return f"  next: tenantry check, then commit {file} alone: tenantry publish writes the rest after the merge"


@click.command("list", epilog="Example: tenantry list --format json")
@click.option("--applications", is_flag=True, help="List the Applications that Argo CD makes of the committed files.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "yaml"]),
    default="table",
    show_default=True,
    help="Form of the listing; yaml for Applications alone.",
)
@click.pass_obj
def list_(directory: Path, applications: bool, form: str) -> Exit:
    """List the tenants, or the Applications that Argo CD will create from the committed ApplicationSets and entries.

    Where generated files are published on a branch of their own, the Applications are those of what publish would
    write there.
    """
    from generator import pipeline
    from generator.git.snapshot import Snapshot

    root = root_of(directory)
    if applications:
        return _applications(root, form)
    if form == "yaml":
        raise click.BadParameter("tenants are listed as table or json", param_hint="--format")
    fleet, _ = pipeline.validated(Snapshot.of_work_tree(root))
    rows: list[Mapping[str, Any]] = [
        {
            "name": tenant.name,
            "plan": tenant.plan,
            "addons": list(tenant.addons),
            "state": tenant.state,
            "ring": tenant.ring.name,
            "hosts": list(tenant.hosts),
            "company": tenant.display_name,
        }
        for tenant in sorted((*fleet.tenants, *fleet.departed), key=lambda tenant: tenant.name)
    ]
    table(rows, form)
    return Exit.FINE


def _applications(root: Path, form: str) -> Exit:
    """Print what the ApplicationSet controller would make, offline; what freezes a set ends the run with 1."""
    import json

    from generator import pipeline
    from generator.applicationset import expand_all
    from generator.git.snapshot import Snapshot
    from generator.reading import yaml_writer
    from generator.render.tenants import application_sets, committed

    snapshot = Snapshot.of_work_tree(root)
    platform = pipeline.validated_platform(snapshot)
    if platform.publishing == "committed":
        files: Mapping[str, str] = committed(snapshot)
    else:
        files = dict(pipeline.composed(snapshot).tree)
        click.echo(f"as tenantry publish would write them to {platform.publishing_branch}", err=True)
    expansions = expand_all(application_sets(files), files)
    generated = sorted(
        (application for each in expansions for application in each.applications),
        key=lambda application: application.name,
    )
    if form == "json":
        click.echo(json.dumps([item.manifest for item in generated], ensure_ascii=False, indent=2))
    elif form == "yaml":
        click.echo("---\n".join(yaml_writer.dump(item.manifest) for item in generated), nl=False)
    else:
        rows = [
            {
                "name": item.name,
                "project": item.manifest["spec"]["project"],
                "path": item.manifest["spec"]["source"]["path"],
                "revision": item.manifest["spec"]["source"]["targetRevision"],
                "entry": item.path,
            }
            for item in generated
        ]
        table(rows, form)
    problems = [(each.name, problem) for each in expansions for problem in each.problems]
    for name, problem in problems:
        click.echo(f"{problem.path or name}: error: {problem.message} ({problem.effect.value})", err=True)
    return Exit.REFUSED if problems else Exit.FINE


COMMANDS: Final = (add, set_, list_)
