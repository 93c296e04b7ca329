"""Rings on a real Argo CD: a promotion in batches and its rollback, a pinned company, and what a window never holds."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from generator.fleet.rings import share_of
from generator.fleet.windows import DAYS
from tests.cluster import stand_ins
from tests.cluster.claims import Measure
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import Fleet
from tests.cluster.waiting import until

EARLY, LATE, PINNED, WINDOWED = "company-048", "company-047", "company-050", "company-049"
_ALL = (EARLY, LATE, PINNED, WINDOWED)


@pytest.fixture
def images(fleet: Fleet) -> dict[str, str]:
    """Bring four companies onto a ring of their own, on the first of two releases; return the image of each release."""
    assert share_of(EARLY) < 50 <= share_of(LATE), "the first batch has one of them"
    assert share_of(WINDOWED) < 50
    day = DAYS[(datetime.now(tz=UTC) + timedelta(days=3)).weekday()]
    window = {"days": [day], "from": "22:00", "for": "3h", "timeZone": "UTC"}
    fleet.run("release")
    fleet.change_images()
    fleet.run("release")
    fleet.clone.git("checkout", "--quiet", "--", "base/edge")
    pilot = {"name": "pilot", "release": "1", "batch": 50}
    fleet.set_platform(rings=[pilot, {"name": "general", "release": "edge"}])
    for name in (EARLY, LATE):
        fleet.write(name, plan="bronze", ring="pilot")
    fleet.write(PINNED, plan="bronze", ring="pilot", pin={"release": "1", "until": "2099-01-01", "reason": "an audit"})
    fleet.write(WINDOWED, plan="bronze", ring="pilot", maintenance=window)
    fleet.merge("Four companies on a ring of their own")
    fleet.await_well(*_ALL, seconds=300)
    fleet.await_shards()
    return {number: _tag(fleet, number) for number in ("1", "2")}


@pytest.mark.nightly
@pytest.mark.claim("a ring moves in batches and back, and a pinned company stays", leans_on=stand_ins.ALL)
@pytest.mark.usefixtures("kubectl")
def test_a_ring_moves_in_batches_and_back(
    cluster: Cluster, fleet: Fleet, images: dict[str, str], control_plane: ControlPlane, measure: Measure
) -> None:
    """The second batch passes when the cluster says that the first is healthy; nobody else's pods restart."""
    assert {name: _image(cluster, name) for name in _ALL} == dict.fromkeys(_ALL, images["1"])
    others = {name: fleet.pods(name) for name in (LATE, PINNED, WINDOWED)}

    fleet.run("promote", "pilot", "2")
    start = fleet.merge("Promote the first batch")
    until("the first batch runs it", lambda: _image(cluster, EARLY) == images["2"], seconds=90)
    measure("a promotion reaches the first batch", start)
    fleet.await_well(EARLY)
    fleet.await_shards()
    assert {name: fleet.pods(name) for name in (LATE, PINNED, WINDOWED)} == others

    see = ("--kubeconfig", str(control_plane.kubeconfig("admin")))
    until("the second batch is let pass", lambda: _passes(fleet, *see), seconds=120, every=2)
    fleet.merge("Promote the second batch")
    until("the second batch runs it", lambda: _image(cluster, LATE) == images["2"], seconds=90)
    fleet.await_well(LATE)
    fleet.await_shards()
    assert {name: _image(cluster, name) for name in (PINNED, WINDOWED)} == dict.fromkeys(
        (PINNED, WINDOWED), images["1"]
    )

    # what a window never holds: a guard that is deleted, and a larger plan
    before = fleet.pods(WINDOWED)
    cluster.kube.delete("NetworkPolicy", "default-deny", WINDOWED)
    until(
        "the policy is back",
        lambda: cluster.kube.get("NetworkPolicy", "default-deny", WINDOWED) is not None,
        seconds=60,
    )
    fleet.set(WINDOWED, plan="silver")
    start = fleet.merge("A larger plan outside the window")
    until("the quota of Silver", lambda: _cpu(cluster, WINDOWED) != _cpu(cluster, EARLY), seconds=60)
    measure("a larger plan outside a company's window", start)
    fleet.await_shards()
    assert before.items() <= fleet.pods(WINDOWED).items()
    assert _image(cluster, WINDOWED) == images["1"]

    fleet.run("promote", "pilot", "1")
    start = fleet.merge("Back to the first release")
    until("all are back", lambda: {_image(cluster, name) for name in _ALL} == {images["1"]}, seconds=90)
    measure("a rollback reaches a ring", start)
    fleet.await_well(*_ALL)
    fleet.await_shards()


def _passes(fleet: Fleet, *arguments: str) -> bool:
    try:
        fleet.run("promote", "pilot", *arguments)
    except RuntimeError as error:
        if "not all companies are healthy" not in str(error):
            raise
        return False
    return True


def _tag(fleet: Fleet, release: str) -> str:
    """Return the image of the file server in a release."""
    file = fleet.clone.folder / "base" / "releases" / release / "core" / "kustomization.yaml"
    (image,) = yaml.safe_load(file.read_text())["images"]
    return f"{image['newName']}:{image['newTag']}"


def _image(cluster: Cluster, name: str) -> str:
    deployment = cluster.kube.get("Deployment", "fileserver", name) or {}
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    image: str = container["image"]
    return image


def _cpu(cluster: Cluster, name: str) -> str:
    quota = cluster.kube.get("ResourceQuota", "plan", name) or {}
    cpu: str = quota["spec"]["hard"]["limits.cpu"]
    return cpu
