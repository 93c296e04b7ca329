"""IO in: what must be known of a release of base/ before anything is composed: its pods' size, what it refers to."""

import os
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from generator import layout
from generator.findings.finding import Finding, Place, Refused, TenantryError
from generator.findings.table import finding
from generator.fleet.model import Platform
from generator.generate import workloads
from generator.generate.headroom import Workload
from generator.generate.size import CHATBOT, FILESERVER
from generator.generate.workloads import Counted, Problem
from generator.git.snapshot import Snapshot
from generator.kube import kustomization, kustomize
from generator.kube.kustomization import Gate, gate_of
from generator.kube.lenient import mapping
from generator.once import once
from generator.reading import parsed, yaml_objects, yaml_writer
from generator.reading.files import Kind

Origins = Mapping[tuple[str, str], Place]
"""Where the objects of a release are written: (kind, name) -> place in base/; the Namespace has no name there."""

CORE: Final = "core"
COMPONENTS: Final = "components"

AddOns = tuple[str, ...]
"""The components of some add-ons, in their fixed order."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release of base/.

    Attributes:
        name: `edge` or its number.
        workloads: For each choice of add-ons, what a tenant with them runs, by name.
        closures: For core and each component, every path that building it reads.
    """

    name: str
    workloads: Mapping[AddOns, Mapping[str, Workload]]
    closures: Mapping[str, tuple[str, ...]]

    def closure(self, parts: Iterable[str]) -> tuple[str, ...]:
        """Return every path that building these parts (`core`, `components/gateway`, ...) reads, sorted."""
        return kustomization.outermost(path for part in parts for path in self.closures[part])


def read_release(snapshot: Snapshot, name: str, platform: Platform) -> Release:
    """Read one release.

    Args:
        snapshot: The repository.
        name: `edge` or its number.
        platform: Says which add-ons are sold and how tenants are exposed.

    Raises:
        Refused: It holds what is not understood, and kustomize was not started; or what it runs cannot be counted.
        TenantryError: It is not there, kustomize refuses it, or it lacks a service that is sold.
    """
    folder = layout.release(name)
    if snapshot.kind_of(f"{folder}/{CORE}") is not Kind.FOLDER:
        way = snapshot.way_back(f"{folder}/{CORE}")
        raise TenantryError(f"there is no {folder}/{CORE}", way or "fix the name in the rings of platform.yaml")
    gate = gate_of(snapshot)
    gate.survey(folder)
    depth = folder.count("/") + 2
    components = sorted({path.split("/")[depth] for path in snapshot.under(f"{folder}/{COMPONENTS}")})
    parts = [CORE, *(f"{COMPONENTS}/{component}" for component in components)]
    closures = {part: gate.closure([f"{folder}/{part}"]) for part in parts}
    return Release(name, _workloads(gate, name, components, platform), closures)


def _parts(components: Collection[str], add_ons: AddOns, exposure: str) -> list[str]:
    """Return the components that a tenant with these add-ons has, as far as the release has them, without its facts."""
    wanted = (*add_ons, exposure, *(f"{add_on}-{exposure}" for add_on in add_ons))
    return [component for component in wanted if component in components]


def _workloads(
    gate: Gate, name: str, components: Collection[str], platform: Platform
) -> dict[AddOns, dict[str, Workload]]:
    """Build the release with each choice of add-ons, from probe overlays with probe facts, and read what runs pods.

    Raises:
        Refused: Something that runs pods cannot be counted.
        TenantryError: It does not build, or lacks a service that the platform sells.
    """
    folder = layout.release(name)
    choices: list[AddOns] = [(), (CHATBOT,)] if platform.chatbot else [()]
    origins = origins_of(gate, name)  # first: what is no YAML is named with its line
    builds = _builds(gate, folder, [_parts(components, add_ons, platform.exposure) for add_ons in choices])
    found: dict[AddOns, dict[str, Workload]] = {}
    findings: list[Finding] = []
    for add_ons, objects in zip(choices, builds, strict=True):
        counted, problems = workloads.read(objects)
        problems = (*problems, *workloads.unscaled(counted, (FILESERVER, *add_ons)))
        findings += [_uncounted(gate.snapshot, problem, origins) for problem in problems]
        found[add_ons] = {item.workload.name: _with_places(gate.snapshot, item, origins) for item in counted}
    if findings:
        raise Refused(findings)
    for add_ons, by_name in found.items():
        for service in (FILESERVER, *add_ons):
            if service not in by_name:
                raise TenantryError(f"{folder} has no Deployment {service}")
    return found


def _builds(gate: Gate, folder: str, choices: list[list[str]]) -> list[tuple[Mapping[str, Any], ...]]:
    root = gate.snapshot.root.resolve()
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        probes = [Path(temporary).resolve() / str(number) for number in range(len(choices))]
        above = os.path.relpath(root, probes[0])
        folders = []
        for probe, parts in zip(probes, choices, strict=True):
            reads = [f"{folder}/{CORE}", *(f"{folder}/{COMPONENTS}/{part}" for part in parts)]
            probe.mkdir()
            overlay = {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": [f"{above}/{reads[0]}", "facts.yaml"],
                "components": [f"{above}/{component}" for component in reads[1:]],
            }
            (probe / "facts.yaml").write_text(yaml_writer.dump(_PROBE_FACTS), encoding="utf-8")
            (probe / kustomization.FILE).write_text(yaml_writer.dump(overlay), encoding="utf-8")
            folders.append(gate.beside(probe, reads))
        built = list(kustomize.build_all(folders))
    for item in built:
        if item.error:
            said = item.error.replace(f"{root}/", "").replace(f"{above}/", "").replace("\n", " ")
            raise TenantryError(f"{folder} does not build: {said}")
    return [item.objects for item in built]


def _with_places(snapshot: Snapshot, counted: Counted, origins: Origins) -> Workload:
    places = {key: _place(snapshot, one, path, origins) for key, (one, path) in counted.fields.items()}
    return replace(counted.workload, places=places)


def _uncounted(snapshot: Snapshot, problem: Problem, origins: Origins) -> Finding:
    about = f"{problem.one['kind']}/{problem.one['metadata']['name']}"
    return finding("CAP010", _place(snapshot, problem.one, problem.path, origins), problem.fact, problem.hint, about)


def _place(snapshot: Snapshot, one: Mapping[str, Any], path: Sequence[str], origins: Origins) -> Place:
    """Return where a field is written; where a patch wrote it, the object that was patched."""
    kind, name = one["kind"], one["metadata"]["name"]
    origin = origins.get((kind, name))
    if origin is None:
        return Place(layout.BASE)
    place, text = yaml_objects.field_of(parsed.objects(snapshot.parsed(origin.file)), origin.file, kind, name, path)
    rendered: Any = one
    for step in path:
        rendered = mapping(rendered).get(step)
    return origin if text is not None and text != str(rendered) else place


_PROBE_FACTS: Final[dict[str, Any]] = {
    "apiVersion": "tenantry.dev/v1",
    "kind": "TenantFacts",
    "metadata": {"name": "tenant", "annotations": {"config.kubernetes.io/local-config": "true"}},
    "spec": {
        "name": "probe",
        "host": "probe.invalid",
        "hosts": ["probe.invalid"],
        "chatbot": {"minReplicas": "1", "maxReplicas": "1", "endpoints": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]},
    },
}


@once
def origins_of(gate: Gate, release: str) -> Origins:
    """Find where each object of a release is written, by kind and name.

    An object that two files of the release write (in two components, say) is known by the first of them. What the gate
    refuses is passed over: it says so itself.

    Raises:
        TenantryError: A file is not YAML.
    """
    origins: dict[tuple[str, str], Place] = {}
    for file in gate.snapshot.under(layout.release(release)):
        if not file.endswith(".yaml") or PurePosixPath(file).name == kustomization.FILE or not gate.is_bounded(file):
            continue
        for item in parsed.objects(gate.snapshot.parsed(file)):
            # kustomize's `namespace:` names the only Namespace after the tenant, so it is known by its kind alone
            origins.setdefault((item.kind, "" if item.kind == "Namespace" else item.name), Place(file, item.line, 1))
    return origins
