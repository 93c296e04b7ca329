"""Repositories of earlier layouts are brought up, and nobody's pods restart for it."""

import re
import shutil
import subprocess
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
    companies = len(list((old.root / "overlays").iterdir()))
    choices, touched = {6: (5, 6), 3: (3, 2)}[companies]  # one of three has no add-on

    assert ran.exit == 0, ran.said
    assert f"no pod template changes, in {choices} companies: one of each choice of plan and add-ons\n" in ran.stderr
    assert verified.exit == 0, verified.said
    assert checked.exit == 0, checked.said
    assert f"the change touches {touched} tenants of {companies}: 0 errors" in checked.stderr


def test_an_upgrade_restarts_nobody(old: Repository) -> None:
    """Every object of every company is rendered as it was."""
    old.run("upgrade")

    told = old.run("diff", "main")

    assert told.exit == 0
    assert "restart" not in told.stdout.replace("restarts no pod", "")


def test_a_second_run_changes_nothing(old: Repository) -> None:
    """Also before the first one is committed."""
    old.run("upgrade")
    first = old.files()

    ran = old.run("upgrade")

    assert (ran.exit, ran.stdout, ran.stderr) == (0, "", "the layout is that of today: nothing to upgrade\n")
    assert old.files() == first


def test_an_upgrade_can_be_looked_at_first(old: Repository) -> None:
    """It names the files that the upgrade then writes, and the upgrade says how to take that back."""
    ran = old.run("upgrade", "--dry-run")
    told, before = ran.stdout.splitlines(), old.files()
    done = old.run("upgrade")

    assert ran.exit == 0
    own = [line for line in told if not line.split()[1].startswith(("overlays/", "argocd/", "tenants/tenant.schema"))]
    wrote = old.git(
        "status", "--porcelain", "--untracked-files=all", "--", "base", "platform.yaml", "tenants/*.yaml"
    ).splitlines()
    assert sorted(line.split()[1] for line in own) == sorted(line[3:] for line in wrote)
    assert {line.split()[0] for line in own} == {"change", "create", "remove"}
    (back,) = re.findall(r"take it back: (.+)\n", done.stderr)
    subprocess.run(back, shell=True, cwd=old.root, check=True)  # noqa: S602 -- as a user would
    assert old.files() == before


def test_an_upgrade_that_is_looked_at_writes_nothing(old: Repository) -> None:
    """Neither a file nor the index."""
    assert old.run("upgrade", "--dry-run").exit == 0
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


def test_an_upgrade_is_published_over_the_layout_before(tmp_path: Path) -> None:
    """Where generated files are published on a branch of their own, the step to the new layout is one publication."""
    shutil.copytree(LAYOUTS / "before-guard", tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.edit("platform.yaml", "publishing: committed", "publishing: branch")
    commit(repository)
    repository.git("branch", "deploy")
    repository.git("rm", "--quiet", "-r", "overlays", "argocd/apps", "argocd/shards", "argocd/root.yaml")
    commit(repository)
    repository.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    repository.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    repository.git("push", "--quiet", "origin", "main", "deploy")

    ran = repository.run("upgrade")
    commit(repository)
    repository.git("push", "--quiet", "origin", "main")
    published = repository.run("publish")

    assert ran.exit == 0, ran.said
    assert "no pod template changes, in 5 companies" in ran.stderr
    assert published.exit == 0, published.said
    remote = str(tmp_path / "remote.git")
    text = repository.git("--git-dir", remote, "show", "deploy:overlays/company-001/facts.yaml")
    assert '  storageClass: "shared-files"\n' in text


def test_claims_of_add_ons_move_and_stay_as_they_are(tmp_path: Path) -> None:
    """With the entries that write into them; the overlay of a company that has none of it stays."""
    shutil.copytree(LAYOUTS / "claims-with-add-ons", tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    repository.git("init", "--quiet", "--initial-branch", "main")
    commit(repository)
    component = "base/guard/components/search"
    claim, before = repository.read(f"{component}/claims.yaml"), repository.read("overlays/library/kustomization.yaml")

    ran = repository.run("upgrade")

    assert ran.exit == 0, ran.said
    assert repository.read(f"{component}-claim/claims.yaml") == claim
    assert "PersistentVolumeClaim" not in repository.read(f"{component}/kustomization.yaml")
    assert "storage: 20Gi, claim: search-index}" in repository.read("platform.yaml")
    assert repository.read("overlays/library/kustomization.yaml") == before
    assert f'"../../{component}-claim"' in repository.read("overlays/archive/kustomization.yaml")


def test_what_guards_moves_with_its_comments(tmp_path: Path) -> None:
    """By kind: a file that holds both is split, and an account goes with the pods that run as it."""
    shutil.copytree(LAYOUTS / "before-guard", tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    repository.git("init", "--quiet", "--initial-branch", "main")
    commit(repository)
    before = repository.read("base/edge/core/fileserver.yaml")

    assert repository.run("upgrade").exit == 0

    runs, guards = (repository.read(f"base/{half}/core/fileserver.yaml") for half in ("edge", "guard"))
    assert guards.startswith("# The company's files. In one wave with the Deployment: ")
    assert "\n  storageClassName: placeholder\n" in guards
    both = f"{runs}---\n{guards}".replace("placeholder\n  volumeMode", "shared-files\n  volumeMode")
    alone = before.replace('  annotations:\n    argocd.argoproj.io/sync-wave: "-5"\n', "")
    assert sorted(both.splitlines()) == sorted(alone.splitlines())
    assert "sync-wave" not in runs
    chatbot = "components/ai-chatbot/kustomization.yaml"
    assert "# The whole list of peers." in repository.read(f"base/guard/{chatbot}")
    assert "# The whole list of peers." not in repository.read(f"base/edge/{chatbot}")
    assert "\nstorageClass: shared-files\n" in repository.read("platform.yaml")


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
