"""What the same work costs in other ways, measured on a few tenants and scaled: each of these is linear.

A loop of `kustomize build`, the same through kubeconform, and Kapitan compiling two files a tenant.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.fleet import ROOT
from bench.spent import Spent, run
from generator.kube.schemas import schema

KUSTOMIZE: Final = ROOT / ".venv/bin/kustomize"
_KUBERNETES: Final = "1.36"
_NOT_KUBERNETES: Final = "ExternalSecret,SecretStore,HTTPRoute"


def kustomize_loop(folder: Path, names: Sequence[str]) -> Spent:
    """Build these overlays, each by a process of its own, two at once."""
    command = ["xargs", "-P2", "-I{}", str(KUSTOMIZE), "build", "{}"]
    return run(command, folder=folder, stdin=_overlays(names))


def kubeconform_loop(folder: Path, names: Sequence[str], schemas: Path) -> Spent | None:
    """Build these overlays and hold each to the schemas, two at once; None without kubeconform.

    Args:
        folder: The repository.
        names: The tenants.
        schemas: An empty folder for the schemas.
    """
    program = kubeconform()
    if program is None:
        return None
    _lay_schemas(schemas)
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    checked = f"{program} -strict -kubernetes-version {_KUBERNETES}.0 -skip {_NOT_KUBERNETES} -schema-location"
    script = f"""{KUSTOMIZE} build "$1" | {checked} '{location}' -"""
    return run(["xargs", "-P2", "-I{}", "sh", "-c", script, "sh", "{}"], folder=folder, stdin=_overlays(names))


def kubeconform() -> Path | None:
    """Return kubeconform as the tests build it (`make test-slow`) of what tools/lint pins, or None."""
    module = ROOT / "tools/lint"
    pinned = hashlib.sha256((module / "go.mod").read_bytes() + (module / "go.sum").read_bytes()).hexdigest()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache / "tenantry" / f"lint-{pinned[:12]}" / "kubeconform"
    return built if built.exists() else None


def kapitan(program: str, folder: Path, tenants: int) -> Spent:
    """Let Kapitan compile a kustomization and a sheet of facts for each of some targets.

    Args:
        program: Its program, which is in an environment of its own.
        folder: An empty folder.
        tenants: How many targets.
    """
    for name in ("inventory/classes", "inventory/targets", "templates"):
        (folder / name).mkdir(parents=True)
    for name in ("kustomization", "facts"):
        (folder / f"templates/{name}.yml").write_text(_TEMPLATES[name], encoding="utf-8")
    (folder / "inventory/classes/tenant.yml").write_text(_CLASS, encoding="utf-8")
    for number in range(tenants):
        name = f"tenant-{number:06}"
        text = f"classes: [tenant]\nparameters:\n  name: {name}\n  plan: silver\n"
        (folder / f"inventory/targets/{name}.yml").write_text(text, encoding="utf-8")
    return run([program, "compile", "--parallelism", "2"], folder=folder)


_CLASS: Final = """\
parameters:
  host: ${name}.files.example.com
  kapitan:
    vars: {target: "${name}"}
    compile:
    - {output_path: ., input_type: jinja2, input_paths: [templates/kustomization.yml, templates/facts.yml]}
"""
_TEMPLATES: Final = {
    "kustomization": """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {{ inventory.parameters.name }}
resources: [../../base/guard/core, ../../base/edge/core, facts.yaml]
labels:
- {pairs: {tenant: {{ inventory.parameters.name }}}, includeTemplates: true}
- {pairs: {plan: {{ inventory.parameters.plan }}}}
""",
    "facts": """\
apiVersion: tenantry.dev/v1
kind: TenantFacts
metadata: {name: tenant}
spec: {name: "{{ inventory.parameters.name }}", host: "{{ inventory.parameters.host }}"}
""",
}


def _overlays(names: Sequence[str]) -> bytes:
    return "".join(f"overlays/{name}\n" for name in names).encode()


def _lay_schemas(folder: Path) -> None:
    """Lay down one small schema for each kind: the package's own refer to one file with all of Kubernetes."""
    for kind in _KINDS:
        api_version, _, name = kind.rpartition("/")
        group, slash, version = api_version.partition("/")
        suffix = f"{group.partition('.')[0]}-{version}" if slash else api_version
        text = json.dumps(schema(_KUBERNETES, api_version, name))
        (folder / f"{name.lower()}-{suffix}.json").write_text(text, encoding="utf-8")


_KINDS: Final = (
    *(f"v1/{kind}" for kind in ("ConfigMap", "LimitRange", "Namespace", "PersistentVolumeClaim", "ResourceQuota")),
    *("v1/Service", "v1/ServiceAccount", "apps/v1/Deployment", "autoscaling/v2/HorizontalPodAutoscaler"),
    *("networking.k8s.io/v1/Ingress", "networking.k8s.io/v1/NetworkPolicy", "policy/v1/PodDisruptionBudget"),
    *("rbac.authorization.k8s.io/v1/Role", "rbac.authorization.k8s.io/v1/RoleBinding"),
)
