"""The verb `debug`: which commands it prints, what it refuses, and what it makes of what kubectl answers."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from generator.debug.commands import QUESTIONS
from tests.harness import Repository

KUBECTL: Final = "kubectl --namespace company-056"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """One company with a chatbot."""
    folder = tmp_path_factory.mktemp("debug") / "repository"
    return Repository(folder).tenant("company-056", plan="silver", addons=["chatbot"])


PRINTED: Final = {
    "logs": (
        f"{KUBECTL} logs deployment/fileserver --all-pods --all-containers --prefix --since=1h\n"
        f"{KUBECTL} logs deployment/ai-chatbot --all-pods --all-containers --prefix --since=1h\n"
    ),
    "pods": f"{KUBECTL} get pods --output=wide\n",
    "describe": f"{KUBECTL} describe deployment/fileserver deployment/ai-chatbot\n{KUBECTL} describe pods\n",
    "events": f"{KUBECTL} get events --sort-by=.metadata.creationTimestamp\n",
    "quota": f"{KUBECTL} describe resourcequotas,limitranges\n",
    "hpa": f"{KUBECTL} describe horizontalpodautoscalers.autoscaling\n",
    "net": f"{KUBECTL} get services,networkpolicies --output=wide\n",
    "routes": f"{KUBECTL} describe httproutes.gateway.networking.k8s.io\n",
    "secrets": f"{KUBECTL} get externalsecrets.external-secrets.io,secretstores.external-secrets.io\n",
}


@pytest.mark.parametrize("question", PRINTED)
def test_each_question_is_one_command_or_two(here: Repository, question: str) -> None:
    """With --print they are printed and nothing runs."""
    done = here.run("debug", "company-056", question, "--print")

    assert (done.exit, done.stdout) == (0, PRINTED[question]), done.stderr


def test_every_question_is_shown_here() -> None:
    """But exec, which is apart."""
    assert PRINTED.keys() == QUESTIONS.keys() - {"exec"}


def test_a_service_and_a_context_may_be_named(here: Repository) -> None:
    """And how far back logs go."""
    options = ("--service", "ai-chatbot", "--since", "10m", "--context", "prod", "--print")
    done = here.run("debug", "company-056", "logs", *options)

    command = "kubectl --context prod --namespace company-056 logs deployment/ai-chatbot"
    assert done.stdout == f"{command} --all-pods --all-containers --prefix --since=10m\n"


def test_a_shell_needs_a_reason(here: Repository) -> None:
    """And the reason is told."""
    refused = here.run("debug", "company-056", "exec", "--print")
    done = here.run("debug", "company-056", "exec", "--print", "--break-glass", "ticket 7")

    assert refused.exit == 2
    assert "a shell sees what the pod sees, the customer's files too: say why, --break-glass REASON" in refused.stderr
    assert done.stdout == f"{KUBECTL} exec --stdin --tty deployment/fileserver -- sh\n"
    assert "break glass: ticket 7\n" in done.stderr


def test_a_debugging_container_passes_pod_security(here: Repository) -> None:
    """With the profile `restricted`, beside a pod that is named."""
    options = ("--break-glass", "ticket 7", "--image", "registry.example.com/tools@sha256:0", "--print")
    done = here.run("debug", "company-056", "exec", "--pod", "fileserver-x", *options)

    image = "--image=registry.example.com/tools@sha256:0"
    assert done.stdout == f"{KUBECTL} debug fileserver-x --profile=restricted {image} --stdin --tty -- sh\n"
    assert here.run("debug", "company-056", "exec", *options).exit == 2


@pytest.mark.parametrize("bad", [("logs", "--break-glass", "x"), ("logs", "--pod", "x"), ("pods", "--service", "x")])
def test_bad_use_is_a_usage_error(here: Repository, bad: tuple[str, ...]) -> None:
    """The exit code is 2."""
    assert here.run("debug", "company-056", *bad, "--print").exit == 2


def test_a_company_that_is_not_there_is_refused(here: Repository) -> None:
    """Before any cluster is asked."""
    assert here.run("debug", "company-057", "--print").exit == 2


def test_without_kubectl_it_says_so(here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The exit code is 4, and --print still prints."""
    _only(monkeypatch, tmp_path)

    done = here.run("debug", "company-056", "pods")

    assert done.exit == 4
    assert "error: there is no kubectl\n  hint: install it, or see what would run: --print\n" in done.stderr


def test_without_a_cluster_it_says_so(here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the words of kubectl."""
    _only(monkeypatch, tmp_path, "echo 'The connection to the server was refused' >&2; exit 1")

    done = here.run("debug", "company-056")

    assert done.exit == 4
    assert "error: nothing could be read: The connection to the server was refused\n" in done.stderr


def test_a_gateway_that_is_not_there_is_no_look_into_the_company(
    here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where all else was refused, nothing was read."""
    said = "Error from server (NotFound): gateways not found"
    _only(monkeypatch, tmp_path, f"case $* in *gateways*) echo '{said}';; *) echo forbidden;; esac >&2; exit 1")

    done = here.run("debug", "company-056")

    assert (done.exit, "error: nothing could be read: forbidden\n" in done.stderr) == (4, True), done.said


def test_a_company_that_is_well_ends_with_0(here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One screen, and the links of platform.yaml."""
    application = {"kind": "Application", "spec": {}, "status": {"sync": {"status": "Synced"}, "health": {}}}
    answer = f"case $* in *applications*) echo '{json.dumps(application)}';; *) echo '{{\"items\": []}}';; esac"
    _only(monkeypatch, tmp_path, answer)

    done = here.run("debug", "company-056")

    assert done.exit == 0, done.said
    assert done.stdout.startswith("company-056\n  Application: Synced, unknown, at no commit\n  pods: 0 of 0 ready")
    assert "nothing that is known by name is wrong\n" in done.stdout
    assert "grafana: https://grafana.example.com/d/tenant?var-namespace=company-056\n" in done.stdout


def test_a_cause_ends_with_1(here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Argo CD has no Application; what may not be read is told."""
    said = "Error from server (NotFound): applications not found"
    answer = f"case $* in *applications*) echo '{said}' >&2; exit 1;; *events*) echo forbidden >&2; exit 1;; esac"
    _only(monkeypatch, tmp_path, f"{answer}; echo '{{\"items\": []}}'")

    done = here.run("debug", "company-056")

    assert done.exit == 1
    assert "  not seen: events: forbidden\n" in done.stdout
    assert "no Application: Argo CD has no Application company-056\n  next: docs/guides/stuck.md" in done.stdout


def _only(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str = "") -> None:
    """Let kubectl be a script, or be missing, where it is looked for; what else runs is found as before."""
    if script:
        path = folder / "kubectl"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
    which = shutil.which
    found = str(folder / "kubectl") if script else None

    def looked_up(name: str, *rest: Any, **more: Any) -> str | None:
        return found if name == "kubectl" else which(name, *rest, **more)

    monkeypatch.setattr(shutil, "which", looked_up)
