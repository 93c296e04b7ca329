"""What a setting of Argo CD may say: a line of its policy is read as Argo CD reads it."""

import pytest

from generator.model.argocd_settings import why_not

COMPANIES = ("company-001",)


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("g, company-001:viewers, role:admin", "company-001:viewers"),
        ('g, "company-001:viewers", role:admin', "company-001:viewers"),
        ("p,*,applications,get,*/*,allow", "*"),
    ],
)
def test_a_policy_grants_nothing_to_a_company_or_to_everybody(line: str, subject: str) -> None:
    """Also when the company stands in quotes."""
    assert why_not("argocd-rbac-cm", "policy.csv", f"# who may\n{line}\n", COMPANIES) == (
        f"the line {line!r} grants something to {subject}"
    )


def test_a_setting_that_has_no_value_here_says_why() -> None:
    """Argo CD looks at everything, and nobody has rights unasked."""
    assert why_not("argocd-cm", "resource.exclusions", "- kinds: [Secret]", COMPANIES) == (
        "'- kinds: [Secret]': what Argo CD does not look at, it neither compares nor puts right"
    )
    assert why_not("argocd-rbac-cm", "policy.default", "role:admin", COMPANIES) == (
        "'role:admin': nobody may have rights unasked"
    )
    assert why_not("argocd-cm", "resource.exclusions", "", COMPANIES) == ""


def test_a_policy_may_grant_something_to_the_provider() -> None:
    """Whom it names is nobody's company."""
    assert why_not("argocd-rbac-cm", "policy.csv", "# company-001\ng, ops, role:admin\n", COMPANIES) == ""
