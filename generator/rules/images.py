"""SEC: which programs run, from whom they come, and that they find what they must not run without."""

import posixpath
import re
from collections.abc import Iterable, Iterator

from generator import layout
from generator.findings.finding import Found, Place
from generator.fleet.model import Platform, Required
from generator.fleet.states import STATES
from generator.generate.releases import folders_of
from generator.kube.generated_names import without_hash
from generator.kube.images import REFERENCE, in_full, in_full_registry, parts_of
from generator.kube.kustomization import FILE
from generator.kube.lenient import Object, mapping, mappings, sequence, strings
from generator.kube.pods import TEMPLATES, container_of, pod_spec
from generator.reading import parsed
from generator.reading.schema import Path
from generator.render.rendered import Base, Rendered, origin_of
from generator.rules.rule import Per, rule


def _images(rendered: Rendered) -> Iterator[tuple[Object, Path, str]]:
    """Yield every image of a render with its object and where it stands there."""
    for obj in rendered.objects:
        spec = mapping(pod_spec(obj))
        above = (*TEMPLATES.get(obj["kind"], ()), "spec")
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            for index, container in enumerate(sequence(spec.get(kind))):
                yield obj, (*above, kind, index, "image"), str(mapping(container).get("image", ""))


def _written(rendered: Rendered, obj: Object, path: Path, image: str) -> tuple[Place, str]:
    """Return where an image is to be changed, and how its digest is written there."""
    wanted = parts_of(image)
    for folder in folders_of(rendered.tenant.ring.pair):
        for file, source in rendered.sources.items():
            if not (file.startswith(f"{folder}/") and file.endswith(f"/{FILE}")):
                continue
            document, _ = parsed.document(source)
            for index, entry in enumerate(mappings(mapping(document.data).get("images")) if document else ()):
                given = (str(entry.get("newName", entry.get("name"))), entry.get("newTag"), entry.get("digest"))
                if given == (wanted[0], wanted[1] or None, wanted[2] or None) and document:
                    key = next((key for key in ("newTag", "newName") if key in entry), "name")
                    return document.place(("images", index, key)), "write `digest:` below it"
    there = rendered.place_in(obj, path) if origin_of(rendered.origins, obj) else rendered.place()
    return there, "write @sha256:... behind it, or an entry of `images:` with the digest"


@rule(
    "SEC010",
    per=Per.CLASS,
    title="an image is named by its digest",
    why="A tag can be moved: the pods of tomorrow would run something else. (A warning while there is a fixed tag.)",
    fix="Write newTag and digest under `images:` in base/.",
    source="https://kubernetes.io/docs/concepts/containers/images/",
)
def images_are_fixed(rendered: Rendered) -> Iterator[Found]:
    """An image is named by its digest; a tag is a warning, no tag or `latest` an error.

    Told once for each image and place, not for each tenant.
    """
    for obj, path, image in _images(rendered):
        _, tag, digest = parts_of(image)
        if re.search("[/:@]", image) and not REFERENCE.fullmatch(image):
            fact = f"the image {image} is no reference that a node can pull"
            hint = "its path is in lower case, its tag has letters, digits, _, . and -"
            yield Found(_written(rendered, obj, path, image)[0], fact, hint)
            continue
        if re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            continue
        place, hint = _written(rendered, obj, path, image)
        found = Found(place, f"the image {image} is not named by its digest", hint)
        yield found.as_warning() if tag not in ("", "latest") else found


@rule(
    "SEC025",
    per=Per.CLASS,
    title="an image comes from a registry that platform.yaml declares",
    why="Whoever may push there decides what runs beside the customers' files.",
    fix="Use an image of yours, or declare the registry in platform.yaml, which needs an approval.",
    source="https://kubernetes.io/docs/concepts/containers/images/#image-names",
    behind=("isolation", "escape"),
)
def images_come_from_declared_registries(rendered: Rendered) -> Iterator[Found]:
    """The name of every image, written out, lies below an entry of `registries`."""
    declared = rendered.platform.registries
    for obj, path, image in _images(rendered):
        name = in_full(parts_of(image)[0])
        if not any(f"{name}/".startswith(f"{registry}/") for registry in map(in_full_registry, declared)):
            home = name.rpartition("/")[0]
            fact = f"the image {image} comes from {home}, which platform.yaml does not declare"
            hint = f"use one of {', '.join(declared) or 'those that you declare'}, or add {home} to `registries`"
            yield Found(_written(rendered, obj, path, image)[0], fact, hint)


@rule(
    "K8S023",
    per=Per.CLASS,
    title="a service has what its declaration requires",
    why="Without the file of its users a server lets everybody in; without its volume it writes to nowhere.",
    fix="Put the mount or the argument back, or change `requires` in platform.yaml, which needs an approval.",
    source="tenantry: what a service must not run without (docs/concepts/closed-world.md)",
)
def services_have_what_they_require(rendered: Rendered) -> Iterator[Found]:
    """The container that is called as its workload, or the first, has the mounts and arguments that are declared."""
    for obj, fact, hint in _lacking(rendered.objects, rendered.platform):
        yield rendered.found(obj, fact, hint)


@services_have_what_they_require.also(Per.GUARD)
def services_have_it_in_every_state(base: Base) -> Iterator[Found]:
    """The same in each state that has pods, whether or not somebody is in it."""
    for probe in base.states:
        for obj, fact, hint in _lacking(probe.objects, base.platform):
            folder = f"{base.folders[0]}/{layout.STATES}/{STATES[probe.state].parts[0]}"
            name = f"{obj['kind']}/{obj['metadata']['name']}"
            yield Found(Place(f"{folder}/{FILE}"), f"as {probe.state} {fact}", hint, name)


def _lacking(objects: Iterable[Object], platform: Platform) -> Iterator[tuple[Object, str, str]]:
    """Yield the workloads that lack something that their declarations require, with what, and what to do."""
    for obj in objects:
        wanted = platform.requires.get(obj["metadata"]["name"])
        spec = mapping(pod_spec(obj))
        if wanted is None or not list(mappings(spec.get("containers"))):
            continue
        container = container_of(spec, obj["metadata"]["name"])
        mounted = dict(_mounted(spec, container))
        name = container.get("name")
        for fact, hint in _covered(container, wanted):
            yield obj, f"the container {name} {fact}", hint
        for path, source in wanted.mounts.items():
            if mounted.get(path) != source:
                there = f", but {mounted[path]}" if mounted.get(path) else ""
                fact = f"the container {name} must have {source} at {path}, and has it not{there}"
                yield obj, fact, f"mount {source} at {path}"
        for argument in wanted.args:
            if argument not in [*strings(container.get("command")), *strings(container.get("args"))]:
                fact = f"the container {name} must have the argument {argument}, and has it not"
                yield obj, fact, f"add {argument} to its args"
        for word in _again(container, wanted):
            fact = f"the container {name} has the argument {word} as well as the one that it must have"
            yield obj, fact, f"take {word} out of its args: programs listen to the last one"


def _covered(container: Object, wanted: Required) -> Iterator[tuple[str, str]]:
    """Yield what takes the place of what a container must have: a mount above it, or a command of its own."""
    paths = [_path(mount) for mount in mappings(container.get("volumeMounts"))]
    for required in wanted.mounts:
        over = [path for path in paths if path.startswith(f"{required}/") and path not in wanted.mounts]
        for path in [*over, *([required] if paths.count(required) > 1 else [])]:
            fact = f"has another mount at {path}, over what it must have at {required}"
            yield fact, f"mount it elsewhere, or require it as well: declare {path} under requires.mounts"
    for word in strings(container.get("command")) if wanted.args else ():
        if word not in wanted.args:
            fact = f"has the command {word}, and what its arguments mean to that is not known"
            yield fact, "take the command out, or require it as well: declare each of its words under requires.args"


def _again(container: Object, wanted: Required) -> Iterator[str]:
    """Yield the arguments that give an option that is required another value."""
    options = {name for argument in wanted.args for name, equals, _ in [argument.partition("=")] if equals}
    for word in (*strings(container.get("command")), *strings(container.get("args"))):
        if word.partition("=")[0] in options and word not in wanted.args:
            yield word


def _path(mount: Object) -> str:
    return posixpath.normpath(str(mount.get("mountPath")))


def _mounted(spec: Object, container: Object) -> Iterator[tuple[str, str]]:
    """Yield the path of each mount of a container, and what it mounts as `Kind/name`; of parts of a volume nothing."""
    volumes = {volume.get("name"): volume for volume in mappings(spec.get("volumes"))}
    for mount in mappings(container.get("volumeMounts")):
        volume = mapping(volumes.get(mount.get("name")))
        claim, secret = mapping(volume.get("persistentVolumeClaim")), mapping(volume.get("secret"))
        config = mapping(volume.get("configMap"))
        path = _path(mount)
        if mount.get("subPath") or mount.get("subPathExpr") or secret.get("items") or config.get("items"):
            continue
        if claim:
            yield path, f"PersistentVolumeClaim/{claim.get('claimName')}"
        elif secret:
            yield path, f"Secret/{secret.get('secretName')}"
        elif config:
            yield path, f"ConfigMap/{without_hash(str(config.get('name')))}"
        else:
            kind = next((key for key in volume if key != "name"), "nothing")
            yield path, kind
