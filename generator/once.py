"""What was worked out of a record stays with the record: whoever asks again gets the same, and it goes when that goes.

A record is the same from the beginning of a run to its end, so what follows from it is the same as well. Nothing that
is kept here outlives its record, and so nothing grows from run to run.
"""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

Worked = dict[tuple[Hashable, ...], Any]
"""A function and its other arguments -> what it returned."""


class Keeps(Protocol):
    """A record with a place for what was worked out of it."""

    @property
    def worked(self) -> Worked:
        """Empty at first; the record is equal to another whatever it holds."""


Function = TypeVar("Function", bound=Callable[..., Any])


def once(function: Function) -> Function:
    """Let a function of a record, and of other arguments by their position, do its work once for each.

    What raises is not kept.

    Args:
        function: Its first argument is the record; the others are hashable. What it returns is everybody's: nobody
            takes from it.
    """

    @wraps(function)
    def kept(record: Keeps, *others: Hashable) -> Any:
        key = (function, *others)
        if key not in record.worked:
            record.worked[key] = function(record, *others)
        return record.worked[key]

    return cast("Function", kept)
