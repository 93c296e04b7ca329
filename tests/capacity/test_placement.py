"""Pods on nodes, against nodes that were filled by hand, and against a scheduler that places one by one."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.capacity.load import Load
from generator.capacity.placement import nodes_of, placed, unplaced
from generator.fleet.infrastructure import NodePool, Nodes, PodGroup

GI = 1024**3
NOTHING = PodGroup(pods=0, cpu=0, memory=0)


def some_nodes(
    count: int, *, cpu: int = 16000, memory: int = 64 * GI, pods: int = 110, on_each: PodGroup = NOTHING
) -> Nodes:
    """Return one pool of equal nodes."""
    pool = NodePool(name="tenants", least=count, most=count, zones=(), cpu=cpu, memory=memory, pods=pods)
    return Nodes(pools=(pool,), on_each=on_each, in_all={}, allowed_overcommit=None)


@pytest.mark.parametrize(
    ("nodes", "pods", "left"),
    [
        # the seed's mix at every autoscaler's maximum: 85 x 4 + 12 x 16 + 3 x 32 pods, and 5 x 110 places
        pytest.param(some_nodes(5), {(125, GI // 4): 628}, 78, id="places bind"),
        # of 4 CPU each node holds two pods of 1.5, though seven of them are less than 12 CPU in all
        pytest.param(some_nodes(3, cpu=4000), {(1500, GI): 7}, 1, id="a rest on each node"),
        # of 8Gi each node holds two pods of 3Gi
        pytest.param(some_nodes(2, memory=8 * GI), {(100, 3 * GI): 5}, 1, id="memory binds"),
        # five places and 1 CPU of each node are taken: 5 x (16000 - 1000) / 3000 = 25
        pytest.param(
            some_nodes(5, on_each=PodGroup(pods=5, cpu=1000, memory=0)), {(3000, GI): 26}, 1, id="pods on each node"
        ),
        # a pod of 2 CPU has no place where 7 CPU of each node are taken, and the others take 13 CPU
        pytest.param(some_nodes(2, cpu=8000), {(2000, GI): 4, (1000, GI): 7}, 0, id="too few to fill both nodes"),
        # the others take 14 CPU; and each node, smaller by 2 - 1 CPU and a place, holds 7 CPU
        pytest.param(some_nodes(2, cpu=8000), {(2000, GI): 4, (1000, GI): 8}, 2, id="16 of 2 x 7 CPU"),
        # the pod of 6Gi has no place where 9Gi of each node are taken, and the others take 15Gi
        pytest.param(
            some_nodes(2, cpu=8000, memory=14 * GI), {(1000, 3 * GI): 5, (500, 6 * GI): 1}, 0, id="memory of one node"
        ),
        # both nodes are full for the first by CPU or by memory only where 2 x 6 of one of the two are taken: one pod
        # takes at most half of that, and the others are three
        pytest.param(
            some_nodes(2, cpu=8000, memory=8 * GI), {(3000, 4 * GI): 1, (3000, 3 * GI): 3}, 0, id="a pod fills by one"
        ),
        pytest.param(some_nodes(1), {(17000, GI): 1}, 1, id="larger than a node"),
        pytest.param(some_nodes(0), {(100, GI): 2}, 2, id="no node"),
        pytest.param(some_nodes(1), {}, 0, id="no pod"),
    ],
)
def test_what_was_filled_by_hand(nodes: Nodes, pods: dict[tuple[int, int], int], left: int) -> None:
    """Each case says how its number came about."""
    assert unplaced(nodes_of(nodes), Load(), Load(pods)) == left


def test_pods_of_several_sizes_come_in_the_worst_of_some_orders() -> None:
    """Each node has CPU for two of six pods, and the small one memory for one of each size alone.

    Where the two with little memory come first, they go to the large nodes, which have the larger share free; so the
    small one gets one pod of 3Gi, and its second place is lost.
    """
    large, small = some_nodes(2, cpu=8000, memory=8 * GI).pools[0], some_nodes(1, cpu=8000, memory=4 * GI).pools[0]
    nodes = Nodes(pools=(large, small), on_each=NOTHING, in_all={}, allowed_overcommit=None)
    pods = {(3000, GI): 2, (3000, 3 * GI): 4}

    assert unplaced(nodes_of(nodes), Load(), Load(pods)) == 1
    assert unplaced(nodes_of(nodes), Load(), Load({**pods, (3000, 3 * GI): 2})) == 0


def test_a_pod_goes_where_the_largest_share_is_free_with_it() -> None:
    """On a node of 4Gi it would leave no memory, so both go to the one of 32Gi."""
    large, small = some_nodes(1, cpu=8000, memory=32 * GI).pools[0], some_nodes(2, cpu=8000, memory=4 * GI).pools[0]
    nodes = Nodes(pools=(large, small), on_each=NOTHING, in_all={}, allowed_overcommit=None)

    free, _ = placed(nodes_of(nodes), {(1000, 4 * GI): 2})

    assert sorted((alike.whole_memory // GI, alike.memory // GI, alike.number) for alike in free) == [
        (4, 4, 2),
        (32, 24, 1),
    ]


def test_the_platform_comes_first() -> None:
    """Two pods of 6 CPU leave 4 CPU on each of two nodes: one company pod of 3 CPU each."""
    found = unplaced(nodes_of(some_nodes(2, cpu=10_000)), Load({(6000, GI): 2}), Load({(3000, GI): 3}))

    assert found == 1


def test_pods_are_spread_over_the_nodes() -> None:
    """Ten equal pods on four equal nodes: two nodes get three, two get two."""
    free, _ = placed(nodes_of(some_nodes(4)), {(1000, GI): 10})

    assert sorted((alike.whole_cpu - alike.cpu, alike.number) for alike in free) == [(2000, 2), (3000, 2)]


_SIZES = st.tuples(st.integers(1, 6), st.integers(1, 8))
"""CPU in eighths, and memory in eighths of a GiB."""


@given(
    st.sets(_SIZES, min_size=1, max_size=4),
    st.integers(1, 4),
    st.integers(8, 48),
    st.randoms(use_true_random=False),
)
def test_what_fits_in_one_amount_fits_in_any_order(
    sizes: set[tuple[int, int]], nodes: int, cpu: int, random: Random
) -> None:
    """The largest fleet that fits, and whichever node that has room for it a pod is given: none is left."""
    order = _grown(some_nodes(nodes, cpu=cpu * 125, memory=1024 * GI, pods=10_000), sorted(sizes), random)
    free = [cpu] * nodes
    for size, _ in random.sample(order, len(order)):
        holding = [node for node in range(nodes) if free[node] >= size]
        assert holding
        free[random.choice(holding)] -= size


@given(
    st.sets(_SIZES, min_size=2, max_size=3),
    st.integers(2, 4),
    st.sampled_from([16, 32]),
    st.sampled_from([32, 64]),
    st.randoms(use_true_random=False),
)
def test_what_fits_is_placed_by_a_scheduler(
    sizes: set[tuple[int, int]], nodes: int, cpu: int, memory: int, random: Random
) -> None:
    """The largest fleet that fits, in any order, each pod on the node of which the largest share is free."""
    order = _grown(some_nodes(nodes, cpu=cpu * 125, memory=memory * GI // 8, pods=10_000), sorted(sizes), random)
    free = [(cpu, memory)] * nodes
    for eighths, of_memory in random.sample(order, len(order)):
        holding = [node for node in range(nodes) if free[node][0] >= eighths and free[node][1] >= of_memory]
        assert holding
        chosen = max(holding, key=lambda node: free[node][0] / cpu + free[node][1] / memory)
        free[chosen] = free[chosen][0] - eighths, free[chosen][1] - of_memory


def _grown(nodes: Nodes, sizes: list[tuple[int, int]], random: Random) -> list[tuple[int, int]]:
    """Add pods until the next does not fit."""
    pods: list[tuple[int, int]] = []
    while True:
        following = [*pods, random.choice(sizes)]
        load = {(eighths * 125, memory * GI // 8): following.count((eighths, memory)) for eighths, memory in sizes}
        if unplaced(nodes_of(nodes), Load(), Load(load)):
            return pods
        pods = following


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 900), st.integers(0, 9).map(lambda gi: gi * GI)), st.integers(1, 40), max_size=4
    ),
    st.integers(1, 6),
)
def test_no_pod_is_lost_and_no_node_holds_too_much(pods: dict[tuple[int, int], int], nodes: int) -> None:
    """What is placed and what is left are all pods, and no node has less than nothing free."""
    empty = nodes_of(some_nodes(nodes, cpu=4000, memory=16 * GI, pods=20))

    free, left = placed(empty, pods)

    assert sum(alike.number for alike in free) == nodes
    assert sum(alike.number * (20 - alike.pods) for alike in free) + left == sum(pods.values())
    assert all(alike.cpu >= 0 and alike.memory >= 0 and alike.pods >= 0 for alike in free)
