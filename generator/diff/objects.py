"""The semantic difference of Kubernetes objects. Pure.

Two objects are equal when a cluster that has one would be the same with the other. So these are no change:

- the order of keys, comments, quoting, and a key whose value is null;
- the order of every list in a NetworkPolicy or a Role: their rules are alternatives, added up whatever their order;
- another spelling of a quantity (`1000m` and `1`) where a quantity stands.

The order of any other list counts: a pod template whose environment is sorted again is another pod template to
Kubernetes, and its pods restart. Items of a list that have names are still compared by name.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import Any, Final

from generator.kube.lenient import Object, group_of
from generator.reading import quantity
from generator.render.rendered import has_hash


class Absent(Enum):
    """What stands where there is nothing; null is something else in JSON."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Change:
    """An object that may differ; one of the two is there.

    Attributes:
        before: The object before; None when it is new.
        after: The object after; None when it is gone.
    """

    before: Object | None
    after: Object | None

    @property
    def object(self) -> Object:
        """The object as it is to be, or as it was when it is gone."""
        found = self.after if self.after is not None else self.before
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Edit:
    """One place of an object that differs.

    Attributes:
        path: Where: a step each, of a key with `.` before it, or of an item's name or number with `[` before it.
        before: What stood there, or ABSENT.
        after: What stands there, or ABSENT.
    """

    path: tuple[str, ...]
    before: Any
    after: Any


def place(path: Iterable[str]) -> str:
    """Write a path as text, for example `spec.template.spec.containers[wiki].image`."""
    return "".join(_step(step[0], step[1:]) for step in path).removeprefix(".")


def _step(kind: str, name: str) -> str:
    if kind == "[":
        return f"[{name}]"
    if kind == "(":
        return f" ({name})"
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{json.dumps(name, ensure_ascii=False)}]"


_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+")


# --- which objects


def pair(before: Iterable[Object], after: Iterable[Object]) -> tuple[Change, ...]:
    """Pair the objects of two renders, and leave out those that are the same to the letter.

    A ConfigMap whose name ends in the hash of its content has another name with another content; it is paired with the
    one that it takes the place of, which is a change and not a loss.
    """
    old = {_key(item): item for item in before}
    new = {_key(item): item for item in after}
    changes = [
        Change(old[key], new[key]) for key in old if key in new and old[key] is not new[key] and old[key] != new[key]
    ]
    gone = _by_stem(one for key, one in old.items() if key not in new)
    came = _by_stem(one for key, one in new.items() if key not in old)
    for stem in dict.fromkeys((*gone, *came)):
        leaving, coming = gone.get(stem, []), came.get(stem, [])
        if len(leaving) == len(coming) == 1:
            changes.append(Change(leaving[0], coming[0]))
        else:
            changes += [Change(item, None) for item in leaving]
            changes += [Change(None, item) for item in coming]
    return tuple(changes)


_Key = tuple[str, str, str, str]


def _key(obj: Object) -> _Key:
    metadata = obj["metadata"]
    return group_of(obj), obj["kind"], metadata.get("namespace", ""), metadata["name"]


def _by_stem(objects: Iterable[Object]) -> Mapping[_Key, list[Object]]:
    """Index objects by their key without the hash; the hyphen that stays tells it from a name that never had one."""
    found: dict[_Key, list[Object]] = defaultdict(list)
    for obj in objects:
        *place, name = _key(obj)
        group, kind, namespace = place
        found[group, kind, namespace, f"{name.rpartition('-')[0]}-" if has_hash(obj) else name].append(obj)
    return found


# --- what differs


_UNORDERED: Final = frozenset({"NetworkPolicy", "Role", "ClusterRole"})
"""Kinds in which the order of a list means nothing (see the module)."""

_AMOUNTS: Final = frozenset({"requests", "limits", "hard", "default", "defaultRequest", "min", "max"})
"""Mappings whose values are quantities."""

_NAMES: Final = ("name", "mountPath", "containerPort", "port", "type")
"""What names an item of a list; the first that every item has, each with another value, is taken."""


def edits(change: Change) -> tuple[Edit, ...]:
    """Return where an object differs; nothing when only its form does, or when it is new or gone."""
    if change.before is None or change.after is None:
        return ()
    return tuple(_of_mappings((), change.before, change.after, unordered=change.after["kind"] in _UNORDERED))


def _edits(path: tuple[str, ...], before: Any, after: Any, *, unordered: bool) -> Iterator[Edit]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_mappings(path, before, after, unordered=unordered)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(path, before, after, unordered=unordered)
    elif before != after or type(before) is not type(after):
        yield Edit(path, before, after)


def _of_mappings(
    path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any], *, unordered: bool
) -> Iterator[Edit]:
    amounts = path[-1:] and path[-1][1:] in _AMOUNTS
    for key in sorted(before.keys() | after.keys()):
        old, new = _value(before, key), _value(after, key)
        if not ((amounts or key == "sizeLimit") and _same_amount(old, new)):
            yield from _edits((*path, f".{key}"), old, new, unordered=unordered)


def _value(mapping: Mapping[str, Any], key: str) -> Any:
    value = mapping.get(key)
    return ABSENT if value is None else value


def _same_amount(one: Any, other: Any) -> bool:
    """Say whether two quantities are the same number."""
    try:
        return quantity.millicores(str(one)) == quantity.millicores(str(other))
    except ValueError:
        return False


def _of_lists(path: tuple[str, ...], before: list[Any], after: list[Any], *, unordered: bool) -> Iterator[Edit]:
    if before == after:
        return
    if unordered:
        before, after = _without_common(before, after), _without_common(after, before)
        if len(before) == len(after) == 1:
            yield from _edits((*path, "["), before[0], after[0], unordered=True)
        elif before or after:
            yield Edit((*path, "["), before or ABSENT, after or ABSENT)
    elif (name := _name_of_items(before, after)) is not None:
        yield from _of_named_items(path, name, before, after)
    elif len(before) == len(after) and all(isinstance(item, Mapping | list) for item in (*before, *after)):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _edits((*path, f"[{index}"), old, new, unordered=False)
    else:
        yield Edit(path, before, after)


def _without_common(items: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Return the items that the other list lacks, in an order of their own."""
    known = {_canonical(other) for other in others}
    return [
        one
        for text, one in sorted(((_canonical(item), item) for item in items), key=itemgetter(0))
        if text not in known
    ]


def _canonical(value: Any) -> str:
    """Write a value as text that is the same for values that differ only in the order of keys and items."""
    return json.dumps(_sorted(value), sort_keys=True)


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def _name_of_items(before: Sequence[Any], after: Sequence[Any]) -> str | None:
    if not before or not after or not all(isinstance(item, Mapping) for item in (*before, *after)):
        return None
    for name in _NAMES:
        if all(_are_names([item.get(name) for item in items]) for items in (before, after)):
            return name
    return None


def _are_names(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str | int) for value in values) and len(set(values)) == len(values)


def _of_named_items(path: tuple[str, ...], name: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Edit]:
    old = {item[name]: item for item in before}
    new = {item[name]: item for item in after}
    for key in [*old, *(key for key in new if key not in old)]:
        inside = (*path, f"[{key}")
        if key in old and key in new:
            yield from _edits(inside, old[key], new[key], unordered=False)
        else:
            yield Edit(inside, old.get(key, ABSENT), new.get(key, ABSENT))
    stayed, stays = [key for key in old if key in new], [key for key in new if key in old]
    if stayed != stays:
        yield Edit((*path, "(order"), stayed, stays)
