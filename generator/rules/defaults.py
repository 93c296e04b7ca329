"""ARG: what the cluster writes into an object that git does not hold."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from generator.findings.finding import Found
from generator.kube import typed
from generator.kube.lenient import Object
from generator.reading.schema import Path, with_defaults
from generator.render.rendered import Rendered, Repository
from generator.rules.platform_objects import of_platform
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
    version = rendered.platform.cluster.kubernetes
    for obj in rendered.objects:
        for path, fact, hint in defaults_left_out(version, obj):
            yield rendered.found_at(obj, path, fact, hint)


@defaults_are_written_out.also(Per.FLEET)
def defaults_of_what_the_provider_runs_are_written_out(repository: Repository) -> Iterator[Found]:
    """The same of argocd/platform/, of the kinds whose definitions tenantry knows."""
    yield from of_platform(repository, defaults_left_out)


def defaults_left_out(version: str, one: Object) -> Iterator[tuple[Path, str, str]]:
    """Yield each default that an object leaves out: its path, the fact and what to write.

    Args:
        version: Minor version of Kubernetes.
        one: The object.
    """
    schema = typed.schema_of(version, one)
    if schema is not None and not typed.is_of_kubernetes(schema):
        for path, value in _left_out(one, with_defaults(schema, one), ()):
            said = json.dumps(value)
            yield path, f"it is left out, and the cluster fills in {said}", f"write `{path[-1]}: {said}`"


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
