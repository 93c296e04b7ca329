"""Objects as kustomize printed them: equal texts are one object, which keeps what was worked out of it.

Builds of one run have most objects in common, to the last byte: a network policy is the same for every company. So a
text is parsed once for each gate, and what depends on an object alone is worked out once for each text.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import wraps
from typing import Any, Final, TypeVar, cast

from generator.once import Worked
from generator.reading import yaml_objects


class Printed(dict[str, Any]):
    """An object with its text, and what was worked out of it; nobody writes into it. A copy of it is a plain mapping.

    Args:
        data: The object.
        text: The document that it was read from.
    """

    __slots__ = ("text", "worked")

    def __init__(self, data: Mapping[str, Any], text: str) -> None:
        super().__init__(data)
        self.text = text
        self.worked: Worked = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a copy be what may be written into, with nothing worked out of it."""
        return dict, (dict(self),)


Known = dict[str, tuple[Printed, ...]]
"""What was read so far, by the text of its document."""

_BETWEEN: Final = "\n---\n"
"""No line within an object that kustomize prints is this one: all of it but its keys is indented."""


def documents(text: str) -> list[str]:
    """Return the documents of what kustomize printed, each with its last line's end."""
    return [f"{document}\n" for document in text.removesuffix("\n").split(_BETWEEN)]


def objects_of(text: str, known: Known) -> tuple[Printed, ...]:
    """Return the objects that kustomize printed.

    Args:
        text: What it printed.
        known: What was read so far, to be added to.
    """
    found: list[Printed] = []
    for document in documents(text):
        if document not in known:
            known[document] = tuple(Printed(data, document) for data in yaml_objects.read_objects(document))
        found.extend(known[document])
    return tuple(found)


def text_of(one: Mapping[str, Any]) -> str | None:
    """Return the document that an object was read from; None for one that kustomize did not print as it is."""
    return one.text if isinstance(one, Printed) else None


Function = TypeVar("Function", bound=Callable[..., Any])


def once_an_object(function: Function) -> Function:
    """Let a function of an object, and of other arguments by position, do its work once for each that was printed.

    Args:
        function: Its first argument is the object; the others are hashable. What it returns is everybody's.
    """

    @wraps(function)
    def kept(one: Mapping[str, Any], *others: Hashable) -> Any:
        if not isinstance(one, Printed):
            return function(one, *others)
        key = (function, *others)
        if key not in one.worked:
            one.worked[key] = function(one, *others)
        return one.worked[key]

    return cast("Function", kept)
