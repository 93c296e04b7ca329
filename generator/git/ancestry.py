"""Which commits there are, and how they follow each other."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from generator.findings.finding import EnvironmentProblem
from generator.git.door import GitRefused, Repository, is_repository, open_repository


def commit_of(repository: Repository, name: str) -> str:
    """Return the id of the commit that a name stands for: of a branch, before a tag of that name.

    Git takes the tag, and more people may push tags than may merge: one called `origin/main` would be what a pull
    request is compared with.

    Raises:
        EnvironmentProblem: There is none, which in a shallow clone may only mean that it was not fetched.
    """
    spelled = () if _NO_BRANCH.match(name) else (f"refs/heads/{name}", f"refs/remotes/{name}")
    known = (id_of(repository, f"{item}^{{commit}}") for item in (*spelled, name))
    found = next((commit for commit in known if commit), "")
    if not found:
        raise EnvironmentProblem(f"there is no commit {name!r} here", _way_to_history(repository))
    return found


_NO_BRANCH: Final = re.compile(r"HEAD\b|@|:|refs/|([0-9a-f]{40}|[0-9a-f]{64})\b")
"""What a name begins with that git takes for no short name of a branch."""


def moment(seconds: str) -> datetime:
    """Return when a commit was made by its seconds since 1970, git's `%ct`; 1970 where that is no time.

    Args:
        seconds: What git printed; anything, where somebody wrote the commit by hand.
    """
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def head(root: Path) -> str:
    """Return the id of the commit that the work tree belongs to; empty before the first one, and without a repository.

    Raises:
        EnvironmentProblem: Git refuses the repository.
    """
    if not is_repository(root):
        return ""
    return id_of(open_repository(root), "HEAD")


def id_of(repository: Repository, name: str) -> str:
    """Return the id of the object that a name stands for, or nothing."""
    return repository.text("rev-parse", "--verify", "--quiet", "--end-of-options", name, may_say_no=True)


def branch_of(repository: Repository, name: str) -> str | None:
    """Return the head of a branch as `origin` was last seen to have it, or as it is here; None when it is neither."""
    known = (id_of(repository, f"refs/{where}/{name}") for where in ("remotes/origin", "heads"))
    return next((commit for commit in known if commit), None)


def merge_base(repository: Repository, base: str, head: str = "HEAD") -> str:
    """Return the commit that a change started from.

    Args:
        repository: The repository.
        base: What the change is to be merged into, for example `origin/main`.
        head: The change.

    Raises:
        EnvironmentProblem: The histories have nothing in common, as far as they were fetched.
    """
    ends = (commit_of(repository, base), commit_of(repository, head))
    found = repository.text("merge-base", *ends, may_say_no=True)
    if not found:
        raise EnvironmentProblem(f"{base} and {head} have no common commit here", _way_to_history(repository))
    return found.splitlines()[0]


def has_reference(repository: Repository, name: str) -> bool:
    """Say whether there is a branch or tag of a full name such as `refs/heads/main`."""
    return bool(id_of(repository, name))


def author(repository: Repository) -> str:
    """Return who a commit would be by, as `Name <address>`.

    Raises:
        EnvironmentProblem: Git does not know.
    """
    try:
        said = repository.text("var", "GIT_AUTHOR_IDENT")
    except GitRefused:
        hint = "say who you are: git config user.name and user.email"
        raise EnvironmentProblem("git does not know who you are", hint) from None
    return said.rsplit(" ", 2)[0]


def is_shallow(repository: Repository) -> bool:
    """Say whether a part of the history was not fetched."""
    return repository.text("rev-parse", "--is-shallow-repository") == "true"


def _way_to_history(repository: Repository) -> str:
    if not id_of(repository, "HEAD"):
        return "nothing was committed yet: git add --all && git commit"
    if is_shallow(repository):
        return "this clone is shallow: fetch all history (git fetch --unshallow; in CI, fetch-depth: 0)"
    return "name another commit, or fetch it"


def is_ancestor(repository: Repository, older: str, newer: str) -> bool:
    """Say whether a commit is another one, or in its history; no commit that is not here is."""
    if not id_of(repository, f"{older}^{{commit}}"):
        return False
    return repository.text("merge-base", older, newer, may_say_no=True).splitlines()[:1] == [older]


def parents(repository: Repository, commit: str) -> tuple[str, ...]:
    """Return the ids of a commit's parents; none for a first commit, and at the edge of a shallow clone."""
    return tuple(repository.text("rev-list", "--parents", "--max-count=1", commit).split()[1:])


def versions(repository: Repository, commit: str, path: str, most: int) -> tuple[str, ...]:
    """Return the commits of a branch's own line that wrote or removed a file, up to one of them, the newest first.

    Args:
        repository: The repository.
        commit: The newest commit.
        path: The file.
        most: How many are returned at most.
    """
    return tuple(repository.text("rev-list", "--first-parent", f"--max-count={most}", commit, "--", path).split())
