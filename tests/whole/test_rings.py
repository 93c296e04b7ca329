"""500 companies over three rings: what a change reaches, by all renders before and after it; and the guide's words."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from generator import pipeline
from generator.fleet.validate import tenant_in
from generator.git.snapshot import Snapshot
from generator.kube.pods import pod_template
from generator.reading import yaml_reader
from generator.render.rendered import Rendered
from generator.render.tenants import render
from tests.harness import ROOT, Repository

FILESERVER: Final = "base/edge/core/fileserver.yaml"
RINGS: Final = """\
rings:
- {name: development, release: edge}
- {name: pilot, release: "1"}
- {name: general, release: "1"}
"""
GUIDE: Final = (ROOT / "docs/guides/roll-out.md").read_text(encoding="utf-8")


def renders(repository: Repository) -> Mapping[str, list[Any]]:
    """Return what every company's build gives, by its name."""
    snapshot = Snapshot.of_folder(repository.generate().root)
    fleet, _ = pipeline.validated(snapshot)
    found = list(render(snapshot, fleet, fleet.tenants, sample=None))
    assert all(isinstance(item, Rendered) for item in found), found
    return {item.tenant.name: list(item.objects) for item in found if isinstance(item, Rendered)}


@pytest.mark.slow
def test_a_change_reaches_exactly_its_ring(tmp_path: Path) -> None:
    """A promotion pilot's, an edit of base/edge the first ring's, one of base/guard all, and no pod template."""
    here = Repository(tmp_path / "repository")
    assert here.run("release").exit == 0
    ring_of = {}
    for number in range(500):
        ring = "development" if number < 5 else "pilot" if number < 55 else "general"
        name = f"company-{number:03}"
        ring_of[name] = ring
        addons = ["chatbot"] if number % 2 else []
        here.tenant(name, ring=ring, plan=("bronze", "silver", "gold")[number % 3], addons=addons)
    text = here.read("platform.yaml")
    here.write("platform.yaml", re.sub(r"rings: .*\n- \{name: general.*\n", RINGS, text))
    start = renders(here)

    seconds = int(re.findall("minReadySeconds: ([0-9]+)", here.read(FILESERVER))[0])
    here.edit(FILESERVER, f"minReadySeconds: {seconds}", f"minReadySeconds: {seconds + 1}")
    edged = renders(here)
    assert here.run("release").exit == 0
    assert here.run("promote", "pilot", "2", "--reason", "for the test").exit == 0
    promoted = renders(here)
    here.edit("base/guard/core/network.yaml", "port: 4317", "port: 4316")
    guarded = renders(here)

    assert {ring_of[name] for name in start if start[name] != edged[name]} == {"development"}
    assert sum(start[name] != edged[name] for name in start) == 5
    assert {ring_of[name] for name in start if edged[name] != promoted[name]} == {"pilot"}
    assert sum(edged[name] != promoted[name] for name in start) == 50
    assert sum(promoted[name] != guarded[name] for name in start) == 500
    for name, objects in promoted.items():
        assert [pod_template(obj) for obj in objects] == [pod_template(obj) for obj in guarded[name]]


# --- the guide


def test_the_guide_s_files_are_taken() -> None:
    """Its rings, its freezes and the keys of a company are of the form that is read."""
    rings, keys, freezes = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    text = (ROOT / "platform.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text) | yaml.safe_load(rings) | yaml.safe_load(freezes)
    document, _ = yaml_reader.read("platform.yaml", yaml.safe_dump(data, sort_keys=False).encode())
    assert document is not None
    raw = {"platform.yaml": document.text.encode()}
    platform = pipeline.validated_platform(Snapshot.of_folder(ROOT / "tests/whole"), raw)

    tenant, _ = yaml_reader.read("tenants/a-1.yaml", f"name: a-1\nplan: gold\n{keys}".encode())

    assert [ring.name for ring in platform.rings] == ["development", "pilot", "staged", "general"]
    assert len(platform.freezes) == 1
    assert tenant is not None
    found = tenant_in(tenant, platform)
    assert found is not None
    assert (found.pin is not None, found.paused is not None, found.window is not None) == (True, True, True)
