"""K8S: what the next version of Kubernetes no longer takes, named before the provider upgrades."""

from collections.abc import Iterator
from dataclasses import replace

from generator.findings.finding import Found
from generator.kube import schemas, typed
from generator.kube.lenient import mapping
from generator.reading.schema import Placed, dotted
from generator.render.rendered import Base, Rendered, Repository, identity
from generator.rules.platform_objects import platform_objects
from generator.rules.rule import Per, rule
from generator.rules.schemas import Printed


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


@the_next_version_is_known.also(Per.SIZES)
def the_next_version_takes_objects(rendered: Rendered) -> Iterator[Found]:
    """What the present version takes, the next one does: the kind, its fields and their defaults."""
    cluster = rendered.platform.cluster
    for obj in rendered.objects:
        yield from _lost(cluster.kubernetes, cluster.next_kubernetes, Printed(obj, rendered))


@the_next_version_is_known.also(Per.FLEET)
def the_next_version_takes_what_the_provider_runs(repository: Repository) -> Iterator[Found]:
    """The same of argocd/platform/."""
    cluster = repository.fleet.platform.cluster
    for written in platform_objects(repository):
        yield from _lost(cluster.kubernetes, cluster.next_kubernetes, written)


def _lost(now: str, following: str, placed: Placed) -> Iterator[Found]:
    """Yield what an object loses by an upgrade; nothing when none is planned."""
    if not schemas.is_known_version(now) or not schemas.is_known_version(following):
        return
    name = identity(placed.data)
    api, kind = str(placed.data.get("apiVersion")), str(placed.data.get("kind"))
    before, after = (schemas.checker(version, api, kind) for version in (now, following))
    if before is None:
        return  # K8S001 says so
    if after is None:
        others = schemas.api_versions(following, api.rpartition("/")[0], kind)
        hint = f"write apiVersion: {' or '.join(others)}, and what changed with it" if others else ""
        fact = f"{api} {kind} is gone in Kubernetes {following}"
        yield Found(placed.place(("apiVersion",)), fact, hint, name)
        return
    known = {found.fact for found in before.refusals(placed)}
    for found in after.refusals(placed):
        if found.fact not in known:
            yield replace(found, fact=f"Kubernetes {following}: {found.fact}", object=name)
    for part in typed.parts(now, placed.data):
        for field, (old, new) in schemas.changed_defaults(now, following, part.type).items():
            if field not in mapping(part.value):
                path = (*part.path, field)
                fact = f"{dotted(path)}: Kubernetes {following} takes {new} for it when it is left out"
                yield Found(placed.place(path), fact, f"write out which you mean, {old} or {new}", name)
