"""What a change takes away and nobody can do without comes back by the one command that the refusal names."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.harness import ROOT, Repository

COMPONENTS: Final = "base/edge/components"
CORE: Final = "base/edge/core"
RING: Final = next(
    number
    for number, line in enumerate((ROOT / "platform.yaml").read_text(encoding="utf-8").splitlines(), 1)
    if "release: edge" in line
)


@pytest.fixture
def here(tmp_path: Path) -> Repository:
    """Two companies on main, one with the chatbot, and a branch for the change."""
    repository = Repository(tmp_path / "repository")
    repository.tenant("company-001").tenant("company-002", plan="silver", addons=["chatbot"]).generate()
    repository.git("init", "--quiet", "--initial-branch=main")
    commit(repository)
    repository.git("switch", "--quiet", "--create", "change")
    return repository


def commit(repository: Repository) -> Repository:
    """Commit all that stands there."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "change")
    return repository


def _remove(folder: str) -> Callable[[Path], None]:
    return lambda root: shutil.rmtree(root / folder)


LINK: Final = "this is a symbolic link, and Argo CD follows it or refuses the whole repository"
MISSING: Final = "error: there is no such component, and {} needs it [PLT003]"


@pytest.mark.parametrize(
    ("edit", "said", "back"),
    [
        (
            lambda root: (root / "platform.yaml").unlink(),
            "platform.yaml: error: the file is missing [PLT001]",
            "platform.yaml",
        ),
        (_remove(CORE), f"platform.yaml:{RING}:28: error: ring general: there is no {CORE} [PLT003]", CORE),
        (
            _remove(f"{COMPONENTS}/facts"),
            f"{COMPONENTS}/facts: {MISSING.format('company-001')}",
            f"{COMPONENTS}/facts",
        ),
        (
            _remove(f"{COMPONENTS}/gateway"),
            f"{COMPONENTS}/gateway: {MISSING.format('company-001')}",
            f"{COMPONENTS}/gateway",
        ),
        (
            _remove(f"{COMPONENTS}/ai-chatbot"),
            f"{COMPONENTS}/ai-chatbot: {MISSING.format('company-002')}",
            f"{COMPONENTS}/ai-chatbot",
        ),
    ],
    ids=["no platform", "no core", "no facts", "no gateway", "no chatbot"],
)
def test_what_a_change_takes_away_comes_back_by_one_command(
    here: Repository, edit: Callable[[Path], None], said: str, back: str
) -> None:
    """The pull request is refused, not the machine; and what the hint names leaves nothing to refuse."""
    edit(here.root)

    done = commit(here).run("check", "--base", "main")

    assert done.exit == 1, done.said
    head = here.git("rev-parse", "HEAD")[:10]
    hint = f"  hint: put it back: git checkout {head}^ -- {back}"
    assert f"{said}\n{hint}\n" in done.stdout
    here.git(*hint.removeprefix("  hint: put it back: git ").split(" "))
    commit(here)
    assert here.git("diff", "main", "HEAD") == ""


@pytest.mark.parametrize("target", [".", "nowhere", "/dev/zero", "tenants/company-001.yaml"])
@pytest.mark.parametrize(
    ("file", "back"),
    [("platform.yaml", "platform.yaml"), (f"{COMPONENTS}/facts/kustomization.yaml", f"{COMPONENTS}/facts")],
)
def test_a_link_goes_by_one_command_and_what_was_there_comes_by_another(
    here: Repository, file: str, back: str, target: str
) -> None:
    """It does not come back as the link: the two refusals would send people back and forth."""
    (here.root / file).unlink()
    (here.root / file).symlink_to(target)
    linked = commit(here).git("rev-parse", "HEAD")[:10]

    link = here.run("check", "--base", "main")
    here.git("rm", "-f", file)
    gone = commit(here).run("check", "--base", "main")
    here.git("checkout", f"{linked}^", "--", back)

    assert (link.exit, gone.exit) == (1, 1)
    assert (
        f"{file}: error: {LINK} [GIT001]\n  hint: put the file itself here, or remove the link: git rm -f {file}\n"
        in (link.stdout)
    )
    assert f"  hint: put it back: git checkout {linked}^ -- {back}\n" in gone.stdout
    assert commit(here).git("diff", "main", "HEAD") == ""


@pytest.mark.slow
def test_an_add_on_that_is_sold_no_more_leaves_each_company_by_its_command(here: Repository) -> None:
    """Company by company, also while another one still has it."""
    here.tenant("company-003", addons=["chatbot"]).generate()
    commit(here).git("branch", "--force", "main")
    data = yaml.safe_load(here.read("platform.yaml"))
    del data["addons"]["chatbot"]
    here.write("platform.yaml", yaml.safe_dump(data, sort_keys=False))

    refused = commit(here).run("check", "--base", "main")
    for name in ("company-002", "company-003"):
        way = f"tenantry set {name} addons-=chatbot && tenantry generate"
        assert f"hint: take it out: {way}; or sell it in platform.yaml\n" in refused.stdout
        assert here.run("set", name, "addons-=chatbot").exit == 0
    here.generate()

    done = commit(here).run("check", "--base", "main")
    assert (refused.exit, done.exit) == (1, 0), done.said


def test_a_file_without_its_header_goes_by_the_command_that_is_named(here: Repository) -> None:
    """What somebody wrote there is kept until they say otherwise."""
    file = "overlays/company-001/facts.yaml"
    here.write(file, "a: b\n")

    refused = here.run("generate")
    here.remove(file)

    assert refused.exit == 1
    assert f"  hint: keep elsewhere what it says, then: rm {file} && tenantry generate\n" in refused.stderr
    assert here.run("generate").exit == 0


def test_what_is_gone_from_the_work_tree_alone_comes_from_the_last_commit(here: Repository) -> None:
    """Nothing is lost yet, so no older state is put in its place."""
    shutil.rmtree(here.root / COMPONENTS / "gateway")

    assert f"  hint: put it back: git checkout HEAD -- {COMPONENTS}/gateway\n" in here.run("generate").stderr
