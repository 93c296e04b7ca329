"""The arrow on one screen: load -> validate -> size -> compose -> write. The only module that knows the order."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from generator import layout, rules
from generator.findings.finding import Finding, Place, Refused, Severity, TenantryError
from generator.findings.table import finding
from generator.fleet import earlier, lost
from generator.fleet.load import files_called, load, load_platform, load_some
from generator.fleet.model import Fleet, Platform, Tenant
from generator.fleet.neighbours import among_others
from generator.fleet.rings import Pair
from generator.fleet.states import STATES
from generator.fleet.validate import Had, validate, validate_in_part
from generator.generate import rollout
from generator.generate.compose import Tree, claims_of, components_of, compose
from generator.generate.releases import COMPONENTS, Release, folders_of, read_release, states_in
from generator.generate.size import Size, size
from generator.generate.write import Change, Differences, alone, apply, compare
from generator.git.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """Everything that follows from the input.

    Attributes:
        fleet: The input.
        sizes: The numbers of each tenant, by name.
        releases: The releases in use, with the guards before them.
        tree: Every generated file, or those of chosen tenants.
        findings: Warnings; an error would have ended the run.
    """

    fleet: Fleet
    sizes: Mapping[str, Size]
    releases: Mapping[Pair, Release]
    tree: Tree
    findings: tuple[Finding, ...]


def validated(
    snapshot: Snapshot, proposed: Mapping[str, bytes] | None = None, *, had: Had | None = None
) -> tuple[Fleet, tuple[Finding, ...]]:
    """Load and validate.

    Args:
        snapshot: The repository.
        proposed: Files as they would be, see `load`.
        had: Tells what companies had before, see `validate`; what git says of the work tree when left out.

    Returns:
        The fleet and the warnings.

    Raises:
        Refused: There are errors.
    """
    fleet, findings = validate(load(snapshot, proposed), rules.known, had or earlier.of_work_tree(snapshot.home))
    if fleet is None:
        raise Refused(findings)
    return fleet, findings


def validated_for(snapshot: Snapshot, name: str) -> Fleet:
    """Load and validate the tenant of a name, without all others where its file tells which it is.

    Args:
        snapshot: The repository.
        name: The tenant's name, as a person gives it.

    Returns:
        The tenant alone, or all tenants where no one file is called so.

    Raises:
        Refused: There are errors.
    """
    files = files_called(snapshot, [name])
    if files is None:
        return validated(snapshot)[0]
    fleet, findings = validate(load_some(snapshot, files), rules.known, earlier.of_work_tree(snapshot.home))
    if fleet is None:
        raise Refused(findings)
    return fleet


def taken_among(root: Path, names: Collection[str]) -> tuple[Snapshot, Fleet, tuple[Finding, ...]]:
    """Load and validate the tenants of these names among all others, of which it is read what none may share.

    Args:
        root: The repository's root.
        names: The tenants' names, as a person gives them.

    Returns:
        What these tenants are judged by; these tenants alone, with the names and hosts of the others; and the
        warnings. Where not every name is that of one file, everything is read instead.

    Raises:
        Refused: There are errors: in these files, or in that of another company that shares a name or a host.
    """
    first = Snapshot.of_work_tree(root, (layout.PLATFORM,))
    shards = validated_platform(first).argocd.shards
    snapshot = replace(Snapshot.of_work_tree(root, layout.of_some(names, shards)), opened=first.opened)
    files = files_called(snapshot, names)
    if files is None:
        whole = replace(Snapshot.of_work_tree(root), opened=first.opened)
        return whole, *validated(whole)
    sources, others = among_others(snapshot, load_some(snapshot, files))
    fleet, findings = validate(sources, rules.known, earlier.of_work_tree(snapshot.home))
    if fleet is None:
        raise Refused(findings)
    tenants, departed = (
        tuple(tenant for tenant in those if tenant.document.file in files) for those in (fleet.tenants, fleet.departed)
    )
    return snapshot, replace(fleet, tenants=tenants, departed=departed, others=others), findings


def validated_platform(snapshot: Snapshot, proposed: Mapping[str, bytes] | None = None) -> Platform:
    """Load and validate platform.yaml alone.

    Raises:
        Refused: There are errors.
    """
    fleet, findings = validate(load_platform(snapshot, proposed), rules.known)
    if fleet is None:
        raise Refused(findings)
    return fleet.platform


def composed(
    snapshot: Snapshot, *, had: Had | None = None, chosen: Callable[[Fleet], Collection[str]] | None = None
) -> Composed:
    """Run everything up to the tree; nothing is written.

    Args:
        snapshot: The repository.
        had: Tells what companies had before, see `validated`.
        chosen: Returns the names of the tenants whose files are in the tree, beside those that all share; everybody's
            are when left out.

    Raises:
        Refused: There are errors.
        EnvironmentProblem: There is no kustomize to read the pods' sizes with.
    """
    fleet, warnings = validated(snapshot, had=had)
    releases = releases_in_use(snapshot, fleet)
    sizes, findings = sized(fleet, releases)
    if any(found.severity is Severity.ERROR for found in findings):
        raise Refused([*warnings, *findings])
    tree = compose(fleet.among_others(chosen(fleet)) if chosen else fleet, sizes, releases)
    return Composed(fleet=fleet, sizes=sizes, releases=releases, tree=tree, findings=(*warnings, *findings))


def composed_in_part(snapshot: Snapshot, *, had: Had | None = None) -> tuple[Composed | None, tuple[Finding, ...]]:
    """Run everything up to the tree for what can be read, and leave the other tenants out; nothing is written.

    Args:
        snapshot: The repository.
        had: Tells what companies had before, see `validated`.

    Returns:
        What follows from the input without the tenants that have errors; None when platform.yaml or base/ has some.
        And all errors.

    Raises:
        EnvironmentProblem: There is no kustomize to read the pods' sizes with.
    """
    fleet, findings = validate_in_part(load(snapshot), rules.known, had or earlier.of_work_tree(snapshot.home))
    errors = [found for found in findings if found.severity is Severity.ERROR]
    if fleet is None:
        return None, tuple(errors)
    try:
        releases = releases_in_use(snapshot, fleet)
    except Refused as refused:
        return None, (*errors, *refused.findings)
    sizes, found = sized(fleet, releases)
    fleet = replace(
        fleet,
        tenants=tuple(tenant for tenant in fleet.tenants if tenant.name in sizes),
        departed=tuple(tenant for tenant in fleet.departed if tenant.name in sizes or tenant.tombstone),
    )
    tree = compose(fleet, sizes, releases)
    whole = Composed(fleet=fleet, sizes=sizes, releases=releases, tree=tree, findings=())
    return whole, (*errors, *(problem for problem in found if problem.severity is Severity.ERROR))


def sized(fleet: Fleet, releases: Mapping[Pair, Release]) -> tuple[Mapping[str, Size], tuple[Finding, ...]]:
    """Return the numbers of every tenant that has no error in them, and what was found on the way.

    Args:
        fleet: All input.
        releases: The releases that the fleet's rings use, with the guards before them.
    """
    sizes: dict[str, Size] = {}
    findings: list[Finding] = []
    known: dict[tuple[object, ...], Size] = {}
    for tenant in fleet.with_overlay:
        if (of_its_kind := known.get(tenant.kind)) is not None:
            sizes[tenant.name] = of_its_kind
            continue
        numbers, found = _judged(tenant, fleet.platform, releases[tenant.ring.pair])
        if not found and (coming := _coming(tenant, fleet.platform)):
            found = _judged(tenant, fleet.platform, releases[coming])[1]
        findings.extend(found)
        if not any(problem.severity is Severity.ERROR for problem in found):
            sizes[tenant.name] = numbers
        if not found:
            known[tenant.kind] = numbers
    return sizes, tuple(findings)


def _judged(tenant: Tenant, platform: Platform, release: Release) -> tuple[Size, tuple[Finding, ...]]:
    numbers, found = size(tenant, platform, release.workloads(tenant.addons))
    return numbers, found or tuple(rollout.problems(tenant, numbers))


def _coming(tenant: Tenant, platform: Platform) -> Pair | None:
    """Return what a tenant will run when the move of its ring reaches it; None when it is there, or nothing comes."""
    ring = platform.ring(tenant.ring.name)
    following = ring.pairs[-1].release
    return Pair(following, ring.guard) if tenant.pin is None and following != tenant.ring.release else None


def size_of(snapshot: Snapshot, fleet: Fleet, tenant: Tenant) -> Size:
    """Return the numbers of one tenant, without working out those of all others.

    Raises:
        Refused: It has errors in them.
        EnvironmentProblem: There is no kustomize to read the pods' sizes with.
    """
    release = releases_in_use(snapshot, fleet)[tenant.ring.pair]
    numbers, findings = size(tenant, fleet.platform, release.workloads(tenant.addons))
    if any(found.severity is Severity.ERROR for found in findings):
        raise Refused(findings)
    return numbers


def releases_in_use(snapshot: Snapshot, fleet: Fleet) -> dict[Pair, Release]:
    """Read the release of every ring, and the guard before it.

    Raises:
        Refused: A ring names a release or a guard that is not there or cannot be used.
    """
    releases: dict[Pair, Release] = {}
    findings: list[Finding] = []
    for name in _named(fleet):
        if name.pair in releases:
            continue
        try:
            if lacking := [*_lacking(snapshot, fleet, name.pair), *_lacking_states(snapshot, fleet, name.pair.guard)]:
                findings.extend(lacking)
                continue
            releases[name.pair] = read_release(snapshot, name.pair, fleet.platform)
        except Refused as refused:  # it says of each place what is wrong there
            findings.extend(refused.findings)
        except TenantryError as error:
            if error.exit_code is not TenantryError.exit_code:
                raise
            guard, release = folders_of(name.pair)
            reader = name.who if name.rule == "REL002" else "the ring"
            hint = error.hint or f"fix {release} or {guard}, which {reader} reads, or put it back as it was"
            place = name.of_guard if f" {guard}/" in error.fact else name.place
            findings.append(finding(name.rule, place, f"{name.who}: {error.fact}", hint))
    if findings:
        raise Refused(findings)
    return releases


class _Named(NamedTuple):
    """A release that somebody names, with the guard before it: who, where, and by which rule it must be there."""

    pair: Pair
    who: str
    place: Place
    of_guard: Place
    rule: str


def _named(fleet: Fleet) -> Iterator[_Named]:
    document = fleet.platform.document
    for index, ring in enumerate(fleet.platform.rings):
        keys: list[tuple[str | int, ...]] = [("release",), *([("next", "release")] if ring.next else [])]
        for key, pair in zip(keys, ring.pairs, strict=True):
            place = document.place(("rings", index, *key))
            says_guard = "guard" in document.data["rings"][index]
            of_guard = document.place(("rings", index, "guard")) if says_guard else place
            yield _Named(pair, f"ring {ring.name}", place, of_guard, "PLT003")
    for tenant in fleet.tenants:
        if tenant.pin:
            place = tenant.document.place(("pin", "release"))
            yield _Named(tenant.ring.pair, tenant.name, place, place, "REL002")


def _lacking(snapshot: Snapshot, fleet: Fleet, pair: Pair) -> Iterator[Finding]:
    """PLT003: the components of a release, and of the guard, that tenants on it need and that are not there."""
    guard, release = folders_of(pair)
    needed: dict[tuple[str, str], str] = {}
    for tenant in (tenant for tenant in fleet.with_overlay if pair.release in _releases_of(tenant, fleet.platform)):
        for item in components_of(tenant, fleet.platform):
            needed.setdefault((release, item), tenant.name)
        for item in claims_of(tenant, fleet.platform):
            needed.setdefault((guard, item), tenant.name)
    for (above, component), name in sorted(needed.items()):
        folder = f"{above}/{COMPONENTS}/{component}"
        if not any(snapshot.everything_under(folder)) and any(snapshot.everything_under(above)):
            hint = snapshot.way_back(folder) or _way_without(above, component, name, fleet.platform)
            yield finding("PLT003", Place(folder), f"there is no such component, and {name} needs it", hint)


def _way_without(above: str, component: str, name: str, platform: Platform) -> str:
    """Say what else than a component that is not there may be done: what is frozen is written no more."""
    keys = {
        part: (addon.name, key)
        for addon in platform.addons.values()
        for part, key in (
            (addon.component, "component" if addon.component != addon.workload else "workload"),
            (f"{addon.component}-{platform.exposure}", "hostPrefix"),
            (addon.claim_component, "claim"),
        )
    }
    addon, key = keys.get(component, ("", ""))
    if above not in folders_of(Pair(release=layout.EDGE, guard=layout.LIVE)):
        until = f"; until then: tenantry set {name} addons-={addon}" if addon else ""
        return f"let the rings of platform.yaml name another release{until}"
    return f"write it, or change {f'addons.{addon}.{key}' if addon else 'exposure'} in {layout.PLATFORM}"


def _lacking_states(snapshot: Snapshot, fleet: Fleet, guard: str) -> Iterator[Finding]:
    """PLT003: the states of a guard that tenants on it are in and that are not there."""
    folder = layout.guard(guard)
    there = states_in(snapshot, folder)
    for tenant in fleet.with_overlay if any(snapshot.everything_under(folder)) else ():
        for part in STATES[tenant.state].parts:
            if tenant.ring.guard == guard and part not in there:
                missing = f"{folder}/{layout.STATES}/{part}"
                fact = f"there is no such state, and {tenant.name} is {tenant.state}"
                way = snapshot.way_back(missing) or (
                    f"take the states of a new repository: tenantry init /tmp/new && cp -R /tmp/new/{layout.GUARD}/"
                    f"{layout.STATES} {folder}/"
                )
                yield finding("PLT003", Place(missing), fact, way)


def _releases_of(tenant: Tenant, platform: Platform) -> tuple[str, ...]:
    """Return what a tenant runs, and where its ring takes it."""
    following = platform.ring(tenant.ring.name).next if tenant.pin is None else None
    return (tenant.ring.release, *([following.release] if following else []))


def differences(snapshot: Snapshot, result: Composed) -> Differences:
    """Return how the generated files on the disk differ from what they should be.

    Raises:
        Refused: Somebody else's file is in the way.
    """
    names = result.fleet.names
    files = frozenset(layout.stem(path) for path in snapshot.under(layout.TENANTS) if layout.is_tenant_file(path))
    found = compare(snapshot, result.tree, names, files - names)
    if found.forbidden:
        raise Refused([*result.findings, *found.forbidden])
    return found


def generate(
    root: Path, snapshot: Snapshot, *, had: Had | None = None, policy: lost.Policy = lost.refused
) -> tuple[Composed, tuple[Change, ...]]:
    """Write every generated file that differs.

    Args:
        root: Where to; the repository's root.
        snapshot: What stands there.
        had: Tells what companies had before, see `validated`.
        policy: Says what is the case with companies whose tenant file is gone.

    Returns:
        What was worked out, with what the policy says among its findings, and which files were written or removed.

    Raises:
        Refused: There are errors; nothing was written.
        TenantryError: A file that must change is left out of a sparse checkout; nothing was written.
    """
    result = composed(snapshot, had=had)
    changes, found = write(root, snapshot, result, policy)
    return replace(result, findings=(*result.findings, *found)), changes


def write(
    root: Path, snapshot: Snapshot, result: Composed, policy: lost.Policy = lost.refused
) -> tuple[tuple[Change, ...], tuple[Finding, ...]]:
    """Write every generated file that differs; nothing where a snapshot keeps them in memory.

    Args:
        root: Where to; the repository's root.
        snapshot: What stands there.
        result: What should stand there.
        policy: Says what is the case with companies whose tenant file is gone.

    Returns:
        Which files were written or removed, and what the policy says.

    Raises:
        Refused: Somebody else's file is in the way, or the policy refuses.
    """
    with alone(root):
        found = differences(snapshot, result)
        told = policy(found.lost)
        if any(problem.refuses for problem in told):
            raise Refused([*result.findings, *told])
        _refuse_left_out(snapshot, found.changes)
        if snapshot.contents is None:
            apply(root, result.tree, found.changes)
    return found.changes, told


def _refuse_left_out(snapshot: Snapshot, changes: Iterable[Change]) -> None:
    """Write nothing that the user would not see.

    Raises:
        TenantryError: A file that must change is left out of a sparse checkout.
    """
    for change in changes:
        entry = snapshot.held.get(change.file)
        if entry is not None and entry.absent:
            fact = f"{change.file} must change, and this sparse checkout leaves it out"
            raise TenantryError(fact, "take everything in: git sparse-checkout disable")
