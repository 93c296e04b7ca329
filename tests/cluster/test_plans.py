"""Plans give what they sell: at the autoscaler's maximum a roll-out is refused nothing, and uses all of the quota.

Pods of these companies take the whole of their grace to end (`control_plane.SLOW_TO_END`), and the autoscaler falls by
one and rises again within that grace, at the worst moment.
"""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator.fleet.model import Resources
from generator.generate import workloads
from generator.generate.size import SPARE_PODS
from tests.cluster import stand_ins
from tests.cluster.claims import Measure
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import SLOW_TO_END, ControlPlane
from tests.cluster.fleet import BRONZE, GOLD, SILVER, Fleet
from tests.cluster.kube import Object
from tests.cluster.rollouts import COUNTED, RollOut, drive, refusals
from tests.cluster.waiting import until

_FULL = Path(__file__).with_name("full_seconds.json")
_COMPANIES = {BRONZE: ("fileserver",), SILVER: ("fileserver", "ai-chatbot"), GOLD: ("fileserver",)}

# A look of the autoscalers, so that their falls come when they are needed; no number of base/ is meant by it.
_LOOK_SECONDS = 1


@pytest.mark.claim(
    "at the autoscaler's maximum a roll-out is refused no pod, and uses all of the quota", leans_on=stand_ins.ALL
)
@pytest.mark.usefixtures("at_rest")
def test_a_roll_out_at_the_maximum_uses_all_of_the_quota(
    cluster: Cluster, fleet: Fleet, control_plane: ControlPlane, measure: Measure
) -> None:
    """Bronze, Silver with a chatbot, and Gold, with a fifth of all seconds, while the autoscaler falls and rises."""
    with control_plane.looking_every(_LOOK_SECONDS):
        roll_outs = _fill(cluster)
        start = time.monotonic()
        peaks = _roll_out(fleet, roll_outs, seconds=1500)
        measure("rolled out", start)

    _assert_all_was_used_and_none_refused(cluster, fleet, peaks, roll_outs)


@pytest.mark.claim(
    "a quota that counts no pod which is still ending refuses the next ones", leans_on=(stand_ins.NODES,)
)
@pytest.mark.usefixtures("control_plane")
def test_a_quota_without_room_for_ending_pods_refuses_the_next(cluster: Cluster, measure: Measure) -> None:
    """What plans were before: 30 pods and two more, 45 s to end, a step each 5 s; a fifth of these seconds."""
    kube, namespace = cluster.kube, SLOW_TO_END[3]
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    until("the account", lambda: kube.get("ServiceAccount", "default", namespace), seconds=30)
    quota: Object = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "plan", "namespace": namespace}}
    kube.create({**quota, "spec": {"hard": {"pods": "32"}}})
    kube.create(_deployment(namespace, replicas=30, grace=9, ready=1))
    until("30 pods", lambda: _available(cluster, namespace) == 30, seconds=60)
    start = time.monotonic()
    template = {"metadata": {"annotations": {"version": "2"}}}
    kube.patch("Deployment", "fileserver", {"spec": {"template": template}}, namespace)
    said = until("the quota refuses a pod", lambda: refusals(cluster, namespace), seconds=120)
    measure("the first refusal", start)
    kube.delete("Namespace", namespace)

    assert "exceeded quota: plan" in said[0]


@pytest.mark.nightly  # Gold's roll-out takes the better part of an hour
@pytest.mark.usefixtures("at_rest")
def test_a_roll_out_at_the_maximum_with_all_seconds(
    cluster: Cluster, fleet: Fleet, control_plane: ControlPlane
) -> None:
    """As base/ ships them; what was seen is kept beside the results of the claims."""
    fleet.write_seconds(1)
    fleet.write("company-103", plan="bronze")
    begun = fleet.merge("Take the seconds as they are, and add a company")
    until("its file server serves", lambda: fleet.serves("company-103"), seconds=120, every=0.5)
    ready = time.monotonic() - begun
    fleet.await_well("company-103", seconds=300)
    healthy = time.monotonic() - begun
    fleet.await_published(*fleet.names(), seconds=900)
    fleet.await_shards()
    with control_plane.looking_every(_LOOK_SECONDS):
        roll_outs = _fill(cluster)
        begun = time.monotonic()
        peaks = _roll_out(fleet, roll_outs, seconds=3 * 3600)
    seen = {
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seconds": {
            "a new company, Ready": round(ready, 1),
            "a new company, Synced and Healthy": round(healthy, 1),
            **{f"roll-out of {_named(out)}": round(out.took, 1) for out in roll_outs},
            "until all had been at their peak": round(time.monotonic() - begun, 1),
        },
        "pods": {_named(out): out.peak for out in roll_outs},
        "used": peaks,
        "expected": _formula(fleet)[0],
        "refused": _refused(cluster),
    }
    _FULL.write_text(json.dumps(seen, indent=1) + "\n")

    _assert_all_was_used_and_none_refused(cluster, fleet, peaks, roll_outs)


def _named(one: RollOut) -> str:
    return f"{one.namespace} {one.workload}"


@pytest.fixture
def at_rest(cluster: Cluster, fleet: Fleet) -> Iterator[None]:
    """Leave no load behind, and of no company more pods than always run."""
    yield
    _let_idle(cluster)
    fleet.shrink(*_COMPANIES)


def _let_idle(cluster: Cluster) -> None:
    for name, names_of_workloads in _COMPANIES.items():
        for workload in names_of_workloads:
            stand_ins.set_cpu_usage(cluster.kube, workload, None, name)


def _fill(cluster: Cluster) -> list[RollOut]:
    """Return the roll-outs when all of them have all pods that their autoscalers may ask for."""
    roll_outs = []
    for name, (first, *others) in _COMPANIES.items():
        leader = RollOut.of(cluster, name, first)
        roll_outs += [leader, *(RollOut.of(cluster, name, other, leader) for other in others)]
    for out in roll_outs:
        out.set_busy(busy=True)
    until("all pods that they may have", lambda: all(out.is_full() for out in roll_outs), seconds=600, every=1)
    return roll_outs


def _roll_out(fleet: Fleet, roll_outs: list[RollOut], *, seconds: float) -> dict[str, dict[str, int]]:
    """Change the images by git, begin again where the worst moment was missed, and return what the quotas counted."""
    for out in roll_outs:
        out.begin(by_itself=True)
    fleet.change_images()
    fleet.merge("Change the images")
    peaks = drive(roll_outs, _formula(fleet)[0], times=4, seconds=seconds)
    fleet.await_shards()
    return peaks


def _formula(fleet: Fleet) -> tuple[dict[str, dict[str, int]], dict[tuple[str, str], int]]:
    """Return what may exist at once, by the formula that made the quota: by company, and in pods by workload."""
    fleet.pull_deployed()
    companies, pods = {}, {}
    for name in _COMPANIES:
        counted, problems = workloads.read(fleet.render(name))
        assert not problems
        total, number = Resources(), 0
        for item in (entry.workload for entry in counted):
            pods[name, item.name] = item.at_once(item.most, item.least)
            number += pods[name, item.name]
            total += item.pod * pods[name, item.name]
        companies[name] = {
            "pods": number,
            "requests.cpu": total.requests_cpu,
            "limits.cpu": total.limits_cpu,
            "requests.memory": total.requests_memory,
            "limits.memory": total.limits_memory,
        }
    return companies, pods


def _assert_all_was_used_and_none_refused(
    cluster: Cluster, fleet: Fleet, peaks: dict[str, dict[str, int]], roll_outs: list[RollOut]
) -> None:
    companies, pods = _formula(fleet)
    assert {(out.namespace, out.workload): out.peak for out in roll_outs} == pods
    assert peaks == companies
    assert {name: _hard(cluster, name) for name in _COMPANIES} == {
        name: {**amounts, "pods": amounts["pods"] + SPARE_PODS} for name, amounts in companies.items()
    }
    assert _refused(cluster) == {name: [] for name in _COMPANIES}


def _hard(cluster: Cluster, namespace: str) -> dict[str, int]:
    quota = cluster.kube.get("ResourceQuota", "plan", namespace) or {}
    return {what: read(quota["spec"]["hard"][what]) for what, read in COUNTED.items()}


def _refused(cluster: Cluster) -> dict[str, list[str]]:
    return {name: refusals(cluster, name) for name in _COMPANIES}


def _available(cluster: Cluster, namespace: str) -> int:
    deployment = cluster.kube.get("Deployment", "fileserver", namespace) or {}
    available: int = deployment.get("status", {}).get("availableReplicas", 0)
    return available


def _deployment(namespace: str, *, replicas: int, grace: int, ready: int) -> Object:
    labels = {"app": "fileserver"}
    pod: Object = {"terminationGracePeriodSeconds": grace, "containers": [{"name": "it", "image": "example.com/it:1"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "fileserver", "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "minReadySeconds": ready,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
