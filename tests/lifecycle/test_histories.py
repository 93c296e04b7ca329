"""Random legal histories: nothing of a company that is not being purged is ever deleted, whenever Argo CD looks."""

import dataclasses
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator import pipeline
from generator.diff.groups import group
from generator.diff.owners import pairs
from generator.fleet.model import Fleet, Tenant
from generator.fleet.states import ACTIVE, DELETING, GONE, PURGING, RETIRED, STATES, SYNCED, WAYS, Way, next_states, way
from generator.generate.compose import Tree, compose
from generator.git.snapshot import Snapshot
from generator.kube.fate import Fate
from generator.review.revision import of_composed
from tests.harness import ROOT
from tests.lifecycle.simulator import Simulated, applications_of

NAMES = ("company-001", "company-002", "company-003")
ACTIONS = st.lists(
    st.tuples(st.sampled_from(["move", "move", "look", "sync"]), st.sampled_from(NAMES), st.integers(0, 3)),
    min_size=5,
    max_size=60,
)


@cache
def _start() -> pipeline.Composed:
    return pipeline.composed(Snapshot.of_work_tree(ROOT))


@cache
def _tree(states: tuple[str, ...]) -> Tree:
    """Return what `generate` writes for companies in these states."""
    made = _start()
    known = {tenant.name: tenant for tenant in made.fleet.tenants}
    tenants = [dataclasses.replace(known[name], state=state) for name, state in zip(NAMES, states, strict=True)]
    running = tuple(tenant for tenant in tenants if STATES[tenant.state].has_entry)
    departed: tuple[Tenant, ...] = tuple(tenant for tenant in tenants if tenant not in running)
    return compose(Fleet(platform=made.fleet.platform, tenants=running, departed=departed), made.sizes, made.releases)


@cache
def _made(states: tuple[str, ...]) -> Mapping[str, bool]:
    return applications_of(_tree(states))


@cache
def _lost(before: str, after: str) -> frozenset[str]:
    """Return of which kinds a company loses objects on its way from one state to another, by its two renders."""
    snapshot = Snapshot.of_work_tree(ROOT)
    trees = (_tree((state, ACTIVE, ACTIVE)) for state in (before, after))
    with tempfile.TemporaryDirectory() as folder:
        old, new = (
            of_composed(snapshot, dataclasses.replace(_start(), tree=tree), Path(folder, name))
            for tree, name in zip(trees, ("old", "new"), strict=True)
        )
        groups = group(pairs(old, new, NAMES[:1], (before, after)))
    items = [item for found in groups for item in found.items if found.owners[0].kind == "tenant"]
    return frozenset(item.kind for item in items if item.fate in {Fate.PURGED, Fate.PRUNED, Fate.ORPHANED})


def play(actions: list[tuple[str, str, int]]) -> None:
    """Play a history: people move companies by the table, Argo CD looks and syncs whenever it does."""
    cluster, states = Simulated(), dict.fromkeys(NAMES, ACTIVE)
    tree = _tree(tuple(states.values()))
    cluster.reconcile_sets(tree, _made(tuple(states.values())))
    for name in NAMES:
        cluster.sync(tree, name)
    for what, name, choice in actions:
        ways = next_states(states[name])
        if what == "look":
            cluster.reconcile_sets(tree, _made(tuple(states.values())))
        elif what == "sync":
            cluster.sync(tree, name)
        elif _may(cluster, tree, name, way(states[name], ways[choice % len(ways)])):
            before, states[name] = states[name], ways[choice % len(ways)]
            lost = _lost(before, states[name])
            assert states[name] == DELETING or not lost & {"Namespace", "PersistentVolumeClaim"}, (before, states[name])
            tree = _tree(tuple(states.values()))
        for gone in cluster.deleted:
            assert states[gone] == DELETING, (gone, states)
        cluster.deleted.clear()
        for other in NAMES:
            # whoever is not on the way out keeps namespace and volume, whatever the others do
            if states[other] not in (PURGING, DELETING, RETIRED) and _has_been(cluster, other):
                assert other in cluster.guarded, (other, states)
            assert other in cluster.projects or other not in cluster.applications, (other, states)


def _has_been(cluster: Simulated, name: str) -> bool:
    return name in cluster.applications


def _may(cluster: Simulated, tree: Tree, name: str, step: Way | None) -> bool:
    assert step is not None
    if step.confirmed == SYNCED:
        return cluster.is_synced_without_guards(tree, name)
    return cluster.is_gone(name) if step.confirmed == GONE else True


SETTINGS: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}


@pytest.mark.slow
@given(ACTIONS)
@settings(max_examples=60, **SETTINGS)
def test_nothing_of_a_company_that_stays_is_deleted(actions: list[tuple[str, str, int]]) -> None:
    """Sixty histories; two thousand at night."""
    play(actions)


@pytest.mark.nightly
@given(ACTIONS)
@settings(max_examples=2000, **SETTINGS)
def test_nothing_is_deleted_in_two_thousand_histories(actions: list[tuple[str, str, int]]) -> None:
    """The same, many times."""
    play(actions)


def test_a_deletion_takes_namespace_and_volume_by_its_renders() -> None:
    """The comparison of renders does see one: this step, and the next takes the project."""
    assert {"Namespace", "PersistentVolumeClaim", "Application"} <= _lost(PURGING, DELETING)
    assert _lost(DELETING, RETIRED) == {"AppProject"}


def test_a_purge_ends_in_the_simulator_and_takes_nobody_along() -> None:
    """The histories do reach a deletion: this one, which is the way out."""
    cluster, states = Simulated(), dict.fromkeys(NAMES, ACTIVE)
    for state in (ACTIVE, "retiring", PURGING, DELETING, RETIRED):
        states[NAMES[0]] = state
        tree = _tree(tuple(states.values()))
        cluster.reconcile_sets(tree, _made(tuple(states.values())))
        for name in NAMES:
            cluster.sync(tree, name)

    assert cluster.deleted == [NAMES[0]]
    assert sorted(cluster.guarded) == sorted(cluster.projects) == sorted(NAMES[1:])


def test_a_step_that_is_left_out_leaves_a_namespace_behind() -> None:
    """Why the way from purging to deleting waits: an entry that goes before the guards orphans the namespace."""
    cluster, states = Simulated(), dict.fromkeys(NAMES, ACTIVE)
    for state in (ACTIVE, PURGING, DELETING):
        states[NAMES[0]] = state
        tree = _tree(tuple(states.values()))
        cluster.reconcile_sets(tree, _made(tuple(states.values())))
        if state == ACTIVE:
            cluster.sync(tree, NAMES[0])

    assert not cluster.deleted
    assert NAMES[0] in cluster.guarded
    assert NAMES[0] not in cluster.applications
    assert any(item.confirmed == SYNCED for item in WAYS)
