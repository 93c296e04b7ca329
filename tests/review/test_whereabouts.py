"""A company's files and secrets stay where its pods find them: over real commits, each case a change of base/."""

import re
from typing import Final

import pytest

from tests.harness import Repository
from tests.review.test_two_commits import CORE, check, commit, follow, found, here, on_main, start

__all__ = ["here", "start"]  # the fixtures

STORE: Final = "base/guard/core/secret-store.yaml"
MOUNT: Final = "        - name: files\n          mountPath: /data\n"
VOLUME: Final = "          claimName: files\n"
RESOURCES: Final = (
    "        resources:\n          requests: {cpu: 1m, memory: 1Mi, ephemeral-storage: 1Mi}\n"
    "          limits: {cpu: 1m, memory: 1Mi, ephemeral-storage: 1Mi}\n"
)
WHOM: Final = "for company-001, company-002 [CHG020]\n"
FILESERVER: Final = "the container fileserver of the Deployment fileserver"


def said_of(repository: Repository) -> list[tuple[str, str]]:
    """Return the facts of CHG020, with their places."""
    return re.findall(r"(.+?): error: (.+), for .+ \[CHG020\]\n", found(repository))


def line_of(repository: Repository, file: str, kind: str) -> int:
    """Return the line where a kind's first object starts."""
    before = repository.read(file).partition(f"kind: {kind}\n")[0]
    return before.count("\n")


def scratch(repository: Repository, path: str, name: str = "scratch") -> Repository:
    """Give the file server a volume that does not outlive the pod, at a path."""
    repository.edit(CORE, MOUNT, f"{MOUNT}        - name: {name}\n          mountPath: {path}\n")
    return repository.edit(CORE, VOLUME, f"{VOLUME}      - name: {name}\n        emptyDir: {{}}\n")


@pytest.mark.slow
def test_another_part_of_a_claim_is_refused_until_it_is_taken_back(here: Repository) -> None:
    """The files are all there, and the customer sees an empty folder; the hint's command passes."""
    line = line_of(here, CORE, "Deployment")
    refused = check(here.edit(CORE, MOUNT, f"{MOUNT}          subPath: v2\n"))
    follow(here, refused.stdout, "CHG020")
    passed = check(here)

    assert refused.exit == 1
    assert (
        f"{CORE}:{line}:1: error: {FILESERVER} mounts another part of the PersistentVolumeClaim files at /data, {WHOM}"
        "  hint: take it back: git restore --source="
    ) in refused.stdout
    assert passed.exit == 0, passed.said


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (MOUNT, f"{MOUNT}          readOnly: true\n", "mounts the PersistentVolumeClaim files read-only at /data"),
        (VOLUME, f"{VOLUME}          readOnly: true\n", "mounts the PersistentVolumeClaim files read-only at /data"),
        (MOUNT, MOUNT.replace("/data", "/old"), "no longer mounts the PersistentVolumeClaim files at /data"),
        (
            MOUNT,
            f"{MOUNT}          subPathExpr: $(HOSTNAME)\n",
            "mounts another part of the PersistentVolumeClaim files at /data",
        ),
    ],
    ids=["the mount read-only", "the volume read-only", "another path", "a part with a variable"],
)
def test_a_mount_that_changes_is_refused(here: Repository, old: str, new: str, what: str) -> None:
    """Once for all companies, at the workload."""
    line = line_of(here, CORE, "Deployment")

    assert said_of(here.edit(CORE, old, new)) == [(f"{CORE}:{line}:1", f"{FILESERVER} {what}")]


@pytest.mark.parametrize("path", ["/data/old", "/data/old/"])
def test_a_volume_below_a_claim_hides_what_lies_there(here: Repository, path: str) -> None:
    """However the path is written."""
    line = line_of(here, CORE, "Deployment")
    fact = f"{FILESERVER} mounts the volume scratch at /data/old, where the PersistentVolumeClaim files has /data"

    assert said_of(scratch(here, path)) == [(f"{CORE}:{line}:1", fact)]


def test_a_volume_in_the_place_of_a_claim_is_refused(here: Repository) -> None:
    """The claim is mounted further down, where no program looks."""
    scratch(here, "/data").edit(CORE, MOUNT, MOUNT.replace("/data", "/data/old"))

    assert [fact for _, fact in said_of(here)] == [
        f"{FILESERVER} no longer mounts the PersistentVolumeClaim files at /data"
    ]


def test_a_volume_above_a_claim_is_refused(here: Repository) -> None:
    """What is mounted later may lie over it."""
    on_main(here.edit(CORE, MOUNT, MOUNT.replace("/data", "/srv/data")))
    mount = MOUNT.replace("/data", "/srv/data")
    here.edit(CORE, mount, f"{mount}        - name: scratch\n          mountPath: /srv\n")
    here.edit(CORE, VOLUME, f"{VOLUME}      - name: scratch\n        emptyDir: {{}}\n")

    assert [fact for _, fact in said_of(here)] == [
        f"{FILESERVER} mounts the volume scratch at /srv, where the PersistentVolumeClaim files has /srv/data"
    ]


@pytest.mark.slow
def test_a_container_of_another_name_hides_nothing(here: Repository) -> None:
    """A mount that changes with the name of its container is refused all the same."""
    here.edit(CORE, "- name: fileserver\n        image", "- name: server\n        image")
    renamed = said_of(here)
    here.edit(CORE, MOUNT, f"{MOUNT}          subPath: v2\n")
    hidden = said_of(here)

    assert renamed == []
    assert [fact for _, fact in hidden] == [
        "no container has the PersistentVolumeClaim files as fileserver of the Deployment fileserver had it"
    ]


def test_an_init_container_is_looked_at_as_well(here: Repository) -> None:
    """So is a sidecar, which is one of them."""
    init = f"      initContainers:\n      - name: index\n        image: fileserver\n{RESOURCES}        volumeMounts:\n"
    on_main(here.edit(CORE, "      containers:\n", f"{init}{MOUNT}      containers:\n"))
    here.edit(CORE, f"{init}{MOUNT}", f"{init}{MOUNT}          subPath: v2\n")

    part = "mounts another part of the PersistentVolumeClaim files at /data"
    assert [fact for _, fact in said_of(here)] == [f"the container index of the Deployment fileserver {part}"]


def test_what_brings_more_to_sight_passes(here: Repository) -> None:
    """The claim at a second path and in a new container, and a mount made writable."""
    on_main(here.edit(CORE, MOUNT, f"{MOUNT}          readOnly: true\n"))
    more = f"      - name: more\n        image: fileserver\n{RESOURCES}        volumeMounts:\n"
    also = MOUNT.replace("/data", "/also")
    here.edit(CORE, f"{MOUNT}          readOnly: true\n", f"{MOUNT}{also}")
    here.edit(CORE, "      containers:\n", f"      containers:\n{more}{MOUNT}          subPath: v2\n")

    assert said_of(here) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("server: https://vault.example.com", "server: https://vault.example.net"), ("path: kv", "path: other")],
    ids=["server", "path"],
)
def test_a_secret_store_that_asks_elsewhere_is_refused(here: Repository, old: str, new: str) -> None:
    """The secrets of every company are left behind where they are."""
    line = line_of(here, STORE, "SecretStore")

    assert said_of(here.edit(STORE, old, new)) == [
        (f"{STORE}:{line}:1", "the SecretStore tenant asks another server or path")
    ]


def test_a_secret_store_that_is_entered_otherwise_passes(here: Repository) -> None:
    """A near miss: who asks is another matter than where."""
    assert said_of(here.edit(STORE, "role: tenants", "role: companies")) == []


def test_a_secret_that_is_read_from_another_key_is_refused(here: Repository) -> None:
    """The users would be those of another list."""
    line = line_of(here, CORE, "ExternalSecret")
    here.edit(CORE, "key: tenants/placeholder/fileserver", "key: tenants/placeholder/files")

    assert said_of(here) == [
        (f"{CORE}:{line}:1", "the ExternalSecret fileserver-users no longer reads users.yaml from where it was")
    ]


@pytest.mark.slow
def test_a_secret_store_that_moves_is_lifted_by_an_approval(here: Repository) -> None:
    """The secrets were copied by hand, and somebody says so before the change."""
    files = (STORE, "platform.yaml")
    for path in files:
        here.edit(path, "server: https://vault.example.com", "server: https://vault.example.net")
    refused = commit(here).run("check", "--base", "main", "--approve", "the secrets were copied")
    changed = {path: here.read(path) for path in files}
    (file,) = (here.root / "approvals").glob("*.yaml")
    approval = file.read_text(encoding="utf-8")
    here.git("switch", "--quiet", "--force", "main")
    here.write(f"approvals/{file.name}", approval)
    commit(here, "approve")
    here.git("switch", "--quiet", "--create", "approved")
    for path, text in changed.items():
        here.write(path, text)
    passed = check(here)

    assert ": error: the SecretStore tenant asks another server or path, " in refused.stdout
    assert passed.exit == 0, passed.said
