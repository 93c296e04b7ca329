"""What tests remember of kustomize: the same of the same files, and nothing of others."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from generator.kube import kustomize
from generator.kube.kustomization import Buildable
from tests.kept_builds import Kept

pytestmark = pytest.mark.real_builds

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"


class Counted:
    """Builds, and counts how many folders."""

    def __init__(self) -> None:
        self.number = 0

    def texts(self, folders: Iterable[Buildable]) -> Iterator[tuple[str, str]]:
        """Build as ever."""
        wanted = list(folders)
        self.number += len(wanted)
        return kustomize.texts(wanted)


def overlay(folder: Path, value: str = "b") -> Buildable:
    """Write an overlay and, outside of it, the base that it names."""
    (folder / "base").mkdir(parents=True)
    (folder / "base/a.yaml").write_text(CONFIG_MAP.replace("a: b", f"a: {value}"))
    (folder / "base/kustomization.yaml").write_text("resources: [a.yaml]\n")
    (folder / "overlay").mkdir()
    (folder / "overlay/kustomization.yaml").write_text("namespace: x\nresources: [../base]\n")
    return Buildable(folder / "overlay")


def test_equal_files_are_built_once_wherever_they_stand(tmp_path: Path) -> None:
    """Also where the way to the base is longer."""
    counted = Counted()
    kept = Kept(counted.texts)
    here, there = overlay(tmp_path / "here"), overlay(tmp_path / "there")
    far = tmp_path / "some/where/else"
    far.mkdir(parents=True)
    (far / "kustomization.yaml").write_text("namespace: x\nresources: [../../../here/base]\n")

    said = [next(kept.texts([item])) for item in (here, there, Buildable(far))]

    assert counted.number == 1
    assert said == [next(kustomize.texts([here]))] * 3


def test_a_file_of_the_base_makes_a_difference(tmp_path: Path) -> None:
    """It is read, though it stands outside the folder."""
    kept = Kept(kustomize.texts)

    (before, _), (after, _) = (next(kept.texts([overlay(tmp_path / value, value)])) for value in ("b", "c"))

    assert "a: b\n" in before
    assert "a: c\n" in after


def test_what_fails_and_what_is_built_twice_at_once_is_built(tmp_path: Path) -> None:
    """An error names its folder; and two builds of one folder are compared with each other."""
    counted = Counted()
    kept = Kept(counted.texts)
    good, bad = overlay(tmp_path / "good"), overlay(tmp_path / "bad")
    (tmp_path / "bad/base/a.yaml").unlink()

    errors = [error for _ in range(2) for _, error in kept.texts([good, bad, good])]

    assert counted.number == 4
    assert [bool(error) for error in errors] == [False, True, False] * 2
