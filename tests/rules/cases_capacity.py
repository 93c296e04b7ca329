# ruff: noqa: E501 -- what a rule says is shown in one piece
"""Cases of the family CAP: what a plan holds."""

from dataclasses import replace
from typing import Any

from generator.fleet.model import Resources
from tests.rules.harness import Change, Edit, Scene, catches, passes, unchanged

BRONZE = '  bronze: {cpu: "1", memory: 2Gi, storage: {default: 50Gi, max: 200Gi}}\n'
GOLD = '  gold: {cpu: "8", memory: 16Gi,'


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


def _scaling(**rules: Any) -> Change:
    """Let the file server's autoscaler let pods go otherwise."""
    return lambda scene: scene.one("HorizontalPodAutoscaler", "fileserver")["spec"]["behavior"]["scaleDown"].update(
        rules
    )


_DEPLOYMENT = "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver"
_HPA = "base/edge/core/fileserver.yaml: error: HorizontalPodAutoscaler/company-002/fileserver"
_SIZE = {"requests": {"cpu": "125m", "memory": "256Mi"}, "limits": {"cpu": "250m", "memory": "512Mi"}}
_NIGHTLY = """
apiVersion: batch/v1
kind: CronJob
metadata: {{name: index}}
spec:
  schedule: "0 3 * * *"
  concurrencyPolicy: {policy}
  jobTemplate:
    spec:
      parallelism: 2
      template:
        spec:
          restartPolicy: Never
          initContainers:
          - name: first
            image: example.com/index:1
            resources: {{requests: {{cpu: 250m, memory: 64Mi}}, limits: {{cpu: 250m, memory: 64Mi}}}}
          containers:
          - name: index
            image: example.com/index:1
            resources: {{requests: {{cpu: 125m, memory: 256Mi}}, limits: {{cpu: 125m, memory: 256Mi}}}}
"""


def _second_volume(scene: Scene) -> None:
    scene.add_again("PersistentVolumeClaim", "files", "archive")


CASES = (
    # --- CAP004
    catches(
        "CAP004",
        "more pods than the ceiling holds",
        _most(30),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.cpu: up to 10750m at once (ai-chatbot 8 x 250m + fileserver 35 x 250m), and 7250m are admitted [CAP004]\n"
        "  hint: 3500m too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.memory: up to 22016Mi at once (ai-chatbot 8 x 512Mi + fileserver 35 x 512Mi), and 14848Mi are admitted [CAP004]\n"
        "  hint: 7Gi too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: pods: up to 45 at once (ai-chatbot 8 + fileserver 35 + spare 2), and 31 are admitted [CAP004]\n"
        "  hint: 14 too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.cpu: up to 5375m at once (ai-chatbot 8 x 125m + fileserver 35 x 125m), and 3625m are admitted [CAP004]\n"
        "  hint: 1750m too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.memory: up to 11008Mi at once (ai-chatbot 8 x 256Mi + fileserver 35 x 256Mi), and 7424Mi are admitted [CAP004]\n"
        "  hint: 3584Mi too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
    ),
    catches(
        "CAP004",
        "a roll-out that starts a tenth of the pods at once",
        _rolling(maxSurge="10%"),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.cpu: up to 8 at once (ai-chatbot 8 x 250m + fileserver 24 x 250m), and 7250m are admitted [CAP004]\n"
        "  hint: 750m too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.memory: up to 16Gi at once (ai-chatbot 8 x 512Mi + fileserver 24 x 512Mi), and 14848Mi are admitted [CAP004]\n"
        "  hint: 1536Mi too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: pods: up to 34 at once (ai-chatbot 8 + fileserver 24 + spare 2), and 31 are admitted [CAP004]\n"
        "  hint: 3 too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.cpu: up to 4 at once (ai-chatbot 8 x 125m + fileserver 24 x 125m), and 3625m are admitted [CAP004]\n"
        "  hint: 375m too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.memory: up to 8Gi at once (ai-chatbot 8 x 256Mi + fileserver 24 x 256Mi), and 7424Mi are admitted [CAP004]\n"
        "  hint: 768Mi too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
    ),
    catches(
        "CAP004",
        "a reserve that the ceiling does not have",
        _reserve(limits_memory=4 << 30),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.memory: up to 18944Mi at once (ai-chatbot 8 x 512Mi + fileserver 21 x 512Mi + reserve 4Gi), and 14848Mi are admitted [CAP004]\n"
        "  hint: 4Gi too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
    ),
    catches(
        "CAP004",
        "a container with more disk than is counted",
        lambda scene: scene.container()["resources"]["limits"].update({"ephemeral-storage": "1Gi"}),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.ephemeral-storage: up to 22Gi at once (ai-chatbot 8 x 128Mi + fileserver 21 x 1Gi), and 8Gi are admitted [CAP004]\n"
        "  hint: 14Gi too much: lower what base/ asks for, or raise limits.ephemeral-storage of its ResourceQuota",
    ),
    catches(
        "CAP004",
        "a pod less than may run",
        _quota("pods", "30"),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: pods: up to 31 at once (ai-chatbot 8 + fileserver 21 + spare 2), and 30 are admitted [CAP004]\n"
        "  hint: 1 too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
    ),
    catches(
        "CAP004",
        "one Service too many",
        _quota("services", "1"),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: services: up to 2 at once (2 rendered), and 1 are admitted [CAP004]\n"
        "  hint: 1 too much: lower what base/ asks for, or raise services of its ResourceQuota",
    ),
    catches(
        "CAP004",
        "no room for the ConfigMap of Kubernetes itself",
        _quota("count/configmaps", "2"),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: count/configmaps: up to 3 at once (1 rendered + 1 of Kubernetes itself + 1 of the version before), and 2 are admitted [CAP004]\n"
        "  hint: 1 too much: lower what base/ asks for, or raise count/configmaps of its ResourceQuota",
    ),
    catches(
        "CAP004",
        "no room for the Secrets that ExternalSecrets make",
        _quota("count/secrets", "1"),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: count/secrets: up to 2 at once (0 rendered + 2 of ExternalSecrets), and 1 are admitted [CAP004]\n"
        "  hint: 1 too much: lower what base/ asks for, or raise count/secrets of its ResourceQuota",
    ),
    catches(
        "CAP004",
        "a drain of ten minutes",
        lambda scene: (
            scene.pod().update(terminationGracePeriodSeconds=600),
            _scaling(stabilizationWindowSeconds=600)(scene),
        ),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.cpu: up to 10750m at once (ai-chatbot 8 x 250m + fileserver 35 x 250m), and 7250m are admitted [CAP004]\n"
        "  hint: 3500m too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.memory: up to 22016Mi at once (ai-chatbot 8 x 512Mi + fileserver 35 x 512Mi), and 14848Mi are admitted [CAP004]\n"
        "  hint: 7Gi too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: pods: up to 45 at once (ai-chatbot 8 + fileserver 35 + spare 2), and 31 are admitted [CAP004]\n"
        "  hint: 14 too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.cpu: up to 5375m at once (ai-chatbot 8 x 125m + fileserver 35 x 125m), and 3625m are admitted [CAP004]\n"
        "  hint: 1750m too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.memory: up to 11008Mi at once (ai-chatbot 8 x 256Mi + fileserver 35 x 256Mi), and 7424Mi are admitted [CAP004]\n"
        "  hint: 3584Mi too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
    ),
    catches(
        "CAP004",
        "a job at night for which nobody has made room",
        lambda scene: scene.add(_NIGHTLY.format(policy="Forbid")),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: count/cronjobs.batch: up to 1 at once (1 rendered), and 0 are admitted [CAP004]\n"
        "  hint: 1 too much: lower what base/ asks for, or raise count/cronjobs.batch of its ResourceQuota",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: count/jobs.batch: up to 5 at once (0 rendered + 5 of CronJobs), and 0 are admitted [CAP004]\n"
        "  hint: 5 too much: lower what base/ asks for, or raise count/jobs.batch of its ResourceQuota",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.cpu: up to 7750m at once (ai-chatbot 8 x 250m + fileserver 21 x 250m + index 2 x 250m), and 7250m are admitted [CAP004]\n"
        "  hint: 500m too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.memory: up to 15Gi at once (ai-chatbot 8 x 512Mi + fileserver 21 x 512Mi + index 2 x 256Mi), and 14848Mi are admitted [CAP004]\n"
        "  hint: 512Mi too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: pods: up to 33 at once (ai-chatbot 8 + fileserver 21 + index 2 + spare 2), and 31 are admitted [CAP004]\n"
        "  hint: 2 too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.cpu: up to 4125m at once (ai-chatbot 8 x 125m + fileserver 21 x 125m + index 2 x 250m), and 3625m are admitted [CAP004]\n"
        "  hint: 500m too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.memory: up to 7936Mi at once (ai-chatbot 8 x 256Mi + fileserver 21 x 256Mi + index 2 x 256Mi), and 7424Mi are admitted [CAP004]\n"
        "  hint: 512Mi too much: run `tenantry generate`, which fits the quota to what base/ runs, or run less",
    ),
    catches(
        "CAP004",
        "a bound on what controllers make",
        _quota("count/replicasets.apps", "3"),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: the sum cannot be known: count/replicasets.apps: how many of them controllers make is not known [CAP004]",
    ),
    catches(
        "CAP004",
        "a resource that nobody counts",
        _quota("cpus", "3"),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: the sum cannot be known: cpus: this is no resource that is counted [CAP004]",
    ),
    passes("CAP004", "exactly what the ceiling holds", lambda scene: (_most(15)(scene), _quota("pods", "30")(scene))),
    passes("CAP004", "an older name for the same bound", _quota("cpu", "4")),
    # --- CAP006
    catches(
        "CAP006",
        "a promise of more pods than the plan holds",
        (Edit("platform.yaml", GOLD, f"{GOLD} maxReplicas: 40,"),),
        "platform.yaml: warning: plan gold: maxReplicas 40 is promised, and its cpu and memory hold 32 [CAP006]\n"
        "  hint: write 32, or raise cpu and memory",
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
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: persistentvolumeclaims: up to 2 at once (2 rendered), and 1 are admitted [CAP007]\n"
        "  hint: 1 too much: lower what base/ asks for, or raise persistentvolumeclaims of its ResourceQuota",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.storage: up to 400Gi at once (files 200Gi + archive 200Gi), and 200Gi are admitted [CAP007]\n"
        "  hint: 200Gi too much: lower what base/ asks for, or raise it: tenantry set company-002 storage=SIZE",
    ),
    catches(
        "CAP007",
        "pods that bring a volume each",
        lambda scene: scene.pod()["volumes"].append(
            {
                "name": "scratch",
                "ephemeral": {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}},
            }
        ),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: persistentvolumeclaims: up to 22 at once (1 rendered + 21 of pods), and 1 are admitted [CAP007]\n"
        "  hint: 21 too much: lower what base/ asks for, or raise persistentvolumeclaims of its ResourceQuota",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: requests.storage: up to 221Gi at once (files 200Gi + scratch of fileserver 21 x 1Gi), and 200Gi are admitted [CAP007]\n"
        "  hint: 21Gi too much: lower what base/ asks for, or raise it: tenantry set company-002 storage=SIZE",
    ),
    catches(
        "CAP007",
        "a bound on the class that the volume is of",
        _quota("shared-files.storageclass.storage.k8s.io/requests.storage", "100Gi"),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: shared-files.storageclass.storage.k8s.io/requests.storage: up to 200Gi at once (files 200Gi), and 100Gi are admitted [CAP007]\n"
        "  hint: 100Gi too much: lower what base/ asks for, or raise shared-files.storageclass.storage.k8s.io/requests.storage of its ResourceQuota",
    ),
    catches(
        "CAP007",
        "a volume smaller than what is sold",
        lambda scene: scene.one("PersistentVolumeClaim", "files")["spec"]["resources"]["requests"].update(
            storage="10Gi"
        ),
        "base/guard/core/claims.yaml: error: PersistentVolumeClaim/company-002/files: it asks for 10Gi, and the company has 200Gi [CAP007]\n"
        "  hint: carry the fact spec.storage to its spec.resources.requests.storage",
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
    # --- CAP011
    catches(
        "CAP011",
        "a quota that counts some pods only",
        lambda scene: scene.one("ResourceQuota", "plan")["spec"].update(scopes=["NotTerminating"]),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: spec.scopes: it counts only the pods of this scope [CAP011]",
    ),
    passes("CAP011", "a quota that counts all", unchanged),
    # --- CAP009
    catches(
        "CAP009",
        "a cap that leaves most of the plan",
        (Edit("platform.yaml", GOLD, f"{GOLD} maxReplicas: 10,"),),
        "platform.yaml: warning: plan gold: its pods can use 31% of its CPU limits [CAP009]\n"
        "  hint: remove its maxReplicas 10: it holds 32",
        generate=True,
    ),
    catches(
        "CAP009",
        "memory that no pod needs",
        (Edit("platform.yaml", 'bronze: {cpu: "1", memory: 2Gi', 'bronze: {cpu: "1", memory: 8Gi'),),
        "platform.yaml: warning: plan bronze: its pods can use 25% of its memory limits [CAP009]\n"
        "  hint: its CPU limits hold 4 pods, which use 2Gi: raise its CPU limits, or sell 2Gi",
        generate=True,
    ),
    catches(
        "CAP009",
        "an add-on of which a third is never used",
        (Edit("platform.yaml", 'workload: ai-chatbot, cpu: "1"', "workload: ai-chatbot, cpu: 700m"),),
        "platform.yaml: warning: add-on chatbot: its pods can use 50% of its memory limits [CAP009]\n"
        "  hint: its CPU limits hold 2 pods, which use 1Gi: raise its CPU limits, or sell 1Gi",
        generate=True,
    ),
    catches(
        "CAP009",
        "a company that is kept from using its plan",
        (Edit("tenants/company-004.yaml", "", "overrides: {maxReplicas: 14}\n"),),
        "tenants/company-004.yaml: warning: its pods can use 88% of the CPU limits of plan silver [CAP009]\n"
        "  hint: remove overrides.maxReplicas, or choose a smaller plan",
        tenant="company-004",
        generate=True,
    ),
    passes(
        "CAP009",
        "a company that may use nine tenths of its plan",
        (Edit("tenants/company-004.yaml", "", "overrides: {maxReplicas: 15}\n"),),
        tenant="company-004",
        generate=True,
    ),
    passes(
        "CAP009",
        "a cap that leaves a tenth of the plan",
        (Edit("platform.yaml", GOLD, f"{GOLD} maxReplicas: 29,"),),
        generate=True,
    ),
    passes("CAP009", "the smallest plan, whose room for a roll-out comes on top", unchanged, tenant="company-001"),
    # --- CAP010
    catches(
        "CAP010",
        "an autoscaler that may let all go at once",
        lambda scene: scene.one("HorizontalPodAutoscaler", "ai-chatbot")["spec"].pop("behavior"),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: HorizontalPodAutoscaler/company-002/ai-chatbot: it has no scale-down policy, so it may let all pods but minReplicas go at once [CAP010]\n"
        "  hint: write spec.behavior.scaleDown.policies: [{type: Pods, value: 1, periodSeconds: 180}]",
    ),
    catches(
        "CAP010",
        "an autoscaler that forgets before its pods are gone",
        _scaling(stabilizationWindowSeconds=60),
        f"{_HPA}: it remembers for 60 s that it has wanted more pods, and may let these go while others still end [CAP010]\n"
        "  hint: write stabilizationWindowSeconds: 180, no less than a pod's grace and each periodSeconds",
    ),
    catches(
        "CAP010",
        "a grace that is longer than an autoscaler can remember",
        lambda scene: scene.pod().update(terminationGracePeriodSeconds=7200),
        f"{_HPA}: it remembers for 300 s that it has wanted more pods, and may let these go while others still end [CAP010]\n"
        "  hint: shorten terminationGracePeriodSeconds to 3600 at most",
    ),
    catches(
        "CAP010",
        "a policy that says nothing",
        _scaling(policies=[{"type": "Pods", "periodSeconds": 60}]),
        f"{_HPA}: a scale-down policy has no type, value or periodSeconds that can be read [CAP010]\n"
        "  hint: write it as in [{type: Pods, value: 1, periodSeconds: 180}]",
    ),
    catches(
        "CAP010",
        "a choice between policies that there is not",
        _scaling(selectPolicy="Fastest"),
        f"{_HPA}: selectPolicy is 'Fastest' [CAP010]\n  hint: write Max, Min or Disabled",
    ),
    catches(
        "CAP010",
        "two autoscalers on one Deployment",
        lambda scene: scene.add_again("HorizontalPodAutoscaler", "fileserver", "nightly"),
        "overlays/company-002/kustomization.yaml: error: HorizontalPodAutoscaler/company-002/nightly: fileserver and nightly scale the same Deployment: how fast its pods go is not known [CAP010]\n"
        "  hint: keep one of them",
    ),
    catches(
        "CAP010",
        "a kind whose pods nobody counts",
        lambda scene: scene.add(
            "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}, spec: {selector: {matchLabels: {app: agent}},"
            " template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: agent, image: example.com/agent:1}]}}}}"
        ),
        "overlays/company-002/kustomization.yaml: error: DaemonSet/company-002/agent: how many pods a DaemonSet runs at once is not known [CAP010]\n"
        "  hint: run its pods by a Deployment, StatefulSet, Job or CronJob",
    ),
    catches(
        "CAP010",
        "runs of a job that may overlap",
        lambda scene: scene.add(_NIGHTLY.format(policy="Allow")),
        "overlays/company-002/kustomization.yaml: error: CronJob/company-002/index: concurrencyPolicy is Allow: how many of its runs overlap is not known [CAP010]\n"
        "  hint: write concurrencyPolicy: Forbid",
    ),
    catches(
        "CAP010",
        "a container without a size",
        lambda scene: scene.container()["resources"].pop("limits"),
        f"{_DEPLOYMENT}: container fileserver has no limits.cpu and no limits.memory [CAP010]\n"
        "  hint: set requests and limits of cpu and memory",
    ),
    catches(
        "CAP010",
        "a RuntimeClass that adds what nobody has written down",
        lambda scene: scene.pod().update(runtimeClassName="gvisor"),
        f"{_DEPLOYMENT}: what the RuntimeClass gvisor adds to a pod is not known [CAP010]\n"
        "  hint: write its overhead.podFixed as the pod's overhead",
    ),
    catches(
        "CAP010",
        "an overhead without the RuntimeClass whose it is",
        lambda scene: scene.pod().update(overhead={"cpu": "10m"}),
        f"{_DEPLOYMENT}: its pods have the overhead of a RuntimeClass and name none, so the API server refuses them [CAP010]\n"
        "  hint: take it out, or write runtimeClassName",
    ),
    passes(
        "CAP010",
        "a RuntimeClass with its overhead",
        lambda scene: scene.pod().update(runtimeClassName="gvisor", overhead={"cpu": "10m", "memory": "20Mi"}),
    ),
    catches(
        "CAP010",
        "an amount that is none",
        lambda scene: scene.container()["resources"]["limits"].update(cpu="much"),
        f"{_DEPLOYMENT}: 'much' is not a quantity [CAP010]\n  hint: write a quantity such as 250m",
    ),
    passes("CAP010", "an autoscaler that lets no pod go", _scaling(selectPolicy="Disabled")),
    passes(
        "CAP010",
        "sizes that the pod has for all its containers",
        lambda scene: (scene.pod().update(resources=_SIZE), scene.container().pop("resources")),
    ),
    passes("CAP010", "a job whose runs wait for each other", lambda scene: scene.add(_NIGHTLY.format(policy="Forbid"))),
)
