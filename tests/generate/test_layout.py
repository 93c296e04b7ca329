"""Where files live, and which shard a name falls into."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from generator import layout
from tests.strategies import names


def test_the_shard_of_a_name_never_changes() -> None:
    """Another hash would move every company to another ApplicationSet."""
    assert [layout.shard_of(f"company-{number:03d}", 4) for number in range(1, 7)] == [
        "s02",
        "s03",
        "s01",
        "s00",
        "s02",
        "s00",
    ]


@given(names(), st.integers(1, 64))
def test_every_name_falls_into_a_shard_that_is_there(name: str, shards: int) -> None:
    """All shards exist from the start."""
    assert layout.shard_of(name, shards) in {layout.shard_name(number) for number in range(shards)}


def test_names_spread_evenly() -> None:
    """One bad entry freezes a shard, so none should hold most companies."""
    sizes = Counter(layout.shard_of(f"company-{number:05d}", 4) for number in range(4_000))

    assert sorted(sizes) == ["s00", "s01", "s02", "s03"]
    assert all(900 < size < 1_100 for size in sizes.values())
