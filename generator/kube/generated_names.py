"""Names of what kustomize generates: with a hash of the content behind them, so that a change is a new object."""

import re
from typing import Final

_HASH: Final = re.compile(r"(?<=.)-[2456789bcdfghkmt]{10}$")


def without_hash(name: str) -> str:
    """Return a name as base/ writes it."""
    return _HASH.sub("", name)
