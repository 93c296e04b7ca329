"""A tenant file that is merged becomes a company, without anybody's hand."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import sample, stand_ins
from tests.cluster.claims import Measure
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet
from tests.cluster.git_server import Clone
from tests.cluster.waiting import until

pytestmark = pytest.mark.usefixtures("control_plane")  # for pods that run and volumes that are bound

# The seed's promise: one to two minutes.
_PROMISED_SECONDS = 120


@pytest.mark.claim("a merged tenant file becomes a running company, in one push", leans_on=stand_ins.ALL)
def test_a_merged_tenant_file_becomes_a_running_company(
    cluster: Cluster, fleet: Fleet, measure: Measure, small: Clone
) -> None:
    """Ready within the promise; Healthy within three times a small application's time, and minReadySeconds.

    docs/scale.md says where the difference is.
    """
    sample.write(small.folder, "sample-two")
    start = time.monotonic()
    small.push("Add a copy")
    until("the copy runs", lambda: len(fleet.pods("sample-two")) == len(sample.WORKLOADS), seconds=90)
    measure("small application: pods Ready", start)
    until("the copy is well", lambda: fleet.is_well("sample-two"), seconds=90)
    small_one = measure("small application: Synced and Healthy", start)

    fleet.write("company-101", plan="bronze", addons=["chatbot"])
    start = fleet.merge("Add a company")
    measure("published", start)
    ready, healthy = _await_company(cluster, fleet, "company-101", start, measure)
    steps = [obj["spec"]["minReadySeconds"] for obj in cluster.kube.items("Deployment", "company-101")]
    assert ready < _PROMISED_SECONDS
    assert healthy - ready >= min(steps) - 1  # of the whole seconds in which Kubernetes notes when a pod was ready
    assert healthy - max(steps) <= 3 * small_one
    fleet.await_shards()

    fleet.pull_deployed()
    changed = fleet.deployed.git("show", "--name-only", "--format=", "HEAD").split()
    shard = next(path for path in changed if path.endswith("/tenants/company-101.yaml")).rsplit("/", 2)[0]
    assert f"{shard}/projects/company-101.yaml" in changed


@pytest.mark.claim("without a webhook a new company is Ready within two minutes", leans_on=stand_ins.ALL)
def test_without_a_webhook_a_new_company_is_ready_in_time(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """Argo CD looks at git by itself, as often as `argocd/platform/` says."""
    fleet.repository.send_webhooks([])
    try:
        fleet.write("company-102", plan="bronze")
        start = fleet.merge("Add a company")
        ready, _ = _await_company(cluster, fleet, "company-102", start, measure)
        fleet.await_shards()
    finally:
        fleet.repository.send_webhooks(cluster.argocd.webhooks)

    assert ready < _PROMISED_SECONDS


@pytest.fixture
def small(cluster: Cluster, fleet: Fleet, tmp_path: Path) -> Iterator[Clone]:
    """The repository of small applications, one of which runs."""
    repository = cluster.git.create("sample", cluster.argocd.webhooks)
    clone = repository.clone(tmp_path / "sample")
    sample.write(clone.folder, "sample-one")
    clone.push("Add a small application")
    project, application_set = sample.application_set(repository.url)
    cluster.kube.apply([project, application_set])
    try:
        until("it runs", lambda: fleet.is_well("sample-one"), seconds=90)
        yield clone
    finally:
        cluster.kube.delete("ApplicationSet", "sample", "argocd")
        until("they are gone", lambda: not _there(cluster, "sample-one", "sample-two"), seconds=60)
        cluster.kube.delete("AppProject", "sample", "argocd")


def _there(cluster: Cluster, *names: str) -> list[str]:
    return [name for name in names if cluster.kube.get("Namespace", name)]


def _await_company(cluster: Cluster, fleet: Fleet, name: str, start: float, measure: Measure) -> tuple[float, float]:
    """Return after how many seconds it was Ready, and after how many all was Synced and Healthy."""
    until("the project", lambda: cluster.kube.get("AppProject", name, "argocd"), seconds=150)
    measure("project there", start)
    until("the Application", lambda: cluster.argocd.application(name), seconds=120)
    measure("Application there", start)
    until("the file server serves", lambda: fleet.serves(name), seconds=60)
    ready = measure("Ready", start)
    fleet.await_well(name, seconds=120)
    return ready, measure("Synced and Healthy", start)
