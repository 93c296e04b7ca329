"""What rules on two commits look at: each tenant before and after a change, and what the change does to all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from generator.model import Platform, Tenant
from generator.rules.subject import Rendered
from generator.size import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One tenant before and after a change.

    Attributes:
        before, after: The tenant file's records.
        size_before, size_after: Its numbers.
        rendered_before, rendered_after: Its renders; None when one of them could not be made.
    """

    before: Tenant
    after: Tenant
    size_before: Size
    size_after: Size
    rendered_before: Rendered | None
    rendered_after: Rendered | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two states of the repository side by side.

    Attributes:
        commit: The commit of the state before, in full.
        before, after: The provider's numbers.
        tenants: Names of the tenants that the change touches, sorted.
        steps: Those of them that both states have.
        gone: Tenant files that the state after no longer has: path -> path of a new file with the same content, or
            empty.
        removals: Rendered objects that are there before and not after, as tenant and object, sorted.
    """

    commit: str
    before: Platform
    after: Platform
    tenants: tuple[str, ...]
    steps: tuple[Step, ...]
    gone: Mapping[str, str]
    removals: tuple[tuple[str, str], ...]
