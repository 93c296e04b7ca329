"""What nobody who does the same work can do without: reading and parsing input, and reading or writing output.

    python -m bench.floor generate FOLDER INTO
    python -m bench.floor check FOLDER

`generate` reads and C-parses every tenant file, formats as many bytes as `tenantry generate` does, in as many files,
and writes them below INTO. `check` reads and C-parses every tenant file and reads every generated file.
"""

import sys
from pathlib import Path
from typing import Any

import yaml

FOLDERS = ("overlays", "argocd/shards")


def tenants(folder: Path) -> dict[str, Any]:
    """Read every tenant file."""
    found = {}
    for file in (folder / "tenants").iterdir():
        if file.suffix == ".yaml":
            data = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
            found[data["name"]] = data
    return found


def generate(folder: Path, into: Path) -> None:
    """Format the files of every tenant from those of the first of its plan and add-ons, and write them."""
    known: dict[tuple[str, int], tuple[str, list[tuple[str, str]]]] = {}
    held = tenants(folder)
    entries = {path.stem: path for path in (folder / "argocd/shards").glob("*/tenants/*.yaml")}
    made = set()
    for name, data in held.items():
        kind = data["plan"], len(data.get("addons", ())) + 10 * len(data.get("hosts", ()))
        if kind not in known:
            entry = entries[name]
            files = [
                folder / f"overlays/{name}/kustomization.yaml",
                folder / f"overlays/{name}/facts.yaml",
                entry,
                entry.parent.parent / f"projects/{name}.yaml",
            ]
            known[kind] = name, [(str(path.relative_to(folder)), path.read_text(encoding="utf-8")) for path in files]
        first, texts = known[kind]
        for path, text in texts:
            target = f"{into}/{path.replace(first, name)}"
            above = target.rpartition("/")[0]
            if above not in made:
                Path(above).mkdir(parents=True, exist_ok=True)
                made.add(above)
            with open(target, "wb") as file:  # noqa: PTH123 -- the floor is no place for a Path for each file
                file.write(text.replace(first, name).encode())


def check(folder: Path) -> None:
    """Read every tenant file and every generated file."""
    tenants(folder)
    for below in FOLDERS:
        for path in (folder / below).rglob("*.yaml"):
            path.read_bytes()


if __name__ == "__main__":
    if sys.argv[1] == "generate":
        generate(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        check(Path(sys.argv[2]))
