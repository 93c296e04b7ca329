"""Lay down a new repository: from the files of this one, from templates, and from a few answers.

What a new repository shares with this one is this one's own file, so nothing is kept twice: a wheel carries those files
(`OWN`, and the list in pyproject.toml), an editable install has them in its checkout. Everything is made, generated and
checked in a temporary folder first; so a refusal writes nothing.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal

import jinja2

from generator import layout, pipeline, rules
from generator.findings.finding import Finding, Refused, Severity, TenantryError, in_order
from generator.fleet.load import Sources
from generator.fleet.model import Exposure, Publishing
from generator.fleet.validate import validate
from generator.generate.compose import Tree
from generator.generate.write import replace
from generator.git import door
from generator.git.snapshot import Snapshot
from generator.init.package import Package
from generator.kube.kustomization import outermost
from generator.reading import yaml_reader, yaml_writer
from generator.reading.yaml_editor import edited, quoted_if_needed
from generator.review.check import check

Forge = Literal["github", "gitlab"]

EXAMPLE: Final = f"{layout.TENANTS}/company-001.yaml"
ACTION: Final = "action.yml"
PINS: Final = (ACTION, "install.lock", "tools/install.py", "tools/kustomize/checksums")
"""What sets tenantry up: the action for GitHub, and what it runs. Our own checkout is such a folder itself."""

OWN: Final = (*PINS, layout.PLATFORM_MANIFESTS, layout.release(layout.EDGE), layout.GUARD, layout.PLATFORM, EXAMPLE)
"""The files and folders of this repository that `init` reads."""

OWNERS: Final = re.compile(r"@[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
"""A user, or a team or group with its path, as CODEOWNERS names them."""

_FOLDERS: Final = (layout.TENANTS, layout.BASE, layout.OVERLAYS, layout.ARGOCD)
_NAMED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What `init` must be told; the rest stands in the files that it lays down.

    Attributes:
        repo_url: Address of the new repository, as Argo CD will fetch it.
        domain: A tenant's first host is NAME.domain.
        cluster: Name of the cluster in Argo CD.
        server: Address of the cluster's API server, as Argo CD knows it.
        exposure: How tenants are reached from outside.
        forge: Whose pull requests and pipelines.
        mode: Whether generated files are part of pull requests, or published on a branch of their own.
        owners: User or team that approves changes to the platform, as CODEOWNERS names it.
        package: What the pipelines install.
    """

    repo_url: str
    domain: str
    cluster: str = "in-cluster"
    server: str = "https://kubernetes.default.svc"
    exposure: Exposure = "gateway"
    forge: Forge = "github"
    mode: Publishing = "committed"
    owners: str
    package: Package


# --- pure


def platform_text(source: str, answers: Answers) -> str:
    """Return platform.yaml of a new repository: ours, with its comments, and with the answers in their places.

    Args:
        source: Our own platform.yaml.
        answers: Written as scalars, never as text, so that nothing in them can become structure.
    """

    def change(data: Any) -> None:
        data["git"]["repoURL"] = quoted_if_needed(answers.repo_url)
        data["git"]["publishing"] = answers.mode
        data["domain"] = quoted_if_needed(answers.domain)
        data["exposure"] = answers.exposure
        data["unavailablePage"] = f"https://{answers.domain}/unavailable"
        (cluster,) = data["clusters"].values()
        cluster["server"] = quoted_if_needed(answers.server)
        data["clusters"].clear()
        data["clusters"][quoted_if_needed(answers.cluster)] = cluster
        for of_our_example in (data["hostSuffixes"], data["argocd"]["links"]):
            of_our_example.clear()

    return edited(source, change)


def judge(source: str, answers: Answers) -> None:
    """Refuse answers that the new repository could not be made from.

    Args:
        source: Our own platform.yaml.
        answers: Anything.

    Raises:
        Refused: The schema of platform.yaml refuses a value.
        TenantryError: CODEOWNERS would not name anybody.
    """
    platform, findings = yaml_reader.read(layout.PLATFORM, platform_text(source, answers).encode())
    _, found = validate(Sources(platform, (), findings), rules.known)
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    if errors:
        raise Refused(errors)
    if not OWNERS.fullmatch(answers.owners):
        raise TenantryError(f"{answers.owners!r} is no user and no team", "for example @acme/platform")


def laid_down(own: Tree, answers: Answers) -> Tree:
    """Return every file of a new repository but the generated ones.

    Args:
        own: This repository's own files, see `own_files`.
        answers: They are good, see `judge`.
    """
    tree = {path: text for path, text in own.items() if path not in PINS}
    tree |= {f"{layout.PINS}/{path}": own[path] for path in PINS if path != ACTION or answers.forge == "github"}
    tree[layout.PLATFORM] = platform_text(own[layout.PLATFORM], answers)
    branch = _branch(tree[layout.PLATFORM])
    values: dict[str, str | tuple[str, ...]] = {"mode": answers.mode, "branch": branch, "pins": layout.PINS}
    templates = {
        ".editorconfig": "editorconfig",
        ".gitattributes": "gitattributes",
        ".gitignore": "gitignore",
        ".pre-commit-config.yaml": "pre-commit-config.yaml",
        ".vscode/settings.json": "settings.json",
    }
    if answers.forge == "github":
        tree |= workflows(branch=branch, mode=answers.mode, pins=layout.PINS)
        templates[".github/pull_request_template.md"] = "change.md"
        tree[".github/CODEOWNERS"] = _code_owners(answers.owners, "/.github/")
    else:
        templates[".gitlab-ci.yml"] = "gitlab-ci.yml"
        templates[".gitlab/merge_request_templates/Default.md"] = "change.md"
        tree["CODEOWNERS"] = _code_owners(answers.owners, "/.gitlab/", "/.gitlab-ci.yml", "/CODEOWNERS")
    tree |= {path: _rendered(template, values) for path, template in templates.items()}
    tree[f"{layout.PINS}/package.txt"] = _package_text(answers.package)
    return tree


def _package_text(package: Package) -> str:
    return (
        "# The one place that says which tenantry checks and publishes this repository. To have the same on a laptop:\n"
        f"#   python3 -I {layout.PINS}/tools/install.py ~/tenantry && export PATH=~/tenantry/bin:$PATH\n"
        f"{package.line}\n"
    )


def workflows(*, branch: str, mode: Publishing, pins: str) -> Tree:
    """Return the GitHub workflows of a tenants' repository; our own are made by this function, too.

    Args:
        branch: Branch that pull requests are merged into.
        mode: How generated files are published.
        pins: Folder of the action that sets tenantry up; empty for our own repository, which is that action.
    """
    program = (ACTION, "generator", "install.lock", "pyproject.toml", "tools")
    values: dict[str, str | tuple[str, ...]] = {
        "branch": branch,
        "mode": mode,
        "action": f"./{pins}",
        "judge": f"./judge/{pins}",
        "change": f"./change/{pins}",
        "tool": (pins,) if pins else program,
    }
    names = ("check", "publish", "promote", "drift")
    return {f".github/workflows/{name}.yaml": _rendered(f"{name}.yaml", values) for name in names}


def _branch(platform: str) -> str:
    document, _ = yaml_reader.read(layout.PLATFORM, platform.encode())
    assert document is not None, "it was validated"
    branch: str = document.data["git"]["branch"]
    return branch


def _code_owners(owners: str, *forge: str) -> str:
    """Name who approves what may touch every tenant, and what judges a change.

    Args:
        owners: User or team.
        forge: Patterns of the pipelines' files, and of this file itself.
    """
    folders = (layout.BASE, layout.ARGOCD, layout.APPROVALS, layout.PINS)
    patterns = (f"/{layout.PLATFORM}", *(f"/{folder}/" for folder in folders), *forge, ".gitattributes", ".gitmodules")
    width = max(map(len, patterns)) + 1
    lines = "".join(f"{pattern:<{width}}{owners}\n" for pattern in patterns)
    return (
        "# Whoever may change these may change every tenant, or what judges a change; tenant files are anybody's.\n"
        f"# It is worth nothing until the branch is protected and reviews by owners are demanded.\n{lines}"
    )


def _rendered(template: str, values: Mapping[str, str | tuple[str, ...]]) -> str:
    return _templates().get_template(f"init/{template}.j2").render(values)


@cache
def _templates() -> jinja2.Environment:
    # Delimiters that neither a workflow's expressions nor a shell has.
    return jinja2.Environment(
        loader=jinja2.PackageLoader("generator"),
        variable_start_string="{=",
        variable_end_string="=}",
        comment_start_string="{=#",
        comment_end_string="#=}",
        undefined=jinja2.StrictUndefined,
        finalize=yaml_writer.scalar,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 -- YAML, not HTML: finalize writes every value as a JSON scalar
    )


# --- IO


def own_files() -> Tree:
    """Read this repository's own files, from the wheel or from the checkout of an editable install."""
    package = Path(__file__).parents[1]
    top = package / "starter" if (package / "starter").is_dir() else package.parent
    return {path.relative_to(top).as_posix(): path.read_text(encoding="utf-8") for path in _own_paths(top)}


def _own_paths(top: Path) -> Iterator[Path]:
    for name in OWN:
        path = top / name
        yield from sorted(path.rglob("*.yaml")) if path.is_dir() else (path,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What was made.

    Attributes:
        files: The files that were written, sorted.
        findings: What `check` says of them: warnings.
    """

    files: tuple[str, ...]
    findings: tuple[Finding, ...]


def create(folder: Path, answers: Answers) -> Created:
    """Make a new repository.

    Args:
        folder: Where; it need not exist, and may hold other files than those of a tenants' repository.
        answers: What differs from our example.

    Raises:
        Refused: An answer is refused; nothing was written.
        TenantryError: Something is in the way; nothing was written.
        EnvironmentProblem: There is no kustomize; nothing was written.
    """
    own = own_files()
    judge(own[layout.PLATFORM], answers)
    tree = laid_down(own, answers)
    files = {**{path: text.encode() for path, text in tree.items()}, **_wheel(answers.package)}
    _nothing_in_the_way(folder, files)
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        made = Path(temporary).resolve()
        for path, data in files.items():
            replace(made / path, data)
        if answers.mode == "committed":
            result, _ = pipeline.generate(made, Snapshot.of_folder(made))
            files |= {path: text.encode() for path, text in result.tree.items()}
            _nothing_in_the_way(folder, files)
        findings = in_order(check(made, None, sample=0, today=date.min).findings)  # nothing that could have ended yet
    if any(found.severity is Severity.ERROR for found in findings):
        raise Refused(findings)
    _write(folder, files)
    if not (folder / ".git").exists():
        door.create(folder, _branch(tree[layout.PLATFORM]))
    return Created(files=tuple(sorted(files)), findings=findings)


def _wheel(package: Package) -> Mapping[str, bytes]:
    if package.wheel is None:
        return {}
    name, content = package.wheel
    return {f"{layout.PINS}/{name}": content}


def _nothing_in_the_way(folder: Path, files: Collection[str]) -> None:
    above = next((up for up in folder.resolve().parents if (up / ".git").exists()), None)
    if above is not None and not (folder / ".git").exists():
        fact = f"{folder} lies inside the git repository {above}"
        raise TenantryError(fact, "Argo CD's paths start at the top of a repository: choose a folder outside of it")
    taken = outermost(_taken(folder.resolve(), files))
    if taken:
        more = f" and {len(taken) - _NAMED} more" if len(taken) > _NAMED else ""
        named = ", ".join(taken[:_NAMED])
        fact = f"{folder} holds {named}{more} already" if taken != (".",) else f"{folder} is not a folder"
        raise TenantryError(fact, "nothing is overwritten: choose another folder, or move away what is there")


def _taken(folder: Path, files: Collection[str]) -> Iterator[str]:
    yield from (path for path in (*files, *_FOLDERS) if os.path.lexists(folder / path))
    for part in {str(part) for path in files for part in PurePosixPath(path).parents}:
        if os.path.lexists(folder / part) and ((folder / part).is_symlink() or not (folder / part).is_dir()):
            yield part


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all files, or, when one of them cannot be written, none."""
    missing = {up for path in files for up in (folder / path).parents if not up.exists()}
    try:
        for path, data in files.items():
            replace(folder / path, data)
    except BaseException:
        for path in files:
            with contextlib.suppress(OSError):
                (folder / path).unlink()
        for up in sorted(missing, reverse=True):
            with contextlib.suppress(OSError):
                up.rmdir()
        raise
