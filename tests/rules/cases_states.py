# ruff: noqa: E501 -- what a rule says is shown in one piece
"""Cases of the family STA that look at one state of the repository."""

from dataclasses import replace
from typing import Final

from tests.rules.harness import Case, Change, Edit, Scene, catches, passes

_STATES: Final = "base/guard/states"


def _in(state: str, change: Change | None = None) -> Change:
    """Let the company be in a state, with all that a suspended one renders, and change something of that."""

    def suspended(scene: Scene) -> None:
        scene.tenant = replace(scene.tenant, state=state)
        scene.platform = replace(scene.platform, unavailable_page="https://www.example.com/unavailable")
        scene.objects[:] = [obj for obj in scene.objects if obj["kind"] != "HorizontalPodAutoscaler"]
        to = {"scheme": "https", "hostname": "www.example.com", "statusCode": 302}
        to["path"] = {"type": "ReplaceFullPath", "replaceFullPath": "/unavailable"}
        for obj in scene.objects:
            if obj["kind"] == "Deployment":
                obj["spec"]["replicas"] = 0
            elif obj["kind"] == "NetworkPolicy":
                obj["spec"] = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
            elif obj["kind"] == "HTTPRoute":
                obj["spec"]["rules"] = [{"filters": [{"type": "RequestRedirect", "requestRedirect": dict(to)}]}]
        if change is not None:
            change(scene)

    return suspended


def _pods_of_those_who_leave(fields: str) -> Edit:
    """Write fields of the file server's container into the state of companies that leave."""
    patch = f"        spec:\n          containers:\n          - name: fileserver\n            {fields}\n          volumes:\n"
    return Edit(f"{_STATES}/retiring/kustomization.yaml", "        spec:\n          volumes:\n", patch)


def _gone(api_version: str, kind: str, name: str) -> str:
    """Return a patch that takes an object away."""
    what = f"apiVersion: {api_version}\n    kind: {kind}\n    metadata: {{name: {name}}}"
    return f"- target: {{kind: {kind}, name: {name}}}\n  patch: |-\n    $patch: delete\n    {what}\n"


def _scaled(scene: Scene) -> None:
    scene.one("Deployment", "ai-chatbot")["spec"]["replicas"] = 1


def _autoscaled(scene: Scene) -> None:
    scene.add(
        "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: fileserver}, spec:"
        " {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: fileserver}, maxReplicas: 2}}"
    )


def _routed(scene: Scene) -> None:
    scene.one("HTTPRoute", "fileserver")["spec"]["rules"] = [{"backendRefs": [{"name": "fileserver", "port": 80}]}]


def _opened(scene: Scene) -> None:
    scene.one("NetworkPolicy", "to-dns")["spec"]["egress"] = [{}]


def _job(scene: Scene) -> None:
    scene.add("{apiVersion: batch/v1, kind: Job, metadata: {name: export}, spec: {template: {spec: {containers: []}}}}")


def _clock(scene: Scene) -> None:
    template = "{template: {spec: {containers: []}}}"
    scene.add(
        f"{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: tidy}}, spec: {{jobTemplate: {{spec: {template}}}}}}}"
    )


def _elsewhere(scene: Scene) -> None:
    rule = scene.one("HTTPRoute", "fileserver")["spec"]["rules"][0]
    rule["filters"][0]["requestRedirect"]["hostname"] = "login.example.org"


def _retiring(scene: Scene) -> None:
    scene.tenant = replace(scene.tenant, state="retiring")
    scene.one("Deployment", "ai-chatbot")["spec"]["replicas"] = 0
    scene.remove("HorizontalPodAutoscaler", "ai-chatbot")
    scene.remove("HTTPRoute", "ai-chatbot")
    for volume in scene.pod()["volumes"]:
        if "persistentVolumeClaim" in volume:
            volume["persistentVolumeClaim"]["readOnly"] = True


def _writable(scene: Scene) -> None:
    _retiring(scene)
    scene.pod()["volumes"][0]["persistentVolumeClaim"]["readOnly"] = False


def _redirects_while_active(scene: Scene) -> None:
    _in("suspended")(scene)
    scene.tenant = replace(scene.tenant, state="active")


CASES: Final[tuple[Case, ...]] = (
    passes("STA001", "a company that is suspended", _in("suspended")),
    passes("STA001", "a company that is purged", _in("purging")),
    passes("STA001", "a company that leaves", _retiring),
    catches(
        "STA001",
        "a workload goes on",
        _in("suspended", _scaled),
        "base/edge/components/ai-chatbot/ai-chatbot.yaml: error: Deployment/company-002/ai-chatbot: spec.replicas: it runs pods, and a company that is suspended has none of it [STA001]\n  hint: write 0",
    ),
    catches(
        "STA001",
        "an autoscaler is left",
        _in("suspended", _autoscaled),
        "base/edge/core/fileserver.yaml: error: HorizontalPodAutoscaler/company-002/fileserver: it scales what a company that is suspended does not run [STA001]\n  hint: let the state delete it",
    ),
    catches(
        "STA001",
        "a route leads to what is off",
        _in("suspended", _routed),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0]: it leads to fileserver, and a company that is suspended does not run that [STA001]\n  hint: let the state delete it, or lead it to unavailablePage",
    ),
    catches(
        "STA001",
        "a policy stays open",
        _in("purging", _opened),
        "base/guard/core/network.yaml: error: NetworkPolicy/company-002/to-dns: spec.egress: it opens a way that a company that is purging does not need [STA001]\n  hint: remove it",
    ),
    catches(
        "STA001",
        "a Job runs",
        _in("suspended", _job),
        "overlays/company-002/kustomization.yaml: error: Job/company-002/export: a Job makes pods, and a company that is suspended has none of it [STA001]\n  hint: let the state delete it",
    ),
    catches(
        "STA001",
        "a CronJob goes on",
        _in("suspended", _clock),
        "overlays/company-002/kustomization.yaml: error: CronJob/company-002/tidy: spec.suspend: it makes pods, and a company that is suspended has none [STA001]\n  hint: write true",
    ),
    catches(
        "STA001",
        "people are sent elsewhere",
        _in("suspended", _elsewhere),
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].filters[0]: it sends people to https://login.example.org/unavailable [STA001]\n  hint: lead it to https://www.example.com/unavailable",
    ),
    catches(
        "STA001",
        "files can be written while a company leaves",
        _writable,
        "base/edge/core/fileserver.yaml: error: Deployment/company-002/fileserver: spec.template.spec.volumes[0].persistentVolumeClaim.readOnly: the files of a company that leaves are mounted to be written [STA001]\n  hint: write true",
    ),
    catches(
        "STA001",
        "an active company sends people elsewhere",
        _redirects_while_active,
        "base/edge/components/ai-chatbot-gateway/ai-chatbot.yaml: error: HTTPRoute/company-002/ai-chatbot: spec.rules[0].filters[0]: it sends people to https://www.example.com/unavailable [STA001]\n  hint: only the hosts of suspended companies lead elsewhere",
        "base/edge/components/gateway/fileserver.yaml: error: HTTPRoute/company-002/fileserver: spec.rules[0].filters[0]: it sends people to https://www.example.com/unavailable [STA001]\n  hint: only the hosts of suspended companies lead elsewhere",
    ),
    catches(
        "STA001",
        "a state does not reach a release",
        (Edit(f"{_STATES}/suspended/kustomization.yaml", "value: 0", "value: 1"),),
        "base/guard/states/suspended/kustomization.yaml: error: Deployment/ai-chatbot: base/edge as purging: spec.replicas: it runs pods, and a company that is purging has none of it [STA001]\n  hint: write 0",
        "base/guard/states/suspended/kustomization.yaml: error: Deployment/ai-chatbot: base/edge as suspended: spec.replicas: it runs pods, and a company that is suspended has none of it [STA001]\n  hint: write 0",
        "base/guard/states/suspended/kustomization.yaml: error: Deployment/fileserver: base/edge as purging: spec.replicas: it runs pods, and a company that is purging has none of it [STA001]\n  hint: write 0",
        "base/guard/states/suspended/kustomization.yaml: error: Deployment/fileserver: base/edge as suspended: spec.replicas: it runs pods, and a company that is suspended has none of it [STA001]\n  hint: write 0",
    ),
    catches(
        "STA002",
        "a state widens the quota",
        (
            Edit(
                f"{_STATES}/retiring/kustomization.yaml",
                "- target: {kind: Deployment, name: fileserver}",
                '- target: {kind: ResourceQuota}\n  patch: |-\n    - {op: replace, path: /spec/hard/services.loadbalancers, value: "9"}\n- target: {kind: Deployment, name: fileserver}',
            ),
        ),
        "base/guard/states/retiring/kustomization.yaml: error: ResourceQuota/tenantry-probe/plan: as retiring this object is another [STA002]\n  hint: write into workloads, routes and policies alone; of pods make mounts read-only and take arguments out",
    ),
    catches(
        "STA002",
        "a state lets everybody in",
        (_pods_of_those_who_leave("args: [/data, --config=/etc/fileserver/users.yaml, -A]"),),
        "base/guard/states/retiring/kustomization.yaml: error: Deployment/tenantry-probe/fileserver: as retiring the container fileserver has the argument -A [STA002]",
    ),
    catches(
        "STA002",
        "people of a company that leaves reach nothing",
        (
            Edit(
                f"{_STATES}/retiring-gateway/kustomization.yaml",
                "- target: {kind: HTTPRoute, name: ai-chatbot}",
                "- target: {kind: HTTPRoute}",
            ),
        ),
        "base/guard/states/retiring/kustomization.yaml: error: HTTPRoute/tenantry-probe/fileserver: as retiring this object is gone, and people fetch their files by it [STA002]",
    ),
    catches(
        "STA002",
        "the file server of a company that leaves stands still",
        (
            Edit(
                f"{_STATES}/retiring/kustomization.yaml",
                "- target: {kind: Deployment, name: ai-chatbot}",
                "- target: {kind: Deployment}",
            ),
        ),
        "base/guard/states/retiring/kustomization.yaml: error: Deployment/tenantry-probe/fileserver: as retiring it runs another number of pods, and people fetch their files by them [STA002]",
    ),
    *(
        catches(
            "STA001",
            f"a suspended company's people are sent to {where}",
            (Edit(f"{_STATES}/suspended-gateway/kustomization.yaml", "scheme: https", to),),
            *(
                f"base/guard/states/suspended/kustomization.yaml: error: HTTPRoute/{name}: base/edge as {state}: spec.rules.0.filters.0: it sends people to {scheme}://www.example.com{port}/unavailable [STA001]\n  hint: lead it to https://www.example.com/unavailable"
                for name in ("ai-chatbot", "fileserver")
                for state in ("purging", "suspended")
            ),
        )
        for where, to, scheme, port in (
            ("a page that is read on its way", "scheme: http", "http", ""),
            ("another port", "scheme: https\n            port: 8443", "https", ":8443"),
        )
    ),
    passes(
        "STA001",
        "the port that https has",
        (
            Edit(
                f"{_STATES}/suspended-gateway/kustomization.yaml",
                "scheme: https",
                "scheme: https\n            port: 443",
            ),
        ),
    ),
    catches(
        "STA001",
        "browsers would not come back to a company that was suspended",
        (Edit(f"{_STATES}/suspended-gateway/kustomization.yaml", "statusCode: 302", "statusCode: 301"),),
        "base/guard/states/suspended/kustomization.yaml: error: HTTPRoute/ai-chatbot: base/edge as purging: spec.rules.0.filters.0: browsers keep a redirect with 301 when the company is back [STA001]\n  hint: write 302",
        "base/guard/states/suspended/kustomization.yaml: error: HTTPRoute/fileserver: base/edge as purging: spec.rules.0.filters.0: browsers keep a redirect with 301 when the company is back [STA001]\n  hint: write 302",
        "base/guard/states/suspended/kustomization.yaml: error: HTTPRoute/ai-chatbot: base/edge as suspended: spec.rules.0.filters.0: browsers keep a redirect with 301 when the company is back [STA001]\n  hint: write 302",
        "base/guard/states/suspended/kustomization.yaml: error: HTTPRoute/fileserver: base/edge as suspended: spec.rules.0.filters.0: browsers keep a redirect with 301 when the company is back [STA001]\n  hint: write 302",
    ),
    catches(
        "STA002",
        "a state starts another image",
        (_pods_of_those_who_leave("image: docker.io/sigoden/other"),),
        "base/guard/states/retiring/kustomization.yaml: error: Deployment/tenantry-probe/fileserver: as retiring its pods are others: a state makes mounts read-only and takes arguments out, and nothing else [STA002]",
    ),
    passes(
        "STA002",
        "a volume stands before the one that a state makes read-only",
        (
            Edit(
                "base/edge/core/fileserver.yaml",
                "      volumes:\n",
                "      volumes:\n      - {name: scratch, emptyDir: {sizeLimit: 64Mi}}\n",
            ),
        ),
    ),
    catches(
        "STA001",
        "hosts would lead elsewhere once a company is suspended",
        (
            Edit(
                f"{_STATES}/suspended-gateway/kustomization.yaml", "hostname: placeholder", "hostname: evil.example.org"
            ),
            Edit(
                f"{_STATES}/suspended-gateway/kustomization.yaml",
                "    fieldPaths: [spec.rules.0.filters.0.requestRedirect.hostname]",
                "    fieldPaths: [spec.rules.0.filters.0.requestRedirect.path.replaceFullPath]",
            ),
        ),
        "base/guard/states/suspended/kustomization.yaml: error: HTTPRoute/ai-chatbot: base/edge as purging: spec.rules.0.filters.0: it sends people to https://evil.example.org/unavailable [STA001]\n  hint: lead it to https://www.example.com/unavailable",
        "base/guard/states/suspended/kustomization.yaml: error: HTTPRoute/ai-chatbot: base/edge as suspended: spec.rules.0.filters.0: it sends people to https://evil.example.org/unavailable [STA001]\n  hint: lead it to https://www.example.com/unavailable",
        "base/guard/states/suspended/kustomization.yaml: error: HTTPRoute/fileserver: base/edge as purging: spec.rules.0.filters.0: it sends people to https://evil.example.org/unavailable [STA001]\n  hint: lead it to https://www.example.com/unavailable",
        "base/guard/states/suspended/kustomization.yaml: error: HTTPRoute/fileserver: base/edge as suspended: spec.rules.0.filters.0: it sends people to https://evil.example.org/unavailable [STA001]\n  hint: lead it to https://www.example.com/unavailable",
    ),
    catches(
        "STA002",
        "a state shuts one way alone",
        (
            Edit(
                f"{_STATES}/suspended/kustomization.yaml",
                "",
                "- target: {kind: NetworkPolicy, name: default-deny}\n  patch: |-\n    - {op: replace, path: /spec/policyTypes, value: [Ingress]}\n",
            ),
        ),
        "base/guard/states/purging/kustomization.yaml: error: NetworkPolicy/tenantry-probe/default-deny: as purging this policy is another, and does not shut both ways for every pod [STA002]",
        "base/guard/states/suspended/kustomization.yaml: error: NetworkPolicy/tenantry-probe/default-deny: as suspended this policy is another, and does not shut both ways for every pod [STA002]",
    ),
    catches(
        "STA002",
        "a state takes away what denies everything, and the ceiling",
        (
            Edit(
                f"{_STATES}/retiring/kustomization.yaml",
                "- target: {kind: Deployment, name: fileserver}",
                _gone("networking.k8s.io/v1", "NetworkPolicy", "default-deny")
                + _gone("v1", "ResourceQuota", "plan")
                + _gone("networking.k8s.io/v1", "NetworkPolicy", "ai-chatbot-to-model")
                + "- target: {kind: Deployment, name: fileserver}",
            ),
        ),
        "base/guard/states/retiring/kustomization.yaml: error: NetworkPolicy/tenantry-probe/default-deny: as retiring this object is gone [STA002]",
        "base/guard/states/retiring/kustomization.yaml: error: ResourceQuota/tenantry-probe/plan: as retiring this object is gone [STA002]",
    ),
    passes(
        "STA002",
        "a state takes arguments out",
        (_pods_of_those_who_leave("args: [/data, --config=/etc/fileserver/users.yaml, --port=8080]"),),
    ),
    passes("STA002", "purging takes out what guards against deletion", _in("purging")),
)
