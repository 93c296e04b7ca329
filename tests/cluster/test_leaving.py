"""Companies that are suspended, that leave, and one that is purged among others, by what `tenantry set` writes."""

import pytest

from generator.layout import entry, shard_of
from tests.cluster import stand_ins
from tests.cluster.argocd import NAMESPACE
from tests.cluster.claims import Measure
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import LEAVING, PURGED, SUSPENDED, Fleet
from tests.cluster.kube import Object
from tests.cluster.waiting import until

_LAST = "2026-01-31"
_BESIDE = ("company-001", "company-002", "company-003", SUSPENDED)
"""Companies that a purge of another one must leave alone."""

_VANISHED = "company-002"
_SHARDS = 4


@pytest.fixture
def see(control_plane: ControlPlane, kubectl: None) -> tuple[str, ...]:  # noqa: ARG001 -- it is put where it is found
    """Return what lets tenantry look into the cluster."""
    return ("--kubeconfig", str(control_plane.kubeconfig("admin")))


@pytest.mark.claim("a company that was suspended comes back with its volume", leans_on=stand_ins.ALL)
def test_a_suspended_company_comes_back_with_its_volume(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """Nothing runs and nobody can scale it up meanwhile; its hosts lead to the provider's page."""
    before = _holds(cluster, SUSPENDED)
    fleet.run_set(SUSPENDED, "state=suspended")
    start = fleet.merge("Suspend a company")
    until("no pod runs", lambda: not cluster.kube.items("Pod", SUSPENDED), seconds=90)
    measure("no pod runs", start)
    fleet.await_well(SUSPENDED)
    fleet.await_shards()
    cluster.kube.kubectl("scale", "deployment/fileserver", "--replicas=3", f"--namespace={SUSPENDED}")
    until("scaled back", lambda: _replicas(cluster, SUSPENDED) == 0, seconds=60)
    route = cluster.kube.get("HTTPRoute", "fileserver", SUSPENDED) or {}
    assert [item["type"] for item in route["spec"]["rules"][0]["filters"]] == ["RequestRedirect"]
    assert cluster.kube.items("HorizontalPodAutoscaler", SUSPENDED) == []

    fleet.run_set(SUSPENDED, "state=active")
    start = fleet.merge("Bring a company back")
    until("it runs", lambda: fleet.pods(SUSPENDED, "fileserver"), seconds=120)
    measure("pods run again", start)
    fleet.await_well(SUSPENDED)
    fleet.await_shards()
    assert _holds(cluster, SUSPENDED) == before


@pytest.mark.claim(
    "a company that leaves can read its files, and stays when it changes its mind", leans_on=stand_ins.ALL
)
def test_a_company_that_leaves_can_read_and_stay(cluster: Cluster, fleet: Fleet) -> None:
    """The volume is mounted read-only and the add-on is off; one edit takes that back."""
    before = _holds(cluster, LEAVING)
    fleet.run_set(LEAVING, "state=retiring", "retireOn=2099-12-31")
    fleet.merge("Let a company leave")
    until("it is read-only", lambda: _is_read_only(cluster, LEAVING), seconds=90)
    until("the add-on is off", lambda: not fleet.pods(LEAVING, "ai-chatbot"), seconds=120)
    fleet.await_well(LEAVING)
    fleet.await_shards()
    assert fleet.pods(LEAVING, "fileserver")

    fleet.run_set(LEAVING, "state=active")
    fleet.merge("Let it stay")
    until("it can be written", lambda: not _is_read_only(cluster, LEAVING), seconds=90)
    until("the add-on is back", lambda: fleet.pods(LEAVING, "ai-chatbot"), seconds=120)
    fleet.await_well(LEAVING)
    fleet.await_shards()
    assert _holds(cluster, LEAVING) == before


@pytest.mark.claim("of five companies exactly the one that is purged goes, wholly", leans_on=stand_ins.ALL)
def test_exactly_the_purged_company_goes(
    cluster: Cluster, fleet: Fleet, see: tuple[str, ...], measure: Measure
) -> None:
    """Cancelled once before its entry leaves; then each step is refused until the one before is done.

    While it goes, another's entry is lost by accident: only its Application goes, and the next publishing heals it.
    """
    others = {name: _holds(cluster, name) for name in _BESIDE}
    before = _holds(cluster, PURGED)
    fleet.run_set(PURGED, "state=retiring", f"retireOn={_LAST}")
    fleet.merge("Let a company leave")
    fleet.await_published(PURGED)
    fleet.await_shards()

    fleet.run_set(PURGED, "state=purging", "backup=none-1")
    fleet.approve_and_merge("Purge a company")
    until("it has its finalizer", lambda: _finalizers(cluster), seconds=90)
    fleet.await_shards()
    fleet.run_set(PURGED, "state=retiring")
    fleet.merge("Cancel the purge")
    until("it has none", lambda: not _finalizers(cluster), seconds=90)
    fleet.await_published(PURGED)
    fleet.await_shards()
    assert _holds(cluster, PURGED) == before

    fleet.run_set(PURGED, "state=purging", "backup=none-2")
    with pytest.raises(RuntimeError, match="is not Synced without its guards"):
        fleet.run_set(PURGED, "state=deleting", *see)
    fleet.approve_and_merge("Purge a company for good")
    fleet.await_shards()
    until("it may be deleted", lambda: fleet.may_set(PURGED, "state=deleting", *see), seconds=120, every=2)
    start = fleet.merge("Delete a company")
    fleet.await_shards()
    fleet.pull_deployed()
    (fleet.deployed.folder / entry(_VANISHED, shard_of(_VANISHED, _SHARDS))).unlink()
    fleet.force("Lose the entry of another")
    until("it is gone", lambda: fleet.may_set(PURGED, "state=retired", *see), seconds=180, every=2)
    measure("Application and namespace gone", start)
    until("the other's Application is gone", lambda: not cluster.argocd.application(_VANISHED), seconds=90)
    fleet.await_shards()
    assert {name: _holds(cluster, name) for name in _BESIDE} == others
    start = fleet.merge("Retire a company")
    until("no project", lambda: not cluster.kube.get("AppProject", PURGED, NAMESPACE), seconds=90)
    measure("AppProject gone", start)
    fleet.await_well(_VANISHED)
    fleet.await_shards()

    assert not cluster.argocd.application(PURGED)
    assert cluster.kube.get("Namespace", PURGED) is None
    volume = cluster.kube.get("PersistentVolume", str(before["volume"])) or {}
    assert volume["status"]["phase"] == "Released"
    assert f"volume {before['volume']} (Retain, Released)" in fleet.tenant_file(PURGED)
    assert {name: _holds(cluster, name) for name in _BESIDE} == others


def _holds(cluster: Cluster, name: str) -> dict[str, object]:
    """Return what must stay of a company, by uid, and its volume."""
    namespace = cluster.kube.get("Namespace", name) or {}
    claim = cluster.kube.get("PersistentVolumeClaim", "files", name) or {}
    uids = {"namespace": namespace["metadata"]["uid"], "claim": claim["metadata"]["uid"]}
    return {**uids, "volume": claim["spec"]["volumeName"]}


def _deployment(cluster: Cluster, name: str) -> Object:
    return cluster.kube.get("Deployment", "fileserver", name) or {}


def _replicas(cluster: Cluster, name: str) -> int:
    replicas: int = _deployment(cluster, name)["spec"]["replicas"]
    return replicas


def _is_read_only(cluster: Cluster, name: str) -> bool:
    volumes = _deployment(cluster, name)["spec"]["template"]["spec"]["volumes"]
    claims = [volume["persistentVolumeClaim"] for volume in volumes if "persistentVolumeClaim" in volume]
    return all(claim.get("readOnly", False) for claim in claims)


def _finalizers(cluster: Cluster) -> list[str]:
    found: list[str] = cluster.argocd.application(PURGED).get("metadata", {}).get("finalizers", [])
    return found
