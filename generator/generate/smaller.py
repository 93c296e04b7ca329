"""A change to a smaller quota: whether what may run before it fits what is admitted after it. Pure.

With a quota below what runs, Kubernetes refuses every new pod, and a roll-out never ends. So the quota becomes smaller
in a step of its own, once fewer pods run (docs/guides/change-a-plan.md).
"""

from dataclasses import dataclass

from generator.fleet.model import QuotaFrom, Resources, Tenant
from generator.generate.size import RESOURCE_WORDS, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What runs and would not be admitted.

    Attributes:
        plan: The plan under which it may run.
        pods: How many pods of the service that are.
        field: Field of `Resources`.
        used: What may run of it, everything together.
        allowed: What the quota after the change admits.
    """

    plan: str
    pods: int
    field: str
    used: int
    allowed: int


def shortage(before: Tenant, size_before: Size, after: Tenant, size_after: Size) -> Shortage | None:
    """Return what may run before a change and does not fit the quota after it; None when all of it fits.

    Add-ons that the change takes away do not count: their pods go with it. While a tenant keeps the quota of a larger
    plan, the pods of that plan may still run; a change that does nothing but remove the key says that they are gone.

    Args:
        before: The tenant before the change.
        size_before: Its numbers then.
        after: The tenant after the change.
        size_after: Its numbers then.
    """
    runs = [(before.plan, size_before, size_before.service.at_once)]
    if before.quota_from and size_before.kept and not completes(before, after):
        runs.append((before.quota_from.plan, size_before.kept, size_before.kept.service.sold_at_once))
    for plan, size, pods in runs:
        uses = _may_run(size, pods, size_after)
        for field in RESOURCE_WORDS:
            used, allowed = getattr(uses, field), getattr(size_after.quota, field)
            if used > allowed:
                return Shortage(plan=plan, pods=pods, field=field, used=used, allowed=allowed)
    return None


def completes(before: Tenant, after: Tenant) -> bool:
    """Say whether a change is the second step: the plan stays, and no quota of another one is kept any more."""
    return before.quota_from is not None and after.quota_from is None and before.plan == after.plan


def larger_plan(before: Tenant, short: Shortage) -> QuotaFrom | None:
    """Return the marker that a tenant has already for the plan whose pods may still run; None when it has none."""
    return before.quota_from if before.quota_from and before.quota_from.plan == short.plan else None


def _may_run(size: Size, pods: int, after: Size) -> Resources:
    """Return what may run of a tenant, without the add-ons that it has no more."""
    stays = {scaling.name for scaling in after.scalings}
    addons = [scaling for scaling in size.addons if scaling.name in stays]
    uses = size.reserve + size.service.workload.pod * pods
    uses = sum((scaling.workload.pod * scaling.at_once for scaling in addons), uses)
    return sum((other.pod * other.at_once(other.most, other.least) for other in size.others), uses)
