"""The door to kubectl: what it cannot read is said in a line, within a bound of time."""

from pathlib import Path

import pytest

from generator.findings.finding import EnvironmentProblem
from generator.kube import kubectl
from generator.kube.kubectl import Answer


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("""echo '{"items": [{"kind": "Pod"}]}'""", Answer(objects=({"kind": "Pod"},))),
        ("""echo '{"kind": "Application"}'""", Answer(objects=({"kind": "Application"},))),
        ("echo it is so; echo Warning: old >&2; echo no such host >&2; exit 1", Answer(error="no such host")),
        ("exit 3", Answer(error="it ended with 3 and said nothing")),
        ("echo pods", Answer(error="what it printed is no list of objects")),
        ("exec sleep 20", Answer(error="no answer within 1 s")),
    ],
)
def test_what_is_read_or_why_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, answer: Answer
) -> None:
    """A program of that name stands in for a cluster that answers so."""
    program = tmp_path / "kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(kubectl, "_SECONDS", 1)

    assert kubectl.read(["get", "pods"], "or look yourself") == answer


def test_without_kubectl_the_other_way_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is guessed."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EnvironmentProblem, match="there is no kubectl") as raised:
        kubectl.read(["get", "pods"], "or look yourself")

    assert raised.value.hint == "install it, or look yourself"
