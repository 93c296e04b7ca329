"""How long `tenantry status` takes with 1,000 companies: a real API server, real Applications, no Argo CD.

    .venv/bin/python -m bench.status [TENANTS]

Prints wall and CPU seconds of the whole command, kubectl's among them. Each Application has a status as large as one of
a company of this repository. It is to stay under 5 s.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.control_plane import ControlPlane
from tests.cluster.processes import Processes
from tests.cluster.tools import prepare
from tests.cluster.waiting import until
from tests.harness import Repository

TIMES = 3
KINDS = ("Deployment", "Service", "HorizontalPodAutoscaler", "NetworkPolicy", "Role", "RoleBinding", "HTTPRoute")


def application(name: str) -> dict[str, Any]:
    """Return an Application that is Synced and Healthy, with thirty objects."""
    objects = [
        {"kind": KINDS[number % len(KINDS)], "name": f"object-{number}", "namespace": name, "status": "Synced"}
        | {"version": "v1", "group": "apps", "health": {"status": "Healthy"}, "syncWave": -5}
        for number in range(30)
    ]
    source = {"repoURL": "https://git.example.com/tenants.git", "path": f"overlays/{name}", "targetRevision": "main"}
    to = {"server": "https://kubernetes.default.svc", "namespace": name}
    compared = {"source": source, "destination": to}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd", "labels": {"tenantry.dev/tenant": name}},
        "spec": {"project": name, "source": source, "destination": to},
        "status": {
            "sync": {
                "status": "Synced",
                "revision": "0123456789abcdef0123456789abcdef01234567",
                "comparedTo": compared,
            },
            "health": {"status": "Healthy"},
            "resources": objects,
        },
    }


def main() -> None:
    """Make the companies, and measure."""
    number = int(sys.argv[1]) if sys.argv[1:] else 1000
    names = [f"company-{count:05}" for count in range(number)]
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        repository = Repository(here / "repository")
        for name in names:
            repository.tenant(name)
        tools = prepare(lambda said: print(said, file=sys.stderr))
        processes = Processes(here / "plane")
        plane = ControlPlane(here / "plane", tools, processes)
        kubectl = here / "kubectl"
        kubectl.write_text(f'#!/bin/sh\nexec {tools.binary} kubectl "$@"\n')
        kubectl.chmod(0o755)
        variables = {
            **os.environ,
            "PATH": f"{here}:{os.environ['PATH']}",
            "KUBECONFIG": str(plane.kubeconfig("admin")),
        }

        def run(*command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
            return subprocess.run(command, env=variables, input=text, capture_output=True, text=True, check=False)

        try:
            plane.start()
            until(
                "the API server is ready", lambda: run("kubectl", "get", "--raw", "/readyz").returncode == 0, seconds=60
            )
            manifest = yaml.load_all((tools.manifests / "argocd" / "install.yaml").read_text(), yaml.CSafeLoader)
            definitions = [item for item in manifest if item and item["kind"] == "CustomResourceDefinition"]
            everything = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}, *definitions]
            run("kubectl", "create", "-f", "-", text=yaml.safe_dump_all(everything)).check_returncode()
            until("they are served", lambda: run("kubectl", "get", "applications", "-A").returncode == 0, seconds=60)
            items = {"apiVersion": "v1", "kind": "List", "items": [application(name) for name in names]}
            run("kubectl", "create", "-f", "-", text=json.dumps(items)).check_returncode()
            for _ in range(TIMES):
                start, spent = time.perf_counter(), os.times()
                done = run(sys.executable, "-m", "generator", "-C", str(repository.root), "status")
                now = os.times()
                cpu = now.children_user + now.children_system - spent.children_user - spent.children_system
                print(f"{done.stderr.strip()}: {time.perf_counter() - start:.1f} s, {cpu:.1f} s of CPU")
        finally:
            processes.stop()


if __name__ == "__main__":
    main()
