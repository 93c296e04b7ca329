"""The state of all companies by their Applications: who is there, who waits, who has drifted from git. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from generator.findings.words import plural
from generator.kube.lenient import Object, mapping, mappings, string


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One company.

    Attributes:
        company, ring, plan: Who, as its Application's labels say.
        sync: `Synced`, `OutOfSync` or `Unknown`; `missing` without an Application.
        health: As Argo CD calls it.
        revision: The commit that Argo CD has compared the cluster with.
        said: What Argo CD says of the last sync, where it did not succeed.
    """

    company: str
    ring: str
    plan: str
    sync: str
    health: str
    revision: str
    said: str

    @property
    def is_well(self) -> bool:
        """Whether it is as git says, and runs."""
        return self.sync == "Synced" and self.health == "Healthy"


def states(applications: Iterable[Object], companies: Mapping[str, tuple[str, str]]) -> tuple[State, ...]:
    """Return the state of each company, by name.

    Args:
        applications: Those that Argo CD has.
        companies: The companies of git that are asked for, with ring and plan.
    """
    found = {string(mapping(application.get("metadata")).get("name")): application for application in applications}
    return tuple(_state(name, found.get(name), ring, plan) for name, (ring, plan) in sorted(companies.items()))


def _state(name: str, application: Object | None, ring: str, plan: str) -> State:
    if application is None:
        return State(company=name, ring=ring, plan=plan, sync="missing", health="missing", revision="", said="")
    status = mapping(application.get("status"))
    sync, operation = mapping(status.get("sync")), mapping(status.get("operationState"))
    conditions = [string(condition.get("message")) for condition in mappings(status.get("conditions"))]
    failed = string(operation.get("message")) if operation.get("phase") in ("Failed", "Error") else ""
    return State(
        company=name,
        ring=ring,
        plan=plan,
        sync=string(sync.get("status")) or "Unknown",
        health=string(mapping(status.get("health")).get("status")) or "Unknown",
        revision=string(sync.get("revision"))[:10],
        said=failed or next(filter(None, conditions), ""),
    )


def frozen(sets: Iterable[Object]) -> Iterator[str]:
    """Yield which ApplicationSets make and change no Application, and why."""
    for application_set in sets:
        for condition in mappings(mapping(application_set.get("status")).get("conditions")):
            if condition.get("type") == "ErrorOccurred" and condition.get("status") == "True":
                name = string(mapping(application_set.get("metadata")).get("name"))
                yield f"{name} is frozen: {string(condition.get('message'))}"


def summary(all_states: Collection[State]) -> str:
    """Say how many companies are well, and what is the matter with the others."""
    others = Counter(f"{state.sync}, {state.health}" for state in all_states if not state.is_well)
    well = sum(state.is_well for state in all_states)
    rest = "".join(f"; {number} {words}" for words, number in sorted(others.items()))
    companies = plural(len(all_states), "company") if len(all_states) == 1 else f"{len(all_states)} companies"
    return f"{well} of {companies} Synced and Healthy{rest}"
