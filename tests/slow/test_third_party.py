"""What other people's checkers, built from tools/lint, say of the companies' rendered objects and of workflows."""

import hashlib
import importlib.resources
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final, get_args

import pytest

from generator.fleet.model import Publishing
from generator.git.snapshot import Snapshot
from generator.init import init
from generator.init.init import Answers
from generator.init.package import Package
from generator.kube import kustomize
from generator.kube.kustomization import Gate
from tests.slow.builds import ROOT, built

pytestmark = pytest.mark.slow

KUBERNETES: Final = "1.36"
SCHEMAS: Final = f"kubernetes-json-schema/v{KUBERNETES}.0-local-strict"
NOT_KUBERNETES: Final = (
    "external-secrets.io/v1/ExternalSecret",
    "external-secrets.io/v1/SecretStore",
    "gateway.networking.k8s.io/v1/HTTPRoute",
)
"""What Kubernetes has no schema of; our own strict schemas and the cluster tier check these."""

CRITICAL: Final = 1
"""kube-score's grade for what must not be."""

EXPLAINED: Final = ROOT / "docs/concepts/third-party-checks.md"


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of the checkers, at the versions that tools/lint/go.mod pins: half a minute, once."""
    module = ROOT / "tools/lint"
    pinned = hashlib.sha256((module / "go.mod").read_bytes() + (module / "go.sum").read_bytes()).hexdigest()
    return built(f"lint-{pinned[:12]}", ("go", "install", "tool"), cwd=module, env={"GOBIN": "{}"})


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One file for each committed company, and one for each as it would be with the other exposure."""
    copy = tmp_path_factory.mktemp("companies")
    shutil.copytree(ROOT / "base", copy / "base")
    shutil.copytree(ROOT / "overlays", copy / "overlays")
    shutil.copytree(ROOT / "overlays", copy / "otherwise")
    for kustomization in copy.glob("otherwise/*/kustomization.yaml"):
        text = kustomization.read_text(encoding="utf-8")
        swapped = re.sub(r"(components/(?:ai-chatbot-)?)(gateway|ingress)", _other_exposure, text)
        assert swapped != text
        kustomization.write_text(swapped, encoding="utf-8")
    folders = sorted(item.parent for item in copy.glob("*/*/kustomization.yaml") if item.parts[-3] != "base")
    gate = Gate(Snapshot.of_folder(copy))
    files = []
    for folder, (text, error) in zip(
        folders, kustomize.texts(gate.open(str(item.relative_to(copy))) for item in folders), strict=True
    ):
        assert not error
        file = copy / f"{folder.parent.name}-{folder.name}.yaml"
        file.write_text(text, encoding="utf-8")
        files.append(file)
    return files


def _other_exposure(found: re.Match[str]) -> str:
    return found[1] + {"gateway": "ingress", "ingress": "gateway"}[found[2]]


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The strict schemas that the package kubernetes-validate brings, with references that hold in a folder.

    They name each other by a web address; kubeconform would ask that address, and the network has no part in a test.
    """
    folder = tmp_path_factory.mktemp("schemas")
    for packaged in importlib.resources.files("kubernetes_validate").joinpath(SCHEMAS).iterdir():
        schema = json.loads(packaged.read_text(encoding="utf-8"))
        schema.pop("$id", None)
        (folder / packaged.name).write_text(json.dumps(schema).replace("/api/_definitions.json", "_definitions.json"))
    return folder


def test_kubeconform_accepts_every_object_strictly(tools: Path, schemas: Path, rendered: list[Path]) -> None:
    """Every object of Kubernetes is valid for the pinned version, without an unknown or a doubled key."""
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    command = f"{tools}/kubeconform -strict -verbose -output json -kubernetes-version {KUBERNETES}.0".split()
    done = subprocess.run(
        [*command, "-skip", ",".join(NOT_KUBERNETES), "-schema-location", location, *map(str, rendered)],
        capture_output=True,
        text=True,
        check=False,
    )
    results: list[dict[str, Any]] = json.loads(done.stdout)["resources"]

    wrong = [result for result in results if result["status"] not in {"statusValid", "statusSkipped"}]
    skipped = {f"{result['version']}/{result['kind']}" for result in results if result["status"] == "statusSkipped"}

    assert (done.returncode, done.stderr, wrong) == (0, "", [])
    assert skipped == set(NOT_KUBERNETES)


def test_kube_score_has_no_critical_finding_that_is_not_explained(tools: Path, rendered: list[Path]) -> None:
    """What kube-score calls critical is what the docs explain: no finding more, and no stale explanation."""
    done = subprocess.run(
        [tools / "kube-score", "score", "--kubernetes-version", f"v{KUBERNETES}", "-o", "json", *rendered],
        capture_output=True,
        text=True,
        check=False,
    )

    found = {
        check["check"]["id"]
        for scored in json.loads(done.stdout)
        for check in scored["checks"]
        if not check["skipped"] and check["grade"] == CRITICAL
    }

    assert found == set(re.findall(r"^\| `([a-z-]+)` \| critical \|", EXPLAINED.read_text(), re.MULTILINE))


def test_actionlint_accepts_our_workflows_and_those_that_init_writes(tools: Path, tmp_path: Path) -> None:
    """Syntax, contexts, the inputs of actions, and, where shellcheck is there, every script."""
    folders = [ROOT]
    for mode in get_args(Publishing):
        folder = tmp_path / mode
        answers = Answers(
            repo_url="https://x.example/y.git",
            domain="x.example",
            owners="@x",
            forge="github",
            mode=mode,
            package=Package(line=""),
        )
        for path, text in init.laid_down(init.own_files(), answers).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        folders.append(folder)

    for folder in folders:
        files = sorted(folder.glob(".github/workflows/*.yaml"))
        done = subprocess.run([tools / "actionlint", *files], cwd=folder, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, len(files) >= 3) == (0, "", True)
