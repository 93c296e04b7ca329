"""What the provider runs beside the companies, as Argo CD reads argocd/platform/."""

from generator import layout
from generator.findings.finding import Refused
from generator.git.snapshot import Snapshot
from generator.kube import kustomization, kustomize
from generator.kube.kustomization import gate_of
from generator.kube.lenient import Object
from generator.reading import parsed, yaml_objects
from generator.reading.files import BY_HAND, Kind


def provider_objects(snapshot: Snapshot) -> tuple[tuple[Object, ...], str]:
    """Return the objects of argocd/platform/: built where there is a kustomization, else as its manifests say.

    Returns:
        The objects; and what kustomize said when it refused, or nothing.

    Raises:
        Refused: A file there may not be built or parsed.
    """
    folder = layout.PLATFORM_MANIFESTS
    if snapshot.kind_of(f"{folder}/{kustomization.FILE}") is Kind.FILE:
        (built,) = kustomize.build_all([gate_of(snapshot).open(folder)])
        return built.objects, built.error.replace(str(snapshot.root / folder), folder)
    depth = folder.count("/") + 1
    manifests = snapshot.collect_all(folder, BY_HAND, ".yaml")
    here = {path: raw for path, raw in manifests.items() if path.count("/") == depth}
    if refused := [found for path in here for found in parsed.bounded(snapshot.parsed(path))]:
        raise Refused(refused)
    objects = (obj for raw in here.values() for obj in yaml_objects.read_objects(raw.decode()))
    whole = (obj for obj in objects if isinstance(obj, dict) and {"apiVersion", "kind", "metadata"} <= obj.keys())
    return tuple(whole), ""
