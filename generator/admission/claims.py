"""Claims of volumes, and the amounts that claims and containers ask for.

Source: ValidatePersistentVolumeClaimSpec and ValidateContainerResourceRequirements of Kubernetes.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from generator.admission import forms
from generator.admission.problem import Part, Problem
from generator.admission.ranges import check_needed, check_words
from generator.kube.lenient import mapping, mappings, sequence, string
from generator.reading.quantity import number

_MODES: Final = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_OF_A_CLAIM: Final = ("PersistentVolumeClaim",)
NATIVE: Final = ("cpu", "memory", "ephemeral-storage")
HUGE: Final = "hugepages-"
_OF_KUBERNETES: Final = "kubernetes.io/"


def check_claim(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a claim."""
    modes = sequence(part.data.get("accessModes"))
    if not modes:
        yield part.problem("a claim needs an access mode", hint="write accessModes")
    if "ReadWriteOncePod" in modes and any(mode != "ReadWriteOncePod" for mode in modes):
        yield part.problem("ReadWriteOncePod stands beside no other mode", "accessModes")
    resources = mapping(part.data.get("resources"))
    storage = amount_of(mapping(resources.get("requests")).get("storage"))
    if mapping(resources.get("requests")).get("storage") is None:
        yield part.problem("a claim needs a size", "resources", "requests", hint="write resources.requests.storage")
    elif storage is not None and storage <= 0:
        yield part.problem("the size of a claim is more than 0", "resources", "requests", "storage")
    yield from forms.DNS_NAME.check(part, "storageClassName") if part.data.get("storageClassName") else ()
    yield from (
        forms.DNS_NAME.check(part, "volumeAttributesClassName") if part.data.get("volumeAttributesClassName") else ()
    )
    yield from check_words(part, {"volumeMode": ("Block", "Filesystem")})
    for field in ("dataSource", "dataSourceRef"):
        if field in part.data:
            yield from _check_source(part.below(mapping(part.data[field]), field))
    if {"dataSource", "dataSourceRef"} <= part.data.keys() and part.data["dataSource"] != part.data["dataSourceRef"]:
        yield part.problem("dataSource and dataSourceRef differ", "dataSourceRef", hint="keep one of the two")


def _check_source(part: Part) -> Iterator[Problem]:
    yield from check_needed(part, "name", "kind")
    yield from forms.DNS_NAME.check(part, "apiGroup") if part.data.get("apiGroup") else ()
    if not part.data.get("apiGroup") and part.data.get("kind") not in (None, *_OF_A_CLAIM):
        yield part.problem("without an apiGroup it can be a PersistentVolumeClaim alone", "kind")


def of_templates(whole: Mapping[str, Any]) -> frozenset[str]:
    """Return the volumes that the claim templates of a StatefulSet bring into its pods; none of another object."""
    templates = mappings(mapping(whole.get("spec")).get("volumeClaimTemplates"))
    return frozenset(string(mapping(template.get("metadata")).get("name")) for template in templates)


def amount_of(value: Any) -> Decimal | None:
    """Return a quantity as a number, or None where it is none: the schema says that."""
    try:
        return number(str(value))
    except ValueError:
        return None


def check_amounts(part: Part, *, pod: bool = False) -> Iterator[Problem]:
    """Say what is wrong with the requests and limits of a container, or of a pod as a whole."""
    requests, limits = mapping(part.data.get("requests")), mapping(part.data.get("limits"))
    if part.data.get("claims"):
        yield part.problem("tenantry does not know what the API server checks of it", "claims", hint="remove it")
    for side, amounts in (("requests", requests), ("limits", limits)):
        for resource in amounts:
            if fact := resource_problem(resource, pod=pod):
                yield part.problem(fact, side, resource)
    for resource, wanted in requests.items():
        asked, most = amount_of(wanted), amount_of(limits.get(resource))
        if limits.get(resource) is None:
            if not may_be_overcommitted(resource):
                yield part.problem(f"{resource} needs a limit that is its request", "requests", resource)
        elif asked is not None and most is not None and asked > most:
            yield part.problem(f"{wanted} is more than the limit {limits[resource]}", "requests", resource)
        elif asked != most and not may_be_overcommitted(resource):
            yield part.problem(f"the request of {resource} is not its limit", "requests", resource)
    yield from _check_whole(part, {"requests": requests, "limits": limits})


def is_a_count(resource: str) -> bool:
    """Say whether a resource is of a device, or counts objects: there are no halves."""
    return "/" in resource and _OF_KUBERNETES not in resource and not resource.startswith("requests.")


def may_be_overcommitted(resource: str) -> bool:
    """Say whether the request of a resource may be less than its limit."""
    return resource in NATIVE or _OF_KUBERNETES in resource


def _check_whole(part: Part, sides: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    named = {resource for amounts in sides.values() for resource in amounts}
    huge = sorted(resource for resource in named if resource.startswith(HUGE))
    if huge and not named & {"cpu", "memory"}:
        side = "limits" if huge[0] in sides["limits"] else "requests"
        yield part.problem(f"{huge[0]} needs cpu or memory beside it", side, huge[0])
    for side, amounts in sides.items():
        for resource, text in amounts.items():
            value = amount_of(text)
            page = amount_of(resource.removeprefix(HUGE)) if resource.startswith(HUGE) else None
            if page and value is not None and value % page:
                yield part.problem(f"{text} is no multiple of {resource.removeprefix(HUGE)}", side, resource)
            whole = not may_be_overcommitted(resource) and not resource.startswith(HUGE)
            if whole and value is not None and value != value.to_integral_value():
                yield part.problem(f"{resource} is a count, and {text} is not whole", side, resource)


def resource_problem(resource: str, *, pod: bool = False) -> str:
    """Say why a resource is none of a container's, or of a pod's as a whole; or nothing."""
    if resource in ("cpu", "memory") or resource.startswith(HUGE):
        return ""
    if pod:
        return f"{resource} is not a resource of a pod: it takes cpu, memory and huge pages"
    if resource in NATIVE:
        return ""
    if fact := forms.key_problem(resource):
        return fact
    if "/" not in resource:
        return f"{resource} is not a resource of a container: it takes cpu, memory, ephemeral-storage or a device"
    if resource.startswith("requests."):
        return f"{resource} is the name of a quota, not of a resource"
    return ""
