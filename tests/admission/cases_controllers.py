# ruff: noqa: E501 -- what is said is shown in one piece
"""The same of StatefulSets, DaemonSets, Jobs, CronJobs and what is of the whole cluster."""

from typing import Final

from tests.admission.cases import KINDS, MAIN, POD, Pair

_JOB: Final = "spec.jobTemplate.spec"
_ENV: Final = f"{MAIN}.env"

CONTROLLERS: Final = (
    Pair("StatefulSet", "spec.podManagementPolicy", "parallel", "'parallel' is not one of OrderedReady, Parallel", "OrderedReady"),
    Pair("StatefulSet", "spec.updateStrategy.type", "Recreate", "'Recreate' is not one of OnDelete, RollingUpdate", "RollingUpdate"),
    Pair("StatefulSet", "spec.updateStrategy.type", "OnDelete", "spec.updateStrategy.rollingUpdate: it stands beside type OnDelete", "RollingUpdate"),
    Pair("StatefulSet", "spec.updateStrategy.rollingUpdate.partition", -1, "-1 is not between 0 and 2147483647", 0),
    Pair("StatefulSet", "spec.updateStrategy.rollingUpdate.maxUnavailable", "0%", "with 0 no pod may ever be replaced", "1%"),
    Pair("StatefulSet", "spec.serviceName", "Rich", "'Rich' is not a DNS label: lower-case letters, digits and '-' inside, 63 characters at most", "rich-2"),
    Pair("StatefulSet", "spec.ordinals.start", -1, "-1 is not between 0 and 2147483647", 0),
    Pair("StatefulSet", "spec.persistentVolumeClaimRetentionPolicy.whenScaled", "Keep", "'Keep' is not one of Delete, Retain", "Retain"),
    Pair("StatefulSet", "spec.volumeClaimTemplates.0.spec.accessModes", [], "spec.volumeClaimTemplates.0.spec: a claim needs an access mode", ["ReadWriteMany"]),
    Pair("StatefulSet", "spec.volumeClaimTemplates.0.spec.resources", {}, "spec.volumeClaimTemplates.0.spec.resources.requests: a claim needs a size", {"requests": {"storage": "2Gi"}}),
    Pair("StatefulSet", "spec.volumeClaimTemplates.0.metadata.name", "data", f"{MAIN}.volumeMounts.0.name: there is no volume files in this pod", "files"),
    Pair("StatefulSet", f"{MAIN}.volumeMounts.0.name", "file", "there is no volume file in this pod", "files"),
    Pair("StatefulSet", f"{MAIN}.volumeDevices.0.name", "disk", "there is no volume disk of a claim in this pod", "raw"),
    Pair("StatefulSet", f"{POD}.restartPolicy", "OnFailure", "the restartPolicy of such pods is Always, and OnFailure is that of a Job", "Always"),
    Pair("StatefulSet", f"{POD}.activeDeadlineSeconds", 5, "such pods have no activeDeadlineSeconds: a Job has", None),
    Pair("StatefulSet", "spec.minReadySeconds", -1, "-1 is not between 0 and 2147483647", 0),
    Pair("DaemonSet", "spec.updateStrategy.rollingUpdate.maxUnavailable", 1, "spec.updateStrategy.rollingUpdate.maxSurge: a DaemonSet has maxSurge or maxUnavailable, and not both", 0),
    Pair("DaemonSet", "spec.updateStrategy.rollingUpdate.maxUnavailable", None, "spec.updateStrategy.rollingUpdate.maxSurge: a DaemonSet has maxSurge or maxUnavailable, and not both", "0%"),
    Pair("DaemonSet", "spec.updateStrategy.rollingUpdate.maxSurge", 0, "spec.updateStrategy.rollingUpdate.maxUnavailable: with maxSurge 0 and maxUnavailable 0 no pod may ever be replaced", "10%"),
    Pair("DaemonSet", "spec.updateStrategy.rollingUpdate.maxSurge", "101%", "101% is more than 100%", "100%"),
    Pair("DaemonSet", "spec.updateStrategy.type", "Rolling", "'Rolling' is not one of OnDelete, RollingUpdate", "OnDelete"),
    Pair("DaemonSet", "spec.selector", {"matchLabels": {"app": "poor"}}, "it asks for app: poor, and its own pods are others", {"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
    Pair("Deployment", "spec.selector.matchExpressions.0.values", ["c"], "spec.selector: it asks for tier In c, and its own pods are others", ["c", "a"]),
    Pair("StatefulSet", "spec.template.metadata.labels", {"application": "rich"}, "spec.selector: it asks for app: rich, and its own pods are others", {"app": "rich", "b": "c"}),
    Pair("DaemonSet", "spec.selector", {}, "an empty selector would take every pod", {"matchLabels": {"app": "rich"}}),
    Pair("DaemonSet", f"{POD}.restartPolicy", "Never", "the restartPolicy of such pods is Always, and Never is that of a Job", "Always"),
    Pair("Job", f"{POD}.restartPolicy", "Always", "the restartPolicy of such pods is Never or OnFailure: the Job would never end", "Never"),
    Pair("Job", f"{POD}.restartPolicy", None, f"{POD}: the restartPolicy of such pods is Never or OnFailure: the Job would never end", "OnFailure"),
    Pair("Job", "spec.completions", None, "spec.completionMode: Indexed needs completions", 2),
    Pair("Job", "spec.completionMode", "indexed", "'indexed' is not one of Indexed, NonIndexed", "NonIndexed"),
    Pair("Job", "spec.backoffLimit", -1, "-1 is not between 0 and 2147483647", 0),
    Pair("Job", "spec.selector", {"matchLabels": {"app": "rich"}}, "the API server writes the selector of a Job", None),
    Pair("Job", "metadata.name", "a" * 62, f"its last pod would be called {'a' * 62}-2, which '{'a' * 60}...' is not a DNS label: lower-case letters, digits and '-' inside, 63 characters at most", "a" * 61),
    Pair("CronJob", "spec.schedule", "0 3 * *", "'0 3 * *' has 4 fields, and a schedule has 5", "0 3 * * *"),
    Pair("CronJob", "spec.schedule", "0 24 * * *", "'24' is no hour of a schedule: 0 to 23", "0 23 * * *"),
    Pair("CronJob", "spec.schedule", "0 3 * * 7", "'7' is no weekday of a schedule: 0 to 6", "0 3 * * 0"),
    Pair("CronJob", "spec.schedule", "*/0 * * * *", "'*/0' is no minute of a schedule: 0 to 59", "*/5 * * * *"),
    Pair("CronJob", "spec.schedule", "0 3 0 * *", "'0' is no day of a schedule: 1 to 31", "0 3 ? * *"),
    Pair("CronJob", "spec.schedule", "0 3 * 5-2 *", "'5-2' is no month of a schedule: 1 to 12", "0 3 * 2-5 *"),
    Pair("CronJob", "spec.schedule", "@dayly", "'@dayly' is no schedule", "@daily"),
    Pair("CronJob", "spec.schedule", "@every 5", "'@every 5' is no schedule", "@every 5m30s"),
    Pair("CronJob", "spec.schedule", "TZ=UTC 0 3 * * *", "'TZ=UTC 0 3 * * *' names a time zone: that is the field timeZone", "0 3 * * *"),
    Pair("CronJob", "spec.timeZone", "Europe/Berlln", "'Europe/Berlln' is no time zone", "Europe/Berlin"),
    Pair("CronJob", "spec.concurrencyPolicy", "Never", "'Never' is not one of Allow, Forbid, Replace", "Replace"),
    Pair("CronJob", "metadata.name", "a" * 53, "53 characters, and 52 is the most for a CronJob", "a" * 52),
    Pair("CronJob", f"{_JOB}.template.spec.restartPolicy", "Always", "the restartPolicy of such pods is Never or OnFailure: the Job would never end", "OnFailure"),
    Pair("ClusterRole", "rules.1.resources", ["pods"], "rules.1.nonResourceURLs: a rule is of resources or of URLs, not of both", None),
    Pair("ClusterRole", "aggregationRule", {}, "aggregationRule: it needs `clusterRoleSelectors`", None),
    Pair("ClusterRoleBinding", "roleRef.kind", "Role", "'Role' is not one of ClusterRole", "ClusterRole"),
    Pair("ClusterRoleBinding", "subjects.0.namespace", None, "subjects.0: it needs `namespace`", "other"),
)  # fmt: skip
"""What makes pods besides Deployments, and roles of the whole cluster."""

SILENT: Final = (
    Pair("Deployment", f"{MAIN}.volumeMounts.4", {"name": "code", "mountPath": "/keys/"}, f"{MAIN}.volumeMounts.4.mountPath: it hides what is mounted at /keys, the same folder", {"name": "code", "mountPath": "/keys/more"}),
    Pair("Deployment", f"{MAIN}.volumeMounts.4", {"name": "code", "mountPath": "/all//."}, f"{MAIN}.volumeMounts.4.mountPath: it hides what is mounted at /all, the same folder", {"name": "code", "mountPath": "/code"}),
    Pair("Deployment", f"{_ENV}.0.value", "$(D)", "$(D) stays as it is: the variable comes later, and only earlier ones are put in", "$(E)"),
    Pair("Deployment", f"{_ENV}.0.value", "x-$(A)", "$(A) stays as it is: the variable comes later, and only earlier ones are put in", "$$(A)"),
    Pair("Deployment", f"{_ENV}.4", {"name": "Z", "value": "$(Z)"}, f"{_ENV}.4.value: $(Z) stays as it is: the variable comes later, and only earlier ones are put in", {"name": "Z", "value": "$(A)"}),
    Pair("Deployment", f"{POD}.serviceAccount", "old", "nobody reads this old name of serviceAccountName", None),
)  # fmt: skip
"""What the API server takes, and the pod does not get."""

PAIRS: Final = tuple(pair for kind in (*KINDS, CONTROLLERS, SILENT) for pair in kind)
