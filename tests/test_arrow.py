"""Imports go one way, the middle does no IO, and the command line starts fast."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.harness import ROOT

STAGES = ("load", "validate", "size", "compose", "write", "pipeline")
"""Each may use those before it."""

PURE = (
    "allowed",
    "applicationset",
    "approvals",
    "argocd",
    "compose",
    "derivation",
    "formats",
    "freetext",
    "headroom",
    "layout",
    "loose",
    "model",
    "naming",
    "pods",
    "quantity",
    "reachability",
    "reserved",
    "schema",
    "shape",
    "size",
    "verdict",
    "workloads",
)
PURE_TOO = ("validate", "rules", "proofs")
IO = {"os", "pathlib", "random", "shutil", "socket", "subprocess", "tempfile", "time"}

DOORS = {
    "click": ("cli",),
    "jinja2": ("compose", "init"),
    "jsonschema_rs": ("schema",),
    "ruamel": ("edit", "init"),
    "subprocess": ("build", "cli", "history"),
    "yaml": ("applicationset", "loose", "rules", "yamlio"),
}
"""What is heavy, or touches the world, and the modules and families that may import it."""


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


def family(module: str) -> str:
    """Return the part of the package that a module belongs to: `rules` for generator.rules.catalog."""
    return module.split(".")[1] if "." in module else ""


def test_imports_go_round_in_no_circle() -> None:
    """A circle is two modules that should be one, or three."""
    graph = {module: imports(module, lazy=False) & MODULES.keys() - {module, "generator"} for module in MODULES}

    # a package stands for its modules where one of them is imported through it
    leaves = {module: {one for one in used if not module.startswith(f"{one}.")} for module, used in graph.items()}
    assert list(TopologicalSorter(leaves).static_order())


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_knows_those_before_it_alone(stage: str) -> None:
    """The arrow is load -> validate -> size -> compose -> write; pipeline knows it."""
    later = {f"generator.{one}" for one in STAGES[STAGES.index(stage) + 1 :]}

    assert not imports(f"generator.{stage}") & later


def test_nothing_but_the_entry_knows_the_command_line() -> None:
    """Stages can be used from Python as they are."""
    users = {module for module in MODULES if any(one.startswith("generator.cli") for one in imports(module))}

    assert {family(module) for module in users} == {"__main__", "cli"}


@pytest.mark.parametrize("package", DOORS)
def test_what_is_heavy_or_touches_the_world_has_its_doors(package: str) -> None:
    """One place to look when it changes."""
    users = {module for module in MODULES if any(one.split(".")[0] == package for one in imports(module))}

    assert {family(module) for module in users} <= set(DOORS[package])


@pytest.mark.parametrize("part", [*PURE, *PURE_TOO])
def test_the_middle_does_no_io(part: str) -> None:
    """What is pure is tested by calling it; PurePosixPath touches no disk."""
    for module in MODULES:
        if family(module) == part:
            touched = {one for one in imports(module) if one.split(".")[0] in IO}
            assert touched <= {"pathlib", "pathlib.PurePosixPath"}, module


def test_the_command_line_imports_nothing_heavy() -> None:
    """Completion and --help start Python anew each time."""
    code = "import sys, generator.cli; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)

    heavy = {"jinja2", "jsonschema_rs", "kubernetes_validate", "packaging", "ruamel", "tabulate", "yaml"}
    assert not heavy & set(done.stdout.split())
