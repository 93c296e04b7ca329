"""What becomes of an Application whose entry goes, and of each of its objects, by finalizers, policy and options."""

from typing import Any

import pytest

from generator.kube.fate import Fate, application_that_goes, left, pruned
from generator.kube.sync import SYNC_OPTIONS

CASCADE = "resources-finalizer.argocd.argoproj.io"
PRESERVES = {"applicationsSync": "sync", "preserveResourcesOnDeletion": True}


@pytest.mark.parametrize(
    ("finalizers", "policy", "fate"),
    [
        ([CASCADE], PRESERVES, Fate.PURGED),
        ([], PRESERVES, Fate.ORPHANED),
        (["somebody.example.com/waits"], PRESERVES, Fate.ORPHANED),
        ([], {"applicationsSync": "sync"}, Fate.PURGED),
        (["somebody.example.com/waits"], {}, Fate.ORPHANED),
        ([CASCADE], {"applicationsSync": "create-update"}, Fate.STAYS),
        ([], {"applicationsSync": "create-only"}, Fate.STAYS),
        ([CASCADE], {"applicationsSync": "create-delete"}, Fate.PURGED),
    ],
)
def test_an_application_goes_by_its_finalizers_and_the_policy_of_its_set(
    finalizers: list[str], policy: dict[str, Any], fate: Fate
) -> None:
    """A set that does not preserve gives the finalizer to an Application that has none."""
    application = {"metadata": {"name": "acme", **({"finalizers": finalizers} if finalizers else {})}}

    assert application_that_goes(application, policy, CASCADE) is fate


@pytest.mark.parametrize(
    ("options", "with_it", "alone"),
    [
        ("", Fate.PURGED, Fate.PRUNED),
        ("Prune=false", Fate.PURGED, Fate.KEPT),
        ("Delete=false", Fate.SPARED, Fate.PRUNED),
        ("Prune=false,Delete=false", Fate.SPARED, Fate.KEPT),
        ("Prune=confirm", Fate.PURGED, Fate.HELD),
        ("Delete=confirm", Fate.HELD, Fate.PRUNED),
        ("ServerSideApply=true", Fate.PURGED, Fate.PRUNED),
    ],
)
def test_an_object_goes_by_its_options(options: str, with_it: Fate, alone: Fate) -> None:
    """With its Application by Delete, out of git alone by Prune; while it is orphaned or stays, they say nothing."""
    obj = {"kind": "ConfigMap", "metadata": {"name": "one", "annotations": {SYNC_OPTIONS: options}}}

    assert (left(obj, Fate.PURGED), pruned(obj)) == (with_it, alone)
    assert {left(obj, leaving) for leaving in (Fate.ORPHANED, Fate.STAYS)} == {Fate.ORPHANED, Fate.STAYS}
