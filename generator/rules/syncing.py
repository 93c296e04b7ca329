"""ARG: how objects are synced: in which order, and what is never pruned."""

from collections.abc import Iterator
from typing import Final

from generator import layout
from generator.findings import sources
from generator.findings.finding import Found, Place, Severity
from generator.findings.rule import Firm
from generator.fleet.states import PURGING
from generator.kube.lenient import mapping, mappings, string
from generator.kube.pods import pod_spec
from generator.kube.sync import ARGO_CD, COMPARE_OPTIONS, FORCEFUL, GUARD, SYNC_OPTIONS, options, wave
from generator.render.rendered import Base, Rendered
from generator.rules.rule import Per, rule


@rule(
    "ARG009",
    per=Per.TENANT,
    title="Namespace, volumes and project carry Prune=false,Delete=false, until the company is purged",
    why="A volume is gone with its namespace: neither a sync nor a deleted Application may remove them.",
    fix="Put the annotation back in base/.",
    source=sources.SYNC_OPTIONS,
    firm=Firm.DATA,
)
def data_is_guarded(rendered: Rendered) -> Iterator[Found]:
    """Namespace, volumes and the project carry what keeps a sync or a deleted Application from removing them.

    Of a company that is purged they must not: it would be left behind without an Application.
    """
    if rendered.tenant.state == PURGING:
        yield from _still_guarded(rendered)
        return
    for obj in rendered.of_kind("Namespace", "PersistentVolumeClaim"):
        missing = [option for option in GUARD if option not in options(obj)]
        if missing:
            fact = f"{SYNC_OPTIONS} lacks {' and '.join(missing)}"
            yield rendered.found(obj, fact, "write Prune=false,Delete=false")
    missing = [option for option in GUARD if option not in options(rendered.project.data)]
    if missing:
        fact = f"{SYNC_OPTIONS} lacks {' and '.join(missing)}"
        yield rendered.found_in_project(("metadata", "annotations"), fact)


def _still_guarded(rendered: Rendered) -> Iterator[Found]:
    for obj in rendered.of_kind("Namespace", "PersistentVolumeClaim"):
        for option in sorted(filter(None, options(obj))):
            fact = f"{SYNC_OPTIONS} holds {option}, and the company is purged: it would be left behind, orphaned"
            yield rendered.found(obj, fact, f"take it out in {layout.GUARD}/{layout.STATES}/purging")
    if any(options(rendered.project.data)):
        fact = f"{SYNC_OPTIONS} is there, and the company is purged: its shard would never be Synced again"
        yield rendered.found_in_project(("metadata", "annotations"), fact)


@data_is_guarded.also(Per.GUARD)
def whoever_is_purged_is_let_go(base: Base) -> Iterator[Found]:
    """The same of a tenant that has everything, in the state in which the guards go, before anybody is in it."""
    for probe in base.states:
        for obj in probe.objects if probe.state == PURGING else ():
            held = sorted(filter(None, options(obj))) if obj["kind"] in ("Namespace", "PersistentVolumeClaim") else []
            if held:
                place = Place(f"{base.folders[0]}/{layout.STATES}/{PURGING}/kustomization.yaml")
                fact = f"as {PURGING} it still has {', '.join(held)}: it would be left behind, orphaned"
                yield Found(place, fact, "take out its sync-options there", f"{obj['kind']}/{obj['metadata']['name']}")


@rule(
    "ARG018",
    per=Per.CLASS,
    title="a volume is in no earlier wave than the pods that mount it",
    why="A class that binds on first use waits for the pod, which waits for the wave: for ever.",
    fix="Put both into one wave.",
    source=sources.SYNC_WAVES,
)
def volumes_come_with_their_pods(rendered: Rendered) -> Iterator[Found]:
    """A claim is in no earlier wave than the pods that mount it: it may wait for the first of them."""
    claims = {obj["metadata"]["name"]: obj for obj in rendered.of_kind("PersistentVolumeClaim")}
    for obj in rendered.objects:
        for volume in mappings((pod_spec(obj) or {}).get("volumes")):
            claim = claims.get(string(mapping(volume.get("persistentVolumeClaim")).get("claimName")))
            if claim is not None and wave(claim) < wave(obj):
                name = obj["metadata"]["name"]
                fact = f"it is in wave {wave(claim)}, and {obj['kind']} {name}, which it may wait for, in {wave(obj)}"
                yield rendered.found(claim, fact, "put both into one wave")


@rule(
    "ARG019",
    per=Per.CLASS,
    severity=Severity.WARNING,
    title="an Ingress and an HPA are in the last wave",
    why="They become healthy by others' doing, and a wave waits until all of it is healthy.",
    fix="Put them into the last wave.",
    source=sources.SYNC_WAVES,
)
def what_waits_for_others_comes_last(rendered: Rendered) -> Iterator[Found]:
    """Ingress and HPA become healthy by others' doing, so nothing waits for them."""
    last = max((wave(obj) for obj in rendered.objects), default=0)
    for obj in rendered.of_kind("Ingress", "HorizontalPodAutoscaler"):
        if wave(obj) < last:
            fact = f"it is in wave {wave(obj)}, and wave {last} waits until it is healthy"
            yield rendered.found(obj, fact, "put it into the last wave")


@rule(
    "ARG021",
    per=Per.CLASS,
    title="what an HPA scales has no replicas in git",
    why="Each sync would set the number back, against the autoscaler.",
    fix="Remove `replicas` from base/.",
    source=sources.BEST_PRACTICES,
)
def the_autoscaler_owns_replicas(rendered: Rendered) -> Iterator[Found]:
    """What an HPA scales has no `replicas` in git: Argo CD would set it back at each sync."""
    scaled = {
        (string(target.get("kind")), string(target.get("name")))
        for scaler in rendered.of_kind("HorizontalPodAutoscaler")
        for target in (mapping(mapping(scaler.get("spec")).get("scaleTargetRef")),)
    }
    for obj in rendered.objects:
        if (obj["kind"], obj["metadata"]["name"]) in scaled and "replicas" in mapping(obj.get("spec")):
            fact = f"replicas is {obj['spec']['replicas']}, and a HorizontalPodAutoscaler owns it"
            yield rendered.found(obj, fact, "remove it")


_HOOKS: Final = (f"{ARGO_CD}hook", "helm.sh/hook")


@rule(
    "ARG028",
    per=Per.CLASS,
    title="an object asks Argo CD for nothing but a plain sync",
    why="A hook is not kept, a replaced object loses its state, and one that is hidden stays when git drops it.",
    fix="Remove the annotation from base/.",
    source=sources.SYNC_OPTIONS,
)
def objects_are_synced_plainly(rendered: Rendered) -> Iterator[Found]:
    """No object asks Argo CD to recreate it, to skip its validation, to run it as a hook, or to look away."""
    for obj in rendered.objects:
        annotations = mapping(obj["metadata"].get("annotations"))
        for option in FORCEFUL:
            if option in options(obj):
                yield rendered.found(obj, f"{SYNC_OPTIONS} holds {option}", "remove it")
        for key in _HOOKS:
            if key in annotations:
                fact = f"{key} makes it a hook: Argo CD runs it beside the sync and does not keep it"
                yield rendered.found(obj, fact, "remove the annotation")
        if "IgnoreExtraneous" in str(annotations.get(COMPARE_OPTIONS, "")):
            yield rendered.found(obj, f"{COMPARE_OPTIONS} hides it when git drops it", "remove the annotation")
