"""IO out: write the approval of a change, to be merged before it by a pull request of its own."""

from datetime import date
from pathlib import Path

from generator.findings.finding import TenantryError
from generator.findings.words import plural
from generator.generate.write import replace
from generator.git import ancestry, door
from generator.reading import files
from generator.reading.files import BadFile
from generator.review import approvals
from generator.review.check import Checked


def approve(root: Path, done: Checked, reason: str, today: date) -> str:
    """Write the approval that lifts what was found in a change.

    Args:
        root: The repository's root.
        done: What `check` found with a base.
        reason: Why the change may pass.
        today: The day on which it has to count.

    Returns:
        The path of the file; it may have been there, with what was asked.

    Raises:
        TenantryError: There is nothing that an approval would lift, or another error keeps the change from passing, or
            the file is there and lifts nothing.
        EnvironmentProblem: Git does not know who approves.
    """
    assert done.standing is not None, "only a change can be approved"
    errors = [found for found in done.findings if found.refuses]
    if not errors:
        raise TenantryError("there is nothing to approve: this change passes", "merge it")
    others = [found for found in errors if not approvals.is_lifted_by_approval(found)]
    if others:
        fact = f"an approval does not lift {plural(len(others), 'error')} of this change, first {others[0].rule}"
        hint = "fix what is shown above first: another edit gives another digest, which needs another approval"
        raise TenantryError(fact, hint)
    file = approvals.file_of(done.standing.digest)
    there = _there(root, file)
    if there is None:
        text = approvals.text_of(done.standing.digest, reason, ancestry.author(door.open_repository(root)))
        replace(root / file, text.encode())
        return file
    approval, findings = approvals.read(file, there)
    if approval is None:
        fact = f"{file} is there and lifts nothing ({findings[0].place}: {findings[0].fact})"
        raise TenantryError(fact, f"fix it, or remove it and run this again: rm {file}")
    if approval.is_over(today):
        fact = f"{file} is there and ended on {approval.until}"
        raise TenantryError(fact, "give it a later day, and bring that to main by a pull request of its own")
    return file


def _there(root: Path, file: str) -> bytes | None:
    try:
        return files.read(root, file, approvals.MAX_BYTES)
    except BadFile as bad:
        if bad.missing:
            return None
        raise
