"""IO out: compare a tree with the disk, then write only what differs, each file whole or not at all."""

import contextlib
import fcntl
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import Final

from generator import layout
from generator.findings.finding import Finding, Place
from generator.findings.table import finding
from generator.generate.compose import HEADER, Tree
from generator.git.snapshot import Snapshot
from generator.reading import files
from generator.reading.files import BadFile


class Kind(StrEnum):
    """What happens to a file."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """A generated file that differs from what it should be."""

    file: str
    kind: Kind


def stale(change: Change) -> Finding:
    """GEN002: what git holds of a generated file is what the tenant files give."""
    facts = {
        Kind.CREATE: "this file is missing",
        Kind.CHANGE: "this file is not what the tenant files give: it is stale, or was edited by hand",
        Kind.REMOVE: "this file is not what the tenant files give: nothing needs it any more",
    }
    hint = "run `tenantry generate` and commit the result; edits belong into tenants/, platform.yaml or base/"
    return finding("GEN002", Place(change.file), facts[change.kind], hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """How the generated files on the disk differ from what they should be.

    Attributes:
        changes: The files that differ, sorted.
        forbidden: What forbids to write them: somebody else's files in the way.
        lost: Tenants whose own file is gone -> the generated files that are there for them, sorted. They stay, and so
            does the shard that they are in.
    """

    changes: tuple[Change, ...]
    forbidden: tuple[Finding, ...]
    lost: Mapping[str, tuple[str, ...]]


def compare(
    snapshot: Snapshot, tree: Tree, tenants: frozenset[str], unread: frozenset[str] = frozenset()
) -> Differences:
    """Compare the generated files that stand in a repository with the tree.

    Args:
        snapshot: The repository.
        tree: What should stand there.
        tenants: Names of all tenants of the tree.
        unread: Names of tenants that have a file and are not in the tree; what is there for them is left alone.
    """
    changes: list[Change] = []
    findings: list[Finding] = []
    lost: dict[str, list[str]] = defaultdict(list)
    empty = tuple(_empty(snapshot))
    for file, text in tree.items():
        if file.startswith(empty):
            changes.append(Change(file, Kind.CREATE))
            continue
        try:
            present = snapshot.present(file)
        except BadFile as bad:
            if bad.missing:
                changes.append(Change(file, Kind.CREATE))
            else:
                findings.append(_in_the_way(snapshot.root, file, bad))
            continue
        if present != text.encode():
            if _is_ours(present):
                changes.append(Change(file, Kind.CHANGE))
            else:
                fact = "tenantry must write this file, and it does not start with tenantry's header"
                hint = f"keep elsewhere what it says, then: rm {file} && tenantry generate"
                findings.append(finding("GEN001", Place(file), fact, hint))
    for file in _others(snapshot, tree):
        owner = layout.tenant_of(file)
        if owner is None or owner in tenants:
            changes.append(Change(file, Kind.REMOVE))
        elif owner not in unread:
            lost[owner].append(file)
    kept = _shards_of(file for files in lost.values() for file in files)
    changes = [change for change in changes if change.kind is not Kind.REMOVE or change.file not in kept]
    return Differences(
        changes=tuple(sorted(changes, key=attrgetter("file"))),
        forbidden=tuple(findings),
        lost={name: tuple(sorted(files)) for name, files in sorted(lost.items())},
    )


def _empty(snapshot: Snapshot) -> Iterator[str]:
    """Yield the folders that we write to and that are not there: before the first run, nothing else is looked for."""
    for folder in layout.GENERATED:
        with contextlib.suppress(BadFile):  # what is in the way is said of each file
            if snapshot.contents is None and files.kind_of(snapshot.root, folder.rstrip("/")) is None:
                yield folder


def _shards_of(files: Iterable[str]) -> frozenset[str]:
    """Return the files without which a shard that holds one of these files would go."""
    shards = {file.split("/")[2] for file in files if file.startswith(f"{layout.SHARDS}/")}
    return frozenset(
        file for shard in shards for file in (layout.application_set(shard), layout.shard_application(shard))
    )


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Let one run at a time write below `root`; another one waits. The lock is the folder itself, and ends with us."""
    folder = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def apply(root: Path, tree: Tree, changes: tuple[Change, ...]) -> None:
    """Carry the changes out; every file is replaced in one step, so that a crash leaves no torn file."""
    made: set[str] = set()
    for change in changes:
        if change.kind is Kind.REMOVE:
            path = root / change.file
            path.unlink()
            _remove_empty(path.parent, root)
            made.clear()
            continue
        folder, _, name = f"{root}/{change.file}".rpartition("/")
        if folder not in made:
            Path(folder).mkdir(parents=True, exist_ok=True)
            made.add(folder)
        _put(folder, name, tree[change.file].encode())


def replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a crash leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _put(str(path.parent), path.name, data)


_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def _put(folder: str, name: str, data: bytes) -> None:
    """Write a file in a folder that is there; strings, because a Path for each of 40,000 files is too slow."""
    temporary = f"{folder}/.{name}.tenantry"
    file = os.open(temporary, _NEW, 0o666)
    try:
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(file, left) :]
        finally:
            os.close(file)
        os.replace(temporary, f"{folder}/{name}")  # noqa: PTH105 -- as above
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108 -- as above
        raise


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _is_ours(present: bytes) -> bool:
    return present.startswith(HEADER.encode()) or b'"$comment": "Generated by tenantry' in present[:120]


_WORDS: Final = {
    files.Kind.FILE: "a file",
    files.Kind.FOLDER: "a folder",
    files.Kind.LINK: "a symbolic link",
    files.Kind.OTHER: "no ordinary file",
}


def _in_the_way(root: Path, file: str, bad: BadFile) -> Finding:
    """Say what keeps a file from being compared and written: what stands in its place, or where a folder must be."""
    kind = files.kind_of(root, bad.place.file)
    if kind is None or (kind is files.Kind.FILE and bad.place.file == file):
        return bad.finding
    if bad.place.file == file:
        fact = f"tenantry must write this file, and it is {_WORDS[kind]}"
        hint = "move it away" if kind is files.Kind.FOLDER else "remove it, then run `tenantry generate`"
        return finding("GEN001", bad.place, fact, hint)
    fact = f"tenantry must write into this folder, and it is {_WORDS[kind]}"
    return finding("GEN001", bad.place, fact, bad.hint)


def _others(snapshot: Snapshot, tree: Tree) -> Iterator[str]:
    """Yield every file that carries our header and is not in the tree, in the folders that we write to."""
    for path in _standing(snapshot):
        if path not in tree and layout.is_generated(path):
            try:
                ours = _is_ours(snapshot.present(path))
            except BadFile:  # nothing that we write is so large
                continue
            if ours:
                yield path


def _standing(snapshot: Snapshot) -> Iterator[str]:
    """Yield the files that stand in the folders that we write to, those that git ignores included."""
    if snapshot.contents is not None:
        yield from snapshot.contents
        return
    for folder in (layout.OVERLAYS, layout.ARGOCD):
        if files.kind_of(snapshot.root, folder) is files.Kind.FOLDER:
            found = files.walk(snapshot.root, folder)
            yield from (entry.path for entry in found if entry.kind is files.Kind.FILE)
