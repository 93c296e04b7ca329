"""The arithmetic of plans: how many pods a ceiling holds, and what the autoscaler may ask for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.model import Resources
from generator.size import Workload, fit
from tests.harness import Repository

GIBI = 1024**3
POD = Resources(requests_cpu=125, limits_cpu=250, requests_memory=GIBI // 4, limits_memory=GIBI // 2)


def a_ceiling(cores: int, gibibytes: int) -> Resources:
    """The ceiling of a plan with requests of half its limits."""
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
    """R5."""
    room = fit(a_ceiling(cores, gibibytes), Resources(), POD)

    assert (room.pods, room.resource) == (pods, binds)


def test_a_reserve_larger_than_the_ceiling_leaves_no_pod() -> None:
    """And no negative number of them."""
    assert fit(a_ceiling(1, 2), a_ceiling(2, 2), POD).pods == 0


@given(st.integers(0, 64), st.integers(0, 128), st.integers(0, 4))
def test_what_fits_fits_and_one_more_does_not(cores: int, gibibytes: int, reserve: int) -> None:
    """The definition, tried on any ceiling."""
    ceiling, kept = a_ceiling(cores, gibibytes), a_ceiling(reserve, reserve)
    pods = fit(ceiling, kept, POD).pods

    assert pods == 0 or _holds(ceiling, kept + POD * pods)
    assert not _holds(ceiling, kept + POD * (pods + 1))


def _holds(ceiling: Resources, used: Resources) -> bool:
    return (
        used.limits_cpu <= ceiling.limits_cpu
        and used.limits_memory <= ceiling.limits_memory
        and used.requests_cpu <= ceiling.requests_cpu
        and used.requests_memory <= ceiling.requests_memory
    )


@pytest.mark.parametrize(
    ("max_surge", "replicas", "surge"),
    [(1, 10, 1), (0, 10, 0), ("25%", 4, 1), ("25%", 5, 2), ("25%", 1, 1), ("0%", 10, 0), ("100%", 3, 3)],
)
def test_a_surge_in_percent_is_rounded_up(max_surge: int | str, replicas: int, surge: int) -> None:
    """As the Deployment controller does; a surge that is forgotten blocks a rollout at the quota (R4)."""
    workload = Workload(name="fileserver", pod=POD, max_surge=max_surge, file="base.yaml")

    assert workload.surge(replicas) == surge
    assert workload.at_once(replicas) == replicas + surge + 1


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        ({}, "2: min(cap 10, floor(1000m / 250m) = 4 - 1 surge - 1 terminating), CPU limits bind"),
        ({"plan": "silver"}, "10: min(cap 10, floor(4000m / 250m) = 16 - 1 surge - 1 terminating), the cap binds"),
        (
            {"plan": "silver", "overrides": {"maxReplicas": 4}},
            "4: min(cap 10, override 4, floor(4000m / 250m) = 16 - 1 surge - 1 terminating), the override binds",
        ),
    ],
)
def test_the_maximum_of_pods_says_what_binds_it(repository: Repository, keys: dict[str, Any], number: str) -> None:
    """The cap, the ceiling, or the tenant's own wish."""
    ran = repository.tenant(**keys).run("explain", "company-001")

    assert f"fileserver.maxReplicas = {number}" in ran.stdout.splitlines()


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"chatbot": True}, "quota.limitsCPU = 2: plan bronze 1 + chatbot 1"),
        ({}, "quota.pods = 6: fileserver 2 + 1 surge + 1 terminating + 2 spare"),
        ({}, "storage = 50Gi: plan bronze"),
        ({"storage": "60Gi"}, "storage = 60Gi: the tenant's own"),
        ({}, "  plan: tenants/company-001.yaml:2:7"),
    ],
)
def test_a_number_says_how_it_came_about(repository: Repository, keys: dict[str, Any], line: str) -> None:
    """So that nobody has to trust it."""
    ran = repository.tenant(**keys).run("explain", "company-001")

    assert line in ran.stdout.splitlines()


def test_a_reserve_is_shown_where_it_counts(repository: Repository) -> None:
    """A job may request all of its limits, so the reserve is kept free of both."""
    text = repository.read("platform.yaml") + "\nreserve: {cpu: 500m}\n"
    repository.write("platform.yaml", text).tenant(plan="gold")

    said = repository.run("explain", "company-001").stdout.splitlines()

    formula = "min(cap 30, floor((4000m - 500m reserve) / 125m) = 28 - 1 surge - 1 terminating), CPU requests bind"
    assert f"fileserver.maxReplicas = 26: {formula}" in said
    assert f"  reserve: platform.yaml:{len(text.splitlines())}:10" in said
