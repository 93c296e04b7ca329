"""What holds for any tenants of another product that Hypothesis can invent."""

from typing import Final

import pytest
from hypothesis import given, settings

from generator import pipeline
from generator.git.snapshot import Snapshot
from tests.harness import Repository
from tests.products.conftest import WIKI, copied
from tests.strategies import Keys, fleets

PLATFORM: Final = pipeline.validated_platform(Snapshot.of_folder(WIKI))


@pytest.mark.slow
@settings(max_examples=2)
@given(fleet=fleets(PLATFORM, most=2))
def test_any_tenants_of_another_product_are_sound(tmp_path_factory: pytest.TempPathFactory, fleet: list[Keys]) -> None:
    """Whatever add-ons they have or had: what is generated is stable, and no rule finds an error in it."""
    repository: Repository = copied(tmp_path_factory.mktemp("fleet"))
    for path in (repository.root / "tenants").glob("*.yaml"):
        path.unlink()
    for keys in fleet:
        repository.tenant(**keys)

    first, second = repository.run("generate"), repository.run("generate")
    verified = repository.run("verify")

    assert (first.exit, second.exit, second.stdout) == (0, 0, ""), first.said + second.said
    assert verified.exit == 0, verified.said
