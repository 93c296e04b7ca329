"""What Argo CD and Kubernetes will make of a change. Pure.

It is said for the Applications that tenantry makes: automated sync with pruning and server-side apply. What becomes of
one whose entry goes is read off its finalizers and the policy of its set.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from generator.diff.objects import Change, Edit
from generator.generate.argocd import FINALIZER
from generator.kube.fate import Fate, application_that_goes, left, pruned
from generator.kube.lenient import Object
from generator.kube.sync import FORCE, options
from generator.reading import quantity
from generator.rules.change import immutable_changes

APPLICATION: Final = "Application"
PROJECT: Final = "AppProject"
CLAIM: Final = "PersistentVolumeClaim"

_POD_OWNERS: Final = frozenset({"DaemonSet", "Deployment", "StatefulSet"})
"""Kinds that replace their pods when the template changes; a CronJob's next pod is new anyway."""


GRAVE: Final = frozenset(Fate) - {Fate.REPLACED, Fate.CHANGED, Fate.CREATED}
"""What is said before anything else: an object goes, or cannot become what git says."""

DATA: Final = ("Namespace", CLAIM, "PersistentVolume")
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
            return (left(change.before, leaving) if change.before["kind"] != APPLICATION else leaving), ()
        return pruned(change.before), ()
    if change.before["metadata"]["name"] != change.after["metadata"]["name"]:
        return Fate.REPLACED, ()
    fields = (*immutable_changes(change.before, change.after), *_smaller_claim(change.before, change.after))
    if not fields:
        return Fate.CHANGED, ()
    return (Fate.RECREATED if FORCE in options(change.after) else Fate.REFUSED), fields


def _smaller_claim(before: Object, after: Object) -> Iterable[str]:
    """Yield the field by which a claim would shrink, which the API server refuses."""
    if after["kind"] != CLAIM:
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


def leaving(before: Object | None, after: Object | None, sync_policy: Mapping[str, Any]) -> Fate | None:
    """Say what becomes of a tenant's objects when its Application goes; None when it does not go.

    Args:
        before: The Application before the change.
        after: The same after it.
        sync_policy: `spec.syncPolicy` of the set that makes it.
    """
    if before is None or after is not None:
        return None
    return application_that_goes(before, sync_policy, FINALIZER)


def is_paused(application: Object) -> bool:
    """Say whether Argo CD waits for somebody to sync an Application."""
    automated = application["spec"].get("syncPolicy", {}).get("automated", {})
    return automated.get("enabled") is False
