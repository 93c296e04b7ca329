"""Words that many messages need."""

from collections.abc import Iterable
from typing import Any


def plural(number: int, noun: str) -> str:
    """Write a number with its noun: `1 tenant`, `2 tenants`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def did_you_mean(word: Any, choices: Iterable[str]) -> str:
    """Return the hint for a misspelt word, or nothing when no choice is near."""
    import difflib  # noqa: PLC0415 -- for errors alone

    close = difflib.get_close_matches(str(word), list(choices), n=1)
    return f"did you mean {close[0]!r}?" if close else ""
