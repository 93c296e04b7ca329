"""How the results of a bench are shown: a table of Markdown, a plot, and where they stand in the docs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

BEGIN: Final = "<!-- bench: begin -->"
END: Final = "<!-- bench: end -->"

LOOP: Final = "loop of kustomize build"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a row of the table is held to.

    Attributes:
        row: The row.
        beside: The row that it is compared with, or empty.
        ratio: How many times the CPU of that row it may take.
        cpu: CPU seconds that it may take, for one that is compared with none.
        peak: MiB that it may have in memory, or None.
        of: The number of tenants that the goal is stated for.
    """

    row: str
    beside: str = ""
    ratio: float = math.inf
    cpu: float = math.inf
    peak: float = math.inf
    of: int = 10_000


GOALS: Final = (
    Goal(row="generate", beside="generate, floor", ratio=1),
    Goal(row="generate --check", beside="generate --check, floor", ratio=1),
    Goal(row="verify", beside=LOOP, ratio=1 / 150, peak=150),
    Goal(row="verify, a tenth with sizes of their own", beside=LOOP, ratio=1 / 80),
    Goal(row="check --base, one new tenant", cpu=2),
    Goal(row="explain NAME", cpu=0.5),
    Goal(row="render NAME", cpu=0.5),
    Goal(row="verify NAME", cpu=1.5),
    Goal(row="verify of 100000", cpu=20, peak=500),
    Goal(row="--help", cpu=0.1),
)
"""What each row is meant to cost, of a fleet of 10,000 where it depends on that."""


def table(results: Mapping[str, Any]) -> str:
    """Return the figures with what they are held to."""
    rows, machine = results["rows"], results["machine"]
    head = (
        f"Measured on {machine['day']} by `make bench` with {results['tenants']:,} companies: {machine['cpus']} CPUs"
        f" ({machine['cpu']}), {machine['system']}, Python {machine['python']}, load {machine['load']} at the start,"
        f" the median of {results['runs']} runs, files in memory."
    )
    lines = [
        head,
        "",
        "| work | CPU s | wall s | peak MiB | beside | goal |",
        "|---|---|---|---|---|---|",
    ]
    goals = {goal.row: goal for goal in GOALS}
    for name, row in rows.items():
        if "missing" in row:
            lines.append(f"| {name} | not measured: {row['missing']} | | | | |")
            continue
        scaled = f" (scaled from {row['measuredOn']})" if "measuredOn" in row else ""
        beside, goal = _held(goals[name], row, rows) if name in goals else ("", "")
        figures = f"{row['cpu']:.2f} | {row['wall']:.2f} | {row['peakMiB']:.0f}"
        lines.append(f"| {name}{scaled} | {figures} | {beside} | {goal} |")
    return "\n".join(lines) + "\n"


def _held(goal: Goal, row: Mapping[str, float], rows: Mapping[str, Mapping[str, float]]) -> tuple[str, str]:
    """Say how a row stands beside another, and whether it reaches its goal."""
    beside, wanted, met = "", [], row["peakMiB"] <= goal.peak and row["cpu"] <= goal.cpu
    if goal.beside in rows and "cpu" in rows[goal.beside]:
        ratio = row["cpu"] / rows[goal.beside]["cpu"]
        beside = (
            f"{ratio:.2f} of {goal.beside}" if goal.ratio >= 1 else f"{1 / ratio:.0f} times less than {goal.beside}"
        )
        wanted.append(f"{goal.ratio:.1f}" if goal.ratio >= 1 else f"{1 / goal.ratio:.0f} times less")
        met = met and ratio <= goal.ratio
    wanted += [f"{goal.cpu} s"] if goal.cpu < math.inf else []
    wanted += [f"{goal.peak} MiB"] if goal.peak < math.inf else []
    return beside, f"{', '.join(wanted)}: {'reached' if met else 'not reached'}"


_WIDTH: Final = 640
_HEIGHT: Final = 360
_LEFT: Final = 70
_BOTTOM: Final = 50
_COLOURS: Final = ("#1f6feb", "#1a7f37")


def plot(results: Mapping[str, Any]) -> str:
    """Draw the CPU milliseconds a company against the size of the fleet, both in powers of ten."""
    verbs = ("verify", "generate --check")
    found = {
        verb: sorted(
            (row["tenants"], 1000 * row["cpu"] / row["tenants"])
            for name, row in results["rows"].items()
            if name.startswith(f"{verb} of ")
        )
        for verb in verbs
    }
    loop = results["rows"].get(LOOP, {}).get("cpu")
    level = 1000 * loop / results["tenants"] if loop else None
    points = [point for series in found.values() for point in series]
    if not points:
        return _svg(["<text x='20' y='40'>no figures of growth</text>"])
    costs = [cost for _, cost in points] + ([level] if level else [])
    across = _scale([tenants for tenants, _ in points], _LEFT, _WIDTH - 20)
    up = _scale(costs, _HEIGHT - _BOTTOM, 20)
    lines = [
        f"<text x='{_WIDTH // 2}' y='{_HEIGHT - 10}' text-anchor='middle'>companies</text>",
        "<text x='10' y='14'>CPU milliseconds a company</text>",
    ]
    lines += [
        f"<text x='{across(tenants)}' y='{_HEIGHT - 30}' text-anchor='middle'>{tenants:,}</text>"
        for tenants in sorted({tenants for tenants, _ in points})
    ]
    for power in range(math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs))) + 1):
        if min(costs) <= 10**power <= max(costs):
            at = up(10**power)
            lines.append(f"<line x1='{_LEFT}' x2='{_WIDTH - 20}' y1='{at}' y2='{at}' stroke='#d0d7de'/>")
            lines.append(f"<text x='{_LEFT - 6}' y='{at + 4}' text-anchor='end'>{10**power:g}</text>")
    for number, (verb, series) in enumerate(found.items()):
        path = " ".join(f"{across(tenants)},{up(cost)}" for tenants, cost in series)
        colour = _COLOURS[number]
        lines.append(f"<polyline fill='none' stroke='{colour}' stroke-width='2' points='{path}'/>")
        if series:
            last = series[-1]
            lines.append(
                f"<text x='{across(last[0])}' y='{up(last[1]) - 8}' text-anchor='end' fill='{colour}'>{verb}</text>"
            )
    if level:
        at = up(level)
        lines.append(
            f"<line x1='{_LEFT}' x2='{_WIDTH - 20}' y1='{at}' y2='{at}' stroke='#cf222e' stroke-dasharray='6'/>"
        )
        lines.append(f"<text x='{_LEFT + 6}' y='{at - 6}' fill='#cf222e'>{LOOP}</text>")
    return _svg(lines)


def _scale(values: Sequence[float], start: float, end: float) -> "_Scale":
    return _Scale(low=math.log10(min(values)), high=math.log10(max(values)), start=start, end=end)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """A place on the page for a number."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        part = (math.log10(value) - self.low) / ((self.high - self.low) or 1)
        return round(self.start + part * (self.end - self.start), 1)


def _svg(lines: Sequence[str]) -> str:
    box = f"viewBox='0 0 {_WIDTH} {_HEIGHT}' font-family='sans-serif' font-size='12'"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' {box}>"
    return "\n".join([head, f"<rect width='{_WIDTH}' height='{_HEIGHT}' fill='white'/>", *lines, "</svg>"]) + "\n"


def into(file: Path, text: str) -> None:
    """Write a table into a page, between its two marks."""
    before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    file.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
