"""A tenant file that is merged becomes a company, without anybody's hand."""

from collections.abc import Callable

import pytest

from tests.cluster import stand_ins
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet
from tests.cluster.waiting import until

NAME = "company-101"
Measure = Callable[[str, float], float]
_STAND_INS = (stand_ins.METRICS, stand_ins.NODES, stand_ins.ROUTES, stand_ins.SECRETS, stand_ins.VOLUMES)


@pytest.mark.claim("a merged tenant file becomes a running company, in one push", leans_on=_STAND_INS)
def test_a_merged_tenant_file_becomes_a_running_company(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """Entry and project are in one commit; the pods are ready, then the Application is Synced and Healthy."""
    with fleet.changed():
        fleet.write(NAME, plan="bronze", chatbot=True)
        start = fleet.merge("Add a company")
        measure("published", start)
        _await_company(cluster, fleet, start, measure)

        fleet.pull_deployed()
        changed = fleet.deployed.git("show", "--name-only", "--format=", "HEAD").split()
        shard = next(path for path in changed if path.endswith(f"/tenants/{NAME}.yaml")).rsplit("/", 2)[0]
        assert f"{shard}/projects/{NAME}.yaml" in changed


def _await_company(cluster: Cluster, fleet: Fleet, start: float, measure: Measure) -> None:
    """Return when it is Synced and Healthy."""
    until("the project", lambda: cluster.kube.get("AppProject", NAME, "argocd"), seconds=150)
    measure("project there", start)
    until("the Application", lambda: cluster.argocd.application(NAME), seconds=120)
    measure("Application there", start)
    until("the file server runs", lambda: fleet.pods(NAME, "fileserver"), seconds=60)
    measure("pods Ready", start)
    fleet.await_well(NAME, seconds=120)
    measure("Synced and Healthy", start)
