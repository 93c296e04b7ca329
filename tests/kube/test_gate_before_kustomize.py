"""The gate before kustomize: what a kustomization may hold and name, and that nothing is asked of the network."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from generator.kube import kustomize
from tests.harness import Repository

CORE = "base/edge/core/kustomization.yaml"
CHATBOT = "base/edge/components/ai-chatbot/kustomization.yaml"
OVERLAY = "overlays/company-001/kustomization.yaml"
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: extra\nautomountServiceAccountToken: false\n"
COPY = "copy what it leads to into the repository; names of folders have letters, digits, - and _ alone"
ADDRESS = "and kustomize may take it for an address"
NO_PATH = f"is no plain path to a .yaml file or a folder with a kustomization.yaml, {ADDRESS}"


@pytest.fixture
def company(repository: Repository) -> Repository:
    """A repository with one company, as it was generated."""
    return repository.tenant().generate()


@pytest.fixture
def not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test when kustomize is started."""
    never_start(monkeypatch)


def never_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test when kustomize is started from now on."""

    def run(command: list[str]) -> tuple[str, str]:
        raise AssertionError(command)

    monkeypatch.setattr(kustomize, "_run", run)


def refused(repository: Repository, verb: str = "generate", *more: str) -> str:
    """Run a verb, insist that it refuses, and return what it found."""
    done = repository.run(verb, *more)
    assert done.exit == 1, done.said
    return (done.stdout or done.stderr).partition("\n1 error")[0].strip()


# --- fields


@pytest.mark.parametrize("verb", ["generate", "verify", "check", "render"])
def test_a_field_that_is_not_understood_is_refused_by_every_verb(
    company: Repository, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its place and what to write instead, before kustomize is started."""
    never_start(monkeypatch)
    company.write(CORE, f"{company.read(CORE)}crds: [crd.yaml]\n")

    line = company.read(CORE).count("\n")
    assert refused(company, verb, *(["company-001"] if verb == "render" else [])).startswith(
        f"{CORE}:{line}:1: error: `crds` is not used here: it changes what the other fields do, and no rule follows"
        " that [KUS002]\n  hint: remove it; a replacement names the fields that it writes"
    )


@pytest.mark.usefixtures("not_started")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("helmCharts: []", "`helmCharts` is not used here: it runs other programs, or rules that are not kustomize's"),
        (
            "generators:\n- |\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}",
            "`generators` is not used here: it runs other programs, or rules that are not kustomize's",
        ),
        ("vars: []", "`vars` is not used here: it is deprecated"),
        ("openapi: {path: schema.json}", "`openapi` is not used here: it changes what the other fields do"),
        ("secretGenerator: []", "`secretGenerator` is not used here: it writes a Secret out of what stands in git"),
        ("Patches: []", "unknown key `Patches`"),
        ("patches: [{Path: a.yaml}]", "unknown key `patches[0].Path`"),
        ("patches: [{options: {allowKindChange: true}}]", "`patches[0].options` is not used here: it lets a patch"),
        ("replacements: [{path: a.yaml}]", "`replacements[0].path` is not used here: a replacement in a file of"),
        ("configMapGenerator: [{name: a, env: a.env}]", "`configMapGenerator[0].env` is not used here: it is depr"),
        ("components: gateway", "components: expected a list, got the string 'gateway'"),
        ("components: [{a: b}]", "components[0]: expected a string, got a mapping"),
        ("metadata: {name: core}", "`metadata` is not used here: kustomize does nothing with it"),
    ],
)
def test_a_field_is_refused_by_its_name(repository: Repository, text: str, says: str) -> None:
    """Whatever kustomize knows besides, in its own letters or in others, at any depth."""
    repository.tenant().write(CORE, f"{repository.read(CORE)}{text}\n")

    said = refused(repository)

    assert f": error: {says}" in said
    assert "[KUS002]" in said


# --- references


@dataclass(slots=True)
class Server:
    """A server of this machine.

    Attributes:
        address: Host and port.
        asked: The paths that it was asked for.
    """

    address: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that gives the same ConfigMap for every path, and counts how often it is asked."""
    heard = Server("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: remote}\n")

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        heard.address = f"127.0.0.1:{listening.server_address[1]}"
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield heard
        listening.shutdown()


REMOTE = (
    "resources: [http://{}/base.yaml]",
    "resources: ['http://{}/owner/repository//base?ref=main']",
    "resources: ['git::http://{}/owner/repository.git']",
    "components: [http://{}/owner/_git/repository/component]",
    "patches: [{{path: 'http://{}/patch.yaml'}}]",
    "replacements: [{{path: 'http://{}/replacements.yaml'}}]",
    "configMapGenerator: [{{name: a, files: ['a.txt=http://{}/a.txt']}}]",
    "configMapGenerator: [{{name: a, envs: ['http://{}/a.env']}}]",
    "configMapGenerator: [{{name: a, env: 'http://{}/a.env'}}]",
    "configMapGenerator: [{{name: a, ENVS: ['http://{}/a.env']}}]",
    "crds: [http://{}/crd.yaml]",
    "openapi: {{path: 'http://{}/schema.json'}}",
    "configurations: [http://{}/names.yaml]",
    "transformers: [http://{}/transformer.yaml]",
    "bases: [http://{}/base.yaml]",
)


@pytest.mark.parametrize("text", REMOTE, ids=range(len(REMOTE)))
def test_nothing_is_fetched(repository: Repository, server: Server, text: str) -> None:
    """Whatever an address is written in, nobody asks for it: not for the pods' sizes either, which generate needs."""
    decoy = f"base/edge/core/http:/{server.address}/base.yaml"  # kustomize asks the network all the same
    repository.tenant().write(decoy, ACCOUNT)
    written = repository.read(CORE)
    key = text.partition(":")[0]
    repository.write(CORE, written.replace(f"{key}:", f"kept-{key}:") + text.format(server.address) + "\n")

    said = refused(repository)

    assert "[KUS002]" in said or "[KUS004]" in said
    assert server.asked == []


def test_the_server_would_hear_of_it(server: Server, tmp_path: Path) -> None:
    """The program itself does ask, also where a folder of that name exists."""
    (tmp_path / "http:" / server.address).mkdir(parents=True)
    (tmp_path / "http:" / server.address / "base.yaml").write_text(ACCOUNT)
    (tmp_path / "kustomization.yaml").write_text(f"resources: ['http://{server.address}/base.yaml']\n")

    subprocess.run([kustomize.kustomize(), "build", tmp_path], check=True, capture_output=True)

    assert server.asked == ["/base.yaml"]


@pytest.mark.usefixtures("not_started")
@pytest.mark.parametrize(
    ("reference", "fact", "hint"),
    [
        (
            "github.com/example/guards",
            f"'github.com/example/guards' {NO_PATH}",
            COPY,
        ),
        (
            "git@gitlab.example.com:team/guards",
            f"'git@gitlab.example.com:team/guards' {NO_PATH}",
            COPY,
        ),
        (
            "file:///srv/guards",
            f"'file:///srv/guards' {NO_PATH}",
            COPY,
        ),
        (
            "guards.git",
            "'guards.git' does not end in .yaml",
            "rename a file so that it ends in .yaml, a folder so that it has no dot",
        ),
        (
            "/etc/guards.yaml",
            "'/etc/guards.yaml' leads outside the repository",
            "copy what it leads to into the repository",
        ),
        (
            "../../../../guards.yaml",
            "'../../../../guards.yaml' leads outside the repository",
            "copy what it leads to into the repository",
        ),
        (
            "kind: ConfigMap\nmetadata: {name: a}\n",
            "'kind: ConfigMap\\nmetadata: {name: a}\\n' is text in the place of a path",
            "write it into a file, and name the file here",
        ),
        (
            "../components/gateway/kustomization.yaml",
            "'../components/gateway/kustomization.yaml' is a kustomization, which kustomize reads by its folder alone",
            "name the folder",
        ),
        ("nothing.yaml", "there is no 'nothing.yaml'", "write it, or remove the reference"),
        ("../../../tenants", "there is no '../../../tenants' in base/edge", "copy it into the release"),
        ("../core", "'../core' leads back to base/edge/core, of which this is a part", "remove it"),
        ("..", "'..' leads back to base/edge, of which this is a part", "remove it"),
    ],
)
def test_a_reference_is_a_plain_path_to_something(repository: Repository, reference: str, fact: str, hint: str) -> None:
    """Inside the release, and nothing that kustomize could take for anything else."""
    repository.tenant().write("base/edge/core/github.com/example/guards/kustomization.yaml", "resources: []\n")
    line = repository.read(CORE).splitlines().index("- fileserver.yaml") + 1
    repository.edit(CORE, "- fileserver.yaml\n", f"- fileserver.yaml\n- {json.dumps(reference)}\n")

    assert refused(repository) == f"{CORE}:{line + 1}:3: error: {fact} [KUS004]\n  hint: {hint}"


@pytest.mark.usefixtures("not_started")
@pytest.mark.parametrize(
    ("file", "text", "fact", "hint"),
    [
        (
            CORE,
            "patches: [{path: ../components}]",
            "'../components' does not end in .yaml",
            "rename a file so that it ends in .yaml, a folder so that it has no dot",
        ),
        (
            CHATBOT,
            "components: [network.yaml]",
            f"'network.yaml' is no plain path to a folder with a kustomization.yaml, {ADDRESS}",
            COPY,
        ),
        (
            CORE,
            "configMapGenerator: [{name: a, files: [../components]}]",
            "'../components' is a folder, and a file is needed",
            "name a file",
        ),
    ],
)
def test_a_reference_leads_to_what_is_needed(
    repository: Repository, file: str, text: str, fact: str, hint: str
) -> None:
    """A file where a file is needed, a folder where a folder is."""
    repository.tenant().write(file, f"{repository.read(file)}{text}\n")

    said = refused(repository)

    assert said.endswith(f": error: {fact} [KUS004]\n  hint: {hint}")


def test_a_folder_that_looks_like_a_host_passes_under_another_name(repository: Repository) -> None:
    """The exit of a decoy: the same files in a folder without a dot."""
    repository.tenant().write("base/edge/core/github.com/guards/kustomization.yaml", "resources: [extra.yaml]\n")
    repository.write("base/edge/core/github.com/guards/extra.yaml", ACCOUNT)
    repository.edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- github.com/guards\n")
    assert "may take it for an address [KUS004]" in refused(repository)

    (repository.root / "base/edge/core/github.com").rename(repository.root / "base/edge/core/github")
    repository.edit(CORE, "- github.com/guards\n", "- github/guards\n")

    assert repository.run("generate").exit == 0


def test_a_folder_is_built_once(repository: Repository) -> None:
    """Otherwise it would be built as often as it is named: 2 ** 20 times in twenty folders that each name two."""
    repository.tenant().write("base/edge/guards/kustomization.yaml", "resources: [extra.yaml]\n")
    repository.write("base/edge/guards/extra.yaml", ACCOUNT)
    repository.edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- ../guards\n- ../guards/\n")
    line = repository.read(CORE).splitlines().index("- ../guards") + 1
    assert refused(repository) == (
        f"{CORE}:{line + 1}:3: error: '../guards/' builds base/edge/guards a second time: {CORE}:{line}:3 names it as"
        " well [KUS004]\n  hint: name it once"
    )

    repository.edit(CORE, "- ../guards/\n", "")

    assert repository.run("generate").exit == 0


# --- files


def test_a_file_that_git_ignores_is_refused_until_git_holds_it(repository: Repository) -> None:
    """Here kustomize would find it, and in Argo CD's checkout it would not."""
    repository.tenant().write(".gitignore", "extra.yaml\n").write("base/edge/core/extra.yaml", ACCOUNT)
    repository.git("init", "--quiet")
    repository.edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- extra.yaml\n")
    assert refused(repository).endswith(
        ": error: there is no 'extra.yaml': git ignores base/edge/core/extra.yaml, by .gitignore:1 (extra.yaml)"
        " [KUS004]\n"
        "  hint: have git hold it: git add -f base/edge/core/extra.yaml; or take that line out"
    )

    repository.git("add", "-f", "base/edge/core/extra.yaml")

    assert repository.run("generate").exit == 0


def test_another_spelling_of_a_kustomization_is_to_be_renamed(repository: Repository) -> None:
    """Kustomize reads kustomization.yml, with the field in it that nobody saw; each exit leads to the next."""
    ours, other = ("base/edge/components/gateway/kustomization.yaml", "base/edge/components/gateway/kustomization.yml")
    repository.tenant().write(other, f"{repository.read(ours)}commonLabels:\n  team: files\n").remove(ours)
    said = refused(repository)
    assert f"{other}: error: kustomize reads this file, and tenantry reads kustomization.yaml alone [KUS018]\n" in said
    assert f"  hint: rename it: git mv {other} {ours}" in said

    repository.write(ours, repository.read(other)).remove(other)

    line = repository.read(ours).splitlines().index("commonLabels:") + 1
    assert refused(repository) == (
        f"{ours}:{line}:1: error: `commonLabels` is not used here: it writes into selectors, and into the peers of"
        " NetworkPolicies [KUS002]\n  hint: write the pairs under labels"
    )
    repository.edit(ours, "commonLabels:\n  team: files\n", "").edit(
        ours, "labels:\n", "labels:\n- pairs: {team: files}\n"
    )
    assert repository.run("generate").exit == 0


def test_an_alias_in_the_base_is_to_be_written_out(repository: Repository) -> None:
    """Nine lines of aliases can stand for gigabytes; written out, a value is as large as it looks."""
    bomb = "".join(f"  k{number}: &k{number} [{', '.join([f'*k{number - 1}'] * 9)}]\n" for number in range(1, 10))
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: bomb}}\ndata:\n  k0: &k0 [lol]\n{bomb}"
    repository.tenant().write("base/edge/core/bomb.yaml", text)
    repository.edit(CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- bomb.yaml\n")
    assert refused(repository) == (
        "base/edge/core/bomb.yaml:5:7: error: the anchor or alias 'k0' is not allowed here [TEN024]\n"
        "  hint: write the value out; quote a value that starts with & or *"
    )

    repository.write("base/edge/core/bomb.yaml", f"{text.partition('  k0:')[0]}  k0: lol\n")

    assert repository.run("generate").exit == 0


def test_a_key_that_stands_twice_in_the_base_is_named_at_its_place(repository: Repository) -> None:
    """Of what kustomize says of it, neither the file nor the column is a part."""
    manifest = "base/edge/core/fileserver.yaml"
    twice = "kind: ServiceAccount\nkind: ServiceAccount\n"
    repository.tenant().edit(manifest, "kind: ServiceAccount\n", twice)
    line = repository.read(manifest).split(twice)[0].count("\n") + 2

    assert refused(repository) == (
        f"{manifest}:{line}:1: error: the key `kind` stands here a second time [TEN007]\n  hint: keep one of the two"
    )

    repository.edit(manifest, twice, "kind: ServiceAccount\n")
    assert repository.run("generate").exit == 0


def test_an_inline_patch_is_bounded_as_a_file_is(repository: Repository) -> None:
    """It is YAML of its own, which kustomize reads with its aliases."""
    operation = "- {op: add, path: /metadata/labels/%s, value: %s}\n"
    patch = f"{operation % ('one', '&a b')}{operation % ('two', '*a')}"
    entry = f"patches:\n- target: {{kind: Deployment}}\n  patch: {json.dumps(patch)}\n"
    repository.tenant().write(CORE, f"{repository.read(CORE)}{entry}")
    assert refused(repository).endswith(
        ":10: error: in this patch, the anchor or alias 'a' is not allowed here [TEN024]\n"
        "  hint: write the value out; quote a value that starts with & or *"
    )

    repository.edit(CORE, "&a b", "b").edit(CORE, "*a", "b")

    assert repository.run("generate").exit == 0


@pytest.mark.slow
def test_a_kustomization_by_hand_in_an_overlay_is_judged_as_well(company: Repository) -> None:
    """An overlay that somebody edited is refused before it is built, and generate writes it again."""
    company.edit(OVERLAY, '"facts.yaml"]', '"facts.yaml", "../../base/edge/core/"]')
    assert refused(company, "verify") == (
        f"{OVERLAY}:5:76: error: '../../base/edge/core/' builds base/edge/core a second time: {OVERLAY}:5:38 names it"
        " as well [KUS004]\n  hint: name it once"
    )

    assert company.generate().run("verify").exit == 0


@pytest.mark.usefixtures("not_started")
def test_a_link_in_the_place_of_a_kustomization_is_refused(repository: Repository) -> None:
    """What it hides from us, kustomize and Argo CD would follow."""
    file = "base/edge/components/facts/kustomization.yaml"
    repository.tenant().remove(file).git("init", "--quiet")
    (repository.root / file).symlink_to("../../../../etc")

    assert refused(repository) == (
        f"{file}: error: this is a symbolic link, and Argo CD follows it or refuses the whole repository [GIT001]\n"
        f"  hint: put the file itself here, or remove the link: rm {file}"
    )


def test_a_component_that_companies_need_is_there(tmp_path: Path) -> None:
    """Its folder is named, and the command that brings it back."""
    repository = Repository.like_this_one(tmp_path / "repository")
    shutil.rmtree(repository.root / "base/edge/components/facts")
    assert refused(repository) == (
        "base/edge/components/facts: error: there is no such component, and company-001 needs it [PLT003]\n"
        "  hint: put it back: git checkout HEAD -- base/edge/components/facts"
    )

    repository.git("checkout", "HEAD", "--", "base/edge/components/facts")

    assert repository.run("generate").exit == 0


# --- two states


@pytest.mark.parametrize("file", [CORE, "argocd/platform/kustomization.yaml"])
def test_a_comparison_of_two_states_asks_nobody_either(tmp_path: Path, server: Server, file: str) -> None:
    """The state after a change is built as well, and what the provider runs beside the tenants with it."""
    repository = Repository.like_this_one(tmp_path / "repository")
    repository.edit(file, "resources:\n", f"resources:\n- http://{server.address}/base.yaml\n")
    repository.git("commit", "--all", "--quiet", "--message", "change")

    done = repository.run("diff", "HEAD~1", "HEAD")

    assert done.exit == 1, done.said
    assert "may take it for an address" in done.stderr
    assert server.asked == []


def test_a_check_of_a_commit_asks_nobody_either(tmp_path: Path, server: Server) -> None:
    """Neither of the state before nor of the state after."""
    repository = Repository.like_this_one(tmp_path / "repository")
    repository.edit(CORE, "resources:\n", f"resources:\n- http://{server.address}/base.yaml\n")
    repository.git("commit", "--all", "--quiet", "--message", "change")

    assert f"{CORE}:6:3: error: 'http://{server.address}/base.yaml' is no plain path" in refused(
        repository, "check", "--base", "HEAD~1"
    )
    assert server.asked == []


def test_an_overlay_that_git_ignores_is_not_built(company: Repository) -> None:
    """It stands on the disk, where kustomize would find it, and nothing of it was looked at."""
    company.write(".gitignore", "overlays/\n").git("init", "--quiet")

    done = company.run("render", "company-001")

    assert done.exit == 1
    assert done.stderr == (
        "overlays/company-001: error: there is no kustomization.yaml in this folder: git ignores"
        f" {OVERLAY}, by .gitignore:1 (overlays/) [KUS018]\n"
        f"  hint: have git hold it: git add -f {OVERLAY}; or take that line out\n"
        "1 error, 0 warnings; nothing was written\n"
    )
