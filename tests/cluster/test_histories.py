"""Lives of companies, drawn by chance and played on the real Argo CD: exactly what `tenantry diff` foretells goes."""

import json
import random
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Final

import pytest
import yaml

from generator.fleet.states import ACTIVE, DELETING, PURGING, RETIRED, RETIRING, STATES, SUSPENDED, next_states, way
from generator.layout import TENANT_SCHEMA
from tests import scanner
from tests.cluster import stand_ins
from tests.cluster.argocd import NAMESPACE
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import Fleet
from tests.cluster.waiting import until

_RESULTS: Final = Path(__file__).parents[1] / "results" / "histories.json"
_STEPS: Final = 6
_GOES: Final = ("purged", "pruned")

Thing = tuple[str, str, str]
"""Kind, namespace and name of an object."""


@pytest.mark.claim("what goes in a company's life is what diff foretold, and nothing else", leans_on=stand_ins.ALL)
@pytest.mark.usefixtures("kubectl")
def test_what_goes_is_what_was_foretold(cluster: Cluster, fleet: Fleet, control_plane: ControlPlane) -> None:
    """Three histories, which take their steps together; one of them leads to the end."""
    histories = _drawn(3)
    assert [states[-1] for states in histories.values()].count(RETIRED) == 1
    _Played(cluster, fleet, control_plane, patience=300).play(histories)


@pytest.mark.nightly
@pytest.mark.usefixtures("kubectl")
def test_what_goes_is_what_was_foretold_in_thirty_histories(
    cluster: Cluster, fleet: Fleet, control_plane: ControlPlane
) -> None:
    """With what was seen, committed as tests/results/histories.json."""
    histories = _drawn(30)
    played = _Played(cluster, fleet, control_plane, patience=1800)
    played.play(histories)
    seen = {"histories": {name: list(states) for name, states in histories.items()}, "objectsThatWent": played.went}
    _RESULTS.write_text(json.dumps(seen, indent=2) + "\n", encoding="utf-8")


@pytest.mark.nightly  # it goes through every state, one merge after the other
@pytest.mark.claim(
    "a purge takes the claim that was kept of a dropped add-on, as foretold, and the tombstone names its volume",
    leans_on=stand_ins.ALL,
)
@pytest.mark.usefixtures("kubectl")
def test_a_purge_takes_the_claim_that_was_kept_of_a_dropped_add_on(
    cluster: Cluster, fleet: Fleet, control_plane: ControlPlane
) -> None:
    """The add-on is that of the guide. Its claim outlives it, with its volume, until the company is purged."""
    others = fleet.names()
    with fleet.changed():
        scanner.sell(fleet.clone.folder)
        scanner.give_a_volume(fleet.clone.folder)
        fleet.write(_KEEPER, plan="bronze", addons=["scanner"])
        fleet.generate_unpublished()
        shutil.copy(fleet.deployed.folder / TENANT_SCHEMA, fleet.clone.folder / TENANT_SCHEMA)
        fleet.approve_and_merge("Sell a scanner, to one company")
        fleet.await_well(_KEEPER, seconds=300)
        fleet.await_published(*others, seconds=300)
        fleet.await_shards()
        volumes = _volumes(cluster)
        assert volumes.keys() == _CLAIMS

        played = _Played(cluster, fleet, control_plane, patience=300)
        played.drop(_KEEPER, "scanner")
        assert _volumes(cluster) == volumes
        assert "PersistentVolumeClaim" not in played.went
        assert cluster.kube.get("Deployment", "scanner", _KEEPER) is None

        played.take(_KEEPER, RETIRING, PURGING, DELETING, RETIRED)
        assert played.went["PersistentVolumeClaim"] == len(_CLAIMS)
        tombstone = yaml.safe_load(fleet.tenant_file(_KEEPER))
        remains = {item["what"] for item in tombstone["tombstone"]["remains"]}
        told = {f"volume {volume} (Retain, Released)" for volume in volumes.values()}
        assert {what for what in remains if what.startswith("volume ")} == told
        assert tombstone["kept"] == ["scanner-cache"]
        found = {volume: cluster.kube.get("PersistentVolume", volume) or {} for volume in volumes.values()}
        assert {volume["status"]["phase"] for volume in found.values()} == {"Released"}


_KEEPER: Final = "company-020"
_CLAIMS: Final = {"files", "scanner-cache"}


def _volumes(cluster: Cluster) -> dict[str, str]:
    """Return the volume of each claim of the company."""
    claims = cluster.kube.items("PersistentVolumeClaim", _KEEPER)
    return {claim["metadata"]["name"]: claim["spec"]["volumeName"] for claim in claims}


def _drawn(number: int) -> Mapping[str, Sequence[str]]:
    """Draw the states that companies come to, one after the other; the last is one in which they may stay for ever."""
    chances = [random.Random(seed) for seed in range(number)]  # noqa: S311 -- lives to try, no secret
    return {f"company-{301 + seed}": tuple(_life(chance)) for seed, chance in enumerate(chances)}


def _life(chance: random.Random) -> Iterator[str]:
    state = ACTIVE
    for step in range(2 * _STEPS):
        ways = [after for after in next_states(state) if (state, after) not in _NOT_HERE]
        if step >= _STEPS:  # the shortest way to an end
            ways = [after for after in ways if after in {ACTIVE, RETIRED}] or ways
        if not ways or (step >= _STEPS and state in {ACTIVE, RETIRED}):
            return
        state = chance.choice(ways)
        yield state


_NOT_HERE: Final = {(DELETING, PURGING), (RETIRED, SUSPENDED)}
"""The first is for a namespace that an accident left behind, the second a guide of its own, with its volume."""


class _Played:
    """Companies of this test on the cluster.

    Args:
        cluster: where they live.
        fleet: what brings them there.
        control_plane: what lets tenantry look into it.
        patience: for how long to wait for all companies to take a step, in seconds; thirty at once keep Argo CD busy.

    Attributes:
        went: how many objects went, by kind.
    """

    def __init__(self, cluster: Cluster, fleet: Fleet, control_plane: ControlPlane, patience: float) -> None:
        self._cluster, self._fleet, self._patience = cluster, fleet, patience
        self._others = fleet.names()
        self._backups = count(1)
        self._see = ("--kubeconfig", str(control_plane.kubeconfig("admin")))
        self.went: dict[str, int] = {}

    def play(self, histories: Mapping[str, Sequence[str]]) -> None:
        """Let the companies come, and take their steps together; after each, look what went."""
        fleet, others = self._fleet, self._lives()
        for name in histories:
            fleet.write(name, plan="bronze", addons=["chatbot"])
        fleet.merge("Companies with a history")
        fleet.await_well(*histories, seconds=self._patience)
        fleet.await_shards(seconds=self._patience)
        states = dict.fromkeys(histories, ACTIVE)
        for step in range(max(map(len, histories.values()))):
            moves = {name: ways[step] for name, ways in histories.items() if step < len(ways)}
            self._take(states, moves)
            states |= moves
            assert self._lives() == others

    def take(self, name: str, *states: str) -> None:
        """Let one company that runs take these steps; after each, look what went."""
        for before, after in pairwise((ACTIVE, *states)):
            self._take({name: before}, {name: after})

    def drop(self, name: str, addon: str) -> None:
        """Let a company drop an add-on, and look what went."""
        before = {name: self._there(name)}
        self._fleet.run_set(name, f"addons-={addon}")
        foretold = self._foretold()
        self._fleet.merge(f"Drop {addon}")
        self._fleet.await_published(name, seconds=300)
        self._fleet.await_shards()
        self._compare(before, foretold)

    def _take(self, states: Mapping[str, str], moves: Mapping[str, str]) -> None:
        fleet = self._fleet
        before = {name: self._there(name) for name in moves}
        for name, state in moves.items():
            step = way(states[name], state)
            assert step is not None
            see = self._see if step.confirmed else ()
            until(f"{name} may be {state}", partial(self._set, name, state, see), seconds=self._patience, every=2)
        foretold = self._foretold()
        message = f"Move {len(moves)} companies"
        asks = any(found.approved for name, state in moves.items() if (found := way(states[name], state)))
        (fleet.approve_and_merge if asks else fleet.merge)(message)
        running = [name for name, state in moves.items() if STATES[state].has_entry]
        fleet.await_published(*running, seconds=self._patience)
        for name in moves.keys() - running:
            until(f"{name} is gone", partial(self._is_gone, name), seconds=self._patience)
        fleet.await_shards(seconds=self._patience)
        self._compare(before, foretold)

    def _compare(self, before: Mapping[str, Mapping[Thing, str]], foretold: Collection[Thing]) -> None:
        for name, things in before.items():
            expected = {thing for thing in things if thing in foretold}
            until(f"{name} lost what was foretold", partial(self._lost, things, expected), seconds=self._patience)
            assert self._gone(things) == expected, name
            for kind, _, _ in expected:
                self.went[kind] = self.went.get(kind, 0) + 1

    def _set(self, name: str, state: str, see: tuple[str, ...]) -> bool:
        return self._fleet.may_set(name, f"state={state}", *self._more(state), *see)

    def _more(self, state: str) -> Iterator[str]:
        """Yield what `tenantry set` wants to be told beside the state."""
        if state == RETIRING:
            yield "retireOn=2026-01-31"
        elif state == PURGING:
            yield f"backup=none-{next(self._backups)}"

    def _foretold(self) -> set[Thing]:
        """Return what `tenantry diff` says that Argo CD will delete."""
        groups = json.loads(self._fleet.run("diff", "--format", "json", "HEAD"))["groups"]
        return {
            _thing(item["object"].replace("<tenant>", name), name)
            for group in groups
            for item in group["objects"]
            for name in group["names"]
            if item["fate"] in _GOES
        }

    def _there(self, name: str) -> Mapping[Thing, str]:
        """Return the objects that Argo CD has made of a company, and its project and Application, by uid."""
        resources = self._cluster.argocd.application(name).get("status", {}).get("resources", [])
        things = {(item["kind"], item.get("namespace", ""), item["name"]) for item in resources}
        things |= {(kind, NAMESPACE, name) for kind in ("AppProject", "Application")}
        return {thing: uid for thing in things if (uid := self._uid(thing))}

    def _uid(self, thing: Thing) -> str:
        kind, namespace, name = thing
        found = self._cluster.kube.get(kind, name, namespace or None)
        uid: str = found["metadata"]["uid"] if found else ""
        return uid

    def _gone(self, things: Mapping[Thing, str]) -> set[Thing]:
        return {thing for thing, uid in things.items() if self._uid(thing) != uid}

    def _lost(self, things: Mapping[Thing, str], expected: Collection[Thing]) -> bool:
        return self._gone(things) >= set(expected)

    def _is_gone(self, name: str) -> bool:
        return not self._cluster.argocd.application(name) and self._cluster.kube.get("Namespace", name) is None

    def _lives(self) -> Mapping[Thing, str]:
        """Return namespace and claim of every company that was there before, by uid."""
        found = [("Namespace", "", name) for name in self._others]
        found += [("PersistentVolumeClaim", name, "files") for name in self._others]
        return {thing: self._uid(thing) for thing in found}


def _thing(written: str, company: str) -> Thing:
    kind, _, name = written.partition("/")
    if kind == "Namespace":
        return kind, "", name
    return kind, NAMESPACE if kind in {"AppProject", "Application"} else company, name
