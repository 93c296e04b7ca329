"""IO in: find the repository, read platform.yaml and every tenant file. Nothing is judged here but the reading."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator import layout, yamlio
from generator.findings import EnvironmentProblem, Finding, Place
from generator.rules.catalog import finding

MAX_TENANT_BYTES: Final = 16 * 1024
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


def load(root: Path) -> Sources:
    """Read platform.yaml and tenants/**/*.yaml below `root`."""
    findings: list[Finding] = []
    platform = _read(root, layout.PLATFORM, yamlio.MAX_BYTES, findings)
    documents = [_read(root, file, MAX_TENANT_BYTES, findings) for file in _tenant_files(root, findings)]
    return Sources(platform, tuple(one for one in documents if one is not None), tuple(findings))


def _tenant_files(root: Path, findings: list[Finding]) -> Iterator[str]:
    pending = [root / layout.TENANTS]
    found: list[str] = []
    while pending:
        folder = pending.pop()
        if not folder.is_dir():
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                file = Path(entry.path).relative_to(root).as_posix()
                suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 -- a Path for each of 10,000 files is dear
                if entry.is_symlink():
                    findings.append(
                        finding("TEN025", Place(file), "this is a symbolic link", "put the file itself here")
                    )
                elif entry.is_dir():
                    pending.append(folder / entry.name)
                elif file == layout.TENANT_SCHEMA or suffix not in _SUFFIXES:
                    continue
                elif not entry.name.endswith(".yaml"):
                    fact = f"a tenant file ends in .yaml, this one in {os.path.splitext(entry.name)[1]}"  # noqa: PTH122
                    findings.append(finding("TEN025", Place(file), fact, "rename it"))
                else:
                    found.append(file)
    yield from sorted(found)


def _read(root: Path, file: str, max_bytes: int, findings: list[Finding]) -> yamlio.Document | None:
    try:
        with open(f"{root}/{file}", "rb") as stream:  # noqa: PTH123 -- as above
            raw = stream.read(max_bytes + 1)
    except FileNotFoundError:
        findings.append(finding("PLT001", Place(file), "the file is missing"))
        return None
    except OSError as error:
        findings.append(finding("TEN021", Place(file), f"the file cannot be read: {error.strerror}"))
        return None
    document, found = yamlio.read(file, raw, max_bytes=max_bytes)
    findings.extend(found)
    return document
