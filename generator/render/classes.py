"""Rendering by class: tenants that differ in their name and hosts alone are built once.

A tenant's overlay is a data sheet, and kustomize treats a name or a host in it as an opaque string. So the overlays of
a class are built once, with sentinels in the place of the name and the hosts, and every tenant's objects are that
build with its own strings put in. That is exact as long as four things hold, and each is seen to:

- nothing in base/ picks by a name or a host: `generator.kube.branching` refuses what could, and who is called by a word
  of base/ is always compared;
- the sentinels occur nowhere else: they are made of a word that no input may hold;
- name and hosts are DNS strings, so that no quoting, typing or order of the output can depend on them;
- an overlay differs from its class nowhere else: whatever is not known to be the name or a host is part of the class.

An overlay that is anything but the two files of tenantry, or that stands alone in its class, is built directly. And in
every run, a member of each class is built directly as well and compared; a difference is an error (KUS013). Whose turn
it is follows from the commit: a rerun looks at the same member and says the same, the next commit looks at another, and
neither a clock nor a file has to remember anything. A tenant that a change edits is compared regardless of sampling.
"""

import json
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from generator import layout
from generator.kube import kustomization, kustomize
from generator.kube.allowed import references
from generator.kube.kustomization import Buildable, Gate
from generator.kube.lenient import mapping, strings
from generator.once import once
from generator.reading import yaml_writer

NAME: Final = "tenantry-sentinel"
"""Stands for the tenant's name; names may not start so (TEN004), so no input holds it."""

_DOMAIN: Final = f"{NAME}.invalid"
_SENTINELS: Final = re.compile(rf"h([0-9]+)\.{re.escape(_DOMAIN)}|{NAME}")
_MAX_COMPARED: Final = 16
"""Classes of which a member is compared in one run; with more, which of them are follows from the turn as well."""

Objects = tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A tenant's overlay as it is committed.

    Attributes:
        tenant: The tenant's name.
        overlay: Its kustomization.yaml.
        facts: Its data sheet.
        alone: Whether the folder holds other files, so that only a direct build can tell what they do.
    """

    tenant: str
    overlay: Mapping[str, Any]
    facts: Mapping[str, Any]
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What became of one tenant's overlay.

    Attributes:
        tenant: The tenant's name.
        objects: Its objects; empty when the build failed.
        text: What kustomize printed for its class, with sentinels where the members differ.
        error: What kustomize said when it failed, or empty.
        represents: For the first of a class, how many tenants are in it; 0 for the others.
        difference: How a direct build differs, when one was compared and does.
    """

    tenant: str
    objects: Objects
    text: str
    error: str
    represents: int
    difference: str = ""


def render(
    gate: Gate, sheets: Sequence[Sheet], *, sample: int | None, always: Collection[str] = ()
) -> Iterator[Rendering]:
    """Render every overlay, one real build a class.

    Args:
        gate: Lets kustomize near the overlays; what it refuses ends the run.
        sheets: The committed overlays.
        sample: Chooses which member of each class is built directly and compared; None for none.
        always: Tenants that are built directly and compared regardless of sampling.

    Yields:
        The renderings, class by class.
    """
    classes: dict[str, list[Sheet]] = defaultdict(list)
    for sheet in sheets:
        classes[_key(sheet)].append(sheet)
    compared = _compared([members for members in classes.values() if len(members) > 1], sample, always)
    builds = _build(gate, classes, compared)
    expected = {sheet.tenant: builds[_DIRECTLY, sheet.tenant] for sheet in compared}
    for key, members in classes.items():
        built = builds[_how(key, members)]
        shared_objects = json.dumps(built.objects)
        for sheet in members:
            alone = len(members) == 1
            objects = built.objects if alone else tuple(json.loads(_filled(shared_objects, sheet)))
            other = expected.get(sheet.tenant)
            yield Rendering(
                tenant=sheet.tenant,
                objects=objects,
                text=built.text,
                error=built.error,
                represents=len(members) if sheet is members[0] else 0,
                difference=_difference(objects, other) if other and not built.error else "",
            )


How = tuple[str, str]
"""How something is built, and of what: a class with sentinels by its key, an overlay directly by its tenant."""

_DIRECTLY: Final = "directly"


def _how(key: str, members: Sequence[Sheet]) -> How:
    return (_DIRECTLY, members[0].tenant) if len(members) == 1 else ("by class", key)


@once
def _built(gate: Gate) -> dict[How, kustomize.Built]:
    """Return what was built so far behind a gate, to be added to."""
    del gate
    return {}


def _build(
    gate: Gate, classes: Mapping[str, Sequence[Sheet]], compared: Iterable[Sheet]
) -> Mapping[How, kustomize.Built]:
    """Build each class, and directly what is compared, but for what was built before: several at once."""
    known = _built(gate)
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        scratch = Path(temporary).resolve()
        folders: dict[How, Buildable] = {}
        for number, (key, members) in enumerate(classes.items()):
            if (how := _how(key, members)) not in known:
                folders[how] = _folder(gate, scratch, number, members)
        for sheet in compared:
            if (how := (_DIRECTLY, sheet.tenant)) not in known:
                folders[how] = gate.open(layout.overlay(sheet.tenant))
        for how, built in zip(folders, kustomize.build_all(folders.values()), strict=True):
            known[how] = replace(built, error=built.error.replace(str(scratch), layout.OVERLAYS))
    return known


def _compared(shared: Sequence[Sequence[Sheet]], sample: int | None, always: Collection[str]) -> list[Sheet]:
    """Return which members of the classes are compared: those that always are, and the sample."""
    chosen = [sheet for members in shared for sheet in members if sheet.tenant in always]
    if sample is not None and shared:
        # two digits of one number, so that every member of every class is in some sample
        number, first = divmod(sample, len(shared))
        drawn = [members[number % len(members)] for members in (*shared[first:], *shared[:first])[:_MAX_COMPARED]]
        chosen += [sheet for sheet in drawn if sheet.tenant not in always]
    return chosen


def _hosts(sheet: Sheet) -> list[str]:
    return list(strings(mapping(sheet.facts.get("spec")).get("hosts")))


def _sentinel(sheet: Sheet) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the overlay and the facts with sentinels where the tenant's own name and hosts stand."""
    overlay, facts = json.loads(json.dumps([sheet.overlay, sheet.facts]))
    names = {sheet.tenant: NAME}
    hosts = {host: f"h{number}.{_DOMAIN}" for number, host in enumerate(_hosts(sheet))}
    overlay["namespace"] = names.get(overlay.get("namespace"), overlay.get("namespace"))
    for label in overlay.get("labels", ()):
        pairs = label.get("pairs", {})
        if pairs.get("tenantry.dev/tenant") == sheet.tenant:
            pairs["tenantry.dev/tenant"] = NAME
    spec = facts.get("spec", {})
    spec["name"] = names.get(spec.get("name"), spec.get("name"))
    spec["host"] = hosts.get(spec.get("host"), spec.get("host"))
    spec["hosts"] = [hosts[host] for host in _hosts(sheet)]
    return overlay, facts


def _key(sheet: Sheet) -> str:
    """Return what the members of a class have in common; an overlay that must stand alone has a key of its own."""
    if sheet.alone or not _has_the_usual_form(sheet):
        return f"alone {sheet.tenant}"
    return json.dumps(_sentinel(sheet), sort_keys=True)


_KEYS: Final = frozenset({"apiVersion", "kind", "namespace", "resources", "components", "labels"})
_HOST: Final = re.compile("[a-z0-9.-]+")


def _has_the_usual_form(sheet: Sheet) -> bool:
    """Say whether sentinels can take the place of name and hosts: a person may have made anything of the files."""
    overlay, spec = sheet.overlay, sheet.facts.get("spec")
    if not isinstance(spec, Mapping):
        return False
    lists = [spec.get("hosts", []), *(overlay.get(key, []) for key in ("resources", "components", "labels"))]
    if not all(isinstance(item, list) for item in lists):
        return False
    hosts, resources, components, labels = lists
    words = [*hosts, *resources, *components, overlay.get("namespace", ""), spec.get("name", ""), spec.get("host", "")]
    return (
        overlay.keys() <= _KEYS
        and all(isinstance(word, str) for word in words)
        and all(_HOST.fullmatch(host) for host in hosts)
        and all(isinstance(mapping(label).get("pairs"), Mapping) for label in labels)
        and NAME not in json.dumps([overlay, sheet.facts])
    )


def _folder(gate: Gate, scratch: Path, number: int, members: Sequence[Sheet]) -> Buildable:
    """Return the folder to build for a class: the overlay itself, or the sentinel's in the scratch folder."""
    if len(members) == 1:
        return gate.open(layout.overlay(members[0].tenant))
    folder = scratch / str(number)
    folder.mkdir()
    overlay, facts = _sentinel(members[0])
    mine = layout.overlay(members[0].tenant)
    home = os.path.relpath(gate.snapshot.root.resolve() / mine, folder)
    reads = [
        kustomization.resolve(mine, reference.text)
        for reference in references(overlay)
        if reference.text.startswith("../")
    ]
    for key in ("resources", "components"):
        overlay[key] = [
            os.path.normpath(f"{home}/{item}") if item.startswith("../") else item for item in overlay.get(key, ())
        ]
    (folder / kustomization.FILE).write_text(yaml_writer.dump(overlay), encoding="utf-8")
    (folder / "facts.yaml").write_text(yaml_writer.dump(facts), encoding="utf-8")
    return gate.beside(folder, filter(None, reads))


def _filled(text: str, sheet: Sheet) -> str:
    """Put a tenant's own strings in, in one pass, so that nothing that was put in is looked at again."""
    hosts = _hosts(sheet)
    return _SENTINELS.sub(lambda match: hosts[int(match[1])] if match[1] else sheet.tenant, text)


def _difference(objects: Iterable[Mapping[str, Any]], direct: kustomize.Built) -> str:
    if direct.error:
        return f"it cannot be built directly: {direct.error}"
    ours, theirs = list(objects), list(direct.objects)
    if len(ours) != len(theirs):
        return f"by class it has {len(ours)} objects, built directly {len(theirs)}"
    for mine, real in zip(ours, theirs, strict=True):
        if mine != real:
            return f"by class, {real['kind']} {real['metadata']['name']} is not what it is when built directly"
    return ""
