"""Waiting for what a cluster does in its own time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(what: str, condition: Callable[[], T | None], *, seconds: float, every: float = 0.1) -> T:
    """Return the first true value of the condition.

    Args:
        what: is waited for, in words, for the message of the error.
        condition: is asked again and again.
        seconds: how long to ask.
        every: how many seconds to rest between two questions; more where the question is too slow.

    Raises:
        TimeoutError: the condition has not been true in that time.
    """
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            msg = f"not seen in {seconds:g} s: {what}"
            raise TimeoutError(msg)
        time.sleep(every)
    return value
