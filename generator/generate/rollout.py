"""How long a roll-out takes at worst, and whether a maintenance window holds it. Pure.

On a real API server a Deployment of equal pods was seen to replace one pod every minReadySeconds for each pod of its
surge, when the quota has the headroom for it; the last ones then take their grace to end. How long a program needs to
be ready is not in the render: it comes on top, and so windows are counted in whole hours.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from generator.findings.finding import Finding
from generator.findings.table import finding
from generator.fleet.model import Tenant
from generator.generate.headroom import Once, Ordered, Recreating, Replacing, Rolling, Workload
from generator.generate.size import Size

LOOKS_EVERY: Final = timedelta(minutes=15)
"""How often the pipeline looks which windows are open: it must meet the time in which a roll-out still fits."""

LONGEST: Final = 24
"""Hours of a window at most, as the schema has it."""

_MINUTE: Final = timedelta(minutes=1)


def longest(numbers: Size) -> timedelta:
    """Return how long a roll-out takes of all that a tenant runs, with as many pods as were sold."""
    running = [(scaling.workload, scaling.sold_max) for scaling in numbers.scalings]
    running += [(other, other.most) for other in numbers.others]
    return timedelta(seconds=max((_seconds(workload, pods) for workload, pods in running), default=0))


def _seconds(workload: Workload, pods: int) -> int:
    match workload.motion:
        case Rolling() as rolling:
            above, below = rolling.step(pods)
            return -(-pods // max(above + below, 1)) * rolling.ready + workload.grace
        case Recreating():
            return workload.grace
        case Ordered():
            return pods * workload.grace
        case Once() | Replacing():
            return 0


def problems(tenant: Tenant, numbers: Size) -> Iterator[Finding]:
    """REL003: yield that a window is too short for a roll-out of the tenant's pods.

    Args:
        tenant: Whose window.
        numbers: Its numbers on the release that it runs, or that comes to it.
    """
    if tenant.window is None:
        return
    takes = longest(numbers)
    if tenant.window.length < takes + LOOKS_EVERY:
        hours = -(-(takes + LOOKS_EVERY) // timedelta(hours=1))
        fact = (
            f"maintenance.for: a roll-out of plan {tenant.plan} takes {takes // _MINUTE} minutes at worst, and it may"
            f" begin {LOOKS_EVERY // _MINUTE} minutes after the window opens"
        )
        hint = f"tenantry set {tenant.name} maintenance.for={hours}h"
        if hours > LONGEST:
            hint = f"no window is that long, so let it move at any time: tenantry set {tenant.name} maintenance="
        yield finding("REL003", tenant.document.place(("maintenance", "for")), fact, hint)
