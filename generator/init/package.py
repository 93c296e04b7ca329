"""Which tenantry a repository's pipelines install: a wheel by its hash, or a git commit. Never a name in an index.

Whoever may put a package into an index under our name, or another file under an address of ours, would otherwise run
beside a token that may write. A hash and a commit are proofs, so any transport will do.
"""

import hashlib
import json
import re
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from generator import __version__
from generator.findings.finding import TenantryError

NAME: Final = "tenantry"
EXAMPLES: Final = (
    f"--package dist/{NAME}-{__version__}-py3-none-any.whl, "
    f"--package https://HOST/{NAME}-{__version__}-py3-none-any.whl#sha256=HASH "
    f"or --package git+https://HOST/{NAME}.git@COMMIT"
)

_COMMIT: Final = re.compile(r"git\+(https?|ssh|file)://[\w.~/:@\[\]%+-]+@[0-9a-f]{40}", re.ASCII)
_ADDRESS: Final = re.compile(r"(https?://[\w.~/:@\[\]%+-]+/([\w.+]+-[\w.+-]+\.whl))#sha256=([0-9a-f]{64})", re.ASCII)
_MAX_BYTES: Final = 16 << 20
"""Of a wheel that is committed; ours has 0.3 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What the pipelines install.

    Attributes:
        line: What stands in package.txt; tools/install.py reads it.
        wheel: Name and content of a wheel that lies beside package.txt, when the line names such a one.
    """

    line: str
    wheel: tuple[str, bytes] | None = None


def package(text: str, folder: Path = Path()) -> Package:
    """Return the package that a person names.

    Args:
        text: `git+ADDRESS@COMMIT`, the address of a wheel with `#sha256=HASH`, or the path of a wheel.
        folder: Where a relative path starts.

    Raises:
        TenantryError: It is none of these, or nothing proves what it is.
    """
    if text.startswith("git+"):
        return _commit(text)
    if "://" in text:
        return _address(text)
    if text.endswith(".whl"):
        return _file(folder / text)
    raise TenantryError(f"{text!r} is neither a wheel nor a git commit", f"for example {EXAMPLES}")


def _commit(text: str) -> Package:
    if not _COMMIT.fullmatch(text):
        hint = "name the whole commit, 40 digits, and no branch and no tag, which can be moved: git rev-parse HEAD"
        raise TenantryError(f"{text!r} is not git+ADDRESS@COMMIT", hint)
    _no_credentials(text)
    return Package(line=text)


def _address(text: str) -> Package:
    found = _ADDRESS.fullmatch(text)
    if found is None:
        hint = f"append the hash of the file, as sha256sum prints it: {NAME}-{__version__}-py3-none-any.whl#sha256=HASH"
        raise TenantryError(f"{text!r} is not the address of a wheel with its hash", hint)
    _no_credentials(text)
    _this_version(unquote(found[2]))
    return Package(line=f"{found[1]} --hash=sha256:{found[3]}")


def _file(path: Path) -> Package:
    _this_version(path.name)
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            raise TenantryError(f"{path} is not a wheel of at most {_MAX_BYTES >> 20} MiB", f"for example {EXAMPLES}")
        content = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            archive.getinfo(f"{NAME}-{__version__}.dist-info/METADATA")
    except OSError as error:
        raise TenantryError(f"{path} cannot be read: {error.strerror}", "name a wheel that is there") from None
    except (zipfile.BadZipFile, KeyError):
        raise TenantryError(f"{path} is not a wheel of {NAME} {__version__}", "build it again") from None
    digest = hashlib.sha256(content).hexdigest()
    return Package(line=f"./{path.name} --hash=sha256:{digest}", wheel=(path.name, content))


def _no_credentials(address: str) -> None:
    """Refuse an address with a password, or with a user that is no mere login of ssh: it would be committed."""
    parts = urlsplit(address)
    login = parts.username if parts.scheme != "git+ssh" else None
    if login is not None or parts.password is not None:
        hint = "leave user and password out: whoever may read the repository could read them"
        raise TenantryError(f"the address on {parts.hostname} holds credentials", hint)


def _this_version(name: str) -> None:
    """Refuse a wheel of another version: what this one lays down and locks is for this one."""
    try:
        project, version, _, _ = parse_wheel_filename(name)
    except InvalidWheelFilename:
        raise TenantryError(f"{name!r} is not the name of a wheel", f"for example {EXAMPLES}") from None
    if project != NAME or str(version) != __version__:
        hint = "install the package that the pipelines are to have, and run its own init"
        raise TenantryError(f"{name} is not {NAME} {__version__}, which lays this repository down", hint)


# --- where the running program came from


def installed() -> str | None:
    """Return what to name for the program that runs, or None when its installer has left no proof of its origin."""
    try:
        recorded = metadata.distribution(NAME).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    return origin(recorded) if recorded else None


def origin(recorded: str) -> str | None:
    """Return what to name for an installation, or None when nothing proves what it is.

    Args:
        recorded: Its direct_url.json, https://packaging.python.org/en/latest/specifications/direct-url/. Without a hash
            or a commit, as for a folder, nothing is proved; an address on this machine says nothing to a pipeline, but
            a wheel that is still there can be committed.
    """
    try:
        data: Any = json.loads(recorded)
        url, archive, vcs = data["url"], data.get("archive_info"), data.get("vcs_info")
        if data.get("subdirectory"):
            return None
        if vcs is not None:
            return None if vcs["vcs"] != "git" or url.startswith("file:") else f"git+{url}@{vcs['commit_id']}"
        if archive is None:
            return None
        digest = (archive.get("hashes") or {}).get("sha256") or _legacy(archive.get("hash"))
        parts = urlsplit(url)
        if digest is None or not parts.path.endswith(".whl"):
            return None
        if parts.scheme != "file":
            return f"{url.partition('#')[0]}#sha256={digest}"
        path = Path(unquote(parts.path))
        return str(path) if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest else None
    except (AttributeError, KeyError, TypeError, ValueError, OSError):
        return None


def _legacy(hashed: str | None) -> str | None:
    algorithm, _, digest = (hashed or "").partition("=")
    return digest if algorithm == "sha256" else None
