"""What rules look at: a tenant as it was rendered and as Argo CD is told of it, a release of base/, and all tenants."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from generator import layout
from generator.findings.finding import Found, Place
from generator.fleet.model import Fleet, Platform, Tenant
from generator.fleet.rings import Pair
from generator.fleet.states import ACTIVE
from generator.generate.releases import Origins, folders_of
from generator.kube.generated_names import without_hash
from generator.kube.lenient import Object
from generator.kube.pods import pod_spec
from generator.once import Worked
from generator.reading import parsed, yaml_objects
from generator.reading.parsed import Parsed
from generator.reading.schema import Path, dotted
from generator.reading.yaml_reader import Document

"""A Kubernetes object as kustomize printed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One tenant: its render, and the committed files that lead Argo CD to it.

    Attributes:
        tenant: The tenant file's record.
        platform: The provider's numbers.
        objects: The objects that kustomize made, in its order.
        text: What kustomize printed for its class: the same, with sentinels for what is the tenant's own.
        names: The names of all tenants.
        hosts: The hosts of all tenants, each with its tenant.
        overlay: The committed kustomization.yaml.
        facts: The committed data sheet.
        entry: The committed entry of the ApplicationSet.
        project: The committed AppProject.
        reads: Every path that building the overlay reads, as `manifest-generate-paths` lists them.
        guarded: The components of which the guard of its ring has a part.
        states: The folders of the states of that guard.
        origins: Where objects are written in base/.
        sources: The files of base/ that origins name.
        represents: For the first of tenants that differ in name and hosts alone, how many these are; 0 for others.
            A rule that does not depend on these looks at the first for all of them.
        leader: The first of those whose objects differ in numbers as well, which a rule that looks at no number looks
            at for all of them; None for that one.
        longest: Of the same, the names of those with the longest name and host, as far as this one stands for them.
        worked: What was proved of it so far.
    """

    tenant: Tenant
    platform: Platform
    objects: tuple[Object, ...]
    text: str
    names: frozenset[str]
    hosts: Mapping[str, str]
    overlay: Object
    facts: Object
    entry: Document
    project: Document
    reads: tuple[str, ...]
    guarded: frozenset[str]
    origins: Origins
    states: frozenset[str] = frozenset()
    sources: Mapping[str, Parsed] = field(default_factory=dict)
    represents: int = 1
    leader: "Rendered | None" = None
    longest: tuple[str, ...] = ()
    worked: Worked = field(default_factory=dict, init=False, compare=False, repr=False)

    def of_kind(self, *kinds: str) -> Iterator[Object]:
        """Yield the objects of these kinds."""
        return (obj for obj in self.objects if obj["kind"] in kinds)

    def named(self, kind: str) -> dict[str, Object]:
        """Return the objects of a kind by their names."""
        return {obj["metadata"]["name"]: obj for obj in self.of_kind(kind)}

    @property
    def workloads(self) -> list[Object]:
        """The objects that make pods."""
        return [obj for obj in self.objects if pod_spec(obj) is not None]

    def place(self, obj: Object | None = None) -> Place:
        """Return where an object is written in base/, or the overlay when it is not known."""
        origin = origin_of(self.origins, obj) if obj is not None else None
        return origin or Place(layout.kustomization(self.tenant.name))

    def found(self, obj: Object, fact: str, hint: str = "") -> Found:
        """Say what is wrong with one of the objects."""
        return Found(self.place(obj), fact, hint, identity(obj))

    def found_at(self, obj: Object, path: Path, fact: str, hint: str = "") -> Found:
        """Say what is wrong at a place inside one of the objects.

        Args:
            obj: The object.
            path: Keys and indices in it.
            fact: What is the case; the path is put before it.
            hint: What to do about it.
        """
        return Found(self.place_in(obj, path), f"{dotted(path)}: {fact}" if path else fact, hint, identity(obj))

    def place_in(self, obj: Object, path: Path) -> Place:
        """Return where a part of an object is written, or the object where that is not known."""
        place = self.place(obj)
        source = self.sources.get(place.file)
        if source is None:
            return place
        return yaml_objects.part_of(parsed.objects(source), place.file, place.line, path, obj)

    def found_in_project(self, path: Path, fact: str, hint: str = "run `tenantry generate`") -> Found:
        """Say what is wrong at a place in the tenant's AppProject."""
        project = f"AppProject/{self.platform.argocd.namespace}/{self.tenant.name}"
        return Found(self.project.place(path), fact, hint, project)

    @property
    def shard(self) -> str:
        """The shard that the tenant's name hashes to."""
        return layout.shard_of(self.tenant.name, self.platform.argocd.shards)


@dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    """One that is judged for several tenants, who differ in name, hosts, display name and the path of their file alone.

    Attributes:
        subject: The one: as any tenant is, with sentinels in the place of the name and the hosts.
        members: All of them, the first of the fleet first.
        of: Returns the render of a member, with its own strings.
    """

    subject: Rendered
    members: tuple[Tenant, ...]
    of: Callable[[Tenant], Rendered]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a release of base/ makes of a tenant that has everything, with facts that are like nothing else.

    Attributes:
        exposure: How this tenant is reached.
        state: The state that it is in.
        folders: The folders of the release that take part.
        facts: The tenant's data sheet.
        text: What kustomize printed.
        again: What kustomize printed when it was asked a second time.
        objects: The objects.
        error: What kustomize said when it refused, or empty.
    """

    exposure: str
    state: str = ACTIVE
    folders: frozenset[str]
    facts: Object
    text: str
    again: str
    objects: tuple[Object, ...]
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """One release of base/ with the guard before it.

    Attributes:
        pair: Which two.
        in_use: Whether a ring names them.
        guarded: The components of which the guard has a part.
        platform: The provider's numbers.
        kustomizations: Their kustomization files, by folder.
        sources: Their YAML files, by path from the repository's root.
        files: Every file of them, and every file of base/ that is in no release and no guard.
        facts: A data sheet with every fact that tenantry writes.
        probes: What they make of a tenant that has everything, for each exposure that they have.
        states: What they make of it in each state that has parts of its own, by the platform's exposure.
        idle: Entries of kustomizations without which a probe's render is the same: folder, key and index.
        origins: Where their objects are written.
    """

    pair: Pair
    in_use: bool
    guarded: frozenset[str]
    platform: Platform
    kustomizations: Mapping[str, Document]
    sources: Mapping[str, str]
    files: tuple[str, ...]
    facts: Object
    probes: tuple[Probe, ...]
    states: tuple[Probe, ...]
    idle: tuple[tuple[str, str, int], ...]
    origins: Origins

    @property
    def folder(self) -> str:
        """The release's folder."""
        return layout.release(self.pair.release)

    @property
    def folders(self) -> tuple[str, str]:
        """The folder of the guard, and that of the release."""
        return folders_of(self.pair)

    def place(self, obj: Object | None = None) -> Place:
        """Return where an object is written, or the release when it is not known."""
        origin = origin_of(self.origins, obj) if obj is not None else None
        return origin or Place(self.folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """All that is committed.

    Attributes:
        fleet: All input.
        rendered: The tenants that could be rendered and are judged each by itself.
        representatives: Those that are judged for several others each.
        newcomers: Companies that are not there, with what no company has yet.
        files: Path -> text of every file in argocd/ and overlays/.
        base: Path -> text of every file in base/.
        provider: The objects that argocd/platform/ is built to.
        lost: Companies whose tenant file is gone, and of whom that is said elsewhere.
        ways: The command that brings a tenant file back, by name, for those that git's history has seen.
        worked: What was proved of it so far.
    """

    fleet: Fleet
    rendered: tuple[Rendered, ...]
    files: Mapping[str, str]
    representatives: tuple[Representative, ...] = ()
    newcomers: tuple[Rendered, ...] = ()
    base: Mapping[str, str] = field(default_factory=dict)
    provider: tuple[Object, ...] = ()
    lost: frozenset[str] = frozenset()
    ways: Mapping[str, str] = field(default_factory=dict)
    worked: Worked = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def tenants(self) -> int:
        """How many tenants were rendered."""
        return len(self.rendered) + sum(len(item.members) for item in self.representatives)

    @property
    def of_classes(self) -> Iterator[Rendered]:
        """The one of each class that rules look at for all of it."""
        subjects = (item.subject for item in self.representatives)
        return (item for several in (self.rendered, subjects) for item in several if item.represents)

    @property
    def objects(self) -> int:
        """How many objects they have together."""
        alike = sum(len(item.members) * len(item.subject.objects) for item in self.representatives)
        return alike + sum(len(item.objects) for item in self.rendered)

    def each(self) -> Iterator[Rendered]:
        """Yield the render of every tenant, made one by one."""
        yield from self.rendered
        for representative in self.representatives:
            yield from map(representative.of, representative.members)

    def of(self, name: str) -> Rendered:
        """Return the render of a tenant.

        Raises:
            KeyError: It was not rendered.
        """
        for rendered in self.rendered:
            if rendered.tenant.name == name:
                return rendered
        for representative in self.representatives:
            for tenant in representative.members:
                if tenant.name == name:
                    return representative.of(tenant)
        raise KeyError(name)


def origin_of(origins: Origins, obj: Object) -> Place | None:
    """Return where an object is written in base/, or None when it is not known."""
    return origins.get((obj["kind"], "" if obj["kind"] == "Namespace" else obj["metadata"]["name"]))


def has_hash(obj: Object) -> bool:
    """Say whether kustomize put a hash of the content behind the name, so that a change is a new object."""
    name: str = obj["metadata"]["name"]
    return without_hash(name) != name


def identity(obj: Object) -> str:
    """Name an object as Kind/namespace/name, or Kind/name without a namespace."""
    metadata = obj["metadata"]
    parts = (obj["kind"], metadata.get("namespace", ""), metadata["name"])
    return "/".join(part for part in parts if part)
