"""ARG: each shard has one ApplicationSet, which makes the Applications of its companies, and takes none along.

Rules read the committed files, which a person may have edited, and what the offline expander makes of them. A finding
about a template is told once, at the template, not for each Application that it makes.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator import layout
from generator.applicationset import Effect, Expansion, expand_all, stored_size
from generator.findings import sources
from generator.findings.finding import Finding, Found, Place, Severity
from generator.findings.rule import Firm
from generator.fleet.states import PURGING
from generator.generate.argocd import FINALIZER
from generator.kube.lenient import mapping, mappings, sequence
from generator.kube.sync import FORCEFUL, GUARD, SYNC_OPTIONS, options
from generator.once import once
from generator.reading.yaml_reader import Document, read
from generator.render.rendered import Repository
from generator.rules.rule import Per, rule
from generator.rules.ways import GENERATE, way_back


@dataclass(frozen=True, slots=True)
class _Set:
    """A committed ApplicationSet with what becomes of it."""

    document: Document
    expansion: Expansion

    @property
    def spec(self) -> Mapping[str, Any]:
        return mapping(self.document.data.get("spec"))

    @property
    def application(self) -> Mapping[str, Any]:
        """The spec of the template's Application."""
        return mapping(mapping(self.spec.get("template")).get("spec"))

    def found(self, path: tuple[str | int, ...], fact: str, hint: str = "") -> Found:
        """Make a finding at a place in the set's file."""
        metadata = mapping(self.document.data.get("metadata"))
        name = f"ApplicationSet/{metadata.get('namespace')}/{metadata.get('name')}"
        return Found(self.document.place(path), fact, hint, name)


@once
def _read_sets(repository: Repository) -> tuple[tuple[_Set, ...], tuple[Found | Finding, ...]]:
    """Read and expand the ApplicationSets of the shards; what cannot be read is a finding."""
    documents = []
    findings: list[Found | Finding] = []
    for number in range(repository.fleet.platform.argocd.shards):
        file = layout.application_set(layout.shard_name(number))
        if file not in repository.files:
            findings.append(Found(Place(file), "this file is missing", GENERATE))
            continue
        document, found = read(file, repository.files[file].encode())
        findings.extend(found)
        if document is not None and mapping(document.data).get("kind") == "ApplicationSet":
            documents.append(document)
        elif document is not None:
            findings.append(Found(document.place(), "this is no ApplicationSet", GENERATE))
    expansions = expand_all([_without_strategy(item.data) for item in documents], repository.files)
    return tuple(map(_Set, documents, expansions)), tuple(findings)


def _without_strategy(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out how Applications are rolled out: which ones there are does not depend on it."""
    spec = {key: value for key, value in mapping(manifest.get("spec")).items() if key != "strategy"}
    return {**manifest, "spec": spec}


def sets_of(repository: Repository) -> tuple[_Set, ...]:
    """Return the committed ApplicationSets of the shards that can be read, each with what becomes of it."""
    return _read_sets(repository)[0]


@rule(
    "ARG001",
    per=Per.FLEET,
    title="every shard has an ApplicationSet that refuses missing keys",
    why="Without missingkey=error a missing key becomes the text `<no value>` in a name, a namespace or a path.",
    fix="Run `tenantry generate`.",
    source=sources.TEMPLATE,
    firm=Firm.FREEZE,
)
def templates_refuse_missing_keys(repository: Repository) -> Iterator[Found | Finding]:
    """Every shard has its ApplicationSet, a Go template that fails on a key that an entry lacks."""
    sets, unreadable = _read_sets(repository)
    yield from unreadable
    for appset in sets:
        if appset.spec.get("goTemplate") is not True:
            yield appset.found(("spec", "goTemplate"), "goTemplate is not true", GENERATE)
        if appset.spec.get("goTemplateOptions") != ["missingkey=error"]:
            fact = "goTemplateOptions is not missingkey=error alone"
            yield appset.found(("spec", "goTemplateOptions"), fact, GENERATE)


@rule(
    "ARG002",
    per=Per.FLEET,
    title="the template renders with every entry",
    why="One entry that fails freezes its whole set: no company of the shard is created, changed or removed.",
    fix="Run `tenantry generate`; entries are never edited by hand.",
    source=sources.TEMPLATE,
    firm=Firm.FREEZE,
)
def every_entry_renders(repository: Repository) -> Iterator[Found]:
    """The set renders with every entry; one entry that fails freezes all Applications of the set."""
    for appset in sets_of(repository):
        for problem in appset.expansion.problems:
            if problem.effect in (Effect.FREEZES, Effect.UNDECIDED):
                place = Place(problem.path) if problem.path else appset.document.place(("spec",))
                yield Found(place, f"{problem.message}: {problem.effect.value}", GENERATE)


@rule(
    "ARG003",
    per=Per.FLEET,
    title="an Application is made once",
    why="Of two entries for one Application neither is applied, or two sets fight over it.",
    fix="Remove the entry that tenantry did not write.",
    source=sources.TEMPLATE,
    firm=Firm.NEIGHBOURS,
)
def every_application_is_made_once(repository: Repository) -> Iterator[Found]:
    """No two entries make the same Application, in one set or in two."""
    for appset in sets_of(repository):
        for problem in appset.expansion.problems:
            if problem.effect in (Effect.SKIPPED, Effect.CONTESTED):
                place = Place(problem.path) if problem.path else appset.document.place()
                yield Found(place, f"{problem.message}: {problem.effect.value}", GENERATE)


@rule(
    "ARG005",
    per=Per.FLEET,
    title="an entry has no reserved key",
    why="The git generator overwrites `path` and `values`, so the template reads something else than the entry says.",
    fix="Run `tenantry generate`.",
    source=sources.GIT_FILES,
    firm=Firm.FREEZE,
)
def entries_leave_the_generators_keys_alone(repository: Repository) -> Iterator[Found]:
    """No entry has a key that the git generator writes itself."""
    for appset in sets_of(repository):
        for problem in appset.expansion.problems:
            if problem.effect is Effect.RESERVED and problem.path:
                yield Found(Place(problem.path), problem.message, GENERATE)


@rule(
    "ARG007",
    per=Per.FLEET,
    title="an entry, a set or a file that vanishes takes no objects along",
    why="A transient error of git has made ApplicationSets delete everything they had made.",
    fix="Run `tenantry generate`.",
    source=sources.SET_DELETION,
    firm=Firm.DATA,
)
def a_vanished_entry_takes_nothing_along(repository: Repository) -> Iterator[Found]:
    """Objects outlive their Application, Applications their set, and the set stays when its file goes."""
    for appset in sets_of(repository):
        policy = mapping(appset.spec.get("syncPolicy"))
        if policy.get("preserveResourcesOnDeletion") is not True:
            where = ("spec", "syncPolicy", "preserveResourcesOnDeletion")
            fact = "preserveResourcesOnDeletion is not true: an entry that vanishes takes the company's data along"
            yield appset.found(where, fact, GENERATE)
        changes = policy.get("applicationsSync", "sync")
        if changes not in ("sync", "create-update"):
            fact = f"applicationsSync is {changes}: changes of an entry would not arrive"
            yield appset.found(("spec", "syncPolicy", "applicationsSync"), fact, GENERATE)
        if FINALIZER not in sequence(mapping(appset.document.data.get("metadata")).get("finalizers")):
            fact = f"the set lacks the finalizer {FINALIZER}: deleting it would delete its Applications"
            yield appset.found(("metadata",), fact, GENERATE)
        missing = [option for option in GUARD if option not in options(appset.document.data)]
        if missing:
            fact = f"the set's {SYNC_OPTIONS} lacks {' and '.join(missing)}"
            yield appset.found(("metadata", "annotations"), fact, GENERATE)


@rule(
    "ARG008",
    per=Per.FLEET,
    title="only a tenant that is being purged has the cascade finalizer",
    why="With it, deleting the Application deletes the namespace and the customer's files.",
    fix="Run `tenantry generate`; the state stands in the tenant file.",
    source=sources.APP_DELETION,
    firm=Firm.DATA,
)
def only_a_purge_cascades(repository: Repository) -> Iterator[Found]:
    """No Application of a company that is not being purged carries the cascade finalizer."""
    purging = {tenant.name for tenant in repository.fleet.tenants if tenant.state == PURGING}
    for appset in sets_of(repository):
        if mapping(mapping(appset.spec.get("template")).get("metadata")).get("finalizers"):
            where = ("spec", "template", "metadata", "finalizers")
            fact = "every Application gets a finalizer: deleting one would delete the company's data"
            yield appset.found(where, fact, GENERATE)
            continue
        for application in appset.expansion.applications:
            if application.name not in purging and FINALIZER in application.manifest["metadata"].get("finalizers", ()):
                fact = f"the Application {application.name} would take its objects along, and is not being purged"
                known = any(tenant.name == application.name for tenant in repository.fleet.tenants)
                hint = "the tenant file decides: " + GENERATE
                if not known:
                    hint = way_back(repository, application.name, f"rm {shlex.quote(application.path)}")
                yield Found(Place(application.path), fact, hint)


@rule(
    "ARG011",
    per=Per.FLEET,
    title="the overlay alone decides what is rendered",
    why="An override in the Application is seen by no review of the overlay, and makes Argo CD render one at a time.",
    fix="Put the change into the overlay's component or base/.",
    source=sources.LARGE,
)
def overlays_alone_decide_the_render(repository: Repository) -> Iterator[Found]:
    """No Application overrides what its overlay says: not in the template, not by a file beside the overlay."""
    for appset in sets_of(repository):
        where: tuple[str | int, ...] = ("spec", "template", "spec")
        if "sources" in appset.application:
            yield appset.found((*where, "sources"), "the Application has several sources", GENERATE)
        for tool in ("kustomize", "helm", "directory", "plugin"):
            if tool in mapping(appset.application.get("source")):
                fact = f"source.{tool} overrides the overlay"
                yield appset.found((*where, "source", tool), fact, "put it into the overlay or base/")
        patch = str(appset.spec.get("templatePatch", ""))
        if re.search(r"\b(?:source|sources)\b", patch):
            yield appset.found(("spec", "templatePatch"), "templatePatch changes the source", GENERATE)
    for file in sorted(repository.files):
        if file.rpartition("/")[2].startswith(".argocd-source"):
            yield Found(Place(file), "Argo CD reads overrides of the source from this file", "remove it")


@rule(
    "ARG017",
    per=Per.FLEET,
    severity=Severity.WARNING,
    title="an Application does not replace, force or skip validation",
    why="Recreated objects lose their pods and addresses; an empty render would remove everything.",
    fix="Run `tenantry generate`.",
    source=sources.SYNC_OPTIONS,
)
def syncing_is_gentle(repository: Repository) -> Iterator[Found]:
    """No Application recreates objects, skips validation, or prunes everything when the render is empty."""
    for appset in sets_of(repository):
        policy = mapping(appset.application.get("syncPolicy"))
        where = ("spec", "template", "spec", "syncPolicy")
        for option in sequence(policy.get("syncOptions")):
            if option in FORCEFUL:
                yield appset.found((*where, "syncOptions"), f"syncOptions holds {option}", "remove it")
        if mapping(policy.get("automated")).get("allowEmpty"):
            fact = "allowEmpty is true: an empty render would remove everything"
            yield appset.found((*where, "automated", "allowEmpty"), fact, "write false")


@rule(
    "ARG020",
    per=Per.FLEET,
    title="with RollingSync nothing waits for ever",
    why="An Application in no step never syncs; a confirmed prune is asked for again at each step.",
    fix="Use rings: they keep autosync and self-heal.",
    source=sources.PROGRESSIVE,
)
def a_rolling_sync_ends(repository: Repository) -> Iterator[Found]:
    """With RollingSync every Application is in exactly one step, and nothing waits for a confirmed prune."""
    for appset in sets_of(repository):
        strategy = mapping(appset.spec.get("strategy"))
        if strategy.get("type") != "RollingSync":
            continue
        where = ("spec", "strategy")
        if any("Prune=confirm" in text for text in _annotations(repository, appset)):
            fact = "RollingSync together with Prune=confirm syncs for ever"
            yield appset.found(where, fact, "use Prune=false")
        steps = list(mappings(mapping(strategy.get("rollingSync")).get("steps")))
        taken: defaultdict[str, list[int]] = defaultdict(list)
        for index, step in enumerate(steps):
            members = [app for app in appset.expansion.applications if _in_step(step, app.manifest["metadata"])]
            for application in members:
                taken[application.name].append(index)
            if not members and appset.expansion.applications:
                fact = f"step {index} of RollingSync matches no Application"
                yield appset.found(where, fact).as_warning()
        for application in appset.expansion.applications:
            count = len(taken[application.name])
            if count != 1:
                fact = f"{application.name} is in {count} steps of RollingSync" if count else ""
                fact = fact or f"{application.name} is in no step of RollingSync, so it never syncs"
                yield appset.found(where, fact).as_warning()


def _annotations(repository: Repository, appset: _Set) -> Iterator[str]:
    yield from map(str, sequence(mapping(appset.application.get("syncPolicy")).get("syncOptions")))
    names = {application.name for application in appset.expansion.applications}
    alike = [item for item in repository.representatives if any(tenant.name in names for tenant in item.members)]
    alone = [rendered for rendered in repository.rendered if rendered.tenant.name in names]
    for rendered in (*alone, *(item.subject for item in alike)):
        for item in rendered.objects:
            yield from options(item)


def _in_step(step: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    """Say whether a step's expressions match an Application's labels: an absent label is not in, and is not `In`."""
    labels = metadata.get("labels", {})
    matches = {
        "In": lambda value, values: value in values,
        "NotIn": lambda value, values: value not in values,
    }
    return all(
        matches.get(str(expression.get("operator")), lambda *_: False)(
            labels.get(expression.get("key")), sequence(expression.get("values"))
        )
        for expression in mappings(step.get("matchExpressions"))
    )


@rule(
    "ARG022",
    per=Per.FLEET,
    title="a destination is a name or an address, not both",
    why="Argo CD refuses an Application with both.",
    fix="Run `tenantry generate`.",
    source=sources.PROJECTS,
)
def destinations_are_named_once(repository: Repository) -> Iterator[Found]:
    """A destination is a cluster's name or its address, never both."""
    for appset in sets_of(repository):
        if {"name", "server"} <= mapping(appset.application.get("destination")).keys():
            fact = "destination has a name and a server: Argo CD refuses the Application"
            yield appset.found(("spec", "template", "spec", "destination"), fact, "keep the name")


_ETCD: Final = 3 * 512 * 1024
_SIZE_PART: Final = 0.6
_MANY: Final = 2000


@rule(
    "ARG023",
    per=Per.FLEET,
    severity=Severity.WARNING,
    title="an ApplicationSet stays well below the size of an object",
    why="etcd accepts 1.5 MiB for one object, the set's status included.",
    fix="Raise argocd.shards in platform.yaml.",
    source="etcd takes at most 1.5 MiB for one object: https://etcd.io/docs/v3.5/dev-guide/limit/",
)
def sets_stay_small(repository: Repository) -> Iterator[Found]:
    """A set with its status fits well into what etcd accepts for one object."""
    shards = repository.fleet.platform.argocd.shards
    others: defaultdict[str, list[str]] = defaultdict(list)
    for name in repository.fleet.others:
        others[layout.application_set(layout.shard_of(name, shards))].append(name)
    for appset in sets_of(repository):
        made = [application.name for application in appset.expansion.applications]
        names = made + others[appset.document.file] if not appset.expansion.frozen else made
        size = stored_size(appset.document.data, names)
        if size > _ETCD * _SIZE_PART or len(names) > _MANY:
            fact = f"the set makes {len(names)} Applications and takes about {size} of the {_ETCD} bytes of an object"
            yield appset.found((), fact, "raise argocd.shards in platform.yaml")


@rule(
    "ARG024",
    per=Per.FLEET,
    severity=Severity.WARNING,
    title="an Application retries",
    why="Argo CD never tries the same commit twice by itself, so a race leaves a tenant unsynced until the next one.",
    fix="Run `tenantry generate`.",
    source=sources.AUTO_SYNC,
)
def syncing_is_tried_again(repository: Repository) -> Iterator[Found]:
    """Applications retry: Argo CD never tries the same commit a second time by itself."""
    for appset in sets_of(repository):
        policy = mapping(appset.application.get("syncPolicy"))
        if not mapping(policy.get("retry")).get("limit"):
            fact = "syncPolicy.retry is missing: what fails once stays failed until the next commit"
            yield appset.found(("spec", "template", "spec", "syncPolicy"), fact, GENERATE)


@rule(
    "ARG025",
    per=Per.FLEET,
    title="the Namespace comes from the render alone",
    why="One that Argo CD makes has no Pod Security labels, and nobody sees it in a review.",
    fix="Run `tenantry generate`.",
    source=sources.SYNC_OPTIONS,
)
def namespaces_come_from_the_render(repository: Repository) -> Iterator[Found]:
    """Argo CD makes no Namespace of its own: it would be without guards, and never be removed."""
    for appset in sets_of(repository):
        policy = mapping(appset.application.get("syncPolicy"))
        where = ("spec", "template", "spec", "syncPolicy")
        if "CreateNamespace=true" in sequence(policy.get("syncOptions")):
            yield appset.found((*where, "syncOptions"), "syncOptions holds CreateNamespace=true", "remove it")
        if "managedNamespaceMetadata" in policy:
            fact = "managedNamespaceMetadata is set beside the rendered Namespace"
            yield appset.found((*where, "managedNamespaceMetadata"), fact, "label it in base/")
