"""The objects that the provider runs beside the tenants, as the files of argocd/platform/ write them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from generator import layout
from generator.findings.finding import Found, Place, TenantryError
from generator.kube.lenient import Object, mapping
from generator.once import once
from generator.reading import yaml_objects
from generator.reading.schema import Path, dotted
from generator.reading.yaml_objects import Described
from generator.render.rendered import Repository, identity

Check = Callable[[str, Object], Iterator[tuple[Path, str, str]]]
"""From the cluster's version and an object to what is wrong with it: path, fact and hint."""

KUSTOMIZATION = f"{layout.PLATFORM_MANIFESTS}/kustomization.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An object as a file of argocd/platform/ writes it.

    Attributes:
        data: The object.
        file: The file.
        line: Its first line there.
        beside: All objects of the file.
    """

    data: Object
    file: str
    line: int
    beside: tuple[Described, ...]

    def place(self, path: Path = (), *, key: bool = False) -> Place:
        """Return where a part of the object stands."""
        del key
        return yaml_objects.part_of(self.beside, self.file, self.line, path, self.data)


def of_platform(repository: Repository, check: Check) -> Iterator[Found]:
    """Yield what a check finds in the objects of argocd/platform/.

    Args:
        repository: All that is committed.
        check: What is looked for.
    """
    version = repository.fleet.platform.cluster.kubernetes
    for written in platform_objects(repository):
        for path, fact, hint in check(version, written.data):
            said = f"{dotted(path)}: {fact}" if path else fact
            yield Found(written.place(path), said, hint, identity(written.data))


@once
def platform_objects(repository: Repository) -> tuple[Written, ...]:
    """Return each object of argocd/platform/, in the order of the files."""
    found = []
    for file, text in sorted(repository.files.items()):
        if not file.startswith(f"{layout.PLATFORM_MANIFESTS}/") or not file.endswith(".yaml") or file == KUSTOMIZATION:
            continue
        try:
            beside = yaml_objects.described(file, text.encode())
            objects = [obj for obj in yaml_objects.read_objects(text) if isinstance(obj, dict)]
        except (TenantryError, ValueError):
            continue  # what is no YAML is left to the gate
        for obj in objects:
            name = mapping(obj.get("metadata")).get("name")
            lines = [
                described.line for described in beside if (described.kind, described.name) == (obj.get("kind"), name)
            ]
            found += [Written(data=obj, file=file, line=line, beside=beside) for line in lines]
    return tuple(found)
