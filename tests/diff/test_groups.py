"""Grouping loses nothing: every object that differs is in one group, for each tenant, with its own change."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from generator.diff.groups import Owner, Pair, fill, group
from generator.diff.objects import Change, edits, pair
from generator.diff.selectors import Traits, Universe

KINDS = ("ConfigMap", "NetworkPolicy", "Deployment", "Namespace")


@st.composite
def pairs(draw: st.DrawFn) -> list[Pair]:
    """Any tenants; their objects are made of a few templates, so that equal changes happen."""
    names = draw(
        st.lists(st.sampled_from(["acme", "acme-eu", "fileserver", "a", "data", "x1"]), unique=True, min_size=1)
    )
    templates = st.sampled_from(
        [
            "{name}",
            "{host}",
            "x.{host}:80",
            "pre-{name}",
            "{name}:admin",
            "chat--{name}.example.com",
            "line\n{name}\n",
            "z",
        ]
    )
    values = st.recursive(templates, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(templates, inner))
    state = st.dictionaries(
        st.tuples(st.sampled_from(KINDS), st.sampled_from(["one", "{name}", "c-tt4222b4m4", "c-95cmk55hhk"])),
        st.dictionaries(st.sampled_from(["spec", "data"]), values),
        max_size=3,
    )
    states = draw(st.lists(st.tuples(state, state), min_size=1, max_size=3))
    made = []
    for name in sorted(names):
        before, after = draw(st.sampled_from(states))
        host = f"{name}.example.com"
        objects = [
            [
                {"apiVersion": "v1", "kind": kind, "metadata": {"name": _own(title, name, host)}}
                | _own(body, name, host)
                for (kind, title), body in side.items()
            ]
            for side in (before, after)
        ]
        made.append(Pair(Owner("tenant", name, (host,)), *objects))
    return made


def _own(value: Any, name: str, host: str) -> Any:
    if isinstance(value, str):
        return value.replace("{name}", name).replace("{host}", host)
    if isinstance(value, dict):
        return {_own(key, name, host): _own(item, name, host) for key, item in value.items()}
    return [_own(item, name, host) for item in value]


@given(pairs())
def test_every_object_that_differs_is_in_one_group_for_each_tenant(made: list[Pair]) -> None:
    """And what the group says of it, the tenant's own strings put back, is what differs."""
    expected: Counter[str] = Counter()
    for entry in made:
        for change in pair(entry.before, entry.after):
            told = edits(change)
            if told or change.before is None or change.after is None:
                expected[_told(entry.owner.name, change, told, change.after if change.before is None else None)] += 1

    actual: Counter[str] = Counter()
    for found in group(made):
        for owner in found.owners:
            for item in found.items:
                own = fill([[edit.path, edit.before, edit.after] for edit in item.edits], owner.strings)
                whole = fill(item.whole, owner.strings)
                actual[repr((owner.name, item.kind, fill(item.name, owner.strings), sorted(own), whole))] += 1

    assert actual == expected


def _told(name: str, change: Change, told: Any, whole: Any) -> str:
    own = sorted([list(edit.path), edit.before, edit.after] for edit in told)
    return repr((name, change.object["kind"], change.object["metadata"]["name"], own, whole))


@given(pairs())
def test_no_two_groups_have_the_same_tenants(made: list[Pair]) -> None:
    """What tenants share stands in one place."""
    owners = [found.owners for found in group(made)]

    assert len(owners) == len(set(owners))


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3),
        st.builds(
            Traits,
            st.sampled_from(["bronze", "silver", "gold"]),
            st.frozensets(st.sampled_from(["chatbot", "search"])),
            st.sampled_from("rs"),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    st.data(),
)
def test_the_words_for_tenants_are_true(traits: dict[str, Traits], data: st.DataObject) -> None:
    """Whoever takes the words literally comes to the same tenants."""
    names = sorted(data.draw(st.sets(st.sampled_from(sorted(traits)), min_size=1)))

    said = "".join(Universe(traits, whole=True).words(names))

    if " more)" not in said:
        assert _meant(said, traits) == names


def _meant(said: str, traits: dict[str, Traits]) -> list[str]:
    if said.startswith("all "):
        return sorted(traits)
    if "(" not in said:
        return sorted(said.replace(" and ", ", ").split(", "))
    inside = said.partition("(")[2].removesuffix(")")
    if inside.startswith("all but "):
        others = inside.removeprefix("all but ").replace(" and ", ", ").split(", ")
        return sorted(set(traits) - set(others))
    return sorted(name for name, one in traits.items() if all(_fits(part, one) for part in inside.split(", ")))


def _fits(part: str, one: Traits) -> bool:
    what, _, values = part.partition(" ")
    match what:
        case "plan":
            return one.plan in values.split(" or ")
        case "ring":
            return one.ring in values.split(" or ")
        case _:
            return (one.hosts if values == "hosts of their own" else values in one.addons) is (what == "with")


def test_shared_words_are_the_shortest() -> None:
    """A plan is shorter than a list of who is not on it."""
    traits = {
        f"company-{n:03}": Traits(
            "silver" if n < 97 else "bronze", frozenset(["chatbot"] * (n % 2 == 0)), "general", False
        )
        for n in range(100)
    }

    assert "".join(Universe(traits, whole=True).words(sorted(traits)[:97])) == "97 tenants (plan silver)"
    assert "".join(Universe(traits, whole=True).words(sorted(traits))) == "all 100 tenants"
    assert "".join(Universe(traits, whole=True).words(sorted(traits)[1:])) == "99 tenants (all but company-000)"
    assert (
        "".join(Universe(traits, whole=True).words(sorted(traits)[:20]))
        == "20 tenants (company-000, company-001, company-002 and 17 more)"
    )
