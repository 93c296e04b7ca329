"""What no rule knows and somebody wants: by the verbs, on a file of base/, with the one entry that is named."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.harness import ROOT, Repository

LINES: Final = yaml.safe_load((ROOT / "tests/model/corpus.yaml").read_text(encoding="utf-8"))["one entry"]


def _edit(root: Path, name: str, path: str, value: Any) -> None:
    """Put a value at a path of an object, in the file of base/ where that is written."""
    kind, _, called = name.partition("/")
    called = "placeholder" if kind == "Namespace" else called
    for file in sorted((root / "base").rglob("*.yaml")):
        objects = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
        for obj in objects:
            if (obj.get("kind"), obj.get("metadata", {}).get("name")) == (kind, called):
                _put(obj, [step.replace("~1", ".") for step in path.split(".")], value)
                file.write_text(yaml.safe_dump_all(objects, sort_keys=False), encoding="utf-8")
                return
    # kustomize makes it: the chatbot's ConfigMap, which a file beside adds to
    assert kind == "ConfigMap"
    patch = yaml.safe_dump({"apiVersion": "v1", "kind": kind, "metadata": {"name": called}, path: value})
    file = root / "base/edge/components/ai-chatbot/kustomization.yaml"
    made = yaml.safe_load(file.read_text(encoding="utf-8"))
    made["patches"] = [{"target": {"kind": kind, "name": called}, "patch": patch}]
    file.write_text(yaml.safe_dump(made, sort_keys=False), encoding="utf-8")


def _put(at: Any, steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
    if isinstance(at, list):
        at[int(steps[-1]) : int(steps[-1]) + 1] = [value]
    elif isinstance(value, dict) and steps[-1] == "annotations":
        at[steps[-1]] = {**at.get(steps[-1], {}), **value}
    else:
        at[steps[-1]] = value


def _accept(repository: Repository, said: str) -> bool:
    """Copy the one entry that is named into platform.yaml, and say whether it is a key of the provider's own."""
    (own,) = set(re.findall(r"`metadata: (\{.+?\})`", said)) or {""}
    (entry,) = set(re.findall(r"under `accepted`: (\{.+\})", said)) if not own else {""}
    told = entry.replace("WHY", "it is needed").replace("WHO", "ops")
    platform = repository.read("platform.yaml")
    repository.write("platform.yaml", f"{platform}\nmetadata: {own}\n" if own else f"{platform}\naccepted:\n- {told}\n")
    return bool(own)


def _passes_with_its_entry(repository: Repository, name: str, path: str, value: Any) -> None:
    made = repository.tenant("company-002", plan="silver", addons=["chatbot"]).generate()
    _edit(made.root, name, path, value)
    made.generate()
    refused = made.run("verify")
    assert refused.exit == 1
    assert set(re.findall(r"error: .*\[(\w+)\]", refused.said)) == {"MOD001"}

    is_own = _accept(made, refused.said)

    ran = made.run("verify")
    assert ran.exit == 0, ran.said
    assert ("is accepted by ops: it is needed" in ran.said) is not is_own
    assert is_own or made.run("verify", "--strict").exit == 1


@pytest.mark.nightly
@pytest.mark.parametrize("line", LINES, ids=str)
def test_the_entry_that_is_named_lets_each_of_them_pass(repository: Repository, line: list[Any]) -> None:
    """And is printed as accepted; `--strict` refuses it then, but not a key of the provider's own."""
    _passes_with_its_entry(repository, *line)


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES[::12], ids=str)
def test_the_entry_that_is_named_lets_some_of_them_pass(repository: Repository, line: list[Any]) -> None:
    """A few of them in every run."""
    _passes_with_its_entry(repository, *line)
