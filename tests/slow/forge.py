"""A forge to run pipelines on: their real steps, in a bash of a machine of its own, on commits of a bare repository.

What a forge brings itself has a stand-in that does what that does: GitHub's actions/checkout and the runner's own
clone of GitLab (which refs are there, a detached head), setup-python, artifacts. Our composite action is read from the
place that `uses` names and its steps are run, too. Whatever a pipeline may say and this does not know is an error, so
nothing is passed over. Nothing leaves the machine but what pip asks its index for.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.harness import environment

BASH: Final = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_PIPEFAIL_MISSING: Final = ("bash", "--noprofile", "--norc", "-e")  # what GitHub takes when nobody names a shell
_TOOLS: Final = ("git", "curl", "jq")

_PYTHON: Final = """\
#!/bin/bash
# The same pins give the same environment: what was installed from them before is linked, not made again.
if [ "$1" = -I ] && [[ $2 = */tools/install.py ]]; then
  key=$(cd "$(dirname "$2")/.." && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c -32)
  if [ -e "{made}/$key" ]; then
    rmdir "$3" && ln -s "$(readlink "{made}/$key")" "$3"
    exit
  fi
  "{python}" "$@" && ln -s "$3" "{made}/$key"
  exit
fi
exec "{python}" "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How a job ended.

    Attributes:
        name: As the pipeline calls it.
        log: What its steps said.
        ok: Whether none of them failed.
        folder: Its machine: `work` is where it ran, `artifacts` what it handed on.
    """

    name: str
    log: str
    ok: bool
    folder: Path


@dataclass(slots=True, kw_only=True)
class Machines:
    """Where jobs run: each on a machine that nothing was done on.

    Attributes:
        folder: Holds everything.
        made: Remembers what was installed from which pins.
        origin: The bare repository.
        settings: Of git, in each machine's HOME.
        variables: That each job finds, for example a token.
    """

    folder: Path
    made: Path
    origin: Path
    settings: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    _count: int = 0

    def new(self, name: str) -> Path:
        """Make a machine with Python, git, curl and jq; tenantry is not on it."""
        self._count += 1
        machine = self.folder / f"{self._count:02d}-{name}"
        for part in ("home", "temp", "tools", "python/bin", "artifacts"):
            (machine / part).mkdir(parents=True)
        (machine / "home/.gitconfig").write_text(self.settings)
        for tool in _TOOLS:
            (machine / "tools" / tool).symlink_to(str(shutil.which(tool)))
        self.made.mkdir(exist_ok=True)
        real = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
        for python in ("python", "python3"):
            wrapper = machine / "python/bin" / python
            wrapper.write_text(_PYTHON.replace("{made}", str(self.made)).replace("{python}", str(real)))
            wrapper.chmod(0o755)
        return machine

    def bash(
        self, machine: Path, script: str, folder: Path, variables: Mapping[str, str], shell: tuple[str, ...] = BASH
    ) -> subprocess.CompletedProcess[str]:
        """Run a script on a machine; both streams come back as one."""
        passed = {key: value for key, value in environment().items() if key in _PASSED or key.startswith("PIP_")}
        home = {"HOME": str(machine / "home"), "TMPDIR": str(machine / "temp"), "CI": "true"}
        path = {"PATH": f"{machine / 'python/bin'}:{machine / 'tools'}:/usr/bin:/bin"}
        return subprocess.run(
            [*shell, "-c", script],
            cwd=folder,
            env=passed | path | home | dict(self.variables) | dict(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def git(self, *arguments: str, folder: Path | None = None) -> str:
        """Run git as the forge itself does."""
        command = ["git", *arguments]
        done = subprocess.run(
            command, cwd=folder or self.origin, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip()


_PASSED: Final = ("LANG", "LC_ALL", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


# --- GitHub


@dataclass(slots=True, kw_only=True)
class GitHub:
    """GitHub Actions, as far as our workflows go.

    Attributes:
        machines: Where jobs run.
        api: Address of a pull request's comments.
        requests: Address of the API that offers pull requests.
    """

    machines: Machines
    api: str = "http://127.0.0.1:9/comments"
    requests: str = "http://127.0.0.1:9"

    def push(self) -> dict[str, Job]:
        """Run what a push to main runs."""
        commit = self.machines.git("rev-parse", "refs/heads/main")
        return self._run("publish", commit, {"ref": "refs/heads/main", "event_name": "push"})

    def pull_request(self, branch: str) -> dict[str, Job]:
        """Run what a pull request of a branch runs: on the commit by which GitHub would merge it."""
        git = self.machines.git
        tree = git("merge-tree", "--write-tree", "main", branch)
        parents = ("-p", "refs/heads/main", "-p", f"refs/heads/{branch}")
        commit = git("commit-tree", tree, *parents, "-m", f"Merge {branch} into main")
        git("update-ref", "refs/pull/1/merge", commit)
        event = {
            "pull_request": {
                "base": {"ref": "main", "sha": git("rev-parse", "refs/heads/main")},
                "head": {"ref": branch, "repo": {"full_name": "acme/tenants"}},
                "comments_url": self.api,
            }
        }
        github = {"ref": "refs/pull/1/merge", "base_ref": "main", "event_name": "pull_request", "event": event}
        return self._run("check", commit, github)

    def night(self) -> dict[str, Job]:
        """Run what the schedule runs, which is on the newest commit of main."""
        commit = self.machines.git("rev-parse", "refs/heads/main")
        return self._run("drift", commit, {"ref": "refs/heads/main", "event_name": "schedule"})

    def quarter(self) -> dict[str, Job]:
        """Run what the schedule runs every quarter of an hour."""
        commit = self.machines.git("rev-parse", "refs/heads/main")
        return self._run("promote", commit, {"ref": "refs/heads/main", "event_name": "schedule"})

    def _run(self, workflow: str, commit: str, github: dict[str, Any]) -> dict[str, Job]:
        # the workflow is the one of the commit, so in a pull request that of the pull request
        data = yaml.safe_load(self.machines.git("show", f"{commit}:.github/workflows/{workflow}.yaml"))
        trigger = data[True][github["event_name"]]  # YAML 1.1 takes the key `on` for true
        assert github["event_name"] == "schedule" or trigger == {"branches": ["main"]}
        github |= {
            "sha": commit,
            "repository": "acme/tenants",
            "repository_owner": "acme",
            "api_url": self.requests,
            "token": "t0ken",
        }
        done: dict[str, Job] = {}
        for name, settings in data["jobs"].items():
            unknown = settings.keys() - {
                "runs-on", "timeout-minutes", "permissions", "defaults", "steps", "needs", "if", "strategy"
            }  # fmt: skip
            assert not unknown, unknown
            needs = settings.get("needs")
            run = _Steps(self.machines, self.machines.new(name), github, done[needs].folder if needs else None)
            run.failed = bool(needs) and not done[needs].ok
            if not run.wanted(settings.get("if")):
                continue
            run.failed = False
            defaults = settings.get("defaults", data["defaults"])["run"]
            done[name] = run.job(name, settings["steps"], defaults)
        return done


class _Steps:
    """The steps of one job of GitHub."""

    def __init__(self, machines: Machines, machine: Path, github: dict[str, Any], before: Path | None) -> None:
        self.machines = machines
        self.machine = machine
        self.context: dict[str, Any] = {"github": github, "runner": {"temp": str(machine / "temp")}, "steps": {}}
        self.before = before
        self.failed = False
        self.log: list[str] = []
        self.variables = {"pythonLocation": str(machine / "python")}
        (machine / "work").mkdir()

    def job(self, name: str, steps: list[dict[str, Any]], defaults: Mapping[str, str]) -> Job:
        """Run the steps of a job, in order."""
        for step in steps:
            self.step(step, defaults, self.context, {})
        return Job(name=name, log="".join(self.log), ok=not self.failed, folder=self.machine)

    def wanted(self, condition: str | None, context: dict[str, Any] | None = None) -> bool:
        """Say whether a condition holds; without a word about failures it also demands that there were none."""
        text = str(condition or "").removeprefix("${{").removesuffix("}}").strip()
        if "cancelled()" not in text and self.failed:
            return False
        return all(self.holds(part.strip(), context or self.context) for part in text.split("&&") if part.strip())

    def holds(self, text: str, context: dict[str, Any]) -> bool:
        """Evaluate one comparison, or the truth of one value."""
        if text == "!cancelled()":
            return True
        found = re.fullmatch(r"(\S+) (==|!=) (\S+)", text)
        if found is None:
            return bool(self.value(text, context))
        same = self.value(found[1], context) == self.value(found[3], context)
        return same if found[2] == "==" else not same

    def value(self, text: str, context: dict[str, Any]) -> str:
        """Look a path such as github.event.pull_request.base.sha up; an output that was not set is empty."""
        if text.startswith("'"):
            return text.strip("'")
        assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", text), f"this forge does not know the expression {text!r}"
        here: Any = context
        for part in text.split("."):
            if text.startswith("steps.") and part not in here:
                return ""
            here = here[part]
        return str(here)

    def filled(self, text: Any, context: dict[str, Any]) -> str:
        """Put values in the place of expressions."""
        return re.sub(r"\$\{\{\s*(.+?)\s*\}\}", lambda found: self.value(found[1], context), str(text))

    def step(
        self, step: dict[str, Any], defaults: Mapping[str, str], context: dict[str, Any], extra: Mapping[str, str]
    ) -> None:
        """Run one step, of a job or of our action."""
        assert not step.keys() - {"name", "id", "if", "env", "run", "uses", "with", "shell", "continue-on-error"}
        if not self.wanted(step.get("if"), context):
            return
        name = step.get("name") or step.get("uses") or step["run"]
        self.log.append(f"--- {name}\n")
        given = {key: self.filled(value, context) for key, value in step.get("with", {}).items()}
        if "uses" in step:
            self.use(step["uses"], given)
            return
        output = self.machine / "temp/output"
        output.write_text("")
        variables = {
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.machine / "artifacts/summary.md"),
            "GITHUB_WORKSPACE": str(self.machine / "work"),
            "GITHUB_BASE_REF": context["github"].get("base_ref", ""),
            "GITHUB_SHA": context["github"]["sha"],
            "RUNNER_TEMP": str(self.machine / "temp"),
            "RUNNER_OS": "Linux",
            **self.variables,
            **extra,
            **{key: self.filled(value, context) for key, value in step.get("env", {}).items()},
        }
        shell = BASH if step.get("shell", defaults.get("shell")) == "bash" else _PIPEFAIL_MISSING
        folder = self.machine / "work" / defaults.get("working-directory", ".")
        done = self.machines.bash(self.machine, self.filled(step["run"], context), folder, variables, shell)
        self.log.append(done.stdout)
        if done.returncode:
            self.log.append(f"exit status {done.returncode}\n")
            self.failed = True
        pairs = (line.partition("=") for line in output.read_text().splitlines())
        context["steps"][step.get("id", "")] = {"outputs": {key: value for key, _, value in pairs}}

    def use(self, uses: str, given: dict[str, str]) -> None:
        """Run an action: ours by its steps, another by its stand-in."""
        work = self.machine / "work"
        action = uses.partition("@")[0]
        if action.startswith("./"):
            self.ours((work / action).resolve(), given)
        elif action == "actions/checkout":
            self.checkout(work / given.pop("path", "."), given)
        elif action == "actions/setup-python":
            assert set(given) == {"python-version"}
        elif action == "actions/upload-artifact":
            shutil.copytree(given["path"], self.machine / "artifacts" / given["name"])
        elif action == "actions/download-artifact":
            assert self.before is not None
            shutil.copytree(self.before / "artifacts" / given["name"], work, dirs_exist_ok=True)
        elif action == "github/codeql-action/upload-sarif":
            assert json.loads((work / given["sarif_file"]).read_text())["version"] == "2.1.0"
        else:
            raise AssertionError(f"this forge does not know {uses}")

    def ours(self, folder: Path, given: dict[str, str]) -> None:
        """Run the steps of a composite action."""
        file = folder / "action.yml"
        if not file.is_file():
            self.log.append(f"Can't find 'action.yml' under '{folder}'\n")
            self.failed = True
            return
        action = yaml.safe_load(file.read_text())
        assert not given.keys() - action["inputs"].keys(), "an input that the action does not have"
        inputs = {key: given.get(key, value["default"]) for key, value in action["inputs"].items()}
        context = self.context | {"inputs": inputs, "steps": {}}
        for step in action["runs"]["steps"]:
            self.step(step, {}, context, {"GITHUB_ACTION_PATH": str(folder)})

    def checkout(self, folder: Path, given: dict[str, str]) -> None:
        """Do what actions/checkout does: all branches with fetch-depth 0, else the one commit."""
        assert given.pop("persist-credentials") == "False"
        git, origin, github = self.machines.git, self.machines.origin.as_uri(), self.context["github"]
        depth, branch = given.pop("fetch-depth", "1"), given.pop("ref", None)
        assert not given, given
        refs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"] if depth == "0" else ["--depth=1"]
        folder.mkdir(parents=True, exist_ok=True)
        git("init", "--quiet", str(folder))
        git("remote", "add", "origin", origin, folder=folder)
        if branch is None and github["ref"].startswith("refs/pull/"):
            refs.append(f"+{github['sha']}:refs/remotes/pull/1/merge")
            head = ["--detach", "refs/remotes/pull/1/merge"]
        else:
            refs.append("+refs/heads/main:refs/remotes/origin/main")
            head = ["-B", branch or "main", f"refs/remotes/origin/{branch or 'main'}"]
        git("fetch", "--quiet", "--no-tags", "origin", *refs, folder=folder)
        git("checkout", "--quiet", "--force", *head, folder=folder)


# --- GitLab


@dataclass(slots=True, kw_only=True)
class GitLab:
    """GitLab CI, as far as our pipeline goes.

    Attributes:
        machines: Where jobs run.
        api: Address of GitLab's API, where it offers the notes of a merge request.
        requests: The same, where it offers merge requests.
    """

    machines: Machines
    api: str = "http://127.0.0.1:9/api/v4"
    requests: str = "http://127.0.0.1:9/api/v4"

    def push(self) -> dict[str, Job]:
        """Run the pipeline of a push to main."""
        return self._run("main", {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"})

    def pull_request(self, branch: str) -> dict[str, Job]:
        """Run the pipeline of a merge request of a branch, which is on the head of the branch."""
        variables = {
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_MERGE_REQUEST_IID": "1",
        }
        return self._run(branch, variables)

    def night(self) -> dict[str, Job]:
        """Run the scheduled pipeline of main."""
        return self._run("main", {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main"})

    def quarter(self) -> dict[str, Job]:
        """Run the pipeline of the schedule that has the variable of promotions."""
        variables = {"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main", "TENANTRY_PROMOTE": "yes"}
        return self._run("main", variables)

    def _run(self, branch: str, variables: dict[str, str]) -> dict[str, Job]:
        commit = self.machines.git("rev-parse", f"refs/heads/{branch}")
        pipeline = yaml.safe_load(self.machines.git("show", f"{commit}:.gitlab-ci.yml"))
        assert any(_holds(rule, variables) for rule in pipeline.pop("workflow")["rules"]), "no pipeline is made"
        jobs = {name: _extended(pipeline, name) for name in pipeline if not name.startswith(".")}
        wanted = {name: job for name, job in jobs.items() if any(_holds(rule, variables) for rule in job["rules"])}
        done: dict[str, Job] = {}
        for stage in ("test", "deploy"):
            if all(job.ok for job in done.values()):
                of_stage = {name: job for name, job in wanted.items() if job["stage"] == stage}
                done |= {name: self._job(name, job, commit, variables) for name, job in of_stage.items()}
        return done

    def _job(self, name: str, job: dict[str, Any], commit: str, variables: dict[str, str]) -> Job:
        known = {"extends", "image", "variables", "before_script", "script", "rules", "stage", "artifacts"}
        assert not job.keys() - known - {"resource_group"}, job.keys()
        machine = self.machines.new(name)
        work = machine / "work"
        self._clone(work, commit, job["variables"]["GIT_DEPTH"])
        predefined = {
            "CI_PROJECT_DIR": str(work),
            "CI_PROJECT_URL": str(self.machines.origin).removesuffix(".git"),
            "CI_SERVER_HOST": "git.acme.example",
            "CI_API_V4_URL": self.api if variables["CI_PIPELINE_SOURCE"] == "merge_request_event" else self.requests,
            "CI_PROJECT_ID": "1",
        }
        script = "\n".join([*job["before_script"], *job["script"]]).replace("/tmp/", f"{machine}/temp/")  # noqa: S108
        ran = self.machines.bash(machine, script, work, predefined | job["variables"] | variables)
        log = ran.stdout
        for path in _artifacts(job):
            if (work / path).is_file():
                shutil.copy(work / path, machine / "artifacts")
            else:
                log += f"WARNING: {path}: no matching files\n"
        return Job(name=name, log=log, ok=ran.returncode == 0, folder=machine)

    def _clone(self, work: Path, commit: str, depth: str) -> None:
        """Do what the runner does: with a depth of 0 every branch is fetched; the head is detached."""
        assert depth == "0"
        git = self.machines.git
        work.mkdir()
        git("init", "--quiet", str(work))
        git("remote", "add", "origin", self.machines.origin.as_uri(), folder=work)
        refs = ("+refs/heads/*:refs/remotes/origin/*", f"+{commit}:refs/pipelines/1")
        git("fetch", "--quiet", "--no-tags", "origin", *refs, folder=work)
        git("checkout", "--quiet", "--force", "--detach", commit, folder=work)


def _holds(rule: Mapping[str, str], variables: Mapping[str, str]) -> bool:
    assert set(rule) == {"if"}, rule
    return all(_equal(part.strip(), variables) for part in rule["if"].split("&&"))


def _equal(text: str, variables: Mapping[str, str]) -> bool:
    found = re.fullmatch(r'\$(\w+)(?: == (?:"([^"]*)"|null))?', text)
    assert found, f"this forge does not know the rule {text!r}"
    if text == f"${found[1]}":
        return bool(variables.get(found[1]))
    return variables.get(found[1]) == found[2]


def _extended(pipeline: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a job with what it extends: keys of the job win, and lists are not joined."""
    job: dict[str, Any] = pipeline[name]
    if "extends" not in job:
        return job
    above = _extended(pipeline, job["extends"])
    return above | job | {"variables": above.get("variables", {}) | job.get("variables", {})}


def _artifacts(job: Mapping[str, Any]) -> Iterator[str]:
    artifacts = job.get("artifacts", {})
    yield from artifacts.get("paths", ())
    yield from artifacts.get("reports", {}).values()
