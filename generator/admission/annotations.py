"""Annotations of pods that the API server reads, and those that nobody reads any more.

Source: ValidatePodSpecificAnnotations of k8s.io/kubernetes/pkg/apis/core/validation.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.admission.problem import Part, Problem
from generator.admission.ranges import MOST
from generator.kube.lenient import mapping, mappings, string

_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES: Final = ("", "runtime/default", "unconfined")
_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
_INTEGER: Final = re.compile("0|-?[1-9][0-9]{0,9}")
_GONE: Final[Mapping[str, str]] = {
    "container.seccomp.security.alpha.kubernetes.io/": "write securityContext.seccompProfile",
    "kubernetes.io/config.mirror": "remove it",
    "scheduler.alpha.kubernetes.io/affinity": "write affinity",
    "scheduler.alpha.kubernetes.io/tolerations": "write tolerations",
    "seccomp.security.alpha.kubernetes.io/pod": "write securityContext.seccompProfile",
}
"""What nobody reads of a template, and what to write."""


def check_annotations(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the annotations of the template of a pod."""
    spec = mapping(part.data.get("spec"))
    for key, value in mapping(mapping(part.data.get("metadata")).get("annotations")).items():
        fact, hint = _problem(key, string(value), spec)
        if fact:
            yield part.problem(fact, "metadata", "annotations", key, hint=hint)


def _problem(key: str, value: str, spec: Mapping[str, Any]) -> tuple[str, str]:
    for old, hint in _GONE.items():
        if key == old or (old.endswith("/") and key.startswith(old)):
            return "nobody reads this annotation of a template", hint
    if key == _COST and not (_INTEGER.fullmatch(value) and -MOST - 1 <= int(value) <= MOST):
        return f"{value!r} is not a whole number of 32 bits", ""
    if key.startswith(_APPARMOR):
        return _profile_problem(key.removeprefix(_APPARMOR), value, spec), "write securityContext.appArmorProfile"
    return "", ""


def _profile_problem(name: str, value: str, spec: Mapping[str, Any]) -> str:
    containers = [*mappings(spec.get("initContainers")), *mappings(spec.get("containers"))]
    if name not in [container.get("name") for container in containers]:
        return f"there is no container {name} in this pod"
    if value not in _PROFILES and not value.startswith("localhost/"):
        return f"{value!r} is no profile of AppArmor"
    contexts = [mapping(holder.get("securityContext")) for holder in (spec, *containers)]
    return "an appArmorProfile says it as well" if any("appArmorProfile" in context for context in contexts) else ""
