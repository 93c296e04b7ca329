"""What was published before, known by its content: the message of a commit says where to look, and proves nothing.

Whoever may push to the branch that Argo CD follows, or may word the message of a merge, can write any trailer. So the
commit that a trailer names is taken only where the published sources are that commit's, to the byte, and where the
generated files beside them are what they give. Otherwise nothing counts as published, and every merge is judged.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator import layout, pipeline
from generator.findings.finding import Refused
from generator.fleet import earlier
from generator.generate.write import compare
from generator.git import ancestry, push, trees
from generator.git.door import Repository
from generator.git.snapshot import Snapshot

TRAILER: Final = "Tenantry-Source"
"""Names, in each published commit, the commit that it was generated from."""

_TRAILER: Final = re.compile(f"^{TRAILER}: ([0-9a-f]{{40,64}})$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was published before.

    Attributes:
        commit: The commit that holds it.
        source: The commit whose sources it holds.
    """

    commit: str
    source: str


def on_its_own_branch(repository: Repository, tip: str, source: str, index: Path) -> Before | None:
    """Return what a branch of generated files holds; None when no commit has its sources.

    Args:
        repository: The repository.
        tip: The newest commit of that branch.
        source: The newest commit of the main branch.
        index: Where the index is made that this may need.

    Raises:
        EnvironmentProblem: The clone is shallow, and does not tell.
    """
    named = _named(repository, tip)
    if named is not None and _differ_in_generated_files_alone(repository, tip, named.source):
        return Before(commit=tip, source=named.source)
    found = _by_sources(repository, tip, source, index)
    if found is None:
        earlier.whole(repository, "what was published before stands in its history")
        return None
    return Before(commit=tip, source=found)


def on_the_main_branch(repository: Repository, tip: str) -> Before | None:
    """Return the newest commit of the main branch that brought generated files alone, to what it says that it did.

    Args:
        repository: The repository.
        tip: The newest commit of that branch.

    Raises:
        EnvironmentProblem: The clone is shallow, and does not tell.
    """
    named = _named(repository, tip)
    if named is None or ancestry.parents(repository, named.commit)[:1] != (named.source,):
        earlier.whole(repository, "what was published before stands in its history")
        return None
    return named if _differ_in_generated_files_alone(repository, named.commit, named.source) else None


def _named(repository: Repository, tip: str) -> Before | None:
    """Return the newest commit of a branch's own line with the trailer, and the commit that it names."""
    options = ("--first-parent", "--max-count=1", "--basic-regexp", f"--grep=^{TRAILER}: ", "--end-of-options", tip)
    commit = repository.text("rev-list", *options)
    names = _TRAILER.findall(repository.text("cat-file", "commit", commit)) if commit else ()
    if not names:
        return None
    there = repository.text("rev-parse", "--verify", "--quiet", f"{names[-1]}^{{commit}}", may_say_no=True)
    return Before(commit=commit, source=there) if there else None


def _differ_in_generated_files_alone(repository: Repository, one: str, other: str) -> bool:
    return all(layout.is_generated(file.path) for file in trees.touched(repository, one, other))


def _by_sources(repository: Repository, published: str, source: str, index: Path) -> str | None:
    """Return the newest commit up to a source that holds what a published commit holds beside its generated files.

    Args:
        repository: The repository.
        published: The published commit.
        source: The newest commit of the main branch.
        index: Where the index is made that this needs.
    """
    generated = dict.fromkeys(filter(layout.is_generated, trees.entries(repository, published)))
    tree = push.tree_of(repository, published, generated, index)
    lines = repository.text("rev-list", "--first-parent", "--format=%T", "--end-of-options", source).splitlines()
    commits = (line.removeprefix("commit ") for line in lines[::2])
    return next((commit for commit, held in zip(commits, lines[1::2], strict=True) if held == tree), None)


def is_current(repository: Repository, published: str, folder: Path) -> bool:
    """Say whether the generated files of a commit are what its sources give; a company without a file keeps its own.

    Args:
        repository: The repository.
        published: The commit.
        folder: Where its files are written; it is made.

    Raises:
        EnvironmentProblem: There is no kustomize.
    """
    folder.mkdir()
    snapshot = Snapshot.of_commit(repository, published, folder, layout.OWN)
    try:
        composed = pipeline.composed(snapshot, had=earlier.storage_had(repository, published))
    except Refused:
        return False
    found = compare(snapshot, composed.tree, composed.fleet.names)
    return not found.changes and not found.forbidden
