"""The CI files, ours and those that init writes: what they may do, and their shell steps, run for real.

The forges' own machinery cannot run here, so each step's script runs under the shell that the forge uses; a server in
this process stands for the few addresses of the forge that a script calls.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import click
import pytest
import yaml

from generator.cli import cli
from generator.fleet.model import Publishing
from generator.init import init
from generator.init.init import Answers
from generator.init.package import package
from tests.harness import ROOT
from tests.project.comments import MARK, Forge, Handler, served

BIN = Path(sys.executable).parent
PACKAGE = f"git+https://git.acme.example/tenantry.git@{'0123456789' * 4}"


def laid_down(forge: str, mode: str) -> Mapping[str, str]:
    """Return the files of a new repository."""
    answers: dict[str, Any] = {"forge": forge, "mode": mode}
    return init.laid_down(
        init.own_files(),
        Answers(
            repo_url="https://git.acme.example/t.git",
            domain="acme.example",
            owners="@acme/platform",
            package=package(PACKAGE),
            **answers,
        ),
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
    of_main = {("publish", "contents"), ("promote", "contents"), ("due", "contents"), ("due", "pull-requests")}
    assert may_write <= of_main | {("scan", "security-events"), ("comment", "pull-requests")}
    assert may_write.isdisjoint(of_main) or not {"pull_request", "pull_request_target"} & set(triggers)
    for job, _ in may_write - of_main:
        used = [step["uses"].partition("@")[0] for step in workflow["jobs"][job]["steps"] if "uses" in step]
        assert set(used) <= {"actions/download-artifact", "github/codeql-action/upload-sarif"}
        if "pull_request" in triggers:
            assert "head.repo.full_name == github.repository" in workflow["jobs"][job]["if"]


@pytest.mark.parametrize("text", [*GITHUB.values(), ACTION], ids=[*GITHUB, "action.yml"])
def test_every_action_is_pinned_by_the_digest_of_a_commit_with_its_version(text: str) -> None:
    """But for our own, which comes with the checkout."""
    used = re.findall(r"uses: (\S+)(.*)", text)

    loose = [item for item in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", "".join(item))]

    assert {name.strip('"') for name, _ in loose} <= OUR_OWN


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


OUR_OWN = {f"./{folder}{pins}" for folder in ("", "judge/", "change/") for pins in ("", ".tenantry")}


@pytest.mark.parametrize("name", [name for name in GITHUB if name.endswith("check.yaml")])
def test_the_judge_of_a_pull_request_comes_from_the_branch_that_it_is_merged_into(name: str) -> None:
    """The first action that runs is not the pull request's; its own runs only where it changed, after the judge."""
    steps = yaml.safe_load(GITHUB[name])["jobs"]["check"]["steps"]
    pins = ".tenantry" if not name.startswith("ours/") else ""
    named = [step.get("name") or step["uses"].partition("@")[0] for step in steps]

    assert named[:7] == [
        "actions/checkout",
        "actions/checkout",
        f"./judge/{pins}",
        "Compare the judges",
        "Check approvals by the old tenantry",
        f"./change/{pins}",
        "Check",
    ]
    assert [step["with"].get("ref") for step in steps[:2]] == [None, "main"]
    assert [step["with"]["path"] for step in steps[:2]] == ["change", "judge"]
    assert [step.get("if") for step in steps[4:6]] == ["steps.judges.outputs.raised"] * 2


@pytest.mark.parametrize(("name", "file"), [("github-branch", ".github/CODEOWNERS"), ("gitlab-branch", "CODEOWNERS")])
def test_the_owners_of_the_platform_own_what_judges_a_change(name: str, file: str) -> None:
    """Also this file itself, in the place that the forge looks at first."""
    lines = NEW[name][file].splitlines()
    of_the_forge = ["/.github/"] if name.startswith("github") else ["/.gitlab/", "/.gitlab-ci.yml", "/CODEOWNERS"]

    assert [line.split() for line in lines if not line.startswith("#")] == [
        [pattern, "@acme/platform"]
        for pattern in (
            "/platform.yaml",
            "/base/",
            "/argocd/",
            "/approvals/",
            "/.tenantry/",
            *of_the_forge,
            ".gitattributes",
            ".gitmodules",
        )
    ]


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


@pytest.mark.parametrize("name", NEW)
def test_what_sets_tenantry_up_is_this_repositorys_own(name: str) -> None:
    """Byte for byte, so that our own pipelines show that of others to work; the action only where it can be used."""
    laid_down = {path.removeprefix(".tenantry/"): text for path, text in NEW[name].items() if path.startswith(".ten")}

    own = {path: (ROOT / path).read_text() for path in init.PINS if path != "action.yml" or name.startswith("github")}

    assert laid_down.pop("package.txt").splitlines()[-1] == PACKAGE
    assert laid_down == own


def test_the_action_runs_words_and_no_code(tmp_path: Path) -> None:
    """Whatever stands in `args` reaches tenantry as arguments."""
    done = shell(step(ACTION, "Run tenantry"), tmp_path, ARGS="explain $(touch${IFS}evil);touch evil *")

    assert done.returncode == 2
    assert "Got unexpected extra argument" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "variable", "user"),
    [
        (step(GITHUB["ours/publish.yaml"], "Publish"), "TOKEN", "x-access-token"),
        (step(GITHUB["ours/promote.yaml"], "Move"), "TOKEN", "x-access-token"),
        (step(GITHUB["ours/drift.yaml"], "Propose what is due"), "TOKEN", "x-access-token"),
        (step(GITHUB["github-branch/drift.yaml"], "Compare with what is published"), "TOKEN", "x-access-token"),
        ("\n".join(yaml.safe_load(GITLAB["gitlab-branch"])["publish"]["script"]), "TENANTRY_PUSH_TOKEN", "oauth2"),
        ("\n".join(yaml.safe_load(GITLAB["gitlab-branch"])["due"]["script"]), "TENANTRY_DUE_TOKEN", "oauth2"),
    ],
    ids=["github-publish", "github-promote", "github-due", "github-drift", "gitlab-publish", "gitlab-due"],
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


# --- one comment, written again


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


@pytest.fixture
def forge() -> Iterator[Forge]:
    """A forge on which others have commented before us."""
    with served() as forge:
        yield forge


@pytest.mark.parametrize("comment", [github_comment, gitlab_comment])
def test_there_is_one_comment_and_the_next_run_writes_it_again(tmp_path: Path, forge: Forge, comment: Any) -> None:
    """Other people's comments stay, also one that pretends to be ours."""
    texts = ['first\n"quoted" & % + $HOME `x` 株式会社\n', "second\n"]
    done: Sequence[Any] = [comment(tmp_path, forge, text) for text in texts]

    assert [(item.returncode, item.stderr) for item in done] == [(0, ""), (0, "")]
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
