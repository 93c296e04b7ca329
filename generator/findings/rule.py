"""What a rule says of itself, and how its findings are made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from generator.findings.finding import Finding, Found, Severity

OF_INPUT: Final = ("TEN", "DUE", "PLT", "GIT", "FIL", "GEN")
"""Families that are applied while the input is read or written; platform.yaml has no say in them."""


class Firm(StrEnum):
    """Why platform.yaml cannot weaken a rule."""

    DATA = "it keeps a customer's files from being deleted"
    NEIGHBOURS = "it keeps one company out of another's environment"
    RENDER = "without it the other rules would prove nothing"
    FREEZE = "one such entry freezes every tenant of its shard"
    NO_QUOTA = "without it no quota can be worked out"
    TWO_COMMITS = "the sync of this change would stop half-way"
    JUDGE = "a change must not choose what it is judged by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule in words.

    Attributes:
        id: Family and number, for example `TEN013`; never reused.
        severity: The weight of a finding unless platform.yaml says otherwise.
        title: What must hold, one line.
        why: What happens when it does not.
        fix: What to do.
        source: Where the demand comes from: a page, or a sentence.
        firm: Why platform.yaml cannot weaken it; None when it can.
        lifted_by_approval: Whether an approval of the change makes its errors warnings, see `review.approvals`.
        behind: The proofs that take for granted what it holds to: without it they say nothing.
    """

    id: str
    severity: Severity = Severity.ERROR
    title: str
    why: str
    fix: str
    source: str
    firm: Firm | None = None
    lifted_by_approval: bool = False
    behind: tuple[str, ...] = ()

    @property
    def is_of_input(self) -> bool:
        """Whether it is applied while the input is read or written."""
        return self.id.startswith(OF_INPUT)

    def finding(self, found: Found) -> Finding:
        """Make a finding of this rule.

        What is said may quote the input, so characters that could forge or hide a line of output are escaped here,
        once. Without a hint of its own it gets the rule's; what is wrong with the input is told with the very value
        that is wrong, and needs no more words.
        """
        hint = found.hint or ("" if self.is_of_input else self.fix[:1].lower() + self.fix[1:].removesuffix("."))
        place = found.place
        if not place.file.isprintable():
            place = replace(place, file=_on_one_line(place.file))
        return Finding(
            self.id,
            found.severity or self.severity,
            place,
            _on_one_line(found.fact),
            _on_one_line(hint),
            _on_one_line(found.object),
        )


def _on_one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


Known = Callable[[], Mapping[str, Rule]]
"""Tells every rule by its id, and imports what checks them when it is asked."""
