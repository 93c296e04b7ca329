"""The positive list, one tenant's matrix, and how wide its peers are written."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from generator.reachability.matrix import matrix
from generator.reachability.peers import find_dead_peers, find_intrusions
from generator.reachability.promises import Calls, Promise, check, expectations, read_neighbours
from generator.reachability.space import Addresses, read_space

NEIGHBOURS = read_neighbours(
    yaml.safe_load("""
    dns: {namespace: kube-system, labels: {k8s-app: kube-dns}, nodeLocal: [169.254.20.10/32]}
    gateway: {namespace: gateway-system, labels: {gateway: tenants}}
    ingress: {namespace: ingress-system, labels: {app: traefik}}
    prometheus: {namespace: monitoring, labels: {app: prometheus}}
    collector: {namespace: monitoring, labels: {app: collector}}
    """)
)
ADDRESSES = Addresses(
    nodes=("192.168.0.0/24",),
    pods=("10.244.0.0/16",),
    services=("10.96.0.0/12",),
    api=("192.168.0.10/32",),
    metadata=("169.254.169.254/32",),
)
CALLS = [Calls(workload="ai-chatbot", services=("fileserver",), reaches=("203.0.113.0/24",))]

TENANT = """
kind: Namespace
metadata: {name: acme}
---
kind: Deployment
metadata: {name: fileserver, namespace: acme}
spec:
  template:
    metadata: {labels: {app: fileserver}}
    spec:
      containers:
      - ports: [{name: http, containerPort: 8080}, {name: metrics, containerPort: 9090}]
---
kind: Deployment
metadata: {name: ai-chatbot, namespace: acme}
spec:
  template:
    metadata: {labels: {app: ai-chatbot}}
    spec:
      containers:
      - env: [{name: OTEL_EXPORTER_OTLP_ENDPOINT, value: "http://collector.monitoring.svc:4318"}]
---
kind: Service
metadata: {name: fileserver, namespace: acme}
spec: {selector: {app: fileserver}, ports: [{name: http, port: 80, targetPort: http}]}
---
kind: HTTPRoute
metadata: {name: fileserver, namespace: acme}
spec: {rules: [{backendRefs: [{name: fileserver, port: 80}]}]}
"""

POLICIES = {
    "default-deny": "{policyTypes: [Ingress, Egress]}",
    "to-dns": """
      policyTypes: [Egress]
      egress:
      - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
        - ipBlock: {cidr: 169.254.20.10/32}
        ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
      """,
    "from-gateway": """
      podSelector: {matchLabels: {app: fileserver}}
      ingress:
      - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: gateway-system}}
          podSelector: {matchLabels: {gateway: tenants}}
        ports: [{port: http}]
      """,
    "from-prometheus": """
      ingress:
      - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
          podSelector: {matchLabels: {app: prometheus}}
        ports: [{port: metrics}]
      """,
    "to-collector": """
      policyTypes: [Egress]
      egress:
      - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
          podSelector: {matchLabels: {app: collector}}
        ports: [{port: 4318}]
      """,
    "chatbot-to-fileserver": """
      podSelector: {matchLabels: {app: ai-chatbot}}
      policyTypes: [Egress]
      egress: [{to: [{podSelector: {matchLabels: {app: fileserver}}}], ports: [{port: http}]}]
      """,
    "fileserver-from-chatbot": """
      podSelector: {matchLabels: {app: fileserver}}
      ingress: [{from: [{podSelector: {matchLabels: {app: ai-chatbot}}}], ports: [{port: http}]}]
      """,
    "chatbot-to-model": """
      podSelector: {matchLabels: {app: ai-chatbot}}
      policyTypes: [Egress]
      egress:
      - to: [{ipBlock: {cidr: 203.0.113.0/25}}, {ipBlock: {cidr: 203.0.113.128/25}}]
        ports: [{port: 443}]
      """,
}


def a_tenant(**changed: str | None) -> list[dict[str, Any]]:
    """Return a tenant with everything; keyword arguments replace the spec of a policy, or leave it out."""
    specs = {**POLICIES, **{name.replace("_", "-"): spec for name, spec in changed.items()}}
    return [
        *yaml.safe_load_all(TENANT),
        *(
            {
                "kind": "NetworkPolicy",
                "metadata": {"name": n, "namespace": "acme"},
                "spec": yaml.safe_load(spec),
            }
            for n, spec in specs.items()
            if spec is not None
        ),
    ]


def promises(objects: list[dict[str, Any]]) -> tuple[Promise, ...]:
    """Return the whole positive list with its verdicts."""
    space = read_space(objects)
    return check(space, expectations(space, objects, NEIGHBOURS, CALLS))


def broken(objects: list[dict[str, Any]]) -> list[str]:
    """Return the promises that are not kept, with who refuses."""
    return [
        f"{promise.expected.name}: {promise.expected} refused by {', '.join(promise.refused_by)}"
        for promise in promises(objects)
        if not promise.kept
    ]


def test_a_whole_tenant_keeps_every_promise() -> None:
    """The list holds all that the render needs, and every item names the rules that allow it."""
    found = promises(a_tenant())

    assert [f"{promise.expected.name}: {promise.expected}" for promise in found] == [
        "dns: Deployment/ai-chatbot -> dns UDP 53",
        "dns: Deployment/ai-chatbot -> dns TCP 53",
        "dns: Deployment/ai-chatbot -> 169.254.20.10/32 UDP 53",
        "dns: Deployment/ai-chatbot -> 169.254.20.10/32 TCP 53",
        "dns: Deployment/fileserver -> dns UDP 53",
        "dns: Deployment/fileserver -> dns TCP 53",
        "dns: Deployment/fileserver -> 169.254.20.10/32 UDP 53",
        "dns: Deployment/fileserver -> 169.254.20.10/32 TCP 53",
        "web: gateway -> Deployment/fileserver TCP 8080",
        "metrics: prometheus -> Deployment/fileserver TCP 9090",
        "call: Deployment/ai-chatbot -> Deployment/fileserver TCP 8080",
        "reach: Deployment/ai-chatbot -> 203.0.113.0/24 TCP 443",
        "traces: Deployment/ai-chatbot -> collector TCP 4318",
    ]
    assert all(promise.kept and promise.allowed_by for promise in found)
    assert [str(grant) for grant in found[10].allowed_by] == [
        "NetworkPolicy/chatbot-to-fileserver egress[0]",
        "NetworkPolicy/fileserver-from-chatbot ingress[0]",
    ]


@pytest.mark.parametrize(
    ("name", "spec", "expected"),
    [
        (
            "to-dns",
            POLICIES["to-dns"].replace(", {protocol: TCP, port: 53}", ""),
            [
                "dns: Deployment/ai-chatbot -> dns TCP 53 refused by Egress",
                "dns: Deployment/ai-chatbot -> 169.254.20.10/32 TCP 53 refused by Egress",
                "dns: Deployment/fileserver -> dns TCP 53 refused by Egress",
                "dns: Deployment/fileserver -> 169.254.20.10/32 TCP 53 refused by Egress",
            ],
        ),
        (
            "to-dns",
            POLICIES["to-dns"].replace("- ipBlock: {cidr: 169.254.20.10/32}", ""),
            [
                "dns: Deployment/ai-chatbot -> 169.254.20.10/32 UDP 53 refused by Egress",
                "dns: Deployment/ai-chatbot -> 169.254.20.10/32 TCP 53 refused by Egress",
                "dns: Deployment/fileserver -> 169.254.20.10/32 UDP 53 refused by Egress",
                "dns: Deployment/fileserver -> 169.254.20.10/32 TCP 53 refused by Egress",
            ],
        ),
        ("from-gateway", None, ["web: gateway -> Deployment/fileserver TCP 8080 refused by Ingress"]),
        (
            "from-gateway",
            POLICIES["from-gateway"].replace("port: http", "port: 80"),
            ["web: gateway -> Deployment/fileserver TCP 8080 refused by Ingress"],
        ),
        (
            "from-prometheus",
            POLICIES["from-prometheus"].replace("metrics", "http"),
            ["metrics: prometheus -> Deployment/fileserver TCP 9090 refused by Ingress"],
        ),
        (
            "chatbot-to-fileserver",
            None,
            ["call: Deployment/ai-chatbot -> Deployment/fileserver TCP 8080 refused by Egress"],
        ),
        (
            "fileserver-from-chatbot",
            None,
            ["call: Deployment/ai-chatbot -> Deployment/fileserver TCP 8080 refused by Ingress"],
        ),
        (
            "chatbot-to-model",
            POLICIES["chatbot-to-model"].replace("128/25", "192/26"),
            ["reach: Deployment/ai-chatbot -> 203.0.113.0/24 TCP 443 refused by Egress"],
        ),
        (
            "to-collector",
            POLICIES["to-collector"].replace("4318", "4317"),
            ["traces: Deployment/ai-chatbot -> collector TCP 4318 refused by Egress"],
        ),
    ],
)
def test_a_policy_that_is_wrong_breaks_its_promise(name: str, spec: str | None, expected: list[str]) -> None:
    """And no other."""
    assert broken(a_tenant(**{name: spec})) == expected


def test_an_ingress_is_reached_from_the_ingress_controller() -> None:
    """By the name of the Service's port, and through the default backend as well."""
    ingress = yaml.safe_load("""
    kind: Ingress
    metadata: {name: fileserver, namespace: acme}
    spec:
      defaultBackend: {service: {name: fileserver, port: {number: 80}}}
      rules: [{http: {paths: [{backend: {service: {name: fileserver, port: {name: http}}}}]}}]
    """)

    assert broken([*a_tenant(), ingress]) == ["web: ingress -> Deployment/fileserver TCP 8080 refused by Ingress"]


def rows(objects: list[dict[str, Any]]) -> list[str]:
    """Return the matrix as lines of text, without what is refused."""
    return [
        " ".join((row.source, "->", row.destination, row.protocol, row.ports, *map(str, row.allowed_by)))
        for row in matrix(read_space(objects), NEIGHBOURS, ADDRESSES)
        if not row.refused_by
    ]


def test_the_matrix_shows_every_connection_with_its_rules() -> None:
    """Each way that the policies open, once."""
    assert rows(a_tenant(to_dns=None, chatbot_to_model=None)) == [
        (
            "Deployment/ai-chatbot -> Deployment/fileserver TCP 8080"
            " NetworkPolicy/chatbot-to-fileserver egress[0] NetworkPolicy/fileserver-from-chatbot ingress[0]"
        ),
        "Deployment/ai-chatbot -> collector TCP 4318 NetworkPolicy/to-collector egress[0]",
        "gateway -> Deployment/fileserver TCP 8080 NetworkPolicy/from-gateway ingress[0]",
        "prometheus -> Deployment/fileserver TCP 9090 NetworkPolicy/from-prometheus ingress[0]",
        "Deployment/fileserver -> collector TCP 4318 NetworkPolicy/to-collector egress[0]",
    ]


def test_the_matrix_shows_who_refuses() -> None:
    """A denied pair has a row as well."""
    found = {
        (row.source, row.destination): (row.ports, row.refused_by)
        for row in matrix(read_space(a_tenant()), NEIGHBOURS, ADDRESSES)
    }

    assert found["Deployment/fileserver", "another tenant"] == ("none", ("Egress",))
    assert found["another tenant", "Deployment/fileserver"] == ("none", ("Ingress",))
    assert found["Deployment/fileserver", "Deployment/ai-chatbot"] == ("none", ("Egress", "Ingress"))


def test_the_matrix_shows_an_opening_to_other_tenants_and_to_everywhere() -> None:
    """A rule without peers reaches all ends that are not named otherwise."""
    found = rows(a_tenant(default_deny="{policyTypes: [Ingress, Egress], egress: [{}]}"))

    for other in ("another tenant", "any other namespace", "any other address", "203.0.113.0/25"):
        assert f"Deployment/fileserver -> {other} TCP all NetworkPolicy/default-deny egress[0]" in found


@pytest.mark.parametrize(
    ("peer", "dead"),
    [
        ("{podSelector: {matchLabels: {k8s-app: kube-dns}}}", True),
        ("{podSelector: {}}", False),
        ("{ipBlock: {cidr: 203.0.113.0/24}}", False),
        ("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}", False),
    ],
)
def test_a_peer_that_selects_no_pod_of_its_own_namespace_is_dead(peer: str, dead: bool) -> None:
    """What stands elsewhere cannot be known, and is not called dead."""
    found = find_dead_peers(read_space(a_tenant(extra=f"ingress: [{{from: [{peer}]}}]")))

    assert [str(each) for each in found] == (["NetworkPolicy/extra ingress[0].from[0]"] if dead else [])


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("{cidr: 203.0.113.0/24}", []),
        ("{cidr: 10.244.0.0/15, except: [10.244.0.0/16]}", []),
        ("{cidr: 10.244.3.0/24}", [("10.244.3.0/24", "pods", "10.244.0.0/16")]),
        (
            "{cidr: 0.0.0.0/1}",
            [("0.0.0.0/1", "pods", "10.244.0.0/16"), ("0.0.0.0/1", "services", "10.96.0.0/12")],
        ),
        (
            "{cidr: 128.0.0.0/1}",
            [
                ("128.0.0.0/1", "nodes", "192.168.0.0/24"),
                ("128.0.0.0/1", "api", "192.168.0.10/32"),
                ("128.0.0.0/1", "metadata", "169.254.169.254/32"),
            ],
        ),
    ],
)
def test_a_block_over_the_cluster_is_found(block: str, expected: list[tuple[str, str, str]]) -> None:
    """With every network that it covers; exceptions count, two halves of the whole do not escape."""
    spec = f"{{policyTypes: [Egress], egress: [{{to: [{{ipBlock: {block}}}]}}]}}"

    found = find_intrusions(read_space(a_tenant(extra=spec)), ADDRESSES)

    assert [(each.block, each.area, each.network) for each in found] == expected


def test_a_rule_without_peers_covers_the_cluster() -> None:
    """Everywhere includes the metadata service."""
    found = find_intrusions(read_space(a_tenant(extra="{policyTypes: [Egress], egress: [{}]}")), ADDRESSES)

    assert ("everywhere", "metadata") in {(each.block, each.area) for each in found}
