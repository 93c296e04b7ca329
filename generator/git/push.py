"""The writing side of git: fetch branches, make one commit out of blobs, push it.

A commit is made of objects alone, in an index of its own: no file is checked out or added, so no attribute, filter or
hook has a say in what is published, and the user's index and files are never touched.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator.findings.finding import EnvironmentProblem
from generator.git.door import GitRefused, Repository
from generator.git.entries import TreeEntry

_REFS: Final = "refs/tenantry"
"""What we fetch goes to references of our own."""

_MOVED: Final = (
    "[rejected]",
    "cannot lock ref",
    "failed to update ref",
    "reference already exists",
    "incorrect old value",
)
"""What git says when a branch has moved since it was fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who a commit is by, besides what git's settings say.

    Attributes:
        author: `Name <address>`, or empty for git's own.
        date: Author date, or empty for now.
    """

    author: str = ""
    date: str = ""


# --- the remote


def push_address(repository: Repository, remote: str) -> str:
    """Return where git pushes to for a remote.

    Raises:
        EnvironmentProblem: There is no such remote.
    """
    return _address(repository, remote, "--push")


def fetch_address(repository: Repository, remote: str) -> str:
    """Return where git fetches from for a remote.

    Raises:
        EnvironmentProblem: There is no such remote.
    """
    return _address(repository, remote)


def _address(repository: Repository, remote: str, *options: str) -> str:
    try:
        return repository.text("remote", "get-url", *options, "--", remote)
    except GitRefused as refused:
        there = ", ".join(repository.text("remote").split()) or "none"
        hint = f"name another one: --remote NAME (there is {there}), or add it: git remote add {remote} URL"
        raise EnvironmentProblem(f"there is no remote {remote}", hint) from refused


def fetch(repository: Repository, remote: str, branch: str) -> str | None:
    """Fetch a branch and return the id of its tip; None when there is no such branch.

    Args:
        repository: The repository.
        remote: Name of a remote, or an address.
        branch: The branch.

    Raises:
        EnvironmentProblem: The remote cannot be reached, or refuses.
    """
    reference = f"{_REFS}/{branch}"
    # an empty refmap leaves the user's own remote-tracking branches as they are
    options = (
        "--refmap=",
        "--no-tags",
        "--no-prune",
        "--no-write-fetch-head",
        "--no-auto-gc",
        "--no-recurse-submodules",
    )
    try:
        repository.run("fetch", "--quiet", *options, "--", remote, f"+refs/heads/{branch}:{reference}")
    except GitRefused as refused:
        if "couldn't find remote ref" in refused.said:
            return None
        raise
    return repository.text("rev-parse", "--verify", reference)


def push(repository: Repository, address: str, commit: str, branch: str) -> bool:
    """Push a commit; False when the branch has moved since it was fetched.

    Args:
        repository: The repository.
        address: Where to; pushing by a remote's name would update the user's own remote-tracking branches.
        commit: The commit.
        branch: The branch that it becomes the tip of.

    Raises:
        EnvironmentProblem: The remote cannot be reached, or refuses.
    """
    options = ("--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no")
    try:
        repository.run("push", *options, "--", address, f"{commit}:refs/heads/{branch}")
    except GitRefused as refused:
        if any(words in refused.said for words in _MOVED):
            return False
        fact = f"git push to {branch} failed: {_words(refused)}"
        raise EnvironmentProblem(fact, "the account that publishes needs the right to push to it") from None
    return True


def _words(refused: GitRefused) -> str:
    return " ".join(re.sub(r"^(?:fatal|error): ", "", refused.said).split())


def clean(common: Path) -> None:
    """Remove the locks that killed runs left on our references.

    Args:
        common: The git folder that all worktrees share.
    """
    for lock in (common / _REFS).rglob("*.lock"):
        lock.unlink(missing_ok=True)


# --- the commit


def stored(repository: Repository, files: Mapping[str, bytes], folder: Path) -> dict[str, TreeEntry]:
    """Store files as blobs, byte by byte, and return what to hold at each path.

    Args:
        repository: The repository.
        files: Path in the repository -> content.
        folder: Where they are written for git; it is made.
    """
    folder.mkdir()
    names = [folder / str(number) for number in range(len(files))]
    for name, content in zip(names, files.values(), strict=True):
        name.write_bytes(content)
    paths = "".join(f"{name}\n" for name in names)
    ids = repository.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=os.fsencode(paths))
    return {path: TreeEntry("100644", blob) for path, blob in zip(files, ids.decode().split(), strict=True)}


def tree_of(repository: Repository, commit: str, changes: Mapping[str, TreeEntry | None], index: Path) -> str:
    """Return the id of a commit's tree with some paths changed.

    Args:
        repository: The repository.
        commit: The commit.
        changes: What each of these paths holds; None for a path that goes.
        index: Where the index is made that this needs.
    """
    variables = {"GIT_INDEX_FILE": str(index)}
    gone = TreeEntry("0", "0" * len(commit))
    entries = {path: gone if change is None else change for path, change in changes.items()}
    lines = (f"{entry.mode} {entry.blob}\t{path}\0" for path, entry in entries.items())
    repository.run("read-tree", commit, variables=variables)
    repository.run("update-index", "-z", "--index-info", stdin=os.fsencode("".join(lines)), variables=variables)
    return repository.run("write-tree", variables=variables).decode().strip()


def commit(repository: Repository, tree: str, parent: str, message: str, signature: Signature) -> str:
    """Make a commit, signed when git's settings say so, and return its id.

    Raises:
        EnvironmentProblem: Git does not know who commits, or cannot sign.
    """
    variables = {"GIT_AUTHOR_DATE": signature.date} if signature.date else {}
    if match := AUTHOR.fullmatch(signature.author):
        variables |= {"GIT_AUTHOR_NAME": match[1], "GIT_AUTHOR_EMAIL": match[2]}
    sign = repository.text("config", "--type=bool", "--get", "commit.gpgSign", may_say_no=True) == "true"
    arguments = ["commit-tree", tree, "-p", parent, "-F", "-", *(["-S"] if sign else [])]
    try:
        return repository.run(*arguments, stdin=f"{message}\n".encode(), variables=variables).decode().strip()
    except GitRefused as refused:
        raise EnvironmentProblem(f"git commit failed: {_words(refused)}", _way_to_commit(refused, sign=sign)) from None


AUTHOR: Final = re.compile(r"\s*(\S[^<>\n]*?)\s*<([^<>\n]+)>\s*")
"""`Name <address>`."""


def _way_to_commit(refused: GitRefused, *, sign: bool) -> str:
    if sign and "sign" in refused.said:
        return "sign with a key that is there: git config user.signingKey KEY; or not: git config commit.gpgSign false"
    return "say who publishes: git config user.name and user.email, or GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL"
