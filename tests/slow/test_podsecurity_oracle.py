"""The restricted profile as rules read it, against the code of Kubernetes that enforces it."""

import copy
import json
import random
import subprocess
from collections.abc import Sequence
from typing import Any, Final

import pytest

from generator.kube.pods import pod_template
from generator.rules.podsecurity import reaches_for_the_node, violations
from tests.rules.harness import COMPANY, good_repository
from tests.slow.builds import oracle

pytestmark = pytest.mark.slow

CASES: Final = 4000
SEED: Final = 20261122

_CONTEXT: Final[dict[str, Sequence[Any]]] = {
    "runAsNonRoot": (True, False, None),
    "runAsUser": (0, 10001, None),
    "seccompProfile": ({"type": "RuntimeDefault"}, {"type": "Unconfined"}, {"type": "Localhost"}, None),
    "appArmorProfile": ({"type": "RuntimeDefault"}, {"type": "Unconfined"}, None),
    "seLinuxOptions": ({"type": "container_t"}, {"type": "spc_t"}, {"user": "system_u"}, {}, None),
    "windowsOptions": ({"hostProcess": True}, {"hostProcess": False}, None),
}
_OF_A_CONTAINER: Final[dict[str, Sequence[Any]]] = {
    **_CONTEXT,
    "privileged": (True, False, None),
    "allowPrivilegeEscalation": (False, True, None),
    "procMount": ("Default", "Unmasked", None),
    "capabilities": (
        {"drop": ["ALL"]},
        {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        {"drop": ["ALL"], "add": ["CHOWN"]},
        {"drop": ["NET_RAW"]},
        {},
        None,
    ),
}
_OF_A_POD: Final[dict[str, Sequence[Any]]] = {
    **_CONTEXT,
    "sysctls": (
        [{"name": "net.ipv4.tcp_keepalive_time", "value": "1"}],
        [{"name": "kernel.msgmax", "value": "1"}],
        [],
        None,
    ),
}
_SOURCES: Final[tuple[dict[str, Any], ...]] = (
    {"hostPath": {"path": "/"}},
    {"nfs": {"server": "a", "path": "/"}},
    {"emptyDir": {}},
    {"configMap": {"name": "a"}},
    {"projected": {"sources": []}},
    {"csi": {"driver": "a"}},
    {"ephemeral": {}},
    {"image": {"reference": "a"}},
    {"iscsi": {"targetPortal": "a", "iqn": "a", "lun": 0}},
)
_PROBES: Final = (
    {"httpGet": {"port": 80, "host": "10.0.0.1"}},
    {"httpGet": {"port": 80}},
    {"tcpSocket": {"port": 80, "host": "10.0.0.1"}},
    {"grpc": {"port": 80}},
)


def _set(dice: random.Random, target: dict[str, Any], choices: dict[str, Sequence[Any]], often: float) -> None:
    for key, values in choices.items():
        if dice.random() < often:
            target[key] = dice.choice(values)
            if target[key] is None:
                del target[key]


def _pod(dice: random.Random, good: dict[str, Any]) -> dict[str, Any]:
    """Change a few of the fields that the profile is about; the file server's own pod is where it starts."""
    pod = copy.deepcopy(good)
    spec = pod["spec"]
    often = dice.choice((0.02, 0.1, 0.4))
    _set(dice, spec["securityContext"], _OF_A_POD, often)
    _set(dice, spec, dict.fromkeys(("hostNetwork", "hostPID", "hostIPC"), (True, False)), often / 4)
    if dice.random() < often:
        spec["volumes"].append({"name": "more", **dice.choice(_SOURCES)})
    if dice.random() < often:
        spec["initContainers"] = [copy.deepcopy(spec["containers"][0]) | {"name": "first"}]
    for container in (*spec["containers"], *spec.get("initContainers", ())):
        _set(dice, container["securityContext"], _OF_A_CONTAINER, often)
        if dice.random() < often:
            container["livenessProbe"] = dice.choice(_PROBES)
        if dice.random() < often:
            container["lifecycle"] = {"preStop": dice.choice(_PROBES[:3])}
        if dice.random() < often:
            container["ports"] = [{"containerPort": 80, "hostPort": dice.choice((0, 80))}]
    if dice.random() < often:
        profile = dice.choice(("runtime/default", "localhost/a", "unconfined"))
        pod["metadata"]["annotations"] = {"container.apparmor.security.beta.kubernetes.io/fileserver": profile}
    return pod


def test_the_rules_refuse_exactly_what_admission_refuses() -> None:
    """Of thousands of pods, good and bad, none is seen otherwise."""
    program = oracle("podsecurity")
    (company,) = (item for item in good_repository().rendered if item.tenant.name == COMPANY)
    (server,) = (
        deployment for deployment in company.of_kind("Deployment") if deployment["metadata"]["name"] == "fileserver"
    )
    good = {"metadata": {}, "spec": copy.deepcopy((pod_template(server) or {})["spec"])}
    dice = random.Random(SEED)  # noqa: S311 -- cases, not keys
    pods = [good, *(_pod(dice, good) for _ in range(CASES))]

    answers = subprocess.run(
        [program], input="\n".join(map(json.dumps, pods)), capture_output=True, text=True, check=True
    ).stdout.splitlines()

    reasons = [json.loads(answer) for answer in answers]
    ours = [[*violations(pod), *reaches_for_the_node(pod["spec"])] for pod in pods]
    differences = [
        (theirs, mine, pod["spec"])
        for pod, theirs, mine in zip(pods, reasons, ours, strict=True)
        if bool(theirs) != bool(mine)
    ]
    assert differences == []
    refused = sum(map(bool, reasons))
    assert CASES / 4 < refused < CASES * 3 / 4, "both answers are common, or little is compared"
