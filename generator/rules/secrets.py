"""SEC: nothing secret stands in git, and secrets come from the company's own path."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from generator import layout
from generator.findings.finding import Found, Place
from generator.findings.rule import Firm
from generator.kube.lenient import Object, mapping, mappings, spec_of
from generator.kube.pods import pod_spec
from generator.kube.printed import once_an_object
from generator.reading.yaml_reader import walk_strings
from generator.render.classes import Member, emptied
from generator.render.rendered import Rendered, Repository
from generator.rules.literals import in_lines, secret_like
from generator.rules.rule import Per, rule


@rule(
    "SEC011",
    per=Per.SIZES,
    title="nothing secret stands in git",
    why="What was committed once is known for ever.",
    fix="Take it from an ExternalSecret, and change the secret.",
    source="https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
)
def nothing_secret_is_rendered(rendered: Rendered) -> Iterator[Found]:
    """No Secret is rendered, and no text looks like one; a company's own name, such as `token`, is none."""
    member = Member(tenant=rendered.tenant.name, hosts=rendered.tenant.hosts)
    for obj in rendered.objects:
        if obj["kind"] == "Secret":
            yield rendered.found(obj, "a Secret stands in git", "take it from an ExternalSecret")
            continue
        for where, fact in _secrets(obj, member):
            yield rendered.found(obj, f"{where} looks like {fact}", "take it from an ExternalSecret")


@nothing_secret_is_rendered.also(Per.FLEET)
def nothing_secret_is_committed(repository: Repository) -> Iterator[Found]:
    """No line of what git holds of companies and of what they are made of looks like a secret, comments included.

    The files of two tenants have most in common but for the name, so each such text, and each such line, is looked at
    once.
    """
    texts: dict[bytes, tuple[tuple[int, str], ...]] = {}
    lines: dict[str, tuple[str, tuple[str, str]]] = {}
    for file, text in _texts(repository):
        same = text.replace(_tenant_of(file), "NAME")
        digest = hashlib.sha256(same.encode()).digest()
        if (found := texts.get(digest)) is None:
            found = texts[digest] = tuple(in_lines(same, lines))
        for number, what in found:
            hint = "take it out, and change it: it is known from now on"
            yield Found(Place(file, number), f"this looks like {what}", hint)


def _texts(repository: Repository) -> Iterator[tuple[str, str]]:
    platform = repository.fleet.platform.document
    yield platform.file, platform.text
    yield from ((tenant.document.file, tenant.document.text) for tenant in repository.fleet.tenants)
    yield from repository.base.items()
    yield from repository.files.items()


def _tenant_of(file: str) -> str:
    folder, _, rest = file.partition("/")
    if folder in (layout.BASE, layout.PLATFORM):
        return "\0"  # no company's
    return rest.partition("/")[0] if folder == layout.OVERLAYS else layout.stem(file)


def _secrets(obj: Object, member: Member) -> Iterator[tuple[str, str]]:
    """Yield where a secret-like text stands in an object, and what it looks like; a company's own name is none."""
    for where, what, text, name in _suspected(obj):
        if secret_like(emptied(text, member), name):
            yield where, what


@once_an_object
def _suspected(obj: Object) -> tuple[tuple[str, str, str, str], ...]:
    """Return each text that looks like a secret: where it stands, what it looks like, itself, and what it is called."""
    return tuple(_suspects(obj))


def _suspects(obj: Object) -> Iterator[tuple[str, str, str, str]]:
    for path, text in walk_strings(obj):
        name = str(path[-1])
        if isinstance(path[-1], int) and path[-1]:
            # the word behind an argument is named by it
            name = _before(obj, path)
        if name == "value":
            # an environment variable's value is named beside it
            holder: Any = obj
            for step in path[:-1]:
                holder = holder[step]
            name = str(holder.get("name", name))
        if what := secret_like(text, name):
            yield _dotted(path), what, text, name


def _before(obj: Object, path: Sequence[str | int]) -> str:
    """Return the argument that stands before an entry of a list, where it takes the entry as its value."""
    holder: Any = obj
    for step in path[:-1]:
        holder = holder[step]
    before = holder[int(path[-1]) - 1]
    return before if isinstance(before, str) and before.startswith("-") and "=" not in before else ""


def _dotted(path: Sequence[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


_ESO: Final = "external-secrets.io/v1"
_VAULT_NAMESPACE: Final = ("vault", "namespace")
"""Vault calls its own partitions so; it is none of Kubernetes'."""


@rule(
    "SEC012",
    per=Per.TENANT,
    title="secrets come from the company's own path, asked for as the company",
    why="A shared store lets any ExternalSecret read any company's keys.",
    fix="Use the namespace's SecretStore and keys below tenants/NAME/.",
    source="https://external-secrets.io/latest/guides/multi-tenancy/",
    firm=Firm.NEIGHBOURS,
)
def secrets_come_from_the_tenants_own_path(rendered: Rendered) -> Iterator[Found]:
    """An ExternalSecret reads below `tenants/NAME/` through a store of this namespace, which asks as this namespace."""
    stores = {store["metadata"]["name"] for store in rendered.of_kind("SecretStore")}
    prefix = f"tenants/{rendered.tenant.name}/"
    for obj in rendered.of_kind("ExternalSecret", "SecretStore"):
        if obj.get("apiVersion") != _ESO:
            yield rendered.found(obj, f"apiVersion is {obj.get('apiVersion')}", f"write {_ESO}")
    for obj in rendered.of_kind("ClusterSecretStore", "ClusterExternalSecret", "PushSecret"):
        yield rendered.found(obj, f"a {obj['kind']} reaches beyond the namespace")
    for external_secret in rendered.of_kind("ExternalSecret"):
        for where, reference in _store_references(spec_of(external_secret)):
            if reference.get("kind", "SecretStore") != "SecretStore" or str(reference.get("name")) not in stores:
                said = f"{reference.get('kind', 'SecretStore')} {reference.get('name')}"
                yield rendered.found(external_secret, f"{where} is {said}, no store of this namespace")
        for where, key in _keys(spec_of(external_secret)):
            if not str(key).startswith(prefix) or ".." in str(key).split("/"):
                yield rendered.found(external_secret, f"{where} is {key or 'not set'}, not below {prefix}")
    asking = set()
    for store in rendered.of_kind("SecretStore"):
        for path, text in walk_strings(spec_of(store)):
            if path[-2:] == ("serviceAccountRef", "name"):
                asking.add(text)
            if path[-1] == "namespace" and path[-2:] != _VAULT_NAMESPACE and text != rendered.tenant.name:
                yield rendered.found(store, f"spec.{_dotted(path)} asks with an identity of {text}")
    for obj in rendered.workloads:
        account = mapping(pod_spec(obj)).get("serviceAccountName")
        if account in asking:
            fact = f"its pods run as {account}, as which the company's keys are asked for"
            yield rendered.found(obj, fact, "give them an account of their own")


def _store_references(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "spec.secretStoreRef", mapping(spec.get("secretStoreRef"))
    for section in ("data", "dataFrom"):
        for index, item in enumerate(mappings(spec.get(section))):
            source = mapping(item.get("sourceRef"))
            if "storeRef" in source:
                yield f"spec.{section}[{index}].sourceRef.storeRef", mapping(source["storeRef"])


def _keys(spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for index, item in enumerate(mappings(spec.get("data"))):
        yield f"spec.data[{index}].remoteRef.key", mapping(item.get("remoteRef")).get("key")
    for index, item in enumerate(mappings(spec.get("dataFrom"))):
        if "extract" in item:
            yield f"spec.dataFrom[{index}].extract.key", mapping(item["extract"]).get("key")
        if "find" in item:
            yield f"spec.dataFrom[{index}].find.path", mapping(item["find"]).get("path")
