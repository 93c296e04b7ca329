"""MOD, ARG: what Argo CD applies beside the companies is what tenantry wrote, or is understood and keeps off them."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from generator import layout
from generator.findings.finding import Found, Place
from generator.findings.rule import Firm
from generator.generate.argocd import project_of
from generator.generate.compose import shared
from generator.kube.lenient import Object, group_of, mapping, mappings, spec_of, string
from generator.kube.sync import ARGO_CD, GUARD, SYNC_OPTIONS, SYNC_WAVE, options
from generator.kube.tenant_names import NAME_LABEL
from generator.model.argocd_settings import SETTINGS, why_not
from generator.render.rendered import Repository, identity
from generator.rules.platform_objects import KUSTOMIZATION, platform_objects
from generator.rules.render import CLUSTER_SCOPED
from generator.rules.rule import Per, rule


@rule(
    "ARG032",
    per=Per.FLEET,
    title="what Argo CD starts from is what tenantry wrote",
    why="From argocd/root.yaml Argo CD follows every Application to every file: one that leads away meets no rule.",
    fix="Run `tenantry generate`; what the provider runs belongs to argocd/platform/, or to `parts` in platform.yaml.",
    source="https://argo-cd.readthedocs.io/en/stable/operator-manual/cluster-bootstrapping/",
    firm=Firm.NEIGHBOURS,
)
def argocd_starts_from_what_is_generated(repository: Repository) -> Iterator[Found]:
    """The root, the Applications below it and the sets are byte for byte what platform.yaml gives."""
    for path, text in shared(repository.fleet.platform):
        given = repository.files.get(path)
        if path == layout.TENANT_SCHEMA or given == text:
            continue
        if given is None:
            yield Found(Place(path), "this file is missing", "run `tenantry generate`")
            continue
        pairs = zip(given.splitlines(), [*text.splitlines(), None], strict=False)
        line = next((number for number, (one, other) in enumerate(pairs, start=1) if one != other), 1)
        yield Found(Place(path, line, 1), "this is not what tenantry writes here", "run `tenantry generate`")


UNDERSTOOD: Final = frozenset(
    (
        *(
            "ConfigMap",
            "LimitRange",
            "Namespace",
            "PersistentVolumeClaim",
            "ResourceQuota",
            "Service",
            "ServiceAccount",
        ),
        *("apps/DaemonSet", "apps/Deployment", "apps/StatefulSet", "batch/CronJob", "batch/Job"),
        *("autoscaling/HorizontalPodAutoscaler", "policy/PodDisruptionBudget"),
        *("networking.k8s.io/Ingress", "networking.k8s.io/IngressClass", "networking.k8s.io/NetworkPolicy"),
        *("gateway.networking.k8s.io/Gateway", "gateway.networking.k8s.io/GatewayClass"),
        *("gateway.networking.k8s.io/HTTPRoute", "external-secrets.io/ExternalSecret"),
        *("external-secrets.io/SecretStore", "cert-manager.io/Certificate", "cert-manager.io/Issuer"),
        *("monitoring.coreos.com/PodMonitor", "monitoring.coreos.com/PrometheusRule"),
        *("monitoring.coreos.com/ServiceMonitor", "apiextensions.k8s.io/CustomResourceDefinition"),
        *("rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/ClusterRoleBinding"),
        *("rbac.authorization.k8s.io/Role", "rbac.authorization.k8s.io/RoleBinding"),
        *("scheduling.k8s.io/PriorityClass", "storage.k8s.io/StorageClass"),
    )
)
"""Kinds that stay in namespaces of the provider's own, or whose effect on companies a rule below knows."""


_STORAGE: Final = "storage.k8s.io/StorageClass"


def kind_of(obj: Object) -> str:
    """Return the kind of an object as platform.yaml writes it: `apps/Deployment`, `ConfigMap`."""
    group, kind = group_of(obj), string(obj.get("kind"))
    return f"{group}/{kind}" if group else kind


def not_proved_beside(repository: Repository) -> tuple[str, ...]:
    """Say what runs beside the companies that no rule knows: charts, and kinds that may reach into any namespace."""
    there = {kind_of(obj) for obj in repository.provider} - UNDERSTOOD
    kinds = sorted(kind for kind in there if not kind.startswith("argoproj.io/"))
    parts, classes = repository.fleet.platform.parts.values(), repository.fleet.platform.cluster.declared
    shared = [
        _name(obj)
        for obj in repository.provider
        if kind_of(obj) == _STORAGE and _name(obj) in classes.get("storageClasses", ()) and obj.get("parameters")
    ]
    return (
        *(f"what {kind} of argocd/platform/ does to companies" for kind in kinds),
        *(f"that each claim gets a place of its own by the parameters of StorageClass {name}" for name in shared),
        *(f"what chart {part.chart} {part.version} renders; held by project {project_of(part)}" for part in parts),
    )


@rule(
    "MOD004",
    per=Per.FLEET,
    title="what the provider runs beside the companies keeps off them",
    why=(
        "An object in a company's namespace, a project of its name or a grant to its group undoes from outside what is"
        " proved of its own files."
    ),
    fix="Keep to namespaces and kinds that platform.yaml declares under `argocd.platform`.",
    source="tenantry: a proof counts only what it models (docs/concepts/closed-world.md)",
    firm=Firm.NEIGHBOURS,
)
def the_platform_keeps_off_companies(repository: Repository) -> Iterator[Found]:
    """Every object that argocd/platform/ is built to has a declared kind and namespace, and opens nothing."""
    written = {(item.data.get("kind"), _name(item.data)): item for item in platform_objects(repository)}
    companies = _companies(repository)
    for obj in repository.provider:
        item = written.get((obj["kind"], _name(obj)))
        for path, fact, hint in _problems(repository, obj, companies):
            place = item.place(path) if item else Place(KUSTOMIZATION)
            yield Found(place, fact, hint, identity(obj))


def _name(obj: Object) -> str:
    return string(mapping(obj.get("metadata")).get("name"))


def _companies(repository: Repository) -> frozenset[str]:
    fleet = repository.fleet
    there = {tenant.name for tenant in fleet.tenants} | fleet.others.keys()
    return frozenset(there | fleet.platform.retired_names.keys() | repository.lost)


Problem = tuple[tuple[str | int, ...], str, str]


def _problems(repository: Repository, obj: Object, companies: Collection[str]) -> Iterator[Problem]:
    platform = repository.fleet.platform
    allowed, kind = platform.provider, kind_of(obj)
    namespace = string(mapping(obj.get("metadata")).get("namespace"))
    if namespace in companies or (kind == "Namespace" and _name(obj) in companies):
        yield ("metadata",), f"it lies in the namespace of {namespace or _name(obj)}", "a company has what base/ has"
        return
    if kind.startswith("argoproj.io/"):
        yield from _of_argocd(obj)
        return
    if kind == "Secret":
        yield (), "a Secret stands in git", "take it from an ExternalSecret"
        return
    of_the_cluster = (group_of(obj), obj["kind"]) in CLUSTER_SCOPED
    if kind not in (*(() if of_the_cluster else allowed.kinds), *allowed.cluster_kinds):
        in_a_namespace = namespace or "." not in group_of(obj).removesuffix(".k8s.io")
        where = "clusterKinds" if of_the_cluster else "kinds"
        where += "" if of_the_cluster or in_a_namespace else ", or clusterKinds where it has no namespace"
        yield (), f"{kind} is no kind that argocd/platform/ may have", f"add {kind} to argocd.platform.{where}"
    homes = (platform.argocd.namespace, *allowed.namespaces)
    if namespace and namespace not in homes:
        yield ("metadata", "namespace"), f"it lies in {namespace}", f"add {namespace} to argocd.platform.namespaces"
    yield from _of_kind(kind, obj, homes, companies, platform.cluster.declared.get("storageClasses", ()))
    if kind == "ConfigMap" and namespace in ("", platform.argocd.namespace):
        if _name(obj) in SETTINGS:
            yield from _around_settings(obj)
        for key, value in mapping(obj.get("data")).items():
            if reason := why_not(_name(obj), key, value, companies):
                yield ("data", key), f"data.{key}: {reason}", "remove it"


_APPLIED: Final = "ServerSideApply=true"


def _around_settings(obj: Object) -> Iterator[Problem]:
    """Of a ConfigMap that others write to as well, git holds some keys: nothing may take the others along."""
    if not options(obj).issuperset(GUARD):
        fact = f"without {' and '.join(GUARD)} all settings in it go with its file"
        yield ("metadata",), fact, f"annotate it: {SYNC_OPTIONS}: {_APPLIED},{','.join(GUARD)}"
    for option in sorted(options(obj) - {*GUARD, _APPLIED}):
        fact = f"with {option} settings that stand in another file may go"
        yield ("metadata", "annotations", SYNC_OPTIONS), fact, f"write {_APPLIED},{','.join(GUARD)}"
    for key in mapping(mapping(obj.get("metadata")).get("annotations")):
        if str(key).startswith(ARGO_CD) and key not in (SYNC_OPTIONS, SYNC_WAVE):
            yield (
                ("metadata", "annotations", key),
                f"{key} changes what Argo CD does with its own settings",
                "remove it",
            )
    for key in obj.keys() - {"apiVersion", "kind", "metadata", "data"}:
        yield (key,), f"{key} is nothing that Argo CD reads of its settings", "remove it"


_GENERATED_KINDS: Final = ("AppProject", "Application", "ApplicationSet")


def _of_argocd(obj: Object) -> Iterator[Problem]:
    """Of Argo CD's own kinds there is what tenantry writes; and its project `default`, emptied."""
    spec = spec_of(obj)
    borders = ("sourceRepos", "destinations", "clusterResourceWhitelist", "sourceNamespaces")
    if (obj["kind"], _name(obj)) == ("AppProject", "default") and not any(spec.get(key) for key in borders):
        return
    what = f"{obj['kind']} {_name(obj)}"
    if obj["kind"] in _GENERATED_KINDS:
        fact = f"{what} stands beside those that tenantry writes, and could apply anything"
        yield (), fact, "declare a chart under `parts` in platform.yaml, or put its manifests into argocd/platform/"
    else:
        yield (), f"{what} is of a kind of Argo CD's that no rule knows", "remove it"


def _of_kind(
    kind: str, obj: Object, homes: Collection[str], companies: Collection[str], classes: Collection[str]
) -> Iterator[Problem]:
    """Yield what an object of a kind does to companies."""
    match kind:
        case "rbac.authorization.k8s.io/RoleBinding" | "rbac.authorization.k8s.io/ClusterRoleBinding":
            for index, subject in enumerate(mappings(obj.get("subjects"))):
                if fact := _reaches_companies(subject, companies):
                    yield (
                        ("subjects", index),
                        f"subjects[{index}] is {fact}",
                        "bind accounts and groups of the provider",
                    )
        case "Namespace":
            if _name(obj) not in homes:
                hint = f"add {_name(obj)} to argocd.platform.namespaces"
                yield ("metadata", "name"), f"the namespace {_name(obj)} is not declared", hint
            labels = mapping(mapping(obj.get("metadata")).get("labels"))
            for key in labels:
                if str(key).startswith("tenantry.dev/") or key == NAME_LABEL:
                    yield ("metadata", "labels", key), f"the label {key} makes it a company's", "remove it"
        case "scheduling.k8s.io/PriorityClass":
            if obj.get("globalDefault"):
                fact = "globalDefault gives a priority to every pod, those of companies as well"
                yield ("globalDefault",), fact, "remove it"
        case "rbac.authorization.k8s.io/ClusterRole":
            if _name(obj).startswith("system:") or _name(obj) in _OF_KUBERNETES:
                fact = (
                    f"{_name(obj)} is Kubernetes' own: whoever is bound to it, everybody maybe, gets what this grants"
                )
                yield ("metadata", "name"), fact, "give it a name of yours"
            for key in mapping(mapping(obj.get("metadata")).get("labels")):
                if str(key).startswith(_AGGREGATED):
                    fact = f"the label {key} adds what this grants to a role that others are bound to"
                    yield ("metadata", "labels", key), fact, "remove it, and bind the role itself"
        case "storage.k8s.io/StorageClass":
            if _name(obj) in classes and obj.get("reclaimPolicy") != "Retain":
                said = obj.get("reclaimPolicy", "Delete where nothing is said")
                fact = f"reclaimPolicy is {said}: a customer's files would go with their claim"
                yield ("reclaimPolicy",), fact, "write Retain"
        case _:
            return


_OF_KUBERNETES: Final = ("admin", "cluster-admin", "edit", "view")
"""https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles; the others begin with system:."""

_AGGREGATED: Final = "rbac.authorization.k8s.io/aggregate-to-"

_EVERYBODY: Final = re.compile(r"system:(authenticated|unauthenticated|anonymous|serviceaccounts|nodes)")


def _reaches_companies(subject: Mapping[str, Any], companies: Collection[str]) -> str:
    """Say what a subject of a binding has to do with companies; nothing for the provider's own."""
    kind, name = subject.get("kind"), string(subject.get("name"))
    if kind == "ServiceAccount":
        return f"an account of {subject.get('namespace')}" if subject.get("namespace") in companies else ""
    if _EVERYBODY.fullmatch(name):
        return f"{name}, which is every company's as well"
    parts = name.split(":")
    of = next((part for part in (parts[0], *parts[2:3]) if part in companies), "")
    return f"{name}, which is {of}'s" if of else ""
