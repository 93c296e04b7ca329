"""Measure tenantry on large fleets beside the floor and beside other ways to do the same work: `make bench`.

    python -m bench.scale [--tenants N] [--growth N,N,...] [--runs N] [--loop N] [--kapitan PROGRAM]

Every figure is of whole processes: CPU seconds with those of kustomize and git, the median of some runs, on seeded
fleets in memory (`--folder`). The ratio of two figures of one run is what counts: they are taken in turn.
Python's own translation of the modules is not measured: whoever installs a package has it made once.
Writes bench/results.json, bench/scale.svg, and what docs/scale.md and the README say. Run it with all else idle.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench import peers, shown
from bench.fleet import ROOT, commit, git, lay
from bench.spent import Spent, medians, run

TENANTRY: Final = (sys.executable, "-m", "generator")
NEW: Final = "tenants/company-new.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Measures on fleets below one folder, and keeps what it saw.

    Attributes:
        folder: Where fleets are laid down; memory is best.
        runs: How often each figure is taken.
        rows: What was seen: name -> figures.
    """

    folder: Path
    runs: int
    rows: dict[str, Any]

    def fleet(self, tenants: int, *, own_sizes: bool = False) -> Path:
        """Return a fleet with one commit of sources and generated files."""
        folder = self.folder / f"fleet-{tenants}{'-own' if own_sizes else ''}"
        if not folder.exists():
            print(f"laying down {tenants} tenants", file=sys.stderr)
            folder.mkdir(parents=True)
            lay(folder, tenants, own_sizes=own_sizes)
            tenantry(folder, "generate")
            commit(folder, "start")
        return folder

    def measure(self, figures: Mapping[str, Callable[[], Spent]]) -> None:
        """Take figures in turn and say them: what is compared has met the machine in the same moods."""
        seen: dict[str, list[Spent]] = {name: [] for name in figures}
        for _ in range(self.runs):
            for name, once in figures.items():
                seen[name].append(once())
        for name, each in seen.items():
            self.say(name, medians(each))

    def say(self, name: str, spent: Spent, **more: Any) -> None:
        """Keep one figure and say it."""
        self.rows[name] = {**spent.as_json(), **more}
        print(f"{name}: {spent.cpu:.2f} CPU s, {spent.wall:.2f} s, {spent.peak >> 20} MiB", file=sys.stderr)


def tenantry(folder: Path, *arguments: str) -> Spent:
    """Run a verb in a repository; it must go well, but that `check` may say that the nodes of platform.yaml are few."""
    exits = (0, 1) if arguments[0] == "check" else (0,)
    return run([*TENANTRY, "-C", str(folder), *arguments], folder=ROOT, exits=exits)


def floor(*arguments: str) -> Spent:
    """Run the floor."""
    return run([sys.executable, "-m", "bench.floor", *arguments], folder=ROOT)


def cold(folder: Path) -> Spent:
    """Generate where nothing was generated before."""
    for generated in ("overlays", "argocd/shards", "argocd/apps"):
        shutil.rmtree(folder / generated)
    return tenantry(folder, "generate")


def floor_of_generate(folder: Path) -> Spent:
    """Do the least that generating must do."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as into:
        return floor("generate", str(folder), into)


def of_one_fleet(bench: Bench, tenants: int, few: int) -> None:
    """Take the figures of one large fleet, and of a loop over a few of its overlays."""
    folder, own = bench.fleet(tenants), bench.fleet(tenants, own_sizes=True)
    names = spread(tenants, few)
    bench.measure({"generate, floor": partial(floor_of_generate, folder), "generate": partial(cold, folder)})
    git(folder, "add", "--all")  # as after a commit: git need not look again at what it has seen
    checked = partial(tenantry, folder, "generate", "--check")
    bench.measure({"generate --check, floor": partial(floor, "check", str(folder)), "generate --check": checked})
    loop = partial(peers.kustomize_loop, folder, names)
    bench.measure(
        {
            "verify": partial(tenantry, folder, "verify"),
            shown.LOOP: lambda: loop().times(tenants / len(names)),
            "verify, a tenth with sizes of their own": partial(tenantry, own, "verify"),
        }
    )
    bench.rows[shown.LOOP]["measuredOn"] = len(names)
    name = f"tenant-{tenants // 2:06}"
    bench.measure({f"{verb} NAME": partial(tenantry, folder, verb, name) for verb in ("explain", "render", "verify")})
    with_a_new_tenant(folder)
    bench.measure({"check --base, one new tenant": partial(tenantry, folder, "check", "--base", "HEAD~1")})
    git(folder, "reset", "--quiet", "--hard", "HEAD~1")
    bench.measure({"--help": partial(run, [*TENANTRY, "--help"], folder=ROOT)})


def spread(tenants: int, few: int) -> list[str]:
    """Return the names of a few tenants of a fleet, from its first to its last."""
    return [f"tenant-{number:06}" for number in range(0, tenants, max(1, tenants // few))][:few]


def with_a_new_tenant(folder: Path) -> None:
    """Commit a pull request that adds one tenant."""
    (folder / NEW).write_text("name: company-new\nplan: silver\n", encoding="utf-8")
    tenantry(folder, "generate")
    commit(folder, "add one")


def of_peers(bench: Bench, tenants: int, few: int, kapitan: str | None) -> None:
    """Take the figures of the other ways, on a few tenants, and scale them."""
    folder = bench.fleet(tenants)
    names = spread(tenants, few)
    factor = tenants / len(names)

    def scaled(name: str, spent: Spent | None, why: str = "") -> None:
        if spent is None:
            bench.rows[name] = {"missing": why}
            return
        bench.say(name, spent, measuredOn=len(names))

    with tempfile.TemporaryDirectory() as schemas:
        spent = peers.kubeconform_loop(folder, names, Path(schemas))
    checked = spent.times(factor) if spent else None
    scaled(f"{shown.LOOP}, each through kubeconform -strict", checked, "`make test-slow` builds kubeconform")
    once, twice = (_kapitan(bench, kapitan, len(names) * times) for times in (1, 2))
    compiled = once.further(twice, factor) if once and twice else None
    scaled("Kapitan compiling two files a target", compiled, "no Kapitan was named: --kapitan PROGRAM")


def _kapitan(bench: Bench, program: str | None, targets: int) -> Spent | None:
    if program is None:
        return None
    with tempfile.TemporaryDirectory(dir=bench.folder) as inventory:
        return peers.kapitan(program, Path(inventory), targets)


def of_growth(bench: Bench, sizes: list[int]) -> None:
    """Take what verify and generate --check cost as a fleet grows."""
    for tenants in sizes:
        folder = bench.fleet(tenants)
        for verb in (("verify",), ("generate", "--check")):
            bench.say(f"{' '.join(verb)} of {tenants}", tenantry(folder, *verb), tenants=tenants)


def translate() -> None:
    """Have every process find this checkout's modules translated, as those of an installed package are."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for modules in ("generator", "bench"):
        subprocess.run([sys.executable, "-m", "compileall", "-q", modules], cwd=ROOT, check=True)


def machine() -> Mapping[str, Any]:
    """Say on what this ran, and of which version."""
    commit_id = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    return {
        "day": datetime.now(tz=UTC).date().isoformat(),
        "commit": commit_id.stdout.strip(),
        "cpus": os.cpu_count(),
        "cpu": model or platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def main() -> None:
    """Measure what was asked for, and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenants", type=int, default=10_000, help="companies of the fleet of the table")
    parser.add_argument("--growth", default="100,1000,10000,100000", help="fleets of the plot, or nothing")
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure, of which the median counts")
    parser.add_argument("--loop", type=int, default=300, help="companies on which the other ways are measured")
    parser.add_argument("--kapitan", help="Kapitan's program, in an environment of its own")
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"))  # noqa: S108
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True, help="write the results")
    arguments = parser.parse_args()
    before = machine()
    translate()
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="tenantry-bench-") as folder:
        bench = Bench(folder=Path(folder), runs=arguments.runs, rows={})
        of_one_fleet(bench, arguments.tenants, arguments.loop)
        of_peers(bench, arguments.tenants, arguments.loop, arguments.kapitan)
        of_growth(bench, [int(size) for size in arguments.growth.split(",") if size])
    results = {"machine": before, "tenants": arguments.tenants, "runs": arguments.runs, "rows": bench.rows}
    print(shown.table(results))
    if arguments.write:
        (ROOT / "bench/results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        (ROOT / "bench/scale.svg").write_text(shown.plot(results), encoding="utf-8")
        shown.into(ROOT / "docs/scale.md", shown.table(results))
        shown.into(ROOT / "README.md", shown.sentence(results))


if __name__ == "__main__":
    main()
