"""The quota proof (R4): everything that a render can ever run at once fits its ResourceQuota.

What may run at once is `Workload.at_once` of what the autoscaler may ask for: the formula with which `size` made the
ceiling, read from the rendered objects instead of the facts. A ResourceQuota counts at admission, so a sum that fits is
a sum that is never refused; one that does not fit is a roll-out that stops half-way (kubernetes#98656).

Pods come from Deployments alone: what other kinds start cannot be bounded here, and is said.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator import quantity
from generator.findings import TenantryError
from generator.model import Resources
from generator.releases import workload
from generator.rules.subject import Object, containers, has_hash, pod_spec
from generator.shape import mapping, mappings, string, whole
from generator.size import SPARE_PODS, Workload

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
        unbounded: What keeps the sum from being known: the object, and why.
    """

    lines: tuple[Line, ...]
    unbounded: tuple[tuple[Object, str], ...]

    @property
    def holds(self) -> bool:
        """Whether everything that can run at once is admitted."""
        return not self.unbounded and all(line.slack >= 0 for line in self.lines)

    @property
    def binding(self) -> Line | None:
        """What pods ask for with the least left, as a share of what the quota admits; their number follows from it."""
        of_pods = [line for line in self.lines if line.hard and _of_pods(line.resource)]
        return min(of_pods, key=lambda line: line.slack / line.hard, default=None)


def prove(objects: Iterable[Object], reserve: Resources) -> Proof:
    """Hold everything that a render can run at once against its ResourceQuotas.

    Args:
        objects: The render of one tenant.
        reserve: What the plan keeps free for jobs.

    Returns:
        The proof; it has no lines when there is no ResourceQuota.
    """
    every = tuple(objects)
    unbounded: list[tuple[Object, str]] = []
    running: list[tuple[Workload, Object, int]] = []
    most = _most_replicas(every)
    for one in every:
        if one["kind"] == "Deployment":
            try:
                pod = workload(one, "")
            except TenantryError as error:
                unbounded.append((one, error.fact))
                continue
            running.append((pod, one, pod.at_once(most[one["metadata"]["name"]])))
        elif pod_spec(one) is not None:
            unbounded.append((one, f"how many pods a {one['kind']} runs at once is not known"))
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
    return Proof(lines=tuple(lines), unbounded=tuple(unbounded))


def amount(resource: str, text: Any) -> int:
    """Read an amount of a resource: millicores for CPU, bytes for memory and storage, else a number of objects.

    Raises:
        ValueError: It is no quantity.
    """
    if _is_cpu(resource):
        return quantity.millicores(str(text))
    if resource.endswith(("memory", "storage")):
        return quantity.octets(str(text))
    return quantity.count(str(text))


def amount_of(resource: str, value: int) -> str:
    """Write an amount of a resource in the canonical form of Kubernetes."""
    if _is_cpu(resource):
        return quantity.cpu_text(value)
    return quantity.bytes_text(value) if resource.endswith(("memory", "storage")) else str(value)


def _is_cpu(resource: str) -> bool:
    return resource in ("cpu", "requests.cpu", "limits.cpu")


def _of_pods(resource: str) -> bool:
    return _SHORT.get(resource, resource).startswith(("requests.", "limits.")) and resource != "requests.storage"


def _most_replicas(objects: Iterable[Object]) -> Mapping[str, int]:
    """Return for each Deployment how many replicas may be wanted: the autoscaler's most, or its own number."""
    every = tuple(objects)
    most = {
        one["metadata"]["name"]: whole(mapping(one.get("spec")).get("replicas"), 1)
        for one in every
        if one["kind"] == "Deployment"
    }
    for one in every:
        if one["kind"] == "HorizontalPodAutoscaler":
            spec = mapping(one.get("spec"))
            name = string(mapping(spec.get("scaleTargetRef")).get("name"))
            if name in most:
                most[name] = max(most[name], whole(spec.get("maxReplicas"), 1))
    return most


def _used(
    resource: str, objects: tuple[Object, ...], running: list[tuple[Workload, Object, int]], reserve: Resources
) -> tuple[int, tuple[str, ...]]:
    """Return how much of a resource may be asked for at once, and what it is made of.

    Raises:
        ValueError: Nobody can know it from the render.
    """
    name = _SHORT.get(resource, resource)
    if name == "pods":
        pods = [(one.name, count, 1) for one, _, count in running]
        return _sum(name, pods, ("spare", SPARE_PODS))
    if name in _FIELDS:
        of_pods = [(one.name, count, getattr(one.pod, _FIELDS[name])) for one, _, count in running]
        return _sum(name, of_pods, ("reserve", getattr(reserve, _FIELDS[name])))
    if name == "requests.storage" or _OF_A_CLASS in name:
        return _storage(name, objects)
    if name.startswith(("requests.", "limits.")):
        verb, _, what = name.partition(".")
        return _sum(
            name, [(one.name, count, _of_containers(deployment, verb, what)) for one, deployment, count in running]
        )
    return _count(name, objects)


def _sum(resource: str, parts: Iterable[tuple[str, int, int]], *extra: tuple[str, int]) -> tuple[int, tuple[str, ...]]:
    known = [(name, times, each) for name, times, each in parts if each]
    more = [(name, value) for name, value in extra if value]
    words = [
        f"{name} {times}" if resource == "pods" else f"{name} {times} x {amount_of(resource, each)}"
        for name, times, each in known
    ]
    words += [f"{name} {amount_of(resource, value)}" for name, value in more]
    return sum(times * each for _, times, each in known) + sum(value for _, value in more), tuple(words)


def _of_containers(one: Object, verb: str, what: str) -> int:
    total = 0
    for container in containers(mapping(pod_spec(one))):
        text = mapping(mapping(container.get("resources")).get(verb)).get(what)
        total += amount(what, text) if text is not None else 0
    return total


def _storage(name: str, objects: tuple[Object, ...]) -> tuple[int, tuple[str, ...]]:
    klass, _, what = name.partition(_OF_A_CLASS) if _OF_A_CLASS in name else ("", "", name)
    claims = [
        (one["metadata"]["name"], mapping(one.get("spec")))
        for one in objects
        if one["kind"] == "PersistentVolumeClaim" and klass in ("", mapping(one.get("spec")).get("storageClassName"))
    ]
    if what == "persistentvolumeclaims":
        return len(claims), tuple(claim for claim, _ in claims)
    asked = {
        claim: amount("requests.storage", mapping(mapping(spec.get("resources")).get("requests")).get("storage"))
        for claim, spec in claims
    }
    return sum(asked.values()), tuple(f"{claim} {quantity.bytes_text(value)}" for claim, value in asked.items())


def _count(name: str, objects: tuple[Object, ...]) -> tuple[int, tuple[str, ...]]:
    """Count objects: those of the render, and those that are known to come of them."""
    if name in ("services.loadbalancers", "services.nodeports"):
        services = [mapping(one.get("spec")) for one in objects if one["kind"] == "Service"]
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
    mine = [one for one in objects if _plural(one) == resource]
    parts = {"rendered": len(mine), **dict(_come_of_it(resource, mine, objects))}
    return sum(parts.values()), tuple(f"{number} {what}" for what, number in parts.items())


def _come_of_it(resource: str, mine: list[Object], objects: tuple[Object, ...]) -> Iterator[tuple[str, int]]:
    if resource == "configmaps":
        yield "of Kubernetes itself", _ROOT_CERTIFICATE
        if hashed := sum(map(has_hash, mine)):
            yield "of the version before", hashed
    if resource == "secrets":
        if wanted := sum(one["kind"] == "ExternalSecret" for one in objects):
            yield "of ExternalSecrets", wanted
        certificates = sum(
            len(list(mappings(mapping(one.get("spec")).get("tls")))) for one in objects if one["kind"] == "Ingress"
        )
        if certificates:
            yield "of certificates", certificates * _WHILE_ISSUED


_VOWEL_Y: Final = re.compile(r"[aeiou]y$")


def _plural(one: Object) -> str:
    """Return an object's resource as `count/` names it: `services`, `ingresses.networking.k8s.io`."""
    kind: str = one["kind"].lower()
    if kind.endswith("y") and not _VOWEL_Y.search(kind):
        word = f"{kind[:-1]}ies"
    else:
        word = f"{kind}es" if kind.endswith("s") else f"{kind}s"
    group, slash, _ = one["apiVersion"].partition("/")
    return f"{word}.{group}" if slash else word
