"""The CI files, ours and those that init writes: what they may do, and their shell steps, run for real.

The forges' own machinery cannot run here, so each step's script runs under the shell that the forge uses; a server in
this process stands for the few addresses of the forge that a script calls.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, get_args

import click
import pytest
import yaml

from generator import build, init
from generator.cli import cli
from generator.init import Answers
from generator.model import Publishing
from tests.harness import ROOT

BIN = Path(sys.executable).parent
MARK = "<!-- tenantry diff -->"


def laid_down(forge: str, mode: str) -> Mapping[str, str]:
    """Return the files of a new repository."""
    answers: dict[str, Any] = {"forge": forge, "mode": mode}
    return init.laid_down(
        init.own_files(),
        Answers(repo_url="https://git.acme.example/t.git", domain="acme.example", owners="@acme/platform", **answers),
    )


NEW = {f"{forge}-{mode}": laid_down(forge, mode) for forge in ("github", "gitlab") for mode in get_args(Publishing)}
GITHUB = {
    **{f"ours/{path.name}": path.read_text() for path in sorted((ROOT / ".github/workflows").glob("*.yaml"))},
    **{
        f"{name}/{Path(path).name}": text
        for name, tree in NEW.items()
        for path, text in tree.items()
        if path.startswith(".github/workflows/")
    },
}
GITLAB = {name: tree[".gitlab-ci.yml"] for name, tree in NEW.items() if ".gitlab-ci.yml" in tree}
ACTION = (ROOT / "action.yml").read_text()


def scripts(text: str) -> Iterator[str]:
    """Yield every shell script of a CI file."""
    data = yaml.safe_load(text)
    for job in (data.get("jobs") or {"": data.get("runs", {})}).values():
        yield from (step["run"] for step in job.get("steps", ()) if "run" in step)
    for job in data.values():
        if isinstance(job, dict):
            yield from ("\n".join(job[key]) for key in ("before_script", "script") if key in job)


# --- what they may do


@pytest.mark.parametrize("name", GITHUB)
def test_a_workflow_asks_for_no_more_than_its_jobs_need(name: str) -> None:
    """Nothing by default; and a job that may write to a pull request runs nothing that came with it."""
    workflow = yaml.safe_load(GITHUB[name])
    triggers = workflow[True]  # YAML 1.1 takes the key `on` for true, and GitHub does not mind
    may_write = {
        (job, scope)
        for job, settings in workflow["jobs"].items()
        for scope, access in settings["permissions"].items()
        if access == "write"
    }

    assert workflow["permissions"] == {}
    assert "pull_request_target" not in triggers
    assert may_write <= {("publish", "contents"), ("scan", "security-events"), ("comment", "pull-requests")}
    for job, _ in may_write - {("publish", "contents")}:
        used = [step["uses"].partition("@")[0] for step in workflow["jobs"][job]["steps"] if "uses" in step]
        assert set(used) <= {"actions/download-artifact", "github/codeql-action/upload-sarif"}
        if "pull_request" in triggers:
            assert "head.repo.full_name == github.repository" in workflow["jobs"][job]["if"]


@pytest.mark.parametrize("text", [*GITHUB.values(), ACTION], ids=[*GITHUB, "action.yml"])
def test_every_action_is_pinned_by_the_digest_of_a_commit_with_its_version(text: str) -> None:
    """But for our own, which comes with the checkout."""
    used = re.findall(r"uses: (\S+)(.*)", text)

    loose = [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", "".join(one))]

    assert {name.strip('"') for name, _ in loose} <= {"./", "./.github/actions/tenantry"}


def test_every_pin_of_an_action_is_the_same_everywhere() -> None:
    """One version of an action in all files."""
    pins = {pin for text in (*GITHUB.values(), ACTION) for pin in re.findall(r"uses: (\S+@.+)", text)}

    assert len(pins) == len({pin.partition("@")[0] for pin in pins})


@pytest.mark.parametrize("text", GITHUB.values(), ids=GITHUB)
def test_no_credentials_stay_in_a_checkout(text: str) -> None:
    """What a pull request brings finds no token in .git."""
    steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]

    kept = [step.get("with", {}).get("persist-credentials") for step in steps if "checkout" in step.get("uses", "")]

    assert set(kept) <= {False}


CALLS = sorted(
    {
        line.strip()
        for text in (*GITHUB.values(), *GITLAB.values())
        for script in scripts(text)
        for line in re.findall(r"(?<![\w/'-] )\btenantry (?!diff -->)([^\n;>|]*)", script)
    }
)


@pytest.mark.parametrize("line", CALLS)
def test_every_verb_that_is_called_takes_these_arguments(line: str) -> None:
    """The command line itself parses each line; nothing is run."""
    verb, *arguments = shlex.split(re.sub(r"\$\w+", "x", line))
    if verb == "diff" and verb not in cli.commands:
        pytest.skip("tenantry has no diff yet")

    assert cli.commands[verb].make_context(verb, arguments, parent=click.Context(cli)).command.name == verb


# --- other people's checkers


def check_schema(name: str, *files: Path) -> None:
    """Check files against a schema that check-jsonschema brings."""
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", name, *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", GITLAB)
def test_the_pipeline_of_gitlab_is_valid_by_gitlabs_own_schema(tmp_path: Path, name: str) -> None:
    """The schema that GitLab's editor uses."""
    (tmp_path / ".gitlab-ci.yml").write_text(GITLAB[name])

    check_schema("vendor.gitlab-ci", tmp_path / ".gitlab-ci.yml")


def test_the_action_is_valid_by_its_schema() -> None:
    """The schema of a composite action."""
    check_schema("vendor.github-actions", ROOT / "action.yml")


@pytest.mark.parametrize("name", ["github-committed", "github-branch"])
def test_zizmor_finds_nothing_in_a_new_repository(tmp_path: Path, name: str) -> None:
    """No injection into a script, no loose pin, no token that leaks, no permission too many."""
    for path, text in NEW[name].items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    assert_zizmor_finds_nothing(tmp_path)


def test_zizmor_finds_nothing_in_ours() -> None:
    """Workflows, the action and the hooks."""
    assert_zizmor_finds_nothing(ROOT / ".github", ROOT / "action.yml")


def assert_zizmor_finds_nothing(*paths: Path) -> None:
    """Run zizmor without the network, with the one exception that .github/zizmor.yml explains."""
    command: list[str | Path] = [
        BIN / "zizmor",
        "--offline",
        "--quiet",
        "--config",
        ROOT / ".github/zizmor.yml",
        *paths,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", [".pre-commit-hooks.yaml", ".pre-commit-config.yaml"])
def test_pre_commit_takes_its_files(file: str) -> None:
    """The hooks that others use, and our own."""
    verb = "validate-manifest" if "hooks" in file else "validate-config"
    done = subprocess.run([BIN / "pre-commit", verb, ROOT / file], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("mode", get_args(Publishing))
def test_pre_commit_takes_the_configuration_of_a_new_repository(tmp_path: Path, mode: str) -> None:
    """It is valid, and names the hooks that others can use."""
    config = tmp_path / ".pre-commit-config.yaml"
    config.write_text(NEW[f"github-{mode}"][config.name])
    done = subprocess.run([BIN / "pre-commit", "validate-config", config], capture_output=True, text=True, check=False)
    offered = {hook["id"]: hook["entry"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    hooks = {hook["id"]: hook["entry"] for hook in yaml.safe_load(config.read_text())["repos"][0]["hooks"]}

    assert done.returncode == 0, done.stdout
    assert hooks.items() <= offered.items()


# --- their scripts, run


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as both forges do: bash that stops at the first error, in a pipe as well."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | variables
    environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def step(text: str, name: str) -> str:
    """Return the script of the step with this name."""
    data = yaml.safe_load(text)
    jobs = data["jobs"].values() if "jobs" in data else (data["runs"],)
    (script,) = [step["run"] for job in jobs for step in job["steps"] if step.get("name") == name]
    return str(script)


@pytest.fixture
def action(tmp_path: Path) -> dict[str, str]:
    """The variables of a runner whose action has the checksums of an archive that lies in a mirror."""
    for folder in ("python/bin", "temp", "mirror", "action/tools/kustomize"):
        (tmp_path / folder).mkdir(parents=True)
    archive = tmp_path / f"mirror/kustomize_{build.VERSION}_linux_amd64.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as content:
        content.add(build.kustomize(), "kustomize")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (tmp_path / "action/tools/kustomize/checksums").write_text(f"{digest}  {archive.name}\n")
    return {
        "RUNNER_OS": "Linux",
        "RUNNER_ARCH": "X64",
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "GITHUB_ACTION_PATH": str(tmp_path / "action"),
        "TENANTRY_KUSTOMIZE_URL": (tmp_path / "mirror").as_uri(),
        "pythonLocation": str(tmp_path / "python"),
    }


def test_the_action_puts_the_pinned_kustomize_beside_python(tmp_path: Path, action: dict[str, str]) -> None:
    """Where tenantry looks for it first."""
    done = shell(step(ACTION, "Install kustomize"), tmp_path, **action)

    assert done.returncode == 0, done.stderr
    assert build.version_of(str(tmp_path / "python/bin/kustomize")) == build.VERSION


def test_the_action_refuses_an_archive_that_is_not_the_official_one(tmp_path: Path, action: dict[str, str]) -> None:
    """Nothing of it is unpacked."""
    (archive,) = (tmp_path / "mirror").iterdir()
    archive.write_bytes(archive.read_bytes() + b"\0")

    done = shell(step(ACTION, "Install kustomize"), tmp_path, **action)

    assert done.returncode != 0
    assert list((tmp_path / "python/bin").iterdir()) == []


def test_the_action_takes_the_official_checksums() -> None:
    """The path that it reads is there in this repository, and in a new one beside its copy of the action."""
    (path,) = re.findall(r"\$GITHUB_ACTION_PATH/([\w/.]+)\"", step(ACTION, "Install kustomize"))
    new = NEW["github-committed"]

    assert new[f".github/actions/tenantry/{path}"] == (ROOT / path).read_text()
    assert new[".github/actions/tenantry/action.yml"] == ACTION


def test_the_action_runs_words_and_no_code(tmp_path: Path) -> None:
    """Whatever stands in `args` reaches tenantry as arguments."""
    done = shell(step(ACTION, "Run tenantry"), tmp_path, ARGS="explain $(touch${IFS}evil);touch evil *")

    assert done.returncode == 2
    assert "Got unexpected extra argument" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_pipeline_of_gitlab_refuses_an_archive_that_is_not_the_official_one(tmp_path: Path) -> None:
    """The line that checks it fails, for another archive and for none."""
    job = yaml.safe_load(GITLAB["gitlab-committed"])[".tenantry"]
    (check,) = [line for line in job["before_script"] if "sha256sum" in line]
    line = check.replace("/tmp", shlex.quote(str(tmp_path)))  # noqa: S108 -- the script's own folder is replaced by ours
    (tmp_path / f"kustomize_{build.VERSION}_linux_amd64.tar.gz").write_bytes(b"another")

    assert shell(line, tmp_path, KUSTOMIZE_SUMS=job["variables"]["KUSTOMIZE_SUMS"]).returncode != 0
    assert (ROOT / "tools/kustomize/checksums").read_text().count("_linux_") == len(
        job["variables"]["KUSTOMIZE_SUMS"].splitlines()
    )
    assert set(job["variables"]["KUSTOMIZE_SUMS"].splitlines()) < set(
        (ROOT / "tools/kustomize/checksums").read_text().splitlines()
    )


@pytest.mark.parametrize(
    ("script", "variable", "user"),
    [
        (step(GITHUB["ours/publish.yaml"], "Publish"), "TOKEN", "x-access-token"),
        (step(GITHUB["github-branch/drift.yaml"], "Compare with what is published"), "TOKEN", "x-access-token"),
        ("\n".join(yaml.safe_load(GITLAB["gitlab-branch"])["publish"]["script"]), "TENANTRY_PUSH_TOKEN", "oauth2"),
    ],
    ids=["github-publish", "github-drift", "gitlab-publish"],
)
def test_git_gets_the_token_from_the_environment(tmp_path: Path, script: str, variable: str, user: str) -> None:
    """Git itself asks the helper that the step configures; the token stands in no file."""
    (helper,) = re.findall(r"git config --global credential\.helper (?:\\\n\s*)?.*", script)
    asked = "printf 'protocol=https\\nhost=git.example.com\\n\\n' | git credential fill"
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), variable: "s3cret"}

    done = shell(f"{helper}\n{asked}", tmp_path, **home)

    assert done.returncode == 0, done.stderr
    assert {f"username={user}", "password=s3cret"} <= set(done.stdout.splitlines())
    assert "s3cret" not in (tmp_path / ".gitconfig").read_text()


# --- one comment, written anew


@dataclass
class Forge:
    """The comments of one pull request, behind the addresses by which both forges offer them."""

    address: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)

    def comment(self, author: str, body: str) -> dict[str, Any]:
        """Add a comment, in the forms of both forges."""
        number = len(self.comments) + 1
        one = {
            "id": number,
            "url": f"{self.address}/comments/{number}",
            "user": {"login": author},
            "author": {"id": author},
            "body": body,
        }
        self.comments.append(one)
        return one

    def bodies(self, author: str) -> list[str]:
        """Return what an author's comments say."""
        return [one["body"] for one in self.comments if one["user"]["login"] == author]


class Handler(BaseHTTPRequestHandler):
    """Answers for a forge."""

    forge: ClassVar[Forge]
    me: ClassVar[str]

    def answer(self, data: Any) -> None:
        """Send data as JSON."""
        content = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def sent(self) -> str:
        """Return the comment that was sent: GitHub takes JSON, GitLab a form."""
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        return str(json.loads(raw)["body"] if raw.startswith("{") else urllib.parse.parse_qs(raw)["body"][0])

    def do_GET(self) -> None:
        """Say who asks, or list the comments."""
        self.answer({"id": self.me} if self.path.endswith("/user") else self.forge.comments)

    def do_POST(self) -> None:
        """Add a comment."""
        self.answer(self.forge.comment(self.me, self.sent()))

    def do_PUT(self) -> None:
        """Replace the body of a comment."""
        one = self.forge.comments[int(self.path.rpartition("/")[2]) - 1]
        one["body"] = self.sent()
        self.answer(one)

    do_PATCH = do_PUT  # noqa: N815 -- as above

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def forge() -> Iterator[Forge]:
    """A forge on which others have commented before us, one of them with our mark."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Handler.forge = Forge(f"http://127.0.0.1:{server.server_port}")
        Handler.me = "github-actions[bot]"
        for author, body in (("someone", f"{MARK}\nfooled you"), (Handler.me, "another workflow's words")):
            Handler.forge.comment(author, body)
        Thread(target=server.serve_forever, daemon=True).start()
        yield Handler.forge
        server.shutdown()


def github_comment(folder: Path, forge: Forge, text: str) -> subprocess.CompletedProcess[str]:
    """Run the step of the workflow."""
    (folder / "diff.md").write_text(text)
    script = step(GITHUB["ours/check.yaml"], "Comment")
    return shell(script, folder, TOKEN="t", COMMENTS=f"{forge.address}/repos/a/b/issues/1/comments")  # noqa: S106


def gitlab_comment(folder: Path, forge: Forge, text: str) -> subprocess.CompletedProcess[str]:
    """Run the line of the job that comments, with its folder in the place of /tmp."""
    (folder / "diff.md").write_text(text)
    (script,) = [line for line in yaml.safe_load(GITLAB["gitlab-committed"])["diff"]["script"] if "mark=" in line]
    variables = {"CI_API_V4_URL": f"{forge.address}/api/v4", "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_IID": "2"}
    return shell(script.replace("/tmp/", f"{folder}/"), folder, TENANTRY_COMMENT_TOKEN="t", **variables)  # noqa: S106, S108


@pytest.mark.parametrize("comment", [github_comment, gitlab_comment])
def test_there_is_one_comment_and_the_next_run_writes_it_anew(tmp_path: Path, forge: Forge, comment: Any) -> None:
    """Other people's comments stay, also one that pretends to be ours."""
    texts = ['first\n"quoted" & % + $HOME `x` 株式会社\n', "second\n"]
    done: Sequence[Any] = [comment(tmp_path, forge, text) for text in texts]

    assert [(one.returncode, one.stderr) for one in done] == [(0, ""), (0, "")]
    assert forge.bodies("someone") == [f"{MARK}\nfooled you"]
    assert forge.bodies(Handler.me) == ["another workflow's words", f"{MARK}\nsecond\n"]


@pytest.mark.parametrize("comment", [github_comment, gitlab_comment])
def test_a_comment_arrives_as_it_was_written(tmp_path: Path, forge: Forge, comment: Any) -> None:
    """Quotes, line ends and other scripts are part of a diff."""
    text = 'first\n"quoted" & % + $HOME `x` \\n 株式会社\n'

    comment(tmp_path, forge, text)

    assert forge.bodies(Handler.me)[-1] == f"{MARK}\n{text}"


@pytest.mark.parametrize("comment", [github_comment, gitlab_comment])
def test_a_forge_that_does_not_answer_fails_the_step(tmp_path: Path, comment: Any) -> None:
    """No second comment is made because the first could not be looked up."""
    assert comment(tmp_path, Forge("http://127.0.0.1:9"), "text").returncode != 0


# --- a whole pull request, with the real tenantry


@dataclass(frozen=True)
class Project:
    """A repository that init made, its bare origin, and the clone of a runner at a change that adds a company.

    Attributes:
        files: Files of the repository, for its CI files.
        origin: The bare repository.
        clone: The runner's work tree, at the head of the change.
        variables: What the runner sets.
    """

    files: Mapping[str, str]
    origin: Path
    clone: Path
    variables: Mapping[str, str]

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script in the clone."""
        return shell(script, self.clone, **self.variables)

    def gitlab(self, job: str) -> str:
        """Return the script of a job, with a folder of ours in the place of /tmp."""
        lines: list[str] = yaml.safe_load(self.files[".gitlab-ci.yml"])[job]["script"]
        return "\n".join(lines).replace("/tmp/", f"{self.variables['RUNNER_TEMP']}/")  # noqa: S108 -- replaced

    def branch(self, name: str, path: str) -> str:
        """Return what a file holds on a branch of the origin, or nothing."""
        command = ["git", "show", f"{name}:{path}"]
        return subprocess.run(command, cwd=self.origin, capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module", params=[("github", "branch"), ("gitlab", "committed")], ids="-".join)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for each forge; both modes have their turn."""
    forge, mode = request.param
    folder = tmp_path_factory.mktemp("project")
    temporary = folder / "temp"
    temporary.mkdir()
    (folder / ".gitconfig").write_text("[user]\nname = somebody\nemail = somebody@acme.example\n")
    variables = {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "RUNNER_TEMP": str(temporary),
        "GITHUB_BASE_REF": "main",
        "GITHUB_STEP_SUMMARY": str(temporary / "summary.md"),
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_PROJECT_URL": str(folder / "origin"),
        "CI_SERVER_HOST": "git.acme.example",
    }
    options = (
        f"--repo-url https://git.acme.example/t.git --domain acme.example --owners @x --forge {forge} --mode {mode}"
    )
    commit = "git add --all && git commit --quiet --message"
    made = shell(
        f"""
        git init --quiet --bare --initial-branch main origin.git
        tenantry init work {options}
        cd work
        {commit} start && git push --quiet ../origin.git main
        git switch --quiet --create company-101
        tenantry add company-101 --plan silver --chatbot && tenantry generate
        {commit} company-101 && git push --quiet ../origin.git company-101
        cd .. && git clone --quiet --branch company-101 origin.git clone
        """,
        folder,
        **variables,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    files = {
        path: (folder / "work" / path).read_text()
        for path in NEW[f"{forge}-{mode}"]
        if path.startswith((".github/workflows", ".gitlab-ci.yml"))
    }
    return Project(files, folder / "origin.git", folder / "clone", variables)


@pytest.mark.slow
def test_a_pull_request_that_adds_a_company_passes_and_shows_its_effect(project: Project) -> None:
    """Every step of the check, in order; what they write is no part of the change."""
    if ".gitlab-ci.yml" in project.files:
        done = [project.run(project.gitlab(job)) for job in ("check", "diff")]
        report = project.clone
        names = ["diff.json", "diff.md", "tenantry.sarif", "tenantry.xml"]
    else:
        workflow = project.files[".github/workflows/check.yaml"]
        done = [project.run(step(workflow, name)) for name in ("Check", "Report", "Diff")]
        report = Path(project.variables["RUNNER_TEMP"], "report")
        names = ["diff.json", "diff.md", "tenantry.sarif"]

    assert [(one.returncode, one.stderr) for one in done if one.returncode] == []
    assert [name for name in names if not (report / name).stat().st_size] == []
    assert "company-101" in (report / "diff.md").read_text()
    found = json.loads((report / "tenantry.sarif").read_text())["runs"][0]["results"]
    assert [one for one in found if one["level"] == "error"] == []
    assert "the change touches 1 tenant of 2" in done[0].stderr


@pytest.mark.slow
def test_after_the_merge_what_argo_cd_follows_has_the_company(project: Project) -> None:
    """The publish step, on a clone of the merged branch, with the nightly job before and after it."""
    mode, publish, drift = (
        ("committed", project.gitlab("publish"), project.gitlab("drift"))
        if ".gitlab-ci.yml" in project.files
        else (
            "branch",
            step(project.files[".github/workflows/publish.yaml"], "Publish"),
            step(project.files[".github/workflows/drift.yaml"], "Compare with what is published"),
        )
    )
    merged = project.run("git switch --quiet main && git merge --quiet origin/company-101 && git push --quiet")
    assert merged.returncode == 0, merged.stderr

    done = [project.run(script) for script in (drift, publish, drift)]

    assert [one.returncode for one in done] == [1 if mode == "branch" else 0, 0, 0], [one.stderr for one in done]
    followed = "deploy" if mode == "branch" else "main"
    assert "company-101" in project.branch(followed, "overlays/company-101/facts.yaml")
    assert (project.branch("main", "overlays/company-101/facts.yaml") == "") is (mode == "branch")
