"""What only several files together, or a file system of another kind, can get wrong."""

import pytest

from generator.fleet.load import Sources
from generator.fleet.validate import validate
from generator.reading import yaml_reader
from generator.reading.yaml_writer import scalar
from generator.rules import known
from tests.harness import ROOT


def sources(*tenants: tuple[str, str]) -> Sources:
    """Read tenant files from memory, with this checkout's platform.yaml."""
    files = {"platform.yaml": (ROOT / "platform.yaml").read_text(encoding="utf-8"), **dict(tenants)}
    platform, *documents = (yaml_reader.read(file, text.encode())[0] for file, text in files.items())
    return Sources(platform, tuple(document for document in documents if document), ())


def test_file_names_that_differ_in_case_alone_are_refused() -> None:
    """On some file systems one of them would replace the other."""
    _, findings = validate(
        sources(
            ("tenants/Company-001.yaml", "name: company-002\nplan: bronze\n"),
            ("tenants/company-001.yaml", "name: company-001\nplan: bronze\n"),
        ),
        known,
    )

    assert [(found.rule, str(found.place), found.fact) for found in findings] == [
        ("TEN002", "tenants/Company-001.yaml:1:7", "the file is named Company-001, its tenant company-002"),
        (
            "TEN003",
            "tenants/company-001.yaml:1:1",
            "the file's name differs from tenants/Company-001.yaml in case alone",
        ),
    ]


def test_tenants_come_sorted_by_name_wherever_their_files_lie() -> None:
    """So output never depends on folders."""
    fleet, findings = validate(
        sources(("tenants/z/aaa.yaml", "name: aaa\nplan: bronze\n"), ("tenants/bbb.yaml", "name: bbb\nplan: gold\n")),
        known,
    )

    assert findings == ()
    assert fleet is not None
    assert [tenant.name for tenant in fleet.tenants] == ["aaa", "bbb"]


@pytest.mark.parametrize(
    "text",
    [
        "株式会社サンプル",
        "Čeština a.s.",
        "Ελληνική Εταιρεία",
        "Газпром Yandex",
        "שלום",
        "葛󠄀城市",  # with a variation selector, as the city writes itself
        "O'Hara & Sons (Ltd.), 100% #1: {a} [b] <c>",
        "µTorrent",
        "🏢",
    ],
)
def test_names_of_real_companies_are_accepted(text: str) -> None:
    """A rule against forgeries must not refuse the honest ones."""
    _, findings = validate(
        sources(("tenants/company-001.yaml", f"name: company-001\nplan: gold\ndisplayName: {scalar(text)}\n")), known
    )

    assert findings == ()


def test_every_mistake_of_a_file_is_told() -> None:
    """One mistake never hides another, in one file as in many."""
    text = "name: company-001\nplan: gold\nstorage: 5Ti\nhosts: [x.example.org]\ndisplayName: ' x'\n"
    _, findings = validate(sources(("tenants/company-001.yaml", text)), known)

    assert sorted(found.rule for found in findings) == ["TEN010", "TEN014", "TEN026"]
