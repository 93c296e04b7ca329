"""IO in: find the repository, read platform.yaml and every tenant file. Nothing is judged here but the reading."""

import contextlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from generator import layout
from generator.findings.finding import EnvironmentProblem, Finding, Place
from generator.findings.table import finding
from generator.git import door, ordinary, trees
from generator.git.entries import above
from generator.git.snapshot import Snapshot
from generator.reading import files, parsed, yaml_reader
from generator.reading.files import BadFile, Kind

MAX_TENANT_BYTES: Final = 16 * 1024
_MOST_BESIDE: Final = 1 << 24
"""Bytes that are read of base/ and argocd/platform/ together; this repository's have some 60 KiB a release."""
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9._/-]+")
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})


@dataclass(frozen=True, slots=True)
class Sources:
    """What stands on the disk.

    Attributes:
        platform: platform.yaml, or None when it cannot be read.
        tenants: The tenant files that can be read, sorted by path.
        findings: What is wrong with the others.
        beside: What stands beside the tenants, base/ and argocd/platform/, as texts by path: as far as it can be read.
        generated: Names that have an overlay: tenants that are there already.
    """

    platform: yaml_reader.Document | None
    tenants: tuple[yaml_reader.Document, ...]
    findings: tuple[Finding, ...]
    beside: Mapping[str, str] = field(default_factory=dict)
    generated: frozenset[str] = frozenset()


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above `start` that holds platform.yaml.

    Raises:
        EnvironmentProblem: There is none, or it is not the top of its git work tree.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if os.path.lexists(folder / layout.PLATFORM):
            above = next((up for up in (folder, *folder.parents) if (up / ".git").exists()), folder)
            if above != folder:
                fact = f"{folder / layout.PLATFORM} is not at the top of its git repository {above}"
                raise EnvironmentProblem(fact, "Argo CD's paths start at the top: move platform.yaml there")
            return folder
    top = next((folder for folder in (start, *start.parents) if door.is_repository(folder)), None)
    if top and trees.has_seen(top, layout.PLATFORM):
        return top  # it is left out of a sparse checkout, or was removed, and whoever reads it says so
    fact = f"there is no {layout.PLATFORM} in {start} or above it"
    raise EnvironmentProblem(fact, "go into the repository, or name it: tenantry -C DIR ...")


def load(snapshot: Snapshot, proposed: Mapping[str, bytes] | None = None) -> Sources:
    """Read platform.yaml and tenants/**/*.yaml.

    Args:
        snapshot: The repository.
        proposed: Files that are not written yet, or not written so yet: path -> what they are to hold.
    """
    proposed = proposed or {}
    findings: list[Finding] = []
    paths = sorted({*_tenant_files(snapshot, findings), *(file for file in proposed if file != layout.PLATFORM)})
    platform = _document(snapshot, layout.PLATFORM, yaml_reader.MAX_BYTES, proposed, findings)
    tenants = [_document(snapshot, path, MAX_TENANT_BYTES, proposed, findings) for path in paths]
    found = tuple(tenant for tenant in tenants if tenant is not None)
    return Sources(platform, found, tuple(findings), dict(_beside(snapshot)), _generated(snapshot))


def load_some(snapshot: Snapshot, files: Collection[str], proposed: Mapping[str, bytes] | None = None) -> Sources:
    """Read platform.yaml and these tenant files alone; arguments as for `load`."""
    findings: list[Finding] = []
    platform = _document(snapshot, layout.PLATFORM, yaml_reader.MAX_BYTES, proposed or {}, findings)
    tenants = [_document(snapshot, file, MAX_TENANT_BYTES, proposed or {}, findings) for file in sorted(files)]
    found = tuple(tenant for tenant in tenants if tenant is not None)
    return Sources(platform, found, tuple(findings), dict(_beside(snapshot)), _generated(snapshot))


def files_called(snapshot: Snapshot, names: Collection[str]) -> tuple[str, ...] | None:
    """Return the files of the tenants with these names; None unless each name is that of one file."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for path in snapshot.under(layout.TENANTS):
        if (called := layout.stem(path)) in found and path.endswith(".yaml"):
            found[called].append(path)
    files = [path for paths in found.values() for path in paths]
    is_plain = all(len(paths) == 1 for paths in found.values()) and all(map(is_plain_path, files))
    return tuple(files) if is_plain else None


def is_plain_path(path: str) -> bool:
    """Say whether a path is one that a tenant file may have."""
    return _PLAIN_PATH.fullmatch(path) is not None


def load_platform(snapshot: Snapshot, proposed: Mapping[str, bytes] | None = None) -> Sources:
    """Read platform.yaml alone; arguments as for `load`."""
    findings: list[Finding] = []
    document = _document(snapshot, layout.PLATFORM, yaml_reader.MAX_BYTES, proposed or {}, findings)
    return Sources(document, (), tuple(findings))


def _beside(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield the files of base/ and argocd/platform/; what is wrong with them is said where they are built."""
    left = _MOST_BESIDE
    for path in snapshot.paths_in((layout.BASE, layout.PLATFORM_MANIFESTS)):
        with contextlib.suppress(BadFile):
            raw = snapshot.read(path, min(left, files.MAX_BYTES))
            left -= len(raw)
            yield path, raw.decode(errors="replace")


def _generated(snapshot: Snapshot) -> frozenset[str]:
    left_out = (path for path in snapshot.left_out if path.startswith(f"{layout.OVERLAYS}/"))
    return frozenset(path.split("/")[1] for path in (*snapshot.under(layout.OVERLAYS), *left_out))


def _document(
    snapshot: Snapshot, file: str, max_bytes: int, proposed: Mapping[str, bytes], findings: list[Finding]
) -> yaml_reader.Document | None:
    raw = proposed[file] if file in proposed else _raw(snapshot, file, max_bytes, findings)
    if raw is None:
        return None
    if file in proposed or len(raw) > max_bytes:
        document, found = yaml_reader.read(file, raw, max_bytes=max_bytes)
    else:
        document, found = parsed.document(snapshot.parsed(file))
    findings.extend((*found, *ordinary.line_ends({file: raw})))
    return document


def _tenant_files(snapshot: Snapshot, findings: list[Finding]) -> list[str]:
    if snapshot.kind_of(layout.TENANTS) not in (None, Kind.FOLDER):
        findings.append(finding("TEN025", Place(layout.TENANTS), "this is not a folder", "put the folder itself here"))
        return []
    found = []
    held = tuple(snapshot.everything_under(layout.TENANTS))
    for file in held:
        suffix = os.path.splitext(file)[1].lower()  # noqa: PTH122 -- a Path for each of 10,000 files is too slow
        if not is_plain_path(file):
            fact = "the path holds other characters than letters, digits, hyphens, underscores and dots"
            findings.append(finding("TEN025", Place(ascii(file)[1:-1]), fact, "rename it"))
        elif snapshot.kind_of(file) is not Kind.FILE:
            findings.extend(ordinary.ordinary_files({file: snapshot.held[file]}))
        elif file == layout.TENANT_SCHEMA or suffix not in _SUFFIXES:
            continue
        elif not file.endswith(".yaml"):
            fact = f"a tenant file ends in .yaml, this one in {os.path.splitext(file)[1]}"  # noqa: PTH122
            findings.append(finding("TEN025", Place(file), fact, "rename it"))
        else:
            found.append(file)
    for folder in sorted({folder for file in held for folder in above(file)}):
        if os.path.splitext(folder)[1].lower() in _SUFFIXES:  # noqa: PTH122 -- as above
            fact = "this is a folder, and it is named like a file"
            findings.append(finding("TEN025", Place(folder), fact, "rename it"))
    return found


def _raw(snapshot: Snapshot, file: str, max_bytes: int, findings: list[Finding]) -> bytes | None:
    kind = snapshot.kind_of(file)
    if kind is None:
        why, hint = snapshot.why_missing(file)
        findings.append(finding("PLT001", Place(file), why or "the file is missing", hint or snapshot.way_back(file)))
        return None
    if kind in (Kind.LINK, Kind.OTHER):
        findings.extend(ordinary.ordinary_files({file: snapshot.held[file]}))
        return None
    try:
        return snapshot.read(file, max(max_bytes, files.MAX_BYTES))  # the reader says by how much it is too large
    except BadFile as bad:
        findings.append(bad.finding)
    return None
