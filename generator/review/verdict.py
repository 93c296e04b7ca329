"""What stops a change: the errors that it brings, and not those that the commit it started from has as well. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from generator import layout
from generator.findings.finding import Finding, Severity


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
