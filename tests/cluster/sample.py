"""A small application to compare times with: twelve objects, no volume, no order of sync.

A Namespace with its guards, two workloads that scale, and one ApplicationSet over one small file for each copy: the
least that anybody would run for a tenant, without anything of the product.
"""

from pathlib import Path

import yaml

from tests.cluster.kube import Object

WORKLOADS = {"fileserver": "100m", "ai-chatbot": "150m"}


def write(folder: Path, *names: str) -> None:
    """Write the base, and an overlay and an entry for each name, which the namespace and the Application get."""
    base = [_quota(), _limits(), _deny_all(), _role(), _binding(), *(o for w in WORKLOADS for o in _workload(w))]
    _dump(folder / "base" / "all.yaml", *base)
    _dump(folder / "base" / "kustomization.yaml", {"resources": ["all.yaml"]})
    for name in names:
        _dump(folder / "overlays" / name / "namespace.yaml", _namespace(name))
        _dump(
            folder / "overlays" / name / "kustomization.yaml",
            {"namespace": name, "resources": ["namespace.yaml", "../../base"]},
        )
        _dump(folder / "entries" / f"{name}.yaml", {"name": name})


def application_set(repository: str) -> list[Object]:
    """Return the AppProject and the ApplicationSet of all copies."""
    server = "https://kubernetes.default.svc"
    project = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": "sample", "namespace": "argocd"},
        "spec": {
            "sourceRepos": [repository],
            "destinations": [{"server": server, "namespace": "sample-*"}],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
        },
    }
    application = {
        "metadata": {"name": "{{.name}}", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
        "spec": {
            "project": "sample",
            "source": {"repoURL": repository, "targetRevision": "main", "path": "overlays/{{.name}}"},
            "destination": {"server": server, "namespace": "{{.name}}"},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["ServerSideApply=true"]},
        },
    }
    files = {"repoURL": repository, "revision": "main", "files": [{"path": "entries/*.yaml"}]}
    applications = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": "sample", "namespace": "argocd"},
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{"git": files}],
            "template": application,
        },
    }
    return [project, applications]


def _dump(path: Path, *objects: Object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump_all(objects))


def _namespace(name: str) -> Object:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _quota() -> Object:
    hard = {"requests.cpu": "2", "requests.memory": "4Gi", "limits.cpu": "4", "limits.memory": "8Gi", "pods": "20"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "ceiling"}, "spec": {"hard": hard}}


def _limits() -> Object:
    container = {
        "type": "Container",
        "default": {"cpu": "200m", "memory": "256Mi"},
        "defaultRequest": {"cpu": "50m", "memory": "64Mi"},
        "max": {"cpu": "2", "memory": "4Gi"},
    }
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "defaults"}, "spec": {"limits": [container]}}


def _deny_all() -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny-all"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }


def _role() -> Object:
    rule = {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]}
    api_version = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": api_version, "kind": "Role", "metadata": {"name": "support"}, "rules": [rule]}


def _binding() -> Object:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "support"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "support"},
        "subjects": [{"kind": "Group", "apiGroup": group, "name": "support"}],
    }


def _workload(name: str) -> list[Object]:
    labels = {"app.kubernetes.io/name": name}
    size = {"cpu": WORKLOADS[name], "memory": "128Mi"}
    container = {
        "name": name,
        "image": f"registry.example/{name}:1.0.0",
        "resources": {"requests": size, "limits": size},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    target = {"type": "Utilization", "averageUtilization": 70}
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
        },
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                "minReplicas": 1,
                "maxReplicas": 5,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            },
        },
    ]
