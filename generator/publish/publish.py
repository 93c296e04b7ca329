"""IO out: put generated files on the branch that Argo CD follows, as one commit, whoever else does so at the same time.

Everything happens in a temporary folder of our own, into which the blobs of the fetched head are written, so the
user's index and files are never touched. What we fetch goes to references of our own. So whatever a killed run leaves
behind is ours to clean, and the next run does, under the lock that says that no other run is alive.
"""

import dataclasses
import fcntl
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from generator import layout, pipeline
from generator.findings.finding import EnvironmentProblem, Finding, Refused, TenantryError
from generator.fleet import earlier, lost
from generator.fleet.model import Platform
from generator.generate.write import Change, Kind
from generator.git import ancestry, door, inspection, push, trees
from generator.git.door import Repository
from generator.git.entries import TreeEntry
from generator.git.snapshot import Snapshot
from generator.pipeline import Composed
from generator.publish import publication
from generator.publish.merges import Merge, between, judged
from generator.publish.published import TRAILER, Before, is_current, on_its_own_branch, on_the_main_branch
from generator.review.blast_radius import reads_any
from generator.review.comparison import Origin
from generator.review.revision import State
from generator.review.verify import verify

_PREFIX: Final = "tenantry-publish-"
_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_NAMES_IN_A_SUBJECT: Final = 3

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a run is to do.

    Attributes:
        remote: Name of the git remote.
        retry_for: Seconds for which a rejected push is tried again.
        author: `Name <address>`, or empty for git's own.
        date: Author date, or empty for now.
        dry_run: Stop before the commit.
    """

    remote: str = "origin"
    retry_for: float = 300
    author: str = ""
    date: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a run did.

    Attributes:
        branch: The branch that Argo CD follows.
        source: The commit that was generated from.
        commit: The commit that was pushed; empty when there was nothing to do, or in a dry run.
        changes: The generated files that differ.
        reason: Why nothing was pushed, or empty.
        kept: Companies that stay as they were published, because their tenant file is gone.
    """

    branch: str
    source: str
    commit: str
    changes: tuple[Change, ...]
    reason: str = ""
    kept: tuple[Finding, ...] = ()


def publish(root: Path, order: Order, progress: Progress) -> Published:
    """Generate from the fetched head of the main branch and push the result.

    Args:
        root: The repository's root.
        order: What to do.
        progress: Is told the name of each step when it is done.

    Raises:
        Refused: The input has errors, a rule finds one, or the change is over the budget; nothing was pushed.
        EnvironmentProblem: The remote cannot be reached or refuses, or rejected pushes for too long.
    """
    repository = door.open_repository(root)
    deadline = time.monotonic() + order.retry_for
    with _alone(repository) as folder:
        progress("lock")
        attempt = 0
        while True:
            attempt += 1
            published = _try(repository, order, folder / str(attempt), progress)
            if published is not None:
                return published
            pause = random.uniform(_PAUSE, min(_LONGEST_PAUSE, _PAUSE * 2**attempt))  # noqa: S311 -- jitter
            if time.monotonic() + pause > deadline:
                fact = f"the branch moved during each of {attempt} attempts in {order.retry_for:.0f} s"
                raise EnvironmentProblem(fact, "run publish again, or give it longer: --retry-for 15m")
            time.sleep(pause)


def _try(repository: Repository, order: Order, folder: Path, progress: Progress) -> Published | None:
    """Publish from the head as it is now; None when the branch moved meanwhile."""
    platform, source, tip = _fetch(repository, order)
    progress("fetch")
    branch = platform.branch if platform.publishing == "committed" else platform.publishing_branch
    before = _before(repository, platform, source, tip, folder)
    if before is None and tip and platform.publishing == "branch" and _main_moved(repository, order, platform, source):
        return None

    kept: tuple[Finding, ...] = ()

    def done(changes: tuple[Change, ...], reason: str) -> Published:
        return Published(branch=branch, source=source, commit="", changes=changes, reason=reason, kept=kept)

    if platform.publishing == "branch" and before is not None and before.source != source:
        last = before.source
        if ancestry.is_ancestor(repository, source, last):
            return done((), "a newer source is published already")
        if not ancestry.is_ancestor(repository, last, source):
            raise _rewritten(repository, platform, last)
    work = _laid_out(repository, platform, source, tip, folder)
    _refuse(inspection.problems(work.source))
    progress("tree")
    result, changes, kept = _generated(repository, work, source, tip)
    progress("generate")
    texts = {change.file: None if change.kind is Kind.REMOVE else result.tree[change.file] for change in changes}
    tree = work.snapshot.after(texts)
    lost_names = {name for found in kept if (name := layout.tenant_of(found.place.file))}
    touched = _touched(repository, result, changes, tip, source, before)
    if before is not None and len(touched) > 1 and not is_current(repository, before.commit, folder / "held"):
        before = None
    merges = between(repository, before.source if before else None, source) if tip else ()
    found: tuple[Finding, ...] = ()
    if (origin := _origin(repository, platform, source, tip, before)) is not None:
        since = merges if platform.publishing == "branch" else between(repository, origin.commit, source)
        after = State(snapshot=tree, composed=result)
        found = tuple(publication.judged(origin, source, after, since, folder / "before"))
    _verify(repository, tree, result, touched, merges, source, lost_names, found)
    progress("verify")
    if order.dry_run:
        return done(changes, "this is a dry run")
    parent = source if platform.publishing == "committed" else tip or source
    commit = _commit(repository, work, source, parent, texts, order)
    progress("commit")
    if commit is None:
        return done((), "everything is current")
    if not push.push(repository, push.push_address(repository, order.remote), commit, branch):
        return None
    progress("push")
    return Published(branch=branch, source=source, commit=commit, changes=changes, kept=kept)


def _origin(
    repository: Repository, platform: Platform, source: str, tip: str | None, before: Before | None
) -> Origin | None:
    """Return what is published; None before the first publication."""
    if platform.publishing == "branch":
        main = before.source if before else ""
        return Origin(repository=repository, commit=tip, published=tip, main=main) if tip else None
    generated = publication.generated_at(repository, source)
    return Origin(repository=repository, commit=generated, published=source) if generated else None


def _rewritten(repository: Repository, platform: Platform, last: str) -> TenantryError:
    """Say that main does not go on from what was published, as far as this clone can tell."""
    branch, published = platform.branch, platform.publishing_branch
    earlier.whole(repository, f"that {branch} goes on from what {published} was published from stands in its history")
    fact = f"{published} was published from {last[:10]}, which is not in the history of {branch}"
    command = f"git merge --strategy ours {last[:10]}"
    hint = f"if {branch} was rewritten on purpose, join the two: {command}, and push it to {branch}"
    return TenantryError(fact, hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What a commit is made from.

    Attributes:
        folder: A folder of our own.
        source: The source's files, in a folder inside it.
        snapshot: The same with the published ones.
        published: Generated files that are published and not the source's.
    """

    folder: Path
    source: Snapshot
    snapshot: Snapshot
    published: Mapping[str, TreeEntry]


def _generated(
    repository: Repository, work: _Work, source: str, tip: str | None
) -> tuple[Composed, tuple[Change, ...], tuple[Finding, ...]]:
    """Generate, and leave each company as it was published whose tenant file is gone; return also who these are."""
    had = earlier.storage_had(repository, tip or source, own=tip is not None)
    result = pipeline.composed(work.snapshot, had=had)
    committed = result.fleet.platform.publishing == "committed"
    policy = lost.published(repository, (source,), committed=committed)
    changes, kept = pipeline.write(work.snapshot.root, work.snapshot, result, policy)
    return result, changes, tuple(replace(found, on_main=False) for found in kept)


# --- one run at a time, and what a killed one left


@contextmanager
def _alone(repository: Repository) -> Iterator[Path]:
    """Hold the lock of this repository and yield a folder to work in; a killed run lets go of the lock by dying.

    The lock says where the folder is, so that the next run can remove what a killed one left: it holds the lock, so
    none is alive.
    """
    common = Path(repository.root, repository.text("rev-parse", "--git-common-dir"))
    with (common / "tenantry-publish.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fact = "another `tenantry publish` runs in this repository"
            raise EnvironmentProblem(fact, "wait for it; the lock is gone when it ends, however it ends") from None
        lock.seek(0)
        left = Path(lock.read().strip())
        if left.name.startswith(_PREFIX):
            shutil.rmtree(left, ignore_errors=True)
        push.clean(common)
        with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as temporary:
            lock.truncate(0)
            lock.write(temporary)
            lock.flush()
            yield Path(temporary).resolve()


# --- the remote


def _fetch(repository: Repository, order: Order) -> tuple[Platform, str, str | None]:
    """Fetch the main branch, then the branch that Argo CD follows; return platform, source and that branch's tip.

    The branch that is pushed to is fetched from where it is pushed to.
    """
    to = push.push_address(repository, order.remote)
    is_fetched_there = to == push.fetch_address(repository, order.remote)
    local = pipeline.validated_platform(Snapshot.of_work_tree(repository.root))
    platform, source = _main(repository, order.remote, local.branch)
    if platform.publishing == "branch":
        remote = order.remote if is_fetched_there else to
        return platform, source, push.fetch(repository, remote, platform.publishing_branch)
    if not is_fetched_there:
        platform, source = _main(repository, to, local.branch)
    return platform, source, source


def _main(repository: Repository, remote: str, branch: str) -> tuple[Platform, str]:
    source = push.fetch(repository, remote, branch)
    if source is None:
        hint = "push it first, or fix git.branch in platform.yaml"
        raise EnvironmentProblem(f"{remote} has no branch {branch}", hint)
    text = trees.read(repository, source, layout.PLATFORM)
    if text is None:
        raise TenantryError(f"{branch} has no {layout.PLATFORM}", "push it first")
    platform = pipeline.validated_platform(Snapshot.of_work_tree(repository.root), {layout.PLATFORM: text})
    return platform, source


def _main_moved(repository: Repository, order: Order, platform: Platform, source: str) -> bool:
    """Say whether the main branch has moved since: what is published may come from a commit that was not fetched."""
    return push.fetch(repository, order.remote, platform.branch) != source


# --- the commit


def _laid_out(repository: Repository, platform: Platform, source: str, tip: str | None, folder: Path) -> _Work:
    """Write the source's files with the tip's generated ones into a folder, so that generate sees what is published."""
    tree = folder / "tree"
    tree.mkdir(parents=True)
    snapshot = Snapshot.of_commit(repository, source, tree, layout.OWN)
    if platform.publishing == "committed" or tip is None:
        return _Work(folder=folder, source=snapshot, snapshot=snapshot, published={})
    held = trees.entries(repository, tip)
    published = {path: entry for path, entry in held.items() if layout.is_generated(path)}
    there = Snapshot.of_commit(repository, tip, tree, tuple(published))
    contents = {**(snapshot.contents or {}), **(there.contents or {})}
    opened = {**snapshot.opened, **there.opened}
    both = dataclasses.replace(snapshot, held={**snapshot.held, **published}, contents=contents, opened=opened)
    return _Work(folder=folder, source=snapshot, snapshot=both, published=published)


def _commit(
    repository: Repository, work: _Work, source: str, parent: str, texts: Mapping[str, str | None], order: Order
) -> str | None:
    """Commit the source's tree with the generated files; None when nothing differs from the parent."""
    written = {file: text.encode() for file, text in texts.items() if text is not None}
    removed = {file: None for file, text in texts.items() if text is None}
    held = {**work.published, **push.stored(repository, written, work.folder / "blobs"), **removed}
    tree = push.tree_of(repository, source, held, work.folder / "index")
    if tree == repository.text("rev-parse", "--verify", f"{parent}^{{tree}}"):
        return None
    signature = push.Signature(author=order.author, date=order.date)
    return push.commit(repository, tree, parent, _message(texts, source), signature)


def _message(changed: Collection[str], source: str) -> str:
    names = sorted({name for file in changed if (name := layout.tenant_of(file))})
    if not names:
        subject = "Publish what all tenants share"
    elif len(names) > _NAMES_IN_A_SUBJECT:
        subject = f"Publish {names[0]} and {len(names) - 1} other tenants"
    else:
        subject = f"Publish {', '.join(names)}"
    body = "\n".join(f"- {name}" for name in names) if len(names) > _NAMES_IN_A_SUBJECT else ""
    return "\n\n".join(part for part in (subject, body, f"{TRAILER}: {source}") if part)


# --- what is published was checked


def _refuse(findings: Iterable[Finding]) -> None:
    """Raise Refused when there is an error among findings."""
    found = tuple(findings)
    if any(problem.refuses for problem in found):
        raise Refused(found)


def _before(repository: Repository, platform: Platform, source: str, tip: str | None, folder: Path) -> Before | None:
    """Return what was published before; None when nothing was, or when it is not what it says that it is."""
    if tip is None:
        return None
    if platform.publishing == "committed":
        return on_the_main_branch(repository, source)
    folder.mkdir(parents=True, exist_ok=True)
    return on_its_own_branch(repository, tip, source, folder / "sources")


def _touched(
    repository: Repository,
    result: Composed,
    changes: tuple[Change, ...],
    tip: str | None,
    source: str,
    before: Before | None,
) -> frozenset[str]:
    """Return the tenants that the publication reaches: by generated files, or by the files of base/ that they read."""
    names = {name for change in changes if (name := layout.tenant_of(change.file))}
    changed, shards = {change.file for change in changes}, result.fleet.platform.argocd.shards
    for tenant in result.fleet.tenants:
        if layout.application_set(layout.shard_of(tenant.name, shards)) in changed:
            names.add(tenant.name)
    start = before.source if before else tip
    files = trees.touched(repository, start, source) if start else ()
    in_base = [file.path for file in files if file.path.startswith(f"{layout.BASE}/")]
    if in_base:
        for tenant in result.fleet.tenants:
            entry = result.tree[layout.entry(tenant.name, layout.shard_of(tenant.name, shards))]
            if reads_any(entry, in_base):
                names.add(tenant.name)
    return frozenset(names)


def _verify(
    repository: Repository,
    tree: Snapshot,
    result: Composed,
    touched: frozenset[str],
    merges: tuple[Merge, ...],
    source: str,
    lost_names: set[str],
    found: tuple[Finding, ...],
) -> None:
    fleet = [tenant.name for tenant in result.fleet.tenants]
    findings = [*found]
    if touched & set(fleet):
        findings += verify(tree, result.fleet, touched & set(fleet), sample=int(source, 16), lost=lost_names).findings
    findings += judged(repository, merges, reached=len(touched), fleet=len(fleet))
    _refuse([*result.findings, *findings])
