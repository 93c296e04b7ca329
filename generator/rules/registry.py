"""Which function checks which rule. A rule is one small function over rendered objects and one row of the catalog."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final, TypeVar

from generator.findings.catalog import RULES
from generator.findings.finding import Finding
from generator.render.rendered import Base, Rendered, Repository

TenantCheck = Callable[[Rendered], Iterator[Finding]]
BaseCheck = Callable[[Base], Iterator[Finding]]
RepositoryCheck = Callable[[Repository], Iterator[Finding]]
Check = TypeVar("Check", TenantCheck, BaseCheck, RepositoryCheck)

_OF_A_CLASS: Final[dict[str, TenantCheck]] = {}
_OF_A_TENANT: Final[dict[str, TenantCheck]] = {}
_OF_A_BASE: Final[dict[str, BaseCheck]] = {}
_OF_THE_REPOSITORY: Final[dict[str, RepositoryCheck]] = {}


def class_rule(rule: str) -> Callable[[TenantCheck], TenantCheck]:
    """Enter a function as the check of a rule for which a tenant's name and hosts make no difference.

    It looks at the first tenant of each class of equal renders and at no file of the tenant but its render.
    """
    return _enter(rule, _OF_A_CLASS, _OF_A_TENANT)


def tenant_rule(rule: str) -> Callable[[TenantCheck], TenantCheck]:
    """Enter a function as the check of a rule that looks at one tenant."""
    return _enter(rule, _OF_A_TENANT, _OF_A_CLASS)


def base_rule(rule: str) -> Callable[[BaseCheck], BaseCheck]:
    """Enter a function as the check of a rule that looks at one release of base/: once, not once a tenant."""
    return _enter(rule, _OF_A_BASE)


def repository_rule(rule: str) -> Callable[[RepositoryCheck], RepositoryCheck]:
    """Enter a function as the check of a rule that looks at all tenants together."""
    return _enter(rule, _OF_THE_REPOSITORY)


def _enter(rule: str, table: dict[str, Check], beside: Collection[str] = ()) -> Callable[[Check], Check]:
    def enter(check: Check) -> Check:
        if rule not in RULES or rule in table or rule in beside:
            raise ValueError(f"{rule} has no row in the catalog, or two functions that look at the same")
        table[rule] = check
        return check

    return enter


def tenant_checks() -> Mapping[str, TenantCheck]:
    """Return the checks that look at one tenant, by rule: those of a class and those of every tenant."""
    _load_families()
    return _OF_A_CLASS | _OF_A_TENANT


def base_checks() -> Mapping[str, BaseCheck]:
    """Return the checks that look at one release of base/, by rule."""
    _load_families()
    return _OF_A_BASE


def repository_checks() -> Mapping[str, RepositoryCheck]:
    """Return the checks that look at all tenants together, by rule."""
    _load_families()
    return _OF_THE_REPOSITORY


def rules() -> frozenset[str]:
    """Return the rules that have a check."""
    return frozenset((*tenant_checks(), *base_checks(), *repository_checks()))


def _load_families() -> None:
    pass


def check_tenant(rendered: Rendered, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what every rule finds in one tenant.

    Args:
        rendered: The tenant.
        without: Rules that are left out.
    """
    _load_families()
    for rule, check in (tenant_checks() if rendered.alike else _OF_A_TENANT).items():
        if rule not in without:
            yield from check(rendered)


def check_base(base: Base, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what every rule finds in one release of base/.

    Args:
        base: The release.
        without: Rules that are left out.
    """
    for rule, check in base_checks().items():
        if rule not in without:
            yield from check(base)


def check_repository(repository: Repository, without: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what every rule finds in all tenants together.

    Args:
        repository: All that is committed.
        without: Rules that are left out.
    """
    for rule, check in repository_checks().items():
        if rule not in without:
            yield from check(repository)
