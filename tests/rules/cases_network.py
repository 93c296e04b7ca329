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
        "overlays/company-002/kustomization.yaml: error: Namespace/company-002: Deployment/ai-chatbot -> 169.254.20.10/32 TCP 53 (dns) is refused by egress [NET002]\n"
        "  hint: add a policy that allows it",
        "overlays/company-002/kustomization.yaml: error: Namespace/company-002: Deployment/ai-chatbot -> 169.254.20.10/32 UDP 53 (dns) is refused by egress [NET002]\n"
        "  hint: add a policy that allows it",
        "overlays/company-002/kustomization.yaml: error: Namespace/company-002: Deployment/ai-chatbot -> dns TCP 53 (dns) is refused by egress [NET002]\n"
        "  hint: add a policy that allows it",
        "overlays/company-002/kustomization.yaml: error: Namespace/company-002: Deployment/ai-chatbot -> dns UDP 53 (dns) is refused by egress [NET002]\n"
        "  hint: add a policy that allows it",
        "overlays/company-002/kustomization.yaml: error: Namespace/company-002: Deployment/fileserver -> 169.254.20.10/32 TCP 53 (dns) is refused by egress [NET002]\n"
        "  hint: add a policy that allows it",
        "overlays/company-002/kustomization.yaml: error: Namespace/company-002: Deployment/fileserver -> 169.254.20.10/32 UDP 53 (dns) is refused by egress [NET002]\n"
        "  hint: add a policy that allows it",
        "overlays/company-002/kustomization.yaml: error: Namespace/company-002: Deployment/fileserver -> dns TCP 53 (dns) is refused by egress [NET002]\n"
        "  hint: add a policy that allows it",
        "overlays/company-002/kustomization.yaml: error: Namespace/company-002: Deployment/fileserver -> dns UDP 53 (dns) is refused by egress [NET002]\n"
        "  hint: add a policy that allows it",
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
)
