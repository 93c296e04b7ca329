"""Rendering by class gives every tenant exactly what a build of its own overlay gives."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from generator import build, classes, layout, pipeline, yamlio
from generator.build import Built
from generator.classes import Sheet
from generator.model import Platform
from tests.harness import ROOT, Repository
from tests.strategies import Keys, fleets

PLATFORM: Platform = pipeline.validated(ROOT)[0].platform


def sheets(repository: Repository) -> list[Sheet]:
    """Read the overlays of a repository as verify does."""
    found = []
    for folder in sorted((repository.root / layout.OVERLAYS).iterdir()):
        overlay, facts = (
            yamlio.read(name, (folder / name).read_bytes())[0] for name in ("kustomization.yaml", "facts.yaml")
        )
        assert overlay
        assert facts
        found.append(Sheet(tenant=folder.name, overlay=overlay.data, facts=facts.data))
    return found


def test_tenants_that_differ_in_name_and_hosts_alone_are_built_once(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six tenants of two kinds cost two builds, and one more of each kind for the comparison."""
    for number in range(3):
        repository.tenant(f"company-{number}01").tenant(f"company-{number}02", plan="silver")
    repository.generate()
    built: list[Path] = []
    real = build.build_all

    def counted(folders: Iterable[Path]) -> Iterator[Built]:
        built.extend(folders := list(folders))
        return real(folders)

    monkeypatch.setattr(build, "build_all", counted)

    rendered = list(classes.render(repository.root, sheets(repository), turn=0))

    assert len(rendered) == 6
    assert len(built) == 4
    assert sorted(one.alike for one in rendered) == [0, 0, 0, 0, 3, 3]


def test_an_overlay_with_other_files_is_built_by_itself(repository: Repository) -> None:
    """Only a direct build can tell what they do."""
    repository.tenant("company-101").tenant("company-102").generate()
    first, second = sheets(repository)

    rendered = list(classes.render(repository.root, [dataclasses.replace(first, alone=True), second], turn=0))

    assert [one.alike for one in rendered] == [1, 1]


@settings(max_examples=8)
@given(fleet=fleets(PLATFORM, most=4))
def test_every_tenant_gets_what_a_direct_build_gives(
    tmp_path_factory: pytest.TempPathFactory, fleet: list[Keys]
) -> None:
    """Whatever tenants there are: object by object, in the same order, to the last character."""
    repository = Repository(tmp_path_factory.mktemp("fleet") / "repository")
    for keys in fleet:
        repository.tenant(**keys)
    repository.generate()

    for one in classes.render(repository.root, sheets(repository), turn=0):
        (direct,) = build.build_all([repository.root / layout.overlay(one.tenant)])
        assert one.objects == direct.objects
        assert not one.difference


def test_a_difference_from_the_direct_build_is_an_error(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the two disagree, verify trusts neither and says which object it is."""
    repository.tenant("company-101").tenant("company-102").generate()
    real = classes._filled  # noqa: SLF001 -- the one place that puts a tenant's own strings in

    monkeypatch.setattr(
        classes, "_filled", lambda text, sheet: real(text, sheet).replace('"maxReplicas": 2', '"maxReplicas": 3')
    )
    done = repository.run("verify")

    assert done.exit == 1
    assert (
        "overlays/company-101/kustomization.yaml: error: by class, HorizontalPodAutoscaler fileserver is not what it is"
        " when built directly [KUS013]\n"
    ) in done.stdout
