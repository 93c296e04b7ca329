"""IO out: put generated files on the branch that Argo CD follows, as one commit, whoever else does so at the same time.

Everything happens in a temporary git worktree of our own, made from the fetched head, so the user's index and files are
never touched. What we fetch goes to refs of our own. So whatever a killed run leaves behind is ours to clean, and the
next run does, under the lock that says that no other run is alive.
"""

import fcntl
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import git

from generator import history, layout, pipeline
from generator.findings import EnvironmentProblem, Finding, Place, Refused, Severity, TenantryError
from generator.impact import approval, digest_of, is_source, may_touch_all, reads_any
from generator.model import Platform
from generator.pipeline import Composed
from generator.rules.catalog import finding
from generator.verify import verify
from generator.write import Change, tenant_of

TRAILER: Final = "Tenantry-Source"
"""Names, in each published commit, the commit that it was generated from."""

_PREFIX: Final = "tenantry-publish-"
_REFS: Final = "refs/tenantry"
_MOVED: Final = (
    "[rejected]",
    "cannot lock ref",
    "failed to update ref",
    "reference already exists",
    "incorrect old value",
)
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
    """

    branch: str
    source: str
    commit: str
    changes: tuple[Change, ...]
    reason: str = ""


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
    history.forget_the_hook_that_called_us()
    repository = history.open_repository(root)
    deadline = time.monotonic() + order.retry_for
    with _alone(repository):
        _clean(repository)
        progress("lock")
        attempt = 0
        while True:
            attempt += 1
            published = _try(repository, order, progress)
            if published is not None:
                return published
            pause = random.uniform(_PAUSE, min(_LONGEST_PAUSE, _PAUSE * 2**attempt))  # noqa: S311 -- jitter
            if time.monotonic() + pause > deadline:
                fact = f"the branch moved during each of {attempt} attempts in {order.retry_for:.0f} s"
                raise EnvironmentProblem(fact, "run publish again, or give it longer: --retry-for 15m")
            time.sleep(pause)


def _try(repository: git.Repo, order: Order, progress: Progress) -> Published | None:
    """Publish from the head as it is now; None when the branch moved meanwhile."""
    platform, source, tip = _fetch(repository, order)
    progress("fetch")
    branch = platform.branch if platform.publishing == "committed" else platform.publishing_branch
    last = _source_of(repository, tip) if tip else None

    def done(changes: tuple[Change, ...], reason: str) -> Published:
        return Published(branch=branch, source=source.hexsha, commit="", changes=changes, reason=reason)

    if platform.publishing == "branch" and last is not None and last != source:
        if repository.is_ancestor(source, last):
            return done((), "a newer source is published already")
        if not repository.is_ancestor(last, source):
            fact = f"{branch} was published from {last.hexsha[:10]}, which is not in the history of {platform.branch}"
            raise TenantryError(fact, f"if {platform.branch} was rewritten on purpose, delete {branch} first")
    with _worktree(repository, source if platform.publishing == "committed" else tip or source) as tree:
        progress("worktree")
        work = git.Repo(tree)
        if platform.publishing == "branch":
            _lay_source(work, source, tip)
        result, changes = pipeline.generate(Path(tree))
        progress("generate")
        _verify(Path(tree), result, changes, _range(repository, last, source), source)
        progress("verify")
        if order.dry_run:
            return Published(
                branch=branch, source=source.hexsha, commit="", changes=changes, reason="this is a dry run"
            )
        commit = _commit(work, platform, source, changes, order)
        progress("commit")
        if commit is None:
            return Published(branch=branch, source=source.hexsha, commit="", changes=(), reason="everything is current")
        if not _push(repository, order, commit, branch):
            return None
        progress("push")
        return Published(branch=branch, source=source.hexsha, commit=commit, changes=changes)


# --- one run at a time, and what a killed one left


@contextmanager
def _alone(repository: git.Repo) -> Iterator[None]:
    """Hold the lock of this repository; a killed run lets go of it by dying."""
    path = Path(repository.common_dir) / "tenantry-publish.lock"
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fact = "another `tenantry publish` runs in this repository"
            raise EnvironmentProblem(fact, "wait for it; the lock is gone when it ends, however it ends") from None
        yield


def _clean(repository: git.Repo) -> None:
    """Remove worktrees and ref locks of runs that were killed; we hold the lock, so none is alive."""
    common = Path(repository.common_dir)
    for folder in (common / "worktrees").glob(f"{_PREFIX}*"):
        link = folder / "gitdir"
        if link.is_file():
            shutil.rmtree(Path(link.read_text(encoding="utf-8").strip()).parent, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    for lock in (common / _REFS).rglob("*.lock"):
        lock.unlink(missing_ok=True)


@contextmanager
def _worktree(repository: git.Repo, commit: git.Commit) -> Iterator[str]:
    """Check a commit out into a temporary worktree."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        path = os.path.realpath(folder)
        _quietly(repository).worktree("add", "--detach", "--force", path, commit.hexsha)
        try:
            yield path
        finally:
            repository.git.worktree("remove", "--force", path)


def _quietly(repository: git.Repo) -> git.Git:
    """Return git for one command, without the hooks of whoever owns the repository."""
    return repository.git(c=f"core.hooksPath={os.devnull}")


# --- the remote


def _fetch(repository: git.Repo, order: Order) -> tuple[Platform, git.Commit, git.Commit | None]:
    """Fetch the main branch, then the branch that Argo CD follows; return platform, source and that branch's tip."""
    local = pipeline.validated_platform(Path(repository.working_dir))
    source = _fetched(repository, order.remote, local.branch)
    if source is None:
        fact = f"{order.remote} has no branch {local.branch}"
        raise EnvironmentProblem(fact, "push it first, or mend git.branch in platform.yaml")
    text = history.read(source, layout.PLATFORM)
    if text is None:
        raise TenantryError(f"{local.branch} has no {layout.PLATFORM}", "push it first")
    platform = pipeline.validated_platform(Path(repository.working_dir), {layout.PLATFORM: text})
    if platform.publishing == "committed":
        return platform, source, source
    return platform, source, _fetched(repository, order.remote, platform.publishing_branch)


def _fetched(repository: git.Repo, remote: str, branch: str) -> git.Commit | None:
    ref = f"{_REFS}/{branch}"
    refspec = f"+refs/heads/{branch}:{ref}"
    try:
        repository.git.fetch("--no-tags", "--no-write-fetch-head", "--no-auto-gc", remote, refspec)
    except git.GitCommandError as error:
        if "couldn't find remote ref" in error.stderr:
            return None
        raise EnvironmentProblem(f"git fetch failed: {_words(error)}", f"see `git remote -v` for {remote}") from None
    return repository.commit(ref)


def _push(repository: git.Repo, order: Order, commit: str, branch: str) -> bool:
    """Push a commit; False when the branch has moved since it was fetched."""
    # by address: pushing by name would update the user's own remote-tracking branches
    address = next(iter(repository.remote(order.remote).urls))
    try:
        repository.git.push("--porcelain", "--no-verify", address, f"{commit}:refs/heads/{branch}")
    except git.GitCommandError as error:
        said = f"{error.stdout}\n{error.stderr}"
        if any(words in said for words in _MOVED):
            return False
        fact = f"git push to {branch} failed: {_words(error)}"
        raise EnvironmentProblem(fact, "the account that publishes needs the right to push to it") from None
    return True


def _words(error: git.GitCommandError) -> str:
    said = str(error.stderr).strip().removeprefix("stderr:").strip(" '\n") or str(error.stdout).strip()
    return " ".join(said.split())


# --- the commit


def _source_of(repository: git.Repo, tip: git.Commit) -> git.Commit | None:
    """Return the source of the newest published commit at or before a tip."""
    found = repository.git.log(
        "-1", "--format=%(trailers:key=" + TRAILER + ",valueonly)", f"--grep=^{TRAILER}: ", tip.hexsha
    )
    name = found.strip().splitlines()[-1:] if found.strip() else []
    if not name:
        return None
    try:
        return repository.commit(name[0])
    except (git.BadName, ValueError):
        return None


def _lay_source(work: git.Repo, source: git.Commit, tip: git.Commit | None) -> None:
    """Make the worktree the source's tree with the tip's generated files, so that generate sees what is published."""
    work.git.read_tree("-u", "--reset", source.hexsha)
    if tip is None:
        return
    held = work.git.ls_tree("-r", "-z", "--name-only", tip.hexsha).split("\0")
    generated = [path for path in held if path and not is_source(path) and not path.startswith(f"{layout.APPROVALS}/")]
    if generated:
        with tempfile.TemporaryFile() as stream:
            stream.write("\0".join(generated).encode("utf-8", "surrogateescape"))
            stream.seek(0)
            _quietly(work).checkout(tip.hexsha, "--pathspec-from-file=-", "--pathspec-file-nul", istream=stream)


def _commit(
    work: git.Repo, platform: Platform, source: git.Commit, changes: tuple[Change, ...], order: Order
) -> str | None:
    """Commit the generated files, in branch mode with the source's tree; None when nothing differs."""
    if platform.publishing == "committed":
        if not changes:
            return None
        _stage(work, [change.file for change in changes])
    else:
        work.git.add("--all", "--force", ".")
        if work.head.is_valid() and not work.git.diff("--cached", "--name-only", "-z", work.head.commit.hexsha):
            return None
    options = ["--no-verify", "--quiet", "--message", _message(changes, source)]
    options += [f"--author={order.author}"] if order.author else []
    options += [f"--date={order.date}"] if order.date else []
    try:
        _quietly(work).commit(*options)
    except git.GitCommandError as error:
        hint = "say who publishes: git config user.name and user.email, or GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL"
        raise EnvironmentProblem(f"git commit failed: {_words(error)}", hint) from None
    return work.head.commit.hexsha


def _stage(work: git.Repo, files: list[str]) -> None:
    with tempfile.TemporaryFile() as stream:
        stream.write("\0".join(files).encode())
        stream.seek(0)
        work.git.add("--all", "--force", "--pathspec-from-file=-", "--pathspec-file-nul", istream=stream)


def _message(changes: tuple[Change, ...], source: git.Commit) -> str:
    names = sorted({name for change in changes if (name := tenant_of(change.file))})
    if not names:
        subject = "Publish what all tenants share"
    elif len(names) > _NAMES_IN_A_SUBJECT:
        subject = f"Publish {names[0]} and {len(names) - 1} other tenants"
    else:
        subject = f"Publish {', '.join(names)}"
    body = "\n".join(f"- {name}" for name in names) if len(names) > _NAMES_IN_A_SUBJECT else ""
    return "\n\n".join(part for part in (subject, body, f"{TRAILER}: {source.hexsha}") if part)


# --- what is published was checked


def _range(repository: git.Repo, last: git.Commit | None, source: git.Commit) -> tuple[git.Commit, ...]:
    """Return the merges since the last publication, oldest first; nothing at the first one."""
    if last is None:
        return ()
    names = repository.git.rev_list("--first-parent", "--reverse", f"{last.hexsha}..{source.hexsha}").split()
    return tuple(repository.commit(name) for name in names)


def _verify(
    tree: Path, result: Composed, changes: tuple[Change, ...], merges: tuple[git.Commit, ...], source: git.Commit
) -> None:
    touched = {name for change in changes if (name := tenant_of(change.file))}
    steps = [(merge, history.touched(source.repo, merge.parents[0], merge)) for merge in merges if merge.parents]
    in_base = [one.path for _, files in steps for one in files if one.path.startswith(f"{layout.BASE}/")]
    if in_base:
        shards = result.fleet.platform.argocd.shards
        for tenant in result.fleet.tenants:
            entry = result.tree[layout.entry(tenant.name, layout.shard_of(tenant.name, shards))]
            if reads_any(entry, in_base):
                touched.add(tenant.name)
    here = {tenant.name for tenant in result.fleet.tenants}
    findings: list[Finding] = []
    if touched & here:
        findings += verify(tree, result.fleet, touched & here, turn=int(source.hexsha, 16)).findings
    findings += _over_budget(tree, result, touched, steps)
    if any(found.severity is Severity.ERROR for found in findings):
        raise Refused([*result.findings, *findings])


def _over_budget(
    tree: Path, result: Composed, touched: set[str], steps: list[tuple[git.Commit, tuple[history.Touched, ...]]]
) -> Iterator[Finding]:
    """Refuse a merge that may reach more tenants than the budget allows and that nobody approved.

    Merges that are each inside the budget may be published together, however many they are.
    """
    budget = result.fleet.platform.budget
    fleet = len(result.fleet.tenants)
    bounds = [bound for bound in (budget.tenants, budget.share and fleet * budget.share // 100) if bound is not None]
    if not bounds or len(touched) <= min(bounds):
        return
    for merge, files in steps:
        sources = [one for one in files if is_source(one.path)]
        tenants = [one for one in sources if one.path.startswith(f"{layout.TENANTS}/")]
        if not may_touch_all(sources) and len(tenants) <= min(bounds):
            continue
        digest = digest_of(sources)
        if not (tree / approval(digest)).is_file():
            fact = f"{merge.hexsha[:10]} is over the blast-radius budget: it is published to {len(touched)} tenants"
            hint = f"have the platform's owners add {approval(digest)}"
            yield finding("TEN019", Place(layout.PLATFORM), fact, hint)
