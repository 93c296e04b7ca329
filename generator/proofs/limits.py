"""What a LimitRange makes of containers, pods and volumes: the defaulting and the checks of Kubernetes.

Three steps follow each other in the API server, and the order matters. A LimitRange is completed when it is
stored: a missing default is the maximum, a missing default request is the default, else the minimum. A pod is completed
when it is read: a request that is missing beside a limit is that limit. Then admission fills in what is still missing
from the LimitRange, and refuses what lies outside.

Sources: SetDefaults_LimitRangeItem and SetDefaults_Pod of kubernetes/kubernetes, pkg/apis/core/v1/defaults.go;
https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator.kube.lenient import mapping
from generator.kube.pods import combined, containers
from generator.reading.quantity import amount, amount_of

CONTAINER: Final = "Container"
_POD: Final = "Pod"
_CLAIM: Final = "PersistentVolumeClaim"

Amounts = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One item of a LimitRange, completed as the API server stores it; amounts in millicores and bytes.

    Attributes:
        type: Container, Pod or PersistentVolumeClaim.
        least: `min`.
        most: `max`.
        default: What a container without a limit may use.
        default_request: What a container without a request requests.
        ratio: `maxLimitRequestRatio`.
    """

    type: str
    least: Amounts
    most: Amounts
    default: Amounts
    default_request: Amounts
    ratio: Mapping[str, float]


def read_limit(item: Mapping[str, Any]) -> Limit:
    """Read and complete an item of a LimitRange.

    Raises:
        ValueError: An amount is no quantity.
    """
    least, most = _amounts(item.get("min")), _amounts(item.get("max"))
    default, default_request = _amounts(item.get("default")), _amounts(item.get("defaultRequest"))
    if item.get("type") == CONTAINER:
        default = most | default
        default_request = least | default | default_request
    return Limit(
        type=str(item.get("type")),
        least=least,
        most=most,
        default=default,
        default_request=default_request,
        ratio={key: float(str(value)) for key, value in mapping(item.get("maxLimitRequestRatio")).items()},
    )


def _amounts(value: Any) -> dict[str, int]:
    return {resource: amount(resource, text) for resource, text in mapping(value).items()}


def inconsistencies(limit: Limit) -> Iterator[str]:
    """Yield what makes an item of a LimitRange refuse what it itself fills in."""
    chain = (
        ("min", limit.least),
        ("defaultRequest", limit.default_request),
        ("default", limit.default),
        ("max", limit.most),
    )
    for position, (lower, low) in enumerate(chain):
        for upper, high in chain[position + 1 :]:
            for resource in low.keys() & high.keys():
                if low[resource] > high[resource]:
                    small, large = amount_of(resource, high[resource]), amount_of(resource, low[resource])
                    yield f"{lower}.{resource} is {large}, more than {upper}.{resource}, {small}"
    for resource, most in limit.ratio.items():
        default, request = limit.default.get(resource), limit.default_request.get(resource)
        if default and request and default / request > most:
            yield f"the defaults of {resource} are {default / request:g} to 1, more than maxLimitRequestRatio {most:g}"


def effective(container: Mapping[str, Any], limits: list[Limit]) -> tuple[dict[str, int], dict[str, int]]:
    """Return what a container requests and may use once the API server has filled in what it does not say.

    Raises:
        ValueError: An amount is no quantity.
    """
    resources = mapping(container.get("resources"))
    most = _amounts(resources.get("limits"))
    requests = most | _amounts(resources.get("requests"))
    for limit in limits:
        if limit.type == CONTAINER:
            most = dict(limit.default) | most
            requests = dict(limit.default_request) | requests
    return requests, most


def refusals(spec: Mapping[str, Any], limits: list[Limit]) -> Iterator[tuple[str, str]]:
    """Yield what admission refuses in a pod: the container, or `the pod`, and why.

    Raises:
        ValueError: An amount is no quantity.
    """
    completed = {id(container): effective(container, limits) for container in containers(spec)}
    for container in containers(spec):
        requests, most = completed[id(container)]
        name = f"container {container.get('name')}"
        for resource in requests.keys() & most.keys():
            if requests[resource] > most[resource]:
                given, bound = amount_of(resource, requests[resource]), amount_of(resource, most[resource])
                yield name, f"requests {given} of {resource}, more than its limit, {bound}"
        for limit in limits:
            if limit.type == CONTAINER:
                yield from ((name, why) for why in _outside(limit, requests, most))
    for limit in limits:
        if limit.type == _POD:
            sums = [_of_the_pod(spec, {key: both[side] for key, both in completed.items()}) for side in (0, 1)]
            yield from (("the pod", why) for why in _outside(limit, *sums))


def _of_the_pod(spec: Mapping[str, Any], amounts: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
    """Combine the amounts of the containers, by their identity in this spec, to those of the pod."""

    def of_all(resource: str) -> int:
        return combined(spec, lambda container: amounts[id(container)].get(resource, 0))

    return {resource: of_all(resource) for resource in {key for of_one in amounts.values() for key in of_one}}


def refused_claim(spec: Mapping[str, Any], limits: list[Limit]) -> Iterator[str]:
    """Yield why admission refuses a PersistentVolumeClaim.

    Raises:
        ValueError: An amount is no quantity.
    """
    requests = _amounts(mapping(spec.get("resources")).get("requests"))
    for limit in limits:
        if limit.type == _CLAIM:
            yield from _outside(limit, requests, requests)


def _outside(limit: Limit, requests: Amounts, most: Amounts) -> Iterator[str]:
    for resource, least in limit.least.items():
        if requests.get(resource, 0) < least:
            given = amount_of(resource, requests.get(resource, 0))
            yield f"requests {given} of {resource}, less than the least, {amount_of(resource, least)}"
    for resource, largest in limit.most.items():
        if resource not in most:
            yield f"has no limit of {resource}, and {amount_of(resource, largest)} is the most"
        elif most[resource] > largest:
            given = amount_of(resource, most[resource])
            yield f"may use {given} of {resource}, more than the most, {amount_of(resource, largest)}"
    for resource, ratio in limit.ratio.items():
        if not requests.get(resource) or resource not in most:
            yield f"lacks a request or limit of {resource}, whose ratio is bounded by {ratio:g}"
        elif most[resource] / requests[resource] > ratio:
            times = most[resource] / requests[resource]
            yield f"may use {times:g} times the {resource} that it requests, more than {ratio:g} times"
