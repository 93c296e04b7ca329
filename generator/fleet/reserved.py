"""Names and hosts that no company may have: what Kubernetes, the platform and the readers of YAML own. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from generator.findings.finding import Place
from generator.kube import tenant_names
from generator.reading import words, yaml_reader

_GROUPS_OF: Final = "{} owns every user and group that begins with {}:"
_TOP_LEVEL: Final = "the cluster's name servers would answer its Services for public hosts of that top-level domain"
_USUAL: Final = "it is the usual namespace of what a platform runs beside its tenants"
_WELL_KNOWN: Final = "people and programs take its host for one of the provider"
_WORD: Final = "YAML readers take it for another type"

NAMES: Final[Mapping[str, str]] = {
    "system": _GROUPS_OF.format("Kubernetes", "system"),
    "kubeadm": _GROUPS_OF.format("kubeadm", "kubeadm"),
    **{name: _GROUPS_OF.format("Amazon EKS", name) for name in ("amazon", "aws", "eks", "iam")},
    **{name: f"identity providers put {name}: before their groups" for name in ("ldap", "oidc", "saml")},
    "default": "Kubernetes and Argo CD have a namespace and a project of that name from the start",
    "kubernetes": "it is the name of the API server's own Service and user",
    "openshift": "it is a namespace of OpenShift",
    "placeholder": "base/ writes it where the facts of a company go",
    **dict.fromkeys("argocd cert-manager external-secrets monitoring observability".split(), _USUAL),
    **dict.fromkeys("admin api app mail platform root status tenants www".split(), _WELL_KNOWN),
    **dict.fromkeys("autoconfig autodiscover isatap localhost wpad".split(), _WELL_KNOWN),
    **dict.fromkeys("arpa cluster com edu gov info int internal local mil net org pod svc".split(), _TOP_LEVEL),
    **dict.fromkeys("false no null off on true yes".split(), _WORD),
}
"""Names that are refused wherever tenantry runs, and why.

Groups: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects and
https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html; top-level domains:
https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/#namespaces-and-dns.
"""

PREFIXES: Final[Mapping[str, str]] = {
    "kube-": "namespaces that begin with kube- belong to Kubernetes",
    "openshift-": "namespaces that begin with openshift- belong to OpenShift",
    "tenantry": "what begins with tenantry belongs to this program",
}
SUFFIXES: Final[Mapping[str, str]] = {
    "-system": "namespaces that end in -system belong to what runs the cluster",
}

_WHAT: Final[Mapping[str, str]] = {
    tenant_names.NAMESPACE: "a namespace",
    tenant_names.PATH: "a company",
    tenant_names.GROUP: "a group",
    tenant_names.IDENTITY: "an identity in the secret store",
    tenant_names.APPLICATION: "an object of Argo CD",
    tenant_names.LABEL: "a company",
}


def why_reserved(name: str) -> str:
    """Say why no company may have this name, whatever the platform; nothing when one may."""
    if name in NAMES:
        return NAMES[name]
    for prefix, reason in PREFIXES.items():
        if name.startswith(prefix):
            return reason
    return next((reason for suffix, reason in SUFFIXES.items() if name.endswith(suffix)), "")


def names_in(texts: Mapping[str, str], names: Collection[str]) -> dict[str, tuple[Place, str]]:
    """Find which of these names stand where they mean a namespace or a company, in the platform's own files.

    A file is parsed only when it holds one of them as a word, so that a fleet of thousands costs one look at `base/`.

    Args:
        texts: The files, by path. What is no YAML is looked at as text.
        names: Names of companies.

    Returns:
        For each that does, where it stands first and as what.
    """
    found: dict[str, tuple[Place, str]] = {}
    for file, text in texts.items():
        wanted = frozenset(names).intersection(tenant_names.TOKEN.findall(text))
        for name, what, place in _named(file, text) if wanted else ():
            if name in wanted:
                found.setdefault(name, (place, what))
    return found


def hosts_in(texts: Mapping[str, str], hosts: Collection[str]) -> dict[str, Place]:
    """Find which of these hosts stand in the platform's own files, and where first; as `names_in`."""
    found: dict[str, Place] = {}
    for file, text in texts.items():
        wanted = frozenset(hosts).intersection(tenant_names.hosts_in(text))
        for host, place in _hosts(file, text) if wanted else ():
            if host in wanted:
                found.setdefault(host, place)
    return found


def _named(file: str, text: str) -> Iterator[tuple[str, str, Place]]:
    if not file.endswith(_YAML):
        yield from ((name, _WHAT[what], Place(file)) for what, name in tenant_names.in_text(text))
        return
    for data, marks in words.texts_in(text):
        for mention in tenant_names.mentions(data):
            yield mention.name, _WHAT[mention.what], Place(file, *marks[mention.path])


def _hosts(file: str, text: str) -> Iterator[tuple[str, Place]]:
    if not file.endswith(_YAML):
        yield from ((host, Place(file)) for host in tenant_names.hosts_in(text))
        return
    for data, marks in words.texts_in(text):
        for path, value in yaml_reader.walk_strings(data):
            yield from ((host, Place(file, *marks[path])) for host in tenant_names.hosts_in(value))


_YAML: Final = (".yaml", ".yml", ".json")
