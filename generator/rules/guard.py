"""GRD: what guards companies takes effect at once, and so restarts no pod and refuses none, of any release."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from generator import layout
from generator.findings.finding import Found, Place
from generator.findings.rule import Firm
from generator.generate.releases import COMPONENTS, CORE
from generator.kube.guards import KINDS, guards
from generator.kube.kustomization import FILE
from generator.kube.lenient import Object, mapping, mappings, spec_of, string
from generator.kube.pods import pod_spec, pod_template
from generator.proofs.limits import Limit, read_limit, refusals
from generator.reachability.policy import UnreadableError
from generator.reachability.promises import Calls, check, expectations
from generator.reachability.space import read_space
from generator.reading import yaml_objects
from generator.reading.schema import Path
from generator.reading.yaml_reader import Document
from generator.render.rendered import Base, Probe, identity, origin_of
from generator.rules.podsecurity import refused
from generator.rules.rule import Per, rule

_SOURCE: Final = "tenantry: what guards takes effect for all companies at once (docs/concepts/guard.md)"

# --- what stands where


@rule(
    "GRD001",
    per=Per.RELEASE,
    title="base/guard holds what guards a company, and a release what runs",
    why="A guard is live for everybody: a pod in it would restart everywhere at once. A release waits for its ring.",
    fix="Move the object.",
    source=_SOURCE,
)
def every_object_is_in_its_place(base: Base) -> Iterator[Found]:
    """Every object of a guard is of one of its few kinds, and none of a release is; an account goes with its pods."""
    guard, release = base.folders
    for obj, place in _written(base).values():
        account = obj["kind"] == "ServiceAccount" and obj["metadata"]["name"] in _accounts_of_pods(base)
        belongs = guards(obj) and not account
        if place.file.startswith(f"{guard}/") and not belongs:
            why = "pods run as it" if account else f"a {obj['kind']} runs, or what runs needs it of its own version"
            yield Found(
                place, f"{why}, and {guard} holds what guards alone", _move(place, guard, release), identity(obj)
            )
        elif place.file.startswith(f"{release}/") and belongs:
            why = "no pod runs as it" if obj["kind"] == "ServiceAccount" else f"a {obj['kind']} guards"
            yield Found(place, f"{why}, and stands with what runs", _move(place, release, guard), identity(obj))


def _written(base: Base) -> dict[tuple[str, str], tuple[Object, Place]]:
    """Return every object that a probe has and that stands in a file, with where it stands, each once."""
    found = {}
    for probe in base.probes:
        for obj in probe.objects:
            place = origin_of(base.origins, obj)
            if place is not None:
                found[obj["kind"], obj["metadata"]["name"]] = (obj, place)
    return found


def _accounts_of_pods(base: Base) -> frozenset[str]:
    specs = (pod_spec(obj) for probe in base.probes for obj in probe.objects)
    return frozenset(string(spec.get("serviceAccountName")) for spec in specs if spec is not None)


def _move(place: Place, here: str, there: str) -> str:
    return f"move it into {there}{place.file.removeprefix(here)}, and name that file in the kustomization beside it"


# --- claims of add-ons


@rule(
    "GRD004",
    per=Per.RELEASE,
    title="the claim of an add-on stands in a component of the guard that brings nothing else",
    why="A company that drops the add-on keeps the claim, and what else a component brings must go.",
    fix="Move it into base/guard/components/COMPONENT-claim, and name it under `claim` of the add-on.",
    source="tenantry: a company that drops an add-on keeps its claim (docs/guides/drop-an-add-on.md)",
    firm=Firm.DATA,
)
def a_claim_outlives_its_add_on(base: Base) -> Iterator[Found]:
    """Every claim in a component is the declared one of an add-on, alone in its component, and every such claim is."""
    guard = base.folders[0]
    owners = {f"{guard}/{COMPONENTS}/{addon.claim_component}": addon for addon in base.platform.claims.values()}
    found = set()
    for obj, place in _written(base).values():
        kind, name = obj["kind"], obj["metadata"]["name"]
        folder = "/".join(place.file.split("/")[: guard.count("/") + 3])
        owner = owners.get(folder)
        if kind == _CLAIM and folder.startswith(f"{guard}/{COMPONENTS}/") and owner is None:
            fact = "it would leave with the component of its add-on, and what is in it would be out of reach"
            hint = f"run `tenantry upgrade`; or move it into {folder}-claim, and declare claim: {name} of the add-on"
            yield Found(place, fact, hint, identity(obj))
        elif owner is not None and kind != _CLAIM:
            fact = f"{folder} stays when a company drops {owner.name}, and brings its claim alone"
            yield Found(place, fact, f"move it into {guard}/{COMPONENTS}/{owner.component}", identity(obj))
        elif owner is not None and name != owner.claim:
            fact = f"the claim of {owner.name} is called {owner.claim} in {layout.PLATFORM}"
            yield Found(place, fact, f"give it that name, or write claim: {name} there", identity(obj))
        elif owner is not None:
            found.add(owner.name)
    for folder, owner in owners.items():
        if base.probes and owner.name not in found:
            place = base.platform.document.place(("addons", owner.name, "claim"))
            yield Found(place, f"{folder} brings no {_CLAIM} {owner.claim}", f"write it into {folder}/claims.yaml")


_CLAIM: Final = "PersistentVolumeClaim"

# --- what it says to kustomize

_KEYS: Final = frozenset({"apiVersion", "kind", "resources", "components", "labels", "patches", "replacements"})


@rule(
    "GRD002",
    per=Per.RELEASE,
    title="what guards writes into objects that guard, and into no other",
    why="A component reaches what was listed before it: an entry of a guard could change every pod at once.",
    fix="Name a kind that guards, or move the entry into base/edge.",
    source="https://kubectl.docs.kubernetes.io/guides/config_management/components/",
    firm=Firm.RENDER,
)
def a_guard_writes_into_guards_alone(base: Base) -> Iterator[Found]:
    """Every entry of every kustomization of a guard names a kind that guards, or adds objects or labels of objects."""
    guard, release = base.folders
    for folder, document in base.kustomizations.items():
        # a state is no change for everybody: what it may make of a company, STA001 says
        if folder.startswith(f"{guard}/") and not folder.startswith(f"{guard}/{layout.STATES}/"):
            for path, fact in _reaching(base, document):
                hint = f"write it in {release}{folder.removeprefix(guard)}/{FILE}"
                yield Found(document.place(path), fact, hint)


def _reaching(base: Base, document: Document) -> Iterator[tuple[Path, str]]:
    """Yield the entries of a kustomization that may write into a pod, with what they are."""
    data = mapping(document.data)
    for key in data.keys() - _KEYS:
        yield (key,), f"{key} is for pods, and nothing here is part of one"
    for index, label in enumerate(mappings(data.get("labels"))):
        if label.get("includeTemplates"):
            yield ("labels", index, "includeTemplates"), "it writes into pod templates, so a change restarts every pod"
    for index, patch in enumerate(mappings(data.get("patches"))):
        for kind in _patched(base, document, patch):
            if kind not in KINDS:
                yield ("patches", index), _not_named(kind)
    for index, replacement in enumerate(mappings(data.get("replacements"))):
        for number, target in enumerate(mappings(replacement.get("targets"))):
            kind = mapping(target.get("select")).get("kind")
            if kind not in KINDS:
                yield ("replacements", index, "targets", number), _not_named(kind)


def _not_named(kind: object) -> str:
    return f"it writes into {kind}, which does not guard" if kind else "it does not name the kind that it writes into"


def _patched(base: Base, document: Document, patch: Object) -> list[object]:
    """Return the kinds that a patch names: its target's, or those of what it is itself."""
    if "target" in patch:
        return [mapping(patch["target"]).get("kind")]
    folder = document.file.rpartition("/")[0]
    text = string(patch.get("patch")) or base.sources.get(
        f"{folder}/{string(patch.get('path')).removeprefix('./')}", ""
    )
    return [mapping(item).get("kind") for item in yaml_objects.objects_or_none(text)] or [None]


# --- what it refuses


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """Why a pod, or a connection of it, is refused by a guard.

    Attributes:
        place: What refuses, in the guard.
        fact: What it refuses.
        object: The workload, or nothing.
    """

    place: Place
    fact: str
    object: str = ""


@rule(
    "GRD003",
    per=Per.GUARD,
    title="no pod of any release is refused by what guards",
    why="A guard is live for companies on every release, and a ring may go back to an earlier one on any day.",
    fix="Let the guard admit both, or remove the release when no ring will name it again.",
    source=_SOURCE,
)
def a_guard_refuses_no_pod(base: Base) -> Iterator[Found]:
    """Pod Security, LimitRange and policies let a tenant that has everything run, on each frozen release.

    What `edge` runs for companies is looked at in their own renders, by SEC002, SEC016, K8S004 and NET002.
    """
    if base.in_use and base.pair.release == layout.EDGE:
        return
    seen = set()
    for probe in base.probes:
        for refusal in _refusals(base, probe):
            if refusal not in seen:
                seen.add(refusal)
                yield Found(refusal.place, refusal.fact, _way_out(base), refusal.object)
        if probe.error and not base.in_use:
            fact = f"it cannot be built with {base.folders[0]}: {probe.error}"
            yield Found(base.place(), fact, _way_out(base))


def _way_out(base: Base) -> str:
    guard, release = base.folders
    if base.in_use or base.pair.release == layout.EDGE:
        return f"let {guard} admit what {release} runs as well"
    return f"let {guard} admit what {release} runs as well; or, if no ring goes back to it: git rm -r {release}"


def _refusals(base: Base, probe: Probe) -> Iterator[_Refusal]:
    release = base.folders[1]
    limits = list(_limits(probe))
    namespace = next((obj for obj in probe.objects if obj["kind"] == "Namespace"), None)
    for obj in probe.objects:
        template = pod_template(obj)
        if template is None:
            continue
        about = f"{obj['kind']}/{obj['metadata']['name']}"
        for fact in refused(template) if _is_restricted(namespace) else ():
            said = f"Pod Security refuses pods of {release}: {fact}"
            yield _Refusal(place=base.place(namespace), fact=said, object=about)
        for one, limit in limits:
            for what, why in _refused(template, limit):
                fact = f"the LimitRange refuses pods of {release}: {what} {why}"
                yield _Refusal(place=base.place(one), fact=fact, object=about)
    yield from _unreachable(base, probe)


def _is_restricted(namespace: Object | None) -> bool:
    labels = mapping(namespace["metadata"].get("labels")) if namespace else {}
    return labels.get("pod-security.kubernetes.io/enforce") == "restricted"


def _limits(probe: Probe) -> Iterator[tuple[Object, Limit]]:
    for obj in probe.objects:
        for item in mappings(spec_of(obj).get("limits")) if obj["kind"] == "LimitRange" else ():
            try:
                yield obj, read_limit(item)
            except ValueError:
                continue  # K8S001 says so


def _refused(template: Object, limit: Limit) -> list[tuple[str, str]]:
    try:
        return list(refusals(mapping(template.get("spec")), [limit]))
    except ValueError:
        return []  # K8S001 says so


def _unreachable(base: Base, probe: Probe) -> Iterator[_Refusal]:
    """Yield the connections that a tenant requires and that the policies refuse: a port that has another name, say."""
    guard, release = base.folders
    place = Place(f"{guard}/{CORE}" if probe.objects else guard)
    try:
        space = read_space(probe.objects)
    except UnreadableError as error:
        if probe.objects:
            yield _Refusal(place=place, fact=f"what it lets pods of {release} reach cannot be said: {error}")
        return
    calls = [
        Calls(workload=addon.workload, services=addon.calls, reaches=addon.reaches)
        for addon in base.platform.addons.values()
    ]
    for promise in check(space, expectations(space, probe.objects, base.platform.cluster.neighbours, calls)):
        if not promise.kept:
            ends = " and ".join(direction.lower() for direction in promise.refused_by)
            fact = f"with {release}, {promise.expected} ({promise.expected.name}) is refused by {ends}"
            yield _Refusal(place=place, fact=fact)
