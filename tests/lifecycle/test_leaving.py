"""What keeps a company that leaves from its next step, by what a cluster was seen to answer."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from generator.fleet.states import SYNCED
from generator.generate.argocd import FINALIZER
from generator.lifecycle import leaving

NAME = "company-001"
HELD = {"argocd.argoproj.io/sync-options": "ServerSideApply=true,Prune=false,Delete=false"}


def application(*let_go: str) -> dict[str, Any]:
    """Return one that waits for claims to go by hand."""
    resources = [
        {
            "kind": "PersistentVolumeClaim",
            "name": name,
            "namespace": NAME,
            "status": "OutOfSync",
            "requiresPruning": True,
        }
        for name in let_go
    ]
    status = {"sync": {"status": "OutOfSync"}, "resources": resources}
    return {"kind": "Application", "metadata": {"name": NAME, "finalizers": [FINALIZER]}, "status": status}


def claim(name: str) -> dict[str, Any]:
    """Return a claim that is guarded."""
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": NAME, "annotations": HELD}}


def test_a_claim_that_was_let_go_is_told_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody but a person removes it, so that waiting alone would never end; one that is in git is waited for."""
    answers = {"applications": [application("search-index")], "persistentvolumeclaims": [claim("search-index")]}
    answers["persistentvolumeclaims"].append(claim("files"))
    script = "".join(f"*' {kind}'*) echo '{json.dumps({'items': items})}';; " for kind, items in answers.items())
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"""#!/bin/sh\ncase " $*" in {script}*) echo '{{"items": []}}';; esac\n""")
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    assert list(leaving.waits(tmp_path / "kubeconfig", "argocd", NAME, SYNCED)) == [
        "the Application is OutOfSync",
        (
            f"PersistentVolumeClaim/{NAME}/search-index has left git and still has Delete=false, Prune=false:"
            f" kubectl delete persistentvolumeclaim search-index --namespace={NAME}"
        ),
        f"PersistentVolumeClaim/{NAME}/files still has Delete=false, Prune=false",
    ]
