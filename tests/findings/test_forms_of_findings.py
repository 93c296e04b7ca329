"""Every form of findings, read whole."""

import json
from dataclasses import replace
from operator import attrgetter
from typing import Any
from xml.etree import ElementTree  # noqa: ICN001 -- its own name

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import __version__
from generator.findings.finding import Finding, Found, Place, Severity, in_order
from generator.findings.formats import FORMATS, counted, show
from generator.findings.rule import OF_INPUT, Rule
from generator.findings.table import finding
from generator.findings.words import plural
from generator.rules.every import RULES

ERROR = finding("TEN006", Place("tenants/a.yaml", 2, 7), "plan: 'glod' is not one of gold", "did you mean 'gold'?")
WARNING = RULES["SEC010"].finding(
    Found(Place("base/x.yaml"), "50% <of> it: a, b", object="Deployment/a/fileserver", severity=Severity.WARNING)
)
FINDINGS = (ERROR, WARNING)
SUMMARY: dict[str, Any] = {"tenants": 2}


def test_text_is_a_line_and_a_hint() -> None:
    """With the place first, where editors and terminals find it."""
    assert show(FINDINGS, "text", SUMMARY, RULES) == (
        "tenants/a.yaml:2:7: error: plan: 'glod' is not one of gold [TEN006]\n"
        "  hint: did you mean 'gold'?\n"
        "base/x.yaml: warning: Deployment/a/fileserver: 50% <of> it: a, b [SEC010]\n"
        "  hint: write newTag and digest under `images:` in base/\n"
    )


def test_json_holds_every_field_and_the_summary() -> None:
    """For programs: a version, and no field that comes and goes."""
    assert json.loads(show(FINDINGS, "json", SUMMARY, RULES)) == {
        "version": 1,
        "findings": [
            {
                "rule": "TEN006",
                "severity": "error",
                "file": "tenants/a.yaml",
                "line": 2,
                "column": 7,
                "object": "",
                "fact": "plan: 'glod' is not one of gold",
                "hint": "did you mean 'gold'?",
                "alreadyOnMain": False,
            },
            {
                "rule": "SEC010",
                "severity": "warning",
                "file": "base/x.yaml",
                "line": 0,
                "column": 0,
                "object": "Deployment/a/fileserver",
                "fact": "50% <of> it: a, b",
                "hint": "write newTag and digest under `images:` in base/",
                "alreadyOnMain": False,
            },
        ],
        "summary": {"tenants": 2},
    }


def test_github_escapes_what_its_commands_are_made_of() -> None:
    """Percent signs and line breaks everywhere; commas and colons in properties."""
    strange = finding("TEN006", Place("tenants/a,b:c.yaml", 1), "100%")

    assert show([*FINDINGS, strange], "github", SUMMARY, RULES) == (
        "::error file=tenants/a.yaml,line=2,col=7,title=TEN006::plan: 'glod' is not one of gold"
        "%0Ahint: did you mean 'gold'?\n"
        "::warning file=base/x.yaml,title=SEC010::Deployment/a/fileserver: 50%25 <of> it: a, b"
        "%0Ahint: write newTag and digest under `images:` in base/\n"
        "::error file=tenants/a%2Cb%3Ac.yaml,line=1,title=TEN006::100%25\n"
    )


def test_sarif_names_the_rules_that_it_uses() -> None:
    """For code scanning: the results, and what their rules say."""
    document = json.loads(show(FINDINGS, "sarif", SUMMARY, RULES))

    assert document == {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "tenantry",
                        "version": __version__,
                        "rules": [
                            {
                                "id": rule,
                                "shortDescription": {"text": RULES[rule].title},
                                "fullDescription": {"text": RULES[rule].why},
                                "help": {"text": RULES[rule].fix},
                            }
                            for rule in ("SEC010", "TEN006")
                        ],
                    }
                },
                "results": [
                    {
                        "ruleId": "TEN006",
                        "level": "error",
                        "message": {"text": "plan: 'glod' is not one of gold (hint: did you mean 'gold'?)"},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": "tenants/a.yaml"},
                                    "region": {"startLine": 2, "startColumn": 7},
                                }
                            }
                        ],
                        "properties": {"alreadyOnMain": False},
                    },
                    {
                        "ruleId": "SEC010",
                        "level": "warning",
                        "message": {
                            "text": "50% <of> it: a, b (hint: write newTag and digest under `images:` in base/)"
                        },
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": "base/x.yaml"},
                                    "region": {"startLine": 1, "startColumn": 1},
                                },
                                "logicalLocations": [{"fullyQualifiedName": "Deployment/a/fileserver"}],
                            }
                        ],
                        "properties": {"alreadyOnMain": False},
                    },
                ],
                "properties": {"tenants": 2},
            }
        ],
    }


def test_junit_fails_for_errors_and_shows_warnings() -> None:
    """For test reports: a warning must not turn them red."""
    assert show(FINDINGS, "junit", SUMMARY, RULES) == (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<testsuite name="tenantry" tests="2" failures="1" errors="0" skipped="0">\n'
        '  <testcase classname="TEN006" name="tenants/a.yaml:2:7">\n'
        "    <failure message=\"plan: 'glod' is not one of gold\" type=\"TEN006\">did you mean 'gold'?</failure>\n"
        "  </testcase>\n"
        '  <testcase classname="SEC010" name="base/x.yaml Deployment/a/fileserver">\n'
        "    <system-out>warning: 50% &lt;of&gt; it: a, b</system-out>\n"
        "  </testcase>\n"
        "</testsuite>\n"
    )


def test_what_is_on_main_already_is_marked_and_keeps_its_weight() -> None:
    """In each form a reader can tell it from what the change brings, and no report turns red for it."""
    found = (replace(ERROR, on_main=True),)

    assert show(found, "text", SUMMARY, RULES) == (
        "tenants/a.yaml:2:7: error (already on main): plan: 'glod' is not one of gold [TEN006]\n"
        "  hint: did you mean 'gold'?\n"
    )
    assert show(found, "github", SUMMARY, RULES) == (
        "::error file=tenants/a.yaml,line=2,col=7,title=TEN006 (already on main)::plan: 'glod' is not one of gold"
        "%0Ahint: did you mean 'gold'?\n"
    )
    in_json = json.loads(show(found, "json", SUMMARY, RULES))["findings"][0]
    assert (in_json["severity"], in_json["alreadyOnMain"]) == ("error", True)
    in_sarif = json.loads(show(found, "sarif", SUMMARY, RULES))["runs"][0]["results"][0]
    assert (in_sarif["level"], in_sarif["message"]["text"], in_sarif["properties"]) == (
        "error",
        "plan: 'glod' is not one of gold (already on main) (hint: did you mean 'gold'?)",
        {"alreadyOnMain": True},
    )
    assert show(found, "junit", SUMMARY, RULES) == (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<testsuite name="tenantry" tests="1" failures="0" errors="0" skipped="1">\n'
        '  <testcase classname="TEN006" name="tenants/a.yaml:2:7">\n'
        "    <skipped message=\"already on main: error: plan: 'glod' is not one of gold\" />\n"
        "  </testcase>\n"
        "</testsuite>\n"
    )
    assert counted((*found, ERROR, WARNING)) == "1 error, 1 warning, 1 already on main"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("text", ""),
        ("json", '{\n  "version": 1,\n  "findings": [],\n  "summary": {\n    "tenants": 2\n  }\n}\n'),
        ("github", ""),
        (
            "junit",
            (
                "<?xml version='1.0' encoding='utf-8'?>\n"
                '<testsuite name="tenantry" tests="1" failures="0" errors="0" skipped="0">\n'
                '  <testcase classname="tenantry" name="no findings" />\n'
                "</testsuite>\n"
            ),
        ),
    ],
)
def test_nothing_found_is_said_in_every_form(form: str, text: str) -> None:
    """A report of no tests would be taken for a run that never happened."""
    assert show((), form, SUMMARY, RULES) == text


SARIF_AS_CODE_SCANNING_READS_IT: dict[str, Any] = {
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "tool": {"properties": {"driver": {"required": ["name", "rules"]}}},
                    "results": {
                        "items": {
                            "required": ["ruleId", "level", "message", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"]},
                                "locations": {
                                    "minItems": 1,
                                    "items": {
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "properties": {"uri": {"pattern": "^[^/ ]+(/[^/ ]+)*$"}}
                                                    },
                                                    "region": {
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                        }
                                                    },
                                                },
                                            }
                                        }
                                    },
                                },
                            },
                        }
                    },
                },
            },
        },
    },
}

ANY_FINDINGS = st.lists(
    st.builds(
        Rule.finding,
        st.sampled_from(sorted(RULES.values(), key=attrgetter("id"))),
        st.builds(
            Found,
            st.builds(Place, st.just("tenants/a.yaml"), st.integers(0, 99), st.integers(0, 99)),
            st.text(),
            st.text(),
            st.text(),
        ),
    ),
    max_size=4,
).map(in_order)


@given(ANY_FINDINGS)
def test_any_text_leaves_every_form_well_formed(findings: tuple[Finding, ...]) -> None:
    """A finding quotes what people write, and people write anything."""
    shown = {form: show(findings, form, SUMMARY, RULES) for form in FORMATS}

    assert len(json.loads(shown["json"])["findings"]) == len(findings)
    jsonschema_rs.validate(SARIF_AS_CODE_SCANNING_READS_IT, json.loads(shown["sarif"]))
    assert len(ElementTree.fromstring(shown["junit"])) == max(1, len(findings))  # noqa: S314 -- our own output
    assert shown["text"].count("\n") == len(findings) + sum(bool(found.hint) for found in findings)
    assert shown["github"].count("\n") == len(findings)


def test_every_finding_about_a_render_has_a_way_out() -> None:
    """What a value of a file should be is told with the value; what base/ should be, by the rule at least."""
    bare = [rule.finding(Found(Place("base/x.yaml"), "x")) for rule in RULES.values()]

    silent = {found.rule for found in bare if not found.hint}

    assert silent == {rule for rule in RULES if rule.startswith(OF_INPUT)}
    assert "fix select and fieldPaths, or remove the target" in {found.hint for found in bare}
    assert ERROR.hint == "did you mean 'gold'?"


def test_findings_are_counted_in_words() -> None:
    """One error is no errors."""
    assert counted(FINDINGS) == "1 error, 1 warning"
    assert counted(()) == "0 errors, 0 warnings"
    assert plural(2, "tenant") == "2 tenants"


def test_findings_come_in_the_order_of_their_places_and_once() -> None:
    """Two runs can be compared line by line."""
    late, early = (finding("TEN006", Place("tenants/a.yaml", line), "x") for line in (10, 9))

    assert in_order([late, WARNING, early, late]) == (WARNING, early, late)
