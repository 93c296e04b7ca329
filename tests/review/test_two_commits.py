"""What a change may not take away from a company: over real commits, each with the way out that its message names."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

from generator.findings.finding import EnvironmentProblem, Finding, in_order
from generator.findings.formats import text
from generator.git import ancestry, door, trees
from generator.review import comparison, revision
from generator.review.comparison import Origin
from generator.rules import every
from tests.harness import Ran, Repository, environment

CORE: Final = "base/edge/core/fileserver.yaml"
CLAIMS: Final = "base/guard/core/claims.yaml"
FACTS: Final = "base/guard/components/facts/kustomization.yaml"
CHATBOT: Final = "base/edge/components/ai-chatbot"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two companies on main, where generated files are published on a branch of their own."""
    repository = Repository(tmp_path_factory.mktemp("start") / "repository")
    repository.edit("platform.yaml", "publishing: committed", "publishing: branch")
    repository.tenant("company-001", hosts=["files.customers.example.net"])
    repository.tenant("company-002", plan="silver", addons=["chatbot"])
    repository.git("init", "--quiet", "--initial-branch=main")
    commit(repository, "start")
    return repository.root


@pytest.fixture
def here(start: Path, tmp_path: Path) -> Repository:
    """A copy of that repository, on a branch for the change."""
    shutil.copytree(start, tmp_path / "repository")
    repository = Repository(tmp_path / "repository")
    repository.git("switch", "--quiet", "--create", "change")
    return repository


def commit(repository: Repository, message: str = "change") -> Repository:
    """Commit all that stands there."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--allow-empty", "--message", message)
    return repository


def on_main(repository: Repository, message: str = "forced") -> Repository:
    """Let main be what stands there, whatever it is, and go on from there."""
    commit(repository, message).git("branch", "--quiet", "--force", "main")
    return repository


def sha(repository: Repository, name: str = "main") -> str:
    """Return the first ten characters of a commit's id."""
    return repository.git("rev-parse", "--short=10", name).strip()


def found(repository: Repository) -> str:
    """Commit, compare the commit with main, and return what the rules on two commits say."""
    commit(repository)
    git = door.open_repository(repository.root)
    base, head = (ancestry.commit_of(git, name) for name in ("main", "HEAD"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        after = revision.of_commit(git, head, folder / "after")
        published = ancestry.branch_of(git, "deploy")
        origin = Origin(repository=git, commit=base, published=published)
        compared, unread = comparison.against(origin, after, trees.touched(git, base, head), folder / "before")
    judged: list[Finding] = [*unread, *(every.check_change(compared) if compared else ())]
    return text(in_order(judged))


def check(repository: Repository) -> Ran:
    """Commit, and run everything that a pull request must pass."""
    return commit(repository).run("check", "--base", "main")


def follow(repository: Repository, said: str, rule: str) -> None:
    """Run the command that the hint of a rule names, as it stands there."""
    hint = re.search(rf"\[{rule}\]\n  hint: .*?: ((?:git|rm) .+?)(?:, or .+)?\n", said)
    assert hint, said
    done = subprocess.run(hint[1], shell=True, cwd=repository.root, env=environment(), check=False)  # noqa: S602
    assert done.returncode == 0, hint[1]


def rename_claim(repository: Repository, name: str) -> Repository:
    """Give the file server's claim another name, everywhere in base/."""
    claims = repository.read(CLAIMS).replace("name: files\n  labels", f"name: {name}\n  labels")
    text = repository.read(CORE).replace("claimName: files", f"claimName: {name}")
    facts = repository.read(FACTS)
    repository.write(FACTS, facts.replace("PersistentVolumeClaim, name: files", f"PersistentVolumeClaim, name: {name}"))
    return repository.write(CORE, text).write(CLAIMS, claims)


# --- what holds data


@pytest.mark.slow
def test_a_claim_that_is_renamed_is_refused(here: Repository) -> None:
    """Every company would get an empty volume, and its files would stay in the old one."""
    refused = check(rename_claim(here, "data"))
    follow(here, refused.stdout, "CHG020")
    passed = check(here)

    assert refused.exit == 1
    assert (
        f"{CLAIMS}:2:1: error: the PersistentVolumeClaim files becomes data, for company-001, company-002 [CHG020]\n"
        f"  hint: take it back: git restore --source={sha(here)} --staged --worktree base"
    ) in refused.stdout
    assert passed.exit == 0, passed.said


def test_a_claim_that_goes_is_refused(here: Repository) -> None:
    """Also when the pods get a folder of their own in its place: what people upload would be gone with the pod."""
    here.edit("base/guard/core/kustomization.yaml", "- claims.yaml\n", "").remove(CLAIMS)
    here.edit(CORE, "persistentVolumeClaim:\n          claimName: files", "emptyDir: {}")
    facts = here.read(FACTS)
    storage = facts[facts.index("- source: {kind: TenantFacts, name: tenant, fieldPath: spec.storage}") :]
    here.write(FACTS, facts.replace(storage.partition("\n- source:")[0] + "\n", ""))

    said = found(here)
    follow(here, said, "CHG020")

    assert (
        f"{CLAIMS}:2:1: error: the PersistentVolumeClaim files is gone, for company-001, company-002 [CHG020]" in said
    )
    assert found(here) == ""


def test_a_claim_that_no_pod_mounts_any_more_is_refused(here: Repository) -> None:
    """The claim is there as it was, and the pods write into nothing that stays."""
    here.edit(CORE, "persistentVolumeClaim:\n          claimName: files", "emptyDir: {}")

    said = found(here)
    follow(here, said, "CHG020")

    assert (
        f"{CLAIMS}:2:1: error: no pod mounts the PersistentVolumeClaim files any more, for company-001, company-002"
        " [CHG020]\n"
    ) in said
    assert found(here) == ""


def test_a_secret_store_of_another_name_is_refused(here: Repository) -> None:
    """Its secrets would be asked for at another door."""
    store = "base/guard/core/secret-store.yaml"
    here.edit(store, "kind: SecretStore\nmetadata:\n  name: tenant", "kind: SecretStore\nmetadata:\n  name: company")

    assert ": error: the SecretStore tenant becomes company, for company-001, company-002 [CHG020]\n" in found(here)


def test_a_namespace_that_leaves_the_render_is_refused(here: Repository) -> None:
    """What Argo CD no longer finds in git it would remove, were it not for the guards."""
    text = here.read("base/guard/core/namespace.yaml")
    here.write("base/guard/core/namespace.yaml", text[text.index("---\n") + 4 :])

    said = found(here)

    assert ": error: the Namespace of the company is gone, for company-001, company-002 [CHG020]\n" in said


def test_an_add_on_that_is_switched_off_keeps_its_claim(here: Repository) -> None:
    """The one company that had the add-on loses what that had stored; its own file brought that about."""
    claim = (
        "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: talks\n  annotations:\n"
        "    argocd.argoproj.io/sync-options: Prune=false,Delete=false\nspec:\n  accessModes: [ReadWriteMany]\n"
        "  storageClassName: shared-files\n  volumeMode: Filesystem\n  resources: {requests: {storage: 1Gi}}\n"
    )
    here.write(f"{CHATBOT}/ai-chatbot.yaml", here.read(f"{CHATBOT}/ai-chatbot.yaml") + claim)
    on_main(here).tenant("company-002", plan="silver")

    said = found(here)
    follow(here, said, "CHG020")

    assert ": error: the PersistentVolumeClaim talks is gone, for company-002 [CHG020]\n" in said
    assert f"git restore --source={sha(here)} --staged --worktree tenants/company-002.yaml\n" in said
    assert found(here) == ""


def test_a_claim_that_changes_without_moving_is_no_finding(here: Repository) -> None:
    """A near miss: another label, and an add-on that never had a claim is switched off."""
    head = "kind: PersistentVolumeClaim\nmetadata:\n  name: files\n  labels:\n"
    here.edit(CLAIMS, head, f"{head}    example.com/backup: daily\n")
    here.tenant("company-002", plan="silver")

    assert "[CHG020]" not in found(here)


# --- hosts


def test_a_domain_that_changes_names_every_host_that_is_lost(here: Repository) -> None:
    """Once, at the domain; the chatbot's host is one of them, the host under another suffix is not."""
    here.edit("platform.yaml", "domain: files.example.com", "domain: drive.example.com")

    assert found(here) == (
        "platform.yaml:11:9: warning: 3 hosts of a company no longer lead to it: company-001.files.example.com"
        " (company-001), chat--company-002.files.example.com (company-002), company-002.files.example.com"
        " (company-002) [CHG022]\n  hint: tell the company first, or leave it its host\n"
    )


def test_more_lost_hosts_than_the_budget_allows_are_an_error(here: Repository) -> None:
    """By the budget of the commit before the change, whatever the change makes of it."""
    here.write("platform.yaml", here.read("platform.yaml") + "\nbudget: {tenants: 1}\n")
    on_main(here)
    here.edit("platform.yaml", "domain: files.example.com", "domain: drive.example.com")
    here.edit("platform.yaml", "budget: {tenants: 1}", "budget: {tenants: 9}")

    said = found(here)
    follow(here, said, "CHG023")

    assert (
        "platform.yaml:11:9: error: the change takes away more hosts than the blast-radius budget allows: 2 tenants"
        f" lose one, 1 are allowed [CHG023]\n  hint: take it back: git restore --source={sha(here)} --staged"
        " --worktree platform.yaml\n"
    ) in said
    assert found(here) == ""


@pytest.mark.slow
def test_a_host_that_is_taken_from_a_company_is_named_there(here: Repository) -> None:
    """With the suffix that it was under, or by itself; and it is said whose it is from now on."""
    here.edit("platform.yaml", "hostSuffixes: [customers.example.net] ", "hostSuffixes: [other.example.net] ")
    here.tenant("company-001")
    alone = found(here)
    here.git("restore", "--source=main", "platform.yaml")
    here.tenant("company-002", plan="silver", addons=["chatbot"], hosts=["files.customers.example.net"])

    moved = found(here)

    assert (
        "tenants/company-001.yaml:1:1: warning: 1 host of a company no longer leads to it: files.customers.example.net"
        " (company-001) [CHG022]\n"
    ) in alone
    assert "files.customers.example.net (company-001, from now on company-002's) [CHG022]\n" in moved


def test_another_exposure_with_the_same_hosts_takes_none_away(here: Repository) -> None:
    """A near miss: the route becomes an Ingress, and everybody is found where they were."""
    here.edit("platform.yaml", "exposure: gateway", "exposure: ingress")

    assert "[CHG022]" not in found(here)


# --- names that were given before


def forget(repository: Repository) -> Repository:
    """Let main lose company-001, and the branch go on from there."""
    return on_main(repository.remove("tenants/company-001.yaml"))


@pytest.mark.slow
def test_a_name_is_not_given_again(here: Repository) -> None:
    """The new company would get the old one's volume; the file that is named brings the old one back."""
    forget(here).tenant("company-001", plan="gold")

    refused = check(here)
    follow(here, refused.stdout, "CHG024")
    passed = check(here)

    first = sha(here, "main~1")
    assert refused.exit == 1
    assert (
        f"tenants/company-001.yaml:1:7: error: the name 'company-001' was given before: tenants/company-001.yaml in"
        f" {first} [CHG024]\n"
        "  hint: choose another name; or, if that company comes back, give it its file as it was: git show"
        f" {first}:tenants/company-001.yaml > tenants/company-001.yaml\n"
    ) in refused.stdout
    assert passed.exit == 0, passed.said
    assert here.git("diff", "--name-only", first, "HEAD") == ""


def test_a_name_in_another_folder_or_spelling_was_given_all_the_same(here: Repository) -> None:
    """What git remembers is the name, not where it stood or how its case was written."""
    here.remove("tenants/company-001.yaml").write("tenants/old/COMPANY-001.yaml", "name: company-001\nplan: bronze\n")
    on_main(here)
    on_main(here.remove("tenants/old/COMPANY-001.yaml")).tenant("company-001", plan="gold")

    said = found(here)
    follow(here, said, "CHG024")

    assert f"was given before: tenants/old/COMPANY-001.yaml in {sha(here, 'main~1')} [CHG024]\n" in said
    assert found(here) == ""


def test_a_name_that_only_the_other_side_of_a_merge_has_seen_was_given(here: Repository) -> None:
    """Such a side is passed over by git unless it is asked not to."""
    here.git("switch", "--quiet", "--create", "side", "main")
    commit(here.tenant("company-009"), "came")
    commit(here.remove("tenants/company-009.yaml"), "went")
    here.git("switch", "--quiet", "change")
    commit(here.write("notes.txt", "here"), "meanwhile")
    here.git("merge", "--quiet", "--no-edit", "side")
    on_main(here).tenant("company-009", plan="silver")

    assert "the name 'company-009' was given before: " in found(here)


def test_a_company_whose_files_are_still_published_may_come_back_otherwise(here: Repository) -> None:
    """It never went; so it is compared with its last file, and its volume does not shrink."""
    here.tenant("company-001", storage="100Gi")
    on_main(here)
    here.git("switch", "--quiet", "--create", "deploy")
    commit(here.write("overlays/company-001/facts.yaml", "published\n"))
    here.git("switch", "--quiet", "change")
    forget(here).tenant("company-001", storage="60Gi")

    assert found(here) == (
        "tenants/company-001.yaml:3:10: error: the volume has 100Gi and would shrink to 60Gi [TEN012]\n"
        "  hint: keep it: tenantry set company-001 storage=100Gi\n"
    )


def test_a_file_that_moves_within_tenants_is_no_new_name(here: Repository) -> None:
    """Neither is a name that was never given; history is asked for the second alone."""
    (here.root / "tenants/eu").mkdir()
    here.git("mv", "tenants/company-001.yaml", "tenants/eu/company-001.yaml")

    assert found(here.tenant("company-003")) == ""


def test_whether_a_name_was_given_is_not_guessed_in_a_shallow_clone(here: Repository, tmp_path: Path) -> None:
    """The way to the history is git's own; a change that brings no name needs none of it."""
    on_main(commit(here), "more")
    here.git("clone", "--quiet", "--depth", "2", "--branch", "main", f"file://{here.root}", str(tmp_path / "shallow"))
    shallow = Repository(tmp_path / "shallow")
    shallow.git("switch", "--quiet", "--create", "change")
    assert found(shallow.tenant("company-002", plan="gold", addons=["chatbot"])) == ""

    with pytest.raises(EnvironmentProblem) as problem:
        found(shallow.tenant("company-003"))

    assert (problem.value.fact, problem.value.hint) == (
        "this clone is shallow, and whether a name was given before stands in its history",
        "fetch all history: git fetch --unshallow; in CI, fetch-depth: 0",
    )


# --- a start that cannot be read


def test_one_bad_file_on_main_hides_no_loss_of_another_company(here: Repository) -> None:
    """A cut from 2Ti to 600Gi is seen, whatever else is wrong on main."""
    on_main(here.tenant("company-003", plan="gold", storage="2Ti"))
    on_main(here.tenant("company-001", plan="platinum"))
    here.tenant("company-001", hosts=["files.customers.example.net"]).tenant(
        "company-003", plan="gold", storage="600Gi"
    )

    assert found(here) == (
        f"platform.yaml: warning: {sha(here)} has errors of its own (tenants/company-001.yaml:2:7: plan: 'platinum' is"
        f" not one of bronze, silver, gold): tenants/company-001.yaml is compared as {sha(here, 'main~2')} has it"
        " [CHG001]\n"
        "  hint: nothing, when this change fixes the branch; otherwise look at what is named\n"
        "tenants/company-003.yaml:3:10: error: the volume has 2Ti and would shrink to 600Gi [TEN012]\n"
        "  hint: keep it: tenantry set company-003 storage=2Ti\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("text", ["name: company-003\nplan: platinum\nstorage: 2Ti\n", "plan: [\n"])
def test_a_bad_file_on_main_is_compared_as_it_last_could_be_read(here: Repository, text: str) -> None:
    """That is what was published; so the change that fixes it passes when it takes nothing away."""
    on_main(here.tenant("company-003", plan="gold", storage="2Ti"))
    on_main(here.write("tenants/company-003.yaml", text))

    cut = found(here.tenant("company-003", plan="gold", storage="600Gi"))
    fixed = found(here.tenant("company-003", plan="gold", storage="3Ti"))

    assert ": error: the volume has 2Ti and would shrink to 600Gi [TEN012]" in cut
    assert "error" not in fixed.replace("has errors of its own", "")


@pytest.mark.slow
def test_a_file_that_never_could_be_read_still_states_its_storage(here: Repository) -> None:
    """As far as it can be read."""
    on_main(here.write("tenants/company-003.yaml", "name: company-003\nplan: platinum\nstorage: 2Ti\n"))

    cut = found(here.tenant("company-003", plan="gold", storage="600Gi"))
    kept = found(here.tenant("company-003", plan="gold", storage="2Ti"))

    assert ": error: the volume has 2Ti and would shrink to 600Gi [TEN012]" in cut
    assert kept == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("platform.yaml", "exposure: gateway", "exposure: pigeon"),
        ("base/edge/core/kustomization.yaml", "- fileserver.yaml", "- nowhere.yaml"),
        (f"{CHATBOT}/kustomization.yaml", "- ai-chatbot.yaml", "- ai-chatbot.yaml\n- ai-chatbot.yaml"),
    ],
    ids=["platform", "base", "one component"],
)
def test_a_bad_platform_or_base_is_compared_as_it_last_could_be_read(
    here: Repository, file: str, old: str, new: str
) -> None:
    """The loss of a claim is seen, and the change that takes the error away alone passes."""
    on_main(here.edit(file, old, new))
    here.edit(file, new, old)
    fixed = found(here)
    lost = found(rename_claim(here, "data"))

    assert fixed.count("[CHG001]") == 1
    assert f": platform.yaml and base/ are compared as {sha(here, 'main~1')} has them [CHG001]\n" in fixed
    assert fixed.count(": error: ") == 0
    assert "the PersistentVolumeClaim files becomes data, for company-001, company-002 [CHG020]" in lost


def test_a_platform_that_never_could_be_read_is_an_error(tmp_path: Path) -> None:
    """Nothing was compared, and that is no reason to let everything pass."""
    repository = Repository(tmp_path / "repository").tenant()
    repository.edit("platform.yaml", "exposure: gateway", "exposure: pigeon")
    repository.git("init", "--quiet", "--initial-branch=main")
    commit(repository)
    repository.git("switch", "--quiet", "--create", "change")
    repository.edit("platform.yaml", "exposure: pigeon", "exposure: gateway")

    assert found(repository) == (
        f"platform.yaml: error: {sha(repository)} has errors of its own (platform.yaml:13:11: exposure: 'pigeon' is not"
        " one of gateway, ingress), and no commit before it can be read: nothing was compared with it [CHG021]\n"
        "  hint: have the change approved by somebody who knows what was there\n"
    )


def test_a_repository_that_takes_tenantry_up_has_nothing_to_lose(tmp_path: Path) -> None:
    """What has no platform.yaml before has no company either."""
    repository = Repository(tmp_path / "repository").tenant()
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "start")
    repository.git("switch", "--quiet", "--create", "change")

    assert found(repository) == (
        f"platform.yaml: warning: {sha(repository)} has no platform.yaml: all of it is new [CHG001]\n"
        "  hint: nothing, when this change fixes the branch; otherwise look at what is named\n"
    )
