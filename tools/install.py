"""Put tenantry and its kustomize into an environment of their own, as this folder pins them, and by nothing else.

    python3 -I tools/install.py DIR

Afterwards `DIR/bin/tenantry` runs, with the pinned kustomize beside it. The pipelines of a tenants' repository do this,
and whoever does it by hand has what they have. Nothing is taken by a name alone, and each thing is proved before any of
it runs: the packages of `install.lock` by their hashes, kustomize by the checksum of its official archive, and tenantry
itself by what `package.txt` names, which is a wheel with its hash or a git commit. Where there is no `package.txt`,
tenantry is the source tree in which this file lies. Python 3.11 to 3.14 is enough, and git where a commit is named.

Environment:
    TENANTRY_KUSTOMIZE: a kustomize that is there already; then none is fetched.
    TENANTRY_KUSTOMIZE_URL: address of a folder that mirrors kustomize's release archives.
    What pip reads, for example PIP_INDEX_URL: where packages are fetched from; their hashes stay the same.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path

PINS = Path(__file__).resolve().parents[1]
PACKAGES = PINS / "install.lock"
PACKAGE = PINS / "package.txt"
CHECKSUMS = PINS / "tools" / "kustomize" / "checksums"

RELEASES = "https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2F{version}"
GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}  # what the kernel calls a processor and Go does not
COMMIT = re.compile(r"git\+(?P<address>\S+)@(?P<commit>[0-9a-f]{40})")


class InstallError(Exception):
    """What went wrong, in one line."""


class UnreadableError(InstallError):
    """An archive could not be fetched; it may lie elsewhere."""


def main() -> None:
    """Fill the folder that the command line names."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):  # noqa: PLR2004 -- the program and DIR
        sys.exit(f"usage: python3 -I {sys.argv[0]} DIR")
    folder = Path(sys.argv[1]).resolve()
    try:
        environment(folder)
        packages(folder / "bin" / "python")
        program(folder / "bin" / "python")
        if not os.environ.get("TENANTRY_KUSTOMIZE"):
            (version,) = set(re.findall(r"kustomize_(v[^_]+)_", CHECKSUMS.read_text(encoding="utf-8")))
            mirror = os.environ.get("TENANTRY_KUSTOMIZE_URL")
            official_kustomize(version, folder / "bin" / "kustomize", mirror)
    except InstallError as error:
        sys.exit(f"install: {error}")


def environment(folder: Path) -> None:
    """Make a virtual environment in a folder that is empty or not there."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 14):  # whoever runs this by hand has any Python
        raise InstallError("install.lock is for Python 3.11 to 3.14: run this with one of them")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InstallError(f"{folder} is not empty: name a new folder, or remove this one")
    run([sys.executable, "-I", "-m", "venv", str(folder)], "the virtual environment was not made")


def packages(python: Path) -> None:
    """Install what tenantry needs to run, and to be built, each by its hash and without running a build of its own."""
    pip(python, "--require-hashes", "--only-binary=:all:", f"--requirement={PACKAGES}")


def program(python: Path) -> None:
    """Install tenantry itself; all else is there, so no index is asked."""
    if not PACKAGE.exists():
        pip(python, *_FROM_SOURCE, str(PINS))
        return
    lines = PACKAGE.read_text(encoding="utf-8").splitlines()
    named = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    commit = COMMIT.fullmatch(named[0]) if len(named) == 1 else None
    if commit is None:
        pip(python, "--require-hashes", "--no-deps", "--no-index", f"--requirement={PACKAGE}")
        return
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        fetch(commit["address"], commit["commit"], temporary)
        pip(python, *_FROM_SOURCE, temporary)


_FROM_SOURCE = ("--no-deps", "--no-index", "--no-build-isolation")


def fetch(address: str, commit: str, folder: str) -> None:
    """Check exactly this commit out.

    By ourselves: pip takes a branch or tag that is called like the commit for the commit (`Git.get_revision_sha`).
    """
    why = f"{address} does not give the commit {commit}"
    run(["git", "init", "--quiet", folder], why)
    run(["git", "-C", folder, "fetch", "--quiet", "--depth=1", "--no-tags", address, commit], why)
    run(["git", "-C", folder, "checkout", "--quiet", "--detach", commit], why)


def pip(python: Path, *arguments: str) -> None:
    """Run `pip install` of the new environment, in the folder that a wheel's relative path starts from."""
    why = "pip failed as it says above; nothing may be used of what is there"
    run([str(python), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments], why)


def run(command: list[str], why: str) -> None:
    """Run a command; when it fails, it has said so itself."""
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        done = subprocess.run(command, cwd=PINS, env=inherited, check=False)
    except OSError as error:
        raise InstallError(f"{command[0]} cannot be run: {error.strerror}") from None
    if done.returncode:
        raise InstallError(why)


_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")  # git would work elsewhere


def official_kustomize(version: str, binary: Path, mirror: str | None = None) -> None:
    """Take the executable out of the release archive of this platform, if that is the official one.

    Args:
        version: Of kustomize, for example `v5.8.1`.
        binary: The file to write.
        mirror: Address of the folder that has the archives; that of the project when None.

    Raises:
        InstallError: There is no such archive, it cannot be read, or it is another one; nothing was written.
    """
    processor = GO_NAMES.get(platform.machine(), platform.machine())
    name = f"kustomize_{version}_{platform.system().lower()}_{processor}.tar.gz"
    sums = {line.split()[1]: line.split()[0] for line in CHECKSUMS.read_text(encoding="utf-8").splitlines()}
    if name not in sums:
        raise InstallError(f"there is no official {name}")
    folder = mirror or RELEASES.format(version=version)
    url = f"{folder.rstrip('/')}/{name}"
    try:
        # Any scheme will do, file: too, because only the official bytes pass.
        with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310
            content = response.read()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UnreadableError(f"{url} cannot be read ({error})") from None
    actual = hashlib.sha256(content).hexdigest()
    if actual != sums[name]:
        raise InstallError(f"{url} is not the official archive: its SHA-256 is {actual}, not {sums[name]}")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        executable = archive.extractfile("kustomize")
        assert executable is not None, "a checksum that is committed is of an archive with this file"
        binary.write_bytes(executable.read())
    binary.chmod(0o755)


if __name__ == "__main__":
    main()
