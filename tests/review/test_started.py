"""A service whose declaration requires something is started as before, or somebody approves how it is started."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.generate.started import difference, parts_of
from generator.kube.generated_names import without_hash
from generator.review import approvals, pull_request
from tests.harness import Repository
from tests.rules.harness import COMPANY, good_repository

FILE_SERVER = "base/edge/core/fileserver.yaml"
CHATBOT = "base/edge/components/ai-chatbot/ai-chatbot.yaml"
UPLOAD = "        - --allow-upload\n"
ASK = "  hint: take it back, or have it approved: tenantry check --base main --approve REASON\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company on main that has no chatbot, and a branch for the change."""
    made = Repository(tmp_path_factory.mktemp("template") / "repository")
    made.tenant("company-001").generate().git("init", "--quiet", "--initial-branch=main")
    made.git("config", "user.name", "Platform team")
    made.git("config", "user.email", "platform@example.com")
    commit(made)
    made.git("switch", "--quiet", "--create", "change")
    return made.root


@pytest.fixture
def made(template: Path, tmp_path: Path) -> Repository:
    """A copy of it for one test."""
    shutil.copytree(template, tmp_path / "repository", symlinks=True)
    return Repository(tmp_path / "repository")


def commit(made: Repository) -> None:
    """Commit what stands in the work tree."""
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "change")


def found(made: Repository, rule: str = "CHG029") -> list[str]:
    """Generate, commit and check a change; return what a rule says, with its hint."""
    made.generate()
    commit(made)
    said = made.run("check", "--base", "main").stdout.splitlines(keepends=True)
    return ["".join(said[number : number + 2]) for number, line in enumerate(said) if f"[{rule}]" in line]


def merged(made: Repository) -> None:
    """Bring the change to main, as if somebody had let it pass."""
    made.git("switch", "--quiet", "main")
    made.git("merge", "--quiet", "--ff-only", "change")
    made.git("switch", "--quiet", "change")


def started(workload: str, change: Callable[[list[dict[str, Any]]], object]) -> list[tuple[str, str]]:
    """Return what differs in how a workload is started when its render is changed."""
    rendered = next(item for item in good_repository().rendered if item.tenant.name == COMPANY)
    objects = copy.deepcopy([dict(obj) for obj in rendered.objects])
    required = rendered.platform.requires[workload]
    before = parts_of(_one(objects, "Deployment", workload), objects, required)
    change(objects)
    return list(difference(before, parts_of(_one(objects, "Deployment", workload), objects, required)))


def _one(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    return next(obj for obj in objects if obj["kind"] == kind and without_hash(obj["metadata"]["name"]) == name)


def pod(objects: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the pod spec of a Deployment."""
    spec: dict[str, Any] = _one(objects, "Deployment", name)["spec"]["template"]["spec"]
    return spec


def own(objects: list[dict[str, Any]], name: str = "fileserver") -> dict[str, Any]:
    """Return the container of a Deployment."""
    container: dict[str, Any] = pod(objects, name)["containers"][0]
    return container


def _agent(objects: list[dict[str, Any]], text: str) -> None:
    config = _one(objects, "ConfigMap", "ai-chatbot")
    config["data"]["agent.yaml"] = config["data"]["agent.yaml"].replace("type: api", text, 1)


def _mount_files(objects: list[dict[str, Any]]) -> None:
    pod(objects, "ai-chatbot")["volumes"].append({"name": "files", "persistentVolumeClaim": {"claimName": "files"}})
    own(objects, "ai-chatbot")["volumeMounts"].append({"name": "files", "mountPath": "/files"})


def keys(objects: list[dict[str, Any]], name: str = "fileserver-users") -> dict[str, Any]:
    """Return the spec of an ExternalSecret."""
    spec: dict[str, Any] = _one(objects, "ExternalSecret", name)["spec"]
    return spec


ROUTED = {
    "backendRefs": [{"group": "", "kind": "Service", "name": "fileserver", "port": 80, "weight": 1}],
    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
}
WHENCE = "data[CHAT_TOKEN].remoteRef.property"
TIMED = {"timeouts": {"request": "0s"}}
ALL = {"name": "DUFS_ALLOW_ALL", "value": "true"}
SHELL = {"exec": {"command": ["sh", "-c", "exit"]}}


@pytest.mark.parametrize(
    ("workload", "change", "said"),
    [
        ("fileserver", lambda objects: own(objects)["args"].append("-A"), ("args", "+ -A")),
        ("fileserver", lambda objects: own(objects)["args"].reverse(), ("args", "the same in another order")),
        ("fileserver", lambda objects: own(objects).update(command=["sh"]), ("command", "+ sh")),
        ("fileserver", lambda objects: own(objects).update(workingDir="/"), ("workingDir", "+ /")),
        ("fileserver", lambda objects: own(objects).update(env=[ALL]), ("env", f"+ {json.dumps(ALL)}")),
        ("fileserver", lambda objects: own(objects)["lifecycle"].update(preStop=SHELL), ("hooks", "+ sh -c exit")),
        ("fileserver", lambda objects: own(objects).update(livenessProbe=SHELL), ("hooks", "+ sh -c exit")),
        (
            "ai-chatbot",
            _mount_files,
            ("mounts", '+ /files: {"persistentVolumeClaim": {"claimName": "files"}}'),
        ),
        (
            "fileserver",
            lambda objects: own(objects)["securityContext"].update(runAsUser=20001),
            ("user", "- runAsUser: 10001, + runAsUser: 20001"),
        ),
        (
            "ai-chatbot",
            lambda objects: _agent(objects, "type: shell"),
            ("ConfigMap/ai-chatbot", "+ - type: shell"),
        ),
        (
            "fileserver",
            lambda objects: keys(objects).update(refreshInterval="8760h0m0s"),
            ("Secret/fileserver-users", "- refreshInterval: 1h0m0s, + refreshInterval: 8760h0m0s"),
        ),
        (
            "fileserver",
            lambda objects: keys(objects)["target"].update(immutable=True),
            ("Secret/fileserver-users", "+ target.immutable: True"),
        ),
        (
            "fileserver",
            lambda objects: keys(objects)["target"].update(template={"data": {"users.yaml": "auth: []"}}),
            ("Secret/fileserver-users", "+ target.template.data.users.yaml: auth: []"),
        ),
        (
            "ai-chatbot",
            lambda objects: keys(objects, "ai-chatbot")["data"][1]["remoteRef"].update(property="model-api-key"),
            (
                "Secret/ai-chatbot",
                f"- {WHENCE}: chat-token, + {WHENCE}: model-api-key",
            ),
        ),
        (
            "fileserver",
            lambda objects: _one(objects, "HTTPRoute", "fileserver")["spec"]["rules"][0].pop("timeouts"),
            ("HTTPRoute/fileserver", f"- {json.dumps(ROUTED | TIMED)}, + {json.dumps(ROUTED)}"),
        ),
    ],
)
def test_what_starts_a_service_is_compared(
    workload: str, change: Callable[[list[dict[str, Any]]], object], said: tuple[str, str]
) -> None:
    """Words, variables, hooks, mounts, the user, and the content of a ConfigMap that is required."""
    assert started(workload, change) == [said]


@pytest.mark.parametrize(
    ("workload", "change"),
    [
        ("fileserver", lambda objects: own(objects).update(image="docker.io/sigoden/dufs:v0.48.0")),
        ("fileserver", lambda objects: own(objects)["livenessProbe"].update(periodSeconds=30)),
        ("ai-chatbot", lambda objects: pod(objects, "ai-chatbot")["volumes"][1]["emptyDir"].update(sizeLimit="1Gi")),
        ("fileserver", lambda objects: pod(objects, "fileserver")["containers"].append({"name": "exporter"})),
        (
            "fileserver",
            lambda objects: _one(objects, "HTTPRoute", "fileserver")["spec"].update(hostnames=["x.example"]),
        ),
        ("fileserver", lambda objects: keys(objects, "ai-chatbot").update(refreshInterval="2h0m0s")),
        ("fileserver", lambda objects: own(objects)["securityContext"].update(runAsUser=10001)),
    ],
)
def test_what_starts_it_no_other_way_is_not(workload: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """An image, a probe, an empty folder's size, a container beside it, a host, a Secret that it has not, its user."""
    assert started(workload, change) == []


@pytest.mark.slow
def test_another_way_to_start_a_service_needs_an_approval(made: Repository) -> None:
    """Also of an add-on that nobody has yet; once it is approved, it is a warning."""
    made.edit(FILE_SERVER, UPLOAD, f"{UPLOAD}        - --allow-all\n")
    made.edit(CHATBOT, "        - --otel\n", "")
    assert found(made) == [
        f"{CHATBOT}:53:1: error: how ai-chatbot is started changes, in args: - --otel [CHG029]\n{ASK}",
        f"{FILE_SERVER}:41:1: error: how fileserver is started changes, in args: + --allow-all [CHG029]\n{ASK}",
    ]

    digest = pull_request.of_head(made.root, "main").digest
    made.git("switch", "--quiet", "main")
    made.write(approvals.file_of(digest), approvals.text_of(digest, "tried", "Platform team <platform@example.com>"))
    commit(made)
    made.git("switch", "--quiet", "change")
    made.git("merge", "--quiet", "--no-edit", "main")
    done = made.run("check", "--base", "main")
    assert done.exit == 0
    assert "warning: how fileserver is started changes, in args: + --allow-all; approved by Platform" in done.stdout


PATCH = """patches:
- target: {kind: Deployment, name: fileserver}
  patch: |-
    - {op: %s}
"""


@pytest.mark.slow
def test_whatever_component_starts_a_service_otherwise_needs_an_approval(made: Repository) -> None:
    """The one that carries facts; and an add-on that takes back what companies without it then have."""
    facts, addon = (f"base/edge/components/{name}/kustomization.yaml" for name in ("facts", "ai-chatbot"))
    was = made.read(facts)
    made.write(facts, was + PATCH % "add, path: /spec/template/spec/containers/0/args/-, value: --allow-all")
    said = f"{FILE_SERVER}:41:1: error: how fileserver is started changes, in args: + --allow-all [CHG029]\n{ASK}"
    assert found(made) == [said]

    made.write(facts, was)
    made.edit(FILE_SERVER, UPLOAD, f"{UPLOAD}        - --allow-all\n")
    made.write(addon, made.read(addon) + PATCH % "remove, path: /spec/template/spec/containers/0/args/4")
    assert found(made) == [said]


@pytest.mark.nightly
def test_a_release_is_looked_at_when_it_comes_and_never_again(made: Repository) -> None:
    """Whether a ring names it or not: so a promotion and the way back need no approval."""
    assert made.run("release").exit == 0
    made.edit("platform.yaml", "release: edge", 'release: "1"')
    assert found(made) == []
    merged(made)
    made.edit(FILE_SERVER, UPLOAD, f"{UPLOAD}        - --allow-all\n")
    assert len(found(made)) == 1, "edge, which no ring names"
    merged(made)
    assert made.run("release").exit == 0
    assert found(made) == []
    merged(made)
    made.edit("platform.yaml", 'release: "1"', 'release: "2"')
    assert found(made) == []
    merged(made)
    made.edit("platform.yaml", 'release: "2"', 'release: "1"')
    assert found(made) == [], "back"


@pytest.mark.slow
def test_a_release_that_never_was_edge_is_looked_at(made: Repository) -> None:
    """Whoever writes a frozen folder by hand has written how a service is started."""
    made.edit(FILE_SERVER, UPLOAD, f"{UPLOAD}        - --allow-all\n")
    assert made.run("release").exit == 0
    made.edit(FILE_SERVER, f"{UPLOAD}        - --allow-all\n", UPLOAD)
    (message,) = found(made)
    assert message.startswith("base/releases/1/core/fileserver.yaml:")


CEILINGS = "base/guard/core/ceilings.yaml"
KEYS = """\
- target: {kind: ExternalSecret, name: fileserver-users}
  patch: |-
    - {op: replace, path: /spec/data/0/remoteRef/property, value: admins}
"""


@pytest.mark.slow
def test_what_quotas_allow_whatever_the_plan_is_raised_by_an_approval(made: Repository) -> None:
    """And lowered without one; who raises it is told of how much."""
    made.edit(CEILINGS, 'persistentvolumeclaims: "1"', 'persistentvolumeclaims: "50"')
    made.edit(CEILINGS, 'limits.ephemeral-storage: "8Gi"', 'limits.ephemeral-storage: "800Ti"')
    made.edit(CEILINGS, 'count/configmaps: "10"', 'count/configmaps: "8"')
    assert found(made, "CHG030") == [
        f"{CEILINGS}:2:1: error: every company may have {now} of {resource}, and {was} before (ResourceQuota plan)"
        f" [CHG030]\n{ASK}"
        for resource, was, now in (("persistentvolumeclaims", "1", "50"), ("limits.ephemeral-storage", "8Gi", "800Ti"))
    ]


@pytest.mark.slow
def test_an_add_on_that_changes_how_another_service_is_started_is_seen(made: Repository) -> None:
    """Also when nobody has it."""
    made.edit(
        "base/edge/components/ai-chatbot/kustomization.yaml",
        "configMapGenerator:\n",
        f"patches:\n{KEYS}configMapGenerator:\n",
    )
    (message,) = found(made)
    assert "how fileserver is started changes, in Secret/fileserver-users: " in message
    assert "- data[users.yaml].remoteRef.property: users, + data[users.yaml].remoteRef.property: admins" in message
