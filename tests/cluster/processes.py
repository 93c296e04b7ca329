"""Programs in the background: each in a session of its own, so that it can be ended with all that it has started."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

# Read by tools/cluster/confine.go.
PARENT_VARIABLE = "TENANTRY_CLUSTER_PARENT"


class ProgramEndedError(Exception):
    """A program ended by itself; the text has the end of its log."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that was started.

    Attributes:
        name: its name, and that of its log file.
        pid: its process id, which is also the id of its session.
        started: the kernel's start time of that process, by which a process id that was given again is told apart.
    """

    name: str
    pid: int
    started: int


class Processes:
    """The programs of one run. `programs.json` in its folder names them, for a later command to end them.

    Args:
        folder: for the logs and `programs.json`.
        outlive: whether they stay when this process ends. Otherwise they end with it, however it ends.
    """

    def __init__(self, folder: Path, *, outlive: bool = False) -> None:
        self.folder = folder
        self._outlive = outlive
        self._record = folder / "programs.json"
        self._programs: list[Program] = []
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        if self._record.exists():
            record = json.loads(self._record.read_text())
            if record["boot"] == _boot():  # else none of them runs any more, and their ids are others'
                self._programs = [Program(**fields) for fields in record["programs"]]

    def start(self, name: str, *command: str | Path, environment: Mapping[str, str] | None = None) -> None:
        """Start a program, with its output in `logs/NAME.log`.

        Args:
            name: unique among the programs that run.
            command: the program and its arguments.
            environment: what is added to this process' environment.
        """
        log = self.log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        variables = {**os.environ, **(environment or {})}
        if not self._outlive:
            variables[PARENT_VARIABLE] = str(os.getpid())
        with log.open("ab") as output:
            child = subprocess.Popen(
                [str(word) for word in command],
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children[child.pid] = child
        self._programs.append(Program(name=name, pid=child.pid, started=_start_time(child.pid) or 0))
        self._save()

    def log(self, name: str) -> Path:
        """Return the log file of the program of that name."""
        return self.folder / "logs" / f"{name}.log"

    def check(self) -> None:
        """Raise ProgramEndedError for the first program that has ended by itself."""
        for program in self._programs:
            if not self._runs(program):
                end = "\n".join(self.log(program.name).read_text(errors="replace").splitlines()[-15:])
                msg = f"{program.name} has ended, see {self.log(program.name)}:\n{end}"
                raise ProgramEndedError(msg)

    def stop(self, *names: str) -> None:
        """End the programs of these names, or all of them, with everything that they have started.

        They are killed: their data are thrown away or can be read again, so nothing is gained by asking.
        """
        ending = [program for program in self._programs if not names or program.name in names]
        for program in ending:
            if _start_time(program.pid) in {program.started, None}:  # None: it has ended, its children may not have
                _kill_session(program.pid)
            if child := self._children.pop(program.pid, None):
                child.wait()
        self._programs = [program for program in self._programs if program not in ending]
        self._save()

    def _runs(self, program: Program) -> bool:
        child = self._children.get(program.pid)
        return child.poll() is None if child else _start_time(program.pid) == program.started

    def _save(self) -> None:
        record = {"boot": _boot(), "programs": [asdict(program) for program in self._programs]}
        self._record.write_text(json.dumps(record, indent=1) + "\n")


def _in_session(leader: int) -> list[int]:
    """Return the ids of all processes in the session of that leader, whether it still runs or not."""
    return [pid for pid, fields in _processes() if int(fields[3]) == leader and fields[0] != "Z"]


def _kill_session(leader: int) -> None:
    while members := _in_session(leader):
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.01)


def _boot() -> str:
    """Return what tells this boot of the machine from the next."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _start_time(pid: int) -> int | None:
    try:
        return int(_fields(pid)[19])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _processes() -> Iterator[tuple[int, list[str]]]:
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                yield int(path.name), _fields(int(path.name))
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile


def _fields(pid: int) -> list[str]:
    """Return what proc(5) lists for `stat` from the third field (the state) on; the second may contain blanks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
