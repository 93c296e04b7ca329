"""A new repository: what is in it, that it is sound from the first minute, and what is refused."""

import os
import pty
import select
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import layout
from generator.findings.finding import Refused
from generator.generate.write import replace as write_whole
from generator.init import init
from generator.init.init import Answers
from generator.init.package import package
from generator.reading import yaml_reader
from tests.harness import ROOT, Ran, Repository

SOURCE = init.own_files()[layout.PLATFORM]
PACKAGE = f"git+https://git.acme.example/tenantry.git@{'0123456789' * 4}"
ANSWERS = Answers(
    repo_url="https://git.acme.example/tenants.git",
    domain="files.acme.example",
    owners="@acme/platform",
    package=package(PACKAGE),
)
UNPROVED = ("--repo-url", ANSWERS.repo_url, "--domain", ANSWERS.domain, "--owners", ANSWERS.owners)
NEEDED = (*UNPROVED, "--package", PACKAGE)


@pytest.fixture
def new(tmp_path: Path) -> Repository:
    """A repository in an empty folder."""
    (tmp_path / "new").mkdir()
    return in_folder(tmp_path / "new")


def in_folder(folder: Path) -> Repository:
    """See a folder as a repository, without laying anything down in it."""
    repository = Repository.__new__(Repository)
    repository.root = folder
    return repository


@dataclass(frozen=True, slots=True)
class Made:
    """A repository that init made.

    Attributes:
        mode: As it was chosen.
        said: Standard output of init.
        golden: Where the list of its files is reviewed.
    """

    repository: Repository
    mode: str
    said: str
    golden: Path


def begin(repository: Repository, *options: str) -> Ran:
    """Run init in the repository's folder, and insist that it went well."""
    done = repository.run("init", ".", *NEEDED, *options)
    assert done.exit == 0, done.said
    return done


def everything(folder: Path) -> list[str]:
    """List every file but git's own."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return sorted(path.as_posix() for path in found if path.parts[0] != ".git")


@pytest.fixture(
    scope="module",
    params=[
        ("github", "committed", "gateway"),
        ("github", "branch", "ingress"),
        ("gitlab", "committed", "ingress"),
        ("gitlab", "branch", "gateway"),
    ],
    ids="-".join,
)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Every forge with every mode, each of them with both exposures."""
    forge, mode, exposure = request.param
    repository = in_folder(tmp_path_factory.mktemp("made"))
    said = begin(repository, "--forge", forge, "--mode", mode, "--exposure", exposure).stdout
    return Made(repository, mode, said, ROOT / f"tests/cases/init/{forge}-{mode}.txt")


def test_it_holds_these_files(made: Made, *, update_golden: bool) -> None:
    """What is written is what was said, and the list is reviewed when it changes."""
    files = sorted(line.removeprefix(" create ") for line in made.said.splitlines())
    if update_golden:
        made.golden.parent.mkdir(parents=True, exist_ok=True)
        made.golden.write_text("".join(f"{file}\n" for file in files))

    assert everything(made.repository.root) == files == made.golden.read_text().splitlines()


def test_it_is_current_and_sound_at_once(made: Made) -> None:
    """The verbs of CI pass on it, whatever was chosen; in branch mode git ignores what generate writes."""
    verbs = (["generate", "--check"], ["check"]) if made.mode == "committed" else (["check"], ["generate"], ["check"])

    assert [made.repository.run(*verb).exit for verb in verbs] == [0] * len(verbs)


def test_it_is_a_git_repository_on_the_branch_of_its_platform(new: Repository) -> None:
    """The branch that workflows and Argo CD name is the one that the first commit goes to."""
    begin(new)

    assert new.git("symbolic-ref", "--short", "HEAD") == "main\n"


def test_a_git_repository_that_is_there_stays_as_it_is(new: Repository) -> None:
    """A clone of an empty repository, with its README, is a good place."""
    new.git("init", "--quiet", "--initial-branch", "trunk")
    new.write("README.md", "ours\n")

    begin(new)

    assert new.git("symbolic-ref", "--short", "HEAD") == "trunk\n"
    assert new.read("README.md") == "ours\n"


def test_the_answers_stand_in_platform_yaml_beside_our_comments(new: Repository) -> None:
    """Nothing of our own example is left in it: no host suffix, no dashboard."""
    begin(new, "--cluster", "prod-1", "--server", "https://10.0.0.1:6443", "--exposure", "ingress", "--mode", "branch")

    document, findings = yaml_reader.read(layout.PLATFORM, new.read(layout.PLATFORM).encode())

    assert document is not None
    assert findings == ()
    assert document.data["git"] == {"repoURL": ANSWERS.repo_url, "branch": "main", "publishing": "branch"}
    assert document.data["clusters"]["prod-1"]["server"] == "https://10.0.0.1:6443"
    assert list(document.data["clusters"]) == ["prod-1"]
    assert (document.data["domain"], document.data["exposure"]) == (ANSWERS.domain, "ingress")
    kept = "https://vault.example.com"  # the secret store's, which base/ names as well: both are edited together
    assert "example.com" not in document.text.replace(kept, "")
    assert "customers.example.net" not in document.text
    assert document.text.startswith(SOURCE.partition("\napiVersion")[0])


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        (
            "--repo-url",
            "ftp://x/y",
            "git.repoURL: 'ftp://x/y' is not the address of a git repository without credentials",
        ),
        ("--repo-url", "https://me:secret@x/y", "is not the address of a git repository without credentials"),
        ("--repo-url", "https://x/y\nbranch: evil", "is not the address of a git repository without credentials"),
        ("--domain", "Files.Example.com", "domain: 'Files.Example.com' is not a DNS name in lower case"),
        ("--domain", "a.b\nexposure: ingress", "is not a DNS name in lower case"),
        ("--domain", "a.b{{ .tenant }}", "is not a DNS name in lower case"),
        ("--server", "http://10.0.0.1", "server: 'http://10.0.0.1' is not an https address"),
        ("--cluster", "in cluster", "the key 'in cluster' is not a DNS label in lower case"),
        ("--owners", "acme", "'acme' is no user and no team"),
        ("--owners", "@acme\n* @evil", "is no user and no team"),
    ],
)
def test_a_value_that_cannot_be_right_is_refused(new: Repository, option: str, value: str, said: str) -> None:
    """With the words of the schema, and nothing is written, not even the folder's .git."""
    done = new.run("init", ".", *NEEDED, option, value)

    assert (done.exit, done.stdout) == (1, "")
    assert said in done.stderr
    assert list(new.root.iterdir()) == []


@pytest.mark.slow
@given(field=st.sampled_from(["repo_url", "domain", "cluster", "server"]), value=st.text(max_size=80))
def test_whatever_is_answered_is_refused_or_read_back_as_it_was(field: str, value: str) -> None:
    """No text becomes structure."""
    changed: dict[str, Any] = {field: value}
    answers = replace(ANSWERS, **changed)
    try:
        init.judge(SOURCE, answers)
    except Refused:
        return

    document, _ = yaml_reader.read(layout.PLATFORM, init.platform_text(SOURCE, answers).encode())

    assert document is not None
    ((cluster, settings),) = document.data["clusters"].items()
    read = (document.data["git"]["repoURL"], document.data["domain"], cluster, settings["server"])
    assert read == (answers.repo_url, answers.domain, answers.cluster, answers.server)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("platform.yaml", "holds platform.yaml already"),
        (".github/CODEOWNERS", "holds .github/CODEOWNERS already"),
        ("tenants/acme.yaml", "holds tenants already"),
        ("overlays/acme/facts.yaml", "holds overlays already"),
        (".vscode", "holds .vscode already"),
    ],
)
def test_nothing_is_written_where_something_is_in_the_way(new: Repository, there: str, said: str) -> None:
    """A file of ours, a folder whose content would become ours, a file in the place of a folder."""
    new.write(there, "theirs\n")

    done = new.run("init", ".", *NEEDED)

    assert (done.exit, done.stdout) == (1, "")
    assert said in done.stderr
    assert everything(new.root) == [there]
    assert new.read(there) == "theirs\n"
    assert not (new.root / ".git").exists()


@pytest.mark.slow
def test_a_second_init_is_refused_by_what_the_first_one_wrote(new: Repository) -> None:
    """It names a few of the files, not all of them."""
    begin(new)
    before = new.files()

    done = new.run("init", ".", *NEEDED)

    assert done.exit == 1
    assert "holds .editorconfig, .gitattributes, .github/CODEOWNERS and 18 more already" in done.stderr
    assert new.files() == before


def test_a_link_in_the_place_of_a_folder_is_not_followed(new: Repository, tmp_path: Path) -> None:
    """Nothing is written outside of the folder that was named."""
    (tmp_path / "elsewhere").mkdir()
    (new.root / ".github").symlink_to(tmp_path / "elsewhere")

    done = new.run("init", ".", *NEEDED)

    assert (done.exit, list((tmp_path / "elsewhere").iterdir())) == (1, [])
    assert "holds .github already" in done.stderr


def test_a_file_is_no_folder(new: Repository) -> None:
    """DIR itself may be taken."""
    new.write("taken", "theirs\n")

    done = new.run("init", "taken", *NEEDED)

    assert (done.exit, new.read("taken")) == (1, "theirs\n")
    assert "taken is not a folder" in done.stderr


def test_a_folder_inside_another_repository_is_refused(new: Repository) -> None:
    """Argo CD's paths start at the top of a repository, so it would never work there."""
    new.git("init", "--quiet")

    done = new.run("init", "sub/folder", *NEEDED)

    assert done.exit == 1
    assert "lies inside the git repository" in done.stderr
    assert not (new.root / "sub").exists()


def test_an_interrupted_write_leaves_nothing(new: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were written already go again, with the folders that were made for them."""
    written: list[Path] = []

    def interrupted(path: Path, data: bytes) -> None:
        if path.is_relative_to(new.root / "repository"):
            written.append(path)
            if len(written) == 20:
                raise KeyboardInterrupt
        write_whole(path, data)

    monkeypatch.setattr("generator.init.init.replace", interrupted)

    done = new.run("init", "repository", *NEEDED)

    assert (done.exit, len(written)) == (130, 20)
    assert list(new.root.iterdir()) == []


def test_without_a_kustomize_nothing_is_written(new: Repository, tmp_path: Path) -> None:
    """What was made could not be checked."""
    command = [sys.executable, "-m", "generator", "init", str(new.root), *NEEDED]
    environment = os.environ | {"TENANTRY_KUSTOMIZE": str(tmp_path / "none")}

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (4, "")
    assert list(new.root.iterdir()) == []


# --- questions


def test_in_a_pipe_nothing_is_asked(new: Repository) -> None:
    """What has no default must be an option."""
    done = new.run("init", ".", "--repo-url", ANSWERS.repo_url)

    assert done.exit == 2
    assert "Missing option '--domain'" in done.stderr
    assert list(new.root.iterdir()) == []


@pytest.mark.slow
def test_on_a_terminal_what_is_missing_is_asked_until_it_is_right(new: Repository) -> None:
    """A bad answer is refused at once, an empty one takes the default, an option is not asked for."""
    answers = [
        "https://git.acme.example/t.git",
        "Not A Domain",
        "files.acme.example",
        "",
        "",
        "ingress",
        "gitlab",
        "branch",
        "tenantry==0.1.0",
        PACKAGE,
    ]

    said = at_a_terminal(["init", str(new.root), "--owners", "@acme/platform"], answers)

    assert "Error: domain: 'Not A Domain' is not a DNS name in lower case" in said
    assert said.count("Domain: a tenant's first host is NAME.DOMAIN: ") == 2
    assert "Name of the cluster in Argo CD [in-cluster]: " in said
    assert "approves changes" not in said
    assert "Error: 'tenantry==0.1.0' is neither a wheel nor a git commit: for example --package " in said
    assert everything(new.root) == (ROOT / "tests/cases/init/gitlab-branch.txt").read_text().splitlines()
    assert "exposure: ingress" in new.read("platform.yaml")


def at_a_terminal(arguments: list[str], answers: list[str]) -> str:
    """Run tenantry on a terminal of its own, answer each of its questions, return all that it showed there."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "generator", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = "".join(conversation(ours, answers))
    os.close(ours)
    assert process.returncode == 0, shown
    return shown


def conversation(terminal: int, answers: list[str]) -> Iterator[str]:
    """Yield what is shown; answer whenever it ends as a question does."""
    waiting = iter(answers)
    shown = ""
    while select.select([terminal], [], [], 60)[0]:
        try:
            part = os.read(terminal, 4096).decode()
        except OSError:  # the other end is closed
            return
        yield part
        shown += part
        if shown.endswith(": "):
            os.write(terminal, f"{next(waiting)}\n".encode())
            shown = ""


# --- one source


def test_the_wheel_carries_what_init_reads() -> None:
    """The list in pyproject.toml, which a wheel is made by, is the one that the program goes by."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())

    included = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]

    assert included == {name: f"generator/starter/{name}" for name in sorted(init.OWN)}


def test_init_lays_down_no_release_and_no_entry() -> None:
    """A new repository starts with an example tenant, not with our companies."""
    paths = set(init.own_files())

    assert {path for path in paths if path.startswith(("base/releases", *layout.GENERATED))} == set()
    assert {path for path in paths if path.startswith("tenants/")} == {init.EXAMPLE}


def test_our_own_workflows_are_those_that_init_writes() -> None:
    """With the action of this checkout in the place of the one that init lays down."""
    ours = init.workflows(branch="main", mode="committed", pins="")

    assert {path: (ROOT / path).read_text() for path in ours} == ours
