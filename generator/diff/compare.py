"""IO in: make two states of the repository and find what differs between their renders."""

import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from generator import layout, pipeline
from generator.capacity.shift import shift
from generator.diff.difference import WORK_TREE, Difference
from generator.diff.groups import group
from generator.diff.owners import application_sets, by_name, pairs, shards_of
from generator.diff.selectors import Traits, Universe
from generator.findings.finding import Refused, TenantryError
from generator.fleet.model import Fleet
from generator.generate.size import Size
from generator.git import ancestry, door, trees
from generator.git.door import Repository
from generator.git.snapshot import Snapshot
from generator.git.trees import Touched
from generator.pipeline import Composed
from generator.review import revision
from generator.review.blast_radius import may_touch_all
from generator.review.comparison import touched_tenants
from generator.review.revision import State


def compare(root: Path, base: str | None = None, head: str | None = None) -> Difference:
    """Compare the renders of two states; the work tree is not touched.

    Args:
        root: The repository's root.
        base: The state before; by default, the commit that `head` left the main branch at.
        head: The state after; the work tree when None.

    Raises:
        TenantryError: A state has errors, so that it cannot be rendered.
        EnvironmentProblem: There is no such commit, or no kustomize.
    """
    repository = door.open_repository(root)
    after = ancestry.commit_of(repository, head) if head else None
    before = ancestry.commit_of(repository, base) if base else _start(repository, root, after)
    files = trees.touched(repository, before, after) if after else trees.touched_since(repository, before)
    by_hand = [file.path for file in files if file.path.startswith(f"{layout.PLATFORM_MANIFESTS}/")]
    paths = (*revision.needed(files), *([layout.PLATFORM_MANIFESTS] if by_hand else []))
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        folder = Path(temporary).resolve()
        old = _state(repository, root, before, folder / "before", paths)
        # the room on the nodes is that of all companies; where platform.yaml changes, they are all there anyway
        everybody = (layout.TENANTS,) if old.composed.fleet.platform.nodes else ()
        new = _state(repository, root, after, folder / "after", (*paths, *everybody))
        names = _names(old.composed, new.composed, files)
        groups = group(pairs(old, new, names, (_called(before), _called(after))))
        capacity = shift(_numbers(old.composed), _numbers(new.composed), names)
    return Difference(
        before=before,
        after=after or WORK_TREE,
        fleet=len(_tenants_there(repository, root, after) | set(names)),
        groups=groups,
        tenants=Universe(_traits(old.composed, new.composed), whole=may_touch_all(files)),
        shards=shards_of(old.composed, new.composed),
        retaining=old.composed.fleet.platform.cluster.declared.get("storageClasses", ()),
        capacity=capacity,
    )


# --- the two states


def _start(repository: Repository, root: Path, after: str | None) -> str:
    """Return the commit at which a change left the main branch, as the remote has it, or as it is here."""
    text = trees.read(repository, after, layout.PLATFORM) if after else None
    branch = pipeline.validated_platform(Snapshot.of_work_tree(root), {layout.PLATFORM: text} if text else None).branch
    there = ancestry.has_reference(repository, f"refs/remotes/origin/{branch}")
    return ancestry.merge_base(repository, f"origin/{branch}" if there else branch, after or "HEAD")


def _state(repository: Repository, root: Path, commit: str | None, folder: Path, paths: Collection[str]) -> State:
    try:
        if commit is None:
            return revision.of_snapshot(Snapshot.of_work_tree(root), folder, tuple(paths))
        return revision.of_commit(repository, commit, folder, tuple(paths))
    except Refused as refused:
        first, *more = refused.findings
        others = f", and {len(more)} more" if more else ""
        fact = (
            f"{_called(commit)} has errors and cannot be rendered: {first.place}: {first.fact} [{first.rule}]{others}"
        )
        raise TenantryError(fact, "fix them first: `tenantry validate` names them all") from None


def _numbers(composed: Composed) -> tuple[Fleet, Mapping[str, Size]]:
    return composed.fleet, composed.sizes


def _called(commit: str | None) -> str:
    return commit[:10] if commit else f"the {WORK_TREE}"


def _names(old: Composed, new: Composed, files: Collection[Touched]) -> tuple[str, ...]:
    """Return the tenants that may differ: those that the change touches, or all when their ApplicationSets differ."""
    if application_sets(old) != application_sets(new):
        return tuple(sorted({*by_name(old), *by_name(new)}))
    return touched_tenants(old, new, files)


# --- what selectors may speak of


def _traits(old: Composed, new: Composed) -> Mapping[str, Traits]:
    tenants = {**by_name(old), **by_name(new)}
    return {
        name: Traits(plan=one.plan, addons=frozenset(one.addons), ring=one.ring.name, hosts=len(one.hosts) > 1)
        for name, one in sorted(tenants.items())
    }


def _tenants_there(repository: Repository, root: Path, commit: str | None) -> set[str]:
    """Return the names of all tenants by their files, read or not."""
    held = trees.entries(repository, commit) if commit else Snapshot.of_work_tree(root).held
    return {Path(file).stem for file in held if layout.is_tenant_file(file)}
