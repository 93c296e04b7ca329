"""What `check` says of rings that were edited by hand: no change brings a ring what the one before it did not have."""

from typing import Any, Final

import pytest

from generator.findings.finding import Finding
from generator.fleet.model import Platform
from generator.fleet.platform import platform_of
from generator.reading import yaml_reader
from generator.rules import every, known
from generator.rules.compared import Compared
from generator.rules.every import RULES
from generator.rules.rule import Per
from tests.harness import ROOT

RINGS: Final = """\
rings:
- {name: pilot, release: "%s"}
- {name: general, release: "%s"%s}
"""


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (("2", "1", ""), ("2", "3", ""), ["ring general would get 3, and ring pilot before it was on 2"]),
        (("2", "1", ""), ("2", "edge", ""), ["ring general would get edge, and ring pilot before it was on 2"]),
        (
            ("2", "1", ""),
            ("2", "1", ', next: {release: "3", share: 5}'),
            ["ring general would get 3, and ring pilot before it was on 2"],
        ),
        (("2", "1", ""), ("2", "2", ""), []),
        (("2", "1", ""), ("2", "3", ", reason: a fix"), []),
        (("3", "3", ""), ("2", "3", ""), []),
        (("edge", "1", ""), ("edge", "3", ""), []),
        (("2", "1", ""), ("3", "3", ""), ["ring general would get 3, and ring pilot before it was on 2"]),
        (
            ("2", "1", ""),
            ("2", "3", ', next: {release: "2", share: 1}'),
            ["ring general would get 3, and ring pilot before it was on 2"],
        ),
    ],
)
def test_check_holds_edits_by_hand_to_the_order_of_rings(
    before: tuple[str, ...], after: tuple[str, ...], found: list[str]
) -> None:
    """A reason lifts it, and a rollback of the ring before is none of it."""
    nothing: dict[str, Any] = dict.fromkeys(("tenants", "steps", "files", "returning", "unread", "removals"), ())
    was, now = (platform_with(RINGS % rings) for rings in (before, after))
    compared = Compared(commit="", source="", before=was, after=now, fleet=0, gone={}, **nothing)

    told = list(every.check(compared, Per.CHANGE, without=RULES.keys() - {"CHG027"}))

    assert [one.fact for one in told] == found
    assert all(one.place.file == "platform.yaml" and one.place.line for one in told)
    assert all(" --reason WHY" in one.hint for one in told)


def test_check_holds_rings_that_all_get_other_names_to_what_stood_before_them() -> None:
    """Else new names would bring the last ring what the first has."""
    nothing: dict[str, Any] = dict.fromkeys(("tenants", "steps", "files", "returning", "unread", "removals"), ())
    was = platform_with(rings_of(first="3", pilot="2", general="1"))
    for last, found in (("3", ["ring c would get 3, and ring b before it is new"]), ("2", [])):
        now = platform_with(rings_of(a="3", b="3", c=last))
        compared = Compared(commit="", source="", before=was, after=now, fleet=0, gone={}, **nothing)
        told = list(every.check(compared, Per.CHANGE, without=RULES.keys() - {"CHG027"}))

        assert [one.fact for one in told] == found


def test_check_lets_no_new_ring_open_the_way_for_a_later_one() -> None:
    """A ring that is new had nothing yet: put between two others, without a company, it tried nothing either."""
    nothing: dict[str, Any] = dict.fromkeys(("tenants", "steps", "files", "returning", "unread", "removals"), ())
    was = platform_with(rings_of(pilot="1", general="1"))
    skips = "ring {} would get {}, and ring pilot before it was on 1"
    cases: tuple[tuple[dict[str, str], list[str]], ...] = (
        (
            {"pilot": "1", "new": "edge", "general": "edge"},
            [skips.format("new", "edge"), skips.format("general", "edge")],
        ),
        ({"pilot": "1", "everybody": "edge"}, [skips.format("everybody", "edge")]),
        ({"new": "3", "newer": "3", "general": "1"}, ["ring newer would get 3, and ring new before it is new"]),
        ({"new": "3", "newer": "1", "newest": "1", "general": "1"}, []),
    )
    for rings, found in cases:
        now = platform_with(rings_of(**rings))
        compared = Compared(commit="", source="", before=was, after=now, fleet=0, gone={}, **nothing)
        told = list(every.check(compared, Per.CHANGE, without=RULES.keys() - {"CHG027"}))

        assert [one.fact for one in told] == found


def test_check_lets_no_ring_become_the_first_with_what_the_one_before_it_did_not_have() -> None:
    """The first ring is free, and another one that is put in its place is not."""
    nothing: dict[str, Any] = dict.fromkeys(("tenants", "steps", "files", "returning", "unread", "removals"), ())
    was = platform_with(rings_of(dev="2", pilot="1", general="1"))
    cases: tuple[tuple[dict[str, str], list[str]], ...] = (
        ({"pilot": "3", "general": "1"}, ["ring pilot would get 3, and ring dev before it was on 2"]),
        ({"general": "2", "dev": "2", "pilot": "1"}, ["ring general would get 2, and ring pilot before it was on 1"]),
        ({"pilot": "2", "general": "1"}, []),
        ({"dev": "3", "general": "1"}, []),
    )
    for rings, found in cases:
        now = platform_with(rings_of(**rings))
        compared = Compared(commit="", source="", before=was, after=now, fleet=0, gone={}, **nothing)
        told = list(every.check(compared, Per.CHANGE, without=RULES.keys() - {"CHG027"}))

        assert [one.fact for one in told] == found


def rings_of(**rings: str) -> str:
    """Return what platform.yaml says of rings, by their names."""
    return "rings:\n" + "".join(f"- {{name: {name}, release: '{release}'}}\n" for name, release in rings.items())


def platform_with(rings: str) -> Platform:
    """Return the platform of a file that says this of its rings."""
    text = (ROOT / "platform.yaml").read_text(encoding="utf-8")
    start = text.index("rings:")
    document, _ = yaml_reader.read("platform.yaml", (text[:start] + rings + text[text.index("argocd:") :]).encode())
    assert document is not None
    findings: list[Finding] = []
    platform = platform_of(document, known, findings)
    assert platform is not None, findings
    return platform
