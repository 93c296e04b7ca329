"""Every form in which findings are shown; each is a function from findings to text."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from generator import __version__
from generator.findings.finding import Finding
from generator.findings.words import plural

if TYPE_CHECKING:
    from generator.findings.rule import Rule

_FORMAT_VERSION: Final = 1
_ON_MAIN: Final = "already on main"


def show(findings: Sequence[Finding], form: str, summary: Mapping[str, Any], rules: Mapping[str, "Rule"]) -> str:
    """Write findings in one of `FORMATS`.

    Args:
        findings: In the order in which they are shown.
        form: One of `FORMATS`.
        summary: Counts and proofs of the run, for the machine formats.
        rules: What the rules say, for SARIF.

    Returns:
        The text, ending in a newline, or nothing when there is nothing to say.
    """
    return _FORMS[form](findings, summary, rules)


def counted(findings: Sequence[Finding]) -> str:
    """Say how many errors and warnings there are: `1 error, 2 warnings`, and what is on main apart from them."""
    on_main = sum(found.on_main for found in findings)
    errors = sum(found.refuses for found in findings)
    warnings = len(findings) - errors - on_main
    apart = f", {on_main} already on main" if on_main else ""
    return f"{plural(errors, 'error')}, {plural(warnings, 'warning')}{apart}"


def text(findings: Iterable[Finding]) -> str:
    """Write findings for people."""
    lines = []
    for found in findings:
        about = f"{found.object}: " if found.object else ""
        weight = f"{found.severity} ({_ON_MAIN})" if found.on_main else found.severity
        lines.append(f"{found.place}: {weight}: {about}{found.fact} [{found.rule}]")
        if found.hint:
            lines.append(f"  hint: {found.hint}")
    return "".join(f"{line}\n" for line in lines)


def _printed(document: Mapping[str, Any]) -> str:
    import json  # noqa: PLC0415 -- for the machine formats alone

    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _as_data(found: Finding) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "severity": str(found.severity),
        "file": found.place.file,
        "line": found.place.line,
        "column": found.place.column,
        "object": found.object,
        "fact": found.fact,
        "hint": found.hint,
        "alreadyOnMain": found.on_main,
    }


def _json(findings: Sequence[Finding], summary: Mapping[str, Any], rules: Mapping[str, "Rule"]) -> str:
    del rules
    document = {"version": _FORMAT_VERSION, "findings": [_as_data(found) for found in findings], "summary": summary}
    return _printed(document)


def _github(findings: Sequence[Finding], summary: Mapping[str, Any], rules: Mapping[str, "Rule"]) -> str:
    """Workflow commands: https://docs.github.com/actions/reference/workflow-commands-for-github-actions."""
    del summary, rules
    lines = []
    for found in findings:
        title = f"{found.rule} ({_ON_MAIN})" if found.on_main else found.rule
        where = {"file": found.place.file, "line": found.place.line, "col": found.place.column, "title": title}
        properties = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in where.items() if value)
        about = f"{found.object}: " if found.object else ""
        hint = f"\nhint: {found.hint}" if found.hint else ""
        lines.append(f"::{found.severity} {properties}::{_escaped(f'{about}{found.fact}{hint}')}\n")
    return "".join(lines)


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _sarif(findings: Sequence[Finding], summary: Mapping[str, Any], rules: Mapping[str, "Rule"]) -> str:
    """SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html."""
    used = sorted({found.rule for found in findings})
    driver = {
        "name": "tenantry",
        "version": __version__,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": rules[rule].title},
                "fullDescription": {"text": rules[rule].why},
                "help": {"text": rules[rule].fix},
            }
            for rule in used
        ],
    }
    run = {
        "tool": {"driver": driver},
        "results": [_sarif_result(found) for found in findings],
        "properties": dict(summary),
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return _printed(document)


def _sarif_result(found: Finding) -> dict[str, Any]:
    region = {"startLine": max(1, found.place.line), "startColumn": max(1, found.place.column)}
    location = {"physicalLocation": {"artifactLocation": {"uri": found.place.file}, "region": region}}
    if found.object:
        location["logicalLocations"] = [{"fullyQualifiedName": found.object}]  # type: ignore[assignment]
    hint = f" (hint: {found.hint})" if found.hint else ""
    mark = f" ({_ON_MAIN})" if found.on_main else ""
    return {
        "ruleId": found.rule,
        "level": str(found.severity),
        "message": {"text": f"{found.fact}{mark}{hint}"},
        "locations": [location],
        "properties": {"alreadyOnMain": found.on_main},
    }


def _junit(findings: Sequence[Finding], summary: Mapping[str, Any], rules: Mapping[str, "Rule"]) -> str:
    from xml.etree import ElementTree  # noqa: ICN001, PLC0415 -- its own name, and for this form alone

    del summary, rules
    errors, skipped = (str(sum(map(attrgetter(what), findings))) for what in ("refuses", "on_main"))
    tests = str(max(1, len(findings)))
    suite = ElementTree.Element("testsuite", name="tenantry", tests=tests, failures=errors, errors="0", skipped=skipped)
    for found in findings:
        case = ElementTree.SubElement(
            suite, "testcase", classname=found.rule, name=f"{found.place} {found.object}".strip()
        )
        if found.on_main:  # a failure would turn the report red
            ElementTree.SubElement(case, "skipped", message=f"{_ON_MAIN}: {found.severity}: {found.fact}")
        elif found.refuses:
            failure = ElementTree.SubElement(case, "failure", message=found.fact, type=found.rule)
            failure.text = found.hint
        else:
            ElementTree.SubElement(case, "system-out").text = f"warning: {found.fact}"
    if not findings:
        ElementTree.SubElement(suite, "testcase", classname="tenantry", name="no findings")
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


_FORMS: Final[Mapping[str, Callable[[Sequence[Finding], Mapping[str, Any], Mapping[str, "Rule"]], str]]] = {
    "text": lambda findings, *_: text(findings),
    "json": _json,
    "github": _github,
    "sarif": _sarif,
    "junit": _junit,
}

FORMATS: Final = tuple(_FORMS)
