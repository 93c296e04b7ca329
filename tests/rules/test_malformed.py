"""Whatever stands in base/ or in a committed file: verify says what is wrong with it, and never stumbles over it."""

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest import mock

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator import layout
from generator.git.snapshot import Snapshot
from generator.kube import kustomize
from generator.kube.kustomize import Built
from generator.proofs import isolation, summary
from generator.reachability.matrix import matrix
from generator.reachability.policy import UnreadableError
from generator.reading import yaml_writer
from generator.render.rendered import Rendered, Repository
from generator.render.tenants import committed, render
from generator.review.verify import Gathered, judge
from tests import harness
from tests.rules.harness import COMPANY, ROOT, good_repository, written

Steps = tuple[str | int, ...]

MISSING: Final = "nothing stands here"
WRONG: Final[tuple[Any, ...]] = (
    MISSING,
    None,
    "text",
    "",
    7,
    -1,
    1.5,
    True,
    [],
    {},
    [None],
    ["text"],
    [7],
    [[]],
    [{}],
    {"key": None},
    {"key": 7},
    {"key": {}},
    [{"name": None}],
    [{"name": 7}],
    {"name": []},
)
HEAD: Final = {
    ("kind",),
    ("apiVersion",),
    ("metadata",),
    *(("metadata", key) for key in ("name", "namespace")),
}
"""What every object has by the time that rules look at it: kustomize and `build` see to that."""


def paths(value: Any, path: Steps = ()) -> Iterator[Steps]:
    """Yield the path of every value inside a value, and its own."""
    yield path
    inside = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from paths(one, (*path, key))


def spoil(data: Any, path: Steps, wrong: Any) -> Any:
    """Return a copy in which another value, or none, stands at a path; as it is when the path leads nowhere now."""
    if not path:
        return None if wrong == MISSING else wrong
    data = copy.deepcopy(data)
    above = data
    try:
        for step in path[:-1]:
            above = above[step]
        above[path[-1]]
    except (KeyError, IndexError, TypeError):
        return data
    if wrong == MISSING:
        del above[path[-1]]
    else:
        above[path[-1]] = copy.deepcopy(wrong)
    return data


# --- objects


@cache
def _good() -> Rendered:
    return next(item for item in good_repository().rendered if item.tenant.name == COMPANY)


@cache
def _objects() -> tuple[Mapping[str, Any], ...]:
    text = (Path(__file__).parent / "kinds.yaml").read_text(encoding="utf-8")
    others = [{**item, "metadata": {"namespace": COMPANY, **item["metadata"]}} for item in yaml.safe_load_all(text)]
    return (*_good().objects, *others)


def _places_in_objects() -> st.SearchStrategy[tuple[int, Steps]]:
    places = [(index, path) for index, one in enumerate(_objects()) for path in paths(one) if path and path not in HEAD]
    return st.sampled_from(places)


@pytest.mark.slow
@settings(max_examples=40)
@given(spoilt=st.lists(st.tuples(st.deferred(_places_in_objects), st.sampled_from(WRONG)), min_size=1, max_size=4))
@example(spoilt=[((14, ("spec", "ports", 0, "protocol")), [])])
def test_no_rule_stumbles_over_an_object(spoilt: list[tuple[tuple[int, Steps], Any]]) -> None:
    """Fields are missing, null, or of another type, in an object of any kind: rules, proofs and matrix read on."""
    objects = list(_objects())
    for (index, path), wrong in spoilt:
        objects[index] = spoil(objects[index], path, wrong)
    good = good_repository()
    one = dataclasses.replace(_good(), objects=tuple(objects), text="---\n".join(map(written, objects)))
    repository = Repository(fleet=good.fleet, rendered=(one,), files=good.files)

    found = list(judge(Gathered(bases=(), repository=repository, findings=())))
    proved = summary.of_the_repository(repository)
    cluster = one.platform.cluster
    space = isolation.read(one)
    if isinstance(space, UnreadableError):
        assert str(space) in " ".join(each.fact for each in found)
    else:
        matrix(space, cluster.neighbours, cluster.addresses)

    assert found
    assert {each.name for each in proved} == {"isolation", "quota", "escape"}


# --- committed files


@cache
def _documents() -> Mapping[str, Any]:
    shard = layout.shard_of(COMPANY, good_repository().fleet.platform.argocd.shards)
    files = (
        layout.kustomization(COMPANY),
        layout.facts(COMPANY),
        layout.entry(COMPANY, shard),
        layout.project(COMPANY, shard),
        layout.application_set(shard),
    )
    return {file: yaml.safe_load(good_repository().files[file]) for file in files}


def _places_in_files() -> st.SearchStrategy[tuple[str, Steps]]:
    return st.sampled_from([(file, path) for file, data in _documents().items() for path in paths(data)])


def _built(folders: Iterable[Path]) -> Iterator[Built]:
    return (Built(tuple(map(dict, _good().objects)), "", _good().text) for _ in folders)


@pytest.mark.slow
@given(place=st.deferred(_places_in_files), wrong=st.sampled_from(WRONG))
def test_no_rule_stumbles_over_a_committed_file(place: tuple[str, Steps], wrong: Any) -> None:
    """So it is with an overlay, a data sheet, an entry, a project and an ApplicationSet that somebody edited."""
    good = good_repository()
    file, path = place
    snapshot = Snapshot.of_work_tree(ROOT).after({file: yaml_writer.dump(spoil(_documents()[file], path, wrong))})

    with mock.patch.object(kustomize, "build_all", _built):
        read = list(render(snapshot, good.fleet, [_good().tenant]))
    rendered = tuple(item for item in read if isinstance(item, Rendered))
    findings = tuple(item for item in read if not isinstance(item, Rendered))
    repository = Repository(fleet=good.fleet, rendered=rendered, files=committed(snapshot))

    assert list(judge(Gathered(bases=(), repository=repository, findings=findings)))


# --- the whole path


def test_two_overlays_with_one_namespace_are_said_to_be_so(repository: harness.Repository) -> None:
    """Who reaches whom cannot be told of them, and that is a finding as well."""
    repository.tenant("company-101").tenant("company-102").generate()
    repository.edit("overlays/company-101/kustomization.yaml", 'namespace: "company-101"', 'namespace: "company-102"')

    done = repository.run("verify")

    assert done.exit == 1, done.said
    assert (
        "overlays/company-101/kustomization.yaml: error: Namespace/company-101: its policies cannot be evaluated:"
        " Namespace/company-102: it is not the tenant's [NET002]\n"
    ) in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: extra}\nspec: {schedule: '0 0 * * *'}\n",
            "CronJob/company-001/extra: the key `spec.jobTemplate.spec.template.spec` is missing [K8S001]",
        ),
        (
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: extra}\nspec: null\n",
            "Job/company-001/extra: the key `spec.template.spec` is missing [K8S001]",
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: extra}\nspec: {template: null}\n",
            "Deployment/company-001/extra: the key `spec.template.spec` is missing [K8S001]",
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: extra}\nspec: {containers: [{name: one, ports: [null]}]}\n",
            "Pod/company-001/extra: spec.containers[0].ports[0]: expected a mapping, got nothing [K8S001]",
        ),
    ],
    ids=["CronJob", "Job", "Deployment", "Pod"],
)
def test_a_workload_without_pods_is_said_to_be_one(repository: harness.Repository, text: str, said: str) -> None:
    """The tenant stays in every proof, and the run ends with findings."""
    repository.tenant().generate()
    repository.edit("base/edge/core/kustomization.yaml", "- fileserver.yaml\n", "- fileserver.yaml\n- extra.yaml\n")
    repository.write("base/edge/core/extra.yaml", text)

    done = repository.run("verify")

    assert done.exit == 1, done.said
    assert any(
        line.startswith("base/edge/core/extra.yaml:") and line.endswith(f": error: {said}")
        for line in done.stdout.splitlines()
    )
    assert done.stderr.startswith("1 tenant, ")
