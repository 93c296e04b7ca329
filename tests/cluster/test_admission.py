"""What our checks accept, the API server takes; what git leaves out, Argo CD sees."""

import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import yaml

from generator.kube import schemas, typed
from tests.cluster.cluster import Cluster
from tests.cluster.fleet import Fleet
from tests.cluster.kube import Object, RefusedError
from tests.cluster.waiting import until
from tests.rules.harness import COMPANY, good_repository
from tests.slow.mutate import mutated
from tests.slow.test_validation_oracle import VERSION, cases, may_be_a_tenants, ours, refused_by_others

NUMBER: Final = 500
SEED: Final = 20261126
NAMESPACE: Final = "default"

OF_THE_CLUSTER: Final = (
    "provided IP is not in the valid range",
    "provided port is not in the valid range",
    "failed to allocate IP",
    "is forbidden: user",
    "not configured on this cluster",
)
"""Words of refusals that depend on what is in a cluster: no check of one object can know."""


@pytest.mark.claim("what our checks accept beyond the schemas, the API server takes by server-side apply")
def test_what_ours_accept_the_api_server_takes(cluster: Cluster) -> None:
    """Five hundred objects of Kubernetes' own kinds, each changed in a few places, by a strict dry run."""
    accepted = [one for one in cases(NUMBER) if not list(ours(one))]
    refused = {index: words for index, one in enumerate(accepted) if (words := _refusal(cluster, one))}
    (company,) = (item for item in good_repository().rendered if item.tenant.name == COMPANY)
    assert [
        (words, accepted[index])
        for index, words in refused.items()
        if not (may_be_a_tenants(accepted[index]) and refused_by_others(accepted[index], company))
    ] == []
    assert len(accepted) - len(refused) > NUMBER / 4


@pytest.mark.claim("what our checks accept of custom resources, their definitions' CEL rules accept")
def test_what_ours_accept_of_custom_resources_their_rules_accept(cluster: Cluster) -> None:
    """Five hundred objects of the kinds that definitions bring, each changed in a few places, by a strict dry run."""
    taken, found = 0, []
    for one in _custom(NUMBER):
        words = _refusal(cluster, one)
        taken += not words
        if words:
            found.append((words, one))
    assert found == []
    assert taken == NUMBER


def _custom(number: int) -> Iterator[dict[str, Any]]:
    """Yield mutated custom resources that ours accept."""
    good = [obj for item in good_repository().rendered for obj in item.objects if _is_custom(obj)]
    good += [item.project.data for item in good_repository().rendered]
    good += [yaml.safe_load(text) for file, text in good_repository().files.items() if file.endswith("set.yaml")]
    dice = random.Random(SEED)  # noqa: S311 -- cases, not keys
    while number:
        one = mutated(dice, VERSION, dice.choice(good))
        checker = schemas.checker(VERSION, one["apiVersion"], one["kind"])
        if checker is not None and checker.accepts(one) and not list(ours(one)):
            number -= 1
            yield one


def _is_custom(one: Mapping[str, Any]) -> bool:
    return not typed.is_of_kubernetes(typed.schema_of(VERSION, one) or {})


def _refusal(cluster: Cluster, one: Mapping[str, Any]) -> str:
    """Return what the API server says against an object in a namespace that is there, or nothing."""
    of_a_namespace = one["kind"] not in ("ClusterRole", "ClusterRoleBinding", "Namespace")
    metadata = {**one["metadata"], **({"namespace": NAMESPACE} if of_a_namespace else {})}
    try:
        cluster.kube.try_to_apply({**one, "metadata": metadata})
    except RefusedError as refused:
        words = str(refused)
        return "" if any(text in words for text in OF_THE_CLUSTER) else words
    return ""


LEFT_OUT: Final = (
    ("base/edge/core/fileserver.yaml", r"\n +decodingStrategy: None", "ExternalSecret", "fileserver-users"),
    ("base/edge/components/gateway/fileserver.yaml", r"\n +weight: 1", "HTTPRoute", "fileserver"),
)
"""A file, a default in it, and the kind and name of the object that has it."""


@pytest.mark.claim(
    "a default of a definition that git leaves out is a difference for Argo CD, and one written out is none"
)
@pytest.mark.parametrize(("path", "default", "kind", "object_name"), LEFT_OUT, ids=[item[2] for item in LEFT_OUT])
def test_a_default_that_git_leaves_out_is_a_difference(
    cluster: Cluster, fleet: Fleet, path: str, default: str, kind: str, object_name: str
) -> None:
    """The Application was Synced with it; without it the object is OutOfSync, and every sync leaves it so."""
    name = fleet.names()[0]
    with fleet.changed():
        fleet.await_published(name)
        file = fleet.deployed.folder / path
        text = file.read_text()
        assert re.search(default, text)
        file.write_text(re.sub(default, "", text))
        fleet.force("Leave a default out")
        commit = fleet.deployed.git("rev-parse", "HEAD").strip()
        cluster.argocd.refresh(name)

        seen = [until("it is compared", lambda: _status(cluster, name, commit), seconds=120) for _ in range(2)]
        until("it was synced, and is not", lambda: _synced_and_is_not(cluster, name, commit), seconds=120)

        assert seen[-1] == {(kind, object_name)}
        fleet.await_shards()


def _status(cluster: Cluster, name: str, commit: str) -> set[tuple[str, str]] | None:
    """Return which objects of an Application are OutOfSync at a commit; None while it looks at another."""
    status: Object = cluster.argocd.application(name).get("status", {})
    if status.get("sync", {}).get("revision") != commit:
        return None
    return {(item["kind"], item["name"]) for item in status.get("resources", []) if item.get("status") == "OutOfSync"}


def _synced_and_is_not(cluster: Cluster, name: str, commit: str) -> bool:
    status: Object = cluster.argocd.application(name).get("status", {})
    operation = status.get("operationState", {})
    done = operation.get("phase") == "Succeeded" and operation.get("syncResult", {}).get("revision") == commit
    return bool(done and status.get("sync", {}).get("status") == "OutOfSync")
