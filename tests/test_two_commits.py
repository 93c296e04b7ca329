"""What a change may not take away from a company: over real commits, each with the way out that its message names."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.harness import Ran, Repository, environment

CORE: Final = "base/edge/core/fileserver.yaml"
FACTS: Final = "base/edge/components/facts/kustomization.yaml"
CHATBOT: Final = "base/edge/components/ai-chatbot"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two companies on main, where generated files are published on a branch of their own."""
    repository = Repository(tmp_path_factory.mktemp("start") / "repository")
    repository.edit("platform.yaml", "publishing: committed", "publishing: branch")
    repository.tenant("company-001", hosts=["files.customers.example.net"])
    repository.tenant("company-002", plan="silver", chatbot=True)
    repository.git("init", "--quiet", "--initial-branch=main")
    commit(repository, "start")
    return repository.root


@pytest.fixture
def change(start: Path, tmp_path: Path) -> Repository:
    """A copy of that repository, on a branch for the change."""
    shutil.copytree(start, tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    repository.git("switch", "--quiet", "--create", "change")
    return repository


def commit(repository: Repository, message: str = "change") -> Repository:
    """Commit all that stands there."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--allow-empty", "--message", message)
    return repository


def on_main(repository: Repository, message: str = "forced") -> Repository:
    """Let main be what stands there, whatever it is, and go on from there."""
    commit(repository, message)
    repository.git("branch", "--quiet", "--force", "main")
    return repository


def check(repository: Repository) -> Ran:
    """Commit, and check the change against main."""
    return commit(repository).run("check", "--base", "main")


def follow(repository: Repository, said: Ran, pattern: str = r"(git (?:restore|checkout|show) .+)") -> Ran:
    """Run the first command that a message names, word by word, and check again."""
    found = re.search(pattern, said.stdout)
    assert found, said.stdout
    command = re.split(r"(?:, or|\)$)", found[1])[0].replace(" && tenantry generate", "")
    done = subprocess.run(command, shell=True, cwd=repository.root, env=environment(), check=False)  # noqa: S602
    assert done.returncode == 0, command
    return check(repository)


def rename_claim(repository: Repository, name: str) -> None:
    """Give the file server's claim another name, everywhere in base/."""
    text = repository.read(CORE)
    repository.write(
        CORE,
        text.replace("name: files\n  labels", f"name: {name}\n  labels").replace(
            "claimName: files", f"claimName: {name}"
        ),
    )
    repository.edit(FACTS, "kind: PersistentVolumeClaim, name: files}", f"kind: PersistentVolumeClaim, name: {name}}}")


def test_a_claim_that_is_renamed_is_refused(change: Repository) -> None:
    """Case 02: every company would get an empty volume, and its files would stay in the old one."""
    rename_claim(change, "data")

    refused = check(change)
    passed = follow(change, refused)

    assert refused.exit == 1
    base = change.git("rev-parse", "--short=10", "main").strip()
    assert (
        f"{CORE}:15:1: error: the PersistentVolumeClaim files becomes data, for company-001, company-002 [CHG020]\n"
        f"  hint: take it back: git restore --source={base} --staged --worktree base"
    ) in refused.stdout
    assert passed.exit == 0, passed.said
