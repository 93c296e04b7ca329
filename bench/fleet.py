"""Seeded fleets to measure on: the same companies for the same number, on every machine.

    python -m bench.fleet FOLDER TENANTS [--own-sizes]

The repository has this checkout's platform.yaml, base/ and argocd/platform/, and one commit with all that is generated.
"""

import argparse
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PLANS: Final = ("bronze", "bronze", "silver", "gold")
NAMES: Final = ("Harbour Logistics", "Atelier Lumière", "株式会社サンプル", "City Archive")


def tenant_files(tenants: int, *, own_sizes: bool) -> Mapping[str, str]:
    """Return the tenant files of a fleet by their names.

    Args:
        tenants: How many companies.
        own_sizes: Whether a tenth of them has a size of volume of its own.
    """
    chosen = random.Random(tenants)  # noqa: S311 -- a seeded fleet, no secret
    files = {}
    for number in range(tenants):
        name = f"tenant-{number:06}"
        lines = [f"name: {name}"]
        if not chosen.randrange(4):
            lines.append(f"displayName: {chosen.choice(NAMES)} {number}")
        lines.append(f"plan: {chosen.choice(PLANS)}")
        if not chosen.randrange(5):
            lines.append("addons: [chatbot]")
        if not chosen.randrange(20):
            lines += ["hosts:", f"- files-{number}.customers.example.net"]
        if own_sizes and not chosen.randrange(10):
            lines.append(f"storage: {chosen.randrange(50, 200)}Gi")
        files[f"{name}.yaml"] = "\n".join(lines) + "\n"
    return files


def lay(folder: Path, tenants: int, *, own_sizes: bool = False) -> None:
    """Lay a fleet down in an empty folder, as a git repository with nothing generated or committed yet."""
    shutil.copy(ROOT / "platform.yaml", folder)
    shutil.copytree(ROOT / "base", folder / "base")
    shutil.copytree(ROOT / "argocd" / "platform", folder / "argocd" / "platform")
    (folder / "tenants").mkdir()
    for name, text in tenant_files(tenants, own_sizes=own_sizes).items():
        (folder / "tenants" / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch=main")


def commit(folder: Path, message: str) -> None:
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=bench", "-c", "user.email=bench@example.com", "commit", "--quiet", "-m", message)


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def main() -> None:
    """Lay down a fleet, generate and commit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("tenants", type=int)
    parser.add_argument("--own-sizes", action="store_true", help="a tenth has a size of volume of its own")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True)
    lay(arguments.folder, arguments.tenants, own_sizes=arguments.own_sizes)
    subprocess.run([sys.executable, "-m", "generator", "-C", str(arguments.folder), "generate"], cwd=ROOT, check=True)
    commit(arguments.folder, "start")


if __name__ == "__main__":
    main()
