"""Errors that are on main already stop nobody who brings no new one, and hide nothing that a change brings."""

import json
import shutil
from pathlib import Path

import pytest

from generator.findings.finding import Finding, Place
from generator.findings.table import finding
from generator.review.verdict import marked
from tests.harness import Ran, Repository

pytestmark = pytest.mark.slow

BROKEN = "name: company-002\nplan: platinum\n"
OLD = "tenants/company-002.yaml:2:7: error (already on main): plan: 'platinum' is not one of bronze, silver, gold"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two companies on main, generated and committed, and a branch for the change."""
    made = Repository(tmp_path_factory.mktemp("template") / "repository")
    made.tenant("company-001").tenant("company-002", plan="silver")
    made.generate().git("init", "--quiet", "--initial-branch=main")
    commit(made, "start")
    made.git("switch", "--quiet", "--create", "change")
    return made.root


@pytest.fixture
def made(template: Path, tmp_path: Path) -> Repository:
    """A copy of it for one test."""
    shutil.copytree(template, tmp_path / "repository", symlinks=True)
    return Repository(tmp_path / "repository")


def commit(made: Repository, message: str = "change") -> None:
    """Commit what stands in the work tree."""
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", message)


def forced(made: Repository) -> None:
    """Let main be what stands in the work tree, whatever anybody says of it."""
    commit(made, "forced")
    made.git("branch", "--force", "main")


def generated(made: Repository) -> None:
    """Commit the change with what is generated from it, while main holds a file that keeps generate from running."""
    made.write("tenants/company-002.yaml", "name: company-002\nplan: silver\n").generate()
    made.write("tenants/company-002.yaml", BROKEN)
    commit(made)


def checked(made: Repository, *options: str) -> Ran:
    """Check the change against main."""
    return made.run("check", "--base", "main", *options)


# --- what passes


def test_a_broken_file_of_another_company_stops_nobody(made: Repository) -> None:
    """The new company is judged as ever, and what is on main is shown, in every form."""
    made.write("tenants/company-002.yaml", BROKEN)
    forced(made)
    made.tenant("company-101")
    generated(made)

    done = checked(made)
    in_json = json.loads(checked(made, "--format", "json").stdout)

    assert done.exit == 0, done.said
    assert OLD in done.stdout
    assert "; the change touches 1 tenant of 2: 0 errors, 1 warning, 1 already on main\n" in done.stderr
    assert [found["rule"] for found in in_json["findings"] if found["alreadyOnMain"]] == ["TEN006"]


def test_a_change_that_takes_one_of_two_errors_away_passes(made: Repository) -> None:
    """It need not take all of them away at once."""
    made.write("tenants/company-001.yaml", "name: company-001\nplan: glod\n").write("tenants/company-002.yaml", BROKEN)
    forced(made)
    made.write("tenants/company-001.yaml", "name: company-001\nplan: bronze\n")
    commit(made)

    done = checked(made)

    assert done.exit == 0, done.said
    assert OLD in done.stdout


def test_an_error_in_base_stops_a_change_that_has_nothing_to_do_with_it_no_more(made: Repository) -> None:
    """A change that repairs half of base/ passes as well."""
    made.edit("base/edge/core/fileserver.yaml", "  minReadySeconds", "  replicas: 2\n  minReadySeconds")
    forced(made)
    made.write("docs/notes.md", "nothing of ours\n")
    commit(made)

    done = checked(made)

    assert done.exit == 0, done.said
    assert {line.split(": ")[1] for line in done.stdout.splitlines() if line.endswith("[ARG021]")} == {
        "error (already on main)"
    }


def test_a_platform_that_nobody_can_read_stops_what_is_not_read_here_no_more(made: Repository) -> None:
    """Notes and approvals pass; a company does not, because nobody can say what it becomes, until that is repaired."""
    good = made.read("platform.yaml")
    made.write("platform.yaml", f"{good}plans: {{}}\n")
    again = f"platform.yaml:{len(good.splitlines()) + 1}:1"
    forced(made)
    made.write("docs/notes.md", "nothing of ours\n")
    commit(made)
    notes = checked(made)
    made.tenant("company-101")
    made.edit("overlays/company-002/facts.yaml", 'maxReplicas: "16"', 'maxReplicas: "30"')
    commit(made)
    company = checked(made)
    start = made.git("rev-parse", "main").strip()[:10]
    made.git("reset", "--quiet", "--hard", "main")
    made.write("platform.yaml", good)
    commit(made)
    repaired = checked(made)

    assert notes.exit == 0, notes.said
    assert company.exit == 1
    assert (
        f"tenants/company-101.yaml: error: what this change does is not known: {again} keeps it from being"
        " rendered, on main already [CHG006]\n"
        "  hint: take that error away first, by a change of its own, or have it approved: tenantry check --base main"
        " --approve REASON\n"
    ) in company.stdout
    assert (
        "overlays/company-002/facts.yaml: error: this file cannot be compared with what it comes from:"
        f" {again} has errors on main [GEN002]\n"
        f"  hint: take its change back: git restore --source={start} --staged --worktree"
        " overlays/company-002/facts.yaml\n"
    ) in company.stdout
    assert repaired.exit == 0, repaired.said


# --- what does not


def test_a_new_error_beside_an_old_one_is_refused(made: Repository) -> None:
    """Each is told for what it is."""
    made.write("tenants/company-002.yaml", BROKEN)
    forced(made)
    made.write("tenants/company-101.yaml", "name: company-101\nplan: diamond\n")
    commit(made)

    done = checked(made)

    assert done.exit == 1
    assert OLD in done.stdout
    assert "tenants/company-101.yaml:2:7: error: plan: 'diamond' is not one of bronze, silver, gold" in done.stdout


def test_a_second_edit_by_hand_does_not_hide_behind_the_first(made: Repository) -> None:
    """Argo CD would apply it, and what is said of such a file is only that it is not as it should be."""
    made.edit("overlays/company-001/facts.yaml", 'maxReplicas: "4"', 'maxReplicas: "3"')
    forced(made)
    made.edit("overlays/company-001/facts.yaml", 'maxReplicas: "3"', 'maxReplicas: "30"')
    commit(made)

    done = checked(made)
    commit(made.generate())

    assert done.exit == 1
    assert "overlays/company-001/facts.yaml: error: this file is not what the tenant files give" in done.stdout
    assert checked(made).exit == 0


@pytest.mark.parametrize("lost", [False, True])
def test_what_was_generated_of_a_file_that_nobody_reads_stays_as_it_is(made: Repository, *, lost: bool) -> None:
    """Nobody can compare it with the file that it comes from; taken back, the change passes."""
    if lost:
        made.remove("tenants/company-002.yaml")
    else:
        made.write("tenants/company-002.yaml", BROKEN)
    forced(made)
    start = made.git("rev-parse", "main").strip()[:10]
    made.edit("overlays/company-002/facts.yaml", 'maxReplicas: "16"', 'maxReplicas: "30"')
    commit(made)

    done = checked(made)
    way = f"git restore --source={start} --staged --worktree overlays/company-002/facts.yaml"
    made.git(*way.split()[1:])
    made.git("commit", "--quiet", "--all", "--message", "taken back")

    assert done.exit == 1
    assert (
        "overlays/company-002/facts.yaml: error: this file cannot be compared with the tenant file of company-002,"
        f" which is lost or has errors on main [GEN002]\n  hint: take its change back: {way}\n"
    ) in done.stdout
    assert checked(made).exit == 0


def test_an_old_error_that_hits_one_company_more_is_new(made: Repository) -> None:
    """What base/ does to the company that comes is an error of the change that brings it."""
    made.edit("base/edge/core/fileserver.yaml", "  minReadySeconds", "  replicas: 2\n  minReadySeconds")
    forced(made)
    made.tenant("company-101", addons=["chatbot"]).generate()
    commit(made)

    done = checked(made)

    assert done.exit == 1, done.said
    assert ": error: Deployment/company-101/fileserver: " in done.stdout


ONE = finding("TEN006", Place("tenants/a.yaml", 3, 1), "it is so")


@pytest.mark.parametrize(
    ("now", "before", "touched", "old"),
    [
        ([ONE], [ONE], (), [True]),
        ([ONE], [finding("TEN006", Place("tenants/a.yaml", 9, 1), "it is so")], ("tenants/a.yaml",), [True]),
        ([ONE, finding("TEN006", Place("tenants/a.yaml", 9, 1), "it is so")], [ONE], (), [False, False]),
        ([ONE], [finding("TEN006", Place("tenants/b.yaml", 3, 1), "it is so")], (), [False]),
        ([ONE], [finding("TEN006", Place("tenants/a.yaml", 3, 1), "it is worse")], (), [False]),
        ([ONE], [finding("TEN006", Place("tenants/a.yaml", 3, 1), "it is so", obj="Pod/a")], (), [False]),
        ([ONE], [finding("TEN009", Place("tenants/a.yaml", 3, 1), "it is so")], (), [False]),
        ([finding("KUS001", Place("overlays/a/x.yaml"), "no")], [finding("KUS001", Place("overlays/a/x.yaml"), "no")],
         ("overlays/a/x.yaml",), [False]),
    ],
)  # fmt: skip
def test_an_error_is_old_when_all_that_is_said_of_it_is(
    now: list[Finding], before: list[Finding], touched: tuple[str, ...], old: list[bool]
) -> None:
    """But for its line; and not when there is one more of it, or when Argo CD reads the file that was touched."""
    assert [found.on_main for found in marked(now, before, touched)] == old


def test_a_warning_on_main_is_no_reason_to_let_an_error_pass() -> None:
    """It was weakened there, and counts in full here."""
    warned = ONE.with_severity(finding("CHG003", Place("x"), "").severity)

    assert [found.on_main for found in marked([ONE], [warned], ())] == [False]
