"""Rings on frozen releases, behind a live guard or a frozen one."""

import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.harness import Repository

pytestmark = pytest.mark.slow

RINGS: Final = "- {name: general, release: edge}"
FILESERVER: Final = "core/fileserver.yaml"
CEILINGS: Final = "base/guard/core/ceilings.yaml"


@pytest.fixture
def frozen(tmp_path: Path) -> Repository:
    """Two releases that differ, a guard that was frozen, and companies on the older release behind the live guard."""
    repository = Repository(tmp_path / "repository").tenant().tenant("company-002", plan="silver", addons=["chatbot"])
    with_releases(repository)
    on(repository, "{name: pilot, release: edge}", '{name: general, release: "1"}')
    repository.git("init", "--quiet", "--initial-branch", "main")
    return committed(repository.generate())


def with_releases(repository: Repository) -> Repository:
    """Freeze two releases that differ, and a guard."""
    base = repository.root / "base"
    shutil.copytree(base / "edge", base / "releases/1")
    shutil.copytree(base / "edge", base / "releases/2")
    shutil.copytree(base / "guard", base / "guards/1")
    repository.edit(f"base/releases/1/{FILESERVER}", 'memory: "512Mi"', 'memory: "384Mi"')
    repository.edit(f"base/releases/1/{FILESERVER}", 'memory: "256Mi"', 'memory: "192Mi"')
    repository.edit(
        "base/releases/2/components/ai-chatbot/ai-chatbot.yaml", "minReadySeconds: 45", "minReadySeconds: 50"
    )
    return repository


def on(repository: Repository, *rings: str) -> Repository:
    """Let platform.yaml have these rings; companies are on the last."""
    text = repository.read("platform.yaml")
    start = text.index("rings:")
    end = text.index("\n\n", start)
    written = "rings:\n" + "\n".join(f"- {ring}" for ring in rings)
    return repository.write("platform.yaml", text[:start] + written + text[end:])


def committed(repository: Repository) -> Repository:
    """Commit all that there is."""
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "a change")
    return repository


def test_companies_run_the_release_of_their_ring_behind_the_live_guard(frozen: Repository) -> None:
    """The overlay names both, and Argo CD renders it again when either changes."""
    verified = frozen.run("verify")

    assert verified.exit == 0, verified.said
    assert '["../../base/guard/core", "../../base/releases/1/core", "facts.yaml"]' in frozen.read(
        "overlays/company-001/kustomization.yaml"
    )
    (entry,) = (path for path in frozen.files() if path.endswith("/tenants/company-001.yaml") and "shards" in path)
    assert frozen.read(entry).endswith(
        'generatePaths: "/base/guard/components/facts;/base/guard/components/gateway;/base/guard/core;'
        "/base/releases/1/components/facts;/base/releases/1/components/gateway;/base/releases/1/core;"
        '/overlays/company-001"\n'
    )
    (pod,) = (obj["spec"]["template"]["spec"] for obj in frozen.render("company-001") if obj["kind"] == "Deployment")
    assert pod["containers"][0]["resources"]["limits"]["memory"] == "384Mi"


def test_a_ring_names_a_frozen_guard_as_well(frozen: Repository) -> None:
    """What is edited in the live one then waits for the ring."""
    on(frozen, '{name: general, release: "2", guard: "1"}')
    frozen.edit("base/guard/core/network.yaml", "port: 4317", "port: 14317").generate()

    policies = {obj["metadata"]["name"]: obj for obj in frozen.render("company-001") if obj["kind"] == "NetworkPolicy"}

    assert policies["to-collector"]["spec"]["egress"][0]["ports"][0]["port"] == 4317
    assert '["../../base/guards/1/core", "../../base/releases/2/core", "facts.yaml"]' in frozen.read(
        "overlays/company-001/kustomization.yaml"
    )


@pytest.mark.parametrize(
    ("ring", "said"),
    [
        (
            '{name: general, release: "3"}',
            "release: there is no base/releases/3/core",
        ),
        (
            '{name: general, release: "1", guard: "2"}',
            "guard: there is no base/guards/2/core",
        ),
    ],
)
def test_a_ring_on_what_is_not_there_is_refused(frozen: Repository, ring: str, said: str) -> None:
    """At the key that names it."""
    key, fact = said.split(": ")

    ran = on(frozen, ring).run("generate")

    line = next(number for number, text in enumerate(frozen.read("platform.yaml").splitlines(), 1) if ring in text)
    column = f"- {ring}".index(f"{key}: ") + len(f"{key}: ") + 1
    assert ran.stderr.startswith(f"platform.yaml:{line}:{column}: error: ring general: {fact} [PLT003]\n")
    assert "  hint: fix the name in the rings of platform.yaml\n" in ran.stderr


def test_a_guard_that_refuses_pods_of_any_release_is_refused(frozen: Repository) -> None:
    """Also those of a release that no ring names; and those of the ring's own, by the rules of its companies."""
    frozen.edit(CEILINGS, '      memory: "2Gi"', '      memory: "400Mi"')

    ran = frozen.run("verify")

    fact = "the LimitRange refuses pods of base/releases/{}: container ai-chatbot may use 512Mi of memory, more than"
    assert ran.exit == 1
    assert fact.format(2) in ran.stdout
    assert fact.format(1) in ran.stdout
    assert "or, if no ring goes back to it: git rm -r base/releases/2\n" in ran.stdout
    assert "GRD003" in ran.stdout


def test_a_release_that_is_removed_is_no_longer_asked(frozen: Repository) -> None:
    """The way out that the finding names: with the ring on edge, and the releases gone, nobody is refused."""
    frozen.edit(CEILINGS, '      memory: "2Gi"', '      memory: "450Mi"')
    for file in (FILESERVER, "components/ai-chatbot/ai-chatbot.yaml"):
        frozen.edit(f"base/edge/{file}", 'memory: "512Mi"', 'memory: "448Mi"')
        frozen.edit(f"base/edge/{file}", 'memory: "256Mi"', 'memory: "224Mi"')
    frozen.edit(CEILINGS, '      memory: "512Mi"', '      memory: "448Mi"')
    frozen.edit(CEILINGS, '      memory: "256Mi"', '      memory: "224Mi"')
    on(frozen, "{name: general, release: edge}").generate()
    refused = frozen.run("verify")
    assert "base/releases/2" in refused.stdout, refused.said

    frozen.git("rm", "--quiet", "-r", "base/releases/1", "base/releases/2")

    assert frozen.run("verify").exit == 0


def test_a_fact_that_a_release_in_use_reads_cannot_go(frozen: Repository) -> None:
    """No matter that edge does not read it: companies are on an older release."""
    file = "base/releases/1/components/ai-chatbot/kustomization.yaml"
    reads = (
        "- source: {kind: TenantFacts, name: tenant, fieldPath: spec.addons.chatbot.facts.greeting}\n"
        "  targets:\n  - select: {kind: Service, name: ai-chatbot}\n    fieldPaths: [metadata.annotations.greeting]\n"
        "    options: {create: true}\n"
    )
    frozen.write(file, frozen.read(file) + reads)
    frozen.edit("platform.yaml", "0/24],", "0/24], facts: {greeting: hello},")
    frozen.write("platform.yaml", frozen.read("platform.yaml") + "metadata: {annotations: [greeting]}\n")
    assert frozen.generate().run("verify").exit == 0

    frozen.edit("platform.yaml", " facts: {greeting: hello},", "")
    ran = frozen.run("generate")

    assert ran.exit == 1
    assert (
        "error: ring general: base/releases/1 with base/guard reads the fact spec.addons.chatbot.facts.greeting, and"
        " none is written [PLT003]\n"
        "  hint: declare it below addons.chatbot of platform.yaml, or take out what reads it\n"
    ) in ran.stderr


def test_addresses_that_a_release_in_use_reads_cannot_go(frozen: Repository) -> None:
    """Nobody has the add-on any more, and the next who takes it could not be built."""
    frozen.edit("tenants/company-002.yaml", 'addons: ["chatbot"]\n', "")
    frozen.edit("platform.yaml", " reaches: [203.0.113.0/24],", "")

    generated, verified = frozen.run("generate"), frozen.run("verify")

    way = "  hint: declare it below addons.chatbot of platform.yaml, or take out what reads it\n"
    assert (generated.exit, verified.exit) == (1, 1)
    assert f"reads the fact spec.addons.chatbot.reaches, and none is written [PLT003]\n{way}" in generated.stderr
    assert f"error: there is no fact 'spec.addons.chatbot.reaches' [KUS017]\n{way}" in verified.stdout


def test_what_is_frozen_lacks_the_add_ons_that_came_later(frozen: Repository) -> None:
    """Nobody on it has them, and the guard is still held to what it runs; who wants one is told the way."""
    frozen.edit("tenants/company-002.yaml", 'addons: ["chatbot"]\n', "")
    for folder in ("ai-chatbot", "ai-chatbot-gateway", "ai-chatbot-ingress"):
        shutil.rmtree(frozen.root / f"base/releases/1/components/{folder}")
    frozen.generate().git("add", "--all")
    frozen.git("commit", "--quiet", "--amend", "--message", "before there was a chatbot")

    passed = frozen.run("verify")
    frozen.run("set", "company-002", "addons+=chatbot")
    lacking = frozen.run("generate")
    (command,) = set(re.findall(r"until then: tenantry (set .+)\n", lacking.stderr))
    back = frozen.run(*command.split())
    changed = frozen.run("set", "company-002", "plan=gold", "addons+=chatbot")
    frozen.edit(CEILINGS, '      memory: "2Gi"', '      memory: "300Mi"')
    refused = frozen.run("verify")

    assert passed.exit == 0, passed.said
    assert lacking.exit == 1
    assert "base/releases/1/components/ai-chatbot: error: there is no such component" in lacking.stderr
    assert back.exit == 0, back.said
    assert (changed.exit, changed.stderr) == (
        1,
        (
            "error: base/releases/1 was frozen before there was the add-on chatbot\n"
            "  hint: let the rings of platform.yaml name another release, or take it out\n"
        ),
    )
    assert "the LimitRange refuses pods of base/releases/1" in refused.stdout


def test_a_change_of_the_guard_restarts_nobody(frozen: Repository) -> None:
    """It reaches companies on every release, and no pod template of theirs is another."""
    frozen.edit("base/guard/core/network.yaml", "port: 4317", "port: 4316")
    frozen.edit("base/guard/components/ai-chatbot/network.yaml", "port: 443", "port: 8443")

    told = frozen.run("diff", "main")

    assert told.exit == 0, told.said
    assert "NetworkPolicy/to-collector" in told.stdout
    assert "NetworkPolicy/ai-chatbot-to-model" in told.stdout
    assert "Deployment" not in told.stdout
