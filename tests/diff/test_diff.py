"""diff on real repositories: which states it compares, and that it touches none."""

import contextlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from generator.diff.compare import compare
from generator.diff.formats import show
from tests.diff.committed import Committed
from tests.harness import Repository


@pytest.fixture
def committed(tmp_path: Path) -> Committed:
    """A small repository with one commit on main."""
    return Committed(tmp_path / "repository")


def test_without_names_it_compares_the_work_tree_with_where_the_branch_began(committed: Committed) -> None:
    """What came to main meanwhile is no change of the branch."""
    start = committed.git("rev-parse", "HEAD").strip()
    committed.git("switch", "--quiet", "--create", "change")
    committed.tenant("company-001", plan="silver")
    committed.commit("change")
    committed.git("switch", "--quiet", "main")
    committed.tenant("company-002", plan="silver")
    committed.commit("meanwhile")
    committed.git("switch", "--quiet", "change")
    committed.tenant("company-003", plan="silver")

    done = committed.run("diff")

    assert done.exit == 0, done.said
    assert done.stdout.startswith(f"{start[:10]} to the work tree: 2 of 6 tenants change\n")
    assert "syncs the Application of company-001 and company-003" in done.stdout


def test_the_remote_s_main_branch_is_taken_before_the_own_one(committed: Committed) -> None:
    """The own main may be old, or ahead with what nobody has seen."""
    start = committed.git("rev-parse", "HEAD").strip()
    committed.git("update-ref", "refs/remotes/origin/main", start)
    committed.tenant("company-001", plan="silver")
    committed.commit("change")

    assert committed.run("diff").stdout.startswith(f"{start[:10]} to the work tree: 1 of 6 tenants changes\n")


@pytest.mark.slow
def test_two_commits_are_compared_whatever_the_work_tree_holds(committed: Committed) -> None:
    """Also the other way round, and with a work tree that cannot be read."""
    start = committed.git("rev-parse", "HEAD").strip()
    committed.tenant("company-001", plan="silver")
    change = committed.commit("change")
    committed.write("platform.yaml", "{")

    there = committed.run("diff", start, change)
    back = committed.run("diff", change, start)

    assert '    - "bronze"\n    + "silver"\n' in there.stdout
    assert '    - "silver"\n    + "bronze"\n' in back.stdout
    assert "the API server refuses another spec.resources.requests.storage" in back.stdout


def test_a_branch_is_compared_with_where_it_began_while_another_is_checked_out(committed: Committed) -> None:
    """HEAD alone cannot be given, so BASE is named; a merge base is for the default."""
    committed.git("switch", "--quiet", "--create", "change")
    committed.tenant("company-001", plan="silver")
    committed.commit("change")
    committed.git("switch", "--quiet", "main")

    assert "1 of 6 tenants changes" in committed.run("diff", "main", "change").stdout


@pytest.mark.parametrize("publishing", ["committed", "branch"])
def test_no_file_and_no_index_is_touched(committed: Committed, publishing: str) -> None:
    """In both ways of publishing: with generated files in the tree, and without."""
    if publishing == "committed":
        committed.generate()
    committed.edit("platform.yaml", "branch: main", f"branch: main, publishing: {publishing}")
    committed.commit("start")
    committed.tenant("company-001", plan="silver").tenant("company-101", plan="silver")
    committed.git("add", "tenants/company-101.yaml")
    files, status = committed.files(), committed.git("status", "--porcelain")

    assert committed.run("diff").exit == 0
    assert (committed.files(), committed.git("status", "--porcelain")) == (files, status)


def test_generated_files_that_are_stale_do_not_matter(committed: Committed) -> None:
    """It tells what the sources give; whether the generated files are that is for check to say."""
    committed.generate().commit("generated")
    committed.write("overlays/company-001/facts.yaml", committed.read("overlays/company-002/facts.yaml"))

    assert committed.run("diff").stdout.endswith(" to the work tree: no change\n")


def test_what_does_not_reach_a_render_is_no_change(committed: Committed) -> None:
    """A comment, another folder for a tenant file, a page of documentation."""
    committed.write("tenants/eu/company-001.yaml", "# moved\n" + committed.read("tenants/company-001.yaml"))
    committed.remove("tenants/company-001.yaml").write("docs/page.md", "text\n")

    assert committed.run("diff").stdout.endswith(" to the work tree: no change\n")


def test_a_state_with_errors_is_named(committed: Committed) -> None:
    """The place of the first error and the way to all of them."""
    committed.tenant("company-001", plan="iron")

    done = committed.run("diff")

    assert done.exit == 1
    assert done.stderr == (
        "error: the work tree has errors and cannot be rendered: tenants/company-001.yaml:2:7: "
        "plan: 'iron' is not one of bronze, silver [TEN006]\n"
        "  hint: fix them first: `tenantry validate` names them all\n"
    )


def test_a_base_that_kustomize_refuses_is_named(committed: Committed) -> None:
    """With the state in which it does not build."""
    committed.edit("base/guard/components/facts/kustomization.yaml", "spec.storage", "spec.addons.chatbot.minReplicas")

    done = committed.run("diff")

    assert done.exit == 1
    assert "the work tree: overlays/company-001/kustomization.yaml cannot be rendered: " in done.stderr


def test_a_name_that_git_does_not_know_is_named(committed: Committed) -> None:
    """That is the environment, not the input."""
    done = committed.run("diff", "nowhere")

    assert (done.exit, done.stderr) == (
        4,
        "error: there is no commit 'nowhere' here\n  hint: name another commit, or fetch it\n",
    )


@pytest.mark.slow
def test_the_forms_are_those_of_the_library(committed: Committed) -> None:
    """The verb prints and adds nothing."""
    committed.tenant("company-001", plan="silver")
    difference = compare(committed.root, "HEAD")

    for form in ("text", "markdown", "json", "html"):
        assert committed.run("diff", "--format", form).stdout == show(difference, form)


@pytest.mark.parametrize(("settings", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colour_unless_it_wants_none(
    committed: Committed, settings: dict[str, str], coloured: bool
) -> None:
    """A pipe never does: the forms above are without."""
    committed.tenant("company-001", plan="silver")
    reader, terminal = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | settings

    command = [sys.executable, "-m", "generator", "-C", str(committed.root), "diff"]
    with subprocess.Popen(command, stdout=terminal, env=environment):
        os.close(terminal)
        said = _all_of(reader)

    assert ('\x1b[32m    + "silver"\x1b[0m' in said) is coloured
    assert ("\x1b" in said) is coloured


def _all_of(reader: int) -> str:
    said = b""
    with contextlib.suppress(OSError):  # how a terminal ends on Linux
        while chunk := os.read(reader, 4096):
            said += chunk
    os.close(reader)
    return said.decode()


# --- the fleet that this repository is made for


TENANTS = 500


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Committed:
    """This checkout's platform.yaml and base/ with 500 tenants of three plans, every third with the add-on."""
    folder = tmp_path_factory.mktemp("fleet")
    repository = Repository(folder / "given")
    for number in range(TENANTS):
        plan = ("bronze", "silver", "gold")[number % 3]
        repository.tenant(f"tenant-{number:03}", plan=plan, addons=["chatbot"] * (number % 4 == 0))
    return Committed(folder / "repository", folder / "given")


@pytest.mark.slow
def test_a_change_of_base_over_500_tenants_is_one_short_comment(fleet: Committed) -> None:
    """Complete, and told once."""
    file = "base/edge/core/fileserver.yaml"
    fleet.edit(file, "terminationGracePeriodSeconds: 125\n", "terminationGracePeriodSeconds: 126\n")

    comment = show(compare(fleet.root, "HEAD"), "markdown")
    fleet.git("restore", ".")

    assert len(comment) < 5000
    assert "- restarts the pods of `Deployment/fileserver` in all 500 tenants\n" in comment
    assert comment.count("spec.template.spec.terminationGracePeriodSeconds") == 1


@pytest.mark.slow
def test_claims_and_namespaces_that_leave_500_tenants_are_the_first_line(fleet: Committed) -> None:
    """Before the title, in each form, with their number."""
    fleet.edit("base/guard/core/kustomization.yaml", "- claims.yaml\n", "")
    documents = fleet.read("base/guard/core/namespace.yaml").split("\n---\n")
    others = [text for text in documents if "kind: Namespace\n" not in text]
    assert len(others) == len(documents) - 1
    fleet.write("base/guard/core/namespace.yaml", "\n---\n".join(others) + "\n")

    difference = compare(fleet.root, "HEAD")
    fleet.git("restore", ".")

    said = "Namespace/<tenant> and PersistentVolumeClaim/files of all 500 tenants in git"
    assert show(difference, "text").startswith(f"Argo CD no longer finds {said}: Prune=false keeps what is there")
    assert show(difference, "markdown").startswith("**Argo CD no longer finds `Namespace/<tenant>` and `Persist")
    assert len(show(difference, "markdown")) < 5000
    assert json.loads(show(difference, "json"))["grave"][0].startswith(f"no longer finds {said}")
