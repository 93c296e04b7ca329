# ruff: noqa: E501 -- what is said is shown in one piece
"""kustomize's silences, more of each kind: names that match more than they say, and files that no build reads."""

import copy
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from generator.findings.finding import Refused
from generator.git.snapshot import Snapshot
from generator.kube import kustomize
from generator.kube.kustomization import Buildable, Gate
from generator.reading import yaml_reader
from generator.render.rendered import Base
from generator.rules import kustomizations, unread
from tests.rules.harness import copy_repository, good_base, good_repository

FOLDER: Final = "base/edge/components/facts"
VARIABLES: Final = ["TENANT", "TENANT_TIER", "TIER", "a.b", "a-b", "8080", "80"]
CONTAINERS: Final = ["app", "app-sidecar", "fileserver"]


def _object(kind: str = "Deployment", name: str = "server") -> dict[str, Any]:
    """Return an object with entries of a list that are called much alike."""
    containers = [
        {
            "name": name,
            "image": name,
            "env": [{"name": variable, "value": "-"} for variable in VARIABLES],
            "ports": [{"containerPort": port, "name": f"p{port}"} for port in (80, 8080, 443)],
        }
        for name in CONTAINERS
    ]
    spec = {"template": {"spec": {"containers": containers}}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "a"}, "spec": spec}


def _replacement(*fields: str, **select: str) -> dict[str, Any]:
    """Return a kustomization that writes the company's name into fields."""
    source = {"kind": "TenantFacts", "name": "tenant", "fieldPath": "spec.name"}
    target = {"select": {"kind": "Deployment", "name": "server", **select}, "fieldPaths": list(fields)}
    return {"replacements": [{"source": source, "targets": [target]}]}


def _patch(**target: str) -> dict[str, Any]:
    return {"patches": [{"target": {"kind": "Deployment", **target}, "patch": "- {op: test, path: /a, value: b}"}]}


def _base(data: Mapping[str, Any], *objects: dict[str, Any]) -> Base:
    """Return the release with another kustomization, and with objects that it makes."""
    base = good_base()
    text = yaml.safe_dump({"kind": "Component", **data})
    document, found = yaml_reader.read(f"{FOLDER}/kustomization.yaml", text.encode())
    assert document is not None, found
    probes = tuple(dataclasses.replace(probe, objects=(_object(), *objects)) for probe in base.probes)
    return dataclasses.replace(base, probes=probes, kustomizations={FOLDER: document})


ENV: Final = "spec.template.spec.containers.[name=fileserver].env"
PORTS: Final = "spec.template.spec.containers.[name=fileserver].ports"
ALL: Final = "spec.template.spec.containers"

NAMES: Final = (
    (
        f"{ENV}.[name=TENANT].value",
        "[name=TENANT] writes TENANT_TIER of Deployment server as well",
        f"{ENV}.[name=^TENANT$].value",
    ),
    (
        f"{ENV}.[name=TIER].value",
        "[name=TIER] writes TENANT_TIER of Deployment server as well",
        f"{ENV}.[name=^TIER$].value",
    ),
    (
        f"{ENV}.[name=T].value",
        "[name=T] writes TENANT and TENANT_TIER and TIER of Deployment server as well",
        f"{ENV}.[name=TENANT_TIER].value",
    ),
    (
        f"{ENV}.[name=NANT_T].value",
        "[name=NANT_T] writes TENANT_TIER of Deployment server as well",
        f"{ENV}.[name=^TENANT].value",
    ),
    (f"{ENV}.[name=a.b].value", "[name=a.b] writes a-b of Deployment server as well", f"{ENV}.[name=^a[.]b$].value"),
    (
        f"{PORTS}.[containerPort=80].name",
        "[containerPort=80] writes 8080 of Deployment server as well",
        f"{PORTS}.[containerPort=443].name",
    ),
    (
        f"{PORTS}.[name=p80].containerPort",
        "[name=p80] writes p8080 of Deployment server as well",
        f"{PORTS}.[name=p8080].containerPort",
    ),
    (
        f"{ALL}.[name=app].image",
        "[name=app] writes app-sidecar of Deployment server as well",
        f"{ALL}.[name=app-sidecar].image",
    ),
    (
        f"{ALL}.[name=server].image",
        "[name=server] writes fileserver of Deployment server as well",
        f"{ALL}.[name=fileserver].image",
    ),
    (
        f"{ALL}.[image=app].name",
        "[image=app] writes app-sidecar of Deployment server as well",
        f"{ALL}.[image=^app$].name",
    ),
    (
        f"{ALL}.*.env.[name=TENANT].value",
        "[name=TENANT] writes TENANT_TIER of Deployment server as well",
        f"{ALL}.*.image",
    ),
)
"""A field path, what is said of it, and one that passes."""


@pytest.mark.parametrize(("bad", "said", "good"), NAMES)
def test_a_name_in_a_field_path_matches_more_than_it_says(bad: str, said: str, good: str) -> None:
    """It is looked for anywhere in the value."""
    found = list(kustomizations.an_entry_writes_what_it_names(_base(_replacement(bad))))
    assert [item.fact for item in found] == [said]
    assert found[0].place.file == f"{FOLDER}/kustomization.yaml"
    assert list(kustomizations.an_entry_writes_what_it_names(_base(_replacement(good)))) == []


@pytest.mark.parametrize(("data"), [_replacement(f"{ALL}.0.image", name="server.v1"), _patch(name="server.v1")])
def test_a_dot_in_the_name_of_an_object_is_any_character(data: dict[str, Any]) -> None:
    """It selects another object as well, if there is one."""
    near = _object(name="server-v1")
    (found,) = kustomizations.an_entry_writes_what_it_names(_base(data, near))
    assert (found.fact, found.hint) == (
        "the name server.v1 selects Deployment server-v1 as well: its '.' is any character",
        'write "server[.]v1"',
    )
    assert list(kustomizations.an_entry_writes_what_it_names(_base(data, _object(name="server.v1")))) == []


@pytest.mark.real_builds
@pytest.mark.parametrize(("bad", "said", "good"), NAMES)
def test_kustomize_writes_what_is_said(bad: str, said: str, good: str, tmp_path: Path) -> None:
    """The real program writes into more than one entry, and with the way out into one; the near miss builds, too."""
    del said
    written = {field: _written(tmp_path / str(number), field) for number, field in enumerate((bad, good, _exit(bad)))}
    assert 0 < len(written[_exit(bad)]) <= len(written[bad])
    assert len(written[_exit(bad)]) == 1 or ".*." in bad


def _exit(field: str) -> str:
    """Do what the hint says."""
    (found,) = kustomizations.an_entry_writes_what_it_names(_base(_replacement(field)))
    step = found.fact.partition(" ")[0]
    return field.replace(step, found.hint.removeprefix("write "))


def _written(folder: Path, field: str) -> list[Any]:
    """Return every value that kustomize changes when a replacement writes a field."""
    folder.mkdir()
    source = {"kind": "ConfigMap", "name": "facts", "fieldPath": "data.name"}
    facts = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "facts"}, "data": {"name": "7"}}
    data = _replacement(field)
    data["replacements"][0]["source"] = source
    (folder / "kustomization.yaml").write_text(json.dumps({"resources": ["a.yaml"], **data}))
    (folder / "a.yaml").write_text("---\n".join(map(yaml.safe_dump, (facts, _object()))))
    (built,) = kustomize.build_all([Buildable(folder)])
    assert not built.error
    (after,) = (obj for obj in built.objects if obj["kind"] == "Deployment")
    return [
        path
        for path, _ in yaml_reader.walk_strings(_texts(after))
        if _at(_texts(_object()), path) != _at(_texts(after), path)
    ]


def _texts(value: Any) -> Any:
    """Return data with every scalar as a text."""
    if isinstance(value, dict):
        return {key: _texts(inner) for key, inner in value.items()}
    return [_texts(inner) for inner in value] if isinstance(value, list) else str(value)


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


RESOURCES: Final = (
    "name it under resources: of base/edge/core/kustomization.yaml, or remove the file if nobody needs it"
)

FILES: Final = (
    ("base/edge/core/deny-metadata.yaml", RESOURCES),
    ("base/edge/core/deny.yml", RESOURCES),
    ("base/edge/core/deny.json", RESOURCES),
    ("base/edge/core/Deny.YAML", RESOURCES),
    ("base/edge/core/more/deny.yaml", RESOURCES),
    ("base/edge/deny.yaml", RESOURCES),
    ("base/deny.yaml", RESOURCES),
    ("base/egde/core/deny.yaml", RESOURCES),
    ("base/edge/components/deny.yaml", RESOURCES),
    (
        "base/edge/components/gateway/deny.yaml",
        "name it under resources: of base/edge/components/gateway/kustomization.yaml, or remove the file if nobody needs it",
    ),
    ("base/edge/components/new/deny.yaml", RESOURCES),
    ("base/edge/core/patch.yaml", RESOURCES),
)


@pytest.mark.parametrize(("file", "hint"), FILES)
def test_a_manifest_that_no_kustomization_names_is_said(file: str, hint: str) -> None:
    """It is never applied; a page for people beside it is."""
    base = good_base()
    (found,) = unread.every_manifest_is_read(dataclasses.replace(base, files=(*base.files, file)))
    assert (found.place.file, found.fact, found.hint) == (file, "no kustomization names this file", hint)
    page = f"{file.rpartition('/')[0]}/README.md"
    assert list(unread.every_manifest_is_read(dataclasses.replace(base, files=(*base.files, page)))) == []


@pytest.mark.parametrize(
    ("folder", "hint"),
    [
        ("base/edge/components/gatway", "did you mean 'gateway'?"),
        ("base/edge/components/ai-chatbot-gatewy", "did you mean 'ai-chatbot-gateway'?"),
        ("base/edge/backup", "name it in another kustomization, or remove the folder"),
        ("base/edge/core/extra", "name it in another kustomization, or remove the folder"),
    ],
)
def test_a_kustomization_that_no_build_reads_is_said(folder: str, hint: str) -> None:
    """No overlay names it, and no other kustomization does; one that another names is read."""
    base = good_base()
    document, _ = yaml_reader.read(f"{folder}/kustomization.yaml", b"kind: Component\n")
    more: dict[str, Any] = {**base.kustomizations, folder: document}
    (found,) = unread.every_manifest_is_read(dataclasses.replace(base, kustomizations=more))
    assert (found.place.file, found.fact, found.hint) == (
        f"{folder}/kustomization.yaml",
        "no build reads this kustomization",
        hint,
    )
    core = base.kustomizations["base/edge/core"]
    data = copy.deepcopy(core.data)
    data["components"] = [f"../{folder.removeprefix('base/edge/')}"]
    named = {**more, "base/edge/core": dataclasses.replace(core, data=data)}
    assert list(unread.every_manifest_is_read(dataclasses.replace(base, kustomizations=named))) == []


SPELLINGS: Final = (
    ("kustomization.yml", "kustomize reads this file, and tenantry reads kustomization.yaml alone"),
    ("Kustomization", "kustomize reads this file, and tenantry reads kustomization.yaml alone"),
    ("kustomization", "kustomize reads this file, and tenantry reads kustomization.yaml alone"),
    ("Kustomization.yaml", "kustomize reads this file, and tenantry reads kustomization.yaml alone"),
    ("KUSTOMIZATION.YML", "kustomize reads this file, and tenantry reads kustomization.yaml alone"),
    ("kustomize.yaml", "there is no kustomization.yaml in this folder, and kustomize.yaml is none for kustomize"),
    (
        "kustomisation.yaml",
        "there is no kustomization.yaml in this folder, and kustomisation.yaml is none for kustomize",
    ),
    (
        "kustomizations.yaml",
        "there is no kustomization.yaml in this folder, and kustomizations.yaml is none for kustomize",
    ),
    ("kustomzation.yaml", "there is no kustomization.yaml in this folder, and kustomzation.yaml is none for kustomize"),
    (
        "kustomization.yaml.bak",
        "there is no kustomization.yaml in this folder, and kustomization.yaml.bak is none for kustomize",
    ),
    (
        "kustomization.json",
        "there is no kustomization.yaml in this folder, and kustomization.json is none for kustomize",
    ),
)


@pytest.mark.parametrize(("name", "fact"), SPELLINGS)
def test_a_kustomization_of_another_spelling_is_renamed(name: str, fact: str, tmp_path: Path) -> None:
    """It is named with the command that passes, and after that command the release is read."""
    copy_repository(tmp_path / "a")
    folder = tmp_path / "a" / FOLDER
    (folder / "kustomization.yaml").rename(folder / name)

    with pytest.raises(Refused) as refused:
        Gate(Snapshot.of_folder(tmp_path / "a")).closure([FOLDER])

    (found,) = refused.value.findings
    assert (found.rule, found.place.file, found.fact) == ("KUS018", f"{FOLDER}/{name}", fact)
    assert found.hint == f"rename it: git mv {FOLDER}/{name} {FOLDER}/kustomization.yaml"
    (folder / name).rename(folder / "kustomization.yaml")
    assert Gate(Snapshot.of_folder(tmp_path / "a")).closure([FOLDER])


def test_the_platforms_kustomization_is_called_so_as_well() -> None:
    """Argo CD builds with another spelling, and our checks would not know."""
    repository = good_repository()
    old, new = "argocd/platform/kustomization.yaml", "argocd/platform/kustomization.yml"
    files = {new if file == old else file: text for file, text in repository.files.items()}
    (found,) = unread.every_manifest_of_the_platform_is_read(dataclasses.replace(repository, files=files))
    assert (found.place.file, found.fact, found.hint) == (
        new,
        "Argo CD builds with this file, and tenantry reads kustomization.yaml alone",
        f"rename it: git mv {new} {old}",
    )
    assert list(unread.every_manifest_of_the_platform_is_read(repository)) == []


def test_a_manifest_without_an_object_is_said() -> None:
    """It is named, and brings nothing."""
    base = good_base()
    file = "base/edge/core/fileserver.yaml"
    emptied = dataclasses.replace(base, sources={**base.sources, file: "# deny everything\n---\n"})
    (found,) = unread.every_manifest_is_read(emptied)
    assert (found.place.file, found.fact, found.hint) == (
        "base/edge/core/kustomization.yaml",
        "fileserver.yaml holds no object",
        "remove it from the list",
    )


def test_a_reject_that_matches_nothing_is_said() -> None:
    """It keeps nothing out: more is written than was meant."""
    data = _replacement(f"{ALL}.[image=^app$].image")
    (target,) = data["replacements"][0]["targets"]
    target["options"] = {"encoding": "base64"}  # so that what is held is not compared
    target["reject"] = [{"kind": "Deployment", "name": "servr"}]
    near = _object(name="other")
    (found,) = kustomizations.every_replacement_writes_its_fact(_base(data, near))
    assert found.fact == "reject (kind Deployment, name servr) matches no object, and keeps none out"
    target["reject"] = [{"kind": "Deployment", "name": "other"}]
    assert list(kustomizations.every_replacement_writes_its_fact(_base(data, near))) == []


def test_a_namespace_in_base_is_said() -> None:
    """Each overlay writes its own over it."""
    found = list(kustomizations.every_entry_changes_something(_base({"namespace": "files"})))
    assert [(item.fact, item.hint) for item in found] == [
        ("each overlay puts its own in the place of this namespace", "remove it")
    ]
