"""The projects of what runs beside the companies: what git declares, and of Namespaces their own."""

from pathlib import Path
from typing import Final

import yaml

from tests.harness import Repository

DECLARED: Final = """
parts:
  scanner:
    chart: oci://registry.example.com/charts/scanner
    version: 1.0.0
    digest: sha256:0000000000000000000000000000000000000000000000000000000000000000
    namespaces: [scanner, signatures]
    clusterKinds: [Namespace, rbac.authorization.k8s.io/ClusterRole]
"""


def test_no_project_allows_the_namespace_of_a_company(tmp_path: Path) -> None:
    """A chart that may make its Namespace may not relabel or prune another; nor may a file of argocd/platform/."""
    repository = Repository(tmp_path / "repository").tenant("company-001")
    declared = "argocd:\n  shards: 4\n  platform: {namespaces: [provider], clusterKinds: [Namespace]}\n"
    repository.edit("platform.yaml", "argocd:\n  shards: 4\n", declared)
    repository.write("platform.yaml", repository.read("platform.yaml") + DECLARED).generate()

    projects = [
        next(yaml.safe_load_all(repository.read(f"argocd/apps/{name}.yaml"))) for name in ("part-scanner", "platform")
    ]

    of_the_chart, of_the_files = (project["spec"]["clusterResourceWhitelist"] for project in projects)
    assert of_the_chart == [
        {"group": "", "kind": "Namespace", "name": "scanner"},
        {"group": "", "kind": "Namespace", "name": "signatures"},
        {"group": "rbac.authorization.k8s.io", "kind": "ClusterRole"},
    ]
    assert of_the_files == [
        {"group": "", "kind": "Namespace", "name": "argocd"},
        {"group": "", "kind": "Namespace", "name": "provider"},
    ]
