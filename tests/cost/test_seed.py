"""The seed's figures, and what they hold for."""

from dataclasses import replace

from generator.cost.scenario import mixes, requests, seed, used
from tests.capacity.test_room import composed


def test_the_seeds_figures_are_worked_out_again() -> None:
    """$43,200, $18,000, 58 %, 75 % and 37.5 %, each with the mixes that it holds for, and what changes it."""
    assert list(seed(composed().fleet.platform)) == [
        "node isolation: 100 nodes x $36 x 12 months = $43,200 a year",
        "namespace isolation: 5 nodes x $300 x 12 months = $18,000 a year",
        "saved: 58 % ($25,200); for every mix of plans that fits the five nodes, 102 of 5151",
        (
            "utilisation of the five nodes: 75 % for 96 Bronze, 2 Silver, 2 Gold, whose plans request 60 of 80 CPU;"
            " 75 % and more for 88 of the mixes that fit, 85 Bronze, 12 Silver, 3 Gold among them with 98.1 %; no more"
            " than 62.5 % for 100 Bronze, 0 Silver, 0 Gold, and 0 Bronze, 100 Silver, 0 Gold would need 250 %"
        ),
        (
            "utilisation with a node each: 37.5 % for the same mix, when the hundred nodes have 160 CPU together, 1.6"
            " each on average; of a hundred nodes of 2 CPU that mix requests 30 %"
        ),
        (
            "with the platform's own pods, 7250m CPU here: 84.1 % of the five nodes are requested, and a node each"
            " would need its share of them a hundred times"
        ),
        "without one of the five nodes: 93.8 % of the others, so 80 % of five is the most that survives it",
        "with storage, 6200Gi for 5,952 a year either way: 49,152 against 23,952, 51.3 % saved",
    ]


def test_what_is_not_declared_is_said_to_be_left_out() -> None:
    """Without nodes and prices."""
    lines = list(seed(replace(composed().fleet.platform, nodes=None, prices=None)))

    assert "the platform's own pods are left out: declare `nodes` and `platformPods`" in lines
    assert "storage is left out, and costs the same either way: declare prices.storage" in lines


def test_mixes_are_all_there_are() -> None:
    """A hundred companies over three plans: 102 x 101 / 2."""
    found = list(mixes())

    assert len(found) == len(set(found)) == 5151
    assert {sum(mix) for mix in found} == {100}


def test_a_plans_requests_are_half_its_limits() -> None:
    """42.5 + 24 + 12 of 80 CPU."""
    assert requests((85, 12, 3)) == 78.5
    assert used((100, 0, 0)) == 0.625
