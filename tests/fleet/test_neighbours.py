"""Whoever looks at one company finds what it shares with others as whoever looks at all of them does."""

import json
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator import layout, pipeline
from generator.findings.finding import Finding
from generator.fleet.load import Sources, files_called, load, load_some
from generator.fleet.neighbours import among_others
from generator.fleet.validate import validate
from generator.git.snapshot import Snapshot
from generator.rules import application_sets, known
from tests.harness import Repository

MINE: Final = "tenants/acme.yaml"
HOST: Final = "files.customers.example.net"


def _of_mine(sources: Sources) -> list[Finding]:
    found = validate(sources, known)[1]
    return [item for item in found if item.place.file in (MINE, layout.PLATFORM)]


def _both(repository: Repository, text: str) -> tuple[list[Finding], list[Finding]]:
    """Return what is wrong with a file among all others, and what is found when only neighbours are read."""
    snapshot, proposed = Snapshot.of_folder(repository.root), {MINE: text.encode()}
    alone = among_others(snapshot, load_some(snapshot, [MINE], proposed))[0]
    return _of_mine(load(snapshot, proposed)), _of_mine(alone)


@pytest.mark.parametrize(
    ("file", "text", "rule"),
    [
        ("tenants/b/acme.yaml", "name: acme\nplan: gold\n", "TEN003"),
        ("tenants/other.yaml", "name: acme\nplan: gold\n", "TEN003"),
        ("tenants/Acme.yaml", "name: acme-2\nplan: gold\n", "TEN003"),
        ("tenants/aaa.yaml", f"name: aaa\nplan: gold\nhosts: [{HOST}]\n", "TEN013"),
        ("tenants/aaa.yaml", f'name: aaa\nplan: gold\nhosts:\n- "\\x66iles{HOST[5:]}"\n', "TEN013"),
        ("tenants/aaa.yaml", f'{{"name": "aaa", "plan": "gold", "\\x68osts": ["\\u0066iles{HOST[5:]}"]}}\n', "TEN013"),
        ("tenants/aaa.yaml", f"hosts:\n  # one\n  - >-\n    {HOST}\nname: aaa\nplan: gold\n", "TEN013"),
    ],
)
def test_what_is_shared_is_found_however_it_is_written(repository: Repository, file: str, text: str, rule: str) -> None:
    """A name in another folder, in another case or in a file called otherwise; a host with escapes, folded, in JSON."""
    repository.tenant("bystander").write(file, text)
    everybody, alone = _both(repository, f"name: acme\nplan: bronze\nhosts: [{HOST}]\n")
    assert rule in {found.rule for found in everybody}
    assert alone == everybody


NAMES: Final = ("acme", "acme-2", "aaa", "b.c", "token")
HOSTS: Final = (HOST, f"x.{HOST}", "acme.example.net", "no host")
STATES: Final = ("active", "suspended", "retired", "gone")


@st.composite
def _texts(draw: st.DrawFn, name: str | None = None) -> str:
    """Any tenant file: right or wrong, with hosts written in some way."""
    said = name or draw(st.sampled_from(NAMES))
    lines = [f"name: {said}", f"plan: {draw(st.sampled_from(['bronze', 'gold', 'none']))}"]
    hosts = draw(st.lists(st.sampled_from(HOSTS), max_size=2))
    written = [draw(st.sampled_from([host, json.dumps(host), f'"\\u{ord(host[0]):04x}{host[1:]}"'])) for host in hosts]
    if hosts:
        lines.append(
            draw(
                st.sampled_from(
                    [f"hosts: [{', '.join(written)}]", "hosts:\n" + "\n".join(f"- {one}" for one in written)]
                )
            )
        )
    if draw(st.booleans()):
        lines.append(f"state: {draw(st.sampled_from(STATES))}")
    return "\n".join(draw(st.permutations(lines))) + "\n"


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mine=_texts(name="acme"),
    others=st.dictionaries(st.sampled_from(["aaa", "bbb", "x/acme", "ACME", "acme-2"]), _texts()),
)
def test_whatever_others_are_the_same_is_found(
    tmp_path_factory: pytest.TempPathFactory, mine: str, others: dict[str, str]
) -> None:
    """Any few companies: what is wrong with one of them does not depend on how many files were parsed."""
    repository = Repository(tmp_path_factory.mktemp("any") / "repository")
    for name, text in others.items():
        repository.write(f"tenants/{name}.yaml", text)
    everybody, alone = _both(repository, mine)
    assert alone == everybody


def test_one_company_is_taken_with_what_all_share_and_no_file_of_others(tmp_path: Path) -> None:
    """Of all others names and hosts are known, and nothing that was generated for them is read."""
    made = Repository.like_this_one(tmp_path)
    whole = pipeline.validated(Snapshot.of_work_tree(made.root))[0]
    snapshot, fleet, _ = pipeline.taken_among(made.root, ["company-001"])
    assert [tenant.name for tenant in fleet.tenants] == ["company-001"]
    assert {layout.tenant_of(file) for file in snapshot.held} == {None, "company-001"}
    assert fleet.others == {tenant.name: tenant.hosts for tenant in whole.tenants if tenant.name != "company-001"}
    assert fleet.names >= {tenant.name for tenant in whole.tenants}


def test_who_has_no_file_of_its_own_name_is_looked_for_in_all(tmp_path: Path) -> None:
    """A name that no file has, and one that two files have: everything is read, and says what is wrong."""
    made = Repository.like_this_one(tmp_path)
    refused = made.run("verify", "company-01")
    assert (refused.exit, "did you mean" in refused.said.lower()) == (2, True)
    made.write("tenants/more/company-001.yaml", made.read("tenants/company-001.yaml"))
    assert files_called(Snapshot.of_work_tree(made.root), ["company-001"]) is None
    said = made.run("verify", "company-001").said
    assert "the tenant 'company-001' is declared in tenants/company-001.yaml too [TEN003]" in said


@pytest.mark.slow
def test_one_company_is_judged_without_the_files_of_others(tmp_path: Path) -> None:
    """What is wrong with another's generated files stops nobody who asks of one company; a shared host does."""
    made = Repository.like_this_one(tmp_path)
    made.write("overlays/company-002/facts.yaml", "a: [\n")
    assert made.run("verify", "company-001").exit == 0
    assert made.run("verify", "company-002").exit == 1
    assert made.run("verify").exit == 1
    host = "company-001.files.example.com"
    made.write("tenants/rival.yaml", f"name: rival\nplan: bronze\nhosts: [{host}]\n")
    refused = made.run("verify", "company-001")
    assert refused.exit == 1
    assert "is the standard host of company-001" in refused.said


def test_the_size_of_a_set_counts_those_that_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ARG023 says the same of one company as of all."""
    monkeypatch.setattr(application_sets, "_MANY", 0)
    made = Repository.like_this_one(tmp_path)

    def sets(*arguments: str) -> set[str]:
        return {line for line in made.run("verify", *arguments).said.splitlines() if "ARG023" in line}

    assert sets("company-001") == sets() != set()
