"""Rendering by class gives every tenant exactly what a build of its own overlay gives."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

from generator import layout, pipeline
from generator.fleet.model import Platform
from generator.git.snapshot import Snapshot
from generator.kube import kustomize
from generator.kube.kustomization import Buildable, Gate
from generator.kube.kustomize import Built
from generator.reading import yaml_reader
from generator.render import classes, tenants
from generator.render.classes import Member, Sheet
from generator.render.rendered import Rendered
from tests.harness import ROOT, Repository
from tests.strategies import Keys, fleets

PLATFORM: Platform = pipeline.validated(Snapshot.of_work_tree(ROOT))[0].platform

pytestmark = pytest.mark.real_builds


def sheets(repository: Repository) -> list[Sheet]:
    """Read the overlays of a repository as verify does."""
    found = []
    for folder in sorted((repository.root / layout.OVERLAYS).iterdir()):
        overlay, facts = (
            yaml_reader.read(name, (folder / name).read_bytes())[0] for name in ("kustomization.yaml", "facts.yaml")
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
    built: list[Buildable] = []
    real = kustomize.build_all

    def counted(folders: Iterable[Buildable]) -> Iterator[Built]:
        built.extend(folders := list(folders))
        return real(folders)

    monkeypatch.setattr(kustomize, "build_all", counted)

    rendered = list(classes.render(Gate(Snapshot.of_folder(repository.root)), sheets(repository), sample=0))

    assert len(rendered) == 6
    assert len(built) == 4
    assert sorted(item.represents for item in rendered) == [0, 0, 0, 0, 3, 3]


def test_every_member_of_every_class_has_its_turn(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where there are more classes than one run compares members of."""
    many = [
        Sheet(tenant=f"company-{kind}-{number}", overlay={}, facts={"spec": {"kind": kind}})
        for kind in range(17)
        for number in range(2)
    ]
    for sheet in many:
        repository.write(layout.kustomization(sheet.tenant), "resources: []\n")
    compared: list[set[str]] = []

    def built(folders: Iterable[Buildable]) -> Iterator[Built]:
        folders = list(folders)
        compared.append({place.folder.name for place in folders[17:]})
        return iter([Built(())] * len(folders))

    monkeypatch.setattr(kustomize, "build_all", built)

    for sample in range(34):
        list(classes.render(Gate(Snapshot.of_folder(repository.root)), many, sample=sample))

    assert {len(names) for names in compared} == {16}
    assert set().union(*compared) == {sheet.tenant for sheet in many}


def test_an_overlay_with_other_files_is_built_by_itself(repository: Repository) -> None:
    """Only a direct build can tell what they do."""
    repository.tenant("company-101").tenant("company-102").generate()
    first, second = sheets(repository)

    rendered = list(
        classes.render(
            Gate(Snapshot.of_folder(repository.root)), [dataclasses.replace(first, alone=True), second], sample=0
        )
    )

    assert [item.represents for item in rendered] == [1, 1]


def test_a_company_that_is_called_by_a_word_of_base_is_always_compared(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A patch of base/ could mean it, so that its own build is asked as well; it stays in its class to be judged."""
    repository.tenant("company-101").tenant("company-102").tenant("drawer").generate()
    core = repository.root / "base/edge/core/kustomization.yaml"
    core.write_text(core.read_text(encoding="utf-8") + "# see drawer/101\n", encoding="utf-8")
    snapshot = Snapshot.of_folder(repository.root)
    fleet, _ = pipeline.validated(snapshot)
    differ(monkeypatch, "drawer")

    said = list(tenants.render(snapshot, fleet, fleet.tenants, sample=None))

    assert [item.represents for item in said if isinstance(item, Rendered)] == [3, 0, 0]
    (found,) = (item for item in said if not isinstance(item, Rendered))
    assert (found.rule, found.place.file) == ("KUS013", "overlays/drawer/kustomization.yaml")


@pytest.mark.slow
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

    for item in classes.render(Gate(Snapshot.of_folder(repository.root)), sheets(repository), sample=0):
        (direct,) = kustomize.build_all([Gate(Snapshot.of_folder(repository.root)).open(layout.overlay(item.tenant))])
        assert item.objects == direct.objects
        assert not item.difference


def differ(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let what a tenant gets of its class differ from what its own overlay gives."""
    real = classes.filled

    def filled(text: str, member: Member) -> str:
        right = real(text, member)
        return right.replace('"maxReplicas": 4', '"maxReplicas": 3') if member.tenant == name else right

    monkeypatch.setattr(classes, "filled", filled)


def said_of(name: str) -> str:
    """Return what is said of a tenant that `differ` was called for."""
    return (
        f"overlays/{name}/kustomization.yaml: error: by class, HorizontalPodAutoscaler fileserver is not what it is"
        " when built directly [KUS013]\n"
    )


def commit_until(repository: Repository, sample: int, members: int) -> None:
    """Commit what there is, again and again, until it is the turn of a member of the only class."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "what there is")
    while int(repository.git("rev-parse", "HEAD"), 16) % members != sample:
        repository.git("commit", "--quiet", "--allow-empty", "--message", "another")


@pytest.mark.slow
def test_a_difference_from_the_direct_build_is_an_error(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the two disagree, verify trusts neither and says which object it is; without git, it looks at the first."""
    repository.tenant("company-101").tenant("company-102").generate()
    differ(monkeypatch, "company-101")

    done = repository.run("verify")

    assert done.exit == 1
    assert said_of("company-101") in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["verify", "check"])
def test_who_is_compared_follows_from_the_commit(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """A difference is found on the commit whose turn comes to it, in every run; the commit before it passes."""
    repository.tenant("company-101").tenant("company-102").generate().git("init", "--quiet")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "start")
    differ(monkeypatch, "company-102")

    commit_until(repository, 0, members=2)
    before = repository.run(verb)
    commit_until(repository, 1, members=2)
    found, again = repository.run(verb), repository.run(verb)

    assert before.exit == 0, before.said
    assert found.exit == 1
    assert said_of("company-102") in found.stdout
    assert again == found


@pytest.mark.slow
def test_a_changed_tenant_is_compared_regardless_of_sampling(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else has its name and hosts yet, so what they do was never tried."""
    repository.tenant("company-101").tenant("company-102").generate().git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "start")
    repository.git("switch", "--quiet", "--create", "change")
    repository.tenant("company-103").generate()
    commit_until(repository, 0, members=3)
    differ(monkeypatch, "company-103")

    done = repository.run("check", "--base", "main")

    assert done.exit == 1
    assert said_of("company-103") in done.stdout


@pytest.mark.slow
def test_verify_needs_no_git(repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there is none, the first member is compared."""
    repository.tenant().generate()
    kustomize.kustomize()
    monkeypatch.setenv("PATH", str(tmp_path))

    assert repository.run("verify").exit == 0
