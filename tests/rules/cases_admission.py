# ruff: noqa: E501 -- what a rule says is shown in one piece
"""Cases of what the API server checks beyond schemas, what the cluster fills in, and what works and does nothing.

More of each kind stand in tests/admission, where one object is looked at and nothing is rendered.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from tests.rules.harness import Change, Edit, Scene, catches, passes, unchanged

FILESERVER: Final = "base/edge/core/fileserver.yaml"
CHATBOT: Final = "base/edge/components/ai-chatbot/ai-chatbot.yaml"
FACTS: Final = "base/edge/components/facts/kustomization.yaml"


OF_THE_PROVIDER: Final = """apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: repository, namespace: argocd}
spec:
  refreshInterval: 1h0m0s
  secretStoreRef: {kind: ClusterSecretStore, name: provider}
  target: {name: repository, creationPolicy: Owner}
  dataFrom:
  - extract: {key: argocd/repository, conversionStrategy: Default, decodingStrategy: None, metadataPolicy: None}
"""

COMPONENT: Final = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
CONFIG_MAP: Final = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n"


def _at(kind: str, name: str, *path: str | int, value: Any) -> Change:
    """Set a field of an object."""

    def change(scene: Scene) -> None:
        holder: Any = scene.one(kind, name)
        for step in path[:-1]:
            holder = holder.setdefault(step, {}) if isinstance(step, str) else holder[step]
        holder[path[-1]] = value

    return change


def _deployment(*path: str | int, value: Any) -> Change:
    return _at("Deployment", "fileserver", "spec", *path, value=value)


def _pod_context(key: str, value: str | None, name: str = "fileserver") -> Change:
    """Write a field of the pods' security context, or leave it out."""

    def change(scene: Scene) -> None:
        context = scene.one("Deployment", name)["spec"]["template"]["spec"]["securityContext"]
        context.pop(key)
        context.update({key: value} if value else {})

    return change


def _remote(**fields: str) -> Change:
    """Leave nothing of the policies of the file server's secret but these."""

    def change(scene: Scene) -> None:
        remote = scene.one("ExternalSecret", "fileserver-users")["spec"]["data"][0]["remoteRef"]
        kept = {"key": remote["key"], "property": remote["property"]}
        remote.clear()
        remote.update(kept, **fields)

    return change


def _annotation(key: str, value: str) -> Change:
    return _at("Deployment", "fileserver", "metadata", "annotations", value={key: value})


def _container_metric(container: str) -> Change:
    metric = {
        "type": "ContainerResource",
        "containerResource": {
            "name": "cpu",
            "container": container,
            "target": {"type": "Utilization", "averageUtilization": 70},
        },
    }
    return _at("HorizontalPodAutoscaler", "fileserver", "spec", "metrics", value=[metric])


def _again(kind: str, name: str, *path: str, value: Any) -> Callable[[Scene], object]:
    """Add a copy of an object, called `other`, with another value in it."""

    def change(scene: Scene) -> None:
        scene.add_again(kind, name, "other")
        _at(kind, "other", *path, value=value)(scene)

    return change


def _switched_off(scene: Scene) -> None:
    scene.remove("HorizontalPodAutoscaler", "fileserver")
    scene.one("Deployment", "fileserver")["spec"]["replicas"] = 0


def _upgraded(now: str, following: str, change: Change) -> Change:
    """Declare an upgrade, and change something else."""

    def both(scene: Scene) -> None:
        cluster = replace(scene.platform.cluster, kubernetes=now, next_kubernetes=following)
        scene.platform = replace(scene.platform, cluster=cluster)
        change(scene)

    return both


def _api(kind: str, version: str) -> Change:
    return lambda scene: scene.one(kind, "fileserver").update(apiVersion=version)


def _variable(path: str) -> tuple[Edit, ...]:
    """Write the company's name into a variable, beside which another begins with the same word."""
    variables = "        env:\n        - {name: TENANT, value: unset}\n        - {name: TENANT_TIER, value: standard}\n"
    replacement = (
        "- source: {kind: TenantFacts, name: tenant, fieldPath: spec.name}\n"
        "  targets:\n"
        "  - select: {kind: Deployment, name: fileserver}\n"
        f'    fieldPaths: ["spec.template.spec.containers.[name=fileserver].env.{path}.value"]\n'
    )
    ports = "        ports:\n        - name: http\n"
    return (Edit(FILESERVER, ports, variables + ports), Edit(FACTS, "", replacement))


CASES = (
    # --- K8S015
    catches(
        "K8S015",
        "a mount of a volume that is not there",
        _deployment("template", "spec", "containers", 0, "volumeMounts", 0, "name", value="scratch"),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.template.spec.containers[0].volumeMounts[0].name: there is no volume scratch in this pod [K8S015]\n"
        "  hint: its volumes are files, users",
    ),
    catches(
        "K8S015",
        "a patch that leaves rollingUpdate beside Recreate",
        (
            Edit(
                "base/edge/components/ai-chatbot/kustomization.yaml",
                "kind: Component\n",
                "kind: Component\npatches:\n- target: {kind: Deployment, name: ai-chatbot}\n  patch: |-\n"
                '    - {"op": "replace", "path": "/spec/strategy/type", "value": "Recreate"}\n',
            ),
        ),
        f"{CHATBOT}: error: Deployment/company-002/ai-chatbot: spec.strategy.rollingUpdate: it stands beside type Recreate [K8S015]\n"
        "  hint: remove it, or write type RollingUpdate; a patch removes it with op: remove",
    ),
    passes(
        "K8S015",
        "a patch that takes rollingUpdate out as well",
        (
            Edit(
                "base/edge/components/ai-chatbot/kustomization.yaml",
                "kind: Component\n",
                "kind: Component\npatches:\n- target: {kind: Deployment, name: ai-chatbot}\n  patch: |-\n"
                '    - {"op": "replace", "path": "/spec/strategy/type", "value": "Recreate"}\n'
                '    - {"op": "remove", "path": "/spec/strategy/rollingUpdate"}\n',
            ),
        ),
    ),
    catches(
        "K8S015",
        "a name of the platform's that is none",
        (Edit("argocd/platform/extra.yaml", "", CONFIG_MAP.format("a_b")),),
        "argocd/platform/extra.yaml: error: ConfigMap/a_b: metadata.name: 'a_b' is not a DNS name: lower-case letters, digits, '-' and '.' inside, 253 characters at most [K8S015]",
    ),
    passes("K8S015", "what is rendered", unchanged),
    # --- K8S016
    catches(
        "K8S016",
        "one variable twice",
        lambda scene: scene.container("ai-chatbot")["env"].append({"name": "HOME", "value": "/"}),
        f"{CHATBOT}: error: Deployment/company-002/ai-chatbot: spec.template.spec.containers[0].env[9].name: a second entry has name HOME [K8S016]",
    ),
    catches(
        "K8S016",
        "two ports of one number and protocol, of which one says none",
        lambda scene: scene.container()["ports"].append({"name": "metrics", "containerPort": 8080}),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.template.spec.containers[0].ports[1].containerPort: a second entry has containerPort and protocol 8080, TCP [K8S016]",
    ),
    passes(
        "K8S016",
        "two ports of one number and two protocols",
        lambda scene: scene.container()["ports"].append({"name": "quic", "containerPort": 8080, "protocol": "UDP"}),
    ),
    # --- K8S017
    catches(
        "K8S017",
        "a quarter of a CPU",
        lambda scene: scene.container()["resources"]["limits"].update(cpu="0.25"),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.template.spec.containers[0].resources.limits.cpu: Kubernetes writes 0.25 as 250m [K8S017]\n"
        '  hint: write "250m"',
    ),
    passes(
        "K8S017", "the same in millicores", lambda scene: scene.container()["resources"]["limits"].update(cpu="250m")
    ),
    # --- K8S024, K8S025
    catches(
        "K8S024",
        "a Role without a rule",
        lambda scene: scene.one("Role", "support").update(rules=[]),
        "base/guard/core/access.yaml: error: Role/company-002/support: rules: it grants nothing [K8S024]\n"
        "  hint: write what it grants, or remove it",
    ),
    catches(
        "K8S024",
        "a resource of another group",
        lambda scene: scene.one("Role", "admin")["rules"][2].update(resources=["pods", "deployments"]),
        "base/guard/core/access.yaml: error: Role/company-002/admin: rules[2].resources[0]: pods is in no group of this rule: it is granted to nobody [K8S024]\n"
        "  hint: write the group '' or 'metrics.k8s.io'",
    ),
    catches(
        "K8S024",
        "a creation of what has a name already",
        lambda scene: scene.one("Role", "break-glass")["rules"][2].update(resourceNames=["a"], verbs=["create", "get"]),
        "base/guard/core/access.yaml: error: Role/company-002/break-glass: rules[2].resourceNames: create of pods is granted to nobody: what is created has no name yet [K8S024]\n"
        "  hint: grant it in a rule without resourceNames",
    ),
    passes(
        "K8S024",
        "what is created below a name",
        lambda scene: scene.one("Role", "break-glass")["rules"][0].update(resourceNames=["a"]),
    ),
    catches(
        "K8S025",
        "a probe that is more patient than the roll-out",
        lambda scene: scene.container()["startupProbe"].update(failureThreshold=300),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.template: container fileserver may take 600 s to start and counts after 65 s more, and the roll-out has failed after 600 s [K8S025]\n"
        "  hint: write more than 665 as progressDeadlineSeconds",
    ),
    catches(
        "K8S025",
        "a deadline that ends before the slowest start",
        lambda scene: scene.one("Deployment", "fileserver")["spec"].update(progressDeadlineSeconds=125),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.progressDeadlineSeconds: container fileserver may take 60 s to start and counts after 65 s more, and the roll-out has failed after 125 s [K8S025]\n"
        "  hint: write more than 125 as progressDeadlineSeconds",
    ),
    passes(
        "K8S025",
        "a second more",
        lambda scene: scene.one("Deployment", "fileserver")["spec"].update(progressDeadlineSeconds=126),
    ),
    # --- K8S026
    catches(
        "K8S026",
        "a rule behind one that has all its requests",
        lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"].append(
            {"matches": [{"path": {"type": "PathPrefix", "value": ""}}]}
        ),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[1]: an earlier rule has this match: no request comes here [K8S026]",
    ),
    passes(
        "K8S026",
        "a rule for one folder",
        lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"].append(
            {"matches": [{"path": {"type": "PathPrefix", "value": "/api"}}]}
        ),
    ),
    # --- K8S030
    catches(
        "K8S030",
        "a volume that is walked through at each start",
        _pod_context("fsGroupChangePolicy", "Always"),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.template.spec.securityContext.fsGroupChangePolicy: each start of a pod hands all files of the volume to the fsGroup [K8S030]\n"
        "  hint: write fsGroupChangePolicy: OnRootMismatch",
    ),
    catches(
        "K8S030",
        "the policy left out, which is the same",
        _pod_context("fsGroupChangePolicy", None),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.template.spec.securityContext: each start of a pod hands all files of the volume to the fsGroup [K8S030]\n"
        "  hint: write fsGroupChangePolicy: OnRootMismatch",
    ),
    passes("K8S030", "no group at all", _pod_context("fsGroup", None)),
    passes("K8S030", "a pod without a volume", _pod_context("fsGroupChangePolicy", "Always", "ai-chatbot")),
    # --- K8S018
    catches(
        "K8S018",
        "a paused Deployment",
        _deployment("paused", value=True),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.paused: no change of its pods is ever rolled out [K8S018]",
    ),
    catches(
        "K8S018",
        "a pod that nobody lets near a node",
        _deployment("template", "spec", "schedulingGates", value=[{"name": "example.com/licence"}]),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.template.spec.schedulingGates: its pods wait for a program that takes the gate away [K8S018]",
    ),
    catches(
        "K8S018",
        "a pod that nobody makes ready",
        _deployment("template", "spec", "readinessGates", value=[{"conditionType": "example.com/attached"}]),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.template.spec.readinessGates: its pods are not ready until a program sets the condition [K8S018]",
    ),
    catches(
        "K8S018",
        "an autoscaler that never adds",
        _at("HorizontalPodAutoscaler", "fileserver", "spec", "behavior", "scaleUp", value={"selectPolicy": "Disabled"}),
        f"{FILESERVER}: error: HorizontalPodAutoscaler/company-002/fileserver: spec.behavior.scaleUp.selectPolicy: it never does scaleUp [K8S018]\n"
        "  hint: write Min or Max",
    ),
    catches(
        "K8S018",
        "no replicas, and nothing that scales",
        _switched_off,
        f"{FILESERVER}: error: Deployment/company-002/fileserver: spec.replicas: it has no pods [K8S018]\n"
        "  hint: remove it, or write how many there are",
    ),
    passes("K8S018", "a Deployment that says that it is not paused", _deployment("paused", value=False)),
    passes(
        "K8S018",
        "an autoscaler that takes the slower of its policies",
        _at("HorizontalPodAutoscaler", "fileserver", "spec", "behavior", "scaleUp", value={"selectPolicy": "Min"}),
    ),
    # --- K8S019
    catches(
        "K8S019",
        "a budget over every pod beside that of each",
        _again(
            "PodDisruptionBudget",
            "fileserver",
            "spec",
            "selector",
            value={"matchLabels": {"app.kubernetes.io/part-of": "tenantry"}},
        ),
        "overlays/company-002/kustomization.yaml: error: PodDisruptionBudget/company-002/other: spec.selector: it covers the pods of Deployment/company-002/ai-chatbot, which PodDisruptionBudget/company-002/ai-chatbot covers as well [K8S019]",
    ),
    passes(
        "K8S019",
        "a budget over other pods",
        _again(
            "PodDisruptionBudget",
            "fileserver",
            "spec",
            "selector",
            value={"matchLabels": {"app.kubernetes.io/name": "x"}},
        ),
    ),
    # --- K8S020
    catches(
        "K8S020",
        "two ExternalSecrets of one target",
        _again("ExternalSecret", "fileserver-users", "spec", "target", "creationPolicy", value="Owner"),
        "overlays/company-002/kustomization.yaml: error: ExternalSecret/company-002/other: spec.target.name: ExternalSecret/company-002/fileserver-users makes the Secret fileserver-users already [K8S020]",
    ),
    passes(
        "K8S020",
        "two ExternalSecrets of two targets",
        _again("ExternalSecret", "fileserver-users", "spec", "target", "name", value="other"),
    ),
    # --- K8S021
    catches(
        "K8S021",
        "a metric of a container that is not there",
        _container_metric("fileserve"),
        f"{FILESERVER}: error: HorizontalPodAutoscaler/company-002/fileserver: spec.metrics[0].containerResource.container: there is no container fileserve in Deployment fileserver [K8S021]\n"
        "  hint: did you mean 'fileserver'?",
    ),
    passes("K8S021", "a metric of a container that is there", _container_metric("fileserver")),
    # --- K8S022
    catches(
        "K8S022",
        "a field that the next version has no more",
        _upgraded("1.35", "1.36", _deployment("template", "spec", "workloadRef", value={"name": "a", "podGroup": "b"})),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: Kubernetes 1.36: unknown key `spec.template.spec.workloadRef` [K8S022]",
    ),
    catches(
        "K8S022",
        "an API that the next version has no more",
        _upgraded("1.25", "1.26", _api("HorizontalPodAutoscaler", "autoscaling/v2beta2")),
        f"{FILESERVER}: error: HorizontalPodAutoscaler/company-002/fileserver: autoscaling/v2beta2 HorizontalPodAutoscaler is gone in Kubernetes 1.26 [K8S022]\n"
        "  hint: write apiVersion: autoscaling/v1 or autoscaling/v2, and what changed with it",
    ),
    catches(
        "K8S001",
        "a key of the platform's that no kind has",
        (Edit("argocd/platform/extra.yaml", "", CONFIG_MAP.format("extra") + "dta: {}\n"),),
        "argocd/platform/extra.yaml: error: ConfigMap/extra: unknown key `dta` [K8S001]\n  hint: did you mean 'data'?",
    ),
    catches(
        "K8S001",
        "an API of the platform's that is gone",
        (
            Edit(
                "argocd/platform/extra.yaml", "", "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: extra}\n"
            ),
        ),
        "argocd/platform/extra.yaml: error: CronJob/extra: batch/v1beta1 CronJob is no kind of Kubernetes 1.36 [K8S001]",
    ),
    passes(
        "K8S001",
        "a kind of the platform's that its own definition brings",
        (Edit("argocd/platform/extra.yaml", "", "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: extra}\n"),),
    ),
    passes(
        "K8S001",
        "a secret of the provider's with what no company may have",
        (
            Edit(
                "argocd/platform/extra.yaml",
                "",
                OF_THE_PROVIDER + "  - find: {name: {regexp: .*}, tags: {a: b}}\n",
            ),
        ),
    ),
    passes("K8S022", "what both versions take", _upgraded("1.36", "1.37", unchanged)),
    passes("K8S022", "no upgrade", _deployment("template", "spec", "workloadRef", value={"name": "a"})),
    # --- ARG030
    catches(
        "ARG030",
        "a policy of a secret left out",
        _remote(conversionStrategy="Default", metadataPolicy="None"),
        f'{FILESERVER}: error: ExternalSecret/company-002/fileserver-users: spec.data[0].remoteRef.decodingStrategy: it is left out, and the cluster fills in "None" [ARG030]\n'
        '  hint: write `decodingStrategy: "None"`',
    ),
    catches(
        "ARG030",
        "the weight of a backend left out",
        lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0]["backendRefs"][0].pop("weight"),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].backendRefs[0].weight: it is left out, and the cluster fills in 1 [ARG030]\n"
        "  hint: write `weight: 1`",
    ),
    catches(
        "ARG030",
        "a policy of a secret of the provider's left out",
        (Edit("argocd/platform/extra.yaml", "", OF_THE_PROVIDER),),
        'argocd/platform/extra.yaml: error: ExternalSecret/argocd/repository: spec.target.deletionPolicy: it is left out, and the cluster fills in "Retain" [ARG030]\n'
        '  hint: write `deletionPolicy: "Retain"`',
    ),
    passes(
        "ARG030",
        "a secret of the provider's with all policies",
        (Edit("argocd/platform/extra.yaml", "", OF_THE_PROVIDER.replace("Owner}", "Owner, deletionPolicy: Retain}")),),
    ),
    passes("ARG030", "a field of Kubernetes' own left out, which Argo CD knows", _deployment("strategy", value={})),
    # --- ARG031
    catches(
        "ARG031",
        "a wave that is no integer",
        _annotation("argocd.argoproj.io/sync-wave", "last"),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: metadata.annotations.argocd.argoproj.io/sync-wave: 'last' is no integer, and counts as wave 0 [ARG031]\n"
        "  hint: write a number in quotes",
    ),
    catches(
        "ARG031",
        "an option that is misspelt",
        _annotation("argocd.argoproj.io/sync-options", "Prune=flase"),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: metadata.annotations.argocd.argoproj.io/sync-options: Argo CD has no option 'Prune=flase' [ARG031]\n"
        "  hint: did you mean 'Prune=false'?",
    ),
    catches(
        "ARG031",
        "an annotation that is misspelt",
        _annotation("argocd.argoproj.io/sync-waves", "1"),
        f"{FILESERVER}: error: Deployment/company-002/fileserver: metadata.annotations.argocd.argoproj.io/sync-waves: Argo CD has no such annotation [ARG031]\n"
        "  hint: did you mean 'argocd.argoproj.io/sync-wave'?",
    ),
    passes("ARG031", "a wave below 0", _annotation("argocd.argoproj.io/sync-wave", "-5")),
    # --- KUS019
    catches(
        "KUS019",
        "a name that another begins with",
        _variable("[name=TENANT]"),
        f"{FACTS}: error: [name=TENANT] writes TENANT_TIER of Deployment fileserver as well [KUS019]\n"
        "  hint: write [name=^TENANT$]",
    ),
    passes("KUS019", "the same name with its ends", _variable("[name=^TENANT$]")),
    # --- KUS020
    catches(
        "KUS020",
        "a policy in no kustomization",
        (Edit("base/edge/core/deny-metadata.yaml", "", "kind: NetworkPolicy\n"),),
        "base/edge/core/deny-metadata.yaml: error: no kustomization names this file [KUS020]\n"
        "  hint: name it under resources: of base/edge/core/kustomization.yaml, or remove the file if nobody needs it",
    ),
    catches(
        "KUS020",
        "a component that no overlay names",
        (Edit("base/edge/components/gatway/kustomization.yaml", "", COMPONENT),),
        "base/edge/components/gatway/kustomization.yaml: error: no build reads this kustomization [KUS020]\n"
        "  hint: did you mean 'gateway'?",
    ),
    catches(
        "KUS020",
        "how an add-on is reached, misspelt",
        (Edit("base/edge/components/ai-chatbt-gateway/kustomization.yaml", "", COMPONENT),),
        "base/edge/components/ai-chatbt-gateway/kustomization.yaml: error: no build reads this kustomization [KUS020]\n"
        "  hint: did you mean 'ai-chatbot-gateway'?",
    ),
    catches(
        "KUS020",
        "a claim that platform.yaml does not name",
        (Edit("base/guard/components/ai-chatbot-claim/kustomization.yaml", "", COMPONENT),),
        "base/guard/components/ai-chatbot-claim/kustomization.yaml: error: no build reads this kustomization [KUS020]\n"
        "  hint: name what it brings: claim and storage of addons.chatbot in platform.yaml",
    ),
    passes(
        "KUS020",
        "how an add-on was reached that is sold no more",
        (Edit("base/edge/components/search-gateway/kustomization.yaml", "", COMPONENT),),
    ),
    catches(
        "KUS020",
        "a manifest of the platform in no kustomization",
        (Edit("argocd/platform/extra.yaml", "", CONFIG_MAP.format("extra")),),
        "argocd/platform/extra.yaml: error: no kustomization names this file [KUS020]\n"
        "  hint: name it under resources: of argocd/platform/kustomization.yaml, or remove the file if nobody needs it",
    ),
    passes("KUS020", "a page for people", (Edit("base/edge/core/README.md", "", "Read me.\n"),)),
)
