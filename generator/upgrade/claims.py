"""The step to claims of add-ons in components of their own, so that one that is dropped leaves its claim. Pure.

Before it the claim stood in the component that brings the policies of the add-on, and left with it. It moves into
COMPONENT-claim beside it, with its comments and the entries of the kustomization that write into it; platform.yaml
gets its name. Where base/ has no claim of that add-on, or several, people have to say which it is.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator import layout
from generator.kube.lenient import mapping, mappings, string, strings
from generator.reading import yaml_objects
from generator.reading.yaml_editor import edited, quoted_if_needed, without
from generator.upgrade.texts import Changes, Texts, data_of

_CLAIM: Final = "PersistentVolumeClaim"
_FILE: Final = "kustomization.yaml"
_ADDONS: Final = re.compile(r"^addons:.*?(?=^[^\s#]|\Z)", re.MULTILINE | re.DOTALL)
_GUARD: Final = re.compile(rf"({layout.GUARD}|{layout.BASE}/guards/[1-9][0-9]*)/")
_START: Final = re.compile(r"^---[^\n]*\n", re.MULTILINE)


def is_done(texts: Texts) -> bool:
    """Say by platform.yaml alone whether nothing is left to do; by its text where that is plain.

    Args:
        texts: The files.
    """
    platform = texts.get(layout.PLATFORM, "")
    addons = _ADDONS.search(platform)
    said = addons[0] if addons else platform  # its keys may be quoted, or stand in one line
    return not all(word in said for word in ("addons", "storage")) or not any(_without_claim(platform))


def upgraded(texts: Texts) -> Changes:
    """Return the files that become others.

    Args:
        texts: The files; what cannot be read stays as it is, and is named when it is validated.
    """
    guards = sorted({match[1] for path in texts if (match := _GUARD.match(path))})
    changes: dict[str, str | None] = {}
    named: dict[str, str] = {}
    for addon, component in _without_claim(texts.get(layout.PLATFORM, "")):
        folders = [f"{guard}/components/{component}" for guard in guards]
        moved = [_moved(texts, folder) for folder in folders if f"{folder}/{_FILE}" in texts]
        claims = {claim for found, _ in moved for claim in found}
        if len(claims) == 1:
            (named[addon],) = claims
            changes |= {path: text for _, files in moved for path, text in files.items()}
    return {**changes, layout.PLATFORM: _with_claims(texts[layout.PLATFORM], named)} if named else {}


def _without_claim(platform: str) -> Iterator[tuple[str, str]]:
    """Yield name and component of each add-on that has a volume and does not say of which claim."""
    for name, addon in mapping(data_of(layout.PLATFORM, platform).get("addons")).items():
        if "storage" in mapping(addon) and "claim" not in addon:
            yield name, string(addon.get("component", addon.get("workload")))


def _with_claims(platform: str, claims: Mapping[str, str]) -> str:
    def change(data: Any) -> None:
        for addon, claim in claims.items():
            keys = data["addons"][addon]
            keys.insert(list(keys).index("storage") + 1, "claim", quoted_if_needed(claim))

    return edited(platform, change)


def _moved(texts: Texts, folder: str) -> tuple[list[str], Changes]:
    """Return the names of the claims of a component, and the files that become others when they leave it."""
    data = data_of(_FILE, texts[f"{folder}/{_FILE}"])
    split = {item: _split(texts[f"{folder}/{item}"]) for item in _listed(data) if f"{folder}/{item}" in texts}
    names = [name for _, claims in split.values() for name in _names(claims)]
    if not names:
        return [], {}
    changes: dict[str, str | None] = {}
    for item, (rest, claims) in split.items():
        if claims:
            changes |= {f"{folder}/{item}": rest or None, f"{folder}-claim/{item}": claims}
    for place, side in ((folder, 0), (f"{folder}-claim", 1)):
        stays: dict[tuple[str | int, ...], list[bool]] = {}
        stays["resources",] = [bool(split[item][side]) if item in split else not side for item in _listed(data)]
        targets = [
            [_is_claim(target) is bool(side) for target in _targets(replacement)] for replacement in _replacements(data)
        ]
        stays["replacements",] = list(map(any, targets))
        stays |= {("replacements", index, "targets"): kept for index, kept in enumerate(targets) if any(kept)}
        changes[f"{place}/{_FILE}"] = without(texts[f"{folder}/{_FILE}"], stays, ("patches",) if side else ())
    return names, changes


def _listed(data: Mapping[str, Any]) -> list[str]:
    return list(strings(data.get("resources")))


def _replacements(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(mappings(data.get("replacements")))


def _targets(replacement: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(mappings(replacement.get("targets")))


def _is_claim(target: Mapping[str, Any]) -> bool:
    return mapping(target.get("select")).get("kind") == _CLAIM


def _split(text: str) -> tuple[str, str]:
    """Split a manifest into its other objects and its claims; comments go with the document that they stand before."""
    rest, claims = [], []
    for part in _START.split(text):
        if any(_names(part)):
            claims.append(part)
        elif part.strip():
            rest.append(part)
    return "---\n".join(rest), "---\n".join(claims)


def _names(text: str) -> list[str]:
    objects = (mapping(item) for item in yaml_objects.objects_or_none(text))
    return [string(mapping(obj.get("metadata")).get("name")) for obj in objects if obj.get("kind") == _CLAIM]
