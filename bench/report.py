"""How long the page of `tenantry report` takes to filter and sort 10,000 companies, in a real headless Chromium.

    .venv/bin/python -m bench.report

The measure is the CPU time of the page's own thread, the drawing of the rows and the layout included: milliseconds, the
median and the worst of what was tried. A filter is to stay under 100 ms.
"""

import tempfile
from pathlib import Path
from statistics import median

from generator.report.page import page
from tests.report.browser import Browser, chromium
from tests.report.fleets import facts

FILTERS = ("", "c", "company-0", "company-00042", "gold", "silver chatbot", "files.example.com", "nobody")
TIMES = 5

_FILTER = """
const field = document.getElementById("search");
field.value = arguments[0];
field.dispatchEvent(new Event("input"));
document.body.offsetHeight;
"""
_SORT = """
document.querySelectorAll("#fleet thead button")[arguments[0]].click();
document.body.offsetHeight;
"""


def spent(browser: Browser) -> float:
    """Return the milliseconds of CPU that the page's thread has used."""
    metrics = browser.devtools("Performance.getMetrics")["metrics"]
    return 1000 * float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))


def took(browser: Browser, script: str, argument: str | int) -> float:
    """Run a script in the page and return the milliseconds of CPU that it took."""
    before = spent(browser)
    browser.run(script, argument)
    return spent(browser) - before


def main() -> None:
    """Measure, and print a line for each."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "fleet.html"
        path.write_text(page(facts(10_000)), encoding="utf-8")
        browser.open(path)
        browser.devtools("Performance.enable", timeDomain="threadTicks")
        print(f"page of 10,000 companies: {path.stat().st_size / 1e6:.2f} MB")
        columns = browser.run("return document.querySelectorAll('#fleet thead button').length")
        tried = {
            "filter": [took(browser, _FILTER, text) for _ in range(TIMES) for text in FILTERS],
            "sort": [took(browser, _SORT, column) for column in range(columns)],
        }
        for name, each in tried.items():
            print(f"{name}: median {median(each):.0f} ms, worst {max(each):.0f} ms, of {len(each)}")


if __name__ == "__main__":
    main()
