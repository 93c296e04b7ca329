"""The offline ApplicationSet expander: what Argo CD makes of the committed sets and entries."""

from generator.applicationset.expand import (
    RESERVED_KEYS,
    Effect,
    Expansion,
    Generated,
    Problem,
    expand,
    expand_all,
    stored_size,
)
from generator.applicationset.globbing import Globbing

__all__ = [
    "RESERVED_KEYS",
    "Effect",
    "Expansion",
    "Generated",
    "Globbing",
    "Problem",
    "expand",
    "expand_all",
    "stored_size",
]
