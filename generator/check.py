"""Everything that a pull request must pass: the tree alone, and the tree against the commit that it started from."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import git

from generator import history, layout, pipeline, states
from generator.findings import Finding, Place, Refused
from generator.history import Touched
from generator.impact import Impact, approval, digest_of, is_source, may_touch_all
from generator.model import Fleet, Platform
from generator.pipeline import Composed
from generator.rules import change
from generator.rules.catalog import finding
from generator.rules.change import Step
from generator.rules.subject import Rendered, identity
from generator.verify import committed, render, verify
from generator.write import Kind

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
    """Run everything that a pull request must pass on the work tree.

    Args:
        root: The repository's root.
        base: What the change is to be merged into, for example `origin/main`; the tree alone when None.
        turn: Chooses which member of each class is compared with a direct build.

    Raises:
        Refused: The input has errors, so that nothing can be rendered.
        EnvironmentProblem: There is no kustomize, or not enough git history.
    """
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        # what the change touches is known from git alone, before anything is composed
        repository = history.open_repository(root) if base else None
        start = history.merge_base(repository, base) if repository and base else None
        files = history.touched(repository, start) if repository and start else ()
        result = pipeline.composed(root)
        findings = list(result.findings)
        if result.fleet.platform.publishing == "committed":
            findings += _stale(root, result)
            tree = root
        else:
            findings += _generated_files_in_the_way(root)
            tree = states.of_work_tree(root, Path(temporary) / "after").root
        if repository is None or start is None:
            done = verify(tree, result.fleet, turn=turn)
            return Checked(
                tenants=done.tenants,
                objects=done.objects,
                rules=done.rules,
                findings=(*findings, *done.findings),
                weakened=done.weakened,
                platform=result.fleet.platform,
                impact=None,
            )
        before = Path(temporary) / "before"
        impact, found = _against(repository, start, files, before, tree, result)
        whole = may_touch_all(files)
        names = () if whole else _in_full(impact.tenants, result.fleet, start=int(impact.digest[:8], 16))
        done = verify(tree, result.fleet, names, turn=turn, changed=_named_in(files))
    return Checked(
        tenants=done.tenants,
        objects=done.objects,
        rules=done.rules + len(change.CHECKS),
        findings=(*findings, *done.findings, *found, *_budget(root, result.fleet.platform, impact)),
        weakened=done.weakened,
        platform=result.fleet.platform,
        impact=impact,
    )


# --- the tree alone


def _stale(root: Path, result: Composed) -> Iterator[Finding]:
    for one in pipeline.differences(root, result):
        facts = {
            Kind.CREATE: "this file is missing",
            Kind.CHANGE: "this file is not what the tenant files give: it is stale, or was edited by hand",
            Kind.REMOVE: "this file is not what the tenant files give: nothing needs it any more",
        }
        hint = "run `tenantry generate` and commit the result; edits belong into tenants/, platform.yaml or base/"
        yield finding("GEN002", Place(one.file), facts[one.kind], hint)


def _generated_files_in_the_way(root: Path) -> Iterator[Finding]:
    # where git is, what it ignores may lie around: `tenantry generate` wrote it for whoever wanted to look at it
    known = (
        history.open_repository(root).git.ls_files("-z", "--cached", "--others", "--exclude-standard").split("\0")
        if (root / ".git").exists()
        else committed(root)
    )
    for file in known:
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
    repository: git.Repo, start: git.Commit, files: Collection[Touched], before: Path, tree: Path, result: Composed
) -> tuple[Impact, list[Finding]]:
    whole = may_touch_all(files)
    sources = [one for one in files if is_source(one.path)]
    digest = digest_of(sources)
    removed = tuple(sorted(PurePosixPath(one.path).stem for one in sources if _is_removed_tenant(one)))
    findings = list(_removed(sources, result.fleet))
    try:
        earlier = states.of_commit(repository, start, before, states.needed(files)).composed
    except Refused as refused:
        first = refused.findings[0]
        fact = f"{start.hexsha[:10]} has errors of its own ({first.place}: {first.fact}): nothing was compared with it"
        findings.append(finding("CHG001", Place(layout.PLATFORM), fact))
        named = _named_in(sources)
        names = tuple(sorted(tenant.name for tenant in result.fleet.tenants if whole or tenant.name in named))
        return Impact(
            digest=digest, tenants=names, removed=removed, removals=(), fleet=len(result.fleet.tenants)
        ), findings
    findings += _cluster_stays(earlier.fleet.platform, result.fleet.platform)
    names = states.touched_tenants(earlier, result, files)
    steps = list(_steps(before, earlier, tree, result, names))
    for step in steps:
        for rule in change.CHECKS.values():
            findings += rule(step)
    impact = Impact(
        digest=digest,
        tenants=names,
        removed=removed,
        removals=tuple(sorted(_removals(steps))),
        fleet=len(result.fleet.tenants),
    )
    return impact, findings


def _is_removed_tenant(one: Touched) -> bool:
    return one.path.startswith(f"{layout.TENANTS}/") and one.path.endswith(".yaml") and not one.after


def _removed(sources: Collection[Touched], fleet: Fleet) -> Iterator[Finding]:
    """TEN011, TEN017, TEN020: what may not become of a tenant file that was there."""
    here = {tenant.name for tenant in fleet.tenants}
    gone = [one for one in sources if _is_removed_tenant(one) and PurePosixPath(one.path).stem not in here]
    came = {one.after: one.path for one in sources if not one.before}
    for one in gone:
        place = Place(one.path)
        if (new := came.get(one.before)) is not None:
            yield finding("TEN011", place, f"the tenant was renamed to {PurePosixPath(new).stem}", "rename it back")
        else:
            fact = "this tenant's file was removed, and the tenant is in use"
            yield finding("TEN017", place, fact, f"put it back: git restore --source=BASE {one.path}")
    if len(gone) > 1:
        fact = f"this change removes {len(gone)} tenants"
        yield finding("TEN020", Place(gone[0].path), fact, "remove one at a time")


def _cluster_stays(before: Platform, after: Platform) -> Iterator[Finding]:
    if before.cluster.name != after.cluster.name:
        place = after.document.place(("clusters", after.cluster.name), key=True)
        fact = f"the cluster {before.cluster.name!r} becomes {after.cluster.name!r}, for every tenant"
        yield finding("TEN011", place, fact, "Argo CD would make every tenant anew: take it back")


def _steps(before: Path, earlier: Composed, tree: Path, result: Composed, names: Collection[str]) -> Iterator[Step]:
    touched = frozenset(names)
    old = {tenant.name: tenant for tenant in earlier.fleet.tenants if tenant.name in touched}
    new = {tenant.name: tenant for tenant in result.fleet.tenants if tenant.name in old}
    was = _rendered(before, earlier.fleet, old.keys())
    now = _rendered(tree, result.fleet, new.keys())
    for name, tenant in new.items():
        yield Step(
            before=old[name],
            after=tenant,
            size_before=earlier.sizes[name],
            size_after=result.sizes[name],
            rendered_before=was.get(name),
            rendered_after=now.get(name),
        )


def _rendered(root: Path, fleet: Fleet, names: Collection[str]) -> Mapping[str, Rendered]:
    tenants = [tenant for tenant in fleet.tenants if tenant.name in names]
    renders = render(root, fleet, tenants, committed(root), turn=None)  # verify compares
    return {one.tenant.name: one for one in renders if isinstance(one, Rendered)}


def _removals(steps: Collection[Step]) -> Iterator[tuple[str, str]]:
    for step in steps:
        if step.rendered_before and step.rendered_after:
            after = {identity(one) for one in step.rendered_after.objects}
            yield from (
                (step.after.name, identity(one)) for one in step.rendered_before.objects if identity(one) not in after
            )


# --- the budget


def _budget(root: Path, platform: Platform, impact: Impact) -> Iterator[Finding]:
    words = impact.over(platform.budget)
    if not words or (root / approval(impact.digest)).is_file():
        return
    place = platform.document.place(("budget",), key=True)
    hint = f"split the change, or have the platform's owners add {approval(impact.digest)}"
    yield finding("TEN019", place, f"the change is over the blast-radius budget: {'; '.join(words)}", hint)
