"""ARG: the settings of Argo CD itself that a promise leans on, as the files of argocd/platform/ write them."""

from collections.abc import Iterator
from typing import Final

from generator import layout
from generator.findings.finding import Found, Place
from generator.kube.lenient import mapping
from generator.reading import yaml_reader, yaml_writer
from generator.render.rendered import Repository
from generator.rules.rule import Per, rule

PARAMETERS: Final = "argocd-cmd-params-cm"
"""The ConfigMap that Argo CD's programs take their options from."""

SUBMODULES: Final = ("applicationsetcontroller.enable.git.submodule", "reposerver.enable.git.submodule")
"""The options that let a program fetch the submodules of a repository; each is on where nobody sets it."""


@rule(
    "ARG029",
    per=Per.FLEET,
    title="Argo CD fetches no submodule",
    why="What a submodule holds is applied, and read as entries, and no check has seen it.",
    fix='Set both options to "false" in argocd/platform/, and restart the two programs.',
    source="https://argo-cd.readthedocs.io/en/stable/user-guide/private-repositories/#submodules",
)
def submodules_are_not_fetched(repository: Repository) -> Iterator[Found]:
    """Both programs of Argo CD that read the repository leave its submodules alone.

    Only what stands in a file of its own counts, so that the place of a value is known. Without any file in
    argocd/platform/ there are no settings that could be looked at.
    """
    files = [file for file in sorted(repository.files) if file.startswith(f"{layout.PLATFORM_MANIFESTS}/")]
    documents = []
    for file in files:
        document, _ = yaml_reader.read(file, repository.files[file].encode())
        data = mapping(document.data) if document else {}
        if document and data.get("kind") == "ConfigMap" and mapping(data.get("metadata")).get("name") == PARAMETERS:
            documents.append(document)
    for option in SUBMODULES if files else ():
        values = [(item, item.data["data"][option]) for item in documents if option in mapping(item.data.get("data"))]
        for document, value in values:
            if value != "false":
                place, fact = document.place(("data", option)), f"{option} is {yaml_writer.scalar(value)}"
                yield Found(place, fact, f'write `{option}: "false"`')
        if not values:
            place = documents[0].place(("data",)) if documents else Place(files[0])
            fact = f"nothing in {layout.PLATFORM_MANIFESTS}/ sets {option}"
            where = f"below `data` of the ConfigMap {PARAMETERS}, in a file of its own that the kustomization names"
            yield Found(place, fact, f'write `{option}: "false"` {where}')
