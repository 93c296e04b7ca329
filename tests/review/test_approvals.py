"""Approvals: how strictly they are read, when they count, and what is said of one that does not."""

from datetime import date

import pytest

from generator.findings import formats
from generator.findings.finding import Place, Severity
from generator.findings.table import finding
from generator.review import approvals

DIGEST = "3f" * 32
FILE = f"approvals/{DIGEST}.yaml"
TODAY = date(2026, 11, 25)
GOOD = f'digest: "{DIGEST}"\nreason: tried on staging for a week\nby: Platform team\n'
WAY = "have it approved: tenantry check --base main --approve REASON"

OVER_BUDGET = finding("TEN019", Place("platform.yaml", 3, 1), "it touches 3 tenants, 2 are allowed", "split the change")
NOT_LIFTED = finding("TEN012", Place("tenants/a.yaml", 2, 7), "the volume would shrink", "keep it")


def standing(text: str | None) -> approvals.Standing:
    """Return how the change stands with this file before it, or with none."""
    return approvals.standing(DIGEST, None if text is None else text.encode(), TODAY, way=WAY)


def said(text: str, file: str = FILE) -> str:
    """Return what is said of a file under approvals/."""
    return formats.text(tuple(approvals.problems({file: text.encode()}, TODAY)))


def test_what_check_writes_is_read_back() -> None:
    """Whatever the reason and the name hold."""
    text = approvals.text_of(DIGEST, 'on: "twice"\n# tried', "Ünal <u@example.com>")

    approval, findings = approvals.read(FILE, text.encode())

    assert findings == ()
    assert approval is not None
    assert (approval.digest, approval.reason, approval.by, approval.until) == (
        DIGEST,
        'on: "twice"\n# tried',
        "Ünal <u@example.com>",
        None,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", f"{FILE}: error: the file holds no document [TEN008]\n  hint: write the keys, or remove the file\n"),
        (
            "approved: {}\n",
            (
                f"{FILE}:1:1: error: the key `by` is missing [CHG002]\n"
                f"{FILE}:1:1: error: the key `digest` is missing [CHG002]\n"
                f"{FILE}:1:1: error: the key `reason` is missing [CHG002]\n"
                f"{FILE}:1:1: error: unknown key `approved` [CHG002]\n"
                + "  hint: let `tenantry check --base REF --approve REASON` write it, or see"
                " `tenantry schema approval`\n" * 4
            ),
        ),
        (
            GOOD.replace(DIGEST, "ab" * 32),
            (
                f"{FILE}:1:9: error: digest: this file is not named after its digest, abababababab... [CHG002]\n"
                f"  hint: rename it to approvals/{'ab' * 32}.yaml\n"
            ),
        ),
        (
            GOOD.replace("tried on staging for a week", '" "'),
            (
                f"{FILE}:2:9: error: reason: ' ' is not a sentence [CHG002]\n"
                "  hint: for example The new probe was tried on the staging cluster for a week.\n"
            ),
        ),
        (
            f"{GOOD}until: 2026-12-31\n",
            f"{FILE}:4:8: error: `2026-12-31` is read as a date [TEN009]\n  hint: quote it\n",
        ),
        (
            f'{GOOD}until: "2026-02-30"\n',
            f"{FILE}:4:8: error: until: there is no day 2026-02-30 [CHG002]\n  hint: for example 2026-12-31\n",
        ),
        (
            f'{GOOD}until: "2026-11-24"\n',
            (
                f"{FILE}:4:8: warning: this approval ended on 2026-11-24 and lifts nothing [CHG003]\n"
                "  hint: remove the file, or give it a later day, by a pull request of its own\n"
            ),
        ),
        (f'{GOOD}until: "2026-11-25"\n', ""),
        (GOOD, ""),
    ],
)
def test_a_file_under_approvals_is_read_strictly(text: str, expected: str) -> None:
    """With the place of what is wrong, and the way out."""
    lines = said(text)

    assert "".join(sorted(lines.splitlines(keepends=True))) == "".join(sorted(expected.splitlines(keepends=True)))


@pytest.mark.parametrize("file", ["approvals/notes.yaml", f"approvals/2026/{DIGEST}.yaml", f"approvals/{DIGEST}.yml"])
def test_a_file_that_is_not_named_after_its_digest_is_refused(file: str) -> None:
    """It would lift nothing, and nobody would know."""
    assert said(GOOD, file) == (
        f"{file}:1:9: error: digest: this file is not named after its digest, 3f3f3f3f3f3f... [CHG002]\n"
        f"  hint: rename it to {FILE}\n"
    )


@pytest.mark.parametrize("file", ["approvals/README.md", "approvals/.gitkeep", "docs/approvals/x.yaml"])
def test_what_is_no_data_is_passed_over(file: str) -> None:
    """As it is below tenants/."""
    assert said("", file) == ""


def test_an_approval_makes_the_error_a_warning_that_names_it() -> None:
    """Who reads the run sees why it passed; an error of another kind stays."""
    lifted = approvals.lift((OVER_BUDGET, NOT_LIFTED), standing(GOOD))

    assert [found.severity for found in lifted] == [Severity.WARNING, Severity.ERROR]
    assert formats.text(lifted) == (
        "platform.yaml:3:1: warning: it touches 3 tenants, 2 are allowed; approved by Platform team: tried on staging"
        " for a week [TEN019]\n"
        "tenants/a.yaml:2:7: error: the volume would shrink [TEN012]\n  hint: keep it\n"
    )


@pytest.mark.parametrize(
    ("text", "way"),
    [
        (None, WAY),
        (
            "",
            f"fix {FILE} by a pull request of its own: it lifts nothing ({FILE}: the file holds no document)",
        ),
        (
            GOOD.replace(DIGEST, "ab" * 32),
            (
                f"fix {FILE} by a pull request of its own: it lifts nothing ({FILE}:1:9: digest: this file is not named"
                " after its digest, abababababab...)"
            ),
        ),
        (
            f'{GOOD}until: "2026-11-24"\n',
            f"give {FILE} a later day by a pull request of its own: it ended on 2026-11-24 and lifts nothing",
        ),
    ],
)
def test_what_lifts_nothing_says_why_and_what_would(text: str | None, way: str) -> None:
    """The error stays one, and its hint has the way to an approval that counts."""
    (kept,) = approvals.lift((OVER_BUDGET,), standing(text))

    assert kept.severity is Severity.ERROR
    assert kept.hint == f"split the change, or {way}"
