"""Reading of hand-written YAML for its words alone: nothing is judged, and nothing in it can stop the reading."""

from collections.abc import Iterator
from typing import Any, Final

import yaml

from generator.reading.yaml_reader import MAX_DEPTH

Marks = dict[tuple[str | int, ...], tuple[int, int]]
"""Where the values of a document start: path -> line and column, from 1."""


_LOADER: Final[Any] = yaml.CSafeLoader


def texts_in(text: str) -> Iterator[tuple[Any, Marks]]:
    """Read documents whose scalars are all texts, as far as they can be read: of a hand-written file, for its words.

    Nothing is judged here: an alias is an empty text, of two equal keys the last one counts, and the reading ends
    where the text is no YAML or nests too deeply. Time and memory are linear in the length of the text.

    Args:
        text: YAML documents.

    Yields:
        Each document, and where its values start.
    """
    marks: Marks = {}
    above: list[tuple[Any, tuple[str | int, ...]]] = []
    key: str | None = None
    event: Any
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionEndEvent):
                done, path = above.pop()
                key = None
                if not above:
                    yield done, marks
                    marks = {}
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            holder, path = above[-1] if above else (None, ())
            if isinstance(holder, dict) and key is None:
                if isinstance(event, yaml.CollectionStartEvent):
                    return
                key = getattr(event, "value", "")
                continue
            step: tuple[str | int, ...] = () if holder is None else (len(holder) if key is None else key,)
            value = _emptied(event)
            if isinstance(holder, dict):
                holder[key] = value
            elif isinstance(holder, list):
                holder.append(value)
            mark: Any = event.start_mark
            marks[*path, *step] = (mark.line + 1, mark.column + 1)
            key = None
            if not isinstance(value, str):
                above.append((value, (*path, *step)))
                if len(above) > MAX_DEPTH:
                    return
            elif holder is None:
                yield value, marks
                marks = {}
    except yaml.YAMLError:
        return


def _emptied(event: Any) -> Any:
    if isinstance(event, yaml.CollectionStartEvent):
        return {} if isinstance(event, yaml.MappingStartEvent) else []
    return getattr(event, "value", "")
