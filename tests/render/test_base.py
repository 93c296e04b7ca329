"""What base/guard and base/edge make of the facts of a company, rendered by the real kustomize from such overlays."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.fleet.rings import Pair
from generator.generate.releases import parts_of
from generator.git.snapshot import Snapshot
from generator.kube import kustomize
from generator.kube.kustomization import Gate

ROOT = Path(__file__).resolve().parents[2]

Objects = dict[tuple[str, str], dict[str, Any]]
Company = Callable[..., Objects]

FACTS: dict[str, Any] = {
    "name": "company-777",
    "host": "company-777.files.example.com",
    "hosts": ["company-777.files.example.com", "files.acme.example"],
    "storage": "207Gi",
    "storageClass": "fast-files",
    "quota": {
        "requestsCPU": "2501m",
        "limitsCPU": "5002m",
        "requestsMemory": "5003Mi",
        "limitsMemory": "10004Mi",
        "pods": "23",
        "requestsStorage": "208Gi",
    },
    "service": {"minReplicas": "2", "maxReplicas": "9"},
    "addons": {
        "chatbot": {
            "minReplicas": "3",
            "maxReplicas": "4",
            "reaches": [{"ipBlock": {"cidr": "203.0.113.0/24"}}, {"ipBlock": {"cidr": "198.51.100.7/32"}}],
        },
    },
}


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """Render a company with some facts changed; returns its objects by kind and name."""
    shutil.copytree(ROOT / "base", tmp_path / "base")
    overlay = tmp_path / "overlays/company-777"
    overlay.mkdir(parents=True)

    def render(
        *, plan: str = "silver", chatbot: bool = True, exposure: str = "gateway", facts: Mapping[str, Any] = FACTS
    ) -> Objects:
        add_ons = ["ai-chatbot"] if chatbot else []
        components = [*add_ons, exposure, *(f"{item}-{exposure}" for item in add_ons), "facts"]
        parts = parts_of(Pair("edge", "live"), components, components)
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": "company-777",
            "resources": [*(f"../../{folder}" for folder in parts.resources), "facts.yaml"],
            "components": [f"../../{folder}" for folder in parts.components],
            "labels": [
                {"pairs": {"tenantry.dev/tenant": "company-777"}, "includeTemplates": True},
                {"pairs": {"tenantry.dev/plan": plan}},
            ],
        }
        sheet = {
            "apiVersion": "tenantry.dev/v1",
            "kind": "TenantFacts",
            "metadata": {"name": "tenant", "annotations": {"config.kubernetes.io/local-config": "true"}},
            "spec": facts,
        }
        (overlay / "kustomization.yaml").write_text(json.dumps(kustomization))
        (overlay / "facts.yaml").write_text(json.dumps(sheet))
        (built,) = kustomize.build_all([Gate(Snapshot.of_folder(tmp_path)).open("overlays/company-777")])
        assert not built.error, built.error
        return {(obj["kind"], obj["metadata"]["name"]): obj for obj in built.objects}

    return render


def test_every_fact_stands_where_it_is_used(company: Company) -> None:
    """Each fact of core and of the chatbot, with its type: quantities as strings, replicas as integers."""
    objects = company()
    hard = objects["ResourceQuota", "plan"]["spec"]["hard"]

    assert {
        "namespaces": {one["metadata"].get("namespace") for kind, one in _by_kind(objects) if kind != "Namespace"},
        "namespace": [name for kind, name in objects if kind == "Namespace"],
        "groups": sorted({s["name"] for kind, one in _by_kind(objects, "RoleBinding") for s in one["subjects"]}),
        "keys": sorted({d["remoteRef"]["key"] for _, one in _by_kind(objects, "ExternalSecret") for d in _data(one)}),
        "storage": objects["PersistentVolumeClaim", "files"]["spec"]["resources"]["requests"]["storage"],
        "class": objects["PersistentVolumeClaim", "files"]["spec"]["storageClassName"],
        "quota": {key: hard[key] for key in hard if key.split(".")[-1] in {"cpu", "memory", "pods", "storage"}},
        "fileserver": _replicas(objects["HorizontalPodAutoscaler", "fileserver"]),
        "chatbot": _replicas(objects["HorizontalPodAutoscaler", "ai-chatbot"]),
        "model": objects["NetworkPolicy", "ai-chatbot-to-model"]["spec"]["egress"][0]["to"],
        "hosts": objects["HTTPRoute", "fileserver"]["spec"]["hostnames"],
        "chatbot's host": objects["HTTPRoute", "ai-chatbot"]["spec"]["hostnames"],
    } == {
        "namespaces": {"company-777"},
        "namespace": ["company-777"],
        "groups": ["company-777:admin", "company-777:break-glass", "company-777:support"],
        "keys": ["tenants/company-777/chatbot", "tenants/company-777/fileserver"],
        "storage": "207Gi",
        "class": "fast-files",
        "quota": {
            "requests.cpu": "2501m",
            "limits.cpu": "5002m",
            "requests.memory": "5003Mi",
            "limits.memory": "10004Mi",
            "requests.storage": "208Gi",
            "pods": "23",
        },
        "fileserver": (2, 9),
        "chatbot": (3, 4),
        "model": FACTS["addons"]["chatbot"]["reaches"],
        "hosts": FACTS["hosts"],
        "chatbot's host": ["chat--company-777.files.example.com"],
    }


def test_an_ingress_names_the_hosts_that_its_certificate_covers(company: Company) -> None:
    """The first host is the rule of base/ (an overlay copies it for others); the certificate covers all of them."""
    objects = company(exposure="ingress")
    spec = objects["Ingress", "fileserver"]["spec"]
    chat = objects["Ingress", "ai-chatbot"]["spec"]

    assert [rule["host"] for rule in spec["rules"]] == [FACTS["host"]]
    assert spec["tls"][0]["hosts"] == FACTS["hosts"]
    assert chat["rules"][0]["host"] == chat["tls"][0]["hosts"][0] == "chat--company-777.files.example.com"


@pytest.mark.parametrize("exposure", ["gateway", "ingress"])
@pytest.mark.parametrize("chatbot", [False, True])
def test_no_placeholder_is_left(company: Company, exposure: str, chatbot: bool) -> None:
    """Every field that base/ leaves to a fact was written."""
    objects = company(exposure=exposure, chatbot=chatbot)

    assert [key for key, one in objects.items() if "placeholder" in json.dumps(one)] == []


def test_a_change_of_plan_changes_quantities_and_nothing_that_restarts_a_pod(company: Company) -> None:
    """Quota and ceiling differ, and the label that says the plan; no Deployment's spec does."""
    silver = company()
    quota = dict.fromkeys(FACTS["quota"], "99")
    gold = company(plan="gold", facts={**FACTS, "quota": quota, "service": {"minReplicas": "2", "maxReplicas": "30"}})

    differing = {key for key in silver if silver[key].get("spec") != gold[key].get("spec")}

    assert silver.keys() == gold.keys()
    assert differing == {("ResourceQuota", "plan"), ("HorizontalPodAutoscaler", "fileserver")}


@pytest.mark.parametrize("exposure", ["gateway", "ingress"])
def test_dropping_the_chatbot_removes_what_is_its_own_and_nothing_else(company: Company, exposure: str) -> None:
    """Whatever a company has without the chatbot is the same object with it; what is on top bears its name."""
    without = company(chatbot=False, exposure=exposure)
    given = company(exposure=exposure)

    assert {key: given[key] for key in without} == without
    assert {
        one["metadata"]["labels"]["app.kubernetes.io/name"] for key, one in given.items() if key not in without
    } == {"ai-chatbot"}


def test_every_pod_is_counted_in_one_size(company: Company) -> None:
    """All containers have the size that plans are counted in, and the LimitRange gives it to a pod that names none."""
    objects = company()
    (default,) = objects["LimitRange", "container"]["spec"]["limits"]
    sizes = [
        container["resources"]
        for _, one in _by_kind(objects, "Deployment")
        for container in one["spec"]["template"]["spec"]["containers"]
    ]

    assert sizes == [{"requests": default["defaultRequest"], "limits": default["default"]}] * 2


def _by_kind(objects: Objects, kind: str = "") -> list[tuple[str, dict[str, Any]]]:
    return [(found, one) for (found, _), one in objects.items() if not kind or found == kind]


def _data(secret: Mapping[str, Any]) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = secret["spec"]["data"]
    return data


def _replicas(autoscaler: Mapping[str, Any]) -> tuple[Any, Any]:
    return autoscaler["spec"]["minReplicas"], autoscaler["spec"]["maxReplicas"]
