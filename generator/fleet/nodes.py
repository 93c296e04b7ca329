"""The nodes of platform.yaml as a record, and what a schema cannot say of them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from generator.findings.finding import Finding
from generator.findings.table import finding
from generator.fleet.infrastructure import NodePool, Nodes, PodGroup
from generator.reading import quantity
from generator.reading.schema import Path, dotted
from generator.reading.yaml_reader import Document


def read(data: Mapping[str, Any]) -> Nodes | None:
    """Return what tenants run on.

    Args:
        data: platform.yaml with its defaults, after `problems` found none.
    """
    if "nodes" not in data:
        return None
    platform = data["platformPods"]
    return Nodes(
        pools=tuple(_pool(pool) for pool in data["nodes"]),
        on_each=_group(platform["perNode"]),
        in_all={name: _group(pods) for name, pods in platform["inAll"].items()},
        allowed_overcommit=data.get("allowedOvercommit"),
    )


def _pool(data: Mapping[str, Any]) -> NodePool:
    least, most = _count(data)
    return NodePool(
        name=data["pool"],
        least=least,
        most=most,
        zones=tuple(data.get("zones", ())),
        cpu=quantity.millicores(data["cpu"]) - quantity.millicores(data["reserved"]["cpu"]),
        memory=quantity.octets(data["memory"]) - quantity.octets(data["reserved"]["memory"]),
        pods=data["maxPods"],
    )


def _count(pool: Mapping[str, Any]) -> tuple[int, int]:
    count = pool["count"]
    return (count["min"], count["max"]) if isinstance(count, Mapping) else (count, count)


def _group(data: Mapping[str, Any]) -> PodGroup:
    cpu, memory = quantity.millicores(data["cpu"]), quantity.octets(data["memory"])
    return PodGroup(pods=data["pods"], cpu=cpu, memory=memory)


def problems(document: Document) -> Iterator[Finding]:
    """Yield what is wrong with the nodes: two pools of one name, more reserved than there is, a range upside down."""
    seen: set[str] = set()
    for index, pool in enumerate(document.data.get("nodes", ())):
        here: Path = ("nodes", index)
        if pool["pool"] in seen:
            fact = f"there are two pools {pool['pool']!r}"
            yield finding("PLT001", document.place((*here, "pool")), fact, "give one of them another name")
        seen.add(pool["pool"])
        least, most = _count(pool)
        if least > most:
            path: Path = (*here, "count", "min")
            fact = f"{dotted(path)}: {least} is more than max, {most}"
            yield finding("PLT001", document.place(path), fact, f"write {most} or less")
        for resource, kept in pool.get("reserved", {}).items():
            if quantity.amount(resource, kept) > quantity.amount(resource, pool[resource]):
                path = (*here, "reserved", resource)
                fact = f"{dotted(path)}: {kept} is more than the node has, {pool[resource]}"
                yield finding("PLT001", document.place(path), fact, f"write less than {pool[resource]}")
    for key in ("platformPods", "allowedOvercommit"):
        if key in document.data and "nodes" not in document.data:
            fact = f"{key}: it says something of nodes, and none are declared"
            yield finding("PLT001", document.place((key,), key=True), fact, f"declare `nodes`, or remove {key}")
