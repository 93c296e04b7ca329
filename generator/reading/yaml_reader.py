"""The only door to YAML: strict reading with places, and writing that every reader understands alike.

Readers disagree about plain scalars: YAML 1.1 (PyYAML) takes `on` for true and `017` for 15, YAML 1.2 and Go take
`1e3` for a number. So a plain scalar that any of them takes for something else than the others is refused on input,
and every string is double-quoted on output.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import yaml
from yaml._yaml import CParser

from generator.findings.finding import Finding, Place
from generator.findings.table import finding
from generator.once import Worked, once
from generator.reading import usual

MAX_BYTES: Final = 1 << 20


MAX_DEPTH: Final = 24


MAX_DEPTH_OF_MANIFESTS: Final = 64
"""A Deployment has some 12 levels, a CustomResourceDefinition some 40."""


MAX_VALUES: Final = 100_000
"""Keys, values and lists in one file: the composer needs some 600 bytes for each."""


type_names: Final = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a mapping",
    type(None): "empty",
}


_PLAIN: Final = "plain"


_QUOTED: Final = "quoted"


_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})


BOOLEANS: Final = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")


_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")


_TRUE_IN_1_1: Final = frozenset({"y", "yes", "on"})


_FALSE_IN_1_1: Final = frozenset({"n", "no", "off"})


_NUMBER_SOMEWHERE: Final = re.compile(
    r"""[-+]?(?: 0b[01_]+ | 0o[0-7_]+ | 0x[0-9a-f_]+
        | [0-9_]+(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
        | (?:[0-9_]+(?:\.[0-9_]*)?|\.[0-9_]+)(?:e[-+]?[0-9]+)?
        | \.inf ) | \.nan""",
    re.VERBOSE,
)
"""A number for at least one reader, in lower case; Go takes underscores out first, and ruamel takes -_ for one."""


_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?")


_NEEDS_A_CLOSER_LOOK: Final = re.compile(r"[&*!%]")


_OPENERS: Final = re.compile(r"[\[{?-]")


_FEW_OPENERS: Final = 200


_SPLIT: Final = "split the file"


_LONGEST_NUMBER: Final = 1_000
"""Characters of a number, with or without a unit; Python makes none of more than a few thousand digits."""


_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9_.eE+-]*[A-Za-z]{0,2}")


_SMALL: Final = 1 << 16
"""Characters of a text that cannot hold too many values."""


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file.

    Attributes:
        file: Path from the repository's root.
        text: What the file held; places are found in it when they are asked for.
        data: The value: mappings, lists, strings, whole numbers, decimals, booleans and None.
        worked: What places are found with, once one was asked for.
    """

    file: str
    text: str
    data: Any
    worked: Worked = field(default_factory=dict, init=False, compare=False, repr=False)

    def place(self, path: Sequence[str | int] = (), *, key: bool = False) -> Place:
        """Return where the value at `path` starts, or with `key` where its key starts.

        A path that leads nowhere gives the place of its deepest part: for a missing key, that of its mapping.
        """
        node = _nodes(self)
        mark = node.start_mark
        for step in path:
            if isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == step), None)
                if pair is None:
                    break
                mark = pair[0].start_mark if key else pair[1].start_mark
                node = pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                mark = node.start_mark
            else:
                break
        return Place(self.file, mark.line + 1, mark.column + 1)


class _Composer(CParser):
    """The C parser with no guesses: a scalar's tag only says whether it was plain or quoted."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)

    def resolve(self, kind: type, value: Any, implicit: Any) -> str:
        del value
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _QUOTED
        return "tag:yaml.org,2002:map" if kind is yaml.MappingNode else "tag:yaml.org,2002:seq"

    def descend_resolver(self, current_node: Any, current_index: Any) -> None: ...

    def ascend_resolver(self) -> None: ...

    def dispose(self) -> None: ...


_COMPOSER: Final[Any] = _Composer
"""As a value of no type: the stubs of PyYAML know its own loaders alone."""


@once
def _nodes(document: Document) -> Any:
    """Compose a file for its marks: of nearly all files, no place is asked for."""
    return yaml.compose(document.text, Loader=_COMPOSER)


class _UnreadableError(Exception):
    """Raised inside this module with the finding that stops the reading of one file."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.fact)
        self.found = found


def read(file: str, raw: bytes, *, max_bytes: int = MAX_BYTES) -> tuple[Document | None, tuple[Finding, ...]]:
    """Parse one strict YAML document.

    Args:
        file: Path from the repository's root, for places.
        raw: The bytes of the file.
        max_bytes: A larger file is refused unread.

    Returns:
        The document, or None when the file cannot be trusted, and everything that was found.
    """
    data = usual.data_of(raw)
    if data is not None and len(raw) <= max_bytes:
        return Document(file, raw.decode(), data), ()
    return read_strictly(file, raw, max_bytes=max_bytes)


def read_strictly(file: str, raw: bytes, *, max_bytes: int = MAX_BYTES) -> tuple[Document | None, tuple[Finding, ...]]:
    """Parse one strict YAML document of any form; arguments and result are those of `read`."""
    try:
        text = _decode(file, raw, max_bytes)
        _look_closer(file, text)
        node = _compose(file, text)
    except _UnreadableError as stop:
        return None, (stop.found,)
    findings: list[Finding] = []
    data = _construct(file, node, findings, depth=1)
    if findings:
        return None, tuple(findings)
    return Document(file, text, data), ()


def _decode(file: str, raw: bytes, max_bytes: int) -> str:
    if len(raw) > max_bytes:
        raise _UnreadableError(finding("TEN023", Place(file), f"the file has more than {max_bytes} bytes"))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        fact = f"byte {error.start} is not UTF-8"
        raise _UnreadableError(finding("TEN022", Place(file, line), fact, "save the file as UTF-8")) from None
    if text.startswith("\ufeff"):
        fact = "the file starts with a byte order mark"
        raise _UnreadableError(finding("TEN022", Place(file, 1, 1), fact, "save the file as UTF-8 without a BOM"))
    return text


def _look_closer(file: str, text: str) -> None:
    """Refuse anchors, tags, directives and deep nesting before the recursive composer sees them.

    This is only run when the text holds a character that could begin one of these, or is large.
    """
    few = len(text) < _SMALL and len(_OPENERS.findall(text)) < _FEW_OPENERS
    if not few or _NEEDS_A_CLOSER_LOOK.search(text):
        for _ in _events(file, text, MAX_DEPTH):
            pass


def bounded(file: str, raw: bytes) -> tuple[Finding, ...]:
    """Say why a hand-written file of Kubernetes objects must not be parsed as a whole; nothing when it may be.

    An alias can stand for any number of values (a few lines for 4 GB), so anchors are refused here as everywhere, and
    so is a key that stands twice, of which kustomize says neither file nor column; whatever else a reader could take in
    two ways is left to the rule on that (KUS010).

    Args:
        file: Path from the repository's root, for places.
        raw: The bytes of the file.
    """
    try:
        events = _events(file, _decode(file, raw, MAX_BYTES), MAX_DEPTH_OF_MANIFESTS)
        return tuple(_second(file, key) for key in _again(events))
    except _UnreadableError as stop:
        return (stop.found,)


def _again(events: Iterable[Any]) -> Iterator[Any]:
    """Yield the keys that stand in a mapping a second time."""
    above: list[tuple[set[str] | None, bool]] = []  # the keys of each open mapping, and whether the next is one
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            above.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        if above and (keys := above[-1][0]) is not None:
            is_key = above[-1][1]
            above[-1] = keys, not is_key
            if is_key and isinstance(event, yaml.ScalarEvent):
                if event.value in keys:
                    yield event
                keys.add(event.value)
        if isinstance(event, yaml.CollectionStartEvent):
            above.append((set() if isinstance(event, yaml.MappingStartEvent) else None, True))


def _second(file: str, key: Any) -> Finding:
    fact = f"the key `{key.value}` stands here a second time"
    return finding("TEN007", place_of(file, key), fact, "keep one of the two")


def _events(file: str, text: str, max_depth: int) -> Iterator[Any]:
    """Yield what the event parser, which keeps its own stack and no document in memory, makes of a text, looked at."""
    depth = values = 0
    try:
        event: Any
        for event in yaml.parse(text, Loader=_COMPOSER):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                fact = f"the anchor or alias {event.anchor!r} is not allowed here"
                hint = "write the value out; quote a value that starts with & or *"
                raise _unreadable("TEN024", file, event, fact, hint)
            if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
                raise _unreadable("TEN024", file, event, "a directive is not allowed here", "remove the % line")
            if getattr(event, "tag", None) is not None:
                fact = f"the tag {event.tag!r} is not allowed here"
                raise _unreadable("TEN024", file, event, fact, "remove it; quote a value that starts with !")
            if isinstance(event, yaml.ScalarEvent) and len(event.value) > _LONGEST_NUMBER:
                if _NUMBER.fullmatch(event.value):
                    fact = f"a number of more than {_LONGEST_NUMBER} characters"
                    raise _unreadable("TEN023", file, event, fact, "write a smaller one")
            elif isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > max_depth:
                    raise _unreadable("TEN023", file, event, f"more than {max_depth} levels of nesting")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            values += isinstance(event, yaml.NodeEvent)
            if values > MAX_VALUES:
                raise _unreadable("TEN023", file, event, f"more than {MAX_VALUES} keys and values", _SPLIT)
            yield event
    except yaml.YAMLError as error:
        _refuse_syntax(file, text, error)


def _unreadable(rule: str, file: str, event: Any, fact: str, hint: str = "") -> _UnreadableError:
    return _UnreadableError(finding(rule, place_of(file, event), fact, hint))


def _compose(file: str, text: str) -> yaml.Node:
    loader: Any = _Composer(text)
    try:
        if not loader.check_node():
            fact = "the file holds no document"
            raise _UnreadableError(finding("TEN008", Place(file), fact, "write the keys, or remove the file"))
        node: yaml.Node = loader.get_node()
        if loader.check_node():
            mark = loader.get_node().start_mark
            place = Place(file, mark.line + 1, mark.column + 1)
            fact = "a second document starts here"
            raise _UnreadableError(finding("TEN008", place, fact, "one file holds one document: remove the --- line"))
    except yaml.YAMLError as error:
        _refuse_syntax(file, text, error)
    return node


def _refuse_syntax(file: str, text: str, error: yaml.YAMLError) -> NoReturn:
    place, problem = explained(file, error)
    if not place.line:
        place = Place(file, text.count("\n", 0, getattr(error, "position", 0)) + 1)
    around = text.splitlines()[place.line - 1 : place.line]
    hint = "indent with spaces, not with tabs" if around and "\t" in around[0][: place.column] else ""
    raise _UnreadableError(finding("TEN021", place, f"this is not YAML: {problem}", hint)) from None


def explained(file: str, error: UnicodeDecodeError | yaml.YAMLError) -> tuple[Place, str]:
    """Return where the parser stopped, as far as it says that, and why."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    return Place(file, mark.line + 1, mark.column + 1) if mark else Place(file), problem


def _construct(file: str, node: yaml.Node, findings: list[Finding], depth: int) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return _scalar_value(file, node, findings)
    if depth > MAX_DEPTH:
        findings.append(finding("TEN023", place_of(file, node), f"more than {MAX_DEPTH} levels of nesting"))
        return None
    if isinstance(node, yaml.SequenceNode):
        return [_construct(file, item, findings, depth + 1) for item in node.value]
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            findings.append(finding("TEN009", place_of(file, key_node), "a key must be a string"))
            continue
        key = _scalar_value(file, key_node, findings)
        if not isinstance(key, str):
            fact = f"the key `{key_node.value}` is read as {_said(key)}"
            findings.append(finding("TEN009", place_of(file, key_node), fact, "quote it"))
        elif key in result:
            findings.append(_second(file, key_node))
        else:
            result[key] = _construct(file, value_node, findings, depth + 1)
    return result


def _scalar_value(file: str, node: yaml.ScalarNode, findings: list[Finding]) -> Any:
    text: str = node.value
    if node.tag == _QUOTED:
        return text
    if text in _NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        number = float(text)
        if number.is_integer():  # a whole number for JSON Schema and for Go, none for Python
            hint = f"write {number:.0f}, or quote it"
            fact = f"`{text}` is a whole number for some readers"
            findings.append(finding("TEN009", place_of(file, node), fact, hint))
        return number
    trap = trap_of(text)
    if trap:
        hint = "write out what it would merge" if text == "<<" else "quote it"
        findings.append(finding("TEN009", place_of(file, node), f"`{text}` is read as {trap}", hint))
    return text


def trap_of(text: str) -> str:
    """Say what some YAML reader takes this plain scalar for, or return nothing when all agree on a string."""
    lowered = text.lower()
    if lowered in _TRUE_IN_1_1:
        return "true"
    if lowered in _FALSE_IN_1_1:
        return "false"
    if _DATE.fullmatch(text):
        return "a date"
    as_others_see_it = () if text.startswith("_") else (lowered, lowered.replace("_", ""))
    if any(_NUMBER_SOMEWHERE.fullmatch(item) for item in as_others_see_it):
        return "a number"
    if text == "<<":
        return "a merge key"
    if text == "=":
        return "a default value"
    return ""


def traps(text: str) -> Iterator[tuple[tuple[int, int, int], str, str]]:
    """Find the plain scalars, keys included, that YAML 1.1, YAML 1.2 and Go do not all take for the same value.

    Args:
        text: YAML documents.

    Yields:
        The first position of the scalar (document, line and column, from 1), the scalar, and what some reader takes it
        for.
    """
    number = 0
    event: Any
    for event in yaml.parse(text, Loader=_COMPOSER):
        if isinstance(event, yaml.DocumentStartEvent):
            number += 1
        elif isinstance(event, yaml.ScalarEvent) and event.implicit[0] and not same_for_all(event.value):
            trap = trap_of(event.value)
            if trap:
                mark: Any = event.start_mark
                yield (number, mark.line + 1, mark.column + 1), event.value, trap


def same_for_all(text: str) -> bool:
    """Say whether this plain scalar is the same null, boolean or number for every reader."""
    return bool(text in _NULLS or text in BOOLEANS or _INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text))


def _said(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else type_names[type(value)]


def place_of(file: str, node: Any) -> Place:
    """Return where a node or an event begins."""
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


UNPRINTABLE: Final = re.compile("[\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def walk_strings(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every string value in nested mappings and lists with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from walk_strings(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from walk_strings(item, (*path, index))
