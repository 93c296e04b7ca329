"""publish and the git of whoever runs it: where it pushes to, how it signs, what it needs of history, which bytes."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.git.test_git_door import full_of_programs
from tests.harness import Repository, environment
from tests.publish.test_publish import MODES, Origin, publish

pytestmark = pytest.mark.slow


def bare(folder: Path) -> Path:
    """Make an empty bare repository."""
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(folder)], check=True)
    return folder


def tip(folder: Path, branch: str) -> str:
    """Return the id of a branch's tip, or nothing."""
    command = ["git", "-C", str(folder), "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("mode", MODES)
def test_it_pushes_to_where_git_pushes(tmp_path: Path, mode: str) -> None:
    """remote.origin.pushurl, for the first publication and for those that go on from it."""
    origin = Origin(tmp_path, mode)
    clone = origin.clone("clone")
    pushed = bare(tmp_path / "pushed.git")
    clone.git("push", "--quiet", str(pushed), "main")
    before = tip(origin.bare, origin.published)
    clone.git("config", "remote.origin.pushurl", str(pushed))
    for name in ("company-101", "company-102"):
        clone.tenant(name).git("add", "--all")
        clone.git("commit", "--quiet", "--message", f"Add {name}")
        clone.git("push", "--quiet", str(origin.bare), "HEAD:main")
        clone.git("push", "--quiet", str(pushed), "HEAD:main")
        before = tip(origin.bare, origin.published)

        done = publish(clone)

        assert done.returncode == 0, done.stderr
        assert tip(origin.bare, origin.published) == before
        files = clone.git("--git-dir", str(pushed), "ls-tree", "-r", "--name-only", origin.published)
        assert f"overlays/{name}/facts.yaml" in files
        if mode == "committed":
            clone.git("pull", "--quiet", str(pushed), "main")


def test_a_remote_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    """A fork has two."""
    clone = Origin(tmp_path, "branch").clone("clone")

    refused = publish(clone, "--remote", "upstream")

    assert refused.returncode == 4
    assert refused.stderr == (
        "  lock\n"
        "error: there is no remote upstream\n"
        "  hint: name another one: --remote NAME (there is origin), or add it: git remote add upstream URL\n"
    )
    assert publish(clone, "--remote", "origin").returncode == 0


# --- who publishes


def test_a_signing_key_that_is_missing_is_said_by_git_and_goes_by_the_hint(tmp_path: Path) -> None:
    """Not taken for a missing name; both ways of the hint pass."""
    origin = Origin(tmp_path, "branch")
    clone = origin.clone("clone")
    clone.git("config", "commit.gpgSign", "true")
    clone.git("config", "user.signingKey", "NOKEY")

    refused = publish(clone)
    clone.git("config", "commit.gpgSign", "false")
    passed = publish(clone)

    assert refused.returncode == 4
    error, hint = refused.stderr.splitlines()[-2:]
    assert error.startswith("error: git commit failed: gpg failed to sign the data")
    assert hint == (
        "  hint: sign with a key that is there: git config user.signingKey KEY; or not: git config commit.gpgSign false"
    )
    assert passed.returncode == 0, passed.stderr


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="signing with SSH needs ssh-keygen")
def test_a_commit_is_signed_when_git_signs(tmp_path: Path) -> None:
    """A protected branch may take nothing else."""
    origin = Origin(tmp_path, "branch")
    clone = origin.clone("clone")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in {"commit.gpgSign": "true", "gpg.format": "ssh", "user.signingKey": str(key)}.items():
        clone.git("config", name, value)

    done = publish(clone)

    assert done.returncode == 0, done.stderr
    commit = clone.git("--git-dir", str(origin.bare), "cat-file", "commit", "deploy")
    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in commit


def test_whoever_has_no_name_is_told_how_git_gets_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh runner of CI has none."""
    clone = Origin(tmp_path, "branch").clone("clone")
    clone.git("config", "user.useConfigOnly", "true")
    known = environment()
    nameless = {key: value for key, value in known.items() if not key.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))}
    monkeypatch.setattr("tests.publish.test_publish.environment", lambda: nameless)

    refused = publish(clone)

    assert refused.returncode == 4
    assert refused.stderr.splitlines()[-1] == (
        "  hint: say who publishes: git config user.name and user.email, or GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL"
    )


# --- what it needs of history


SHALLOW: Final = "fetch all history: git fetch --unshallow; in CI, fetch-depth: 0"


def shallow(origin: Origin, name: str) -> Repository:
    """Clone the newest commit alone."""
    folder = origin.folder / name
    command = ["git", "clone", "--quiet", "--depth", "1", f"file://{origin.bare}", str(folder)]
    subprocess.run(command, check=True)
    return Repository(folder)


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("branch", "that main goes on from what deploy was published from stands in its history"),
        ("committed", "what was published before stands in its history"),
    ],
)
def test_a_shallow_clone_is_told_to_fetch_and_then_publishes(tmp_path: Path, mode: str, why: str) -> None:
    """What was merged since the last publication must be known; nothing is to be deleted for that."""
    origin = Origin(tmp_path, mode)
    clone = origin.clone("clone")
    origin.merge(clone, "company-101")
    publish(clone)
    for number in range(4):
        origin.merge(clone, f"company-20{number}")
    published = tip(origin.bare, origin.published)
    cut = shallow(origin, "shallow")

    refused = publish(cut)
    after = tip(origin.bare, origin.published)
    cut.git("fetch", "--quiet", "--unshallow")
    passed = publish(cut)

    assert refused.returncode == 4
    assert refused.stderr.splitlines()[-2:] == [f"error: this clone is shallow, and {why}", f"  hint: {SHALLOW}"]
    assert after == published
    assert passed.returncode == 0, passed.stderr
    origin.assert_complete({"company-001", "company-101", *(f"company-20{number}" for number in range(4))})


def test_a_shallow_clone_in_which_nothing_is_new_needs_no_more(tmp_path: Path) -> None:
    """A rerun of CI on the commit that it has published."""
    origin = Origin(tmp_path, "branch")
    publish(origin.clone("clone"))

    done = publish(shallow(origin, "shallow"))

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "nothing pushed to deploy: everything is current"


def test_a_main_that_was_rewritten_goes_by_the_hint(tmp_path: Path) -> None:
    """Joining the two histories destroys nothing; deleting the branch would take every company's manifests."""
    origin = Origin(tmp_path, "branch")
    clone = origin.clone("clone")
    origin.merge(clone, "company-101")
    publish(clone)
    last = clone.git("rev-parse", "origin/main").strip()[:10]
    clone.git("commit", "--quiet", "--amend", "--message", "Add company-101, better said")
    clone.git("push", "--quiet", "--force", "origin", "HEAD:main")

    refused = publish(clone)
    clone.git("merge", "--quiet", "--strategy", "ours", "--message", "Go on", last)
    clone.git("push", "--quiet", "origin", "HEAD:main")
    passed = publish(clone)

    assert refused.returncode == 1
    hint = f"if main was rewritten on purpose, join the two: git merge --strategy ours {last}, and push it to main"
    assert refused.stderr.splitlines()[-2:] == [
        f"error: deploy was published from {last}, which is not in the history of main",
        f"  hint: {hint}",
    ]
    assert passed.returncode == 0, passed.stderr


# --- bytes


@pytest.mark.parametrize("mode", MODES)
def test_what_is_published_is_what_git_holds_whatever_the_publisher_sets(tmp_path: Path, mode: str) -> None:
    """Line ends, filters, keywords and modes of one machine do not reach the branch that Argo CD follows."""
    origin = Origin(tmp_path, mode)
    clone = origin.clone("clone")
    origin.merge(clone, "company-101")
    twin = Origin(tmp_path / "twin", mode)
    other = twin.clone("clone")
    twin.merge(other, "company-101")
    for key, value in {
        "core.autocrlf": "true",
        "core.eol": "crlf",
        "core.fileMode": "false",
        "filter.x.clean": "sed s/a/b/",
        "filter.x.smudge": "sed s/b/a/",
        "core.sparseCheckout": "true",
    }.items():
        clone.git("config", key, value)
    clone.write(".git/info/attributes", "* text eol=crlf filter=x ident working-tree-encoding=UTF-16\n")
    clone.write(".git/info/sparse-checkout", "/docs/\n")

    done, undisturbed = publish(clone), publish(other)

    assert done.returncode == 0, done.stderr
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert origin.tree() == twin.tree()


def test_no_program_of_the_repository_runs_but_for_the_network(tmp_path: Path) -> None:
    """Transports and credentials are the user's; hooks, filters and what looks at files are not asked."""
    origin = Origin(tmp_path, "branch")
    clone = origin.clone("clone")
    ran, canary = tmp_path / "ran", tmp_path / "canary"
    canary.write_text(f'#!/bin/sh\necho "$0 $*" >> {ran}\nexit 1\n', encoding="utf-8")
    canary.chmod(0o755)
    full_of_programs(clone, canary)

    done = publish(clone)

    assert done.returncode == 0, done.stderr
    assert not ran.exists(), ran.read_text(encoding="utf-8")
    origin.assert_complete({"company-001"})


def test_a_link_on_main_is_not_published(tmp_path: Path) -> None:
    """Argo CD would follow it or refuse the whole repository; the way out is a commit that takes it away."""
    origin = Origin(tmp_path, "branch")
    clone = origin.clone("clone")
    publish(clone)
    before = tip(origin.bare, "deploy")
    (clone.root / "docs").symlink_to("/etc")
    clone.git("add", "docs")
    clone.git("commit", "--quiet", "--message", "forced")
    clone.git("push", "--quiet", "origin", "HEAD:main")

    refused = publish(clone)
    after = tip(origin.bare, "deploy")
    clone.git("rm", "--quiet", "-f", "docs")
    clone.git("commit", "--quiet", "--message", "taken away")
    clone.git("push", "--quiet", "origin", "HEAD:main")
    passed = publish(clone)

    assert refused.returncode == 1
    assert "docs: error: this is a symbolic link, and Argo CD follows it or refuses" in refused.stderr
    assert after == before
    assert passed.returncode == 0, passed.stderr


def test_it_works_from_a_linked_worktree_with_a_detached_head(tmp_path: Path) -> None:
    """And its lock is that of the repository, so that two worktrees do not publish at once."""
    origin = Origin(tmp_path, "branch")
    clone = origin.clone("clone")
    clone.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))

    done = publish(Repository(tmp_path / "linked"))

    assert done.returncode == 0, done.stderr
    assert (clone.root / ".git/tenantry-publish.lock").is_file()
