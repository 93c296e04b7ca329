"""SEC: quota and limits are what the plan says, and nobody gets out."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from generator.findings import sources
from generator.findings.finding import Found
from generator.findings.rule import Firm
from generator.fleet.states import ACTIVE
from generator.generate import workloads
from generator.generate.size import storage_in_all
from generator.kube.lenient import mapping, mappings, spec_of
from generator.kube.tenant_names import TENANT_LABEL
from generator.proofs import escape, quota
from generator.reading import quantity
from generator.render.rendered import Rendered, identity
from generator.rules.rule import Per, rule

_DOORS: Final = ("services.loadbalancers", "services.nodeports")
_COUNTED: Final = (
    "persistentvolumeclaims",
    "services",
    "count/secrets",
    "count/configmaps",
    "count/deployments.apps",
    "count/jobs.batch",
    "requests.ephemeral-storage",
    "limits.ephemeral-storage",
)


def _hard(rendered: Rendered) -> list[Mapping[str, Any]]:
    """Return what each quota that counts everything allows; one with scopes counts some pods alone."""
    quotas = (spec_of(obj) for obj in rendered.of_kind("ResourceQuota"))
    return [mapping(spec.get("hard")) for spec in quotas if not spec.get("scopes") and not spec.get("scopeSelector")]


@rule(
    "SEC015",
    per=Per.SIZES,
    title="the quota forbids LoadBalancers and node ports",
    why="Either would be a door that no policy of the platform sees.",
    fix="Put the two zeros back in base/guard/core/ceilings.yaml.",
    source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    behind=("isolation",),
)
def quota_forbids_doors(rendered: Rendered) -> Iterator[Found]:
    """A quota sets the number of LoadBalancers and node ports to none."""
    for key in _DOORS:
        if not any(str(hard.get(key)) == "0" for hard in _hard(rendered)):
            one = next(rendered.of_kind("ResourceQuota"), None)
            fact = f"no ResourceQuota sets {key} to 0"
            place, name = rendered.place(one), identity(one) if one else ""
            yield Found(place, fact, f'add {key}: "0" to spec.hard', name)


@rule(
    "SEC018",
    per=Per.TENANT,
    title="quota, limits and labels are no weaker than the plan",
    why="No company exceeds its ceiling is what is promised.",
    fix="Run `tenantry generate`, or put it back in base/.",
    source="tenantry: no company can exceed what its plan holds (docs/concepts/plans.md)",
    behind=("quota",),
)
def guards_are_not_weaker_than_the_plan(rendered: Rendered) -> Iterator[Found]:
    """Quota, LimitRange and the Namespace's labels are at least as strict as the tenant's plan demands."""
    yield from _weak_quota(rendered)
    yield from _weak_limits(rendered)
    for namespace in rendered.of_kind("Namespace"):
        labels = mapping(namespace["metadata"].get("labels"))
        if labels.get(TENANT_LABEL) != rendered.tenant.name:
            fact = f"its label {TENANT_LABEL} is {labels.get(TENANT_LABEL, 'not set')}"
            yield rendered.found(namespace, fact, "guards of the cluster select by it")


def _weak_quota(rendered: Rendered) -> Iterator[Found]:
    tenant, platform = rendered.tenant, rendered.platform
    ceiling = quota.ceiling(rendered.objects, tenant, platform)
    bounds: tuple[tuple[str, Callable[[str], int], int], ...] = (
        ("requests.cpu", quantity.millicores, ceiling.requests_cpu),
        ("limits.cpu", quantity.millicores, ceiling.limits_cpu),
        ("requests.memory", quantity.octets, ceiling.requests_memory),
        ("limits.memory", quantity.octets, ceiling.limits_memory),
        ("requests.storage", quantity.octets, storage_in_all(tenant, platform)),
    )
    one = next(rendered.of_kind("ResourceQuota"), None)
    place, name = rendered.place(one), identity(one) if one else ""
    quotas = _hard(rendered)
    # in another state less runs, and the quota stays what it was; else CAP010 says why it is not known
    is_known = tenant.state == ACTIVE and not workloads.read(rendered.objects)[1]
    for key, read, most in bounds if is_known else ():
        given = [value for value in (_quantity(hard.get(key), read) for hard in quotas) if value is not None]
        room = max(most, 0)  # a plan that holds not one pod has less than none
        text = quantity.cpu_text(room) if read is quantity.millicores else quantity.bytes_text(room)
        if not given:
            yield Found(place, f"no ResourceQuota bounds {key}, {text} by plan {tenant.plan}", "", name)
        elif min(given) > most:
            wide = quantity.cpu_text(min(given)) if read is quantity.millicores else quantity.bytes_text(min(given))
            fact = f"{key} is {wide}, more than the {text} of plan {tenant.plan}, its add-ons and their roll-outs"
            yield Found(place, fact, "run `tenantry generate`", name)
    for key in ("pods", *_COUNTED):
        if not any(key in hard for hard in quotas):
            yield Found(place, f"no ResourceQuota bounds {key}", "", name)


def _quantity(value: Any, read: Callable[[str], int]) -> int | None:
    try:
        return read(str(value))
    except ValueError:
        return None


def _weak_limits(rendered: Rendered) -> Iterator[Found]:
    limits = [
        (limit_range, limit)
        for limit_range in rendered.of_kind("LimitRange")
        for limit in mappings(spec_of(limit_range).get("limits"))
        if limit.get("type") == "Container"
    ]
    if not limits:
        fact = "no LimitRange gives containers their limits: a pod without them would be refused"
        yield Found(rendered.place(), fact)
    for one, limit in limits:
        for key in ("default", "defaultRequest", "max", "maxLimitRequestRatio"):
            for resource in ("cpu", "memory"):
                if resource not in mapping(limit.get(key)):
                    yield rendered.found(one, f"{key}.{resource} is not set")
    for limit_range in rendered.of_kind("LimitRange"):
        for index, limit in enumerate(mappings(spec_of(limit_range).get("limits"))):
            for resource, value in mapping(limit.get("max")).items():
                where = ("spec", "limits", index, "max", resource)
                for fact in _never_reached(rendered, resource, value):
                    yield rendered.found_at(limit_range, where, fact, "write what the smallest plan can hold, or less")


def _never_reached(rendered: Rendered, resource: str, value: Any) -> Iterator[str]:
    """Say that a maximum of one container, pod or claim is more than the quota allows all of them together."""
    key = f"{'requests' if resource == 'storage' else 'limits'}.{resource}"
    read = quantity.millicores if resource == "cpu" else quantity.octets
    given = [(amount, hard[key]) for hard in _hard(rendered) if (amount := _quantity(hard.get(key), read)) is not None]
    most = _quantity(value, read)
    if most is not None and given and most > min(given)[0]:
        yield f"no more than {min(given)[1]} of {resource} may be used in all, and the maximum of one is {value}"


@rule(
    "SEC024",
    per=Per.TENANT,
    title="no subject of a tenant can leave its namespace or change its guardrails: the proof holds",
    why="Access control is promised; this is what remains when all Roles, bindings and the project are read together.",
    fix="See the rules of Roles (SEC008), bindings (SEC009) and projects (ARG013-ARG016).",
    source=sources.ACCESS,
    firm=Firm.NEIGHBOURS,
)
def nobody_gets_out(rendered: Rendered) -> Iterator[Found]:
    """Whatever other rules say of each Role, binding and list: together they grant no way out."""
    for way in escape.ways_out(rendered):
        yield Found(way.place, f"{way.fact}, and {way.claim}", "", way.object)
