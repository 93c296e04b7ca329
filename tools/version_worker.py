"""Run one version of tenantry for tools/compare_versions.py, which puts it first on PYTHONPATH and names its folder.

Each line of standard input is a task as JSON, and each line of standard output the answer.
"""

import hashlib
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner

import generator
from generator.cli import run


def main(top: str) -> None:
    """Answer every task.

    Args:
        top: The folder of the version.
    """
    assert str(generator.__file__).startswith(top), f"{generator.__file__} is not the version in {top}"
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the version prints past sys.stdout is no answer
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


def answer(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Do one task.

    Args:
        task: `folder` and `commands`: run these commands there. `case`: run the case of tests/rules with this name.
            Neither: name all cases.
    """
    if "folder" in task:
        return on_disk(Path(task["folder"]), task["commands"])
    if "case" in task:
        return in_memory(task["case"])
    return {"cases": list(rule_cases())}


def on_disk(folder: Path, commands: Sequence[Sequence[str]]) -> Mapping[str, Any]:
    """Run commands in a repository, and return how each ended, what it printed, and the files that are there then."""
    said = []
    for command in commands:
        with CliRunner().isolation() as (stdout, stderr, _):
            code = int(run(["-C", str(folder), *command]))
            texts = [stream.getvalue().decode().replace(str(folder), "HERE") for stream in (stdout, stderr)]
        said.append({"command": " ".join(command), "exit": code, "out": texts[0], "talk": texts[1]})
    return {"said": said, "files": dict(digests(folder))}


def digests(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each file but git's, with a digest of its bytes."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and inside.parts[0] != ".git":
            yield inside.as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()


def rule_cases() -> dict[str, Any]:
    """Return the cases of tests/rules by name, as the version has them."""
    return {str(case): case for case in importlib.import_module("tests.rules.test_rules").CASES}


def in_memory(name: str) -> Mapping[str, Any]:
    """Run a case of tests/rules, and return what all rules find in it.

    Where the functions for that stand, the version's own test knows.
    """
    tests = importlib.import_module("tests.rules.test_rules")
    with tempfile.TemporaryDirectory() as temporary:
        gathered = tests.gathered_for(rule_cases()[name], Path(temporary).resolve())
        findings = [_as_data(found) for found in tests.judge(gathered)]
    said = {"command": "judge", "exit": 0, "out": json.dumps({"findings": findings}), "talk": ""}
    return {"said": [said], "files": {}}


def _as_data(found: Any) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "severity": str(found.severity),
        "file": found.place.file,
        "line": found.place.line,
        "column": found.place.column,
        "object": found.object,
        "fact": found.fact,
        "hint": found.hint,
    }


if __name__ == "__main__":
    main(sys.argv[1])
