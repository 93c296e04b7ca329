"""What a variable or a file of the downward API may say of its pod.

Source: validateObjectFieldSelector and validateContainerResourceFieldSelector of k8s.io/kubernetes/pkg/apis/core.
"""

import re
from collections.abc import Iterator
from typing import Final

from generator.admission import forms
from generator.admission.problem import Part, Problem
from generator.kube.lenient import string

_OF_A_FILE: Final = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
_OF_A_VARIABLE: Final = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_SUBSCRIPT: Final = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")
_AMOUNT: Final = re.compile(r"(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)")
_DIVISORS: Final = {
    "cpu": ("0", "1", "1m"),
    "other": ("0", *(f"1{unit}" for unit in ("", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))),
}


def check_field(part: Part, *, in_a_file: bool) -> Iterator[Problem]:
    """Say what is wrong with a `fieldRef`."""
    path = string(part.data.get("fieldPath"))
    if part.data.get("apiVersion", "v1") != "v1":
        yield part.problem("the API of a pod's fields is v1", "apiVersion")
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript:
        key = subscript[2].lower() if subscript[1] == "annotations" else subscript[2]
        if fact := forms.key_problem(key):
            yield part.problem(fact, "fieldPath")
        return
    choices = _OF_A_FILE if in_a_file else _OF_A_VARIABLE
    if path not in choices:
        yield part.problem(f"{forms.short(path)} is not one of {', '.join(choices)}", "fieldPath")


def check_resource_field(part: Part, *, in_a_file: bool) -> Iterator[Problem]:
    """Say what is wrong with a `resourceFieldRef`."""
    resource = string(part.data.get("resource"))
    if in_a_file and not part.data.get("containerName"):
        yield part.problem("a file needs the name of the container", hint="add containerName")
    amount = _AMOUNT.fullmatch(resource)
    if amount is None:
        fact = f"{forms.short(resource)} is not a request or a limit, such as limits.memory"
        yield part.problem(fact, "resource")
        return
    divisors = _DIVISORS["cpu" if amount[2] == "cpu" else "other"]
    if str(part.data.get("divisor", "0")) not in divisors:
        yield part.problem(f"the divisor {part.data['divisor']} is not one of {', '.join(divisors)}", "divisor")
