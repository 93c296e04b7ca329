"""IO in: what a release of base/ makes of a tenant that has everything, so that base/ is judged once for all tenants.

The probe's overlay is composed as any tenant's is. Its facts are like nothing else in the render, so that a field which
holds one was written by it.
"""

import dataclasses
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from generator import layout
from generator.findings.finding import Finding, Refused
from generator.fleet.model import AddOn, Exposure, Fleet, Platform, Resources, Tenant
from generator.fleet.validate import tenant_of
from generator.generate.compose import components_of, overlay
from generator.generate.headroom import Once, Workload
from generator.generate.releases import COMPONENTS, CORE, origins_of
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


def read_base(gate: Gate, fleet: Fleet, release: str) -> tuple[Base, tuple[Finding, ...]]:
    """Read a release of base/ and build the probe with each of its exposures.

    Args:
        gate: Lets kustomize near the release, or does not.
        fleet: All input.
        release: Name of the release.

    Returns:
        The release, and what is not understood in it; with that, nothing is built.
    """
    folder = layout.release(release)
    try:
        documents = gate.survey(folder)
        sources = gate.snapshot.collect_all(folder, BY_HAND, ".yaml")
    except Refused as refused:
        return _unread(fleet.platform, release), refused.findings
    probes = _probes(gate, fleet.platform, release, documents)
    base = Base(
        release=release,
        platform=fleet.platform,
        kustomizations=documents,
        sources={file: raw.decode("utf-8", "replace") for file, raw in sources.items()},
        files=tuple(_files(gate.snapshot, folder)),
        facts=_facts(fleet.platform, release),
        probes=tuple(probe for probe, _ in probes),
        idle=tuple(entry for _, idle in probes for entry in idle),
        origins=origins_of(gate, release),
    )
    return base, ()


def _unread(platform: Platform, release: str) -> Base:
    """Return a release of which nothing could be looked at."""
    return Base(
        release=release,
        platform=platform,
        kustomizations={},
        sources={},
        files=(),
        facts=_facts(platform, release),
        probes=(),
        idle=(),
        origins={},
    )


def _files(snapshot: Snapshot, folder: str) -> Iterator[str]:
    """Yield the files of a release, and those beside all releases."""
    releases = (f"{layout.release('edge')}/", f"{layout.BASE}/releases/")
    for file in snapshot.under(layout.BASE):
        if file.startswith(f"{folder}/") or not file.startswith(releases):
            yield file


def _facts(platform: Platform, release: str) -> Mapping[str, Any]:
    """Return a data sheet with every fact."""
    tenant, size = _tenant_with_everything(platform)
    return _sheet(dict(overlay(tenant, platform, size, release)))


def _sheet(files: Mapping[str, str]) -> Mapping[str, Any]:
    sheet: Mapping[str, Any] = yaml_objects.read_objects(files[layout.facts(NAME)])[0]
    return sheet


def _probes(
    gate: Gate, platform: Platform, release: str, documents: Mapping[str, Document]
) -> list[tuple[Probe, list[Entry]]]:
    judged: set[Entry] = set()
    probes = []
    for exposure in get_args(Exposure):
        exposed = dataclasses.replace(platform, exposure=exposure)
        tenant, size = _tenant_with_everything(exposed)
        folder = layout.release(release)
        parts = [f"{folder}/{COMPONENTS}/{item}" for item in components_of(tenant, exposed)]
        if not all(part in documents for part in parts):
            continue
        parts = [f"{folder}/{CORE}", *parts]
        folders = _reached(documents, parts)
        entries = [entry for entry in _entries(documents) if entry[0] in folders and entry not in judged]
        judged.update(entries)
        files = dict(overlay(tenant, exposed, size, release))
        probes.append(_build(gate, release, exposure, files, parts, entries, documents))
    return probes


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
    release: str,
    exposure: str,
    files: Mapping[str, str],
    parts: list[str],
    entries: list[Entry],
    documents: Mapping[str, Document],
) -> tuple[Probe, list[Entry]]:
    """Build the probe twice, and once more without each of the entries."""
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        scratch = Path(temporary).resolve()
        places = [_copy(scratch / str(number), gate.snapshot, release, files) for number in range(len(entries) + 1)]
        for place, (folder, key, index) in zip(places[1:], entries, strict=True):
            data = dict(documents[folder].data)
            data[key] = [one for number, one in enumerate(data[key]) if number != index]
            (place / folder / kustomization.FILE).write_text(yaml_writer.dump(data), encoding="utf-8")
        overlays = [gate.beside(place / layout.overlay(NAME), parts) for place in places]
        first, again, *without = kustomize.build_all([overlays[0], *overlays])
        error = first.error.replace(f"{places[0]}/", "").replace("\n", " ")
    probe = Probe(
        exposure=exposure,
        folders=_reached(documents, parts),
        facts=_sheet(files),
        text=first.text,
        again=again.text,
        objects=first.objects,
        error=error,
    )
    same = [entry for entry, one in zip(entries, without, strict=True) if one.text == first.text and not error]
    return probe, same


def _copy(place: Path, snapshot: Snapshot, release: str, files: Mapping[str, str]) -> Path:
    """Put the release and the probe's overlay into a folder of their own."""
    snapshot.copy_to(place, [layout.release(release)])
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
                dataclasses.replace(addon, storage=(2000 + number) * _MEBIBYTE),
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
        fit=Fit(pods=most, resource="limits_cpu", ceiling=0, pod=0),
        cap=None,
        asked=None,
        sold_min=least,
        sold_max=most,
        min_replicas=least,
        max_replicas=most,
    )
