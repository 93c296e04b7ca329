"""Earlier versions of tenant files, from git's history: which names were given before, and what a company had."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from generator import layout
from generator.findings.finding import EnvironmentProblem
from generator.fleet.validate import Had
from generator.git import ancestry, door, trees
from generator.git.door import Repository
from generator.reading import quantity, yaml_reader
from generator.reading.yaml_reader import Document

_FEW: Final = 50
"""How many versions of one tenant file are read to find what a company had; a file changes a few times a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A tenant file as a commit wrote it.

    Attributes:
        commit: The commit, in full.
        path: Where it wrote the file.
        blob: What it wrote.
    """

    commit: str
    path: str
    blob: str


def whole(repository: Repository, why: str) -> None:
    """Insist that all of the history is here.

    Raises:
        EnvironmentProblem: The clone is shallow.
    """
    if ancestry.is_shallow(repository):
        fact = f"this clone is shallow, and {why}"
        raise EnvironmentProblem(fact, "fetch all history: git fetch --unshallow; in CI, fetch-depth: 0")


def versions(
    repository: Repository, commits: Sequence[str], names: Collection[str]
) -> Mapping[str, tuple[Version, ...]]:
    """Return every version of the files of tenants that commits and all before them wrote, the newest first.

    One pass over the history, whatever the number of names. A file is known by its name, in whatever folder of
    tenants/ it lay and however its case was written.

    Args:
        repository: The repository.
        commits: Where the history starts.
        names: Names of tenants.
    """
    wanted = {name.casefold(): name for name in names}
    found: dict[str, list[Version]] = defaultdict(list)
    for commit, path, blob in _written(repository, commits) if wanted else ():
        name = wanted.get(layout.stem(path).casefold())
        if name is not None and path.casefold().endswith(".yaml"):
            found[name].append(Version(commit=commit, path=path, blob=blob))
    return {name: tuple(written) for name, written in found.items()}


def _written(repository: Repository, commits: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield commit, path and blob of every file that was written below tenants/, the newest first.

    Merges are compared with each of their parents, and no side of one is passed over: a name that only a merge, or
    the other side of one, has seen was given all the same.
    """
    # plumbing, because the user's settings have a say in what `git log` shows
    found = repository.run("rev-list", "--full-history", "--topo-order", *commits, "--", layout.TENANTS)
    options = ("-r", "-m", "--root", "-z", "--raw", "--no-renames", "--no-abbrev", "--diff-filter=d", "--stdin")
    said = os.fsdecode(repository.run("diff-tree", *options, "--", layout.TENANTS, stdin=found))
    commit = ""
    fields = iter(said.split("\0"))
    for field in fields:
        if field.startswith(":"):
            yield commit, next(fields), field.split(" ")[3]
        else:
            commit = field


def content(repository: Repository, version: Version) -> bytes:
    """Return what a version holds."""
    return next(repository.blobs([version.blob]))


# --- what a company had


def storage_had(repository: Repository, commit: str, *, own: bool = True) -> Had:
    """Return what tells how much storage companies had, as far as a commit and those before it know.

    Args:
        repository: The repository.
        commit: The newest commit that counts.
        own: Whether what that commit itself holds counts as it is; otherwise, and in every commit before, only what
            was inside the plan of its time.
    """

    @cache
    def plans(of: str) -> Mapping[str, Any]:
        return _plans(trees.read(repository, of, layout.PLATFORM))

    def storage(of: str, data: bytes | None) -> tuple[int, int] | None:
        return _storage(data, plans(of))

    def had(documents: Collection[Document]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        open_: dict[str, Document] = {}
        for document in documents:
            here = storage(commit, trees.read(repository, commit, document.file)) if own else None
            if here:
                found[document.file] = here[0]
            if not here or here[0] < quantity.octets(document.data["storage"]):
                open_[PurePosixPath(document.file).stem] = document
        written = versions(repository, [commit], open_)
        for name, earlier in written.items():
            file = open_[name].file
            for version in earlier[:_FEW]:
                then = storage(version.commit, content(repository, version))
                if then and then[0] <= then[1]:
                    found[file] = max(found.get(file, 0), then[0])
        if written:
            whole(repository, "what a company had stands in its history")
        return found

    return had


def of_work_tree(root: Path) -> Had:
    """Return what tells how much storage companies had, for a work tree: nothing where git knows nothing."""

    def had(documents: Collection[Document]) -> Mapping[str, int]:
        head = ancestry.head(root) if documents else ""
        return storage_had(door.open_repository(root), head)(documents) if head else {}

    return had


def _plans(text: bytes | None) -> Mapping[str, Any]:
    """Return the plans of a platform.yaml as far as they can be read."""
    data = _mapping(layout.PLATFORM, text)
    plans = data.get("plans")
    return plans if isinstance(plans, dict) else {}


def _storage(text: bytes | None, plans: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the bytes that a tenant file gives, and the most that its plan did; None when it does not say."""
    data = _mapping(layout.TENANTS, text)
    try:
        of_the_plan = plans[data["plan"]]["storage"]
        asked = data.get("storage", of_the_plan["default"])
        return quantity.octets(asked), quantity.octets(of_the_plan["max"])
    except (KeyError, TypeError, ValueError):
        return None


def _mapping(file: str, text: bytes | None) -> Mapping[str, Any]:
    document, _ = yaml_reader.read(file, text or b"")
    return document.data if document is not None and isinstance(document.data, dict) else {}
