"""A git server over HTTP on loopback: git's own `http-backend`, and webhooks that a test can switch."""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.ports import HOST, free_ports
from tests.cluster.processes import Processes
from tests.cluster.tools import Tools

_HOOK = Path(__file__).with_name("post_receive.py")


class GitServer:
    """A server of bare repositories.

    Args:
        folder: for the repositories.
        tools: the binary.
        processes: to which the server is added.
    """

    def __init__(self, folder: Path, tools: Tools, processes: Processes) -> None:
        self._root = folder / "git"
        self._tools = tools
        self._processes = processes
        [self._port] = free_ports(1)

    def start(self) -> None:
        """Serve the repositories: none at first, and all that there were when it is started again."""
        self._root.mkdir(exist_ok=True)
        command = ("git-server", f"--address={HOST}:{self._port}", f"--root={self._root}")
        self._processes.start("git-server", self._tools.binary, *command)

    def create(self, name: str, webhooks: Sequence[str] = ()) -> "Repository":
        """Create an empty repository that tells these URLs of every push."""
        path = self._root / f"{name}.git"
        git("init", "--quiet", "--bare", "--initial-branch=main", str(path))
        repository = Repository(path, f"http://{HOST}:{self._port}/{path.name}", self._processes.log("webhooks"))
        repository.send_webhooks(webhooks)
        return repository


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository on the server.

    Attributes:
        path: its folder on the server's side.
        url: its address, for clones, pushes and Argo CD.
        log: where the hook writes what became of each webhook.
    """

    path: Path
    url: str
    log: Path

    def send_webhooks(self, receivers: Sequence[str]) -> None:
        """From now on tell these URLs of every push, in the words of a GitHub push event. None of them: no webhooks."""
        hook = self.path / "hooks" / "post-receive"
        hook.unlink(missing_ok=True)
        if receivers:
            words = (sys.executable, str(_HOOK), self.url, *receivers)
            hook.write_text(f"#!/bin/sh\nexec {shlex.join(words)} 2>>{shlex.quote(str(self.log))}\n")
            hook.chmod(0o755)

    def clone(self, folder: Path) -> "Clone":
        """Clone the repository into that folder, which need not exist."""
        git("clone", "--quiet", self.url, str(folder))
        return Clone(folder)


class Clone:
    """A clone in which a test works."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def push(self, message: str) -> None:
        """Commit whatever has changed, and push it."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "origin", "HEAD:main")

    def git(self, *arguments: str) -> str:
        """Run git in the clone and return what it printed."""
        return git("-C", str(self.folder), *arguments)


def git(*arguments: str) -> str:
    """Run git and return what it printed."""
    done = subprocess.run(["git", *arguments], env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"git {' '.join(arguments)}: {done.stderr.strip()}"
        raise RuntimeError(msg)
    return done.stdout


def environment() -> dict[str, str]:
    """Return an environment for git, and what calls it, untouched by the settings of whoever runs the tests."""
    rest = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {
        **rest,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "tests",
        "GIT_AUTHOR_EMAIL": "tests@example.invalid",
        "GIT_COMMITTER_NAME": "tests",
        "GIT_COMMITTER_EMAIL": "tests@example.invalid",
    }
