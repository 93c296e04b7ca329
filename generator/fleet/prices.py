"""The prices of platform.yaml as a record, exactly as they are written, and what a schema cannot say of them. Pure."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from generator.findings.finding import Finding
from generator.findings.table import finding
from generator.findings.words import did_you_mean
from generator.fleet.infrastructure import Prices, Usage
from generator.reading.schema import Path, dotted
from generator.reading.yaml_reader import Document


def amount(value: Any) -> Fraction | None:
    """Return an amount of money as it is written, 0.1 being a tenth; None for none."""
    return None if value is None else Fraction(str(value))


def read(data: Mapping[str, Any]) -> Prices | None:
    """Return what the provider pays.

    Args:
        data: platform.yaml with its defaults, after `problems` found none.
    """
    prices = data.get("prices")
    if prices is None:
        return None
    egress, tokens = prices.get("egress"), prices.get("tokens")
    return Prices(
        currency=prices["currency"],
        nodes={pool: Fraction(str(price)) for pool, price in prices["nodes"].items()},
        own_node=amount(prices.get("ownNode")),
        storage=amount(prices.get("storage")),
        backup=amount(prices.get("backup")),
        egress=egress and _usage(egress["perGi"], egress["giPerTenant"]),
        tokens=tokens and _usage(tokens["perMillion"], tokens["millionsPerTenant"], tokens["addon"]),
    )


def _usage(price: Any, units: Any, addon: str = "") -> Usage:
    return Usage(price=Fraction(str(price)), units=Fraction(str(units)), addon=addon)


def problems(document: Document) -> Iterator[Finding]:
    """Yield prices of what is not declared: a pool, an add-on."""
    prices = document.data.get("prices", {})
    pools = [pool["pool"] for pool in document.data.get("nodes", ())]
    for pool in prices.get("nodes", {}):
        if pool not in pools:
            yield _unknown(document, ("prices", "nodes", pool), f"there is no pool {pool!r}", pools, key=True)
    addon = prices.get("tokens", {}).get("addon")
    addons = document.data.get("addons", {})
    if addon is not None and addon not in addons:
        yield _unknown(document, ("prices", "tokens", "addon"), f"there is no add-on {addon!r}", addons, key=False)


def _unknown(document: Document, path: Path, fact: str, choices: Any, *, key: bool) -> Finding:
    hint = did_you_mean(path[-1] if key else document.data["prices"]["tokens"]["addon"], choices)
    hint = hint or "declare it first, or remove its price"
    return finding("PLT001", document.place(path, key=key), f"{dotted(path)}: {fact}", hint)
