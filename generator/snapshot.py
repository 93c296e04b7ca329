"""The files of a repository at one moment: which there are says git, what they hold is read here.

The work tree's files are those that git tracks, and those that it does not and does not ignore either; a commit's are
its own, written out of their blobs into a folder of their own, so that kustomize can build there.
"""

import bisect
import itertools
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from generator import files, history
from generator.files import Kind
from generator.history import FILE_MODES, Repository, TreeEntry


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The files of a repository at one moment.

    Attributes:
        root: The folder in which they stand.
        held: What git holds, by path from the root; links and repositories inside the repository as well.
    """

    root: Path
    held: Mapping[str, TreeEntry]

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(sorted(self.held))

    def everything_under(self, folder: str) -> Iterator[str]:
        """Yield the paths of all that is held below a folder, sorted: files, links, and what is neither."""
        start = bisect.bisect_left(self._paths, f"{folder}/")
        for path in itertools.islice(self._paths, start, None):
            if not path.startswith(f"{folder}/"):
                return
            yield path

    def under(self, folder: str) -> Iterator[str]:
        """Yield the paths of the files below a folder, sorted."""
        return (path for path in self.everything_under(folder) if self.held[path].mode in FILE_MODES)

    def kind_of(self, path: str) -> Kind | None:
        """Return what is held at a path; None when nothing is."""
        entry = self.held.get(path)
        if entry is None:
            return Kind.FOLDER if next(self.everything_under(path), None) else None
        if entry.mode in FILE_MODES:
            return Kind.FILE
        return Kind.LINK if entry.mode == history.LINK_MODE else Kind.OTHER

    def read(self, path: str, max_bytes: int = files.MAX_BYTES) -> bytes:
        """Read a file, see `files.read`."""
        return files.read(self.root, path, max_bytes)

    def copy_to(self, folder: Path, paths: Collection[str]) -> None:
        """Copy files into a folder, and all files below folders; what is not held is passed over."""
        for path in self.paths_in(paths):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.read(path))

    def paths_in(self, chosen: Collection[str]) -> Iterator[str]:
        """Yield these files, and all files below these folders."""
        for one in chosen:
            if self.kind_of(one) is Kind.FILE:
                yield one
            else:
                yield from self.under(one)

    @classmethod
    def of_folder(cls, root: Path) -> "Snapshot":
        """Take what stands in a folder that is no git repository."""
        return cls(root=root, held=dict(_on_disk(root)))

    @classmethod
    def of_work_tree(cls, root: Path) -> "Snapshot":
        """Take the work tree: what git tracks as it stands there, and what it does not track and does not ignore.

        A folder that is no git repository is taken as it stands.

        Raises:
            EnvironmentProblem: Git refuses the repository.
        """
        if not history.is_repository(root):
            return cls.of_folder(root)
        return cls(root=root, held=history.work_tree(history.open_repository(root)))

    @classmethod
    def of_commit(cls, repository: Repository, commit: str, folder: Path, paths: Collection[str] = ()) -> "Snapshot":
        """Take a commit: its blobs are written into a folder as they are.

        Args:
            repository: The repository.
            commit: The commit's id.
            folder: Where to; it exists and is empty.
            paths: The files, and the folders with all below them, that are taken; everything when empty.
        """
        held = history.entries(repository, commit)
        if paths:
            wanted = frozenset(paths)
            held = {path: entry for path, entry in held.items() if _is_in(path, wanted)}
        chosen = {path: entry.blob for path, entry in held.items() if entry.mode in FILE_MODES}
        for path, content in zip(chosen, repository.blobs(chosen.values()), strict=True):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return cls(root=folder, held=held)


def _is_in(path: str, chosen: Collection[str]) -> bool:
    ends = (number for number, character in enumerate(path) if character == "/")
    return path in chosen or any(path[:end] in chosen for end in ends)


def _on_disk(root: Path) -> Iterator[tuple[str, TreeEntry]]:
    for folder, folders, names in os.walk(root):
        here = os.path.relpath(folder, root)
        for name in (*names, *folders):
            path = name if here == "." else f"{here}/{name}"
            mode = history.mode_of(root, path)
            if mode:
                yield path, TreeEntry(mode, "")
