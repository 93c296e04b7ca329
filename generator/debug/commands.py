"""Which kubectl command answers a question about one company. Pure.

Only kinds are asked for that the role `support` of `base/` may read, and never a Secret: what it holds is nobody's
business here, and whether it arrived is told by the object that brings it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

Command = tuple[str, ...]

EXEC: Final = "exec"

ROUTES: Final = {"gateway": "httproutes.gateway.networking.k8s.io", "ingress": "ingresses.networking.k8s.io"}
_SECRETS: Final = "externalsecrets.external-secrets.io,secretstores.external-secrets.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a command is about.

    Attributes:
        company: The company, which is its namespace.
        workloads: Its services, each as `kind/name`, the main one first.
        exposure: How it is reached.
        application_set: The ApplicationSet that makes its Application.
        context: The kubeconfig's context; empty for the current one.
        gateway: Namespace and name of the Gateway that its routes name; None where platform.yaml names none.
    """

    company: str
    workloads: Sequence[str]
    exposure: str
    application_set: str
    context: str = ""
    gateway: tuple[str, str] | None = None

    def kubectl(self, *arguments: str) -> Command:
        """Return a command of kubectl in the company's cluster and namespace."""
        context = ("--context", self.context) if self.context else ()
        return ("kubectl", *context, "--namespace", self.company, *arguments)


QUESTIONS: Final[Mapping[str, str]] = {
    "logs": "what its services write",
    "pods": "what runs, and where",
    "describe": "its workloads and pods in full",
    "events": "what Kubernetes says happened",
    EXEC: "a shell in a pod; needs --break-glass",
    "quota": "how full its quota is",
    "hpa": "what its autoscalers want",
    "net": "its Services and network policies",
    "routes": "how it is reached, and whether that was accepted",
    "secrets": "whether its keys arrived; never what they are",
}
"""What may be asked, in words."""


def commands(target: Target, question: str, *, since: str) -> tuple[Command, ...]:
    """Return the commands that answer a question; `exec` has `shell`.

    Args:
        target: Whose.
        question: One of `QUESTIONS`.
        since: How far back logs go, for example `1h`.
    """
    match question:
        case "logs":
            options = ("--all-pods", "--all-containers", "--prefix", f"--since={since}")
            return tuple(target.kubectl("logs", workload, *options) for workload in target.workloads)
        case "pods":
            return (target.kubectl("get", "pods", "--output=wide"),)
        case "describe":
            return (target.kubectl("describe", *target.workloads), target.kubectl("describe", "pods"))
        case "events":
            return (target.kubectl("get", "events", "--sort-by=.metadata.creationTimestamp"),)
        case "quota":
            return (target.kubectl("describe", "resourcequotas,limitranges"),)
        case "hpa":
            return (target.kubectl("describe", "horizontalpodautoscalers.autoscaling"),)
        case "net":
            return (target.kubectl("get", "services,networkpolicies", "--output=wide"),)
        case "routes":
            return (target.kubectl("describe", ROUTES[target.exposure]),)
        case "secrets":
            return (target.kubectl("get", _SECRETS),)
        case other:
            raise ValueError(other)


def shell(target: Target, pod: str, image: str) -> Command:
    """Return the command that opens a shell: in a container of a workload, or in one that is put beside a pod's.

    Args:
        target: Whose.
        pod: A pod of it; any of the first workload when empty, which a debugging container cannot have.
        image: Of a debugging container, which Pod Security `restricted` admits; none when empty.
    """
    if image:
        profile = ("--profile=restricted", f"--image={image}", "--stdin", "--tty")
        return target.kubectl("debug", pod, *profile, "--", "sh")
    return target.kubectl("exec", "--stdin", "--tty", pod or target.workloads[0], "--", "sh")


SEEN: Final = {
    "pods": "pods",
    "events": "events",
    "workloads": "deployments.apps",
    "autoscalers": "horizontalpodautoscalers.autoscaling",
    "quotas": "resourcequotas",
    "claims": "persistentvolumeclaims",
    "budgets": "poddisruptionbudgets.policy",
    "secrets": "externalsecrets.external-secrets.io",
}
"""What a diagnosis looks at in the company's namespace."""


def looks(target: Target, argocd: str) -> Mapping[str, Command]:
    """Return the commands that a diagnosis reads objects with, by what they bring.

    Args:
        target: Whose.
        argocd: The namespace of Argo CD.
    """
    context = ("--context", target.context) if target.context else ()
    beside = ("kubectl", *context, "--namespace", argocd, "get")
    kinds = {**SEEN, "routes": ROUTES[target.exposure]}
    if target.exposure == "ingress":
        kinds["certificates"] = "certificates.cert-manager.io"
    around = {}
    if target.exposure == "gateway" and target.gateway is not None:
        namespace, name = target.gateway
        words = ("get", "gateways.gateway.networking.k8s.io", name, "--output=json")
        around["gateway"] = ("kubectl", *context, "--namespace", namespace, *words)
    return {
        "application": (*beside, "applications.argoproj.io", target.company, "--output=json"),
        "set": (*beside, "applicationsets.argoproj.io", target.application_set, "--output=json"),
        **{what: target.kubectl("get", kind, "--output=json") for what, kind in kinds.items()},
        **around,
    }
