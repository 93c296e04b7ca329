"""The shortcut for files of the usual form holds what the strict reader holds, and leaves everything else to it."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.reading import usual, yaml_reader
from tests.harness import ROOT

RESULTS: Final = ROOT / "tests/results/usual-files.json"

KEYS: Final = ("name", "displayName", "plan", "addons", "hosts", "storage", "on", "y", "null", "Name", "quotaFrom")
USUAL: Final = (
    "company-001",
    "silver",
    "Harbour Logistics",
    "株式会社サンプル",
    "50Gi",
    "[a, b]",
    '"a: b"',
    "A & B (C)",
)
UNUSUAL: Final = (
    *("0Gi", "08Gi", "on", "No", "y", "NULL", "true", "~", "1e3", "0x1F", "12:30", "2026-01-01", "017", "1_000"),
    *(".inf", "a_1", "-1", "a:b", "a #b", "a#b", "'a'", '"a"', '""', '"on"', '"a\\n"', '"a" b', '["a", on]'),
    *('["a", "", b]', '"é, è"', "a'b", "&a", "*a", "!a", "%a", "@a", "`a", "|", ">", "?", "? a", "-", "- a", "a -b"),
    *("[a,b]", "[ a ]", "[a, on]", "[]", "[a", "{a: b}", "{}", "a ", "a  b", "é", "\u00a0", "a.", "\ufeffa", "\u0085"),
    *("\u2028", "\x00", "\x7f", "\t", "a\tb", "a" * 1100, "...", "---", "--- a", "<<", "=", "", "Lumière", "a: b"),
)
TEXTS: Final = (*USUAL * 16, *UNUSUAL)
STARTS: Final = (
    *("{key}: {text}",) * 12,
    *("{key}:", "{key}:\n- {text}", "{key}:\n- {text}\n- a", "{key}:{text}", "{key} : {text}"),
    *("- {text}", "  - {text}", "# {text}", "{text}", '"{key}": {text}'),
)
ENDS: Final = (*("\n",) * 20, "\r\n", "", " \n", "\n\n", " # more\n")


def a_file(draw: Callable[[tuple[str, ...]], str], lines: int) -> str:
    """Return lines that are usual or nearly so; `draw` chooses among texts."""
    return "".join(draw(STARTS).format(key=draw(KEYS), text=draw(TEXTS)) + draw(ENDS) for _ in range(lines))


def agree(raw: bytes) -> bool:
    """Insist that the shortcut says nothing or what the strict reader says; return whether it said something."""
    data = usual.data_of(raw)
    if data is None:
        return False
    document, findings = yaml_reader.read_strictly("a.yaml", raw)
    assert document is not None, (raw, findings)
    assert (repr(document.data), document.text) == (repr(data), raw.decode()), raw
    return True


def test_a_usual_file_is_read_without_a_parser() -> None:
    """With comments, a name in any script, and lists in both forms."""
    text = "# of the sales team\nname: company-001\ndisplayName: 株式会社サンプル\nplan: silver\nstorage: 50Gi\n"
    text += 'addons: [chatbot, "on"]\nhosts:\n- files.example.net\n- "a.example.net"\n'

    assert usual.data_of(text.encode()) == {
        "name": "company-001",
        "displayName": "株式会社サンプル",
        "plan": "silver",
        "storage": "50Gi",
        "addons": ["chatbot", "on"],
        "hosts": ["files.example.net", "a.example.net"],
    }
    assert agree(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "plan: on\n",
        "plan: Null\n",
        "name: 1e3\n",
        "name: a\nname: b\n",
        "hosts:\n",
        "name: a #b\n",
        "a: b: c\n",
        "",
        "{}\n",
    ],
)
def test_another_file_is_left_to_the_strict_reader(text: str) -> None:
    """Also one that is well-formed: it may be read in two ways, or not be usual."""
    assert usual.data_of(text.encode()) is None


@given(st.data())
def test_the_shortcut_agrees_with_the_strict_reader(data: st.DataObject) -> None:
    """Of lines that are nearly usual, and of bytes that are changed anywhere."""
    raw = a_file(lambda texts: data.draw(st.sampled_from(texts)), data.draw(st.integers(1, 4))).encode()
    at = data.draw(st.integers(0, len(raw)))

    agree(raw)
    agree(raw[:at] + data.draw(st.binary(max_size=2)) + raw[at + data.draw(st.integers(0, 2)) :])


_SEED: Final = 15
_TEXTS: Final = 1_200_000


@pytest.mark.nightly
@pytest.mark.slow
def test_the_shortcut_agrees_on_a_million_texts() -> None:
    """Seeded, so that a failure comes again; with what was seen, committed as tests/results/usual-files.json."""
    chosen = random.Random(_SEED)  # noqa: S311 -- texts to try, no secret
    taken = 0
    for number in range(_TEXTS):
        raw = a_file(chosen.choice, 1 + number % 4).encode()
        if number % 2:
            at = chosen.randrange(len(raw) + 1)
            raw = raw[:at] + chosen.randbytes(chosen.randrange(3)) + raw[at + chosen.randrange(3) :]
        taken += agree(raw)

    assert taken > 50_000
    seen = {"date": f"{datetime.now(tz=UTC):%Y-%m-%d}", "seed": _SEED, "texts": _TEXTS, "takenByTheShortcut": taken}
    RESULTS.write_text(json.dumps({**seen, "readOtherwiseByTheStrictReader": 0}, indent=2) + "\n", encoding="utf-8")
