"""What is seen in a cluster of a change to a smaller plan. Nothing is changed there."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from generator.findings.finding import EnvironmentProblem
from generator.findings.words import plural
from generator.generate.size import Size
from generator.kube import kubectl
from generator.kube.lenient import Object, mapping, spec_of, string
from generator.reading import quantity

_WAY: Final = "or say who looked: --confirmed-by NAME"
_OF_A_PLAN: Final = "resourcequotas,pods,horizontalpodautoscalers"
"""What tells whether a change to a smaller plan is through."""

_FIELDS: Final = {
    "requests.cpu": "requests_cpu",
    "limits.cpu": "limits_cpu",
    "requests.memory": "requests_memory",
    "limits.memory": "limits_memory",
}


def in_namespace(kubeconfig: Path, namespace: str) -> Sequence[Object]:
    """Return the quotas, pods and autoscalers of a namespace.

    Args:
        kubeconfig: How to reach the cluster that the tenant runs in.
        namespace: Where to look.

    Raises:
        EnvironmentProblem: There is no kubectl, or it reaches no cluster.
    """
    command = ["--kubeconfig", str(kubeconfig), "get", _OF_A_PLAN, "--namespace", namespace, "--output=json"]
    answer = kubectl.read(command, _WAY)
    if answer.error:
        raise EnvironmentProblem(f"kubectl cannot read namespace {namespace}: {answer.error}", _WAY)
    return answer.objects


def not_through(objects: Sequence[Object], service: str, numbers: Size) -> Iterator[str]:
    """Yield what keeps a change to a smaller plan from being complete, in words.

    Args:
        objects: The quotas, pods and autoscalers of the tenant's namespace.
        service: Name of the workload that plans are counted in.
        numbers: What the smaller plan gives.
    """
    ending = [obj for obj in objects if obj.get("kind") == "Pod" and _meta(obj).get("deletionTimestamp")]
    if ending:
        names = ", ".join(sorted(string(_meta(pod).get("name")) for pod in ending)[:3])
        yield f"{plural(len(ending), 'pod')} still terminating, among them {names}"
    yield from _autoscalers(objects, service, numbers)
    allowed = {key: getattr(numbers.quota, field) for key, field in _FIELDS.items()} | {"pods": numbers.pods}
    used = [mapping(mapping(obj.get("status")).get("used")) for obj in objects if obj.get("kind") == "ResourceQuota"]
    for key, most in allowed.items():
        amounts = [amount for amount in (_amount(key, status.get(key)) for status in used) if amount is not None]
        if not amounts:
            yield f"no ResourceQuota says how much of {key} is used"
        elif max(amounts) > most:
            text = quantity.amount_of
            yield f"{key}: {text(key, max(amounts))} used, and {text(key, most)} will be admitted"


def _autoscalers(objects: Sequence[Object], service: str, numbers: Size) -> Iterator[str]:
    most = numbers.service.max_replicas
    for obj in objects:
        target = mapping(spec_of(obj).get("scaleTargetRef"))
        if obj.get("kind") == "HorizontalPodAutoscaler" and target.get("name") == service:
            asks = spec_of(obj).get("maxReplicas")
            if not isinstance(asks, int) or asks > most:
                yield f"the autoscaler of {service} may still ask for {asks} pods, and the plan holds {most}"


def _meta(obj: Object) -> Mapping[str, Any]:
    return mapping(obj.get("metadata"))


def _amount(key: str, value: Any) -> int | None:
    try:
        return quantity.amount(key, str(value)) if value is not None else None
    except ValueError:
        return None
