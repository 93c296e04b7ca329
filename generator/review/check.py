"""Everything that a pull request must pass: the tree alone, and the tree against the commit that it started from.

A change does not choose what it is judged by. The budget, the weakened rules, the retired names and the approvals count
as they stand in the merge base; where a rule is weakened there and not any more here, it counts in full. And errors
that the merge base has as well are shown and stop nobody.
"""

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from generator import layout
from generator.capacity.words import shift
from generator.findings.finding import Finding, Place, Refused
from generator.findings.table import finding
from generator.fleet import days, lost
from generator.fleet.lost import Lost
from generator.fleet.model import Fleet, Platform, Weakened
from generator.git import ancestry
from generator.git.snapshot import Snapshot
from generator.git.trees import Touched
from generator.review import approvals, comparison, judge, pull_request, verdict
from generator.review.approvals import Standing
from generator.review.blast_radius import Impact, may_touch_all, raises_tenantry
from generator.review.comparison import Origin
from generator.review.judge import Judge
from generator.review.look import Look, look, look_as_far_as_possible, names_of
from generator.review.part import Part, in_full, part_of
from generator.review.pull_request import PullRequest, approvals_in
from generator.review.revision import State
from generator.review.verdict import Outcome
from generator.review.verify import due_on, verify
from generator.rules import change, every
from generator.rules.closed_world import accepted_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Outcome):
    """What a run of `check` looked at and what it found.

    Attributes:
        weights: The rules that are weakened.
        impact: What the change touches; None without a commit to compare with.
        standing: Whether the change was approved; None without a commit to compare with.
    """

    weights: Mapping[str, Weakened]
    impact: Impact | None = None
    standing: Standing | None = None


def check(root: Path, base: str | None, *, sample: int, today: date) -> Checked:
    """Run everything that a pull request must pass: on the commit of HEAD, or without a base on the work tree.

    Args:
        root: The repository's root.
        base: What the change is to be merged into, for example `origin/main`; the tree alone when None.
        sample: Chooses which member of each class is compared with a direct build.
        today: The day, for approvals that have ended.

    Raises:
        Refused: The input has errors, so that nothing can be rendered.
        EnvironmentProblem: There is no kustomize, or not enough git history.
    """
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        folder = Path(temporary).resolve()
        if base is None:
            return _alone(Snapshot.of_work_tree(root), folder, sample=sample, today=today)
        return _of_a_pull_request(pull_request.of_head(root, base), folder, sample=sample, today=today)


def _alone(snapshot: Snapshot, folder: Path, *, sample: int, today: date) -> Checked:
    state, findings, gone = look(snapshot, folder / "made")
    fleet = state.composed.fleet
    committed = fleet.platform.publishing == "committed"
    of_the_lost = lost.in_work_tree(snapshot.home, committed=committed, strict=True)(gone)
    done = verify(state.snapshot, fleet, sample=sample, lost=gone)
    of_days = due_on(snapshot, fleet, today)
    return Checked(
        tenants=done.tenants,
        objects=done.objects,
        rules=done.rules,
        findings=(*findings, *of_the_lost, *of_days, *done.findings),
        weakened=done.weakened,
        weights=fleet.platform.rules,
        accepted=done.accepted,
        withheld=done.withheld,
        beside=done.beside,
    )


# --- a pull request


def _of_a_pull_request(request: PullRequest, folder: Path, *, sample: int, today: date) -> Checked:
    """Look at what the change can reach; where that is not well, at everything, to tell what is so on main already."""
    part = part_of(request.files, request.digest)
    if part is not None:
        try:
            return _of_a_part(request, part, folder / "part", sample=sample, today=today)
        except Refused:
            pass
    return _of_everything(request, folder / "whole", sample=sample, today=today)


def _of_a_part(request: PullRequest, part: Part, folder: Path, *, sample: int, today: date) -> Checked:
    """Look at the companies that the change can reach, among all others.

    Raises:
        Refused: An error was found in the state after the change, by the rules on one state.
    """
    folder.mkdir()
    head = request.snapshot(request.head, folder / "head", part.names)
    if not part.holds(head):
        raise Refused(())
    state, findings, gone = look(head, folder / "after", request.had, part)
    found = (*findings, *approvals.problems(approvals_in(head), today))
    names = part.judged(state.composed.fleet)
    fleet = state.composed.fleet.among_others(part.looked_at(state.composed.fleet))

    def sound(_: Collection[str], found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        if any(problem.refuses for problem in found):
            raise Refused(found)
        return found

    after = Look(state=state, findings=findings, lost=gone)

    def chosen(_: Impact) -> tuple[tuple[str, ...], Fleet]:
        return names, fleet

    return _judged(request, after, state, found, folder, chosen, sound, sample=sample, today=today, of_base=False)


def _of_everything(request: PullRequest, folder: Path, *, sample: int, today: date) -> Checked:
    """Look at the whole state; what is wrong with it counts where the state before has not the same."""
    folder.mkdir()
    head = request.snapshot(request.head, folder / "head")
    after = look_as_far_as_possible(head, folder / "after", request.had)
    before = _Before(request, folder, today)
    errors = _marked(request, after.errors, lambda: before.look.errors)
    if any(found.refuses for found in errors):
        raise Refused(errors)
    found = (*errors, *after.findings, *approvals.problems(approvals_in(head), today))
    if after.state is None:
        return _unseen(request, found, before, request.standing(today))
    fleet = after.state.composed.fleet

    def chosen(impact: Impact) -> tuple[tuple[str, ...], Fleet]:
        if may_touch_all(request.files):
            return (), fleet
        return in_full(impact.tenants, fleet, int(impact.digest[:8], 16)), fleet

    def marked(names: Collection[str], found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return _marked(request, found, lambda: before.findings(names, sample))

    return _judged(request, after, after.state, found, folder, chosen, marked, sample=sample, today=today, of_base=True)


_Chosen = Callable[[Impact], tuple[tuple[str, ...], Fleet]]
"""From what a change touches to the tenants that are verified, all when empty, and the fleet among which they are."""

_Counted = Callable[[Collection[str], tuple[Finding, ...]], tuple[Finding, ...]]
"""From the tenants that were verified and what was found to what counts of it."""


def _judged(
    request: PullRequest,
    after: Look,
    state: State,
    found: tuple[Finding, ...],
    folder: Path,
    chosen: _Chosen,
    counted: _Counted,
    *,
    sample: int,
    today: date,
    of_base: bool,
) -> Checked:
    """Verify the state after a change, and judge the change."""
    fleet = state.composed.fleet
    standing = request.standing(today)
    judged_by, refused = pull_request.judge_before(request.repository, request.start)
    impact, of_both = _compared(request, state, folder / "before", today)
    impact, of_the_judge = _by_its_judge(request, impact, fleet, judged_by, refused)
    names, among = chosen(impact)
    weights = judge.weakened_in_both(judged_by, judge.of(fleet.platform)) if judged_by else {}
    gone = _gone(request, fleet, after.lost)
    done = verify(
        state.snapshot,
        _accepting(among, judged_by),
        names,
        sample=sample,
        changed=_named_in(request.files),
        lost={*gone, *names_of(after.left_out)},
        of_base=of_base,
        rules=weights,
    )
    found = (*found, *days.warnings(fleet, today), *accepted_until(fleet.platform, today), *done.findings)
    found = counted(names, found)
    of_both = (*of_both, *of_the_judge, *_of_the_lost(request, fleet.platform, gone))
    of_both = (*of_both, *_not_compared(request, names_of(after.left_out) | gone.keys()))
    return Checked(
        tenants=done.tenants,
        objects=done.objects,
        rules=done.rules + every.count(*every.ON_TWO_COMMITS),
        findings=(*found, *approvals.lift(of_both, standing)),
        weakened=done.weakened,
        weights=weights,
        accepted=done.accepted,
        withheld=done.withheld,
        beside=done.beside,
        impact=impact,
        standing=standing,
    )


def _accepting(fleet: Fleet, before: Judge | None) -> Fleet:
    """Return a fleet in which that alone is accepted which is accepted before the change as well."""
    accepted = judge.accepted_in_both(before, fleet.platform) if before else ()
    return replace(fleet, platform=replace(fleet.platform, accepted=accepted))


class _Before:
    """The commit that a change started from, judged alone; nobody looks as long as the change has no error."""

    def __init__(self, request: PullRequest, folder: Path, today: date) -> None:
        self._request = request
        self._folder = folder
        self._today = today

    @cached_property
    def _snapshot(self) -> Snapshot:
        return self._request.snapshot(self._request.start, self._folder / "start")

    @cached_property
    def look(self) -> Look:
        """Its input and its generated files."""
        return look_as_far_as_possible(self._snapshot, self._folder / "made-of-start", self._request.had)

    def findings(self, names: Collection[str], sample: int) -> tuple[Finding, ...]:
        """Return all that is found in it, by the same rules and on the same tenants; arguments as for `verify`."""
        found = (*self.look.errors, *self.look.findings, *approvals.problems(approvals_in(self._snapshot), self._today))
        state = self.look.state
        if state is None:
            return found
        there = [tenant.name for tenant in state.composed.fleet.tenants]
        chosen = frozenset(names)
        wanted = [name for name in there if name in chosen] or there[:1] if chosen else ()
        known = {*self.look.lost, *names_of(self.look.left_out)}
        return (*found, *verify(state.snapshot, state.composed.fleet, wanted, sample=sample, lost=known).findings)


def _marked(
    request: PullRequest, found: tuple[Finding, ...], before: Callable[[], tuple[Finding, ...]]
) -> tuple[Finding, ...]:
    """Mark the errors that the state before has as well, which is looked at only when there are errors.

    A change that brings another tenantry brings all that this one finds: main is judged by the one before it.
    """
    if request.raises_tenantry or not any(problem.refuses for problem in found):
        return found
    return verdict.marked(found, before(), request.paths)


def _named_in(files: Collection[Touched]) -> frozenset[str]:
    """Return the tenants whose own file differs, by the names of the files."""
    return names_of([file.path for file in files if file.path.startswith(f"{layout.TENANTS}/")])


# --- what is known of two commits


def _compared(request: PullRequest, after: State, folder: Path, today: date) -> tuple[Impact, tuple[Finding, ...]]:
    fleet = after.composed.fleet
    gone = comparison.gone(request.sources, fleet.names)
    impact = Impact(
        digest=request.digest, tenants=(), removed=tuple(sorted(names_of(gone))), removals=(), fleet=len(fleet.tenants)
    )
    origin = Origin(
        repository=request.repository,
        commit=request.start,
        published=_published(request, fleet.platform),
        today=today,
    )
    compared, found = comparison.against(origin, after, request.files, folder)
    if compared is None:
        named = _named_in(request.sources)
        whole = may_touch_all(request.files)
        names = tuple(sorted(tenant.name for tenant in fleet.tenants if whole or tenant.name in named))
        return replace(impact, tenants=names), (*_removed(request, gone, fleet.platform), *found)
    room = compared.capacity
    nodes = tuple(shift(room.before, room.after)) if room else ()
    impact = replace(impact, tenants=compared.tenants, removals=compared.removals, capacity=nodes)
    return impact, (*found, *every.check_change(compared))


def _published(request: PullRequest, platform: Platform) -> str | None:
    """Return what Argo CD follows, as far as it was fetched."""
    if platform.publishing == "committed":
        return request.start
    return ancestry.branch_of(request.repository, platform.publishing_branch)


def _by_its_judge(
    request: PullRequest, impact: Impact, fleet: Fleet, before: Judge | None, refused: tuple[Finding, ...]
) -> tuple[Impact, tuple[Finding, ...]]:
    """Judge by what stands before the change; a change of that touches every tenant."""
    if before is None:
        return impact, (judge.unreadable("what stands before this change", refused),)
    after = pull_request.beside(request.repository, request.head, judge.of(fleet.platform))
    changed = (*judge.changed(before, after), *judge.another_tenantry(request.paths))
    if changed:
        impact = replace(impact, tenants=tuple(sorted({*impact.tenants, *(tenant.name for tenant in fleet.tenants)})))
    found = [*changed, *judge.moved(before, after), *judge.given_again(before, fleet)]
    words = impact.over(before.budget)
    if words:
        place = fleet.platform.document.place(("budget",), key=True)
        fact = f"the change is over the blast-radius budget: {'; '.join(words)}"
        found.append(finding("TEN019", place, fact, "split the change"))
    return impact, tuple(found)


# --- what nobody can look at


def _not_compared(request: PullRequest, names: Collection[str]) -> Iterator[Finding]:
    """Yield the generated files that a change touches and that nothing is known of: their tenant file is not read."""
    for path in sorted(request.paths):
        owner = layout.tenant_of(path)
        if owner in names:
            yield _cannot_be_compared(request, path, f"the tenant file of {owner}, which is lost or has errors on main")


def _cannot_be_compared(request: PullRequest, path: str, with_what: str) -> Finding:
    hint = f"take its change back: git restore --source={request.start[:10]} --staged --worktree {path}"
    return finding("GEN002", Place(path), f"this file cannot be compared with {with_what}", hint)


def _gone(request: PullRequest, fleet: Fleet, seen: Lost) -> Lost:
    """Return the companies whose tenant file is gone, whatever branch holds what was generated for them."""
    if fleet.platform.publishing == "committed":
        return seen
    published = _published(request, fleet.platform)
    return lost.held_by(request.repository, published, fleet.names) if published else {}


def _of_the_lost(request: PullRequest, platform: Platform, gone: Lost) -> tuple[Finding, ...]:
    """TEN017: name the companies whose tenant file is gone; whom a change found so, it does not stop."""
    committed = platform.publishing == "committed"
    published = _published(request, platform)
    return lost.of_change(request.repository, request.start, published, committed=committed)(gone)


def _removed(request: PullRequest, gone: Mapping[str, str], platform: Platform | None) -> tuple[Finding, ...]:
    then = " && tenantry generate" if platform and platform.publishing == "committed" else ""
    return tuple(change.removed_files(gone, request.start, then))


def _is_judged(path: str) -> bool:
    return (layout.is_own(path) and not path.startswith(f"{layout.APPROVALS}/")) or raises_tenantry([path])


def _unseen(request: PullRequest, found: tuple[Finding, ...], before: _Before, standing: Standing) -> Checked:
    """Judge a change of a state that cannot be composed because of errors that are on main already."""
    gone = comparison.gone(request.sources, ())
    broken = {error.place.file for error in before.look.errors}
    hidden = sorted(path for path in request.paths if _is_judged(path) and path not in broken)
    first = next(problem for problem in found if problem.on_main)
    # an approval names no generated file: nobody could say later what was approved
    of_both = [
        _cannot_be_compared(request, path, f"what it comes from: {first.place} has errors on main")
        for path in hidden
        if layout.is_generated(path)
    ]
    if unseen := [path for path in hidden if not layout.is_generated(path)]:
        fact = f"what this change does is not known: {first.place} keeps it from being rendered, on main already"
        of_both.append(finding("CHG006", Place(unseen[0]), fact, "take that error away first, by a change of its own"))
    of_both += _removed(request, gone, None)
    impact = Impact(digest=request.digest, tenants=(), removed=tuple(sorted(names_of(gone))), removals=(), fleet=0)
    marked = _marked(request, found, lambda: before.findings((), 0))
    return Checked(
        tenants=0,
        objects=0,
        rules=every.count(*every.ON_TWO_COMMITS),
        findings=(*marked, *approvals.lift(of_both, standing)),
        weakened={},
        weights={},
        impact=impact,
        standing=standing,
    )
