"""What companies had and when, over real commits: a year against a table written by hand, and a feed read in pieces."""

import csv
import io
import json
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.history import forms
from generator.history.events import Commit, Event, behind, events
from tests.harness import Repository, environment

ANN: Final = "Ann <ann@example.com>"
BOB: Final = "Bob <bob@example.com>"


def commit(repository: Repository, day: str, message: str, *, author: str = ANN, more: tuple[str, ...] = ()) -> None:
    """Commit all that stands there at a moment, such as `2026-03-10T09:00:00Z`."""
    git(repository, day, "add", "--all")
    git(repository, day, "commit", "--quiet", "--allow-empty", "--message", message, *more, author=author)


def git(repository: Repository, day: str, *arguments: str, author: str = ANN) -> None:
    """Run git at a moment, as somebody."""
    name, _, address = author.removesuffix(">").partition(" <")
    who = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": address, "GIT_AUTHOR_DATE": day, "GIT_COMMITTER_DATE": day}
    subprocess.run(["git", *arguments], cwd=repository.root, env=environment() | who, check=True, capture_output=True)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A year of three companies: a branch that waits for months, a revert, a removal, a move and a file with errors."""
    here = Repository(tmp_path_factory.mktemp("year") / "repository")
    here.git("init", "--quiet", "--initial-branch=main")
    here.tenant("alpha", plan="bronze").tenant("beta", plan="silver", addons=["chatbot"])
    commit(here, "2026-01-10T09:00:00Z", "Start")

    here.git("switch", "--quiet", "--create", "old")
    here.tenant("alpha", plan="bronze", addons=["chatbot"])
    commit(here, "2026-01-20T09:00:00Z", "Give alpha a chatbot", author=BOB)
    here.git("switch", "--quiet", "main")

    here.tenant("beta", plan="gold", addons=["chatbot"])
    commit(here, "2026-03-15T09:00:00Z", "Upgrade beta\n\nApproved-by: Carol <carol@example.com>")
    git(here, "2026-03-18T09:00:00Z", "revert", "--no-edit", "HEAD")

    git(here, "2026-06-30T22:30:00Z", "merge", "--quiet", "--no-ff", "--message", "Merge the chatbot", "old")
    here.write("tenants/alpha.yaml", "plan: [\n")
    commit(here, "2026-07-05T09:00:00Z", "Break alpha")
    here.tenant("alpha", plan="silver", addons=["chatbot"], storage="300Gi")
    commit(here, "2026-07-20T09:00:00Z", "Mend alpha, on Silver")
    here.git("mv", "tenants/alpha.yaml", "tenants/first.tmp")
    (here.root / "tenants/large").mkdir()
    here.git("mv", "tenants/first.tmp", "tenants/large/alpha.yaml")
    commit(here, "2026-08-01T09:00:00Z", "Move alpha")
    here.tenant("gamma", plan="bronze")
    commit(here, "2026-09-01T00:00:00Z", "Add gamma")
    here.remove("tenants/gamma.yaml")
    commit(here, "2026-09-11T12:00:00Z", "Remove gamma")
    here.tenant("delta", plan="gold", expires="2026-11-30")
    commit(here, "2026-10-01T09:00:00Z", "Let delta try Gold")
    here.tenant("delta", plan="gold", expires="2026-12-15", ring="pilot")
    commit(here, "2026-10-05T09:00:00Z", "Give delta more time, on pilot")
    kept = {"plan": "gold", "since": "2026-10-20"}
    here.tenant("delta", plan="bronze", storage="500Gi", quotaFrom=kept, ring="staged")
    commit(here, "2026-10-20T09:00:00Z", "Sell Bronze to delta, and move it on")
    here.tenant("delta", plan="bronze", storage="500Gi")
    commit(here, "2026-10-25T09:00:00Z", "Complete delta's change, on the last ring")
    commit(here, "2026-12-31T23:00:00Z", "Nothing")
    return here


def read(repository: Repository, *arguments: str) -> list[dict[str, Any]]:
    """Return what the verb prints as lines of JSON."""
    done = repository.run("history", "--format", "jsonl", *arguments)
    assert done.exit == 0, done.said
    return [json.loads(line) for line in done.stdout.splitlines()]


BY_HAND: Final = """\
2026-01-10T09:00:00Z alpha added  >
2026-01-10T09:00:00Z alpha plan  > bronze
2026-01-10T09:00:00Z alpha state  > active
2026-01-10T09:00:00Z beta added  >
2026-01-10T09:00:00Z beta plan  > silver
2026-01-10T09:00:00Z beta state  > active
2026-01-10T09:00:00Z beta addon  > chatbot
2026-03-15T09:00:00Z beta plan silver > gold
2026-03-18T09:00:00Z beta plan gold > silver
2026-06-30T22:30:00Z alpha addon  > chatbot
2026-07-20T09:00:00Z alpha plan bronze > silver
2026-07-20T09:00:00Z alpha storage  > 300Gi
2026-09-01T00:00:00Z gamma added  >
2026-09-01T00:00:00Z gamma plan  > bronze
2026-09-01T00:00:00Z gamma state  > active
2026-09-11T12:00:00Z gamma plan bronze >
2026-09-11T12:00:00Z gamma state active >
2026-09-11T12:00:00Z gamma removed  >
2026-10-01T09:00:00Z delta added  >
2026-10-01T09:00:00Z delta plan  > gold
2026-10-01T09:00:00Z delta state  > active
2026-10-01T09:00:00Z delta expires  > 2026-11-30
2026-10-05T09:00:00Z delta expires 2026-11-30 > 2026-12-15
2026-10-05T09:00:00Z delta ring  > pilot
2026-10-20T09:00:00Z delta plan gold > bronze
2026-10-20T09:00:00Z delta quotaFrom  > plan=gold,since=2026-10-20
2026-10-20T09:00:00Z delta expires 2026-12-15 >
2026-10-20T09:00:00Z delta ring pilot > staged
2026-10-20T09:00:00Z delta storage  > 500Gi
2026-10-25T09:00:00Z delta quotaFrom plan=gold,since=2026-10-20 >
2026-10-25T09:00:00Z delta ring staged >
"""


def test_the_events_of_a_year_are_those_written_by_hand(year: Repository) -> None:
    """In the order of main: a branch of January counts from its merge in June, a move and a broken file are nothing."""
    rows = read(year)

    lines = [f"{row['time']} {row['company']} {row['what']} {row['before']} > {row['after']}".rstrip() for row in rows]
    assert "\n".join(lines) + "\n" == BY_HAND


def test_each_event_says_who_wrote_and_who_approved_it(year: Repository) -> None:
    """A trailer, or who merged the change of somebody else; else git does not tell. A revert names its target."""
    plans = [row for row in read(year, "beta") if row["what"] == "plan"]
    merged = next(row for row in read(year, "alpha") if row["after"] == "chatbot")

    assert [(row["author"], row["approver"]) for row in plans] == [
        (ANN, "not in git"),
        (ANN, "Carol <carol@example.com>"),
        (ANN, "not in git"),
    ]
    assert plans[2]["reverts"] == plans[1]["commit"]
    assert (merged["author"], merged["approver"]) == (BOB, ANN)
    assert merged["commit"] == year.git("rev-parse", ":/Merge the chatbot").strip()


MONTHS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    # 10 January counts, because the day ends with the company there
    ("2026-01", "UTC"): ("alpha plan bronze 22", "beta plan silver 22", "beta addon chatbot 22"),
    ("2026-02", "UTC"): ("alpha plan bronze 28", "beta plan silver 28", "beta addon chatbot 28"),
    # gold at the end of the 15th, 16th and 17th
    ("2026-03", "UTC"): ("alpha plan bronze 31", "beta plan gold 3", "beta plan silver 28", "beta addon chatbot 31"),
    # 22:30 in UTC is 00:30 of the next day in Berlin
    ("2026-06", "UTC"): (
        "alpha plan bronze 30",
        "alpha addon chatbot 1",
        "beta plan silver 30",
        "beta addon chatbot 30",
    ),
    ("2026-06", "Europe/Berlin"): ("alpha plan bronze 30", "beta plan silver 30", "beta addon chatbot 30"),
    # what was broken from the 5th on goes on as it was, until the 20th
    ("2026-07", "UTC"): (
        *("alpha plan bronze 19", "alpha plan silver 12", "alpha addon chatbot 31"),
        *("beta plan silver 31", "beta addon chatbot 31"),
    ),
    # ten days, and the eleventh ends without it
    ("2026-09", "UTC"): (
        *("alpha plan silver 30", "alpha addon chatbot 30", "beta plan silver 30", "beta addon chatbot 30"),
        "gamma plan bronze 10",
    ),
    # the smaller plan counts from the day on which the change began, not from that of its second step
    ("2026-10", "UTC"): (
        *("alpha plan silver 31", "alpha addon chatbot 31", "beta plan silver 31", "beta addon chatbot 31"),
        *("delta plan bronze 12", "delta plan gold 19"),
    ),
    ("2025-12", "UTC"): (),
}


@pytest.mark.parametrize(("month", "zone"), MONTHS)
def test_the_days_of_a_month_are_those_counted_by_hand(year: Repository, month: str, zone: str) -> None:
    """A day counts for what holds when it ends, where it ends."""
    rows = read(year, "--month", month, "--time-zone", zone, "--today", "2027-01-01")

    assert tuple(f"{row['company']} {row['what']} {row['name']} {row['days']}" for row in rows) == MONTHS[month, zone]
    assert {(row["month"], row["timeZone"], row["state"]) for row in rows} <= {(month, zone, "active")}


def test_a_day_that_is_not_over_does_not_count(year: Repository) -> None:
    """On 10 February nine days of February are over."""
    rows = read(year, "alpha", "--month", "2026-02", "--today", "2026-02-10")

    assert [(row["days"], row["of"]) for row in rows] == [(9, 28)]


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_the_feed_in_pieces_is_the_feed_at_once(year: Repository, limit: int) -> None:
    """Each piece is asked for by the id of the last event that was read."""
    pieces: list[dict[str, Any]] = []
    while piece := read(year, "--limit", str(limit), *(("--after", pieces[-1]["id"]) if pieces else ())):
        pieces += piece

    assert pieces == read(year)
    assert len({row["id"] for row in pieces}) == len(pieces)


TENANTS: Final = st.fixed_dictionaries(
    {"plan": st.sampled_from(["bronze", "silver", "gold"])},
    optional={
        "state": st.sampled_from(["active", "suspended"]),
        "ring": st.sampled_from(["pilot", "staged"]),
        "expires": st.sampled_from(["2026-11-30", "2026-12-15"]),
        "quotaFrom": st.fixed_dictionaries({"plan": st.just("gold"), "since": st.just("2026-11-01")}),
        "addons": st.lists(st.sampled_from(["chatbot", "search"]), unique=True),
    },
)
CHANGES: Final = st.dictionaries(
    st.sampled_from(["tenants/alpha.yaml", "tenants/beta.yaml"]), st.none() | TENANTS | st.just({"plan": ["broken"]})
)


@given(st.lists(st.tuples(CHANGES, st.lists(st.integers(1, 4), max_size=3)), max_size=12))
def test_a_feed_that_is_read_while_it_grows_is_the_feed_at_once(line: list[Any]) -> None:
    """Whatever comes with a commit, and whenever somebody reads on, in pieces of whatever size."""
    commits: list[Commit] = []
    read_on: list[Event] = []
    for number, (files, sizes) in enumerate(line):
        time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
        one = Commit(id=f"{number:040x}", time=time, author=ANN, message="x", is_merge=False, files=files, authors={})
        commits.append(one)
        for most in sizes:
            read_on += behind(events(commits), read_on[-1].id if read_on else None, most)
    read_on += behind(events(commits), read_on[-1].id if read_on else None)

    assert read_on == list(events(commits))
    assert len({event.id for event in read_on}) == len(read_on)


def test_what_was_read_stays_as_it_was(year: Repository, tmp_path: Path) -> None:
    """A later revert and the merge of a branch older than all that was read add events, and change none."""
    subprocess.run(["cp", "-r", str(year.root), str(tmp_path / "later")], check=True)
    later = Repository(tmp_path / "later")
    read_before = read(later)
    later.git("switch", "--quiet", "--create", "older", ":/Start")
    later.tenant("omikron", plan="gold")
    commit(later, "2026-01-11T09:00:00Z", "Add omikron", author=BOB)
    later.git("switch", "--quiet", "main")
    git(later, "2027-01-05T09:00:00Z", "merge", "--quiet", "--no-ff", "--message", "Merge omikron", "older")
    git(later, "2027-01-06T09:00:00Z", "revert", "--no-edit", "-m", "1", "HEAD")

    now = read(later)

    assert now[: len(read_before)] == read_before
    assert read(later, "--after", read_before[-1]["id"]) == now[len(read_before) :]
    assert [(row["company"], row["what"], row["time"][:10]) for row in now[len(read_before) :]] == [
        ("omikron", "added", "2027-01-05"),
        ("omikron", "plan", "2027-01-05"),
        ("omikron", "state", "2027-01-05"),
        ("omikron", "plan", "2027-01-06"),
        ("omikron", "state", "2027-01-06"),
        ("omikron", "removed", "2027-01-06"),
    ]


def test_csv_has_a_heading(year: Repository) -> None:
    """The keys of the lines of JSON, in their order."""
    done = year.run("history", "gamma", "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows[0]) == list(read(year)[0])
    assert [row["what"] for row in rows] == ["added", "plan", "state", "plan", "state", "removed"]


def test_csv_holds_no_formula() -> None:
    """A text that a spreadsheet would compute is kept from it."""
    assert forms.as_csv([{"author": "=1+1", "days": -1}], ("author", "days")) == "author,days\r\n'=1+1,-1\r\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("omega",), 1, "error: git knows no company 'omega'\n  hint: tenantry list shows those that are there\n"),
        (
            ("--after", "abc"),
            1,
            (
                "error: no event of this branch has the id 'abc': its history was written again, or it is of another"
                " one\n  hint: read all events, without --after, and compare them with what was read\n"
            ),
        ),
    ],
)
def test_what_cannot_be_answered_is_told(year: Repository, arguments: tuple[str, ...], code: int, said: str) -> None:
    """With a way out."""
    done = year.run("history", *arguments)

    assert (done.exit, done.stderr) == (code, said)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--month", "2026-13"),
        ("--month", "November"),
        ("--month", "2026-11", "--time-zone", "Mars/Olympus"),
        ("--month", "2026-11", "--limit", "1"),
    ],
)
def test_bad_use_is_a_usage_error(year: Repository, arguments: tuple[str, ...]) -> None:
    """The exit code is 2."""
    assert year.run("history", *arguments).exit == 2


def test_a_shallow_clone_is_refused(year: Repository, tmp_path: Path) -> None:
    """What companies had stands in the history that it has not."""
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", f"file://{year.root}", str(tmp_path / "clone")],
        check=True,
        env=environment(),
    )

    done = Repository(tmp_path / "clone").run("history")

    assert done.exit == 4
    assert "this clone is shallow, and what companies had stands in its history" in done.stderr


def test_a_cursor_is_of_the_feed_whoever_is_asked_for(year: Repository) -> None:
    """The last event that was read may be another company's."""
    every = read(year)
    cursor = next(row["id"] for row in every if row["company"] == "beta")

    behind_it = every[[row["id"] for row in every].index(cursor) + 1 :]
    assert read(year, "delta", "--after", cursor) == [row for row in behind_it if row["company"] == "delta"]
    assert read(year, "delta", "--after", cursor, "--limit", "1") == read(year, "delta", "--limit", "1")


def test_a_day_is_over_where_it_ends(year: Repository) -> None:
    """Between the first and the last place on earth there are 25 hours, so today is never the same day there."""
    for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        today = datetime.now(ZoneInfo(name)).date()
        rows = read(year, "alpha", "--month", f"{today:%Y-%m}", "--time-zone", name)

        assert {row["days"] for row in rows if row["what"] == "plan"} == ({today.day - 1} if today.day > 1 else set())


def test_an_add_on_that_is_sold_no_more_stays_in_history(year: Repository, tmp_path: Path) -> None:
    """Also where it was a key of its own in an earlier layout: what was read once stays as it was."""
    subprocess.run(["cp", "-r", str(year.root), str(tmp_path / "later")], check=True)
    later = Repository(tmp_path / "later")
    later.tenant("epsilon", plan="gold", chatbot=True, search=False)
    commit(later, "2027-01-05T09:00:00Z", "Add epsilon")
    later.tenant("epsilon", plan="gold", addons=["chatbot"])
    commit(later, "2027-01-06T09:00:00Z", "Bring epsilon up to today's layout")
    before = read(later, "epsilon")

    later.edit("platform.yaml", "\naddons:\n  chatbot:", "\naddons:\n  robot:")

    assert read(later, "epsilon") == before
    assert [(row["what"], row["after"]) for row in before][-1] == ("addon", "chatbot")
    assert {row["time"][:10] for row in before} == {"2027-01-05"}


BY_SOMEBODY: Final = b"""\
tree %s
parent %s
author \xe9\x1b[31m =Eve <eve@example.com> 1798761600 +0000
committer Eve <eve@example.com> %s

Say what must not be said

Reviewed-by : \x1b[2Jnobody\r\xff
"""


@pytest.mark.parametrize(
    "seconds", [b"999999999999999 +0000", b"9" * 30 + b" +0000", b"1798761600 +9900", b"soon", b"-99999999999999 +0000"]
)
def test_whatever_was_committed_once_is_read_for_ever(year: Repository, tmp_path: Path, seconds: bytes) -> None:
    """Nothing takes it out again: dates that are none, bytes that are no text, files that are no company's."""
    subprocess.run(["cp", "-r", str(year.root), str(tmp_path / "later")], check=True)
    later = Repository(tmp_path / "later")
    before = read(later)
    (later.root / os.fsdecode(b"tenants/b\xff.yaml")).write_text("name: b\nplan: gold\n")
    later.write("tenants/=1+1.yaml", "name: x\nplan: gold\n")
    later.write("tenants/broken.yaml", "name: broken\nplan: gold\naddons: chatbot\n")
    later.write("tenants/eve.yaml", 'name: eve\nplan: "a\\eb"\npin: {reason: "two\\nlines"}\n')
    later.git("add", "--all")
    ids = (later.git(*arguments).strip().encode() for arguments in (("write-tree",), ("rev-parse", "HEAD")))
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        cwd=later.root,
        input=BY_SOMEBODY % (*ids, seconds),
        env=environment(),
        check=True,
        capture_output=True,
    ).stdout.decode()
    later.git("reset", "--quiet", "--hard", made.strip())

    now = read(later)

    assert now[: len(before)] == before
    assert [(row["company"], row["what"], row["after"]) for row in now[len(before) :]] == [
        ("eve", "added", ""),
        ("eve", "plan", "a\N{REPLACEMENT CHARACTER}b"),
        ("eve", "state", "active"),
        ("eve", "pin", "reason=two\N{REPLACEMENT CHARACTER}lines"),
    ]
    assert {row["author"] for row in now[len(before) :]} == {"\ufffd\ufffd[31m =Eve <eve@example.com>"}
    assert {row["approver"] for row in now[len(before) :]} == {"\ufffd[2Jnobody\ufffd\ufffd"}
    assert all(row["time"] >= before[-1]["time"] for row in now[len(before) :])
    assert later.run("history", "--month", "2026-12", "--format", "csv").exit == 0
    assert later.run("history").exit == 0
