"""The records of what a provider runs companies on, and of what that costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePool:
    """Equal nodes that tenants run on.

    Attributes:
        name: As in platform.yaml.
        least, most: How many there are always, and how many there may be; the same where nothing scales them.
        zones: Names of the zones over which they are spread evenly; empty when none are told.
        cpu: Millicores that a node gives to pods: its own less what is reserved.
        memory: Bytes that it gives to pods.
        pods: Pods that it takes.
    """

    name: str
    least: int
    most: int
    zones: tuple[str, ...]
    cpu: int
    memory: int
    pods: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PodGroup:
    """Pods that request the same.

    Attributes:
        pods: How many.
        cpu: Millicores that each of them requests.
        memory: Bytes that each of them requests.
    """

    pods: int
    cpu: int
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """What tenants run on, and what the platform itself takes of it.

    Attributes:
        pools: The pools; the first is the one that grows.
        on_each: How many pods of the platform run on each node, and what they request together.
        in_all: What else the platform runs, by name.
        allowed_overcommit: How many times what the nodes have may be sold; None for any.
    """

    pools: tuple[NodePool, ...]
    on_each: PodGroup
    in_all: Mapping[str, PodGroup]
    allowed_overcommit: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What something costs that nothing here measures.

    Attributes:
        price: Of one unit.
        units: How many of them a tenant uses a month, as declared.
        addon: Name of the add-on whose tenants use it; empty for all tenants.
    """

    price: Fraction
    units: Fraction
    addon: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What the provider pays a month; None and what is missing are left out of the sum.

    Attributes:
        currency: ISO 4217 code.
        nodes: Of a node, by its pool.
        own_node: Of the node that a tenant would have for itself.
        storage, backup: Of a Gi of a volume.
        egress, tokens: What is used and not measured.
    """

    currency: str
    nodes: Mapping[str, Fraction]
    own_node: Fraction | None
    storage: Fraction | None
    backup: Fraction | None
    egress: Usage | None
    tokens: Usage | None
