"""NET: what the tenants' NetworkPolicies let through, by the exact semantics of Kubernetes (see reachability/)."""

import contextlib
from collections.abc import Iterator

from generator import layout
from generator.findings.finding import Found, Place, Severity
from generator.findings.rule import Firm
from generator.findings.words import did_you_mean
from generator.fleet.model import Platform
from generator.fleet.states import STATES
from generator.generate.size import addons_of
from generator.proofs import isolation
from generator.reachability.declared import find_undeclared, find_unused
from generator.reachability.peers import find_dead_peers, find_intrusions
from generator.reachability.policy import Direction, UnreadableError
from generator.reachability.promises import Calls, Expected, check, expectations
from generator.reachability.proof import Leak
from generator.reachability.space import read_space
from generator.render.rendered import Base, Rendered, Repository, identity
from generator.rules.rule import Per, rule


@rule(
    "NET001",
    per=Per.FLEET,
    title="no pod of a tenant reaches a pod of another",
    why="A company's files could be read from another company's namespace.",
    fix="Take away the policy that is named as evidence at one of the two ends.",
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    firm=Firm.NEIGHBOURS,
)
def no_tenant_reaches_another(repository: Repository) -> Iterator[Found]:
    """Yield each way in which pods of one tenant reach pods of another."""
    for leak in isolation.prove(repository).leaks:
        target = repository.of(leak.destination)
        yield Found(_place(target, leak), str(leak), _evidence(leak), f"Namespace/{leak.destination}")


def _place(target: Rendered, leak: Leak) -> Place:
    """Return where the policy is written that lets the connection in; without one, what should have denied it."""
    names = [grant.policy for grant in leak.ingress]
    for policy in target.of_kind("NetworkPolicy"):
        if policy["metadata"]["name"] in names:
            return target.place(policy)
    return Place(layout.kustomization(target.tenant.name))


def _evidence(leak: Leak) -> str:
    out = ", ".join(map(str, leak.egress)) or "no policy isolates the source"
    into = ", ".join(map(str, leak.ingress)) or "no policy isolates the target"
    return f"let out by: {out}; let in by: {into}"


@rule(
    "NET002",
    per=Per.CLASS,
    title="required traffic is allowed",
    why="Names, the web, metrics, traces or an add-on would fail without a word.",
    fix="Add a policy for the connection that is named, at the end that refuses it.",
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
)
def what_must_work_is_let_through(rendered: Rendered) -> Iterator[Found]:
    """Yield each connection that the tenant requires and that its policies refuse."""
    if not STATES[rendered.tenant.state].runs:
        return  # nothing runs that would require any
    place = Place(layout.kustomization(rendered.tenant.name))
    namespace = f"Namespace/{rendered.tenant.name}"
    space = isolation.read(rendered)
    if isinstance(space, UnreadableError):
        yield Found(place, f"its policies cannot be evaluated: {space}", "fix the policy", namespace)
        return
    neighbours = rendered.platform.cluster.neighbours
    for promise in check(space, expectations(space, rendered.objects, neighbours, _calls(rendered))):
        if not promise.kept:
            ends = " and ".join(direction.lower() for direction in promise.refused_by)
            fact = f"{promise.expected} ({promise.expected.name}) is refused by {ends}"
            declared = _declared_at(rendered.platform, promise.expected)
            hint = "let a policy of base/guard allow it, or declare here whom the policies name"
            yield Found(declared or place, fact, hint if declared else "add a policy that allows it", namespace)


def _declared_at(platform: Platform, expected: Expected) -> Place | None:
    """Return where platform.yaml declares the other end of a connection that is required, if it is one of `network`."""
    cluster = platform.cluster
    names = [end.name for end in cluster.neighbours.pods()]
    for end in (expected.source.name, expected.destination.name):
        if end in names or end in cluster.neighbours.node_dns:
            path = (end,) if end in names else ("dns", "nodeLocal")
            return platform.document.place(("clusters", cluster.name, "network", *path), key=True)
    return None


def _calls(rendered: Rendered) -> list[Calls]:
    return [
        Calls(workload=addon.workload, services=addon.calls, reaches=addon.reaches)
        for addon in addons_of(rendered.tenant, rendered.platform)
    ]


@what_must_work_is_let_through.also(Per.RELEASE)
def what_is_called_is_there(base: Base) -> Iterator[Found]:
    """Yield each Service that an add-on calls and that the release does not have: nothing would be proved of it."""
    built = [probe for probe in base.probes if probe.objects]
    there = {obj["metadata"]["name"] for probe in built for obj in probe.objects if obj["kind"] == "Service"}
    for addon in base.platform.addons.values() if built else ():
        for index, called in enumerate(addon.calls):
            if called not in there:
                place = base.platform.document.place(("addons", addon.name, "calls", index))
                hint = did_you_mean(called, there) or "take it out, or put the Service into base/"
                fact = f"addons.{addon.name}.calls: {base.folders[1]} has no Service {called}"
                yield Found(place, fact, hint)


@rule(
    "NET003",
    per=Per.CLASS,
    title="no policy lets a tenant out to the cluster's own addresses",
    why="Through a node, a Service, the API server or the metadata service a pod can leave its namespace.",
    fix="Narrow the range, or take these addresses out with `except`.",
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-ipblock-selectors",
    firm=Firm.NEIGHBOURS,
)
def no_policy_lets_out_to_the_cluster_by_address(rendered: Rendered) -> Iterator[Found]:
    """Yield each ipBlock that shares an address with the cluster's own."""
    policies = {policy["metadata"]["name"]: policy for policy in rendered.of_kind("NetworkPolicy")}
    space = isolation.read(rendered)
    if isinstance(space, UnreadableError):
        return
    for found in find_intrusions(space, rendered.platform.cluster.addresses):
        where = str(found.place).partition(" ")[2]
        fact = f"{where} allows {found.block}, which covers {found.network} ({found.area})"
        hint = "narrow it, or take those addresses out with except"
        yield rendered.found(policies[found.place.policy], fact, hint)


@rule(
    "NET004",
    per=Per.CLASS,
    severity=Severity.WARNING,
    title="a peer without a namespace selects pods of the tenant",
    why="It lets nobody through; mostly two items were written where one was meant.",
    fix="Put both selectors into one item of the list, or fix the labels.",
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors",
)
def no_peer_is_dead(rendered: Rendered) -> Iterator[Found]:
    """Yield each peer that selects no pod of the tenant's own namespace."""
    policies = {policy["metadata"]["name"]: policy for policy in rendered.of_kind("NetworkPolicy")}
    space = isolation.read(rendered)
    if isinstance(space, UnreadableError):
        return
    for place in find_dead_peers(space):
        fact = f"{str(place).partition(' ')[2]} selects no pod of the tenant"
        hint = "put the namespaceSelector into the same item, or fix the labels"
        yield rendered.found(policies[place.policy], fact, hint)


@rule(
    "NET005",
    per=Per.CLASS,
    title="a policy opens only what platform.yaml declares",
    why="A peer that nobody declared is a program that no proof knows.",
    fix="Name a peer and a port that `network` of platform.yaml declares, or declare them, which needs an approval.",
    source="tenantry: a closed world (docs/concepts/closed-world.md)",
    firm=Firm.NEIGHBOURS,
)
def no_policy_opens_what_is_not_declared(rendered: Rendered) -> Iterator[Found]:
    """Yield each peer outside the company that is not declared, or not for these ports or these pods."""
    space = isolation.read(rendered)
    if isinstance(space, UnreadableError):
        return
    policies = {policy["metadata"]["name"]: policy for policy in rendered.of_kind("NetworkPolicy")}
    cluster = rendered.platform.cluster
    for found in find_undeclared(space, cluster.peers, _calls(rendered)):
        key = "destinations" if found.place.direction is Direction.EGRESS else "sources"
        declared = rendered.platform.document.place(("clusters", cluster.name, "network", key), key=True)
        hint = (
            f"{found.way}, or declare it under clusters.{cluster.name}.network.{key} ({declared.file}:{declared.line})"
        )
        policy = policies[found.place.policy]
        place = rendered.place_in(policy, ("spec", *found.place.path))
        yield Found(place, f"{str(found.place).partition(' ')[2]} {found.fact}", hint, identity(policy))


@no_policy_opens_what_is_not_declared.also(Per.RELEASE)
def what_is_declared_is_opened(base: Base) -> Iterator[Found]:
    """Yield, as a warning, each peer of the provider's own naming that no policy of the live guard opens."""
    cluster = base.platform.cluster
    spaces = []
    for probe in base.probes if base.pair.guard == layout.LIVE else ():
        with contextlib.suppress(UnreadableError):
            spaces += [read_space(probe.objects)] if probe.objects else []
    own = [one for one in cluster.peers if "." in one.name and not one.name.startswith("dns.")]
    for one in find_unused(spaces, own) if spaces else ():
        place = base.platform.document.place(("clusters", cluster.name, "network", *one.name.split(".")), key=True)
        fact = f"{one.name}: no policy of {base.folders[0]} names it"
        hint = f"let a policy name {one.described if one.namespace else 'these addresses'}, or take it out"
        yield Found(place, fact, hint).as_warning()
