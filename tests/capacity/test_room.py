"""What the nodes answer, for fleets whose answers were worked out by hand."""

from dataclasses import replace
from functools import cache

import pytest

from generator import pipeline
from generator.capacity import what_if
from generator.capacity.load import Companies, Levels, Load, of_company, of_fleet
from generator.capacity.placement import nodes_of
from generator.capacity.room import Room, how_many_more, room
from generator.capacity.words import as_data, judged, shift, verdicts
from generator.fleet.infrastructure import NodePool, Nodes, PodGroup
from generator.fleet.model import Resources
from generator.git.snapshot import Snapshot
from tests.harness import ROOT

GI = 1024**3
POD = (125, GI // 4)


@cache
def composed() -> pipeline.Composed:
    """Return this checkout, of which the plans and the pods' sizes are taken."""
    return pipeline.composed(Snapshot.of_work_tree(ROOT))


def fleet(**plans: int) -> Companies:
    """Return companies without add-ons, by plan, all on one ring."""
    found = Companies(number=0, levels=Levels(**_NOTHING, sold=Resources()), surges={})
    for plan, number in plans.items():
        found = found.plus(one(plan), "general", number)
    return found


_NOTHING = {"guaranteed": Load(), "maximum": Load(), "quota": Load(), "surge": Load()}


def one(plan: str) -> Levels:
    """Return a company of a plan."""
    result = composed()
    workloads = result.releases[result.fleet.platform.default_ring.pair].workloads(())
    return of_company(what_if.of_plan_alone(plan, result.fleet.platform, workloads))


def five(count: int = 5, zones: tuple[str, ...] = (), *, allowed: float | None = None, pods: int = 110) -> Nodes:
    """Return the seed's nodes: five of 16 CPU and 64Gi, nothing reserved, nothing of the platform's."""
    pool = NodePool(name="tenants", least=count, most=count, zones=zones, cpu=16000, memory=64 * GI, pods=pods)
    none = PodGroup(pods=0, cpu=0, memory=0)
    return Nodes(pools=(pool,), on_each=none, in_all={}, allowed_overcommit=allowed)


SEED = {"bronze": 85, "silver": 12, "gold": 3}


def test_the_seeds_mix_at_three_levels() -> None:
    """A pod always runs of each company; at the maximum 4, 16 and 32 pods; quotas are larger by a roll-out."""
    levels = fleet(**SEED).levels

    assert levels.guaranteed.pods == {POD: 100}
    assert levels.maximum.pods == {POD: 85 * 4 + 12 * 16 + 3 * 32}
    assert (levels.maximum.count, levels.maximum.cpu) == (628, 78_500)
    assert levels.surge.pods == {POD: 100}
    assert levels.quota.count == sum(number * one(plan).quota.count for plan, number in SEED.items())


def test_the_seeds_mix_on_five_nodes() -> None:
    """What always runs and a roll-out of all are 200 pods of 550; at the maximum 78 of 628 find no place."""
    answer = room(five(), fleet(**SEED))

    assert answer.fits
    assert answer.unplaced == {"guaranteed": 0, "maximum": 78, "quota": answer.unplaced["quota"]}
    assert answer.needed == 2
    assert judged(answer) == "guaranteed and 100 of a roll-out of ring general: 200 pods fit"


def test_how_many_more_are_those_that_fill_the_places() -> None:
    """A company of any plan takes a pod, and one in a roll-out: 2 of the 350 places that are left."""
    answers = {plan: how_many_more(five(), fleet(**SEED), one(plan), "general") for plan in SEED}

    assert answers == dict.fromkeys(SEED, 175)


def test_a_company_too_many_does_not_fit() -> None:
    """275 companies and a roll-out of all fill 550 places; one more leaves two pods without one, and needs a node."""
    answer = room(five(), fleet(bronze=276))

    assert room(five(), fleet(bronze=275)).fits
    assert (answer.unplaced["guaranteed"], answer.needed) == (2, 6)


def test_only_one_ring_rolls_out_at_a_time() -> None:
    """300 companies on two rings of 150: 300 pods and 150 more are 450 of 550 places, where 600 would be too many."""
    companies = fleet(bronze=150).plus(one("bronze"), "pilot", 150)

    assert room(five(), companies).fits
    assert not room(five(), fleet(bronze=300)).fits


@pytest.mark.parametrize(
    ("companies", "without_a_node", "without_zone_a"),
    # four nodes hold 440 pods; zone a has two of five nodes, and the other three hold 330
    [(275, 0, 0), (330, 0, 0), (331, 0, 1), (440, 0, 110), (441, 1, 111)],
)
def test_what_is_lost_is_judged_by_what_always_runs(companies: int, without_a_node: int, without_zone_a: int) -> None:
    """Two of five nodes stand in the first zone of three."""
    lost = {item.name: item.unplaced for item in room(five(zones=("a", "b", "c")), fleet(bronze=companies)).lost}

    assert lost["a node of pool tenants"] == without_a_node
    assert lost["zone a"] == without_zone_a
    assert set(lost) == {"a node of pool tenants", "zone a", "zone b", "zone c"}


def test_overcommit_is_what_quotas_may_request() -> None:
    """Of 80 CPU and 320Gi; a quota's requests are half its limits."""
    companies = fleet(gold=3)
    sold = companies.levels.sold

    answer = room(five(allowed=0.1), companies)

    assert answer.overcommit == (sold.requests_cpu / 80_000, sold.requests_memory / (320 * GI))
    assert answer.fits
    assert answer.is_oversold
    assert not answer.is_good
    assert not room(five(allowed=1), companies).is_oversold


def test_a_scaled_pool_is_taken_at_its_most() -> None:
    """And it says how many of its nodes are needed now."""
    declared = five()
    pool = replace(declared.pools[0], least=1, most=9)

    answer = room(replace(declared, pools=(pool,)), fleet(bronze=276))

    assert (answer.fits, answer.needed) == (True, 6)
    assert sum(alike.number for alike in nodes_of(answer.nodes)) == 9


def test_a_pod_larger_than_a_node_needs_no_number_of_nodes() -> None:
    """No number of nodes holds it."""
    declared = five()
    answer = room(replace(declared, pools=(replace(declared.pools[0], cpu=100),)), fleet(bronze=1))

    assert answer.needed is None
    assert "no number of nodes of pool tenants is enough: a pod is larger than a node" in verdicts(answer)


def test_nodes_that_do_not_hold_the_platform_itself_are_told_in_words() -> None:
    """No number of pods that is larger than what there is, and no infinity, which JSON does not know."""
    declared = replace(five(), in_all={"argocd": PodGroup(pods=15, cpu=100, memory=GI)})
    none = replace(declared, pools=(replace(declared.pools[0], least=0, most=0),))
    before, answer = room(declared, fleet(bronze=1)), room(none, fleet(bronze=1))

    assert list(verdicts(answer)) == [
        "pool tenants: 0 nodes, 16 CPU, 64Gi and 110 pods each",
        "for companies: 0 CPU, 0Gi and 0 pods, the platform's own taken off",
        "guaranteed and 1 of a roll-out of ring general: none of 2 pods finds a place, nor do all of the platform's",
        "every autoscaler at its maximum at once: none of 4 pods finds a place, nor do all of the platform's",
        "every quota used up at once: none of 11 pods finds a place, nor do all of the platform's",
        "needs 1 more node of pool tenants",
        "the platform's own pods leave nothing of the nodes to be sold",
    ]
    assert "inf" not in "".join((*shift(before, answer), *shift(answer, before)))
    assert as_data(fleet(bronze=1), {}, answer, {})["overcommit"] == {"cpu": None, "memory": None, "allowed": None}


def test_no_company_fits() -> None:
    """A platform that begins has room."""
    answer = room(five(), fleet())

    assert (answer.fits, answer.needed, answer.ring) == (True, 0, "")


def _shown(before: Room | None, after: Room) -> tuple[str, ...]:
    return tuple(shift(before, after))


def test_a_change_is_told_in_numbers() -> None:
    """What always runs, nodes, and what is sold, before and after."""
    before, after = room(five(), fleet(bronze=275)), room(five(), fleet(bronze=276))

    sold = f"{before.overcommit[0]:.2f} to {after.overcommit[0]:.2f}"
    assert _shown(before, after) == (
        f"275 to 276 pods always run, 34375m to 34500m CPU; 5 to 6 nodes needed of 5; sold {sold} times the CPU",
        "guaranteed and 276 of a roll-out of ring general: 2 of 552 pods find no place",
    )
    assert not _shown(before, before)


def test_this_checkout_fits() -> None:
    """The example that people start from."""
    result = composed()
    assert result.fleet.platform.nodes

    assert room(result.fleet.platform.nodes, of_fleet(result.fleet, result.sizes)).is_good
