"""ARG: what Argo CD reads of each company: its entry and project are there, in their shard, and nothing else is."""

import re
import shlex
from collections.abc import Collection, Iterator
from typing import Final

import yaml

from generator import layout
from generator.applicationset import RESERVED_KEYS
from generator.findings import sources
from generator.findings.finding import Found, Place
from generator.findings.rule import Firm
from generator.fleet.model import Fleet
from generator.fleet.states import STATES
from generator.generate.argocd import ENTRY_KEYS
from generator.render.rendered import Rendered, Repository
from generator.rules.rule import Per, rule
from generator.rules.ways import GENERATE, way_back

# --- files


@rule(
    "ARG004",
    per=Per.FLEET,
    title="argocd/ and overlays/ hold the files of the tenants alone",
    why="Argo CD applies every file of a shard's folder, and an ApplicationSet reads every entry, whoever wrote them.",
    fix="Move the file away, or run `tenantry generate` for one that is missing.",
    source="tenantry: Argo CD applies all that stands in these folders",
)
def argocd_holds_what_tenants_have(repository: Repository) -> Iterator[Found]:
    """Shards, apps and overlays hold the files of the tenants, and nothing that Argo CD would take for more."""
    expected = _expected(repository.fleet) | _kept(repository)
    names = {tenant.name for tenant in repository.fleet.with_overlay}
    for file in sorted(repository.files):
        if file in expected or file.rpartition("/")[2].startswith(".argocd-source"):
            continue
        owner = layout.tenant_of(file)
        if owner in repository.lost or (owner in names and _TENANT_FILE.fullmatch(file)):
            continue  # a lost company is named elsewhere; a file in the wrong shard is ARG027's
        fact = _foreign(file, owner, names)
        if fact:
            yield Found(Place(file), fact, way_back(repository, owner, f"rm {shlex.quote(file)}"))
    entries = {file for file in repository.files if _TENANT_FILE.fullmatch(file)}
    for tenant in repository.fleet.tenants:
        shard = layout.shard_of(tenant.name, repository.fleet.platform.argocd.shards)
        entry, overlay = layout.entry(tenant.name, shard), layout.kustomization(tenant.name)
        if (entry in entries) != (overlay in repository.files):
            has, lacks = ("an entry", "overlay") if entry in entries else ("an overlay", "entry")
            yield Found(tenant.document.place(), f"{tenant.name} has {has} and no {lacks}", GENERATE)


_TENANT_FILE: Final = re.compile(rf"{layout.SHARDS}/s[0-9]+/(?:tenants|projects)/([^/]+)\.yaml")


def _expected(fleet: Fleet) -> frozenset[str]:
    shards = [layout.shard_name(number) for number in range(fleet.platform.argocd.shards)]
    shared = [path for item in shards for path in (layout.application_set(item), layout.shard_application(item))]
    own: list[str] = []
    for tenant in fleet.with_overlay:
        name, shard = tenant.name, layout.shard_of(tenant.name, len(shards))
        own += [layout.project(name, shard), layout.kustomization(name), layout.facts(name)]
        own += [layout.entry(name, shard)] if STATES[tenant.state].has_entry else []
    parts = map(layout.part_application, fleet.platform.parts)
    return frozenset((*shared, *own, *parts, layout.platform_application()))


def _kept(repository: Repository) -> frozenset[str]:
    """Return the files without which the shard of a lost company would go, and the company's Application with it."""
    lost = (file for file in repository.files if layout.tenant_of(file) in repository.lost)
    shards = {file.split("/")[2] for file in lost if file.startswith(f"{layout.SHARDS}/")}
    return frozenset(
        path for shard in shards for path in (layout.application_set(shard), layout.shard_application(shard))
    )


def _foreign(file: str, owner: str | None, names: Collection[str]) -> str:
    """Say why a file does not belong where Argo CD looks; nothing where it does not look."""
    if file.startswith(f"{layout.OVERLAYS}/"):
        if owner in names:
            return f"this file is none of the two of {owner}'s overlay"
        return f"this overlay has no tenant: {file.split('/')[1]}"
    if file.startswith((f"{layout.SHARDS}/", f"{layout.APPS}/")):
        what = "ApplicationSets would read it" if "/tenants/" in file else "Argo CD would apply it"
        return f"this is no file of a tenant, and {what}"
    return ""


@rule(
    "ARG027",
    per=Per.FLEET,
    title="an entry and a project lie in their tenant's shard",
    why="A second set would contest the Application, and stop at that error.",
    fix="Run `tenantry generate`.",
    source="tenantry: a shard is a hash of the name",
)
def entries_are_in_their_shard(repository: Repository) -> Iterator[Found]:
    """An entry and a project lie in the shard that the tenant's name hashes to."""
    shards = repository.fleet.platform.argocd.shards
    names = {tenant.name for tenant in repository.fleet.tenants}
    for file in sorted(repository.files):
        match = _TENANT_FILE.fullmatch(file)
        if match and match[1] in names:
            shard = layout.shard_of(match[1], shards)
            if not file.startswith(f"{layout.SHARDS}/{shard}/"):
                yield Found(Place(file), f"{match[1]} belongs to shard {shard}", GENERATE)


# --- entries


_AS_GENERATED: Final = re.compile(r'(?:#.*|[A-Za-z]+: "(?:[^"\\]|\\.)*")?')


@rule(
    "ARG006",
    per=Per.TENANT,
    title="an entry is flat, and every value is a quoted string",
    why="Argo CD reads a plain 12e3 as 12000 and a plain `on` as true: another tenant's name, perhaps.",
    fix="Run `tenantry generate`.",
    source=sources.YAML,
    firm=Firm.FREEZE,
)
def entries_are_flat_and_quoted(rendered: Rendered) -> Iterator[Found]:
    """An entry maps the keys that the template reads to quoted strings, so that every YAML reader agrees."""
    document = rendered.entry
    for key in document.data:
        if key not in (*ENTRY_KEYS, *RESERVED_KEYS):
            yield Found(document.place((key,)), f"no template reads the key {key}", "remove it")
    # Lines as generate writes them are quoted; only others need a closer look.
    if all(map(_AS_GENERATED.fullmatch, document.text.splitlines())):
        return
    node = yaml.compose(document.text, Loader=yaml.CSafeLoader)
    assert isinstance(node, yaml.MappingNode)
    for key, value in node.value:
        if not isinstance(value, yaml.ScalarNode) or value.style not in ("'", '"'):
            yield Found(document.place((key.value,)), f"{key.value} is not a quoted string", GENERATE)


@rule(
    "ARG010",
    per=Per.TENANT,
    title="generatePaths is exactly what building the overlay reads",
    why="Too little, and a change of base/ never arrives, unseen; too much, and every commit renders everything.",
    fix="Run `tenantry generate`.",
    source=sources.LARGE,
)
def applications_know_what_they_are_rendered_from(rendered: Rendered) -> Iterator[Found]:
    """`generatePaths` is exactly what building the overlay reads: less, and a change of base/ never arrives."""
    text = str(rendered.entry.data.get("generatePaths", ""))
    given = {path for path in text.split(";") if path}
    needed = {f"/{path}" for path in rendered.reads}
    parts = [
        f"{word} {', '.join(sorted(paths))}"
        for word, paths in (("lacks", needed - given), ("need not have", given - needed))
        if paths
    ]
    if parts:
        place = rendered.entry.place(("generatePaths",))
        yield Found(place, f"generatePaths {' and '.join(parts)}", GENERATE)
