"""What every schema takes, every sync applies, and that then does nothing."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from generator.admission.workloads import DEADLINE, METRICS, VALUES
from generator.findings import sources
from generator.findings.finding import Found
from generator.findings.words import did_you_mean
from generator.fleet.states import runs
from generator.kube.lenient import Object, mapping, mappings, sequence, spec_of, string, whole
from generator.kube.pods import pod_spec, spec_path
from generator.kube.sync import ARGO_CD, COMPARE_OPTIONS, SYNC_OPTIONS, SYNC_WAVE
from generator.reading.quantity import number
from generator.reading.schema import Path
from generator.render.rendered import Rendered, Repository, identity
from generator.rules.platform_objects import of_platform
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
    """No workload is paused, waits for what nobody does, or has no replicas; no autoscaler and no route is shut."""
    scaled = autoscalers(rendered)
    for obj in rendered.workloads:
        spec = spec_of(obj)
        is_on = runs(rendered.tenant.state, obj["metadata"]["name"], rendered.platform.service)
        if spec.get("paused"):
            yield rendered.found_at(obj, ("spec", "paused"), "no change of its pods is ever rolled out")
        if is_on and spec.get("suspend"):
            yield rendered.found_at(obj, ("spec", "suspend"), "it never makes a pod")
        if is_on and spec.get("replicas") == 0 and (obj["kind"], obj["metadata"]["name"]) not in scaled:
            yield rendered.found_at(
                obj, ("spec", "replicas"), "it has no pods", "remove it, or write how many there are"
            )
        yield from _never_replaced(rendered, obj)
        yield from _never_ready(rendered, obj)
    for route in rendered.of_kind("HTTPRoute"):
        for index, item in enumerate(mappings(spec_of(route).get("rules"))):
            shares = [to.get("weight", 1) for to in mappings(item.get("backendRefs"))]
            if shares and not any(shares):
                where = ("spec", "rules", index, "backendRefs", 0, "weight")
                yield rendered.found_at(route, where, "no request is let through: all weights are 0", "write 1")
    for scaler in rendered.of_kind("HorizontalPodAutoscaler"):
        behavior = mapping(spec_of(scaler).get("behavior"))
        for way in ("scaleUp", "scaleDown"):
            if mapping(behavior.get(way)).get("selectPolicy") == "Disabled":
                path = ("spec", "behavior", way, "selectPolicy")
                yield rendered.found_at(scaler, path, f"it never does {way}", "write Min or Max")


_SCHEDULER: Final = "default-scheduler"


def _never_replaced(rendered: Rendered, obj: Object) -> Iterator[Found]:
    strategy = mapping(spec_of(obj).get("updateStrategy"))
    if strategy.get("type") == "OnDelete":
        fact = "no change of its pods is rolled out until somebody deletes them"
        yield rendered.found_at(obj, ("spec", "updateStrategy", "type"), fact, "write RollingUpdate")
    kept, replicas = mapping(strategy.get("rollingUpdate")).get("partition", 0), spec_of(obj).get("replicas", 1)
    if obj["kind"] == "StatefulSet" and isinstance(kept, int) and isinstance(replicas, int) and 0 < kept >= replicas:
        fact = f"of {replicas} pods the first {kept} stay as they are: no change is ever rolled out"
        yield rendered.found_at(obj, ("spec", "updateStrategy", "rollingUpdate", "partition"), fact, "remove it")


def _never_ready(rendered: Rendered, obj: Object) -> Iterator[Found]:
    for key, fact in (
        ("schedulingGates", "its pods wait for a program that takes the gate away"),
        ("readinessGates", "its pods are not ready until a program sets the condition"),
    ):
        if sequence(mapping(pod_spec(obj)).get(key)):
            yield rendered.found_at(obj, (*spec_path(obj["kind"]), key), fact)
    scheduler = mapping(pod_spec(obj)).get("schedulerName") or _SCHEDULER
    if scheduler != _SCHEDULER:
        fact = f"its pods wait for a scheduler {scheduler}, of which nothing is known"
        yield rendered.found_at(obj, (*spec_path(obj["kind"]), "schedulerName"), fact)


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
    title="a Secret is made by one ExternalSecret, and each key once",
    why="Two owners overwrite each other's keys at every refresh, and the pods get now these, now those.",
    fix="Write all keys into one ExternalSecret, each once, or name another target.",
    source="https://external-secrets.io/latest/api/externalsecret/",
)
def one_external_secret_owns_a_secret(rendered: Rendered) -> Iterator[Found]:
    """No two ExternalSecrets write one Secret, and no two entries of one of them the same key."""
    owners: dict[str, list[Object]] = defaultdict(list)
    for external_secret in rendered.of_kind("ExternalSecret"):
        own = external_secret["metadata"]["name"]
        owners[string(mapping(spec_of(external_secret).get("target")).get("name")) or own].append(external_secret)
    for name, same in owners.items():
        for other in same[1:]:
            fact = f"{identity(same[0])} makes the Secret {name} already"
            yield rendered.found_at(other, ("spec", "target", "name"), fact)
    for external_secret in rendered.of_kind("ExternalSecret"):
        entries = sequence(spec_of(external_secret).get("data"))
        keys = [mapping(item).get("secretKey") for item in entries]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                path = ("spec", "data", index, "secretKey")
                yield rendered.found_at(external_secret, path, f"a second entry writes the key {key}")


_NONE: Final[Object] = {"kind": ""}


@rule(
    "K8S021",
    per=Per.CLASS,
    title="an autoscaler's metric can be measured and met",
    why="A metric of no container is never measured, one above all limits never met: the autoscaler does nothing.",
    fix="Use the name of a container of its target, and a load that its limits allow.",
    source="https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#container-resource-metrics",
)
def metrics_can_be_met(rendered: Rendered) -> Iterator[Found]:
    """A metric is of containers that there are, and asks for less than their limits let them use."""
    workloads = {(workload["kind"], workload["metadata"]["name"]): workload for workload in rendered.workloads}
    for target, scalers in autoscalers(rendered).items():
        containers = list(mappings(mapping(pod_spec(workloads.get(target, _NONE))).get("containers")))
        for scaler in scalers if target in workloads else ():
            metrics = [mapping(metric) for metric in sequence(spec_of(scaler).get("metrics"))]
            for index, metric in enumerate(metrics):
                for path, fact, hint in _unmet(metric, containers, " ".join(target)):
                    yield rendered.found_at(scaler, ("spec", "metrics", index, *path), fact, hint)
                if _measured(metric) in map(_measured, metrics[:index]):
                    fact = "an earlier metric measures the same: one of the two decides nothing"
                    yield rendered.found_at(scaler, ("spec", "metrics", index), fact, "keep one of the two")


def _measured(metric: Object) -> object:
    """Return what a metric measures, without what it is to be; a share and an amount of the same are two things."""
    source = mapping(metric.get(METRICS.get(string(metric.get("type")), "")))
    return {**source, "target": {key for key in mapping(source.get("target")) if key != "type"}}


_SAID: Final = {"averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"}
"""The type of a target, by the field that it is about."""


def _unmet(metric: Object, containers: Sequence[Object], target: str) -> Iterator[tuple[Path, str, str]]:
    """Say why a metric is never measured, or never met, with where and what to do."""
    names = [string(container.get("name")) for container in containers]
    name = string(mapping(metric.get("containerResource")).get("container"))
    if name and name not in names:
        hint = did_you_mean(name, names) or f"it has {', '.join(names)}"
        yield ("containerResource", "container"), f"there is no container {name} in {target}", hint
        return
    kind = string(metric.get("type"))
    own = METRICS.get(kind, "")
    for field in mapping(mapping(metric.get(own)).get("target")):
        if field != "type" and field not in VALUES.get(kind, (field,)):
            fact = f"of a metric of type {kind} nobody reads it"
            yield (own, "target", field), fact, f"write {' or '.join(VALUES[kind])}"
    target_of = mapping(mapping(metric.get(own)).get("target"))
    for field, said in _SAID.items():
        if field in target_of and field in VALUES.get(kind, ()) and target_of.get("type") != said:
            fact = f"it is read, whatever the type says, and the type is {target_of.get('type')}"
            yield (own, "target", field), fact, f"write type {said}, or the field of that type"
    measured = [container for container in containers if name in ("", container.get("name"))]
    for place in ("resource", "containerResource"):
        source = mapping(metric.get(place))
        wanted, resource = mapping(source.get("target")).get("averageUtilization"), string(source.get("name"))
        asked, most = (_sum(measured, side, resource) for side in ("requests", "limits"))
        if isinstance(wanted, int) and asked and most and wanted * asked >= most * 100:
            fact = f"the limits end at {most * 100 / asked:.0f} % of the requests, so {wanted} % is never exceeded"
            yield (place, "target", "averageUtilization"), fact, "write less, or raise the limits"


def _sum(containers: Sequence[Object], side: str, resource: str) -> Decimal | None:
    """Return what containers have of a resource together, or None where one of them says nothing."""
    texts = [mapping(mapping(container.get("resources")).get(side)).get(resource) for container in containers]
    try:
        return sum((number(str(text)) for text in texts), start=Decimal(0)) if texts and None not in texts else None
    except ValueError:
        return None  # K8S001 says so


_GROUPS: Final = {
    "": frozenset(
        """configmaps events limitranges persistentvolumeclaims pods replicationcontrollers resourcequotas secrets
        serviceaccounts services endpoints""".split()
    ),
    "apps": frozenset("controllerrevisions daemonsets deployments replicasets statefulsets".split()),
    "autoscaling": frozenset({"horizontalpodautoscalers"}),
    "batch": frozenset({"cronjobs", "jobs"}),
    "discovery.k8s.io": frozenset({"endpointslices"}),
    "events.k8s.io": frozenset({"events"}),
    "external-secrets.io": frozenset({"externalsecrets", "secretstores"}),
    "gateway.networking.k8s.io": frozenset({"grpcroutes", "httproutes"}),
    "metrics.k8s.io": frozenset({"pods"}),
    "networking.k8s.io": frozenset({"ingresses", "networkpolicies"}),
    "policy": frozenset({"poddisruptionbudgets"}),
}
"""What a Role of a company may be about: `kubectl api-resources` of each group that the closed model lists."""

_OF_NO_NAME: Final = {"create": "what is created has no name yet", "deletecollection": "it deletes without names"}


@rule(
    "K8S024",
    per=Per.CLASS,
    title="what a Role grants can be used",
    why="A resource of another group, or a name where the request has none, grants nothing: who asks is refused.",
    fix="Put the group and the resources that belong together into one rule.",
    source="https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources",
)
def what_is_granted_can_be_used(rendered: Rendered) -> Iterator[Found]:
    """Every Role has rules, every resource is one of a group beside it, and names stand where requests have some."""
    for role in rendered.of_kind("Role"):
        rules = tuple(mappings(role.get("rules")))
        if not rules:
            yield rendered.found_at(role, ("rules",), "it grants nothing", "write what it grants, or remove it")
        for index, item in enumerate(rules):
            groups = [group for group in map(str, sequence(item.get("apiGroups"))) if group in _GROUPS]
            for position, resource in enumerate(map(str, sequence(item.get("resources")))):
                plural = resource.partition("/")[0]
                homes = sorted(group for group, plurals in _GROUPS.items() if plural in plurals)
                if homes and groups and not any(group in homes for group in groups):
                    fact = f"{resource} is in no group of this rule: it is granted to nobody"
                    hint = f"write the group {' or '.join(repr(home) for home in homes)}"
                    yield rendered.found_at(role, ("rules", index, "resources", position), fact, hint)
                if item.get("resourceNames") and "/" not in resource:
                    for verb in map(str, sequence(item.get("verbs"))):
                        if verb in _OF_NO_NAME:
                            fact = f"{verb} of {resource} is granted to nobody: {_OF_NO_NAME[verb]}"
                            hint = "grant it in a rule without resourceNames"
                            yield rendered.found_at(role, ("rules", index, "resourceNames"), fact, hint)


@rule(
    "K8S025",
    per=Per.CLASS,
    title="a roll-out has the time that its pods may take",
    why="A deadline that ends before a slow pod may be ready shows every such roll-out as failed, and Degraded.",
    fix="Write more seconds as progressDeadlineSeconds, or fewer for the startup probe.",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds",
)
def roll_outs_have_time(rendered: Rendered) -> Iterator[Found]:
    """A Deployment's deadline is more than its slowest container may take to start, and minReadySeconds."""
    for deployment in rendered.of_kind("Deployment"):
        spec = spec_of(deployment)
        deadline, ready = whole(spec.get("progressDeadlineSeconds"), DEADLINE), whole(spec.get("minReadySeconds"), 0)
        for container in mappings(mapping(pod_spec(deployment)).get("containers")):
            probe = mapping(container.get("startupProbe"))
            if not probe:
                continue
            starts = whole(probe.get("initialDelaySeconds"), 0)
            starts += whole(probe.get("periodSeconds"), 10) * whole(probe.get("failureThreshold"), 3)
            if deadline <= starts + ready:
                fact = (
                    f"container {container.get('name')} may take {starts} s to start and counts after {ready} s more, "
                    f"and the roll-out has failed after {deadline} s"
                )
                key = "progressDeadlineSeconds" if "progressDeadlineSeconds" in spec else "template"
                hint = f"write more than {starts + ready} as progressDeadlineSeconds"
                yield rendered.found_at(deployment, ("spec", key), fact, hint)


_ANY_PATH: Final = {"type": "PathPrefix", "value": "/"}


@rule(
    "K8S026",
    per=Per.CLASS,
    title="every match of a route can be met",
    why="Of two equal matches the first has all requests, and what stands behind the second is never asked.",
    fix="Keep one of the two, or make them apart.",
    source="https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule",
)
def matches_are_apart(rendered: Rendered) -> Iterator[Found]:
    """No two matches of an HTTPRoute are equal."""
    for route in rendered.of_kind("HTTPRoute"):
        seen: set[str] = set()
        for index, item in enumerate(mappings(spec_of(route).get("rules"))):
            for match in tuple(mappings(item.get("matches"))) or ({},):
                key = json.dumps(_normal(match), sort_keys=True)
                if key in seen:
                    fact = "an earlier rule has this match: no request comes here"
                    yield rendered.found_at(route, ("spec", "rules", index), fact)
                seen.add(key)


def _normal(match: Object) -> Object:
    path = {**_ANY_PATH, **mapping(match.get("path"))}
    if path["type"] == "PathPrefix":
        path["value"] = str(path["value"]).rstrip("/")
    return {**match, "path": path}


_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,9}")
_KNOWN: Final = frozenset(
    f"{ARGO_CD}{name}"
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
        for path, fact, hint in _misunderstood(rendered.platform.cluster.kubernetes, obj):
            yield rendered.found_at(obj, path, fact, hint)


@annotations_are_understood.also(Per.FLEET)
def annotations_of_what_the_provider_runs_are_understood(repository: Repository) -> Iterator[Found]:
    """The same of argocd/platform/."""
    yield from of_platform(repository, _misunderstood)


def _misunderstood(version: str, obj: Object) -> Iterator[tuple[Path, str, str]]:
    del version
    if str(obj.get("apiVersion")).startswith("argoproj.io/"):
        return  # an Application has annotations of its own
    for key, value in mapping(mapping(obj.get("metadata")).get("annotations")).items():
        yield from (
            (("metadata", "annotations", key), fact, hint) for fact, hint in _of_annotation(str(key), str(value))
        )


def _of_annotation(key: str, value: str) -> Iterator[tuple[str, str]]:
    if key == SYNC_WAVE and not _INTEGER.fullmatch(value):
        yield f"{value!r} is no integer, and counts as wave 0", "write a number in quotes"
    if key.startswith(ARGO_CD) and key not in _KNOWN:
        yield "Argo CD has no such annotation", did_you_mean(key, _KNOWN)
    for annotation, known in ((SYNC_OPTIONS, _OPTIONS), (COMPARE_OPTIONS, _COMPARISONS)):
        for option in value.split(",") if key == annotation else ():
            if option.strip() not in known:
                yield f"Argo CD has no option {option.strip()!r}", did_you_mean(option.strip(), known)
