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
_LINES: Final = re.compile(
    rf"""^(?: \#[ -~]*
    | -[ ]({_WORD})
    | ([a-z][A-Za-z]{{0,62}}):
      (?: [ ](?: ([{_LETTERS}](?:[{_LETTERS}0-9 ._/()&+-]*[{_LETTERS}0-9.)])?)
               | ("[{_INSIDE}]*" | [1-9][0-9]{{0,8}}[KMGT]i)
               | (\[(?:{_WORD}(?:,[ ]{_WORD})*)?\]) ) )? )$""",
    re.VERBOSE | re.MULTILINE,
)
"""An item; or a key with a text, with what every reader takes for one, with a list, or with items below it; or none."""

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
    lines = _LINES.findall(text)
    if len(lines) != text.count("\n"):  # none of them spans two lines
        return None
    data: dict[str, Any] = {}
    items: list[str] | None = None
    for item, key, word, exact, listed in lines:
        if item:
            if items is None or item.lower() in _OTHER_THINGS:
                return None
            items.append(item.strip('"'))
        elif key:
            if items == [] or key in data or key.lower() in _OTHER_THINGS or word.lower() in _OTHER_THINGS:
                return None
            items = None
            if word or exact:
                data[key] = word or exact.strip('"')
            elif listed:
                words = listed[1:-1].split(", ") if listed != "[]" else []
                if not _OTHER_THINGS.isdisjoint(map(str.lower, words)):
                    return None
                data[key] = [inside.strip('"') for inside in words]
            else:
                data[key] = items = []
    return data if data and items != [] else None
