"""Every step, oldest first, and what they make of a repository, of a commit or of the work tree."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from generator import layout
from generator.git.snapshot import Snapshot
from generator.upgrade import services
from generator.upgrade.services import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of what people write.

    Attributes:
        name: What it is about, in a word or two.
        upgraded: From all files to those that become others; none when the step has nothing to do.
    """

    name: str
    upgraded: Callable[[Texts], Mapping[str, str]]


STEPS: Final = (Step(name="services and add-ons are data", upgraded=services.upgraded),)


def texts_of(snapshot: Snapshot) -> dict[str, str]:
    """Return the files that steps read, where they are text."""
    texts: dict[str, str] = {}
    paths = [layout.PLATFORM, *snapshot.under(layout.TENANTS), *snapshot.under(layout.BASE)]
    for path in paths:
        if path.endswith(".yaml") and snapshot.kind_of(path) is not None:
            try:
                texts[path] = snapshot.read(path).decode()
            except (UnicodeDecodeError, OSError):
                continue  # validate names it
    return texts


def upgraded(texts: Texts) -> tuple[dict[str, str], tuple[str, ...]]:
    """Run every step.

    Returns:
        The files that become others with their new texts, and the names of the steps that had something to do.
    """
    changed: dict[str, str] = {}
    done = []
    for step in STEPS:
        found = step.upgraded({**texts, **changed})
        changed |= found
        done += [step.name] if found else []
    return changed, tuple(done)


def brought_up(snapshot: Snapshot) -> Snapshot:
    """Return a commit, which stands in a folder of our own, with files that this version reads; they are rewritten."""
    changed, _ = upgraded(texts_of(snapshot))
    for path, text in changed.items():
        (snapshot.root / path).write_text(text, encoding="utf-8")
    return replace(snapshot, opened={**snapshot.opened, **{path: text.encode() for path, text in changed.items()}})
