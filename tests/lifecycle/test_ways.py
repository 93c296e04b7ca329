"""Golden cases of a company's life: each way, each two states without one, and each thing that a way demands.

The rows are those of the table of states; each company is called by its way. `tests/cases/life/` holds what was said.
"""

import difflib
import itertools
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from generator.fleet.states import ACTIVE, DELETING, PURGING, STATES, WAYS, Way, way
from tests.harness import ROOT, Repository
from tests.lifecycle.test_life import AFTER, KEYS, LAST

CASES: Final = ROOT / "tests/cases/life"
WITNESS: Final = ("--confirmed-by", "ops")
GIVEN: Final = {"retiring": (f"retireOn={LAST}",), PURGING: ("backup=s3://backups/1",)}
"""What `set` is given with a state, where the file has it not yet."""


def keys(state: str) -> dict[str, Any]:
    """Return the keys of a tenant file in a state."""
    return {} if state == ACTIVE else {"state": state, **KEYS[state]}


def start(repository: Repository, states: dict[str, str]) -> Repository:
    """Commit a company in each of these states, by name, and one that stays."""
    for name, state in states.items():
        repository.tenant(name, addons=["chatbot"], **keys(state))
    repository.tenant("stays").generate().git("init", "--quiet", "--initial-branch=main")
    repository.git("config", "user.name", "Ops")
    repository.git("config", "user.email", "ops@example.com")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "start")
    repository.git("switch", "--quiet", "--create", "change")
    return repository


def checked(repository: Repository) -> str:
    """Commit the change, and return what `diff` and `check` say of it, without ids of commits."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "change")
    said = ""
    for verb in (("diff", "main", "HEAD"), ("check", "--base", "main", "--today", AFTER)):
        done = repository.run(*verb)
        told = done.stdout or done.stderr
        if verb[0] == "diff":  # what becomes of each object, without the lines that differ: those are others' to hold
            told = "\n\n".join(part for part in told.split("\n\n") if not part.startswith(" ")) + "\n"
        said += f"$ tenantry {' '.join(verb)}\n{told}exit {done.exit}\n\n"
    return re.sub(r"\b(?:[0-9a-f]{40}|[0-9a-f]{10})\b", "COMMIT", said)


def hold(name: str, text: str, *, update: bool) -> None:
    """Compare with the golden file."""
    golden = CASES / name
    if update:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    expected = golden.read_text(encoding="utf-8")
    unlike = "".join(difflib.unified_diff(expected.splitlines(True), text.splitlines(True), "expected", "actual"))
    assert not unlike, f"{unlike}\nif this is right: pytest --update-golden"


def set_(repository: Repository, name: str, *arguments: str, day: str = AFTER) -> tuple[str, bool]:
    """Return a command with what it said and what it made of the file, and whether it passed."""
    file = f"tenants/{name}.yaml"
    before = repository.read(file)
    done = repository.run("set", name, *arguments, "--today", day)
    after = repository.read(file)
    lines = list(difflib.unified_diff(before.splitlines(True), after.splitlines(True), n=0))[2:]
    edit = "".join(line for line in lines if not line.startswith("@@"))
    on = "" if day == AFTER else f"  # on {day}"
    said = f"$ tenantry set {name} {' '.join(arguments)}{on}\n{done.stdout}{done.stderr}{edit}exit {done.exit}\n\n"
    return re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", said), done.exit == 0


def arguments_of(step: Way) -> tuple[str, ...]:
    """Return what `set` is given for a way, with all that it demands."""
    given = GIVEN.get(step.after, ()) if step.before != DELETING else ()
    return (f"state={step.after}", *given, *(WITNESS if step.confirmed else ()))


def called(before: str, after: str) -> str:
    """Name a company by its way."""
    return f"{before}-to-{after}"


@pytest.mark.slow
def test_each_way_is_taken(repository: Repository, update_golden: bool) -> None:
    """What `set` writes, what `diff` says Argo CD does to each object, and what `check` says of all of it."""
    start(repository, {called(step.before, step.after): step.before for step in WAYS})
    said, passed = zip(
        *(set_(repository, called(step.before, step.after), *arguments_of(step)) for step in WAYS), strict=True
    )
    repository.generate()

    assert all(passed)
    hold("ways.txt", "".join(said) + checked(repository), update=update_golden)


@pytest.mark.slow
def test_no_other_two_states_have_a_way(repository: Repository, update_golden: bool) -> None:
    """`set` refuses with the ways that there are, and so does `check` where somebody edits the file by hand."""
    pairs = [pair for pair in itertools.permutations(STATES, 2) if way(*pair) is None]
    start(repository, {called(*pair): pair[0] for pair in pairs})
    said, passed = zip(*(set_(repository, called(*pair), f"state={pair[1]}", *WITNESS) for pair in pairs), strict=True)
    for before, after in pairs:
        repository.tenant(called(before, after), addons=["chatbot"], **keys(after))
    repository.generate()
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "change")
    done = repository.run("check", "--base", "main", "--today", AFTER)
    refused = "".join(line for line in _findings(done.stdout) if "[STA010]" in line)

    assert not any(passed)
    assert refused.count("[STA010]") == len(pairs)
    hold("no-ways.txt", "".join(said) + refused, update=update_golden)


def _findings(text: str) -> Iterator[str]:
    """Yield each finding with its hint."""
    yield from re.findall(r"^\S.*\n(?:  hint: .*\n)?", text, re.MULTILINE)


_SEEN: Final = "seen, or confirmed by somebody"
LACKS: Final[dict[str, tuple[str, ...]]] = {
    "platform.yaml has an unavailablePage": ("no page",),
    "retireOn is given": ("state",),
    "retireOn has passed": ("state", "backup", "early"),
    "backup is given": ("state",),
    "there is no hold": ("state", "backup", "hold"),
    "an approval stands before the change": ("approval",),
    f"the Application is Synced without the guards and with its finalizer: {_SEEN}": ("state",),
    f"the Application and the namespace are gone: {_SEEN}": ("state",),
}
"""What is done where a demand is not met: what `set` is given, and what else is so."""


def golden_of(clause: str) -> str:
    """Return the file of a demand."""
    return f"without--{re.sub('[^a-z]+', '-', clause.lower()).strip('-')}.txt"


def demands() -> list[tuple[Way, str]]:
    """Return each thing that a way demands, as the table has it."""
    return [(step, clause) for step in WAYS for clause in step.guard.split("; ") if clause]


def test_each_demand_of_the_table_is_known() -> None:
    """A new demand has no case, and an old one that has gone is not a promise any more."""
    assert {clause for _, clause in demands()} == set(LACKS)


@pytest.mark.parametrize("clause", LACKS)
def test_what_a_way_demands_is_refused_without_it(repository: Repository, clause: str, update_golden: bool) -> None:
    """And passes with it, by `set`; what an approval lifts, `check` says."""
    steps = [step for step, one in demands() if one == clause]
    start(repository, {called(step.before, step.after): step.before for step in steps})
    lacks, said = LACKS[clause], ""
    platform = repository.read("platform.yaml")
    if "no page" in lacks:
        repository.write("platform.yaml", re.sub(r"unavailablePage:.*\n", "", platform))
    for step in steps:
        name = called(step.before, step.after)
        if "hold" in lacks:
            assert set_(repository, name, "hold.reason=case 17", "hold.since=2026-11-26")[1]
        if "approval" in lacks:
            said += set_(repository, name, *arguments_of(step))[0]
            continue
        given = (f"state={step.after}", *(GIVEN[PURGING] if "backup" in lacks else ()))
        text, passed = set_(repository, name, *given, day=LAST if "early" in lacks else AFTER)
        said += text
        assert not passed
        repository.write("platform.yaml", platform)
        if "hold" in lacks:
            assert set_(repository, name, "hold.reason=", "hold.since=")[1]
        text, passed = set_(repository, name, *arguments_of(step))
        said += text
        assert passed, text
    if "approval" in lacks:
        repository.generate().git("add", "--all")
        repository.git("commit", "--quiet", "--message", "change")
        checked_ = repository.run("check", "--base", "main", "--today", AFTER)
        errors = "".join(line for line in _findings(checked_.stdout) if ": error: " in line)
        said += re.sub(r"\b[0-9a-f]{10}\b", "COMMIT", errors)
        assert errors.count("[STA011]") == len(steps)
        approved = repository.run("check", "--base", "main", "--today", AFTER, "--approve", "they left")
        assert approved.exit == 0, approved.said
    hold(golden_of(clause), said, update=update_golden)


def test_no_golden_file_is_left_over() -> None:
    """Each belongs to a test of this module."""
    assert {path.name for path in CASES.iterdir()} == {"ways.txt", "no-ways.txt", *map(golden_of, LACKS)}
