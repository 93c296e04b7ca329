"""What rules look at: one tenant as it was rendered and as Argo CD is told of it, and all of them together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from generator import layout
from generator.findings import Finding, Place
from generator.model import Fleet, Platform, Tenant
from generator.releases import Origins
from generator.rules.catalog import finding
from generator.yamlio import Document

Object = Mapping[str, Any]
"""A Kubernetes object as kustomize printed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One tenant: its render, and the committed files that lead Argo CD to it.

    Attributes:
        tenant: The tenant file's record.
        platform: The provider's numbers.
        objects: The objects that kustomize made, in its order.
        overlay: The committed kustomization.yaml.
        facts: The committed data sheet.
        entry: The committed entry of the ApplicationSet.
        project: The committed AppProject.
        reads: Every path that building the overlay reads, as `manifest-generate-paths` lists them.
        origins: Where objects are written in base/.
    """

    tenant: Tenant
    platform: Platform
    objects: tuple[Object, ...]
    overlay: Object
    facts: Object
    entry: Document
    project: Document
    reads: tuple[str, ...]
    origins: Origins

    def of_kind(self, *kinds: str) -> Iterator[Object]:
        """Yield the objects of these kinds."""
        return (one for one in self.objects if one["kind"] in kinds)

    def place(self, one: Object | None = None) -> Place:
        """Return where an object is written in base/, or the overlay when it is not known."""
        if one is not None:
            name = "" if one["kind"] == "Namespace" else one["metadata"]["name"]
            if origin := self.origins.get((one["kind"], name)):
                return origin
        return Place(layout.kustomization(self.tenant.name))

    def found(self, rule: str, one: Object, fact: str, hint: str = "") -> Finding:
        """Make a finding about one of the objects."""
        return finding(rule, self.place(one), fact, hint, identity(one))

    @property
    def shard(self) -> str:
        """The shard that the tenant's name hashes to."""
        return layout.shard_of(self.tenant.name, self.platform.argocd.shards)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repository:
    """All that is committed; equal to itself alone, so that what is worked out of it can be kept.

    Attributes:
        fleet: All input.
        rendered: Every tenant that could be rendered.
        files: Path -> text of every file in argocd/ and overlays/.
    """

    fleet: Fleet
    rendered: tuple[Rendered, ...]
    files: Mapping[str, str]


def identity(one: Object) -> str:
    """Name an object as Kind/namespace/name, or Kind/name without a namespace."""
    metadata = one["metadata"]
    parts = (one["kind"], metadata.get("namespace", ""), metadata["name"])
    return "/".join(part for part in parts if part)


def pod_spec(one: Object) -> Mapping[str, Any] | None:
    """Return the pod spec of a workload, or None for any other object."""
    template = pod_template(one)
    return template.get("spec") if template else None


def pod_template(one: Object) -> Mapping[str, Any] | None:
    """Return the pod template of a workload, or None for any other object."""
    spec = one.get("spec") or {}
    match one["kind"]:
        case "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job":
            return cast("Object", spec["template"])
        case "CronJob":
            return cast("Object", spec["jobTemplate"]["spec"]["template"])
        case "Pod":
            return one
        case _:
            return None


def containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the init containers and containers of a pod spec."""
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()
