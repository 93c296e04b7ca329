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
        # sizes differ by steps of 1 CPU: each node is smaller by 2 - 1 CPU and a place, so it holds 7 CPU
        pytest.param(some_nodes(2, cpu=8000), {(2000, GI): 4, (1000, GI): 6}, 0, id="14 of 2 x 7 CPU"),
        pytest.param(some_nodes(2, cpu=8000), {(2000, GI): 4, (1000, GI): 7}, 1, id="15 of 2 x 7 CPU"),
        pytest.param(some_nodes(1), {(17000, GI): 1}, 1, id="larger than a node"),
        pytest.param(some_nodes(0), {(100, GI): 2}, 2, id="no node"),
        pytest.param(some_nodes(1), {}, 0, id="no pod"),
    ],
)
def test_what_was_filled_by_hand(nodes: Nodes, pods: dict[tuple[int, int], int], left: int) -> None:
    """Each case says how its number came about."""
    assert unplaced(nodes_of(nodes), Load(), Load(pods)) == left


def test_the_platform_comes_first() -> None:
    """Two pods of 6 CPU leave 4 CPU on each of two nodes: one company pod of 3 CPU each."""
    found = unplaced(nodes_of(some_nodes(2, cpu=10_000)), Load({(6000, GI): 2}), Load({(3000, GI): 3}))

    assert found == 1


def test_pods_are_spread_over_the_nodes() -> None:
    """Ten equal pods on four equal nodes: two nodes get three, two get two."""
    free, _ = placed(nodes_of(some_nodes(4)), {(1000, GI): 10}, largest_first=True)

    assert sorted((alike.whole_cpu - alike.cpu, alike.number) for alike in free) == [(2000, 2), (3000, 2)]


@given(
    st.dictionaries(st.integers(1, 12), st.integers(1, 12), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(4, 40),
    st.randoms(use_true_random=False),
)
def test_what_fits_fits_in_any_order(sizes: dict[int, int], nodes: int, cpu: int, random: Random) -> None:
    """Whatever the order of the pods, and whichever node that has room for it each is given: none is left."""
    declared = some_nodes(nodes, cpu=cpu * 100, pods=10_000)
    pods = {(size * 100, 0): number for size, number in sizes.items()}
    if unplaced(nodes_of(declared), Load(), Load(pods)):
        return
    free = [cpu] * nodes
    order = [size for size, number in sizes.items() for _ in range(number)]
    random.shuffle(order)
    for size in order:
        holding = [node for node in range(nodes) if free[node] >= size]
        assert holding
        free[random.choice(holding)] -= size


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 900), st.integers(0, 9).map(lambda gi: gi * GI)), st.integers(1, 40), max_size=4
    ),
    st.integers(1, 6),
)
def test_no_pod_is_lost_and_no_node_holds_too_much(pods: dict[tuple[int, int], int], nodes: int) -> None:
    """What is placed and what is left are all pods, and no node has less than nothing free."""
    empty = nodes_of(some_nodes(nodes, cpu=4000, memory=16 * GI, pods=20))

    free, left = placed(empty, pods, largest_first=True)

    assert sum(alike.number for alike in free) == nodes
    assert sum(alike.number * (20 - alike.pods) for alike in free) + left == sum(pods.values())
    assert all(alike.cpu >= 0 and alike.memory >= 0 and alike.pods >= 0 for alike in free)
