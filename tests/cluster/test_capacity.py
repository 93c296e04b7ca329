"""What `tenantry capacity` says of pods on nodes, against the real scheduler: random fleets, grown until refused.

The nodes carry a label and a taint of their own, so that nothing but these pods comes to them.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from generator.capacity.load import Load, PodSize
from generator.capacity.placement import nodes_of, unplaced
from generator.fleet.infrastructure import NodePool, Nodes, PodGroup
from tests.cluster import stand_ins
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import node_is_ready
from tests.cluster.kube import Object
from tests.cluster.waiting import until

NAMESPACE: Final = "capacity"
MARK: Final = "tenantry.dev/capacity"
MI: Final = 1024**2
_RESULTS: Final = Path(__file__).parents[1] / "results" / "placement.json"

FEW: Final = 3
MANY: Final = 30


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace whose pods may run."""
    cluster.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    until("the account", lambda: cluster.kube.get("ServiceAccount", "default", NAMESPACE), seconds=30)
    yield NAMESPACE
    cluster.kube.delete("Namespace", NAMESPACE)
    until("the namespace is gone", lambda: cluster.kube.get("Namespace", NAMESPACE) is None, seconds=60)


@pytest.mark.claim("pods that are said to fit the nodes are placed by the scheduler", leans_on=(stand_ins.NODES,))
@pytest.mark.usefixtures("control_plane", "namespace")
@pytest.mark.parametrize("seed", range(FEW))
def test_what_fits_is_placed(cluster: Cluster, seed: int) -> None:
    """The largest fleet that fits is placed whole; the first that does not, and a pod a node beside it, is not."""
    _hold_against_the_scheduler(cluster, seed)


@pytest.mark.nightly
@pytest.mark.usefixtures("control_plane", "namespace")
def test_what_fits_is_placed_in_thirty_fleets(cluster: Cluster) -> None:
    """The same for thirty more, with what was seen, committed as tests/results/placement.json."""
    seen = [_hold_against_the_scheduler(cluster, seed) for seed in range(FEW, FEW + MANY)]
    _RESULTS.write_text(json.dumps(seen, indent=2) + "\n", encoding="utf-8")


def _hold_against_the_scheduler(cluster: Cluster, seed: int) -> dict[str, int]:
    """Place what fits, and what does not; return how many pods were said to fit, and how many waited of the rest."""
    chance = random.Random(seed)  # noqa: S311 -- a sample
    nodes = _nodes(chance)
    fits, refused = _grown(nodes, chance)
    largest = max(cpu for cpu, _ in refused), max(memory for _, memory in refused)
    names = [f"capacity-{seed}-{number}" for number in range(nodes.pools[0].most)]
    for name in names:
        cluster.kube.create(_node(name, nodes.pools[0]))
    try:
        until("the nodes", lambda: all(_takes_pods(cluster, name) for name in names), seconds=60)
        waiting = _placed(cluster, fits, chance)
        assert not waiting, f"seed {seed}: {waiting} of {fits} have no place on {nodes.pools}"
        waiting = _placed(cluster, [*refused, *([largest] * len(names))], chance)
        assert waiting, f"seed {seed}: {refused} and a pod a node of {largest} have a place on {nodes.pools}"
        return {
            "seed": seed,
            "nodes": len(names),
            "fit": len(fits),
            "tried": len(refused) + len(names),
            "waited": waiting,
        }
    finally:
        for name in names:
            cluster.kube.delete("Node", name)


def _nodes(chance: random.Random) -> Nodes:
    pool = NodePool(
        name="trial",
        least=(number := chance.randint(2, 4)),
        most=number,
        zones=(),
        cpu=chance.choice([2000, 4000, 8000]),
        memory=chance.choice([4, 8, 16]) * 1024 * MI,
        pods=chance.choice([12, 30, 110]),
    )
    none = PodGroup(pods=0, cpu=0, memory=0)
    return Nodes(pools=(pool,), on_each=none, in_all={}, allowed_overcommit=None)


def _grown(nodes: Nodes, chance: random.Random) -> tuple[list[PodSize], list[PodSize]]:
    """Add pods of one to three sizes until they do not fit any more; return those that fit, and with one more."""
    sizes = [(125 * chance.randint(1, 6), 128 * MI * chance.randint(1, 8)) for _ in range(chance.randint(1, 3))]
    pods: list[PodSize] = []
    while True:
        following = [*pods, chance.choice(sizes)]
        if unplaced(nodes_of(nodes), Load(), _load(following)):
            return pods, following
        pods = following


def _load(pods: list[PodSize]) -> Load:
    return Load({size: pods.count(size) for size in pods})


def _placed(cluster: Cluster, pods: list[PodSize], chance: random.Random) -> int:
    """Start pods in some order, wait until the scheduler has looked at each, and return how many have no place."""
    order = chance.sample(pods, len(pods))
    for number, size in enumerate(order):
        cluster.kube.create(_pod(f"pod-{number}", size))

    def looked_at() -> list[Object] | None:
        there = cluster.kube.items("Pod", NAMESPACE)
        return there if all(_has_node(pod) or _waits(pod) for pod in there) else None

    # what waits is looked at again when another pod has come to a node
    there = until("the scheduler has looked at all", looked_at, seconds=120, every=1)
    for number in range(len(order)):
        cluster.kube.delete("Pod", f"pod-{number}", NAMESPACE, gracePeriodSeconds=0)
    until("the pods are gone", lambda: not cluster.kube.items("Pod", NAMESPACE), seconds=120, every=1)
    return sum(not _has_node(pod) for pod in there)


def _takes_pods(cluster: Cluster, name: str) -> bool:
    """Return whether a node is Ready, and has lost the mark that it was not, which goes a moment later."""
    taints = (cluster.kube.get("Node", name) or {"spec": {}})["spec"].get("taints", [])
    return node_is_ready(cluster.kube, name) and [taint["key"] for taint in taints] == [MARK]


def _has_node(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName"))


def _waits(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "PodScheduled" and one.get("reason") == "Unschedulable" for one in conditions)


def _node(name: str, pool: NodePool) -> Object:
    amounts = {"cpu": f"{pool.cpu}m", "memory": str(pool.memory), "pods": str(pool.pods), "ephemeral-storage": "100Gi"}
    labels = {"tenantry.dev/kubelet": "up", MARK: "trial", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": [{"key": MARK, "value": "trial", "effect": "NoSchedule"}]},
        "status": {"capacity": amounts, "allocatable": amounts},
    }


def _pod(name: str, size: PodSize) -> Object:
    requests = {"cpu": f"{size[0]}m", "memory": str(size[1])}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": "trial"}},
        "spec": {
            "nodeSelector": {MARK: "trial"},
            "tolerations": [{"key": MARK, "operator": "Exists", "effect": "NoSchedule"}],
            "containers": [{"name": "trial", "image": "trial", "resources": {"requests": requests}}],
        },
    }
