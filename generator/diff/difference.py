"""What was found, before it is put into words."""

from dataclasses import dataclass
from typing import Final

from generator.capacity.shift import Shift
from generator.diff.effects import APPLICATION, PROJECT
from generator.diff.groups import Group
from generator.diff.selectors import Universe
from generator.kube.fate import Fate

WORK_TREE: Final = "work tree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How the renders of two states differ.

    Attributes:
        before: Id of the commit before.
        after: Id of the commit after, or `WORK_TREE`.
        fleet: How many tenants there are in either of the two.
        groups: All that differs.
        tenants: What selectors may speak of.
        shards: The names of all shards.
        retaining: The storage classes whose volumes outlive their claims, as platform.yaml declares them.
        capacity: What becomes of the room on the nodes; None when none are declared.
    """

    before: str
    after: str
    fleet: int
    groups: tuple[Group, ...]
    tenants: Universe
    shards: tuple[str, ...]
    retaining: tuple[str, ...] = ()
    capacity: Shift | None = None

    def synced(self, *, paused: bool) -> tuple[str, ...]:
        """Return the tenants that stay, of which an object differs that their own Application brings, and can.

        Args:
            paused: Whether those that are paused are asked for, or those that are not; both sorted.
        """
        names: set[str] = set()
        refused: set[str] = set()
        for group in self.groups:
            stay = {
                owner.name
                for owner in group.owners
                if owner.kind == "tenant" and not owner.coming and not owner.leaving and owner.paused is paused
            }
            if any(item.kind not in (APPLICATION, PROJECT) for item in group.items):
                names |= stay
            if any(item.fate is Fate.REFUSED for item in group.items):
                refused |= stay
        return tuple(sorted(names - refused))
