"""Where a text means a tenant. Pure.

A company may be called `vault`, `files` or `example`, and such words stand all over `base/`: as the name of a volume,
of a container, in a sentence. They mean a company only in places that Kubernetes, Argo CD, External Secrets or tenantry
read as one: a namespace, a path or label of a tenant, a group `NAME:ROLE`, an identity in a secret store, the name of a
Service as the cluster's DNS knows it. These places are listed here, once; KUS008 looks for the names of other tenants
in them, and TEN004 refuses a new tenant whose name stands in one of them already.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator.kube.lenient import mapping
from generator.reading.schema import Path

TENANT_LABEL: Final = "tenantry.dev/tenant"
"""The label that says whose an object, a namespace or an Application is."""

NAME_LABEL: Final = "kubernetes.io/metadata.name"
"""The API server sets it on every namespace, and nobody can set it otherwise."""

NAMESPACE: Final = "the namespace of "
PATH: Final = "a path of "
GROUP: Final = "a group of "
IDENTITY: Final = "an identity of "
APPLICATION: Final = "an object of Argo CD of "
LABEL: Final = ""

_NAME: Final = r"([a-z](?:-?[a-z0-9])*+)(?![A-Za-z0-9_])"
"""A text of the form of a tenant's name, whole."""

TOKEN: Final = re.compile(r"[a-z0-9](?:-?[a-z0-9])*")
"""Texts that may be or hold a tenant's name: `find--company-001.files.example.com` holds `company-001`."""

HOST: Final = re.compile(r"(?<![A-Za-z0-9.-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a place where it means a tenant, or a namespace that would be its.

    Attributes:
        name: The name.
        path: The place in the object.
        what: What it is there: one of the phrases above.
    """

    name: str
    path: Path
    what: str

    def __str__(self) -> str:
        """Say where it stands and what it means there."""
        return f"{'.'.join(map(str, self.path))} names {self.what}the tenant {self.name}"


def mentions(value: Any) -> Iterator[Mention]:
    """Yield every name in a document that means a tenant where it stands.

    Args:
        value: A Kubernetes object, or anything else that was read from YAML.
    """
    head = mapping(value)
    kind, name = head.get("kind"), mapping(head.get("metadata")).get("name")
    if isinstance(name, str) and kind in _OWN_NAMES:
        yield Mention(name, ("metadata", "name"), _OWN_NAMES[kind])
    for path, key, text in _texts(value):
        for what, found in _meant(str(kind), path, key, text):
            yield Mention(found, path, what)


def in_text(text: str) -> Iterator[tuple[str, str]]:
    """Yield what each name in a text means and the name, where the text itself says so."""
    for pattern, what in _IN_TEXT:
        yield from ((what, match[1]) for match in pattern.finditer(text))
    for match in HOST.finditer(text):
        if found := _namespace_of(match[0], text[: match.start()], text[match.end() :]):
            yield NAMESPACE, found


def hosts_in(text: str) -> Iterator[str]:
    """Yield every DNS name of at least two labels."""
    return (match[0] for match in HOST.finditer(text))


# --- what a place means

_OWN_NAMES: Final[Mapping[Any, str]] = {"Namespace": NAMESPACE, "AppProject": APPLICATION, "Application": APPLICATION}
"""Kinds of which a tenant has the one that bears its name."""

_KEY_OF_A_TENANT: Final = re.compile(
    r"(?:^|[^a-z])(?:(?:tenant|company|customer|organi[sz]ation)(?:[-_]?(?:id|name))?|org[-_]?id)$"
)
_KEY_OF_A_NAMESPACE: Final = re.compile(r"(?:^|[^a-z])namespaces?(?:[-_]?name)?$")
_KEYS_OF_A_STORE: Final = frozenset({"role", "path", "prefix", "mountPath", "projectID", "additionalRoles"})
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SEVERAL: Final = re.compile(r"[\s,;]+")


def _meant(kind: str, path: Path, key: str, text: str) -> Iterator[tuple[str, str]]:
    if key == "image":  # a registry with a port looks like a Service of the cluster
        return
    yield from in_text(text)
    words = _CAMEL.sub("-", key).lower()
    if key == NAME_LABEL or _KEY_OF_A_NAMESPACE.search(words) or (key == "name" and "namespaceSelector" in path):
        yield from ((NAMESPACE, name) for name in _SEVERAL.split(text))
    elif _KEY_OF_A_TENANT.search(words):
        yield from ((LABEL, name) for name in _SEVERAL.split(text))
    elif path[0] == "subjects" and path[-1] == "name":
        yield GROUP, text.partition(":")[0]
    elif kind in ("SecretStore", "ClusterSecretStore") and key in _KEYS_OF_A_STORE:
        yield from ((IDENTITY, name) for name in re.split(r"[/:]", text))
    elif _HOLDS_A_HOST.search(words) and _SHORT_HOST.fullmatch(text):
        yield NAMESPACE, text.rpartition(".")[2]
    elif "annotations" in path and (match := _NAMESPACED.fullmatch(text)):
        yield NAMESPACE, match[1]


def _texts(value: Any, path: Path = (), key: str = "") -> Iterator[tuple[Path, str, str]]:
    """Yield every text with its path and its key: for the value of a variable or a header, that one's name."""
    if isinstance(value, str):
        yield path, key, value
    elif isinstance(value, Mapping):
        named = value.get("name") if "value" in value else value.get("key") if "values" in value else None
        for step, inner in value.items():
            holder = str(named) if named is not None and step in ("value", "values") else str(step)
            yield from _texts(inner, (*path, step), holder)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index), key)


# --- what a text says by itself

_JOINED: Final = r"[\"']?\s?(?:[/=:]|%2[Ff]|%3[ADad])\s?[\"']?"
_IN_TEXT: Final = (
    (
        re.compile(r"(?<![A-Za-z0-9])(?i:namespaces?|ns|kubernetes\.io/metadata\.name)" + _JOINED + _NAME),
        NAMESPACE,
    ),
    (
        re.compile(
            r"(?<![A-Za-z0-9])(?i:(?:tenants?|compan(?:y|ies)|customers?|organi[sz]ations?)(?:[_-]?(?:id|name))?)"
            + _JOINED
            + _NAME
        ),
        PATH,
    ),
    (re.compile(r"(?<![A-Za-z0-9])system:serviceaccounts?:" + _NAME), NAMESPACE),
    (re.compile(r"(?<![A-Za-z0-9])proj:" + _NAME + ":"), APPLICATION),
    (re.compile(r"(?<![A-Za-z0-9:/_-])" + _NAME + r":(?:admin|support|break-glass)(?![A-Za-z0-9-])"), GROUP),
)
_HOLDS_A_HOST: Final = re.compile(r"host|addr|url|uri|endpoint|server|upstream|backend|proxy|service")
_SHORT_HOST: Final = re.compile(r"[a-z0-9-]+\.[a-z][a-z0-9-]*")
_NAMESPACED: Final = re.compile(r"([a-z][a-z0-9-]*)/[a-z0-9][a-z0-9-]*")
_PORT: Final = re.compile(r":[0-9]")


def _namespace_of(host: str, before: str, after: str) -> str:
    """Return the namespace in a name of the cluster's DNS, or nothing: SERVICE.NAMESPACE, with or without `svc`."""
    _, *labels = host.split(".")
    for zone in ("svc", "pod"):
        if zone in labels[1:]:
            return labels[labels.index(zone, 1) - 1]
    inside = before.endswith("http://") or _PORT.match(after)
    return labels[0] if len(labels) == 1 and inside else ""
