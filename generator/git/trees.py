"""What commits and the work tree hold, and what differs between them."""

import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator.git.ancestry import id_of, parents, versions
from generator.git.door import Repository, fields, open_repository
from generator.git.entries import FILE_MODES, LINK_MODE, OTHER_MODE, REPOSITORY_MODE, TreeEntry, above


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


def entries(repository: Repository, commit: str, paths: Collection[str] = ()) -> dict[str, TreeEntry]:
    """Return everything that a commit holds, or what it holds at these files and below these folders, by path."""
    found = {}
    for line in fields(repository.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths)):
        meta, path = line.split("\t", 1)
        mode, _, blob = meta.split(" ")
        found[path] = TreeEntry(mode, blob)
    return found


def texts_below(repository: Repository, commit: str, folder: str) -> dict[str, str]:
    """Return what the files of a commit below a folder hold: path -> text, of what is no file its id.

    Bytes that are no UTF-8 stay apart (surrogateescape), so that texts differ where files do.
    """
    listed = fields(repository.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", f"{folder}/"))
    told = [(meta.split(" "), path) for meta, path in (line.split("\t", 1) for line in listed)]
    blobs = [(path, meta[2]) for meta, path in told if meta[1] == "blob"]
    held = repository.blobs([blob for _, blob in blobs])
    texts = {path: raw.decode(errors="surrogateescape") for (path, _), raw in zip(blobs, held, strict=True)}
    return {path: texts.get(path, meta[2]) for meta, path in told}


def read(repository: Repository, commit: str, path: str) -> bytes | None:
    """Return what a file held in a commit, or None when it was not there."""
    listed = fields(repository.run("ls-tree", "-z", "--full-tree", commit, "--", path))
    held = [line.split("\t", 1)[0].split(" ") for line in listed]
    if not held or held[0][1] != "blob":
        return None
    return next(repository.blobs([held[0][2]]))


def touched(repository: Repository, before: str, after: str) -> tuple[Touched, ...]:
    """Return every file that differs between two commits, sorted by path."""
    options = ("--raw", "-r", "-z", "--no-renames", "--no-abbrev", "--end-of-options")
    told = fields(repository.run("diff-tree", *options, before, after))
    return tuple(sorted(map(touched_of, told[::2], told[1::2])))


def touched_of(meta: str, path: str) -> Touched:
    """Read what git says of a file that differs: a raw line of a difference, and the path that it is about."""
    _, _, old, new, _ = meta.split(" ")
    return Touched(path, _id(old), _id(new))


def _id(blob: str) -> str:
    return "" if not blob.strip("0") else blob


def work_tree(repository: Repository, paths: Collection[str] = ()) -> dict[str, TreeEntry]:
    """Return what git holds of the work tree, by path: as it would be held if everything were added.

    Args:
        repository: The repository.
        paths: The files and folders that are looked at; everything when empty.
    """
    new = fields(repository.run("ls-files", "-z", "--others", "--exclude-standard", "--", *paths))
    found = {path.rstrip("/"): entry for path in new if (entry := _new(repository.root, path))}
    links = {path for path, entry in found.items() if entry.mode == LINK_MODE}
    differing = _differing(repository, paths)
    for line in fields(repository.run("ls-files", "-z", "--stage", "-v", "--", *paths)):
        meta, path = line.split("\t", 1)
        tag, mode, blob, _ = meta.split(" ")
        if tag == _LOOKED_AT and mode in FILE_MODES and path not in differing:
            found[path] = TreeEntry(mode, blob)
        elif entry := _tracked(repository, path, mode, blob, left_out=tag in _LEFT_OUT):
            found[path] = entry
    return {path: entry for path, entry in found.items() if not links or not links.intersection(above(path))}


_LOOKED_AT: Final = "H"
"""What git calls a file that it looks at itself, to know whether it differs from what was added."""

_LEFT_OUT: Final = ("S", "s")
"""What it calls a file that a sparse checkout leaves out."""


def _differing(repository: Repository, paths: Collection[str]) -> frozenset[str]:
    """Return the tracked paths at which something else may stand than what was added: git looks at all at once."""
    options = ("--name-only", "-z", "--no-renames", "--ignore-submodules=dirty")
    return frozenset(fields(repository.run("diff-files", *options, "--", *paths)))


def _tracked(repository: Repository, path: str, mode: str, blob: str, *, left_out: bool) -> TreeEntry | None:
    present = mode_of(repository.root, path)
    if mode == REPOSITORY_MODE and not present:
        return TreeEntry(mode, blob)
    if mode == LINK_MODE and present in FILE_MODES and not _has_links(repository):
        return TreeEntry(mode, blob)
    if not present:
        return TreeEntry(mode, blob, absent=True) if left_out else None
    return TreeEntry(present, blob)


def _has_links(repository: Repository) -> bool:
    """Say whether a link is checked out as a link: otherwise its target stands in an ordinary file."""
    return repository.text("config", "--type=bool", "--get", "core.symlinks", may_say_no=True) != "false"


def _new(root: Path, path: str) -> TreeEntry | None:
    # a repository inside the repository is told as a folder
    mode = REPOSITORY_MODE if path.endswith("/") else mode_of(root, path)
    return TreeEntry(mode, "") if mode else None


def has_seen(root: Path, path: str) -> bool:
    """Say whether git holds a file in the work tree whose top is `root`, or held it in an earlier commit.

    Raises:
        EnvironmentProblem: Git refuses the repository.
    """
    repository = open_repository(root)
    if repository.run("ls-files", "-z", "--", path):
        return True
    newest = id_of(repository, "HEAD")
    return bool(newest and versions(repository, newest, path, 1))


def way_back(repository: Repository, commit: str, path: str) -> str:
    """Return the command that brings back a file or folder that is gone; empty when git has never held it so.

    What held a link, or a folder with one, is passed over: bringing that back would be refused as well.

    Args:
        repository: The repository.
        commit: The commit; empty for the work tree.
        path: The file or folder.
    """
    newest = commit or id_of(repository, "HEAD")
    written = versions(repository, newest, path, _MOST_VERSIONS) if newest else ()
    before = [f"{version[:10]}^" for version in written if parents(repository, version)]
    for name in before if commit else ["HEAD", *before]:
        held = fields(repository.run("ls-tree", "-r", "-z", "--full-tree", name, "--", path)) if newest else []
        if held and all(line.startswith(FILE_MODES) for line in held):
            return f"git checkout {name} -- {path}"
    return ""


_MOST_VERSIONS: Final = 20
"""Earlier forms of a file that are looked at for one that may come back."""


def ignored(repository: Repository, paths: Collection[str]) -> dict[str, TreeEntry]:
    """Return the files of the work tree that git ignores, by path.

    Args:
        repository: The repository.
        paths: The files and folders that are looked at.
    """
    options = ("-z", "--others", "--ignored", "--exclude-standard", "--")
    found = fields(repository.run("ls-files", *options, *paths))
    return {path: entry for path in found if (entry := _new(repository.root, path))}


def ignored_by(repository: Repository, path: str) -> str:
    """Return the rule by which git ignores a path, as file:line and pattern; empty when it does not."""
    options = ("--verbose", "-z", "--stdin")
    either = {"GIT_LITERAL_PATHSPECS": "0"}  # the command takes paths alone, and refuses the setting
    name = os.fsencode(f"./{path}\0")
    said = repository.run("check-ignore", *options, stdin=name, variables=either, may_say_no=True)
    if not said:
        return ""
    file, line, pattern, _ = os.fsdecode(said).split("\0", 3)
    return "" if pattern.startswith("!") else f"{file}:{line} ({pattern})"


def mode_of(root: Path, path: str) -> str:
    """Return the mode that git would give to what stands at a path; empty for a folder, and where nothing stands."""
    try:
        mode = os.lstat(f"{root}/{path}").st_mode
    except OSError:
        return ""
    if stat.S_ISREG(mode):
        return "100755" if mode & stat.S_IXUSR else "100644"
    if stat.S_ISDIR(mode):
        return ""
    return LINK_MODE if stat.S_ISLNK(mode) else OTHER_MODE


def touched_since(repository: Repository, before: str) -> tuple[Touched, ...]:
    """Return every file of which the work tree differs from a commit, sorted by path; new ones are among them."""
    options = ("--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=dirty", "--end-of-options")
    told = fields(repository.run("diff-index", *options, before))
    olds = {path: _id(meta.split(" ")[2]) for meta, path in zip(told[::2], told[1::2], strict=True)}
    new = fields(repository.run("ls-files", "-z", "--others", "--exclude-standard"))
    now = _ids(repository, [*olds, *(path for path in new if path not in olds)])
    found = (Touched(path, olds.get(path, ""), blob) for path, blob in now.items())
    return tuple(sorted(problem for problem in found if problem.before != problem.after))


def uncommitted(root: Path) -> tuple[str, ...]:
    """Return the paths of which the work tree differs from its commit, as they can be shown, sorted."""
    repository = open_repository(root)
    paths = (file.path for file in touched_since(repository, id_of(repository, "HEAD")))
    return tuple(path if path.isprintable() else ascii(path)[1:-1] for path in paths)


def _ids(repository: Repository, paths: Sequence[str]) -> dict[str, str]:
    """Return the id that what stands at each path of the work tree would have; empty where no file stands."""
    found = dict.fromkeys(paths, "")
    present = [path for path in paths if mode_of(repository.root, path) in FILE_MODES]
    for start in range(0, len(present), _AT_ONCE):
        some = present[start : start + _AT_ONCE]
        ids = repository.text("hash-object", "--no-filters", "--", *some).split()
        found |= dict(zip(some, ids, strict=True))
    return found


_AT_ONCE: Final = 200
"""Paths in one command; each has at most 4,096 bytes."""
