"""The second path over the stages: load -> build -> check. Rules read what kustomize made of the committed files."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from generator import layout
from generator.findings.finding import Finding, Place, Refused, Severity
from generator.findings.table import finding
from generator.fleet.lost import ways_back
from generator.fleet.model import Fleet, Tenant, Weakened
from generator.generate.releases import origins_of
from generator.git import ancestry, door, ordinary
from generator.git.snapshot import Snapshot
from generator.kube.kustomization import gate_of
from generator.once import once
from generator.proofs import summary as proofs
from generator.proofs.summary import Proved
from generator.reading import yaml_reader
from generator.reading.files import GENERATED
from generator.reading.yaml_reader import Document
from generator.render import classes
from generator.render.base_probe import read_base
from generator.render.classes import Sheet
from generator.render.rendered import Base, Rendered, Repository
from generator.rules import every
from generator.rules.rule import Per


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a run looked at and what it found.

    Attributes:
        tenants: How many tenants were rendered.
        objects: How many objects they have together.
        rules: How many rules looked at them.
        findings: What they found.
        weakened: How many findings platform.yaml made lighter or took out, by rule.
        proofs: What was proved of the promises that the provider makes.
    """

    tenants: int
    objects: int
    rules: int
    findings: tuple[Finding, ...]
    weakened: Mapping[str, int]
    proofs: tuple[Proved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything that rules look at.

    Attributes:
        bases: The releases of base/ that are in use.
        repository: The tenants, rendered, and what is committed.
        findings: What was found on the way: what cannot be read or rendered.
    """

    bases: tuple[Base, ...]
    repository: Repository
    findings: tuple[Finding, ...]


def verify(
    snapshot: Snapshot,
    fleet: Fleet,
    names: Collection[str] = (),
    *,
    turn: int,
    changed: Collection[str] = (),
    lost: Collection[str] = (),
    rules: Mapping[str, Weakened] | None = None,
) -> Verified:
    """Render tenants from the committed files and run every rule.

    Args:
        snapshot: The repository.
        fleet: All input.
        names: Tenants to look at; all when empty.
        turn: Chooses which member of each class is compared with a direct build.
        changed: Tenants that are compared with a direct build regardless of sampling.
        lost: Companies whose tenant file is gone, and of whom that is said elsewhere.
        rules: Which rules are weakened; as platform.yaml says when left out.

    Raises:
        EnvironmentProblem: There is no kustomize.
    """
    gathered = gather(snapshot, fleet, names, turn=turn, changed=changed, lost=lost)
    rendered = gathered.repository.rendered
    kept, weakened = weaken(judge(gathered), fleet.platform.rules if rules is None else rules)
    return Verified(
        tenants=len(rendered),
        objects=sum(len(item.objects) for item in rendered),
        rules=every.count(Per.CLASS, Per.TENANT, Per.RELEASE, Per.FLEET),
        findings=kept,
        weakened=weakened,
        proofs=proofs.of_the_repository(gathered.repository),
    )


def gather(
    snapshot: Snapshot,
    fleet: Fleet,
    names: Collection[str] = (),
    *,
    turn: int = 0,
    changed: Collection[str] = (),
    lost: Collection[str] = (),
) -> Gathered:
    """Build the releases and the tenants; the arguments are those of `verify`.

    Raises:
        EnvironmentProblem: There is no kustomize.
    """
    named = frozenset(names)
    wanted = [tenant for tenant in fleet.tenants if not named or tenant.name in named]
    files = committed(snapshot)
    gate = gate_of(snapshot)
    read = [read_base(gate, fleet, release) for release in sorted({tenant.ring.release for tenant in wanted})]
    built = list(render(snapshot, fleet, wanted, turn=turn, changed=changed))
    rendered = tuple(item for item in built if isinstance(item, Rendered))
    return Gathered(
        bases=tuple(base for base, _ in read),
        repository=Repository(
            fleet=fleet,
            rendered=rendered,
            files=files,
            lost=frozenset(lost),
            ways=_ways_back(snapshot, fleet, files, lost),
        ),
        findings=(
            *ordinary.line_ends({path: text.encode() for path, text in files.items() if "\r\n" in text}),
            *(found for _, unreadable in read for found in unreadable),
            *(item for item in built if isinstance(item, Finding)),
        ),
    )


def _ways_back(snapshot: Snapshot, fleet: Fleet, files: Collection[str], lost: Collection[str]) -> Mapping[str, str]:
    """Return how the files of those companies come back that have generated files, and no tenant file, here."""
    known = {*lost, *(tenant.name for tenant in fleet.tenants)}
    orphans = {name for file in files if (name := layout.tenant_of(file)) is not None and name not in known}
    head = (snapshot.commit or ancestry.head(snapshot.home)) if orphans else ""
    if not head:
        return {}
    committed_beside = fleet.platform.publishing == "committed"
    return ways_back(door.open_repository(snapshot.home), [head], orphans, committed=committed_beside)


def judge(gathered: Gathered, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what was found on the way, and what every rule finds.

    Args:
        gathered: Everything that rules look at.
        without: Rules that are left out.
    """
    yield from gathered.findings
    for base in gathered.bases:
        yield from every.check(base, Per.RELEASE, without=without)
    for item in gathered.repository.rendered:
        yield from every.check_tenant(item, without)
    yield from every.check(gathered.repository, Per.FLEET, without=without)


def weaken(findings: Iterable[Finding], rules: Mapping[str, Weakened]) -> tuple[tuple[Finding, ...], Mapping[str, int]]:
    """Give findings the weight that platform.yaml gives their rules; the only place that does.

    Args:
        findings: With the weight of the catalog.
        rules: The rules that are weakened, by id.

    Returns:
        The findings that are left, and how many were weakened, by rule: 0 for a weakening that met nothing.
    """
    kept = []
    weakened = Counter(dict.fromkeys(rules, 0))
    for found in dict.fromkeys(findings):
        weight = rules.get(found.rule)
        if weight is None:
            kept.append(found)
            continue
        weakened[found.rule] += 1
        if weight.severity == "warn":
            kept.append(found.with_severity(Severity.WARNING))
    return tuple(kept), weakened


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
    turn: int | None = 0,
    changed: Collection[str] = (),
) -> Iterator[Rendered | Finding]:
    """Render tenants by class and gather what belongs to each; a finding stands for what cannot be rendered.

    Args:
        snapshot: The repository.
        fleet: All input.
        tenants: Which tenants.
        turn: Chooses which member of each class is compared with a direct build; None for nobody's turn.
        changed: Tenants that are compared with a direct build regardless of sampling.
    """
    names = frozenset(tenant.name for tenant in fleet.tenants)
    gate = gate_of(snapshot)
    origins = {release: origins_of(gate, release) for release in {tenant.ring.release for tenant in tenants}}
    sources = {
        file: snapshot.parsed(file) for held in origins.values() for file in {place.file for place in held.values()}
    }
    hosts = {host: tenant.name for tenant in fleet.tenants for host in tenant.hosts}
    others = Counter(file.split("/")[1] for file in committed(snapshot) if file.startswith(f"{layout.OVERLAYS}/"))
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
    for item in classes.render(gate, sheets, turn=turn, always=changed):
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
            origins=origins[tenant.ring.release],
            sources=sources,
            alike=item.alike,
        )


_OF_AN_OVERLAY: Final = 2
"""Files that tenantry writes into an overlay; with more, only a direct build tells what the others do."""


def _read(snapshot: Snapshot, tenant: Tenant, fleet: Fleet) -> tuple[list[Document], list[Finding]]:
    """Read the committed files of a tenant as strictly as its own file: a person may have edited them."""
    documents: list[Document] = []
    findings: list[Finding] = []
    for file in _files_of(tenant, fleet):
        if file not in committed(snapshot):
            why, way = snapshot.why_missing(file)
            findings.append(
                finding("GEN002", Place(file), why or "this file is missing", way or "run `tenantry generate`")
            )
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
