"""Two states of the repository side by side: the one comparison that `check`, `diff` and `publish` share."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date
from pathlib import Path, PurePosixPath
from typing import Final

from generator import layout
from generator.capacity.shift import shift
from generator.findings.finding import Finding, Place, TenantryError
from generator.findings.table import finding
from generator.fleet import earlier
from generator.fleet.earlier import Version
from generator.fleet.model import Fleet, Platform, Tenant
from generator.fleet.rings import Pair
from generator.fleet.states import ACTIVE, DELETING, PURGED, PURGING, RETIRING, STATES
from generator.generate import frozen
from generator.generate.releases import Release, read_release
from generator.git.door import Repository
from generator.git.snapshot import Snapshot
from generator.git.trees import Touched
from generator.history.events import events
from generator.history.walk import line
from generator.pipeline import Composed
from generator.reading import parsed, quantity
from generator.reading.files import Kind
from generator.render.rendered import Rendered, identity
from generator.render.tenants import render
from generator.review.blast_radius import is_source, reads_any
from generator.review.merge_base import Start, starts
from generator.review.revision import State, needed
from generator.rules.compared import Compared, Move, Returning, Step, Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a change started from.

    Attributes:
        repository: The repository.
        commit: The commit.
        published: What Argo CD follows, as far as it is known here; None when it is not.
        main: The commit of main that it goes back to, where it is none itself; commands name that one.
        today: The day on which the change is judged; None where nothing is judged by days.
    """

    repository: Repository
    commit: str
    published: str | None
    main: str = ""
    today: date | None = None

    @property
    def named(self) -> str:
        """The commit that commands name."""
        return self.main or self.commit

    def is_published(self, name: str) -> bool:
        """Say whether what was generated for a tenant is still published."""
        if self.published is None:
            return False
        return bool(self.repository.text("ls-tree", "--full-tree", self.published, "--", f"{layout.overlay(name)}/"))

    @property
    def tenant_files(self) -> tuple[str, ...]:
        """The paths of everything below tenants/."""
        options = ("-r", "-z", "--name-only", "--full-tree", self.commit)
        return tuple(self.repository.text("ls-tree", *options, "--", f"{layout.TENANTS}/").split("\0"))

    @property
    def commits(self) -> tuple[str, ...]:
        """The commits from which names were given."""
        return tuple(dict.fromkeys(commit for commit in (self.commit, self.published, self.main) if commit))


def against(
    origin: Origin, after: State, files: Collection[Touched], folder: Path
) -> tuple[Compared | None, tuple[Finding, ...]]:
    """Compare a state with what it started from.

    Args:
        origin: What the change started from.
        after: The state that it leads to.
        files: The files that differ between the two.
        folder: Where the state before is made; it must not be there yet.

    Returns:
        The comparison, or None when nothing can be read of the state before; and what keeps it from being read.

    Raises:
        EnvironmentProblem: There is no kustomize, or not enough git history.
    """
    sources = tuple(file for file in files if is_source(file.path))
    last = _given_before(origin, sources)
    first: tuple[Start, Compared, tuple[Finding, ...]] | None = None
    errors: tuple[Finding, ...] = ()
    for start in starts(origin.repository, origin.commit, folder, needed(files), last):
        errors = errors or start.errors
        if start.composed is None:
            continue
        compared, failed = _compare(origin, start, after, sources, last)
        if not failed:
            return compared, tuple(_read_elsewhere(origin.commit, start, errors))
        first = first or (start, compared, failed)
        errors = errors or failed
    if first is None:
        return None, tuple(_nothing_read(origin, errors))
    start, compared, failed = first
    return compared, (*_read_elsewhere(origin.commit, start, errors), *_unrendered(origin, failed))


def _compare(
    origin: Origin, start: Start, after: State, files: Collection[Touched], last: Mapping[str, Version]
) -> tuple[Compared, tuple[Finding, ...]]:
    """Compare two states; return also what could not be rendered of the one before."""
    assert start.composed is not None
    before = State(snapshot=start.snapshot, composed=start.composed)
    names = touched_tenants(before.composed, after.composed, files)
    steps, failed = _steps(before, after, names)
    new = tuple(_releases_after(before, after, files))
    known = _releases_before(before, new)
    moves = tuple(_with_what_leaves(before, _moves(origin, before.composed.fleet, after.composed.fleet, files)))
    compared = Compared(
        commit=origin.named,
        source=origin.named if start.source == origin.commit else start.source,
        before=before.composed.fleet.platform,
        after=after.composed.fleet.platform,
        fleet=len(after.composed.fleet.tenants),
        tenants=names,
        steps=steps,
        files=tuple(sorted(file.path for file in files)),
        gone=gone(files, after.composed.fleet.names),
        returning=tuple(_returning(origin, last, after.composed.fleet, files)),
        unread=tuple(_unread(origin, start, after.composed.fleet)),
        removals=tuple(sorted(_removals(steps))),
        edited=frozen.edited(files),
        given_again=frozen.given_again(after.snapshot, origin.repository, origin.commit, files),
        capacity=shift(
            (before.composed.fleet, before.composed.sizes), (after.composed.fleet, after.composed.sizes), names
        ),
        moves=moves,
        purged=_purged(before.composed.fleet, after.composed.fleet),
        retiring=tuple(_edited(before.composed.fleet, after.composed.fleet, files, (RETIRING,))),
        amended=tuple(_edited(before.composed.fleet, after.composed.fleet, files, PURGED)),
        purged_today=_purged_today(origin, before.composed.fleet.platform, moves),
        today=origin.today,
        starts=tuple(one for release in new for one in release.started),
        started=tuple(one for release in known for one in release.started),
        ceilings=tuple(one for release in new for one in release.ceilings),
        ceilings_before=tuple(one for release in known for one in release.ceilings),
    )
    return compared, failed


_EDGE: Final = Pair(layout.EDGE, layout.LIVE)


def _releases_after(before: State, after: State, files: Collection[Touched]) -> Iterator[Release]:
    """Yield each release that a ring names, that is new, or that is still written.

    One that was frozen before was looked at when it came, so that a ring can always go back to it.
    """
    known = set(frozen.numbers(before.snapshot, layout.RELEASES))
    for pair, release in after.composed.releases.items():
        if pair.release not in known:
            yield release
    used = {pair.release for pair in after.composed.releases}
    folders = {file.path.split("/")[2] for file in files if file.path.startswith(f"{layout.RELEASES}/") and file.after}
    new = folders.intersection(frozen.numbers(after.snapshot, layout.RELEASES)) - known - used
    edge = {layout.EDGE} if any(file.path.startswith(f"{layout.BASE}/") for file in files) else set()
    for name in sorted({*new, *edge} - used):
        yield from _unused(after, Pair(name, layout.LIVE))


def _releases_before(before: State, new: Iterable[Release]) -> tuple[Release, ...]:
    """Return the releases of the state before; nobody builds what no ring names unless something is new."""
    used = tuple(before.composed.releases.values())
    known = [one for release in used for one in _compared(release)]
    if _EDGE in before.composed.releases or all(one in known for release in new for one in _compared(release)):
        return used
    return (*used, *_unused(before, _EDGE))


def _compared(release: Release) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield what is compared of a release, without where it is written."""
    yield from ((one.workload, one.parts) for one in release.started)
    yield from ((one.name, one.hard) for one in release.ceilings)


def _unused(state: State, pair: Pair) -> Iterator[Release]:
    """Yield a release that no ring names, unless it cannot be built."""
    try:
        yield read_release(state.snapshot, pair, state.composed.fleet.platform)
    except TenantryError:
        return


def touched_tenants(before: Composed, after: Composed, files: Collection[Touched]) -> tuple[str, ...]:
    """Return the tenants of which a generated file, or a file that their build reads, differs; sorted."""
    shards = after.fleet.platform.argocd.shards
    paths = [file.path for file in files if file.path.startswith(f"{layout.BASE}/")]
    known = {tenant.name: tenant for tenant in before.fleet.tenants}
    changed_files = {file.path for file in files}
    names = []
    for tenant in after.fleet.tenants:
        if paths and reads_any(after.tree[layout.entry(tenant.name, layout.shard_of(tenant.name, shards))], paths):
            names.append(tenant.name)
        elif tenant.name not in known:
            if tenant.document.file in changed_files:
                names.append(tenant.name)
        elif _files(before, tenant.name) != _files(after, tenant.name):
            names.append(tenant.name)
    here = {tenant.name for tenant in after.fleet.tenants}
    gone = (name for name in before.fleet.names - here if _own(before, name) != _own(after, name))
    return tuple(sorted({*names, *gone}))


def gone(files: Iterable[Touched], names: Iterable[str]) -> Mapping[str, str]:
    """Return the tenant files that a change removes: path -> path of a new file with the same content, or empty.

    Args:
        files: What differs.
        names: The tenants after the change; a file that moved within tenants/ is not gone.
    """
    here = frozenset(names)
    came = {file.after: file.path for file in files if not file.before}
    removed = [file for file in files if _is_tenant(file) and not file.after and _name(file) not in here]
    return {file.path: came.get(file.before, "") for file in removed}


def _is_tenant(file: Touched) -> bool:
    return layout.is_tenant_file(file.path)


def _name(file: Touched) -> str:
    return PurePosixPath(file.path).stem


def _files(composed: Composed, name: str) -> tuple[str, ...]:
    shard = layout.shard_of(name, composed.fleet.platform.argocd.shards)
    path = layout.application_set(shard)  # the template of its Application
    return (*_own(composed, name), f"{path}\0{composed.tree[path]}")


def _own(composed: Composed, name: str) -> tuple[str, ...]:
    """Return a tenant's generated files, as far as it has them."""
    shard = layout.shard_of(name, composed.fleet.platform.argocd.shards)
    own = (layout.kustomization(name), layout.facts(name), layout.entry(name, shard), layout.project(name, shard))
    return tuple(f"{path}\0{composed.tree[path]}" for path in own if path in composed.tree)


# --- each tenant, before and after


def _steps(before: State, after: State, names: Collection[str]) -> tuple[tuple[Step, ...], tuple[Finding, ...]]:
    touched = frozenset(names)
    old = {tenant.name: tenant for tenant in before.composed.fleet.tenants if tenant.name in touched}
    new = {tenant.name: tenant for tenant in after.composed.fleet.tenants if tenant.name in old}
    was, failed = _rendered(before, new.keys())
    now, _ = _rendered(after, new.keys())  # verify says what fails in it
    steps = (
        Step(
            before=old[name],
            after=tenant,
            size_before=before.composed.sizes[name],
            size_after=after.composed.sizes[name],
            rendered_before=was.get(name),
            rendered_after=now.get(name),
        )
        for name, tenant in new.items()
    )
    return tuple(steps), failed


def _rendered(state: State, names: Collection[str]) -> tuple[Mapping[str, Rendered], tuple[Finding, ...]]:
    fleet = state.composed.fleet
    tenants = [tenant for tenant in fleet.tenants if tenant.name in names]
    renders = tuple(render(state.snapshot, fleet, tenants, sample=None))  # verify compares
    found = {rendered.tenant.name: rendered for rendered in renders if isinstance(rendered, Rendered)}
    return found, tuple(rendered for rendered in renders if isinstance(rendered, Finding))


def _removals(steps: Iterable[Step]) -> Iterator[tuple[str, str]]:
    for step in steps:
        if step.rendered_before and step.rendered_after:
            after = {identity(obj) for obj in step.rendered_after.objects}
            names = (identity(obj) for obj in step.rendered_before.objects)
            yield from ((step.after.name, name) for name in names if name not in after)


# --- from state to state


def _moves(origin: Origin, before: Fleet, after: Fleet, files: Collection[Touched]) -> Iterator[Move]:
    """Yield the tenants that go from one state to another, or come in another state than the first."""
    known = {tenant.name: tenant for tenant in (*before.tenants, *before.departed)}
    blobs = {file.path: file.after for file in files}
    moved = [
        tenant
        for tenant in (*after.tenants, *after.departed)
        # the state before holds no more tenant files than those that differ
        if tenant.document.file in blobs
        and tenant.state != (known[tenant.name].state if tenant.name in known else ACTIVE)
    ]
    asked = [tenant.name for tenant in moved if tenant.state == PURGING]
    if asked:
        earlier.whole(origin.repository, "whether a company was purged before stands in its history")
    written = earlier.versions(origin.repository, [origin.commit], asked) if asked else {}
    begun = _begun(origin, [known[tenant.name] for tenant in moved if tenant.name in known])
    for tenant in moved:
        held = {version.blob for version in written.get(tenant.name, ())}
        again = blobs.get(tenant.document.file) in held
        yield Move(before=known.get(tenant.name), after=tenant, again=again, begun=tenant.name in begun)


def _begun(origin: Origin, moved: Iterable[Tenant]) -> frozenset[str]:
    """Return those of companies that were purging whose deletion had begun before; nobody looks unless it matters."""
    purging = frozenset(tenant.name for tenant in moved if tenant.state == PURGING)
    if not purging:
        return frozenset()
    told = (event for event in events(line(origin.repository, origin.named)) if event.what == "state")
    last = {event.company: (event.before, event.after) for event in told if event.company in purging}
    return frozenset(name for name, states in last.items() if states == (DELETING, PURGING))


def _purged(before: Fleet, after: Fleet) -> tuple[str, ...]:
    tenants = (*before.tenants, *before.departed, *after.tenants, *after.departed)
    return tuple(sorted({tenant.name for tenant in tenants if tenant.state in (PURGING, DELETING)}))


def _with_what_leaves(before: State, moves: Iterable[Move]) -> Iterator[Move]:
    """Yield the moves, those in which an Application goes with what its tenant renders before."""
    several = tuple(moves)
    leaving = [
        move.after.name
        for move in several
        if move.before is not None and STATES[move.before.state].has_entry and not STATES[move.after.state].has_entry
    ]
    found, _ = _rendered(before, leaving) if leaving else ({}, ())
    yield from (replace(move, leaves=found.get(move.after.name)) for move in several)


def _edited(before: Fleet, after: Fleet, files: Collection[Touched], states: Collection[str]) -> Iterator[Move]:
    """Yield the tenants that are in one of some states, before and after, and whose file differs."""
    known = {tenant.name: tenant for tenant in (*before.tenants, *before.departed)}
    paths = {file.path for file in files}
    for tenant in (*after.tenants, *after.departed):
        old = known.get(tenant.name)
        if old and tenant.document.file in paths and old.state in states and tenant.state in states:
            yield Move(before=old, after=tenant)


def _purged_today(origin: Origin, platform: Platform, moves: Collection[Move]) -> tuple[str, ...]:
    """Return the companies that began to be purged on this day; nobody looks unless it matters."""
    if origin.today is None or platform.budget.purges_per_day is None:
        return ()
    if not any(move.states == (RETIRING, PURGING) for move in moves):
        return ()
    told = events(line(origin.repository, origin.commit))
    begun = [event for event in told if (event.what, event.before, event.after) == ("state", RETIRING, PURGING)]
    return tuple(sorted({event.company for event in begun if event.time.astimezone(UTC).date() == origin.today}))


# --- names that were given before


def _given_before(origin: Origin, files: Collection[Touched]) -> Mapping[str, Version]:
    """Return the last file of each tenant whose file comes with the change and whose name was given earlier.

    Raises:
        EnvironmentProblem: The clone is shallow, so that nobody can tell.
    """
    known = {layout.stem(path).casefold() for path in origin.tenant_files}
    coming = {_name(file) for file in files if _is_tenant(file) and file.after and not file.before}
    new = {name for name in coming if name.casefold() not in known}
    if not new:
        return {}
    earlier.whole(origin.repository, "whether a name was given before stands in its history")
    return {name: found[0] for name, found in earlier.versions(origin.repository, origin.commits, new).items()}


def _returning(
    origin: Origin, last: Mapping[str, Version], fleet: Fleet, files: Collection[Touched]
) -> Iterator[Returning]:
    blobs = {file.path: file.after for file in files}
    for tenant in fleet.tenants:
        if (version := last.get(tenant.name)) is not None:
            yield Returning(
                name=tenant.name,
                place=tenant.document.place(("name",)),
                commit=version.commit,
                path=version.path,
                restored=blobs.get(tenant.document.file) == version.blob,
                published=origin.is_published(tenant.name),
            )


# --- what cannot be read


def _read_elsewhere(commit: str, start: Start, errors: Collection[Finding]) -> Iterator[Finding]:
    """CHG001: say what is compared as an earlier commit has it."""
    first = next(iter(errors), None)
    if first is not None and start.source != commit:
        fact = f"{_said(commit, first)}: platform.yaml and base/ are compared as {start.source[:10]} has them"
        yield finding("CHG001", Place(layout.PLATFORM), fact)
    reasons = {found.place.file: found for found in reversed(tuple(errors))}
    for file, source in start.taken_from.items():
        fact = f"{_said(commit, reasons[file])}: {file} is compared as {source[:10]} has it"
        yield finding("CHG001", Place(layout.PLATFORM), fact)


def _said(commit: str, error: Finding) -> str:
    return f"{commit[:10]} has errors of its own ({error.place}: {error.fact})"


def _nothing_read(origin: Origin, errors: Collection[Finding]) -> Iterator[Finding]:
    """CHG001, CHG021: say that nothing was compared; an error unless there was nothing to compare with."""
    commit = origin.commit
    first = next(iter(errors))
    if not origin.repository.text("rev-list", "--max-count=1", commit, "--", layout.PLATFORM):
        yield finding("CHG001", Place(layout.PLATFORM), f"{commit[:10]} has no {layout.PLATFORM}: all of it is new")
        return
    fact = f"{_said(commit, first)}, and no commit before it can be read: nothing was compared with it"
    yield finding("CHG021", Place(layout.PLATFORM), fact)


def _unrendered(origin: Origin, failed: Collection[Finding]) -> Iterator[Finding]:
    first = next(iter(failed))
    fact = (
        f"{_said(origin.commit, first)}: what it and the commits before it render cannot be compared with what"
        " the change does"
    )
    yield finding("CHG021", Place(layout.PLATFORM), fact)


def _unread(origin: Origin, start: Start, fleet: Fleet) -> Iterator[Unread]:
    here = {tenant.name: tenant for tenant in fleet.tenants}
    for file, why in start.unread.items():
        tenant = here.get(PurePosixPath(file).stem)
        if tenant is not None:
            published = origin.is_published(tenant.name)
            storage = _stated_storage(start.snapshot, file)
            yield Unread(file=file, why=why, published=published, storage=storage, tenant=tenant)


def _stated_storage(snapshot: Snapshot, file: str) -> int | None:
    """Return the bytes that a tenant file with errors states, as far as that can be read."""
    if snapshot.kind_of(file) is not Kind.FILE:
        return None
    document, _ = parsed.document(snapshot.parsed(file))
    try:
        return quantity.octets(document.data["storage"]) if document else None
    except (KeyError, TypeError, ValueError):
        return None
