"""The page of `report` in a real Chromium: opened, searched, sorted, printed, on two screens, in light and dark."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from generator.report.page import page
from tests.harness import ROOT
from tests.report.browser import DESKTOP, PHONE, Browser, axe, chromium
from tests.report.fleets import facts
from tests.report.test_page import HOSTILE, companies

pytestmark = pytest.mark.slow

PICTURES = ROOT / "docs" / "pictures"
SIZES = {"desktop": DESKTOP, "phone": PHONE}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The page of so many companies."""
    folder = tmp_path_factory.mktemp("pages")
    found = {number: folder / f"{number}.html" for number in (6, 10_000)}
    for number, path in found.items():
        path.write_text(page(facts(number)), encoding="utf-8")
    return found


def test_ten_thousand_companies_stay_below_three_megabytes(pages: dict[int, Path]) -> None:
    """Their rows are data that is drawn on demand."""
    assert len(companies(pages[10_000].read_text(encoding="utf-8"))) == 10_000
    assert pages[10_000].stat().st_size < 3_000_000


def test_a_search_leaves_the_companies_that_match(browser: Browser, pages: dict[int, Path]) -> None:
    """By any word of name, display name, host, plan and add-on; full-width letters are letters."""
    browser.open(pages[6])
    assert browser.text("#shown") == "6 companies"

    browser.type("#search", "\N{FULLWIDTH LATIN SMALL LETTER G}old archive")
    assert browser.text("#shown") == "1 of 6 companies"
    assert browser.text("#fleet tbody th") == "City Archive\ncompany-006"

    browser.type("#search", "サンプル")
    assert browser.text("#fleet tbody th") == "株式会社サンプル\ncompany-004"

    browser.type("#search", "nobody")
    assert browser.text("#shown") == "0 of 6 companies"
    assert browser.said() == []


def test_a_click_on_a_heading_sorts_and_a_second_one_turns(browser: Browser, pages: dict[int, Path]) -> None:
    """What a screen reader hears of it is `aria-sort`."""
    browser.open(pages[6])
    for order, names in (("ascending", ["bronze", "bronze"]), ("descending", ["gold", "gold"])):
        browser.click("#fleet thead th:nth-child(2) button")

        assert browser.run("return document.querySelector('#fleet [aria-sort]').ariaSort") == order
        plans = browser.run(
            "return [...document.querySelectorAll('#fleet tbody td:nth-child(2)')].map(c => c.innerText)"
        )
        assert plans[:2] == names
    assert browser.said() == []


def test_ten_thousand_companies_are_filtered_by_keyboard(browser: Browser, pages: dict[int, Path]) -> None:
    """Fifty rows are in the document at once; bench/report.py says how long a filter takes."""
    browser.open(pages[10_000])
    browser.run("document.getElementById('search').focus()")
    browser.press("company-00042")
    assert browser.text("#shown") == "1 of 10,000 companies"

    browser.type("#search", "company")
    assert browser.run("return document.querySelectorAll('#fleet tbody tr').length") == 50
    browser.click("#after")
    assert browser.text("#which") == "Page 2 of 200"
    assert browser.said() == []


def test_a_hostile_name_runs_nothing(browser: Browser, tmp_path: Path) -> None:
    """It is shown as it is written, and neither a script of it nor an element is there."""
    known = facts()
    first = replace(known.fleet.tenants[0], display_name=HOSTILE)
    (tmp_path / "fleet.html").write_text(
        page(replace(known, fleet=replace(known.fleet, tenants=(first, *known.fleet.tenants[1:])))), encoding="utf-8"
    )
    browser.open(tmp_path / "fleet.html")
    browser.type("#search", "onerror")

    assert browser.text("#fleet tbody th") == f"{HOSTILE}\ncompany-001"
    assert browser.run("return document.querySelectorAll('img, script').length") == 2
    assert browser.said() == []


def test_the_page_is_printed_with_all_its_companies(browser: Browser, pages: dict[int, Path]) -> None:
    """What is folded on a screen is not on paper."""
    browser.open(pages[6])
    count = "document.querySelectorAll('details:not([open])').length"
    browser.run(f"addEventListener('beforeprint', () => {{ window.folded = {count} }})")
    printed = browser.printed()

    assert printed.startswith(b"%PDF-")
    assert browser.run("return window.folded") == 0
    assert browser.said() == []


@pytest.mark.parametrize("number", [6, 10_000])
@pytest.mark.parametrize("screen", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_has_its_picture(
    browser: Browser, pages: dict[int, Path], update_golden: bool, number: int, screen: str, scheme: str
) -> None:
    """axe-core finds nothing, nothing is wider than the screen; --update-golden takes the pictures of the docs."""
    browser.open(pages[number], SIZES[screen], dark=scheme == "dark")
    browser.run("for (const part of document.querySelectorAll('details')) part.open = true")
    found = browser.run_until_called(
        axe() + ";const done = arguments[arguments.length - 1];"
        "axe.run().then((said) => done(said.violations.map((one) => `${one.id}: ${one.nodes.map((n) => n.html)}`)))"
    )

    assert found == []
    assert browser.run("return document.documentElement.scrollWidth") == SIZES[screen][0]
    assert browser.said() == []
    browser.open(pages[number], SIZES[screen], dark=scheme == "dark")
    picture = browser.picture("webp", 1500)
    assert picture[8:12] == b"WEBP"
    if update_golden:
        PICTURES.mkdir(exist_ok=True)
        (PICTURES / f"report-{number}-{screen}-{scheme}.webp").write_bytes(picture)
