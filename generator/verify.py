"""The second path over the stages: load -> build -> check. Rules read what kustomize made of the committed files."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import build, kustomization, layout, yamlio
from generator.findings import Finding, Place, TenantryError
from generator.model import Fleet, Tenant
from generator.releases import origins_of
from generator.rules import registry
from generator.rules.catalog import finding
from generator.rules.subject import Rendered, Repository
from generator.yamlio import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a run looked at and what it found.

    Attributes:
        tenants: How many tenants were rendered.
        objects: How many objects they have together.
        rules: How many rules looked at them.
        findings: What they found.
    """

    tenants: int
    objects: int
    rules: int
    findings: tuple[Finding, ...]


def verify(root: Path, fleet: Fleet, names: Collection[str] = ()) -> Verified:
    """Render tenants from the committed files and run every rule.

    Args:
        root: The repository's root.
        fleet: All input.
        names: Tenants to look at; all when empty.

    Raises:
        EnvironmentProblem: There is no kustomize.
    """
    wanted = [tenant for tenant in fleet.tenants if not names or tenant.name in names]
    files = committed(root)
    findings: list[Finding] = []
    rendered = []
    for one in render(root, fleet, wanted, files):
        if isinstance(one, Finding):
            findings.append(one)
        else:
            rendered.append(one)
            findings.extend(registry.check_tenant(one))
    whole = Repository(fleet=fleet, rendered=tuple(rendered), files=files)
    findings.extend(registry.check_repository(whole))
    return Verified(
        tenants=len(rendered),
        objects=sum(len(one.objects) for one in rendered),
        rules=len(registry.tenant_checks()) + len(registry.repository_checks()),
        findings=tuple(findings),
    )


def committed(root: Path) -> dict[str, str]:
    """Read every file of overlays/ and argocd/."""
    files = {}
    for folder in (layout.OVERLAYS, layout.ARGOCD):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file():
                files[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8", errors="replace")
    return files


def render(
    root: Path, fleet: Fleet, tenants: Collection[Tenant], files: Mapping[str, str]
) -> Iterator[Rendered | Finding]:
    """Build the overlays of tenants and gather what belongs to each; a finding stands for what cannot be built.

    Args:
        root: The repository's root.
        fleet: All input.
        tenants: Whose overlays.
        files: The committed files, see `committed`.
    """
    origins = {release: origins_of(root, release) for release in {tenant.ring.release for tenant in tenants}}
    present = []
    for tenant in tenants:
        documents, findings = _read(tenant, fleet, files)
        yield from findings
        if not findings:
            present.append((tenant, documents))
    closures: dict[tuple[str, ...], tuple[str, ...]] = {}
    builds = build.build_all(root / layout.overlay(tenant.name) for tenant, _ in present)
    for (tenant, (overlay, facts, entry, project)), built in zip(present, builds, strict=True):
        place = Place(overlay.file)
        if built.error:
            yield finding("KUS001", place, f"kustomize refuses it: {_shorter(built.error, root)}")
            continue
        try:
            reads = _reads(root, layout.overlay(tenant.name), overlay.data, closures)
        except TenantryError as error:
            yield finding("KUS004", place, f"what it reads cannot be followed: {error.fact}", error.hint)
            continue
        yield Rendered(
            tenant=tenant,
            platform=fleet.platform,
            objects=built.objects,
            overlay=overlay.data,
            facts=facts.data,
            entry=entry,
            project=project,
            reads=reads,
            origins=origins[tenant.ring.release],
        )


def _read(tenant: Tenant, fleet: Fleet, files: Mapping[str, str]) -> tuple[list[Document], list[Finding]]:
    """Read the committed files of a tenant as strictly as its own file: a person may have edited them."""
    documents: list[Document] = []
    findings: list[Finding] = []
    for file in _files_of(tenant, fleet):
        if file not in files:
            findings.append(finding("GEN002", Place(file), "this file is missing", "run `tenantry generate`"))
            continue
        document, found = yamlio.read(file, files[file].encode())
        findings.extend(found)
        if document is None:
            continue
        documents.append(document)
        if not isinstance(document.data, dict):
            findings.append(finding("TEN009", document.place(), "a mapping is needed", "run `tenantry generate`"))
    return documents, findings


def _reads(
    root: Path, folder: str, overlay: Mapping[str, Any], closures: dict[tuple[str, ...], tuple[str, ...]]
) -> tuple[str, ...]:
    """Return every path that building an overlay reads; overlays that refer to the same folders are followed once.

    Raises:
        TenantryError: A reference leads outside the repository, or to what cannot be read.
    """
    inside = f"{folder}/"
    targets = []
    for reference in kustomization.references(overlay):
        path = kustomization.resolve(folder, reference)
        if path is None:
            raise TenantryError(f"{reference!r} leads outside the repository")
        targets.append(path)
    outside = tuple(sorted(path for path in targets if not path.startswith(inside)))
    if outside not in closures:
        closures[outside] = kustomization.closure(root, outside)
    within = [kustomization.closure(root, [path]) for path in targets if path.startswith(inside)]
    return kustomization.outermost((folder, *closures[outside], *(path for paths in within for path in paths)))


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
