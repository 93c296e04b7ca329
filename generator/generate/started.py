"""How a workload is started and reached, to be compared. Pure.

That is the words, variables, mounts and user of its own container, the keys that it is given, and the routes that lead
to it.

An argument or a variable can switch off what a program asks of people, and no rule knows what it means to that program.
So can another key in the place of the file of its users, or a route that says something else than people asked.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from generator.findings.finding import Place
from generator.fleet.model import Required
from generator.kube.generated_names import without_hash
from generator.kube.lenient import Object, mapping, mappings, strings
from generator.kube.pods import container_of, pod_spec

_WORDS: Final = ("command", "args")
ROUTES: Final = ("HTTPRoute", "Ingress")
"""The kinds of routes, by which parts of them are called."""

_HOOKS: Final = ("startupProbe", "readinessProbe", "livenessProbe")
_OF_THE_POD: Final = frozenset({"emptyDir", "downwardAPI"})
"""Volumes that hold nothing but what the pod itself writes, or what it is called."""
_WHO: Final = ("runAsUser", "runAsGroup", "fsGroup")
"""Of a security context: as whom files that are there are read and written."""


@dataclass(frozen=True, slots=True)
class Started:
    """How a workload is started.

    Attributes:
        workload: Its name.
        parts: What it is started with, by what that is: `args`, `env`, `mounts`, `ConfigMap/agent`, `Secret/users`,
            `HTTPRoute/wiki`.
        place: Where the workload is written.
    """

    workload: str
    parts: Mapping[str, tuple[str, ...]]
    place: Place


def parts_of(workload: Object, objects: Sequence[Object], required: Required) -> Mapping[str, tuple[str, ...]]:
    """Return what a workload is started with.

    Args:
        workload: The workload.
        objects: The render that it is part of, with its ConfigMaps, its routes, and what makes its Secrets.
        required: What its declaration requires: of a ConfigMap or Secret among that, the content counts as well.
    """
    spec = mapping(pod_spec(workload))
    container = container_of(spec, workload["metadata"]["name"])
    found = {key: tuple(strings(container.get(key))) for key in _WORDS}
    found["workingDir"] = tuple(strings([container.get("workingDir")]))
    found["env"] = tuple(_text(_named(one)) for key in ("env", "envFrom") for one in mappings(container.get(key)))
    found["hooks"] = tuple(_hooks(container))
    found["mounts"] = tuple(_mounts(spec, container))
    found["user"] = tuple(_who(spec, container))
    wanted = _read(container, required)
    for obj in objects:
        spec, own = mapping(obj.get("spec")), obj["metadata"]["name"]
        target = str(mapping(spec.get("target")).get("name", own))
        if obj["kind"] == "ConfigMap" and (name := f"ConfigMap/{without_hash(own)}") in wanted:
            found[name] = tuple(f"{key}: {text}" for key, text in sorted(mapping(obj.get("data")).items()))
        elif obj["kind"] == "ExternalSecret" and (name := f"Secret/{target}") in wanted:
            found[name] = tuple(_lines(spec))
        elif obj["kind"] in ROUTES and own == workload["metadata"]["name"]:
            found[f"{obj['kind']}/{own}"] = tuple(_of_route(spec))
    return {key: texts for key, texts in found.items() if texts}


def _read(container: Object, required: Required) -> Collection[str]:
    """Return the ConfigMaps and Secrets whose content says how a container is started."""
    found = set(required.mounts.values())
    for kind, whole, key in (("ConfigMap", "configMapRef", "configMapKeyRef"), ("Secret", "secretRef", "secretKeyRef")):
        read = [mapping(one.get(whole)) for one in mappings(container.get("envFrom"))]
        read += [mapping(mapping(one.get("valueFrom")).get(key)) for one in mappings(container.get("env"))]
        names = (str(one.get("name")) for one in read)
        found.update(f"{kind}/{without_hash(name) if kind == 'ConfigMap' else name}" for name in names)
    return found


def _lines(value: Any, path: str = "") -> Iterator[str]:
    """Yield everything below a value, a line each, by its path; an entry of a list by the key that it writes."""
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _lines(value[key], f"{path}.{key}")
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _lines(entry, f"{path}[{mapping(entry).get('secretKey', number)}]")
    else:
        yield f"{path.removeprefix('.')}: {value}"


def _of_route(spec: Object) -> Iterator[str]:
    """Yield the rules of a route without its hosts, and of those that differ in their host alone the first."""
    rules = [_text({key: one for key, one in item.items() if key != "host"}) for item in mappings(spec.get("rules"))]
    yield from dict.fromkeys(rules)


def _hooks(container: Object) -> Iterator[str]:
    """Yield the commands that are run in a container beside its own."""
    asked = [mapping(container.get(key)) for key in _HOOKS]
    asked += [mapping(hook) for hook in mapping(container.get("lifecycle")).values()]
    for one in asked:
        if command := list(strings(mapping(one.get("exec")).get("command"))):
            yield " ".join(command)


def _mounts(spec: Object, container: Object) -> Iterator[str]:
    volumes = {volume.get("name"): volume for volume in mappings(spec.get("volumes"))}
    for mount in mappings(container.get("volumeMounts")):
        volume = {key: value for key, value in mapping(volumes.get(mount.get("name"))).items() if key != "name"}
        if not volume.keys() & _OF_THE_POD:
            yield f"{mount.get('mountPath')}: {_text(_named(volume))} {mount.get('subPath', '')}".rstrip()


def _who(spec: Object, container: Object) -> Iterator[str]:
    """Yield as whom a container runs; what it says itself comes before what its pod says."""
    merged = {**mapping(spec.get("securityContext")), **mapping(container.get("securityContext"))}
    yield from (f"{key}: {merged[key]}" for key in _WHO if key in merged)


def _named(value: Any) -> Any:
    """Return a value with the names that base/ writes, and without how a volume is mounted."""
    if isinstance(value, Mapping):
        kept = {key: one for key, one in value.items() if key not in ("defaultMode", "readOnly")}
        return {key: without_hash(one) if key == "name" else _named(one) for key, one in kept.items()}
    return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def difference(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield what two ways to start a workload differ in, and how, in words.

    Args:
        before: As `parts_of` gives it.
        after: The same of the other.
    """
    for key in sorted(before.keys() | after.keys()):
        was, now = ([line for text in parts.get(key, ()) for line in text.splitlines()] for parts in (before, after))
        if was != now:
            gone = [f"- {line.strip()}" for line in was if line not in now]
            come = [f"+ {line.strip()}" for line in now if line not in was]
            yield key, ", ".join([*gone, *come]) or "the same in another order"
