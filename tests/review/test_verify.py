"""What verify makes of findings: the weight that platform.yaml gives their rules, counted and never silent."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from generator.cli import cli
from generator.findings.finding import EnvironmentProblem, Found, Place, Severity
from generator.fleet.load import load
from generator.fleet.model import Weakened
from generator.fleet.validate import validate
from generator.git.snapshot import Snapshot
from generator.kube import kustomize
from generator.review.verify import weaken
from generator.rules import known
from generator.rules.every import RULES
from tests.harness import Repository
from tests.rules.harness import ROOT, copy_repository

REASON = "one pod is what we sell for the time being"


def _platform(**rules: str) -> dict[str, Weakened]:
    return {rule: Weakened(severity=weight, reason=REASON) for rule, weight in rules.items()}  # type: ignore[arg-type]


def test_a_weakened_rule_is_a_warning_or_only_counted() -> None:
    """`warn` keeps it as a warning, `ignore` takes it out, and both are counted, even when they met nothing."""
    rules = _platform(CAP004="warn", K8S011="ignore", K8S009="ignore")
    place = Place("base/edge")
    found = [RULES[rule].finding(Found(place, "it is so")) for rule in ("CAP004", "K8S011", "KUS005")]
    kept, counts = weaken(found, rules)
    assert [(item.rule, item.severity) for item in kept] == [("CAP004", Severity.WARNING), ("KUS005", Severity.ERROR)]
    assert counts == {"CAP004": 1, "K8S011": 1, "K8S009": 0}


@pytest.mark.parametrize(
    ("rule", "weight", "said"),
    [
        ("NET0O2", "warn", "rules: there is no rule 'NET0O2'; did you mean 'NET002'?"),
        ("TEN001", "ignore", "rules: TEN001 is applied while the input is read, and cannot be weakened; "),
        (
            "ARG009",
            "ignore",
            "rules: ARG009 cannot be weakened: it keeps a customer's files from being deleted; ",
        ),
        ("K8S009", "warn", "rules: K8S009 is a warning already; ignore takes it out"),
    ],
)
def test_a_rule_that_cannot_be_weakened_is_refused(tmp_path: Path, rule: str, weight: str, said: str) -> None:
    """Unknown rules, those of the input, those that keep data and neighbours safe, and what would change nothing."""
    root = _repository(tmp_path, f"rules:\n  {rule}: {{severity: {weight}, reason: {REASON}}}\n")
    fleet, findings = validate(load(Snapshot.of_work_tree(root)), known)
    assert fleet is None
    assert [(found.rule, f"{found.fact}; {found.hint}") for found in findings] == [("PLT001", said)]


def test_a_weakening_has_a_reason(tmp_path: Path) -> None:
    """Whoever reads platform.yaml next must know why."""
    root = _repository(tmp_path, "rules:\n  K8S011: {severity: ignore}\n")
    _, findings = validate(load(Snapshot.of_work_tree(root)), known)
    assert [found.fact for found in findings] == ["the key `rules.K8S011.reason` is missing"]


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["verify", "check"])
def test_the_summary_counts_what_was_weakened(tmp_path: Path, verb: str) -> None:
    """Nothing is hidden: the last line names each weakened rule and how many findings it met."""
    root = _repository(tmp_path, f"rules:\n  SEC010: {{severity: ignore, reason: {REASON}}}\n")
    result = CliRunner().invoke(cli, ["-C", str(root), verb])
    assert result.exit_code == 0, result.output
    assert "rules (1 weakened: SEC010 ignore: 2 findings): 0 errors, 0 warnings" in result.stderr


@pytest.mark.parametrize("checkout", [True, False], ids=["from a checkout", "from a wheel"])
def test_another_kustomize_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: bool) -> None:
    """KUS009: what another version renders proves nothing of what Argo CD will render."""
    if not checkout:
        monkeypatch.setattr(kustomize, "_CHECKOUT", tmp_path)
    other = tmp_path / "kustomize"
    other.write_text("#!/bin/sh\necho v5.8.0\n", encoding="utf-8")
    other.chmod(0o755)
    monkeypatch.setenv(kustomize.VARIABLE, str(other))
    kustomize.kustomize.cache_clear()
    try:
        with pytest.raises(EnvironmentProblem) as raised:
            kustomize.kustomize()
    finally:
        kustomize.kustomize.cache_clear()
    assert raised.value.fact == f"{other} is kustomize v5.8.0, and tenantry renders with v5.8.1 alone"
    assert raised.value.hint == (
        (f"run `make setup` in {ROOT}, or " if checkout else "")
        + "put kustomize v5.8.1 on PATH or name it in TENANTRY_KUSTOMIZE:"
        " https://github.com/kubernetes-sigs/kustomize/releases/tag/kustomize%2Fv5.8.1"
        " (`tenantry explain KUS009` says why)"
    )


def _repository(tmp_path: Path, more: str) -> Path:
    tmp_path.mkdir(exist_ok=True)
    root = tmp_path / "repository"
    copy_repository(root)
    with (root / "platform.yaml").open("a", encoding="utf-8") as platform:
        platform.write(more)
    return root


ACCEPTED = """
accepted:
- {kind: Deployment, name: fileserver, field: spec.template.spec.hostname, value: files,
   proofs: [isolation, quota, escape],
   reason: "the licence server wants that name", by: the platform team, until: "2026-06-30"}
"""


def test_what_is_accepted_is_printed_and_not_proved(tmp_path: Path) -> None:
    """The last lines say which proofs say nothing, why, and who accepted it; the machine formats say the same."""
    repository = Repository.like_this_one(tmp_path)
    repository.edit("base/edge/core/fileserver.yaml", "      enableServiceLinks: false", "      hostname: files")
    refused = repository.run("verify", "company-001")
    repository.write("platform.yaml", repository.read("platform.yaml") + ACCEPTED)

    result = repository.run("verify", "company-001", "--format", "json", "--today", "2026-07-01")
    summary = json.loads(result.stdout)["summary"]

    assert "spec.template.spec.hostname, value: files, proofs: [isolation, quota, escape]" in refused.stdout
    assert (refused.exit, result.exit) == (1, 0)
    why = "spec.template.spec.hostname of Deployment/fileserver is accepted by the platform team: the licence server"
    assert [one.partition(" (")[0] for one in summary["notProved"][:3]] == ["escape", "isolation", "quota"]
    assert all(why in one for one in summary["notProved"][:3])
    assert summary["proved"] == {}
    assert summary["accepted"][0]["by"] == "the platform team"
    assert "MOD003" in {one["rule"] for one in json.loads(result.stdout)["findings"]}
    assert result.stderr.endswith(
        "\naccepted: spec.template.spec.hostname of Deployment/fileserver, by the platform team, until 2026-06-30:"
        " the licence server wants that name\n"
    )
    assert repository.run("verify", "company-001", "--strict").exit == 1


def test_a_rule_behind_a_proof_takes_the_proof_with_it(tmp_path: Path) -> None:
    """Ignored, it is said to be ignored where the proof would stand."""
    repository = Repository.like_this_one(tmp_path)
    text = "\nrules: {SEC003: {severity: ignore, reason: an operator needs the token}}\n"
    repository.write("platform.yaml", repository.read("platform.yaml") + text)

    said = repository.run("verify", "company-001").stderr

    assert "; not proved: escape (SEC003 is ignored: an operator needs the token), enforcement by" in said
    assert "escape 1/1" not in said
    assert repository.run("verify", "company-001", "--strict").exit == 1


def test_strict_passes_where_nothing_is_accepted(tmp_path: Path) -> None:
    """As in this repository."""
    assert Repository.like_this_one(tmp_path).run("verify", "company-001", "--strict").exit == 0
