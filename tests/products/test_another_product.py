"""The generator knows no service by name: another product is another base/ and platform.yaml, and no Python."""

import re
import shutil
from itertools import chain, combinations
from pathlib import Path
from typing import Final

import pytest

from generator.cli import cli
from tests import scanner
from tests.harness import ROOT, Repository
from tests.products.conftest import committed

OURS: Final = re.compile("fileserver|file server|chat", re.IGNORECASE)
"""Words of the example that tenantry brings."""


@pytest.mark.slow
def test_another_product_is_verified_without_a_finding(wiki: Repository) -> None:
    """Every rule and proof, over a Deployment, a StatefulSet, and a volume besides the main one."""
    ran = wiki.run("verify")

    assert (ran.exit, ran.stdout) == (0, "")
    assert "3 tenants, 106 objects" in ran.stderr
    assert "proved: isolation 6/6 pairs, quota 3/3, escape 3/3" in ran.stderr


OF_PIPELINES: Final = (
    "validate", "generate --check", "check --base main", "check --base main --approvals-only", "diff main HEAD", "due",
    "promote --due",
)  # fmt: skip
"""What the pipelines run that init lays down; beside `publish`, which the test below tries with a remote."""


@pytest.mark.slow
def test_the_pipelines_of_init_pass_on_another_product(wiki: Repository) -> None:
    """Each verb that a template of init names, on a change of a tenant and of a plan."""
    templates = [path.read_text(encoding="utf-8") for path in (ROOT / "generator/templates/init").iterdir()]
    verb = re.compile(r"^[^#\n]*\btenantry ([a-z]+)(?= |$)", re.MULTILINE)
    named = {name for text in templates for name in verb.findall(text)}
    wiki.git("switch", "--quiet", "--create", "change")
    wiki.tenant("theatre", plan="gold", addons=["search"])
    wiki.edit("platform.yaml", "storage: {default: 50Gi, max: 200Gi}", "storage: {default: 50Gi, max: 300Gi}")
    committed(wiki.generate())

    ran = [wiki.run(*command.split()) for command in OF_PIPELINES]

    assert [done.said for done in ran if done.exit] == []
    assert named >= {"check", "diff", "publish"}
    assert named & cli.commands.keys() <= {command.split()[0] for command in (*OF_PIPELINES, "publish")}


@pytest.mark.parametrize(
    ("old", "new", "said", "way"),
    [
        (
            "mail: {workload: mail,",
            "mail: {workload: mail, component: facts,",
            "platform.yaml:40:37: error: addons.mail.component: facts is that of the facts of core [PLT001]\n",
            "choose another",
        ),
        (
            "mail: {workload: mail,",
            "mail: {workload: mail, component: gateway,",
            "platform.yaml:40:37: error: addons.mail.component: gateway is that of the exposure [PLT001]\n",
            "choose another",
        ),
        (
            "mail: {workload: mail,",
            "mail: {workload: search-claim,",
            (
                "platform.yaml:40:20: error: addons.mail.component: search-claim is that of the claim of add-on search"
                " [PLT001]\n"
            ),
            "choose another",
        ),
        (
            "calls: [wiki], reaches",
            "calls: [wikki], reaches",
            "platform.yaml:40:58: error: addons.mail.calls: base/edge has no Service wikki [NET002]\n",
            "did you mean 'wiki'?",
        ),
    ],
)
def test_an_add_on_is_told_apart_from_what_else_base_holds(
    wiki: Repository, old: str, new: str, said: str, way: str
) -> None:
    """Folders of other parts, and Services that nothing has, are named at their key."""
    wiki.edit("platform.yaml", old, new)

    assert wiki.run("verify").stdout.startswith(f"{said}  hint: {way}\n")


@pytest.mark.parametrize(
    ("old", "new", "folder", "key"),
    [
        ("mail: {", "mail: {component: post, ", "base/edge/components/post", "addons.mail.component"),
        ("mail: {", "mail: {hostPrefix: post, ", "base/edge/components/mail-gateway", "addons.mail.hostPrefix"),
        (
            "mail: {",
            "mail: {storage: 1Gi, claim: post, ",
            "base/guard/components/mail-claim",
            "addons.mail.claim",
        ),
        ("exposure: gateway", "exposure: ingress", "base/edge/components/ingress", "exposure"),
        ("exposure: gateway", "exposure: ingress", "base/edge/components/search-ingress", "addons.search.hostPrefix"),
    ],
)
def test_a_component_that_nobody_wrote_says_what_asks_for_it(
    wiki: Repository, old: str, new: str, folder: str, key: str
) -> None:
    """Where nothing is frozen, no other release has it."""
    wiki.edit("platform.yaml", old, new)

    assert (
        f"{folder}: error: there is no such component, and archive needs it [PLT003]\n"
        f"  hint: write it, or change {key} in platform.yaml\n"
    ) in wiki.run("generate").stderr


@pytest.mark.parametrize(("length", "exit_code"), [(21, 0), (22, 1)])
def test_the_host_of_an_add_on_is_one_that_dns_takes(wiki: Repository, length: int, exit_code: int) -> None:
    """Whatever company has it: a name of forty letters behind it leaves the label at 63."""
    wiki.edit("platform.yaml", "hostPrefix: find", f"hostPrefix: {'f' * length}")
    ran = wiki.tenant("a" * 40, addons=["search"]).run("validate")

    assert ran.exit == exit_code
    assert ("addons.search.hostPrefix" in ran.stdout) is bool(exit_code), ran.said


@pytest.mark.slow
def test_an_add_on_reads_its_own_facts_alone(wiki: Repository) -> None:
    """Nobody has the one without the other yet, and the first who takes it could not be built."""
    mail = "base/edge/components/mail/kustomization.yaml"
    wiki.edit("platform.yaml", "claim: search-index}", "claim: search-index, facts: {sender: find@example.com}}")
    wiki.edit(mail, "spec.addons.mail.facts.sender", "spec.addons.search.facts.sender").generate()

    refused = wiki.run("verify")
    wiki.edit(mail, "spec.addons.search.facts.sender", "spec.addons.mail.facts.sender")

    assert refused.exit == 1
    assert (
        " error: a company can have this without search, and it reads the fact 'spec.addons.search.facts.sender'"
        " [KUS017]\n  hint: move the entry into the component of search; or declare the fact below addons.mail, and"
        " read it there\n"
    ) in refused.stdout
    assert wiki.run("verify").exit == 0


@pytest.mark.parametrize(
    ("declared", "where"),
    [
        (", reaches: [198.51.100.0/24]", "base/guard/components/mail/kustomization.yaml:8:56"),
        (", facts: {sender: wiki@example.com}", "base/edge/components/mail/kustomization.yaml:26:56"),
    ],
)
def test_a_fact_that_is_declared_no_more_is_missed(wiki: Repository, declared: str, where: str) -> None:
    """Before anything is written, and where it is read, with what declares it."""
    wiki.edit("platform.yaml", declared, "")
    way = "  hint: declare it below addons.mail of platform.yaml, or take out what reads it\n"

    generated, verified = wiki.run("generate"), wiki.run("verify")

    assert generated.exit == 1
    assert f"and none is written [PLT003]\n{way}" in generated.stderr
    assert re.search(rf"^{where}: error: there is no fact '.+' \[KUS017\]\n{way}", verified.stdout, re.MULTILINE)


def test_an_add_on_that_is_sold_no_more_may_leave_its_components(wiki: Repository) -> None:
    """Releases that are frozen have them; what it was called is no mistake for another add-on."""
    wiki.run("set", "--all", "addons=", "kept=")
    wiki.edit(
        "platform.yaml",
        '  search: {workload: search, cpu: "1", memory: 2Gi, hostPrefix: find, calls: [wiki], storage: 20Gi, claim:'
        " search-index}\n",
        "",
    )

    verified = wiki.generate().run("verify")

    assert (verified.exit, verified.stdout) == (0, "")


def test_an_add_on_brings_its_facts_and_its_volume(wiki: Repository) -> None:
    """What platform.yaml says of an add-on stands in the render of a company that has it."""
    objects = {(obj["kind"], obj["metadata"]["name"]): obj for obj in wiki.render("archive")}
    container = objects["Deployment", "mail"]["spec"]["template"]["spec"]["containers"][0]

    assert objects["PersistentVolumeClaim", "search-index"]["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert objects["ResourceQuota", "plan"]["spec"]["hard"]["requests.storage"] == "520Gi"
    assert objects["HTTPRoute", "search"]["spec"]["hostnames"] == ["find--archive.wiki.example.com"]
    assert {"name": "SENDER", "value": "wiki@example.com"} in container["env"]
    to = objects["NetworkPolicy", "mail-to-relay"]["spec"]["egress"][0]["to"]
    assert to == [{"ipBlock": {"cidr": "198.51.100.0/24"}}]


@pytest.mark.slow
def test_add_ons_are_added_and_taken_out_by_name(wiki: Repository) -> None:
    """By the verbs that a salesperson uses, and each result passes as a pull request."""
    wiki.git("switch", "--quiet", "--create", "change")
    assert wiki.run("add", "theatre", "--plan", "silver", "--addon", "mail").exit == 0
    assert wiki.run("set", "library", "addons+=search,mail").exit == 0
    assert wiki.run("set", "library", "addons-=mail").exit == 0
    committed(wiki.generate())

    checked = wiki.run("check", "--base", "main")
    told = wiki.run("diff", "main", "HEAD")

    assert checked.exit == 0, checked.said
    assert wiki.read("tenants/theatre.yaml").endswith("plan: silver\naddons: [mail]\n")
    assert wiki.read("tenants/library.yaml") == "name: library\nplan: bronze\naddons: [search]\n"
    assert "created: " in told.stdout
    assert "StatefulSet/search" in told.stdout


@pytest.mark.parametrize(
    ("addon", "hint"),
    [("serch", "did you mean 'search'?"), ("chess", "there is: search, mail; or sell it in platform.yaml")],
)
def test_a_new_company_gets_add_ons_that_are_sold(wiki: Repository, addon: str, hint: str) -> None:
    """There is no file yet that another command could change."""
    ran = wiki.run("add", "theatre", "--plan", "silver", "--addon", addon)

    assert (ran.exit, ran.stderr) == (1, f"error: this platform has no add-on {addon!r}\n  hint: {hint}\n")


def test_explain_calls_services_by_their_names(wiki: Repository) -> None:
    """The plan is filled with pods of the wiki; each add-on has its allotment."""
    said = wiki.run("explain", "archive").stdout

    assert "wiki.maxReplicas = 32: floor(8000m / 250m), CPU limits bind\n" in said
    assert "search.uses = 1 CPU and 2Gi: 4 pods in the steady state, 100% of the allotment of search;" in said
    assert " + search 1 + mail 500m + mail headroom " in said


@pytest.mark.slow
def test_another_product_is_published(wiki: Repository, tmp_path: Path) -> None:
    """With generated files on a branch of their own."""
    wiki.edit("platform.yaml", "publishing: committed", "publishing: branch")
    shutil.rmtree(wiki.root / "overlays")
    shutil.rmtree(wiki.root / "argocd/shards")
    committed(wiki)
    wiki.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    wiki.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    wiki.git("push", "--quiet", "origin", "main")

    looked = wiki.run("publish", "--dry-run")
    ran = wiki.run("publish")

    assert (looked.exit, ran.exit) == (0, 0), looked.said + ran.said
    listed = wiki.git("--git-dir", str(tmp_path / "remote.git"), "ls-tree", "-r", "--name-only", "deploy")
    assert "overlays/museum/facts.yaml" in listed.splitlines()


@pytest.mark.slow
def test_any_add_ons_of_another_product_go_together(wiki: Repository) -> None:
    """Each plan with each choice of add-ons, at once: every quota holds what may run in it."""
    choices = chain.from_iterable(combinations(["search", "mail"], size) for size in range(3))
    for number, addons in enumerate(choices):
        for plan in ("bronze", "silver", "gold"):
            wiki.tenant(f"all-{plan}-{number}", plan=plan, addons=list(addons))

    ran = wiki.generate().run("verify")

    assert (ran.exit, ran.stdout) == (0, "")
    assert "quota 15/15" in ran.stderr


def test_nothing_that_is_said_of_another_product_has_our_example_s_words(wiki: Repository) -> None:
    """Neither a generated file nor a message."""
    said = [wiki.run(*verb).said for verb in (["verify"], ["list"], ["explain", "archive"], ["schema", "tenant"])]
    wiki.tenant("broken", plan="iron", addons=["chess"], search=True)
    said.append(wiki.run("validate").said)

    assert not [line for text in said for line in text.splitlines() if OURS.search(line)]
    generated = {path: raw.decode() for path, raw in wiki.files().items() if path.startswith(("overlays/", "argocd/s"))}
    assert not [path for path, text in generated.items() if OURS.search(text)]


def test_a_key_with_an_add_on_s_name_says_where_add_ons_stand(wiki: Repository) -> None:
    """A file of the time when add-ons were keys of their own is read with the way to write it now."""
    wiki.write("tenants/library.yaml", "name: library\nplan: bronze\nsearch: true\n")

    assert wiki.run("validate").stdout == (
        "tenants/library.yaml:3:1: error: `search` is not used here: add-ons stand in a list [TEN006]\n"
        "  hint: write addons: [search]\n"
    )


@pytest.mark.slow
def test_the_guide_to_another_add_on_is_right(tmp_path: Path) -> None:
    """What it says, done: files of base/, a line of platform.yaml, and no Python."""
    repository = Repository.like_this_one(tmp_path / "repository")
    scanner.sell(repository.root)

    assert repository.run("set", "company-001", "addons+=scanner").exit == 0
    ran = repository.generate().run("verify")

    assert ran.exit == 0, ran.said
    assert "0 errors, 2 warnings" in ran.stderr
    assert "scanner" in {obj["metadata"]["name"] for obj in repository.render("company-001")}


@pytest.mark.slow
@pytest.mark.parametrize("exposure", ["gateway", "ingress"])
def test_the_guide_to_a_volume_and_a_host_is_right(tmp_path: Path, exposure: str) -> None:
    """Also for a company that has every add-on, and however companies are reached."""
    repository = Repository.like_this_one(tmp_path / "repository")
    scanner.sell(repository.root)
    scanner.give_a_volume(repository.root)
    scanner.give_a_host(repository.root)
    repository.edit("platform.yaml", "exposure: gateway", f"exposure: {exposure}")

    assert repository.run("set", "company-002", "addons+=scanner").exit == 0
    ran = repository.generate().run("verify")

    objects = {(obj["kind"], obj["metadata"]["name"]): obj for obj in repository.render("company-002")}
    assert ran.exit == 0, ran.said
    assert "0 errors, 2 warnings" in ran.stderr
    assert objects["PersistentVolumeClaim", "scanner-cache"]["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert {"HTTPRoute", "Ingress"} & {kind for kind, name in objects if name == "scanner"}


STARTED: Final = """\
patches:
- target: {kind: Deployment, name: wiki}
  patch: |-
    - {op: add, path: /spec/template/spec/containers/0/args/-, value: --open}
images:
"""


@pytest.mark.nightly
def test_the_first_of_two_add_ons_starts_another_service_in_another_way(wiki: Repository) -> None:
    """A later add-on leaves that service as it was, and hides nothing."""
    wiki.edit("platform.yaml", "service: {workload: wiki}", "service: {workload: wiki, requires: {args: [serve]}}")
    committed(wiki.generate())
    wiki.git("switch", "--quiet", "--create", "change")
    wiki.edit("base/edge/components/search/kustomization.yaml", "images:\n", STARTED)
    committed(wiki.generate())

    ran = wiki.run("check", "--base", "main")

    assert "error: how wiki is started changes, in args: + --open [CHG029]" in ran.stdout
