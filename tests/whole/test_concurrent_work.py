"""People who work at the same time, and runs that die: nothing is lost, whatever the order and the moment."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness import ROOT, Files, Repository, environment

NAMES: Final = ("company-101", "company-102", "company-103", "company-104")


@pytest.fixture(scope="module")
def branches(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with one company on main, and a branch for each further one, all begun at the same commit."""
    folder = tmp_path_factory.mktemp("branches") / "repository"
    repository = Repository(folder).tenant().generate()
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "start")
    for number, name in enumerate(NAMES):
        repository.git("switch", "--quiet", "--create", name, "main")
        repository.tenant(
            name, plan=("bronze", "silver", "gold")[number % 3], addons=["chatbot"] * (number % 2 == 0)
        ).generate()
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "--message", name)
    return repository


@pytest.mark.slow
@settings(max_examples=12)
@given(order=st.permutations(NAMES))
def test_onboardings_merge_in_any_order_into_the_same_bytes(branches: Repository, order: list[str]) -> None:
    """No conflict, no shared file: the merged tree is what generating it again gives."""
    branches.git("switch", "--quiet", "--detach", "main")
    for name in order:
        branches.git("merge", "--quiet", "--no-edit", name)

    done = branches.run("generate", "--check")

    assert done.exit == 0, done.said
    tree = branches.git("rev-parse", "HEAD^{tree}")
    branches.git("switch", "--quiet", "--detach", "main")
    for name in sorted(order):
        branches.git("merge", "--quiet", "--no-edit", name)
    assert branches.git("rev-parse", "HEAD^{tree}") == tree


_KILLED: Final = """
import os, signal, sys
from pathlib import Path
from generator import pipeline
from generator.git.snapshot import Snapshot
left = int(sys.argv[2])
real = os.replace
def replace(source, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    real(source, target)
os.replace = replace
pipeline.generate(Path(sys.argv[1]), Snapshot.of_work_tree(Path(sys.argv[1])))
"""
_OF_A_NEW_TENANT: Final = 4
"""Files that are written for it, one after the other."""


@pytest.mark.parametrize("written", range(_OF_A_NEW_TENANT))
def test_a_kill_between_two_files_of_generate_tears_none(repository: Repository, written: int) -> None:
    """Each file is as before, or whole; the next run gives the tree of an undisturbed one."""
    repository.tenant("company-101").generate()
    before = repository.files()
    repository.tenant("company-102", plan="silver", addons=["chatbot"])
    undisturbed = _undisturbed(repository)
    command = [sys.executable, "-c", _KILLED, str(repository.root), str(written)]

    killed = subprocess.run(command, cwd=ROOT, env=environment(), check=False)

    assert killed.returncode == -signal.SIGKILL
    after = repository.files()
    whole = {file: content for file, content in after.items() if not Path(file).name.startswith(".")}
    assert all(content in (before.get(file), undisturbed[file]) for file, content in whole.items())
    assert len([file for file in whole if file not in before]) == 1 + written
    assert repository.generate().files() == undisturbed


def _undisturbed(repository: Repository) -> Files:
    twin = Repository(repository.root.with_name("twin"))
    for path in (repository.root / "tenants").glob("*.yaml"):
        twin.write(f"tenants/{path.name}", path.read_bytes())
    return twin.generate().files()


@pytest.mark.slow
def test_runs_of_generate_at_the_same_time_agree(repository: Repository) -> None:
    """Three terminals, one repository: all end well, and the tree is that of one run."""
    for name in NAMES:
        repository.tenant(name)
    undisturbed = _undisturbed(repository)
    command = [sys.executable, "-m", "generator", "-C", str(repository.root), "generate"]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(3)
    ]

    said = [process.communicate()[1] for process in running]

    assert [process.returncode for process in running] == [0, 0, 0], said
    assert repository.files() == undisturbed
