"""IO in: the state that a change started from, as far as it can be read.

What its commit holds with errors is taken from the last commit in which it had none: that is what was published, for
input with errors never is. So one bad file on main neither hides what a change does to other tenants, nor stands in
the way of the change that fixes it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from generator import layout, pipeline, rules
from generator.findings.finding import Finding
from generator.fleet import earlier
from generator.fleet.earlier import Version
from generator.fleet.load import Sources
from generator.fleet.model import Platform
from generator.fleet.validate import validate
from generator.git.door import Repository
from generator.git.entries import FILE_MODES, TreeEntry
from generator.git.snapshot import Snapshot
from generator.pipeline import Composed
from generator.reading import yaml_reader
from generator.upgrade.steps import brought_up

_TRIED: Final = 20
"""How many earlier states of platform.yaml and base/, and of a tenant file, are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The sources of one commit with the generated files beside them.

    Attributes:
        snapshot: The files, in a folder of their own.
        composed: What follows from the sources that can be read; None when platform.yaml or base/ cannot.
        source: The commit of platform.yaml and base/, in full.
        taken_from: Tenant files that are those of an earlier commit: path -> that commit, in full.
        errors: What keeps files of the commit itself from being read.
        unread: Tenant files that no commit has in a form that can be read: path -> the error.
    """

    snapshot: Snapshot
    composed: Composed | None
    source: str
    taken_from: Mapping[str, str]
    errors: tuple[Finding, ...]
    unread: Mapping[str, Finding]


def starts(
    repository: Repository, commit: str, folder: Path, paths: Collection[str], returning: Mapping[str, Version]
) -> Iterator[Start]:
    """Yield the state of a commit, then what it was with earlier states of platform.yaml and base/, newest first.

    Args:
        repository: The repository.
        commit: The commit.
        folder: Where to; it is made, and each state gets a folder of its own in it.
        paths: Which sources, see `generator.review.revision.needed`.
        returning: Tenant files of earlier commits that are laid beside them, by the name of the tenant.

    Raises:
        EnvironmentProblem: There is no kustomize.
    """
    own = tuple(path for path in paths if path not in (layout.PLATFORM, layout.BASE))
    for number, source in enumerate(_sources(repository, commit)):
        root = folder / str(number)
        root.mkdir(parents=True)
        shared = Snapshot.of_commit(repository, source, root, (layout.PLATFORM, layout.BASE), alone=True)
        tenants = Snapshot.of_commit(repository, commit, root, own, alone=True) if own else Snapshot(root=root, held={})
        snapshot = Snapshot(root=root, held={**shared.held, **tenants.held}, opened={**shared.opened, **tenants.opened})
        for name, version in returning.items():
            snapshot = _with(snapshot, f"{layout.TENANTS}/{name}.yaml", earlier.content(repository, version))
        yield _start(repository, commit, brought_up(snapshot), source)


def _sources(repository: Repository, commit: str) -> Iterator[str]:
    """Yield a commit, then those before it that gave platform.yaml and base/ another form, newest first."""
    yield commit
    arguments = ("--first-parent", f"--max-count={_TRIED}", commit, "--", layout.PLATFORM, layout.BASE)
    yield from repository.text("rev-list", *arguments).split()[1:]


def _with(snapshot: Snapshot, path: str, text: bytes) -> Snapshot:
    """Write a file into the folder of a snapshot."""
    (snapshot.root / path).parent.mkdir(parents=True, exist_ok=True)
    (snapshot.root / path).write_bytes(text)
    held = {**snapshot.held, path: TreeEntry(FILE_MODES[0], "")}
    return Snapshot(root=snapshot.root, held=held, opened={**snapshot.opened, path: text})


def _start(repository: Repository, commit: str, snapshot: Snapshot, source: str) -> Start:
    had = earlier.storage_had(repository, commit)
    composed, errors = pipeline.composed_in_part(snapshot, had=had)
    of_tenants = [found for found in errors if found.place.file.startswith(f"{layout.TENANTS}/")]
    unread = {found.place.file: found for found in reversed(of_tenants)}
    taken_from: dict[str, str] = {}
    if composed is not None and unread:
        found = _readable(repository, commit, composed.fleet.platform, unread)
        for file, version in found.items():
            snapshot = _with(snapshot, file, earlier.content(repository, version))
            taken_from[file] = version.commit
        composed, again = pipeline.composed_in_part(snapshot, had=had)
        unread = {file: why for file, why in unread.items() if file in {item.place.file for item in again}}
    if composed is not None:
        snapshot = snapshot.with_generated(composed.tree)
    return Start(
        snapshot=snapshot, composed=composed, source=source, taken_from=taken_from, errors=errors, unread=unread
    )


def _readable(
    repository: Repository, commit: str, platform: Platform, unread: Collection[str]
) -> Mapping[str, Version]:
    """Return the last version of each file that can be read, by the file."""
    files = {PurePosixPath(file).stem: file for file in unread}
    found = {}
    for name, written in earlier.versions(repository, [commit], files).items():
        for version in written[:_TRIED]:
            if _is_readable(files[name], earlier.content(repository, version), platform):
                found[files[name]] = version
                break
    if len(found) < len(files):
        earlier.whole(repository, "what a tenant file was before it had errors stands in its history")
    return found


def _is_readable(file: str, text: bytes, platform: Platform) -> bool:
    document, findings = yaml_reader.read(file, text)
    if document is None or findings:
        return False
    fleet, _ = validate(Sources(platform.document, (document,), ()), rules.known, lambda _: {file: 1 << 62})
    return fleet is not None
