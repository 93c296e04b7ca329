"""The shortest true words for a set of tenants: all of them, those of a plan, a few by name. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

NAMED: Final = 3
"""So few tenants are called by their names."""


class Name(str):
    """A word that somebody else chose: a tenant's name, a plan, an object. Formats keep it from being markup."""

    __slots__ = ()


Words = tuple[str, ...]
"""A sentence; parts of the type Name come from outside."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What tenants are told apart by, apart from their names.

    Attributes:
        plan: The plan's name.
        addons: Names of its add-ons.
        ring: The ring's name.
        hosts: Whether the tenant has hosts besides its own.
    """

    plan: str
    addons: frozenset[str]
    ring: str
    hosts: bool

    def values(self, addons: Sequence[str]) -> tuple[str | bool, ...]:
        """Return them in the order in which they are said; of add-ons, whether it has each."""
        return self.plan, self.ring, *(addon in self.addons for addon in addons), self.hosts


_MOST: Final = 4
"""How many traits a selector names at most."""


class Universe:
    """All tenants that a selector may speak of.

    Args:
        traits: Traits by tenant.
        whole: Whether these are all tenants of the platform, or only those whose files changed.
    """

    def __init__(self, traits: Mapping[str, Traits], *, whole: bool) -> None:
        self._addons = sorted({addon for each in traits.values() for addon in each.addons})
        self.traits = {name: each.values(self._addons) for name, each in traits.items()}
        self.whole = whole
        self._counts = Counter(self.traits.values())

    def words(self, names: Sequence[str]) -> Words:
        """Say which tenants these are, with their number where it is not plain.

        Args:
            names: Some tenants of the universe, sorted; at least one.
        """
        if len(names) <= NAMED:
            return listed(map(Name, names))
        count = f"{len(names)} tenants"
        if len(names) == len(self.traits):
            return (f"all {count}",) if self.whole else (f"all {count} whose files change",)
        if ways := [item for item in (self._selector(names), self._exception(names)) if item]:
            return (f"{count} (", *min(ways, key=lambda one: len("".join(one))), ")")
        return (f"{count} (", *listed([*map(Name, names[:NAMED]), f"{len(names) - NAMED} more"]), ")")

    def _exception(self, names: Collection[str]) -> Words:
        """Return the few tenants that these are not; nothing when they are many."""
        if len(self.traits) - len(names) > NAMED:
            return ()
        chosen = frozenset(names)
        return ("all but ", *listed(Name(name) for name in self.traits if name not in chosen))

    def _selector(self, names: Collection[str]) -> Words:
        """Return the fewest traits that these tenants have and no other tenant has; nothing when there are none."""
        width = len(self._addons) + 3
        counts = Counter(self.traits[name] for name in names)
        values = [{combination[index] for combination in counts} for index in range(width)]
        for size in range(1, _MOST + 1):
            for chosen in combinations(range(width), size):
                meant = (count for count in self._counts if all(count[index] in values[index] for index in chosen))
                if all(self._counts[item] == counts[item] for item in meant):
                    return (*self._said(chosen, values), *(() if self.whole else (", of those whose files change",)))
        return ()

    def _said(self, chosen: Sequence[int], values: Sequence[Collection[str | bool]]) -> Words:
        words: list[str] = []
        for index in chosen:
            some = sorted(values[index], key=str)
            if index <= 1:
                words += [", " if words else "", "ring " if index else "plan "]
                for number, value in enumerate(some):
                    words += [" or " if number else "", Name(value)]
            else:
                own = index == len(values) - 1
                what = "hosts of their own" if own else Name(self._addons[index - 2])
                words += [", " if words else "", "with " if some == [True] else "without ", what]
        return tuple(word for word in words if word)


def listed(items: Iterable[str]) -> Words:
    """Say things one after the other: `a`, `a and b`, `a, b and c`."""
    parts = list(items)
    words: list[str] = []
    for number, item in enumerate(parts):
        if number:
            words.append(" and " if number == len(parts) - 1 else ", ")
        words.append(item)
    return tuple(words)
