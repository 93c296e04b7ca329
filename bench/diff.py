"""Measure `diff` as the fleet grows.

    python -m bench.diff [TENANTS...]

Prints CPU seconds, kustomize's among them, for a change of one tenant and for a change of base/ that hits every
tenant, and how long the comment for the pull request is. The repository has this checkout's platform.yaml and base/.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from generator.diff.compare import compare
from generator.diff.formats import show

ROOT = Path(__file__).parent.parent
PLANS = ("bronze", "bronze", "silver", "gold")


def repository(folder: Path, tenants: int) -> None:
    """Make a repository with one commit; every fifth tenant has the add-on."""
    shutil.copy(ROOT / "platform.yaml", folder)
    shutil.copytree(ROOT / "base", folder / "base")
    (folder / "tenants").mkdir()
    for number in range(tenants):
        name = f"tenant-{number:06}"
        addons = "[chatbot]" if number % 5 == 0 else "[]"
        text = f"name: {name}\nplan: {PLANS[number % len(PLANS)]}\naddons: {addons}\n"
        (folder / "tenants" / f"{name}.yaml").write_text(text, encoding="utf-8")
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "start"]):
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def seconds() -> float:
    """Return the CPU seconds of this process and of those that it waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


@contextlib.contextmanager
def edited(file: Path, old: str, new: str) -> Iterator[None]:
    """Change a file for a while."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    yield
    file.write_text(text, encoding="utf-8")


def measure(folder: Path, what: str) -> None:
    """Print what one diff of the work tree takes."""
    start, wall = seconds(), time.perf_counter()
    difference = compare(folder, "HEAD")
    comment = show(difference, "markdown")
    spent, waited = seconds() - start, time.perf_counter() - wall
    tenants = len({owner.name for group in difference.groups for owner in group.owners})
    print(f"  {what}: {spent:.2f} CPU s, {waited:.2f} s, {tenants} tenants, {len(comment)} characters")


def main() -> None:
    """Measure every fleet that was asked for."""
    for tenants in [int(argument) for argument in sys.argv[1:]] or [100, 1000]:
        with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as temporary:
            folder = Path(temporary)
            repository(folder, tenants)
            print(f"{tenants} tenants")
            with edited(folder / "tenants/tenant-000001.yaml", "bronze", "silver"):
                measure(folder, "one tenant's plan")
            with edited(folder / "base/edge/core/fileserver.yaml", "minReadySeconds: ", "minReadySeconds: 1"):
                measure(folder, "a change of base/")


if __name__ == "__main__":
    main()
