"""Releases: frozen once, by the verb; what could not be taken out later is refused before, with its exit."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from generator.generate import frozen
from generator.generate.frozen import edited
from generator.git.snapshot import Snapshot
from generator.git.trees import Touched
from tests.harness import Repository

pytestmark = pytest.mark.slow

FILESERVER: Final = "base/edge/core/fileserver.yaml"
DIGEST: Final = f"sha256:{'0' * 64}"


@pytest.fixture
def here(tmp_path: Path) -> Repository:
    """A company, and all of it in git."""
    repository = Repository(tmp_path / "repository").tenant("company-001", addons=["chatbot"])
    repository.git("init", "--quiet", "--initial-branch=main")
    return committed(repository.generate())


def committed(repository: Repository) -> Repository:
    """Commit all that there is."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "a change")
    return repository


def freeze(repository: Repository, *arguments: str) -> None:
    """Freeze, and insist that it went well."""
    done = repository.run("release", *arguments)
    assert done.exit == 0, done.said


def edit_edge(repository: Repository) -> None:
    """Change what runs, so that it restarts pods and nothing else."""
    text = repository.read(FILESERVER)
    number = int(re.search(r"minReadySeconds: ([0-9]+)", text)[1])  # type: ignore[index]
    repository.write(FILESERVER, text.replace(f"minReadySeconds: {number}", f"minReadySeconds: {number + 1}"))


def test_a_release_is_the_copy_and_a_record_beside_it(here: Repository) -> None:
    """Git has the same tree for it as for base/edge."""
    done = here.run("release", "--notes", "the first")

    assert (done.exit, done.stdout) == (0, "")
    assert re.fullmatch(
        "froze base/edge as base/releases/1: [0-9]+ files\n  next: commit it; then tenantry promote RING 1\n",
        done.stderr,
    )
    assert re.fullmatch(
        "# Frozen by tenantry, and never edited: tenantry verify holds the folder beside this file to the digest.\n"
        'digest: "sha256:[0-9a-f]{64}"\nnotes: "the first"\n',
        here.read("base/releases/1.yaml"),
    )
    committed(here)
    assert here.git("rev-parse", "HEAD:base/releases/1") == here.git("rev-parse", "HEAD:base/edge")
    assert here.run("verify").exit == 0


def test_what_guards_is_frozen_by_itself(here: Repository) -> None:
    """Its numbers are its own."""
    freeze(here, "--guard")

    committed(here)
    assert here.git("rev-parse", "HEAD:base/guards/1") == here.git("rev-parse", "HEAD:base/guard")
    assert here.run("verify").exit == 0


def test_what_is_frozen_already_is_not_frozen_again(here: Repository) -> None:
    """The way out is the release that there is; after a change there is something to freeze."""
    freeze(here)

    done = here.run("release")

    assert (done.exit, done.stderr) == (
        1,
        ("error: base/edge is what base/releases/1 holds\n  hint: nothing is to be frozen: tenantry promote RING 1\n"),
    )
    edit_edge(here)
    freeze(here)
    assert (here.root / "base/releases/2").is_dir()


def test_a_number_is_given_once(here: Repository) -> None:
    """Also when git alone remembers it."""
    freeze(here)
    committed(here)
    here.git("rm", "-r", "--quiet", "base/releases")
    committed(here)

    freeze(here)

    assert (here.root / "base/releases/2.yaml").exists()


# --- never edited


def test_a_release_that_is_edited_is_an_error_with_its_way_back(here: Repository) -> None:
    """Also by a file that no build reads."""
    freeze(here)
    written = committed(here).git("rev-parse", "--short=10", "HEAD").strip()
    here.write("base/releases/1/README.md", "x\n")

    done = here.run("verify")

    paths = "base/releases/1 base/releases/1.yaml"
    way = f"rm -r {paths} && git checkout {written} -- {paths}"
    assert done.exit == 1
    assert re.search(
        "^base/releases/1: error: base/releases/1 is not what was frozen: its digest is sha256:[0-9a-f]{12}, and"
        rf" base/releases/1.yaml says sha256:[0-9a-f]{{12}} \[REL001\]\n  hint: put it back: {way};"
        " change base/edge, and freeze that: tenantry release\n",
        done.stdout,
        re.MULTILINE,
    )
    (here.root / "base/releases/1/README.md").unlink()
    assert here.run("verify").exit == 0


def test_a_copy_without_a_record_is_a_warning_with_the_line_to_write(here: Repository) -> None:
    """One that was made by hand, before there was a verb for it."""
    freeze(here)
    here.remove("base/releases/1.yaml")

    done = here.run("verify")

    said = re.search(
        "base/releases/1.yaml: warning: nothing says what base/releases/1 held when it was frozen \\[REL001\\]\n"
        "  hint: write it down, if it is right: (digest: .*)\n",
        done.stdout,
    )
    assert (done.exit, bool(said)) == (0, True), done.said
    assert said is not None
    here.write("base/releases/1.yaml", f"{said[1]}\n")
    assert "REL001" not in here.run("verify").stdout


RECORD: Final = "base/releases/1.yaml"
CORE: Final = "base/releases/1/core/kustomization.yaml"


@pytest.mark.parametrize(
    ("files", "is_edited"),
    [
        ([Touched(CORE, "a", "b")], True),
        ([Touched(RECORD, "a", "b")], True),
        ([Touched(RECORD, "a", "")], True),
        ([Touched("base/releases/1/core/fileserver.yaml", "a", "")], True),
        ([Touched(RECORD, "", "b"), Touched(CORE, "", "b")], False),
        ([Touched(RECORD, "", "b")], False),
        ([Touched(RECORD, "a", ""), Touched(CORE, "a", "")], False),
        ([Touched("base/edge/core/kustomization.yaml", "a", "b")], False),
    ],
)
def test_a_release_may_come_and_go_whole_and_no_part_of_it(files: list[Touched], is_edited: bool) -> None:
    """Nor its record; one for a copy that has none may come."""
    assert edited(files) == (("base/releases/1",) if is_edited else ())


def test_a_change_that_edits_a_release_is_refused(here: Repository) -> None:
    """Its record cannot be brought along; the way back passes."""
    freeze(here)
    start = committed(here).git("rev-parse", "HEAD").strip()
    here.git("switch", "--quiet", "--create", "change")
    here.edit("base/releases/1/core/fileserver.yaml", "kind: Service\n", "kind: Service # edited\n")
    committed(here)

    done = here.run("check", "--base", "main")

    paths = "base/releases/1 base/releases/1.yaml"
    back = f"rm -r {paths}; git checkout {start[:10]} -- {paths}"
    assert done.exit == 1
    assert (
        "base/releases/1: error: this release was frozen before, and is edited [CHG026]\n"
        f"  hint: put it back: {back}; change base/edge and freeze that: tenantry release\n"
    ) in done.stdout
    here.git("checkout", "--quiet", start, "--", *paths.split())
    committed(here)
    assert here.run("check", "--base", "main").exit == 0


def test_a_number_that_something_else_had_is_refused(here: Repository) -> None:
    """History says what a ring has tried by its number. What comes back as it was passes, and so does the exit."""
    freeze(here)
    start = committed(here).git("rev-parse", "HEAD").strip()
    paths = ("base/releases/1", "base/releases/1.yaml")
    here.git("rm", "-r", "--quiet", *paths)
    committed(here)
    here.git("checkout", "--quiet", start, "--", *paths)
    committed(here)
    assert "CHG026" not in here.run("check", "--base", "HEAD~1").stdout
    here.git("rm", "-r", "--quiet", *paths)
    committed(here)
    edit_edge(here)
    (here.root / "base/releases").mkdir(exist_ok=True)
    subprocess.run(["cp", "-r", str(here.root / "base/edge"), str(here.root / "base/releases/1")], check=True)
    now = frozen.digest(Snapshot.of_folder(here.root), "base/releases/1")
    here.write("base/releases/1.yaml", frozen.record(now, ""))
    committed(here)

    done = here.run("check", "--base", "HEAD~1")

    assert (
        "base/releases/1: error: this number was given before, to something else [CHG026]\n  hint: freeze it under the"
        " next one: rm -r base/releases/1 base/releases/1.yaml; tenantry release\n"
    ) in done.stdout
    here.git("rm", "-r", "--quiet", *paths)
    freeze(here)
    committed(here)
    assert "CHG026" not in here.run("check", "--base", "HEAD~2").stdout


# --- what is refused


def test_images_without_a_digest_are_refused_where_the_platform_demands_them(here: Repository) -> None:
    """Each at its place; with digests it passes."""
    here.edit("platform.yaml", "rings:", "imageDigests: true\nrings:")

    done = here.run("release")

    for file, image in (
        ("core/fileserver.yaml", "docker.io/sigoden/dufs:v0.47.0"),
        ("components/ai-chatbot/ai-chatbot.yaml", "docker.io/docker/docker-agent:1.149.0"),
    ):
        assert re.search(
            rf"base/edge/{file}:\d+:1: error: (?:Deployment/[a-z-]+): the image {image} is not named by its digest, and"
            r" platform.yaml demands"
            r" it \(imageDigests\) \[SEC010\]"
            rf"\n  hint: write its digest under images: in base/; docker buildx imagetools inspect {image} tells it\n",
            done.stderr,
        ), done.stderr
    assert (done.exit, done.stderr.count(": error: ")) == (1, 2)
    assert not (here.root / "base/releases").exists()
    for folder, tag in (("core", "v0.47.0"), ("components/ai-chatbot", "1.149.0")):
        file = f"base/edge/{folder}/kustomization.yaml"
        here.write(file, re.sub(f"newTag: .?{tag}.?", f"digest: {DIGEST}", here.read(file)))
    freeze(here)


def test_a_field_that_cannot_be_changed_is_refused(here: Repository) -> None:
    """Against the release before; put back, it passes."""
    freeze(here)
    text = here.read(FILESERVER)
    selector = "    matchLabels:\n      app.kubernetes.io/name: fileserver\n"
    before = f"      maxUnavailable: 0\n  selector:\n{selector}"
    here.edit(FILESERVER, before, f"{before}      app.kubernetes.io/component: fileserver\n")

    done = here.run("release")

    assert done.exit == 1
    assert (
        "error: Deployment/fileserver: spec.selector is another one than in base/releases/1, and cannot be changed once"
        " the object is there [K8S010]\n  hint: give the changed object another name, or write what stood there\n"
    ) in done.stderr
    here.write(FILESERVER, text)
    edit_edge(here)
    freeze(here)


def test_what_has_errors_is_not_frozen(here: Repository) -> None:
    """Nobody could take them out later."""
    here.edit(
        "base/edge/core/kustomization.yaml",
        "kind: Kustomization\n",
        "kind: Kustomization\npatches:\n- patch: |-\n    - {op: add, path: /spec/minReadySeconds, value: 3}\n"
        "  target: {kind: Deployment, name: nobody}\n",
    )

    done = here.run("release")

    assert done.exit == 1
    assert "error: " in done.stderr
    assert not (here.root / "base/releases").exists()


# --- what nobody uses


def test_prune_removes_what_nobody_names_but_the_newest(here: Repository) -> None:
    """With the record; what a ring names stays."""
    for _ in range(3):
        edit_edge(here)
        freeze(here)
    here.edit("platform.yaml", "{name: general, release: edge}", '{name: general, release: "1"}')
    committed(here.generate())

    done = here.run("release", "--prune")

    assert (done.exit, done.stdout) == (0, " remove base/releases/2\n")
    assert done.stderr == "  one comes back, as long as git has it: git checkout COMMIT -- FOLDER FOLDER.yaml\n"
    assert sorted(path.name for path in (here.root / "base/releases").iterdir()) == ["1", "1.yaml", "3", "3.yaml"]
    again = here.run("release", "--prune")
    assert (again.exit, again.stderr) == (0, "every release is used, a way back, or the newest: nothing to remove\n")


def test_prune_leaves_each_ring_its_way_back(here: Repository) -> None:
    """What it was on last, whatever it is on now, and amid a move too; what it was on before that goes."""
    for _ in range(4):
        edit_edge(here)
        freeze(here)
    was = "release: edge"
    for now in ('release: "1"', 'release: "2"', 'release: "3"', 'release: "3", next: {release: "4", share: 50}'):
        here.edit("platform.yaml", f"{{name: general, {was}}}", f"{{name: general, {now}}}")
        committed(here.generate())
        was = now

    done = here.run("release", "--prune")

    assert (done.exit, done.stdout) == (0, " remove base/releases/1\n")
    assert done.stderr.startswith("   keep base/releases/2: ring general was on it before, and may go back\n")
    committed(here)
    assert here.run("promote", "general", "3").exit == 0
    committed(here.generate())
    assert here.run("promote", "general", "2").exit == 0
    here.generate()


def test_prune_removes_nothing_that_git_could_not_bring_back(here: Repository) -> None:
    """What was never committed, a file that was added, and one that git ignores."""
    for _ in range(4):
        edit_edge(here)
        freeze(here)
    committed(here.generate())
    edit_edge(here)
    freeze(here)
    here.write("base/releases/1/note.txt", "mine\n")
    here.write(".gitignore", "*.bak\n").write("base/releases/2/old.bak", "mine\n")
    edit_edge(here)
    freeze(here)

    done = here.run("release", "--prune")

    assert (done.exit, done.stdout) == (0, " remove base/releases/3\n remove base/releases/4\n")
    kept = "   keep base/releases/{}: the last commit does not hold it as it is; commit it first\n"
    assert done.stderr.startswith("".join(kept.format(number) for number in (1, 2, 5)))
    assert (here.root / "base/releases/5/core").is_dir()


def test_prune_freezes_nothing(here: Repository) -> None:
    """It stands alone."""
    assert here.run("release", "--prune", "--guard").exit == 2
