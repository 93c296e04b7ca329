"""Hostile files, in seconds and in 512 MB: each is refused by its name, before it is read as a whole."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from generator.reading import files
from generator.reading.files import Bounds
from tests.harness import ROOT, Ran, Repository, environment

MEMORY: Final = 512 << 20
ANCHOR: Final = "write the value out; quote a value that starts with & or *"
MANY: Final = "remove what does not belong there; `git status --ignored` shows what git does not know"


def bounded(repository: Repository, *arguments: str) -> Ran:
    """Run a verb in a process of its own that may have 512 MB of address space, for a minute at most."""
    command = [sys.executable, "-m", "generator", "-C", str(repository.root), *arguments]
    with subprocess.Popen(
        ["sh", "-c", 'read -r go && exec "$@"', "sh", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
    ) as process:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
        stdout, stderr = process.communicate("go\n", timeout=60)
    return Ran(process.returncode, stdout, stderr)


pytestmark = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system bounds no other process")


def large(repository: Repository, path: str) -> None:
    """Make a file of 60 MB that takes no space on the disk."""
    repository.write(path, "a: b\n")
    with (repository.root / path).open("r+b") as stream:
        stream.truncate(60_000_000)


def test_files_of_the_base_are_refused_before_they_are_parsed(repository: Repository) -> None:
    """All in one run: an object of 60 MB, aliases for gigabytes, nesting without end, too many digits and values."""
    repository.tenant()
    large(repository, "base/edge/core/large.yaml")
    bomb = "".join(f"k{number}: &k{number} [{', '.join([f'*k{number - 1}'] * 9)}]\n" for number in range(1, 12))
    repository.write("base/edge/core/aliases.yaml", f"k0: &k0 [lol]\n{bomb}")
    repository.write("base/edge/core/nested.yaml", "[" * 500_000)
    repository.write("base/edge/core/deep/kustomization.yaml", "resources: " + "[" * 5000 + "]" * 5000)
    repository.write("base/edge/core/number.yaml", f'a: {"9" * 5_000}\nb: "{"9" * 5_000}Mi"\n')
    repository.write("base/edge/core/values.yaml", f"[{'a,' * 500_000}]")

    ran = bounded(repository, "generate")

    assert ran.stderr == (
        "base/edge/core/aliases.yaml:1:5: error: the anchor or alias 'k0' is not allowed here [TEN024]\n"
        f"  hint: {ANCHOR}\n"
        "base/edge/core/deep/kustomization.yaml:1:35: error: more than 24 levels of nesting [TEN023]\n"
        "base/edge/core/large.yaml: error: the file has more than 1048576 bytes [FIL001]\n"
        "  hint: split it, or remove what does not belong there\n"
        "base/edge/core/nested.yaml:1:65: error: more than 64 levels of nesting [TEN023]\n"
        "base/edge/core/number.yaml:1:4: error: a number of more than 1000 characters [TEN023]\n"
        "  hint: write a smaller one\n"
        "base/edge/core/values.yaml:1:200000: error: more than 100000 keys and values [TEN023]\n"
        "  hint: split the file\n"
        "6 errors, 0 warnings; nothing was written\n"
    )
    assert ran.exit == 1


@pytest.mark.slow
@pytest.mark.parametrize("path", ["overlays/company-001/notes.yaml", "argocd/platform/notes.yaml"])
def test_a_huge_file_among_those_that_argo_cd_reads_is_refused(repository: Repository, path: str) -> None:
    """Verify reads all of them, and one is enough to end it."""
    repository.tenant().generate()
    large(repository, path)

    ran = bounded(repository, "verify")

    assert ran.stdout == (
        f"{path}: error: the file has more than 1048576 bytes [FIL001]\n"
        "  hint: split it, or remove what does not belong there\n"
    )
    assert repository.remove(path).run("verify").exit == 0


@pytest.mark.parametrize("folder", [pytest.param("tenants", marks=pytest.mark.slow), "base/edge/core"])
def test_four_thousand_folders_inside_one_another_are_refused(repository: Repository, folder: str) -> None:
    """Git itself does not see their end, and says so to nobody."""
    repository.tenant().git("init", "--quiet")
    above = os.open(repository.root / folder, os.O_RDONLY)
    for _ in range(4000):
        os.mkdir("d", dir_fd=above)
        inner = os.open("d", os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = inner
    os.close(above)

    ran = bounded(repository, "validate")
    subprocess.run(["rm", "-r", repository.root / folder / "d"], check=True)

    deepest = "/".join([folder, *["d"] * (17 - len(Path(folder).parts))])
    assert ran.stderr == (
        f"{deepest}: error: this folder is inside 16 others [FIL001]\n  hint: move it further up\n"
        "1 error, 0 warnings; nothing was written\n"
    )
    assert repository.run("validate").exit == 0


def test_a_path_of_many_folders_is_refused_as_git_has_it(repository: Repository) -> None:
    """In a commit, too, which is written out before it is judged."""
    path = f"base/edge/core/{'d/' * 30}x.yaml"
    repository.tenant().write(path, "a: b\n").git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "deep")

    for arguments in (["validate"], ["check", "--base", "main"]):
        assert repository.run(*arguments).said.startswith(
            f"base/edge/core/{'d/' * 13}d: error: this folder is inside 16 others [FIL001]\n"
            "  hint: move it further up\n"
        )


@pytest.mark.parametrize("folder", ["tenants", "base", "overlays", "argocd"])
def test_a_folder_of_too_many_files_is_refused(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """By its own name, once, before any of them is read."""
    repository.tenant()
    for number in range(60):
        repository.write(f"{folder}/many/{number}.yaml", "")
    monkeypatch.setattr(files, "GENERATED", Bounds(entries=50, total=1000))

    ran = repository.run("validate")

    assert ran.stderr == (
        f"{folder}: error: more than 50 files and folders [FIL001]\n  hint: {MANY}\n"
        "1 error, 0 warnings; nothing was written\n"
    )


def test_files_that_are_too_much_together_are_refused(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may be small enough, and a release holds a few."""
    monkeypatch.setattr(files, "BY_HAND", Bounds(entries=100, total=20_000))
    repository.tenant()

    assert repository.run("generate").stderr == (
        "base/edge: error: the files have more than 20000 bytes together [FIL001]\n"
        "  hint: split it, or remove what does not belong there\n"
        "1 error, 0 warnings; nothing was written\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "last"),
    [
        ("tenants", "100000 errors, 0 warnings; nothing was written"),
        ("base/edge/core", "1 error, 0 warnings; nothing was written"),
    ],
)
def test_a_hundred_thousand_files_are_read_within_bounds(repository: Repository, folder: str, last: str) -> None:
    """As many companies may have files, so that each of these is wrong by itself; a release has a few."""
    repository.tenant().git("init", "--quiet")
    (repository.root / folder).mkdir(parents=True, exist_ok=True)
    inside = os.open(repository.root / folder, os.O_RDONLY)
    for number in range(100_000):
        os.close(os.open(f"{number}.yaml", os.O_CREAT | os.O_WRONLY, dir_fd=inside))
    os.close(inside)

    ran = bounded(repository, "generate")

    assert ran.stderr.splitlines()[-1] == last


def test_a_fifo_in_the_place_of_a_generated_file_is_not_waited_for(repository: Repository) -> None:
    """Git does not see it, and generate would read it to compare."""
    path = "overlays/company-001/facts.yaml"
    repository.tenant().generate().remove(path)
    os.mkfifo(repository.root / path)

    ran = repository.run("generate")

    assert ran.stderr == (
        f"{path}: error: tenantry must write this file, and it is no ordinary file [GEN001]\n"
        "  hint: remove it, then run `tenantry generate`\n1 error, 0 warnings; nothing was written\n"
    )
    assert repository.remove(path).run("generate").exit == 0


def test_a_device_in_the_place_of_a_file_of_base_is_refused(repository: Repository) -> None:
    """Opening it could already do something."""
    try:
        os.mknod(repository.root / "base/edge/core/zero.yaml", 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root may make a device")
    repository.tenant().git("init", "--quiet")

    ran = repository.run("generate")

    assert ran.stderr == (
        "base/edge/core/zero.yaml: error: this is not an ordinary file [GIT001]\n"
        "  hint: remove it: rm base/edge/core/zero.yaml\n1 error, 0 warnings; nothing was written\n"
    )
    assert repository.remove("base/edge/core/zero.yaml").run("generate").exit == 0
