"""Progress on a terminal: from the second second on, one line says how long a verb has been at work.

The line goes before anything else is printed, and nothing comes after that: whoever prints is not silent any more.
"""

import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

_CLEAR: Final = "\r\x1b[2K"


@contextmanager
def shown() -> Iterator[None]:
    """Show progress on stderr while the block runs and prints nothing; never where stderr is no terminal."""
    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
    if sys.stderr not in streams or not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield
        return
    line = _Line(sys.stderr)
    for stream in streams:
        setattr(stream, "write", line.ended_by(stream.write))  # noqa: B010 -- mypy takes a method for read-only
    threading.Thread(target=line.show, daemon=True).start()
    try:
        yield
    finally:
        line.end()
        for stream in streams:
            del stream.write  # the stream's own comes back


class _Line:
    """One line on a terminal that says how many seconds have passed, until it is ended."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream, self._write = stream, stream.write
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._seconds = 0

    def show(self) -> None:
        while not self._over.wait(1):
            with self._lock:
                if not self._over.is_set():
                    self._seconds += 1
                    self._write(f"{_CLEAR}tenantry: {self._seconds} s")
                    self._stream.flush()

    def end(self) -> None:
        with self._lock:
            if not self._over.is_set() and self._seconds:
                self._write(_CLEAR)
                self._stream.flush()
            self._over.set()

    def ended_by(self, write: Callable[[str], int]) -> Callable[[str], Any]:
        def ended(text: str) -> int:
            self.end()
            return write(text)

        return ended
