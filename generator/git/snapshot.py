"""The files of a repository at one moment: which there are says git, what they hold is read here.

The work tree's files are those that git tracks, and those that it does not and does not ignore either; a commit's are
its own, written out of their blobs into a folder of their own, so that kustomize can build there.
"""

import atexit
import bisect
import dataclasses
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from generator import layout
from generator.findings.finding import Finding, Refused
from generator.git import door, trees
from generator.git.door import Repository
from generator.git.entries import FILE_MODES, LINK_MODE, OTHER_MODE, TreeEntry, above, is_plain
from generator.once import Worked, once
from generator.reading import files, parsed
from generator.reading.files import BadFile, Bounds, Kind
from generator.reading.parsed import Parsed

_AFTER_SLASH: Final = chr(ord("/") + 1)
"""Begins what is sorted behind all that stands below a folder."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The files of a repository at one moment.

    Attributes:
        root: The folder in which they stand.
        held: What git holds, by path from the root; links and repositories inside the repository as well.
        beside: What git holds besides, where only a part was taken; it does not stand in the folder.
        left_out: Of that, what was generated for companies that are not looked at.
        contents: What generated files hold that do not stand in the folder, by path: there are many, and few are built.
            None when they stand there.
        repository: Where it was taken from; None for a folder that is no git repository.
        commit: The commit that it is; empty for the work tree.
        opened: What files hold that were read so far, or why they cannot be read, by path: each is opened once.
        worked: What was worked out of it so far.
    """

    root: Path
    held: Mapping[str, TreeEntry]
    beside: Mapping[str, TreeEntry] = field(default_factory=dict)
    left_out: Mapping[str, TreeEntry] = field(default_factory=dict)
    contents: Mapping[str, bytes] | None = None
    repository: Repository | None = None
    commit: str = ""
    opened: dict[str, bytes | BadFile] = field(default_factory=dict, compare=False, repr=False)
    worked: Worked = field(default_factory=dict, init=False, compare=False, repr=False)
    _seen: set[str] = field(default_factory=set, init=False, compare=False, repr=False)

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(sorted(self.held))

    @property
    def home(self) -> Path:
        """The top of the repository that it was taken from, or the folder itself."""
        return self.repository.root if self.repository else self.root

    def everything_under(self, folder: str) -> Iterator[str]:
        """Return the paths of all that is held below a folder, sorted: files, links, and what is neither."""
        start, end = (bisect.bisect_left(self._paths, f"{folder}{sign}") for sign in ("/", _AFTER_SLASH))
        return map(self._paths.__getitem__, range(start, end))  # an islice would walk past all that stand before

    def under(self, folder: str) -> Iterator[str]:
        """Yield the paths of the files below a folder, sorted."""
        return (path for path in self.everything_under(folder) if self.held[path].is_file)

    def kind_of(self, path: str) -> Kind | None:
        """Return what is held at a path; None when nothing is."""
        entry = self.held.get(path)
        if entry is None:
            return Kind.FOLDER if next(self.everything_under(path), None) else None
        if entry.is_file:
            return Kind.FILE
        return Kind.LINK if entry.mode == LINK_MODE else Kind.OTHER

    def read(self, path: str, max_bytes: int = files.MAX_BYTES) -> bytes:
        """Read a file that is held, see `files.read`.

        Raises:
            BadFile: Git does not hold it, or it cannot be read.
        """
        if path not in self.held:
            why, hint = self.why_missing(path)
            raise BadFile(path, why or "the file is missing", hint, missing=True)
        return files.bounded(path, self.present(path), max_bytes)

    def present(self, path: str) -> bytes:
        """Read what stands at a path, whether or not git holds it, see `files.read`.

        Raises:
            BadFile: It cannot be read.
        """
        if self.contents is not None and path in self.contents:
            return self.contents[path]
        if path not in self.opened:
            try:
                self.opened[path] = files.read(self.root, path, seen=self._seen)
            except BadFile as bad:
                self.opened[path] = bad
        found = self.opened[path]
        if isinstance(found, BadFile):
            raise found.with_traceback(None)
        return found

    @once
    def parsed(self, path: str) -> Parsed:
        """Read a file that is held, to be parsed once whoever asks for what is in it.

        Raises:
            BadFile: Git does not hold it, or it cannot be read.
        """
        return parsed.of(path, self.read(path))

    def collect(self, folder: str, bounds: Bounds, suffix: str = "") -> tuple[dict[str, bytes], tuple[Finding, ...]]:
        """Read all files below a folder, as far as they keep to the bounds; what is no file is passed over.

        Args:
            folder: From the root.
            bounds: The most that may be there.
            suffix: How the names of the files end that are read.

        Returns:
            What the files hold, by their paths, sorted; and what is wrong with the others, or with the folder.
        """
        paths = tuple(self.under(folder))
        if len(paths) > bounds.entries:
            return {}, (files.too_many(folder, bounds).finding,)
        held: dict[str, bytes] = {}
        bad: list[Finding] = []
        left = bounds.total
        for path in (path for path in paths if path.endswith(suffix)):
            try:
                raw = self.read(path)
            except BadFile as refused:
                bad.append(refused.finding)
                continue
            left -= len(raw)
            if left < 0:
                bad.append(files.too_much(folder, bounds).finding)
                break
            held[path] = raw
        return held, tuple(bad)

    def collect_all(self, folder: str, bounds: Bounds, suffix: str = "") -> dict[str, bytes]:
        """Read all files below a folder; arguments as for `collect`.

        Raises:
            Refused: A file cannot be read or is too large, or it is too much; everything is named.
        """
        held, bad = self.collect(folder, bounds, suffix)
        if bad:
            raise Refused(bad)
        return held

    def names_in(self, folder: str) -> tuple[str, ...]:
        """Return the names of all that stands in a folder once it is placed, what git ignores included.

        Raises:
            BadFile: It cannot be listed, or holds too much.
        """
        if self.contents is not None and f"{folder}/".startswith(layout.GENERATED):
            return tuple(sorted({path[len(folder) + 1 :].partition("/")[0] for path in self.under(folder)}))
        return files.names_in(self.root, folder, files.BY_HAND)

    def place(self, folder: str) -> Path:
        """Return where a folder stands on the disk, with all files below it."""
        contents = self.contents or {}
        absent = (path for path in self.under(folder) if path in contents and not (self.root / path).exists())
        _write(self.root, {path: contents[path] for path in absent} if contents else {})
        return self.root / folder

    def with_generated(self, tree: Mapping[str, str]) -> "Snapshot":
        """Return the same with these files, path -> text, in the place of those that were generated before."""
        kept = {path: entry for path, entry in self.held.items() if not path.startswith(layout.GENERATED)}
        contents = {path: text.encode() for path, text in tree.items()}
        held = {**kept, **dict.fromkeys(contents, TreeEntry(FILE_MODES[0], ""))}
        return dataclasses.replace(self, held=held, contents=contents)

    def after(self, changes: Mapping[str, str | None]) -> "Snapshot":
        """Return the same with changes to generated files: path -> new text, or None for a file that goes."""
        held, contents = dict(self.held), dict(self.contents or {})
        for path, text in changes.items():
            if text is None:
                held.pop(path, None)
                contents.pop(path, None)
            else:
                held[path] = TreeEntry(FILE_MODES[0], "")
                contents[path] = text.encode()
        return dataclasses.replace(self, held=held, contents=contents)

    def with_companies(self, companies: Collection[str]) -> "Snapshot":
        """Return the same with what was generated for companies that were left out, of a commit."""
        names = frozenset(companies)
        more = {path: entry for path, entry in self.left_out.items() if layout.tenant_of(path) in names}
        if not more or self.repository is None:
            return self
        contents = _contents(self.repository, {path: entry.blob for path, entry in more.items() if entry.is_file})
        return dataclasses.replace(
            self,
            held={**self.held, **more},
            beside={path: entry for path, entry in self.beside.items() if path not in more},
            left_out={path: entry for path, entry in self.left_out.items() if path not in more},
            contents={**(self.contents or {}), **dict(contents)},
        )

    def with_sources(self, changes: Mapping[str, str | None]) -> "Snapshot":
        """Return the same with changes of files, which are made in its folder: path -> new text, None when gone."""
        held = {path: entry for path, entry in self.held.items() if path not in changes}
        opened = {path: found for path, found in self.opened.items() if path not in changes}
        new = {path: text.encode() for path, text in changes.items() if text is not None}
        held |= dict.fromkeys(new, TreeEntry(FILE_MODES[0], ""))
        return dataclasses.replace(self, held=held, opened={**opened, **new})

    def copy_to(self, folder: Path, paths: Collection[str]) -> "Snapshot":
        """Copy files into a folder, and all files below folders; what is not held is passed over.

        Returns:
            What stands in the folder then, which is no git repository.
        """
        copied = {path: self.read(path) for path in self.paths_in(paths)}
        _write(folder, copied)
        return Snapshot(root=folder, held=dict.fromkeys(copied, TreeEntry(FILE_MODES[0], "")), opened={**copied})

    def paths_in(self, chosen: Collection[str]) -> Iterator[str]:
        """Yield these files, and all files below these folders."""
        for path in chosen:
            if self.kind_of(path) is Kind.FILE:
                yield path
            else:
                yield from self.under(path)

    def why_missing(self, path: str) -> tuple[str, str]:
        """Say why git holds nothing at a path, and the way out; nothing to say where it stands nowhere.

        Args:
            path: From the root; nothing is held there.
        """
        if self.repository is None:
            return "", ""
        try:
            stands = files.kind_of(self.home, path) is not None
        except BadFile as bad:
            return bad.what, bad.hint
        rule = self.ignored_by(path) if stands else ""
        if rule:
            return f"git ignores {path}, by {rule}", f"have git hold it: git add -f {path}; or take that line out"
        if self.commit or not stands:
            return "", ""
        return f"{path} holds no file that git could hold", "put a file there"

    def way_back(self, path: str) -> str:
        """Say how a file or folder comes back that is gone; nothing to say where git has never seen it."""
        command = trees.way_back(self.repository, self.commit, path) if self.repository else ""
        return f"put it back: {command}" if command else ""

    def ignored_by(self, path: str) -> str:
        """Return the rule by which git ignores a path, as file:line and pattern; empty when it does not."""
        return trees.ignored_by(self.repository, path) if self.repository else ""

    def with_generated_files(self) -> "Snapshot":
        """Take what generate wrote as well, where git ignores it because it is published on a branch of its own."""
        if self.repository is None or self.commit:
            return self
        ignored = trees.ignored(self.repository, (*layout.GENERATED, layout.ROOT_APPLICATION, layout.TENANT_SCHEMA))
        generated = {path: entry for path, entry in ignored.items() if layout.is_generated(path)}
        return dataclasses.replace(self, held={**self.held, **generated})

    @classmethod
    def of_folder(cls, root: Path) -> "Snapshot":
        """Take what stands in a folder that is no git repository, such as an unpacked archive.

        A link beside our own folders, as a virtual environment has them, is left out: nobody commits it from there.

        Raises:
            Refused: One of our folders holds too much, or is nested too deeply.
        """
        held = dict(_on_disk(root))
        _bound(held)
        return cls(root=root, held=held)

    @classmethod
    def of_work_tree(cls, root: Path, paths: Collection[str] = ()) -> "Snapshot":
        """Take the work tree: what git tracks as it stands there, and what it does not track and does not ignore.

        A folder that is no git repository is taken as it stands. Where a sparse checkout leaves out files that we
        read, all of them are written into a folder of their own, which goes when the process ends.

        Args:
            root: The top of the repository, or a folder that is none.
            paths: The files, and the folders with all below them, that are taken; everything when empty.

        Raises:
            EnvironmentProblem: Git refuses the repository.
            Refused: One of our folders holds too much, or is nested too deeply.
        """
        if not door.is_repository(root):
            return cls.of_folder(root)
        repository = door.open_repository(root)
        is_beyond_a_link = any((root / folder).is_symlink() for path in paths for folder in above(path))
        held = trees.work_tree(repository, () if is_beyond_a_link else paths)
        _bound(held)
        held |= _special_files(repository, held)
        taken = cls(root=repository.root, held=held, repository=repository)
        absent = {path: entry.blob for path, entry in held.items() if entry.absent and layout.is_own(path)}
        if not absent:
            return taken
        folder = Path(tempfile.mkdtemp(prefix="tenantry-")).resolve()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        dataclasses.replace(taken, held={path: entry for path, entry in held.items() if path not in absent}).copy_to(
            folder, layout.OWN
        )
        _write_all(repository, absent, folder)
        return dataclasses.replace(taken, root=folder)

    @classmethod
    def of_commit(
        cls,
        repository: Repository,
        commit: str,
        folder: Path,
        paths: Collection[str] = (),
        companies: Collection[str] | None = None,
        *,
        alone: bool = False,
    ) -> "Snapshot":
        """Take a commit: its blobs are written into a folder as they are, if kustomize may be led to them.

        Those of tenant files and of generated files are kept in memory: there are many, and few are built.

        Args:
            repository: The repository.
            commit: The commit's id.
            folder: Where to; it exists and is empty.
            paths: The files, and the folders with all below them, that are taken; everything when empty.
            companies: Those whose generated files are taken; all of them when None.
            alone: Whether nothing is to be known of what stands beside these files and folders.

        Raises:
            Refused: One of our folders holds too much, or is nested too deeply.
        """
        whole = trees.entries(repository, commit, paths if alone else ())
        _bound(whole)
        wanted = frozenset(paths)
        inside = _Inside(wanted)
        held = {path: entry for path, entry in whole.items() if inside.has(path)} if paths else whole
        left_out: dict[str, TreeEntry] = {}
        if companies is not None:
            kept = {None, *companies}
            left_out = {path: entry for path, entry in held.items() if layout.tenant_of(path) not in kept}
            held = {path: entry for path, entry in held.items() if path not in left_out}
        beside = {path: entry for path, entry in whole.items() if path not in held}
        blobs = {path: entry.blob for path, entry in held.items() if entry.is_file}
        generated = {path: blob for path, blob in blobs.items() if path.startswith(layout.GENERATED)}
        of_tenants = {path: blob for path, blob in blobs.items() if path.startswith(f"{layout.TENANTS}/")}
        in_memory = generated.keys() | of_tenants.keys()
        opened = _write_all(repository, {path: blob for path, blob in blobs.items() if path not in in_memory}, folder)
        opened |= _contents(repository, of_tenants)
        contents = dict(_contents(repository, generated))
        return cls(
            root=folder,
            held=held,
            beside=beside,
            left_out=left_out,
            contents=contents,
            repository=repository,
            commit=commit,
            opened={**opened},
        )


class _Inside:
    """Tells which paths are these files or below these folders; each folder is looked at once.

    Args:
        chosen: The files and folders.
    """

    def __init__(self, chosen: Collection[str]) -> None:
        self._chosen = chosen
        self._folders: dict[str, bool] = {"": False}

    def has(self, path: str) -> bool:
        """Say whether a path is one of them."""
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            self._folders[folder] = self.has(folder)
        return self._folders[folder] or path in self._chosen


def _write_all(repository: Repository, blobs: Mapping[str, str], folder: Path) -> dict[str, bytes]:
    """Write blobs to paths below a folder; return what they hold, by path."""
    contents = dict(_contents(repository, blobs))
    _write(folder, contents)
    return contents


def _contents(repository: Repository, blobs: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield what blobs hold, by path; a path that can stand in no folder is left to the rules.

    What is too large to be read is as large there as it takes to say so.
    """
    folders = {folder for path in blobs for folder in above(path)}
    plain = {path: blob for path, blob in blobs.items() if is_plain(path) and path not in folders}
    sizes = repository.sizes(plain.values())
    small = {path: blob for path, blob in plain.items() if sizes[blob] <= files.MAX_BYTES}
    yield from zip(small, repository.blobs(small.values()), strict=True)
    for path in plain.keys() - small.keys():
        yield path, b"\0" * (files.MAX_BYTES + 1)


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files to paths below a folder; strings, because a Path for each of many files is slow."""
    for inside in {path.rpartition("/")[0] for path in contents}:
        os.makedirs(f"{folder}/{inside}", exist_ok=True)  # noqa: PTH103 -- as above
    for path, content in contents.items():
        with open(f"{folder}/{path}", "wb") as file:  # noqa: PTH123 -- as above
            file.write(content)


def _special_files(repository: Repository, held: Mapping[str, TreeEntry]) -> dict[str, TreeEntry]:
    """Return the devices, FIFOs and sockets that stand among files of people; git passes over what it cannot hold.

    Raises:
        Refused: A folder cannot be listed, holds too much, or is nested so deeply that git does not see its end.
    """
    found = {}
    for folder in (layout.TENANTS, layout.BASE):
        if files.kind_of(repository.root, folder) is not Kind.FOLDER:
            continue
        try:
            for entry in files.walk(repository.root, folder):
                if entry.kind is Kind.OTHER and entry.path not in held:
                    found[entry.path] = TreeEntry(OTHER_MODE, "")
        except BadFile as bad:
            raise Refused([bad.finding]) from None
    return {path: entry for path, entry in found.items() if not trees.ignored_by(repository, path)}


def _bound(held: Collection[str]) -> None:
    """Refuse folders that nobody could have meant, before anything in them is read.

    Args:
        held: All paths.

    Raises:
        Refused: One of our folders holds too much, or is nested too deeply.
    """
    bounds = files.GENERATED
    own = [path for path in held if path.partition("/")[0] in _FOLDERS]
    counts = Counter(path.partition("/")[0] for path in own)
    wrong = [files.too_many(folder, bounds) for folder, count in counts.items() if count > bounds.entries]
    deep = {"/".join(path.split("/", files.MAX_DEPTH + 1)[:-1]) for path in own if path.count("/") > files.MAX_DEPTH}
    if wrong or deep:
        raise Refused(bad.finding for bad in (*wrong, *map(files.too_deep, deep)))


_FOLDERS: Final = frozenset({layout.TENANTS, layout.BASE, layout.OVERLAYS, layout.ARGOCD})


def _on_disk(root: Path) -> Iterator[tuple[str, TreeEntry]]:
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(root / folder) as entries:
                names = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError:  # it cannot be entered, or is nested too deeply: whoever reads below says so
            continue
        for name, is_folder in names:
            path = f"{folder}/{name}" if folder else name
            if is_folder:
                pending.append(path)
            elif (mode := trees.mode_of(root, path)) and (mode in FILE_MODES or layout.is_own(path)):
                yield path, TreeEntry(mode, "")
