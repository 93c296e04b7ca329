# ruff: noqa: E501 -- what is said is shown in one piece
"""The same of StatefulSets, DaemonSets, Jobs, CronJobs and what is of the whole cluster."""

from typing import Final

from tests.admission.cases import KINDS, MAIN, POD, Pair

_JOB: Final = "spec.jobTemplate.spec"
_TEMPLATE: Final = "spec.template"
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

_BALANCER: Final = "Service/balancer"
_AGENT: Final = "DaemonSet/agent"
_NOTES: Final = "spec.template.metadata.annotations"

OF_THE_PROVIDER: Final = (
    Pair(_BALANCER, "spec.clusterIP", "None", "a Service of type LoadBalancer has an address", ""),
    Pair(_BALANCER, "spec.loadBalancerSourceRanges.0", "203.0.113.7/24", "'203.0.113.7/24' has bits beyond its length: write 203.0.113.0/24", "203.0.113.7/32"),
    Pair(_BALANCER, "spec.loadBalancerClass", "a b", "'a b' is not a key: a name of 63 characters at most, with a DNS name and '/' before it or without", "a"),
    Pair(_BALANCER, "spec.externalTrafficPolicy", "local", "'local' is not one of Cluster, Local", "Cluster"),
    Pair("Service/node", "spec.type", "ClusterIP", "spec.externalTrafficPolicy: a Service of type ClusterIP has no externalTrafficPolicy", "NodePort"),
    Pair("Service/node", "spec.loadBalancerSourceRanges", ["10.0.0.0/8"], "a Service of type NodePort has no loadBalancerSourceRanges", []),
    Pair("Service/node", "spec.healthCheckNodePort", 30000, "a Service of type NodePort has no healthCheckNodePort", 0),
    Pair("Service/node", "spec.ports", [{"name": "a", "port": 80, "nodePort": 30080}, {"name": "b", "port": 81, "nodePort": 30080}], "spec.ports.1.nodePort: a second port has nodePort 30080", [{"name": "a", "port": 80, "nodePort": 30080}, {"name": "b", "port": 81, "protocol": "UDP", "nodePort": 30080}]),
    Pair("Service/elsewhere", "spec.externalName", "Files", "'Files' is not a DNS name: lower-case letters, digits, '-' and '.' inside, 253 characters at most", "files.example.com."),
    Pair("Service/elsewhere", "spec.externalName", None, "spec: it needs `externalName`", "a"),
    Pair("Service/elsewhere", "spec.clusterIP", "None", "a Service of type ExternalName has no clusterIP", ""),
    Pair("Service/elsewhere", "spec.ipFamilyPolicy", "SingleStack", "a Service of type ExternalName has no ipFamilyPolicy", None),
    Pair("Service", "spec.ports.0.nodePort", 30000, "a Service of type ClusterIP has no nodePort", 0),
    Pair("Service", "spec.externalIPs", ["127.0.0.1"], "spec.externalIPs.0: 127.0.0.1 is an address that nobody else reaches", ["192.0.2.1"]),
    Pair("Service", "spec.externalIPs", ["::ffff:192.0.2.1"], "spec.externalIPs.0: '::ffff:192.0.2.1' is an IPv4 address, written as one of IPv6: write 192.0.2.1", ["2001:db8::1"]),
    Pair("ResourceQuota/critical", "spec.hard", {"secrets": "1"}, "spec.scopeSelector.matchExpressions.0.scopeName: a quota of the scope PriorityClass does not count secrets", {"limits.cpu": "1"}),
    Pair("ResourceQuota/critical", "spec.scopeSelector.matchExpressions.0.values", [], "spec.scopeSelector.matchExpressions.0: In needs values", ["low"]),
    Pair("ResourceQuota/critical", "spec.scopeSelector.matchExpressions.0.scopeName", "Terminating", "spec.scopeSelector.matchExpressions.0.operator: the operator of such a scope is Exists", "PriorityClass"),
    Pair("ResourceQuota/critical", "spec.scopes", ["Terminating", "NotTerminating"], "spec: the scopes Terminating and NotTerminating exclude each other", ["Terminating", "NotBestEffort"]),
    Pair(_AGENT, f"{POD}.volumes.0.hostPath.path", "/a/../b", "'/a/../b' holds '..'", "/a/..b"),
    Pair(_AGENT, f"{POD}.volumes.0.hostPath.type", "Folder", "'Folder' is not one of BlockDevice, CharDevice, Directory, DirectoryOrCreate, File, FileOrCreate, Socket", ""),
    Pair(_AGENT, f"{POD}.volumes.1.nfs.path", "files", "'files' is not absolute", "/"),
    Pair(_AGENT, f"{POD}.volumes.2.csi.driver", "csi_driver", "'csi_driver' is not a DNS name: lower-case letters, digits, '-' and '.' inside, 253 characters at most", "csi-driver"),
    Pair(_AGENT, f"{POD}.volumes.4", {"name": "disk", "iscsi": {"targetPortal": "a", "iqn": "b", "lun": 0}}, f"{POD}.volumes.4.iscsi: tenantry does not know what the API server checks of it", {"name": "disk", "emptyDir": {}}),
    Pair(_AGENT, f"{POD}.volumes.3.projected.sources.0.serviceAccountToken.expirationSeconds", 60, "60 is not between 600 and 4294967296", 600),
    Pair(_AGENT, f"{POD}.hostUsers", False, f"{POD}.hostNetwork: a pod has hostNetwork or hostUsers: false", None),
    Pair(_AGENT, f"{MAIN}.ports", [{"name": "a", "containerPort": 9100, "hostPort": 9100}, {"name": "b", "containerPort": 9100, "hostPort": 9100, "protocol": "UDP"}, {"name": "c", "containerPort": 9100, "hostPort": 9100, "protocol": "SCTP"}, {"name": "d", "containerPort": 9101, "hostPort": 9100}], f"{MAIN}.ports.3.hostPort: a second port has hostPort 9100", [{"containerPort": 9100}]),
    Pair(_AGENT, f"{MAIN}.securityContext.allowPrivilegeEscalation", False, "privileged needs allowPrivilegeEscalation", True),
    Pair(_AGENT, _NOTES, {"controller.kubernetes.io/pod-deletion-cost": "05"}, f"{_NOTES}.controller.kubernetes.io/pod-deletion-cost: '05' is not a whole number of 32 bits", {"controller.kubernetes.io/pod-deletion-cost": "5"}),
    Pair(_AGENT, _NOTES, {"container.apparmor.security.beta.kubernetes.io/other": "unconfined"}, f"{_NOTES}.container.apparmor.security.beta.kubernetes.io/other: there is no container other in this pod", {"container.apparmor.security.beta.kubernetes.io/main": "unconfined"}),
    Pair(_AGENT, _NOTES, {"seccomp.security.alpha.kubernetes.io/pod": "runtime/default"}, f"{_NOTES}.seccomp.security.alpha.kubernetes.io/pod: nobody reads this annotation of a template", {}),
)  # fmt: skip
"""What a provider runs beside the companies: Services with doors of their own, agents on nodes, quotas with scopes."""

MORE_OF_PODS: Final = (
    Pair("Deployment", f"{POD}.os.name", "windows", "tenantry knows pods of Linux alone", "linux"),
    Pair("Deployment", f"{POD}.os", {}, f"{POD}.os: it needs `name`", {"name": "linux"}),
    Pair("Deployment", f"{POD}.volumes.2.secret.items.0.path", "..a", "'..a' begins with '..'", "a/..a"),
    Pair("Deployment", f"{POD}.volumes.3.downwardAPI.items.0", {"path": "a"}, f"{POD}.volumes.3.downwardAPI.items.0: what a file of the downward API holds is missing: one of fieldRef, resourceFieldRef", {"path": "a", "fieldRef": {"fieldPath": "metadata.name"}}),
    Pair("Deployment", f"{POD}.volumes.6.ephemeral.volumeClaimTemplate.metadata", {"name": "a"}, f"{POD}.volumes.6.ephemeral.volumeClaimTemplate.metadata.name: the claim is called as its pod and its volume are", {"labels": {"a": "b"}}),
    Pair("Deployment", f"{MAIN}.resources", {"limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}}, f"{MAIN}.resources.limits.hugepages-2Mi: 3Mi is no multiple of 2Mi", {"limits": {"cpu": "1", "hugepages-2Mi": "4Mi"}}),
    Pair("Deployment", "metadata.finalizers", ["foregroundDeletion", "orphan"], "foregroundDeletion and orphan exclude each other", ["orphan"]),
    Pair("StatefulSet", "metadata.name", "files.web", "'files.web' is not a DNS label: lower-case letters, digits and '-' inside, 63 characters at most", "files-web"),
    Pair("Deployment", f"{POD}.resources", {"limits": {"cpu": "5"}, "requests": {"cpu": "100m"}}, f"{POD}.resources.requests.cpu: its containers request 0.110 together, and the pod 100m", {"limits": {"cpu": "5"}, "requests": {"cpu": "110m"}}),
    Pair("Deployment", f"{POD}.overhead", {"gpu": "1"}, f"{POD}.overhead.gpu: gpu is not a resource of a container: it takes cpu, memory, ephemeral-storage or a device", {"cpu": "1"}),
    Pair(_AGENT, f"{POD}.volumes.2.csi.driver", "csi driver", "'csi driver' is not a DNS name: lower-case letters, digits, '-' and '.' inside, 253 characters at most", "CSI.example.com"),
    Pair("Job", "spec.activeDeadlineSeconds", -1, "-1 is not between 0 and 9223372036854775807", 1 << 32),
    Pair("Job", f"{_TEMPLATE}.metadata.labels", {"job-name": "a"}, f"{_TEMPLATE}.metadata.labels.job-name: the API server writes this label", {"job": "a"}),
    Pair("Job", "spec.parallelism", 100_001, "100001 is not between 0 and 100000", 100_000),
    Pair("LimitRange", "spec.limits.0", {"type": "Container", "default": {"a/b": "2"}, "defaultRequest": {"a/b": "1"}}, "spec.limits.0.defaultRequest.a/b: defaultRequest 1 of a/b is not default 2", {"type": "Container", "default": {"a/b": "2"}, "defaultRequest": {"a/b": "2"}}),
    Pair("NetworkPolicy", "spec.egress.0.to.0.ipBlock", {"cidr": "10.0.0.1/8"}, "spec.egress.0.to.0.ipBlock.cidr: '10.0.0.1/8' has bits beyond its length: write 10.0.0.0/8", {"cidr": "10.0.0.1/32"}),
    Pair("NetworkPolicy", "spec.egress.0.to.0.ipBlock", {"cidr": "10.0.0.0/08"}, "spec.egress.0.to.0.ipBlock.cidr: '10.0.0.0/08' has a 0 at the begin of its length: write 10.0.0.0/8", {"cidr": "0.0.0.0/0"}),
    Pair("NetworkPolicy", "spec.egress.0.to.0.ipBlock", {"cidr": "::ffff:10.0.0.0/104"}, "spec.egress.0.to.0.ipBlock.cidr: '::ffff:10.0.0.0/104' is an IPv4 address, written as one of IPv6: write 10.0.0.0", {"cidr": "fd00::/8"}),
    Pair("RoleBinding", "subjects.1.apiGroup", "rbac", "the apiGroup of a User is rbac.authorization.k8s.io", ""),
    Pair("PersistentVolumeClaim", "spec.volumeAttributesClassName", "Fast", "'Fast' is not a DNS name: lower-case letters, digits, '-' and '.' inside, 253 characters at most", ""),
)  # fmt: skip
"""What was found by asking Kubernetes about edits by hand."""

PAIRS: Final = tuple(pair for kind in (*KINDS, CONTROLLERS, SILENT, OF_THE_PROVIDER, MORE_OF_PODS) for pair in kind)
