"""The second path over the stages: load -> build -> check. Rules read what kustomize made of the committed files."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from generator import classes, layout
from generator.classes import Sheet
from generator.findings import Finding, Place
from generator.model import Fleet, Tenant
from generator.releases import origins_of
from generator.rules import registry
from generator.rules.catalog import finding
from generator.rules.subject import Rendered, Repository


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
    root: Path, fleet: Fleet, tenants: Collection[Tenant], files: Mapping[str, str], *, turn: int = 0
) -> Iterator[Rendered | Finding]:
    """Render tenants by class and gather what belongs to each; a finding stands for what cannot be rendered.

    Args:
        root: The repository's root.
        fleet: All input.
        tenants: Which tenants.
        files: The committed files, see `committed`.
        turn: Chooses which members of a class are compared with a direct build.
    """
    origins = {release: origins_of(root, release) for release in {tenant.ring.release for tenant in tenants}}
    others = Counter(file.split("/")[1] for file in files if file.startswith(f"{layout.OVERLAYS}/"))
    present: dict[str, tuple[Tenant, Any, Any]] = {}
    sheets = []
    for tenant in tenants:
        missing = [file for file in _files_of(tenant, fleet) if file not in files]
        if missing:
            hint = "run `tenantry generate`"
            yield from (finding("GEN002", Place(file), "this file is missing", hint) for file in missing)
            continue
        overlay, facts, entry, project = (_data(files[file]) for file in _files_of(tenant, fleet))
        sheet = Sheet(tenant=tenant.name, overlay=overlay, facts=facts, alone=others[tenant.name] > _OF_AN_OVERLAY)
        sheets.append(sheet)
        present[tenant.name] = (tenant, entry, project)
    by_name = {sheet.tenant: sheet for sheet in sheets}
    seen: set[int] = set()
    for one in classes.render(root, sheets, turn=turn):
        place = Place(layout.kustomization(one.tenant))
        if one.error:
            yield finding("KUS001", place, f"kustomize refuses it: {_shorter(one.error, root)}")
            continue
        if one.difference:
            yield finding("KUS013", place, one.difference)
        tenant, entry, project = present[one.tenant]
        yield Rendered(
            tenant=tenant,
            platform=fleet.platform,
            objects=one.objects,
            overlay=by_name[one.tenant].overlay,
            facts=by_name[one.tenant].facts,
            entry=entry,
            project=project,
            origins=origins[tenant.ring.release],
            first_of_class=one.group not in seen,
        )
        seen.add(one.group)


_OF_AN_OVERLAY: Final = 2
"""Files that tenantry writes into an overlay; with more, only a direct build tells what the others do."""


def _files_of(tenant: Tenant, fleet: Fleet) -> tuple[str, str, str, str]:
    shard = layout.shard_of(tenant.name, fleet.platform.argocd.shards)
    return (
        layout.kustomization(tenant.name),
        layout.facts(tenant.name),
        layout.entry(tenant.name, shard),
        layout.project(tenant.name, shard),
    )


def _data(text: str) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader)


def _shorter(error: str, root: Path) -> str:
    return error.replace(f"{root}/", "").replace("\n", " ")
