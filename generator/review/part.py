"""The part of a repository that a change can reach, where it edits nothing but single companies.

Whatever such a change does not reach is as it was before it, and what stands before a change was proved when it came.
So of all other companies their tenant files are read, because names, hosts and nodes are shared, and of what was
generated for them a sample is looked at. Pure.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from generator import layout
from generator.fleet.load import is_plain_path
from generator.fleet.model import Fleet
from generator.git import attributes
from generator.git.snapshot import Snapshot
from generator.git.trees import Touched
from generator.review.blast_radius import raises_tenantry

_SAMPLE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The companies that a change reaches.

    Attributes:
        names: Those of whom a file differs: their own, or one that was generated for them.
        turn: Chooses the sample of the others.
    """

    names: frozenset[str]
    turn: int

    def judged(self, fleet: Fleet) -> tuple[str, ...]:
        """Return the tenants that are verified: those that the change reaches, and a sample of the others."""
        return in_full(self.names, fleet, self.turn)

    def looked_at(self, fleet: Fleet) -> frozenset[str]:
        """Return the names of all whose generated files are looked at, those that are gone included."""
        return self.names.union(self.judged(fleet))

    def holds(self, snapshot: Snapshot) -> bool:
        """Say whether every company whose generated files were left out has a tenant file."""
        there = {layout.stem(path) for path in snapshot.under(layout.TENANTS) if layout.is_tenant_file(path)}
        return {layout.tenant_of(path) for path in snapshot.left_out} <= there


def part_of(files: Collection[Touched], digest: str) -> Part | None:
    """Return the part that a change can reach; None where it edits anything that companies share.

    Args:
        files: What differs.
        digest: Names the change.
    """
    if raises_tenantry(file.path for file in files):
        return None
    names = set()
    for path in (file.path for file in files):
        owner = layout.tenant_of(path)
        if layout.is_tenant_file(path) and is_plain_path(path):
            names.add(layout.stem(path))
        elif owner is not None:
            names.add(owner)
        elif path.rpartition("/")[2] == attributes.FILE or _is_shared(path):
            return None
    return Part(names=frozenset(names), turn=int(digest[:8], 16))


def _is_shared(path: str) -> bool:
    return layout.is_own(path) and not path.startswith(f"{layout.APPROVALS}/")


def in_full(names: Collection[str], fleet: Fleet, turn: int) -> tuple[str, ...]:
    """Return the tenants that are verified: those with these names, and a sample of the others.

    Args:
        names: Those that a change touches; some may be gone.
        fleet: All tenants.
        turn: Chooses the sample.
    """
    touched = frozenset(names)
    others = [tenant.name for tenant in fleet.tenants if tenant.name not in touched]
    step = max(1, len(others) // _SAMPLE)
    return (
        *(tenant.name for tenant in fleet.tenants if tenant.name in touched),
        *others[turn % step :: step][:_SAMPLE],
    )
