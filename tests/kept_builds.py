"""What kustomize made of equal files is remembered: most tests build the same base/ again, and look at something else.

A build is known by all that it can read, whatever folder that stands in: everything below the folder, and below each
folder or file outside it that a kustomization there names, and so on. A build that fails is done each time, and of two
builds of one folder in one call both are done.
"""

import hashlib
import os
import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import pytest

from generator.kube import kustomize
from generator.kube.kustomization import Buildable
from generator.reading import yaml_objects

Texts = Callable[[Iterable[Buildable]], Iterator[tuple[str, str]]]

_OUTSIDE: Final = re.compile(rb"(?:\.\./)+[A-Za-z0-9_./-]*")
_KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})


class Kept:
    """Stands in the place of `generator.kube.kustomize.texts`, and of what parses what that gives.

    Args:
        texts: The real one.
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._kept: dict[tuple[str, int], str] = {}

    def put_in_place(self) -> None:
        """Take the place of the real ones, for fixtures as for tests."""
        kustomize.texts = self.texts
        yaml_objects.read_objects = read_objects

    def step_aside(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Leave one test the real ones."""
        monkeypatch.setattr(kustomize, "texts", self._texts)
        monkeypatch.setattr(yaml_objects, "read_objects", _READ_OBJECTS)

    def texts(self, folders: Iterable[Buildable]) -> Iterator[tuple[str, str]]:
        """Build many folders, as the real one does, but for those that were built before."""
        kustomize.kustomize()
        wanted = list(folders)
        times: Counter[str] = Counter()
        keys = []
        for content in map(_content, (item.folder for item in wanted)):
            times[content] += 1
            keys.append((content, times[content]))
        missing = [number for number, key in enumerate(keys) if key not in self._kept]
        built = dict(zip(missing, self._texts([wanted[number] for number in missing]), strict=True))
        for number, key in enumerate(keys):
            if number not in built:
                yield self._kept[key], ""
                continue
            printed, error = built[number]
            if not error:
                self._kept[key] = printed
            yield printed, error


def _content(folder: Path) -> str:
    return _digest(folder.resolve(), {})


def _digest(place: Path, known: dict[Path, str]) -> str:
    """Return a digest of a file, or of a folder with all that its kustomizations name outside of it."""
    if place in known:
        return known[place]
    known[place] = "itself"  # who names a folder above itself is told so by kustomize
    digest = hashlib.sha256()
    for path in [place] if place.is_file() else sorted(place.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.name in _KUSTOMIZATIONS:
            content = _OUTSIDE.sub(partial(_named, path.parent, place, known), content)
        digest.update(b"%b\0%d\0%b" % (os.fsencode(path.relative_to(place)), len(content), content))
    known[place] = digest.hexdigest()
    return known[place]


def _named(home: Path, place: Path, known: dict[Path, str], found: re.Match[bytes]) -> bytes:
    """Return what stands in the place of a path that leads outside: what is there, wherever that is."""
    target = Path(os.path.normpath(home / os.fsdecode(found[0])))
    if target.is_relative_to(place) or not target.exists():
        return found[0]
    return _digest(target.resolve(), known).encode()


_READ_OBJECTS: Final = yaml_objects.read_objects


@lru_cache(maxsize=256)
def _pickled(text: str) -> bytes:
    return pickle.dumps(_READ_OBJECTS(text))


def read_objects(text: str) -> list[Any]:
    """Stand in the place of `yaml_objects.read_objects`: objects of their own for each caller, quickly."""
    objects: list[Any] = pickle.loads(_pickled(text))  # noqa: S301 -- made above
    return objects
