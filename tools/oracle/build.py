"""Build one of the Go tools beside this file and keep the program in the user's cache.

    python -m tools.oracle.build netpol

prints where it is. The cache is `${XDG_CACHE_HOME:-~/.cache}/tenantry/oracle`; the name of a program holds a
digest of its sources and of Go's version, so that a changed tool is built anew and an unchanged one never.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which

HERE = Path(__file__).resolve().parent


class UnavailableError(Exception):
    """The tool cannot be built here, through no fault of its code: no Go, or modules out of reach."""


def build(tool: str) -> Path:
    """Build a tool unless it is in the cache.

    Args:
        tool: Name of a folder beside this file that holds a Go module with a main package.

    Returns:
        The program.

    Raises:
        UnavailableError: Go is missing, or the modules cannot be downloaded.
        subprocess.CalledProcessError: The tool does not compile.
    """
    go = which("go")
    if go is None:
        raise UnavailableError("no `go` in PATH")
    folder = HERE / tool
    version = _run([go, "version"], folder).stdout
    program = _cache() / f"{tool}-{_digest(folder, version)}"
    if program.exists():
        return program
    fetched = _run([go, "mod", "download"], folder, check=False)
    if fetched.returncode:
        raise UnavailableError(f"Go modules of {tool} cannot be downloaded: {fetched.stderr.strip()}")
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
        built = Path(scratch) / tool
        _run([go, "build", "-trimpath", "-o", str(built), "."], folder)
        built.replace(program)
    return program


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenantry" / "oracle"


def _digest(folder: Path, version: str) -> str:
    digest = hashlib.sha256(version.encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _run(command: list[str], folder: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CGO_ENABLED": "0"}
    return subprocess.run(command, cwd=folder, env=environment, check=check, capture_output=True, text=True)


if __name__ == "__main__":
    print(build(sys.argv[1]))
