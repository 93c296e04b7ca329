"""Every step, oldest first, and what they make of a repository, of a commit or of the work tree."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator import layout
from generator.git.snapshot import Snapshot
from generator.reading.files import BadFile
from generator.upgrade import claims, declared, guard, services, states, storage_class
from generator.upgrade.texts import Changes, Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of what people write.

    Attributes:
        name: What it is about, in a word or two.
        is_done: From platform.yaml and base/ to whether nothing is left to do. Files are read as they are asked for:
            a step that is done asks for few, and never for tenant files.
        upgraded: From all files to those that become others; none when the step has nothing to do.
    """

    name: str
    is_done: Callable[[Texts], bool]
    upgraded: Callable[[Texts], Changes]


STEPS: Final = (
    Step(name="services and add-ons are data", is_done=services.is_done, upgraded=services.upgraded),
    Step(name="what guards stands beside what runs", is_done=guard.is_done, upgraded=guard.upgraded),
    Step(name="platform.yaml declares what manifests may name", is_done=declared.is_done, upgraded=declared.upgraded),
    Step(name="storage class as a key", is_done=storage_class.is_done, upgraded=storage_class.upgraded),
    Step(name="a dropped add-on leaves its claim", is_done=claims.is_done, upgraded=claims.upgraded),
    Step(name="what each state makes of a company", is_done=states.is_done, upgraded=states.upgraded),
)


def texts_of(snapshot: Snapshot) -> dict[str, str]:
    """Return the files that steps read, where they are text; none but platform.yaml when every step is done."""
    held = _Held(snapshot, (layout.PLATFORM, *snapshot.under(layout.BASE)))
    if all(step.is_done(held) for step in STEPS):
        return _texts(snapshot, [layout.PLATFORM])
    return _texts(snapshot, [layout.PLATFORM, *snapshot.under(layout.TENANTS), *snapshot.under(layout.BASE)])


class _Held(Mapping[str, str]):
    """Files of a snapshot as texts, each read when it is asked for; one that is no text is empty."""

    def __init__(self, snapshot: Snapshot, paths: Iterable[str]) -> None:
        self._snapshot = snapshot
        self._paths = dict.fromkeys(path for path in paths if path.endswith(".yaml"))

    def __getitem__(self, path: str) -> str:
        if path not in self._paths:
            raise KeyError(path)
        return _texts(self._snapshot, [path]).get(path, "")

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def _texts(snapshot: Snapshot, paths: Iterable[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in paths:
        if path.endswith(".yaml"):
            with contextlib.suppress(BadFile, UnicodeDecodeError):  # validate names it
                texts[path] = snapshot.read(path).decode()
    return texts


def upgraded(texts: Texts) -> tuple[Changes, tuple[str, ...]]:
    """Run every step.

    Returns:
        The files that become others, and the names of the steps that had something to do.
    """
    known = dict(texts)
    done = []
    for step in STEPS:
        if step.is_done(known):
            continue
        found = step.upgraded(known)
        known = {path: text for path, text in {**known, **found}.items() if text is not None}
        done += [step.name] if found else []
    paths = texts.keys() | known.keys()
    return {path: known.get(path) for path in paths if known.get(path) != texts.get(path)}, tuple(done)


def brought_up(snapshot: Snapshot) -> Snapshot:
    """Return a commit, which stands in a folder of our own, with files that this version reads; they are rewritten."""
    changes, _ = upgraded(texts_of(snapshot))
    if not changes:
        return snapshot
    write(snapshot.root, changes)
    return snapshot.with_sources(changes)


def write(root: Path, changes: Changes, put: Callable[[Path, bytes], object] = Path.write_bytes) -> None:
    """Write what steps change below a root.

    Args:
        root: The repository's root, or a folder of our own.
        changes: The files.
        put: Writes one file.
    """
    for path, text in sorted(changes.items()):
        target = root / path
        if text is None:
            target.unlink(missing_ok=True)  # a tenant file of a commit stands in no folder
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        put(target, text.encode())
