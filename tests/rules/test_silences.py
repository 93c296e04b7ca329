# ruff: noqa: E501 -- what is said is shown in one piece
"""What works and does nothing, what the cluster fills in, and how quantities are written: more of each kind.

`cases_admission.py` has a case of each rule; here its check alone looks at one company with a few objects changed.
"""

import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import yaml

from generator.render.rendered import Rendered
from generator.rules import admission, change, defaults, idle, references, workloads
from generator.rules.rule import Check
from tests.rules.harness import COMPANY, good_repository

Objects = list[dict[str, Any]]
Edit = Callable[[Objects], object]


def _one(objects: Objects, kind: str, name: str = "fileserver") -> dict[str, Any]:
    return next(one for one in objects if (one["kind"], one["metadata"]["name"]) == (kind, name))


def _said(check: Check, edit: Edit) -> Iterator[str]:
    (company,) = (item for item in good_repository().rendered if item.tenant.name == COMPANY)
    objects = copy.deepcopy([dict(obj) for obj in company.objects])
    edit(objects)
    after: Rendered = dataclasses.replace(company, objects=tuple(objects))
    yield from (f"{found.object}: {found.fact}" for found in check(after))


def _set(kind: str, path: str, value: Any, name: str = "fileserver") -> Edit:
    """Put a value at a path with dots of an object; None takes it out."""

    def edit(objects: Objects) -> None:
        *way, last = (int(step) if step.isdecimal() else step for step in path.split("."))
        holder: Any = _one(objects, kind, name)
        for step in way:
            holder = holder.setdefault(step, {}) if isinstance(step, str) else holder[step]
        if value is None:
            holder.pop(last)
        elif isinstance(holder, list) and last == len(holder):
            holder.append(value)
        else:
            holder[last] = value

    return edit


def _add(text: str) -> Edit:
    return lambda objects: objects.append(yaml.safe_load(text))


def _all(*edits: Edit) -> Edit:
    return lambda objects: [edit(objects) for edit in edits]


def _annotated(key: str, value: str) -> Edit:
    return _set("Deployment", "metadata.annotations", {f"argocd.argoproj.io/{key}": value})


def _budget(selector: str, name: str = "other") -> Edit:
    return _add(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\n"
        f"metadata: {{name: {name}, namespace: company-002}}\nspec: {{maxUnavailable: 1, selector: {selector}}}\n"
    )


def _external_secret(name: str, target: str) -> Edit:
    return _add(
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n"
        f"metadata: {{name: {name}, namespace: company-002}}\nspec: {{target: {target}, data: []}}\n"
    )


def _metric(container: str = "fileserver", utilization: int = 70, resource: str = "cpu") -> Edit:
    target = {"type": "Utilization", "averageUtilization": utilization}
    source = {"name": resource, "container": container, "target": target}
    return _set("HorizontalPodAutoscaler", "spec.metrics", [{"type": "ContainerResource", "containerResource": source}])


def _load(utilization: int, resource: str = "cpu") -> Edit:
    target = {"type": "Utilization", "averageUtilization": utilization}
    return _set(
        "HorizontalPodAutoscaler",
        "spec.metrics",
        [{"type": "Resource", "resource": {"name": resource, "target": target}}],
    )


def _stateful_set(strategy: str) -> Edit:
    return _add(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: idle}\n"
        f"spec: {{replicas: 2, updateStrategy: {strategy}, template: {{spec: {{}}}}}}\n"
    )


def _sidecar(name: str) -> Edit:
    return _set("Deployment", "spec.template.spec.containers.1", {"name": name, "image": "a"})


POD: Final = "spec.template.spec"
MAIN: Final = f"{POD}.containers.0"
SERVER: Final = "Deployment/company-002/fileserver"
SCALER: Final = "HorizontalPodAutoscaler/company-002/fileserver"
REMOTE: Final = "spec.data.0.remoteRef"
USERS: Final = "ExternalSecret/company-002/fileserver-users"
ROUTE: Final = "HTTPRoute/company-002/fileserver"
METADATA: Final = f"{SERVER}: metadata.annotations.argocd.argoproj.io"

PAIRS: Final[tuple[tuple[Check, Edit, str, Edit], ...]] = (
    # --- switched off
    (idle.workloads_are_at_work, _set("Deployment", "spec.paused", True), f"{SERVER}: spec.paused: no change of its pods is ever rolled out", _set("Deployment", "spec.paused", False)),
    (idle.workloads_are_at_work, _set("Deployment", "spec.paused", True, "ai-chatbot"), "Deployment/company-002/ai-chatbot: spec.paused: no change of its pods is ever rolled out", _set("Deployment", "spec.paused", False, "ai-chatbot")),
    (idle.workloads_are_at_work, _set("Deployment", f"{POD}.schedulingGates", [{"name": "a.b/c"}]), f"{SERVER}: {POD}.schedulingGates: its pods wait for a program that takes the gate away", _set("Deployment", f"{POD}.schedulingGates", [])),
    (idle.workloads_are_at_work, _set("Deployment", f"{POD}.readinessGates", [{"conditionType": "a.b/c"}]), f"{SERVER}: {POD}.readinessGates: its pods are not ready until a program sets the condition", _set("Deployment", f"{POD}.readinessGates", [])),
    (idle.workloads_are_at_work, _set("HorizontalPodAutoscaler", "spec.behavior.scaleUp", {"selectPolicy": "Disabled"}), f"{SCALER}: spec.behavior.scaleUp.selectPolicy: it never does scaleUp", _set("HorizontalPodAutoscaler", "spec.behavior.scaleUp", {"selectPolicy": "Max"})),
    (idle.workloads_are_at_work, _set("HorizontalPodAutoscaler", "spec.behavior.scaleDown.selectPolicy", "Disabled"), f"{SCALER}: spec.behavior.scaleDown.selectPolicy: it never does scaleDown", _set("HorizontalPodAutoscaler", "spec.behavior.scaleDown.selectPolicy", "Min")),
    (idle.workloads_are_at_work, _add("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: idle}\nspec: {replicas: 0, template: {spec: {}}}\n"), "Deployment/idle: spec.replicas: it has no pods", _add("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: idle}\nspec: {replicas: 1, template: {spec: {}}}\n")),
    (idle.workloads_are_at_work, _add("apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: idle}\nspec: {replicas: 0, template: {spec: {}}}\n"), "ReplicaSet/idle: spec.replicas: it has no pods", _add("apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: idle}\nspec: {template: {spec: {}}}\n")),
    (idle.workloads_are_at_work, _add("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: idle}\nspec: {suspend: true, jobTemplate: {spec: {template: {spec: {}}}}}\n"), "CronJob/idle: spec.suspend: it never makes a pod", _add("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: idle}\nspec: {suspend: false, jobTemplate: {spec: {template: {spec: {}}}}}\n")),
    (idle.workloads_are_at_work, _add("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: idle}\nspec: {jobTemplate: {spec: {template: {spec: {schedulingGates: [{name: a}]}}}}}\n"), "CronJob/idle: spec.jobTemplate.spec.template.spec.schedulingGates: its pods wait for a program that takes the gate away", _add("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: idle}\nspec: {jobTemplate: {spec: {template: {spec: {}}}}}\n")),
    (idle.workloads_are_at_work, _add("apiVersion: batch/v1\nkind: Job\nmetadata: {name: idle}\nspec: {suspend: true, template: {spec: {}}}\n"), "Job/idle: spec.suspend: it never makes a pod", _add("apiVersion: batch/v1\nkind: Job\nmetadata: {name: idle}\nspec: {template: {spec: {}}}\n")),
    (idle.workloads_are_at_work, _set("Deployment", f"{POD}.schedulerName", "packing"), f"{SERVER}: {POD}.schedulerName: its pods wait for a scheduler packing, of which nothing is known", _set("Deployment", f"{POD}.schedulerName", "default-scheduler")),
    (idle.workloads_are_at_work, _stateful_set("{type: OnDelete}"), "StatefulSet/idle: spec.updateStrategy.type: no change of its pods is rolled out until somebody deletes them", _stateful_set("{type: RollingUpdate}")),
    (idle.workloads_are_at_work, _stateful_set("{rollingUpdate: {partition: 2}}"), "StatefulSet/idle: spec.updateStrategy.rollingUpdate.partition: of 2 pods the first 2 stay as they are: no change is ever rolled out", _stateful_set("{rollingUpdate: {partition: 1}}")),
    (idle.workloads_are_at_work, _set("HTTPRoute", "spec.rules.0.backendRefs.0.weight", 0), f"{ROUTE}: spec.rules[0].backendRefs[0].weight: no request is let through: all weights are 0", _set("HTTPRoute", "spec.rules.0.backendRefs.0.weight", 2)),
    (references.references_lead_somewhere, _set("ExternalSecret", "spec.target.template", {"data": {"keys": "x"}}, "ai-chatbot"), "Deployment/company-002/ai-chatbot: the Secret ai-chatbot has no key MODEL_API_KEY", _set("ExternalSecret", "spec.target.template", {"data": {"MODEL_API_KEY": "x", "CHAT_TOKEN": "x", "FILESERVER_BASIC": "x"}}, "ai-chatbot")),
    # --- two budgets on one pod
    (idle.one_budget_covers_a_pod, _budget("{}"), "PodDisruptionBudget/company-002/other: spec.selector: it covers the pods of Deployment/company-002/ai-chatbot, which PodDisruptionBudget/company-002/ai-chatbot covers as well", _budget("{matchLabels: {app.kubernetes.io/name: x}}")),
    (idle.one_budget_covers_a_pod, _budget("{matchLabels: {app.kubernetes.io/part-of: tenantry}}"), "PodDisruptionBudget/company-002/other: spec.selector: it covers the pods of Deployment/company-002/ai-chatbot, which PodDisruptionBudget/company-002/ai-chatbot covers as well", _budget("{matchLabels: {app.kubernetes.io/part-of: another}}")),
    (idle.one_budget_covers_a_pod, _budget("{matchExpressions: [{key: app.kubernetes.io/name, operator: Exists}]}"), "PodDisruptionBudget/company-002/other: spec.selector: it covers the pods of Deployment/company-002/ai-chatbot, which PodDisruptionBudget/company-002/ai-chatbot covers as well", _budget("{matchExpressions: [{key: app.kubernetes.io/name, operator: DoesNotExist}]}")),
    (idle.one_budget_covers_a_pod, _budget("{matchExpressions: [{key: app.kubernetes.io/name, operator: NotIn, values: [ai-chatbot]}]}"), "PodDisruptionBudget/company-002/other: spec.selector: it covers the pods of Deployment/company-002/fileserver, which PodDisruptionBudget/company-002/fileserver covers as well", _budget("{matchExpressions: [{key: app.kubernetes.io/name, operator: NotIn, values: [ai-chatbot, fileserver]}]}")),
    (idle.one_budget_covers_a_pod, _budget("{matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [x, fileserver]}]}"), "PodDisruptionBudget/company-002/other: spec.selector: it covers the pods of Deployment/company-002/fileserver, which PodDisruptionBudget/company-002/fileserver covers as well", _budget("{matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [x, y]}]}")),
    (idle.one_budget_covers_a_pod, _budget("{matchLabels: {tenantry.dev/tenant: company-002}}"), "PodDisruptionBudget/company-002/other: spec.selector: it covers the pods of Deployment/company-002/ai-chatbot, which PodDisruptionBudget/company-002/ai-chatbot covers as well", _budget("{matchLabels: {tenantry.dev/tenant: company-003}}")),
    (idle.one_budget_covers_a_pod, _set("PodDisruptionBudget", "spec.selector.matchLabels", {"app.kubernetes.io/part-of": "tenantry"}), "PodDisruptionBudget/company-002/fileserver: spec.selector: it covers the pods of Deployment/company-002/ai-chatbot, which PodDisruptionBudget/company-002/ai-chatbot covers as well", _set("PodDisruptionBudget", "spec.selector.matchLabels", {"app.kubernetes.io/component": "fileserver"})),
    (idle.one_budget_covers_a_pod, _set("PodDisruptionBudget", "spec.selector", {}), "PodDisruptionBudget/company-002/fileserver: spec.selector: it covers the pods of Deployment/company-002/ai-chatbot, which PodDisruptionBudget/company-002/ai-chatbot covers as well", _set("PodDisruptionBudget", "spec.maxUnavailable", "50%")),
    (idle.one_budget_covers_a_pod, _all(_budget("{matchLabels: {app: x}}", "a"), _budget("{matchLabels: {app.kubernetes.io/name: ai-chatbot}}", "b")), "PodDisruptionBudget/company-002/b: spec.selector: it covers the pods of Deployment/company-002/ai-chatbot, which PodDisruptionBudget/company-002/ai-chatbot covers as well", _all(_budget("{matchLabels: {app: x}}", "a"), _budget("{matchLabels: {app: y}}", "b"))),
    (idle.one_budget_covers_a_pod, _budget("{matchLabels: {app.kubernetes.io/name: fileserver, app.kubernetes.io/component: fileserver}}"), "PodDisruptionBudget/company-002/other: spec.selector: it covers the pods of Deployment/company-002/fileserver, which PodDisruptionBudget/company-002/fileserver covers as well", _budget("{matchLabels: {app.kubernetes.io/name: fileserver, app.kubernetes.io/component: ai-chatbot}}")),
    (workloads.nodes_can_be_drained, _set("PodDisruptionBudget", "spec.maxUnavailable", None), "PodDisruptionBudget/company-002/fileserver: at 1 of Deployment/company-002/fileserver it lets no pod go: a drain waits for ever", _set("PodDisruptionBudget", "spec.maxUnavailable", "1%")),
    (references.selectors_select, _set("PodDisruptionBudget", "spec.selector", None), "PodDisruptionBudget/company-002/fileserver: its selector selects no pod", _set("PodDisruptionBudget", "spec.selector", {})),
    # --- two owners of one Secret
    (idle.one_external_secret_owns_a_secret, _external_secret("a", "{name: fileserver-users}"), "ExternalSecret/company-002/a: spec.target.name: ExternalSecret/company-002/fileserver-users makes the Secret fileserver-users already", _external_secret("a", "{name: fileserver-admins}")),
    (idle.one_external_secret_owns_a_secret, _external_secret("a", "{name: ai-chatbot, creationPolicy: Owner}"), "ExternalSecret/company-002/a: spec.target.name: ExternalSecret/company-002/ai-chatbot makes the Secret ai-chatbot already", _external_secret("a", "{name: ai-chatbot-2, creationPolicy: Owner}")),
    (idle.one_external_secret_owns_a_secret, _external_secret("a", "{name: ai-chatbot, creationPolicy: Orphan}"), "ExternalSecret/company-002/a: spec.target.name: ExternalSecret/company-002/ai-chatbot makes the Secret ai-chatbot already", _external_secret("a", "{name: b, creationPolicy: Orphan}")),
    (idle.one_external_secret_owns_a_secret, _external_secret("ai-chatbot-2", "{name: ai-chatbot}"), "ExternalSecret/company-002/ai-chatbot-2: spec.target.name: ExternalSecret/company-002/ai-chatbot makes the Secret ai-chatbot already", _external_secret("ai-chatbot-2", "{}")),
    (idle.one_external_secret_owns_a_secret, _all(_external_secret("a", "{}"), _external_secret("b", "{name: a}")), "ExternalSecret/company-002/b: spec.target.name: ExternalSecret/company-002/a makes the Secret a already", _all(_external_secret("a", "{}"), _external_secret("b", "{}"))),
    (idle.one_external_secret_owns_a_secret, _all(_external_secret("a", "{name: b}"), _external_secret("b", "{}")), "ExternalSecret/company-002/b: spec.target.name: ExternalSecret/company-002/a makes the Secret b already", _all(_external_secret("a", "{name: c}"), _external_secret("b", "{}"))),
    (idle.one_external_secret_owns_a_secret, _set("ExternalSecret", "spec.target.name", "ai-chatbot", "fileserver-users"), "ExternalSecret/company-002/fileserver-users: spec.target.name: ExternalSecret/company-002/ai-chatbot makes the Secret ai-chatbot already", _set("ExternalSecret", "spec.target.name", "users", "fileserver-users")),
    (idle.one_external_secret_owns_a_secret, _set("ExternalSecret", "spec.data.1.secretKey", "MODEL_API_KEY", "ai-chatbot"), "ExternalSecret/company-002/ai-chatbot: spec.data[1].secretKey: a second entry writes the key MODEL_API_KEY", _set("ExternalSecret", "spec.data.1.secretKey", "CHAT_TOKEN_2", "ai-chatbot")),
    (idle.one_external_secret_owns_a_secret, _set("ExternalSecret", "spec.data.2.secretKey", "CHAT_TOKEN", "ai-chatbot"), "ExternalSecret/company-002/ai-chatbot: spec.data[2].secretKey: a second entry writes the key CHAT_TOKEN", _set("ExternalSecret", "spec.data.2.secretKey", "chat_token", "ai-chatbot")),
    (idle.one_external_secret_owns_a_secret, _set("ExternalSecret", "spec.data.1", {"secretKey": "users.yaml"}, "fileserver-users"), "ExternalSecret/company-002/fileserver-users: spec.data[1].secretKey: a second entry writes the key users.yaml", _set("ExternalSecret", "spec.data.1", {"secretKey": "admins.yaml"}, "fileserver-users")),
    # --- metrics
    (idle.metrics_can_be_met, _metric("fileserve"), f"{SCALER}: spec.metrics[0].containerResource.container: there is no container fileserve in Deployment fileserver", _metric("fileserver")),
    (idle.metrics_can_be_met, _metric("ai-chatbot"), f"{SCALER}: spec.metrics[0].containerResource.container: there is no container ai-chatbot in Deployment fileserver", _all(_metric("ai-chatbot"), _sidecar("ai-chatbot"))),
    (idle.metrics_can_be_met, _metric("FileServer"), f"{SCALER}: spec.metrics[0].containerResource.container: there is no container FileServer in Deployment fileserver", _metric("fileserver", resource="memory")),
    (idle.metrics_can_be_met, _set("HorizontalPodAutoscaler", "spec.metrics.0.resource.target", {"type": "AverageValue", "averageUtilization": 70}), f"{SCALER}: spec.metrics[0].resource.target.averageUtilization: it is read, whatever the type says, and the type is AverageValue", _set("HorizontalPodAutoscaler", "spec.metrics.0.resource.target", {"type": "AverageValue", "averageValue": "70m"})),
    (idle.metrics_can_be_met, _set("HorizontalPodAutoscaler", "spec.metrics.0", {"type": "External", "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "averageValue": "3"}}}), f"{SCALER}: spec.metrics[0].external.target.averageValue: it is read, whatever the type says, and the type is Value", _set("HorizontalPodAutoscaler", "spec.metrics.0", {"type": "External", "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "3"}}})),
    (idle.metrics_can_be_met, _set("HorizontalPodAutoscaler", "spec.metrics.1", {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}), f"{SCALER}: spec.metrics[1]: an earlier metric measures the same: one of the two decides nothing", _set("HorizontalPodAutoscaler", "spec.metrics.1", {"type": "Resource", "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 50}}})),
    (references.references_lead_somewhere, _set("HorizontalPodAutoscaler", "spec.metrics.0", {"type": "Object", "object": {"describedObject": {"kind": "Service", "name": "files"}}}), f"{SCALER}: there is no Service files", _set("HorizontalPodAutoscaler", "spec.metrics.0", {"type": "Object", "object": {"describedObject": {"kind": "Service", "name": "fileserver"}}})),
    (references.references_lead_somewhere, _add("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: idle}\nspec: {serviceName: idle}\n"), "StatefulSet/idle: there is no Service idle", _add("apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: idle}\nspec: {serviceName: fileserver}\n")),
    (idle.metrics_can_be_met, _metric(utilization=200), f"{SCALER}: spec.metrics[0].containerResource.target.averageUtilization: the limits end at 200 % of the requests, so 200 % is never exceeded", _metric(utilization=199)),
    (idle.metrics_can_be_met, _load(200), f"{SCALER}: spec.metrics[0].resource.target.averageUtilization: the limits end at 200 % of the requests, so 200 % is never exceeded", _load(150)),
    (idle.metrics_can_be_met, _load(700), f"{SCALER}: spec.metrics[0].resource.target.averageUtilization: the limits end at 200 % of the requests, so 700 % is never exceeded", _load(70)),
    (idle.metrics_can_be_met, _load(201, "memory"), f"{SCALER}: spec.metrics[0].resource.target.averageUtilization: the limits end at 200 % of the requests, so 201 % is never exceeded", _load(199, "memory")),
    (idle.metrics_can_be_met, _all(_load(100), _set("Deployment", f"{MAIN}.resources.limits.cpu", "125m")), f"{SCALER}: spec.metrics[0].resource.target.averageUtilization: the limits end at 100 % of the requests, so 100 % is never exceeded", _all(_load(99), _set("Deployment", f"{MAIN}.resources.limits.cpu", "125m"))),
    (idle.metrics_can_be_met, _all(_load(150), _set("Deployment", f"{MAIN}.resources.limits.cpu", "187m")), f"{SCALER}: spec.metrics[0].resource.target.averageUtilization: the limits end at 150 % of the requests, so 150 % is never exceeded", _all(_load(150), _set("Deployment", f"{MAIN}.resources.limits.cpu", None))),
    (idle.metrics_can_be_met, _set("HorizontalPodAutoscaler", "spec.metrics.0.resource.target.value", "1"), f"{SCALER}: spec.metrics[0].resource.target.value: of a metric of type Resource nobody reads it", _set("HorizontalPodAutoscaler", "spec.metrics.0.resource.target.averageUtilization", 71)),
    # --- waves, options and annotations
    (idle.annotations_are_understood, _annotated("sync-wave", "last"), f"{METADATA}/sync-wave: 'last' is no integer, and counts as wave 0", _annotated("sync-wave", "10")),
    (idle.annotations_are_understood, _annotated("sync-wave", "1.5"), f"{METADATA}/sync-wave: '1.5' is no integer, and counts as wave 0", _annotated("sync-wave", "1")),
    (idle.annotations_are_understood, _annotated("sync-wave", "--5"), f"{METADATA}/sync-wave: '--5' is no integer, and counts as wave 0", _annotated("sync-wave", "-5")),
    (idle.annotations_are_understood, _annotated("sync-wave", " 5"), f"{METADATA}/sync-wave: ' 5' is no integer, and counts as wave 0", _annotated("sync-wave", "+5")),
    (idle.annotations_are_understood, _annotated("sync-wave", ""), f"{METADATA}/sync-wave: '' is no integer, and counts as wave 0", _annotated("sync-wave", "0")),
    (idle.annotations_are_understood, _annotated("sync-wave", "0x5"), f"{METADATA}/sync-wave: '0x5' is no integer, and counts as wave 0", _annotated("sync-wave", "007")),
    (idle.annotations_are_understood, _annotated("sync-options", "Prune=flase"), f"{METADATA}/sync-options: Argo CD has no option 'Prune=flase'", _annotated("sync-options", "Prune=false")),
    (idle.annotations_are_understood, _annotated("sync-options", "Prune=false;Delete=false"), f"{METADATA}/sync-options: Argo CD has no option 'Prune=false;Delete=false'", _annotated("sync-options", "Prune=false,Delete=false")),
    (idle.annotations_are_understood, _annotated("sync-options", "prune=false"), f"{METADATA}/sync-options: Argo CD has no option 'prune=false'", _annotated("sync-options", "Prune=false, Delete=false")),
    (idle.annotations_are_understood, _annotated("sync-options", "CreateNamespace=true"), f"{METADATA}/sync-options: Argo CD has no option 'CreateNamespace=true'", _annotated("sync-options", "PruneLast=true")),
    (idle.annotations_are_understood, _annotated("sync-option", "Prune=false"), f"{METADATA}/sync-option: Argo CD has no such annotation", _annotated("sync-options", "Delete=confirm")),
    (idle.annotations_are_understood, _annotated("syncwave", "1"), f"{METADATA}/syncwave: Argo CD has no such annotation", _set("Deployment", "metadata.annotations", {"example.com/syncwave": "one"})),
    (idle.annotations_are_understood, _annotated("compare-options", "ServerSideDif=true"), f"{METADATA}/compare-options: Argo CD has no option 'ServerSideDif=true'", _annotated("compare-options", "ServerSideDiff=true")),
    # --- defaults of definitions
    (defaults.defaults_are_written_out, _set("ExternalSecret", f"{REMOTE}.conversionStrategy", None, "fileserver-users"), f'{USERS}: {REMOTE.replace(".0", "[0]")}.conversionStrategy: it is left out, and the cluster fills in "Default"', _set("ExternalSecret", f"{REMOTE}.property", None, "fileserver-users")),
    (defaults.defaults_are_written_out, _set("ExternalSecret", f"{REMOTE}.decodingStrategy", None, "fileserver-users"), f'{USERS}: {REMOTE.replace(".0", "[0]")}.decodingStrategy: it is left out, and the cluster fills in "None"', _set("ExternalSecret", "spec.refreshInterval", "1h", "fileserver-users")),
    (defaults.defaults_are_written_out, _set("ExternalSecret", f"{REMOTE}.metadataPolicy", None, "fileserver-users"), f'{USERS}: {REMOTE.replace(".0", "[0]")}.metadataPolicy: it is left out, and the cluster fills in "None"', _set("ExternalSecret", "metadata.labels", None, "fileserver-users")),
    (defaults.defaults_are_written_out, _set("ExternalSecret", "spec.refreshInterval", None, "fileserver-users"), f'{USERS}: spec.refreshInterval: it is left out, and the cluster fills in "1h0m0s"', _set("ExternalSecret", "spec.refreshInterval", "5m", "fileserver-users")),
    (defaults.defaults_are_written_out, _set("ExternalSecret", "spec.target.creationPolicy", None, "fileserver-users"), f'{USERS}: spec.target.creationPolicy: it is left out, and the cluster fills in "Owner"', _set("ExternalSecret", "spec.target.creationPolicy", "Orphan", "fileserver-users")),
    (defaults.defaults_are_written_out, _set("ExternalSecret", "spec.target.deletionPolicy", None, "fileserver-users"), f'{USERS}: spec.target.deletionPolicy: it is left out, and the cluster fills in "Retain"', _set("ExternalSecret", "spec.target.deletionPolicy", "Delete", "fileserver-users")),
    (defaults.defaults_are_written_out, _set("ExternalSecret", "spec.target.template", {"data": {"a": "b"}, "engineVersion": "v2"}, "fileserver-users"), f'{USERS}: spec.target.template.mergePolicy: it is left out, and the cluster fills in "Replace"', _set("ExternalSecret", "spec.target.template", {"data": {"a": "b"}, "engineVersion": "v2", "mergePolicy": "Replace"}, "fileserver-users")),
    (defaults.defaults_are_written_out, _set("ExternalSecret", "spec.target.template", {"mergePolicy": "Replace"}, "fileserver-users"), f'{USERS}: spec.target.template.engineVersion: it is left out, and the cluster fills in "v2"', _set("ExternalSecret", "spec.target.name", "users", "fileserver-users")),
    (defaults.defaults_are_written_out, _set("ExternalSecret", "spec.data.2.remoteRef.metadataPolicy", None, "ai-chatbot"), 'ExternalSecret/company-002/ai-chatbot: spec.data[2].remoteRef.metadataPolicy: it is left out, and the cluster fills in "None"', _set("ExternalSecret", "spec.data.2", None, "ai-chatbot")),
    (defaults.defaults_are_written_out, _set("HTTPRoute", "spec.rules.0.backendRefs.0.weight", None), f"{ROUTE}: spec.rules[0].backendRefs[0].weight: it is left out, and the cluster fills in 1", _set("HTTPRoute", "spec.rules.0.backendRefs.0.weight", 5)),
    (defaults.defaults_are_written_out, _set("HTTPRoute", "spec.rules.0.backendRefs.0.kind", None), f'{ROUTE}: spec.rules[0].backendRefs[0].kind: it is left out, and the cluster fills in "Service"', _set("HTTPRoute", "spec.rules.0.backendRefs.0.port", 81)),
    (defaults.defaults_are_written_out, _set("HTTPRoute", "spec.rules.0.backendRefs.0.group", None), f'{ROUTE}: spec.rules[0].backendRefs[0].group: it is left out, and the cluster fills in ""', _set("HTTPRoute", "spec.rules.0.timeouts", None)),
    (defaults.defaults_are_written_out, _set("HTTPRoute", "spec.rules.0.matches", None), f'{ROUTE}: spec.rules[0].matches: it is left out, and the cluster fills in [{{"path": {{"type": "PathPrefix", "value": "/"}}}}]', _set("HTTPRoute", "spec.rules.0.matches.0.path.value", "/a")),
    # --- quantities
    (admission.quantities_are_canonical, _set("Deployment", f"{MAIN}.resources.limits.cpu", "0.25"), f"{SERVER}: spec.template.spec.containers[0].resources.limits.cpu: Kubernetes writes 0.25 as 250m", _set("Deployment", f"{MAIN}.resources.limits.cpu", "250m")),
    (admission.quantities_are_canonical, _set("Deployment", f"{MAIN}.resources.limits.cpu", "1000m"), f"{SERVER}: spec.template.spec.containers[0].resources.limits.cpu: Kubernetes writes 1000m as 1", _set("Deployment", f"{MAIN}.resources.limits.cpu", 1)),
    (admission.quantities_are_canonical, _set("Deployment", f"{MAIN}.resources.limits.cpu", 0.5), f"{SERVER}: spec.template.spec.containers[0].resources.limits.cpu: Kubernetes writes 0.5 as 500m", _set("Deployment", f"{MAIN}.resources.limits.cpu", "1500m")),
    (admission.quantities_are_canonical, _set("Deployment", f"{MAIN}.resources.limits.memory", "131072Ki"), f"{SERVER}: spec.template.spec.containers[0].resources.limits.memory: Kubernetes writes 131072Ki as 128Mi", _set("Deployment", f"{MAIN}.resources.limits.memory", "128Mi")),
    (admission.quantities_are_canonical, _set("Deployment", f"{MAIN}.resources.limits.memory", "1024Mi"), f"{SERVER}: spec.template.spec.containers[0].resources.limits.memory: Kubernetes writes 1024Mi as 1Gi", _set("Deployment", f"{MAIN}.resources.limits.memory", "1023Mi")),
    (admission.quantities_are_canonical, _set("Deployment", f"{MAIN}.resources.limits.memory", "0.5Gi"), f"{SERVER}: spec.template.spec.containers[0].resources.limits.memory: Kubernetes writes 0.5Gi as 512Mi", _set("Deployment", f"{MAIN}.resources.limits.memory", "1536Mi")),
    (admission.quantities_are_canonical, _set("Deployment", f"{MAIN}.resources.limits.memory", 512000000), f"{SERVER}: spec.template.spec.containers[0].resources.limits.memory: Kubernetes writes 512000000 as 512M", _set("Deployment", f"{MAIN}.resources.limits.memory", "536870912")),
    (admission.quantities_are_canonical, _set("ResourceQuota", "spec.hard.pods", "1000", "plan"), "ResourceQuota/company-002/plan: spec.hard.pods: Kubernetes writes 1000 as 1k", _set("ResourceQuota", "spec.hard.pods", "1001", "plan")),
    (admission.quantities_are_canonical, _set("ResourceQuota", "spec.hard.pods", "1.0", "plan"), "ResourceQuota/company-002/plan: spec.hard.pods: Kubernetes writes 1.0 as 1", _set("ResourceQuota", "spec.hard.pods", "1k", "plan")),
    (admission.quantities_are_canonical, _set("PersistentVolumeClaim", "spec.resources.requests.storage", "2048Gi", "files"), "PersistentVolumeClaim/company-002/files: spec.resources.requests.storage: Kubernetes writes 2048Gi as 2Ti", _set("PersistentVolumeClaim", "spec.resources.requests.storage", "2047Gi", "files")),
    (admission.quantities_are_canonical, _set("Deployment", f"{POD}.volumes.1.emptyDir.sizeLimit", "0.064G", "ai-chatbot"), "Deployment/company-002/ai-chatbot: spec.template.spec.volumes[1].emptyDir.sizeLimit: Kubernetes writes 0.064G as 64M", _set("Deployment", f"{POD}.volumes.1.emptyDir.sizeLimit", "64M", "ai-chatbot")),
    (admission.quantities_are_canonical, _set("LimitRange", "spec.limits.0.max", {"cpu": "2000m"}, "container"), "LimitRange/company-002/container: spec.limits[0].max.cpu: Kubernetes writes 2000m as 2", _set("LimitRange", "spec.limits.0.max", {"cpu": "2"}, "container")),
)  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[2])
def test_what_is_silent_is_said_and_what_is_nearly_the_same_passes(pair: tuple[Check, Edit, str, Edit]) -> None:
    """One is said, with its place and its fact; the other passes."""
    check, bad, said, good = pair
    assert said in list(_said(check, bad))
    assert list(_said(check, good)) == []


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        ("StatefulSet", {"podManagementPolicy": "Parallel"}, {}, ["spec.podManagementPolicy"]),
        ("StatefulSet", {"volumeClaimTemplates": []}, {"volumeClaimTemplates": [{}]}, ["spec.volumeClaimTemplates"]),
        ("StatefulSet", {"replicas": 1, "template": {}}, {"replicas": 2, "template": {"spec": {}}}, []),
        (
            "PersistentVolumeClaim",
            {"dataSource": {"name": "a"}},
            {"volumeName": "b"},
            ["spec.dataSource", "spec.volumeName"],
        ),
        ("PersistentVolumeClaim", {"resources": {"requests": {"storage": "1Gi"}}}, {"resources": {}}, []),
        ("Service", {"clusterIP": "None"}, {}, ["spec.clusterIP"]),
        ("Deployment", {"selector": {}}, {"selector": {"matchLabels": {"a": "b"}}, "paused": True}, ["spec.selector"]),
    ],
)
def test_fields_that_cannot_be_changed_are_named(
    kind: str, before: dict[str, Any], after: dict[str, Any], said: list[str]
) -> None:
    """Of a StatefulSet and a claim hardly any field may change; of most kinds hardly any may not."""
    assert list(change.immutable_changes({"kind": kind, "spec": before}, {"kind": kind, "spec": after})) == said


def test_a_config_map_that_is_immutable_keeps_its_data() -> None:
    """One that is not may change."""
    before, after = {"kind": "ConfigMap", "data": {"a": "b"}}, {"kind": "ConfigMap", "data": {"a": "c"}}
    assert list(change.immutable_changes({**before, "immutable": True}, {**after, "immutable": True})) == ["data"]
    assert list(change.immutable_changes(before, after)) == []
