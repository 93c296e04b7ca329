"""Tenants as they are committed: their files read strictly, and their renders by class."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from generator import layout
from generator.findings.finding import Finding, Place, Refused
from generator.findings.table import finding
from generator.fleet.model import Fleet, Tenant
from generator.generate.releases import components_in, origins_of
from generator.generate.write import Change, Kind, stale
from generator.git.snapshot import Snapshot
from generator.kube import branching
from generator.kube.kustomization import gate_of
from generator.once import once
from generator.reading import yaml_reader
from generator.reading.files import GENERATED
from generator.reading.yaml_reader import Document
from generator.render import classes
from generator.render.classes import Sheet
from generator.render.rendered import Rendered


class Texts(Mapping[str, str]):
    """Files as texts, by path; each is made of its bytes when it is asked for, because there are many.

    Args:
        held: What they hold.
    """

    def __init__(self, held: Mapping[str, bytes]) -> None:
        self._held = held

    def __getitem__(self, path: str) -> str:
        """Return what a file holds; bytes that are no UTF-8 are replaced."""
        return self._held[path].decode("utf-8", "replace")

    def __iter__(self) -> Iterator[str]:
        """Yield the paths."""
        return iter(self._held)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._held)

    def __contains__(self, path: object) -> bool:
        """Say whether there is such a file."""
        return path in self._held


@once
def committed(snapshot: Snapshot) -> Texts:
    """Read every file of overlays/ and argocd/.

    Raises:
        Refused: Something there is no ordinary file, or it is too much.
    """
    held = (snapshot.collect_all(folder, GENERATED) for folder in (layout.OVERLAYS, layout.ARGOCD))
    return Texts({path: raw for item in held for path, raw in item.items()})


def application_sets(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Read the committed ApplicationSets of all shards; those that cannot be read are left to the rules."""
    found = []
    for file, text in sorted(files.items()):
        if file.startswith(f"{layout.SHARDS}/") and file.endswith("/applicationset.yaml"):
            document, _ = yaml_reader.read(file, text.encode())
            if document is not None and isinstance(document.data, dict):
                found.append(document.data)
    return found


def render(
    snapshot: Snapshot,
    fleet: Fleet,
    tenants: Collection[Tenant],
    *,
    sample: int | None = 0,
    changed: Collection[str] = (),
) -> Iterator[Rendered | Finding]:
    """Render tenants by class and gather what belongs to each; a finding stands for what cannot be rendered.

    Args:
        snapshot: The repository.
        fleet: All input.
        tenants: Which tenants.
        sample: Chooses which member of each class is compared with a direct build; None for none.
        changed: Tenants that are compared with a direct build regardless of sampling.
    """
    names = frozenset(tenant.name for tenant in fleet.tenants)
    gate = gate_of(snapshot)
    origins = {pair: origins_of(gate, pair) for pair in {tenant.ring.pair for tenant in tenants}}
    sources = {
        file: snapshot.parsed(file) for held in origins.values() for file in {place.file for place in held.values()}
    }
    hosts = {host: tenant.name for tenant in fleet.tenants for host in tenant.hosts}
    others = Counter(file.split("/")[1] for file in committed(snapshot) if file.startswith(f"{layout.OVERLAYS}/"))
    words = _words_of_base(snapshot)
    named = {tenant.name for tenant in tenants if not words.isdisjoint((tenant.name, *tenant.hosts))}
    present: dict[str, tuple[Tenant, Document, Document, tuple[str, ...]]] = {}
    sheets = []
    for tenant in tenants:
        documents, findings = _read(snapshot, tenant, fleet)
        yield from findings
        if findings:
            continue
        overlay, facts, entry, project = documents
        try:
            reads = gate.reads(overlay, [facts.file])
        except Refused as refused:  # of base/ the same for each tenant, which is said once in the end
            yield from refused.findings
            continue
        alone = others[tenant.name] > _OF_AN_OVERLAY
        sheets.append(Sheet(tenant=tenant.name, overlay=overlay.data, facts=facts.data, alone=alone))
        present[tenant.name] = (tenant, entry, project, reads)
    by_name = {sheet.tenant: sheet for sheet in sheets}
    for item in classes.render(gate, sheets, sample=sample, always=named.union(changed)):
        place = Place(layout.kustomization(item.tenant))
        sheet = by_name[item.tenant]
        if item.error:
            yield finding("KUS001", place, f"it cannot be built: {_shorter(item.error, snapshot.root)}")
            continue
        if item.difference:
            yield finding("KUS013", place, item.difference)
        tenant, entry, project, reads = present[item.tenant]
        yield Rendered(
            tenant=tenant,
            platform=fleet.platform,
            objects=item.objects,
            text=item.text,
            names=names,
            hosts=hosts,
            overlay=sheet.overlay,
            facts=sheet.facts,
            entry=entry,
            project=project,
            reads=reads,
            guarded=components_in(snapshot, layout.guard(tenant.ring.guard)),
            origins=origins[tenant.ring.pair],
            sources=sources,
            represents=item.represents,
        )


@once
def _words_of_base(snapshot: Snapshot) -> frozenset[str]:
    """Return the texts of base/ that a company may be called by: it is built by itself too, see `kube.branching`."""
    held, _ = snapshot.collect(layout.BASE, GENERATED)
    return branching.words({raw.decode("utf-8", "replace") for raw in held.values()})


_OF_AN_OVERLAY: Final = 2
"""Files that tenantry writes into an overlay; with more, only a direct build tells what the others do."""


def _read(snapshot: Snapshot, tenant: Tenant, fleet: Fleet) -> tuple[list[Document], list[Finding]]:
    """Read the committed files of a tenant as strictly as its own file: a person may have edited them."""
    documents: list[Document] = []
    findings: list[Finding] = []
    for file in _files_of(tenant, fleet):
        if file not in committed(snapshot):
            why, way = snapshot.why_missing(file)
            missing = stale(Change(file, Kind.CREATE))
            findings.append(finding("GEN002", Place(file), why, way) if why else missing)
            continue
        document, found = _document(snapshot, file)
        findings.extend(found)
        if document is None:
            continue
        documents.append(document)
        if not isinstance(document.data, dict):
            findings.append(finding("TEN009", document.place(), "a mapping is needed", "run `tenantry generate`"))
    return documents, findings


@once
def _document(snapshot: Snapshot, file: str) -> tuple[Document | None, tuple[Finding, ...]]:
    return yaml_reader.read(file, committed(snapshot)[file].encode())


def _files_of(tenant: Tenant, fleet: Fleet) -> tuple[str, str, str, str]:
    shard = layout.shard_of(tenant.name, fleet.platform.argocd.shards)
    return (
        layout.kustomization(tenant.name),
        layout.facts(tenant.name),
        layout.entry(tenant.name, shard),
        layout.project(tenant.name, shard),
    )


def _shorter(error: str, root: Path) -> str:
    return error.replace(f"{root}/", "").replace("\n", " ")
