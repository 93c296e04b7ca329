"""Quantities of Kubernetes as exact integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.reading.quantity import bytes_text, count, cpu_text, millicores, octets


@pytest.mark.parametrize(("text", "value"), [("1", 1000), ("250m", 250), ("0.5", 500), ("0", 0), ("1.001", 1001)])
def test_cpu_is_read_as_millicores(text: str, value: int) -> None:
    """The finest that Kubernetes counts."""
    assert millicores(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("1Ki", 1024), ("2Gi", 2 * 1024**3), ("1.5Gi", 3 * 1024**3 // 2), ("1k", 1000), ("5", 5), ("1Pi", 1024**5)],
)
def test_memory_is_read_as_bytes(text: str, value: int) -> None:
    """Binary and decimal suffixes are not the same."""
    assert octets(text) == value


@pytest.mark.parametrize(
    "text", ["", "1gi", "1 Gi", "-1", "+1", "1e3", "\N{FULLWIDTH DIGIT ONE}", ".5", "1.", "1Gi\n", "Gi"]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    """Including what only looks like one."""
    with pytest.raises(ValueError, match="is not a quantity"):
        octets(text)


def test_a_fraction_of_the_unit_is_refused() -> None:
    """Rounding would make a quota that nobody asked for."""
    with pytest.raises(ValueError, match=r"'0\.0001' is not a whole number of millicores"):
        millicores("0.0001")
    with pytest.raises(ValueError, match="'1m' is not a whole number of bytes"):
        octets("1m")
    with pytest.raises(ValueError, match=r"'1\.5' is not a whole number of objects"):
        count("1.5")


@given(st.integers(0, 10**9))
def test_cpu_survives_being_written(value: int) -> None:
    """In the form that the API server would give it back in, or Argo CD would see a difference."""
    assert millicores(cpu_text(value)) == value


@given(st.integers(0, 2**60))
def test_bytes_survive_being_written(value: int) -> None:
    """The same for memory and storage."""
    assert octets(bytes_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"), [(1024**4, "1Ti"), (1536 * 1024**2, "1536Mi"), (1000, "1k"), (0, "0"), (2048, "2Ki")]
)
def test_bytes_are_written_with_the_largest_suffix_that_keeps_them_whole(value: int, text: str) -> None:
    """This is the canonical form of Kubernetes."""
    assert bytes_text(value) == text
