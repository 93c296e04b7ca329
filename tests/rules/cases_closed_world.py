# ruff: noqa: E501 -- what a rule says is shown in one piece
"""Cases of the family MOD."""

import dataclasses
from typing import Any, Final

from generator.fleet.model import Accepted
from tests.rules.harness import Case, Change, Edit, Scene, catches, passes, unchanged

_FILE_SERVER: Final = "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: "


def _entry(field: str, value: str, proofs: str, kind: str = "Deployment, name: fileserver") -> str:
    return f"accept it in platform.yaml, under `accepted`: {{kind: {kind}, field: {field}, {value}, proofs: [{proofs}], reason: WHY, by: WHO}}"


def _pod(**fields: Any) -> Change:
    """Set fields of the file server's pod."""
    return lambda scene: scene.pod().update(fields)


def _labels(kind: str, name: str, **labels: str) -> Change:
    """Label an object."""
    return lambda scene: scene.one(kind, name)["metadata"].setdefault("labels", {}).update(labels)


def _own_label(scene: Scene) -> None:
    scene.platform = dataclasses.replace(scene.platform, inert={"labels": ("team",), "annotations": ()})
    _labels("Deployment", "fileserver", team="files")(scene)


def _own_label_of_the_namespace(scene: Scene) -> None:
    scene.platform = dataclasses.replace(scene.platform, inert={"labels": ("team",), "annotations": ()})
    _labels("Namespace", scene.tenant.name, team="files")(scene)


def _own_labels_of_pods(*keys: str) -> Change:
    """Declare labels, and write them to the file server's pods."""

    def change(scene: Scene) -> None:
        scene.platform = dataclasses.replace(scene.platform, inert={"labels": ("team", "files.example.com/")})
        labels = scene.one("Deployment", "fileserver")["spec"]["template"]["metadata"]["labels"]
        labels.update(dict.fromkeys(keys, "files"))

    return change


def _accepted(scene: Scene, **fields: Any) -> None:
    entry: dict[str, Any] = {
        "kind": "Deployment",
        "name": "fileserver",
        "field": "spec.template.spec.runtimeClassName",
        "value": "gvisor",
        "proofs": ("quota",),
        "reason": "the nodes have it to spare",
        "by": "the platform team",
    }
    scene.platform = dataclasses.replace(scene.platform, accepted=(Accepted(**(entry | fields)),))


def _accepted_and_there(scene: Scene, **fields: Any) -> None:
    _pod(runtimeClassName="gvisor")(scene)
    _accepted(scene, **fields)


def _late_policy(scene: Scene) -> None:
    del scene.one("NetworkPolicy", "default-deny")["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]


def _third_wave(scene: Scene) -> None:
    annotations = scene.one("Service", "fileserver")["metadata"].setdefault("annotations", {})
    annotations["argocd.argoproj.io/sync-wave"] = "3"


def _other_server(scene: Scene) -> None:
    scene.one("SecretStore", "tenant")["spec"]["provider"]["vault"]["server"] = "https://vault.example.org"


def _no_server_declared(scene: Scene) -> None:
    cluster = scene.platform.cluster
    declared = {key: value for key, value in cluster.declared.items() if key != "secrets.server"}
    scene.platform = dataclasses.replace(scene.platform, cluster=dataclasses.replace(cluster, declared=declared))


def _sidecar(scene: Scene) -> None:
    container = {key: value for key, value in scene.container().items() if not key.endswith("Probe") and key != "ports"}
    scene.pod()["initContainers"] = [container | {"name": "metrics", "restartPolicy": "Always"}]


def _route(part: dict[str, Any]) -> Change:
    """Put something into the only rule of the file server's route."""
    return lambda scene: scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0].update(part)


_ROUTE: Final = "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: "
_OF_ROUTES: Final[dict[str, dict[str, Any]]] = {
    "is for one method": {"matches": [{"path": {"type": "Exact", "value": "/x"}, "method": "GET"}]},
    "is for a header": {"matches": [{"headers": [{"type": "Exact", "name": "x-beta", "value": "1"}]}]},
    "sets headers": {
        "filters": [
            {
                "type": "ResponseHeaderModifier",
                "responseHeaderModifier": {"set": [{"name": "strict-transport-security", "value": "max-age=31536000"}]},
            },
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x-debug"]}},
        ]
    },
    "rewrites paths": {
        "filters": [
            {"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}
        ]
    },
    "leads to TLS": {
        "filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]
    },
}
_NOT_OF_ROUTES: Final = (
    (
        "sends a copy of each request elsewhere",
        {"type": "RequestHeaderModifier", "requestMirror": {"backendRef": {"name": "other"}}},
        "spec.rules[0].filters[0].requestMirror",
        "it sends a copy of each request elsewhere",
        f"remove it, or {_entry(chr(34) + 'spec.rules[0].filters[0].requestMirror' + chr(34), 'digest: sha256:5f1f4d4ad8df4e87d5b2ce844f01929c6fa74726e1ab1e45bce93fc721d1d6bc', 'isolation', 'HTTPRoute, name: fileserver')}",
    ),
    (
        "asks for another host",
        {"type": "URLRewrite", "urlRewrite": {"hostname": "other.example.com"}},
        "spec.rules[0].filters[0].urlRewrite.hostname",
        "it asks for a host that may be somebody else's",
        f"remove it, or {_entry(chr(34) + 'spec.rules[0].filters[0].urlRewrite.hostname' + chr(34), 'value: other.example.com', 'isolation', 'HTTPRoute, name: fileserver')}",
    ),
)


def _template(scene: Scene) -> None:
    target = scene.one("ExternalSecret", "ai-chatbot")["spec"]["target"]
    target["immutable"] = True
    target["template"] = {
        "engineVersion": "v2",
        "mergePolicy": "Replace",
        "type": "Opaque",
        "data": {"config": "{{ .MODEL_API_KEY }}"},
    }


CASES: Final[tuple[Case, ...]] = (
    passes("MOD001", "what this repository has", unchanged),
    catches(
        "MOD001",
        "resources of the whole pod",
        _pod(resources={"limits": {"cpu": "2"}}),
        f"{_FILE_SERVER}spec.template.spec.resources is not modelled: requests and limits of the whole pod take the place of those of its containers [MOD001]\n"
        f"  hint: remove it, or {_entry('spec.template.spec.resources', 'digest: sha256:cfab02634fa19ea8ef6f4ff876452bec4417e34ad2c4efb824037f5ed370af9d', 'quota')}",
    ),
    catches(
        "MOD001",
        "a field that the model has no line for",
        _pod(hostname="files"),
        f"{_FILE_SERVER}spec.template.spec.hostname is not modelled: no rule reads it, and nothing says why it cannot matter [MOD001]\n"
        f"  hint: remove it, or {_entry('spec.template.spec.hostname', 'value: files', 'isolation, quota, escape')}",
    ),
    catches(
        "MOD001",
        "a value that is not one of those that are understood",
        lambda scene: scene.pod()["tolerations"][0].update(key="dedicated"),
        f"{_FILE_SERVER}spec.template.spec.tolerations[0].key is not modelled: dedicated is not node.kubernetes.io/not-ready or node.kubernetes.io/unreachable: any other taint keeps nodes for somebody else [MOD001]\n"
        f"  hint: write node.kubernetes.io/not-ready or node.kubernetes.io/unreachable, or {_entry(chr(34) + 'spec.template.spec.tolerations[0].key' + chr(34), 'value: dedicated', 'isolation, quota, escape')}",
    ),
    catches(
        "MOD001",
        "a field that is misspelt",
        _pod(dnsPolicies="ClusterFirst"),
        f"{_FILE_SERVER}spec.template.spec.dnsPolicies is not modelled: no rule reads it, and nothing says why it cannot matter [MOD001]\n"
        f"  hint: remove it, or {_entry('spec.template.spec.dnsPolicies', 'value: ClusterFirst', 'isolation, quota, escape')}; did you mean 'dnsPolicy'?",
    ),
    catches(
        "MOD001",
        "a state brings what is not understood, whether or not somebody is in it",
        (
            Edit(
                "base/guard/states/retiring/kustomization.yaml",
                "patches:\n",
                "patches:\n- target: {kind: Service}\n  patch: |-\n    - {op: add, path: /spec/publishNotReadyAddresses, value: true}\n",
            ),
        ),
        *(
            f"base/guard/states/retiring/kustomization.yaml: error: Service/tenantry-probe/{name}: as retiring spec.publishNotReadyAddresses is not modelled: no rule reads it, and nothing says why it cannot matter [MOD001]\n  hint: remove it"
            for name in ("ai-chatbot", "fileserver")
        ),
    ),
    passes("MOD001", "a sidecar", _sidecar),
    *(passes("MOD001", f"a route that {says}", _route(part)) for says, part in _OF_ROUTES.items()),
    *(
        catches(
            "MOD001",
            f"a route that {says}",
            _route({"filters": [part]}),
            f"{_ROUTE}{where} is not modelled: {fact} [MOD001]\n  hint: {hint}",
        )
        for says, part, where, fact, hint in _NOT_OF_ROUTES
    ),
    passes("MOD001", "a Secret with a template of its own", _template),
    catches(
        "MOD001",
        "a label that nobody declared",
        _labels("Deployment", "fileserver", team="files"),
        f"{_FILE_SERVER}metadata.labels.team is not modelled: no rule reads it, and nothing says why it cannot matter [MOD001]\n"
        "  hint: remove it, or declare it in platform.yaml: `metadata: {labels: [team]}`",
    ),
    passes("MOD001", "a label that platform.yaml declares", _own_label),
    passes(
        "MOD001",
        "a label of pods below a prefix that platform.yaml declares",
        _own_labels_of_pods("files.example.com/tier"),
    ),
    catches(
        "MOD001",
        "a label of pods without a prefix, by which other programs may select",
        _own_labels_of_pods("team"),
        f"{_FILE_SERVER}spec.template.metadata.labels.team is not modelled: no rule reads it, and nothing says why it cannot matter [MOD001]\n"
        f"  hint: remove it, or {_entry('spec.template.metadata.labels.team', 'value: files', 'isolation, quota, escape', 'Deployment, name: fileserver')}",
    ),
    catches(
        "MOD001",
        "a label of the Namespace without a prefix",
        _own_label_of_the_namespace,
        "base/guard/core/namespace.yaml: error: Namespace/company-002: metadata.labels.team is not modelled: no rule reads it, and nothing says why it cannot matter [MOD001]\n"
        f"  hint: remove it, or {_entry('metadata.labels.team', 'value: files', 'isolation, quota, escape', 'Namespace')}",
    ),
    catches(
        "MOD001",
        "a guardrail in the last wave",
        _late_policy,
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/default-deny: metadata.annotations[argocd.argoproj.io/sync-wave] is not modelled: it is missing: what guards a pod is in the first wave, before the first pod [MOD001]\n"
        '  hint: write "-5"',
    ),
    catches(
        "MOD001",
        "something in a third wave",
        _third_wave,
        "base/edge/core/fileserver.yaml: error: Service/company-002/fileserver: metadata.annotations[argocd.argoproj.io/sync-wave] is not modelled: "
        '"3" is not "0": guardrails have the first wave, everything else the last, and nothing a third [MOD001]\n'
        f'  hint: write "0", or {_entry(chr(34) + "metadata.annotations[argocd.argoproj.io/sync-wave]" + chr(34), "value: " + chr(34) + "3" + chr(34), "isolation, quota, escape", "Service, name: fileserver")}',
    ),
    catches(
        "MOD001",
        "keys from another server than platform.yaml says",
        _other_server,
        "base/guard/core/secret-store.yaml: error: SecretStore/company-002/tenant: spec.provider.vault.server is not modelled: https://vault.example.org is not https://vault.example.com: keys would come from somebody else [MOD001]\n"
        f"  hint: write https://vault.example.com, or {_entry('spec.provider.vault.server', 'value: https://vault.example.org', 'isolation, quota, escape', 'SecretStore, name: tenant')}",
    ),
    catches(
        "MOD001",
        "a server that platform.yaml does not name",
        _no_server_declared,
        "base/guard/core/secret-store.yaml: error: SecretStore/company-002/tenant: spec.provider.vault.server is not modelled: https://vault.example.com is declared nowhere: keys would come from somebody else [MOD001]\n"
        f"  hint: write it in platform.yaml, under clusters.NAME.secrets.server, or {_entry('spec.provider.vault.server', 'value: https://vault.example.com', 'isolation, quota, escape', 'SecretStore, name: tenant')}",
    ),
    catches(
        "MOD001",
        "a kind that no company may have",
        lambda scene: scene.add("{apiVersion: v1, kind: ReplicationController, metadata: {name: old}, spec: {}}"),
        "overlays/company-002/kustomization.yaml: error: ReplicationController/company-002/old: v1 ReplicationController is no kind that a company may have [MOD001]\n"
        "  hint: what all companies share belongs to argocd/platform/",
    ),
    passes("MOD001", "a field that is accepted", _accepted_and_there),
    catches(
        "MOD001",
        "a field that is accepted with another value",
        lambda scene: _accepted_and_there(scene, value="kata"),
        f"{_FILE_SERVER}spec.template.spec.runtimeClassName is not modelled: another runtime has other walls and takes resources of its own [MOD001]\n"
        f"  hint: remove it, or {_entry('spec.template.spec.runtimeClassName', 'value: gvisor', 'quota')}",
    ),
    catches(
        "MOD001",
        "an entry that does not say what it takes away",
        lambda scene: _accepted_and_there(scene, proofs=("escape",)),
        "platform.yaml: error: accepted[0]: spec.template.spec.runtimeClassName takes away quota, which `proofs` does not say [MOD001]\n"
        "  hint: write proofs: [quota]",
    ),
    passes("MOD002", "an entry for what is there", _accepted_and_there),
    catches(
        "MOD002",
        "an entry for what is not there",
        _accepted,
        "platform.yaml: warning: accepted[0]: no Deployment/fileserver has this at spec.template.spec.runtimeClassName [MOD002]",
    ),
)
