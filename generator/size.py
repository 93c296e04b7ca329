"""The arithmetic of plans, add-ons and autoscaler ceilings. Pure; every number can say how it came about.

A plan is a ceiling that is filled with pods of one size (R5, R9). Its numbers are: how many pods it can hold at once,
how many of those the autoscaler may ask for, and the quota that follows. `Workload.at_once` is the whole formula (R4):
what the autoscaler asks for, the surge of a rollout, and one pod that is still stopping. The quota proof reads the same
formula the other way round.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from generator import quantity
from generator.findings import Finding
from generator.model import Platform, Resources, Tenant
from generator.rules.catalog import finding

FILESERVER: Final = "fileserver"
CHATBOT: Final = "ai-chatbot"

TERMINATING: Final = 1
"""Pods of one workload that may still be stopping while their successors start; maxSurge does not count them (R4)."""

SPARE_PODS: Final = 2
"""Pods that a quota admits beside the workloads' own: a certificate challenge and a debugging pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A Deployment of base/, as far as the arithmetic needs it.

    Attributes:
        name: Name of the Deployment.
        pod: What one of its pods requests, and what it may use.
        max_surge: Pods above the wanted number during a rollout: a number, or a percentage such as `25%`.
        file: Where the Deployment stands.
    """

    name: str
    pod: Resources
    max_surge: int | str
    file: str

    def surge(self, replicas: int) -> int:
        """Return how many pods a rollout adds at most; a percentage is rounded up, as Kubernetes does."""
        if isinstance(self.max_surge, int):
            return self.max_surge
        return math.ceil(replicas * int(self.max_surge.removesuffix("%")) / 100)

    def at_once(self, replicas: int) -> int:
        """Return how many pods may exist at once when `replicas` are wanted (R4)."""
        return replicas + self.surge(replicas) + TERMINATING


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How many pods a ceiling holds, by the resource that binds.

    Attributes:
        pods: The number.
        resource: Field of `Resources` that binds; of equals, the first one of `RESOURCE_WORDS`.
        ceiling: What may be used at most, in the resource's unit.
        reserve: What is kept free of it.
        pod: What one pod takes.
    """

    pods: int
    resource: str
    ceiling: int
    reserve: int
    pod: int


RESOURCE_WORDS: Final = {
    "limits_cpu": "CPU limits",
    "limits_memory": "memory limits",
    "requests_cpu": "CPU requests",
    "requests_memory": "memory requests",
}


def fit(ceiling: Resources, reserve: Resources, pod: Resources) -> Fit:
    """Return how many pods of one size a ceiling holds beside its reserve (R5).

    Args:
        ceiling: What may be used at most.
        reserve: What is kept free of it.
        pod: What one pod takes; a resource that it does not name does not bind.

    Raises:
        ValueError: The pod names none of the four resources.
    """
    fits = [
        Fit(
            pods=max(0, (getattr(ceiling, field) - getattr(reserve, field)) // each),
            resource=field,
            ceiling=getattr(ceiling, field),
            reserve=getattr(reserve, field),
            pod=each,
        )
        for field in RESOURCE_WORDS
        if (each := getattr(pod, field))
    ]
    return min(fits, key=lambda one: one.pods)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What the autoscaler of one workload may do.

    Attributes:
        workload: The Deployment.
        fit: How many pods the ceiling holds.
        cap: The plan's or add-on's own limit.
        asked: The tenant's own limit, or None.
        min_replicas: Pods that always run.
        max_replicas: Pods that the autoscaler may ask for; 0 when the ceiling does not even hold one and its rollout.
    """

    workload: Workload
    fit: Fit
    cap: int
    asked: int | None
    min_replicas: int
    max_replicas: int

    @property
    def at_once(self) -> int:
        """Pods that may exist at once when the autoscaler is at its maximum."""
        return self.workload.at_once(self.max_replicas)

    @property
    def binds(self) -> str:
        """What keeps the maximum from being higher, in words."""
        if self.asked is not None and self.asked == self.max_replicas:
            return "the override binds"
        if self.cap == self.max_replicas:
            return "the cap binds"
        return f"{RESOURCE_WORDS[self.fit.resource]} bind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """All numbers of one tenant.

    Attributes:
        quota: Ceiling of the plan and its add-ons together.
        pods: Pods that the quota admits.
        storage: Bytes of the shared volume.
        fileserver: What the file server's autoscaler may do.
        chatbot: The same for the chatbot, or None without the add-on.
    """

    quota: Resources
    pods: int
    storage: int
    fileserver: Scaling
    chatbot: Scaling | None


def size(tenant: Tenant, platform: Platform, workloads: Mapping[str, Workload]) -> tuple[Size, tuple[Finding, ...]]:
    """Work out the numbers of one tenant.

    Args:
        tenant: Whose numbers.
        platform: The plans and add-ons.
        workloads: The Deployments of the tenant's release of base/, by name.

    Returns:
        The numbers; and the findings, with which the numbers must not be used.
    """
    plan = platform.plans[tenant.plan]
    fileserver = _scaling(
        workloads[FILESERVER],
        fit(plan.ceiling, platform.reserve, workloads[FILESERVER].pod),
        cap=plan.max_replicas,
        asked=tenant.overrides.max_replicas,
        least=tenant.overrides.min_replicas or plan.min_replicas,
    )
    chatbot = None
    quota = plan.ceiling
    if tenant.chatbot and platform.chatbot:
        quota = quota + platform.chatbot.ceiling
        chatbot = _scaling(
            workloads[CHATBOT],
            fit(platform.chatbot.ceiling, Resources(), workloads[CHATBOT].pod),
            cap=platform.chatbot.max_replicas,
            asked=None,
            least=1,
        )
    numbers = Size(
        quota=quota,
        pods=fileserver.at_once + (chatbot.at_once if chatbot else 0) + SPARE_PODS,
        storage=tenant.storage,
        fileserver=fileserver,
        chatbot=chatbot,
    )
    return numbers, tuple(_problems(tenant, platform, numbers))


def most_replicas(workload: Workload, room: Fit, cap: int) -> int:
    """Return how many pods an autoscaler may ask for at most: 0 when there is no room for one and its roll-out (R5).

    Args:
        workload: The Deployment.
        room: How many of its pods the ceiling holds.
        cap: What it may never exceed.
    """
    return next((number for number in range(min(cap, room.pods), 0, -1) if workload.at_once(number) <= room.pods), 0)


def _scaling(workload: Workload, room: Fit, *, cap: int, asked: int | None, least: int) -> Scaling:
    most = most_replicas(workload, room, cap)
    return Scaling(
        workload=workload,
        fit=room,
        cap=cap,
        asked=asked,
        min_replicas=least,
        max_replicas=most if asked is None else min(most, asked),
    )


def _problems(tenant: Tenant, platform: Platform, numbers: Size) -> Iterator[Finding]:
    fileserver, chatbot = numbers.fileserver, numbers.chatbot
    if chatbot and not chatbot.max_replicas:
        place = platform.document.place(("addons", "chatbot"))
        yield finding("PLT003", place, f"the chatbot's allotment {_too_small(chatbot)}", "raise its cpu or memory")
    if not fileserver.max_replicas:
        place = platform.document.place(("plans", tenant.plan))
        yield finding("PLT003", place, f"plan {tenant.plan} {_too_small(fileserver)}", "raise its cpu or memory")
        return
    asked, least = tenant.overrides.max_replicas, tenant.overrides.min_replicas
    if asked is not None and asked > fileserver.max_replicas:
        place = tenant.document.place(("overrides", "maxReplicas"))
        most = fileserver.max_replicas
        yield finding(
            "TEN027", place, f"overrides.maxReplicas: {asked} is more than the {most} that plan {tenant.plan} holds"
        )
    elif fileserver.min_replicas > fileserver.max_replicas:
        if least is not None:
            place = tenant.document.place(("overrides", "minReplicas"))
            fact = f"overrides.minReplicas: {least} is more than the {fileserver.max_replicas} pods there may be"
            yield finding("TEN027", place, fact)
        else:
            place = platform.document.place(("plans", tenant.plan))
            least, most = fileserver.min_replicas, fileserver.max_replicas
            fact = f"plan {tenant.plan}: minReplicas {least} is more than the {most} it holds"
            yield finding("PLT003", place, fact)


def _too_small(scaling: Scaling) -> str:
    needed = scaling.workload.at_once(1)
    return f"holds {scaling.fit.pods} of the {needed} pods of {scaling.workload.name} that a rollout needs"


# --- how the numbers came about


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """How a number came about.

    Attributes:
        name: For example `fileserver.maxReplicas`.
        value: The number as it is written into the facts.
        because: The formula with its values.
        inputs: Where the values stand: (what, file:line:column).
    """

    name: str
    value: str
    because: str
    inputs: tuple[tuple[str, str], ...]


def derivations(tenant: Tenant, platform: Platform, numbers: Size) -> tuple[Derivation, ...]:
    """Return how each number of a tenant came about, in the order of the facts."""
    return (
        *_quota_derivations(tenant, platform, numbers),
        _pods_derivation(numbers),
        _storage_derivation(tenant, platform, numbers),
        *_scaling_derivations("fileserver", numbers.fileserver, _fileserver_inputs(tenant, platform)),
        *(
            _scaling_derivations("chatbot", numbers.chatbot, (_platform_input(platform, "addons", "chatbot"),))
            if numbers.chatbot
            else ()
        ),
    )


def amount_text(field: str, value: int) -> str:
    """Write an amount of a field of `Resources` in the canonical form of Kubernetes."""
    return quantity.cpu_text(value) if field.endswith("cpu") else quantity.bytes_text(value)


def _quota_derivations(tenant: Tenant, platform: Platform, numbers: Size) -> Iterator[Derivation]:
    plan = platform.plans[tenant.plan]
    for field in RESOURCE_WORDS:
        verb, resource = field.split("_")
        parts = [f"plan {plan.name} {amount_text(field, getattr(plan.ceiling, field))}"]
        inputs = [_platform_input(platform, "plans", plan.name), _tenant_input(tenant, "plan")]
        if numbers.chatbot and platform.chatbot:
            parts.append(f"chatbot {amount_text(field, getattr(platform.chatbot.ceiling, field))}")
            inputs += [_platform_input(platform, "addons", "chatbot"), _tenant_input(tenant, "chatbot")]
        name = f"quota.{verb}{'CPU' if resource == 'cpu' else 'Memory'}"
        value = amount_text(field, getattr(numbers.quota, field))
        yield Derivation(name=name, value=value, because=" + ".join(parts), inputs=tuple(inputs))


def _pods_derivation(numbers: Size) -> Derivation:
    scalings = [one for one in (numbers.fileserver, numbers.chatbot) if one]
    parts = [
        f"{one.workload.name} {one.max_replicas}"
        f" + {one.workload.surge(one.max_replicas)} surge + {TERMINATING} terminating"
        for one in scalings
    ]
    because = " + ".join([*parts, f"{SPARE_PODS} spare"])
    inputs = tuple((f"{one.workload.name} maxSurge", one.workload.file) for one in scalings)
    return Derivation(name="quota.pods", value=str(numbers.pods), because=because, inputs=inputs)


def _storage_derivation(tenant: Tenant, platform: Platform, numbers: Size) -> Derivation:
    asked = "storage" in tenant.document.data
    place = _tenant_input(tenant, "storage") if asked else _platform_input(platform, "plans", tenant.plan, "storage")
    because = "the tenant's own" if asked else f"plan {tenant.plan}"
    value = quantity.bytes_text(numbers.storage)
    return Derivation(name="storage", value=value, because=because, inputs=(place,))


def _scaling_derivations(name: str, scaling: Scaling, inputs: tuple[tuple[str, str], ...]) -> Iterator[Derivation]:
    least = Derivation(
        name=f"{name}.minReplicas", value=str(scaling.min_replicas), because="pods that always run", inputs=inputs
    )
    room = scaling.fit
    unit = _in_unit_of_the_pod
    free = (
        unit(room, room.ceiling)
        if not room.reserve
        else f"({unit(room, room.ceiling)} - {unit(room, room.reserve)} reserve)"
    )
    surge = scaling.workload.surge(scaling.max_replicas)
    formula = f"floor({free} / {unit(room, room.pod)}) = {room.pods} - {surge} surge - {TERMINATING} terminating"
    limits = [f"cap {scaling.cap}", *([f"override {scaling.asked}"] if scaling.asked is not None else []), formula]
    yield least
    yield Derivation(
        name=f"{name}.maxReplicas",
        value=str(scaling.max_replicas),
        because=f"min({', '.join(limits)}), {scaling.binds}",
        inputs=(*inputs, (f"{scaling.workload.name} pod and maxSurge", scaling.workload.file)),
    )


def _in_unit_of_the_pod(room: Fit, value: int) -> str:
    if room.resource.endswith("cpu"):
        return f"{value}m" if room.pod % 1000 else quantity.cpu_text(value)
    return quantity.bytes_text(value)


def _fileserver_inputs(tenant: Tenant, platform: Platform) -> tuple[tuple[str, str], ...]:
    inputs = [_platform_input(platform, "plans", tenant.plan), _tenant_input(tenant, "plan")]
    if "overrides" in tenant.document.data:
        inputs.append(_tenant_input(tenant, "overrides"))
    if "reserve" in platform.document.data:
        inputs.append(_platform_input(platform, "reserve"))
    return tuple(inputs)


def _platform_input(platform: Platform, *path: str) -> tuple[str, str]:
    return ".".join(path), str(platform.document.place(path))


def _tenant_input(tenant: Tenant, key: str) -> tuple[str, str]:
    return key, str(tenant.document.place((key,)))
