"""The lock on any later day: pips old and new take it from an index that has a newer version of everything.

The index is a folder of empty wheels. Their metadata (what each package requires, with which extras, and which extras
it offers) is that of the packages that are installed here from the same lock; their hashes take the place of the real
ones. So the resolver meets every requirement of the real packages, and nothing is fetched but the pips themselves.
"""

import hashlib
import importlib.metadata
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.harness import ROOT
from tests.project.locked import LOCK, Locked, locked

pytestmark = pytest.mark.slow

PIPS: Final = re.findall(r"^(pip==\S+ --hash=\S+)", (ROOT / "tests/slow/pips.txt").read_text(), re.MULTILINE)
PYTHONS: Final = re.findall(r"Python :: (3\.\d+)\"", (ROOT / "pyproject.toml").read_text())
HERE: Final = {package.name: package.version for package in locked() if package.here}


def wheel(folder: Path, name: str, version: str, metadata: str) -> str:
    """Write a wheel that holds nothing but its metadata, and return its hash as a lock writes it."""
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        "METADATA": f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{metadata}",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(f"{stem}.dist-info/{file}", text)
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def resolver_metadata(package: Locked) -> str:
    """Return the part of a package's metadata that a resolver reads; empty for one that is not for this machine."""
    if not package.here:
        return ""
    metadata = importlib.metadata.metadata(package.name)
    assert metadata["Version"] == package.version, (
        "the environment of the tests is not that of the lock: run make setup"
    )
    keys = ("Requires-Python", "Provides-Extra", "Requires-Dist")
    return "".join(f"{key}: {text}\n" for key in keys for text in metadata.get_all(key) or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A folder of wheels, and what the lock becomes with their hashes.

    Attributes:
        folder: For every package of the lock two wheels: of the locked version, and of a newer one.
        lock: The lock, with the hashes of these wheels.
    """

    folder: Path
    lock: Path


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """The index as it may be on a later day: a newer version of every package, inside every range that is asked for."""
    folder = tmp_path_factory.mktemp("index")
    text = "".join(
        f"{package.head} --hash={wheel(folder, package.name, package.version, resolver_metadata(package))}\n"
        for package in locked()
    )
    for package in locked():
        wheel(folder, package.name, f"{package.version}.1", resolver_metadata(package))
    lock = tmp_path_factory.mktemp("lock") / "requirements.lock"
    lock.write_text(text)
    return Index(folder=folder, lock=lock)


@pytest.fixture(scope="module", params=PIPS, ids=lambda line: line.split()[0])
def pip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds one pip and nothing else."""
    return environment(tmp_path_factory.mktemp("pip"), request.param)


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the oldest pip."""
    return environment(tmp_path_factory.mktemp("oldest"), PIPS[0])


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the newest pip, which reads an index's metadata without fetching the wheels."""
    return environment(tmp_path_factory.mktemp("newest"), PIPS[-1])


def environment(folder: Path, requirement: str) -> Path:
    """Make an environment with one pip, fetched by its hash, and return its Python."""
    (folder / "pip.txt").write_text(requirement)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    ours = (sys.executable, "-m", "pip", "--python", python, "install", "--disable-pip-version-check")
    done = run(*ours, "--quiet", "--require-hashes", "--only-binary", ":all:", "--requirement", folder / "pip.txt")
    assert done.returncode == 0, done.stderr
    return python


def install(python: Path, index: Index, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """Install the index's lock as set-up does, from that index alone."""
    # Isolated: the settings of this machine's pip may name other places with other versions.
    command = (python, "-m", "pip", "--isolated", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir")
    source = ("--no-index", "--find-links", index.folder)
    return run(*command, *source, "--require-hashes", "--only-binary", ":all:", "--requirement", index.lock, *options)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_pip_installs_the_locked_versions_whatever_has_been_released_since(pip: Path, index: Index) -> None:
    """Exactly the lock's versions arrive, although the index has a newer one of each."""
    done = install(pip, index)

    listed = run(pip, "-m", "pip", "list", "--format", "json", "--exclude", "pip", "--disable-pip-version-check")
    arrived = {package["name"].replace("_", "-"): package["version"] for package in json.loads(listed.stdout)}
    assert (done.returncode, done.stderr) == (0, "")
    assert arrived == HERE


@pytest.mark.parametrize("version", PYTHONS)
def test_a_pip_takes_the_lock_for_every_python(pip: Path, index: Index, tmp_path: Path, version: str) -> None:
    """Also for Pythons that this machine lacks: the resolver ends with the locked versions."""
    report = tmp_path / "report.json"

    done = install(
        pip, index, "--dry-run", "--target", tmp_path / "target", "--python-version", version, "--report", report
    )

    assert (done.returncode, done.stderr) == (0, "")
    resolved = [package["metadata"] for package in json.loads(report.read_text())["install"]]
    taken = {package["name"]: package["version"] for package in resolved}
    assert taken == HERE


def test_a_lock_without_extras_is_refused(oldest: Path, index: Index, tmp_path: Path) -> None:
    """What broke once: the oldest pip takes a package with an extra for another requirement, which has no hash."""
    lock = tmp_path / "requirements.lock"
    lock.write_text(re.sub(r"\[[\w,-]+\]==", "==", index.lock.read_text()))
    assert lock.read_text() != index.lock.read_text()

    done = install(oldest, Index(folder=index.folder, lock=lock))

    assert done.returncode == 1
    assert (
        "In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:\n"
        "    coverage[toml]>=7.10.6 from " in done.stderr
    )


@pytest.mark.parametrize("version", PYTHONS)
def test_the_lock_has_the_hash_of_a_wheel_for_every_python(newest: Path, tmp_path: Path, version: str) -> None:
    """The real packages, from the index that this machine uses: nothing would be built from source."""
    command = (newest, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--dry-run")
    target = ("--target", tmp_path, "--only-binary", ":all:", "--python-version", version)

    done = run(*command, *target, "--require-hashes", "--requirement", LOCK)

    assert (done.returncode, done.stderr) == (0, "")
