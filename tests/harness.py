"""A tiny repository to try tenantry on: real files in a folder, real verbs, what they said and what they left."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import yaml
from click.testing import CliRunner

from generator.cli import run
from generator.reading import yaml_writer

ROOT: Final = Path(__file__).parents[1]
"""The checkout that is tested."""

Files = Mapping[str, bytes]
"""Path from the repository's root -> content; a symbolic link stands with its target."""

# Where a machine keeps no bytecode, each process that a test starts compiles all of tenantry again: half of its CPU.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_GIT: Final = {
    **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a verb ended, and what it said on each stream."""

    exit: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """Both streams, the data first."""
        return self.stdout + self.stderr


class Repository:
    """A repository on the disk.

    Args:
        root: Where it is. Where none is yet, one is made, with this checkout's platform.yaml and base/ and no tenant.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        if not (root / "platform.yaml").exists():
            (root / "tenants").mkdir(parents=True)
            shutil.copy(ROOT / "platform.yaml", root)
            shutil.copytree(ROOT / "base", root / "base")

    @classmethod
    def like_this_one(cls, folder: Path) -> Self:
        """Make a repository with all that this checkout commits for its companies, and commit it."""
        repository = cls(folder)
        for part in ("tenants", "overlays", "argocd"):
            shutil.copytree(ROOT / part, folder / part, dirs_exist_ok=True)
        repository.git("init", "--quiet")
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "--message", "start")
        return repository

    def tenant(self, name: str = "company-001", **keys: Any) -> Self:
        """Write the file of a tenant; its plan is bronze unless `plan` says otherwise."""
        data = {"name": name, "plan": "bronze"} | keys
        text = "".join(f"{key}: {yaml_writer.scalar(value)}\n" for key, value in data.items())
        return self.write(f"tenants/{name}.yaml", text)

    def write(self, file: str, content: str | bytes) -> Self:
        """Write a file, and the folders above it."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def edit(self, file: str, old: str, new: str) -> Self:
        """Replace the one place of a file where `old` stands."""
        text = self.read(file)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        return self.write(file, text.replace(old, new))

    def remove(self, file: str) -> Self:
        """Remove a file."""
        (self.root / file).unlink()
        return self

    def read(self, file: str) -> str:
        """Return what a file holds."""
        return (self.root / file).read_text(encoding="utf-8")

    def files(self) -> Files:
        """Return every file but git's own and those of base/."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            here = Path(folder)
            if here == self.root:
                folders[:] = [name for name in folders if name not in (".git", "base")]
            for path in (*(here / name for name in names), *(here / name for name in folders)):
                if path.is_symlink():
                    found[self._from_root(path)] = os.fsencode(path.readlink())
                elif path.is_file():
                    found[self._from_root(path)] = path.read_bytes()
        return found

    def _from_root(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def run(self, *arguments: str) -> Ran:
        """Run a verb inside this process, as if started in the repository's root."""
        with CliRunner().isolation() as (stdout, stderr, _):
            code = run(["-C", str(self.root), *arguments])
            return Ran(int(code), stdout.getvalue().decode(), stderr.getvalue().decode())

    def generate(self) -> Self:
        """Generate, and insist that it went well."""
        done = self.run("generate")
        assert done.exit == 0, done.said
        return self

    def render(self, name: str) -> list[dict[str, Any]]:
        """Return the objects that kustomize makes of a tenant's overlay."""
        done = self.run("render", name)
        assert done.exit == 0, done.said
        return list(yaml.safe_load_all(done.stdout))

    def git(self, *arguments: str) -> str:
        """Run git in the repository, untouched by the settings of whoever runs the tests, and return what it prints."""
        command = ["git", *arguments]
        return subprocess.run(
            command, cwd=self.root, env=environment(), check=True, capture_output=True, text=True
        ).stdout

    def may_fail(self, *arguments: str) -> bool:
        """Run git in the repository, and say whether it went well."""
        done = subprocess.run(["git", *arguments], cwd=self.root, env=environment(), check=False, capture_output=True)
        return done.returncode == 0


def environment() -> dict[str, str]:
    """Return this process's environment with a git that knows nothing of whoever runs the tests."""
    return dict(_GIT)
