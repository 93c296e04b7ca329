"""The guide of rings, followed: every command of it is run, on the day on which it may be."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.harness import ROOT, Ran, Repository, environment
from tests.lifecycle.standing_in import Kubectl, Prometheus

GUIDE: Final = (ROOT / "docs/guides/roll-out.md").read_text(encoding="utf-8")
COMMANDS: Final = tuple(
    " ".join(found.split())
    for found in re.findall(r"^\$ (tenantry [^\n]*)$|`((?:tenantry|git checkout) [^`]*)`", GUIDE, re.MULTILINE)
    for found in found
    if found
)
FILESERVER: Final = "base/edge/core/fileserver.yaml"
NETWORK: Final = "base/guard/core/network.yaml"


class Followed:
    """A repository with the guide's rings before its release 3, in which its commands are typed.

    Args:
        root: Where.
    """

    def __init__(self, root: Path) -> None:
        self.here = Repository(root)
        self.typed: list[str] = []
        self.url = ""
        self.kubeconfig = ""
        (rings,) = re.findall(r"```yaml\n(rings:.*?)```", GUIDE, re.DOTALL)
        text = self.here.read("platform.yaml")
        rings = rings.replace('"3"', '"2"')
        self.here.write("platform.yaml", re.sub(r"rings: .*\n- \{name: general.*\n", lambda _: rings, text))
        self.here.git("init", "--quiet", "--initial-branch=main")
        for ring in ("development", "pilot", "staged"):
            self.here.tenant(f"{ring}-1", ring=ring)
        for number in range(1, 9):
            self.here.tenant(f"company-{number:03}")
        for _ in range(2):
            self.edge()
            assert self.here.run("release").exit == 0
        self.edge()
        self.committed("2026-11-01")

    def edge(self) -> None:
        """Change what runs."""
        text = self.here.read(FILESERVER)
        seconds = int(re.findall("minReadySeconds: ([0-9]+)", text)[0])
        self.here.write(FILESERVER, text.replace(f"minReadySeconds: {seconds}", f"minReadySeconds: {seconds + 1}"))

    def committed(self, day: str) -> None:
        """Generate, and commit all that there is."""
        self.here.generate()
        when = {"GIT_AUTHOR_DATE": f"{day}T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
        for command in (["add", "--all"], ["commit", "--quiet", "--message", "a change"]):
            subprocess.run(["git", *command], cwd=self.here.root, env=environment() | when, check=True)

    def type(self, command: str, day: str, code: int = 0) -> Ran:
        """Run a command of the guide on a day, and commit what it made."""
        assert command in COMMANDS, command
        self.typed.append(command)
        known = {"https://prometheus.example.com": self.url, "cluster.yaml": self.kubeconfig}
        _, verb, *arguments = [known.get(word, word) for word in shlex.split(command)]
        time = {"promote": ("--now", f"{day}T13:00:00Z"), "due": ("--today", day)}.get(verb, ())
        done = self.here.run(verb, *arguments, *time)
        assert done.exit == code, done.said
        self.committed_if_changed(day)
        return done

    def committed_if_changed(self, day: str) -> None:
        """Commit what a command made, if it made anything."""
        if self.here.git("status", "--porcelain"):
            self.committed(day)

    def runs(self, company: str) -> str:
        """Return the release that a company runs by its overlay."""
        text = self.here.read(f"overlays/{company}/kustomization.yaml")
        (release,) = re.findall("base/(?:releases/([0-9]+)|(edge))/core", text)
        return "".join(release)


def roll_out(followed: Followed, kubectl: Kubectl) -> None:
    """Freeze release 3, and bring it from ring to ring, up to the first batch of the last."""
    here = followed.here
    followed.kubeconfig = str(kubectl.kubeconfig)
    kubectl.answers(["development-1"], "Healthy")
    with Prometheus([], known=("company-001", "pilot-1", "staged-1")) as followed.url:
        followed.type("tenantry set company-001 ring=pilot", "2026-11-01")
        froze = followed.type('tenantry release --notes "the server 0.48"', "2026-11-02")
        (said,) = re.findall(r"^\$ tenantry release --notes .*\n(.*\n.*)\n```", GUIDE, re.MULTILINE)
        assert froze.stderr.splitlines() == said.splitlines()

        listed = followed.type("tenantry promote", "2026-11-02").stdout
        assert re.search(r"^ *pilot +2 .* 3: 2 companies, [0-9]+ pods more", listed, re.MULTILINE), listed
        followed.type("tenantry promote pilot --kubeconfig cluster.yaml", "2026-11-03")
        assert [followed.runs(name) for name in ("company-001", "pilot-1", "staged-1")] == ["3", "3", "2"]
        followed.type("tenantry promote staged --prometheus https://prometheus.example.com", "2026-11-06")
        assert followed.runs("staged-1") == "3"
        done = here.run("promote", "general", "--prometheus", followed.url, "--now", "2026-11-13T13:00:00Z")
        assert done.exit == 0, done.said
    followed.committed("2026-11-13")
    assert '- {name: general, release: "2", batch: 25, soak: 1d, next: {release: "3", share: 25}' in here.read(
        "platform.yaml"
    )


@pytest.mark.slow
def test_the_guide_of_rings_leads_through_a_roll_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From edge to all customers, back, a fix for everybody, a guard, a stop, and what is left when it is pruned."""
    kubectl = Kubectl(tmp_path, monkeypatch)
    followed = Followed(tmp_path / "repository")
    here = followed.here
    roll_out(followed, kubectl)

    followed.type("tenantry promote general 2", "2026-11-13")
    assert {followed.runs(f"company-{number:03}") for number in range(2, 9)} == {"2"}

    followed.edge()
    assert here.run("release").exit == 0
    followed.committed("2026-11-14")
    followed.type('tenantry promote --all 4 --reason "CVE-2026-1"', "2026-11-14")
    assert {followed.runs(f"company-{number:03}") for number in range(1, 9)} == {"4"}
    assert followed.runs("development-1") == "edge"

    followed.type("tenantry release --guard", "2026-11-15")
    done = here.run("promote", "--guard", "general", "1", "--now", "2026-11-15T13:00:00Z")
    assert done.exit == 0, done.said
    here.edit(NETWORK, "port: 4317", "port: 4316")
    here.edit("platform.yaml", "collector: {namespace", "collector: {ports: [4316, 4318], namespace")
    assert here.run("release", "--guard").exit == 0
    followed.committed("2026-11-15")
    assert "guards/1/core" in here.read("overlays/company-002/kustomization.yaml")
    followed.type("tenantry promote --guard --all 2", "2026-11-15")
    assert "guards/2/core" in here.read("overlays/company-002/kustomization.yaml")
    assert "guard/core" in here.read("overlays/pilot-1/kustomization.yaml")  # a ring on live stays there

    followed.type('tenantry promote --stop --reason "the storage is slow"', "2026-11-16")
    followed.type("tenantry promote --due", "2026-11-16")
    followed.type("tenantry promote --go", "2026-11-16")
    assert "freezes" not in here.read("platform.yaml")

    followed.type("tenantry due", "2026-11-16")
    followed.type("tenantry release --prune", "2026-11-17")
    left = sorted(path.name for path in (here.root / "base/releases").iterdir() if path.is_dir())
    assert left == ["2", "3", "4"]  # general was on 2 before 4, and the rings before it on 3
    assert sorted(path.name for path in (here.root / "base/guards").iterdir()) == ["2", "2.yaml"]
    back = "git checkout COMMIT -- base/releases/1 base/releases/1.yaml"
    followed.typed.append(back)
    here.git(*shlex.split(back.replace("COMMIT", "HEAD~1"))[1:])
    followed.committed("2026-11-17")
    assert here.run("verify").exit == 0

    assert set(followed.typed) == set(COMMANDS)
