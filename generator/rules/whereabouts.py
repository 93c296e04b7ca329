"""Where a company finds what it has: the mounts of its claims, and the server and keys of its secrets. Pure.

A claim that stays mounted may still be out of sight: at another path, under another volume, or as another part of it.
Facts leave out what differs from tenant to tenant, so that one of them stands for all.
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator.kube.lenient import Object, mapping, mappings, string
from generator.kube.pods import containers, pod_spec
from generator.render.rendered import Rendered, identity

_CLAIM: Final = "PersistentVolumeClaim"
_LETS_IN: Final = ("auth", "caBundle", "caProvider", "tls")
"""Keys of a secret store's provider that say how it is entered, and not where the secrets are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mount:
    """One volume in one container.

    Attributes:
        claim: The claim, or empty for a volume of another kind.
        volume: The volume's name in the pod.
        path: Where the container has it.
        part: What of the volume it has: subPath, subPathExpr, and the variables that the latter names.
        writable: Whether the container may write there.
    """

    claim: str
    volume: str
    path: str
    part: tuple[Any, ...]
    writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Container:
    """The mounts of one container, by their path, and the workload that has it."""

    workload: Object
    name: str
    mounts: Mapping[str, _Mount]


def out_of_sight(
    before: Rendered, after: Rendered, told: Collection[str], *, writable: bool = True
) -> Iterator[tuple[str, Object]]:
    """Yield what a tenant's pods no longer see where it was, each with the object that brings it about.

    Args:
        before: The render before the change.
        after: The render after it.
        told: Names of claims that are left out: it is said already that they are gone.
        writable: Whether what could be written must still be writable.
    """
    was, now = _containers(before), _containers(after)
    for key, old in was.items():
        new = now.get(key)
        for mount in old.mounts.values():
            if not mount.claim or mount.claim in told:
                continue
            if new is not None:
                where = f"the container {new.name} of {_called(new.workload)}"
                yield from ((f"{where} {what}", new.workload) for what in _changed(mount, old, new, writable=writable))
            elif not any(_stands_in(mount, old, other, known=other_key in was) for other_key, other in now.items()):
                fact = f"no container has the {_CLAIM} {mount.claim} as {old.name} of {_called(old.workload)} had it"
                yield fact, old.workload


def _changed(mount: _Mount, old: _Container, new: _Container, *, writable: bool) -> Iterator[str]:
    """Yield what became of a mount, in words that follow the container."""
    same = new.mounts.get(mount.path)
    whole = f"the {_CLAIM} {mount.claim}"
    if same is None or same.claim != mount.claim:
        yield f"no longer mounts {whole} at {mount.path}"
        return
    if same.part != mount.part:
        yield f"mounts another part of {whole} at {mount.path}"
    if writable and mount.writable and not same.writable:
        yield f"mounts {whole} read-only at {mount.path}"
    for over in _hiding(mount, old, new):
        yield f"mounts the volume {over.volume} at {over.path}, where {whole} has {mount.path}"


def _hiding(mount: _Mount, old: _Container, new: _Container) -> Iterator[_Mount]:
    """Yield the new mounts above a mount and below it."""
    for path, other in new.mounts.items():
        if path not in old.mounts and (_is_below(path, mount.path) or _is_below(mount.path, path)):
            yield other


def _stands_in(mount: _Mount, old: _Container, other: _Container, *, known: bool) -> bool:
    """Say whether another container has what one that is gone had; one that had it before may have its own path."""
    return any(
        new.claim == mount.claim
        and new.part == mount.part
        and new.writable >= mount.writable
        and (known or (new.path == mount.path and not any(_hiding(mount, old, other))))
        for new in other.mounts.values()
    )


def _is_below(path: str, above: str) -> bool:
    return path.startswith(above.rstrip("/") + "/")


def _containers(rendered: Rendered) -> dict[tuple[str, str], _Container]:
    found: dict[tuple[str, str], _Container] = {}
    for workload in rendered.objects:
        spec = pod_spec(workload)
        if spec is None:
            continue
        volumes = {string(volume.get("name")): volume for volume in mappings(spec.get("volumes"))}
        templates = mappings(mapping(workload.get("spec")).get("volumeClaimTemplates"))
        kept = {string(mapping(template.get("metadata")).get("name")) for template in templates}
        for container in containers(spec):
            name = string(container.get("name"))
            mounts = {mount.path: mount for mount in _mounts(container, volumes, kept)}
            found[identity(workload), name] = _Container(workload=workload, name=name, mounts=mounts)
    return found


def _mounts(container: Object, volumes: Mapping[str, Object], kept: Collection[str]) -> Iterator[_Mount]:
    variables = {string(variable.get("name")): variable for variable in mappings(container.get("env"))}
    for mount in mappings(container.get("volumeMounts")):
        name, expression = string(mount.get("name")), string(mount.get("subPathExpr"))
        source = mapping(mapping(volumes.get(name)).get("persistentVolumeClaim"))
        named = [variables.get(variable) for variable in re.findall(r"\$\(([^()]+)\)", expression)]
        yield _Mount(
            claim=name if name in kept else string(source.get("claimName")),
            volume=name,
            path=posixpath.normpath("/" + string(mount.get("mountPath")).lstrip("/")),
            part=(posixpath.normpath(string(mount.get("subPath"))), expression, named),
            writable=mount.get("readOnly") is not True and source.get("readOnly") is not True,
        )


def _called(obj: Object) -> str:
    return f"the {obj['kind']} {obj['metadata']['name']}"


# --- secrets


def secrets_elsewhere(before: Rendered, after: Rendered) -> Iterator[tuple[str, Object]]:
    """Yield the secret stores that ask another server or path, and the secrets that are read from other keys."""
    was = {identity(obj): obj for obj in before.of_kind("SecretStore", "ExternalSecret")}
    for obj in after.of_kind("SecretStore", "ExternalSecret"):
        old = was.get(identity(obj))
        if old is None:
            continue
        if obj["kind"] == "SecretStore" and _asked(old) != _asked(obj):
            yield f"{_called(obj)} asks another server or path", obj
        elif obj["kind"] == "ExternalSecret" and (keys := _moved(_read(old), _read(obj))):
            yield f"{_called(obj)} no longer reads {', '.join(keys)} from where it was", obj


def _asked(store: Object) -> dict[str, Any]:
    providers = mapping(mapping(store.get("spec")).get("provider"))
    return {
        name: {key: value for key, value in mapping(provider).items() if key not in _LETS_IN}
        for name, provider in providers.items()
    }


def _moved(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the keys of a secret that come from elsewhere now; one of another name may take a key's place."""
    return [key for key, source in was.items() if (now[key] != source if key in now else source not in now.values())]


def _read(secret: Object) -> dict[str, Any]:
    """Return where each key of a secret comes from; what brings many keys at once is known by its place."""
    spec = mapping(secret.get("spec"))
    store = mapping(spec.get("secretStoreRef"))
    found: dict[str, Any] = {}
    for entry in mappings(spec.get("data")):
        remote = mapping(entry.get("remoteRef"))
        place = [remote.get(key) for key in ("key", "property", "version")]
        found[string(entry.get("secretKey"))] = (mapping(entry.get("sourceRef")).get("storeRef", store), place)
    for number, entry in enumerate(mappings(spec.get("dataFrom"))):
        found[f"dataFrom[{number}]"] = (store, entry)
    return found
