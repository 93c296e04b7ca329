"""CAP: whether the companies fit the nodes that platform.yaml declares."""

from collections.abc import Iterator
from typing import Final

from generator.capacity import words
from generator.capacity.room import Room
from generator.capacity.shift import Shift
from generator.findings.finding import Found, Place, Severity
from generator.findings.words import plural
from generator.fleet.model import Platform
from generator.rules.compared import Compared
from generator.rules.rule import Per, rule

_SCHEDULING: Final = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"


@rule(
    "CAP012",
    per=Per.CHANGE,
    title="what always runs, and a roll-out of a ring, finds a place on the nodes",
    why="A pod without a place waits for ever: the company does not come up, or a roll-out stands still.",
    fix="Add nodes, or choose a smaller plan.",
    source=_SCHEDULING,
)
def companies_fit_the_nodes(compared: Compared) -> Iterator[Found]:
    """A change leaves no pod without a place; what had none before is told, and stops nobody."""
    change = compared.capacity
    if change is None or change.after.fits:
        return
    fact = f"on the nodes of {_pools(change.after)}, {words.judged(change.after)}"
    for found in _whose(compared, change, fact, _more_nodes(change.after)):
        yield found if change.is_worse else found.as_warning()


@rule(
    "CAP013",
    per=Per.CHANGE,
    severity=Severity.WARNING,
    title="what always runs finds a place without a node, or a zone",
    why="When a node dies its pods come back elsewhere only where there is room for them.",
    fix="Add nodes.",
    source="https://kubernetes.io/docs/concepts/architecture/nodes/",
)
def a_lost_node_leaves_room(compared: Compared) -> Iterator[Found]:
    """A change does not take the room in which the pods of a dead node come back."""
    change = compared.capacity
    if change is None or not change.after.fits:
        return
    before = {lost.name: lost.unplaced for lost in change.before.lost} if change.before else {}
    for lost in change.after.lost:
        if lost.unplaced > before.get(lost.name, 0):
            yield Found(_nodes(compared.after), words.lost_text(lost), f"add nodes to pool {change.after.growing.name}")


@rule(
    "CAP014",
    per=Per.CHANGE,
    title="no more of the nodes is sold than allowedOvercommit",
    why="When many companies use what they bought at once, pods wait for a place though every quota has room.",
    fix="Add nodes, choose a smaller plan, or raise allowedOvercommit.",
    source="tenantry: a quota is a ceiling and no reservation (docs/guides/capacity.md)",
)
def no_more_is_sold_than_allowed(compared: Compared) -> Iterator[Found]:
    """A change sells no more than the nodes have, so many times."""
    change = compared.capacity
    if change is None or not change.after.is_oversold:
        return
    allowed = change.after.nodes.allowed_overcommit
    hint = f"add nodes, choose a smaller plan, or raise allowedOvercommit: {allowed:g} in platform.yaml"
    for found in _whose(compared, change, words.oversold(change.after), hint):
        yield found if change.sells_more else found.as_warning()


def _whose(compared: Compared, change: Shift, fact: str, hint: str) -> Iterator[Found]:
    """Say it of each company that grows, or of the nodes where none does."""
    for tenant in change.grown:
        yield Found(tenant.document.place(("plan",)), fact, hint)
    if not change.grown:
        yield Found(_nodes(compared.after), fact, hint)


def _nodes(platform: Platform) -> Place:
    return platform.document.place(("nodes",), key=True)


def _pools(room: Room) -> str:
    return " and ".join(f"pool {pool.name} ({plural(pool.most, 'node')})" for pool in room.nodes.pools)


def _more_nodes(room: Room) -> str:
    pool = room.growing
    if room.needed is None:
        return f"no number of nodes of pool {pool.name} is enough: choose larger nodes, or smaller pods in base/"
    return (
        f"the fleet {words.needed(room)}: once they are there, write count: {room.needed} for it in platform.yaml, or"
        " choose a smaller plan"
    )
