"""What the README and docs/scale.md say of speed is what the last run of `make bench` saw."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree  # noqa: ICN001 -- its own name

import pytest

from bench import shown
from tests.harness import ROOT


@pytest.fixture(scope="module")
def results() -> Mapping[str, Any]:
    """Return what the last run saw."""
    seen: Mapping[str, Any] = json.loads((ROOT / "bench/results.json").read_text(encoding="utf-8"))
    return seen


@pytest.mark.parametrize(("page", "said"), [("README.md", shown.sentence), ("docs/scale.md", shown.table)])
def test_pages_say_what_was_measured(
    page: str, said: Callable[[Mapping[str, Any]], str], results: Mapping[str, Any]
) -> None:
    """Between its two marks a page has these figures, and no others."""
    text = (ROOT / page).read_text(encoding="utf-8")

    assert text.partition(f"{shown.BEGIN}\n")[2].partition(shown.END)[0] == said(results)


def test_every_goal_has_a_row(results: Mapping[str, Any]) -> None:
    """No goal is left out of a run."""
    assert {goal.row for goal in shown.GOALS} <= results["rows"].keys()


def test_the_picture_shows_the_loop_beside_both_verbs(results: Mapping[str, Any]) -> None:
    """The legend names what the lines are of, and no script is in the picture."""
    drawn = shown.plot(results)

    root = ElementTree.fromstring(drawn)  # noqa: S314 -- our own
    texts = {part.text for part in root.iter() if part.text}
    assert {"verify", "generate --check", shown.LOOP, "10,000"} <= texts
    assert "script" not in drawn
