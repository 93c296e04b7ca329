"""What a pod takes: where a workload keeps its pod template, and the sums that a ResourceQuota makes of one pod. Pure.

The sum is that of Kubernetes (PodRequests and PodLimits of k8s.io/component-helpers/resource): containers run together,
init containers one by one before them, and an init container with `restartPolicy: Always` (a sidecar) starts in its
turn and stays. So a pod takes the larger of what runs in the end and of what runs at any step of its start. Resources
of the pod itself (KEP-2837) take the place of that sum for cpu and memory, and `overhead` comes on top.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from generator.kube.lenient import mapping, mappings, string
from generator.reading.quantity import amount

_OF_THE_POD: Final = ("cpu", "memory")
"""Resources that a pod may set for all its containers together; huge pages may be, too, and are never used here."""


TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "Pod": (),
    **dict.fromkeys(
        ("Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job"), ("spec", "template")
    ),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""The kinds that make pods, and where each keeps its pod template: the one list of them."""


SCALED: Final = ("Deployment", "ReplicaSet", "StatefulSet")
"""Kinds that run as many pods as `replicas` says."""


def pod_template(obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the pod template of a workload, or None for any other object."""
    path = TEMPLATES.get(string(obj.get("kind")))
    if path is None:
        return None
    for step in path:
        obj = mapping(obj.get(step))
    return obj


def pod_spec(obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the pod spec of a workload, or None for any other object and for a workload without one."""
    spec = mapping(pod_template(obj)).get("spec")
    return spec if isinstance(spec, Mapping) else None


def spec_path(kind: str) -> tuple[str, ...]:
    """Return where a kind that makes pods keeps their spec."""
    return (*TEMPLATES[kind], "spec")


def containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the init containers and containers of a pod spec."""
    yield from mappings(spec.get("initContainers"))
    yield from mappings(spec.get("containers"))


def container_of(spec: Mapping[str, Any], workload: str) -> Mapping[str, Any]:
    """Return the container of a pod spec that is called as its workload, or the first; nothing where there is none."""
    several = list(mappings(spec.get("containers")))
    own = (container for container in several if container.get("name") == workload)
    return next(own, several[0] if several else {})


def takes(spec: Mapping[str, Any], side: str, resource: str) -> int:
    """Return what one pod counts in a ResourceQuota.

    Args:
        spec: The pod spec.
        side: `requests` or `limits`.
        resource: As containers name it: `cpu`, `ephemeral-storage`.

    Raises:
        ValueError: An amount is no quantity.
    """
    of_the_pod = mapping(mapping(spec.get("resources")).get(side))
    if resource in _OF_THE_POD and resource in of_the_pod:
        total = amount(resource, of_the_pod[resource])
    else:
        total = combined(spec, lambda container: _stated(container, side, resource))
    overhead = mapping(spec.get("overhead")).get(resource)
    return total + (amount(resource, overhead) if overhead is not None and (total or side == "requests") else 0)


def _stated(container: Mapping[str, Any], side: str, resource: str) -> int:
    text = mapping(mapping(container.get("resources")).get(side)).get(resource)
    return amount(resource, text) if text is not None else 0


def combined(spec: Mapping[str, Any], of: Callable[[Mapping[str, Any]], int]) -> int:
    """Combine the amounts of a pod's containers to that of the pod.

    Args:
        spec: The pod spec.
        of: The amount of one container.
    """
    sidecars, at_start = 0, 0
    for container in mappings(spec.get("initContainers")):
        own = of(container)
        if is_sidecar(container):
            sidecars += own
            own = 0
        at_start = max(at_start, sidecars + own)
    return max(at_start, sidecars + sum(of(container) for container in mappings(spec.get("containers"))))


def is_sidecar(container: Mapping[str, Any]) -> bool:
    """Say whether an init container stays after its turn."""
    return container.get("restartPolicy") == "Always"
