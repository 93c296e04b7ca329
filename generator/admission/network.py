"""NetworkPolicies and Ingresses.

Source: pkg/apis/networking/validation of k8s.io/kubernetes.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any, Final

from generator.admission import forms
from generator.admission.problem import Part, Problem
from generator.admission.ranges import LAST_PORT, check_bounds, check_needed, check_one_of, check_port
from generator.kube.lenient import mapping, sequence, string

# --- NetworkPolicies


def check_policy(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a NetworkPolicy."""
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for number, item in enumerate(sequence(part.data.get(direction))):
            rule = part.below(mapping(item), direction, number)
            for place, port in enumerate(sequence(rule.data.get("ports"))):
                yield from _check_policy_port(rule.below(mapping(port), "ports", place))
            for place, peer in enumerate(sequence(rule.data.get(side))):
                yield from _check_peer(rule.below(mapping(peer), side, place))
    types = sequence(part.data.get("policyTypes"))
    if len(types) > 2:  # noqa: PLR2004 -- in and out
        yield part.problem(f"{len(types)} types, and there are two", "policyTypes")


def _check_policy_port(part: Part) -> Iterator[Problem]:
    yield from check_port(part, "port")
    last, first = part.data.get("endPort"), part.data.get("port")
    if last is None:
        return
    if not isinstance(first, int):
        yield part.problem("endPort needs a number as port", "endPort")
    elif isinstance(last, int) and last < first:
        yield part.problem(f"endPort {last} is less than port {first}", "endPort")
    yield from check_bounds(part, {"endPort": (1, LAST_PORT)})


def _check_peer(part: Part) -> Iterator[Problem]:
    if not part.data:
        yield part.problem("a peer needs an ipBlock, a podSelector or a namespaceSelector")
    block = part.data.get("ipBlock")
    if block is None:
        return
    if len(part.data) > 1:
        hint = "write the selectors as a peer of their own"
        yield part.problem("ipBlock stands beside no selector", "ipBlock", hint=hint)
    inner = part.below(mapping(block), "ipBlock")
    if fact := forms.network(inner.data.get("cidr")):
        yield inner.problem(fact, "cidr")
        return
    whole = ipaddress.ip_network(str(inner.data["cidr"]), strict=False)
    for number, item in enumerate(sequence(inner.data.get("except"))):
        if fact := forms.network(item):
            yield inner.problem(fact, "except", number)
        elif not _is_inside(whole, ipaddress.ip_network(str(item), strict=False)):
            yield inner.problem(f"{item} is not a part of {inner.data['cidr']}", "except", number, hint="remove it")


def _is_inside(whole: Any, part: Any) -> bool:
    return bool(whole.version == part.version and part.subnet_of(whole) and part != whole)


# --- Ingresses

_CLASS: Final = "kubernetes.io/ingress.class"


def check_ingress(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of an Ingress."""
    rules = sequence(part.data.get("rules"))
    if not rules and "defaultBackend" not in part.data:
        yield part.problem("an Ingress needs a rule or a defaultBackend")
    if "defaultBackend" in part.data:
        yield from _check_backend(part.below(mapping(part.data["defaultBackend"]), "defaultBackend"))
    yield from forms.DNS_NAME.check(part, "ingressClassName")
    annotations = mapping(mapping(part.whole.get("metadata")).get("annotations"))
    if _CLASS in annotations and part.data.get("ingressClassName") is not None:
        fact = f"it stands beside the annotation {_CLASS}"
        yield part.problem(fact, "ingressClassName", hint="remove the annotation")
    for number, item in enumerate(rules):
        rule = part.below(mapping(item), "rules", number)
        yield from _check_host(rule, rule.data.get("host"), "host")
        http = mapping(rule.data.get("http"))
        if "http" in rule.data and not sequence(http.get("paths")):
            yield rule.problem("it needs a path", "http", "paths")
        for place, path in enumerate(sequence(http.get("paths"))):
            yield from _check_path(rule.below(mapping(path), "http", "paths", place))
    for number, item in enumerate(sequence(part.data.get("tls"))):
        tls = part.below(mapping(item), "tls", number)
        for place, host in enumerate(sequence(tls.data.get("hosts"))):
            yield from _check_host(tls, host, "hosts", place)
        yield from forms.DNS_NAME.check(tls, "secretName") if tls.data.get("secretName") else ()


def _check_host(part: Part, host: Any, *steps: str | int) -> Iterator[Problem]:
    if not host:
        return
    if not forms.address(host):
        yield part.problem("a host is a DNS name, not an address", *steps)
    elif not (forms.WILDCARD_NAME if "*" in str(host) else forms.DNS_NAME).fits(host):
        yield part.problem(forms.DNS_NAME.said_of(str(host)), *steps)


_NOT_IN_PATHS: Final = ("//", "/./", "/../", "%2f", "%2F")


def _check_path(part: Part) -> Iterator[Problem]:
    path, kind = string(part.data.get("path")), part.data.get("pathType")
    yield from check_needed(part, "pathType")
    if kind in ("Exact", "Prefix"):
        if not path.startswith("/"):
            yield part.problem(f"{forms.short(path)} does not begin with '/'", "path")
        for text in _NOT_IN_PATHS:
            if text in path:
                yield part.problem(f"{forms.short(path)} holds {text!r}", "path")
        if path.endswith(("/..", "/.")):
            yield part.problem(f"{forms.short(path)} ends in '.'", "path")
    elif path and not path.startswith("/"):
        yield part.problem(f"{forms.short(path)} does not begin with '/'", "path")
    yield from _check_backend(part.below(mapping(part.data.get("backend")), "backend"))


def _check_backend(part: Part) -> Iterator[Problem]:
    yield from check_one_of(part, "the backend", ("resource", "service"))
    if "service" not in part.data:
        resource = part.below(mapping(part.data.get("resource")), "resource")
        yield from check_needed(resource, "kind", "name") if "resource" in part.data else ()
        yield from forms.DNS_NAME.check(resource, "apiGroup")
        for field in ("kind", "name"):
            yield from forms.SEGMENT.check(resource, field) if resource.data.get(field) else ()
        return
    service = part.below(mapping(part.data["service"]), "service")
    yield from check_needed(service, "name")
    yield from forms.DNS_LABEL.check(service, "name") if service.data.get("name") else ()
    port = service.below(mapping(service.data.get("port")), "port")
    given = {key: value for key, value in port.data.items() if value not in ("", 0)}
    yield from check_one_of(Part(port.path, given, port.whole), "the port of a backend", ("name", "number"))
    yield from forms.PORT_NAME.check(port, "name") if port.data.get("name") else ()
    yield from check_bounds(port, {"number": (0, LAST_PORT)})
