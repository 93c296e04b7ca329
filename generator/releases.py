"""IO in: what must be known of a release of base/ before anything is composed: its pods' size, what it refers to."""

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from generator import build, kustomization, layout, quantity, yamlio
from generator.files import Kind
from generator.findings import Place, TenantryError
from generator.kustomization import Gate
from generator.model import Resources
from generator.shape import mapping, sequence, string, whole
from generator.size import CHATBOT, FILESERVER, Workload
from generator.snapshot import Snapshot

Origins = Mapping[tuple[str, str], Place]
"""Where the objects of a release are written: (kind, name) -> place in base/; the Namespace has no name there."""

CORE: Final = "core"
COMPONENTS: Final = "components"

_ADD_ONS: Final = (CHATBOT,)


@dataclass(frozen=True, slots=True)
class Release:
    """One release of base/.

    Attributes:
        name: `edge` or its number.
        workloads: Its Deployments by name.
        closures: For core and each component, every path that building it reads.
    """

    name: str
    workloads: Mapping[str, Workload]
    closures: Mapping[str, tuple[str, ...]]

    def closure(self, parts: Iterable[str]) -> tuple[str, ...]:
        """Return every path that building these parts (`core`, `components/gateway`, ...) reads, sorted."""
        return kustomization.outermost(path for part in parts for path in self.closures[part])


def read_release(snapshot: Snapshot, name: str) -> Release:
    """Read one release.

    Raises:
        Refused: It holds what is not understood, and kustomize was not started.
        TenantryError: It is not there, kustomize refuses it, or its Deployments lack what the arithmetic needs.
    """
    folder = layout.release(name)
    if snapshot.kind_of(f"{folder}/{CORE}") is not Kind.FOLDER:
        raise TenantryError(
            f"there is no {folder}/{CORE}", "platform.yaml's rings name the releases: mend the name there"
        )
    gate = Gate(snapshot)
    gate.survey(folder)
    depth = folder.count("/") + 2
    components = sorted({path.split("/")[depth] for path in snapshot.under(f"{folder}/{COMPONENTS}")})
    parts = [CORE, *(f"{COMPONENTS}/{component}" for component in components)]
    closures = {part: gate.closure([f"{folder}/{part}"]) for part in parts}
    return Release(name, _workloads(gate, folder, components, origins_of(gate, name)), closures)


def _workloads(gate: Gate, folder: str, components: list[str], origins: Origins) -> dict[str, Workload]:
    """Build core with its add-ons, from a probe overlay with probe facts, and read the Deployments."""
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        probe = Path(temporary).resolve()
        root = gate.snapshot.root.resolve()
        above = os.path.relpath(root, probe)
        add_ons = [one for one in _ADD_ONS if one in components]
        (probe / "facts.yaml").write_text(yamlio.dump(_PROBE_FACTS), encoding="utf-8")
        overlay = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [f"{above}/{folder}/{CORE}", "facts.yaml"],
            "components": [f"{above}/{folder}/{COMPONENTS}/{one}" for one in add_ons],
        }
        (probe / kustomization.FILE).write_text(yamlio.dump(overlay), encoding="utf-8")
        reads = [f"{folder}/{CORE}", *(f"{folder}/{COMPONENTS}/{one}" for one in add_ons)]
        (built,) = build.build_all([gate.beside(probe, reads)])
    if built.error:
        said = built.error.replace(f"{root}/", "").replace(f"{above}/", "").replace("\n", " ")
        raise TenantryError(f"{folder} does not build: {said}")
    found = {one["metadata"]["name"]: one for one in built.objects if one["kind"] == "Deployment"}
    missing = [one for one in (FILESERVER, *add_ons) if one not in found]
    if missing:
        raise TenantryError(f"{folder} has no Deployment {missing[0]}")
    return {name: workload(found[name], str(origins[("Deployment", name)])) for name in (FILESERVER, *add_ons)}


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


def workload(deployment: Mapping[str, Any], file: str) -> Workload:
    """Read a rendered Deployment as the arithmetic sees it.

    Args:
        deployment: The object.
        file: Where it stands, for explanations.

    Raises:
        TenantryError: There is no pod template, a container lacks requests or limits, or maxSurge is none.
    """
    name = deployment["metadata"]["name"]
    spec = mapping(deployment.get("spec"))
    pods = mapping(mapping(spec.get("template")).get("spec"))
    containers = [*sequence(pods.get("initContainers")), *sequence(pods.get("containers"))]
    if not sequence(pods.get("containers")) or not all(isinstance(one, Mapping) for one in containers):
        raise TenantryError(f"Deployment {name} has no pod template that can be read", "mend it in base/")
    strategy = mapping(spec.get("strategy"))
    surge = mapping(strategy.get("rollingUpdate")).get("maxSurge", "25%")
    if whole(surge, -1) < 0 and not _PERCENTAGE.fullmatch(string(surge)):
        raise TenantryError(
            f"Deployment {name}: maxSurge is {surge!r}, no number and no percentage", "mend it in base/"
        )
    pod = Resources()
    for container in containers:
        pod = pod + _container(name, container)
    return Workload(name=name, pod=pod, max_surge=0 if strategy.get("type") == "Recreate" else surge, file=file)


_PERCENTAGE: Final = re.compile("[0-9]{1,9}%")


def _container(deployment: str, container: Mapping[str, Any]) -> Resources:
    resources = mapping(container.get("resources"))
    try:
        return Resources(
            requests_cpu=quantity.millicores(resources["requests"]["cpu"]),
            limits_cpu=quantity.millicores(resources["limits"]["cpu"]),
            requests_memory=quantity.octets(resources["requests"]["memory"]),
            limits_memory=quantity.octets(resources["limits"]["memory"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        fact = f"Deployment {deployment}: container {container.get('name')} lacks a request or limit ({error})"
        raise TenantryError(fact, "set requests and limits of cpu and memory in base/") from None


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
        for kind, name, line in yamlio.objects_in(file, gate.snapshot.read(file)):
            # kustomize's `namespace:` names the only Namespace after the tenant, so it is known by its kind alone
            origins.setdefault((kind, "" if kind == "Namespace" else name), Place(file, line, 1))
    return origins
