"""Rules on two states of platform.yaml: what a change may not choose for itself, and what it may not move unseen."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator import yamlio
from generator.findings import Finding
from generator.model import Platform, Weakened
from generator.rules.catalog import finding
from generator.rules.compared import Compared
from generator.schema import Path, dotted, package_schema, with_defaults

_JUDGED_AS_BEFORE: Final = "the change is judged by what stands before it, and counts as touching every tenant"
_LONGEST: Final = 120
_WEIGHT: Final = {"warn": 1, "ignore": 2}


def own_judge_is_named(compared: Compared) -> Iterator[Finding]:
    """CHG004: budget, weakened rules and retired names count as they are before the change."""
    before, after = compared.before, compared.after
    place = after.document.place
    if before.budget != after.budget:
        was, now = (_text(state.document.data.get("budget")) for state in (before, after))
        yield finding("CHG004", place(("budget",), key=True), f"budget: {was} becomes {now}", _JUDGED_AS_BEFORE)
    for rule in sorted(before.rules.keys() | after.rules.keys()):
        was, now = (_weight(state, rule) for state in (before, after))
        if was != now:
            fact = f"rules.{rule}: {was} becomes {now}"
            yield finding("CHG004", place(("rules", rule), key=True), fact, _JUDGED_AS_BEFORE)
    for name in sorted(before.retired_names.keys() ^ after.retired_names.keys()):
        fact = f"retiredNames: {name!r} is {'added' if name in after.retired_names else 'taken out'}"
        yield finding("CHG004", place(("retiredNames", name), key=True), fact, _JUDGED_AS_BEFORE)


def weakened_in_both(before: Platform, after: Platform) -> Mapping[str, Weakened]:
    """Return the weakenings that count for a change: of what stands before and after it, the stricter."""
    both = before.rules.keys() & after.rules.keys()
    return {
        rule: min(before.rules[rule], after.rules[rule], key=lambda weakened: _WEIGHT[weakened.severity])
        for rule in sorted(both)
    }


def targets_stay(compared: Compared) -> Iterator[Finding]:
    """CHG005: repository, branches, API server and the addresses that the isolation proof takes for granted stay."""
    after = compared.after
    was, now = (_targets(state, after.cluster.name) for state in (compared.before, after))
    for path in sorted(was.keys() | now.keys(), key=str):
        if was.get(path) != now.get(path):
            fact = f"{dotted(path)}: {_text(was.get(path))} becomes {_text(now.get(path))}, for every tenant"
            yield finding("CHG005", after.document.place(path, key=path not in now), fact, "take it back")


def _weight(platform: Platform, rule: str) -> str:
    return platform.rules[rule].severity if rule in platform.rules else "as it is"


def _targets(platform: Platform, cluster_name: str) -> Mapping[Path, Any]:
    # by one name for both states: a cluster that changes its name is TEN011's
    data = with_defaults(package_schema("platform"), platform.document.data)
    cluster = data["clusters"][platform.cluster.name]
    guarded: Mapping[Path, Any] = {
        ("git",): data["git"],
        ("argocd", "namespace"): data["argocd"]["namespace"],
        ("clusters", cluster_name, "server"): cluster["server"],
        ("clusters", cluster_name, "network"): cluster["network"],
    }
    return {path: leaf for above, value in guarded.items() for path, leaf in _leaves(above, value)}


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    else:
        yield path, value


def _text(value: Any) -> str:
    text = "nothing" if value is None else yamlio.scalar(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
