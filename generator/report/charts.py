"""The charts, as SVG that stands in the page: no script, colours from the page's style, each beside its table. Pure."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree  # noqa: ICN001 -- its own name

import pygal  # type: ignore[import-untyped]

from generator.capacity.load import LEVELS, Level
from generator.capacity.room import Room
from generator.cost.bill import PARTS, Bill, Share
from generator.fleet.model import Fleet

# The library hooks a search for its plugins into every later import of the process, which warns of it each time.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart.

    Attributes:
        title: What it shows, in words.
        unit: Of all its numbers.
        labels: What each bar is of.
        series: The parts of each bar, or the bars beside each other, by name; as many numbers as there are labels.
        stacked: Whether the series are parts of one bar.
    """

    title: str
    unit: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    stacked: bool

    @property
    def key(self) -> str:
        """Return its name inside the page."""
        return "-".join(self.title.lower().split())

    def text(self, value: float) -> str:
        """Write one of its numbers."""
        return f"{value:,.0f}{' %' if self.unit == '%' else ''}"

    def svg(self) -> str:
        """Draw it: text for the page, the same for the same numbers."""
        kind = pygal.HorizontalStackedBar if self.stacked else pygal.HorizontalBar
        bars = len(self.labels) * (1 if self.stacked else len(self.series))
        ticks = _ticks(self)
        chart = kind(
            width=_WIDTH,
            height=bars * _BAR + len(self.labels) * _BAR // 2 + 30,
            explicit_size=False,  # the page gives it its width
            margin=8,
            spacing=6,
            css=(),  # the page's own style has the colours, of light, dark and paper
            js=(),
            no_prefix=True,
            show_legend=False,  # the page has one that wraps
            truncate_label=-1,
            print_values=not self.stacked,
            print_values_position="top",
            print_zeroes=True,
            style=_style(),
            value_formatter=self.text,
            y_labels=ticks,
            range=(0, max(_longest(self) * (1 if self.stacked else 1.2), ticks[-1])),
        )
        chart.x_labels = list(reversed(self.labels))  # it draws the first one at the bottom
        for name, values in self.series.items():
            chart.add(name, list(reversed(values)))
        return _plain(chart.render_tree())


def _plain(root: ElementTree.Element) -> str:
    """Write a drawing without what the library puts before it: a style, a script of its settings, today's date."""
    root[:] = [part for part in root.findall("{*}*") if part.tag not in ("defs", "title")]  # no comment is found so
    root.attrib.pop("id", None)
    return ElementTree.tostring(root, encoding="unicode")


_WIDTH: Final = 460
_BAR: Final = 26
_MOST_TICKS: Final = 5


def _longest(chart: Chart) -> float:
    columns = zip(*chart.series.values(), strict=True)
    longest = max((sum(column) if chart.stacked else max(column) for column in columns), default=0.0)
    return longest if longest > 0 else 1.0


def _ticks(chart: Chart) -> list[float]:
    """Return round numbers along the axis, from 0 to the longest bar: 1, 2 or 5 and zeros apart, and few of them."""
    longest, power = _longest(chart), 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if longest / step < _MOST_TICKS:
                return [step * count for count in range(int(longest / step) + 1)]
        power *= 10


def _style() -> Any:
    sizes = dict.fromkeys(("label", "major_label", "value", "value_label", "legend", "no_data"), 14)
    return pygal.style.Style(**{f"{name}_font_size": size for name, size in sizes.items()})


def of_plans(fleet: Fleet) -> Chart:
    """Return how many companies each plan has, by ring."""
    platform = fleet.platform
    count = {(ring.name, plan): 0.0 for ring in platform.rings for plan in platform.plans}
    for tenant in fleet.tenants:
        count[tenant.ring.name, tenant.plan] += 1
    series = {ring.name: [count[ring.name, plan] for plan in platform.plans] for ring in platform.rings}
    return Chart(
        title="Companies by plan", unit="companies", labels=list(platform.plans), series=series, stacked=len(series) > 1
    )


_LEVEL_WORDS: Final[Mapping[Level, str]] = {
    "guaranteed": "always runs",
    "maximum": "autoscalers at most",
    "quota": "quotas used up",
}


def of_capacity(room: Room) -> Chart:
    """Return which share of what the nodes have for companies each level requests."""
    has = (max(1, room.available_cpu), max(1, room.available_memory), max(1, room.places))
    series = {}
    for level in LEVELS:
        wanted = room.companies.levels.requested(level)
        series[_LEVEL_WORDS[level]] = [100 * part / whole for part, whole in zip(wanted, has, strict=True)]
    return Chart(title="Share of the nodes", unit="%", labels=["CPU", "memory", "pods"], series=series, stacked=False)


def of_cost(bill: Bill) -> Chart:
    """Return what the companies of each plan cost a year, by what it is paid for."""
    plans: dict[str, list[Share]] = {}
    for share in bill.companies:
        plans.setdefault(share.plan, []).append(share)
    series = {}
    for part in PARTS:
        values = [float(sum(getattr(share, part) for share in shares)) for shares in plans.values()]
        if any(values):
            series[part] = values
    return Chart(title="Cost of a year by plan", unit=bill.currency, labels=list(plans), series=series, stacked=True)
