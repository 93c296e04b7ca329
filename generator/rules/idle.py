"""What every schema takes, every sync applies, and that then does nothing."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from generator.findings import sources
from generator.findings.finding import Found
from generator.findings.words import did_you_mean
from generator.kube.lenient import mapping, mappings, sequence, spec_of, string
from generator.kube.pods import pod_spec
from generator.kube.sync import SYNC_OPTIONS, SYNC_WAVE
from generator.reading.schema import Path
from generator.render.rendered import Object, Rendered, identity
from generator.rules.relations import autoscalers, selected_by
from generator.rules.rule import Per, rule


@rule(
    "K8S018",
    per=Per.CLASS,
    title="nothing that runs pods is switched off",
    why="It is Synced and Healthy, and what a later commit writes never reaches a pod.",
    fix="Remove the field that is named.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pausing-and-resuming-a-deployment",
)
def workloads_are_at_work(rendered: Rendered) -> Iterator[Found]:
    """No workload is paused, waits for what nobody does, or has no replicas; no autoscaler is kept from scaling."""
    scaled = autoscalers(rendered)
    for obj in rendered.workloads:
        spec = spec_of(obj)
        if spec.get("paused"):
            yield rendered.found_at(obj, ("spec", "paused"), "no change of its pods is ever rolled out")
        if spec.get("suspend"):
            yield rendered.found_at(obj, ("spec", "suspend"), "it never makes a pod")
        if spec.get("replicas") == 0 and (obj["kind"], obj["metadata"]["name"]) not in scaled:
            yield rendered.found_at(
                obj, ("spec", "replicas"), "it has no pods", "remove it, or write how many there are"
            )
        yield from _never_ready(rendered, obj)
    for scaler in rendered.of_kind("HorizontalPodAutoscaler"):
        behavior = mapping(spec_of(scaler).get("behavior"))
        for way in ("scaleUp", "scaleDown"):
            if mapping(behavior.get(way)).get("selectPolicy") == "Disabled":
                path = ("spec", "behavior", way, "selectPolicy")
                yield rendered.found_at(scaler, path, f"it never does {way}", "write Min or Max")


_POD: Final = {"CronJob": ("spec", "jobTemplate", "spec", "template", "spec"), "Pod": ("spec",)}


def _of_pod(one: Object) -> Path:
    """Return the path to the spec of a workload's pods."""
    return _POD.get(one["kind"], ("spec", "template", "spec"))


def _never_ready(rendered: Rendered, one: Object) -> Iterator[Found]:
    for key, fact in (
        ("schedulingGates", "its pods wait for a program that takes the gate away"),
        ("readinessGates", "its pods are not ready until a program sets the condition"),
    ):
        if sequence(mapping(pod_spec(one)).get(key)):
            yield rendered.found_at(one, (*_of_pod(one), key), fact)


@rule(
    "K8S019",
    per=Per.CLASS,
    title="a pod has one disruption budget",
    why="With two the eviction API refuses every eviction: a node with such a pod can never be drained.",
    fix="Keep one of the two, or make their selectors apart.",
    source="https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#troubleshooting-stuck-evictions",
)
def one_budget_covers_a_pod(rendered: Rendered) -> Iterator[Found]:
    """No two PodDisruptionBudgets select the pods of one workload."""
    first: dict[str, Object] = {}
    for budget in rendered.of_kind("PodDisruptionBudget"):
        for workload in selected_by(spec_of(budget).get("selector"), rendered.workloads):
            other = first.setdefault(identity(workload), budget)
            if other is not budget:
                fact = f"it covers the pods of {identity(workload)}, which {identity(other)} covers as well"
                yield rendered.found_at(budget, ("spec", "selector"), fact)
                break


@rule(
    "K8S020",
    per=Per.CLASS,
    title="a Secret is made by one ExternalSecret",
    why="Two owners overwrite each other's keys at every refresh, and the pods get now these, now those.",
    fix="Write all keys into one ExternalSecret, or name another target.",
    source="https://external-secrets.io/latest/api/externalsecret/",
)
def one_external_secret_owns_a_secret(rendered: Rendered) -> Iterator[Found]:
    """No two ExternalSecrets write one Secret."""
    owners: dict[str, list[Object]] = defaultdict(list)
    for external_secret in rendered.of_kind("ExternalSecret"):
        own = external_secret["metadata"]["name"]
        owners[string(mapping(spec_of(external_secret).get("target")).get("name")) or own].append(external_secret)
    for name, same in owners.items():
        for other in same[1:]:
            fact = f"{identity(same[0])} makes the Secret {name} already"
            yield rendered.found_at(other, ("spec", "target", "name"), fact)


@rule(
    "K8S021",
    per=Per.CLASS,
    title="an autoscaler's metric is of a container that is there",
    why="A metric of no container is never measured, and the autoscaler does nothing.",
    fix="Use the name of a container of its target.",
    source="https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#container-resource-metrics",
)
def metrics_are_of_containers(rendered: Rendered) -> Iterator[Found]:
    """Every ContainerResource metric names a container of the pods that are scaled."""
    workloads = {(workload["kind"], workload["metadata"]["name"]): workload for workload in rendered.workloads}
    for target, scalers in autoscalers(rendered).items():
        containers = mappings(mapping(pod_spec(workloads[target])).get("containers")) if target in workloads else ()
        names = [string(container.get("name")) for container in containers]
        for scaler in scalers if target in workloads else ():
            for number, metric in enumerate(sequence(spec_of(scaler).get("metrics"))):
                name = string(mapping(mapping(metric).get("containerResource")).get("container"))
                if name and name not in names:
                    path = ("spec", "metrics", number, "containerResource", "container")
                    fact = f"there is no container {name} in {' '.join(target)}"
                    yield rendered.found_at(
                        scaler, path, fact, did_you_mean(name, names) or f"it has {', '.join(names)}"
                    )


_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,9}")
_ARGO_CD: Final = "argocd.argoproj.io/"
_KNOWN: Final = frozenset(
    f"{_ARGO_CD}{name}"
    for name in (
        "client-side-apply-migration-manager",
        "compare-options",
        "deletion-approved",
        "hook",
        "hook-delete-policy",
        "ignore-default-links",
        "ignore-healthcheck",
        "ignore-resource-updates",
        "sync-options",
        "sync-wave",
        "tracking-id",
    )
)
"""https://argo-cd.readthedocs.io/en/stable/user-guide/annotations-and-labels/, those of any object."""

_OPTIONS: Final = frozenset(
    """ClientSideApplyMigration=false ClientSideApplyMigration=true Delete=confirm Delete=false Delete=true Force=true
    Prune=confirm Prune=false Prune=true PruneLast=true Replace=false Replace=true ServerSideApply=false
    ServerSideApply=true SkipDryRunOnMissingResource=true Validate=false""".split()
)
"""Those of an object; others, such as CreateNamespace, are read of an Application alone."""

_COMPARISONS: Final = frozenset(
    "IgnoreExtraneous IncludeMutationWebhook=true ServerSideDiff=false ServerSideDiff=true".split()
)


@rule(
    "ARG031",
    per=Per.CLASS,
    title="Argo CD understands what an object asks of it",
    why="A wave that is no integer counts as 0, and an option that is misspelt guards nothing: both in silence.",
    fix="Fix the annotation.",
    source=sources.SYNC_WAVES,
)
def annotations_are_understood(rendered: Rendered) -> Iterator[Found]:
    """A wave is an integer, options are those of Argo CD, and so are the names of its annotations."""
    for obj in rendered.objects:
        annotations = mapping(mapping(obj.get("metadata")).get("annotations"))
        for key, value in annotations.items():
            for fact, hint in _misunderstood(str(key), str(value)):
                yield rendered.found_at(obj, ("metadata", "annotations", key), fact, hint)


def _misunderstood(key: str, value: str) -> Iterator[tuple[str, str]]:
    if key == SYNC_WAVE and not _INTEGER.fullmatch(value):
        yield f"{value!r} is no integer, and counts as wave 0", "write a number in quotes"
    if key.startswith(_ARGO_CD) and key not in _KNOWN:
        yield "Argo CD has no such annotation", did_you_mean(key, _KNOWN)
    for annotation, known in ((SYNC_OPTIONS, _OPTIONS), (f"{_ARGO_CD}compare-options", _COMPARISONS)):
        for option in value.split(",") if key == annotation else ():
            if option.strip() not in known:
                yield f"Argo CD has no option {option.strip()!r}", did_you_mean(option.strip(), known)
