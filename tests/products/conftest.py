"""Another product to try tenantry on."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.harness import Repository

WIKI: Final = Path(__file__).parent / "wiki"
"""A wiki with two add-ons: search, a StatefulSet with a claim and a host of its own, and mail, with neither."""


@pytest.fixture
def wiki(tmp_path: Path) -> Repository:
    """A provider of wikis, with all that is generated committed on main."""
    repository = copied(tmp_path).generate()
    repository.git("init", "--quiet", "--initial-branch", "main")
    return committed(repository)


def copied(folder: Path) -> Repository:
    """Return a repository of wikis in a folder, with nothing generated."""
    shutil.copytree(WIKI, folder / "repository")
    return Repository(folder / "repository")


def committed(repository: Repository) -> Repository:
    """Commit all that there is."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "a change")
    return repository
