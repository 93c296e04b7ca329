"""IO out: compare a tree with the disk, then write only what differs, each file whole or not at all."""

import fcntl
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from generator import layout
from generator.compose import HEADER, Tree
from generator.findings import Finding, Place
from generator.rules.catalog import finding


class Kind(StrEnum):
    """What happens to a file."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A generated file that differs from what it should be."""

    file: str
    kind: Kind


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


def compare(root: Path, tree: Tree, tenants: frozenset[str], unread: frozenset[str] = frozenset()) -> Differences:
    """Compare the generated files on the disk with the tree.

    Args:
        root: The repository's root.
        tree: What should stand there.
        tenants: Names of all tenants of the tree.
        unread: Names of tenants that have a file and are not in the tree; what is there for them is left alone.
    """
    changes: list[Change] = []
    findings: list[Finding] = []
    lost: dict[str, list[str]] = defaultdict(list)
    for file, text in tree.items():
        try:
            present = _text(root, file)
        except (IsADirectoryError, NotADirectoryError):
            findings.append(_in_the_way(root, file))
            continue
        if present is None:
            changes.append(Change(file, Kind.CREATE))
        elif present != text.encode():
            if _is_ours(present):
                changes.append(Change(file, Kind.CHANGE))
            else:
                fact = "tenantry must write this file, and it does not start with tenantry's header"
                findings.append(finding("GEN001", Place(file), fact, "move it away, then run `tenantry generate`"))
    for file in _generated(root):
        if file in tree:
            continue
        owner = layout.tenant_of(file)
        if owner is None or owner in tenants:
            changes.append(Change(file, Kind.REMOVE))
        elif owner not in unread:
            lost[owner].append(file)
    kept = _shards_of(file for files in lost.values() for file in files)
    changes = [change for change in changes if change.kind is not Kind.REMOVE or change.file not in kept]
    findings.extend(_links_in_the_way(root, changes))
    return Differences(
        changes=tuple(sorted(changes)),
        forbidden=tuple(findings),
        lost={name: tuple(sorted(files)) for name, files in sorted(lost.items())},
    )


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
    for change in changes:
        path = root / change.file
        if change.kind is Kind.REMOVE:
            path.unlink()
            _remove_empty(path.parent, root)
        else:
            replace(path, tree[change.file].encode())


def replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a crash leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tenantry")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)  # noqa: PTH105 -- Path.replace is the same call
    finally:
        temporary.unlink(missing_ok=True)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _text(root: Path, file: str) -> bytes | None:
    try:
        with open(f"{root}/{file}", "rb") as stream:  # noqa: PTH123 -- a Path for each of 40,000 files is dear
            return stream.read()
    except FileNotFoundError:
        return None


def _is_ours(present: bytes) -> bool:
    return present.startswith(HEADER.encode()) or b'"$comment": "Generated by tenantry' in present[:120]


def _in_the_way(root: Path, file: str) -> Finding:
    """Say what keeps a file from being written: a folder of its name, or something else where a folder must be."""
    above = next(
        (
            path
            for path in reversed(PurePosixPath(file).parents)
            if (root / path).exists() and not (root / path).is_dir()
        ),
        None,
    )
    if above is None:
        return finding("GEN001", Place(file), "tenantry must write this file, and it is a folder", "move it away")
    return finding(
        "GEN001", Place(str(above)), "tenantry must write into this folder, and it is a file", "move it away"
    )


def _links_in_the_way(root: Path, changes: Iterable[Change]) -> Iterator[Finding]:
    """Yield the symbolic links through which a change would reach out of its folder."""
    folders = {folder for change in changes for folder in PurePosixPath(change.file).parents}
    for folder in sorted(folders):
        if (root / folder).is_symlink():
            fact = "tenantry must write into this folder, and it is a symbolic link"
            yield finding("GEN001", Place(str(folder)), fact, "put the folder itself here")


_FOLDERS = (
    f"{layout.OVERLAYS}/*/*.yaml",
    f"{layout.APPS}/*.yaml",
    f"{layout.SHARDS}/*/applicationset.yaml",
    f"{layout.SHARDS}/*/tenants/*.yaml",
    f"{layout.SHARDS}/*/projects/*.yaml",
)


def _generated(root: Path) -> Iterator[str]:
    """Yield every file that carries our header, in the folders that we write to."""
    for pattern in _FOLDERS:
        for path in root.glob(pattern):
            if not path.is_file():
                continue
            with path.open("rb") as stream:
                if _is_ours(stream.read(120)):
                    yield path.relative_to(root).as_posix()
