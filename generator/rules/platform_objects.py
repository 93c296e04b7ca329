"""The objects that the provider runs beside the tenants, as the files of argocd/platform/ write them."""

from collections.abc import Callable, Iterator

from generator import layout
from generator.findings.finding import Found, TenantryError
from generator.kube.lenient import mapping
from generator.once import once
from generator.reading import yaml_objects
from generator.reading.schema import Path, dotted
from generator.reading.yaml_objects import Described
from generator.render.rendered import Object, Repository, identity

Check = Callable[[str, Object], Iterator[tuple[Path, str, str]]]
"""From the cluster's version and an object to what is wrong with it: path, fact and hint."""

KUSTOMIZATION = f"{layout.PLATFORM_MANIFESTS}/kustomization.yaml"


def of_platform(repository: Repository, check: Check) -> Iterator[Found]:
    """Yield what a check finds in the objects of argocd/platform/.

    Args:
        repository: All that is committed.
        check: What is looked for.
    """
    version = repository.fleet.platform.cluster.kubernetes
    for file, objects, written, obj in _platform_objects(repository):
        for path, fact, hint in check(version, obj):
            place = yaml_objects.part_of(objects, file, written.line, path, obj)
            yield Found(place, f"{dotted(path)}: {fact}" if path else fact, hint, identity(obj))


@once
def _platform_objects(repository: Repository) -> tuple[tuple[str, tuple[Described, ...], Described, Object], ...]:
    """Return each object with its file, all objects of that file, and itself as it is written there."""
    found = []
    for file, text in sorted(repository.files.items()):
        if not file.startswith(f"{layout.PLATFORM_MANIFESTS}/") or not file.endswith(".yaml") or file == KUSTOMIZATION:
            continue
        try:
            objects = yaml_objects.described(file, text.encode())
            data = [obj for obj in yaml_objects.read_objects(text) if isinstance(obj, dict)]
        except (TenantryError, ValueError):
            continue  # what is no YAML is left to the gate
        for obj in data:
            name = mapping(obj.get("metadata")).get("name")
            found += [(file, objects, one, obj) for one in objects if (one.kind, one.name) == (obj.get("kind"), name)]
    return tuple(found)
