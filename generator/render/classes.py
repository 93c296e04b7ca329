"""Rendering by class: tenants that differ in their name and hosts alone are built once.

A tenant's overlay is a data sheet, and kustomize treats a name or a host in it as an opaque string. So the overlays of
a class are built once, with sentinels in the place of the name and the hosts, and every tenant's objects are that
build with its own strings put in. That is exact as long as four things hold, and each is seen to:

- nothing in base/ picks by a name or a host: `generator.kube.branching` refuses what could, and who is called by a word
  of base/ is always compared;
- the sentinels occur nowhere else: they are made of a word that no input may hold;
- name and hosts are DNS strings, so that no quoting, typing or order of the output can depend on them;
- an overlay differs from its class nowhere else: whatever is not known to be the name or a host is part of the class.

Those that differ in numbers as well are built together where that is exact, too: see `generator.render.sizes`.

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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from generator import layout
from generator.kube import kustomization, kustomize
from generator.kube.allowed import references
from generator.kube.kustomization import Buildable, Gate
from generator.kube.lenient import mapping, strings
from generator.kube.printed import text_of
from generator.kube.tenant_names import TENANT_LABEL
from generator.once import once
from generator.reading import yaml_writer
from generator.render import sizes
from generator.render.sizes import Numbers

NAME: Final = "tenantry-sentinel"
"""Stands for the tenant's name; names may not start so (TEN004), so no input holds it."""

_DOMAIN: Final = f"{NAME}.invalid"
SENTINELS: Final = re.compile(rf"h([0-9]+)\.{re.escape(_DOMAIN)}|{NAME}")
"""What stands for a host, by its number, or for the name."""

_MAX_COMPARED: Final = 16
"""Classes of which a member is compared in one run; with more, which of them are follows from the turn as well."""

Objects = tuple[dict[str, Any], ...]


How = tuple[str, str]
"""How something is built, and of what: a class with sentinels by its key, an overlay directly by its tenant."""

_DIRECTLY: Final = "directly"


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
class Member:
    """A tenant with what its render has of its own.

    Attributes:
        tenant: Its name.
        hosts: Its hosts, as its data sheet lists them.
    """

    tenant: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Tenants whose overlays differ in their own name and hosts alone.

    Attributes:
        sheet: The overlay of the first.
        members: All of them.
    """

    sheet: Sheet
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What became of the overlays of tenants that are alike.

    Attributes:
        alike: Who they are.
        objects: The objects, with sentinels for what is a tenant's own where it was built so; empty when the build
            failed.
        text: What kustomize printed: the same.
        error: What kustomize said when it failed, or empty.
        represents: For the first of those with equal objects but for names and hosts, how many these are; 0 for others.
        leads: Whether it is the first of those that were built together, whose objects differ in numbers as well.
        longest: Of all that were built together, those with the longest name and host that are among these.
        has_sentinels: Whether it was built with sentinels; a tenant that stands alone is built directly.
        differences: How a direct build of a member differs, for each that was compared and does.
    """

    alike: Alike
    objects: Objects
    text: str
    error: str
    represents: int
    leads: bool
    longest: tuple[str, ...]
    has_sentinels: bool
    differences: Mapping[str, str]


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
    """Render every overlay, one real build a class; the arguments are those of `render_alike`.

    Yields:
        The renderings, class by class.
    """
    alike = [Alike(sheet=sheet, members=(_member(sheet),)) for sheet in sheets]
    for shared in render_alike(gate, alike, sample=sample, always=always):
        (member,) = shared.alike.members
        yield Rendering(
            tenant=member.tenant,
            objects=fill(shared.objects, member) if shared.has_sentinels else shared.objects,
            text=shared.text,
            error=shared.error,
            represents=shared.represents,
            difference=shared.differences.get(member.tenant, ""),
        )


def render_alike(
    gate: Gate, alike: Sequence[Alike], *, sample: int | None, always: Collection[str] = ()
) -> Iterator[Shared]:
    """Render tenants that are alike, one real build a class.

    Args:
        gate: Lets kustomize near the overlays; what it refuses ends the run.
        alike: The committed overlays. A class may be several of them.
        sample: Chooses which member of each class is built directly and compared; None for none.
        always: Tenants that are built directly and compared regardless of sampling.

    Yields:
        The renders, class by class.
    """
    equal = _by_key(alike, _key)
    together = _built_together(gate, equal)
    taken = {key for each in together for key in each.keys}
    classes = [*together, *(_of_equals(key, items) for key, items in equal.items() if key not in taken)]
    compared = _compared([each.members for each in classes if each.has_sentinels], sample, always)
    builds = _build(gate, [each.work for each in classes], compared)
    chosen = {member.tenant: builds[_DIRECTLY, member.tenant] for member in compared}
    for each in classes:
        yield from _shared(gate, each, builds[each.work.how], chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What is built of a folder of our own.

    Attributes:
        how: How it is built, and of what.
        sheet: Whose overlay it is.
        files: The overlay and the data sheet with sentinels; None when it is built directly.
    """

    how: How
    sheet: Sheet
    files: tuple[dict[str, Any], dict[str, Any]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Class:
    """Tenants that are built once.

    Attributes:
        keys: What they have in common but for names and hosts, of each kind.
        work: The build.
        kinds: Their numbers -> those that have them; one entry without numbers where these are the same for all.
    """

    keys: tuple[str, ...]
    work: _Work
    kinds: Mapping[Numbers, Sequence[Alike]]

    @property
    def members(self) -> list[Member]:
        """All of them."""
        return [member for items in self.kinds.values() for item in items for member in item.members]

    @property
    def has_sentinels(self) -> bool:
        """Whether it is built with sentinels."""
        return self.work.files is not None


def _by_key(alike: Iterable[Alike], key: Callable[[Sheet], str]) -> dict[str, list[Alike]]:
    found: dict[str, list[Alike]] = defaultdict(list)
    for item in alike:
        found[key(item.sheet)].append(item)
    return found


def _of_equals(key: str, items: Sequence[Alike]) -> _Class:
    """Return the class of tenants that have equal sheets but for names and hosts."""
    sheet = items[0].sheet
    several = sum(len(item.members) for item in items) > 1
    how = ("by class", key) if several else (_DIRECTLY, sheet.tenant)
    work = _Work(how=how, sheet=sheet, files=sentinel(sheet) if several else None)
    return _Class(keys=(key,), work=work, kinds={(): items})


def _built_together(gate: Gate, equal: Mapping[str, Sequence[Alike]]) -> list[_Class]:
    """Return the classes of tenants that differ in numbers as well, as far as kustomize copies these."""
    kinds: dict[str, dict[Numbers, str]] = defaultdict(dict)
    works: dict[str, _Work] = {}
    for key, (first, *_) in equal.items():
        if not first.sheet.alone and has_the_usual_form(first.sheet):
            overlay, facts = sentinel(first.sheet)
            numbers = sizes.sized(facts, sizes.carried(gate))
            common = json.dumps([overlay, facts], sort_keys=True)
            kinds[common][numbers] = key
            works.setdefault(common, _Work(how=("by sizes", common), sheet=first.sheet, files=(overlay, facts)))
    classes = [
        _Class(keys=tuple(keys.values()), work=works[common], kinds={own: equal[key] for own, key in keys.items()})
        for common, keys in kinds.items()
        if len(keys) > 1
    ]
    builds = _build(gate, [each.work for each in classes], ()) if classes else {}
    built = ((each, builds[each.work.how]) for each in classes)
    return [each for each, made in built if not made.error and sizes.stands_alone(made.objects, made.text)]


def _shared(
    gate: Gate, each: _Class, built: kustomize.Built, chosen: Mapping[str, kustomize.Built]
) -> Iterator[Shared]:
    """Yield what became of the members of a class."""
    leads = True
    longest = {max(each.members, key=length).tenant for length in (_of_the_name, _of_the_hosts)}
    for numbers, items in each.kinds.items():
        objects = sizes.fill(gate, built.objects, numbers) if numbers else built.objects
        for item in items:
            yield Shared(
                alike=item,
                objects=objects,
                text=sizes.filled(built.text, numbers) if numbers else built.text,
                error=built.error,
                represents=sum(len(one.members) for one in items) if item is items[0] else 0,
                leads=leads,
                longest=tuple(member.tenant for member in item.members if member.tenant in longest),
                has_sentinels=each.has_sentinels,
                differences={} if built.error or not each.has_sentinels else _differences(objects, item, chosen),
            )
            leads = False


def _of_the_name(member: Member) -> int:
    return len(member.tenant)


def _of_the_hosts(member: Member) -> int:
    return max(map(len, member.hosts), default=0)


def _differences(objects: Objects, alike: Alike, chosen: Mapping[str, kustomize.Built]) -> Mapping[str, str]:
    """Say how members that were built directly differ from what they have of their class."""
    compared = [member for member in alike.members if member.tenant in chosen]
    said = {member.tenant: _difference(fill(objects, member), chosen[member.tenant]) for member in compared}
    return {name: difference for name, difference in said.items() if difference}


def fill(objects: Objects, member: Member) -> Objects:
    """Return objects with a tenant's own strings in the place of the sentinels; those that hold none as they are."""
    return tuple(one if _is_of_all(one) else json.loads(filled(json.dumps(one), member)) for one in objects)


def _is_of_all(one: Mapping[str, Any]) -> bool:
    """Say whether an object is the same for every member of a class."""
    text = text_of(one)
    return text is not None and NAME not in text


@once
def _built(gate: Gate) -> dict[How, kustomize.Built]:
    """Return what was built so far behind a gate, to be added to."""
    del gate
    return {}


def _build(gate: Gate, works: Iterable[_Work], compared: Iterable[Member]) -> Mapping[How, kustomize.Built]:
    """Build each class, and directly what is compared, but for what was built before: several at once."""
    known = _built(gate)
    with tempfile.TemporaryDirectory(prefix="tenantry-") as temporary:
        scratch = Path(temporary).resolve()
        folders: dict[How, Buildable] = {}
        for number, work in enumerate(works):
            if work.how not in known:
                folders[work.how] = (
                    _folder(gate, scratch / str(number), work.sheet.tenant, *work.files)
                    if work.files
                    else _own_folder(gate, work.sheet.tenant)
                )
        for member in compared:
            if (how := (_DIRECTLY, member.tenant)) not in known:
                folders[how] = _own_folder(gate, member.tenant)
        for how, built in zip(folders, kustomize.build_all(folders.values()), strict=True):
            known[how] = replace(built, error=built.error.replace(str(scratch), layout.OVERLAYS))
    return known


def _own_folder(gate: Gate, tenant: str) -> Buildable:
    return gate.open(layout.overlay(tenant))


def _compared(shared: Sequence[Sequence[Member]], sample: int | None, always: Collection[str]) -> list[Member]:
    """Return which members of the classes are compared: those that always are, and the sample."""
    wanted = frozenset(always)
    chosen = [member for members in shared for member in members if member.tenant in wanted] if wanted else []
    if sample is not None and shared:
        # two digits of one number, so that every member of every class is in some sample
        number, first = divmod(sample, len(shared))
        drawn = [members[number % len(members)] for members in (*shared[first:], *shared[:first])[:_MAX_COMPARED]]
        chosen += [member for member in drawn if member.tenant not in wanted]
    return chosen


def hosts_of(sheet: Sheet) -> tuple[str, ...]:
    """Return the hosts that a data sheet lists."""
    return tuple(strings(mapping(sheet.facts.get("spec")).get("hosts")))


def _member(sheet: Sheet) -> Member:
    return Member(tenant=sheet.tenant, hosts=hosts_of(sheet))


def host_of(number: int) -> str:
    """Return what stands for a tenant's host of a number."""
    return f"h{number}.{_DOMAIN}"


def sentinel(sheet: Sheet) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the overlay and the facts with sentinels where the tenant's own name and hosts stand."""
    overlay, facts = json.loads(json.dumps([sheet.overlay, sheet.facts]))
    names = {sheet.tenant: NAME}
    hosts = {host: host_of(number) for number, host in enumerate(hosts_of(sheet))}
    overlay["namespace"] = names.get(overlay.get("namespace"), overlay.get("namespace"))
    for label in overlay.get("labels", ()):
        pairs = label.get("pairs", {})
        if pairs.get(TENANT_LABEL) == sheet.tenant:
            pairs[TENANT_LABEL] = NAME
    spec = facts.get("spec", {})
    spec["name"] = names.get(spec.get("name"), spec.get("name"))
    spec["host"] = hosts.get(spec.get("host"), spec.get("host"))
    spec["hosts"] = [hosts[host] for host in hosts_of(sheet)]
    return overlay, facts


def _key(sheet: Sheet) -> str:
    """Return what the members of a class have in common; an overlay that must stand alone has a key of its own."""
    if sheet.alone or not has_the_usual_form(sheet):
        return f"alone {sheet.tenant}"
    return json.dumps(sentinel(sheet), sort_keys=True)


_KEYS: Final = frozenset({"apiVersion", "kind", "namespace", "resources", "components", "labels"})
_HOST: Final = re.compile("[a-z0-9.-]+")


def has_the_usual_form(sheet: Sheet) -> bool:
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


def _folder(gate: Gate, folder: Path, tenant: str, overlay: Mapping[str, Any], facts: Mapping[str, Any]) -> Buildable:
    """Return the folder to build for a class, which is made: with the sentinels' files, of a tenant's overlay."""
    folder.mkdir()
    mine = layout.overlay(tenant)
    home = os.path.relpath(gate.snapshot.root.resolve() / mine, folder)
    reads = [
        kustomization.resolve(mine, reference.text)
        for reference in references(overlay)
        if reference.text.startswith("../")
    ]
    lists = {
        key: [os.path.normpath(f"{home}/{item}") if item.startswith("../") else item for item in overlay.get(key, ())]
        for key in ("resources", "components")
    }
    (folder / kustomization.FILE).write_text(yaml_writer.dump({**overlay, **lists}), encoding="utf-8")
    (folder / "facts.yaml").write_text(yaml_writer.dump(facts), encoding="utf-8")
    return gate.beside(folder, filter(None, reads))


def filled(text: str, member: Member) -> str:
    """Put a tenant's own strings in, in one pass, so that nothing that was put in is looked at again."""
    hosts = member.hosts
    return SENTINELS.sub(lambda match: hosts[int(match[1])] if match[1] else member.tenant, text)


def emptied(text: str, member: Member) -> str:
    """Put the sentinels in the place of a tenant's own strings; the other way round than `filled`."""
    own = {host: host_of(number) for number, host in enumerate(member.hosts)} | {member.tenant: NAME}
    words = "|".join(map(re.escape, sorted(own, key=len, reverse=True)))
    return re.sub(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", lambda match: own[match[0]], text)


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
