"""The repository at one moment, whole in a folder of its own: what `check` and `diff` compare two of."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator import layout, pipeline
from generator.fleet import earlier
from generator.fleet.validate import Had
from generator.git.door import Repository
from generator.git.snapshot import Snapshot
from generator.git.trees import Touched
from generator.pipeline import Composed
from generator.review.blast_radius import may_touch_all
from generator.upgrade.steps import brought_up

SOURCES: Final = (layout.PLATFORM, layout.BASE, layout.TENANTS)
"""What people write and everything else follows from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The sources of one moment with the generated files beside them.

    Attributes:
        snapshot: The files, in a folder of their own.
        composed: What follows from the sources.
    """

    snapshot: Snapshot
    composed: Composed


def needed(files: Collection[Touched]) -> tuple[str, ...]:
    """Return the sources that two states must be made of, so that all that a change may touch is in them.

    Args:
        files: What differs between the two.
    """
    if may_touch_all(files):
        return SOURCES
    changed = (file.path for file in files if file.path.startswith(f"{layout.TENANTS}/"))
    return (layout.PLATFORM, layout.BASE, *changed)


def of_commit(repository: Repository, commit: str, folder: Path, paths: Sequence[str] = SOURCES) -> State:
    """Write the sources of a commit into a folder, and generate beside them.

    Args:
        repository: The repository.
        commit: Its id.
        folder: Where to; it is made.
        paths: Which sources, see `needed`.

    Raises:
        Refused: The sources have errors.
        EnvironmentProblem: There is no kustomize.
    """
    folder.mkdir()
    had = earlier.storage_had(repository, commit)
    return generated(brought_up(Snapshot.of_commit(repository, commit, folder, paths)), had)


def generated(sources: Snapshot, had: Had) -> State:
    """Generate beside sources that stand in a folder of our own.

    Args:
        sources: They stand there.
        had: Tells what companies had before, see `validate`.

    Raises:
        Refused: The sources have errors.
        EnvironmentProblem: There is no kustomize.
    """
    composed = pipeline.composed(sources, had=had)
    return State(snapshot=sources.with_generated(composed.tree), composed=composed)


def of_composed(snapshot: Snapshot, composed: Composed, folder: Path) -> State:
    """Copy the sources as they stand into a folder, with what they give beside them.

    Args:
        snapshot: The repository.
        composed: What follows from its sources.
        folder: Where to; it is made.
    """
    folder.mkdir()
    sources = snapshot.copy_to(folder, SOURCES)
    return State(snapshot=sources.with_generated(composed.tree), composed=composed)


def of_snapshot(snapshot: Snapshot, folder: Path, paths: Sequence[str] = SOURCES, *, had: Had | None = None) -> State:
    """Copy the sources as they stand into a folder, and generate beside them; where they come from is not touched.

    Args:
        snapshot: The repository.
        folder: Where to; it is made.
        paths: Which sources, see `needed`.
        had: Tells what companies had before, see `validate`; what git says of the work tree when left out.

    Raises:
        Refused: The sources have errors.
        EnvironmentProblem: There is no kustomize.
    """
    folder.mkdir()
    return generated(snapshot.copy_to(folder, paths), had or earlier.of_work_tree(snapshot.home))
