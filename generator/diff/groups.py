"""Equal changes, found once: the same change in many tenants is one group. Pure.

Tenants are compared after their own names and hosts are taken out, each with a mark in its place that no object can
hold; so nothing is lost: put back, a group's objects are those of each of its owners, to the letter.

A group is a set of owners with all the changes that exactly they share. So each object of each owner stands in one
group, a change of `base/` is not told again for the tenant that changes its plan at the same time, and there are never
more groups than there are ways to differ.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Literal

from generator.diff.effects import CLAIM, fate, restarts_pods
from generator.diff.objects import Change, Edit, edits, pair
from generator.kube.fate import Fate
from generator.kube.lenient import Object, mapping

_MARK: Final = "\0"
"""Stands around what was taken out; YAML cannot hold it, so no object does."""

_MARKED: Final = re.compile(f"{_MARK}([0-9]+){_MARK}")


OwnerKind = Literal["tenant", "shard", "platform"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose objects they are.

    Attributes:
        kind: A tenant, a shard of Argo CD's, or the platform itself.
        name: The name of the tenant or shard; empty for the platform.
        hosts: The tenant's hosts, before and after.
        coming: Whether its Application is new.
        was: Where its Application is new, and its file is not: the state that it was in, whose objects may be there.
        leaving: What becomes of its objects when its Application goes; None while it stays.
        paused: Whether its Application is synced by nobody but people.
    """

    kind: OwnerKind
    name: str
    hosts: tuple[str, ...] = ()
    coming: bool = False
    was: str = ""
    leaving: Fate | None = None
    paused: bool = False

    @property
    def strings(self) -> tuple[str, ...]:
        """What is its own: the name first, then the hosts."""
        return (self.name, *self.hosts) if self.name else ()


@dataclass(frozen=True, slots=True)
class Item:
    """A change of one object, as all owners of a group share it, with marks where the owner's own strings stand.

    Attributes:
        api_version, kind, name: Which object, by the name that it has after the change.
        edits: Where it differs; nothing when it is new or gone.
        whole: The object itself when it is new; of one that goes, git holds what it was.
        fate: What becomes of it.
        fields: For a fate that comes of them, the fields that cannot be changed.
        restarts: Whether its pods are replaced.
        storage_class: The class of a claim that is gone from git; empty for all else.
    """

    api_version: str
    kind: str
    name: str
    edits: tuple[Edit, ...]
    whole: Object | None
    fate: Fate
    fields: tuple[str, ...]
    restarts: bool
    storage_class: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Changes that the same owners share.

    Attributes:
        owners: Whose, sorted by name.
        items: What changes in each of them.
    """

    owners: tuple[Owner, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The objects of an owner before and after."""

    owner: Owner
    before: Sequence[Object]
    after: Sequence[Object]


def group(pairs: Iterable[Pair]) -> tuple[Group, ...]:
    """Group the changes of all owners; what differs in form alone is left out.

    Args:
        pairs: The objects of each owner.
    """
    items: dict[tuple[str, Fate | None], Item | None] = {}
    # objects may differ, by the plan for example, where the change is the same; so it is found by the change itself
    owners: dict[str, set[Owner]] = defaultdict(set)
    known: dict[str, Item] = {}
    for entry in pairs:
        owner = entry.owner
        take = _taker(owner.strings)
        for change in pair(entry.before, entry.after):
            taken = Change(*(side and _replaced(side, take) for side in (change.before, change.after)))
            key = (json.dumps([taken.before, taken.after], sort_keys=True), owner.leaving)
            if key not in items:
                items[key] = _item(taken, owner.leaving)
            if (item := items[key]) is not None:
                same = repr((owner.kind, owner.coming, owner.was, owner.leaving, item))
                known[same] = item
                owners[same].add(owner)
    groups: dict[frozenset[Owner], list[Item]] = defaultdict(list)
    for same, item in known.items():
        groups[frozenset(owners[same])].append(item)
    return tuple(Group(tuple(sorted(whose, key=_name)), tuple(shared)) for whose, shared in groups.items())


_name: Final = attrgetter("name")


def _class_of(obj: Object) -> str:
    return str(mapping(obj.get("spec")).get("storageClassName", "")) if obj["kind"] == CLAIM else ""


def _item(change: Change, leaving: Fate | None) -> Item | None:
    """Judge a change; None when the object differs in form alone."""
    differs = edits(change)
    if not differs and change.before is not None and change.after is not None:
        return None
    what, fields = fate(change, leaving)
    return Item(
        api_version=change.object["apiVersion"],
        kind=change.object["kind"],
        name=change.object["metadata"]["name"],
        edits=differs,
        whole=change.after if change.before is None else None,
        fate=what,
        fields=fields,
        restarts=what is not Fate.REFUSED and restarts_pods(change, differs),
        storage_class=_class_of(change.object) if change.after is None else "",
    )


def fill(value: Any, strings: Sequence[str]) -> Any:
    """Put an owner's own strings, or words for them, back where they were taken out.

    Args:
        value: An object, a part of one, or a text.
        strings: See `Owner.strings`.
    """
    return _replaced(value, lambda text: _MARKED.sub(lambda match: strings[int(match[1])], text))


def _taker(strings: Sequence[str]) -> Callable[[str], str]:
    """Return the function that puts marks in the place of an owner's own strings."""
    if not strings:
        return lambda text: text
    numbers: Mapping[str, int] = {string: number for number, string in reversed(list(enumerate(strings)))}
    # a host holds the name, so the longer one is looked for first
    either = "|".join(re.escape(string) for string in sorted(numbers, key=len, reverse=True))
    own = re.compile(rf"(?<![a-z0-9])(?:{either})(?![a-z0-9])")
    name, *hosts = strings
    words = (name, *(host for host in hosts if name not in host))

    def take(text: str) -> str:
        if not any(word in text for word in words):
            return text
        return own.sub(lambda match: f"{_MARK}{numbers[match[0]]}{_MARK}", text)

    return take


def _replaced(value: Any, replace: Callable[[str], str]) -> Any:
    """Return a value with every string in it, keys too, replaced."""
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, Mapping):
        return {replace(key): _replaced(item, replace) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, replace) for item in value]
    return value
