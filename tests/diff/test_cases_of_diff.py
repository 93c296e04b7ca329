"""The golden cases of diff: folders of what a change brings, and what is said of it in each form.

`given/` is laid over the committed repository of `tests/cases/diff/repository`, which `before/` may change first;
`removed.txt` names files that go. The base of that repository is small and its own, so that what is expected changes
when the words do and not when `base/` does.

A page says what the other forms say, so one is kept whole: the one that holds every tag and class of all others.
"""

import difflib
import re
from pathlib import Path

import pytest

from generator.diff import FORMATS
from generator.diff.compare import compare
from generator.diff.formats import show
from tests.diff.committed import HERE, Committed

CASES = HERE.parent
FOLDERS = sorted(path.parent for path in CASES.glob("*/expected"))
ENDINGS = {"text": "txt", "markdown": "md", "json": "json", "html": "html"}
WITH_PAGE = "an-add-on-moves-from-one-tenant-to-another"


@pytest.mark.parametrize("case", FOLDERS, ids=lambda case: str(case.name))
def test_what_a_change_brings_is_told_in_each_form(case: Path, tmp_path: Path, update_golden: bool) -> None:
    """A case is a folder named by its sentence."""
    repository = Committed(tmp_path / "repository")
    if (case / "before").exists():
        repository.lay(case / "before").commit("before")
    if (case / "given").exists():
        repository.lay(case / "given")
    if (case / "removed.txt").exists():
        for file in (case / "removed.txt").read_text(encoding="utf-8").split():
            (repository.root / file).unlink()

    difference = compare(repository.root, "HEAD")
    actual = {form: repository.without_id(show(difference, form)) for form in FORMATS}

    if case.name != WITH_PAGE:
        known = _tags((CASES / WITH_PAGE / "expected" / "diff.html").read_text(encoding="utf-8"))
        assert _tags(actual.pop("html")) <= known, f"{WITH_PAGE} no longer has the richest page"
    for form, text in actual.items():
        golden = case / "expected" / f"diff.{ENDINGS[form]}"
        if update_golden:
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(text, encoding="utf-8")
        expected = golden.read_text(encoding="utf-8") if golden.exists() else ""
        unlike = "".join(difflib.unified_diff(expected.splitlines(True), text.splitlines(True), form, "actual"))
        assert not unlike, f"{unlike}\nif this is right: pytest --update-golden"


def _tags(page: str) -> set[str]:
    """Return every opening tag of a page, as it is written."""
    return set(re.findall(r"<[a-z][^>]*>", page))
