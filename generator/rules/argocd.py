"""ARG: Argo CD gets exactly one Application for each company, which can neither leave its namespace nor lose its data.

Rules read the committed files, which a person may have edited, and what the offline expander makes of them. A finding
about a template is told once, at the template, not for each Application that it makes.
"""

import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

from generator import layout
from generator.applicationset import RESERVED_KEYS, Effect, Expansion, expand_all, stored_size
from generator.findings.catalog import finding
from generator.findings.finding import Finding, Place, Severity
from generator.fleet.model import Fleet
from generator.generate.argocd import ENTRY_KEYS, FINALIZER, TENANT_KINDS, TENANT_ROLES
from generator.kube.lenient import mapping, mappings, sequence, string
from generator.kube.pods import pod_spec
from generator.proofs import escape
from generator.reading.yamlio import Document, read
from generator.render.rendered import Object, Rendered, Repository
from generator.rules.registry import class_rule, repository_rule, tenant_rule

_GENERATE: Final = "run `tenantry generate`"
_SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
_SYNC_WAVE: Final = "argocd.argoproj.io/sync-wave"
_GENERATE_PATHS: Final = "argocd.argoproj.io/manifest-generate-paths"
_GUARD: Final = ("Prune=false", "Delete=false")


def _options(one: Mapping[str, Any]) -> frozenset[str]:
    """Return the sync options that an object's annotation holds."""
    text = mapping(mapping(one.get("metadata")).get("annotations")).get(_SYNC_OPTIONS, "")
    return frozenset(option.strip() for option in str(text).split(","))


# --- sets


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

    def found(self, rule: str, path: tuple[str | int, ...], fact: str, hint: str = "") -> Finding:
        """Make a finding at a place in the set's file."""
        metadata = mapping(self.document.data.get("metadata"))
        name = f"ApplicationSet/{metadata.get('namespace')}/{metadata.get('name')}"
        return finding(rule, self.document.place(path), fact, hint, name)


@lru_cache(maxsize=1)
def _read_sets(repository: Repository) -> tuple[tuple[_Set, ...], tuple[Finding, ...]]:
    """Read and expand the ApplicationSets of the shards; what cannot be read is a finding."""
    documents = []
    findings: list[Finding] = []
    for number in range(repository.fleet.platform.argocd.shards):
        file = layout.application_set(layout.shard_name(number))
        if file not in repository.files:
            findings.append(finding("ARG001", Place(file), "this file is missing", _GENERATE))
            continue
        document, found = read(file, repository.files[file].encode())
        findings.extend(found)
        if document is not None and mapping(document.data).get("kind") == "ApplicationSet":
            documents.append(document)
        elif document is not None:
            findings.append(finding("ARG001", document.place(), "this is no ApplicationSet", _GENERATE))
    expansions = expand_all([_without_strategy(one.data) for one in documents], repository.files)
    return tuple(map(_Set, documents, expansions)), tuple(findings)


def _without_strategy(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out how Applications are rolled out: which ones there are does not depend on it."""
    spec = {key: value for key, value in mapping(manifest.get("spec")).items() if key != "strategy"}
    return {**manifest, "spec": spec}


def _sets(repository: Repository) -> tuple[_Set, ...]:
    return _read_sets(repository)[0]


@repository_rule("ARG001")
def templates_refuse_missing_keys(repository: Repository) -> Iterator[Finding]:
    """Every shard has its ApplicationSet, a Go template that fails on a key that an entry lacks."""
    sets, unreadable = _read_sets(repository)
    yield from unreadable
    for one in sets:
        if one.spec.get("goTemplate") is not True:
            yield one.found("ARG001", ("spec", "goTemplate"), "goTemplate is not true", _GENERATE)
        if one.spec.get("goTemplateOptions") != ["missingkey=error"]:
            fact = "goTemplateOptions is not missingkey=error alone"
            yield one.found("ARG001", ("spec", "goTemplateOptions"), fact, _GENERATE)


@repository_rule("ARG002")
def every_entry_renders(repository: Repository) -> Iterator[Finding]:
    """The set renders with every entry; one entry that fails freezes all Applications of the set."""
    for one in _sets(repository):
        for problem in one.expansion.problems:
            if problem.effect in (Effect.FREEZES, Effect.UNDECIDED):
                place = Place(problem.path) if problem.path else one.document.place(("spec",))
                yield finding("ARG002", place, f"{problem.message}: {problem.effect.value}", _GENERATE)


@repository_rule("ARG003")
def every_application_is_made_once(repository: Repository) -> Iterator[Finding]:
    """No two entries make the same Application, in one set or in two."""
    for one in _sets(repository):
        for problem in one.expansion.problems:
            if problem.effect in (Effect.SKIPPED, Effect.CONTESTED):
                place = Place(problem.path) if problem.path else one.document.place()
                yield finding("ARG003", place, f"{problem.message}: {problem.effect.value}", _GENERATE)


@repository_rule("ARG005")
def entries_leave_the_generators_keys_alone(repository: Repository) -> Iterator[Finding]:
    """No entry has a key that the git generator writes itself."""
    for one in _sets(repository):
        for problem in one.expansion.problems:
            if problem.effect is Effect.RESERVED and problem.path:
                yield finding("ARG005", Place(problem.path), problem.message, _GENERATE)


@repository_rule("ARG007")
def a_vanished_entry_takes_nothing_along(repository: Repository) -> Iterator[Finding]:
    """Objects outlive their Application, Applications their set, and the set stays when its file goes."""
    for one in _sets(repository):
        policy = mapping(one.spec.get("syncPolicy"))
        if policy.get("preserveResourcesOnDeletion") is not True:
            where = ("spec", "syncPolicy", "preserveResourcesOnDeletion")
            fact = "preserveResourcesOnDeletion is not true: an entry that vanishes takes the company's data along"
            yield one.found("ARG007", where, fact, _GENERATE)
        changes = policy.get("applicationsSync", "sync")
        if changes not in ("sync", "create-update"):
            fact = f"applicationsSync is {changes}: changes of an entry would not arrive"
            yield one.found("ARG007", ("spec", "syncPolicy", "applicationsSync"), fact, _GENERATE)
        if FINALIZER not in sequence(mapping(one.document.data.get("metadata")).get("finalizers")):
            fact = f"the set lacks the finalizer {FINALIZER}: deleting it would delete its Applications"
            yield one.found("ARG007", ("metadata",), fact, _GENERATE)
        missing = [option for option in _GUARD if option not in _options(one.document.data)]
        if missing:
            fact = f"the set's {_SYNC_OPTIONS} lacks {' and '.join(missing)}"
            yield one.found("ARG007", ("metadata", "annotations"), fact, _GENERATE)


@repository_rule("ARG008")
def only_a_purge_cascades(repository: Repository) -> Iterator[Finding]:
    """No Application carries the cascade finalizer: no company is being purged."""
    for one in _sets(repository):
        if mapping(mapping(one.spec.get("template")).get("metadata")).get("finalizers"):
            where = ("spec", "template", "metadata", "finalizers")
            fact = "every Application gets a finalizer: deleting one would delete the company's data"
            yield one.found("ARG008", where, fact, _GENERATE)
            continue
        for application in one.expansion.applications:
            if FINALIZER in application.manifest["metadata"].get("finalizers", ()):
                fact = f"the Application {application.name} would take its objects along, and is not being purged"
                known = any(tenant.name == application.name for tenant in repository.fleet.tenants)
                hint = "the tenant file decides: " + _GENERATE
                if not known:
                    hint = _way(repository, application.name, f"rm {shlex.quote(application.path)}")
                yield finding("ARG008", Place(application.path), fact, hint)


@repository_rule("ARG011")
def overlays_alone_decide_the_render(repository: Repository) -> Iterator[Finding]:
    """No Application overrides what its overlay says: not in the template, not by a file beside the overlay."""
    for one in _sets(repository):
        where: tuple[str | int, ...] = ("spec", "template", "spec")
        if "sources" in one.application:
            yield one.found("ARG011", (*where, "sources"), "the Application has several sources", _GENERATE)
        for tool in ("kustomize", "helm", "directory", "plugin"):
            if tool in mapping(one.application.get("source")):
                fact = f"source.{tool} overrides the overlay"
                yield one.found("ARG011", (*where, "source", tool), fact, "put it into the overlay or base/")
        patch = str(one.spec.get("templatePatch", ""))
        if re.search(r"\b(?:source|sources)\b", patch):
            yield one.found("ARG011", ("spec", "templatePatch"), "templatePatch changes the source", _GENERATE)
    for file in sorted(repository.files):
        if PurePosixPath(file).name.startswith(".argocd-source"):
            yield finding("ARG011", Place(file), "Argo CD reads overrides of the source from this file", "remove it")


@repository_rule("ARG012")
def applications_lead_to_their_overlay(repository: Repository) -> Iterator[Finding]:
    """Each Application follows its tenant's overlay in this repository, by the full ref, and knows when to look."""
    platform = repository.fleet.platform
    paths = {one.tenant.name: str(one.entry.data.get("generatePaths", "")) for one in repository.rendered}

    def differences(name: str, manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        source = manifest["spec"].get("source", {})
        expected = (platform.repo_url, platform.revision, layout.overlay(name))
        for key, wanted in zip(("repoURL", "targetRevision", "path"), expected, strict=True):
            yield f"source.{key}", source.get(key, ""), wanted
        if name in paths:
            annotation = manifest["metadata"].get("annotations", {}).get(_GENERATE_PATHS, "")
            yield f"the annotation {_GENERATE_PATHS}", annotation, paths[name]

    yield from _deviations(repository, "ARG012", differences)


@repository_rule("ARG016")
def applications_stay_with_their_tenant(repository: Repository) -> Iterator[Finding]:
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

    yield from _deviations(repository, "ARG016", differences)
    for one in repository.rendered:
        metadata = mapping(one.project.data.get("metadata"))
        expected = {"name": one.tenant.name, "namespace": platform.argocd.namespace}
        for key, wanted in expected.items():
            if metadata.get(key) != wanted:
                fact = f"the project's {key} is {metadata.get(key)}, not {wanted}"
                yield finding("ARG016", one.project.place(("metadata", key)), fact, _GENERATE)


_Differences = Callable[[str, Mapping[str, Any]], Iterator[tuple[str, str, str]]]


def _deviations(repository: Repository, rule: str, differences: _Differences) -> Iterator[Finding]:
    """Tell where Applications are not as they should be: at the entry if it is one's fault, else at the template.

    Args:
        repository: All that is committed.
        rule: Whose findings.
        differences: From an entry's name and its Application: what was compared, what it is, what it should be.
    """
    for one in _sets(repository):
        found: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
        for application in one.expansion.applications:
            name = PurePosixPath(application.path).stem
            for what, is_, should in differences(name, application.manifest):
                if is_ != should:
                    found[what].append((application.path, is_ or "not set", should))
        everywhere = len(one.expansion.applications)
        for what, cases in found.items():
            if 1 < len(cases) == everywhere:
                _, is_, should = cases[0]
                fact = f"{what} is {is_}, not {should}, and so for all {everywhere} Applications of the set"
                yield one.found(rule, ("spec", "template"), fact, _GENERATE)
                continue
            for path, is_, should in cases:
                yield finding(rule, Place(path), f"{what} is {is_}, not {should}", _GENERATE)


_FORCEFUL: Final = ("Replace=true", "Force=true", "Validate=false")


@repository_rule("ARG017")
def syncing_is_gentle(repository: Repository) -> Iterator[Finding]:
    """No Application recreates objects, skips validation, or prunes everything when the render is empty."""
    for one in _sets(repository):
        policy = mapping(one.application.get("syncPolicy"))
        where = ("spec", "template", "spec", "syncPolicy")
        for option in sequence(policy.get("syncOptions")):
            if option in _FORCEFUL:
                yield one.found("ARG017", (*where, "syncOptions"), f"syncOptions holds {option}", "remove it")
        if mapping(policy.get("automated")).get("allowEmpty"):
            fact = "allowEmpty is true: an empty render would remove everything"
            yield one.found("ARG017", (*where, "automated", "allowEmpty"), fact, "write false")


@repository_rule("ARG020")
def a_rolling_sync_ends(repository: Repository) -> Iterator[Finding]:
    """With RollingSync every Application is in exactly one step, and nothing waits for a confirmed prune."""
    for one in _sets(repository):
        strategy = mapping(one.spec.get("strategy"))
        if strategy.get("type") != "RollingSync":
            continue
        where = ("spec", "strategy")
        if any("Prune=confirm" in text for text in _annotations(repository, one)):
            fact = "RollingSync together with Prune=confirm syncs for ever"
            yield one.found("ARG020", where, fact, "use Prune=false")
        steps = list(mappings(mapping(strategy.get("rollingSync")).get("steps")))
        taken: defaultdict[str, list[int]] = defaultdict(list)
        for index, step in enumerate(steps):
            members = [app for app in one.expansion.applications if _in_step(step, app.manifest["metadata"])]
            for application in members:
                taken[application.name].append(index)
            if not members and one.expansion.applications:
                fact = f"step {index} of RollingSync matches no Application"
                yield one.found("ARG020", where, fact).with_severity(Severity.WARNING)
        for application in one.expansion.applications:
            count = len(taken[application.name])
            if count != 1:
                fact = f"{application.name} is in {count} steps of RollingSync" if count else ""
                fact = fact or f"{application.name} is in no step of RollingSync, so it never syncs"
                yield one.found("ARG020", where, fact).with_severity(Severity.WARNING)


def _annotations(repository: Repository, one: _Set) -> Iterator[str]:
    yield from map(str, sequence(mapping(one.application.get("syncPolicy")).get("syncOptions")))
    names = {application.name for application in one.expansion.applications}
    for rendered in repository.rendered:
        if rendered.tenant.name in names:
            for item in rendered.objects:
                yield from _options(item)


def _in_step(step: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    """Say whether a step's expressions match an Application's labels: an absent label is not in, and is not `In`."""
    labels = metadata.get("labels", {})
    matches = {
        "In": lambda value, values: value in values,
        "NotIn": lambda value, values: value not in values,
    }
    return all(
        matches.get(str(one.get("operator")), lambda *_: False)(labels.get(one.get("key")), sequence(one.get("values")))
        for one in mappings(step.get("matchExpressions"))
    )


@repository_rule("ARG022")
def destinations_are_named_once(repository: Repository) -> Iterator[Finding]:
    """A destination is a cluster's name or its address, never both."""
    for one in _sets(repository):
        if {"name", "server"} <= mapping(one.application.get("destination")).keys():
            fact = "destination has a name and a server: Argo CD refuses the Application"
            yield one.found("ARG022", ("spec", "template", "spec", "destination"), fact, "keep the name")


_ETCD: Final = 3 * 512 * 1024
_SIZE_PART: Final = 0.6
_MANY: Final = 2000


@repository_rule("ARG023")
def sets_stay_small(repository: Repository) -> Iterator[Finding]:
    """A set with its status fits well into what etcd accepts for one object."""
    for one in _sets(repository):
        names = [application.name for application in one.expansion.applications]
        size = stored_size(one.document.data, names)
        if size > _ETCD * _SIZE_PART or len(names) > _MANY:
            fact = f"the set makes {len(names)} Applications and takes about {size} of the {_ETCD} bytes of an object"
            yield one.found("ARG023", (), fact, "raise argocd.shards in platform.yaml")


@repository_rule("ARG024")
def syncing_is_tried_again(repository: Repository) -> Iterator[Finding]:
    """Applications retry: Argo CD never tries the same commit a second time by itself."""
    for one in _sets(repository):
        policy = mapping(one.application.get("syncPolicy"))
        if not mapping(policy.get("retry")).get("limit"):
            fact = "syncPolicy.retry is missing: what fails once stays failed until the next commit"
            yield one.found("ARG024", ("spec", "template", "spec", "syncPolicy"), fact, _GENERATE)


@repository_rule("ARG025")
def namespaces_come_from_the_render(repository: Repository) -> Iterator[Finding]:
    """Argo CD makes no Namespace of its own: it would be without guards, and never be removed."""
    for one in _sets(repository):
        policy = mapping(one.application.get("syncPolicy"))
        where = ("spec", "template", "spec", "syncPolicy")
        if "CreateNamespace=true" in sequence(policy.get("syncOptions")):
            yield one.found("ARG025", (*where, "syncOptions"), "syncOptions holds CreateNamespace=true", "remove it")
        if "managedNamespaceMetadata" in policy:
            fact = "managedNamespaceMetadata is set beside the rendered Namespace"
            yield one.found("ARG025", (*where, "managedNamespaceMetadata"), fact, "label it in base/")


# --- files


@repository_rule("ARG004")
def argocd_holds_what_tenants_have(repository: Repository) -> Iterator[Finding]:
    """Shards, apps and overlays hold the files of the tenants, and nothing that Argo CD would take for more."""
    expected = _expected(repository.fleet) | _kept(repository)
    names = {tenant.name for tenant in repository.fleet.tenants}
    for file in sorted(repository.files):
        if file in expected or PurePosixPath(file).name.startswith(".argocd-source"):
            continue
        owner = layout.tenant_of(file)
        if owner in repository.lost or (owner in names and _TENANT_FILE.fullmatch(file)):
            continue  # a lost company is named elsewhere; a file in the wrong shard is ARG027's
        fact = _foreign(file, owner, names)
        if fact:
            yield finding("ARG004", Place(file), fact, _way(repository, owner, f"rm {shlex.quote(file)}"))
    entries = {file for file in repository.files if _TENANT_FILE.fullmatch(file)}
    for tenant in repository.fleet.tenants:
        shard = layout.shard_of(tenant.name, repository.fleet.platform.argocd.shards)
        entry, overlay = layout.entry(tenant.name, shard), layout.kustomization(tenant.name)
        if (entry in entries) != (overlay in repository.files):
            has, lacks = ("an entry", "overlay") if entry in entries else ("an overlay", "entry")
            yield finding("ARG004", tenant.document.place(), f"{tenant.name} has {has} and no {lacks}", _GENERATE)


_TENANT_FILE: Final = re.compile(rf"{layout.SHARDS}/s[0-9]+/(?:tenants|projects)/([^/]+)\.yaml")


def _expected(fleet: Fleet) -> frozenset[str]:
    shards = [layout.shard_name(number) for number in range(fleet.platform.argocd.shards)]
    shared = [path for one in shards for path in (layout.application_set(one), layout.shard_application(one))]
    own: list[str] = []
    for tenant in fleet.tenants:
        name, shard = tenant.name, layout.shard_of(tenant.name, len(shards))
        own += [layout.entry(name, shard), layout.project(name, shard), layout.kustomization(name), layout.facts(name)]
    return frozenset((*shared, *own, layout.platform_application()))


def _kept(repository: Repository) -> frozenset[str]:
    """Return the files without which the shard of a lost company would go, and the company's Application with it."""
    lost = (file for file in repository.files if layout.tenant_of(file) in repository.lost)
    shards = {file.split("/")[2] for file in lost if file.startswith(f"{layout.SHARDS}/")}
    return frozenset(path for one in shards for path in (layout.application_set(one), layout.shard_application(one)))


def _foreign(file: str, owner: str | None, names: Collection[str]) -> str:
    """Say why a file does not belong where Argo CD looks; nothing where it does not look."""
    if file.startswith(f"{layout.OVERLAYS}/"):
        if owner in names:
            return f"this file is none of the two of {owner}'s overlay"
        return f"this overlay has no tenant: {file.split('/')[1]}"
    if file.startswith((f"{layout.SHARDS}/", f"{layout.APPS}/")):
        what = "ApplicationSets would read it" if "/tenants/" in file else "Argo CD would apply it"
        return f"this is no file of a tenant, and {what}"
    return ""


def _way(repository: Repository, owner: str | None, otherwise: str) -> str:
    """Return the one command that passes: a tenant file that was lost comes back; what is nobody's goes."""
    if owner is not None and owner in repository.ways:
        return f"put the tenant file back: {repository.ways[owner]}"
    return f"remove it: {otherwise}"


@repository_rule("ARG027")
def entries_are_in_their_shard(repository: Repository) -> Iterator[Finding]:
    """An entry and a project lie in the shard that the tenant's name hashes to."""
    shards = repository.fleet.platform.argocd.shards
    names = {tenant.name for tenant in repository.fleet.tenants}
    for file in sorted(repository.files):
        match = _TENANT_FILE.fullmatch(file)
        if match and match[1] in names:
            shard = layout.shard_of(match[1], shards)
            if not file.startswith(f"{layout.SHARDS}/{shard}/"):
                yield finding("ARG027", Place(file), f"{match[1]} belongs to shard {shard}", _GENERATE)


# --- entries


_AS_GENERATED: Final = re.compile(r'(?:#.*|[A-Za-z]+: "(?:[^"\\]|\\.)*")?')


@tenant_rule("ARG006")
def entries_are_flat_and_quoted(rendered: Rendered) -> Iterator[Finding]:
    """An entry maps the keys that the template reads to quoted strings, so that every YAML reader agrees."""
    document = rendered.entry
    for key in document.data:
        if key not in (*ENTRY_KEYS, *RESERVED_KEYS):
            yield finding("ARG006", document.place((key,)), f"no template reads the key {key}", "remove it")
    # Lines as generate writes them are quoted; only others need a closer look.
    if all(map(_AS_GENERATED.fullmatch, document.text.splitlines())):
        return
    node = yaml.compose(document.text, Loader=yaml.CSafeLoader)
    assert isinstance(node, yaml.MappingNode)
    for key, value in node.value:
        if not isinstance(value, yaml.ScalarNode) or value.style not in ("'", '"'):
            yield finding("ARG006", document.place((key.value,)), f"{key.value} is not a quoted string", _GENERATE)


@tenant_rule("ARG010")
def applications_know_what_they_are_rendered_from(rendered: Rendered) -> Iterator[Finding]:
    """`generatePaths` is exactly what building the overlay reads: less, and a change of base/ never arrives."""
    text = str(rendered.entry.data.get("generatePaths", ""))
    given = {path for path in text.split(";") if path}
    needed = {f"/{path}" for path in rendered.reads}
    parts = [
        f"{word} {', '.join(sorted(paths))}"
        for word, paths in (("lacks", needed - given), ("need not have", given - needed))
        if paths
    ]
    if parts:
        place = rendered.entry.place(("generatePaths",))
        yield finding("ARG010", place, f"generatePaths {' and '.join(parts)}", _GENERATE)


# --- objects


@tenant_rule("ARG009")
def data_is_guarded(rendered: Rendered) -> Iterator[Finding]:
    """Namespace, volumes and the project carry what keeps a sync or a deleted Application from removing them."""
    for one in rendered.of_kind("Namespace", "PersistentVolumeClaim"):
        missing = [option for option in _GUARD if option not in _options(one)]
        if missing:
            fact = f"{_SYNC_OPTIONS} lacks {' and '.join(missing)}"
            yield rendered.found("ARG009", one, fact, "write Prune=false,Delete=false")
    missing = [option for option in _GUARD if option not in _options(rendered.project.data)]
    if missing:
        fact = f"{_SYNC_OPTIONS} lacks {' and '.join(missing)}"
        yield _of_project(rendered, "ARG009", ("metadata", "annotations"), fact)


def _wave(one: Object) -> int:
    text = str(mapping(one["metadata"].get("annotations")).get(_SYNC_WAVE, "0"))
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else 0


@class_rule("ARG018")
def volumes_come_with_their_pods(rendered: Rendered) -> Iterator[Finding]:
    """A claim is in no earlier wave than the pods that mount it: it may wait for the first of them."""
    claims = {one["metadata"]["name"]: one for one in rendered.of_kind("PersistentVolumeClaim")}
    for one in rendered.objects:
        for volume in mappings((pod_spec(one) or {}).get("volumes")):
            claim = claims.get(string(mapping(volume.get("persistentVolumeClaim")).get("claimName")))
            if claim is not None and _wave(claim) < _wave(one):
                name = one["metadata"]["name"]
                fact = f"it is in wave {_wave(claim)}, and {one['kind']} {name}, which it may wait for, in {_wave(one)}"
                yield rendered.found("ARG018", claim, fact, "put both into one wave")


@class_rule("ARG019")
def what_waits_for_others_comes_last(rendered: Rendered) -> Iterator[Finding]:
    """Ingress and HPA become healthy by others' doing, so nothing waits for them."""
    last = max((_wave(one) for one in rendered.objects), default=0)
    for one in rendered.of_kind("Ingress", "HorizontalPodAutoscaler"):
        if _wave(one) < last:
            fact = f"it is in wave {_wave(one)}, and wave {last} waits until it is healthy"
            yield rendered.found("ARG019", one, fact, "put it into the last wave")


@class_rule("ARG021")
def the_autoscaler_owns_replicas(rendered: Rendered) -> Iterator[Finding]:
    """What an HPA scales has no `replicas` in git: Argo CD would set it back at each sync."""
    scaled = {
        (string(target.get("kind")), string(target.get("name")))
        for one in rendered.of_kind("HorizontalPodAutoscaler")
        for target in (mapping(mapping(one.get("spec")).get("scaleTargetRef")),)
    }
    for one in rendered.objects:
        if (one["kind"], one["metadata"]["name"]) in scaled and "replicas" in mapping(one.get("spec")):
            fact = f"replicas is {one['spec']['replicas']}, and a HorizontalPodAutoscaler owns it"
            yield rendered.found("ARG021", one, fact, "remove it")


_HOOKS: Final = ("argocd.argoproj.io/hook", "helm.sh/hook")
_COMPARE: Final = "argocd.argoproj.io/compare-options"


@class_rule("ARG028")
def objects_are_synced_plainly(rendered: Rendered) -> Iterator[Finding]:
    """No object asks Argo CD to recreate it, to skip its validation, to run it as a hook, or to look away."""
    for one in rendered.objects:
        annotations = mapping(one["metadata"].get("annotations"))
        for option in _FORCEFUL:
            if option in _options(one):
                yield rendered.found("ARG028", one, f"{_SYNC_OPTIONS} holds {option}", "remove it")
        for key in _HOOKS:
            if key in annotations:
                fact = f"{key} makes it a hook: Argo CD runs it beside the sync and does not keep it"
                yield rendered.found("ARG028", one, fact, "remove the annotation")
        if "IgnoreExtraneous" in str(annotations.get(_COMPARE, "")):
            yield rendered.found("ARG028", one, f"{_COMPARE} hides it when git drops it", "remove the annotation")


# --- projects


def _of_project(
    rendered: Rendered, rule: str, path: tuple[str | int, ...], fact: str, hint: str = _GENERATE
) -> Finding:
    name = f"AppProject/{rendered.platform.argocd.namespace}/{rendered.tenant.name}"
    return finding(rule, rendered.project.place(path), fact, hint, name)


_BORDERS: Final = ("sourceRepos", "destinations", "clusterResourceWhitelist")


@tenant_rule("ARG013")
def projects_border_on_one_namespace(rendered: Rendered) -> Iterator[Finding]:
    """A project allows one repository, one namespace of one cluster, and the Namespace of that name."""
    name, cluster = rendered.tenant.name, rendered.platform.cluster
    spec = mapping(rendered.project.data.get("spec"))
    expected: dict[str, list[Any]] = {
        "sourceRepos": [rendered.platform.repo_url],
        "destinations": [{"name": cluster.name, "server": cluster.server, "namespace": name}],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": name}],
    }
    for key, wanted in expected.items():
        given = spec.get(key)
        items = given if isinstance(given, list) else []
        for index, item in enumerate(items):
            if item not in wanted and not _is_wild(item):
                fact = f"{key}[{index}] is {_said(item)}, not {_said(wanted[0])}"
                yield _of_project(rendered, "ARG013", ("spec", key, index), fact)
        if not items:
            yield _of_project(rendered, "ARG013", ("spec", key), f"{key} lacks {_said(wanted[0])}")
    for key in ("sourceNamespaces", "destinationServiceAccounts"):
        if spec.get(key):
            yield _of_project(rendered, "ARG013", ("spec", key), f"{key} opens the project to others", "remove it")


@tenant_rule("ARG014")
def projects_name_what_they_allow(rendered: Rendered) -> Iterator[Finding]:
    """No list of a project holds a pattern, or a pattern's denial."""
    spec = mapping(rendered.project.data.get("spec"))
    for key in (*_BORDERS, "namespaceResourceWhitelist"):
        for index, item in enumerate(sequence(spec.get(key))):
            if _is_wild(item):
                fact = f"{key}[{index}] is {_said(item)}: a pattern lets in what nobody named"
                yield _of_project(rendered, "ARG014", ("spec", key, index), fact)


def _is_wild(item: Any) -> bool:
    values = item.values() if isinstance(item, Mapping) else (item,)
    return any(re.search(r"[*?\[]|^!", str(value)) for value in values)


def _said(item: Any) -> str:
    return " ".join(f"{key} {value!r}" for key, value in item.items()) if isinstance(item, Mapping) else repr(item)


@tenant_rule("ARG015")
def projects_allow_what_base_renders(rendered: Rendered) -> Iterator[Finding]:
    """A project lists the constant kinds, neither more nor fewer, and accepts every object of the render."""
    spec = mapping(rendered.project.data.get("spec"))
    listed = spec.get("namespaceResourceWhitelist")
    where: tuple[str | int, ...] = ("spec", "namespaceResourceWhitelist")
    if not isinstance(listed, list):
        fact = "namespaceResourceWhitelist is missing: without it every kind is allowed"
        yield _of_project(rendered, "ARG015", ("spec",), fact)
        return
    given = {(str(one.get("group", "")), str(one.get("kind", ""))) for one in mappings(listed) if not _is_wild(one)}
    for group, kind in sorted(given - set(TENANT_KINDS)):
        yield _of_project(rendered, "ARG015", where, f"it allows {_kind(group, kind)}, which base/ never renders")
    for group, kind in sorted(set(TENANT_KINDS) - given):
        yield _of_project(rendered, "ARG015", where, f"it lacks {_kind(group, kind)}, which could not be pruned")
    for key in ("namespaceResourceBlacklist", "clusterResourceBlacklist"):
        if spec.get(key):
            yield _of_project(rendered, "ARG015", ("spec", key), f"{key} forbids what the other lists allow")
    for one in rendered.objects:
        if not escape.accepts(rendered.project.data, rendered.platform.cluster, one):
            yield rendered.found("ARG015", one, "its tenant's AppProject does not accept it")


def _kind(group: str, kind: str) -> str:
    return f"{kind}.{group}" if group else kind


@tenant_rule("ARG026")
def project_roles_look_and_no_more(rendered: Rendered) -> Iterator[Finding]:
    """A project's roles are the constant ones, for groups of the company; only break-glass may open a shell."""
    name = rendered.tenant.name
    grants = dict(TENANT_ROLES)
    for index, role in enumerate(mappings(mapping(rendered.project.data.get("spec")).get("roles"))):
        called = str(role.get("name"))
        where: tuple[str | int, ...] = ("spec", "roles", index)
        allowed = {f"p, proj:{name}:{called}, {grant}, {name}/*, allow" for grant in grants.get(called, ())}
        for number, policy in enumerate(sequence(role.get("policies"))):
            if re.sub(r"\s*,\s*", ", ", str(policy).strip()) not in allowed:
                fact = f"role {called} has the policy {policy!r}, which is none of its own"
                yield _of_project(rendered, "ARG026", (*where, "policies", number), fact)
        for number, group in enumerate(sequence(role.get("groups"))):
            if group != f"{name}:{called}":
                fact = f"role {called} is given to the group {group}"
                yield _of_project(rendered, "ARG026", (*where, "groups", number), fact, f"give it to {name}:{called}")
        if role.get("jwtTokens"):
            yield _of_project(rendered, "ARG026", (*where, "jwtTokens"), f"role {called} has tokens of its own")
