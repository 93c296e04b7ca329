"""The step to platform.yaml declaring what fields of base/ may be: classes, the Gateway, where secrets come from. Pure.

Before it these stood in manifests alone, and any value passed. What manifests agree on is declared; where they do not,
nothing is, and the rule says what to write.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from generator import layout
from generator.findings.finding import TenantryError
from generator.kube.images import in_full
from generator.kube.lenient import mapping, mappings, string, strings
from generator.kube.pods import containers, pod_spec
from generator.reading import yaml_objects
from generator.reading.yaml_editor import edited
from generator.upgrade.texts import Changes, Texts, data_of

_DECLARED: Final = re.compile(r"\b(?:storageClasses|secrets|registries)\s*:")


def is_done(texts: Texts) -> bool:
    """Say whether nothing is left to do: all is declared, or the manifests agree on no more.

    Args:
        texts: The files.
    """
    declared = set(_DECLARED.findall(texts.get(layout.PLATFORM, "")))
    return len(declared) == 3 or not upgraded(texts)  # noqa: PLR2004 -- the three keys


def upgraded(texts: Texts) -> Changes:
    """Return platform.yaml with what the manifests of base/ agree on.

    Args:
        texts: The files; what cannot be read stays as it is, and is named when it is validated.
    """
    platform = texts.get(layout.PLATFORM, "")
    clusters = mapping(data_of(layout.PLATFORM, platform).get("clusters"))
    if len(clusters) != 1 or not all(mapping(mapping(cluster).get("network")) for cluster in clusters.values()):
        return {}
    found: dict[str, set[str]] = {}
    for obj in _objects(texts):
        for key, value in _said(obj):
            found.setdefault(key, set()).add(value)
    lists = {key: sorted(found.pop(key, ())) for key in (_CLASS, _REGISTRY)}
    agreed = {key: values.pop() for key, values in found.items() if len(values) == 1}
    (name,) = clusters

    def declare(data: Any) -> None:
        _declare(data["clusters"][name], agreed, lists[_CLASS])
        if lists[_REGISTRY]:
            data.setdefault("registries", lists[_REGISTRY])

    changed = edited(platform, declare)
    return {layout.PLATFORM: changed} if data_of(layout.PLATFORM, changed) != data_of(layout.PLATFORM, platform) else {}


_CLASS: Final = "class of a claim"
_REGISTRY: Final = "registry"

_OF_SECRETS: Final = ("server", "path", "mountPath", "role", "audience")


def _declare(cluster: Any, agreed: Mapping[str, str], classes: list[str]) -> None:
    """Write what is not declared yet into the data of a cluster."""
    network = cluster["network"]
    for what, key in (("gateway", "name"), ("gateway", "listener"), ("ingress", "class")):
        if f"{what}.{key}" in agreed and isinstance(network.get(what), dict):
            network[what].setdefault(key, agreed[f"{what}.{key}"])
    if classes:
        cluster.setdefault("storageClasses", classes)
    if all(key in agreed for key in _OF_SECRETS):
        cluster.setdefault("secrets", {key: agreed[key] for key in _OF_SECRETS})


def _objects(texts: Texts) -> Iterator[Mapping[str, Any]]:
    for path, text in sorted(texts.items()):
        if path.startswith(f"{layout.BASE}/"):
            with contextlib.suppress(TenantryError, ValueError):  # what is no YAML is named by the gate
                yield from (mapping(item) for item in yaml_objects.read_objects(text))


def _said(obj: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what an object says of what platform.yaml declares now."""
    spec = mapping(obj.get("spec"))
    match obj.get("kind"):
        case "PersistentVolumeClaim":
            pairs = [(_CLASS, spec.get("storageClassName"))]
        case "Ingress":
            pairs = [("ingress.class", spec.get("ingressClassName"))]
        case "HTTPRoute":
            parents = list(mappings(spec.get("parentRefs")))
            pairs = [("gateway.name", parent.get("name")) for parent in parents]
            pairs += [("gateway.listener", parent.get("sectionName")) for parent in parents]
        case "SecretStore":
            vault = mapping(mapping(spec.get("provider")).get("vault"))
            of_cluster = mapping(mapping(vault.get("auth")).get("kubernetes"))
            audiences = strings(mapping(of_cluster.get("serviceAccountRef")).get("audiences"))
            pairs = [("server", vault.get("server")), ("path", vault.get("path"))]
            pairs += [(key, of_cluster.get(key)) for key in ("mountPath", "role")]
            pairs += [("audience", audience) for audience in audiences]
        case _:
            pairs = [(_REGISTRY, _home_of(image)) for image in _images(obj)]
    yield from ((key, string(value)) for key, value in pairs if string(value))


def _images(obj: Mapping[str, Any]) -> Iterator[str]:
    """Yield the images of a kustomization or of a workload; a name without a registry is replaced by the former."""
    for entry in mappings(obj.get("images")):
        yield string(entry.get("newName", entry.get("name")))
    for container in containers(mapping(pod_spec(obj))):
        if "/" in string(container.get("image")):
            yield string(container.get("image"))


def _home_of(image: str) -> str:
    """Return all but the last part of the name of an image, with the host that a node adds."""
    name = image.partition("@")[0]
    return in_full(name).rpartition("/")[0]
