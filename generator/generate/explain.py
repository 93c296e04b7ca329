"""How each number of a tenant came about: what the customer gets, the quota, and where each summand stands. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from generator.findings.words import plural
from generator.fleet.model import AddOn, Platform, Resources, Tenant
from generator.generate.headroom import Workload
from generator.generate.size import (
    RESOURCE_WORDS,
    SPARE_PODS,
    Fit,
    Scaling,
    Size,
    Summand,
    amount_text,
    filled,
    pods_admitted,
    summands,
)
from generator.reading import quantity

Input = tuple[str, str]
"""What a value is, and where it stands, as file:line:column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """How a number came about.

    Attributes:
        name: For example `wiki.maxReplicas`.
        value: The number as it is written into the facts.
        because: The formula with its values.
        inputs: Where the values stand.
    """

    name: str
    value: str
    because: str
    inputs: tuple[Input, ...]


def derivations(tenant: Tenant, platform: Platform, numbers: Size) -> tuple[Derivation, ...]:
    """Return how each number of a tenant came about: what it gets, the headroom of a roll-out, the quota, storage."""
    return (
        *chain.from_iterable(_of_scaling(tenant, platform, scaling) for scaling in numbers.scalings),
        *_quota(tenant, platform, numbers),
        _storage(tenant, platform, numbers),
        *_claims(tenant, platform),
    )


# --- what the customer gets


def _of_scaling(tenant: Tenant, platform: Platform, scaling: Scaling) -> Iterator[Derivation]:
    key = scaling.name
    inputs = tuple(_inputs_of_ceiling(tenant, platform, scaling.addon))
    yield Derivation(
        name=f"{key}.minReplicas", value=str(scaling.min_replicas), because="pods that always run", inputs=inputs
    )
    bounds = [f"cap {scaling.cap}"] if scaling.cap is not None else []
    bounds += [f"override {scaling.asked}"] if scaling.asked is not None else []
    holds = _division(scaling.fit)
    formula = f"min({', '.join([*bounds, holds])})" if bounds else holds
    yield Derivation(
        name=f"{key}.maxReplicas",
        value=str(scaling.max_replicas),
        because=f"{formula}, {scaling.binds}",
        inputs=(*inputs, _pod(scaling.workload)),
    )
    yield _steady_state(platform, tenant, scaling, key)
    yield _headroom(scaling.workload, scaling.sold_max, scaling.sold_min)


def _division(room: Fit) -> str:
    unit = _in_unit_of_the_pod
    return f"floor({unit(room, room.ceiling)} / {unit(room, room.pod)})"


def _in_unit_of_the_pod(room: Fit, value: int) -> str:
    if room.resource.endswith("cpu"):
        return f"{value}m" if room.pod % 1000 else quantity.cpu_text(value)
    return quantity.bytes_text(value)


def _steady_state(platform: Platform, tenant: Tenant, scaling: Scaling, key: str) -> Derivation:
    """Say what the pods may use while nothing rolls: what was sold."""
    uses = scaling.workload.pod * scaling.max_replicas
    sold, ceiling = f"plan {tenant.plan}", platform.plans[tenant.plan].ceiling
    if scaling.addon:
        sold, ceiling = f"the allotment of {scaling.addon.name}", scaling.addon.ceiling
    share, _ = filled(ceiling, uses)
    words = [amount_text(field, getattr(uses, field)) for field in RESOURCE_WORDS]
    return Derivation(
        name=f"{key}.uses",
        value=f"{words[0]} CPU and {words[1]}",
        because=f"{plural(scaling.max_replicas, 'pod')} in the steady state, {share:.0%} of {sold};"
        f" requests {words[2]} CPU and {words[3]}",
        inputs=(_pod(scaling.workload),),
    )


def _headroom(workload: Workload, most: int, least: int) -> Derivation:
    shares = workload.headroom(most, least)
    inputs: list[Input] = []
    for share in shares:
        where = ", ".join(dict.fromkeys(str(workload.places[key]) for key in share.fields if key in workload.places))
        inputs.append((f"{share.pods} {share.name}: {share.because}", where))
    return Derivation(
        name=f"{workload.name}.headroom",
        value=str(sum(share.pods for share in shares)),
        because=" + ".join(f"{share.pods} {share.name}" for share in shares) or "nothing exists beside its pods",
        inputs=tuple(inputs),
    )


# --- what lies outside of the headroom

QUOTA_RESYNC: Final = 300
"""Seconds after which the controller of quotas counts again by itself (--resource-quota-sync-period)."""


def edges(numbers: Size) -> Iterator[str]:
    """Say what the headroom does not cover, in numbers, for each workload at its maximum.

    A refused pod is asked for again after twice the time each, so it comes no later than twice the time after which
    there is room (the ReplicaSet's back-off, kubernetes#98656).
    """
    for scaling in numbers.scalings:
        workload, beside = scaling.workload, scaling.sold_at_once - scaling.sold_max
        name, grace = workload.name, workload.grace
        counted = 2 * grace + QUOTA_RESYNC
        yield (
            f"a node dies: {beside} of its {name} pods come back elsewhere at once, the others within {2 * counted} s"
            f" (a dead pod counts for {2 * grace} s, and until the quota is counted again, {QUOTA_RESYNC} s)"
        )
        yield (
            f"a node is drained: its {name} pods go one by one, {beside} at once, each further one after {grace} to"
            f" {2 * grace} s"
        )
        most = scaling.max_replicas - scaling.min_replicas
        if most:
            yield (
                f"maxReplicas of {name} falls: up to {most} pods go at once, whatever its policies say; taken back"
                f" within {grace} s, {beside} come back at once and the others within {2 * grace} s"
            )


# --- the quota


_Counted = tuple[int, Derivation]
"""An amount, and how it came about."""


def _quota(tenant: Tenant, platform: Platform, numbers: Size) -> Iterator[Derivation]:
    for other in numbers.others:
        yield _headroom(other, other.most, other.least)
    own = _quota_of(tenant, platform, numbers)
    before = tenant.under_the_plan_before()
    kept = _quota_of(before, platform, numbers.kept) if before and numbers.kept else own
    for now, then in zip(own, kept, strict=True):
        yield now[1] if now[0] >= then[0] else _kept(tenant, now[1], then[1])


def _kept(tenant: Tenant, now: Derivation, then: Derivation) -> Derivation:
    """Say that a number is still that of the plan before, and what it will be."""
    because = f"kept as before: {then.because}; {now.value} once the change to plan {tenant.plan} is complete"
    return replace(then, because=because, inputs=(_tenant_input(tenant, "quotaFrom"), *then.inputs))


def _quota_of(tenant: Tenant, platform: Platform, numbers: Size) -> tuple[_Counted, ...]:
    """Return what the quota under one plan is made of, and how many pods it admits."""
    parts = summands(tenant, platform, numbers.scalings, numbers.others)
    workloads = {scaling.workload.name: scaling.workload for scaling in numbers.scalings}
    workloads |= {other.name: other for other in numbers.others}
    inputs = tuple(dict.fromkeys(chain.from_iterable(_where(part, tenant, platform, workloads) for part in parts)))
    quota = sum((part.amount for part in parts), Resources())
    counted = []
    for field in ("requests_cpu", "limits_cpu", "requests_memory", "limits_memory"):
        verb, resource = field.split("_")
        amount = getattr(quota, field)
        derivation = Derivation(
            name=f"quota.{verb}{'CPU' if resource == 'cpu' else 'Memory'}",
            value=amount_text(field, amount),
            because=" + ".join(_words(part, field) for part in parts if getattr(part.amount, field)),
            inputs=inputs,
        )
        counted.append((amount, derivation))
    return (*counted, _pods(numbers))


def _words(part: Summand, field: str) -> str:
    if part.pods:
        return f"{part.name} {part.pods} x {amount_text(field, getattr(part.each, field))}"
    return f"{part.name} {amount_text(field, getattr(part.amount, field))}"


def _where(part: Summand, tenant: Tenant, platform: Platform, workloads: dict[str, Workload]) -> Iterator[Input]:
    match part.source:
        case ("plans", _):
            yield from _inputs_of_plan(tenant, platform)
        case ("addons", name):
            yield from _inputs_of_ceiling(tenant, platform, platform.addons[name])
        case str(workload):
            yield _pod(workloads[workload])
        case path:
            yield _platform_input(platform, *path)


def _pods(numbers: Size) -> _Counted:
    parts = []
    for scaling in numbers.scalings:
        beside = scaling.sold_at_once - scaling.sold_max
        parts.append(f"{scaling.workload.name} {scaling.sold_max} + {beside} headroom")
    parts += [f"{other.name} {other.at_once(other.most, other.least)}" for other in numbers.others]
    because = " + ".join([*parts, f"{SPARE_PODS} spare"])
    pods = pods_admitted(numbers.scalings, numbers.others)
    return pods, Derivation(name="quota.pods", value=str(pods), because=because, inputs=())


def _storage(tenant: Tenant, platform: Platform, numbers: Size) -> Derivation:
    asked = "storage" in tenant.document.data
    place = _tenant_input(tenant, "storage") if asked else _platform_input(platform, "plans", tenant.plan, "storage")
    because = "the tenant's own" if asked else f"plan {tenant.plan}"
    value = quantity.bytes_text(numbers.storage)
    return Derivation(name="storage", value=value, because=because, inputs=(place,))


def _claims(tenant: Tenant, platform: Platform) -> Iterator[Derivation]:
    """Yield the volumes of add-ons, also of those that the company no longer has."""
    for claim, addon in platform.claims.items():
        if addon.name in tenant.addons or claim in tenant.kept:
            because = f"volume of {addon.name}"
            if claim in tenant.kept:
                because += ", which the company had: it keeps what is in it"
            inputs = (_platform_input(platform, "addons", addon.name, "storage"),)
            yield Derivation(name=claim, value=quantity.bytes_text(addon.storage), because=because, inputs=inputs)


# --- places


def _inputs_of_ceiling(tenant: Tenant, platform: Platform, addon: AddOn | None) -> Iterable[Input]:
    if addon:
        return (_platform_input(platform, "addons", addon.name), _tenant_input(tenant, "addons"))
    overrides = (_tenant_input(tenant, "overrides"),) if "overrides" in tenant.document.data else ()
    return (*_inputs_of_plan(tenant, platform), *overrides)


def _inputs_of_plan(tenant: Tenant, platform: Platform) -> tuple[Input, ...]:
    return (_platform_input(platform, "plans", tenant.plan), _tenant_input(tenant, "plan"))


def _pod(workload: Workload) -> Input:
    return f"{workload.name} pod", str(workload.places.get("pod", workload.kind))


def _platform_input(platform: Platform, *path: str) -> Input:
    return ".".join(path), str(platform.document.place(path))


def _tenant_input(tenant: Tenant, key: str) -> Input:
    return key, str(tenant.document.place((key,)))
