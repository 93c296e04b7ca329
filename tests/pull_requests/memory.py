"""One memory for many pull requests: what they did not touch is read and, of main, judged once.

What kustomize builds all tests remember together (`tests/kept_builds.py`).
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pytest

from generator.fleet.model import Fleet
from generator.git.snapshot import Snapshot
from generator.kube import kustomize
from generator.kube.kustomization import Buildable
from generator.reading import yaml_reader
from generator.review import check
from generator.review.verify import Verified, verify
from tests.pull_requests.state import UnreadableError

_KEPT: Final = 4000
"""Texts that each reader remembers."""


@contextmanager
def remembered() -> Iterator[None]:
    """Let everything in this process that reads YAML do it once for each input, until the end."""
    with pytest.MonkeyPatch.context() as patch:
        for reader in (yaml_reader.read, yaml_reader.bounded):
            patch.setattr(yaml_reader, reader.__name__, lru_cache(_KEPT)(reader))
        traps = yaml_reader.traps
        patch.setattr(yaml_reader, "traps", lru_cache(_KEPT)(lambda text: tuple(traps(text))))
        patch.setattr(check, "verify", _once_for_main(verify))
        yield


def _once_for_main(real: Callable[..., Verified]) -> Callable[..., Verified]:
    """Verify a commit alone once; the sample that is built directly makes no difference to what is found."""
    known: dict[Any, Verified] = {}

    def once(snapshot: Snapshot, fleet: Fleet, names: Collection[str] = (), **options: Any) -> Verified:
        if not snapshot.commit or "rules" in options:
            return real(snapshot, fleet, names, **options)
        key = (snapshot.commit, frozenset(snapshot.held.items()), tuple(names), frozenset(options["lost"]))
        if key not in known:
            known[key] = real(snapshot, fleet, names, **options)
        return known[key]

    return once


def built(folder: Path) -> str:
    """Let kustomize build a folder for the oracle.

    Raises:
        UnreadableError: There is no such folder, or kustomize refuses it.
    """
    if not folder.is_dir():
        raise UnreadableError("there is no such folder")
    ((printed, error),) = kustomize.texts([Buildable(folder)])
    if error:
        raise UnreadableError(error)
    return printed
