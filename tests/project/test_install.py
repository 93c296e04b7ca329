"""tools/install.py: what it refuses, before anything of it runs. tests/slow/test_pipelines.py has what it installs."""

import hashlib
import platform
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from generator.kube import kustomize
from tests.harness import ROOT, Repository, environment
from tools import install
from tools.install import InstallError

ARCHIVE = f"kustomize_{kustomize.VERSION}_linux_amd64.tar.gz"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mirror of kustomize's archives, and the checksums that go with it, on a machine for which it has one."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with tarfile.open(folder / ARCHIVE, "w:gz", compresslevel=1) as content:
        content.add(kustomize.kustomize(), "kustomize")
    digest = hashlib.sha256((folder / ARCHIVE).read_bytes()).hexdigest()
    checksums = tmp_path / "checksums"
    checksums.write_text(f"{digest}  {ARCHIVE}\n")
    monkeypatch.setattr(install, "CHECKSUMS", checksums)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    return folder


def test_the_official_kustomize_is_unpacked(mirror: Path, tmp_path: Path) -> None:
    """It answers with its version."""
    install.official_kustomize(kustomize.VERSION, tmp_path / "kustomize", mirror.as_uri())

    assert kustomize.version_of(str(tmp_path / "kustomize")) == kustomize.VERSION


def test_another_archive_is_refused(mirror: Path, tmp_path: Path) -> None:
    """Nothing of it is unpacked."""
    official = hashlib.sha256((mirror / ARCHIVE).read_bytes()).hexdigest()
    (mirror / ARCHIVE).write_bytes(b"another")
    actual = hashlib.sha256(b"another").hexdigest()

    with pytest.raises(InstallError) as refused:
        install.official_kustomize(kustomize.VERSION, tmp_path / "kustomize", mirror.as_uri())

    url = f"{mirror.as_uri()}/{ARCHIVE}"
    assert str(refused.value) == f"{url} is not the official archive: its SHA-256 is {actual}, not {official}"
    assert not (tmp_path / "kustomize").exists()


def test_an_archive_that_is_not_there_is_said_with_its_address(mirror: Path, tmp_path: Path) -> None:
    """So that one sees what to mirror."""
    (mirror / ARCHIVE).unlink()

    with pytest.raises(install.UnreadableError, match=f"^{mirror.as_uri()}/{ARCHIVE} cannot be read "):
        install.official_kustomize(kustomize.VERSION, tmp_path / "kustomize", mirror.as_uri())


@pytest.mark.usefixtures("mirror")
def test_a_machine_without_an_official_archive_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is guessed."""
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")

    with pytest.raises(
        InstallError, match=f"^there is no official kustomize_{kustomize.VERSION}_linux_riscv64.tar.gz$"
    ):
        install.official_kustomize(kustomize.VERSION, tmp_path / "kustomize")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it as the pipelines do."""
    command = [sys.executable, "-I", ROOT / "tools/install.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_folder_that_holds_something_stays_as_it_is(tmp_path: Path) -> None:
    """Also one that an installation which failed has left: it may be half of one."""
    (tmp_path / "mine").write_text("mine")

    done = run(tmp_path)

    assert (done.returncode, done.stderr) == (
        1,
        f"install: {tmp_path} is not empty: name a new folder, or remove this one\n",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("arguments", [(), ("--help",), ("a", "b")])
def test_it_takes_one_folder(arguments: tuple[str, ...]) -> None:
    """Anything else is answered with how it is used."""
    done = run(*arguments)

    assert (done.returncode, done.stderr) == (1, f"usage: python3 -I {ROOT / 'tools/install.py'} DIR\n")


def test_a_commit_is_fetched_by_its_id_alone(tmp_path: Path) -> None:
    """A branch and a tag of another commit, called like the one that is meant, are not taken for it."""
    source = Repository(tmp_path / "source")
    source.git("init", "--quiet", "--initial-branch=main")
    source.write("which", "meant").git("add", "which")
    source.git("commit", "--quiet", "--message", "meant")
    meant = source.git("rev-parse", "HEAD").strip()
    source.write("which", "evil").git("commit", "--quiet", "--all", "--message", "evil")
    for kind in ("heads", "tags"):
        source.git("update-ref", f"refs/{kind}/{meant}", "HEAD")

    install.fetch(source.root.as_uri(), meant, str(tmp_path / "fetched"))

    assert (tmp_path / "fetched/which").read_text() == "meant"
    head = ["git", "-C", str(tmp_path / "fetched"), "rev-parse", "HEAD"]
    assert subprocess.run(head, env=environment(), capture_output=True, text=True, check=True).stdout.strip() == meant


def test_a_commit_that_is_not_there_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Git says why on the lines before ours."""
    source = Repository(tmp_path / "source")
    source.git("init", "--quiet", "--initial-branch=main")
    commit = "0123456789" * 4

    with pytest.raises(InstallError, match=f"^{source.root.as_uri()} does not give the commit {commit}$"):
        install.fetch(source.root.as_uri(), commit, str(tmp_path / "fetched"))

    assert "fatal: " in capfd.readouterr().err
