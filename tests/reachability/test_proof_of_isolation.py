"""The proof of isolation: what it finds, what it counts, and that classes agree with brute force."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from generator.reachability.policy import Direction, Endpoint, allowed, connection, read_policy
from generator.reachability.proof import Isolation, prove_isolation
from generator.reachability.ranges import describe_packets, packets
from generator.reachability.space import Addresses, Space, read_space

ADDRESSES = Addresses(
    nodes=("192.168.0.0/24",),
    pods=("10.244.0.0/16", "fd00:10:244::/56"),
    services=("10.96.0.0/12",),
)
DENY = "{podSelector: {}, policyTypes: [Ingress, Egress]}"


def a_tenant(name: str, *specs: str, **labels: str) -> list[dict[str, Any]]:
    """Return a namespace with one web pod, denied both ways, and further policies from the YAML of their specs."""
    metadata = {"name": name, "labels": {"tenantry.dev/tenant": name, **labels}}
    return [
        {"kind": "Namespace", "metadata": metadata},
        a_deployment(name, "web", containers=[{"ports": [{"name": "http", "containerPort": 8080}]}]),
        *(
            {
                "kind": "NetworkPolicy",
                "metadata": {"name": f"policy-{index}", "namespace": name},
                "spec": yaml.safe_load(spec),
            }
            for index, spec in enumerate((DENY, *specs))
        ),
    ]


def a_deployment(namespace: str, name: str, **spec: Any) -> dict[str, Any]:
    """Return a Deployment whose pods carry its name and their tenant's."""
    labels = {"app": name, "tenantry.dev/tenant": namespace}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": {"containers": [], **spec}}},
    }


def prove(*tenants: list[dict[str, Any]]) -> Isolation:
    """Prove the isolation of rendered tenants."""
    return prove_isolation([read_space(objects) for objects in tenants], ADDRESSES)


def leaks(*tenants: list[dict[str, Any]]) -> list[str]:
    """Return the leaks between rendered tenants, in words."""
    return [str(leak) for leak in prove(*tenants).leaks]


OPEN_INGRESS = "{ingress: [{from: [{namespaceSelector: {}}]}]}"
OPEN_EGRESS = "{policyTypes: [Egress], egress: [{}]}"


def test_denied_tenants_are_isolated() -> None:
    """Every ordered pair is proved."""
    assert prove(*(a_tenant(name) for name in ("a", "b", "c"))) == Isolation(pairs=6, proved=6, leaks=())


def test_one_open_end_does_not_connect() -> None:
    """A target that admits everybody is safe from sources that may not leave."""
    assert prove(a_tenant("a", OPEN_INGRESS), a_tenant("b", OPEN_INGRESS)).leaks == ()


def test_two_open_ends_connect_with_both_as_evidence() -> None:
    """A leak names the pods, the ports and the rule at each end."""
    found = prove(a_tenant("a", OPEN_EGRESS), a_tenant("b", OPEN_INGRESS))
    web = next(leak for leak in found.leaks if (leak.source_pod, leak.destination_pod) == ("Deployment/web",) * 2)

    assert (found.pairs, found.proved) == (2, 1)
    assert str(web) == "a Deployment/web reaches b Deployment/web on all ports"
    assert [str(grant) for grant in web.egress] == ["NetworkPolicy/policy-1 egress[0]"]
    assert [str(grant) for grant in web.ingress] == ["NetworkPolicy/policy-1 ingress[0]"]


def test_a_leak_of_many_pairs_is_told_once() -> None:
    """Alike tenants are one group, whatever their number."""
    found = prove(*(a_tenant(f"t{i}", OPEN_EGRESS, OPEN_INGRESS) for i in range(50)))

    assert found.proved == 0
    assert {leak.pairs for leak in found.leaks} == {50 * 49}
    assert len(found.leaks) == 4


def test_a_tenant_named_by_another_is_judged_by_itself() -> None:
    """One pair leaks, the other forty-one do not."""
    ally = "{ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: t3}}}]}]}"
    fleet = [a_tenant(f"t{i}", OPEN_EGRESS) for i in range(6)]

    found = prove(*fleet, a_tenant("t6", ally))

    assert (found.pairs, found.proved) == (42, 41)
    assert {(leak.source, leak.destination) for leak in found.leaks} == {("t3", "t6")}


def test_a_tenant_left_out_by_another_is_judged_by_itself() -> None:
    """NotIn names a tenant as well."""
    others = (
        "{ingress: [{from: [{namespaceSelector: {matchExpressions:"
        " [{key: tenantry.dev/tenant, operator: NotIn, values: [t3]}]}}]}]}"
    )
    fleet = [a_tenant(f"t{i}", OPEN_EGRESS) for i in range(6)]

    found = prove(*fleet, a_tenant("t6", others))

    assert (found.pairs, found.proved) == (42, 37)
    assert all(leak.source != "t3" for leak in found.leaks)


def test_a_tenant_named_like_a_plan_is_no_exception() -> None:
    """A value that others hold as their plan is not abstracted away with the name."""
    silver = "{ingress: [{from: [{namespaceSelector: {matchLabels: {plan: silver}}}]}]}"

    found = prove(
        a_tenant("silver", silver),
        a_tenant("b", OPEN_EGRESS, plan="silver"),
        a_tenant("c", OPEN_EGRESS, plan="gold"),
    )

    assert {(leak.source, leak.destination) for leak in found.leaks} == {("b", "silver")}


def test_a_label_that_no_rendered_pod_carries_is_still_a_way_in() -> None:
    """Whoever may start a pod may label it: any other pod stands for that."""
    forged = "{ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: prometheus}}}]}]}"

    assert leaks(a_tenant("a", OPEN_EGRESS), a_tenant("b", forged)) == [
        "a any other pod reaches b Deployment/web on all ports",
        "a any other pod reaches b any other pod on all ports",
    ]


def test_pods_outside_the_render_need_a_deny_of_their_own() -> None:
    """Isolating the rendered pods by their labels is not enough."""
    only_web = "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]}"
    fleet = []
    for name in ("a", "b"):
        objects = a_tenant(name)
        objects[2]["spec"] = yaml.safe_load(only_web)
        fleet.append(objects)

    assert leaks(*fleet) == ["a any other pod reaches b any other pod on all ports (an example of 2 pairs)"]


def test_an_egress_block_over_the_pods_is_stopped_at_the_target() -> None:
    """The deny at every target is what isolates."""
    block = "{policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}"

    assert prove(a_tenant("a", block), a_tenant("b", block)).leaks == ()


def test_blocks_over_the_pods_at_both_ends_leak() -> None:
    """A block in ingress may match a foreign pod's address."""
    egress = "{policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}"
    ingress = "{ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/16}}], ports: [{port: http}]}]}"

    assert leaks(a_tenant("a", egress), a_tenant("b", ingress)) == [
        "a Deployment/web reaches b Deployment/web on TCP 8080",
        "a Deployment/web reaches b any other pod on TCP all",
        "a any other pod reaches b Deployment/web on TCP 8080",
        "a any other pod reaches b any other pod on TCP all",
    ]


def test_a_block_over_services_or_nodes_reaches_pods_too() -> None:
    """An address may be rewritten after the policy looked at it, so each may lead to any pod."""
    for cidr in ("10.96.0.0/16", "192.168.0.0/30"):
        block = f"{{policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: {cidr}}}}}]}}]}}"

        assert leaks(a_tenant("a", block), a_tenant("b", OPEN_INGRESS))


def test_tenants_that_share_a_render_are_judged_among_themselves() -> None:
    """A label that all of them hold lets each into each other."""
    silver = "{ingress: [{from: [{namespaceSelector: {matchLabels: {plan: silver}}}]}]}"
    objects = a_tenant("stand-in", OPEN_EGRESS, silver, plan="silver")

    found = prove_isolation([read_space(objects, ["a", "b", "c"])], ADDRESSES)

    assert (found.pairs, found.proved) == (6, 0)
    assert {leak.sources for leak in found.leaks} == {("a", "b", "c")}
    assert {(leak.source, leak.destination) for leak in found.leaks} == {("a", "c")}


def test_a_pod_on_the_host_network_leaks() -> None:
    """No policy holds it, so only the target's side is left, and it admits nobody here."""
    objects = a_tenant("a")
    objects[1]["spec"]["template"]["spec"]["hostNetwork"] = True

    assert leaks(objects, a_tenant("b", OPEN_INGRESS)) == [
        "a Deployment/web reaches b Deployment/web on all ports",
        "a Deployment/web reaches b any other pod on all ports",
    ]


def test_no_tenants_and_one_tenant_have_nothing_to_prove() -> None:
    """No pair, no leak."""
    assert prove() == Isolation(0, 0, ())
    assert prove(a_tenant("a", OPEN_EGRESS, OPEN_INGRESS)) == Isolation(0, 0, ())


# Small fleets with every nasty thing a selector can say about other tenants.
NAMES = ("acme", "beta", "gold", "silver")
STAND_IN = "stand-in"
NAMESPACE_KEYS = ("kubernetes.io/metadata.name", "tenantry.dev/tenant", "plan", "shared")
VALUES = (*NAMES, f"{STAND_IN}-0", f"{STAND_IN}-1", "kube-system", "")
PORTS = st.sampled_from([{}, {"port": 80}, {"port": "http"}, {"port": "http", "protocol": "UDP"}, {"protocol": "UDP"}])
CIDRS = st.sampled_from(["10.244.0.0/16", "10.0.0.0/8", "203.0.113.0/24", "::/0"])


def selectors(keys: tuple[str, ...], values: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Any label selector over a few keys and values."""
    expressions = st.one_of(
        st.fixed_dictionaries(
            {
                "key": st.sampled_from(keys),
                "operator": st.sampled_from(["In", "NotIn"]),
                "values": st.lists(st.sampled_from(values), min_size=1, max_size=2),
            }
        ),
        st.fixed_dictionaries({"key": st.sampled_from(keys), "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
    )
    return st.fixed_dictionaries(
        {},
        optional={
            "matchLabels": st.dictionaries(st.sampled_from(keys), st.sampled_from(values), max_size=2),
            "matchExpressions": st.lists(expressions, max_size=2),
        },
    )


PODS = selectors(("app", "tenantry.dev/tenant"), ("web", "db", "acme-web", f"{STAND_IN}-0", *NAMES))
SPACES = selectors(NAMESPACE_KEYS, VALUES)
PEERS = st.one_of(
    st.builds(lambda namespaces, pods: {"namespaceSelector": namespaces, "podSelector": pods}, SPACES, PODS),
    st.builds(lambda namespaces: {"namespaceSelector": namespaces}, SPACES),
    st.builds(lambda pods: {"podSelector": pods}, PODS),
    st.builds(lambda cidr: {"ipBlock": {"cidr": cidr}}, CIDRS),
)


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """Any NetworkPolicySpec."""
    spec: dict[str, Any] = {"podSelector": draw(PODS)}
    for section, peers in (("ingress", "from"), ("egress", "to")):
        rule = st.fixed_dictionaries(
            {}, optional={peers: st.lists(PEERS, max_size=2), "ports": st.lists(PORTS, max_size=2)}
        )
        if draw(st.booleans()):
            spec[section] = draw(st.lists(rule, max_size=2))
    if draw(st.booleans()):
        spec["policyTypes"] = draw(st.lists(st.sampled_from(["Ingress", "Egress"]), unique=True))
    return spec


# A tenant that admits some namespaces, or lets its pods go to some: what a proof must judge by their labels.
DOORS = st.one_of(
    st.builds(lambda peer: {"policyTypes": ["Ingress"], "ingress": [{"from": [peer]}]}, PEERS),
    st.builds(lambda peer: {"policyTypes": ["Egress"], "egress": [{"to": [peer]}]}, PEERS),
    specs(),
)
DENIED = st.sampled_from([["Ingress", "Egress"], ["Ingress"], ["Ingress"], ["Egress"]])


def a_random_tenant(draw: st.DrawFn, name: str) -> list[dict[str, Any]]:
    """Return a tenant denied in one direction or both, perhaps with policies that could be anything."""
    labels = draw(st.dictionaries(st.sampled_from(["plan", "shared"]), st.sampled_from(VALUES)))
    objects = a_tenant(name, **labels)
    objects[2]["spec"]["policyTypes"] = draw(DENIED)
    if draw(st.booleans()):
        ports = [{"ports": [{"name": "http", "containerPort": draw(st.sampled_from([80, 9090]))}]}]
        objects.append(a_deployment(name, "db", containers=ports, hostNetwork=draw(st.booleans())))
    for index, spec in enumerate(draw(st.lists(DOORS, max_size=2))):
        metadata = {"name": f"random-{index}", "namespace": name}
        objects.append({"kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
    return objects


@st.composite
def fleets(draw: st.DrawFn) -> list[Space]:
    """A few tenants, each by itself."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=2))
    return [read_space(a_random_tenant(draw, name)) for name in names]


@st.composite
def crowds(draw: st.DrawFn) -> list[Space]:
    """A few tenants, alike in two kinds at most."""
    names = draw(st.permutations(NAMES))
    middle = draw(st.integers(0, len(names)))
    spaces = []
    for index, members in enumerate((names[:middle], names[middle:])):
        if members:
            objects = a_random_tenant(draw, f"{STAND_IN}-{index}")
            if draw(st.integers(0, 9)) == 0:
                objects[1]["spec"]["template"]["metadata"]["labels"]["app"] = f"{STAND_IN}-{index}-web"
            spaces.append(read_space(objects, members))
    return spaces


def brute_force(spaces: list[Space]) -> set[tuple[str, str, str, str, str]]:
    """Return every connection between two pods of two tenants: tenants, pods and ports."""
    anywhere = ADDRESSES.of_pods()
    return {
        (source.namespace, target.namespace, p.name, q.name, describe_packets(passing))
        for source, target in permutations(spaces, 2)
        for p in source.endpoints(anywhere)
        for q in target.endpoints(anywhere)
        if (passing := connection(p, q, source.policies, target.policies))
    }


def agree(spaces: list[Space]) -> None:
    """Assert the same number of leaks over the same tenants as brute force, and that every example is one."""
    one_by_one = [space.renamed(name, (name,)) for space in spaces for name in space.members]
    expected = brute_force(one_by_one)
    event("leaks" if expected else "no leaks")

    found = prove_isolation(spaces, ADDRESSES)

    examples = {
        (leak.source, leak.destination, leak.source_pod, leak.destination_pod, describe_packets(leak.packets))
        for leak in found.leaks
    }
    assert found.pairs == len(one_by_one) * (len(one_by_one) - 1)
    assert found.pairs - found.proved == len({leak[:2] for leak in expected})
    assert sum(leak.pairs for leak in found.leaks) == len(expected)
    assert examples <= expected
    assert {name for leak in found.leaks for name in leak.sources} == {leak[0] for leak in expected}
    assert {name for leak in found.leaks for name in leak.destinations} == {leak[1] for leak in expected}
    assert all(leak.egress and leak.ingress for leak in found.leaks)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(fleets())
def test_classes_agree_with_brute_force(spaces: list[Space]) -> None:
    """Whatever the policies say, the proof finds what evaluating every pair of pods finds."""
    agree(spaces)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(crowds())
def test_tenants_that_share_a_render_agree_with_brute_force(spaces: list[Space]) -> None:
    """One Space for many tenants gives the same proof as a Space for each."""
    agree(spaces)


@given(st.composite(a_random_tenant)(f"{STAND_IN}-0"))
def test_a_renamed_space_is_the_space_of_the_renamed_render(objects: list[dict[str, Any]]) -> None:
    """Reading and renaming can change places."""
    renamed = json.loads(json.dumps(objects).replace(f"{STAND_IN}-0", "acme"))

    assert read_space(objects).renamed("acme", ("acme",)) == read_space(renamed)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(fleets(), specs())
def test_a_policy_more_takes_nothing_away_but_by_isolating(spaces: list[Space], spec: dict[str, Any]) -> None:
    """What passed still passes, unless the new policy is the first to select the pod in that direction."""
    subject, policies = spaces[0].pods[0], spaces[0].policies
    extra = read_policy({"metadata": {"name": "extra", "namespace": subject.namespace}, "spec": spec})
    for direction in Direction:
        isolated = any(
            policy.rules(direction) is not None and policy.pods.must_match(subject.labels) for policy in policies
        )
        selected = extra.rules(direction) is not None and extra.pods.must_match(subject.labels)
        for other in (pod for space in spaces for pod in space.endpoints(ADDRESSES.of_pods())):
            before = allowed(policies, direction, subject, other)
            after = allowed((*policies, extra), direction, subject, other)

            if isolated:
                assert not before - after
            if not selected:
                assert before == after


LABELS = st.dictionaries(st.sampled_from(["app", "tenantry.dev/tenant"]), st.sampled_from(["web", "db", *NAMES]))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(fleets(), LABELS, LABELS)
def test_any_other_pod_covers_every_pod(spaces: list[Space], own: dict[str, str], other: dict[str, str]) -> None:
    """Whatever labels a pod outside the render has, what it can do is in the proof."""
    source, target = spaces[0], spaces[-1]
    number = {("TCP", "http"): packets("TCP", 9, 9)}
    p = Endpoint("p", source.namespace, source.labels, own, number)
    q = Endpoint("q", target.namespace, target.labels, other, number)

    passing = connection(p, q, source.policies, target.policies)

    assert not passing - connection(source.stranger(), target.stranger(), source.policies, target.policies)
