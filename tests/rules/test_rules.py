"""Every rule of verify, by its cases: what it must catch, word for word, and what it must let pass."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.rules import registry
from generator.rules.catalog import OF_INPUT, RULES
from tests.rules.harness import ROOT, Case, Escape, edited, escapes, findings_of, good_repository, said

APART = {
    "KUS001": "verify itself says it, where kustomize refuses to build",
    "KUS013": "verify says it of a class, see tests/test_classes.py",
    "CAP005": "check says it of two commits, see tests/test_check.py",
    "K8S010": "check says it of two commits, see tests/test_check.py",
    "CHG001": "check says it of the commit before, see tests/test_check.py",
    "KUS009": "build says it and ends the run: with another kustomize there is nothing to check",
}
"""Rules without a check of their own."""

UNPINNED = [
    f"base/edge/{place}.yaml: warning: the image {image} is not named by its digest [SEC010]\n"
    "  hint: write the digest under images: in base/"
    for place, image in (
        ("components/ai-chatbot/ai-chatbot", "docker.io/docker/docker-agent:1.149.0"),
        ("core/fileserver", "docker.io/sigoden/dufs:v0.47.0"),
    )
]
"""What this repository is warned of: whoever runs it looks the digests up in the registry that they trust."""


def _cases() -> Iterator[Case]:
    for path in sorted(Path(__file__).parent.glob("cases_*.py")):
        yield from importlib.import_module(f"tests.rules.{path.stem}").CASES


CASES = tuple(_cases())
ESCAPES = tuple(escapes())


def test_no_rule_finds_more_in_this_repository(tmp_path: Path) -> None:
    """What this repository shows is what its rules demand, but for two digests that nobody here could look up."""
    repository = good_repository()
    found = [said(one) for rendered in repository.rendered for one in registry.check_tenant(rendered)]
    found += map(said, registry.check_repository(repository))
    found += map(said, edited((), tmp_path, repository.rendered[0].tenant.name))
    assert sorted(set(found)) == UNPINNED


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_says_what_its_case_expects(case: Case, tmp_path: Path) -> None:
    """The rule says exactly this, and nothing to a near miss; left out, nobody says it in its place."""
    found = [said(one) for one in findings_of(case, tmp_path) if one.rule == case.rule]
    assert sorted(set(found)) == sorted(case.finds)
    if case.rule not in APART:
        assert not [one for one in findings_of(case, tmp_path, without={case.rule}) if one.rule == case.rule]


@pytest.mark.parametrize("escape", ESCAPES, ids=lambda escape: escape.name)
def test_an_escape_is_caught(escape: Escape, tmp_path: Path) -> None:
    """The rule that must catch it does, whatever others say besides."""
    found = [said(one) for one in edited(escape.edits, tmp_path, escape.tenant, generate=escape.generate)]
    assert [one for one in found if f"[{escape.rule}]" in one], found


def test_every_rule_has_a_row_a_check_and_cases() -> None:
    """A rule that nobody checks, or that nobody has seen at work, is a promise that is not kept."""
    rows = {rule for rule in RULES if not rule.startswith(OF_INPUT)}
    assert rows == registry.rules() | set(APART)
    shown = {case.rule for case in CASES if case.finds}
    spared = {case.rule for case in CASES if not case.finds}
    assert rows - set(APART) - shown == set(), "without a case that the rule must catch"
    assert rows - set(APART) - spared == set(), "without a near miss"


def test_every_escape_names_a_rule() -> None:
    """The corpus speaks of rules that there are."""
    assert {escape.rule for escape in ESCAPES} <= set(RULES)
    assert ROOT.joinpath("tests/cases/escapes").is_dir()
