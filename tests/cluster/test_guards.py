"""What the API server and Argo CD refuse, by the objects that the product renders."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from generator.proofs.escape import FORBIDDEN, MAY_WRITE
from tests.cluster import stand_ins
from tests.cluster.argocd import NAMESPACE
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet
from tests.cluster.kube import Object, RefusedError, dotted, pairs
from tests.cluster.waiting import until

NAME, WITH_CHATBOT, OTHER = "company-001", "company-002", "company-003"

# What nobody may do, as `tenantry verify` proves it on the manifests: escalation, guardrails, Secrets, workloads.
_FORBIDDEN = {(action.verb, dotted(action.group, action.resource)) for action in FORBIDDEN}

# All that a Role may give beyond reading.
_READS = {"get", "list", "watch"}
_MAY_WRITE = {(verb, resource) for resource, verbs in MAY_WRITE.items() for verb in verbs - _READS}

# What each group is there for. Each of the three roles has what the one before has.
_ADMIN = {
    ("list", "pods"),
    ("get", "pods/log"),
    ("get", "resourcequotas"),
    ("get", "networkpolicies.networking.k8s.io"),
}
_SUPPORT = _ADMIN | {("create", "pods/portforward"), ("get", "externalsecrets.external-secrets.io")}
_BREAK_GLASS = _SUPPORT | {("create", "pods/exec"), ("delete", "pods"), ("patch", "pods/ephemeralcontainers")}
_ALLOWED = {"admin": _ADMIN, "support": _SUPPORT, "break-glass": _BREAK_GLASS}

# What Kubernetes lets everybody do who has logged in: ask about oneself.
_EVERYBODY = {
    ("create", "selfsubjectreviews.authentication.k8s.io"),
    ("create", "selfsubjectaccessreviews.authorization.k8s.io"),
    ("create", "selfsubjectrulesreviews.authorization.k8s.io"),
}


@pytest.mark.claim("a company's groups may do what their roles say, and nothing in another company")
@pytest.mark.parametrize("role", _ALLOWED)
def test_a_group_may_do_what_its_role_says(cluster: Cluster, fleet: Fleet, role: str) -> None:  # noqa: ARG001
    """All that the server grants it, and access reviews over what none of the roles may give."""
    kube, groups, roles = cluster.kube, [f"{NAME}:{role}"], list(_ALLOWED)
    own = {pair for item in roles[: roles.index(role) + 1] for pair in _of_role(cluster, item)}

    assert own & _BREAK_GLASS == _ALLOWED[role]
    assert {(verb, resource) for verb, resource in own if verb not in _READS} <= _MAY_WRITE
    assert kube.granted("somebody", namespace=NAME, groups=groups) == own | _EVERYBODY
    assert kube.granted("somebody", namespace=OTHER, groups=groups) == _EVERYBODY
    for namespace in (NAME, OTHER, ""):
        asked = _FORBIDDEN if namespace == NAME else _FORBIDDEN | _BREAK_GLASS
        assert not [pair for pair in asked if kube.may(*pair, namespace=namespace, groups=groups)]


@pytest.mark.claim("a company's service accounts may do nothing")
def test_the_service_accounts_of_a_company_may_do_nothing(cluster: Cluster, fleet: Fleet) -> None:  # noqa: ARG001
    """They may ask who they are and what they may do, as everybody may, at home, next door and in the cluster."""
    kube = cluster.kube
    accounts = {account["metadata"]["name"] for account in kube.items("ServiceAccount", WITH_CHATBOT)}
    assert accounts == {"default", "fileserver", "ai-chatbot", "secret-reader"}
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{WITH_CHATBOT}"]
    for account in accounts:
        user = f"system:serviceaccount:{WITH_CHATBOT}:{account}"
        for namespace in (WITH_CHATBOT, OTHER):
            assert kube.granted(user, namespace=namespace) == _EVERYBODY, account
        for namespace in (WITH_CHATBOT, OTHER, ""):
            asked = _FORBIDDEN | _BREAK_GLASS
            assert not [pair for pair in asked if kube.may(*pair, namespace=namespace, user=user, groups=groups)]


@pytest.mark.claim("a pod over the quota is refused")
def test_a_pod_over_the_quota_is_refused(cluster: Cluster, fleet: Fleet, pods: list[str]) -> None:  # noqa: ARG001
    """Bronze ends at its quota, whoever asks for the pods: one runs, two of one CPU fit beside it, and no third."""
    pods += ["first", "second", "third"]
    for name in pods[:2]:
        cluster.kube.create(_pod(name, cpu="1"))
    with pytest.raises(RefusedError, match="exceeded quota: plan") as refused:
        cluster.kube.create(_pod("third", cpu="1"))
    assert refused.value.code == httpx.codes.FORBIDDEN


@pytest.mark.claim("a pod without limits gets the default ones")
def test_a_pod_without_limits_gets_the_default_ones(cluster: Cluster, fleet: Fleet, pods: list[str]) -> None:  # noqa: ARG001
    """The LimitRange fills in the size of one file server."""
    pods.append("sizeless")
    pod = cluster.kube.create(_pod("sizeless"))

    resources = pod["spec"]["containers"][0]["resources"]
    assert resources["limits"] == {"cpu": "250m", "memory": "512Mi", "ephemeral-storage": "128Mi"}
    assert resources["requests"] == {"cpu": "125m", "memory": "256Mi", "ephemeral-storage": "64Mi"}


@pytest.mark.claim("an oversized container is refused")
def test_an_oversized_container_is_refused(cluster: Cluster, fleet: Fleet) -> None:  # noqa: ARG001
    """No container may be larger than the smallest plan, in the largest plan neither."""
    with pytest.raises(RefusedError, match="maximum cpu usage per Container is 1") as refused:
        cluster.kube.create(_pod("large", cpu="2", namespace=OTHER))
    assert refused.value.code == httpx.codes.FORBIDDEN


@pytest.mark.claim("Pod Security refuses a privileged pod")
def test_a_privileged_pod_is_refused(cluster: Cluster, fleet: Fleet) -> None:  # noqa: ARG001
    """The namespace enforces the strictest level."""
    pod = _pod("privileged")
    pod["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    with pytest.raises(RefusedError, match='violates PodSecurity "restricted:') as refused:
        cluster.kube.create(pod)
    assert refused.value.code == httpx.codes.FORBIDDEN


@pytest.mark.claim("an AppProject refuses what is not its company's", leans_on=stand_ins.ALL)
@pytest.mark.usefixtures("control_plane")
def test_a_project_refuses_what_is_not_its_companys(cluster: Cluster, fleet: Fleet) -> None:
    """Forced past our checks into the company's folder, none of it reaches the cluster."""
    aliens: list[Object] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "alien", "namespace": OTHER}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "alien"}},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "alien"}},
    ]
    with fleet.changed():
        folder = fleet.deployed.folder / "overlays" / NAME
        # Beside the company's own folder, because kustomize would give what is in that the company's namespace.
        company = folder / "company"
        company.mkdir()
        (folder / "facts.yaml").rename(company / "facts.yaml")
        kustomization = folder / "kustomization.yaml"
        (company / "kustomization.yaml").write_text(kustomization.read_text().replace("../../base", "../../../base"))
        kustomization.write_text('resources: ["company", "aliens.yaml"]\n')
        (folder / "aliens.yaml").write_text(yaml.safe_dump_all(aliens))
        fleet.force("Smuggle objects in")
        words = until("Argo CD refuses all three", lambda: _refusals(cluster, len(aliens)), seconds=60)

        assert words == {
            "ConfigMap": f"namespace {OTHER} is not permitted in project '{NAME}'",
            "Namespace": f"resource :Namespace is not permitted in project {NAME}",
            "ClusterRole": f"resource rbac.authorization.k8s.io:ClusterRole is not permitted in project {NAME}",
        }
        for alien in aliens:
            assert cluster.kube.get(alien["kind"], "alien", alien["metadata"].get("namespace")) is None
        fleet.await_shards()


def test_a_submodule_is_not_fetched(cluster: Cluster, fleet: Fleet, tmp_path: Path) -> None:
    """Forced past our checks into a folder that Argo CD applies: the settings in argocd/platform/ are a second lock."""
    elsewhere = cluster.git.create("elsewhere")
    clone = elsewhere.clone(tmp_path / "elsewhere")
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "alien"}}
    (clone.folder / "alien.yaml").write_text(yaml.safe_dump({**project, "spec": {"sourceRepos": ["*"]}}))
    clone.push("Write a project")
    with fleet.changed():
        folder, path = fleet.deployed.folder, "argocd/shards/s03/projects/alien"
        (folder / ".gitmodules").write_text(f'[submodule "alien"]\n\tpath = {path}\n\turl = {elsewhere.url}\n')
        (folder / path).mkdir()
        commit = clone.git("rev-parse", "HEAD").strip()
        fleet.deployed.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
        fleet.force("Add a submodule")
        assert fleet.deployed.git("ls-tree", "HEAD", path) == f"160000 commit {commit}\t{path}\n"
        fleet.await_shards()

        assert cluster.kube.get("AppProject", "alien", NAMESPACE) is None


@pytest.fixture
def pods(cluster: Cluster) -> Iterator[list[str]]:
    """Names of pods that the test makes; they are gone after it."""
    names: list[str] = []
    yield names
    for name in names:
        if cluster.kube.get("Pod", name, NAME):
            cluster.kube.delete("Pod", name, NAME, gracePeriodSeconds=0)
    until("the pods are gone", lambda: not any(cluster.kube.get("Pod", name, NAME) for name in names), seconds=30)


def _of_role(cluster: Cluster, role: str) -> set[tuple[str, str]]:
    """Return what a Role of the company gives: verbs and resources."""
    return pairs((cluster.kube.get("Role", role, NAME) or {})["rules"])


def _pod(name: str, *, cpu: str = "", namespace: str = NAME) -> Object:
    container: Object = {
        "name": "it",
        "image": "registry.example/it:1",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    if cpu:
        memory = {"memory": "128Mi"}
        container["resources"] = {
            "limits": {"cpu": cpu, **memory},
            "requests": {"cpu": f"{_milli(cpu) // 2}m", **memory},
        }
    context = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"containers": [container], "securityContext": context}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _milli(cpu: str) -> int:
    return int(cpu.removesuffix("m")) if cpu.endswith("m") else 1000 * int(cpu)


def _refusals(cluster: Cluster, number: int) -> dict[str, str] | None:
    """Return by kind why the last sync has not taken the aliens, when it has spoken of that many."""
    state = cluster.argocd.application(NAME)["status"].get("operationState", {})
    resources = state.get("syncResult", {}).get("resources", [])
    words = {item["kind"]: item["message"] for item in resources if item["name"] == "alien"}
    return words if len(words) == number else None
