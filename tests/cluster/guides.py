"""Commands of the guides, run as they stand there."""

import os
import re
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


def scripts_of(guide: str, heading: str) -> list[str]:
    """Return the blocks of commands below a heading of a guide, in order."""
    _, _, section = (_GUIDES / guide).read_text().partition(f"\n## {heading}\n")
    return re.findall(r"^```sh\n(.*?)^```$", section.partition("\n## ")[0], re.MULTILINE | re.DOTALL)


def run_script(cluster: Cluster, script: str, folder: Path) -> str:
    """Run a block of a guide in a folder, with the harness's kubectl on PATH, and return what it printed.

    Raises:
        CalledProcessError: a command of it failed.
    """
    kubectl = folder / "bin" / "kubectl"
    kubectl.parent.mkdir(exist_ok=True)
    kubectl.write_text(f'#!/bin/sh\nexec {cluster.tools.binary} kubectl "$@"\n')
    kubectl.chmod(0o755)
    variables = {
        **os.environ,
        "KUBECONFIG": str(cluster.kubeconfig),
        "PATH": f"{kubectl.parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = ["bash", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=variables, stdout=subprocess.PIPE, text=True, check=True).stdout
