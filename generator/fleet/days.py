"""What tenant files say of a day, held against today: a warning wherever the fleet is judged, an error of `due`. Pure.

No rule on a day is an error of `verify` or `check`: main would turn red at midnight, by nobody's doing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from generator.findings.finding import Finding
from generator.findings.table import finding
from generator.fleet.model import Fleet, Tenant
from generator.fleet.states import ACTIVE, DELETING, PURGING, RETIRED, RETIRING, SUSPENDED

DAYS_OF_A_SMALLER_PLAN: Final = 7
"""After so many days the second step of a change to a smaller plan is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that is due.

    Attributes:
        tenant: Whose.
        finding: What, as a warning, with the commands that there are.
        edit: The keys to set, by which a plain edit does it (empty removes the key); none where somebody has to look
            first, to decide, or to say where a backup is.
    """

    tenant: Tenant
    finding: Finding
    edit: Mapping[str, str] = field(default_factory=dict)


def due(fleet: Fleet, today: date) -> Iterator[Due]:
    """Yield what is due in the files of all tenants.

    Args:
        fleet: The tenants.
        today: The day.
    """
    for tenant in fleet.tenants:
        yield from _second_step(tenant, today)
        yield from _end_of_a_trial(tenant, today)
        yield from _end_of_a_pin(tenant, today)
        yield from _end_of_a_pause(tenant, today)
    yield from _purges(fleet, today)
    yield from _steps_of_purges(fleet)


def warnings(fleet: Fleet, today: date) -> Iterator[Finding]:
    """Yield the same as what is found where the fleet is judged."""
    return (item.finding for item in due(fleet, today))


def purges(fleet: Fleet, today: date) -> Iterator[tuple[date, Tenant]]:
    """Yield the companies that are to be purged, each with the day on which it can be, the budget kept: a forecast.

    Args:
        fleet: The tenants.
        today: The day; what was due before can be done from it on.
    """
    most = fleet.platform.budget.purges_per_day
    leaving = (tenant for tenant in fleet.tenants if tenant.state == RETIRING and tenant.hold is None)
    dated = ((tenant.retire_on, tenant.name, tenant) for tenant in leaving if tenant.retire_on is not None)
    waiting = sorted(one for one in dated if one[0] < date.max)  # behind the calendar's last day there is none
    free: dict[date, int] = {}
    for last, _, tenant in waiting:
        day = max(last + timedelta(days=1), today)
        while most is not None and most > 0 and free.get(day, 0) >= most and day < date.max:
            day += timedelta(days=1)
        free[day] = free.get(day, 0) + 1
        yield day, tenant


def _purges(fleet: Fleet, today: date) -> Iterator[Due]:
    """DUE: whose last day has passed and can be purged, as many as one day allows; the rest is for the next days."""
    for day, tenant in purges(fleet, today):
        if tenant.retire_on is not None and tenant.retire_on < today:
            when = "can be purged" if day == today else f"can be purged on {day}, budget.purgesPerDay kept"
            fact = f"the last day of {tenant.name} was {tenant.retire_on}: it {when}"
            hint = f"tenantry set {tenant.name} state=purging backup=WHERE, or give it a later day"
            yield Due(tenant=tenant, finding=finding("DUE003", tenant.document.place(("retireOn",)), fact, hint))


def _steps_of_purges(fleet: Fleet) -> Iterator[Due]:
    for tenant in (*fleet.tenants, *fleet.departed):
        if tenant.state in (PURGING, DELETING):
            following = DELETING if tenant.state == PURGING else RETIRED
            fact = f"{tenant.name} is {tenant.state}, and waits for the next step"
            hint = f"tenantry set {tenant.name} state={following} --kubeconfig FILE"
            yield Due(tenant=tenant, finding=finding("DUE004", tenant.document.place(("state",)), fact, hint))


def _second_step(tenant: Tenant, today: date) -> Iterator[Due]:
    kept = tenant.quota_from
    if kept is None or (days := (today - kept.since).days) <= DAYS_OF_A_SMALLER_PLAN:
        return
    fact = f"the quota of plan {kept.plan} is kept for {days} days, since {kept.since}"
    hint = f"complete the change to plan {tenant.plan}: tenantry set {tenant.name} --complete"
    yield Due(tenant=tenant, finding=finding("DUE001", tenant.document.place(("quotaFrom", "since")), fact, hint))


def _end_of_a_trial(tenant: Tenant, today: date) -> Iterator[Due]:
    """A trial that nobody turned into a contract is suspended: its data stay, and one edit brings it back."""
    if tenant.expires is None or tenant.expires >= today:
        return
    suspends = {"state": SUSPENDED} if tenant.state == ACTIVE else {}
    edit = {**suspends, "expires": ""}
    fact = f"the trial ended on {tenant.expires}"
    stays = f"{_command(tenant, {'expires': ''})} if the company stays, or give it a later day"
    ends = f"{_command(tenant, edit)} ends it"
    hint = f"{ends}; {stays}" if suspends else f"{ends}, which is {tenant.state} already"
    yield Due(tenant=tenant, finding=finding("DUE002", tenant.document.place(("expires",)), fact, hint), edit=edit)


def _end_of_a_pin(tenant: Tenant, today: date) -> Iterator[Due]:
    if tenant.pin is None or tenant.pin.until >= today:
        return
    edit = {"pin.release": "", "pin.until": "", "pin.reason": ""}
    fact = f"it is pinned to release {tenant.pin.release} until {tenant.pin.until}: {tenant.pin.reason}"
    hint = f"let it follow its ring: {_command(tenant, edit)}"
    yield Due(tenant=tenant, finding=finding("DUE005", tenant.document.place(("pin", "until")), fact, hint), edit=edit)


def _end_of_a_pause(tenant: Tenant, today: date) -> Iterator[Due]:
    if tenant.paused is None or tenant.paused.until >= today:
        return
    edit = {"paused.until": "", "paused.reason": ""}
    fact = f"it is paused until {tenant.paused.until}: {tenant.paused.reason}"
    hint = f"let it go on: {_command(tenant, edit)}; or give a later day"
    place = tenant.document.place(("paused", "until"))
    yield Due(tenant=tenant, finding=finding("DUE006", place, fact, hint), edit=edit)


def _command(tenant: Tenant, edit: Mapping[str, str]) -> str:
    return " ".join(("tenantry set", tenant.name, *(f"{key}={value}" for key, value in edit.items())))
