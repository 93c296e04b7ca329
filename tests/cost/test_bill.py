"""What a year costs, against sums that were worked out by hand."""

from dataclasses import replace
from fractions import Fraction

import pytest

from generator.cost import words
from generator.cost.bill import Bill, bill
from generator.fleet.infrastructure import NodePool, Nodes, PodGroup, Prices, Usage
from generator.fleet.model import Fleet, Tenant
from generator.generate.size import Size, size
from tests.capacity.test_room import composed

GI = 1024**3
NONE = PodGroup(pods=0, cpu=0, memory=0)
NODE = NodePool(name="tenants", least=2, most=2, zones=(), cpu=1000, memory=64 * GI, pods=110)
NODES = Nodes(pools=(NODE,), on_each=PodGroup(pods=1, cpu=125, memory=0), in_all={}, allowed_overcommit=None)
PRICES = Prices(
    currency="EUR",
    nodes={"tenants": Fraction(100)},
    own_node=Fraction(150),
    storage=Fraction("0.1"),
    backup=None,
    egress=Usage(price=Fraction("0.05"), units=Fraction(20)),
    tokens=Usage(price=Fraction(3), units=Fraction(2), addon="chatbot"),
)


def a_fleet(nodes: Nodes | None = NODES, **plans: str) -> tuple[Fleet, dict[str, Size]]:
    """Return companies on these plans; `plan+chatbot` has the add-on. Bronze costs 60 a month, a chatbot 30."""
    result = composed()
    known = result.fleet.platform
    sold = {name: replace(plan, price=Fraction(60) if name == "bronze" else None) for name, plan in known.plans.items()}
    addons = {name: replace(addon, price=Fraction(30)) for name, addon in known.addons.items()}
    platform = replace(known, nodes=nodes, plans=sold, addons=addons)
    tenants, sizes = [], {}
    for name, text in plans.items():
        plan, _, addon = text.partition("+")
        tenant = _tenant(name, plan, (addon,) if addon else (), storage=10 * GI)
        tenants.append(tenant)
        sizes[name], _ = size(
            tenant, platform, result.releases[result.fleet.platform.default_ring.pair].workloads(tenant.addons)
        )
    return Fleet(platform=platform, tenants=tuple(tenants)), sizes


def _tenant(name: str, plan: str, addons: tuple[str, ...], storage: int) -> Tenant:
    known = composed().fleet.tenants[0]
    return replace(known, name=name, plan=plan, addons=addons, storage=storage, overrides=type(known.overrides)())


def by_hand() -> Bill:
    """Return what two companies of a pod of 125m and a chatbot of 125m cost, on two nodes with a daemon of 125m."""
    fleet, sizes = a_fleet(one="bronze", two="bronze+chatbot")
    return bill(fleet, sizes, PRICES)


def these(*amounts: object) -> tuple[object, ...]:
    """Return amounts of money side by side; a whole one equals a number."""
    return amounts


def test_nodes_are_split_into_what_is_requested_shared_and_idle() -> None:
    """2 x 100 x 12 = 2,400: of 2 CPU three pods request 375m, two daemons 250m, and 1375m are idle."""
    found = by_hand()
    one, two = found.companies

    assert found.nodes == 2400
    assert found.resource == "CPU"
    assert these(one.own, two.own) == (150, 300)
    assert one.shared == two.shared == 150
    assert one.idle + two.idle == 1650
    sold = [
        levels.requests_cpu
        for levels in (a_fleet(one="bronze", two="bronze+chatbot")[1][n].quota for n in ("one", "two"))
    ]
    assert one.idle / two.idle == Fraction(*sold)


def test_what_is_each_companys_own_is_its_own() -> None:
    """10Gi x 0.1 x 12, 20Gi of traffic x 0.05 x 12, and two million tokens x 3 x 12 for who has the add-on."""
    one, two = by_hand().companies

    assert these(one.storage, one.egress, one.tokens, one.backup) == (12, 12, 0, 0)
    assert these(two.storage, two.egress, two.tokens) == (12, 12, 72)


def test_the_parts_are_the_whole() -> None:
    """Nodes, and all that companies use; nothing is rounded away."""
    found = by_hand()

    assert sum(share.own + share.shared + share.idle for share in found.companies) == found.nodes
    assert found.costs == 2400 + 2 * 12 + 2 * 12 + 72


def test_the_margin_is_what_is_left_of_what_a_company_pays() -> None:
    """Bronze pays 60 a month, and 30 more for the chatbot."""
    one, two = by_hand().companies

    assert these(one.pays, two.pays) == (720, 1080)
    assert one.margin == 720 - one.costs


def test_a_plan_without_a_price_has_no_margin() -> None:
    """And the table does not call it nothing."""
    fleet, sizes = a_fleet(one="silver")
    found = bill(fleet, sizes, PRICES)

    assert found.companies[0].pays is None
    assert words.row("all", found.companies)["margin"] == "not told"


def test_a_node_for_each_company_is_what_it_is_compared_with() -> None:
    """2 x 150 x 12 = 3,600, of which 2,400 are two thirds."""
    found = by_hand()

    assert these(found.own_nodes, found.saved) == (3600, Fraction(1, 3))
    assert "node isolation: a node for each of 2: 3,600.00, of which namespaces save 33.3 %" in words.sentences(found)


def test_what_has_no_price_is_named() -> None:
    """Nobody takes the sum for all there is."""
    assert by_hand().left_out == (
        "backup: prices.backup",
        "what plan silver brings: plans.silver.price",
        "what plan gold brings: plans.gold.price",
        "control planes, people, taxes and discounts: nothing declares them",
    )


def test_without_nodes_what_companies_use_is_still_counted() -> None:
    """And the nodes are said to be left out."""
    fleet, sizes = a_fleet(nodes=None, one="bronze")
    found = bill(fleet, sizes, PRICES)

    assert found.costs == 12 + 12
    assert found.left_out[0] == "nodes: none are declared"


def test_nodes_without_a_company_are_nobodys() -> None:
    """What is paid is told."""
    fleet, sizes = a_fleet()
    found = bill(fleet, sizes, PRICES)

    assert these(found.costs, found.nobodys) == (2400, 2400)
    assert "there is no company to share 2,400.00" in words.sentences(found)


@pytest.mark.parametrize(("least", "paid"), [(0, 1), (3, 3)])
def test_of_a_scaled_pool_those_nodes_are_paid_that_are_needed(least: int, paid: int) -> None:
    """Two pods, and two more in a roll-out, need one node; those that are always there are paid whatever is needed."""
    pool = replace(NODE, least=least, most=9)
    fleet, sizes = a_fleet(nodes=replace(NODES, pools=(pool,)), one="bronze", two="bronze")

    assert bill(fleet, sizes, PRICES).counted == {"tenants": paid}


def test_money_is_exact_until_it_is_shown() -> None:
    """A third of a cent is not lost before the sum."""
    assert words.money(Fraction(200000, 3)) == "66,666.67"
    assert words.as_data(by_hand())["perYear"] == "2520"
