"""IO in: the objects of a state, by whom they belong to: rendered by kustomize, expanded as Argo CD does, or read."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import Any

from generator import layout
from generator.applicationset import expand_all
from generator.diff import effects
from generator.diff.groups import Owner, Pair
from generator.findings.finding import TenantryError
from generator.fleet.model import Tenant
from generator.generate.argocd import API_VERSION
from generator.git.snapshot import Snapshot
from generator.kube.kustomization import gate_of
from generator.kube.lenient import Object
from generator.pipeline import Composed
from generator.reading import yaml_objects
from generator.render import classes
from generator.render.classes import Sheet
from generator.render.provider import provider_objects
from generator.review.revision import State

Objects = tuple[Object, ...]

_Reader = Callable[[str], list[Any]]


def _hosts(names: Collection[str], old: Composed, new: Composed) -> Mapping[str, tuple[str, ...]]:
    """Return the hosts of tenants in either state, those of the old one before those that came."""
    was, now = by_name(old), by_name(new)
    found = {name: [item for item in (was.get(name), now.get(name)) if item] for name in names}
    return {name: tuple(dict.fromkeys(host for item in both for host in item.hosts)) for name, both in found.items()}


def pairs(old: State, new: State, names: Collection[str], called: tuple[str, str]) -> Iterator[Pair]:
    """Yield what each owner has before and after: each of these tenants, each shard, the platform.

    Args:
        old: The state before.
        new: The state after.
        names: Tenants that may differ.
        called: What errors call the two.

    Raises:
        TenantryError: Something cannot be rendered.
    """
    read = cache(yaml_objects.read_objects)  # most overlays and facts are the same in both
    same = frozenset(path for path, text in old.composed.tree.items() if new.composed.tree.get(path) == text)
    before, after = (_rendered(state, names, same, read, name) for state, name in zip((old, new), called, strict=True))
    departed = {tenant.name: tenant.state for tenant in old.composed.fleet.departed}
    shards = new.composed.fleet.platform.argocd.shards
    sets = zip(map(layout.shard_name, range(shards)), application_sets(new.composed), strict=True)
    policies = {shard: made["spec"].get("syncPolicy", {}) for shard, made in sets}
    for name, hosts in _hosts(names, old.composed, new.composed).items():
        first, last = before.get(name, ()), after.get(name, ())
        old_one, new_one = (_application_of(objects) for objects in (first, last))
        leaving = effects.leaving(old_one, new_one, policies[layout.shard_of(name, shards)])
        paused = new_one is not None and effects.is_paused(new_one)
        coming = old_one is None and new_one is not None
        was = departed.get(name, "") if coming else ""
        owner = Owner("tenant", name, hosts, coming=coming, was=was, leaving=leaving, paused=paused)
        yield Pair(owner, first, last)
    yield from _shards(old.composed, new.composed)
    yield _platform(old, new, called)


def _application_of(objects: Objects) -> Object | None:
    """Return the Application, which is always the first; None where a tenant has none, or has none any more."""
    return objects[0] if objects and objects[0]["kind"] == effects.APPLICATION else None


def _rendered(
    state: State, names: Collection[str], same: Collection[str], read: _Reader, called: str
) -> Mapping[str, Objects]:
    """Render tenants, and add what leads Argo CD to them: the Application, always the first, and the project."""
    tree = state.composed.tree
    shards = state.composed.fleet.platform.argocd.shards
    here = [name for name in names if layout.entry(name, layout.shard_of(name, shards)) in tree]
    sheets = []
    for name in here:
        (overlay,), (facts,) = (read(tree[path]) for path in (layout.kustomization(name), layout.facts(name)))
        sheets.append(Sheet(tenant=name, overlay=overlay, facts=facts))
    applications = _applications(state.composed, here, read)
    found = {}
    for item in classes.render(gate_of(state.snapshot), sheets, sample=0):
        wrong = item.error.replace(f"{state.snapshot.root}/", "") or item.difference
        if wrong:
            raise TenantryError(f"{called}: {layout.kustomization(item.tenant)} cannot be rendered: {wrong}")
        found[item.tenant] = (applications[item.tenant], *item.objects)
    for name in names:
        project = layout.project(name, layout.shard_of(name, shards))
        if project in tree and project not in same:
            (application, *objects) = found.get(name, ()) or (None,)
            found[name] = (*([application] if application else ()), *read(tree[project]), *objects)
    return found


def _applications(composed: Composed, names: Collection[str], read: _Reader) -> Mapping[str, Object]:
    """Return the Applications that the ApplicationSets make of tenants' entries, each with the set that owns it."""
    shards = composed.fleet.platform.argocd.shards
    paths = [layout.entry(name, layout.shard_of(name, shards)) for name in names]
    entries = {path: composed.tree[path] for path in paths}
    found = {}
    for item in expand_all(application_sets(composed), entries, decode=lambda text: read(text)[0]):
        for problem in item.problems:
            raise TenantryError(f"{problem.path or item.name}: {problem.message}: {problem.effect.value}")
        for made in item.applications:
            owner = {"apiVersion": API_VERSION, "kind": "ApplicationSet", "name": item.name}
            metadata = made.manifest["metadata"] | {"ownerReferences": [owner]}
            found[made.name] = made.manifest | {
                "apiVersion": API_VERSION,
                "kind": effects.APPLICATION,
                "metadata": metadata,
            }
    return found


def application_sets(composed: Composed) -> Objects:
    """Return the ApplicationSets of a state."""
    shards = range(composed.fleet.platform.argocd.shards)
    return _read(composed, [layout.application_set(layout.shard_name(number)) for number in shards])


def _shards(old: Composed, new: Composed) -> Iterator[Pair]:
    for shard in shards_of(old, new):
        paths = (layout.shard_application(shard), layout.application_set(shard))
        yield Pair(Owner("shard", shard), _read(old, paths), _read(new, paths))


def _platform(old: State, new: State, called: tuple[str, str]) -> Pair:
    parts = {path for state in (old, new) for path in state.composed.tree if layout.is_part(path)}
    paths = (layout.ROOT_APPLICATION, layout.platform_application(), *sorted(parts))
    before, after = (
        (*_read(state.composed, paths), *_by_hand(state.snapshot, name))
        for state, name in zip((old, new), called, strict=True)
    )
    return Pair(Owner("platform", ""), before, after)


def _read(composed: Composed, paths: Collection[str]) -> Objects:
    return tuple(obj for path in paths for obj in yaml_objects.read_objects(composed.tree.get(path, "")))


def _by_hand(snapshot: Snapshot, called: str) -> Objects:
    """Read what stands in argocd/platform as Argo CD does."""
    objects, error = provider_objects(snapshot)
    if error:
        raise TenantryError(f"{called}: {layout.PLATFORM_MANIFESTS} cannot be rendered: {error}")
    return objects


def shards_of(*composed: Composed) -> tuple[str, ...]:
    """Return the names of the shards that any of the states has."""
    most = max(item.fleet.platform.argocd.shards for item in composed)
    return tuple(layout.shard_name(number) for number in range(most))


def by_name(composed: Composed) -> Mapping[str, Tenant]:
    """Return the tenants of a state."""
    return {tenant.name: tenant for tenant in composed.fleet.tenants}
