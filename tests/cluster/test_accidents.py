"""What goes wrong by accident takes nobody's files, and heals."""

import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from generator.layout import entry, shard_of
from tests.cluster import stand_ins
from tests.cluster.argocd import NAMESPACE
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import NODES, ControlPlane, node_is_ready
from tests.cluster.fleet import DRIVEN, SCALED, Fleet
from tests.cluster.kube import Object
from tests.cluster.waiting import until

Measure = Callable[[str, float], float]
NAME = "company-002"
_SHARDS = 4
pytestmark = pytest.mark.usefixtures("control_plane")  # for pods that run and volumes that are bound
_GUIDES = Path(__file__).parents[2] / "docs" / "guides"


@pytest.mark.claim("an entry that vanishes by mistake takes nothing with it", leans_on=(stand_ins.VOLUMES,))
def test_an_entry_that_vanishes_takes_nothing_with_it(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """Namespace, pods and volume stay, by uid; the entry that the next `tenantry publish` puts back adopts them."""
    before = _lives(cluster, fleet)
    fleet.pull_deployed()
    (fleet.deployed.folder / entry(NAME, _shard(NAME))).unlink()
    start = fleet.force("Lose an entry")
    until("the Application is gone", lambda: not cluster.argocd.application(NAME), seconds=90)
    measure("Application gone", start)
    _stays(cluster, fleet, before)

    start = time.monotonic()
    fleet.publish()
    fleet.await_well(NAME)
    measure("adopted again", start)
    assert _lives(cluster, fleet) == before


@pytest.mark.claim("a deleted ApplicationSet takes nothing with it", leans_on=(stand_ins.VOLUMES,))
def test_a_deleted_application_set_takes_nothing_with_it(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """Its Applications may go, nothing of the companies does; the shard's Application brings it back."""
    before, name = _lives(cluster, fleet), f"tenants-{_shard(NAME)}"
    start = time.monotonic()
    uid = _uid(cluster, "ApplicationSet", name)
    cluster.kube.delete("ApplicationSet", name, NAMESPACE)
    until("the set is back", lambda: _uid(cluster, "ApplicationSet", name) not in {uid, ""}, seconds=90)
    fleet.await_well(NAME)
    measure("all back", start)
    assert _lives(cluster, fleet) == before


@pytest.mark.claim("a pruned shard takes nothing with it", leans_on=(stand_ins.VOLUMES,))
def test_a_pruned_shard_takes_nothing_with_it(cluster: Cluster, fleet: Fleet) -> None:
    """The root prunes its Application when its file is lost; what that had brought stays."""
    before, shard = _lives(cluster, fleet), _shard(NAME)
    with fleet.changed():
        (fleet.deployed.folder / "argocd" / "apps" / f"{shard}.yaml").unlink()
        fleet.force("Lose a shard")
        cluster.argocd.refresh("tenantry")
        until("it is pruned", lambda: not cluster.argocd.application(f"tenantry-{shard}"), seconds=60)
        _stays(cluster, fleet, before)
    until("the shard is back", lambda: fleet.is_well(f"tenantry-{shard}"), seconds=60)
    assert _lives(cluster, fleet) == before


@pytest.mark.claim("a root that is deleted with all that it brought takes no company with it")
def test_a_deleted_root_takes_nothing_with_it(cluster: Cluster, fleet: Fleet) -> None:
    """Deleted as `argocd app delete` does by default, with a cascade; applied again it finds everything as it was."""
    before = _lives(cluster, fleet)
    finalizers = ["resources-finalizer.argocd.argoproj.io"]
    cluster.kube.patch("Application", "tenantry", {"metadata": {"finalizers": finalizers}}, NAMESPACE)
    cluster.kube.delete("Application", "tenantry", NAMESPACE)
    until("the root is gone", lambda: not cluster.argocd.application("tenantry"), seconds=60)
    _stays(cluster, fleet, before)

    fleet.apply_root()
    fleet.await_well("tenantry", *fleet.names())
    assert _lives(cluster, fleet) == before


@pytest.mark.claim("a change of the number of shards takes nothing with it")
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
        fleet.await_well("tenantry", seconds=60)
        _kubectl(cluster, _from_the_guide("change-the-shards.md", "kubectl delete applicationset"))
        until("every company is in its set", partial(_are_in, cluster, wanted), seconds=120)
        fleet.await_well(*names)
        measure(f"{len(names)} companies in {shards} sets", start)
        assert len(cluster.kube.items("ApplicationSet", NAMESPACE)) == shards
    assert {name: _lives(cluster, fleet, name) for name in names} == before


@pytest.mark.claim("a bad entry freezes one shard, which the documented way out heals after the mending push")
def test_a_bad_entry_freezes_one_shard(cluster: Cluster, fleet: Fleet, measure: Measure) -> None:
    """`tenantry check` would not have let it pass: it is forced. The other shards go on meanwhile."""
    bad = _shard(NAME)
    frozen, other = _two_names(bad)
    fleet.write(frozen, plan="bronze")
    fleet.write(other, plan="bronze")
    fleet.generate_unpublished()
    file = fleet.deployed.folder / entry(NAME, bad)
    file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith("plan:")))
    with pytest.raises(RuntimeError, match="ARG002"):
        fleet.verify_deployed()
    fleet.force("Add two companies, and break an entry")
    until("the company in another shard", lambda: cluster.argocd.application(other), seconds=90)
    until("the set says that it is frozen", lambda: _is_frozen(cluster, bad), seconds=60)
    assert not cluster.argocd.application(frozen)
    assert cluster.argocd.application(NAME)

    start = fleet.merge("Add two companies")
    _kubectl(cluster, _from_the_guide("stuck.md", "kubectl annotate").replace("tenants-s00", f"tenants-{bad}"))
    until("the frozen shard goes on", lambda: cluster.argocd.application(frozen), seconds=60)
    measure("healed after the mending push", start)
    fleet.await_well(frozen, other)


@pytest.mark.claim("a dead node's pods run elsewhere", leans_on=(stand_ins.NODES,))
def test_a_dead_nodes_pods_run_elsewhere(
    cluster: Cluster, fleet: Fleet, control_plane: ControlPlane, measure: Measure
) -> None:
    """Nobody lends a hand; `base/` says how long a pod waits for its node."""
    names = [name for name in fleet.names() if name not in {SCALED, DRIVEN}]  # their pods come and go
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
        measure("node not ready", start)
        until("all pods elsewhere", elsewhere, seconds=120, every=0.5)
        measure("all pods Ready elsewhere", start)
    finally:
        control_plane.revive(cluster.kube, lost)
        fleet.await_well(*fleet.names())


def _lives(cluster: Cluster, fleet: Fleet, name: str = NAME) -> dict[str, object]:
    """Return what must outlive any accident, by uid."""
    kube = cluster.kube
    namespace = kube.get("Namespace", name) or {}
    claim = kube.get("PersistentVolumeClaim", "files", name) or {}
    assert "deletionTimestamp" not in namespace["metadata"]
    assert "deletionTimestamp" not in claim["metadata"]
    uids = {"namespace": namespace["metadata"]["uid"], "volume": claim["spec"]["volumeName"]}
    return {**uids, "claim": claim["metadata"]["uid"], "pods": fleet.pods(name)}


def _stays(cluster: Cluster, fleet: Fleet, before: dict[str, object]) -> None:
    """Look for a while: what is deleted in the background goes a little later."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        assert _lives(cluster, fleet) == before
        time.sleep(1)


def _uid(cluster: Cluster, kind: str, name: str) -> str:
    found: Object = cluster.kube.get(kind, name, NAMESPACE) or {}
    uid: str = found.get("metadata", {}).get("uid", "")
    return uid


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


def _two_names(shard: str) -> tuple[str, str]:
    """Return a new name for this shard, and one for another."""
    names = [f"company-{number}" for number in range(201, 300)]
    here = {name: _shard(name) == shard for name in names}
    return next(name for name in names if here[name]), next(name for name in names if not here[name])


def _is_frozen(cluster: Cluster, shard: str) -> bool:
    found = cluster.kube.get("ApplicationSet", f"tenants-{shard}", NAMESPACE) or {}
    conditions = found.get("status", {}).get("conditions", [])
    return any(item["type"] == "ErrorOccurred" and item["status"] == "True" for item in conditions)


def _from_the_guide(guide: str, beginning: str) -> str:
    """Return the one command of a guide that begins so."""
    lines = [line.strip() for line in (_GUIDES / guide).read_text().splitlines()]
    [command] = [line.removeprefix("$ ") for line in lines if line.startswith(f"$ {beginning}")]
    return command


def _kubectl(cluster: Cluster, command: str) -> None:
    """Run a command of a guide as a shell would."""
    words = subprocess.run(["bash", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True)
    program, *arguments = words.stdout.splitlines()
    assert program == "kubectl"
    cluster.kube.kubectl(*arguments)
