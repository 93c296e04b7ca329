"""Edit YAML as a person would: comments, order, quotes and indents stay.

ruamel.yaml is the one library that keeps them; PyYAML, which reads and writes all else, drops them.
"""

import io
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from generator.reading import yaml_writer


def edited(text: str, change: Callable[[Any], None]) -> str:
    """Return a text after a change of its data.

    Args:
        text: One YAML document, of block style.
        change: Changes the data in its place; texts that it puts there go through `quoted_if_needed`.
    """
    above, body = _split(text)
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 1 << 20
    if items := re.search(r"^( *)-( +)\S", body, re.MULTILINE):
        editor.indent(mapping=2, sequence=len(items[1]) + 1 + len(items[2]), offset=len(items[1]))
    data = editor.load(body)
    change(data)
    stream = io.StringIO()
    editor.dump(data, stream)
    return above + stream.getvalue()


def edited_below(text: str, key: str, change: Callable[[Any], None]) -> str:
    """Return a text after a change of what stands below one of its keys; every other line stays as it is.

    Args:
        text: One YAML document, a mapping of block style.
        key: A key at its top, which is there.
        change: Changes the data below the key in its place.
    """
    lines = text.splitlines(keepends=True)
    pair = _pair(yaml.compose(text, Loader=yaml.CSafeLoader), (key,))
    assert pair is not None, key
    own = _lines(lines, *pair)
    start, end = pair[0].start_mark.line, max(own) + 1
    part = edited("".join(lines[start:end]), lambda data: change(data[key]))
    return "".join((*lines[:start], part, *lines[end:]))


Keeps = Mapping[tuple[str | int, ...], Sequence[bool]]
"""Of lists, by the keys and indices that lead to them, which of their entries stay."""


def without(text: str, keeps: Keeps, keys: Collection[str] = ()) -> str:
    """Return a text without entries of its lists, and without keys; comments go with what they stand before.

    A list that is written in one line is written again; of all others only lines go.

    Args:
        text: One YAML document, a mapping.
        keeps: Which entries stay; a list goes with its last entry.
        keys: Keys at the top that go.
    """
    lines = text.splitlines(keepends=True)
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    gone: set[int] = set()
    flow: dict[tuple[str | int, ...], Sequence[bool]] = {}
    for path, kept in ({(key,): (False,) for key in keys} | dict(keeps)).items():
        pair = _pair(node, path)
        if pair is None or all(kept):
            continue
        if not any(kept):
            gone |= _lines(lines, *pair)
            continue
        value = pair[1]
        if isinstance(value, yaml.SequenceNode) and value.flow_style:
            flow[path] = kept
        elif isinstance(value, yaml.SequenceNode):
            for item, stays in zip(value.value, kept, strict=True):
                gone |= set() if stays else _lines(lines, item, item)

    def change(data: Any) -> None:
        for path, kept in flow.items():
            items = reduce(lambda inner, step: inner[step], path, data)
            for index in reversed([index for index, stays in enumerate(kept) if not stays]):
                del items[index]

    first = edited(text, change) if flow else text
    if flow and gone:  # what was written in one line is so still: the other lines are where they were
        assert first.count("\n") == text.count("\n")
        lines = first.splitlines(keepends=True)
    return "".join(line for number, line in enumerate(lines) if number not in gone) if gone else first


def _pair(node: yaml.Node | None, path: tuple[str | int, ...]) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the key and the value that a path leads to."""
    found = None
    for step in path:
        if isinstance(step, int):
            node = node.value[step] if isinstance(node, yaml.SequenceNode) else None
        else:
            pairs = node.value if isinstance(node, yaml.MappingNode) else ()
            found = next(((key, value) for key, value in pairs if key.value == step), None)
            if found is None:
                return None
            node = found[1]
    return found


def _lines(lines: Sequence[str], first: yaml.Node, last: yaml.Node) -> set[int]:
    """Return the numbers of the lines of an entry: with the comments above it, without those above what follows."""
    start = first.start_mark.line
    is_block = isinstance(last, yaml.CollectionNode) and not last.flow_style
    end = last.end_mark.line if is_block and last.end_mark.line > start else last.end_mark.line + 1
    while start and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    while end > first.start_mark.line + 1 and (not (line := lines[end - 1].strip()) or line.startswith("#")):
        end -= 1
    return set(range(start, end))


def quoted_if_needed(text: str) -> str:
    """Return a text that is written plain when every reader agrees on it, and quoted otherwise."""
    return text if yaml_writer.is_plain(text) else DoubleQuotedScalarString(text)


def in_one_line(items: list[str]) -> list[str]:
    """Return a list that is written as `[a, b]`."""
    made = CommentedSeq(items)
    made.fa.set_flow_style()
    return made


def in_one_mapping(items: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping that is written as `{a: b}`."""
    made = CommentedMap(items)
    made.fa.set_flow_style()
    return made


def _split(text: str) -> tuple[str, str]:
    """Split a file behind the line `---`, which ruamel would drop with the comments above it."""
    start = re.match(r"(?:[ \t]*(?:#.*)?\n)*---[ \t]*(?:#.*)?\n", text)
    return (start[0], text[start.end() :]) if start else ("", text)
