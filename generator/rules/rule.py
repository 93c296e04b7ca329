"""A rule at its function: what it says, what it looks at, and the id that its findings get."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from generator.findings.finding import Finding, Found, Severity
from generator.findings.rule import Firm, Rule
from generator.findings.table import TABLE


class Per(StrEnum):
    """What the function of a rule is called with."""

    CLASS = (
        "each class of renders that are equal but for numbers of the company's own, with sentinels for name and hosts,"
        " which make no difference: said of the first; each kind of it only if that one is not well"
    )
    SIZES = "each class of equal renders, numbers included: they are read as well"
    LENGTHS = "each class of equal renders, and those of it with the longest name and host: objects have lengths"
    TENANT = "each tenant; of tenants that are alike one with sentinels, and each of them only if that one is not well"
    RELEASE = "each release of base/ that a ring names, with the guard before it"
    GUARD = "each release of base/, also one that no ring names, with the guard before it"
    FLEET = "all tenants together"
    STEP = "each tenant before and after a change"
    CHANGE = "all that a change does"


Function = Callable[[Any], Iterator[Found | Finding]]
"""From what `Per` says to what is wrong with it; a finding of another rule passes as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One function that checks a rule; a module's checks are found by their type.

    Attributes:
        rule: The rule.
        per: What the function looks at.
        function: The function.
    """

    rule: Rule
    per: Per
    function: Function

    def __call__(self, subject: Any) -> Iterator[Finding]:
        """Yield what is wrong with a subject, as findings of the rule."""
        for found in self.function(subject):
            yield found if isinstance(found, Finding) else self.rule.finding(found)

    def also(self, per: Per) -> "Callable[[Function], Check]":
        """Let a second function check the same rule on something else."""
        return lambda function: Check(rule=self.rule, per=per, function=function)


def of_table(id: str, *, per: Per) -> Callable[[Function], Check]:  # noqa: A002 -- its name everywhere
    """Make a function the check of a rule of the table, which is applied elsewhere, too.

    Args:
        id: The rule.
        per: What the function looks at.
    """
    return lambda function: Check(rule=TABLE[id], per=per, function=function)


def rule(
    id: str,  # noqa: A002 -- its name everywhere
    *,
    per: Per,
    title: str,
    why: str,
    fix: str,
    source: str,
    severity: Severity = Severity.ERROR,
    firm: Firm | None = None,
    lifted_by_approval: bool = False,
    behind: tuple[str, ...] = (),
) -> Callable[[Function], Check]:
    """Make a function the check of a rule.

    Args:
        id: As of `Rule`, and so are the others.
        per: What the function looks at.
        title: What must hold.
        why: What happens when it does not.
        fix: What to do.
        source: Where the demand comes from.
        severity: Its weight.
        firm: Why it cannot be weakened.
        lifted_by_approval: Whether an approval of the change lifts it.
        behind: The proofs that take it for granted.
    """
    words = Rule(
        id=id,
        severity=severity,
        title=title,
        why=why,
        fix=fix,
        source=source,
        firm=firm,
        lifted_by_approval=lifted_by_approval,
        behind=behind,
    )
    return lambda function: Check(rule=words, per=per, function=function)
