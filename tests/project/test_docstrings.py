"""The docstrings of tests speak one dialect: a test says what holds, a fixture what it is, a function what it does."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.harness import ROOT

FILES = sorted((ROOT / "tests").rglob("*.py"))
NOUNS = {"A", "An", "The", "What", "Whether", "Each", "Every", "Two", "Three", "Both", "One", "Our", "This"}
THINGS = ("pytest.fixture", "property", "cached_property", "st.composite")
"""Decorators of what stands for a thing where it is used."""


def functions(file: Path) -> Iterator[tuple[str, str, bool]]:
    """Yield name and docstring of every function of a file that has one, and whether it stands for a thing."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and (docstring := ast.get_docstring(node)):
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            returns = ast.unparse(node.returns) if node.returns else ""
            is_thing = any(name.startswith(THINGS) for name in decorators) or "SearchStrategy" in returns
            yield node.name, docstring, is_thing


def test_a_function_says_what_it_does() -> None:
    """Its docstring begins with a verb; that of a test is a sentence about what it shows."""
    said = [
        f"{file.relative_to(ROOT)}: {name}: {docstring}"
        for file in FILES
        for name, docstring, is_thing in functions(file)
        if not name.startswith("test_") and not is_thing and docstring.split()[0] in NOUNS
    ]

    assert said == []
