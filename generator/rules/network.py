"""NET: what the tenants' NetworkPolicies let through, by the exact semantics of Kubernetes (see reachability/)."""

from collections.abc import Iterator

from generator import layout
from generator.findings.catalog import finding
from generator.findings.finding import Finding, Place
from generator.proofs import isolation
from generator.reachability.peers import find_dead_peers, find_intrusions
from generator.reachability.policy import UnreadableError
from generator.reachability.promises import check, expectations
from generator.reachability.proof import Leak
from generator.render.rendered import Rendered, Repository
from generator.rules.registry import class_rule, repository_rule


@repository_rule("NET001")
def no_tenant_reaches_another(repository: Repository) -> Iterator[Finding]:
    """Yield each way in which pods of one tenant reach pods of another."""
    by_name = {one.tenant.name: one for one in repository.rendered}
    for leak in isolation.prove(repository).leaks:
        target = by_name[leak.destination]
        yield finding("NET001", _place(target, leak), str(leak), _evidence(leak), f"Namespace/{leak.destination}")


def _place(target: Rendered, leak: Leak) -> Place:
    """Return where the policy is written that lets the connection in; without one, what should have denied it."""
    names = [grant.policy for grant in leak.ingress]
    for one in target.of_kind("NetworkPolicy"):
        if one["metadata"]["name"] in names:
            return target.place(one)
    return Place(layout.kustomization(target.tenant.name))


def _evidence(leak: Leak) -> str:
    out = ", ".join(map(str, leak.egress)) or "no policy isolates the source"
    into = ", ".join(map(str, leak.ingress)) or "no policy isolates the target"
    return f"let out by: {out}; let in by: {into}"


@class_rule("NET002")
def what_must_work_is_let_through(rendered: Rendered) -> Iterator[Finding]:
    """Yield each connection that the tenant cannot do without and that its policies refuse."""
    place = Place(layout.kustomization(rendered.tenant.name))
    namespace = f"Namespace/{rendered.tenant.name}"
    space = isolation.read(rendered)
    if isinstance(space, UnreadableError):
        yield finding("NET002", place, f"its policies cannot be evaluated: {space}", "mend the policy", namespace)
        return
    chatbot = rendered.platform.chatbot
    models = chatbot.endpoints if rendered.tenant.chatbot and chatbot else ()
    for promise in check(space, expectations(space, rendered.objects, rendered.platform.cluster.neighbours, models)):
        if not promise.kept:
            ends = " and ".join(direction.lower() for direction in promise.refused_by)
            fact = f"{promise.expected} ({promise.expected.name}) is refused by {ends}"
            yield finding("NET002", place, fact, "add a policy that allows it", namespace)


@class_rule("NET003")
def no_policy_lets_out_to_the_cluster_by_address(rendered: Rendered) -> Iterator[Finding]:
    """Yield each ipBlock that shares an address with the cluster's own."""
    policies = {one["metadata"]["name"]: one for one in rendered.of_kind("NetworkPolicy")}
    space = isolation.read(rendered)
    if isinstance(space, UnreadableError):
        return
    for found in find_intrusions(space, rendered.platform.cluster.addresses):
        where = str(found.place).partition(" ")[2]
        fact = f"{where} allows {found.block}, which covers {found.network} ({found.area})"
        hint = "narrow it, or take those addresses out with except"
        yield rendered.found("NET003", policies[found.place.policy], fact, hint)


@class_rule("NET004")
def no_peer_is_dead(rendered: Rendered) -> Iterator[Finding]:
    """Yield each peer that selects no pod of the tenant's own namespace."""
    policies = {one["metadata"]["name"]: one for one in rendered.of_kind("NetworkPolicy")}
    space = isolation.read(rendered)
    if isinstance(space, UnreadableError):
        return
    for place in find_dead_peers(space):
        fact = f"{str(place).partition(' ')[2]} selects no pod of the tenant"
        hint = "put the namespaceSelector into the same item, or mend the labels"
        yield rendered.found("NET004", policies[place.policy], fact, hint)
