"""A volume never changes its class: another default is for new companies, and the others say first which they have."""

import re
from pathlib import Path

import pytest

from tests.harness import Repository


@pytest.fixture
def change(tmp_path: Path) -> Repository:
    """Two companies on the default class and one that states its own, on main, and a branch for a change."""
    repository = Repository(tmp_path / "repository").tenant().tenant("company-002")
    declared = "storageClasses: [shared-files, slow-files, fast-files]"
    repository.edit("platform.yaml", "storageClasses: [shared-files]", declared)
    repository.tenant("company-003", storageClass="slow-files").generate()
    repository.git("init", "--quiet", "--initial-branch", "main")
    committed(repository)
    repository.git("switch", "--quiet", "--create", "change")
    return repository


def committed(repository: Repository) -> Repository:
    """Commit all that there is."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "a change")
    return repository


def class_of(repository: Repository, name: str) -> str:
    """Return the class of a company's claim."""
    (claim,) = (obj for obj in repository.render(name) if obj["kind"] == "PersistentVolumeClaim")
    found: str = claim["spec"]["storageClassName"]
    return found


def test_a_company_has_the_class_that_it_states_or_the_platform_s(change: Repository) -> None:
    """In its claim, and in that of an add-on."""
    assert [class_of(change, f"company-00{number}") for number in (1, 3)] == ["shared-files", "slow-files"]


@pytest.mark.slow
def test_another_default_is_refused_with_the_command_that_lets_companies_keep_theirs(change: Repository) -> None:
    """Once, for all of them; after the command the change passes, and new companies have the new class."""
    change.edit("platform.yaml", "storageClass: shared-files", "storageClass: fast-files").generate()
    refused = committed(change).run("check", "--base", "main")

    assert refused.exit == 1
    said = "storageClass becomes fast-files, and 2 companies have volumes of shared-files without saying so [TEN011]\n"
    assert said in refused.stdout
    assert "  hint: let them say so first: tenantry set --all 'storageClass?=shared-files' && tenantry generate\n" in (
        refused.stdout
    )
    assert "K8S010" not in refused.stdout

    ran = change.run("set", "--all", "storageClass?=shared-files")
    committed(change.tenant("company-004").generate())
    passed = change.run("check", "--base", "main")

    assert (ran.exit, ran.stdout) == (0, " change tenants/company-001.yaml\n change tenants/company-002.yaml\n")
    assert passed.exit == 0, passed.said
    assert [class_of(change, f"company-00{number}") for number in (1, 3, 4)] == [
        "shared-files", "slow-files", "fast-files"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "fact"),
    [
        ({"storageClass": "fast-files"}, "its volumes are of the class slow-files, not fast-files"),
        ({}, "its volumes are of the class slow-files, not shared-files"),
    ],
)
def test_a_company_keeps_the_class_that_it_stated(change: Repository, keys: dict[str, str], fact: str) -> None:
    """Whether another is stated or none; the command of the hint makes it pass."""
    committed(change.tenant("company-003", **keys).generate())

    refused = change.run("check", "--base", "main")
    (assignment,) = re.findall(r"hint: keep it: tenantry set company-003 (\S+)", refused.stdout)
    change.run("set", "company-003", assignment)
    committed(change.generate())

    assert refused.exit == 1
    assert f": error: {fact} [TEN011]\n" in refused.stdout
    assert change.run("check", "--base", "main").exit == 0


def test_a_class_is_not_stated_where_the_platform_has_none(change: Repository) -> None:
    """Nothing in base/ would read it."""
    text = change.read("platform.yaml")
    change.write("platform.yaml", re.sub(r"^storageClass:.*\n", "", text, flags=re.MULTILINE))

    assert change.run("validate").stdout == (
        "tenants/company-003.yaml:3:15: error: storageClass: this platform has no storage class of its own, so nothing"
        " in base/ reads one [TEN006]\n"
        "  hint: write storageClass: slow-files into platform.yaml; or take it out:"
        " tenantry set company-003 storageClass=\n"
    )


@pytest.mark.slow
def test_a_class_that_base_reads_is_declared(change: Repository) -> None:
    """Else nobody's volume would have one; the way out passes."""
    text = change.tenant("company-003").read("platform.yaml")
    change.write("platform.yaml", re.sub(r"^storageClass:.*\n", "", text, flags=re.MULTILINE))
    refused = [change.run(verb) for verb in ("generate", "verify")]
    change.write("platform.yaml", f"{change.read('platform.yaml')}storageClass: shared-files\n")
    passed = change.generate().run("verify")

    assert ([done.exit for done in refused], passed.exit) == ([1, 1], 0)
    assert "base/edge with base/guard reads the fact spec.storageClass, and none is written [PLT003]" in refused[0].said
    assert (
        "base/guard/components/facts/kustomization.yaml:16:56: error: there is no fact 'spec.storageClass' [KUS017]\n"
        "  hint: declare it in platform.yaml, or take out what reads it\n"
    ) in refused[1].stdout


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "tenants/company-003.yaml",
            (
                "tenants/company-003.yaml:3:15: error: storageClass: the cluster has no class 'other' [TEN006]\n"
                "  hint: declare it under clusters.in-cluster.storageClasses of platform.yaml\n"
            ),
        ),
        (
            "platform.yaml",
            (
                "platform.yaml:15:15: error: storageClass: other is none of clusters.in-cluster.storageClasses"
                " [PLT001]\n"
                "  hint: declare it there as well\n"
            ),
        ),
    ],
)
def test_a_class_is_one_that_the_cluster_has(change: Repository, key: str, said: str) -> None:
    """Declared in platform.yaml, by what it keeps and bounds; once it is, the class passes."""
    if key == "platform.yaml":
        change.edit(key, "storageClass: shared-files", "storageClass: other")
    else:
        change.tenant("company-003", storageClass="other")

    refused = change.run("validate")
    change.edit("platform.yaml", "slow-files, ", "slow-files, other, ")

    assert refused.stdout == said
    assert change.run("validate").exit == 0
