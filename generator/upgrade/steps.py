"""Every step, oldest first, and what they make of a repository, of a commit or of the work tree."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from generator import layout
from generator.git.snapshot import Snapshot
from generator.reading.files import BadFile
from generator.upgrade import services
from generator.upgrade.services import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of what people write.

    Attributes:
        name: What it is about, in a word or two.
        is_done: From the text of platform.yaml to whether nothing is left to do, so that no other file is read for it.
        upgraded: From all files to those that become others; none when the step has nothing to do.
    """

    name: str
    is_done: Callable[[str], bool]
    upgraded: Callable[[Texts], Mapping[str, str]]


STEPS: Final = (Step(name="services and add-ons are data", is_done=services.is_done, upgraded=services.upgraded),)


def texts_of(snapshot: Snapshot) -> dict[str, str]:
    """Return the files that steps read, where they are text; none but platform.yaml when every step is done."""
    texts = _texts(snapshot, [layout.PLATFORM])
    if all(step.is_done(texts.get(layout.PLATFORM, "")) for step in STEPS):
        return texts
    return texts | _texts(snapshot, [*snapshot.under(layout.TENANTS), *snapshot.under(layout.BASE)])


def _texts(snapshot: Snapshot, paths: Iterable[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in paths:
        if path.endswith(".yaml"):
            with contextlib.suppress(BadFile, UnicodeDecodeError):  # validate names it
                texts[path] = snapshot.read(path).decode()
    return texts


def upgraded(texts: Texts) -> tuple[dict[str, str], tuple[str, ...]]:
    """Run every step.

    Returns:
        The files that become others with their new texts, and the names of the steps that had something to do.
    """
    changed: dict[str, str] = {}
    done = []
    for step in STEPS:
        known = {**texts, **changed}
        if step.is_done(known.get(layout.PLATFORM, "")):
            continue
        found = step.upgraded(known)
        changed |= found
        done += [step.name] if found else []
    return changed, tuple(done)


def brought_up(snapshot: Snapshot) -> Snapshot:
    """Return a commit, which stands in a folder of our own, with files that this version reads; they are rewritten."""
    changed, _ = upgraded(texts_of(snapshot))
    if not changed:
        return snapshot
    for path, text in changed.items():
        (snapshot.root / path).write_text(text, encoding="utf-8")
    return replace(snapshot, opened={**snapshot.opened, **{path: text.encode() for path, text in changed.items()}})
