"""Lead this repository's own companies through every stage, and say in ten lines what was done and where to look.

Each stage is the command that a user would type, and its line is the last one that this command says. The
first that fails ends the demo, with its whole output and its exit status.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RENDERED = Path(".cache", "demo")
TENANTRY = Path(sys.executable).with_name("tenantry")


def main() -> None:
    """Validate, generate, render, verify; then show one company's way through them."""
    shutil.rmtree(ROOT / RENDERED, ignore_errors=True)
    for stage in (["validate"], ["generate"], ["render", "-o", str(RENDERED)], ["verify"]):
        print(f"{stage[0]:9} {run(*stage)}", flush=True)

    # The one with the most to see.
    name = max((ROOT / RENDERED).iterdir(), key=lambda path: path.stat().st_size).stem
    (declared,) = ROOT.glob(f"tenants/**/{name}.yaml")
    (entry,) = ROOT.glob(f"argocd/shards/*/tenants/{name}.yaml")
    print(f"look at   {declared.relative_to(ROOT)}: all that a person writes for a company")
    print(f"          overlays/{name}/ and {entry.relative_to(ROOT)}: what is generated from it")
    print(f"          {RENDERED}/{name}.yaml: what Kubernetes gets")
    print(f"try       .venv/bin/tenantry explain {name}: why each of its numbers is what it is")
    print("          .venv/bin/tenantry add company-777 --plan silver --addon chatbot: one more company")
    print("          README.md: the rest")


def run(*stage: str) -> str:
    """Run a verb of tenantry in this repository and return the last line of what it says."""
    done = subprocess.run([TENANTRY, *stage], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr, end="", file=sys.stderr)
        sys.exit(done.returncode)
    return done.stderr.splitlines()[-1]


if __name__ == "__main__":
    main()
