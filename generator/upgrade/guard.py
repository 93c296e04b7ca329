"""The step to what guards companies in a folder of its own, `base/guard` beside `base/edge`. Pure.

Before it a release of base/ held both. Documents move by their kind, with the comments before them, into a file of the
same path below the guard; so do the entries of kustomizations that write into them. A frozen release takes its own
guard along: its rings go on as they are.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from generator import layout
from generator.kube.guards import KINDS, guards
from generator.kube.lenient import mapping, mappings, sequence, string, strings
from generator.reading import yaml_objects
from generator.reading.yaml_editor import edited, without
from generator.upgrade.texts import Changes, Texts, data_of

_FILE: Final = "kustomization.yaml"
_ACCOUNT: Final = "ServiceAccount"
_RELEASE: Final = re.compile(rf"({layout.BASE}/(?:edge|releases/([1-9][0-9]*)))/")


def is_done(texts: Texts) -> bool:
    """Say by the paths alone whether nothing is left to do.

    Args:
        texts: The files.
    """
    return any(path.startswith(f"{layout.GUARD}/") for path in texts) or not any(map(_RELEASE.match, texts))


def upgraded(texts: Texts) -> Changes:
    """Return the files that become others.

    Args:
        texts: The files; what cannot be read stays as it is, and is named when it is validated.
    """
    changes: dict[str, str | None] = {}
    frozen = set()
    for release, number in {match.groups() for match in map(_RELEASE.match, texts) if match}:
        files = {
            path.removeprefix(f"{release}/"): text for path, text in texts.items() if path.startswith(f"{release}/")
        }
        runs, guard = _split(files)
        changes |= {f"{release}/{path}": runs.get(path) for path in files}
        changes |= {f"{layout.guard(number or 'live')}/{path}": text for path, text in guard.items()}
        frozen |= {number} if number else set()
    if frozen:
        changes[layout.PLATFORM] = _with_guards(texts[layout.PLATFORM], frozen)
    return {path: text for path, text in changes.items() if text != texts.get(path)}


def _with_guards(platform: str, frozen: Collection[str]) -> str:
    """Let each ring on a frozen release keep the guard that came with it."""

    def change(data: Any) -> None:
        for ring in data["rings"]:
            if ring["release"] in frozen:
                ring.setdefault("guard", ring["release"])

    return edited(platform, change)


# --- one release; paths are those inside it


@dataclass(frozen=True, slots=True)
class _Split:
    """What goes where of the files of a release: the manifests, and the entries of kustomizations.

    Attributes:
        files: All of them.
        runs: The manifests with what runs.
        guards: The manifests with what guards.
        patches: The manifests that are patches, and whether they go.
    """

    files: Texts
    runs: Texts
    guards: Texts
    patches: Mapping[str, bool]


def _split(files: Texts) -> tuple[Texts, Texts]:
    """Return the files of a release, and those of its guard."""
    patches = dict(_patches(files))
    accounts = frozenset(_accounts_of_pods(files.values()))
    manifests = {path: text for path, text in files.items() if not _is_kustomization(path)}
    documents = {path: _documents(text, accounts) for path, text in manifests.items() if path not in patches}
    documents |= {path: ("", manifests[path]) if goes else (manifests[path], "") for path, goes in patches.items()}
    split = _Split(
        files=files,
        runs={path: runs for path, (runs, _) in documents.items() if runs},
        guards={path: guard for path, (_, guard) in documents.items() if guard},
        patches=patches,
    )
    runs, guard = dict(split.runs), dict(split.guards)
    for path in files:
        if _is_kustomization(path):
            folder = str(PurePosixPath(path).parent)
            top = folder == "core" or str(PurePosixPath(folder).parent) == "components"
            if top or _has(split, folder, of_guard=False):
                runs[path] = _kept(split, folder, of_guard=False)
            if _has(split, folder, of_guard=True):
                guard[path] = _kept(split, folder, of_guard=True)
    return runs, guard


def _is_kustomization(path: str) -> bool:
    return PurePosixPath(path).name == _FILE


def _accounts_of_pods(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from re.findall(r"^[ -]*serviceAccountName: *[\"']?([a-z0-9.-]+)", text, re.MULTILINE)


def _patches(files: Texts) -> Iterator[tuple[str, bool]]:
    """Yield the files that are patches, and whether they write into what guards."""
    for path, text in files.items():
        if _is_kustomization(path):
            for patch in mappings(data_of(path, text).get("patches")):
                file = _at(str(PurePosixPath(path).parent), string(patch.get("path")))
                if file in files:
                    yield file, _writes_into_guards(patch, files[file])


def _writes_into_guards(patch: Mapping[str, Any], text: str) -> bool:
    kinds = (
        [mapping(patch.get("target")).get("kind")]
        if "target" in patch
        else [item.get("kind") for item in _objects(text)]
    )
    return bool(kinds) and all(kind in KINDS and kind != _ACCOUNT for kind in kinds)


def _at(folder: str, reference: str) -> str:
    parts = folder.split("/")
    for step in reference.split("/"):
        if step == "..":
            parts = parts[:-1]
        elif step not in ("", "."):
            parts.append(step)
    return "/".join(parts)


# --- manifests

_START: Final = re.compile(r"^---[^\n]*\n", re.MULTILINE)
_WAVE: Final = re.compile(r"^ +argocd\.argoproj\.io/sync-wave:[^\n]*\n", re.MULTILINE)
_NO_ANNOTATIONS: Final = re.compile(r"^( +)annotations:[ ]*\n(?!\1 )", re.MULTILINE)


def _documents(text: str, accounts: Collection[str]) -> tuple[str, str]:
    """Split a manifest into what runs and what guards; comments go with the document that they stand before."""
    runs, guard = [], []
    for part in _START.split(text):
        objects = _objects(part)
        of_pods = any(_name_of_account(item) in accounts for item in objects)
        if objects and not of_pods and all(map(guards, objects)):
            guard.append(part)
        elif part.strip():
            runs.append(_in_the_last_wave(part) if of_pods else part)
    if guard and not any(map(_objects, runs)):
        return "", text
    return "---\n".join(runs), "---\n".join(guard)


def _objects(text: str) -> list[Mapping[str, Any]]:
    return [mapping(item) for item in yaml_objects.objects_or_none(text)]


def _name_of_account(obj: Mapping[str, Any]) -> str | None:
    return string(mapping(obj.get("metadata")).get("name")) if obj.get("kind") == _ACCOUNT else None


def _in_the_last_wave(text: str) -> str:
    """Let the account of a workload come with its workload."""
    return _NO_ANNOTATIONS.sub("", _WAVE.sub("", text))


# --- kustomizations


def _has(split: _Split, folder: str, *, of_guard: bool) -> bool:
    """Say whether a kustomization still says something on one of the two sides."""
    data = data_of(folder, split.files[f"{folder}/{_FILE}"])
    listed = any(_is_listed(split, folder, item, of_guard=of_guard) for item in _listed(data))
    if not of_guard:
        return listed or any(key in data for key in _OF_WHAT_RUNS)
    return listed or any(any(_goes(split, folder, data, key)) for key in ("patches", "replacements"))


def _listed(data: Mapping[str, Any]) -> Iterator[str]:
    for key in ("resources", "components"):
        yield from strings(data.get(key))


def _is_listed(split: _Split, folder: str, item: str, *, of_guard: bool) -> bool:
    path = _at(folder, item)
    if f"{path}/{_FILE}" in split.files:
        return _has(split, path, of_guard=of_guard)
    return path in (split.guards if of_guard else split.runs) or (not of_guard and path not in split.files)


def _goes(split: _Split, folder: str, data: Mapping[str, Any], key: str) -> list[bool]:
    """Say of each patch, or of each replacement, whether a part of it writes into what guards."""
    if key == "patches":
        return [
            split.patches.get(_at(folder, string(patch.get("path"))), False)
            if "path" in patch
            else _writes_into_guards(patch, string(patch.get("patch")))
            for patch in mappings(data.get(key))
        ]
    return [any(_targets(item)) for item in mappings(data.get(key))]


def _targets(replacement: Mapping[str, Any]) -> list[bool]:
    selects = (mapping(target.get("select")) for target in mappings(replacement.get("targets")))
    return [select.get("kind") in KINDS and select.get("kind") != _ACCOUNT for select in selects]


def _kept(split: _Split, folder: str, *, of_guard: bool) -> str:
    """Return a kustomization with what is of one side."""
    path = f"{folder}/{_FILE}"
    text = split.files[path]
    data = data_of(path, text)
    lists = {key: list(strings(data.get(key))) for key in ("resources", "components")}
    keeps: dict[tuple[str | int, ...], list[bool]] = {
        (key,): [_is_listed(split, folder, item, of_guard=of_guard) for item in items] for key, items in lists.items()
    }
    keeps["patches",] = [goes is of_guard for goes in _goes(split, folder, data, "patches")]
    targets = [[goes is of_guard for goes in _targets(item)] for item in mappings(data.get("replacements"))]
    keeps["replacements",] = list(map(any, targets))
    keeps |= {("replacements", index, "targets"): kept for index, kept in enumerate(targets) if any(kept)}
    kept = without(text, keeps, _OF_WHAT_RUNS if of_guard else ())
    return edited(kept, _without_templates) if of_guard and "includeTemplates" in kept else kept


_OF_WHAT_RUNS: Final = ("images", "configMapGenerator")


def _without_templates(data: Any) -> None:
    for label in sequence(data.get("labels")):
        label.pop("includeTemplates", None)
