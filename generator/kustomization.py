"""Which files a kustomization refers to, so that an Application is rendered anew exactly when it must be (A28)."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from generator import yamlio
from generator.files import BadFile, Kind
from generator.findings import TenantryError
from generator.shape import mappings, strings
from generator.snapshot import Snapshot

FILE: Final = "kustomization.yaml"

_LISTS: Final = (
    "resources",
    "components",
    "bases",
    "crds",
    "configurations",
    "generators",
    "transformers",
    "validators",
)
_PATHS: Final = ("patches", "patchesJson6902", "replacements")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")


def read(snapshot: Snapshot, folder: str) -> dict[str, Any]:
    """Read the kustomization of a folder, strictly.

    Raises:
        TenantryError: There is none, or it is not YAML that every reader understands alike.
    """
    file = f"{folder}/{FILE}"
    try:
        raw = snapshot.read(file)
    except BadFile as bad:
        raise TenantryError(f"{file}: {bad.what}", bad.hint) from None
    document, findings = yamlio.read(file, raw)
    if document is None or not isinstance(document.data, dict):
        what = f"{findings[0].place}: {findings[0].fact}" if findings else f"{file}: a mapping is needed"
        raise TenantryError(what)
    return document.data


def references(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield every path that a kustomization names: files, folders, and whatever else stands in their place."""
    for key in _LISTS:
        yield from (item for item in strings(data.get(key)) if "\n" not in item)
    for key in _PATHS:
        yield from strings([item.get("path") for item in mappings(data.get(key))])
    for generator in (one for key in _GENERATORS for one in mappings(data.get(key))):
        for source in (*strings(generator.get("files")), *strings(generator.get("envs"))):
            yield source.split("=", 1)[-1]
    yield from strings([one.get("path") for one in mappings([data.get("openapi")])])


def resolve(folder: str, reference: str) -> str | None:
    """Return the path from the repository's root that a reference leads to; None when it leads outside."""
    if reference.startswith("/") or "://" in reference:
        return None
    parts: list[str] = []
    for part in PurePosixPath(folder, reference).parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def closure(snapshot: Snapshot, folders: Iterable[str]) -> tuple[str, ...]:
    """Return every path that building these folders reads, sorted; what lies inside another of them is left out.

    Args:
        snapshot: The repository.
        folders: Folders with a kustomization, as paths from the root.

    Raises:
        TenantryError: A kustomization cannot be read, or refers to what is not in the repository.
    """
    reached: set[str] = set()
    pending = list(folders)
    while pending:
        folder = pending.pop()
        if folder in reached:
            continue
        reached.add(folder)
        if snapshot.kind_of(folder) is not Kind.FOLDER:
            continue
        for reference in references(read(snapshot, folder)):
            path = resolve(folder, reference)
            if path is None:
                raise TenantryError(f"{folder}/{FILE}: {reference!r} leads outside the repository")
            if snapshot.kind_of(path) is None:  # kustomize would take it for a repository and ask the network for it
                why, hint = snapshot.why_missing(path)
                raise TenantryError(f"{folder}/{FILE}: {why or f'there is no {reference!r}'}", hint)
            pending.append(path)
    return outermost(reached)


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Sort paths and leave out those that lie inside another one."""
    kept: list[str] = []
    for path in sorted(paths, key=lambda one: one.split("/")):
        if not kept or not f"{path}/".startswith(f"{kept[-1]}/"):
            kept.append(path)
    return tuple(sorted(kept))
