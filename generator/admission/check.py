"""Every check, at each part of an object whose type it is about."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from generator.admission import annotations, ceilings, claims, controllers, metadata, network, pods, services, workloads
from generator.admission.problem import Check, Part, Problem
from generator.kube.lenient import mapping
from generator.kube.typed import Typed

_OF_A_TYPE: Final[Mapping[str, Check]] = {
    "apps.v1.DaemonSetSpec": controllers.check_daemon_set,
    "apps.v1.DeploymentSpec": workloads.check_deployment,
    "apps.v1.ReplicaSetSpec": workloads.check_template,
    "apps.v1.StatefulSetSpec": controllers.check_stateful_set,
    "autoscaling.v2.HorizontalPodAutoscalerSpec": workloads.check_autoscaler,
    "batch.v1.CronJobSpec": controllers.check_cron_job,
    "batch.v1.JobSpec": controllers.check_job,
    "core.v1.LimitRangeSpec": ceilings.check_limits,
    "core.v1.PersistentVolumeClaimSpec": claims.check_claim,
    "core.v1.PodSpec": pods.check_pod,
    "core.v1.PodTemplateSpec": annotations.check_annotations,
    "core.v1.ResourceQuotaSpec": ceilings.check_quota,
    "core.v1.ServiceSpec": services.check_service,
    "meta.v1.LabelSelector": metadata.check_selector,
    "meta.v1.ObjectMeta": metadata.check_labels_and_annotations,
    "networking.v1.IngressSpec": network.check_ingress,
    "networking.v1.NetworkPolicySpec": network.check_policy,
    "policy.v1.PodDisruptionBudgetSpec": workloads.check_budget,
}
"""By the names that Kubernetes' schemas give the types: a check applies wherever its type stands."""

_OF_A_KIND: Final = {
    "ClusterRole": ceilings.check_cluster_role,
    "ClusterRoleBinding": ceilings.check_binding,
    "ConfigMap": ceilings.check_config_map,
    "CronJob": controllers.check_cron_job_name,
    "Job": controllers.check_job_name,
    "Role": ceilings.check_role,
    "RoleBinding": ceilings.check_binding,
}


def problems(obj: Mapping[str, Any], parts: Sequence[Typed]) -> Iterator[Problem]:
    """Yield what the API server refuses in an object that its schema accepts.

    The selector of a metric is left to the metrics API, which alone knows what it takes.

    Args:
        obj: The object.
        parts: Its parts, by the schema of the cluster's version.
    """
    yield from metadata.check_object(obj)
    yield from metadata.check_labels_and_annotations(Part(("metadata",), mapping(obj.get("metadata")), obj))
    if check := _OF_A_KIND.get(str(obj.get("kind"))):
        yield from check(obj)
    for part in parts:
        if part.path != ("metadata",) and "metric" not in part.path and (check_part := _OF_A_TYPE.get(part.type)):
            yield from check_part(Part(part.path, mapping(part.value), obj))
