"""K8S: what the next version of Kubernetes no longer takes, named before the provider upgrades."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.findings.finding import Found, Place
from generator.kube import schemas, typed
from generator.kube.lenient import mapping
from generator.reading.schema import Path
from generator.render.rendered import Base, Object, Rendered, Repository
from generator.rules.platform_objects import of_platform
from generator.rules.rule import Per, rule


@dataclass(frozen=True, slots=True)
class _Asked:
    """An object as a schema looks at it, which is asked what it refuses and not where that stands."""

    data: Object

    def place(self, path: Sequence[str | int] = (), *, key: bool = False) -> Place:
        del key
        return Place(repr(tuple(path)))


@rule(
    "K8S022",
    per=Per.RELEASE,
    title="the next version of Kubernetes takes every object, too",
    why="After the upgrade the API or the field is gone, and every sync fails; or a default is another one, unseen.",
    fix="Write what both versions take, and upgrade then.",
    source="https://kubernetes.io/docs/reference/using-api/deprecation-guide/",
)
def the_next_version_is_known(base: Base) -> Iterator[Found]:
    """There are schemas of the version that platform.yaml says the cluster is upgraded to."""
    cluster = base.platform.cluster
    if cluster.next_kubernetes and not schemas.is_known_version(cluster.next_kubernetes):
        place = base.platform.document.place(("clusters", cluster.name, "kubernetes", "next"))
        fact = f"there are no schemas of Kubernetes {cluster.next_kubernetes}: nothing can be held against it"
        yield Found(place, fact, "install a kubernetes-validate that has them")


@the_next_version_is_known.also(Per.CLASS)
def the_next_version_takes_objects(rendered: Rendered) -> Iterator[Found]:
    """What the present version takes, the next one does: the kind, its fields and their defaults."""
    cluster = rendered.platform.cluster
    for obj in rendered.objects:
        for path, fact, hint in _lost(cluster.kubernetes, cluster.next_kubernetes, obj):
            yield rendered.found_at(obj, path, fact, hint)


@the_next_version_is_known.also(Per.FLEET)
def the_next_version_takes_what_the_provider_runs(repository: Repository) -> Iterator[Found]:
    """The same of argocd/platform/."""
    following = repository.fleet.platform.cluster.next_kubernetes
    yield from of_platform(repository, lambda version, one: _lost(version, following, one))


def _lost(now: str, following: str, one: Object) -> Iterator[tuple[Path, str, str]]:
    """Yield what an object loses by an upgrade: path, fact and hint; nothing when none is planned."""
    if not schemas.is_known_version(now) or not schemas.is_known_version(following):
        return
    api, kind = str(one.get("apiVersion")), str(one.get("kind"))
    before, after = (schemas.checker(version, api, kind) for version in (now, following))
    if before is None:
        return  # K8S001 says so
    if after is None:
        yield (), f"{api} {kind} is gone in Kubernetes {following}", ""
        return
    known = {found.fact for found in before.refusals(_Asked(one))}
    for found in after.refusals(_Asked(one)):
        if found.fact not in known:
            yield (), f"Kubernetes {following}: {found.fact}", found.hint
    for part in typed.parts(now, one):
        for field, (old, new) in schemas.changed_defaults(now, following, part.type).items():
            if field not in mapping(part.value):
                hint = f"write out which you mean, {old} or {new}"
                yield (*part.path, field), f"Kubernetes {following} takes {new} for it when it is left out", hint
