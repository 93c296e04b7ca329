"""Broken tenant files of every kind that people and attackers come up with: each is found, none does harm."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness import Ran, Repository

GOOD = b"plan: bronze\n"


def _named(name: str, rest: bytes = GOOD) -> bytes:
    return f"name: {name}\n".encode() + rest


def _laughs(name: str) -> bytes:
    levels = [f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 9)}]" for level in range(1, 10)]
    return _named(name) + "\n".join(["l0: &l0 [lol]", *levels]).encode()


# name of the file -> what it holds and a rule that finds it. No two files break a rule in the same way.
BROKEN: dict[str, tuple[bytes, str]] = {
    # what cannot be read
    "empty": (b"", "TEN008"),
    "blank": (b"  \n\n", "TEN008"),
    "comment": (b"# soon\n", "TEN008"),
    "marker": (b"---\n", "TEN009"),
    "two-documents": (_named("two-documents") + b"---\n" + GOOD, "TEN008"),
    "nul": (_named("nul") + b"\0", "TEN021"),
    "only-nuls": (b"\0" * 500, "TEN021"),
    "escape": (_named("escape") + b"displayName: \x1b[31mred\n", "TEN021"),
    "utf-16": (_named("utf-16").decode().encode("utf-16"), "TEN022"),
    "utf-16-be": (_named("utf-16-be").decode().encode("utf-16-be"), "TEN021"),
    "utf-32": (_named("utf-32").decode().encode("utf-32"), "TEN022"),
    "latin-1": (_named("latin-1", "plan: bronze\ndisplayName: Lumière\n".encode("latin-1")), "TEN022"),
    "shift-jis": (_named("shift-jis", "plan: bronze\ndisplayName: 株式会社\n".encode("shift-jis")), "TEN022"),
    "surrogate": (_named("surrogate", GOOD + b"displayName: \xed\xa0\x80\n"), "TEN022"),
    "overlong": (_named("overlong", GOOD + b"displayName: \xc0\xae\n"), "TEN022"),
    "bom": (b"\xef\xbb\xbf" + _named("bom"), "TEN022"),
    "bom-inside": (_named("bom-inside", GOOD + b"displayName: \xef\xbb\xbfx\n"), "TEN010"),
    "huge": (_named("huge") + b"#" * 200_000, "TEN023"),
    "brackets": (b"[" * 16_000, "TEN023"),
    "braces": (b"{a: " * 4_000, "TEN023"),
    "dashes": (b"- " * 8_000, "TEN023"),
    "questions": (b"? " * 8_000, "TEN023"),
    "stairs": (b"".join(b" " * step + b"a:\n" for step in range(150)), "TEN023"),
    "laughs": (_laughs("laughs"), "TEN024"),
    "itself": (_named("itself") + b"hosts: &hosts [*hosts]\n", "TEN024"),
    "merge": (_named("merge") + b"<<: {plan: gold}\n", "TEN009"),
    "tag": (b"name: !!python/object/apply:os.system [echo]\n" + GOOD, "TEN024"),
    "local-tag": (b"name: !secret local-tag\n" + GOOD, "TEN024"),
    "directive": (b"%TAG ! tag:example.com,2000:\n---\n" + _named("directive"), "TEN024"),
    "tab": (b"name: tab\n\tplan: bronze\n", "TEN021"),
    "unclosed": (b'name: "unclosed\n' + GOOD, "TEN021"),
    "conflict": (b"<<<<<<< HEAD\n" + _named("conflict") + b"=======\n>>>>>>> other\n", "TEN021"),
    "indentation": (b"name: indentation\n plan: bronze\n", "TEN021"),
    "json-lines": (b'{"name": "json-lines"}\n{"plan": "bronze"}\n', "TEN021"),
    # what is no mapping of known keys
    "list": (b"- name: list\n", "TEN009"),
    "text": (b"text\n", "TEN009"),
    "number": (b"42\n", "TEN009"),
    "list-as-key": (_named("list-as-key") + b"? [a]\n: b\n", "TEN009"),
    "mapping-as-key": (_named("mapping-as-key") + b"{a: b}: c\n", "TEN009"),
    "no-key": (_named("no-key") + b"? \n: x\n", "TEN009"),
    "twice": (_named("twice") + b'"plan": gold\n', "TEN007"),
    "unknown": (_named("unknown") + b"Plan: gold\n", "TEN006"),
    "template-key": (_named("template-key") + b'"{{ .key }}": 1\n', "TEN006"),
    "manifest": (b"apiVersion: v1\nkind: Namespace\nmetadata: {name: manifest}\n", "TEN006"),
    "no-plan": (b"name: no-plan\n", "TEN006"),
    "glod": (_named("glod", b"plan: glod\n"), "TEN006"),
    # words that YAML readers take for something else
    "norway": (_named("norway", b"plan: NO\n"), "TEN009"),
    "yes": (_named("yes"), "TEN009"),
    "null": (_named("null"), "TEN009"),
    "tilde": (_named("~"), "TEN009"),
    "float": (_named("1e3"), "TEN009"),
    "octal": (_named("0o17"), "TEN009"),
    "hex": (_named("0xff"), "TEN009"),
    "underscores": (_named("1_000"), "TEN009"),
    "sexagesimal": (_named("12:30:45"), "TEN009"),
    "date": (_named("2024-12-31"), "TEN009"),
    "time": (_named("2024-12-31 10:00:00 +01:00"), "TEN009"),
    "infinity": (_named(".inf"), "TEN009"),
    "not-a-number": (_named(".NaN"), "TEN009"),
    "whole-decimal": (_named("whole-decimal", b"plan: gold\noverrides: {maxReplicas: 3.0}\n"), "TEN009"),
    "large-number": (_named("large-number", GOOD + b"overrides: {maxReplicas: 99999999999999999999}\n"), "TEN009"),
    "quoted-boolean": (_named("quoted-boolean", GOOD + b"overrides: {minReplicas: '2'}\n"), "TEN009"),
    # names
    "path": (_named("../../etc/passwd"), "TEN001"),
    "slash": (_named("a/b"), "TEN001"),
    "dot": (_named("company.001"), "TEN001"),
    "upper": (_named("Upper"), "TEN001"),
    "space": (_named('"space "'), "TEN001"),
    "newline": (_named('"newline\\n"'), "TEN001"),
    "newline-block": (b"name: |\n  newline-block\n" + GOOD, "TEN001"),
    "carriage-return": (_named('"carriage-return\\r"'), "TEN001"),
    "full-width": (_named("\N{FULLWIDTH LATIN SMALL LETTER C}ompany"), "TEN001"),
    "cyrillic": (_named("\N{CYRILLIC SMALL LETTER ES}ompany"), "TEN001"),
    "template": (_named('"{{ .name }}"'), "TEN001"),
    "digits": (_named('"123"'), "TEN001"),
    "long": (_named("x" * 41), "TEN001"),
    "other": (_named("another"), "TEN002"),
    "kube-system": (_named("kube-system"), "TEN004"),
    "off": (_named('"off"'), "TEN004"),
    # free text
    "text-newline": (_named("text-newline", GOOD + b"displayName: |\n  Sample\n"), "TEN010"),
    "text-template": (_named("text-template", GOOD + b'displayName: "{{ .x }}"\n'), "TEN010"),
    "text-bidi": (_named("text-bidi", GOOD + b'displayName: "\\u2067Sample"\n'), "TEN010"),
    "text-hidden": (_named("text-hidden", GOOD + b'displayName: "Sam\\u2060ple"\n'), "TEN010"),
    "text-long": (_named("text-long", GOOD + b"displayName: " + b"x" * 201 + b"\n"), "TEN010"),
    "text-alike": (_named("text-alike", GOOD + "displayName: \N{GREEK CAPITAL LETTER ALPHA}cme\n".encode()), "TEN010"),
    # hosts and numbers
    "host-twice-a": (_named("host-twice-a", GOOD + b"hosts: [x.customers.example.net]\n"), "TEN013"),
    "host-twice-b": (_named("host-twice-b", GOOD + b"hosts: [x.customers.example.net]\n"), "TEN013"),
    "host-of-other": (_named("host-of-other", GOOD + b"hosts: [company-001.files.example.com]\n"), "TEN014"),
    "host-foreign": (_named("host-foreign", GOOD + b"hosts: [bank.example.org]\n"), "TEN014"),
    "host-suffix": (_named("host-suffix", GOOD + b"hosts: [evilcustomers.example.net]\n"), "TEN014"),
    "host-newline": (_named("host-newline", GOOD + b'hosts: ["x.customers.example.net\\n"]\n'), "TEN014"),
    "host-wildcard": (_named("host-wildcard", GOOD + b'hosts: ["*.customers.example.net"]\n'), "TEN014"),
    "host-port": (_named("host-port", GOOD + b'hosts: ["x.customers.example.net:443"]\n'), "TEN014"),
    "storage-long": (_named("storage-long", GOOD + b"storage: " + b"9" * 5_000 + b"Gi\n"), "TEN006"),
    "storage-newline": (_named("storage-newline", GOOD + b'storage: "60Gi\\n"\n'), "TEN006"),
    "storage-large": (_named("storage-large", GOOD + b"storage: 999999Ti\n"), "TEN026"),
    "negative": (_named("negative", GOOD + b"overrides: {minReplicas: -1}\n"), "TEN006"),
    "too-many": (_named("too-many", GOOD + b"overrides: {maxReplicas: 2, minReplicas: 3}\n"), "TEN027"),
    "many-keys": (_named("many-keys", b"".join(b"k%d: 1\n" % number for number in range(1_500))), "TEN006"),
}


def _rules_by_file(ran: Ran) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file, rule in re.findall(r"^(\S+?)(?::\d+)*: error: .* \[([A-Z]{3}\d{3})\]$", ran.said, re.MULTILINE):
        found.setdefault(file, set()).add(rule)
    return found


def test_a_folder_of_broken_files_gives_findings_for_each_in_one_run(repository: Repository) -> None:
    """One bad file never hides another, and nothing is written."""
    repository.tenant("company-001")
    for name, (content, _) in BROKEN.items():
        repository.write(f"tenants/{name}.yaml", content)
    before = repository.files()

    ran = repository.run("generate")

    assert ran.exit == 1
    found = _rules_by_file(ran)
    missed = {name: rule for name, (_, rule) in BROKEN.items() if rule not in found.get(f"tenants/{name}.yaml", ())}
    assert missed == {}
    assert "tenants/company-001.yaml" not in found
    assert repository.files() == before


@pytest.mark.parametrize("verb", [["validate", "--format", "junit"], ["validate", "--format", "github"], ["list"]])
def test_no_verb_breaks_on_broken_files(repository: Repository, verb: list[str]) -> None:
    """Every verb refuses with findings, and what it prints holds nothing that a terminal would obey."""
    for name, (content, _) in BROKEN.items():
        repository.write(f"tenants/{name}.yaml", content)

    ran = repository.run(*verb)

    assert ran.exit == 1
    assert "Traceback" not in ran.said
    assert all(line.isprintable() for line in ran.said.split("\n"))


def test_the_work_grows_as_the_number_of_mistakes_does(repository: Repository) -> None:
    """The places of many findings are found in one pass, or a pull request could keep a runner busy for hours."""
    calls = []
    for mistakes in (500, 1_500):
        keys = b"".join(b"k%d: 1\n" % number for number in range(mistakes))
        repository.write("tenants/many-keys.yaml", _named("many-keys", keys))

        ran, counted = _counting_calls(lambda: repository.run("validate"))

        assert ran.stdout.count("unknown key") == mistakes
        calls.append(counted)

    assert calls[1] < 4 * calls[0], "three times the mistakes; what is quadratic would be nine times the work"


def _counting_calls(run: Callable[[], Ran]) -> tuple[Ran, int]:
    """Run something and count the functions that are called, Python's and C's, which no other process can disturb."""
    count = 0

    def see(frame: object, event: str, argument: object) -> None:
        del frame, argument
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        return run(), count
    finally:
        sys.setprofile(before)


def test_a_fifo_is_refused_unread(repository: Repository) -> None:
    """Reading one would wait for ever."""
    os.mkfifo(repository.root / "tenants" / "company-001.yaml")

    ran = repository.run("validate")

    assert ran.stdout == (
        "tenants/company-001.yaml: error: this is not an ordinary file [GIT001]\n"
        "  hint: remove it: rm tenants/company-001.yaml\n"
    )


def test_a_tenant_file_that_is_a_link_is_not_read(repository: Repository) -> None:
    """What it leads to may be anything, and the next machine may have something else there."""
    shared = repository.tenant("company-001").write("shared.yaml", "plan: bronze\n").remove("tenants/company-001.yaml")
    (shared.root / "tenants/company-001.yaml").symlink_to("../shared.yaml")

    ran = repository.run("validate")

    assert ran.stdout == (
        "tenants/company-001.yaml: error: this is a symbolic link, and Argo CD follows it or refuses the whole"
        " repository [GIT001]\n"
        "  hint: put the file itself here, or remove the link: rm tenants/company-001.yaml\n"
    )


def test_a_folder_that_is_a_link_is_not_entered(repository: Repository, tmp_path: Path) -> None:
    """It can lead outside the repository, or round in a circle."""
    (tmp_path / "outside").mkdir()
    (repository.root / "tenants" / "eu").symlink_to(tmp_path / "outside")

    ran = repository.run("validate")

    assert ran.stdout == (
        "tenants/eu: error: this is a symbolic link, and Argo CD follows it or refuses the whole repository [GIT001]\n"
        "  hint: put the file itself here, or remove the link: rm tenants/eu\n"
    )


@pytest.mark.parametrize("proposed", ["link", "file"])
def test_the_tenants_folder_is_a_folder(repository: Repository, tmp_path: Path, proposed: str) -> None:
    """Without this, all companies would seem to be gone."""
    (repository.root / "tenants").rmdir()
    if proposed == "link":
        (repository.root / "tenants").symlink_to(tmp_path)
    else:
        repository.write("tenants", "mine\n")

    ran = repository.run("validate")

    assert ran.stdout == "tenants: error: this is not a folder [TEN025]\n  hint: put the folder itself here\n"


def test_a_name_that_is_no_utf8_is_shown_escaped(repository: Repository) -> None:
    """File names are bytes; the message about one is text."""
    Path(os.fsdecode(os.fsencode(repository.root) + b"/tenants/\xff\n.yaml")).write_bytes(b"")

    ran = repository.run("validate")

    assert ran.stdout.startswith("tenants/\\udcff\\n.yaml: error: the path holds other characters than")


def test_an_unreadable_file_is_a_finding(repository: Repository) -> None:
    """A file that only root may read fails the run with its name, not with a traceback."""
    file = repository.tenant().root / "tenants" / "company-001.yaml"
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("root may read every file")

    ran = repository.run("validate")

    assert ran.stdout == "tenants/company-001.yaml: error: the file cannot be read: Permission denied [TEN021]\n"
