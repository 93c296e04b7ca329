"""One state of the repository, looked at alone: what is wrong with its input and with its generated files."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from generator import layout, pipeline
from generator.findings.finding import Finding, Place, Refused
from generator.findings.table import finding
from generator.fleet.lost import Lost
from generator.fleet.validate import Had
from generator.generate.compose import Tree
from generator.generate.write import compare, stale
from generator.git import inspection
from generator.git.snapshot import Snapshot
from generator.review import revision
from generator.review.part import Part
from generator.review.revision import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A state as far as it can be composed.

    Attributes:
        state: The files with the generated ones beside them, and what follows from the sources; None when nothing does.
        findings: What is wrong with what git holds and with the generated files, and warnings of the input.
        lost: Companies whose tenant file is gone, where generated files are part of the repository.
        errors: What is wrong with the input.
        left_out: Tenant files with errors, without which the rest was composed.
    """

    state: State | None
    findings: tuple[Finding, ...]
    lost: Lost = field(default_factory=dict)
    errors: tuple[Finding, ...] = ()
    left_out: frozenset[str] = frozenset()


def look(
    snapshot: Snapshot, folder: Path, had: Had | None = None, part: Part | None = None
) -> tuple[State, tuple[Finding, ...], Lost]:
    """Compose a state and compare its generated files with what they should be.

    Args:
        snapshot: The repository.
        folder: Where generated files are written, when they are not part of the repository; it is made.
        had: Tells what companies had before, see `validate`; what git says of the work tree when left out.
        part: Whose generated files are looked at; everybody's when None.

    Returns:
        The state; what is wrong with it beside its input; and the companies whose tenant file is gone.

    Raises:
        Refused: The input has errors.
        EnvironmentProblem: There is no kustomize.
    """
    return _look(snapshot, folder, had, frozenset(), part)


def _look(
    snapshot: Snapshot, folder: Path, had: Had | None, unread: frozenset[str], part: Part | None = None
) -> tuple[State, tuple[Finding, ...], Lost]:
    composed = pipeline.composed(snapshot, had=had, chosen=part.looked_at if part else None)
    if part is not None:
        snapshot = snapshot.with_companies(part.judged(composed.fleet))
    findings = (*composed.findings, *inspection.problems(snapshot))
    if composed.fleet.platform.publishing == "branch":
        beside = (*_in_the_way(snapshot), *_schema(snapshot, composed.tree))
        return revision.of_composed(snapshot, composed, folder), (*findings, *beside), {}
    found = compare(snapshot, composed.tree, composed.fleet.names, unread)
    state = State(snapshot=snapshot, composed=composed)
    return state, (*findings, *found.forbidden, *map(stale, found.changes)), found.lost


def look_as_far_as_possible(snapshot: Snapshot, folder: Path, had: Had) -> Look:
    """Look at a state that may have errors: without the tenant files that have them, if the rest can be composed.

    Args:
        snapshot: The repository.
        folder: As for `look`.
        had: As for `look`.

    Raises:
        EnvironmentProblem: There is no kustomize.
    """
    try:
        state, findings, lost = look(snapshot, folder, had)
    except Refused as refused:
        errors = refused.findings
    else:
        return Look(state=state, findings=findings, lost=lost)
    files = frozenset(found.place.file for found in errors if found.refuses)
    if not all(file.startswith(f"{layout.TENANTS}/") for file in files):
        return Look(state=None, findings=inspection.problems(snapshot), errors=errors)
    rest = replace(snapshot, held={path: entry for path, entry in snapshot.held.items() if path not in files})
    try:
        state, findings, lost = _look(rest, folder, had, names_of(files))
    except Refused:
        return Look(state=None, findings=inspection.problems(snapshot), errors=errors)
    return Look(state=state, findings=findings, lost=lost, errors=errors, left_out=files)


def names_of(files: Collection[str]) -> frozenset[str]:
    """Return the names of the tenants whose files these are, by the names of the files."""
    return frozenset(PurePosixPath(file).stem for file in files)


def _schema(snapshot: Snapshot, tree: Tree) -> Iterator[Finding]:
    """Compare the one generated file that may stand beside what people write, for their editors, if it does."""
    if layout.TENANT_SCHEMA in snapshot.held:
        found = compare(snapshot, {layout.TENANT_SCHEMA: tree[layout.TENANT_SCHEMA]}, frozenset())
        yield from found.forbidden
        yield from (stale(change) for change in found.changes if change.file == layout.TENANT_SCHEMA)


def _in_the_way(snapshot: Snapshot) -> Iterator[Finding]:
    # what git ignores may lie around: `tenantry generate` wrote it for whoever wanted to look at it
    for file in snapshot.held:
        if file.startswith(layout.GENERATED):
            fact = "generated files are published on a branch of their own, and this one is in the pull request"
            yield finding("GEN002", Place(file), fact, "remove it: git rm --cached")
