"""publish against what is published: it keeps a company whose file is lost, and takes nothing from the others."""

import re
from pathlib import Path

import pytest

from generator.git.door import open_repository
from generator.git.trees import touched
from generator.review.approvals import file_of, text_of
from generator.review.blast_radius import digest_of
from tests.harness import Repository, environment
from tests.publish.test_publish import Origin

pytestmark = pytest.mark.slow

CORE = "base/edge/core/fileserver.yaml"
CLAIMS = "base/guard/core/claims.yaml"
FACTS = "base/guard/components/facts/kustomization.yaml"
RETIRING = "base/guard/states/retiring/kustomization.yaml"


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commits be made inside this process, by nobody in particular."""
    for key, value in environment().items():
        if key.startswith("GIT_"):
            monkeypatch.setenv(key, value)


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    """An origin that publishes on a branch of its own."""
    return Origin(tmp_path, "branch")


@pytest.fixture
def clone(origin: Origin) -> Repository:
    """A clone of it, after company-101 was merged and all was published."""
    clone = origin.clone("clone")
    origin.merge(clone, "company-101")
    assert clone.run("publish").exit == 0
    return clone


def force(clone: Repository) -> Repository:
    """Bring what stands there to main, unchecked."""
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--message", "forced")
    clone.git("push", "--quiet", "origin", "HEAD:main")
    return clone


def of(origin: Origin, name: str) -> dict[str, str]:
    """Return the generated files that are published for a company."""
    return {file: blob for file, blob in origin.tree().items() if name in file and not file.startswith("tenants/")}


def rename_claim(clone: Repository) -> Repository:
    """Give every company's claim another name."""
    claims = clone.read(CLAIMS).replace("name: files\n  labels", "name: data\n  labels")
    text = clone.read(CORE).replace("claimName: files", "claimName: data")
    facts = clone.read(FACTS).replace("PersistentVolumeClaim, name: files", "PersistentVolumeClaim, name: data")
    retiring = clone.read(RETIRING).replace("claimName: files", "claimName: data")
    return clone.write(CORE, text).write(CLAIMS, claims).write(FACTS, facts).write(RETIRING, retiring)


def test_a_company_whose_file_is_lost_stays_as_it_was_published(origin: Origin, clone: Repository) -> None:
    """All others are published, it is named, the run ends in 1, and its last file brings it back as it was."""
    before = of(origin, "company-101")
    force(clone.remove("tenants/company-101.yaml").tenant("company-102"))
    lost = clone.run("publish")
    again = clone.run("publish")
    kept = of(origin, "company-101")
    sha = clone.git("rev-parse", "--short=10", "HEAD~1").strip()
    clone.git("checkout", "--quiet", sha, "--", "tenants/company-101.yaml")
    force(clone)
    back = clone.run("publish")

    assert (lost.exit, again.exit, back.exit) == (1, 1, 0), lost.said + again.said + back.said
    assert "create overlays/company-102/facts.yaml\n" in lost.stdout
    assert (
        "overlays/company-101/facts.yaml: error: it was generated for the tenant company-101, whose file is gone from"
        f" tenants/ [TEN017]\n  hint: put the tenant file back: git checkout {sha} -- tenants/company-101.yaml\n"
    ) in lost.stderr
    assert "nothing pushed to deploy: everything is current\n" in again.stderr
    assert of(origin, "company-102")
    assert before == kept == of(origin, "company-101")


def test_a_lost_company_keeps_the_shard_that_it_is_in(origin: Origin, clone: Repository) -> None:
    """With fewer shards its ApplicationSet would go, and with that its Application."""
    before = of(origin, "company-001")
    clone.edit("platform.yaml", "  shards: 4\n", "  shards: 1\n")

    done = force(clone.remove("tenants/company-001.yaml")).run("publish")

    assert done.exit == 1
    assert of(origin, "company-001") == before
    assert any(file.startswith("argocd/shards/s02/tenants/") for file in before)
    kept = {file for file in origin.tree() if "/s02" in file or "/s03" in file}
    assert {"argocd/apps/s02.yaml", "argocd/shards/s02/applicationset.yaml"} < kept
    assert "argocd/apps/s03.yaml" not in kept


def test_what_was_forced_onto_main_takes_nothing_from_a_company(origin: Origin, clone: Repository) -> None:
    """A claim of another name, and a smaller volume: neither is published, nor anything else of that push."""
    before = origin.tree()
    force(rename_claim(clone).tenant("company-001", storage="10Gi").tenant("company-102"))

    done = clone.run("publish")

    sha = clone.git("rev-parse", "--short=10", "HEAD~1").strip()
    assert done.exit == 1
    assert (
        "error: the PersistentVolumeClaim files becomes data, for company-001, company-101 [CHG020]\n"
        f"  hint: take it back: git restore --source={sha} --staged --worktree base"
    ) in done.stderr
    assert "error: the volume has 50Gi and would shrink to 10Gi [TEN012]\n" in done.stderr
    assert origin.tree() == before


def test_a_change_that_was_approved_before_it_was_merged_is_published(clone: Repository) -> None:
    """The approval stands in the first parent of the merge, and lifts the errors of that merge alone."""
    clone.git("switch", "--quiet", "--create", "change")
    rename_claim(clone)
    clone.git("commit", "--quiet", "--all", "--message", "change")
    repository = open_repository(clone.root)
    digest = digest_of(touched(repository, "HEAD~1", "HEAD"))
    clone.git("switch", "--quiet", "-")
    force(clone.write(file_of(digest), text_of(digest, "the volumes were copied", "the owners of the platform")))
    clone.git("merge", "--quiet", "--no-ff", "--message", "merge", "change")
    clone.git("push", "--quiet", "origin", "HEAD:main")
    approved = clone.run("publish")
    force(
        clone.write(CORE, clone.read(CORE).replace("persistentVolumeClaim:\n          claimName: data", "emptyDir: {}"))
    )
    more = clone.run("publish")

    assert approved.exit == 0, approved.said
    assert more.exit == 1
    assert "error: no pod mounts the PersistentVolumeClaim data any more, for company-001, company-101" in more.stderr


def test_a_name_that_the_published_branch_has_seen_is_not_given_again(clone: Repository) -> None:
    """Once what was generated for the old company is gone; until then it is that company that comes back."""
    force(clone.remove("tenants/company-101.yaml"))
    force(clone.tenant("company-101", storage="20Gi"))
    smaller = clone.run("publish")
    force(clone.remove("tenants/company-101.yaml"))
    clone.git("fetch", "--quiet")
    clone.git("switch", "--quiet", "--detach", "origin/deploy")
    for file in [file for file in clone.files() if "company-101" in file]:
        clone.remove(file)
    clone.git("commit", "--quiet", "--all", "--message", "gone")
    clone.git("push", "--quiet", "origin", "HEAD:deploy")
    clone.git("switch", "--quiet", "-")
    force(clone.tenant("company-101", plan="gold"))
    given = clone.run("publish")

    assert (smaller.exit, given.exit) == (1, 1), smaller.said + given.said
    assert "error: the volume has 50Gi and would shrink to 20Gi [TEN012]\n" in smaller.stderr
    assert re.search(
        r"the name 'company-101' was given before: tenants/company-101.yaml in .* \[CHG024\]", given.stderr
    )


def test_a_company_that_takes_a_smaller_plan_is_published_with_its_storage(origin: Origin, clone: Repository) -> None:
    """What was published tells how much it had; more than that is refused."""
    force(clone.tenant("company-101", plan="gold", overrides={"maxReplicas": 1}))
    assert clone.run("publish").exit == 0
    force(clone.tenant("company-101", plan="bronze", storage="500Gi", overrides={"maxReplicas": 1}))
    kept = clone.run("publish")
    force(clone.tenant("company-101", plan="bronze", storage="600Gi", overrides={"maxReplicas": 1}))
    grown = clone.run("publish")

    assert kept.exit == 0, kept.said
    assert grown.exit == 1
    assert "and than the 500Gi that the company has: that may stay, and not grow [TEN026]\n" in grown.stderr
    assert origin.tree()["overlays/company-101/facts.yaml"]


def test_where_generated_files_are_committed_they_tell_what_a_company_has(tmp_path: Path) -> None:
    """A tenant file that was merged alone, with less storage, is not generated."""
    origin = Origin(tmp_path, "committed")
    clone = origin.clone("clone")
    before = origin.tree()
    force(clone.tenant("company-001", storage="10Gi"))

    done = clone.run("publish")

    assert done.exit == 1
    assert "error: the volume has 50Gi and would shrink to 10Gi [TEN012]\n" in done.stderr
    assert origin.tree()["overlays/company-001/facts.yaml"] == before["overlays/company-001/facts.yaml"]
