"""Edits of base/ that must be refused, each with one beside it that passes; and edits of daily work that pass."""

import copy
import dataclasses
from typing import Any, Final

import pytest
import yaml

from generator.findings.finding import Severity
from generator.rules import every
from generator.rules.rule import Per
from tests.rules.harness import COMPANY, ROOT, good_repository

CORPUS: Final = yaml.safe_load((ROOT / "tests/model/corpus.yaml").read_text(encoding="utf-8"))
GONE: Final = "gone"


def refusing(name: str, path: str, value: Any) -> frozenset[str]:
    """Return the rules that find an error in the company when a field of one of its objects has a value."""
    good = next(item for item in good_repository().rendered if item.tenant.name == COMPANY)
    objects = copy.deepcopy([dict(obj) for obj in good.objects])
    kind, _, called = name.partition("/")
    at: Any = next(obj for obj in objects if (obj["kind"], obj["metadata"]["name"]) == (kind, called))
    *above, last = (step.replace("~1", ".") for step in path.split("."))
    for step in above:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    if value == GONE:
        at.pop(last, None)
    elif isinstance(at, list):
        at[int(last)] = value
    elif isinstance(value, dict) and last == "annotations":
        at[last] = {**at.get(last, {}), **value}
    else:
        at[last] = value
    changed = dataclasses.replace(good, objects=tuple(objects), represents=1)
    found = every.check(changed, *every.OF_A_CLASS, Per.TENANT, without=LEFT_OUT)
    return frozenset(item.rule for item in found if item.severity is Severity.ERROR)


LEFT_OUT: Final = frozenset({"K8S001"})
"""The schemas refuse some of it as well; here it is shown that they need not."""


def _named(lines: list[list[Any]]) -> list[Any]:
    return [pytest.param(*line, id=f"{line[0]} {line[1]} {str(line[2])[:30]}") for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path", "value", "rule", "beside"), _named(CORPUS["refused"]))
def test_an_edit_is_refused_and_what_stands_beside_it_is_not(
    name: str, path: str, value: Any, rule: str, beside: Any
) -> None:
    """By the rule that is named, whoever else says so as well."""
    assert rule in refusing(name, path, value)
    assert refusing(name, path, beside) == frozenset()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path", "value"), _named(CORPUS["benign"]))
def test_an_edit_of_daily_work_passes(name: str, path: str, value: Any) -> None:
    """Without an entry anywhere."""
    assert refusing(name, path, value) == frozenset()


@pytest.mark.parametrize("line", CORPUS["refused"][::12], ids=str)
def test_a_sample_is_refused(line: list[Any]) -> None:
    """A few of them whenever tests are run."""
    name, path, value, rule, _ = line
    assert rule in refusing(name, path, value)
