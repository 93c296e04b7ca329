"""The door to YAML: what is read means the same to every reader, and so does what is written."""

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from generator.kube import kustomize
from generator.reading import yaml_objects, yaml_reader, yaml_writer
from tests.strategies import plain_scalars

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def in_1_1(text: str) -> Any:
    """Read as YAML 1.1 readers do."""
    return yaml.safe_load(text)


def in_1_2(text: str) -> Any:
    """Read as YAML 1.2 readers do."""
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


def in_go(folder: Path, items: list[str]) -> Any:
    """Read as Go readers do: kustomize parses the items, and prints what it took them for."""
    lines = "".join(f"- {item}\n" for item in items)
    (folder / "list.yaml").write_text(f"apiVersion: v1\nkind: List\nmetadata: {{name: x}}\nspec:\n{lines}", "utf-8")
    (folder / "kustomization.yaml").write_text("resources: [list.yaml]\n")
    printed = subprocess.run(
        [kustomize.kustomize(), "build", str(folder)], check=True, capture_output=True, text=True, encoding="utf-8"
    ).stdout
    (read,) = yaml_objects.read_objects(printed)
    return read["spec"]


@given(VALUES)
def test_a_scalar_reads_back_the_same_in_yaml_1_1_and_1_2(value: Any) -> None:
    """Templates write values as JSON, which no reader takes for anything else."""
    line = f"key: {yaml_writer.scalar(value)}\n"

    assert in_1_1(line) == in_1_2(line) == {"key": value}


@given(VALUES)
def test_a_dump_reads_back_the_same_in_yaml_1_1_and_1_2(value: Any) -> None:
    """The same holds for what is dumped from data."""
    text = yaml_writer.dump({"key": value})

    assert in_1_1(text) == in_1_2(text) == {"key": value}


@given(st.dictionaries(TEXT, TEXT, min_size=1, max_size=5))
def test_our_own_reader_agrees_with_our_own_writer(value: dict[str, str]) -> None:
    """What is dumped passes the strict reader."""
    document, findings = yaml_reader.read("file.yaml", yaml_writer.dump(value).encode())

    assert (document.data if document else None, findings) == (value, ())


def test_a_scalar_reads_back_the_same_in_go(tmp_path: Path) -> None:
    """Kustomize and Argo CD read what we write with the readers of Go (which print no control character)."""
    texts = [chr(number) for number in range(0x250) if chr(number).isprintable()]
    texts += "\u2028 \u2029 \ufeff \ufffd \u00a0 \u3000 \t \n \r\n 🏢 株 {{ }} -- --- ...".split(" ")
    words = "on Off yes NO y null ~ 1e3 0x1F 0o17 017 1_000 12:30 2024-01-31 .inf .NaN << = true 1.0 +1 -".split()
    wanted = [*texts, *words, *(f" {text} " for text in words), *(f"{text}\n" for text in words), ""]

    assert in_go(tmp_path, [yaml_writer.scalar(text) for text in wanted]) == wanted


@example(["-_", "-_0", "0b_", "0X1F", "._", "1__", "0_x1", "1e1_0", "=", "<<"])
@given(st.lists(plain_scalars(), min_size=1, max_size=30))
def test_what_is_read_as_text_is_text_for_every_reader(texts: list[str]) -> None:
    """A plain scalar that YAML 1.1 or 1.2 takes for something else is never passed on as text."""
    for text in texts:
        document, _ = yaml_reader.read("file.yaml", f"key: {text}\n".encode())
        if document is not None and isinstance(document.data["key"], str):
            assert in_1_1(document.text) == in_1_2(document.text) == document.data


@pytest.mark.slow
@settings(max_examples=8, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(plain_scalars(), min_size=100, max_size=300))
def test_what_is_read_as_text_is_text_for_go(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """The same, asked of kustomize for many at once."""
    accepted = [
        text for text in texts if (found := yaml_reader.read("x", f"- {text}\n".encode())[0]) and found.data == [text]
    ]

    if accepted:
        assert in_go(tmp_path_factory.mktemp("go"), accepted) == accepted


@given(plain_scalars())
def test_text_that_may_stand_plain_is_text_for_every_reader(text: str) -> None:
    """`tenantry add` writes names without quotes where that is safe."""
    if yaml_writer.is_plain(text):
        line = f"key: {text}\n"
        document, findings = yaml_reader.read("file.yaml", line.encode())

        assert findings == ()
        assert document is not None
        assert document.data == in_1_1(line) == in_1_2(line) == {"key": text}


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | st.text("-?:[]{}&*!%#|>@ \n\ta1'\"").map(str.encode)
)
def test_no_input_breaks_the_reader(raw: bytes) -> None:
    """Whatever a file holds, it is read or refused with a place inside it."""
    document, findings = yaml_reader.read("file.yaml", raw)

    assert (document is None) == bool(findings)
    for found in findings:
        assert found.fact.isprintable()
        assert (
            0
            <= found.place.line
            <= raw.count(b"\n") + raw.count(b"\r") + raw.decode(errors="replace").count("\x85") + 10
        )


@pytest.mark.parametrize(
    ("path", "key", "place"),
    [
        ((), False, "file.yaml:2:1"),
        (("name",), False, "file.yaml:2:7"),
        (("name",), True, "file.yaml:2:1"),
        (("hosts", 1), False, "file.yaml:5:3"),
        (("hosts", 9), False, "file.yaml:4:1"),
        (("gone",), False, "file.yaml:2:1"),
        (("name", "deeper"), False, "file.yaml:2:7"),
    ],
)
def test_a_place_is_that_of_the_value_its_key_or_what_is_nearest(
    path: tuple[str | int, ...], key: bool, place: str
) -> None:
    """Editors and CI logs link a place."""
    document, _ = yaml_reader.read("file.yaml", "# 株\nname: a\nhosts:\n- b\n- c\n".encode())
    assert document is not None

    assert str(document.place(path, key=key)) == place


def test_a_dump_keeps_order_and_unicode_and_folds_nothing() -> None:
    """A generated file is read by people as well."""
    value = {"b": "株式会社 " * 40, "a": ["on", "", "two\nlines\n"], "on": True, "c": {}}

    assert yaml_writer.dump(value) == (
        f'b: "{"株式会社 " * 40}"\na:\n- "on"\n- ""\n- |\n  two\n  lines\n"on": true\nc: {{}}\n'
    )


def test_a_dump_writes_equal_lists_twice() -> None:
    """An anchor is legal YAML, and nobody expects one."""
    same = ["x"]

    assert yaml_writer.dump({"a": same, "b": same}) == 'a:\n- "x"\nb:\n- "x"\n'
