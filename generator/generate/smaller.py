"""A change to a smaller quota: whether what may run before it fits what is admitted after it. Pure.

With a quota below what runs, Kubernetes refuses every new pod, and a roll-out never ends. So the quota becomes smaller
in a step of its own, once fewer pods run (docs/guides/change-a-plan.md).

Another release may make the quota smaller as well, by pods of another size or others that end more slowly, onward and
back. The same was sold, so it is enough that its roll-out gets on: with all pods of the release before still running,
there is room for as many new ones as it starts before it lets an old one go. Pods that are ending give way by
themselves; until then a new one may wait.
"""

from dataclasses import dataclass

from generator.fleet.model import QuotaFrom, Resources, Tenant
from generator.generate.headroom import Rolling
from generator.generate.size import RESOURCE_WORDS, Scaling, Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What runs and would not be admitted.

    Attributes:
        plan: The plan under which it may run.
        pods: How many pods of the service that are.
        field: Field of `Resources`.
        used: What may run of it, everything together.
        allowed: What the quota after the change admits.
        of_release: Where it is another release that makes the quota smaller, and not what was sold, all that the
            quota lacks; else None.
    """

    plan: str
    pods: int
    field: str
    used: int
    allowed: int
    of_release: Resources | None = None


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
    same = before.plan == after.plan and _sells_the_same(size_before, size_after)
    service = size_before.service
    first = (before.plan, size_before, service.max_replicas if same else service.at_once)
    runs = [first]
    if before.quota_from and size_before.kept and not completes(before, after):
        kept = size_before.kept.service
        runs.append((before.quota_from.plan, size_before.kept, kept.sold_max if same else kept.sold_at_once))
    for plan, size, pods in runs:
        uses = _amid(size, pods, size_after) if same else _may_run(size, pods, size_after)
        for field in RESOURCE_WORDS:
            used, allowed = getattr(uses, field), getattr(size_after.quota, field)
            if used > allowed:
                lacks = _lacking(uses, size_after.quota) if same else None
                return Shortage(plan=plan, pods=pods, field=field, used=used, allowed=allowed, of_release=lacks)
    return None


def _lacking(uses: Resources, quota: Resources) -> Resources:
    return Resources(**{field: max(getattr(uses, field) - getattr(quota, field), 0) for field in RESOURCE_WORDS})


def _sells_the_same(before: Size, after: Size) -> bool:
    """Say whether a plan and the add-ons that stay are what they were: then only what base/ runs differs."""
    sold = {scaling.name if scaling.addon else "": (scaling.ceiling, scaling.cap) for scaling in before.scalings}
    return all(
        (scaling.ceiling, scaling.cap)
        == sold.get(scaling.name if scaling.addon else "", (scaling.ceiling, scaling.cap))
        for scaling in after.scalings
    )


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


def _amid(size: Size, pods: int, after: Size) -> Resources:
    """Return what runs amid the roll-out of another release at most, when no old pod has been let go yet.

    What the other release does not have goes, and does not count; nor does what is reserved for jobs.
    """
    follows = {scaling.addon.name if scaling.addon else "": scaling for scaling in after.scalings}
    uses = Resources()
    for scaling in size.scalings:
        following = follows.get(scaling.addon.name if scaling.addon else "")
        if following is not None:
            old = pods if scaling is size.service else scaling.max_replicas
            uses += scaling.workload.pod * old + following.workload.pod * _beside(following, old)
    others = {(other.kind, other.name): other for other in after.others}
    stays = (other for other in size.others if (other.kind, other.name) in others)
    return sum((other.pod * other.most for other in stays), uses)


def _beside(scaling: Scaling, old: int) -> int:
    """Return how many new pods come before an old one goes: those that are more than before, and the surge."""
    surge = scaling.workload.motion.step(scaling.max_replicas)[0] if isinstance(scaling.workload.motion, Rolling) else 0
    return max(scaling.max_replicas - old, 0) + surge
