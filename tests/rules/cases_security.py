# ruff: noqa: E501 -- what a rule says is shown in one piece
"""Cases of the family SEC."""

from collections.abc import Callable
from typing import Any, Final

from tests.rules.harness import Case, Change, Edit, Scene, catches, passes


def _namespace(key: str, value: str) -> Change:
    """Label the Namespace otherwise."""
    return lambda scene: scene.one("Namespace", "company-002")["metadata"]["labels"].update({key: value})


def _pod(**fields: Any) -> Change:
    """Set fields of the file server's pod."""
    return lambda scene: scene.pod().update(fields)


def _container(**fields: Any) -> Change:
    """Set fields of the file server's container."""
    return lambda scene: scene.container().update(fields)


def _context(**fields: Any) -> Change:
    """Set fields of the container's security context."""
    return lambda scene: scene.container()["securityContext"].update(fields)


def _spec(kind: str, name: str, **fields: Any) -> Change:
    """Set fields of an object's spec."""
    return lambda scene: scene.one(kind, name)["spec"].update(fields)


def _rule(policy: str, section: str, **fields: Any) -> Change:
    """Set fields of the only rule of a policy."""
    return lambda scene: scene.one("NetworkPolicy", policy)["spec"][section][0].update(fields)


def _peer(policy: str, section: str, peers: str, *items: Any) -> Change:
    """Put other peers into the only rule of a policy."""
    return _rule(policy, section, **{peers: list(items)})


def _volume(scene: Scene, **source: Any) -> None:
    scene.pod()["volumes"].append({"name": "more", **source})


def _mounted(scene: Scene, path: str, *, first: bool = False) -> None:
    """Mount an empty folder somewhere in the file server's container."""
    _volume(scene, emptyDir={})
    scene.container()["volumeMounts"].insert(0 if first else 2, {"name": "more", "mountPath": path})


def _env(name: str, value: str) -> Change:
    """Give the chatbot an environment variable."""
    return lambda scene: scene.container("ai-chatbot")["env"].append({"name": name, "value": value})


def _role(role: str, **rule: Any) -> Change:
    """Give a Role one more rule."""
    return lambda scene: scene.one("Role", role)["rules"].append(rule)


def _subject(binding: str, **subject: str) -> Change:
    """Bind one more subject."""
    return lambda scene: scene.one("RoleBinding", binding)["subjects"].append(subject)


def _hard(key: str, value: str | None) -> Change:
    """Set or remove a bound of the quota."""

    def change(scene: Scene) -> None:
        hard = scene.one("ResourceQuota", "plan")["spec"]["hard"]
        hard.pop(key)
        if value is not None:
            hard[key] = value

    return change


def _text(scene: Scene, text: str) -> None:
    scene.add(f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: more}}, data: {{text: {text}}}}}")


def _annotated(kind: str, name: str, key: str, value: str) -> Change:
    def change(scene: Scene) -> None:
        scene.one(kind, name)["metadata"].setdefault("annotations", {})[key] = value

    return change


def _add(text: str) -> Change:
    return lambda scene: scene.add(text)


def _all(*changes: Callable[[Scene], object]) -> Change:
    def change(scene: Scene) -> None:
        for change in changes:
            change(scene)

    return change


_MONITORING: Final = {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
_PROMETHEUS: Final = {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}

_INGRESS: Final = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: fileserver, annotations: {cert-manager.io/cluster-issuer: tenants}}
spec:
  ingressClassName: traefik
  rules:
  - host: company-002.files.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: fileserver, port: {name: http}}}}]}
  tls: [{hosts: [company-002.files.example.com], secretName: fileserver-tls}]
"""

_SERVICE: Final = """
apiVersion: v1
kind: Service
metadata: {name: more}
spec: {selector: {app.kubernetes.io/name: fileserver}, ports: [{port: 80}]}
"""


def _ingress(scene: Scene, **fields: Any) -> dict[str, Any]:
    one = scene.add(_INGRESS)
    one["spec"].update(fields)
    return one


def _secret_of(key: str) -> Change:
    def change(scene: Scene) -> None:
        scene.one("ExternalSecret", "fileserver-users")["spec"]["data"][0]["remoteRef"]["key"] = key

    return change


def _parent(**fields: Any) -> Change:
    def change(scene: Scene) -> None:
        parent = scene.one("HTTPRoute", "fileserver")["spec"]["parentRefs"][0]
        parent.update(fields)
        for key in [key for key, value in parent.items() if value is None]:
            del parent[key]

    return change


def _to(service: str) -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"name": "http"}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {"host": "company-002.files.example.com", "http": {"paths": [path]}}


def _sidecar_in_front(scene: Scene) -> None:
    """Let the Service lead to another container of the same pods."""
    beside = {**scene.container(), "name": "beside", "ports": [{"name": "open", "containerPort": 8081}]}
    scene.pod()["containers"].append(beside)
    scene.one("Service", "fileserver")["spec"]["ports"][0]["targetPort"] = "open"


def _answers(**modifier: Any) -> Change:
    """Give the route of the file server a filter that changes the headers of answers."""
    own = {"type": "ResponseHeaderModifier", "responseHeaderModifier": modifier}
    return lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0].update(filters=[own])


CASES: Final[tuple[Case, ...]] = (
    # --- the namespace and its pods
    catches(
        "SEC001",
        "enforce is baseline",
        _namespace("pod-security.kubernetes.io/enforce", "baseline"),
        "base/guard/core/namespace.yaml: error: Namespace/company-002: pod-security.kubernetes.io/enforce is baseline [SEC001]\n  hint: write restricted",
    ),
    catches(
        "SEC001",
        "the version is latest",
        _namespace("pod-security.kubernetes.io/enforce-version", "latest"),
        "base/guard/core/namespace.yaml: error: Namespace/company-002: pod-security.kubernetes.io/enforce-version is latest [SEC001]\n  hint: pin a version from v1.34 to v1.36",
    ),
    catches(
        "SEC001",
        "the version is one that the cluster does not know",
        _namespace("pod-security.kubernetes.io/warn-version", "v1.99"),
        "base/guard/core/namespace.yaml: error: Namespace/company-002: pod-security.kubernetes.io/warn-version is v1.99 [SEC001]\n  hint: pin a version from v1.34 to v1.36",
    ),
    catches(
        "SEC001",
        "the version is one that lets through what was refused later",
        _namespace("pod-security.kubernetes.io/enforce-version", "v1.0"),
        "base/guard/core/namespace.yaml: error: Namespace/company-002: pod-security.kubernetes.io/enforce-version is v1.0 [SEC001]\n  hint: pin a version from v1.34 to v1.36",
    ),
    passes("SEC001", "an older version is pinned", _namespace("pod-security.kubernetes.io/enforce-version", "v1.34")),
    catches(
        "SEC002",
        "a container is privileged",
        _context(privileged=True),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver: privileged is true [SEC002]",
    ),
    catches(
        "SEC002",
        "a container may gain privileges",
        _context(allowPrivilegeEscalation=True),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver: allowPrivilegeEscalation is not false [SEC002]",
    ),
    catches(
        "SEC002",
        "a container runs as root",
        _context(runAsUser=0),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver: runAsUser is 0 [SEC002]",
    ),
    catches(
        "SEC002",
        "a container overrides runAsNonRoot",
        _context(runAsNonRoot=False),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver: runAsNonRoot is false [SEC002]",
    ),
    catches(
        "SEC002",
        "a container keeps its capabilities",
        _context(capabilities={"drop": ["NET_RAW"]}),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver: capabilities.drop lacks ALL [SEC002]",
    ),
    catches(
        "SEC002",
        "a container adds a capability",
        _context(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver: capabilities.add holds SYS_ADMIN [SEC002]",
    ),
    catches(
        "SEC002",
        "a container's seccomp is off",
        _context(seccompProfile={"type": "Unconfined"}),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver: seccompProfile.type is Unconfined [SEC002]",
    ),
    catches(
        "SEC002",
        "a container writes to its image",
        _context(readOnlyRootFilesystem=False),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver: readOnlyRootFilesystem is not true [SEC002]",
    ),
    catches(
        "SEC002",
        "a volume is inline NFS",
        lambda scene: _volume(scene, nfs={"server": "a", "path": "/"}),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: volume more is of the kind nfs [SEC002]",
    ),
    catches(
        "SEC002",
        "a probe asks another host",
        lambda scene: scene.container()["livenessProbe"]["httpGet"].update(host="169.254.169.254"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver: livenessProbe.httpGet names a host of its own [SEC002]",
    ),
    catches(
        "SEC002",
        "an init container has no security context",
        _pod(initContainers=[{"name": "chown", "image": "busybox"}]),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container chown: allowPrivilegeEscalation is not false [SEC002]",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container chown: capabilities.drop lacks ALL [SEC002]",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container chown: readOnlyRootFilesystem is not true [SEC002]",
    ),
    passes(
        "SEC002",
        "a container may listen on a low port",
        _context(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}),
    ),
    catches(
        "SEC003",
        "an account mounts its token",
        lambda scene: scene.one("ServiceAccount", "fileserver").pop("automountServiceAccountToken"),
        "base/edge/core/fileserver.yaml: error: ServiceAccount/company-002/fileserver: automountServiceAccountToken is not false [SEC003]",
    ),
    catches(
        "SEC003",
        "a pod mounts a token",
        _pod(automountServiceAccountToken=True),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the pod's automountServiceAccountToken is not false [SEC003]",
    ),
    catches(
        "SEC003",
        "a pod has the default account",
        _pod(serviceAccountName="default"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the pod has no account of its own [SEC003]\n  hint: name one as serviceAccountName",
    ),
    catches(
        "SEC003",
        "a volume projects a token",
        lambda scene: _volume(scene, projected={"sources": [{"serviceAccountToken": {"path": "token"}}]}),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: volume more projects a token of the account [SEC003]",
    ),
    catches(
        "SEC003",
        "the default account is gone",
        lambda scene: scene.remove("ServiceAccount", "default"),
        "base/guard/core/namespace.yaml: error: the account `default`, which a pod gets that names none, is not rendered, so it mounts its token [SEC003]\n  hint: render it with automountServiceAccountToken: false",
    ),
    passes(
        "SEC003",
        "a volume projects a ConfigMap",
        lambda scene: _volume(scene, projected={"sources": [{"configMap": {"name": "ai-chatbot"}}]}),
    ),
    catches(
        "SEC010",
        "an image is latest",
        _container(image="docker.io/sigoden/dufs:latest"),
        "base/edge/core/fileserver.yaml: error: the image docker.io/sigoden/dufs:latest is not named by its digest [SEC010]\n  hint: write @sha256:... behind it, or an entry of `images:` with the digest",
        tenant="company-001",
    ),
    catches(
        "SEC010",
        "an image has a tag alone",
        _container(image="docker.io/sigoden/dufs:v1"),
        "base/edge/core/fileserver.yaml: warning: the image docker.io/sigoden/dufs:v1 is not named by its digest [SEC010]\n  hint: write @sha256:... behind it, or an entry of `images:` with the digest",
        tenant="company-001",
    ),
    catches(
        "SEC010",
        "an image has no tag",
        _container(image="example.com:5000/dufs"),
        "base/edge/core/fileserver.yaml: error: the image example.com:5000/dufs is not named by its digest [SEC010]\n  hint: write @sha256:... behind it, or an entry of `images:` with the digest",
        tenant="company-001",
    ),
    catches(
        "SEC010",
        "an image that no node can pull",
        _container(image="docker.io/Sigoden/dufs:v0.47.0+1"),
        "base/edge/core/fileserver.yaml: error: the image docker.io/Sigoden/dufs:v0.47.0+1 is no reference that a node can pull [SEC010]\n"
        "  hint: its path is in lower case, its tag has letters, digits, _, . and -",
        tenant="company-001",
    ),
    catches(
        "SEC025",
        "an image of nobody's registry",
        _container(image=f"quay.io/sigoden/dufs:v0.47.0@sha256:{'0' * 64}"),
        f"base/edge/core/fileserver.yaml: error: the image quay.io/sigoden/dufs:v0.47.0@sha256:{'0' * 64} comes from quay.io/sigoden, which platform.yaml does not declare [SEC025]\n"
        "  hint: use one of docker.io/sigoden, docker.io/docker, or add quay.io/sigoden to `registries`",
    ),
    catches(
        "SEC025",
        "an image by its short name",
        _container(image="nginx:1.29"),
        "base/edge/core/fileserver.yaml: error: the image nginx:1.29 comes from docker.io/library, which platform.yaml does not declare [SEC025]\n"
        "  hint: use one of docker.io/sigoden, docker.io/docker, or add docker.io/library to `registries`",
    ),
    catches(
        "SEC025",
        "an image whose registry begins like a declared one",
        _container(image="docker.io/sigoden-evil/dufs:1"),
        "base/edge/core/fileserver.yaml: error: the image docker.io/sigoden-evil/dufs:1 comes from docker.io/sigoden-evil, which platform.yaml does not declare [SEC025]\n"
        "  hint: use one of docker.io/sigoden, docker.io/docker, or add docker.io/sigoden-evil to `registries`",
    ),
    passes("SEC025", "another image of a declared registry", _container(image="sigoden/proxy:1")),
    catches(
        "K8S023",
        "the mount of the users is gone",
        lambda scene: scene.container()["volumeMounts"].pop(),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the container fileserver must have Secret/fileserver-users at /etc/fileserver, and has it not [K8S023]\n"
        "  hint: mount Secret/fileserver-users at /etc/fileserver",
    ),
    catches(
        "K8S023",
        "something else is mounted in its place",
        lambda scene: scene.pod()["volumes"][1].update(emptyDir={}) or scene.pod()["volumes"][1].pop("secret"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the container fileserver must have Secret/fileserver-users at /etc/fileserver, and has it not, but emptyDir [K8S023]\n"
        "  hint: mount Secret/fileserver-users at /etc/fileserver",
    ),
    catches(
        "K8S023",
        "nobody reads the file of the users",
        lambda scene: scene.container()["args"].remove("--config=/etc/fileserver/users.yaml"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the container fileserver must have the argument --config=/etc/fileserver/users.yaml, and has it not [K8S023]\n"
        "  hint: add --config=/etc/fileserver/users.yaml to its args",
    ),
    catches(
        "K8S023",
        "the file of the users is named again, and the last one counts",
        lambda scene: scene.container()["args"].append("--config=/data/users.yaml"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the container fileserver has the argument --config=/data/users.yaml as well as the one that it must have [K8S023]\n"
        "  hint: take --config=/data/users.yaml out of its args: programs listen to the last one",
    ),
    catches(
        "K8S023",
        "a part of what is mounted is covered",
        lambda scene: _mounted(scene, "/etc/fileserver/users.yaml"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the container fileserver has another mount at /etc/fileserver/users.yaml, over what it must have at /etc/fileserver [K8S023]\n"
        "  hint: mount it elsewhere, or require it as well: declare /etc/fileserver/users.yaml under requires.mounts",
    ),
    catches(
        "K8S023",
        "two mounts at one path, written otherwise",
        lambda scene: _mounted(scene, "/etc/./fileserver/", first=True),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the container fileserver has another mount at /etc/fileserver, over what it must have at /etc/fileserver [K8S023]\n"
        "  hint: mount it elsewhere, or require it as well: declare /etc/fileserver under requires.mounts",
    ),
    catches(
        "K8S023",
        "a command of its own, to which the arguments mean nothing",
        _container(command=["/bin/dufs"]),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the container fileserver has the command /bin/dufs, and what its arguments mean to that is not known [K8S023]\n"
        "  hint: take the command out, or require it as well: declare each of its words under requires.args",
    ),
    catches(
        "K8S023",
        "the file of the users is another key of its Secret",
        lambda scene: scene.pod()["volumes"][1]["secret"].update(items=[{"key": "other", "path": "users.yaml"}]),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the container fileserver must have Secret/fileserver-users at /etc/fileserver, and has it not [K8S023]\n"
        "  hint: mount Secret/fileserver-users at /etc/fileserver",
    ),
    catches(
        "K8S023",
        "a state takes the file of the users away",
        (
            Edit(
                "base/guard/states/retiring/kustomization.yaml",
                "        spec:\n          volumes:\n",
                "        spec:\n          containers:\n          - {name: fileserver, args: [/data]}\n          volumes:\n",
            ),
        ),
        "base/guard/states/retiring/kustomization.yaml: error: Deployment/fileserver: as retiring the container fileserver must have the argument --config=/etc/fileserver/users.yaml, and has it not [K8S023]\n"
        "  hint: add --config=/etc/fileserver/users.yaml to its args",
    ),
    passes("K8S023", "one more mount", lambda scene: _volume(scene, emptyDir={})),
    passes(
        "SEC010",
        "an image has a digest",
        _container(image=f"docker.io/sigoden/dufs:v0.47.0@sha256:{'0' * 64}"),
        tenant="company-001",
    ),
    catches(
        "SEC016",
        "a pod is on its node's network",
        _pod(hostNetwork=True),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: hostNetwork is true [SEC016]",
    ),
    catches(
        "SEC016",
        "a pod sees the node's processes",
        _pod(hostPID=True),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: hostPID is true [SEC016]",
    ),
    catches(
        "SEC016",
        "a volume is the node's",
        lambda scene: _volume(scene, hostPath={"path": "/"}),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: volume more is the node's / [SEC016]",
    ),
    catches(
        "SEC016",
        "a pod chooses its node",
        _pod(nodeName="node-1"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: nodeName is node-1: the scheduler is passed over [SEC016]",
    ),
    catches(
        "SEC016",
        "a pod is critical to the system",
        _pod(priorityClassName="system-node-critical"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: priorityClassName is system-node-critical: other companies' pods would give way [SEC016]",
    ),
    catches(
        "SEC016",
        "a pod tolerates everything",
        _pod(tolerations=[{"operator": "Exists"}]),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: a toleration without a key tolerates every taint [SEC016]",
    ),
    catches(
        "SEC016",
        "a pod may run on a control plane",
        _pod(tolerations=[{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: the taint node-role.kubernetes.io/control-plane is tolerated [SEC016]",
    ),
    catches(
        "SEC016",
        "a port is the node's",
        _container(ports=[{"containerPort": 8080, "hostPort": 80}]),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: container fileserver takes port 80 of the node [SEC016]",
    ),
    passes("SEC016", "a pod tolerates one taint", _pod(tolerations=[{"key": "files", "operator": "Exists"}])),
    catches(
        "SEC023",
        "a claim asks for a volume by name",
        _spec("PersistentVolumeClaim", "files", volumeName="files-of-company-001"),
        "base/guard/core/claims.yaml: error: PersistentVolumeClaim/company-002/files: volumeName asks for the existing volume files-of-company-001 [SEC023]",
    ),
    catches(
        "SEC023",
        "a claim copies from another namespace",
        _spec(
            "PersistentVolumeClaim",
            "files",
            dataSourceRef={"kind": "PersistentVolumeClaim", "name": "files", "namespace": "company-001"},
        ),
        "base/guard/core/claims.yaml: error: PersistentVolumeClaim/company-002/files: dataSourceRef copies from the namespace company-001 [SEC023]",
    ),
    catches(
        "SEC023",
        "a pod mounts a share without a claim",
        lambda scene: _volume(scene, csi={"driver": "nfs.csi.k8s.io", "volumeAttributes": {"share": "/company-001"}}),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: volume more is mounted by the driver nfs.csi.k8s.io, without a claim [SEC023]\n  hint: use a PersistentVolumeClaim",
    ),
    passes(
        "SEC023",
        "a claim restores a snapshot of its own namespace",
        _spec("PersistentVolumeClaim", "files", dataSourceRef={"kind": "VolumeSnapshot", "name": "files"}),
    ),
    # --- the network
    catches(
        "SEC004",
        "nothing is denied",
        lambda scene: scene.remove("NetworkPolicy", "default-deny"),
        "overlays/company-002/kustomization.yaml: error: no NetworkPolicy denies Egress for every pod [SEC004]\n  hint: a policy with podSelector {}, policyTypes [Egress] and no rules of it",
        "overlays/company-002/kustomization.yaml: error: no NetworkPolicy denies Ingress for every pod [SEC004]\n  hint: a policy with podSelector {}, policyTypes [Ingress] and no rules of it",
    ),
    catches(
        "SEC004",
        "egress is not denied",
        _spec("NetworkPolicy", "default-deny", policyTypes=["Ingress"]),
        "overlays/company-002/kustomization.yaml: error: no NetworkPolicy denies Egress for every pod [SEC004]\n  hint: a policy with podSelector {}, policyTypes [Egress] and no rules of it",
    ),
    catches(
        "SEC004",
        "the denial selects one workload",
        _spec("NetworkPolicy", "default-deny", podSelector={"matchLabels": {"app.kubernetes.io/name": "fileserver"}}),
        "overlays/company-002/kustomization.yaml: error: no NetworkPolicy denies Egress for every pod [SEC004]\n  hint: a policy with podSelector {}, policyTypes [Egress] and no rules of it",
        "overlays/company-002/kustomization.yaml: error: no NetworkPolicy denies Ingress for every pod [SEC004]\n  hint: a policy with podSelector {}, policyTypes [Ingress] and no rules of it",
    ),
    catches(
        "SEC004",
        "a policy is misspelt",
        lambda scene: scene.one("NetworkPolicy", "from-prometheus")["spec"]["ingress"][0].update(form=[]),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: Kubernetes would refuse it, so it isolates nothing: spec.ingress[0].form: unknown field, spec.ingress[0] has from, ports [SEC004]",
    ),
    passes(
        "SEC004",
        "the two directions are denied by two policies",
        lambda scene: (
            scene.one("NetworkPolicy", "default-deny")["spec"].update(policyTypes=["Ingress"]),
            scene.add_again("NetworkPolicy", "default-deny", "deny-egress")["spec"].update(policyTypes=["Egress"]),
        ),
    ),
    catches(
        "SEC005",
        "DNS is UDP alone",
        _rule("to-dns", "egress", ports=[{"protocol": "UDP", "port": 53}]),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: Deployment/company-002/ai-chatbot: its pods cannot reach the cluster's DNS by TCP [SEC005]\n  hint: see base/guard/core/network.yaml, to-dns",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: its pods cannot reach the cluster's DNS by TCP [SEC005]\n  hint: see base/guard/core/network.yaml, to-dns",
    ),
    catches(
        "SEC005",
        "the policy for DNS is gone",
        lambda scene: scene.remove("NetworkPolicy", "to-dns"),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: Deployment/company-002/ai-chatbot: its pods cannot reach the cluster's DNS by TCP [SEC005]\n  hint: see base/guard/core/network.yaml, to-dns",
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: Deployment/company-002/ai-chatbot: its pods cannot reach the cluster's DNS by UDP [SEC005]\n  hint: see base/guard/core/network.yaml, to-dns",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: its pods cannot reach the cluster's DNS by TCP [SEC005]\n  hint: see base/guard/core/network.yaml, to-dns",
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: its pods cannot reach the cluster's DNS by UDP [SEC005]\n  hint: see base/guard/core/network.yaml, to-dns",
    ),
    passes(
        "SEC005",
        "DNS is allowed by the name of its ports",
        _rule("to-dns", "egress", ports=[{"protocol": "UDP", "port": "dns"}, {"protocol": "TCP", "port": "dns-tcp"}]),
    ),
    catches(
        "SEC006",
        "a namespaceSelector is empty",
        _peer("from-prometheus", "ingress", "from", {"namespaceSelector": {}, "podSelector": _PROMETHEUS}),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: ingress[0].from[0]: the namespaceSelector does not name its namespaces [SEC006]\n  hint: select by kubernetes.io/metadata.name",
    ),
    catches(
        "SEC006",
        "a namespace is selected by a label that others may have",
        _peer(
            "from-prometheus",
            "ingress",
            "from",
            {"namespaceSelector": {"matchLabels": {"team": "monitoring"}}, "podSelector": _PROMETHEUS},
        ),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: ingress[0].from[0]: the namespaceSelector does not name its namespaces [SEC006]\n  hint: select by kubernetes.io/metadata.name",
    ),
    catches(
        "SEC006",
        "a namespace is any but one",
        _peer(
            "from-prometheus",
            "ingress",
            "from",
            {
                "namespaceSelector": {
                    "matchExpressions": [
                        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}
                    ]
                },
                "podSelector": _PROMETHEUS,
            },
        ),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: ingress[0].from[0]: the namespaceSelector does not name its namespaces [SEC006]\n  hint: select by kubernetes.io/metadata.name",
    ),
    catches(
        "SEC006",
        "everything stands in two halves",
        _peer(
            "ai-chatbot-to-model",
            "egress",
            "to",
            {"ipBlock": {"cidr": "0.0.0.0/1"}},
            {"ipBlock": {"cidr": "128.0.0.0/1"}},
        ),
        "base/guard/components/ai-chatbot/network.yaml: error: NetworkPolicy/company-002/ai-chatbot-to-model: egress[0].to[0]: 0.0.0.0/1 covers a cloud's metadata service and the node's own addresses [SEC006]\n  hint: except them, or name less",
        "base/guard/components/ai-chatbot/network.yaml: error: NetworkPolicy/company-002/ai-chatbot-to-model: egress[0].to[1]: 128.0.0.0/1 covers link-local addresses, metadata services among them and a cloud's metadata service [SEC006]\n  hint: except them, or name less",
    ),
    catches(
        "SEC006",
        "the metadata service is written in IPv6",
        _peer("ai-chatbot-to-model", "egress", "to", {"ipBlock": {"cidr": "::ffff:169.254.169.254/128"}}),
        "base/guard/components/ai-chatbot/network.yaml: error: NetworkPolicy/company-002/ai-chatbot-to-model: egress[0].to[0]: ::ffff:169.254.169.254/128 covers link-local addresses, metadata services among them [SEC006]\n  hint: except them, or name less",
    ),
    catches(
        "SEC006",
        "a block is no CIDR",
        _peer("ai-chatbot-to-model", "egress", "to", {"ipBlock": {"cidr": "203.0.113.0"}}),
        "base/guard/components/ai-chatbot/network.yaml: error: NetworkPolicy/company-002/ai-chatbot-to-model: egress[0].to[0]: '203.0.113.0' has no prefix length [SEC006]",
    ),
    passes(
        "SEC006",
        "the model is at a private address",
        _peer("ai-chatbot-to-model", "egress", "to", {"ipBlock": {"cidr": "10.20.30.0/24"}}),
    ),
    passes(
        "SEC006",
        "the Internet without what is private",
        _peer(
            "ai-chatbot-to-model",
            "egress",
            "to",
            {
                "ipBlock": {
                    "cidr": "0.0.0.0/0",
                    "except": [
                        "0.0.0.0/8",
                        "10.0.0.0/8",
                        "100.64.0.0/10",
                        "127.0.0.0/8",
                        "168.63.129.16/32",
                        "169.254.0.0/16",
                        "172.16.0.0/12",
                        "192.0.0.0/24",
                        "192.168.0.0/16",
                    ],
                }
            },
        ),
    ),
    catches(
        "SEC007",
        "a policy lets another company in",
        _peer(
            "from-prometheus",
            "ingress",
            "from",
            {
                "namespaceSelector": {
                    "matchExpressions": [
                        {
                            "key": "kubernetes.io/metadata.name",
                            "operator": "In",
                            "values": ["monitoring", "company-001"],
                        }
                    ]
                },
                "podSelector": _PROMETHEUS,
            },
        ),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: ingress[0].from[0] names the company company-001 [SEC007]",
    ),
    passes(
        "SEC007",
        "a policy names its own namespace",
        _peer(
            "from-prometheus",
            "ingress",
            "from",
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "company-002"}},
                "podSelector": _PROMETHEUS,
            },
        ),
    ),
    catches(
        "SEC019",
        "a rule has no peers",
        _peer("from-prometheus", "ingress", "from"),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: ingress[0].from is empty, which is everybody [SEC019]\n  hint: name the peers",
    ),
    catches(
        "SEC019",
        "a rule lost its peers",
        lambda scene: scene.one("NetworkPolicy", "to-collector")["spec"]["egress"][0].pop("to"),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-collector: egress[0].to is missing, which is everybody [SEC019]\n  hint: name the peers",
    ),
    catches(
        "SEC019",
        "a peer is empty",
        _peer("from-prometheus", "ingress", "from", {}),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: ingress[0].from[0] names nobody [SEC019]\n  hint: name the peer",
    ),
    passes(
        "SEC019", "a policy has no rules", lambda scene: scene.one("NetworkPolicy", "to-dns")["spec"].update(egress=[])
    ),
    catches(
        "SEC020",
        "one peer became two",
        _peer("from-prometheus", "ingress", "from", {"namespaceSelector": _MONITORING}, {"podSelector": _PROMETHEUS}),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: ingress[0].from[0] is every pod of the namespaces that it names [SEC020]\n  hint: put the podSelector into the same item",
    ),
    catches(
        "SEC020",
        "a podSelector is empty",
        _peer("from-prometheus", "ingress", "from", {"namespaceSelector": _MONITORING, "podSelector": {}}),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: ingress[0].from[0] is every pod of the namespaces that it names [SEC020]\n  hint: put the podSelector into the same item",
    ),
    passes("SEC020", "a peer is every pod of the own namespace", _peer("to-dns", "egress", "to", {"podSelector": {}})),
    catches(
        "SEC022",
        "a rule lost its ports",
        lambda scene: scene.one("NetworkPolicy", "from-prometheus")["spec"]["ingress"][0].pop("ports"),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: ingress[0] names no ports, which is all [SEC022]\n  hint: name the ports",
    ),
    catches(
        "SEC022",
        "a port has no number",
        _rule("to-dns", "egress", ports=[{"protocol": "UDP"}]),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-dns: egress[0].ports[0] has no number, which is every port of the protocol [SEC022]\n  hint: name the port",
    ),
    passes("SEC022", "a port is a range", _rule("to-collector", "egress", ports=[{"port": 4317, "endPort": 4318}])),
    # --- access
    catches(
        "SEC008",
        "a Role may do everything",
        _role("admin", apiGroups=["*"], resources=["*"], verbs=["*"]),
        "base/guard/core/access.yaml: error: Role/company-002/admin: rules[7] holds a * in apiGroups [SEC008]",
    ),
    catches(
        "SEC008",
        "a Role may make tokens",
        _role("support", apiGroups=[""], resources=["serviceaccounts/token"], verbs=["create"]),
        "base/guard/core/access.yaml: error: Role/company-002/support: rules[3] may create serviceaccounts/token [SEC008]",
    ),
    catches(
        "SEC008",
        "a Role may list Secrets",
        _role("support", apiGroups=[""], resources=["secrets"], verbs=["list"]),
        "base/guard/core/access.yaml: error: Role/company-002/support: rules[3] may list secrets [SEC008]",
    ),
    catches(
        "SEC008",
        "a Role may write policies",
        _role("admin", apiGroups=["networking.k8s.io"], resources=["networkpolicies"], verbs=["patch"]),
        "base/guard/core/access.yaml: error: Role/company-002/admin: rules[7] may patch networkpolicies [SEC008]",
    ),
    catches(
        "SEC008",
        "a Role may bind",
        _role("break-glass", apiGroups=["rbac.authorization.k8s.io"], resources=["roles"], verbs=["bind", "escalate"]),
        "base/guard/core/access.yaml: error: Role/company-002/break-glass: rules[3] may bind roles [SEC008]",
        "base/guard/core/access.yaml: error: Role/company-002/break-glass: rules[3] may escalate roles [SEC008]",
    ),
    catches(
        "SEC008",
        "a Role may impersonate",
        _role("break-glass", apiGroups=[""], resources=["serviceaccounts"], verbs=["impersonate"]),
        "base/guard/core/access.yaml: error: Role/company-002/break-glass: rules[3] may impersonate serviceaccounts [SEC008]",
    ),
    catches(
        "SEC008",
        "a Role may go by the API server's proxy",
        _role("support", apiGroups=[""], resources=["services/proxy"], verbs=["get"]),
        "base/guard/core/access.yaml: error: Role/company-002/support: rules[3] may get services/proxy [SEC008]",
    ),
    passes(
        "SEC008",
        "a Role may read ConfigMaps and the logs of pods",
        _role("admin", apiGroups=[""], resources=["configmaps", "pods/log"], verbs=["get", "list", "watch"]),
    ),
    catches(
        "SEC009",
        "a binding is for another company's group",
        _subject("admin", apiGroup="rbac.authorization.k8s.io", kind="Group", name="company-001:admin"),
        "base/guard/core/access.yaml: error: RoleBinding/company-002/admin: Group company-001:admin is no group of company-002 [SEC009]\n  hint: groups are called company-002:ROLE",
    ),
    catches(
        "SEC009",
        "a binding is for everybody",
        _subject("support", apiGroup="rbac.authorization.k8s.io", kind="Group", name="system:authenticated"),
        "base/guard/core/access.yaml: error: RoleBinding/company-002/support: Group system:authenticated is no group of company-002 [SEC009]\n  hint: groups are called company-002:ROLE",
    ),
    catches(
        "SEC009",
        "a binding is for an account of pods",
        _subject("support", kind="ServiceAccount", name="fileserver", namespace="company-002"),
        "base/guard/core/access.yaml: error: RoleBinding/company-002/support: ServiceAccount fileserver is no group of company-002 [SEC009]\n  hint: groups are called company-002:ROLE",
    ),
    catches(
        "SEC009",
        "a shell is for support",
        _subject("break-glass", apiGroup="rbac.authorization.k8s.io", kind="Group", name="company-002:support"),
        "base/guard/core/access.yaml: error: RoleBinding/company-002/break-glass: Group company-002:support gets a shell in the pods [SEC009]\n  hint: only company-002:break-glass may",
    ),
    catches(
        "SEC009",
        "the built-in edit is bound",
        lambda scene: scene.one("RoleBinding", "support")["roleRef"].update(kind="ClusterRole", name="edit"),
        "base/guard/core/access.yaml: error: RoleBinding/company-002/support: it binds ClusterRole edit, which is no Role of this namespace [SEC009]\n  hint: bind a Role that base/ writes",
    ),
    passes(
        "SEC009",
        "a binding is for one more group of the company",
        _subject("admin", apiGroup="rbac.authorization.k8s.io", kind="Group", name="company-002:auditor"),
    ),
    catches(
        "SEC024",
        "a Role may start pods",
        _role("admin", apiGroups=["batch"], resources=["jobs"], verbs=["create"]),
        "base/guard/core/access.yaml: error: Role/company-002/admin: Group company-002:admin may create jobs.batch, and no subject may start a workload [SEC024]",
        "base/guard/core/access.yaml: error: Role/company-002/admin: Group company-002:break-glass may create jobs.batch, and no subject may start a workload [SEC024]",
        "base/guard/core/access.yaml: error: Role/company-002/admin: Group company-002:support may create jobs.batch, and no subject may start a workload [SEC024]",
    ),
    catches(
        "SEC024",
        "an object is in another namespace",
        _add(_SERVICE.replace("name: more", "name: more, namespace: company-001")),
        "overlays/company-002/kustomization.yaml: error: Service/company-001/more: it is in the namespace company-001, and nothing may touch another namespace [SEC024]",
        "overlays/company-002/kustomization.yaml: error: Service/company-001/more: the project does not accept it, and the constant project must accept every object [SEC024]",
    ),
    catches(
        "SEC024",
        "the built-in view is bound",
        lambda scene: scene.one("RoleBinding", "admin")["roleRef"].update(kind="ClusterRole", name="view"),
        "base/guard/core/access.yaml: error: RoleBinding/company-002/admin: Group company-002:admin has all that ClusterRole view grants, which is not known here, and no subject may bind, escalate or impersonate [SEC024]",
        "base/guard/core/access.yaml: error: RoleBinding/company-002/admin: Group company-002:break-glass has all that ClusterRole view grants, which is not known here, and no subject may bind, escalate or impersonate [SEC024]",
        "base/guard/core/access.yaml: error: RoleBinding/company-002/admin: Group company-002:support has all that ClusterRole view grants, which is not known here, and no subject may bind, escalate or impersonate [SEC024]",
    ),
    passes(
        "SEC024",
        "a Role may write what is no guardrail",
        _role("admin", apiGroups=["example.com"], resources=["widgets"], verbs=["create"]),
    ),
    # --- secrets
    catches(
        "SEC011",
        "a Secret is rendered",
        _add("{apiVersion: v1, kind: Secret, metadata: {name: key}, stringData: {key: value}}"),
        "overlays/company-002/kustomization.yaml: error: Secret/company-002/key: a Secret stands in git [SEC011]\n  hint: take it from an ExternalSecret",
    ),
    catches(
        "SEC011",
        "a variable holds a password",
        _env("DB_PASSWORD", "correct-horse"),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: Deployment/company-002/ai-chatbot: spec.template.spec.containers[0].env[9].value looks like the value of DB_PASSWORD (13 characters) [SEC011]\n  hint: take it from an ExternalSecret",
    ),
    catches(
        "SEC011",
        "a variable holds random characters",
        _env("SETTING", "q7Zx1pLw9Vb3Tn6Ks0Yd2Rf8Hm4Jc5Ga"),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: Deployment/company-002/ai-chatbot: spec.template.spec.containers[0].env[9].value looks like 32 random characters (q7Zx..., 32 characters) [SEC011]\n  hint: take it from an ExternalSecret",
    ),
    catches(
        "SEC011",
        "a ConfigMap holds a private key",
        lambda scene: _text(scene, '"-----BEGIN RSA PRIVATE KEY-----"'),
        "overlays/company-002/kustomization.yaml: error: ConfigMap/company-002/more: data.text looks like a private key (----..., 31 characters) [SEC011]\n  hint: take it from an ExternalSecret",
    ),
    catches(
        "SEC011",
        "an address holds a password",
        lambda scene: _text(scene, '"postgres://files:hunter2@db/files"'),
        "overlays/company-002/kustomization.yaml: error: ConfigMap/company-002/more: data.text looks like a password in an address (post..., 25 characters) [SEC011]\n  hint: take it from an ExternalSecret",
    ),
    catches(
        "SEC011",
        "an entry holds a token",
        lambda scene: scene.files.update(
            {"overlays/company-002/notes.yaml": 'first: "line"\ntoken: "correct-horse-battery"\n'}
        ),
        "overlays/company-002/notes.yaml: error: this looks like the value of token (corr..., 21 characters) [SEC011]\n  hint: take it out, and change it: it is known from now on",
    ),
    catches(
        "SEC011",
        "an argument holds a user and a password",
        _container(args=["--auth=admin:hunter2@/:rw"]),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: spec.template.spec.containers[0].args[0] looks like a password before an @ (14 characters) [SEC011]\n  hint: take it from an ExternalSecret",
    ),
    catches(
        "SEC011",
        "the word behind an argument is a password",
        _container(args=["--admin-password", "hunter2"]),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: spec.template.spec.containers[0].args[1] looks like the value of --admin-password (7 characters) [SEC011]\n  hint: take it from an ExternalSecret",
    ),
    *(
        catches(
            "SEC011",
            f"a comment in {file} holds a key",
            (Edit(file, "", "# AKIA" + "IOSFODNN7EXAMPLE\n"),),
            f"{file}: error: this looks like an AWS access key (AKIA..., 20 characters) [SEC011]\n  hint: take it out, and change it: it is known from now on",
        )
        for file in (
            "platform.yaml",
            "base/edge/core/fileserver.yaml",
            "tenants/company-002.yaml",
            "argocd/platform/argocd.yaml",
        )
    ),
    passes("SEC011", "a variable refers to another", _env("MODEL_TOKEN", "$(MODEL_API_KEY)")),
    passes("SEC011", "an argument names a variable", _container(args=["--api-key-env=CHAT_TOKEN"])),
    passes("SEC011", "a text speaks of passwords", lambda scene: _text(scene, '"The password: ask your admin."')),
    passes("SEC011", "a text holds a digest", lambda scene: _text(scene, f'"sha256:{"0123456789abcdef" * 4}"')),
    catches(
        "SEC012",
        "a key is another company's",
        _secret_of("tenants/company-001/fileserver"),
        "base/edge/core/fileserver.yaml: error: ExternalSecret/company-002/fileserver-users: spec.data[0].remoteRef.key is tenants/company-001/fileserver, not below tenants/company-002/ [SEC012]",
    ),
    catches(
        "SEC012",
        "a key climbs out",
        _secret_of("tenants/company-002/../company-001/fileserver"),
        "base/edge/core/fileserver.yaml: error: ExternalSecret/company-002/fileserver-users: spec.data[0].remoteRef.key is tenants/company-002/../company-001/fileserver, not below tenants/company-002/ [SEC012]",
    ),
    catches(
        "SEC012",
        "a store is everybody's",
        _spec("ExternalSecret", "fileserver-users", secretStoreRef={"kind": "ClusterSecretStore", "name": "vault"}),
        "base/edge/core/fileserver.yaml: error: ExternalSecret/company-002/fileserver-users: spec.secretStoreRef is ClusterSecretStore vault, no store of this namespace [SEC012]",
    ),
    catches(
        "SEC012",
        "everything that is found is taken",
        _spec("ExternalSecret", "fileserver-users", dataFrom=[{"find": {"name": {"regexp": ".*"}}}]),
        "base/edge/core/fileserver.yaml: error: ExternalSecret/company-002/fileserver-users: spec.dataFrom[0].find.path is not set, not below tenants/company-002/ [SEC012]",
    ),
    catches(
        "SEC012",
        "the version is no longer served",
        lambda scene: scene.one("ExternalSecret", "ai-chatbot").update(apiVersion="external-secrets.io/v1beta1"),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: ExternalSecret/company-002/ai-chatbot: apiVersion is external-secrets.io/v1beta1 [SEC012]\n  hint: write external-secrets.io/v1",
    ),
    catches(
        "SEC012",
        "a store asks as another company",
        lambda scene: scene.one("SecretStore", "tenant")["spec"]["provider"]["vault"]["auth"]["kubernetes"][
            "serviceAccountRef"
        ].update(namespace="company-001"),
        "base/guard/core/secret-store.yaml: error: SecretStore/company-002/tenant: spec.provider.vault.auth.kubernetes.serviceAccountRef.namespace asks with an identity of company-001 [SEC012]",
    ),
    catches(
        "SEC012",
        "pods run as the account of the store",
        lambda scene: scene.pod().update(serviceAccountName="secret-reader"),
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: its pods run as secret-reader, as which the company's keys are asked for [SEC012]\n  hint: give them an account of their own",
    ),
    passes("SEC012", "a key is the company's own", _secret_of("tenants/company-002/shared/users")),
    passes(
        "SEC012",
        "the store is in a partition of Vault",
        lambda scene: scene.one("SecretStore", "tenant")["spec"]["provider"]["vault"].update(namespace="files"),
    ),
    # --- ways in
    catches(
        "SEC013",
        "a Service is a LoadBalancer",
        _spec("Service", "fileserver", type="LoadBalancer"),
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: type is LoadBalancer [SEC013]\n  hint: write ClusterIP; routes lead in from outside",
    ),
    catches(
        "SEC013",
        "a Service has node ports",
        _spec("Service", "fileserver", type="NodePort"),
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: type is NodePort [SEC013]\n  hint: write ClusterIP; routes lead in from outside",
    ),
    catches(
        "SEC013",
        "a Service takes an address",
        _spec("Service", "fileserver", externalIPs=["203.0.113.7"]),
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: externalIPs is set [SEC013]",
    ),
    catches(
        "SEC013",
        "a Service is another company's",
        _spec("Service", "fileserver", type="ExternalName", externalName="fileserver.company-001.svc.cluster.local"),
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: externalName is set [SEC013]",
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: type is ExternalName [SEC013]\n  hint: write ClusterIP; routes lead in from outside",
    ),
    catches(
        "SEC013",
        "a Service leads where its endpoints say",
        _all(
            lambda scene: scene.one("Service", "fileserver")["spec"].pop("selector"),
            _add("{apiVersion: v1, kind: Endpoints, metadata: {name: fileserver}}"),
        ),
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: it has no selector, so it leads wherever its endpoints say [SEC013]",
        "overlays/company-002/kustomization.yaml: error: Endpoints/company-002/fileserver: addresses behind a Service are written by hand [SEC013]\n  hint: let a selector choose",
    ),
    passes("SEC013", "a Service is headless", _spec("Service", "fileserver", clusterIP="None")),
    catches(
        "SEC014",
        "an Ingress holds a snippet",
        lambda scene: _ingress(scene)["metadata"]["annotations"].update(
            {"nginx.ingress.kubernetes.io/configuration-snippet": "more"}
        ),
        "base/edge/components/ingress/fileserver.yaml: error: Ingress/company-002/fileserver: the annotation nginx.ingress.kubernetes.io/configuration-snippet is read by an ingress controller [SEC014]\n  hint: what a route needs beyond its rules belongs to the platform",
    ),
    passes("SEC014", "an Ingress asks for a certificate", _ingress),
    catches(
        "SEC015",
        "node ports are allowed",
        _hard("services.nodeports", "2"),
        'base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota sets services.nodeports to 0 [SEC015]\n  hint: add services.nodeports: "0" to spec.hard',
    ),
    catches(
        "SEC015",
        "LoadBalancers are not counted",
        _hard("services.loadbalancers", None),
        'base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota sets services.loadbalancers to 0 [SEC015]\n  hint: add services.loadbalancers: "0" to spec.hard',
    ),
    passes("SEC015", "Services are counted otherwise", _hard("services", "3")),
    catches(
        "SEC017",
        "an Ingress has no TLS",
        lambda scene: _ingress(scene, tls=[]),
        "base/edge/components/ingress/fileserver.yaml: error: Ingress/company-002/fileserver: company-002.files.example.com has no TLS [SEC017]\n  hint: add it to spec.tls",
    ),
    catches(
        "SEC017",
        "a route is on every listener",
        _parent(sectionName=None),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: parentRefs[0] names no listener, so the route answers without TLS as well [SEC017]\n  hint: add sectionName: https",
    ),
    passes("SEC017", "an Ingress has TLS", _ingress),
    catches(
        "SEC021",
        "a route has no host",
        lambda scene: scene.one("HTTPRoute", "fileserver")["spec"].pop("hostnames"),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: hostnames[0] is missing, which is every host [SEC021]\n  hint: name the host",
    ),
    catches(
        "SEC021",
        "a route has every host",
        _spec("HTTPRoute", "fileserver", hostnames=["*.files.example.com"]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: hostnames[0] is *.files.example.com, which covers hosts of others [SEC021]\n  hint: name the host",
    ),
    catches(
        "SEC021",
        "a route leads to another company",
        lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0]["backendRefs"][0].update(
            namespace="company-001"
        ),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].backendRefs[0] is Service fileserver of company-001 [SEC021]\n  hint: lead to a Service of this namespace",
    ),
    catches(
        "SEC021",
        "a route mirrors to another company",
        lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0].update(
            filters=[
                {
                    "type": "RequestMirror",
                    "requestMirror": {"backendRef": {"name": "fileserver", "namespace": "company-001", "port": 80}},
                }
            ]
        ),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].filters[0].requestMirror.backendRef is Service fileserver of company-001 [SEC021]\n  hint: lead to a Service of this namespace",
    ),
    catches(
        "SEC021",
        "a route hangs on another company's Service",
        _parent(group="", kind="Service", namespace="company-001", name="fileserver"),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: parentRefs[0] is a Service: the route would take its traffic [SEC021]\n  hint: hang it on the Gateway",
    ),
    catches(
        "SEC021",
        "an Ingress has a default backend",
        lambda scene: _ingress(scene, defaultBackend={"service": {"name": "fileserver", "port": {"number": 80}}}),
        "base/edge/components/ingress/fileserver.yaml: error: Ingress/company-002/fileserver: defaultBackend takes the requests for every unknown host [SEC021]",
    ),
    passes(
        "SEC021",
        "a route writes its namespace out",
        lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0]["backendRefs"][0].update(
            namespace="company-002"
        ),
    ),
    catches(
        "SEC026",
        "the hosts of the file server lead to another",
        lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0]["backendRefs"][0].update(
            name="ai-chatbot"
        ),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: it leads through the Service ai-chatbot to Deployment/company-002/ai-chatbot, and its hosts are of fileserver [SEC026]\n"
        "  hint: lead to a Service that selects the pods of fileserver",
    ),
    catches(
        "SEC026",
        "an Ingress leads to another",
        lambda scene: _ingress(scene, rules=[_to("ai-chatbot")]),
        "base/edge/components/ingress/fileserver.yaml: error: Ingress/company-002/fileserver: it leads through the Service ai-chatbot to Deployment/company-002/ai-chatbot, and its hosts are of fileserver [SEC026]\n"
        "  hint: lead to a Service that selects the pods of fileserver",
    ),
    catches(
        "SEC026",
        "a container beside the file server takes what people send",
        _sidecar_in_front,
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: it leads through the Service fileserver to port open, which is none of container fileserver [SEC026]\n"
        "  hint: lead to a port of that container",
    ),
    passes(
        "SEC026",
        "a Service of another name, by the port's number",
        lambda scene: (
            scene.add_again("Service", "fileserver", "files")["spec"]["ports"][0].update(targetPort=8080),
            scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0]["backendRefs"][0].update(name="files"),
        ),
    ),
    catches(
        "SEC027",
        "a route lets shared caches keep what one person asked for",
        _answers(set=[{"name": "Cache-Control", "value": "public, max-age=600"}]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].filters[0].responseHeaderModifier.set[0]: Cache-Control: public, max-age=600: a shared cache could keep what one person asked for, and give it to the next [SEC027]\n"
        "  hint: write one of private, no-store and no-cache",
    ),
    catches(
        "SEC027",
        "a route takes out what says who may keep an answer",
        _answers(remove=["cache-control"]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].filters[0].responseHeaderModifier.remove[0]: cache-control says who may have or keep an answer, and is taken out of it [SEC027]\n"
        "  hint: leave it in",
    ),
    catches(
        "SEC027",
        "a browser tells other sites which file somebody read",
        _answers(add=[{"name": "Referrer-Policy", "value": "unsafe-url"}]),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].filters[0].responseHeaderModifier.add[0]: Referrer-Policy: unsafe-url: what that allows others is not understood [SEC027]",
    ),
    passes(
        "SEC027",
        "a browser alone may keep it, and the program is not named",
        _answers(set=[{"name": "cache-control", "value": "private, max-age=60"}], remove=["Server"]),
    ),
    # --- guardrails
    catches(
        "SEC018",
        "the quota is larger than the plan",
        _hard("limits.cpu", "50"),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: limits.cpu is 50, more than the 7250m of plan silver, its add-ons and their roll-outs [SEC018]\n  hint: run `tenantry generate`",
    ),
    catches(
        "SEC018",
        "a container may be larger than all of them together",
        lambda scene: scene.one("LimitRange", "container")["spec"]["limits"][0]["max"].update(
            {"cpu": "64", "ephemeral-storage": "800Ti"}
        ),
        "base/guard/core/ceilings.yaml: error: LimitRange/company-002/container: spec.limits[0].max.cpu: no more than 7250m of cpu may be used in all, and the maximum of one is 64 [SEC018]\n  hint: write what the smallest plan can hold, or less",
        "base/guard/core/ceilings.yaml: error: LimitRange/company-002/container: spec.limits[0].max.ephemeral-storage: no more than 8Gi of ephemeral-storage may be used in all, and the maximum of one is 800Ti [SEC018]\n  hint: write what the smallest plan can hold, or less",
    ),
    passes(
        "SEC018",
        "a container may be as large as all of them together",
        lambda scene: scene.one("LimitRange", "container")["spec"]["limits"][0]["max"].update({"cpu": "7250m"}),
    ),
    catches(
        "SEC018",
        "a plan that holds not one pod",
        (Edit("platform.yaml", 'bronze: {cpu: "1",', 'bronze: {overcommit: 10, cpu: "1",'),),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-001/plan: limits.cpu is 2250m, more than the 250m of plan bronze, its add-ons and their roll-outs [SEC018]\n  hint: run `tenantry generate`",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-001/plan: limits.memory is 4608Mi, more than the 512Mi of plan bronze, its add-ons and their roll-outs [SEC018]\n  hint: run `tenantry generate`",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-001/plan: requests.cpu is 1125m, more than the 0 of plan bronze, its add-ons and their roll-outs [SEC018]\n  hint: run `tenantry generate`",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-001/plan: requests.memory is 2304Mi, more than the 0 of plan bronze, its add-ons and their roll-outs [SEC018]\n  hint: run `tenantry generate`",
        tenant="company-001",
    ),
    catches(
        "SEC018",
        "the quota does not count pods",
        _hard("pods", None),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds pods [SEC018]",
    ),
    catches(
        "SEC018",
        "the quota counts some pods alone",
        _spec("ResourceQuota", "plan", scopes=["BestEffort"]),
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds count/configmaps [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds count/deployments.apps [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds count/jobs.batch [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds count/secrets [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds limits.cpu, 7250m by plan silver [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds limits.ephemeral-storage [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds limits.memory, 14848Mi by plan silver [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds persistentvolumeclaims [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds pods [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds requests.cpu, 3625m by plan silver [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds requests.ephemeral-storage [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds requests.memory, 7424Mi by plan silver [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds requests.storage, 200Gi by plan silver [SEC018]",
        "base/guard/core/ceilings.yaml: error: ResourceQuota/company-002/plan: no ResourceQuota bounds services [SEC018]",
    ),
    catches(
        "SEC018",
        "the LimitRange is gone",
        lambda scene: scene.remove("LimitRange", "container"),
        "overlays/company-002/kustomization.yaml: error: no LimitRange gives containers their limits: a pod without them would be refused [SEC018]",
    ),
    catches(
        "SEC018",
        "the LimitRange has no maximum",
        lambda scene: scene.one("LimitRange", "container")["spec"]["limits"][0].pop("max"),
        "base/guard/core/ceilings.yaml: error: LimitRange/company-002/container: max.cpu is not set [SEC018]",
        "base/guard/core/ceilings.yaml: error: LimitRange/company-002/container: max.memory is not set [SEC018]",
    ),
    catches(
        "SEC018",
        "the Namespace bears another label",
        _namespace("tenantry.dev/tenant", "company-001"),
        "base/guard/core/namespace.yaml: error: Namespace/company-002: its label tenantry.dev/tenant is company-001 [SEC018]\n  hint: guards of the cluster select by it",
    ),
    passes("SEC018", "the quota is smaller than the plan", _hard("limits.cpu", "4500m")),
)
