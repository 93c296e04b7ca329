"""The step to the storage class as a key of platform.yaml and of tenant files. Pure.

Before it the class of the volumes stood in base/ alone. Where all claims of core have one class, it becomes the
platform's, and the fact `storageClass` carries it back: the volumes stay as they are.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from generator import layout
from generator.kube.lenient import mapping, string
from generator.reading import yaml_objects
from generator.reading.yaml_editor import edited, in_one_line, in_one_mapping, quoted_if_needed
from generator.upgrade.texts import Changes, Texts, data_of

_IS_OF_TODAY: Final = re.compile(r"^storageClass:", re.MULTILINE)
_GUARD: Final = re.compile(rf"({layout.GUARD}|{layout.BASE}/guards/[1-9][0-9]*)/core/")
_PLACEHOLDER: Final = "placeholder"


def is_done(texts: Texts) -> bool:
    """Say by platform.yaml whether nothing is left to do; where it has no class, by the claims of guards' cores.

    Args:
        texts: The files.
    """
    return _IS_OF_TODAY.search(texts.get(layout.PLATFORM, "")) is not None or not _class_of(list(_claims(texts)))


def upgraded(texts: Texts) -> Changes:
    """Return the files that become others; none where no class stands in base/, or more than one.

    Args:
        texts: The files; what cannot be read stays as it is, and is named when it is validated.
    """
    claims = list(_claims(texts))
    of_class = _class_of(claims)
    facts = {path: _facts_beside(path) for path, _, _ in claims}
    if not of_class or not set(facts.values()) <= texts.keys() or "plans" not in _platform(texts):
        return {}
    changed = {layout.PLATFORM: _with_class(texts[layout.PLATFORM], of_class)}
    for path in facts:
        pattern = rf"^(  storageClassName: *)[\"']?{re.escape(of_class)}[\"']?(?= *(?:#|$))"
        changed[path] = re.sub(pattern, rf"\g<1>{_PLACEHOLDER}", texts[path], flags=re.MULTILINE)
    for file in set(facts.values()):
        names = [name for path, name, _ in claims if facts[path] == file]
        changed[file] = _with_replacement(texts[file], names)
    return changed


def _class_of(claims: Iterable[tuple[str, str, str]]) -> str:
    """Return the one class that all claims have; empty where there is none, more than one, or a fact's place."""
    classes = {of_class for _, _, of_class in claims}
    return classes.pop() if len(classes) == 1 and _PLACEHOLDER not in classes else ""


def _platform(texts: Texts) -> Mapping[str, Any]:
    return data_of(layout.PLATFORM, texts.get(layout.PLATFORM, ""))


def _claims(texts: Texts) -> Iterator[tuple[str, str, str]]:
    """Yield file, name and class of each claim of a guard's core."""
    for path, text in texts.items():
        for item in yaml_objects.objects_or_none(text) if _GUARD.match(path) else ():
            claim = mapping(item)
            if claim.get("kind") == "PersistentVolumeClaim":
                name, spec = string(mapping(claim.get("metadata")).get("name")), mapping(claim.get("spec"))
                yield path, name, string(spec.get("storageClassName"))


def _facts_beside(path: str) -> str:
    core = next(above for above in PurePosixPath(path).parents if above.name == "core")
    return str(core.parent / "components/facts/kustomization.yaml")


def _with_class(platform: str, of_class: str) -> str:
    def change(data: Any) -> None:
        data.insert(list(data).index("clusters"), "storageClass", quoted_if_needed(of_class))

    return edited(platform, change)


def _with_replacement(text: str, claims: Collection[str]) -> str:
    """Let the fact be written into the class of these claims."""

    def change(data: Any) -> None:
        source = {"kind": "TenantFacts", "name": "tenant", "fieldPath": "spec.storageClass"}
        targets = [
            {
                "select": in_one_mapping({"kind": "PersistentVolumeClaim", "name": quoted_if_needed(name)}),
                "fieldPaths": in_one_line(["spec.storageClassName"]),
            }
            for name in claims
        ]
        data.setdefault("replacements", []).append({"source": in_one_mapping(source), "targets": targets})

    return edited(text, change)
