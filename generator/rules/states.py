"""STA: a company's state renders what it allows on every release, and no company jumps from state to state."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from generator import layout
from generator.findings.finding import Found, Place
from generator.findings.rule import Firm
from generator.fleet.states import ACTIVE, RETIRING, STATES
from generator.kube.guards import guards
from generator.kube.lenient import Object, mapping, mappings, spec_of, string, strings
from generator.kube.pods import SCALED, containers, pod_spec, pod_template
from generator.kube.sync import SYNC_OPTIONS
from generator.reading.schema import Path
from generator.render.rendered import Base, Probe, Rendered, identity
from generator.rules.rule import Per, rule

_SOURCE: Final = "tenantry: a company's life is a table (docs/reference/states.md)"

_Forbidden = tuple[Object, Path, str, str]
"""An object, a path in it, what it does that its state does not allow, and what to do."""


@rule(
    "STA001",
    per=Per.CLASS,
    title="a company's state renders what the state allows, and no more",
    why="A pod, a route or a policy that a state forgets goes on serving a company that is switched off, unseen.",
    fix="Patch what is named in the folder of that state, base/guard/states.",
    source=_SOURCE,
    firm=Firm.RENDER,
)
def states_render_what_they_allow(rendered: Rendered) -> Iterator[Found]:
    """No workload, autoscaler, route or policy of a company does what its state does not allow."""
    state, service = rendered.tenant.state, rendered.platform.service
    page = rendered.platform.unavailable_page if "suspended" in STATES[state].parts else ""
    for obj, path, fact, hint in (
        *_forbidden(rendered.objects, state, service),
        *_redirected(rendered.objects, page),
    ):
        yield rendered.found_at(obj, path, fact, hint)


@states_render_what_they_allow.also(Per.GUARD)
def every_release_renders_in_every_state(base: Base) -> Iterator[Found]:
    """The same of a tenant that has everything, on every release, whether or not somebody is in that state."""
    guard, release = base.folders
    for state in STATES.values():
        probe = next((probe for probe in base.states if probe.state == state.name), None)
        if probe is None:
            continue  # whoever goes to that state is told that the guard lacks it
        if probe.error:
            folder = f"{guard}/{layout.STATES}/{state.parts[-1]}"
            yield Found(Place(folder), f"{release} cannot be built as {state.name}: {probe.error}")
        else:
            yield from _of_probe(base, probe)


def _of_probe(base: Base, probe: Probe) -> Iterator[Found]:
    state = probe.state
    folder = f"{base.folders[0]}/{layout.STATES}/{STATES[state].parts[0]}"
    told = mapping(spec_of(probe.facts).get("unavailable"))
    page = f"https://{told['host']}{told['path']}" if "suspended" in STATES[state].parts else ""
    for obj, path, fact, hint in (
        *_forbidden(probe.objects, state, base.platform.service),
        *_redirected(probe.objects, page),
    ):
        where = ".".join(map(str, path))
        said = f"{base.folders[1]} as {state}: {where}: {fact}" if where else f"{base.folders[1]} as {state}: {fact}"
        yield Found(Place(f"{folder}/kustomization.yaml"), said, hint, f"{obj['kind']}/{obj['metadata']['name']}")


def _forbidden(objects: Sequence[Object], state: str, service: str) -> Iterator[_Forbidden]:
    """Yield what objects do that a state does not allow."""
    if state == ACTIVE:
        return
    off = [obj for obj in objects if pod_spec(obj) is not None and (state != RETIRING or not _is(obj, service))]
    for obj in off:
        yield from _running(obj, state)
    shut = {(obj["kind"], obj["metadata"]["name"]) for obj in off}
    for obj in objects:
        if obj["kind"] == "HorizontalPodAutoscaler" and _target(obj) in shut:
            yield obj, (), f"it scales what a company that is {state} does not run", "let the state delete it"
        if obj["kind"] in ("HTTPRoute", "Ingress"):
            yield from _leading(obj, state, _behind(objects, off))
    if state == RETIRING:
        yield from _writing(objects, service)
        return
    for obj in objects:
        for way in ("ingress", "egress"):
            if obj["kind"] == "NetworkPolicy" and spec_of(obj).get(way):
                yield obj, ("spec", way), f"it opens a way that a company that is {state} does not need", "remove it"


def _is(obj: Object, service: str) -> bool:
    return bool(obj["metadata"]["name"] == service)


def _running(obj: Object, state: str) -> Iterator[_Forbidden]:
    """Yield where a workload still makes pods."""
    kind = obj["kind"]
    if kind in SCALED:
        if spec_of(obj).get("replicas") != 0:
            yield obj, ("spec", "replicas"), f"it runs pods, and a company that is {state} has none of it", "write 0"
    elif kind == "CronJob":
        if spec_of(obj).get("suspend") is not True:
            yield obj, ("spec", "suspend"), f"it makes pods, and a company that is {state} has none", "write true"
    else:
        yield obj, (), f"a {kind} makes pods, and a company that is {state} has none of it", "let the state delete it"


def _behind(objects: Sequence[Object], off: Sequence[Object]) -> frozenset[str]:
    """Return the names of the Services that select pods of workloads that are off."""
    labels = [mapping(mapping(mapping(pod_template(obj)).get("metadata")).get("labels")) for obj in off]
    services = (obj for obj in objects if obj["kind"] == "Service")
    return frozenset(
        service["metadata"]["name"]
        for service in services
        if (selector := mapping(spec_of(service).get("selector")))
        and any(selector.items() <= pod.items() for pod in labels)
    )


def _leading(route: Object, state: str, services: frozenset[str]) -> Iterator[_Forbidden]:
    """Yield where a route leads to what does not run."""
    for index, item in enumerate(mappings(spec_of(route).get("rules"))):
        to = [string(backend.get("name")) for backend in mappings(item.get("backendRefs"))]
        paths = mappings(mapping(item.get("http")).get("paths"))
        to += [string(mapping(mapping(path.get("backend")).get("service")).get("name")) for path in paths]
        for name in sorted(services.intersection(to)):
            fact = f"it leads to {name}, and a company that is {state} does not run that"
            yield route, ("spec", "rules", index), fact, "let the state delete it, or lead it to unavailablePage"


_FOR_GOOD: Final = (301, 308)
_HTTPS: Final = 443


def _redirected(objects: Sequence[Object], page: str) -> Iterator[_Forbidden]:
    """Yield where a route sends people elsewhere than to the page of suspended companies, if this is one."""
    for obj in objects:
        for index, item in enumerate(mappings(spec_of(obj).get("rules")) if obj["kind"] == "HTTPRoute" else ()):
            for number, filtered in enumerate(mappings(item.get("filters"))):
                to = mapping(filtered.get("requestRedirect"))
                if not page and not to.get("hostname"):
                    continue  # it stays at the company's own host
                port = f":{to['port']}" if to.get("port", _HTTPS) != _HTTPS else ""
                host = f"{to.get('scheme', 'https')}://{to.get('hostname')}{port}"
                address = f"{host}{mapping(to.get('path')).get('replaceFullPath')}"
                if address != page:
                    where: Path = ("spec", "rules", index, "filters", number)
                    hint = f"lead it to {page}" if page else "only the hosts of suspended companies lead elsewhere"
                    yield obj, where, f"it sends people to {address}", hint
                elif to.get("statusCode") in _FOR_GOOD:
                    fact = f"browsers keep a redirect with {to['statusCode']} when the company is back"
                    yield obj, ("spec", "rules", index, "filters", number), fact, "write 302"


def _writing(objects: Sequence[Object], service: str) -> Iterator[_Forbidden]:
    """Yield the claims that the main service still mounts so that it can write."""
    for obj in objects:
        spec = mapping(pod_spec(obj))
        for index, volume in enumerate(mappings(spec.get("volumes")) if _is(obj, service) else ()):
            claim = mapping(volume.get("persistentVolumeClaim"))
            if claim and claim.get("readOnly") is not True:
                where: Path = ("spec", "template", "spec", "volumes", index, "persistentVolumeClaim", "readOnly")
                yield obj, where, "the files of a company that leaves are mounted to be written", "write true"


# --- what a state may touch


@rule(
    "STA002",
    per=Per.GUARD,
    title="a state takes away, and leaves what guards a company but for its guards of deletion and its ways",
    why="base/guard/states may write into everything: a state could widen a quota or start pods in another way.",
    fix="Write into workloads, routes and policies alone; of pods make mounts read-only and take arguments out.",
    source=_SOURCE,
    firm=Firm.NEIGHBOURS,
)
def states_leave_guards_alone(base: Base) -> Iterator[Found]:
    """Quota, limits, access, secrets, accounts, labels and pods are the same in every state, and nothing is added."""
    whole = next((probe for probe in base.probes if probe.exposure == base.platform.exposure), None)
    before = {identity(obj): obj for obj in whole.objects} if whole else {}
    fetched_by = _fetched_by(before, base.platform.service)
    for probe in base.states if before else ():
        after = {identity(obj): obj for obj in probe.objects}
        for name in {**before, **after} if after else ():
            fact = _touched(before.get(name), after.get(name))
            if not fact and probe.state == RETIRING and name in fetched_by:
                fact = _kept_from_people(before[name], after.get(name))
            if fact:
                place = Place(f"{base.folders[0]}/{layout.STATES}/{STATES[probe.state].parts[-1]}/kustomization.yaml")
                yield Found(place, f"as {probe.state} {fact}", object=name)


def _fetched_by(objects: Mapping[str, Object], service: str) -> frozenset[str]:
    """Return what people fetch their files by: the main service, what scales it, its Services and their routes."""
    run = {name: obj for name, obj in objects.items() if pod_spec(obj) is not None and _is(obj, service)}
    services = _behind(tuple(objects.values()), tuple(run.values()))
    scaled = {(obj["kind"], obj["metadata"]["name"]) for obj in run.values()}
    return frozenset(
        name
        for name, obj in objects.items()
        if name in run
        or (obj["kind"] == "Service" and obj["metadata"]["name"] in services)
        or (obj["kind"] in ("HTTPRoute", "Ingress") and any(_leading(obj, RETIRING, services)))
        or (obj["kind"] == "HorizontalPodAutoscaler" and _target(obj) in scaled)
    )


def _target(autoscaler: Object) -> tuple[Any, Any]:
    target = mapping(spec_of(autoscaler).get("scaleTargetRef"))
    return target.get("kind"), target.get("name")


def _kept_from_people(before: Object, after: Object | None) -> str:
    """Say what a state does to what people of a company that leaves fetch their files by."""
    if after is None:
        return "this object is gone, and people fetch their files by it"
    if pod_spec(before) is None:
        return "" if before == after else "this object is another, and people fetch their files by it"
    same = spec_of(before).get("replicas") == spec_of(after).get("replicas")
    return "" if same else "it runs another number of pods, and people fetch their files by them"


def _touched(before: Object | None, after: Object | None) -> str:
    """Say what a state does to an object that it may not touch; nothing when it does nothing of that."""
    if before is None:
        return "this object is added"
    if after is None:
        is_needed = guards(before) and not (before["kind"] == "NetworkPolicy" and _opens(before))
        return "this object is gone" if is_needed else ""
    if before["kind"] in ("Namespace", "PersistentVolumeClaim"):
        before, after = _without_options(before), _without_options(after)
    if before["kind"] == "NetworkPolicy":
        is_kept = before.get("spec") == after.get("spec") or spec_of(after) == _NOTHING
        return "" if is_kept else "this policy is another, and does not shut both ways for every pod"
    if guards(before) and before != after:
        return "this object is another"
    return _restarted(before, after)


_NOTHING: Final = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def _opens(policy: Object) -> bool:
    return any(spec_of(policy).get(way) for way in ("ingress", "egress"))


def _restarted(before: Object, after: Object) -> str:
    """Say what a state does to pods beyond making mounts read-only and taking arguments out."""
    if pod_spec(before) is None or _frozen(pod_template(before)) == _frozen(pod_template(after)):
        return _with_more_arguments(mapping(pod_spec(before)), mapping(pod_spec(after)))
    return "its pods are others: a state makes mounts read-only and takes arguments out, and nothing else"


def _with_more_arguments(before: Object, after: Object) -> str:
    for was, now in zip(containers(before), containers(after), strict=False):  # equal but for their arguments
        had = list(strings(was.get("args")))
        for argument in strings(now.get("args")):
            if argument not in had:
                return f"the container {now.get('name')} has the argument {argument}"
    return ""


def _frozen(value: Any) -> Any:
    """Return a pod template without what a state may change."""
    if isinstance(value, Mapping):
        kept = {key: _frozen(inner) for key, inner in value.items() if key not in ("readOnly", "args")}
        # a patch puts what it touches first, and their order means nothing
        return kept | {key: sorted(kept[key], key=_text) for key in ("volumes", "volumeMounts") if key in kept}
    return [_frozen(inner) for inner in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _without_options(obj: Object) -> Object:
    metadata = mapping(obj["metadata"])
    kept = {key: value for key, value in mapping(metadata.get("annotations")).items() if key != SYNC_OPTIONS}
    return {**obj, "metadata": {**metadata, "annotations": kept}}
