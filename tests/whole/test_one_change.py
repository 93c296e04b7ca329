"""What is promised of the whole path: what one change makes of the files, of the render, and of nothing else."""

import copy
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness import ROOT, Repository

Objects = dict[tuple[str, str], dict[str, Any]]


def by_identity(objects: list[dict[str, Any]]) -> Objects:
    """Index the objects of one tenant by kind and name."""
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in objects}


def test_the_committed_output_of_this_repository_is_current() -> None:
    """Argo CD reads what is committed, not what would be generated."""
    ran = Repository(ROOT).run("generate", "--check")

    assert (ran.exit, ran.stdout) == (0, "")


@pytest.mark.slow
def test_a_new_company_is_five_new_files(tmp_path: Path) -> None:
    """Nothing that is shared is edited, so two onboardings never conflict."""
    repository = Repository.like_this_one(tmp_path / "repository")

    added = repository.run("add", "company-777", "--plan", "silver", "--addon", "chatbot")
    generated = repository.run("generate")
    verified = repository.run("verify")

    assert (added.exit, generated.exit, verified.exit) == (0, 0, 0), added.said + generated.said + verified.said
    assert repository.git("status", "--porcelain", "--untracked-files=all").splitlines() == [
        "?? argocd/shards/s01/projects/company-777.yaml",
        "?? argocd/shards/s01/tenants/company-777.yaml",
        "?? overlays/company-777/facts.yaml",
        "?? overlays/company-777/kustomization.yaml",
        "?? tenants/company-777.yaml",
    ]


def test_a_change_of_plan_changes_quantities_and_no_pod_template(repository: Repository) -> None:
    """So it takes effect at once and restarts nothing."""
    repository.tenant(plan="silver", addons=["chatbot"]).generate()
    silver = by_identity(repository.render("company-001"))

    repository.tenant(plan="gold", addons=["chatbot"]).generate()
    gold = by_identity(repository.render("company-001"))

    assert {key for key in silver if silver[key] != gold[key]} == set(silver)  # the plan's label is on each of them
    changed = {(*key, *path) for key in silver for path in differences(silver[key], gold[key])}
    assert changed - {(*key, "metadata", "labels", "tenantry.dev/plan") for key in silver} == {
        ("HorizontalPodAutoscaler", "fileserver", "spec", "maxReplicas"),
        ("PersistentVolumeClaim", "files", "spec", "resources", "requests", "storage"),
        ("ResourceQuota", "plan", "spec", "hard", "limits.cpu"),
        ("ResourceQuota", "plan", "spec", "hard", "limits.memory"),
        ("ResourceQuota", "plan", "spec", "hard", "pods"),
        ("ResourceQuota", "plan", "spec", "hard", "requests.cpu"),
        ("ResourceQuota", "plan", "spec", "hard", "requests.memory"),
        ("ResourceQuota", "plan", "spec", "hard", "requests.storage"),
    }


def test_without_its_chatbot_a_company_loses_the_chatbot_s_objects_alone(repository: Repository) -> None:
    """What is left is what was there, but for the allotment in the quota."""
    repository.tenant(plan="silver", addons=["chatbot"]).generate()
    before = by_identity(repository.render("company-001"))

    repository.tenant(plan="silver").generate()
    after = by_identity(repository.render("company-001"))

    gone = before.keys() - after.keys()
    assert after.keys() < before.keys()
    assert all(before[key]["metadata"]["labels"]["app.kubernetes.io/name"] == "ai-chatbot" for key in gone)
    changed = {(*key, *path) for key in after for path in differences(before[key], after[key])}
    assert {path[:2] for path in changed} == {("ResourceQuota", "plan")}


def test_an_extra_host_changes_the_route_alone(repository: Repository) -> None:
    """A host is a fact of the route, and of nothing that would restart."""
    repository.tenant().generate()
    before = by_identity(repository.render("company-001"))

    repository.tenant(hosts=["files.customers.example.net"]).generate()
    after = by_identity(repository.render("company-001"))

    assert {key for key in after if before.get(key) != after[key]} == {("HTTPRoute", "fileserver")}
    assert after["HTTPRoute", "fileserver"]["spec"]["hostnames"] == [
        "company-001.files.example.com",
        "files.customers.example.net",
    ]


def test_behind_an_ingress_every_extra_host_has_the_rule_of_the_first(repository: Repository) -> None:
    """And the certificate names it."""
    hosts = ["files.customers.example.net", "archive.customers.example.net"]
    repository.edit("platform.yaml", "exposure: gateway", "exposure: ingress").tenant(hosts=hosts).generate()

    ingress = by_identity(repository.render("company-001"))["Ingress", "fileserver"]

    everything = ["company-001.files.example.com", *hosts]
    rules = ingress["spec"]["rules"]
    assert [rule["host"] for rule in rules] == everything
    assert [rule["http"] for rule in rules] == [rules[0]["http"]] * len(rules)
    assert [host for tls in ingress["spec"]["tls"] for host in tls["hosts"]] == everything


def test_the_display_name_occurs_in_the_entry_alone(repository: Repository) -> None:
    """Free text in an overlay would be one more thing that can break a render."""
    repository.tenant(displayName="Sentinel & Söhne").generate()

    holders = {file for file, content in repository.files().items() if "Sentinel & Söhne".encode() in content}

    assert holders == {"tenants/company-001.yaml", "argocd/shards/s02/tenants/company-001.yaml"}


@pytest.mark.parametrize("before", [{"plan": "gold"}, {"addons": ["chatbot"]}, {"hosts": ["a.customers.example.net"]}])
def test_going_there_and_back_leaves_no_trace(repository: Repository, before: dict[str, Any]) -> None:
    """Generated files follow from the input, never from what was there."""
    expected = copy.deepcopy(repository.tenant().generate().files())

    repository.tenant(**before).generate()
    actual = repository.tenant().generate().files()

    assert actual == expected


def test_fewer_shards_move_entries_and_lose_none(repository: Repository) -> None:
    """A file that is written elsewhere is removed where it stood."""
    names = [f"company-{number:03d}" for number in range(12)]
    for name in names:
        repository.tenant(name)
    repository.generate()

    repository.edit("platform.yaml", "shards: 4", "shards: 2").generate()

    files = [file for file in repository.files() if file.startswith("argocd/shards/")]
    assert sorted(Path(file).stem for file in files if "/tenants/" in file) == names
    assert sorted(Path(file).stem for file in files if "/projects/" in file) == names
    assert {file.split("/")[2] for file in files} == {"s00", "s01"}


def test_two_hash_seeds_give_the_same_bytes(tmp_path: Path) -> None:
    """The order of sets and dicts never reaches a file."""
    trees = []
    for seed in ("0", "4242"):
        repository = Repository(tmp_path / seed)
        for number in range(6):
            hosts = [f"h{number}{letter}.customers.example.net" for letter in "ab"]
            repository.tenant(f"company-{number}", plan="gold", addons=["chatbot"], hosts=hosts)
        command = [sys.executable, "-m", "generator", "-C", str(repository.root), "generate"]
        subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True)
        trees.append(repository.files())

    assert trees[0] == trees[1]
    assert len(trees[0]) > 30


def differences(old: Any, new: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the paths at which two values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, (*path, index))
    elif old != new:
        yield path
