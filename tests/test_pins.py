"""What is written down in two places for two programs says the same in both."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from generator import build

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text()


def test_every_way_to_kustomize_leads_to_the_version_that_tenantry_demands() -> None:
    """Go builds, the archives hold, and the program accepts one and the same kustomize."""
    go_mod = (ROOT / "tools/kustomize/go.mod").read_text()
    archives = (ROOT / "tools/kustomize/checksums").read_text()

    built = set(re.findall(r"kustomize/kustomize/v5 (v\S+)", go_mod))
    downloaded = set(re.findall(r"kustomize_(v[\d.]+)_", archives))

    assert built == downloaded == {build.VERSION}


def test_every_declared_package_is_locked_at_a_version_it_accepts() -> None:
    """Who adds a dependency or raises its bound runs `make lock`."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*pyproject["project"]["dependencies"], *pyproject["dependency-groups"]["dev"]]
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))

    wrong = [text for text in declared if not _accepts(Requirement(text), locked)]

    assert wrong == []


def _accepts(requirement: Requirement, locked: dict[str, str]) -> bool:
    name = re.sub(r"[-_.]+", "-", requirement.name).lower()
    return name in locked and requirement.specifier.contains(locked[name])


def test_the_lock_names_no_address() -> None:
    """A mirror of one machine must not become everyone's."""
    assert "://" not in LOCK


def test_the_help_of_make_lists_every_target() -> None:
    """A target that cannot be found might as well not exist."""
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)

    explained = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)

    assert explained == phony.split()
