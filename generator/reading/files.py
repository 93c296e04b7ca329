"""IO in: the one door to the files of a repository. Nothing is opened before it is known to be an ordinary file.

A path comes with a pull request, and so does what stands there: a link to a device, a FIFO that nobody writes to, a
file of 60 MB, a folder in 4,000 folders. Such a thing is refused by its name before it is opened, read or entered: by
its type, by its size, by the length and the depth of its path.
"""

import errno
import itertools
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import Final

from generator.findings.finding import Finding, Place, TenantryError
from generator.findings.table import finding

MAX_BYTES: Final = 1 << 20
"""Of one file, unless the caller has a smaller bound: 1 MiB, the most that etcd takes for an object."""

MAX_DEPTH: Final = 16
"""Folders inside one another, counted from the repository's root; tenantry's own layout needs 5."""

_SPLIT: Final = "split it, or remove what does not belong there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The most that may stand below a folder.

    Attributes:
        entries: Files and folders together.
        total: Bytes of all files that are read, together.
    """

    entries: int
    total: int


BY_HAND: Final = Bounds(entries=1 << 12, total=16 << 20)
"""Of what people write: a release of base/ has some 30 entries and 30 KiB."""

GENERATED: Final = Bounds(entries=1 << 19, total=512 << 20)
"""Of what tenantry writes: 100,000 tenants have 300,000 entries below overlays/ and some 300 MiB below argocd/."""


class Kind(StrEnum):
    """What stands at a path."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder.

    Attributes:
        path: From the repository's root, with forward slashes.
        kind: What it is; a link is a link, wherever it leads.
    """

    path: str
    kind: Kind


class BadFile(TenantryError):  # noqa: N818 -- reads as what it is
    """A file or folder cannot be read, or must not be.

    Attributes:
        place: The path that is to be changed: that of the file, or of a folder above it.
        what: What is the case there, without the place.
        missing: Whether nothing stands there.
    """

    def __init__(self, path: str, what: str, hint: str = "", *, missing: bool = False) -> None:
        self.place = Place(_printable(path))
        self.what = what
        self.missing = missing
        super().__init__(f"{self.place}: {what}", hint)

    @property
    def finding(self) -> Finding:
        """The same as a finding, for those who collect them."""
        return finding("FIL001", self.place, self.what, self.hint)


def read(root: Path, path: str, max_bytes: int = MAX_BYTES, seen: set[str] | None = None) -> bytes:
    """Read a file of the repository.

    Args:
        root: The repository's root; it may itself be reached through a link.
        path: From the root, with forward slashes; no part of it may be a link.
        max_bytes: The most that is read; a larger file is refused unread.
        seen: Folders that were looked at before and are folders, to be added to: of files that are read at one moment.

    Raises:
        BadFile: It is missing, no ordinary file, reached through a link, too large, or cannot be read.
    """
    folder, _, name = path.rpartition("/")
    above = f"{root}/{folder}"
    if seen is None or above not in seen or len(path) > _LONGEST or not _USUAL.fullmatch(name):
        _check_folders(root, path)
        if seen is not None:
            seen.add(above)
    try:
        file = os.open(f"{root}/{path}", _FLAGS)
    except OSError as error:
        raise _not_opened(root, path, error) from None
    try:
        return _read(path, file, max_bytes)
    except OSError as error:
        raise _unreadable(path, error) from None
    finally:
        os.close(file)


def bounded(path: str, held: bytes, max_bytes: int = MAX_BYTES) -> bytes:
    """Return what a file holds that is in memory already; arguments as for `read`.

    Raises:
        BadFile: It is too large.
    """
    if len(held) > max_bytes:
        raise _too_large(path, max_bytes)
    return held


def kind_of(root: Path, path: str) -> Kind | None:
    """Return what stands at a path, or None when nothing does; arguments as for `read`.

    Raises:
        BadFile: The path leads through a link, or a folder above it cannot be entered.
    """
    try:
        _check_folders(root, path)
        return _kind(os.lstat(f"{root}/{path}").st_mode)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from None
    except BadFile as bad:
        if bad.missing:
            return None
        raise


def walk(root: Path, folder: str, bounds: Bounds = GENERATED) -> Iterator[Entry]:
    """Yield everything below a folder; links are not followed. Nothing when the folder is not there.

    Args:
        root: The repository's root.
        folder: From the root.
        bounds: The most that may be there.

    Yields:
        Folder by folder, sorted inside each.

    Raises:
        BadFile: The folder is something else, cannot be listed, holds too much, or is nested too deeply.
    """
    kind = kind_of(root, folder)
    if kind is None:
        return
    if kind is not Kind.FOLDER:
        raise refuse(folder, kind, Kind.FOLDER)
    count = 0
    pending = [folder]
    while pending:
        here = pending.pop()
        if here.count("/") >= MAX_DEPTH:
            raise too_deep(here)
        found = listed(root, here, bounds)
        count += len(found)
        if count > bounds.entries:
            raise too_many(folder, bounds)
        yield from found
        pending += [entry.path for entry in reversed(found) if entry.kind is Kind.FOLDER]


def listed(root: Path, folder: str, bounds: Bounds = GENERATED) -> tuple[Entry, ...]:
    """Return what stands in a folder itself, sorted; arguments and errors as for `walk`, of a folder that is there."""
    found: list[Entry] = []
    try:
        with os.scandir(f"{root}/{folder}") as entries:
            for entry in entries:
                if len(found) == bounds.entries:
                    raise too_many(folder, bounds)
                if entry.is_symlink():
                    kind = Kind.LINK
                elif entry.is_dir(follow_symlinks=False):
                    kind = Kind.FOLDER
                else:
                    kind = Kind.FILE if entry.is_file(follow_symlinks=False) else Kind.OTHER
                found.append(Entry(f"{folder}/{entry.name}", kind))
    except OSError as error:
        raise _unreadable(folder, error) from None
    return tuple(sorted(found, key=attrgetter("path")))


def names_in(root: Path, folder: str, bounds: Bounds) -> tuple[str, ...]:
    """Return the names of all that stands in a folder itself, sorted; arguments and errors as for `listed`."""
    try:
        with os.scandir(f"{root}/{folder}") as entries:
            names = sorted(entry.name for entry in itertools.islice(entries, bounds.entries + 1))
    except OSError as error:
        raise _unreadable(folder, error) from None
    if len(names) > bounds.entries:
        raise too_many(folder, bounds)
    return tuple(names)


def refuse(path: str, kind: Kind, needed: Kind = Kind.FILE) -> BadFile:
    """Return the error for what stands at a path where a file, or a folder, is needed."""
    if kind is Kind.LINK:
        return BadFile(path, "this is a symbolic link", f"put the {needed} itself here")
    if kind is Kind.OTHER:
        return BadFile(path, "this is not an ordinary file", "remove it")
    return BadFile(path, f"this is a {kind}, and a {needed} must be here", "move it away")


# --- one path

_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""A link is an error, and a FIFO is open at once instead of when somebody writes to it."""

_USUAL: Final = re.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""A name that leads nowhere else."""

_LONGEST: Final = 1024
"""Characters of a path; Linux takes 4,096 bytes, macOS 1,024."""


def _check_folders(root: Path, path: str) -> None:
    """Refuse a path that is not plain, and one of which a part above the last is anything but a folder."""
    if len(path) > _LONGEST:
        raise BadFile(path, f"the path has more than {_LONGEST} characters", "shorten its names")
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise BadFile(path, "this is not a path inside the repository")
    folder = ""
    for part in parts[:-1]:
        folder = f"{folder}/{part}" if folder else part
        try:
            kind = _kind(os.lstat(f"{root}/{folder}").st_mode)
        except OSError as error:
            raise _unreadable(folder, error) from None
        if kind is not Kind.FOLDER:
            raise refuse(folder, kind, Kind.FOLDER)


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return Kind.FILE
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.LINK if stat.S_ISLNK(mode) else Kind.OTHER


def _unreadable(path: str, error: OSError) -> BadFile:
    if isinstance(error, FileNotFoundError):
        return BadFile(path, "the file is missing", missing=True)
    return BadFile(path, f"the file cannot be read: {error.strerror}", "let the user who runs tenantry read it")


def _not_opened(root: Path, path: str, error: OSError) -> BadFile:
    """Say why a file could not be opened: of a link or a socket, the error says little."""
    if error.errno in (errno.ELOOP, errno.ENXIO) and (kind := kind_of(root, path)) not in (None, Kind.FILE):
        return refuse(path, kind)
    return _unreadable(path, error)


def _read(path: str, file: int, max_bytes: int) -> bytes:
    """Read a file that is open: what it says to hold, and whatever it has grown by since."""
    status = os.fstat(file)
    kind = _kind(status.st_mode)
    if kind is not Kind.FILE:
        raise refuse(path, kind)
    if status.st_size > max_bytes:
        raise _too_large(path, max_bytes)
    held = os.read(file, status.st_size + 1)
    while status.st_size < len(held) <= max_bytes and (more := os.read(file, 1 << 16)):
        held += more
    if len(held) > max_bytes:
        raise _too_large(path, max_bytes)
    return held


def _too_large(path: str, max_bytes: int) -> BadFile:
    return BadFile(path, f"the file has more than {max_bytes} bytes", _SPLIT)


def too_many(folder: str, bounds: Bounds) -> BadFile:
    """Return the error for a folder below which there are too many entries."""
    hint = "remove what does not belong there; `git status --ignored` shows what git does not know"
    return BadFile(folder, f"more than {bounds.entries} files and folders", hint)


def too_deep(folder: str) -> BadFile:
    """Return the error for a folder that is nested too deeply."""
    return BadFile(folder, f"this folder is inside {MAX_DEPTH} others", "move it further up")


def too_much(folder: str, bounds: Bounds) -> BadFile:
    """Return the error for a folder below which the files are too large together."""
    return BadFile(folder, f"the files have more than {bounds.total} bytes together", _SPLIT)


def _printable(path: str) -> str:
    """Return a path as a message may show it: file names are bytes, and may hold what a terminal obeys."""
    shown = path if path.isprintable() else ascii(path)[1:-1]
    most = 200
    return shown if len(shown) <= most else f"{shown[: most // 2]}...{shown[-most // 2 :]}"
