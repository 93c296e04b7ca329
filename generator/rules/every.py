"""Every rule, and the check of each: a module of this folder that holds checks stands in the list below."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from generator.findings.finding import Finding
from generator.findings.rule import Rule
from generator.findings.table import TABLE
from generator.fleet.model import Tenant
from generator.once import once
from generator.render.classes import Member, filled
from generator.render.rendered import Rendered, Representative
from generator.rules import (
    access,
    admission,
    application_sets,
    applications,
    capacity,
    change,
    closed_world,
    defaults,
    deletions,
    entries,
    guard,
    guardrails,
    idle,
    images,
    kustomizations,
    life,
    losses,
    network,
    next_version,
    nodes,
    platform_world,
    pods,
    policies,
    projects,
    references,
    render,
    resources,
    routes,
    schemas,
    secrets,
    settings,
    states,
    syncing,
    unread,
    ways_in,
    workloads,
)
from generator.rules.compared import Compared
from generator.rules.rule import Check, Per

_FAMILIES: Final = (
    kustomizations,
    unread,
    guard,
    render,
    closed_world,
    platform_world,
    schemas,
    admission,
    defaults,
    idle,
    next_version,
    references,
    resources,
    workloads,
    pods,
    images,
    policies,
    network,
    access,
    secrets,
    ways_in,
    routes,
    guardrails,
    capacity,
    nodes,
    application_sets,
    applications,
    entries,
    projects,
    syncing,
    settings,
    states,
    change,
    life,
    losses,
    deletions,
)

CHECKS: Final = tuple(check for family in _FAMILIES for check in vars(family).values() if isinstance(check, Check))
"""Each function that checks a rule."""

RULES: Final[Mapping[str, Rule]] = {**TABLE, **{check.rule.id: check.rule for check in CHECKS}}
"""Each rule by its id."""


ON_TWO_COMMITS: Final = (Per.STEP, Per.CHANGE)


def count(*per: Per) -> int:
    """Return how many rules look at such subjects."""
    return len({check.rule.id for check in CHECKS if check.per in per})


OF_A_CLASS: Final = (Per.CLASS, Per.SIZES, Per.LENGTHS)


def check_tenant(rendered: Rendered, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what every rule finds in a tenant; those of a class look at the first of it alone.

    Args:
        rendered: The tenant.
        without: Ids of rules that are left out.
    """
    yield from _check_class(rendered, without)
    lengths = (Per.LENGTHS,) if rendered.longest and not rendered.represents else ()
    yield from check(rendered, Per.TENANT, *lengths, without=without)


def _check_class(rendered: Rendered, without: Collection[str]) -> Iterator[Finding]:
    """Yield what rules of a class find in the first of it; of those that read no number, where they may find some."""
    if not rendered.represents:
        return
    unwell = _unwell(rendered.leader) if rendered.leader else ()
    for item in CHECKS:
        is_of_it = item.per in OF_A_CLASS and (item.per is not Per.CLASS or not rendered.leader or item in unwell)
        if is_of_it and item.rule.id not in without:
            yield from item(rendered)


@once
def _unwell(leader: Rendered) -> tuple[Check, ...]:
    """Return the rules that read no number and find something in the one that leads a class."""
    return tuple(item for item in CHECKS if item.per is Per.CLASS and next(item(leader), None) is not None)


def check_representative(representative: Representative, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what every rule finds in tenants that are alike.

    Args:
        representative: The one that is looked at for all of them.
        without: Ids of rules that are left out.
    """
    subject = representative.subject
    first = representative.members[0]
    if subject.represents:
        for found in _check_class(subject, without):
            yield _said_of(found, first)
    yield from _of_the_longest(representative, without)
    of_each = [item for item in CHECKS if item.per is Per.TENANT and item.rule.id not in without]
    unwell = [item for item in of_each if next(item(subject), None) is not None]
    for tenant in representative.members if unwell else ():
        rendered = representative.of(tenant)
        for item in unwell:
            yield from item(rendered)


def _said_of(found: Finding, tenant: Tenant) -> Finding:
    """Say of a tenant what was found with sentinels in the place of its name and hosts."""
    member = Member(tenant=tenant.name, hosts=tenant.hosts)
    place = replace(found.place, file=filled(found.place.file, member))
    fact, hint, name = (filled(text, member) for text in (found.fact, found.hint, found.object))
    return replace(found, place=place, fact=fact, hint=hint, object=name)


def _of_the_longest(representative: Representative, without: Collection[str]) -> Iterator[Finding]:
    """Yield what has a length only in those with the longest name and host, when no length is too much for others."""
    subject = representative.subject
    for tenant in representative.members if subject.longest else ():
        if tenant.name not in subject.longest:
            continue
        too_short = len(tenant.name) <= len(subject.tenant.name) and _longest(tenant) <= _longest(subject.tenant)
        if not too_short and next(check(subject, Per.LENGTHS, without=without), None) is None:
            yield from check(representative.of(tenant), Per.LENGTHS, without=without)


def _longest(tenant: Tenant) -> int:
    return max(map(len, tenant.hosts))


def judged_otherwise(
    one: Rendered, own: Rendered, subject: Rendered | None = None, without: Collection[str] = ()
) -> Iterator[tuple[str, bool]]:
    """Compare what every rule finds in a tenant by itself with what stands for it: nothing, unless a mark is wrong.

    Args:
        one: The first of its class, which rules of a class look at for all of it.
        own: The tenant, with its own strings.
        subject: The one that rules of each tenant look at for all who are alike; None where they look at the tenant.
        without: Ids of rules that are left out.

    Yields:
        The ids of the rules that find something in one of the two alone, and whether that is the tenant.
    """
    longer = len(own.tenant.name) > len(one.tenant.name) or _longest(own.tenant) > _longest(one.tenant)
    for item in CHECKS:
        looked_at = subject if item.per is Per.TENANT else one
        is_compared = item.per in (*OF_A_CLASS, Per.TENANT) and not (item.per is Per.LENGTHS and longer)
        if looked_at is None or not is_compared or item.rule.id in without:
            continue
        leader = one.leader if item.per is Per.CLASS else None
        for_it = (leader is None or item in _unwell(leader)) and next(item(looked_at), None) is not None
        by_itself = next(item(own), None) is not None
        # where the one is not well, lengths may still be, and rules of each tenant look at each
        if by_itself != for_it and (by_itself or item.per in (Per.CLASS, Per.SIZES)):
            yield item.rule.id, by_itself


def check_change(compared: Compared, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what every rule on two commits finds.

    Args:
        compared: The two.
        without: Ids of rules that are left out.
    """
    yield from check(compared, Per.CHANGE, without=without)
    for step in compared.steps:
        yield from check(step, Per.STEP, without=without)


def check(subject: Any, *per: Per, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what every rule that looks at such a subject finds in it.

    Args:
        subject: What `Per` says.
        per: As what it is looked at.
        without: Ids of rules that are left out.
    """
    for item in CHECKS:
        if item.per in per and item.rule.id not in without:
            yield from item(subject)
