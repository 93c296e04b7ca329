"""What Hypothesis invents for the tests of any tenant has every key that a tenant may have."""

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import Phase, given, settings

from generator import pipeline
from generator.git.snapshot import Snapshot
from generator.reading.schema import package_schema
from tests.harness import ROOT
from tests.strategies import Keys, tenants

OF_STATES = frozenset({"state", "retireOn", "backup", "hold", "confirmed", "tombstone"})
"""Keys of a company's life: tests/lifecycle/test_histories.py draws whole histories of them."""


def keys(schema: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key that a schema knows."""
    for key, inner in schema.get("properties", {}).items():
        yield (*above, key)
        yield from keys(inner, (*above, key))


def paths(data: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key of a tenant file."""
    for key, inner in data.items() if isinstance(data, Mapping) else ():
        yield (*above, key)
        yield from paths(inner, (*above, key))


def test_every_key_of_the_tenant_file_is_invented() -> None:
    """A key that no strategy draws is in no property test, and nobody would see it."""
    platform = pipeline.validated_platform(Snapshot.of_work_tree(ROOT))
    invented: set[tuple[str, ...]] = set()

    @settings(max_examples=60, phases=[Phase.generate], database=None, derandomize=True)
    @given(tenants(platform))
    def draw(tenant: Keys) -> None:
        invented.update(paths(tenant))

    draw()

    known = {".".join(path) for path in keys(package_schema("tenant")) if path[0] not in OF_STATES}
    assert known - {".".join(path) for path in invented} == set()
