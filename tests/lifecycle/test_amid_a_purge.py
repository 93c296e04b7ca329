"""What else is changed while a company is purged: nothing deletes it early, leaves it behind, or hides its return."""

import re

import pytest

from generator.fleet.states import ACTIVE, DELETING, PURGING, RETIRED
from tests.harness import Repository
from tests.lifecycle.test_life import AFTER, KEYS, LAST, NAME, PURGES, check, company, to

pytestmark = pytest.mark.slow

PAUSED = {"paused": {"until": "2027-02-01", "reason": "a look at it"}}


def lands(repository: Repository) -> None:
    """Merge the change."""
    repository.git("switch", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "--no-edit", "change")
    repository.git("branch", "--quiet", "--delete", "change")


def other_shards(repository: Repository) -> str:
    """Write another number of shards, and return what it was."""
    platform = repository.read("platform.yaml")
    number = re.search(r"shards: ([0-9]+)", platform)
    assert number is not None
    repository.write("platform.yaml", platform.replace(number[0], "shards: 7"))
    return number[1]


@pytest.mark.parametrize("state", [PURGING, DELETING])
def test_the_shards_stay_while_a_company_is_purged(repository: Repository, state: str) -> None:
    """Another set would take its Application over, and the one before would delete it; the exit passes."""
    company(repository, state)
    platform = repository.read("platform.yaml")
    was = other_shards(repository)

    said = check(repository)
    repository.write("platform.yaml", platform).generate()
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "back")

    fact = f"argocd.shards: {was} becomes 7, while purges are under way: Argo CD would delete {NAME} by it"
    assert [one for one in said if "[STA" in one] == [f"{fact} [STA016]"]
    assert repository.run("check", "--base", "main", "--today", AFTER).exit == 0


def test_the_shards_stay_where_the_purge_begins_with_them(repository: Repository) -> None:
    """Which of two edits of one change comes first, nobody knows."""
    company(repository, "retiring")
    other_shards(repository)
    repository.tenant(NAME, state=PURGING, **PURGES)

    assert any("[STA016]" in one for one in check(repository))


def test_the_shards_change_where_nobody_is_purged(repository: Repository) -> None:
    """The Application of a company that may still fetch its files carries no finalizer."""
    company(repository, "retiring")
    other_shards(repository)

    assert not any("[STA" in one for one in check(repository))


def test_a_company_that_is_paused_is_not_deleted(repository: Repository) -> None:
    """Whoever looked, Argo CD has synced nothing of it; once the pause has ended by a change of its own, it passes."""
    company(repository, PURGING)
    repository.tenant(NAME, state=PURGING, **PURGES, **PAUSED).generate()
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "pause")

    refused = to(repository, DELETING, "--confirmed-by", "ops")
    at_once = to(repository, DELETING, "paused.until=", "paused.reason=", "--confirmed-by", "ops")
    repository.tenant(NAME, state=DELETING, **KEYS[DELETING])
    said = check(repository)

    end = f"tenantry set {NAME} paused.until= paused.reason="
    assert (refused.exit, at_once.exit) == (1, 1)
    assert (
        refused.stderr
        == at_once.stderr
        == (
            f"error: {NAME} is paused until 2027-02-01, so Argo CD has not taken its guards out\n"
            f"  hint: end the pause, merge that and wait: {end}\n"
        )
    )
    assert said == [f"{NAME} is paused until 2027-02-01, so it still has its guards [STA017]"]
    repository.git("switch", "--quiet", "main")
    repository.git("branch", "--quiet", "--delete", "--force", "change")
    assert repository.run(*end.split()[1:]).exit == 0
    assert check(repository) == []
    lands(repository)
    assert to(repository, DELETING, "--confirmed-by", "ops").exit == 0
    assert check(repository) == []


@pytest.mark.parametrize("state", [ACTIVE, "suspended", "retiring"])
def test_a_company_whose_deletion_had_begun_comes_back_with_an_approval(repository: Repository, state: str) -> None:
    """Back to purging for what was left behind, and on to deleting; to anything else only if somebody says so."""
    company(repository, DELETING)
    repository.tenant(NAME, state=PURGING, **PURGES)
    assert check(repository) == []
    lands(repository)
    repository.tenant(NAME, **({} if state == ACTIVE else {"state": state, **KEYS[state]}))

    said = check(repository)
    approved = repository.run("check", "--base", "main", "--today", AFTER, "--approve", "the volume was kept")

    fact = f"{NAME} is to come back, although its deletion had begun: its volume may be a new one"
    assert said == [f"{fact} [STA011]"]
    assert approved.exit == 0, approved.said


def test_a_deletion_that_is_repeated_needs_no_approval(repository: Repository) -> None:
    """It was approved, and goes on; what the way back makes is told."""
    company(repository, DELETING)
    repository.tenant(NAME, state=PURGING, **PURGES)
    assert check(repository) == []
    told = repository.run("check", "--base", "main", "--today", AFTER).stdout
    lands(repository)
    repository.tenant(NAME, state=DELETING, **KEYS[DELETING])

    assert "Argo CD makes the Application again, and empty what of the company is gone already; what stays:" in told
    assert check(repository) == []


def test_an_earlier_deletion_does_not_follow_a_company(repository: Repository) -> None:
    """One that came back and is purged again can change its mind as any other."""
    company(repository, DELETING)
    for state in (PURGING, "retiring", PURGING):
        company(repository, state)
    repository.tenant(NAME)

    assert check(repository) == []


def test_whether_an_approval_has_counted_is_not_guessed(repository: Repository) -> None:
    """A clone that lacks the purge before cannot know that its approval was used up, and says so."""
    platform = re.sub(r"\n *purgesPerDay:.*|purgesPerDay: [0-9]+,? *", "", repository.read("platform.yaml"))
    repository.write("platform.yaml", platform)
    for state in ("retiring", PURGING, "retiring"):
        company(repository, state)
    for number in range(3):
        repository.git("commit", "--quiet", "--allow-empty", "--message", str(number))
    repository.tenant(NAME, state=PURGING, **PURGES)
    assert any("[STA014]" in one for one in check(repository))
    clone = repository.root.parent / "shallow"
    address = repository.root.as_uri()
    repository.git("clone", "--quiet", "--depth=3", "--branch=change", "--no-single-branch", address, str(clone))

    done = Repository(clone).run("check", "--base", "origin/main", "--today", AFTER)

    assert done.exit == 4
    assert done.stderr == (
        "error: this clone is shallow, and whether a company was purged before stands in its history\n"
        "  hint: fetch all history: git fetch --unshallow; in CI, fetch-depth: 0\n"
    )


# --- days


@pytest.mark.parametrize(
    ("before", "keys", "said", "exit_"),
    [
        (
            ACTIVE,
            {"state": "retiring", "retireOn": LAST},
            f"the last day of {NAME} would be {LAST}, which is over",
            f"retireOn={AFTER}",
        ),
        (
            "retiring",
            {"state": "retiring", "retireOn": "2026-12-30"},
            f"{NAME} was told that its files are there until {LAST}, not 2026-12-30",
            f"retireOn={LAST}",
        ),
        (
            PURGING,
            {"state": "retiring", "retireOn": "2026-12-30"},
            f"{NAME} was told that its files are there until {LAST}, not 2026-12-30",
            f"retireOn={LAST}",
        ),
    ],
)
def test_people_get_the_days_that_they_were_told(
    repository: Repository, before: str, keys: dict[str, str], said: str, exit_: str
) -> None:
    """The command that is named passes, and so does the change as it is, once somebody has approved it."""
    company(repository, before)
    repository.tenant(NAME, **keys)

    refused = check(repository)
    done = repository.run("check", "--base", "main", "--today", AFTER)
    approved = repository.run("check", "--base", "main", "--today", AFTER, "--approve", "they asked for it")
    command = re.search(rf"tenantry set {NAME} {re.escape(exit_)} ", done.stdout)

    assert refused == [f"{said} [STA018]"]
    assert command is not None
    assert approved.exit == 0, approved.said
    assert repository.run("set", NAME, exit_).exit == 0
    repository.generate().git("add", "tenants", "overlays", "argocd")
    repository.git("commit", "--quiet", "--message", "exit")
    assert repository.run("check", "--base", "main", "--today", AFTER).exit == 0


def test_a_later_day_is_nobodys_loss(repository: Repository) -> None:
    """Whoever leaves gets more time without an approval."""
    company(repository, "retiring")
    repository.tenant(NAME, state="retiring", retireOn="2027-06-30")

    assert check(repository) == []


@pytest.mark.parametrize(
    ("state", "confirmed", "said"),
    [
        (DELETING, {"synced": {"by": "ops", "date": LAST}}, f"confirmed.synced is of {LAST}, and retireOn is {LAST}"),
        (
            RETIRED,
            {"synced": {"by": "ops", "date": AFTER}, "gone": {"by": "ops", "date": LAST}},
            f"confirmed.gone is of {LAST}, and confirmed.synced is {AFTER}",
        ),
    ],
)
def test_nobody_confirms_a_step_before_it_could_begin(
    repository: Repository, state: str, confirmed: dict[str, dict[str, str]], said: str
) -> None:
    """A confirmation that was written by hand, or is of an earlier purge, counts for none."""
    repository.tenant(NAME, state=state, **{**KEYS[state], "confirmed": confirmed})

    done = repository.run("validate")

    assert done.exit == 1
    assert f"error: {said}: nobody can have seen it then [TEN030]" in done.said
