"""A change to a smaller plan, in the two steps that `tenantry set` makes of it, while more pods run than it holds."""

import pytest

from tests.cluster import stand_ins
from tests.cluster.claims import Measure
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import DOWNGRADED, Fleet
from tests.cluster.rollouts import refusals
from tests.cluster.waiting import until

_BRONZE_PODS, _SILVER_PODS = 4, 16


@pytest.mark.claim("a smaller plan refuses no pod and restarts none", leans_on=stand_ins.ALL)
@pytest.mark.usefixtures("kubectl")
def test_a_smaller_plan_refuses_no_pod_and_restarts_none(
    cluster: Cluster, fleet: Fleet, control_plane: ControlPlane, measure: Measure
) -> None:
    """Silver with all its pods busy becomes Bronze: the second step is refused until the first is through."""
    see = ("--complete", "--kubeconfig", str(control_plane.kubeconfig("admin")))
    try:
        stand_ins.set_cpu_usage(cluster.kube, "fileserver", "240m", DOWNGRADED)
        until("as many pods as Silver holds", lambda: len(_pods(fleet)) == _SILVER_PODS, seconds=600, every=1)
        silver, before = _hard(cluster), _pods(fleet)

        fleet.run_set(DOWNGRADED, "plan=bronze")
        with pytest.raises(RuntimeError, match="the autoscaler of fileserver may still ask for 16 pods"):
            fleet.run_set(DOWNGRADED, *see)
        start = fleet.merge("A smaller plan, first step")
        until("Bronze's ceiling", lambda: _most(cluster) == _BRONZE_PODS, seconds=60)
        assert _hard(cluster) == silver
        until("no more pods than Bronze holds", lambda: len(_pods(fleet)) <= _BRONZE_PODS, seconds=120)
        measure("no more pods than the smaller plan holds", start)
        fleet.await_well(DOWNGRADED)
        fleet.await_shards()

        until("the second step is let pass", lambda: fleet.may_set(DOWNGRADED, *see), seconds=120, every=2)
        start = fleet.merge("A smaller plan, second step")
        until("Bronze's quota", lambda: _hard(cluster) != silver, seconds=60)
        measure("the smaller quota", start)
        fleet.await_well(DOWNGRADED)
        fleet.await_shards()

        assert _hard(cluster)["limits.cpu"] == "2250m"
        assert len(_pods(fleet)) == _BRONZE_PODS
        assert _pods(fleet).items() <= before.items()
        assert refusals(cluster, DOWNGRADED) == []
    finally:
        stand_ins.set_cpu_usage(cluster.kube, "fileserver", None, DOWNGRADED)


def _pods(fleet: Fleet) -> dict[str, str]:
    return fleet.pods(DOWNGRADED, "fileserver")


def _hard(cluster: Cluster) -> dict[str, str]:
    quota = cluster.kube.get("ResourceQuota", "plan", DOWNGRADED) or {}
    hard: dict[str, str] = quota["spec"]["hard"]
    return hard


def _most(cluster: Cluster) -> int:
    scaler = cluster.kube.get("HorizontalPodAutoscaler", "fileserver", DOWNGRADED) or {}
    most: int = scaler["spec"]["maxReplicas"]
    return most
