"""What docs/guides/add-an-add-on.md says, done in a repository: a virus scanner that companies may have."""

import re
from pathlib import Path
from typing import Final

from tests.harness import ROOT

_GUIDE: Final = ROOT / "docs/guides/add-an-add-on.md"
_SCANNER: Final = "base/edge/components/scanner/scanner.yaml"


def sell(root: Path) -> None:
    """Write the files of base/ that bring the add-on, and declare it."""
    blocks = _blocks()
    for place in (name for name in blocks if name.startswith("base/") and "-claim/" not in name):
        _write(root, place, blocks[place])
    _edit(root, "platform.yaml", "^addons:\n", f"addons:\n{blocks['platform.yaml addons']}")
    _edit(root, "platform.yaml", r"^registries:.*\n(?:- .*\n)*", blocks["platform.yaml registries"])


def give_a_volume(root: Path) -> None:
    """Write the claim of the add-on, let its pods mount that, and declare it."""
    blocks = _blocks()
    for place in (name for name in blocks if "-claim/" in name):
        _write(root, place, blocks[place])
    _edit(root, _SCANNER, "^      containers:\n", f"{blocks['volumes of the pod']}      containers:\n")
    _edit(root, _SCANNER, "^        ports:\n", f"{blocks['mounts of the container']}        ports:\n")
    _edit(root, "platform.yaml", "^  scanner: .*\n", blocks["platform.yaml addons with a volume"])
    _admit(root, "persistentvolumeclaims")


def give_a_host(root: Path) -> None:
    """Write what the list of the guide names, each as the chatbot has it."""
    chatbot = (root / "base/edge/components/ai-chatbot/ai-chatbot.yaml").read_text()
    service = next(text for text in chatbot.split("---\n") if re.search("^kind: Service$", text, re.MULTILINE))
    file = root / _SCANNER
    file.write_text(f"{file.read_text()}---\n{_renamed(service)}")
    for exposure, kind, group in (
        ("gateway", "HTTPRoute", "gateway.networking.k8s.io"),
        ("ingress", "Ingress", "networking.k8s.io"),
    ):
        for half in ("edge", "guard"):
            for path in (root / f"base/{half}/components/ai-chatbot-{exposure}").iterdir():
                _write(root, _renamed(path.relative_to(root).as_posix()), _renamed(path.read_text()))
        state = root / f"base/guard/states/retiring-{exposure}/kustomization.yaml"
        text = state.read_text()
        start = text.index(f"- target: {{kind: {kind}, name: ai-chatbot}}\n")
        state.write_text(text + _renamed(text[start:]))
        _admit(root, f"count/{'httproutes' if kind == 'HTTPRoute' else 'ingresses'}.{group}")
    _edit(root, "platform.yaml", "^  scanner: {", "  scanner: {hostPrefix: scan, ")


def _blocks() -> dict[str, str]:
    return dict(re.findall(r"```yaml (.+)\n((?:.*\n)*?)```", _GUIDE.read_text(encoding="utf-8")))


def _renamed(text: str) -> str:
    return (
        text.replace("ai-chatbot", "scanner").replace("chat--", "scan--").replace("addons.chatbot.", "addons.scanner.")
    )


def _admit(root: Path, what: str) -> None:
    """Raise a count of the quota by one."""
    file = root / "base/guard/core/ceilings.yaml"
    (found,) = re.findall(rf'^    {re.escape(what)}: "(\d+)"$', file.read_text(), re.MULTILINE)
    _edit(
        root, file.relative_to(root).as_posix(), rf'^    {re.escape(what)}: ".*\n', f'    {what}: "{int(found) + 1}"\n'
    )


def _write(root: Path, place: str, text: str) -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text(text)


def _edit(root: Path, place: str, pattern: str, new: str) -> None:
    text, found = re.subn(pattern, lambda _: new, (root / place).read_text(), flags=re.MULTILINE)
    assert found == 1, f"{place}: {pattern!r} matches {found} times"
    (root / place).write_text(text)
