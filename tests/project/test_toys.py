"""A change of each kind touches the places that docs/ARCHITECTURE.md names for it, and no others: a toy of each, run.

Each toy edits a copy of this checkout in exactly these files by hand. What else must follow (verbs, pages, schemas) is
made from them; so a second place that somebody adds shows here as a toy that does not work.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.harness import ROOT, environment

COPIED: Final = (
    *("generator", "base", "tenants", "overlays", "argocd", "tools", "docs", "platform.yaml", "README.md"),
    *("tests/cluster", "tests/rules", "tests/strategies.py", "tests/harness.py", "tests/kept_builds.py"),
    *("tests/conftest.py", "pyproject.toml"),
)


class Copy:
    """A copy of what a change may touch, under git, with its own tenantry."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for part in COPIED:
            source, target = ROOT / part, root / part
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
        subprocess.run(["git", "init", "--quiet"], cwd=root, env=environment(), check=True)

    def edit(self, edits: "Mapping[str, Edits]") -> None:
        """Change the files of a toy; a file that is not there yet is made."""
        for file, edit in edits.items():
            path = self.root / file
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            for old, new in edit.items():
                assert text.count(old) == 1 or not old, f"{file} holds {old!r} {text.count(old)} times"
                text = text.replace(old, new) if old else text + new
            path.write_text(text, encoding="utf-8")

    def run(self, *command: str, code: int = 0) -> str:
        """Run Python on something in the copy, insist on its exit code, and return what it prints."""
        paths = environment() | {"PYTHONPATH": str(self.root), "NO_COLOR": "1"}
        done = subprocess.run(
            [sys.executable, *command], cwd=self.root, env=paths, check=False, capture_output=True, text=True
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def tenantry(self, *arguments: str, code: int = 0) -> str:
        """Run a verb of the copy's own tenantry."""
        return self.run("-m", "generator", *arguments, code=code)

    def page(self, name: str) -> str:
        """Write the reference from the code, and return a page of it."""
        self.run("tools/reference.py")
        return (self.root / "docs" / "reference" / name).read_text(encoding="utf-8")


Edits = Mapping[str, str]
"""Text that stands in a file once -> what stands there afterwards; an empty one adds at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy:
    """A change of one kind.

    Attributes:
        row: How its row of the table in ARCHITECTURE begins.
        most: Files below generator/ and tests/ that it may need.
        edits: What it changes.
    """

    row: str
    most: int
    edits: Mapping[str, Edits]


RULE: Final = Toy(
    row="add a rule",
    most=2,
    edits={
        "generator/rules/syncing.py": {
            "": '''

@rule(
    "ARG999",
    per=Per.CLASS,
    severity=Severity.WARNING,
    title="a namespace is no toy",
    why="A toy of the tests.",
    fix="Take the toy away.",
    source="a sentence of the tests",
)
def namespaces_are_no_toys(rendered: Rendered) -> Iterator[Found]:
    """Every Namespace is a toy."""
    for obj in rendered.of_kind("Namespace"):
        yield rendered.found(obj, "this is a toy")
'''
        },
        "tests/rules/cases_argocd.py": {
            "": """

_NAMESPACE: Final = "base/guard/core/namespace.yaml: warning: Namespace/company-002: this is a toy [ARG999]"
CASES = (
    *CASES,
    catches("ARG999", "a namespace", lambda scene: scene, _NAMESPACE),
    passes("ARG999", "no namespace", lambda scene: scene.remove("Namespace", "company-002")),
)
"""
        },
    },
)

KEY: Final = Toy(
    row="add a key to the tenant file",
    most=5,
    edits={
        "generator/schemas/tenant.schema.json": {
            '    "overrides": {\n      "title"': '''    "costCentre": {
      "title": "Cost centre",
      "description": "A toy of the tests.",
      "type": "string",
      "pattern": "^[a-z0-9]+$",
      "x-form": "lower-case letters and digits",
      "examples": ["cc1"]
    },
    "overrides": {
      "title"'''
        },
        "generator/fleet/model.py": {
            "    storage_class: str\n    overrides: Overrides\n": (
                "    storage_class: str\n    cost_centre: str\n    overrides: Overrides\n"
            )
        },
        "generator/fleet/validate.py": {
            "        overrides=overrides,\n        document=document,\n": (
                '        overrides=overrides,\n        cost_centre=data.get("costCentre", "none"),\n'
                "        document=document,\n"
            )
        },
        "generator/templates/facts.yaml.j2": {
            "  name: {{ tenant.name }}\n": "  name: {{ tenant.name }}\n  costCentre: {{ tenant.cost_centre }}\n"
        },
        "tests/strategies.py": {
            '        "displayName": display_names(),\n': (
                '        "displayName": display_names(),\n        "costCentre": st.just("cc1"),\n'
            )
        },
    },
)

VERB: Final = Toy(
    row="add a verb",
    most=2,
    edits={
        "generator/cli/toy.py": {
            "": '''"""toy: a toy of the tests."""

import click


@click.command(epilog="Example: tenantry toy")
def toy() -> None:
    """Say that it is a toy."""
    click.echo("this is a toy")


COMMANDS = (toy,)
'''
        },
        "generator/cli/__init__.py": {
            "    tenants,\n    upgrade,\n    validate,\n": "    tenants,\n    toy,\n    upgrade,\n    validate,\n",
            "    doctor,\n    upgrade,\n):": "    doctor,\n    toy,\n    upgrade,\n):",
        },
    },
)

FORM: Final = Toy(
    row="add a form of findings",
    most=1,
    edits={
        "generator/findings/formats.py": {
            '    "text": lambda findings, *_: text(findings),\n': (
                '    "text": lambda findings, *_: text(findings),\n'
                '    "toy": lambda findings, *_: f"{len(findings)} toys\\n",\n'
            )
        },
    },
)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy of this checkout."""
    return Copy(tmp_path / "copy")


def places(row: str) -> list[str]:
    """Return the files and folders that ARCHITECTURE's table names for a kind of change."""
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = page.partition("\n## Where to put a change\n")[2].partition("\n## ")[0]
    (cell,) = re.findall(rf"^\| {re.escape(row)} \(tried\) \| (.*?) \|", table, re.MULTILINE)
    return re.findall(r"`([^` ]+/[^` ]*)`", cell)


@pytest.mark.parametrize("toy", [RULE, KEY, VERB, FORM], ids=lambda toy: str(toy.row))
def test_a_toy_is_edited_where_architecture_says(toy: Toy) -> None:
    """Each place of the table is used, each file stands in one of them, and there are no more than is promised."""
    named = places(toy.row)

    homes = {file: [place for place in named if file == place or file.startswith(_folder(place))] for file in toy.edits}
    assert [file for file, found in homes.items() if not found] == []
    assert set(named) == {place for found in homes.values() for place in found}
    assert len(toy.edits) <= toy.most


def _folder(place: str) -> str:
    return place if place.endswith("/") else f"{place}\0"


@pytest.mark.slow
def test_a_rule_is_one_function(copy: Copy) -> None:
    """Its cases show it at work, verify finds by it, and explain, the reference and SARIF have its words."""
    copy.edit(RULE.edits)

    copy.run("-m", "pytest", "-p", "no:cacheprovider", "tests/rules/test_rules.py", "-k", "ARG999 or test_every_rule")
    (run,) = json.loads(copy.tenantry("verify", "company-001", "--format", "sarif"))["runs"]

    assert "this is a toy" in {found["message"]["text"].partition(" (")[0] for found in run["results"]}
    assert {"text": "A toy of the tests."} in [rule["fullDescription"] for rule in run["tool"]["driver"]["rules"]]
    assert copy.tenantry("explain", "ARG999").startswith("ARG999 (warning): a namespace is no toy\n")
    assert "\n| ARG999 | warning | a namespace is no toy | A toy of the tests. |" in copy.page("rules.md")


@pytest.mark.slow
def test_a_tenant_key_is_five_files(copy: Copy) -> None:
    """It can be set, is checked, is a fact for base/, and stands in the reference and in the editor's schema."""
    copy.edit(KEY.edits)

    copy.tenantry("set", "company-001", "costCentre=cc1")
    copy.tenantry("set", "company-002", "costCentre=C C", code=1)
    copy.tenantry("generate")
    copy.tenantry("verify")

    facts = copy.root / "overlays/company-001/facts.yaml"
    assert 'costCentre: "cc1"' in facts.read_text(encoding="utf-8")
    assert '| `costCentre` | string |  | Cost centre. A toy of the tests. | `"cc1"` |' in copy.page("tenant-file.md")
    schema = json.loads((copy.root / "tenants" / "tenant.schema.json").read_text(encoding="utf-8"))
    assert "costCentre" in schema["properties"]


def test_a_verb_is_a_module_and_its_name(copy: Copy) -> None:
    """It runs, and its help stands in the reference."""
    copy.edit(VERB.edits)

    assert copy.tenantry("toy") == "this is a toy\n"
    assert "\n## toy\n" in copy.page("verbs.md")


@pytest.mark.slow
def test_a_form_of_findings_is_one_function(copy: Copy) -> None:
    """Every verb that shows findings takes it, and the reference says so."""
    verbs = copy.page("verbs.md").count("[text|json|github|sarif|junit]")
    copy.edit(FORM.edits)

    assert re.fullmatch(r"[0-9]+ toys\n", copy.tenantry("validate", "--format", "toy"))
    assert copy.page("verbs.md").count("[text|toy|json|github|sarif|junit]") == verbs > 1
