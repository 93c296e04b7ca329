"""CHG028: what Argo CD makes of the objects that a change takes out of git, said to whoever reviews it."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Final

from generator.findings.finding import Found, Place, Severity
from generator.findings.rule import Firm
from generator.fleet.states import DELETING, RETIRED
from generator.kube.fate import Fate, left, pruned
from generator.kube.lenient import Object, mapping
from generator.render.rendered import Rendered, identity
from generator.rules.compared import Compared
from generator.rules.rule import Per, rule

_CLAIM: Final = "PersistentVolumeClaim"
_NAMED: Final = 20
"""How many companies a message lists; of one company, every object is named."""

_WORDS: Final = {
    Fate.PURGED: "Argo CD deletes, with the Application of {}",
    Fate.PRUNED: "Argo CD deletes in {}",
    Fate.SPARED: "Argo CD leaves in the cluster, without the Application of {}, by Delete=false",
    Fate.KEPT: "Argo CD keeps in {}, out of sync, by Prune=false",
    Fate.HELD: "Argo CD waits for approval before it deletes in {}",
}


@rule(
    "CHG028",
    per=Per.CHANGE,
    severity=Severity.WARNING,
    title="whoever reviews a change is told what Argo CD deletes, keeps and leaves behind",
    why="What a change takes out of git is in no line that it adds.",
    fix="Look whether that is what is meant; `tenantry diff` shows the rest of the effect.",
    source="tenantry: one pull request shows its whole effect",
    firm=Firm.TWO_COMMITS,
)
def what_goes_is_named(compared: Compared) -> Iterator[Found]:
    """Each object that leaves git, by what becomes of it, and the volume of each claim that goes."""
    goes: dict[tuple[Fate, str], list[str]] = defaultdict(list)
    places: dict[str, Place] = {}
    volumes: dict[str, list[str]] = defaultdict(list)
    for tenant, place, objects in _losing(compared):
        places[tenant] = place
        for fate, obj in objects:
            goes[fate, _called(obj, tenant)].append(tenant)
            if obj["kind"] == _CLAIM and fate in (Fate.PURGED, Fate.PRUNED):
                volumes[_volume(obj, compared)].append(tenant)
    shared: dict[tuple[Fate, tuple[str, ...]], list[str]] = defaultdict(list)
    for (fate, name), tenants in goes.items():
        shared[fate, tuple(tenants)].append(name)
    for (fate, whom), names in sorted(shared.items(), key=lambda one: list(Fate).index(one[0][0])):
        yield Found(places[whom[0]], f"{_WORDS[fate].format(_listed(whom))}: {', '.join(sorted(names))}", "")
    for words, several in volumes.items():
        yield Found(places[several[0]], words.format(_listed(several)), "")


def _losing(compared: Compared) -> Iterator[tuple[str, Place, list[tuple[Fate, Object]]]]:
    """Yield the tenants that lose objects, each object with its fate."""
    for step in compared.steps:
        before, after = step.rendered_before, step.rendered_after
        if before is not None and after is not None and (lost := list(_lost(before, after))):
            yield step.after.name, step.after.document.place(), [(pruned(obj), obj) for obj in lost]
    for move in compared.moves:
        place = move.after.document.place(("state",)) if "state" in move.after.document.data else None
        if place is not None and move.leaves is not None:
            application: Object = {"kind": "Application", "metadata": {"name": move.after.name}}
            objects = [application, *move.leaves.objects]
            yield move.after.name, place, [(left(obj, Fate.PURGED), obj) for obj in objects]
        elif place is not None and move.states == (DELETING, RETIRED):
            project: Object = {"kind": "AppProject", "metadata": {"name": move.after.name}}
            yield move.after.name, place, [(Fate.PRUNED, project)]


def _lost(before: Rendered, after: Rendered) -> Iterator[Object]:
    """Yield what leaves the render; an object whose name ends in a hash of its content is replaced by its next one."""
    here = {identity(obj) for obj in after.objects}
    stems = {_stem(obj) for obj in after.objects}
    for obj in before.objects:
        if identity(obj) not in here and not (obj["kind"] in ("ConfigMap", "Secret") and _stem(obj) in stems):
            yield obj


def _stem(obj: Object) -> tuple[str, str]:
    return obj["kind"], str(obj["metadata"]["name"]).rpartition("-")[0]


def _called(obj: Object, tenant: str) -> str:
    name = str(obj["metadata"]["name"])
    return f"the {obj['kind']}" if name == tenant else f"{obj['kind']}/{name}"


def _volume(claim: Object, compared: Compared) -> str:
    of_class = str(mapping(claim.get("spec")).get("storageClassName", ""))
    name = f"{claim['kind']}/{claim['metadata']['name']}"
    if of_class in compared.before.cluster.declared.get("storageClasses", ()):
        return f"the volume of {name} of {{}} is released and kept, with the files on it, as class {of_class} says"
    return f"the volume of {name} of {{}} goes, with the files on it, unless its class retains it"


def _listed(names: Collection[str]) -> str:
    shown, more = list(names)[:_NAMED], len(names) - _NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
