"""A small repository under git, with a base of its own: what the tests of diff change and compare."""

import shutil
from pathlib import Path
from typing import Final, Self

from tests.harness import ROOT, Repository

HERE: Final = ROOT / "tests" / "cases" / "diff" / "repository"


class Committed(Repository):
    """The repository of `tests/cases/diff/repository`, with one commit on main.

    Args:
        folder: Where it is made.
        given: What it is a copy of.
    """

    def __init__(self, folder: Path, given: Path = HERE) -> None:
        self.root = folder
        shutil.copytree(given, folder)
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("start")

    def lay(self, folder: Path) -> Self:
        """Lay files over the present ones, as new: git trusts a file of the same size whose time did not change."""
        shutil.copytree(folder, self.root, dirs_exist_ok=True, copy_function=shutil.copyfile)
        return self

    def commit(self, message: str) -> str:
        """Commit everything, and return the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def without_id(self, text: str) -> str:
        """Return a text with the word COMMIT in the place of the id of the last commit."""
        commit = self.git("rev-parse", "HEAD").strip()
        return text.replace(commit, "COMMIT").replace(commit[:10], "COMMIT")
