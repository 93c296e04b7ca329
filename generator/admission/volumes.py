"""The volumes of a pod, and where containers mount them.

Source: validateVolumes, validateVolumeSource and ValidateVolumeMounts of k8s.io/kubernetes/pkg/apis/core/validation.
"""

from collections.abc import Iterator
from typing import Final

from generator.admission import claims, forms
from generator.admission.problem import Part, Problem
from generator.admission.ranges import check_bounds, check_needed, check_one_of, check_words
from generator.admission.references import check_field, check_resource_field
from generator.kube.lenient import mapping, sequence, string

_MODES: Final = (0, 0o777)
_PULL: Final = ("Always", "IfNotPresent", "Never")
_OF_PROJECTED: Final = (
    "secret",
    "configMap",
    "downwardAPI",
    "serviceAccountToken",
    "clusterTrustBundle",
    "podCertificate",
)
_TOKEN: Final = (600, 1 << 32)


def check_volume(part: Part) -> Iterator[Problem]:
    """Say what is wrong with a volume."""
    yield from forms.DNS_LABEL.check(part, "name")
    sources = [key for key in part.data if key != "name"]
    yield from check_one_of(part, "the source of a volume", sources, needed=False)
    for source in sources:
        inner = part.below(mapping(part.data[source]), source)
        match source:
            case "secret":
                yield from check_needed(inner, "secretName")
                yield from _check_files(inner)
            case "configMap":
                yield from check_needed(inner, "name")
                yield from _check_files(inner)
            case "downwardAPI":
                yield from _check_files(inner)
                yield from _check_sources(inner)
            case "persistentVolumeClaim":
                yield from check_needed(inner, "claimName")
            case "projected":
                yield from _check_projected(inner)
            case "ephemeral":
                yield from _check_ephemeral(inner)
            case "image":
                yield from check_words(inner, {"pullPolicy": _PULL})
            case "csi":
                yield from check_needed(inner, "driver")
                driver = string(inner.data.get("driver"))
                if driver and not forms.DNS_NAME.fits(driver.lower()):
                    yield inner.problem(forms.DNS_NAME.said_of(driver), "driver")
            case "hostPath":
                yield from _check_host_path(inner)
            case "nfs":
                yield from check_needed(inner, "server", "path")
                if not string(inner.data.get("path")).startswith("/"):
                    yield inner.problem(f"{inner.data.get('path')!r} is not absolute", "path")
            case "emptyDir":
                pass
            case _:
                hint = "use a PersistentVolumeClaim"
                yield part.problem("tenantry does not know what the API server checks of it", source, hint=hint)


_TYPES_ON_A_NODE: Final = (
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)


def _check_host_path(part: Part) -> Iterator[Problem]:
    yield from check_needed(part, "path")
    yield from check_words(part, {"type": _TYPES_ON_A_NODE})
    if ".." in string(part.data.get("path")).split("/"):
        yield part.problem(f"{forms.short(part.data['path'])} holds '..'", "path")


def _check_ephemeral(part: Part) -> Iterator[Problem]:
    template = mapping(part.data.get("volumeClaimTemplate"))
    yield from check_needed(part, "volumeClaimTemplate")
    for field in sorted(mapping(template.get("metadata")).keys() - {"annotations", "labels"}):
        fact = "the claim is called as its pod and its volume are"
        yield part.problem(fact, "volumeClaimTemplate", "metadata", field, hint="remove it")
    yield from claims.check_claim(part.below(mapping(template.get("spec")), "volumeClaimTemplate", "spec"))


def _check_files(part: Part) -> Iterator[Problem]:
    yield from check_bounds(part, {"defaultMode": _MODES})
    for number, item in enumerate(sequence(part.data.get("items"))):
        yield from _check_file(part.below(mapping(item), "items", number))


def _check_file(part: Part) -> Iterator[Problem]:
    if "key" in part.data:
        yield from check_needed(part, "key")
    yield from check_needed(part, "path")
    yield from check_bounds(part, {"mode": _MODES})
    yield from check_inside(part, "path")
    if string(part.data.get("path")).startswith("..") and ".." not in string(part.data["path"]).split("/"):
        yield part.problem(f"{forms.short(part.data['path'])} begins with '..'", "path")
    if "fieldRef" in part.data:
        yield from check_field(part.below(mapping(part.data["fieldRef"]), "fieldRef"), in_a_file=True)
    if "resourceFieldRef" in part.data:
        yield from check_resource_field(
            part.below(mapping(part.data["resourceFieldRef"]), "resourceFieldRef"), in_a_file=True
        )


def _check_sources(part: Part) -> Iterator[Problem]:
    for number, item in enumerate(sequence(part.data.get("items"))):
        file = part.below(mapping(item), "items", number)
        yield from check_one_of(file, "what a file of the downward API holds", ("fieldRef", "resourceFieldRef"))


def _check_projected(part: Part) -> Iterator[Problem]:
    yield from check_bounds(part, {"defaultMode": _MODES})
    taken: set[str] = set()
    for number, item in enumerate(sequence(part.data.get("sources"))):
        source = part.below(mapping(item), "sources", number)
        yield from check_one_of(source, "a projected source", _OF_PROJECTED, needed=False)
        for kind in ("secret", "configMap", "downwardAPI"):
            if kind in source.data:
                inner = source.below(mapping(source.data[kind]), kind)
                if kind != "downwardAPI":
                    yield from check_needed(inner, "name")
                yield from _check_files(inner)
                yield from _check_taken(inner, taken)
                yield from _check_sources(inner) if kind == "downwardAPI" else ()
        if "serviceAccountToken" in source.data:
            inner = source.below(mapping(source.data["serviceAccountToken"]), "serviceAccountToken")
            yield from check_needed(inner, "path")
            yield from check_inside(inner, "path")
            yield from check_bounds(inner, {"expirationSeconds": _TOKEN})


def _check_taken(part: Part, taken: set[str]) -> Iterator[Problem]:
    """Say which files of a projected source another one has put at the same path; their paths are added."""
    for number, item in enumerate(sequence(part.data.get("items"))):
        path = string(mapping(item).get("path"))
        if path in taken:
            yield part.problem(f"a second file is put at {path}", "items", number, "path", hint="rename one")
        taken.add(path)


def check_inside(part: Part, field: str) -> Iterator[Problem]:
    """Say that a path leaves the folder that it is meant to be in."""
    path = string(part.data.get(field))
    if path.startswith("/"):
        yield part.problem(f"{forms.short(path)} is absolute", field, hint="write it relative to the volume")
    if ".." in path.split("/"):
        yield part.problem(f"{forms.short(path)} holds '..'", field)


_PROPAGATION: Final = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE: Final = ("Disabled", "Enabled", "IfPossible")


def check_mount(part: Part, volumes: frozenset[str]) -> Iterator[Problem]:
    """Say what is wrong with a mount.

    Args:
        part: The mount.
        volumes: The names of the pod's volumes.
    """
    name = part.data.get("name")
    yield from check_needed(part, "name", "mountPath")
    if isinstance(name, str) and name not in volumes:
        there = ", ".join(sorted(volumes)) or "none"
        yield part.problem(f"there is no volume {name} in this pod", "name", hint=f"its volumes are {there}")
    yield from check_one_of(part, "the part of the volume", ("subPath", "subPathExpr"), needed=False)
    yield from check_inside(part, "subPath")
    yield from check_inside(part, "subPathExpr")
    yield from check_words(part, {"mountPropagation": _PROPAGATION, "recursiveReadOnly": _RECURSIVE})
    if part.data.get("recursiveReadOnly") in _RECURSIVE[1:]:
        if part.data.get("readOnly") is not True:
            yield part.problem("recursiveReadOnly needs readOnly: true", "recursiveReadOnly")
        if part.data.get("mountPropagation", "None") != "None":
            yield part.problem("recursiveReadOnly needs mountPropagation None", "recursiveReadOnly")


def check_device(part: Part, claimed: frozenset[str]) -> Iterator[Problem]:
    """Say what is wrong with a device.

    Args:
        part: The device.
        claimed: The names of the pod's volumes that are claims.
    """
    name = part.data.get("name")
    yield from check_needed(part, "name", "devicePath")
    if isinstance(name, str) and name not in claimed:
        yield part.problem(f"there is no volume {name} of a claim in this pod", "name")
    yield from check_inside(part, "devicePath") if ".." in string(part.data.get("devicePath")) else ()
