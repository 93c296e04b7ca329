"""tools/compare_versions.py: what it takes for a difference between two versions, and that a real one shows."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness import ROOT, environment
from tools.compare_versions import differences, situations

FOUND = {
    "rule": "SEC001",
    "severity": "error",
    "file": "base/x.yaml",
    "line": 3,
    "column": 1,
    "object": "Pod/a/b",
    "fact": "it is so",
    "hint": "change it",
}


def outcome(*findings: dict[str, Any], code: int = 1, files: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what a worker says of a run of `verify` with these findings."""
    said = {"command": "verify", "exit": code, "out": json.dumps({"findings": findings}), "talk": "1 error"}
    return {"said": [said], "files": files or {}}


def refusal(line: str) -> dict[str, Any]:
    """Return what a worker says of a run of `generate` that was refused with a line of talk."""
    return {"said": [{"command": "generate", "exit": 1, "out": "", "talk": f"{line}\n  hint: no\n"}], "files": {}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (outcome(FOUND), outcome(FOUND), []),
        (outcome(FOUND), outcome(FOUND | {"fact": "it is otherwise", "hint": ""}), []),
        (outcome(FOUND), outcome(), ["verify: no longer: SEC001 error base/x.yaml:3:1 Pod/a/b"]),
        (outcome(FOUND), outcome(FOUND, FOUND), ["verify: only now: SEC001 error base/x.yaml:3:1 Pod/a/b"]),
        (
            outcome(FOUND),
            outcome(FOUND | {"line": 4}),
            [
                "verify: no longer: SEC001 error base/x.yaml:3:1 Pod/a/b",
                "verify: only now: SEC001 error base/x.yaml:4:1 Pod/a/b",
            ],
        ),
        (outcome(code=0), outcome(code=4), ["verify: ended with 0, now with 4: 1 error"]),
        (outcome(files={"a": "1"}), outcome(files={"a": "2", "b": "1"}), ["a has other bytes", "b has other bytes"]),
        (refusal("a.yaml:1:2: error: b [TEN001]"), refusal("a.yaml:1:2: error: c [TEN001]"), []),
        (
            refusal("a.yaml:1:2: error: b [TEN001]"),
            refusal("a.yaml:1:2: warning: b [TEN001]"),
            ["generate: no longer: TEN001 error a.yaml:1:2", "generate: only now: TEN001 warning a.yaml:1:2"],
        ),
    ],
    ids=[
        "the-same",
        "other-words",
        "one-less",
        "one-twice",
        "another-place",
        "another-end",
        "other-bytes",
        "other-words-of-a-refusal",
        "another-weight-of-a-refusal",
    ],
)
def test_what_is_a_difference(old: dict[str, Any], new: dict[str, Any], expected: list[str]) -> None:
    """Rule, weight, place and object of each finding, how a command ends, and every byte; words are none."""
    assert list(differences(old, new, words=False)) == expected


def test_of_a_difference_its_data_count_and_its_sentences_do_not() -> None:
    """What `diff` says of the cluster is made of the groups, which are compared."""
    old, again, other = (
        {
            "said": [{"command": "diff main", "exit": 0, "out": json.dumps(out), "talk": ""}],
            "files": {},
        }
        for out in (
            {"effects": ["restarts it"], "groups": [1]},
            {"effects": ["starts it again"], "groups": [1]},
            {"effects": ["restarts it"], "groups": [2]},
        )
    )

    assert list(differences(old, again, words=False)) == []
    assert len(list(differences(old, again, words=True))) == 1
    assert list(differences(old, other, words=False)) == ["diff main: prints other data, 2 lines of it: -    1 +    2"]


def test_words_are_a_difference_for_who_asks() -> None:
    """--words shows what a change of words has changed."""
    said = list(differences(outcome(FOUND), outcome(FOUND | {"fact": "it is otherwise"}), words=True))

    assert said == [
        "verify: no longer: SEC001 error base/x.yaml:3:1 Pod/a/b it is so change it",
        "verify: only now: SEC001 error base/x.yaml:3:1 Pod/a/b it is otherwise change it",
    ]


def test_every_golden_case_and_escape_is_a_situation() -> None:
    """What is added to the negative corpus is compared without a word here."""
    names = {situation.name for situation in situations(10, None)}

    cases = ROOT / "tests" / "cases"
    assert {f"case {path.parent.name}" for path in cases.glob("*/given")} <= names
    assert {f"escape {path.stem}" for path in cases.glob("escapes/*.yaml")} <= names
    assert {f"change {path.parent.name}" for path in cases.glob("diff/*/expected")} <= names


@pytest.mark.slow
def test_a_version_that_finds_less_is_found_out(tmp_path: Path) -> None:
    """A checkout in which an error became a warning, against the commit before."""
    for part in ("generator", "base", "tenants", "overlays", "argocd", "platform.yaml", "tests", "tools"):
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, tmp_path / part)
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "before"]):
        subprocess.run(["git", *command], cwd=tmp_path, env=environment(), check=True)
    rule = tmp_path / "generator" / "rules" / "syncing.py"
    text = rule.read_text(encoding="utf-8")
    place = text.index('    "ARG009",\n')
    rule.write_text(f"{text[:place]}{text[place:].replace('per=', 'severity=Severity.WARNING, per=', 1)}")

    command = [sys.executable, "tools/compare_versions.py", "HEAD", "--only", "escape a-namespace-without-its-guard"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), check=False, capture_output=True, text=True)

    assert done.returncode == 1, done.stderr
    place_of = "base/guard/core/namespace.yaml"
    assert (
        f"escape a-namespace-without-its-guard: verify --format json: only now: ARG009 warning {place_of}"
        in done.stdout
    )
    assert (
        f"escape a-namespace-without-its-guard: verify --format json: no longer: ARG009 error {place_of}" in done.stdout
    )
