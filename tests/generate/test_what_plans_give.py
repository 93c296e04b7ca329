"""What each plan gives, with and without the add-on: shown to the customer, and the same pods under all of them."""

from itertools import permutations
from typing import Any

import pytest

from generator.kube.pods import pod_template
from generator.reading import yaml_objects, yaml_writer
from tests.harness import ROOT, Repository

GOLDEN = ROOT / "tests" / "cases" / "explain"
SOLD = [(plan, chatbot) for plan in ("bronze", "silver", "gold") for chatbot in (False, True)]


def name_of(plan: str, *, chatbot: bool) -> str:
    """Name what a company buys."""
    return f"{plan}-with-chatbot" if chatbot else plan


@pytest.mark.parametrize(("plan", "chatbot"), SOLD, ids=str)
def test_explain_shows_what_a_customer_gets(
    repository: Repository, plan: str, chatbot: bool, update_golden: bool
) -> None:
    """The steady state, the quota, and each summand with the line that it comes from."""
    repository.tenant(plan=plan, addons=["chatbot"] * chatbot)
    golden = GOLDEN / f"{name_of(plan, chatbot=chatbot)}.txt"

    said = repository.run("explain", "company-001")

    if update_golden:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(said.stdout, encoding="utf-8")
    assert said.exit == 0, said.said
    assert said.stdout == golden.read_text(encoding="utf-8"), "if this is right: pytest --update-golden"


def test_explain_shows_the_quota_that_is_kept(repository: Repository, update_golden: bool) -> None:
    """Between the two steps of a change to a smaller plan: what it is, from where, and what it will be."""
    repository.tenant(plan="bronze", quotaFrom={"plan": "gold", "since": "2026-11-26"})
    golden = GOLDEN / "bronze-with-the-quota-of-gold.txt"

    said = repository.run("explain", "company-001")

    if update_golden:
        golden.write_text(said.stdout, encoding="utf-8")
    assert said.exit == 0, said.said
    assert said.stdout == golden.read_text(encoding="utf-8"), "if this is right: pytest --update-golden"


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], dict[str, str]]:
    """The pod templates of one company under each plan, as kustomize prints them, by workload."""
    repository = Repository(tmp_path_factory.mktemp("plans") / "repository")
    found = {}
    for plan, chatbot in SOLD:
        repository.tenant(plan=plan, addons=["chatbot"] * chatbot).generate()
        objects = repository.render("company-001")
        found[plan, chatbot] = {
            obj["metadata"]["name"]: yaml_writer.dump(template) for obj in objects if (template := pod_template(obj))
        }
    return found


@pytest.mark.parametrize(
    ("before", "after"), list(permutations(SOLD, 2)), ids=lambda sold: name_of(sold[0], chatbot=sold[1])
)
def test_a_change_of_plan_or_add_on_restarts_no_pod(
    templates: dict[tuple[str, bool], dict[str, Any]], before: tuple[str, bool], after: tuple[str, bool]
) -> None:
    """Upgrade and downgrade: a pod template that is there before and after is the same, byte by byte."""
    stay = templates[before].keys() & templates[after].keys()

    assert "fileserver" in stay
    assert {name: templates[before][name] for name in stay} == {name: templates[after][name] for name in stay}


def test_a_second_in_base_changes_the_quota_and_what_explain_says(repository: Repository) -> None:
    """Three pods are terminating at once when a drain is longer than two steps of a roll-out."""
    repository.edit("base/edge/core/fileserver.yaml", "GracePeriodSeconds: 125\n", "GracePeriodSeconds: 131\n")
    repository.tenant().generate()

    said = repository.run("explain", "company-001").stdout

    assert "fileserver.headroom = 6: 1 surge + 3 terminating in a roll-out + 1 let go by the autoscaler" in said
    assert "ceil(131 s of grace / 65 s of minReadySeconds) x 1 surge" in said
    quota = next(item for item in repository.render("company-001") if item["kind"] == "ResourceQuota")
    assert quota["spec"]["hard"]["limits.cpu"] == "2500m"


@pytest.mark.slow
def test_what_else_base_runs_is_on_top_of_the_plan(repository: Repository) -> None:
    """The provider's own CronJob has its share of the quota, and the customer's pods keep theirs."""
    repository.edit("base/edge/core/kustomization.yaml", "- fileserver.yaml\n", "- fileserver.yaml\n- index.yaml\n")
    repository.edit("base/guard/core/ceilings.yaml", 'count/jobs.batch: "0"', 'count/jobs.batch: "5"')
    repository.edit("base/guard/core/ceilings.yaml", 'count/cronjobs.batch: "0"', 'count/cronjobs.batch: "1"')
    repository.write("base/edge/core/index.yaml", _INDEX).tenant().generate()

    said = repository.run("explain", "company-001").stdout

    assert "fileserver.maxReplicas = 4: floor(1000m / 250m), CPU limits bind\n" in said
    assert "index.headroom = 0: nothing exists beside its pods\n" in said
    assert "quota.limitsCPU = 2500m: plan bronze 1 + fileserver headroom 5 x 250m + index 1 x 250m\n" in said
    assert "  index pod: base/edge/core/index.yaml:13:" in said
    assert [line for line in repository.run("verify").stdout.splitlines() if "[CAP" in line] == []


_INDEX = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: index}
spec:
  schedule: "0 3 * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: index
            image: example.com/index:1
            resources:
              requests: {cpu: 125m, memory: 256Mi, ephemeral-storage: 64Mi}
              limits: {cpu: 250m, memory: 512Mi, ephemeral-storage: 128Mi}
"""


CEILINGS = "base/guard/core/ceilings.yaml"
SCALES_IT_TOO = """\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: second}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: fileserver}
  maxReplicas: 3
"""
CALLED_ALIKE = """\
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: fileserver}
spec:
  serviceName: fileserver
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: other}}
    spec:
      containers:
      - {name: other, image: other, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1, memory: 1Gi}}}
"""


@pytest.mark.parametrize(
    ("more", "fact"),
    [
        (SCALES_IT_TOO, "HorizontalPodAutoscaler/second: fileserver and second scale the same Deployment"),
        (CALLED_ALIKE, "StatefulSet/fileserver: a Deployment is called fileserver as well"),
    ],
    ids=["two autoscalers", "two workloads"],
)
def test_what_a_plan_is_counted_in_is_one_workload_with_one_autoscaler(
    repository: Repository, more: str, fact: str
) -> None:
    """The one too many is named, where it stands."""
    file = "base/edge/core/fileserver.yaml"
    repository.tenant().write(file, repository.read(file) + more)

    done = repository.run("generate")

    assert done.exit == 1
    assert f"error: {fact}: " in done.stderr, done.said


@pytest.mark.slow
@pytest.mark.parametrize("scope", ["scopes: [Terminating]", "scopeSelector: {matchExpressions: []}"])
def test_a_quota_for_some_pods_proves_nothing(repository: Repository, scope: str) -> None:
    """What it does not count is bounded by nothing."""
    repository.tenant().edit(CEILINGS, "spec:\n  hard:\n", f"spec:\n  {scope}\n  hard:\n").generate()

    assert "quota 0/1" in repository.run("verify").stderr


@pytest.mark.slow
def test_an_override_changes_nothing_of_the_quota(repository: Repository) -> None:
    """So the first step of a downgrade, fewer pods under the same plan, is refused by no rule on two commits."""
    facts = "overlays/company-001/facts.yaml"
    repository.tenant(plan="gold").generate()
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "start")
    quota = yaml_objects.read_objects(repository.read(facts))[0]["spec"]["quota"]
    repository.git("switch", "--quiet", "--create", "change")

    assert repository.run("set", "company-001", "overrides.maxReplicas=1").exit == 0
    repository.generate()
    repository.git("commit", "--quiet", "--all", "--message", "Use less")

    assert yaml_objects.read_objects(repository.read(facts))[0]["spec"]["quota"] == quota
    assert repository.run("check", "--base", "main").exit == 0
