"""Edits that must be refused, each with one beside it that passes; and edits of daily work that pass."""

import copy
import dataclasses
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from generator.findings.finding import Finding, Severity
from generator.fleet.platform import accepted_of
from generator.render.rendered import Rendered
from generator.review.verify import judge
from generator.rules import every
from generator.rules.rule import Per
from tests.rules.harness import COMPANY, ROOT, Edit, edited, good_repository

CORPUS: Final = yaml.safe_load((ROOT / "tests/model/corpus.yaml").read_text(encoding="utf-8"))
GONE: Final = "gone"
NEW: Final = "a new object"


def changed(name: str, path: str, value: Any) -> Rendered:
    """Return the company with another value of a field of one of its objects."""
    good = next(item for item in good_repository().rendered if item.tenant.name == COMPANY)
    objects = copy.deepcopy([dict(obj) for obj in good.objects])
    if name == NEW:
        objects.append(value | {"metadata": value["metadata"] | {"namespace": COMPANY}})
    else:
        kind, _, called = name.partition("/")
        of_base = re.compile(f"{re.escape(called)}(-[a-z0-9]{{10}})?")  # what kustomize generates has a hash
        at: Any = next(obj for obj in objects if obj["kind"] == kind and of_base.fullmatch(obj["metadata"]["name"]))
        *above, last = (step.replace("~1", ".") for step in path.split("."))
        for step in above:
            at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
        if value == GONE:
            at.pop(last, None)
        elif isinstance(at, list):
            at[int(last) : int(last) + 1] = [value]
        elif isinstance(value, dict) and last == "annotations":
            at[last] = {**at.get(last, {}), **value}
        else:
            at[last] = value
    return dataclasses.replace(good, objects=tuple(objects), represents=1)


def errors(rendered: Rendered) -> list[Finding]:
    """Return the errors that rules find in a company."""
    found = every.check(rendered, *every.OF_A_CLASS, Per.TENANT, without=LEFT_OUT)
    return [item for item in found if item.severity is Severity.ERROR]


def refusing(name: str, path: str, value: Any) -> frozenset[str]:
    """Return the rules that find an error in the company when a field of one of its objects has a value."""
    return frozenset(item.rule for item in errors(changed(name, path, value)))


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


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path", "value"), _named(CORPUS["one entry"]))
def test_what_no_rule_knows_passes_with_the_one_entry_that_is_named(name: str, path: str, value: Any) -> None:
    """Copied out of the finding as it stands, but for who says so and why."""
    wanted = changed(name, path, value)
    (found,) = errors(wanted)
    (own,) = re.findall(r"`metadata: (\{.+?\})`", found.hint) or [""]
    (entry,) = re.findall(r"under `accepted`: (\{.+\})", found.hint) or [""]
    platform = wanted.platform
    if own:
        inert = {what: tuple(keys) for what, keys in yaml.safe_load(own).items()}
        platform = dataclasses.replace(platform, inert={**platform.inert, **inert})
    else:
        accepted = accepted_of(0, yaml.safe_load(entry))
        platform = dataclasses.replace(platform, accepted=(accepted,))

    assert errors(dataclasses.replace(wanted, platform=platform)) == []


@pytest.mark.nightly
@pytest.mark.parametrize(("file", "old", "new", "rule", "beside"), CORPUS["files"], ids=str)
def test_an_edit_of_a_file_is_refused_and_what_stands_beside_it_is_not(
    file: str, old: str, new: str, rule: str, beside: str, tmp_path: Path
) -> None:
    """Of platform.yaml, and of what Argo CD applies beside the companies."""
    found: dict[str, set[str]] = {}
    for text in (new, beside):
        (tmp_path / str(len(found))).mkdir()
        gathered = edited([Edit(file, old, text)], tmp_path / str(len(found)), COMPANY, rule)
        found[text] = {item.rule for item in judge(gathered) if item.severity is Severity.ERROR}

    assert rule in found[new]
    assert found[beside] == set()


@pytest.mark.parametrize("line", CORPUS["refused"][::24], ids=str)
def test_a_sample_is_refused(line: list[Any]) -> None:
    """A few of them whenever tests are run."""
    name, path, value, rule, _ = line
    assert rule in refusing(name, path, value)


def test_the_corpus_is_large_and_says_each_edit_once() -> None:
    """More than 200 that are refused, and 100 of daily work; each rule is one that there is."""
    edits = [repr(line[:3]) for lines in CORPUS.values() for line in lines]
    assert len(CORPUS["refused"]) + len(CORPUS["files"]) > 200
    assert len(CORPUS["benign"]) >= 100
    assert len(edits) == len(set(edits))
    assert {line[3] for key in ("refused", "files") for line in CORPUS[key]} <= every.RULES.keys()
