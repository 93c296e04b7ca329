"""The Argo CD objects that all tenants share, as plain data; a tenant's own are templates.

Pure functions from names and addresses to dicts; whoever writes them to disk quotes every string.

Everything that is ours and not a tenant's is called `tenantry` or `tenantry-...`. Applications and AppProjects of the
tenants bear the tenants' names in the same namespace, so these names are reserved (TEN004).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from generator import layout
from generator.fleet.model import Part, Provider
from generator.kube.sync import ARGO_CD, GENERATE_PATHS, GUARD, SYNC_OPTIONS, SYNC_WAVE

Manifest = dict[str, Any]

API_VERSION: Final = "argoproj.io/v1alpha1"
FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
IN_CLUSTER: Final = {"name": "in-cluster", "server": "https://kubernetes.default.svc"}
OWN: Final = "tenantry"
PLATFORM: Final = "tenantry-platform"

ENTRY_KEYS: Final = (
    "tenant",
    "displayName",
    "plan",
    "ring",
    "cluster",
    "state",
    "paused",
    "host",
    "generatePaths",
)
"""The keys that the template reads: every entry holds every one of them, as a quoted string."""

TENANT_KINDS: Final[tuple[tuple[str, str], ...]] = (
    ("", "ConfigMap"),
    ("", "LimitRange"),
    ("", "PersistentVolumeClaim"),
    ("", "Pod"),
    ("", "ResourceQuota"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "ReplicaSet"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("batch", "CronJob"),
    ("batch", "Job"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("external-secrets.io", "ExternalSecret"),
    ("external-secrets.io", "SecretStore"),
    ("gateway.networking.k8s.io", "HTTPRoute"),
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("policy", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
)
"""Group and kind of what `base/` can render in a tenant's namespace, and of the children that support sees.

One constant list for every tenant: a list taken from what a tenant renders today would forbid pruning the
add-on that it drops tomorrow. No Secret: External Secrets creates those, Argo CD never does.
"""

TENANT_ROLES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("support", ("applications, get", "logs, get")),
    ("break-glass", ("applications, get", "logs, get", "exec, create")),
)
"""Roles of a tenant's project with what they may do to its Application; the group of a role is NAME:ROLE."""

GENERATOR_TEMPLATE: Final[Manifest] = {"metadata": {}, "spec": {"destination": {}, "project": ""}}
"""The empty template of a generator, which overrides nothing.

The ApplicationSet controller writes it into a set whenever a webhook tells it of a push, because its Go type always has
one (GitGenerator in pkg/apis/application/v1alpha1/applicationset_types.go of https://github.com/argoproj/argo-cd).
Left out in git it makes the shard's Application OutOfSync after every push, until self-healing takes it away again, and
a new company's project comes later: on a busy machine after 21 to 34 s (six of them) instead of 7 to 19. By the source
(autoSync in controller/appcontroller.go) a commit seen while self-healing goes on may wait for its back-off, which is
up to 5 min.
"""

# Empty for a usual tenant. Only a tenant that is being purged may take its objects along. No value of
# an entry is written into the patch, where it could inject YAML.
_TEMPLATE_PATCH: Final = """\
{{- if eq .state "purging" }}
metadata:
  finalizers: ["resources-finalizer.argocd.argoproj.io"]
{{- end }}
{{- if eq .paused "true" }}
spec:
  syncPolicy:
    automated:
      enabled: false
{{- end }}
"""


def application_set(
    shard: str,
    *,
    namespace: str,
    repo_url: str,
    revision: str,
    requeue_after_seconds: int,
    links: Mapping[str, str],
    shards: int,
) -> Manifest:
    """The ApplicationSet that makes one Application of each entry of a shard.

    Args:
        shard: the shard's folder, such as `s00`.
        shards: how many there are. It is written into each of them, so that with another number each changes: entries
            and projects then move from folder to folder, and Argo CD, which asks `git diff --name-only` whether a
            folder has changed, is told of the folder that a file moves to alone. The other would keep what it had.
            https://github.com/argoproj/argo-cd/blob/v3.5.3/util/git/client.go#L1502
        namespace: where Argo CD runs.
        repo_url: the repository, as Argo CD fetches it.
        revision: a full ref such as `refs/heads/main`, which the controller resolves without listing all
            refs.
        requeue_after_seconds: how long a set waits before it looks again: for an entry whose project came
            later, and after a bad entry that froze it.
        links: dashboards by name, each an address in which `{tenant}` stands for the tenant's name.

    Returns:
        The manifest. It and its Applications are made never to take a customer's namespace along.

    Raises:
        ValueError: a link holds a brace that is not `{tenant}`, which the template would read as its own.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": "ApplicationSet",
        "metadata": {
            "name": f"tenants-{shard}",
            "namespace": namespace,
            # After the projects: a set that sees an entry without its project comes back only at its requeue.
            "annotations": {SYNC_OPTIONS: ",".join(GUARD), SYNC_WAVE: "1", "tenantry.dev/shards": str(shards)},
            # Lets the controller take its ownerReferences off the Applications before the set is gone.
            "finalizers": [FINALIZER],
        },
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [
                {
                    "git": {
                        "repoURL": repo_url,
                        "revision": revision,
                        "requeueAfterSeconds": requeue_after_seconds,
                        "files": [{"path": layout.entries_glob(shard)}],
                        "template": GENERATOR_TEMPLATE,
                    }
                }
            ],
            "syncPolicy": {"applicationsSync": "sync", "preserveResourcesOnDeletion": True},
            # The approval of a deletion is written on the Application, which the controller overwrites.
            "preservedFields": {"annotations": [f"{ARGO_CD}deletion-approved"]},
            "template": {
                "metadata": {
                    "name": "{{ .tenant }}",
                    "labels": {
                        f"tenantry.dev/{key}": f"{{{{ .{key} }}}}"
                        for key in ("tenant", "plan", "ring", "state", "cluster")
                    },
                    "annotations": {
                        GENERATE_PATHS: "{{ .generatePaths }}",
                        **_link_annotations(links),
                    },
                },
                "spec": {
                    "project": "{{ .tenant }}",
                    "source": {
                        "repoURL": repo_url,
                        "targetRevision": revision,
                        "path": f"{layout.OVERLAYS}/{{{{ .tenant }}}}",
                    },
                    "destination": {"name": "{{ .cluster }}", "namespace": "{{ .tenant }}"},
                    "info": [
                        {"name": "company", "value": "{{ .displayName }}"},
                        {"name": "site", "value": "https://{{ .host }}"},
                    ],
                    # An object that another Application claims is refused, so two tenants never fight over one.
                    "syncPolicy": _sync_policy("FailOnSharedResource=true"),
                },
            },
            "templatePatch": _TEMPLATE_PATCH,
        },
    }


def shard_application(shard: str, *, namespace: str, repo_url: str, revision: str) -> Manifest:
    """The Application that brings a shard's ApplicationSet and AppProjects into the cluster.

    The entries lie in the same folder and are data of the set, not Kubernetes objects, so they are left out.
    """
    folder = f"{layout.SHARDS}/{shard}"
    return _own_application(
        f"{OWN}-{shard}",
        project=OWN,
        namespace=namespace,
        source={
            "repoURL": repo_url,
            "targetRevision": revision,
            "path": folder,
            "directory": {"recurse": True, "exclude": "tenants/*"},
        },
        generate_paths=f"/{folder}/applicationset.yaml;/{folder}/projects",
    )


def platform_project(*, namespace: str, repo_url: str, allowed: Provider) -> Manifest:
    """The project of `argocd/platform/`: the namespaces and kinds that the provider declares for it.

    It is a project of its own because the shards' Applications need none of that.
    """
    project = _own_project(PLATFORM, namespace=namespace, repo_url=repo_url, destination=namespace, kinds=())
    homes = [name for name in allowed.namespaces if name != namespace]
    project["metadata"]["annotations"] = {SYNC_OPTIONS: ",".join(GUARD), SYNC_WAVE: "-1"}
    project["spec"] |= {
        "destinations": [{**IN_CLUSTER, "namespace": home} for home in (namespace, *homes)],
        "namespaceResourceWhitelist": _kinds(map(_group_and_kind, ("argoproj.io/AppProject", *allowed.kinds))),
        "clusterResourceWhitelist": _of_the_cluster(allowed.cluster_kinds, (namespace, *homes)),
    }
    return project


def _group_and_kind(text: str) -> tuple[str, str]:
    group, _, kind = text.rpartition("/")
    return group, kind


def project_of(part: Part) -> str:
    """Return the name of a part's project and Application."""
    return f"{OWN}-{part.name}"


def part_project(part: Part, namespace: str) -> Manifest:
    """The project of a chart: its own namespaces, and the kinds of the whole cluster that are listed."""
    project = _own_project(
        project_of(part), namespace=namespace, repo_url=part.chart, destination="", kinds=(("*", "*"),)
    )
    project["metadata"]["annotations"] = {SYNC_WAVE: "-1"}
    project["spec"] |= {
        "destinations": [{**IN_CLUSTER, "namespace": home} for home in part.namespaces],
        "clusterResourceWhitelist": _of_the_cluster(part.cluster_kinds, part.namespaces),
    }
    return project


def part_application(part: Part, namespace: str) -> Manifest:
    """The Application of a chart, by its digest: what a version means may change.

    https://argo-cd.readthedocs.io/en/stable/user-guide/oci/; any reference that the registry resolves may be a revision
    (resolveDigest in util/oci/client.go of https://github.com/argoproj/argo-cd).
    """
    source = {
        "repoURL": part.chart,
        "targetRevision": part.digest,
        "path": ".",
        "helm": {"releaseName": part.name, "valuesObject": dict(part.values)},
    }
    one = _own_application(
        project_of(part),
        project=project_of(part),
        namespace=namespace,
        source=source,
        generate_paths="",
    )
    del one["metadata"]["annotations"]
    one["spec"]["destination"]["namespace"] = part.namespaces[0]
    one["spec"]["info"] = [{"name": "version", "value": part.version}]
    return one


def platform_application(*, namespace: str, repo_url: str, revision: str) -> Manifest:
    """The Application over `argocd/platform/`."""
    return _own_application(
        PLATFORM,
        project=PLATFORM,
        namespace=namespace,
        source={"repoURL": repo_url, "targetRevision": revision, "path": layout.PLATFORM_MANIFESTS},
        generate_paths=f"/{layout.PLATFORM_MANIFESTS}",
    )


def root_project(*, namespace: str, repo_url: str) -> Manifest:
    """The project of the root and the shards, applied by hand with the root, which cannot start without.

    It lets them write Applications, ApplicationSets and AppProjects into Argo CD's own namespace and
    nothing else, so the `default` project stays unused and can be emptied.
    """
    return _own_project(
        OWN,
        namespace=namespace,
        repo_url=repo_url,
        destination=namespace,
        kinds=tuple(("argoproj.io", kind) for kind in ("AppProject", "Application", "ApplicationSet")),
    )


def root_application(*, namespace: str, repo_url: str, revision: str) -> Manifest:
    """The Application that is applied once by hand; all others come from `argocd/apps/`, which it watches."""
    return _own_application(
        OWN,
        project=OWN,
        namespace=namespace,
        source={"repoURL": repo_url, "targetRevision": revision, "path": layout.APPS},
        generate_paths=f"/{layout.APPS}",
    )


def _sync_policy(*options: str) -> Manifest:
    # Retry with refresh, because Argo CD never tries the same commit a second time by itself.
    # Server-side apply, because a big object does not fit into the annotation of the client-side one.
    return {
        "automated": {"prune": True, "selfHeal": True, "allowEmpty": False},
        "retry": {
            "limit": 10,
            "refresh": True,
            "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"},
        },
        "syncOptions": ["ServerSideApply=true", "ApplyOutOfSyncOnly=true", *options],
    }


def _own_application(name: str, *, project: str, namespace: str, source: Manifest, generate_paths: str) -> Manifest:
    # No cascade finalizer: deleting one of these leaves what it brought.
    return {
        "apiVersion": API_VERSION,
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": {GENERATE_PATHS: generate_paths},
        },
        "spec": {
            "project": project,
            "source": source,
            "destination": {"name": IN_CLUSTER["name"], "namespace": namespace},
            # A shared resource is taken over: a company's AppProject moves from shard to shard with its entry, and
            # the shard that has it no more keeps it by its guard.
            "syncPolicy": _sync_policy(),
        },
    }


def _own_project(
    name: str, *, namespace: str, repo_url: str, destination: str, kinds: tuple[tuple[str, str], ...]
) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "AppProject",
        "metadata": {"name": name, "namespace": namespace, "finalizers": [FINALIZER]},
        "spec": {
            "sourceRepos": [repo_url],
            "destinations": [{**IN_CLUSTER, "namespace": destination}],
            "namespaceResourceWhitelist": _kinds(kinds),
        },
    }


def _kinds(kinds: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"group": group, "kind": kind} for group, kind in kinds]


def _of_the_cluster(kinds: Iterable[str], homes: Iterable[str]) -> list[dict[str, str]]:
    """Return kinds of the whole cluster as a project lists them: of Namespaces its own, and never a company's."""
    listed = []
    for group, kind in map(_group_and_kind, kinds):
        names = [{"name": home} for home in homes] if (group, kind) == ("", "Namespace") else [{}]
        listed += [{"group": group, "kind": kind, **name} for name in names]
    return listed


def _link_annotations(links: Mapping[str, str]) -> dict[str, str]:
    annotations = {"link.argocd.argoproj.io/site": "https://{{ .host }}"}
    for name, address in links.items():
        fixed = address.replace("{tenant}", "")
        if "{" in fixed or "}" in fixed:
            raise ValueError(f"link {name}: {address!r} may hold no brace but {{tenant}}")
        annotations[f"link.argocd.argoproj.io/{name}"] = address.replace("{tenant}", "{{ .tenant }}")
    return annotations
