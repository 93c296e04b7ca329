"""The repository at one moment, whole in a folder of its own: what `check` and `diff` compare two of."""

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import git

from generator import earlier, history, layout, pipeline
from generator.history import Touched
from generator.impact import may_touch_all
from generator.pipeline import Composed

SOURCES: Final = (layout.PLATFORM, layout.BASE, layout.TENANTS)
"""What people write and everything else follows from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The sources of one moment with the generated files beside them.

    Attributes:
        root: The folder.
        composed: What follows from the sources.
    """

    root: Path
    composed: Composed


def needed(files: Collection[Touched]) -> tuple[str, ...]:
    """Return the sources that two states must be made of, so that all that a change may touch is in them.

    Args:
        files: What differs between the two.
    """
    if may_touch_all(files):
        return SOURCES
    changed = (one.path for one in files if one.path.startswith(f"{layout.TENANTS}/"))
    return (layout.PLATFORM, layout.BASE, *changed)


def of_commit(repository: git.Repo, commit: git.Commit, folder: Path, paths: Sequence[str] = SOURCES) -> State:
    """Write the sources of a commit into a folder, and generate beside them.

    Args:
        repository: The repository.
        commit: The commit.
        folder: Where to; it is made.
        paths: Which sources, see `needed`.

    Raises:
        Refused: The sources have errors.
        EnvironmentProblem: There is no kustomize.
    """
    folder.mkdir()
    history.export(repository, commit, folder, paths)
    composed, _ = pipeline.generate(folder, had=earlier.storage_had(repository, commit))
    return State(root=folder, composed=composed)


def of_work_tree(root: Path, folder: Path, paths: Sequence[str] = SOURCES) -> State:
    """Copy the sources as they stand into a folder, and generate beside them; the work tree is not touched.

    Args:
        root: The repository's root.
        folder: Where to; it is made.
        paths: Which sources, see `needed`.

    Raises:
        Refused: The sources have errors.
        EnvironmentProblem: There is no kustomize.
    """
    folder.mkdir()
    for path in paths:
        source, target = root / path, folder / path
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, target, symlinks=True)
        elif source.is_symlink() or source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    composed, _ = pipeline.generate(folder, had=earlier.of_work_tree(root))
    return State(root=folder, composed=composed)
