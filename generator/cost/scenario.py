"""The seed's figures, worked out again, and for which mixes of plans each of them holds. Pure.

A hundred companies: a node each for $36 a month, or five nodes of 16 CPU for $300 a month. What the figures leave open
is the mix of plans, and how large the hundred small nodes are; so that is found out here and told.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from generator.fleet.model import Platform
from generator.reading import quantity

COMPANIES: Final = 100
OWN_NODE: Final = 36
NODES: Final = 5
NODE: Final = 300
NODE_CPU: Final = Fraction(16)
MONTHS: Final = 12
REQUESTS: Final = {"bronze": Fraction(1, 2), "silver": Fraction(2), "gold": Fraction(4)}
"""CPU that a plan requests: half of its limit."""

SAID_OF_FIVE: Final = Fraction(3, 4)
SAID_OF_OWN: Final = Fraction(3, 8)

Mix = tuple[int, int, int]
"""How many companies are on Bronze, Silver and Gold."""


def requests(mix: Mix) -> Fraction:
    """Return the CPU that the plans of a mix request together."""
    return sum((REQUESTS[plan] * number for plan, number in zip(REQUESTS, mix, strict=True)), Fraction())


def used(mix: Mix) -> Fraction:
    """Return which share of the five nodes a mix requests."""
    return requests(mix) / (NODES * NODE_CPU)


def mixes() -> Iterator[Mix]:
    """Yield every mix of a hundred companies."""
    for silver in range(COMPANIES + 1):
        for gold in range(COMPANIES - silver + 1):
            yield COMPANIES - silver - gold, silver, gold


def seed(platform: Platform) -> Iterator[str]:
    """Yield the seed's figures, each with what it holds for.

    Args:
        platform: Its own pods and prices say what changes when they count.
    """
    own, shared = COMPANIES * OWN_NODE * MONTHS, NODES * NODE * MONTHS
    exact = next(mix for mix in mixes() if mix[2] and used(mix) == SAID_OF_FIVE)
    fitting = [mix for mix in mixes() if used(mix) <= 1]
    well_used = [mix for mix in fitting if used(mix) >= SAID_OF_FIVE]
    small = requests(exact) / SAID_OF_OWN / COMPANIES
    yield f"node isolation: {COMPANIES} nodes x ${OWN_NODE} x {MONTHS} months = ${own:,} a year"
    yield f"namespace isolation: {NODES} nodes x ${NODE} x {MONTHS} months = ${shared:,} a year"
    yield (
        f"saved: {_per_cent(1 - Fraction(shared, own), 0)} (${own - shared:,}); for every mix of plans that fits the"
        f" five nodes, {len(fitting)} of {len(list(mixes()))}"
    )
    yield (
        f"utilisation of the five nodes: {_per_cent(used(exact))} for {_named(exact)}, whose plans request"
        f" {_cpu(requests(exact))} of {_cpu(NODES * NODE_CPU)} CPU; 75 % and more for {len(well_used)} of the mixes"
        f" that fit, {_named((85, 12, 3))} among them with {_per_cent(used((85, 12, 3)))}; no more than"
        f" {_per_cent(used((100, 0, 0)))} for {_named((100, 0, 0))}, and {_named((0, 100, 0))} would need"
        f" {_per_cent(used((0, 100, 0)), 0)}"
    )
    yield (
        f"utilisation with a node each: {_per_cent(SAID_OF_OWN)} for the same mix, when the hundred nodes have"
        f" {_cpu(COMPANIES * small)} CPU together, {_cpu(small)} each on average; of a hundred nodes of 2 CPU that mix"
        f" requests {_per_cent(requests(exact) / (2 * COMPANIES))}"
    )
    yield from _what_changes(platform, exact)


def _what_changes(platform: Platform, mix: Mix) -> Iterator[str]:
    """Say what storage, the platform's own pods and a node that dies do to these figures."""
    if platform.nodes:
        nodes = platform.nodes
        milli = nodes.on_each.cpu * NODES + sum(group.cpu * group.pods for group in nodes.in_all.values())
        own = Fraction(milli, 1000)
        whole = (requests(mix) + own) / (NODES * NODE_CPU)
        yield (
            f"with the platform's own pods, {quantity.cpu_text(milli)} CPU here: {_per_cent(whole)} of the five nodes"
            " are requested, and a node each would need its share of them a hundred times"
        )
    else:
        yield "the platform's own pods are left out: declare `nodes` and `platformPods`"
    yield (
        f"without one of the five nodes: {_per_cent(requests(mix) / ((NODES - 1) * NODE_CPU))} of the others, so"
        f" {_per_cent(Fraction(NODES - 1, NODES), 0)} of five is the most that survives it"
    )
    price = platform.prices.storage if platform.prices else None
    plans = [platform.plans.get(plan) for plan in REQUESTS]
    if price is None or None in plans:
        yield "storage is left out, and costs the same either way: declare prices.storage"
        return
    octets = sum(plan.storage * number for plan, number in zip(plans, mix, strict=True) if plan)
    year = Fraction(octets, 1024**3) * price * MONTHS
    apart, together = COMPANIES * OWN_NODE * MONTHS + year, NODES * NODE * MONTHS + year
    yield (
        f"with storage, {quantity.bytes_text(octets)} for {float(year):,.0f} a year either way:"
        f" {float(apart):,.0f} against {float(together):,.0f}, {_per_cent(1 - together / apart)} saved"
    )


def _named(mix: Mix) -> str:
    return f"{mix[0]} Bronze, {mix[1]} Silver, {mix[2]} Gold"


def _cpu(value: Fraction) -> str:
    return f"{float(value):g}"


def _per_cent(value: Fraction, digits: int = 1) -> str:
    text = f"{float(value * 100):.{digits}f}"
    return f"{text.removesuffix('.0')} %"
