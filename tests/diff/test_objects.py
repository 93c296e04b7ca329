"""The semantic difference of two objects: what it leaves out, and that it leaves out nothing else."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.diff.effects import fate, restarts_pods
from generator.diff.objects import ABSENT, Change, Edit, edits, pair, place
from generator.kube.fate import Fate


def an_object(kind: str = "ConfigMap", name: str = "one", api: str = "v1", **rest: Any) -> dict[str, Any]:
    """Make an object."""
    metadata = {"name": name, "namespace": "acme"} | rest.pop("metadata", {})
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **rest}


def of(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return the edits between two objects, each with its place in words."""
    return [(place(edit.path), edit.before, edit.after) for edit in edits(Change(before, after))]


# --- what is no change


SAME = {
    "the order of keys": (an_object(spec={"a": 1, "b": 2}), an_object(spec={"b": 2, "a": 1})),
    "a null": (an_object(spec={"a": 1, "b": None}), an_object(spec={"a": 1})),
    "the order of a policy's rules": (
        an_object("NetworkPolicy", spec={"egress": [{"ports": [1, 2]}, {"to": []}], "policyTypes": ["A", "B"]}),
        an_object("NetworkPolicy", spec={"egress": [{"to": []}, {"ports": [2, 1]}], "policyTypes": ["B", "A"]}),
    ),
    "the order of a role's verbs": (
        an_object("Role", rules=[{"verbs": ["get", "list"]}]),
        an_object("Role", rules=[{"verbs": ["list", "get"]}]),
    ),
    "the spelling of a quantity": (
        an_object("ResourceQuota", spec={"hard": {"limits.cpu": "1000m", "pods": 4}}),
        an_object("ResourceQuota", spec={"hard": {"limits.cpu": "1", "pods": "4"}}),
    ),
    "the spelling of a size limit": (
        an_object("Pod", spec={"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "1024Mi"}}]}),
        an_object("Pod", spec={"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "1Gi"}}]}),
    ),
}


@pytest.mark.parametrize("what", SAME)
def test_form_is_no_change(what: str) -> None:
    """A cluster that has one of the two would be the same with the other."""
    assert of(*SAME[what]) == []


# --- what is one


DIFFERENT: dict[str, tuple[dict[str, Any], dict[str, Any], list[Any]]] = {
    "a value": (
        {"spec": {"a": {"b": 1}}},
        {"spec": {"a": {"b": 2}}},
        [("spec.a.b", 1, 2)],
    ),
    "a type": ({"data": {"on": "true"}}, {"data": {"on": True}}, [("data.on", "true", True)]),
    "a key": ({"spec": {}}, {"spec": {"a.b/c": "x"}}, [('spec["a.b/c"]', ABSENT, "x")]),
    "an item that has a name": (
        {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
        {"env": [{"name": "A", "value": "9"}, {"name": "C", "value": "3"}]},
        [
            ("env[A].value", "1", "9"),
            ("env[B]", {"name": "B", "value": "2"}, ABSENT),
            ("env[C]", ABSENT, {"name": "C", "value": "3"}),
        ],
    ),
    "the order of items that have names": (
        {"env": [{"name": "A"}, {"name": "B"}]},
        {"env": [{"name": "B"}, {"name": "A"}]},
        [("env (order)", ["A", "B"], ["B", "A"])],
    ),
    "the order of arguments": ({"args": ["a", "b"]}, {"args": ["b", "a"]}, [("args", ["a", "b"], ["b", "a"])]),
    "a place in a list without names": (
        {"rules": [{"path": "/"}, {"path": "/b"}]},
        {"rules": [{"path": "/"}, {"path": "/c"}]},
        [("rules[1].path", "/b", "/c")],
    ),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_change_is_told_by_its_place(what: str) -> None:
    """The path leads to what differs, and no further up."""
    before, after, expected = DIFFERENT[what]

    assert of(an_object(**before), an_object(**after)) == expected


def test_one_changed_rule_among_reordered_ones_is_the_only_change() -> None:
    """The rules that both policies have are not told, wherever they stand."""
    rules = [{"ports": [{"port": port}], "to": []} for port in (1, 2, 3)]
    other = [rules[2], {"ports": [{"port": 8}], "to": []}, rules[0]]

    found = of(an_object("NetworkPolicy", spec={"egress": rules}), an_object("NetworkPolicy", spec={"egress": other}))

    assert found == [("spec.egress[].ports[].port", 2, 8)]


SCALARS = st.one_of(st.integers(0, 3), st.booleans(), st.sampled_from(["a", "b", "1", "x y", ""]))
KEYS = st.sampled_from(["a", "b", "a.b/c", "limit"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.dictionaries(KEYS, inner, max_size=3),
        st.lists(inner, max_size=3),
        st.lists(st.builds(lambda name, value: {"name": name, "value": value}, st.sampled_from("ABC"), inner)),
    ),
    max_leaves=12,
)


@given(before=st.dictionaries(KEYS, VALUES, max_size=3), after=st.dictionaries(KEYS, VALUES, max_size=3))
def test_the_edits_of_an_object_are_all_of_its_change(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Carried out on the object before, they give the object after."""
    one, other = an_object(spec=before), an_object(spec=after)

    assert _carried_out(one, edits(Change(one, other))) == other


def _carried_out(one: dict[str, Any], changes: tuple[Edit, ...]) -> dict[str, Any]:
    done = copy.deepcopy(one)
    for edit in sorted(changes, key=lambda edit: edit.path[-1] == "(order"):
        *way, last = edit.path
        where: Any = done
        for step in way:
            where = where[_index(where, step)]
        if last == "(order":
            stay = iter([item for name in edit.after for item in where if item["name"] == name])
            where[:] = [next(stay) if item["name"] in edit.after else item for item in where]
        elif edit.after is ABSENT:
            del where[_index(where, last)]
        elif edit.before is ABSENT and isinstance(where, list):
            where.append(edit.after)
        else:
            where[_index(where, last)] = edit.after
    return done


def _index(where: Any, step: str) -> Any:
    if isinstance(where, dict):
        return step[1:]
    names = [str(item["name"]) if isinstance(item, dict) and "name" in item else None for item in where]
    return names.index(step[1:]) if step[1:] in names else int(step[1:])


# --- which objects


def test_a_config_with_another_hash_takes_the_place_of_the_old_one() -> None:
    """Its name ends in the hash of its content, so another content is another name, and no loss."""
    before, after = an_object(name="agent-tt4222b4m4"), an_object(name="agent-95cmk55hhk")

    assert pair([before], [after]) == (Change(before, after),)


def test_objects_of_one_name_and_two_groups_are_two_objects() -> None:
    """An Ingress of another API group is another object: one goes, one comes."""
    before, after = an_object("Ingress", api="extensions/v1beta1"), an_object("Ingress", api="networking.k8s.io/v1")

    assert set(map(repr, pair([before], [after]))) == {repr(Change(before, None)), repr(Change(None, after))}


def test_another_version_of_the_same_group_is_the_same_object() -> None:
    """The API server converts it, so it is changed in its place."""
    before, after = an_object("Widget", api="example.com/v1beta1"), an_object("Widget", api="example.com/v1")

    assert of(before, after) == [("apiVersion", "example.com/v1beta1", "example.com/v1")]
    assert pair([before], [after]) == (Change(before, after),)


# --- what becomes of them


def guarded(options: str, kind: str = "PersistentVolumeClaim", **rest: Any) -> dict[str, Any]:
    """Make an object with sync options."""
    return an_object(kind, metadata={"annotations": {"argocd.argoproj.io/sync-options": options}}, **rest)


FATES = {
    "new": (None, an_object(), Fate.CREATED),
    "gone": (an_object(), None, Fate.PRUNED),
    "gone with a guard": (guarded("Prune=false,Delete=false"), None, Fate.KEPT),
    "gone with a guard after a blank": (guarded("Delete=false, Prune=false"), None, Fate.KEPT),
    "gone with a question": (guarded("Prune=confirm"), None, Fate.HELD),
    "changed": (an_object(data={}), an_object(data={"a": "b"}), Fate.CHANGED),
    "another selector": (
        an_object("Deployment", spec={"selector": {"a": "b"}}),
        an_object("Deployment", spec={"selector": {"a": "c"}}),
        Fate.REFUSED,
    ),
    "another selector by force": (
        guarded("", "Deployment", spec={"selector": {"a": "b"}}),
        guarded("Replace=true,Force=true", "Deployment", spec={"selector": {"a": "c"}}),
        Fate.RECREATED,
    ),
    "a larger claim": (
        guarded("", spec={"resources": {"requests": {"storage": "1Gi"}}}),
        guarded("", spec={"resources": {"requests": {"storage": "1Ti"}}}),
        Fate.CHANGED,
    ),
    "a smaller claim": (
        guarded("", spec={"resources": {"requests": {"storage": "1Ti"}}}),
        guarded("", spec={"resources": {"requests": {"storage": "1Gi"}}}),
        Fate.REFUSED,
    ),
    "another hash": (an_object(name="agent-tt4222b4m4"), an_object(name="agent-95cmk55hhk"), Fate.REPLACED),
}


@pytest.mark.parametrize("what", FATES)
def test_what_becomes_of_an_object(what: str) -> None:
    """Argo CD creates, prunes, keeps, asks; the API server refuses what cannot be changed."""
    before, after, expected = FATES[what]

    assert fate(Change(before, after))[0] is expected


@pytest.mark.parametrize(
    ("kind", "before", "after", "restart"),
    [
        ("Deployment", {"template": {"a": 1}}, {"template": {"a": 2}}, True),
        ("StatefulSet", {"template": {"a": [1, 2]}}, {"template": {"a": [2, 1]}}, True),
        ("Deployment", {"replicas": 1, "template": {}}, {"replicas": 2, "template": {}}, False),
        ("CronJob", {"template": {"a": 1}}, {"template": {"a": 2}}, False),
        ("ConfigMap", {"template": {"a": 1}}, {"template": {"a": 2}}, False),
    ],
)
def test_pods_restart_when_their_template_differs(kind: str, before: Any, after: Any, restart: bool) -> None:
    """Whatever in the template differs, be it an order, is another template to Kubernetes."""
    change = Change(an_object(kind, spec=before), an_object(kind, spec=after))

    assert restarts_pods(change, edits(change)) is restart
