"""Services of every type; that a company has those of ClusterIP alone is SEC013's matter.

Source: ValidateService of k8s.io/kubernetes/pkg/apis/core/validation.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any, Final

from generator.admission import forms, metadata
from generator.admission.problem import Part, Problem
from generator.admission.ranges import LAST_PORT, check_bounds, check_needed, check_port, check_unique, check_words
from generator.kube.lenient import mapping, sequence, string, strings

_OF_A_BALANCER: Final = ("allocateLoadBalancerNodePorts", "loadBalancerClass", "loadBalancerSourceRanges")
_NOT_OF_A_NAME: Final = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
_FAMILIES: Final = ("IPv4", "IPv6")
_DAY: Final = 86400
_WORDS: Final = {
    "externalTrafficPolicy": ("Cluster", "Local"),
    "internalTrafficPolicy": ("Cluster", "Local"),
    "ipFamilyPolicy": ("PreferDualStack", "RequireDualStack", "SingleStack"),
    "sessionAffinity": ("ClientIP", "None"),
    "trafficDistribution": ("PreferClose", "PreferSameNode", "PreferSameZone"),
}


def check_service(part: Part) -> Iterator[Problem]:
    """Say what is wrong with the spec of a Service."""
    kind = string(part.data.get("type")) or "ClusterIP"
    yield from _check_type(part, kind)
    yield from metadata.check_labels(part, "selector")
    yield from check_words(part, _WORDS)
    yield from _check_ports(part, kind)
    yield from _check_addresses(part)
    yield from _check_external(part)
    yield from _check_affinity(part)


def _check_type(part: Part, kind: str) -> Iterator[Problem]:
    headless = part.data.get("clusterIP") == "None"
    if not sequence(part.data.get("ports")) and not headless and kind != "ExternalName":
        yield part.problem("a Service needs a port", "ports")
    if headless and kind in ("LoadBalancer", "NodePort"):
        yield part.problem(f"a Service of type {kind} has an address", "clusterIP", hint="remove it")
    if kind == "ExternalName":
        yield from check_needed(part, "externalName")
        name = string(part.data.get("externalName")).removesuffix(".")
        if name and not forms.DNS_NAME.fits(name):
            yield part.problem(forms.DNS_NAME.said_of(name), "externalName")
    for field in _not_of_type(part, kind):
        if part.data.get(field) not in (None, "", [], 0) or (field == _CLASS and field in part.data):
            yield part.problem(f"a Service of type {kind} has no {field}", field, hint="remove it")
    if kind == "LoadBalancer":
        for number, text in enumerate(sequence(part.data.get("loadBalancerSourceRanges"))):
            if fact := forms.network(string(text).strip()):
                yield part.problem(fact, "loadBalancerSourceRanges", number)
        if _CLASS in part.data and (fact := forms.key_problem(string(part.data[_CLASS]))):
            yield part.problem(fact, _CLASS)


_CLASS: Final = "loadBalancerClass"


def _not_of_type(part: Part, kind: str) -> Iterator[str]:
    """Yield the fields that a Service of a type does not have."""
    if kind == "ExternalName":
        yield from _NOT_OF_A_NAME
    if kind != "LoadBalancer":
        yield from _OF_A_BALANCER
    if kind not in ("LoadBalancer", "NodePort") and not part.data.get("externalIPs"):
        yield "externalTrafficPolicy"
    if kind != "LoadBalancer" or part.data.get("externalTrafficPolicy") != "Local":
        yield "healthCheckNodePort"


def _check_ports(part: Part, kind: str) -> Iterator[Problem]:
    ports, taken = sequence(part.data.get("ports")), list[tuple[Any, str]]()
    yield from check_unique(part, "ports", "name", what="port of the name")
    for number, item in enumerate(ports):
        port = part.below(mapping(item), "ports", number)
        if len(ports) > 1 and not port.data.get("name"):
            yield port.problem("where there are several ports, each has a name", hint="name it")
        yield from forms.DNS_LABEL.check(port, "name") if port.data.get("name") else ()
        yield from check_bounds(port, {"port": (1, LAST_PORT)})
        yield from check_port(port, "targetPort") if port.data.get("targetPort") != 0 else ()
        if "appProtocol" in port.data and (fact := forms.key_problem(string(port.data["appProtocol"]))):
            yield port.problem(fact, "appProtocol")
        of_node = (port.data.get("nodePort"), string(port.data.get("protocol")) or "TCP")
        if of_node[0] and kind == "ClusterIP":
            yield port.problem("a Service of type ClusterIP has no nodePort", "nodePort", hint="remove it")
        if of_node[0] and of_node in taken:
            yield port.problem(f"a second port has nodePort {of_node[0]}", "nodePort", hint="write another number")
        taken.append(of_node)
    yield from check_bounds(part, {"healthCheckNodePort": (0, LAST_PORT)})


def _check_addresses(part: Part) -> Iterator[Problem]:
    addresses = list(strings(part.data.get("clusterIPs")))
    first = part.data.get("clusterIP")
    if first not in (None, "", "None") and (fact := forms.address(first)):
        yield part.problem(fact, "clusterIP")
    if addresses and string(first) != addresses[0]:
        yield part.problem("the first of clusterIPs is clusterIP", "clusterIPs", hint="remove clusterIPs")
    for number, address in enumerate(addresses):
        if address == "None":
            if len(addresses) > 1:
                yield part.problem("None stands alone", "clusterIPs", number)
        elif fact := forms.address(address):
            yield part.problem(fact, "clusterIPs", number)
    families = list(strings(part.data.get("ipFamilies")))
    for number, family in enumerate(families):
        if family not in _FAMILIES:
            yield part.problem(f"{family!r} is not one of {', '.join(_FAMILIES)}", "ipFamilies", number)
        elif family in families[:number]:
            yield part.problem(f"{family} stands here twice", "ipFamilies", number)


_NEIGHBOURS: Final = (ipaddress.ip_network("224.0.0.0/24"), ipaddress.ip_network("ff02::/16"))
"""What is sent there stays on its own link."""


def _check_external(part: Part) -> Iterator[Problem]:
    for number, text in enumerate(strings(part.data.get("externalIPs"))):
        if fact := forms.address(text):
            yield part.problem(fact, "externalIPs", number)
            continue
        found = ipaddress.ip_address(text)
        near = any(found in network for network in _NEIGHBOURS)
        if found.is_unspecified or found.is_loopback or found.is_link_local or near:
            yield part.problem(f"{text} is an address that nobody else reaches", "externalIPs", number)


def _check_affinity(part: Part) -> Iterator[Problem]:
    config = mapping(mapping(part.data.get("sessionAffinityConfig")).get("clientIP"))
    if part.data.get("sessionAffinity", "None") == "None":
        if part.data.get("sessionAffinityConfig") is not None:
            fact = "it is read with sessionAffinity ClientIP alone"
            yield part.problem(fact, "sessionAffinityConfig", hint="remove it")
        return
    inner = part.below(config, "sessionAffinityConfig", "clientIP")
    yield from check_bounds(inner, {"timeoutSeconds": (1, _DAY)})
