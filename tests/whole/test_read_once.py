"""Each verb opens a file once, parses it once, builds a class once and proves it once: of 3 companies as of 300.

Files are counted by an audit hook, those of the repository and those of the commits that a verb lays out beside it;
builds at the one door to kustomize, proofs at the functions that make them.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from generator.cli import cli
from generator.kube import kustomize
from generator.kube.kustomization import Buildable
from generator.proofs import escape, isolation, quota
from generator.reading import yaml_reader
from generator.render import classes
from tests.harness import Repository

PLANS: Final = ("bronze", "silver", "gold")
SMALL: Final = 3
LARGE: Final = 300
CLASSES: Final = {SMALL: 3, LARGE: 6}
"""Choices of a plan and the chatbot that companies of a fleet have."""

COMPARED: Final = {SMALL: 0, LARGE: 6}
"""Companies of a fleet that are built directly as well: one of each class that has several."""

VERBS: Final = (
    ("validate",),
    ("generate",),
    ("generate", "--check"),
    ("list",),
    ("list", "--applications"),
    ("add", "company-new", "--plan", "gold"),
    ("set", "company-000", "plan=silver"),
    ("explain", "company-000"),
    ("render",),
    ("render", "company-000"),
    ("verify",),
    ("verify", "company-000"),
    ("verify", "--reachability", "company-000"),
    ("check",),
    ("check", "--base", "HEAD~1"),
    ("diff", "HEAD~1"),
    ("diff", "HEAD~1", "HEAD"),
    ("report", "fleet.html"),
    ("publish", "--dry-run"),
    ("due",),
    ("capacity",),
    ("capacity", "company-000"),
    ("capacity", "--what-if", "plan=gold:+1"),
    ("cost",),
    ("cost", "company-000"),
    ("history",),
    ("history", "company-000"),
    ("history", "--month", "2026-10"),
    ("release",),
    ("promote",),
    ("upgrade", "--dry-run"),
    ("debug", "company-000", "--print"),
)
"""Every verb that reads a repository, in each of its ways."""

REFUSED: Final = ("capacity",)
"""Verbs that may say no: the large fleet does not fit the nodes."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "certificate": "one tombstone, and git",
    "doctor": "this machine",
    "init": "the files of a new repository",
    "schema": "the package",
    "status": "a cluster",
}
"""What the other verbs read."""

OF_COMMITS: Final = (("check", "--base", "HEAD~1"), ("diff", "HEAD~1", "HEAD"))
"""Those that read blobs alone."""

ALONE: Final = (("verify",), ("check",))
"""The verbs that look at all companies of one state."""

PASSES: Final = 5
"""Over one text: what must not be parsed, the parse, its places, and how other readers take its scalars.

And once more in the copy of base/ that a company which is not there is made of.
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What one run of a verb did.

    Attributes:
        opened: How often each file was opened, by its path.
        passes: How often the YAML parser went over each text.
        builds: What kustomize built: the namespace of each kustomization, or nothing where it has none.
        proofs: How often each proof was made, by its name.
        held: How often each object was held against its project.
    """

    opened: Counter[str] = field(default_factory=Counter)
    passes: Counter[str] = field(default_factory=Counter)
    builds: list[str] = field(default_factory=list)
    proofs: Counter[str] = field(default_factory=Counter)
    held: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def of_tenants(self) -> list[str]:
        """The builds of companies and classes; the others are of base/, whoever its tenants are."""
        return [namespace for namespace in self.builds if namespace == classes.NAME or namespace.startswith("company-")]


# --- what is counted


class _Watch:
    """Counts the files that this process opens; an audit hook stays until the process ends, so there is one."""

    def __init__(self) -> None:
        self._opened: Counter[str] | None = None
        self._folders: tuple[str, ...] = ()
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._opened is None or event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        path, _, flags = arguments
        name = os.fsdecode(path)
        reads = not (flags or 0) & (os.O_WRONLY | os.O_RDWR)
        if reads and name.startswith(self._folders) and "/.git/" not in name and not os.path.isdir(name):  # noqa: PTH112
            self._opened[name] += 1

    @contextmanager
    def into(self, opened: Counter[str] | None, folders: Collection[Path] = ()) -> Iterator[None]:
        """Count what is opened below folders, or nothing, for a while."""
        before = self._opened, self._folders
        self._opened, self._folders = opened, tuple(f"{folder}/" for folder in folders) or self._folders
        try:
            yield
        finally:
            self._opened, self._folders = before


WATCH: Final = _Watch()


def _namespace(folder: Path) -> str:
    data = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    return str(data.get("namespace", ""))


def counted(repository: Repository, verb: tuple[str, ...], scratch: Path) -> Counts:
    """Run a verb, insist that it went well, and say what it did."""
    counts = Counts()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(scratch))
        patch.setattr(kustomize, "texts", partial(_counted_texts, counts, kustomize.texts))
        for loader in (yaml_reader._Composer, yaml.CSafeLoader):  # noqa: SLF001 -- the one that reads strictly
            patch.setattr(loader, "__init__", _counted_passes(counts, loader.__init__))
        for module, name in ((quota, "prove"), (isolation, "prove_isolation"), (isolation, "read_space")):
            patch.setattr(module, name, _counted_proof(counts, name, getattr(module, name)))
        patch.setattr(escape, "accepts", _counted_held(counts, escape.accepts))
        with WATCH.into(counts.opened, (repository.root.resolve(), scratch.resolve())):
            done = repository.run(*verb)
    assert done.exit in ((0, 1) if verb[0] in REFUSED else (0,)), done.said
    return counts


def _counted_texts(
    counts: Counts, real: Callable[..., Iterator[tuple[str, str]]], folders: Iterable[Buildable]
) -> Iterator[tuple[str, str]]:
    wanted = list(folders)
    with WATCH.into(None):  # kustomize reads in a process of its own, and what remembers builds is a test's
        counts.builds.extend(_namespace(item.folder) for item in wanted)
        built = list(real(wanted))
    yield from built


def _counted_passes(counts: Counts, real: Callable[..., None]) -> Callable[..., None]:
    def init(self: Any, stream: Any) -> None:
        counts.passes[stream if isinstance(stream, str) else stream.decode()] += 1
        real(self, stream)

    return init


def _counted_proof(counts: Counts, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def proof(*arguments: Any) -> Any:
        counts.proofs[name] += 1
        return real(*arguments)

    return proof


def _counted_held(counts: Counts, real: Callable[..., bool]) -> Callable[..., bool]:
    def accepts(project: Any, cluster: Any, one: Any) -> bool:
        counts.held[id(project), id(one)] += 1
        return real(project, cluster, one)

    return accepts


# --- the fleets


def fleet(folder: Path, companies: int) -> Repository:
    """Make a repository of which HEAD changed one company, and main at its remote another, without what it gives."""
    repository = Repository(folder / "repository")
    for number in range(companies):
        repository.tenant(f"company-{number:03}", plan=PLANS[number % 3], addons=["chatbot"] * (number % 2 == 0))
    repository.git("init", "--quiet", "--initial-branch", "main")
    _commit(repository.generate(), "start")
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder / "remote")], check=True)
    repository.git("remote", "add", "origin", str(folder / "remote"))
    repository.git("switch", "--quiet", "--create", "next")
    _commit(repository.tenant("company-000", plan="silver", addons=["chatbot"]), "change another")
    repository.git("push", "--quiet", "origin", "next:main")
    repository.git("switch", "--quiet", "main")
    _commit(repository.tenant("company-001", plan="gold").generate(), "change one")
    return repository


def _commit(repository: Repository, message: str) -> None:
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", message)


@pytest.fixture(scope="module", params=[SMALL, pytest.param(LARGE, marks=pytest.mark.slow)])
def companies(request: pytest.FixtureRequest) -> int:
    """How many companies a fleet has."""
    return int(request.param)


@pytest.fixture(scope="module")
def runs(companies: int, tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...]], Counts]:
    """What runs one verb on the fleet, each once."""
    folder = tmp_path_factory.mktemp("fleet")
    repository = fleet(folder, companies)
    known: dict[tuple[str, ...], Counts] = {}

    def run(verb: tuple[str, ...]) -> Counts:
        if verb not in known:
            scratch = folder / "scratch" / str(len(known))
            scratch.mkdir(parents=True, exist_ok=True)
            known[verb] = counted(repository, verb, scratch)
            repository.git("checkout", "--quiet", ".")
            repository.git("clean", "--quiet", "--force", "-d")
        return known[verb]

    return run


Runs = Callable[[tuple[str, ...]], Counts]
each_verb = pytest.mark.parametrize("verb", VERBS, ids=" ".join)


# --- what is promised


def test_every_verb_is_counted() -> None:
    """A new one is counted as well, or it is said here what it reads instead."""
    assert {verb[0] for verb in VERBS} | ELSEWHERE.keys() == cli.commands.keys()


@each_verb
def test_a_file_is_opened_once(runs: Runs, verb: tuple[str, ...]) -> None:
    """By our process; kustomize reads for itself."""
    opened = runs(verb).opened

    assert {path: times for path, times in opened.items() if times > 1} == {}
    assert bool(opened) is (verb not in OF_COMMITS)


@each_verb
def test_a_text_is_parsed_once(runs: Runs, verb: tuple[str, ...]) -> None:
    """A company's file in one pass, unless it is shown where something stands, or a plan is tried before it is set."""
    passes = {text: times for text, times in runs(verb).passes.items() if "apiVersion" in text or "name:" in text}

    own = {text: times for text, times in passes.items() if text.startswith("name: ")}
    assert max(own.values(), default=1) <= 1 + (verb[0] in ("explain", "set"))
    assert {text[:80]: times for text, times in passes.items() if times > PASSES} == {}


@pytest.mark.parametrize("verb", ALONE, ids=" ".join)
def test_a_class_is_built_once_and_a_sample_is_compared(runs: Runs, companies: int, verb: tuple[str, ...]) -> None:
    """Whatever the number of companies."""
    assert len(runs(verb).of_tenants) == CLASSES[companies] + COMPARED[companies]


def test_of_two_commits_a_class_is_built_once_in_each(runs: Runs, companies: int) -> None:
    """And the company that changed is built directly in both."""
    built = Counter(runs(("check", "--base", "HEAD~1")).of_tenants)

    assert built.pop("company-001") == 2
    assert built.total() <= CLASSES[companies] + COMPARED[companies]
    assert max(times for namespace, times in built.items() if namespace != classes.NAME) == 1


def test_a_proof_is_made_once_a_class(runs: Runs, companies: int) -> None:
    """Quota, escape and reachability are the same for all who differ in name and hosts alone.

    In a fleet of classes one company is judged by itself as well, and the company that is not there has the other
    exposure.
    """
    counts = runs(("verify",))

    times = CLASSES[companies] + (companies == LARGE) + 1
    assert counts.proofs == {"prove": times, "prove_isolation": 1, "read_space": times}
    assert max(counts.held.values()) <= CLASSES[companies]  # classes may have an object and a project in common
