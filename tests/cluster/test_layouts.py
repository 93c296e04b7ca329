"""A repository of the layout before `base/guard`, published, upgraded and published again; and edits of what guards."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.cluster import stand_ins
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet
from tests.cluster.git_server import environment

_ROOT: Final = Path(__file__).parents[2]
_BEFORE: Final = _ROOT / "tests/layouts/before-guard"


@pytest.mark.nightly  # it renders every company three times over
@pytest.mark.claim(
    "an upgrade to base/guard, and an edit of what guards, reach every company and restart no pod",
    leans_on=stand_ins.ALL,
)
@pytest.mark.usefixtures("control_plane")
def test_an_upgrade_of_the_layout_restarts_nobody(cluster: Cluster, fleet: Fleet) -> None:
    """The same pods by uid and the same volumes, all Synced; then a policy of all, and one of a component."""
    names = fleet.names()
    with fleet.changed():
        _publish_the_layout_before(fleet)
        fleet.await_published(*names)
        fleet.await_shards()
        before = {name: _lives(cluster, fleet, name) for name in names}

        _tenantry("upgrade", fleet.clone.folder)
        fleet.merge("Upgrade")
        fleet.await_published(*names)
        fleet.await_shards()
        assert "../../base/guard/core" in fleet.published(f"overlays/{names[0]}/kustomization.yaml")
        assert {name: _lives(cluster, fleet, name) for name in names} == before

        _edit(fleet, "base/guard/core/network.yaml", "port: 4317", "port: 4316")
        _declare(fleet)
        fleet.approve_and_merge("Another port of the collector")
        fleet.await_published(*names)
        fleet.await_shards()
        assert {name for name in names if 4316 in _ports(cluster, name, "to-collector")} == set(names)

        users = {name for name in names if cluster.kube.get("NetworkPolicy", "ai-chatbot-to-model", name)}
        more = "      port: 443\n    - protocol: TCP\n      port: 8443\n"
        _edit(fleet, "base/guard/components/ai-chatbot/network.yaml", "      port: 443\n", more)
        fleet.merge("One more port of the model")
        fleet.await_published(*names)
        fleet.await_shards()
        assert users
        assert users != set(names)
        assert {name for name in names if 8443 in _ports(cluster, name, "ai-chatbot-to-model")} == users
        assert {name: _lives(cluster, fleet, name) for name in names} == before


def _publish_the_layout_before(fleet: Fleet) -> None:
    """Let `main` and `deploy` be as the tenantry of then had them: everything of a company in `base/edge`."""
    clone, deployed = fleet.clone.folder, fleet.deployed.folder
    shutil.rmtree(clone / "base")
    shutil.copytree(_BEFORE / "base", clone / "base")
    fleet.write_seconds(of=_BEFORE)
    platform = yaml.safe_load((clone / "platform.yaml").read_text())
    del platform["storageClass"]
    (clone / "platform.yaml").write_text(yaml.safe_dump(platform, sort_keys=False))
    fleet.clone.push("The layout before base/guard")
    shutil.rmtree(deployed / "base")
    shutil.copytree(clone / "base", deployed / "base")
    shutil.copy(clone / "platform.yaml", deployed)
    for file in deployed.glob("overlays/*/kustomization.yaml"):
        file.write_text("".join(map(_without_guard, file.read_text().splitlines(keepends=True))))
    for file in deployed.glob("argocd/shards/*/tenants/*.yaml"):
        file.write_text(re.sub(r"/base/guard/[^;\"]*;", "", file.read_text()))
    fleet.force("The layout before base/guard")


def _without_guard(line: str) -> str:
    """Take the folders of the guard out of a list of an overlay, which is JSON on one line."""
    key, colon, value = line.partition(": ")
    if key not in ("resources", "components"):
        return line
    kept = [item for item in json.loads(value) if "/base/guard/" not in item]
    return f"{key}{colon}{json.dumps(kept)}\n"


def _lives(cluster: Cluster, fleet: Fleet, name: str) -> dict[str, dict[str, str]]:
    """Return the pods and the claims of a company by uid, the claims with their volumes."""
    claims = cluster.kube.items("PersistentVolumeClaim", name)
    volumes = {claim["metadata"]["uid"]: claim["spec"].get("volumeName", "") for claim in claims}
    return {"pods": fleet.pods(name), "volumes": volumes}


def _ports(cluster: Cluster, name: str, policy: str) -> set[int]:
    found = cluster.kube.get("NetworkPolicy", policy, name) or {"spec": {}}
    return {port["port"] for rule in found["spec"].get("egress", []) for port in rule["ports"]}


def _declare(fleet: Fleet) -> None:
    """Say in platform.yaml which other ports the collector and the model have."""
    clusters = yaml.safe_load((fleet.clone.folder / "platform.yaml").read_text())["clusters"]
    network = clusters["in-cluster"]["network"]
    network["collector"]["ports"] = [4316, 4318]
    network["destinations"] = {"model": {"cidrs": ["203.0.113.0/24"], "ports": [8443]}}
    fleet.set_platform(clusters=clusters)


def _edit(fleet: Fleet, path: str, old: str, new: str) -> None:
    file = fleet.clone.folder / path
    text = file.read_text()
    assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
    file.write_text(text.replace(old, new))


def _tenantry(verb: str, folder: Path) -> None:
    command = (sys.executable, "-m", "generator", "-C", str(folder), verb)
    done = subprocess.run(command, cwd=_ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
