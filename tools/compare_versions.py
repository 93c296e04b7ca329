"""Show that two versions of tenantry find the same and write the same bytes.

The version that REVISION of this repository holds and the one of this checkout (as it stands, uncommitted edits
included) each work on the same repositories: this one, a mixed fleet, a fleet with mistakes, every golden case, every
escape of the negative corpus, every change of the cases of diff, and with --changes a folder of patches. Of each they
must end alike, leave the same bytes, and find the same: rule, severity, place and object of each finding. Then each
runs the cases of its rules (tests/rules), which change rendered objects in memory. Words may differ; --words compares
them as well.

One line on stdout for each difference, and exit 1 when there are any; talk and progress are on stderr.
"""

import argparse
import contextlib
import difflib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[1]
CASES: Final = ROOT / "tests" / "cases"
DIFF: Final = CASES / "diff"
SHARED: Final = ("platform.yaml", "base")
COMMITTED: Final = ("tenants", "overlays", "argocd")
EXAMPLE: Final = """Example: python tools/compare_versions.py HEAD~20
         python tools/compare_versions.py v0.1.0 --tenants 200 --only escape --words"""
GIT: Final = {
    **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "compare@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    **{f"GIT_{who}_DATE": "2020-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")},
}

Outcome = Mapping[str, Any]
"""`said`: how each command ended and what it printed; `files`: the digest of each file afterwards."""


class UnusableError(Exception):
    """A situation that cannot be laid down here, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A repository, and the commands that both versions run in it.

    Attributes:
        name: In words, for people and for `--only`.
        lay: Lays the repository down in an empty folder; commits it where commits matter.
        commands: What is run there, in this order.
    """

    name: str
    lay: Callable[[Path], None]
    commands: tuple[tuple[str, ...], ...]


GENERATE: Final = ("generate",)
VERIFY: Final = ("verify", "--format", "json")
VALIDATE: Final = ("validate", "--format", "json")
ON_TWO_COMMITS: Final = (("check", "--base", "main", "--format", "json"), ("diff", "main", "--format", "json"))


def main() -> int:
    """Compare, print the differences, and return 1 if there are any."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision", help="the version to compare with, for example HEAD~20")
    parser.add_argument("--tenants", type=int, default=2000, help="size of the mixed fleet (default: %(default)s)")
    parser.add_argument("--changes", type=Path, metavar="DIR", help="folder with patches of this repository, */*.diff")
    parser.add_argument("--words", action="store_true", help="compare the words of findings, too")
    parser.add_argument("--only", default="", metavar="TEXT", help="only situations whose name holds TEXT")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary, contextlib.ExitStack() as stack:
        before = Path(temporary, "version")
        check_out(arguments.revision, before)
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=2))
        workers = [stack.enter_context(worker(top)) for top in (before, ROOT)]
        wanted = [item for item in situations(arguments.tenants, arguments.changes) if arguments.only in item.name]
        compared = found = 0
        for number, situation in enumerate(wanted, 1):
            talk(f"{number}/{len(wanted)} {situation.name}")
            try:
                folders = laid_down(situation, Path(temporary))
            except UnusableError as problem:
                talk(f"left out: {situation.name}: {problem}")
                continue
            tasks = [{"folder": str(folder), "commands": situation.commands} for folder in folders]
            old, new = pool.map(ask, workers, tasks)
            compared += 1
            for difference in differences(old, new, words=arguments.words):
                found += 1
                print(f"{situation.name}: {difference}", flush=True)
        for name, tasks in in_memory(workers, arguments.only):
            old, new = pool.map(ask, workers, tasks)
            compared += 1
            for difference in differences(old, new, words=arguments.words):
                found += 1
                print(f"{name}: {difference}", flush=True)
    talk(f"{compared} situations, {found} differences")
    return int(bool(found))


def talk(text: str) -> None:
    """Say something on stderr."""
    print(text, file=sys.stderr, flush=True)


# --- the situations


def situations(tenants: int, changes: Path | None) -> Iterator[Situation]:
    """Yield every situation.

    Args:
        tenants: Size of the mixed fleet.
        changes: Folder of patches of this repository; None for none.
    """
    names = sorted(path.stem for path in (ROOT / "tenants").glob("*.yaml"))
    shown = tuple(("explain", name) for name in names)
    yield Situation(
        name="this repository",
        lay=_this_repository,
        commands=(VALIDATE, VERIFY, GENERATE, ("render",), ("list", "--format", "json"), *shown),
    )
    yield Situation(
        name=f"a mixed fleet of {tenants}",
        lay=lambda folder: _fleet(folder, tenants),
        commands=(VALIDATE, GENERATE, VERIFY),
    )
    yield Situation(name="a fleet with mistakes", lay=_mistakes, commands=(VALIDATE, GENERATE))
    for given in sorted(CASES.glob("*/given")):
        command = _command(given.parent / "expected" / "findings.txt")
        yield Situation(
            name=f"case {given.parent.name}", lay=_laying(_case, given), commands=(VALIDATE, command, VERIFY)
        )
    for path in sorted((CASES / "escapes").glob("*.yaml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        commands = (GENERATE, VERIFY) if data.get("generate") else (VERIFY, GENERATE)
        yield Situation(name=f"escape {path.stem}", lay=_laying(_escape, data["edits"]), commands=commands)
    for case in sorted(path.parent for path in DIFF.glob("*/expected")):
        yield Situation(name=f"change {case.name}", lay=_laying(_change, case), commands=ON_TWO_COMMITS)
    for patch in sorted(changes.resolve().glob("*/*.diff")) if changes else ():
        yield Situation(
            name=f"patch {patch.parent.name}", lay=_laying(_patch, patch), commands=(VERIFY, *ON_TWO_COMMITS)
        )


def _laying(lay: Callable[[Path, Any], None], given: Any) -> Callable[[Path], None]:
    return lambda folder: lay(folder, given)


def _lay(folder: Path, *parts: str) -> None:
    for part in parts:
        source = ROOT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)


def _this_repository(folder: Path) -> None:
    _lay(folder, *SHARED, *COMMITTED)


def _fleet(folder: Path, tenants: int) -> None:
    """Lay down a fleet like this repository's companies, a tenth of it with a size of its own; the same every time."""
    _lay(folder, *SHARED)
    shutil.copytree(ROOT / "argocd" / "platform", folder / "argocd" / "platform")
    (folder / "tenants").mkdir()
    examples = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("tenants/*.yaml"))]
    chosen = random.Random(tenants)  # noqa: S311 -- a seeded fleet, no secret
    for number in range(tenants):
        data = {**chosen.choice(examples), "name": f"fleet-{number:05}"}
        if "hosts" in data:
            data["hosts"] = [host.replace(".", f"-{number}.", 1) for host in data["hosts"]]
        if not chosen.randrange(10):
            data["storage"] = f"{chosen.randrange(10, 100)}Gi"
        text = yaml.safe_dump(data, allow_unicode=True)
        (folder / "tenants" / f"{data['name']}.yaml").write_text(text, encoding="utf-8")


def _mistakes(folder: Path) -> None:
    """Lay down one company for each key of each example and each way to get a value wrong."""
    _lay(folder, *SHARED)
    (folder / "tenants").mkdir()
    examples = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("tenants/*.yaml"))]
    wrong: list[Any] = [
        None,
        "",
        "glod",
        "a b",
        "A.b",
        "x" * 80,
        "{{ .x }}",
        "a\nb",
        "é",
        -1,
        0,
        10**12,
        1.5,
        [],
        {},
        ["a.b"] * 2,
    ]
    number = 0
    for example in examples:
        for key in example:
            for value in wrong:
                number += 1
                data = {**example, "name": f"wrong-{number:04}", key: value}
                text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
                (folder / "tenants" / f"wrong-{number:04}.yaml").write_text(text, encoding="utf-8")


def _command(findings: Path) -> tuple[str, ...]:
    first = findings.read_text(encoding="utf-8").partition("\n")[0] if findings.exists() else ""
    return tuple(first.removeprefix("$ tenantry ").split()) if first.startswith("$ tenantry ") else GENERATE


def _case(folder: Path, given: Path) -> None:
    _lay(folder, *SHARED)
    (folder / "tenants").mkdir()
    shutil.copytree(given, folder, symlinks=True, dirs_exist_ok=True)


def _escape(folder: Path, edits: Sequence[Mapping[str, str]]) -> None:
    _this_repository(folder)
    for edit in edits:
        path = folder / edit["file"]
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(edit["old"], edit["new"]) if edit.get("old") else text + edit["new"])


def _change(folder: Path, case: Path) -> None:
    shutil.copytree(DIFF / "repository", folder, dirs_exist_ok=True)
    if (case / "before").exists():
        _lay_over(folder, case / "before")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _commit(folder)
    _git(folder, "switch", "--quiet", "--create", "change")
    if (case / "given").exists():
        _lay_over(folder, case / "given")
    if (case / "removed.txt").exists():
        for file in (case / "removed.txt").read_text(encoding="utf-8").split():
            (folder / file).unlink()
    _commit(folder)


def _lay_over(folder: Path, given: Path) -> None:
    """Lay files over others, as new: git trusts a file of the same size whose time did not change."""
    shutil.copytree(given, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)


def _patch(folder: Path, patch: Path) -> None:
    _this_repository(folder)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _commit(folder)
    _git(folder, "switch", "--quiet", "--create", "change")
    done = subprocess.run(
        ["git", "apply", str(patch)], cwd=folder, env=GIT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise UnusableError(" ".join(done.stderr.split()))
    _commit(folder)


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all", "--force")
    _git(folder, "commit", "--quiet", "--allow-empty", "--message", "as it is compared")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env=GIT, check=True, stdout=subprocess.DEVNULL)


def laid_down(situation: Situation, temporary: Path) -> tuple[Path, Path]:
    """Lay a situation down twice, committed to git, and return both folders.

    Raises:
        UnusableError: It cannot be laid down here.
    """
    old, new = temporary / "old", temporary / "new"
    for folder in (old, new):
        shutil.rmtree(folder, ignore_errors=True)
    old.mkdir()
    situation.lay(old)
    if not (old / ".git").exists():
        _git(old, "init", "--quiet", "--initial-branch=main")
        _commit(old)
    shutil.copytree(old, new, symlinks=True)
    return old, new


def in_memory(workers: Sequence["subprocess.Popen[str]"], only: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the cases of rules that both versions have, by name, each with what the workers are asked.

    They change rendered objects and not files, so each version runs its own, with its own tests/rules/harness.py.
    """
    old, new = (ask(process, {})["cases"] for process in workers)
    for name in sorted(set(old) ^ set(new)):
        talk(f"left out: rule case {name}: only one of both versions has it")
    wanted = [name for name in old if name in set(new) and only in f"rule case {name}"]
    for number, name in enumerate(wanted, 1):
        talk(f"{number}/{len(wanted)} rule case {name}")
        yield f"rule case {name}", [{"case": name}] * 2


# --- the versions


def check_out(revision: str, folder: Path) -> None:
    """Write what a revision holds into a folder, committed there: its tests look at themselves through git."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    subprocess.run(["tar", "--extract", "--directory", folder], input=archive.stdout, check=True)
    _git(folder, "init", "--quiet")
    _commit(folder)


@contextlib.contextmanager
def worker(top: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start a process that runs the version in a folder, see `version_worker.py`; it ends with the context."""
    environment = GIT | {"PYTHONPATH": str(top), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(Path(__file__).with_name("version_worker.py")), str(top)]
    with subprocess.Popen(
        command, env=environment, cwd=top, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def ask(process: "subprocess.Popen[str]", task: Mapping[str, Any]) -> dict[str, Any]:
    """Give a worker a task and return its answer, see `version_worker.py`."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(task) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        sys.exit(f"the worker of {process.args[-1]!r} ended at {task}")  # type: ignore[index]
    outcome: dict[str, Any] = json.loads(answer)
    return outcome


# --- the comparison


def differences(old: Outcome, new: Outcome, *, words: bool) -> Iterator[str]:
    """Yield in words how two outcomes differ.

    Args:
        old: What the version of the revision made.
        new: What this checkout's made.
        words: Whether the words of findings count.
    """
    for before, after in zip(old["said"], new["said"], strict=True):
        yield from (f"{before['command']}: {difference}" for difference in _of_a_command(before, after, words=words))
    for path in sorted(old["files"].keys() | new["files"].keys()):
        if old["files"].get(path) != new["files"].get(path):
            yield f"{path} has other bytes"


def _of_a_command(old: Mapping[str, Any], new: Mapping[str, Any], *, words: bool) -> Iterator[str]:
    if old["exit"] != new["exit"]:
        yield f"ended with {old['exit']}, now with {new['exit']}: {' '.join(new['talk'].split())[-400:]}"
    before, after = (_findings(said, words=words) for said in (old, new))
    if before is None or after is None:
        left, right = (_data(said, words=words).splitlines() for said in (old, new))
        lines = difflib.unified_diff(left, right, lineterm="", n=0)
        changed = [line for line in lines if not line.startswith(("--- ", "+++ ", "@@ "))]
        if changed:
            yield f"prints other data, {len(changed)} lines of it: {' '.join(changed[:2])}"
        return
    for some, mark in ((before - after, "no longer"), (after - before, "only now")):
        yield from (f"{mark}: {' '.join(found)}" for found in some.elements())


def _data(said: Mapping[str, Any], *, words: bool) -> str:
    """Return what a command printed; without words, nothing of `explain`, and no sentence of a difference."""
    out = str(said["out"])
    if words or not said["command"].startswith(("explain ", "diff ")):
        return out
    if said["command"].startswith("explain ") or not out:
        return ""
    return json.dumps({key: data for key, data in json.loads(out).items() if key not in ("grave", "effects")}, indent=2)


def _findings(said: Mapping[str, Any], *, words: bool) -> Counter[tuple[str, ...]] | None:
    """Return the findings of a command, read from its JSON or its lines; None where it printed other data."""
    if said["out"].startswith("{") and "findings" in (data := json.loads(said["out"])):
        return Counter(_of_json(found, words=words) for found in data["findings"])
    lines = said["talk"].splitlines() + said["out"].splitlines()
    findings = Counter(found for line in lines for found in _of_line(line, words=words))
    return findings if findings or not said["out"] else None


def _of_json(found: Mapping[str, Any], *, words: bool) -> tuple[str, ...]:
    place = f"{found['file']}:{found['line']}:{found['column']}"
    return (
        found["rule"],
        found["severity"],
        place,
        found["object"],
        *((found["fact"], found["hint"]) if words else ()),
    )


def _of_line(line: str, *, words: bool) -> Iterator[tuple[str, ...]]:
    place, _, rest = line.partition(": ")
    severity, _, fact = rest.partition(": ")
    if severity in ("error", "warning") and fact.endswith("]"):
        yield (fact.rpartition("[")[2].rstrip("]"), severity, place, *((fact,) if words else ()))


if __name__ == "__main__":
    sys.exit(main())
