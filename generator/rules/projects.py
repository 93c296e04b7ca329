"""ARG: an AppProject keeps a company in its own namespace."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator.findings import sources
from generator.findings.finding import Found
from generator.findings.rule import Firm
from generator.generate.argocd import TENANT_KINDS, TENANT_ROLES
from generator.kube.lenient import mapping, mappings, sequence
from generator.proofs import escape
from generator.render.rendered import Rendered
from generator.rules.rule import Per, rule

_BORDERS: Final = ("sourceRepos", "destinations", "clusterResourceWhitelist")


@rule(
    "ARG013",
    per=Per.TENANT,
    title="a project allows one repository, one namespace of one cluster, and that Namespace",
    why="The project is what stops an overlay that writes into another company's namespace.",
    fix="Run `tenantry generate`.",
    source=sources.PROJECTS,
    firm=Firm.NEIGHBOURS,
)
def projects_border_on_one_namespace(rendered: Rendered) -> Iterator[Found]:
    """A project allows one repository, one namespace of one cluster, and the Namespace of that name."""
    name, cluster = rendered.tenant.name, rendered.platform.cluster
    spec = mapping(rendered.project.data.get("spec"))
    expected: dict[str, list[Any]] = {
        "sourceRepos": [rendered.platform.repo_url],
        "destinations": [{"name": cluster.name, "server": cluster.server, "namespace": name}],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": name}],
    }
    for key, wanted in expected.items():
        given = spec.get(key)
        items = given if isinstance(given, list) else []
        for index, item in enumerate(items):
            if item not in wanted and not _is_wild(item):
                fact = f"{key}[{index}] is {_said(item)}, not {_said(wanted[0])}"
                yield rendered.found_in_project(("spec", key, index), fact)
        if not items:
            yield rendered.found_in_project(("spec", key), f"{key} lacks {_said(wanted[0])}")
    for key in ("sourceNamespaces", "destinationServiceAccounts"):
        if spec.get(key):
            yield rendered.found_in_project(("spec", key), f"{key} opens the project to others", "remove it")


@rule(
    "ARG014",
    per=Per.TENANT,
    title="a project's lists hold no pattern",
    why="A destination `company-*` admits every company, and a * for kinds admits RBAC of the cluster.",
    fix="Run `tenantry generate`.",
    source=sources.PROJECTS,
    firm=Firm.NEIGHBOURS,
)
def projects_name_what_they_allow(rendered: Rendered) -> Iterator[Found]:
    """No list of a project holds a pattern, or a pattern's denial."""
    spec = mapping(rendered.project.data.get("spec"))
    for key in (*_BORDERS, "namespaceResourceWhitelist"):
        for index, item in enumerate(sequence(spec.get(key))):
            if _is_wild(item):
                fact = f"{key}[{index}] is {_said(item)}: a pattern lets in what nobody named"
                yield rendered.found_in_project(("spec", key, index), fact)


def _is_wild(item: Any) -> bool:
    values = item.values() if isinstance(item, Mapping) else (item,)
    return any(re.search(r"[*?\[]|^!", str(value)) for value in values)


def _said(item: Any) -> str:
    return " ".join(f"{key} {value!r}" for key, value in item.items()) if isinstance(item, Mapping) else repr(item)


@rule(
    "ARG015",
    per=Per.TENANT,
    title="a project lists the constant kinds and accepts every object of the render",
    why="A kind that is missing cannot be applied or pruned; one too many is a way out.",
    fix="Run `tenantry generate`; a kind that no company may have belongs to argocd/platform/.",
    source=sources.PROJECTS,
    firm=Firm.NEIGHBOURS,
)
def projects_allow_what_base_renders(rendered: Rendered) -> Iterator[Found]:
    """A project lists the constant kinds, neither more nor fewer, and accepts every object of the render."""
    spec = mapping(rendered.project.data.get("spec"))
    listed = spec.get("namespaceResourceWhitelist")
    where: tuple[str | int, ...] = ("spec", "namespaceResourceWhitelist")
    if not isinstance(listed, list):
        fact = "namespaceResourceWhitelist is missing: without it every kind is allowed"
        yield rendered.found_in_project(("spec",), fact)
        return
    given = {(str(item.get("group", "")), str(item.get("kind", ""))) for item in mappings(listed) if not _is_wild(item)}
    for group, kind in sorted(given - set(TENANT_KINDS)):
        yield rendered.found_in_project(where, f"it allows {_kind(group, kind)}, which base/ never renders")
    for group, kind in sorted(set(TENANT_KINDS) - given):
        yield rendered.found_in_project(where, f"it lacks {_kind(group, kind)}, which could not be pruned")
    for key in ("namespaceResourceBlacklist", "clusterResourceBlacklist"):
        if spec.get(key):
            yield rendered.found_in_project(("spec", key), f"{key} forbids what the other lists allow")
    for obj, is_accepted in zip(rendered.objects, escape.accepted(rendered), strict=True):
        if not is_accepted:
            yield rendered.found(obj, "its tenant's AppProject does not accept it")


def _kind(group: str, kind: str) -> str:
    return f"{kind}.{group}" if group else kind


@rule(
    "ARG026",
    per=Per.TENANT,
    title="a project's roles are the constant ones, for groups of the company",
    why="Argo CD applies with rights of its own, and whoever commands it has them; a wrong policy breaks the project.",
    fix="Run `tenantry generate`.",
    source=sources.PROJECTS,
)
def project_roles_look_and_no_more(rendered: Rendered) -> Iterator[Found]:
    """A project's roles are the constant ones, for groups of the company; only break-glass may open a shell."""
    name = rendered.tenant.name
    grants = dict(TENANT_ROLES)
    for index, role in enumerate(mappings(mapping(rendered.project.data.get("spec")).get("roles"))):
        called = str(role.get("name"))
        where: tuple[str | int, ...] = ("spec", "roles", index)
        allowed = {f"p, proj:{name}:{called}, {grant}, {name}/*, allow" for grant in grants.get(called, ())}
        for number, policy in enumerate(sequence(role.get("policies"))):
            if re.sub(r"\s*,\s*", ", ", str(policy).strip()) not in allowed:
                fact = f"role {called} has the policy {policy!r}, which is none of its own"
                yield rendered.found_in_project((*where, "policies", number), fact)
        for number, group in enumerate(sequence(role.get("groups"))):
            if group != f"{name}:{called}":
                fact = f"role {called} is given to the group {group}"
                yield rendered.found_in_project((*where, "groups", number), fact, f"give it to {name}:{called}")
        if role.get("jwtTokens"):
            yield rendered.found_in_project((*where, "jwtTokens"), f"role {called} has tokens of its own")
