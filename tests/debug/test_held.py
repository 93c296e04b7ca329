"""A company that does not get a release: debug says what holds it, and the step that it names lets it go on."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.harness import Ran, Repository

NOON: Final = "2026-11-0{}T12:00:00Z"
RINGS: Final = """\
rings:
- {name: pilot, release: "1"}
- {name: general, release: "1", batch: 50}
"""
# the turn of the first is before 50, that of the second behind it
EARLY, LATE, WINDOWED, PINNED = "company-048", "company-047", "company-049", "company-050"
WINDOW: Final = {"days": ["sun"], "from": "02:00", "for": "3h", "timeZone": "Asia/Tokyo"}
PIN: Final = {"release": "1", "until": "2099-01-31", "reason": "an audit"}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Two releases; every ring is on the first."""
    here = Repository(tmp_path_factory.mktemp("held") / "repository")
    text = here.read("platform.yaml")
    here.write("platform.yaml", re.sub(r"rings: .*\n- \{name: general.*\n", RINGS, text))
    here.tenant("pilot-1", ring="pilot").tenant(EARLY).tenant(LATE)
    here.tenant(WINDOWED, maintenance=WINDOW).tenant(PINNED, pin=PIN)
    for number in (1, 2):
        (here.root / "base/releases").mkdir(exist_ok=True)
        subprocess.run(
            ["cp", "-r", str(here.root / "base/edge"), str(here.root / f"base/releases/{number}")], check=True
        )
    return here


@pytest.fixture
def here(start: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A copy of it, and a kubectl for which all is well."""
    subprocess.run(["cp", "-r", str(start.root), str(tmp_path / "here")], check=True)
    programs = tmp_path / "programs"
    programs.mkdir()
    application: dict[str, Any] = {"kind": "Application", "spec": {}, "status": {}}
    answer = f"""case $* in *applications*) echo '{json.dumps(application)}';; *) echo '{{"items": []}}';; esac"""
    (programs / "kubectl").write_text(f"#!/bin/sh\n{answer}\n")
    (programs / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return Repository(tmp_path / "here")


def held(here: Repository, name: str, today: str = "2026-11-02") -> list[tuple[str, str]]:
    """Return what holds a company, each with its next step; whatever it is, nothing is wrong."""
    done = here.run("debug", name, "--today", today)
    assert done.exit == 0, done.said
    assert "\nnothing that is known by name is wrong\n" in done.stdout
    return re.findall(r"^promotion held: (.*)\n  next: (.*)$", done.stdout, re.MULTILINE)


def typed(here: Repository, step: str, *more: str) -> Ran:
    """Run a step that debug named, up to its explanation."""
    _, *arguments = shlex.split(step.partition(", while")[0])
    done = here.run(*arguments, *more)
    assert done.exit == 0, done.said
    return done


def test_nobody_is_held_while_nothing_moves(here: Repository) -> None:
    """Nor who has what its ring goes to."""
    assert [held(here, name) for name in ("pilot-1", EARLY, LATE, WINDOWED, PINNED)] == [[]] * 5


def test_a_company_waits_for_its_window_and_another_for_its_batch(here: Repository) -> None:
    """The steps are taken: the verb moves the one in its window, and the other with the next batch."""
    assert here.run("promote", "general", "2", "--reason", "a test", "--now", NOON.format(2)).exit == 0

    assert held(here, EARLY) == []
    ((fact, step),) = held(here, WINDOWED)
    assert (fact, step) == (
        "ring general moves to release 2, and it waits for its maintenance window",
        "tenantry promote --due, while its window is open: sun 02:00 for 3 h, Asia/Tokyo",
    )
    typed(here, step, "--now", "2026-11-07T17:00:00Z")
    assert held(here, WINDOWED) == []
    ((fact, step),) = held(here, LATE)
    assert (fact, step) == ("ring general moves to release 2 in batches, 50 % of it so far", "tenantry promote general")
    typed(here, step, "--reason", "a test", "--now", NOON.format(8))
    assert held(here, LATE) == []


def test_a_freeze_holds_whoever_has_not_moved(here: Repository) -> None:
    """Amid a move, and behind a ring that is further; it goes when it is lifted, or its last day has passed."""
    assert here.run("promote", "pilot", "2", "--now", NOON.format(2)).exit == 0
    assert held(here, LATE) == []
    assert here.run("promote", "--stop", "--reason", "the disk is full", "--now", NOON.format(2)).exit == 0

    assert held(here, "pilot-1") == []
    ((fact, step),) = held(here, LATE)
    assert (fact, step) == (
        "no release moves until further notice: the disk is full",
        "let it go on when all is well: tenantry promote --go",
    )
    typed(here, step.partition(": ")[2])
    assert held(here, LATE) == []
    freeze = 'freezes: [{from: "2026-11-02", until: "2026-11-03", reason: all rest}]'
    here.write("platform.yaml", f"{here.read('platform.yaml')}{freeze}\n")
    assert held(here, LATE, "2026-11-03") == [("no release moves until 2026-11-03: all rest", "wait")]
    assert held(here, LATE, "2026-11-04") == []


def test_a_pinned_company_is_held_by_its_pin(here: Repository) -> None:
    """Until it is taken out."""
    assert here.run("promote", "general", "2", "--reason", "a test", "--now", NOON.format(2)).exit == 0

    ((fact, step),) = held(here, PINNED)

    assert fact == "it is pinned to release 1 until 2099-01-31: an audit"
    typed(here, step)
    assert not [fact for fact, _ in held(here, PINNED) if "pinned" in fact]
