"""Read YAML as Argo CD reads it: `sigs.k8s.io/yaml`, which is YAML 1.1 in the form of go-yaml v2.

The grammar is libyaml's, of which go-yaml is a port; what a plain scalar means is decided here, because
that is where the readers differ: `12e03` is a number in Go and a string in PyYAML, `y` is true in Go
alone. What Go reads in an order of its own, or what a data file has no use for (anchors, tags, merge keys,
directives), is refused.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_INFINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INTEGER: Final = re.compile(r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_BASES: Final = {"x": 16, "b": 2, "o": 8}
_MAX_DEPTH: Final = 100
_MAX_SIGNED: Final = 2**63
_MAX_UNSIGNED: Final = 2**64


class GoYamlError(ValueError):
    """Argo CD cannot read the text."""


class UnsupportedYamlError(ValueError):
    """Argo CD may read the text, but in a way that is not foreseen here."""


def decode(text: str) -> Any:
    """Read the first document of a text as JSON values; Argo CD does not read what follows it.

    Args:
        text: YAML; empty text is null.

    Returns:
        dict, list, str, bool, int, float or None. Of equal keys the last one counts.

    Raises:
        GoYamlError: Argo CD could not read it.
        UnsupportedYamlError: it uses what this reader refuses.
    """
    if "\\/" in text:
        raise UnsupportedYamlError('the escape "\\/" is not known to Argo CD\'s reader')
    if "\ufeff" in text[1:]:
        raise UnsupportedYamlError("a byte order mark inside the text is not supported")
    try:
        events: Iterator[Any] = yaml.parse(text, Loader=yaml.CLoader)
        next(events)  # the stream's start
        start = next(events)
        if isinstance(start, yaml.StreamEndEvent):
            return None
        if start.version or start.tags:
            raise UnsupportedYamlError("a directive (%YAML, %TAG) is not supported")
        value = _value(next(events), events)
        next(events)  # the document's end: only now is it known that nothing stands between
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise GoYamlError(f"{line}{error.problem}") from error
    except (yaml.reader.ReaderError, UnicodeEncodeError) as error:
        raise GoYamlError(f"a character cannot be read: {error.reason}") from error
    return value


def _value(event: Any, events: Iterator[Any], depth: int = 0) -> Any:
    if depth > _MAX_DEPTH:
        raise UnsupportedYamlError(f"line {event.start_mark.line + 1}: more than {_MAX_DEPTH} levels of nesting")
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise UnsupportedYamlError(f"line {event.start_mark.line + 1}: an anchor or alias is not supported")
    if event.tag is not None:
        raise UnsupportedYamlError(f"line {event.start_mark.line + 1}: the tag {event.tag} is not supported")
    if isinstance(event, yaml.ScalarEvent):
        return _plain(event) if event.implicit[0] else event.value
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append(_value(event, events, depth + 1))
        return items
    mapping: dict[str, Any] = {}
    given: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        line = event.start_mark.line + 1
        key = _value(event, events, depth + 1)
        name = _key(key, line)
        if given.setdefault(name, key) != key or type(given[name]) is not type(key):
            raise UnsupportedYamlError(f"line {line}: the key {name} is given in two types")
        mapping[name] = _value(next(events), events, depth + 1)
    return mapping


def _key(key: Any, line: int) -> str:
    if key == "<<":
        raise UnsupportedYamlError(f"line {line}: a merge key is not supported")
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int) and -_MAX_SIGNED <= key < _MAX_SIGNED:
        return str(key)
    raise UnsupportedYamlError(f"line {line}: a key is no string")


def _plain(event: Any) -> Any:
    text: str = event.value
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INFINITE.fullmatch(text):
        raise GoYamlError(f"line {event.start_mark.line + 1}: {text} is no number in JSON")
    # go-yaml drops the underscores of what starts like a number, but not of what starts with a dot.
    digits = text if text[0] == "." else text.replace("_", "")
    integer = _INTEGER.fullmatch(digits)
    number: float | None = _integer(integer[1], integer[2]) if integer else None
    if number is None and _FLOAT.fullmatch(digits) and math.isfinite(float(digits)):
        number = float(digits)
    return text if number is None else number


def _integer(sign: str, digits: str) -> int | None:
    """Read it as Go's ParseInt or, without a sign, ParseUint; None where it does not fit."""
    if len(digits) > 1 and digits[0] == "0":
        base = _BASES.get(digits[1].lower())
        value = int(digits[2:], base) if base else int(digits, 8)
    else:
        value = int(digits)
    if sign == "-":
        return -value if value <= _MAX_SIGNED else None
    return value if value < (_MAX_SIGNED if sign else _MAX_UNSIGNED) else None
