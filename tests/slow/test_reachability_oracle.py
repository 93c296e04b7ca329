"""The evaluator against cyclonus, an independent one in Go, and against the selector code of Kubernetes.

Cyclonus v0.5.6 agrees with the text of Kubernetes but for the gaps below, each shown by a case. So every
random case is asked twice: plainly, and with its selectors resolved by Kubernetes' own code (see
`tools/oracle/netpol`). The evaluator must agree with the second answer always, and may differ from the first
only where a gap explains it.

Neither cyclonus nor the text of Kubernetes settles the rest: pods on the host network, a pod's traffic to
itself, traffic from a pod's node, and protocols other than TCP, UDP and SCTP. Nothing of that is compared.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from generator.reachability.policy import Endpoint, connection, read_policy
from generator.reachability.ranges import NOTHING, network, packets
from tests.slow import builds

pytestmark = pytest.mark.slow

CASES = 4000
SEED = 20261122

NAMESPACES = ("alpha", "beta", "kube-system")
KEYS = ("app", "tier", "kubernetes.io/metadata.name")
VALUES = ("web", "db", "", *NAMESPACES)
PROTOCOLS = ("TCP", "UDP", "SCTP")
NUMBERS = (1, 53, 80, 81, 443, 8080, 65535)
PORT_NAMES = ("http", "dns")
CIDRS = {
    "10.0.0.0/8": ("10.1.0.0/16", "10.1.2.0/24", "10.128.0.0/9"),
    "10.1.2.3/16": ("10.1.2.3/32",),
    "0.0.0.0/0": ("10.0.0.0/8", "203.0.113.0/24", "0.0.0.0/1"),
    "203.0.113.7/32": (),
    "fd00::/8": ("fd00:1::/32",),
    "::/0": ("fd00:1::/32", "2001:db8::/32"),
    "::ffff:10.1.0.0/112": (),
}
IPS = ("10.1.2.3", "10.1.9.9", "10.200.0.1", "203.0.113.7", "fd00:1::5", "2001:db8::7")


class Dice(random.Random):
    """A seeded source of everything that a case is made of."""

    def chance(self, probability: float) -> bool:
        """Return true with a probability."""
        return self.random() < probability

    def some(self, make: Any, least: int, most: int) -> list[Any]:
        """Return a few items."""
        return [make() for _ in range(self.randint(least, most))]

    def labels(self) -> dict[str, str]:
        """Labels, often none of a key that selectors ask for."""
        return {key: self.choice(VALUES) for key in KEYS[:2] if self.chance(0.6)}

    def selector(self) -> dict[str, Any]:
        """Any label selector, sometimes empty."""
        found: dict[str, Any] = {}
        if self.chance(0.4):
            found["matchLabels"] = {self.choice(KEYS): self.choice(VALUES) for _ in range(self.randint(0, 2))}
        if self.chance(0.4):
            found["matchExpressions"] = self.some(self.requirement, 0, 2)
        return found

    def requirement(self) -> dict[str, Any]:
        """Any requirement that the API server accepts."""
        operator = self.choice(["In", "NotIn", "Exists", "DoesNotExist"])
        found: dict[str, Any] = {"key": self.choice(KEYS), "operator": operator}
        if operator in {"In", "NotIn"}:
            found["values"] = self.some(lambda: self.choice(VALUES), 1, 3)
        return found

    def port(self) -> dict[str, Any]:
        """Any port of a rule."""
        found: dict[str, Any] = {}
        if self.chance(0.6):
            found["protocol"] = self.choice(PROTOCOLS)
        if self.chance(0.3):
            found["port"] = self.choice(PORT_NAMES)
        elif self.chance(0.8):
            found["port"] = self.choice(NUMBERS)
            if self.chance(0.4):
                found["endPort"] = self.choice([number for number in NUMBERS if number >= found["port"]])
        return found

    def peer(self) -> dict[str, Any]:
        """Any peer of a rule."""
        if self.chance(0.3):
            cidr = self.choice(list(CIDRS))
            block: dict[str, Any] = {"cidr": cidr}
            if CIDRS[cidr] and self.chance(0.5):
                block["except"] = self.some(lambda: self.choice(CIDRS[cidr]), 1, 2)
            return {"ipBlock": block}
        match self.randrange(3):
            case 0:
                return {"podSelector": self.selector()}
            case 1:
                return {"namespaceSelector": self.selector()}
            case _:
                return {"namespaceSelector": self.selector(), "podSelector": self.selector()}

    def policy(self, index: int) -> dict[str, Any]:
        """Any NetworkPolicy."""
        spec: dict[str, Any] = {}
        if self.chance(0.9):
            spec["podSelector"] = self.selector() if self.chance(0.6) else {}
        for section, peers in (("ingress", "from"), ("egress", "to")):
            if self.chance(0.7):
                spec[section] = self.some(lambda peers=peers: self.rule(peers), 0, 3)
        if self.chance(0.7):
            spec["policyTypes"] = self.sample(["Ingress", "Egress"], self.randint(0, 2))
        return {"metadata": {"name": f"policy-{index}", "namespace": self.choice(NAMESPACES)}, "spec": spec}

    def rule(self, peers: str) -> dict[str, Any]:
        """Any rule; missing and empty lists are both in it."""
        found: dict[str, Any] = {}
        if self.chance(0.8):
            found[peers] = self.some(self.peer, 0, 2)
        if self.chance(0.7):
            found["ports"] = self.some(self.port, 0, 3)
        return found

    def endpoint(self) -> dict[str, Any]:
        """Return a pod, or now and then an address outside the cluster."""
        if self.chance(0.2):
            return {"ip": self.choice(IPS)}
        ports = [
            {
                "name": self.choice(PORT_NAMES),
                "protocol": self.choice(PROTOCOLS),
                "port": self.choice(NUMBERS),
            }
            for _ in range(self.randint(0, 3))
        ]
        return {
            "namespace": self.choice(NAMESPACES),
            "labels": self.labels(),
            "ip": self.choice(IPS),
            "ports": ports,
        }

    def case(self) -> dict[str, Any]:
        """Return a small cluster with policies, and the packets to ask about: each port that could be a border."""
        return {
            "namespaces": {name: {**self.labels(), KEYS[2]: name} for name in NAMESPACES},
            "endpoints": self.some(self.endpoint, 2, 4),
            "policies": [self.policy(index) for index in range(self.randint(1, 7))],
            "probes": [
                {"protocol": protocol, "port": number}
                for protocol in PROTOCOLS
                for number in sorted({*NUMBERS, 2, 79, 82, 8079, 8081, 65534})
            ],
        }


def evaluate(case: dict[str, Any]) -> str:
    """Return what our evaluator says, in the oracle's own words."""
    policies = [read_policy(policy) for policy in case["policies"]]
    ends = [_endpoint(end, case["namespaces"]) for end in case["endpoints"]]
    probes = [packets(probe["protocol"], probe["port"], probe["port"]) for probe in case["probes"]]
    return "".join(
        "1" if passing.meets(probe) else "0"
        for source in ends
        for destination in ends
        for passing in [connection(source, destination, policies, policies)]
        for probe in probes
    )


def _endpoint(manifest: dict[str, Any], namespaces: dict[str, dict[str, str]]) -> Endpoint:
    addresses = network(f"{manifest['ip']}/{128 if ':' in manifest['ip'] else 32}")
    namespace = manifest.get("namespace")
    if namespace is None:
        return Endpoint(manifest["ip"], addresses=addresses)
    ports: dict[tuple[str, str], Any] = {}
    for port in manifest.get("ports", []):
        key = (port["protocol"], port["name"])
        ports[key] = ports.get(key, NOTHING) | packets(port["protocol"], port["port"], port["port"])
    return Endpoint("pod", namespace, namespaces[namespace], manifest.get("labels", {}), ports, addresses=addresses)


@pytest.fixture(scope="session")
def oracle() -> Any:
    """A function that has the oracle answer any number of cases in one process; building it takes a minute, once."""
    program = builds.oracle("netpol")

    def ask(cases: list[dict[str, Any]]) -> list[dict[str, str]]:
        given = "\n".join(json.dumps(case) for case in cases)
        done = subprocess.run([program], input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask


def requirements(node: Any) -> Iterator[tuple[str, str]]:
    """Return each label key that a policy asks about in a way that a gap of cyclonus touches, with the gap."""
    if isinstance(node, dict):
        if node.get("operator") == "NotIn":
            yield node["key"], "NotIn on an absent label"
        for key, value in node.get("matchLabels", {}).items():
            if value == "":
                yield key, "matchLabels with an empty value on an absent label"
        for value in node.values():
            yield from requirements(value)
    elif isinstance(node, list):
        for value in node:
            yield from requirements(value)


def gaps(case: dict[str, Any]) -> set[str]:
    """Return the gaps of cyclonus that a case touches."""
    labelled = [
        *case["namespaces"].values(),
        *(end["labels"] for end in case["endpoints"] if "labels" in end),
    ]
    return {gap for key, gap in requirements(case["policies"]) if any(key not in labels for labels in labelled)}


def test_the_evaluator_agrees_with_cyclonus_on_random_cases(oracle: Any) -> None:
    """Every packet of every pair in every case; plain cyclonus differs only where a known gap is touched."""
    dice = Dice(SEED)
    cases = [dice.case() for _ in range(CASES)]

    answers = oracle(cases)

    assert len(answers) == CASES
    explained = allowed = asked = 0
    for number, (case, answer) in enumerate(zip(cases, answers, strict=True)):
        ours = evaluate(case)
        assert ours == answer["resolved"], f"case {number}: {json.dumps(case)}"
        if ours != answer["plain"]:
            assert gaps(case), f"case {number} differs without a gap: {json.dumps(case)}"
            explained += 1
        allowed += ours.count("1")
        asked += len(ours)
    # The cases are worth something: many packets, both answers are frequent, and the gaps do occur.
    assert asked > 1_000_000
    assert 0.2 < allowed / asked < 0.8
    assert explained > CASES / 100


def one_peer(selector: dict[str, Any]) -> dict[str, Any]:
    """Return two pods without labels, the second of which admits only what a selector matches."""
    end = {"namespace": "alpha", "labels": {}, "ip": "10.1.2.3", "ports": []}
    spec = {"podSelector": {}, "ingress": [{"from": [{"podSelector": selector}]}]}
    return {
        "namespaces": {"alpha": {}},
        "endpoints": [end, end],
        "probes": [{"protocol": "TCP", "port": 80}],
        "policies": [{"metadata": {"name": "one", "namespace": "alpha"}, "spec": spec}],
    }


@pytest.mark.parametrize(
    ("selector", "kubernetes", "cyclonus"),
    [
        # Set-based requirements, page "Labels and Selectors": notin also selects what lacks the key. The same
        # in Requirement.Matches of k8s.io/apimachinery/pkg/labels.
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, "1", "0"),
        # LabelSelector of the API: a pair of matchLabels stands for an In requirement with one value, and In
        # needs the key. Cyclonus looks it up in a Go map, which answers "" for a key that is not there.
        ({"matchLabels": {"app": ""}}, "0", "1"),
    ],
    ids=["NotIn on an absent label", "matchLabels with an empty value on an absent label"],
)
def test_a_gap_of_cyclonus_is_decided_by_the_text_of_kubernetes(
    oracle: Any, selector: dict[str, Any], kubernetes: str, cyclonus: str
) -> None:
    """The evaluator does what Kubernetes says, cyclonus does not."""
    case = one_peer(selector)

    (answer,) = oracle([case])

    assert evaluate(case) == answer["resolved"] == kubernetes * 4
    assert answer["plain"] == cyclonus * 4
    assert gaps(case)
