"""Objects that use everything that the model lists, made of real ones and of the examples of the model."""

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import yaml

from generator.model.fields import EVERY, Field, Kind, kinds, steps
from generator.render.rendered import Rendered
from tests.rules.harness import ROOT, good_repository

_OTHERS: Final = (
    "base/edge/components/ingress/fileserver.yaml",
    "tests/products/wiki/base/edge/components/search/search.yaml",
)
"""Files with objects of kinds that no company of this repository has."""

_CRON_JOB: Final = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: 0 3 * * *
  concurrencyPolicy: Forbid
  jobTemplate: {spec: {template: {metadata: {labels: {app.kubernetes.io/name: nightly}}}}}
"""


@cache
def company() -> Rendered:
    """Return a company of this repository with an add-on."""
    return next(item for item in good_repository().rendered if item.tenant.addons)


def real_objects() -> list[dict[str, Any]]:
    """Return good objects, at least one of each kind of the model."""
    objects = copy.deepcopy([dict(obj) for obj in company().objects])
    there = {obj["kind"] for obj in objects}
    for file in _OTHERS:
        written = yaml.safe_load_all((ROOT / file).read_text(encoding="utf-8"))
        objects += [obj for obj in written if obj["kind"] not in there]
    nightly = yaml.safe_load(_CRON_JOB)
    pod = copy.deepcopy(next(obj for obj in objects if obj["kind"] == "Deployment")["spec"]["template"]["spec"])
    nightly["spec"]["jobTemplate"]["spec"]["template"]["spec"] = pod | {"restartPolicy": "Never"}
    objects.append(nightly)
    for obj in objects:
        if obj["kind"] != "Namespace":
            obj["metadata"]["namespace"] = company().tenant.name
    assert {obj["kind"] for obj in objects} == {kind for _, kind in kinds()}
    return objects


def allowed_fields(kind: Kind) -> Iterator[Field]:
    """Yield the fields that may stand in an object; of two lines for one field the later counts."""
    last = {tuple(steps(one.path)): one for one in kind.fields}
    yield from (one for one in last.values() if not one.refused)


def example(one: Field, declared: Mapping[str, tuple[str, ...]]) -> Any:
    """Return a value that is allowed for a field."""
    return declared[one.source][0] if one.source else one.example


def put(obj: dict[str, Any], one: Field, value: Any, *, fresh: bool = False) -> tuple[str | int, ...]:
    """Write a value where a field stands, and return the path there.

    Args:
        obj: The object.
        one: The field.
        value: The value.
        fresh: Whether the last list on the way gets an entry for it, and the first is used otherwise.
    """
    parts = [step.replace("*", "other") if step != EVERY else 0 for step in steps(one.path)]
    last_list = max((index for index, part in enumerate(parts) if part == 0), default=-1)
    at: Any = obj
    path: list[str | int] = []
    for index, step in enumerate(parts):
        following = parts[index + 1] if index + 1 < len(parts) else None
        inner: Any = value if following is None else [] if following == 0 else {}
        if isinstance(at, list):
            new = not at or (fresh and index == last_list)
            if new:
                at.append(inner)
            elif following is None:
                at[0] = inner
            path.append(len(at) - 1 if new else 0)
        elif following is None or not isinstance(at.get(step), dict | list):
            at[step] = inner
        if len(path) == index:
            path.append(step)
        at = at[path[-1]]
    return tuple(path)
