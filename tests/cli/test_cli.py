"""The command line: exit codes, streams, help, and every end of a run that is not a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import generator.cli
from generator import __version__, pipeline
from generator.cli import cli
from generator.kube import kustomize
from generator.reading.schema import package_schema
from tests.harness import ROOT, Repository

VERBS = sorted(cli.commands)


def as_process(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run tenantry as a user does."""
    command = [sys.executable, "-m", "generator", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=os.environ | environment, check=False, capture_output=True, encoding="utf-8"
    )


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_every_help_has_a_sentence_and_an_example(repository: Repository, verb: str) -> None:
    """Help that shows nothing to type is half a help."""
    ran = repository.run(*filter(None, [verb]), "--help")

    assert (ran.exit, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"Usage: tenantry {verb}".strip())
    assert "Example: tenantry" in ran.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_says_what_it_does(verb: str) -> None:
    """An option without help is a riddle."""
    silent = [param.name for param in cli.commands[verb].params if isinstance(param, click.Option) and not param.help]

    assert silent == []


def test_the_version_is_the_package_s(repository: Repository) -> None:
    """One place says it."""
    assert repository.run("--version").stdout == f"tenantry {__version__}\n"


def test_a_good_run_says_data_on_stdout_and_talk_on_stderr(repository: Repository) -> None:
    """So that a pipe gets the data alone."""
    ran = repository.tenant().run("generate")

    assert ran.exit == 0
    assert ran.stderr == "1 tenant, 15 files: 15 changed\n"
    assert ran.stdout.startswith(" create argocd/apps/platform.yaml\n")
    assert len(ran.stdout.splitlines()) == 15


def test_generate_writes_only_what_differs(repository: Repository) -> None:
    """The others keep their time, and a second run has nothing to say."""
    repository.tenant().tenant("company-002").generate()
    untouched = (repository.root / "overlays/company-002/facts.yaml").stat().st_mtime_ns

    ran = repository.tenant(plan="gold").run("generate")

    assert ran.stdout == (
        " change argocd/shards/s02/tenants/company-001.yaml\n"
        " change overlays/company-001/facts.yaml\n"
        " change overlays/company-001/kustomization.yaml\n"
    )
    assert (repository.root / "overlays/company-002/facts.yaml").stat().st_mtime_ns == untouched


def test_check_of_generate_exits_3_and_names_the_way_out(repository: Repository) -> None:
    """CI shows the command that fixes it."""
    repository.tenant().generate()

    ran = repository.tenant(plan="gold").run("generate", "--check")

    assert ran.exit == 3
    assert ran.stdout.splitlines()[0] == " change argocd/shards/s02/tenants/company-001.yaml"
    assert ran.stderr == ("1 tenant, 15 files: 3 stale\n  hint: run `tenantry generate` and commit the result\n")


def test_a_usage_error_exits_2(repository: Repository) -> None:
    """As click does."""
    assert repository.run("generate", "--chek").exit == 2
    assert repository.run("nothing").exit == 2
    assert repository.run("validate", "--format", "xml").exit == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["genrate"], "No such command 'genrate'. Did you mean 'generate'?"),
        (["generate", "--chek"], "No such option '--chek'. (Did you mean one of: '--check', '--help'?)"),
        (
            ["render", "company-01"],
            "Invalid value for NAME: there is no tenant 'company-01'; did you mean 'company-001'?",
        ),
        (
            ["verify", "company-01"],
            "Invalid value for NAME: there is no tenant 'company-01'; did you mean 'company-001'?",
        ),
        (
            ["explain", "company-01"],
            "Invalid value for NAME: there is no tenant 'company-01'; did you mean 'company-001'?",
        ),
        (["explain", "zebra"], "Invalid value for NAME: there is no tenant 'zebra'"),
        (["explain", "TEN0001"], "Invalid value for RULE: there is no rule 'TEN0001'; did you mean 'TEN001'?"),
        (["validate", "tenants/gone.yaml"], "Invalid value for FILE: tenants/gone.yaml does not exist"),
        (["validate", "tenants"], "Invalid value for FILE: tenants is a folder: name its files"),
        (["set", "company-001", "plan"], "Invalid value for KEY=VALUE: 'plan' is not KEY=VALUE"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_the_nearest(
    repository: Repository, arguments: list[str], said: str
) -> None:
    """Most wrong names are typing mistakes."""
    ran = repository.tenant().run(*arguments)

    assert (ran.exit, ran.stdout) == (2, "")
    assert ran.stderr.splitlines()[-1] == f"Error: {said}"


def test_outside_a_repository_the_way_in_is_said(tmp_path: Path) -> None:
    """Exit code 4: the machine or the place, not the input."""
    ran = Repository.run(_somewhere(tmp_path), "list")

    assert (ran.exit, ran.stdout) == (4, "")
    assert ran.stderr == (
        f"error: there is no platform.yaml in {tmp_path} or above it\n"
        "  hint: go into the repository, or name it: tenantry -C DIR ...\n"
    )


def _somewhere(folder: Path) -> Repository:
    place = Repository.__new__(Repository)
    place.root = folder
    return place


def test_a_verb_finds_the_repository_from_inside_it(repository: Repository) -> None:
    """As git does."""
    repository.tenant()

    done = as_process("list", "--format", "json", cwd=repository.root / "tenants")

    assert '"name": "company-001"' in done.stdout


def test_a_platform_below_the_top_of_its_git_repository_is_refused(repository: Repository) -> None:
    """Argo CD's paths start at the top."""
    repository.git("init", "--quiet")
    inner = Repository(repository.root / "inner")

    ran = inner.run("validate")

    assert ran.exit == 4
    assert ran.stderr == (
        f"error: {inner.root}/platform.yaml is not at the top of its git repository {repository.root}\n"
        "  hint: Argo CD's paths start at the top: move platform.yaml there\n"
    )


def test_validate_of_one_file_shows_its_findings_alone(repository: Repository) -> None:
    """And those of platform.yaml, without which the tenants cannot be checked."""
    repository.tenant(plan="glod").tenant("company-002", plan="glod")

    ran = repository.run("validate", str(repository.root / "tenants/company-002.yaml"))
    repository.edit("platform.yaml", "domain: files", "domain: Files")
    broken = repository.run("validate", str(repository.root / "tenants/company-002.yaml"))

    assert ran.stdout.count("error") == 1
    assert ran.stdout.startswith("tenants/company-002.yaml:2:7: error: plan: 'glod'")
    assert (broken.exit, broken.stdout.split(":")[0]) == (1, "platform.yaml")


def test_list_shows_what_was_sold(repository: Repository) -> None:
    """A table for people."""
    repository.tenant(plan="gold", addons=["chatbot"], displayName="株式会社").tenant(
        "company-002", hosts=["x.customers.example.net"]
    )

    ran = repository.run("list")

    assert ran.stdout == (
        "NAME         PLAN    ADDONS    STATE    RING     HOSTS"
        "                                                   COMPANY\n"
        "company-001  gold    chatbot   active   general  company-001.files.example.com"
        "                           株式会社\n"
        "company-002  bronze            active   general  company-002.files.example.com, x.customers.example.net"
        "  company-002\n"
    )


def test_explain_shows_how_each_number_came_about(repository: Repository) -> None:
    """With the place of each input."""
    ran = repository.tenant().run("explain", "company-001")

    assert "fileserver.maxReplicas = 4: floor(1000m / 250m), CPU limits bind\n" in ran.stdout
    assert "  plan: tenants/company-001.yaml:2:7\n" in ran.stdout


def test_explain_says_what_a_rule_demands(repository: Repository) -> None:
    """In any case of letters."""
    ran = repository.run("explain", "ten013")

    assert ran.stdout == (
        "TEN013 (error): a host belongs to one tenant\n\n"
        "why:    Two routes for one host send a company's users to another company.\n"
        "fix:    Remove the host from one of the two.\n"
        "source: https://gateway-api.sigs.k8s.io/api-types/httproute/\n"
    )


def test_render_writes_into_a_folder_seen_from_where_it_was_started(repository: Repository) -> None:
    """`-C` moves everything, as git's does."""
    repository.tenant().tenant("company-002").generate()

    ran = repository.run("render", "company-002", "--output", "out")

    assert (ran.exit, ran.stderr) == (0, f"rendered 1 of 2 tenants into {repository.root}/out\n")
    assert [path.name for path in (repository.root / "out").iterdir()] == ["company-002.yaml"]


def test_schema_prints_the_schema(repository: Repository) -> None:
    """For editors outside the repository."""
    ran = repository.run("schema", "tenant")

    assert json.loads(ran.stdout) == package_schema("tenant")


def test_a_pipe_that_closes_early_ends_the_run_in_silence(repository: Repository) -> None:
    """`tenantry render | head -1` is not a bug."""
    repository.tenant().generate()
    command = [sys.executable, "-m", "generator", "-C", str(repository.root), "schema", "platform"]
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(command, cwd=ROOT, check=False, stdout=writer, stderr=subprocess.PIPE, text=True)

    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_output_is_utf8_whatever_the_locale(repository: Repository) -> None:
    """A redirected render is a file, and files are UTF-8."""
    repository.tenant(displayName="株式会社サンプル")

    done = as_process("-C", str(repository.root), "list", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert done.returncode == 0, done.stderr
    assert "株式会社サンプル" in done.stdout


def test_a_folder_that_cannot_be_written_is_said_in_a_line(repository: Repository) -> None:
    """A full or read-only disk is no bug of ours."""
    repository.tenant().generate()
    (repository.root / "out").write_text("a file")

    ran = repository.run("render", "--output", "out/deeper")

    assert (ran.exit, ran.stdout) == (4, "")
    assert ran.stderr == f"error: {repository.root}/out/deeper: Not a directory\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo v5.8.0", "is kustomize v5.8.0, and tenantry renders with v5.8.1 alone"),
        ("exit 1", "cannot be run as kustomize"),
    ],
)
def test_another_kustomize_is_refused_with_the_way_to_the_right_one(
    repository: Repository, tmp_path: Path, script: str, said: str
) -> None:
    """Another version renders other bytes."""
    binary = tmp_path / "kustomize"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)

    done = as_process("-C", str(repository.tenant().root), "generate", TENANTRY_KUSTOMIZE=str(binary))

    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"error: {binary} ")
    assert said in done.stderr
    assert "\n  hint: run `make setup` in " in done.stderr


def test_a_bug_says_that_it_is_one(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 70, the traceback, and what to do with it."""

    def broken(root: Path) -> None:
        raise ZeroDivisionError(root)

    monkeypatch.setattr(pipeline, "composed", broken)

    ran = repository.run("generate")

    assert ran.exit == 70
    assert ran.stderr.startswith("Traceback (most recent call last):\n")
    assert ran.stderr.endswith(f"This is a bug in tenantry {__version__}: please report it with the lines above.\n")


def test_an_interrupted_run_exits_130(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells expect."""

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt(arguments)

    monkeypatch.setattr(pipeline, "composed", interrupted)

    assert repository.run("generate").exit == 130


def test_doctor_says_what_it_found(repository: Repository) -> None:
    """And where."""
    ran = repository.run("doctor")

    assert (ran.exit, ran.stderr) == (0, "")
    assert f"tenantry    {__version__}" in ran.stdout
    assert f"kustomize   {kustomize.VERSION}" in ran.stdout
    assert str(repository.root) in ran.stdout


def test_python_m_generator_is_tenantry() -> None:
    """Where no script is installed, it runs all the same."""
    assert as_process("--version").stdout == f"tenantry {__version__}\n"
    assert generator.cli.cli.name == "cli"
