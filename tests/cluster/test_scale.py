"""A hundred companies on the five nodes of the seed: what fits, runs, and what does not, waits."""

import time
from collections import Counter

import pytest
import yaml

from tests.cluster import stand_ins
from tests.cluster.claims import Measure
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import NODE_CAPACITY, NODES
from tests.cluster.fleet import Fleet, is_ready
from tests.cluster.kube import Object
from tests.cluster.waiting import until

# A mix whose plans' requests are 78.5 of the nodes' 80 CPUs.
_MIX = {"bronze": 85, "silver": 12, "gold": 3}

# Companies of nobody else's test, and how many pods of a Gold plan each then runs.
_GROWING = tuple(f"company-4{number:02}" for number in range(8))
_MANY = 30

pytestmark = pytest.mark.usefixtures("control_plane")  # whose nodes are the seed's


@pytest.fixture
def hundred(fleet: Fleet) -> Fleet:
    """The fleet, grown to a hundred companies where that has not happened yet."""
    if _missing(fleet):
        _grow(fleet)
    fleet.await_well(*fleet.names(), seconds=600)
    return fleet


@pytest.mark.claim("a hundred companies come up together", leans_on=stand_ins.ALL)
def test_a_hundred_companies_come_up(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """85 Bronze, 12 Silver and 3 Gold: the rest of them in one push."""
    missing = _missing(fleet)
    start = _grow(fleet)
    measure(f"{missing.total()} companies published", start)
    names = set(fleet.names())

    def running() -> bool:
        return names <= {pod["metadata"]["namespace"] for pod in _file_servers(cluster) if is_ready(pod)}

    until("a file server for each", running, seconds=600, every=2)
    measure("pods Ready", start)
    fleet.await_well(*names, seconds=600)
    measure("Synced and Healthy", start)


@pytest.mark.claim("one more company comes up beside a hundred", leans_on=stand_ins.ALL)
def test_one_more_company_comes_up_beside_a_hundred(cluster: Cluster, hundred: Fleet, measure: Measure) -> None:
    """With a webhook, as in a small fleet."""
    hundred.write("company-900", plan="bronze")
    start = hundred.merge("Add a company")
    until("the Application", lambda: cluster.argocd.application("company-900"), seconds=120, every=0.5)
    measure("Application there", start)
    until("its file server", lambda: hundred.pods("company-900", "fileserver"), seconds=60, every=0.5)
    measure("pods Ready", start)
    hundred.await_well("company-900")
    measure("Synced and Healthy", start)


@pytest.mark.claim(
    "a mix that fits runs on the five nodes with every autoscaler at its maximum", leans_on=stand_ins.ALL
)
def test_a_mix_that_fits_runs_at_its_maximum(cluster: Cluster, hundred: Fleet, measure: Measure) -> None:
    """Every company uses all that its plan gives it, at once."""
    start = time.monotonic()
    most = _drive_to_the_maximum(cluster, hundred)
    measure(f"{most.total()} file servers Ready", start)
    assert most.keys() == set(hundred.names())


@pytest.mark.claim(
    "what does not fit waits, as many pods as predicted, and takes nobody's place", leans_on=stand_ins.ALL
)
def test_what_does_not_fit_waits(cluster: Cluster, hundred: Fleet, measure: Measure) -> None:
    """Some become Gold and want all of it always: a node holds 110 pods, whatever their size."""
    running = _drive_to_the_maximum(cluster, hundred)
    before = {pod["metadata"]["uid"] for pod in cluster.kube.items("Pod") if is_ready(pod)}
    wanted = len(cluster.kube.items("Pod")) + sum(_MANY - running[name] for name in _GROWING)
    predicted = wanted - len(NODES) * int(NODE_CAPACITY["pods"])
    assert predicted > 0
    for name in _GROWING:
        hundred.set(name, plan="gold", overrides={"minReplicas": _MANY})
    start = hundred.merge("Sell more than there is")

    def grown() -> bool:
        pods = Counter(pod["metadata"]["namespace"] for pod in _file_servers(cluster))
        return all(pods[name] == _MANY for name in _GROWING)

    until("all that they want", grown, seconds=240, every=3)
    until("as many wait as predicted", lambda: len(_waiting(cluster)) == predicted, seconds=120, every=3)
    measure(f"{predicted} pods wait", start)

    assert {pod["metadata"]["namespace"] for pod in _waiting(cluster)} <= set(_GROWING)
    assert before <= {pod["metadata"]["uid"] for pod in cluster.kube.items("Pod") if is_ready(pod)}


def _missing(fleet: Fleet) -> Counter[str]:
    """Return how many companies of each plan the mix lacks."""
    files = [fleet.clone.folder / "tenants" / f"{name}.yaml" for name in fleet.names()]
    there = Counter(yaml.safe_load(file.read_text())["plan"] for file in files)
    return Counter(_MIX) - there


def _grow(fleet: Fleet) -> float:
    """Add what the mix lacks in one push, and return the moment before it."""
    plans = list(_missing(fleet).elements())
    for number, plan in enumerate(plans, 400):
        fleet.write(f"company-{number}", plan=plan)
    return fleet.merge("Add companies")


def _drive_to_the_maximum(cluster: Cluster, fleet: Fleet) -> Counter[str]:
    """Keep every file server busy, and return how many each company runs when none may have more."""
    scalers = cluster.kube.items("HorizontalPodAutoscaler")
    most = {item["metadata"]["namespace"]: item["spec"]["maxReplicas"] for item in scalers if _is_file_servers(item)}
    stand_ins.set_cpu_usage(cluster.kube, "fileserver", "250m", *fleet.names())
    until("all pods that they may have", lambda: _running(cluster) == most, seconds=300, every=3)
    return Counter(most)


def _file_servers(cluster: Cluster) -> list[Object]:
    return cluster.kube.items("Pod", labels={"app.kubernetes.io/name": "fileserver"})


def _running(cluster: Cluster) -> Counter[str]:
    """Return how many file servers of each company are ready."""
    return Counter(pod["metadata"]["namespace"] for pod in _file_servers(cluster) if is_ready(pod))


def _is_file_servers(scaler: Object) -> bool:
    name: str = scaler["metadata"]["name"]
    return name == "fileserver"


def _waiting(cluster: Cluster) -> list[Object]:
    """Return the pods that the scheduler finds no place for."""
    return [
        pod
        for pod in cluster.kube.items("Pod")
        for condition in pod.get("status", {}).get("conditions", [])
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable"
    ]
