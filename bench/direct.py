"""Hold judging by class to judging each company by itself, on fleets that are too large for a test.

    python -m bench.direct [--mixed N] [--alone N]

Lays down a mixed fleet, and one in which no two companies are of one class, in memory; runs `verify` and
`verify --direct` on each, and says whether the findings and the proofs are the same, to the last byte. Writes
tests/results/by-class.json.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.fleet import ROOT, commit, lay

RESULTS: Final = ROOT / "tests/results/by-class.json"


def fleet(folder: Path, tenants: int, *, alone: bool) -> None:
    """Lay down a fleet with one commit; of companies that are alone each has a size of volume of its own."""
    folder.mkdir()
    lay(folder, tenants)
    for number, file in enumerate(sorted((folder / "tenants").glob("*.yaml")) if alone else ()):
        file.write_text(f"{file.read_text(encoding='utf-8')}storage: {51 + number}Gi\n", encoding="utf-8")
    tenantry(folder, "generate")
    commit(folder, "start")


def tenantry(folder: Path, *arguments: str) -> str:
    """Run a verb in a repository and return all that it said.

    Raises:
        subprocess.CalledProcessError: It did not end well.
    """
    command = [sys.executable, "-m", "generator", "-C", str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


def compared(folder: Path, tenants: int, *, alone: bool) -> dict[str, Any]:
    """Verify a fleet in both ways."""
    fleet(folder, tenants, alone=alone)
    by_class, direct = (tenantry(folder, "verify", *options) for options in ((), ("--direct",)))
    return {"companies": tenants, "same": by_class == direct, "said": by_class.strip().splitlines()[-1].split(";")[0]}


def main() -> None:
    """Compare both fleets and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mixed", type=int, default=2000, help="companies of the mixed fleet")
    parser.add_argument("--alone", type=int, default=100, help="companies of the fleet of classes of one")
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"))  # noqa: S108
    arguments = parser.parse_args()
    seen: dict[str, Any] = {"date": datetime.now(tz=UTC).date().isoformat()}
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="tenantry-direct-") as folder:
        for name, tenants in (("alone", arguments.alone), ("mixed", arguments.mixed)):
            seen[name] = compared(Path(folder) / name, tenants, alone=name == "alone")
            print(json.dumps(seen[name]), file=sys.stderr)
    RESULTS.write_text(json.dumps(seen, indent=2) + "\n", encoding="utf-8")
    if not all(seen[name]["same"] for name in ("alone", "mixed")):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
