"""IO in: make two states of the repository and find what differs between their renders."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import git

from generator import classes, history, layout, pipeline, states, yamlio
from generator.applicationset import expand_all
from generator.argocd import API_VERSION
from generator.classes import Sheet
from generator.diff import effects
from generator.diff.difference import WORK_TREE, Difference
from generator.diff.groups import Group, Owner, Pair, group
from generator.diff.selectors import Traits, Universe
from generator.findings import Refused, TenantryError
from generator.history import Touched
from generator.impact import may_touch_all
from generator.model import Tenant
from generator.pipeline import Composed
from generator.rules.subject import Object
from generator.states import State

Objects = tuple[Object, ...]


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
    repository = history.open_repository(root)
    after = history.commit_of(repository, head) if head else None
    before = history.commit_of(repository, base) if base else _start(repository, root, after)
    files = history.touched(repository, before, after)
    paths = (*states.needed(files), layout.PLATFORM_MANIFESTS)
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        folder = Path(temporary).resolve()
        old = _state(repository, root, before, folder / "before", paths)
        new = _state(repository, root, after, folder / "after", paths)
        shared = [*_shards(old.composed, new.composed), _platform(old, new)]
        names = _names(old.composed, new.composed, files)
        hosts = _hosts(names, old.composed, new.composed)
        tenants = list(_tenants(_rendered(old, names, _called(before)), _rendered(new, names, _called(after)), hosts))
        groups = group([*tenants, *shared])
    synced = _synced(groups)
    paused = {one.owner.name for one in tenants if one.after and effects.is_paused(one.after[0])}
    whole = may_touch_all(files)
    return Difference(
        before=before.hexsha,
        after=after.hexsha if after else WORK_TREE,
        fleet=len(_tenants_there(repository, root, after) | {name for name in names if _has(old.composed, name)}),
        groups=groups,
        synced=tuple(name for name in synced if name not in paused),
        paused=tuple(name for name in synced if name in paused),
        tenants=Universe(_traits(old.composed, new.composed), whole=whole),
        shards=_all_shards(old.composed, new.composed),
    )


# --- the two states


def _start(repository: git.Repo, root: Path, after: git.Commit | None) -> git.Commit:
    """Return the commit at which a change left the main branch, as the remote has it, or as it is here."""
    text = history.read(after, layout.PLATFORM) if after else None
    branch = pipeline.validated_platform(root, {layout.PLATFORM: text} if text else None).branch
    known = {reference.name for reference in repository.references}
    main = f"origin/{branch}" if f"origin/{branch}" in known else branch
    return history.merge_base(repository, main, after.hexsha if after else "HEAD")


def _state(repository: git.Repo, root: Path, commit: git.Commit | None, folder: Path, paths: Collection[str]) -> State:
    try:
        if commit is None:
            return states.of_work_tree(root, folder, tuple(paths))
        return states.of_commit(repository, commit, folder, tuple(paths))
    except Refused as refused:
        first, *more = refused.findings
        others = f", and {len(more)} more" if more else ""
        fact = (
            f"{_called(commit)} has errors and cannot be rendered: {first.place}: {first.fact} [{first.rule}]{others}"
        )
        raise TenantryError(fact, "mend them first: `tenantry validate` names them all") from None


def _called(commit: git.Commit | None) -> str:
    return commit.hexsha[:10] if commit else f"the {WORK_TREE}"


# --- whose objects


def _names(old: Composed, new: Composed, files: Collection[Touched]) -> tuple[str, ...]:
    """Return the tenants that may differ: those that the change touches, or all when their ApplicationSets differ."""
    if _sets(old) != _sets(new):
        return tuple(sorted({*_by_name(old), *_by_name(new)}))
    return states.touched_tenants(old, new, files)


def _hosts(names: Collection[str], old: Composed, new: Composed) -> Mapping[str, tuple[str, ...]]:
    """Return the hosts of tenants in either state, those of the old one before those that came."""
    was, now = _by_name(old), _by_name(new)
    found = {name: [one for one in (was.get(name), now.get(name)) if one] for name in names}
    return {name: tuple(dict.fromkeys(host for one in both for host in one.hosts)) for name, both in found.items()}


def _tenants(
    before: Mapping[str, Objects], after: Mapping[str, Objects], hosts: Mapping[str, tuple[str, ...]]
) -> Iterator[Pair]:
    """Yield the objects of tenants; the Application is the first."""
    for name, own in hosts.items():
        first, last = before.get(name, ()), after.get(name, ())
        leaving = effects.leaving(first[0] if first else None, last[0] if last else None)
        yield Pair(Owner("tenant", name, own, coming=not first, leaving=leaving), first, last)


def _rendered(state: State, names: Collection[str], called: str) -> Mapping[str, Objects]:
    """Render tenants, and add what leads Argo CD to them: the Application and the project."""
    tree = state.composed.tree
    here = [name for name in names if _has(state.composed, name)]
    sheets = []
    for name in here:
        (overlay,), (facts,) = (
            yamlio.read_objects(tree[path]) for path in (layout.kustomization(name), layout.facts(name))
        )
        sheets.append(Sheet(tenant=name, overlay=overlay, facts=facts))
    applications = _applications(state.composed, here)
    found = {}
    for one in classes.render(state.root, sheets, turn=0):
        wrong = one.error.replace(f"{state.root}/", "") or one.difference
        if wrong:
            raise TenantryError(f"{called}: {layout.kustomization(one.tenant)} cannot be rendered: {wrong}")
        shard = layout.shard_of(one.tenant, state.composed.fleet.platform.argocd.shards)
        (project,) = yamlio.read_objects(tree[layout.project(one.tenant, shard)])
        found[one.tenant] = (applications[one.tenant], project, *one.objects)
    return found


def _applications(composed: Composed, names: Collection[str]) -> Mapping[str, Object]:
    """Return the Applications that the ApplicationSets make of tenants' entries, each with the set that owns it."""
    shards = composed.fleet.platform.argocd.shards
    paths = [layout.entry(name, layout.shard_of(name, shards)) for name in names]
    entries = {path: composed.tree[path] for path in paths}
    found = {}
    for one in expand_all(_sets(composed), entries, decode=lambda text: yamlio.read_objects(text)[0]):
        for problem in one.problems:
            raise TenantryError(f"{problem.path or one.name}: {problem.message}: {problem.effect.value}")
        for made in one.applications:
            owner = {"apiVersion": API_VERSION, "kind": "ApplicationSet", "name": one.name}
            metadata = made.manifest["metadata"] | {"ownerReferences": [owner]}
            found[made.name] = made.manifest | {
                "apiVersion": API_VERSION,
                "kind": effects.APPLICATION,
                "metadata": metadata,
            }
    return found


def _sets(composed: Composed) -> Objects:
    shards = range(composed.fleet.platform.argocd.shards)
    return _read(composed, [layout.application_set(layout.shard_name(number)) for number in shards])


def _shards(old: Composed, new: Composed) -> Iterator[Pair]:
    for shard in _all_shards(old, new):
        paths = (layout.shard_application(shard), layout.application_set(shard))
        yield Pair(Owner("shard", shard), _read(old, paths), _read(new, paths))


def _platform(old: State, new: State) -> Pair:
    paths = (layout.ROOT_APPLICATION, layout.platform_application())
    before, after = (_read(state.composed, paths) + _by_hand(state.root) for state in (old, new))
    return Pair(Owner("platform", ""), before, after)


def _read(composed: Composed, paths: Collection[str]) -> Objects:
    return tuple(one for path in paths for one in yamlio.read_objects(composed.tree.get(path, "")))


def _by_hand(root: Path) -> Objects:
    """Read argocd/platform as Argo CD does: the files of one folder."""
    folder = root / layout.PLATFORM_MANIFESTS
    found = (one for path in sorted(folder.glob("*.yaml")) for one in yamlio.read_objects(path.read_text("utf-8")))
    return tuple(one for one in found if isinstance(one, dict) and {"apiVersion", "kind", "metadata"} <= one.keys())


def _all_shards(*composed: Composed) -> tuple[str, ...]:
    most = max(one.fleet.platform.argocd.shards for one in composed)
    return tuple(layout.shard_name(number) for number in range(most))


# --- what selectors may speak of


def _by_name(composed: Composed) -> Mapping[str, Tenant]:
    return {tenant.name: tenant for tenant in composed.fleet.tenants}


def _has(composed: Composed, name: str) -> bool:
    return layout.kustomization(name) in composed.tree


def _traits(old: Composed, new: Composed) -> Mapping[str, Traits]:
    tenants = {**_by_name(old), **_by_name(new)}
    return {
        name: Traits(plan=one.plan, chatbot=one.chatbot, ring=one.ring.name, hosts=len(one.hosts) > 1)
        for name, one in sorted(tenants.items())
    }


def _tenants_there(repository: git.Repo, root: Path, commit: git.Commit | None) -> set[str]:
    """Return the names of all tenants by their files, read or not."""
    if commit is None:
        return {path.stem for path in (root / layout.TENANTS).rglob("*.yaml")}
    files = repository.git.ls_tree("-r", "-z", "--name-only", commit.hexsha, "--", layout.TENANTS).split("\0")
    return {Path(file).stem for file in files if file.endswith(".yaml")}


def _synced(groups: Collection[Group]) -> tuple[str, ...]:
    """Return the tenants that stay, of which an object differs that their own Application brings, and can."""
    names: set[str] = set()
    refused: set[str] = set()
    for one in groups:
        stay = {owner.name for owner in one.owners if owner.kind == "tenant" and not owner.coming and not owner.leaving}
        if any(item.kind not in (effects.APPLICATION, effects.PROJECT) for item in one.items):
            names |= stay
        if any(item.fate is effects.Fate.REFUSED for item in one.items):
            refused |= stay
    return tuple(sorted(names - refused))
