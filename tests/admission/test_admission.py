"""What the API server refuses and no schema says, of one object at a time."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from generator.admission.check import problems
from generator.kube import typed
from generator.rules.admission import same_keys
from tests.admission.cases import KINDS, Pair, changed
from tests.admission.cases_controllers import PAIRS


def _said(one: Mapping[str, Any]) -> Iterator[str]:
    parts = tuple(typed.parts("1.36", one))
    for problem in problems(one, parts):
        yield f"{'.'.join(map(str, problem.path))}: {problem.fact}"
    for part in parts:
        if isinstance(part.value, list):
            yield from (f"{'.'.join(map(str, path))}: {fact}" for path, fact in same_keys(part))


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_what_is_refused_and_what_is_nearly_the_same(pair: Pair) -> None:
    """One is refused, with its place and its fact; the other passes."""
    wanted = (
        pair.fact if pair.fact.startswith(pair.path.split(".")[0]) else f"{pair.path.replace('|', '.')}: {pair.fact}"
    )
    assert wanted in list(_said(changed(pair.kind, pair.path, pair.bad)))
    assert list(_said(changed(pair.kind, pair.path, pair.good))) == []


def test_each_kind_has_ten_at_least() -> None:
    """One case stands for its kind, and the others of it are tried as well."""
    assert min(map(len, KINDS)) > 10
