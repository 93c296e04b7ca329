"""publish over a real bare origin: both modes, races, kills, and what must never happen to the user's own files."""

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from unittest import mock

import pytest

from tests.harness import ROOT, Repository, environment

pytestmark = pytest.mark.slow

MODES: Final = ("committed", "branch")
STEPS: Final = ("lock", "fetch", "tree", "generate", "verify", "commit", "push")
"""What publish reports, in its order."""


class Origin:
    """A bare repository with tenantry's sources on main, and clones of it.

    Args:
        folder: Where it is made.
        mode: `git.publishing` of its platform.yaml.
    """

    def __init__(self, folder: Path, mode: str) -> None:
        self.folder = folder
        self.mode = mode
        self.published = "main" if mode == "committed" else "deploy"
        self.bare = folder / "origin.git"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare)], check=True)
        first = Repository(folder / "first").tenant()
        first.edit("platform.yaml", "publishing: committed", f"publishing: {mode}")
        if mode == "committed":
            first.generate()
        first.git("init", "--quiet", "--initial-branch=main")
        first.git("add", "--all")
        first.git("commit", "--quiet", "--message", "start")
        first.git("push", "--quiet", str(self.bare), "main")

    def clone(self, name: str) -> Repository:
        """Make a clone of its own."""
        subprocess.run(["git", "clone", "--quiet", str(self.bare), str(self.folder / name)], check=True)
        return Repository(self.folder / name)

    def merge(self, clone: Repository, tenant: str) -> None:
        """Bring a tenant's file to main, as a forge does with a pull request, whoever else merges meanwhile."""
        for _ in range(100):
            clone.git("fetch", "--quiet")
            clone.git("reset", "--quiet", "--hard", "origin/main")
            clone.tenant(tenant)
            clone.git("add", "--all")
            clone.git("commit", "--quiet", "--message", f"Add {tenant}")
            if clone.may_fail("push", "--quiet", "origin", "HEAD:main"):
                return
        raise AssertionError("main moved a hundred times")

    def tree(self) -> dict[str, str]:
        """Return every file of the published branch with the id of its blob."""
        command = ["git", "-C", str(self.bare), "ls-tree", "-r", self.published]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        return {line.split("\t")[1]: line.split()[2] for line in lines}

    def assert_complete(self, tenants: set[str]) -> None:
        """Insist that the published branch holds these tenants with all their files, and that nothing is stale."""
        files = self.tree()
        assert {Path(file).stem for file in files if file.startswith("tenants/company")} == tenants
        assert {Path(file).parts[1] for file in files if file.startswith("overlays/")} == tenants
        entries = {Path(file).stem for file in files if "/tenants/" in file and file.startswith("argocd/")}
        assert entries == tenants
        name = f"checkout-{len(list(self.folder.iterdir()))}"
        command = ["git", "clone", "--quiet", "--branch", self.published, str(self.bare), str(self.folder / name)]
        subprocess.run(command, check=True)
        done = Repository(self.folder / name).run("generate", "--check")
        assert done.exit == 0, done.said


def publish_as_process(clone: Repository, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run publish as a process of its own."""
    command = [sys.executable, "-m", "generator", "-C", str(clone.root), "publish", *options]
    return subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=300
    )


def publish(clone: Repository, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run publish inside this process, which takes a fifth of the time, one at a time."""
    with mock.patch.dict(os.environ, environment(), clear=True):
        ran = clone.run("publish", *options)
    return subprocess.CompletedProcess(["publish", *options], ran.exit, ran.stdout, ran.stderr)


@pytest.fixture(params=MODES)
def origin(request: pytest.FixtureRequest, tmp_path: Path) -> Origin:
    """An origin in each mode."""
    return Origin(tmp_path, request.param)


def test_a_merged_tenant_is_published_as_one_commit(origin: Origin) -> None:
    """One commit more on the branch that Argo CD follows; it names the tenant and the commit that it came from."""
    clone = origin.clone("clone")
    publish(clone)
    origin.merge(clone, "company-101")
    source = clone.git("rev-parse", "origin/main").strip()

    done = publish_as_process(clone)

    assert done.returncode == 0, done.stderr
    clone.git("fetch", "--quiet")
    message = clone.git("log", "-1", "--format=%B", f"origin/{origin.published}").strip()
    assert message == f"Publish company-101\n\nTenantry-Source: {source}"
    origin.assert_complete({"company-001", "company-101"})


def test_a_second_run_has_nothing_to_do(origin: Origin) -> None:
    """What is current is not committed again."""
    clone = origin.clone("clone")
    publish(clone)
    before = origin.tree()

    done = publish(clone)

    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == f"nothing pushed to {origin.published}: everything is current"
    assert origin.tree() == before


def test_the_users_index_and_files_are_never_touched(origin: Origin) -> None:
    """Half-done work of the user, staged and not, is as it was; no branch of the user has moved."""
    clone = origin.clone("clone")
    origin.merge(clone, "company-101")
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    clone.write("notes.txt", "staged").git("add", "notes.txt")
    clone.write("notes.txt", "and not staged").write("tenants/company-102.yaml", "half a fi")
    before = (
        clone.git("status", "--porcelain"),
        clone.git("for-each-ref", "refs/heads", "refs/remotes"),
        clone.files(),
    )

    done = publish(clone)

    assert done.returncode == 0, done.stderr
    after = (clone.git("status", "--porcelain"), clone.git("for-each-ref", "refs/heads", "refs/remotes"), clone.files())
    assert after == before


def test_a_hook_leaks_nothing_into_publish(origin: Origin) -> None:
    """Called from a git hook, publish works on its own repository and index, and calls no hook itself."""
    clone = origin.clone("clone")
    origin.merge(clone, "company-101")
    ran = origin.folder / "ran"
    for name in ("post-checkout", "pre-commit", "post-commit", "commit-msg", "pre-push"):
        clone.write(f".git/hooks/{name}", f"#!/bin/sh\ntouch {ran}\nexit 1\n")
        (clone.root / ".git/hooks" / name).chmod(0o755)
    of_the_hook = {"GIT_INDEX_FILE": str(clone.root / ".git/x"), "GIT_DIR": str(clone.root / "x"), "GIT_PREFIX": "x/"}
    command = [sys.executable, "-m", "generator", "-C", str(clone.root), "publish"]
    surroundings = environment() | of_the_hook

    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert not ran.exists()
    origin.assert_complete({"company-001", "company-101"})


def test_a_dry_run_pushes_nothing_and_says_what_it_would(origin: Origin) -> None:
    """The files are named on stdout, and the branch stays."""
    clone = origin.clone("clone")
    publish(clone)
    origin.merge(clone, "company-101")
    before = origin.tree()

    done = publish(clone, "--dry-run")

    assert "create overlays/company-101/facts.yaml" in done.stdout
    assert done.stderr.splitlines()[-1] == f"nothing pushed to {origin.published}: this is a dry run"
    if origin.mode == "branch":
        assert origin.tree() == before


def test_author_and_date_are_taken_from_the_options(origin: Origin) -> None:
    """So that CI can publish in the name of who merged."""
    clone = origin.clone("clone")
    publish(clone)
    origin.merge(clone, "company-101")

    publish(clone, "--author", "Release Robot <robot@example.com>", "--date", "2026-01-02T03:04:05+0900")

    clone.git("fetch", "--quiet")
    author = clone.git("log", "-1", "--format=%an <%ae> %aI", f"origin/{origin.published}").strip()
    assert author == "Release Robot <robot@example.com> 2026-01-02T03:04:05+09:00"


def test_bad_input_on_main_is_refused_and_nothing_is_pushed(origin: Origin) -> None:
    """A tenant file that somebody forced onto main does not reach Argo CD."""
    clone = origin.clone("clone")
    publish(clone)
    before = origin.tree()
    clone.write("tenants/company-101.yaml", "name: company-101\nplan: platinum\n")
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message", "forced")
    clone.git("push", "--quiet", "origin", "HEAD:main")

    done = publish(clone)

    assert done.returncode == 1
    assert "plan: 'platinum' is not one of bronze, silver, gold" in done.stderr
    if origin.mode == "branch":
        assert origin.tree() == before


def test_a_tenant_file_that_vanished_from_main_takes_nothing_along(origin: Origin) -> None:
    """The overlay and the entry stay published, so Argo CD removes nothing."""
    clone = origin.clone("clone")
    origin.merge(clone, "company-101")
    publish(clone)
    clone.git("fetch", "--quiet")
    clone.git("reset", "--quiet", "--hard", "origin/main")
    clone.git("rm", "--quiet", "tenants/company-101.yaml")
    clone.git("commit", "--quiet", "--message", "oops")
    clone.git("push", "--quiet", "origin", "HEAD:main")

    done = publish(clone)

    assert done.returncode == 1
    assert "overlays/company-101/facts.yaml: error: it was generated for the tenant company-101" in done.stderr
    assert "overlays/company-101/facts.yaml" in origin.tree()


def test_an_older_source_never_overwrites_a_newer_one(tmp_path: Path) -> None:
    """When main was reset to an older commit by mistake, what is published stays."""
    origin = Origin(tmp_path, "branch")
    clone = origin.clone("clone")
    origin.merge(clone, "company-101")
    publish(clone)
    before = origin.tree()
    clone.git("push", "--quiet", "--force", "origin", "HEAD~1:main")

    done = publish(clone)

    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == "nothing pushed to deploy: a newer source is published already"
    assert origin.tree() == before


def test_a_rewritten_main_is_refused(tmp_path: Path) -> None:
    """Two histories that do not know each other are a matter for a person."""
    origin = Origin(tmp_path, "branch")
    clone = origin.clone("clone")
    publish(clone)
    clone.git("commit", "--quiet", "--amend", "--message", "another start")
    clone.git("push", "--quiet", "--force", "origin", "HEAD:main")

    done = publish(clone)

    assert done.returncode == 1
    assert "which is not in the history of main" in done.stderr


def test_only_one_run_at_a_time_in_a_repository(origin: Origin) -> None:
    """The second says so and ends with the code of the environment."""
    clone = origin.clone("clone")
    with (clone.root / ".git/tenantry-publish.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = publish_as_process(clone)

    assert done.returncode == 4
    assert done.stderr == (
        "error: another `tenantry publish` runs in this repository\n"
        "  hint: wait for it; the lock is gone when it ends, however it ends\n"
    )


def test_the_bound_of_rejected_pushes_ends_the_run(tmp_path: Path) -> None:
    """A branch that moves under every attempt is given up with the code of the environment."""
    origin = Origin(tmp_path, "branch")
    clone = origin.clone("clone")
    _hook(origin, "echo 'cannot lock ref' >&2; exit 1")

    done = publish(clone, "--retry-for", "1s")

    assert done.returncode == 4
    assert "error: the branch moved during each of" in done.stderr


def test_two_that_push_at_once_lose_nothing(origin: Origin) -> None:
    """The hook holds the first push until the second publisher is done; the first starts again from the new head."""
    first, second = origin.clone("first-clone"), origin.clone("second-clone")
    publish(first)
    origin.merge(first, "company-101")
    held, free = origin.folder / "held", origin.folder / "free"
    _hook(
        origin, f"mkdir {held} 2>/dev/null || exit 0\nfor i in $(seq 300); do [ -e {free} ] && exit 0; sleep 0.1; done"
    )
    with ThreadPoolExecutor() as pool:
        running = pool.submit(publish_as_process, first)
        _wait_for(held)
        if origin.mode == "branch":
            origin.merge(second, "company-102")
        done = publish_as_process(second)
        free.touch()
        late = running.result()

    assert done.returncode == 0, done.stderr
    assert late.returncode == 0, late.stderr
    tenants = {"company-001", "company-101", *(["company-102"] if origin.mode == "branch" else [])}
    origin.assert_complete(tenants)


def _hook(origin: Origin, script: str) -> None:
    hook = origin.bare / "hooks/pre-receive"
    hook.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    hook.chmod(0o755)


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.05)


def onboard_at_once(origin: Origin, number: int) -> set[str]:
    """Let a number of people each merge a tenant and publish, all at the same time; return all tenants."""
    names = [f"company-{100 + index}" for index in range(number)]
    clones = [origin.clone(f"clone-{name}-{time.monotonic_ns()}") for name in names]

    def onboard(clone: Repository, name: str) -> "subprocess.CompletedProcess[str]":
        origin.merge(clone, name)
        return publish_as_process(clone)

    with ThreadPoolExecutor(max_workers=number) as pool:
        for done in pool.map(onboard, clones, names):
            assert done.returncode == 0, done.stderr
    return {"company-001", *names}


def test_six_publishers_at_once_lose_nothing(origin: Origin) -> None:
    """Each merges a tenant of its own; at the end all are there with overlays and entries, and nothing is stale."""
    origin.assert_complete(onboard_at_once(origin, 6))


@pytest.mark.nightly
@pytest.mark.parametrize("mode", MODES)
def test_twenty_publishers_at_once_lose_nothing(tmp_path: Path, mode: str) -> None:
    """Ten rounds of the same with twenty."""
    for round_ in range(10):
        origin = Origin(tmp_path / str(round_), mode)
        origin.assert_complete(onboard_at_once(origin, 20))


_KILLED: Final = """
import os, signal, sys
from pathlib import Path
from generator.publish.publish import Order, publish
def progress(step):
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
publish(Path(sys.argv[1]), Order(), progress)
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_after_any_step_leaves_nothing_that_the_next_run_does_not_fix(origin: Origin, step: str) -> None:
    """The next run gives the tree of an undisturbed one, and clears away worktree and locks of the killed one."""
    clone = origin.clone("clone")
    publish(clone)
    origin.merge(clone, "company-101")
    before = (clone.git("status", "--porcelain"), clone.files())
    temporary = origin.folder / "tmp"
    temporary.mkdir()
    surroundings = environment() | {"TMPDIR": str(temporary)}

    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(clone.root), step], cwd=ROOT, env=surroundings, check=False
    )

    assert killed.returncode == -signal.SIGKILL
    assert (clone.git("status", "--porcelain"), clone.files()) == before
    done = publish_as_process(clone)
    assert done.returncode == 0, done.stderr
    origin.assert_complete({"company-001", "company-101"})
    assert len(clone.git("worktree", "list").splitlines()) == 1
    assert not list(temporary.glob("tenantry-publish-*"))
    assert not list((clone.root / ".git/refs").rglob("*.lock"))


def _dice() -> random.Random:
    seed = int(os.environ.get("TENANTRY_KILL_SEED", str(time.time_ns() % 10**6)))
    print(f"TENANTRY_KILL_SEED={seed}")  # noqa: T201 -- so that a failure can be tried again
    return random.Random(seed)  # noqa: S311 -- moments, not secrets


def _kill_amid(clone: Repository, verb: str, seconds: float) -> None:
    command = [sys.executable, "-m", "generator", "-C", str(clone.root), verb]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as running:
        time.sleep(seconds)
        running.kill()


@pytest.mark.nightly
@pytest.mark.parametrize("mode", MODES)
def test_a_hundred_kills_amid_publish_lose_nothing(tmp_path: Path, mode: str) -> None:
    """At random moments, in each mode; after every fifth a run gives the tree of an undisturbed one."""
    dice = _dice()
    origin = Origin(tmp_path, mode)
    clone = origin.clone("clone")
    tenants = {"company-001"}
    for number in range(100):
        if number % 5 == 0:
            tenants.add(f"company-{200 + number}")
            origin.merge(clone, f"company-{200 + number}")
        _kill_amid(clone, "publish", dice.uniform(0, 2))
        if number % 5 == 4:
            done = publish_as_process(clone)
            assert done.returncode == 0, done.stderr
            origin.assert_complete(tenants)


@pytest.mark.nightly
def test_a_hundred_kills_amid_generate_tear_nothing(tmp_path: Path) -> None:
    """At random moments; after every fifth a run gives the tree of an undisturbed one."""
    dice = _dice()
    repository = Repository(tmp_path / "repository")
    twin = Repository(tmp_path / "twin")
    for number in range(100):
        repository.tenant(f"company-{200 + number}", plan=dice.choice(("bronze", "silver", "gold")))
        _kill_amid(repository, "generate", dice.uniform(0.2, 0.8))
        if number % 5 == 4:
            for path in (repository.root / "tenants").glob("*.yaml"):
                twin.write(f"tenants/{path.name}", path.read_bytes())
            assert repository.generate().files() == twin.generate().files()
