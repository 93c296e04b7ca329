"""Imports go one way, the middle does no IO, and the command line starts fast."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.harness import ROOT

ROOMS = (
    "layout",
    "once",
    "findings",
    "reading",
    "git",
    "kube",
    "model",
    "admission",
    "reachability",
    "fleet",
    "history",
    "upgrade",
    "generate",
    "applicationset",
    "render",
    "proofs",
    "capacity",
    "cost",
    "debug",
    "rules",
    "pipeline",
    "review",
    "lifecycle",
    "diff",
    "report",
    "publish",
    "init",
    "cli",
    "__main__",
)
"""Each may use those before it, and itself; ARCHITECTURE says what each is for."""

STAGES = ("size", "compose", "write")
"""Each module of the room that generates may use those before it."""

PURE = (
    "applicationset",
    "capacity",
    "cost",
    "debug",
    "findings.finding",
    "findings.formats",
    "findings.rule",
    "findings.sources",
    "findings.table",
    "findings.words",
    "fleet.days",
    "fleet.model",
    "fleet.nodes",
    "fleet.prices",
    "fleet.reserved",
    "fleet.validate",
    "generate.argocd",
    "generate.compose",
    "generate.explain",
    "generate.headroom",
    "generate.size",
    "generate.smaller",
    "generate.workloads",
    "git.entries",
    "git.ordinary",
    "history.events",
    "history.forms",
    "history.months",
    "kube.allowed",
    "kube.lenient",
    "kube.pods",
    "kube.sync",
    "kube.tenant_names",
    "layout",
    "proofs",
    "reachability",
    "reading.freetext",
    "reading.quantity",
    "reading.schema",
    "reading.words",
    "rules",
    "review.approvals",
    "review.judge",
    "review.verdict",
    "upgrade.services",
)
IO = {"os", "pathlib", "random", "shutil", "socket", "subprocess", "tempfile", "time"}

DOORS = {
    "click": ("cli",),
    "jinja2": ("generate.compose", "init.init", "report.page"),
    "jsonschema_rs": ("reading.schema",),
    "ruamel": ("reading.yaml_editor",),
    "subprocess": ("kube.kustomize", "cli", "git.door", "kube.kubectl"),
    "yaml": ("applicationset", "reading", "rules"),
}
"""What is heavy, or touches the world, and the rooms and modules that may import it."""


def _modules() -> dict[str, Path]:
    paths = sorted((ROOT / "generator").rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


MODULES = _modules()


@cache
def imports(module: str, *, lazy: bool = True) -> frozenset[str]:
    """Return what a module imports; without `lazy`, what it imports when it is imported itself."""
    found: set[str] = set()
    for node in _nodes(ast.parse(MODULES[module].read_text(encoding="utf-8")), lazy=lazy):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return frozenset(found)


def _nodes(tree: ast.AST, *, lazy: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if lazy or not isinstance(node, ast.FunctionDef):
            yield node
            yield from _nodes(node, lazy=lazy)


def room(module: str) -> str:
    """Return the room that a module stands in: `rules` for generator.rules.network."""
    return module.split(".")[1] if "." in module else ""


def is_of(module: str, parts: Iterable[str]) -> bool:
    """Say whether a module is one of these rooms and modules, or stands in one of them."""
    return any(f"{module}.".startswith(f"generator.{part}.") for part in parts)


@pytest.mark.slow
def test_imports_go_round_in_no_circle() -> None:
    """A circle is two modules that should be one, or three; an import that is put off closes it as well."""
    graph = {module: imports(module) & MODULES.keys() - {module, "generator"} for module in MODULES}

    # a package stands for its modules where one of them is imported through it
    leaves = {module: {item for item in used if not module.startswith(f"{item}.")} for module, used in graph.items()}
    assert list(TopologicalSorter(leaves).static_order())


@pytest.mark.parametrize("module", sorted(MODULES.keys() - {"generator"}))
def test_a_room_knows_those_before_it_alone(module: str) -> None:
    """Also inside functions: an import that is put off is an arrow as well."""
    before = ROOMS[: ROOMS.index(room(module)) + 1]

    used = {name for name in imports(module) if name.startswith("generator.") and name != "generator.__version__"}
    assert {room(name) for name in used} <= set(before)


def test_each_room_is_known() -> None:
    """A new one gets its place in the order."""
    assert {room(module) for module in MODULES} - {""} == set(ROOMS)


def test_no_module_has_over_500_lines() -> None:
    """What is longer has a second purpose, which has a name."""
    modules = {path: path.read_text(encoding="utf-8").count("\n") for path in (ROOT / "generator").rglob("*.py")}
    assert {path: lines for path, lines in modules.items() if lines > 500} == {}


def test_the_documentation_has_the_rooms_in_their_order() -> None:
    """Who looks for a place reads ARCHITECTURE."""
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = page.partition("\n## The rooms\n")[2].partition("\n\n- ")[0]

    named = re.findall(r"^\| `([a-z]+)(?:/|\.py)` \|", table, re.MULTILINE)
    assert (*named, "__main__") == ROOMS


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_knows_those_before_it_alone(stage: str) -> None:
    """The arrow is size -> compose -> write; `generator.pipeline` knows it."""
    later = {f"generator.generate.{name}" for name in STAGES[STAGES.index(stage) + 1 :]}

    assert not imports(f"generator.generate.{stage}") & later


@pytest.mark.parametrize("package", DOORS)
def test_what_is_heavy_or_touches_the_world_has_its_doors(package: str) -> None:
    """One place to look when it changes."""
    users = {module for module in MODULES if any(name.split(".")[0] == package for name in imports(module))}

    assert {module for module in users if not is_of(module, DOORS[package])} == set()


@pytest.mark.parametrize("part", PURE)
def test_the_middle_does_no_io(part: str) -> None:
    """What is pure is tested by calling it; PurePosixPath touches no disk."""
    for module in MODULES:
        if is_of(module, [part]):
            touched = {name for name in imports(module) if name.split(".")[0] in IO}
            assert touched <= {"pathlib", "pathlib.PurePosixPath"}, module


def test_the_command_line_imports_nothing_heavy() -> None:
    """Completion and --help start Python again each time."""
    code = "import sys, generator.cli; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)

    heavy = {"jinja2", "jsonschema_rs", "kubernetes_validate", "packaging", "ruamel", "tabulate", "yaml"}
    assert not heavy & set(done.stdout.split())
