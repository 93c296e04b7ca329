"""Approvals: what lets one change pass that a rule would stop, and why another file under approvals/ does not. Pure.

An approval names the change by its digest and comes before it, by a pull request of its own, which the owners of
approvals/ review. So it is looked for where the change cannot reach: in the merge base, or, of a merge, in its first
parent. The digest is over the change and not over what it is merged into, so the merge of the approval leaves it as
it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath
from typing import Final

from generator import layout
from generator.findings.finding import Finding, Found, Severity
from generator.findings.table import finding
from generator.reading import yaml_reader, yaml_writer
from generator.reading.schema import Checker, Path, package_schema
from generator.reading.yaml_reader import Document
from generator.rules.every import RULES

MAX_BYTES: Final = 16 * 1024
"""Of one file under approvals/."""

_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One file under approvals/.

    Attributes:
        digest: Names the change, see `generator.review.blast_radius.digest_of`.
        reason: Why the change may pass.
        by: Who says so.
        until: The last day on which it counts; None for no end.
        document: The file.
    """

    digest: str
    reason: str
    by: str
    until: date | None
    document: Document

    def is_over(self, today: date) -> bool:
        """Say whether its last day has passed."""
        return self.until is not None and self.until < today


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one change stands: whether it was approved where it could not reach.

    Attributes:
        digest: Names the change.
        approval: What lets it pass, or None.
        way: What leads to an approval that counts; empty where there is one.
    """

    digest: str
    approval: Approval | None
    way: str


def file_of(digest: str) -> str:
    """Return the path of the file that approves a change."""
    return f"{layout.APPROVALS}/{digest}.yaml"


def is_approval(path: str) -> bool:
    """Say whether a file is read as an approval: any file of data below approvals/, whatever its name."""
    return path.startswith(f"{layout.APPROVALS}/") and PurePosixPath(path).suffix.lower() in _SUFFIXES


def read(file: str, raw: bytes) -> tuple[Approval | None, tuple[Finding, ...]]:
    """Read one approval as strictly as a tenant file.

    Args:
        file: Path from the repository's root.
        raw: The bytes of the file.

    Returns:
        The approval, or None when the file lifts nothing; and what is wrong with it.
    """
    document, findings = yaml_reader.read(file, raw, max_bytes=MAX_BYTES)
    if document is None:
        return None, findings
    found = Checker(package_schema("approval")).check(document, _rule) or list(_beyond_the_schema(document))
    if found:
        return None, tuple(found)
    data = document.data
    until = date.fromisoformat(data["until"]) if "until" in data else None
    return Approval(digest=data["digest"], reason=data["reason"], by=data["by"], until=until, document=document), ()


def _rule(path: Path, keyword: str) -> str:
    del path, keyword
    return "CHG002"


def _beyond_the_schema(document: Document) -> Iterator[Finding]:
    digest = document.data["digest"]
    if document.file != file_of(digest):
        fact = f"digest: this file is not named after its digest, {_short(digest)}"
        yield finding("CHG002", document.place(("digest",)), fact, f"rename it to {file_of(digest)}")
    if "until" in document.data:
        try:
            date.fromisoformat(document.data["until"])
        except ValueError:
            fact = f"until: there is no day {document.data['until']}"
            yield finding("CHG002", document.place(("until",)), fact, "for example 2026-12-31")


def problems(files: Mapping[str, bytes], today: date) -> Iterator[Finding]:
    """Yield what is wrong with approvals: an error for a file that says too little, a warning for one that ended.

    Args:
        files: Path -> content; what is no approval is passed over.
        today: The day.
    """
    for file, raw in sorted(files.items()):
        if is_approval(file):
            approval, findings = read(file, raw)
            yield from findings
            if approval is not None and approval.is_over(today):
                fact = f"this approval ended on {approval.until} and lifts nothing"
                hint = "remove the file, or give it a later day, by a pull request of its own"
                yield finding("CHG003", approval.document.place(("until",)), fact, hint)


def standing(digest: str, raw: bytes | None, today: date, *, way: str) -> Standing:
    """Say whether a change was approved.

    Args:
        digest: Names the change.
        raw: The file of its approval, as it stands where the change cannot reach it; None where there is none.
        today: The day on which it counts or not.
        way: What leads to an approval when there is none.
    """
    file = file_of(digest)
    if raw is None:
        return Standing(digest=digest, approval=None, way=way)
    approval, findings = read(file, raw)
    if approval is None:
        first = findings[0]
        way = f"fix {file} by a pull request of its own: it lifts nothing ({first.place}: {first.fact})"
        return Standing(digest=digest, approval=None, way=way)
    if approval.is_over(today):
        way = f"give {file} a later day by a pull request of its own: it ended on {approval.until} and lifts nothing"
        return Standing(digest=digest, approval=None, way=way)
    return Standing(digest=digest, approval=approval, way="")


def is_lifted_by_approval(found: Finding) -> bool:
    """Say whether an approval of the change makes an error a warning."""
    return found.severity is Severity.ERROR and RULES[found.rule].lifted_by_approval


def is_about_approvals(found: Finding) -> bool:
    """Say whether a finding is of a rule that an approval lifts, or of approvals and the judge themselves."""
    return RULES[found.rule].lifted_by_approval or found.rule in _OF_THE_JUDGE


_OF_THE_JUDGE: Final = frozenset({"CHG002", "CHG003", "CHG004"})


def lift(findings: Iterable[Finding], standing: Standing) -> tuple[Finding, ...]:
    """Make warnings of the errors that an approval lifts, or say how to come by one.

    Args:
        findings: What was found in a change.
        standing: Whether that change was approved.
    """
    return tuple(_lifted(found, standing) if is_lifted_by_approval(found) else found for found in findings)


def _lifted(found: Finding, standing: Standing) -> Finding:
    approval = standing.approval
    if approval is None:
        return replace(found, hint=f"{found.hint}, or {standing.way}" if found.hint else standing.way)
    fact = f"{found.fact}; approved by {approval.by}: {approval.reason}"
    return RULES[found.rule].finding(Found(found.place, fact, object=found.object, severity=Severity.WARNING))


def text_of(digest: str, reason: str, by: str) -> str:
    """Write the file that approves a change.

    Args:
        digest: Names the change.
        reason: Why it may pass.
        by: Who says so.
    """
    return yaml_writer.dump({"digest": digest, "reason": reason, "by": by})


def _short(digest: str) -> str:
    return f"{digest[:12]}..."
