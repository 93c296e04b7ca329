"""ARG: an Application is its tenant's: it follows that overlay, into that project, namespace and cluster."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from generator import layout
from generator.findings import sources
from generator.findings.finding import Found, Place
from generator.findings.rule import Firm
from generator.kube.lenient import mapping
from generator.kube.sync import GENERATE_PATHS
from generator.render.classes import Member, filled
from generator.render.rendered import Rendered, Repository
from generator.rules.application_sets import sets_of
from generator.rules.rule import Per, rule
from generator.rules.ways import GENERATE


@rule(
    "ARG012",
    per=Per.FLEET,
    title="an Application follows its tenant's overlay, in this repository, by the full ref",
    why="It would apply what nobody reviewed here.",
    fix="Run `tenantry generate`.",
    source="https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/",
    firm=Firm.NEIGHBOURS,
)
def applications_lead_to_their_overlay(repository: Repository) -> Iterator[Found]:
    """Each Application follows its tenant's overlay in this repository, by the full ref, and knows when to look."""
    platform = repository.fleet.platform
    paths = {item.tenant.name: str(item.entry.data.get("generatePaths", "")) for item in repository.rendered}
    for representative in repository.representatives:
        text = str(representative.subject.entry.data.get("generatePaths", ""))
        of_each = (Member(tenant=tenant.name, hosts=tenant.hosts) for tenant in representative.members)
        paths |= {member.tenant: filled(text, member) for member in of_each}

    def differences(name: str, manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        source = manifest["spec"].get("source", {})
        expected = (platform.repo_url, platform.revision, layout.overlay(name))
        for key, wanted in zip(("repoURL", "targetRevision", "path"), expected, strict=True):
            yield f"source.{key}", source.get(key, ""), wanted
        if name in paths:
            annotation = manifest["metadata"].get("annotations", {}).get(GENERATE_PATHS, "")
            yield f"the annotation {GENERATE_PATHS}", annotation, paths[name]

    yield from _deviations(repository, differences)


@rule(
    "ARG016",
    per=Per.FLEET,
    title="an entry makes its tenant's Application, in its tenant's project, namespace and cluster",
    why="Whoever writes an entry would choose the project, and so what Argo CD may touch.",
    fix="Run `tenantry generate`.",
    source=sources.SET_SECURITY,
    firm=Firm.NEIGHBOURS,
)
def applications_stay_with_their_tenant(repository: Repository) -> Iterator[Found]:
    """An entry makes the Application of its tenant, in its tenant's project, namespace and cluster."""
    platform = repository.fleet.platform

    def differences(name: str, manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        spec = manifest["spec"]
        yield "its name", manifest["metadata"].get("name", ""), name
        yield "project", spec["project"], name
        yield "destination.namespace", spec["destination"].get("namespace", ""), name
        cluster = spec["destination"].get("name") or spec["destination"].get("server", "")
        if cluster != platform.cluster.server:
            yield "destination", cluster, platform.cluster.name

    yield from _deviations(repository, differences)
    for item in repository.rendered:
        yield from _of_another_project(item)
    for representative in repository.representatives:
        if next(_of_another_project(representative.subject), None) is not None:
            for tenant in representative.members:
                yield from _of_another_project(representative.of(tenant))


def _of_another_project(rendered: Rendered) -> Iterator[Found]:
    """Say where a tenant's project is not called as its tenant is, or stands elsewhere."""
    metadata = mapping(rendered.project.data.get("metadata"))
    expected = {"name": rendered.tenant.name, "namespace": rendered.platform.argocd.namespace}
    for key, wanted in expected.items():
        if metadata.get(key) != wanted:
            fact = f"the project's {key} is {metadata.get(key)}, not {wanted}"
            yield Found(rendered.project.place(("metadata", key)), fact, GENERATE)


_Differences = Callable[[str, Mapping[str, Any]], Iterator[tuple[str, str, str]]]


def _deviations(repository: Repository, differences: _Differences) -> Iterator[Found]:
    """Tell where Applications are not as they should be: at the entry if it is one's fault, else at the template.

    Args:
        repository: All that is committed.
        differences: From an entry's name and its Application: what was compared, what it is, what it should be.
    """
    for appset in sets_of(repository):
        found: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for application in appset.expansion.applications:
            name = layout.stem(application.path)
            for what, is_, should in differences(name, application.manifest):
                if is_ != should:
                    found[what].append((application.path, is_, should))
        everywhere = len(appset.expansion.applications)
        for what, cases in found.items():
            if 1 < len(cases) == everywhere:
                _, is_, should = cases[0]
                fact = f"{what} {_differing(is_, should)}, and so for all {everywhere} Applications of the set"
                yield appset.found(("spec", "template"), fact, GENERATE)
                continue
            for path, is_, should in cases:
                yield Found(Place(path), f"{what} {_differing(is_, should)}", GENERATE)


def _differing(is_: str, should: str) -> str:
    """Say how two texts differ: what is not set, what a list of paths lacks or has too much, or both texts."""
    if not is_:
        return "is not set"
    wanted, there = (text.split(_BETWEEN_PATHS) for text in (should, is_))
    if len(wanted) == 1:
        return f"is {is_}, not {should}"
    lacking, more = ([path for path in one if path not in other] for one, other in ((wanted, there), (there, wanted)))
    parts = [f"lacks {', '.join(lacking)}"] if lacking else []
    parts += [f"has {', '.join(more)} too much"] if more else []
    return " and ".join(parts) or "has another order"


_BETWEEN_PATHS: Final = ";"
