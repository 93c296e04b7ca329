"""What is due, and the edits that `tenantry due --edit` makes of it; the pipelines propose them."""

import re

import pytest

from tests.harness import Repository

AFTER = "2027-01-01"
_OVER = {"until": "2026-12-31", "reason": "an audit"}


def due(repository: Repository, *more: str) -> tuple[int, list[str]]:
    """Return the exit and each finding without its place."""
    done = repository.run("due", *more, "--today", AFTER)
    return done.exit, re.findall(r"^\S+: ((?:error|warning): .+)$", done.stdout, re.MULTILINE)


def test_an_edit_does_what_is_due_and_the_rest_waits(repository: Repository) -> None:
    """A trial, a pause and a pin are edits; a kept quota, a purge and its steps want somebody to look first."""
    purge = {"retireOn": "2026-12-31", "backup": "s3://backups/1"}
    kept = {"plan": "gold", "since": "2026-11-26"}
    repository.tenant("company-001", expires="2026-12-31", paused=_OVER, quotaFrom=kept)
    repository.tenant("company-002", state="suspended", expires="2026-12-31")
    repository.tenant("company-003", state="retiring", retireOn="2026-12-31")
    repository.tenant("company-004", state="purging", **purge)
    said = [
        "the quota of plan gold is kept for 36 days, since 2026-11-26 [DUE001]",
        "the trial ended on 2026-12-31 [DUE002]",
        "it is paused until 2026-12-31: an audit [DUE006]",
        "the trial ended on 2026-12-31 [DUE002]",
        "the last day of company-003 was 2026-12-31: it can be purged [DUE003]",
        "company-004 is purging, and waits for the next step [DUE004]",
    ]
    edits = ("DUE002", "DUE006")

    listed, edited = due(repository), due(repository, "--edit")
    left = due(repository)

    by_edit = [("warning" if line[-7:-1] in edits else "error") + f": {line}" for line in said]
    assert sorted(listed[1]) == sorted(f"error: {line}" for line in said)
    assert (listed[0], edited[0], sorted(edited[1])) == (1, 1, sorted(by_edit))
    assert sorted(left[1]) == sorted(line for line in by_edit if line.startswith("error"))
    assert "state: suspended\n" in repository.read("tenants/company-001.yaml")
    for gone in ("expires", "paused"):
        assert gone not in repository.read("tenants/company-001.yaml") + repository.read("tenants/company-002.yaml")
    assert repository.run("validate").exit == 0


def test_an_edit_that_is_refused_waits_as_well(repository: Repository) -> None:
    """The company has no page that its hosts could lead to; what else is due is done, and later this is, too."""
    platform = repository.read("platform.yaml")
    repository.write("platform.yaml", re.sub(r"unavailablePage:.*\n", "", platform))
    repository.tenant("company-001", expires="2026-12-31").tenant("company-002", paused=_OVER)

    done = repository.run("due", "--edit", "--today", AFTER)
    after = due(repository)
    repository.write("platform.yaml", platform)
    later = due(repository, "--edit")

    assert (done.exit, after) == (1, (1, ["error: the trial ended on 2026-12-31 [DUE002]"]))
    why = "state: suspended needs a page that the company's hosts lead to, and platform.yaml has none"
    assert f"unchanged tenants/company-001.yaml: {why}\n" in done.stderr
    assert "changed tenants/company-002.yaml\n" in done.stderr
    assert later == (0, ["warning: the trial ended on 2026-12-31 [DUE002]"])
    assert due(repository) == (0, [])


def test_an_exception_that_is_over_is_due(repository: Repository) -> None:
    """What platform.yaml accepts until a day is listed beside what tenant files say."""
    entry = """
accepted:
- {kind: Deployment, name: fileserver, field: spec.template.spec.hostname, value: files,
   proofs: [isolation, quota, escape], reason: "a licence for the name", by: ops, until: "2026-12-31"}
"""
    repository.write("platform.yaml", repository.read("platform.yaml") + entry)

    code, said = due(repository)

    assert code == 1
    assert [re.sub(r": .* was", ": ... was", line.removeprefix("error: ")) for line in said] == [
        "accepted[0]: ... was accepted until 2026-12-31 [MOD003]"
    ]


def test_files_with_errors_say_nothing_of_what_is_due(repository: Repository) -> None:
    """Nothing on stdout, which a pipeline could take for a list, and nothing written."""
    repository.tenant("company-001", expires="2026-12-31").tenant("company-002", plan="platinum")

    done = repository.run("due", "--edit", "--today", AFTER)

    assert (done.exit, done.stdout) == (1, "")
    assert "expires" in repository.read("tenants/company-001.yaml")


@pytest.mark.parametrize("today", ["0001-01-01", "2026-11-27", "9999-12-31"])
def test_no_day_of_the_calendar_stops_anything(repository: Repository, today: str) -> None:
    """Whatever a file states, and whatever day it is: what ends on the last day never ends, and no date is an error."""
    last = "9999-12-31"
    always = {"until": last, "reason": "for good"}
    platform = repository.read("platform.yaml")
    budget = re.sub("(?m)^budget:.*\n", "", platform) + "\nbudget: {purgesPerDay: 1}\n"
    repository.write("platform.yaml", budget + f'freezes: [{{from: "0001-01-01", until: "{last}", reason: always}}]\n')
    for number in (1, 2):
        repository.tenant(f"leaves-{number}", state="retiring", retireOn=last)
        repository.tenant(f"left-{number}", state="retiring", retireOn="9999-12-30")
    repository.tenant("company-001", expires=last, paused=always)
    repository.tenant("company-002", quotaFrom={"plan": "gold", "since": "0001-01-01"})

    assert repository.generate().run("verify", "--today", today).exit == 0
    found = repository.run("due", "--today", today)
    assert (found.exit in (0, 1), "leaves-" in found.stdout) == (True, False), found.said
