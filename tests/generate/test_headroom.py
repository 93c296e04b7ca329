"""How many pods exist at once: the formula by kind, and Kubernetes played against it, second by second."""

import math
from random import Random

import pytest

from generator.fleet.model import Resources
from generator.generate.headroom import (
    NEVER,
    Motion,
    Once,
    Ordered,
    Policy,
    Recreating,
    Replacing,
    Rolling,
    ScaleDown,
    Workload,
)
from tests.generate.simulator import Simulation

ONE_IN_180_S = ScaleDown(policies=(Policy(kind="Pods", value=1, period=180),), select="Max", window=300)


RANDOM = Random(0)  # noqa: S311 -- no secret


def a_policy(text: str) -> Policy:
    """Read `2 pods in 60 s` or `10 % in 60 s`."""
    value, what, _, period, _ = text.split()
    return Policy(kind="Percent" if what == "%" else "Pods", value=int(value), period=int(period))


def a_workload(
    motion: Motion, *, grace: int = 125, most: int = 32, least: int = 1, scale_down: ScaleDown = ONE_IN_180_S
) -> Workload:
    """Return a workload of the size of our own Gold, with what a test is about otherwise."""
    return Workload(
        kind="Deployment",
        name="fileserver",
        pod=Resources(),
        motion=motion,
        grace=grace,
        least=least,
        most=most,
        scale_down=scale_down,
    )


# --- the formula


@pytest.mark.parametrize(
    ("workload", "shares"),
    [
        # what base/ ships
        (
            a_workload(Rolling(surge=1, unavailable=0, ready=65)),
            {"surge": 1, "terminating in a roll-out": 2, "let go by the autoscaler": 1, "replaced early": 1},
        ),
        # a grace that is reached exactly is over
        (
            a_workload(Rolling(surge=1, unavailable=0, ready=65), grace=130, scale_down=NEVER),
            {"surge": 1, "terminating in a roll-out": 2},
        ),
        (
            a_workload(Rolling(surge=1, unavailable=0, ready=65), grace=131, scale_down=NEVER),
            {"surge": 1, "terminating in a roll-out": 3},
        ),
        # pods that may be unavailable are let go with each step as well
        (
            a_workload(Rolling(surge=1, unavailable=2, ready=65), scale_down=NEVER),
            {"surge": 1, "terminating in a roll-out": 6},
        ),
        # a percentage of surge is rounded up, of unavailable ones down; without either one is unavailable
        (
            a_workload(Rolling(surge="25%", unavailable="25%", ready=125), most=5, scale_down=NEVER),
            {"surge": 2, "terminating in a roll-out": 3},
        ),
        (
            a_workload(Rolling(surge=0, unavailable="10%", ready=125), most=5, scale_down=NEVER),
            {"terminating in a roll-out": 1},
        ),
        # a surge in per cent falls and rises with the replicas
        (
            a_workload(Rolling(surge="25%", unavailable=0, ready=125), most=13),
            {"surge": 4, "terminating in a roll-out": 4, "let go by the autoscaler": 2, "replaced early": 2},
        ),
        # no more are terminating than there were
        (
            a_workload(Rolling(surge=1, unavailable=0, ready=0), most=4, scale_down=NEVER),
            {"surge": 1, "terminating in a roll-out": 4},
        ),
        (
            a_workload(Rolling(surge=1, unavailable=0, ready=5), most=4, scale_down=NEVER),
            {"surge": 1, "terminating in a roll-out": 4},
        ),
        # an autoscaler that cannot fall lets nothing go
        (a_workload(Rolling(surge=1, unavailable=0, ready=65), least=32), {"surge": 1, "terminating in a roll-out": 2}),
        (a_workload(Recreating()), {"let go by the autoscaler": 1}),
        (a_workload(Ordered()), {}),
        (a_workload(Once(), most=3, scale_down=NEVER), {}),
        (a_workload(Replacing(), most=2, scale_down=NEVER), {"of runs that were ended": 6}),
    ],
)
def test_each_kind_has_its_formula(workload: Workload, shares: dict[str, int]) -> None:
    """What may exist beside the wanted pods, and why."""
    headroom = workload.headroom(workload.most, workload.least)

    assert {share.name: share.pods for share in headroom} == shares
    assert workload.at_once(workload.most, workload.least) == workload.most + sum(shares.values())


@pytest.mark.parametrize(
    ("policies", "select", "falls"),
    [
        (["1 pod in 180 s"], "Max", 1),
        (["1 pod in 60 s"], "Max", 3),
        (["2 pods in 100 s"], "Max", 4),
        (["1 pod in 180 s", "1 pod in 60 s"], "Min", 1),
        (["1 pod in 180 s", "1 pod in 60 s"], "Max", 3),
        (["10 % in 180 s"], "Max", 4),
        (["50 % in 60 s"], "Max", 28),
        (["100 % in 15 s"], "Max", 31),
        (["4 pods in 60 s", "10 % in 60 s"], "Min", 10),
        ([], "Disabled", 0),
    ],
)
def test_an_autoscaler_lets_go_what_its_policies_allow(policies: list[str], select: str, falls: int) -> None:
    """From 32 pods to 1 at least, within 125 seconds."""
    rules = ScaleDown(policies=tuple(map(a_policy, policies)), select=select, window=300)  # type: ignore[arg-type]

    assert rules.falls(32, 1, 125) == falls


def test_a_share_says_how_it_came_about() -> None:
    """In the words that `explain` prints."""
    two_rules = ScaleDown(policies=tuple(map(a_policy, ["4 pods in 60 s", "10 % in 90 s"])), select="Min", window=300)
    workload = a_workload(Rolling(surge="25%", unavailable=1, ready=65), most=13, scale_down=two_rules)

    assert [share.because for share in workload.headroom(13, 1)] == [
        "maxSurge is 25%",
        "ceil(125 s of grace / 65 s of minReadySeconds) x (4 surge + 1 unavailable)",
        "in a grace of 125 s the autoscaler lets 4 pods go (the least of 4 pods in 60 s and 10 % in 90 s), and the surge 1 pod",  # noqa: E501 -- one message
        "for each of these a roll-out may replace 1 pod more before its time",
    ]


# --- Kubernetes, played


def any_workload(random: Random) -> Workload:
    """Draw a Deployment and its autoscaler, with small numbers, so that much happens in a few seconds."""

    def part(*numbers: int) -> int | str:
        choices: list[int | str] = [*numbers, "10%", "25%", "50%"]
        return random.choice(choices)

    grace = random.randint(1, 24)
    policies = tuple(
        Policy(
            kind=random.choice(["Pods", "Pods", "Percent"]),
            value=random.choice([1, 1, 2, 3, 10, 30]),
            period=random.randint(1, 40),
        )
        for _ in range(random.randint(1, 2))
    )
    window = max(grace, *(policy.period for policy in policies)) + random.choice([0, 0, 5, 20])
    rules = ScaleDown(policies=policies, select=random.choice(["Max", "Max", "Min"]), window=window)
    rolling = Rolling(surge=part(1, 1, 1, 0, 2, 3), unavailable=part(0, 0, 0, 1, 2), ready=random.randint(0, 12))
    return a_workload(
        rolling if random.random() < 0.9 else Recreating(),
        grace=grace,
        most=random.randint(1, 14),
        scale_down=rules if random.random() < 0.95 else NEVER,
    )


def follows_at_once(workload: Workload) -> bool:
    """Say whether a roll-out may follow the one before at once: where a grace is not enough to let all pods go."""
    if isinstance(workload.motion, Recreating):
        return True
    assert isinstance(workload.motion, Rolling)
    ready, most = workload.motion.ready, workload.most
    return ready > 0 and math.ceil(workload.grace / ready) * sum(workload.motion.step(most)) <= most


def play(workload: Workload, random: Random, *, least: int, seconds: int) -> Simulation:
    """Let loads come and go and roll-outs begin at any time."""
    slowest, load, at_once = random.choice([0, 0, 3]), workload.most, follows_at_once(workload)
    simulation = Simulation(
        workload, random, most=workload.most, least=least, startup=lambda: random.randint(0, slowest)
    )
    for _ in range(seconds):
        simulation.settle()
        if random.random() < 0.3:
            load = random.choice([workload.most, workload.most, random.randint(0, workload.most), 0])
        if simulation.complete and (at_once or not simulation.terminating) and random.random() < 0.3:
            simulation.roll_out()
        if random.random() < 0.5:
            simulation.ask(load)
        simulation.tick()
    return simulation


def never_more(seeds: range) -> None:
    """Play a setting for each seed, and hold it against the formula."""
    for seed in seeds:
        random = Random(seed)  # noqa: S311 -- no secret
        workload = any_workload(random)
        least = random.randint(1, workload.most)
        peak = play(workload, random, least=least, seconds=60).peak
        assert peak <= workload.at_once(workload.most, least), f"seed {seed}: {peak} pods of {workload}, least {least}"


@pytest.mark.slow
def test_there_are_never_more_pods_than_the_formula_says() -> None:
    """Two thousand settings, each with loads and roll-outs of its own."""
    never_more(range(2_000))


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(10))
def test_there_are_never_more_pods_than_the_formula_says_for_long(part: int) -> None:
    """A hundred thousand settings more."""
    never_more(range(10_000 * (part + 1), 10_000 * (part + 2)))


def fall_and_rise(workload: Workload, random: Random, *, admits: int | None = None) -> Simulation:
    """Let the autoscaler fall by one and rise again at the worst moment of a roll-out.

    That is right after new pods were started, once the new ReplicaSet is the larger one, which then has to shrink.
    """
    simulation = Simulation(workload, random, most=workload.most, admits=admits, newest_first=True)
    simulation.settle()
    simulation.roll_out()
    started = False
    while not (started and 3 * simulation.newest.wanted > 2 * workload.most):
        before = simulation.newest.wanted
        simulation.skip()
        simulation.settle()
        started = simulation.newest.wanted > before
    for load in (workload.most - 1, workload.most):
        simulation.ask(load)
        simulation.settle()
    return simulation


def a_rolling_workload(random: Random) -> Workload:
    """Draw a Deployment whose autoscaler lets one pod go within a grace, and whose roll-out takes many graces."""
    grace = random.randint(2, 24)
    period = grace + random.choice([0, 5])
    surge, unavailable = random.choice([1, 1, 2, 3]), random.choice([0, 0, 1, 2])
    rolling = Rolling(surge=surge, unavailable=unavailable, ready=random.randint(2, 12))
    rules = ScaleDown(policies=(Policy(kind="Pods", value=1, period=period),), select="Max", window=period)
    most = 4 * (2 + math.ceil(grace / rolling.ready)) * (surge + unavailable)
    return a_workload(rolling, grace=grace, most=most, scale_down=rules)


def test_the_formula_is_reached() -> None:
    """A quota with one pod less would refuse one: shown with three hundred settings."""
    for seed in range(300):
        random = Random(seed)  # noqa: S311 -- no secret
        workload = a_rolling_workload(random)
        bound = workload.at_once(workload.most, 1)

        assert fall_and_rise(workload, random).peak == bound, f"seed {seed}: {workload}"
        assert fall_and_rise(workload, random, admits=bound).refused == 0, f"seed {seed}: {workload}"
        assert fall_and_rise(workload, random, admits=bound - 1).refused > 0, f"seed {seed}: {workload}"


@pytest.mark.parametrize(
    ("replicas", "grace", "ready"), [(4, 125, 65), (16, 125, 65), (32, 125, 65), (4, 40, 45)], ids=str
)
def test_what_base_ships_needs_all_of_its_headroom(replicas: int, grace: int, ready: int) -> None:
    """Bronze, Silver, Gold and the chatbot: five pods more than the plan holds, four for the chatbot."""
    period = 60 if grace == 40 else 180
    rules = ScaleDown(policies=(Policy(kind="Pods", value=1, period=period),), select="Max", window=300)
    rolling = Rolling(surge=1, unavailable=0, ready=ready)
    workload = a_workload(rolling, grace=grace, most=replicas, scale_down=rules)

    simulation = fall_and_rise(workload, RANDOM, admits=workload.at_once(replicas, 1))

    assert simulation.peak == workload.at_once(replicas, 1) == replicas + (4 if grace == 40 else 5)
    assert simulation.refused == 0


def roll_out(workload: Workload, *, admits: int) -> Simulation:
    """Play a roll-out alone, to its end."""
    simulation = Simulation(workload, RANDOM, most=workload.most, admits=admits)
    simulation.settle()
    simulation.roll_out()
    while not simulation.complete:
        simulation.skip()
    return simulation


GOLD = a_workload(Rolling(surge=1, unavailable=0, ready=65))


def seconds_until_complete(simulation: Simulation) -> int:
    """Return after how many seconds all pods that are wanted are there."""
    start = simulation.now
    while simulation.pods < simulation.replicas:
        simulation.skip()
        simulation.settle()
    return simulation.now - start


def test_a_dead_node_at_full_size_is_made_up_for_within_four_graces() -> None:
    """Seven of Gold's 32 pods: five at once, two when the dead ones no longer count, with the back-off of a refusal."""
    simulation = Simulation(GOLD, RANDOM, most=32, admits=GOLD.at_once(32, 1))
    simulation.settle()
    simulation.evict(7)
    simulation.settle()

    assert simulation.pods == 30
    assert 2 * GOLD.grace <= seconds_until_complete(simulation) <= 4 * GOLD.grace


def test_a_maximum_that_falls_and_is_taken_back_is_made_up_for_within_two_graces() -> None:
    """Gold's maximum becomes Bronze's for a moment: 28 pods go at once, and five of them come back at once."""
    simulation = Simulation(GOLD, RANDOM, most=32, admits=GOLD.at_once(32, 1))
    simulation.settle()
    simulation.replicas = 4
    simulation.settle()
    simulation.now += 15
    simulation.replicas = 32
    simulation.settle()

    assert simulation.pods == 9
    assert GOLD.grace - 15 <= seconds_until_complete(simulation) <= 2 * GOLD.grace


def test_a_drain_that_nobody_counted_is_refused_by_the_quota() -> None:
    """Gold as it was: 45 s of grace and 5 s of minReadySeconds make nine terminating pods, and one was counted."""
    rolling = Rolling(surge=1, unavailable=0, ready=5)
    workload = a_workload(rolling, grace=45, most=30, scale_down=NEVER)

    assert workload.at_once(30, 1) == 40
    assert roll_out(workload, admits=40).refused == 0
    assert roll_out(workload, admits=32).refused > 100
