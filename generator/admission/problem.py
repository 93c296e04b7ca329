"""What the API server would refuse in one object, and the value of a type that is looked at for it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.reading.schema import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that the API server refuses.

    Attributes:
        path: Keys and indices that lead to it, from the top of the object.
        fact: What is the case there, one sentence without a full stop.
        hint: What to do about it.
    """

    path: Path
    fact: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A mapping of one type inside an object.

    Attributes:
        path: Where it stands in the object.
        data: The mapping.
        whole: The object.
    """

    path: Path
    data: Mapping[str, Any]
    whole: Mapping[str, Any]

    def problem(self, fact: str, *steps: str | int, hint: str = "") -> Problem:
        """Say what is wrong at a place below this part."""
        return Problem((*self.path, *steps), fact, hint)

    def below(self, data: Mapping[str, Any], *steps: str | int) -> "Part":
        """Return a part of this part."""
        return Part((*self.path, *steps), data, self.whole)


Check = Callable[[Part], Iterator[Problem]]
"""Says what is wrong with a part of one type."""
