"""Which workloads a selector selects, and what scales them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from generator.kube.lenient import Object, mapping, mappings, spec_of
from generator.kube.pods import pod_spec, pod_template
from generator.reachability.policy import Selector, UnreadableError, read_selector
from generator.render.rendered import Rendered


def pod_labels(workload: Object) -> dict[str, str]:
    """Return the labels of a workload's pods."""
    labels = mapping(mapping(mapping(pod_template(workload)).get("metadata")).get("labels"))
    return {str(key): str(value) for key, value in labels.items()}


def selected_by(selector: Any, workloads: Sequence[Object]) -> list[Object]:
    """Return the workloads whose pods a label selector selects; none, and one that cannot be read, selects nothing."""
    if selector is None:
        return []
    try:
        read: Selector = read_selector(selector)
    except UnreadableError:
        return []
    return [workload for workload in workloads if read.may_match(pod_labels(workload))]


def autoscalers(rendered: Rendered) -> dict[tuple[str, str], list[Object]]:
    """Return the HorizontalPodAutoscalers by kind and name of what they scale."""
    by_target: dict[tuple[str, str], list[Object]] = defaultdict(list)
    for scaler in rendered.of_kind("HorizontalPodAutoscaler"):
        target = mapping(spec_of(scaler).get("scaleTargetRef"))
        by_target[str(target.get("kind")), str(target.get("name"))].append(scaler)
    return by_target


def behind(route: Object, objects: Sequence[Object]) -> Iterator[tuple[str, Any, Object]]:
    """Yield what an HTTPRoute or an Ingress leads to: the Service, the port of the pods, and the workload.

    Args:
        route: The route.
        objects: The render that it is part of. A Service or a port that is not there leads nowhere.
    """
    services = {obj["metadata"]["name"]: obj for obj in objects if obj["kind"] == "Service"}
    workloads = [obj for obj in objects if pod_spec(obj) is not None]
    for name, port in backends_of(route):
        spec = spec_of(services[name]) if name in services else {}
        for entry in mappings(spec.get("ports")):
            if port in (None, entry.get("port"), entry.get("name")):
                for workload in selected_by({"matchLabels": spec.get("selector")}, workloads):
                    yield name, entry.get("targetPort", entry.get("port")), workload


def backends_of(route: Object) -> Iterator[tuple[str, Any]]:
    """Yield the Service and the port of everything that an HTTPRoute or an Ingress leads to."""
    for item in mappings(spec_of(route).get("rules")):
        yield from ((str(to.get("name")), to.get("port")) for to in mappings(item.get("backendRefs")))
        yield from _services(path.get("backend") for path in mappings(mapping(item.get("http")).get("paths")))
    yield from _services([spec_of(route).get("defaultBackend")])


def _services(backends: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for service in (mapping(mapping(backend).get("service")) for backend in backends):
        if service:
            port = mapping(service.get("port"))
            yield str(service.get("name")), port.get("name", port.get("number"))
