"""SEC: what a NetworkPolicy says.

That no pod of one company reaches one of another is proved by `generator.reachability`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from generator.findings import sources
from generator.findings.finding import Found
from generator.findings.rule import Firm
from generator.fleet.states import STATES
from generator.kube.lenient import Object, mapping, mappings, sequence, spec_of, strings
from generator.kube.pods import pod_template
from generator.kube.tenant_names import NAME_LABEL, TENANT_LABEL
from generator.reachability.policy import Direction, Endpoint, Policy, UnreadableError, allowed, read_policy
from generator.reachability.ranges import network, packets, union
from generator.render.rendered import Rendered, identity
from generator.rules.rule import Per, rule

_SECTIONS: Final = ((Direction.INGRESS, "ingress", "from"), (Direction.EGRESS, "egress", "to"))


def _rules(obj: Object) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield every rule of a policy with where it stands (`egress[0]`) and what its list of peers is called."""
    for _, section, peers in _SECTIONS:
        for index, item in enumerate(sequence(spec_of(obj).get(section))):
            yield f"{section}[{index}]", peers, mapping(item)


def _peers(obj: Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every peer of a policy with where it stands (`egress[0].to[1]`)."""
    for where, key, item in _rules(obj):
        for index, peer in enumerate(sequence(item.get(key))):
            yield f"{where}.{key}[{index}]", mapping(peer)


def _readable(rendered: Rendered) -> Iterator[tuple[Object, Policy | UnreadableError]]:
    for policy in rendered.of_kind("NetworkPolicy"):
        try:
            yield policy, read_policy(policy)
        except UnreadableError as error:
            yield policy, error


@rule(
    "SEC004",
    per=Per.CLASS,
    title="everything is denied first, in both directions",
    why="Policies only add: a direction that no policy isolates is open, and egress is not implied by ingress.",
    fix="Put the policy default-deny back.",
    source=sources.NETWORK,
    firm=Firm.NEIGHBOURS,
)
def everything_is_denied_first(rendered: Rendered) -> Iterator[Found]:
    """For each direction there is a policy that selects every pod and allows nothing; others only add to it."""
    policies = []
    for one, policy in _readable(rendered):
        if isinstance(policy, Policy):
            policies.append(policy)
        else:
            yield rendered.found(one, f"Kubernetes would refuse it, so it isolates nothing: {policy}")
    for direction in Direction:
        denies = (not policy.pods.requirements and policy.rules(direction) == () for policy in policies)
        if not any(denies):
            fact = f"no NetworkPolicy denies {direction} for every pod"
            hint = f"a policy with podSelector {{}}, policyTypes [{direction}] and no rules of it"
            yield Found(rendered.place(), fact, hint)


_DNS_PORTS: Final = {("UDP", "dns"): packets("UDP", 53, 53), ("TCP", "dns-tcp"): packets("TCP", 53, 53)}
"""Ports as the Service kube-dns names them, for policies that name them so."""


@rule(
    "SEC005",
    per=Per.CLASS,
    title="every pod reaches the cluster's DNS by UDP and TCP",
    why="Answers that are too long for UDP come by TCP; without it some names stop working, some day.",
    fix="Allow both protocols.",
    source=sources.NETWORK,
)
def every_pod_reaches_dns(rendered: Rendered) -> Iterator[Found]:
    """The policies let each pod ask the cluster's DNS by UDP and, for long answers, by TCP."""
    if not STATES[rendered.tenant.state].runs:
        return  # there is no pod
    policies = [policy for _, policy in _readable(rendered) if isinstance(policy, Policy)]
    name_servers = replace(rendered.platform.cluster.neighbours.dns, ports=_DNS_PORTS)
    for obj in rendered.objects:
        template = pod_template(obj)
        if template is None:
            continue
        labels = mapping(mapping(template.get("metadata")).get("labels"))
        known = {key: value for key, value in labels.items() if isinstance(value, str)}
        pod = Endpoint(name=identity(obj), namespace=rendered.tenant.name, labels=known)
        open_to_dns = allowed(policies, Direction.EGRESS, pod, name_servers)
        for protocol in ("UDP", "TCP"):
            if not open_to_dns.meets(packets(protocol, 53, 53)):
                fact = f"its pods cannot reach the cluster's DNS by {protocol}"
                yield rendered.found(obj, fact, "see base/guard/core/network.yaml, to-dns")


_NOBODYS: Final = tuple(
    (what, union(network(text) for text in texts))
    for what, texts in (
        ("link-local addresses, metadata services among them", ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128")),
        ("a cloud's metadata service", ("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32")),
        ("the node's own addresses", ("127.0.0.0/8", "0.0.0.0/8", "::1/128")),
    )
)
"""What no company may reach, whatever platform.yaml declares of the cluster (that is NET003's)."""


@rule(
    "SEC006",
    per=Per.CLASS,
    title="a peer is a namespace by its name, or addresses outside the cluster",
    why="An empty namespaceSelector is every company; a wide block is the metadata service and every pod.",
    fix="Name the namespace by kubernetes.io/metadata.name; name fewer addresses.",
    source=sources.NETWORK,
    firm=Firm.NEIGHBOURS,
)
def peers_are_named(rendered: Rendered) -> Iterator[Found]:
    """A peer is a namespace by its name, or a block of addresses that are somebody's."""
    name_servers = union(network(text) for text in rendered.platform.cluster.neighbours.node_dns)
    for policy in rendered.of_kind("NetworkPolicy"):
        for where, peer in _peers(policy):
            if "namespaceSelector" in peer and not _named_namespaces(peer):
                fact = f"{where}: the namespaceSelector does not name its namespaces"
                yield rendered.found(policy, fact, f"select by {NAME_LABEL}")
            if "ipBlock" not in peer:
                continue
            block = mapping(peer["ipBlock"])
            try:
                addresses = network(str(block.get("cidr"))) - union(map(network, strings(block.get("except"))))
            except ValueError as error:
                yield rendered.found(policy, f"{where}: {error}")
                continue
            covered = [what for what, nobodys in _NOBODYS if (addresses - name_servers).meets(nobodys)]
            if covered:
                fact = f"{where}: {block['cidr']} covers {' and '.join(covered)}"
                yield rendered.found(policy, fact, "except them, or name less")


def _named_namespaces(peer: Mapping[str, Any], key: str = NAME_LABEL) -> frozenset[str]:
    """Return the namespaces that a peer names; empty when it selects them otherwise."""
    selector = mapping(peer.get("namespaceSelector"))
    labels = mapping(selector.get("matchLabels"))
    if key in labels:
        return frozenset([str(labels[key])])
    return frozenset(
        str(value)
        for expression in mappings(selector.get("matchExpressions"))
        if expression.get("key") == key and expression.get("operator") == "In"
        for value in sequence(expression.get("values"))
    )


@rule(
    "SEC007",
    per=Per.TENANT,
    title="no policy names another company's namespace",
    why="No traffic between companies is what is promised.",
    fix="Remove the peer.",
    source="tenantry: no traffic between companies (docs/concepts/isolation.md)",
    firm=Firm.NEIGHBOURS,
)
def no_policy_names_another_tenant(rendered: Rendered) -> Iterator[Found]:
    """No peer is the namespace of another company."""
    for policy in rendered.of_kind("NetworkPolicy"):
        for where, peer in _peers(policy):
            named = _named_namespaces(peer) | _named_namespaces(peer, TENANT_LABEL)
            for name in sorted((named & rendered.names) - {rendered.tenant.name}):
                yield rendered.found(policy, f"{where} names the company {name}")


@rule(
    "SEC019",
    per=Per.CLASS,
    title="every rule of a policy says who",
    why="Missing or empty `from` and `to` mean everybody, the Internet included.",
    fix="Name the peers.",
    source=sources.NETWORK,
    firm=Firm.NEIGHBOURS,
)
def every_rule_says_who(rendered: Rendered) -> Iterator[Found]:
    """A rule without peers, or with an empty list of them, allows everybody."""
    for policy in rendered.of_kind("NetworkPolicy"):
        for where, key, item in _rules(policy):
            if not item.get(key):
                said = "is empty" if key in item else "is missing"
                yield rendered.found(policy, f"{where}.{key} {said}, which is everybody", "name the peers")
            for index, peer in enumerate(sequence(item.get(key))):
                if not mapping(peer):
                    yield rendered.found(policy, f"{where}.{key}[{index}] names nobody", "name the peer")


@rule(
    "SEC020",
    per=Per.CLASS,
    title="a peer in another namespace names its pods in the same item",
    why="Two items mean one or the other: every pod of that namespace, and those pods of one's own.",
    fix="Put namespaceSelector and podSelector into one item.",
    source=sources.NETWORK,
    behind=("isolation",),
)
def a_foreign_peer_is_a_namespace_and_pods(rendered: Rendered) -> Iterator[Found]:
    """In another namespace the pods are named as well, in the same item: two items would mean one or the other."""
    for policy in rendered.of_kind("NetworkPolicy"):
        for where, peer in _peers(policy):
            pods = mapping(peer.get("podSelector"))
            if "namespaceSelector" in peer and not (pods.get("matchLabels") or pods.get("matchExpressions")):
                fact = f"{where} is every pod of the namespaces that it names"
                yield rendered.found(policy, fact, "put the podSelector into the same item")


@rule(
    "SEC022",
    per=Per.CLASS,
    title="every rule of a policy says which ports",
    why="A rule without ports opens all of them.",
    fix="Name the ports.",
    source=sources.NETWORK,
    behind=("isolation",),
)
def every_rule_says_which_ports(rendered: Rendered) -> Iterator[Found]:
    """A rule without ports, or a port without a number, opens all of them."""
    for policy in rendered.of_kind("NetworkPolicy"):
        for where, _, item in _rules(policy):
            if not item.get("ports"):
                yield rendered.found(policy, f"{where} names no ports, which is all", "name the ports")
            for index, port in enumerate(mappings(item.get("ports"))):
                if "port" not in port:
                    fact = f"{where}.ports[{index}] has no number, which is every port of the protocol"
                    yield rendered.found(policy, fact, "name the port")
