"""What if: how it is written, and what it makes of a fleet."""

import pytest

from generator.capacity import what_if
from generator.capacity.what_if import WhatIf
from tests.capacity.test_room import composed


def test_it_names_plans_and_nodes() -> None:
    """One text, commas between; equal plans add up."""
    found = what_if.read("plan=gold:+10,plan=bronze:-1,plan=gold:+2,nodes=6", composed().fleet.platform)

    assert found == WhatIf(plans={"gold": 12, "bronze": -1}, nodes={"tenants": 6})
    assert what_if.said(found) == ("12 more of gold", "1 fewer of bronze", "6 nodes of pool tenants")


@pytest.mark.parametrize(("text", "number"), [("nodes=+1", 6), ("nodes=tenants:-2", 3), ("nodes=tenants:0", 0)])
def test_nodes_are_a_number_or_a_difference(text: str, number: int) -> None:
    """Of the pool that grows, or of one by its name."""
    assert what_if.read(text, composed().fleet.platform).nodes == {"tenants": number}


FORM = "write plan=PLAN:+10 or plan=PLAN:-10 for companies, nodes=6 or nodes=POOL:+1 for nodes, with commas between"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plan=gold:10", f"'plan=gold:10' cannot be read: {FORM}"),
        ("gold=+1", f"'gold=+1' cannot be read: {FORM}"),
        ("", f"'' cannot be read: {FORM}"),
        ("plan=gld:+1", "there is no plan 'gld'; did you mean 'gold'?"),
        ("nodes=zzz:1", "there is no pool 'zzz'; there are tenants"),
        ("nodes=-6", "'nodes=-6': pool tenants has 5 nodes"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, said: str) -> None:
    """With the form, or the nearest name."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011 -- its words are compared
        what_if.read(text, composed().fleet.platform)

    assert str(raised.value) == said


def test_companies_come_and_leave() -> None:
    """Those that come have no add-on; those that leave are the last of their plan."""
    result = composed()
    workloads = result.releases[result.fleet.platform.default_ring.pair].workloads(())
    plan = result.fleet.tenants[0].plan

    more = what_if.companies(WhatIf(plans={plan: 3}), result.fleet, result.sizes, workloads)
    fewer = what_if.companies(WhatIf(plans={plan: -1}), result.fleet, result.sizes, workloads)

    assert (more.number, fewer.number) == (len(result.fleet.tenants) + 3, len(result.fleet.tenants) - 1)
    with pytest.raises(ValueError, match=f"^99 companies cannot leave plan {plan}: it has "):
        what_if.companies(WhatIf(plans={plan: -99}), result.fleet, result.sizes, workloads)
