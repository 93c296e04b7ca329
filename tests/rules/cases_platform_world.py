# ruff: noqa: E501 -- what a rule says is shown in one piece
"""Cases of what runs beside the companies: argocd/platform/, and where Argo CD starts."""

from typing import Final

from tests.rules.harness import Case, Edit, catches, passes, unchanged

_FILE: Final = "argocd/platform/extra.yaml"
_MONITORING: Final = Edit(
    "platform.yaml",
    "argocd:\n  shards: 4\n",
    "argocd:\n  shards: 4\n  platform:\n    namespaces: [monitoring]\n    kinds: [ConfigMap, apps/Deployment, rbac.authorization.k8s.io/RoleBinding]\n"
    "    clusterKinds: [Namespace, rbac.authorization.k8s.io/ClusterRoleBinding, storage.k8s.io/StorageClass, scheduling.k8s.io/PriorityClass, rbac.authorization.k8s.io/ClusterRole]\n",
)


def _platform(*objects: str, declared: bool = True) -> tuple[Edit, ...]:
    """Add objects to argocd/platform/."""
    named = Edit("argocd/platform/kustomization.yaml", "- argocd.yaml\n", "- argocd.yaml\n- extra.yaml\n")
    return (*([_MONITORING] if declared else []), named, Edit(_FILE, "", "---\n".join(objects)))


_ROLE: Final = (
    "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {},"
    " rules: [{{apiGroups: [''], resources: [nodes], verbs: [get]}}]}}\n"
)


def _binding(kind: str, subject: str, namespace: str = "") -> str:
    where = f", namespace: {namespace}" if namespace else ""
    role = "{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"
    return f"{{apiVersion: rbac.authorization.k8s.io/v1, kind: {kind}, metadata: {{name: more{where}}}, roleRef: {role}, subjects: [{subject}]}}\n"


_GROUP: Final = "{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: '{}'}}"

_PROBLEMS: Final[tuple[tuple[str, tuple[Edit, ...], str, str], ...]] = (
    (
        "a project of a company's name",
        _platform(
            "{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: company-002, namespace: argocd}, spec: {sourceRepos: ['*']}}\n"
        ),
        "AppProject/argocd/company-002: AppProject company-002 stands beside those that tenantry writes, and could apply anything",
        "declare a chart under `parts` in platform.yaml, or put its manifests into argocd/platform/",
    ),
    (
        "an ApplicationSet of a shard's name",
        _platform(
            "{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: tenants-s00, namespace: argocd}, spec: {generators: [], template: {}}}\n"
        ),
        "ApplicationSet/argocd/tenants-s00: ApplicationSet tenants-s00 stands beside those that tenantry writes, and could apply anything",
        "declare a chart under `parts` in platform.yaml, or put its manifests into argocd/platform/",
    ),
    (
        "an object of a kind that is not declared",
        _platform(
            "{apiVersion: v1, kind: Service, metadata: {name: more, namespace: monitoring}, spec: {ports: [{port: 80}]}}\n"
        ),
        "Service/monitoring/more: Service is no kind that argocd/platform/ may have",
        "add Service to argocd.platform.kinds",
    ),
    (
        "a kind of the whole cluster that is not declared",
        _platform("{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: more}, spec: {}}\n"),
        "CSIDriver/more: storage.k8s.io/CSIDriver is no kind that argocd/platform/ may have",
        "add storage.k8s.io/CSIDriver to argocd.platform.clusterKinds",
    ),
    (
        "an object in a namespace that is not declared",
        _platform("{apiVersion: v1, kind: ConfigMap, metadata: {name: more, namespace: kube-system}, data: {a: b}}\n"),
        "ConfigMap/kube-system/more: it lies in kube-system",
        "add kube-system to argocd.platform.namespaces",
    ),
    (
        "a Secret",
        _platform("{apiVersion: v1, kind: Secret, metadata: {name: more, namespace: monitoring}}\n"),
        "Secret/monitoring/more: a Secret stands in git",
        "take it from an ExternalSecret",
    ),
    (
        "a grant to everybody who is known",
        _platform(_binding("ClusterRoleBinding", _GROUP.format("system:authenticated"))),
        "ClusterRoleBinding/more: subjects[0] is system:authenticated, which is every company's as well",
        "bind accounts and groups of the provider",
    ),
    (
        "a priority for every pod",
        _platform(
            "{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: more}, value: 1000, globalDefault: true}\n"
        ),
        "PriorityClass/more: globalDefault gives a priority to every pod, those of companies as well",
        "remove it",
    ),
    (
        "a role of Kubernetes' own, which everybody is bound to",
        _platform(_ROLE.format("{name: 'system:basic-user'}")),
        "ClusterRole/system:basic-user: system:basic-user is Kubernetes' own: whoever is bound to it, everybody maybe, gets what this grants",
        "give it a name of yours",
    ),
    (
        "a role that adds to another",
        _platform(_ROLE.format("{name: more, labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}}")),
        "ClusterRole/more: the label rbac.authorization.k8s.io/aggregate-to-view adds what this grants to a role that others are bound to",
        "remove it, and bind the role itself",
    ),
    (
        "a class of storage that keeps nothing",
        _platform(
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: shared-files}, provisioner: nfs.example.com, reclaimPolicy: Delete}\n"
        ),
        "StorageClass/shared-files: reclaimPolicy is Delete: a customer's files would go with their claim",
        "write Retain",
    ),
    (
        "a Namespace that is labelled like a company's",
        _platform(
            "{apiVersion: v1, kind: Namespace, metadata: {name: monitoring, labels: {tenantry.dev/tenant: other}}}\n"
        ),
        "Namespace/monitoring: the label tenantry.dev/tenant makes it a company's",
        "remove it",
    ),
)

CASES: Final[tuple[Case, ...]] = (
    *(
        catches("MOD004", says, edits, f"{_FILE}: error: {fact} [MOD004]\n  hint: {hint}")
        for says, edits, fact, hint in _PROBLEMS
    ),
    catches(
        "MOD004",
        "a setting of Argo CD that lets Applications stand anywhere",
        (Edit("argocd/platform/parameters.yaml", "\ndata:\n", '\ndata:\n  application.namespaces: "*"\n'),),
        "argocd/platform/parameters.yaml: error: ConfigMap/argocd-cmd-params-cm: data.application.namespaces: it is no setting of Argo CD that is understood [MOD004]\n  hint: remove it",
    ),
    catches(
        "MOD004",
        "a setting of Argo CD with another value",
        (Edit("argocd/platform/argocd.yaml", "\ndata:\n", '\ndata:\n  exec.enabled: "true"\n'),),
        "argocd/platform/argocd.yaml: error: ConfigMap/argocd-cm: data.exec.enabled: 'true': only false is understood [MOD004]\n  hint: remove it",
    ),
    catches(
        "MOD004",
        "settings of Argo CD that go with their file",
        (Edit("argocd/platform/argocd.yaml", "ServerSideApply=true,Prune=false,Delete=false", "ServerSideApply=true"),),
        "argocd/platform/argocd.yaml: error: ConfigMap/argocd-cm: without Prune=false and Delete=false all settings in it go with its file [MOD004]\n"
        "  hint: annotate it: argocd.argoproj.io/sync-options: ServerSideApply=true,Prune=false,Delete=false",
    ),
    passes("MOD004", "what this repository has", (Edit("argocd/platform/argocd.yaml", "", "# more\n"),)),
    passes(
        "MOD004",
        "objects of declared kinds in declared namespaces",
        _platform(
            "{apiVersion: v1, kind: Namespace, metadata: {name: monitoring}}\n",
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: more, namespace: monitoring}, data: {a: b}}\n",
            _binding("ClusterRoleBinding", "{kind: ServiceAccount, name: prometheus, namespace: monitoring}"),
            _binding("RoleBinding", _GROUP.format("platform:operators"), "monitoring"),
            _ROLE.format("{name: prometheus}"),
            "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: shared-files}, provisioner: nfs.example.com, reclaimPolicy: Retain}\n",
        ),
    ),
    passes(
        "MOD004",
        "the emptied project of Argo CD",
        _platform(
            "{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: default, namespace: argocd}, spec: {sourceRepos: [], destinations: []}}\n"
        ),
    ),
    catches(
        "ARG032",
        "a root that leads elsewhere",
        lambda scene: scene.files.update(
            {"argocd/root.yaml": scene.files["argocd/root.yaml"].replace('path: "argocd/apps"', 'path: "apps"')}
        ),
        "argocd/root.yaml: error: this is not what tenantry writes here [ARG032]\n  hint: run `tenantry generate`",
    ),
    catches(
        "ARG032",
        "an Application that is not there",
        lambda scene: scene.files.pop("argocd/apps/s01.yaml"),
        "argocd/apps/s01.yaml: error: this file is missing [ARG032]\n  hint: run `tenantry generate`",
    ),
    passes("ARG032", "what this repository has", unchanged),
)
