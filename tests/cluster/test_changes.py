"""Changes of a company reach the cluster and touch nothing else; what is changed there by hand comes back."""

import time
from collections.abc import Callable

import pytest

from tests.cluster import stand_ins
from tests.cluster.argocd import is_synced
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import SCALED, Fleet
from tests.cluster.kube import Object
from tests.cluster.waiting import until

Measure = Callable[[str, float], float]
BRONZE, WITH_CHATBOT = "company-001", "company-002"


@pytest.mark.claim("a dropped add-on goes with all that is its own, and nothing else goes")
def test_a_dropped_add_on_goes_with_all_that_is_its_own(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """Deployment, Service, autoscaler, keys, route and policies of the chatbot go; the file server's pods stay."""
    before = _managed(cluster, WITH_CHATBOT)
    pods = fleet.pods(WITH_CHATBOT, "fileserver")
    with fleet.changed():
        fleet.set(WITH_CHATBOT, chatbot=False)
        start = fleet.merge("Drop the chatbot")
        until("the chatbot is gone", lambda: not cluster.kube.get("Deployment", "ai-chatbot", WITH_CHATBOT), seconds=60)
        measure("chatbot gone", start)
        fleet.await_well(WITH_CHATBOT)
        until("its pods are gone", lambda: not fleet.pods(WITH_CHATBOT, "ai-chatbot"), seconds=60)

        gone = before - _managed(cluster, WITH_CHATBOT)
        kinds = {kind for kind, _ in gone}
        assert {"Deployment", "Service", "HorizontalPodAutoscaler", "ExternalSecret", "NetworkPolicy"} <= kinds
        assert all("ai-chatbot" in name for _, name in gone)
        assert not _managed(cluster, WITH_CHATBOT) - before
        assert fleet.pods(WITH_CHATBOT, "fileserver") == pods


@pytest.mark.claim("what is changed by hand comes back")
def test_what_is_changed_by_hand_comes_back(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """A deleted NetworkPolicy is there again, and a quota that was raised is what git says."""
    kube, ceiling = cluster.kube, _ceiling(cluster)
    name = min(policy["metadata"]["name"] for policy in kube.items("NetworkPolicy", BRONZE))

    start = time.monotonic()
    kube.delete("NetworkPolicy", name, BRONZE)
    until("the policy is back", lambda: kube.get("NetworkPolicy", name, BRONZE), seconds=60)
    measure("deleted policy back", start)

    start = time.monotonic()
    kube.patch("ResourceQuota", "plan", {"spec": {"hard": {"limits.cpu": "64"}}}, BRONZE)
    until("the quota is back", lambda: _ceiling(cluster) == ceiling, seconds=60)
    measure("raised quota back", start)
    fleet.await_well(BRONZE)


@pytest.mark.claim("replicas are the autoscaler's, and the Application stays Synced", leans_on=(stand_ins.METRICS,))
@pytest.mark.usefixtures("control_plane")
def test_replicas_are_the_autoscalers(cluster: Cluster, fleet: Fleet) -> None:
    """Pods that it has added are left alone, also by a sync."""
    try:
        stand_ins.set_cpu_usage(cluster.kube, SCALED, "fileserver", "200m")
        until("a second pod", lambda: len(fleet.pods(SCALED, "fileserver")) > 1, seconds=90)
        scaled = _replicas(cluster)

        annotations = {"argocd.argoproj.io/refresh": "hard"}
        cluster.kube.patch("Application", SCALED, {"metadata": {"annotations": annotations}}, "argocd")
        until("it was looked at", lambda: _is_refreshed(cluster), seconds=60)

        assert is_synced(cluster.argocd.application(SCALED))
        assert _replicas(cluster) >= scaled
    finally:
        stand_ins.set_cpu_usage(cluster.kube, SCALED, "fileserver", None)


def _ceiling(cluster: Cluster) -> tuple[str, int]:
    """Return the quota's CPU limit and the most pods that the autoscaler may make."""
    quota = cluster.kube.get("ResourceQuota", "plan", BRONZE) or {}
    scaler = cluster.kube.get("HorizontalPodAutoscaler", "fileserver", BRONZE) or {}
    return quota["spec"]["hard"]["limits.cpu"], scaler["spec"]["maxReplicas"]


def _replicas(cluster: Cluster) -> int:
    replicas: int = (cluster.kube.get("Deployment", "fileserver", SCALED) or {})["spec"]["replicas"]
    return replicas


def _is_refreshed(cluster: Cluster) -> bool:
    return "argocd.argoproj.io/refresh" not in cluster.argocd.application(SCALED)["metadata"].get("annotations", {})


def _managed(cluster: Cluster, name: str) -> set[tuple[str, str]]:
    """Return kind and name of every object of the Application that is there."""
    resources: list[Object] = cluster.argocd.application(name)["status"]["resources"]
    return {
        (resource["kind"], resource["name"])
        for resource in resources
        if cluster.kube.get(resource["kind"], resource["name"], resource.get("namespace"))
    }
