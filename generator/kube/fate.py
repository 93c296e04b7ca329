"""What Argo CD makes of an object that git holds no more, or whose Application goes. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from generator.kube.lenient import mapping
from generator.kube.sync import CONFIRM, CONFIRM_DELETE, KEEP, SPARE, options

_NEVER_DELETES: Final = ("create-only", "create-update")
"""The values of applicationsSync by which a set leaves an Application alone whose entry is gone."""


class Fate(StrEnum):
    """What becomes of an object, the gravest first.

    Attributes:
        PURGED: Argo CD deletes it with its Application, which carries the finalizer for that.
        PRUNED: Argo CD deletes it, because git holds it no more.
        SPARED: Its Application is deleted with all else, and `Delete=false` keeps it.
        ORPHANED: Its Application goes, and it stays in the cluster without one.
        STAYS: Its entry goes, and the set's policy keeps its Application.
        KEPT: Git holds it no more, and `Prune=false` keeps it in the cluster.
        HELD: Git holds it no more, and `Prune=confirm` or `Delete=confirm` waits for somebody's word.
        RECREATED: `Force=true` deletes it and creates it again.
        REFUSED: The API server refuses the change, so the sync fails until it is taken back.
        REPLACED: Its name ends in a hash of its content: the new one comes, then the old one goes.
        CHANGED: It is changed in its place.
        CREATED: It is new.
    """

    PURGED = "purged"
    PRUNED = "pruned"
    SPARED = "spared"
    ORPHANED = "orphaned"
    STAYS = "stays"
    KEPT = "kept"
    HELD = "held"
    RECREATED = "recreated"
    REFUSED = "refused"
    REPLACED = "replaced"
    CHANGED = "changed"
    CREATED = "created"


def pruned(obj: Mapping[str, Any]) -> Fate:
    """Return the fate of an object that git holds no more; Argo CD reads the options of the live one."""
    held = options(obj)
    if KEEP in held:
        return Fate.KEPT
    return Fate.HELD if CONFIRM in held else Fate.PRUNED


def left(obj: Mapping[str, Any], leaving: Fate) -> Fate:
    """Return the fate of an object whose Application goes.

    Args:
        obj: The object.
        leaving: How its Application goes, see `application_that_goes`.
    """
    if leaving is not Fate.PURGED:
        return leaving
    held = options(obj)
    if SPARE in held:
        return Fate.SPARED
    return Fate.HELD if CONFIRM_DELETE in held else Fate.PURGED


def application_that_goes(application: Mapping[str, Any], sync_policy: Mapping[str, Any], finalizer: str) -> Fate:
    """Say what becomes of an Application whose entry is gone, and so of its objects.

    Args:
        application: The Application.
        sync_policy: `spec.syncPolicy` of its set.
        finalizer: What makes Argo CD delete the objects with the Application.
    """
    if sync_policy.get("applicationsSync") in _NEVER_DELETES:
        return Fate.STAYS
    finalizers = mapping(application.get("metadata")).get("finalizers") or ()
    # a set that does not preserve gives its Applications the finalizer, unless its template has finalizers of its own
    added = not finalizers and sync_policy.get("preserveResourcesOnDeletion") is not True
    return Fate.PURGED if finalizer in finalizers or added else Fate.ORPHANED
