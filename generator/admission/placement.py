"""Where pods may run: tolerations, affinity, spread.

Source: ValidateTolerations, validateAffinity and validateTopologySpreadConstraints of Kubernetes.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from generator.admission import forms
from generator.admission.forms import Form
from generator.admission.problem import Part, Problem
from generator.admission.ranges import MOST, check_bounds, check_needed, check_words
from generator.kube.lenient import mapping, sequence, string

SYSCTL: Final = Form(
    re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"), 253, "the name of a sysctl"
)
_EFFECTS: Final = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_POLICIES: Final = ("Honor", "Ignore")
_NODE_OPERATORS: Final = ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn")


def check_placement(part: Part) -> Iterator[Problem]:
    """Say what is wrong with where the spec of a pod lets it run."""
    for number, item in enumerate(sequence(part.data.get("tolerations"))):
        yield from _check_toleration(part.below(mapping(item), "tolerations", number))
    for number, item in enumerate(sequence(part.data.get("topologySpreadConstraints"))):
        yield from _check_spread(part.below(mapping(item), "topologySpreadConstraints", number))
    affinity = mapping(part.data.get("affinity"))
    node = part.below(mapping(affinity.get("nodeAffinity")), "affinity", "nodeAffinity")
    yield from _check_node_affinity(node)
    for kind in ("podAffinity", "podAntiAffinity"):
        yield from _check_pod_affinity(part.below(mapping(affinity.get(kind)), "affinity", kind))


def _check_toleration(part: Part) -> Iterator[Problem]:
    key, operator = string(part.data.get("key")), string(part.data.get("operator")) or "Equal"
    if key and (fact := forms.key_problem(key)):
        yield part.problem(fact, "key")
    if operator not in ("Equal", "Exists"):
        yield part.problem(f"{operator!r} is not one of Equal, Exists", "operator")
    elif not key and operator != "Exists":
        yield part.problem("without a key the operator is Exists", hint="write operator: Exists")
    elif operator == "Exists" and part.data.get("value"):
        yield part.problem("Exists takes no value", "value", hint="remove it")
    elif operator == "Equal" and not forms.LABEL_VALUE.fits(string(part.data.get("value"))):
        yield part.problem(forms.LABEL_VALUE.said_of(string(part.data.get("value"))), "value")
    if part.data.get("effect"):
        yield from check_words(part, {"effect": _EFFECTS})
    if part.data.get("tolerationSeconds") is not None and part.data.get("effect") != "NoExecute":
        fact = "only a taint of NoExecute is tolerated for some seconds"
        yield part.problem(fact, "tolerationSeconds", hint="write effect: NoExecute, or remove it")


def _check_spread(part: Part) -> Iterator[Problem]:
    yield from check_bounds(part, {"maxSkew": (1, MOST), "minDomains": (1, MOST)})
    yield from check_needed(part, "topologyKey")
    yield from check_words(part, {"nodeAffinityPolicy": _POLICIES, "nodeTaintsPolicy": _POLICIES})
    if part.data.get("minDomains") is not None and part.data.get("whenUnsatisfiable") != "DoNotSchedule":
        yield part.problem("minDomains needs whenUnsatisfiable DoNotSchedule", "minDomains", hint="remove it")
    yield from _check_keys(part, ("matchLabelKeys",), "labelSelector")


def _check_keys(part: Part, fields: Sequence[str], selector: str) -> Iterator[Problem]:
    """Say what is wrong with label keys that stand beside a selector."""
    chosen = mapping(part.data.get(selector))
    used = set(mapping(chosen.get("matchLabels"))) | {
        string(mapping(item).get("key")) for item in sequence(chosen.get("matchExpressions"))
    }
    for field in fields:
        keys = sequence(part.data.get(field))
        if keys and selector not in part.data:
            yield part.problem(f"{field} needs a {selector} beside it", field)
        for number, key in enumerate(keys):
            if fact := forms.key_problem(str(key)):
                yield part.problem(fact, field, number)
            elif key in used:
                yield part.problem(f"{key} is chosen a second time", field, number, hint="keep one of the two")
        used |= set(map(str, keys))


def _check_node_affinity(part: Part) -> Iterator[Problem]:
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    terms = sequence(mapping(part.data.get(required)).get("nodeSelectorTerms"))
    if required in part.data and not terms:
        yield part.problem("it needs a term", required)
    for number, term in enumerate(terms):
        yield from _check_node_term(part.below(mapping(term), required, "nodeSelectorTerms", number))
    for number, item in enumerate(sequence(part.data.get(preferred))):
        weighed = part.below(mapping(item), preferred, number)
        yield from check_bounds(weighed, {"weight": (1, 100)})
        yield from _check_node_term(weighed.below(mapping(weighed.data.get("preference")), "preference"))


def _check_node_term(part: Part) -> Iterator[Problem]:
    for number, item in enumerate(sequence(part.data.get("matchExpressions"))):
        needs = part.below(mapping(item), "matchExpressions", number)
        yield from _check_node_requirement(needs)
        if fact := forms.key_problem(string(needs.data.get("key"))):
            yield needs.problem(fact, "key")
        for place, value in enumerate(sequence(needs.data.get("values"))):
            if not forms.LABEL_VALUE.fits(value):
                yield needs.problem(forms.LABEL_VALUE.said_of(str(value)), "values", place)
    for number, item in enumerate(sequence(part.data.get("matchFields"))):
        needs = part.below(mapping(item), "matchFields", number)
        values = sequence(needs.data.get("values"))
        known = needs.data.get("operator") in ("In", "NotIn") and len(values) == 1
        if needs.data.get("key") != "metadata.name" or not known:
            yield needs.problem("the only field is metadata.name, In or NotIn one value")
        elif not forms.DNS_NAME.fits(values[0]):
            yield needs.problem(forms.DNS_NAME.said_of(str(values[0])), "values", 0)


def _check_node_requirement(part: Part) -> Iterator[Problem]:
    operator, values = part.data.get("operator"), sequence(part.data.get("values"))
    if operator not in _NODE_OPERATORS:
        yield part.problem(f"{operator!r} is not one of {', '.join(_NODE_OPERATORS)}", "operator")
    elif operator in ("In", "NotIn") and not values:
        yield part.problem(f"{operator} needs values", hint="name the values, or write Exists")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield part.problem(f"{operator} takes no values", "values", hint="remove them")
    elif operator in ("Gt", "Lt") and len(values) != 1:
        yield part.problem(f"{operator} needs one value")


def _check_pod_affinity(part: Part) -> Iterator[Problem]:
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    preferred = "preferredDuringSchedulingIgnoredDuringExecution"
    for number, item in enumerate(sequence(part.data.get(required))):
        yield from _check_pod_term(part.below(mapping(item), required, number))
    for number, item in enumerate(sequence(part.data.get(preferred))):
        weighed = part.below(mapping(item), preferred, number)
        yield from check_bounds(weighed, {"weight": (1, 100)})
        yield from _check_pod_term(weighed.below(mapping(weighed.data.get("podAffinityTerm")), "podAffinityTerm"))


def _check_pod_term(part: Part) -> Iterator[Problem]:
    yield from check_needed(part, "topologyKey")
    if part.data.get("topologyKey") and (fact := forms.key_problem(string(part.data["topologyKey"]))):
        yield part.problem(fact, "topologyKey")
    for number, name in enumerate(sequence(part.data.get("namespaces"))):
        if not forms.DNS_LABEL.fits(name):
            yield part.problem(forms.DNS_LABEL.said_of(str(name)), "namespaces", number)
    yield from _check_keys(part, ("matchLabelKeys", "mismatchLabelKeys"), "labelSelector")
