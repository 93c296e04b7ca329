"""Repositories of earlier layouts are brought up, and nobody's pods restart for it."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.harness import ROOT, Repository

LAYOUTS: Final = ROOT / "tests" / "layouts"
"""A repository of each earlier layout, with what the tenantry of then generated."""


@pytest.fixture(params=sorted(path.name for path in LAYOUTS.iterdir()))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    """A repository of an earlier layout, committed on main, with a branch for the upgrade."""
    shutil.copytree(LAYOUTS / request.param, tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    repository.git("init", "--quiet", "--initial-branch", "main")
    commit(repository)
    repository.git("switch", "--quiet", "--create", "upgrade")
    return repository


def commit(repository: Repository) -> None:
    """Commit all that there is."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "a change")


def test_an_upgraded_repository_is_verified_and_passes_as_a_pull_request(old: Repository) -> None:
    """The base is read through the same steps, so that the two are compared."""
    ran = old.run("upgrade")
    commit(old)

    verified, checked = old.run("verify"), old.run("check", "--base", "main")

    assert ran.exit == 0, ran.said
    assert "no pod template changes, in 5 companies: one of each choice of plan and add-ons\n" in ran.stderr
    assert verified.exit == 0, verified.said
    assert checked.exit == 0, checked.said
    assert "the change touches 6 tenants of 6: 0 errors" in checked.stderr


def test_an_upgrade_restarts_nobody(old: Repository) -> None:
    """Every object of every company is rendered as it was."""
    names = [path.stem for path in (old.root / "tenants").glob("*.yaml")]
    before = {name: old.git("show", f"main:overlays/{name}/kustomization.yaml") for name in names}
    old.run("upgrade")

    told = old.run("diff", "main")

    assert len(before) == 6
    assert "restart" not in told.stdout.replace("restarts no pod", "")


def test_a_second_run_changes_nothing(old: Repository) -> None:
    """Also before the first one is committed."""
    old.run("upgrade")
    first = old.files()

    ran = old.run("upgrade")

    assert (ran.exit, ran.stdout, ran.stderr) == (0, "", "the layout is that of today: nothing to upgrade\n")
    assert old.files() == first


def test_an_upgrade_can_be_looked_at_first(old: Repository) -> None:
    """It names the files, and writes none."""
    ran = old.run("upgrade", "--dry-run")

    assert ran.exit == 0
    assert " change base/edge/components/facts/kustomization.yaml\n" in ran.stdout
    assert " create base/guard/core/kustomization.yaml\n" in ran.stdout
    assert " remove base/edge/core/network.yaml\n" in ran.stdout
    assert old.git("status", "--porcelain") == ""


def test_a_work_tree_with_changes_is_refused_with_the_way_on(old: Repository) -> None:
    """So that what an upgrade did can be taken back whole."""
    old.write("tenants/company-001.yaml", "name: company-001\nplan: silver\n")
    before = old.files()

    ran = old.run("upgrade")

    assert (ran.exit, ran.stderr) == (
        1,
        (
            "error: the work tree has changes that are not committed: tenants/company-001.yaml\n"
            "  hint: commit them, or put them aside: git stash\n"
        ),
    )
    assert old.files() == before


def test_keys_of_services_become_data_and_comments_stay(tmp_path: Path) -> None:
    """What the old program knew by name is read off base/."""
    shutil.copytree(LAYOUTS / "named-services", tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.write(
        "tenants/company-004.yaml", "# no add-on\nname: company-004\nchatbot: false # not yet\nplan: silver\n"
    )
    commit(repository)

    assert repository.run("upgrade").exit == 0

    assert repository.read("tenants/company-002.yaml") == (
        "# yaml-language-server: $schema=tenant.schema.json\n"
        "# Silver with the chatbot add-on: its allotment comes on top of the plan.\n"
        "name: company-002\ndisplayName: Harbour Logistics\nplan: silver\naddons: [chatbot]\n"
    )
    assert repository.read("tenants/company-004.yaml") == "# no add-on\nname: company-004\nplan: silver\n"
    platform = repository.read("platform.yaml")
    assert "\nservice: {workload: fileserver}\n" in platform
    assert (
        'chatbot: {workload: ai-chatbot, cpu: "1", memory: 2Gi, hostPrefix: chat, calls: [fileserver],'
        " reaches: [203.0.113.0/24]}\n"
    ) in platform


def test_the_layout_of_today_has_nothing_to_upgrade(tmp_path: Path) -> None:
    """This repository's own."""
    ran = Repository.like_this_one(tmp_path / "repository").run("upgrade")

    assert (ran.exit, ran.stderr) == (0, "the layout is that of today: nothing to upgrade\n")
