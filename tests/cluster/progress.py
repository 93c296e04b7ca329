"""Telling a person how far something long has come."""

import sys
import time

_EVERY_SECONDS = 20


class Progress:
    """A line on standard error that changes on a terminal; elsewhere a line now and then."""

    def __init__(self) -> None:
        self._stream = sys.stderr
        self._topic = ""
        self._said_at = 0.0

    def __call__(self, text: str) -> None:
        """Say the text. Off a terminal only if the one before was about another topic (up to a colon), or long ago."""
        topic = text.partition(":")[0]
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{text}")
        elif topic != self._topic or time.monotonic() - self._said_at > _EVERY_SECONDS:
            self._stream.write(f"{text}\n")
            self._said_at = time.monotonic()
        self._topic = topic
        self._stream.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._topic and self._stream.isatty():
            self._stream.write("\r\x1b[K")
            self._stream.flush()
