"""Random pull requests: none that takes something from a customer passes, and none is refused without a way out.

`tests/pull_requests/oracle.py` says what a change takes; it reads what Argo CD would apply, and shares no code with the
rules. Each pull request follows from its seed: `TENANTRY_PULL_REQUESTS_SEED=x` draws others, and a failure prints what
sees it again.
"""

import ast
import json
import os
import platform
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.harness import ROOT
from tests.pull_requests import oracle, ways
from tests.pull_requests.bench import Bench, Benches, Outcome
from tests.pull_requests.memory import remembered

FEW: Final = 50
MANY: Final = 1000

RESULTS: Final = ROOT / "tests/results/pull-requests.json"
SEED: Final = os.environ.get("TENANTRY_PULL_REQUESTS_SEED", "2026-11-25")


@pytest.fixture(scope="module", autouse=True)
def _remembered() -> Iterator[None]:
    """Read each input once."""
    with remembered():
        yield


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Make a repository of three companies, with its generated files committed."""
    return Bench(tmp_path_factory.mktemp("bench"))


def judged(numbers: range, folder: Path, kept: Path | None = None) -> list[Outcome]:
    """Judge pull requests, and print what is wrong with one as soon as it is known.

    Args:
        numbers: Which ones.
        folder: Where their repositories are made.
        kept: A file to which each outcome is added, so that an interrupted run goes on where it was.
    """
    benches = Benches(folder)
    known = _kept(kept)
    outcomes = []
    for number in numbers:
        outcome = known.get(f"{SEED}-{number}") or benches.judge(SEED, number)
        outcomes.append(outcome)
        if outcome.wrong:
            print(outcome, flush=True)  # noqa: T201 -- pytest shows it, and a run of hours shows it at once
        if kept and outcome.seed not in known:
            with kept.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(outcome.as_data()) + "\n")
    return outcomes


def _kept(file: Path | None) -> dict[str, Outcome]:
    if file is None or not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return {outcome.seed: outcome for outcome in map(Outcome.of_data, map(json.loads, lines))}


def counted(outcomes: list[Outcome]) -> dict[str, Any]:
    """Count what became of pull requests."""
    refused = [outcome for outcome in outcomes if outcome.exits[0] != 0]
    through = [outcome for outcome in refused if outcome.exits[-1] == 0]
    return {
        "pullRequests": len(outcomes),
        "passedAtOnce": len(outcomes) - len(refused),
        "refusedAtFirst": len(refused),
        "passedAfterDoingWhatRefusalsSaid": len(through),
        "ofTheseByACommand": sum(any(way.startswith(("tenantry", "git")) for way in item.ways) for item in through),
        "ofTheseByAnApproval": sum(any(ways.APPROVE in way for way in item.ways) for item in through),
        "ofTheseByTakingBackWhatNoRefusalPointedAt": sum(item.guessed for item in through),
        "lostSomethingAndPassed": sum(bool(outcome.losses) for outcome in outcomes),
        "refusedWithoutAnExitThatPasses": len(refused) - len(through),
        "wrong": sum(bool(outcome.wrong) for outcome in outcomes),
        "refusingRules": dict(sorted(Counter(rule for item in refused for rule in item.rules).items())),
    }


@pytest.mark.slow
@pytest.mark.minutes
def test_no_random_pull_request_takes_anything_and_each_has_a_way_out(tmp_path: Path) -> None:
    """Fifty in every run; a thousand at night."""
    outcomes = judged(range(FEW), tmp_path)

    assert [str(outcome) for outcome in outcomes if outcome.wrong] == []
    of_kind = counted(outcomes)
    # the draw is worth something: some pass, most do not, and of these the ways out are of every kind
    assert of_kind["passedAtOnce"] >= FEW // 10
    assert of_kind["refusedAtFirst"] >= FEW // 3
    assert of_kind["ofTheseByACommand"] >= FEW // 20
    assert of_kind["ofTheseByAnApproval"] >= 1
    assert len(of_kind["refusingRules"]) >= FEW // 10


@pytest.mark.nightly
def test_none_of_a_thousand_random_pull_requests_takes_anything(tmp_path: Path) -> None:
    """With what was seen, committed as tests/results/pull-requests.json."""
    kept = os.environ.get("TENANTRY_PULL_REQUESTS_KEPT")

    outcomes = judged(range(MANY), tmp_path, Path(kept) if kept else None)

    write_results(outcomes)
    assert [str(outcome) for outcome in outcomes if outcome.wrong] == []


def write_results(outcomes: list[Outcome]) -> None:
    """Write what was seen."""
    results = {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "seed": SEED,
        **counted(outcomes),
        "slowestCheckSeconds": round(max(outcome.seconds for outcome in outcomes), 1),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


# --- the oracle itself


@pytest.mark.parametrize("module", ["oracle", "state"])
def test_the_oracle_shares_no_code_with_the_rules(module: str) -> None:
    """Or it would have the same holes."""
    tree = ast.parse((ROOT / f"tests/pull_requests/{module}.py").read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]

    assert [name for name in names if name.startswith(("generator", "tests.harness"))] == []


def _all_of_base(bench: Bench, old: str, new: str) -> None:
    for path in (bench.root / "base").rglob("*.yaml"):
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def _edit(file: str, old: str, new: str) -> Callable[[Bench], object]:
    return lambda bench: bench.repository.edit(file, old, new)


CORE: Final = "base/edge/core"
GUARDS: Final = "base/guard/core"
GUARD: Final = "argocd.argoproj.io/sync-options: Prune=false,Delete=false"
PEER: Final = "kubernetes.io/metadata.name: kube-system"


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (lambda bench: _all_of_base(bench, "ame: files\n", "ame: data\n"), "claim"),
        (_edit(f"{GUARDS}/namespace.yaml", GUARD, "a: b"), "namespace"),
        (_edit(f"{GUARDS}/claims.yaml", "[ReadWriteMany]", "[ReadWriteOnce]"), "claim"),
        (_edit("platform.yaml", "default: 50Gi", "default: 40Gi"), "claim"),
        (_edit(f"{GUARDS}/secret-store.yaml", "name: tenant\n", "name: company\n"), "store"),
        (_edit("platform.yaml", "domain: files.example.com", "domain: f.example.com"), "host"),
        (_edit("platform.yaml", "git.example.com/platform", "git.example.com/other"), "server"),
        (_edit("platform.yaml", "https://kubernetes.default.svc", "https://10.0.0.10"), "server"),
        (_edit(f"{GUARDS}/network.yaml", PEER, "kubernetes.io/metadata.name: acme"), "network"),
        (_edit(f"{GUARDS}/network.yaml", f"matchLabels:\n          {PEER}", "matchLabels: {}"), "network"),
        (_edit(f"{GUARDS}/network.yaml", "cidr: 169.254.20.10/32", "cidr: 0.0.0.0/0"), "network"),
        (_edit(f"{CORE}/fileserver.yaml", "type: ClusterIP", "type: LoadBalancer"), "network"),
        (_edit(f"{CORE}/fileserver.yaml", "key: tenants/placeholder/", "key: shared/placeholder/"), "keys"),
        (_edit(f"{CORE}/fileserver.yaml", "revisionHistoryLimit: 3", "revisionHistoryLimit: 4"), ""),
    ],
)
def test_the_oracle_sees_what_a_change_takes(bench: Bench, edit: Callable[[Bench], object], kind: str) -> None:
    """An oracle that sees nothing would let every rule pass."""
    losses = _losses_of(bench, edit, generate=True)

    assert kind in {loss.kind for loss in losses} if kind else losses == [], losses


@pytest.mark.parametrize(
    ("file", "old", "new", "kind"),
    [
        ("argocd/shards/*/projects/acme.yaml", 'namespace: "acme"}', 'namespace: "*"}', "project"),
        ("argocd/shards/*/tenants/acme.yaml", 'state: "active"', 'state: "purging"', "application"),
        ("argocd/shards/*/tenants/acme.yaml", 'tenant: "acme"', 'tenant: "brown"', "application"),
        ("overlays/acme/facts.yaml", '["acme.files', '["brown.files', "host"),
        ("overlays/acme/kustomization.yaml", 'namespace: "acme"', 'namespace: "brown"', "namespace"),
    ],
)
def test_the_oracle_sees_what_an_edit_by_hand_takes(bench: Bench, file: str, old: str, new: str, kind: str) -> None:
    """Also where a generated file is edited."""
    (path,) = bench.root.glob(file)

    losses = _losses_of(bench, _edit(path.relative_to(bench.root).as_posix(), old, new), generate=False)

    assert kind in {loss.kind for loss in losses}, losses


@pytest.mark.parametrize(
    "edit",
    [
        lambda bench: (bench.root / "more").symlink_to("/"),
        lambda bench: bench.repository.write(".gitattributes", "* text eol=crlf\n"),
        lambda bench: bench.repository.write("tenants/acme.yaml", "# $Id$\n").write(".gitattributes", "* ident\n"),
    ],
)
def test_the_oracle_sees_other_bytes_than_git_shows(bench: Bench, edit: Callable[[Bench], object]) -> None:
    """A link, and attributes with which a checkout is not what was reviewed."""
    assert "bytes" in {loss.kind for loss in _losses_of(bench, edit, generate=False)}


def test_the_oracle_sees_nothing_where_nothing_is_taken(bench: Bench) -> None:
    """A company comes, another grows, and a company gives a host up by its own file."""

    def grow(bench: Bench) -> None:
        bench.repository.tenant("zulu", addons=["chatbot"]).tenant("acme", plan="gold", storage="1Ti")
        bench.repository.tenant("delta", hosts=["files.delta.customers.example.net"])

    assert _losses_of(bench, grow, generate=True) == []


def _losses_of(bench: Bench, edit: Callable[[Bench], object], *, generate: bool) -> list[oracle.Loss]:
    try:
        edit(bench)
        if generate:
            bench.repository.generate()
        bench.commit()
        return bench.lost()
    finally:
        bench.clean()
