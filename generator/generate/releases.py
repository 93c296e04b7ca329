"""IO in: what must be known of a release of base/ before anything is composed: its pods' size, what it refers to."""

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar

from generator import layout
from generator.findings.finding import Finding, Place, Refused, TenantryError
from generator.findings.table import finding
from generator.fleet.model import AddOn, Platform
from generator.fleet.rings import Pair
from generator.generate import frozen, started, workloads
from generator.generate.ceilings import Ceiling, hard_of
from generator.generate.headroom import Workload
from generator.generate.started import Started
from generator.generate.workloads import Counted, Problem
from generator.git.snapshot import Snapshot
from generator.kube import kustomization, kustomize
from generator.kube.kustomization import Gate, gate_of
from generator.kube.lenient import mapping
from generator.kube.pods import pod_spec
from generator.once import once
from generator.reading import parsed, yaml_objects, yaml_writer
from generator.reading.files import Kind

Item = TypeVar("Item", Started, Ceiling)

Origins = Mapping[tuple[str, str], Place]
"""Where the objects of a release are written: (kind, name) -> place in base/; the Namespace has no name there."""

CORE: Final = "core"
COMPONENTS: Final = "components"
FACTS: Final = "facts"
"""The component of the guard, and that of the release, that carry the facts of core."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an overlay is built of, in this order, as folders from the repository's root.

    Attributes:
        resources: Core of the guard and core of the release.
        components: Those of the guard, then those of the release, then the state; the facts of each last.
    """

    resources: tuple[str, ...]
    components: tuple[str, ...]

    @property
    def folders(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.resources, *self.components)


def parts_of(
    pair: Pair,
    components: Iterable[str],
    guarded: Collection[str],
    states: Iterable[str] = (),
    claims: Iterable[str] = (),
) -> Parts:
    """Return what an overlay is built of.

    A replacement or a patch does not reach what a later component brings, so the order is part of the meaning.

    Args:
        pair: The release and the guard.
        components: Names of the components that the tenant has.
        guarded: Names of those that the guard has a part of.
        states: Folders of the guard's states that the tenant's state names: behind all that they change.
        claims: Names of components that bring claims of add-ons, which the guard alone has.
    """
    guard, release = (f"{folder}/{COMPONENTS}" for folder in folders_of(pair))
    named = tuple(components)
    own = [name for name in named if name != FACTS]
    return Parts(
        resources=tuple(f"{folder}/{CORE}" for folder in folders_of(pair)),
        components=(
            *(f"{guard}/{name}" for name in own if name in guarded),
            *(f"{guard}/{name}" for name in claims),
            *(f"{release}/{name}" for name in own),
            *(f"{layout.guard(pair.guard)}/{layout.STATES}/{name}" for name in states),
            *(f"{guard}/{FACTS}" for name in named if name == FACTS and name in guarded),
            *(f"{release}/{FACTS}" for name in named if name == FACTS),
        ),
    )


def folders_of(pair: Pair) -> tuple[str, str]:
    """Return the folder of a guard and that of a release, in the order in which overlays name them."""
    return layout.guard(pair.guard), layout.release(pair.release)


def is_edge(pair: Pair) -> bool:
    """Say whether what runs is still written: what is frozen may lack an add-on that came later."""
    return pair.release == layout.EDGE


def releases_in(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the names of all releases that base/ holds, whether or not a ring names them."""
    there = any(snapshot.under(layout.release(layout.EDGE)))
    return (*([layout.EDGE] if there else []), *frozen.numbers(snapshot, layout.RELEASES))


@once
def components_in(snapshot: Snapshot, folder: str) -> frozenset[str]:
    """Return the names of the components that stand in a guard or in a release."""
    return _folders_in(snapshot, f"{folder}/{COMPONENTS}")


@once
def states_in(snapshot: Snapshot, guard: str) -> frozenset[str]:
    """Return the names of the folders of a guard's states."""
    return _folders_in(snapshot, f"{guard}/{layout.STATES}")


def _folders_in(snapshot: Snapshot, above: str) -> frozenset[str]:
    return frozenset(path.removeprefix(f"{above}/").partition("/")[0] for path in snapshot.under(above))


@dataclass(frozen=True, slots=True)
class Release:
    """One release of base/ with the guard that stands before it.

    Attributes:
        pair: Which two.
        core: What a tenant without add-ons runs, by name.
        addons: For each add-on that the release has, what a tenant with it alone runs, by name.
        guarded: The components of which the guard has a part.
        states: The folders of the guard's states.
        closures: For each folder of the two that overlays name, every path that building it reads.
        started: How each workload is started whose declaration requires something.
        ceilings: What its quotas allow whatever the plan.
    """

    pair: Pair
    core: Mapping[str, Workload]
    addons: Mapping[str, Mapping[str, Workload]]
    guarded: frozenset[str]
    states: frozenset[str]
    closures: Mapping[str, tuple[str, ...]]
    started: tuple[Started, ...]
    ceilings: tuple[Ceiling, ...]

    def workloads(self, addons: Iterable[str]) -> Mapping[str, Workload]:
        """Return what a tenant with these add-ons runs, by name.

        Raises:
            TenantryError: The release was frozen before there was one of them.
        """
        wanted = tuple(addons)
        for addon in wanted:
            if addon not in self.addons:
                fact = f"{layout.release(self.pair.release)} was frozen before there was the add-on {addon}"
                raise TenantryError(fact, f"let the rings of {layout.PLATFORM} name another release, or take it out")
        return {**self.core, **{name: workload for addon in wanted for name, workload in self.addons[addon].items()}}

    def parts(self, components: Iterable[str], states: Iterable[str] = (), claims: Iterable[str] = ()) -> Parts:
        """Return what the overlay of a tenant with these components and claims, in such a state, is built of."""
        there = [name for name in states if name in self.states]
        return parts_of(self.pair, components, self.guarded, there, claims)

    def closure(self, parts: Parts) -> tuple[str, ...]:
        """Return every path that building these parts reads, sorted."""
        return kustomization.outermost(path for part in parts.folders for path in self.closures[part])


def read_release(snapshot: Snapshot, pair: Pair, platform: Platform) -> Release:
    """Read one release and the guard before it.

    Args:
        snapshot: The repository.
        pair: Which two.
        platform: Says which add-ons are sold and how tenants are exposed.

    Raises:
        Refused: It holds what is not understood, and kustomize was not started; or what it runs cannot be counted.
        TenantryError: It is not there, kustomize refuses it, or it lacks a service that is sold.
    """
    gate = gate_of(snapshot)
    closures: dict[str, tuple[str, ...]] = {}
    for folder in reversed(folders_of(pair)):
        if snapshot.kind_of(f"{folder}/{CORE}") is not Kind.FOLDER:
            raise TenantryError(f"there is no {folder}/{CORE}", _way_to_core(snapshot, folder))
        gate.survey(folder)
        parts = [CORE, *(f"{COMPONENTS}/{component}" for component in sorted(components_in(snapshot, folder)))]
        if folder == layout.guard(pair.guard):
            parts += [f"{layout.STATES}/{state}" for state in sorted(states_in(snapshot, folder))]
        closures |= {f"{folder}/{part}": gate.closure([f"{folder}/{part}"]) for part in parts}
    core, addons, found, ceilings = _workloads(gate, pair, platform)
    guarded, states = (read(snapshot, layout.guard(pair.guard)) for read in (components_in, states_in))
    return Release(pair, core, addons, guarded, states, closures, found, ceilings)


def _way_to_core(snapshot: Snapshot, folder: str) -> str:
    """Say how a guard or a release comes to be where a ring looks for it."""
    if way := snapshot.way_back(f"{folder}/{CORE}"):
        return way
    if folder == layout.GUARD:
        return "run `tenantry upgrade`: base/ is of an earlier layout"
    return "fix the name in the rings of platform.yaml"


def _parts(components: Collection[str], addons: Iterable[AddOn], exposure: str) -> list[str]:
    """Return the components that a tenant with these add-ons has, as far as the release has them."""
    brought = [addon.component for addon in addons]
    wanted = (*brought, exposure, *(f"{component}-{exposure}" for component in brought), FACTS)
    return [component for component in wanted if component in components]


def _claims(guarded: Collection[str], addons: Iterable[AddOn]) -> list[str]:
    """Return the components that bring the claims of these add-ons, as far as the guard has them."""
    return [addon.claim_component for addon in addons if addon.claim_component in guarded]


def _workloads(
    gate: Gate, pair: Pair, platform: Platform
) -> tuple[dict[str, Workload], dict[str, dict[str, Workload]], tuple[Started, ...], tuple[Ceiling, ...]]:
    """Build the release without and with each add-on, from probe overlays with probe facts, and read what runs pods.

    Returns:
        What runs without an add-on, and with each of them; how that is started, and what quotas allow.

    Raises:
        Refused: Something that runs pods cannot be counted.
        TenantryError: It does not build, or lacks a service that the platform sells.
    """
    guard, folder = folders_of(pair)
    components = components_in(gate.snapshot, folder)
    sold = [addon for addon in platform.addons.values() if is_edge(pair) or addon.component in components]
    choices: list[tuple[AddOn, ...]] = [(), *((addon,) for addon in sold)]
    origins = origins_of(gate, pair)  # first: what is no YAML is named with its line
    guarded = components_in(gate.snapshot, guard)
    parts = [
        parts_of(pair, _parts(components, addons, platform.exposure), guarded, claims=_claims(guarded, addons))
        for addons in choices
    ]
    builds = _builds(gate, pair, parts, _probe_facts(platform))
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
    with_addons = dict(zip((addon.name for addon in sold), found[1:], strict=True))
    # an add-on may change what core has: each way to start a workload counts, and each quota
    starts = _each([one for objects in builds for one in _started(gate.snapshot, objects, platform, origins)])
    ceilings = _each([one for objects in builds for one in _ceilings(gate.snapshot, objects, origins)])
    return found[0], with_addons, starts, ceilings


def _each(several: Sequence[Item]) -> tuple[Item, ...]:
    """Return each item once; they are equal by what they hold."""
    return tuple(item for index, item in enumerate(several) if item not in several[:index])


def _ceilings(snapshot: Snapshot, objects: Sequence[Mapping[str, Any]], origins: Origins) -> Iterator[Ceiling]:
    for obj in objects:
        if obj["kind"] == "ResourceQuota":
            yield Ceiling(obj["metadata"]["name"], hard_of(obj), _place(snapshot, obj, (), origins))


def _started(
    snapshot: Snapshot, objects: Sequence[Mapping[str, Any]], platform: Platform, origins: Origins
) -> Iterator[Started]:
    for obj in objects:
        required = platform.requires.get(obj["metadata"]["name"])
        if required is not None and pod_spec(obj) is not None:
            place = _place(snapshot, obj, (), origins)
            yield Started(obj["metadata"]["name"], started.parts_of(obj, objects, required), place)


def _way_to(platform: Platform, workload: str) -> str:
    """Say where a workload is declared that base/ lacks."""
    owners = [addon.name for addon in platform.addons.values() if addon.workload == workload]
    where = f"addons.{owners[0]}.workload" if owners else "service.workload"
    return f"fix {where} of platform.yaml, or put the workload into base/"


def _builds(
    gate: Gate, pair: Pair, choices: list[Parts], facts: Mapping[str, Any]
) -> list[tuple[Mapping[str, Any], ...]]:
    guard, folder = folders_of(pair)
    root = gate.snapshot.root.resolve()
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        probes = [Path(temporary).resolve() / str(number) for number in range(len(choices))]
        above = os.path.relpath(root, probes[0])
        folders = []
        for probe, parts in zip(probes, choices, strict=True):
            probe.mkdir()
            overlay = {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": [*(f"{above}/{resource}" for resource in parts.resources), "facts.yaml"],
                "components": [f"{above}/{component}" for component in parts.components],
            }
            (probe / "facts.yaml").write_text(yaml_writer.dump(facts), encoding="utf-8")
            (probe / kustomization.FILE).write_text(yaml_writer.dump(overlay), encoding="utf-8")
            folders.append(gate.beside(probe, parts.folders))
        built = list(kustomize.build_all(folders))
    for item in built:
        if item.error:
            if missing := _MISSING_FACT.search(item.error):
                addon = missing[1].split(".")[2] if missing[1].startswith("spec.addons.") else ""
                below = f"below addons.{addon} of {layout.PLATFORM}" if addon else f"in {layout.PLATFORM}"
                declared = addon or missing[1] == "spec.storageClass"
                where = f"declare it {below}, or take" if declared else "take"
                fact = f"{folder} with {guard} reads the fact {missing[1]}, and none is written"
                raise TenantryError(fact, f"{where} out what reads it")
            said = item.error.replace(f"{root}/", "").replace(f"{above}/", "").replace("\n", " ")
            raise TenantryError(f"{folder} does not build with {guard}: {said}")
    return [item.objects for item in built]


def _with_places(snapshot: Snapshot, counted: Counted, origins: Origins) -> Workload:
    places = {key: _place(snapshot, one, path, origins) for key, (one, path) in counted.fields.items()}
    return replace(counted.workload, places=places)


def _uncounted(snapshot: Snapshot, problem: Problem, origins: Origins) -> Finding:
    about = f"{problem.obj['kind']}/{problem.obj['metadata']['name']}"
    return finding("CAP010", _place(snapshot, problem.obj, problem.path, origins), problem.fact, problem.hint, about)


def _place(snapshot: Snapshot, obj: Mapping[str, Any], path: Sequence[str], origins: Origins) -> Place:
    """Return where a field is written; where a patch wrote it, the object that was patched."""
    kind, name = obj["kind"], obj["metadata"]["name"]
    origin = origins.get((kind, name))
    if origin is None:
        return Place(layout.BASE)
    place, text = yaml_objects.field_of(parsed.objects(snapshot.parsed(origin.file)), origin.file, kind, name, path)
    rendered: Any = obj
    for step in path:
        rendered = mapping(rendered).get(step)
    return origin if text is not None and text != str(rendered) else place


def _probe_facts(platform: Platform) -> dict[str, Any]:
    """Return a data sheet that builds with every add-on; its numbers of pods are those that base/ starts with."""
    addons = {
        addon.name: {
            "minReplicas": "1",
            "maxReplicas": "1",
            **({"storage": "1Gi"} if addon.storage else {}),
            **({"reaches": [{"ipBlock": {"cidr": _NOBODYS}}]} if addon.reaches else {}),
            "facts": dict(addon.facts),
        }
        for addon in platform.addons.values()
    }
    of_volumes = {"storageClass": platform.storage_class} if platform.storage_class else {}
    return {
        "apiVersion": "tenantry.dev/v1",
        "kind": "TenantFacts",
        "metadata": {"name": "tenant", "annotations": {"config.kubernetes.io/local-config": "true"}},
        "spec": {
            "name": "probe",
            "host": "probe.invalid",
            "hosts": ["probe.invalid"],
            "storage": "1Gi",
            "quota": dict.fromkeys(_QUOTA, "0"),
            "service": {"minReplicas": "1", "maxReplicas": "1"},
            "addons": addons,
            **of_volumes,
        },
    }


_MISSING_FACT: Final = re.compile(r"fieldPath `([^`]+)` is missing for replacement source TenantFacts")

_QUOTA: Final = ("requestsCPU", "limitsCPU", "requestsMemory", "limitsMemory", "requestsStorage", "pods")

_NOBODYS: Final = "192.0.2.0/24"
"""A documentation range: https://www.rfc-editor.org/rfc/rfc5737"""


def origins_of(gate: Gate, pair: Pair) -> Origins:
    """Find where each object of a release and of the guard before it is written, by kind and name.

    Raises:
        TenantryError: A file is not YAML.
    """
    guard, release = folders_of(pair)
    return {**_origins_in(gate, release), **_origins_in(gate, guard)}


@once
def _origins_in(gate: Gate, folder: str) -> Origins:
    """Find where each object of a guard or of a release is written, by kind and name.

    An object that two of its files write (in two components, say) is known by the first of them. What the gate
    refuses is passed over: it says so itself.

    Raises:
        TenantryError: A file is not YAML.
    """
    origins: dict[tuple[str, str], Place] = {}
    for file in gate.snapshot.under(folder):
        if not file.endswith(".yaml") or PurePosixPath(file).name == kustomization.FILE or not gate.is_bounded(file):
            continue
        for item in parsed.objects(gate.snapshot.parsed(file)):
            # kustomize's `namespace:` names the only Namespace after the tenant, so it is known by its kind alone
            origins.setdefault((item.kind, "" if item.kind == "Namespace" else item.name), Place(file, item.line, 1))
    return origins
