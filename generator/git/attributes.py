"""IO in: the attributes by which git makes of a file in the work tree something else than its blob."""

import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from generator import layout
from generator.git.door import Repository
from generator.git.entries import Attribute, TreeEntry, is_plain
from generator.reading import files
from generator.reading.files import BadFile

FILE: Final = ".gitattributes"
_HARMLESS: Final = {
    "eol": ("unspecified", "unset", "lf"),
    "filter": ("unspecified", "unset"),
    "ident": ("unspecified", "unset"),
    "working-tree-encoding": ("unspecified", "unset", "UTF-8", "utf-8", "UTF8", "utf8"),
}
"""All attributes that let bytes differ, with the values that do not (https://git-scm.com/docs/gitattributes).

`text` does so by line ends alone, and those are looked at in the files themselves.
"""


def of_work_tree(repository: Repository, paths: Collection[str]) -> tuple[Attribute, ...]:
    """Return the attributes that change bytes of files in a work tree, by whatever counts there.

    Args:
        repository: The repository.
        paths: The files.
    """

    @cache
    def beside() -> tuple[str, str]:
        named = repository.text("config", "--type=path", "--get", "core.attributesFile", may_say_no=True)
        above = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return repository.text("rev-parse", "--git-path", "info/attributes"), named or str(above / "git/attributes")

    def sources(path: str) -> Iterator[str]:
        own, of_the_user = beside()
        yield own
        yield from _above(path)
        yield of_the_user

    return _altering(repository, paths, sources)


def of_commit(repository: Repository, held: Mapping[str, TreeEntry], paths: Collection[str]) -> tuple[Attribute, ...]:
    """Return the attributes that change bytes wherever a commit is checked out: by its own files alone.

    Args:
        repository: The repository.
        held: All that the commit holds.
        paths: The files.
    """
    own = {path: held[path].blob for path in _of_the_commit(held)}
    if not own:
        return ()
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        alone = Repository(Path(temporary).resolve())
        alone.run("init", "--quiet", "--template=")
        alone.run("config", "core.attributesFile", os.devnull)
        for path, content in zip(own, repository.blobs(own.values()), strict=True):
            (alone.root / path).parent.mkdir(parents=True, exist_ok=True)
            (alone.root / path).write_bytes(content)
        return _altering(alone, paths, _above)


def _of_the_commit(held: Mapping[str, TreeEntry]) -> Iterator[str]:
    for path, entry in held.items():
        of_ours = path == FILE or (path.endswith(f"/{FILE}") and layout.is_own(path))
        if of_ours and entry.is_file and is_plain(path):
            yield path


def _above(path: str) -> Iterator[str]:
    """Yield the files of attributes that may speak of a path, those that win first."""
    while path:
        path = path.rpartition("/")[0]
        yield f"{path}/{FILE}" if path else FILE


def _altering(
    repository: Repository, paths: Collection[str], sources: Callable[[str], Iterator[str]]
) -> tuple[Attribute, ...]:
    said = repository.run(
        "check-attr", "-z", "--stdin", "--all", stdin=b"".join(os.fsencode(f"{path}\0") for path in paths)
    )
    fields = os.fsdecode(said).split("\0")
    found: dict[tuple[str, str, str, int], list[str]] = defaultdict(list)
    for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        if name in _HARMLESS and value not in _HARMLESS[name]:
            found[name, value, *_place(repository.root, name, sources(path))].append(path)
    return tuple(
        Attribute(name=name, value=value, file=file, line=line, paths=tuple(sorted(those)))
        for (name, value, file, line), those in sorted(found.items())
    )


def _place(root: Path, name: str, sources: Iterator[str]) -> tuple[str, int]:
    """Return where an attribute stands: the last line that names it, of the first file that does."""
    for source in sources:
        lines = _lines(root, source)
        named = [number for number, line in enumerate(lines, 1) if name in line and not line.lstrip().startswith("#")]
        if named:
            return source, named[-1]
    return "", 0


def _lines(root: Path, source: str) -> list[str]:
    try:
        folder, path = (Path("/"), source[1:]) if source.startswith("/") else (root, source)
        return files.read(folder, path).decode("utf-8", "replace").splitlines()
    except BadFile:
        return []
