"""What a change does to the room on the nodes: over real commits, each refusal with its way out."""

import shutil
from pathlib import Path

import pytest

from tests.harness import Repository
from tests.review.test_two_commits import check, found, on_main, start

__all__ = ("start",)  # a fixture

NODES = '{pool: tenants, count: 5, zones: [a, b, c], cpu: "16", memory: 64Gi, maxPods: 110,'


@pytest.fixture
def here(start: Path, tmp_path: Path) -> Repository:
    """Two companies, of which one has a chatbot, on one node: six pods with a roll-out, and it holds seven."""
    shutil.copytree(start, tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    repository.edit("platform.yaml", NODES, '{pool: tenants, count: 1, cpu: "16", memory: 64Gi, maxPods: 7,')
    platform = repository.read("platform.yaml")
    repository.write("platform.yaml", platform[: platform.index("\nplatformPods:")])
    repository.git("switch", "--quiet", "--create", "change")
    on_main(repository)
    return repository


FULL = (
    "on the nodes of pool tenants (1 node), guaranteed and 4 of a roll-out of ring general: 1 of 8 pods finds no place"
)


def test_a_company_that_finds_no_place_is_refused(here: Repository) -> None:
    """At the line that says its plan, with the nodes that are needed; these let it pass."""
    here.tenant("company-003")

    said = found(here)

    assert f"tenants/company-003.yaml:2:7: error: {FULL} [CAP012]\n" in said
    assert (
        "  hint: the fleet needs 1 more node of pool tenants: once they are there, write count: 2 for it in"
        " platform.yaml, or choose a smaller plan\n"
    ) in said
    here.edit("platform.yaml", "count: 1,", "count: 2,")
    assert "CAP012" not in found(here)


def test_what_had_no_place_before_stops_nobody(here: Repository) -> None:
    """A change that makes nothing worse is told, and passes."""
    here.edit("platform.yaml", "maxPods: 7,", "maxPods: 3,")
    on_main(here)
    here.edit("tenants/company-001.yaml", "name: ", "displayName: Company\nname: ")

    said = found(here)

    assert ": warning: on the nodes of pool tenants (1 node), " in said
    assert "error" not in said


def test_nodes_that_go_are_refused_at_the_nodes(here: Repository) -> None:
    """Nobody grows, so the place is that of the nodes."""
    here.edit("platform.yaml", "maxPods: 7,", "maxPods: 3,")

    assert "platform.yaml:" in found(here)
    assert ": error: on the nodes of pool tenants (1 node), " in found(here)


def test_more_than_may_be_sold_is_refused(here: Repository) -> None:
    """A company that raises what is sold above what is allowed."""
    here.write("platform.yaml", here.read("platform.yaml") + "\nallowedOvercommit: 1\n")
    on_main(here)
    here.edit("tenants/company-001.yaml", '"bronze"', '"gold"')
    here.edit("platform.yaml", 'cpu: "16"', 'cpu: "6"')

    said = found(here)

    assert "tenants/company-001.yaml:2:7: error: sold " in said
    assert "times the memory; 1 are allowed [CAP014]\n" in said


def test_a_lost_zone_that_leaves_no_room_is_told(here: Repository) -> None:
    """Three nodes of three places, two in zone a: four pods and a roll-out fit, and three come back in zone b."""
    here.edit("platform.yaml", "count: 1, ", "count: 3, zones: [a, b], ").edit(
        "platform.yaml", "maxPods: 7,", "maxPods: 3,"
    )
    on_main(here)
    here.tenant("company-003")

    said = found(here)

    assert ": warning: without zone a: 1 pod of what always runs finds no place [CAP013]\n" in said
    assert "  hint: add nodes to pool tenants\n" in said
    here.edit("platform.yaml", "count: 3, ", "count: 4, ")
    assert "CAP013" not in found(here)


def test_check_ends_with_the_refusal(here: Repository) -> None:
    """The verb runs these rules with all others."""
    here.tenant("company-003")

    done = check(here)

    assert done.exit == 1
    assert "[CAP012]" in done.said
    assert "\nnodes: 3 to 4 pods always run, 375m to 500m CPU; 1 to 2 nodes needed of 1; sold " in done.stderr


def test_diff_shows_the_room_before_and_after(here: Repository) -> None:
    """In numbers, and what finds no place."""
    here.tenant("company-003")

    done = here.run("diff", "main")

    assert "Nodes\n  3 to 4 pods always run, 375m to 500m CPU; 1 to 2 nodes needed of 1; sold" in done.stdout, done.said
    assert "guaranteed and 4 of a roll-out of ring general: 1 of 8 pods finds no place\n" in done.stdout
