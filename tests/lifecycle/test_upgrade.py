"""Repositories of earlier layouts are brought up, and no pod restarts for it."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from generator.upgrade import services, states, storage_class
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


@pytest.mark.slow
def test_an_upgraded_repository_is_verified_and_passes_as_a_pull_request(old: Repository) -> None:
    """The base is read through the same steps, so that the two are compared."""
    ran = old.run("upgrade")
    stale = old.run("generate", "--check")
    commit(old)

    verified, checked = old.run("verify"), old.run("check", "--base", "main")
    companies = len(list((old.root / "overlays").iterdir()))
    choices, touched = {6: (5, 6), 3: (3, 2)}[companies]  # one of three has no add-on

    assert ran.exit == 0, ran.said
    assert f"no pod template changes, in {choices} companies: one of each choice of plan and add-ons\n" in ran.stderr
    assert stale.exit == 0, stale.said
    assert verified.exit == 0, verified.said
    assert " 0 errors" in verified.stderr
    assert checked.exit == 0, checked.said
    assert f"the change touches {touched} tenants of {companies}: 0 errors" in checked.stderr


@pytest.mark.slow
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
            "  hint: commit them, or put them aside: git stash --include-untracked\n"
        ),
    )
    assert old.files() == before


@pytest.mark.slow
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


@pytest.mark.slow
def test_an_upgrade_beyond_the_budget_passes_with_the_approval_that_it_prints(tmp_path: Path) -> None:
    """Refused without it, refused with it in the change alone, and passed once it is merged before."""
    shutil.copytree(LAYOUTS / "claims-with-add-ons", tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.edit("platform.yaml", "rings:\n", "budget: {tenants: 1}\n\nrings:\n")
    commit(repository)
    repository.git("switch", "--quiet", "--create", "upgrade")

    printed = repository.run("upgrade").stderr
    commit(repository)
    check = ("check", "--base", "main")
    refused = repository.run(*check)
    (way,) = re.findall(r"tenantry (check --base origin/main --approve) REASON writes the file to merge first", printed)
    approve = repository.run(*way.replace("origin/", "").split(), "no pod restarts")
    commit(repository)
    in_the_change = repository.run(*check)
    repository.git("switch", "--quiet", "main")
    repository.git("checkout", "upgrade", "--", "approvals")
    commit(repository)
    repository.git("switch", "--quiet", "upgrade")
    repository.git("merge", "--quiet", "--no-edit", "main")
    passed = repository.run(*check)

    assert (refused.exit, in_the_change.exit, passed.exit) == (1, 1, 0), passed.said
    assert "it touches 2 tenants, 1 are allowed [TEN019]\n" in refused.stdout
    assert "--approve" in refused.stdout
    assert "approvals/" in approve.said


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


@pytest.mark.slow
def test_a_company_of_an_earlier_layout_can_be_suspended_after_the_upgrade(old: Repository) -> None:
    """The states are read off base/: of another product they name its own workloads, routes and volumes."""
    old.run("upgrade")
    old.edit("platform.yaml", "exposure: gateway\n", "exposure: gateway\nunavailablePage: https://example.com/off\n")
    name = min(path.name for path in (old.root / "overlays").iterdir())

    suspended = old.run("set", name, "state=suspended")
    verified = old.generate().run("verify")

    assert suspended.exit == 0, suspended.said
    assert verified.exit == 0, verified.said
    kinds = {obj["kind"] for obj in old.render(name)}
    assert "HorizontalPodAutoscaler" not in kinds
    assert {obj["spec"]["replicas"] for obj in old.render(name) if obj["kind"] in ("Deployment", "StatefulSet")} == {0}


def test_the_states_that_an_upgrade_writes_are_those_of_a_new_repository() -> None:
    """Byte for byte: what this repository has by hand, and the wiki of the tests, is what the step reads off base/."""
    for root in (ROOT, ROOT / "tests/products/wiki"):
        files = [root / "platform.yaml", *(root / "base").rglob("*.yaml")]
        texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}
        own = {path: text for path, text in texts.items() if path.startswith("base/guard/states/")}

        assert states.upgraded({path: text for path, text in texts.items() if path not in own}) == own
        assert states.is_done(texts)


def test_a_frozen_guard_gets_states_where_nothing_says_what_it_was() -> None:
    """One with a record beside it would no longer be what was frozen."""
    texts = dict.fromkeys([f"base/{guard}/core/a.yaml" for guard in ("guard", "guards/1", "guards/2")], "")
    texts |= {"base/guards/2.yaml": "digest: x\n", "platform.yaml": "service: {workload: web}\n"}
    texts["base/edge/core/web.yaml"] = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: []}}\n"

    assert {path.rsplit("/", 1)[0] for path in states.upgraded(texts)} == {
        f"{guard}/states/{state}" for guard in ("base/guard", "base/guards/1") for state in ("suspended", "purging")
    }


NO_CLASS: Final = {
    "platform.yaml": "plans: {}\nclusters: {}\n",
    "base/guard/components/facts/kustomization.yaml": "kind: Component\n",
}


@pytest.mark.parametrize(
    ("claims", "done"),
    [
        ({}, True),
        ({"pages": "", "mails": ""}, True),
        ({"pages": "fast", "mails": "slow"}, True),
        ({"pages": "placeholder"}, True),  # the fact's place: each company says its class
        ({"pages": "fast"}, False),
    ],
)
def test_a_class_is_looked_for_where_all_claims_have_one(claims: dict[str, str], *, done: bool) -> None:
    """Where there is none to write down the step is done, and no run reads all tenants for it."""
    kind = "kind: PersistentVolumeClaim"
    texts = NO_CLASS | {
        f"base/guard/core/{name}.yaml": f"{kind}\nmetadata: {{name: {name}}}\nspec:\n  storageClassName: {of_class}\n"
        for name, of_class in claims.items()
    }

    assert storage_class.is_done(texts) is done
    assert (not storage_class.upgraded(texts)) is done


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


def test_a_file_that_is_half_rewritten_keeps_what_it_lists() -> None:
    """What somebody began by hand is finished; a list that is none is left to `validate`."""
    files = [*LAYOUTS.glob("named-services/base/**/*.yaml"), LAYOUTS / "named-services/platform.yaml"]
    texts = {path.relative_to(LAYOUTS / "named-services").as_posix(): path.read_text() for path in files}
    begun = {
        "both": ("addons: [search]\nchatbot: true\n", "addons: [search, chatbot]\n"),
        "already": ("addons: [chatbot]\nchatbot: true\n", "addons: [chatbot]\n"),
        "off": ("addons: [search]\nchatbot: false\n", "addons: [search]\n"),
        "no-list": ("addons: search\nchatbot: true\n", "addons: search\nchatbot: true\n"),
    }
    texts |= {f"tenants/{name}.yaml": before for name, (before, _) in begun.items()}

    after = {**texts, **services.upgraded(texts)}

    assert {name: after[f"tenants/{name}.yaml"] for name in begun} == {name: text for name, (_, text) in begun.items()}


@pytest.mark.parametrize("style", ["in one line", "as JSON"])
def test_a_platform_file_of_another_style_is_upgraded_as_well(tmp_path: Path, style: str) -> None:
    """The names of keys may be quoted, and stand anywhere in a line."""
    shutil.copytree(LAYOUTS / "claims-with-add-ons", tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    data = yaml.safe_load(repository.read("platform.yaml"))
    line = yaml.safe_dump(data, default_flow_style=True, width=10_000, sort_keys=False)
    repository.write("platform.yaml", line if style == "in one line" else json.dumps(data, indent=2) + "\n")
    repository.git("init", "--quiet", "--initial-branch", "main")
    commit(repository)

    ran = repository.run("upgrade")

    assert ran.exit == 0, ran.said
    assert yaml.safe_load(repository.read("platform.yaml"))["addons"]["search"]["claim"] == "search-index"
    assert "nothing to upgrade" in repository.run("upgrade").stderr


def test_the_layout_of_today_has_nothing_to_upgrade(tmp_path: Path) -> None:
    """This repository's own."""
    ran = Repository.like_this_one(tmp_path / "repository").run("upgrade")

    assert (ran.exit, ran.stderr) == (0, "the layout is that of today: nothing to upgrade\n")
