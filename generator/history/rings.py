"""IO in: which ring was on which release, and since when, from the line of first parents."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from generator import layout
from generator.fleet.earlier import whole
from generator.fleet.rings import order
from generator.git import ancestry
from generator.git.door import Repository
from generator.reading import yaml_reader

State = tuple[str, str, int]
"""What a ring is on, where it moves to, or nothing, and how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A time for which a ring was on a release.

    Attributes:
        ring: The ring's name.
        release: `edge`, or the number of a release; a ring on `edge` was also on a release that base/edge was equal to.
        since: When it came there.
        until: When it left; None while it is there.
    """

    ring: str
    release: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What git knows of the rings.

    Attributes:
        stays: Every stay, the earliest first.
        states: What each ring is on in the newest commit, by name.
        changed: Since when, by name.
        left: Rings with the releases that they went back from, whole or amid the move, and are not on again.
    """

    stays: tuple[Stay, ...]
    states: Mapping[str, State]
    changed: Mapping[str, datetime]
    left: frozenset[tuple[str, str]] = frozenset()

    def last_stay(self, ring: str, release: str) -> Stay | None:
        """Return the last time for which a ring was on a release; None when it never was."""
        found = (stay for stay in reversed(self.stays) if (stay.ring, stay.release) == (ring, release))
        return next(found, None)

    def before(self, ring: str, releases: Collection[str]) -> str:
        """Return the frozen release that a ring was on last, without some of them; empty for none."""
        other = (stay for stay in self.stays if stay.ring == ring and stay.release not in (*releases, layout.EDGE))
        last = max(other, key=lambda stay: (stay.until or datetime.max.replace(tzinfo=UTC), stay.since), default=None)
        return last.release if last else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A commit that changed platform.yaml or base/edge.

    Attributes:
        time: When it came to the branch.
        rings: The state of each ring, by name.
        equals: Numbers of the releases that base/edge is equal to.
    """

    time: datetime
    rings: Mapping[str, State]
    equals: tuple[str, ...] = ()


def known(moments: Iterable[Moment]) -> Known:
    """Work out what rings were on, and when. Pure.

    Args:
        moments: The earliest first.
    """
    open_: dict[tuple[str, str], datetime] = {}
    stays: list[Stay] = []
    states: dict[str, State] = {}
    changed: dict[str, datetime] = {}
    left: set[tuple[str, str]] = set()
    for moment in moments:
        now = {(ring, release) for ring, state in moment.rings.items() for release in _releases(state, moment)}
        ended = [key for key in open_ if key not in now]
        stays += [Stay(ring=key[0], release=key[1], since=open_.pop(key), until=moment.time) for key in ended]
        for key in sorted(now - open_.keys()):
            open_[key] = moment.time
        changed = {
            ring: changed[ring] if states.get(ring) == state else moment.time for ring, state in moment.rings.items()
        }
        for ring, state in moment.rings.items():
            left |= {(ring, release) for release in _left(states.get(ring, state), state)}
            left -= {(ring, release) for release in state[:2]}
        states = dict(moment.rings)
    stays += [Stay(ring=ring, release=release, since=since, until=None) for (ring, release), since in open_.items()]
    stays.sort(key=lambda stay: (stay.since, stay.ring, stay.release))
    return Known(stays=tuple(stays), states=states, changed=changed, left=frozenset(left))


def _left(before: State, after: State) -> Iterator[str]:
    """Yield the numbers of releases that a ring goes back from."""
    latest = max(map(_order, after[:2]))
    yield from (release for release in before[:2] if release != layout.EDGE and _order(release) > latest)


def _order(release: str) -> float:
    """Return which of two releases is the later one; what is none, as an old platform.yaml may say, is before all."""
    return order(release) if release == layout.EDGE or release.isdecimal() else 0


def _releases(state: State, moment: Moment) -> tuple[str, ...]:
    return (state[0], *moment.equals) if state[0] == layout.EDGE else (state[0],)


def read(repository: Repository, head: str) -> Known:
    """Read what git knows of the rings, up to a commit.

    Raises:
        EnvironmentProblem: The clone is shallow.
    """
    whole(repository, "since when a ring is on a release stands in its history")
    return known(_moments(repository, head))


def _moments(repository: Repository, head: str) -> Iterator[Moment]:
    edge = layout.release(layout.EDGE)
    options = ("--first-parent", "--reverse", "--format=%H %ct", head, "--", layout.PLATFORM, edge)
    lines = [line.partition(" ") for line in repository.text("rev-list", *options).splitlines()]
    commits = [(commit, ancestry.moment(seconds)) for commit, _, seconds in lines if commit != "commit"]
    files = _ids(repository, [f"{commit}:{layout.PLATFORM}" for commit, _ in commits])
    edges = _ids(repository, [f"{commit}:{edge}" for commit, _ in commits])
    rings = {blob: _rings(raw) for blob, raw in _contents(repository, files)}
    releases = _releases_of(repository, head)
    latest = datetime.min.replace(tzinfo=UTC)
    for (_, time), file, tree in zip(commits, files, edges, strict=True):
        latest = max(latest, time)  # a clock that was wrong lets nothing come before what it follows
        yield Moment(time=latest, rings=rings.get(file, {}), equals=releases.get(tree, ()))


def _ids(repository: Repository, names: list[str]) -> list[str]:
    """Return the ids of objects; empty where there is none."""
    wanted = "".join(f"{name}\n" for name in names).encode()
    said = os.fsdecode(repository.run("cat-file", "--batch-check=%(objectname)", stdin=wanted))
    return ["" if line.endswith(" missing") else line for line in said.splitlines()]


def _contents(repository: Repository, blobs: list[str]) -> Iterator[tuple[str, bytes]]:
    wanted = sorted({blob for blob in blobs if blob})
    yield from zip(wanted, repository.blobs(wanted), strict=True)


def _releases_of(repository: Repository, head: str) -> Mapping[str, tuple[str, ...]]:
    """Return the releases of a commit by the tree that they hold: that of base/edge, when they were frozen."""
    found: dict[str, tuple[str, ...]] = {}
    for line in repository.text("ls-tree", "-d", "--full-tree", head, "--", f"{layout.RELEASES}/").splitlines():
        meta, path = line.split("\t", 1)
        tree = meta.split()[2]
        found[tree] = (*found.get(tree, ()), path.rpartition("/")[2])
    return found


def _rings(raw: bytes) -> Mapping[str, State]:
    """Return the state of each ring of a platform.yaml, as far as it can be read."""
    document, _ = yaml_reader.read(layout.PLATFORM, raw)
    data = document.data if document is not None and isinstance(document.data, dict) else {}
    rings = data.get("rings")
    return {ring["name"]: _state(ring) for ring in rings if _is_ring(ring)} if isinstance(rings, list) else {}


def _is_ring(ring: Any) -> bool:
    return isinstance(ring, dict) and isinstance(ring.get("name"), str) and isinstance(ring.get("release"), str)


def _state(ring: Mapping[str, Any]) -> State:
    following = ring.get("next")
    if isinstance(following, dict):
        share = following.get("share")
        return ring["release"], str(following.get("release", "")), share if isinstance(share, int) else 0
    return ring["release"], "", 0
