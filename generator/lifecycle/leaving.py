"""What is seen in a cluster of a company that leaves: its Application, what guards it, what is left.

Nothing is changed there.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from generator.findings.finding import EnvironmentProblem
from generator.fleet.states import SYNCED
from generator.generate.argocd import FINALIZER
from generator.kube import kubectl
from generator.kube.lenient import Object, mapping, mappings, sequence, spec_of, string
from generator.kube.sync import options
from generator.render.rendered import identity

ORPHANED: Final = "the Application is gone and has left its namespace behind, orphaned"

_WAY: Final = "or say who looked: --confirmed-by NAME"


def waits(kubeconfig: Path, argocd: str, name: str, step: str) -> Iterator[str]:
    """Yield what keeps a company that leaves from the next step, in words.

    Args:
        kubeconfig: How to reach the cluster that Argo CD and the tenant run in.
        argocd: The namespace of Argo CD.
        name: The tenant.
        step: Which step before must be done: `synced` or `gone`.

    Raises:
        EnvironmentProblem: There is no kubectl, or it reaches no cluster.
    """
    named = f"--field-selector=metadata.name={name}"
    applications = _get(kubeconfig, "applications.argoproj.io", f"--namespace={argocd}", named)
    namespaces = _get(kubeconfig, "namespaces", named)
    if step != SYNCED:
        yield from _not_gone(applications, namespaces)
        return
    guarded = [
        *namespaces,
        *_get(kubeconfig, "persistentvolumeclaims", f"--namespace={name}"),
        *_get(kubeconfig, "appprojects.argoproj.io", f"--namespace={argocd}", named),
    ]
    yield from _not_synced(applications, guarded)


def _not_gone(applications: Sequence[Object], namespaces: Sequence[Object]) -> Iterator[str]:
    if applications:
        yield "the Application is still there"
        return
    for namespace in namespaces:
        if mapping(namespace.get("metadata")).get("deletionTimestamp"):
            yield "the namespace is still terminating"
        else:
            yield ORPHANED


def _not_synced(applications: Sequence[Object], guarded: Sequence[Object]) -> Iterator[str]:
    if not applications:
        yield "there is no such Application"
    for application in applications:
        metadata, status = mapping(application.get("metadata")), mapping(application.get("status"))
        if FINALIZER not in sequence(metadata.get("finalizers")):
            yield "the Application has no cascade finalizer yet"
        sync = string(mapping(status.get("sync")).get("status"))
        if sync != "Synced":
            yield f"the Application is {sync or 'not compared yet'}"
        if mapping(status.get("operationState")).get("phase") == "Running":
            yield "a sync is under way"
        if mapping(mapping(spec_of(application).get("syncPolicy")).get("automated")).get("enabled") is False:
            yield "the Application is paused"
    let_go = {
        (resource.get("kind"), resource.get("name"))
        for application in applications
        for resource in mappings(mapping(application.get("status")).get("resources"))
        if resource.get("requiresPruning") is True
    }
    for obj in guarded:
        held = ", ".join(sorted(option for option in options(obj) if option.endswith("=false")))
        kind, metadata = obj["kind"], obj["metadata"]
        if held and (kind, metadata["name"]) in let_go:
            delete = f"kubectl delete {kind.lower()} {metadata['name']} --namespace={metadata.get('namespace')}"
            yield f"{identity(obj)} has left git and still has {held}: {delete}"
        elif held:
            yield f"{identity(obj)} still has {held}"


def volumes(kubeconfig: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield the volumes that claims of a namespace had, each with what becomes of it.

    Raises:
        EnvironmentProblem: There is no kubectl, or it reaches no cluster.
    """
    for volume in _get(kubeconfig, "persistentvolumes"):
        if mapping(spec_of(volume).get("claimRef")).get("namespace") == name:
            policy = string(spec_of(volume).get("persistentVolumeReclaimPolicy"))
            phase = string(mapping(volume.get("status")).get("phase"))
            yield string(mapping(volume.get("metadata")).get("name")), f"{policy}, {phase}"


def _get(kubeconfig: Path, kind: str, *arguments: str) -> Sequence[Object]:
    answer = kubectl.read(["--kubeconfig", str(kubeconfig), "get", kind, *arguments, "--output=json"], _WAY)
    if answer.error:
        raise EnvironmentProblem(f"kubectl cannot read {kind}: {answer.error}", _WAY)
    return answer.objects
