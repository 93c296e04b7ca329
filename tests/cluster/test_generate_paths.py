"""A commit costs Argo CD what it touches: nothing else is rendered again."""

import json
import shutil

import pytest
import yaml

from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet

NAME = "company-004"


@pytest.mark.claim("a commit that touches one company renders that one again, and no other")
def test_a_commit_to_one_company_renders_that_one(cluster: Cluster, fleet: Fleet) -> None:
    """The others keep their manifests, by `manifest-generate-paths`, and take them on to the new commit."""
    with fleet.changed():
        _touch(fleet, f"overlays/{NAME}/facts.yaml")
        assert _rendered_after_push(cluster, fleet) == {NAME}


@pytest.mark.claim("a changed component renders again the companies that use it, and no other")
def test_a_changed_component_renders_those_that_use_it(cluster: Cluster, fleet: Fleet) -> None:
    """The chatbot's network policies, and the companies that have a chatbot."""
    users = {name for name in fleet.names() if _has_chatbot(fleet, name)}
    assert users
    with fleet.changed():
        _touch(fleet, "base/guard/components/ai-chatbot/network.yaml")
        assert _rendered_after_push(cluster, fleet) == users


@pytest.mark.claim("a new release renders nothing again")
def test_a_new_release_renders_nothing(cluster: Cluster, fleet: Fleet) -> None:
    """A frozen copy of `base/edge` that no ring points at yet."""
    with fleet.changed():
        base = fleet.deployed.folder / "base"
        shutil.copytree(base / "edge", base / "releases" / "1")
        assert _rendered_after_push(cluster, fleet) == set()


def _touch(fleet: Fleet, path: str) -> None:
    fleet.pull_deployed()
    file = fleet.deployed.folder / path
    file.write_text(f"{file.read_text()}\n# changed by a test\n")


def _rendered_after_push(cluster: Cluster, fleet: Fleet) -> set[str]:
    """Push `deployed`, let every company be compared with it, and return those whose manifests were made for that."""
    log = cluster.processes.log("argocd-repo-server")
    begin = log.stat().st_size
    fleet.force("Touch a file")
    commit = fleet.deployed.git("rev-parse", "HEAD").strip()
    fleet.await_published(*fleet.names())
    lines = [json.loads(line) for line in log.read_bytes()[begin:].splitlines() if b"manifest cache miss" in line]
    made = {
        line["application"] for line in lines if line["msg"] == "manifest cache miss" and commit in line["cacheKey"]
    }
    fleet.await_shards()
    return made & set(fleet.names())


def _has_chatbot(fleet: Fleet, name: str) -> bool:
    tenant = yaml.safe_load((fleet.clone.folder / "tenants" / f"{name}.yaml").read_text())
    return bool(tenant.get("addons"))
