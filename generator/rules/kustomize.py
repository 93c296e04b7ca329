"""KUS: what kustomize passes over in silence, and what keeps a render from being the tenant's own."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from generator import layout
from generator.findings.catalog import finding
from generator.findings.finding import Finding, Place
from generator.generate.compose import components_of
from generator.generate.releases import COMPONENTS, CORE
from generator.generate.size import CHATBOT, FILESERVER
from generator.kube import tenant_names
from generator.kube.lenient import mapping, mappings, strings
from generator.kube.pods import pod_spec
from generator.reading import yamlio
from generator.render import classes
from generator.render.rendered import Base, Object, Rendered, has_hash, identity
from generator.rules.podsecurity import all_containers
from generator.rules.registry import base_rule, class_rule, tenant_rule

# --- what a release may hold; what none may hold is refused before it is built (`generator.kube.allowed`)


@base_rule("KUS001")
def the_release_builds(base: Base) -> Iterator[Finding]:
    """A tenant that has everything can be built from the release."""
    errors: dict[str, list[str]] = {}
    for probe in base.probes:
        errors.setdefault(probe.error, []).append(probe.exposure)
    for error, exposures in errors.items():
        if error:
            how = " or ".join(exposures)
            fact = f"a tenant that has everything cannot be built, by {how}: {error}"
            yield finding("KUS001", base.place(), fact)


_IN_TEMPLATES: Final = frozenset({"tenantry.dev/tenant"})
"""Labels of an overlay that may stand in pod templates: one that changes with the plan would restart every pod."""


@class_rule("KUS002")
def an_overlay_restarts_no_pod(rendered: Rendered) -> Iterator[Finding]:
    """No overlay puts labels into pod templates that change with the plan."""
    place = rendered.place()
    for label in mappings(rendered.overlay.get("labels")):
        others = sorted(set(mapping(label.get("pairs"))) - _IN_TEMPLATES)
        if label.get("includeTemplates") and others:
            fact = f"the label {others[0]} stands in pod templates: whenever it changes, every pod restarts"
            yield finding("KUS002", place, fact, "write it in an item of its own without includeTemplates")


@base_rule("KUS003")
def every_entry_changes_something(base: Base) -> Iterator[Finding]:
    """The render is another one without any patch or image of base/."""
    for folder, key, index in base.idle:
        document = base.kustomizations[folder]
        entry = document.data[key][index]
        what = f"the image {entry.get('name')!r}" if key == "images" else f"patch {index + 1}"
        hint = "its name occurs in no object" if key == "images" else "its target selects nothing, or has it already"
        yield finding("KUS003", document.place((key, index)), f"{what} changes nothing", hint)


@class_rule("KUS003")
def every_image_was_set(rendered: Rendered) -> Iterator[Finding]:
    """No container runs the bare name that base/ writes for `images:` to replace."""
    for one in rendered.objects:
        for container in all_containers(pod_spec(one) or {}):
            image = str(container.get("image", ""))
            if not re.search(r"[/:@]", image):
                fact = f"container {container.get('name')} has the bare image {image!r}: no entry of images names it"
                yield rendered.found("KUS003", one, fact, "images: of core does not reach what a component brings")


# --- facts


@base_rule("KUS015")
def every_replacement_writes_its_fact(base: Base) -> Iterator[Finding]:
    """In a tenant that has everything, every target of every replacement holds the value of its source."""
    for folder, document in base.kustomizations.items():
        probes = [probe for probe in base.probes if folder in probe.folders and not probe.error]
        for index, replacement in enumerate(mappings(document.data.get("replacements"))):
            path = ("replacements", index)
            for number, target in enumerate(mappings(replacement.get("targets"))):
                place = document.place((*path, "targets", number))
                for probe in probes:
                    fact = _unwritten(mapping(replacement.get("source")), target, probe.facts, probe.objects)
                    if fact:
                        yield finding("KUS015", place, fact)
                        break


def _unwritten(source: Object, target: Object, facts: Object, objects: Sequence[Object]) -> str:
    """Say what a target does not have of its source, or nothing."""
    select = mapping(target.get("select"))
    chosen = [one for one in objects if _is_selected(select, one)]
    chosen = [one for one in chosen if not any(_is_selected(no, one) for no in mappings(target.get("reject")))]
    said = ", ".join(f"{key} {value}" for key, value in select.items())
    if not chosen:
        return f"select ({said}) matches no object"
    source_path = str(source.get("fieldPath", "metadata.name"))
    values = [value for one in (facts, *objects) if _is_selected(source, one) for value in _at(one, source_path)]
    options = mapping(target.get("options"))
    if not values or "encoding" in options:
        return ""
    value = _part(values[0], mapping(source.get("options")))
    for field in list(strings(target.get("fieldPaths"))) or ["metadata.name"]:
        for one in chosen:
            held = [_part(other, options) for other in _at(one, field)]
            if not held:
                return f"{field} is in no {identity(one)}"
            if any(_text(other) != _text(value) for other in held):
                return f"{field} of {identity(one)} does not hold {source_path}"
    return ""


def _is_selected(select: Object, one: Object) -> bool:
    """Say whether kustomize's selector names an object; its strings are anchored regular expressions (K9)."""
    group, slash, version = one["apiVersion"].partition("/")
    metadata = one["metadata"]
    name = metadata["name"].rpartition("-")[0] if has_hash(one) else metadata["name"]
    has = {"group": group if slash else "", "version": version if slash else group, "kind": one["kind"], "name": name}
    if one["kind"] == "Namespace":
        has.pop("name")  # renamed by the overlay, so select named it otherwise
    for key, value in has.items():
        if key in select and not _matches(str(select[key]), value):
            return False
    for key, labels in (("labelSelector", "labels"), ("annotationSelector", "annotations")):
        wanted = str(select[key]).split(",") if key in select else []
        has_pairs = {f"{name}={value}" for name, value in mapping(metadata.get(labels)).items()}
        if not set(wanted) <= has_pairs:
            return False
    return True


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:  # Go reads a few expressions that Python does not, such as \z
        return False


_STEP: Final = re.compile(r"\[([^\]]+)\]|((?:\\.|[^.\[\]])+)")


def _at(value: Any, field: str) -> list[Any]:
    """Return the values at a fieldPath of kustomize: `spec.data.*.key`, `spec.hard.[requests.cpu]`, `a.[name=b].c`."""
    found = [value]
    for match in _STEP.finditer(field):
        step = match[1] or match[2].replace("\\.", ".")
        found = [inner for one in found for inner in _inside(one, step)]
    return found


def _inside(value: Any, step: str) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if step in value:
            yield value[step]
    elif isinstance(value, list):
        key, equals, wanted = step.partition("=")
        if step == "*":
            yield from value
        elif equals:
            yield from (one for one in mappings(value) if str(one.get(key)) == wanted)
        elif step.isdecimal() and int(step) < len(value):
            yield value[int(step)]


def _part(value: Any, options: Object) -> Any:
    """Return the part of a value that `delimiter` and `index` choose."""
    if "delimiter" not in options:
        return value
    parts = str(value).split(options["delimiter"])
    return parts[max(0, min(options.get("index", 0), len(parts) - 1))]


def _text(value: Any) -> Any:
    return value if isinstance(value, list | dict) else str(value)


@base_rule("KUS017")
def a_release_reads_known_facts(base: Base) -> Iterator[Finding]:
    """Every fact that a release reads is one that tenantry writes."""
    known = list(_paths(base.facts.get("spec"), "spec"))
    for document in base.kustomizations.values():
        for index, replacement in enumerate(mappings(document.data.get("replacements"))):
            source = mapping(replacement.get("source"))
            field = str(source.get("fieldPath", ""))
            if source.get("kind") == base.facts["kind"] and not _at(base.facts, field):
                near = difflib.get_close_matches(field, known, n=1)
                place = document.place(("replacements", index, "source", "fieldPath"))
                hint = f"did you mean {near[0]!r}?" if near else ""
                yield finding("KUS017", place, f"there is no fact {field!r}", hint)


def _paths(value: Any, above: str) -> Iterator[str]:
    for key, inner in mapping(value).items():
        yield f"{above}.{key}"
        yield from _paths(inner, f"{above}.{key}")


@tenant_rule("KUS014")
def components_are_in_order(rendered: Rendered) -> Iterator[Finding]:
    """An overlay builds core of its ring's release, and the tenant's components in their fixed order."""
    above = f"../../{layout.release(rendered.tenant.ring.release)}"
    wanted = {
        "resources": [f"{above}/{CORE}", "facts.yaml"],
        "components": [f"{above}/{COMPONENTS}/{one}" for one in components_of(rendered.tenant, rendered.platform)],
    }
    for key, expected in wanted.items():
        given = rendered.overlay.get(key)
        if given == expected:
            continue
        listed = given if isinstance(given, list) else []
        missing = [one for one in expected if one not in listed]
        extra = [str(one) for one in listed if one not in expected]
        parts = [f"{', '.join(missing)} is missing"] if missing else []
        parts += [f"{', '.join(extra)} is too much"] if extra else []
        fact = "; ".join(parts) or f"the order is {', '.join(_last(one) for one in listed)}"
        hint = "run `tenantry generate`" if parts else f"it is {', '.join(map(_last, expected))}"
        yield finding("KUS014", rendered.place(), f"{key}: {fact}", hint)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


# --- the render


@base_rule("KUS011")
def a_release_renders_the_same(base: Base) -> Iterator[Finding]:
    """Two builds of the same files print the same bytes."""
    for probe in base.probes:
        if probe.text != probe.again:
            pairs = enumerate(zip(probe.text.splitlines(), probe.again.splitlines(), strict=False), start=1)
            line = next(
                (f"line {number}: {one!r}, then {other!r}" for number, (one, other) in pairs if one != other), ""
            )
            yield finding("KUS011", base.place(), f"two builds of exposure {probe.exposure} differ {line}".strip())


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


def _is_of_the_cluster(one: Object) -> bool:
    group, slash, _ = one["apiVersion"].partition("/")
    return (group if slash else "", one["kind"]) in CLUSTER_SCOPED


@tenant_rule("KUS005")
def objects_stay_in_the_namespace(rendered: Rendered) -> Iterator[Finding]:
    """Every object lies in the tenant's namespace; the Namespace of that name is the only one outside."""
    name = rendered.tenant.name
    for one in rendered.objects:
        metadata = one["metadata"]
        if one["kind"] == "Namespace":
            if metadata["name"] != name:
                yield rendered.found("KUS005", one, f"this is not the tenant's Namespace, {name}")
        elif _is_of_the_cluster(one):
            yield rendered.found("KUS005", one, f"a {one['kind']} belongs to the whole cluster")
        elif metadata.get("namespace") != name:
            where = metadata.get("namespace", "no namespace")
            yield rendered.found("KUS005", one, f"it lies in {where}, not in {name}")


@class_rule("KUS006")
def nothing_of_the_cluster_has_a_namespace(rendered: Rendered) -> Iterator[Finding]:
    """No kind of the whole cluster was given a namespace, as kustomize does with kinds that it does not know."""
    for one in rendered.objects:
        if _is_of_the_cluster(one) and "namespace" in one["metadata"]:
            yield rendered.found("KUS006", one, f"a {one['kind']} has no namespace, and this one was given one")


_LEFT_OVER: Final = re.compile(r"placeholder|changeme|<no value>|\{\{|\}\}|\$\{", re.IGNORECASE)
_WORDS: Final = re.compile(r"placeholder|changeme", re.IGNORECASE)


@class_rule("KUS007")
def no_placeholder_is_left(rendered: Rendered) -> Iterator[Finding]:
    """No text of the render holds a word that should have been replaced; a company's own name is none."""
    own = sorted((*rendered.tenant.hosts, rendered.tenant.name), key=len, reverse=True)
    itself = re.compile("|".join(f"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])" for text in own))
    for one in rendered.objects:
        for path, text in _texts(one):
            # the files in a ConfigMap are a program's own: it may well mean ${...} and {{...}}
            pattern = _WORDS if one["kind"] == "ConfigMap" and path[:1] == ("data",) else _LEFT_OVER
            if pattern.search(text) and (match := pattern.search(itself.sub("\n", text))):
                where = ".".join(map(str, path))
                yield rendered.found("KUS007", one, f"{where} still holds {match[0]!r}")


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


@class_rule("KUS008")
def no_other_tenant_occurs(rendered: Rendered) -> Iterator[Finding]:
    """No text of the render means another tenant, or is one of its hosts.

    What is the same for a class is looked at with sentinels in the place of what is not, so that the name of its first
    tenant is foreign there as well.
    """
    shared = classes.NAME in rendered.text
    foreign = rendered.names if shared else rendered.names - {rendered.tenant.name}
    hosts = {host: name for host, name in rendered.hosts.items() if shared or name != rendered.tenant.name}
    if foreign.isdisjoint(tenant_names.TOKEN.findall(rendered.text)) and hosts.keys().isdisjoint(_zones(rendered.text)):
        return
    looked_at = yamlio.read_objects(rendered.text) if shared else rendered.objects
    for one, object_of_the_first in zip(looked_at, rendered.objects, strict=True):
        found = {mention.name: mention for mention in tenant_names.mentions(one) if mention.name in foreign}
        for name, mention in sorted(found.items()):
            yield _names_another(rendered, object_of_the_first, str(mention), name)
        for path, text in yamlio.walk_strings(one):
            for host in sorted(hosts.keys() & set(_zones(text))):
                fact = f"{'.'.join(map(str, path))} names the host {host} of the tenant {hosts[host]}"
                yield _names_another(rendered, object_of_the_first, fact, hosts[host])


def _names_another(rendered: Rendered, one: Object, fact: str, name: str) -> Finding:
    hint = f"use the company's facts; if something else is called {name} here, the tenant needs another name"
    return rendered.found("KUS008", one, fact, hint)


def _zones(text: str) -> Iterator[str]:
    """Yield every DNS name in a text, and what it lies under."""
    for host in tenant_names.hosts_in(text):
        labels = host.split(".")
        for start in range(len(labels) - 1):
            zone = ".".join(labels[start:])
            yield zone
            yield zone.rpartition("--")[2]  # an add-on's host is PREFIX--HOST


@class_rule("KUS010")
def readers_agree(rendered: Rendered) -> Iterator[Finding]:
    """Every plain scalar that kustomize printed is the same for YAML 1.1, YAML 1.2 and Go."""
    for (number, _, _), text, trap in yamlio.traps(rendered.text):
        one = rendered.objects[number - 1]
        yield rendered.found("KUS010", one, f"`{text}` is {trap} for some readers", "quote it in base/")


@base_rule("KUS010")
def readers_agree_on_the_release(base: Base) -> Iterator[Finding]:
    """So is every one in base/: kustomize reads `0440` as 288 and `1e3` as 1000, whatever its author meant."""
    for file, source in base.sources.items():
        try:
            found = list(yamlio.traps(source))
        except yaml.YAMLError:
            continue  # KUS001 says so
        for (_, line, column), text, trap in found:
            fact = f"`{text}` is {trap} for some readers"
            yield finding("KUS010", Place(file, line, column), fact, "quote it, or write it as all read it")


@tenant_rule("KUS016")
def hosts_are_the_declared_ones(rendered: Rendered) -> Iterator[Finding]:
    """The file server's route has the tenant's hosts, the chatbot's the one made of the first, and no other has any."""
    hosts = rendered.tenant.hosts
    declared = {FILESERVER: set(hosts)} | ({CHATBOT: {f"chat--{hosts[0]}"}} if rendered.tenant.chatbot else {})
    routes = {one["metadata"]["name"]: one for one in rendered.of_kind("HTTPRoute", "Ingress")}
    for name, one in routes.items():
        for what, found in _hosts(one):
            wanted = declared.get(name, set())
            for host in sorted(found - wanted):
                yield rendered.found("KUS016", one, f"{what}: {host} is not a host of this {name}")
            for host in sorted(wanted - found):
                yield rendered.found("KUS016", one, f"{what}: the host {host} is missing")
    for name in declared.keys() - routes.keys():
        yield finding("KUS016", rendered.place(), f"no route leads to {name} ({', '.join(sorted(declared[name]))})")


def hosts_of(route: Object) -> frozenset[str]:
    """Return every host that an HTTPRoute or an Ingress answers for."""
    return frozenset(host for _, hosts in _hosts(route) for host in hosts)


def _hosts(one: Object) -> Iterator[tuple[str, set[str]]]:
    spec = mapping(one.get("spec"))
    if one["kind"] == "HTTPRoute":
        yield "spec.hostnames", set(strings(spec.get("hostnames")))
        return
    yield "spec.rules", {str(rule.get("host", "*")) for rule in mappings(spec.get("rules"))}
    yield "spec.tls", {host for item in mappings(spec.get("tls")) for host in strings(item.get("hosts"))}
