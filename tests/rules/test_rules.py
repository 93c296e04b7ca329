"""Every rule of verify, by its cases: what it must catch, word for word, and what it must let pass."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.findings.rule import OF_INPUT
from generator.review.verify import Gathered, judge
from generator.rules import every
from generator.rules.every import RULES
from tests.rules.harness import (
    Case,
    brief,
    edited,
    gathered_for,
    good_base,
    good_repository,
    said,
    said_by_others,
)

APART = {
    "KUS001": "verify says it as well, of an overlay that kustomize refuses to build",
    "KUS002": "the gate says it, before anything is built",
    "KUS004": "the gate says it, before anything is built",
    "KUS009": "build says it and ends the run: with another kustomize there is nothing to check",
    "KUS018": "the gate says it, before anything is built",
    "MOD003": "verify and check say it, which know the day",
    "REL001": "verify says it, which reads whole folders and not only what they render",
    "REL002": "generate says it, which reads each release that somebody names",
    "REL003": "validate says it of a time zone, generate of what a roll-out needs",
    "KUS013": "verify says it, where it compares a render by class with a direct build",
}
"""Rules that are not, or not only, said by a check; what they say has tests of its own."""

OF_TWO_COMMITS = {rule for rule in RULES if rule.startswith("CHG")} | {
    check.rule.id for check in every.CHECKS if check.per in every.ON_TWO_COMMITS
}
"""Rules of `check`, which are tried over real commits."""

UNPINNED = [
    f"base/edge/{place}/kustomization.yaml: warning: the image {image} is not named by its digest [SEC010]\n"
    "  hint: write `digest:` below it"
    for place, image in (
        ("components/ai-chatbot", "docker.io/docker/docker-agent:1.149.0"),
        ("core", "docker.io/sigoden/dufs:v0.47.0"),
    )
]
"""What this repository is warned of: whoever runs it looks the digests up in the registry that they trust."""


def _cases() -> Iterator[Case]:
    for path in sorted(Path(__file__).parent.glob("cases_*.py")):
        yield from importlib.import_module(f"tests.rules.{path.stem}").CASES


CASES = tuple(_cases())


def test_no_rule_finds_more_in_this_repository(tmp_path: Path) -> None:
    """What this repository shows is what its rules demand, but for two digests that nobody here could look up."""
    repository = good_repository()
    committed = Gathered(bases=(good_base(),), repository=repository, findings=())
    copied = edited((), tmp_path, repository.rendered[0].tenant.name, "")
    assert sorted({said(item) for subject in (committed, copied) for item in judge(subject)}) == UNPINNED


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_rule_says_what_its_case_expects(case: Case, tmp_path: Path) -> None:
    """The rule says exactly this, and nothing to a near miss; left out, nobody says it in its place."""
    gathered = gathered_for(case, tmp_path)
    found = {said(item) for item in judge(gathered, without=RULES.keys() - {case.rule}) if item.rule == case.rule}
    assert sorted(found) == sorted(brief(text, case.rule) for text in case.finds)
    if case.rule not in APART:
        assert not [other for other in said_by_others(gathered, case) if other.rule == case.rule]


def test_every_rule_has_a_row_a_check_and_cases() -> None:
    """A rule that nobody checks, or that nobody has seen at work, is a promise that is not kept."""
    rows = {rule for rule in RULES if not rule.startswith(OF_INPUT)} - OF_TWO_COMMITS
    assert rows == {check.rule.id for check in every.CHECKS} - OF_TWO_COMMITS | set(APART)
    shown = {case.rule for case in CASES if case.finds}
    spared = {case.rule for case in CASES if not case.finds}
    assert rows - set(APART) - shown == set(), "without a case that the rule must catch"
    assert rows - set(APART) - spared == set(), "without a near miss"
