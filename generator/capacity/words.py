"""What capacity says: sentences, tables and data. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from generator.capacity.load import LEVELS, Companies, Level, Levels
from generator.capacity.room import Lost, Room
from generator.findings.words import plural
from generator.fleet.infrastructure import NodePool
from generator.reading import quantity


def levels_of(name: str, levels: Levels) -> Mapping[str, Any]:
    """Return one row: a company, or all of them, at the three levels."""
    row: dict[str, Any] = {"company": name}
    for level in LEVELS:
        cpu, memory, pods = levels.requested(level)
        row[level] = f"{plural(pods, 'pod')}, {quantity.cpu_text(cpu)} CPU, {memory_text(memory)}"
    return row


def memory_text(value: int) -> str:
    """Write bytes in Gi, with a decimal where they are no whole number of them."""
    return f"{value / 1024**3:.4g}Gi" if value >= 1024**3 or not value else quantity.bytes_text(value)


def pool_text(pool: NodePool) -> str:
    """Say what a pool is."""
    number = plural(pool.most, "node") if pool.least == pool.most else f"{pool.least} to {pool.most} nodes"
    zones = f", zones {', '.join(pool.zones)}" if pool.zones else ""
    gives = f"{quantity.cpu_text(pool.cpu)} CPU, {memory_text(pool.memory)} and {pool.pods} pods each"
    return f"pool {pool.name}: {number}, {gives}{zones}"


def verdicts(room: Room) -> Iterator[str]:
    """Say what the nodes answer, one sentence each."""
    yield from (pool_text(pool) for pool in room.nodes.pools)
    has = f"{quantity.cpu_text(max(0, room.available_cpu))} CPU, {memory_text(max(0, room.available_memory))}"
    yield f"for companies: {has} and {plural(max(0, room.places), 'pod')}, the platform's own taken off"
    yield judged(room)
    for level in LEVELS:
        if level != "guaranteed":
            yield f"{_NAMES[level]}: {_fits(room.unplaced[level], room.companies.levels.at(level).count)}"
    yield needed(room)
    yield oversold(room)
    yield from (lost_text(lost) for lost in room.lost)


_NAMES: Mapping[Level, str] = {
    "guaranteed": "guaranteed",
    "maximum": "every autoscaler at its maximum at once",
    "quota": "every quota used up at once",
}


def judged(room: Room) -> str:
    """Say whether what always runs, and a roll-out, fits: this is what refuses."""
    guaranteed = room.companies.levels.guaranteed.count
    surge = room.companies.surges[room.ring].count if room.ring else 0
    of_ring = f" and {surge} of a roll-out of ring {room.ring}" if surge else ""
    return f"guaranteed{of_ring}: {_fits(room.unplaced['guaranteed'], guaranteed + surge)}"


def _fits(unplaced: int, pods: int) -> str:
    if unplaced > pods:  # the platform's own are placed first
        return f"none of {plural(pods, 'pod')} finds a place, nor do all of the platform's"
    if unplaced:
        return f"{unplaced} of {plural(pods, 'pod')} {_find(unplaced)} no place"
    return "1 pod fits" if pods == 1 else f"{pods} pods fit"


def _find(pods: int) -> str:
    return "finds" if pods == 1 else "find"


def needed(room: Room) -> str:
    """Say how many nodes of the growing pool are needed."""
    pool = room.growing
    if room.needed is None:
        return f"no number of nodes of pool {pool.name} is enough: a pod is larger than a node"
    if room.needed <= pool.most:
        return f"needs {room.needed} of the {plural(pool.most, 'node')} of pool {pool.name}"
    return f"needs {plural(room.needed - pool.most, 'more node')} of pool {pool.name}"


def oversold(room: Room) -> str:
    """Say how many times what is there is sold."""
    cpu, memory = room.overcommit
    if math.inf in (cpu, memory):
        return "the platform's own pods leave nothing of the nodes to be sold"
    allowed = room.nodes.allowed_overcommit
    bound = "no bound is declared" if allowed is None else f"{allowed:g} are allowed"
    return f"sold {cpu:.2f} times the CPU and {memory:.2f} times the memory; {bound}"


def lost_text(lost: Lost) -> str:
    """Say what a lost node or zone leaves."""
    return f"without {lost.name}: {'what always runs fits' if not lost.unplaced else _short(lost.unplaced)}"


def _short(unplaced: int) -> str:
    return f"{plural(unplaced, 'pod')} of what always runs {_find(unplaced)} no place"


def more_text(plan: str, number: int | None) -> str:
    """Say how many more companies of a plan fit."""
    return f"{plan}: {'more than a cluster is tested with' if number is None else number}"


def as_data(
    companies: Companies, rows: Mapping[str, Levels], room: Room | None, more: Mapping[str, int | None]
) -> dict[str, Any]:
    """Return all of it as data; CPU in millicores, memory in bytes.

    Args:
        companies: The fleet.
        rows: Each company by its name.
        room: What the nodes answer; None without nodes.
        more: How many more companies of each plan fit.
    """
    data: dict[str, Any] = {
        "version": 1,
        "companies": companies.number,
        "fleet": _levels(companies.levels),
        "surges": {ring: _load(load.count, load.cpu, load.memory) for ring, load in companies.surges.items()},
        "each": {name: _levels(levels) for name, levels in rows.items()},
    }
    if room is None:
        return data
    cpu, memory = room.overcommit
    return data | {
        "fits": room.fits,
        "unplaced": dict(room.unplaced),
        "judgedWithRing": room.ring,
        "nodes": {pool.name: {"least": pool.least, "most": pool.most} for pool in room.nodes.pools},
        "needed": {"pool": room.growing.name, "nodes": room.needed},
        "available": _load(room.places, room.available_cpu, room.available_memory),
        "overcommit": {"cpu": _number(cpu), "memory": _number(memory), "allowed": room.nodes.allowed_overcommit},
        "without": {lost.name: {"fits": not lost.unplaced, "unplaced": lost.unplaced} for lost in room.lost},
        "more": dict(more),
    }


def _number(ratio: float) -> float | None:
    """Return a ratio as JSON has it, which knows no infinity."""
    return None if math.isinf(ratio) else round(ratio, 4)


def _levels(levels: Levels) -> dict[str, Any]:
    requested = {level: levels.requested(level) for level in LEVELS}
    return {level: _load(pods, cpu, memory) for level, (cpu, memory, pods) in requested.items()}


def _load(pods: int, cpu: int, memory: int) -> dict[str, int]:
    return {"pods": pods, "cpu": cpu, "memory": memory}


def shift(before: Room | None, after: Room) -> Sequence[str]:
    """Say what a change does to the room on the nodes; nothing when it does nothing."""
    if before is None:
        return (judged(after),)
    was, now = before.companies, after.companies
    if before == after:
        return ()
    pods = f"{was.levels.guaranteed.count} to {now.levels.guaranteed.count} pods always run"
    cpu = f"{quantity.cpu_text(was.levels.guaranteed.cpu)} to {quantity.cpu_text(now.levels.guaranteed.cpu)} CPU"
    sold = f"sold {before.overcommit[0]:.2f} to {after.overcommit[0]:.2f} times the CPU"
    if math.inf in (before.overcommit[0], after.overcommit[0]):
        sold = oversold(after)
    needed_before, needed_after = (
        "more than any number of" if level.needed is None else level.needed for level in (before, after)
    )
    nodes = f"{needed_before} to {needed_after} nodes needed of {after.growing.most}"
    return (f"{pods}, {cpu}; {nodes}; {sold}", *(() if before.fits and after.fits else (judged(after),)))
