"""A rule that is marked as if it looked at less than it does is caught: what it finds in one company is lost with it.

What a rule reads shows whether its mark can be right, before it finds anything. And each rule that looks at names, at
lengths or at sizes is marked wrongly here, in every way. The bad company of one of its cases stands where the wrong
mark lets nobody look; so judging each by itself finds more than judging by class, and the comparison that every run
makes (KUS013) says which rule it is.
"""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from generator.fleet.model import Tenant
from generator.render.rendered import Rendered
from generator.review.verify import ByItself, Gathered, judge
from generator.rules import every
from generator.rules.rule import Check, Per
from tests.rules.harness import COMPANY, gathered_for, good_repository
from tests.rules.test_rules import CASES

LESS: Final = {
    Per.TENANT: (Per.LENGTHS, Per.SIZES, Per.CLASS),
    Per.LENGTHS: (Per.SIZES, Per.CLASS),
    Per.SIZES: (Per.CLASS,),
}
"""What a rule can be marked as -> the marks by which it looks at fewer companies."""

MARKED: Final = [item for item in every.CHECKS if item.per in LESS]


def _bad(check: Check, tmp_path: Path) -> Rendered:
    """Return a company in which a rule finds something, of the first of its cases that has one."""
    cases = [case for case in CASES if case.rule == check.rule.id and case.finds]
    for number, case in enumerate(sorted(cases, key=lambda case: case.change is None)):
        (folder := tmp_path / str(number)).mkdir()
        for rendered in gathered_for(case, folder).repository.rendered:
            if any(check(rendered)):
                return rendered
    raise AssertionError(f"no case of {check.rule.id} has a company in which {check.function.__name__} finds something")


def _said(rule: str, *companies: Rendered, by_itself: ByItself | None = None) -> set[str]:
    """Return whether a rule finds something in companies, and whether it is compared otherwise: their ids."""
    repository = dataclasses.replace(good_repository(), rendered=companies)
    gathered = Gathered(bases=(), repository=repository, findings=(), by_itself=by_itself)
    return {found.rule for found in judge(gathered, every.RULES.keys() - {rule, "KUS013"})}


@pytest.mark.parametrize("check", MARKED, ids=lambda check: f"{check.rule.id}-{check.per.name}")
def test_a_mark_by_which_a_rule_looks_at_less_is_caught(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By judging each by itself, and in the run; with the right mark the company is found, and nothing is compared."""
    good = dataclasses.replace(good_repository().of(COMPANY), represents=2)
    bad = _bad(check, tmp_path)
    # one that differs from the first of its class in what the right mark says that the rule looks at, and nothing else
    longer = dataclasses.replace(bad.tenant, hosts=(f"a.{bad.tenant.hosts[0]}",))
    other = {
        Per.TENANT: partial(dataclasses.replace, bad, represents=0),
        Per.LENGTHS: partial(dataclasses.replace, bad, represents=0, longest=(longer.name,), tenant=longer),
        Per.SIZES: partial(dataclasses.replace, bad, represents=1, leader=good),
    }[check.per]()
    first = other if check.per is Per.SIZES else good
    of_the_run = ByItself(first=first, subject=None, own=other)
    alone = dataclasses.replace(bad, represents=1, leader=None)
    rule = check.rule.id

    assert _said(rule, good, other, by_itself=of_the_run) == {rule}
    for per in LESS[check.per]:
        marked = dataclasses.replace(check, per=per)
        monkeypatch.setattr(every, "CHECKS", tuple(marked if item is check else item for item in MARKED))
        one, another = dataclasses.replace(good), dataclasses.replace(other)  # with nothing worked out

        assert _said(rule, one, another) == set()
        assert _said(rule, one, alone) == {rule}
        by_itself = dataclasses.replace(of_the_run, first=another if first is other else one, own=another)
        assert _said(rule, one, another, by_itself=by_itself) == {"KUS013"}, per


IN_COMMON: Final = frozenset(
    (
        *("objects", "of_kind", "named", "workloads", "text", "origins", "sources", "platform", "guarded", "states"),
        *(f"tenant.{key}" for key in ("addons", "plan", "ring", "state", "storage")),
    )
)
"""What is the same for a class: the render with its places in base/, and what stands in the overlay and its sheet."""

ON_PURPOSE: Final = {
    "KUS002": {"overlay"},  # with sentinels it is the same for all
    "KUS007": {"tenant.name", "tenant.hosts"},  # are no placeholders: a company may be called like one
    "KUS008": {"tenant.name", "names", "hosts"},  # all names but the own one, which stands in the same places for all
    "SEC011": {"tenant.name", "tenant.hosts"},  # are no secrets, whatever they look like
    # the namespace that policies are read in
    **{rule: {"tenant.name"} for rule in ("SEC005", "NET002", "NET003", "NET004", "NET005")},
}
"""Rules of a class that read names all the same, and why they find the same for every name."""


class _Read(Rendered):
    """A company that remembers what a rule asks of it, but for where something is written."""

    seen: set[str]

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name.startswith("__") or name in ("worked", "seen"):
            return value
        if name in ("place", "place_in", "found", "found_at", "found_in_project"):
            return partial(getattr(Rendered, name), _plain(self))
        if name == "tenant":
            return _OfTenant(value, self.seen)
        self.seen.add(name)
        return value


class _OfTenant:
    def __init__(self, tenant: Tenant, seen: set[str]) -> None:
        self._tenant, self._seen = tenant, seen

    def __getattr__(self, name: str) -> Any:
        self._seen.add(f"tenant.{name}")
        return getattr(self._tenant, name)


def _plain(read: _Read) -> Rendered:
    held = {field.name: object.__getattribute__(read, field.name) for field in dataclasses.fields(read) if field.init}
    return Rendered(**held)


def _own(check: Check) -> set[str]:
    """Return what a rule reads of this repository's companies that is not the same for a class."""
    seen: set[str] = set()
    for rendered in good_repository().rendered:
        read = _Read(
            **{field.name: getattr(rendered, field.name) for field in dataclasses.fields(rendered) if field.init}
        )
        object.__setattr__(read, "seen", seen)
        list(check(read))
    return seen - IN_COMMON


def test_a_rule_of_a_class_reads_nothing_of_one_company() -> None:
    """What names decide is so for one company and not for the next: who reads them says so, here or by its mark."""
    read = {item.rule.id: own for item in every.CHECKS if item.per in every.OF_A_CLASS and (own := _own(item))}

    assert read == ON_PURPOSE


@pytest.mark.parametrize("check", [item for item in MARKED if item.per is Per.TENANT], ids=lambda check: check.rule.id)
def test_a_rule_of_each_company_reads_something_of_it(check: Check) -> None:
    """So the test above fails when it is marked as one of a class."""
    assert _own(check)
