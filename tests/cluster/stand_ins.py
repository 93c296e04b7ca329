"""Programs in the place of what a provider's cluster has and this one lacks: metrics, volumes, routes, secrets.

`tools/cluster/standins.go` and `metrics.go` say what each of them does, and what it does not. A claim whose test leans
on one names it, by these constants, so that the table of results says so.
"""

import base64
from collections.abc import Container
from pathlib import Path

from tests.cluster.control_plane import ControlPlane
from tests.cluster.kube import Kube, has_condition
from tests.cluster.ports import HOST, free_ports
from tests.cluster.processes import Processes
from tests.cluster.tools import Tools
from tests.cluster.waiting import until

METRICS = "metrics API: a pod uses the CPU that the test sets"
NODES = "kwok: nodes without containers"
ROUTES = "gateway and ingress controller: routes are accepted, no traffic flows"
SECRETS = "External Secrets: stores are accepted, a Secret has placeholders"
VOLUMES = "storage provisioner: volumes are bound, never mounted"

ALL = (METRICS, NODES, ROUTES, SECRETS, VOLUMES)

# The class that base/ names, with what base/ demands of it.
STORAGE_CLASS = "shared-files"
_STORAGE_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": STORAGE_CLASS},
    "provisioner": "tenantry.dev/stand-in",
    "reclaimPolicy": "Retain",
    "allowVolumeExpansion": True,
}
_USAGE = "cpu-usage"

CONTROLLERS = "stand-ins"
"""Name of the process that `start_controllers` starts."""


def install_definitions(kube: Kube, tools: Tools) -> None:
    """Install what is missing of the Gateway API's and External Secrets' definitions; return when they are served."""
    folders = (tools.manifests / "gateway-api", tools.manifests / "external-secrets")
    named = {_name_of_definition(file): file for folder in folders for file in folder.iterdir()}
    missing = {name: file for name, file in named.items() if not kube.get("CustomResourceDefinition", name)}
    if missing:
        kube.kubectl("apply", "--server-side", *(f"--filename={file}" for file in missing.values()))
    until("the definitions are served", lambda: _are_served(kube, missing), seconds=60, every=0.5)


def _name_of_definition(file: Path) -> str:
    group, _, plural = file.stem.partition("_")
    return f"{plural}.{group}"


def _are_served(kube: Kube, names: Container[str]) -> bool:
    """Return whether those of the names that are definitions are served; a file may hold something else."""
    ours = [item for item in kube.items("CustomResourceDefinition") if item["metadata"]["name"] in names]
    return all(has_condition(definition, "Established") for definition in ours)


def start(kube: Kube, folder: Path, tools: Tools, processes: Processes, control_plane: ControlPlane) -> None:
    """Start the stand-ins and return when the cluster has taken them on."""
    start_controllers(tools, processes, control_plane)
    config = control_plane.kubeconfig("stand-ins")
    [port] = free_ports(1)
    keys = folder / "keys"
    processes.start(
        "metrics-api",
        tools.binary,
        "metrics-api",
        f"--address={HOST}:{port}",
        f"--tls-cert-file={keys / 'server.crt'}",
        f"--tls-private-key-file={keys / 'server.key'}",
        f"--kubeconfig={config}",
    )
    authority = base64.b64encode((keys / "ca.crt").read_bytes()).decode()
    kube.apply([_STORAGE_CLASS, *_metrics_objects(port, authority)])


def start_controllers(tools: Tools, processes: Processes, control_plane: ControlPlane) -> None:
    """Start what binds volumes, accepts routes and fills secrets."""
    config = control_plane.kubeconfig("stand-ins")
    processes.start(CONTROLLERS, tools.binary, "stand-ins", f"--kubeconfig={config}")


def await_metrics(kube: Kube) -> None:
    """Return when the metrics API is served."""

    def available() -> bool:
        service = kube.get("APIService", "v1beta1.metrics.k8s.io") or {}
        return has_condition(service, "Available")

    until("the metrics API is available", available, seconds=30)


def set_cpu_usage(kube: Kube, workload: str, cpu: str | None, *namespaces: str) -> None:
    """Let every pod of a workload use that much CPU from now on, however many there will be.

    Args:
        kube: the cluster.
        workload: the label `app.kubernetes.io/name` of its pods.
        cpu: a quantity; None for idle.
        namespaces: where that workload is meant.
    """
    usage = {f"{namespace}.{workload}": cpu for namespace in namespaces}
    kube.patch("ConfigMap", _USAGE, {"data": usage}, "kube-system")


def _metrics_objects(port: int, authority: str) -> list[dict[str, object]]:
    """Return what leads the API server to our program: a service that is just another name for this machine."""
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _USAGE, "namespace": "kube-system"}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "metrics-api", "namespace": "kube-system"},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "caBundle": authority,
                "service": {"name": "metrics-api", "namespace": "kube-system", "port": port},
            },
        },
    ]
