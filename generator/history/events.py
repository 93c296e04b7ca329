"""From the states of tenant files to events: what changed, with which commit. Pure.

The first parents of the branch are the line of time: a change counts from the commit that brought it there, whenever
its own commits were written. That line only grows, so events have ids that stay, and a reader that remembers the last
one gets the rest. What was wrong is put right by a further event, never by another text of an earlier one.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

NOT_IN_GIT: Final = "not in git"
"""What is said of an approver of whom no commit tells."""

KEYS: Final = (
    *("plan", "quotaFrom", "state", "expires", "ring"),
    *("storage", "storageClass", "overrides", "pin", "paused"),
)
"""Keys of a tenant file whose changes are told as before and after; add-ons come and go one by one."""

_DEFAULTS: Final[Mapping[str, str]] = {"state": "active"}

_REVERTS: Final = re.compile(r"^This reverts commit ([0-9a-f]{7,64})", re.MULTILINE)
_APPROVED: Final = re.compile(r"^(?:Approved-by|Reviewed-by) *: *(\S.*?)\s*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit of the line of first parents.

    Attributes:
        id: In full.
        time: When it came, no earlier than the one before it.
        author: Who wrote it.
        message: All of it.
        is_merge: Whether it has several parents.
        files: What it changed of tenants/, against its first parent: path -> content, or None for a file that went.
        authors: Who wrote the last change of a file that a merge brought, by its path.
    """

    id: str
    time: datetime
    author: str
    message: str
    is_merge: bool
    files: Mapping[str, Mapping[str, Any] | None]
    authors: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of one company.

    Attributes:
        id: Its own for ever; also the cursor behind it.
        time: When it came to the branch.
        company: Whose.
        what: `added`, `removed`, `addon` or the key that changed.
        before, after: The values; empty for none.
        commit: The commit that brought it to the branch.
        author: Who wrote the change.
        approver: Who approved it, or that git does not tell.
        reverts: The commit that it takes back, or empty.
    """

    id: str
    time: datetime
    company: str
    what: str
    before: str
    after: str
    commit: str
    author: str
    approver: str
    reverts: str


def events(commits: Iterable[Commit]) -> Iterator[Event]:
    """Yield every event, in the order of the branch.

    Args:
        commits: The line of first parents, the oldest first.
    """
    known: dict[str, Mapping[str, str]] = {}
    for commit in commits:
        for name, (path, data) in sorted(_by_company(commit).items()):
            before = known.get(name)
            after = None if data is None else _state(data)
            if data is not None and after is None:
                continue  # it cannot be read: what held before goes on, until a commit says something else
            author = commit.authors.get(path, commit.author)
            for what, was, now in _changes(before, after):
                yield _event(commit, author, name, what, was, now)
            if after is None:
                known.pop(name, None)
            else:
                known[name] = after


def _by_company(commit: Commit) -> Mapping[str, tuple[str, Mapping[str, Any] | None]]:
    """Return what a commit says of each company; a file that moved below tenants/ is one that is there."""
    found: dict[str, tuple[str, Mapping[str, Any] | None]] = {}
    for path, data in commit.files.items():
        name = PurePosixPath(path).stem
        if data is not None or name not in found:
            found[name] = (path, data)
    return found


def _state(data: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return what is told of a tenant file, as texts; None when it cannot be read as one.

    Add-ons were keys of their own once, true or false, as no other key of a tenant file ever was. That this is read off
    the file, and off no platform.yaml of today, is what keeps events as they were when an add-on is no longer sold.
    """
    addons = data.get("addons", [])
    if not isinstance(data.get("plan"), str) or not isinstance(addons, list):
        return None
    state = {key: _text(data.get(key, _DEFAULTS.get(key))) for key in KEYS}
    listed = [addon for addon in addons if isinstance(addon, str)]
    listed += [key for key, value in data.items() if value is True]
    return {**state, **{f"addon {addon}": addon for addon in map(_plain, listed)}}


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{_plain(str(key))}={_text(value[key])}" for key in sorted(value, key=str))
    return "" if value is None else _plain(str(value))


def _plain(text: str) -> str:
    """Return a text without what moves a terminal's cursor or is no character: anybody may commit anything."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _changes(before: Mapping[str, str] | None, after: Mapping[str, str] | None) -> Iterator[tuple[str, str, str]]:
    """Yield what changed, from what, to what. A company comes with all that it has, and goes with it."""
    if before is None and after is not None:
        yield "added", "", ""
    keys = sorted({*(before or {}), *(after or {})}, key=_rank)
    for key in keys:
        was, now = (before or {}).get(key, ""), (after or {}).get(key, "")
        if was != now:
            yield ("addon" if key.startswith("addon ") else key), was, now
    if before is not None and after is None:
        yield "removed", "", ""


def _rank(key: str) -> tuple[int, str]:
    return (KEYS.index(key) if key in KEYS else len(KEYS)), key


def _event(commit: Commit, author: str, name: str, what: str, before: str, after: str) -> Event:
    told = f"{commit.id}\0{name}\0{what}\0{before}\0{after}"
    reverts = _REVERTS.search(commit.message)
    return Event(
        id=f"{commit.id[:12]}-{hashlib.sha256(told.encode()).hexdigest()[:12]}",
        time=commit.time,
        company=name,
        what=what,
        before=before,
        after=after,
        commit=commit.id,
        author=_plain(author),
        approver=_plain(_approver(commit, author)),
        reverts=reverts[1] if reverts else "",
    )


def _approver(commit: Commit, author: str) -> str:
    """Return who approved a change: by a trailer, or who merged it when that was somebody else."""
    trailers = _APPROVED.findall(commit.message)
    if trailers:
        return ", ".join(dict.fromkeys(trailers))
    return commit.author if commit.is_merge and commit.author != author else NOT_IN_GIT


class CursorError(ValueError):
    """There is no event of such an id on this branch."""


def behind(found: Iterable[Event], cursor: str | None, most: int | None = None) -> tuple[Event, ...]:
    """Return the events behind one that was read already.

    Args:
        found: All events.
        cursor: Id of the last one that was read; None for none.
        most: How many at most; None for all.

    Raises:
        CursorError: There is no such event: another branch, or another history.
    """
    every = tuple(found)
    start = 0
    if cursor is not None:
        place = next((number for number, event in enumerate(every) if event.id == cursor), None)
        if place is None:
            raise CursorError(cursor)
        start = place + 1
    return every[start:] if most is None else every[start : start + most]
