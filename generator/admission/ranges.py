"""Checks that many types share: bounds, words, one of several, needed fields."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from generator.admission import forms
from generator.admission.problem import Part, Problem
from generator.kube.lenient import mapping, sequence

MOST: Final = (1 << 31) - 1
MOST_SECONDS: Final = (1 << 63) - 1
LAST_PORT: Final = 65535


def check_bounds(part: Part, bounds: Mapping[str, tuple[int, int]]) -> Iterator[Problem]:
    """Say which whole numbers of a part are outside their bounds.

    Args:
        part: The part.
        bounds: The least and the most, by field.
    """
    for field, (least, most) in bounds.items():
        value = part.data.get(field)
        if isinstance(value, int) and not isinstance(value, bool) and not least <= value <= most:
            yield part.problem(f"{value} is not between {least} and {most}", field)


def check_words(part: Part, words: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Say which fields of a part hold a word that is none of theirs; nothing of fields that are left out or empty."""
    for field, choices in words.items():
        value = part.data.get(field)
        if isinstance(value, str) and value and value not in choices:
            yield part.problem(f"{value!r} is not one of {', '.join(choices)}", field)


def check_needed(part: Part, *fields: str) -> Iterator[Problem]:
    """Say which fields of a part are missing or empty."""
    for field in fields:
        if part.data.get(field) in (None, "", [], {}):
            yield part.problem(f"it needs `{field}`")


def check_one_of(part: Part, what: str, fields: Collection[str], *, needed: bool = True) -> Iterator[Problem]:
    """Say that a part has several fields of which one alone may stand, or none where one must.

    Args:
        part: The part.
        what: What each of them is.
        fields: Their names.
        needed: Whether there must be one.
    """
    given = [field for field in part.data if field in fields and part.data[field] is not None]
    if len(given) > 1:
        yield part.problem(
            f"{' and '.join(given)}: {what} is one of them", given[1], hint=f"keep {given[0]} alone, or another"
        )
    elif not given and needed:
        yield part.problem(f"{what} is missing: one of {', '.join(fields)}")


def check_port(part: Part, field: str) -> Iterator[Problem]:
    """Say that a port, which is a number or a name, is neither."""
    value = part.data.get(field)
    if isinstance(value, str):
        yield from forms.PORT_NAME.check(part, field)
    else:
        yield from check_bounds(part, {field: (1, LAST_PORT)})


def check_unique(part: Part, field: str, *keys: str, what: str) -> Iterator[Problem]:
    """Say which entries of a list repeat what an earlier one has under the same keys.

    Args:
        part: What has the list.
        field: The list.
        keys: Fields of an entry; entries that lack one of them are passed over.
        what: What each entry is.
    """
    seen: set[str] = set()
    for number, item in enumerate(sequence(part.data.get(field))):
        values = tuple(mapping(item).get(key) for key in keys)
        if None in values:
            continue
        text = ", ".join(map(str, values))
        if repr(values) in seen:
            yield part.problem(f"a second {what} {text}", field, number, keys[0], hint="keep one of the two")
        seen.add(repr(values))
