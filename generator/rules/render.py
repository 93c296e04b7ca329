"""KUS: a render holds what is the company's own, and the same for every reader."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from generator.findings import sources
from generator.findings.finding import Found, Place
from generator.findings.rule import Firm
from generator.fleet.states import STATES, runs
from generator.generate.size import addons_of
from generator.kube import tenant_names
from generator.kube.lenient import Object, group_of, mapping, mappings, strings
from generator.kube.printed import documents, once_an_object, text_of
from generator.reading import yaml_objects, yaml_reader
from generator.render import classes
from generator.render.rendered import Base, Rendered
from generator.rules.rule import Per, rule


@rule(
    "KUS011",
    per=Per.RELEASE,
    title="the same files render the same bytes",
    why="Argo CD would see a difference at every comparison and sync for ever.",
    fix="Remove what makes the difference.",
    source=sources.KUSTOMIZE,
    firm=Firm.RENDER,
)
def a_release_renders_the_same(base: Base) -> Iterator[Found]:
    """Two builds of the same files print the same bytes."""
    for probe in base.probes:
        if probe.text != probe.again:
            pairs = enumerate(zip(probe.text.splitlines(), probe.again.splitlines(), strict=False), start=1)
            line = next(
                (f"line {number}: {one!r}, then {other!r}" for number, (one, other) in pairs if one != other), ""
            )
            yield Found(base.place(), f"two builds of exposure {probe.exposure} differ {line}".strip())


CLUSTER_SCOPED: Final = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("cert-manager.io", "ClusterIssuer"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("cilium.io", "CiliumClusterwideNetworkPolicy"),
        ("external-secrets.io", "ClusterExternalSecret"),
        ("external-secrets.io", "ClusterSecretStore"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "IPAddress"),
        ("networking.k8s.io", "ServiceCIDR"),
        ("node.k8s.io", "RuntimeClass"),
        ("policy.networking.k8s.io", "AdminNetworkPolicy"),
        ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("resource.k8s.io", "DeviceClass"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
        ("storage.k8s.io", "VolumeAttributesClass"),
    }
)
"""Kinds of the whole cluster, by group: those of Kubernetes, and those of what usually stands beside it."""


def _is_of_the_cluster(obj: Object) -> bool:
    return (group_of(obj), obj["kind"]) in CLUSTER_SCOPED


@rule(
    "KUS005",
    per=Per.TENANT,
    title="every object lies in the tenant's namespace, and the Namespace is the only one outside",
    why="An object elsewhere is out of reach of the quota and the policies, and in reach of others.",
    fix="Remove the namespace from the object; what is shared belongs to argocd/platform/.",
    source="tenantry: a tenant is a namespace",
    firm=Firm.NEIGHBOURS,
)
def objects_stay_in_the_namespace(rendered: Rendered) -> Iterator[Found]:
    """Every object lies in the tenant's namespace; the Namespace of that name is the only one outside."""
    name = rendered.tenant.name
    for obj in rendered.objects:
        metadata = obj["metadata"]
        if obj["kind"] == "Namespace":
            if metadata["name"] != name:
                yield rendered.found(obj, f"this is not the tenant's Namespace, {name}")
        elif _is_of_the_cluster(obj):
            yield rendered.found(obj, f"a {obj['kind']} belongs to the whole cluster")
        elif metadata.get("namespace") != name:
            where = metadata.get("namespace", "no namespace")
            yield rendered.found(obj, f"it lies in {where}, not in {name}")


@rule(
    "KUS006",
    per=Per.CLASS,
    title="nothing of the whole cluster has a namespace",
    why="kustomize gives one to every kind that it does not know; the API server refuses it.",
    fix="Move the object to argocd/platform/.",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
    firm=Firm.NEIGHBOURS,
)
def nothing_of_the_cluster_has_a_namespace(rendered: Rendered) -> Iterator[Found]:
    """No kind of the whole cluster was given a namespace, as kustomize does with kinds that it does not know."""
    for obj in rendered.objects:
        if _is_of_the_cluster(obj) and "namespace" in obj["metadata"]:
            yield rendered.found(obj, f"a {obj['kind']} has no namespace, and this one was given one")


_LEFT_OVER: Final = re.compile(r"placeholder|changeme|<no value>|\{\{|\}\}|\$\{", re.IGNORECASE)
_WORDS: Final = re.compile(r"placeholder|changeme", re.IGNORECASE)
_MEANT: Final[Mapping[str, tuple[str, ...]]] = {
    "ConfigMap": ("data",),
    "ExternalSecret": ("spec", "target", "template", "data"),
}
"""Where ${...} and {{...}} are meant: in the files of a program, and where External Secrets writes its keys."""


@rule(
    "KUS007",
    per=Per.CLASS,
    title="no placeholder is left in the render",
    why="A fact that was not written leaves the placeholder of base/ behind, which can even be valid.",
    fix="Carry the fact to the field by a replacement in the component.",
    source="tenantry: an overlay holds facts, which components carry to fields",
)
def no_placeholder_is_left(rendered: Rendered) -> Iterator[Found]:
    """No text of the render holds a word that should have been replaced; a company's own name is none."""
    own = sorted((*rendered.tenant.hosts, rendered.tenant.name), key=len, reverse=True)
    itself = re.compile("|".join(f"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])" for text in own))
    for obj in rendered.objects:
        own_words = _MEANT.get(obj["kind"], ("",))
        for path, text in _texts(obj):
            pattern = _WORDS if path[: len(own_words)] == own_words else _LEFT_OVER
            if pattern.search(text) and (match := pattern.search(itself.sub("\n", text))):
                where = ".".join(map(str, path))
                yield rendered.found(obj, f"{where} still holds {match[0]!r}")


def _texts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every string with its path, keys of mappings included."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield (*path, key), str(key)
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))


@rule(
    "KUS008",
    per=Per.CLASS,
    title="no other tenant is named in a render",
    why=(
        "A namespace, host, path, group or identity of somebody else is a way to them. The same word elsewhere, as the"
        " name of a volume or in a sentence, is none."
    ),
    fix="Take the name out; use the fact `name`.",
    source="tenantry: no traffic between companies (docs/concepts/isolation.md)",
    firm=Firm.NEIGHBOURS,
)
def no_other_tenant_occurs(rendered: Rendered) -> Iterator[Found]:
    """No text of the render means another tenant, or is one of its hosts.

    What is the same for a class is looked at with sentinels in the place of what is not, so that the name of its first
    tenant is foreign there as well.
    """
    shared = classes.NAME in rendered.text
    foreign = rendered.names if shared else rendered.names - {rendered.tenant.name}
    hosts = {host: name for host, name in rendered.hosts.items() if shared or name != rendered.tenant.name}
    if foreign.isdisjoint(tenant_names.TOKEN.findall(rendered.text)) and hosts.keys().isdisjoint(_zones(rendered.text)):
        return
    looked_at = yaml_objects.read_objects(rendered.text) if shared else rendered.objects
    for one, object_of_the_first in zip(looked_at, rendered.objects, strict=True):
        found = {mention.name: mention for mention in tenant_names.mentions(one) if mention.name in foreign}
        for name, mention in sorted(found.items()):
            yield _names_another(rendered, object_of_the_first, str(mention), name)
        for path, text in yaml_reader.walk_strings(one):
            for host in sorted(hosts.keys() & set(_zones(text))):
                fact = f"{'.'.join(map(str, path))} names the host {host} of the tenant {hosts[host]}"
                yield _names_another(rendered, object_of_the_first, fact, hosts[host])


def _names_another(rendered: Rendered, obj: Object, fact: str, name: str) -> Found:
    hint = f"use the company's facts; if something else is called {name} here, the tenant needs another name"
    return rendered.found(obj, fact, hint)


def _zones(text: str) -> Iterator[str]:
    """Yield every DNS name in a text, and what it lies under."""
    for host in tenant_names.hosts_in(text):
        labels = host.split(".")
        for start in range(len(labels) - 1):
            zone = ".".join(labels[start:])
            yield zone
            yield zone.rpartition("--")[2]  # an add-on's host is PREFIX--HOST


@rule(
    "KUS010",
    per=Per.SIZES,
    title="every YAML reader agrees on every value",
    why="kustomize hands plain scalars on as they are; Argo CD reads them by Go's rules, people's tools by others.",
    fix="Quote the value in base/.",
    source=sources.YAML,
    behind=("isolation", "quota", "escape"),
)
def readers_agree(rendered: Rendered) -> Iterator[Found]:
    """Every plain scalar that kustomize printed is the same for YAML 1.1, YAML 1.2 and Go."""
    for one, found in _traps(rendered):
        for text, trap in found:
            yield rendered.found(one, f"`{text}` is {trap} for some readers", "quote it in base/")


def _traps(rendered: Rendered) -> Iterator[tuple[Object, tuple[tuple[str, str], ...]]]:
    """Yield the scalars on which readers differ, with their object; of an object with the text of its own by that."""
    if [text_of(one) for one in rendered.objects] == documents(rendered.text):
        yield from ((one, _traps_of(one)) for one in rendered.objects)
        return
    for (number, _, _), text, trap in yaml_reader.traps(rendered.text):
        yield rendered.objects[number - 1], ((text, trap),)


@once_an_object
def _traps_of(obj: Object) -> tuple[tuple[str, str], ...]:
    return tuple((text, trap) for _, text, trap in yaml_reader.traps(text_of(obj) or ""))


@readers_agree.also(Per.RELEASE)
def readers_agree_on_the_release(base: Base) -> Iterator[Found]:
    """So is every one in base/: kustomize reads `0440` as 288 and `1e3` as 1000, whatever its author meant."""
    for file, source in base.sources.items():
        try:
            found = list(yaml_reader.traps(source))
        except yaml.YAMLError:
            continue  # KUS001 says so
        for (_, line, column), text, trap in found:
            fact = f"`{text}` is {trap} for some readers"
            yield Found(Place(file, line, column), fact, "quote it, or write it as all read it")


@rule(
    "KUS016",
    per=Per.TENANT,
    title="the hosts that are rendered are the hosts that are declared",
    why="A host too many takes another company's users; one too few leaves people before a closed door.",
    fix="Run `tenantry generate`; carry the fact `hosts` to the route.",
    source="tenantry: an overlay holds facts, which components carry to fields",
    firm=Firm.NEIGHBOURS,
)
def hosts_are_the_declared_ones(rendered: Rendered) -> Iterator[Found]:
    """The service's route has the tenant's hosts, an add-on's the one made of the first, and no other has any."""
    hosts = rendered.tenant.hosts
    addons = [addon for addon in addons_of(rendered.tenant, rendered.platform) if addon.host_prefix]
    declared = {rendered.platform.service: set(hosts)}
    declared |= {addon.workload: {addon.host(hosts[0])} for addon in addons}
    routes = {route["metadata"]["name"]: route for route in rendered.of_kind("HTTPRoute", "Ingress")}
    for name, one in routes.items():
        for what, found in _hosts(one):
            wanted = declared.get(name, set())
            for host in sorted(found - wanted):
                yield rendered.found(one, f"{what}: {host} is not a host of this {name}")
            for host in sorted(wanted - found):
                yield rendered.found(one, f"{what}: the host {host} is missing")
    for name in sorted(declared.keys() - routes.keys()):
        if not _is_served(rendered, name):
            continue
        yield Found(rendered.place(), f"no route leads to {name} ({', '.join(sorted(declared[name]))})")


def _is_served(rendered: Rendered, workload: str) -> bool:
    """Say whether the hosts of a workload lead somewhere: to it, or to the page of suspended companies."""
    state, platform = rendered.tenant.state, rendered.platform
    to_the_page = "suspended" in STATES[state].parts and platform.exposure == "gateway"
    return to_the_page or runs(state, workload, platform.service)


def hosts_of(route: Object) -> frozenset[str]:
    """Return every host that an HTTPRoute or an Ingress answers for."""
    return frozenset(host for _, hosts in _hosts(route) for host in hosts)


def _hosts(obj: Object) -> Iterator[tuple[str, set[str]]]:
    spec = mapping(obj.get("spec"))
    if obj["kind"] == "HTTPRoute":
        yield "spec.hostnames", set(strings(spec.get("hostnames")))
        return
    yield "spec.rules", {str(rule.get("host", "*")) for rule in mappings(spec.get("rules"))}
    yield "spec.tls", {host for item in mappings(spec.get("tls")) for host in strings(item.get("hosts"))}
