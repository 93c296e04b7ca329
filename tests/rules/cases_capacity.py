# ruff: noqa: E501 -- what a rule says is shown in one piece
"""Cases of the family CAP: what a plan holds."""

from dataclasses import replace
from typing import Any

from generator.model import Resources
from tests.rules.harness import Change, Edit, Scene, catches, passes, unchanged

BRONZE = '  bronze: {cpu: "1", memory: 2Gi, storage: {default: 50Gi, max: 200Gi}}\n'
GOLD = '  gold: {cpu: "8", memory: 16Gi, maxReplicas: 30,'


def _quota(key: str, value: str) -> Change:
    """Set a part of the quota."""
    return lambda scene: scene.one("ResourceQuota", "plan")["spec"]["hard"].update({key: value})


def _most(number: int) -> Change:
    """Let the autoscaler ask for so many file servers."""
    return lambda scene: scene.one("HorizontalPodAutoscaler", "fileserver")["spec"].update(maxReplicas=number)


def _reserve(**fields: int) -> Change:
    """Keep some of every plan free."""

    def change(scene: Scene) -> None:
        scene.platform = replace(scene.platform, reserve=Resources(**fields))

    return change


def _rolling(**fields: Any) -> Change:
    """Roll the file server out otherwise."""
    return lambda scene: scene.one("Deployment", "fileserver")["spec"]["strategy"]["rollingUpdate"].update(fields)


def _second_volume(scene: Scene) -> None:
    scene.add_again("PersistentVolumeClaim", "files", "archive")


CASES = (
    # --- CAP004
    catches(
        "CAP004",
        "more pods than the ceiling holds",
        _most(17),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.cpu: up to 5750m at once (ai-chatbot 4 x 250m + fileserver 19 x 250m), and 5 are admitted [CAP004]\n"
        "  hint: 750m too much",
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.memory: up to 11776Mi at once (ai-chatbot 4 x 512Mi + fileserver 19 x 512Mi), and 10Gi are admitted [CAP004]\n"
        "  hint: 1536Mi too much",
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: pods: up to 25 at once (ai-chatbot 4 + fileserver 19 + spare 2), and 18 are admitted [CAP004]\n"
        "  hint: 7 too much",
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.cpu: up to 2875m at once (ai-chatbot 4 x 125m + fileserver 19 x 125m), and 2500m are admitted [CAP004]\n"
        "  hint: 375m too much",
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.memory: up to 5888Mi at once (ai-chatbot 4 x 256Mi + fileserver 19 x 256Mi), and 5Gi are admitted [CAP004]\n"
        "  hint: 768Mi too much",
    ),
    catches(
        "CAP004",
        "a roll-out that starts half of the pods anew at once",
        _rolling(maxSurge="50%"),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: pods: up to 22 at once (ai-chatbot 4 + fileserver 16 + spare 2), and 18 are admitted [CAP004]\n"
        "  hint: 4 too much",
    ),
    catches(
        "CAP004",
        "a reserve that the ceiling does not have",
        _reserve(limits_memory=4 << 30),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.memory: up to 12Gi at once (ai-chatbot 4 x 512Mi + fileserver 12 x 512Mi + reserve 4Gi), and 10Gi are admitted [CAP004]\n"
        "  hint: 2Gi too much",
    ),
    catches(
        "CAP004",
        "a container with more disk than is counted",
        lambda scene: scene.container()["resources"]["limits"].update({"ephemeral-storage": "1Gi"}),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.ephemeral-storage: up to 12800Mi at once (ai-chatbot 4 x 128Mi + fileserver 12 x 1Gi), and 8Gi are admitted [CAP004]\n"
        "  hint: 4608Mi too much",
    ),
    catches(
        "CAP004",
        "a pod less than may run",
        _quota("pods", "17"),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: pods: up to 18 at once (ai-chatbot 4 + fileserver 12 + spare 2), and 17 are admitted [CAP004]\n"
        "  hint: 1 too much",
    ),
    catches(
        "CAP004",
        "one Service too many",
        _quota("services", "1"),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: services: up to 2 at once (2 rendered), and 1 are admitted [CAP004]\n"
        "  hint: 1 too much",
    ),
    catches(
        "CAP004",
        "no room for the ConfigMap of Kubernetes itself",
        _quota("count/configmaps", "2"),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: count/configmaps: up to 3 at once (1 rendered + 1 of Kubernetes itself + 1 of the version before), and 2 are admitted [CAP004]\n"
        "  hint: 1 too much",
    ),
    catches(
        "CAP004",
        "no room for the Secrets that ExternalSecrets make",
        _quota("count/secrets", "1"),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: count/secrets: up to 2 at once (0 rendered + 2 of ExternalSecrets), and 1 are admitted [CAP004]\n"
        "  hint: 1 too much",
    ),
    catches(
        "CAP004",
        "a kind whose pods nobody counts",
        lambda scene: scene.add(
            "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}, spec: {selector: {matchLabels: {app: agent}},"
            " template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: agent, image: example.com/agent:1}]}}}}"
        ),
        "overlays/company-002/kustomization.yaml: error: DaemonSet/company-002/agent: the sum cannot be known: how many pods a DaemonSet runs at once is not known [CAP004]",
    ),
    catches(
        "CAP004",
        "a bound on what controllers make",
        _quota("count/replicasets.apps", "3"),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: the sum cannot be known: count/replicasets.apps: how many of them controllers make is not known [CAP004]",
    ),
    catches(
        "CAP004",
        "a resource that nobody counts",
        _quota("cpus", "3"),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: the sum cannot be known: cpus: this is no resource that is counted [CAP004]",
    ),
    passes("CAP004", "exactly what the ceiling holds", lambda scene: (_most(14)(scene), _quota("pods", "22")(scene))),
    passes("CAP004", "an older name for the same bound", _quota("cpu", "2")),
    # --- CAP006
    catches(
        "CAP006",
        "a promise of more pods than the plan holds",
        (Edit("platform.yaml", GOLD, GOLD.replace("30", "40")),),
        "platform.yaml: warning: plan gold: maxReplicas 40 is promised, and its cpu and memory hold 30 [CAP006]\n"
        "  hint: write 30, or raise cpu and memory",
    ),
    passes(
        "CAP006",
        "a plan that promises no number",
        (Edit("platform.yaml", BRONZE, BRONZE.replace("bronze", "iron") + BRONZE),),
    ),
    # --- CAP007
    catches(
        "CAP007",
        "a second volume",
        _second_volume,
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: persistentvolumeclaims: up to 2 at once (2 rendered), and 1 are admitted [CAP007]\n"
        "  hint: 1 too much",
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.storage: up to 400Gi at once (files 200Gi + archive 200Gi), and 200Gi are admitted [CAP007]\n"
        "  hint: 200Gi too much",
    ),
    catches(
        "CAP007",
        "a bound on the class that the volume is of",
        _quota("shared-files.storageclass.storage.k8s.io/requests.storage", "100Gi"),
        "base/edge/core/ceilings.yaml: error: ResourceQuota/company-002/plan: shared-files.storageclass.storage.k8s.io/requests.storage: up to 200Gi at once (files 200Gi), and 100Gi are admitted [CAP007]\n"
        "  hint: 100Gi too much",
    ),
    passes("CAP007", "a bound on another class", _quota("fast.storageclass.storage.k8s.io/requests.storage", "0")),
    # --- CAP008
    catches(
        "CAP008",
        "a container that requests a fifth",
        lambda scene: scene.container()["resources"]["requests"].update(cpu="50m"),
        "base/edge/core/fileserver.yaml: warning: Deployment/company-002/fileserver: container fileserver may use 5 times the cpu that it requests; plan silver means 2 times [CAP008]",
    ),
    passes(
        "CAP008",
        "a container that requests all of it",
        lambda scene: scene.container()["resources"]["requests"].update(cpu="250m"),
    ),
    # --- CAP009
    catches(
        "CAP009",
        "a cap that leaves most of the plan",
        (Edit("platform.yaml", "maxReplicas: 30, ", ""),),
        "platform.yaml: warning: plan gold: its pods can fill 38% of its CPU limits [CAP009]\n"
        "  hint: raise maxReplicas, or choose cpu and memory in a pod's proportion",
        generate=True,
    ),
    catches(
        "CAP009",
        "memory that no pod needs",
        (Edit("platform.yaml", 'bronze: {cpu: "1", memory: 2Gi', 'bronze: {cpu: "1", memory: 8Gi'),),
        "platform.yaml: warning: plan bronze: its pods can fill 25% of its memory limits [CAP009]\n"
        "  hint: raise maxReplicas, or choose cpu and memory in a pod's proportion",
        generate=True,
    ),
    passes("CAP009", "the smallest plan, whose room for a roll-out is half of it", unchanged, tenant="company-001"),
)
