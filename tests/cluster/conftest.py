"""Fixtures of the tests that need a cluster: it is brought up once, by the first of them."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType

import pytest

from tests.cluster.claims import MEASURED, Measure
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import Fleet
from tests.cluster.progress import Progress
from tests.cluster.tools import Tools, UnavailableError, prepare

_HERE = Path(__file__).parent
_KUBECONFIG = "TENANTRY_TEST_KUBECONFIG"
_LOGS = _HERE.parents[1] / ".cache" / "cluster-logs"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that needs the cluster's programs; the hundred companies come last, for all waits beside them."""
    for item in items:
        if "tools" in getattr(item, "fixturenames", ()) and _HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)
    items.sort(key=lambda item: item.path == _HERE / "test_scale.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test that pushes pass only if it has seen every shard Synced after each push."""
    fleet: Fleet | None = getattr(item, "funcargs", {}).get("fleet")
    try:
        result = yield
    except BaseException:
        if fleet:
            fleet.unwatched()
        raise
    if fleet and (pushes := fleet.unwatched()):
        pytest.fail(f"nobody saw every shard Synced (fleet.await_shards) after: {', '.join(pushes)}", pytrace=False)
    return result


@pytest.fixture(scope="session")
def terminable() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does, with all fixtures taken down."""

    def end(number: int, _: FrameType | None) -> None:
        pytest.exit(f"ended by {signal.Signals(number).name}", returncode=128 + number)

    before = signal.signal(signal.SIGTERM, end)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def tools(pytestconfig: pytest.Config, terminable: None) -> Tools:  # noqa: ARG001  # it lasts as long as this does
    """The cluster's binary and manifests. Where CI says so by $CI, a machine that cannot have them fails."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        progress = Progress()
        try:
            return prepare(progress)
        except UnavailableError as reason:
            if os.environ.get("CI"):
                pytest.fail(str(reason))
            pytest.skip(str(reason))
        finally:
            progress.end()


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tools: Tools) -> Iterator[Cluster]:
    """A cluster with Argo CD and a git server; $TENANTRY_TEST_KUBECONFIG names one to be used instead of our own.

    When a test has failed, the logs of its programs stay: they alone say why something did not happen in time.
    """
    folder = Path(tempfile.mkdtemp(prefix="tenantry-cluster-"))
    kubeconfig = os.environ.get(_KUBECONFIG)
    with Cluster(folder, tools, kubeconfig=Path(kubeconfig) if kubeconfig else None) as cluster:
        failed = request.session.testsfailed
        try:
            cluster.start(lambda _: None)
            yield cluster
        finally:
            if request.session.testsfailed > failed:
                shutil.rmtree(_LOGS, ignore_errors=True)
                shutil.copytree(folder / "logs", _LOGS)


@pytest.fixture(scope="session")
def fleet(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The companies of this repository and some of the tests, Synced and Healthy; a test leaves all of them so."""
    fleet = Fleet(cluster, tmp_path_factory.mktemp("fleet"))
    try:
        fleet.start()
        yield fleet
    finally:
        if cluster.control_plane is None:
            fleet.remove()


@pytest.fixture
def control_plane(cluster: Cluster) -> ControlPlane:
    """Our own control plane, for tests that need nodes which can be let die, or a stand-in."""
    if cluster.control_plane is None:
        pytest.skip(f"needs nodes and controllers that obey the test, and ${_KUBECONFIG} names a cluster of its own")
    return cluster.control_plane


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Measure:
    """Record how long something took, for the table of claims: `measure("pods Ready", start)`."""
    measured = request.node.stash.setdefault(MEASURED, {})

    def record(what: str, since: float) -> float:
        seconds = round(time.monotonic() - since, 1)
        measured[what] = seconds
        return seconds

    return record


@pytest.fixture
def kubectl(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the harness's kubectl on PATH, where tenantry looks for one."""
    script = tmp_path / "kubectl"
    script.write_text(f'#!/bin/sh\nexec {cluster.tools.binary} kubectl "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
