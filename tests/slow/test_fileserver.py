"""The file server that base/ names, run as its Deployment runs it: two pods' worth of it over one folder.

What is proved here is what a plan leans on: no pod holds anything of its own, so any pod can serve any request.
The program's version, arguments, user and probe are read from the manifest, so a change there is tried here.
Not proved here: the container image itself, a network file system, and the kubelet.
"""

import base64
import dataclasses
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from generator.git.snapshot import Snapshot
from generator.kube import kustomize
from generator.kube.kustomization import Gate
from tests.slow.builds import ROOT, built

pytestmark = pytest.mark.slow

# sha512-crypt of "correct horse", as `openssl passwd -6` writes it.
HASHED: Final = (
    "$6$tenantryexample$GTpN9iN2BbAzd9FC3z0SSJsr8zaQPMdtTDfktesr7zehm.mbh5.azSUhV86wOXJYRii8e157g0DqPoKwTwima/"
)
USERS: Final = f'auth:\n- "admin:{HASHED}@/:rw"\n- "reader:{HASHED}@/"\n'
RESUMABLE: Final = 20 * 1024 * 1024
"""Bytes from which on dufs keeps the beginning of an upload that was cut."""


@dataclasses.dataclass(frozen=True, slots=True)
class Manifest:
    """What the rendered Deployment says about the file server's container."""

    version: str
    args: tuple[str, ...]
    uid: int
    port: int
    health: str
    volume: str
    users: str


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes
    headers: http.client.HTTPMessage


@dataclasses.dataclass(frozen=True, slots=True)
class Pod:
    """One running file server."""

    process: subprocess.Popen[bytes]
    port: int

    def ask(
        self,
        method: str,
        path: str,
        *,
        user: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, as a user whose password is the one above, or as nobody."""
        sent = dict(headers or {})
        if user:
            sent["Authorization"] = "Basic " + base64.b64encode(f"{user}:correct horse".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.read(), response.headers)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """The file server's Deployment as kustomize renders it from base/edge/core."""
    (core,) = kustomize.build_all([Gate(Snapshot.of_work_tree(ROOT)).open("base/edge/core")])
    assert not core.error
    deployment = next(obj for obj in core.objects if obj["kind"] == "Deployment")
    pod: dict[str, Any] = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert "command" not in container, "the image's own entry point is the program"
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    return Manifest(
        version=container["image"].rpartition(":v")[2],
        args=tuple(container["args"]),
        uid=pod["securityContext"]["runAsUser"],
        port=container["ports"][0]["containerPort"],
        health=container["readinessProbe"]["httpGet"]["path"],
        volume=mounts["files"],
        users=mounts["users"],
    )


class Node:
    """A folder that plays the node: the shared volume, the mounted Secret, and nothing else to write to."""

    def __init__(self, manifest: Manifest, program: Path, folder: Path) -> None:
        """Lay out the folder as the kubelet would: the volume with the pod's group, the Secret read-only."""
        self.manifest = manifest
        self.root = os.geteuid() == 0
        self.program = Path(shutil.copy(program, folder / "dufs"))
        self.volume = folder / "volume"
        self.secret = folder / "secret"
        self.nowhere = folder / "nowhere"
        self.running: list[subprocess.Popen[bytes]] = []
        for part in (self.volume, self.secret, self.nowhere):
            part.mkdir()
        users = self.secret / "users.yaml"
        users.write_text(USERS)
        if self.root:
            os.chown(self.volume, 0, manifest.uid)
            os.chown(users, 0, manifest.uid)
        folder.chmod(0o755)
        self.volume.chmod(0o2775)
        users.chmod(0o440)
        self.nowhere.chmod(0o555)

    def pod(self) -> Pod:
        """Start one more file server on the volume and wait until its probe answers."""
        port = free_port()
        places = {self.manifest.volume: str(self.volume), self.manifest.users: str(self.secret)}
        places[str(self.manifest.port)] = str(port)
        args = list(self.manifest.args)
        for there, here in places.items():
            args = [arg.replace(there, here) for arg in args]
        process = subprocess.Popen(
            [self.program, *args],
            cwd=self.nowhere,
            env={},
            user=self.manifest.uid if self.root else None,
            group=self.manifest.uid if self.root else None,
            extra_groups=[] if self.root else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self.running.append(process)
        pod = Pod(process, port)
        until = time.monotonic() + 10
        while True:
            try:
                assert pod.ask("GET", self.manifest.health).status == http.HTTPStatus.OK
            except OSError:
                assert process.poll() is None, f"dufs ended with {process.returncode}"
                assert time.monotonic() < until, "dufs did not answer within ten seconds"
                time.sleep(0.02)
            else:
                return pod

    def stop(self) -> None:
        """End whatever still runs."""
        for process in self.running:
            process.kill()
            process.wait()


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def program(manifest: Manifest) -> Path:
    """The very version that the manifest names, built from its crate: two minutes, once."""
    cargo = ("cargo", "install", "dufs", "--locked", "--version", manifest.version, "--root", "{}")
    return built(f"dufs-{manifest.version}", cargo) / "bin/dufs"


@pytest.fixture
def node(manifest: Manifest, program: Path) -> Iterator[Node]:
    """A node without pods."""
    # Not in pytest's own folder, which the pods' user may not enter.
    with tempfile.TemporaryDirectory() as folder:
        node = Node(manifest, program, Path(folder))
        try:
            yield node
        finally:
            node.stop()


def test_what_one_pod_wrote_every_pod_serves(node: Node) -> None:
    """A file that came in through one pod is read through another."""
    one, other = node.pod(), node.pod()

    assert one.ask("PUT", "/plans/2027.txt", user="admin", body=b"grow").status == http.HTTPStatus.CREATED

    assert other.ask("GET", "/plans/2027.txt", user="reader").body == b"grow"


def test_the_death_of_a_pod_takes_nothing_along(node: Node) -> None:
    """When a pod is killed, the next one holds its files and takes new ones."""
    one, other = node.pod(), node.pod()
    one.ask("PUT", "/kept.txt", user="admin", body=b"kept")
    one.process.kill()
    one.process.wait()

    assert other.ask("GET", "/kept.txt", user="admin").body == b"kept"
    assert other.ask("PUT", "/new.txt", user="admin", body=b"new").status == http.HTTPStatus.CREATED


def test_a_login_belongs_to_no_pod(node: Node) -> None:
    """Each pod asks for Basic credentials alone: a Digest nonce would be good at the pod that made it only."""
    refused = [pod.ask("GET", "/") for pod in (node.pod(), node.pod())]

    asked = [(answer.status, answer.headers.get_all("WWW-Authenticate")) for answer in refused]

    assert asked == [(http.HTTPStatus.UNAUTHORIZED, ['Basic realm="DUFS"'])] * 2


def test_a_link_that_one_pod_signed_every_pod_honours(node: Node) -> None:
    """A download token is signed with the user's credentials, which every pod has, not with a secret of the pod."""
    one, other = node.pod(), node.pod()
    one.ask("PUT", "/offer.txt", user="admin", body=b"offer")
    token = one.ask("GET", "/offer.txt?tokengen", user="admin").body.decode()

    assert other.ask("GET", f"/offer.txt?token={token}").body == b"offer"


def cut_an_upload(node: Node, path: str, content: bytes) -> None:
    """Let a pod end on its stop signal when all of an upload but 4 KiB has arrived."""
    pod = node.pod()
    credentials = base64.b64encode(b"admin:correct horse").decode()
    file, arrived = node.volume / path.strip("/"), len(content) - 4096
    with socket.create_connection(("127.0.0.1", pod.port)) as upload:
        head = f"PUT {path} HTTP/1.1\r\nHost: files\r\nAuthorization: Basic {credentials}\r\n"
        upload.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode())
        upload.sendall(content[:arrived])
        until = time.monotonic() + 10
        while not file.exists() or not arrived - 4096 <= file.stat().st_size <= arrived:
            assert time.monotonic() < until, "the upload did not arrive within ten seconds"
            time.sleep(0.02)
        pod.process.send_signal(signal.SIGINT)
        pod.process.wait()


def test_an_upload_that_a_pod_cut_goes_on_at_the_next(node: Node) -> None:
    """The beginning of a large upload stays on the volume, and the rest is appended through another pod."""
    content = os.urandom(RESUMABLE + 4096)
    cut_an_upload(node, "/film.bin", content)
    other = node.pod()
    there = int(other.ask("HEAD", "/film.bin", user="admin").headers["Content-Length"])

    rest = other.ask("PATCH", "/film.bin", user="admin", body=content[there:], headers={"X-Update-Range": "append"})

    assert rest.status == http.HTTPStatus.NO_CONTENT
    assert other.ask("GET", "/film.bin", user="reader").body == content


def test_an_upload_that_is_cut_damages_the_file_that_was_there(node: Node) -> None:
    """As docs/concepts/plans.md says, with the way round it: another name first, then one rename on the volume."""
    old, new = os.urandom(RESUMABLE + 8192), os.urandom(RESUMABLE + 4096)
    pod = node.pod()
    for name in ("/kept.bin", "/damaged.bin"):
        assert pod.ask("PUT", name, user="admin", body=old).status == http.HTTPStatus.CREATED

    cut_an_upload(node, "/damaged.bin", new)
    cut_an_upload(node, "/kept.bin.part", new)

    left = pod.ask("GET", "/damaged.bin", user="reader").body
    assert left not in (old, new)
    assert pod.ask("GET", "/kept.bin", user="reader").body == old
    assert pod.ask("PUT", "/kept.bin.part", user="admin", body=new).status == http.HTTPStatus.CREATED
    where = {"Destination": f"http://127.0.0.1:{pod.port}/kept.bin"}
    assert pod.ask("MOVE", "/kept.bin.part", user="admin", headers=where).status == http.HTTPStatus.NO_CONTENT
    assert pod.ask("GET", "/kept.bin", user="reader").body == new


def test_a_pod_ends_at_once_on_the_stop_signal_of_its_image(node: Node) -> None:
    """The image says SIGINT; so what drains a pod is the Deployment's preStop, and no grace period is used up."""
    pod = node.pod()

    pod.process.send_signal(signal.SIGINT)

    assert pod.process.wait(timeout=2) == 0


def test_a_reader_may_not_write(node: Node) -> None:
    """A user without :rw is refused, whatever the server as a whole allows."""
    assert node.pod().ask("PUT", "/mine.txt", user="reader", body=b"x").status == http.HTTPStatus.FORBIDDEN


def test_the_chatbots_tools_find_folders_and_files(node: Node) -> None:
    """A folder is listed as JSON, and a path escaped as a whole, as the tools of agent.yaml write it, is that path."""
    pod = node.pod()
    pod.ask("PUT", "/notes/2027/plan.txt", user="admin", body=b"grow")

    listed = json.loads(pod.ask("GET", "/notes%2F2027?json", user="reader").body)

    assert [path["name"] for path in listed["paths"]] == ["plan.txt"]
    assert pod.ask("GET", "/notes%2F2027%2Fplan.txt", user="reader").body == b"grow"


@pytest.mark.parametrize("path", ["/../secret/users.yaml", "/..%2Fsecret%2Fusers.yaml", "/%2e%2e/secret/users.yaml"])
def test_no_path_leads_out_of_the_volume(node: Node, path: str) -> None:
    """The file beside the volume, which the pod itself may read, is never an answer."""
    answer = node.pod().ask("GET", path, user="admin")

    assert (answer.status, HASHED.encode() in answer.body) == (http.HTTPStatus.BAD_REQUEST, False)


def test_a_pod_needs_no_place_to_write_but_the_volume(node: Node) -> None:
    """With nothing writable around it, it takes, packs and deletes files, and leaves none elsewhere."""
    pod = node.pod()
    pod.ask("PUT", "/a/b.txt", user="admin", body=b"x" * 100_000)

    assert pod.ask("GET", "/a?zip", user="reader").status == http.HTTPStatus.OK
    assert pod.ask("DELETE", "/a/b.txt", user="admin").status == http.HTTPStatus.NO_CONTENT
    assert [sorted(item.name for item in part.iterdir()) for part in (node.volume, node.secret, node.nowhere)] == [
        ["a"],
        ["users.yaml"],
        [],
    ]
