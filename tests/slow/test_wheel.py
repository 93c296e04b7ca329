"""The wheel as a user has it: installed without this checkout and without the packages of its developers."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from generator.init import init

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = ("platform.yaml", "tenants", "base", "overlays", "argocd")


@pytest.fixture(scope="module")
def tenantry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it with its locked requirements into an environment of its own, return the command."""
    folder = tmp_path_factory.mktemp("wheel")
    python = folder / "venv" / "bin" / "python"
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], REPOSITORY)
    (wheel,) = folder.glob("*.whl")
    run([sys.executable, "-m", "venv", folder / "venv"], folder)
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "--only-binary=:all:", "-r", REPOSITORY / "install.lock"], folder)
    run([*pip, "--no-deps", wheel], folder)
    run([python, "-m", "pip", "check"], folder)
    return python.with_name("tenantry")


def run(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed, with nothing of this Python in its environment but the kustomize."""
    kustomize = os.environ.get("TENANTRY_KUSTOMIZE", str(Path(sys.executable).with_name("kustomize")))
    ours = ("COV", "PYTHON", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment["TENANTRY_KUSTOMIZE"] = kustomize
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_wheel_knows_no_service_by_name(tmp_path: Path) -> None:
    """Its program, templates and schemas; the README in its metadata and the example that is laid down may."""
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], REPOSITORY)
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        files = {name: wheel.read(name).decode() for name in wheel.namelist()}
    of_program = {
        name: text
        for name, text in files.items()
        if not name.startswith("generator/starter/") and not name.endswith((".dist-info/METADATA", "/RECORD"))
    }
    platform = yaml.safe_load((REPOSITORY / "platform.yaml").read_text(encoding="utf-8"))
    names = {platform["service"]["workload"], "file-server", "file server"}
    for addon, keys in platform["addons"].items():
        names |= {addon, keys["workload"], keys["hostPrefix"]}

    assert {Path(name).suffix for name in of_program} >= {".py", ".j2", ".json", ".yaml"}
    assert any(platform["service"]["workload"] in text for text in files.values())
    held = [(name, word) for name, text in of_program.items() for word in names if word in f"{name}\n{text}".lower()]
    assert held == []


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_command_runs_without_the_packages_of_developers(tenantry: Path, tmp_path: Path, option: str) -> None:
    """What it imports is what it declares."""
    assert run([tenantry, option], tmp_path).stdout


def test_the_example_is_current_and_sound_for_the_installed_program(tenantry: Path, tmp_path: Path) -> None:
    """Templates and schemas are in the wheel: it validates, generates and verifies like the checkout."""
    for name in EXAMPLE:
        source = REPOSITORY / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)

    said = [
        run([tenantry, *verb], tmp_path).stderr.splitlines()[-1]
        for verb in (["validate"], ["generate", "--check"], ["verify"])
    ]

    assert [re.findall(r"\b[0-9]+ (?:errors?|stale)", line) for line in said] == [
        ["0 errors"],
        ["0 stale"],
        ["0 errors"],
    ]


@pytest.fixture(params=["wheel", "editable"])
def command(request: pytest.FixtureRequest) -> Path:
    """Return the command of the wheel, and that of the editable install which the tests themselves run in."""
    if request.param == "editable":
        return Path(sys.executable).with_name("tenantry")
    return Path(request.getfixturevalue("tenantry"))


def test_three_commands_lead_to_a_rendered_first_tenant(command: Path, tmp_path: Path) -> None:
    """With nothing at hand but the program: a repository, the first company, its objects.

    The wheel knows its own hash, so nobody has to say it; of an editable install nothing is proved.
    """
    new = tmp_path / "tenants"
    init_options = (
        "--repo-url https://git.acme.example/t.git --domain files.acme.example --owners @acme/platform".split()
    )
    if command.parent == Path(sys.executable).parent:
        init_options += ["--package", f"git+https://git.acme.example/tenantry.git@{'0123456789' * 4}"]

    run([command, "init", new, *init_options], tmp_path)
    run([command, "-C", new, "generate"], tmp_path)
    rendered = run([command, "-C", new, "render", "company-001"], tmp_path).stdout

    assert rendered.count("namespace: company-001\n") > 20
    assert "company-001.files.acme.example" in rendered
    assert ("--hash=sha256:" in (new / ".tenantry/package.txt").read_text()) == ("--package" not in init_options)


def test_the_wheel_carries_the_start_of_a_repository_and_no_release_and_no_entry(tenantry: Path) -> None:
    """Beside the package, exactly what init reads, byte for byte."""
    (starter,) = tenantry.parent.parent.glob("lib/python*/site-packages/generator/starter")

    files = [path for path in starter.rglob("*") if path.is_file() and path.suffix != ".pyc"]  # pip compiles
    carried = {path.relative_to(starter).as_posix(): path.read_text() for path in files}

    assert carried == init.own_files()
    assert [path for path in carried if "releases" in path or path.startswith(("overlays", "argocd/shards"))] == []
