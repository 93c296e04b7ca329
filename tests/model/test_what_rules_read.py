"""What the model says of a field is true: the rules that it names read it, and what is inert nobody reads."""

import copy
import dataclasses
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

import pytest

from generator.model.fields import Field, kinds, steps
from generator.rules import every
from generator.rules.rule import Per
from tests.model.reads import Reads, remembering
from tests.model.scene import allowed_fields, company, example, put, real_objects

WALKERS: Final = frozenset("ARG030 K8S001 K8S015 K8S016 K8S017 KUS007 KUS008 KUS010 MOD001 NXT001 SEC011".split())
"""Rules that walk over whole objects: that says nothing of a field. What they do with it has cases elsewhere."""

LOOKS_FOR_PORTS: Final = "K8S014"
"""It looks through a container for whatever names a port, so that it asks for what cannot as well."""

INSTEAD: Final = {("PodDisruptionBudget", "spec.minAvailable"): "maxUnavailable"}
"""Fields of which an object has one: the other, of the same mapping, is taken out."""

KINDS: Final = sorted(kinds())


def reads(objects: list[dict[str, Any]], rules: Iterable[str]) -> Iterator[tuple[str, Reads]]:
    """Run rules on objects and yield what each reads, every path behind the number of its object."""
    for check in every.CHECKS:
        if check.rule.id in rules and check.per in (Per.CLASS, Per.SIZES, Per.TENANT):
            seen = Reads()
            remembered = tuple(remembering(obj, (number,), seen) for number, obj in enumerate(objects))
            list(check(dataclasses.replace(company(), objects=remembered)))
            yield check.rule.id, seen


def number_of(objects: list[dict[str, Any]], kind: str) -> int:
    """Return the number of the first object of a kind."""
    return next(number for number, obj in enumerate(objects) if obj["kind"] == kind)


@cache
def read_of_all() -> tuple[dict[tuple[str, str], tuple[str | int, ...]], dict[str, Reads]]:
    """Return where each field stands in objects that hold them all, and what each rule reads of these."""
    objects = real_objects()
    where = {}
    for (_, kind), known in kinds().items():
        number = number_of(objects, kind)
        for one in allowed_fields(known):
            value = example(one, company().platform.cluster.declared)
            where[kind, one.path] = (number, *put(objects[number], one, value))
    rules = {check.rule.id for check in every.CHECKS} - WALKERS
    found: dict[str, Reads] = {}
    for rule, seen in reads(objects, rules):
        before = found.setdefault(rule, Reads())
        before.read |= seen.read
        before.walked |= seen.walked
    return where, found


def read_alone(kind: str, one: Field, rule: str) -> bool:
    """Say whether a rule reads a field that alone is added to good objects."""
    for fresh in (False, True):
        objects = real_objects()
        number = number_of(objects, kind)
        objects[number].get("spec", {}).pop(INSTEAD.get((kind, one.path)), None)
        path = (number, *put(objects[number], one, copy.deepcopy(one.example), fresh=fresh))
        if any(path in seen.read | seen.walked for _, seen in reads(objects, {rule})):
            return True
    return False


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_the_rules_that_a_field_names_read_it(api_version: str, kind: str) -> None:
    """`modelled` is no word: without the field these rules would have another input."""
    where, found = read_of_all()
    unread = []
    for one in allowed_fields(kinds()[api_version, kind]):
        for rule in one.modelled:
            if rule == "MOD001":
                assert one.only or one.source, f"{one.path}: the model itself bounds nothing"
            elif rule not in WALKERS:
                seen = found[rule]
                path = where[kind, one.path]
                if path not in seen.read | seen.walked and not read_alone(kind, one, rule):
                    unread.append(
                        f"{one.path} by {rule}; read by {[name for name in found if path in found[name].read]}"
                    )
    assert unread == []


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
def test_no_rule_reads_what_is_inert(api_version: str, kind: str) -> None:
    """Whoever reads it would have it matter."""
    where, found = read_of_all()
    inert = [one for one in allowed_fields(kinds()[api_version, kind]) if one.inert]
    rules = found.keys() - {LOOKS_FOR_PORTS}
    read = [(one.path, sorted(rule for rule in rules if where[kind, one.path] in found[rule].read)) for one in inert]
    assert [(path, names) for path, names in read if names] == []


def test_every_line_of_the_model_says_one_thing() -> None:
    """A field is modelled by rules that there are, inert, or refused; and never two of the three."""
    for known in kinds().values():
        for one in known.fields:
            said = [bool(one.modelled), bool(one.inert), bool(one.refused)]
            assert sum(said) == 1, f"{known.name} {one.path}"
            assert set(one.modelled) <= every.RULES.keys(), f"{known.name} {one.path}"
            assert one.refused or one.source or one.example is not None, f"{known.name} {one.path} has no example"
            assert steps(one.path)
