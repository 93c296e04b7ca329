"""Two states of the repository side by side: the one comparison that `check`, `diff` and `publish` share."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from generator import layout
from generator.history import Touched
from generator.impact import reads_any
from generator.model import Fleet
from generator.pipeline import Composed
from generator.rules.compared import Compared, Step
from generator.rules.subject import Rendered, identity
from generator.states import State
from generator.verify import committed, render


def compare(commit: str, before: State, after: State, files: Collection[Touched]) -> Compared:
    """Compare two states.

    Args:
        commit: The commit of the state before.
        before: The state that the change started from.
        after: The state that it leads to.
        files: The source files that differ between the two.

    Raises:
        EnvironmentProblem: There is no kustomize.
    """
    names = touched_tenants(before.composed, after.composed, files)
    steps = tuple(_steps(before, after, names))
    return Compared(
        commit=commit,
        before=before.composed.fleet.platform,
        after=after.composed.fleet.platform,
        tenants=names,
        steps=steps,
        gone=gone(files, after.composed.fleet),
        removals=tuple(sorted(_removals(steps))),
    )


def touched_tenants(before: Composed, after: Composed, files: Collection[Touched]) -> tuple[str, ...]:
    """Return the tenants of which a generated file, or a file that their build reads, differs; sorted."""
    shards = after.fleet.platform.argocd.shards
    paths = [file.path for file in files if file.path.startswith(f"{layout.BASE}/")]
    known = {tenant.name: tenant for tenant in before.fleet.tenants}
    changed_files = {file.path for file in files}
    names = []
    for tenant in after.fleet.tenants:
        entry = after.tree[layout.entry(tenant.name, layout.shard_of(tenant.name, shards))]
        if reads_any(entry, paths):
            names.append(tenant.name)
        elif tenant.name not in known:
            if tenant.document.file in changed_files:
                names.append(tenant.name)
        elif _files(before, tenant.name) != _files(after, tenant.name):
            names.append(tenant.name)
    here = {tenant.name for tenant in after.fleet.tenants}
    return tuple(sorted({*names, *(name for name in known if name not in here)}))


def gone(files: Iterable[Touched], fleet: Fleet) -> Mapping[str, str]:
    """Return the tenant files that a change removes: path -> path of a new file with the same content, or empty.

    Args:
        files: What differs.
        fleet: The tenants after the change; a file that moved within tenants/ is not gone.
    """
    here = {tenant.name for tenant in fleet.tenants}
    came = {file.after: file.path for file in files if not file.before}
    removed = [file for file in files if _is_removed_tenant(file) and PurePosixPath(file.path).stem not in here]
    return {file.path: came.get(file.before, "") for file in removed}


def _is_removed_tenant(file: Touched) -> bool:
    return file.path.startswith(f"{layout.TENANTS}/") and file.path.endswith(".yaml") and not file.after


def _files(composed: Composed, name: str) -> tuple[str, ...]:
    shard = layout.shard_of(name, composed.fleet.platform.argocd.shards)
    paths = (layout.kustomization(name), layout.facts(name), layout.entry(name, shard), layout.project(name, shard))
    return tuple(f"{path}\0{composed.tree[path]}" for path in paths)


def _steps(before: State, after: State, names: Collection[str]) -> Iterator[Step]:
    touched = frozenset(names)
    old = {tenant.name: tenant for tenant in before.composed.fleet.tenants if tenant.name in touched}
    new = {tenant.name: tenant for tenant in after.composed.fleet.tenants if tenant.name in old}
    was = _rendered(before, old.keys())
    now = _rendered(after, new.keys())
    for name, tenant in new.items():
        yield Step(
            before=old[name],
            after=tenant,
            size_before=before.composed.sizes[name],
            size_after=after.composed.sizes[name],
            rendered_before=was.get(name),
            rendered_after=now.get(name),
        )


def _rendered(state: State, names: Collection[str]) -> Mapping[str, Rendered]:
    fleet = state.composed.fleet
    tenants = [tenant for tenant in fleet.tenants if tenant.name in names]
    renders = render(state.snapshot, fleet, tenants, committed(state.snapshot), turn=None)  # verify compares
    return {rendered.tenant.name: rendered for rendered in renders if isinstance(rendered, Rendered)}


def _removals(steps: Iterable[Step]) -> Iterator[tuple[str, str]]:
    for step in steps:
        if step.rendered_before and step.rendered_after:
            after = {identity(one) for one in step.rendered_after.objects}
            names = (identity(one) for one in step.rendered_before.objects)
            yield from ((step.after.name, name) for name in names if name not in after)
