"""The set-up, on a machine that has everything and on machines that lack one thing: real runs of make."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
INTERPRETER = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
NOTHING_LISTENS = "http://127.0.0.1:9"  # the discard port


class Machine:
    """A copy of this repository in a folder with a space in its name, and a PATH of chosen programs."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "a clone"
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self.has("make", shutil.which("make"))
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
        for name in names.rstrip("\0").split("\0"):
            (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, self.checkout / name, follow_symlinks=False)

    def has(self, name: str, real: str | Path | None) -> None:
        """Put a program of this machine on PATH."""
        self.script(name, f'exec "{real}" "$@"')

    def script(self, name: str, text: str) -> None:
        """Put a shell script on PATH."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run make with a PATH of our programs alone, and without what a make around the tests hands down."""
        ours = ("MAKE", "PYTHON", "TENANTRY_", "VIRTUAL_ENV")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        environment = inherited | {"PATH": str(self.bin), "GOTOOLCHAIN": "local"} | variables
        return subprocess.run(
            ["make", *arguments],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def kustomize(self) -> str:
        """Return what the kustomize in the virtual environment says its version is."""
        binary = self.checkout / ".venv" / "bin" / "kustomize"
        return subprocess.run([binary, "version"], check=True, capture_output=True, text=True).stdout.strip()

    def files(self) -> set[str]:
        """Return all files outside of `.venv`."""
        found = (path.relative_to(self.checkout) for path in self.checkout.rglob("*") if path.is_file())
        return {str(path) for path in found if path.parts[0] != ".venv"}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine on which nothing was set up, with git, make, Python and Go."""
    machine = Machine(tmp_path)
    machine.has("python3", INTERPRETER)
    machine.has("go", shutil.which("go"))
    return machine


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Return a machine that is set up; its newest Python is a shim that fails, as pyenv makes them."""
    machine = Machine(tmp_path_factory.mktemp("ready"))
    machine.script("python3.14", "echo 'pyenv: python3.14: command not found' >&2; exit 127")
    machine.has("python3", INTERPRETER)
    machine.has("go", shutil.which("go"))
    before = machine.files()

    done = machine.make("setup")

    assert done.returncode == 0, done.stderr
    assert machine.files() == before
    return machine


def test_a_new_clone_has_the_command_and_kustomize(ready: Machine) -> None:
    """One make leaves the command and the pinned kustomize in `.venv`, and not a file beside it."""
    version = subprocess.run(
        [ready.checkout / ".venv/bin/tenantry", "--version"], capture_output=True, text=True, check=True
    )

    assert version.stdout.startswith("tenantry")
    assert ready.kustomize() == "v5.8.1"


def test_the_demo_says_in_ten_lines_what_it_did_and_where_to_look(ready: Machine) -> None:
    """Every stage passes on the companies of this repository, and every file that is named is there."""
    done = ready.make("demo")

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["validate", "generate", "render", "verify", "look"]
    assert len(lines) == 10
    named = re.findall(r"[\w./-]+/company-\d+[\w./]*|\.venv/bin/tenantry|README\.md", done.stdout)
    assert [name for name in named if not (ready.checkout / name.rstrip(":")).exists()] == []


def test_the_second_run_does_nothing(ready: Machine) -> None:
    """Make itself sees that there is nothing to do; no Python is started."""
    done = ready.make("setup")

    assert (done.returncode, done.stdout, done.stderr) == (0, "make: Nothing to be done for 'setup'.\n", "")


def test_what_is_missing_alone_is_made_again(ready: Machine) -> None:
    """A lost kustomize is built again; the packages, which still fit, stay."""
    (ready.checkout / ".venv/bin/kustomize").unlink()
    (ready.checkout / "tools/kustomize/go.mod").touch()

    done = ready.make("setup")

    assert done.stderr.splitlines()[:-1] == ["setup: kustomize, built by Go"]
    assert ready.kustomize() == "v5.8.1"


def test_the_project_itself_is_installed_without_fetching(ready: Machine) -> None:
    """Packages come first and by hash; then nothing is left to fetch, for the build neither."""
    (ready.checkout / "pyproject.toml").touch()

    done = ready.make("setup", PIP_INDEX_URL=NOTHING_LISTENS, PIP_FIND_LINKS="", PIP_RETRIES="0")

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"setup: ready in \d+ s\n", done.stderr)


def test_a_project_that_cannot_be_installed_is_said_in_one_line(ready: Machine) -> None:
    """An edit of pyproject.toml that the build refuses: its own words come first."""
    pyproject = ready.checkout / "pyproject.toml"
    whole = pyproject.read_text()
    pyproject.write_text(whole.replace('name = "tenantry"', "name = 1"))

    done = ready.make("setup")

    pyproject.write_text(whole)
    *said, last = told(done).splitlines()
    assert "project.name" in "\n".join(said)
    assert last == (
        "setup: pip failed as it says above. If pyproject.toml is as it should be, "
        "make clean and make setup begin from nothing"
    )


def test_without_go_the_archive_of_a_mirror_is_taken(ready: Machine, tmp_path: Path) -> None:
    """An archive that has the committed checksum is unpacked, whatever the address it comes from."""
    binary = ready.checkout / ".venv/bin/kustomize"
    archive = mirror_of(binary, tmp_path)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (ready.checkout / "tools/kustomize/checksums").write_text(f"{digest}  {archive.name}\n")
    binary.unlink()

    done = ready.make("setup", TENANTRY_KUSTOMIZE_URL=tmp_path.as_uri())

    assert done.stderr.splitlines()[:-1] == [
        "setup: kustomize v5.8.1, its release archive (TENANTRY_KUSTOMIZE_URL is set)"
    ]
    assert ready.kustomize() == "v5.8.1"


def mirror_of(binary: Path, folder: Path) -> Path:
    """Pack an executable as the project of kustomize packs its releases, and return the archive's path."""
    go = subprocess.run(["go", "env", "GOOS", "GOARCH"], check=True, capture_output=True, text=True)
    archive = folder / "kustomize_v5.8.1_{}_{}.tar.gz".format(*go.stdout.split())
    with tarfile.open(archive, "w:gz") as content:
        content.add(binary, "kustomize")
    return archive


@pytest.mark.parametrize("version", ["3, 10", "3, 15"])
def test_a_python_that_the_lock_is_not_for_is_said_in_one_line(machine: Machine, version: str) -> None:
    """With none that is old and new enough, make says which names it tried and how to name another."""
    # It answers make's question, which is its second argument, as a Python of that version does.
    machine.script("python3", f'exec "{INTERPRETER}" -c "import sys; sys.version_info = ({version}, 0); $2"')

    done = machine.make("setup")

    assert told(done) == (
        "setup: no Python 3.11 to 3.14, which requirements.lock is for, answers to: "
        "python3.14 python3.13 python3.12 python3.11 python3. "
        "Install one, or name it: make setup PYTHON=/path/to/python"
    )


def test_a_named_python_is_the_only_one_tried(machine: Machine) -> None:
    """`PYTHON` decides: when the one it names does not answer, no other is taken in silence."""
    done = machine.make("setup", "PYTHON=/no such/python")

    assert told(done) == (
        'setup: no Python 3.11 to 3.14, which requirements.lock is for, answers to: "/no such/python". '
        "Install one, or name it: make setup PYTHON=/path/to/python"
    )


def test_what_is_in_the_place_of_the_environment_is_said_in_one_line(machine: Machine) -> None:
    """A file called `.venv` is somebody's, so it stays, and the line says what to do with it."""
    venv = machine.checkout / ".venv"
    venv.write_text("mine")

    done = machine.make("setup")

    assert re.fullmatch(
        rf"setup: {venv} cannot be made \(.+\): remove what is in its place, "
        r"or give it a disk with room and a path without ':', and run make again",
        told(done).splitlines()[-1],
    )
    assert venv.read_text() == "mine"


def test_a_package_that_cannot_be_fetched_is_said_in_one_line(machine: Machine) -> None:
    """Pip's own words come first, then where to tell it a proxy or a mirror."""
    done = machine.make("setup", PIP_INDEX_URL=NOTHING_LISTENS, PIP_FIND_LINKS="", PIP_RETRIES="0")

    *said, last = told(done).splitlines()
    assert "No matching distribution found for anyio==" in said[-1]
    assert last == (
        "setup: pip failed as it says above. If it could not fetch, tell pip your proxy (https_proxy) or mirror "
        "(PIP_INDEX_URL) and run make again; a mirror must have every version of requirements.lock, with the same files"
    )


def test_a_package_with_another_hash_is_refused(machine: Machine) -> None:
    """Whatever an index hands out under the locked version, only the locked file is installed."""
    lock = machine.checkout / "requirements.lock"
    head, anyio, rest = re.split(r"(anyio==.+\n(?:    --hash.+\n)+)", lock.read_text())
    lock.write_text(head + re.sub(r"sha256:\w+", f"sha256:{'0' * 64}", anyio) + rest)

    done = machine.make("setup")

    assert "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE" in told(done)
    assert (
        told(done)
        .splitlines()[-1]
        .endswith("; a mirror must have every version of requirements.lock, with the same files")
    )
    assert not (machine.checkout / ".venv/requirements.lock").exists()


def test_a_python_without_ensurepip_is_said_in_one_line(machine: Machine, tmp_path: Path) -> None:
    """Debian's Python comes without ensurepip; the line names the package that has it."""
    (tmp_path / "ensurepip.py").write_text("raise ModuleNotFoundError(name='ensurepip')\n")

    done = machine.make("setup", PYTHONPATH=str(tmp_path))

    version = f"3.{sys.version_info.minor}"
    assert told(done) == (
        f"setup: Python {version} ({INTERPRETER}) has no module ensurepip: install it (Debian, Ubuntu: "
        f"apt install python{version}-venv), or name another Python: make setup PYTHON=/path/to/python"
    )
    assert not (machine.checkout / ".venv").exists()


def test_neither_go_nor_a_download_is_said_in_one_line(machine: Machine) -> None:
    """The line has both reasons and both ways out."""
    (machine.bin / "go").unlink()

    done = machine.make("setup", https_proxy=NOTHING_LISTENS)

    assert re.fullmatch(
        r"setup: no kustomize: Go is not installed, and https://\S+/kustomize%2Fv5\.8\.1/kustomize_v5\.8\.1_\w+"
        r"\.tar\.gz cannot be read \(.*Connection refused>\); install Go 1\.24\.0 or newer, "
        r"or set TENANTRY_KUSTOMIZE_URL to the address of a folder that has this archive",
        told(done).splitlines()[-1],
    )


def test_a_go_that_is_too_old_is_said_in_one_line(machine: Machine) -> None:
    """Go itself says which version it wants; that is part of the line."""
    go_mod = machine.checkout / "tools/kustomize/go.mod"
    go_mod.write_text(go_mod.read_text().replace("go 1.24.0", "go 1.999.0"))

    done = machine.make("setup", https_proxy=NOTHING_LISTENS)

    assert "no kustomize: Go failed: go: go.mod requires go >= 1.999.0 (running go 1." in told(done).splitlines()[-1]


def test_an_archive_with_another_checksum_is_refused(machine: Machine, tmp_path: Path) -> None:
    """Nothing of an archive that is not the official one reaches `.venv`."""
    archive = mirror_of(Path("/bin/sh"), tmp_path)

    done = machine.make("setup", TENANTRY_KUSTOMIZE_URL=tmp_path.as_uri())

    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert f"{archive.name} is not the official archive: its SHA-256 is {digest}, not " in told(done).splitlines()[-1]
    assert not (machine.checkout / ".venv/bin/kustomize").exists()


def test_a_platform_without_an_official_archive_is_told_to_install_go(machine: Machine) -> None:
    """For other platforms than the four of the checksums, Go is the only way."""
    (machine.bin / "go").unlink()
    (machine.checkout / "tools/kustomize/checksums").write_text("")

    done = machine.make("setup")

    line = told(done).splitlines()[-1]
    assert line.startswith("setup: no kustomize: Go is not installed, and there is no official kustomize_v5.8.1_")
    assert line.endswith(".tar.gz; install Go")


def told(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a failed make said, without its own last line about the rule that failed."""
    assert done.returncode == 2
    said, _, last = done.stderr.rstrip().rpartition("\n")
    assert last.startswith("make: *** [Makefile:")
    return said
