"""Containers: their names, ports, variables, probes, hooks and security context.

Source: validateContainers and validateInitContainers of k8s.io/kubernetes/pkg/apis/core/validation.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.admission import forms, ranges, references
from generator.admission.claims import check_amounts
from generator.admission.problem import Part, Problem
from generator.admission.ranges import MOST, check_bounds, check_needed, check_one_of, check_unique, check_words
from generator.kube.lenient import mapping, sequence, string, strings
from generator.kube.pods import is_sidecar

PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS: Final = ("postStart", "preStop")
_OF_A_PROBE: Final = ("exec", "grpc", "httpGet", "tcpSocket")
_OF_A_HOOK: Final = ("exec", "httpGet", "sleep", "tcpSocket")
_OF_A_VARIABLE: Final = ("configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef")
_OF_VARIABLES: Final = ("configMapRef", "secretRef")
_GRACE: Final = 30
"""Of a pod that says none."""


def check_container(part: Part, pod: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what is wrong with a container, but for its mounts, which are the pod's matter.

    Args:
        part: The container.
        pod: The spec of its pod.
    """
    yield from forms.DNS_LABEL.check(part, "name")
    image = part.data.get("image")
    if not image:
        yield part.problem("a container needs an image")
    elif isinstance(image, str) and image != image.strip():
        yield part.problem(f"{forms.short(image)} has a blank at its begin or end", "image")
    yield from check_words(part, {"terminationMessagePolicy": ("FallbackToLogsOnError", "File")})
    yield from _check_ports(part, pod)
    yield from _check_variables(part)
    yield from check_amounts(part.below(mapping(part.data.get("resources")), "resources"))
    for probe in PROBES:
        if probe in part.data:
            yield from _check_probe(part.below(mapping(part.data[probe]), probe), probe)
    lifecycle = mapping(part.data.get("lifecycle"))
    for hook in _HOOKS:
        if hook in lifecycle:
            yield from _check_hook(part.below(mapping(lifecycle[hook]), "lifecycle", hook), pod)
    yield from check_security(part.below(mapping(part.data.get("securityContext")), "securityContext"), pod)
    yield from _check_resize(part)


def check_init_container(part: Part) -> Iterator[Problem]:
    """Say what an init container may not have besides."""
    if part.data.get("restartPolicy", "Always") not in ("Always", "Never", "OnFailure"):
        yield part.problem(f"{part.data['restartPolicy']!r} is not one of Always, Never, OnFailure", "restartPolicy")
    if is_sidecar(part.data):
        return
    for field in ("lifecycle", *PROBES):
        if field in part.data:
            hint = "remove it, or write restartPolicy: Always"
            yield part.problem(f"an init container that ends has no {field}", field, hint=hint)


def _check_resize(part: Part) -> Iterator[Problem]:
    yield from check_unique(part, "resizePolicy", "resourceName", what="resize policy of")
    for number, item in enumerate(sequence(part.data.get("resizePolicy"))):
        inner = part.below(mapping(item), "resizePolicy", number)
        words = {"resourceName": ("cpu", "memory"), "restartPolicy": ("NotRequired", "RestartContainer")}
        yield from check_words(inner, words)


# --- ports


def _check_ports(part: Part, pod: Mapping[str, Any]) -> Iterator[Problem]:
    yield from check_unique(part, "ports", "name", what="port of the name")
    for number, item in enumerate(sequence(part.data.get("ports"))):
        port = part.below(mapping(item), "ports", number)
        yield from forms.PORT_NAME.check(port, "name") if port.data.get("name") else ()
        yield from check_bounds(port, {"containerPort": (1, ranges.LAST_PORT), "hostPort": (0, ranges.LAST_PORT)})
        if pod.get("hostNetwork") and port.data.get("hostPort") not in (None, 0, port.data.get("containerPort")):
            yield port.problem("with hostNetwork it is the containerPort", "hostPort")


# --- variables


_READ: Final = re.compile(r"(?<!\$)\$\(([^()]+)\)")


def _check_variables(part: Part) -> Iterator[Problem]:
    names = [string(mapping(item).get("name")) for item in sequence(part.data.get("env"))]
    for number, item in enumerate(sequence(part.data.get("env"))):
        variable = part.below(mapping(item), "env", number)
        yield from _check_variable(variable)
        for name in _READ.findall(string(variable.data.get("value"))):
            if name in names[number:] and name not in names[:number]:
                fact = f"$({name}) stays as it is: the variable comes later, and only earlier ones are put in"
                yield variable.problem(fact, "value", hint=f"write {name} above it")
    for number, item in enumerate(sequence(part.data.get("envFrom"))):
        source = part.below(mapping(item), "envFrom", number)
        if source.data.get("prefix"):
            yield from forms.VARIABLE.check(source, "prefix")
        yield from check_one_of(source, "the source of variables", _OF_VARIABLES)
        for kind in _OF_VARIABLES:
            if kind in source.data:
                yield from check_object_name(source.below(mapping(source.data[kind]), kind))


def _check_variable(part: Part) -> Iterator[Problem]:
    yield from check_needed(part, "name")
    yield from forms.VARIABLE.check(part, "name") if part.data.get("name") else ()
    if "valueFrom" not in part.data:
        return
    if part.data.get("value"):
        fact = "a variable has a value or a valueFrom, and this one has both"
        yield part.problem(fact, "valueFrom", hint="keep one of the two")
    source = part.below(mapping(part.data["valueFrom"]), "valueFrom")
    yield from check_one_of(source, "the source of a value", _OF_A_VARIABLE)
    for kind in ("secretKeyRef", "configMapKeyRef"):
        if kind in source.data:
            inner = source.below(mapping(source.data[kind]), kind)
            yield from check_object_name(inner)
            yield from check_needed(inner, "key")
            yield from forms.CONFIG_KEY.check(inner, "key") if inner.data.get("key") else ()
    if "fieldRef" in source.data:
        yield from references.check_field(source.below(mapping(source.data["fieldRef"]), "fieldRef"), in_a_file=False)
    if "resourceFieldRef" in source.data:
        inner = source.below(mapping(source.data["resourceFieldRef"]), "resourceFieldRef")
        yield from references.check_resource_field(inner, in_a_file=False)
    if "fileKeyRef" in source.data:
        yield source.problem(
            "tenantry does not know what a fileKeyRef must be", "fileKeyRef", hint="use a secretKeyRef"
        )


def check_object_name(part: Part) -> Iterator[Problem]:
    """Say that a reference has no name, or none that an object can have."""
    yield from check_needed(part, "name")
    yield from forms.DNS_NAME.check(part, "name") if part.data.get("name") else ()


# --- probes and hooks


def _check_probe(part: Part, probe: str) -> Iterator[Problem]:
    yield from check_one_of(part, "what a probe asks", _OF_A_PROBE)
    counts = ("failureThreshold", "initialDelaySeconds", "periodSeconds", "successThreshold", "timeoutSeconds")
    yield from check_bounds(part, dict.fromkeys(counts, (0, MOST)))
    yield from check_bounds(part, {"terminationGracePeriodSeconds": (1, 1 << 62)})
    if probe == "readinessProbe" and "terminationGracePeriodSeconds" in part.data:
        fact = "a readinessProbe ends no container, and has no grace period"
        yield part.problem(fact, "terminationGracePeriodSeconds", hint="remove it")
    if probe != "readinessProbe" and part.data.get("successThreshold", 1) not in (0, 1):
        yield part.problem(f"the successThreshold of a {probe} is 1", "successThreshold", hint="remove it")
    yield from _check_handlers(part)


def _check_hook(part: Part, pod: Mapping[str, Any]) -> Iterator[Problem]:
    yield from check_one_of(part, "what a hook does", _OF_A_HOOK)
    yield from _check_handlers(part)
    grace = pod.get("terminationGracePeriodSeconds", _GRACE)
    seconds = mapping(part.data.get("sleep")).get("seconds")
    if isinstance(seconds, int) and isinstance(grace, int) and not 0 <= seconds <= grace:
        fact = f"it sleeps for {seconds} seconds, and the pod has {grace} to end"
        hint = "sleep for less, or raise terminationGracePeriodSeconds"
        yield part.problem(fact, "sleep", "seconds", hint=hint)


def _check_handlers(part: Part) -> Iterator[Problem]:
    if "exec" in part.data and not mapping(part.data["exec"]).get("command"):
        yield part.problem("it needs a command", "exec")
    if "grpc" in part.data:
        yield from check_bounds(part.below(mapping(part.data["grpc"]), "grpc"), {"port": (1, ranges.LAST_PORT)})
    if "tcpSocket" in part.data:
        yield from ranges.check_port(part.below(mapping(part.data["tcpSocket"]), "tcpSocket"), "port")
    if "httpGet" not in part.data:
        return
    request = part.below(mapping(part.data["httpGet"]), "httpGet")
    yield from ranges.check_port(request, "port")
    yield from check_words(request, {"scheme": ("HTTP", "HTTPS")})
    for number, item in enumerate(sequence(request.data.get("httpHeaders"))):
        header = request.below(mapping(item), "httpHeaders", number)
        yield from forms.HEADER.check(header, "name")


# --- security context

_SECCOMP: Final = ("Localhost", "RuntimeDefault", "Unconfined")


def check_security(part: Part, pod: Mapping[str, Any]) -> Iterator[Problem]:
    """Say what is wrong with the security context of a container.

    Args:
        part: The security context.
        pod: The spec of the pod.
    """
    yield from check_identity(part)
    yield from check_words(part, {"procMount": ("Default", "Unmasked")})
    if part.data.get("procMount") == "Unmasked" and pod.get("hostUsers") is not False:
        yield part.problem("an unmasked procMount needs the pod's hostUsers: false", "procMount")
    if part.data.get("allowPrivilegeEscalation") is False:
        added = set(strings(mapping(part.data.get("capabilities")).get("add")))
        if part.data.get("privileged"):
            yield part.problem("privileged needs allowPrivilegeEscalation", "allowPrivilegeEscalation")
        if added & {"CAP_SYS_ADMIN"}:
            yield part.problem("CAP_SYS_ADMIN needs allowPrivilegeEscalation", "allowPrivilegeEscalation")


def check_identity(part: Part) -> Iterator[Problem]:
    """Say what is wrong in what the security contexts of a pod and of a container share."""
    yield from check_bounds(part, dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), (0, MOST)))
    for field in ("seccompProfile", "appArmorProfile"):
        if field in part.data:
            yield from _check_profile(part.below(mapping(part.data[field]), field))
    if part.data.get("windowsOptions") is not None:
        yield part.problem("tenantry knows pods of Linux alone", "windowsOptions", hint="remove it")


def _check_profile(part: Part) -> Iterator[Problem]:
    yield from check_words(part, {"type": _SECCOMP})
    local = string(part.data.get("localhostProfile"))
    if part.data.get("type") == "Localhost":
        if not local.strip():
            yield part.problem("Localhost needs a localhostProfile")
        elif local != local.strip():
            yield part.problem("a profile has no blank at its begin or end", "localhostProfile")
        elif local.startswith("/") or ".." in local.split("/"):
            yield part.problem("a profile is a path inside the folder of profiles", "localhostProfile")
    elif "localhostProfile" in part.data:
        yield part.problem("it is read with type Localhost alone", "localhostProfile", hint="remove it")
