"""The records that the stages hand on. They are frozen; behind `validate` everything in them is true."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any, Final, Literal

from generator.fleet import states
from generator.fleet.infrastructure import Nodes, Prices
from generator.fleet.life import Confirmation, Hold, Tombstone
from generator.fleet.rings import Freeze, Pair, Paused, Pin, Ring
from generator.fleet.windows import Window
from generator.reachability.declared import Declared
from generator.reachability.promises import Neighbours
from generator.reachability.space import Addresses
from generator.reading.yaml_reader import Document

Exposure = Literal["gateway", "ingress"]
Publishing = Literal["committed", "branch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """An amount of the four things that a ResourceQuota counts.

    Attributes:
        requests_cpu: Millicores.
        limits_cpu: Millicores.
        requests_memory: Bytes.
        limits_memory: Bytes.
    """

    requests_cpu: int = 0
    limits_cpu: int = 0
    requests_memory: int = 0
    limits_memory: int = 0

    def __add__(self, other: "Resources") -> "Resources":
        return Resources(
            requests_cpu=self.requests_cpu + other.requests_cpu,
            limits_cpu=self.limits_cpu + other.limits_cpu,
            requests_memory=self.requests_memory + other.requests_memory,
            limits_memory=self.limits_memory + other.limits_memory,
        )

    def is_within(self, other: "Resources") -> bool:
        """Say whether no amount is larger than another's."""
        return self | other == other

    def __or__(self, other: "Resources") -> "Resources":
        """Return the larger of each amount."""
        return Resources(
            requests_cpu=max(self.requests_cpu, other.requests_cpu),
            limits_cpu=max(self.limits_cpu, other.limits_cpu),
            requests_memory=max(self.requests_memory, other.requests_memory),
            limits_memory=max(self.limits_memory, other.limits_memory),
        )

    def __mul__(self, times: int) -> "Resources":
        return Resources(
            requests_cpu=self.requests_cpu * times,
            limits_cpu=self.limits_cpu * times,
            requests_memory=self.requests_memory * times,
            limits_memory=self.limits_memory * times,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A tariff: what a tenant buys.

    Attributes:
        name: As in platform.yaml.
        ceiling: Limits and requests that all pods of the service together may use in the steady state.
        min_replicas: Pods of the service that always run.
        max_replicas: Cap of the HPA, whatever the ceiling would hold; None for none.
        storage: Bytes of the volume unless the tenant asks for others.
        max_storage: Bytes that a tenant may ask for.
        availability: What the contract promises, for example `99.9%`; empty when it promises nothing.
        price: What it costs a tenant a month; None when that is not told.
    """

    name: str
    ceiling: Resources
    min_replicas: int
    max_replicas: int | None
    storage: int
    max_storage: int
    availability: str
    price: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """What a workload must not run without.

    Attributes:
        mounts: The path of each mount, and what is mounted as `Kind/name`.
        args: Arguments of its container.
    """

    mounts: Mapping[str, str]
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOn:
    """What tenants may have besides the main service: its allotment comes on top of the plan.

    Attributes:
        name: As in platform.yaml and in tenant files.
        workload: Name of the workload of base/ that the allotment is counted in.
        component: Folder of base/*/components that brings it.
        ceiling: Limits and requests that all its pods together may use in the steady state.
        max_replicas: Cap of the HPA, whatever the allotment would hold; None for none.
        host_prefix: Its host is this, `--` and the tenant's first host; empty when it has none.
        calls: Names of the Services of the same tenant that its pods call.
        reaches: CIDRs outside the cluster that its pods reach, on port 443.
        storage: Bytes of the volume of its own; 0 when it has none.
        claim: Name of the claim of that volume; empty when it has none.
        facts: Further facts for its component, as they are written into the data sheet.
        price: What it costs a tenant a month, on top of the plan; None when that is not told.
    """

    name: str
    workload: str
    component: str
    ceiling: Resources
    max_replicas: int | None
    host_prefix: str
    calls: tuple[str, ...]
    reaches: tuple[str, ...]
    storage: int
    claim: str
    facts: Mapping[str, str]
    price: Fraction | None = None

    @property
    def claim_component(self) -> str:
        """Folder of components of the guard that brings its claim; empty when it has none."""
        return f"{self.component}-claim" if self.claim else ""

    def host(self, first: str) -> str:
        """Return its host, from the tenant's first one; empty when it has none."""
        return f"{self.host_prefix}--{first}" if self.host_prefix else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that tenants run in.

    Attributes:
        name: As Argo CD knows it.
        server: Address of its API server, as Argo CD knows it.
        kubernetes: Minor version, for example `1.36`; the render is valid for it.
        next_kubernetes: The version that it is upgraded to, or empty; the render is valid for it as well.
        addresses: Addresses of the cluster itself, which no tenant may be let out to.
        neighbours: The pods around the tenants that they must be able to talk with.
        peers: All that policies may open beyond a tenant's own namespace, but for what add-ons reach.
        declared: What fields of base/ may be because platform.yaml says so, by the name that the model has for it.
    """

    name: str
    server: str
    kubernetes: str
    addresses: Addresses
    neighbours: Neighbours
    peers: tuple[Declared, ...]
    next_kubernetes: str = ""
    declared: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgoCD:
    """How Argo CD is told of the tenants.

    Attributes:
        namespace: Where Argo CD runs.
        shards: Number of ApplicationSets that the tenants are spread over.
        requeue_after_seconds: How often an ApplicationSet looks at git by itself.
        links: Name of a dashboard and its URL, `{tenant}` standing for the tenant's name.
        url: Address of its own pages, or empty.
    """

    namespace: str
    shards: int
    requeue_after_seconds: int
    links: Mapping[str, str]
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What argocd/platform/ may hold.

    Attributes:
        namespaces: Besides Argo CD's own.
        kinds: Kinds in namespaces, as `apps/Deployment` or `ConfigMap`.
        cluster_kinds: Kinds of the whole cluster.
    """

    namespaces: tuple[str, ...]
    kinds: tuple[str, ...]
    cluster_kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A chart that the provider runs beside the companies, out of a registry.

    Attributes:
        name: As in platform.yaml.
        chart: Its address, `oci://...`.
        version: What people call it.
        digest: What is fetched.
        namespaces: Where it may write; it is installed into the first.
        cluster_kinds: Kinds of the whole cluster that it may write.
        values: What it is told.
    """

    name: str
    chart: str
    version: str
    digest: str
    namespaces: tuple[str, ...]
    cluster_kinds: tuple[str, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much one change may touch without an approval; None sets no bound.

    Attributes:
        tenants: Tenants.
        share: Per cent of the fleet.
        removals: Rendered objects that are there before and not after, over all tenants.
        purges_per_day: Companies that begin to be purged on one day, over all changes.
    """

    tenants: int | None = None
    share: int | None = None
    removals: int | None = None
    purges_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakened:
    """What platform.yaml makes of a rule.

    Attributes:
        severity: `warn`: its findings are warnings; `ignore`: they are only counted.
        reason: Why, for whoever reads platform.yaml.
    """

    severity: Literal["warn", "ignore"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The provider's numbers and names: platform.yaml after `validate`.

    Attributes:
        repo_url: Address of this repository as Argo CD fetches it.
        branch: Branch that pull requests are merged into.
        publishing: Whether generated files are part of pull requests, or put on a branch of their own.
        publishing_branch: That branch.
        domain: A tenant's first host is NAME.domain.
        host_suffixes: Every host ends in one of these; the domain is one of them.
        exposure: How the service is reached from outside.
        storage_class: The class of the volumes of tenants that state none; empty where nobody has a volume.
        service: Name of the workload of base/ that plans are counted in.
        reserve: What every quota has on top for jobs that base/ does not run.
        addons: What tenants may have besides, by name, in the order of platform.yaml.
        budget: How much one change may touch.
        nodes: What tenants run on; None when that is not told.
        prices: What the provider pays; None when that is not told.
        retired_names: Names that were in use once, with the date on which they were given up.
        rules: Rules of `verify` that are weakened here, by id.
        provider: What argocd/platform/ may hold.
        parts: Charts that run beside the companies, by name.
        registries: Whence images come: hosts, or names below which an image must lie.
        requires: What the service's workload and those of add-ons must not run without, by the workload's name.
        inert: The provider's own `labels` and `annotations`: keys, and prefixes that end in a slash.
        freezes: Days on which no release moves.
        image_digests: Whether a release may be frozen only when all of its images are named by their digests.
        accepted: Fields of base/ that are accepted although the model does not know them.
        unavailable_page: Address that the hosts of a suspended company lead to; empty when none is told.
    """

    repo_url: str
    branch: str
    publishing: Publishing
    publishing_branch: str
    domain: str
    host_suffixes: tuple[str, ...]
    exposure: Exposure
    storage_class: str
    cluster: Cluster
    service: str
    plans: Mapping[str, Plan]
    reserve: Resources
    addons: Mapping[str, AddOn]
    rings: tuple[Ring, ...]
    argocd: ArgoCD
    budget: Budget
    retired_names: Mapping[str, str]
    rules: Mapping[str, Weakened]
    provider: Provider
    parts: Mapping[str, Part]
    registries: tuple[str, ...]
    requires: Mapping[str, Required]
    inert: Mapping[str, tuple[str, ...]]
    accepted: "tuple[Accepted, ...]"
    document: Document
    nodes: Nodes | None = None
    prices: Prices | None = None
    freezes: tuple[Freeze, ...] = ()
    image_digests: bool = False
    unavailable_page: str = ""

    @property
    def revision(self) -> str:
        """The full ref that Argo CD follows: cheaper than a short name."""
        return f"refs/heads/{self.branch if self.publishing == 'committed' else self.publishing_branch}"

    @property
    def claims(self) -> Mapping[str, AddOn]:
        """The add-ons that have a claim, by its name."""
        return {addon.claim: addon for addon in self.addons.values() if addon.claim}

    @property
    def default_ring(self) -> Ring:
        """The last ring: a tenant that chose none gets changes last."""
        return self.rings[-1]

    def ring(self, name: str) -> Ring:
        """Return a ring by its name, which it has."""
        return next(ring for ring in self.rings if ring.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A field that the model does not know, and that platform.yaml accepts by name, value and reason.

    Attributes:
        kind, name: Of the object as base/ writes it; no name for a Namespace.
        field: The path as findings write it.
        value: What stands there, for one without a digest.
        digest: Of what stands there, or empty.
        proofs: Those that it takes away.
        reason: Why.
        by: Who accepted it.
        until: The last day on which it counts, or empty.
        index: Which entry of the file it is.
    """

    kind: str
    name: str
    field: str
    value: Any = None
    digest: str = ""
    proofs: tuple[str, ...]
    reason: str
    by: str
    until: str = ""
    index: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        """Name the field, as summaries do."""
        return f"{self.field} of {'/'.join(filter(None, (self.kind, self.name)))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What one tenant has otherwise than its plan, always inside it; None keeps the plan's value."""

    min_replicas: int | None = None
    max_replicas: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaFrom:
    """The larger plan that a tenant comes from, whose quota it keeps until fewer pods run.

    Attributes:
        plan: A key of the platform's plans.
        since: The day of the change.
    """

    plan: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One company: a tenant file after `validate`.

    Attributes:
        name: Namespace, Application, AppProject and first label of the host.
        display_name: The company's own name, free text; the name when none is given.
        plan: A key of the platform's plans.
        addons: Names of its add-ons, in the platform's order.
        kept: Names of the claims that it keeps of add-ons that it had, in the platform's order.
        ring: Stage of the roll-out that the tenant is on, with the release that it runs itself.
        hosts: All hosts, the standard one first.
        storage: Bytes of the volume.
        storage_class: The class of its volumes; empty where the platform has none.
        quota_from: The plan that it comes from, while a change to a smaller one is not complete; else None.
        expires: The last day of a trial; None for a company that stays.
        state: Where it is in its life, see `generator.fleet.states`.
        retire_on: The last day on which a company that leaves can fetch its files; None for one that stays.
        backup: Where the last copy of its files is, or empty.
        hold: What keeps it from being purged, or None.
        confirmed: The steps of its purge that somebody saw done, each with who did.
        tombstone: What is known of it once it is gone; None before.
        pin: The release that it stays on; None when it runs that of its ring.
        paused: Why nothing reaches it for now; None when it does.
        window: When its release may move; None for at any time.
    """

    name: str
    display_name: str
    plan: str
    addons: tuple[str, ...]
    kept: tuple[str, ...] = ()
    ring: Ring
    hosts: tuple[str, ...]
    storage: int
    storage_class: str
    overrides: Overrides
    document: Document
    quota_from: QuotaFrom | None = None
    expires: date | None = None
    state: str = states.ACTIVE
    retire_on: date | None = None
    backup: str = ""
    hold: Hold | None = None
    confirmed: tuple[tuple[str, Confirmation], ...] = ()
    tombstone: Tombstone | None = None
    pin: Pin | None = None
    paused: Paused | None = None
    window: Window | None = None

    @property
    def kind(self) -> tuple[object, ...]:
        """All that is said here but what is the company's own: its name, hosts, display name and file."""
        return (len(self.hosts), *(getattr(self, name) for name in _NOT_ITS_OWN))

    def under_the_plan_before(self) -> "Tenant | None":
        """Return the tenant as it was under the plan whose quota it keeps; None when it keeps none."""
        return replace(self, plan=self.quota_from.plan, quota_from=None) if self.quota_from else None


_OWN: Final = frozenset({"name", "display_name", "hosts", "document"})
_NOT_ITS_OWN: Final = tuple(item.name for item in dataclasses.fields(Tenant) if item.name not in _OWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All input after `validate`.

    Attributes:
        platform: The provider's numbers.
        tenants: Those that have an Application, sorted by name.
        departed: Those that have none any more: they are being deleted, or gone.
        others: Companies that are there and not looked at, of which names and hosts alone count: name -> all hosts.
    """

    platform: Platform
    tenants: tuple[Tenant, ...]
    departed: tuple[Tenant, ...] = ()
    others: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def pairs(self) -> frozenset[Pair]:
        """Every release that a ring or a company names, with the guard before it."""
        of_rings = (pair for ring in self.platform.rings for pair in ring.pairs)
        return frozenset({*of_rings, *(tenant.ring.pair for tenant in self.with_overlay)})

    @property
    def with_overlay(self) -> tuple[Tenant, ...]:
        """The tenants of which files are generated, those that are being deleted included."""
        return (*self.tenants, *(tenant for tenant in self.departed if states.STATES[tenant.state].has_overlay))

    def among_others(self, names: Collection[str]) -> "Fleet":
        """Return the tenants with these names, as those that are looked at among all others."""
        kept = [tuple(tenant for tenant in those if tenant.name in names) for those in (self.tenants, self.departed)]
        others = {tenant.name: tenant.hosts for tenant in self.tenants if tenant.name not in names}
        return replace(self, tenants=kept[0], departed=kept[1], others={**self.others, **others})

    @property
    def names(self) -> frozenset[str]:
        """The names of all tenants, those that are gone or not looked at included."""
        return frozenset((*(tenant.name for tenant in (*self.tenants, *self.departed)), *self.others))
