"""Make `.venv`: the pinned Python packages, this project in editable form, and the pinned kustomize.

`make` runs it with the newest Python that answers (one of those that the lock is for; the standard library is
enough). It ends with exit status 0, or with 1 (130 when interrupted) and one line on stderr that says what is missing
and the way out. What is there already and still fits is kept, so after an interruption it goes on where it was.

Nothing depends on what has been released since: pip is the one that Python brings, packages come by the hashes of the
lock and as wheels, because a build from source would fetch its tools by name; kustomize comes by go.sum or a checksum.

Environment:
    TENANTRY_KUSTOMIZE_URL: address of a folder that has kustomize's release archives. When it is set, the
        archive is taken from there and Go is not tried.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.install import InstallError, UnreadableError, official_kustomize

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
INSTALLED = VENV / "requirements.lock"  # a copy of the lock, from the moment when all of it is installed

# go.mod pins the version of kustomize; tools/install.py knows its official archives.
PINS = ROOT / "tools" / "kustomize"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5"


class SetupError(Exception):
    """What is missing and the way out, in one line."""


def main() -> None:
    """Make `.venv` complete, and then the stamp that tells `make` so."""
    started = time.monotonic()
    try:
        make_environment()
        install_kustomize()
        install_packages()
        install_project()
    except SetupError as error:
        sys.exit(f"setup: {error}")
    except KeyboardInterrupt:
        say("interrupted; run make again, and it goes on where it was")
        sys.exit(130)
    (VENV / "ready").touch()
    say(f"ready in {time.monotonic() - started:.0f} s")


def make_environment() -> None:
    """Make an empty virtual environment, unless there is one of this Python and this lock.

    A new lock gets a new environment: in the old one a package that has left the lock would stay, and hide
    that something still imports it.
    """
    same_lock = INSTALLED.exists() and INSTALLED.read_bytes() == LOCK.read_bytes()
    if same_lock and answer(PYTHON, "-c", "import sys; print(sys.version)") == sys.version:
        return
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian packs it apart from Python, so it may be missing
        import venv  # noqa: PLC0415 - as above
    except ImportError as error:
        version = "{}.{}".format(*sys.version_info)
        raise SetupError(
            f"Python {version} ({sys.executable}) has no module {error.name}: install it (Debian, Ubuntu: "
            f"apt install python{version}-venv), or name another Python: make setup PYTHON=/path/to/python"
        ) from None
    say(f"Python {platform.python_version()} ({sys.executable})")
    try:
        venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        reason = last_line(error.output) if isinstance(error, subprocess.CalledProcessError) else str(error)
        raise SetupError(
            f"{VENV} cannot be made ({reason}): remove what is in its place, or give it a disk with room and a path "
            f"without ':', and run make again"
        ) from None


def install_packages() -> None:
    """Install the packages of the lock, each only as a wheel whose hash is right, unless that was done before."""
    if not INSTALLED.exists():
        say(f"packages of {LOCK.name}")
        pip(
            "--require-hashes",
            "--only-binary=:all:",
            f"--requirement={LOCK}",
            way_out="If it could not fetch, tell pip your proxy (https_proxy) or mirror (PIP_INDEX_URL) and run make "
            f"again; a mirror must have every version of {LOCK.name}, with the same files",
        )
        shutil.copyfile(LOCK, INSTALLED)


def install_project() -> None:
    """Install this checkout in editable form; what it needs is in the lock, so nothing is fetched."""
    pip(
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        f"--editable={ROOT}",
        way_out="If pyproject.toml is as it should be, make clean and make setup begin from nothing",
    )


def pip(*arguments: str, way_out: str) -> None:
    """Run `pip install` of the virtual environment; if it fails, it says why on the lines before ours."""
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*command, *arguments], check=False).returncode:
        raise SetupError(f"pip failed as it says above. {way_out}")


def install_kustomize() -> None:
    """Put the pinned kustomize into `.venv/bin`: built by Go, else out of its official release archive.

    Both verify what they fetch: Go by go.sum, the archive by the committed checksum.
    """
    version = pinned(rf"{KUSTOMIZE} (v\S+)")
    binary = VENV / "bin" / "kustomize"
    if answer(binary, "version") == version:
        return
    mirror = os.environ.get("TENANTRY_KUSTOMIZE_URL")
    why_not_go = "TENANTRY_KUSTOMIZE_URL is set" if mirror else build(binary)
    if why_not_go:
        say(f"kustomize {version}, its release archive ({why_not_go})")
        download(mirror, version, binary, why_not_go)
    if answer(binary, "version") != version:
        raise SetupError(f"{binary} does not run here, or is not {version}: remove it and run make again")


def build(binary: Path) -> str | None:
    """Build kustomize with Go. Return None, or why that failed: Go itself knows best if it is new enough."""
    go = shutil.which("go")
    if go is None:
        return "Go is not installed"
    say("kustomize, built by Go")
    # Neither a C compiler nor a go.work of a folder above has a say in it.
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    command = [go, "build", "-o", str(binary), KUSTOMIZE]
    done = subprocess.run(command, cwd=PINS, env=environment, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode == 0:
        return None
    return f"Go failed: {last_line(done.stderr)}"


def download(mirror: str | None, version: str, binary: Path, why_not_go: str) -> None:
    """Take the executable out of the official release archive, or say all ways out when that fails, too."""
    try:
        official_kustomize(version, binary, mirror)
    except UnreadableError as error:
        raise SetupError(
            f"no kustomize: {why_not_go}, and {error}; install Go {pinned(r'^go (.+)$')} or newer, "
            f"or set TENANTRY_KUSTOMIZE_URL to the address of a folder that has this archive"
        ) from None
    except InstallError as error:
        raise SetupError(f"no kustomize: {why_not_go}, and {error}; install Go") from None


def pinned(pattern: str) -> str:
    """Return the one match of a pattern in go.mod."""
    (match,) = re.findall(pattern, (PINS / "go.mod").read_text(), re.MULTILINE)
    return str(match)


def answer(*command: str | Path) -> str | None:
    """Return what a command prints, without its last line break, or None if it does not run or fails."""
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.removesuffix("\n")


def last_line(said: str | bytes) -> str:
    """Return the last line of what a program said, which mostly has the reason why it failed."""
    text = said if isinstance(said, str) else said.decode(errors="replace")
    return (text.strip().splitlines() or ["it does not say why"])[-1]


def say(text: str) -> None:
    """Show progress."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
