"""Companies whose tenant file is gone while what was generated for them is still there.

Nothing of such a company is touched: it stays as it was published until its file comes back. Whose fault it is decides
how much that weighs. Whoever takes a file away is stopped; whoever finds it gone is told, and goes on.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from generator import layout
from generator.findings.finding import Finding, Place, Severity
from generator.findings.table import finding
from generator.fleet import earlier
from generator.git import ancestry, door, trees
from generator.git.door import Repository

Lost = Mapping[str, tuple[str, ...]]
"""Name of a company -> the generated files that are still there."""

Policy = Callable[[Lost], tuple[Finding, ...]]
"""Says what is the case with lost companies; a finding that refuses ends the run before anything is written."""


def refused(lost: Lost) -> tuple[Finding, ...]:
    """Refuse each lost company, where no history tells how it was lost."""
    hint = "put the tenant file back: git restore or git revert; nothing is removed until then"
    return tuple(_findings(lost, dict.fromkeys(lost, hint)))


def in_work_tree(root: Path, *, committed: bool, strict: bool = False) -> Policy:
    """Return what a work tree is told: a file that is gone from the last commit as well stops nobody.

    Args:
        root: The repository's root.
        committed: Whether generated files are committed beside their sources.
        strict: Whether each lost company is an error all the same: it is one of the state that is judged.
    """

    def policy(lost: Lost) -> tuple[Finding, ...]:
        head = ancestry.head(root) if lost else ""
        if not head:
            return refused(lost)
        repository = door.open_repository(root)
        hints = _hints(repository, [head], lost, committed=committed)
        return tuple(_findings(lost, hints)) if strict else _since(repository, head, head, lost, hints)

    return policy


def of_change(repository: Repository, start: str, published: str | None, *, committed: bool) -> Policy:
    """Return what a change is told: a company that was lost before it stops nobody; who loses one, other rules refuse.

    Args:
        repository: The repository.
        start: The commit that the change started from.
        published: What Argo CD follows, as far as it is known.
        committed: Whether generated files are committed beside their sources.
    """

    def policy(lost: Lost) -> tuple[Finding, ...]:
        there = tenants_of(repository, start) if lost else frozenset()
        before = {name: files for name, files in lost.items() if name not in there}
        hints = _hints(repository, [start], before, committed=committed)
        return _since(repository, start, published, before, hints)

    return policy


def held_by(repository: Repository, published: str, tenants: Collection[str]) -> Lost:
    """Return what a commit holds of companies that have no tenant file.

    Args:
        repository: The repository.
        published: The commit that Argo CD follows.
        tenants: The names of those that have one.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for path in trees.entries(repository, published):
        name = layout.tenant_of(path)
        if name is not None and name not in tenants:
            found[name].append(path)
    return {name: tuple(sorted(files)) for name, files in sorted(found.items())}


def published(repository: Repository, commits: Collection[str], *, committed: bool) -> Policy:
    """Return what a publication is told: each lost company is named, and refuses nothing.

    Args:
        repository: The repository.
        commits: Where the history of its tenant files starts.
        committed: Whether generated files are committed beside their sources.
    """

    def policy(lost: Lost) -> tuple[Finding, ...]:
        hints = _hints(repository, commits, lost, committed=committed)
        return tuple(replace(found, on_main=True) for found in _findings(lost, hints))

    return policy


def ways_back(
    repository: Repository, commits: Collection[str], names: Collection[str], *, committed: bool
) -> Mapping[str, str]:
    """Return the command that brings each tenant file back, for those that history has seen.

    Args:
        repository: The repository.
        commits: Where the history starts.
        names: Names of companies.
        committed: Whether generated files are committed beside their sources.
    """
    then = " && tenantry generate" if committed else ""
    written = earlier.versions(repository, tuple(commits), names)
    commands = {
        name: f"git checkout {found[0].commit[:10]} -- {found[0].path}{then}" for name, found in written.items()
    }
    if len(commands) < len(names) and ancestry.is_shallow(repository):
        fetched = "fetch all history, which says how to put it back: git fetch --unshallow"
        return {name: commands.get(name, fetched) for name in names}
    return commands


def tenants_of(repository: Repository, commit: str) -> frozenset[str]:
    """Return the names of the tenant files that a commit holds, read or not."""
    options = ("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", f"{layout.TENANTS}/")
    paths = map(PurePosixPath, repository.text(*options).split("\0"))
    return frozenset(path.stem for path in paths if path.suffix == ".yaml")


def _since(
    repository: Repository, commit: str, published: str | None, lost: Lost, hints: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Make warnings of what a commit has lost already; what it still has, or was never published, is an error."""
    if not lost:
        return ()
    there = tenants_of(repository, commit)
    held = trees.entries(repository, published) if published else {}
    before = {name for name, files in lost.items() if name not in there and any(file in held for file in files)}
    old, new = ({name: lost[name] for name in lost if (name in before) is known} for known in (True, False))
    return (
        *(found.with_severity(Severity.WARNING) for found in _findings(old, hints)),
        *_findings(new, hints),
    )


def _hints(repository: Repository, commits: Collection[str], lost: Lost, *, committed: bool) -> Mapping[str, str]:
    """Return one command for each lost company: its file comes back, or what was generated for nobody goes."""
    ways = ways_back(repository, commits, lost, committed=committed)
    return {
        name: f"put the tenant file back: {ways[name]}"
        if name in ways
        else f"git has never seen that tenant, so remove what is there of it: rm {' '.join(files)}"
        for name, files in lost.items()
    }


def _findings(lost: Lost, hints: Mapping[str, str]) -> Iterator[Finding]:
    """TEN017: name what was generated for a company whose tenant file is gone."""
    for name, files in lost.items():
        for file in files:
            fact = f"it was generated for the tenant {name}, whose file is gone from {layout.TENANTS}/"
            yield finding("TEN017", Place(file), fact, hints[name])
