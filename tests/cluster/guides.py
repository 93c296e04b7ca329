"""Commands of the guides, run as they stand there."""

import subprocess
from pathlib import Path
from typing import Final

from tests.cluster.cluster import Cluster

_GUIDES: Final = Path(__file__).parents[2] / "docs" / "guides"


def command_of(guide: str, beginning: str) -> str:
    """Return the one command of a guide that begins so, as a shell reads it."""
    lines = [
        line.strip().removeprefix("$ ") for line in (_GUIDES / guide).read_text().replace("\\\n", " ").splitlines()
    ]
    [command] = [line for line in lines if line.startswith(beginning)]
    return command


def run(cluster: Cluster, command: str) -> str:
    """Run a command of a guide as a shell would, and return what it printed."""
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {command}"], capture_output=True, text=True, check=True)
    program, *arguments = words.stdout.removesuffix("\0").split("\0")
    assert program == "kubectl"
    return cluster.kube.kubectl(*arguments)
