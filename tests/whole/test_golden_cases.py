"""The golden cases: folders of what is given and what is expected, byte by byte.

`given/` is laid over a repository without tenants. `expected/` holds every file that the run made or changed; where
it must refuse, `expected/findings.txt` holds the command, what it found and its exit code, and no file may change.
The command is `tenantry generate`, unless findings.txt begins with another one. (What a verb prints on stdout counts; a
verb that has no data to print says its findings on stderr.)
"""

import difflib
import re
import shutil
from pathlib import Path

import pytest

from generator.rules.every import RULES
from tests.harness import ROOT, Repository

CASES = ROOT / "tests" / "cases"
FOLDERS = sorted(path.parent for path in CASES.glob("*/given"))
SAID = "findings.txt"
COMPARES_TWO_COMMITS = {"TEN011", "TEN012", "TEN019", "TEN020"}
"""Rules of `check`, which a case that is one folder cannot break."""


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: str(case.name))
def test_what_is_given_leads_to_what_is_expected(case: Path, repository: Repository, update_golden: bool) -> None:
    """A case is a folder named by its sentence."""
    shutil.copytree(case / "given", repository.root, symlinks=True, dirs_exist_ok=True)
    expected = _files_in(case / "expected")

    actual = _outcome(repository, _command(expected))

    if update_golden:
        _replace(case / "expected", actual)
    assert not (difference := _difference(expected, actual)), f"{difference}\nif this is right: pytest --update-golden"


def _files_in(folder: Path) -> dict[str, str]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _command(expected: dict[str, str]) -> list[str]:
    first = re.match(r"\$ tenantry (.*)\n", expected.get(SAID, ""))
    return first[1].split() if first else ["generate"]


def _outcome(repository: Repository, command: list[str]) -> dict[str, str]:
    before = repository.files()
    done = repository.run(*command)
    after = repository.files()
    if not done.exit:
        assert before.keys() <= after.keys()
        return {file: after[file].decode() for file in after if after[file] != before.get(file)}
    assert after == before, "a run that refuses writes nothing"
    return {SAID: f"$ tenantry {' '.join(command)}\n{done.stdout or done.stderr}exit {done.exit}\n"}


def _difference(expected: dict[str, str], actual: dict[str, str]) -> str:
    lines: list[str] = []
    for file in sorted(expected.keys() | actual.keys()):
        old, new = (files.get(file, "").splitlines(keepends=True) for files in (expected, actual))
        lines += difflib.unified_diff(old, new, f"expected/{file}", f"actual/{file}")
    return "".join(lines)


def _replace(folder: Path, files: dict[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")


def test_every_rule_of_the_input_is_read_whole_in_a_case() -> None:
    """A message that no test reads goes stale without anybody seeing it."""
    said = "".join(path.read_text(encoding="utf-8") for path in CASES.glob(f"*/expected/{SAID}"))

    of_the_input = {rule for rule in RULES if rule.startswith(("TEN", "PLT", "GEN"))} - COMPARES_TWO_COMMITS
    unread = {rule for rule in of_the_input if f"[{rule}]" not in said}

    assert unread == set()


def test_a_rule_that_is_named_is_in_the_catalog() -> None:
    """A case that names a rule which has gone would be read as a promise."""
    said = "".join(path.read_text(encoding="utf-8") for path in CASES.glob(f"*/expected/{SAID}"))

    assert set(re.findall(r"\[([A-Z]{3}[0-9]{3})\]", said)) <= set(RULES)
