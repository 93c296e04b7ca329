"""What all tests share: Hypothesis profiles, a repository to try things on, and the renewal of golden files."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from generator.kube import kustomize
from tests.harness import Repository
from tests.kept_builds import Kept

pytest_plugins = ["tests.cluster.claims"]

# `dev` looks for new examples in every run; `ci` tries the same ones, so that a red run is red for its change alone.
settings.register_profile("dev", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "dev")


class OneCluster(LoadFileScheduling):  # type: ignore[misc]
    """Each file in one process, as `--dist loadfile` says, and all files of tests/cluster in the same: one cluster."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/cluster" if nodeid.startswith("tests/cluster/") else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneCluster | None:
    """Keep the tests of the cluster together, and the files in the order of `pytest_collection_modifyitems`."""
    config.option.loadscopereorder = False
    return OneCluster(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the cluster's tests, which wait more than they work, and what takes minutes; end with slow ones."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[int, bool]:
    slow, minutes = (item.get_closest_marker(name) is not None for name in ("slow", "minutes"))
    return -1 if "tests/cluster/" in item.nodeid else slow, not minutes


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what came out to tests/cases, to be reviewed",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether the golden files are to be renewed."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository without tenants."""
    return Repository(tmp_path / "repository")


KEPT = Kept(kustomize.texts)
KEPT.put_in_place()


@pytest.fixture(autouse=True)
def _real_builds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no build from an earlier test in the tests of what builds, which are marked so."""
    if request.node.get_closest_marker("real_builds") is not None:
        KEPT.step_aside(monkeypatch)
