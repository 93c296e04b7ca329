"""The only door to kustomize: the pinned binary, real builds, several at once, without network and with bounds.

What kustomize may read was looked at before (`generator.kube.kustomization`), so a bound is the second lock: a few
lines of patches can still copy a list into itself until the machine has no memory left. Without git on its PATH and
with proxies that nobody listens at, kustomize has no way to fetch anything; a network namespace of its own would say
the same, and is not to be had everywhere.
"""

import contextlib
import os
import resource
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from generator.findings.finding import EnvironmentProblem
from generator.kube.kustomization import Buildable
from generator.kube.printed import objects_of
from generator.reading import yaml_reader

VERSION: Final = "v5.8.1"
"""The kustomize that Argo CD 3.3.1 to 3.5 bundles; 5.8.0 loses namespaces."""

SECONDS: Final = 60.0
"""For one build; a tenant's takes 0.1."""
MEMORY: Final = 512 << 20
"""Bytes for one build; a tenant's takes 30 MB. Linux holds kustomize to it, other systems do not."""
OUTPUT: Final = 4 << 20
"""Bytes that one build may print; a tenant's are 40 kB."""

VARIABLE: Final = "TENANTRY_KUSTOMIZE"
_RELEASE: Final = f"https://github.com/kubernetes-sigs/kustomize/releases/tag/kustomize%2F{VERSION}"
_CHECKOUT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Built:
    """What kustomize made of one folder.

    Attributes:
        objects: The objects, in kustomize's order; empty when the build failed.
        error: What kustomize said when it failed, or empty.
        text: The objects as kustomize printed them.
    """

    objects: tuple[dict[str, Any], ...]
    error: str = ""
    text: str = ""


def candidates() -> Iterator[str]:
    """Yield where kustomize is looked for, first to last: the variable, the set-up's own, PATH."""
    if chosen := os.environ.get(VARIABLE):
        yield chosen
        return
    beside = Path(sys.executable).with_name("kustomize")
    if beside.is_file():
        yield str(beside)
    if found := shutil.which("kustomize"):
        yield found


@cache
def kustomize() -> str:
    """Return the path of the pinned kustomize.

    Raises:
        EnvironmentProblem: There is none, or the first one found has another version.
    """
    for binary in candidates():
        version = version_of(binary)
        if version != VERSION:
            fact = f"{binary} is kustomize {version}, and tenantry renders with {VERSION} alone"
            raise EnvironmentProblem(fact, _way())
        return binary
    raise EnvironmentProblem("there is no kustomize", _way())


def _way() -> str:
    """Say how to get the pinned kustomize; what was not installed from a checkout cannot set itself up."""
    setup = f"run `make setup` in {_CHECKOUT}, or " if (_CHECKOUT / "tools/setup.py").is_file() else ""
    return (
        f"{setup}put kustomize {VERSION} on PATH or name it in {VARIABLE}: {_RELEASE}"
        " (`tenantry explain KUS009` says why)"
    )


def version_of(binary: str) -> str:
    """Ask a kustomize for its version, for example `v5.8.1`.

    Raises:
        EnvironmentProblem: It cannot be run.
    """
    try:
        printed, said = _run([binary, "version"])
    except OSError as error:
        raise EnvironmentProblem(f"{binary} cannot be run as kustomize: {error}", _way()) from None
    if said:
        raise EnvironmentProblem(f"{binary} cannot be run as kustomize: {said}", _way())
    return printed.strip()


def text(place: Buildable) -> tuple[str, str]:
    """Run `kustomize build` on a folder that the gate has let pass.

    Returns:
        What it printed, and what it said when it failed; one of the two is empty.
    """
    return _run([kustomize(), "build", str(place.folder)])


def texts(folders: Iterable[Buildable]) -> Iterator[tuple[str, str]]:
    """Build many folders, as many at once as there are processors; the results come in the order of the folders."""
    kustomize()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        yield from pool.map(text, folders)


def build_all(folders: Iterable[Buildable]) -> Iterator[Built]:
    """Build many folders as `texts` does, and parse the objects.

    Every object of a build that went well has an apiVersion, a kind and a name: kustomize takes numbers for them.
    """
    wanted = tuple(folders)
    for folder, (printed, error) in zip(wanted, texts(wanted), strict=True):
        objects = objects_of(printed, folder.known)
        if said := error or next(filter(None, (_nameless(obj) or _too_deep(obj) for obj in objects)), ""):
            yield Built((), said)
        else:
            yield Built(objects, "", printed)


def _nameless(obj: Mapping[str, Any]) -> str:
    """Say what an object lacks to be called by its name, or nothing."""
    metadata = obj["metadata"]
    head = {"apiVersion": obj.get("apiVersion"), "kind": obj["kind"], "metadata.name": metadata["name"]}
    if metadata.get("namespace") is not None:
        head["metadata.namespace"] = metadata["namespace"]
    wrong = next((key for key, value in head.items() if not isinstance(value, str)), None)
    if wrong is None:
        return ""
    value = "missing" if head[wrong] is None else f"{head[wrong]!r}, not a text"
    return f"{wrong} of {obj['kind']}/{metadata['name']} is {value}"


def _too_deep(obj: Mapping[str, Any]) -> str:
    """Say that an object has more levels than anything may have that is looked at by recursion, or nothing."""
    level: list[Any] = [obj]
    for _ in range(yaml_reader.MAX_DEPTH_OF_MANIFESTS):
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
        level = [inner for inner in level if isinstance(inner, dict | list)]
        if not level:
            return ""
    name = f"{obj['kind']}/{obj['metadata']['name']}"
    return f"{name} has more than {yaml_reader.MAX_DEPTH_OF_MANIFESTS} levels of nesting"


# --- one process

_NOBODY: Final = "http://127.0.0.1:9"
"""The discard port of this machine: nobody listens there."""

_ENVIRONMENT: Final = {
    "PATH": os.devnull,
    "HOME": os.devnull,
    "XDG_CONFIG_HOME": os.devnull,
    **{f"{scheme}_PROXY": _NOBODY for scheme in ("HTTP", "HTTPS", "ALL")},
    "GOMEMLIMIT": str(MEMORY * 3 // 4),
    "GOGC": "800",
    "GOTRACEBACK": "none",
}
"""All that kustomize knows of ours: nothing. Some of its variables change what it prints.

A build of a tenant ends before its garbage is worth collecting: with Go's own GOGC of 100 that took a third of its CPU,
to stay at 20 MB where it has 29 now. A build that needs much collects before it reaches its bound, by GOMEMLIMIT.
"""

_ADDRESSES: Final = 2 << 30
"""Bytes of address space, which Go reserves generously."""

_MESSAGE: Final = 64 << 10
_WAY: Final = "look for a patch or a replacement that copies much"


class _EndedError(Exception):
    """The process reached one of its bounds."""


def _run(command: list[str]) -> tuple[str, str]:
    """Run a command inside its bounds; return what it printed, and what it said when it failed.

    Raises:
        OSError: It cannot be started.
    """
    with subprocess.Popen(  # noqa: S603 -- the pinned kustomize, on a folder that the gate has let pass
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_ENVIRONMENT
    ) as process:
        _limit(process.pid)
        try:
            printed, said = _both(process)
        except _EndedError as bound:
            process.kill()
            return "", f"kustomize {bound} and was ended: {_WAY}"
    words = said.decode("utf-8", "replace").strip().removeprefix("Error: ")
    if process.returncode == 0:
        return printed.decode("utf-8", "replace"), ""
    if any(sign in words for sign in _OUT_OF_MEMORY):
        return "", f"kustomize needed more than {MEMORY >> 20} MiB of memory and was ended: {_WAY}"
    return "", words or f"kustomize ended with {process.returncode}"


_OUT_OF_MEMORY: Final = ("out of memory", "cannot allocate memory", "failed to reserve page summary memory")
"""How Go says it."""


def _limit(process: int) -> None:
    """Bound the memory of a process that has just started; between the two it can do little."""
    if not hasattr(resource, "prlimit"):
        return
    for kind, most in ((resource.RLIMIT_DATA, MEMORY), (resource.RLIMIT_AS, _ADDRESSES)):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process, kind, (bound, bound))


def _both(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Read what a process prints and says until it has ended, and not more than it may.

    Raises:
        _EndedError: It prints too much, or takes too long.
    """
    end = time.monotonic() + SECONDS
    held: dict[Any, bytearray] = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as waiting:
        for pipe in held:
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(end - time.monotonic())
            if not ready and time.monotonic() >= end:
                raise _EndedError(f"took more than {SECONDS:.0f} s")
            for key, _ in ready:
                _read_some(key.fileobj, held[key.fileobj], waiting)
            if any(len(read) > OUTPUT for read in held.values()):
                raise _EndedError(f"printed more than {OUTPUT} bytes")
    try:
        process.wait(max(0.1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise _EndedError(f"took more than {SECONDS:.0f} s") from None
    return bytes(held[process.stdout]), bytes(held[process.stderr][:_MESSAGE])


def _read_some(pipe: Any, held: bytearray, waiting: selectors.BaseSelector) -> None:
    part = os.read(pipe.fileno(), 1 << 16)
    if part:
        held += part
    else:
        waiting.unregister(pipe)
