"""The arrow on one screen: load -> validate -> size -> compose -> write. The only module that knows the order."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator import earlier
from generator.compose import Tree, compose
from generator.findings import Finding, Place, Refused, Severity, TenantryError
from generator.load import load, load_platform
from generator.model import Fleet, Platform
from generator.releases import Release, read_release
from generator.rules.catalog import finding
from generator.size import Size, size
from generator.snapshot import Snapshot
from generator.validate import Had, validate
from generator.write import Change, alone, apply, compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """Everything that follows from the input.

    Attributes:
        fleet: The input.
        sizes: The numbers of each tenant, by name.
        releases: The releases in use, by name.
        tree: Every generated file.
        findings: Warnings; an error would have ended the run.
    """

    fleet: Fleet
    sizes: Mapping[str, Size]
    releases: Mapping[str, Release]
    tree: Tree
    findings: tuple[Finding, ...]


def validated(
    snapshot: Snapshot, instead: Mapping[str, bytes] | None = None, *, had: Had | None = None
) -> tuple[Fleet, tuple[Finding, ...]]:
    """Load and validate.

    Args:
        snapshot: The repository.
        instead: Files as they would be, see `load`.
        had: Tells what companies had before, see `validate`; what git says of the work tree when left out.

    Returns:
        The fleet and the warnings.

    Raises:
        Refused: There are errors.
    """
    fleet, findings = validate(load(snapshot, instead), had or earlier.of_work_tree(snapshot.root))
    if fleet is None:
        raise Refused(findings)
    return fleet, findings


def validated_platform(snapshot: Snapshot, instead: Mapping[str, bytes] | None = None) -> Platform:
    """Load and validate platform.yaml alone.

    Raises:
        Refused: There are errors.
    """
    fleet, findings = validate(load_platform(snapshot, instead))
    if fleet is None:
        raise Refused(findings)
    return fleet.platform


def composed(snapshot: Snapshot, *, had: Had | None = None) -> Composed:
    """Run everything up to the tree; nothing is written.

    Args:
        snapshot: The repository.
        had: Tells what companies had before, see `validated`.

    Raises:
        Refused: There are errors.
        EnvironmentProblem: There is no kustomize to read the pods' sizes with.
    """
    fleet, warnings = validated(snapshot, had=had)
    releases = releases_in_use(snapshot, fleet)
    sizes: dict[str, Size] = {}
    findings = list(warnings)
    for tenant in fleet.tenants:
        sizes[tenant.name], found = size(tenant, fleet.platform, releases[tenant.ring.release].workloads)
        findings.extend(found)
    if any(found.severity is Severity.ERROR for found in findings):
        raise Refused(findings)
    tree = compose(fleet, sizes, releases)
    return Composed(fleet=fleet, sizes=sizes, releases=releases, tree=tree, findings=tuple(findings))


def releases_in_use(snapshot: Snapshot, fleet: Fleet) -> dict[str, Release]:
    """Read the release of every ring.

    Raises:
        Refused: A ring names a release that is not there or cannot be used.
    """
    releases: dict[str, Release] = {}
    findings: list[Finding] = []
    for index, ring in enumerate(fleet.platform.rings):
        if ring.release in releases:
            continue
        try:
            releases[ring.release] = read_release(snapshot, ring.release)
        except TenantryError as error:
            if error.exit_code is not TenantryError.exit_code:
                raise
            place: Place = fleet.platform.document.place(("rings", index, "release"))
            findings.append(finding("PLT003", place, f"ring {ring.name}: {error.fact}", error.hint))
    if findings:
        raise Refused(findings)
    return releases


def differences(snapshot: Snapshot, result: Composed) -> tuple[Change, ...]:
    """Return how the generated files on the disk differ from what they should be.

    Raises:
        Refused: Somebody else's file is in the way, or a tenant file is gone.
    """
    changes, forbidden = compare(snapshot.root, result.tree, frozenset(tenant.name for tenant in result.fleet.tenants))
    if forbidden:
        raise Refused([*result.findings, *forbidden])
    return changes


def generate(root: Path, snapshot: Snapshot, *, had: Had | None = None) -> tuple[Composed, tuple[Change, ...]]:
    """Write every generated file that differs.

    Args:
        root: Where to; the repository's root.
        snapshot: What stands there.
        had: Tells what companies had before, see `validated`.

    Returns:
        What was worked out, and which files were written or removed.

    Raises:
        Refused: There are errors; nothing was written.
    """
    result = composed(snapshot, had=had)
    with alone(root):
        changes = differences(snapshot, result)
        apply(root, result.tree, changes)
    return result, changes
