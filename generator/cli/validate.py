"""validate: read tenant files and say what is wrong with them."""

from pathlib import Path
from typing import Final

import click

from generator.cli.options import format_option, report, root_of
from generator.findings.finding import Exit


@click.command(epilog="Example: tenantry validate tenants/company-101.yaml --format github")
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path(path_type=Path))
@format_option
@click.pass_obj
def validate(directory: Path, files: tuple[Path, ...], form: str) -> Exit:
    """Check tenant files and platform.yaml, without kustomize.

    All findings come in one run. FILE limits what is shown; every file is read, for what tenants must not share.
    """
    from generator import layout, rules
    from generator.findings.finding import in_order
    from generator.fleet import earlier
    from generator.fleet.load import load
    from generator.fleet.validate import validate as check
    from generator.git.inspection import problems
    from generator.git.snapshot import Snapshot

    root = root_of(directory)
    snapshot = Snapshot.of_work_tree(root)
    sources = load(snapshot)
    fleet, findings = check(sources, rules.known, earlier.of_work_tree(root))
    findings = in_order([*findings, *problems(snapshot)])
    if files:
        wanted = {_from_root(root, directory, file) for file in files}
        missing = sorted(
            wanted - {tenant.file for tenant in sources.tenants} - {found.place.file for found in findings}
        )
        for file in missing:
            if not (root / file).is_file():
                fact = f"{file} is a folder: name its files" if (root / file).is_dir() else f"{file} does not exist"
                raise click.BadParameter(fact, param_hint="FILE")
        # what is wrong in platform.yaml keeps the tenants from being checked, so it is shown always
        findings = tuple(found for found in findings if found.place.file in {*wanted, layout.PLATFORM})
    tenants = len(fleet.tenants) if fleet else len(sources.tenants)
    return report(findings, form, {"tenants": tenants})


def _from_root(root: Path, directory: Path, file: Path) -> str:
    path = (directory / file).resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(file)


COMMANDS: Final = (validate,)
