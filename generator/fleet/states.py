"""The states that a company can be in, and the ways between them: the one table, of which the docs are made. Pure.

Everything that depends on a state asks this table: what `generate` writes, what `set` and `check` allow, and the page
docs/reference/states.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
RETIRING: Final = "retiring"
PURGING: Final = "purging"
DELETING: Final = "deleting"
RETIRED: Final = "retired"

PURGED: Final = (PURGING, DELETING, RETIRED)
"""The states that a company is in once its purge was approved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state of a company.

    Attributes:
        name: As the tenant file writes it; a company without the key is active.
        rendered: What its overlay holds, in words.
        argocd: What Argo CD does.
        stays: What stays of the company.
        parts: Folders of base/guard/states that its overlay names, each with the one for the exposure beside it.
        keys: Keys that the tenant file has in this state, and `state` itself.
        runs: Whether any pod runs.
        has_overlay: Whether there are an overlay and an AppProject.
        has_entry: Whether there is an entry, and so an Application.
    """

    name: str
    rendered: str
    argocd: str
    stays: str
    parts: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    runs: bool = True
    has_overlay: bool = True
    has_entry: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way from one state to another.

    Attributes:
        before, after: The two states.
        guard: What must be the case, in words; empty when nothing must.
        back: How one comes back, in words.
        approved: Whether it needs an approval that stands before the change.
        confirmed: Which key of `confirmed` says that somebody saw the step before it done; empty for none.
        argocd, stays: What Argo CD does and what stays, where that is not what the state after it says; else empty.
    """

    before: str
    after: str
    guard: str = ""
    back: str
    approved: bool = False
    confirmed: str = ""
    argocd: str = ""
    stays: str = ""


_ROWS: Final = (
    State(
        name=ACTIVE,
        rendered="all that the company has bought",
        argocd="keeps it as git says",
        stays="everything",
    ),
    State(
        name=SUSPENDED,
        rendered=(
            "workloads with 0 replicas and no autoscaler; every NetworkPolicy lets nothing in and out; the hosts lead"
            " to unavailablePage of platform.yaml (by an Ingress: they are not served at all)"
        ),
        argocd="scales to 0 and undoes whoever scales up; Synced and Healthy",
        stays="namespace, volumes, quota, keys",
        parts=("suspended",),
        runs=False,
    ),
    State(
        name=RETIRING,
        rendered="the main service with its volume mounted read-only; add-ons with 0 replicas and without their hosts",
        argocd="rolls the main service out once; Synced and Healthy",
        stays="namespace, volumes, quota, keys; people can fetch their files until retireOn",
        parts=("retiring",),
        keys=("retireOn",),
    ),
    State(
        name=PURGING,
        rendered="as suspended; Namespace, claims and AppProject lose what keeps Argo CD from deleting them",
        argocd="gives the Application its cascade finalizer; deletes nothing yet",
        stays="everything, unguarded",
        parts=("suspended", "purging"),
        keys=("retireOn", "backup"),
        runs=False,
    ),
    State(
        name=DELETING,
        rendered="as purging, and the entry is gone",
        argocd="deletes the Application with all its objects, the namespace last",
        stays="volumes of a class that retains, backups, keys in the secret store, logs",
        parts=("suspended", "purging"),
        keys=("retireOn", "backup", "confirmed"),
        runs=False,
        has_entry=False,
    ),
    State(
        name=RETIRED,
        rendered="nothing: the tenant file stays for ever as a tombstone",
        argocd="deletes the AppProject",
        stays="what the tombstone lists; `tenantry certificate NAME` prints it",
        keys=("retireOn", "backup", "confirmed", "tombstone"),
        runs=False,
        has_overlay=False,
        has_entry=False,
    ),
)

STATES: Final[Mapping[str, State]] = {state.name: state for state in _ROWS}
"""The states by name, in the order of a company's life."""

KEYS: Final = tuple(dict.fromkeys(key for state in _ROWS for key in state.keys))
"""Keys of a tenant file that belong to some states alone; a hold may stand in any."""

SYNCED: Final = "synced"
"""Key of `confirmed`: the Application was Synced without the guards, and with its finalizer."""

GONE: Final = "gone"
"""Key of `confirmed`: the Application was gone, and the namespace with it."""

_ONE_EDIT: Final = "one edit"
_PURGE: Final = "retireOn has passed; backup is given; there is no hold; an approval stands before the change"

WAYS: Final = (
    Way(before=ACTIVE, after=SUSPENDED, guard="platform.yaml has an unavailablePage", back=_ONE_EDIT),
    Way(before=ACTIVE, after=RETIRING, guard="retireOn is given", back=_ONE_EDIT),
    Way(before=SUSPENDED, after=ACTIVE, back=_ONE_EDIT),
    Way(before=SUSPENDED, after=RETIRING, guard="retireOn is given", back=_ONE_EDIT),
    Way(before=RETIRING, after=ACTIVE, back=_ONE_EDIT),
    Way(before=RETIRING, after=SUSPENDED, back=_ONE_EDIT),
    Way(before=RETIRING, after=PURGING, guard=_PURGE, back=_ONE_EDIT, approved=True),
    Way(before=PURGING, after=ACTIVE, back="from the start: an approval counts once"),
    Way(before=PURGING, after=SUSPENDED, back="from the start: an approval counts once"),
    Way(before=PURGING, after=RETIRING, back="from the start: an approval counts once"),
    Way(
        before=PURGING,
        after=DELETING,
        guard="the Application is Synced without the guards and with its finalizer: seen, or confirmed by somebody",
        back="none: what is being deleted does not come back",
        confirmed=SYNCED,
    ),
    Way(
        before=DELETING,
        after=PURGING,
        back=(
            "again to deleting, once it is Synced: for an Application that left its namespace behind, orphaned; to any"
            " other state with an approval"
        ),
        argocd="makes the Application again, and empty what of the company is gone already",
        stays="what was not deleted yet",
    ),
    Way(
        before=DELETING,
        after=RETIRED,
        guard="the Application and the namespace are gone: seen, or confirmed by somebody",
        back="restore the company from its tombstone (docs/guides/restore-a-company.md)",
        confirmed=GONE,
    ),
    Way(
        before=RETIRED,
        after=SUSPENDED,
        guard="an approval stands before the change",
        back="none needed",
        approved=True,
        argocd="makes the company again, with a new and empty volume unless the old one is kept for its claim",
        stays="what the tombstone lists",
    ),
)
"""Every way that there is; whoever stays in a state needs none."""


def runs(state: str, workload: str, service: str) -> bool:
    """Say whether a workload runs in a state.

    Args:
        state: The state.
        workload: The workload's name.
        service: Name of the workload that plans are counted in.
    """
    return state == ACTIVE or (state == RETIRING and workload == service)


def way(before: str, after: str) -> Way | None:
    """Return the way from one state to another; None when there is none."""
    return next((item for item in WAYS if (item.before, item.after) == (before, after)), None)


def next_states(before: str) -> tuple[str, ...]:
    """Return the states that a company can go to, in the order of the table."""
    return tuple(item.after for item in WAYS if item.before == before)
