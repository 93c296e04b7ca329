"""What `verify` may say that it proved, in numbers, and what no text of a manifest can prove."""

from dataclasses import dataclass

from generator.proofs import escape, isolation, quota
from generator.reachability.proof import LEFT_TO_THE_PLUGIN
from generator.render.rendered import Repository

__all__ = ["LEFT_TO_THE_PLUGIN", "Proved", "of_the_repository"]


@dataclass(frozen=True, slots=True)
class Proved:
    """One promise.

    Attributes:
        name: `isolation`, `quota` or `escape`.
        proved: For how many it holds.
        of: How many there are.
        unit: `pairs` of tenants, or `tenants`.
    """

    name: str
    proved: int
    of: int
    unit: str


def of_the_repository(repository: Repository) -> tuple[Proved, ...]:
    """Count what holds, whatever platform.yaml makes of the rules: a weakened rule proves nothing.

    Args:
        repository: The rendered tenants; only what was rendered can be proved.
    """
    tenants = repository.tenants
    pairs = tenants * (tenants - 1)
    within = sum(item.represents for item in repository.of_classes if quota.of_tenant(item).holds)
    contained = escape.prove_containment(repository.rendered).proved
    contained += sum(map(escape.contained, repository.representatives))
    return (
        Proved("isolation", isolation.prove(repository).proved, pairs, "pairs"),
        Proved("quota", within, tenants, "tenants"),
        Proved("escape", contained, tenants, "tenants"),
    )
