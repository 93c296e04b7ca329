"""Which function checks which rule. A rule is one small function over rendered objects and one row of the catalog."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final, TypeVar

from generator.findings import Finding
from generator.rules.catalog import RULES
from generator.rules.subject import Rendered, Repository

TenantCheck = Callable[[Rendered], Iterator[Finding]]
RepositoryCheck = Callable[[Repository], Iterator[Finding]]
Check = TypeVar("Check", TenantCheck, RepositoryCheck)

_OF_A_CLASS: Final[dict[str, TenantCheck]] = {}
_OF_A_TENANT: Final[dict[str, TenantCheck]] = {}
_OF_THE_REPOSITORY: Final[dict[str, RepositoryCheck]] = {}


def class_rule(rule: str) -> Callable[[TenantCheck], TenantCheck]:
    """Enter a function as the check of a rule for which a tenant's name and hosts make no difference.

    It looks at the first tenant of each class of equal renders and at no file of the tenant but its render.
    """
    return _enter(rule, _OF_A_CLASS)


def tenant_rule(rule: str) -> Callable[[TenantCheck], TenantCheck]:
    """Enter a function as the check of a rule that looks at one tenant."""
    return _enter(rule, _OF_A_TENANT)


def repository_rule(rule: str) -> Callable[[RepositoryCheck], RepositoryCheck]:
    """Enter a function as the check of a rule that looks at all tenants together."""
    return _enter(rule, _OF_THE_REPOSITORY)


def _enter(rule: str, table: dict[str, Check]) -> Callable[[Check], Check]:
    def enter(check: Check) -> Check:
        if rule not in RULES or any(rule in one for one in (_OF_A_CLASS, _OF_A_TENANT, _OF_THE_REPOSITORY)):
            raise ValueError(f"{rule} has no row in the catalog, or two functions")
        table[rule] = check
        return check

    return enter


def tenant_checks() -> Mapping[str, TenantCheck]:
    """Return the checks that look at one tenant, by rule: those of a class and those of every tenant."""
    _load_families()
    return _OF_A_CLASS | _OF_A_TENANT


def repository_checks() -> Mapping[str, RepositoryCheck]:
    """Return the checks that look at all tenants together, by rule."""
    _load_families()
    return _OF_THE_REPOSITORY


def _load_families() -> None:
    from generator.rules import argocd, kubernetes, kustomize, security  # noqa: F401, PLC0415 -- importing enters them


def check_tenant(rendered: Rendered, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what every rule finds in one tenant.

    Args:
        rendered: The tenant.
        without: Rules that are left out.
    """
    _load_families()
    for rule, check in (tenant_checks() if rendered.first_of_class else _OF_A_TENANT).items():
        if rule not in without:
            yield from check(rendered)


def check_repository(repository: Repository, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what every rule finds in all tenants together.

    Args:
        repository: All that is committed.
        without: Rules that are left out.
    """
    for rule, check in repository_checks().items():
        if rule not in without:
            yield from check(repository)
