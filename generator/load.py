"""IO in: find the repository, read platform.yaml and every tenant file. Nothing is judged here but the reading."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator import layout, yamlio
from generator.findings import EnvironmentProblem, Finding, Place
from generator.rules.catalog import finding

MAX_TENANT_BYTES: Final = 16 * 1024
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9._/-]+")
_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})


@dataclass(frozen=True, slots=True)
class Sources:
    """What stands on the disk.

    Attributes:
        platform: platform.yaml, or None when it cannot be read.
        tenants: The tenant files that can be read, sorted by path.
        findings: What is wrong with the others.
    """

    platform: yamlio.Document | None
    tenants: tuple[yamlio.Document, ...]
    findings: tuple[Finding, ...]


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above `start` that holds platform.yaml.

    Raises:
        EnvironmentProblem: There is none, or it is not the top of its git work tree.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / layout.PLATFORM).is_file():
            above = next((up for up in (folder, *folder.parents) if (up / ".git").exists()), folder)
            if above != folder:
                fact = f"{folder / layout.PLATFORM} is not at the top of its git repository {above}"
                raise EnvironmentProblem(fact, "Argo CD's paths start at the top: move platform.yaml there")
            return folder
    fact = f"there is no {layout.PLATFORM} in {start} or above it"
    raise EnvironmentProblem(fact, "go into the repository, or name it: tenantry -C DIR ...")


def load(root: Path, instead: Mapping[str, bytes] | None = None) -> Sources:
    """Read platform.yaml and tenants/**/*.yaml below `root`.

    Args:
        root: The repository's root.
        instead: Files that are not written yet, or not written so yet: path -> what they are to hold.
    """
    instead = instead or {}
    findings: list[Finding] = []
    files = sorted({*_tenant_files(root, findings), *(file for file in instead if file != layout.PLATFORM)})
    platform = _document(root, layout.PLATFORM, yamlio.MAX_BYTES, instead, findings)
    tenants = [_document(root, file, MAX_TENANT_BYTES, instead, findings) for file in files]
    return Sources(platform, tuple(one for one in tenants if one is not None), tuple(findings))


def load_platform(root: Path, instead: Mapping[str, bytes] | None = None) -> Sources:
    """Read platform.yaml alone; arguments as for `load`."""
    findings: list[Finding] = []
    return Sources(_document(root, layout.PLATFORM, yamlio.MAX_BYTES, instead or {}, findings), (), tuple(findings))


def _document(
    root: Path, file: str, max_bytes: int, instead: Mapping[str, bytes], findings: list[Finding]
) -> yamlio.Document | None:
    raw = instead[file] if file in instead else _raw(root, file, max_bytes, findings)
    if raw is None:
        return None
    parsed, found = yamlio.read(file, raw, max_bytes=max_bytes)
    findings.extend(found)
    return parsed


def _tenant_files(root: Path, findings: list[Finding]) -> list[str]:
    top = root / layout.TENANTS
    found: list[str] = []
    if top.is_symlink() or (top.exists() and not top.is_dir()):
        findings.append(finding("TEN025", Place(layout.TENANTS), "this is not a folder", "put the folder itself here"))
        return found
    pending = [top] if top.exists() else []
    while pending:
        folder = pending.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                file = Path(entry.path).relative_to(root).as_posix()
                suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 -- a Path for each of 10,000 files is dear
                if not _PLAIN_PATH.fullmatch(file):
                    fact = "the path holds other characters than letters, digits, hyphens, underscores and dots"
                    findings.append(finding("TEN025", Place(ascii(file)[1:-1]), fact, "rename it"))
                elif entry.is_symlink():
                    findings.append(
                        finding("TEN025", Place(file), "this is a symbolic link", "put the file itself here")
                    )
                elif entry.is_dir(follow_symlinks=False):
                    if suffix in _SUFFIXES:
                        fact = "this is a folder, and it is named like a file"
                        findings.append(finding("TEN025", Place(file), fact, "rename it"))
                    pending.append(folder / entry.name)
                elif not entry.is_file(follow_symlinks=False):
                    findings.append(finding("TEN025", Place(file), "this is not an ordinary file", "remove it"))
                elif file == layout.TENANT_SCHEMA or suffix not in _SUFFIXES:
                    continue
                elif not entry.name.endswith(".yaml"):
                    fact = f"a tenant file ends in .yaml, this one in {os.path.splitext(entry.name)[1]}"  # noqa: PTH122
                    findings.append(finding("TEN025", Place(file), fact, "rename it"))
                else:
                    found.append(file)
    return found


def _raw(root: Path, file: str, max_bytes: int, findings: list[Finding]) -> bytes | None:
    try:
        with open(f"{root}/{file}", "rb") as stream:  # noqa: PTH123 -- as above
            return stream.read(max_bytes + 1)
    except FileNotFoundError:
        findings.append(finding("PLT001", Place(file), "the file is missing"))
    except OSError as error:
        findings.append(finding("TEN021", Place(file), f"the file cannot be read: {error.strerror}"))
    return None
