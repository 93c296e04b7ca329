"""Rules, by family: each has its words at the function that checks it, and `every` knows them all."""

from collections.abc import Mapping

from generator.findings.rule import Rule


def known() -> Mapping[str, Rule]:
    """Return every rule by its id; what checks them is imported by the first who asks, and many verbs never do."""
    from generator.rules.every import RULES  # noqa: PLC0415 -- a fifth of a second

    return RULES
