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
from generator.fleet.model import AddOn, Platform
from generator.generate import workloads
from generator.generate.headroom import Workload
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


@dataclass(frozen=True, slots=True)
class Release:
    """One release of base/.

    Attributes:
        name: `edge` or its number.
        core: What a tenant without add-ons runs, by name.
        addons: For each add-on, what a tenant with it alone runs, by name.
        closures: For core and each component, every path that building it reads.
    """

    name: str
    core: Mapping[str, Workload]
    addons: Mapping[str, Mapping[str, Workload]]
    closures: Mapping[str, tuple[str, ...]]

    def workloads(self, addons: Iterable[str]) -> Mapping[str, Workload]:
        """Return what a tenant with these add-ons runs, by name."""
        return {**self.core, **{name: workload for addon in addons for name, workload in self.addons[addon].items()}}

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
    core, addons = _workloads(gate, name, components, platform)
    return Release(name, core, addons, closures)


def _parts(components: Collection[str], addons: Iterable[AddOn], exposure: str) -> list[str]:
    """Return the components that a tenant with these add-ons has, as far as the release has them, without its facts."""
    brought = [addon.component for addon in addons]
    wanted = (*brought, exposure, *(f"{component}-{exposure}" for component in brought))
    return [component for component in wanted if component in components]


def _workloads(
    gate: Gate, name: str, components: Collection[str], platform: Platform
) -> tuple[dict[str, Workload], dict[str, dict[str, Workload]]]:
    """Build the release without and with each add-on, from probe overlays with probe facts, and read what runs pods.

    Returns:
        What runs without an add-on, and with each of them.

    Raises:
        Refused: Something that runs pods cannot be counted.
        TenantryError: It does not build, or lacks a service that the platform sells.
    """
    folder = layout.release(name)
    choices: list[tuple[AddOn, ...]] = [(), *((addon,) for addon in platform.addons.values())]
    origins = origins_of(gate, name)  # first: what is no YAML is named with its line
    builds = _builds(
        gate, folder, [_parts(components, addons, platform.exposure) for addons in choices], _probe_facts(platform)
    )
    found: list[dict[str, Workload]] = []
    findings: list[Finding] = []
    for addons, objects in zip(choices, builds, strict=True):
        counted, problems = workloads.read(objects)
        problems = (*problems, *workloads.unscaled(counted, (platform.service, *(addon.workload for addon in addons))))
        findings += [_uncounted(gate.snapshot, problem, origins) for problem in problems]
        found.append({item.workload.name: _with_places(gate.snapshot, item, origins) for item in counted})
    if findings:
        raise Refused(findings)
    for addons, by_name in zip(choices, found, strict=True):
        for workload in (platform.service, *(addon.workload for addon in addons)):
            if workload not in by_name:
                raise TenantryError(f"{folder} has no workload {workload}", _way_to(platform, workload))
    return found[0], dict(zip(platform.addons, found[1:], strict=True))


def _way_to(platform: Platform, workload: str) -> str:
    """Say where a workload is declared that base/ lacks."""
    owners = [addon.name for addon in platform.addons.values() if addon.workload == workload]
    where = f"addons.{owners[0]}.workload" if owners else "service.workload"
    return f"fix {where} of platform.yaml, or put the workload into base/"


def _builds(
    gate: Gate, folder: str, choices: list[list[str]], facts: Mapping[str, Any]
) -> list[tuple[Mapping[str, Any], ...]]:
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
            (probe / "facts.yaml").write_text(yaml_writer.dump(facts), encoding="utf-8")
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


def _probe_facts(platform: Platform) -> dict[str, Any]:
    """Return a data sheet that builds with every add-on; facts of core are left to core's own values."""
    replicas = {"minReplicas": "1", "maxReplicas": "1", "storage": "1Gi", "reaches": [{"ipBlock": {"cidr": _NOBODYS}}]}
    addons = {addon.name: {**replicas, "facts": dict(addon.facts)} for addon in platform.addons.values()}
    return {
        "apiVersion": "tenantry.dev/v1",
        "kind": "TenantFacts",
        "metadata": {"name": "tenant", "annotations": {"config.kubernetes.io/local-config": "true"}},
        "spec": {"name": "probe", "host": "probe.invalid", "hosts": ["probe.invalid"], "addons": addons},
    }


_NOBODYS: Final = "192.0.2.0/24"
"""A documentation range: https://www.rfc-editor.org/rfc/rfc5737"""


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
