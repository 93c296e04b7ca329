"""The reading side of git: what a commit, the index or the work tree holds, and how two commits differ.

Every command runs through one door, `Repository.run`, which leaves nothing of the repository's own settings in effect
that runs a program or changes what is printed: hooks, fsmonitor, replaced objects, colours, the variables by which a
calling hook speaks of its own repository. Objects are read as they are stored, never through a checkout, so that no
attribute and no filter has a say.
"""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator.findings.finding import EnvironmentProblem
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


class GitRefused(EnvironmentProblem):
    """A git command failed.

    Attributes:
        said: Everything that it said on stderr.
    """

    def __init__(self, command: str, said: str) -> None:
        first, *rest = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason given"]
        fact = f"git {command}: {re.sub(r'^(?:fatal|error): ', '', first)}"
        hint = " ".join(re.sub(r"^hint: ?", "", line) for line in rest)
        super().__init__(fact, hint or "`git fsck` says whether the repository is whole")
        self.said = said


# --- the door


_SETTINGS: Final = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.untrackedCache": "false",
    "core.quotePath": "false",
    "color.ui": "false",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "submodule.recurse": "false",
}
"""Given with each command, so they win over every file."""

_OF_THE_USER: Final = re.compile(
    "GIT_(?:CONFIG|EXEC_PATH|SSH|ASKPASS|TERMINAL_PROMPT|ALLOW_PROTOCOL|PROTOCOL|SSL|HTTP|PROXY|CURL|AUTHOR|COMMITTER)"
    "(?:_.*)?"
)
"""Variables that say where git finds its programs, its settings and the network; the others speak of a repository."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository with a work tree, seen through the one door to git.

    Attributes:
        root: The top of its work tree.
    """

    root: Path

    def run(
        self, *arguments: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None, may_say_no: bool = False
    ) -> bytes:
        """Run a git command in the work tree and return what it prints.

        Args:
            arguments: The command with its arguments.
            stdin: What it is given to read.
            variables: Environment variables besides.
            may_say_no: Whether the exit code 1 is an answer: then it is told by an empty output.

        Raises:
            GitRefused: It failed.
            EnvironmentProblem: There is no git.
        """
        done = subprocess.run(  # noqa: S603 -- git, found on PATH
            [_git(), *self._before(), *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=environment(self.root, variables),
        )
        if done.returncode == 0:
            return done.stdout
        if may_say_no and done.returncode == 1:
            return b""
        raise GitRefused(arguments[0], done.stderr.decode("utf-8", "replace"))

    def text(self, *arguments: str, may_say_no: bool = False) -> str:
        """Run a git command as `run` does and return what it prints as text, without the line end."""
        return os.fsdecode(self.run(*arguments, may_say_no=may_say_no)).rstrip("\n")

    def _before(self) -> list[str]:
        settings = [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
        return ["-C", str(self.root), "--no-pager", *settings]

    def sizes(self, ids: Iterable[str]) -> dict[str, int]:
        """Return how many bytes objects have, by id.

        Raises:
            GitRefused: One is missing.
        """
        wanted = "".join(f"{one}\n" for one in ids).encode()
        said = self.run("cat-file", "--batch-check", stdin=wanted).decode().splitlines()
        return {name: int(size) for name, size in map(_header, said)}

    def blobs(self, ids: Iterable[str]) -> Iterator[bytes]:
        """Yield what blobs hold, in the order of their ids.

        Raises:
            GitRefused: One is missing.
        """
        with tempfile.TemporaryFile() as wanted:
            wanted.write("".join(f"{one}\n" for one in ids).encode())
            wanted.seek(0)
            command = [_git(), *self._before(), "cat-file", "--batch"]
            with subprocess.Popen(  # noqa: S603 -- git, found on PATH
                command, stdin=wanted, stdout=subprocess.PIPE, env=environment(self.root)
            ) as running:
                assert running.stdout is not None
                for line in running.stdout:
                    _, size = _header(line.decode())
                    yield running.stdout.read(size)
                    running.stdout.read(1)


def _header(line: str) -> tuple[str, int]:
    """Read what `git cat-file` says of a blob: its id and how many bytes it has."""
    name, *kind = line.split()
    if len(kind) != 2 or kind[0] != "blob":  # noqa: PLR2004 -- kind and size
        raise GitRefused("cat-file", f"object {name} is missing, or no blob")
    return name, int(kind[1])


def environment(root: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a git command: without what a calling hook says of its own repository.

    Args:
        root: The top of the work tree; git does not look above it.
        variables: What stands there besides.
    """
    known = (key for key in os.environ if not key.startswith("GIT_") or _OF_THE_USER.fullmatch(key))
    return {
        **{key: os.environ[key] for key in known},
        "LC_ALL": "C",
        "GIT_CEILING_DIRECTORIES": str(root.parent),
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        **(variables or {}),
    }


def _git() -> str:
    found = shutil.which("git")
    if not found:
        raise EnvironmentProblem("there is no git", "install git 2.30 or newer, and have it on PATH")
    return found


def is_repository(root: Path) -> bool:
    """Say whether a folder is the top of a git work tree, or means to be one."""
    return os.path.lexists(root / ".git")


def open_repository(root: Path) -> Repository:
    """Open the git repository whose top is `root`.

    Raises:
        EnvironmentProblem: There is none, or git refuses it.
    """
    root = root.resolve()
    if not is_repository(root):
        raise EnvironmentProblem(f"{root} is not the top of a git repository", "run `git init` there")
    repository = Repository(root)
    top = repository.text("rev-parse", "--show-toplevel")
    if not root.samefile(top):
        fact = f"git takes {top} for the top of the work tree, not {root}"
        raise EnvironmentProblem(fact, "look at core.worktree: git config --show-origin core.worktree")
    return repository


def create(folder: Path, branch: str) -> None:
    """Make a folder a git repository, with an empty branch."""
    Repository(folder.resolve()).run("init", "--quiet", f"--initial-branch={branch}")


# --- commits


def commit_of(repository: Repository, name: str) -> str:
    """Return the id of the commit that a name stands for: of a branch, before a tag of that name.

    Git takes the tag, and more people may push tags than may merge: one called `origin/main` would be what a pull
    request is compared with.

    Raises:
        EnvironmentProblem: There is none, which in a shallow clone may only mean that it was not fetched.
    """
    spelled = () if _NO_BRANCH.match(name) else (f"refs/heads/{name}", f"refs/remotes/{name}")
    known = (_id_of(repository, f"{one}^{{commit}}") for one in (*spelled, name))
    found = next((commit for commit in known if commit), "")
    if not found:
        raise EnvironmentProblem(f"there is no commit {name!r} here", _way_to_history(repository))
    return found


_NO_BRANCH: Final = re.compile(r"HEAD\b|@|:|refs/|([0-9a-f]{40}|[0-9a-f]{64})\b")
"""What a name begins with that git takes for no short name of a branch."""


def head(root: Path) -> str:
    """Return the id of the commit that the work tree belongs to; empty before the first one, and without a repository.

    Raises:
        EnvironmentProblem: Git refuses the repository.
    """
    if not is_repository(root):
        return ""
    return _id_of(open_repository(root), "HEAD")


def _id_of(repository: Repository, name: str) -> str:
    """Return the id of the object that a name stands for, or nothing."""
    return repository.text("rev-parse", "--verify", "--quiet", "--end-of-options", name, may_say_no=True)


def branch_of(repository: Repository, name: str) -> str | None:
    """Return the head of a branch as `origin` was last seen to have it, or as it is here; None when it is neither."""
    known = (_id_of(repository, f"refs/{where}/{name}") for where in ("remotes/origin", "heads"))
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
    return bool(_id_of(repository, name))


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
    if not _id_of(repository, "HEAD"):
        return "nothing was committed yet: git add --all && git commit"
    if is_shallow(repository):
        return "this clone is shallow: fetch all history (git fetch --unshallow; in CI, fetch-depth: 0)"
    return "name another commit, or fetch it"


def is_ancestor(repository: Repository, older: str, newer: str) -> bool:
    """Say whether a commit is another one, or in its history; no commit that is not here is."""
    if not _id_of(repository, f"{older}^{{commit}}"):
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


# --- what is held


def entries(repository: Repository, commit: str) -> dict[str, TreeEntry]:
    """Return everything that a commit holds, by path."""
    found = {}
    for line in fields(repository.run("ls-tree", "-r", "-z", "--full-tree", commit)):
        meta, path = line.split("\t", 1)
        mode, _, blob = meta.split(" ")
        found[path] = TreeEntry(mode, blob)
    return found


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


def fields(printed: bytes) -> list[str]:
    """Return what git printed between NULs; names of files come back as they are."""
    return [os.fsdecode(field) for field in printed.split(b"\0") if field]


def work_tree(repository: Repository) -> dict[str, TreeEntry]:
    """Return what git holds of the work tree, by path: as it would be held if everything were added."""
    new = fields(repository.run("ls-files", "-z", "--others", "--exclude-standard"))
    found = {path.rstrip("/"): entry for path in new if (entry := _new(repository.root, path))}
    links = {path for path, entry in found.items() if entry.mode == LINK_MODE}
    for line in fields(repository.run("ls-files", "-z", "--stage", "-t")):
        meta, path = line.split("\t", 1)
        tag, mode, blob, _ = meta.split(" ")
        if entry := _tracked(repository, path, mode, blob, left_out=tag == "S"):
            found[path] = entry
    return {path: entry for path, entry in found.items() if not links or not links.intersection(above(path))}


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
    newest = _id_of(repository, "HEAD")
    return bool(newest and versions(repository, newest, path, 1))


def way_back(repository: Repository, commit: str, path: str) -> str:
    """Return the command that brings back a file or folder that is gone; empty when git has never held it so.

    What held a link, or a folder with one, is passed over: bringing that back would be refused as well.

    Args:
        repository: The repository.
        commit: The commit; empty for the work tree.
        path: The file or folder.
    """
    newest = commit or _id_of(repository, "HEAD")
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
    return tuple(sorted(one for one in found if one.before != one.after))


def uncommitted(root: Path) -> tuple[str, ...]:
    """Return the paths of which the work tree differs from its commit, as they can be shown, sorted."""
    repository = open_repository(root)
    paths = (file.path for file in touched_since(repository, _id_of(repository, "HEAD")))
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
