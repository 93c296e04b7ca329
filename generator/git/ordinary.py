"""Rules about what git holds: it must be the same for tenantry, for everybody's checkout and for Argo CD. Pure."""

import re
import shlex
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from generator.findings.finding import Finding, Place
from generator.findings.table import finding
from generator.git.entries import LINK_MODE, OTHER_MODE, REPOSITORY_MODE, Attribute, TreeEntry, is_plain

MODULES: Final = ".gitmodules"


def ordinary_files(held: Mapping[str, TreeEntry]) -> Iterator[Finding]:
    """GIT001: everything in the repository is an ordinary file.

    Args:
        held: All that git holds, by path.
    """
    for path, entry in sorted(held.items()):
        if path == MODULES:
            fact = "this file names repositories that Argo CD fetches together with this one"
            yield finding("GIT001", Place(path), fact, f"remove it: {_removal(path, entry)}")
        elif not entry.is_file:
            yield finding("GIT001", Place(path), *_what(path, entry))


def _what(path: str, entry: TreeEntry) -> tuple[str, str]:
    """Say what is no ordinary file, and the way out."""
    match entry.mode:
        case mode if mode == LINK_MODE:
            fact = "this is a symbolic link, and Argo CD follows it or refuses the whole repository"
            return fact, f"put the file itself here, or remove the link: {_removal(path, entry)}"
        case mode if mode == REPOSITORY_MODE and entry.blob:
            fact = "this is a repository inside the repository, and Argo CD fetches and applies what is in it"
            return fact, f"take it out: git rm --cached {quoted(path)}, and move the folder away if it is there"
        case mode if mode == REPOSITORY_MODE:
            fact = "this folder is a git repository of its own, and would be added as one"
            return fact, "move it away, or name it in .gitignore"
        case mode if mode == OTHER_MODE:
            return "this is not an ordinary file", f"remove it: rm {quoted(path)}"
        case mode:
            fact = f"this file has the mode {mode}, and git itself writes 100644 or 100755"
            return fact, f"add it again: git rm --cached {quoted(path)} && git add {quoted(path)}"


def _removal(path: str, entry: TreeEntry) -> str:
    return f"git rm -f {quoted(path)}" if entry.blob else f"rm {quoted(path)}"


def quoted(path: str) -> str:
    """Write a path as a shell reads it, on one line."""
    if path.isprintable():
        return shlex.quote(path)
    escaped = ascii(path)[1:-1].replace("\\udc", "\\x")
    return f"$'{escaped}'"


def unaltered_files(attributes: Iterable[Attribute]) -> Iterator[Finding]:
    """GIT002: no attribute makes a file of the work tree differ from its blob.

    Args:
        attributes: Those that do.
    """
    for attribute in attributes:
        first, *others = attribute.paths
        more = f" and {len(others)} more" if others else ""
        written = attribute.name if attribute.value == "set" else f"{attribute.name}={attribute.value}"
        fact = f"{written} makes {first}{more} differ between a checkout and what git holds"
        place = Place(attribute.file or first, attribute.line)
        way = f"take {attribute.name} out of this line"
        yield finding("GIT002", place, fact, way if attribute.file else f"see git check-attr --all -- {quoted(first)}")


def line_ends(contents: Mapping[str, bytes]) -> Iterator[Finding]:
    r"""GIT002: lines end in \n alone, or git and its users' editors write them in two ways.

    Args:
        contents: Path -> content.
    """
    for path, content in sorted(contents.items()):
        start = content.find(b"\r")
        if start < 0 or b"\0" in content[:_LOOKED_AT]:
            continue
        fact, way = "a line ends in CR LF, which git writes in some checkouts and not in others", "s/\\r$//"
        if content[start + 1 : start + 2] != b"\n":
            fact, way = "a line ends in CR alone, where YAML ends a line and git and a review do not", "s/\\r/\\n/g"
        place = Place(path, content.count(b"\n", 0, start) + 1)
        yield finding("GIT002", place, fact, f"end lines in LF: sed -i '{way}' {quoted(path)}")


_LOOKED_AT: Final = 8000
"""Bytes at the beginning of a file in which git looks for a NUL, to know what is no text."""


def distinct_paths(paths: Iterable[str]) -> Iterator[Finding]:
    """GIT003: paths are readable, and no two become one on another machine.

    Args:
        paths: What git holds of what tenantry and Argo CD read.
    """
    represents: dict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        wrong = _wrong_in(path)
        if wrong:
            yield finding("GIT003", Place(path), wrong, "rename it: git mv")
        folded = path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()
        represents[folded].append(path)
    for first, *others in represents.values():
        for other in others:
            fact = f"on a machine that takes both names for one, this file and {first} are the same"
            yield finding("GIT003", Place(other), fact, "rename one of the two: git mv")


_FORBIDDEN: Final = frozenset('"\\;')
"""Quotes and backslashes would have to be escaped, and a semicolon separates paths in Argo CD's annotation."""


_USUAL: Final = re.compile("[A-Za-z0-9_./-]+")
"""What nothing else is to be looked at for: there are 50,000 paths."""


def _wrong_in(path: str) -> str:
    if not is_plain(path):
        return "this path leads out of the repository, or into git's own folder"
    if _USUAL.fullmatch(path):
        return ""
    if any("\ud800" <= character <= "\udfff" for character in path):
        return "the path is not UTF-8"
    if not path.isprintable() or _FORBIDDEN & set(path):
        return "the path holds a quote, a backslash, a semicolon or a character that cannot be printed"
    if unicodedata.normalize("NFC", path) != path:
        return "the path is not in the form of Unicode (NFC) that other machines give it"
    return ""
