"""Which fields of an object a rule reads: objects that remember what was asked of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Steps = tuple[str | int, ...]


@dataclass(slots=True)
class Reads:
    """Paths that were asked for.

    Attributes:
        read: By their very key.
        walked: Only with everything beside them, as whoever looks for one key among them does.
    """

    read: set[Steps] = field(default_factory=set)
    walked: set[Steps] = field(default_factory=set)


class _Mapping(dict[Any, Any]):
    def __init__(self, data: dict[str, Any], path: Steps, reads: Reads) -> None:
        self._path, self._reads = path, reads
        super().__init__({key: remembering(value, (*path, key), reads) for key, value in data.items()})

    def __getitem__(self, key: Any) -> Any:
        self._reads.read.add((*self._path, key))
        return super().__getitem__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        self._reads.read.add((*self._path, key))
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._reads.read.add((*self._path, str(key)))
        return super().__contains__(key)

    def __iter__(self) -> Iterator[Any]:
        self._reads.walked.update((*self._path, key) for key in list(super().keys()))
        return super().__iter__()

    def keys(self) -> Any:
        list(iter(self))
        return super().keys()

    def items(self) -> Any:
        list(iter(self))
        return super().items()

    def values(self) -> Any:
        list(iter(self))
        return super().values()


class _List(list[Any]):
    def __init__(self, data: list[Any], path: Steps, reads: Reads) -> None:
        self._path, self._reads = path, reads
        super().__init__(remembering(value, (*path, index), reads) for index, value in enumerate(data))

    def __iter__(self) -> Iterator[Any]:
        self._reads.read.update((*self._path, index) for index in range(len(self)))
        return super().__iter__()

    def __getitem__(self, index: Any) -> Any:
        self._reads.read.add((*self._path, index))
        return super().__getitem__(index)

    def __contains__(self, item: object) -> bool:
        return any(item == own for own in self)


def remembering(value: Any, path: Steps, reads: Reads) -> Any:
    """Return a value that remembers what is asked of it."""
    if isinstance(value, dict):
        return _Mapping(value, path, reads)
    return _List(value, path, reads) if isinstance(value, list) else value
