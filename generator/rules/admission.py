"""K8S: what the API server checks and no schema says, and how it writes down what it takes."""

from collections.abc import Callable, Iterator
from typing import Final

from generator.admission.check import problems
from generator.findings.finding import Found
from generator.kube import typed
from generator.kube.lenient import Object, mapping
from generator.kube.printed import once_an_object
from generator.kube.typed import Typed
from generator.reading.quantity import canonical
from generator.reading.schema import Path
from generator.render.rendered import Rendered, Repository
from generator.rules.platform_objects import of_platform
from generator.rules.rule import Per, rule


@rule(
    "K8S015",
    per=Per.LENGTHS,
    title="the API server takes every object",
    why="What it refuses fails the sync of every company: nothing of that wave is applied.",
    fix="Fix the field that is named.",
    source="https://github.com/kubernetes/kubernetes/tree/v1.36.1/pkg/apis",
)
def the_api_server_takes_objects(rendered: Rendered) -> Iterator[Found]:
    """Names, references inside an object, bounds and combinations of fields are those that the API server takes."""
    yield from _in_render(rendered, _refused)


@the_api_server_takes_objects.also(Per.FLEET)
def the_api_server_takes_what_the_provider_runs(repository: Repository) -> Iterator[Found]:
    """The same of argocd/platform/."""
    yield from _in_platform(repository, _refused)


Parts = tuple[Typed, ...]
"""Every part of an object with its type."""

Check = Callable[[Object, Parts], Iterator[tuple[Path, str, str]]]
"""From an object and its parts to what is wrong with it: path, fact and hint."""


def _in_render(rendered: Rendered, check: Check) -> Iterator[Found]:
    version = rendered.platform.cluster.kubernetes
    for obj in rendered.objects:
        for path, fact, hint in _checked(obj, version, check):
            yield rendered.found_at(obj, path, fact, hint)


@once_an_object
def _checked(obj: Object, version: str, check: Check) -> tuple[tuple[Path, str, str], ...]:
    return tuple(check(obj, _typed(obj, version)))


@once_an_object
def _typed(obj: Object, version: str) -> Parts:
    return tuple(typed.parts(version, obj))


def _in_platform(repository: Repository, check: Check) -> Iterator[Found]:
    yield from of_platform(repository, lambda version, obj: check(obj, tuple(typed.parts(version, obj))))


def _refused(obj: Object, parts: Parts) -> Iterator[tuple[Path, str, str]]:
    yield from ((problem.path, problem.fact, problem.hint) for problem in problems(obj, parts))


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
    yield from _in_render(rendered, _repeated)


@entries_have_keys_of_their_own.also(Per.FLEET)
def entries_of_what_the_provider_runs_have_keys(repository: Repository) -> Iterator[Found]:
    """The same of argocd/platform/."""
    yield from _in_platform(repository, _repeated)


def _repeated(obj: Object, parts: Parts) -> Iterator[tuple[Path, str, str]]:
    del obj
    for part in parts:
        if isinstance(part.value, list):
            yield from ((path, fact, "") for path, fact in same_keys(part))


def same_keys(part: Typed) -> Iterator[tuple[Path, str]]:
    """Yield which entries of a list have the keys of an earlier one, or none, with where they stand.

    Args:
        part: The list.
    """
    keys = part.schema.get("x-kubernetes-list-map-keys")
    is_set = part.schema.get("x-kubernetes-list-type") == "set"
    seen: set[str] = set()
    for number, item in enumerate(part.value if keys or is_set else ()):
        values = [mapping(item).get(key, _LEFT_OUT.get(key)) for key in keys] if keys else [item]
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
    per=Per.SIZES,
    title="a quantity stands as Kubernetes writes it",
    why="The cluster holds another text than git, and whoever compares the two sees a difference for ever.",
    fix="Write it as named.",
    source="https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/",
)
def quantities_are_canonical(rendered: Rendered) -> Iterator[Found]:
    """Every quantity is written in its canonical form."""
    yield from _in_render(rendered, _rewritten)


@quantities_are_canonical.also(Per.FLEET)
def quantities_of_what_the_provider_runs_are_canonical(repository: Repository) -> Iterator[Found]:
    """The same of argocd/platform/."""
    yield from _in_platform(repository, _rewritten)


def _rewritten(obj: Object, parts: Parts) -> Iterator[tuple[Path, str, str]]:
    del obj
    for part in parts:
        if part.type == typed.QUANTITY:
            text, wanted = str(part.value), _canonical(str(part.value))
            if wanted != text:
                yield part.path, f"Kubernetes writes {text} as {wanted}", f'write "{wanted}"'


def _canonical(text: str) -> str:
    try:
        return canonical(text)
    except ValueError:
        return text  # K8S001 says so
