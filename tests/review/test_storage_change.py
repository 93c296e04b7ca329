"""Storage over two commits: what a company has stays when its plan becomes smaller, and does not grow."""

import re
from pathlib import Path
from typing import Final

import pytest

from generator.fleet import earlier
from generator.fleet.validate import had_nothing
from generator.git import ancestry, door
from generator.reading import quantity
from tests.harness import Repository

PLANS: Final = {"bronze": ("50Gi", "200Gi"), "silver": ("200Gi", "1Ti"), "gold": ("500Gi", "4Ti")}
"""The shipped numbers: what a plan brings, and the most that it allows."""


def committed(repository: Repository, message: str = "change") -> Repository:
    """Commit all that stands there."""
    if not (repository.root / ".git").exists():
        repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--allow-empty", "--message", message)
    return repository


def follow(repository: Repository, said: str) -> None:
    """Do what the first hint says that names a command of `tenantry set`."""
    command = re.search(r"tenantry (set \S+(?: [^\s,;=]+=[^\s,;]+)+)", said)
    assert command, said
    done = repository.run(*command[1].split(" "))
    assert done.exit == 0, done.said


@pytest.mark.slow
def test_a_company_that_goes_from_gold_to_bronze_keeps_its_storage(repository: Repository) -> None:
    """It is more than bronze allows, and a volume never shrinks: the message names the command that passes."""
    repository.edit("platform.yaml", "publishing: committed", "publishing: branch")
    committed(repository.tenant("company-001", plan="gold", overrides={"maxReplicas": 1}), "start")
    repository.git("switch", "--quiet", "--create", "change")
    repository.tenant("company-001", plan="bronze", overrides={"maxReplicas": 1})
    committed(repository)

    refused = repository.run("check", "--base", "main")
    follow(repository, refused.stdout)
    committed(repository)
    passed = repository.run("check", "--base", "main")

    assert refused.exit == 1
    assert (
        "tenants/company-001.yaml:2:7: error: the volume has 500Gi and would shrink to 50Gi [TEN012]\n"
        "  hint: keep it: tenantry set company-001 storage=500Gi\n"
    ) in refused.stdout
    assert passed.exit == 0, passed.said


def test_what_is_above_the_plan_may_stay_and_not_grow(repository: Repository) -> None:
    """Neither in the work tree nor in the commit; the message names what the company has, and that passes."""
    committed(repository.tenant("company-001", plan="gold", storage="2Ti"), "start")
    committed(repository.tenant("company-001", plan="bronze", storage="2Ti"))

    kept = repository.run("validate")
    grown = repository.run("set", "company-001", "storage=3Ti")
    repository.tenant("company-001", plan="bronze", storage="3Ti")
    refused = repository.run("validate")
    follow(repository, refused.said)
    passed = repository.run("validate")

    assert (kept.exit, grown.exit, refused.exit, passed.exit) == (0, 1, 1, 0)
    assert refused.stdout == (
        "tenants/company-001.yaml:3:10: error: storage: 3Ti is more than the 200Gi of plan bronze, and than the 2Ti"
        " that the company has: that may stay, and not grow [TEN026]\n"
        "  hint: tenantry set company-001 storage=2Ti\n"
    )


def test_a_new_company_has_no_more_than_its_plan(repository: Repository) -> None:
    """Not even when another company has it; the hint passes."""
    committed(repository.tenant("company-001", plan="gold", storage="2Ti"), "start")
    repository.tenant("company-002", plan="bronze", storage="2Ti")

    refused = repository.run("validate")
    follow(repository, refused.said)

    assert refused.stdout == (
        "tenants/company-002.yaml:3:10: error: storage: 2Ti is more than the 200Gi of plan bronze [TEN026]\n"
        "  hint: tenantry set company-002 storage=200Gi\n"
    )
    assert repository.run("validate").exit == 0


def test_what_was_never_inside_a_plan_does_not_become_right_with_time(repository: Repository) -> None:
    """A size that was forced onto main counts while it stands there, and not as what the company once had."""
    committed(repository.tenant("company-001", storage="3Ti"), "forced")
    committed(repository.tenant("company-001", storage="100Gi"), "taken back")
    repository.tenant("company-001", storage="3Ti")

    assert repository.run("validate").exit == 1


def test_a_company_that_moved_to_a_folder_still_has_its_storage(repository: Repository) -> None:
    """A company is known by its name, wherever its file lies."""
    committed(repository.tenant("company-001", plan="gold", storage="2Ti"), "start")
    repository.write("tenants/eu/company-001.yaml", "name: company-001\nplan: bronze\nstorage: 2Ti\n")
    repository.remove("tenants/company-001.yaml")

    assert repository.run("validate").exit == 0


def test_in_a_shallow_clone_what_a_company_had_is_not_guessed(repository: Repository, tmp_path: Path) -> None:
    """What stands in the newest commit is known; for what is older, git's own way out is named."""
    committed(repository.tenant("company-001", plan="gold", storage="2Ti"), "start")
    committed(repository.tenant("company-001", plan="bronze", storage="1Ti"), "another")
    repository.git("clone", "--quiet", "--depth", "1", f"file://{repository.root}", str(tmp_path / "shallow"))
    shallow = Repository(tmp_path / "shallow")

    known = shallow.run("validate")
    shallow.tenant("company-001", plan="bronze", storage="2Ti")
    unknown = shallow.run("validate")

    assert known.exit == 0, known.said
    assert unknown.exit == 4
    assert unknown.stderr == (
        "error: this clone is shallow, and what a company had stands in its history\n"
        "  hint: fetch all history: git fetch --unshallow; in CI, fetch-depth: 0\n"
    )


@pytest.mark.parametrize("before", PLANS)
@pytest.mark.parametrize("after", PLANS)
def test_every_pair_of_plans_has_a_storage_that_passes(before: str, after: str, repository: Repository) -> None:
    """The larger of what the company has and what the new plan brings: always one command, never back and forth."""
    for had in (None, *PLANS[before]):
        keys = {"storage": had} if had else {}
        committed(repository.tenant("company-001", plan=before, **keys), "start")
        base = ancestry.head(repository.root)
        size = quantity.octets(had or PLANS[before][0])

        kept = repository.run("set", "company-001", f"plan={after}", f"storage={quantity.bytes_text(size)}")
        told = earlier.storage_had(door.open_repository(repository.root), base)
        more = repository.run("set", "company-001", f"storage={quantity.bytes_text(8 * size)}")

        assert kept.exit == 0, kept.said
        assert (more.exit == 0) is (8 * size <= quantity.octets(PLANS[after][1])), more.said
        document = earlier.of_work_tree(repository.root)
        assert had_nothing([]) == document([]) == told([]) == {}
