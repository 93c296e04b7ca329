"""The cluster of the tests does what the tests take for granted."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.cluster import stand_ins
from tests.cluster.cluster import Cluster
from tests.cluster.git_server import git
from tests.cluster.kube import Object, RefusedError
from tests.cluster.waiting import until

_ROOT = Path(__file__).parents[2]


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
    for kind in ("HTTPRoute", "Ingress", "ExternalSecret"):
        cluster.kube.delete(kind, "x", "default")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: the path of a socket may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="t-") as name:
        yield Path(name)


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_nothing(ending: signal.Signals, folder: Path) -> None:
    """Ended amid its start, when there is most to forget, it takes all with it. Only a killed run leaves its folder."""
    with _run(folder, "def test(cluster): pass") as run:
        until("some programs run", lambda: len(_programs(folder)) > 2, seconds=60)
        run.send_signal(ending)
        run.wait(60)

    until("no program runs", lambda: not _programs(folder), seconds=10)
    assert _folders(folder) == [] or ending is signal.SIGKILL


@pytest.mark.nightly  # it brings up a cluster of its own
@pytest.mark.usefixtures("tools")
def test_a_failed_test_leaves_nothing(folder: Path) -> None:
    """No program runs and no folder is there after a run that failed."""
    with _run(folder, "def test(cluster): raise AssertionError('by intention')") as run:
        assert run.wait(180) == pytest.ExitCode.TESTS_FAILED

    assert "by intention" in (folder / "output.txt").read_text()
    assert _programs(folder) == []
    assert _folders(folder) == []


@pytest.mark.nightly  # it brings up a cluster of its own
@pytest.mark.usefixtures("tools")
def test_a_run_of_many_processes_that_is_interrupted_leaves_nothing(folder: Path) -> None:
    """Ctrl-C amid a test, in a worker of xdist, as `.ci/run` has it."""
    test = "def test(cluster):\n    open('begun', 'w').close()\n    import time; time.sleep(60)"
    with _run(folder, test.replace("begun", str(folder / "begun")), "-n", "1") as run:
        until("the test has begun", (folder / "begun").exists, seconds=90)
        assert len(_programs(folder)) > 10
        os.killpg(run.pid, signal.SIGINT)
        run.wait(60)

    assert _programs(folder) == []
    assert _folders(folder) == []


@pytest.mark.usefixtures("tools")
def test_a_cluster_that_was_kept_is_there_until_it_is_taken_down(folder: Path) -> None:
    """What `make cluster-up` says is true, and `make cluster-down` leaves nothing."""
    try:
        said = _keep(folder, "up")
        [kubeconfig] = re.findall(r"export KUBECONFIG=(\S+)", said)
        [binary] = re.findall(r"alias kubectl='\"(.+)\" kubectl'", said)
        command = (binary, "kubectl", f"--kubeconfig={kubeconfig}", "get", "pods,applications", "--all-namespaces")
        assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == "No resources found\n"
        [repository] = re.findall(r"git push (\S+) HEAD:main", said)
        assert git("ls-remote", repository) == ""
        [server] = re.findall(r"its API at (\S+)/api/v1", said)
        assert httpx.get(f"{server}/api/version").json()["Version"].startswith("v3.")
    finally:
        _keep(folder, "down")

    assert _programs(folder) == []
    assert list((folder / "state" / "tenantry").iterdir()) == []


def _keep(folder: Path, verb: str) -> str:
    """Run a command of `make cluster-up` and `cluster-down`, all whose files are in that folder; return its words."""
    environment = {**os.environ, "TMPDIR": str(folder), "XDG_STATE_HOME": str(folder / "state")}
    command = (sys.executable, "-m", "tests.cluster", verb)
    return subprocess.run(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


def _run(folder: Path, test: str, *options: str) -> subprocess.Popen[bytes]:
    """Start a run of its own with one test; all that it writes is in that folder."""
    file = folder / "test_it.py"
    file.write_text(test)
    plugins = ("-p", "tests.cluster.conftest", "-p", "no:cacheprovider")
    # A shell lets what it starts in the background ignore Ctrl-C, and so would all that comes after it.
    pytest_command = ("env", "--default-signal=INT", sys.executable, "-m", "pytest")
    command = (*pytest_command, *plugins, f"--basetemp={folder / 'pytest'}", *options, str(file))
    environment = {**os.environ, "TMPDIR": str(folder)}
    environment.pop("TENANTRY_TEST_KUBECONFIG", None)
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=output, start_new_session=True)


def _programs(folder: Path) -> list[str]:
    """Return the command lines of all processes beside pytest that were told to use the folder; their ports are theirs.

    Each of them inherits a TMPDIR in it.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text().split("\0")
            variables = (process / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it has ended meanwhile, or is somebody else's
        if "pytest" not in words and os.fsencode(folder) in variables:
            found.append(" ".join(words))
    return found


def _folders(folder: Path) -> list[Path]:
    return list(folder.glob("tenantry-cluster-*"))


def _object(api_version: str, kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}
