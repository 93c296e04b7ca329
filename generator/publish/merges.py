"""The merges that a publication brings, each judged by what stood before it: what `publish` asks of each of them.

A merge was judged by `check` when it was a pull request. Here it is judged again, by what it could not change itself:
the budget and the approvals of its first parent. An approval may come later as well, by a merge that touches
approvals/ alone: a merge that is there cannot be approved before it any more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from generator import layout
from generator.findings.finding import Finding, Place
from generator.findings.table import finding
from generator.fleet import earlier
from generator.git import door, trees
from generator.git.door import Repository
from generator.git.trees import Touched
from generator.review import approvals, blast_radius, judge
from generator.review.approvals import Standing
from generator.review.judge import Judge
from generator.review.pull_request import beside, judge_before


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One commit of the main branch's own line, against the one before it.

    Attributes:
        commit: Its id.
        parent: Its first parent's id.
        day: The day on which it was committed.
        files: The files that differ between the two.
    """

    commit: str
    parent: str
    day: date
    files: tuple[Touched, ...]

    @property
    def sources(self) -> tuple[Touched, ...]:
        """The files that people write."""
        return tuple(file for file in self.files if blast_radius.is_source(file.path))

    def touches(self, path: str) -> bool:
        """Say whether a file differs."""
        return any(file.path == path for file in self.files)


def between(repository: Repository, after: str | None, until: str) -> tuple[Merge, ...]:
    """Return the commits of a branch's own line, oldest first, without what was merged into it.

    Args:
        repository: The repository.
        after: The commit before the first of them; None for the whole line, but for the commit that has no parent.
        until: The last of them.

    Raises:
        EnvironmentProblem: The clone is shallow, and holds not all of them.
    """
    line = repository.text(
        "rev-list", "--first-parent", "--reverse", "--parents", "--timestamp", f"{after}..{until}" if after else until
    )
    told = [fields.split() for fields in line.splitlines()]
    commits = [fields for fields in told if len(fields) > 2]  # noqa: PLR2004 -- time, commit, and a parent
    if len(commits) < len(told):
        earlier.whole(repository, "what is published must be known merge by merge")
    files = _files(repository, [(commit, parent) for _, commit, parent, *_ in commits])
    return tuple(
        Merge(
            commit=commit,
            parent=parent,
            day=datetime.fromtimestamp(int(seconds), tz=UTC).date(),
            files=tuple(sorted(files.get(commit, ()))),
        )
        for seconds, commit, parent, *_ in commits
    )


def _files(repository: Repository, pairs: Sequence[tuple[str, str]]) -> dict[str, list[Touched]]:
    """Return the files that differ between each commit and its parent, by one command for all of them."""
    options = ("--stdin", "--raw", "-r", "-z", "--no-renames", "--no-abbrev")
    asked = "".join(f"{commit} {parent}\n" for commit, parent in pairs).encode()
    fields = iter(door.fields(repository.run("diff-tree", *options, stdin=asked)))
    found: dict[str, list[Touched]] = {}
    commit = ""
    for field in fields:
        if field.startswith(":"):
            found[commit].append(trees.touched_of(field, next(fields)))
        else:
            commit = field
            found[commit] = []
    return found


def judged(repository: Repository, merges: Sequence[Merge], *, reached: int, fleet: int) -> Iterator[Finding]:
    """Yield the errors of merges that nobody approved, and a warning for each that somebody did.

    Merges that are each inside the budget may be published together, however many they are. What a merge makes of its
    own judge counts for the merges after it only when it was approved, and is held against it only while it stands.

    Args:
        repository: The repository.
        merges: Oldest first.
        reached: How many tenants the publication reaches.
        fleet: How many there are.
    """
    if not merges:
        return
    counts, refused = judge_before(repository, merges[0].parent)
    if counts is None:
        found = judge.unreadable(f"{layout.PLATFORM} of {merges[0].parent[:10]}", refused)
        yield from approvals.lift((found,), standing(repository, merges[0], merges[1:]))
        counts = judge.NOBODY
    before = counts
    held: list[Finding] = []
    for number, merge in enumerate(merges):
        if not merge.sources:
            continue
        after = _judge_after(repository, merge, before)
        own = tuple(_of_its_judge(merge, counts, before, after, fleet))
        wide = tuple(_wide(merge, counts, reached, fleet))
        approved = standing(repository, merge, merges[number + 1 :]) if own or wide else None
        if approved:
            held += approvals.lift(own, approved)
            yield from approvals.lift(wide, approved)
        if not own or (approved and approved.approval):
            counts = judge.carried(counts, before, after)
        if counts.says_the_same_as(after):
            held = [found for found in held if not found.refuses]
        before = after
    yield from held


def _judge_after(repository: Repository, merge: Merge, before: Judge) -> Judge:
    after = before
    if merge.touches(layout.PLATFORM):
        after = judge.read(trees.read(repository, merge.commit, layout.PLATFORM))[0] or before
    beside_too = any(file.path.startswith(f"{layout.PLATFORM_MANIFESTS}/") for file in merge.files)
    return beside(repository, merge.commit, after) if beside_too or after is not before else after


def _of_its_judge(merge: Merge, counts: Judge, before: Judge, after: Judge, fleet: int) -> Iterator[Finding]:
    """Yield what a merge makes of what it is judged by; that counts as reaching every tenant."""
    for found in judge.moved(before, after):
        yield finding(found.rule, Place(found.place.file), f"{merge.commit[:10]}: {found.fact}", "revert it")
    if judge.changed(before, after):
        yield from _over_budget(merge, counts, fleet, fleet)


def _wide(merge: Merge, counts: Judge, reached: int, fleet: int) -> Iterator[Finding]:
    """Yield that a merge reaches more tenants than the budget allows, of those that the publication reaches."""
    named = sum(file.path.startswith(f"{layout.TENANTS}/") for file in merge.sources)
    return _over_budget(
        merge, counts, reached if blast_radius.may_touch_all(merge.sources) else min(named, reached), fleet
    )


def _over_budget(merge: Merge, counts: Judge, tenants: int, fleet: int) -> Iterator[Finding]:
    words = blast_radius.over(counts.budget, tenants=tenants, fleet=fleet)
    if words:
        fact = f"{merge.commit[:10]} is over the blast-radius budget: {'; '.join(words)}"
        yield finding("TEN019", Place(layout.PLATFORM), fact, "revert it")


def standing(repository: Repository, merge: Merge, later: Sequence[Merge]) -> Standing:
    """Say whether a merge was approved: before it, or after it by a merge that touches approvals/ alone.

    Args:
        repository: The repository.
        merge: The merge.
        later: Those after it, oldest first.
    """
    digest = blast_radius.digest_of(merge.sources)
    file = approvals.file_of(digest)
    short = merge.commit[:10]
    way = f"have it approved: git switch --detach {short} && tenantry check --base {short}~1 --approve REASON"
    if merge.touches(file):
        way = f"change {file} by a pull request that touches approvals/ alone: in the merge itself it lifts nothing"
    alone = (other for other in later if other.touches(file) and _touches_approvals_alone(other))
    places = ((merge.parent, merge.day), *((other.commit, other.day) for other in alone))
    standings = [
        approvals.standing(digest, trees.read(repository, commit, file), day, way=way) for commit, day in places
    ]
    return next((standing for standing in standings if standing.approval), standings[-1])


def _touches_approvals_alone(merge: Merge) -> bool:
    return all(file.path.startswith(f"{layout.APPROVALS}/") for file in merge.files)
