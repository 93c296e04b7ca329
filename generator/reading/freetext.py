"""What people may write as a company's name: any script, and nothing that misleads who reads it. Pure."""

import re
import unicodedata
from typing import Final

_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")
"""Letters and marks that nothing is drawn for: Unicode counts them among the others."""
_MIXED_UP: Final = frozenset({"LATIN", "CYRILLIC", "GREEK"})

_JOINERS: Final = "\u200c\u200d"
_VIRAMA: Final = 9
"""The combining class of the sign that takes a consonant's vowel away, in all scripts of India and around."""
_PICTOGRAM: Final = "\u2194\u2195\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_OF_EMOJI: Final = re.compile(f"[{_PICTOGRAM}]\ufe0f?\u200d(?=[{_PICTOGRAM}])")
"""What a joiner of pictures stands between, as in a family or a flag: https://www.unicode.org/reports/tr51/."""


def problem(text: str) -> tuple[str, str] | None:
    """Say what is wrong with a text that people read, and the way out; None when it is fine.

    Joiners of letters have nothing drawn for themselves, so they are taken where they change how a script is drawn, by
    RFC 5892, appendix A.1 and A.2, and nowhere else.
    """
    for index, character in enumerate(text):
        if character in _JOINERS and _is_needed(text, index):
            continue
        category = unicodedata.category(character)
        if category[0] == "C" or category in ("Zl", "Zp") or character in _INVISIBLE:
            nameless = "a control character" if category == "Cc" else "a character without a name"
            name = unicodedata.name(character, nameless)
            hint = "remove it: nothing is joined here" if character in _JOINERS else "remove it"
            return f"character {index + 1} is U+{ord(character):04X} ({name})", hint
    if "{{" in text or "}}" in text:
        return "it holds {{ or }}, which templates take for code", "write it without double braces"
    if text != text.strip():
        return "it starts or ends with a space", "remove the space"
    normal = unicodedata.normalize("NFC", text)
    if text != normal:
        return f"it is not in Unicode normal form C, which is {normal!r}", "type it again"
    for word in text.split():
        scripts = sorted(
            {unicodedata.name(letter, "").split(" ")[0] for letter in word if letter.isalpha()} & _MIXED_UP
        )
        if len(scripts) > 1:
            return f"{word!r} mixes {' and '.join(script.capitalize() for script in scripts)} letters", "type it again"
    return None


def _is_needed(text: str, index: int) -> bool:
    """Say whether the joiner at this place changes what is drawn."""
    from idna import valid_contextj  # noqa: PLC0415 -- few names hold a joiner, and its tables take a while to load

    letters = [character for character in text[:index] if not unicodedata.category(character).startswith("M")]
    if letters and unicodedata.category(letters[-1]) == "Lo" and valid_contextj(text, index):
        return True
    if text[index] == "\u200c":
        return False
    # Bengali and Kannada write "ra", joiner, virama for the other form of that cluster (Unicode, chapter 12)
    before, after = text[index - 1 : index], text[index + 1 : index + 2]
    if before and after and unicodedata.category(before) == "Lo" and unicodedata.combining(after) == _VIRAMA:
        return True
    return any(match.end() - 1 == index for match in _OF_EMOJI.finditer(text))
