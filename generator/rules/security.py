"""SEC: nobody reaches another company, the platform or the node; nothing secret stands in git.

Rules of the network look at what a policy says; that no pod of one company reaches one of another is proved by
`generator.reachability`. Rules of access look at what a Role says; what its subjects can do in the end is proved by
`generator.proofs.escape`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

from generator import layout
from generator.findings.catalog import finding
from generator.findings.finding import Finding, Place, Severity
from generator.kube.lenient import mapping, mappings, sequence, strings
from generator.kube.pods import pod_spec, pod_template
from generator.proofs import escape, quota
from generator.reachability.policy import Direction, Endpoint, Policy, UnreadableError, allowed, read_policy
from generator.reachability.ranges import network, packets, union
from generator.reachability.space import NAME_LABEL
from generator.reading import quantity
from generator.reading.yamlio import walk_strings
from generator.render.rendered import Object, Rendered, Repository, identity
from generator.rules.literals import secret_like
from generator.rules.podsecurity import all_containers, reaches_for_the_node, violations
from generator.rules.registry import class_rule, repository_rule, tenant_rule

TENANT_LABEL: Final = "tenantry.dev/tenant"


def _spec(one: Object) -> Mapping[str, Any]:
    return mapping(one.get("spec"))


# --- the namespace and its pods

_LEVELS: Final = ("enforce", "audit", "warn")
_PINNED: Final = re.compile(r"v1\.([0-9]{1,3})")


@class_rule("SEC001")
def pod_security_is_restricted_and_pinned(rendered: Rendered) -> Iterator[Finding]:
    """The Namespace asks for the restricted profile, of a version that the cluster knows."""
    newest = int(rendered.platform.cluster.kubernetes.partition(".")[2])
    for one in rendered.of_kind("Namespace"):
        labels = mapping(one["metadata"].get("labels"))
        for level in _LEVELS:
            key = f"pod-security.kubernetes.io/{level}"
            if labels.get(key) != "restricted":
                said = labels.get(key, "not set")
                yield rendered.found("SEC001", one, f"{key} is {said}", "write restricted")
            version = str(labels.get(f"{key}-version", "not set"))
            pinned = _PINNED.fullmatch(version)
            if not pinned or int(pinned[1]) > newest:
                fact = f"{key}-version is {version}"
                yield rendered.found("SEC001", one, fact, f"pin a version, v1.{newest} at most")


@class_rule("SEC002")
def pods_meet_the_restricted_profile(rendered: Rendered) -> Iterator[Finding]:
    """Every container meets the profile that the Namespace enforces, and cannot write to its own image."""
    for one in rendered.objects:
        for fact in violations(pod_template(one) or {}):
            yield rendered.found("SEC002", one, fact)


@class_rule("SEC003")
def pods_hold_no_token(rendered: Rendered) -> Iterator[Finding]:
    """No pod can talk to the API server: neither its account nor the pod itself mounts a token."""
    accounts = {one["metadata"]["name"] for one in rendered.of_kind("ServiceAccount")}
    if "default" not in accounts:
        place = rendered.place(next(rendered.of_kind("Namespace"), None))
        fact = "the account `default`, which a pod gets that names none, is not rendered, so it mounts its token"
        yield finding("SEC003", place, fact, "render it with automountServiceAccountToken: false")
    for one in rendered.of_kind("ServiceAccount"):
        if one.get("automountServiceAccountToken") is not False:
            yield rendered.found("SEC003", one, "automountServiceAccountToken is not false")
    for one in rendered.objects:
        spec = pod_spec(one)
        if spec is None:
            continue
        if spec.get("automountServiceAccountToken") is not False:
            yield rendered.found("SEC003", one, "the pod's automountServiceAccountToken is not false")
        if spec.get("serviceAccountName", "default") == "default":
            yield rendered.found("SEC003", one, "the pod has no account of its own", "name one as serviceAccountName")
        for volume in mappings(spec.get("volumes")):
            for source in mappings(mapping(volume.get("projected")).get("sources")):
                if "serviceAccountToken" in source:
                    fact = f"volume {volume.get('name')} projects a token of the account"
                    yield rendered.found("SEC003", one, fact)


@class_rule("SEC010")
def images_are_fixed(rendered: Rendered) -> Iterator[Finding]:
    """An image is named by its digest; a tag is a warning, no tag or `latest` an error.

    Told once for each image and place, not for each tenant.
    """
    for one in rendered.objects:
        for container in all_containers(pod_spec(one) or {}):
            image = str(container.get("image", ""))
            name, _, digest = image.partition("@")
            tag = name.rpartition("/")[2].partition(":")[2]
            if re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
                continue
            fact, hint = f"the image {image} is not named by its digest", "write the digest under images: in base/"
            found = finding("SEC010", rendered.place(one), fact, hint)
            if tag not in ("", "latest"):
                yield found.with_severity(Severity.WARNING)
            else:
                yield found


@class_rule("SEC016")
def pods_stay_off_the_node(rendered: Rendered) -> Iterator[Finding]:
    """No pod uses its node's network, processes, files or ports, or chooses its node."""
    for one in rendered.objects:
        for fact in reaches_for_the_node(pod_spec(one) or {}):
            yield rendered.found("SEC016", one, fact)


@class_rule("SEC023")
def volumes_are_the_tenants_own(rendered: Rendered) -> Iterator[Finding]:
    """A claim asks for a new volume, and a pod mounts claims: neither chooses somebody's existing storage."""
    for one in rendered.of_kind("PersistentVolumeClaim"):
        yield from (rendered.found("SEC023", one, fact) for fact in _chosen_volume(_spec(one)))
    for one in rendered.objects:
        for volume in mappings((pod_spec(one) or {}).get("volumes")):
            name = volume.get("name")
            if "csi" in volume:
                fact = f"volume {name} is mounted by the driver {mapping(volume['csi']).get('driver')}, without a claim"
                yield rendered.found("SEC023", one, fact, "use a PersistentVolumeClaim")
            claim = mapping(mapping(volume.get("ephemeral")).get("volumeClaimTemplate")).get("spec")
            yield from (rendered.found("SEC023", one, f"volume {name}: {fact}") for fact in _chosen_volume(claim))


def _chosen_volume(claim: Any) -> Iterator[str]:
    spec = mapping(claim)
    if spec.get("volumeName"):
        yield f"volumeName asks for the existing volume {spec['volumeName']}"
    if spec.get("selector"):
        yield "selector chooses among existing volumes"
    source = mapping(spec.get("dataSourceRef"))
    if source.get("namespace"):
        yield f"dataSourceRef copies from the namespace {source['namespace']}"


# --- the network

_SECTIONS: Final = ((Direction.INGRESS, "ingress", "from"), (Direction.EGRESS, "egress", "to"))


def _rules(one: Object) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield every rule of a policy with where it stands (`egress[0]`) and what its list of peers is called."""
    for _, section, peers in _SECTIONS:
        for index, rule in enumerate(sequence(_spec(one).get(section))):
            yield f"{section}[{index}]", peers, mapping(rule)


def _peers(one: Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every peer of a policy with where it stands (`egress[0].to[1]`)."""
    for where, key, rule in _rules(one):
        for index, peer in enumerate(sequence(rule.get(key))):
            yield f"{where}.{key}[{index}]", mapping(peer)


def _readable(rendered: Rendered) -> Iterator[tuple[Object, Policy | UnreadableError]]:
    for one in rendered.of_kind("NetworkPolicy"):
        try:
            yield one, read_policy(one)
        except UnreadableError as error:
            yield one, error


@class_rule("SEC004")
def everything_is_denied_first(rendered: Rendered) -> Iterator[Finding]:
    """For each direction there is a policy that selects every pod and allows nothing; others only add to it."""
    policies = []
    for one, policy in _readable(rendered):
        if isinstance(policy, Policy):
            policies.append(policy)
        else:
            yield rendered.found("SEC004", one, f"Kubernetes would refuse it, so it isolates nothing: {policy}")
    for direction in Direction:
        denies = (not policy.pods.requirements and policy.rules(direction) == () for policy in policies)
        if not any(denies):
            fact = f"no NetworkPolicy denies {direction} for every pod"
            hint = f"a policy with podSelector {{}}, policyTypes [{direction}] and no rules of it"
            yield finding("SEC004", rendered.place(), fact, hint)


_DNS_PORTS: Final = {("UDP", "dns"): packets("UDP", 53, 53), ("TCP", "dns-tcp"): packets("TCP", 53, 53)}
"""Ports as the Service kube-dns names them, for policies that name them so."""


@class_rule("SEC005")
def every_pod_reaches_dns(rendered: Rendered) -> Iterator[Finding]:
    """The policies let each pod ask the cluster's DNS by UDP and, for long answers, by TCP."""
    policies = [policy for _, policy in _readable(rendered) if isinstance(policy, Policy)]
    name_servers = replace(rendered.platform.cluster.neighbours.dns, ports=_DNS_PORTS)
    for one in rendered.objects:
        template = pod_template(one)
        if template is None:
            continue
        labels = mapping(mapping(template.get("metadata")).get("labels"))
        known = {key: value for key, value in labels.items() if isinstance(value, str)}
        pod = Endpoint(name=identity(one), namespace=rendered.tenant.name, labels=known)
        open_to_dns = allowed(policies, Direction.EGRESS, pod, name_servers)
        for protocol in ("UDP", "TCP"):
            if not open_to_dns.meets(packets(protocol, 53, 53)):
                fact = f"its pods cannot reach the cluster's DNS by {protocol}"
                yield rendered.found("SEC005", one, fact, "see base/edge/core/network.yaml, to-dns")


_NOBODYS: Final = tuple(
    (what, union(network(text) for text in texts))
    for what, texts in (
        ("link-local addresses, metadata services among them", ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128")),
        ("a cloud's metadata service", ("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32")),
        ("the node's own addresses", ("127.0.0.0/8", "0.0.0.0/8", "::1/128")),
    )
)
"""What no company may reach, whatever platform.yaml declares of the cluster (that is NET003's)."""


@class_rule("SEC006")
def peers_are_named(rendered: Rendered) -> Iterator[Finding]:
    """A peer is a namespace by its name, or a block of addresses that are somebody's."""
    name_servers = union(network(text) for text in rendered.platform.cluster.neighbours.node_dns)
    for one in rendered.of_kind("NetworkPolicy"):
        for where, peer in _peers(one):
            if "namespaceSelector" in peer and not _named_namespaces(peer):
                fact = f"{where}: the namespaceSelector does not name its namespaces"
                yield rendered.found("SEC006", one, fact, f"select by {NAME_LABEL}")
            if "ipBlock" not in peer:
                continue
            block = mapping(peer["ipBlock"])
            try:
                addresses = network(str(block.get("cidr"))) - union(map(network, strings(block.get("except"))))
            except ValueError as error:
                yield rendered.found("SEC006", one, f"{where}: {error}")
                continue
            covered = [what for what, nobodys in _NOBODYS if (addresses - name_servers).meets(nobodys)]
            if covered:
                fact = f"{where}: {block['cidr']} covers {' and '.join(covered)}"
                yield rendered.found("SEC006", one, fact, "except them, or name less")


def _named_namespaces(peer: Mapping[str, Any], key: str = NAME_LABEL) -> frozenset[str]:
    """Return the namespaces that a peer names; empty when it selects them otherwise."""
    selector = mapping(peer.get("namespaceSelector"))
    labels = mapping(selector.get("matchLabels"))
    if key in labels:
        return frozenset([str(labels[key])])
    return frozenset(
        str(value)
        for expression in mappings(selector.get("matchExpressions"))
        if expression.get("key") == key and expression.get("operator") == "In"
        for value in sequence(expression.get("values"))
    )


@tenant_rule("SEC007")
def no_policy_names_another_tenant(rendered: Rendered) -> Iterator[Finding]:
    """No peer is the namespace of another company."""
    others = rendered.names - {rendered.tenant.name}
    for one in rendered.of_kind("NetworkPolicy"):
        for where, peer in _peers(one):
            named = _named_namespaces(peer) | _named_namespaces(peer, TENANT_LABEL)
            for name in sorted(named & others):
                yield rendered.found("SEC007", one, f"{where} names the company {name}")


@class_rule("SEC019")
def every_rule_says_who(rendered: Rendered) -> Iterator[Finding]:
    """A rule without peers, or with an empty list of them, allows everybody."""
    for one in rendered.of_kind("NetworkPolicy"):
        for where, key, rule in _rules(one):
            if not rule.get(key):
                said = "is empty" if key in rule else "is missing"
                yield rendered.found("SEC019", one, f"{where}.{key} {said}, which is everybody", "name the peers")
            for index, peer in enumerate(sequence(rule.get(key))):
                if not mapping(peer):
                    yield rendered.found("SEC019", one, f"{where}.{key}[{index}] names nobody", "name the peer")


@class_rule("SEC020")
def a_foreign_peer_is_a_namespace_and_pods(rendered: Rendered) -> Iterator[Finding]:
    """In another namespace the pods are named as well, in the same item: two items would mean one or the other."""
    for one in rendered.of_kind("NetworkPolicy"):
        for where, peer in _peers(one):
            pods = mapping(peer.get("podSelector"))
            if "namespaceSelector" in peer and not (pods.get("matchLabels") or pods.get("matchExpressions")):
                fact = f"{where} is every pod of the namespaces that it names"
                yield rendered.found("SEC020", one, fact, "put the podSelector into the same item")


@class_rule("SEC022")
def every_rule_says_which_ports(rendered: Rendered) -> Iterator[Finding]:
    """A rule without ports, or a port without a number, opens all of them."""
    for one in rendered.of_kind("NetworkPolicy"):
        for where, _, rule in _rules(one):
            if not rule.get("ports"):
                yield rendered.found("SEC022", one, f"{where} names no ports, which is all", "name the ports")
            for index, port in enumerate(mappings(rule.get("ports"))):
                if "port" not in port:
                    fact = f"{where}.ports[{index}] has no number, which is every port of the protocol"
                    yield rendered.found("SEC022", one, fact, "name the port")


# --- access


@class_rule("SEC008")
def roles_grant_only_what_is_meant(rendered: Rendered) -> Iterator[Finding]:
    """A Role reads anything but Secrets, and writes only what `escape.MAY_WRITE` lists."""
    for one in rendered.of_kind("Role", "ClusterRole"):
        for index, rule in enumerate(mappings(one.get("rules"))):
            for fact in escape.excess(rule):
                yield rendered.found("SEC008", one, f"rules[{index}] {fact}")


@tenant_rule("SEC009")
def bindings_are_for_groups_of_the_tenant(rendered: Rendered) -> Iterator[Finding]:
    """A binding gives a Role of this namespace to groups of this company; a shell is for its break-glass group."""
    name = rendered.tenant.name
    roles = {one["metadata"]["name"]: one for one in rendered.of_kind("Role")}
    for one in rendered.of_kind("RoleBinding", "ClusterRoleBinding"):
        if one["kind"] == "ClusterRoleBinding":
            yield rendered.found("SEC009", one, "a ClusterRoleBinding binds in every namespace", "use a RoleBinding")
        reference = mapping(one.get("roleRef"))
        role = roles.get(str(reference.get("name")))
        if reference.get("kind") != "Role" or role is None:
            fact = f"it binds {reference.get('kind')} {reference.get('name')}, which is no Role of this namespace"
            yield rendered.found("SEC009", one, fact, "bind a Role that base/ writes")
        opens = role is not None and escape.opens_a_shell(role)
        for subject in mappings(one.get("subjects")):
            who = f"{subject.get('kind')} {subject.get('name')}"
            if subject.get("kind") != "Group" or not str(subject.get("name")).startswith(f"{name}:"):
                yield rendered.found("SEC009", one, f"{who} is no group of {name}", f"groups are called {name}:ROLE")
            elif opens and subject.get("name") != f"{name}:{escape.BREAK_GLASS}":
                fact = f"{who} gets a shell in the pods"
                yield rendered.found("SEC009", one, fact, f"only {name}:{escape.BREAK_GLASS} may")


# --- secrets


@class_rule("SEC011")
def nothing_secret_is_rendered(rendered: Rendered) -> Iterator[Finding]:
    """No Secret is rendered, and no text looks like one."""
    for one in rendered.objects:
        if one["kind"] == "Secret":
            yield rendered.found("SEC011", one, "a Secret stands in git", "take it from an ExternalSecret")
            continue
        for where, fact in _secrets(one):
            yield rendered.found("SEC011", one, f"{where} looks like {fact}", "take it from an ExternalSecret")


@repository_rule("SEC011")
def nothing_secret_is_committed(repository: Repository) -> Iterator[Finding]:
    """No line of a file in argocd/ or overlays/ looks like a secret.

    The files of two tenants have most lines in common but for the name, so each such line is looked at once.
    """
    seen: dict[str, str] = {}
    for file, text in repository.files.items():
        for number, line in enumerate(text.replace(_tenant_of(file), "NAME").splitlines(), start=1):
            what = seen.get(line)
            if what is None:
                what = seen[line] = secret_like(line)
            if what:
                hint = "take it out, and change it: it is known from now on"
                yield finding("SEC011", Place(file, number), f"this looks like {what}", hint)


def _tenant_of(file: str) -> str:
    path = PurePosixPath(file)
    return path.parts[1] if path.parts[0] == layout.OVERLAYS else path.stem


def _secrets(one: Object) -> Iterator[tuple[str, str]]:
    """Yield where a secret-like text stands in an object, and what it looks like."""
    for path, text in walk_strings(one):
        name = str(path[-1])
        if name == "value":
            # an environment variable's value is named beside it
            holder: Any = one
            for step in path[:-1]:
                holder = holder[step]
            name = str(holder.get("name", name))
        if what := secret_like(text, name):
            yield _dotted(path), what


def _dotted(path: Sequence[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


_ESO: Final = "external-secrets.io/v1"
_VAULT_NAMESPACE: Final = ("vault", "namespace")
"""Vault calls its own partitions so; it is none of Kubernetes'."""


@tenant_rule("SEC012")
def secrets_come_from_the_tenants_own_path(rendered: Rendered) -> Iterator[Finding]:
    """An ExternalSecret reads below `tenants/NAME/` through a store of this namespace, which asks as this namespace."""
    stores = {one["metadata"]["name"] for one in rendered.of_kind("SecretStore")}
    prefix = f"tenants/{rendered.tenant.name}/"
    for one in rendered.of_kind("ExternalSecret", "SecretStore"):
        if one.get("apiVersion") != _ESO:
            yield rendered.found("SEC012", one, f"apiVersion is {one.get('apiVersion')}", f"write {_ESO}")
    for one in rendered.of_kind("ClusterSecretStore", "ClusterExternalSecret", "PushSecret"):
        yield rendered.found("SEC012", one, f"a {one['kind']} reaches beyond the namespace")
    for one in rendered.of_kind("ExternalSecret"):
        for where, reference in _store_references(_spec(one)):
            if reference.get("kind", "SecretStore") != "SecretStore" or str(reference.get("name")) not in stores:
                said = f"{reference.get('kind', 'SecretStore')} {reference.get('name')}"
                yield rendered.found("SEC012", one, f"{where} is {said}, no store of this namespace")
        for where, key in _keys(_spec(one)):
            if not str(key).startswith(prefix) or ".." in str(key).split("/"):
                yield rendered.found("SEC012", one, f"{where} is {key or 'not set'}, not below {prefix}")
    for one in rendered.of_kind("SecretStore"):
        for path, text in walk_strings(_spec(one)):
            if path[-1] == "namespace" and path[-2:] != _VAULT_NAMESPACE and text != rendered.tenant.name:
                yield rendered.found("SEC012", one, f"spec.{_dotted(path)} asks with an identity of {text}")


def _store_references(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "spec.secretStoreRef", mapping(spec.get("secretStoreRef"))
    for section in ("data", "dataFrom"):
        for index, item in enumerate(mappings(spec.get(section))):
            source = mapping(item.get("sourceRef"))
            if "storeRef" in source:
                yield f"spec.{section}[{index}].sourceRef.storeRef", mapping(source["storeRef"])


def _keys(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for index, item in enumerate(mappings(spec.get("data"))):
        yield f"spec.data[{index}].remoteRef.key", mapping(item.get("remoteRef")).get("key")
    for index, item in enumerate(mappings(spec.get("dataFrom"))):
        if "extract" in item:
            yield f"spec.dataFrom[{index}].extract.key", mapping(item["extract"]).get("key")
        if "find" in item:
            yield f"spec.dataFrom[{index}].find.path", mapping(item["find"]).get("path")


# --- ways in


@class_rule("SEC013")
def services_stay_inside(rendered: Rendered) -> Iterator[Finding]:
    """A Service is a ClusterIP in front of this namespace's pods: no door of its own, no address of others."""
    for one in rendered.of_kind("Service"):
        spec = _spec(one)
        kind = spec.get("type", "ClusterIP")
        if kind != "ClusterIP":
            yield rendered.found("SEC013", one, f"type is {kind}", "write ClusterIP; routes lead in from outside")
        for key in ("externalIPs", "loadBalancerIP", "externalName"):
            if spec.get(key):
                yield rendered.found("SEC013", one, f"{key} is set")
        if not spec.get("selector") and kind != "ExternalName":
            yield rendered.found("SEC013", one, "it has no selector, so it leads wherever its endpoints say")
    for one in rendered.of_kind("Endpoints", "EndpointSlice"):
        yield rendered.found("SEC013", one, "addresses behind a Service are written by hand", "let a selector choose")


_INGRESS_ANNOTATIONS: Final = ("argocd.argoproj.io/", "cert-manager.io/", "tenantry.dev/", "link.argocd.argoproj.io/")


@class_rule("SEC014")
def ingresses_only_route(rendered: Rendered) -> Iterator[Finding]:
    """An Ingress carries no annotation of a controller: snippets, aliases and foreign middlewares are written so."""
    for one in rendered.of_kind("Ingress"):
        for key in mapping(one["metadata"].get("annotations")):
            if not key.startswith(_INGRESS_ANNOTATIONS):
                fact = f"the annotation {key} is read by an ingress controller"
                yield rendered.found("SEC014", one, fact, "what a route needs beyond its rules belongs to the platform")


@class_rule("SEC017")
def routes_are_encrypted(rendered: Rendered) -> Iterator[Finding]:
    """Every host of an Ingress stands in its `tls`; an HTTPRoute names the Gateway's listener that has TLS."""
    for one in rendered.of_kind("Ingress"):
        covered = {host for tls in mappings(_spec(one).get("tls")) for host in strings(tls.get("hosts"))}
        for rule in mappings(_spec(one).get("rules")):
            if str(rule.get("host")) not in covered:
                yield rendered.found("SEC017", one, f"{rule.get('host')} has no TLS", "add it to spec.tls")
    for one in rendered.of_kind("HTTPRoute"):
        for index, parent in enumerate(mappings(_spec(one).get("parentRefs"))):
            if not parent.get("sectionName"):
                fact = f"parentRefs[{index}] names no listener, so the route answers without TLS as well"
                yield rendered.found("SEC017", one, fact, "add sectionName: https")


@tenant_rule("SEC021")
def routes_lead_to_own_services(rendered: Rendered) -> Iterator[Finding]:
    """A route has hosts of its own, hangs on a Gateway, and leads to Services of its own namespace."""
    for one in rendered.of_kind("Ingress"):
        if _spec(one).get("defaultBackend"):
            yield rendered.found("SEC021", one, "defaultBackend takes the requests for every unknown host")
        for index, rule in enumerate(mappings(_spec(one).get("rules"))):
            yield from _open_host(rendered, one, f"rules[{index}].host", rule.get("host"))
    for one in rendered.of_kind("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"):
        spec = _spec(one)
        for index, host in enumerate(sequence(spec.get("hostnames")) or [None]):
            yield from _open_host(rendered, one, f"hostnames[{index}]", host)
        for index, parent in enumerate(mappings(spec.get("parentRefs"))):
            if parent.get("kind", "Gateway") != "Gateway":
                fact = f"parentRefs[{index}] is a {parent['kind']}: the route would take its traffic"
                yield rendered.found("SEC021", one, fact, "hang it on the Gateway")
        for where, reference in _backends(spec, "spec"):
            other = reference.get("namespace", rendered.tenant.name)
            if other != rendered.tenant.name or reference.get("kind", "Service") != "Service":
                fact = f"{where} is {reference.get('kind', 'Service')} {reference.get('name')} of {other}"
                yield rendered.found("SEC021", one, fact, "lead to a Service of this namespace")


def _open_host(rendered: Rendered, one: Object, where: str, host: Any) -> Iterator[Finding]:
    if not host:
        yield rendered.found("SEC021", one, f"{where} is missing, which is every host", "name the host")
    elif "*" in str(host):
        yield rendered.found("SEC021", one, f"{where} is {host}, which covers hosts of others", "name the host")


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


# --- guardrails

_DOORS: Final = ("services.loadbalancers", "services.nodeports")
_COUNTED: Final = (
    "persistentvolumeclaims",
    "services",
    "count/secrets",
    "count/configmaps",
    "count/deployments.apps",
    "count/jobs.batch",
    "requests.ephemeral-storage",
    "limits.ephemeral-storage",
)


def _hard(rendered: Rendered) -> list[Mapping[str, Any]]:
    """Return what each quota that counts everything allows; one with scopes counts some pods alone."""
    quotas = (_spec(one) for one in rendered.of_kind("ResourceQuota"))
    return [mapping(spec.get("hard")) for spec in quotas if not spec.get("scopes") and not spec.get("scopeSelector")]


@class_rule("SEC015")
def quota_forbids_doors(rendered: Rendered) -> Iterator[Finding]:
    """A quota sets the number of LoadBalancers and node ports to none."""
    for key in _DOORS:
        if not any(str(hard.get(key)) == "0" for hard in _hard(rendered)):
            one = next(rendered.of_kind("ResourceQuota"), None)
            fact = f"no ResourceQuota sets {key} to 0"
            place, name = rendered.place(one), identity(one) if one else ""
            yield finding("SEC015", place, fact, f'add {key}: "0" to spec.hard', name)


@tenant_rule("SEC018")
def guards_are_not_weaker_than_the_plan(rendered: Rendered) -> Iterator[Finding]:
    """Quota, LimitRange and the Namespace's labels are at least as strict as the tenant's plan demands."""
    yield from _weak_quota(rendered)
    yield from _weak_limits(rendered)
    for one in rendered.of_kind("Namespace"):
        labels = mapping(one["metadata"].get("labels"))
        if labels.get(TENANT_LABEL) != rendered.tenant.name:
            fact = f"its label {TENANT_LABEL} is {labels.get(TENANT_LABEL, 'not set')}"
            yield rendered.found("SEC018", one, fact, "guards of the cluster select by it")


def _weak_quota(rendered: Rendered) -> Iterator[Finding]:
    tenant, platform = rendered.tenant, rendered.platform
    ceiling = quota.ceiling(rendered.objects, tenant, platform)
    bounds: tuple[tuple[str, Callable[[str], int], int], ...] = (
        ("requests.cpu", quantity.millicores, ceiling.requests_cpu),
        ("limits.cpu", quantity.millicores, ceiling.limits_cpu),
        ("requests.memory", quantity.octets, ceiling.requests_memory),
        ("limits.memory", quantity.octets, ceiling.limits_memory),
        ("requests.storage", quantity.octets, tenant.storage),
    )
    one = next(rendered.of_kind("ResourceQuota"), None)
    place, name = rendered.place(one), identity(one) if one else ""
    quotas = _hard(rendered)
    for key, read, most in bounds:
        given = [value for value in (_quantity(hard.get(key), read) for hard in quotas) if value is not None]
        text = quantity.cpu_text(most) if read is quantity.millicores else quantity.bytes_text(most)
        if not given:
            yield finding("SEC018", place, f"no ResourceQuota bounds {key}, {text} by plan {tenant.plan}", "", name)
        elif min(given) > most:
            wide = quantity.cpu_text(min(given)) if read is quantity.millicores else quantity.bytes_text(min(given))
            fact = f"{key} is {wide}, more than the {text} of plan {tenant.plan}, its add-ons and their roll-outs"
            yield finding("SEC018", place, fact, "run `tenantry generate`", name)
    for key in ("pods", *_COUNTED):
        if not any(key in hard for hard in quotas):
            yield finding("SEC018", place, f"no ResourceQuota bounds {key}", "", name)


def _quantity(value: Any, read: Callable[[str], int]) -> int | None:
    try:
        return read(str(value))
    except ValueError:
        return None


def _weak_limits(rendered: Rendered) -> Iterator[Finding]:
    limits = [
        (one, limit)
        for one in rendered.of_kind("LimitRange")
        for limit in mappings(_spec(one).get("limits"))
        if limit.get("type") == "Container"
    ]
    if not limits:
        fact = "no LimitRange gives containers their limits: a pod without them would be refused"
        yield finding("SEC018", rendered.place(), fact)
    for one, limit in limits:
        for key in ("default", "defaultRequest", "max"):
            for resource in ("cpu", "memory"):
                if resource not in mapping(limit.get(key)):
                    yield rendered.found("SEC018", one, f"{key}.{resource} is not set")


@tenant_rule("SEC024")
def nobody_gets_out(rendered: Rendered) -> Iterator[Finding]:
    """Whatever other rules say of each Role, binding and list: read together, they let nobody and nothing out."""
    for way in escape.ways_out(rendered):
        yield finding("SEC024", way.place, f"{way.fact}, and {way.claim}", "", way.object)
