"""check of a change that edits single companies looks at these, and says what it says when it looks at everything."""

from collections.abc import Callable
from typing import Final

import pytest

from generator import layout
from generator.git.snapshot import Snapshot
from generator.git.trees import Touched
from generator.review import check
from generator.review.part import part_of
from generator.review.verify import verify
from tests.harness import Ran, Repository

FLEET: Final = 24
Edit = Callable[[Repository], object]


@pytest.fixture(scope="module")
def of_a_fleet(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """More companies than a sample has, on main; one has a host of its own."""
    made = Repository(tmp_path_factory.mktemp("fleet") / "repository")
    for number in range(FLEET):
        made.tenant(f"company-{number:03}", plan=("bronze", "silver")[number % 2])
    made.tenant("company-020", hosts=["files.customers.example.net"])
    made.generate()
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "start")
    return made


def _checked(made: Repository, edit: Edit, *, generate: bool = True) -> Ran:
    """Check a change on a branch of its own; everything is as before afterwards."""
    made.git("switch", "--quiet", "--force-create", "change", "main")
    edit(made)
    if generate:
        made.run("generate")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--allow-empty", "--message", "change")
    try:
        return made.run("check", "--base", "main", "--today", "2026-11-27")
    finally:
        made.git("switch", "--quiet", "main")


EDITS: Final[dict[str, tuple[Edit, bool]]] = {
    "new": (lambda made: made.tenant("company-new"), True),
    "larger plan": (lambda made: made.tenant("company-003", plan="gold"), True),
    "smaller plan": (lambda made: made.tenant("company-003", plan="bronze"), True),
    "suspended": (lambda made: made.tenant("company-003", state="suspended"), True),
    "moved": (lambda made: made.git("mv", "tenants/company-003.yaml", "tenants/sold.yaml"), True),
    "into a folder": (
        lambda made: made.remove("tenants/company-004.yaml").write(
            "tenants/more/company-004.yaml", "name: company-004\nplan: bronze\n"
        ),
        True,
    ),
    "removed": (lambda made: made.remove("tenants/company-003.yaml"), False),
    "a host of another": (lambda made: made.tenant("company-003", hosts=["files.customers.example.net"]), True),
    "the standard host of a new one": (
        lambda made: made.tenant("company-003", hosts=["company-new.files.example.com"]).tenant("company-new"),
        True,
    ),
    "a name twice": (lambda made: made.write("tenants/x.yaml", "name: company-020\nplan: gold\n"), False),
    "stale": (lambda made: made.tenant("company-003", plan="gold"), False),
    "edited by hand": (
        lambda made: made.edit("overlays/company-003/facts.yaml", 'maxReplicas: "16"', 'maxReplicas: "17"'),
        False,
    ),
    "an entry too much": (lambda made: made.write("argocd/shards/s00/tenants/nobody.yaml", "a: b\n"), False),
    "a file too much": (lambda made: made.write("overlays/company-003/more.yaml", "a: b\n"), False),
    "notes": (lambda made: made.write("NOTES.md", "nothing\n"), False),
}


EVERY_TIME: Final = ("new", "a host of another", "edited by hand")


@pytest.mark.parametrize(
    "name", [name if name in EVERY_TIME else pytest.param(name, marks=pytest.mark.nightly) for name in EDITS]
)
def test_a_part_says_what_everything_says(of_a_fleet: Repository, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right and wrong changes of single companies, each looked at in part and as a whole."""
    edit, generate = EDITS[name]
    in_part = _checked(of_a_fleet, edit, generate=generate)
    monkeypatch.setattr(check, "part_of", lambda *_: None)
    whole = _checked(of_a_fleet, edit, generate=generate)
    assert in_part == whole


def test_what_was_generated_for_others_is_not_read(of_a_fleet: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the companies that a change does not reach, the generated files of ten are looked at."""
    taken: list[Snapshot] = []

    def seen(snapshot: Snapshot, *others: object, **more: object) -> object:
        taken.append(snapshot)
        return verify(snapshot, *others, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("generator.review.check.verify", seen)
    assert _checked(of_a_fleet, EDITS["new"][0]).exit == 0
    (snapshot,) = taken
    owners = {layout.tenant_of(file) for file in snapshot.held} - {None}
    assert "company-new" in owners
    assert len(owners) == 11
    assert {layout.tenant_of(file) for file in snapshot.left_out}.isdisjoint(owners)


@pytest.mark.slow
def test_a_company_that_main_lost_is_told_beside_any_change(
    of_a_fleet: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tenant file went by itself, and what was generated for it stayed: nothing of it is in any sample."""
    made = of_a_fleet
    made.git("rm", "--quiet", "tenants/company-007.yaml")
    made.git("commit", "--quiet", "--message", "lose one")
    in_part = _checked(made, EDITS["new"][0])
    monkeypatch.setattr(check, "part_of", lambda *_: None)
    whole = _checked(made, EDITS["new"][0])
    made.git("reset", "--quiet", "--hard", "HEAD~1")
    assert in_part == whole
    assert "company-007" in in_part.said


@pytest.mark.slow
def test_what_is_wrong_in_the_sample_on_main_is_told_and_stops_nobody(of_a_fleet: Repository) -> None:
    """A part that is not well sends the check to everything, which knows what main has as well."""
    made = of_a_fleet
    made.git("switch", "--quiet", "main")
    for number in range(FLEET):
        made.write(f"overlays/company-{number:03}/more.yaml", "a: b\n")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "break")
    done = _checked(made, EDITS["new"][0])
    made.git("reset", "--quiet", "--hard", "HEAD~1")
    assert done.exit == 0, done.said
    assert "more.yaml" in done.said
    assert " on main\n" in done.said


@pytest.mark.parametrize(
    "path",
    [
        "platform.yaml",
        "base/edge/core/kustomization.yaml",
        "argocd/platform/argocd.yaml",
        "argocd/root.yaml",
        "argocd/apps/s00.yaml",
        "argocd/shards/s00/applicationset.yaml",
        "tenants/tenant.schema.json",
        "tenants/no such company.yaml",
        ".tenantry/package.txt",
        ".gitattributes",
        "docs/.gitattributes",
    ],
)
def test_what_companies_share_has_no_part(path: str) -> None:
    """Whoever edits that may reach everybody."""
    assert part_of([Touched("tenants/a.yaml", "", "1"), Touched(path, "1", "2")], "0" * 64) is None


def test_a_part_is_whose_files_differ() -> None:
    """A company's own file and those generated for it, whichever of them; approvals and notes are nobody's."""
    paths = (
        "tenants/x/a.yaml",
        "overlays/b/facts.yaml",
        "argocd/shards/s01/projects/c.yaml",
        "approvals/0.yaml",
        "a.md",
    )
    part = part_of([Touched(path, "1", "2") for path in paths], "0" * 64)
    assert part is not None
    assert part.names == {"a", "b", "c"}
