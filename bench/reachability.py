"""Measure the isolation proof as the fleet grows.

    python -m bench.reachability [TENANTS...]

Prints CPU seconds for reading the objects and for proving, and the cost of a tenant against that in the
smallest fleet, which shows the growth. The fleets, every fourth tenant in each with an add-on:

- sound: each tenant read by itself, those with the add-on with addresses of their own;
- alike: the same, read once for each of two kinds;
- open: a base that lets everybody in and out;
- neighbours: every tenant admits the next one by name.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from typing import Any

from generator.reachability.proof import prove_isolation
from generator.reachability.space import Addresses, Space, read_space

ADDRESSES = Addresses(
    nodes=("192.168.0.0/24",),
    pods=("10.244.0.0/16",),
    services=("10.96.0.0/12",),
    api=("192.168.0.10/32",),
    metadata=("169.254.169.254/32",),
)


def company(number: int) -> str:
    """The name of a tenant."""
    return f"company-{number:05}"


def tenant(number: int, fleet: str) -> list[dict[str, Any]]:
    """One tenant's objects as far as reachability reads them, in the shape of `base/`."""
    name = company(number)
    chatbot = number % 4 == 0
    workloads = ["fileserver", "ai-chatbot"] if chatbot else ["fileserver"]
    kube_dns = _peer("kube-system", {"k8s-app": "kube-dns"})
    policies: dict[str, Any] = {
        "default-deny": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        "dns": _egress(
            {},
            [kube_dns, {"ipBlock": {"cidr": "169.254.20.10/32"}}],
            [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
        ),
        "gateway": _ingress("fileserver", [_peer("gateway", {"app": "gateway"})], "http"),
        "metrics": _ingress("fileserver", [_peer("monitoring", {"app": "prometheus"})], "metrics"),
        "traces": _egress({}, [_peer("monitoring", {"app": "collector"})], [{"port": 4317}]),
    }
    if chatbot:
        selector = {"matchLabels": {"app.kubernetes.io/name": "ai-chatbot"}}
        cidr = f"203.{number // 256 % 256}.{number % 256}.0/24"
        policies["chatbot-in"] = _ingress("fileserver", [{"podSelector": selector}], "http")
        policies["chatbot-out"] = _egress(selector, [{"ipBlock": {"cidr": cidr}}], [{"port": 443}])
    if fleet == "open":
        policies["open"] = {
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"namespaceSelector": {}}]}],
            "egress": [{}],
        }
    if fleet == "neighbours":
        policies["neighbour"] = _ingress("fileserver", [_peer(company(number + 1), {})], "http")
    return [
        {"kind": "Namespace", "metadata": {"name": name, "labels": {"tenantry.dev/tenant": name}}},
        *(_deployment(name, workload) for workload in workloads),
        *(
            {"kind": "NetworkPolicy", "metadata": {"name": policy, "namespace": name}, "spec": spec}
            for policy, spec in policies.items()
        ),
    ]


def _deployment(namespace: str, name: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": name, "tenantry.dev/tenant": namespace}
    ports = [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"ports": ports}]}}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": template},
    }


def _peer(namespace: str, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": {"matchLabels": labels},
    }


def _ingress(workload: str, peers: list[Any], port: str) -> dict[str, Any]:
    selector = {"matchLabels": {"app.kubernetes.io/name": workload}}
    rule = {"from": peers, "ports": [{"port": port}]}
    return {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": [rule]}


def _egress(selector: dict[str, Any], peers: list[Any], ports: list[Any]) -> dict[str, Any]:
    return {
        "podSelector": selector,
        "policyTypes": ["Egress"],
        "egress": [{"to": peers, "ports": ports}],
    }


def spaces(fleet: str, size: int) -> list[Space]:
    """Read a fleet."""
    if fleet != "alike":
        return [read_space(tenant(number, fleet)) for number in range(size)]
    kinds = defaultdict(list)
    for number in range(size):
        kinds[number % 4 == 0].append(company(number))
    # Two numbers that no tenant has: one for a tenant with the add-on, one for a tenant without.
    return [read_space(tenant(10**6 + (not chatbot), fleet), names) for chatbot, names in kinds.items()]


def main(sizes: list[int]) -> None:
    """Measure each kind of fleet at each size."""
    print(f"{'fleet':<12}{'tenants':>8}{'read s':>9}{'prove s':>9}{'per tenant':>12}  result")
    for fleet in ("sound", "alike", "open", "neighbours"):
        smallest = None
        for size in sizes:
            started = time.process_time()
            read = spaces(fleet, size)
            between = time.process_time()
            found = prove_isolation(read, ADDRESSES)
            proving = time.process_time() - between
            smallest = smallest or proving / size
            growth = proving / size / smallest
            print(
                f"{fleet:<12}{size:>8}{between - started:>9.2f}{proving:>9.2f}{growth:>11.2f}x"
                f"  {found.proved}/{found.pairs} pairs, {len(found.leaks)} leaks"
            )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [100, 1000, 10000])
