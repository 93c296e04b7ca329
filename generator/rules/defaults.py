"""ARG: what the cluster writes into an object that git does not hold."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from generator.findings.finding import Found
from generator.kube import typed
from generator.reading.schema import Path, with_defaults
from generator.render.rendered import Rendered
from generator.rules.rule import Per, rule


@rule(
    "ARG030",
    per=Per.CLASS,
    title="what a definition fills in stands in git",
    why="The cluster adds the default, git lacks it, and Argo CD shows a difference for ever.",
    fix="Write the default out.",
    source="https://github.com/argoproj/argo-cd/issues/22151",
)
def defaults_are_written_out(rendered: Rendered) -> Iterator[Found]:
    """Every default of a custom resource's definition is written out.

    Argo CD knows the defaults of Kubernetes' own kinds, and those of definitions it does not.
    """
    for obj in rendered.objects:
        schema = typed.schema_of(rendered.platform.cluster.kubernetes, obj)
        if schema is not None and not typed.is_of_kubernetes(schema):
            filled = with_defaults(schema, obj)
            for path, value in _left_out(obj, filled, ()):
                said = json.dumps(value)
                fact = f"it is left out, and the cluster fills in {said}"
                yield rendered.found_at(obj, path, fact, f"write `{path[-1]}: {said}`")


def _left_out(given: Any, filled: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(given, Mapping):
        for key, value in filled.items():
            if key in given:
                yield from _left_out(given[key], value, (*path, key))
            else:
                yield (*path, key), value
    elif isinstance(given, list):
        for index, item in enumerate(given):
            yield from _left_out(item, filled[index], (*path, index))
