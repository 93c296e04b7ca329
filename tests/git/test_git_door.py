"""The door to git: what the repository's own settings can and cannot do, what git refuses, and what works."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.harness import ROOT, Repository, environment

HOOKS: Final = (
    "applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-checkout", "post-commit", "post-index-change",
    "post-rewrite", "pre-auto-gc", "pre-commit", "pre-push", "prepare-commit-msg", "reference-transaction",
)  # fmt: skip


@pytest.fixture
def committed(tmp_path: Path) -> Repository:
    """This repository's own companies, committed on main, and a commit more on a branch: a note."""
    repository = Repository.like_this_one(tmp_path / "repository")
    repository.git("branch", "--move", "main")
    repository.git("switch", "--quiet", "--create", "change")
    repository.write("docs/notes.md", "ours\n").git("add", "docs")
    repository.git("commit", "--quiet", "--message", "notes")
    return repository


def full_of_programs(repository: Repository, canary: Path) -> None:
    """Name a program wherever git's settings, attributes and hooks can name one."""
    hooks = canary.with_name("hooks")
    hooks.mkdir()
    for hook in HOOKS:
        (hooks / hook).symlink_to(canary)
    settings = {
        "core.fsmonitor": canary, "core.hooksPath": hooks, "core.pager": canary, "core.editor": canary,
        "core.sshCommand": canary, "core.askPass": canary, "core.gitProxy": canary, "core.alternateRefsCommand": canary,
        "sequence.editor": canary, "diff.external": canary, "diff.x.command": canary, "diff.x.textconv": canary,
        "filter.x.clean": canary, "filter.x.smudge": canary, "filter.x.process": canary, "filter.x.required": "true",
        "merge.x.driver": canary, "gpg.program": canary, "gpg.ssh.program": canary, "log.showSignature": "true",
        "credential.helper": f"!{canary}", "interactive.diffFilter": canary, "trailer.x.command": canary,
        "trailer.x.cmd": canary, "pager.diff": canary, "pager.log": canary, "alias.ls-files": f"!{canary}",
        "alias.rev-parse": f"!{canary}", "uploadpack.packObjectsHook": canary, "tar.x.command": canary,
        "diff.trustExitCode": "true", "core.untrackedCache": "true", "index.sparse": "true",
    }  # fmt: skip
    for key, value in settings.items():
        repository.git("config", key, str(value))
    repository.write(".git/info/attributes", "docs/** filter=x diff=x merge=x\n")


@pytest.mark.slow
def test_no_program_of_the_repository_runs_where_we_only_read(committed: Repository, tmp_path: Path) -> None:
    """Whoever hands over a folder with a .git/config could otherwise run anything by our hand."""
    ran = tmp_path / "ran"
    canary = tmp_path / "canary"
    canary.write_text(f'#!/bin/sh\necho "$0 $*" >> {ran}\nexit 1\n', encoding="utf-8")
    canary.chmod(0o755)
    full_of_programs(committed, canary)
    committed.write("docs/notes.md", "edited\n")

    ends = {
        verb: committed.run(*verb.split(" ")).exit
        for verb in (
            "validate", "list", "list --applications", "generate", "generate --check", "explain company-001",
            "render company-001", "verify company-001", "diff", "diff main HEAD", "check --base main",
            "set company-001 storage=100Gi --dry-run", "add company-101 --plan bronze --dry-run",
        )
    }  # fmt: skip

    assert not ran.exists(), ran.read_text(encoding="utf-8")
    assert set(ends.values()) == {0}, ends
    committed.may_fail("status")
    assert ran.exists(), "the canary must be able to run"


@pytest.mark.slow
def test_settings_of_display_change_nothing_that_we_read(committed: Repository) -> None:
    """They are for people who look at git's own output."""
    committed.tenant("company-101").generate().git("add", "--all")
    committed.git("commit", "--quiet", "--message", "a company")
    verbs = (["check", "--base", "main", "--format", "json"], ["diff", "main", "HEAD"])
    plain = [committed.run(*verb) for verb in verbs]
    settings = {
        "color.ui": "always", "color.diff": "always", "column.ui": "always", "core.abbrev": "4",
        "core.quotePath": "true", "diff.algorithm": "patience", "diff.ignoreSubmodules": "all",
        "diff.mnemonicPrefix": "true", "diff.noprefix": "true", "diff.orderFile": "/nonexistent",
        "diff.relative": "true", "diff.renames": "copies", "diff.wordRegex": ".", "format.pretty": "%s",
        "grep.patternType": "fixed", "i18n.logOutputEncoding": "UTF-16", "log.abbrevCommit": "true",
        "log.date": "relative", "log.decorate": "full", "log.diffMerges": "off", "log.follow": "true",
        "log.showRoot": "false", "log.showSignature": "true", "status.short": "true",
        "status.showUntrackedFiles": "no",
    }  # fmt: skip
    for key, value in settings.items():
        committed.git("config", key, value)

    odd = [committed.run(*verb) for verb in verbs]

    assert [(done.exit, done.stdout) for done in odd] == [(done.exit, done.stdout) for done in plain]
    assert [done.exit for done in plain] == [0, 0], plain[0].said


def test_a_hook_that_calls_us_speaks_of_its_own_repository(
    committed: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its variables would lead to another index, another repository, another work tree."""
    other = Repository.like_this_one(tmp_path / "other")
    other.tenant("company-101").git("rm", "--quiet", "--cached", "tenants/company-001.yaml")
    for name, value in {
        "GIT_DIR": str(other.root / ".git"),
        "GIT_WORK_TREE": str(other.root),
        "GIT_INDEX_FILE": str(other.root / ".git/index"),
        "GIT_OBJECT_DIRECTORY": str(other.root / ".git/objects"),
        "GIT_NAMESPACE": "theirs",
        "GIT_PREFIX": "docs/",
        "GIT_LITERAL_PATHSPECS": "0",
        "GIT_EXTERNAL_DIFF": "false",
    }.items():
        monkeypatch.setenv(name, value)

    listed = committed.run("list")
    compared = committed.run("diff", "main", "HEAD")

    assert "company-101" not in listed.stdout
    assert "company-001" in listed.stdout
    assert compared.exit == 0, compared.said


def test_an_object_that_was_replaced_is_read_as_it_is(committed: Repository) -> None:
    """`git replace` changes what one clone sees; what is pushed is what was committed."""
    text = committed.read("platform.yaml").replace("publishing: committed", "publishing: nonsense")
    good = committed.git("rev-parse", "HEAD:platform.yaml").strip()
    committed.write(".git/x", text)
    bad = committed.git("hash-object", "-w", ".git/x").strip()
    committed.git("replace", good, bad)

    done = committed.run("diff", "main", "HEAD")

    assert done.exit == 0, done.said


# --- what git refuses


VERBS: Final = (["validate"], ["list"], ["check", "--base", "HEAD"], ["diff", "HEAD"], ["verify"], ["publish"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to somebody else")
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_repository_of_somebody_else_ends_with_the_way_out_of_git(
    committed: Repository, verb: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git's own command takes it in; that is said, and done."""
    for folder, _, names in os.walk(committed.root):
        for path in (folder, *(f"{folder}/{name}" for name in names)):
            os.lchown(path, 12345, -1)

    refused = committed.run(*verb)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.directory")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(committed.root))
    taken_in = committed.run(*verb)

    assert refused.exit == 4
    assert refused.stderr == (
        f"error: git rev-parse: detected dubious ownership in repository at '{committed.root}'\n"
        "  hint: To add an exception for this directory, call: git config --global --add safe.directory"
        f" {committed.root}\n"
    )
    if verb == ["publish"]:
        assert "error: there is no remote origin\n" in taken_in.stderr
    else:
        assert taken_in.exit == 0, taken_in.said


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (".git/config", "[core\n", "git rev-parse: bad config line 1 in file .git/config"),
        (".git/HEAD", "nonsense\n", "git rev-parse: not a git repository (or any of the parent directories): .git"),
        (".git/index", "nonsense\n", "git ls-files: .git/index: index file smaller than expected"),
    ],
)
def test_a_repository_that_is_broken_is_named_with_what_git_says(
    committed: Repository, file: str, content: str, said: str
) -> None:
    """Whatever is broken: no traceback."""
    done = committed.write(file, content).run("validate")

    assert done.exit == 4
    assert done.stderr == f"error: {said}\n  hint: `git fsck` says whether the repository is whole\n"


def test_a_missing_object_is_named(committed: Repository) -> None:
    """A clone that lost one, or an archive of half a repository."""
    blob = committed.git("rev-parse", "HEAD:base/edge/core/fileserver.yaml").strip()
    (committed.root / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()

    done = committed.run("check", "--base", "main")

    assert done.exit == 4
    assert done.stderr == (
        f"error: git cat-file: object {blob} is missing, or no blob\n"
        "  hint: `git fsck` says whether the repository is whole\n"
    )


def test_without_git_a_repository_cannot_be_read(
    committed: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which files there are, git says; without a repository it is not asked."""
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = committed.run("validate")
    (committed.root / ".git").rename(tmp_path / "away")
    passed = committed.run("validate")

    assert refused.exit == 4
    assert refused.stderr == "error: there is no git\n  hint: install git 2.30 or newer, and have it on PATH\n"
    assert passed.exit == 0, passed.said


def test_a_work_tree_that_lies_elsewhere_is_refused(committed: Repository, tmp_path: Path) -> None:
    """Git would list the files of another folder."""
    (tmp_path / "elsewhere").mkdir()
    committed.git("config", "core.worktree", str(tmp_path / "elsewhere"))

    refused = committed.run("validate")
    committed.git("--work-tree", ".", "config", "--unset", "core.worktree")
    passed = committed.run("validate")

    assert refused.exit == 4
    assert refused.stderr == (
        f"error: git takes {tmp_path}/elsewhere for the top of the work tree, not {committed.root}\n"
        "  hint: look at core.worktree: git config --show-origin core.worktree\n"
    )
    assert passed.exit == 0, passed.said


@pytest.mark.parametrize("verb", [["check", "--base", "main"], ["diff"], ["diff", "HEAD"]], ids=" ".join)
def test_a_branch_without_a_commit_has_nothing_to_compare(tmp_path: Path, verb: list[str]) -> None:
    """The hint is the next command, and after it there is."""
    repository = Repository.like_this_one(tmp_path / "repository")
    repository.git("update-ref", "-d", "HEAD")

    refused = repository.run(*verb)
    worked = repository.run("validate")

    assert refused.exit == 4
    assert refused.stderr.splitlines()[1] == "  hint: nothing was committed yet: git add --all && git commit"
    assert worked.exit == 0, worked.said


def test_a_folder_that_is_no_repository_has_no_history(tmp_path: Path) -> None:
    """And check without a base says that it looked at none."""
    repository = Repository.like_this_one(tmp_path / "repository")
    (repository.root / ".git").rename(tmp_path / "away")

    refused = repository.run("check", "--base", "main")
    passed = repository.run("check")

    assert refused.exit == 4
    assert refused.stderr == (
        f"error: {repository.root} is not the top of a git repository\n  hint: run `git init` there\n"
    )
    assert passed.exit == 0, passed.said
    assert passed.stderr.splitlines()[-1] == "no history was looked at: what a change may not do needs --base REF"


# --- what works


def test_a_detached_head_is_as_good_as_a_branch(committed: Repository) -> None:
    """Every checkout of CI is one."""
    committed.git("checkout", "--quiet", "--detach")

    done = committed.run("check", "--base", "main")

    assert done.exit == 0, done.said


def test_a_linked_worktree_is_as_good_as_a_clone(committed: Repository, tmp_path: Path) -> None:
    """Its .git is a file."""
    committed.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "main")

    done = Repository(tmp_path / "linked").run("check", "--base", "change")

    assert done.exit == 0, done.said


@pytest.mark.slow
def test_a_partial_clone_is_as_good_as_a_whole_one(committed: Repository, tmp_path: Path) -> None:
    """Git fetches the blobs that it left out when they are read."""
    committed.tenant("company-101").generate().git("add", "--all")
    committed.git("commit", "--quiet", "--message", "a company")
    committed.git("config", "uploadpack.allowFilter", "true")
    committed.git("config", "uploadpack.allowAnySHA1InWant", "true")
    committed.git("clone", "--quiet", "--filter=blob:none", f"file://{committed.root}", str(tmp_path / "partial"))

    done = Repository(tmp_path / "partial").run("check", "--base", "origin/main")

    assert done.exit == 0, done.said
    assert "; the change touches 1 tenant of 7: 0 errors" in done.stderr


@pytest.mark.parametrize(
    "verb", [["validate"], ["verify", "company-002"], ["generate"], ["render", "company-002"]], ids=" ".join
)
def test_a_sparse_checkout_is_read_whole(committed: Repository, verb: list[str]) -> None:
    """What it leaves out of the work tree, git holds all the same."""
    committed.git("sparse-checkout", "set", "tenants/none", "overlays/company-001")
    assert not (committed.root / "base").exists()

    done = committed.run(*verb)

    assert done.exit == 0, done.said
    assert not (committed.root / "overlays/company-002").exists()


def test_a_sparse_checkout_may_leave_everything_out(committed: Repository) -> None:
    """Also platform.yaml, by which the root is known, and with folders of the index folded up."""
    committed.git("sparse-checkout", "set", "--no-cone", "/docs/")
    patterns = committed.run("validate")
    committed.git("sparse-checkout", "set", "--cone", "--sparse-index", "docs")
    folders = committed.run("validate")

    assert patterns.exit == 0, patterns.said
    assert folders.exit == 0, folders.said
    assert patterns.stderr == folders.stderr == "6 tenants: 0 errors, 0 warnings\n"


def test_what_a_sparse_checkout_leaves_out_is_not_changed_unseen(committed: Repository) -> None:
    """The hint is git's own command, and after it the change is made."""
    committed.git("sparse-checkout", "set", "tenants")
    committed.edit("tenants/company-001.yaml", "plan: bronze", "plan: silver")

    refused = committed.run("generate")
    committed.git("sparse-checkout", "disable")
    passed = committed.run("generate")

    assert refused.exit == 1
    assert refused.stderr == (
        "error: argocd/shards/s02/tenants/company-001.yaml must change, and this sparse checkout leaves it out\n"
        "  hint: take everything in: git sparse-checkout disable\n"
    )
    assert passed.exit == 0, passed.said


def test_a_repository_with_sha256_is_read_as_any(tmp_path: Path) -> None:
    """Ids are longer there, and nothing depends on that."""
    repository = Repository.like_this_one(tmp_path / "repository")
    (repository.root / ".git").rename(tmp_path / "away")
    repository.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "start")
    repository.write("docs/notes.md", "ours\n").git("add", "docs")
    repository.git("commit", "--quiet", "--message", "notes")

    compared = repository.run("diff", "HEAD~1", "HEAD")
    repository.write("docs/notes.md", "edited\n")
    edited = repository.run("diff", "HEAD")

    assert (compared.exit, edited.exit) == (0, 0), compared.said + edited.said


@pytest.mark.slow
def test_a_repository_of_100_000_files_is_read_in_seconds(committed: Repository) -> None:
    """They lie beside what tenantry reads, and are only listed."""
    blob = committed.git("rev-parse", "HEAD:docs/notes.md").strip()
    lines = "".join(f"100644 {blob}\tdocs/{number % 97}/{number}.md\n" for number in range(100_000))
    command = ["git", "update-index", "--index-info"]
    subprocess.run(command, input=lines, text=True, cwd=committed.root, env=environment(), check=True)
    committed.git("commit", "--quiet", "--message", "many")
    before = os.times()

    done = committed.run("diff", "main", "HEAD")
    listed = committed.run("validate")

    after = os.times()
    assert (done.exit, listed.exit) == (0, 0), done.said + listed.said
    assert sum(after[:4]) - sum(before[:4]) < 20


def test_this_repository_holds_nothing_but_files() -> None:
    """What we ask of others; tests make the links that they need."""
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert {line.split(" ")[0] for line in listed.splitlines()} == {"100644", "100755"}
