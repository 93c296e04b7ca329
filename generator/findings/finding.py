"""What tenantry says about its input: findings with their place, and the errors that end a run."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum


class Exit(IntEnum):
    """The exit codes of every verb."""

    FINE = 0
    REFUSED = 1
    USAGE = 2
    STALE = 3
    ENVIRONMENT = 4
    BUG = 70
    INTERRUPTED = 130


class Severity(StrEnum):
    """How much a finding weighs: an error refuses, a warning is shown and counted."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands.

    Attributes:
        file: Path from the repository's root, with forward slashes.
        line: 1 for the first line, 0 when only the file is known.
        column: 1 for the first character, 0 when only the line is known.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return file:line:column, as editors and CI logs link it."""
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Found:
    """What the function of a rule finds; the rule makes a finding of it.

    Attributes:
        place: Where the cause stands.
        fact: What is the case, one sentence without a full stop.
        hint: The way out here, when it is not the rule's own.
        object: The Kubernetes object it is about, as Kind/namespace/name, or empty.
        severity: Its weight where that is not the rule's.
    """

    place: Place
    fact: str
    hint: str = ""
    object: str = ""
    severity: Severity | None = None

    def as_warning(self) -> "Found":
        """Return the same as a warning."""
        return replace(self, severity=Severity.WARNING)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with the way out.

    Attributes:
        rule: Id of the rule that was broken.
        severity: The rule's severity, or what platform.yaml makes of it.
        place: Where the cause stands.
        fact: What is the case, one sentence without a full stop.
        hint: What to do about it; empty where the fact says so itself.
        object: The Kubernetes object it is about, as Kind/namespace/name, or empty.
        on_main: Whether the commit that a change started from has it as well: it is shown, and refuses nothing.
    """

    rule: str
    severity: Severity
    place: Place
    fact: str
    hint: str = ""
    object: str = ""
    on_main: bool = False

    @property
    def refuses(self) -> bool:
        """Whether a run with this finding ends in 1: an error that is not on main already."""
        return self.severity is Severity.ERROR and not self.on_main

    def with_severity(self, severity: Severity) -> "Finding":
        """Return the same finding with another weight."""
        return replace(self, severity=severity)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by place, then rule, then text; equal ones are shown once."""
    return tuple(sorted(set(findings), key=lambda found: (found.place, found.rule, found.object, found.fact)))


class TenantryError(Exception):
    """Ends a run with a message for a person; `exit_code` says which kind of end it is."""

    exit_code = Exit.REFUSED

    def __init__(self, fact: str, hint: str = "") -> None:
        super().__init__(fact)
        self.fact = fact
        self.hint = hint


class EnvironmentProblem(TenantryError):  # noqa: N818 -- reads as what it is
    """The machine lacks something: kustomize, a readable repository, a cluster."""

    exit_code = Exit.ENVIRONMENT


class Refused(TenantryError):  # noqa: N818 -- reads as what it is
    """The input has errors; the findings say which."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = in_order(findings)
        super().__init__("the input has errors, nothing was written")
