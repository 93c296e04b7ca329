"""doctor: look at the machine and the repository."""

from pathlib import Path
from typing import Final

import click

from generator.cli.options import root_of, table
from generator.findings.finding import Exit


@click.command(epilog="Example: tenantry doctor")
@click.pass_obj
def doctor(directory: Path) -> Exit:
    """Look at what tenantry needs on this machine and say what was found."""
    import platform
    import shutil
    import subprocess
    import sys

    from generator import __version__
    from generator.findings.finding import TenantryError
    from generator.kube import kustomize

    rows = [
        {"what": "tenantry", "found": __version__, "where": str(Path(__file__).parent.parent)},
        {"what": "python", "found": platform.python_version(), "where": sys.executable},
    ]
    problems = []
    git = shutil.which("git")
    if git:
        version = subprocess.run([git, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
        rows.append({"what": "git", "found": version.strip().removeprefix("git version "), "where": git})
    else:
        rows.append({"what": "git", "found": "missing", "where": ""})
        problems.append(("there is no git", "install git 2.30 or newer"))
    try:
        rows.append({"what": "kustomize", "found": kustomize.VERSION, "where": kustomize.kustomize()})
    except TenantryError as error:
        rows.append({"what": "kustomize", "found": "unusable", "where": ", ".join(kustomize.candidates())})
        problems.append((error.fact, error.hint))
    try:
        rows.append({"what": "repository", "found": "found", "where": str(root_of(directory))})
    except TenantryError as error:
        rows.append({"what": "repository", "found": "missing", "where": ""})
        problems.append((error.fact, error.hint))
    table(rows, "table")
    for fact, hint in problems:
        click.echo(f"error: {fact}\n  hint: {hint}", err=True)
    return Exit.ENVIRONMENT if problems else Exit.FINE


COMMANDS: Final = (doctor,)
