"""Write docs/reference/ from the code: verbs from their --help, rules from the table, files from their schemas.

And into the README what the last `make test-cluster` has shown. Run by `make docs`; with --check it writes nothing and
fails when a page is not what the code and the results say.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from generator.cli import cli
from generator.findings.finding import Exit
from generator.fleet.states import STATES, WAYS
from generator.model.fields import PROOFS, Field, kinds
from generator.model.holds import DECLARED, written
from generator.reading.schema import package_schema
from generator.rules.every import RULES

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "tests" / "cluster" / "results.json"
FULL_SECONDS = ROOT / "tests" / "cluster" / "full_seconds.json"
CONCEPT = "../concepts/what-kustomize-may-read.md"
HEADER = "<!-- Written by `make docs` from the code. Do not edit. -->\n\n"
_A_FEW_MINUTES = 180
"""Seconds from which on a time is written in minutes."""
BEGIN, END = "<!-- claims: written by `make docs` -->\n", "<!-- end of claims -->\n"


def pages() -> dict[str, str]:
    """Return every page that is written from something else: path from the root -> text."""
    before, begin, rest = (ROOT / "README.md").read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin + end == BEGIN + END, "the README has lost a mark of the table of claims"
    return {
        "README.md": before + BEGIN + "\n".join(_claims()) + END + after,
        "docs/reference/verbs.md": HEADER + "\n".join(_verbs()),
        "docs/reference/rules.md": HEADER + "\n".join(_rules()),
        "docs/reference/tenant-file.md": HEADER + "\n".join(_schema("tenant", "The tenant file")),
        "docs/reference/platform-file.md": HEADER + "\n".join(_schema("platform", "platform.yaml")),
        "docs/reference/states.md": HEADER + "\n".join(_states()),
        "docs/reference/model.md": HEADER + "\n".join(_model()),
        "docs/reference/kustomization.md": HEADER + "\n".join(_kustomization()),
        "docs/reference/approval-file.md": HEADER + "\n".join(_schema("approval", "The approval file")),
    }


def _states() -> Iterator[str]:
    yield "# The states of a company"
    yield ""
    yield "`state` in the tenant file; `tenantry set NAME state=...` goes from one to the next. Without the key a"
    yield "company is active. A purge goes in three commits, each of which waits until the one before is done in the"
    yield "cluster ([how to](../guides/leaving.md))."
    yield ""
    yield "| state | what is rendered | what Argo CD does | what stays | keys it needs |"
    yield "|---|---|---|---|---|"
    for state in STATES.values():
        keys = ", ".join(f"`{key}`" for key in state.keys) or "-"
        yield f"| {state.name} | {state.rendered} | {state.argocd} | {state.stays} | {keys} |"
    yield ""
    yield "| from | to | only when | way back |"
    yield "|---|---|---|---|"
    yield from (f"| {way.before} | {way.after} | {way.guard or '-'} | {way.back} |" for way in WAYS)
    yield ""


def claimed() -> set[str]:
    """Return the claims that the tests of the cluster make, whether or not they were run.

    No page depends on them: a page says what a run has shown, so a new claim makes no page stale. `main` names those
    that a run is still owed for.
    """
    files = set(RESULTS.parent.glob("test_*.py")) - {RESULTS.with_name("test_claims.py")}  # whose claims are invented
    sources = "".join(path.read_text(encoding="utf-8") for path in files)
    return set(re.findall(r'^@pytest\.mark\.claim\(\s*"([^"]+)"', sources, re.MULTILINE))


def _claims() -> Iterator[str]:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    machine = results["machine"]
    stand_ins = sorted({name for claim in results["claims"] for name in claim["leans_on"]})
    yield (
        f"\nWith {machine['cpus']} CPUs ({machine['architecture']}) and"
        f" {machine['memoryGiB']} GiB for the control plane, the nodes and Argo CD together:\n"
    )
    yield "| claim | result | on | time | leans on |\n|---|---|---|---|---|"
    for claim in results["claims"]:
        notes = ", ".join(str(number) for number, name in enumerate(stand_ins, 1) if name in claim["leans_on"])
        measured = ", ".join(f"{what}: {seconds:g} s" for what, seconds in claim["measured"].items())
        whole = f"{claim['seconds']:g} s"
        yield f"| {claim['text']} | {claim['result']} | {claim['when']} | {measured or whole} | {notes} |"
    yield "\nWhat a claim leans on stands for a component that this machine lacks:\n"
    yield from (f"{number}. {name}" for number, name in enumerate(stand_ins, 1))
    yield from _full_seconds()
    yield ""


def _full_seconds() -> Iterator[str]:
    """Write what the nightly test of plans has seen, with the seconds that base/ ships and at the maximum."""
    seen = json.loads(FULL_SECONDS.read_text(encoding="utf-8"))
    yield (
        "\nThe claims run with a fifth of the seconds that rule a roll-out. With all of them, as `base/` ships them, on"
        f" {seen['when']}, with every autoscaler at its maximum:\n"
    )
    yield "| what | seen |\n|---|---|"
    for what, seconds in seen["seconds"].items():
        yield f"| {what} | {f'{seconds / 60:.0f} min' if seconds > _A_FEW_MINUTES else f'{seconds:.0f} s'} |"
    for name, used in seen["used"].items():
        counted, expected = (
            f"{item['pods']} pods with {item['limits.cpu']}m CPU" for item in (used, seen["expected"][name])
        )
        refused = len(seen["refused"][name])
        yield f"| {name}, counted by its quota | {counted} at most, by the formula {expected}; {refused} pods refused |"


def _verbs() -> Iterator[str]:
    yield "# Verbs\n"
    yield "Talk goes to stderr, data to stdout. `-C DIR` before the verb runs it as if started in DIR.\n"
    yield "| exit code | meaning |\n|---|---|"
    meanings = {
        Exit.FINE: "fine",
        Exit.REFUSED: "errors were found, or the work was refused; nothing was written",
        Exit.USAGE: "the command line was wrong",
        Exit.STALE: "only `generate --check`: generated files are stale",
        Exit.ENVIRONMENT: "the machine lacks something: kustomize, a repository",
        Exit.BUG: "a bug in tenantry",
        Exit.INTERRUPTED: "interrupted",
    }
    yield from (f"| {int(code)} | {meaning} |" for code, meaning in meanings.items())
    for name, command in sorted(cli.commands.items()):
        context = click.Context(command, info_name=f"tenantry {name}", max_content_width=100)
        yield f"\n## {name}\n\n```text\n{command.get_help(context)}\n```"
    yield ""


def _model() -> Iterator[str]:
    yield "# What a company may be made of\n"
    yield (
        "Everything else is refused (MOD001), or accepted by name: [a closed world](../concepts/closed-world.md). `[]`"
        " is every entry of a list, `*` any text.\n"
    )
    for (api_version, name), kind in sorted(kinds().items(), key=lambda item: item[1].name):
        yield f"\n## {name}\n\n`{api_version}`. {kind.about}\n"
        yield "| field | values | why it is understood, or refused |\n|---|---|---|"
        for one in {one.path: one for one in kind.fields}.values():
            yield f"| `{one.path}` | {_values(one)} | {_understood(one)} |"
    yield ""


def _values(one: Field) -> str:
    if one.refused:
        return "none"
    if one.source:
        return f"`clusters.{DECLARED[one.source]}`"
    if one.only is not None:
        return ", ".join(f"`{written(value)}`" for value in one.only)
    return f"`{one.matches}`".replace("|", "\\|") if one.matches else "any"


def _understood(one: Field) -> str:
    if one.refused:
        taken = "" if one.proofs == PROOFS else f"; it takes away {', '.join(one.proofs)}"
        return f"refused: {one.refused}{taken}"
    needed = "; it must be there" if one.required else ""
    return (f"inert: {one.inert}" if one.inert else f"read by {', '.join(one.modelled)}") + needed


def _rules() -> Iterator[str]:
    yield "# Rules\n"
    yield "Each finding names its rule; `tenantry explain RULE` prints a row of this page.\n"
    lifted = ", ".join(sorted(rule.id for rule in RULES.values() if rule.lifted_by_approval))
    yield f"An [approval of the change](../guides/approve-a-change.md) lifts {lifted}.\n"
    for family, rows in groupby(sorted(RULES.values(), key=lambda rule: rule.id), key=lambda rule: rule.id[:3]):
        yield f"## {family}\n"
        yield "| rule | weight | what must hold | why | how to fix | source |\n|---|---|---|---|---|---|"
        for rule in rows:
            cells = (rule.id, rule.severity, rule.title, rule.why, rule.fix, rule.source)
            yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
        yield ""


def _schema(name: str, title: str) -> Iterator[str]:
    schema = package_schema(name)
    yield f"# {title}\n"
    yield f"{schema['description']}\n"
    yield "| key | type | default | what it is | example |\n|---|---|---|---|---|"
    yield from _keys(schema, schema, "", set(schema.get("required", ())))
    yield ""


def _keys(schema: Mapping[str, Any], root: Mapping[str, Any], above: str, required: set[str]) -> Iterator[str]:
    for key, raw in schema.get("properties", {}).items():
        one = {**_target(raw, root), **raw}
        words = ". ".join(one[part].rstrip(".") for part in ("title", "description") if part in one)
        default = "required" if key in required else _json(one.get("default"), absent="")
        example = _json(next(iter(one.get("examples", ())), None), absent="")
        yield f"| `{above}{key}` | {_type(one)} | {default} | {words}. | {example} |"
        yield from _keys(one, root, f"{above}{key}.", set(one.get("required", ())))
        for inner, mark in ((one.get("additionalProperties"), ".NAME."), (one.get("items"), "[].")):
            if isinstance(inner, Mapping):
                inside = {**_target(inner, root), **inner}
                yield from _keys(inside, root, f"{above}{key}{mark}", set(inside.get("required", ())))


def _kustomization() -> Iterator[str]:
    schema = package_schema("kustomization")
    yield "# kustomization.yaml\n"
    yield f"{schema['description']} What paths may look like, and why: [what kustomize may read]({CONCEPT}).\n"
    yield "| field | form |\n|---|---|"
    yield from (
        f"| `{path}` | {_type(one)} |" for path, one in _fields(schema, schema, "") if "type" in one or "enum" in one
    )
    yield "\nWhat kustomize knows besides is refused:\n"
    yield "| field | why | instead |\n|---|---|---|"
    for above, one in [("", schema), *_fields(schema, schema, "")]:
        inside = one.get("items", one)
        for key, words in inside.get("x-refused", {}).items():
            mark = "[]." if inside is not one else ""
            yield f"| `{above}{mark}{key}` | {words['why']} | {words['instead']} |"
    yield ""


def _fields(schema: Mapping[str, Any], root: Mapping[str, Any], above: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every field that a schema names, with what it says of it."""
    for key, raw in schema.get("properties", {}).items():
        one = {**_target(raw, root), **raw}
        yield f"{above}{key}", one
        yield from _fields(one, root, f"{above}{key}.")
        if isinstance(one.get("items"), Mapping):
            yield from _fields({**_target(one["items"], root), **one["items"]}, root, f"{above}{key}[].")


def _target(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    path = schema.get("$ref", "").removeprefix("#/")
    target: Any = root
    for step in path.split("/") if path else ():
        target = target[step]
    return target if path else {}


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{choice}`" for choice in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    names = {"object": "mapping", "array": "list", "integer": "whole number"}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(names.get(kind, str(kind)) for kind in kinds)


def _json(value: Any, absent: str) -> str:
    return absent if value is None else f"`{json.dumps(value, ensure_ascii=False)}`".replace("|", "\\|")


def main() -> int:
    """Write the pages, or compare them."""
    stale = []
    for file, text in pages().items():
        path = ROOT / file
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(file)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    print(f"docs: {', '.join(stale) or 'nothing'} {'is stale' if '--check' in sys.argv else 'written'}")
    shown = {claim["text"] for claim in json.loads(RESULTS.read_text(encoding="utf-8"))["claims"]}
    for claim in sorted(claimed() ^ shown):
        word = "not in the last `make test-cluster`" if claim not in shown else "made by no test any more"
        print(f"docs: {word}: {claim}")
    if "--check" in sys.argv and stale:
        print("run `make docs` and commit the result")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
