"""K8S: what the API server checks and no schema says, and how it writes down what it takes."""

from collections.abc import Iterator
from typing import Final

from generator.admission.check import problems
from generator.findings.finding import Found
from generator.kube import typed
from generator.kube.lenient import mapping
from generator.kube.typed import Typed
from generator.reading.quantity import canonical
from generator.reading.schema import Path
from generator.render.rendered import Rendered
from generator.rules.rule import Per, rule


@rule(
    "K8S015",
    per=Per.CLASS,
    title="the API server takes every object",
    why="What it refuses fails the sync of every company: nothing of that wave is applied.",
    fix="Fix the field that is named.",
    source="https://github.com/kubernetes/kubernetes/tree/v1.36.1/pkg/apis",
)
def the_api_server_takes_objects(rendered: Rendered) -> Iterator[Found]:
    """Names, references inside an object, bounds and combinations of fields are those that the API server takes."""
    for obj in rendered.objects:
        for problem in problems(rendered.platform.cluster.kubernetes, obj):
            yield rendered.found_at(obj, problem.path, problem.fact, problem.hint)


_LEFT_OUT: Final = {"protocol": "TCP"}
"""What the API server takes for a key of an entry that is left out."""


@rule(
    "K8S016",
    per=Per.CLASS,
    title="no two entries of a list have the same key",
    why="Server-side apply tells entries apart by their key, and refuses two with one.",
    fix="Keep one of the two.",
    source="https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy",
)
def entries_have_keys_of_their_own(rendered: Rendered) -> Iterator[Found]:
    """Entries of a list differ in what the schema of the list calls their key."""
    for obj in rendered.objects:
        for part in typed.parts(rendered.platform.cluster.kubernetes, obj):
            if isinstance(part.value, list):
                for path, fact in same_keys(part):
                    yield rendered.found_at(obj, path, fact)


def same_keys(part: Typed) -> Iterator[tuple[Path, str]]:
    """Yield which entries of a list have the keys of an earlier one, or none, with where they stand.

    Args:
        part: The list.
    """
    keys = part.schema.get("x-kubernetes-list-map-keys")
    is_set = part.schema.get("x-kubernetes-list-type") == "set"
    seen: set[str] = set()
    for number, item in enumerate(part.value if keys or is_set else ()):
        values = [mapping(item).get(key) or _LEFT_OUT.get(key) for key in keys] if keys else [item]
        if keys and None in values:
            yield (*part.path, number), f"it lacks its key `{keys[values.index(None)]}`"
        said = ", ".join(str(value) for value in values)
        if repr(values) in seen:
            steps: Path = (keys[0],) if keys and keys[0] in mapping(item) else ()
            what = f"{' and '.join(keys)} {said}" if keys else said
            yield (*part.path, number, *steps), f"a second entry has {what}"
        seen.add(repr(values))


@rule(
    "K8S017",
    per=Per.CLASS,
    title="a quantity stands as Kubernetes writes it",
    why="The cluster holds another text than git, and whoever compares the two sees a difference for ever.",
    fix="Write it as named.",
    source="https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/",
)
def quantities_are_canonical(rendered: Rendered) -> Iterator[Found]:
    """Every quantity is written in its canonical form."""
    for obj in rendered.objects:
        for part in typed.parts(rendered.platform.cluster.kubernetes, obj):
            if part.type == typed.QUANTITY:
                text = str(part.value)
                wanted = _canonical(text)
                if wanted != text:
                    fact = f"Kubernetes writes {text} as {wanted}"
                    yield rendered.found_at(obj, part.path, fact, f'write "{wanted}"')


def _canonical(text: str) -> str:
    try:
        return canonical(text)
    except ValueError:
        return text  # K8S001 says so
