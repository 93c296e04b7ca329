"""Companies that come back with their volume, by the commands of docs/guides/restore-a-company.md."""

import time
from functools import partial
from pathlib import Path

import pytest

from tests.cluster import guides, stand_ins
from tests.cluster.claims import Measure
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import LOST, Fleet
from tests.cluster.waiting import until

_GUIDE = "restore-a-company.md"


@pytest.mark.nightly  # it takes minutes, and the way out is the guide's
@pytest.mark.claim("a namespace that was deleted by hand comes back with its old volume", leans_on=stand_ins.ALL)
@pytest.mark.usefixtures("control_plane")  # which binds volumes
def test_a_deleted_namespace_gets_its_volume_again(cluster: Cluster, fleet: Fleet) -> None:
    """Argo CD makes it again with a new volume, or is caught in healing a part of it: the guide ends both."""
    lost = _volume(cluster, LOST)
    cluster.kube.delete("Namespace", LOST)
    until("it is made again, or cannot be", lambda: _is_again(cluster, lost) or _is_caught(cluster), seconds=180)
    if guides.run(cluster, _command(LOST, "kubectl get application")) == "Running":
        guides.run(cluster, _command(LOST, "kubectl patch application"))
    assert _keep_the_released(cluster, LOST) == lost

    fleet.run_set(LOST, "state=suspended")
    fleet.merge("Stop a company")
    fleet.await_well(LOST)
    fleet.await_shards()
    if _volume(cluster, LOST) != lost:
        until("no pod runs", lambda: not cluster.kube.items("Pod", LOST), seconds=90)
        guides.run(cluster, _command(LOST, "kubectl delete persistentvolumeclaim"))
    _comes_back(cluster, fleet, LOST, lost)


@pytest.mark.nightly  # the way to the end takes minutes, and is a claim of its own
@pytest.mark.usefixtures("kubectl")
def test_a_purged_company_comes_back_with_its_volume(
    cluster: Cluster, fleet: Fleet, control_plane: ControlPlane
) -> None:
    """From its tombstone, suspended at first, and with an approval."""
    lost = _volume(cluster, LOST)
    for state, *more in (("retiring", "retireOn=2026-01-31"), ("purging", "backup=none"), ("deleting",), ("retired",)):
        see = ("--kubeconfig", str(control_plane.kubeconfig("admin"))) if state in {"deleting", "retired"} else ()
        until(f"it may be {state}", partial(fleet.may_set, LOST, f"state={state}", *more, *see), seconds=180, every=2)
        (fleet.approve_and_merge if state == "purging" else fleet.merge)(f"A company becomes {state}")
        fleet.await_shards()

    assert _keep_the_released(cluster, LOST) == lost
    fleet.run_set(LOST, "state=suspended")
    fleet.approve_and_merge("Bring a company back")
    fleet.await_shards()
    _comes_back(cluster, fleet, LOST, lost)


@pytest.mark.nightly  # it brings a second cluster up
@pytest.mark.claim("a lost cluster is rebuilt from git, each company with its old volume", leans_on=stand_ins.ALL)
@pytest.mark.usefixtures("control_plane")  # which is lost
def test_a_lost_cluster_is_rebuilt_with_the_old_volumes(
    cluster: Cluster, fleet: Fleet, measure: Measure, tmp_path: Path
) -> None:
    """All that is left is git, the list of the volumes, and what the storage system keeps."""
    keep, make, look = guides.scripts_of(_GUIDE, "The whole cluster is lost")
    names = fleet.names()
    before = {name: _volume(cluster, name) for name in names}
    namespaces = {name: _uid(cluster, name) for name in names}
    assert "" not in before.values()
    guides.run_script(cluster, keep, tmp_path)
    cluster.lose()
    cluster.start(lambda _: None)
    assert cluster.kube.items("PersistentVolume") == []

    guides.run_script(cluster, make, tmp_path)
    start = time.monotonic()
    fleet.start()
    measure(f"{len(names)} companies Synced and Healthy again", start)

    assert {name: _volume(cluster, name) for name in names} == before
    assert guides.run_script(cluster, look, tmp_path) == ""
    assert not namespaces.items() & {name: _uid(cluster, name) for name in names}.items()


def _uid(cluster: Cluster, name: str) -> str:
    uid: str = (cluster.kube.get("Namespace", name) or {})["metadata"]["uid"]
    return uid


def _comes_back(cluster: Cluster, fleet: Fleet, name: str, volume: str) -> None:
    until("the old volume is bound", lambda: _volume(cluster, name) == volume, seconds=120)
    fleet.run_set(name, "state=active")
    fleet.merge("Let it run")
    until("it runs", lambda: fleet.pods(name, "fileserver"), seconds=120)
    fleet.await_well(name)
    fleet.await_shards()
    assert _volume(cluster, name) == volume


def _keep_the_released(cluster: Cluster, name: str) -> str:
    """Do what the guide says with the volume that the company has lost, and return its name."""
    lines = guides.run(cluster, _command(name, "kubectl get persistentvolumes")).splitlines()
    [released] = [line.split()[0] for line in lines if line.endswith(" Released")]
    guides.run(cluster, _command(name, "kubectl patch persistentvolume").replace("VOLUME", released))
    return released


def _command(name: str, beginning: str) -> str:
    return guides.command_of(_GUIDE, beginning).replace("company-001", name)


def _is_again(cluster: Cluster, lost: str) -> bool:
    return _volume(cluster, LOST) not in {"", lost}


def _is_caught(cluster: Cluster) -> bool:
    state = cluster.argocd.application(LOST).get("status", {}).get("operationState", {})
    return f'namespaces "{LOST}" not found' in state.get("message", "")


def _volume(cluster: Cluster, name: str) -> str:
    claim = cluster.kube.get("PersistentVolumeClaim", "files", name) or {"spec": {}}
    bound = claim.get("status", {}).get("phase") == "Bound" and "deletionTimestamp" not in claim["metadata"]
    return str(claim["spec"].get("volumeName", "")) if bound else ""
