"""The metadata of every object, and label selectors.

Source: k8s.io/apimachinery/pkg/api/validation/objectmeta.go, pkg/apis/meta/v1/validation.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.admission import forms
from generator.admission.forms import Form
from generator.admission.problem import Part, Problem
from generator.kube.lenient import mapping, sequence, string

NAMES: Final[Mapping[str, Form]] = {
    "Namespace": forms.DNS_LABEL,
    "PodDisruptionBudget": forms.SEGMENT,
    "Service": forms.DNS_LABEL,
    "StatefulSet": forms.DNS_LABEL,
    "ClusterRole": forms.SEGMENT,
    "ClusterRoleBinding": forms.SEGMENT,
    "Role": forms.SEGMENT,
    "RoleBinding": forms.SEGMENT,
}
"""Form of an object's own name where it is not a DNS name; the API server takes any name of a budget."""

_ANNOTATIONS: Final = 256 * 1024
_OF_GIT: Final = ("name", "namespace", "labels", "annotations", "finalizers")
_FINALIZERS: Final = ("foregroundDeletion", "orphan", "kubernetes")


def check_object(whole: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what is wrong with the metadata of an object."""
    part = Part(("metadata",), mapping(whole.get("metadata")), whole)
    if not part.data.get("name"):
        yield part.problem("an object needs a name")
    else:
        yield from NAMES.get(str(whole.get("kind")), forms.DNS_NAME).check(part, "name")
    yield from forms.DNS_LABEL.check(part, "namespace")
    for number, name in enumerate(sequence(part.data.get("finalizers"))):
        qualified = "/" in str(name) or whole.get("kind") == "PodDisruptionBudget"
        known = name in _FINALIZERS or (qualified and not forms.key_problem(str(name)))
        if not known:
            fact = f"{name!r} is not the qualified name of a finalizer"
            yield part.problem(fact, "finalizers", number, hint="write it as example.com/name")
    if {"foregroundDeletion", "orphan"} <= set(map(str, sequence(part.data.get("finalizers")))):
        yield part.problem("foregroundDeletion and orphan exclude each other", "finalizers", hint="keep one of the two")


def check_labels_and_annotations(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the labels and annotations of an object, or of a template of one."""
    yield from check_labels(part, "labels")
    for key in sorted(part.data.keys() - set(_OF_GIT)):
        yield part.problem("the cluster writes this field, not git", key, hint="remove it")
    size = 0
    for key, value in mapping(part.data.get("annotations")).items():
        if fact := forms.key_problem(key.lower()):
            yield part.problem(fact, "annotations", key)
        size += len(key.encode()) + len(str(value).encode())
    if size > _ANNOTATIONS:
        yield part.problem(f"annotations of {size} bytes, and {_ANNOTATIONS} is the most", "annotations")


def check_labels(part: Part, *steps: str) -> Iterator[Problem]:
    """Say what is wrong with labels that stand below a part."""
    labels: Any = part.data
    for step in steps:
        labels = mapping(labels).get(step)
    for key, value in mapping(labels).items():
        if fact := forms.key_problem(key):
            yield part.problem(fact, *steps, key)
        if isinstance(value, str) and not forms.LABEL_VALUE.fits(value):
            yield part.problem(forms.LABEL_VALUE.said_of(value), *steps, key)


_WITH_VALUES: Final = ("In", "NotIn")
_WITHOUT: Final = ("Exists", "DoesNotExist")


def check_selector(part: Part) -> Iterator[Problem]:
    """Say what is wrong with a label selector."""
    yield from check_labels(part, "matchLabels")
    for number, item in enumerate(sequence(part.data.get("matchExpressions"))):
        yield from _check_requirement(part.below(mapping(item), "matchExpressions", number))


def _check_requirement(part: Part) -> Iterator[Problem]:
    if fact := forms.key_problem(str(part.data.get("key", ""))):
        yield part.problem(fact, "key")
    operator, values = part.data.get("operator"), sequence(part.data.get("values"))
    if operator not in (*_WITH_VALUES, *_WITHOUT):
        choices = ", ".join((*_WITH_VALUES, *_WITHOUT))
        yield part.problem(f"{operator!r} is not one of {choices}", "operator")
    elif operator in _WITH_VALUES and not values:
        yield part.problem(f"{operator} needs values", hint="name the values, or write Exists")
    elif operator in _WITHOUT and values:
        yield part.problem(f"{operator} takes no values", "values", hint="remove them")
    for number, value in enumerate(values):
        if isinstance(value, str) and not forms.LABEL_VALUE.fits(value):
            yield part.problem(forms.LABEL_VALUE.said_of(value), "values", number)


def unmatched(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    """Return what a selector asks for and labels do not have, or nothing where it selects them.

    Args:
        selector: The selector.
        labels: Those of a pod.
    """
    for key, value in mapping(selector.get("matchLabels")).items():
        if labels.get(key) != value:
            return f"{key}: {value}"
    for item in sequence(selector.get("matchExpressions")):
        asked = mapping(item)
        label, operator, values = string(asked.get("key")), asked.get("operator"), sequence(asked.get("values"))
        fits = {
            "In": labels.get(label) in values,
            "NotIn": labels.get(label) not in values,
            "Exists": label in labels,
            "DoesNotExist": label not in labels,
        }
        if not fits.get(str(operator), True):
            return " ".join([label, str(operator), *map(str, values)])
    return ""
