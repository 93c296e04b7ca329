"""The semantics of NetworkPolicy, clause by clause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.reachability.policy import Direction, Endpoint, UnreadableError, allowed, connection, grants, read_policy
from generator.reachability.ranges import EVERY_PACKET, NOTHING, Ranges, describe_packets, network, packets, union

SUBJECT = Endpoint("subject", "home", {"team": "blue"}, {"app": "db"}, {("TCP", "web"): packets("TCP", 8080, 8080)})


def a_pod(namespace: str = "home", labels: Mapping[str, str] | None = None, **fields: Any) -> Endpoint:
    """Return a pod of a namespace labelled with its own name."""
    fields.setdefault("namespace_labels", {"kubernetes.io/metadata.name": namespace})
    return Endpoint("peer", namespace, labels={} if labels is None else labels, **fields)


def an_address(cidr: str) -> Endpoint:
    """Something outside the cluster."""
    return Endpoint(cidr, addresses=network(cidr))


def a_policy(spec: str, name: str = "example") -> dict[str, Any]:
    """Return a NetworkPolicy of the namespace `home` from the YAML of its spec."""
    return {"metadata": {"name": name, "namespace": "home"}, "spec": yaml.safe_load(spec)}


def ingress(spec: str, peer: Endpoint, subject: Endpoint = SUBJECT) -> str:
    """Return what a peer may send to the subject under one policy."""
    return describe_packets(allowed([read_policy(a_policy(spec))], Direction.INGRESS, subject, peer))


def egress(spec: str, peer: Endpoint, subject: Endpoint = SUBJECT) -> str:
    """Return what the subject may send to a peer under one policy."""
    return describe_packets(allowed([read_policy(a_policy(spec))], Direction.EGRESS, subject, peer))


def from_peer(peer: str, other: Endpoint) -> bool:
    """Say whether an ingress rule with this one peer lets another endpoint in."""
    return ingress(f"ingress: [{{from: [{peer}]}}]", other) == "all ports"


def to_port(port: str, subject: Endpoint = SUBJECT) -> str:
    """Return what an ingress rule with this one port lets in."""
    return ingress(f"ingress: [{{ports: [{port}]}}]", a_pod(), subject)


NUMBERS = st.frozensets(st.integers(0, 12))


def ranges(numbers: Iterable[int]) -> Ranges:
    """Return a set of numbers as spans."""
    return union(Ranges(((number, number),)) for number in numbers)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_spans_are_sets(left: frozenset[int], right: frozenset[int], third: frozenset[int]) -> None:
    """Every operation gives the spans of what the same operation on sets gives."""
    a, b = ranges(left), ranges(right)
    pieces = a.split([b, ranges(third)])

    assert (a | b, a & b, a - b) == (ranges(left | right), ranges(left & right), ranges(left - right))
    assert (bool(a), a.meets(b)) == (bool(left), bool(left & right))
    assert union(pieces) == a
    assert all(not piece.meets(border) or not piece - border for piece in pieces for border in [b, ranges(third)])


class TestIsolation:
    """Which pods a policy closes, and in which direction."""

    def test_a_pod_that_no_policy_selects_is_open(self) -> None:
        """Without policies everything passes."""
        assert connection(a_pod("one"), a_pod("two")) == EVERY_PACKET

    def test_a_selected_pod_is_closed(self) -> None:
        """A policy without rules closes what it selects."""
        assert ingress("{podSelector: {}, policyTypes: [Ingress]}", a_pod()) == "nothing"

    def test_a_pod_that_the_selector_misses_stays_open(self) -> None:
        """A policy touches nothing that its podSelector does not select."""
        assert ingress("{podSelector: {matchLabels: {app: web}}}", a_pod()) == "all ports"

    def test_a_policy_of_another_namespace_does_not_count(self) -> None:
        """The podSelector reaches no further than the policy's namespace."""
        assert ingress("{podSelector: {}}", a_pod(), subject=a_pod("elsewhere")) == "all ports"

    def test_a_missing_pod_selector_selects_every_pod(self) -> None:
        """PodSelector is optional and defaults to the empty one."""
        assert ingress("{policyTypes: [Ingress]}", a_pod()) == "nothing"

    def test_ingress_isolation_leaves_egress_open(self) -> None:
        """The directions are independent."""
        assert egress("{policyTypes: [Ingress]}", a_pod()) == "all ports"

    @pytest.mark.parametrize("types", ["", "policyTypes: []", "policyTypes: null"])
    def test_policy_types_default_to_ingress(self, types: str) -> None:
        """Without types and egress rules, a policy isolates for ingress alone."""
        spec = f"{{podSelector: {{}}, {types}}}"

        assert (ingress(spec, a_pod()), egress(spec, a_pod())) == ("nothing", "all ports")

    def test_policy_types_default_to_both_with_an_egress_rule(self) -> None:
        """An egress rule adds Egress, and Ingress stays."""
        spec = "{egress: [{ports: [{port: 53}]}]}"

        assert (ingress(spec, a_pod()), egress(spec, a_pod())) == ("nothing", "TCP 53")

    def test_an_empty_egress_section_does_not_add_egress(self) -> None:
        """Only rules count for the default, not the key."""
        assert egress("{egress: []}", a_pod()) == "all ports"

    def test_rules_of_a_type_that_is_not_listed_mean_nothing(self) -> None:
        """An egress section under policyTypes [Ingress] neither isolates nor allows."""
        assert egress("{policyTypes: [Ingress], egress: [{ports: [{port: 53}]}]}", a_pod()) == "all ports"

    def test_policies_add_up(self) -> None:
        """Two policies for one pod allow what either allows."""
        policies = [
            read_policy(a_policy("{ingress: [{ports: [{port: 80}]}]}")),
            read_policy(a_policy("{ingress: [{ports: [{port: 443}]}]}")),
        ]

        assert describe_packets(allowed(policies, Direction.INGRESS, SUBJECT, a_pod())) == "TCP 80, 443"

    def test_a_connection_needs_both_ends(self) -> None:
        """What the source may send and the target may take is what passes."""
        out = [read_policy(a_policy("{egress: [{ports: [{port: 80}, {port: 81}]}]}"))]
        into = [
            read_policy(
                {
                    "metadata": {"name": "in", "namespace": "away"},
                    "spec": {"ingress": [{"ports": [{"port": 81}, {"port": 82}]}]},
                }
            )
        ]

        assert describe_packets(connection(SUBJECT, a_pod("away"), out, into)) == "TCP 81"

    def test_two_pods_of_one_template_are_two_pods(self) -> None:
        """A denied pod does not reach the next replica of itself."""
        policies = [read_policy(a_policy("{policyTypes: [Ingress]}"))]

        assert connection(SUBJECT, SUBJECT, policies, policies) == NOTHING

    def test_a_pod_on_the_host_network_escapes(self) -> None:
        """Kubernetes leaves undefined what policies do to it, so it is taken as open."""
        subject = Endpoint("host", "home", labels={}, host_network=True)

        assert ingress("{policyTypes: [Ingress]}", a_pod(), subject) == "all ports"


class TestSelectors:
    """What labels a selector matches."""

    @pytest.mark.parametrize(
        ("expression", "labels", "matches"),
        [
            ("{key: a, operator: In, values: [x, y]}", {"a": "x"}, True),
            ("{key: a, operator: In, values: [x, y]}", {"a": "z"}, False),
            ("{key: a, operator: In, values: [x, y]}", {}, False),
            ("{key: a, operator: In, values: ['']}", {}, False),
            ("{key: a, operator: NotIn, values: [x]}", {"a": "x"}, False),
            ("{key: a, operator: NotIn, values: [x]}", {"a": "y"}, True),
            ("{key: a, operator: NotIn, values: [x]}", {}, True),
            ("{key: a, operator: Exists}", {"a": ""}, True),
            ("{key: a, operator: Exists, values: []}", {}, False),
            ("{key: a, operator: DoesNotExist}", {"a": ""}, False),
            ("{key: a, operator: DoesNotExist}", {"b": "x"}, True),
        ],
    )
    def test_an_expression_matches_as_kubernetes_says(
        self, expression: str, labels: Mapping[str, str], matches: bool
    ) -> None:
        """Each operator, with the label present, different and absent."""
        assert from_peer(f"{{podSelector: {{matchExpressions: [{expression}]}}}}", a_pod(labels=labels)) is matches

    @pytest.mark.parametrize(
        ("labels", "matches"),
        [({"a": "x", "b": "y"}, True), ({"a": "x"}, False), ({"a": "x", "b": "y", "c": "z"}, True)],
    )
    def test_all_match_labels_are_needed(self, labels: Mapping[str, str], matches: bool) -> None:
        """Match labels are ANDed; further labels do not matter."""
        assert from_peer("{podSelector: {matchLabels: {a: x, b: y}}}", a_pod(labels=labels)) is matches

    def test_an_empty_value_is_not_an_absent_label(self) -> None:
        """A label matched against the empty text must be there."""
        assert not from_peer("{podSelector: {matchLabels: {a: ''}}}", a_pod())

    def test_labels_and_expressions_are_anded(self) -> None:
        """One selector with both needs both."""
        peer = "{podSelector: {matchLabels: {a: x}, matchExpressions: [{key: b, operator: Exists}]}}"

        assert not from_peer(peer, a_pod(labels={"a": "x"}))
        assert from_peer(peer, a_pod(labels={"a": "x", "b": ""}))


class TestPeers:
    """Who is at the other end."""

    @pytest.mark.parametrize("peers", ["", "from: []", "from: null"])
    @pytest.mark.parametrize("other", [a_pod("foreign"), an_address("203.0.113.7/32"), an_address("2001:db8::/32")])
    def test_no_peers_are_everybody(self, peers: str, other: Endpoint) -> None:
        """Missing, empty and null `from` allow every source, inside and outside."""
        assert ingress(f"ingress: [{{{peers}}}]", other) == "all ports"

    def test_a_pod_selector_alone_stays_in_the_namespace(self) -> None:
        """It never matches pods of other namespaces."""
        assert from_peer("{podSelector: {}}", a_pod("home"))
        assert not from_peer("{podSelector: {}}", a_pod("foreign"))

    def test_an_empty_namespace_selector_is_every_namespace(self) -> None:
        """All pods of the cluster, but nothing outside it."""
        assert from_peer("{namespaceSelector: {}}", a_pod("foreign"))
        assert not from_peer("{namespaceSelector: {}}", an_address("10.0.0.1/32"))

    def test_a_null_namespace_selector_is_none(self) -> None:
        """The API server drops null fields, so the podSelector stands alone."""
        assert not from_peer("{namespaceSelector: null, podSelector: {}}", a_pod("foreign"))

    def test_both_selectors_in_one_item_are_anded(self) -> None:
        """The right pod in the wrong namespace does not pass, nor the other way round."""
        peer = (
            "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dns}},"
            " podSelector: {matchLabels: {app: dns}}}"
        )

        assert from_peer(peer, a_pod("dns", {"app": "dns"}))
        assert not from_peer(peer, a_pod("dns", {"app": "web"}))
        assert not from_peer(peer, a_pod("foreign", {"app": "dns"}))

    def test_two_items_are_ored(self) -> None:
        """The slip of a dash opens every pod of the namespace."""
        peers = (
            "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dns}}},"
            "{podSelector: {matchLabels: {app: dns}}}"
        )

        assert from_peer(peers, a_pod("dns", {"app": "web"}))
        assert from_peer(peers, a_pod("home", {"app": "dns"}))

    @pytest.mark.parametrize(
        ("block", "address", "matches"),
        [
            ("cidr: 10.0.0.0/8", "10.255.0.1/32", True),
            ("cidr: 10.0.0.0/8", "11.0.0.0/32", False),
            ("cidr: 10.0.0.0/8, except: [10.1.0.0/16]", "10.1.2.3/32", False),
            ("cidr: 10.0.0.0/8, except: [10.1.0.0/16]", "10.2.2.3/32", True),
            ("cidr: 10.0.0.0/8, except: [10.0.0.0/9, 10.128.0.0/9]", "10.2.2.3/32", False),
            ("cidr: 10.9.9.9/8", "10.0.0.1/32", True),
            ("cidr: 0.0.0.0/0", "2001:db8::1/128", False),
            ("cidr: '::/0'", "2001:db8::1/128", True),
            ("cidr: '::/0'", "10.0.0.1/32", False),
            ("cidr: '2001:db8::/32', except: ['2001:db8:1::/48']", "2001:db8:1::5/128", False),
            ("cidr: '::ffff:10.0.0.0/104'", "10.0.0.1/32", True),
        ],
    )
    def test_an_ip_block_matches_its_addresses(self, block: str, address: str, matches: bool) -> None:
        """Of both families, without its exceptions, whatever its host bits."""
        assert from_peer(f"{{ipBlock: {{{block}}}}}", an_address(address)) is matches

    def test_an_ip_block_reaches_a_pod_of_which_it_covers_an_address(self) -> None:
        """What network plugins do differently is decided for the worst."""
        pod = a_pod("foreign", addresses=network("10.244.0.0/16"))

        assert from_peer("{ipBlock: {cidr: 10.244.7.0/24}}", pod)
        assert not from_peer("{ipBlock: {cidr: 10.0.0.0/8, except: [10.244.0.0/16]}}", pod)


class TestPorts:
    """Which ports pass."""

    @pytest.mark.parametrize("ports", ["", "ports: []", "ports: null"])
    def test_no_ports_are_all_ports(self, ports: str) -> None:
        """Of all three protocols."""
        assert ingress(f"ingress: [{{{ports}}}]", a_pod()) == "all ports"

    @pytest.mark.parametrize(
        ("port", "passes"),
        [
            ("{port: 80}", "TCP 80"),
            ("{port: 80, protocol: null}", "TCP 80"),
            ("{port: 80, protocol: UDP}", "UDP 80"),
            ("{port: 80, protocol: SCTP}", "SCTP 80"),
            ("{}", "TCP all"),
            ("{protocol: UDP}", "UDP all"),
            ("{port: 80, endPort: 90}", "TCP 80-90"),
            ("{port: 80, endPort: 80}", "TCP 80"),
            ("{port: 1, endPort: 65535}", "TCP all"),
            ("{port: 1}, {port: 2, endPort: 9}, {port: 11}", "TCP 1-9, 11"),
            ("{port: 65535}, {port: 1, protocol: UDP}", "TCP 65535, UDP 1"),
            ("{port: web}", "TCP 8080"),
            ("{port: web, protocol: UDP}", "nothing"),
            ("{port: other}", "nothing"),
            ("{port: web}, {port: 22}", "TCP 22, 8080"),
        ],
    )
    def test_a_port_means_what_kubernetes_says(self, port: str, passes: str) -> None:
        """Numbers, ranges, protocols and names."""
        assert to_port(port) == passes

    def test_a_named_egress_port_is_looked_up_at_the_destination(self) -> None:
        """The source's own port of that name does not matter."""
        destination = a_pod(ports={("TCP", "web"): packets("TCP", 3000, 3000)})

        assert egress("{egress: [{ports: [{port: web}]}]}", destination) == "TCP 3000"

    def test_a_named_port_means_nothing_outside_the_cluster(self) -> None:
        """An address has no container ports."""
        assert egress("{egress: [{ports: [{port: web}]}]}", an_address("203.0.113.7/32")) == "nothing"


class TestUnreadable:
    """What the API server would refuse is refused, and what it would drop is not guessed."""

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            (
                "{ingress: [{form: []}]}",
                "spec.ingress[0].form: unknown field, spec.ingress[0] has from, ports",
            ),
            ("{ingress: [{to: []}]}", "spec.ingress[0].to: unknown field, spec.ingress[0] has from, ports"),
            ("{ingress: [{from: [{}]}]}", "spec.ingress[0].from[0]: must specify a peer"),
            (
                "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}",
                "spec.ingress[0].from[0]: may not specify both ipBlock and another peer",
            ),
            (
                "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.1}}]}]}",
                "spec.ingress[0].from[0].ipBlock.cidr: '10.0.0.1' has no prefix length",
            ),
            (
                "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]}",
                "spec.ingress[0].from[0].ipBlock.except[0]: must be a strict subset of cidr",
            ),
            (
                "{egress: [{ports: [{port: 0}]}]}",
                "spec.egress[0].ports[0]: ports 0 to 0 are no range within 1 to 65535",
            ),
            ("{egress: [{ports: [{port: true}]}]}", "spec.egress[0].ports[0]: True is no port"),
            (
                "{egress: [{ports: [{endPort: 9}]}]}",
                "spec.egress[0].ports[0].endPort: needs a port given by number",
            ),
            (
                "{egress: [{ports: [{port: web, endPort: 9}]}]}",
                "spec.egress[0].ports[0].endPort: needs a port given by number",
            ),
            (
                "{egress: [{ports: [{port: 10, endPort: 9}]}]}",
                "spec.egress[0].ports[0]: ports 10 to 9 are no range within 1 to 65535",
            ),
            (
                "{egress: [{ports: [{protocol: ICMP}]}]}",
                "spec.egress[0].ports[0]: protocol 'ICMP' is not one of TCP, UDP, SCTP",
            ),
            ("{policyTypes: [ingress]}", "spec.policyTypes: ['ingress'] holds more than Ingress and Egress"),
            (
                "{podSelector: {app: db}}",
                "spec.podSelector.app: unknown field, spec.podSelector has ",
            ),
            (
                "{podSelector: {matchLabels: {a: 1}}}",
                "spec.podSelector.matchLabels.a: a string is needed, not 1",
            ),
            (
                "{podSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}}",
                "spec.podSelector.matchExpressions[0].operator: 'in' is not one of In, ",
            ),
            (
                "{podSelector: {matchExpressions: [{key: a, operator: In}]}}",
                "spec.podSelector.matchExpressions[0].values: In and NotIn need values",
            ),
            ("{ingress: {}}", "spec.ingress: a list is needed, not {}"),
            ("[]", "spec: a mapping is needed, not []"),
        ],
    )
    def test_a_policy_that_kubernetes_refuses_is_refused(self, spec: str, message: str) -> None:
        """The message says where and what."""
        with pytest.raises(UnreadableError) as caught:
            read_policy(a_policy(spec))

        assert str(caught.value).startswith(message)


def test_a_null_rule_is_an_empty_one() -> None:
    """A null item is one without fields for the API server, and such a rule allows everything."""
    assert ingress("ingress: [null]", a_pod("foreign")) == "all ports"


def test_grants_name_the_rules_that_let_a_packet_pass() -> None:
    """The evidence is every rule that contributes, and none that does not."""
    policies = [
        read_policy(a_policy("{ingress: [{ports: [{port: 22}]}, {ports: [{port: 80}]}]}", "one")),
        read_policy(a_policy("{ingress: [{ports: [{port: 80, endPort: 90}]}]}", "two")),
    ]

    found = grants(policies, Direction.INGRESS, SUBJECT, a_pod(), packets("TCP", 80, 80))

    assert [str(grant) for grant in found] == ["NetworkPolicy/one ingress[1]", "NetworkPolicy/two ingress[0]"]
