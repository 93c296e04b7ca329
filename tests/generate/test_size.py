"""The arithmetic of plans: how many pods a ceiling holds, and what the autoscaler may ask for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.fleet.model import Resources
from generator.generate.size import fit
from tests.harness import Repository

GIBI = 1024**3
POD = Resources(requests_cpu=125, limits_cpu=250, requests_memory=GIBI // 4, limits_memory=GIBI // 2)


def a_ceiling(cores: int, gibibytes: int) -> Resources:
    """Return the ceiling of a plan with requests of half its limits."""
    return Resources(
        requests_cpu=cores * 500,
        limits_cpu=cores * 1000,
        requests_memory=gibibytes * GIBI // 2,
        limits_memory=gibibytes * GIBI,
    )


@pytest.mark.parametrize(
    ("cores", "gibibytes", "pods", "binds"),
    [(1, 2, 4, "limits_cpu"), (1, 1, 2, "limits_memory"), (8, 2, 4, "limits_memory"), (0, 2, 0, "limits_cpu")],
)
def test_the_scarcest_resource_decides_how_many_pods_fit(cores: int, gibibytes: int, pods: int, binds: str) -> None:
    """CPU or memory, requests or limits: the first that is full."""
    room = fit(a_ceiling(cores, gibibytes), POD)

    assert (room.pods, room.resource) == (pods, binds)


@given(st.integers(0, 64), st.integers(0, 128))
def test_what_fits_fits_and_one_more_does_not(cores: int, gibibytes: int) -> None:
    """The definition, tried on any ceiling."""
    ceiling = a_ceiling(cores, gibibytes)
    pods = fit(ceiling, POD).pods

    assert _holds(ceiling, POD * pods)
    assert not _holds(ceiling, POD * (pods + 1))


def _holds(ceiling: Resources, used: Resources) -> bool:
    return (
        used.limits_cpu <= ceiling.limits_cpu
        and used.limits_memory <= ceiling.limits_memory
        and used.requests_cpu <= ceiling.requests_cpu
        and used.requests_memory <= ceiling.requests_memory
    )


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        ({}, "4: floor(1000m / 250m), CPU limits bind"),
        ({"plan": "silver"}, "16: floor(4000m / 250m), CPU limits bind"),
        ({"plan": "gold"}, "32: floor(8000m / 250m), CPU limits bind"),
        (
            {"plan": "silver", "overrides": {"maxReplicas": 4}},
            "4: min(override 4, floor(4000m / 250m)), the override binds",
        ),
    ],
)
def test_the_maximum_of_pods_says_what_binds_it(repository: Repository, keys: dict[str, Any], number: str) -> None:
    """What the plan holds, or the tenant's own wish."""
    ran = repository.tenant(**keys).run("explain", "company-001")

    assert f"fileserver.maxReplicas = {number}" in ran.stdout.splitlines()


def test_a_cap_is_shown_where_it_binds(repository: Repository) -> None:
    """A provider may sell fewer pods than a plan holds, and is warned."""
    repository.edit("platform.yaml", 'gold: {cpu: "8",', 'gold: {cpu: "8", maxReplicas: 10,').tenant(plan="gold")

    said = repository.run("explain", "company-001").stdout.splitlines()

    assert "fileserver.maxReplicas = 10: min(cap 10, floor(8000m / 250m)), the cap binds" in said
    uses = "10 pods in the steady state, 31% of plan gold; requests 1250m CPU and 2560Mi"
    assert f"fileserver.uses = 2500m CPU and 5Gi: {uses}" in said


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (
            {"addons": ["chatbot"]},
            "quota.limitsCPU = 4250m: plan bronze 1 + fileserver headroom 5 x 250m + chatbot 1 + ai-chatbot headroom 4 x 250m",  # noqa: E501 -- one line
        ),
        ({}, "quota.pods = 11: fileserver 4 + 5 headroom + 2 spare"),
        ({}, "storage = 50Gi: plan bronze"),
        ({"storage": "60Gi"}, "storage = 60Gi: the tenant's own"),
        ({}, "  plan: tenants/company-001.yaml:2:7"),
    ],
)
def test_a_number_says_how_it_came_about(repository: Repository, keys: dict[str, Any], line: str) -> None:
    """So that nobody has to trust it."""
    ran = repository.tenant(**keys).run("explain", "company-001")

    assert line in ran.stdout.splitlines()


def test_a_reserve_comes_on_top_of_the_plan(repository: Repository) -> None:
    """A job may request all of its limits, so both have it; the plan's own pods keep what was sold."""
    text = repository.read("platform.yaml") + "\nreserve: {cpu: 500m}\n"
    repository.write("platform.yaml", text).tenant(plan="gold")

    said = repository.run("explain", "company-001").stdout.splitlines()

    assert "fileserver.maxReplicas = 32: floor(8000m / 250m), CPU limits bind" in said
    assert "quota.requestsCPU = 5125m: plan gold 4 + fileserver headroom 5 x 125m + reserve 500m" in said
    assert f"  reserve: platform.yaml:{len(text.splitlines())}:10" in said
