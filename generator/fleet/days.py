"""What tenant files say of a day, held against today: a warning wherever the fleet is judged, an error of `due`. Pure.

No rule on a day is an error of `verify` or `check`: main would turn red at midnight, by nobody's doing.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from generator.findings.finding import Finding
from generator.findings.table import finding
from generator.fleet.model import Fleet, Tenant

DAYS_OF_A_SMALLER_PLAN: Final = 7
"""After so many days the second step of a change to a smaller plan is due."""


def due(fleet: Fleet, today: date) -> Iterator[Finding]:
    """Yield what is due in the files of all tenants, as warnings.

    Args:
        fleet: The tenants.
        today: The day.
    """
    for tenant in fleet.tenants:
        yield from _second_step(tenant, today)
        yield from _end_of_a_trial(tenant, today)


def _second_step(tenant: Tenant, today: date) -> Iterator[Finding]:
    kept = tenant.quota_from
    if kept is None or (days := (today - kept.since).days) <= DAYS_OF_A_SMALLER_PLAN:
        return
    fact = f"the quota of plan {kept.plan} is kept for {days} days, since {kept.since}"
    hint = f"complete the change to plan {tenant.plan}: tenantry set {tenant.name} --complete"
    yield finding("DUE001", tenant.document.place(("quotaFrom", "since")), fact, hint)


def _end_of_a_trial(tenant: Tenant, today: date) -> Iterator[Finding]:
    if tenant.expires is None or tenant.expires >= today:
        return
    fact = f"the trial ended on {tenant.expires}"
    hint = f"tenantry set {tenant.name} expires= if the company stays, or give it a later day"
    yield finding("DUE002", tenant.document.place(("expires",)), fact, hint)
