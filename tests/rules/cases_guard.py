"""Cases of the family GRD: what guards takes effect for everybody at once, so it holds no pod, and refuses none."""
# ruff: noqa: E501 -- what a rule says stands on one line, as people see it

import copy
import dataclasses
from collections.abc import Callable
from typing import Any, Final

from generator.fleet.rings import Pair
from tests.rules.harness import Edit, Scene, catches, passes, unchanged

CORE: Final = "base/guard/core/kustomization.yaml"
RELEASE_CORE: Final = "base/edge/core/kustomization.yaml"
POLICIES: Final = "base/guard/components/ai-chatbot/kustomization.yaml"
CONFIG: Final = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata: {a: b}\n"
DENY: Final = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: more}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
CLAIM: Final = """apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: talks, annotations: {argocd.argoproj.io/sync-options: "Prune=false,Delete=false"}}
spec:
  accessModes: [ReadWriteMany]
  storageClassName: shared-files
  volumeMode: Filesystem
  resources: {requests: {storage: 1Gi}}
"""
COMPONENT: Final = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources:\n- claims.yaml\n"
WITH_CLAIM: Final = Edit("platform.yaml", "hostPrefix: chat, ", "hostPrefix: chat, storage: 1Gi, claim: talks, ")
OF_CLAIM: Final = "base/guard/components/ai-chatbot-claim"
_WAY: Final = (
    "let base/guard admit what base/releases/7 runs as well; or, if no ring goes back to it: git rm -r base/releases/7"
)


def _unused(change: Callable[[dict[tuple[str, str], dict[str, Any]]], object]) -> Callable[[Scene], None]:
    """Let the release be a frozen one that no ring names, after a change of what it and its guard make."""

    def apply(scene: Scene) -> None:
        (first, *_) = scene.base.probes
        objects: list[dict[str, Any]] = copy.deepcopy([dict(obj) for obj in first.objects])
        change({(obj["kind"], obj["metadata"]["name"]): obj for obj in objects})
        probe = dataclasses.replace(first, objects=tuple(objects))
        scene.base = dataclasses.replace(scene.base, pair=Pair("7", "live"), in_use=False, probes=(probe,))

    return apply


def _container(objects: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    container: dict[str, Any]
    (container,) = objects["Deployment", "fileserver"]["spec"]["template"]["spec"]["containers"]
    return container


CASES = (
    # --- GRD001
    catches(
        "GRD001",
        "something that runs beside what guards",
        (
            Edit("base/guard/core/notes.yaml", "", CONFIG),
            Edit(CORE, "- claims.yaml\n", "- claims.yaml\n- notes.yaml\n"),
        ),
        "base/guard/core/notes.yaml: error: ConfigMap/tenantry-probe/notes: a ConfigMap runs, or what runs needs it of its own version, and base/guard holds what guards alone [GRD001]\n"
        "  hint: move it into base/edge/core/notes.yaml, and name that file in the kustomization beside it",
    ),
    catches(
        "GRD001",
        "a policy that would wait for its ring",
        (
            Edit("base/edge/core/more.yaml", "", DENY),
            Edit(RELEASE_CORE, "- fileserver.yaml\n", "- fileserver.yaml\n- more.yaml\n"),
        ),
        "base/edge/core/more.yaml: error: NetworkPolicy/tenantry-probe/more: a NetworkPolicy guards, and stands with what runs [GRD001]\n"
        "  hint: move it into base/guard/core/more.yaml, and name that file in the kustomization beside it",
    ),
    catches(
        "GRD001",
        "an account that no pod runs as, with what runs",
        (
            Edit(
                "base/edge/core/fileserver.yaml",
                "      serviceAccountName: fileserver\n",
                "      serviceAccountName: secret-reader\n",
            ),
        ),
        "base/guard/core/secret-store.yaml: error: ServiceAccount/tenantry-probe/secret-reader: pods run as it, and base/guard holds what guards alone [GRD001]\n"
        "  hint: move it into base/edge/core/secret-store.yaml, and name that file in the kustomization beside it",
        "base/edge/core/fileserver.yaml: error: ServiceAccount/tenantry-probe/fileserver: no pod runs as it, and stands with what runs [GRD001]\n"
        "  hint: move it into base/guard/core/fileserver.yaml, and name that file in the kustomization beside it",
    ),
    passes(
        "GRD001",
        "one policy more for everybody",
        (Edit("base/guard/core/more.yaml", "", DENY), Edit(CORE, "- claims.yaml\n", "- claims.yaml\n- more.yaml\n")),
    ),
    # --- GRD002
    catches(
        "GRD002",
        "an image for everybody at once",
        (Edit(CORE, "", "images:\n- {name: docker.io/sigoden/dufs, newTag: v0.48.0}\n"),),
        f"{CORE}: error: images is for pods, and nothing here is part of one [GRD002]\n  hint: write it in {RELEASE_CORE}",
    ),
    catches(
        "GRD002",
        "a label in every pod template",
        (
            Edit(
                POLICIES,
                "- pairs: {app.kubernetes.io/part-of: tenantry}\n",
                "- {pairs: {team: a}, includeTemplates: true}\n",
            ),
        ),
        f"{POLICIES}: error: it writes into pod templates, so a change restarts every pod [GRD002]\n"
        "  hint: write it in base/edge/components/ai-chatbot/kustomization.yaml",
    ),
    catches(
        "GRD002",
        "a patch that reaches a pod",
        (
            Edit(
                POLICIES,
                "replacements:\n",
                "patches:\n- target: {kind: Deployment}\n"
                '  patch: \'[{"op": "replace", "path": "/spec/minReadySeconds", "value": 90}]\'\nreplacements:\n',
            ),
        ),
        f"{POLICIES}: error: it writes into Deployment, which does not guard [GRD002]\n"
        "  hint: write it in base/edge/components/ai-chatbot/kustomization.yaml",
    ),
    catches(
        "GRD002",
        "a replacement that does not say into what it writes",
        (Edit(POLICIES, "select: {kind: NetworkPolicy, name: ai", "select: {name: ai"),),
        f"{POLICIES}: error: it does not name the kind that it writes into [GRD002]\n"
        "  hint: write it in base/edge/components/ai-chatbot/kustomization.yaml",
    ),
    passes(
        "GRD002",
        "a patch of a policy",
        (
            Edit(
                POLICIES,
                "replacements:\n",
                "patches:\n- patch: |\n    apiVersion: networking.k8s.io/v1\n    kind: NetworkPolicy\n"
                "    metadata: {name: ai-chatbot-to-model, labels: {reviewed: yes-it-is}}\nreplacements:\n",
            ),
        ),
    ),
    # --- GRD003
    catches(
        "GRD003",
        "pods of a release that no ring names, and that Pod Security refuses",
        _unused(lambda objects: _container(objects)["securityContext"].update(privileged=True)),
        f"base/guard/core/namespace.yaml: error: Deployment/fileserver: Pod Security refuses pods of base/releases/7: container fileserver: privileged is true [GRD003]\n  hint: {_WAY}",
    ),
    catches(
        "GRD003",
        "pods of a release that no ring names, larger than the LimitRange admits",
        _unused(lambda objects: _container(objects)["resources"]["limits"].update(memory="4Gi")),
        f"base/guard/core/ceilings.yaml: error: Deployment/fileserver: the LimitRange refuses pods of base/releases/7: container fileserver may use 4Gi of memory, more than the most, 2Gi [GRD003]\n  hint: {_WAY}",
        f"base/guard/core/ceilings.yaml: error: Deployment/fileserver: the LimitRange refuses pods of base/releases/7: container fileserver may use 16 times the memory that it requests, more than 2 times [GRD003]\n  hint: {_WAY}",
    ),
    catches(
        "GRD003",
        "a port that a release calls by another name than the policies",
        _unused(
            lambda objects: (
                _container(objects)["ports"][0].update(name="web"),
                objects["Service", "fileserver"]["spec"]["ports"][0].update(targetPort="web"),
            )
        ),
        f"base/guard/core: error: with base/releases/7, gateway -> Deployment/fileserver TCP 8080 (web) is refused by ingress [GRD003]\n  hint: {_WAY}",
        f"base/guard/core: error: with base/releases/7, Deployment/ai-chatbot -> Deployment/fileserver TCP 8080 (call) is refused by egress and ingress [GRD003]\n  hint: {_WAY}",
    ),
    passes(
        "GRD003",
        "an image that may write to itself: nobody refuses its pods",
        _unused(lambda objects: _container(objects)["securityContext"].pop("readOnlyRootFilesystem")),
    ),
    passes("GRD003", "a release that no ring names and that is admitted", _unused(lambda _objects: None)),
    passes("GRD003", "what edge runs, of which other rules tell", unchanged),
    # --- GRD004
    catches(
        "GRD004",
        "a claim that would leave with its add-on",
        (
            Edit("base/guard/components/ai-chatbot/claims.yaml", "", CLAIM),
            Edit(POLICIES, "- network.yaml\n", "- network.yaml\n- claims.yaml\n"),
        ),
        "base/guard/components/ai-chatbot/claims.yaml: error: PersistentVolumeClaim/tenantry-probe/talks: it would leave with the component of its add-on, and what is in it would be out of reach [GRD004]\n"
        f"  hint: run `tenantry upgrade`; or move it into {OF_CLAIM}, and declare claim: talks of the add-on",
    ),
    catches(
        "GRD004",
        "a policy that would stay with the claim, and a claim of another name",
        (
            WITH_CLAIM,
            Edit(f"{OF_CLAIM}/claims.yaml", "", f"{CLAIM.replace('talks', 'words')}---\n{DENY}"),
            Edit(f"{OF_CLAIM}/kustomization.yaml", "", COMPONENT),
        ),
        f"{OF_CLAIM}/claims.yaml: error: PersistentVolumeClaim/tenantry-probe/words: the claim of chatbot is called talks in platform.yaml [GRD004]\n"
        "  hint: give it that name, or write claim: words there",
        f"{OF_CLAIM}/claims.yaml: error: NetworkPolicy/tenantry-probe/more: {OF_CLAIM} stays when a company drops chatbot, and brings its claim alone [GRD004]\n"
        "  hint: move it into base/guard/components/ai-chatbot",
        f"platform.yaml: error: {OF_CLAIM} brings no PersistentVolumeClaim talks [GRD004]\n"
        f"  hint: write it into {OF_CLAIM}/claims.yaml",
        generate=True,
    ),
    passes(
        "GRD004",
        "a claim that its add-on leaves behind",
        (
            WITH_CLAIM,
            Edit(f"{OF_CLAIM}/claims.yaml", "", CLAIM),
            Edit(f"{OF_CLAIM}/kustomization.yaml", "", COMPONENT),
        ),
        generate=True,
    ),
)
