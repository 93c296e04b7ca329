"""The reading side of git: what a commit, the index or the work tree holds, and how two commits differ.

Every command runs through one door, `Repository.run`, which leaves nothing of the repository's own settings in effect
that runs a program or changes what is printed: hooks, fsmonitor, replaced objects, colours, the variables by which a
calling hook speaks of its own repository. Objects are read as they are stored, never through a checkout, so that no
attribute and no filter has a say.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator.findings.finding import EnvironmentProblem


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
        wanted = "".join(f"{item}\n" for item in ids).encode()
        said = self.run("cat-file", "--batch-check", stdin=wanted).decode().splitlines()
        return {name: int(size) for name, size in map(_header, said)}

    def blobs(self, ids: Iterable[str]) -> Iterator[bytes]:
        """Yield what blobs hold, in the order of their ids.

        Raises:
            GitRefused: One is missing.
        """
        with tempfile.TemporaryFile() as wanted:
            wanted.write("".join(f"{item}\n" for item in ids).encode())
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


def fields(printed: bytes) -> list[str]:
    """Return what git printed between NULs; names of files come back as they are."""
    return [os.fsdecode(field) for field in printed.split(b"\0") if field]
