"""Who waits at a terminal is told that something goes on."""

import os
import pty
import subprocess
import sys
from typing import Final

import pytest

WAITS: Final = """
import time, click
from generator.cli import progress
with progress.shown():
    time.sleep(2.5)
    click.echo("done", err=True)
    time.sleep(1.2)
"""


def said(*, terminal: bool) -> bytes:
    """Run what takes a while with stderr on a terminal or in a pipe, and return what stands there in the end."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    environment = {**os.environ, "TERM": "xterm"}
    subprocess.run([sys.executable, "-c", WAITS], stderr=theirs, env=environment, check=True)
    os.close(theirs)
    try:
        return os.read(ours, 10_000)
    finally:
        os.close(ours)


@pytest.mark.slow
def test_a_terminal_shows_the_seconds_until_something_is_printed() -> None:
    """The line is cleared before that, and does not come back."""
    *shown, last = said(terminal=True).split(b"\r\x1b[2K")

    assert shown[:2] == [b"", b"tenantry: 1 s"]
    assert last == b"done\r\n"


@pytest.mark.slow
def test_a_pipe_holds_nothing_of_it() -> None:
    """What is read by a program is what the verb says."""
    assert said(terminal=False) == b"done\n"
