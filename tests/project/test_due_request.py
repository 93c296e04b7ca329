"""The nightly job that proposes what is due: one request, written again by the next night, gone when nothing is due.

Its script runs as the forge would run it, night after night, in fresh clones of a bare repository.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.harness import Repository
from tests.project.requests import Requests, served
from tests.project.test_ci import GITHUB, GITLAB, step

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
BRANCH = "tenantry/due"
GONE = "2026-01-31"
"""A day that is over, whenever this runs."""


@dataclass(frozen=True, slots=True)
class Project:
    """A repository with its origin, and the nightly job of a forge.

    Attributes:
        work: Where people work.
        origin: The bare repository.
        requests: Its pull requests.
        script: Of the job.
        variables: That the job finds.
        folder: For the clones of the nights.
    """

    work: Repository
    origin: Path
    requests: Requests
    script: str
    variables: Mapping[str, str]
    folder: Path

    def push(self, message: str) -> None:
        """Push what people changed, to main."""
        self.work.generate().git("add", "--all")
        self.work.git("commit", "--quiet", "--message", message)
        self.work.git("push", "--quiet", "origin", "main")

    def night(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the job in a new clone of main."""
        clone = self.folder / f"night-{len(list(self.folder.iterdir()))}"
        self.work.git("clone", "--quiet", str(self.origin), str(clone))
        home = {"HOME": str(clone.parent), "GIT_CONFIG_GLOBAL": str(clone / ".git/global")}
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        environment = clean | home | dict(self.variables) | variables
        environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.script]
        return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)

    def passes(self) -> None:
        """Run the job, which must succeed."""
        done = self.night()
        assert done.returncode == 0, done.stdout + done.stderr

    def head(self, branch: str = BRANCH) -> str:
        """Return the commit of a branch, or nothing where there is none."""
        return self.work.git("ls-remote", str(self.origin), f"refs/heads/{branch}").partition("\t")[0]

    def merge(self) -> None:
        """Merge the branch of the request, as a forge does at a click; the branch stays there."""
        self.work.git("fetch", "--quiet", "origin")
        self.work.git("merge", "--quiet", "--no-ff", "--message", "Merge", f"origin/{BRANCH}")
        self.work.git("push", "--quiet", "origin", "main")
        self.requests.made[-1]["open"] = False


@pytest.fixture
def project(request: pytest.FixtureRequest, repository: Repository, tmp_path: Path) -> Iterator[Project]:
    """Two companies in which nothing is due, pushed to a bare repository; a test may name the forge."""
    forge = getattr(request, "param", "github")
    origin = tmp_path / "origin.git"
    (tmp_path / "nights").mkdir()
    repository.git("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("config", "user.name", "Ops")
    repository.git("config", "user.email", "ops@example.com")
    repository.git("remote", "add", "origin", str(origin))
    repository.tenant("company-001").tenant("company-002")
    with served(origin) as requests:
        if forge == "github":
            script = step(GITHUB["github-committed/drift.yaml"], "Propose what is due")
            variables = {
                "TOKEN": "t0ken",
                "PULLS": f"{requests.address}/repos/acme/tenants/pulls",
                "OWNER": "acme",
                "BASE": "main",
            }
        else:
            script = "\n".join(yaml.safe_load(GITLAB["gitlab-committed"])["due"]["script"])
            variables = {
                "TENANTRY_DUE_TOKEN": "t0ken",
                "CI_API_V4_URL": f"{requests.address}/api/v4",
                "CI_PROJECT_ID": "1",
                "CI_COMMIT_BRANCH": "main",
                "CI_SERVER_HOST": "git.acme.example",
                "CI_PROJECT_URL": str(origin).removesuffix(".git"),
            }
        made = Project(repository, origin, requests, script, variables, tmp_path / "nights")
        made.push("Start")
        yield made


@pytest.mark.parametrize("project", ["github", "gitlab"], indirect=True)
def test_one_request_lists_what_is_due_from_night_to_night(project: Project) -> None:
    """Made once, written again when more is due, merged by a click, and closed once nothing is left."""
    project.passes()
    assert (project.requests.made, project.head()) == ([], "")

    project.work.tenant("company-001", expires=GONE)
    project.push("A trial that is over")
    project.passes()
    first = project.head()
    project.passes()
    assert project.head() == first
    assert [one["title"] for one in project.requests.made] == ["What is due"]
    assert (
        f"    tenants/company-001.yaml:3:10: warning: the trial ended on {GONE} [DUE002]\n" in project.requests.texts[0]
    )

    project.work.tenant("company-002", state="retiring", retireOn=GONE)
    project.push("A company whose last day is over")
    project.passes()
    (text,) = project.requests.texts
    assert "    tenants/company-001.yaml:3:10: warning: the trial ended on" in text
    assert f"error: the last day of company-002 was {GONE}: it can be purged [DUE003]\n" in text
    assert "      hint: tenantry set company-002 state=purging backup=WHERE" in text
    assert project.head() not in {first, project.head("main")}

    project.merge()
    assert "state: suspended\n" in project.work.read("tenants/company-001.yaml")
    assert project.work.run("generate", "--check").exit == 0
    project.passes()
    (text,) = project.requests.texts
    assert "company-001" not in text
    assert len(project.requests.made) == 2

    project.work.tenant("company-002")
    project.push("It stays")
    project.passes()
    assert (project.requests.texts, project.head()) == ([], "")


def test_what_somebody_pushes_to_the_request_stays(project: Project) -> None:
    """Only its text is written again; when it is merged, the next night begins from main."""
    work = project.work
    work.tenant("company-001", paused={"until": GONE, "reason": "by hand"}).tenant("company-002", expires=GONE)
    project.push("A pause and a trial that are over")
    project.passes()
    work.git("fetch", "--quiet", "origin")
    work.git("switch", "--quiet", "--create", "theirs", f"origin/{BRANCH}")
    work.tenant("company-002").generate().git("add", "--all")
    work.git("commit", "--quiet", "--message", "The company stays")
    work.git("push", "--quiet", "origin", f"HEAD:refs/heads/{BRANCH}")
    theirs = project.head()
    work.git("switch", "--quiet", "main")

    project.passes()
    assert (project.head(), len(project.requests.texts)) == (theirs, 1)
    project.merge()
    assert "expires" not in work.read("tenants/company-002.yaml")
    assert "state" not in work.read("tenants/company-002.yaml")
    project.passes()
    assert (project.requests.texts, project.head()) == ([], "")


def test_a_request_that_cannot_be_made_fails_the_night(project: Project) -> None:
    """So does a forge that does not answer, and a repository whose files have errors: no request is closed by that."""
    project.work.tenant("company-001", expires=GONE)
    project.push("A trial that is over")
    nowhere = {"PULLS": "http://127.0.0.1:9/pulls", "CI_API_V4_URL": "http://127.0.0.1:9/api/v4"}
    assert project.night(**nowhere).returncode != 0
    assert (project.requests.made, project.head()) == ([], "")

    project.passes()
    project.work.write("tenants/company-003.yaml", "name: company-003\n")
    project.work.git("add", "--all")
    project.work.git("commit", "--quiet", "--message", "An error")
    project.work.git("push", "--quiet", "origin", "main")
    assert project.night().returncode != 0
    assert len(project.requests.texts) == 1


@pytest.mark.parametrize("project", ["gitlab"], indirect=True)
def test_without_a_token_gitlab_s_night_is_red_while_something_is_due(project: Project) -> None:
    """It says what, and makes nothing; on GitHub the token is always there."""
    assert project.night(TENANTRY_DUE_TOKEN="").returncode == 0
    project.work.tenant("company-001", expires=GONE)
    project.push("A trial that is over")

    done = project.night(TENANTRY_DUE_TOKEN="")

    assert (done.returncode, project.requests.made) == (1, [])
    assert f"error: the trial ended on {GONE} [DUE002]" in done.stdout
