"""The proof that no subject of a tenant can leave its namespace."""

import dataclasses
from typing import Any, Final

import pytest

from generator.fleet.model import Cluster
from generator.generate.argocd import TENANT_KINDS
from generator.proofs.escape import FORBIDDEN, Action, Claim, accepts, excess, grants, opens_a_shell, prove_containment
from generator.render.rendered import Rendered
from tests.rules.harness import COMPANY, good_repository


def _good() -> Rendered:
    return next(item for item in good_repository().rendered if item.tenant.name == COMPANY)


def _with_rule(role: str, rule: dict[str, Any]) -> Rendered:
    """Give one Role of the good render one more rule."""
    good = _good()
    objects = tuple(
        {**obj, "rules": [*obj["rules"], rule]} if (obj["kind"], obj["metadata"]["name"]) == ("Role", role) else obj
        for obj in good.objects
    )
    return dataclasses.replace(good, objects=objects)


def test_every_company_of_this_repository_is_contained() -> None:
    """The proof holds for what the product shows of itself, and says how much it looked at."""
    rendered = good_repository().rendered

    proof = prove_containment(rendered)

    assert (proof.tenants, proof.proved, proof.counterexamples) == (6, 6, ())
    assert proof.questions == 6 * 6 * len(FORBIDDEN)
    assert proof.objects == sum(len(item.objects) for item in rendered)


def test_a_counterexample_names_the_company_the_claim_and_the_object() -> None:
    """One company with a Role too wide is not proved; the others are."""
    wide = _with_rule("support", {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]})
    others = [item for item in good_repository().rendered if item.tenant.name != COMPANY]

    proof = prove_containment([wide, *others])

    assert (proof.tenants, proof.proved) == (6, 5)
    assert {(way.tenant, way.claim, way.fact, way.object) for way in proof.counterexamples} == {
        (COMPANY, Claim.SECRETS, f"Group {COMPANY}:{group} may list secrets", f"Role/{COMPANY}/support")
        for group in ("support", "break-glass")
    }


_LIST_SECRETS: Final = Action(Claim.SECRETS, "list", "", "secrets")
_EXEC: Final = Action(Claim.WORKLOADS, "create", "", "pods/exec")


@pytest.mark.parametrize(
    ("rule", "action", "granted"),
    [
        ({"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}, _LIST_SECRETS, True),
        ({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}, _LIST_SECRETS, False),
        ({"apiGroups": ["apps"], "resources": ["secrets"], "verbs": ["list"]}, _LIST_SECRETS, False),
        ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, _LIST_SECRETS, True),
        # A name narrows a rule to one object, which is somebody's all the same.
        (
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"], "resourceNames": ["key"]},
            _LIST_SECRETS,
            True,
        ),
        ({"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}, _EXEC, False),
        ({"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}, _EXEC, True),
        ({"apiGroups": [""], "resources": ["*/exec"], "verbs": ["create"]}, _EXEC, True),
        ({"apiGroups": [""], "resources": ["pods/*"], "verbs": ["create"]}, _EXEC, False),
        ({"apiGroups": [""], "resources": ["*"], "verbs": ["create"]}, _EXEC, True),
        ({"nonResourceURLs": ["*"], "verbs": ["*"]}, _EXEC, False),
        ({}, _EXEC, False),
    ],
)
def test_rules_grant_as_rbac_says(rule: dict[str, Any], action: Action, *, granted: bool) -> None:
    """Group, resource and verb are each met by their name or by a star; a subresource by `*/name` as well."""
    assert grants(rule, action) is granted


def test_no_role_of_base_does_more_than_is_meant() -> None:
    """What MAY_WRITE allows is what base/ uses; the shell is in one Role."""
    roles = list(_good().of_kind("Role"))

    assert [fact for role in roles for rule in role["rules"] for fact in excess(rule)] == []
    assert [role["metadata"]["name"] for role in roles if opens_a_shell(role)] == ["break-glass"]


_CLUSTER: Final = Cluster(
    name="in-cluster",
    server="https://kubernetes.default.svc",
    kubernetes="1.36",
    addresses=good_repository().fleet.platform.cluster.addresses,
    neighbours=good_repository().fleet.platform.cluster.neighbours,
    peers=(),
    declared={},
)
_HERE: Final = [{"name": "in-cluster", "namespace": "company-002"}]
_SERVICE: Final = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "company-002"}}
_NAMESPACE: Final = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "company-002"}}
_ROUTE: Final = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "a", "namespace": "company-002"},
}
_ONLY: Final = [{"group": "", "kind": "Service"}]


@pytest.mark.parametrize(
    ("spec", "one", "accepted"),
    [
        ({"destinations": _HERE}, _SERVICE, True),  # no list: every namespaced kind
        ({"destinations": _HERE}, _NAMESPACE, False),  # no list: no cluster-scoped kind
        ({"destinations": _HERE, "namespaceResourceWhitelist": []}, _SERVICE, False),
        ({"destinations": _HERE, "namespaceResourceWhitelist": _ONLY}, _SERVICE, True),
        ({"destinations": _HERE, "namespaceResourceWhitelist": _ONLY}, _ROUTE, False),
        ({"destinations": _HERE, "namespaceResourceWhitelist": [{"group": "*", "kind": "HTTP*"}]}, _ROUTE, True),
        ({"destinations": _HERE, "namespaceResourceBlacklist": _ONLY}, _SERVICE, False),
        ({"destinations": [{"name": "other", "namespace": "*"}]}, _SERVICE, False),
        ({"destinations": [{"server": "https://kubernetes.default.svc", "namespace": "company-*"}]}, _SERVICE, True),
        ({"destinations": [{"name": "in-cluster", "namespace": "company-00"}]}, _SERVICE, False),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "company-002"}]}, _NAMESPACE, True),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "company-001"}]}, _NAMESPACE, False),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}]}, _NAMESPACE, True),
        ({"clusterResourceWhitelist": _ONLY}, _NAMESPACE, False),
        ({}, _SERVICE, False),
    ],
)
def test_a_project_accepts_as_argo_cd_does(spec: dict[str, Any], one: dict[str, Any], *, accepted: bool) -> None:
    """Lists, blacklists and destinations of AppProjects, as `IsResourcePermitted` of Argo CD v3.5 reads them."""
    assert accepts({"spec": spec}, _CLUSTER, one) is accepted


def test_the_constant_list_is_what_base_renders_and_what_support_sees() -> None:
    """No kind stands in the list that neither base/ renders nor a controller makes of what it renders."""
    rendered = {
        (obj["apiVersion"].rpartition("/")[0], obj["kind"])
        for company in good_repository().rendered
        for obj in company.objects
        if obj["kind"] != "Namespace"
    }
    children = {("", "Pod"), ("apps", "ReplicaSet"), ("discovery.k8s.io", "EndpointSlice")}
    of_the_other_exposure = {("networking.k8s.io", "Ingress")}
    of_other_products = {("apps", "StatefulSet")}  # tests/products has one
    of_the_model = {("batch", "CronJob"), ("batch", "Job")}  # a provider may add one to base/

    assert set(TENANT_KINDS) == rendered | children | of_the_other_exposure | of_other_products | of_the_model
