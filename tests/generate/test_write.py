"""Writing: whole files or none, only what differs, nothing of somebody else's."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generator.generate import write
from generator.generate.write import Change, Kind
from tests.harness import ROOT, Repository

FILE = "overlays/company-001/facts.yaml"


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """A reader sees the old file or the new one, and a failure leaves no litter."""
    path = tmp_path / "file.yaml"
    path.write_text("old")

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write.replace(path, b"new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["file.yaml"]


def test_a_folder_goes_with_its_last_file(repository: Repository) -> None:
    """Kustomize would stumble over a folder without a kustomization."""
    repository.write(FILE, "x")

    write.apply(repository.root, {}, (Change(FILE, Kind.REMOVE),))

    assert not (repository.root / "overlays").exists()


def test_a_file_beside_a_generated_one_is_left_alone(repository: Repository) -> None:
    """What does not carry our header is not ours."""
    repository.tenant().generate().write("overlays/company-001/notes.yaml", "mine\n").write(
        "overlays/README.md", "mine\n"
    )
    before = repository.files()

    ran = repository.run("generate")

    assert (ran.exit, ran.stdout) == (0, "")
    assert repository.files() == before


def test_a_generated_file_that_was_edited_is_written_again(repository: Repository) -> None:
    """Its header says so."""
    repository.tenant().generate()
    before = repository.files()
    repository.edit(FILE, 'storage: "50Gi"', 'storage: "500Gi"')

    ran = repository.run("generate")

    assert ran.stdout == f" change {FILE}\n"
    assert repository.files() == before


def test_a_tenant_file_that_vanished_takes_nothing_along(repository: Repository) -> None:
    """Not even with other changes in the same run."""
    repository.tenant().tenant("company-002").generate()
    before = repository.files()
    (repository.root / "tenants/company-001.yaml").unlink()

    ran = repository.tenant("company-002", plan="gold").run("generate")

    assert ran.exit == 1
    assert ran.stderr.count("[TEN017]") == 4
    generated = {file: content for file, content in before.items() if not file.startswith("tenants/c")}
    assert {file: content for file, content in repository.files().items() if file in generated} == generated


@pytest.mark.parametrize("target", ["outside.yaml", "/dev/zero", "kustomization.yaml"])
def test_a_link_in_the_place_of_a_file_is_refused(repository: Repository, target: str) -> None:
    """Wherever it leads, Argo CD would follow it; once it is removed the file is written."""
    repository.tenant().generate().remove(FILE)
    (repository.root / FILE).symlink_to(target)

    ran = repository.run("generate")

    assert ran.stderr == (
        f"{FILE}: error: tenantry must write this file, and it is a symbolic link [GEN001]\n"
        "  hint: remove it, then run `tenantry generate`\n1 error, 0 warnings; nothing was written\n"
    )
    assert repository.remove(FILE).run("generate").exit == 0


def test_nothing_is_written_through_a_link(repository: Repository) -> None:
    """What it leads to may be anybody's."""
    (repository.tenant().write("elsewhere/mine.yaml", "mine\n").root / "overlays").symlink_to("elsewhere")

    ran = repository.run("generate")

    assert ran.exit == 1
    assert ran.stderr == (
        "overlays: error: tenantry must write into this folder, and it is a symbolic link [GEN001]\n"
        "  hint: put the folder itself here\n"
        "1 error, 0 warnings; nothing was written\n"
    )
    assert not (repository.root / "elsewhere/company-001").exists()


def test_after_a_kill_at_any_moment_the_next_run_finishes(tmp_path: Path) -> None:
    """No file is torn, and the result is that of a run that was left alone."""
    expected = _with_tenants(tmp_path / "left-alone").generate().files()
    killed = _with_tenants(tmp_path / "killed")
    command = [sys.executable, "-m", "generator", "-C", str(killed.root), "generate"]

    for _ in range(4):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (killed.root / "overlays").exists():
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        torn = {
            file
            for file, content in killed.files().items()
            if content != expected.get(file) and ".tenantry" not in file
        }
        assert torn == set()

    actual = {file: content for file, content in killed.generate().files().items() if ".tenantry" not in file}
    assert actual == expected


def _with_tenants(folder: Path) -> Repository:
    repository = Repository(folder)
    for number in range(60):
        repository.tenant(f"company-{number:03d}")
    return repository
