"""What Argo CD and Kubernetes will make of a change. Pure.

It is said for the Applications that tenantry makes: automated sync with pruning and server-side apply, an
ApplicationSet that preserves resources on deletion, and the cascade finalizer for the state `purging` alone.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from generator.diff.objects import Change, Edit
from generator.generate.argocd import FINALIZER
from generator.kube.lenient import Object
from generator.kube.sync import CONFIRM, FORCE, KEEP, options
from generator.reading import quantity
from generator.rules.change import immutable_changes

APPLICATION: Final = "Application"
PROJECT: Final = "AppProject"

_POD_OWNERS: Final = frozenset({"DaemonSet", "Deployment", "StatefulSet"})
"""Kinds that replace their pods when the template changes; a CronJob's next pod is new anyway."""


class Fate(StrEnum):
    """What becomes of an object, the gravest first.

    Attributes:
        PURGED: Argo CD deletes it with its Application, which carries the finalizer for that.
        PRUNED: Argo CD deletes it, because git holds it no more.
        ORPHANED: Its Application goes, and it stays in the cluster without one.
        KEPT: Git holds it no more, and `Prune=false` keeps it in the cluster.
        HELD: Git holds it no more, and `Prune=confirm` waits for somebody's word.
        RECREATED: `Force=true` deletes it and creates it again.
        REFUSED: The API server refuses the change, so the sync fails until it is taken back.
        REPLACED: Its name ends in a hash of its content: the new one comes, then the old one goes.
        CHANGED: It is changed in its place.
        CREATED: It is new.
    """

    PURGED = "purged"
    PRUNED = "pruned"
    ORPHANED = "orphaned"
    KEPT = "kept"
    HELD = "held"
    RECREATED = "recreated"
    REFUSED = "refused"
    REPLACED = "replaced"
    CHANGED = "changed"
    CREATED = "created"


GRAVE: Final = frozenset({Fate.PURGED, Fate.PRUNED, Fate.ORPHANED, Fate.KEPT, Fate.HELD, Fate.RECREATED, Fate.REFUSED})
"""What is said before anything else: an object goes, or cannot become what git says."""

DATA: Final = ("Namespace", "PersistentVolumeClaim", "PersistentVolume")
"""Kinds that take a customer's files with them, and so come first of all."""


def fate(change: Change, leaving: Fate | None = None) -> tuple[Fate, tuple[str, ...]]:
    """Say what becomes of an object.

    Args:
        change: The object before and after.
        leaving: What becomes of the objects of a tenant whose Application goes; None while it stays.

    Returns:
        The fate, and for `REFUSED` and `RECREATED` the fields that cannot be changed.
    """
    if change.before is None:
        return Fate.CREATED, ()
    if change.after is None:
        # an AppProject is not the tenant's own Application's, but that of the shard, which stays
        if leaving is not None and change.before["kind"] != PROJECT:
            return leaving, ()
        return _gone(change.before), ()
    if change.before["metadata"]["name"] != change.after["metadata"]["name"]:
        return Fate.REPLACED, ()
    fields = (*immutable_changes(change.before, change.after), *_smaller_claim(change.before, change.after))
    if not fields:
        return Fate.CHANGED, ()
    return (Fate.RECREATED if FORCE in options(change.after) else Fate.REFUSED), fields


def _gone(obj: Object) -> Fate:
    """Return the fate of an object that git holds no more; Argo CD reads the options of the live one."""
    if KEEP in options(obj):
        return Fate.KEPT
    return Fate.HELD if CONFIRM in options(obj) else Fate.PRUNED


def _smaller_claim(before: Object, after: Object) -> Iterable[str]:
    """Yield the field by which a claim would shrink, which the API server refuses."""
    if after["kind"] != "PersistentVolumeClaim":
        return
    sizes = [item["spec"].get("resources", {}).get("requests", {}).get("storage") for item in (before, after)]
    try:
        old, new = (quantity.octets(str(text)) for text in sizes)
    except ValueError:
        return
    if new < old:
        yield "spec.resources.requests.storage"


def restarts_pods(change: Change, edits: Iterable[Edit]) -> bool:
    """Say whether pods that run are replaced: their template differs, in whatever way."""
    if change.before is None or change.after is None or change.after["kind"] not in _POD_OWNERS:
        return False
    return any(edit.path[:2] == (".spec", ".template") for edit in edits)


def leaving(application_before: Object | None, application_after: Object | None) -> Fate | None:
    """Say what becomes of a tenant's objects when its Application goes; None when it does not go."""
    if application_before is None or application_after is not None:
        return None
    return Fate.PURGED if FINALIZER in application_before["metadata"].get("finalizers", ()) else Fate.ORPHANED


def is_paused(application: Object) -> bool:
    """Say whether Argo CD waits for somebody to sync an Application."""
    automated = application["spec"].get("syncPolicy", {}).get("automated", {})
    return automated.get("enabled") is False
