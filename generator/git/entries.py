"""What git can hold at a path. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

FILE_MODES: Final = ("100644", "100755")
"""Modes of ordinary files; anything else is a link, a repository inside the repository, or an invention."""

LINK_MODE: Final = "120000"
REPOSITORY_MODE: Final = "160000"
OTHER_MODE: Final = "000000"
"""No mode of git's: a device, a FIFO or a socket, which git cannot hold."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """What git holds at a path.

    Attributes:
        mode: As git writes it: `100644`, `100755` for a program, `120000` for a link, `160000` for a repository.
        blob: Id of the content; empty for a file that was never added.
        absent: Whether a sparse checkout leaves it out of the work tree, so that its content stands in git alone.
    """

    mode: str
    blob: str
    absent: bool = False

    @property
    def is_file(self) -> bool:
        """Whether it is an ordinary file."""
        return self.mode in FILE_MODES


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute that some files have, by one line of a file of attributes.

    Attributes:
        name: For example `filter`.
        value: For example `lfs`; `set` when it stands without a value.
        file: Where the line stands: a path from the root, or an absolute one; empty when it was not found.
        line: 1 for the first line.
        paths: The files that have it, sorted.
    """

    name: str
    value: str
    file: str
    line: int
    paths: tuple[str, ...]


def above(path: str) -> Iterator[str]:
    """Yield the folders above a path, the outermost first."""
    return (path[:number] for number, character in enumerate(path) if character == "/")


LONGEST: Final = 1024
"""Characters of a path that is read, and of one of its parts 255 bytes: what file systems take."""


def is_plain(path: str) -> bool:
    """Say whether a path can stand below a folder: it is no longer than file systems take, and leads nowhere else."""
    if len(path) <= _LONGEST_PART and _USUAL.fullmatch(path):  # there are 50,000 of these
        return True
    return len(path) <= LONGEST and all(map(_is_plain_part, path.split("/")))


_LONGEST_PART: Final = 255
_USUAL: Final = re.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
"""Each part of it begins with no dot, so that none is special."""


def _is_plain_part(part: str) -> bool:
    return (
        part not in ("", ".", "..")
        and part.casefold() != ".git"
        and len(part.encode(errors="replace")) <= _LONGEST_PART
    )
