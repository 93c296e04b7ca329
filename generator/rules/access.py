"""SEC: what a Role grants, and to whom.

What its subjects can do in the end is proved by `generator.proofs.escape`.
"""

from collections.abc import Iterator

from generator.findings import sources
from generator.findings.finding import Found
from generator.findings.rule import Firm
from generator.kube.lenient import mapping, mappings
from generator.proofs import escape
from generator.render.rendered import Rendered
from generator.rules.rule import Per, rule


@rule(
    "SEC008",
    per=Per.CLASS,
    title="a Role reads anything but Secrets, and writes only what is meant",
    why="Guardrails, tokens and workloads in a company's hands are a way out of it.",
    fix="Remove the verb; changes come through git.",
    source=sources.ACCESS,
    firm=Firm.NEIGHBOURS,
)
def roles_grant_only_what_is_meant(rendered: Rendered) -> Iterator[Found]:
    """A Role reads anything but Secrets, and writes only what `escape.MAY_WRITE` lists."""
    for role in rendered.of_kind("Role", "ClusterRole"):
        for index, item in enumerate(mappings(role.get("rules"))):
            for fact in escape.excess(item):
                yield rendered.found(role, f"rules[{index}] {fact}")


@rule(
    "SEC009",
    per=Per.TENANT,
    title="a binding gives a Role of the namespace to groups of the company",
    why="edit and admin write NetworkPolicies and read Secrets; a group of another company is another company.",
    fix="Bind a Role that base/ writes to a group NAME:ROLE.",
    source=sources.ACCESS,
    firm=Firm.NEIGHBOURS,
)
def bindings_are_for_groups_of_the_tenant(rendered: Rendered) -> Iterator[Found]:
    """A binding gives a Role of this namespace to groups of this company; a shell is for its break-glass group."""
    name = rendered.tenant.name
    roles = {obj["metadata"]["name"]: obj for obj in rendered.of_kind("Role")}
    for obj in rendered.of_kind("RoleBinding", "ClusterRoleBinding"):
        if obj["kind"] == "ClusterRoleBinding":
            yield rendered.found(obj, "a ClusterRoleBinding binds in every namespace", "use a RoleBinding")
        reference = mapping(obj.get("roleRef"))
        role = roles.get(str(reference.get("name")))
        if reference.get("kind") != "Role" or role is None:
            fact = f"it binds {reference.get('kind')} {reference.get('name')}, which is no Role of this namespace"
            yield rendered.found(obj, fact, "bind a Role that base/ writes")
        opens = role is not None and escape.opens_a_shell(role)
        for subject in mappings(obj.get("subjects")):
            who = f"{subject.get('kind')} {subject.get('name')}"
            if subject.get("kind") != "Group" or not str(subject.get("name")).startswith(f"{name}:"):
                yield rendered.found(obj, f"{who} is no group of {name}", f"groups are called {name}:ROLE")
            elif opens and subject.get("name") != f"{name}:{escape.BREAK_GLASS}":
                fact = f"{who} gets a shell in the pods"
                yield rendered.found(obj, fact, f"only {name}:{escape.BREAK_GLASS} may")
