"""Our own example under other names: words that each run draws again stand where its services are named."""

import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.harness import ROOT, Ran, Repository
from tests.products.conftest import committed

_OLD: Final = re.compile(r"file[ -]?server|chat", re.IGNORECASE)
"""Words of the example. `chatbot` and `ai-chatbot` hold the second."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the two services are called.

    Attributes:
        service: The main one, for `fileserver` and "file server".
        addon: The add-on, for `chatbot` and "chat".
        workload: What the add-on runs, for `ai-chatbot`.
    """

    service: str
    addon: str
    workload: str


def drawn(random_of_this_run: random.Random) -> Words:
    """Draw words that nobody has thought of: consonants and vowels by turns, of different lengths."""
    words = []
    for last in "sax":  # it tells the three apart
        letters = ["bdfgklmnprtvz", "eiou"] * random_of_this_run.randint(2, 5)
        words.append("".join(map(random_of_this_run.choice, letters)) + last)
    return Words(*words)


def renamed(text: str, words: Words) -> str:
    """Put the words into a text, in small letters and in capitals, and into names of files."""
    pairs = (
        ("ai-chatbot", words.workload),
        ("chatbot", words.addon),
        ("chat", words.addon),
        ("fileserver", words.service),
        ("file-server", words.service),
        ("file server", words.service),
    )
    for old, new in pairs:
        for form in (str.lower, str.upper, str.capitalize):
            text = text.replace(form(old), form(new))
    return text


@pytest.fixture
def words() -> Words:
    """The words of this run; a failure names their seed."""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed of the words: {seed}")  # noqa: T201 -- shown by pytest when the test fails
    return drawn(random.Random(seed))  # noqa: S311 -- names, no secrets


@pytest.fixture
def other(tmp_path: Path, words: Words) -> Repository:
    """This repository with both services renamed in base/, platform.yaml, argocd/platform/ and tenants/."""
    repository = Repository(tmp_path / "repository")
    for part in ("tenants", "argocd/platform"):
        shutil.copytree(ROOT / part, repository.root / part, dirs_exist_ok=True)
    (repository.root / "tenants/tenant.schema.json").unlink()
    for path in [path for path in repository.root.rglob("*") if path.is_file()]:
        path.write_text(renamed(path.read_text(encoding="utf-8"), words), encoding="utf-8")
    for path in sorted(repository.root.rglob("*"), reverse=True):
        path.rename(path.with_name(renamed(path.name, words)))
    repository.git("init", "--quiet", "--initial-branch", "main")
    return committed(repository.generate())


@pytest.mark.slow
def test_services_of_any_names_are_verified_changed_and_told_of(other: Repository, words: Words) -> None:
    """Every verb that a provider uses daily; nothing that it says, and nothing that it writes, knows the old names."""
    other.git("switch", "--quiet", "--create", "change")
    said: list[Ran] = [
        other.run("verify"),
        other.run("list"),
        other.run("explain", "company-002"),
        other.run("schema", "tenant"),
        other.run("schema", "platform"),
        other.run("set", "company-001", f"addons+={words.addon}"),
        other.run("add", "company-100", "--plan", "silver", "--addon", words.addon),
        other.run("generate"),
    ]
    committed(other)
    said += [
        other.run("check", "--base", "main"),
        other.run("diff", "main", "HEAD"),
        other.run("capacity"),
        other.run("cost"),
        other.run("history"),
        other.run("render", "company-002"),
        other.run("list", "--applications"),
    ]

    assert [(ran.exit, ran.said) for ran in said if ran.exit] == []
    assert f"{words.service}.maxReplicas" in said[2].stdout
    assert f"company-001 {words.addon}" not in said[1].stdout
    assert holding_old_words("\n".join(ran.said for ran in said)) == []
    assert [path for path in other.files() if _OLD.search(path)] == []
    assert holding_old_words(*(raw.decode() for raw in other.files().values())) == []


@pytest.mark.slow
def test_messages_about_services_of_any_names_name_them(other: Repository, words: Words) -> None:
    """Refusals of each family: of the input, of what is generated, and of base/."""
    other.tenant("broken", plan="iron", addons=["chess"], overrides={"maxReplicas": 99})
    other.write("tenants/older.yaml", f"name: older\nplan: bronze\n{words.addon}: true\n")
    of_input = other.run("validate")
    other.remove("tenants/broken.yaml").remove("tenants/older.yaml")
    workload = f"base/edge/core/{words.service}.yaml"
    other.edit(workload, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")
    other.edit(
        f"base/guard/components/{words.workload}/network.yaml", f"name: {words.workload}-to-model", "name: elsewhere"
    )
    of_base = other.run("verify")

    assert (of_input.exit, of_base.exit) == (1, 1)
    assert f"hint: write addons: [{words.addon}]\n" in of_input.stdout
    assert re.search(rf"^{workload}:[0-9:]+ error: Deployment/company-", of_base.stdout, re.MULTILINE)
    assert holding_old_words(of_input.said, of_base.said) == []


def holding_old_words(*texts: str) -> list[str]:
    """Return the lines that hold an old word."""
    return [line for text in texts for line in text.splitlines() if _OLD.search(line)]
