"""check: what a pull request must pass, over real commits."""

import shutil
from pathlib import Path

import pytest

from tests.harness import ROOT, Repository

pytestmark = pytest.mark.slow


@pytest.fixture
def merged(tmp_path: Path) -> Repository:
    """A repository with three companies on main, generated and committed, and a branch for the change."""
    repository = Repository(tmp_path / "repository")
    repository.tenant("company-001").tenant("company-002", plan="silver", addons=["chatbot"]).tenant(
        "company-003", plan="gold"
    )
    repository.generate()
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "start")
    repository.git("switch", "--quiet", "--create", "change")
    return repository


def commit(repository: Repository) -> None:
    """Generate and commit the change."""
    record(repository.generate())


def record(repository: Repository) -> None:
    """Commit the change as it stands."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "change")


def test_a_new_company_passes(merged: Repository) -> None:
    """One file and what is generated from it; the summary counts the one tenant."""
    merged.tenant("company-101")
    commit(merged)

    done = merged.run("check", "--base", "main")

    assert done.exit == 0, done.said
    assert "; the change touches 1 tenant of 4: 0 errors" in done.stderr


def test_without_a_base_the_tree_alone_is_checked(merged: Repository) -> None:
    """No history is needed, not even a git repository with a commit."""
    shutil.rmtree(merged.root / ".git")

    done = merged.run("check")

    assert done.exit == 0, done.said


def test_stale_and_hand_edited_files_are_named_with_the_way_back(merged: Repository) -> None:
    """Whoever edited a generated file learns where the edit belongs."""
    merged.edit("overlays/company-001/facts.yaml", 'maxReplicas: "4"', 'maxReplicas: "20"')

    done = merged.run("check")

    assert done.exit == 1
    assert (
        "overlays/company-001/facts.yaml: error: this file is not what the tenant files give: it is stale, or was"
        " edited by hand [GEN002]\n"
        "  hint: run `tenantry generate` and commit the result; edits belong into tenants/, platform.yaml or base/\n"
    ) in done.stdout


def test_storage_never_shrinks(merged: Repository) -> None:
    """Also when it is the plan that brings the smaller size."""
    merged.edit("tenants/company-003.yaml", "gold", "silver")
    commit(merged)

    done = merged.run("check", "--base", "main")

    assert done.exit == 1
    assert (
        "tenants/company-003.yaml:2:7: error: the volume has 500Gi and would shrink to 200Gi [TEN012]\n"
        "  hint: keep it: tenantry set company-003 storage=500Gi\n"
    ) in done.stdout


def test_a_downgrade_in_one_step_is_refused_and_the_first_step_said(merged: Repository) -> None:
    """What runs under the old plan would not fit the new quota."""
    merged.tenant("company-003", plan="silver", storage="500Gi")
    commit(merged)

    done = merged.run("check", "--base", "main")

    assert done.exit == 1
    assert (
        "tenants/company-003.yaml:2:7: error: plan silver allows 5250m of CPU limits, and under plan gold up to 37 pods"
        " of fileserver (9250m) may run [CAP005]\n"
        "  hint: keep its quota until fewer pods run: tenantry set company-003 quotaFrom.plan=gold; and later tenantry"
        " set company-003 --complete\n"
    ) in done.stdout


def test_a_downgrade_in_two_steps_passes(merged: Repository) -> None:
    """First fewer pods under the old plan, then the new plan."""
    merged.write(
        "tenants/company-003.yaml", "name: company-003\nplan: gold\nstorage: 500Gi\noverrides: {maxReplicas: 16}\n"
    )
    commit(merged)
    first = merged.run("check", "--base", "main")
    merged.tenant("company-003", plan="silver", storage="500Gi")
    commit(merged)

    second = merged.run("check", "--base", "HEAD~1")

    assert (first.exit, second.exit) == (0, 0), first.said + second.said


def test_an_upgrade_passes(merged: Repository) -> None:
    """A larger plan asks for nothing."""
    merged.edit("tenants/company-001.yaml", "bronze", "gold")
    commit(merged)

    assert merged.run("check", "--base", "main").exit == 0


def test_a_removed_tenant_file_is_refused(merged: Repository) -> None:
    """With and without its generated files."""
    merged.remove("tenants/company-001.yaml")
    for file in [file for file in merged.files() if "company-001" in file]:
        merged.remove(file)
    record(merged)

    done = merged.run("check", "--base", "main")

    assert done.exit == 1
    assert (
        "tenants/company-001.yaml: error: this tenant's file was removed, and the tenant is in use [TEN017]"
        in done.stdout
    )


def test_several_removed_at_once_are_a_finding_of_their_own(merged: Repository) -> None:
    """A mass removal is usually a mistake."""
    for file in [file for file in merged.files() if "company-001" in file or "company-002" in file]:
        merged.remove(file)
    record(merged)

    done = merged.run("check", "--base", "main")

    assert "tenants/company-001.yaml: error: this change removes 2 tenants [TEN020]" in done.stdout


def test_a_renamed_tenant_is_refused(merged: Repository) -> None:
    """A name never changes; to Argo CD it would be another company."""
    text = merged.read("tenants/company-001.yaml")
    for file in [file for file in merged.files() if "company-001" in file]:
        merged.remove(file)
    merged.write("tenants/company-009.yaml", text.replace("company-001", "company-009"))
    commit(merged)

    done = merged.run("check", "--base", "main")

    assert done.exit == 1
    assert "tenants/company-001.yaml: error: " in done.stdout


def test_an_immutable_field_of_base_is_refused(merged: Repository) -> None:
    """The API server would refuse the sync of every tenant."""
    merged.edit("base/guard/core/claims.yaml", "volumeMode: Filesystem", "volumeMode: Block")
    commit(merged)

    done = merged.run("check", "--base", "main")

    assert done.exit == 1
    assert (
        "PersistentVolumeClaim/company-001/files: spec.volumeMode cannot be changed once the object is there"
        " [K8S010]\n  hint: take the change back\n"  # another name would be another, empty volume
    ) in done.stdout


@pytest.mark.parametrize("name", ["main", "origin/main"])
def test_a_tag_does_not_stand_in_for_the_branch_of_its_name(merged: Repository, name: str) -> None:
    """More people may push tags than may merge, and git takes the tag."""
    merged.git("update-ref", "refs/remotes/origin/main", "main")
    merged.edit("base/guard/core/claims.yaml", "volumeMode: Filesystem", "volumeMode: Block")
    commit(merged)
    merged.git("tag", name)

    assert merged.run("check", "--base", name).exit == 1


def test_another_cluster_is_refused(merged: Repository) -> None:
    """Argo CD would make every company again, somewhere else."""
    merged.edit("platform.yaml", "  in-cluster:\n", "  elsewhere:\n")
    commit(merged)

    done = merged.run("check", "--base", "main")

    assert done.exit == 1
    assert "error: the cluster 'in-cluster' becomes 'elsewhere', for every tenant [TEN011]" in done.stdout


def test_removed_objects_count_against_the_budget(merged: Repository) -> None:
    """An add-on that is switched off takes its objects away."""
    merged.write("platform.yaml", merged.read("platform.yaml") + "\nbudget: {removals: 3}\n")
    commit(merged)
    merged.git("branch", "--force", "main")
    merged.write("tenants/company-002.yaml", "name: company-002\nplan: silver\n")
    commit(merged)

    done = merged.run("check", "--base", "main")

    assert done.exit == 1
    assert "objects, 3 are allowed [TEN019]" in done.stdout


def test_a_component_touches_those_alone_that_use_it(merged: Repository) -> None:
    """The chatbot's own files concern the one company that has it."""
    merged.edit(
        "base/edge/components/ai-chatbot/agent.yaml", "name the files that you used", "say which files you used"
    )
    commit(merged)

    done = merged.run("check", "--base", "main")

    assert "; the change touches 1 tenant of 3: " in done.stderr, done.said


def test_a_shallow_clone_is_said_to_be_one(merged: Repository, tmp_path: Path) -> None:
    """The usual trap of CI gets its usual way out."""
    for number in range(3):
        merged.write("notes.txt", str(number)).git("add", "--all")
        merged.git("commit", "--quiet", "--message", str(number))
    merged.git(
        "clone", "--quiet", "--depth", "1", "--branch", "change", f"file://{merged.root}", str(tmp_path / "shallow")
    )

    done = Repository(tmp_path / "shallow").run("check", "--base", "HEAD~2")

    assert done.exit == 4
    assert done.stderr == (
        "error: there is no commit 'HEAD~2' here\n"
        "  hint: this clone is shallow: fetch all history (git fetch --unshallow; in CI, fetch-depth: 0)\n"
    )


def test_on_a_branch_of_their_own_generated_files_are_not_in_pull_requests(tmp_path: Path) -> None:
    """In branch mode the tenant file is the whole change; a generated file beside it is named."""
    repository = Repository(tmp_path / "repository").tenant()
    repository.edit("platform.yaml", "publishing: committed", "publishing: branch")
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "start")
    repository.git("switch", "--quiet", "--create", "change")
    record(repository.tenant("company-101", plan="silver"))

    fine = repository.run("check", "--base", "main")
    record(repository.write("overlays/company-101/facts.yaml", "made by hand\n"))
    refused = repository.run("check", "--base", "main")

    assert fine.exit == 0, fine.said
    assert "; the change touches 1 tenant of 2: " in fine.stderr
    assert refused.exit == 1
    assert (
        "overlays/company-101/facts.yaml: error: generated files are published on a branch of their own"
        in refused.stdout
    )


def test_the_schema_that_editors_read_is_compared_also_where_the_rest_is_published(tmp_path: Path) -> None:
    """Where it is somebody else's file `generate` writes nothing at all, so nothing would be published."""
    repository = Repository(tmp_path / "repository").tenant()
    repository.edit("platform.yaml", "publishing: committed", "publishing: branch")
    repository.write(".gitignore", "/overlays/\n/argocd/\n").generate()
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "start")
    repository.git("switch", "--quiet", "--create", "change")

    fine = repository.run("check", "--base", "main")
    record(repository.write("tenants/tenant.schema.json", "{}\n"))
    refused = repository.run("check", "--base", "main")
    repository.remove("tenants/tenant.schema.json").generate()
    record(repository)
    passed = repository.run("check", "--base", "main")

    assert fine.exit == 0, fine.said
    assert refused.exit == 1
    assert refused.stdout.endswith(
        "tenants/tenant.schema.json: error: tenantry must write this file, "
        "and it does not start with tenantry's header [GEN001]\n"
        "  hint: keep elsewhere what it says, then: rm tenants/tenant.schema.json && tenantry generate\n"
    )
    assert passed.exit == 0, passed.said


def test_this_repository_passes() -> None:
    """What is committed here is what its own users are asked for."""
    done = Repository(ROOT).run("check")

    assert done.exit == 0, done.said
