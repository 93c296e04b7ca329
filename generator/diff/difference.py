"""What was found, before it is put into words."""

from dataclasses import dataclass
from typing import Final

from generator.diff.groups import Group
from generator.diff.selectors import Universe

WORK_TREE: Final = "work tree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How the renders of two states differ.

    Attributes:
        before: Id of the commit before.
        after: Id of the commit after, or `WORK_TREE`.
        fleet: How many tenants there are in either of the two.
        groups: All that differs.
        synced: Tenants that stay, of which an object differs, and which Argo CD syncs by itself; sorted.
        paused: The same, of which Argo CD syncs none by itself.
        tenants: What selectors may speak of.
        shards: The names of all shards.
    """

    before: str
    after: str
    fleet: int
    groups: tuple[Group, ...]
    synced: tuple[str, ...]
    paused: tuple[str, ...]
    tenants: Universe
    shards: tuple[str, ...]
