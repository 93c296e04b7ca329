"""What the tests of the cluster have shown: a table at the end of the run, and `results.json` for the documentation.

A test of a claim carries `@pytest.mark.claim("a dead node's pods run elsewhere", leans_on=(stand_ins.NODES,))`, and
records what it has measured with the fixture `measure`.
"""

import json
import os
import platform
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

RESULTS = Path(__file__).with_name("results.json")
Measure = Callable[[str, float], float]
MEASURED = pytest.StashKey[dict[str, float]]()
_PROPERTY = "claim"
_WORST_FIRST = ("failed", "interrupted", "skipped", "passed")


@dataclass(slots=True)
class Claim:
    """A claim and what became of it.

    Attributes:
        text: the claim.
        test: the test that shows it, without its parameters.
        leans_on: the stand-ins without which it could not be shown here.
        result: `passed`, `failed`, `skipped`, or `interrupted` until its test has come to an end.
        seconds: how long its test took, without bringing the cluster up.
        measured: times in seconds that the test took by itself, by what they are the times of.
        when: the day of the run.
    """

    text: str
    test: str
    leans_on: list[str]
    result: str = "interrupted"
    seconds: float = 0.0
    measured: dict[str, float] = field(default_factory=dict)
    when: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d"))


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker and gather the claims."""
    config.addinivalue_line("markers", "claim(text, leans_on=()): a promise of the product, shown on a real cluster")
    config.pluginmanager.register(ClaimTable(), "tenantry-claims")


class ClaimTable:
    """Gathers the claims of a run, through xdist as well, prints them and writes them."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, int], dict[str, Claim]] = {}
        self._left_out = False
        self._nightly: set[str] = set()

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember that this run leaves claims out; those of the night keep what was seen of them last."""
        for item in items:
            if item.get_closest_marker("claim"):
                self._left_out |= item.get_closest_marker("nightly") is None
                self._nightly.add(item.nodeid.partition("[")[0])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put the claim into the report, which is all that leaves a worker of xdist."""
        report = yield
        if marker := item.get_closest_marker("claim"):
            measured = item.stash.get(MEASURED, {})
            claim = Claim(
                marker.args[0],
                item.nodeid.partition("[")[0],
                list(marker.kwargs.get("leans_on", ())),
                measured=measured,
            )
            report.user_properties.append((_PROPERTY, asdict(claim)))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the claim out of the report of each phase: passed is what was called, and failed in none of them."""
        for name, value in report.user_properties:
            if name != _PROPERTY:
                continue
            assert isinstance(value, dict)
            path, line, test = report.location
            claim = self._claims.setdefault((path, line or 0), {}).setdefault(test, Claim(**value))
            if report.when == "call":
                claim.seconds, claim.measured, claim.result = report.duration, value["measured"], report.outcome
            elif not report.passed:
                claim.result = report.outcome

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
    ) -> None:
        """Print the table, and write it where the run was asked for all claims."""
        if not self._claims:
            return
        claims = [
            _as_one(list(tests.values())) for _, tests in sorted(self._claims.items())
        ]  # as they stand in the files
        terminalreporter.section("claims")
        for line in table(claims):
            terminalreporter.write_line(line)
        if _is_whole(claims, exitstatus, config) and not self._left_out:
            old = json.loads(RESULTS.read_text(encoding="utf-8"))["claims"] if RESULTS.exists() else []
            kept = [claim for claim in old if claim["test"] in self._nightly]
            RESULTS.write_text(json.dumps(_results(claims, kept), indent=1, ensure_ascii=False) + "\n")
            terminalreporter.write_line(f"written to {RESULTS.relative_to(config.rootpath)}")


def _is_whole(claims: list[Claim], exitstatus: int, config: pytest.Config) -> bool:
    """Return whether the run was for the documentation: all claims tried, and not by CI, whose tree stays as it was."""
    return (
        exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        and all(claim.result in {"passed", "failed"} for claim in claims)
        and not (config.option.keyword or config.option.maxfail or os.environ.get("CI"))
        and config.args_source is not pytest.Config.ArgsSource.ARGS
    )


def _as_one(claims: list[Claim]) -> Claim:
    """Return one claim for all parameters of its test: the worst result, the whole time."""
    return replace(
        claims[0],
        result=min((claim.result for claim in claims), key=_WORST_FIRST.index),
        seconds=round(sum(claim.seconds for claim in claims), 1),
        measured={what: seconds for claim in claims for what, seconds in claim.measured.items()},
    )


def table(claims: list[Claim]) -> list[str]:
    """Return the lines of the table: result, seconds, claim; below each its own measurements and what it leans on."""
    lines = []
    for claim in claims:
        lines.append(f"{claim.result:<12}{claim.seconds:>6.1f} s  {claim.text}")
        lines += [f"{'':12}{seconds:>6.1f} s    {what}" for what, seconds in claim.measured.items()]
        lines += [f"{'':22}(leans on {name})" for name in claim.leans_on]
    return lines


def _results(claims: list[Claim], kept: list[dict[str, Any]]) -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "machine": {"cpus": os.cpu_count(), "memoryGiB": round(memory / 2**30), "architecture": platform.machine()},
        "claims": [*(asdict(claim) for claim in claims), *kept],
    }
