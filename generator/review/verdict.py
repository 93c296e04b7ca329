"""What a run says, and what stops a change: the errors that it brings, and not those that were there before. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from generator import layout
from generator.findings.finding import Finding, Severity
from generator.fleet.model import Accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run looked at and what it found.

    Attributes:
        tenants: How many tenants were rendered.
        objects: How many objects they have together.
        rules: How many rules looked at them.
        findings: What they found.
        weakened: How many findings were made lighter or taken out, by rule.
        accepted: The fields that are accepted although the model does not know them.
        withheld: For each proof that says nothing, why: rules that it takes for granted, and accepted fields.
        beside: What runs beside the companies and is not proved.
    """

    tenants: int
    objects: int
    rules: int
    findings: tuple[Finding, ...]
    weakened: Mapping[str, int]
    accepted: tuple[Accepted, ...] = ()
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beside: tuple[str, ...] = ()


def marked(findings: Iterable[Finding], before: Iterable[Finding], touched: Collection[str]) -> tuple[Finding, ...]:
    """Mark the errors of a state that the state before has as well.

    They are compared by what they say and not by their line, which moves with every edit above it. An error that is
    there more often than before is no old one: nobody could say which of them came with the change. Nor is one in a
    file that Argo CD reads as it stands and that the change touches: what is said of such a file is that it is not as
    it should be, and not how, so that a second edit by hand would hide behind the first.

    Args:
        findings: What was found in the state after.
        before: What was found in the state before, by the same rules.
        touched: The files that differ.
    """
    known = Counter(_said(found) for found in set(before) if found.severity is Severity.ERROR)
    now = Counter(_said(found) for found in set(findings))
    read_as_it_stands = {path for path in touched if path.startswith((f"{layout.OVERLAYS}/", f"{layout.ARGOCD}/"))}
    return tuple(
        replace(found, on_main=True)
        if found.severity is Severity.ERROR
        and now[_said(found)] <= known[_said(found)]
        and found.place.file not in read_as_it_stands
        else found
        for found in findings
    )


def _said(found: Finding) -> tuple[str, str, str, str]:
    return found.rule, found.place.file, found.object, found.fact
