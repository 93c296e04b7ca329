"""IO in: what a release of base/ makes of a tenant that has everything, so that base/ is judged once for all tenants.

The probe's overlay is composed as any tenant's is. Its facts are like nothing else in the render, so that a field which
holds one was written by it.
"""

import dataclasses
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from generator import layout
from generator.findings.finding import Finding, Refused
from generator.fleet.model import AddOn, Exposure, Fleet, Platform, Resources, Tenant
from generator.fleet.rings import Pair
from generator.fleet.states import STATES, SUSPENDED
from generator.fleet.validate import tenant_of
from generator.generate.compose import claims_of, components_of, overlay, states_of
from generator.generate.headroom import Once, Workload
from generator.generate.releases import COMPONENTS, Parts, components_in, folders_of, is_edge, origins_of, parts_of
from generator.generate.size import Fit, Scaling, Size
from generator.git.snapshot import Snapshot
from generator.kube import kustomization, kustomize
from generator.kube.allowed import references
from generator.kube.kustomization import Gate
from generator.reading import yaml_objects, yaml_writer
from generator.reading.files import BY_HAND
from generator.reading.yaml_reader import Document
from generator.render.rendered import Base, Probe

NAME: Final = "tenantry-probe"
"""No tenant can have this name: it is reserved."""

Entry = tuple[str, str, int]
"""An entry of a kustomization: folder, key, index."""

_MAY_BE_IDLE: Final = ("patches", "images")
"""Entries of kustomize that say nothing when they change nothing; replacements are followed one by one."""

_MEBIBYTE: Final = 1 << 20


def read_base(gate: Gate, fleet: Fleet, pair: Pair, *, in_use: bool = True) -> tuple[Base, tuple[Finding, ...]]:
    """Read a release of base/ with the guard before it, and build the probe with each of its exposures.

    Args:
        gate: Lets kustomize near the two, or does not.
        fleet: All input.
        pair: Which two.
        in_use: Whether a ring names them; of others it is only looked at what their pods are.

    Returns:
        The release, and what is not understood in it; with that, nothing is built.
    """
    documents: dict[str, Document] = {}
    sources: dict[str, bytes] = {}
    try:
        for folder in folders_of(pair):
            documents |= gate.survey(folder)
            sources |= gate.snapshot.collect_all(folder, BY_HAND, ".yaml")
    except Refused as refused:
        return _unread(fleet.platform, pair, in_use=in_use), refused.findings
    guarded = components_in(gate.snapshot, layout.guard(pair.guard))
    platform = _as_of(fleet.platform, pair, documents)
    probes = _probes(gate, platform, pair, documents, guarded, in_use=in_use)
    in_states = _probes_in_states(gate, platform, pair, documents, guarded)
    base = Base(
        pair=pair,
        in_use=in_use,
        guarded=guarded,
        platform=platform,
        kustomizations=documents,
        sources={file: raw.decode("utf-8", "replace") for file, raw in sources.items()},
        files=tuple(_files(gate.snapshot, folders_of(pair))),
        facts=_facts(fleet.platform, pair),
        probes=tuple(probe for probe, _ in probes),
        states=tuple(in_states),
        idle=tuple(entry for _, idle in probes for entry in idle),
        origins=origins_of(gate, pair),
    )
    return base, ()


def _as_of(platform: Platform, pair: Pair, documents: Mapping[str, Document]) -> Platform:
    """Return a platform that sells what the two have: what is frozen lacks the add-ons and hosts that came later."""
    guard, release = (f"{folder}/{COMPONENTS}" for folder in folders_of(pair))
    if is_edge(pair) and pair.guard == layout.LIVE:
        return platform
    addons = {}
    for name, addon in platform.addons.items():
        routes = any(f"{release}/{addon.component}-{exposure}" in documents for exposure in get_args(Exposure))
        claimed = not addon.claim or f"{guard}/{addon.claim_component}" in documents
        if claimed and f"{release}/{addon.component}" in documents:
            addons[name] = addon if routes else dataclasses.replace(addon, host_prefix="")
    return dataclasses.replace(platform, addons=addons)


def _unread(platform: Platform, pair: Pair, *, in_use: bool) -> Base:
    """Return a release of which nothing could be looked at."""
    return Base(
        pair=pair,
        in_use=in_use,
        guarded=frozenset(),
        platform=platform,
        kustomizations={},
        sources={},
        files=(),
        facts=_facts(platform, pair),
        probes=(),
        states=(),
        idle=(),
        origins={},
    )


def _files(snapshot: Snapshot, folders: Iterable[str]) -> Iterator[str]:
    """Yield the files of a release and of a guard, and those beside all of them."""
    own = tuple(f"{folder}/" for folder in folders)
    places = (f"{layout.release('edge')}/", f"{layout.BASE}/releases/", f"{layout.GUARD}/", f"{layout.BASE}/guards/")
    for file in snapshot.under(layout.BASE):
        if file.startswith(own) or not file.startswith(places):
            yield file


def _facts(platform: Platform, pair: Pair) -> Mapping[str, Any]:
    """Return a data sheet with every fact."""
    told = _with_a_page(platform)
    tenant, size = _tenant_with_everything(told)
    return _sheet(dict(overlay(dataclasses.replace(tenant, state=SUSPENDED), told, size, parts_of(pair, (), ()))))


def _sheet(files: Mapping[str, str]) -> Mapping[str, Any]:
    sheet: Mapping[str, Any] = yaml_objects.read_objects(files[layout.facts(NAME)])[0]
    return sheet


def _probes(
    gate: Gate,
    platform: Platform,
    pair: Pair,
    documents: Mapping[str, Document],
    guarded: frozenset[str],
    *,
    in_use: bool,
) -> list[tuple[Probe, list[Entry]]]:
    judged: set[Entry] = set()
    probes = []
    for exposure in get_args(Exposure):
        exposed = dataclasses.replace(platform, exposure=exposure)
        tenant, size = _tenant_with_everything(exposed)
        parts = parts_of(pair, components_of(tenant, exposed), guarded, claims=claims_of(tenant, exposed))
        if not all(part in documents for part in parts.components):
            continue
        folders = _reached(documents, parts.folders)
        entries = [entry for entry in _entries(documents) if entry[0] in folders and entry not in judged and in_use]
        judged.update(entries)
        files = dict(overlay(tenant, exposed, size, parts))
        probes.append(_build(gate, pair, exposure, files, parts, entries, documents))
    return probes


def _probes_in_states(
    gate: Gate, platform: Platform, pair: Pair, documents: Mapping[str, Document], guarded: frozenset[str]
) -> Iterator[Probe]:
    """Yield what the two make of a tenant in each state; nothing of one that the guard does not have."""
    guard = layout.guard(pair.guard)
    told = _with_a_page(platform)
    active, size = _tenant_with_everything(told)
    for state in STATES.values():
        if not (state.parts and state.has_entry):
            continue
        tenant = dataclasses.replace(active, state=state.name)
        names = [name for name in states_of(tenant, told) if f"{guard}/{layout.STATES}/{name}" in documents]
        parts = parts_of(pair, components_of(tenant, told), guarded, names, claims_of(tenant, told))
        if set(state.parts) <= set(names) and all(part in documents for part in parts.components):
            files = dict(overlay(tenant, told, size, parts))
            probe, _ = _build(gate, pair, told.exposure, files, parts, [], documents, again=False)
            yield dataclasses.replace(probe, state=state.name)


def _with_a_page(platform: Platform) -> Platform:
    """Return a platform whose suspended tenants can be rendered, though nobody is suspended yet."""
    return dataclasses.replace(platform, unavailable_page=platform.unavailable_page or _NOBODYS_PAGE)


_NOBODYS_PAGE: Final = "https://unavailable.invalid/page"


def _reached(documents: Mapping[str, Document], parts: Iterable[str]) -> frozenset[str]:
    reached: set[str] = set()
    pending = list(parts)
    while pending:
        folder = pending.pop()
        if folder in documents and folder not in reached:
            reached.add(folder)
            found = (kustomization.resolve(folder, reference.text) for reference in references(documents[folder].data))
            pending.extend(path for path in found if path)
    return frozenset(reached)


def _entries(documents: Mapping[str, Document]) -> Iterator[Entry]:
    for folder, document in documents.items():
        for key in _MAY_BE_IDLE:
            entries = document.data.get(key)
            yield from ((folder, key, index) for index in range(len(entries) if isinstance(entries, list) else 0))


def _build(
    gate: Gate,
    pair: Pair,
    exposure: str,
    files: Mapping[str, str],
    parts: Parts,
    entries: list[Entry],
    documents: Mapping[str, Document],
    *,
    again: bool = True,
) -> tuple[Probe, list[Entry]]:
    """Build the probe twice, or once, and once more without each of the entries."""
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        scratch = Path(temporary).resolve()
        places = [
            _copy(scratch / str(number), gate.snapshot, folders_of(pair), files) for number in range(len(entries) + 1)
        ]
        for place, (folder, key, index) in zip(places[1:], entries, strict=True):
            data = dict(documents[folder].data)
            data[key] = [one for number, one in enumerate(data[key]) if number != index]
            (place / folder / kustomization.FILE).write_text(yaml_writer.dump(data), encoding="utf-8")
        overlays = [gate.beside(place / layout.overlay(NAME), parts.folders) for place in places]
        first, *others = kustomize.build_all([*overlays[:1], *(overlays if again else ())])
        second, without = (others[0], others[1:]) if again else (first, [])
        error = first.error.replace(f"{places[0]}/", "").replace("\n", " ")
    probe = Probe(
        exposure=exposure,
        folders=_reached(documents, parts.folders),
        facts=_sheet(files),
        text=first.text,
        again=second.text,
        objects=first.objects,
        error=error,
    )
    same = [entry for entry, one in zip(entries, without, strict=True) if one.text == first.text and not error]
    return probe, same


def _copy(place: Path, snapshot: Snapshot, folders: Collection[str], files: Mapping[str, str]) -> Path:
    """Put the release, the guard and the probe's overlay into a folder of their own."""
    snapshot.copy_to(place, folders)
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, encoding="utf-8")
    return place


def _tenant_with_everything(platform: Platform) -> tuple[Tenant, Size]:
    """Return a tenant with every add-on, hosts of its own, and numbers of which no two are equal."""
    plan = next(iter(platform.plans))
    own = {"hosts": [f"{NAME}.invalid"], "storage": "1001Mi", "addons": list(platform.addons)}
    tenant = tenant_of(Document("", "", {"name": NAME, "plan": plan, **own}), platform)
    size = Size(
        quota=Resources(
            requests_cpu=1002,
            limits_cpu=1003,
            requests_memory=1004 * _MEBIBYTE,
            limits_memory=1005 * _MEBIBYTE,
        ),
        pods=1006,
        storage=tenant.storage,
        storage_in_all=1007 * _MEBIBYTE,
        service=_scaling(platform.service, 1008, 1009),
        addons=tuple(
            _scaling(
                addon.workload,
                1010 + 2 * number,
                1011 + 2 * number,
                dataclasses.replace(addon, storage=(2000 + number) * _MEBIBYTE if addon.storage else 0),
            )
            for number, addon in enumerate(platform.addons.values())
        ),
    )
    return tenant, size


def _scaling(name: str, least: int, most: int, addon: AddOn | None = None) -> Scaling:
    return Scaling(
        name=addon.name if addon else name,
        addon=addon,
        workload=Workload(
            kind="Deployment", name=name, pod=Resources(), motion=Once(), grace=0, least=least, most=most
        ),
        ceiling=Resources(),
        fit=Fit(pods=most, resource="limits_cpu", ceiling=0, pod=0),
        cap=None,
        asked=None,
        sold_min=least,
        sold_max=most,
        min_replicas=least,
        max_replicas=most,
    )
