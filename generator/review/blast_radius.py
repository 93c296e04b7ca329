"""What a change touches: its digest, its tenants, what it removes, and whether that is inside the budget. Pure."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from generator import layout
from generator.fleet.model import Budget
from generator.git.trees import Touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a change touches.

    Attributes:
        digest: Names the change: of its source files alone, against the commit that it started from.
        tenants: Tenants whose manifests or entries change, sorted.
        removed: Tenants whose file is gone, sorted.
        removals: Rendered objects that are there before and not after, as tenant and object.
        fleet: How many tenants there are.
        capacity: What becomes of the room on the nodes, in sentences; none where nothing does.
    """

    digest: str
    tenants: tuple[str, ...]
    removed: tuple[str, ...]
    removals: tuple[tuple[str, str], ...]
    fleet: int
    capacity: tuple[str, ...] = ()

    def over(self, budget: Budget) -> tuple[str, ...]:
        """Say in words where the change is over the budget; nothing when it is inside."""
        return over(budget, tenants=len(self.tenants), fleet=self.fleet, removals=len(self.removals))


def over(budget: Budget, *, tenants: int, fleet: int, removals: int = 0) -> tuple[str, ...]:
    """Say in words where a change is over a budget; nothing when it is inside.

    Args:
        budget: How much one change may touch.
        tenants: How many tenants it touches.
        fleet: How many there are.
        removals: How many rendered objects it removes.
    """
    words = []
    if budget.tenants is not None and tenants > budget.tenants:
        words.append(f"it touches {tenants} tenants, {budget.tenants} are allowed")
    share = 100 * tenants / fleet if fleet else 0
    if budget.share is not None and share > budget.share:
        words.append(f"it touches {share:.0f} % of the tenants, {budget.share} % are allowed")
    if budget.removals is not None and removals > budget.removals:
        words.append(f"it removes {removals} objects, {budget.removals} are allowed")
    return tuple(words)


def reads_any(entry: str, paths: Collection[str]) -> bool:
    """Say whether an Application is rendered again when one of these files changes.

    Args:
        entry: Text of the tenant's entry; its generatePaths is the last line.
        paths: Files, from the repository's root.
    """
    reads = entry.rsplit('generatePaths: "', 1)[-1].rstrip('"\n').split(";")
    return any(f"/{path}/".startswith(f"{read}/") for path in paths for read in reads)


def is_source(path: str) -> bool:
    """Say whether a file is written by people: neither generated nor an approval."""
    return not layout.is_generated(path) and not path.startswith(f"{layout.APPROVALS}/")


def may_touch_all(files: Collection[Touched]) -> bool:
    """Say whether a change may touch every tenant: by platform.yaml, by base/, or by another tenantry."""
    shared = any(file.path == layout.PLATFORM or file.path.startswith(f"{layout.BASE}/") for file in files)
    return shared or raises_tenantry(file.path for file in files)


def raises_tenantry(paths: Iterable[str]) -> bool:
    """Say whether a change brings another tenantry: what the pipelines install, or how they do it."""
    return any(path.partition("/")[0] == layout.PINS for path in paths)


def digest_of(sources: Collection[Touched]) -> str:
    """Name a change: sha256 over its own source files, each with its blob before and after.

    Args:
        sources: The files; approvals and generated files are not among them.
    """
    lines = "".join(f"{source.path}\0{source.before}\0{source.after}\n" for source in sorted(sources))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()
