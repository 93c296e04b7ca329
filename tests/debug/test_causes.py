"""Each cause by its name, from objects as Kubernetes and Argo CD write them; and none where nothing is wrong."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from generator.debug.causes import Seen, causes, summary

Object = dict[str, Any]


def seen(application: Object | None = None, unseen: Mapping[str, str] | None = None, **objects: list[Object]) -> Seen:
    """Return what was read of a company; a good Application unless told otherwise."""
    return Seen(company="company-056", application=application or GOOD, objects=objects, unseen=unseen or {})


def app(**status: Any) -> Object:
    """Return an Application with a status."""
    spec = {"syncPolicy": {"automated": {"prune": True}}}
    return {"kind": "Application", "metadata": {"name": "company-056"}, "spec": spec, "status": status}


GOOD: Final = app(sync={"status": "Synced", "revision": "0123456789abcdef"}, health={"status": "Healthy"})


def one(kind: str, name: str, **parts: Any) -> Object:
    """Return an object of the company."""
    return {"kind": kind, "metadata": {"name": name, "namespace": "company-056"}, **parts}


def pod(*conditions: Object, waiting: Object | None = None, last: Object | None = None, **status: Any) -> Object:
    """Return a pod of the file server."""
    state: Object = {"waiting": waiting} if waiting else {"running": {}}
    container = {"name": "fileserver", "restartCount": 3, "state": state, "lastState": last or {}}
    of_pod = {"conditions": list(conditions), "containerStatuses": [container], **status}
    return one("Pod", "fileserver-x", spec={"nodeName": "node-2"}, status=of_pod)


def event(reason: str, message: str, about: str = "fileserver-x", when: str = "2026-11-26T10:00:00Z") -> Object:
    """Return an event."""
    involved = {"kind": "Pod", "name": about}
    return one("Event", f"{about}.1", reason=reason, message=message, involvedObject=involved, lastTimestamp=when)


def gateway(*conditions: Object, listener: str = "https") -> Object:
    """Return the Gateway of all companies, with what its controller says of one listener."""
    status = {"listeners": [{"name": listener, "attachedRoutes": 1, "conditions": list(conditions)}]}
    return {"kind": "Gateway", "metadata": {"name": "tenants", "namespace": "gateway-system"}, "status": status}


READY: Final = {"type": "Ready", "status": "True"}
UNREADY: Final = {"type": "Ready", "status": "False"}
QUOTA: Final = (
    'pods "fileserver-x" is forbidden: exceeded quota: plan, requested: pods=1, used: pods=11, limited: pods=11'
)
REFUSED: Final = "resource networking.k8s.io:Ingress is not permitted in project company-056"
MISSING: Final = "application references project company-056 which does not exist"

CASES: Final[Mapping[str, tuple[Seen, str]]] = {
    "quota full": (seen(events=[event("FailedCreate", QUOTA)]), QUOTA),
    "policy denies": (
        seen(
            events=[event("FailedCreate", 'pods "x" is forbidden: violates PodSecurity "restricted:v1.36": privileged')]
        ),
        'pods "x" is forbidden: violates PodSecurity "restricted:v1.36": privileged',
    ),
    "image missing": (
        seen(pods=[pod(UNREADY, waiting={"reason": "ImagePullBackOff", "message": "Back-off pulling image"})]),
        "Pod/fileserver-x, container fileserver: Back-off pulling image",
    ),
    "secret not there": (
        seen(
            pods=[pod(UNREADY, waiting={"reason": "CreateContainerConfigError", "message": 'secret "key" not found'})]
        ),
        'Pod/fileserver-x, container fileserver: secret "key" not found',
    ),
    "keeps ending": (
        seen(pods=[pod(UNREADY, waiting={"reason": "CrashLoopBackOff"})]),
        "Pod/fileserver-x, container fileserver: CrashLoopBackOff",
    ),
    "out of memory": (
        seen(pods=[pod(READY, last={"terminated": {"reason": "OOMKilled"}})]),
        "Pod/fileserver-x, container fileserver was killed for its memory, restarted 3 times",
    ),
    "probe failing": (
        seen(pods=[pod(UNREADY)], events=[event("Unhealthy", "Readiness probe failed: HTTP probe failed: 503")]),
        "Pod/fileserver-x: Readiness probe failed: HTTP probe failed: 503",
    ),
    "no place on the nodes": (
        seen(
            pods=[pod({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/5 nodes"})]
        ),
        "Pod/fileserver-x: 0/5 nodes",
    ),
    "drained": (
        seen(pods=[pod({"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"})]),
        "Pod/fileserver-x was evicted",
    ),
    "node gone": (
        seen(pods=[pod({"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"})]),
        "Pod/fileserver-x was on node-2, which is gone",
    ),
    "claim pending": (
        seen(
            claims=[
                one("PersistentVolumeClaim", "files", spec={"storageClassName": "shared"}, status={"phase": "Pending"})
            ]
        ),
        "PersistentVolumeClaim/files has no volume of class shared",
    ),
    "autoscaler without metrics": (
        seen(
            autoscalers=[
                one(
                    "HorizontalPodAutoscaler",
                    "fileserver",
                    status={
                        "conditions": [
                            {
                                "type": "ScalingActive",
                                "status": "False",
                                "reason": "FailedGetResourceMetric",
                                "message": "no metrics",
                            }
                        ]
                    },
                )
            ]
        ),
        "HorizontalPodAutoscaler/fileserver: no metrics",
    ),
    "scaled to zero by hand": (
        seen(workloads=[one("Deployment", "fileserver", spec={"replicas": 0})]),
        "Deployment/fileserver wants 0 pods; Argo CD calls that Synced and Healthy, as an autoscaler owns the number",
    ),
    "set frozen": (
        seen(
            set=[
                one(
                    "ApplicationSet",
                    "tenants-s00",
                    status={"conditions": [{"type": "ErrorOccurred", "status": "True", "message": "no entry for key"}]},
                )
            ]
        ),
        "ApplicationSet/tenants-s00: no entry for key",
    ),
    "project refuses": (seen(app(operationState={"phase": "Running", "message": REFUSED})), REFUSED),
    "shard waits for a project": (
        seen(app(conditions=[{"type": "InvalidSpecError", "message": MISSING}])),
        MISSING,
    ),
    "namespace deleted": (
        seen(app(operationState={"phase": "Running", "message": 'namespaces "company-056" not found'})),
        'namespaces "company-056" not found',
    ),
    "sync failed": (
        seen(app(operationState={"phase": "Failed", "message": "one or more objects failed to apply"})),
        "one or more objects failed to apply",
    ),
    "paused": (
        seen({**GOOD, "spec": {"syncPolicy": {"automated": {"enabled": False}}}}),
        "automated sync is switched off",
    ),
    "route not accepted": (
        seen(
            routes=[
                one(
                    "HTTPRoute",
                    "fileserver",
                    status={
                        "parents": [
                            {
                                "conditions": [
                                    {
                                        "type": "Accepted",
                                        "status": "False",
                                        "reason": "NotAllowedByListeners",
                                        "message": "no listener",
                                    }
                                ]
                            }
                        ]
                    },
                )
            ]
        ),
        "HTTPRoute/fileserver: NotAllowedByListeners: no listener",
    ),
    "nobody took the route": (
        seen(routes=[one("HTTPRoute", "fileserver")]),
        "HTTPRoute/fileserver has no status: no controller answers for its Gateway",
    ),
    "certificate not ready": (
        seen(
            certificates=[
                one(
                    "Certificate",
                    "fileserver-tls",
                    status={
                        "conditions": [
                            {
                                "type": "Ready",
                                "status": "False",
                                "reason": "DoesNotExist",
                                "message": "Issuing certificate as Secret does not exist",
                            },
                            {"type": "Issuing", "status": "True", "reason": "DoesNotExist", "message": "so"},
                        ]
                    },
                )
            ]
        ),
        "Certificate/fileserver-tls: DoesNotExist: Issuing certificate as Secret does not exist",
    ),
    "listener not programmed": (
        seen(gateway=[gateway({"type": "Programmed", "status": "False", "reason": "Invalid", "message": "no port"})]),
        "Gateway/tenants, listener https: Invalid: no port",
    ),
    "budget blocks a drain": (
        seen(
            budgets=[
                one(
                    "PodDisruptionBudget",
                    "fileserver",
                    status={"expectedPods": 2, "disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1},
                )
            ]
        ),
        "PodDisruptionBudget/fileserver lets no pod go: 1 are healthy, 1 must be",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_cause_is_told_by_its_name(name: str) -> None:
    """With the object that says so, in its words, and a next step."""
    given, words = CASES[name]

    found = causes(given)

    assert [(cause.name, cause.seen) for cause in found] == [(name, words)]
    assert found[0].next


def test_a_company_without_an_application_is_told() -> None:
    """Where Argo CD could be asked; where it could not, that is said instead."""
    nothing = Seen(company="company-056", application=None, objects={}, unseen={})

    assert [cause.name for cause in causes(nothing)] == ["no Application"]
    assert not causes(Seen(company="company-056", application=None, objects={}, unseen={"application": "forbidden"}))


def test_an_event_of_a_replica_set_outlives_its_cause() -> None:
    """It stays for an hour; the condition of the Deployment says what is refused now."""
    old = one("Event", "x.1", reason="FailedCreate", message=QUOTA, involvedObject={"kind": "ReplicaSet", "name": "x"})

    assert causes(seen(events=[old])) == ()


def test_what_a_project_refuses_stands_beside_each_object_of_a_sync() -> None:
    """The message of the whole sync says only that some of it failed."""
    result = {"resources": [{"kind": "Ingress", "status": "SyncFailed", "message": REFUSED}]}
    state = {"phase": "Failed", "message": "one or more objects failed to apply", "syncResult": result}
    names = [cause.name for cause in causes(seen(application=app(operationState=state)))]

    assert names == ["project refuses", "sync failed"]


def test_a_pod_that_waits_for_its_volume_does_not_lack_a_node() -> None:
    """The claim is named as the cause, and more nodes would not help."""
    words = "0/5 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    waiting = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}

    assert causes(seen(pods=[pod(waiting)])) == ()


LOST: Final = {"type": "ResolvedRefs", "status": "False", "reason": "InvalidCertificateRef", "message": "no Secret"}


def test_a_listener_without_its_certificate_is_told_by_both_names() -> None:
    """As controllers of the Gateway API write it; the step looks at the Gateway itself."""
    unfit = {"type": "Programmed", "status": "False", "reason": "Invalid", "message": "TLS"}

    found = causes(seen(gateway=[gateway(LOST, unfit)]))

    assert [(cause.name, cause.seen) for cause in found] == [
        ("certificate not ready", "Gateway/tenants, listener https: InvalidCertificateRef: no Secret"),
        ("listener not programmed", "Gateway/tenants, listener https: Invalid: TLS"),
    ]
    assert {cause.next for cause in found} == {
        "kubectl --namespace gateway-system describe gateways.gateway.networking.k8s.io/tenants"
    }


def test_another_listener_is_none_of_the_company_s_business() -> None:
    """Nor is one of which all is true, or a reference to something else than a certificate."""
    other = replace(seen(gateway=[gateway(LOST, listener="http")]), listener="https")
    fine = [{"type": kind, "status": "True", "reason": kind} for kind in ("Accepted", "ResolvedRefs", "Programmed")]
    kinds = {"type": "ResolvedRefs", "status": "False", "reason": "InvalidRouteKinds", "message": "TCPRoute"}

    assert not causes(other)
    assert not causes(seen(gateway=[gateway(*fine, kinds)]))


def test_a_company_that_is_well_has_no_cause() -> None:
    """Also when events of pods that are gone, or ready by now, still stand there."""
    stale = [event("Unhealthy", "Readiness probe failed"), event("Unhealthy", "Liveness probe failed", about="gone")]

    assert causes(seen(pods=[pod(READY)], events=stale)) == ()


def test_one_screen_has_the_state_of_each_part() -> None:
    """Sync, health, pods, restarts, quota, autoscaler, the last events by their time, and what was not seen."""
    scaler = one(
        "HorizontalPodAutoscaler",
        "fileserver",
        spec={"minReplicas": 1, "maxReplicas": 4},
        status={"currentReplicas": 1, "desiredReplicas": 2},
    )
    quota = one("ResourceQuota", "plan", status={"hard": {"pods": "11", "requests.cpu": "2"}, "used": {"pods": "3"}})
    late = event("Pulled", "there", when="2026-11-26T11:00:00Z")

    lines = list(
        summary(
            seen(
                pods=[pod(READY)],
                autoscalers=[scaler],
                quotas=[quota],
                events=[late, event("Started", "started")],
                unseen={"claims": "forbidden"},
            )
        )
    )

    assert lines == [
        "Application: Synced, Healthy, at 0123456789",
        "pods: 1 of 1 ready, 3 restarts",
        "HorizontalPodAutoscaler/fileserver: 1 pods, wants 2, of 1 to 4",
        "ResourceQuota/plan: requests.cpu 0 of 2, pods 3 of 11",
        "event: Started Pod/fileserver-x: started",
        "event: Pulled Pod/fileserver-x: there",
        "not seen: claims: forbidden",
    ]
