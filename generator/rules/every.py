"""Every rule, and the check of each: a module of this folder that holds checks stands in the list below."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from generator.findings.finding import Finding
from generator.findings.rule import Rule
from generator.findings.table import TABLE
from generator.render.rendered import Rendered
from generator.rules import (
    access,
    admission,
    application_sets,
    capacity,
    change,
    closed_world,
    defaults,
    entries,
    guard,
    guardrails,
    idle,
    kustomizations,
    losses,
    network,
    next_version,
    nodes,
    pods,
    policies,
    projects,
    references,
    render,
    resources,
    schemas,
    secrets,
    settings,
    syncing,
    ways_in,
    workloads,
)
from generator.rules.compared import Compared
from generator.rules.rule import Check, Per

_FAMILIES: Final = (
    kustomizations,
    guard,
    render,
    closed_world,
    schemas,
    admission,
    defaults,
    idle,
    next_version,
    references,
    resources,
    workloads,
    pods,
    policies,
    network,
    access,
    secrets,
    ways_in,
    guardrails,
    capacity,
    nodes,
    application_sets,
    entries,
    projects,
    syncing,
    settings,
    change,
    losses,
)

CHECKS: Final = tuple(check for family in _FAMILIES for check in vars(family).values() if isinstance(check, Check))
"""Each function that checks a rule."""

RULES: Final[Mapping[str, Rule]] = {**TABLE, **{check.rule.id: check.rule for check in CHECKS}}
"""Each rule by its id."""


ON_TWO_COMMITS: Final = (Per.STEP, Per.CHANGE)


def count(*per: Per) -> int:
    """Return how many rules look at such subjects."""
    return len({check.rule.id for check in CHECKS if check.per in per})


def check_tenant(rendered: Rendered, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what every rule finds in a tenant; those of a class look at the first of it alone.

    Args:
        rendered: The tenant.
        without: Ids of rules that are left out.
    """
    yield from check(rendered, Per.TENANT, *([Per.CLASS] if rendered.represents else []), without=without)


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
