"""init: lay down a new repository, by options or by questions."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from generator.findings.finding import Exit


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked when an option is missing and somebody is there to answer."""

    text: str
    default: str | None = None
    choices: tuple[str, ...] = ()


_QUESTIONS: Final = {
    "repo_url": _Question("Address of the new repository, as Argo CD fetches it"),
    "domain": _Question("Domain: a tenant's first host is NAME.DOMAIN"),
    "cluster": _Question("Name of the cluster in Argo CD", "in-cluster"),
    "server": _Question("Address of its API server", "https://kubernetes.default.svc"),
    "exposure": _Question("How tenants are reached from outside", "gateway", ("gateway", "ingress")),
    "forge": _Question("Whose pull requests and pipelines", "github", ("github", "gitlab")),
    "mode": _Question("Generated files: in pull requests, or on a branch", "committed", ("committed", "branch")),
    "owners": _Question("User or team that approves changes to the platform, for CODEOWNERS (@acme/platform)"),
    "package": _Question("What the pipelines install: a wheel, or git+ADDRESS@COMMIT"),
}


def _option(name: str, help: str, metavar: str | None = None) -> Callable[[Any], Any]:  # noqa: A002 -- as click names it
    question = _QUESTIONS[name]
    default = f"  [default: {question.default}]" if question.default else ""
    kind = click.Choice(question.choices) if question.choices else str
    return click.option(f"--{name.replace('_', '-')}", name, type=kind, metavar=metavar, help=f"{help}{default}")


@click.command(
    epilog="Example: tenantry init tenants --repo-url https://git.acme.example/tenants.git "
    "--domain files.acme.example --owners @acme/platform"
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@_option("repo_url", "Address of the new repository, as Argo CD fetches it.", "URL")
@_option("domain", "A tenant's first host is NAME.DOMAIN.", "DOMAIN")
@_option("cluster", "Name of the cluster in Argo CD.", "NAME")
@_option("server", "Address of the cluster's API server, as Argo CD knows it.", "URL")
@_option("exposure", "How tenants are reached from outside.")
@_option("forge", "Whose pull requests and pipelines.")
@_option("mode", "Generated files are part of pull requests, or published on a branch of their own.")
@_option("owners", "User or team that approves changes to the platform, for CODEOWNERS.", "@TEAM")
@_option(
    "package",
    "What the pipelines install: a wheel by its path (it is committed) or by URL#sha256=HASH, or git+URL@COMMIT.  "
    "[default: what this tenantry was installed from]",
    "PACKAGE",
)
@click.pass_obj
def init(directory: Path, /, folder: Path, **options: str | None) -> Exit:
    """Lay down a new repository in DIR: platform.yaml, base/, an example tenant, argocd/ and CI.

    On a terminal, what no option says is asked. Nothing is overwritten: when DIR holds any of these files, or an
    answer is refused, nothing is written. What is made was generated and checked before.
    """
    from generator.findings.finding import TenantryError
    from generator.findings.formats import counted, text
    from generator.findings.words import plural
    from generator.init.init import Answers, create
    from generator.init.package import package

    answers: dict[str, Any] = {
        name: _answer(name, directory) if value is None else value for name, value in options.items()
    }
    try:
        chosen = package(answers["package"], directory)
    except TenantryError as error:
        raise click.UsageError(f"Invalid value for '--package': {error.fact}\n  hint: {error.hint}") from None
    done = create(directory / folder, Answers(**answers | {"package": chosen}))
    for file in done.files:
        click.echo(f" create {file}")
    click.echo(text(done.findings), nl=False, err=True)
    click.echo(f"{plural(len(done.files), 'file')}, checked: {counted(done.findings)}", err=True)
    click.echo(f"  next: commit and push {folder} to {answers['repo_url']}, then docs/guides/start.md", err=True)
    return Exit.FINE


def _answer(name: str, directory: Path) -> Any:
    """Ask when somebody is there, take the default when nobody is.

    Raises:
        click.UsageError: Nobody is there, and there is no default.
    """
    question = _QUESTIONS[name]
    default = _origin() if name == "package" else question.default
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        if default is None:
            raise click.UsageError(f"Missing option '--{name.replace('_', '-')}'.{_why_asked(name)}")
        return default
    if question.choices:
        return click.prompt(question.text, default=default, type=click.Choice(question.choices), err=True)
    return click.prompt(
        question.text, default=default, value_proc=lambda text: _judged(name, text, directory), err=True
    )


def _origin() -> str | None:
    from generator.init.package import installed

    return installed()


def _why_asked(name: str) -> str:
    from generator.init.package import EXAMPLES

    if name != "package":
        return ""
    return f" Nothing proves where this tenantry was installed from, so name what the pipelines install: {EXAMPLES}"


def _judged(name: str, value: str, directory: Path) -> str:
    """Return a good answer; refuse a bad one at once, with the words that a bad option gets.

    Raises:
        click.UsageError: The answer is bad; click shows why and asks again.
    """
    from generator import layout
    from generator.findings.finding import Refused, TenantryError
    from generator.init.init import Answers, judge, own_files
    from generator.init.package import Package, package

    others: dict[str, Any] = {"repo_url": "https://git.example.com/a.git", "domain": "example.com", "owners": "@a"}
    others["package"] = Package(line="")
    try:
        if name == "package":
            package(value, directory)
            return value
        judge(own_files()[layout.PLATFORM], Answers(**others | {name: value}))
    except Refused as refused:
        raise click.UsageError("; ".join(found.fact for found in refused.findings)) from None
    except TenantryError as error:
        raise click.UsageError(f"{error.fact}: {error.hint}") from None
    return value


COMMANDS: Final = (init,)
