"""What the product renders is what the API server takes, whole and without a word."""

from collections.abc import Iterator

import pytest

from tests.cluster import stand_ins
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet
from tests.cluster.kube import Object
from tests.cluster.waiting import until

NAME = "company-301"


@pytest.fixture
def without_argocd(cluster: Cluster, fleet: Fleet) -> Iterator[None]:
    """What a test renders from the clone is not published, and what it applies is gone after it."""
    with fleet.changed():
        yield
        if cluster.kube.get("Namespace", NAME):
            cluster.kube.delete("Namespace", NAME)
            until("it is gone", lambda: cluster.kube.get("Namespace", NAME) is None, seconds=90)


@pytest.mark.claim(
    "every rendered object is accepted by strict validation, without a warning, and twice is as once",
    leans_on=(stand_ins.VOLUMES,),
)
@pytest.mark.parametrize("exposure", ["gateway", "ingress"])
@pytest.mark.usefixtures("without_argocd")
def test_every_rendered_object_is_accepted(cluster: Cluster, fleet: Fleet, exposure: str) -> None:
    """A company with all that can be ordered; the second time no object has a new generation, label or annotation."""
    fleet.set_platform(exposure=exposure)
    fleet.write(NAME, plan="gold", addons=["chatbot"], hosts=["a.customers.example.net", "b.customers.example.net"])
    fleet.generate_unpublished()
    objects = fleet.render(NAME)
    # Controllers write into a new object for a while: the scale of a Deployment, the Secret of an account.
    spoken = cluster.kube.apply(objects)
    until("they have written", lambda: _has_come_to_rest(cluster), seconds=60)
    before = _specs(cluster, objects)

    spoken += cluster.kube.apply(objects)

    assert "warning" not in spoken.lower()
    assert _specs(cluster, objects) == before


@pytest.mark.claim("what is generated and written for Argo CD is accepted by strict validation, without a warning")
def test_everything_for_argo_cd_is_accepted(cluster: Cluster, fleet: Fleet) -> None:
    """The root, its Applications, sets, projects and settings; the entries are no objects of the cluster."""
    fleet.pull_deployed()
    files = [
        path
        for path in (fleet.deployed.folder / "argocd").rglob("*.yaml")
        if path.parent.name != "tenants" and path.name != "kustomization.yaml"
    ]
    assert len(files) > len(fleet.names())

    spoken = cluster.kube.apply("---\n".join(path.read_text() for path in files), dry_run=True)

    assert "warning" not in spoken.lower()


def _has_come_to_rest(cluster: Cluster) -> bool:
    deployment = cluster.kube.get("Deployment", "fileserver", NAME) or {}
    claim = cluster.kube.get("PersistentVolumeClaim", "files", NAME) or {}
    bound = claim["status"].get("phase") == "Bound" or cluster.control_plane is None  # whose class nobody serves
    return bound and bool(deployment["status"].get("replicas"))


def _specs(cluster: Cluster, objects: list[Object]) -> dict[tuple[str, str], object]:
    """Return of each object its generation, and what has none: all that is not written by controllers."""
    found: dict[tuple[str, str], object] = {}
    for item in objects:
        kind, metadata = item["kind"], item["metadata"]
        live = cluster.kube.get(kind, metadata["name"], metadata.get("namespace")) or {}
        written = {key: value for key, value in live.items() if key not in {"metadata", "status"}}
        marks = {key: live["metadata"].get(key) for key in ("uid", "generation", "labels", "annotations")}
        found[kind, metadata["name"]] = (marks, written)
    return found
