"""The table of claims says what the tests have shown."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_CONFTEST = """
from pathlib import Path
from tests.cluster import claims
from tests.cluster.conftest import measure
from tests.cluster.claims import pytest_configure

claims.RESULTS = Path(__file__).with_name("results.json")
"""

_TESTS = """
import time
import pytest

@pytest.mark.claim("water boils", leans_on=("a kettle",))
def test_water(measure):
    measure("first bubble", time.monotonic())

@pytest.mark.claim("stones float")
def test_stones():
    raise AssertionError

@pytest.mark.claim("birds fly")
def test_birds():
    pytest.skip("no bird")

@pytest.mark.claim("even and odd are one")
@pytest.mark.parametrize("number", [1, 2])
def test_numbers(number):
    assert number % 2

def test_without_a_claim():
    pass
"""

_TABLE = """\
passed         0.0 s  water boils
               0.0 s    first bubble
                      (leans on a kettle)
failed         0.0 s  stones float
skipped        0.0 s  birds fly
failed         0.0 s  even and odd are one
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of these tests has printed, and written."""

    output: str
    results: Path


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of all tests, through xdist."""
    return _pytest(tmp_path_factory.mktemp("claims"), "-n", "1")


def test_the_table_stands_at_the_end_of_the_run(whole_run: Run) -> None:
    """Result, time and claim, what was measured, and what it leans on."""
    assert _TABLE in whole_run.output


def test_the_results_are_written_for_the_documentation(tmp_path: Path, whole_run: Run) -> None:
    """Each claim with its test, and the machine it was shown on; but not where one was left out."""
    assert not whole_run.results.exists()
    results = json.loads(_pytest(tmp_path, tests=_TESTS.replace("pytest.skip", "print")).results.read_text())

    assert [(claim["test"], claim["result"]) for claim in results["claims"]] == [
        ("test_it.py::test_water", "passed"),
        ("test_it.py::test_stones", "failed"),
        ("test_it.py::test_birds", "passed"),
        ("test_it.py::test_numbers", "failed"),
    ]
    assert results["machine"]["cpus"] == os.cpu_count()


@pytest.mark.parametrize("choice", [("-k", "water"), ("test_it.py::test_water",)])
def test_a_run_of_some_claims_leaves_the_results_alone(tmp_path: Path, choice: tuple[str, ...]) -> None:
    """They are of one run, or they are of none."""
    assert not _pytest(tmp_path, *choice).results.exists()


def test_a_claim_of_the_night_keeps_what_was_seen_last(tmp_path: Path) -> None:
    """Whole runs of the day leave it out, and do not wait for it."""
    tests = _TESTS.replace("pytest.skip", "print").replace(
        '@pytest.mark.claim("birds fly")', '@pytest.mark.claim("birds fly")\n@pytest.mark.nightly'
    )
    seen = _pytest(tmp_path, tests=tests).results
    seen.write_text(seen.read_text().replace('"when": "20', '"when": "19'))

    results = json.loads(_pytest(tmp_path, "-m", "not nightly", tests=tests).results.read_text())

    assert [claim["test"] for claim in results["claims"] if claim["when"].startswith("19")] == [
        "test_it.py::test_birds"
    ]
    assert len(results["claims"]) == 4


def test_a_claim_whose_test_is_interrupted_was_not_shown(tmp_path: Path) -> None:
    """Neither it nor what comes after it counts as passed."""
    run = _pytest(tmp_path, tests=_TESTS.replace("raise AssertionError", "raise KeyboardInterrupt"))

    assert "passed         0.0 s  water boils" in run.output
    assert "interrupted    0.0 s  stones float" in run.output
    assert "birds fly" not in run.output
    assert not run.results.exists()


def _pytest(folder: Path, *arguments: str, tests: str = _TESTS) -> Run:
    (folder / "conftest.py").write_text(_CONFTEST)
    (folder / "test_it.py").write_text(tests)
    command = (sys.executable, "-m", "pytest", "-p", "xdist", "-p", "no:cacheprovider", *arguments)
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("CI", None)  # where nothing is written
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return Run(done.stdout, folder / "results.json")
