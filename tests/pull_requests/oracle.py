"""An oracle: what customers lose between two commits, or what of theirs is opened to others, without tenantry's code.

It compares what Argo CD applied with what it would apply (`state.py`) and knows nothing of the rules: what it finds and
`tenantry check` lets pass is a hole in the rules.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.pull_requests.state import Object, State, Tenant, listed, mapping, name_of, objects_of, spec_of

_GUARD: Final = {"Prune=false", "Delete=false"}
_NAME_LABEL: Final = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True, order=True)
class Loss:
    """One thing that a customer had and has no more, or that others have now as well.

    Attributes:
        kind: `namespace`, `claim`, `store`, `host`, `project`, `application`, `server`, `network`, `access`, `keys`,
            `bytes`.
        tenant: Whose it is; empty when it is everybody's.
        what: In words.
    """

    kind: str
    tenant: str
    what: str

    def __str__(self) -> str:
        """Tell it."""
        return f"{self.kind} of {self.tenant or 'everybody'}: {self.what}"


def losses(before: State, after: State) -> list[Loss]:
    """Return what is lost, and what is opened, from one state to the other; in order."""
    found = set(_of_all(before, after))
    for name, tenant in before.tenants.items():
        if name not in after.tenants:
            found.add(Loss("application", name, "no entry of a set makes it any more"))
            continue
        now = after.tenants[name]
        found.update(Loss(kind, name, what) for kind, what in _kept(tenant, now))
        found.update(Loss(kind, name, what) for kind, what in _hosts_kept(name, before, after))
    platform = before.platform
    for name, tenant in after.tenants.items():
        was = set(_opened(name, before.tenants[name], before, platform)) if name in before.tenants else set()
        now_open = set(_opened(name, tenant, after, platform)) - was
        found.update(Loss(kind, name, what) for kind, what in now_open)
    return sorted(found)


def _of_all(before: State, after: State) -> Iterator[Loss]:
    for path, mode in after.odd.items():
        if path not in before.odd:
            yield Loss("bytes", "", f"{path} has the mode {mode}: what it leads to is nobody's to review")
    for path in after.altered:
        if path not in before.altered:
            yield Loss("bytes", "", f"Argo CD reads other bytes of {path} than git holds")
    for path, why in after.unreadable.items():
        # where argocd/platform/ cannot be built, Argo CD leaves what the provider runs as it is: no customer loses
        if path not in before.unreadable and path != "argocd/platform":
            yield Loss("application", "", f"{path} cannot be read: {why[:100]}")
    if not after.platform:
        return
    for what, read in (("repository", _repository), ("clusters", _servers)):
        was, now = read(before.platform), read(after.platform)
        if was != now:
            yield Loss("server", "", f"{what}: was {was} and is {now}")
    for area, cidr in sorted({*_addresses(before.platform)} - {*_addresses(after.platform)}, key=str):
        yield Loss("server", "", f"{cidr} ({area}) is no address of the cluster any more")
    yield from _shared(before, after)


def _repository(platform: Object) -> Any:
    return mapping(platform.get("git")).get("repoURL")


def _servers(platform: Object) -> Any:
    return {str(name): mapping(one).get("server") for name, one in mapping(platform.get("clusters")).items()}


def _shared(before: State, after: State) -> Iterator[Loss]:
    """Return what the provider's own Applications apply: nothing of a tenant, and nothing of their own is lost."""
    was = {(str(item.get("kind")), name_of(item)): item for item in before.shared}
    now = [(str(item.get("kind")), name_of(item)) for item in after.shared]
    for kind, name in sorted(was.keys() - set(now)):
        owner = name if name in before.tenants else ""
        if kind in ("AppProject", "Application", "ApplicationSet", "Namespace") and not _leaves_all(was[kind, name]):
            yield Loss("project" if kind == "AppProject" else "application", owner, f"{kind} {name} is gone")
    for kind, name in sorted(set(now)):
        if kind in ("AppProject", "Application", "ApplicationSet") and now.count((kind, name)) > 1:
            yield Loss("project", name if name in before.tenants else "", f"there are two {kind} {name}")
    for item in after.shared:
        kind, name = str(item.get("kind")), name_of(item)
        namespace = mapping(item.get("metadata")).get("namespace")
        if (kind, name) in was:
            continue
        if name in before.tenants and kind in ("Namespace", "AppProject", "Application"):
            yield Loss("project", name, f"the platform has a {kind} of its name")
        if namespace in before.tenants:
            yield Loss("namespace", str(namespace), f"the platform has a {kind} {name} in it")
        if kind == "ApplicationSet":
            yield Loss("application", "", f"there is a new ApplicationSet {name}")
        if kind == "Application" and name not in after.tenants:
            yield Loss("application", "", f"there is a new Application {name}")


def _leaves_all(one: Object) -> bool:
    """Say whether Argo CD leaves what a shard made when the shard goes; companies without a set are told by name."""
    if one.get("kind") == "ApplicationSet":
        return mapping(spec_of(one).get("syncPolicy")).get("preserveResourcesOnDeletion") is True
    of_shard = str(mapping(spec_of(one).get("source")).get("path")).startswith("argocd/shards/")
    return one.get("kind") == "Application" and of_shard and not mapping(one.get("metadata")).get("finalizers")


_KEPT: Final = (
    "accessModes",
    "storageClassName",
    "volumeMode",
    "volumeName",
    "dataSource",
    "dataSourceRef",
    "selector",
)


def _kept(before: Tenant, after: Tenant) -> Iterator[tuple[str, str]]:
    """Return what a tenant had and must have."""
    if not after.objects:
        return  # it cannot be built, which is said of all
    for kind, word in (("Namespace", "namespace"), ("PersistentVolumeClaim", "claim"), ("SecretStore", "store")):
        now = {name_of(obj): obj for obj in objects_of(after, kind)}
        for obj in objects_of(before, kind):
            if name_of(obj) not in now:
                yield word, f"{kind} {name_of(obj)} is gone"
            elif _guards(obj) - _guards(now[name_of(obj)]):
                yield word, f"{kind} {name_of(obj)} has lost its guard"
    claims = {name_of(obj): obj for obj in objects_of(after, "PersistentVolumeClaim")}
    for obj in objects_of(before, "PersistentVolumeClaim"):
        if name_of(obj) in claims:
            yield from _claim_kept(spec_of(obj), spec_of(claims[name_of(obj)]))
    yield from _application_kept(before, after)
    yield from _project_kept(before.project, after.project)


def _guards(one: Object) -> set[str]:
    options = mapping(mapping(one.get("metadata")).get("annotations")).get("argocd.argoproj.io/sync-options", "")
    return _GUARD & {option.strip() for option in str(options).split(",")}


def _claim_kept(before: Object, after: Object) -> Iterator[tuple[str, str]]:
    was, now = (_asked(mapping(mapping(spec.get("resources")).get("requests"))) for spec in (before, after))
    if now < was:
        yield "claim", f"it shrinks from {was} to {now} bytes"
    for key in _KEPT:
        if before.get(key) != after.get(key):
            yield "claim", f"its {key} was {before.get(key)} and is {after.get(key)}"


def _asked(requests: Object) -> int:
    match = re.fullmatch(r"([0-9]+)([KMGTP]i)?", str(requests.get("storage")))
    return int(match[1]) << (10 * (" KMGTP".index(match[2][0]) if match[2] else 0)) if match else 0


def _application_kept(before: Tenant, after: Tenant) -> Iterator[tuple[str, str]]:
    was, now = spec_of(before.application), spec_of(after.application)
    for key in ("project", "destination", "syncPolicy"):
        if was.get(key) != now.get(key):
            yield "application", f"its {key} was {was.get(key)} and is {now.get(key)}"
    if mapping(was.get("source")).get("path") != mapping(now.get("source")).get("path"):
        yield "application", f"it reads {mapping(now.get('source')).get('path')}"
    if set(now) - set(was):
        yield "application", f"it has {sorted(set(now) - set(was))} besides"
    if before.patch != after.patch:
        yield "application", "the patch of its set is another"
    metadata = mapping(after.application.get("metadata"))
    if metadata.get("finalizers") or after.entry.get("state") not in (before.entry.get("state"), "active"):
        yield "application", f"it is {after.entry.get('state')}, and its objects may go with it"


def _project_kept(before: Object, after: Object) -> Iterator[tuple[str, str]]:
    if before and not after:
        yield "project", "its AppProject is gone"
        return
    was, now = spec_of(before), spec_of(after)
    for key in ("sourceRepos", "destinations", "clusterResourceWhitelist", "namespaceResourceWhitelist"):
        more = [item for item in listed(now.get(key)) if item not in listed(was.get(key))]
        fewer = [item for item in listed(was.get(key)) if item not in listed(now.get(key))]
        if more:
            yield "project", f"{key} has {more} besides"
        if fewer:
            yield "project", f"{key} has no more {fewer}"
    for role in listed(now.get("roles")):
        if role not in listed(was.get("roles")):
            yield "project", f"its role {mapping(role).get('name')} is another"


def _hosts_kept(name: str, before: State, after: State) -> Iterator[tuple[str, str]]:
    if not after.tenants[name].objects:
        return
    was, now = before.files.get(name, {}), after.files.get(name, {})
    given_up = {str(host) for host in listed(was.get("hosts"))} - {str(host) for host in listed(now.get("hosts"))}
    for host in sorted(hosts_of(before.tenants[name]) - hosts_of(after.tenants[name]) - given_up):
        # a host of an add-on goes when the company's own file switches the add-on off
        if not (host.startswith("chat--") and _add_ons(was) != _add_ons(now)):
            yield "host", f"{host} is gone"


def _add_ons(file: Object) -> tuple[Any, Any]:
    return file.get("chatbot", False), file.get("addons")


def hosts_of(tenant: Tenant) -> set[str]:
    """Return the hosts whose requests a tenant gets; `*` for all."""
    found: set[str] = set()
    for obj in objects_of(tenant, "HTTPRoute", "GRPCRoute", "TLSRoute"):
        found |= {str(host) for host in listed(spec_of(obj).get("hostnames"))} or {"*"}
    for obj in objects_of(tenant, "Ingress"):
        found |= {str(mapping(rule).get("host", "*")) for rule in listed(spec_of(obj).get("rules"))}
    return found


# --- opened to others


def _opened(name: str, tenant: Tenant, state: State, platform: Object) -> Iterator[tuple[str, str]]:
    """Return what of a tenant others reach, or what of others it reaches."""
    others = {other: one for other, one in state.tenants.items() if other != name}
    for host in hosts_of(tenant):
        if "*" in host:
            yield "host", f"it takes the requests of {host}"
        for other, neighbour in others.items():
            if host in hosts_of(neighbour):
                yield "host", f"{other} has {host} as well"
    for obj in tenant.objects:
        yield from _outside(name, obj)
        yield from _reaches(name, obj, others)
        yield from _lets_in(name, obj)
    yield from _network(name, tenant, state, platform)


def _outside(name: str, one: Object) -> Iterator[tuple[str, str]]:
    metadata = mapping(one.get("metadata"))
    where = metadata.get("namespace")
    if one.get("kind") == "Namespace":
        if name_of(one) != name:
            yield "namespace", f"it renders the Namespace {name_of(one)}"
    elif where != name:
        yield "namespace", f"{one.get('kind')} {name_of(one)} lies in {where}"


def _reaches(name: str, one: Object, others: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Whatever stands in a field `namespace`, and in the keys of secrets."""
    kind = one.get("kind")
    for path, text in _texts(spec_of(one) or {key: one.get(key) for key in ("subjects", "roleRef")}):
        if path[-1] == "namespace" and text in others:
            yield "namespace", f"{kind} {name_of(one)} reaches into {text}"
    if kind == "ExternalSecret":
        for path, text in _texts(spec_of(one)):
            if path[-1] == "key" and not text.startswith(f"tenants/{name}/"):
                yield "keys", f"{name_of(one)} reads {text}"
            if path[-1] == "kind" and text == "ClusterSecretStore":
                yield "keys", f"{name_of(one)} reads through the store of the cluster"
    if kind in ("ClusterSecretStore", "PushSecret", "ClusterExternalSecret"):
        yield "keys", f"there is a {kind} {name_of(one)}"
    if kind == "Service":
        kind_of_service = spec_of(one).get("type", "ClusterIP")
        if kind_of_service != "ClusterIP" or spec_of(one).get("externalIPs"):
            yield "network", f"Service {name_of(one)} is a {kind_of_service}"


def _lets_in(name: str, one: Object) -> Iterator[tuple[str, str]]:
    if one.get("kind") in ("RoleBinding", "ClusterRoleBinding"):
        for subject in listed(one.get("subjects")):
            who = str(mapping(subject).get("name"))
            if mapping(subject).get("kind") != "Group" or not who.startswith(f"{name}:"):
                yield "access", f"{one.get('kind')} {name_of(one)} is for {mapping(subject).get('kind')} {who}"
    if one.get("kind") == "ClusterRoleBinding":
        yield "access", f"ClusterRoleBinding {name_of(one)} holds in every namespace"
    if one.get("kind") in ("Role", "ClusterRole"):
        for rule in listed(one.get("rules")):
            resources, verbs = (set(map(str, listed(mapping(rule).get(key)))) for key in ("resources", "verbs"))
            if "*" in resources | verbs or ("secrets" in resources and verbs):
                yield "access", f"{one.get('kind')} {name_of(one)} allows {sorted(verbs)} of {sorted(resources)}"


def _texts(value: Any, path: tuple[Any, ...] = ("",)) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))


def _network(name: str, tenant: Tenant, state: State, platform: Object) -> Iterator[tuple[str, str]]:
    """Say whether every pod is denied by default, and what the exceptions let through."""
    if not tenant.objects:
        return
    policies = objects_of(tenant, "NetworkPolicy")
    for direction in ("Ingress", "Egress"):
        all_pods = (
            not mapping(spec_of(policy).get("podSelector")) and direction in listed(spec_of(policy).get("policyTypes"))
            for policy in policies
        )
        if not any(all_pods):
            yield "network", f"{direction} is not denied for every pod"
    for policy in policies:
        for section, peers in (("ingress", "from"), ("egress", "to")):
            for rule in listed(spec_of(policy).get(section)):
                if not listed(mapping(rule).get(peers)):
                    yield "network", f"{name_of(policy)} has a rule of {section} for everybody"
                for peer in listed(mapping(rule).get(peers)):
                    yield from _peer(name, name_of(policy), mapping(peer), state, platform)
    for obj in tenant.objects:
        template = mapping(mapping(spec_of(obj).get("template")).get("spec"))
        if template.get("hostNetwork"):
            yield "network", f"the pods of {name_of(obj)} are on the network of their node"


def _peer(name: str, policy: str, peer: Object, state: State, platform: Object) -> Iterator[tuple[str, str]]:
    if "namespaceSelector" in peer:
        for other, labels in _namespaces(state):
            if other != name and _selects(mapping(peer["namespaceSelector"]), labels):
                yield "network", f"{policy} has pods of {other} as a peer"
    elif "ipBlock" in peer:
        block = mapping(peer["ipBlock"])
        try:
            network = ipaddress.ip_network(str(block.get("cidr")))
            but = [ipaddress.ip_network(str(item)) for item in listed(block.get("except"))]
        except ValueError:
            return
        for area, cidr in _addresses(platform):
            if _covers(network, but, cidr):
                yield "network", f"{policy} lets reach {cidr} ({area})"
    elif "podSelector" not in peer:
        yield "network", f"{policy} has a peer that is everybody"


def _namespaces(state: State) -> Iterator[tuple[str, dict[str, str]]]:
    for name, tenant in state.tenants.items():
        labels = {_NAME_LABEL: name}
        for obj in objects_of(tenant, "Namespace"):
            labels |= {str(key): str(value) for key, value in mapping(obj["metadata"].get("labels")).items()}
        yield name, labels


def _selects(selector: Object, labels: dict[str, str]) -> bool:
    if any(labels.get(str(key)) != value for key, value in mapping(selector.get("matchLabels")).items()):
        return False
    for expression in map(mapping, listed(selector.get("matchExpressions"))):
        key, values = str(expression.get("key")), listed(expression.get("values"))
        fits = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not fits.get(str(expression.get("operator")), True):
            return False
    return True


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _addresses(platform: Object) -> Iterator[tuple[str, _Network]]:
    for cluster in mapping(platform.get("clusters")).values():
        areas = mapping(mapping(mapping(cluster).get("network")).get("addresses"))
        for area, cidrs in {**areas, "metadata": ["169.254.169.254/32"]}.items():
            for cidr in listed(cidrs):
                try:
                    yield str(area), ipaddress.ip_network(str(cidr))
                except ValueError:
                    continue


def _covers(network: _Network, but: list[_Network], cidr: _Network) -> bool:
    """Say whether an address of `cidr` is in the network and in none of its exceptions."""
    if network.version != cidr.version or not network.overlaps(cidr):
        return False
    inside = network if network.prefixlen >= cidr.prefixlen else cidr
    return not any(item.version == inside.version and inside.subnet_of(item) for item in but)  # type: ignore[arg-type]
