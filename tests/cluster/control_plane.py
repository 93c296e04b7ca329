"""A Kubernetes control plane on loopback with nodes that run no containers (kwok)."""

import copy
import csv
import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.cluster.kube import Kube, Object, has_condition
from tests.cluster.ports import HOST, free_ports
from tests.cluster.processes import Processes
from tests.cluster.tools import Tools
from tests.cluster.waiting import until

# The nodes of the seed's cluster; 110 pods is the kubelet's default.
NODES = tuple(f"node-{number}" for number in range(1, 6))
NODE_CAPACITY = {"cpu": "16", "memory": "64Gi", "pods": "110", "ephemeral-storage": "100Gi"}

# kwok plays the kubelet of the nodes that carry this label. Without it a node's lease runs out: its machine has died.
_KUBELET_LABEL = "tenantry.dev/kubelet"
_KUBELET_UP = "up"

# The company that people look into, as members of its groups.
LOOKED_INTO = "company-018"

# What the documentation gives an API server to record.
_AUDIT_POLICY = Path(__file__).parents[2] / "docs" / "guides" / "audit-policy.yaml"

# Who may log in by a token, and the group that gives each its rights.
_USERS = {
    "admin": "system:masters",
    "kwok": "system:masters",
    "stand-ins": "system:masters",
    "system:kube-controller-manager": "",
    "system:kube-scheduler": "",
    "supporter": f"{LOOKED_INTO}:support",
    "glass-breaker": f"{LOOKED_INTO}:break-glass",
}

# Where a pod that is told to end takes the whole of its grace; elsewhere it is gone at once, or all would wait for it.
SLOW_TO_END = ("company-021", "company-022", "company-023", "headroom")

# Kubernetes' own default.
LOOK_SECONDS = 15

# Kubernetes' own default is 50 seconds, which would be 30 more of waiting for nothing.
NODE_GRACE_SECONDS = 20


class ControlPlane:
    """A control plane and its nodes.

    Args:
        folder: for keys, data and kubeconfigs.
        tools: the binary and kwok's manifests.
        processes: to which its programs are added.
    """

    def __init__(self, folder: Path, tools: Tools, processes: Processes) -> None:
        self._folder = folder
        self._keys = folder / "keys"
        self._tools = tools
        self._processes = processes
        self._port, self._etcd_port, self._peer_port, *rest = free_ports(6)
        self._manager_port, self._scheduler_port, self._kwok_port = rest

    def kubeconfig(self, user: str) -> Path:
        """Return the kubeconfig of `admin` or of one of the programs."""
        return self._folder / f"{user.removeprefix('system:')}.kubeconfig"

    @property
    def audit_log(self) -> Path:
        """What the API server has recorded of people who look into pods: a JSON text in each line."""
        return self._folder / "audit.log"

    def start(self) -> None:
        """Start etcd and the API server, which needs some seconds until it is ready for the others."""
        self._write_keys()
        self._start_etcd()
        self._start_api_server()

    def populate(self, kube: Kube) -> None:
        """Start the controllers, add the nodes, and return when pods can be made."""
        self._start_controllers()
        self._start_kwok()
        for name in NODES:
            kube.create(_node(name))
        until("all nodes are ready", lambda: all(node_is_ready(kube, name) for name in NODES), seconds=60)
        until("a service account", lambda: kube.get("ServiceAccount", "default", "default"), seconds=30)

    def fail(self, kube: Kube, node: str) -> None:
        """Let a node die: its kubelet says nothing any more."""
        kube.patch("Node", node, {"metadata": {"labels": {_KUBELET_LABEL: None}}})

    def revive(self, kube: Kube, node: str) -> None:
        """Put a new machine in a dead node's place and return when it is ready."""
        kube.delete("Node", node)
        for pod in _pods_of_node(kube, node):  # as Kubernetes does itself after some 40 seconds
            kube.delete("Pod", pod["metadata"]["name"], pod["metadata"]["namespace"], gracePeriodSeconds=0)
        kube.create(_node(node))
        until(f"{node} is ready", lambda: node_is_ready(kube, node), seconds=60)

    @contextmanager
    def looking_every(self, seconds: int) -> Iterator[None]:
        """Let autoscalers look at the load more often for a while; what they remember is lost at both ends."""
        self._start_manager(look=seconds)
        try:
            yield
        finally:
            self._start_manager()

    def _write_keys(self) -> None:
        self._keys.mkdir(parents=True)
        subprocess.run([self._tools.binary, "certificates", self._keys], check=True)
        rows = []
        for user, group in _USERS.items():
            token = secrets.token_hex(16)
            rows.append((token, user, user, group))
            config = kubeconfig(f"https://{HOST}:{self._port}", self._keys / "ca.crt", token)
            self.kubeconfig(user).write_text(json.dumps(config, indent=1))
            self.kubeconfig(user).chmod(0o600)
        with (self._keys / "tokens.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)

    def _start_etcd(self) -> None:
        client, peer = f"http://{HOST}:{self._etcd_port}", f"http://{HOST}:{self._peer_port}"
        self._run(
            "etcd",
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",  # the data are thrown away
            "--log-level=warn",
        )

    def _start_api_server(self) -> None:
        keys = self._keys
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://{HOST}:{self._etcd_port}",
            f"--bind-address={HOST}",
            f"--secure-port={self._port}",
            f"--advertise-address={HOST}",
            "--endpoint-reconciler-type=none",  # an endpoint on loopback is refused
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--tls-cert-file={keys / 'server.crt'}",
            f"--tls-private-key-file={keys / 'server.key'}",
            f"--client-ca-file={keys / 'ca.crt'}",
            f"--token-auth-file={keys / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            f"--audit-policy-file={_AUDIT_POLICY}",
            f"--audit-log-path={self.audit_log}",
            "--allow-privileged",  # as everywhere; without it Pod Security would not even be asked
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={keys / 'sa.key'}",
            f"--service-account-signing-key-file={keys / 'sa.key'}",
            # The controllers and the scheduler take their own clients' authority from these.
            f"--requestheader-client-ca-file={keys / 'ca.crt'}",
            "--requestheader-allowed-names=front-proxy",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        )

    def _start_controllers(self) -> None:
        self._start_manager()
        self._run("kube-scheduler", *self._common("kube-scheduler", self._scheduler_port))

    def _start_manager(self, *, look: int = LOOK_SECONDS) -> None:
        """Start the controllers, or start them again with another period of the autoscalers."""
        self._processes.stop("kube-controller-manager")
        self._run(
            "kube-controller-manager",
            *self._common("kube-controller-manager", self._manager_port),
            "--use-service-account-credentials",
            f"--service-account-private-key-file={self._keys / 'sa.key'}",
            f"--root-ca-file={self._keys / 'ca.crt'}",
            "--node-monitor-period=2s",
            f"--node-monitor-grace-period={NODE_GRACE_SECONDS}s",
            f"--horizontal-pod-autoscaler-sync-period={look}s",
        )

    def _common(self, name: str, port: int) -> tuple[str, ...]:
        config = self.kubeconfig(f"system:{name}")
        return (
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            f"--bind-address={HOST}",
            f"--secure-port={port}",
            "--leader-elect=false",
            # The defaults (20 and 30 requests a second) are for clusters where others want to be served as well.
            "--kube-api-qps=300",
            "--kube-api-burst=400",
        )

    def _start_kwok(self) -> None:
        stages = self._folder / "kwok.yaml"
        texts = {path.stem: path.read_text() for path in sorted((self._tools.manifests / "kwok").iterdir())}
        at_once = yaml.safe_load(texts.pop("pod-delete"))
        stages.write_text("---\n".join([*texts.values(), yaml.safe_dump_all(_endings(at_once))]))
        self._run(
            "kwok",
            f"--config={stages}",
            f"--kubeconfig={self.kubeconfig('kwok')}",
            f"--manage-nodes-with-label-selector={_KUBELET_LABEL}={_KUBELET_UP}",
            "--node-lease-duration-seconds=10",
            "--cidr=10.244.0.0/16",
            f"--node-ip={HOST}",
            f"--server-address={HOST}:{self._kwok_port}",
        )

    def _run(self, program: str, *flags: str) -> None:
        self._processes.start(program, self._tools.binary, program, *flags)


def _endings(at_once: Object) -> list[Object]:
    """Return kwok's stages for pods that end: one that takes the grace, in some namespaces, and its own elsewhere."""
    slow = copy.deepcopy(at_once)
    slow["metadata"]["name"] = "pod-delete-slowly"
    slow["spec"]["delay"] = {"durationFrom": {"expressionFrom": ".metadata.deletionTimestamp"}}
    for stage, operator in ((slow, "In"), (at_once, "NotIn")):
        where = {"key": ".metadata.namespace", "operator": operator, "values": list(SLOW_TO_END)}
        stage["spec"]["selector"]["matchExpressions"].append(where)
    return [slow, at_once]


def kubeconfig(server: str, authority: Path, token: str) -> Object:
    """Return a kubeconfig for a token."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": {"server": server, "certificate-authority": str(authority)}}],
        "users": [{"name": "tests", "user": {"token": token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
        "current-context": "tests",
    }


def node_is_ready(kube: Kube, name: str) -> bool:
    """Return whether the control plane counts on that node."""
    return has_condition(kube.get("Node", name) or {}, "Ready")


def _pods_of_node(kube: Kube, name: str) -> list[Object]:
    """Return the pods that were given to that node."""
    return [pod for pod in kube.items("Pod") if pod["spec"].get("nodeName") == name]


def _node(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                _KUBELET_LABEL: _KUBELET_UP,
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
            },
        },
        "status": {"capacity": NODE_CAPACITY, "allocatable": NODE_CAPACITY},
    }
