"""A difference in words, whatever form they are shown in. Pure.

First what is grave, then how much differs and what Argo CD will do, then every group with its diffs.
"""

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from generator import layout
from generator.capacity import words as capacity
from generator.diff.difference import WORK_TREE, Difference
from generator.diff.effects import APPLICATION, DATA, GRAVE, PROJECT
from generator.diff.groups import Group, Item, Owner, OwnerKind, fill
from generator.diff.objects import ABSENT, Edit, place
from generator.diff.selectors import NAMED, Name, Words, listed
from generator.findings.words import plural
from generator.fleet.states import DELETING
from generator.generate import argocd
from generator.kube.fate import Fate
from generator.reading import yaml_writer


@dataclass(frozen=True, slots=True)
class Block:
    """A diff, which is shown whole or not at all.

    Attributes:
        title: Whose it is.
        lines: Its lines; the first two characters are `- `, `+ ` or blanks.
    """

    title: Words
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A group.

    Attributes:
        heading: Whose changes these are.
        lines: What becomes of which objects; every object of the group is named.
        blocks: The diffs.
        grave: Whether an object of it goes, or cannot become what git says.
    """

    heading: Words
    lines: tuple[Words, ...]
    blocks: tuple[Block, ...]
    grave: bool


@dataclass(frozen=True, slots=True)
class Report:
    """All that is said.

    Attributes:
        grave: What must be read before anything else.
        title: What was compared, and how much of it differs.
        effects: What Argo CD will do besides.
        sections: Every group, the gravest first.
        objects: Every object once, with what becomes of it, for where the sections find no room.
        command: How to see the whole of it.
        capacity: What becomes of the room on the nodes.
    """

    grave: tuple[Words, ...]
    title: Words
    effects: tuple[Words, ...]
    sections: tuple[Section, ...]
    objects: tuple[Words, ...]
    command: str
    capacity: tuple[Words, ...] = ()


def report(difference: Difference) -> Report:
    """Put a difference into words."""
    groups = sorted(difference.groups, key=_gravity)
    after = difference.after
    return Report(
        grave=tuple(_effects(difference, grave=True)),
        title=_title(difference),
        effects=(*_effects(difference, grave=False), *_syncs(difference)),
        capacity=tuple(_capacity(difference)),
        sections=tuple(_section(difference, group) for group in groups),
        objects=tuple(_objects(difference)),
        command=f"tenantry diff {difference.before[:10]}" + ("" if after == WORK_TREE else f" {after[:10]}"),
    )


def _capacity(difference: Difference) -> Iterator[Words]:
    if difference.capacity is not None:
        yield from ((line,) for line in capacity.shift(difference.capacity.before, difference.capacity.after))


def _title(difference: Difference) -> Words:
    after = difference.after
    states: Words = (Name(difference.before[:10]), " to ", f"the {after}" if after == WORK_TREE else Name(after[:10]))
    if not difference.groups:
        return (*states, ": no change")
    tenants = {owner.name for group in difference.groups for owner in group.owners if owner.kind == "tenant"}
    changes = "changes" if len(tenants) == 1 else "change"
    others = {owner for group in difference.groups for owner in group.owners if owner.kind != "tenant"}
    shared = ", and what all of them share" if others else ""
    if not tenants:
        return (*states, ": no tenant changes, only what they share")
    return (*states, f": {len(tenants)} of {plural(difference.fleet, 'tenant')} {changes}{shared}")


# --- owners and objects


def whose(difference: Difference, owners: Sequence[Owner]) -> Words:
    """Say whose objects these are: owners of one kind."""
    names = [owner.name for owner in owners]
    match owners[0].kind:
        case "tenant":
            return difference.tenants.words(names)
        case "shard" if len(names) == len(difference.shards) > 1:
            return ("every shard",)
        case "shard":
            return ("shard " if len(names) == 1 else "shards ", *listed(map(Name, names)))
        case "platform":
            return ("the platform",)


def stand_in(owners: Sequence[Owner]) -> Sequence[str]:
    """Return what to put where the owners' own strings were taken out: these, or words for them."""
    if len(owners) == 1:
        return owners[0].strings
    most = max(len(owner.hosts) for owner in owners)
    return (f"<{owners[0].kind}>", *(f"<host {number}>" if number else "<host>" for number in range(most)))


def object_name(item: Item, owners: Sequence[Owner]) -> Name:
    """Name an object as Kind/name; its namespace is the tenant's."""
    return Name(fill(_key(item), stand_in(owners)))


def _rank(item: Item) -> tuple[int, int]:
    """Order items: what takes data with it, then by fate."""
    data = item.fate in GRAVE and item.kind in DATA
    return (0 if data else 1), list(Fate).index(item.fate)


def _gravity(group: Group) -> tuple[tuple[int, int], bool, int, str, str]:
    first = min(_rank(item) for item in group.items)
    restarts = any(item.restarts for item in group.items)
    return first, not restarts, -len(group.owners), group.owners[0].kind, group.owners[0].name


# --- what Argo CD will do


_Effect = tuple[tuple[int, int], str]
"""Order, and a sentence with places for the objects and for whose they are."""

_PLACES: Final = re.compile(r"(\{[a-z]+\})")


def _effects(difference: Difference, *, grave: bool) -> Iterator[Words]:
    """Say each effect once, with all objects that share it and all owners that it hits."""
    hit: dict[tuple[_Effect, OwnerKind, str], set[Owner]] = defaultdict(set)
    items: dict[tuple[_Effect, OwnerKind, str], Item] = {}
    for group in difference.groups:
        for item in group.items:
            if (item.fate in GRAVE) is not grave:
                continue
            for effect in _of_item(item, group.owners[0], difference.retaining):
                key = (effect, group.owners[0].kind, _key(item))
                hit[key].update(group.owners)
                items[key] = item
    shared: dict[tuple[_Effect, frozenset[Owner]], list[Item]] = defaultdict(list)
    for key, item in items.items():
        shared[key[0], frozenset(hit[key])].append(item)
    for (effect, several), some in sorted(shared.items(), key=_order):
        owners = sorted(several, key=lambda owner: owner.name)
        put_in: Mapping[str, Words] = {
            "{objects}": listed(sorted(object_name(item, owners) for item in some)),
            "{whose}": whose(difference, owners),
        }
        yield tuple(word for part in _PLACES.split(effect[1]) for word in put_in.get(part, (part,)) if word)


def _order(one: tuple[tuple[_Effect, frozenset[Owner]], list[Item]]) -> tuple[tuple[int, int], int, str]:
    (rank, _), owners = one[0]
    return rank, -len(owners), min(_key(item) for item in one[1])


def _key(item: Item) -> str:
    return f"{item.kind}/{item.name}"


_SENTENCES: Final[Mapping[Fate, str]] = {
    Fate.PURGED: "deletes {objects} with the Application of {whose}",
    Fate.PRUNED: "deletes {objects} in {whose}",
    Fate.SPARED: "leaves {objects} of {whose} in the cluster, without its Application: Delete=false keeps it",
    Fate.KEPT: "no longer finds {objects} of {whose} in git: Prune=false keeps what is there, out of sync",
    Fate.HELD: "waits for approval before it deletes {objects} in {whose}",
    Fate.REPLACED: "replaces {objects} in {whose} by one of another name, then deletes the old one",
    Fate.CREATED: "creates {objects} in {whose}",
}


def _of_item(item: Item, owner: Owner, retaining: Collection[str]) -> Iterator[_Effect]:
    """Yield what a change means for the cluster."""
    order = _rank(item)
    if item.restarts:
        yield (0, 1), "restarts the pods of {objects} in {whose}"
    if item.kind == APPLICATION and owner.kind == "tenant":
        yield from _of_application(item, owner)
        return
    if item.name == argocd.OWN and owner.kind == "platform":
        yield order, f"is not told of {{objects}} by git: kubectl apply -f {layout.ROOT_APPLICATION}"
        return
    fields = " and ".join(item.fields)
    match item.fate:
        case Fate.PRUNED | Fate.PURGED if item.kind == "Namespace":
            yield order, "deletes {objects} in {whose} and everything in it, whatever guards that has"
        case Fate.PRUNED | Fate.PURGED if item.storage_class in retaining:
            of_class = f"class {item.storage_class} retains the volume, released, with the files on it"
            yield order, f"deletes {{objects}} in {{whose}}; {of_class}"
        case Fate.PRUNED | Fate.PURGED if item.kind in DATA:
            yield order, "deletes {objects} in {whose} and, unless the volume is retained, the files on it"
        case Fate.REFUSED:
            why = f"the API server refuses another {fields}, so every sync fails until the old one is back"
            yield order, f"cannot sync {{objects}} in {{whose}}: {why}"
        case Fate.RECREATED:
            yield order, f"deletes {{objects}} in {{whose}} and creates it again, for another {fields}"
        case Fate.CHANGED if item.kind == "ApplicationSet":
            yield order, "changes {objects} in {whose}, and by it the Application of every tenant there"
        case Fate.CHANGED if owner.kind != "tenant" or item.kind == PROJECT:
            yield order, "changes {objects} in {whose}"
        case Fate.CHANGED | Fate.ORPHANED | Fate.STAYS:
            return  # said once, of the Applications that are synced or go
        case Fate.CREATED if owner.coming:
            return  # said once, of the Application that is new
        case fate:
            yield order, _SENTENCES[fate]


def _of_application(item: Item, owner: Owner) -> Iterator[_Effect]:
    match item.fate:
        case Fate.CREATED if owner.was == DELETING:
            yield (0, 0), "creates the Application of {whose}, which adopts what was left of it in the cluster"
        case Fate.CREATED if owner.was:
            kept = "its volume of before is bound again by hand alone (docs/guides/restore-a-company.md)"
            yield (0, 0), f"creates the Application of {{whose}}; {kept}"
        case Fate.CREATED:
            yield (0, 0), "creates the Application of {whose}"
        case Fate.PURGED:
            yield (0, 0), "deletes the Application of {whose} with all its objects"
        case Fate.STAYS:
            why = "the policy of its set (applicationsSync) deletes none"
            yield (0, 0), f"keeps the Application of {{whose}} with all its objects, although its entry goes: {why}"
        case Fate.ORPHANED:
            yield (0, 0), "deletes the Application of {whose} and leaves its objects in the cluster, unmanaged"
        case _:
            owned = [edit.path[:2] == (".metadata", ".ownerReferences") for edit in item.edits]
            if any(owned):
                yield (1, 41), "hands the Application of {whose} to another ApplicationSet"
            if not all(owned):
                yield (1, 42), "changes the Application of {whose} itself"


def _syncs(difference: Difference) -> Iterator[Words]:
    if synced := difference.synced(paused=False):
        yield ("syncs the Application of ", *difference.tenants.words(synced))
    if paused := difference.synced(paused=True):
        yield ("leaves the Application of ", *difference.tenants.words(paused), " to be synced by hand: it is paused")
    restarts = any(item.restarts for group in difference.groups for item in group.items)
    if (synced or paused) and not restarts:
        yield ("restarts no pod",)


# --- groups


def _section(difference: Difference, group: Group) -> Section:
    items = sorted(group.items, key=lambda item: (_rank(item), _key(item)))
    first = group.owners[0]
    # a tenant that comes is like all others of its plan; its entry says what is its own
    told = [item for item in items if item.kind == APPLICATION] if first.coming else items
    return Section(
        heading=whose(difference, group.owners),
        lines=tuple(_fates(items, group.owners)),
        blocks=tuple(_blocks(told, group.owners)),
        grave=any(item.fate in GRAVE for item in items),
    )


def _fates(items: Iterable[Item], owners: Sequence[Owner]) -> Iterator[Words]:
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[f"{item.fate}, its pods restart" if item.restarts else str(item.fate)].append(item)
    for words, some in found.items():
        yield (f"{words}: ", *listed(object_name(item, owners) for item in some))


def _blocks(items: Sequence[Item], owners: Sequence[Owner]) -> Iterator[Block]:
    """Yield the diffs; what several objects share, such as a label, is one diff, and what goes has none."""
    strings = stand_in(owners)
    changed = [item for item in items if item.edits]
    sharing: dict[str, list[int]] = defaultdict(list)
    which: dict[str, Edit] = {}
    for number, item in enumerate(changed):
        for edit in item.edits:
            sharing[repr(edit)].append(number)
            which[repr(edit)] = edit
    by_objects: dict[tuple[int, ...], list[Edit]] = defaultdict(list)
    for text, sharers in sharing.items():
        by_objects[tuple(sharers)].append(which[text])
    for numbers, edits in sorted(by_objects.items(), key=lambda one: (len(one[0]), one[0])):
        title = _among([object_name(item, owners) for item in changed], numbers)
        yield Block(title, tuple(line for edit in edits for line in _of_edit(edit, strings)))
    for item in items:
        if item.whole is not None:
            lines = _text_of(fill(item.whole, strings))
            yield Block((object_name(item, owners), " (created)"), tuple(f"+ {line}" for line in lines))


def _among(names: Sequence[Name], numbers: Sequence[int]) -> Words:
    """Say which of the changed objects these are; all of them were named before."""
    if len(numbers) <= NAMED:
        return listed(names[number] for number in numbers)
    others = [name for number, name in enumerate(names) if number not in set(numbers)]
    if not others:
        return (f"all {len(numbers)} that are changed",)
    if len(others) <= NAMED:
        return (f"all {len(names)} that are changed but ", *listed(others))
    return listed(names[number] for number in numbers)


_CONTEXT: Final = 3


def _of_edit(edit: Edit, strings: Sequence[str]) -> Iterator[str]:
    """Yield the lines of an edit: its place, then what goes and what comes."""
    yield f"  {visible(place(fill(edit.path, strings)))}"
    old, new = (_text_of(fill(side, strings)) if side is not ABSENT else [] for side in (edit.before, edit.after))
    if len(old) <= 1 or len(new) <= 1:
        yield from (f"- {line}" for line in old)
        yield from (f"+ {line}" for line in new)
        return
    for hunk in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT):
        if hunk[0][1]:
            yield "  ..."
        for what, old_from, old_to, new_from, new_to in hunk:
            if what == "equal":
                yield from (f"  {line}" for line in old[old_from:old_to])
            else:
                yield from (f"- {line}" for line in old[old_from:old_to])
                yield from (f"+ {line}" for line in new[new_from:new_to])


def _text_of(value: Any) -> list[str]:
    """Write a value as lines: text of many lines as it is, one scalar as JSON, all else as YAML."""
    if isinstance(value, str) and "\n" in value:
        text = value
    elif isinstance(value, Mapping | list) and value:
        text = yaml_writer.dump(value)
    else:
        text = yaml_writer.scalar(value)
    return [visible(line) for line in text.removesuffix("\n").split("\n")]


def visible(text: str) -> str:
    """Write characters that cannot be seen, or that change how others are read, by their number."""
    return "".join(
        f"\\u{ord(character):04x}"
        if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
        else character
        for character in text
    )


# --- every object once


def _objects(difference: Difference) -> Iterator[Words]:
    """Say of each object what becomes of it, in how many tenants and ways: as long as base/ makes it, not the fleet."""
    owners: dict[tuple[OwnerKind, Fate, str], list[Owner]] = defaultdict(list)
    ways: dict[tuple[OwnerKind, Fate, str], list[Item]] = defaultdict(list)
    for group in sorted(difference.groups, key=_gravity):
        for item in group.items:
            key = (group.owners[0].kind, item.fate, _key(item))
            owners[key] += group.owners
            ways[key].append(item)
    for key, some in ways.items():
        several = sorted(owners[key], key=lambda owner: owner.name)
        many = f", in {len(some)} ways" if len(some) > 1 else ""
        yield (f"{key[1]}: ", object_name(some[0], several), " in ", *whose(difference, several), many)
