"""What a kustomization may hold before kustomize is started on it: the fields and the references that are understood.

kustomize takes much more than it says: a key in other letters (it reads JSON by Go's rules), a path that looks like an
address (it asks the network, also where a folder of that name exists), text in the place of a path. So nothing is
searched for what is bad; what is not known to be harmless is refused, with what to write in its place.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from generator.findings.finding import Finding
from generator.findings.table import finding
from generator.kube.lenient import sequence
from generator.reading import yaml_reader
from generator.reading.schema import Checker, package_schema
from generator.reading.yaml_reader import Document


class Needs(StrEnum):
    """What a reference must lead to."""

    FOLDER = "a folder with a kustomization.yaml"
    MANIFEST = "a .yaml file"
    EITHER = "a .yaml file or a folder with a kustomization.yaml"
    DATA = "a file"


@dataclass(frozen=True, slots=True)
class Reference:
    """A path that a kustomization names.

    Attributes:
        where: The keys and indices that lead to it in the document.
        text: The path as it is written, without the key of a file of configMapGenerator.
        needs: What it must lead to.
    """

    where: tuple[str | int, ...]
    text: str
    needs: Needs


def check(document: Document) -> tuple[Finding, ...]:
    """Return what a kustomization holds that is not understood; nothing when kustomize may read it.

    Whether its references lead to something is left to `generator.kube.kustomization`, which has the files.

    Args:
        document: The parsed kustomization.yaml.
    """
    return (
        *_checker().check(document, lambda _path, _keyword: "KUS002"),
        *_references_of_another_form(document),
        *_patches_out_of_bounds(document),
    )


@cache
def _checker() -> Checker:
    return Checker(package_schema("kustomization"))


def references(data: Any) -> Iterator[Reference]:
    """Yield every path that a kustomization of the known form names; whatever has another form is passed over."""
    if not isinstance(data, Mapping):
        return
    for key, needs in (("resources", Needs.EITHER), ("components", Needs.FOLDER)):
        yield from _texts(data.get(key), (key,), needs)
    for index, patch in _entries(data.get("patches")):
        if isinstance(patch.get("path"), str):
            yield Reference(("patches", index, "path"), patch["path"], Needs.MANIFEST)
    for index, generator in _entries(data.get("configMapGenerator")):
        for key in ("files", "envs"):
            for text in _texts(generator.get(key), ("configMapGenerator", index, key), Needs.DATA):
                yield Reference(text.where, text.text.split("=", 1)[-1] if key == "files" else text.text, text.needs)


def _texts(value: Any, above: tuple[str | int, ...], needs: Needs) -> Iterator[Reference]:
    for index, text in enumerate(sequence(value)):
        if isinstance(text, str):
            yield Reference((*above, index), text, needs)


def _entries(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    return ((index, one) for index, one in enumerate(sequence(value)) if isinstance(one, Mapping))


def is_plain(reference: Reference) -> bool:
    """Say whether a reference is a path that kustomize can take for nothing else."""
    return not _another_form(reference)[0]


# --- references

_NAME: Final = "[A-Za-z0-9_][A-Za-z0-9_-]*"
_FOLDER: Final = re.compile(rf"(?:\./)?(?:(?:\.\./)*(?:{_NAME}/)*{_NAME}|(?:\.\./)*\.\.)/?")
_FILE: Final = re.compile(rf"(?:\./)?(?:\.\./)*(?:{_NAME}/)*[A-Za-z0-9_.-]*[A-Za-z0-9_-]")
_LONGEST: Final = 200
_MANIFEST: Final = ".yaml"
_KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml", "kustomization"})


def _references_of_another_form(document: Document) -> Iterator[Finding]:
    for reference in references(document.data):
        fact, hint = _another_form(reference)
        if fact:
            yield finding("KUS004", document.place(reference.where), fact, hint)


def _another_form(reference: Reference) -> tuple[str, str]:
    """Say why a reference is no plain path, and what to do; nothing when it is one.

    A folder has no dot in its name and an address has one, so no path of this form can be read as an address
    (https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.8.1/api/internal/git/repospec.go).
    """
    text, needs = reference.text, reference.needs
    said = repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
    if "\n" in text:
        return f"{said} is text in the place of a path", "write it into a file, and name the file here"
    if text.startswith("/"):
        return f"{said} leads outside the repository", "copy what it leads to into the repository"
    if text.rpartition("/")[2].lower() in _KUSTOMIZATIONS:
        return f"{said} is a kustomization, which kustomize reads by its folder alone", "name the folder"
    file = _FILE.fullmatch(text) and len(text) <= _LONGEST
    folder = _FOLDER.fullmatch(text) and len(text) <= _LONGEST
    fits = {
        Needs.FOLDER: folder,
        Needs.MANIFEST: file and text.endswith(_MANIFEST),
        Needs.EITHER: folder or (file and text.endswith(_MANIFEST)),
        Needs.DATA: file,
    }
    if fits[needs]:
        return "", ""
    if file and needs is not Needs.FOLDER:
        hint = f"rename a file so that it ends in {_MANIFEST}, a folder so that it has no dot"
        return f"{said} does not end in {_MANIFEST}", hint
    fact = f"{said} is no plain path to {needs}, and kustomize may take it for an address"
    return fact, "copy what it leads to into the repository; names of folders have letters, digits, - and _ alone"


# --- patches


def _patches_out_of_bounds(document: Document) -> Iterator[Finding]:
    """Yield what is wrong with patches that are written in the kustomization: they are YAML of their own."""
    for index, patch in _entries(document.data.get("patches") if isinstance(document.data, Mapping) else None):
        text = patch.get("patch")
        if isinstance(text, str):
            for found in yaml_reader.bounded(document.file, text.encode()):
                place = document.place(("patches", index, "patch"))
                yield finding(found.rule, place, f"in this patch, {found.fact}", found.hint)
