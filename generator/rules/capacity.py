"""CAP: what a tenant may use, against what its plan holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from generator.findings.catalog import finding
from generator.findings.finding import Finding
from generator.fleet.model import Chatbot, Plan, Resources
from generator.generate import size, workloads
from generator.generate.size import CHATBOT, FILESERVER, RESOURCE_WORDS, amount_text
from generator.kube.lenient import mapping
from generator.kube.pods import pod_spec
from generator.proofs import quota
from generator.proofs.quota import Line, Proof
from generator.reading import quantity
from generator.render.rendered import Base, Rendered
from generator.rules.podsecurity import all_containers
from generator.rules.registry import base_rule, class_rule, tenant_rule


def proof_of(rendered: Rendered) -> Proof:
    """Hold everything that a tenant's render can run at once against its quota."""
    return quota.prove(rendered.objects, rendered.platform.reserve)


@class_rule("CAP004")
def what_may_run_fits_the_quota(rendered: Rendered) -> Iterator[Finding]:
    """Everything that may run at once fits the quota: compute, pods and counts of objects (R4)."""
    proof = proof_of(rendered)
    for one, why in proof.unbounded:
        yield rendered.found("CAP004", one, f"the sum cannot be known: {why}")
    for line in proof.lines:
        if line.slack < 0 and not _is_storage(line):
            yield _too_much(rendered, "CAP004", line)


@class_rule("CAP007")
def volumes_fit_the_quota(rendered: Rendered) -> Iterator[Finding]:
    """The claims of the render fit the quota of storage, in number and in size."""
    for line in proof_of(rendered).lines:
        if line.slack < 0 and _is_storage(line):
            yield _too_much(rendered, "CAP007", line)


def _is_storage(line: Line) -> bool:
    return line.resource.endswith(("requests.storage", "persistentvolumeclaims"))


def _too_much(rendered: Rendered, rule: str, line: Line) -> Finding:
    parts = f" ({' + '.join(line.parts)})" if line.parts else ""
    fact = f"{line.resource}: up to {line.text(line.used)} at once{parts}, and {line.text(line.hard)} are admitted"
    return rendered.found(rule, line.quota, fact, f"{line.text(-line.slack)} too much")


@class_rule("CAP008")
def requests_are_the_plans_share(rendered: Rendered) -> Iterator[Finding]:
    """No container may use more times its requests than the plan's limits are of the plan's requests."""
    ceiling = rendered.platform.plans[rendered.tenant.plan].ceiling
    for one in rendered.objects:
        for container in all_containers(mapping(pod_spec(one))):
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
                    yield rendered.found("CAP008", one, fact)


@class_rule("CAP010")
def workloads_can_be_counted(rendered: Rendered) -> Iterator[Finding]:
    """Each workload has a formula for how many of its pods exist at once, and all that goes into it (R4)."""
    for problem in proof_of(rendered).uncounted:
        yield rendered.found("CAP010", problem.one, problem.fact, problem.hint)


@base_rule("CAP006")
def plans_hold_what_is_promised(base: Base) -> Iterator[Finding]:
    """A maxReplicas that platform.yaml states is one that the cpu and memory beside it hold."""
    for sold in _sold(base):
        cap, most = sold.what.max_replicas, sold.room.pods
        if cap is not None and most < cap:
            place = base.platform.document.place((*sold.path, "maxReplicas"))
            fact = f"{sold.name}: maxReplicas {cap} is promised, and its cpu and memory hold {most}"
            yield finding("CAP006", place, fact, f"write {most}, or raise cpu and memory")


@base_rule("CAP009")
def plans_can_be_filled(base: Base) -> Iterator[Finding]:
    """The pods that may run in the steady state fill each part of what is sold to 90 % at least."""
    for sold in _sold(base):
        most = size.most_replicas(sold.room, sold.what.max_replicas)
        share, field = size.filled(sold.what.ceiling, sold.pod * most)
        if share < FILLED:
            place = base.platform.document.place(sold.path)
            fact = f"{sold.name}: its pods can use {share:.0%} of its {RESOURCE_WORDS[field]}"
            yield finding("CAP009", place, fact, _fuller(sold, field))


@tenant_rule("CAP009")
def a_tenant_may_use_what_it_buys(rendered: Rendered) -> Iterator[Finding]:
    """A tenant's own limit leaves it what its plan holds, or is known to take some away."""
    tenant = rendered.tenant
    if tenant.overrides.max_replicas is None:
        return
    running = {one.workload.name: one.workload for one in workloads.read(rendered.objects)[0]}
    if FILESERVER in running:
        pod = running[FILESERVER].pod
        share, field = size.filled(rendered.platform.plans[tenant.plan].ceiling, pod * running[FILESERVER].most)
        if share < FILLED:
            place = tenant.document.place(("overrides", "maxReplicas"))
            fact = f"its pods can use {share:.0%} of the {RESOURCE_WORDS[field]} of plan {tenant.plan}"
            yield finding("CAP009", place, fact, "remove overrides.maxReplicas, or choose a smaller plan")


FILLED: Final = 0.9
"""The share of each part of a plan that its pods should be able to use."""


@dataclass(frozen=True, slots=True)
class _Sold:
    """What platform.yaml sells, a plan or an add-on, and a pod of those that it is filled with."""

    path: tuple[str, str]
    what: Plan | Chatbot
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
    counted = {one.workload.name: one.workload for probe in base.probes for one in workloads.read(probe.objects)[0]}
    for plan in base.platform.plans.values() if FILESERVER in counted else ():
        yield _Sold(("plans", plan.name), plan, counted[FILESERVER].pod)
    if base.platform.chatbot and CHATBOT in counted:
        yield _Sold(("addons", "chatbot"), base.platform.chatbot, counted[CHATBOT].pod)


def _fuller(sold: _Sold, field: str) -> str:
    """Say what would fill a plan: no cap, or cpu and memory in the proportion of a pod."""
    room, cap = sold.room, sold.what.max_replicas
    if cap is not None and cap < room.pods:
        return f"remove its maxReplicas {cap}: it holds {room.pods}"
    fitting, words = amount_text(field, getattr(sold.pod, field) * room.pods), RESOURCE_WORDS[room.resource]
    return f"its {words} hold {room.pods} pods, which use {fitting}: raise its {words}, or sell {fitting}"
