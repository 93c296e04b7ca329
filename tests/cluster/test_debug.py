"""What `tenantry debug` and `tenantry status` say of companies with which something is wrong, and what heals it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.layout import entry, shard_of
from tests.cluster import guides, stand_ins
from tests.cluster.argocd import NAMESPACE
from tests.cluster.claims import Measure
from tests.cluster.cluster import Cluster
from tests.cluster.control_plane import LOOKED_INTO, ControlPlane
from tests.cluster.fleet import Fleet
from tests.cluster.git_server import environment
from tests.cluster.kube import Object
from tests.cluster.waiting import until

_ROOT = Path(__file__).parents[2]
_GUIDES = _ROOT / "docs" / "guides"
_NEW = "company-105"
_GATEWAYS = "gateway-system"
_WELL = "nothing that is known by name is wrong"

Ask = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ask(cluster: Cluster, fleet: Fleet, control_plane: ControlPlane, tmp_path: Path) -> Ask:
    """Run a verb in the fleet's clone, by default as a supporter of the company with the rights of the guides."""
    script = tmp_path / "kubectl"
    # a debugging container never starts here, and kubectl would wait for it
    script.write_text(f'#!/bin/sh\nexec timeout 30 {cluster.tools.binary} kubectl "$@"\n')
    script.chmod(0o755)
    cluster.kube.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _GATEWAYS}}])
    cluster.kube.apply([obj for guide in ("status.md", "debug-a-company.md") for obj in _of_the_guide(guide)])

    def run(*arguments: str, user: str = "supporter") -> subprocess.CompletedProcess[str]:
        kubeconfig = str(control_plane.kubeconfig(user))
        variables = {**environment(), "KUBECONFIG": kubeconfig, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        command = [sys.executable, "-m", "generator", "-C", str(fleet.clone.folder), *arguments]
        return subprocess.run(
            command,
            cwd=_ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.claim(
    "debug and status work with the rights that the guides give, and nothing else", leans_on=stand_ins.ALL
)
def test_the_rights_of_the_guides_are_enough(cluster: Cluster, ask: Ask) -> None:
    """Nothing is left unseen; what the rights do not give is told so, and a shell is refused."""
    status = ask("status", LOOKED_INTO)
    assert (status.returncode, status.stderr) == (0, "1 of 1 company Synced and Healthy\n"), status.stdout

    said = ask("debug", LOOKED_INTO)
    assert (said.returncode, _WELL in said.stdout, "not seen" in said.stdout) == (0, True, False), said.stdout
    for question in ("pods", "events", "quota", "hpa", "net", "routes", "secrets"):
        assert ask("debug", LOOKED_INTO, question).returncode == 0, question

    elsewhere = ask("debug", "company-001").stdout
    assert 'not seen: pods: Error from server (Forbidden): pods is forbidden: User "supporter"' in elsewhere
    shell = ask("debug", LOOKED_INTO, "exec", "--break-glass", "ticket 1234")
    assert shell.returncode == 4
    assert "pods/exec" in shell.stderr or 'cannot create resource "pods/exec"' in shell.stderr
    for verb, resource in (("delete", "pods"), ("patch", "applications.argoproj.io"), ("get", "secrets")):
        groups = [f"{LOOKED_INTO}:support"]
        for namespace in (NAMESPACE, LOOKED_INTO):
            assert not cluster.kube.may(verb, resource, namespace=namespace, user="supporter", groups=groups)


@pytest.mark.claim("the API server records who broke the glass", leans_on=(stand_ins.NODES,))
def test_a_shell_is_recorded(cluster: Cluster, fleet: Fleet, control_plane: ControlPlane, ask: Ask) -> None:
    """By the policy of the guide: a shell, and a debugging container, which Pod Security `restricted` admits."""
    pod = next(iter(fleet.pods(LOOKED_INTO, "fileserver")))
    image = "registry.example.com/tools:1"
    why = ("exec", "--break-glass", "ticket 1234", "--pod", pod)
    # there is no container to answer, so neither comes to more than being let in
    assert ask("debug", LOOKED_INTO, *why, user="glass-breaker").returncode == 4
    assert ask("debug", LOOKED_INTO, *why, "--image", image, user="glass-breaker").returncode == 4

    def recorded() -> dict[str, Any]:
        events = [json.loads(line) for line in control_plane.audit_log.read_text().splitlines()]
        mine = [item for item in events if item["user"]["username"] == "glass-breaker"]
        return {item["objectRef"].get("subresource", ""): item for item in mine}

    found = until("both are recorded", lambda: recorded() if len(recorded()) >= 2 else None, seconds=30)
    assert set(found) >= {"exec", "ephemeralcontainers"}
    assert all(item["objectRef"]["name"] == pod for item in found.values())
    assert found["ephemeralcontainers"]["responseStatus"]["code"] == 200
    assert image in json.dumps(found["ephemeralcontainers"]["requestObject"])
    cluster.kube.delete("Pod", pod, LOOKED_INTO)
    fleet.await_well(LOOKED_INTO)


@pytest.mark.claim(
    "debug names what is wrong in a company's namespace, and its next step heals it", leans_on=stand_ins.ALL
)
def test_what_is_wrong_in_a_namespace_is_named(
    cluster: Cluster, fleet: Fleet, control_plane: ControlPlane, ask: Ask
) -> None:
    """Each cause is made to happen; its next step is taken, and then it is named no more."""
    kube = cluster.kube

    # what somebody put beside the company's own: too large, not allowed, nowhere to run, and not to be drained
    aliens = [
        _deployment("homeless", selector={"nowhere": "true"}),
        _deployment("privileged", context={"privileged": True}),
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "tight"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "homeless"}}},
        },
        _deployment("greedy", replicas=3, cpu="1"),
    ]
    for alien in aliens:
        kube.create({**alien, "metadata": {**alien["metadata"], "namespace": LOOKED_INTO}})
    try:
        _await_named(ask, LOOKED_INTO, "quota full", "policy denies", "no place on the nodes", "budget blocks a drain")
        for steps in (("quota",), ("pods",)):
            assert ask("debug", LOOKED_INTO, *steps).returncode == 0
    finally:
        for alien in aliens:
            kube.delete(alien["kind"], alien["metadata"]["name"], LOOKED_INTO)
    _await_well(ask, LOOKED_INTO)

    # scaled to zero by hand, which Argo CD calls well
    kube.kubectl("--namespace", LOOKED_INTO, "scale", "deployment/fileserver", "--replicas=0")
    until("no pod is left", lambda: not fleet.pods(LOOKED_INTO, "fileserver"), seconds=60)
    assert ask("status", LOOKED_INTO).returncode == 0
    said = _await_named(ask, LOOKED_INTO, "scaled to zero by hand")
    [step] = re.findall(r"next: kubectl (.* --replicas=1)$", said, re.MULTILINE)
    kube.kubectl(*step.split())
    until("a pod is back", lambda: fleet.pods(LOOKED_INTO, "fileserver"), seconds=60)
    fleet.await_well(LOOKED_INTO)

    # no metrics for the autoscaler
    with _without_metrics(cluster):
        said = _await_named(ask, LOOKED_INTO, "autoscaler without metrics")
        assert "next: kubectl get apiservices v1beta1.metrics.k8s.io" in said
    _await_well(ask, LOOKED_INTO)

    # the Gateway's certificate is gone
    with _gateway_without_its_certificate(cluster):
        said = _await_named(ask, LOOKED_INTO, "certificate not ready", "listener not programmed")
        [step] = set(re.findall(r"next: kubectl (.* describe gateways\S+)$", said, re.MULTILINE))
        assert "InvalidCertificateRef" in kube.kubectl(*step.split())
    _await_well(ask, LOOKED_INTO)

    # the node of a pod dies
    node = kube.items("Pod", LOOKED_INTO)[0]["spec"]["nodeName"]
    control_plane.fail(kube, node)
    try:
        _await_named(ask, LOOKED_INTO, "node gone")
    finally:
        control_plane.revive(kube, node)
    _await_well(ask, LOOKED_INTO)
    fleet.await_well(*fleet.names())


@pytest.mark.claim("debug names what keeps Argo CD from a company, and its next step heals it", leans_on=stand_ins.ALL)
def test_what_keeps_argo_cd_from_a_company_is_named(cluster: Cluster, fleet: Fleet, ask: Ask) -> None:
    """A bad entry freezes its set, an object that the project refuses fails the sync, and a new company has no pods."""
    shard = shard_of(LOOKED_INTO, 4)
    fleet.pull_deployed()
    bad = fleet.deployed.folder / entry(LOOKED_INTO, shard)
    bad.write_text("".join(line for line in bad.read_text().splitlines(keepends=True) if not line.startswith("plan:")))
    overlay = fleet.deployed.folder / "overlays" / LOOKED_INTO / "kustomization.yaml"
    overlay.write_text(overlay.read_text() + '\nsecretGenerator: [{name: alien, literals: ["a=b"]}]\n')
    fleet.force("Break an entry, and smuggle a Secret in")
    try:
        _await_named(ask, LOOKED_INTO, "set frozen", "project refuses")
        assert f"tenants-{shard} is frozen: " in ask("status").stderr
        fleet.await_shards(frozen=shard)
    finally:
        fleet.publish()
    guides.run(cluster, guides.command_of("stuck.md", "kubectl annotate").replace("tenants-s00", f"tenants-{shard}"))
    _await_well(ask, LOOKED_INTO)
    fleet.await_well(LOOKED_INTO)
    fleet.await_shards()

    # a company that nobody has merged, and then one that finds neither a volume nor a Gateway
    fleet.write(_NEW, plan="bronze")
    assert "no Application" in ask("debug", _NEW, user="admin").stdout
    assert ask("status", _NEW).returncode == 1
    cluster.processes.stop(stand_ins.CONTROLLERS)
    try:
        fleet.merge("Add a company")
        _await_named(ask, _NEW, "claim pending", "nobody took the route", user="admin")
    finally:
        assert cluster.control_plane is not None
        stand_ins.start_controllers(cluster.tools, cluster.processes, cluster.control_plane)
    _await_well(ask, _NEW, user="admin")
    fleet.await_shards()


@pytest.mark.claim("status --watch follows a roll-out until all companies are well", leans_on=stand_ins.ALL)
def test_status_follows_a_roll_out(fleet: Fleet, ask: Ask, measure: Measure) -> None:
    """From the moment at which Argo CD has seen it; each change of the counts is a line."""
    fleet.change_images()
    start = fleet.merge("A release")
    until("Argo CD has seen it", lambda: not all(map(fleet.is_well, fleet.names())), seconds=120)
    watched = ask("status", "--watch", "--timeout", "500", user="admin")
    measure(f"{len(fleet.names())} companies", start)

    lines = watched.stderr.splitlines()
    number = len(fleet.names())
    assert watched.returncode == 0, watched.stderr
    assert len(lines) >= 2
    assert "Progressing" in watched.stderr or "OutOfSync" in watched.stderr
    assert lines[-1] == f"{number} of {number} companies Synced and Healthy"
    fleet.await_shards()


def _of_the_guide(guide: str) -> Iterator[Object]:
    """Yield the Roles that a guide gives, each bound to those who look into the company."""
    text = (_GUIDES / guide).read_text(encoding="utf-8")
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        role = yaml.safe_load(block)
        kind = role["kind"]
        yield role
        yield {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": f"{kind}Binding",
            "metadata": role["metadata"],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role["metadata"]["name"]},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "supporter"}],
        }


def _await_named(ask: Ask, company: str, *names: str, user: str = "supporter") -> str:
    """Return what debug says as soon as it names all these causes."""

    def said() -> str | None:
        done = ask("debug", company, user=user)
        last.append(done.stdout + done.stderr)
        named = all(f"\n{name}: " in done.stdout for name in names)
        return done.stdout if named and done.returncode == 1 else None

    last: list[str] = []
    try:
        return until(f"debug names {', '.join(names)}", said, seconds=240, every=2) or ""
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{last[-1]}") from None


def _await_well(ask: Ask, company: str, *, user: str = "supporter") -> None:
    """Return as soon as debug finds nothing wrong."""

    def is_well() -> bool:
        done = ask("debug", company, user=user)
        last.append(done.stdout + done.stderr)
        return done.returncode == 0 and _WELL in done.stdout

    last: list[str] = []
    try:
        until("debug finds nothing wrong", is_well, seconds=240, every=2)
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{last[-1]}") from None


@contextmanager
def _gateway_without_its_certificate(cluster: Cluster) -> Iterator[None]:
    """Have a Gateway whose listener says what its controller says when the Secret of its certificate is not there."""
    listener = {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "gone"}]}}
    metadata = {"name": "tenants", "namespace": _GATEWAYS}
    cluster.kube.create(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": metadata,
            "spec": {"gatewayClassName": "any", "listeners": [listener]},
        }
    )
    told = {"status": "False", "observedGeneration": 1, "lastTransitionTime": "2026-11-26T12:00:00Z"}
    conditions = [
        {**told, "type": "ResolvedRefs", "reason": "InvalidCertificateRef", "message": "Secret gone does not exist"},
        {**told, "type": "Programmed", "reason": "Invalid", "message": "no certificate"},
    ]
    kinds = [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}]
    told_of = {"name": "https", "supportedKinds": kinds, "attachedRoutes": 1, "conditions": conditions}
    patch = json.dumps({"status": {"listeners": [told_of]}})
    of_it = ("--namespace", _GATEWAYS, "patch", "gateways.gateway.networking.k8s.io", "tenants")
    try:
        cluster.kube.kubectl(*of_it, "--subresource=status", "--type=merge", f"--patch={patch}")
        yield
    finally:
        cluster.kube.delete("Gateway", "tenants", _GATEWAYS)


@contextmanager
def _without_metrics(cluster: Cluster) -> Iterator[None]:
    name = "v1beta1.metrics.k8s.io"
    service = cluster.kube.get("APIService", name) or {}
    cluster.kube.delete("APIService", name)
    try:
        yield
    finally:
        kept = {key: service[key] for key in ("apiVersion", "kind", "spec")}
        cluster.kube.create({**kept, "metadata": {"name": name}})
        stand_ins.await_metrics(cluster.kube)


def _deployment(
    name: str,
    *,
    replicas: int = 1,
    cpu: str = "250m",
    selector: dict[str, str] | None = None,
    context: dict[str, object] | None = None,
) -> Object:
    labels = {"app": name}
    container: Object = {
        "name": "it",
        "image": "registry.example.com/it:1",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "resources": {"limits": {"cpu": cpu, "memory": "256Mi"}, "requests": {"cpu": cpu, "memory": "128Mi"}},
    }
    if context:
        container["securityContext"] = context
    spec = {
        "containers": [container],
        "nodeSelector": selector or {},
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }
