"""A small repository on which random pull requests are made, judged by `tenantry check`, and again by the oracle.

What a pull request is follows from its seed alone. Nothing of it is left when the next one comes.
"""

import random
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from tests.harness import ROOT, Ran, Repository, environment
from tests.pull_requests import edits, oracle, ways
from tests.pull_requests.memory import built
from tests.pull_requests.oracle import Loss
from tests.pull_requests.state import State, read_state
from tests.pull_requests.ways import APPROVE, Refusal

MOST_ROUNDS: Final = 8
"""How often a refused pull request may be changed as it was told, until it passes."""

APPROVED: Final = {"server": "CHG005", "claim": "CHG020", "namespace": "CHG020", "store": "CHG020"}
"""Losses that people may approve, and the rule whose warning then says so."""

_TENANTS: Final[dict[str, dict[str, Any]]] = {
    "acme": {},
    "brown": {"plan": "gold", "addons": ["chatbot"], "storage": "2Ti", "overrides": {"minReplicas": 2}},
    "delta": {"hosts": ["files.delta.customers.example.net", "old.delta.customers.example.net"]},
}


@dataclass(kw_only=True)
class Outcome:
    """What became of one pull request.

    Attributes:
        seed: What it was drawn from.
        edits: What was done.
        exits: The exit code of each run of check, the first first.
        said: What the first run found: rule, place, fact and hint of each error.
        ways: What was done to get it through, round by round.
        guessed: Whether a round took back what no finding named.
        losses: What the oracle says of the state that passed and nobody was told of.
        wrong: What must never be, in words.
        seconds: How long the slowest run of check took.
    """

    seed: str
    edits: list[str] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    said: list[Refusal] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)
    guessed: bool = False
    losses: list[Loss] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        """Tell all that is needed to see it again."""
        lines = [f"seed {self.seed}: {'; '.join(self.edits)}", f"  check: {self.exits} in {self.seconds:.1f} s"]
        lines += [f"  found: {text}" for text in dict.fromkeys(map(str, self.said))]
        lines += [f"  way: {text}" for text in self.ways]
        lines += [f"  lost: {loss}" for loss in self.losses]
        return "\n".join([*lines, *(f"  WRONG: {text}" for text in self.wrong)])

    @property
    def rules(self) -> set[str]:
        """The rules that refused it at first."""
        return {refusal.rule for refusal in self.said}

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> Self:
        """Take it from what `as_data` returned."""
        said = [Refusal(**item) for item in data["said"]]
        return cls(**{**data, "said": said, "losses": [Loss(**loss) for loss in data["losses"]]})


class Bench:
    """The repository, and what its main branch holds. A change is a detached commit, as in every pipeline.

    Args:
        folder: Where it is made.
        publishing: `committed` or `branch`.
        budget: Whether a pull request that touches two tenants needs an approval.
    """

    def __init__(self, folder: Path, *, publishing: str = "committed", budget: bool = False) -> None:
        self.scratch = folder / "scratch"
        self.repository = Repository(folder / "repository")
        self.root = self.repository.root
        self.branch_mode = publishing == "branch"
        self._lay_down(budget=budget)
        self.start = self.git("rev-parse", "HEAD").strip()
        self.before = self._state("main")
        self.last = Ran(0, "", "")

    def _lay_down(self, *, budget: bool) -> None:
        repository = self.repository
        shutil.copytree(ROOT / "argocd/platform", self.root / "argocd/platform")
        for unused in ("ingress", "ai-chatbot-ingress"):  # nobody's route, and three builds of each change of base/
            for half in ("edge", "guard"):
                shutil.rmtree(self.root / "base" / half / "components" / unused)
        for name, keys in _TENANTS.items():
            repository.tenant(name, **keys)
        ignored = "*.tmp\n"
        if self.branch_mode:
            repository.edit("platform.yaml", "publishing: committed", "publishing: branch")
            ignored += "/overlays/\n/argocd/apps/\n/argocd/shards/\n/argocd/root.yaml\n"
        if budget:
            repository.write("platform.yaml", repository.read("platform.yaml") + "budget: {tenants: 1}\n")
        repository.write(".gitignore", ignored).write(".gitattributes", "* text=auto eol=lf\n").generate()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Owner of the platform")
        self.git("config", "user.email", "owner@example.com")
        self.git("config", "gc.auto", "0")
        self.git("add", "--all")
        self.git("commit", "-qm", "start")

    def git(self, *arguments: str) -> str:
        """Run git in the repository."""
        return self.repository.git(*arguments)

    def clean(self) -> None:
        """Go back to what the main branch was made with."""
        self.git("checkout", "--quiet", "--force", "--detach", self.start)
        self.git("clean", "-ffdxq")
        self.git("update-ref", "refs/heads/main", self.start)

    def commit(self) -> bool:
        """Commit all that there is; say whether that is anything."""
        return self.repository.may_fail("add", "--all") and self.repository.may_fail("commit", "-qm", "change")

    def judge(self, seed: str) -> Outcome:
        """Make a pull request, have it checked, and see that a refused one gets through as it is told to.

        Args:
            seed: Decides what the pull request does.
        """
        outcome = Outcome(seed=seed)
        self._make(random.Random(seed), outcome)  # noqa: S311 -- a draw that can be repeated, no secret
        outcome.said = found = self._check(outcome)
        for _ in range(MOST_ROUNDS):
            if outcome.exits[-1] == 0 or outcome.wrong:
                break
            if not self._follow(found, outcome):
                outcome.wrong.append("refused, and nothing that it says leads anywhere")
                break
            found = self._check(outcome)
        else:
            outcome.wrong.append(f"still refused after {MOST_ROUNDS} rounds")
        if outcome.exits[-1] == 0 and not self._is_empty():
            outcome.losses = [loss for loss in self.lost() if not self._is_allowed(loss, outcome)]
            outcome.wrong += [f"passed, and lost: {loss}" for loss in outcome.losses]
        return outcome

    def _make(self, rng: random.Random, outcome: Outcome) -> None:
        """Draw edits until git has something to commit."""
        while True:
            self.clean()
            outcome.edits = edits.draw(rng, self.root)
            if rng.random() < 0.85:  # most people generate before they commit
                done = self.repository.run("generate")
                outcome.edits.append(f"generate ({done.exit})")
                if done.exit not in (0, 1, 4):
                    outcome.wrong.append(f"generate ends with {done.exit}: {done.said[-500:]}")
            if self.commit():
                return

    def _check(self, outcome: Outcome) -> list[Refusal]:
        """Run check, and return the errors that refuse; what is back to what main holds passes without a run."""
        if self._is_empty():
            outcome.exits.append(0)
            return []
        started = time.monotonic()
        self.last = done = self.repository.run("check", "--base", "main", "--format", "json")
        outcome.seconds = max(outcome.seconds, time.monotonic() - started)
        outcome.exits.append(done.exit)
        # nothing is wrong with the machine, so whatever a pull request holds is fine or refused
        if done.exit not in (0, 1) or "Traceback" in done.said:
            outcome.wrong.append(f"check ends with {done.exit}: {done.said[-800:]}")
        return ways.refusals(done.stdout) if done.exit == 1 else []

    def _is_empty(self) -> bool:
        return self.repository.may_fail("diff", "--quiet", "main", "HEAD")

    def lost(self) -> list[Loss]:
        """Return what the commit at hand takes from what main was made with."""
        return oracle.losses(self.before, self._state("HEAD"))

    def _state(self, commit: str) -> State:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        return read_state(self.root, commit, self.scratch, built, self._prepare)

    def _prepare(self, folder: Path) -> None:
        if self.branch_mode and (folder / "platform.yaml").exists():
            Repository(folder).run("generate")

    def _is_allowed(self, loss: Loss, outcome: Outcome) -> bool:
        """Say whether somebody was told or asked: check names the host, or warns of what was approved."""
        if loss.kind == "host" and loss.what.split(" ")[0] in self.last.said:
            return True
        return any(APPROVE in way for way in outcome.ways) and APPROVED.get(loss.kind, "?") in self.last.said

    # --- following what it says

    def _follow(self, found: list[Refusal], outcome: Outcome) -> bool:
        """Do what the refusals say: their commands, and else take back what they point at. Say whether it changed."""
        # an approval names the change as it is, so it comes when nothing else is left to do
        left = [problem for problem in found if APPROVE not in problem.hint] or found
        commands = list(dict.fromkeys(command for item in left for command in ways.commands(item.hint)))
        if commands:
            outcome.ways += commands
            for command in commands:
                self._run(command, outcome)
            if self.commit() or any(APPROVE in command for command in commands):
                return True
        touched = set(self.git("diff", "--name-only", "--no-renames", "-z", "main", "HEAD").split("\0")) - {""}
        outcome.wrong += [f"no way out: {item}" for item in left if not item.hint and not ways.named(item, touched)]
        back = ways.to_take_back(left, touched)
        if not back:
            back = ways.to_guess(left, touched)
            outcome.guessed = True
        outcome.ways.append(f"take back {' '.join(back)}{' (guessed)' if outcome.guessed else ''}")
        for path in back:
            self._restore(path)
        if back and not self.branch_mode and (self.root / "platform.yaml").exists():
            self.repository.run("generate")
        return bool(back) and self.commit()

    def _restore(self, path: str) -> None:
        target = self.root / path
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
        if not self.repository.may_fail("checkout", "--quiet", "main", "--", path):
            self.repository.may_fail("rm", "-rfq", "--cached", "--", path)

    def _run(self, command: str, outcome: Outcome) -> None:
        words = command.replace("REASON", "because").split()
        if words[0] != "tenantry":
            subprocess.run(words, cwd=self.root, env=environment(), check=False, capture_output=True)
            return
        done = self.repository.run(*words[1:])
        if done.exit not in (0, 1):
            outcome.wrong.append(f"{command} ends with {done.exit}: {done.said[-300:]}")
        if APPROVE in words:
            self._approve(outcome)

    def _approve(self, outcome: Outcome) -> None:
        """Bring the approval to main by a pull request of its own, and main into the change."""
        change = self.git("rev-parse", "HEAD").strip()
        made = {path.name: path.read_bytes() for path in sorted((self.root / "approvals").glob("*.yaml"))}
        self.git("checkout", "--quiet", "--force", "--detach", "main")
        self.git("clean", "-ffdxq", "approvals")
        for name, raw in made.items():
            self.repository.write(f"approvals/{name}", raw)
        self.commit()
        done = self.repository.run("check", "--base", "main")
        if done.exit != 0:
            outcome.wrong.append(f"the approval by itself is refused: {done.said[-300:]}")
        self.git("update-ref", "refs/heads/main", "HEAD")
        self.git("checkout", "--quiet", "--force", "--detach", change)
        self.git("merge", "--quiet", "--no-edit", "main")


class Benches:
    """Repositories of every form, made when first needed."""

    FORMS: Final = (("committed", False), ("committed", True), ("committed", False), ("branch", False))

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[tuple[str, bool], Bench] = {}

    def judge(self, seed: str, number: int) -> Outcome:
        """Judge one pull request, on the form of repository that is next."""
        publishing, budget = form = self.FORMS[number % len(self.FORMS)]
        if form not in self._made:
            folder = self._folder / f"{publishing}-{budget}"
            self._made[form] = Bench(folder, publishing=publishing, budget=budget)
        return self._made[form].judge(f"{seed}-{number}")
