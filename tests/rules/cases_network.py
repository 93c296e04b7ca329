# ruff: noqa: E501 -- what a rule says is shown in one piece
"""Cases of the family NET: what the policies of all tenants together let through."""

from typing import Any

from tests.rules.harness import Edit, Scene, catches, passes, unchanged

DOOR = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: neighbours
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: fileserver}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {tenantry.dev/tenant: company-001}}
      podSelector: {matchLabels: {app.kubernetes.io/name: fileserver}}
    ports: [{port: 8080}]
  egress:
  - to:
    - namespaceSelector: {matchLabels: {tenantry.dev/plan: gold}}
      podSelector: {matchLabels: {app.kubernetes.io/name: fileserver}}
    ports: [{port: 8080}]
"""

RELAY = """---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: to-relay
  annotations: {argocd.argoproj.io/sync-wave: "-5"}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: fileserver}}
  policyTypes: [Ingress, Egress]
  egress:
  - to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: mail}}
      podSelector: {matchLabels: {app: relay, tier: out}}
    - ipBlock: {cidr: 198.51.100.128/25}
    ports: [{protocol: TCP, port: 25}]
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
      podSelector: {matchLabels: {app: prober}}
    ports: [{protocol: TCP, port: http}, {protocol: TCP, port: 8080}]
"""
NETWORK = Edit("base/guard/core/network.yaml", "", RELAY)
COLLECTOR = "      collector: {namespace: monitoring, labels: {app.kubernetes.io/name: opentelemetry-collector}}\n"
FURTHER = """      destinations:
        relay: {namespace: mail, labels: {app: relay}, ports: [25]}
        backup: {cidrs: [198.51.100.0/24], ports: [25/TCP, 443]}
      sources:
        prober: {namespace: monitoring, labels: {app: prober}, ports: [http]}
"""
MODEL = "      destinations: {model: {cidrs: [203.0.113.0/24], ports: [8443]}}\n"
OTHER_PORT = "      port: 443\n    - protocol: TCP\n      port: 8443\n"

NEIGHBOUR = {"namespaceSelector": {"matchLabels": {"tenantry.dev/plan": "silver"}}}


def _policy(scene: Scene, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = scene.one("NetworkPolicy", name)["spec"]
    return spec


def _open_both_ways(scene: Scene) -> None:
    """Let every pod of every company in, and out to every one of a plan: the company reaches itself and no other."""
    _policy(scene, "fileserver-from-gateway")["ingress"][0]["from"].append({"namespaceSelector": {}})
    _policy(scene, "default-deny")["egress"] = [{"to": [NEIGHBOUR]}]


CASES = (
    catches(
        "NET001",
        "a door at both ends",
        (Edit("base/edge/components/gateway/fileserver.yaml", "", DOOR),),
        "base/edge/components/gateway/fileserver.yaml: error: Namespace/company-003: company-001 Deployment/fileserver reaches company-003 Deployment/fileserver on TCP 8080 [NET001]\n"
        "  hint: let out by: NetworkPolicy/neighbours egress[0]; let in by: NetworkPolicy/neighbours ingress[0]",
        "base/edge/components/gateway/fileserver.yaml: error: Namespace/company-003: company-001 Deployment/fileserver reaches company-003 any other pod on TCP 8080 [NET001]\n"
        "  hint: let out by: NetworkPolicy/neighbours egress[0]; let in by: NetworkPolicy/neighbours ingress[0]",
        "base/edge/components/gateway/fileserver.yaml: error: Namespace/company-003: company-001 any other pod reaches company-003 Deployment/fileserver on TCP 8080 [NET001]\n"
        "  hint: let out by: NetworkPolicy/neighbours egress[0]; let in by: NetworkPolicy/neighbours ingress[0]",
        "base/edge/components/gateway/fileserver.yaml: error: Namespace/company-003: company-001 any other pod reaches company-003 any other pod on TCP 8080 [NET001]\n"
        "  hint: let out by: NetworkPolicy/neighbours egress[0]; let in by: NetworkPolicy/neighbours ingress[0]",
        "base/edge/components/gateway/fileserver.yaml: error: Namespace/company-006: company-001 Deployment/fileserver reaches company-006 Deployment/fileserver on TCP 8080 [NET001]\n"
        "  hint: let out by: NetworkPolicy/neighbours egress[0]; let in by: NetworkPolicy/neighbours ingress[0]",
        "base/edge/components/gateway/fileserver.yaml: error: Namespace/company-006: company-001 Deployment/fileserver reaches company-006 any other pod on TCP 8080 [NET001]\n"
        "  hint: let out by: NetworkPolicy/neighbours egress[0]; let in by: NetworkPolicy/neighbours ingress[0]",
        "base/edge/components/gateway/fileserver.yaml: error: Namespace/company-006: company-001 any other pod reaches company-006 Deployment/fileserver on TCP 8080 [NET001]\n"
        "  hint: let out by: NetworkPolicy/neighbours egress[0]; let in by: NetworkPolicy/neighbours ingress[0]",
        "base/edge/components/gateway/fileserver.yaml: error: Namespace/company-006: company-001 any other pod reaches company-006 any other pod on TCP 8080 [NET001]\n"
        "  hint: let out by: NetworkPolicy/neighbours egress[0]; let in by: NetworkPolicy/neighbours ingress[0]",
        tenant="",
    ),
    passes("NET001", "a door at one end alone", _open_both_ways),
    catches(
        "NET002",
        "a way to the names that is gone",
        lambda scene: scene.remove("NetworkPolicy", "to-dns"),
        "platform.yaml: error: Namespace/company-002: Deployment/ai-chatbot -> 169.254.20.10/32 TCP 53 (dns) is refused by egress [NET002]\n"
        "  hint: let a policy of base/guard allow it, or declare here whom the policies name",
        "platform.yaml: error: Namespace/company-002: Deployment/ai-chatbot -> 169.254.20.10/32 UDP 53 (dns) is refused by egress [NET002]\n"
        "  hint: let a policy of base/guard allow it, or declare here whom the policies name",
        "platform.yaml: error: Namespace/company-002: Deployment/ai-chatbot -> dns TCP 53 (dns) is refused by egress [NET002]\n"
        "  hint: let a policy of base/guard allow it, or declare here whom the policies name",
        "platform.yaml: error: Namespace/company-002: Deployment/ai-chatbot -> dns UDP 53 (dns) is refused by egress [NET002]\n"
        "  hint: let a policy of base/guard allow it, or declare here whom the policies name",
        "platform.yaml: error: Namespace/company-002: Deployment/fileserver -> 169.254.20.10/32 TCP 53 (dns) is refused by egress [NET002]\n"
        "  hint: let a policy of base/guard allow it, or declare here whom the policies name",
        "platform.yaml: error: Namespace/company-002: Deployment/fileserver -> 169.254.20.10/32 UDP 53 (dns) is refused by egress [NET002]\n"
        "  hint: let a policy of base/guard allow it, or declare here whom the policies name",
        "platform.yaml: error: Namespace/company-002: Deployment/fileserver -> dns TCP 53 (dns) is refused by egress [NET002]\n"
        "  hint: let a policy of base/guard allow it, or declare here whom the policies name",
        "platform.yaml: error: Namespace/company-002: Deployment/fileserver -> dns UDP 53 (dns) is refused by egress [NET002]\n"
        "  hint: let a policy of base/guard allow it, or declare here whom the policies name",
    ),
    passes("NET002", "a company without the chatbot and its ways", unchanged, tenant="company-001"),
    catches(
        "NET003",
        "a model among the pods",
        lambda scene: _policy(scene, "ai-chatbot-to-model")["egress"][0]["to"].append(
            {"ipBlock": {"cidr": "10.244.7.0/24"}}
        ),
        "base/guard/components/ai-chatbot/network.yaml: error: NetworkPolicy/company-002/ai-chatbot-to-model: egress[0].to[1] allows 10.244.7.0/24, which covers 10.244.0.0/16 (pods) [NET003]\n"
        "  hint: narrow it, or take those addresses out with except",
    ),
    passes(
        "NET003",
        "a model on the Internet",
        lambda scene: _policy(scene, "ai-chatbot-to-model")["egress"][0]["to"].append(
            {"ipBlock": {"cidr": "198.51.100.0/24"}}
        ),
    ),
    catches(
        "NET004",
        "pods of another name",
        lambda scene: _policy(scene, "ai-chatbot-to-fileserver")["egress"][0]["to"][0].update(
            podSelector={"matchLabels": {"app": "fileserver"}}
        ),
        "base/guard/components/ai-chatbot/network.yaml: warning: NetworkPolicy/company-002/ai-chatbot-to-fileserver: egress[0].to[0] selects no pod of the tenant [NET004]\n"
        "  hint: put the namespaceSelector into the same item, or fix the labels",
    ),
    passes(
        "NET004",
        "pods of another namespace",
        lambda scene: _policy(scene, "to-collector")["egress"][0]["to"][0]["podSelector"]["matchLabels"].update(
            app="any"
        ),
    ),
    catches(
        "NET005",
        "peers of which platform.yaml says nothing",
        (NETWORK,),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-relay: egress[0].to[0] is no peer that platform.yaml declares [NET005]\n"
        "  hint: name one that is, or declare it under clusters.in-cluster.network.destinations (platform.yaml:23)",
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-relay: egress[0].to[1] is no peer that platform.yaml declares [NET005]\n"
        "  hint: name one that is, or declare it under clusters.in-cluster.network.destinations (platform.yaml:23)",
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-relay: ingress[0].from[0] is no peer that platform.yaml declares [NET005]\n"
        "  hint: name prometheus as it is declared, {namespace: monitoring, labels: {app.kubernetes.io/name: prometheus}}, or declare it under clusters.in-cluster.network.sources (platform.yaml:23)",
    ),
    passes("NET005", "peers that are declared", (NETWORK, Edit("platform.yaml", COLLECTOR, COLLECTOR + FURTHER))),
    passes(
        "NET005",
        "a port that the add-on reaches beside one that is declared",
        (
            Edit("base/guard/components/ai-chatbot/network.yaml", "      port: 443\n", OTHER_PORT),
            Edit("platform.yaml", COLLECTOR, f"{COLLECTOR}{MODEL}"),
        ),
    ),
    catches(
        "NET005",
        "ports of declared peers that are not",
        (
            NETWORK,
            Edit(
                "platform.yaml",
                COLLECTOR,
                COLLECTOR + FURTHER.replace("25]", "26]").replace("25/", "25/UDP, 26/").replace("http", "metrics"),
            ),
        ),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-relay: egress[0].to[0] opens ports that platform.yaml does not declare of destinations.relay [NET005]\n"
        "  hint: open those that it does, or declare it under clusters.in-cluster.network.destinations (platform.yaml:31)",
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-relay: egress[0].to[1] opens ports that platform.yaml does not declare of destinations.backup [NET005]\n"
        "  hint: open those that it does, or declare it under clusters.in-cluster.network.destinations (platform.yaml:31)",
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-relay: ingress[0].from[0] opens ports that platform.yaml does not declare of sources.prober [NET005]\n"
        "  hint: open those that it does, or declare it under clusters.in-cluster.network.sources (platform.yaml:34)",
    ),
    catches(
        "NET005",
        "a gateway that is elsewhere in platform.yaml alone",
        (Edit("platform.yaml", "{namespace: gateway-system, labels", "{namespace: gateways, labels"),),
        "base/guard/components/ai-chatbot-gateway/network.yaml: error: NetworkPolicy/company-002/ai-chatbot-from-gateway: ingress[0].from[0] is no peer that platform.yaml declares [NET005]\n"
        "  hint: name gateway as it is declared, {namespace: gateways, labels: {gateway.networking.k8s.io/gateway-name: tenants}}, or declare it under clusters.in-cluster.network.sources (platform.yaml:23)",
        "base/guard/components/gateway/network.yaml: error: NetworkPolicy/company-002/fileserver-from-gateway: ingress[0].from[0] is no peer that platform.yaml declares [NET005]\n"
        "  hint: name gateway as it is declared, {namespace: gateways, labels: {gateway.networking.k8s.io/gateway-name: tenants}}, or declare it under clusters.in-cluster.network.sources (platform.yaml:23)",
    ),
    catches(
        "NET005",
        "peers that are declared and that no policy names",
        (Edit("platform.yaml", COLLECTOR, COLLECTOR + FURTHER),),
        "platform.yaml: warning: destinations.backup: no policy of base/guard names it [NET005]\n"
        "  hint: let a policy name these addresses, or take it out",
        "platform.yaml: warning: destinations.relay: no policy of base/guard names it [NET005]\n"
        "  hint: let a policy name {namespace: mail, labels: {app: relay}}, or take it out",
        "platform.yaml: warning: sources.prober: no policy of base/guard names it [NET005]\n"
        "  hint: let a policy name {namespace: monitoring, labels: {app: prober}}, or take it out",
    ),
    catches(
        "NET005",
        "what the chatbot reaches, for all pods",
        lambda scene: _policy(scene, "ai-chatbot-to-model").update(podSelector={}),
        "base/guard/components/ai-chatbot/network.yaml: error: NetworkPolicy/company-002/ai-chatbot-to-model: egress[0].to[0] is declared for pods of ai-chatbot alone, and the policy selects others as well [NET005]\n"
        "  hint: select pods of ai-chatbot alone, or declare it under clusters.in-cluster.network.destinations (platform.yaml:23)",
    ),
    passes(
        "NET005",
        "pods of its own namespace, by its name",
        lambda scene: _policy(scene, "ai-chatbot-to-fileserver")["egress"][0]["to"][0].update(
            namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": "company-002"}}
        ),
    ),
    catches(
        "NET005",
        "Prometheus at another port than metrics",
        lambda scene: _policy(scene, "from-prometheus")["ingress"][0]["ports"].append(
            {"protocol": "TCP", "port": "http"}
        ),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/from-prometheus: ingress[0].from[0] opens ports that platform.yaml does not declare of prometheus [NET005]\n"
        "  hint: open those that it does, or declare it under clusters.in-cluster.network.sources (platform.yaml:23)",
    ),
)
