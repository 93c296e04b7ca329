"""The judge is not in the change: what a pull request is judged by stands in the merge base, to its last word."""

import shutil
from pathlib import Path

import pytest

from generator.review import approvals, judge, pull_request
from tests.harness import ROOT, Ran, Repository

pytestmark = pytest.mark.slow

BY = "Platform team <platform@example.com>"
REASON = "tried on staging for a week"
ASK = "have it approved: tenantry check --base main --approve REASON"
OVER = "error: the change is over the blast-radius budget: it touches 2 tenants, 1 are allowed [TEN019]\n"
JUDGED_BEFORE = "  hint: the change is judged by what stands before it, and counts as touching every tenant\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two companies on main and a budget of one, generated and committed, and a branch for the change."""
    made = Repository(tmp_path_factory.mktemp("template") / "repository")
    made.tenant("company-001").tenant("company-002", plan="silver")
    made.write("platform.yaml", f"{made.read('platform.yaml')}budget: {{tenants: 1}}\n")
    made.generate().git("init", "--quiet", "--initial-branch=main")
    made.git("config", "user.name", "Platform team")
    made.git("config", "user.email", "platform@example.com")
    commit(made, "start")
    made.git("switch", "--quiet", "--create", "change")
    return made.root


@pytest.fixture
def made(template: Path, tmp_path: Path) -> Repository:
    """A copy of it for one test."""
    shutil.copytree(template, tmp_path / "repository", symlinks=True)
    return Repository(tmp_path / "repository")


def commit(made: Repository, message: str = "change") -> None:
    """Commit what stands in the work tree."""
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", message)


def change_all(made: Repository, seconds: int = 66) -> None:
    """Change what every company reads, and commit it: the base alone, so nothing generated differs."""
    old = next(line for line in made.read("base/edge/core/fileserver.yaml").splitlines() if "minReadySeconds" in line)
    made.edit("base/edge/core/fileserver.yaml", old, f"  minReadySeconds: {seconds}")
    commit(made)


def checked(made: Repository, *options: str) -> Ran:
    """Check the change against main."""
    return made.run("check", "--base", "main", *options)


def digest(made: Repository) -> str:
    """Return the digest of the change."""
    return pull_request.of_head(made.root, "main").digest


def on_main(made: Repository, files: dict[str, str]) -> None:
    """Bring files to main by a merge of their own, and main into the change."""
    made.git("switch", "--quiet", "main")
    for file, text in files.items():
        made.write(file, text)
    commit(made, "on main")
    made.git("switch", "--quiet", "change")
    made.git("merge", "--quiet", "--no-edit", "main")


def approved(made: Repository, more: str = "") -> None:
    """Bring the approval of the change to main."""
    of_the_change = digest(made)
    on_main(made, {approvals.file_of(of_the_change): approvals.text_of(of_the_change, REASON, BY) + more})


def where(made: Repository, key: str) -> str:
    """Return where a key of platform.yaml stands."""
    lines = made.read("platform.yaml").splitlines()
    return f"platform.yaml:{1 + next(number for number, line in enumerate(lines) if line.startswith(key))}:1"


# --- approvals


def test_the_whole_way_from_a_refusal_to_an_approval(made: Repository) -> None:
    """Every command that is named, in its order: the approval passes alone, and with it the change."""
    change_all(made)
    refused = checked(made)
    written = checked(made, "--approve", REASON)
    file = approvals.file_of(digest(made))

    assert refused.exit == 1
    assert refused.stdout.endswith(f"{where(made, 'budget')}: {OVER}  hint: split the change, or {ASK}\n")
    assert written.exit == 0, written.said
    branch = f"approve-{digest(made)[:10]}"
    assert written.stderr.endswith(
        f"{file} approves this change once it stands on main. Bring it there by a pull request of its own:\n"
        f"  git switch --create {branch} main\n"
        f'  git add {file} && git commit --message "Approve a change" && git push --set-upstream origin {branch}\n'
        "and once that is merged, bring it into this change: git switch - && git fetch && git merge main\n"
    )
    assert made.read(file) == f'digest: "{digest(made)}"\nreason: "{REASON}"\nby: "{BY}"\n'
    made.git("switch", "--quiet", "--create", branch, "main")
    made.git("add", file)
    made.git("commit", "--quiet", "--message", "Approve a change")
    alone = checked(made)
    made.git("switch", "--quiet", "main")
    made.git("merge", "--quiet", "--no-ff", "--no-edit", branch)
    made.git("switch", "--quiet", "change")
    made.git("merge", "--quiet", "--no-edit", "main")
    done = checked(made)

    assert alone.exit == 0, alone.said
    assert "; the change touches 0 tenants of 2: 0 errors" in alone.stderr
    assert done.exit == 0, done.said
    assert (
        "warning: the change is over the blast-radius budget: it touches 2 tenants, 1 are allowed;"
        f" approved by {BY}: {REASON} [TEN019]\n"
    ) in done.stdout


def test_another_edit_needs_another_approval(made: Repository) -> None:
    """The digest names the change that was looked at."""
    change_all(made)
    approved(made)
    passed = checked(made)
    change_all(made, 67)

    done = checked(made)

    assert passed.exit == 0, passed.said
    assert done.exit == 1
    assert f"{OVER}  hint: split the change, or {ASK}\n" in done.stdout


def test_what_main_changes_elsewhere_leaves_the_approval_as_it_is(made: Repository) -> None:
    """The digest is over the change and not over what it is merged into."""
    change_all(made)
    approved(made)
    on_main(made, {"notes.txt": "something else\n"})

    assert checked(made).exit == 0


def test_a_change_does_not_approve_itself(made: Repository) -> None:
    """Not even where it deletes the budget beside it; sent ahead, the same file lifts it."""
    made.write("platform.yaml", made.read("platform.yaml").replace("budget: {tenants: 1}\n", ""))
    change_all(made)
    file = approvals.file_of(digest(made))
    made.write(file, approvals.text_of(digest(made), REASON, BY))
    commit(made)
    done = checked(made)
    made.git("reset", "--quiet", "--hard", "HEAD~1")
    approved(made)

    assert done.exit == 1
    assert done.stdout.endswith(
        'platform.yaml:3:1: warning: budget: {"tenants": 1} becomes nothing [CHG004]\n'
        f"{JUDGED_BEFORE}"
        f"platform.yaml:3:1: {OVER}"
        f"  hint: split the change, or merge {file} first, by a pull request of its own: in the change itself it lifts"
        " nothing\n"
    )
    assert checked(made).exit == 0


def test_an_empty_approval_lifts_nothing_and_says_so(made: Repository) -> None:
    """It is on main already, so it stops nobody else; once it says what it has to, the change passes."""
    change_all(made)
    file = approvals.file_of(digest(made))
    on_main(made, {file: ""})
    done = checked(made)
    on_main(made, {file: approvals.text_of(digest(made), REASON, BY)})

    assert done.exit == 1
    assert (
        f"{file}: error (already on main): the file holds no document [TEN008]\n"
        "  hint: write the keys, or remove the file\n"
    ) in done.stdout
    assert (
        f"{OVER}  hint: split the change, or fix {file} by a pull request of its own: it lifts nothing ({file}: the"
        " file holds no document)\n"
    ) in done.stdout
    assert checked(made).exit == 0


def test_an_approval_counts_up_to_its_last_day(made: Repository) -> None:
    """On the next it lifts nothing, and is warned of by check and by verify."""
    change_all(made)
    approved(made, 'until: "2026-12-31"\n')
    file = approvals.file_of(digest(made))
    ended = (
        f"{file}:4:8: warning: this approval ended on 2026-12-31 and lifts nothing [CHG003]\n"
        "  hint: remove the file, or give it a later day, by a pull request of its own\n"
    )

    on_the_day = checked(made, "--today", "2026-12-31")
    after = checked(made, "--today", "2027-01-01")
    alone = made.run("verify", "company-001", "--today", "2027-01-01")

    assert on_the_day.exit == 0, on_the_day.said
    assert after.exit == 1
    assert ended in after.stdout
    assert f"or give {file} a later day by a pull request of its own: it ended on 2026-12-31" in after.stdout
    assert alone.exit == 0
    assert ended in alone.stdout


def test_an_approval_that_the_change_takes_away_still_counts(made: Repository) -> None:
    """What stands in the merge base is what counts, in both directions."""
    change_all(made)
    approved(made)
    made.remove(approvals.file_of(digest(made)))
    commit(made)

    assert checked(made).exit == 0


def test_an_approval_that_says_too_little_is_refused_where_it_comes(made: Repository) -> None:
    """The pull request that brings it learns what is missing; with it, it passes."""
    file = approvals.file_of("ab" * 32)
    made.write(file, f'digest: "{"ab" * 32}"\nreason: tried\n')
    commit(made)
    done = checked(made)
    made.write(file, approvals.text_of("ab" * 32, REASON, BY))
    commit(made)

    assert done.exit == 1
    assert f"{file}:1:1: error: the key `by` is missing [CHG002]\n" in done.stdout
    assert checked(made).exit == 0


# --- writing an approval


def test_there_is_nothing_to_approve_in_a_change_that_passes(made: Repository) -> None:
    """It can be merged as it is."""
    made.write("notes.txt", "nothing\n")
    commit(made)

    done = checked(made, "--approve", REASON)

    assert done.exit == 1
    assert done.stderr.endswith("error: there is nothing to approve: this change passes\n  hint: merge it\n")


def test_an_error_that_no_approval_lifts_comes_first(made: Repository) -> None:
    """To fix it is another edit, and the approval would be of another change."""
    made.remove("overlays/company-001/facts.yaml")
    change_all(made)

    done = checked(made, "--approve", REASON)

    assert done.exit == 1
    assert done.stderr.endswith(
        "error: an approval does not lift 2 errors of this change, first GEN002\n"
        "  hint: fix what is shown above first: another edit gives another digest, which needs another approval\n"
    ), done.stderr
    assert not (made.root / "approvals").exists()


def test_a_file_that_is_there_is_not_written_over(made: Repository) -> None:
    """A good one is named again, one that lifts nothing is refused; once it is removed, a good one is written."""
    change_all(made)
    file = approvals.file_of(digest(made))
    made.write(file, "")
    refused = checked(made, "--approve", REASON)
    made.remove(file)

    first = checked(made, "--approve", REASON)
    text = made.read(file)
    again = checked(made, "--approve", "for another reason")

    assert refused.exit == 1
    assert refused.stderr.endswith(
        f"error: {file} is there and lifts nothing ({file}: the file holds no document)\n"
        f"  hint: fix it, or remove it and run this again: rm {file}\n"
    )
    assert (first.exit, again.exit) == (0, 0)
    assert made.read(file) == text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--base", ""), "Error: Invalid value for --base: it is empty: name a commit, for example origin/main\n"),
        (("--base", " "), "Error: Invalid value for --base: it is empty: name a commit, for example origin/main\n"),
        (("--approve", "why"), "Error: --approve needs --base: what the change is to be merged into\n"),
        (
            ("--base", "main", "--approve", ""),
            "Error: Invalid value for --approve: it is empty: say why the change may pass\n",
        ),
        (
            ("--today", "2026-02-30"),
            "Error: Invalid value for '--today': '2026-02-30' is not a day such as 2026-12-31\n",
        ),
    ],
)
def test_wrong_use_is_said_to_be_that(template: Path, options: tuple[str, ...], said: str) -> None:
    """An empty base comes of a variable of CI that is not set: nothing was compared, and that is no pass."""
    done = Repository(template).run("check", *options)

    assert done.exit == 2
    assert done.stderr.endswith(said), done.stderr


# --- the budget, the weakened rules, the retired names


def test_a_raised_budget_is_over_the_one_that_stands(made: Repository) -> None:
    """Of two pull requests the first counts as touching every company, so nobody reaches the second unseen."""
    made.edit("platform.yaml", "budget: {tenants: 1}", "budget: {tenants: 200}")
    commit(made)

    first = checked(made)
    approved(made)

    assert first.exit == 1
    assert "; the change touches 2 tenants of 2: 1 error, " in first.stderr
    assert first.stdout.endswith(
        f'{where(made, "budget")}: warning: budget: {{"tenants": 1}} becomes {{"tenants": 200}} [CHG004]\n'
        f"{JUDGED_BEFORE}"
        f"{where(made, 'budget')}: {OVER}  hint: split the change, or {ASK}\n"
    )
    assert checked(made).exit == 0


WEAKENED = "rules: {ARG021: {severity: warn, reason: the autoscaler is tried out next month}}\n"


def test_a_rule_that_the_change_weakens_counts_in_full(made: Repository) -> None:
    """With the violation beside it; weakened before, by a change of its own, it is a warning."""
    on_main(made, {"platform.yaml": made.read("platform.yaml").replace("budget: {tenants: 1}\n", "")})
    weakened = made.read("platform.yaml") + WEAKENED
    violated = made.read("base/edge/core/fileserver.yaml").replace("  minReady", "  replicas: 2\n  minReady")
    made.write("platform.yaml", weakened).write("base/edge/core/fileserver.yaml", violated)
    commit(made)
    together = checked(made)
    made.git("reset", "--quiet", "--hard", "main")
    on_main(made, {"platform.yaml": weakened})
    made.write("base/edge/core/fileserver.yaml", violated)
    commit(made)
    apart = checked(made)

    assert together.exit == 1
    assert "warning: rules.ARG021: as it is becomes warn [CHG004]\n" in together.stdout
    assert {line.split(": ")[1] for line in together.stdout.splitlines() if line.endswith("[ARG021]")} == {"error"}
    assert apart.exit == 0, apart.said
    assert {line.split(": ")[1] for line in apart.stdout.splitlines() if line.endswith("[ARG021]")} == {"warning"}


def test_a_retired_name_is_not_free_because_the_change_says_so(made: Repository) -> None:
    """Taken out of the list and given in one change, it is refused; under another name the company passes."""
    on_main(made, {"platform.yaml": made.read("platform.yaml") + 'retiredNames: {company-009: "2025-03-31"}\n'})
    made.edit("platform.yaml", 'retiredNames: {company-009: "2025-03-31"}\n', "")
    made.tenant("company-009").generate()
    commit(made)
    done = checked(made)
    made.git("reset", "--quiet", "--hard", "main")
    made.tenant("company-010").generate()
    commit(made)

    assert done.exit == 1
    assert "warning: retiredNames: 'company-009' is taken out [CHG004]\n" in done.stdout
    assert (
        "tenants/company-009.yaml:1:7: error: 'company-009' was retired on 2025-03-31; names are never used again"
        " [TEN005]\n  hint: choose another name\n"
    ) in done.stdout
    assert checked(made).exit == 0


@pytest.mark.parametrize(
    ("old", "new", "path", "was", "now"),
    [
        (
            "repoURL: https://git.example.com/platform/tenants.git",
            "repoURL: https://git.example.org/mine.git",
            "git.repoURL",
            '"https://git.example.com/platform/tenants.git"',
            '"https://git.example.org/mine.git"',
        ),
        ("branch: main", "branch: other", "git.branch", '"main"', '"other"'),
        (
            "server: https://kubernetes.default.svc",
            "server: https://10.9.8.7",
            "clusters.in-cluster.server",
            '"https://kubernetes.default.svc"',
            '"https://10.9.8.7"',
        ),
        (
            "registries: [docker.io/sigoden, docker.io/docker]",
            "registries: [docker.io/sigoden, docker.io/docker, quay.io/other]",
            "registries",
            '["docker.io/sigoden", "docker.io/docker"]',
            '["docker.io/sigoden", "docker.io/docker", "quay.io/other"]',
        ),
        (
            "unavailablePage: https://www.example.com/unavailable",
            "unavailablePage: https://www.example.org/login",
            "unavailablePage",
            '"https://www.example.com/unavailable"',
            '"https://www.example.org/login"',
        ),
        (
            "nodes: [10.0.0.0/16]",
            "nodes: [10.0.0.0/17]",
            "clusters.in-cluster.network.addresses.nodes",
            '["10.0.0.0/16"]',
            '["10.0.0.0/17"]',
        ),
    ],
)
def test_where_things_go_is_changed_with_an_approval_alone(
    made: Repository, old: str, new: str, path: str, was: str, now: str
) -> None:
    """Repository, branch, API server, addresses, where people are led: judged as the change has them, and named."""
    made.edit("platform.yaml", old, new)
    made.generate()
    commit(made)
    done = checked(made)
    approved(made)

    assert done.exit == 1
    assert f": error: {path}: {was} becomes {now}, for every tenant [CHG005]\n  hint: take it back, or {ASK}\n" in (
        done.stdout
    )
    assert checked(made).exit == 0


PART = """parts:
  {name}:
    chart: oci://registry.example.com/charts/one
    version: 1.0.0
    digest: sha256:{zeros}
    namespaces: [kube-system]
    values: {values}
"""


def moved(before: str, after: str) -> list[str]:
    """Return what CHG005 says between two texts of platform.yaml."""
    was, now = (judge.read(text.encode())[0] for text in (before, after))
    assert was is not None
    assert now is not None
    return [found.fact for found in judge.moved(was, now)]


@pytest.mark.parametrize("name", ["secrets", "requires", "registries", "cert-manager"])
def test_a_chart_needs_an_approval_whatever_it_is_called(name: str) -> None:
    """Its name is chosen by whoever writes it, and may be that of a key that is only declared first."""
    after = PART.format(name=name, zeros="0" * 64, values="{}")

    told = moved("{}", after)

    assert told == [
        f'parts.{name}.chart: nothing becomes "oci://registry.example.com/charts/one", for every tenant',
        f"parts.{name}.clusterKinds: nothing becomes [], for every tenant",
        f'parts.{name}.digest: nothing becomes "sha256:{"0" * 64}", for every tenant',
        f'parts.{name}.namespaces: nothing becomes ["kube-system"], for every tenant',
        f'parts.{name}.version: nothing becomes "1.0.0", for every tenant',
    ]


@pytest.mark.parametrize("key", ["name", "class", "listener", "storageClasses", "registries", "secrets"])
def test_what_a_chart_is_told_needs_an_approval_whatever_the_key(key: str) -> None:
    """A chart's values are open: any key may stand there."""
    before, after = (PART.format(name="one", zeros="0" * 64, values=f"{{{told}}}") for told in ("", f"{key}: mine"))

    assert moved(before, after) == [f'parts.one.values.{key}: nothing becomes "mine", for every tenant']


def test_the_first_page_of_suspended_companies_needs_no_approval() -> None:
    """Nobody was led anywhere before it."""
    assert moved("{}", "unavailablePage: https://www.example.com/unavailable") == []


def test_one_is_not_true_for_a_judge() -> None:
    """Python takes them for equal, a chart does not."""
    before, after = (PART.format(name="one", zeros="0" * 64, values=f"{{open: {value}}}") for value in ("1", "true"))

    assert moved(before, after) == ["parts.one.values.open: 1 becomes true, for every tenant"]


ADDON = "addons: {%s: {workload: search, cpu: '1', memory: 1Gi%s}}\n"


def test_what_an_addon_must_not_run_without_does_not_go_by_another_name_of_it() -> None:
    """Taken out it takes its requirements along; renamed it does not lose them."""
    before = ADDON % ("search", ", requires: {args: [--key]}")

    assert moved(before, "addons: {}\n") == []
    assert moved(before, ADDON % ("find", "")) == [
        'addons.search.requires.args: ["--key"] becomes nothing, for every tenant'
    ]


def test_where_an_addon_may_connect_to_needs_an_approval_unless_the_addon_is_new() -> None:
    """Nobody has a new one yet; one that comes in the place of another may be the same by another name."""
    near, far = (ADDON % ("search", f", reaches: [{cidr}]") for cidr in ("192.0.2.1/32", "0.0.0.0/0"))

    assert moved(near, far) == ['addons.search.reaches: ["192.0.2.1/32"] becomes ["0.0.0.0/0"], for every tenant']
    assert moved("addons: {}\n", far) == []
    assert moved(near, ADDON % ("find", ", reaches: [0.0.0.0/0]")) == [
        'addons.find.reaches: nothing becomes ["0.0.0.0/0"], for every tenant',
        'addons.search.reaches: ["192.0.2.1/32"] becomes nothing, for every tenant',
    ]


def test_a_chart_with_values_is_judged_to_the_end(made: Repository) -> None:
    """Whatever stands below values, the schema says nothing of it."""
    part = PART.format(name="one", zeros="0" * 64, values="{secrets: {deep: [{name: x}]}}")
    made.write("platform.yaml", made.read("platform.yaml") + part.replace("kube-system", "one"))
    made.generate()
    commit(made)
    done = checked(made)
    approved(made)

    assert done.exit == 1
    fact = 'parts.one.values.secrets.deep: nothing becomes [{"name": "x"}], for every tenant [CHG005]'
    assert f": error: {fact}\n  hint: take it back, or {ASK}\n" in done.stdout
    assert checked(made).exit == 0


GRANT = """apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-rbac-cm
  annotations: {argocd.argoproj.io/sync-options: "ServerSideApply=true,Prune=false,Delete=false"}
data: {policy.csv: "g, somebody, role:admin"}
"""


def test_what_runs_beside_the_companies_is_changed_with_an_approval_alone(made: Repository) -> None:
    """Who may administer Argo CD stands in argocd/platform/: another person's word is asked for each edit of it."""
    names = ("argocd.yaml", "kustomization.yaml", "parameters.yaml")
    on_main(made, {(file := f"argocd/platform/{name}"): (ROOT / file).read_text(encoding="utf-8") for name in names})
    made.edit("argocd/platform/kustomization.yaml", "- argocd.yaml\n", "- argocd.yaml\n- rights.yaml\n")
    made.write("argocd/platform/rights.yaml", GRANT)
    commit(made)
    done = checked(made)
    approved(made)

    assert done.exit == 1
    lines = [line.strip() for line in GRANT.splitlines()]
    grant = ", ".join(f"+ {line}" for line in lines)[:200]
    for file, word in (("kustomization.yaml", "changed: + - rights.yaml"), ("rights.yaml", f"added: {grant}...")):
        assert (
            f"argocd/platform/{file}: error: what runs beside the companies is {word} [CHG005]\n"
            f"  hint: take it back, or {ASK}\n"
        ) in done.stdout
    assert checked(made).exit == 0


# --- another tenantry


def test_a_change_of_what_the_pipelines_install_touches_every_tenant(made: Repository) -> None:
    """Another tenantry may write other bytes for each of them; the one before it says so."""
    made.write(".tenantry/package.txt", "./tenantry-0.2.0-py3-none-any.whl --hash=sha256:00\n")
    commit(made)

    done = checked(made, "--approvals-only")

    assert done.exit == 1
    assert done.stdout == (
        ".tenantry/package.txt: warning: the tenantry that judges changes becomes another one [CHG004]\n"
        "  hint: the tenantry before it says whether it is approved; the change counts as touching every tenant\n"
        f"{where(made, 'budget')}: {OVER}  hint: split the change, or {ASK}\n"
    )


def test_an_approved_change_of_what_the_pipelines_install_passes(made: Repository) -> None:
    """As any other change above the budget."""
    made.write(".tenantry/package.txt", "./tenantry-0.2.0-py3-none-any.whl --hash=sha256:00\n")
    commit(made)
    approved(made)

    assert checked(made).exit == 0


def test_what_an_approval_does_not_lift_is_left_to_the_other_tenantry(made: Repository) -> None:
    """Bytes and rules are judged by the one that wrote them."""
    made.edit("overlays/company-001/facts.yaml", 'name: "company-001"', 'name: "company-101"')
    commit(made)

    assert checked(made).exit == 1
    assert checked(made, "--approvals-only").exit == 0


def test_another_tenantry_does_not_take_main_as_it_is(made: Repository) -> None:
    """Main was judged by the one before: what its own rules and bytes say is news, and comes with the change."""
    made.git("switch", "--quiet", "main")
    made.edit("overlays/company-001/facts.yaml", 'name: "company-001"', 'name: "company-101"')
    commit(made)
    made.git("switch", "--quiet", "--create", "raised")
    made.write(".tenantry/package.txt", "./tenantry-0.2.0-py3-none-any.whl --hash=sha256:00\n")
    commit(made)

    done = checked(made)

    assert done.exit == 1
    assert "already on main" not in done.said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--approvals-only"], "--approvals-only needs --base: what the change is to be merged into"),
        (
            ["--base", "main", "--approvals-only", "--approve", "tried"],
            "--approve needs all findings: leave --approvals-only out",
        ),
    ],
)
def test_approvals_only_is_of_a_change_and_writes_none(made: Repository, options: list[str], said: str) -> None:
    """Wrong uses are named."""
    done = made.run("check", *options)

    assert (done.exit, done.stdout) == (2, "")
    assert done.stderr.endswith(f"Error: {said}\n")
