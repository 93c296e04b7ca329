"""publish judges what was merged by what stood before each merge, and believes no message of a commit."""

import shutil
from pathlib import Path

import pytest

from generator.git import door, trees
from generator.review import approvals, blast_radius
from tests.harness import Ran, Repository

pytestmark = pytest.mark.slow

BY = "Platform team <platform@example.com>"
REASON = "tried on staging for a week"
LINK = "https://grafana.example.com/d/tenant?"


def made_in(folder: Path, mode: str) -> Path:
    """Make an origin with two companies, a budget of one and all of it published, and a clone of it."""
    first = Repository(folder / "clone")
    first.tenant("company-001").tenant("company-002", plan="silver")
    first.edit("platform.yaml", "publishing: committed", f"publishing: {mode}")
    first.write("platform.yaml", f"{first.read('platform.yaml')}budget: {{tenants: 1}}\n")
    first.git("init", "--quiet", "--bare", "--initial-branch=main", "../origin.git")
    first.git("init", "--quiet", "--initial-branch=main")
    first.git("config", "user.name", "Platform team")
    first.git("config", "user.email", "platform@example.com")
    first.git("remote", "add", "origin", "../origin.git")
    merged(first, "start")
    done = first.run("publish")
    assert done.exit == 0, done.said
    first.git("pull", "--quiet", "origin", "main")
    return folder


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One origin in each mode."""
    return {mode: made_in(tmp_path_factory.mktemp(mode), mode) for mode in ("branch", "committed")}


@pytest.fixture
def clone(templates: dict[str, Path], tmp_path: Path) -> Repository:
    """A copy of the clone, beside a copy of the origin, where a branch of its own holds what was generated."""
    shutil.copytree(templates["branch"], tmp_path / "all")
    return Repository(tmp_path / "all" / "clone")


@pytest.fixture
def committed(templates: dict[str, Path], tmp_path: Path) -> Repository:
    """The same where main holds it."""
    shutil.copytree(templates["committed"], tmp_path / "all")
    return Repository(tmp_path / "all" / "clone")


def merged(clone: Repository, message: str = "merge") -> str:
    """Commit what stands in the work tree as the newest merge of main, and return its id."""
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--allow-empty", "--message", message)
    clone.git("push", "--quiet", "origin", "HEAD:main")
    return clone.git("rev-parse", "HEAD").strip()


def for_everybody(clone: Repository, word: str = "org") -> Repository:
    """Change what is generated for every company: a link in Argo CD."""
    return clone.edit("platform.yaml", LINK, LINK.replace("example.com", f"example.{word}"))


def approval(clone: Repository) -> tuple[str, str]:
    """Return path and text of the approval of what stands in the work tree, against HEAD."""
    clone.git("add", "--all")
    files = trees.touched_since(door.open_repository(clone.root), clone.git("rev-parse", "HEAD").strip())
    digest = blast_radius.digest_of([file for file in files if blast_radius.is_source(file.path)])
    return approvals.file_of(digest), approvals.text_of(digest, REASON, BY)


def refused(done: Ran, merge: str, way: str, fact: str = "it touches 2 tenants, 1 are allowed") -> None:
    """Insist that a run was refused because of one merge, with this way out."""
    said = f"platform.yaml: error: {merge[:10]} is over the blast-radius budget: {fact} [TEN019]\n"
    assert done.exit == 1
    assert f"{said}  hint: revert it, or {way}\n" in done.said, done.said


def way_to(merge: str) -> str:
    """Return the words that lead to the approval of a merge."""
    short = merge[:10]
    return f"have it approved: git switch --detach {short} && tenantry check --base {short}~1 --approve REASON"


def test_a_merge_over_the_budget_is_held_until_it_is_approved(clone: Repository) -> None:
    """The commands of the refusal, word by word: its approval comes after it, by a merge of its own."""
    merge = merged(for_everybody(clone))
    first = clone.run("publish")
    clone.git("switch", "--quiet", "--detach", merge[:10])
    written = clone.run("check", "--base", f"{merge[:10]}~1", "--approve", REASON)
    clone.git("switch", "--quiet", "main")
    merged(clone, "Approve a change")

    refused(first, merge, way_to(merge))
    assert written.exit == 0, written.said
    done = clone.run("publish")
    assert done.exit == 0, done.said
    assert "pushed " in done.stderr


def test_an_approval_that_was_merged_before_lets_the_merge_through(clone: Repository) -> None:
    """As check let the pull request through."""
    for_everybody(clone)
    file, text = approval(clone)
    clone.git("stash", "--quiet")
    clone.write(file, text)
    merged(clone, "Approve a change")
    clone.git("stash", "pop", "--quiet")
    merged(clone)

    assert clone.run("publish").exit == 0


def test_a_merge_does_not_approve_itself(clone: Repository) -> None:
    """Nor does a later one that brings more than approvals; one that brings nothing else does."""
    for_everybody(clone)
    file, text = approval(clone)
    merge = merged(clone.write(file, text))
    itself = clone.run("publish")
    merged(clone.write(file, f"{text}# more\n").write("notes.txt", "and something else\n"))
    with_more = clone.run("publish")
    merged(clone.write(file, text))

    way = f"change {file} by a pull request that touches approvals/ alone: in the merge itself it lifts nothing"
    refused(itself, merge, way)
    refused(with_more, merge, way)
    assert clone.run("publish").exit == 0


def test_a_merge_that_was_taken_back_is_not_held_against_the_next(clone: Repository) -> None:
    """It reaches nobody any more."""
    merge = merged(for_everybody(clone))
    first = clone.run("publish")
    clone.git("revert", "--no-edit", merge)
    merged(clone.tenant("company-003"))

    refused(first, merge, way_to(merge))
    done = clone.run("publish")
    assert done.exit == 0, done.said


def test_merges_that_are_each_inside_the_budget_are_published_together(clone: Repository) -> None:
    """However many they are."""
    for number in (3, 4, 5):
        merged(clone.tenant(f"company-00{number}"))

    assert clone.run("publish").exit == 0


def test_a_raised_budget_counts_as_reaching_everybody(clone: Repository) -> None:
    """So of two merges the first is held, and the second with it."""
    merge = merged(clone.edit("platform.yaml", "budget: {tenants: 1}", "budget: {tenants: 100}"))
    merged(for_everybody(clone))

    refused(clone.run("publish"), merge, way_to(merge))


def test_another_api_server_is_held_as_well(clone: Repository) -> None:
    """What check lets pass with an approval alone, publish does as well."""
    merge = merged(clone.edit("platform.yaml", "https://kubernetes.default.svc", "https://10.9.8.7"))

    done = clone.run("publish")

    assert done.exit == 1
    assert (
        f'platform.yaml: error: {merge[:10]}: clusters.in-cluster.server: "https://kubernetes.default.svc" becomes'
        f' "https://10.9.8.7", for every tenant [CHG005]\n  hint: revert it, or {way_to(merge)}\n'
    ) in done.said, done.said


def test_what_runs_beside_the_companies_is_held_as_well(clone: Repository) -> None:
    """Also after a merge that has nothing to do with it."""
    beside = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- links.yaml\n"
    links = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: links}\ndata: {help: here}\n"
    clone.write("argocd/platform/kustomization.yaml", beside).write("argocd/platform/links.yaml", links)
    merge = merged(clone)
    merged(clone.tenant("company-003"))

    done = clone.run("publish")

    told = "+ apiVersion: v1, + kind: ConfigMap, + metadata: {name: links}, + data: {help: here}"
    assert done.exit == 1
    assert (
        f"argocd/platform/links.yaml: error: {merge[:10]}: what runs beside the companies is added: {told} [CHG005]\n"
        f"  hint: revert it, or {way_to(merge)}\n"
    ) in done.said, done.said


def test_a_move_that_was_taken_back_is_not_held_against_the_next(clone: Repository) -> None:
    """What is published stays where it is."""
    merge = merged(clone.edit("platform.yaml", "https://kubernetes.default.svc", "https://10.9.8.7"))
    clone.git("revert", "--no-edit", merge)
    merged(clone.tenant("company-003"))

    done = clone.run("publish")

    assert done.exit == 0, done.said


def test_a_budget_that_nobody_approved_lets_nothing_through(clone: Repository) -> None:
    """Raised, used and put back between two publications: the merge that used it is held."""
    raised = merged(clone.edit("platform.yaml", "budget: {tenants: 1}", "budget: {tenants: 100}"))
    merge = merged(for_everybody(clone))
    clone.git("revert", "--no-edit", raised)
    merged(clone)

    refused(clone.run("publish"), merge, way_to(merge))


def on_deploy(clone: Repository, message: str, files: dict[str, str]) -> None:
    """Push a commit to the branch of generated files, as whoever may push there can."""
    clone.git("fetch", "--quiet", "origin")
    clone.git("switch", "--quiet", "--detach", "origin/deploy")
    for file, text in files.items():
        clone.write(file, text)
    clone.git("add", "--all", "--force")
    clone.git("commit", "--quiet", "--allow-empty", "--message", message)
    clone.git("push", "--quiet", "origin", "HEAD:deploy")
    clone.git("switch", "--quiet", "main")


def test_a_forged_trailer_hides_no_merge(clone: Repository) -> None:
    """What is published is known by its content, and that is what it was before."""
    merge = merged(for_everybody(clone))
    on_deploy(clone, f"Publish company-001\n\nTenantry-Source: {merge}", {})

    refused(clone.run("publish"), merge, way_to(merge))


def test_forged_sources_beside_old_files_hide_no_merge(clone: Repository) -> None:
    """The generated files are not what these sources give, so nothing counts as published."""
    merge = merged(for_everybody(clone))
    sources = {"platform.yaml": clone.read("platform.yaml")}
    on_deploy(clone, f"Publish company-001\n\nTenantry-Source: {merge}", sources)

    refused(clone.run("publish"), merge, way_to(merge))


def test_a_trailer_that_names_nothing_hides_no_merge(clone: Repository) -> None:
    """And keeps nobody from publishing what is inside the budget."""
    on_deploy(clone, f"Publish company-001\n\nTenantry-Source: {'ab' * 20}", {})
    merged(clone.tenant("company-003"))
    inside = clone.run("publish")
    on_deploy(clone, f"Publish company-001\n\nTenantry-Source: {'ab' * 20}", {})
    merge = merged(for_everybody(clone))

    assert inside.exit == 0, inside.said
    refused(clone.run("publish"), merge, way_to(merge), "it touches 3 tenants, 1 are allowed")


def test_a_trailer_in_the_message_of_a_merge_hides_nothing(committed: Repository) -> None:
    """Whoever words a merge could name the one before it."""
    merge = merged(for_everybody(committed))
    merged(committed.write("notes.txt", "something\n"), f"Add notes\n\nTenantry-Source: {merge}")

    refused(committed.run("publish"), merge, way_to(merge))


def test_a_merge_that_looks_like_a_publication_hides_nothing(committed: Repository) -> None:
    """It brings generated files alone and names its parent, and yet most of them are missing."""
    merge = merged(for_everybody(committed))
    first, *others = committed.generate().git("diff", "--name-only").split()
    assert first == "argocd/shards/s00/applicationset.yaml", "which holds neither of the two"
    committed.git("restore", *others)
    merged(committed, f"Publish company-001\n\nTenantry-Source: {merge}")

    refused(committed.run("publish"), merge, way_to(merge))


def test_what_was_approved_passes_where_main_holds_what_is_generated(committed: Repository) -> None:
    """And once it is published, it is looked at no more."""
    for_everybody(committed)
    file, text = approval(committed)
    committed.git("stash", "--quiet")
    merged(committed.write(file, text), "Approve a change")
    committed.git("stash", "pop", "--quiet")
    merged(committed)

    done = committed.run("publish")

    assert done.exit == 0, done.said
    assert committed.run("publish").stderr.endswith("nothing pushed to main: everything is current\n")
