"""How long the page of `tenantry report` takes to filter and sort 10,000 companies, in a real headless Chromium.

    .venv/bin/python -m bench.report

The measure is wall time inside the page, the drawing of the rows and the layout included: milliseconds, the median and
the worst of what was tried. A filter is to stay under 100 ms.
"""

import tempfile
from pathlib import Path
from statistics import median

from generator.report.page import page
from tests.report.browser import chromium
from tests.report.fleets import facts

FILTERS = ("", "c", "company-0", "company-00042", "gold", "silver chatbot", "files.example.com", "nobody")
TIMES = 5

_FILTER = """
const field = document.getElementById("search"), took = [];
for (let round = 0; round < arguments[1]; round += 1) {
  for (const text of arguments[0]) {
    const begin = performance.now();
    field.value = text;
    field.dispatchEvent(new Event("input"));
    document.body.offsetHeight;
    took.push(performance.now() - begin);
  }
}
return took;
"""
_SORT = """
return [...document.querySelectorAll("#fleet thead button")].map((button) => {
  const begin = performance.now();
  button.click();
  document.body.offsetHeight;
  return performance.now() - begin;
});
"""


def main() -> None:
    """Measure, and print a line for each."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "fleet.html"
        path.write_text(page(facts(10_000)), encoding="utf-8")
        browser.open(path)
        print(f"page of 10,000 companies: {path.stat().st_size / 1e6:.2f} MB")
        for name, script in (("filter", _FILTER), ("sort", _SORT)):
            took = browser.run(script, list(FILTERS), TIMES)
            print(f"{name}: median {median(took):.0f} ms, worst {max(took):.0f} ms, of {len(took)}")


if __name__ == "__main__":
    main()
