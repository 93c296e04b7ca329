"""What makes pods is known in one place: each kind of it goes through every rule and proof."""

from dataclasses import replace
from typing import Any

import pytest

from generator.generate import workloads
from generator.kube.pods import TEMPLATES
from generator.proofs import quota
from generator.proofs.isolation import read
from generator.reachability.space import Space
from generator.rules import every
from tests.rules.harness import good_repository

BAD = {
    "metadata": {"labels": {"app.kubernetes.io/name": "intruder"}},
    "spec": {
        "hostNetwork": True,
        "containers": [
            {"name": "intruder", "image": "registry.example.com/intruder", "securityContext": {"privileged": True}}
        ],
        "volumes": [{"name": "disk", "hostPath": {"path": "/"}}],
    },
}
"""A pod that every rule of pods has something against."""

OF_PODS = {"K8S003", "SEC002", "SEC003", "SEC010", "SEC016"}
"""Rules that look at pods, whatever makes them."""

COUNTED = {"CronJob", "Deployment", "Job", "StatefulSet"}
"""Kinds with a formula for how many of their pods exist at once."""


def an_object(kind: str, template: dict[str, Any]) -> dict[str, Any]:
    """Return an object of a kind with a pod template in its place."""
    inside: Any = template
    for step in reversed(TEMPLATES[kind]):
        inside = {step: inside}
    if kind == "CronJob":
        inside["spec"]["concurrencyPolicy"] = "Forbid"  # with another one nobody knows how many runs overlap
    group = {"Pod": "v1", "ReplicationController": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
    metadata = {**inside.get("metadata", {}), "name": "intruder", "namespace": "company-001"}
    return {"apiVersion": group, "kind": kind, **inside, "metadata": metadata}


@pytest.mark.parametrize("kind", sorted(TEMPLATES))
def test_every_rule_of_pods_looks_at_it(kind: str) -> None:
    """A ReplicationController that one of two lists lacked passed with privileges."""
    good = good_repository().rendered[0]
    bad = an_object(kind, BAD)

    found = {
        one.rule
        for one in every.check_tenant(replace(good, objects=(*good.objects, bad)))
        if "intruder" in one.object + one.fact
    }

    assert found >= OF_PODS


@pytest.mark.parametrize("kind", sorted(TEMPLATES))
def test_the_quota_counts_it_or_says_that_it_cannot(kind: str) -> None:
    """No pod is left out of the sum in silence."""
    good = good_repository().rendered[0]
    resources = {side: {"cpu": "100m", "memory": "64Mi", "ephemeral-storage": "1Mi"} for side in ("requests", "limits")}
    template = {"metadata": BAD["metadata"], "spec": {"containers": [{"name": "a", "resources": resources}]}}
    objects = (*good.objects, an_object(kind, template))

    counted, problems = workloads.read(objects)
    proof = quota.prove(objects, good.platform.reserve)

    assert ("intruder" in {item.workload.name for item in counted}) is (kind in COUNTED)
    assert [problem.obj["kind"] for problem in problems] == ([] if kind in COUNTED else [kind])
    assert bool(proof.uncounted) is (kind not in COUNTED)


@pytest.mark.parametrize("kind", sorted(TEMPLATES))
def test_the_isolation_proof_has_its_pods(kind: str) -> None:
    """Whoever reaches it, and whom it reaches."""
    good = good_repository().rendered[0]

    space = read(replace(good, objects=(*good.objects, an_object(kind, BAD))))

    assert isinstance(space, Space)
    assert f"{kind}/intruder" in {pod.name for pod in space.pods}
