"""Edit YAML as a person would: comments, order, quotes and indents stay.

ruamel.yaml is the one library that keeps them; PyYAML, which reads and writes all else, drops them.
"""

import io
import re
from collections.abc import Callable
from typing import Any

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


def quoted_if_needed(text: str) -> str:
    """Return a text that is written plain when every reader agrees on it, and quoted otherwise."""
    return text if yaml_writer.is_plain(text) else DoubleQuotedScalarString(text)


def in_one_line(items: list[str]) -> list[str]:
    """Return a list that is written as `[a, b]`."""
    made = CommentedSeq(items)
    made.fa.set_flow_style()
    return made


def in_one_mapping(items: dict[str, str]) -> dict[str, str]:
    """Return a mapping that is written as `{a: b}`."""
    made = CommentedMap(items)
    made.fa.set_flow_style()
    return made


def _split(text: str) -> tuple[str, str]:
    """Split a file behind the line `---`, which ruamel would drop with the comments above it."""
    start = re.match(r"(?:[ \t]*(?:#.*)?\n)*---[ \t]*(?:#.*)?\n", text)
    return (start[0], text[start.end() :]) if start else ("", text)
