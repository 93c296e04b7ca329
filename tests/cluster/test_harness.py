"""The cluster of the tests does what the tests take for granted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.cluster import stand_ins
from tests.cluster.argocd import is_healthy, is_synced
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import ControlPlane, node_is_ready
from tests.cluster.git_server import Clone
from tests.cluster.kube import Object, RefusedError
from tests.cluster.sample import WORKLOADS, application_set, write_sample
from tests.cluster.waiting import until

NAMESPACE = "sample-one"


@pytest.fixture(scope="module")
def sample(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """The sample application, pushed and running."""
    repository = cluster.git.create("sample", cluster.argocd.webhooks)
    clone = repository.clone(tmp_path_factory.mktemp("sample"))
    write_sample(clone.folder, NAMESPACE)
    clone.push("Add the sample application")
    cluster.kube.apply(application_set(repository.url))
    until("the sample runs", lambda: _is_well(cluster, NAMESPACE), seconds=120)
    yield clone
    cluster.kube.delete("ApplicationSet", "sample", "argocd")
    until("the sample is gone", lambda: cluster.kube.get("Namespace", NAMESPACE) is None, seconds=60)


def test_a_push_reaches_the_cluster(cluster: Cluster, sample: Clone) -> None:
    """A second copy is Synced and Healthy after a push alone, because the webhooks tell Argo CD of it."""
    write_sample(sample.folder, NAMESPACE, "sample-two")
    start = time.monotonic()
    sample.push("Add a second copy")
    until("the second copy runs", lambda: _is_well(cluster, "sample-two"), seconds=90)

    assert time.monotonic() - start < 90
    assert len(_ready_pods(cluster, "sample-two")) == len(WORKLOADS)


@pytest.mark.usefixtures("control_plane", "sample")
def test_a_pod_uses_the_cpu_that_the_test_sets(cluster: Cluster) -> None:
    """An autoscaler sees it, and makes as many pods as it may."""
    stand_ins.set_cpu_usage(cluster.kube, NAMESPACE, "fileserver", "100m")

    until("five pods of the file server", lambda: len(_ready_pods(cluster, NAMESPACE, "fileserver")) == 5, seconds=120)

    assert len(_ready_pods(cluster, NAMESPACE, "ai-chatbot")) == 1
    stand_ins.set_cpu_usage(cluster.kube, NAMESPACE, "fileserver", None)


@pytest.mark.usefixtures("sample")
def test_a_node_dies_and_comes_back(cluster: Cluster, control_plane: ControlPlane) -> None:
    """Its pods are replaced elsewhere, and a new machine takes its place."""
    [pod] = _ready_pods(cluster, NAMESPACE, "ai-chatbot")
    node = pod["spec"]["nodeName"]

    control_plane.fail(cluster.kube, node)

    def moved() -> bool:
        return any(pod["spec"]["nodeName"] != node for pod in _ready_pods(cluster, NAMESPACE, "ai-chatbot"))

    until("the pod runs on another node", moved, seconds=90)
    assert not node_is_ready(cluster.kube, node)
    control_plane.revive(cluster.kube, node)
    assert node_is_ready(cluster.kube, node)


def test_argo_cd_has_only_the_rights_of_its_own_installation(cluster: Cluster) -> None:
    """The server may not create Deployments, which its controller may."""
    account = "system:serviceaccount:argocd:argocd"
    may = {
        program: cluster.kube.may("create", "deployments.apps", namespace="default", user=f"{account}-{program}")
        for program in ("application-controller", "applicationset-controller", "repo-server", "server")
    }

    assert may == {
        "application-controller": True,
        "applicationset-controller": False,
        "repo-server": False,
        "server": False,
    }


def test_argo_cds_api_lets_the_admin_in(cluster: Cluster) -> None:
    """With the password that the installation has made up, and nobody without."""
    with cluster.argocd.log_in() as api:
        assert api.get("/api/v1/clusters").json()["items"][0]["server"] == "https://kubernetes.default.svc"
    assert httpx.get(f"{cluster.argocd.url}/api/v1/applications").status_code == httpx.codes.UNAUTHORIZED


def test_the_api_refuses_what_it_does_not_know(cluster: Cluster) -> None:
    """Its words reach the test."""
    body: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "namespace": "default"},
        "spec": {"containers": []},
    }

    with pytest.raises(RefusedError, match=r"spec\.containers: Required value"):
        cluster.kube.create(body)


@pytest.mark.usefixtures("control_plane")
def test_a_claim_gets_a_volume_that_many_nodes_can_write(cluster: Cluster) -> None:
    """The stand-in for a provisioner makes one of the class that base/ names."""
    spec = {
        "storageClassName": stand_ins.STORAGE_CLASS,
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "200Gi"}},
    }
    cluster.kube.apply([_object("v1", "PersistentVolumeClaim", "files", spec)])

    def capacity() -> object:
        claim = cluster.kube.get("PersistentVolumeClaim", "files", "default") or {}
        return claim.get("status", {}).get("capacity")

    assert until("the claim is bound", capacity, seconds=30) == {"storage": "200Gi"}
    cluster.kube.delete("PersistentVolumeClaim", "files", "default")
    until("it is gone", lambda: cluster.kube.get("PersistentVolumeClaim", "files", "default") is None, seconds=30)


@pytest.mark.usefixtures("control_plane")
def test_routes_and_external_secrets_come_to_rest(cluster: Cluster) -> None:
    """The stand-ins say of each what a working controller would."""
    backend = {"name": "x", "port": 80}
    ingress_backend = {"service": {"name": "x", "port": {"number": 80}}}
    cluster.kube.apply(
        [
            _object(
                "gateway.networking.k8s.io/v1",
                "HTTPRoute",
                "x",
                {"parentRefs": [{"name": "public"}], "rules": [{"backendRefs": [backend]}]},
            ),
            _object("networking.k8s.io/v1", "Ingress", "x", {"defaultBackend": ingress_backend}),
            _object(
                "external-secrets.io/v1",
                "ExternalSecret",
                "x",
                {
                    "secretStoreRef": {"kind": "ClusterSecretStore", "name": "provider"},
                    "target": {"name": "key"},
                    "data": [{"secretKey": "token", "remoteRef": {"key": "tenants/x/chatbot"}}],
                },
            ),
        ]
    )

    def status(kind: str, *path: str | int) -> Callable[[], object]:
        def read() -> object:
            value = cluster.kube.get(kind, "x", "default")
            try:
                for step in ("status", *path):
                    value = value[step]  # type: ignore[index]
            except (KeyError, TypeError, IndexError):
                return None
            return value

        return read

    assert (
        until("the route is accepted", status("HTTPRoute", "parents", 0, "conditions", 0, "status"), seconds=30)
        == "True"
    )
    assert until("the ingress has an address", status("Ingress", "loadBalancer", "ingress"), seconds=30)
    assert until("the secret is ready", status("ExternalSecret", "conditions", 0, "type"), seconds=30) == "Ready"
    secret = cluster.kube.get("Secret", "key", "default")
    assert secret is not None
    assert list(secret["data"]) == ["token"]


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_nothing(ending: signal.Signals, tmp_path: Path) -> None:
    """Ended amid its start, when there is most to forget, it takes all with it. Only a killed run leaves its folder."""
    with _run(tmp_path, "def test(cluster): pass") as run:
        until("some programs run", lambda: len(_programs(tmp_path)) > 2, seconds=60)
        run.send_signal(ending)
        run.wait(60)

    until("no program runs", lambda: not _programs(tmp_path), seconds=10)
    assert _folders(tmp_path) == [] or ending is signal.SIGKILL


@pytest.mark.usefixtures("tools")
def test_a_failed_test_leaves_nothing(tmp_path: Path) -> None:
    """No program runs and no folder is there after a run that failed."""
    with _run(tmp_path, "def test(cluster): raise AssertionError") as run:
        assert run.wait(180) == pytest.ExitCode.TESTS_FAILED

    assert _programs(tmp_path) == []
    assert _folders(tmp_path) == []


def _run(folder: Path, test: str) -> subprocess.Popen[bytes]:
    """Start a run of its own with one test; all that it writes is in that folder."""
    file = folder / "test_it.py"
    file.write_text(test)
    plugins = ("-p", "tests.cluster.conftest", "-p", "no:cacheprovider")
    command = (sys.executable, "-m", "pytest", *plugins, f"--basetemp={folder / 'pytest'}", str(file))
    environment = {**os.environ, "TMPDIR": str(folder)}
    environment.pop("TENANTRY_TEST_KUBECONFIG", None)
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL)


def _programs(folder: Path) -> list[str]:
    """Return the command lines of the cluster's programs that name the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        if "pytest" not in words and any(str(folder) in word for word in words):
            found.append(" ".join(words))
    return found


def _folders(folder: Path) -> list[Path]:
    return list(folder.glob("tenantry-cluster-*"))


def _object(api_version: str, kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def _is_well(cluster: Cluster, name: str) -> bool:
    application = cluster.argocd.application(name)
    return is_synced(application) and is_healthy(application)


def _ready_pods(cluster: Cluster, namespace: str, workload: str | None = None) -> list[Object]:
    labels = {"app.kubernetes.io__name": workload} if workload else {}
    return [pod for pod in cluster.kube.items("Pod", namespace, **labels) if _is_ready(pod)]


def _is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions", [])
    ready = any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]
