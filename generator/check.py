"""Everything that a pull request must pass: the tree alone, and the tree against the commit that it started from."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from generator import comparison, earlier, history, inspection, layout, lost, pipeline, states
from generator.comparison import Origin
from generator.findings import Finding, Place
from generator.history import Repository, Touched
from generator.impact import Impact, approval, digest_of, is_source, may_touch_all
from generator.model import Fleet, Platform
from generator.pipeline import Composed
from generator.rules import change
from generator.rules.catalog import finding
from generator.snapshot import Snapshot
from generator.states import State
from generator.verify import verify
from generator.write import Change, Kind

_SAMPLE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a run looked at and what it found.

    Attributes:
        tenants: How many tenants were rendered.
        objects: How many objects they have together.
        rules: How many rules looked at them.
        findings: What they found.
        weakened: How many findings platform.yaml made lighter or took out, by rule.
        platform: The provider's numbers; its `rules` are those that are weakened.
        impact: What the change touches; None without a commit to compare with.
    """

    tenants: int
    objects: int
    rules: int
    findings: tuple[Finding, ...]
    weakened: Mapping[str, int]
    platform: Platform
    impact: Impact | None


def check(root: Path, base: str | None, *, turn: int) -> Checked:
    """Run everything that a pull request must pass: on the commit of HEAD, or without a base on the work tree.

    Args:
        root: The repository's root.
        base: What the change is to be merged into, for example `origin/main`; the tree alone when None.
        turn: Chooses which member of each class is compared with a direct build.

    Raises:
        Refused: The input has errors, so that nothing can be rendered.
        EnvironmentProblem: There is no kustomize, or not enough git history.
    """
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        folder = Path(temporary).resolve()
        snapshot, change_at = _judged(root, base, folder)
        had = earlier.storage_had(change_at[0], change_at[1]) if change_at else None
        result = pipeline.composed(snapshot, had=had)
        findings = [*result.findings, *inspection.problems(snapshot)]
        gone: lost.Lost = {}
        if result.fleet.platform.publishing == "committed":
            differences = pipeline.differences(snapshot, result)
            findings += _stale(differences.changes)
            gone, tree = differences.lost, snapshot
        else:
            findings += _generated_files_in_the_way(snapshot)
            tree = states.of_snapshot(snapshot, folder / "after", had=had).snapshot
        findings += _lost(root, change_at, result, gone)
        if change_at is None:
            done = verify(tree, result.fleet, turn=turn, lost=gone)
            return Checked(
                tenants=done.tenants,
                objects=done.objects,
                rules=done.rules,
                findings=(*findings, *done.findings),
                weakened=done.weakened,
                platform=result.fleet.platform,
                impact=None,
            )
        repository, start, head = change_at
        # what the change touches is known from git alone
        files = history.touched(repository, start, head)
        impact, found = _against(repository, start, files, folder / "before", tree, result)
        whole = may_touch_all(files)
        names = () if whole else _in_full(impact.tenants, result.fleet, start=int(impact.digest[:8], 16))
        done = verify(tree, result.fleet, names, turn=turn, changed=_named_in(files), lost=gone)
    return Checked(
        tenants=done.tenants,
        objects=done.objects,
        rules=done.rules + change.COUNT,
        findings=(*findings, *done.findings, *found, *_budget(snapshot, result.fleet.platform, impact)),
        weakened=done.weakened,
        platform=result.fleet.platform,
        impact=impact,
    )


_Change = tuple[Repository, str, str]
"""Where a change is: the repository, the commit that it started from, and the commit that it ends in."""


def _judged(root: Path, base: str | None, folder: Path) -> tuple[Snapshot, _Change | None]:
    """Return what is judged: the commit of HEAD, as its blobs are, or without a base the work tree."""
    if not base:
        return Snapshot.of_work_tree(root), None
    repository = history.open_repository(root)
    head = history.commit_of(repository, "HEAD")
    start = history.merge_base(repository, base, head)
    (folder / "head").mkdir()
    return Snapshot.of_commit(repository, head, folder / "head", layout.OWN), (repository, start, head)


# --- the tree alone


def _stale(changes: Collection[Change]) -> Iterator[Finding]:
    for one in changes:
        facts = {
            Kind.CREATE: "this file is missing",
            Kind.CHANGE: "this file is not what the tenant files give: it is stale, or was edited by hand",
            Kind.REMOVE: "this file is not what the tenant files give: nothing needs it any more",
        }
        hint = "run `tenantry generate` and commit the result; edits belong into tenants/, platform.yaml or base/"
        yield finding("GEN002", Place(one.file), facts[one.kind], hint)


def _lost(root: Path, change: _Change | None, result: Composed, gone: lost.Lost) -> tuple[Finding, ...]:
    """TEN017: name the companies whose tenant file is gone; whom a change found so, it does not stop."""
    platform = result.fleet.platform
    committed_beside = platform.publishing == "committed"
    if change is None:
        return lost.in_work_tree(root, committed=committed_beside, strict=True)(gone)
    repository, start, _ = change
    published = _published(repository, start, platform)
    if not committed_beside and published is not None:
        gone = lost.held_by(repository, published, {tenant.name for tenant in result.fleet.tenants})
    return lost.of_change(repository, start, published, committed=committed_beside)(gone)


def _generated_files_in_the_way(snapshot: Snapshot) -> Iterator[Finding]:
    # what git ignores may lie around: `tenantry generate` wrote it for whoever wanted to look at it
    for file in snapshot.held:
        if file.startswith(layout.GENERATED):
            fact = "generated files are published on a branch of their own, and this one is in the pull request"
            yield finding("GEN002", Place(file), fact, "remove it: git rm --cached")


# --- the tree against the commit that it started from


def _in_full(names: Collection[str], fleet: Fleet, start: int) -> tuple[str, ...]:
    """Return the tenants that are verified: those that the change touches and leaves, and a sample of the others."""
    touched = frozenset(names)
    others = [tenant.name for tenant in fleet.tenants if tenant.name not in touched]
    step = max(1, len(others) // _SAMPLE)
    return (
        *(tenant.name for tenant in fleet.tenants if tenant.name in touched),
        *others[start % step :: step][:_SAMPLE],
    )


def _named_in(files: Collection[Touched]) -> frozenset[str]:
    """Return the tenants whose own file differs, by the names of the files."""
    return frozenset(PurePosixPath(one.path).stem for one in files if one.path.startswith(f"{layout.TENANTS}/"))


def _against(
    repository: Repository, start: str, files: Collection[Touched], before: Path, tree: Snapshot, result: Composed
) -> tuple[Impact, list[Finding]]:
    whole = may_touch_all(files)
    sources = [one for one in files if is_source(one.path)]
    fleet = result.fleet
    gone = comparison.gone(sources, fleet)
    removed = tuple(sorted(PurePosixPath(path).stem for path in gone))
    impact = Impact(digest=digest_of(sources), tenants=(), removed=removed, removals=(), fleet=len(fleet.tenants))
    origin = Origin(repository=repository, commit=start, published=_published(repository, start, fleet.platform))
    compared, found = comparison.against(origin, State(snapshot=tree, composed=result), files, before)
    if compared is None:
        named = _named_in(sources)
        names = tuple(sorted(tenant.name for tenant in fleet.tenants if whole or tenant.name in named))
        then = " && tenantry generate" if fleet.platform.publishing == "committed" else ""
        return replace(impact, tenants=names), [*change.removed_files(gone, start, then), *found]
    impact = replace(impact, tenants=compared.tenants, removals=compared.removals)
    return impact, [*found, *change.judge(compared)]


def _published(repository: Repository, start: str, platform: Platform) -> str | None:
    """Return what Argo CD follows, as far as it was fetched."""
    if platform.publishing == "committed":
        return start
    return history.branch_of(repository, platform.publishing_branch)


# --- the budget


def _budget(snapshot: Snapshot, platform: Platform, impact: Impact) -> Iterator[Finding]:
    words = impact.over(platform.budget)
    if not words or approval(impact.digest) in snapshot.held:
        return
    place = platform.document.place(("budget",), key=True)
    hint = f"split the change, or have the platform's owners add {approval(impact.digest)}"
    yield finding("TEN019", place, f"the change is over the blast-radius budget: {'; '.join(words)}", hint)
