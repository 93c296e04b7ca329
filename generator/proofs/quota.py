"""The quota proof: everything that a render can ever run at once fits its ResourceQuota.

What may run at once is `Workload.at_once` of what the autoscaler may ask for: the formula with which `size` made the
quota, read from the rendered objects instead of the facts. A ResourceQuota counts at admission, so a sum that fits is
a sum that is never refused; one that does not fit is a roll-out that stops half-way (kubernetes#98656).

Where a workload cannot be counted nothing is proved, and it is said which.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from generator.fleet.model import Platform, Resources, Tenant
from generator.generate import workloads
from generator.generate.headroom import Workload
from generator.generate.size import SPARE_PODS, addons_of, fit, most_replicas
from generator.generate.workloads import Counted, Problem
from generator.kube.lenient import Object, group_of, mapping, mappings, string, whole
from generator.kube.pods import pod_spec, takes
from generator.once import once
from generator.reading.quantity import amount, amount_of
from generator.render.rendered import Rendered, has_hash

_FIELDS: Final = {
    "requests.cpu": "requests_cpu",
    "requests.memory": "requests_memory",
    "limits.cpu": "limits_cpu",
    "limits.memory": "limits_memory",
}
_SHORT: Final = {"cpu": "requests.cpu", "memory": "requests.memory", "ephemeral-storage": "requests.ephemeral-storage"}
"""Older names that a quota may use for the same (https://kubernetes.io/docs/concepts/policy/resource-quotas/)."""

_OF_A_CLASS: Final = ".storageclass.storage.k8s.io/"
_OBJECTS: Final = {
    "configmaps": "ConfigMap",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "replicationcontrollers": "ReplicationController",
    "resourcequotas": "ResourceQuota",
    "secrets": "Secret",
    "services": "Service",
}
_MADE_BY_CONTROLLERS: Final = frozenset(
    "endpoints endpointslices.discovery.k8s.io events events.events.k8s.io leases.coordination.k8s.io pods"
    " replicasets.apps".split()
)
_ROOT_CERTIFICATE: Final = 1
"""The ConfigMap kube-root-ca.crt, which Kubernetes puts into every namespace."""

_WHILE_ISSUED: Final = 2
"""Secrets of a certificate: its own, and cert-manager's private key while it is being issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One resource of the quota.

    Attributes:
        resource: As the quota names it.
        hard: What the quota admits: millicores, bytes or objects.
        used: What may be asked for at once, in the same unit.
        parts: What that is made of, in words.
        quota: The ResourceQuota.
    """

    resource: str
    hard: int
    used: int
    parts: tuple[str, ...]
    quota: Object

    @property
    def slack(self) -> int:
        """What is left; negative when it does not fit."""
        return self.hard - self.used

    def text(self, amount: int) -> str:
        """Write an amount of this resource as Kubernetes does."""
        return amount_of(self.resource, amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came out for one render.

    Attributes:
        lines: Every resource that a quota names.
        uncounted: What keeps workloads from being counted.
        unbounded: What else keeps a sum from being known: the object, and why.
    """

    lines: tuple[Line, ...]
    uncounted: tuple[Problem, ...]
    unbounded: tuple[tuple[Object, str], ...]

    @property
    def holds(self) -> bool:
        """Whether everything that can run at once is admitted, and a quota for all pods bounds CPU and memory."""
        known = not self.uncounted and not self.unbounded
        return known and self._bounds_all_pods and all(line.slack >= 0 for line in self.lines)

    @property
    def _bounds_all_pods(self) -> bool:
        specs = ((line, mapping(line.quota.get("spec"))) for line in self.lines)
        of_all = {line.resource for line, spec in specs if not spec.get("scopes") and not spec.get("scopeSelector")}
        return _FIELDS.keys() <= {_SHORT.get(resource, resource) for resource in of_all}

    @property
    def binding(self) -> Line | None:
        """What pods ask for with the least left, as a share of what the quota admits; their number follows from it."""
        of_pods = [line for line in self.lines if line.hard and _of_pods(line.resource)]
        return min(of_pods, key=lambda line: line.slack / line.hard, default=None)


@dataclass(frozen=True, slots=True)
class _Running:
    """A workload and its object."""

    workload: Workload
    obj: Object

    @property
    def pods(self) -> int:
        """How many of its pods may exist at once."""
        return self.workload.at_once(self.workload.most, self.workload.least)


@once
def of_tenant(rendered: Rendered) -> Proof:
    """Hold everything that a tenant's render can run at once against its quota."""
    return prove(rendered.objects, rendered.platform.reserve)


def prove(objects: Iterable[Object], reserve: Resources) -> Proof:
    """Hold everything that a render can run at once against its ResourceQuotas.

    Args:
        objects: The render of one tenant.
        reserve: What the plan keeps free for jobs.

    Returns:
        The proof; it has no lines when there is no ResourceQuota, and does not hold then.
    """
    every = tuple(objects)
    unbounded: list[tuple[Object, str]] = []
    counted, uncounted = workloads.read(every)
    running = [_Running(item.workload, item.obj) for item in counted]
    lines = []
    for quota in every:
        if quota["kind"] != "ResourceQuota":
            continue
        for resource, hard in mapping(mapping(quota.get("spec")).get("hard")).items():
            try:
                admitted = amount(resource, hard)
                used, parts = _used(resource, every, running, reserve)
            except ValueError as error:
                unbounded.append((quota, f"{resource}: {error}"))
                continue
            lines.append(Line(resource=resource, hard=admitted, used=used, parts=parts, quota=quota))
    return Proof(lines=tuple(lines), uncounted=uncounted, unbounded=tuple(unbounded))


def ceiling(objects: Iterable[Object], tenant: Tenant, platform: Platform) -> Resources:
    """Return what a tenant's quota may admit at most: what was sold, and what its render needs beside that.

    Args:
        objects: The render of the tenant.
        tenant: Which plan and add-ons it bought.
        platform: What these hold, and the reserve for jobs.
    """
    running = workloads.read(objects)[0]
    most = _ceiling(running, tenant, platform)
    before = tenant.under_the_plan_before()
    return most | _ceiling(running, before, platform) if before else most


def _ceiling(running: Iterable[Counted], tenant: Tenant, platform: Platform) -> Resources:
    plan = platform.plans[tenant.plan]
    sold = {platform.service: (plan.ceiling, plan.max_replicas, plan.min_replicas)}
    sold |= {addon.workload: (addon.ceiling, addon.max_replicas, 1) for addon in addons_of(tenant, platform)}
    total = sum((ceiling for ceiling, _, _ in sold.values()), platform.reserve)
    for counted in running:
        workload = counted.workload
        if workload.name in sold:
            holds, cap, least = sold[workload.name]
            most = most_replicas(fit(holds, workload.pod), cap)
            pods = workload.at_once(most, least) - most
        else:
            pods = workload.at_once(workload.most, workload.least)
        total = total + workload.pod * pods
    return total


def _of_pods(resource: str) -> bool:
    return _SHORT.get(resource, resource).startswith(("requests.", "limits.")) and resource != "requests.storage"


def _used(
    resource: str, objects: tuple[Object, ...], running: list[_Running], reserve: Resources
) -> tuple[int, tuple[str, ...]]:
    """Return how much of a resource may be asked for at once, and what it is made of.

    Raises:
        ValueError: Nobody can know it from the render.
    """
    name = _SHORT.get(resource, resource)
    if name == "pods":
        return _sum(name, [(item.workload.name, item.pods, 1) for item in running], ("spare", SPARE_PODS))
    if name in _FIELDS:
        of_pods = [(item.workload.name, item.pods, getattr(item.workload.pod, _FIELDS[name])) for item in running]
        return _sum(name, of_pods, ("reserve", getattr(reserve, _FIELDS[name])))
    if name == "requests.storage" or _OF_A_CLASS in name:
        return _storage(name, objects, running)
    if name.startswith(("requests.", "limits.")):
        verb, _, what = name.partition(".")
        of_pods = [(item.workload.name, item.pods, takes(pod_spec(item.obj) or {}, verb, what)) for item in running]
        return _sum(name, of_pods)
    return _count(name, objects, running)


def _sum(resource: str, parts: Iterable[tuple[str, int, int]], *extra: tuple[str, int]) -> tuple[int, tuple[str, ...]]:
    known = [(name, times, each) for name, times, each in parts if each]
    more = [(name, value) for name, value in extra if value]
    words = [
        f"{name} {times}" if resource == "pods" else f"{name} {times} x {amount_of(resource, each)}"
        for name, times, each in known
    ]
    words += [f"{name} {amount_of(resource, value)}" for name, value in more]
    return sum(times * each for _, times, each in known) + sum(value for _, value in more), tuple(words)


def _storage(name: str, objects: tuple[Object, ...], running: list[_Running]) -> tuple[int, tuple[str, ...]]:
    klass, _, what = name.partition(_OF_A_CLASS) if _OF_A_CLASS in name else ("", "", name)
    claims = [
        (claim, times, spec)
        for claim, times, spec in _claims(objects, running)
        if klass in ("", spec.get("storageClassName"))
    ]
    if what == "persistentvolumeclaims":
        return sum(times for _, times, _ in claims), tuple(_times(claim, times) for claim, times, _ in claims)
    asked = [(claim, times, _asked(spec)) for claim, times, spec in claims]
    words = tuple(f"{_times(claim, times)} {amount_of('storage', each)}" for claim, times, each in asked)
    return sum(times * each for _, times, each in asked), words


def _claims(objects: tuple[Object, ...], running: list[_Running]) -> Iterator[tuple[str, int, Object]]:
    """Yield name, number and spec of the claims: those of the render, and those that its pods bring along."""
    for obj in objects:
        if obj["kind"] == "PersistentVolumeClaim":
            yield obj["metadata"]["name"], 1, mapping(obj.get("spec"))
    for run in running:
        for template in mappings(mapping(run.obj.get("spec")).get("volumeClaimTemplates")):
            name = string(mapping(template.get("metadata")).get("name"))
            yield f"{name} of {run.workload.name}", run.workload.most, mapping(template.get("spec"))
        for volume in mappings(mapping(pod_spec(run.obj)).get("volumes")):
            if ephemeral := mapping(mapping(volume.get("ephemeral")).get("volumeClaimTemplate")):
                yield f"{volume.get('name')} of {run.workload.name}", run.pods, mapping(ephemeral.get("spec"))


def _asked(claim: Object) -> int:
    requests = mapping(mapping(claim.get("resources")).get("requests"))
    return amount("requests.storage", requests.get("storage"))


def _times(claim: str, times: int) -> str:
    return claim if times == 1 else f"{claim} {times} x"


def _count(name: str, objects: tuple[Object, ...], running: list[_Running]) -> tuple[int, tuple[str, ...]]:
    """Count objects: those of the render, and those that are known to come of them."""
    if name in ("services.loadbalancers", "services.nodeports"):
        services = [mapping(obj.get("spec")) for obj in objects if obj["kind"] == "Service"]
        balancers = [spec for spec in services if spec.get("type") == "LoadBalancer"]
        if name == "services.loadbalancers":
            return len(balancers), (f"{len(balancers)} rendered",)
        ports = sum(len(list(mappings(spec.get("ports")))) for spec in services if spec.get("type") == "NodePort")
        ports += sum(len(list(mappings(spec.get("ports")))) for spec in balancers)
        return ports, (f"{ports} rendered",)
    resource = name.removeprefix("count/")
    if resource in _MADE_BY_CONTROLLERS:
        raise ValueError("how many of them controllers make is not known")
    if name not in _OBJECTS and not name.startswith("count/"):
        raise ValueError("this is no resource that is counted")
    mine = [obj for obj in objects if _plural(obj) == resource]
    parts = {"rendered": len(mine), **dict(_come_of_it(resource, mine, objects, running))}
    return sum(parts.values()), tuple(f"{number} {what}" for what, number in parts.items())


def _come_of_it(
    resource: str, mine: list[Object], objects: tuple[Object, ...], running: list[_Running]
) -> Iterator[tuple[str, int]]:
    if resource == "jobs.batch":
        schedules = [mapping(obj.get("spec")) for obj in objects if obj["kind"] == "CronJob"]
        if runs := sum(map(_runs_kept, schedules)):
            yield "of CronJobs", runs
    if resource == "persistentvolumeclaims" and (brought := sum(times for _, times, _ in _claims((), running))):
        yield "of pods", brought
    if resource == "configmaps":
        yield "of Kubernetes itself", _ROOT_CERTIFICATE
        if hashed := sum(map(has_hash, mine)):
            yield "of the version before", hashed
    if resource == "secrets":
        if wanted := sum(obj["kind"] == "ExternalSecret" for obj in objects):
            yield "of ExternalSecrets", wanted
        certificates = sum(
            len(list(mappings(mapping(obj.get("spec")).get("tls")))) for obj in objects if obj["kind"] == "Ingress"
        )
        if certificates:
            yield "of certificates", certificates * _WHILE_ISSUED


def _runs_kept(schedule: Object) -> int:
    """Return how many Jobs of a CronJob there are at most: those that it keeps, and the one that runs."""
    return 1 + whole(schedule.get("successfulJobsHistoryLimit"), 3) + whole(schedule.get("failedJobsHistoryLimit"), 1)


_VOWEL_Y: Final = re.compile(r"[aeiou]y$")


def _plural(obj: Object) -> str:
    """Return an object's resource as `count/` names it: `services`, `ingresses.networking.k8s.io`."""
    kind: str = obj["kind"].lower()
    if kind.endswith("y") and not _VOWEL_Y.search(kind):
        word = f"{kind[:-1]}ies"
    else:
        word = f"{kind}es" if kind.endswith("s") else f"{kind}s"
    group = group_of(obj)
    return f"{word}.{group}" if group else word
