"""SEC: services, routes and Ingresses let nobody in but by the company's own hosts."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.findings.finding import Found
from generator.findings.rule import Firm
from generator.kube.lenient import Object, mapping, mappings, sequence, spec_of, strings
from generator.kube.pods import container_of, pod_spec
from generator.model import response_headers
from generator.reading.schema import Path
from generator.render.rendered import Rendered, identity
from generator.rules.relations import behind
from generator.rules.rule import Per, rule


@rule(
    "SEC013",
    per=Per.CLASS,
    title="a Service is a ClusterIP in front of the company's own pods",
    why="Any other kind opens a door beside the Gateway, or leads to addresses of others.",
    fix="Write type: ClusterIP and a selector.",
    source="https://kubernetes.io/docs/concepts/services-networking/service/",
    behind=("isolation",),
)
def services_stay_inside(rendered: Rendered) -> Iterator[Found]:
    """A Service is a ClusterIP in front of this namespace's pods: no door of its own, no address of others."""
    for service in rendered.of_kind("Service"):
        spec = spec_of(service)
        kind = spec.get("type", "ClusterIP")
        if kind != "ClusterIP":
            yield rendered.found(service, f"type is {kind}", "write ClusterIP; routes lead in from outside")
        for key in ("externalIPs", "loadBalancerIP", "externalName"):
            if spec.get(key):
                yield rendered.found(service, f"{key} is set")
        if not spec.get("selector") and kind != "ExternalName":
            yield rendered.found(service, "it has no selector, so it leads wherever its endpoints say")
    for obj in rendered.of_kind("Endpoints", "EndpointSlice"):
        yield rendered.found(obj, "addresses behind a Service are written by hand", "let a selector choose")


_INGRESS_ANNOTATIONS: Final = ("argocd.argoproj.io/", "cert-manager.io/", "tenantry.dev/", "link.argocd.argoproj.io/")


@rule(
    "SEC014",
    per=Per.CLASS,
    title="an Ingress carries no annotation of a controller",
    why="Snippets run in the controller that all companies share; aliases and middlewares reach other hosts.",
    fix="Remove the annotation.",
    source="https://kubernetes.io/docs/concepts/services-networking/ingress/",
    behind=("isolation",),
)
def ingresses_only_route(rendered: Rendered) -> Iterator[Found]:
    """An Ingress carries no annotation of a controller: snippets, aliases and foreign middlewares are written so."""
    for ingress in rendered.of_kind("Ingress"):
        for key in mapping(ingress["metadata"].get("annotations")):
            if not key.startswith(_INGRESS_ANNOTATIONS):
                fact = f"the annotation {key} is read by an ingress controller"
                yield rendered.found(ingress, fact, "what a route needs beyond its rules belongs to the platform")


@rule(
    "SEC017",
    per=Per.CLASS,
    title="every route is encrypted",
    why="Passwords and files would be readable on the way.",
    fix="Name the listener with TLS, or list the host under tls.",
    source="https://gateway-api.sigs.k8s.io/guides/tls/",
)
def routes_are_encrypted(rendered: Rendered) -> Iterator[Found]:
    """Every host of an Ingress stands in its `tls`; an HTTPRoute names the Gateway's listener that has TLS."""
    for ingress in rendered.of_kind("Ingress"):
        covered = {host for tls in mappings(spec_of(ingress).get("tls")) for host in strings(tls.get("hosts"))}
        for item in mappings(spec_of(ingress).get("rules")):
            if str(item.get("host")) not in covered:
                yield rendered.found(ingress, f"{item.get('host')} has no TLS", "add it to spec.tls")
    for route in rendered.of_kind("HTTPRoute"):
        for index, parent in enumerate(mappings(spec_of(route).get("parentRefs"))):
            if not parent.get("sectionName"):
                fact = f"parentRefs[{index}] names no listener, so the route answers without TLS as well"
                yield rendered.found(route, fact, "add sectionName: https")


@rule(
    "SEC021",
    per=Per.TENANT,
    title="a route has its own hosts and leads to Services of its own namespace",
    why="A route without a host takes every host of the Gateway, other companies' included.",
    fix="Name the hosts; lead to a Service of the namespace.",
    source="https://gateway-api.sigs.k8s.io/api-types/httproute/",
    firm=Firm.NEIGHBOURS,
)
def routes_lead_to_own_services(rendered: Rendered) -> Iterator[Found]:
    """A route has hosts of its own, hangs on a Gateway, and leads to Services of its own namespace."""
    for ingress in rendered.of_kind("Ingress"):
        if spec_of(ingress).get("defaultBackend"):
            yield rendered.found(ingress, "defaultBackend takes the requests for every unknown host")
        for index, item in enumerate(mappings(spec_of(ingress).get("rules"))):
            yield from _open_host(rendered, ingress, f"rules[{index}].host", item.get("host"))
    for route in rendered.of_kind("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"):
        spec = spec_of(route)
        for index, host in enumerate(sequence(spec.get("hostnames")) or [None]):
            yield from _open_host(rendered, route, f"hostnames[{index}]", host)
        for index, parent in enumerate(mappings(spec.get("parentRefs"))):
            if parent.get("kind", "Gateway") != "Gateway":
                fact = f"parentRefs[{index}] is a {parent['kind']}: the route would take its traffic"
                yield rendered.found(route, fact, "hang it on the Gateway")
        for where, reference in _backends(spec, "spec"):
            other = reference.get("namespace", rendered.tenant.name)
            if other != rendered.tenant.name or reference.get("kind", "Service") != "Service":
                fact = f"{where} is {reference.get('kind', 'Service')} {reference.get('name')} of {other}"
                yield rendered.found(route, fact, "lead to a Service of this namespace")


def _open_host(rendered: Rendered, obj: Object, where: str, host: Any) -> Iterator[Found]:
    if not host:
        yield rendered.found(obj, f"{where} is missing, which is every host", "name the host")
    elif "*" in str(host):
        yield rendered.found(obj, f"{where} is {host}, which covers hosts of others", "name the host")


def _backends(value: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every backend below a route's spec: of rules, and of filters that mirror or ask elsewhere."""
    if isinstance(value, Mapping):
        for key, inside in value.items():
            if key == "backendRef":
                yield f"{where}.{key}", mapping(inside)
            elif key == "backendRefs":
                yield from ((f"{where}.{key}[{index}]", one) for index, one in enumerate(mappings(inside)))
            yield from _backends(inside, f"{where}.{key}")
    elif isinstance(value, list):
        for index, inside in enumerate(value):
            yield from _backends(inside, f"{where}[{index}]")


@rule(
    "SEC026",
    per=Per.CLASS,
    title="a host leads to the service that it stands for",
    why="Another program, or another container of its pods, would answer there without asking what this one asks.",
    fix="Lead the route to a Service of that workload, and the Service to the port of its own container.",
    source="tenantry: what a service must not run without (docs/concepts/closed-world.md)",
)
def hosts_lead_to_their_service(rendered: Rendered) -> Iterator[Found]:
    """What is behind a route is the workload that it is called as, and there the container that is called so."""
    platform = rendered.platform
    declared = {platform.service, *(addon.workload for addon in platform.addons.values())}
    for route in rendered.of_kind("HTTPRoute", "Ingress"):
        wanted = route["metadata"]["name"]
        for service, port, workload in behind(route, rendered.objects) if wanted in declared else ():
            name = workload["metadata"]["name"]
            if name != wanted:
                fact = f"it leads through the Service {service} to {identity(workload)}, and its hosts are of {wanted}"
                yield rendered.found(route, fact, f"lead to a Service that selects the pods of {wanted}")
                continue
            own = container_of(mapping(pod_spec(workload)), name)
            ports = [key for one in mappings(own.get("ports")) for key in (one.get("name"), one.get("containerPort"))]
            if port not in ports:
                fact = f"it leads through the Service {service} to port {port}, which is none of container"
                yield rendered.found(route, f"{fact} {own.get('name')}", "lead to a port of that container")


@rule(
    "SEC027",
    per=Per.CLASS,
    title="a route lets no cache and no other page have what somebody asked for",
    why="`Cache-Control: public` on a route lets a shared cache give one person's files to the next, unasked.",
    fix="Write private or no-store, or leave the header to the pods.",
    source="https://www.rfc-editor.org/rfc/rfc9111#section-3.5",
)
def answers_are_for_who_asked(rendered: Rendered) -> Iterator[Found]:
    """The headers that a route gives answers have values that are understood, and what guards answers stays in them."""
    for route in rendered.of_kind("HTTPRoute"):
        for number, item in enumerate(mappings(spec_of(route).get("rules"))):
            for index, modifier in enumerate(mappings(item.get("filters"))):
                where = ("spec", "rules", number, "filters", index, "responseHeaderModifier")
                yield from _answers(rendered, route, where, mapping(modifier.get("responseHeaderModifier")))


def _answers(rendered: Rendered, route: Object, where: Path, modifier: Object) -> Iterator[Found]:
    for way in ("set", "add"):
        for index, header in enumerate(mappings(modifier.get(way))):
            name, value = str(header.get("name")), str(header.get("value"))
            if why := response_headers.why_not(name, value):
                hint = "write one of private, no-store and no-cache" if name.lower() == "cache-control" else ""
                yield rendered.found_at(route, (*where, way, index), f"{name}: {value}: {why}", hint)
    for index, name in enumerate(strings(modifier.get("remove"))):
        if name.lower() in response_headers.KEPT:
            fact = f"{name} says who may have or keep an answer, and is taken out of it"
            yield rendered.found_at(route, (*where, "remove", index), fact, "leave it in")
