"""IO in: what a release of base/ makes of a tenant that has everything, so that base/ is judged once for all tenants.

The probe's overlay is composed as any tenant's is. Its facts are like nothing else in the render, so that a field which
holds one was written by it.
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, get_args

from generator import build, kustomization, layout, yamlio
from generator.compose import components_of, overlay
from generator.findings import Finding
from generator.model import Exposure, Fleet, Overrides, Platform, Resources, Tenant
from generator.releases import COMPONENTS, origins_of
from generator.rules.subject import Base, Probe
from generator.size import CHATBOT, FILESERVER, Fit, Scaling, Size, Workload
from generator.yamlio import Document

NAME: Final = "tenantry-probe"
"""No tenant can have this name: it is reserved."""

_MEBIBYTE: Final = 1 << 20


def read_base(root: Path, fleet: Fleet, release: str) -> tuple[Base, tuple[Finding, ...]]:
    """Read a release of base/ and build the probe with each of its exposures.

    Args:
        root: The repository's root.
        fleet: All input.
        release: Name of the release.

    Returns:
        The release, and what keeps YAML readers from agreeing on its kustomization files.
    """
    folder = layout.release(release)
    documents: dict[str, Document] = {}
    findings: list[Finding] = []
    for path in sorted((root / folder).rglob(kustomization.FILE)):
        file = path.relative_to(root).as_posix()
        document, found = yamlio.read(file, path.read_bytes())
        findings.extend(found)
        if document is not None and isinstance(document.data, dict):
            documents[file.removesuffix(f"/{kustomization.FILE}")] = document
    base = Base(
        release=release,
        platform=fleet.platform,
        names=frozenset(tenant.name for tenant in fleet.tenants),
        kustomizations=documents,
        links=tuple(
            sorted(path.relative_to(root).as_posix() for path in (root / folder).rglob("*") if path.is_symlink())
        ),
        probes=tuple(_probes(root, fleet.platform, release, documents)),
        origins=origins_of(root, release),
    )
    return base, tuple(findings)


def _probes(root: Path, platform: Platform, release: str, documents: Mapping[str, Document]) -> Iterator[Probe]:
    for exposure in get_args(Exposure):
        exposed = dataclasses.replace(platform, exposure=exposure)
        tenant, size = _tenant_with_everything(exposed)
        parts = [f"{layout.release(release)}/{COMPONENTS}/{one}" for one in components_of(tenant, exposed)]
        if not all((root / part).is_dir() for part in parts):
            continue
        files = dict(overlay(tenant, exposed, size, release))
        yield _build(root, release, exposure, files, [part for part in documents if "/" in part], documents)


def _build(
    root: Path,
    release: str,
    exposure: str,
    files: Mapping[str, str],
    folders: list[str],
    documents: Mapping[str, Document],
) -> Probe:
    """Build the probe twice, and once more without each patch of the release."""
    patches = [
        (folder, index) for folder in folders for index in range(len(documents[folder].data.get("patches") or ()))
    ]
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        places = [_place(Path(temporary), str(number), root, release, files) for number in range(len(patches) + 1)]
        for place, (folder, index) in zip(places[1:], patches, strict=True):
            data = dict(documents[folder].data)
            data["patches"] = [patch for number, patch in enumerate(data["patches"]) if number != index]
            (place / folder / kustomization.FILE).write_text(yamlio.dump(data), encoding="utf-8")
        probes = [place / layout.overlay(NAME) for place in places]
        (first, again, *without) = build.build_all([probes[0], probes[0], *probes[1:]])
        error = first.error.replace(f"{places[0].resolve()}/", "")
    return Probe(
        exposure=exposure,
        facts=yamlio.read_objects(files[layout.facts(NAME)])[0],
        text=first.text,
        again=again.text,
        objects=first.objects,
        error=error.replace("\n", " "),
        idle=frozenset(patch for patch, one in zip(patches, without, strict=True) if one.text == first.text),
    )


def _place(temporary: Path, name: str, root: Path, release: str, files: Mapping[str, str]) -> Path:
    place = temporary / name
    folder = layout.release(release)
    shutil.copytree(root / folder, place / folder, symlinks=True)
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, encoding="utf-8")
    return place


def _tenant_with_everything(platform: Platform) -> tuple[Tenant, Size]:
    """Return a tenant with every add-on that the platform has, and numbers of which no two are equal."""
    tenant = Tenant(
        name=NAME,
        display_name=NAME,
        plan=next(iter(platform.plans)),
        chatbot=platform.chatbot is not None,
        ring=platform.default_ring,
        hosts=(f"{NAME}.{platform.domain}", f"{NAME}.invalid"),
        storage=1001 * _MEBIBYTE,
        overrides=Overrides(),
        document=Document("", "", {}),
    )
    size = Size(
        quota=Resources(
            requests_cpu=1002,
            limits_cpu=1003,
            requests_memory=1004 * _MEBIBYTE,
            limits_memory=1005 * _MEBIBYTE,
        ),
        pods=1006,
        storage=tenant.storage,
        fileserver=_scaling(FILESERVER, 1007, 1008),
        chatbot=_scaling(CHATBOT, 1009, 1010) if tenant.chatbot else None,
    )
    return tenant, size


def _scaling(name: str, least: int, most: int) -> Scaling:
    return Scaling(
        workload=Workload(name=name, pod=Resources(), max_surge=1, file=""),
        fit=Fit(pods=most, resource="limits_cpu", ceiling=0, reserve=0, pod=0),
        cap=most,
        asked=None,
        min_replicas=least,
        max_replicas=most,
    )
