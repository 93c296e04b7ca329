"""A change to a smaller quota: whether what may run before it fits what is admitted after it. Pure.

With a quota below what runs, Kubernetes refuses every new pod, and a roll-out never ends. So the quota becomes smaller
in a step of its own, once fewer pods run (docs/guides/change-a-plan.md).

Another release may make the quota smaller as well, by pods of another size or others that end more slowly. The same was
sold, so what the quota lacks can be reserved. Onward no pod waits: there is room for old and new pods at every point of
the roll-out, and for those that are ending. On the way back, which may be in a hurry, it is enough that the roll-out
gets on: with all pods of the release before still running, there is room for as many new ones as it starts before it
lets an old one go. Pods that are ending give way by themselves; until then a new one may wait.
"""

from dataclasses import dataclass, replace

from generator.fleet.model import QuotaFrom, Resources, Tenant
from generator.fleet.rings import order
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
    back = same and goes_back(before, after)
    service = size_before.service
    runs = [(before.plan, size_before, service.max_replicas if same else service.at_once)]
    if before.quota_from and size_before.kept and not completes(before, after):
        kept = size_before.kept.service
        runs.append((before.quota_from.plan, size_before.kept, kept.sold_max if same else kept.sold_at_once))
    for plan, size, pods in runs:
        if same:
            uses = _amid(size, pods, size_after) if back else _through(size, pods, size_after)
        else:
            uses = _may_run(size, pods, size_after)
        for field in RESOURCE_WORDS:
            used, allowed = getattr(uses, field), getattr(size_after.quota, field)
            if used > allowed:
                lacks = _lacking(uses, size_after.quota) if same else None
                return Shortage(plan=plan, pods=pods, field=field, used=used, allowed=allowed, of_release=lacks)
    return None


def goes_back(before: Tenant, after: Tenant) -> bool:
    """Say whether a tenant runs an earlier release after a change."""
    return order(after.ring.release) < order(before.ring.release)


def _lacking(uses: Resources, quota: Resources) -> Resources:
    return Resources(**{field: max(getattr(uses, field) - getattr(quota, field), 0) for field in RESOURCE_WORDS})


def _sells_the_same(before: Size, after: Size) -> bool:
    """Say whether a plan and the add-ons that stay are what they were: then only what base/ runs differs."""
    sold = {_key(scaling): (scaling.ceiling, scaling.cap) for scaling in before.scalings}
    return all(
        (scaling.ceiling, scaling.cap) == sold.get(_key(scaling), (scaling.ceiling, scaling.cap))
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


def _through(size: Size, pods: int, after: Size) -> Resources:
    """Return the most that runs at any point of the roll-out of another release, with all that is ending.

    Of what is reserved for jobs that counts which stays reserved.
    """
    before = {_key(scaling): scaling for scaling in size.scalings}
    uses = Resources(
        **{field: min(getattr(size.reserve, field), getattr(after.reserve, field)) for field in RESOURCE_WORDS}
    )
    for scaling in after.scalings:
        old = before.get(_key(scaling))
        most = pods if old is size.service else old.max_replicas if old else 0
        uses += _mixed(old, most, scaling) if old else scaling.workload.pod * scaling.at_once
    others = {(other.kind, other.name): other.pod * other.at_once(other.most, other.least) for other in size.others}
    for other in after.others:
        key = (other.kind, other.name)
        others[key] = others.get(key, Resources()) | other.pod * other.at_once(other.most, other.least)
    return sum(others.values(), uses)


def _mixed(old: Scaling, most: int, new: Scaling) -> Resources:
    """Return the most that pods of two releases of a workload take together.

    The largest is one of two moments: all old ones still run or end, beside as many new ones as have come by then; or
    all new ones run, beside the last old ones that end. Between the two each step ends an old pod and brings a new one.
    An autoscaler whose maximum is less than before lowers the pods to it before the first new one is ready. Old pods
    end as slowly as they did, and are let go as fast as the new release is ready. What is not counted is an autoscaler
    that rises amid the roll-out: Kubernetes gives the old pods their share of that.

    Args:
        old: What the autoscaler may do before.
        most: How many of its pods may run.
        new: The same after.
    """
    was, now, final = old.workload.pod, new.workload.pod, new.max_replicas
    surge = _surge(new, final)
    both = replace(old.workload, motion=new.workload.motion, scale_down=new.workload.scale_down)
    ending = max(
        old.workload.at_once(most, old.min_replicas) - most - _surge(old, most),
        both.at_once(most, old.min_replicas) - most - _surge(new, most),
        new.at_once - final - surge,
    )
    first = was * most + now * (max(final - most, 0) + surge + min(ending, most, final))
    return first | (was * min(ending, most) + now * (final + surge))


def _surge(scaling: Scaling, pods: int) -> int:
    """Return how many new pods come before an old one goes."""
    return scaling.workload.motion.step(pods)[0] if isinstance(scaling.workload.motion, Rolling) else 0


def _key(scaling: Scaling) -> str:
    return scaling.addon.name if scaling.addon else ""


def _amid(size: Size, pods: int, after: Size) -> Resources:
    """Return what runs amid the roll-out of an earlier release at most, when no old pod has been let go yet.

    What the other release does not have goes, and does not count; nor does what is reserved for jobs.
    """
    follows = {_key(scaling): scaling for scaling in after.scalings}
    uses = Resources()
    for scaling in size.scalings:
        following = follows.get(_key(scaling))
        if following is not None:
            old = pods if scaling is size.service else scaling.max_replicas
            uses += scaling.workload.pod * old + following.workload.pod * _beside(following, old)
    others = {(other.kind, other.name): other for other in after.others}
    stays = (other for other in size.others if (other.kind, other.name) in others)
    return sum((other.pod * other.most for other in stays), uses)


def _beside(scaling: Scaling, old: int) -> int:
    """Return how many new pods come before an old one goes: those that are more than before, and the surge."""
    return max(scaling.max_replicas - old, 0) + _surge(scaling, scaling.max_replicas)
