"""A change of plan: one step up, two steps down, and at no step a quota below what may run."""

from itertools import permutations
from pathlib import Path
from shutil import which

import pytest

from generator import pipeline
from generator.fleet.model import Resources
from generator.generate.size import Size
from generator.git.snapshot import Snapshot
from generator.kube.lenient import Object
from generator.lifecycle import seen
from tests.harness import Repository

FILE = "tenants/company-001.yaml"
PLANS = ("bronze", "silver", "gold")
PAIRS = [(before, after, chatbot) for before, after in permutations(PLANS, 2) for chatbot in (False, True)]
TODAY = ("--today", "2026-11-26")
NEXT = "  next: tenantry generate && tenantry verify\n"


@pytest.fixture
def gold(repository: Repository) -> Repository:
    """A company on gold, in git."""
    repository.write(FILE, "name: company-001\nplan: gold # the big one\n").generate()
    repository.git("init", "--quiet", "--initial-branch=main")
    return record(repository)


def record(repository: Repository) -> Repository:
    """Generate and commit everything."""
    repository.generate().git("add", "--all")
    repository.git("commit", "--quiet", "--message", "change")
    return repository


def name_of(before: str, after: str, chatbot: bool) -> str:
    """Name the company of a pair."""
    return f"{before}-to-{after}{'-and-chatbot' if chatbot else ''}"


def what_may_run(size: Size) -> Resources:
    """Sum the pods that may exist at once, as the autoscalers of a state ask for them."""
    return sum((scaling.workload.pod * scaling.at_once for scaling in size.scalings), size.reserve)


@pytest.mark.slow
def test_at_no_step_is_the_quota_below_what_may_run(repository: Repository) -> None:
    """Every pair of plans, with and without the add-on: each step holds what ran before it and what runs after it."""
    for before, after, chatbot in PAIRS:
        repository.tenant(name_of(before, after, chatbot), plan=before, addons=["chatbot"] * chatbot)
    repository.git("init", "--quiet")
    record(repository)
    at_first = pipeline.composed(Snapshot.of_work_tree(repository.root)).sizes

    for before, after, chatbot in PAIRS:
        done = repository.run("set", name_of(before, after, chatbot), f"plan={after}", *TODAY)
        assert done.exit == 0, done.said
    first_step = pipeline.composed(Snapshot.of_work_tree(repository.root)).sizes
    kept = {name for name in first_step if "quotaFrom" in repository.read(f"tenants/{name}.yaml")}
    for name in kept:
        done = repository.run("set", name, "--complete", "--confirmed-by", "somebody", *TODAY)
        assert done.exit == 0, done.said
    second_step = pipeline.composed(Snapshot.of_work_tree(repository.root)).sizes

    smaller = {
        name_of(before, after, chatbot) for before, after, chatbot in PAIRS if PLANS.index(after) < PLANS.index(before)
    }
    assert kept == smaller
    for name, start in at_first.items():
        middle, end = first_step[name], second_step[name]
        for earlier, later in ((start, middle), (middle, middle), (middle, end), (end, end)):
            assert what_may_run(earlier).is_within(later.quota), name
            assert sum(scaling.at_once for scaling in earlier.scalings) <= later.pods, name
        assert middle.service.max_replicas == end.service.max_replicas, name
        assert end.kept is None, name


def test_a_smaller_plan_keeps_the_larger_quota_and_the_volume(gold: Repository) -> None:
    """One command writes all that the first step needs, and comments stay."""
    done = gold.run("set", "company-001", "plan=bronze", *TODAY)

    assert (done.exit, done.stdout) == (0, "")
    assert done.stderr == (
        "changed tenants/company-001.yaml\n"
        "  its quota stays as large as before, until fewer pods run; then: tenantry set company-001 --complete\n" + NEXT
    )
    assert gold.read(FILE) == (
        'name: company-001\nplan: bronze # the big one\nstorage: 500Gi\nquotaFrom: {plan: gold, since: "2026-11-26"}\n'
    )


@pytest.mark.slow
def test_both_steps_of_a_smaller_plan_pass_check(gold: Repository) -> None:
    """The second one says who saw that fewer pods run, behind the plan."""
    gold.run("set", "company-001", "plan=bronze", *TODAY)
    first = record(gold).run("check", "--base", "HEAD~1")
    completed = gold.run("set", "company-001", "--complete", "--confirmed-by", "Sales", *TODAY)
    second = record(gold).run("check", "--base", "HEAD~1")

    assert (first.exit, completed.exit, second.exit) == (0, 0, 0), first.said + completed.said + second.said
    assert completed.stderr == "changed tenants/company-001.yaml\n" + NEXT
    assert gold.read(FILE) == (
        "name: company-001\nplan: bronze # the big one; complete since 2026-11-26, confirmed by Sales\nstorage: 500Gi\n"
    )


def test_a_second_completion_replaces_the_words_of_the_first(gold: Repository) -> None:
    """The line does not grow with the years."""
    for plan in ("silver", "bronze"):
        gold.run("set", "company-001", f"plan={plan}", *TODAY)
        gold.run("set", "company-001", "--complete", "--confirmed-by", plan, *TODAY)

    assert "\nplan: bronze # the big one; complete since 2026-11-26, confirmed by bronze\n" in gold.read(FILE)


def test_an_even_smaller_plan_keeps_the_first_quota_and_its_day(gold: Repository) -> None:
    """The pods of the largest plan may still run."""
    gold.run("set", "company-001", "plan=silver", *TODAY)
    gold.run("set", "company-001", "plan=bronze", "--today", "2026-11-30")

    assert 'quotaFrom: {plan: gold, since: "2026-11-26"}\n' in gold.read(FILE)


def test_the_plan_back_takes_the_marker_out(gold: Repository) -> None:
    """A plan that holds what may run needs no other quota."""
    gold.run("set", "company-001", "plan=silver", *TODAY)
    gold.run("set", "company-001", "plan=gold", *TODAY)

    assert gold.read(FILE) == "name: company-001\nplan: gold   # the big one\nstorage: 500Gi\n"


def test_a_plan_that_cannot_hold_what_is_asked_for_is_refused(gold: Repository) -> None:
    """Nothing is written, and the command that is named lets the change pass."""
    record(gold.write(FILE, "name: company-001\nplan: gold\noverrides: {minReplicas: 6}\n"))

    refused = gold.run("set", "company-001", "plan=bronze", *TODAY)

    assert (refused.exit, refused.stderr) == (
        1,
        (
            "tenants/company-001.yaml:3:26: error: overrides.minReplicas: 6 is more than the 4 pods there may be"
            " [TEN027]\n"
            "  hint: tenantry set company-001 overrides.minReplicas=4, or less\n"
            "1 error, 0 warnings; nothing was written\n"
        ),
    )
    assert gold.run("set", "company-001", "overrides.minReplicas=4").exit == 0
    assert gold.run("set", "company-001", "plan=bronze", *TODAY).exit == 0


def test_a_quota_that_is_no_larger_is_not_kept(repository: Repository) -> None:
    """The command that is named takes the key out."""
    repository.tenant(plan="silver", quotaFrom={"plan": "bronze", "since": "2026-11-26"})

    refused = repository.run("validate")

    assert refused.stdout == (
        "tenants/company-001.yaml:3:21: error: quotaFrom.plan: plan bronze has nothing that plan silver lacks"
        " [TEN028]\n"
        "  hint: take it out: tenantry set company-001 quotaFrom=\n"
    )
    assert repository.run("set", "company-001", "quotaFrom=").exit == 0
    assert repository.run("validate").exit == 0


def test_a_day_that_no_calendar_has_is_refused(repository: Repository) -> None:
    """The form alone is not enough."""
    repository.tenant(quotaFrom={"plan": "gold", "since": "2026-02-30"})

    assert repository.run("validate").stdout == (
        "tenants/company-001.yaml:3:38: error: quotaFrom.since: there is no day 2026-02-30 [TEN029]\n"
        "  hint: for example 2026-12-31\n"
    )


@pytest.mark.slow
def test_a_quota_that_was_not_had_is_not_kept(gold: Repository) -> None:
    """A quota of gold for the price of bronze is refused, and the command that is named passes."""
    record(gold.write(FILE, "name: company-001\nplan: bronze\n"))
    record(gold.write(FILE, 'name: company-001\nplan: bronze\nquotaFrom: {plan: gold, since: "2026-11-26"}\n'))

    refused = gold.run("check", "--base", "HEAD~1", *TODAY)

    assert refused.exit == 1
    assert (
        "tenants/company-001.yaml:3:1: error: the quota of plan gold is kept, and the plan before is bronze [CHG025]\n"
        "  hint: tenantry set company-001 quotaFrom=\n"
    ) in refused.stdout
    gold.run("set", "company-001", "quotaFrom=")
    gold.generate().git("commit", "--all", "--amend", "--quiet", "--allow-empty", "--message", "exit")
    assert gold.run("check", "--base", "HEAD~1", *TODAY).exit == 0


@pytest.mark.slow
def test_one_step_to_a_smaller_plan_is_refused_and_its_exit_passes(gold: Repository) -> None:
    """The command that is named writes the day as well."""
    record(gold.write(FILE, "name: company-001\nplan: bronze\nstorage: 500Gi\n"))

    refused = gold.run("check", "--base", "HEAD~1", *TODAY)

    assert refused.exit == 1
    assert (
        "tenants/company-001.yaml:2:7: error: plan bronze allows 2250m of CPU limits, and under plan gold up to 37 pods"
        " of fileserver (9250m) may run [CAP005]\n"
        "  hint: keep its quota until fewer pods run: tenantry set company-001 quotaFrom.plan=gold; and later tenantry"
        " set company-001 --complete\n"
    ) in refused.stdout
    assert gold.run("set", "company-001", "quotaFrom.plan=gold", *TODAY).exit == 0
    assert record(gold).run("check", "--base", "HEAD~2", *TODAY).exit == 0


@pytest.mark.slow
def test_another_plan_and_no_marker_at_once_is_not_the_second_step(gold: Repository) -> None:
    """The pods of the largest plan may still run, whatever plan comes now."""
    gold.run("set", "company-001", "plan=bronze", *TODAY)
    record(gold)
    record(gold.write(FILE, "name: company-001\nplan: silver\nstorage: 500Gi\n"))

    refused = gold.run("check", "--base", "HEAD~1", *TODAY)

    assert refused.exit == 1
    assert (
        "  hint: keep its quota until fewer pods run: tenantry set company-001 quotaFrom.plan=gold"
        " quotaFrom.since=2026-11-26; and later tenantry set company-001 --complete\n"
    ) in refused.stdout
    gold.run("set", "company-001", "quotaFrom.plan=gold", "quotaFrom.since=2026-11-26")
    assert record(gold).run("check", "--base", "HEAD~2", *TODAY).exit == 0


# --- the second step, and what is due


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--complete",), 2, "--complete needs to know that fewer pods run: --kubeconfig FILE or --confirmed-by NAME"),
        (("--complete", "plan=gold"), 2, "--complete changes nothing else: leave KEY=VALUE out"),
        (("plan=gold", "--confirmed-by", "x"), 2, "--kubeconfig and --confirmed-by belong to --complete"),
        (("--complete", "--confirmed-by", "a\nb"), 2, "write a name, in one line"),
        ((), 2, "Missing argument 'KEY=VALUE...'."),
        (
            ("--complete", "--confirmed-by", "x"),
            1,
            "error: company-001 keeps no quota of another plan\n  hint: there is nothing to complete\n",
        ),
    ],
)
def test_the_second_step_is_for_those_who_looked(
    repository: Repository, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """Anything else is a mistake, and says which."""
    done = repository.tenant().run("set", "company-001", *arguments)

    assert done.exit == code
    assert said in done.stderr


def objects(*, cpu: str, most: int, ending: bool = False) -> list[Object]:
    """Make what a cluster has of a company: a quota, an autoscaler, a pod."""
    used = {"requests.cpu": "1", "limits.cpu": cpu, "requests.memory": "2Gi", "limits.memory": "3Gi", "pods": "5"}
    pod = {"name": "fileserver-x"} | ({"deletionTimestamp": "2026-11-26T10:00:00Z"} if ending else {})
    target = {"kind": "Deployment", "name": "fileserver"}
    return [
        {"kind": "ResourceQuota", "metadata": {"name": "plan"}, "status": {"used": used}},
        {"kind": "HorizontalPodAutoscaler", "spec": {"scaleTargetRef": target, "maxReplicas": most}},
        {"kind": "Pod", "metadata": pod},
    ]


@pytest.mark.parametrize(
    ("there", "waits"),
    [
        (objects(cpu="1", most=4), []),
        (objects(cpu="8", most=4), ["limits.cpu: 8 used, and 2250m will be admitted"]),
        (objects(cpu="1", most=32), ["the autoscaler of fileserver may still ask for 32 pods, and the plan holds 4"]),
        (objects(cpu="1", most=4, ending=True), ["1 pod still terminating, among them fileserver-x"]),
        (
            [],
            [
                f"no ResourceQuota says how much of {key} is used"
                for key in ("requests.cpu", "limits.cpu", "requests.memory", "limits.memory", "pods")
            ],
        ),
    ],
)
def test_a_change_is_through_when_what_is_used_fits(
    repository: Repository, there: list[Object], waits: list[str]
) -> None:
    """Used at most what will be admitted, no pod ending, and the autoscaler at the new ceiling."""
    numbers = pipeline.composed(Snapshot.of_work_tree(repository.tenant().root)).sizes["company-001"]

    assert list(seen.not_through(there, "fileserver", numbers)) == waits


def test_a_cluster_that_does_not_answer_is_said(
    gold: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 4, with another way; first without kubectl, then without a cluster."""
    gold.run("set", "company-001", "plan=bronze", *TODAY)
    config = tmp_path / "kubeconfig"
    config.write_text("")
    path = tmp_path / "bin"
    path.mkdir()
    for program in ("git", "kustomize"):
        if found := which(program):
            (path / program).symlink_to(found)
    monkeypatch.setenv("PATH", str(path))
    none = gold.run("set", "company-001", "--complete", "--kubeconfig", str(config))
    (path / "kubectl").write_text("#!/bin/sh\necho one >&2; echo 'The connection was refused' >&2; exit 1\n")
    (path / "kubectl").chmod(0o755)
    silent = gold.run("set", "company-001", "--complete", "--kubeconfig", str(config))

    assert (none.exit, none.stderr) == (
        4,
        ("error: there is no kubectl\n  hint: install it, or say who looked: --confirmed-by NAME\n"),
    )
    assert (silent.exit, silent.stderr) == (
        4,
        (
            "error: kubectl cannot read namespace company-001: The connection was refused\n"
            "  hint: or say who looked: --confirmed-by NAME\n"
        ),
    )


@pytest.mark.slow
def test_the_second_step_is_due_after_a_week(repository: Repository) -> None:
    """A warning of verify and check, and an error of due alone."""
    repository.tenant(quotaFrom={"plan": "gold", "since": "2026-11-26"}).generate()
    said = (
        "the quota of plan gold is kept for 8 days, since 2026-11-26 [DUE001]\n"
        "  hint: complete the change to plan bronze: tenantry set company-001 --complete\n"
    )

    early = repository.run("due", "--today", "2026-12-03")
    late = repository.run("due", "--today", "2026-12-04")
    verified = repository.run("verify", "--today", "2026-12-04")
    checked = repository.run("check", "--today", "2026-12-04")

    assert (early.exit, early.stdout, early.stderr) == (0, "", "1 tenant: 0 errors, 0 warnings\n")
    assert (late.exit, late.stdout) == (1, f"tenants/company-001.yaml:3:38: error: {said}")
    assert (verified.exit, checked.exit) == (0, 0), verified.said + checked.said
    assert f"warning: {said}" in verified.stdout
    assert f"warning: {said}" in checked.stdout


def test_a_trial_is_due_the_day_after_its_last(repository: Repository) -> None:
    """Nothing happens by itself; each way out is one command."""
    repository.tenant(expires="2026-12-31")

    last = repository.run("due", "--today", "2026-12-31")
    after = repository.run("due", "--today", "2027-01-01")

    assert (last.exit, last.stdout) == (0, "")
    assert (after.exit, after.stdout) == (
        1,
        (
            "tenants/company-001.yaml:3:10: error: the trial ended on 2026-12-31 [DUE002]\n"
            "  hint: tenantry set company-001 state=suspended expires= ends it; tenantry set company-001 expires="
            " if the company stays, or give it a later day\n"
        ),
    )
    repository.run("set", "company-001", "expires=2027-01-31")
    assert repository.run("due", "--today", "2027-01-01").exit == 0
    repository.run("set", "company-001", "expires=")
    assert repository.read("tenants/company-001.yaml") == 'name: "company-001"\nplan: "bronze"\n'
