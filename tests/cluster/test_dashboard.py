"""What Argo CD does and shows for each company."""

import httpx
import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet

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
