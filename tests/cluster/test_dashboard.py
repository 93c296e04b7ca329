"""What Argo CD does and shows for each company."""

import re
import time

import httpx
import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet
from tests.cluster.waiting import until

NAME, OTHER = "company-004", "company-001"


@pytest.mark.claim("Argo CD shows plan, ring, links and the company's name")
def test_argo_cd_shows_the_company(cluster: Cluster, fleet: Fleet) -> None:  # noqa: ARG001
    """Through its API, as its pages ask for it."""
    with cluster.argocd.log_in() as client:
        application = client.get(f"/api/v1/applications/{NAME}").raise_for_status().json()

    labels = {key: value for key, value in application["metadata"]["labels"].items() if key.startswith("tenantry.dev/")}
    assert labels == {
        "tenantry.dev/tenant": NAME,
        "tenantry.dev/plan": "silver",
        "tenantry.dev/ring": "general",
        "tenantry.dev/state": "active",
        "tenantry.dev/cluster": "in-cluster",
    }
    annotations = application["metadata"]["annotations"]
    links = {key.partition("/")[2]: value for key, value in annotations.items() if key.startswith("link.argocd.")}
    assert links.keys() == {"site", "grafana", "kibana", "jaeger"}
    assert all(NAME in link for link in links.values())
    assert {"name": "company", "value": "株式会社サンプル"} in application["spec"]["info"]


@pytest.mark.claim("a project role sees its own company alone")
def test_a_project_role_sees_its_own_company_alone(cluster: Cluster, fleet: Fleet) -> None:  # noqa: ARG001
    """A token of the role `support`: its company's Application, no other, and no sync."""
    with cluster.argocd.log_in() as admin:
        path = f"/api/v1/projects/{NAME}/roles/support/token"
        token = admin.post(path, json={"expiresIn": 600}).raise_for_status().json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=cluster.argocd.url, headers=headers, timeout=30) as client:
        seen = client.get("/api/v1/applications").raise_for_status().json()["items"]
        assert [item["metadata"]["name"] for item in seen] == [NAME]
        assert client.get(f"/api/v1/applications/{OTHER}").status_code == httpx.codes.FORBIDDEN
        assert client.post(f"/api/v1/applications/{NAME}/sync", json={}).status_code == httpx.codes.FORBIDDEN


@pytest.mark.claim("a commit renders anew the companies that it touches, and no other")
@pytest.mark.parametrize(
    ("path", "touched"),
    [
        (f"overlays/{NAME}/facts.yaml", {NAME}),
        ("base/releases/1/core/kustomization.yaml", set()),
    ],
    ids=["one-company", "a-new-release"],
)
def test_a_commit_renders_anew_what_it_touches(cluster: Cluster, fleet: Fleet, path: str, touched: set[str]) -> None:
    """`manifest-generate-paths`: the others take the new commit on without asking for manifests."""
    fleet.pull_deployed()
    fleet.await_well(*fleet.names())
    log = cluster.folder / "logs" / "argocd-repo-server.log"
    begin = log.stat().st_size
    with fleet.changed():
        file = fleet.deployed.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((file.read_text() if file.exists() else "") + "\n# changed by a test\n")
        fleet.force("Touch a file")
        commit = fleet.deployed.git("rev-parse", "HEAD").strip()
        until("they are at the commit", lambda: touched <= _at(cluster, commit), seconds=90)
        time.sleep(3)  # for those that should not come

        rendered = _rendered(log.read_bytes()[begin:].decode(), set(fleet.names()), commit)
        assert rendered == touched


def _at(cluster: Cluster, commit: str) -> set[str]:
    """Return the Applications that are compared with that commit."""
    applications = cluster.argocd.applications()
    return {
        item["metadata"]["name"]
        for item in applications
        if item.get("status", {}).get("sync", {}).get("revision") == commit
    }


def _rendered(log: str, names: set[str], commit: str) -> set[str]:
    """Return the companies whose manifests the repo-server made at that commit."""
    lines = [line for line in log.splitlines() if "manifest cache miss" in line and commit in line]
    found = {match[1] for line in lines if (match := re.search(r"overlays/([a-z0-9-]+)", line))}
    found |= {match[1] for line in lines if (match := re.search(r'"application":"([a-z0-9-]+)"', line))}
    return found & names
