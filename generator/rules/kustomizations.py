"""KUS: what a release of base/ says to kustomize changes something, and writes every fact."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from generator import layout
from generator.findings import sources
from generator.findings.finding import Found
from generator.findings.rule import Firm
from generator.findings.words import did_you_mean
from generator.fleet.model import Exposure
from generator.generate.compose import claims_of, components_of, states_of
from generator.generate.releases import COMPONENTS, CORE, FACTS, parts_of
from generator.kube import branching
from generator.kube.generated_names import without_hash
from generator.kube.lenient import Object, group_of, mapping, mappings, strings
from generator.kube.pods import pod_spec
from generator.kube.tenant_names import TENANT_LABEL
from generator.reading.schema import Path
from generator.render.rendered import Base, Rendered, identity
from generator.rules.podsecurity import all_containers
from generator.rules.rule import Per, of_table, rule

# --- what a release may hold; what none may hold is refused before it is built (`generator.kube.allowed`)


@of_table("KUS001", per=Per.RELEASE)
def the_release_builds(base: Base) -> Iterator[Found]:
    """A tenant that has everything can be built from the release."""
    errors: dict[str, list[str]] = {}
    for probe in base.probes:
        errors.setdefault(probe.error, []).append(probe.exposure)
    for error, exposures in errors.items():
        if error:
            how = " or ".join(exposures)
            fact = f"a tenant that has everything cannot be built, by {how}: {error}"
            yield Found(base.place(), fact)


_IN_TEMPLATES: Final = frozenset({TENANT_LABEL})
"""Labels of an overlay that may stand in pod templates: one that changes with the plan would restart every pod."""


@of_table("KUS002", per=Per.CLASS)
def an_overlay_restarts_no_pod(rendered: Rendered) -> Iterator[Found]:
    """No overlay puts labels into pod templates that change with the plan."""
    place = rendered.place()
    for label in mappings(rendered.overlay.get("labels")):
        others = sorted(set(mapping(label.get("pairs"))) - _IN_TEMPLATES)
        if label.get("includeTemplates") and others:
            fact = f"the label {others[0]} stands in pod templates: whenever it changes, every pod restarts"
            yield Found(place, fact, "write it in an item of its own without includeTemplates")


@rule(
    "KUS003",
    per=Per.RELEASE,
    title="every patch and image of base/ changes something",
    why="kustomize says nothing when a patch selects nothing, or an image's name occurs nowhere.",
    fix="Fix the target or the name, or remove the entry.",
    source=sources.KUSTOMIZE,
)
def every_entry_changes_something(base: Base) -> Iterator[Found]:
    """The render is another one without any patch or image of base/, and without any namespace."""
    for document in base.kustomizations.values():
        if "namespace" in mapping(document.data):
            fact = "each overlay puts its own in the place of this namespace"
            yield Found(document.place(("namespace",)), fact, "remove it")
    for folder, key, index in base.idle:
        document = base.kustomizations[folder]
        entry = document.data[key][index]
        what = f"the image {entry.get('name')!r}" if key == "images" else f"patch {index + 1}"
        hint = "its name occurs in no object" if key == "images" else "its target selects nothing, or has it already"
        yield Found(document.place((key, index)), f"{what} changes nothing", hint)


@every_entry_changes_something.also(Per.CLASS)
def every_image_was_set(rendered: Rendered) -> Iterator[Found]:
    """No container runs the bare name that base/ writes for `images:` to replace."""
    for obj in rendered.objects:
        for container in all_containers(pod_spec(obj) or {}):
            image = str(container.get("image", ""))
            if not re.search(r"[/:@]", image):
                fact = f"container {container.get('name')} has the bare image {image!r}: no entry of images names it"
                yield rendered.found(obj, fact, "images: of core does not reach what a component brings")


# --- facts


@rule(
    "KUS015",
    per=Per.RELEASE,
    title="every replacement of base/ writes its fact",
    why="kustomize says nothing when `select` matches no object; the field keeps what base/ wrote.",
    fix="Fix select and fieldPaths, or remove the target.",
    source=sources.KUSTOMIZE,
    firm=Firm.RENDER,
)
def every_replacement_writes_its_fact(base: Base) -> Iterator[Found]:
    """In a tenant that has everything, every target of every replacement holds the value of its source."""
    for folder, document in base.kustomizations.items():
        probes = [probe for probe in base.probes if folder in probe.folders and not probe.error]
        for index, replacement in enumerate(mappings(document.data.get("replacements"))):
            path = ("replacements", index)
            for number, target in enumerate(mappings(replacement.get("targets"))):
                place = document.place((*path, "targets", number))
                for probe in probes:
                    fact = _unwritten(mapping(replacement.get("source")), target, probe.facts, probe.objects)
                    if fact:
                        yield Found(place, fact)
                        break
                objects = [obj for probe in probes for obj in probe.objects]
                for spared, reject in enumerate(mappings(target.get("reject")) if probes else ()):
                    if not any(_is_selected(reject, obj) for obj in objects):
                        at = document.place((*path, "targets", number, "reject", spared))
                        yield Found(at, f"reject ({_said(reject)}) matches no object, and keeps none out")


def _unwritten(source: Object, target: Object, facts: Object, objects: Sequence[Object]) -> str:
    """Say what a target does not have of its source, or nothing."""
    select = mapping(target.get("select"))
    chosen = [obj for obj in objects if _is_selected(select, obj)]
    chosen = [item for item in chosen if not any(_is_selected(no, item) for no in mappings(target.get("reject")))]
    if not chosen:
        return f"select ({_said(select)}) matches no object"
    source_path = str(source.get("fieldPath", "metadata.name"))
    values = [value for item in (facts, *objects) if _is_selected(source, item) for value in _at(item, source_path)]
    options = mapping(target.get("options"))
    if not values or "encoding" in options:
        return ""
    value = _part(values[0], mapping(source.get("options")))
    for field in list(strings(target.get("fieldPaths"))) or ["metadata.name"]:
        for item in chosen:
            held = [_part(other, options) for other in _at(item, field)]
            if not held:
                return f"{field} is in no {identity(item)}"
            if any(_text(other) != _text(value) for other in held):
                return f"{field} of {identity(item)} does not hold {source_path}"
    return ""


def _said(select: Object) -> str:
    return ", ".join(f"{key} {value}" for key, value in select.items())


def _is_selected(select: Object, obj: Object) -> bool:
    """Say whether kustomize's selector names an object; its strings are anchored regular expressions."""
    metadata = obj["metadata"]
    name = without_hash(metadata["name"])
    has = {"group": group_of(obj), "version": obj["apiVersion"].rpartition("/")[2], "kind": obj["kind"], "name": name}
    if obj["kind"] == "Namespace":
        has.pop("name")  # renamed by the overlay, so select named it otherwise
    for key, value in has.items():
        if key in select and not _matches(str(select[key]), value):
            return False
    for key, labels in (("labelSelector", "labels"), ("annotationSelector", "annotations")):
        wanted = str(select[key]).split(",") if key in select else []
        has_pairs = {f"{name}={value}" for name, value in mapping(metadata.get(labels)).items()}
        if not set(wanted) <= has_pairs:
            return False
    return True


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:  # Go reads a few expressions that Python does not, such as \z
        return False


_STEP: Final = re.compile(r"\[([^\]]+)\]|((?:\\.|[^.\[\]])+)")


def _at(value: Any, field: str) -> list[Any]:
    """Return the values at a fieldPath of kustomize: `spec.data.*.key`, `spec.hard.[requests.cpu]`, `a.[name=b].c`."""
    found = [value]
    for match in _STEP.finditer(field):
        step = match[1] or match[2].replace("\\.", ".")
        found = [inner for problem in found for inner in _inside(problem, step)]
    return found


def _inside(value: Any, step: str) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if step in value:
            yield value[step]
    elif isinstance(value, list):
        key, equals, wanted = step.partition("=")
        if step == "*":
            yield from value
        elif equals:
            yield from (item for item in mappings(value) if key in item and _found(wanted, str(item[key])))
        elif step.isdecimal() and int(step) < len(value):
            yield value[int(step)]


def _found(pattern: str, value: str) -> bool:
    """Say whether kustomize finds an entry by `[key=pattern]`: anywhere in the value, as a regular expression.

    Source: PathMatcher in https://github.com/kubernetes-sigs/kustomize/blob/kyaml/v0.21.1/kyaml/yaml/match.go
    """
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return pattern == value


def _part(value: Any, options: Object) -> Any:
    """Return the part of a value that `delimiter` and `index` choose."""
    if "delimiter" not in options:
        return value
    parts = str(value).split(options["delimiter"])
    return parts[max(0, min(options.get("index", 0), len(parts) - 1))]


def _text(value: Any) -> Any:
    return value if isinstance(value, list | dict) else str(value)


_LITERAL: Final = re.compile(r"[A-Za-z0-9_./-]+")
"""A text that is meant as it stands, though kustomize takes it for a regular expression."""


@rule(
    "KUS019",
    per=Per.RELEASE,
    title="an entry of base/ writes what its words name, and no more",
    why="kustomize reads `[name=A]` and names as regular expressions: AB is written as well, and it says nothing.",
    fix="Say where the name begins and ends: [name=^A$].",
    source=sources.KUSTOMIZE,
    firm=Firm.RENDER,
)
def an_entry_writes_what_it_names(base: Base) -> Iterator[Found]:
    """No name in a replacement or in the target of a patch, meant as it stands, matches another one."""
    for folder, document in base.kustomizations.items():
        objects = [obj for probe in base.probes if folder in probe.folders for obj in probe.objects]
        for path, select in _selections(document.data):
            for fact in sorted({fact for obj in objects for fact in _also_selected(select, obj)}):
                name = str(select["name"]).replace(".", "[.]")
                yield Found(document.place((*path, "name")), fact, f'write "{name}"')
        for path, field, chosen in _written_fields(document.data, objects):
            for fact, hint in sorted({item for obj in chosen for item in _also_written(obj, field)}):
                yield Found(document.place(path), fact, hint)


def _selections(data: Any) -> Iterator[tuple[Path, Object]]:
    """Yield every selector that chooses objects by name, with where it stands."""
    for index, patch in enumerate(mappings(mapping(data).get("patches"))):
        yield ("patches", index, "target"), mapping(patch.get("target"))
    for index, replacement in enumerate(mappings(mapping(data).get("replacements"))):
        for number, target in enumerate(mappings(replacement.get("targets"))):
            yield ("replacements", index, "targets", number, "select"), mapping(target.get("select"))


def _also_selected(select: Object, obj: Object) -> Iterator[str]:
    name = select.get("name")
    own = without_hash(obj["metadata"]["name"])
    if not isinstance(name, str) or not _LITERAL.fullmatch(name) or obj["kind"] == "Namespace":
        return  # a Namespace is renamed by the overlay
    if own != name and _is_selected(select, obj):
        yield f"the name {name} selects {obj['kind']} {own} as well: its '.' is any character"


def _written_fields(data: Any, objects: Sequence[Object]) -> Iterator[tuple[Path, str, list[Object]]]:
    """Yield every field path of a replacement, where it stands, and the objects in which it is written."""
    for index, replacement in enumerate(mappings(mapping(data).get("replacements"))):
        for number, target in enumerate(mappings(replacement.get("targets"))):
            rejected = list(mappings(target.get("reject")))
            chosen = [
                obj
                for obj in objects
                if _is_selected(mapping(target.get("select")), obj)
                and not any(_is_selected(no, obj) for no in rejected)
            ]
            for place, field in enumerate(strings(target.get("fieldPaths"))):
                yield ("replacements", index, "targets", number, "fieldPaths", place), field, chosen


def _also_written(obj: Object, field: str) -> Iterator[tuple[str, str]]:
    """Yield what a field path writes besides what it names, and what to write in its place."""
    found: list[Any] = [obj]
    for match in _STEP.finditer(field):
        step = match[1] or match[2].replace("\\.", ".")
        key, equals, wanted = step.partition("=")
        if match[1] and equals and _LITERAL.fullmatch(wanted):
            held = {str(item[key]) for value in found for item in mappings(value) if key in item}
            others = sorted(value for value in held if value != wanted and _found(wanted, value))
            if others:
                fact = f"[{step}] writes {' and '.join(others)} of {obj['kind']} {obj['metadata']['name']} as well"
                name = wanted if wanted in held else others[0]
                yield fact, f"write [{key}=^{name.replace('.', '[.]')}$]"
        found = [inner for value in found for inner in _inside(value, step)]


@rule(
    "KUS017",
    per=Per.RELEASE,
    title="a release reads only facts that tenantry writes",
    why="The build of every tenant on the release would fail.",
    fix="Fix the fieldPath, or use a release that this tenantry knows.",
    source="tenantry: a fact is written only where it is used",
)
def a_release_reads_known_facts(base: Base) -> Iterator[Found]:
    """Every fact that a release reads is one that tenantry writes for each company that has what reads it."""
    known = list(_paths(base.facts.get("spec"), "spec"))
    readers = dict(_readers(base))
    for folder, document in base.kustomizations.items():
        for index, replacement in enumerate(mappings(document.data.get("replacements"))):
            source = mapping(replacement.get("source"))
            field = str(source.get("fieldPath", ""))
            if source.get("kind") != base.facts["kind"] or _is_of_no_addon(base, field):
                continue
            place = document.place(("replacements", index, "source", "fieldPath"))
            reader = readers.get("/".join(folder.split("/")[-2:]))
            addon = _addon_of(field)
            if reader is not None and addon and addon != reader:
                hint = f"move the entry into the component of {addon}"
                hint += f"; or declare the fact below addons.{reader}, and read it there" if reader else ""
                yield Found(place, f"a company can have this without {addon}, and it reads the fact {field!r}", hint)
            elif not _at(base.facts, field):
                yield Found(place, f"there is no fact {field!r}", _way_to_fact(field, addon, known))


def _readers(base: Base) -> Iterator[tuple[str, str]]:
    """Yield the folders that overlays name, by their last two parts, with the add-on that brings each; none has core's.

    A folder that only others name is brought by whoever names it, and is not among them.
    """
    for folder in base.kustomizations:
        above, _, name = folder.rpartition("/")
        if name == CORE or above.endswith(f"/{layout.STATES}"):
            yield "/".join(folder.split("/")[-2:]), ""
    yield from ((f"{COMPONENTS}/{name}", "") for name in (*get_args(Exposure), FACTS))
    for addon in base.platform.addons.values():
        exposed = (f"{addon.component}-{exposure}" for exposure in get_args(Exposure))
        yield from ((f"{COMPONENTS}/{name}", addon.name) for name in (addon.component, *exposed))
        if addon.claim:
            yield f"{COMPONENTS}/{addon.claim_component}", addon.name


def _way_to_fact(field: str, addon: str, known: Sequence[str]) -> str:
    above, _, last = field.rpartition(".")
    if not addon:
        return (
            f"declare it in {layout.PLATFORM}, or take out what reads it"
            if field == _CLASS
            else did_you_mean(field, known)
        )
    near = did_you_mean(last, [name for name in (path.removeprefix(f"{above}.") for path in known) if "." not in name])
    return near or f"declare it below addons.{addon} of {layout.PLATFORM}, or take out what reads it"


_CLASS: Final = "spec.storageClass"


def _addon_of(field: str) -> str:
    """Return the add-on of which a fact is; empty for others."""
    path = field.split(".")
    return path[2] if path[:2] == ["spec", "addons"] and len(path) > 2 else ""  # noqa: PLR2004 -- and its name


def _is_of_no_addon(base: Base, field: str) -> bool:
    """Say whether a fact is of an add-on that is not sold: no company has its component, or its build would fail."""
    return _addon_of(field) not in ("", *base.platform.addons)


def _paths(value: Any, above: str) -> Iterator[str]:
    for key, inner in mapping(value).items():
        yield f"{above}.{key}"
        yield from _paths(inner, f"{above}.{key}")


@rule(
    "KUS021",
    per=Per.RELEASE,
    title="base/ cannot tell one company from another",
    why=(
        "Companies that differ in name and hosts alone are built and judged as one. A base that picks by a name, a host"
        " or a label could weaken a single company, and nobody would see it."
    ),
    fix="Select by kind and name as they stand in base/; what differs by company is a fact.",
    source="tenantry: companies that differ in name and hosts alone render alike",
    firm=Firm.RENDER,
)
def a_release_treats_companies_alike(base: Base) -> Iterator[Found]:
    """Nothing in a release is picked by a text that could be a company's name or host."""
    for branch in branching.branches({folder: document.data for folder, document in base.kustomizations.items()}):
        yield Found(base.kustomizations[branch.folder].place(branch.path), branch.fact, branch.hint)


@rule(
    "KUS014",
    per=Per.TENANT,
    title="an overlay is built in its fixed order: guard before release, add-ons, exposure, claims, facts last",
    why="A replacement does not reach what a later component brings, and says nothing.",
    fix="Run `tenantry generate`.",
    source="tenantry: an overlay holds facts, which components carry to fields",
    firm=Firm.RENDER,
)
def components_are_in_order(rendered: Rendered) -> Iterator[Found]:
    """An overlay builds core of its ring's guard and release, and the tenant's components in their fixed order."""
    components = components_of(rendered.tenant, rendered.platform)
    states = [name for name in states_of(rendered.tenant, rendered.platform) if name in rendered.states]
    claims = claims_of(rendered.tenant, rendered.platform)
    parts = parts_of(rendered.tenant.ring.pair, components, rendered.guarded, states, claims)
    wanted = {
        "resources": [*(f"../../{folder}" for folder in parts.resources), "facts.yaml"],
        "components": [f"../../{folder}" for folder in parts.components],
    }
    for key, expected in wanted.items():
        given = rendered.overlay.get(key)
        if given == expected:
            continue
        listed = given if isinstance(given, list) else []
        missing = [item for item in expected if item not in listed]
        extra = [str(item) for item in listed if item not in expected]
        differing = [f"{', '.join(missing)} is missing"] if missing else []
        differing += [f"{', '.join(extra)} is too much"] if extra else []
        fact = "; ".join(differing) or f"the order is {', '.join(_short(item) for item in listed)}"
        hint = "run `tenantry generate`" if differing else f"it is {', '.join(map(_short, expected))}"
        yield Found(rendered.place(), f"{key}: {fact}", hint)


def _short(path: str) -> str:
    return str(path).removeprefix(f"../../{layout.BASE}/").replace(f"/{COMPONENTS}/", "/")
