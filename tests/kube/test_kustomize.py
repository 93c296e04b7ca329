"""The one process that tenantry starts on people's files: kustomize, without network and within its bounds."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from generator.kube import kustomize
from generator.kube.kustomization import Buildable

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"
WAY = "look for a patch or a replacement that copies much"

pytestmark = pytest.mark.real_builds


def built(folder: Path, patch: object = None, **kustomization: object) -> kustomize.Built:
    """Build a ConfigMap with a JSON patch, past the gate."""
    patches = [{"target": {"kind": "ConfigMap"}, "patch": json.dumps(patch)}] if patch else []
    text = json.dumps({"resources": ["a.yaml"], "patches": patches, **kustomization})
    (folder / "kustomization.yaml").write_text(text)
    (folder / "a.yaml").write_text(CONFIG_MAP)
    (done,) = kustomize.build_all([Buildable(folder)])
    return done


def doubling(times: int, text: str) -> list[dict[str, object]]:
    """Return a patch that copies a list into itself, again and again."""
    copy: dict[str, object] = {"op": "copy", "from": "/x", "path": "/x/-"}
    return [{"op": "add", "path": "/x", "value": [text]}, *[copy] * times]


def test_a_build_gives_its_objects_and_their_text(tmp_path: Path) -> None:
    """Nothing is lost on the way through the pipes."""
    done = built(tmp_path, [{"op": "replace", "path": "/data/a", "value": "ü" * 100_000}])

    assert done.objects == (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "ü" * 100_000}},
    )
    assert done.text.startswith("apiVersion: v1\ndata:\n  a: ü")


def test_what_is_printed_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few lines can make gigabytes of output."""
    monkeypatch.setattr(kustomize, "OUTPUT", 1 << 16)

    done = built(tmp_path, doubling(8, "a" * 1000))

    assert done.error == f"kustomize printed more than 65536 bytes and was ended: {WAY}"
    assert (done.objects, done.text) == ((), "")


def test_time_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a build that would take very long, not the hour but the second is waited for."""
    monkeypatch.setattr(kustomize, "SECONDS", 1.0)

    done = built(tmp_path, doubling(60, "a"))

    assert done.error == f"kustomize took more than 1 s and was ended: {WAY}"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process that runs already")
def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go says that it has none left, and we say what it had."""
    monkeypatch.setattr(kustomize, "MEMORY", 128 << 20)

    done = built(tmp_path, doubling(60, "a"))

    assert done.error == f"kustomize needed more than 128 MiB of memory and was ended: {WAY}"


def test_an_object_has_a_depth_that_recursion_bears(tmp_path: Path) -> None:
    """Each patch may be shallow, and one can write into what another has made."""
    value: object = "a"
    for _ in range(40):
        value = {"k": value}
    patch = [{"op": "add", "path": path, "value": value} for path in ("/x", "/x" + "/k" * 40)]

    assert built(tmp_path, patch).error == "ConfigMap/a has more than 64 levels of nesting"


# --- nothing of ours


def test_it_knows_nothing_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable can change what kustomize prints, and so what is compared between two machines."""
    plain = built(tmp_path, buildMetadata=["managedByLabel"]).text
    monkeypatch.setenv("KUSTOMIZE_ENABLE_MANAGEDBY_LABEL", "true")

    assert built(tmp_path).text.count("managed-by") == 0
    assert plain.count("managed-by") == 1, "this is what the variable would have done"


def test_no_other_program_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reference that gets past the gate finds no git; kustomize by itself would have run this one."""
    canary = tmp_path / "bin" / "git"
    canary.parent.mkdir()
    canary.write_text(f"#!/bin/sh\ntouch {tmp_path}/sung\n")
    canary.chmod(0o755)
    monkeypatch.setenv("PATH", str(canary.parent), prepend=os.pathsep)

    done = built(tmp_path, resources=["ssh://git@192.0.2.1/owner/repository"])

    assert "no 'git' program on path" in done.error
    assert not (tmp_path / "sung").exists()
    subprocess.run([kustomize.kustomize(), "build", tmp_path], check=False, capture_output=True)
    assert (tmp_path / "sung").exists(), "the canary can sing"


def test_no_address_is_asked(tmp_path: Path) -> None:
    """An address that gets past the gate leads to a proxy that nobody listens at."""
    address = _own_address()
    if address is None:
        pytest.skip("this machine has no address but the loopback's, for which Go takes no proxy")
    with socket.create_server((address, 0)) as server:
        done = built(tmp_path, resources=[f"http://{address}:{server.getsockname()[1]}/base.yaml"])

        assert "proxyconnect tcp: dial tcp 127.0.0.1:9" in done.error
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has knocked
            server.accept()


def _own_address() -> str | None:
    """Return an address of this machine that is not the loopback's; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") else address
