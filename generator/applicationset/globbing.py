"""Which files a pattern of the git files generator finds, by the default matcher and by the newer one.

By default Argo CD asks `git ls-files`, whose `*` and `?` match a slash as well, so a pattern reaches into
sub-folders, and whose pattern may be a folder. With `applicationsetcontroller.enable.new.git.file.globbing`
it walks the work tree with Go's doublestar: `*` stays within a folder, `**` crosses folders, and a folder
that matches is read like a file, which fails. Patterns with other signs are refused: the matchers read them
differently.
"""

import enum
import re
from collections.abc import Collection
from typing import Final


class Globbing(enum.Enum):
    """The two matchers of Argo CD."""

    GREEDY = "git ls-files, the default"
    STRICT = "doublestar, with enable.new.git.file.globbing"


class PatternError(ValueError):
    """The pattern holds a sign or a segment that is not foreseen here."""


class FolderError(ValueError):
    """The pattern finds a folder, which Argo CD then fails to read as a file."""


_PLAIN: Final = re.compile(r"[A-Za-z0-9_.*?/-]+")


def matching(pattern: str, paths: Collection[str], globbing: Globbing) -> set[str]:
    """Return the paths that a pattern finds.

    Args:
        pattern: from the repository's root, of letters, digits, `_ . - /` and the wildcards `*`, `**` and
            `?`.
        paths: every file of the repository that it could find, from the root, with `/`.
        globbing: which of the two matchers.

    Returns:
        A subset of `paths`.

    Raises:
        PatternError: the pattern holds another sign, or an empty, `.` or `..` segment, or, in strict globbing, its
            first segment also finds `.git`.
        FolderError: a folder matches, in strict globbing.
    """
    if not _PLAIN.fullmatch(pattern) or not {"", ".", ".."}.isdisjoint(pattern.split("/")):
        raise PatternError(f"the pattern {pattern} is not supported")
    if globbing is Globbing.GREEDY:
        wild = re.compile(_wild(pattern, "."), re.DOTALL)
        below = f"{pattern}/"
        return {path for path in paths if wild.fullmatch(path) or path.startswith(below)}
    first = pattern.partition("/")[0]
    if first == "**" or re.fullmatch(_segment(first), ".git"):
        raise PatternError(f"the pattern {pattern} looks into .git, whose files are not known")
    wild = re.compile(_wild_segments(pattern), re.DOTALL)
    folders = {path[: slash.start()] for path in paths for slash in re.finditer("/", path)}
    for folder in sorted(folders):
        # A `**` at the end also finds the folder that it stands in.
        if wild.fullmatch(folder) or wild.fullmatch(f"{folder}/"):
            raise FolderError(f"the pattern {pattern} finds the folder {folder}, which is no file")
    return {path for path in paths if wild.fullmatch(path)}


def _wild(pattern: str, name: str) -> str:
    """Write the regular expression of a pattern whose wildcards stand for characters of the class `name`."""
    pieces = re.split(r"(\*+|\?)", pattern)
    return "".join(
        f"{name}*" if piece.startswith("*") else name if piece == "?" else re.escape(piece) for piece in pieces
    )


def _wild_segments(pattern: str) -> str:
    """Write the regular expression of doublestar: `**` as a whole segment stands for any number of folders."""
    *folders, last = pattern.split("/")
    expression = "".join("(?:[^/]+/)*" if part == "**" else f"{_segment(part)}/" for part in folders)
    return expression + (".*" if last == "**" else _segment(last))


def _segment(part: str) -> str:
    return "[^/]+" if set(part) == {"*"} else _wild(part, "[^/]")
