"""CAP: what a tenant may use, against what its plan holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from generator.findings import sources
from generator.findings.finding import Found, Severity
from generator.findings.rule import Firm
from generator.fleet.model import AddOn, Plan, Resources
from generator.generate import size, workloads
from generator.generate.size import RESOURCE_WORDS, amount_text
from generator.kube.lenient import Object, mapping, spec_of
from generator.kube.pods import pod_spec
from generator.proofs import quota
from generator.proofs.quota import Line
from generator.reading import quantity
from generator.render.rendered import Base, Rendered
from generator.rules.podsecurity import all_containers
from generator.rules.rule import Per, of_table, rule


@rule(
    "CAP004",
    per=Per.SIZES,
    title="everything that may run at once fits the quota",
    why="A roll-out at the autoscaler's most would be refused half-way and wait.",
    fix="Run `tenantry generate`; for what base/ counts, change base/guard/core/ceilings.yaml.",
    source=sources.QUOTA,
    behind=("quota",),
)
def what_may_run_fits_the_quota(rendered: Rendered) -> Iterator[Found]:
    """Everything that may run at once fits the quota: compute, pods and counts of objects."""
    proof = quota.of_tenant(rendered)
    for one, why in proof.unbounded:
        yield rendered.found(one, f"the sum cannot be known: {why}")
    for line in proof.lines:
        if line.slack < 0 and not _is_storage(line):
            yield _too_much(rendered, line)


@rule(
    "CAP007",
    per=Per.SIZES,
    title="the volumes are as large as what is sold, and fit the quota of storage",
    why="A claim above the quota would be refused, and its pods would wait for it; one below is less than was sold.",
    fix="Carry the facts of storage to the claims, and run `tenantry generate`.",
    source=sources.QUOTA,
    behind=("quota",),
)
def volumes_fit_the_quota(rendered: Rendered) -> Iterator[Found]:
    """The claims of the render fit the quota of storage, in number and in size, and none is smaller than was sold."""
    for line in quota.of_tenant(rendered).lines:
        if line.slack < 0 and _is_storage(line):
            yield _too_much(rendered, line)
    yield from _smaller(rendered)


def _smaller(rendered: Rendered) -> Iterator[Found]:
    """Yield the claims that ask for less than the company has: that of an add-on, or those of core together."""
    claims = [obj for obj in rendered.objects if obj["kind"] == "PersistentVolumeClaim"]
    addons = rendered.platform.claims
    sold = {claim: (addon.storage, f"addons.{addon.name}.storage") for claim, addon in addons.items()}
    groups = [([claim], *sold[name]) for claim in claims if (name := claim["metadata"]["name"]) in sold]
    core = [claim for claim in claims if claim["metadata"]["name"] not in sold]
    groups += [(core, rendered.tenant.storage, "storage")] if core else []
    for group, wanted, fact in groups:
        try:
            asked = sum(quantity.octets(str(_requested(claim))) for claim in group)
        except ValueError:
            continue  # K8S001 says so
        if asked < wanted:
            what = f"it asks for {quantity.bytes_text(asked)}, and the company has {quantity.bytes_text(wanted)}"
            hint = f"carry the fact spec.{fact} to its spec.resources.requests.storage"
            yield rendered.found(group[0], what, hint)


def _requested(claim: Object) -> object:
    return mapping(mapping(spec_of(claim).get("resources")).get("requests")).get("storage")


def _is_storage(line: Line) -> bool:
    return line.resource.endswith(("requests.storage", "persistentvolumeclaims"))


def _too_much(rendered: Rendered, line: Line) -> Found:
    parts = f" ({' + '.join(line.parts)})" if line.parts else ""
    fact = f"{line.resource}: up to {line.text(line.used)} at once{parts}, and {line.text(line.hard)} are admitted"
    return rendered.found(line.quota, fact, f"{line.text(-line.slack)} too much: {_way_out(rendered, line.resource)}")


def _way_out(rendered: Rendered, resource: str) -> str:
    """Say what admits more: some numbers of a quota are generated, the others stand in base/."""
    if resource == "requests.storage":
        return f"lower what base/ asks for, or raise it: tenantry set {rendered.tenant.name} storage=SIZE"
    if resource in _GENERATED:
        return "run `tenantry generate`, which fits the quota to what base/ runs, or run less"
    return f"lower what base/ asks for, or raise {resource} of its ResourceQuota"


_GENERATED: Final = frozenset({"requests.cpu", "limits.cpu", "requests.memory", "limits.memory", "pods"})
"""What a quota says by the arithmetic of `generate`."""


@rule(
    "CAP008",
    per=Per.SIZES,
    severity=Severity.WARNING,
    title="no container promises itself less than its plan's share",
    why="The sum of requests would say little of what the plan takes from the nodes.",
    fix="Raise the container's requests in base/.",
    source="tenantry: a plan guarantees a share of its limits (docs/concepts/plans.md)",
)
def requests_are_the_plans_share(rendered: Rendered) -> Iterator[Found]:
    """No container may use more times its requests than the plan's limits are of the plan's requests."""
    ceiling = rendered.platform.plans[rendered.tenant.plan].ceiling
    for obj in rendered.objects:
        for container in all_containers(mapping(pod_spec(obj))):
            resources = mapping(container.get("resources"))
            for resource in ("cpu", "memory"):
                try:
                    given = quantity.amount(resource, mapping(resources.get("requests"))[resource])
                    most = quantity.amount(resource, mapping(resources.get("limits"))[resource])
                except (KeyError, ValueError):
                    continue  # K8S001 and K8S003 say so
                policy = getattr(ceiling, f"limits_{resource}") / max(1, getattr(ceiling, f"requests_{resource}"))
                if given and most / given > policy:
                    fact = (
                        f"container {container.get('name')} may use {most / given:g} times the {resource} that it"
                        f" requests; plan {rendered.tenant.plan} means {policy:g} times"
                    )
                    yield rendered.found(obj, fact)


@of_table("CAP010", per=Per.SIZES)
def workloads_can_be_counted(rendered: Rendered) -> Iterator[Found]:
    """Each workload has a formula for how many of its pods exist at once, and all that goes into it."""
    for problem in quota.of_tenant(rendered).uncounted:
        yield rendered.found(problem.obj, problem.fact, problem.hint)


@rule(
    "CAP006",
    per=Per.RELEASE,
    severity=Severity.WARNING,
    title="a plan or an add-on holds the pods that platform.yaml promises",
    why="The customer reads a number that can never be reached.",
    fix="Lower its maxReplicas, or raise its cpu and memory.",
    source="tenantry: plans are counts of equal pods (docs/concepts/plans.md)",
)
def plans_hold_what_is_promised(base: Base) -> Iterator[Found]:
    """A maxReplicas that platform.yaml states is one that the cpu and memory beside it hold."""
    for sold in _sold(base):
        cap, most = sold.what.max_replicas, sold.room.pods
        if cap is not None and most < cap:
            place = base.platform.document.place((*sold.path, "maxReplicas"))
            fact = f"{sold.name}: maxReplicas {cap} is promised, and its cpu and memory hold {most}"
            yield Found(place, fact, f"write {most}, or raise cpu and memory")


@rule(
    "CAP009",
    per=Per.RELEASE,
    severity=Severity.WARNING,
    title="what is sold can be used",
    why="What the pods can never use in the steady state is sold and never delivered.",
    fix="Remove maxReplicas, or choose cpu and memory in the proportion of a pod.",
    source="tenantry: what is sold can be used, to 90 % at least (docs/concepts/plans.md)",
)
def plans_can_be_filled(base: Base) -> Iterator[Found]:
    """The pods that may run in the steady state fill each part of what is sold to 90 % at least."""
    for sold in _sold(base):
        most = size.most_replicas(sold.room, sold.what.max_replicas)
        share, field = size.filled(sold.what.ceiling, sold.pod * most)
        if share < FILLED:
            place = base.platform.document.place(sold.path)
            fact = f"{sold.name}: its pods can use {share:.0%} of its {RESOURCE_WORDS[field]}"
            yield Found(place, fact, _fuller(sold, field))


@plans_can_be_filled.also(Per.TENANT)
def a_tenant_may_use_what_it_buys(rendered: Rendered) -> Iterator[Found]:
    """A tenant's own limit leaves it what its plan holds, or is known to take some away."""
    tenant = rendered.tenant
    if tenant.overrides.max_replicas is None:
        return
    running = {item.workload.name: item.workload for item in workloads.read(rendered.objects)[0]}
    service = rendered.platform.service
    if service in running:
        pod = running[service].pod
        share, field = size.filled(rendered.platform.plans[tenant.plan].ceiling, pod * running[service].most)
        if share < FILLED:
            place = tenant.document.place(("overrides", "maxReplicas"))
            fact = f"its pods can use {share:.0%} of the {RESOURCE_WORDS[field]} of plan {tenant.plan}"
            yield Found(place, fact, "remove overrides.maxReplicas, or choose a smaller plan")


@rule(
    "CAP011",
    per=Per.SIZES,
    title="a quota counts every pod",
    why="A quota with a scope bounds some pods only, and the proof that a plan is a ceiling takes it for all of them.",
    fix="Remove the scope, or write what it counts into a plan.",
    source="https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes",
    firm=Firm.RENDER,
)
def quotas_count_every_pod(rendered: Rendered) -> Iterator[Found]:
    """No ResourceQuota has a scope."""
    for resource_quota in rendered.of_kind("ResourceQuota"):
        for field in ("scopes", "scopeSelector"):
            if spec_of(resource_quota).get(field):
                yield rendered.found_at(resource_quota, ("spec", field), "it counts only the pods of this scope")


FILLED: Final = 0.9
"""The share of each part of a plan that its pods should be able to use."""


@dataclass(frozen=True, slots=True)
class _Sold:
    """What platform.yaml sells, a plan or an add-on, and a pod of those that it is filled with."""

    path: tuple[str, str]
    what: Plan | AddOn
    pod: Resources

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"{'plan' if self.path[0] == 'plans' else 'add-on'} {self.path[1]}"

    @property
    def room(self) -> size.Fit:
        """How many of the pods it holds."""
        return size.fit(self.what.ceiling, self.pod)


def _sold(base: Base) -> Iterator[_Sold]:
    """Yield plans and add-ons; without those whose pods cannot be counted, which CAP010 says."""
    counted = {item.workload.name: item.workload for probe in base.probes for item in workloads.read(probe.objects)[0]}
    for plan in base.platform.plans.values() if base.platform.service in counted else ():
        yield _Sold(("plans", plan.name), plan, counted[base.platform.service].pod)
    for addon in base.platform.addons.values():
        if addon.workload in counted:
            yield _Sold(("addons", addon.name), addon, counted[addon.workload].pod)


def _fuller(sold: _Sold, field: str) -> str:
    """Say what would fill a plan: no cap, or cpu and memory in the proportion of a pod."""
    room, cap = sold.room, sold.what.max_replicas
    if cap is not None and cap < room.pods:
        return f"remove its maxReplicas {cap}: it holds {room.pods}"
    fitting, words = amount_text(field, getattr(sold.pod, field) * room.pods), RESOURCE_WORDS[room.resource]
    return f"its {words} hold {room.pods} pods, which use {fitting}: raise its {words}, or sell {fitting}"
