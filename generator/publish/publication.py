"""What a publication is held to besides the rules on one state: the rules on two, against what is published.

Each pull request was held to them on its own. What was forced onto main, or merged without a check, was not; and what
Argo CD has is what counts in the end.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from generator import layout
from generator.findings.finding import Finding, Refused
from generator.git import trees
from generator.git.door import Repository
from generator.publish import merges
from generator.publish.merges import Merge
from generator.review import approvals, comparison, revision
from generator.review.blast_radius import is_source
from generator.review.comparison import Origin
from generator.review.revision import State
from generator.rules import every

_KEPT: Final = frozenset({"TEN017"})
"""Rules on two commits that a publication answers otherwise: a company whose file is gone stays as it was published."""


def generated_at(repository: Repository, source: str) -> str | None:
    """Return the commit from whose sources the generated files were made that main itself holds.

    Args:
        repository: The repository.
        source: A commit of main.
    """
    paths = [path.rstrip("/") for path in layout.GENERATED]
    return repository.text("rev-list", "--max-count=1", source, "--", *paths) or None


def judged(origin: Origin, source: str, after: State, since: Sequence[Merge], folder: Path) -> Iterator[Finding]:
    """Run the rules on two commits on what is published and what would be.

    An error that an approval lifts is told of each merge that brings it, because it is a merge that is approved.

    Args:
        origin: What is published.
        source: The commit that is to be published.
        after: Its state, with the generated files.
        since: The merges since the last publication, oldest first.
        folder: Where states are made; it must not be there yet.

    Raises:
        EnvironmentProblem: There is no kustomize, or not enough git history.
    """
    found = _between(origin, source, after, folder / "published")
    liftable = {problem.rule for problem in found if approvals.is_lifted_by_approval(problem)}
    told = tuple(_of_merges(origin.repository, since, folder)) if liftable else ()
    of_merges = liftable & {problem.rule for problem in told}
    yield from (problem for problem in found if problem.rule not in of_merges)
    yield from (problem for problem in told if problem.rule in of_merges)


def _between(origin: Origin, source: str, after: State, folder: Path) -> tuple[Finding, ...]:
    files = trees.touched(origin.repository, origin.commit, source)
    if not any(is_source(file.path) for file in files):
        return ()
    compared, unread = comparison.against(origin, after, files, folder)
    return (*unread, *(every.check_change(compared, without=_KEPT) if compared else ()))


def _of_merges(repository: Repository, since: Sequence[Merge], folder: Path) -> Iterator[Finding]:
    """Yield what an approval lifts, merge by merge, lifted where that merge was approved."""
    for number, merge in enumerate(since):
        if not merge.sources:
            continue
        try:
            after = revision.of_commit(repository, merge.commit, folder / merge.commit)
        except Refused:
            continue  # what it broke, a later one fixed, and is compared with what could be read before
        origin = Origin(repository=repository, commit=merge.parent, published=None)
        found = _between(origin, merge.commit, after, folder / f"before-{merge.commit}")
        liftable = [problem for problem in found if approvals.is_lifted_by_approval(problem)]
        yield from approvals.lift(liftable, merges.standing(repository, merge, since[number + 1 :]))
