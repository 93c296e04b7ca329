"""The generated pipelines, step by step on a machine of their own: from the first push to the night after a merge.

What they install is what people install: a wheel that lies in the repository, or a commit of this project. The address
of that commit is one that only this test's git knows, and kustomize comes from a mirror.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import pytest

from generator import __version__
from generator.fleet.model import Publishing
from generator.fleet.windows import DAYS
from generator.init.init import Forge
from generator.kube import kustomize
from tests.harness import ROOT, Repository, environment
from tests.project import requests
from tests.project.comments import Handler, served
from tests.slow.forge import GitHub, GitLab, Job, Machines
from tools import install

pytestmark = pytest.mark.slow

ADDRESS = "https://git.acme.example/tenantry.git"
NEXT = f"{__version__}.post1"
EVERY_RUN = {
    ("github", "committed", "wheel"),
    ("github", "branch", "git"),
    ("gitlab", "committed", "git"),
    ("gitlab", "branch", "wheel"),
}
"""Any two of forge, mode and pin stand together in one of these; the others are for the night."""
FORMS = [
    pytest.param(*form, marks=() if form in EVERY_RUN else pytest.mark.nightly)
    for form in product(get_args(Forge), get_args(Publishing), ("wheel", "git"))
]


@dataclass(frozen=True, slots=True)
class Supply:
    """What a provider has before anything else.

    Attributes:
        folder: Holds everything.
        git: This project as a bare repository.
        commit: The commit of it that is pinned.
        wheels: This version's wheel and that of the next one, by their versions.
        mirror: Holds an archive of kustomize.
        checksums: The line that the archive is held to; there is no official archive on this machine.
    """

    folder: Path
    git: Path
    commit: str
    wheels: Mapping[str, Path]
    mirror: Path
    checksums: str


@pytest.fixture(scope="module")
def supply(tmp_path_factory: pytest.TempPathFactory) -> Supply:
    """Commit this checkout as it stands, build its wheel and that of a next version, and pack kustomize."""
    folder = tmp_path_factory.mktemp("supply")
    source = folder / "source"
    for name in run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=ROOT).split("\0"):
        if name and (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    run("git", "init", "--quiet", "--initial-branch=main", folder=source)
    run("git", "add", "--all", folder=source)
    run("git", "commit", "--quiet", "--message", "this", folder=source)
    wheels = {__version__: a_wheel(source, folder)}
    version = source / "generator/__init__.py"
    version.write_text(version.read_text().replace(f'"{__version__}"', f'"{NEXT}"'))
    wheels[NEXT] = a_wheel(source, folder)
    run("git", "checkout", "--quiet", ".", folder=source)
    run("git", "clone", "--quiet", "--bare", str(source), str(folder / "tenantry.git"), folder=folder)
    archive = folder / f"mirror/kustomize_{kustomize.VERSION}_linux_amd64.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz", compresslevel=1) as content:
        content.add(kustomize.kustomize(), "kustomize")
    return Supply(
        folder=folder,
        git=folder / "tenantry.git",
        commit=run("git", "rev-parse", "HEAD", folder=source).strip(),
        wheels=wheels,
        mirror=archive.parent,
        checksums=f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n",
    )


def a_wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of a source tree."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), folder=source)
    return max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime_ns)


def run(*command: str, folder: Path) -> str:
    """Run a command that must succeed, and return what it prints."""
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Project:
    """A repository that init made, with its bare origin and its pipelines.

    Args:
        supply: What it is made from.
        folder: Where; everything lies below it.
        forge: Whose pipelines.
        mode: How generated files are published.
        pin: Whether its pipelines install a wheel or a commit.
    """

    def __init__(self, supply: Supply, folder: Path, forge: Forge, mode: Publishing, pin: str) -> None:
        self.supply, self.mode, self.pin = supply, mode, pin
        folder.mkdir(parents=True)
        self.work = Repository.__new__(Repository)
        self.work.root = folder / "work"
        self.work.root.mkdir()
        package = str(supply.wheels[__version__]) if pin == "wheel" else f"git+{ADDRESS}@{supply.commit}"
        options = f"--repo-url https://git.acme.example/t.git --domain acme.example --owners @x --package {package}"
        done = self.work.run("init", ".", *options.split(), "--forge", forge, "--mode", mode)
        assert done.exit == 0, done.said
        self.work.write(".tenantry/tools/kustomize/checksums", supply.checksums)
        origin = folder / "origin.git"
        run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(origin), folder=folder)
        self.work.git("remote", "add", "origin", str(origin))
        self.machines = Machines(
            folder=supply.folder / "machines" / folder.name,
            made=supply.folder / "made",
            origin=origin,
            settings=f'[url "{supply.git.as_uri()}"]\n\tinsteadOf = {ADDRESS}\n',
            variables={"TENANTRY_KUSTOMIZE_URL": supply.mirror.as_uri(), "TENANTRY_COMMENT_TOKEN": "t0ken"}
            | {"TENANTRY_DUE_TOKEN": "t0ken"},
        )
        self.forge = (GitHub if forge == "github" else GitLab)(machines=self.machines)

    def push(self, branch: str, message: str) -> None:
        """Commit everything and push it to a branch."""
        self.work.git("add", "--all")
        self.work.git("commit", "--quiet", "--message", message)
        self.work.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")

    def start(self) -> dict[str, Job]:
        """Push for the first time."""
        self.push("main", "start")
        return self.forge.push()

    def branch(self, branch: str, edit: Callable[[Repository], object]) -> None:
        """Make a branch of main with a change, and push it."""
        self.work.git("switch", "--quiet", "--create", branch, "main")
        edit(self.work)
        self.push(branch, branch)

    def change(self, branch: str, edit: Callable[[Repository], object]) -> dict[str, Job]:
        """Make a branch with a change, and run what its pull request runs."""
        self.branch(branch, edit)
        return self.forge.pull_request(branch)

    def merge(self, branch: str) -> dict[str, Job]:
        """Merge a branch and run what that push runs."""
        self.work.git("switch", "--quiet", "main")
        self.work.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
        self.work.git("push", "--quiet", "origin", "main")
        return self.forge.push()

    def followed(self, path: str) -> str:
        """Return what a file holds where Argo CD looks."""
        branch = "deploy" if self.mode == "branch" else "main"
        return self.machines.git("show", f"{branch}:{path}")


def adds_a_company(work: Repository, mode: Publishing) -> None:
    """Do what the guide says."""
    assert work.run("add", "company-101", "--plan", "silver", "--addon", "chatbot").exit == 0
    assert work.run("set", "company-101", "expires=2026-01-31").exit == 0
    if mode == "committed":
        work.generate()


def assert_green(jobs: Mapping[str, Job], *names: str) -> None:
    """Insist that exactly these jobs ran, and that nothing failed."""
    assert [job.log for job in jobs.values() if not job.ok] == []
    assert sorted(jobs) == sorted(names)


@pytest.mark.parametrize(("forge", "mode", "pin"), FORMS)
def test_a_new_repository_is_green_from_its_first_push_to_the_night_after_a_merge(
    supply: Supply, tmp_path: Path, forge: Forge, mode: Publishing, pin: str
) -> None:
    """The first push meets an empty remote; then a pull request, its merge, and what runs every night.

    The company that the pull request brings has a trial that is over, so the night proposes to suspend it.
    """
    project = Project(supply, tmp_path / f"{forge}-{mode}-{pin}", forge, mode, pin)

    with served() as comments, requests.served(project.machines.origin) as asked_for:
        where = f"{comments.address}/repos/acme/tenants/issues/1/comments" if forge == "github" else comments.address
        project.forge = type(project.forge)(machines=project.machines, api=where, requests=asked_for.address)
        first = project.start()
        asked = project.change("company-101", lambda work: adds_a_company(work, mode))
        said = comments.bodies(Handler.me)[-1]
        merged = project.merge("company-101")
        night = project.forge.night()

    assert_green(first, "publish")
    assert_green(asked, *(("check", "scan", "comment") if forge == "github" else ("check", "diff")))
    assert_green(merged, "publish")
    assert_green(night, *(("drift", "due", "scan") if forge == "github" else ("drift", "due")))
    (proposed,) = asked_for.texts
    assert "warning: the trial ended on 2026-01-31 [DUE002]" in proposed
    assert "state: suspended" in project.machines.git("show", "tenantry/due:tenants/company-101.yaml")
    assert "company-101" in said
    assert "the change touches 1 tenant of 2" in asked["check"].log
    assert "approvals-only" not in asked["check"].log
    assert "company-101" in project.followed("overlays/company-101/facts.yaml")
    assert "company-001" in project.followed("overlays/company-001/facts.yaml")


@pytest.mark.parametrize(
    ("forge", "mode"), [pytest.param("github", "branch", marks=pytest.mark.nightly), ("gitlab", "committed")]
)
def test_the_schedule_moves_a_company_in_its_window_and_no_other(
    supply: Supply, tmp_path: Path, forge: Forge, mode: Publishing
) -> None:
    """One window is open, one opens in twelve hours; Argo CD sees the move, and the next run does nothing."""
    project = Project(supply, tmp_path / f"windows-{forge}", forge, mode, "wheel")
    work, now = project.work, datetime.now(UTC)
    for name, hours in (("company-002", -1), ("company-003", 12)):
        assert work.run("add", name, "--plan", "bronze").exit == 0
        opens = now + timedelta(hours=hours)
        window = f"{{days: [{', '.join(DAYS)}], from: '{opens:%H:%M}', for: 8h, timeZone: UTC}}"
        work.write(f"tenants/{name}.yaml", f"{work.read(f'tenants/{name}.yaml')}maintenance: {window}\n")
    assert work.run("release").exit == 0
    text = work.read("platform.yaml")
    work.write("platform.yaml", re.sub("(name: general, release:) edge", r'\1 "1"', text))
    work.edit("base/edge/core/fileserver.yaml", "minReadySeconds: 65", "minReadySeconds: 66")
    assert work.run("release").exit == 0
    assert work.run("promote", "general", "2").exit == 0
    if mode == "committed":
        work.generate()
    assert_green(project.start(), "publish")
    assert {release_of(project, f"company-00{number}") for number in (2, 3)} == {"1"}

    moved = project.forge.quarter()
    pushed = project.machines.git("rev-parse", "main")
    again = project.forge.quarter()

    assert_green(moved, "promote")
    assert_green(again, "promote")
    assert "move company-002 to release 2\n" in moved["promote"].log
    assert (release_of(project, "company-002"), release_of(project, "company-003")) == ("2", "1")
    assert "waiting: [company-003]" in project.machines.git("show", "main:platform.yaml")
    assert project.machines.git("show", "--no-patch", "--format=%s", pushed) == (
        "Move companies in their maintenance windows"
    )
    assert project.machines.git("rev-parse", "main") == pushed


def release_of(project: Project, company: str) -> str:
    """Return the release that a company runs where Argo CD looks."""
    (release,) = re.findall("base/releases/([0-9]+)/core", project.followed(f"overlays/{company}/kustomization.yaml"))
    return str(release)


# --- what is pinned, and nothing else


def replaced(work: Repository, wheel: Path) -> None:
    """Put another wheel in the place of the pinned one, under its name."""
    (pinned,) = (work.root / ".tenantry").glob("*.whl")
    shutil.copy(wheel, pinned)


@pytest.mark.parametrize(("forge", "job"), [("github", "check"), ("gitlab", "publish")])
def test_a_wheel_that_is_renamed_to_another_version_is_refused_by_its_hash(
    supply: Supply, tmp_path: Path, forge: Forge, job: str
) -> None:
    """In the pull request that brings it, and, if somebody merges that, beside the token that may write."""
    project = Project(supply, tmp_path / f"renamed-{forge}", forge, "branch", "wheel")
    assert_green(project.start(), "publish")
    published = project.machines.git("rev-parse", "deploy")

    def rename(work: Repository) -> None:
        replaced(work, supply.wheels[NEXT])

    project.branch("renamed", rename)
    done = project.forge.pull_request("renamed") if job == "check" else project.merge("renamed")

    got = hashlib.sha256(supply.wheels[NEXT].read_bytes()).hexdigest()
    assert not done[job].ok
    assert "DO NOT MATCH THE HASHES" in done[job].log
    assert re.search(rf"Expected sha256 \w+\s+Got +{got}", done[job].log)
    assert "install: pip failed as it says above; nothing may be used of what is there" in done[job].log
    assert project.machines.git("rev-parse", "deploy") == published


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment in which nothing is installed but pip."""
    folder = tmp_path_factory.mktemp("python")
    run(sys.executable, "-m", "venv", str(folder), folder=folder)
    return folder / "bin/python"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tenantry==0.1.0", "No matching distribution found for tenantry==0.1.0"),
        (f"tenantry==0.1.0 --hash=sha256:{'ab' * 32}", "No matching distribution found for tenantry==0.1.0"),
        ("git+file:///nowhere/tenantry.git@main", "Can't verify hashes for these requirements"),
        (f"git+file:///nowhere/tenantry.git@{'0123456789' * 4}", "'/nowhere/tenantry.git' does not appear to be a git"),
        ("\n".join(f"git+file:///{name}.git@{'0123456789' * 4}" for name in "ab"), "Can't verify hashes for these"),
    ],
)
def test_what_nothing_proves_is_not_installed(
    python: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    line: str,
    said: str,
) -> None:
    """A name, which an index could answer; a branch, which moves; a commit that is not there; more than one thing."""
    (tmp_path / "package.txt").write_text(f"# a comment\n{line}\n")
    monkeypatch.setattr(install, "PACKAGE", tmp_path / "package.txt")

    with pytest.raises(install.InstallError):
        install.program(python)

    assert said in capfd.readouterr().err
    assert not python.with_name("tenantry").exists()


# --- the judge is not in the change


def raised(work: Repository, supply: Supply) -> None:
    """Pin the wheel of the next version in the place of this one's."""
    (pinned,) = (work.root / ".tenantry").glob("*.whl")
    pinned.unlink()
    wheel = supply.wheels[NEXT]
    shutil.copy(wheel, work.root / ".tenantry")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    work.write(".tenantry/package.txt", f"./{wheel.name} --hash=sha256:{digest}\n")


def test_a_pull_request_that_raises_the_pin_is_judged_twice(supply: Supply, tmp_path: Path) -> None:
    """By the old tenantry, whether it is approved; then by its own, and once it is merged by that alone."""
    project = Project(supply, tmp_path / "raised", "gitlab", "branch", "wheel")
    assert_green(project.start(), "publish")

    asked = project.change("raised", lambda work: raised(work, supply))
    merged = project.merge("raised")
    later = project.change("company-101", lambda work: adds_a_company(work, "branch"))

    assert asked["check"].ok, asked["check"].log
    assert versions(asked["check"]) == [__version__, NEXT]
    assert "the tenantry that judges changes becomes another one [CHG004]" in asked["check"].log
    assert merged["publish"].ok, merged["publish"].log
    assert later["check"].ok, later["check"].log
    assert versions(later["check"]) == [NEXT]


@pytest.mark.parametrize("forge", get_args(Forge))
def test_a_change_that_brings_a_judge_of_its_own_is_judged_by_the_old_one_first(
    supply: Supply, tmp_path: Path, forge: Forge
) -> None:
    """It takes the budget away, and would be green by itself; nothing of it runs."""
    project = Project(supply, tmp_path / f"evil-{forge}", forge, "branch", "wheel")
    project.work.write("platform.yaml", f"{project.work.read('platform.yaml')}budget: {{share: 50}}\n")
    project.push("main", "start")

    def bring(work: Repository) -> None:
        work.write(".tenantry/tools/install.py", "import pathlib\npathlib.Path(__file__).with_name('evil').touch()\n")
        work.write(".tenantry/action.yml", EVIL)
        work.write("platform.yaml", work.read("platform.yaml").replace("budget: {share: 50}\n", ""))

    done = project.change("takeover", bring)["check"]

    assert not done.ok
    over = "the change is over the blast-radius budget: it touches 100 % of the tenants, 50 % are allowed"
    assert over in unquote(done.log)  # GitHub wants a per cent sign as %25
    assert not list(done.folder.rglob("evil"))


EVIL = """\
name: evil
runs:
  using: composite
  steps:
  - shell: bash
    run: touch "$RUNNER_TEMP/evil"
"""


def test_a_branch_from_before_another_tenantry_is_asked_to_catch_up(supply: Supply, tmp_path: Path) -> None:
    """What it generated is of the one before it. On GitHub only a run that is repeated can be such a one."""
    project = Project(supply, tmp_path / "behind", "gitlab", "branch", "wheel")
    project.push("main", "start")
    project.branch("company-101", lambda work: adds_a_company(work, "branch"))
    project.branch("raised", lambda work: raised(work, supply))
    project.work.git("push", "--quiet", "origin", "raised:main")

    done = project.forge.pull_request("company-101")["check"]

    assert not done.ok
    assert "the base has another tenantry since this branch began: merge it, run tenantry generate, push" in done.log


# --- the guides


def commands(guide: str, heading: str) -> str:
    """Return the commands of a section of a guide, as one script."""
    _, _, section = (ROOT / "docs/guides" / guide).read_text().partition(f"{heading}\n")
    blocks = re.findall(r"^```console\n(.*?)^```$", section.partition("\n## ")[0], re.MULTILINE | re.DOTALL)
    assert blocks, f"{guide} has no commands below {heading}"
    return "".join(blocks).replace("$ ", "")


def test_the_guides_lead_to_pipelines_that_are_green_and_to_the_next_tenantry(supply: Supply, tmp_path: Path) -> None:
    """Every command of the guides as it stands there, with the two repositories where their addresses say."""
    project = Project(supply, tmp_path / "guides", "github", "committed", "git")
    machines, origin = project.machines, project.machines.origin
    source = supply.folder / "source"
    known = {"https://git.example.com/tenantry.git": source, "https://github.com/acme/tenants.git": origin}
    machines.settings = "".join(f'[url "{folder.as_uri()}"]\n\tinsteadOf = {url}\n' for url, folder in known.items())
    machines.settings += "[user]\n\tname = somebody\n\temail = somebody@acme.example\n[init]\n\tdefaultBranch = main\n"
    machines.variables = {"TENANTRY_KUSTOMIZE": kustomize.kustomize()}
    laptop = machines.new("laptop")

    def typed(script: str) -> str:
        done = machines.bash(laptop, script, laptop, {})
        assert done.returncode == 0, done.stdout
        return done.stdout

    steps = [commands("start.md", f"## {heading}") for heading in START]
    typed("\n".join(steps))
    first = project.forge.push()
    release(source)
    typed(f"export PATH=$HOME/tenantry/bin:$PATH\n{commands('ci.md', '## Where tenantry comes from')}{PROPOSE}")
    asked = project.forge.pull_request("raised")

    assert_green(first, "publish")
    assert asked["check"].ok, asked["check"].log
    assert versions(asked["check"]) == [__version__, NEXT]


START = ("1. Lay the repository down", "2. Say what your cluster looks like", "3. Push")
PROPOSE = "git switch --create raised && git add --all && git commit --message raised && git push origin raised"


def release(source: Path) -> None:
    """Commit the next version."""
    version = source / "generator/__init__.py"
    version.write_text(version.read_text().replace(f'"{__version__}"', f'"{NEXT}"'))
    run("git", "commit", "--quiet", "--all", "--message", "next", folder=source)


def versions(job: Job) -> list[str]:
    """Return the versions that a job installed, in order."""
    folders = sorted((job.folder / "temp").glob("*/bin/tenantry"), key=lambda path: path.parents[1].lstat().st_mtime_ns)
    return [run(str(path), "--version", folder=job.folder).split()[1] for path in folders]
