"""A change to a smaller plan, on any plans that a provider may sell: two steps, and each holds what runs before it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.capacity.load import of_company
from generator.fleet.model import Plan, Platform, QuotaFrom, Resources, Tenant
from generator.fleet.validate import tenant_of
from generator.generate.headroom import Rolling, Workload
from generator.generate.releases import read_release
from generator.generate.size import Size, size
from generator.generate.smaller import shortage
from generator.git.snapshot import Snapshot
from generator.pipeline import validated_platform
from generator.reading.yaml_reader import Document
from tests.harness import Repository

GIBI = 1024**3
TODAY = date(2026, 11, 26)


@dataclass(frozen=True)
class Sold:
    """What a company is measured by: the platform, and what its release runs without and with the add-on."""

    platform: Platform
    workloads: Mapping[tuple[str, ...], Mapping[str, Workload]]

    def size(self, tenant: Tenant) -> Size:
        """Return the numbers of a tenant, in which nothing is wrong."""
        numbers, problems = size(tenant, self.platform, self.workloads[tenant.addons])
        assert not problems
        return numbers


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Sold:
    """This repository's platform and base/."""
    snapshot = Snapshot.of_work_tree(Repository(tmp_path_factory.mktemp("sold") / "repository").root)
    platform = validated_platform(snapshot)
    release = read_release(snapshot, platform.default_ring.pair, platform)
    return Sold(platform, {addons: release.workloads(addons) for addons in ((), ("chatbot",))})


def plans(name: str) -> st.SearchStrategy[Plan]:
    """Any plan that holds a pod, in whatever proportion of CPU and memory, with and without a cap."""
    return st.builds(
        lambda cores, gibibytes, cap: Plan(
            name=name,
            ceiling=Resources(
                requests_cpu=cores * 500,
                limits_cpu=cores * 1000,
                requests_memory=gibibytes * GIBI // 2,
                limits_memory=gibibytes * GIBI,
            ),
            min_replicas=1,
            max_replicas=cap,
            storage=GIBI,
            max_storage=GIBI,
            availability="",
        ),
        st.integers(1, 16),
        st.integers(1, 32),
        st.none() | st.integers(1, 20),
    )


@given(before=plans("before"), after=plans("after"), addons=st.sampled_from([(), ("chatbot",)]))
def test_each_step_holds_what_ran_before_it(sold: Sold, before: Plan, after: Plan, addons: tuple[str, ...]) -> None:
    """With the quota of the plan before, and then without it."""
    here = replace(sold, platform=replace(sold.platform, plans={"before": before, "after": after}))
    document = Document("", "", {"name": "company-001", "plan": "before", "addons": list(addons)})
    start = tenant_of(document, here.platform)
    kept = QuotaFrom(plan="before", since=TODAY)
    first = replace(start, plan="after", quota_from=kept)
    second = replace(start, plan="after")

    for old, new in ((start, first), (first, first), (first, second)):
        assert shortage(old, here.size(old), new, here.size(new)) is None
    assert here.size(start).quota.is_within(here.size(first).quota)
    assert here.size(second).quota.is_within(here.size(first).quota)
    assert here.size(first).pods == max(here.size(start).pods, here.size(second).pods)
    assert here.size(first).service == here.size(second).service


@given(before=plans("before"), after=plans("after"))
def test_one_step_is_short_only_where_the_plan_is_smaller(sold: Sold, before: Plan, after: Plan) -> None:
    """Whoever gets more of everything, with no lower cap, waits for nothing."""
    here = replace(sold, platform=replace(sold.platform, plans={"before": before, "after": after}))
    start = tenant_of(Document("", "", {"name": "company-001", "plan": "before"}), here.platform)
    end = replace(start, plan="after")

    short = shortage(start, here.size(start), end, here.size(end))

    if before.ceiling.is_within(after.ceiling) and before.max_replicas == after.max_replicas is None:
        assert short is None
    if short is not None:
        assert getattr(here.size(end).quota, short.field) == short.allowed < short.used
        assert short.plan == "before"


def test_capacity_counts_the_larger_plan_until_the_change_is_complete(sold: Sold) -> None:
    """What may still run finds its place on the nodes; what always runs is that of the new plan."""
    start = tenant_of(Document("", "", {"name": "company-001", "plan": "gold"}), sold.platform)
    first = replace(start, plan="bronze", quota_from=QuotaFrom(plan="gold", since=TODAY))
    second = replace(start, plan="bronze")

    before, between, after = (of_company(sold.size(tenant)) for tenant in (start, first, second))

    assert (between.quota, between.maximum, between.sold) == (before.quota, before.maximum, before.sold)
    assert between.guaranteed == after.guaranteed
    assert after.quota != before.quota


def released(sold: Sold, *, cpu: int, memory: int, ready: int, grace: int | None = None) -> Sold:
    """Return what is sold by a release whose service has pods of another size that are ready after other seconds.

    They may take other seconds to end, too.
    """
    service = sold.platform.service
    pod = Resources(
        requests_cpu=cpu, limits_cpu=2 * cpu, requests_memory=memory << 20, limits_memory=(2 * memory) << 20
    )
    workload = sold.workloads[()][service]
    assert isinstance(workload.motion, Rolling)
    motion = replace(workload.motion, ready=ready)
    other = replace(workload, pod=pod, motion=motion, grace=workload.grace if grace is None else grace)
    return replace(sold, workloads={(): {**sold.workloads[()], service: other}})


PODS: Final = st.fixed_dictionaries(
    {"cpu": st.integers(5, 500), "memory": st.integers(10, 1000), "ready": st.integers(1, 300)}
)


@given(before=PODS, after=PODS)
def test_a_release_goes_back_unless_its_pods_find_no_room_beside_the_later_ones(
    sold: Sold, before: Mapping[str, int], after: Mapping[str, int]
) -> None:
    """A Deployment with no pod unavailable lets an old one go when as many are available as are wanted."""
    old, new = (released(sold, **pods).size(on(sold, "1")) for pods in (before, after))
    most = new.service.max_replicas
    pods, first = old.service.max_replicas, max(most - old.service.max_replicas, 0) + 1  # maxSurge is 1

    short = shortage(on(sold, "2"), old, on(sold, "1"), new)

    uses = old.service.workload.pod * pods + new.service.workload.pod * first
    assert (short is None) == uses.is_within(new.quota)
    if short is not None:
        assert short.of_release is not None
        assert uses.is_within(new.quota + short.of_release)
    if before["cpu"] == after["cpu"] and before["memory"] == after["memory"]:
        assert short is None


@given(before=PODS, after=PODS)
def test_a_release_comes_where_no_pod_of_its_roll_out_waits(
    sold: Sold, before: Mapping[str, int], after: Mapping[str, int]
) -> None:
    """Each step of a roll-out is counted, with as many pods ending as either release has of them."""
    old, new = (released(sold, **pods).size(on(sold, "1")) for pods in (before, after))
    pods, most = old.service.max_replicas, new.service.max_replicas
    ending = max(old.service.at_once - pods, new.service.at_once - most) - 1  # maxSurge is 1

    short = shortage(on(sold, "1"), old, on(sold, "2"), new)

    room = new.quota if short is None or short.of_release is None else new.quota + short.of_release
    assert short is None or short.of_release is not None
    for gone in range(pods + 1):
        fewer = old.service.workload.pod * (pods - gone + min(gone, ending))
        assert (fewer + new.service.workload.pod * max(most + 1 - (pods - gone), 0)).is_within(room)
    if before == after:
        assert short is None


def test_old_pods_that_end_slowly_are_let_go_as_fast_as_new_ones_are_ready(sold: Sold) -> None:
    """Four pods that take 120 s: one that is ready after 120 s lets one end at a time; after 30 s each, all four end.

    New pods of the same size end within a second, so the quota has room for one that ends, and 3 x 250m are lacking.
    """
    old = released(sold, cpu=125, memory=256, ready=120, grace=120).size(on(sold, "1"))
    new = released(sold, cpu=125, memory=256, ready=30, grace=1).size(on(sold, "2"))

    short = shortage(on(sold, "1"), old, on(sold, "2"), new)

    assert (old.service.max_replicas, new.service.max_replicas) == (4, 4)
    assert short is not None
    assert (short.field, short.used, short.allowed) == ("limits_cpu", 9 * 250, new.quota.limits_cpu)
    assert short.of_release is not None
    assert short.of_release.limits_cpu == short.used - short.allowed


def on(sold: Sold, release: str) -> Tenant:
    """Return a company on Bronze whose ring runs a release."""
    tenant = tenant_of(Document("", "", {"name": "company-001", "plan": "bronze"}), sold.platform)
    return replace(tenant, ring=replace(tenant.ring, release=release))
