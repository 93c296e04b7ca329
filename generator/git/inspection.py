"""IO in: whether what git holds is what everybody sees: tenantry, each checkout, Argo CD."""

from collections.abc import Iterator

from generator import layout
from generator.findings.finding import Finding
from generator.git import attributes, ordinary
from generator.git.entries import Attribute
from generator.git.snapshot import Snapshot
from generator.reading.files import BadFile

_CONTENTS = (layout.BASE, layout.PLATFORM_MANIFESTS, layout.APPROVALS)
"""Read here for their line ends; platform.yaml and tenant files are by `load`, generated files by `verify`."""


def problems(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Return what is wrong with what git holds: in the whole repository what is no file, in what we read also more.

    What is no file in tenants/ is told by `load`, which looks for files there.

    Args:
        snapshot: The repository.
    """
    elsewhere = {
        path: entry
        for path, entry in {**snapshot.held, **snapshot.beside}.items()
        if not f"{path}/".startswith(f"{layout.TENANTS}/")
    }
    own = [path for path in elsewhere if layout.is_own(path)]
    return (
        *ordinary.ordinary_files(elsewhere),
        *ordinary.distinct_paths(own),
        *ordinary.unaltered_files(_attributes(snapshot)),
        *ordinary.line_ends(dict(_contents(snapshot))),
    )


def _attributes(snapshot: Snapshot) -> tuple[Attribute, ...]:
    if snapshot.repository is None:
        return ()
    files = [path for path, entry in snapshot.held.items() if entry.is_file and layout.is_own(path)]
    if snapshot.commit:
        return attributes.of_commit(snapshot.repository, {**snapshot.held, **snapshot.beside}, files)
    return attributes.of_work_tree(snapshot.repository, files)


def _contents(snapshot: Snapshot) -> Iterator[tuple[str, bytes]]:
    for path in snapshot.paths_in(_CONTENTS):
        try:
            yield path, snapshot.read(path)
        except BadFile:  # whoever needs it says so
            continue
