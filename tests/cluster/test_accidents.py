"""What goes wrong by accident takes nobody's files, and heals."""

import time
from functools import partial

import pytest

from generator.layout import entry, shard_of
from tests.cluster import guides, stand_ins
from tests.cluster.argocd import NAMESPACE
from tests.cluster.claims import Measure
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import NODE_GRACE_SECONDS, NODES, ControlPlane, node_is_ready
from tests.cluster.fleet import SCALED, Fleet
from tests.cluster.waiting import until

NAME = "company-002"
_SHARDS = 4


@pytest.mark.claim("an entry that vanishes by mistake takes nothing with it", leans_on=stand_ins.ALL)
def test_an_entry_that_vanishes_takes_nothing_with_it(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """Namespace, pods and volume stay, by uid; the entry that the next `tenantry publish` puts back adopts them."""
    before = _lives(cluster, fleet)
    fleet.pull_deployed()
    (fleet.deployed.folder / entry(NAME, _shard(NAME))).unlink()
    start = fleet.force("Lose an entry")
    try:
        until("the Application is gone", lambda: not cluster.argocd.application(NAME), seconds=90)
        measure("Application gone", start)
        _stays(cluster, fleet, before)
        fleet.await_shards()
    finally:
        start = time.monotonic()
        fleet.publish()
    fleet.await_well(NAME)
    measure("adopted again", start)
    fleet.await_shards()
    assert _lives(cluster, fleet) == before


@pytest.mark.claim("a deleted ApplicationSet takes nothing with it", leans_on=stand_ins.ALL)
def test_a_deleted_application_set_takes_nothing_with_it(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """Its Applications go, nothing of the companies does; the shard's Application brings it back."""
    before, uid = _lives(cluster, fleet), _uid_of_application(cluster)
    start = time.monotonic()
    cluster.kube.delete("ApplicationSet", f"tenants-{_shard(NAME)}", NAMESPACE)
    until("a new Application", lambda: _uid_of_application(cluster) not in {uid, ""}, seconds=120)
    fleet.await_well(NAME)
    measure("all back", start)
    assert _lives(cluster, fleet) == before


@pytest.mark.claim("a pruned shard takes nothing with it", leans_on=stand_ins.ALL)
def test_a_pruned_shard_takes_nothing_with_it(cluster: Cluster, fleet: Fleet) -> None:
    """The root prunes its Application when its file is lost; what that had brought stays."""
    before, shard = _lives(cluster, fleet), _shard(NAME)
    with fleet.changed():
        (fleet.deployed.folder / "argocd" / "apps" / f"{shard}.yaml").unlink()
        fleet.force("Lose a shard")
        cluster.argocd.refresh("tenantry")
        until("it is pruned", lambda: not cluster.argocd.application(f"tenantry-{shard}"), seconds=60)
        _stays(cluster, fleet, before)
        fleet.await_shards()
    until("the shard is back", lambda: fleet.is_well(f"tenantry-{shard}"), seconds=60)
    assert _lives(cluster, fleet) == before


@pytest.mark.claim("a root that is deleted with all that it brought takes no company with it", leans_on=stand_ins.ALL)
def test_a_deleted_root_takes_nothing_with_it(cluster: Cluster, fleet: Fleet) -> None:
    """Deleted alone, and with a cascade as `argocd app delete` does by default; applied again it finds everything."""
    before, shard = _lives(cluster, fleet), f"tenantry-{_shard(NAME)}"
    cluster.kube.delete("Application", "tenantry", NAMESPACE)
    until("the root alone is gone", lambda: not cluster.argocd.application("tenantry"), seconds=60)
    assert cluster.argocd.application(shard)
    fleet.apply_root()

    finalizers = ["resources-finalizer.argocd.argoproj.io"]
    cluster.kube.patch("Application", "tenantry", {"metadata": {"finalizers": finalizers}}, NAMESPACE)
    cluster.kube.delete("Application", "tenantry", NAMESPACE)
    until("the root is gone", lambda: not cluster.argocd.application("tenantry"), seconds=60)
    assert not cluster.argocd.application(shard)
    _stays(cluster, fleet, before)

    fleet.apply_root()
    fleet.await_well("tenantry", *fleet.names())
    assert _lives(cluster, fleet) == before


@pytest.mark.claim("a change of the number of shards takes nothing with it", leans_on=stand_ins.ALL)
def test_a_change_of_the_number_of_shards_takes_nothing_with_it(
    cluster: Cluster, fleet: Fleet, measure: Measure
) -> None:
    """By the steps of docs/guides/change-the-shards.md, up and down again."""
    names = fleet.names()
    before = {name: _lives(cluster, fleet, name) for name in names}
    for shards in (6, _SHARDS):
        fleet.set_platform(argocd={"shards": shards})
        start = fleet.merge(f"Spread over {shards} sets")
        wanted = {name: f"tenants-{shard_of(name, shards)}" for name in names}
        published = fleet.pull_deployed()
        seen = guides.command_of("change-the-shards.md", "kubectl get application tenantry")
        until("the root has seen it", partial(_prints, cluster, seen, f"{published} Synced"), seconds=90)
        guides.run(cluster, guides.command_of("change-the-shards.md", "kubectl delete applicationset"))
        until("every company is in its set", partial(_are_in, cluster, wanted), seconds=120)
        fleet.await_well(*names)
        measure(f"{len(names)} companies in {shards} sets", start)
        fleet.await_shards()
        for surplus in _sets(cluster) - (sets := {f"tenants-s{number:02}" for number in range(shards)}):
            cluster.kube.delete("ApplicationSet", surplus, NAMESPACE)  # the last step of the guide
        assert _sets(cluster) == sets
    assert {name: _lives(cluster, fleet, name) for name in names} == before


@pytest.mark.claim(
    "a bad entry freezes one shard, which the documented way out heals after the fixing push",
    leans_on=stand_ins.ALL,
)
def test_a_bad_entry_freezes_one_shard(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """`tenantry verify`, which `check` runs, would not have let it pass. The other shards go on meanwhile."""
    frozen, start = _freeze_and_fix(cluster, fleet, numbers=range(200, 300))
    bad = _shard(NAME)
    assert not cluster.argocd.application(frozen)
    assert '"plan"' in guides.run(cluster, guides.command_of("stuck.md", "kubectl get applicationset"))
    guides.run(cluster, guides.command_of("stuck.md", "kubectl annotate").replace("tenants-s00", f"tenants-{bad}"))
    until("the frozen shard goes on", lambda: cluster.argocd.application(frozen), seconds=60)
    measure("healed after the fixing push", start)
    fleet.await_well(frozen)
    fleet.await_shards()


@pytest.mark.nightly  # it waits for Argo CD's three minutes
def test_a_frozen_shard_heals_by_itself(cluster: Cluster, fleet: Fleet) -> None:
    """After the fixing push nobody does anything."""
    frozen, start = _freeze_and_fix(cluster, fleet, numbers=range(300, 400))
    until("the frozen shard goes on", lambda: cluster.argocd.application(frozen), seconds=220)
    assert time.monotonic() - start < 200
    fleet.await_well(frozen)
    fleet.await_shards()


@pytest.mark.claim("a dead node's pods run elsewhere", leans_on=stand_ins.ALL)
def test_a_dead_nodes_pods_run_elsewhere(
    cluster: Cluster, fleet: Fleet, control_plane: ControlPlane, measure: Measure
) -> None:
    """Nobody lends a hand; `base/` says how long a pod waits for its node."""
    names = [name for name in fleet.names() if name != SCALED]  # whose pods come and go
    pods = [pod for name in names for pod in cluster.kube.items("Pod", name)]
    lost = max(NODES, key=lambda node: sum(pod["spec"].get("nodeName") == node for pod in pods))
    wanted = {name: len(fleet.pods(name)) for name in names}

    def elsewhere() -> bool:
        return all(len(fleet.pods(name, unless_on=lost)) >= count for name, count in wanted.items())

    assert not elsewhere()
    try:
        start = time.monotonic()
        control_plane.fail(cluster.kube, lost)
        until("the node is not ready", lambda: not node_is_ready(cluster.kube, lost), seconds=60)
        measure(f"node not ready, with a grace of {NODE_GRACE_SECONDS} s", start)
        until("all pods elsewhere", elsewhere, seconds=120, every=0.5)
        measure("all pods Ready elsewhere", start)
    finally:
        control_plane.revive(cluster.kube, lost)
        fleet.await_well(*fleet.names())


def _lives(cluster: Cluster, fleet: Fleet, name: str = NAME) -> dict[str, object]:
    """Return what must outlive any accident, by uid; on another cluster there may be no volume and no pod that runs."""
    kube = cluster.kube
    namespace, claim = kube.get("Namespace", name), kube.get("PersistentVolumeClaim", "files", name)
    assert namespace, f"the namespace {name} is gone"
    assert claim, f"the volume's claim of {name} is gone"
    assert "deletionTimestamp" not in namespace["metadata"], f"the namespace {name} is going"
    assert "deletionTimestamp" not in claim["metadata"], f"the volume's claim of {name} is going"
    uids = {"namespace": namespace["metadata"]["uid"], "volume": claim["spec"].get("volumeName")}
    return {**uids, "claim": claim["metadata"]["uid"], "pods": fleet.pods(name)}


def _stays(cluster: Cluster, fleet: Fleet, before: dict[str, object]) -> None:
    """Look for a while: what is deleted in the background goes a little later."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        assert _lives(cluster, fleet) == before
        time.sleep(1)


def _uid_of_application(cluster: Cluster) -> str:
    uid: str = cluster.argocd.application(NAME).get("metadata", {}).get("uid", "")
    return uid


def _sets(cluster: Cluster) -> set[str]:
    items = cluster.kube.items("ApplicationSet", NAMESPACE)
    return {item["metadata"]["name"] for item in items if "deletionTimestamp" not in item["metadata"]}


def _are_in(cluster: Cluster, wanted: dict[str, str]) -> bool:
    """Return whether each Application belongs to its set."""
    found = {
        application["metadata"]["name"]: owner["name"]
        for application in cluster.argocd.applications()
        for owner in application["metadata"].get("ownerReferences", [])
    }
    return found == wanted


def _shard(name: str) -> str:
    return shard_of(name, _SHARDS)


def _freeze_and_fix(cluster: Cluster, fleet: Fleet, *, numbers: range) -> tuple[str, float]:
    """Break an entry past every check, together with a new company in its shard and one in another; then fix it.

    Returns:
        The company that the frozen shard could not take, and the moment before the fixing push.
    """
    bad = _shard(NAME)
    names = [f"company-{number}" for number in numbers]
    frozen = next(name for name in names if _shard(name) == bad)
    other = next(name for name in names if _shard(name) != bad)
    fleet.write(frozen, plan="bronze")
    fleet.write(other, plan="bronze")
    fleet.generate_unpublished()
    file = fleet.deployed.folder / entry(NAME, bad)
    file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith("plan:")))
    with pytest.raises(RuntimeError, match="ARG002"):
        fleet.verify_deployed()
    fleet.force("Add two companies, and break an entry")
    try:
        until("the company in another shard", lambda: cluster.argocd.application(other), seconds=90)
        until("the set says what freezes it", lambda: '"plan"' in _error_of_set(cluster, bad), seconds=60)
        assert not cluster.argocd.application(frozen)
        assert cluster.argocd.application(NAME)
        fleet.await_shards(frozen=bad)
    finally:
        start = fleet.merge("Add two companies")
    return frozen, start


def _error_of_set(cluster: Cluster, shard: str) -> str:
    found = cluster.kube.get("ApplicationSet", f"tenants-{shard}", NAMESPACE) or {}
    conditions = found.get("status", {}).get("conditions", [])
    return "".join(
        item["message"] for item in conditions if item["type"] == "ErrorOccurred" and item["status"] == "True"
    )


def _prints(cluster: Cluster, command: str, words: str) -> bool:
    return guides.run(cluster, command) == words
