"""The binary of the cluster and the manifests that belong to it, built once for each state of `tools/cluster`.

They are kept in `${XDG_CACHE_HOME:-~/.cache}/tenantry/cluster/<hash of tools/cluster>/`, so that a checkout stays clean
and every checkout of one machine shares them. The whole folder may be deleted at any time.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator.findings.finding import EnvironmentProblem
from generator.kube import kustomize as door
from tests.slow.builds import cache

_TOOLS = Path(__file__).parents[2] / "tools"
_SOURCE = _TOOLS / "cluster"
_DEFINITIONS = _TOOLS / "oracle" / "crds"

_KUBERNETES = "k8s.io/kubernetes"
_ARGOCD = "github.com/argoproj/argo-cd/v3"
_KWOK = "sigs.k8s.io/kwok"
_GATEWAY_API = "sigs.k8s.io/gateway-api"
_EXTERNAL_SECRETS = "github.com/external-secrets/external-secrets"

# What is copied out of each module: folder below `manifests/`, files.
_MANIFESTS = {
    _ARGOCD: ("argocd", ("manifests/install.yaml", "hack/git-verify-wrapper.sh", "hack/gpg-wrapper.sh")),
    _KWOK: (
        "kwok",
        tuple(f"kustomize/stage/{stage}/*.yaml" for stage in ("node/fast", "node/heartbeat-with-lease", "pod/fast")),
    ),
    _GATEWAY_API: ("gateway-api", ("config/crd/standard/*.yaml",)),
    _EXTERNAL_SECRETS: ("external-secrets", ("config/crds/bases/external-secrets.io_*.yaml",)),
}


class UnavailableError(Exception):
    """This machine cannot run the cluster; the text says why."""


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module as the module cache has it."""

    version: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Tools:
    """What a cluster is made of.

    Attributes:
        binary: the multi-call binary of `tools/cluster`.
        manifests: a folder with `argocd/`, `kwok/`, `gateway-api/` and `external-secrets/`, from the same modules.
        kustomize: the kustomize of the set-up, of the version that this Argo CD comes with.
    """

    binary: Path
    manifests: Path
    kustomize: Path


def prepare(say: Callable[[str], None]) -> Tools:
    """Return the tools of this checkout, and build them first where they are missing.

    Args:
        say: is told, now and then, how far a build has come (a cold one takes about ten minutes on two cores).

    Raises:
        UnavailableError: not Linux, no Go, git or kustomize, or the build failed.
    """
    if sys.platform != "linux":
        msg = f"the control plane and Argo CD run here on Linux, and this is {sys.platform}"
        raise UnavailableError(msg)
    if not shutil.which("git"):
        msg = "git is not in PATH"
        raise UnavailableError(msg)
    try:
        kustomize = Path(door.kustomize()).absolute()
    except EnvironmentProblem as problem:
        raise UnavailableError(str(problem)) from problem
    folder = cache() / "cluster" / _hash_of_source()
    if not folder.exists():
        if not shutil.which("go"):
            msg = f"go is not in PATH, and {folder} has not been built yet"
            raise UnavailableError(msg)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock(folder.with_name("lock"), say):
            if not folder.exists():
                _build(folder, say)
    return Tools(binary=folder / "cluster", manifests=folder / "manifests", kustomize=kustomize)


def _hash_of_source() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted([*_SOURCE.iterdir(), *_DEFINITIONS.iterdir()]):
        digest.update(path.relative_to(_TOOLS).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _lock(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Wait for the build of another process: two at once would take twice as long each."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build of the cluster")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(folder: Path, say: Callable[[str], None]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="build-", ignore_cleanup_errors=True) as name:
        new = Path(name) / "new"
        new.mkdir()
        say("looking for the modules of the cluster")
        modules = _modules()
        _compile(new / "cluster", _version_flags(modules), say)
        for path, (target, patterns) in _MANIFESTS.items():
            _copy(modules[path].folder, patterns, new / "manifests" / target)
        new.rename(folder)
    say(f"the cluster is built: {folder}")


def _modules() -> dict[str, Module]:
    """Fetch what files are read from; `go build` fetches the rest as it needs it."""
    download = ("mod", "download", "-json")
    rest = (_go(*download, folder=_DEFINITIONS) + _go(*download, _KUBERNETES, _ARGOCD, _KWOK)).strip()
    decoder, found = json.JSONDecoder(), {}
    while rest:
        module, end = decoder.raw_decode(rest)
        found[module["Path"]] = Module(version=module["Version"], folder=Path(module["Dir"]))
        rest = rest[end:].strip()
    return found


def _version_flags(modules: dict[str, Module]) -> str:
    """Return what tells the programs their versions: else they are "v0.0.0-master", of which clients complain."""
    kubernetes, argocd, kwok = (modules[path].version for path in (_KUBERNETES, _ARGOCD, _KWOK))
    major, minor, _ = kubernetes.removeprefix("v").split(".")
    # A build date is demanded by both; the one that never changes keeps the binary the same for the same source.
    date = "1970-01-01T00:00:00Z"
    component, common = "k8s.io/component-base/version", f"{_ARGOCD}/common"
    values = {
        f"{component}.gitVersion": kubernetes,
        f"{component}.gitMajor": major,
        f"{component}.gitMinor": minor,
        f"{component}.gitTreeState": "clean",
        f"{component}.gitCommit": "module",
        f"{component}.buildDate": date,
        f"{common}.version": argocd.removeprefix("v"),
        f"{common}.gitTag": argocd,
        f"{common}.gitTreeState": "clean",
        f"{common}.gitCommit": "module",
        f"{common}.buildDate": date,
        f"{_KWOK}/pkg/consts.Version": kwok,
    }
    settings = " ".join(f"-X {name}={value}" for name, value in values.items())
    return f"-s -w -checklinkname=0 {settings}"  # confine.go says what the link to net's own variable is for


def _compile(target: Path, flags: str, say: Callable[[str], None]) -> None:
    total = len(_go("list", "-deps", ".").splitlines())
    command = ("go", "build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", str(target), ".")
    # In a session of its own, and with its files beside the result: go removes nothing when it is interrupted.
    environment = {**_environment(), "GOTMPDIR": str(target.parent.parent)}
    kustomize = subprocess.Popen(
        command, cwd=_SOURCE, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with kustomize as process:
        assert process.stderr is not None
        said: list[str] = []
        try:
            for line in process.stderr:
                said.append(line)
                say(f"building the cluster: {len(said)} packages compiled, of at most {total}")
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        msg = "go build failed:\n" + "".join(said[-20:])
        raise UnavailableError(msg)


def _copy(source: Path, patterns: tuple[str, ...], target: Path) -> None:
    target.mkdir(parents=True)
    for pattern in patterns:
        for path in source.glob(pattern):
            if path.name != "kustomization.yaml":
                shutil.copyfile(path, target / path.name)


def _go(*arguments: str, folder: Path = _SOURCE) -> str:
    command = ("go", *arguments)
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"go {' '.join(arguments[:2])} failed: {done.stderr.strip() or done.stdout.strip()}"
        raise UnavailableError(msg)
    return done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
