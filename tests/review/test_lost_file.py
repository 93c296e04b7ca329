"""One lost tenant file stops nobody: who takes it away is refused, who finds it gone is told, the company stays."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness import Ran, Repository, environment

LOST = "tenants/company-002.yaml"
GENERATED = ("argocd/shards/s03/projects/company-002.yaml", "argocd/shards/s03/tenants/company-002.yaml")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three companies on main, with their generated files beside them."""
    repository = Repository(tmp_path_factory.mktemp("start") / "repository")
    repository.tenant().tenant("company-002", plan="silver").tenant("company-003").generate()
    repository.git("init", "--quiet", "--initial-branch=main")
    commit(repository, "start")
    return repository.root


@pytest.fixture
def here(start: Path, tmp_path: Path) -> Repository:
    """A copy of that repository, on a branch for the change."""
    shutil.copytree(start, tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    repository.git("switch", "--quiet", "--create", "change")
    return repository


def commit(repository: Repository, message: str = "change") -> Repository:
    """Commit all that stands there."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--allow-empty", "--message", message)
    return repository


def lose(repository: Repository) -> Repository:
    """Let main lose a tenant file, as a forced commit does."""
    commit(repository.remove(LOST), "forced")
    repository.git("branch", "--quiet", "--force", "main")
    return repository


def follow(repository: Repository, said: Ran) -> None:
    """Run the command that a refusal names, as it stands there."""
    found = re.search(r"hint: .*?: ((?:git|rm) .+)", said.said)
    assert found, said.said
    first, _, then = found[1].partition(" && ")
    done = subprocess.run(first, shell=True, cwd=repository.root, env=environment(), check=False)  # noqa: S602
    assert done.returncode == 0, first
    if then:
        assert then == "tenantry generate"
        repository.generate()


@pytest.mark.slow
def test_the_pull_request_that_takes_a_tenant_file_away_is_refused(here: Repository) -> None:
    """Whether or not it takes the generated files along; the command that is named passes."""
    sha = here.git("rev-parse", "--short=10", "HEAD").strip()
    commit(here.remove(LOST))
    alone = here.run("check", "--base", "main")
    for file in [file for file in here.files() if "company-002" in file]:
        here.remove(file)
    commit(here)

    refused = here.run("check", "--base", "main")
    follow(here, refused)
    passed = commit(here).run("check", "--base", "main")

    assert (alone.exit, refused.exit) == (1, 1)
    assert (
        f"{LOST}: error: this tenant's file was removed, and the tenant is in use [TEN017]\n"
        f"  hint: put it back: git checkout {sha} -- {LOST} && tenantry generate\n"
    ) in refused.stdout
    assert refused.stdout.count("[TEN017]") == alone.stdout.count("[TEN017]") == 1
    assert "[ARG004]" not in alone.stdout
    assert passed.exit == 0, passed.said


@pytest.mark.slow
def test_whoever_finds_a_tenant_file_gone_generates_and_passes(here: Repository) -> None:
    """What was generated for the lost company stays byte by byte, it is named, and the other change goes through."""
    before = lose(here).files()
    here.tenant("company-101")

    generated = here.run("generate")
    stale = here.run("generate", "--check")
    passed = commit(here).run("check", "--base", "main")

    assert (generated.exit, stale.exit, passed.exit) == (0, 0, 0), generated.said + stale.said + passed.said
    assert (
        "overlays/company-002/facts.yaml: warning: it was generated for the tenant company-002, whose file is gone from"
        " tenants/ [TEN017]\n  hint: put the tenant file back: git checkout "
    ) in passed.stdout
    assert "[TEN017]" in generated.stderr
    assert "; the change touches 1 tenant of 3: 0 errors, " in passed.stderr
    assert {file: text for file, text in here.files().items() if file in before} == before
