"""What Argo CD applies beside the companies: each project allows what git has for it, and nothing else."""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from generator import layout
from generator.generate.argocd import OWN, PLATFORM
from tests.cluster.argocd import NAMESPACE, is_synced
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet
from tests.cluster.git_server import Repository
from tests.cluster.kube import Object
from tests.cluster.waiting import until

COMPANY, HOME, PART = "company-003", "provider", "scanner"
ROLE: Final = "rbac.authorization.k8s.io/ClusterRole"
PRIORITY: Final = "scheduling.k8s.io/PriorityClass"


@pytest.mark.claim("the projects of the root and of argocd/platform allow what they apply, and nothing else")
@pytest.mark.usefixtures("control_plane")
def test_the_root_may_apply_what_git_has_and_nothing_else(cluster: Cluster, fleet: Fleet) -> None:
    """All that git has for them is there; what somebody forces into their folders is refused, with all beside it."""
    fleet.pull_deployed()
    folder = fleet.deployed.folder
    for name in _own(cluster):
        application = cluster.argocd.application(name)
        found = {(item["kind"], item["name"]): item["status"] for item in application["status"]["resources"]}
        wanted = _written(cluster, folder, name)
        assert wanted
        assert is_synced(application)
        assert {found.get(one) for one in wanted} == {"Synced"}, name

    aliens = [
        _object("ConfigMap", "alien", COMPANY),
        _object("ConfigMap", "alien", "kube-system"),
        _object("Service", "alien", NAMESPACE),
        _object("Namespace", "alien"),
        _object(ROLE, "alien"),
    ]
    shard = layout.shard_name(3)
    places = {
        OWN: layout.APPS,
        PLATFORM: layout.PLATFORM_MANIFESTS,
        f"{OWN}-{shard}": f"{layout.SHARDS}/{shard}/projects",
    }
    with fleet.changed():
        for place in places.values():
            (folder / place / "aliens.yaml").write_text(yaml.safe_dump_all(aliens))
        kustomization = folder / layout.PLATFORM_MANIFESTS / "kustomization.yaml"
        kustomization.write_text(f"{kustomization.read_text()}- aliens.yaml\n")
        fleet.force("Write what only a part of its own may have")
        for name in places:
            cluster.argocd.refresh(name)
        said = {name: _refused(cluster, name, aliens) for name in places}
        fleet.unwatched()  # they cannot be Synced meanwhile

        kinds = ("Service", "Namespace", "ClusterRole")
        assert said[PLATFORM] == {
            ("ConfigMap", COMPANY): f"namespace {COMPANY} is not permitted in project '{PLATFORM}'",
            ("ConfigMap", "kube-system"): f"namespace kube-system is not permitted in project '{PLATFORM}'",
            **{(kind, NAMESPACE): _no_kind(kind, PLATFORM) for kind in kinds},
        }
        for name in (OWN, f"{OWN}-{shard}"):
            assert said[name] == {(kind, where): _no_kind(kind, OWN) for kind, where in said[PLATFORM]}
        assert not [alien for alien in aliens if _is_there(cluster, alien)]


@pytest.mark.claim("what runs beside the companies is applied where it is declared, and refused anywhere else")
@pytest.mark.usefixtures("control_plane", "tidied")
def test_a_part_is_applied_where_it_is_declared(cluster: Cluster, fleet: Fleet, tmp_path: Path) -> None:
    """A chart and files of argocd/platform/, declared and verified; both projects are as tenantry writes them.

    There is no registry here: the chart's Application gets its objects from git, and its project lets it.
    """
    chart = cluster.git.create("chart")
    clone = chart.clone(tmp_path / "chart")
    mine = [_object("Namespace", PART), _object("ServiceAccount", "mine", PART), _object(ROLE, PART)]
    (clone.folder / "chart.yaml").write_text(yaml.safe_dump_all(mine))
    clone.push("A chart")
    beside = [_object("Namespace", HOME), _object("ConfigMap", "mine", HOME)]
    project, before = f"{OWN}-{PART}", _marks(cluster)
    with fleet.changed():
        _declare(fleet, beside)
        fleet.verify_deployed()
        _take_from_git(fleet.deployed.folder / layout.part_application(PART), chart)
        fleet.force("Run more beside the companies")
        fleet.await_shards()
        fleet.await_well(project)
        assert not [one for one in (*mine, *beside) if not _is_there(cluster, one)]

        theirs = _object("Namespace", COMPANY)
        aliens = [
            theirs,
            _object("ConfigMap", "alien", COMPANY),
            _object("ConfigMap", "alien", NAMESPACE),
            _object("ConfigMap", "alien", HOME),
            _object(PRIORITY, "alien", value=1),
        ]
        more = _object("ConfigMap", "more", PART)
        (clone.folder / "chart.yaml").write_text(yaml.safe_dump_all([*mine, *aliens, more]))
        clone.push("Reach out")
        cluster.argocd.refresh(project)
        said = _refused(cluster, project, aliens)
        assert said == {
            ("ConfigMap", COMPANY): f"namespace {COMPANY} is not permitted in project '{project}'",
            ("ConfigMap", NAMESPACE): f"namespace {NAMESPACE} is not permitted in project '{project}'",
            ("ConfigMap", HOME): f"namespace {HOME} is not permitted in project '{project}'",
            ("Namespace", PART): _no_kind("Namespace", project),
            ("PriorityClass", PART): _no_kind("PriorityClass", project),
        }
        assert not [one for one in (*aliens, more) if one is not theirs and _is_there(cluster, one)]
        assert _marks(cluster) == before
    until("it is gone", lambda: not cluster.argocd.application(project), seconds=30)


@pytest.fixture
def tidied(cluster: Cluster) -> Iterator[None]:
    """What a part has brought stays when it is taken out of git; the test takes it away."""
    yield
    for kind, name in (("Namespace", HOME), ("Namespace", PART), ("ClusterRole", PART)):
        if cluster.kube.get(kind, name):
            cluster.kube.delete(kind, name)


def _own(cluster: Cluster) -> list[str]:
    """Return the Applications that are no company's."""
    names = [item["metadata"]["name"] for item in cluster.argocd.applications()]
    return sorted(name for name in names if name.split("-")[0] == OWN)


def _written(cluster: Cluster, folder: Path, name: str) -> set[tuple[str, str]]:
    """Return kind and name of all that git has for an Application that is no company's."""
    path = cluster.argocd.application(name)["spec"]["source"]["path"]
    texts: Iterable[str] = [
        file.read_text() for file in (folder / path).rglob("*.yaml") if file.parent.name != "tenants"
    ]
    if path == layout.PLATFORM_MANIFESTS:
        command = (cluster.tools.kustomize, "build", path)
        texts = [subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout]
    objects = (obj for text in texts for obj in yaml.safe_load_all(text))
    return {(obj["kind"], obj["metadata"]["name"]) for obj in objects}


def _declare(fleet: Fleet, beside: list[Object]) -> None:
    """Declare a chart, and objects in argocd/platform/ with the namespace and the kinds that they need; generate."""
    platform = {"namespaces": [HOME], "kinds": ["ConfigMap"], "clusterKinds": ["Namespace"]}
    part = {
        "chart": f"oci://registry.example.com/charts/{PART}",
        "version": "1.0.0",
        "digest": f"sha256:{'0' * 64}",
        "namespaces": [PART],
        "clusterKinds": ["Namespace", ROLE],
    }
    fleet.set_platform(argocd={"platform": platform}, parts={PART: part})
    fleet.generate_unpublished()
    folder = fleet.deployed.folder / layout.PLATFORM_MANIFESTS
    (folder / "beside.yaml").write_text(yaml.safe_dump_all(beside))
    kustomization = folder / "kustomization.yaml"
    kustomization.write_text(f"{kustomization.read_text()}- beside.yaml\n")


def _take_from_git(file: Path, chart: Repository) -> None:
    """Let the Application of a part take its objects from a repository; all else stays as it is generated."""
    project, application = yaml.safe_load_all(file.read_text())
    project["spec"]["sourceRepos"] = [chart.url]
    application["spec"]["source"] = {"repoURL": chart.url, "targetRevision": "main", "path": "."}
    file.write_text(yaml.safe_dump_all([project, application]))


def _object(kind: str, name: str, namespace: str = "", **more: Any) -> Object:
    group, _, kind = kind.rpartition("/")
    where = {"namespace": namespace} if namespace else {}
    version = f"{group}/v1" if group else "v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **where}, **more}


def _marks(cluster: Cluster) -> Object:
    """Return what Argo CD or anybody else writes on the Namespace of a company."""
    metadata = (cluster.kube.get("Namespace", COMPANY) or {})["metadata"]
    return {key: metadata[key] for key in ("uid", "labels", "annotations")}


def _no_kind(kind: str, project: str) -> str:
    """Return the words for a kind that a project does not list."""
    group = next((named.rpartition("/")[0] for named in (ROLE, PRIORITY) if named.endswith(f"/{kind}")), "")
    return f"resource {group}:{kind} is not permitted in project {project}"


def _is_there(cluster: Cluster, one: Object) -> bool:
    metadata = one["metadata"]
    return cluster.kube.get(one["kind"], metadata["name"], metadata.get("namespace")) is not None


def _refused(cluster: Cluster, name: str, aliens: list[Object]) -> dict[tuple[str, str], str]:
    """Return by kind and namespace why the last sync took none of the aliens; of the cluster, by its destination."""

    def words() -> dict[tuple[str, str], str] | None:
        state = cluster.argocd.application(name)["status"].get("operationState", {})
        resources = state.get("syncResult", {}).get("resources", [])
        found = {
            (item["kind"], item["namespace"]): item["message"] for item in resources if item["status"] == "SyncFailed"
        }
        return found if len(found) >= len(aliens) else None

    return until(f"{name} refuses all of it", words, seconds=60)
