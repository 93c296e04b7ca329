"""What a change is judged by, as it stands before the change, and rules on what the change makes of it.

It is read out of platform.yaml alone, and of no more than these keys: a plan that is wrong, or a version of tenantry
that is not asked for yet, keeps nobody from knowing the budget.
"""

import copy
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeVar

from generator import layout
from generator.findings.finding import Finding, Place
from generator.findings.table import finding
from generator.fleet.model import Accepted, Budget, Fleet, Platform, Weakened
from generator.fleet.platform import accepted_of, budget_of
from generator.kube.lenient import mapping
from generator.reading import yaml_reader, yaml_writer
from generator.reading.schema import Checker, Path, dotted, package_schema, with_defaults
from generator.reading.yaml_reader import Document
from generator.review.blast_radius import raises_tenantry

Key = TypeVar("Key", str, Path)

_KEYS: Final = (
    "git",
    "clusters",
    "argocd",
    "budget",
    "retiredNames",
    "rules",
    "metadata",
    "accepted",
    "registries",
    "parts",
    "unavailablePage",
)
_LONGEST: Final = 120
_WEIGHT: Final = {"warn": 1, "ignore": 2}
_JUDGED_AS_BEFORE: Final = "the change is judged by what stands before it, and counts as touching every tenant"
_JUDGED_TWICE: Final = "the tenantry before it says whether it is approved; the change counts as touching every tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What stands in a platform.yaml and judges a change of it.

    Attributes:
        budget: How much one change may touch.
        rules: The rules that are weakened.
        accepted: The fields that are accepted although the model does not know them.
        retired_names: Names that were given up, with the day.
        targets: Where Argo CD looks and deploys, and the cluster's addresses: path in the file -> value.
        document: The file.
        beside: The files of argocd/platform/, which run beside the companies: path -> text.
    """

    budget: Budget
    rules: Mapping[str, Weakened]
    accepted: tuple[Accepted, ...]
    retired_names: Mapping[str, str]
    targets: Mapping[Path, Any]
    document: Document
    beside: Mapping[str, str] = field(default_factory=dict)

    def says_the_same_as(self, other: "Judge") -> bool:
        """Say whether another one judges alike; why a rule is weakened, or since when a name is gone, is not asked."""
        return not changed(self, other) and not any(moved(self, other))


NOBODY: Final = Judge(
    budget=Budget(), rules={}, accepted=(), retired_names={}, targets={}, document=Document(layout.PLATFORM, "{}", {})
)
"""Where there is no platform.yaml yet."""


def read(raw: bytes | None) -> tuple[Judge | None, tuple[Finding, ...]]:
    """Read what judges a change out of the platform.yaml that stands before it.

    Args:
        raw: What the file holds; None where there is none.

    Returns:
        The judge, or None when it cannot be read; and what is wrong with it.
    """
    if raw is None:
        return NOBODY, ()
    document, findings = yaml_reader.read(layout.PLATFORM, raw)
    if document is None:
        return None, findings
    if not isinstance(document.data, dict):
        return None, (finding("PLT001", document.place(), "a mapping is needed"),)
    refused = Checker(_schema()).check(document, lambda _path, _keyword: "PLT001")
    return (None, tuple(refused)) if refused else (_judge(document), ())


def of(platform: Platform) -> Judge:
    """Return the judge that a valid platform.yaml holds."""
    return _judge(platform.document)


@cache
def _schema() -> Mapping[str, Any]:
    """Return the platform's schema with these keys alone, and none of them demanded."""
    schema: dict[str, Any] = copy.deepcopy(dict(package_schema("platform")))
    properties = {key: schema["properties"][key] for key in _KEYS}
    demands: dict[str, Any] = {"type": "object", "properties": {"requires": {"$ref": "#/$defs/requires"}}}
    properties |= {"service": demands, "addons": {"type": "object", "additionalProperties": demands}}
    return {**schema, "properties": properties, "required": [], "additionalProperties": {}}


def _judge(document: Document) -> Judge:
    data = with_defaults(_schema(), document.data)
    return Judge(
        budget=budget_of(data.get("budget", {})),
        rules={rule: Weakened(severity=one["severity"], reason=one["reason"]) for rule, one in data["rules"].items()},
        accepted=tuple(accepted_of(index, one) for index, one in enumerate(data["accepted"])),
        retired_names=data["retiredNames"],
        targets=dict(_targets(data)),
        document=document,
    )


def _targets(data: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield from _leaves(("git",), data.get("git", {}))
    yield from _leaves(("metadata",), data.get("metadata", {}))
    yield ("registries",), data["registries"]
    yield ("unavailablePage",), data.get("unavailablePage")
    yield from _leaves(("parts",), data["parts"])
    yield from _leaves(("argocd", "platform"), data.get("argocd", {}).get("platform", {}))
    yield from _leaves(("service", "requires"), data.get("service", {}).get("requires", {}))
    for name, addon in data.get("addons", {}).items():
        yield from _leaves(("addons", name, "requires"), addon.get("requires", {}))
        # by the name that the key had before services were data
        yield ("addons", name, "reaches"), addon.get("reaches") or addon.get("endpoints")
    yield ("argocd", "namespace"), data.get("argocd", {}).get("namespace")
    for name, cluster in data.get("clusters", {}).items():
        yield ("clusters", name, "server"), cluster["server"]
        yield from _leaves(("clusters", name, "network"), cluster["network"])
        yield ("clusters", name, "storageClasses"), cluster["storageClasses"]
        yield from _leaves(("clusters", name, "secrets"), cluster.get("secrets", {}))


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    else:
        yield path, value


# --- what a change makes of it


def changed(before: Judge, after: Judge) -> tuple[Finding, ...]:
    """CHG004: say what a change does to the budget, the weakened rules and the retired names that it is judged by."""
    return tuple(_changed(before, after))


def another_tenantry(paths: Collection[str]) -> tuple[Finding, ...]:
    """CHG004: say that a change brings another tenantry, which judges it only where the one before it cannot.

    Args:
        paths: The files that differ.
    """
    if not raises_tenantry(paths):
        return ()
    fact = "the tenantry that judges changes becomes another one"
    return (finding("CHG004", Place(f"{layout.PINS}/package.txt"), fact, _JUDGED_TWICE),)


def _changed(before: Judge, after: Judge) -> Iterator[Finding]:
    place = after.document.place
    if before.budget != after.budget:
        was, now = (_text(judge.document.data.get("budget")) for judge in (before, after))
        yield finding("CHG004", place(("budget",), key=True), f"budget: {was} becomes {now}", _JUDGED_AS_BEFORE)
    for rule in sorted(before.rules.keys() | after.rules.keys()):
        was, now = (_weight(judge, rule) for judge in (before, after))
        if was != now:
            fact = f"rules.{rule}: {was} becomes {now}"
            yield finding("CHG004", place(("rules", rule), key=True), fact, _JUDGED_AS_BEFORE)
    for entry in (*_added(after, before), *_added(before, after)):
        fact = f"accepted: {entry} is {'added' if entry in after.accepted else 'taken out'}"
        yield finding("CHG004", place(("accepted",), key=True), fact, _JUDGED_AS_BEFORE)
    for name in sorted(before.retired_names.keys() ^ after.retired_names.keys()):
        fact = f"retiredNames: {name!r} is {'added' if name in after.retired_names else 'taken out'}"
        yield finding("CHG004", place(("retiredNames", name), key=True), fact, _JUDGED_AS_BEFORE)


def _added(before: Judge, after: Judge) -> Iterator[Accepted]:
    return (entry for entry in after.accepted if entry not in before.accepted)


def _weight(judge: Judge, rule: str) -> str:
    return judge.rules[rule].severity if rule in judge.rules else "as it is"


_ANY: Final = ""
_ONCE_UNDECLARED: Final[tuple[Path, ...]] = (
    ("clusters", _ANY, "network", "gateway", "name"),
    ("clusters", _ANY, "network", "gateway", "listener"),
    ("clusters", _ANY, "network", "ingress", "class"),
    ("clusters", _ANY, "storageClasses"),
    ("registries",),
    ("unavailablePage",),
)
"""What an earlier layout did not declare, so that any value passed: whoever declares it first allows less."""

_DEMANDED: Final[tuple[Path, ...]] = (
    ("clusters", _ANY, "secrets"),
    ("service", "requires"),
    ("addons", _ANY, "requires"),
)
"""What manifests are held to once it is declared."""


def _begins_with(path: Path, form: Path) -> bool:
    """Say whether a path begins so; names that people choose are not looked at, whatever they say."""
    return len(path) >= len(form) and all(wanted in (_ANY, key) for key, wanted in zip(path, form, strict=False))


def _declared_first(path: Path, was: Any) -> bool:
    """Say whether a value is the first one of its path, where any value passed before."""
    if was is None and any(_begins_with(path, form) for form in _DEMANDED):
        return True
    return not was and any(len(path) == len(form) and _begins_with(path, form) for form in _ONCE_UNDECLARED)


def moved(before: Judge, after: Judge) -> Iterator[Finding]:
    """CHG005: repository, branches, API server, what the isolation proof rests on, and what runs beside it stay."""
    if before is NOBODY:
        return
    for path in sorted(before.targets.keys() | after.targets.keys(), key=str):
        was, now = before.targets.get(path), after.targets.get(path)
        if repr(was) == repr(now) or _declared_first(path, was):  # to Python 1 is true
            continue
        if not _goes_with_its_addon(path, before, after) and not _comes_with_its_addon(path, before, after):
            fact = f"{dotted(path)}: {_text(was)} becomes {_text(now)}, for every tenant"
            yield finding("CHG005", after.document.place(path), fact, "take it back")
    for file in sorted(before.beside.keys() | after.beside.keys()):
        was, now = before.beside.get(file), after.beside.get(file)
        if was != now:
            done = "is added" if was is None else "is changed" if now else "is removed"
            fact = f"what runs beside the companies {done}: {_lines(was or '', now or '')}"
            yield finding("CHG005", Place(file), fact, "take it back")


_OF_A_FILE: Final = 200
"""Of what differs in a file, in a message."""


def _lines(was: str, now: str) -> str:
    """Say which lines go and which come, as far as a message goes; whoever approves reads them there."""
    old, new = ([line.strip() for line in text.splitlines() if line.strip()] for text in (was, now))
    said = [*(f"- {line}" for line in old if line not in new), *(f"+ {line}" for line in new if line not in old)]
    text = ", ".join(said).encode(errors="backslashreplace").decode() or "the same lines in another order"
    return text if len(text) <= _OF_A_FILE else f"{text[:_OF_A_FILE]}..."


def _goes_with_its_addon(path: Path, before: Judge, after: Judge) -> bool:
    """Say whether what an add-on must not run without goes with the add-on: whoever still has it is told (TEN006).

    It does not where another add-on comes in the same change, which may be the same one by another name.
    """
    had, has = (mapping(judge.document.data.get("addons")) for judge in (before, after))
    return path[0] == "addons" and path[1] not in has and not has.keys() - had.keys()


def _comes_with_its_addon(path: Path, before: Judge, after: Judge) -> bool:
    """Say whether it is where a new add-on may connect to; nobody has it yet, unless one goes in the same change."""
    had, has = (mapping(judge.document.data.get("addons")) for judge in (before, after))
    return path[0] == "addons" and path[-1] == "reaches" and path[1] not in had and not had.keys() - has.keys()


def given_again(before: Judge, fleet: Fleet) -> Iterator[Finding]:
    """TEN005: a name that was retired before the change is not free because the change takes it out of the list."""
    for tenant in fleet.tenants:
        day = before.retired_names.get(tenant.name)
        if day is not None and tenant.name not in fleet.platform.retired_names:
            fact = f"{tenant.name!r} was retired on {day}; names are never used again"
            yield finding("TEN005", tenant.document.place(("name",)), fact, "choose another name")


def carried(counts: Judge, before: Judge, after: Judge) -> Judge:
    """Return what counts after a change that may count: of what counted before it, with what the change changes.

    Args:
        counts: What counted before.
        before: What stood before the change; more than what counts, where an earlier change does not count.
        after: What stands after it.
    """
    return Judge(
        budget=counts.budget if after.budget == before.budget else after.budget,
        rules=_carried(counts.rules, before.rules, after.rules),
        accepted=(
            *(entry for entry in counts.accepted if entry in after.accepted or entry not in before.accepted),
            *_added(before, after),
        ),
        retired_names=_carried(counts.retired_names, before.retired_names, after.retired_names),
        targets=_carried(counts.targets, before.targets, after.targets),
        document=after.document,
        beside=_carried(counts.beside, before.beside, after.beside),
    )


def _carried(counts: Mapping[Key, Any], before: Mapping[Key, Any], after: Mapping[Key, Any]) -> Mapping[Key, Any]:
    changed_keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    kept = {key: value for key, value in counts.items() if key not in changed_keys}
    return {**kept, **{key: after[key] for key in after if key in changed_keys}}


def weakened_in_both(before: Judge, after: Judge) -> Mapping[str, Weakened]:
    """Return the weakenings that count for a change: of what stands before and after it, the stricter."""
    return {
        rule: min(before.rules[rule], after.rules[rule], key=lambda weakened: _WEIGHT[weakened.severity])
        for rule in sorted(before.rules.keys() & after.rules.keys())
    }


def accepted_in_both(before: Judge, platform: Platform) -> tuple[Accepted, ...]:
    """Return the entries of a platform.yaml that stood there before a change as well: no others count for it."""
    return tuple(entry for entry in platform.accepted if entry in before.accepted)


def unreadable(where: str, findings: tuple[Finding, ...]) -> Finding:
    """CHG021: the platform.yaml before a change cannot be read, so nobody knows what the change is judged by.

    Args:
        where: Which commit, in words.
        findings: What is wrong with it.
    """
    first = findings[0]
    fact = f"the budget that counts is not known: {where} cannot be read ({first.place}: {first.fact})"
    return finding("CHG021", Place(layout.PLATFORM), fact, "take back what made it unreadable")


def _text(value: Any) -> str:
    text = "nothing" if value is None else yaml_writer.scalar(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
