"""Programs that tests build once and keep outside the tree, in the user's cache."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]


def cache() -> Path:
    """Return the folder for what was built: `tenantry` in XDG_CACHE_HOME, by default ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenantry"


def built(name: str, command: Sequence[str], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Path:
    """Return the folder `name` of the cache; where it is missing, let a command fill it first.

    Several test processes may ask at once: one builds, the others wait. A build that fails leaves nothing.

    Args:
        name: The folder, which must name the version of everything in it.
        command: What fills it; "{}" in it stands for the folder to fill. Skips the test where its program is missing.
        cwd: Where the command runs.
        env: Variables on top of the present ones; "{}" as in the command.
    """
    folder = cache() / name
    if not folder.is_dir() and shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is missing, which builds {name}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{name}.") as work:
                made = Path(work) / "made"
                made.mkdir()
                subprocess.run(
                    ["nice", "-n", "15", *(part.replace("{}", str(made)) for part in command)],
                    cwd=cwd,
                    env={**os.environ, **{key: text.replace("{}", str(made)) for key, text in (env or {}).items()}},
                    check=True,
                )
                made.rename(folder)
    return folder


def oracle(name: str) -> Path:
    """Return the program of a module in tools/oracle, built of the present sources."""
    module = ROOT / "tools/oracle" / name
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(module.iterdir()))).hexdigest()
    command = ("go", "build", "-trimpath", "-o", f"{{}}/{name}", ".")
    return built(f"oracle-{name}-{sources[:12]}", command, cwd=module, env={"CGO_ENABLED": "0"}) / name
