"""How the results of a bench are shown: a table of Markdown, a plot, and where they stand in the docs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree  # noqa: ICN001 -- its own name

import pygal  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

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


def plot(results: Mapping[str, Any]) -> str:
    """Draw the CPU milliseconds a company against the size of the fleet, both in powers of ten."""
    rows = results["rows"]
    found = {
        verb: sorted(
            (math.log10(row["tenants"]), 1000 * row["cpu"] / row["tenants"])
            for name, row in rows.items()
            if name.startswith(f"{verb} of ")
        )
        for verb in ("verify", "generate --check")
    }
    across = sorted({place for series in found.values() for place, _ in series})
    chart = pygal.XY(
        logarithmic=True,
        width=640,
        height=400,
        legend_at_bottom=True,
        no_prefix=True,
        js=(),
        x_title="companies",
        y_title="CPU milliseconds a company",
        x_labels=across,
        y_labels=[0.1, 1, 10, 100],
        x_value_formatter=lambda place: f"{10**place:,.0f}",
        value_formatter=lambda cost: f"{cost:g}",
        style=Style(background="white", plot_background="white", title_font_size=14, label_font_size=12),
    )
    for verb, series in found.items():
        chart.add(verb, series)
    if across and "cpu" in (loop := rows.get(LOOP, {})):
        cost = 1000 * loop["cpu"] / results["tenants"]
        chart.add(LOOP, [(across[0], cost), (across[-1], cost)], stroke_style={"dasharray": "6"}, show_dots=False)
    root = chart.render_tree()
    for part in root.findall("{*}defs"):
        part[:] = [inside for inside in part if not str(inside.tag).endswith("script")]  # nothing on the page runs it
    return f"{ElementTree.tostring(root, encoding='unicode')}\n"


def sentence(results: Mapping[str, Any]) -> str:
    """Say what the main figures are, in one paragraph."""
    rows, machine = results["rows"], results["machine"]
    beside = {
        LOOP: "a loop of `kustomize build`",
        f"{LOOP}, each through kubeconform -strict": "that loop through kubeconform",
        "Kapitan compiling two files a target": "Kapitan, which only writes two files for each,",
    }
    others = [f"{words} {rows[row]['cpu']:,.0f}" for row, words in beside.items() if "cpu" in rows.get(row, {})]
    verify, generate = (f"{rows[verb]['cpu']:.1f}" for verb in ("verify", "generate"))
    return (
        f"With {results['tenants']:,} companies on {machine['cpus']} CPUs ({machine['day']}), `verify` renders and"
        f" judges all in {verify} CPU seconds, and\n`generate` writes them in {generate}."
        f" Beside that: {'; '.join(others)}.\n"
    )


def into(file: Path, text: str) -> None:
    """Write what was seen into a page, between its two marks."""
    before, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    file.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
