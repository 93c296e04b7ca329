"""YAML that every reader takes for the same: texts as JSON writes them."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from generator.reading.yaml_reader import BOOLEANS, UNPRINTABLE, same_for_all, trap_of


def scalar(value: str | float | bool | Sequence[Any] | Mapping[str, Any] | None) -> str:
    """Write a value as JSON that is also YAML 1.1 and 1.2 in flow style, so that all readers agree on it."""
    text = json.dumps(value, ensure_ascii=False)
    return UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


_PLAIN_TEXT: Final = re.compile(r"[A-Za-z0-9\u3040-\u9fff](?:[A-Za-z0-9 ._/\u3040-\u9fff-]*[A-Za-z0-9\u3040-\u9fff])?")


def is_plain(text: str) -> bool:
    """Say whether a string may stand unquoted: no reader takes it for anything else."""
    if same_for_all(text):
        return False
    return _PLAIN_TEXT.fullmatch(text) is not None and not trap_of(text)


class _Dumper(yaml.CSafeDumper):
    """Quotes every string value, never writes an anchor, keeps the order that it is given."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


_PLAIN_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")


def _represent_string(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value and not UNPRINTABLE.search(value) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _represent_mapping(dumper: Any, value: Mapping[str, Any]) -> Any:
    node = dumper.represent_mapping("tag:yaml.org,2002:map", value.items())
    for key, _ in node.value:
        if _PLAIN_KEY.fullmatch(key.value) and not trap_of(key.value) and key.value not in BOOLEANS:
            key.style = None
    return node


_Dumper.add_representer(str, _represent_string)
_Dumper.add_representer(dict, _represent_mapping)


def dump(value: Any) -> str:
    """Write data as block YAML: every string value double-quoted, order kept, no anchors, no line folding."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 20, default_flow_style=False
    )
    return text
