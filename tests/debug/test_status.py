"""The verb `status`: what it makes of the Applications that kubectl tells of. A script stands in kubectl's place."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from generator.debug.fleet import State, frozen, states, summary
from tests.harness import Ran, Repository


def app(name: str, sync: str = "Synced", health: str = "Healthy", **status: Any) -> dict[str, Any]:
    """Return an Application."""
    shown = {"sync": {"status": sync, "revision": "0123456789abcdef"}, "health": {"status": health}, **status}
    return {"kind": "Application", "metadata": {"name": name}, "status": shown}


COMPANIES: Final = {"one": ("general", "bronze"), "two": ("general", "gold"), "three": ("general", "gold")}
ERROR: Final = {"type": "ErrorOccurred", "status": "True", "message": "no entry for key"}


def test_each_company_of_git_has_a_state() -> None:
    """Also one that Argo CD knows nothing of; an Application that git does not know is not ours to tell of."""
    failed = {"phase": "Failed", "message": "refused"}
    found = states([app("one"), app("two", "OutOfSync", "Degraded", operationState=failed), app("other")], COMPANIES)

    assert [(state.company, state.sync, state.health, state.said, state.is_well) for state in found] == [
        ("one", "Synced", "Healthy", "", True),
        ("three", "missing", "missing", "", False),
        ("two", "OutOfSync", "Degraded", "refused", False),
    ]
    assert summary(found) == "1 of 3 companies Synced and Healthy; 1 OutOfSync, Degraded; 1 missing, missing"


def test_a_sync_that_went_well_says_nothing() -> None:
    """Its message is no reason for anything."""
    (state,) = states([app("one", operationState={"phase": "Succeeded", "message": "synced"})], {"one": ("r", "p")})

    assert state == State(
        company="one", ring="r", plan="p", sync="Synced", health="Healthy", revision="0123456789", said=""
    )


def test_a_frozen_set_is_named() -> None:
    """With what froze it; one that has no error is not."""
    good = {"metadata": {"name": "tenants-s01"}, "status": {"conditions": [{**ERROR, "status": "False"}]}}
    bad = {"metadata": {"name": "tenants-s00"}, "status": {"conditions": [ERROR]}}

    assert list(frozen([good, bad])) == ["tenants-s00 is frozen: no entry for key"]


# --- the verb


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Two companies."""
    return Repository(tmp_path_factory.mktemp("status") / "repository").tenant("company-001").tenant("company-002")


def run(
    here: Repository,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    *arguments: str,
    apps: list[dict[str, Any]],
    sets: list[dict[str, Any]] | None = None,
) -> Ran:
    """Run the verb with a kubectl that answers these objects."""
    for kind, items in (("applications", apps), ("applicationsets", sets or [])):
        (folder / kind).write_text(json.dumps({"items": items}), encoding="utf-8")
    script = f'case $* in *applicationsets*) cat "{folder}/applicationsets";; *) cat "{folder}/applications";; esac'
    _kubectl(monkeypatch, folder, script)
    return here.run("status", *arguments)


def _kubectl(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    path, which = folder / "kubectl", shutil.which
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)

    def looked_up(name: str, *rest: Any, **more: Any) -> str | None:
        return str(path) if name == "kubectl" else which(name, *rest, **more)

    monkeypatch.setattr(shutil, "which", looked_up)


def test_when_all_are_well_nobody_is_listed(here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The exit code is 0, and the count stands on stderr."""
    done = run(here, monkeypatch, tmp_path, apps=[app("company-001"), app("company-002")])

    assert (done.exit, done.stdout, done.stderr) == (0, "", "2 of 2 companies Synced and Healthy\n")


def test_who_is_not_well_is_listed(here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The exit code is 1."""
    done = run(here, monkeypatch, tmp_path, apps=[app("company-001"), app("company-002", health="Progressing")])

    assert done.exit == 1
    assert [line.split()[:5] for line in done.stdout.splitlines()[1:]] == [
        ["company-002", "general", "bronze", "Synced", "Progressing"]
    ]
    assert done.stderr == "1 of 2 companies Synced and Healthy; 1 Synced, Progressing\n"


def test_one_company_is_told_also_when_it_is_well(
    here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And nothing of the others."""
    done = run(here, monkeypatch, tmp_path, "company-001", "--format", "json", apps=[app("company-001")])

    assert done.exit == 0
    assert [row["company"] for row in json.loads(done.stdout)] == ["company-001"]


def test_a_frozen_set_is_not_well(here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Though every Application is."""
    bad = {"metadata": {"name": "tenants-s00"}, "status": {"conditions": [ERROR]}}
    done = run(here, monkeypatch, tmp_path, apps=[app("company-001"), app("company-002")], sets=[bad])

    assert done.exit == 1
    assert done.stderr == "2 of 2 companies Synced and Healthy; tenants-s00 is frozen: no entry for key\n"


def test_watching_ends_when_all_are_well(here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What changes is said, once."""
    monkeypatch.setattr("generator.cli.status._EVERY", 0)
    late = json.dumps({"items": [app("company-001"), app("company-002", health="Progressing")]})
    done = json.dumps({"items": [app("company-001"), app("company-002")]})
    script = f"""case $* in *applicationsets*) echo '{{"items": []}}'; exit;; esac
echo x >> "{tmp_path}/looks"
if [ $(wc -l < "{tmp_path}/looks") -lt 3 ]; then echo '{late}'; else echo '{done}'; fi"""
    _kubectl(monkeypatch, tmp_path, script)

    ran = here.run("status", "--watch")

    assert ran.exit == 0
    assert ran.stderr == (
        "1 of 2 companies Synced and Healthy; 1 Synced, Progressing\n2 of 2 companies Synced and Healthy\n"
    )


def test_without_a_right_to_read_it_says_so(here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the words of kubectl; the exit code is 4."""
    _kubectl(monkeypatch, tmp_path, "echo 'applications.argoproj.io is forbidden' >&2; exit 1")

    done = here.run("status")

    assert done.exit == 4
    words = "applications of namespace argocd cannot be read: applications.argoproj.io is forbidden"
    assert done.stderr == f"error: {words}\n  hint: docs/guides/status.md\n"


def test_an_unknown_ring_is_a_usage_error(here: Repository) -> None:
    """Before any cluster is asked."""
    assert here.run("status", "--ring", "generl").exit == 2
