"""The nodes and prices of platform.yaml: what a schema cannot say of them is told at its place, with a way out."""

from pathlib import Path
from typing import Final

import pytest

from tests.harness import ROOT, Repository

NODE: Final = 'cpu: "16", memory: 64Gi'
LINES: Final = (ROOT / "platform.yaml").read_text(encoding="utf-8").partition("\n# What the companies run on.")[0]
LINE: Final = LINES.count("\n") + 2
"""Where what a case adds begins."""


def said(tmp_path: Path, text: str) -> str:
    """Return what `validate` says of this platform.yaml without nodes, and with some text at its end."""
    repository = Repository(tmp_path / "repository").tenant()
    done = repository.write("platform.yaml", f"{LINES}\n{text}\n").run("validate")
    return done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            f"nodes: [{{pool: a, count: 1, {NODE}}}, {{pool: a, count: 2, {NODE}}}]",
            "there are two pools 'a' [PLT001]\n  hint: give one of them another name\n",
            id="two pools of one name",
        ),
        pytest.param(
            f"nodes: [{{pool: a, count: {{min: 3, max: 2}}, {NODE}}}]",
            "nodes[0].count.min: 3 is more than max, 2 [PLT001]\n  hint: write 2 or less\n",
            id="a range upside down",
        ),
        pytest.param(
            f"nodes: [{{pool: a, count: 1, {NODE}, reserved: {{memory: 65Gi}}}}]",
            "nodes[0].reserved.memory: 65Gi is more than the node has, 64Gi [PLT001]\n  hint: write less than 64Gi\n",
            id="more reserved than there is",
        ),
        pytest.param(
            "platformPods: {perNode: {pods: 5}}",
            (
                "platformPods: it says something of nodes, and none are declared [PLT001]\n"
                "  hint: declare `nodes`, or remove platformPods\n"
            ),
            id="pods without nodes",
        ),
        pytest.param(
            f"nodes: [{{pool: tenants, count: 1, {NODE}}}]\nprices: {{nodes: {{tenant: 300}}}}",
            "prices.nodes.tenant: there is no pool 'tenant' [PLT001]\n  hint: did you mean 'tenants'?\n",
            id="a price of no pool",
        ),
        pytest.param(
            "prices: {tokens: {addon: wiki, perMillion: 3, millionsPerTenant: 2}}",
            (
                "prices.tokens.addon: there is no add-on 'wiki' [PLT001]\n"
                "  hint: declare it first, or remove its price\n"
            ),
            id="a price of no add-on",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """Each at its own line."""
    found = said(tmp_path, text)

    assert f"error: {words}" in found
    assert found.startswith(f"platform.yaml:{LINE + text.count(chr(10))}:"), found


@pytest.mark.parametrize(
    "text",
    [
        f"nodes: [{{pool: a, count: {{min: 0, max: 9}}, zones: [b, c], {NODE}}}]\nallowedOvercommit: 1.5",
        f"nodes: [{{pool: a, count: 3, {NODE}}}]\nprices: {{nodes: {{a: 0.5}}, storage: 0.08}}",
        "prices: {storage: 0.08, egress: {perGi: 0.09, giPerTenant: 50}}",
    ],
)
def test_what_is_declared_well_is_taken(tmp_path: Path, text: str) -> None:
    """Decimals of money and of ratios, too; without nodes and prices nothing is asked for."""
    assert said(tmp_path, text) == ""
