"""The negative corpus: realistic ways out of a company's namespace, past its ceiling, or to freeze Argo CD."""

from pathlib import Path

import pytest

from generator.review.verify import judge
from generator.rules.every import RULES
from tests.rules.harness import Escape, edited, escapes, said

ESCAPES = tuple(escapes())


@pytest.mark.parametrize("escape", ESCAPES, ids=lambda escape: escape.name)
def test_an_escape_is_caught(escape: Escape, tmp_path: Path) -> None:
    """The rule that must catch it does, whatever others say besides."""
    gathered = edited(escape.edits, tmp_path, escape.tenant, escape.rule, generate=escape.generate)
    found = list(judge(gathered))
    assert escape.rule in {problem.rule for problem in found}, [said(problem) for problem in found]


def test_the_corpus_is_large_and_speaks_of_rules_that_there_are() -> None:
    """Sixty ways at least, each with the rule that must catch it."""
    assert len(ESCAPES) >= 60
    assert {escape.rule for escape in ESCAPES} <= set(RULES)
