# ruff: noqa: E501 -- what a rule says is shown in one piece
"""Cases of the family K8S: what the API server would refuse, or accept and not do."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from tests.rules.harness import Change, Edit, Scene, catches, passes, unchanged

PVC_POD = "  template: {metadata: {labels: {app: x}}, spec: {containers: [{name: x, image: example.com/x:1}]}}\n"


def _spec(kind: str, name: str, **fields: Any) -> Change:
    """Set fields of an object's spec."""
    return lambda scene: scene.one(kind, name)["spec"].update(fields)


def _parent(**fields: str) -> Change:
    """Give the file server's route a second parent, beside the first which names the listener https."""

    def change(scene: Scene) -> None:
        parents = scene.one("HTTPRoute", "fileserver")["spec"]["parentRefs"]
        first = {key: value for key, value in parents[0].items() if key != "sectionName"}
        parents.append({**first, **fields})

    return change


def _route(**fields: object) -> Change:
    """Set fields of the only rule of the file server's route."""
    return lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0].update(fields)


_HEADERS: Final = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x-debug"]}}
_TO_TLS: Final = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
_TO_THE_ROOT: Final = {
    "type": "URLRewrite",
    "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
}


_TO_ONE_PAGE: Final = {
    "type": "URLRewrite",
    "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/__dufs__/health"}},
}


def _second_rule(scene: Scene) -> None:
    """Give one path of the file server's host a rule of its own, and redirect another."""
    rules = scene.one("HTTPRoute", "fileserver")["spec"]["rules"]
    to = rules[0]["backendRefs"]
    rules.append({"matches": [{"path": {"type": "Exact", "value": "/health"}}], "backendRefs": to})
    rules.append({"matches": [{"path": {"type": "PathPrefix", "value": "/old"}}], "filters": [_TO_TLS]})


def _template(data: dict[str, str]) -> Change:
    """Let the Secret of the file server's users be written by a template."""
    return lambda scene: scene.one("ExternalSecret", "fileserver-users")["spec"]["target"].update(
        template={"engineVersion": "v2", "mergePolicy": "Replace", "data": data}
    )


def _redirected(filters: Sequence[object]) -> Change:
    """Let the only rule of the file server's route answer by itself."""

    def change(scene: Scene) -> None:
        _route(filters=filters)(scene)
        for field in ("backendRefs", "timeouts"):
            del scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0][field]

    return change


def _resources(side: str, **fields: str) -> Change:
    """Set requests or limits of the file server's container."""
    return lambda scene: scene.container()["resources"][side].update(fields)


def _limit(key: str, **fields: str) -> Change:
    """Set a part of the LimitRange."""
    return lambda scene: scene.one("LimitRange", "container")["spec"]["limits"][0].setdefault(key, {}).update(fields)


def _all(*changes: Change) -> Change:
    def change(scene: Scene) -> None:
        for change in changes:
            change(scene)

    return change


def _plan(**fields: Any) -> Change:
    """Sell the plan silver otherwise."""

    def change(scene: Scene) -> None:
        plans = {**scene.platform.plans, "silver": replace(scene.platform.plans["silver"], **fields)}
        scene.platform = replace(scene.platform, plans=plans)

    return change


def _without(*path: str | int) -> Change:
    """Take a field of the file server's container out."""

    def change(scene: Scene) -> None:
        *way, last = path
        value: Any = scene.container()
        for step in way:
            value = value[step]
        del value[last]

    return change


def _volume(name: str, **fields: Any) -> Change:
    """Take a volume of the file server from elsewhere."""

    def change(scene: Scene) -> None:
        volumes = [volume for volume in scene.pod()["volumes"] if volume["name"] != name]
        scene.pod()["volumes"] = [*volumes, {"name": name, **fields}]

    return change


def _budget(scene: Scene, how: dict[str, Any]) -> None:
    selector = scene.one("PodDisruptionBudget", "fileserver")["spec"]["selector"]
    scene.one("PodDisruptionBudget", "fileserver")["spec"] = {"selector": selector, **how}


def _variable(scene: Scene, source: str, name: str, key: str) -> None:
    variable = {"name": "EXTRA", "valueFrom": {source: {"name": name, "key": key}}}
    scene.container("ai-chatbot")["env"].append(variable)


def _stateful(templates: str) -> Callable[[Scene], object]:
    text = (
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: store}\nspec:\n"
        f"  replicas: 1\n  serviceName: store\n  selector: {{matchLabels: {{app: x}}}}\n{PVC_POD}"
        f"  volumeClaimTemplates: {templates}\n"
    )
    return lambda scene: scene.add(text)


def _all_properties(scene: Scene) -> None:
    spec = scene.one("ExternalSecret", "ai-chatbot")["spec"]
    key = spec.pop("data")[0]["remoteRef"]
    spec["dataFrom"] = [{"extract": {name: value for name, value in key.items() if name != "property"}}]


_DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        description: A thing
        type: object
        properties: {size: {type: integer, format: int32, description: How large, default: 7}}
"""


def _other_port_of_the_name(scene: Scene) -> None:
    beside = {"name": "usage", "ports": [{"name": "http", "containerPort": 9101, "protocol": "TCP"}]}
    scene.pod()["containers"].append(scene.container() | beside)


CASES = (
    # --- K8S001
    catches(
        "K8S001",
        "a field of the old autoscaler",
        _spec("HorizontalPodAutoscaler", "fileserver", targetCPUUtilizationPercentage=70),
        "base/edge/core/fileserver.yaml: error: HorizontalPodAutoscaler/company-002/fileserver: unknown key `spec.targetCPUUtilizationPercentage` [K8S001]",
    ),
    passes(
        "K8S001",
        "a definition whose fields are called as keywords of schemas are",
        lambda scene: scene.add(_DEFINITION),
    ),
    catches(
        "K8S001",
        "a misspelt field",
        lambda scene: scene.container().update(readinesProbe={}),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: unknown key `spec.template.spec.containers[0].readinesProbe` [K8S001]\n"
        "  hint: did you mean 'readinessProbe'?",
    ),
    catches(
        "K8S001",
        "an API that is no longer served",
        lambda scene: scene.one("PodDisruptionBudget", "fileserver").update(apiVersion="policy/v1beta1"),
        "base/edge/core/fileserver.yaml: error: PodDisruptionBudget/company-002/fileserver: policy/v1beta1 PodDisruptionBudget is no kind of Kubernetes 1.36, and none that tenantry knows [K8S001]",
    ),
    catches(
        "K8S001",
        "a kind of a group that begins alike",
        lambda scene: scene.one("Deployment", "fileserver").update(apiVersion="apps.example.com/v1"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: apps.example.com/v1 Deployment is no kind of Kubernetes 1.36, and none that tenantry knows [K8S001]",
    ),
    catches(
        "K8S001",
        "a quantity that is none",
        _resources("limits", memory="512MB"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: spec.template.spec.containers[0].resources.limits.memory: '512MB' is not a quantity such as 250m, 2 or 512Mi [K8S001]",
    ),
    catches(
        "K8S001",
        "a word that the API does not know",
        _spec("PersistentVolumeClaim", "files", accessModes=["ReadWriteMay"]),
        "base/guard/core/claims.yaml: error: PersistentVolumeClaim/company-002/files: spec.accessModes[0]: 'ReadWriteMay' is not one of ReadOnlyMany, ReadWriteMany, ReadWriteOnce, ReadWriteOncePod [K8S001]\n"
        "  hint: did you mean 'ReadWriteMany'?",
    ),
    catches(
        "K8S001",
        "a field that is null",
        _spec("Service", "fileserver", selector=None),
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: spec.selector: expected a mapping, got nothing [K8S001]",
    ),
    catches(
        "K8S001",
        "a field of a route that Gateways do not have",
        _spec("HTTPRoute", "fileserver", hosts=["x.example.com"]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: unknown key `spec.hosts` [K8S001]\n"
        "  hint: did you mean 'hostnames'?",
    ),
    catches(
        "K8S001",
        "a route to two parents of which one names no listener",
        _parent(),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: the key `spec.parentRefs[1].sectionName` is missing [K8S001]",
    ),
    catches(
        "K8S001",
        "a route to the same listener twice",
        _parent(sectionName="https"),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.parentRefs: the same item stands here twice [K8S001]\n"
        "  hint: keep one of the two",
    ),
    catches(
        "K8S001",
        "a route whose backend may take longer than the request",
        _route(timeouts={"request": "5s", "backendRequest": "10s"}),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].timeouts: 2 keys, 1 more than the 1 allowed [K8S001]",
    ),
    catches(
        "K8S001",
        "a path that Gateways do not take",
        _route(matches=[{"path": {"type": "Exact", "value": "/files//old"}}]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].matches[0].path.value: '/files//old' is not an absolute path such as /files, without `//`, `..` and `%` [K8S001]",
    ),
    catches(
        "K8S001",
        "a route that rewrites the prefix of an exact path",
        _route(matches=[{"path": {"type": "Exact", "value": "/old"}}], filters=[_TO_THE_ROOT]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].matches[0].path.type: 'Exact' is not 'PathPrefix' [K8S001]",
    ),
    catches(
        "K8S001",
        "a route that rewrites the prefix of either of two paths",
        _route(
            matches=[{"path": {"type": "PathPrefix", "value": path}} for path in ("/a", "/b")], filters=[_TO_THE_ROOT]
        ),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].matches: 2 items, 1 more than the 1 allowed [K8S001]",
    ),
    passes(
        "K8S001",
        "a route that rewrites an exact path",
        _route(
            matches=[{"path": {"type": "Exact", "value": "/old"}}],
            filters=[
                {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/new"}}}
            ],
        ),
    ),
    catches(
        "K8S001",
        "a route that sets headers in two filters",
        _route(filters=[_HEADERS, _HEADERS]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].filters: one RequestHeaderModifier is allowed [K8S001]",
    ),
    catches(
        "K8S001",
        "a route that rewrites what it redirects",
        _redirected([_TO_TLS, _TO_THE_ROOT]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].filters[1].type: 'URLRewrite' is not one of RequestHeaderModifier, ResponseHeaderModifier, RequestRedirect [K8S001]",
    ),
    catches(
        "K8S001",
        "a version of Kubernetes without schemas",
        (Edit("platform.yaml", 'kubernetes: "1.36"', 'kubernetes: "1.99"'),),
        "platform.yaml: error: there are no schemas of Kubernetes 1.99: nothing can be held against it [K8S001]\n"
        "  hint: install a kubernetes-validate that has them",
    ),
    passes(
        "K8S001",
        "a field that Kubernetes has and base/ does not use",
        lambda scene: scene.pod().update(hostUsers=False),
    ),
    # --- K8S002
    catches(
        "K8S002",
        "a Service for pods of another name",
        _spec("Service", "fileserver", selector={"app": "fileserver"}),
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: its selector selects no pod [K8S002]",
    ),
    catches(
        "K8S002",
        "a Service for the pods of another",
        _spec("Service", "ai-chatbot", selector={"app.kubernetes.io/name": "fileserver"}),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: Service/company-002/ai-chatbot: it is called as ai-chatbot, and its selector selects the pods of Deployment/company-002/fileserver [K8S002]\n"
        "  hint: select the pods of ai-chatbot alone, or call it otherwise",
    ),
    passes(
        "K8S002",
        "a Service of another name for the pods of one",
        lambda scene: scene.add_again("Service", "fileserver", "files"),
    ),
    catches(
        "K8S002",
        "a Deployment that selects the pods of another",
        _spec("Deployment", "fileserver", selector={"matchLabels": {"app.kubernetes.io/part-of": "tenantry"}}),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: its selector selects the pods of Deployment/company-002/ai-chatbot as well [K8S002]",
    ),
    catches(
        "K8S002",
        "a policy for pods that nobody runs",
        _spec("NetworkPolicy", "fileserver-from-gateway", podSelector={"matchLabels": {"app": "fileserver"}}),
        "base/guard/components/gateway/network.yaml: error: NetworkPolicy/company-002/fileserver-from-gateway: its podSelector selects no pod: it guards nothing [K8S002]",
    ),
    catches(
        "K8S002",
        "a budget for pods that nobody runs",
        _spec(
            "PodDisruptionBudget", "fileserver", selector={"matchExpressions": [{"key": "app", "operator": "Exists"}]}
        ),
        "base/edge/core/fileserver.yaml: error: PodDisruptionBudget/company-002/fileserver: its selector selects no pod [K8S002]",
    ),
    passes(
        "K8S002",
        "the same pods by an expression",
        _spec(
            "PodDisruptionBudget",
            "fileserver",
            selector={
                "matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "In", "values": ["fileserver"]}]
            },
        ),
    ),
    # --- K8S003
    catches(
        "K8S003",
        "a container without a limit of memory",
        _without("resources", "limits", "memory"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver has no limits.memory [K8S003]",
    ),
    catches(
        "K8S003",
        "an init container that says nothing",
        lambda scene: scene.pod().update(initContainers=[{"name": "wait", "image": "example.com/wait:1"}]),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container wait has no limits.cpu [K8S003]",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container wait has no limits.ephemeral-storage [K8S003]",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container wait has no limits.memory [K8S003]",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container wait has no requests.cpu [K8S003]",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container wait has no requests.ephemeral-storage [K8S003]",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container wait has no requests.memory [K8S003]",
    ),
    catches(
        "K8S003",
        "no word of the disk that the quota counts",
        _without("resources", "requests", "ephemeral-storage"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver has no requests.ephemeral-storage [K8S003]",
    ),
    passes("K8S003", "requests as large as limits", _resources("requests", cpu="250m", memory="512Mi")),
    # --- K8S004
    catches(
        "K8S004",
        "a container larger than the largest",
        _resources("limits", cpu="2"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver may use 16 times the cpu that it requests, more than 2 times [K8S004]",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver may use 2 of cpu, more than the most, 1 [K8S004]",
    ),
    catches(
        "K8S004",
        "a request above its limit",
        _resources("requests", memory="1Gi"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver requests 1Gi of memory, more than its limit, 512Mi [K8S004]",
    ),
    catches(
        "K8S004",
        "a request that meets a default limit below it",
        _all(_without("resources", "limits", "cpu"), _resources("requests", cpu="500m")),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver requests 500m of cpu, more than its limit, 250m [K8S004]",
    ),
    catches(
        "K8S004",
        "a claim larger than the largest",
        lambda scene: scene.one("LimitRange", "container")["spec"]["limits"].append(
            {"type": "PersistentVolumeClaim", "max": {"storage": "100Gi"}}
        ),
        "base/guard/core/claims.yaml: error: PersistentVolumeClaim/company-002/files: it may use 200Gi of storage, more than the most, 100Gi [K8S004]",
    ),
    catches(
        "K8S004",
        "a pod whose containers together are too large",
        lambda scene: scene.one("LimitRange", "container")["spec"]["limits"].append(
            {"type": "Pod", "max": {"cpu": "200m"}}
        ),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: Deployment/company-002/ai-chatbot: the pod may use 250m of cpu, more than the most, 200m [K8S004]",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the pod may use 250m of cpu, more than the most, 200m [K8S004]",
    ),
    passes(
        "K8S004",
        "a container as large as the largest",
        _all(_resources("limits", cpu="1"), _resources("requests", cpu="500m")),
    ),
    passes(
        "K8S004",
        "a limit alone: what is not requested is the limit, not the default",
        _all(_resources("limits", cpu="1"), _without("resources", "requests", "cpu")),
    ),
    # --- K8S005
    catches(
        "K8S005",
        "a target that is not there",
        _spec(
            "HorizontalPodAutoscaler",
            "fileserver",
            scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "files"},
        ),
        "base/edge/core/fileserver.yaml: error: HorizontalPodAutoscaler/company-002/fileserver: there is no apps/v1 Deployment files [K8S005]",
    ),
    catches(
        "K8S005",
        "a second autoscaler",
        lambda scene: scene.add_again("HorizontalPodAutoscaler", "fileserver", "nightly"),
        "overlays/company-002/kustomization.yaml: error: HorizontalPodAutoscaler/company-002/nightly: HorizontalPodAutoscaler/company-002/fileserver scales the same target already [K8S005]",
    ),
    catches(
        "K8S005",
        "bounds in the wrong order",
        _spec("HorizontalPodAutoscaler", "fileserver", minReplicas=17),
        "base/edge/core/fileserver.yaml: error: HorizontalPodAutoscaler/company-002/fileserver: minReplicas 17 is more than maxReplicas 16 [K8S005]",
    ),
    catches(
        "K8S005",
        "no metric",
        _spec("HorizontalPodAutoscaler", "fileserver", metrics=[]),
        "base/edge/core/fileserver.yaml: error: HorizontalPodAutoscaler/company-002/fileserver: it has no metric: write out which load it follows [K8S005]",
    ),
    catches(
        "K8S005",
        "no request of what it follows",
        _without("resources", "requests", "cpu"),
        "base/edge/core/fileserver.yaml: error: HorizontalPodAutoscaler/company-002/fileserver: it follows the use of cpu, which container fileserver does not request [K8S005]",
    ),
    catches(
        "K8S005",
        "the first version of the API",
        lambda scene: scene.one("HorizontalPodAutoscaler", "fileserver").update(apiVersion="autoscaling/v1"),
        "base/edge/core/fileserver.yaml: error: HorizontalPodAutoscaler/company-002/fileserver: it is autoscaling/v1: write autoscaling/v2 [K8S005]",
    ),
    catches(
        "K8S005",
        "an autoscaler that may go to nothing",
        _spec("HorizontalPodAutoscaler", "fileserver", minReplicas=0),
        "base/edge/core/fileserver.yaml: error: HorizontalPodAutoscaler/company-002/fileserver: minReplicas 0 switches it off [K8S005]",
    ),
    passes("K8S005", "as many at least as at most", _spec("HorizontalPodAutoscaler", "fileserver", minReplicas=10)),
    # --- K8S006
    catches(
        "K8S006",
        "a volume of one node for many pods",
        _spec("PersistentVolumeClaim", "files", accessModes=["ReadWriteOnce"]),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the volume files is ReadWriteOnce, and there may be 16 pods [K8S006]",
    ),
    catches(
        "K8S006",
        "a volume of one pod and a roll-out that starts before it ends",
        _all(
            _spec("PersistentVolumeClaim", "files", accessModes=["ReadWriteOncePod"]),
            _spec("HorizontalPodAutoscaler", "fileserver", maxReplicas=1),
        ),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the volume files is ReadWriteOncePod, and a roll-out starts the new pod before the old one ends [K8S006]",
    ),
    passes(
        "K8S006",
        "a volume of one node for one pod that is replaced",
        _all(
            _spec("PersistentVolumeClaim", "files", accessModes=["ReadWriteOnce"]),
            _spec("HorizontalPodAutoscaler", "fileserver", maxReplicas=1),
            _spec("Deployment", "fileserver", strategy={"type": "Recreate"}),
        ),
    ),
    # --- K8S007
    catches(
        "K8S007",
        "a StatefulSet with volumes of its own",
        _stateful(templates="[{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]"),
        "overlays/company-002/kustomization.yaml: error: StatefulSet/company-002/store: volumeClaimTemplates makes volumes data that nothing guards, one for each replica [K8S007]\n"
        "  hint: write a PersistentVolumeClaim into base/guard, and name it under volumes of the pods",
    ),
    passes("K8S007", "a StatefulSet without", _stateful(templates="[]")),
    # --- K8S008
    catches(
        "K8S008",
        "one pod that must always be there",
        lambda scene: _budget(scene, {"minAvailable": 1}),
        "base/edge/core/fileserver.yaml: error: PodDisruptionBudget/company-002/fileserver: at 1 of Deployment/company-002/fileserver it lets no pod go: a drain waits for ever [K8S008]",
    ),
    catches(
        "K8S008",
        "no pod that may be away",
        lambda scene: _budget(scene, {"maxUnavailable": "0%"}),
        "base/edge/core/fileserver.yaml: error: PodDisruptionBudget/company-002/fileserver: at 1 of Deployment/company-002/fileserver it lets no pod go: a drain waits for ever [K8S008]",
    ),
    catches(
        "K8S008",
        "half of one pod, which is one",
        lambda scene: _budget(scene, {"minAvailable": "50%"}),
        "base/edge/core/fileserver.yaml: error: PodDisruptionBudget/company-002/fileserver: at 1 of Deployment/company-002/fileserver it lets no pod go: a drain waits for ever [K8S008]",
    ),
    passes(
        "K8S008",
        "one of two pods that must be there",
        _all(
            lambda scene: _budget(scene, {"minAvailable": 1}),
            _spec("HorizontalPodAutoscaler", "fileserver", minReplicas=2),
        ),
    ),
    # --- K8S009
    catches(
        "K8S009",
        "a promise and one pod",
        _plan(availability="99.9%"),
        "base/edge/core/fileserver.yaml: warning: Deployment/company-002/fileserver: plan silver promises 99.9%, and 1 pod may be all there is [K8S009]\n"
        "  hint: raise minReplicas of plan silver",
    ),
    passes(
        "K8S009",
        "a promise and two pods",
        _all(_plan(availability="99.9%"), _spec("HorizontalPodAutoscaler", "fileserver", minReplicas=2)),
    ),
    # --- K8S011
    catches(
        "K8S011",
        "no readiness probe",
        _without("readinessProbe"),
        "base/edge/core/fileserver.yaml: warning: Deployment/company-002/fileserver: container fileserver has no readinessProbe [K8S011]",
    ),
    catches(
        "K8S011",
        "pods on one node",
        lambda scene: scene.pod().pop("topologySpreadConstraints"),
        "base/edge/core/fileserver.yaml: warning: Deployment/company-002/fileserver: its pods are not spread over nodes [K8S011]",
    ),
    passes("K8S011", "no startup probe", _without("startupProbe")),
    # --- K8S012
    catches(
        "K8S012",
        "a Secret that nobody makes",
        lambda scene: scene.remove("ExternalSecret", "fileserver-users"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: there is no Secret fileserver-users [K8S012]",
    ),
    catches(
        "K8S012",
        "a key that the Secret does not have",
        lambda scene: _variable(scene, "secretKeyRef", "ai-chatbot", "API_KEY"),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: Deployment/company-002/ai-chatbot: the Secret ai-chatbot has no key API_KEY [K8S012]",
    ),
    catches(
        "K8S012",
        "a claim of another name",
        _volume("files", persistentVolumeClaim={"claimName": "archive"}),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: there is no PersistentVolumeClaim archive [K8S012]",
    ),
    catches(
        "K8S012",
        "a route without its Service",
        lambda scene: scene.remove("Service", "fileserver"),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: there is no Service fileserver [K8S012]",
    ),
    catches(
        "K8S012",
        "a binding of a Role that is gone",
        lambda scene: scene.remove("Role", "support"),
        "base/guard/core/access.yaml: error: RoleBinding/company-002/support: there is no Role support [K8S012]",
    ),
    catches(
        "K8S012",
        "an account that is not there",
        lambda scene: scene.pod().update(serviceAccountName="files"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: there is no ServiceAccount files [K8S012]",
    ),
    passes("K8S012", "a Secret of all properties of a key", _all_properties),
    passes(
        "K8S012",
        "a ConfigMap that may be missing",
        lambda scene: scene.container().update(envFrom=[{"configMapRef": {"name": "extra", "optional": True}}]),
    ),
    # --- K8S013
    catches(
        "K8S013",
        "a second LimitRange",
        lambda scene: scene.add_again("LimitRange", "container", "generous"),
        "overlays/company-002/kustomization.yaml: error: LimitRange/company-002/generous: this is a second LimitRange beside container: which default wins is undefined [K8S013]",
    ),
    catches(
        "K8S013",
        "a default above the most",
        _limit("default", cpu="2"),
        "base/guard/core/ceilings.yaml: error: LimitRange/company-002/container: default.cpu is 2, more than max.cpu, 1 [K8S013]",
        "base/guard/core/ceilings.yaml: error: LimitRange/company-002/container: the defaults of cpu are 16 to 1, more than maxLimitRequestRatio 2 [K8S013]",
    ),
    catches(
        "K8S013",
        "a default request above its limit",
        _limit("defaultRequest", memory="1Gi"),
        "base/guard/core/ceilings.yaml: error: LimitRange/company-002/container: defaultRequest.memory is 1Gi, more than default.memory, 512Mi [K8S013]",
    ),
    catches(
        "K8S013",
        "defaults further apart than they may be",
        _limit("defaultRequest", cpu="50m"),
        "base/guard/core/ceilings.yaml: error: LimitRange/company-002/container: the defaults of cpu are 5 to 1, more than maxLimitRequestRatio 2 [K8S013]",
    ),
    catches(
        "K8S013",
        "a default less than the quota counts",
        lambda scene: [
            scene.one("LimitRange", "container")["spec"]["limits"][0][key].pop("ephemeral-storage")
            for key in ("default", "max")
        ],
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: it counts limits.ephemeral-storage, and no LimitRange gives it to a container that says nothing [K8S013]\n"
        "  hint: a pod without it would be refused",
    ),
    passes(
        "K8S013",
        "a most that is the default as well",
        lambda scene: scene.one("LimitRange", "container")["spec"]["limits"][0]["default"].pop("ephemeral-storage"),
    ),
    # --- K8S014
    catches(
        "K8S014",
        "another container has a port of the same name",
        _other_port_of_the_name,
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container usage calls its port 9101 http, as port 8080 is [K8S014]\n  hint: call it otherwise: a Service leads to the first of the two, and a policy may open both",
    ),
    catches(
        "K8S014",
        "a target port of another name",
        lambda scene: scene.one("Service", "fileserver")["spec"]["ports"][0].update(targetPort="web"),
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: targetPort web is no port of Deployment/company-002/fileserver [K8S014]",
    ),
    catches(
        "K8S014",
        "a route to a port that the Service does not have",
        lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0]["backendRefs"][0].update(port=8080),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: port 8080 is no port of Service/company-002/fileserver [K8S014]",
    ),
    catches(
        "K8S014",
        "a policy for a port of another name",
        lambda scene: scene.one("NetworkPolicy", "fileserver-from-gateway")["spec"]["ingress"][0]["ports"][0].update(
            port="web"
        ),
        "base/guard/components/gateway/network.yaml: error: NetworkPolicy/company-002/fileserver-from-gateway: ingress port web is no port of Deployment/company-002/fileserver [K8S014]",
    ),
    catches(
        "K8S014",
        "a probe of a port that is not there",
        lambda scene: scene.container()["readinessProbe"]["httpGet"].update(port="web"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: readinessProbe port web is no port of container fileserver [K8S014]",
    ),
    catches(
        "K8S014",
        "a Service of another protocol, which has no endpoints, and whose route answers nobody",
        lambda scene: scene.one("Service", "fileserver")["spec"]["ports"][0].update(protocol="SCTP"),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: port 80 of Service/company-002/fileserver is SCTP, and requests come by TCP [K8S014]\n  hint: write protocol: TCP there",
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: targetPort http is TCP in Deployment/company-002/fileserver, not SCTP [K8S014]\n  hint: write the protocol of the container's port",
    ),
    catches(
        "K8S014",
        "a policy for a port by its name, of another protocol",
        lambda scene: scene.one("NetworkPolicy", "fileserver-from-gateway")["spec"]["ingress"][0]["ports"][0].update(
            protocol="UDP"
        ),
        "base/guard/components/gateway/network.yaml: error: NetworkPolicy/company-002/fileserver-from-gateway: ingress port http is TCP in Deployment/company-002/fileserver, not UDP [K8S014]\n  hint: write the protocol of the container's port",
    ),
    passes(
        "K8S014",
        "the same port by its number",
        lambda scene: scene.one("Service", "fileserver")["spec"]["ports"][0].update(targetPort=8080),
    ),
    passes("K8S014", "a named port for every pod, which some have", unchanged),
    catches(
        "K8S027",
        "a route for one path alone",
        _route(matches=[{"path": {"type": "PathPrefix", "value": "/files"}}]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0]: no rule of this host takes every path as it is: the rest of the company's page is gone [K8S027]\n  hint: add a rule for every path below /, without a condition",
    ),
    catches(
        "K8S027",
        "a route that asks for one page, whatever people ask for",
        _route(filters=[_TO_ONE_PAGE]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0]: no rule of this host takes every path as it is: the rest of the company's page is gone [K8S027]\n  hint: add a rule for every path below /, without a condition",
    ),
    catches(
        "K8S027",
        "a route that sends people in a circle",
        _redirected([_TO_TLS]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0]: every rule of this host sends people to the host itself: nobody gets an answer [K8S027]\n  hint: lead one rule to a Service",
    ),
    catches(
        "K8S027",
        "a state whose page is for one path alone, whether or not somebody is in it",
        (Edit("base/guard/states/suspended-gateway/kustomization.yaml", "value: /\n", "value: /files\n"),),
        *(
            f"base/guard/states/suspended/kustomization.yaml: error: HTTPRoute/tenantry-probe/{name}: as {state} no rule of this host takes every path as it is: the rest of the company's page is gone [K8S027]\n  hint: add a rule for every path below /, without a condition"
            for state in ("purging", "suspended")
            for name in ("ai-chatbot", "fileserver")
        ),
    ),
    passes("K8S027", "a narrower rule beside the one for every path", _second_rule),
    passes("K8S027", "a rule that takes part of the path away", _route(filters=[_TO_THE_ROOT])),
    catches(
        "K8S028",
        "a route that gives up before the kubelet does",
        _route(timeouts={"request": "1ms"}),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].timeouts.request: it gives up after 1ms, and a readiness probe of the pods may take 1 s [K8S028]\n  hint: write 1s or more, or 0s for no bound",
    ),
    catches(
        "K8S028",
        "pods that may take longer to say that they are ready",
        _all(
            lambda scene: scene.container()["readinessProbe"].update(timeoutSeconds=10),
            _route(timeouts={"request": "0s", "backendRequest": "1s500ms"}),
        ),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].timeouts.backendRequest: it gives up after 1s500ms, and a readiness probe of the pods may take 10 s [K8S028]\n  hint: write 10s or more, or 0s for no bound",
    ),
    passes("K8S028", "as long as the kubelet waits", _route(timeouts={"request": "1m", "backendRequest": "1s"})),
    catches(
        "K8S029",
        "a pod that stays on a dead node for ever",
        lambda scene: scene.pod()["tolerations"][0].pop("tolerationSeconds"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: spec.template.spec.tolerations[0]: a pod stays for ever on a node that is dead, and without this for 300 s [K8S029]\n  hint: write tolerationSeconds: 30",
    ),
    catches(
        "K8S029",
        "a pod that stays there for longer than one that says nothing",
        lambda scene: scene.pod()["tolerations"][1].update(tolerationSeconds=301),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: spec.template.spec.tolerations[1]: a pod stays for 301 s on a node that is dead, and without this for 300 s [K8S029]\n  hint: write tolerationSeconds: 30",
    ),
    passes(
        "K8S029",
        "a toleration of another taint, and as long as without one",
        lambda scene: scene.pod().update(
            tolerations=[
                {"key": "tenants", "operator": "Exists", "effect": "NoExecute"},
                {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute", "tolerationSeconds": 300},
            ]
        ),
    ),
    catches(
        "K8S012",
        "an argument names a file that the Secret has not",
        lambda scene: scene.one("ExternalSecret", "fileserver-users")["spec"]["data"][0].update(secretKey="users.yml"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver is told of users.yaml in the volume users, and there is no such file [K8S012]\n  hint: it has users.yml",
    ),
    catches(
        "K8S012",
        "a template is made of a key that is not read",
        _template({"users.yaml": "{{ .users }}"}),
        "base/edge/core/fileserver.yaml: error: ExternalSecret/company-002/fileserver-users: spec.target.template.data.users.yaml: it is made of the key users, which nothing is read into [K8S012]\n  hint: it reads users.yaml",
    ),
    passes("K8S012", "a template of a key that is read", _template({"users.yaml": '{{ index . "users.yaml" }}'})),
    passes(
        "K8S012",
        "a template with blocks, in which a dot is something else",
        _template({"users.yaml": "{{ range . }}{{ .x }}{{ end }}"}),
    ),
)
