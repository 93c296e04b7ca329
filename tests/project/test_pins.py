"""What is written down in two places for two programs says the same in both."""

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from generator.kube import kustomize
from tests.project.locked import at_run_time, locked, required

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_way_to_kustomize_leads_to_the_version_that_tenantry_demands() -> None:
    """Go builds, the archives hold, and the program accepts one and the same kustomize."""
    go_mod = (ROOT / "tools/kustomize/go.mod").read_text()
    archives = (ROOT / "tools/kustomize/checksums").read_text()

    built = set(re.findall(r"kustomize/kustomize/v5 (v\S+)", go_mod))
    downloaded = set(re.findall(r"kustomize_(v[\d.]+)_", archives))

    assert built == downloaded == {kustomize.VERSION}


def test_every_declared_package_is_locked_at_a_version_it_accepts() -> None:
    """Who adds a dependency or raises its bound runs `make lock`."""
    declared = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["dependency-groups"]["dev"]]
    versions = {package.name: package.version for package in locked()}

    wrong = [text for text in declared if not _accepts(Requirement(text), versions)]

    assert wrong == []


def _accepts(requirement: Requirement, versions: dict[str, str]) -> bool:
    name = canonicalize_name(requirement.name)
    return name in versions and requirement.specifier.contains(versions[name])


def test_the_lock_names_every_extra_that_a_locked_package_asks_for() -> None:
    """A pip before 24 takes `coverage[toml]` for another requirement than `coverage`, and finds no hash for it."""
    extras = {package.name: package.extras for package in locked()}
    asked = {
        (canonicalize_name(requirement.name), extra)
        for package in locked()
        if package.here
        for requirement in required(package.name, package.extras)
        for extra in requirement.extras
    }

    assert asked != set()
    assert [(name, extra) for name, extra in sorted(asked) if extra not in extras[name]] == []


def test_a_build_of_the_project_takes_what_the_lock_has() -> None:
    """Who builds it from source gets this hatchling and nothing that was released since: each requirement is exact."""
    versions = {package.name: package.version for package in locked()}
    needed = {"hatchling"} | {canonicalize_name(requirement.name) for requirement in required("hatchling")}

    assert PYPROJECT["build-system"]["requires"] == [f"{name}=={versions[name]}" for name in sorted(needed)]


def test_the_hooks_for_others_take_what_the_lock_has() -> None:
    """Pre-commit installs this list beside tenantry, so a hook of one revision is the same on every day."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())

    in_the_lock = {f"{package.name}=={package.version}" for package in locked()}
    needed_here = {f"{package.name}=={package.version}" for package in at_run_time()}  # a newer Python needs fewer
    for hook in hooks:
        assert needed_here <= set(hook["additional_dependencies"]) <= in_the_lock


def test_make_takes_the_pythons_that_the_lock_is_for() -> None:
    """From the first to the last of the classifiers; for another Python there is no wheel of some package."""
    pythons = re.findall(r"Python :: (3\.\d+)$", "\n".join(PYPROJECT["project"]["classifiers"]), re.MULTILINE)
    (tried,) = re.findall(r"^PYTHONS := .*?(python3\.[\d.python ]+) python3\)$", MAKEFILE, re.MULTILINE)
    bounds = re.findall(r"\((3), (\d+)\)", MAKEFILE)

    assert tried.split() == [f"python{version}" for version in reversed(pythons)]
    assert [".".join(bound) for bound in bounds] == [pythons[0], pythons[-1]]
    assert re.findall(r"\((3), (\d+)\)", (ROOT / "tools/install.py").read_text()) == bounds


def test_an_installation_gets_the_packages_that_the_tests_ran_with() -> None:
    """install.lock is a part of requirements.lock, hash by hash, and holds what is declared to run and to be built."""
    text = (ROOT / "install.lock").read_text()
    versions = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))
    declared = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["build-system"]["requires"]]

    assert [name for name in declared if not _accepts(Requirement(name), versions)] == []
    assert set(_blocks(text)) < set(_blocks(LOCK))
    assert {package.name for package in at_run_time()} <= set(versions)


def _blocks(lock: str) -> list[str]:
    """Return each package with its hashes."""
    return [block for block in re.split(r"^(?=[a-z])", lock, flags=re.MULTILINE) if not block.startswith("#")]


def test_the_locks_name_no_address() -> None:
    """A mirror of one machine must not become everyone's."""
    assert "://" not in LOCK + (ROOT / "install.lock").read_text()


def test_the_help_of_make_lists_every_target() -> None:
    """A target that cannot be found might as well not exist."""
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)

    explained = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)

    assert explained == phony.split()
