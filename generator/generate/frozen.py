"""Frozen copies of base/edge and base/guard: what each was when it was frozen, and that it is so still.

A record stands beside each folder, so that a frozen folder is the copy and nothing else: git has the same tree for
both, and tells since when edge was what a release is.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Final

from generator import layout
from generator.findings.finding import Finding, Place, Refused, Severity
from generator.findings.table import finding
from generator.git import ancestry, door
from generator.git.door import Repository
from generator.git.snapshot import Snapshot
from generator.git.trees import Touched
from generator.once import once
from generator.reading import parsed, yaml_writer
from generator.reading.files import BY_HAND

HEADER = "# Frozen by tenantry, and never edited: tenantry verify holds the folder beside this file to the digest.\n"


def numbers(snapshot: Snapshot, above: str) -> tuple[str, ...]:
    """Return the numbers of all frozen copies, in their order.

    Args:
        snapshot: The repository.
        above: `base/releases` or `base/guards`.
    """
    below = (path.removeprefix(f"{above}/") for path in snapshot.under(above))
    found = {path.partition("/")[0] for path in below if "/" in path}
    return tuple(sorted(found, key=lambda number: (len(number), number)))


@once
def digest(snapshot: Snapshot, folder: str) -> str:
    """Return what a folder holds, as sha256 over the paths of its files and their contents.

    Raises:
        Refused: A file cannot be read.
    """
    held = snapshot.collect_all(folder, BY_HAND)
    lines = (f"{path.removeprefix(folder)}\0{hashlib.sha256(raw).hexdigest()}\n" for path, raw in sorted(held.items()))
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"


def record(of: str, notes: str) -> str:
    """Return the text of a record.

    Args:
        of: What the folder holds, as `digest` says.
        notes: What is new in it, for people; empty for none.
    """
    return HEADER + yaml_writer.dump({"digest": of, **({"notes": notes} if notes else {})})


def recorded(snapshot: Snapshot, folder: str) -> str:
    """Return the digest that a record says; empty where there is no record, or none that says one."""
    file = layout.record(folder)
    document = parsed.document(snapshot.parsed(file))[0] if file in snapshot.held else None
    said = document.data.get("digest") if document and isinstance(document.data, dict) else None
    return said if isinstance(said, str) else ""


def problems(snapshot: Snapshot) -> Iterator[Finding]:
    """REL001: yield each frozen copy that is not what it was; one without a record can only be warned of."""
    for above in (layout.RELEASES, layout.GUARDS):
        for number in numbers(snapshot, above):
            folder = f"{above}/{number}"
            file, said = layout.record(folder), recorded(snapshot, folder)
            try:
                is_now = digest(snapshot, folder)
            except Refused as refused:
                yield from refused.findings
                continue
            if not said:
                fact = f"nothing says what {folder} held when it was frozen"
                hint = f'write it down, if it is right: digest: "{is_now}"'
                yield finding("REL001", Place(file), fact, hint).with_severity(Severity.WARNING)
            elif said != is_now:
                fact = f"{folder} is not what was frozen: its digest is {is_now[:19]}, and {file} says {said[:19]}"
                yield finding("REL001", Place(folder), fact, _way_back(snapshot, folder))


def _way_back(snapshot: Snapshot, folder: str) -> str:
    """Say how a frozen copy becomes what it was, and where its changes belong."""
    live = layout.release(layout.EDGE) if folder.startswith(layout.RELEASES) else layout.GUARD
    then = f"change {live}, and freeze that: tenantry release{'' if live != layout.GUARD else ' --guard'}"
    head = snapshot.commit or ancestry.head(snapshot.home)
    written = ancestry.versions(door.open_repository(snapshot.home), head, layout.record(folder), 1) if head else ()
    if not written:
        return then
    paths = f"{folder} {layout.record(folder)}"
    return f"put it back: rm -r {paths} && git checkout {written[0][:10]} -- {paths}; {then}"


def edited(files: Collection[Touched]) -> tuple[str, ...]:
    """Return the frozen copies that a change edits and does not remove, sorted.

    Args:
        files: What differs.
    """
    by_folder: dict[str, list[Touched]] = defaultdict(list)
    for file in files:
        if file.path.startswith((f"{layout.RELEASES}/", f"{layout.GUARDS}/")):
            by_folder["/".join(file.path.split("/")[:3]).removesuffix(".yaml")].append(file)
    return tuple(sorted(folder for folder, own in by_folder.items() if _is_edited(folder, own)))


def given_again(snapshot: Snapshot, repository: Repository, commit: str, files: Collection[Touched]) -> tuple[str, ...]:
    """Return the frozen copies that a change brings and whose number was given before, to something else; sorted.

    Args:
        snapshot: What there is after the change.
        repository: The repository.
        commit: What the change is made to; it and all before it gave numbers.
        files: What differs.
    """
    records = (file.path for file in files if not file.before and file.path.endswith(".yaml"))
    above = (layout.RELEASES, layout.GUARDS)
    folders = sorted(path.removesuffix(".yaml") for path in records if path.rpartition("/")[0] in above)
    return tuple(
        folder for folder in folders if _had(repository, commit, folder) not in ("", recorded(snapshot, folder))
    )


def _had(repository: Repository, commit: str, folder: str) -> str:
    """Return the digest of a frozen copy that is gone, as its last record said it; empty where there was none."""
    file = layout.record(folder)
    for gone in ancestry.versions(repository, commit, file, 1):
        blob = ancestry.id_of(repository, f"{gone}^:{file}")
        said = _DIGEST.search(repository.text("cat-file", "blob", blob)) if blob else None
        return said[0] if said else ""
    return ""


_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def _is_edited(folder: str, files: Collection[Touched]) -> bool:
    if any(file.before and file.after for file in files):
        return True
    goes = any(file.path == f"{folder}/core/kustomization.yaml" and not file.after for file in files)
    return not goes and any(file.before and not file.after for file in files)
