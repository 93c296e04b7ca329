"""The usual small file, read without a YAML parser: an exact shortcut for what ten thousand tenant files look like.

It takes closed lines alone: `key: value`, `key: [a, b]`, `key:` with a list below it, whole-line comments. Every value
stands in double quotes without an escape, or begins with a letter and is no word that some reader takes for something
else, or is a quantity such as 50Gi; so every YAML reader agrees on it. Whatever differs in any way is left to
`yaml_reader`, which also says what is wrong and where.
"""

import re
from typing import Any, Final

_LONGEST: Final = 4096

_LETTERS: Final = "A-Za-zÀ-ÖØ-öø-ɏぁ-ゖァ-ヺー一-龿가-힣"
_INSIDE: Final = f"{_LETTERS}0-9 ._/()&+:;=@,'-"
"""What may stand between double quotes, and for itself."""

_WORD: Final = r'(?:[A-Za-z](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|"[A-Za-z0-9.:/-]*")'
_LINE: Final = re.compile(
    rf"""(?P<comment>\#[ -~]*)
    | -[ ](?P<item>{_WORD})
    | (?P<key>[a-z][A-Za-z]{{0,62}}):
      (?: [ ](?: (?P<text>[{_LETTERS}](?:[{_LETTERS}0-9 ._/()&+-]*[{_LETTERS}0-9.)])?)
               | "(?P<quoted>[{_INSIDE}]*)"
               | (?P<quantity>[1-9][0-9]{{0,8}}[KMGT]i)
               | \[(?P<list>(?:{_WORD}(?:,[ ]{_WORD})*)?)\] ) )?""",
    re.VERBOSE,
)
_OTHER_THINGS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words, in lower case, that some reader takes for no string."""


def data_of(raw: bytes) -> dict[str, Any] | None:
    """Return what a file holds, or None when it is not of the usual form, which says nothing against it.

    Args:
        raw: The bytes of the file.
    """
    if len(raw) > _LONGEST or not raw.endswith(b"\n"):
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    data: dict[str, Any] = {}
    items: list[str] | None = None
    for line in text[:-1].split("\n"):
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        if match["comment"] is not None:
            continue
        if (item := match["item"]) is not None:
            if items is None or item.lower() in _OTHER_THINGS:
                return None
            items.append(item.strip('"'))
            continue
        if items == [] or match["key"] in data or match["key"].lower() in _OTHER_THINGS:
            return None
        value, items = _value(match)
        if value is None:
            return None
        data[match["key"]] = value
    return data if data and items != [] else None


def _value(match: re.Match[str]) -> tuple[Any, list[str] | None]:
    """Return the value of a line, None when it is not usual; and the list that the lines below go on with, if any."""
    text = match["text"] or match["quantity"]
    if (quoted := match["quoted"]) is not None:
        return quoted, None
    if text is not None:
        return None if text.lower() in _OTHER_THINGS else text, None
    if (inside := match["list"]) is not None:
        words = inside.split(", ") if inside else []
        usual = not any(word.lower() in _OTHER_THINGS for word in words)
        return [word.strip('"') for word in words] if usual else None, None
    below: list[str] = []
    return below, below
