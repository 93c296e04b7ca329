"""Which paths may stand below a folder, and which of a commit are taken."""

from pathlib import Path

import pytest

from generator.git import door
from generator.git.entries import is_plain
from generator.git.snapshot import Snapshot
from tests.harness import Repository


@pytest.mark.parametrize(
    "path",
    ["tenants/a.yaml", "-a/_b/0.c", "a/..b", "a/.b/c", "a/b.git", "a/.gitignore", "caf\u00e9/a b", "a/" + "b" * 255],
)
def test_a_path_that_leads_nowhere_else_is_plain(path: str) -> None:
    """Also one that begins with a dot, or is longer than those that are looked at in one step."""
    assert is_plain(path)


@pytest.mark.parametrize(
    "path",
    ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", ".git/a", "a/.GIT/b", "a\n/..", "b" * 256, "a/" * 512 + "b"],
)
def test_a_path_that_leads_elsewhere_is_not_plain(path: str) -> None:
    """Or that no file system takes."""
    assert not is_plain(path)


def test_of_a_commit_the_chosen_files_and_folders_are_taken(repository: Repository, tmp_path: Path) -> None:
    """A folder with all below it, a file alone, and nothing whose name only begins so."""
    for path in ("base/a/b.yaml", "based/a.yaml", "tenants/x.yaml", "tenants/x.yaml.d/y", "tenants/z.yaml", "top"):
        repository.write(path, "a: b\n")
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all", "--force")
    repository.git("commit", "--quiet", "--message", "start")
    of_git = door.open_repository(repository.root)

    taken = Snapshot.of_commit(of_git, "HEAD", tmp_path, ("base", "tenants/x.yaml", "top"))

    own = {path for path in taken.held if path in taken.held and not path.startswith("base/")}
    assert own == {"tenants/x.yaml", "top"}
    assert "base/a/b.yaml" in taken.held
    assert "based/a.yaml" in taken.beside
