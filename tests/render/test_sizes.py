"""Companies that differ in sizes are built together, and get exactly what their own builds give."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import pytest

from generator import pipeline
from generator.git.snapshot import Snapshot
from generator.kube import kustomize
from generator.kube.kustomization import Buildable, Gate
from generator.kube.kustomize import Built
from generator.render import classes, sizes, tenants
from generator.render.classes import Rendering
from generator.render.rendered import Rendered
from tests.harness import Repository
from tests.render.test_classes import sheets

pytestmark = pytest.mark.real_builds

CORE: Final = "base/edge/core/kustomization.yaml"
FACTS: Final = "base/guard/components/facts/kustomization.yaml"
STORAGE: Final = "- source: {kind: TenantFacts, name: tenant, fieldPath: spec.storage}\n  targets:\n"


@pytest.fixture
def of_three_sizes(repository: Repository) -> Repository:
    """Four companies that differ in their volumes alone."""
    for number, storage in enumerate(("60Gi", "61Gi", "61Gi", "1Ti")):
        repository.tenant(f"company-10{number}", plan="gold", storage=storage)
    return repository


def rendered(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Rendering], int]:
    """Render all companies, none of them compared; return also how many builds that took."""
    built: list[Buildable] = []
    real = kustomize.build_all

    def counted(folders: Iterable[Buildable]) -> Iterator[Built]:
        built.extend(folders := list(folders))
        return real(folders)

    with monkeypatch.context() as patched:
        patched.setattr(kustomize, "build_all", counted)
        done = list(classes.render(Gate(Snapshot.of_folder(repository.root)), sheets(repository), sample=None))
    return done, len(built)


def directly(repository: Repository, name: str) -> tuple[dict[str, Any], ...]:
    """Return what a company's own overlay gives."""
    (built,) = kustomize.build_all([Gate(Snapshot.of_folder(repository.root)).open(f"overlays/{name}")])
    return built.objects


def test_companies_that_differ_in_sizes_are_built_once(
    of_three_sizes: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those with another unit, and so another form, are built apart."""
    of_three_sizes.generate()

    done, builds = rendered(of_three_sizes, monkeypatch)

    assert builds == 2
    assert {item.tenant: item.represents for item in done} == {
        "company-100": 1,
        "company-101": 2,
        "company-102": 0,
        "company-103": 1,
    }
    assert all(item.objects == directly(of_three_sizes, item.tenant) for item in done)


ELSEWHERE: Final = "  - select: {kind: Namespace}\n    fieldPaths: [metadata.annotations.size]\n    options: "
CLAIM: Final = "{kind: PersistentVolumeClaim, name: files, fieldPath: spec.resources.requests.storage}"
TEST: Final = """'[{"op": "test", "path": "/kind", "value": "Deployment"}]'"""

OTHERWISE: Final = {
    "part of it is taken": (FACTS, STORAGE, STORAGE.replace("spec.storage}", "spec.storage, options: {delimiter: i}}")),
    "it is written into a longer text": (
        FACTS,
        STORAGE,
        f"{STORAGE}{ELSEWHERE}{{delimiter: /, index: 1, create: true}}\n",
    ),
    "it is written elsewhere": (FACTS, STORAGE, f"{STORAGE}{ELSEWHERE}{{create: true}}\n"),
    "something is copied from an object": (
        FACTS,
        STORAGE,
        f"- source: {CLAIM}\n  targets:\n{ELSEWHERE}{{create: true}}\n{STORAGE}",
    ),
    "a patch compares a value": (
        CORE,
        "resources:\n",
        f"patches:\n- target: {{kind: Deployment, name: fileserver}}\n  patch: {TEST}\nresources:\n",
    ),
    "a word of base/ looks like a sentinel": (CORE, "resources:\n", "# 876100\nresources:\n"),
}


@pytest.mark.parametrize("how", OTHERWISE)
def test_a_number_that_is_read_otherwise_is_built_as_it_is(
    of_three_sizes: Repository, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever base/ makes of it, each company gets what its own overlay gives."""
    of_three_sizes.generate()
    file, old, new = OTHERWISE[how]
    path = of_three_sizes.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    done, builds = rendered(of_three_sizes, monkeypatch)

    assert builds == 3
    assert [item.error for item in done] == [""] * 4
    assert all(item.objects == directly(of_three_sizes, item.tenant) for item in done)


def test_a_sentinel_that_is_printed_elsewhere_is_seen(
    of_three_sizes: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the list of what is understood misses something, what was printed tells."""
    of_three_sizes.generate()
    file, old, new = OTHERWISE["it is written elsewhere"]
    path = of_three_sizes.root / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    monkeypatch.setattr(sizes, "carried", lambda _: frozenset())

    done, builds = rendered(of_three_sizes, monkeypatch)

    assert builds == 1 + 3 + 0
    assert all(item.objects == directly(of_three_sizes, item.tenant) for item in done)


def test_a_number_that_is_put_back_wrongly_is_an_error_of_the_run(
    of_three_sizes: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member of each class is compared with a build of its own."""
    of_three_sizes.generate()
    snapshot = Snapshot.of_folder(of_three_sizes.root)
    fleet, _ = pipeline.validated(snapshot)
    monkeypatch.setattr(sizes, "filled", lambda text, _: text.replace("876100", "1"))

    said = [item for item in tenants.render(snapshot, fleet, fleet.tenants, sample=0) if not isinstance(item, Rendered)]

    assert [item.rule for item in said] == ["KUS013"]
