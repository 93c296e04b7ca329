"""The reading side of git: which files a change touches, and what a commit held. The work tree is never touched."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import git

from generator.findings import EnvironmentProblem, TenantryError

_NOTHING: Final = "0" * 40


@dataclass(frozen=True, slots=True, order=True)
class Touched:
    """A file that differs between two states.

    Attributes:
        path: From the repository's root.
        before: Id of the blob before, or empty for a new file.
        after: Id of the blob after, or empty for a removed file.
    """

    path: str
    before: str
    after: str


def forget_the_hook_that_called_us() -> None:
    """Drop the variables by which a git hook tells its children of its own repository."""
    for name in git.Git().rev_parse("--local-env-vars").split():
        if not name.startswith("GIT_CONFIG"):
            os.environ.pop(name, None)


def open_repository(root: Path) -> git.Repo:
    """Open the git repository whose top is `root`.

    Raises:
        EnvironmentProblem: There is none.
    """
    try:
        return git.Repo(root)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        raise EnvironmentProblem(f"{root} is not the top of a git repository", "run `git init` there") from None


def commit_of(repository: git.Repo, name: str) -> git.Commit:
    """Return the commit that a name stands for.

    Raises:
        EnvironmentProblem: There is none, which in a shallow clone may only mean that it was not fetched.
    """
    try:
        return repository.commit(name)
    except (git.BadName, git.GitCommandError, ValueError, IndexError):
        raise EnvironmentProblem(f"there is no commit {name!r} here", _way_to_history(repository)) from None


def merge_base(repository: git.Repo, base: str, head: str = "HEAD") -> git.Commit:
    """Return the commit that a change started from.

    Args:
        repository: The repository.
        base: What the change is to be merged into, for example `origin/main`.
        head: The change.

    Raises:
        EnvironmentProblem: The histories have nothing in common, as far as they were fetched.
    """
    found = repository.merge_base(commit_of(repository, base), commit_of(repository, head))
    if not found:
        raise EnvironmentProblem(f"{base} and {head} have no common commit here", _way_to_history(repository))
    return found[0]


def _way_to_history(repository: git.Repo) -> str:
    if repository.git.rev_parse("--is-shallow-repository") == "true":
        return "this clone is shallow: fetch all history (git fetch --unshallow; in CI, fetch-depth: 0)"
    return "name another commit, or fetch it"


def touched(repository: git.Repo, before: git.Commit, after: git.Commit | None = None) -> tuple[Touched, ...]:
    """Return every file that differs from a commit, sorted by path.

    Args:
        repository: The repository.
        before: The commit.
        after: Another commit; the work tree with its new files when left out.
    """
    arguments = ["--raw", "-z", "--no-renames", "--no-abbrev", before.hexsha, *([after.hexsha] if after else [])]
    fields = [field for field in repository.git.diff(*arguments).split("\0") if field]
    found = {}
    for meta, path in zip(fields[::2], fields[1::2], strict=True):
        _, _, old, new, status = meta.split(" ")
        found[path] = Touched(path, _id(old), "" if status == "D" else _id(new))
    if after is None:
        new_files = repository.git.ls_files("--others", "--exclude-standard", "-z").rstrip("\0").split("\0")
        found |= {path: Touched(path, "", "") for path in new_files if path}
        found = dict(_with_ids_of_the_work_tree(repository, found.values()))
    return tuple(sorted(found.values()))


def _id(blob: str) -> str:
    return "" if blob == _NOTHING else blob


def _with_ids_of_the_work_tree(repository: git.Repo, files: Iterable[Touched]) -> Iterator[tuple[str, Touched]]:
    top = Path(repository.working_dir)
    for one in files:
        present = (top / one.path).is_file()
        after = repository.git.hash_object("--", one.path) if present and not one.after else one.after
        if one.before != after:
            yield one.path, Touched(one.path, one.before, after if present else "")


def export(repository: git.Repo, commit: git.Commit, folder: Path, paths: Sequence[str] = ()) -> None:
    """Write what a commit held into a folder, by an index of its own: attributes such as export-ignore hide nothing.

    Args:
        repository: The repository.
        commit: The commit.
        folder: Where to; it exists.
        paths: Files and folders; those that the commit does not hold are passed over. Everything when empty.
    """
    names = repository.git.ls_tree("-r", "-z", "--name-only", commit.hexsha, "--", *paths)
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary, tempfile.TemporaryFile() as stream:
        stream.write(names.encode("utf-8", "surrogateescape"))
        stream.seek(0)
        with repository.git.custom_environment(GIT_INDEX_FILE=f"{temporary}/index"):
            repository.git.read_tree(commit.hexsha)
            repository.git.checkout_index("-z", "--stdin", f"--prefix={folder}/", istream=stream)


def read(commit: git.Commit, path: str) -> bytes | None:
    """Return what a file held in a commit, or None when it was not there."""
    try:
        blob = commit.tree.join(path)
    except KeyError:
        return None
    if blob.type != "blob":
        raise TenantryError(f"{path} is a folder in {commit.hexsha[:10]}")
    data: bytes = blob.data_stream.read()
    return data
