"""What a release's quotas allow whatever the plan, to be compared. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.findings.finding import Place
from generator.kube.lenient import mapping
from generator.reading import quantity


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A ResourceQuota as base/ writes it: what is a fact of the company stands there as 0.

    Attributes:
        name: Its name.
        hard: What it allows, by resource.
        place: Where it is written.
    """

    name: str
    hard: Mapping[str, str]
    place: Place


def raised(before: Sequence[Ceiling], after: Ceiling) -> Iterator[tuple[str, str, str]]:
    """Yield the resources of which a quota allows more than one of its name did, with how much then and now.

    Args:
        before: Quotas of the same name; what one of them does not bound cannot be raised.
        after: The quota.
    """
    for resource in sorted(set.intersection(*(set(one.hard) for one in before)) if before else ()):
        was = max((one.hard[resource] for one in before), key=_number)
        now = after.hard.get(resource)
        if now is None or _number(now) > _number(was):
            yield resource, was, now or "unbounded"


def _number(text: str) -> float:
    try:
        return float(quantity.number(text))
    except ValueError:
        return 0  # K8S001 says so


def hard_of(quota: Mapping[str, object]) -> Mapping[str, str]:
    """Return what a ResourceQuota allows, by resource."""
    return {str(key): str(value) for key, value in mapping(mapping(quota.get("spec")).get("hard")).items()}
