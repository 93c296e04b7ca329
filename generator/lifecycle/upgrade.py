"""Bring a repository to the layout that this version reads, and show that no pod restarts for it."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generator import layout, pipeline
from generator.findings.finding import TenantryError
from generator.generate.write import replace
from generator.git import door, trees
from generator.git.ancestry import branch_of
from generator.git.snapshot import Snapshot
from generator.kube import kustomize
from generator.kube.kustomization import Gate
from generator.kube.pods import pod_template
from generator.pipeline import Composed
from generator.reading.files import Kind
from generator.render.rendered import identity
from generator.upgrade import steps
from generator.upgrade.texts import Changes

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What an upgrade does.

    Attributes:
        changed: The files that people wrote and that become others: path -> new text, None where one goes.
        steps: Names of the steps that have something to do.
        publishing: How generated files are published.
        compared: How many companies were rendered before and after: one of each choice of plan and add-ons.
        restarted: Workloads whose pod template would differ, as company and object.
    """

    changed: Changes
    steps: tuple[str, ...]
    publishing: str
    compared: int
    restarted: tuple[tuple[str, str], ...]


def upgrade(root: Path) -> Upgrade | None:
    """Work out what an upgrade of the work tree does; nothing is written.

    Args:
        root: The repository's root.

    Returns:
        What it does, or None when the layout is that of today.

    Raises:
        TenantryError: The work tree has changes that are not committed.
        Refused: The result would have errors.
        EnvironmentProblem: Git refuses the repository, or there is no kustomize.
    """
    changed, names = steps.upgraded(steps.texts_of(Snapshot.of_work_tree(root)))
    if not changed:
        return None
    if own := [path for path in trees.uncommitted(root) if layout.is_own(path)]:
        more = f" and {len(own) - _SHOWN} more" if len(own) > _SHOWN else ""
        fact = f"the work tree has changes that are not committed: {', '.join(own[:_SHOWN])}{more}"
        raise TenantryError(fact, "commit them, or put them aside: git stash --include-untracked")
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        before, after = (Path(temporary).resolve() / name for name in ("before", "after"))
        composed = _composed(root, after, changed)
        pairs = list(_pod_templates(_published(root, composed, before), after, composed))
    return Upgrade(
        changed=changed,
        steps=names,
        publishing=composed.fleet.platform.publishing,
        compared=len(pairs),
        restarted=tuple((name, obj) for name, differing in pairs for obj in differing),
    )


def write(root: Path, done: Upgrade) -> None:
    """Write what an upgrade changes, and generate where generated files are committed beside it."""
    steps.write(root, done.changed, replace)
    if done.publishing == "committed":
        pipeline.generate(root, Snapshot.of_work_tree(root))


def _composed(root: Path, folder: Path, changed: Changes) -> Composed:
    """Write the upgraded sources and what is generated of them into a folder."""
    folder.mkdir()
    Snapshot.of_work_tree(root).copy_to(folder, [layout.PLATFORM, layout.TENANTS, layout.BASE])
    steps.write(folder, changed)
    composed = pipeline.composed(Snapshot.of_folder(folder))
    for path, text in composed.tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return composed


def _published(root: Path, composed: Composed, folder: Path) -> Path | None:
    """Write what Argo CD renders today into a folder; None where nothing was published yet."""
    folder.mkdir()
    platform = composed.fleet.platform
    repository = door.open_repository(root)
    commit = "HEAD" if platform.publishing == "committed" else branch_of(repository, platform.publishing_branch)
    if commit is None:
        return None
    Snapshot.of_commit(repository, commit, folder, layout.OWN).copy_to(folder, layout.OWN)
    return folder


def _pod_templates(before: Path | None, after: Path, composed: Composed) -> Iterator[tuple[str, list[str]]]:
    """Yield one company of each choice of plan and add-ons, with the workloads whose pods would be others."""
    if before is None:
        return
    old = Snapshot.of_folder(before)
    chosen = {(tenant.plan, tenant.addons, tenant.ring.pair): tenant.name for tenant in composed.fleet.tenants}
    names = sorted(name for name in chosen.values() if old.kind_of(layout.kustomization(name)) is Kind.FILE)
    gates = (Gate(old), Gate(Snapshot.of_folder(after)))
    builds = [kustomize.build_all(gate.open(layout.overlay(name)) for name in names) for gate in gates]
    for name, *built in zip(names, *builds, strict=True):
        was, now = ({identity(obj): pod_template(obj) for obj in each.objects} for each in built)
        yield name, sorted(key for key in was.keys() | now.keys() if was.get(key) != now.get(key))
