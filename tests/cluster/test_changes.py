"""Changes of a company reach the cluster and touch nothing else; what is changed there by hand comes back."""

import re
import time

import pytest

from tests.cluster import stand_ins
from tests.cluster.argocd import is_synced
from tests.cluster.claims import Measure
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import DROPPING, SCALED, UPGRADED, Fleet
from tests.cluster.kube import Object
from tests.cluster.waiting import until

BRONZE, SILVER = "company-001", "company-004"


@pytest.mark.claim("a change of plan restarts no pod", leans_on=stand_ins.ALL)
@pytest.mark.usefixtures("control_plane")
def test_a_change_of_plan_restarts_no_pod(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """Quota, the autoscaler's ceiling and the volume grow; the same pods, by uid, go on."""
    before, pods = _ceilings(cluster, UPGRADED), fleet.pods(UPGRADED)
    assert pods
    fleet.set(UPGRADED, plan="silver")
    start = fleet.merge("Upgrade to Silver")
    until("the ceilings of Silver", lambda: _ceilings(cluster, UPGRADED) == _ceilings(cluster, SILVER), seconds=60)
    measure("quota, autoscaler and volume changed", start)
    fleet.await_well(UPGRADED)
    fleet.await_shards()

    assert before == _ceilings(cluster, BRONZE)
    assert fleet.pods(UPGRADED) == pods


@pytest.mark.claim("a dropped add-on goes with all that is its own, and nothing else goes", leans_on=stand_ins.ALL)
@pytest.mark.usefixtures("control_plane")
def test_a_dropped_add_on_goes_with_all_that_is_its_own(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """Deployment, Service, autoscaler, keys, route and policies of the chatbot go; the file server's pods stay."""
    before, pods = _managed(cluster, DROPPING), fleet.pods(DROPPING, "fileserver")
    fleet.set(DROPPING, addons=[])
    start = fleet.merge("Drop the chatbot")
    until("the chatbot is gone", lambda: not cluster.kube.get("Deployment", "ai-chatbot", DROPPING), seconds=60)
    measure("chatbot gone", start)
    fleet.await_well(DROPPING)
    fleet.await_shards()
    until("its pods are gone", lambda: not fleet.pods(DROPPING, "ai-chatbot"), seconds=60)

    after = _managed(cluster, DROPPING)
    gone = before - after
    kinds = {"Deployment", "Service", "HorizontalPodAutoscaler", "ExternalSecret", "NetworkPolicy", "HTTPRoute"}
    assert kinds <= {kind for kind, _ in gone}
    assert all("ai-chatbot" in name for _, name in gone)
    assert not after - before
    assert fleet.pods(DROPPING, "fileserver") == pods


@pytest.mark.claim("what is changed by hand comes back", leans_on=stand_ins.ALL)
@pytest.mark.usefixtures("control_plane")
def test_what_is_changed_by_hand_comes_back(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """A deleted NetworkPolicy is there again, and a quota that was raised is what git says."""
    kube, ceilings = cluster.kube, _ceilings(cluster, BRONZE)
    name = min(policy["metadata"]["name"] for policy in kube.items("NetworkPolicy", BRONZE))

    start = time.monotonic()
    kube.delete("NetworkPolicy", name, BRONZE)
    until("the policy is back", lambda: kube.get("NetworkPolicy", name, BRONZE), seconds=60)
    measure("deleted policy back", start)

    start = time.monotonic()
    kube.patch("ResourceQuota", "plan", {"spec": {"hard": {"limits.cpu": "64"}}}, BRONZE)
    until("the quota is back", lambda: _ceilings(cluster, BRONZE) == ceilings, seconds=60)
    measure("raised quota back", start)
    fleet.await_well(BRONZE)


@pytest.mark.claim("replicas are the autoscaler's, and the Application stays Synced", leans_on=stand_ins.ALL)
@pytest.mark.usefixtures("control_plane")
def test_replicas_are_the_autoscalers(cluster: Cluster, fleet: Fleet) -> None:
    """Pods that it has added differ from nothing in git, and stay when every object is applied again."""
    try:
        stand_ins.set_cpu_usage(cluster.kube, "fileserver", "200m", SCALED)
        until("a second pod", lambda: len(fleet.pods(SCALED, "fileserver")) > 1, seconds=90)
        cluster.argocd.refresh(SCALED)
        until("it was looked at", lambda: cluster.argocd.is_refreshed(SCALED), seconds=60)
        assert is_synced(cluster.argocd.application(SCALED))

        pods = fleet.pods(SCALED, "fileserver")
        cluster.argocd.sync(SCALED)
        assert pods.items() <= fleet.pods(SCALED, "fileserver").items()
    finally:
        stand_ins.set_cpu_usage(cluster.kube, "fileserver", None, SCALED)


@pytest.mark.usefixtures("control_plane")
def test_a_set_without_what_its_controller_writes_is_out_of_sync(fleet: Fleet) -> None:
    """So `await_shards` sees when git lacks a default that the ApplicationSet controller writes into each set."""
    with fleet.changed():
        sets = sorted(fleet.deployed.folder.glob("argocd/shards/*/applicationset.yaml"))
        for file in sets:
            text = re.sub(r"      template:\n        metadata: \{\}\n(?: {8}.*\n)+", "", file.read_text())
            assert text != file.read_text()
            file.write_text(text)
        fleet.force("Leave the defaults out")

        with pytest.raises(AssertionError, match=r"and yet they moved: .*tenants-s00"):
            fleet.await_shards()
        fleet.unwatched()


def _ceilings(cluster: Cluster, name: str) -> dict[str, object]:
    """Return all that a plan decides: the quota, the autoscaler's bounds, and the storage."""
    quota = cluster.kube.get("ResourceQuota", "plan", name) or {}
    scaler = cluster.kube.get("HorizontalPodAutoscaler", "fileserver", name) or {}
    claim = cluster.kube.get("PersistentVolumeClaim", "files", name) or {}
    return {
        "quota": quota["spec"]["hard"],
        "replicas": (scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"]),
        "storage": claim["status"]["capacity"],
    }


def _managed(cluster: Cluster, name: str) -> set[tuple[str, str]]:
    """Return kind and name of every object of the Application that is there."""
    resources: list[Object] = cluster.argocd.application(name)["status"]["resources"]
    return {
        (resource["kind"], resource["name"])
        for resource in resources
        if cluster.kube.get(resource["kind"], resource["name"], resource.get("namespace"))
    }
