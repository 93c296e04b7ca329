"""A company that drops an add-on keeps its claim, until somebody lets it go with an approval."""

import re
import shlex

import pytest
import yaml

from tests.harness import ROOT, Ran, Repository
from tests.products.conftest import committed

pytestmark = pytest.mark.slow

DROPPED = "kept: [search-index]\n"


@pytest.fixture
def change(wiki: Repository) -> Repository:
    """A branch for a change; the company `archive` has both add-ons."""
    wiki.git("switch", "--quiet", "--create", "change")
    return wiki


def check(repository: Repository) -> Ran:
    """Generate, commit, and run all that a pull request must pass."""
    return committed(repository.generate()).run("check", "--base", "main")


def merged(repository: Repository) -> Repository:
    """Let main be what stands here."""
    repository.git("branch", "--force", "main", "change")
    return repository


def test_a_dropped_add_on_leaves_its_claim(change: Repository) -> None:
    """In the tenant file, in the render and in the quota; all else of it goes, and the claim's guards stay."""
    quota = next(obj for obj in change.render("archive") if obj["kind"] == "ResourceQuota")["spec"]["hard"]
    ran = change.run("set", "archive", "addons-=search")
    checked = check(change)
    verified = change.run("verify")

    assert ran.exit == 0, ran.said
    assert DROPPED in change.read("tenants/archive.yaml")
    assert checked.exit == 0, checked.said
    assert (verified.exit, verified.stdout) == (0, "")
    objects = {(obj["kind"], obj["metadata"]["name"]): obj for obj in change.render("archive")}
    claim = objects["PersistentVolumeClaim", "search-index"]
    assert claim["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert objects["ResourceQuota", "plan"]["spec"]["hard"]["requests.storage"] == quota["requests.storage"] == "520Gi"
    assert [key for key in objects if key[1].startswith("search")] == [("PersistentVolumeClaim", "search-index")]
    assert "search-index = 20Gi: volume of search, which the company had: it keeps what is in it" in change.run(
        "explain", "archive"
    ).stdout  # fmt: skip


def test_an_add_on_that_comes_back_has_its_claim_again(change: Repository) -> None:
    """The claim is no longer kept, it is had; nobody approves anything."""
    change.run("set", "archive", "addons-=search")
    merged(committed(change.generate()))
    ran = change.run("set", "archive", "addons+=search")
    checked = check(change)

    assert (ran.exit, checked.exit) == (0, 0), checked.said
    assert "approval" not in ran.stderr
    assert "kept" not in change.read("tenants/archive.yaml")
    assert "search: kept" not in checked.said


def test_an_add_on_that_is_dropped_by_hand_keeps_its_claim_as_well(change: Repository) -> None:
    """The refusal names the command, which passes."""
    change.edit("tenants/archive.yaml", "[search, mail]", "[mail]")
    refused = check(change)
    (command,) = re.findall(
        r"hint: keep it: tenantry (set archive \S+) && tenantry generate, or have it approved", refused.stdout
    )

    assert refused.exit == 1
    assert "error: the PersistentVolumeClaim search-index of an add-on is gone, with what is in it [CHG020]\n" in (
        refused.stdout
    )
    assert refused.stdout.count("CHG020") == 1
    assert change.run(*command.split()).exit == 0
    assert check(change).exit == 0


def test_a_kept_claim_goes_with_an_approval_alone(change: Repository) -> None:
    """One that stands in the merge base; the command says what is left to do by hand."""
    change.run("set", "archive", "addons-=search")
    merged(committed(change.generate()))

    ran = change.run("set", "archive", "kept-=search-index")
    refused = check(change)
    (way,) = re.findall(r"have it approved: tenantry (check .+) --approve", refused.stdout)
    change.run(*way.replace("origin/", "").split(), "--approve", "the customer wrote so")
    in_the_change = check(change)
    change.git("switch", "--quiet", "main")
    change.git("checkout", "change", "--", "approvals")
    committed(change)
    change.git("switch", "--quiet", "change")
    change.git("merge", "--quiet", "--no-edit", "main")
    approved = change.run("check", "--base", "main")

    assert ran.stderr.startswith(
        "changed tenants/archive.yaml\n"
        "  needs an approval; after the merge: kubectl -n archive delete pvc search-index\n"
    )
    assert (refused.exit, in_the_change.exit, approved.exit) == (1, 1, 0), approved.said
    assert [obj for obj in change.render("archive") if obj["metadata"]["name"] == "search-index"] == []


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ((), ("addons-=search", "kept-=search-index")),
        (("addons-=search,mail",), ("addons+=mail", "kept-=search-index")),
    ],
)
def test_a_claim_that_is_let_go_is_told_whatever_else_changes(
    wiki: Repository, before: tuple[str, ...], change: tuple[str, ...]
) -> None:
    """With the add-on itself, or while the company takes another one."""
    assert not before or wiki.run("set", "archive", *before).exit == 0

    ran = wiki.run("set", "archive", *change)

    assert ran.exit == 0, ran.said
    assert "needs an approval; after the merge: kubectl -n archive delete pvc search-index\n" in ran.stderr


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"kept": ["search-inbex"]},
            (
                "tenants/new.yaml:3:7: error: kept: no add-on of this platform has a claim 'search-inbex' [TEN006]\n"
                "  hint: did you mean 'search-index'?\n"
            ),
        ),
        (
            {"kept": ["pages"]},
            (
                "tenants/new.yaml:3:7: error: kept: no add-on of this platform has a claim 'pages' [TEN006]\n"
                "  hint: declare it in platform.yaml; or take it out: tenantry set new kept-=pages\n"
            ),
        ),
        (
            {"addons": ["search"], "kept": ["search-index"]},
            (
                "tenants/new.yaml:4:7: error: kept: search-index is the claim of search, which the company has"
                " [TEN006]\n"
                "  hint: take it out: tenantry set new kept-=search-index\n"
            ),
        ),
    ],
)
def test_only_a_claim_of_an_add_on_that_is_not_had_is_kept(
    wiki: Repository, keys: dict[str, list[str]], said: str
) -> None:
    """Each refusal names what then passes."""
    text = wiki.tenant("new", **keys).run("validate").stdout
    assert re.sub(r"new\.yaml:(\d+):\d+:", r"new.yaml:\1:7:", text) == said
    if command := re.search(r"tenantry (set .+)\n", said):
        assert wiki.run(*command[1].split()).exit == 0
        assert wiki.run("validate").exit == 0


def test_a_volume_without_a_claim_says_the_way(wiki: Repository) -> None:
    """`storage` is the size of a claim, and a claim has a size."""
    wiki.edit("platform.yaml", ", claim: search-index", "")

    assert wiki.run("validate").stdout == (
        "platform.yaml:39:3: error: addons.search: storage is the size of a claim, and `claim` does not say of which"
        " [PLT001]\n"
        "  hint: run `tenantry upgrade`, or name that of base/guard/components/search-claim: claim: NAME\n"
    )


@pytest.mark.parametrize("dropped", [False, True])
def test_the_claim_of_an_add_on_never_shrinks(change: Repository, *, dropped: bool) -> None:
    """The API server would refuse it for every company that has the add-on, or that keeps its claim."""
    if dropped:
        change.run("set", "--all", "addons-=search")
        merged(committed(change.generate()))
    change.edit("platform.yaml", "storage: 20Gi", "storage: 10Gi")

    refused = check(change)
    change.edit("platform.yaml", "storage: 10Gi", "storage: 20Gi")

    assert refused.exit == 1
    assert (
        "platform.yaml:39:95: error: the claim search-index of 2 companies has 20Gi and would shrink to 10Gi [TEN012]\n"
        "  hint: write storage: 20Gi again && tenantry generate\n"
    ) in refused.stdout
    assert check(change).exit == 0


def test_the_claim_of_an_add_on_is_as_large_as_it_is_sold(wiki: Repository) -> None:
    """Where its component does not carry the fact, it is what base/ says for everybody."""
    guard = "base/guard/components/search-claim"
    wiki.edit(f"{guard}/kustomization.yaml", "spec.resources.requests.storage", "metadata.annotations.size")
    wiki.edit(f"{guard}/claims.yaml", 'storage: "0"', "storage: 10Gi")
    wiki.edit(f"{guard}/claims.yaml", "  annotations:\n", "  annotations:\n    size: placeholder\n")

    assert (
        f"{guard}/claims.yaml:1:1: error: PersistentVolumeClaim/archive/search-index: it asks for 10Gi, and the company"
        " has 20Gi [CAP007]\n"
        "  hint: carry the fact spec.addons.search.storage to its spec.resources.requests.storage\n"
    ) in wiki.run("verify").stdout


def test_the_guide_to_dropping_an_add_on_is_right(wiki: Repository) -> None:
    """Each command that it shows, in its order; what it says of the file and of the approval is the case."""
    guide = (ROOT / "docs/guides/drop-an-add-on.md").read_text(encoding="utf-8")
    *commands, last = re.findall(r"^\$ (.+)$", guide, re.MULTILINE)
    (shown,) = re.findall(r"```yaml\n(.+?)```", guide, re.DOTALL)
    committed(wiki.tenant("company-001", plan="silver", addons=["search"]).generate())
    main = ("update-ref", "refs/remotes/origin/main", "HEAD")
    wiki.git(*main)

    ran = []
    held = refused = None
    for command in (part for line in commands for part in line.split(" && ")):
        if "kept-=" in command:
            held = wiki.read("tenants/company-001.yaml")
            committed(wiki)
            wiki.git(*main)
        if "--approve" in command:
            refused = committed(wiki).run("check", "--base", "origin/main")
        ran.append(wiki.run(*shlex.split(command)[1:]))

    assert [done.said for done in ran[:-1] if done.exit] == []
    assert held is not None
    assert refused is not None
    assert yaml.safe_load(held) == yaml.safe_load(shown)
    assert refused.exit == 1
    assert "have it approved: tenantry check --base origin/main --approve" in refused.stdout
    assert "approvals/" in ran[-1].said
    assert last in ran[3].stderr


# --- a purge

PURGED = {
    "active": (),
    "suspended": ("--today", "2026-12-01"),
    "retiring": ("retireOn=2026-12-31", "--today", "2026-12-01"),
    "purging": ("backup=s3://backups/1", "--today", "2027-01-01"),
    "deleting": ("--confirmed-by", "ops", "--today", "2027-01-02"),
    "retired": ("--confirmed-by", "ops", "--today", "2027-01-03"),
}
"""Each state of a company that leaves, with what the step to it needs."""

GUARDS = {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}
OVERLAY = "overlays/archive/kustomization.yaml"


def claims_of(repository: Repository) -> dict[str, dict[str, str]]:
    """Return the annotations of each claim of the company."""
    claims = [obj["metadata"] for obj in repository.render("archive") if obj["kind"] == "PersistentVolumeClaim"]
    return {claim["name"]: claim.get("annotations", {}) for claim in claims}


def test_a_kept_claim_is_guarded_and_let_go_as_the_main_one_in_each_step_of_a_purge(change: Repository) -> None:
    """Both stay, guarded, until the company is purged; then both lose their guards in one step, and go with it."""
    change.run("set", "archive", "addons-=search")
    overlay = ""

    for state, step in PURGED.items():
        moved = change.run("set", "archive", f"state={state}", *step) if step else None
        verified = change.generate().run("verify")

        assert [ran.said for ran in (moved, verified) if ran and ran.exit] == []
        assert DROPPED in change.read("tenants/archive.yaml")
        committed(change)
        if state == "deleting":
            assert change.read(OVERLAY) == overlay  # the entry alone goes
        elif state != "retired":
            overlay = change.read(OVERLAY)
            assert claims_of(change) == dict.fromkeys(("pages", "search-index"), {} if state == "purging" else GUARDS)
    assert "volumes that their class retains" in change.read("tenants/archive.yaml")
    assert not [path for path in change.files() if "archive" in path and not path.startswith("tenants/")]


def test_a_state_that_forgets_the_claim_of_an_add_on_is_named_before_anybody_is_purged(change: Repository) -> None:
    """A guard that names the main claim alone would leave the other one guarded, and its company orphaned."""
    purging = "base/guard/states/purging/kustomization.yaml"
    change.edit(purging, "{kind: PersistentVolumeClaim}", "{kind: PersistentVolumeClaim, name: pages}")

    refused = change.run("verify")
    change.edit(purging, "{kind: PersistentVolumeClaim, name: pages}", "{kind: PersistentVolumeClaim}")

    assert (refused.exit, refused.stdout) == (
        1,
        (
            f"{purging}: error: PersistentVolumeClaim/search-index: as purging it still has Delete=false, Prune=false:"
            " it would be left behind, orphaned [ARG009]\n  hint: take out its sync-options there\n"
        ),
    )
    assert change.run("verify").exit == 0
