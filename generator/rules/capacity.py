"""CAP: what a tenant may use, against what its plan holds."""

from collections.abc import Iterator
from typing import Final

from generator import size
from generator.findings import Finding, TenantryError
from generator.model import Plan, Platform
from generator.proofs import quota
from generator.proofs.quota import Line, Proof
from generator.releases import workload
from generator.rules.catalog import finding
from generator.rules.podsecurity import all_containers
from generator.rules.registry import base_rule, class_rule
from generator.rules.subject import Base, Rendered, pod_spec
from generator.shape import mapping
from generator.size import FILESERVER, RESOURCE_WORDS, Workload

_FILLED: Final = 0.6
"""A plan should be possible to fill to this share at least."""


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
                    given = quota.amount(resource, mapping(resources.get("requests"))[resource])
                    most = quota.amount(resource, mapping(resources.get("limits"))[resource])
                except (KeyError, ValueError):
                    continue  # K8S001 and K8S003 say so
                policy = getattr(ceiling, f"limits_{resource}") / max(1, getattr(ceiling, f"requests_{resource}"))
                if given and most / given > policy:
                    fact = (
                        f"container {container.get('name')} may use {most / given:g} times the {resource} that it"
                        f" requests; plan {rendered.tenant.plan} means {policy:g} times"
                    )
                    yield rendered.found("CAP008", one, fact)


@base_rule("CAP006")
def plans_hold_what_is_promised(base: Base) -> Iterator[Finding]:
    """A maxReplicas that platform.yaml states for a plan is one that the plan's cpu and memory hold."""
    pod = _fileserver(base)
    if pod is None:
        return
    for plan in base.platform.plans.values():
        stated = base.platform.document.data["plans"][plan.name].get("maxReplicas")
        most = _most(plan, base.platform, pod)
        if stated is not None and most < stated:
            place = base.platform.document.place(("plans", plan.name, "maxReplicas"))
            fact = f"plan {plan.name}: maxReplicas {stated} is promised, and its cpu and memory hold {most}"
            yield finding("CAP006", place, fact, f"write {most}, or raise cpu and memory")


@base_rule("CAP009")
def plans_can_be_filled(base: Base) -> Iterator[Finding]:
    """What may run at once fills each part of a plan to 60 % at least."""
    pod = _fileserver(base)
    if pod is None:
        return
    for plan in base.platform.plans.values():
        uses = pod.pod * pod.at_once(_most(plan, base.platform, pod)) + base.platform.reserve
        shares = {field: getattr(uses, field) / max(1, getattr(plan.ceiling, field)) for field in RESOURCE_WORDS}
        field = min(shares, key=lambda one: shares[one])
        if shares[field] < _FILLED:
            place = base.platform.document.place(("plans", plan.name))
            fact = f"plan {plan.name}: its pods can fill {shares[field]:.0%} of its {RESOURCE_WORDS[field]}"
            yield finding("CAP009", place, fact, "raise maxReplicas, or choose cpu and memory in a pod's proportion")


def _fileserver(base: Base) -> Workload | None:
    """Return the file server as this release renders it; None when it cannot be read, which other rules say."""
    for probe in base.probes:
        for one in probe.objects:
            if one["kind"] == "Deployment" and one["metadata"]["name"] == FILESERVER:
                try:
                    return workload(one, str(base.place(one)))
                except TenantryError:
                    return None
    return None


def _most(plan: Plan, platform: Platform, pod: Workload) -> int:
    return size.most_replicas(pod, size.fit(plan.ceiling, platform.reserve, pod.pod), plan.max_replicas)
