"""IO in: the line of first parents of a branch, with what each commit changed of tenants/."""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from generator import layout
from generator.fleet.earlier import whole
from generator.git import ancestry
from generator.git.door import Repository
from generator.history.events import Commit
from generator.reading import yaml_reader


def branch(repository: Repository, name: str) -> str:
    """Return the commit of a branch: as the remote has it, or as it is here, or HEAD where neither is known."""
    for reference in (f"refs/remotes/origin/{name}", f"refs/heads/{name}"):
        if ancestry.has_reference(repository, reference):
            return ancestry.commit_of(repository, reference)
    return ancestry.commit_of(repository, "HEAD")


def line(repository: Repository, head: str) -> Iterator[Commit]:
    """Yield the commits of the line of first parents that touch tenants/, the oldest first.

    Args:
        repository: The repository.
        head: Where the line ends.

    Raises:
        EnvironmentProblem: The clone is shallow.
    """
    whole(repository, "what companies had stands in its history")
    pairs = repository.text("rev-list", "--first-parent", "--reverse", "--parents", head).splitlines()
    touched = _touched(repository, pairs)
    contents = _contents(repository, {blob for files in touched.values() for blob in files.values() if blob})
    known = _described(repository, list(touched))
    latest = datetime.min.replace(tzinfo=UTC)
    for commit, (parents, when, author, message) in known.items():
        files = touched[commit]
        # a clock that was wrong lets no change come before the one that it follows
        latest = max(latest, when)
        authors = _authors(repository, commit, files) if len(parents) > 1 else {}
        yield Commit(
            id=commit,
            time=latest,
            author=author,
            message=message,
            is_merge=len(parents) > 1,
            files={path: _data(path, contents[blob]) if blob else None for path, blob in files.items()},
            authors=authors,
        )


def _touched(repository: Repository, pairs: list[str]) -> Mapping[str, Mapping[str, str]]:
    """Return what each commit changed of tenants/ against its first parent: path -> blob, or empty for a file gone.

    Args:
        repository: The repository.
        pairs: Each commit with its parents, in one text; only the first parent counts.
    """
    found: dict[str, dict[str, str]] = {}
    options = ("-r", "--root", "-z", "--raw", "--no-renames", "--no-abbrev", "--stdin")
    wanted = "".join(f"{' '.join(pair.split()[:2])}\n" for pair in pairs).encode()
    said = os.fsdecode(repository.run("diff-tree", *options, "--", layout.TENANTS, stdin=wanted))
    commit = ""
    fields = iter(said.split("\0"))
    for field in fields:
        if field.startswith(":"):
            path, blob = next(fields), field.split(" ")[3]
            if _TENANT_FILE.search(path):
                found.setdefault(commit, {})[path] = blob if blob.strip("0") else ""
        elif field:
            commit = field.split()[0]
    return found


_TENANT_FILE: Final = re.compile(r"/[a-z](?:-?[a-z0-9])*\.yaml$")
"""A file that can be a company's: whatever else was ever committed there is none, and stands in history for good."""


def _contents(repository: Repository, blobs: set[str]) -> Mapping[str, bytes]:
    wanted = sorted(blobs)
    return dict(zip(wanted, repository.blobs(wanted), strict=True))


def _described(repository: Repository, ids: list[str]) -> Mapping[str, tuple[list[str], datetime, str, str]]:
    """Return parents, time, author and message of commits, in their order."""
    found: dict[str, tuple[list[str], datetime, str, str]] = {}
    if not ids:
        return found
    # plumbing, because the user's settings have a say in what `git log` shows; it puts a line before each record
    wanted = "".join(f"{blob}\n" for blob in ids).encode()
    options = ("--no-walk=unsorted", "--format=%H%x00%P%x00%ct%x00%an <%ae>%x00%B%x00", "--stdin")
    said = repository.run("rev-list", *options, stdin=wanted).decode(errors="replace")  # names may be in any encoding
    fields = said.split("\0")
    for start in range(0, len(fields) - 1, 5):
        commit, parents, when, author, message = fields[start : start + 5]
        found[commit.rpartition("\n")[2]] = (parents.split(), ancestry.moment(when), author, message)
    return found


def _authors(repository: Repository, commit: str, paths: Mapping[str, str]) -> Mapping[str, str]:
    """Return who wrote the last change of each file that a merge brought."""
    found = {}
    for path in paths:
        options = ("--max-count=1", "--format=%an <%ae>", "--no-merges")
        said = repository.run("rev-list", *options, f"{commit}^1..{commit}", "--", path).decode(errors="replace")
        if said:
            found[path] = said.rstrip("\n").split("\n")[-1]
    return found


def _data(path: str, raw: bytes) -> Mapping[str, Any]:
    document, _ = yaml_reader.read(path, raw)
    return document.data if document is not None and isinstance(document.data, dict) else {}
