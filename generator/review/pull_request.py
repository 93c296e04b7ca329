"""A pull request as git has it: two commits and the files that differ; and what stands before it and judges it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from generator import layout
from generator.findings.finding import Finding
from generator.fleet import earlier
from generator.fleet.validate import Had
from generator.git import ancestry, door, trees
from generator.git.door import Repository
from generator.git.snapshot import Snapshot
from generator.git.trees import Touched
from generator.reading.files import BadFile
from generator.review import approvals, blast_radius, judge
from generator.review.approvals import Standing
from generator.review.judge import Judge

_MOST_VERSIONS: Final = 20
"""Versions of platform.yaml that are looked at for the last one that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A change, from the commit that it started from to the one that it ends in.

    Attributes:
        repository: The repository.
        base: What it is to be merged into, as it was named.
        start, head: The two commits.
        files: The files that differ.
    """

    repository: Repository
    base: str
    start: str
    head: str
    files: tuple[Touched, ...]

    @property
    def paths(self) -> frozenset[str]:
        """The paths of the files that differ."""
        return frozenset(file.path for file in self.files)

    @property
    def sources(self) -> tuple[Touched, ...]:
        """The files that differ and that people write."""
        return tuple(file for file in self.files if blast_radius.is_source(file.path))

    @property
    def raises_tenantry(self) -> bool:
        """Whether the change brings another tenantry."""
        return blast_radius.raises_tenantry(self.paths)

    @property
    def digest(self) -> str:
        """Names the change."""
        return blast_radius.digest_of(self.sources)

    @property
    def had(self) -> Had:
        """Tells what companies had before the change."""
        return earlier.storage_had(self.repository, self.start)

    def snapshot(self, commit: str, folder: Path, companies: Collection[str] | None = None) -> Snapshot:
        """Write what one of the two commits holds into a folder, which is made; arguments of `Snapshot.of_commit`."""
        folder.mkdir()
        return Snapshot.of_commit(self.repository, commit, folder, layout.OWN, companies)

    def standing(self, today: date) -> Standing:
        """Say whether the change was approved before it."""
        if not self.sources:
            return Standing(digest=self.digest, approval=None, way="change what people write: nothing else is approved")
        file = approvals.file_of(self.digest)
        way = f"have it approved: tenantry check --base {self.base} --approve REASON"
        if file in self.paths:
            way = f"merge {file} first, by a pull request of its own: in the change itself it lifts nothing"
        return approvals.standing(self.digest, trees.read(self.repository, self.start, file), today, way=way)


def of_head(root: Path, base: str) -> PullRequest:
    """Take the commit of HEAD against the one that it has in common with a base.

    Args:
        root: The repository's root.
        base: What the change is to be merged into, for example `origin/main`.

    Raises:
        EnvironmentProblem: There is no repository, or not enough history.
    """
    repository = door.open_repository(root)
    head = ancestry.commit_of(repository, "HEAD")
    start = ancestry.merge_base(repository, base, head)
    files = trees.touched(repository, start, head)
    return PullRequest(repository=repository, base=base, start=start, head=head, files=files)


def judge_before(repository: Repository, commit: str) -> tuple[Judge | None, tuple[Finding, ...]]:
    """Return the judge that a commit holds, or the last one before it that can be read.

    A platform.yaml that somebody broke on main does not set its budget aside.

    Args:
        repository: The repository.
        commit: What stands before the change.

    Returns:
        The judge, or None when no version of the file can be read; and what is wrong with the newest.
    """
    found, refused = judge.read(trees.read(repository, commit, layout.PLATFORM))
    if found is not None:
        return beside(repository, commit, found), ()
    for version in ancestry.versions(repository, commit, layout.PLATFORM, _MOST_VERSIONS):
        raw = trees.read(repository, version, layout.PLATFORM)
        found = judge.read(raw)[0] if raw is not None else None
        if found is not None:
            return beside(repository, commit, found), ()
    return None, refused


def beside(repository: Repository, commit: str, found: Judge) -> Judge:
    """Return a judge with the files that run beside the companies, as a commit holds them."""
    if found is judge.NOBODY:
        return found
    return replace(found, beside=trees.texts_below(repository, commit, layout.PLATFORM_MANIFESTS))


def approvals_in(snapshot: Snapshot) -> Mapping[str, bytes]:
    """Return what stands below approvals/: path -> content."""
    return dict(_read(snapshot))


def _read(snapshot: Snapshot) -> Iterator[tuple[str, bytes]]:
    for file in snapshot.under(layout.APPROVALS):
        try:
            yield file, snapshot.read(file)
        except BadFile as bad:
            if not bad.missing:  # it is too large, and that is said of it
                yield file, b" " * (approvals.MAX_BYTES + 1)
