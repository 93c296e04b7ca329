"""Releases whose quotas differ: promotion and rollback pass `check`, and a roll-out that would not end is refused."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.harness import Repository

FILESERVER: Final = "base/releases/{}/core/fileserver.yaml"
RINGS: Final = 'rings:\n- {{name: general, release: "{}"}}\n'
CHANGES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "1": (),
    "2": (("minReadySeconds: 65", "minReadySeconds: 46"),),  # more pods end at once: a larger quota
    "3": (  # one pod of it is all of Bronze
        ('cpu: "250m"', 'cpu: "1"'),
        ('cpu: "125m"', "cpu: 500m"),
        ('memory: "512Mi"', "memory: 2Gi"),
        ('memory: "256Mi"', "memory: 1Gi"),
    ),
    "4": (
        ('cpu: "250m"', "cpu: 25m"),
        ('cpu: "125m"', "cpu: 12m"),
        ('memory: "512Mi"', "memory: 52Mi"),
        ('memory: "256Mi"', "memory: 26Mi"),
    ),
}


@pytest.fixture
def here(tmp_path: Path) -> Repository:
    """One company on Bronze, and releases of which each makes another quota."""
    here = Repository(tmp_path / "repository").tenant("company-001")
    text = here.read("platform.yaml")
    here.write("platform.yaml", re.sub(r"rings: .*\n- \{name: general.*\n", RINGS.format(1), text))
    for number, changes in CHANGES.items():
        folder = here.root / f"base/releases/{number}"
        folder.parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-r", str(here.root / "base/edge"), str(folder)], check=True)
        for old, new in changes:
            here.edit(FILESERVER.format(number), old, new)
    here.git("init", "--quiet", "--initial-branch=main")
    return committed(here)


def committed(here: Repository) -> Repository:
    """Generate and commit all."""
    here.generate().git("add", "--all")
    here.git("commit", "--quiet", "--message", "a change")
    return here


def refusals(here: Repository, number: str) -> str:
    """Promote everybody to a release, commit it, and return the errors of CAP005 that `check` finds."""
    done = here.run("promote", "--all", number, "--reason", "a test")
    assert done.exit == 0, done.said
    return check(committed(here))


def check(here: Repository) -> str:
    """Return what `check` says of CAP005 in the last commit."""
    done = here.run("check", "--base", "HEAD~1")
    found = re.findall(r"^.*\[CAP005\]\n.*\n", done.stdout, re.MULTILINE)
    return "".join(found)


@pytest.mark.slow
def test_a_release_with_another_quota_comes_and_goes_back(here: Repository) -> None:
    """Nothing else was sold, so its roll-out ends, and so does that of the release before."""
    assert [refusals(here, "2"), refusals(here, "1")] == ["", ""]


@pytest.mark.slow
def test_a_release_whose_pods_would_wait_is_refused_and_the_exit_passes(here: Repository) -> None:
    """Onward from one large pod to 39 small ones: they do not fit beside it and those of it that are ending."""
    assert refusals(here, "3") == ""

    said = refusals(here, "4")

    assert said == (
        "tenants/company-001.yaml:2:7: error: pods would wait amid the roll-out of base/releases/4: its quota is 1125m"
        " of CPU limits, and the 1 pod of fileserver from before with those that come take 2 [CAP005]\n"
        "  hint: in the same change, add to reserve of platform.yaml: cpu 875m, memory 1820Mi; and take it out when the"
        " release is rolled out\n"
    )
    here.write("platform.yaml", here.read("platform.yaml") + '\nreserve: {cpu: "875m", memory: 1820Mi}\n')
    here.generate().git("commit", "--quiet", "--all", "--amend", "--no-edit")
    assert check(here) == ""
    here.write("platform.yaml", here.read("platform.yaml").replace("\nreserve:", "\n# reserve:"))
    assert check(committed(here)) == ""
