"""The proof that no subject of a tenant, and no object of it, can leave its namespace or change its guardrails.

Two halves, for each tenant:

- *Subjects.* Every subject of every rendered binding, and every group of the AppProject's roles, is asked for every
  forbidden action, with the semantics of RBAC: rules only add, `*` is everything, a name in `resourceNames` is still
  somebody's object. What a binding refers to and the render does not hold cannot be known, and counts as everything.
- *Objects.* Every rendered object is accepted by the AppProject (the semantics of `IsResourcePermitted` in Argo CD
  v3.5), whose lists are the constant ones; and none is a Secret, RBAC of the cluster, of another namespace, or
  cluster-scoped other than the tenant's own Namespace.

What it takes for given: whoever creates groups in the identity provider keeps to their names, and the roles of the
cluster itself bind none of them. Sources: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and
https://kubernetes.io/docs/concepts/security/rbac-good-practices/.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

from generator.findings.finding import Place
from generator.fleet.model import Cluster
from generator.generate.argocd import TENANT_KINDS
from generator.kube.lenient import Object, group_of, mapping, mappings, sequence
from generator.once import once
from generator.render.rendered import Rendered, Representative, identity

BREAK_GLASS: Final = "break-glass"
"""The role, and the group after the colon, that may open a shell in a pod."""


class Claim(StrEnum):
    """What is proved; a counterexample breaks one of them."""

    GUARDRAILS = "no subject may write a guardrail"
    SECRETS = "no subject may read a Secret"
    POWERS = "no subject may bind, escalate or impersonate"
    WORKLOADS = "no subject may start a workload"
    NETWORK = "no subject may pass by the network's rules"
    BORDER = "nothing may touch another namespace"
    PROJECT = "the constant project must accept every object"
    CONTENT = "no Secret and nothing of the cluster but the Namespace may be rendered"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """One way out.

    Attributes:
        tenant: Whose.
        claim: What does not hold.
        fact: Why.
        place: Where it stands.
        object: The object, as Kind/namespace/name, or empty.
    """

    tenant: str
    claim: Claim
    fact: str
    place: Place
    object: str


@dataclass(frozen=True, slots=True)
class Escape:
    """What was proved.

    Attributes:
        tenants: How many were looked at.
        proved: How many of them have no counterexample.
        questions: How many pairs of a subject and a forbidden action were decided.
        objects: How many objects were held against their project.
        counterexamples: The ways out.
    """

    tenants: int
    proved: int
    questions: int
    objects: int
    counterexamples: tuple[Counterexample, ...]


def prove_containment(fleet: Iterable[Rendered]) -> Escape:
    """Prove for each tenant that its subjects and its objects stay inside.

    Args:
        fleet: The tenants with their renders and projects.
    """
    tenants = list(fleet)
    found = {tenant.tenant.name: ways_out(tenant) for tenant in tenants}
    return Escape(
        tenants=len(tenants),
        proved=sum(not ways for ways in found.values()),
        questions=sum(len(list(_subjects(tenant))) * len(FORBIDDEN) for tenant in tenants),
        objects=sum(len(tenant.objects) for tenant in tenants),
        counterexamples=tuple(way for ways in found.values() for way in ways),
    )


def contained(representative: Representative) -> int:
    """Return for how many of the tenants the proof holds; they are looked at when it does not hold for the one."""
    if not ways_out(representative.subject):
        return len(representative.members)
    return sum(not ways_out(representative.of(tenant)) for tenant in representative.members)


@once
def ways_out(rendered: Rendered) -> tuple[Counterexample, ...]:
    """Return the counterexamples of one tenant."""
    return (*_of_subjects(rendered), *_of_argocd_roles(rendered), *_of_project(rendered), *_of_objects(rendered))


# --- actions

_RBAC: Final = "rbac.authorization.k8s.io"
_WRITES: Final = ("create", "update", "patch", "delete", "deletecollection")
_READS: Final = ("get", "list", "watch")


@dataclass(frozen=True, slots=True)
class Action:
    """A request as RBAC sees it; `resource` holds the subresource behind a slash."""

    claim: Claim
    verb: str
    group: str
    resource: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}"


_GUARDRAILS: Final = (
    ("", "namespaces"),
    ("", "resourcequotas"),
    ("", "limitranges"),
    ("", "serviceaccounts"),
    ("", "persistentvolumes"),
    ("", "persistentvolumeclaims"),
    ("", "services"),
    ("", "endpoints"),
    ("", "configmaps"),
    ("discovery.k8s.io", "endpointslices"),
    ("networking.k8s.io", "networkpolicies"),
    ("networking.k8s.io", "ingresses"),
    ("gateway.networking.k8s.io", "httproutes"),
    ("gateway.networking.k8s.io", "referencegrants"),
    ("policy", "poddisruptionbudgets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("scheduling.k8s.io", "priorityclasses"),
    ("external-secrets.io", "externalsecrets"),
    ("external-secrets.io", "secretstores"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ("argoproj.io", "applications"),
    ("argoproj.io", "applicationsets"),
    ("argoproj.io", "appprojects"),
    (_RBAC, "roles"),
    (_RBAC, "rolebindings"),
    (_RBAC, "clusterroles"),
    (_RBAC, "clusterrolebindings"),
)
_WORKLOADS: Final = (
    ("", "replicationcontrollers"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
)

FORBIDDEN: Final = (
    *(Action(Claim.GUARDRAILS, verb, *guardrail) for guardrail in _GUARDRAILS for verb in _WRITES),
    *(Action(Claim.SECRETS, verb, "", "secrets") for verb in (*_READS, *_WRITES)),
    *(Action(Claim.POWERS, verb, _RBAC, entry) for entry in ("roles", "clusterroles") for verb in ("bind", "escalate")),
    *(Action(Claim.POWERS, "impersonate", "", entry) for entry in ("users", "groups", "serviceaccounts")),
    Action(Claim.POWERS, "create", "", "serviceaccounts/token"),
    Action(Claim.POWERS, "create", "certificates.k8s.io", "certificatesigningrequests"),
    # Whoever starts a pod reads every Secret of the namespace through it.
    *(Action(Claim.WORKLOADS, verb, *workload) for workload in _WORKLOADS for verb in ("create", "update", "patch")),
    *(Action(Claim.WORKLOADS, verb, "", "pods") for verb in ("create", "update", "patch")),
    # The API server makes these connections itself, so no NetworkPolicy sees who asked for them.
    *(
        Action(Claim.NETWORK, verb, "", f"{entry}/proxy")
        for entry in ("pods", "services", "nodes")
        for verb in _READS[:1]
    ),
    *(Action(Claim.NETWORK, "create", "", f"{entry}/proxy") for entry in ("pods", "services", "nodes")),
)
"""What no subject of a tenant may do, whatever its role."""


def grants(rule: Mapping[str, Any], action: Action) -> bool:
    """Say whether a rule of a Role allows an action, on some object at least."""
    resource, _, sub = action.resource.partition("/")
    resources = {"*", action.resource, f"*/{sub}"} if sub else {"*", resource}
    return (
        _meets(rule.get("verbs"), {"*", action.verb})
        and _meets(rule.get("apiGroups"), {"*", action.group})
        and _meets(rule.get("resources"), resources)
    )


def _meets(given: Any, wanted: set[str]) -> bool:
    return isinstance(given, list) and not wanted.isdisjoint(map(str, given))


MAY_WRITE: Final[Mapping[str, frozenset[str]]] = {
    "pods": frozenset({"delete"}),
    "pods/portforward": frozenset({"create", "get"}),
    "pods/exec": frozenset({"create", "get"}),
    "pods/attach": frozenset({"create", "get"}),
    "pods/ephemeralcontainers": frozenset({"get", "patch", "update"}),
}
"""What a Role may do beyond reading; all of it is of the core group."""

_SHELLS: Final = ("pods/exec", "pods/attach", "pods/ephemeralcontainers")
_READABLE_PARTS: Final = frozenset({"log", "status", "scale"})


def excess(rule: Mapping[str, Any]) -> Iterator[str]:
    """Say what a rule of a Role grants beyond reading and `MAY_WRITE`."""
    for key in ("apiGroups", "resources", "verbs"):
        if any("*" in str(item) for item in sequence(rule.get(key))):
            yield f"holds a * in {key}"
            return
    if rule.get("nonResourceURLs"):
        yield "grants addresses of the API server itself"
    for resource in map(str, sequence(rule.get("resources"))):
        for verb in map(str, sequence(rule.get("verbs"))):
            if not _is_meant(rule, resource, verb):
                yield f"may {verb} {resource}"


def _is_meant(rule: Mapping[str, Any], resource: str, verb: str) -> bool:
    if resource in MAY_WRITE and rule.get("apiGroups") == [""] and verb in MAY_WRITE[resource]:
        return True
    name, _, part = resource.partition("/")
    return verb in _READS and name != "secrets" and (not part or part in _READABLE_PARTS)


def opens_a_shell(role: Object) -> bool:
    """Say whether a Role lets somebody run something in a pod."""
    actions = [Action(Claim.WORKLOADS, verb, "", shell) for shell in _SHELLS for verb in MAY_WRITE[shell] | {"create"}]
    return any(grants(rule, action) for rule in mappings(role.get("rules")) for action in actions)


# --- subjects


def _subjects(rendered: Rendered) -> Iterator[tuple[Object, Mapping[str, Any]]]:
    for binding in rendered.of_kind("RoleBinding", "ClusterRoleBinding"):
        yield from ((binding, subject) for subject in mappings(binding.get("subjects")))


def _of_subjects(rendered: Rendered) -> Iterator[Counterexample]:
    name = rendered.tenant.name
    roles = {
        obj["metadata"]["name"]: obj for obj in rendered.of_kind("Role") if obj["metadata"].get("namespace") == name
    }
    for binding, subject in _subjects(rendered):
        who = f"{subject.get('kind')} {subject.get('name')}"
        if binding["kind"] == "ClusterRoleBinding" or binding["metadata"].get("namespace") != name:
            yield _way_out(rendered, Claim.BORDER, f"{who} is bound outside the namespace {name}", binding)
        if not _is_of(name, subject):
            yield _way_out(rendered, Claim.BORDER, f"{who}, who is not of {name}, is bound in its namespace", binding)
        reference = mapping(binding.get("roleRef"))
        role = roles.get(str(reference.get("name"))) if reference.get("kind") == "Role" else None
        if role is None:
            fact = f"{who} has all that {reference.get('kind')} {reference.get('name')} grants, which is not known here"
            yield _way_out(rendered, Claim.POWERS, fact, binding)
            continue
        for action in _forbidden_in(json.dumps(role.get("rules"))):
            yield _way_out(rendered, action.claim, f"{who} may {action}", role)


@lru_cache(maxsize=256)
def _forbidden_in(rules: str) -> tuple[Action, ...]:
    """Return what the rules of a Role, as JSON, grant of the forbidden; Roles are the same for nearly all tenants."""
    parsed = list(mappings(json.loads(rules)))
    return tuple(action for action in FORBIDDEN if any(grants(rule, action) for rule in parsed))


def _is_of(name: str, subject: Mapping[str, Any]) -> bool:
    if subject.get("kind") == "Group":
        return str(subject.get("name")).startswith(f"{name}:")
    return subject.get("kind") == "ServiceAccount" and subject.get("namespace") == name


_ARGOCD_GRANTS: Final = frozenset({("applications", "get"), ("logs", "get"), ("exec", "create")})


def _of_argocd_roles(rendered: Rendered) -> Iterator[Counterexample]:
    """Argo CD applies with rights of its own, so whoever commands it has them."""
    name = rendered.tenant.name
    for role in mappings(mapping(rendered.project.data.get("spec")).get("roles")):
        for group in sequence(role.get("groups")):
            if not str(group).startswith(f"{name}:"):
                fact = f"Group {group}, which is not of {name}, has the project's role {role.get('name')}"
                yield _of_the_project(rendered, Claim.BORDER, fact)
        for policy in sequence(role.get("policies")):
            parts = [part.strip() for part in str(policy).split(",")]
            meant = len(parts) == len(_POLICY) and (parts[2], parts[3]) in _ARGOCD_GRANTS and parts[4] == f"{name}/*"
            if not meant and parts[-1] != "deny":
                fact = f"the project's role {role.get('name')} may more than look: {policy}"
                yield _of_the_project(rendered, Claim.GUARDRAILS, fact)


_POLICY: Final = ("p", "subject", "resource", "action", "object", "effect")


# --- objects


def accepts(project: Mapping[str, Any], cluster: Cluster, obj: Object) -> bool:
    """Say whether an AppProject lets Argo CD apply an object.

    A pattern that denies (`!...`) is taken to deny everything, which only ever says no too often.

    Args:
        project: The AppProject.
        cluster: Where its Application leads.
        obj: The object; with a namespace it is namespaced.
    """
    spec = mapping(project.get("spec"))
    group = group_of(obj)
    kind, name = str(obj["kind"]), str(obj["metadata"]["name"])
    namespace = obj["metadata"].get("namespace")
    scope = "namespaceResource" if namespace else "clusterResource"
    allow, deny = spec.get(f"{scope}Whitelist"), spec.get(f"{scope}Blacklist")
    # Without a list every namespaced kind is allowed, and no cluster-scoped one.
    listed = bool(namespace) if allow is None else _listed(allow, group, kind, name)
    if not listed or _listed(deny, group, kind, name):
        return False
    return not namespace or any(
        (_glob(item.get("server"), cluster.server) or _glob(item.get("name"), cluster.name))
        and _glob(item.get("namespace"), str(namespace))
        for item in mappings(spec.get("destinations"))
    )


@once
def accepted(rendered: Rendered) -> tuple[bool, ...]:
    """Say of each object of a tenant, in their order, whether its project lets Argo CD apply it."""
    project, cluster = rendered.project.data, rendered.platform.cluster
    return tuple(accepts(project, cluster, obj) for obj in rendered.objects)


def _listed(listed: Any, group: str, kind: str, name: str) -> bool:
    # Nearly always it stands there word for word, and then no pattern needs to be tried.
    return {"group": group, "kind": kind} in sequence(listed) or any(
        _glob(item.get("kind"), kind) and _glob(item.get("group"), group) and _glob(item.get("name") or "*", name)
        for item in mappings(listed)
    )


def _glob(pattern: Any, value: str) -> bool:
    return isinstance(pattern, str) and fnmatchcase(value, pattern)


def _of_project(rendered: Rendered) -> Iterator[Counterexample]:
    name, cluster = rendered.tenant.name, rendered.platform.cluster
    spec = mapping(rendered.project.data.get("spec"))
    constant: tuple[tuple[str, Any], ...] = (
        ("sourceRepos", [rendered.platform.repo_url]),
        ("destinations", [{"name": cluster.name, "server": cluster.server, "namespace": name}]),
        ("clusterResourceWhitelist", [{"group": "", "kind": "Namespace", "name": name}]),
        ("namespaceResourceWhitelist", [{"group": group, "kind": kind} for group, kind in TENANT_KINDS]),
    )
    for key, expected in constant:
        if _as_set(spec.get(key)) != _as_set(expected):
            yield _of_the_project(rendered, Claim.PROJECT, f"spec.{key} is not the constant list")
    for key in ("clusterResourceBlacklist", "namespaceResourceBlacklist", "sourceNamespaces"):
        if spec.get(key):
            yield _of_the_project(rendered, Claim.PROJECT, f"spec.{key} is not the constant list")


def _as_set(value: Any) -> frozenset[Any] | None:
    if not isinstance(value, list):
        return None
    return frozenset(
        tuple(sorted(map(str, item.items()))) if isinstance(item, Mapping) else repr(item) for item in value
    )


def _of_objects(rendered: Rendered) -> Iterator[Counterexample]:
    name = rendered.tenant.name
    for obj, is_accepted in zip(rendered.objects, accepted(rendered), strict=True):
        namespace = obj["metadata"].get("namespace")
        if not is_accepted:
            yield _way_out(rendered, Claim.PROJECT, "the project does not accept it", obj)
        if obj["kind"] == "Secret":
            yield _way_out(rendered, Claim.CONTENT, "it is a Secret", obj)
        if obj["kind"] in ("ClusterRole", "ClusterRoleBinding"):
            yield _way_out(rendered, Claim.CONTENT, "it is RBAC of the whole cluster", obj)
        elif namespace is None and (obj["kind"], obj["metadata"]["name"]) != ("Namespace", name):
            yield _way_out(rendered, Claim.CONTENT, "it belongs to no namespace", obj)
        if namespace not in (None, name):
            yield _way_out(rendered, Claim.BORDER, f"it is in the namespace {namespace}", obj)


def _way_out(rendered: Rendered, claim: Claim, fact: str, obj: Object) -> Counterexample:
    return Counterexample(rendered.tenant.name, claim, fact, rendered.place(obj), identity(obj))


def _of_the_project(rendered: Rendered, claim: Claim, fact: str) -> Counterexample:
    name, namespace = rendered.tenant.name, rendered.platform.argocd.namespace
    place = rendered.project.place(("spec",))
    return Counterexample(name, claim, fact, place, f"AppProject/{namespace}/{name}")
