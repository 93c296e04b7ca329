"""A company's life by the verbs that people run: each way, each refusal word for word, and the exit that it names."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from generator.fleet.states import ACTIVE, DELETING, PURGING, RETIRED, STATES, WAYS, next_states
from tests.harness import Ran, Repository

pytestmark = pytest.mark.slow

NAME = "company-001"
FILE = f"tenants/{NAME}.yaml"
PAGE = "unavailablePage: https://www.example.com/unavailable"
LAST, AFTER = "2026-12-31", "2027-01-01"
LEAVES = {"retireOn": LAST}
PURGES = {**LEAVES, "backup": "s3://backups/1"}
SYNCED = {"synced": {"by": "ops", "date": AFTER}}
GONE = {**SYNCED, "gone": {"by": "ops", "date": AFTER}}
STONE = {"since": AFTER, "by": "ops", "commits": {}, "remains": []}
KEYS: dict[str, dict[str, Any]] = {
    "suspended": {},
    "retiring": LEAVES,
    PURGING: PURGES,
    DELETING: {**PURGES, "confirmed": SYNCED},
    RETIRED: {**PURGES, "confirmed": GONE, "tombstone": STONE},
}
"""What a tenant file holds in each state beside the state."""


def company(repository: Repository, state: str) -> Repository:
    """Write the company in a state, with another one beside it, and commit both with what is generated."""
    keys = {} if state == ACTIVE else {"state": state, **KEYS[state]}
    repository.tenant(NAME, **keys).tenant("company-002").generate()
    if not (repository.root / ".git").exists():
        repository.git("init", "--quiet", "--initial-branch=main")
        repository.git("config", "user.name", "Ops")
        repository.git("config", "user.email", "ops@example.com")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", f"{NAME} is {state}")
    return repository


def to(repository: Repository, state: str, *more: str, today: str = AFTER) -> Ran:
    """Set another state."""
    return repository.run("set", NAME, f"state={state}", *more, "--today", today)


def check(repository: Repository, today: str = AFTER) -> list[str]:
    """Commit the change on a branch, and return what `check` says of states, without hints."""
    repository.generate().git("switch", "--quiet", "--create", "change")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "change")
    done = repository.run("check", "--base", "main", "--today", today)
    assert done.exit in (0, 1), done.said
    return re.findall(r"^\S+: error: (.+)$", done.stdout, re.MULTILINE)


# --- what is rendered


def test_files_of_each_state(repository: Repository) -> None:
    """An overlay and a project until the company is gone, an entry until it is deleted, a tombstone for ever."""
    for state in STATES:
        if state != ACTIVE:
            repository.tenant(f"a-{state}", state=state, **KEYS[state])
    repository.generate()

    files = {file for file in repository.files() if "/a-" in file and not file.startswith("tenants/")}

    assert {file.split("/")[-1] for file in files if "/tenants/" in file} == {
        f"a-{state}.yaml" for state in ("suspended", "retiring", "purging")
    }
    assert {file.split("/")[-1] for file in files if "/projects/" in file} == {
        f"a-{state}.yaml" for state in ("suspended", "retiring", "purging", "deleting")
    }
    assert {file.split("/")[1] for file in files if file.startswith("overlays/")} == {
        f"a-{state}" for state in ("suspended", "retiring", "purging", "deleting")
    }
    assert repository.run("verify").exit == 0
    purged = {(obj["kind"], obj["metadata"]["name"]): obj for obj in repository.render("a-purging")}
    for held in (("Namespace", "a-purging"), ("PersistentVolumeClaim", "files")):
        assert "argocd.argoproj.io/sync-options" not in purged[held]["metadata"].get("annotations", {})
    (route,) = [obj for obj in repository.render("a-suspended") if obj["kind"] == "HTTPRoute"]
    assert route["spec"]["hostnames"] == ["a-suspended.files.example.com"]
    redirect = route["spec"]["rules"][0]["filters"][0]["requestRedirect"]
    assert (redirect["hostname"], redirect["path"]["replaceFullPath"]) == ("www.example.com", "/unavailable")


# --- the ways, by `set`


def test_a_company_leaves_step_by_step(repository: Repository) -> None:
    """Each step writes the keys of its state, and the tombstone says by whom, in which commits and what remains."""
    company(repository, ACTIVE)
    steps = [
        ("suspended",),
        ("retiring", f"retireOn={LAST}"),
        (PURGING, "backup=s3://backups/1"),
        (DELETING, "--confirmed-by", "ops"),
        (RETIRED, "--confirmed-by", "ops"),
    ]
    for step in steps:
        done = to(repository, *step)
        assert (done.exit, done.stderr) == (0, f"changed {FILE}\n  next: tenantry generate && tenantry verify\n")
        repository.generate().git("add", "--all")
        repository.git("commit", "--quiet", "--message", step[0])

    commits = repository.git("log", "--format=%H", "--max-count=5").split()
    assert repository.read(FILE) == (
        f'name: "{NAME}"\nplan: "bronze"\nstate: retired\nretireOn: "{LAST}"\nbackup: "s3://backups/1"\n'
        f'confirmed:\n  synced:\n    by: ops\n    date: "{AFTER}"\n  gone:\n    by: ops\n    date: "{AFTER}"\n'
        f'tombstone:\n  since: "{AFTER}"\n  by: "Ops <ops@example.com>"\n  commits:\n'
        f"    suspended: {commits[4]}\n    retiring: {commits[3]}\n"
        f"    purging: {commits[2]}\n    deleting: {commits[1]}\n"
        '  remains:\n  - what: "volumes that their class retains: nobody looked which"\n'
        "    command: \"kubectl get persistentvolumes --output=jsonpath='{.items[?(@.spec.claimRef.namespace=="
        f'\\"{NAME}\\")].metadata.name}}\'"\n'
        '  - what: "backup s3://backups/1, not verified"\n'
        '    command: "erase it where it is kept, when its time has come"\n'
        f'  - what: "keys in the secret store below tenants/{NAME}/"\n'
        f'    command: "vault kv list -mount=kv tenants/{NAME}"\n'
        f'  - what: "logs, metrics and traces of the namespace {NAME}"\n    command: their own retention ends them\n'
        f'  - what: "the company\'s name, hosts and plans in git"\n    command: git log -- tenants/{NAME}.yaml\n'
    )
    page, data = repository.run("certificate", NAME), repository.run("certificate", NAME, "--format", "json")
    assert page.stdout.startswith(
        f"# {NAME} was retired\n\n{NAME} ({NAME}) was retired on {AFTER} by Ops <ops@example.com>.\n"
    )
    assert "- the backup s3://backups/1 was not verified\n" in page.stdout
    assert '"verified": false' in data.stdout
    assert not [file for file in repository.files() if NAME in file and not file.startswith("tenants/")]


def test_a_certificate_of_an_empty_tombstone_says_that_it_names_nothing(repository: Repository) -> None:
    """A person wrote it: that nothing is named does not mean that nothing is left."""
    page = company(repository, RETIRED).run("certificate", NAME).stdout
    assert "## Not erased\n\n- the tombstone names nothing, which does not mean that nothing is left\n" in page


def test_what_is_no_way_is_refused_with_those_that_are(repository: Repository) -> None:
    """From every state to every other one that no way leads to; what is named instead is in the table."""
    for before in STATES:
        company(repository, before)
        for after in STATES.keys() - {before, *next_states(before)}:
            ways = "; ".join(f"tenantry set {NAME} state={state}" for state in next_states(before))
            done = to(repository, after)
            said = f"error: {NAME} cannot go from {before} to {after}\n  hint: from {before} there is: {ways}\n"
            assert (done.exit, done.stderr) == (1, said)
    assert to(repository, "gone").stderr.startswith("error: there is no state 'gone'\n  hint: from retired there is: ")


Command = tuple[tuple[str, ...], str]
"""What stands behind `set NAME state=`, and the day."""

DEMANDS: dict[str, tuple[str, Command, str, Command]] = {
    "before its day": (
        "retiring",
        ((PURGING, "backup=x"), LAST),
        f"error: {NAME} was told that its files are there until {LAST}\n  hint: wait until that day has passed\n",
        ((PURGING, "backup=x"), AFTER),
    ),
    "without a backup": (
        "retiring",
        ((PURGING,), AFTER),
        (
            f"{FILE}:3:8: error: state: purging needs the key backup [TEN030]\n"
            f"  hint: tenantry set {NAME} backup=s3://backups/{NAME}\n1 error, 0 warnings; nothing was written\n"
        ),
        ((PURGING, f"backup=s3://backups/{NAME}"), AFTER),
    ),
    "without a last day": (
        ACTIVE,
        (("retiring",), LAST),
        (
            f"{FILE}:3:8: error: state: retiring needs the key retireOn [TEN030]\n"
            f"  hint: tenantry set {NAME} retireOn=2026-12-31\n1 error, 0 warnings; nothing was written\n"
        ),
        (("retiring", "retireOn=2026-12-31"), LAST),
    ),
    "unseen that it is synced": (
        PURGING,
        ((DELETING,), AFTER),
        (
            f"error: somebody must have seen that the Application {NAME} is Synced without its guards\n"
            f"  hint: tenantry set {NAME} state=deleting --kubeconfig FILE, or --confirmed-by NAME\n"
        ),
        ((DELETING, "--confirmed-by", "ops"), AFTER),
    ),
    "unseen that it is gone": (
        DELETING,
        ((RETIRED,), AFTER),
        (
            f"error: somebody must have seen that the Application {NAME} is gone, and its namespace too\n"
            f"  hint: tenantry set {NAME} state=retired --kubeconfig FILE, or --confirmed-by NAME\n"
        ),
        ((RETIRED, "--confirmed-by", "ops"), AFTER),
    ),
}


@pytest.mark.parametrize("demand", DEMANDS)
def test_what_a_way_demands(repository: Repository, demand: str) -> None:
    """The refusal says what is missing; with it the same command passes."""
    before, (command, day), said, (exit_, later) = DEMANDS[demand]
    company(repository, before)

    refused = to(repository, *command, today=day)
    passed = to(repository, *exit_, today=later)

    assert (refused.exit, refused.stderr) == (1, said)
    assert passed.exit == 0, passed.said


def test_a_company_on_hold_is_not_purged(repository: Repository) -> None:
    """Until the hold ends, by the command that is named."""
    company(repository, "retiring")
    assert repository.run("set", NAME, "hold.reason=case 17", "hold.since=2026-11-26").exit == 0

    refused = to(repository, PURGING, "backup=x")
    ended = repository.run("set", NAME, "hold.reason=", "hold.since=")

    assert refused.stderr == (
        f"error: {NAME} is on hold since 2026-11-26: case 17\n"
        f"  hint: once the hold ends: tenantry set {NAME} hold.reason= hold.since=\n"
    )
    assert ended.exit == 0
    assert to(repository, PURGING, "backup=x").exit == 0


def test_a_suspended_company_needs_a_page(repository: Repository) -> None:
    """Its hosts lead there; platform.yaml says where."""
    company(repository, ACTIVE)
    text = repository.read("platform.yaml")
    without = re.sub(r"unavailablePage:.*\n", "", text)
    repository.write("platform.yaml", without)

    refused = to(repository, "suspended")
    repository.write("platform.yaml", f"{without}{PAGE}\n")

    assert refused.stderr == (
        f"{FILE}:3:8: error: state: suspended needs a page that the company's hosts lead to, and platform.yaml has none"
        " [TEN030]\n  hint: declare it in platform.yaml: unavailablePage: https://www.example.com/unavailable\n"
        "1 error, 0 warnings; nothing was written\n"
    )
    assert to(repository, "suspended").exit == 0


def test_a_guard_without_states_is_named(repository: Repository) -> None:
    """A repository that was made before there were states gets them from a new one."""
    company(repository, ACTIVE)
    shutil.rmtree(repository.root / "base/guard/states")
    repository.tenant(NAME, state="suspended")

    done = repository.run("generate")

    assert done.exit == 1
    assert (
        f"base/guard/states/suspended: error: there is no such state, and {NAME} is suspended [PLT003]" in done.stderr
    )


# --- the ways, by `check`


def test_a_purge_needs_an_approval_that_counts_once(repository: Repository) -> None:
    """Approved it passes; cancelled and asked for again by the same file, it does not, whatever was approved."""
    company(repository, "retiring")
    repository.tenant(NAME, state=PURGING, **PURGES)

    assert check(repository) == [f"{NAME} is to be purged [STA011]"]
    done = repository.run("check", "--base", "main", "--today", AFTER, "--approve", "they left")
    assert done.exit == 0, done.said
    (approval,) = [file for file in repository.files() if file.startswith("approvals/")]
    text = repository.read(approval)
    repository.remove(approval).git("switch", "--quiet", "main")
    repository.write(approval, text).git("add", "--all")
    repository.git("commit", "--quiet", "--message", "approve")
    repository.git("merge", "--quiet", "--no-edit", "change")
    repository.git("branch", "--quiet", "--delete", "change")
    company(repository, "retiring")
    repository.tenant(NAME, state=PURGING, **PURGES)

    assert check(repository) == [
        f"{NAME} was purged by the very same file before, and that was cancelled: its approval counted once [STA014]"
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (ACTIVE, PURGING, [f"{NAME} cannot go from active to purging [STA010]"]),
        (PURGING, RETIRED, [f"{NAME} cannot go from purging to retired [STA010]"]),
        (DELETING, ACTIVE, [f"{NAME} cannot go from deleting to active [STA010]"]),
        (RETIRED, ACTIVE, [f"{NAME} cannot go from retired to active [STA010]"]),
        (RETIRED, "suspended", [f"{NAME} is to come back from its tombstone [STA011]"]),
        (PURGING, "retiring", []),
        (PURGING, DELETING, []),
        (DELETING, RETIRED, []),
    ],
)
def test_check_knows_the_ways(repository: Repository, before: str, after: str, said: list[str]) -> None:
    """Whoever edits the file by hand is held to the same table."""
    company(repository, before)
    repository.tenant(NAME, **({} if after == ACTIVE else {"state": after, **KEYS[after]}))

    assert check(repository) == said


@pytest.mark.parametrize(
    ("before", "after", "key", "value"),
    [
        (PURGING, PURGING, "backup", "s3://nowhere"),
        (PURGING, DELETING, "backup", "s3://nowhere"),
        (DELETING, RETIRED, "retireOn", "2020-01-01"),
        (RETIRED, RETIRED, "tombstone", {**STONE, "by": "nobody"}),
    ],
)
def test_what_a_purge_was_approved_with_stays(
    repository: Repository, before: str, after: str, key: str, value: Any
) -> None:
    """Another backup after the approval may hold nothing, and a tombstone is a record; the exit takes it back."""
    company(repository, before)
    commit = repository.git("rev-parse", "HEAD").strip()[:10]
    repository.tenant(NAME, state=after, **{**KEYS[after], key: value})

    assert check(repository) == [f"{key} of {NAME} changes, although its purge was approved with it [STA011]"]
    done = repository.run("check", "--base", "main", "--today", AFTER)
    back = f"git restore --source={commit} --staged --worktree {FILE} && tenantry generate"
    assert (
        f"  hint: take it back: {back}, or have it approved: tenantry check --base main --approve REASON\n" in done.said
    )


def test_a_change_elsewhere_says_nothing_of_a_tombstone(repository: Repository) -> None:
    """The state before is read as far as the change needs it, and that is no other company's file."""
    company(repository, RETIRED)
    repository.tenant("company-002", plan="silver")

    assert check(repository) == []


def test_a_purge_waits_for_the_day_that_was_told(repository: Repository) -> None:
    """Not before it, and not by a day that comes with the purge."""
    company(repository, "retiring")
    repository.tenant(NAME, state=PURGING, **PURGES)
    early = check(repository, LAST)
    repository.tenant(NAME, state=PURGING, **{**PURGES, "retireOn": "2026-11-01"})
    repository.git("commit", "--quiet", "--all", "--message", "change")
    done = repository.run("check", "--base", "main", "--today", LAST)

    assert f"{NAME} was told that its files are there until {LAST} [STA012]" in early
    assert f"retireOn was {LAST}, and changes in the change that purges {NAME} [STA012]" in done.stdout


def test_few_companies_are_purged_on_a_day(repository: Repository) -> None:
    """What began on that day before the change counts as well."""
    platform = repository.read("platform.yaml")
    repository.write("platform.yaml", f"{platform}\nbudget: {{purgesPerDay: 1}}\n")
    repository.tenant("company-003", state="retiring", **LEAVES)
    company(repository, "retiring")
    for name in (NAME, "company-003"):
        repository.tenant(name, state=PURGING, **PURGES)

    assert "2 companies would be purged; 1 a day are allowed [STA013]" in check(repository)


def test_due_forecasts_who_can_be_purged_when(repository: Repository) -> None:
    """As many a day as the budget allows; who waits in the middle of a purge is named."""
    platform = repository.read("platform.yaml")
    repository.write("platform.yaml", f"{platform}\nbudget: {{purgesPerDay: 1}}\n")
    for number in (3, 4):
        repository.tenant(f"company-00{number}", state="retiring", **LEAVES)
    company(repository, PURGING)

    done = repository.run("due", "--today", AFTER)

    assert "  2027-01-01: company-003 can be purged\n  2027-01-02: company-004 can be purged\n" in done.stderr
    assert re.findall(r": error: (.+)", done.said) == [
        f"{NAME} is purging, and waits for the next step [DUE004]",
        f"the last day of company-003 was {LAST}: it can be purged [DUE003]",
        f"the last day of company-004 was {LAST}: it can be purged on 2027-01-02, budget.purgesPerDay kept [DUE003]",
    ]


# --- the table


def test_the_table_is_whole() -> None:
    """Every state but the last can be left and every state but the first be reached; no deletion skips a step."""
    assert {way.before for way in WAYS} == {way.after for way in WAYS} == set(STATES)
    assert [way.after for way in WAYS if way.before == PURGING and not STATES[way.after].has_entry] == [DELETING]
    assert [way.before for way in WAYS if way.after == RETIRED] == [DELETING]
    assert [way.before for way in WAYS if way.after == PURGING] == ["retiring", DELETING]


def test_the_commands_of_the_guides_pass(repository: Repository) -> None:
    """Those of leaving and coming back, one after the other; what looks into a cluster is confirmed by somebody."""
    company(repository, ACTIVE)
    guides = (Path(__file__).parents[2] / "docs/guides" / name for name in ("leaving.md", "restore-a-company.md"))
    commands = [
        command.replace("--kubeconfig cluster.yaml", "--confirmed-by ops")
        for guide in guides
        for block in re.findall(r"```sh\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
        for command in re.findall(r"tenantry (set [^&\n]+?) *&& tenantry generate", block)
    ][:7]
    for command in commands:
        done = repository.run(*shlex.split(command), "--today", AFTER)
        assert done.exit == 0, (command, done.said)
        repository.generate().git("add", "--all")
        repository.git("commit", "--quiet", "--message", "change")

    states = [re.sub(r".*state=([a-z]+).*", r"\1", command) for command in commands]
    assert states == ["suspended", "active", "retiring", "purging", "deleting", "retired", "suspended"]


def test_a_state_and_a_plan_in_one_command(repository: Repository) -> None:
    """What a smaller plan brings comes with it, so that the change passes as if it were made by two commands."""
    company(repository, ACTIVE)
    repository.tenant(NAME, plan="gold", addons=["chatbot"]).generate().git(
        "commit", "--quiet", "--all", "--message=gold"
    )

    done = to(repository, "suspended", "plan=bronze")

    assert done.exit == 0, done.said
    assert repository.read(FILE).endswith(
        f'\nstate: suspended\nstorage: 500Gi\nquotaFrom: {{plan: gold, since: "{AFTER}"}}\n'
    )
    assert check(repository) == []
