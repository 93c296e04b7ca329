"""K8S: objects follow the schemas of the cluster's version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from generator.findings.finding import Found, Place
from generator.kube import schemas, typed
from generator.kube.lenient import Object
from generator.render.rendered import Base, Rendered, Repository, identity
from generator.rules.platform_objects import platform_objects
from generator.rules.rule import Per, rule


@dataclass(frozen=True, slots=True)
class Printed:
    """An object as a schema looks at it: each part of it stands where base/ writes it."""

    data: Object
    of: Rendered

    def place(self, path: Sequence[str | int] = (), *, key: bool = False) -> Place:
        """Return where a part of the object is written."""
        del key
        return self.of.place_in(self.data, tuple(path))


@rule(
    "K8S001",
    per=Per.RELEASE,
    title="every object follows the strict schema of its kind for the cluster's version",
    why="An unknown key is dropped in silence, an unknown kind or value fails the sync.",
    fix="Fix the field that is named.",
    source="https://kubernetes.io/docs/reference/kubernetes-api/",
    behind=("isolation", "quota", "escape"),
)
def the_version_is_known(base: Base) -> Iterator[Found]:
    """There are schemas of the cluster's version of Kubernetes."""
    cluster = base.platform.cluster
    if not schemas.is_known_version(cluster.kubernetes):
        place = base.platform.document.place(("clusters", cluster.name, "kubernetes"))
        fact = f"there are no schemas of Kubernetes {cluster.kubernetes}: nothing can be held against it"
        yield Found(place, fact, "install a kubernetes-validate that has them")


@the_version_is_known.also(Per.LENGTHS)
def objects_follow_their_schemas(rendered: Rendered) -> Iterator[Found]:
    """Every object is valid for the strict schema of its kind."""
    version = rendered.platform.cluster.kubernetes
    if not schemas.is_known_version(version):
        return
    for obj in rendered.objects:
        checker = schemas.checker(version, obj["apiVersion"], obj["kind"])
        if checker is None:
            fact = f"{obj['apiVersion']} {obj['kind']} is no kind of Kubernetes {version}, and none that tenantry knows"
            yield rendered.found(obj, fact)
            continue
        for found in checker.refusals(Printed(obj, rendered)):
            yield replace(found, object=identity(obj))


@the_version_is_known.also(Per.FLEET)
def what_the_provider_runs_follows_its_schemas(repository: Repository) -> Iterator[Found]:
    """The same of argocd/platform/, of Kubernetes' own kinds.

    Our schemas of other kinds say what a company may have of them, and the provider may have more.
    """
    version = repository.fleet.platform.cluster.kubernetes
    for written in platform_objects(repository) if schemas.is_known_version(version) else ():
        api, kind = str(written.data.get("apiVersion")), str(written.data.get("kind"))
        checker, schema = schemas.checker(version, api, kind), typed.schema_of(version, written.data)
        if checker is None and "." not in api:
            yield Found(written.place(), f"{api} {kind} is no kind of Kubernetes {version}", "", identity(written.data))
        for found in checker.refusals(written) if checker and schema and typed.is_of_kubernetes(schema) else ():
            yield replace(found, object=identity(written.data))
