"""MOD: what stands in a company's namespace is understood, or accepted by name."""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from generator import layout
from generator.findings.finding import Finding, Found, Place, Severity
from generator.findings.rule import Firm
from generator.findings.table import finding
from generator.fleet.model import Accepted, Platform
from generator.fleet.states import STATES
from generator.kube.generated_names import without_hash
from generator.kube.kustomization import FILE
from generator.kube.lenient import Object
from generator.kube.printed import once_an_object
from generator.model.holds import Unmodelled, at, digest, is_metadata, only_with_a_prefix, unmodelled, written
from generator.once import once
from generator.render.classes import SENTINELS, Member, emptied
from generator.render.rendered import Base, Probe, Rendered, Repository, identity
from generator.rules.rule import Per, rule

_LONGEST: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """What in a render the model does not know.

    Attributes:
        refused: Each such part with its object, and the entry that accepts all of it but its proofs, if any.
        accepted: The entries that accept a part.
    """

    refused: tuple[tuple[Object, Unmodelled, Accepted | None], ...]
    accepted: frozenset[int]


@once
def beyond(rendered: Rendered) -> Beyond:
    """Hold every object of a render against the model, and what it does not know against what is accepted."""
    platform = rendered.platform
    refused: list[tuple[Object, Unmodelled, Accepted | None]] = []
    used = set()
    for obj in rendered.objects:
        for part in _unmodelled(obj, tuple(platform.cluster.declared.items()), tuple(platform.inert.items())):
            values = digest(part.value), digest(_of_every_company(part.value, rendered))
            entries = [index for index, entry in enumerate(platform.accepted) if _accepts(entry, obj, part, values)]
            whole = [index for index in entries if set(platform.accepted[index].proofs) == set(part.proofs)]
            used.update(whole)
            if not whole:
                refused.append((obj, part, platform.accepted[entries[0]] if entries else None))
    return Beyond(refused=tuple(refused), accepted=frozenset(used))


@once_an_object
def _unmodelled(
    obj: Object, declared: tuple[tuple[str, tuple[str, ...]], ...], inert: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[Unmodelled, ...]:
    return tuple(unmodelled(obj, dict(declared), dict(inert)))


def _of_every_company(value: Any, rendered: Rendered) -> Any:
    """Return a value as it is of every company that is alike: with signs for the company's own name and hosts."""
    member = Member(tenant=rendered.tenant.name, hosts=rendered.tenant.hosts)
    return json.loads(SENTINELS.sub(_sign, emptied(json.dumps(value), member)))


def _sign(sentinel: re.Match[str]) -> str:
    return f"{{host {sentinel[1]}}}" if sentinel[1] else "{name}"


def _accepts(entry: Accepted, obj: Object, part: Unmodelled, values: Collection[str]) -> bool:
    if not part.acceptable or (entry.kind, entry.name) != (obj["kind"], _name(obj)) or entry.field != at(part.path):
        return False
    return (entry.digest or digest(entry.value)) in values


def _name(obj: Object) -> str:
    """Return the name that base/ writes: of a Namespace none, of what kustomize generates without its hash."""
    if obj["kind"] == "Namespace":
        return ""
    name: str = obj["metadata"]["name"]
    return without_hash(name) if obj["kind"] == "ConfigMap" else name


def _entry(rendered: Rendered, obj: Object, part: Unmodelled) -> str:
    name = f"name: {_name(obj)}, " if _name(obj) else ""
    own = _of_every_company(part.value, rendered)
    short = not isinstance(own, dict | list) and len(written(own)) <= _LONGEST
    value = f"value: {written(own)}" if short else f"digest: {written(digest(own))}"
    field = at(part.path)
    quoted = written(field) if "[" not in field else f'"{field}"'
    proofs = f"[{', '.join(part.proofs)}]"
    return f"{{kind: {obj['kind']}, {name}field: {quoted}, {value}, proofs: {proofs}, reason: WHY, by: WHO}}"


@rule(
    "MOD001",
    per=Per.SIZES,
    title="everything in a company's namespace is understood",
    why="A proof says nothing of what it does not model: a field that no rule reads may undo it in silence.",
    fix="Remove it, or accept it by name in platform.yaml, under `accepted`.",
    source="tenantry: a proof counts only what it models (docs/concepts/closed-world.md)",
    firm=Firm.RENDER,
)
def everything_is_understood(rendered: Rendered) -> Iterator[Found]:
    """Every field is read by a rule, cannot matter, is the provider's own, or is accepted with its value."""
    for obj, part, entry in beyond(rendered).refused:
        if entry is not None:
            place = rendered.platform.document.place(("accepted", entry.index, "proofs"))
            taken = ", ".join(part.proofs)
            fact = f"accepted[{entry.index}]: {at(part.path)} takes away {taken}, which `proofs` does not say"
            yield Found(place, fact, f"write proofs: [{taken}]")
            continue
        yield _found(rendered, obj, part)


@everything_is_understood.also(Per.GUARD)
def everything_is_understood_in_every_state(base: Base) -> Iterator[Found]:
    """The same of what a state brings into an object, whether or not somebody is in it."""
    platform = base.platform
    known = tuple(platform.cluster.declared.items()), tuple(platform.inert.items())
    before = {(identity(obj), part.path) for probe in base.probes for obj, part in _parts(probe, *known)}
    for probe in base.states:
        for obj, part in _parts(probe, *known):
            if (identity(obj), part.path) not in before:
                folder = f"{base.folders[0]}/{layout.STATES}/{STATES[probe.state].parts[0]}"
                fact = f"as {probe.state} {at(part.path)} is not modelled: {part.fact}"
                yield Found(Place(f"{folder}/{FILE}"), fact, part.hint or "remove it", identity(obj))


def _parts(
    probe: Probe, declared: tuple[tuple[str, tuple[str, ...]], ...], inert: tuple[tuple[str, tuple[str, ...]], ...]
) -> Iterator[tuple[Object, Unmodelled]]:
    yield from ((obj, part) for obj in probe.objects for part in _unmodelled(obj, declared, inert))


def _found(rendered: Rendered, obj: Object, part: Unmodelled) -> Found:
    key = part.path[-1] if part.path else ""
    ways = [part.hint or ("remove it" if part.acceptable else "")]
    prefix, slash, _ = str(key).rpartition("/")
    own = slash and any(f".{prefix}".endswith(f".{domain}") for domain in rendered.platform.host_suffixes)
    kind = obj["kind"]
    if is_metadata(kind, part.path) and (own or not (slash or only_with_a_prefix(kind, part.path))):
        ways.append(f"declare it in platform.yaml: `metadata: {{{part.path[-2]}: [{key}]}}`")
    elif part.acceptable:
        ways.append(f"accept it in platform.yaml, under `accepted`: {_entry(rendered, obj, part)}")
    hint = "; ".join(filter(None, [", or ".join(filter(None, ways)), part.near]))
    if not part.path:
        return rendered.found(obj, part.fact, hint)
    found = rendered.found_at(obj, part.path, part.fact, hint)
    return Found(found.place, f"{at(part.path)} is not modelled: {part.fact}", hint, found.object)


@rule(
    "MOD002",
    per=Per.FLEET,
    severity=Severity.WARNING,
    title="what platform.yaml accepts is there",
    why="An entry that accepts nothing today accepts something that nobody looks at tomorrow.",
    fix="Take the entry out.",
    source="tenantry: a proof counts only what it models (docs/concepts/closed-world.md)",
    firm=Firm.RENDER,
)
def what_is_accepted_is_there(repository: Repository) -> Iterator[Found]:
    """Every entry accepts something, when all companies are looked at."""
    platform = repository.fleet.platform
    if repository.fleet.others or repository.tenants < len(repository.fleet.tenants):
        return
    used = accepted_in(repository)
    for entry in platform.accepted:
        if entry not in used:
            name = f"/{entry.name}" if entry.name else ""
            fact = f"accepted[{entry.index}]: no {entry.kind}{name} has this at {entry.field}"
            yield Found(platform.document.place(("accepted", entry.index)), fact)


def accepted_in(repository: Repository) -> tuple[Accepted, ...]:
    """Return the entries of platform.yaml that accept a field of a company that was looked at, or of what none has."""
    looked_at = (*repository.of_classes, *repository.newcomers)
    used = {index for item in looked_at for index in beyond(item).accepted}
    return tuple(repository.fleet.platform.accepted[index] for index in sorted(used))


def accepted_until(platform: Platform, today: date) -> Iterator[Finding]:
    """MOD003: yield the entries whose last day has passed."""
    for entry in platform.accepted:
        if entry.until and entry.until < today.isoformat():
            place = platform.document.place(("accepted", entry.index, "until"))
            yield finding("MOD003", place, f"accepted[{entry.index}]: {entry} was accepted until {entry.until}")
