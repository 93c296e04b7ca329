"""A company goes from one state to the next, as its tenant file says it, once what the way demands is the case."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from generator.findings.finding import TenantryError
from generator.fleet.model import Platform
from generator.fleet.states import ACTIVE, DELETING, KEYS, PURGING, RETIRED, STATES, SYNCED, Way, next_states, way
from generator.git import ancestry, door
from generator.git.snapshot import Snapshot
from generator.history.events import events
from generator.history.walk import line
from generator.kube.lenient import mapping, string
from generator.lifecycle import edit, leaving, plans
from generator.pipeline import validated_platform
from generator.reading import yaml_reader
from generator.reading.yaml_editor import edited, quoted_if_needed

_CLUSTER: Final = "the cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Who says that the step before is done.

    Attributes:
        kubeconfig: How to reach the cluster, which is asked; None to ask nobody.
        name: Who looked; empty for nobody.
    """

    kubeconfig: Path | None = None
    name: str = ""


def changed(
    snapshot: Snapshot, name: str, changes: Mapping[str, str], witness: Witness, today: date
) -> tuple[str, str, str]:
    """Return path, present text and new text of a tenant file with another state, and the keys that belong to it.

    Args:
        snapshot: The repository.
        name: The tenant.
        changes: As for `edit.edited_tenant`, the state among them; empty or `active` for the first.
        witness: Who says that the step before is done, where the way needs that.
        today: The day.

    Raises:
        TenantryError: There is no such tenant or way, or what the way demands is not the case.
        Refused: The file would have errors.
        EnvironmentProblem: The cluster cannot be asked.
    """
    wanted = changes["state"] or ACTIVE
    others = {key: value for key, value in changes.items() if key != "state"}
    file, before, after = edit.edited_tenant(snapshot, name, {})
    platform = validated_platform(snapshot)
    data = _data(file, before)
    present = string(data.get("state")) or ACTIVE
    step = way(present, wanted)
    if wanted != present and step is None:
        _refuse(name, present, wanted)
    own = {"state": "" if wanted == ACTIVE else wanted}
    file, before, after = plans.proposed(snapshot, name, {**own, **others}, today)
    after = edited(after, lambda now: _without_others(now, wanted, others))
    if step is not None:
        _refuse_early(name, step, _data(file, after), today)
        _refuse_paused(name, step, data)
        after = _with_witness(after, name, step, platform, witness, today)
    if wanted == RETIRED and present != RETIRED:
        stone = _tombstone(snapshot, name, platform, _data(file, after), witness, today)
        after = edited(after, lambda now: now.update(tombstone=stone))
    edit.refuse_bad(snapshot, {file: after})
    return file, before, after


def _data(file: str, text: str) -> Mapping[str, Any]:
    document, _ = yaml_reader.read(file, text.encode(errors="surrogateescape"))
    return mapping(document.data if document is not None else None)


def _refuse(name: str, present: str, wanted: str) -> None:
    ways = "; ".join(f"tenantry set {name} state={state}" for state in next_states(present))
    if wanted not in STATES:
        raise TenantryError(f"there is no state {wanted!r}", f"from {present} there is: {ways}")
    raise TenantryError(f"{name} cannot go from {present} to {wanted}", f"from {present} there is: {ways}")


def _without_others(data: Any, state: str, given: Mapping[str, str]) -> None:
    """Take out the keys that mean nothing in a state, unless somebody writes them at this very moment."""
    for key in KEYS:
        if key not in STATES[state].keys and key not in given:
            data.pop(key, None)
    if state == PURGING:
        data.pop("confirmed", None)


def _refuse_early(name: str, step: Way, data: Mapping[str, Any], today: date) -> None:
    """Refuse a purge before its day, or of a company on hold."""
    hold, last = mapping(data.get("hold")), string(data.get("retireOn"))
    if step.after in (PURGING, DELETING) and hold:
        fact = f"{name} is on hold since {hold.get('since')}: {hold.get('reason')}"
        raise TenantryError(fact, f"once the hold ends: tenantry set {name} hold.reason= hold.since=")
    if step.after == PURGING and step.before != DELETING and last and str(today) <= last:
        raise TenantryError(f"{name} was told that its files are there until {last}", "wait until that day has passed")


def _refuse_paused(name: str, step: Way, present: Mapping[str, Any]) -> None:
    """Refuse to delete a company of which nothing is synced."""
    paused = mapping(present.get("paused"))
    if step.after == DELETING and paused:
        fact = f"{name} is paused until {paused.get('until')}, so Argo CD has not taken its guards out"
        hint = f"end the pause, merge that and wait: tenantry set {name} paused.until= paused.reason="
        raise TenantryError(fact, hint)


def _with_witness(text: str, name: str, step: Way, platform: Platform, witness: Witness, today: date) -> str:
    """Return the text with who saw that the step before is done.

    Raises:
        TenantryError: Nobody says so, or the cluster says otherwise.
    """
    if not step.confirmed:
        return text
    what = "Synced without its guards" if step.confirmed == SYNCED else "gone, and its namespace too"
    if witness.kubeconfig is not None:
        waits = list(leaving.waits(witness.kubeconfig, platform.argocd.namespace, name, step.confirmed))
        if waits:
            hint = "wait, and try again"
            if leaving.ORPHANED in waits:
                hint = f"let Argo CD find it again: tenantry set {name} state={PURGING}"
            raise TenantryError(f"{name} is not {what}: {'; '.join(waits)}", hint)
    elif not witness.name:
        fact = f"somebody must have seen that the Application {name} is {what}"
        again = f"tenantry set {name} state={step.after}"
        raise TenantryError(fact, f"{again} --kubeconfig FILE, or --confirmed-by NAME")
    said = {"by": quoted_if_needed(witness.name or _CLUSTER), "date": quoted_if_needed(str(today))}
    return edited(text, lambda data: data.setdefault("confirmed", {}).update({step.confirmed: said}))


def _tombstone(
    snapshot: Snapshot, name: str, platform: Platform, data: Mapping[str, Any], witness: Witness, today: date
) -> dict[str, Any]:
    repository = door.open_repository(snapshot.home)
    told = events(line(repository, ancestry.commit_of(repository, "HEAD")))
    moves = (event for event in told if (event.what, event.company) == ("state", name))
    commits = {event.after: event.commit for event in moves if event.after not in (ACTIVE, RETIRED)}
    items = [*_volumes(name, witness), *_others(name, string(data.get("backup")), platform)]
    return {
        "since": quoted_if_needed(str(today)),
        "by": quoted_if_needed(ancestry.author(repository)),
        "commits": {state: quoted_if_needed(commit) for state, commit in commits.items()},
        "remains": [{"what": quoted_if_needed(what), "command": quoted_if_needed(way)} for what, way in items],
    }


def _volumes(name: str, witness: Witness) -> Iterator[tuple[str, str]]:
    """Yield the volumes that are left, by their names where the cluster was asked."""
    if witness.kubeconfig is None:
        path = f'{{.items[?(@.spec.claimRef.namespace=="{name}")].metadata.name}}'
        yield (
            "volumes that their class retains: nobody looked which",
            f"kubectl get persistentvolumes --output=jsonpath='{path}'",
        )
        return
    for volume, policy in leaving.volumes(witness.kubeconfig, name):
        yield f"volume {volume} ({policy})", f"kubectl delete persistentvolume {volume}"


def _others(name: str, backup: str, platform: Platform) -> Iterator[tuple[str, str]]:
    path = "".join(platform.cluster.declared.get("secrets.path", ("kv",)))
    yield f"backup {backup}, not verified", "erase it where it is kept, when its time has come"
    yield f"keys in the secret store below tenants/{name}/", f"vault kv list -mount={path} tenants/{name}"
    yield f"logs, metrics and traces of the namespace {name}", "their own retention ends them"
    yield "the company's name, hosts and plans in git", f"git log -- tenants/{name}.yaml"
