# ruff: noqa: E501 -- what is said is shown in one piece
"""What the API server refuses and no schema says, kind by kind: each beside what is nearly the same and passes.

The objects are those of rich.yaml. tests/slow/test_validation_oracle.py asks Kubernetes itself about every pair.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

POD: Final = "spec.template.spec"
MAIN: Final = f"{POD}.containers.0"
SIDECAR: Final = f"{POD}.initContainers.0"
FIRST: Final = f"{POD}.initContainers.1"


@dataclass(frozen=True, slots=True)
class Pair:
    """A change that is refused, and one that is not.

    Attributes:
        kind: Of the object that is changed, with `/` and its name where it is not the first of its kind.
        path: Where, with dots; an index may stand in it.
        bad: What is refused there; None takes the field out.
        fact: What is said, without the path where it is this one: a path of its own stands before `: `.
        good: What passes.
    """

    kind: str
    path: str
    bad: Any
    fact: str
    good: Any

    def __str__(self) -> str:
        return f"{self.kind} {self.path} {str(self.bad)[:30]}"


@cache
def _rich() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(Path(__file__).with_name("rich.yaml").read_text(encoding="utf-8")))


def changed(kind: str, path: str, value: Any) -> Mapping[str, Any]:
    """Return a rich object, named as a pair names it, with another value at a path."""
    kind, _, name = kind.partition("/")
    one = copy.deepcopy(next(one for one in _rich() if one["kind"] == kind and name in ("", one["metadata"]["name"])))
    *way, last = (int(step) if step.isdecimal() else step.replace("|", ".") for step in path.split("."))
    holder: Any = one
    for step in way:
        holder = holder.setdefault(step, {}) if isinstance(step, str) else holder[step]
    if value is None:
        holder.pop(last, None)
    elif isinstance(holder, list) and last == len(holder):
        holder.append(value)
    else:
        holder[last] = value
    return one


_LABEL: Final = "is not a DNS label: lower-case letters, digits and '-' inside, 63 characters at most"
_NAME: Final = "is not a DNS name: lower-case letters, digits, '-' and '.' inside, 253 characters at most"
_VALUE: Final = "is not a label value: letters, digits, '-', '_' and '.' inside, 63 characters at most"
_KEY: Final = "is not a key: a name of 63 characters at most, with a DNS name and '/' before it or without"
_PORT: Final = "is not the name of a port: lower-case letters, digits and single '-' inside, a letter at least, 15 characters at most"

NAMES: Final = (
    Pair("NetworkPolicy", "metadata.name", "to_collector", f"'to_collector' {_NAME}", "to-collector"),
    Pair("Deployment", "metadata.name", "Files", f"'Files' {_NAME}", "files"),
    Pair("ConfigMap", "metadata.name", "-settings", f"'-settings' {_NAME}", "settings"),
    Pair("PersistentVolumeClaim", "metadata.name", "files-", f"'files-' {_NAME}", "files-1"),
    Pair("HorizontalPodAutoscaler", "metadata.name", "a..b", f"'a..b' {_NAME}", "a.b"),
    Pair("Service", "metadata.name", "web.public", f"'web.public' {_LABEL}", "web-public"),
    Pair("Service", "metadata.name", "a" * 64, f"'{'a' * 60}...' {_LABEL}", "a" * 63),
    Pair(
        "Role", "metadata.name", "a/b", "'a/b' is not a name that can stand in a path: no '/', no '%', not '.'", "a:b"
    ),
    Pair("Ingress", "metadata.name", "a" * 254, f"'{'a' * 60}...' {_NAME}", "a" * 253),
    Pair("ServiceAccount", "metadata.name", "files server", f"'files server' {_NAME}", "files-server"),
    Pair("LimitRange", "metadata.name", "", "metadata: an object needs a name", "limits"),
    Pair("Deployment", "metadata.labels", {"a b": "c"}, f"metadata.labels.a b: 'a b' {_KEY}", {"a.b": "c"}),
    Pair("Deployment", "metadata.labels", {"a": "b c"}, f"metadata.labels.a: 'b c' {_VALUE}", {"a": "b_c"}),
    Pair("Deployment", "metadata.labels", {"a": "-"}, f"metadata.labels.a: '-' {_VALUE}", {"a": ""}),
    Pair(
        "Service", "metadata.labels", {"a": "b" * 64}, f"metadata.labels.a: '{'b' * 60}...' {_VALUE}", {"a": "b" * 63}
    ),
    Pair("Service", "metadata.labels", {"A.b/c": "d"}, f"metadata.labels.A.b/c: 'A.b/c' {_KEY}", {"a.b/C": "d"}),
    Pair(
        "Role", "metadata.annotations", {"a/b/c": "d"}, f"metadata.annotations.a/b/c: 'a/b/c' {_KEY}", {"a/b-c": "d e"}
    ),
    Pair("Deployment", "spec.template.metadata.labels.tier", "a/b", f"'a/b' {_VALUE}", "b"),
    Pair(
        "Deployment",
        "spec.template.metadata.annotations",
        {"a/": "b"},
        f"spec.template.metadata.annotations.a/: 'a/' {_KEY}",
        {"A/b": "b"},
    ),
    Pair(
        "ServiceAccount",
        "metadata.finalizers.0",
        "keep",
        "'keep' is not the qualified name of a finalizer",
        "example.com/keep",
    ),
    Pair("ConfigMap", "metadata.uid", "a", "the cluster writes this field, not git", None),
    Pair("Deployment", f"{MAIN}.name", "main_1", f"'main_1' {_LABEL}", "main"),
    Pair("Deployment", f"{POD}.volumes.5.name", "Code", f"'Code' {_LABEL}", "code"),
    Pair("Deployment", f"{MAIN}.ports.0.name", "web_port", f"'web_port' {_PORT}", "web-port"),
    Pair("Deployment", f"{MAIN}.ports.0.name", "a-very-long-port", f"'a-very-long-port' {_PORT}", "a-long-port"),
    Pair("Deployment", f"{MAIN}.ports.0.name", "80", f"'80' {_PORT}", "p80"),
    Pair(
        "Deployment", f"{MAIN}.env.0.name", "A=B", "'A=B' is not a variable's name: printable ASCII without '='", "A.B"
    ),
    Pair("Deployment", f"{POD}.serviceAccountName", "Files", f"'Files' {_NAME}", "files"),
    Pair(
        "ConfigMap",
        "data",
        {"../a": "b"},
        "data.../a: '../a' is not a key: letters, digits, '-', '_' and '.', not '..'",
        {".a": "b"},
    ),
    Pair("Service", "spec.ports.0.name", "Web", f"'Web' {_LABEL}", "web"),
    Pair("Ingress", "spec.rules.0.host", "A.example.com", f"'A.example.com' {_NAME}", "b.example.com"),
    Pair("Ingress", "spec.rules.0.host", "10.0.0.1", "a host is a DNS name, not an address", "10.example.com"),
    Pair(
        "PodDisruptionBudget",
        "spec.selector.matchLabels",
        {"a": "b/c"},
        f"spec.selector.matchLabels.a: 'b/c' {_VALUE}",
        {"a": "b.c"},
    ),
    Pair("PersistentVolumeClaim", "spec.storageClassName", "Fast", f"'Fast' {_NAME}", "fast.2"),
)
"""Names, labels, annotations and keys."""

LIST_KEYS: Final = (
    Pair(
        "Deployment",
        f"{MAIN}.env.4",
        {"name": "A", "value": "c"},
        f"{MAIN}.env.4.name: a second entry has name A",
        {"name": "E", "value": "c"},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.ports.2",
        {"name": "x", "containerPort": 8080},
        f"{MAIN}.ports.2.containerPort: a second entry has containerPort and protocol 8080, TCP",
        {"name": "x", "containerPort": 8080, "protocol": "UDP"},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.ports.2",
        {"name": "x", "containerPort": 53, "protocol": "UDP"},
        f"{MAIN}.ports.2.containerPort: a second entry has containerPort and protocol 53, UDP",
        {"name": "x", "containerPort": 53},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.volumeMounts.4",
        {"name": "code", "mountPath": "/all"},
        f"{MAIN}.volumeMounts.4.mountPath: a second entry has mountPath /all",
        {"name": "all", "mountPath": "/all/b"},
    ),
    Pair(
        "Deployment",
        f"{POD}.volumes.7",
        {"name": "keys", "emptyDir": {}},
        f"{POD}.volumes.7.name: a second entry has name keys",
        {"name": "other", "emptyDir": {}},
    ),
    Pair(
        "Deployment",
        f"{POD}.containers.1",
        {"name": "main", "image": "a"},
        f"{POD}.containers.1.name: a second entry has name main",
        {"name": "other", "image": "a"},
    ),
    Pair(
        "Deployment",
        f"{POD}.initContainers.2",
        {"name": "first", "image": "a"},
        f"{POD}.initContainers.2.name: a second entry has name first",
        {"name": "second", "image": "a"},
    ),
    Pair(
        "Deployment",
        f"{POD}.imagePullSecrets.1",
        {"name": "pull"},
        f"{POD}.imagePullSecrets.1.name: a second entry has name pull",
        {"name": "pull2"},
    ),
    Pair(
        "Deployment",
        f"{POD}.hostAliases.1",
        {"ip": "10.0.0.1", "hostnames": ["b"]},
        f"{POD}.hostAliases.1.ip: a second entry has ip 10.0.0.1",
        {"ip": "10.0.0.2", "hostnames": ["a.example.com"]},
    ),
    Pair(
        "Deployment",
        f"{POD}.topologySpreadConstraints.1",
        {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
        f"{POD}.topologySpreadConstraints.1.topologyKey: a second entry has topologyKey and whenUnsatisfiable zone, DoNotSchedule",
        {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.volumeDevices.1",
        {"name": "own", "devicePath": "/dev/xvda"},
        f"{MAIN}.volumeDevices.1.devicePath: a second entry has devicePath /dev/xvda",
        {"name": "own", "devicePath": "/dev/xvdb"},
    ),
    Pair(
        "Service",
        "spec.ports.2",
        {"name": "x", "port": 80},
        "spec.ports.2.port: a second entry has port and protocol 80, TCP",
        {"name": "x", "port": 80, "protocol": "UDP"},
    ),
    Pair("ServiceAccount", "secrets.1", {}, "secrets.1: it lacks its key `name`", {"name": "b"}),
    Pair("ServiceAccount", "secrets.1", {"name": "a"}, "secrets.1.name: a second entry has name a", {"name": "c"}),
    Pair(
        "ServiceAccount",
        "metadata.finalizers.1",
        "example.com/a",
        "metadata.finalizers.1: a second entry has example.com/a",
        "example.com/b",
    ),
)
"""Entries of a list that share what the list tells them apart by; those of two containers have two lists."""

REFERENCES: Final = (
    Pair("Deployment", f"{MAIN}.volumeMounts.0.name", "nowhere", "there is no volume nowhere in this pod", "keys"),
    Pair("Deployment", f"{FIRST}.volumeMounts.0.name", "tmp", "there is no volume tmp in this pod", "own"),
    Pair(
        "Deployment",
        f"{SIDECAR}.volumeMounts",
        [{"name": "Scratch", "mountPath": "/s"}],
        f"{SIDECAR}.volumeMounts.0.name: there is no volume Scratch in this pod",
        [{"name": "scratch", "mountPath": "/s"}],
    ),
    Pair(
        "Deployment",
        f"{MAIN}.volumeDevices.0.name",
        "scratch",
        "there is no volume scratch of a claim in this pod",
        "own",
    ),
    Pair("Deployment", f"{MAIN}.volumeDevices.0.name", "keys", "there is no volume keys of a claim in this pod", "raw"),
    Pair(
        "Deployment",
        f"{MAIN}.volumeMounts.4",
        {"name": "raw", "mountPath": "/raw"},
        f"{MAIN}.volumeDevices.0: a volume is mounted or a device, and this one is both",
        {"name": "own", "mountPath": "/own"},
    ),
    Pair("Deployment", f"{MAIN}.volumeMounts.3.name", "label", "there is no volume label in this pod", "labels"),
    Pair("Deployment", f"{MAIN}.volumeMounts.0.subPath", "/a", "'/a' is absolute", "a"),
    Pair("Deployment", f"{FIRST}.volumeMounts.0.subPath", "a/../b", "'a/../b' holds '..'", "a/..b"),
    Pair("Deployment", f"{MAIN}.volumeMounts.0.mountPath", "", f"{MAIN}.volumeMounts.0: it needs `mountPath`", "/s"),
    Pair(
        "Deployment",
        f"{MAIN}.env.3.valueFrom.fieldRef.fieldPath",
        "metadata.nam",
        "'metadata.nam' is not one of metadata.name, metadata.namespace, metadata.uid, spec.nodeName, spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP, status.podIPs",
        "metadata.name",
    ),
    Pair(
        "Deployment",
        f"{MAIN}.env.3.valueFrom.fieldRef.fieldPath",
        "metadata.labels",
        "'metadata.labels' is not one of metadata.name, metadata.namespace, metadata.uid, spec.nodeName, spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP, status.podIPs",
        "metadata.annotations['a']",
    ),
    Pair(
        "Deployment",
        f"{MAIN}.env.2.valueFrom.resourceFieldRef.resource",
        "cpu",
        "'cpu' is not a request or a limit, such as limits.memory",
        "requests.cpu",
    ),
    Pair(
        "Deployment",
        f"{MAIN}.env.2.valueFrom.resourceFieldRef.divisor",
        "2",
        "the divisor 2 is not one of 0, 1, 1m",
        "1",
    ),
    Pair(
        "Deployment",
        f"{MAIN}.env.1.valueFrom.configMapKeyRef.key",
        "a/b",
        "'a/b' is not a key: letters, digits, '-', '_' and '.', not '..'",
        "a.b",
    ),
    Pair(
        "Deployment",
        f"{POD}.volumes.1.projected.sources.0.configMap.items.0.path",
        "../a",
        "'../a' holds '..'",
        "a/b/c",
    ),
    Pair(
        "Deployment",
        f"{POD}.volumes.1.projected.sources.2.downwardAPI.items.0.path",
        "a/b",
        "a second file is put at a/b",
        "a/c",
    ),
    Pair(
        "Deployment",
        f"{POD}.volumes.3.downwardAPI.items.0.resourceFieldRef.containerName",
        None,
        f"{POD}.volumes.3.downwardAPI.items.0.resourceFieldRef: a file needs the name of the container",
        "main",
    ),
    Pair("Deployment", f"{MAIN}.name", "sidecar", "an init container is called sidecar as well", "main"),
    Pair("Deployment", f"{MAIN}.readinessProbe.httpGet.port", "web_1", f"'web_1' {_PORT}", "web"),
    Pair("Deployment", f"{MAIN}.readinessProbe.httpGet.port", 0, "0 is not between 1 and 65535", 1),
    Pair("NetworkPolicy", "spec.egress.0.ports.0.port", "Web", f"'Web' {_PORT}", "web"),
    Pair("RoleBinding", "roleRef.name", "", "roleRef: it needs `name`", "a"),
    Pair(
        "Ingress",
        "spec.rules.0.http.paths.0.backend.service.name",
        "",
        "spec.rules.0.http.paths.0.backend.service: it needs `name`",
        "web",
    ),
)
"""What a part of an object names in another part of it."""

ONE_OF_SEVERAL: Final = (
    Pair(
        "Deployment",
        f"{MAIN}.livenessProbe",
        {"exec": {"command": ["a"]}, "tcpSocket": {"port": 80}},
        f"{MAIN}.livenessProbe.tcpSocket: exec and tcpSocket: what a probe asks is one of them",
        {"tcpSocket": {"port": 80}},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.readinessProbe",
        {"httpGet": {"port": 80}, "grpc": {"port": 80}},
        f"{MAIN}.readinessProbe.grpc: httpGet and grpc: what a probe asks is one of them",
        {"grpc": {"port": 80}},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.startupProbe",
        {"periodSeconds": 5},
        f"{MAIN}.startupProbe: what a probe asks is missing: one of exec, grpc, httpGet, tcpSocket",
        {"periodSeconds": 5, "httpGet": {"port": 80}},
    ),
    Pair(
        "Deployment",
        f"{SIDECAR}.startupProbe",
        {"exec": {"command": ["a"]}, "httpGet": {"port": 1}},
        f"{SIDECAR}.startupProbe.httpGet: exec and httpGet: what a probe asks is one of them",
        {"httpGet": {"port": 1}},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.lifecycle.preStop",
        {"sleep": {"seconds": 1}, "exec": {"command": ["a"]}},
        f"{MAIN}.lifecycle.preStop.exec: sleep and exec: what a hook does is one of them",
        {"sleep": {"seconds": 1}},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.lifecycle.postStart",
        {},
        "what a hook does is missing: one of exec, httpGet, sleep, tcpSocket",
        {"exec": {"command": ["a"]}},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.env.1.value",
        "c",
        f"{MAIN}.env.1.valueFrom: a variable has a value or a valueFrom, and this one has both",
        "",
    ),
    Pair(
        "Deployment",
        f"{MAIN}.env.1.valueFrom",
        {"configMapKeyRef": {"name": "a", "key": "b"}, "secretKeyRef": {"name": "a", "key": "b"}},
        f"{MAIN}.env.1.valueFrom.secretKeyRef: configMapKeyRef and secretKeyRef: the source of a value is one of them",
        {"secretKeyRef": {"name": "a", "key": "b"}},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.env.1.valueFrom",
        {},
        "the source of a value is missing: one of configMapKeyRef, fieldRef, fileKeyRef, resourceFieldRef, secretKeyRef",
        {"fieldRef": {"fieldPath": "status.podIP"}},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.envFrom.0",
        {"configMapRef": {"name": "a"}, "secretRef": {"name": "a"}},
        f"{MAIN}.envFrom.0.secretRef: configMapRef and secretRef: the source of variables is one of them",
        {"secretRef": {"name": "a"}},
    ),
    Pair(
        "Deployment",
        f"{POD}.volumes.5",
        {"name": "code", "emptyDir": {}, "secret": {"secretName": "a"}},
        f"{POD}.volumes.5.secret: emptyDir and secret: the source of a volume is one of them",
        {"name": "code", "secret": {"secretName": "a"}},
    ),
    Pair(
        "Deployment",
        f"{POD}.volumes.1.projected.sources.0",
        {"secret": {"name": "a"}, "configMap": {"name": "a"}},
        f"{POD}.volumes.1.projected.sources.0.configMap: secret and configMap: a projected source is one of them",
        {"configMap": {"name": "a"}},
    ),
    Pair(
        "Deployment",
        f"{POD}.volumes.3.downwardAPI.items.0",
        {
            "path": "a",
            "fieldRef": {"fieldPath": "metadata.name"},
            "resourceFieldRef": {"containerName": "main", "resource": "limits.cpu"},
        },
        f"{POD}.volumes.3.downwardAPI.items.0.resourceFieldRef: fieldRef and resourceFieldRef: what a file of the downward API holds is one of them",
        {"path": "a", "fieldRef": {"fieldPath": "metadata.name"}},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.volumeMounts.0",
        {"name": "all", "mountPath": "/a", "subPath": "a", "subPathExpr": "b"},
        f"{MAIN}.volumeMounts.0.subPathExpr: subPath and subPathExpr: the part of the volume is one of them",
        {"name": "all", "mountPath": "/a", "subPath": "a"},
    ),
    Pair(
        "PodDisruptionBudget",
        "spec",
        {"maxUnavailable": 1, "minAvailable": 1},
        "spec.minAvailable: maxUnavailable and minAvailable: what a budget keeps is one of them",
        {"maxUnavailable": 1},
    ),
    Pair(
        "NetworkPolicy",
        "spec.egress.0.to.0",
        {"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}},
        "spec.egress.0.to.0.ipBlock: ipBlock stands beside no selector",
        {"namespaceSelector": {}, "podSelector": {}},
    ),
    Pair(
        "NetworkPolicy",
        "spec.ingress.0.from.0",
        {},
        "a peer needs an ipBlock, a podSelector or a namespaceSelector",
        {"namespaceSelector": {}},
    ),
    Pair(
        "Ingress",
        "spec.rules.0.http.paths.0.backend",
        {"service": {"name": "a", "port": {"number": 80}}, "resource": {"kind": "A", "name": "b"}},
        "spec.rules.0.http.paths.0.backend.resource: service and resource: the backend is one of them",
        {"service": {"name": "a", "port": {"number": 80}}},
    ),
    Pair(
        "Ingress",
        "spec.defaultBackend.service.port",
        {"name": "web", "number": 80},
        "spec.defaultBackend.service.port.number: name and number: the port of a backend is one of them",
        {"name": "web"},
    ),
    Pair(
        "HorizontalPodAutoscaler",
        "spec.metrics.0.type",
        "Pods",
        "spec.metrics.0.resource: a metric of type Pods has no resource",
        "Resource",
    ),
    Pair(
        "HorizontalPodAutoscaler",
        "spec.metrics.0.resource.target",
        {"type": "Utilization", "averageUtilization": 50, "averageValue": "1"},
        "spec.metrics.0.resource.target.averageValue: averageUtilization and averageValue: a target has one of them",
        {"type": "Utilization", "averageUtilization": 50},
    ),
    Pair(
        "ConfigMap",
        "binaryData",
        {"a.yaml": "YQ=="},
        "binaryData.a.yaml: data and binaryData both hold a.yaml",
        {"b.yaml": "YQ=="},
    ),
)
"""Of several fields one alone may stand, and often one must."""

STRATEGIES: Final = (
    Pair(
        "Deployment",
        "spec.strategy.type",
        "Recreate",
        "spec.strategy.rollingUpdate: it stands beside type Recreate",
        "RollingUpdate",
    ),
    Pair(
        "Deployment",
        "spec.strategy",
        {"type": "Recreate", "rollingUpdate": {}},
        "spec.strategy.rollingUpdate: it stands beside type Recreate",
        {"type": "Recreate"},
    ),
    Pair(
        "Deployment",
        "spec.strategy.rollingUpdate",
        {"maxSurge": 0, "maxUnavailable": 0},
        "spec.strategy.rollingUpdate.maxSurge: with maxSurge 0 and maxUnavailable 0 no pod may ever be replaced",
        {"maxSurge": 0, "maxUnavailable": 1},
    ),
    Pair(
        "Deployment",
        "spec.strategy.rollingUpdate",
        {"maxSurge": "0%", "maxUnavailable": 0},
        "spec.strategy.rollingUpdate.maxSurge: with maxSurge 0 and maxUnavailable 0 no pod may ever be replaced",
        {"maxSurge": "1%", "maxUnavailable": 0},
    ),
    Pair(
        "Deployment",
        "spec.strategy.rollingUpdate",
        {"maxSurge": 0, "maxUnavailable": "0%"},
        "spec.strategy.rollingUpdate.maxSurge: with maxSurge 0 and maxUnavailable 0 no pod may ever be replaced",
        {"maxUnavailable": "0%"},
    ),
    Pair(
        "Deployment",
        "spec.strategy.rollingUpdate.maxSurge",
        "one",
        "'one' is neither a number nor a percentage",
        "100%",
    ),
    Pair("Deployment", "spec.strategy.rollingUpdate.maxSurge", "1", "'1' is neither a number nor a percentage", 1),
    Pair("Deployment", "spec.strategy.rollingUpdate.maxSurge", -1, "-1 is not between 0 and 2147483647", 0),
    Pair("Deployment", "spec.strategy.rollingUpdate.maxUnavailable", "101%", "101% is more than 100%", "100%"),
    Pair(
        "Deployment",
        "spec.strategy.rollingUpdate.maxUnavailable",
        "-1%",
        "'-1%' is neither a number nor a percentage",
        "1%",
    ),
    Pair("PodDisruptionBudget", "spec.minAvailable", "150%", "150% is more than 100%", "100%"),
    Pair("PodDisruptionBudget", "spec.minAvailable", "half", "'half' is neither a number nor a percentage", "50%"),
    Pair("PodDisruptionBudget", "spec.minAvailable", -1, "-1 is not between 0 and 2147483647", 0),
    Pair(
        "HorizontalPodAutoscaler",
        "spec.minReplicas",
        10,
        "spec.maxReplicas: maxReplicas 9 is less than minReplicas 10",
        9,
    ),
    Pair(
        "HorizontalPodAutoscaler",
        "spec.behavior.scaleUp.policies",
        [],
        "it needs a policy",
        [{"type": "Pods", "value": 1, "periodSeconds": 1}],
    ),
    Pair(
        "HorizontalPodAutoscaler",
        "spec.behavior.scaleUp.selectPolicy",
        "Maximum",
        "'Maximum' is not one of Disabled, Max, Min",
        "Max",
    ),
    Pair(
        "PersistentVolumeClaim",
        "spec.accessModes",
        ["ReadWriteOncePod", "ReadWriteOnce"],
        "ReadWriteOncePod stands beside no other mode",
        ["ReadWriteOncePod"],
    ),
)
"""What a roll-out, a budget or an autoscaler may combine."""

DEADLINES: Final = (
    Pair(
        "Deployment",
        "spec.progressDeadlineSeconds",
        5,
        "progressDeadlineSeconds 5 is not more than minReadySeconds 5",
        6,
    ),
    Pair(
        "Deployment",
        "spec.minReadySeconds",
        60,
        "spec.progressDeadlineSeconds: progressDeadlineSeconds 60 is not more than minReadySeconds 60",
        59,
    ),
    Pair(
        "Deployment",
        "spec.progressDeadlineSeconds",
        0,
        "progressDeadlineSeconds 0 is not more than minReadySeconds 5",
        3600,
    ),
    Pair("Deployment", "spec.minReadySeconds", -1, "-1 is not between 0 and 2147483647", 0),
    Pair("Deployment", "spec.revisionHistoryLimit", -1, "-1 is not between 0 and 2147483647", 0),
    Pair(
        "Deployment",
        f"{MAIN}.lifecycle.preStop",
        {"sleep": {"seconds": 31}},
        f"{MAIN}.lifecycle.preStop.sleep.seconds: it sleeps for 31 seconds, and the pod has 30 to end",
        {"sleep": {"seconds": 30}},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.lifecycle.postStart",
        {"sleep": {"seconds": -1}},
        f"{MAIN}.lifecycle.postStart.sleep.seconds: it sleeps for -1 seconds, and the pod has 30 to end",
        {"sleep": {"seconds": 0}},
    ),
    Pair(
        "Deployment",
        f"{MAIN}.livenessProbe.terminationGracePeriodSeconds",
        0,
        "0 is not between 1 and 4611686018427387904",
        1,
    ),
    Pair(
        "Deployment",
        f"{MAIN}.readinessProbe",
        {"tcpSocket": {"port": 1}, "terminationGracePeriodSeconds": 5},
        f"{MAIN}.readinessProbe.terminationGracePeriodSeconds: a readinessProbe ends no container, and has no grace period",
        {"tcpSocket": {"port": 1}, "periodSeconds": 5},
    ),
    Pair("Deployment", f"{MAIN}.livenessProbe.successThreshold", 2, "the successThreshold of a livenessProbe is 1", 1),
    Pair("Deployment", f"{MAIN}.startupProbe.successThreshold", 3, "the successThreshold of a startupProbe is 1", 1),
    Pair("Deployment", f"{MAIN}.livenessProbe.periodSeconds", -5, "-5 is not between 0 and 2147483647", 5),
    Pair("Deployment", f"{MAIN}.readinessProbe.timeoutSeconds", -1, "-1 is not between 0 and 2147483647", 1),
    Pair(
        "HorizontalPodAutoscaler",
        "spec.behavior.scaleDown.stabilizationWindowSeconds",
        3601,
        "3601 is not between 0 and 3600",
        3600,
    ),
    Pair(
        "HorizontalPodAutoscaler",
        "spec.behavior.scaleDown.policies.0.periodSeconds",
        1801,
        "1801 is not between 1 and 1800",
        1800,
    ),
    Pair(
        "HorizontalPodAutoscaler", "spec.behavior.scaleDown.policies.0.value", 0, "0 is not between 1 and 2147483647", 1
    ),
    Pair(
        "Service",
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
        86401,
        "86401 is not between 1 and 86400",
        86400,
    ),
    Pair(
        "Deployment",
        f"{POD}.tolerations.0",
        {"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 5},
        f"{POD}.tolerations.0.tolerationSeconds: only a taint of NoExecute is tolerated for some seconds",
        {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5},
    ),
)
"""Seconds and thresholds: alone, and beside each other."""

OF_ANOTHER_KIND: Final = (
    Pair(
        "Deployment",
        f"{POD}.restartPolicy",
        "OnFailure",
        "the restartPolicy of such pods is Always, and OnFailure is that of a Job",
        "Always",
    ),
    Pair(
        "Deployment",
        f"{POD}.restartPolicy",
        "Never",
        "the restartPolicy of such pods is Always, and Never is that of a Job",
        "Always",
    ),
    Pair("Deployment", f"{POD}.restartPolicy", "always", "'always' is not one of Always, Never, OnFailure", "Always"),
    Pair("Deployment", f"{POD}.hostname", "A", f"'A' {_LABEL}", "a"),
    Pair(
        "Deployment",
        f"{FIRST}.restartPolicy",
        "Sometimes",
        "'Sometimes' is not one of Always, Never, OnFailure",
        "Always",
    ),
    Pair(
        "Deployment",
        f"{SIDECAR}.restartPolicy",
        None,
        f"{SIDECAR}.startupProbe: an init container that ends has no startupProbe",
        "Always",
    ),
    Pair(
        "Deployment",
        f"{POD}.dnsPolicy",
        "Cluster",
        "'Cluster' is not one of ClusterFirst, ClusterFirstWithHostNet, Default, None",
        "ClusterFirst",
    ),
    Pair(
        "Deployment",
        f"{POD}.dnsConfig",
        {"searches": ["a"]},
        f"{POD}.dnsPolicy: dnsPolicy None needs a nameserver",
        {"nameservers": ["10.0.0.1"]},
    ),
    Pair(
        "Deployment", f"{POD}.preemptionPolicy", "Always", "'Always' is not one of Never, PreemptLowerPriority", "Never"
    ),
    Pair(
        "Deployment",
        f"{MAIN}.terminationMessagePolicy",
        "Log",
        "'Log' is not one of FallbackToLogsOnError, File",
        "File",
    ),
    Pair(
        "Deployment",
        f"{POD}.securityContext.fsGroupChangePolicy",
        "Never",
        "'Never' is not one of Always, OnRootMismatch",
        "Always",
    ),
    Pair("Deployment", f"{POD}.tolerations.0.operator", "Equals", "'Equals' is not one of Equal, Exists", "Equal"),
    Pair(
        "Deployment",
        f"{POD}.tolerations.0.operator",
        "Exists",
        f"{POD}.tolerations.0.value: Exists takes no value",
        "Equal",
    ),
    Pair(
        "Deployment",
        f"{POD}.tolerations.0.effect",
        "NoRun",
        "'NoRun' is not one of NoExecute, NoSchedule, PreferNoSchedule",
        "NoExecute",
    ),
    Pair("Deployment", "spec.selector", {}, "an empty selector would take every pod", {"matchLabels": {"app": "rich"}}),
    Pair(
        "Deployment",
        "spec.selector.matchExpressions.0.operator",
        "Exists",
        "spec.selector.matchExpressions.0.values: Exists takes no values",
        "In",
    ),
    Pair(
        "Deployment",
        "spec.selector.matchExpressions.0.values",
        [],
        "spec.selector.matchExpressions.0: In needs values",
        ["a"],
    ),
    Pair("NetworkPolicy", "spec.ingress.0.ports.0.endPort", 7999, "endPort 7999 is less than port 8000", 8000),
    Pair(
        "NetworkPolicy",
        "spec.egress.0.to.0.ipBlock.except.0",
        "11.0.0.0/16",
        "11.0.0.0/16 is not a part of 10.0.0.0/8",
        "10.2.0.0/16",
    ),
    Pair(
        "NetworkPolicy",
        "spec.egress.0.to.0.ipBlock.cidr",
        "10.0.0.0",
        "'10.0.0.0' is not an address range, such as 10.0.0.0/8",
        "10.0.0.0/9",
    ),
    Pair("Service", "spec.clusterIP", "here", "'here' is not an IP address", "10.0.0.9"),
    Pair("Service", "spec.internalTrafficPolicy", "Node", "'Node' is not one of Cluster, Local", "Cluster"),
    Pair("Ingress", "spec.rules.0.http.paths.0.path", "a", "'a' does not begin with '/'", "/"),
    Pair("Ingress", "spec.rules.0.http.paths.0.path", "/a//b", "'/a//b' holds '//'", "/a/b/"),
    Pair("Role", "rules.0.verbs", [], "rules.0: it needs `verbs`", ["get"]),
    Pair("RoleBinding", "roleRef.kind", "Roles", "'Roles' is not one of ClusterRole, Role", "ClusterRole"),
    Pair("RoleBinding", "subjects.1.kind", "Person", "'Person' is not one of Group, ServiceAccount, User", "Group"),
    Pair("LimitRange", "spec.limits.0.default.cpu", "2", "default 2 is more than max 1", "1"),
    Pair(
        "LimitRange",
        "spec.limits.0.defaultRequest.memory",
        "256Mi",
        "defaultRequest 256Mi is more than default 128Mi",
        "128Mi",
    ),
    Pair(
        "ResourceQuota",
        "spec.hard",
        {"limit.cpu": "1"},
        "spec.hard.limit.cpu: 'limit.cpu' is not a resource that a quota counts, such as limits.cpu or count/jobs.batch",
        {"limits.cpu": "1"},
    ),
    Pair("ResourceQuota", "spec.hard.pods", "1500m", "pods is a count, and 1500m is not whole", "15"),
    Pair("Deployment", f"{MAIN}.resources.requests.memory", "128Mi", "128Mi is more than the limit 64Mi", "64Mi"),
    Pair("Deployment", f"{MAIN}.resources.requests.example|com/gpu", "2", "2 is more than the limit 1", "1"),
    Pair(
        "Deployment",
        f"{MAIN}.resources.limits",
        {"disk": "1"},
        f"{MAIN}.resources.limits.disk: disk is not a resource of a container: it takes cpu, memory, ephemeral-storage or a device",
        {"ephemeral-storage": "1", "memory": "64Mi", "example.com/gpu": "1"},
    ),
    Pair("PersistentVolumeClaim", "spec.resources.requests.storage", "0", "the size of a claim is more than 0", "1"),
    Pair("HorizontalPodAutoscaler", "spec.metrics.0.resource.target.averageValue", "0", "a target is more than 0", "1"),
    Pair(
        "HorizontalPodAutoscaler",
        "spec.scaleTargetRef.apiVersion",
        "v1",
        "'v1' is not the API of a group, such as apps/v1",
        "apps/v1",
    ),
)
"""Words and bounds of another kind or place."""

KINDS: Final = (NAMES, LIST_KEYS, REFERENCES, ONE_OF_SEVERAL, STRATEGIES, DEADLINES, OF_ANOTHER_KIND)
