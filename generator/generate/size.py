"""The arithmetic of plans, add-ons and autoscaler ceilings. Pure; `derivation` says how each number came about.

A plan is what the pods of a tenant's main service may use in the steady state, filled with pods of one size: the
autoscaler may ask for as many as it holds. What a roll-out needs beside them comes on top of it in the quota, by the
formula of `headroom`; so do the add-ons' allotments, whatever else `base/` runs, and the reserve for jobs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from generator.findings.finding import Finding
from generator.findings.table import finding
from generator.fleet.model import AddOn, Platform, Resources, Tenant
from generator.generate.headroom import Share, Workload
from generator.reading import quantity

SPARE_PODS: Final = 2
"""Pods that a quota admits beside the workloads' own: a certificate challenge and a debugging pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How many pods a ceiling holds, by the resource that binds.

    Attributes:
        pods: The number.
        resource: Field of `Resources` that binds; of equals, the first one of `RESOURCE_WORDS`.
        ceiling: What may be used at most, in the resource's unit.
        pod: What one pod takes.
    """

    pods: int
    resource: str
    ceiling: int
    pod: int


RESOURCE_WORDS: Final = {
    "limits_cpu": "CPU limits",
    "limits_memory": "memory limits",
    "requests_cpu": "CPU requests",
    "requests_memory": "memory requests",
}


def fit(ceiling: Resources, pod: Resources) -> Fit:
    """Return how many pods of one size a ceiling holds.

    Args:
        ceiling: What may be used at most.
        pod: What one pod takes; a resource that it does not name does not bind.

    Raises:
        ValueError: The pod names none of the four resources.
    """
    fits = [
        Fit(pods=getattr(ceiling, name) // each, resource=name, ceiling=getattr(ceiling, name), pod=each)
        for name in RESOURCE_WORDS
        if (each := getattr(pod, name))
    ]
    return min(fits, key=lambda room: room.pods)


def filled(ceiling: Resources, uses: Resources) -> tuple[float, str]:
    """Return which share of a ceiling is used, by the resource that is used least: (share, field of `Resources`)."""
    shares = {name: getattr(uses, name) / most for name in RESOURCE_WORDS if (most := getattr(ceiling, name))}
    least = min(shares, key=lambda name: shares[name])
    return shares[least], least


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What the autoscaler of one workload may do.

    Attributes:
        name: What it is called where people read it: an add-on's own name, and of the service the workload's.
        addon: The add-on that it is, or None for the service.
        workload: What it scales.
        ceiling: What was sold, by the plan or the add-on.
        fit: How many pods the ceiling holds.
        cap: The plan's or add-on's own limit, or None.
        asked: The tenant's own limit, or None.
        sold_min: Pods that always run, as sold.
        sold_max: Pods that the autoscaler may ask for, as sold.
        min_replicas: Pods that always run.
        max_replicas: Pods that the autoscaler may ask for; 0 when the ceiling does not even hold one.
    """

    name: str
    addon: AddOn | None
    workload: Workload
    ceiling: Resources
    fit: Fit
    cap: int | None
    asked: int | None
    sold_min: int
    sold_max: int
    min_replicas: int
    max_replicas: int

    @property
    def headroom(self) -> tuple[Share, ...]:
        """What may exist beside the pods that were sold; an override changes nothing of it, so the quota stays."""
        return self.workload.headroom(self.sold_max, self.sold_min)

    @property
    def sold_at_once(self) -> int:
        """Pods that may exist at once when all that were sold run."""
        return self.workload.at_once(self.sold_max, self.sold_min)

    @property
    def at_once(self) -> int:
        """Pods that may exist at once when the autoscaler is at its maximum."""
        return self.workload.at_once(self.max_replicas, self.min_replicas)

    @property
    def binds(self) -> str:
        """What keeps the maximum from being higher, in words."""
        if self.asked is not None and self.asked == self.max_replicas:
            return "the override binds"
        if self.cap is not None and self.cap == self.max_replicas:
            return "the cap binds"
        return f"{RESOURCE_WORDS[self.fit.resource]} bind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """All numbers of one tenant.

    Attributes:
        quota: What the quota admits: the plan and all that comes on top of it.
        pods: Pods that the quota admits.
        storage: Bytes of the shared volume.
        storage_in_all: Bytes of all volumes, those of add-ons included.
        service: What the service's autoscaler may do.
        addons: The same for each add-on, in the platform's order.
        others: What else base/ runs for this tenant.
        reserve: What the quota has on top for other jobs.
        kept: The numbers under the larger plan whose quota the tenant keeps for now; then `quota` and `pods` are the
            larger ones of both plans, and all else is of the tenant's own plan. Else None.
    """

    quota: Resources
    pods: int
    storage: int
    storage_in_all: int
    service: Scaling
    addons: tuple[Scaling, ...] = ()
    others: tuple[Workload, ...] = ()
    reserve: Resources = field(default_factory=Resources)
    kept: "Size | None" = None

    @property
    def scalings(self) -> tuple[Scaling, ...]:
        """What the plan and the add-ons are filled with."""
        return (self.service, *self.addons)


def addons_of(tenant: Tenant, platform: Platform) -> tuple[AddOn, ...]:
    """Return a tenant's add-ons, in the platform's order."""
    return tuple(platform.addons[name] for name in tenant.addons)


def kept_of(tenant: Tenant, platform: Platform) -> tuple[AddOn, ...]:
    """Return the add-ons that a tenant had and of which it keeps the claim, in the platform's order."""
    return tuple(platform.claims[claim] for claim in tenant.kept)


def storage_in_all(tenant: Tenant, platform: Platform) -> int:
    """Return the bytes of all volumes of a tenant: its own, those of its add-ons, and those that it keeps."""
    volumes = (*addons_of(tenant, platform), *kept_of(tenant, platform))
    return tenant.storage + sum(addon.storage for addon in volumes)


def size(tenant: Tenant, platform: Platform, workloads: Mapping[str, Workload]) -> tuple[Size, tuple[Finding, ...]]:
    """Work out the numbers of one tenant.

    Args:
        tenant: Whose numbers.
        platform: The plans and add-ons.
        workloads: What the tenant's release of base/ runs with the tenant's add-ons, by name.

    Returns:
        The numbers; and the findings, with which the numbers must not be used.
    """
    numbers = _size(tenant, platform, workloads)
    problems = tuple(_problems(tenant, platform, numbers))
    before = tenant.under_the_plan_before()
    if before is not None and not problems:
        kept = _size(before, platform, workloads)
        numbers = replace(numbers, quota=numbers.quota | kept.quota, pods=max(numbers.pods, kept.pods), kept=kept)
    return numbers, problems


def _size(tenant: Tenant, platform: Platform, workloads: Mapping[str, Workload]) -> Size:
    """Work out the numbers of a tenant under its own plan."""
    plan = platform.plans[tenant.plan]
    service = _scaling(
        workloads[platform.service],
        plan.ceiling,
        cap=plan.max_replicas,
        asked=tenant.overrides.max_replicas,
        sold_min=plan.min_replicas,
        least=tenant.overrides.min_replicas or plan.min_replicas,
    )
    addons = tuple(
        _scaling(
            workloads[addon.workload],
            addon.ceiling,
            addon=addon,
            cap=addon.max_replicas,
            asked=None,
            sold_min=1,
            least=1,
        )
        for addon in addons_of(tenant, platform)
    )
    scalings = (service, *addons)
    others = tuple(
        workload for workload in workloads.values() if all(workload is not scaling.workload for scaling in scalings)
    )
    parts = summands(tenant, platform, scalings, others)
    return Size(
        quota=sum((part.amount for part in parts), Resources()),
        pods=pods_admitted(scalings, others),
        storage=tenant.storage,
        storage_in_all=storage_in_all(tenant, platform),
        service=service,
        addons=addons,
        others=others,
        reserve=platform.reserve,
    )


def pods_admitted(scalings: Iterable[Scaling], others: Iterable[Workload]) -> int:
    """Return how many pods a quota admits: all that may exist at once, and what a person or a challenge starts."""
    running = sum(scaling.sold_at_once for scaling in scalings)
    return running + sum(other.at_once(other.most, other.least) for other in others) + SPARE_PODS


def most_replicas(room: Fit, *limits: int | None) -> int:
    """Return how many pods an autoscaler may ask for: what the ceiling holds, unless a limit is lower."""
    return min([room.pods, *(limit for limit in limits if limit is not None)])


def _scaling(
    workload: Workload,
    ceiling: Resources,
    *,
    cap: int | None,
    asked: int | None,
    sold_min: int,
    least: int,
    addon: AddOn | None = None,
) -> Scaling:
    room = fit(ceiling, workload.pod)
    return Scaling(
        name=addon.name if addon else workload.name,
        addon=addon,
        workload=workload,
        ceiling=ceiling,
        fit=room,
        cap=cap,
        asked=asked,
        sold_min=sold_min,
        sold_max=most_replicas(room, cap),
        min_replicas=least,
        max_replicas=most_replicas(room, cap, asked),
    )


# --- what a quota is made of


@dataclass(frozen=True, slots=True, kw_only=True)
class Summand:
    """One part of a quota.

    Attributes:
        name: For example `plan silver`, `wiki headroom`.
        amount: All of it.
        pods: How many pods that is, where it is pods.
        each: What one of them takes.
        source: What it comes from: the path in platform.yaml, or the name of a workload.
    """

    name: str
    amount: Resources
    pods: int = 0
    each: Resources = field(default_factory=Resources)
    source: tuple[str, ...] | str


def summands(
    tenant: Tenant, platform: Platform, scalings: tuple[Scaling, ...], others: tuple[Workload, ...]
) -> tuple[Summand, ...]:
    """Return what the quota of a tenant is the sum of; the first is the plan, the last what jobs may use.

    Args:
        tenant: Whose quota.
        platform: The plans and add-ons.
        scalings: What the plan is filled with, and what each add-on is.
        others: What else base/ runs for the tenant.
    """
    parts = [
        Summand(name=f"plan {tenant.plan}", amount=platform.plans[tenant.plan].ceiling, source=("plans", tenant.plan))
    ]
    for scaling in scalings:
        if scaling.addon:
            source = ("addons", scaling.addon.name)
            parts.append(Summand(name=scaling.addon.name, amount=scaling.addon.ceiling, source=source))
        parts.append(_of_pods(f"{scaling.workload.name} headroom", scaling.workload, _beside(scaling.headroom)))
    parts += [_of_pods(other.name, other, other.at_once(other.most, other.least)) for other in others]
    parts.append(Summand(name="reserve", amount=platform.reserve, source=("reserve",)))
    return tuple(part for part in parts if part.amount != Resources())


def _beside(shares: tuple[Share, ...]) -> int:
    return sum(share.pods for share in shares)


def _of_pods(name: str, workload: Workload, pods: int) -> Summand:
    return Summand(name=name, amount=workload.pod * pods, pods=pods, each=workload.pod, source=workload.name)


# --- what is wrong with them


def _problems(tenant: Tenant, platform: Platform, numbers: Size) -> Iterator[Finding]:
    service = numbers.service
    for scaling in numbers.addons:
        if not scaling.max_replicas:
            place = platform.document.place(("addons", scaling.name))
            fact = f"the allotment of {scaling.name} {_too_small(scaling)}"
            yield finding("PLT003", place, fact, "raise its cpu or memory")
    if not service.max_replicas:
        place = platform.document.place(("plans", tenant.plan))
        yield finding("PLT003", place, f"plan {tenant.plan} {_too_small(service)}", "raise its cpu or memory")
        return
    asked, least = tenant.overrides.max_replicas, tenant.overrides.min_replicas
    holds = most_replicas(service.fit, service.cap)
    if asked is not None and asked > holds:
        place = tenant.document.place(("overrides", "maxReplicas"))
        fact = f"overrides.maxReplicas: {asked} is more than the {holds} that plan {tenant.plan} holds"
        hint = f"tenantry set {tenant.name} overrides.maxReplicas={holds}, or less; or choose a larger plan"
        yield finding("TEN027", place, fact, hint)
    elif service.min_replicas > service.max_replicas:
        if least is not None:
            place = tenant.document.place(("overrides", "minReplicas"))
            fact = f"overrides.minReplicas: {least} is more than the {service.max_replicas} pods there may be"
            hint = f"tenantry set {tenant.name} overrides.minReplicas={service.max_replicas}, or less"
            yield finding("TEN027", place, fact, hint)
        else:
            place = platform.document.place(("plans", tenant.plan))
            least, most = service.min_replicas, service.max_replicas
            fact = f"plan {tenant.plan}: minReplicas {least} is more than the {most} it holds"
            yield finding("PLT003", place, fact, "lower minReplicas, or raise cpu and memory")


def _too_small(scaling: Scaling) -> str:
    room = scaling.fit
    ceiling, pod = amount_text(room.resource, room.ceiling), amount_text(room.resource, room.pod)
    return f"has {ceiling} of {RESOURCE_WORDS[room.resource]}, and one pod of {scaling.workload.name} takes {pod}"


def amount_text(field: str, value: int) -> str:
    """Write an amount of a field of `Resources` in the canonical form of Kubernetes."""
    return quantity.cpu_text(value) if field.endswith("cpu") else quantity.bytes_text(value)
