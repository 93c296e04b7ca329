"""What a whole process costs: CPU with that of all processes it waited for, wall time, and the peak of memory."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one process cost.

    Attributes:
        cpu: Seconds of CPU, user and system, of it and of its children.
        wall: Seconds until it ended.
        peak: Bytes that the largest of these processes had in memory at once.
    """

    cpu: float
    wall: float
    peak: int

    def times(self, factor: float) -> "Spent":
        """Return what so many times the work costs, where cost is linear and memory is not kept."""
        return Spent(cpu=self.cpu * factor, wall=self.wall * factor, peak=self.peak)

    def further(self, double: "Spent", factor: float) -> "Spent":
        """Return what so many times the work costs, by the cost of the double: what is paid once counts once."""
        more = max(0.0, factor - 1)
        return Spent(
            cpu=self.cpu + (double.cpu - self.cpu) * more,
            wall=self.wall + (double.wall - self.wall) * more,
            peak=double.peak,
        )

    def as_json(self) -> Mapping[str, float]:
        """Return it as it stands in results.json."""
        return {"cpu": round(self.cpu, 3), "wall": round(self.wall, 3), "peakMiB": round(self.peak / _MIB, 1)}


_MIB: Final = 1 << 20


class FailedError(Exception):
    """A process did not end as it must, so that what it cost says nothing."""


def run(command: Sequence[str], *, folder: Path, stdin: bytes = b"", exits: Sequence[int] = (0,)) -> Spent:
    """Run a process to its end.

    Args:
        command: What to run.
        folder: Where.
        stdin: What it reads.
        exits: How it may end.

    Raises:
        FailedError: It ended otherwise.
    """
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(stdin)
        process.stdin.close()
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode not in exits:
        raise FailedError(f"{' '.join(command)} ended with {process.returncode}: {said.decode()[-2000:]}")
    return Spent(cpu=usage.ru_utime + usage.ru_stime, wall=wall, peak=usage.ru_maxrss * _MAXRSS)


_MAXRSS: Final = 1024
"""Linux counts ru_maxrss in KiB."""


def medians(taken: Sequence[Spent]) -> Spent:
    """Return the median of each figure of several runs."""
    return Spent(
        cpu=median(spent.cpu for spent in taken),
        wall=median(spent.wall for spent in taken),
        peak=max(spent.peak for spent in taken),
    )
