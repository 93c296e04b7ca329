"""Which workloads a selector selects, and what scales them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from generator.kube.lenient import Object, mapping, spec_of
from generator.kube.pods import pod_template
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
