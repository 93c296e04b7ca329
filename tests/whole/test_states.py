"""Every release in every state: what each state makes of a company, as a difference from the active one.

`tests/cases/states/RELEASE-EXPOSURE/STATE.diff` holds it, company and all; that of `active` is what the release makes
of the company that `edge` does not. The rows are those of the table of states, so a state without a file is an error.
"""

import difflib
import subprocess
from pathlib import Path
from typing import Final

import pytest

from generator.fleet.states import ACTIVE, STATES
from generator.kube import kustomize
from tests.harness import ROOT, Repository
from tests.lifecycle.test_life import KEYS
from tests.whole.test_frozen_bases import on, with_releases

CASES: Final = ROOT / "tests/cases/states"
RENDERED: Final = tuple(name for name, state in STATES.items() if state.has_overlay)
RELEASES: Final = (("edge", "gateway"), ("edge", "ingress"), ("1", "gateway"), ("2", "gateway"))


def test_there_is_a_difference_for_each_release_in_each_state() -> None:
    """No state of the table is left out, and no file is left over; what has no overlay renders nothing."""
    there = {path.relative_to(CASES).as_posix() for path in CASES.rglob("*") if path.is_file()}

    assert there == {f"{release}-{exposure}/{state}.diff" for release, exposure in RELEASES for state in RENDERED}
    assert set(STATES) - set(RENDERED) == {"retired"}


@pytest.mark.slow
@pytest.mark.parametrize(("release", "exposure"), RELEASES)
def test_a_state_makes_this_of_a_release(tmp_path: Path, release: str, exposure: str, update_golden: bool) -> None:
    """A company with every add-on, on the release behind the live guard."""
    repository = with_releases(Repository(tmp_path / "repository"))
    repository.write(
        "platform.yaml", repository.read("platform.yaml").replace("exposure: gateway", f"exposure: {exposure}")
    )
    on(repository, "{name: pilot, release: edge}", f'{{name: general, release: "{release}"}}')
    if release == "edge":
        on(repository, "{name: general, release: edge}")
    for state in RENDERED:
        keys = {} if state == ACTIVE else {"state": state, **KEYS[state]}
        repository.tenant(f"is-{state}", addons=["chatbot"], **keys)
    renders = _renders(repository)
    on(repository, "{name: general, release: edge}")
    first = _renders(repository)[ACTIVE]

    for state, text in renders.items():
        before = first if state == ACTIVE else renders[ACTIVE]
        lines = difflib.unified_diff(before.splitlines(True), text.splitlines(True), ACTIVE, state)
        golden = CASES / f"{release}-{exposure}" / f"{state}.diff"
        actual = "".join("@@\n" if line.startswith("@@") else line for line in lines)  # where it stands, base/ says
        if update_golden:
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(actual, encoding="utf-8")
        assert actual == golden.read_text(encoding="utf-8"), "if this is right: pytest --update-golden"


def _renders(repository: Repository) -> dict[str, str]:
    """Return what kustomize makes of each company's overlay, with the same name in all of them."""
    repository.generate()
    return {state: _built(repository.root / f"overlays/is-{state}", f"is-{state}") for state in RENDERED}


def _built(overlay: Path, name: str) -> str:
    command = [kustomize.kustomize(), "build", str(overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.replace(name, "company")
