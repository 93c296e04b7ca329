"""What holds for any tenants that Hypothesis can invent, shown with real builds."""

import io
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from generator import layout, pipeline
from generator.findings.finding import Severity
from generator.fleet.load import load
from generator.fleet.model import Fleet, Platform, Resources
from generator.fleet.rings import Pair
from generator.fleet.validate import validate
from generator.generate.compose import compose
from generator.generate.releases import Release
from generator.git.snapshot import Snapshot
from generator.kube import kustomize
from generator.kube.kustomization import Gate
from generator.reading import yaml_reader, yaml_writer
from generator.rules import known
from tests.harness import ROOT, Repository
from tests.strategies import Keys, display_names, fleets, names, nearly_valid_tenants, tenants

pytestmark = pytest.mark.slow

PLATFORM: Platform = pipeline.validated(Snapshot.of_work_tree(ROOT))[0].platform
CLUSTER_SCOPED = ("Namespace",)
FEW = settings(max_examples=10)
"""For tests in which every example costs real builds."""


@pytest.fixture(scope="module")
def releases() -> Mapping[Pair, Release]:
    """The releases of this checkout, which cost a build."""
    here = Snapshot.of_work_tree(ROOT)
    return pipeline.releases_in_use(here, pipeline.validated(here)[0])


def a_repository(folders: pytest.TempPathFactory, fleet: list[Keys]) -> Repository:
    """Return a new repository with these tenants."""
    repository = Repository(folders.mktemp("fleet") / "repository")
    for keys in fleet:
        repository.tenant(**keys)
    return repository


def composed(fleet: list[Keys], releases: Mapping[Pair, Release]) -> tuple[Fleet, Mapping[str, str]]:
    """Validate, size and compose in memory."""
    given_files = {f"tenants/{keys['name']}.yaml": _written(keys) for keys in fleet}
    platform = {layout.PLATFORM: (ROOT / layout.PLATFORM).read_bytes()}
    with tempfile.TemporaryDirectory() as empty:
        valid, findings = validate(load(Snapshot.of_folder(Path(empty)), platform | given_files), known)
    assert valid is not None, findings
    sizes, found = pipeline.sized(valid, releases)
    assert found == ()
    return valid, compose(valid, sizes, releases)


def _written(keys: Keys) -> bytes:
    return "".join(f"{yaml_writer.scalar(key)}: {yaml_writer.scalar(value)}\n" for key, value in keys.items()).encode()


@given(keys=tenants(PLATFORM), others=st.lists(names(), min_size=1, max_size=3, unique=True), text=display_names())
def test_files_of_tenants_that_are_alike_are_those_that_each_gets_by_itself(
    releases: Mapping[Pair, Release], keys: Keys, others: list[str], text: str
) -> None:
    """Whatever the names and display names are."""
    alike = [{**keys, "name": name, "hosts": [], "displayName": text} for name in others if name != keys["name"]]
    fleet, tree = composed([keys, {**keys, "hosts": []} | {"name": "first-1"}, *alike], releases)

    for tenant in fleet.tenants:
        by_itself = replace(fleet, tenants=(tenant,))
        assert compose(by_itself, pipeline.sized(by_itself, releases)[0], releases).items() <= tree.items()


@FEW
@given(fleet=fleets(PLATFORM, most=3))
def test_a_render_stays_in_its_namespace_and_names_no_other_tenant(
    tmp_path_factory: pytest.TempPathFactory, fleet: list[Keys]
) -> None:
    """Whatever the tenants are, kustomize accepts them, and none of them occurs in the render of another."""
    repository = a_repository(tmp_path_factory, fleet).generate()

    for keys in fleet:
        name = keys["name"]
        printed, error = kustomize.text(Gate(Snapshot.of_folder(repository.root)).open(layout.overlay(name)))
        assert not error
        for item in yaml.safe_load_all(printed):
            place = "name" if item["kind"] in CLUSTER_SCOPED else "namespace"
            assert item["metadata"][place] == name
        others = {other["name"] for other in fleet} - {name} - BASE_WORDS - _words(" ".join(keys.get("hosts", ())))
        assert not others & _words(printed)


def _words(text: str) -> set[str]:
    """Return the whole DNS labels in a text; a name that is part of a longer word says nothing."""
    return set(re.findall(r"[a-z0-9-]+", text))


BASE_WORDS = _words("\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "base").rglob("*.yaml")))


@settings(max_examples=6)
@given(fleet=fleets(PLATFORM))
def test_generating_twice_is_generating_once(tmp_path_factory: pytest.TempPathFactory, fleet: list[Keys]) -> None:
    """The second run finds nothing to do, and `--check` agrees."""
    repository = a_repository(tmp_path_factory, fleet).generate()
    before = repository.files()

    again = repository.run("generate")
    check = repository.run("generate", "--check")

    assert again.stdout == check.stdout == ""
    assert (again.exit, check.exit) == (0, 0)
    assert again.stderr.endswith(": 0 changed\n")
    assert repository.files() == before


@settings(max_examples=15)
@given(fleet=fleets(PLATFORM, most=2))
def test_every_generated_file_reads_the_same_by_yaml_1_1_and_1_2(
    releases: Mapping[Pair, Release], fleet: list[Keys]
) -> None:
    """And every value in it that stands for text or a quantity is a string."""
    valid, tree = composed(fleet, releases)

    for tenant in valid.tenants:
        for file, text in tree.items():
            if file.endswith(".json") or tenant.name not in file:
                continue
            read = yaml.safe_load(text)
            assert read == YAML(typ="safe", pure=True).load(io.StringIO(text))
            document, findings = yaml_reader.read(file, text.encode())
            assert findings == ()
            assert document is not None
            assert document.data == read
        entry = yaml.safe_load(tree[layout.entry(tenant.name, layout.shard_of(tenant.name, PLATFORM.argocd.shards))])
        assert all(isinstance(value, str) and value for value in entry.values())
        assert entry["displayName"] == tenant.display_name


@given(fleet=fleets(PLATFORM, most=3))
def test_a_tenant_s_files_depend_on_no_other_tenant(releases: Mapping[Pair, Release], fleet: list[Keys]) -> None:
    """Two pull requests that add a company each never touch one file."""
    _, together = composed(fleet, releases)

    for keys in fleet:
        _, alone = composed([keys], releases)
        assert alone.items() <= together.items()


@given(fleet=fleets(PLATFORM, most=1))
def test_the_numbers_keep_their_bounds(releases: Mapping[Pair, Release], fleet: list[Keys]) -> None:
    """The steady state stays inside the plan, one pod more would not; all that may run at once is the quota."""
    valid, _ = composed(fleet, releases)
    (tenant,) = valid.tenants
    numbers = pipeline.sized(valid, releases)[0][tenant.name]
    scaling, plan = numbers.service, valid.platform.plans[tenant.plan]

    assert 1 <= scaling.min_replicas <= scaling.max_replicas
    assert _within(scaling.workload.pod * scaling.max_replicas, plan.ceiling)
    if tenant.overrides.max_replicas is None:
        assert not _within(scaling.workload.pod * (scaling.max_replicas + 1), plan.ceiling)
        full = sum((item.workload.pod * item.at_once for item in numbers.scalings), valid.platform.reserve)
        assert _within(full, numbers.quota)
        assert full == numbers.quota or numbers.kept  # of a larger plan, until the change to this one is complete


def _within(uses: Resources, ceiling: Resources) -> bool:
    return (uses.limits_cpu, uses.limits_memory) <= (ceiling.limits_cpu, ceiling.limits_memory) and (
        uses.requests_cpu,
        uses.requests_memory,
    ) <= (ceiling.requests_cpu, ceiling.requests_memory)


@given(nearly_valid_tenants(PLATFORM))
def test_a_nearly_valid_tenant_is_accepted_or_refused_with_a_place(keys: Keys) -> None:
    """Nothing that can stand in a file ends in a traceback or in a finding that leads nowhere."""
    file = "tenants/company-001.yaml"
    raw = _written(keys)
    platform = (ROOT / layout.PLATFORM).read_bytes()
    with tempfile.TemporaryDirectory() as empty:
        fleet, findings = validate(load(Snapshot.of_folder(Path(empty)), {layout.PLATFORM: platform, file: raw}), known)

    assert (fleet is None) == any(found.severity is Severity.ERROR for found in findings)
    for found in findings:
        assert found.place.file == file
        assert 1 <= found.place.line <= raw.count(b"\n") + 1
        assert (found.fact + found.hint).isprintable()
