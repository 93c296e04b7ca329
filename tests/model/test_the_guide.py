"""The guide to changing what every company runs is followed to the letter, and nothing has to be accepted."""

import re
from pathlib import Path

import pytest

from tests.harness import ROOT, Repository

EDGE = "base/edge/core"
SERVER = f"{EDGE}/fileserver.yaml"


def blocks() -> dict[str, str]:
    """Return the texts of the guide, each by the file and the place that stand above it."""
    guide = (ROOT / "docs/guides/change-what-companies-run.md").read_text(encoding="utf-8")
    found = re.findall(r"^( *)```yaml (.+)\n((?:.*\n)*?)\1```", guide, re.MULTILINE)
    return {place: re.sub(f"^{indent}", "", text, flags=re.MULTILINE) for indent, place, text in found}


def lines(repository: Repository, file: str, texts: str) -> None:
    """Put lines in the place of those of the same keys, where these stand first."""
    for line in texts.splitlines():
        key = re.escape(line.partition(":")[0])
        text, count = re.subn(rf"(?m)^{key}:.*$", line, repository.read(file), count=1)
        assert count == 1, f"{file} has no line {key}"
        repository.write(file, text)


@pytest.mark.slow
def test_a_label_an_annotation_a_sidecar_and_a_cron_job_need_no_entry(tmp_path: Path) -> None:
    """Each block is put where the guide says, by nothing but its text."""
    said = blocks()
    repository = Repository.like_this_one(tmp_path / "repository")
    lines(repository, "platform.yaml", said.pop("platform.yaml registries"))
    repository.edit("platform.yaml", "\nrings:", f"\n{said.pop('platform.yaml metadata')}\nrings:")
    before, deployment = repository.read(SERVER).split("\nkind: Deployment\n")
    component = "    app.kubernetes.io/component: fileserver\n"
    deployment = deployment.replace(component, component + said.pop(f"{SERVER} metadata"), 1)
    for what in ("requests", "limits"):
        start = rf"(          {what}:\n)            cpu: .*\n            memory: .*\n"
        new = said.pop(f"{SERVER} {what}")
        deployment = re.sub(start, lambda found, new=new: found[1] + new, deployment, count=1)  # type: ignore[misc]
    volumes = "      volumes:\n"
    deployment = deployment.replace(volumes, said.pop(f"{SERVER} containers") + volumes, 1)
    repository.write(SERVER, f"{before}\nkind: Deployment\n{deployment}")
    repository.write(f"{EDGE}/sweep.yaml", said.pop(f"{EDGE}/sweep.yaml"))
    list_of = "- fileserver.yaml\n"
    resources = said.pop(f"{EDGE}/kustomization.yaml resources")
    repository.edit(f"{EDGE}/kustomization.yaml", list_of, list_of + resources)
    lines(repository, "base/guard/core/ceilings.yaml", said.pop("base/guard/core/ceilings.yaml hard"))
    patch = said.pop("base/guard/states/suspended/kustomization.yaml patches")
    for state in ("suspended", "retiring"):
        file = f"base/guard/states/{state}/kustomization.yaml"
        repository.write(file, repository.read(file) + patch)
    assert not said

    verified = repository.generate().run("verify", "--strict")

    assert verified.exit == 0, verified.said
    assert " 0 errors, 2 warnings; proved: isolation 30/30 pairs, quota 6/6, escape 6/6" in verified.stderr
    assert verified.stdout.count("[SEC010]") == 2, verified.stdout
    objects = {(obj["kind"], obj["metadata"]["name"]): obj for obj in repository.render("company-001")}
    server = objects["Deployment", "fileserver"]
    assert server["metadata"]["labels"]["cost-centre"] == "files"
    assert server["metadata"]["annotations"] == {"files.example.com/on-call": "storage"}
    assert [one["name"] for one in server["spec"]["template"]["spec"]["containers"]] == ["fileserver", "usage"]
    assert ("CronJob", "sweep") in objects
