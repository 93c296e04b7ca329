"""KUS: every manifest that stands in base/ or in argocd/platform/ is read by a build."""

from collections.abc import Iterator
from typing import Final, get_args

from generator import layout
from generator.findings import sources
from generator.findings.finding import Finding, Found, Place
from generator.findings.table import finding
from generator.findings.words import did_you_mean
from generator.fleet.model import Exposure, Platform
from generator.generate.compose import component_names, state_names
from generator.generate.releases import COMPONENTS, CORE
from generator.kube.allowed import references
from generator.kube.kustomization import FILE, SPELLINGS, resolve
from generator.reading import yaml_reader
from generator.render.rendered import Base, Repository
from generator.rules.platform_objects import KUSTOMIZATION
from generator.rules.rule import Per, rule


@rule(
    "KUS020",
    per=Per.RELEASE,
    title="every manifest in base/ is read by a build",
    why="A file that no kustomization names is never applied, and nobody says so.",
    fix="Name it in the kustomization, or remove it.",
    source=sources.KUSTOMIZE,
)
def every_manifest_is_read(base: Base) -> Iterator[Found]:
    """Every file that looks like a manifest is named by a kustomization, and every kustomization by a build."""
    if not base.probes:
        return
    known = {
        part
        for folder in base.folders
        for part in (
            f"{folder}/{CORE}",
            *(f"{folder}/{COMPONENTS}/{name}" for name in component_names(base.platform)),
            *(f"{folder}/{layout.STATES}/{name}" for name in (state_names() if folder == base.folders[0] else ())),
        )
    }
    named = {
        path
        for folder, document in base.kustomizations.items()
        for reference in references(document.data)
        if (path := resolve(folder, reference.text)) is not None
    }
    for folder, document in base.kustomizations.items():
        above, _, name = folder.rpartition("/")
        is_component = above in [f"{home}/{COMPONENTS}" for home in base.folders]
        near = _meant(name, base.platform) if is_component else ""
        # a component of an add-on that is sold no more may stay: releases that are frozen have it
        if folder not in known | named and (near or not is_component):
            hint = near or "name it in another kustomization, or remove the folder"
            yield Found(document.place(), "no build reads this kustomization", hint)
    for folder, document in base.kustomizations.items():
        for reference in references(document.data):
            text = base.sources.get(resolve(folder, reference.text) or "")
            if text is not None and reference.where[0] == "resources" and not _has_objects(text):
                yield Found(
                    document.place(reference.where), f"{reference.text} holds no object", "remove it from the list"
                )
    for file in base.files:
        folder, _, name = file.rpartition("/")
        if file.lower().endswith(_MANIFESTS) and name != FILE and file not in named:
            home = next((home for home in base.folders if file.startswith(f"{home}/")), base.folder)
            listing = f"{folder}/{FILE}" if folder in base.kustomizations else f"{home}/{CORE}/{FILE}"
            hint = f"name it under resources: of {listing}, or remove the file if nobody needs it"
            yield Found(Place(file, 1, 1), "no kustomization names this file", hint)


def _meant(name: str, platform: Platform) -> str:
    """Say which component one that nobody names was meant to be; nothing for one of an add-on that is not sold.

    The end of its name is no likeness: what is how an add-on is reached, or its claim, is told by the add-on.
    """
    part = next((part for part in (*get_args(Exposure), "claim") if name.endswith(f"-{part}")), "")
    stem = name.removesuffix(f"-{part}")
    addons = {addon.component: addon.name for addon in platform.addons.values()}
    if part == "claim" and stem in addons:
        return f"name what it brings: claim and storage of addons.{addons[stem]} in {layout.PLATFORM}"
    near = did_you_mean(stem, addons) if part else did_you_mean(name, component_names(platform))
    return near.replace("'?", f"-{part}'?") if part else near


@every_manifest_is_read.also(Per.FLEET)
def every_manifest_of_the_platform_is_read(repository: Repository) -> Iterator[Found | Finding]:
    """Every manifest in argocd/platform/ is named by its kustomization, where it has one, called kustomization.yaml."""
    for file in repository.files:
        folder, _, name = file.rpartition("/")
        if folder == layout.PLATFORM_MANIFESTS and name.lower() in SPELLINGS and name != FILE:
            fact = f"Argo CD builds with this file, and tenantry reads {FILE} alone"
            yield finding("KUS018", Place(file), fact, f"rename it: git mv {file} {KUSTOMIZATION}")
    text = repository.files.get(KUSTOMIZATION)
    document, _ = yaml_reader.read(KUSTOMIZATION, text.encode()) if text is not None else (None, ())
    if document is None:
        return  # without one Argo CD applies every file
    folder = layout.PLATFORM_MANIFESTS
    named = [path for reference in references(document.data) if (path := resolve(folder, reference.text)) is not None]
    for file in sorted(repository.files):
        inside = any(f"{file}/".startswith(f"{path}/") for path in named)
        if file.startswith(f"{folder}/") and not inside and file.lower().endswith(_MANIFESTS) and file != KUSTOMIZATION:
            hint = f"name it under resources: of {KUSTOMIZATION}, or remove the file if nobody needs it"
            yield Found(Place(file, 1, 1), "no kustomization names this file", hint)


_MANIFESTS: Final = (".yaml", ".yml", ".json")


def _has_objects(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith(("#", "---", "...")) for line in text.splitlines())
