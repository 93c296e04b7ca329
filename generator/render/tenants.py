"""Tenants as they are committed: their files read strictly, and their renders by class."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from generator import layout
from generator.findings.finding import Finding, Place, Refused
from generator.findings.table import finding
from generator.fleet.model import Fleet, Tenant
from generator.fleet.rings import Pair
from generator.generate.releases import Origins, components_in, folders_of, origins_of, states_in
from generator.generate.write import Change, Kind, stale
from generator.git.snapshot import Snapshot
from generator.kube import branching
from generator.kube.kustomization import Gate, gate_of
from generator.once import once
from generator.reading import yaml_reader
from generator.reading.files import GENERATED, BadFile
from generator.reading.parsed import Parsed
from generator.reading.yaml_reader import Document
from generator.render import alike, classes
from generator.render.classes import NAME, Alike, Member, Objects, Shared, Sheet
from generator.render.rendered import Rendered, Representative


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

    def with_line_ends_of_windows(self) -> dict[str, bytes]:
        """Return the files that hold a carriage return, as bytes."""
        return {path: raw for path, raw in self._held.items() if b"\r" in raw}

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
    direct: bool = False,
) -> Iterator[Rendered | Finding]:
    """Render tenants by class and gather what belongs to each; a finding stands for what cannot be rendered.

    Args:
        snapshot: The repository.
        fleet: All input.
        tenants: Which tenants.
        sample: Chooses which member of each class is compared with a direct build; None for none.
        changed: Tenants that are compared with a direct build regardless of sampling.
        direct: Whether each is built by itself, as Argo CD does, and stands for nobody else.
    """
    scene = _scene(snapshot, fleet, tenants, direct=direct)
    present: dict[str, _Present] = {}
    for tenant in tenants:
        read, findings = _present(scene, tenant)
        yield from findings
        if read is not None:
            present[tenant.name] = read
    always = _always(scene, tenants, changed)
    for item in classes.render(scene.gate, [read.sheet for read in present.values()], sample=sample, always=always):
        read = present[item.tenant]
        if item.error:
            yield _unbuilt(scene, item.tenant, item.error)
            continue
        if item.difference:
            yield finding("KUS013", Place(layout.kustomization(item.tenant)), item.difference)
        yield replace(_rendered(scene, read, item.objects, item.text), represents=item.represents)


def render_alike(
    snapshot: Snapshot,
    fleet: Fleet,
    tenants: Collection[Tenant],
    *,
    sample: int | None = 0,
    changed: Collection[str] = (),
) -> Iterator[Representative | Rendered | Finding]:
    """Render tenants by class, as `render` does; those whose files are alike are one kind, and only one is read.

    The arguments are those of `render`.
    """
    scene = _scene(snapshot, fleet, tenants)
    present: dict[str, _Present] = {}
    kinds: dict[str, _Kind] = {}
    groups: list[Alike] = []
    for group in alike.groups(tenants, lambda tenant: _texts(scene, tenant)):
        first = group.members[0].name
        read, findings = _present(scene, group.members[0])
        if group.texts and read is not None and (kind := _of_one_kind(scene, read, group)) is not None:
            kinds[first] = _Kind(present=kind, members=group.members)
            present[first] = read
            members = tuple(Member(tenant=item.name, hosts=item.hosts) for item in group.members)
            groups.append(Alike(sheet=read.sheet, members=members))
            continue
        for tenant in group.members:
            read, findings = _present(scene, tenant)
            yield from findings
            if read is not None:
                present[tenant.name] = read
                groups.append(Alike(sheet=read.sheet, members=(Member(tenant=tenant.name, hosts=read.hosts),)))
    # so that the one that is judged for a class has sentinels
    groups.sort(key=lambda item: item.members[0].tenant not in kinds)
    always = _always(scene, tenants, changed)
    leader: Rendered | None = None
    for shared in classes.render_alike(scene.gate, groups, sample=sample, always=always):
        leader = None if shared.leads else leader
        for made in _judged(scene, shared, present, kinds, leader):
            yield made
            if shared.leads and not isinstance(made, Finding):
                leader = made.subject if isinstance(made, Representative) else made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """Tenants that are alike, and the first of them with sentinels for its own strings."""

    present: "_Present"
    members: tuple[Tenant, ...]


def _judged(
    scene: "_Scene",
    shared: Shared,
    present: Mapping[str, "_Present"],
    kinds: Mapping[str, _Kind],
    leader: Rendered | None,
) -> Iterator[Representative | Rendered | Finding]:
    """Yield what rules look at of tenants that are alike, and what is wrong with their builds."""
    if shared.error:
        yield from (_unbuilt(scene, member.tenant, shared.error) for member in shared.alike.members)
        return
    for name, difference in shared.differences.items():
        yield finding("KUS013", Place(layout.kustomization(name)), difference)
    first = shared.alike.members[0]
    kind = kinds.get(first.tenant) if shared.has_sentinels else None
    if kind is None:
        objects = classes.fill(shared.objects, first) if shared.has_sentinels else shared.objects
        yield _standing(_rendered(scene, present[first.tenant], objects, shared.text), shared, leader)
        return

    def of(tenant: Tenant) -> Rendered:
        own, found = _present(scene, tenant)
        assert own is not None, found  # its files are those of the first but for its own strings
        objects = classes.fill(shared.objects, Member(tenant=tenant.name, hosts=tenant.hosts))
        return replace(_rendered(scene, own, objects, shared.text), represents=0)

    subject = _standing(_rendered(scene, kind.present, shared.objects, shared.text), shared, leader)
    yield Representative(subject=subject, members=kind.members, of=of)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What the renders of all tenants have in common."""

    snapshot: Snapshot
    fleet: Fleet
    gate: Gate
    names: frozenset[str]
    hosts: Mapping[str, str]
    origins: Mapping[Pair, Origins]
    sources: Mapping[str, Parsed]
    files: Mapping[str, int]
    words: frozenset[str]
    direct: bool

    def is_alone(self, tenant: Tenant) -> bool:
        """Say whether only a direct build can tell what becomes of a tenant."""
        return self.direct or self.files.get(tenant.name, 0) > _OF_AN_OVERLAY

    def is_named(self, tenant: Tenant) -> bool:
        """Say whether a tenant is called by a word of base/, so that it is always compared."""
        return not self.words.isdisjoint((tenant.name, *tenant.hosts))


def _scene(snapshot: Snapshot, fleet: Fleet, tenants: Collection[Tenant], *, direct: bool = False) -> _Scene:
    gate = gate_of(snapshot)
    origins = {pair: origins_of(gate, pair) for pair in {tenant.ring.pair for tenant in tenants}}
    named = {file for held in origins.values() for file in {place.file for place in held.values()}}
    named |= {file for pair in origins for folder in folders_of(pair) for file in gate.kustomizations_in(folder)}
    return _Scene(
        snapshot=snapshot,
        fleet=fleet,
        gate=gate,
        names=frozenset((*(tenant.name for tenant in fleet.tenants), *fleet.others)),
        hosts={host: name for name, hosts in _hosts(fleet) for host in hosts},
        origins=origins,
        sources={file: snapshot.parsed(file) for file in named},
        files=Counter(file.split("/")[1] for file in committed(snapshot) if file.startswith(f"{layout.OVERLAYS}/")),
        words=_words_of_base(snapshot),
        direct=direct,
    )


def _hosts(fleet: Fleet) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from fleet.others.items()
    yield from ((tenant.name, tenant.hosts) for tenant in fleet.tenants)


def _always(scene: _Scene, tenants: Collection[Tenant], changed: Collection[str]) -> frozenset[str]:
    """Return the tenants that are built directly and compared, regardless of sampling."""
    return frozenset(changed).union(tenant.name for tenant in tenants if scene.is_named(tenant))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Present:
    """A tenant with its committed files, read."""

    tenant: Tenant
    sheet: Sheet
    entry: Document
    project: Document
    reads: tuple[str, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that its data sheet lists."""
        return classes.hosts_of(self.sheet)


def _present(scene: _Scene, tenant: Tenant) -> tuple[_Present | None, tuple[Finding, ...]]:
    documents, findings = _read(scene.snapshot, tenant, scene.fleet)
    if findings:
        return None, tuple(findings)
    overlay, facts, entry, project = documents
    try:
        reads = scene.gate.reads(overlay, [facts.file])
    except Refused as refused:  # of base/ the same for each tenant, which is said once in the end
        return None, tuple(refused.findings)
    sheet = Sheet(tenant=tenant.name, overlay=overlay.data, facts=facts.data, alone=scene.is_alone(tenant))
    if classes.hosts_of(sheet) != tenant.hosts:  # a sentinel would hide whose they are
        sheet = replace(sheet, alone=True)
    return _Present(tenant=tenant, sheet=sheet, entry=entry, project=project, reads=reads), ()


def _standing(rendered: Rendered, shared: Shared, leader: Rendered | None) -> Rendered:
    """Return a render with whom it stands for."""
    return replace(rendered, represents=shared.represents, leader=leader, longest=shared.longest)


def _rendered(scene: _Scene, read: _Present, objects: Objects, text: str) -> Rendered:
    return Rendered(
        tenant=read.tenant,
        platform=scene.fleet.platform,
        objects=objects,
        text=text,
        names=scene.names,
        hosts=scene.hosts,
        overlay=read.sheet.overlay,
        facts=read.sheet.facts,
        entry=read.entry,
        project=read.project,
        reads=read.reads,
        guarded=components_in(scene.snapshot, layout.guard(read.tenant.ring.guard)),
        states=states_in(scene.snapshot, layout.guard(read.tenant.ring.guard)),
        origins=scene.origins[read.tenant.ring.pair],
        sources=scene.sources,
    )


def _unbuilt(scene: _Scene, tenant: str, error: str) -> Finding:
    said = f"it cannot be built: {_shorter(error, scene.snapshot.root)}"
    return finding("KUS001", Place(layout.kustomization(tenant)), said)


def _texts(scene: _Scene, tenant: Tenant) -> tuple[str, ...] | None:
    """Return what the committed files of a tenant hold; None when a file is missing, or more stands beside them."""
    held = committed(scene.snapshot)
    try:
        texts = tuple(held[file] for file in _files_of(tenant, scene.fleet))
        names = scene.snapshot.names_in(layout.overlay(tenant.name))
    except (KeyError, BadFile):
        return None
    by_itself = len(names) > _OF_AN_OVERLAY or scene.is_alone(tenant) or scene.is_named(tenant)
    return None if by_itself else texts


def _of_one_kind(scene: _Scene, read: _Present, group: alike.Group) -> _Present | None:
    """Return the first of tenants that are alike with sentinels for its own strings; None where that is not exact."""
    files = (layout.kustomization(NAME), layout.facts(NAME), read.entry.file, read.project.file)
    documents = []
    for file, text in zip(files, group.texts, strict=True):
        document, found = _with_sentinels(scene.snapshot, text)
        if document is None or found:
            return None
        documents.append(replace(document, file=file))
    overlay, facts, entry, project = documents
    if not classes.has_the_usual_form(read.sheet) or classes.sentinel(read.sheet) != (overlay.data, facts.data):
        return None
    own = layout.overlay(read.tenant.name)
    return _Present(
        tenant=alike.with_sentinels(read.tenant),
        sheet=Sheet(tenant=NAME, overlay=overlay.data, facts=facts.data),
        entry=entry,
        project=project,
        reads=tuple(layout.overlay(NAME) if path == own else path for path in read.reads),
    )


@once
def _with_sentinels(snapshot: Snapshot, text: str) -> tuple[Document | None, tuple[Finding, ...]]:
    """Read a file that stands for those of several tenants; whatever their plans are, their projects are one."""
    del snapshot
    return yaml_reader.read("", text.encode())


@once
def texts_of_base(snapshot: Snapshot) -> Texts:
    """Read every file of base/; what cannot be read is left to the gate."""
    held, _ = snapshot.collect(layout.BASE, GENERATED)
    return Texts(held)


@once
def _words_of_base(snapshot: Snapshot) -> frozenset[str]:
    """Return the texts of base/ that a company may be called by: it is built by itself too, see `kube.branching`."""
    return branching.words(set(texts_of_base(snapshot).values()))


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
