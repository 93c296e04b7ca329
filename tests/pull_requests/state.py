"""What stands in a commit as Argo CD sees it, read without tenantry's code: plain git, plain PyYAML, kustomize.

It starts at `argocd/root.yaml` and goes through Applications and ApplicationSets to each overlay. What it cannot read
is named, not guessed at.
"""

import fnmatch
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

Object = dict[str, Any]
Build = Callable[[Path], str]
"""Builds a folder with kustomize and returns what it prints; raises `UnreadableError` with what it says."""

ORDINARY: Final = ("100644", "100755")
_KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_YAML: Final = (".yaml", ".yml", ".json")


class UnreadableError(Exception):
    """Something cannot be read: Argo CD would apply nothing of it, and prune nothing."""


@dataclass(kw_only=True)
class Tenant:
    """What Argo CD makes of one entry."""

    entry: Object
    application: Object
    patch: str
    project: Object = field(default_factory=dict)
    objects: list[Object] = field(default_factory=list)


@dataclass(kw_only=True)
class State:
    """What stands in a commit, as Argo CD sees it.

    Attributes:
        tenants: By name.
        shared: What the provider's own Applications apply.
        platform: platform.yaml.
        files: What each tenant's own file holds.
        odd: Paths that are no ordinary file in git, with their modes.
        unreadable: What cannot be read: path -> why.
        altered: Paths whose bytes a checkout makes others of.
    """

    tenants: dict[str, Tenant] = field(default_factory=dict)
    shared: list[Object] = field(default_factory=list)
    platform: Object = field(default_factory=dict)
    files: dict[str, Object] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    altered: list[str] = field(default_factory=list)


# --- reading


def read_state(repository: Path, commit: str, scratch: Path, build: Build, prepare: Callable[[Path], None]) -> State:
    """Read a commit.

    Args:
        repository: Where it is.
        commit: Its name.
        scratch: An empty folder.
        build: Builds a folder with kustomize.
        prepare: Brings the files of a folder to what Argo CD would see: in branch mode, generates.
    """
    state = State()
    folder = scratch / "files"
    blobs: dict[str, str] = {}
    for line in _git(repository, "ls-tree", "-r", "-z", commit).split(b"\0")[:-1]:
        head, _, name = line.partition(b"\t")
        mode, _, blob = head.decode().split()
        path = os.fsdecode(name)
        if mode in ORDINARY:
            blobs[path] = blob
        else:
            state.odd[path] = mode
    _write(repository, blobs, folder)
    state.altered = sorted(_altered(repository, commit, scratch / "checkout", folder, blobs))
    prepare(folder)
    try:
        state.platform = mapping(next(iter(_documents(folder / "platform.yaml")), None))
    except (OSError, UnreadableError) as error:
        state.unreadable["platform.yaml"] = str(error)
    for file in sorted((folder / "tenants").rglob("*.yaml")):
        try:
            document = mapping(next(iter(_documents(file)), None))
        except (OSError, UnreadableError):
            continue
        state.files[str(document.get("name"))] = document
    _follow(folder, state, build)
    return state


def _git(repository: Path, *arguments: str, give: bytes | None = None, index: Path | None = None) -> bytes:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    clean |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    clean |= {"GIT_INDEX_FILE": str(index)} if index else {}
    done = subprocess.run(["git", *arguments], cwd=repository, env=clean, input=give, check=True, capture_output=True)
    return done.stdout


def _write(repository: Path, blobs: dict[str, str], folder: Path) -> None:
    answer = _git(repository, "cat-file", "--batch", give="".join(f"{blob}\n" for blob in blobs.values()).encode())
    start = 0
    for path in blobs:
        line = answer.index(b"\n", start)
        size = int(answer[start:line].rsplit(b" ", 1)[1])
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(answer[line + 1 : line + 1 + size])
        start = line + 1 + size + 1


def _altered(repository: Path, commit: str, checkout: Path, folder: Path, blobs: Iterable[str]) -> Iterator[str]:
    """Yield the files that a checkout, as the repo-server makes one, holds otherwise than git does."""
    if not any(path.rpartition("/")[2] == ".gitattributes" for path in blobs):
        return
    checkout.mkdir()
    index = checkout.with_suffix(".index")
    _git(repository, "read-tree", commit, index=index)
    _git(repository, "checkout-index", "--all", "--force", f"--prefix={checkout}/", index=index)
    for path in blobs:
        if (checkout / path).is_file() and (checkout / path).read_bytes() != (folder / path).read_bytes():
            yield path


def _documents(path: Path) -> list[Any]:
    try:
        return list(yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from None


def _follow(folder: Path, state: State, build: Build) -> None:
    """Start at the root and go through what each Application applies."""
    pending = [{"path": "argocd/root.yaml"}]
    seen: set[str] = set()
    sets: list[Object] = []
    while pending:
        source = pending.pop()
        path = str(source.get("path", ""))
        if path in seen:
            continue
        seen.add(path)
        try:
            objects = _applied(folder, source, build)
        except (OSError, UnreadableError) as error:
            state.unreadable[path] = str(error)
            continue
        for obj in objects:
            state.shared.append(obj)
            if obj.get("kind") == "Application":
                pending.append(mapping(mapping(obj.get("spec")).get("source")))
            elif obj.get("kind") == "ApplicationSet":
                sets.append(obj)
    for appset in sets:
        _expand(folder, appset, state)
    for name, tenant in state.tenants.items():
        projects = [item for item in state.shared if item.get("kind") == "AppProject" and name_of(item) == name]
        tenant.project = projects[0] if projects else {}
        path = str(mapping(spec_of(tenant.application).get("source")).get("path"))
        try:
            tenant.objects = [item for item in _loaded(build(folder / path)) if isinstance(item, dict)]
        except UnreadableError as error:
            state.unreadable[path] = str(error)


def _applied(folder: Path, source: Object, build: Build) -> list[Object]:
    top = folder / str(source.get("path", ""))
    if top.is_file():
        return [document for document in _documents(top) if isinstance(document, dict)]
    if any((top / name).is_file() for name in _KUSTOMIZATIONS):
        return [item for item in _loaded(build(top)) if isinstance(item, dict)]
    directory = mapping(source.get("directory"))
    paths = top.rglob("*") if directory.get("recurse") else top.glob("*")
    found = []
    for path in sorted(paths):
        inside = path.relative_to(top).as_posix()
        if path.suffix in _YAML and path.is_file() and not fnmatch.fnmatch(inside, str(directory.get("exclude", ""))):
            found += [document for document in _documents(path) if isinstance(document, dict)]
    return found


@lru_cache(100)
def _loaded(text: str) -> tuple[Any, ...]:
    try:
        return tuple(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableError(str(error)) from None


def _expand(folder: Path, one: Object, state: State) -> None:
    """Make the Applications of a set: one for each entry; a bad entry freezes the set, which takes nothing away."""
    spec = mapping(one.get("spec"))
    made = {}
    for generator in listed(spec.get("generators")):
        for item in listed(mapping(mapping(generator).get("git")).get("files")):
            for path in sorted(folder.glob(str(mapping(item).get("path", "nothing")))):
                try:
                    entry = mapping(next(iter(_documents(path)), None))
                except UnreadableError as error:
                    state.unreadable[path.relative_to(folder).as_posix()] = str(error)
                    return
                application = _filled(mapping(spec.get("template")), entry)
                made[name_of(application)] = Tenant(
                    entry=entry, application=application, patch=str(spec.get("templatePatch", ""))
                )
    state.tenants |= made


def _filled(value: Any, entry: Object) -> Any:
    if isinstance(value, str):
        return re.sub(r"{{-? *\.(\w+) *-?}}", lambda match: str(entry.get(match[1], "<no value>")), value)
    if isinstance(value, dict):
        return {key: _filled(inner, entry) for key, inner in value.items()}
    return [_filled(inner, entry) for inner in value] if isinstance(value, list) else value


def mapping(value: Any) -> Object:
    """Return a mapping as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def name_of(one: Object) -> str:
    """Return metadata.name."""
    return str(mapping(one.get("metadata")).get("name"))


def spec_of(one: Object) -> Object:
    """Return the spec, empty when there is none."""
    return mapping(one.get("spec"))


def objects_of(tenant: Tenant, *kinds: str) -> list[Object]:
    """Return what is rendered for a tenant of some kinds."""
    return [obj for obj in tenant.objects if obj.get("kind") in kinds]
