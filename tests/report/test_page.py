"""The page of `report`, as text: what is in it, what cannot get out of its place, and what the verb writes."""

import json
import re
from dataclasses import replace

import pytest

from generator.findings.finding import Finding, Place, Severity
from generator.report.page import BEGIN, page
from tests.harness import Repository
from tests.report.fleets import TODAY, facts

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;{{ 7 }}"


def companies(html: str) -> list[list[object]]:
    """Return the rows of the data in a page."""
    data = re.search(r'<script type="application/json" id="fleet-data">(.*?)</script>', html, re.DOTALL)
    assert data is not None
    rows: list[list[object]] = json.loads(data[1])["rows"]
    return rows


@pytest.mark.slow
def test_the_page_asks_for_no_other_file() -> None:
    """Neither a style nor a script nor a picture has an address, and its own policy asks for none."""
    html = page(facts())

    assert "default-src 'none'" in html
    assert not re.findall(r"<link|<img|<iframe|\bsrc=|url\(|@import", html)


def test_a_hostile_company_name_stays_a_text() -> None:
    """In the data, which ends no element, and in a finding, which begins none."""
    known = facts()
    first = replace(known.fleet.tenants[0], display_name=HOSTILE)
    fleet = replace(known.fleet, tenants=(first, *known.fleet.tenants[1:]))
    found = Finding(
        "TEN010", Severity.ERROR, Place("tenants/a.yaml", 1, 1), f"displayName: {HOSTILE}", HOSTILE, HOSTILE
    )
    html = page(replace(known, fleet=fleet, findings=(found,), due=(found,)))

    assert companies(html)[0][1] == HOSTILE
    assert html.count("<script") == html.count("</script>") == 2
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_the_page_is_the_same_for_the_same_facts() -> None:
    """A copy that is kept in git changes when the fleet does; the chart library itself puts the date in a drawing."""
    assert page(facts()) == page(facts())


def test_the_page_tells_what_is_proved_and_what_was_accepted() -> None:
    """Also what takes a proof away, in words of its own."""
    known = facts()
    withheld = {"isolation": ("POL001 is ignored: we trust them",)}
    html = page(replace(known, verified=replace(known.verified, withheld=withheld)))

    assert '<span class="badge bad">not proved</span> isolation: POL001 is ignored: we trust them' in html
    assert '<span class="badge good">proved</span> quota: for all 6 tenants' in html
    assert "Nothing: every field of every object is understood." in html


def test_a_company_that_leaves_says_until_when_its_files_are_there() -> None:
    """In the table, and among what is due when it can be purged."""
    known = facts()
    leaving = replace(known.fleet.tenants[0], state="retiring", retire_on=TODAY)
    fleet = replace(known.fleet, tenants=(leaving, *known.fleet.tenants[1:]))
    html = page(replace(known, fleet=fleet, purges=((TODAY, leaving),)))

    assert '"states":["retiring, files until 2026-11-26","active"]' in html
    assert "<li>company-001 can be purged on 2026-11-26</li>" in html


def test_a_fleet_without_nodes_and_prices_says_so() -> None:
    """With the verb that says how they are declared."""
    html = page(facts(room=None, bill=None, more={}))

    assert "platform.yaml declares no nodes, so nothing is fitted; <code>tenantry capacity</code>" in html
    assert "platform.yaml declares no prices, so nothing is counted; <code>tenantry cost</code>" in html


def test_many_findings_of_a_rule_are_counted() -> None:
    """Fifty of them are listed."""
    many = tuple(
        Finding("CAP009", Severity.WARNING, Place(f"tenants/company-{number}.yaml"), "is small") for number in range(60)
    )
    html = page(facts(findings=many))

    assert html.count("is small") == 50
    assert "and 10 more: <code>tenantry verify</code> lists them all" in html


# --- the verb


@pytest.fixture
def here(repository: Repository) -> Repository:
    """Two companies."""
    repository.tenant("company-001", displayName="Harbour <Logistics>").tenant("company-002", plan="gold")
    return repository.generate()


@pytest.mark.slow
def test_the_verb_writes_the_page_and_replaces_its_own(here: Repository) -> None:
    """Twice, because a pipeline writes it each night."""
    for _ in range(2):
        done = here.run("report", "fleet.html", "--today", TODAY.isoformat())

        assert (done.exit, done.stdout) == (0, "")
        assert done.stderr.startswith("wrote fleet.html: 2 tenants, 0 errors, ")
    html = here.read("fleet.html")
    assert html.startswith(BEGIN)
    assert [row[:2] for row in companies(html)] == [["company-001", "Harbour <Logistics>"], ["company-002", ""]]


def test_the_verb_replaces_no_file_of_somebody_else(here: Repository) -> None:
    """A slip of the fingers costs no platform.yaml; another name passes."""
    before = here.read("platform.yaml")
    done = here.run("report", "platform.yaml")

    assert done.exit == 1
    assert done.stderr == (
        "error: platform.yaml is there and is no page of tenantry report\n  hint: name another file, or remove it\n"
    )
    assert here.read("platform.yaml") == before


def test_a_refused_fleet_has_no_page(here: Repository) -> None:
    """What is wrong is said as verify says it."""
    here.tenant("company-003", plan="glod")
    done = here.run("report", "fleet.html")

    assert done.exit == 1
    assert "tenants/company-003.yaml:2:7: error: plan: 'glod' is not one of" in done.stdout
    assert not (here.root / "fleet.html").exists()
