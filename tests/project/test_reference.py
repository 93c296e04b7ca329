"""The reference is written from the code, so it cannot go stale; and nothing is left out of it."""

import json
import re

import pytest

from generator.cli import cli
from generator.rules.every import RULES
from tools import reference


@pytest.mark.parametrize("page", sorted(reference.pages()))
def test_a_page_is_what_the_code_says(page: str) -> None:
    """What stands in docs/reference is what `make docs` would write."""
    assert (reference.ROOT / page).read_text(encoding="utf-8") == reference.pages()[page]


@pytest.mark.parametrize("verb", sorted(cli.commands))
def test_every_verb_is_in_the_reference_with_an_example(verb: str) -> None:
    """Its help stands there whole."""
    section = reference.pages()["docs/reference/verbs.md"].partition(f"\n## {verb}\n")[2].partition("\n## ")[0]

    assert f"Usage: tenantry {verb}" in section
    assert "Example: tenantry" in section


def test_every_rule_is_in_the_reference() -> None:
    """With its row of the table."""
    page = reference.pages()["docs/reference/rules.md"]

    assert not [rule for rule in RULES if f"\n| {rule} |" not in page]


def test_the_readme_shows_a_run_of_the_claims() -> None:
    """Each that was run passed, and it is said when and on which machine."""
    results = json.loads(reference.RESULTS.read_text(encoding="utf-8"))

    assert all(re.fullmatch(r"20\d\d-\d\d-\d\d", claim["when"]) for claim in results["claims"])
    assert {claim["result"] for claim in results["claims"]} == {"passed"}


def test_a_claim_that_is_new_makes_no_page_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page says what a run has shown; whoever writes a claim need not have an hour for a cluster first."""
    before = reference.pages()
    monkeypatch.setattr(reference, "claimed", lambda: {"a claim that is new"})

    assert reference.pages() == before


def test_a_claim_that_no_run_has_shown_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make docs` and `make check` say what a run is owed for."""
    monkeypatch.setattr("sys.argv", ["reference.py", "--check"])
    monkeypatch.setattr(reference, "claimed", lambda: {"a claim that is new"})

    assert reference.main() == 0

    assert "docs: not in the last `make test-cluster`: a claim that is new\n" in capsys.readouterr().out
